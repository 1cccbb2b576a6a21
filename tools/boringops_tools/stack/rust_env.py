"""Variables that clap reads for a Rust program: fields of its arguments that say `env`."""

from __future__ import annotations

import re

from boringops_tools.stack.facts import Source
from boringops_tools.stack.found import Found
from boringops_tools.stack.tree import Tree

_FIELD = re.compile(
    r"#\[(?:arg|clap|structopt)\((?P<said>(?:[^()\[\]\"]|\"[^\"]*\"|\([^()]*\))*\benv\b(?:[^()\[\]\"]|\"[^\"]*\"|\([^()]*\))*)\)\]"
    r"(?:\s*(?:#\[[^\]]*\]|//[^\n]*))*\s*(?:pub(?:\([\w:]+\))?\s+)?(?P<field>\w+)\s*:\s*(?P<type>[\w:<>]+)"
)
_NAMED = re.compile(r"\benv\s*=\s*\"(\w+)\"")
_DEFAULT = re.compile(r"\bdefault_value(?:_t)?\s*=\s*(?:\"([^\"]*)\"|([\w.]+))")


def of_clap(tree: Tree, paths: list[str], found: Found) -> None:
    """Add what the fields name, else their own names in capitals; one that may be missing says so by its type."""
    for path in paths:
        text = tree.text(path)
        for match in _FIELD.finditer(text) if "env" in text else ():
            said = match["said"]
            named, default = _NAMED.search(said), _DEFAULT.search(said)
            optional = re.match(r"(?:Option|Vec|bool\b)", match["type"])
            line = text[: match.start()].count("\n") + 1
            found.variable(
                named[1] if named else match["field"].upper(),
                Source(path=path, line=line),
                (default[1] or default[2]) if default else None,
                required=not default and not optional and "default_value" not in said,
            )
