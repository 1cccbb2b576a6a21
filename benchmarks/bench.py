"""What boringops costs by itself, as ratios against something measured in the same run.

Numbers in seconds mean little on a shared machine; a ratio to a bare interpreter, to `git ls-files` or to the first
turns of the same run means the same everywhere. Nothing here asserts: `make bench` prints a table.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from boringops.models.scripted import ScriptedModel, tool
from boringops.specialist import Specialist

TURNS = 200
RESULT_LINES = 60


def best(act: Callable[[], object], repeat: int = 7) -> float:
    """The fastest of some runs, in seconds: what disturbs a measurement only ever adds."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return min(times)


def command(*arguments: str, cwd: Path | None = None) -> Callable[[], object]:
    return lambda: subprocess.run(arguments, cwd=cwd, capture_output=True, check=False)


def repository(root: Path, files: int) -> Path:
    for number in range(files):
        path = root / f"services/s{number % 50}/f{number}.{'yaml' if number % 10 == 0 else 'py'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kind: Nothing\n" if path.suffix == ".yaml" else "x = 1\n")
    (root / "notes.txt").write_text("A line of text that a model may read.\n" * RESULT_LINES)
    command("git", "init", "--quiet", cwd=root)()
    command("git", "add", ".", cwd=root)()
    command("git", "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-qm", "x", cwd=root)()
    return root


def turns(root: Path) -> list[float]:
    """Our own time for each turn: from the end of a reply to the next request, a Read in between."""
    asked: list[float] = []
    script = [
        [tool("Read", file_path="notes.txt", offset=1 + turn % 5, limit=RESULT_LINES + turn)] for turn in range(TURNS)
    ]

    class Timed(ScriptedModel):
        def respond(self, request, watch):  # type: ignore[no-untyped-def]
            asked.append(time.perf_counter())
            reply = super().respond(request, watch)
            answered.append(time.perf_counter())
            return reply

    answered: list[float] = []
    Specialist(root, model=Timed(script), approve="auto", max_turns=TURNS, env={}).run("Read the notes again and again")
    return [after - before for before, after in zip(answered, asked[1:], strict=False)]


def fold(root: Path) -> float:
    """Reading the journal of that run back into its state."""
    specialist = Specialist(root, env={})
    run_id = specialist.latest()
    return best(lambda: list(specialist.events(run_id)), 3)


def row(what: str, seconds: float, ratio: float, to: str) -> None:
    print(f"{what:44} {seconds * 1000:9.1f} ms   {ratio:6.1f} x {to}")


def main() -> None:
    python = best(command(sys.executable, "-c", "pass"))
    row("python -c pass", python, 1, "itself")
    helped = best(command(sys.executable, "-m", "boringops", "--help"))
    row("boringops --help", helped, helped / python, "python -c pass")
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "repo", 5000)
        listing = best(command("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=root))
        row("git ls-files, 5,000 files", listing, 1, "itself")
        taken = best(command(sys.executable, "-m", "boringops", "inventory", cwd=root), 5)
        row("boringops inventory, 5,000 files", taken, taken / listing, "git ls-files")
        times = turns(root)
        early, late = statistics.median(times[5:15]), statistics.median(times[-15:-5])
        row("own time a turn, turn 10", early, 1, "itself")
        row(f"own time a turn, turn {TURNS - 10}", late, late / early, "turn 10")
        back = fold(root)
        count = sum(1 for _ in Specialist(root, env={}).events(Specialist(root, env={}).latest()))
        row(f"reading a journal of {count} events", back, back / count / early, "a turn, for each event")


if __name__ == "__main__":
    main()
