"""What every test gets: no key, no network, and a scripted Messages API where it asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.messages_api import MessagesApi

if TYPE_CHECKING:
    from tests.e2e.playing import Player

# CI says the same of the same tree; elsewhere other examples are drawn each time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# The command is started hundreds of times: compiling every module anew each time would be most of it.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_PULL_REQUEST = (
    "GITHUB_",
    "CI_",
    "BITBUCKET_",
    "BUILD_REASON",
    "SYSTEM_PULLREQUEST_",
    "CHANGE_",
    "BUILDKITE_",
    "CIRCLE_",
    "DRONE_",
    "TRAVIS_",
)
"""What CI systems say of themselves: these tests may be run on a pull request, and are none themselves."""
_CREDENTIALS = ("ANTHROPIC_", "BORINGOPS_", "AWS_", "GOOGLE_", "CLOUD_ML_")


@pytest.fixture(autouse=True)
def nobodys_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever runs the tests has keys, profiles and proxies; no test may find them."""
    for name in os.environ:
        if name.startswith(_CREDENTIALS + _PULL_REQUEST):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path_factory.mktemp("anthropic")))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def messages_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesApi]:
    """A Messages API that the SDK finds by the environment, in this process and in those it starts."""
    with MessagesApi() as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
        yield api
        api.check()


@pytest.fixture
def sse() -> Path:
    """Streams in the shapes the API sends, broken ones included."""
    return Path(__file__).parent / "sse"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own git configuration, hooks and identity, has no part in this."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def player(nobody: None, tmp_path: Path) -> Player:
    """Plays scripts as the plain persona in a small repository of its own."""
    # Most tests play nothing, and the runtime is much to import.
    from tests.e2e.playing import PLAIN, Player
    from tests.repos import make_repo

    persona = tmp_path / "plain.md"
    persona.write_text(PLAIN)
    return Player(make_repo(tmp_path / "work/shop"), persona)
