"""The real command in a process of its own, against a scripted server over real HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OPEN_ITEM = re.compile(r"^- \[([\w.-]+)\] ", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, its result where it printed one, and everything it said."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return loaded


Boringops = Callable[..., Ran]


@pytest.fixture
def boringops(tmp_path_factory: pytest.TempPathFactory) -> Boringops:
    """Runs `boringops ARGUMENTS` as a user would, with a home of its own."""
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str | Path, stdin: str | None = None, **env: str) -> Ran:
        cache = tmp_path_factory.getbasetemp().parent / "cache"  # versions of validators are looked up once
        inherited = {
            **os.environ,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(cache),
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "boringops", *map(str, arguments)],
            env={**inherited, **env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def last_text(body: dict[str, Any]) -> str:
    """Everything the last user message of a request says."""
    blocks = body["messages"][-1]["content"]
    return "\n".join(block.get("text") or str(block.get("content")) for block in blocks)


def open_items(body: dict[str, Any]) -> list[str]:
    """Ids of the checklist items that a refused Finish listed as open."""
    return OPEN_ITEM.findall(last_text(body))


def handed_over(ids: list[str]) -> list[dict[str, Any]]:
    """Attestations that leave items to people."""
    return [{"id": item, "outcome": "handed_over", "reason": "the operators: check it in staging"} for item in ids]
