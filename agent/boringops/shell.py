"""What a shell command does, told from its text: parsed by a real grammar, split into simple commands, each judged.

Nothing is run and nothing is read. The answer errs towards severity: what cannot be parsed, named or resolved is
`unknown`. The tables are in `commands`; here is the shell itself: lists, substitutions, redirections, and the programs
that run other programs.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from boringops.commands import RUNS_INPUT, Judgement, Unresolved, Verdict, judge, programs, rank
from boringops.commands.network import FETCHERS

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["Analysis", "Part", "Unresolved", "Verdict", "analyse"]

_LONGEST = 20_000  # characters; a command longer than that is not read, by a machine or by a person
_DEEPEST = 8  # scripts inside scripts

# Variables that decide what other programs run or load. To set one is to run something that cannot be seen.
_RISKY_VARIABLE = re.compile(
    r"(?:PATH|IFS|ENV|BASH_ENV|BASHOPTS|SHELLOPTS|PS4|PROMPT_COMMAND|CDPATH|GLOBIGNORE|HOME|LD_.*|DYLD_.*|GIT_.*|PYTHON(?!UNBUFFERED$|DONTWRITEBYTECODE$).*"
    r"|NODE_OPTIONS|NODE_PATH|NPM_CONFIG_.*|npm_config_.*|PERL5.*|RUBY.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|MAVEN_OPTS|.*PAGER|.*EDITOR"
    r"|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|TF_CLI_.*|TF_PLUGIN.*|KUBECONFIG|DOCKER_HOST|DOCKER_CONFIG|DOCKER_CONTEXT"
    r"|AWS_.*|GOOGLE_.*|AZURE_.*|ARM_.*|GO(?:FLAGS|PROXY|NOSUMDB|TOOLCHAIN|ENV)|RUSTC.*|CARGO_.*|MAKE(?:FLAGS|FILES)"
    r"|PIP_.*|UV_.*|SSH_.*|HELM_.*|ANSIBLE_.*|GCONV_PATH|LOCPATH|NIX_.*|.*_PROXY|.*_proxy|BASH_FUNC.*|CURL_HOME"
    r"|PULUMI_.*|VAULT_.*|TERRAGRUNT_.*|TG_.*|POSIXLY_CORRECT|SHELL|EXINIT|MANPATH|XDG_.*)"
)


@dataclass(frozen=True)
class Part:
    """One simple command, or one file that a redirection writes (then `argv` is (">", path))."""

    argv: tuple[str, ...]
    """Its words as the program gets them; an `Unresolved` word is known only when it runs."""
    verdict: Verdict
    reason: str
    text: str
    """What a permission rule that allows is held to: risky assignments kept, harmless wrappers taken off."""
    forms: tuple[str, ...]
    """Every form of it a rule that denies is held to: as written, and with each wrapper taken off."""
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Files that redirections read."""


@dataclass(frozen=True)
class Analysis:
    """All parts of a command, and the worst of them."""

    command: str
    parts: tuple[Part, ...]
    verdict: Verdict
    reason: str
    writes: tuple[str, ...]
    """Paths it writes, as written in the command, where they can be known."""


def analyse(command: str) -> Analysis:
    """What `command` does at worst, were bash to run it at the top of the work tree. Never raises."""
    script = _Script(depth=0)
    if len(command) > _LONGEST:
        script.unclear("longer than anyone reads")
    else:
        try:
            script.read(command)
        except RecursionError:
            script.unclear("nested deeper than anyone reads")
    parts = tuple(_settle(script))
    worst = max(parts, key=lambda part: rank(part.verdict), default=None)
    writes = tuple(dict.fromkeys(path for part in parts for path in part.writes))
    if worst is None:
        return Analysis(command, (), Verdict.READ, "does nothing", ())
    return Analysis(command, parts, worst.verdict, worst.reason, writes)


def _settle(script: _Script) -> Iterable[Part]:
    """Judge what only the whole command shows: text fetched and run, files outside the work tree, moves of `cd`."""
    fetches = any(part.argv[0] in FETCHERS for part in script.parts)
    strays = any(not _stays(target) for target in script.directories)
    for part in script.parts:
        if fetches and part.reason == RUNS_INPUT:
            part = replace(part, verdict=Verdict.DESTROY, reason="runs what it fetches from elsewhere")
        outside = [path for path in part.writes if leaves_tree(path) or (strays and not path.startswith("/dev/"))]
        if not outside and script.directories and any(".." in path.split("/") for path in part.writes):
            outside = list(part.writes)
        if outside and part.argv[0] in ("rm", "unlink", "rmdir"):
            yield replace(part, verdict=Verdict.DESTROY, reason=f"deletes `{outside[0]}` outside the work tree")
        elif outside and rank(part.verdict) < rank(Verdict.REACH):
            yield replace(part, verdict=Verdict.REACH, reason=f"writes `{outside[0]}` outside the work tree")
        elif strays and part.verdict is Verdict.CHANGE:
            yield replace(part, verdict=Verdict.REACH, reason="changes files after leaving the work tree")
        else:
            yield part


def leaves_tree(path: str) -> bool:
    """Whether a path written in a command lies outside the work tree, by its text alone (links are not followed)."""
    return path.startswith(("/", "~")) or posixpath.normpath(path).split("/")[0] == ".."


def _stays(directory: str) -> bool:
    return not isinstance(directory, Unresolved) and directory not in ("", "-") and not leaves_tree(directory)


# --- programs that run programs ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Wrapper:
    """How to find the command inside: after the options and `operands` words of the wrapper's own."""

    flags: str = ""
    valued: str = ""
    operands: int = 0
    floor: Verdict = Verdict.READ
    reason: str = ""
    bare: Verdict = Verdict.UNKNOWN
    """What it is with no command inside."""
    assigns: bool = False
    plain: bool = False
    """Changes nothing about what runs: a rule for the inner command is meant for the wrapped one too."""
    appends: bool = False
    """Gives the inner command words that are known only when it runs."""
    foreign: bool = False
    """What runs inside is the registry's: an inner program we do not know is no worse than that."""


_REACH = Verdict.REACH
_WRAPPERS: dict[tuple[str, ...], _Wrapper] = {
    ("sudo",): _Wrapper(
        "-n -E -H -S -k --non-interactive", "-u -g -h -p -C -T -D",
        floor=_REACH, reason="runs as another user",
    ),
    ("doas",): _Wrapper("-n", "-u -C", floor=_REACH, reason="runs as another user"),
    ("env",): _Wrapper("-i -0 - --ignore-environment -v", "-u --unset -C --chdir", assigns=True, bare=Verdict.READ),
    ("timeout",): _Wrapper("--preserve-status --foreground -v --verbose", "-k -s --kill-after --signal", 1, plain=True),
    ("time",): _Wrapper("-p -v --verbose", "-f --format", plain=True),
    ("nice",): _Wrapper("", "-n --adjustment", plain=True),
    ("ionice",): _Wrapper("-t", "-c -n --class --classdata", plain=True),
    ("nohup",): _Wrapper(plain=True),
    ("setsid",): _Wrapper("-w -f -c --wait --fork", plain=True),
    ("stdbuf",): _Wrapper("", "-i -o -e --input --output --error", plain=True),
    ("command",): _Wrapper("-p", plain=True),
    ("builtin",): _Wrapper(plain=True),
    ("noglob",): _Wrapper(plain=True),
    ("exec",): _Wrapper("-c -l", "-a", bare=Verdict.READ),
    ("xargs",): _Wrapper(
        "-0 -r -t -x --null --no-run-if-empty --verbose --exit -0r -r0",
        "-n -P -I -d -L -s -E -a --max-args --max-procs --replace --delimiter --max-lines --arg-file",
        bare=Verdict.READ, appends=True,
    ),
    ("npx",): _Wrapper(
        "-y --yes --no --no-install -q", "-p --package",
        floor=_REACH, reason="fetches packages", foreign=True,
    ),
    ("bunx",): _Wrapper("--bun", floor=_REACH, reason="fetches packages", foreign=True),
    ("uvx",): _Wrapper("-q", "--from --with -p --python", floor=_REACH, reason="fetches packages", foreign=True),
    ("npm", "exec"): _Wrapper(
        "-y --yes --no --", "-p --package",
        floor=_REACH, reason="fetches packages", foreign=True,
    ),
    ("pnpm", "exec"): _Wrapper("-r --", floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pnpm", "dlx"): _Wrapper(floor=_REACH, reason="fetches packages", foreign=True),
    ("yarn", "dlx"): _Wrapper("-q", "-p", floor=_REACH, reason="fetches packages", foreign=True),
    ("yarn", "exec"): _Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("bundle", "exec"): _Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("poetry", "run"): _Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pipenv", "run"): _Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pdm", "run"): _Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("uv", "run"): _Wrapper(
        "-q --frozen --no-sync --locked --all-extras --", "--with --extra --group --python -p", floor=_REACH,
        reason="may fetch packages",
    ),
    ("kubectl", "exec"): _Wrapper(
        "-i -t -it -ti --stdin --tty --", "-n --namespace -c --container --context", 1, floor=_REACH,
        reason="runs inside the cluster",
    ),
}  # fmt: skip
for _engine in ("docker", "podman", "nerdctl"):
    _WRAPPERS[_engine, "exec"] = _Wrapper(
        "-i -t -it -ti -d --interactive --tty --detach", "-e --env -u --user -w --workdir --env-file", 1, floor=_REACH,
        reason="runs inside a container",
    )  # fmt: skip
    _WRAPPERS[_engine, "compose", "exec"] = _WRAPPERS["docker-compose", "exec"] = _Wrapper(
        "-T -d --detach --no-TTY", "-e --env -u --user -w --workdir --index", 1, floor=_REACH,
        reason="runs inside a container",
    )  # fmt: skip

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_BIN = re.compile(r"(?:/usr/local|/usr|/opt/homebrew)?/s?bin/([^/]+)")
_SSH_VALUED = frozenset(f"-{letter}" for letter in "pilFJLRDbcemwWBEIOQSo")


@dataclass
class _Script:
    """A text being taken apart. What is inside it (`sh -c`, `eval`) is read by the same code, one level deeper."""

    depth: int
    functions: frozenset[str] = frozenset()
    parts: list[Part] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)

    def unclear(self, reason: str, text: str = "") -> None:
        self.parts.append(Part((text or "?",), Verdict.UNKNOWN, reason, text, (text,)))

    def read(self, text: str) -> None:
        if self.depth > _DEEPEST:
            return self.unclear("nested deeper than anyone reads")
        if re.search(
            r"[^\S \t\n]|[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]", text
        ):
            return self.unclear("holds characters that cannot be seen")
        root = _parser().parse(text.encode()).root_node
        if root.has_error:
            return self.unclear("cannot be parsed as shell")
        if re.search(r"[#`<>$\n]", text) and any(_misread(node, text) for node in _walk(root)):
            return self.unclear("cannot be parsed as shell")
        if "(" in text or "function" in text:
            self.functions |= {
                _text(node.child_by_field_name("name")) for node in _walk(root) if node.type == "function_definition"
            }
        self.visit(root)
        return None

    # --- structure

    def visit(self, node: Node, *, inside_function: bool = False) -> None:
        kind = node.type
        if kind == "command":
            return self.command(node, inside_function)
        if kind in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
            return self.unclear("cannot be parsed as shell", _text(node)) if self.redirect(node) else None
        if kind == "redirected_statement":
            return self.redirected(node, inside_function)
        if kind in ("variable_assignment", "declaration_command", "unset_command"):
            self.assignment(node)
        elif kind in _EVALUATED or (kind == "compound_statement" and _text(node).startswith("((")):
            self.evaluated(node)
        elif kind == "for_statement":
            self.variable(_text(node.child_by_field_name("variable")))
        elif kind not in _TRANSPARENT:
            return self.unclear(f"holds shell syntax boringops does not read ({kind})", _text(node))
        inside = inside_function or kind == "function_definition"
        for child in node.named_children:
            if child.type not in _LEAVES:
                self.visit(child, inside_function=inside)
        return None

    def substitutions(self, node: Node) -> None:
        """Read the commands inside a word."""
        if node.type not in _LEAVES:
            self.visit(node)

    def variable(self, name: str) -> None:
        if _RISKY_VARIABLE.fullmatch(name):
            self.unclear(f"sets {name}, which decides what other programs run", f"{name}=")

    def assignment(self, node: Node) -> None:
        """Assignments are harmless but for variables that other programs obey and attributes that evaluate values."""
        if node.type == "variable_assignment":
            name = _text(node.child_by_field_name("name")).partition("[")[0]
            self.variable(name)
            return
        for child in node.children:
            if child.type == "word" and not re.fullmatch(r"-[xragAfp]+", _text(child)):
                self.unclear("declares variables in a way boringops does not read", _text(node))
            elif child.type in ("string", "raw_string", "concatenation", "simple_expansion", "expansion"):
                self.unclear("declares variables by a name that is known only when it runs", _text(node))

    def evaluated(self, node: Node) -> None:
        """bash evaluates variables in arithmetic, and values may hold substitutions: only literals are harmless."""
        text = _text(node)
        if node.type == "test_command":
            arithmetic = text.startswith("[[") and re.search(r"\s-(?:eq|ne|lt|le|gt|ge)\s", text)
            if text.startswith("((") or arithmetic or re.search(r"\s-[vR]\s", text):
                self.unclear("evaluates arithmetic on values that are known only when it runs", text)
        elif node.type == "expansion":
            if not re.match(r"\$\{#?\w+(?:\[(?:\d+|[@*])\])?(?:\}|:?[-+?=]|[%#/^,])", text) and not re.match(
                r"\$\{\w+:\s*-?\d+(?::\d+)?\}", text
            ):
                self.unclear("expands a variable in a way boringops does not read", text)
            elif (assigned := re.match(r"\$\{(\w+):?=", text)) is not None:
                self.variable(assigned.group(1))
        elif node.type == "subscript" or re.search(r"[A-Za-z_$`]", text.lstrip("$(")):
            self.unclear("evaluates arithmetic on values that are known only when it runs", text)

    # --- redirections

    def redirected(self, node: Node, inside_function: bool) -> None:
        body = node.child_by_field_name("body")
        redirects = [child for child in node.named_children if child != body]
        extra: list[Node] = []
        for redirect in redirects:
            extra += self.redirect(redirect)
        stdin = _heredoc(redirects)
        if body is None:
            if extra:  # `>out rm x`: the grammar takes the command for more destinations
                for each in extra:
                    self.substitutions(each)
                self.simple([self.word(each) for each in extra], [], _text(node), stdin, inside_function)
        elif body.type == "command":
            self.command(body, inside_function, extra, stdin)
        elif extra:
            self.unclear("cannot be parsed as shell", _text(node))
        else:
            self.visit(body, inside_function=inside_function)

    def redirect(self, node: Node) -> list[Node]:
        """Record one redirection. Returns words that the grammar took for destinations and that are the command's."""
        if node.type == "heredoc_redirect":
            for child in node.named_children:
                if child.type in ("file_redirect", "herestring_redirect"):
                    if self.redirect(child):
                        self.unclear("cannot be parsed as shell", _text(node))
                elif child.type == "heredoc_body":
                    for inner in child.named_children:
                        self.substitutions(inner)
                elif child.type not in ("heredoc_start", "heredoc_end", "file_descriptor"):
                    self.visit(child)
            return []
        if node.type == "herestring_redirect":
            for child in node.named_children:
                self.substitutions(child)
            return []
        if node.type != "file_redirect":
            self.unclear("redirects in a way boringops does not read", _text(node))
            return []
        destinations = node.children_by_field_name("destination")
        if not destinations:
            return []
        first, *extra = destinations
        self.substitutions(first)
        target = self.word(first)
        operator = next((child.type for child in node.children if not child.is_named), "")
        duplicates = operator in (">&", "<&") and re.fullmatch(r"\d+-?|-", target)
        if duplicates or target in ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero"):
            return extra
        if target.startswith(("/dev/tcp/", "/dev/udp/")):
            self.file(">", target, Verdict.DESTROY, "opens a channel to another machine")
        elif operator.startswith("<"):
            if first.type != "process_substitution":
                self.file("<", target, Verdict.READ, "reads a file")
        elif isinstance(target, Unresolved):
            if first.type != "process_substitution":
                self.file(">", target, Verdict.UNKNOWN, "writes to a path that is known only when it runs")
        elif target.startswith("/dev/"):
            self.file(">", target, Verdict.DESTROY, "writes to a device")
        else:
            self.file(">", target, Verdict.CHANGE, f"writes `{target}`")
        return extra

    def file(self, sign: str, path: str, verdict: Verdict, reason: str) -> None:
        text = f"{sign} {path}"
        written, read = ((path,), ()) if sign == ">" else ((), (path,))
        self.parts.append(Part((sign, path), verdict, reason, text, (text,), written, read))

    # --- simple commands

    def command(self, node: Node, inside_function: bool, extra: Sequence[Node] = (), stdin: str | None = None) -> None:
        words: list[str] = []
        risky: list[str] = []
        nodes: list[Node] = []
        for child in node.children:
            if child.type == "variable_assignment":
                before = len(self.parts)
                self.visit(child)
                risky += [_text(child)] if len(self.parts) > before else []
            elif child.type == "command_name":
                nodes.append(child.children[0] if child.children else child)
            elif child.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                nodes += self.redirect(child)
                stdin = _heredoc([child]) if child.type != "file_redirect" else stdin
            elif child.type != "comment":
                nodes.append(child)
        for each in [*nodes, *extra]:
            self.substitutions(each)
            words.append(self.word(each))
        self.simple(words, risky, _text(node), stdin, inside_function)

    def word(self, node: Node) -> str:
        """The value of a word as the program gets it, or `Unresolved`."""
        kind, text = node.type, _text(node)
        if kind in ("word", "number", "extglob_pattern", "regex", "test_operator") or not node.is_named:
            if re.search(r"(?<!\\)\{[^}]*(?:,|\.\.)[^}]*\}", text):
                return Unresolved(text)
            return re.sub(r"\\(\n)?(?P<char>.)?", lambda found: found["char"] or "", text, flags=re.S)
        if kind == "raw_string":
            return text[1:-1]
        if kind == "ansi_c_string":
            return _ansi_c(text[2:-1])
        if kind == "process_substitution":
            return Unresolved(text, may_be_option=False)
        if kind in ("string", "translated_string"):
            return _string(node)
        if kind == "concatenation":
            pieces = [self.word(child) for child in node.children]
            value = "".join(pieces)
            braces = re.search(r"\{.*(?:,|\.\.).*\}", "".join(_text(c) for c in node.children if c.type == "word"))
            if not braces and not any(isinstance(piece, Unresolved) for piece in pieces):
                return value
            splits = braces or any(child.type not in _ONE_WORD for child in node.children)
            named = not isinstance(pieces[0], Unresolved) and re.match(r"--?[\w-]+=|[^-]", pieces[0])
            return Unresolved(value, may_be_option=bool(splits or not named))
        return Unresolved(text)

    def simple(
        self, words: Sequence[str], risky: Sequence[str], source: str, stdin: str | None, inside_function: bool
    ) -> None:
        """Judge one simple command, taking wrappers off until the program that really runs is found."""
        if not words:
            return None
        argv, floor, reason = list(words), Verdict.READ, ""
        forms = [source, " ".join(argv)]
        allowed = " ".join([*risky, *argv])
        kept, foreign = True, False

        def judged(verdict: Verdict, why: str) -> None:
            self.add(argv, Judgement(verdict, why), floor, reason, allowed, forms)

        for _ in range(_DEEPEST):
            name = argv[0]
            if isinstance(name, Unresolved) or re.search(r"[*?\[\]{}~$`]", name.removeprefix("[")):
                return judged(Verdict.UNKNOWN, "which program runs is known only when it runs")
            if (found := _BIN.fullmatch(name)) is not None:
                argv[0] = name = found.group(1)
                forms.append(" ".join(argv))
            if name in self.functions:
                known = Verdict.UNKNOWN if inside_function else Verdict.READ
                return judged(known, "calls a function of the command")
            prefix = next((argv[:n] for n in (3, 2, 1) if tuple(argv[:n]) in _WRAPPERS), None)
            if prefix is None:
                break
            if prefix == ["command"] and argv[1:2] and argv[1] in ("-v", "-V"):
                return judged(Verdict.READ, "looks a program up")
            wrapper = _WRAPPERS[tuple(prefix)]
            inner = self.unwrap(wrapper, argv[len(prefix) :])
            if inner is None:
                return judged(Verdict.UNKNOWN, f"`{name}` with options boringops does not know")
            if rank(wrapper.floor) > rank(floor):
                floor, reason = wrapper.floor, f"`{' '.join(prefix)}` {wrapper.reason}"
            if not inner:
                return judged(wrapper.bare, "runs nothing")
            foreign = foreign or wrapper.foreign
            argv = _appended(argv, inner) if wrapper.appends else inner
            forms.append(" ".join(inner))
            kept = kept and wrapper.plain
            if kept:
                allowed = " ".join([*risky, *inner])
        else:
            return judged(Verdict.UNKNOWN, "wrapped deeper than anyone reads")
        judgement = self.program(argv, stdin)
        if foreign and argv[0] not in programs() and argv[0] not in _INNER:
            judgement = Judgement(floor, reason)
        return self.add(argv, judgement, floor, reason, allowed, forms)

    def add(
        self, argv: Sequence[str], judgement: Judgement, floor: Verdict, reason: str, text: str, forms: Sequence[str]
    ) -> None:
        if rank(floor) > rank(judgement.verdict):
            judgement = Judgement(floor, reason, judgement.writes)
        self.parts.append(
            Part(tuple(argv), judgement.verdict, judgement.reason, text, tuple(dict.fromkeys(forms)), judgement.writes)
        )

    def unwrap(self, wrapper: _Wrapper, args: Sequence[str]) -> list[str] | None:
        """The command inside a wrapper's words; None where an option is not known."""
        flags, valued, rest, operands = wrapper.flags.split(), wrapper.valued.split(), list(args), wrapper.operands
        while rest:
            word = rest[0]
            if isinstance(word, Unresolved) and word.may_be_option:
                return None
            name, equals, _ = word.partition("=")
            if word == "--" and not operands:
                rest.pop(0)
                break
            if word in flags or re.fullmatch(r"-\d+", word):
                rest.pop(0)
            elif name in valued:
                del rest[: 1 if equals else 2]
            elif word[:2] in valued and not word.startswith("--"):
                rest.pop(0)
            elif word.startswith("-"):
                return None
            elif wrapper.assigns and equals:
                self.variable(name)
                rest.pop(0)
            elif operands:
                operands -= 1
                rest.pop(0)
            else:
                break
        return rest

    def program(self, argv: Sequence[str], stdin: str | None) -> Judgement:
        """Judge the program that really runs; the shell's own ways to run text are followed into it."""
        inner = _INNER.get(argv[0])
        if inner is not None:
            return inner(self, argv, stdin)
        if argv[0] in ("cd", "pushd"):
            operands = [word for word in argv[1:] if word not in ("-P", "-L", "--")]
            self.directories.append(operands[0] if operands else "~")
        if argv[0] in ("read", "mapfile", "readarray", "getopts"):
            return self.reads_variables(argv)
        return judge(argv)

    def reads_variables(self, argv: Sequence[str]) -> Judgement:
        names = [word for word in argv[1:] if not word.startswith("-")]
        callback = argv[0] in ("mapfile", "readarray") and any(word.startswith(("-C", "-c")) for word in argv)
        if callback or any(isinstance(word, Unresolved) or not re.fullmatch(r"[\w:]*|[^\w$`]", word) for word in names):
            return Judgement(Verdict.UNKNOWN, "sets variables by names that are known only when it runs")
        for name in names:
            self.variable(name)
        return Judgement(Verdict.READ, "reads into a variable")

    def nested(self, text: str) -> Judgement:
        """Read a script inside this one; its parts become ours."""
        inner = _Script(self.depth + 1, self.functions)
        inner.read(text)
        self.parts += inner.parts
        self.directories += inner.directories
        return Judgement(Verdict.READ, "runs the commands it names")


def _appended(argv: Sequence[str], inner: Sequence[str]) -> list[str]:
    """What xargs runs: words that hold its placeholder, and one at the end, are known only when it runs."""
    own = argv[: len(argv) - len(inner)]
    marks = {"{}"} | {after for word, after in pairwise(own) if word == "-I"}
    marks |= {word[2:] for word in own if word.startswith("-I") and len(word) > 2}
    return [Unresolved(word) if any(mark in word for mark in marks) else word for word in inner] + [Unresolved("...")]


# --- the shell's ways to run text --------------------------------------------------------------------


def _shell(script: _Script, argv: Sequence[str], stdin: str | None) -> Judgement:
    """`sh -c TEXT`, `sh FILE`, and a shell that runs what it is given on standard input."""
    words = list(argv[1:])
    if words == ["--version"]:
        return Judgement(Verdict.READ, "tells its version")
    while words and words[0].startswith(("-", "+")) and not isinstance(words[0], Unresolved):
        option = words.pop(0)
        if option in ("-n", "--noexec"):
            return Judgement(Verdict.READ, "checks syntax")
        if re.fullmatch(r"-[euxlv]*c", option):
            if not words or isinstance(words[0], Unresolved):
                return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
            return script.nested(words[0])
        if re.fullmatch(r"[-+][euxv]*o", option):
            del words[:1]
        elif option not in ("-s", "-") and not re.fullmatch(r"[-+][euxlv]+|--norc|--noprofile|--login|--posix", option):
            return Judgement(Verdict.UNKNOWN, "a shell with options boringops does not know")
    if not words:
        return script.nested(stdin) if stdin is not None else Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if isinstance(words[0], Unresolved):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if leaves_tree(words[0]):
        return Judgement(Verdict.UNKNOWN, "runs a script from outside the work tree")
    return Judgement(Verdict.CHANGE, "runs code of the work tree")


def _eval(script: _Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    words = argv[1:2] if argv[0] == "trap" else argv[1:]
    if any(isinstance(word, Unresolved) for word in words):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if argv[0] == "trap" and (not words or words[0].startswith("-")):
        return Judgement(Verdict.READ, "lists or drops traps")
    return script.nested(" ".join(words))


def _watch(script: _Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in ("-n", "--interval") else 1]
    if any(isinstance(word, Unresolved) for word in words):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    return script.nested(" ".join(words))


def _ssh(script: _Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    """The remote command is read as a script; where it runs makes it reach, whatever it is."""
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-o" and words and re.match(r"(?i)(proxycommand|localcommand|permitlocal)", words[0]):
            return Judgement(Verdict.UNKNOWN, "`ssh` with options that run programs")
        if re.match(r"(?i)-o(proxycommand|localcommand|permitlocal)", option):
            return Judgement(Verdict.UNKNOWN, "`ssh` with options that run programs")
        if option in _SSH_VALUED:
            del words[:1]
    remote = words[1:]
    if any(isinstance(word, Unresolved) for word in remote) or not remote:
        return Judgement(Verdict.UNKNOWN, "runs on another machine what cannot be seen from here")
    script.nested(" ".join(remote))
    return Judgement(Verdict.REACH, "runs on another machine")


def _find(script: _Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    """find looks, unless it deletes, writes a list, or runs a program on what it finds."""
    words, verdict = list(argv[1:]), Judgement(Verdict.READ, "only looks")
    while words:
        word = words.pop(0)
        if isinstance(word, Unresolved) and word.may_be_option:
            return Judgement(Verdict.UNKNOWN, "what `find` does depends on words that are known only when it runs")
        if word == "-delete":
            verdict = Judgement(Verdict.DESTROY, "deletes what it finds")
        elif word in ("-fprint", "-fprint0", "-fls", "-fprintf") and words:
            verdict = Judgement(Verdict.CHANGE, "writes a list", (words.pop(0),))
        elif word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((at for at, each in enumerate(words) if each in (";", "+")), -1)
            inner = [Unresolved(each, may_be_option=False) if "{}" in each else each for each in words[:end]]
            if end < 1:
                return Judgement(Verdict.UNKNOWN, "what `find` runs cannot be told")
            script.simple(inner, [], " ".join(words[:end]), None, False)
            del words[: end + 1]
        elif word in ("-name", "-iname", "-path", "-ipath", "-regex", "-newer", "-printf", "-user", "-perm"):
            del words[:1]
    return verdict


_INNER = {
    **dict.fromkeys(_SHELLS, _shell), "eval": _eval, "trap": _eval, "watch": _watch, "ssh": _ssh, "find": _find,
}  # fmt: skip


# --- the grammar -------------------------------------------------------------------------------------

_ONE_WORD = frozenset({"word", "number", "string", "raw_string", "ansi_c_string"})
_ONE_LINE = frozenset({"command", "redirected_statement", "file_redirect", "declaration_command", "unset_command"})
_EVALUATED = frozenset({"test_command", "arithmetic_expansion", "subscript", "c_style_for_statement", "expansion"})
_TRANSPARENT = frozenset({
    "program", "list", "pipeline", "subshell", "compound_statement", "do_group", "if_statement", "elif_clause",
    "else_clause", "while_statement", "for_statement", "case_statement", "case_item", "negated_command",
    "function_definition", "command_substitution", "process_substitution", "string", "concatenation",
    "translated_string", "array", "binary_expression", "unary_expression", "ternary_expression",
    "parenthesized_expression", "postfix_expression", "heredoc_body", "brace_expression",
})  # fmt: skip
_LEAVES = frozenset({
    "word", "number", "raw_string", "ansi_c_string", "string_content", "simple_expansion", "variable_name",
    "special_variable_name", "comment", "extglob_pattern", "regex", "test_operator", "file_descriptor",
    "heredoc_start", "heredoc_end", "heredoc_content",
})  # fmt: skip


@cache
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _text(node: Node | None) -> str:
    return node.text.decode() if node is not None and node.text is not None else ""


def _walk(root: Node) -> Iterator[Node]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += node.named_children


_ESCAPED = r"(?<!\\)(?:\\\\)*"
_HIDDEN = {
    # Signs that bash acts on, in leaves where the grammar took them for plain text.
    **dict.fromkeys(
        ("word", "regex", "extglob_pattern", "variable_name"), re.compile(_ESCAPED + r"(?:`|[$<>]\(|\$\{)")
    ),
    **dict.fromkeys(("string_content", "heredoc_content"), re.compile(_ESCAPED + r"(?:`|\$[({])")),
}
_SEPARATOR = re.compile(_ESCAPED + r"[;|&<>\n]")


def _misread(node: Node, text: str) -> bool:
    """Whether the grammar is known to see here something else than bash does."""
    kind = node.type
    if kind == "comment":  # `"a"#b` and `a\ #b` are one word to bash
        before = text.encode()[: node.start_byte]
        return bool(before) and (before[-1:] not in b" \t\n;&|()" or before[-2:-1] == b"\\")
    if kind in _ONE_LINE:  # a newline ends the command to bash, whatever stands around it
        ends = [child.end_byte for child in node.children]
        starts = [child.start_byte for child in node.children[1:]]
        source = text.encode()
        return any(re.search(rb"(?<!\\)\n", source[a:b]) for a, b in zip(ends, starts, strict=False))
    if kind == "simple_expansion":  # `$ x` is two words to bash
        return re.fullmatch(r"\$(?:\w+|[^\w\s\\])", _text(node)) is None
    if kind == "heredoc_body" and not _is_quoted_heredoc(node.parent):
        return re.search(_ESCAPED + "`", _text(node)) is not None
    hidden = _HIDDEN.get(kind)
    if hidden is not None and kind != "heredoc_content" and hidden.search(_text(node)):
        return True
    if kind == "heredoc_content" and not _is_quoted_heredoc(node.parent and node.parent.parent):
        return _HIDDEN[kind].search(_text(node)) is not None
    return kind == "word" and _SEPARATOR.search(_text(node)) is not None


def _is_quoted_heredoc(redirect: Node | None) -> bool:
    """Whether the text is taken literally, because a part of its delimiter is quoted."""
    children = redirect.named_children if redirect is not None else []
    start = next((_text(child) for child in children if child.type == "heredoc_start"), "")
    return re.search(r"['\"\\]", start) is not None


def _heredoc(redirects: Iterable[Node]) -> str | None:
    """Text that is given on standard input, where it is literal."""
    for node in redirects:
        if node.type == "heredoc_redirect":
            body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
            text = _text(body)
            return text if _is_quoted_heredoc(node) or not re.search(r"[$`\\]", text) else None
        if node.type == "herestring_redirect" and node.named_children:
            value = _Script(0).word(node.named_children[-1])
            return None if isinstance(value, Unresolved) else value
    return None


def _string(node: Node) -> str:
    """A double-quoted word: what stands between the quotes, taken from the source, since the grammar drops spaces."""
    assert node.text is not None  # noqa: S101 - only an edited tree has nodes without text
    expansions = [child for child in node.named_children if child.type != "string_content"]
    source, start = node.text, node.start_byte
    begin = source.index(b'"') + 1
    pieces, at = [], begin
    for child in expansions:
        pieces.append(_unescape(source[at : child.start_byte - start].decode()))
        pieces.append(_text(child))
        at = child.end_byte - start
    pieces.append(_unescape(source[at:-1].decode()))
    value = "".join(pieces)
    if not expansions:
        return value
    return Unresolved(value, may_be_option=value[:1] == "-" or expansions[0].start_byte - start == begin)


def _unescape(text: str) -> str:
    return re.sub(r'\\([$`"\\\n])', lambda found: "" if found[1] == "\n" else found[1], text)


def _ansi_c(text: str) -> str:
    if re.search(r"\\[cuU]|[^\x00-\x7f]", text):
        return Unresolved(text)
    try:
        return codecs.decode(re.sub(r"\\e|\\E", r"\\x1b", text.replace("\\?", "?")), "unicode_escape")
    except UnicodeDecodeError:
        return Unresolved(text)
