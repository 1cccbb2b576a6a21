"""A shell text taken apart into its simple commands, each judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from boringops.commands import Judgement, Unresolved, Verdict, judge, programs, rank
from boringops.fence import visible
from boringops.shell.grammar import EVALUATED, LEAVES, TRANSPARENT, heredoc, misread, parser, spell, text_of, walk, word
from boringops.shell.hidden import holds_destruction
from boringops.shell.parts import Part
from boringops.shell.runners import RUNNERS
from boringops.shell.wrappers import WRAPPERS, appended, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 8  # scripts inside scripts
BIN = re.compile(r"(?:/usr/local|/usr|/opt/homebrew)?/s?bin/([^/]+)")

# Variables that decide what other programs run or load. To set one is to run something that cannot be seen.
RISKY_VARIABLE = re.compile(
    r"(?:PATH|IFS|ENV|BASH_ENV|BASHOPTS|SHELLOPTS|PS4|PROMPT_COMMAND|CDPATH|GLOBIGNORE|HOME|LD_.*|DYLD_.*|GIT_.*|PYTHON(?!UNBUFFERED$|DONTWRITEBYTECODE$).*"
    r"|NODE_OPTIONS|NODE_PATH|NPM_CONFIG_.*|npm_config_.*|PERL5.*|RUBY.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|MAVEN_OPTS|.*PAGER|.*EDITOR"
    r"|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|TF_CLI_.*|TF_PLUGIN.*|KUBECONFIG|DOCKER_HOST|DOCKER_CONFIG|DOCKER_CONTEXT"
    r"|AWS_.*|GOOGLE_.*|AZURE_.*|ARM_.*|GO(?:FLAGS|PROXY|NOSUMDB|TOOLCHAIN|ENV)|RUSTC.*|CARGO_.*|MAKE(?:FLAGS|FILES)"
    r"|PIP_.*|UV_.*|SSH_.*|HELM_.*|ANSIBLE_.*|GCONV_PATH|LOCPATH|NIX_.*|.*_PROXY|.*_proxy|BASH_FUNC.*|CURL_HOME"
    r"|PULUMI_.*|VAULT_.*|TERRAGRUNT_.*|TG_.*|POSIXLY_CORRECT|SHELL|EXINIT|MANPATH|XDG_.*)"
)


@dataclass
class Script:
    """A text being taken apart. What is inside it (`sh -c`, `eval`) is read by the same code, one level deeper."""

    depth: int
    functions: frozenset[str] = frozenset()
    searching: bool = False
    """Only tried: what it holds is not searched for destruction once more."""
    parts: list[Part] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)

    def unclear(self, reason: str, text: str = "") -> None:
        self.parts.append(Part((text or "?",), Verdict.UNKNOWN, reason, text, (text,)))

    def read(self, text: str) -> None:
        if self.depth > DEEPEST:
            return self.unclear("nested deeper than anyone reads")
        if re.search(r"[^\S \t\n]|[\ud800-\udfff]", text) or visible(text) != text:
            return self.unclear("holds characters that cannot be seen")
        spelt = spell(text)
        if spelt is None:
            return self.unclear("cannot be parsed as shell")
        root = parser().parse(spelt.encode()).root_node
        if root.has_error:
            return self.unclear("cannot be parsed as shell")
        if re.search(r"[#`<>$\n]", text) and any(misread(node, spelt) for node in walk(root)):
            return self.unclear("cannot be parsed as shell")
        if "(" in text or "function" in text:
            self.functions |= {
                text_of(node.child_by_field_name("name")) for node in walk(root) if node.type == "function_definition"
            }
        self.visit(root)
        return None

    # --- structure

    def visit(self, node: Node, *, inside_function: bool = False) -> None:
        kind = node.type
        if kind == "command":
            return self.command(node, inside_function)
        if kind in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
            return self.unclear("cannot be parsed as shell", text_of(node)) if self.redirect(node) else None
        if kind == "redirected_statement":
            return self.redirected(node, inside_function)
        if kind in ("variable_assignment", "declaration_command", "unset_command"):
            self.assignment(node)
        elif kind in EVALUATED or (kind == "compound_statement" and text_of(node).startswith("((")):
            self.evaluated(node)
        elif kind == "for_statement":
            self.variable(text_of(node.child_by_field_name("variable")))
        elif kind not in TRANSPARENT:
            return self.unclear(f"holds shell syntax boringops does not read ({kind})", text_of(node))
        inside = inside_function or kind == "function_definition"
        for child in node.named_children:
            if child.type not in LEAVES:
                self.visit(child, inside_function=inside)
        return None

    def substitutions(self, node: Node) -> None:
        """Read the commands inside a word."""
        if node.type not in LEAVES:
            self.visit(node)

    def variable(self, name: str) -> None:
        if RISKY_VARIABLE.fullmatch(name):
            self.unclear(f"sets {name}, which decides what other programs run", f"{name}=")

    def assignment(self, node: Node) -> None:
        """Assignments are harmless but for variables that other programs obey and attributes that evaluate values."""
        if node.type == "variable_assignment":
            name = text_of(node.child_by_field_name("name")).partition("[")[0]
            self.variable(name)
            return
        for child in node.children:
            if child.type == "word" and not re.fullmatch(r"-[xragAfp]+", text_of(child)):
                self.unclear("declares variables in a way boringops does not read", text_of(node))
            elif child.type in ("string", "raw_string", "concatenation", "simple_expansion", "expansion"):
                self.unclear("declares variables by a name that is known only when it runs", text_of(node))

    def evaluated(self, node: Node) -> None:
        """bash evaluates variables in arithmetic, and values may hold substitutions: only literals are harmless."""
        text = text_of(node)
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
        stdin = heredoc(redirects)
        if body is None:
            if extra:  # `>out rm x`: the grammar takes the command for more destinations
                for each in extra:
                    self.substitutions(each)
                self.simple([word(each) for each in extra], [], text_of(node), stdin, inside_function)
        elif body.type == "command":
            self.command(body, inside_function, extra, stdin)
        elif extra:
            self.unclear("cannot be parsed as shell", text_of(node))
        else:
            self.visit(body, inside_function=inside_function)

    def redirect(self, node: Node) -> list[Node]:
        """Record one redirection. Returns words that the grammar took for destinations and that are the command's."""
        if node.type == "heredoc_redirect":
            for child in node.named_children:
                if child.type in ("file_redirect", "herestring_redirect"):
                    if self.redirect(child):
                        self.unclear("cannot be parsed as shell", text_of(node))
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
            self.unclear("redirects in a way boringops does not read", text_of(node))
            return []
        destinations = node.children_by_field_name("destination")
        if not destinations:
            return []
        first, *extra = destinations
        self.substitutions(first)
        target = word(first)
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
                risky += [text_of(child)] if len(self.parts) > before else []
            elif child.type == "command_name":
                nodes.append(child.children[0] if child.children else child)
            elif child.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                nodes += self.redirect(child)
                stdin = heredoc([child]) if child.type != "file_redirect" else stdin
            elif child.type != "comment":
                nodes.append(child)
        for each in [*nodes, *extra]:
            self.substitutions(each)
            words.append(word(each))
        self.simple(words, risky, text_of(node), stdin, inside_function)

    def simple(
        self, words: Sequence[str], risky: Sequence[str], source: str, stdin: str | None, inside_function: bool
    ) -> None:
        """Judge one simple command, taking wrappers off until the program that really runs is found."""
        if not words:
            return None
        argv, floor, reason = list(words), Verdict.READ, ""
        forms = [source, " ".join(argv)]
        allowed = " ".join([*risky, *argv])
        kept, foreign, elsewhere, before = True, False, False, len(self.parts)

        def judged(verdict: Verdict, why: str) -> None:
            self.add(argv, Judgement(verdict, why), floor, reason, allowed, forms)

        for _ in range(DEEPEST):
            name = argv[0]
            if isinstance(name, Unresolved) or re.search(r"[*?\[\]{}~$`]", name.removeprefix("[")):
                return judged(Verdict.UNKNOWN, "which program runs is known only when it runs")
            if (found := BIN.fullmatch(name)) is not None:
                argv[0] = name = found.group(1)
                forms.append(" ".join(argv))
            if name in self.functions:
                known = Verdict.UNKNOWN if inside_function else Verdict.READ
                return judged(known, "calls a function of the command")
            prefix = next((argv[:n] for n in (3, 2, 1) if tuple(argv[:n]) in WRAPPERS), None)
            if prefix is None:
                break
            if prefix == ["command"] and argv[1:2] and argv[1] in ("-v", "-V"):
                return judged(Verdict.READ, "looks a program up")
            wrapper = WRAPPERS[tuple(prefix)]
            inner = unwrap(wrapper, argv[len(prefix) :], self.variable)
            if inner is None:
                return judged(Verdict.UNKNOWN, f"`{name}` with options boringops does not know")
            if rank(wrapper.floor) > rank(floor):
                floor, reason = wrapper.floor, f"`{' '.join(prefix)}` {wrapper.reason}"
            if not inner:
                return judged(wrapper.bare, "runs nothing")
            foreign, elsewhere = foreign or wrapper.foreign, elsewhere or wrapper.elsewhere
            argv = appended(argv, inner) if wrapper.appends else inner
            forms.append(" ".join(inner))
            kept = kept and wrapper.plain
            if kept:
                allowed = " ".join([*risky, *inner])
        else:
            return judged(Verdict.UNKNOWN, "wrapped deeper than anyone reads")
        judgement = self.program(argv, stdin)
        if foreign and argv[0] not in programs() and argv[0] not in RUNNERS:
            judgement = Judgement(floor, reason)
        self.add(argv, judgement, floor, reason, allowed, forms)
        if elsewhere or argv[0] == "ssh":
            self.parts[before:] = [replace(part, elsewhere=True) for part in self.parts[before:]]
        return None

    def add(
        self, argv: Sequence[str], judgement: Judgement, floor: Verdict, reason: str, text: str, forms: Sequence[str]
    ) -> None:
        if rank(floor) > rank(judgement.verdict):
            judgement = Judgement(floor, reason, judgement.writes)
        if judgement.verdict is Verdict.UNKNOWN and not self.searching and holds_destruction(self, argv):
            judgement = Judgement(Verdict.DESTROY, "holds a command that destroys", judgement.writes)
        self.parts.append(
            Part(tuple(argv), judgement.verdict, judgement.reason, text, tuple(dict.fromkeys(forms)), judgement.writes)
        )

    def program(self, argv: Sequence[str], stdin: str | None) -> Judgement:
        """Judge the program that really runs; the shell's own ways to run text are followed into it."""
        inner = RUNNERS.get(argv[0])
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

    def apart(self) -> Script:
        """A script whose parts are not ours, to try how a text would be judged."""
        return Script(self.depth + 1, self.functions, searching=True)

    def judges(self, argv: Sequence[str]) -> Verdict:
        """The worst that these words do, run as they are."""
        self.simple(argv, [], " ".join(argv), None, False)
        return max((part.verdict for part in self.parts), key=rank, default=Verdict.READ)

    def worst(self, text: str) -> Verdict:
        """The worst that this text does, run as a script."""
        self.read(text)
        return max((part.verdict for part in self.parts), key=rank, default=Verdict.READ)

    def nested(self, text: str) -> Judgement:
        """Read a script inside this one; its parts become ours."""
        inner = Script(self.depth + 1, self.functions, searching=self.searching)
        inner.read(text)
        self.parts += inner.parts
        self.directories += inner.directories
        return Judgement(Verdict.READ, "runs the commands it names")
