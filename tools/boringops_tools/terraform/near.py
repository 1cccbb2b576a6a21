"""Names in a schema that somebody probably meant, where Terraform itself sees no slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.patterns import lazy_pattern
from boringops_tools.terraform.configuration import Configuration
from boringops_tools.terraform.tables import Block

_REFUSED = lazy_pattern(r"(?:argument named|Blocks of type) \"([a-z_]{6,})\"")
_WORD = lazy_pattern(r"[a-z]\w*")


def meant(made: Configuration, text: str, detail: str) -> str:
    """The name in the schema of a type that the text names, of which the one refused is the beginning, `backup_config` of
    `backup_configuration`, or has the words in another order. Only the last word may be cut: what a new version adds is
    seldom named like that."""
    refused = _REFUSED.search(detail)
    if refused is None:
        return ""
    longer = re.compile(rf"{refused[1]}[a-z]{{3,}}")
    words = sorted(refused[1].split("_"))
    found = {
        name
        for word in dict.fromkeys(_WORD.findall(text))
        for source in made.types.get(word, ())
        for kind in ("resources", "data")
        for name in _names(made.schemas.get(source, {}).get(kind, {}).get(word) or {})
        if longer.fullmatch(name) or sorted(name.split("_")) == words
    }
    return found.pop() if len(found) == 1 else ""


def _names(block: Block) -> Iterator[str]:
    """Of arguments and blocks, those of inner blocks included."""
    yield from block.get("a", {})
    for name, (_, _, _, inner) in block.get("b", {}).items():
        yield name
        yield from _names(inner)
