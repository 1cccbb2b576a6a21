"""One run of the `boringops` command: its activity goes to the job's log, its result comes back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from boringops.result import Result

_TOKENS = ("GITHUB_TOKEN", "CI_JOB_TOKEN")
"""What the job itself publishes with; the run has no use for it."""


def run(arguments: Sequence[str], repo: Path, env: Mapping[str, str]) -> Result:
    """Run the command with `--output json`. Raises ValueError where it printed no result, which is a fault of ours."""
    done = _call([*arguments, "--output", "json"], repo, env, capture=True)
    lines = done.stdout.strip().splitlines()
    if not lines:
        raise ValueError(f"boringops {arguments[0]} ended with {done.returncode} and printed no result.")
    return Result.model_validate(json.loads(lines[-1]))


def check(options: Sequence[str], repo: Path, env: Mapping[str, str], *, capture: bool) -> tuple[int, str]:
    """Run `boringops check`: exit code, and what it printed where that is captured."""
    done = _call(["check", *options], repo, env, capture=capture)
    return done.returncode, done.stdout or ""


def _call(
    arguments: Sequence[str], repo: Path, env: Mapping[str, str], *, capture: bool
) -> subprocess.CompletedProcess[str]:
    """CI systems signal the job's process alone, so what ends us is handed on, and the result still waited for."""
    child = subprocess.Popen(
        [sys.executable, "-m", "boringops", *arguments],
        cwd=repo,
        env={name: value for name, value in env.items() if name not in _TOKENS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        text=True,
    )

    def hand_on(number: int, frame: FrameType | None) -> None:
        del frame
        child.send_signal(number)

    before = {each: signal.signal(each, hand_on) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        out, _ = child.communicate()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return subprocess.CompletedProcess(child.args, child.returncode, out)
