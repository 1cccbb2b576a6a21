"""Makes docs/chat.svg: a real chat on a copy of the example, as a terminal shows it, frame after frame. Run from the root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.terminal import Terminal, terminal  # noqa: E402

COLUMNS, ROWS = 92, 30
SECONDS_A_FRAME = 3.0
_COLOURS = {"brown": "yellow", "default": "", "brightblack": "bright_black"}


def screen(shown: Terminal, folder: str) -> Text:
    """What stands on the screen now, with its colours."""
    text = Text()
    for number in range(shown.screen.lines):
        for column in range(shown.screen.columns):
            cell = shown.screen.buffer[number][column]
            colour = _COLOURS.get(cell.fg, cell.fg)
            colour = f"#{colour}" if re.fullmatch(r"[0-9a-f]{6}", colour) else colour
            style = " ".join(filter(None, [colour, "bold" if cell.bold else "", "reverse" if cell.reverse else ""]))
            text.append(cell.data, style=style or None)
        text.append("\n")
    plain = text.plain
    if folder in plain:  # the machine's own place for temporary files is nobody's business
        text = Text(plain.replace(folder, "~"))
    return text


def drawn(frame: Text) -> tuple[str, str]:
    """A frame as the inside of an SVG, and the SVG's outer measures."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(frame, soft_wrap=True)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="boringops"), flags=re.DOTALL)  # fetch no fonts
    found = re.search(r'viewBox="([^"]+)"', svg)
    inner = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    return inner, found[1] if found else "0 0 1000 800"


def film(frames: list[Text]) -> str:
    """One SVG that shows the frames in turn, for ever; a viewer that does not animate shows the last."""
    total = SECONDS_A_FRAME * len(frames)
    parts, box = [], ""
    for number, frame in enumerate(frames):
        inner, box = drawn(frame)
        parts.append(f'<g class="frame" style="animation-delay:{number * SECONDS_A_FRAME - total:g}s">{inner}</g>')
    share = 100 / len(frames)
    style = (
        f".frame{{visibility:hidden;animation:turn {total:g}s steps(1) infinite}}.frame:last-of-type{{visibility:visible}}"
        f"@keyframes turn{{0%{{visibility:visible}}{share:.3f}%{{visibility:hidden}}100%{{visibility:hidden}}}}"
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><style>{style}</style>{"".join(parts)}</svg>\n'


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo, home = Path(folder) / "parcels", Path(folder) / "home"
        home.mkdir()
        shutil.copytree(ROOT / "memory_bank_example", repo)
        identity = ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]
        for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-qm", "An application"]):
            subprocess.run(["git", *arguments], cwd=repo, check=True)
        frames: list[Text] = []
        with terminal(cwd=repo, home=home, columns=COLUMNS, rows=ROWS, TERM="xterm-256color") as shown:

            def keep() -> None:
                frames.append(screen(shown, folder))

            shown.wait_for_prompt()
            shown.send("Containerise this application")
            shown.wait_for("Containerise this application")
            keep()
            shown.send("\r")
            shown.wait_for("Approve this plan?")
            keep()
            shown.send("y\r")
            shown.wait_for("create Dockerfile")
            keep()
            shown.wait_for("commit: ")
            shown.wait_for_prompt()
            keep()
            shown.send("/undo\r")
            shown.wait_for("Take it back?")
            keep()
            shown.send("n\r")
            shown.wait_for("Nothing was touched")
            shown.wait_for_prompt()
            shown.send("/exit\r")
            shown.ends()
    (ROOT / "docs/chat.svg").write_text(film(frames))


main()
