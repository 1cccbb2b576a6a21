"""The corpus's own format, read and written out as a repository.

A file holds one kind. `### good NAME` begins a case, `--> PATH` a file of it. `### bad NAME < BASE` is the good case BASE with one
defect: below `--> PATH` stand the lines that go (`-`), those that come (`+`) and those that stay and only say where (a space); lines
without a change between them make hunks of their own. `--> PATH new` is a whole further file, `--> PATH gone` removes one.
`<<secret KIND>>` becomes a made-up secret when the case is written out, so that none stands in the repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.fakes import fake

HERE = Path(__file__).parent
BATCHES = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
)
"""Those after the first were written without a look at the rules, and measured before any rule was changed for them."""
_SECRET = re.compile(r"<<secret ([\w-]+)>>")


@dataclass
class Case:
    """One repository of the corpus: its name, whether it is good, and its files."""

    kind: str
    name: str
    good: bool
    base: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def write(self, root: Path, *, seed: int = 0) -> list[str]:
        """Write the files below root; their paths."""
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(_SECRET.sub(lambda match: fake(match[1], seed), text))
        return sorted(self.files)


def kinds(batch: str) -> list[str]:
    """The kinds of file that a batch of the corpus has."""
    return sorted(path.stem for path in (HERE / batch).glob("*.txt"))


def read(batch: str, kind: str) -> list[Case]:
    """The cases of one kind. Raises ValueError for a defect that does not fit its base."""
    cases: dict[str, Case] = {}
    for chunk in re.split(r"^### ", (HERE / batch / f"{kind}.txt").read_text(), flags=re.MULTILINE)[1:]:
        head, _, rest = chunk.partition("\n")
        word, name, *base = head.replace("<", " ").split()
        if name in cases or word not in ("good", "bad"):
            raise ValueError(f"{kind}: {head}")
        case = Case(kind, name, word == "good", base[0] if base else "")
        if base:
            case.files = dict(cases[base[0]].files)
        for part in re.split(r"^--> ", rest, flags=re.MULTILINE)[1:]:
            path, _, text = part.partition("\n")
            path, _, mode = path.partition(" ")
            if mode == "gone":
                del case.files[path]
            elif base and mode != "new":
                case.files[path] = _changed(case.files[path], text, f"{kind}/{name}")
            else:
                case.files[path] = text.rstrip("\n") + "\n" if text.strip() else ""
        cases[name] = case
    return list(cases.values())


def _changed(text: str, patch: str, where: str) -> str:
    lines = text.splitlines()
    for old, new in _hunks(patch):
        places = [at for at in range(len(lines) - len(old) + 1) if lines[at : at + len(old)] == old]
        if not places or old == new:
            raise ValueError(f"{where}: these lines are not in its base: {old}")
        lines[places[0] : places[0] + len(old)] = new
    return "\n".join(lines) + "\n"


def _hunks(patch: str) -> list[tuple[list[str], list[str]]]:
    """Lines that go and lines that come, one pair for each place: a line that goes after one that came begins the next."""
    hunks: list[tuple[list[str], list[str]]] = []
    came = True
    for line in patch.rstrip("\n").splitlines():
        sign, rest = line[:1], line[1:]
        if not sign:
            came = True
            continue
        if sign in "- " and came:
            hunks.append(([], []))
        came = sign == "+"
        old, new = hunks[-1]
        if sign in "- ":
            old.append(rest)
        if sign in "+ ":
            new.append(rest)
    return hunks
