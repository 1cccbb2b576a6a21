"""Shell scripts as the commands in them, wherever they are written down, parsed by the shell's own grammar."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_LONGEST = 100_000  # characters; nobody writes so long a script by hand
_DEEPEST = 4  # scripts inside scripts
_EXPRESSION = lazy_pattern(r"\$\{\{[^}]{0,400}\}\}")
_NO_WORD = lazy_pattern(r"[^\s'\"]{2000,}")  # data, or made to hurt: the grammar takes a word's length squared
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ash", "ksh"})
# Programs that run the rest of their words, and which of their options take a value.
_WRAPPERS = {
    "sudo": "-u -g -h -p -C", "env": "-u", "time": "", "nohup": "", "exec": "", "command": "", "timeout": "-k -s",
    "xargs": "-n -P -I -L", "nice": "-n",
}  # fmt: skip
_GIVES_UP = frozenset({"true", ":", "echo", "printf"})
_ASSIGNMENT = lazy_pattern(r"[A-Za-z_]\w*=")


@dataclass(frozen=True)
class Command:
    """One simple command."""

    line: int
    argv: tuple[str, ...]
    """Its words without quotes; what is known only when it runs stands as it is written."""
    variables: dict[str, str] = field(default_factory=dict)
    """What is set in front of it, or by itself where `argv` is empty."""
    sudo: bool = False
    forgiven: bool = False
    """Its failure is swallowed: `|| true`."""
    piped_from: tuple[str, ...] = ()
    """The program whose output it reads, with its words."""

    @property
    def program(self) -> str:
        return posixpath.basename(self.argv[0]) if self.argv else ""

    def has(self, *options: str) -> bool:
        """Whether one of the options is given, `--option=value` included."""
        return any(word.split("=", 1)[0] in options for word in self.argv[1:])


@dataclass(frozen=True)
class Script:
    line: int
    """Of its first line, in the file."""
    text: str


_FOLDERS = frozenset({"bin", "sbin", "script", "scripts", "hack", "ci"})
_UNIT = lazy_pattern(r"\.service(?:\.(?:j2|jinja2?|tmpl|tpl|template|tftpl|in|erb|epp))?$|\.service\.d/[^/]+\.conf$")
_EXEC = lazy_pattern(r"(?m)^[ \t]*Exec[A-Z]\w+[ \t]*=[ \t]*[-@:+!|]*(?P<command>(?:[^\n\\]|\\.|\\\n)+)")
_LIST = lazy_pattern(r"\$\{(\w+)\[[@*]\]\}")
_FIRST = lazy_pattern(r"\$\{?([A-Za-z_]\w*)\}?")
_KEPT = lazy_pattern(r"\$\{\w+\[[@*]\]\}|(?m:^[ \t]*\"?\$\{?[A-Za-z_]\w*\}?\"?[ \t])")
_SHEBANG = lazy_pattern(r"#!\s*\S*/(?:env\s+)?(?:ba|da|a|k|z)?sh\b")


def is_script(path: str) -> bool:
    """Whether a file is a shell script by its name, or may be one: `written` looks at its first line."""
    folder, _, name = path.rpartition("/")
    return path.endswith((".sh", ".bash")) or ("." not in name and folder.rpartition("/")[2] in _FOLDERS)


def is_unit(path: str) -> bool:
    """Whether a file is a service of systemd, the template of one, or adds to one."""
    return bool(_UNIT.search(path))


def written(path: str, text: str) -> Iterator[Script]:
    """The shell scripts of Dockerfiles and script files, and the commands of systemd's units."""
    if is_unit(path):
        for line in _EXEC.finditer(text):
            yield Script(text.count("\n", 0, line.start("command")) + 1, line["command"])
    elif is_script(path):
        if "." in posixpath.basename(path) or _SHEBANG.match(text):
            yield Script(1, text)
    elif is_dockerfile(path):
        for stage in parse(text).stages:
            for each in stage.instructions:
                if each.name == "RUN" and not each.value.startswith("["):
                    bare = re.sub(r"^(?:--\S+\s+)+", "", each.value)
                    if each.heredocs and bare.startswith("<<"):
                        yield from (Script(each.line + 1, body) for body in each.heredocs)
                    else:
                        yield Script(each.line, bare)


@functools.lru_cache(maxsize=512)
def commands(script: Script, depth: int = 0) -> tuple[Command, ...]:
    """The commands of a script in the order they are written. Never raises for what it holds."""
    if len(script.text) > _LONGEST:
        return ()
    found: list[tuple[int, Command]] = []  # with where each begins
    top = tree(script)
    handed_on = _handed_on(top) if "$@" in script.text else {}
    kept = _kept_words(top) if _KEPT.search(script.text) else {}
    todo: list[tuple[Node, bool, tuple[str, ...]]] = [(top, False, ())]
    while todo:
        node, forgiven, source = todo.pop()
        line = script.line + node.start_point[0]
        if node.type == "command":
            found.append((node.start_byte, _command(node, line, forgiven, source, handed_on, kept)))
        elif node.type == "variable_assignment" and node.parent and node.parent.type != "command":
            found.append((node.start_byte, Command(line, (), dict([_assignment(node)]))))
        children = node.named_children
        if node.type == "pipeline":
            words: tuple[str, ...] = ()
            for child in children:
                todo.append((child, forgiven, words))
                words = _words(child)
            continue
        if node.type == "list" and any(child.type == "||" for child in node.children):
            left, right = children[0], children[-1]
            todo += [(right, forgiven, ()), (left, forgiven or _swallows(right), ())]
            continue
        todo += [(child, forgiven, source if node.type == "redirected_statement" else ()) for child in children]
    found.sort(key=lambda each: each[0])
    return tuple(inner for _, each in found for inner in _opened(each, depth))


def _handed_on(top: Node) -> dict[str, int]:
    """The functions that run the words they get, such as `run` and `retry`, and how many they keep for themselves."""
    found: dict[str, int] = {}
    for function in top.named_children:
        name = function.child_by_field_name("name") if function.type == "function_definition" else None
        inner = [function] if name else []
        kept, runs = 0, False
        while inner:
            node = inner.pop()
            inner += node.named_children
            words = _words(node) if node.type == "command" else ()
            if words[:1] == ("shift",):
                kept += int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
            runs |= "$@" in words[:1] or (words[:1] == ("exec",) and words[1:2] == ("$@",))
        if name is not None and runs:
            found[_text(name)] = kept
    return found


def _kept_words(top: Node) -> dict[str, tuple[str, ...]]:
    """The words that variables hold for commands: lists, and what is split where it stands as the first word."""
    found: dict[str, tuple[str, ...]] = {}
    unsure: set[str] = set()
    todo = [top]
    while todo:
        node = todo.pop()
        todo += reversed(node.named_children)
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if node.type != "variable_assignment" or name is None or value is None:
            continue
        called, more = _text(name), any(child.type == "+=" for child in node.children)
        if value.type == "array":
            words = tuple(_word(each) for each in value.named_children)
            found[called] = (*found.get(called, ()), *words)  # what may be in it counts, whichever branch puts it there
        elif called in found or more:
            unsure.add(called)
        else:
            found[called] = tuple(_word(value).split())
    return {name: words for name, words in found.items() if name not in unsure}


def _filled(argv: tuple[str, ...], kept: dict[str, tuple[str, ...]]) -> list[str]:
    if not kept:
        return list(argv)
    words: list[str] = []
    for position, each in enumerate(argv):
        match = _LIST.fullmatch(each) or (_FIRST.fullmatch(each) if position == 0 else None)
        words += kept.get(match[1], (each,)) if match else (each,)
    return words


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def tree(script: Script) -> Node:
    """A script as its grammar reads it; nothing of one that is too long."""
    text = script.text if len(script.text) <= _LONGEST else ""
    text = _EXPRESSION.sub(lambda match: "_" * len(match[0]), text)
    text = _NO_WORD.sub(lambda match: "_".ljust(len(match[0])), text)
    return _parser().parse(text.encode()).root_node


def _opened(command: Command, depth: int) -> Iterator[Command]:
    """A command, and the ones in the script that it hands to a shell."""
    yield command
    if command.program in _SHELLS and depth < _DEEPEST:
        for option, value in zip(command.argv[1:], command.argv[2:], strict=False):
            if re.fullmatch(r"-[a-z]*c", option):
                inner = commands(Script(command.line, value), depth + 1)
                yield from (replace(each, forgiven=each.forgiven or command.forgiven) for each in inner)
                return


def _command(
    node: Node,
    line: int,
    forgiven: bool,
    source: tuple[str, ...],
    handed_on: dict[str, int],
    filled: dict[str, tuple[str, ...]],
) -> Command:
    variables = dict(_assignment(child) for child in node.named_children if child.type == "variable_assignment")
    argv = _filled(_words(node), filled)
    sudo = False
    kept = handed_on.get(argv[0]) if argv else None
    if kept is not None and len(argv) > kept + 1:
        del argv[: kept + 1]
    while argv and (options := _WRAPPERS.get(posixpath.basename(argv[0]))) is not None:
        wrapper = argv.pop(0)
        sudo |= wrapper == "sudo"
        while argv and (argv[0].startswith("-") or _ASSIGNMENT.match(argv[0])):
            word = argv.pop(0)
            if _ASSIGNMENT.match(word):
                name, _, value = word.partition("=")
                variables[name] = value
            elif word in options.split() and argv:
                argv.pop(0)
        if wrapper == "timeout" and argv:
            argv.pop(0)
    return Command(line, tuple(argv), variables, sudo, forgiven, source)


def _words(node: Node) -> tuple[str, ...]:
    if node.type in ("redirected_statement", "pipeline") and node.named_children:
        return _words(node.named_children[0 if node.type == "redirected_statement" else -1])
    parts = [child for child in node.named_children if child.type not in ("variable_assignment", "comment")]
    return tuple(_word(part) for part in parts if "redirect" not in part.type) if node.type == "command" else ()


def _word(node: Node) -> str:
    text = (node.text or b"").decode(errors="replace")
    if node.type in ("string", "raw_string"):
        return text[1:-1]
    if node.type in ("concatenation", "command_name"):
        return "".join(_word(child) for child in node.named_children) or text
    return text.replace("\\\n", "").replace("\\", "") if node.type == "word" else text


def _assignment(node: Node) -> tuple[str, str]:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    return _word(name) if name else "", _word(value) if value else ""


def _swallows(node: Node) -> bool:
    words = _words(node)
    return bool(words) and (words[0] in _GIVES_UP or words == ("exit", "0"))


@functools.cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
