"""A repository with a memory bank and a persona that has nothing to tick off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.embedding.playing import PERSONA
from tests.repos import make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = make_repo(tmp_path / "shop")
    (root / ".git/plain.md").write_text(PERSONA)
    return root


@pytest.fixture
def persona(repo: Path) -> str:
    return str(repo / ".git/plain.md")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
