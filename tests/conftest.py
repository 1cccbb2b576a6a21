"""What every test gets: no key, no network, and a scripted Messages API where it asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.messages_api import MessagesApi

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
