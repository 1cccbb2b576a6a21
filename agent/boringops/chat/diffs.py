"""Changes as a person reads them: coloured, side by side where there is room."""

from __future__ import annotations

from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

SIDE_BY_SIDE = 140
"""Columns from which old and new stand beside each other."""
_CONTEXT = 3
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render(path: str, old: str, new: str, *, width: int, most: int | None = None) -> RenderableType:
    """One file's change. `most` cuts it to so many lines and says how many are left out."""
    if width >= SIDE_BY_SIDE and old and new:
        return _beside(old.splitlines(), new.splitlines(), most)
    return _unified(path, old.splitlines(), new.splitlines(), most)


def counts(old: str, new: str) -> tuple[int, int]:
    """Lines added and removed."""
    steps = SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    return sum(j2 - j1 for *_, j1, j2 in changed), sum(i2 - i1 for _, i1, i2, *_ in changed)


def _unified(path: str, old: list[str], new: list[str], most: int | None) -> RenderableType:
    from rich.text import Text

    lines = list(unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="", n=_CONTEXT))
    shown = Text(no_wrap=False, overflow="fold")
    for line in lines[2 : None if most is None else most + 2]:
        shown.append(_plain(line) + "\n", style=_STYLES.get(line[:1], "dim"))
    if most is not None and len(lines) - 2 > most:
        shown.append(f"... {len(lines) - 2 - most} more lines\n", style="dim")
    shown.rstrip()
    return shown


def _beside(old: list[str], new: list[str], most: int | None) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1), expand=True)
    for ratio in (None, 1, None, 1):
        table.add_column(
            ratio=ratio, justify="left" if ratio else "right", overflow="fold", style=None if ratio else "dim"
        )
    rows = _rows(old, new)
    for number, (left, right, style) in enumerate(rows):
        if most is not None and number >= most:
            table.add_row("", Text(f"... {len(rows) - most} more lines", style="dim"), "", "")
            break
        cells: list[str | Text] = []
        for side, colour in ((left, "red"), (right, "green")):
            at, line = side if side else ("", "")
            cells += [str(at), Text(_plain(line), style=colour if style == "changed" else "dim")]
        table.add_row(*cells)
    return table


def _rows(old: list[str], new: list[str]) -> list[tuple[tuple[int, str] | None, tuple[int, str] | None, str]]:
    """Pairs of numbered lines, as far as they lie near a change."""
    rows: list[tuple[tuple[int, str] | None, tuple[int, str] | None, str]] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if rows:
            rows.append(((0, "..."), (0, "..."), "equal"))
        for kind, i1, i2, j1, j2 in group:
            left = [(number + 1, old[number]) for number in range(i1, i2)]
            right = [(number + 1, new[number]) for number in range(j1, j2)]
            for at in range(max(len(left), len(right))):
                pair = (left[at] if at < len(left) else None, right[at] if at < len(right) else None)
                rows.append((*pair, "equal" if kind == "equal" else "changed"))
    return rows


def _plain(line: str) -> str:
    """A line without what would steer a terminal; tabs as people expect them."""
    return "".join(char if char.isprintable() else "·" for char in line.expandtabs(4))
