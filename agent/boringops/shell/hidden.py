"""Destruction inside what cannot be followed: a program boringops does not know, or code in another language.

Such a command is `unknown`, which a person or a rule can allow. Where its words hold a command that destroys
(`parallel kubectl delete ...`, `python -c "os.system('rm -rf /')"`), it is held to be that command, which no rule allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from boringops.commands import Unresolved, Verdict, programs

if TYPE_CHECKING:
    from boringops.shell.script import Script

_TRIED = 24  # texts per command: enough for what a person would write, little enough to stay quick
_LITERAL = re.compile(r"'((?:[^'\\\n]|\\.)+)'|\"((?:[^\"\\\n]|\\.)+)\"|`([^`\n]+)`")
_LEADING = re.compile(r"^[\s:!@;]+(?:!|shell\s+|system\s+)?|^(?:shell|system)\s+")


def holds_destruction(script: Script, argv: Sequence[str]) -> bool:
    """Whether some tail of the words, some word, or some string literal in one, destroys when read as a command."""
    tails = (argv[at:] for at in range(1, len(argv)) if argv[at] in programs())
    if any(script.apart().judges(tail) is Verdict.DESTROY for tail in islice(tails, _TRIED)):
        return True
    return any(script.apart().worst(text) is Verdict.DESTROY for text in islice(_texts(argv[1:]), _TRIED))


def _texts(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if isinstance(word, Unresolved) or len(word) < 4:
            continue
        if re.search(r"\s", word):
            yield _LEADING.sub("", word)
            yield _LEADING.sub("", word.partition("=")[2])  # `--filter=COMMAND`, `alias ls=COMMAND`
        for found in _LITERAL.finditer(word):
            literal = next(group for group in found.groups() if group)
            if re.search(r"\w\s+\S", literal):
                yield literal
        # subprocess.run(["rm", "-rf", "/"]): the items of a list, as one command
        for items in re.findall(r"\[([^\[\]]+)\]", word):
            listed = [found.group(1) or found.group(2) or "" for found in _LITERAL.finditer(items)]
            if len(listed) > 1:
                yield " ".join(listed)
