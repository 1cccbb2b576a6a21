"""Makes docs/demo.svg: the real command on a copy of the example, as a terminal shows it. Run from the checkout's root."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

TASK = "Containerise this application and set up CI/CD"
WIDTH = 104


def recorded(repo: Path) -> str:
    """What a terminal of this width shows of the run, with its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    program = [sys.executable, "-m", "boringops", "run", TASK, "--offline", "--approve", "auto"]
    child = subprocess.Popen(program, cwd=repo, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    output = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the terminal closes with the program
            break
        output += chunk
    child.wait()
    return output.decode(errors="replace")


def still(output: str) -> str:
    """The screen as it is left: without the moving line at the bottom."""
    text = re.sub(r"\x1b\[\?25[lh]", "", output.replace("\r\n", "\n"))
    lines = [re.split(r"\r|\x1b\[2K|\x1b\[1A", line)[-1] for line in text.split("\n")]
    return "\n".join(line for line in lines if not re.match(r"^(\x1b\[[\d;]*m)*[⠀-⣿]", line))


def main() -> None:
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(folder) / "app"
        shutil.copytree(root / "memory_bank_example", repo)
        for arguments in (
            ["init", "-q", "-b", "main"],
            ["add", "."],
            ["-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "-qm", "An application"],
        ):
            subprocess.run(["git", *arguments], cwd=repo, check=True)
        shown = still(recorded(repo)).replace(folder, "~")
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(Text(f'$ boringops run "{TASK}" --offline --approve auto', style="bold"))
    console.print(Text.from_ansi(shown.split("To know and to follow up")[0].rstrip()))
    drawn = console.export_svg(title="boringops")
    (root / "docs/demo.svg").write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))  # fetch no fonts


main()
