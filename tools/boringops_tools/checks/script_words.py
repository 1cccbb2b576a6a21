"""Shell scripts: messages whose variables stay names, and what a caller hands over that is run as a command."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.scripts import Script, is_script, tree, written

if TYPE_CHECKING:
    from tree_sitter import Node

_SAYS = frozenset(
    """echo printf log info warn warning error err die fail fatal msg say note notice debug step log_info log_warn log_error
    log_debug success abort""".split()  # noqa: SIM905
)
_SENDS = frozenset({"curl", "wget", "http", "gh"})
_BODY = frozenset({"-d", "--data", "--data-raw", "--data-binary", "--json", "-H", "--header", "--post-data", "--body", "--title"})  # fmt: skip
_AROUND = frozenset(
    """redirected_statement pipeline list compound_statement subshell do_group for_statement while_statement if_statement
    elif_clause else_clause""".split()  # noqa: SIM905
)
_SHOWN = lazy_pattern(r">\s*(?:&\s*[12]\b|/dev/(?:stderr|stdout|tty)\b)")
_NAMED = lazy_pattern(r"(?<!\\)\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
# A line of code that is shown, or written for another shell; the words of GraphQL and jq have dollars of their own.
_CODE = lazy_pattern(
    r"\b(?:export|source|eval|alias|bash|sh|query|mutation|jq|awk|Usage|usage)\b|\$\(|`|\$\{?PATH\b|[\w]=\"?\$|;\s"
)
_ARGUMENT = lazy_pattern(
    r"(?m)^(?:readonly\s+|export\s+|declare\s+(?:-\w+\s+)?)?([A-Za-z_]\w*)=\"?\$(?:[1-9@*]|\{[1-9@*](?:[:?-][^}\n]*)?\})\"?[ \t]*(?:#.*)?$"
)
_ASKED = lazy_pattern(r"(?m)^read\s+(?:-[a-z]*(?:\s+\"[^\"]*\"|\s+'[^']*')?\s+)*([A-Za-z_]\w*)[ \t]*$")


def _script(files: Files, path: str) -> Script | None:
    return next(iter(written(path, files.text(path))), None) if is_script(path) else None


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node else ""


def _nodes(node: Node, *kinds: str) -> Iterator[Node]:
    todo = [node]
    while todo:
        each = todo.pop()
        if each.type in kinds:
            yield each
        todo += each.named_children


def _kept(command: Node) -> bool:
    """Whether what a command says goes to a file or to another program, which may fill it in."""
    inner, parent = command, command.parent
    while parent is not None and parent.type in _AROUND:
        if parent.type == "pipeline" and parent.named_children[-1] != inner:
            return True
        redirects = [each for each in parent.named_children if "redirect" in each.type]
        if any(not _SHOWN.search(_text(each)) for each in redirects):
            return True
        inner, parent = parent, parent.parent
    return parent is not None and parent.type == "command_substitution"


def _unfilled(files: Files, path: str) -> Iterator[Hit]:
    script = _script(files, path)
    if script is None or "'" not in script.text:
        return
    root = tree(script)
    known = {_text(each.child_by_field_name("name")) for each in _nodes(root, "variable_assignment")}
    known |= {_text(each.child_by_field_name("variable")) for each in _nodes(root, "for_statement")}
    for command in _nodes(root, "command"):
        program = _text(command.child_by_field_name("name"))
        if program not in _SAYS | _SENDS or _kept(command):
            continue
        before = ""
        for word in command.named_children:
            names = {one or other for one, other in _NAMED.findall(_text(word))} if word.type == "raw_string" else set()
            if (program in _SAYS or before in _BODY) and names and names <= known and not _CODE.search(_text(word)):
                name = sorted(names)[0]
                beside = " ".join(_text(each) for each in command.named_children if each.type != "raw_string")
                if re.search(rf"\$\{{?{name}\b", beside):
                    continue  # its name, and then what it is
                yield Hit(
                    script.line + word.start_point[0],
                    f"`{program}` says `${name}` and not what is in it: it stands in single quotes",
                )
            before = _text(word)


def _handed(files: Files, path: str) -> Iterator[Hit]:
    """What a script is called with, or reads, as part of what it evaluates."""
    script = _script(files, path)
    names = set(_ARGUMENT.findall(script.text)) | set(_ASKED.findall(script.text)) if script else set()
    if script is None or not names:
        return
    for command in _nodes(tree(script), "command"):
        if _text(command.child_by_field_name("name")) != "eval":
            continue
        evaluated = "".join(_text(each) for each in command.named_children[1:] if each.type != "raw_string")
        used = [one or other for one, other in _NAMED.findall(evaluated)]
        if name := next((each for each in used if each in names), ""):
            yield Hit(
                script.line + command.start_point[0], f"what the caller hands over (`${name}`) is run as a command"
            )


def _s(text: str, first: str = "#!/usr/bin/env bash\n") -> dict[str, str]:
    return {"scripts/a.sh": first + text}


RULES = (
    Rule("script/single-quotes", "warning", "Put the message into double quotes.", "POSIX, Single-Quotes: every character in them stands for itself.", is_script, _unfilled,
         bad=(_s("dump=a\nlog() {\n  printf '%s\\n' \"$*\" >&2\n}\nlog 'storing $dump'\n"), _s("for f in a b; do\n  echo 'taking ${f}' >&2\ndone\n"), _s("msg=a\ncurl -d '{\"text\": \"$msg\"}' https://chat.example.com\n")),
         good=(
             _s("dump=a\necho \"storing $dump\"\necho 'costs $5'\necho 'set $OTHER first'\n"), _s("dir=a\necho 'export DIR=$dir' >> ~/.bashrc\necho 'cd $dir' | ssh a\n"), _s("for dir in a b; do\n  echo 'cd $dir'\ndone | ssh a\n"), _s("dir=a\necho 'add this: export X=$dir'\n"),
             _s("a=1\njq '.b == $a' c.json\nawk '{ print $a }' d\n"), _s("login=a\ncurl -d '{\"query\": \"query($login: String!) { user }\"}' https://api.example.com\n"), _s("a=1\nb=$(echo '$a')\n"), _s("os=a\necho 'unknown $os:' \"$os\"\n"),
         )),
    Rule("script/eval-argument", "warning", "Call the command itself, with what was handed over as its quoted words.", "POSIX, eval: the arguments are read again as commands.", is_script, _handed,
         bad=(_s("service=\"$1\"\nversion=\"${2:-latest}\"\neval \"git add $service $version\"\n"), _s("read -r -p 'Name: ' name\neval \"mkdir ${name}\"\n")),
         good=(_s("service=\"$1\"\ngit add \"$service\"\neval \"$(ssh-agent)\"\n"), _s("service=\"$1\"\neval 'echo $service'\n"), _s("run() {\n  local name=\"$1\"\n  eval \"$name\"\n}\n"))),
)  # fmt: skip
