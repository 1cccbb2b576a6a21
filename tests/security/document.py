"""Writes the tables of `docs/security.md` from the tests: `python -m tests.security.document`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.security.attacks import ATTACKS
from tests.security.commands import COMMANDS
from tests.security.layers import decided
from tests.security.ordinary import ORDINARY, counts

DOCUMENT = Path(__file__).parents[2] / "docs/security.md"
MODULES = ("security.test_planted", "security.test_hostile", "boringops.test_pull_request", "e2e.test_trust")


def current(text: str) -> str:
    """The document with its tables as the tests have them now."""
    for module in MODULES:
        importlib.import_module(f"tests.{module}")
    for name, rows in (("ordinary", _ordinary()), ("commands", _commands()), ("attacks", _attacks())):
        text, found = re.subn(
            f"<!-- {name} -->\n.*?<!-- end -->",
            lambda _, rows=rows, name=name: f"<!-- {name} -->\n{rows}\n<!-- end -->",  # type: ignore[misc]
            text,
            flags=re.S,
        )
        assert found == 1, name
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _code(command: str) -> str:
    shown = command.replace("\n", "⏎")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _ordinary() -> str:
    rows = []
    for title, phase, person in (
        ("plan", "plan", True),
        ("act, with a person", "act", True),
        ("act, with nobody", "act", False),
    ):
        found = counts(phase, person=person)  # type: ignore[arg-type]
        rows.append([title, str(found["allow"]), str(found["ask"]), str(found["deny"])])
    return (
        f"Of {len(ORDINARY)} ordinary commands (`agent/boringops/commands/ordinary.txt`), where the user has set no rules:\n\n"
        + _table(["phase", "run without asking", "ask", "refused"], rows)
    )


def _commands() -> str:
    rows = [
        (aim, _code(command), decided(command).layer, "runs" if decided(command).liftable else "refused")
        for aim, command in COMMANDS
    ]
    return f"{len(COMMANDS)} commands.\n\n" + _table(["aim", "command", "stopped by", 'with `allow = ["Bash"]`'], rows)


def _attacks() -> str:
    rows = sorted((attack.kind, attack.what, attack.stopped_by) for attack in ATTACKS)
    return f"{len(ATTACKS)} attacks.\n\n" + _table(["kind", "attack", "stopped by"], rows)


if __name__ == "__main__":
    DOCUMENT.write_text(current(DOCUMENT.read_text()))
