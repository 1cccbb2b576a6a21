"""What confining a command costs, by backend: milliseconds to run `true`, best of 20, and as a ratio to doing so unconfined.

Nothing here asserts: `python benchmarks/sandbox.py` prints a table.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from boringops.sandbox import Box, bubblewrap, landlock, run, trial
from boringops.sandbox.base import Backend

TIMES = 20


def best_ms(backend: Backend | None, root: Path) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        done = run("true", cwd=root, timeout_s=20, backend=backend, box=Box(root))
        times.append((time.perf_counter() - began) * 1000)
        if done.exit_code != 0:
            raise SystemExit(f"{backend}: {done.output}")
    return min(times)


def main() -> None:
    backends: list[Backend] = [bubblewrap.Bubblewrap(*program) for program in bubblewrap.programs()]
    if abi := landlock.abi():
        backends.append(landlock.Landlock(str(abi)))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        bare = best_ms(None, root)
        print(f"{'backend':24} {'level':8} {'ms':>7} {'ratio':>6} {'trial, ms':>10}")
        print(f"{'none':24} {'none':8} {bare:7.1f} {1:6.1f}")
        for backend in backends:
            began = time.perf_counter()
            try:
                shown = trial.try_out(backend)
            except OSError as error:
                print(f"{backend.name} {backend.version}: {error}")
                continue
            tried = (time.perf_counter() - began) * 1000
            cost = best_ms(backend, root)
            print(
                f"{f'{backend.name} {backend.version}':24} {shown.level:8} {cost:7.1f} {cost / bare:6.1f} {tried:10.0f}"
            )


if __name__ == "__main__":
    main()
