"""Pins: what a repository's own win over, and refreshing them from a stand-in for GitHub and a registry."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boringops.cli.app import app
from boringops.errors import UsageError
from boringops_tools.blueprints import draft, pin_refresh, pins

DIGEST = "sha256:" + "ab" * 32
SHA = "c" * 40
RUNNER = CliRunner()


class Answers(BaseHTTPRequestHandler):
    """Releases and commits as GitHub's API has them; digests as a registry that wants an anonymous token."""

    releases: list[dict[str, object]] = []
    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        if "/token" in self.path:
            self._say(200, {"token": "anonymous"})
        elif self.path.partition("?")[0].endswith("/releases"):
            self._say(200, self.releases)
        elif "/commits/" in self.path and "broken" not in self.path:
            self._say(200, {"sha": SHA})
        else:
            self._say(404, {})

    def do_HEAD(self) -> None:
        if self.headers.get("Authorization") != "Bearer anonymous":
            host = self.headers["Host"]
            self.send_response(401)
            self.send_header("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="r",scope="pull"')
            self.end_headers()
            return
        self.send_response(404 if "redis" in self.path else 200)
        self.send_header("Docker-Content-Digest", DIGEST)
        self.end_headers()

    def _say(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def standin() -> Iterator[str]:
    Answers.releases, Answers.seen = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    package = {"name": "a", "scripts": {"start": "node a.js"}, "dependencies": {"express": "5", "redis": "5"}}
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "a.js").write_text("require('express')().listen(3000, process.env.REDIS_URL);\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def own(root: Path, text: str) -> None:
    (root / ".boringops").mkdir(exist_ok=True)
    (root / pins.OWN).write_text(text)


def test_the_repositorys_own_pins_win(repository: Path) -> None:
    before = {file.path: file.content for file in draft(repository, ["package.json", "a.js"]).files}
    own(repository, json.dumps({
        "as_of": date.today().isoformat(),
        "actions": {"actions/checkout": {"version": "v7.9.9", "sha": SHA}},
        "images": {"node:24-bookworm-slim": DIGEST},
    }))  # fmt: skip
    made = draft(repository, ["package.json", "a.js"])
    after = {file.path: file.content for file in made.files}
    assert f"FROM node:24-bookworm-slim@{DIGEST}" in after["Dockerfile"] and DIGEST not in before["Dockerfile"]
    assert f"actions/checkout@{SHA} # v7.9.9" in after[".github/workflows/ci.yml"]
    assert not any("days old" in each for each in made.assumptions)
    assert pins.pinned("node:24-bookworm-slim") == "node:24-bookworm-slim"  # in that repository alone


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"unknown": 1}',
        '{"actions": {"actions/checkout": {"version": "v1", "sha": "main"}}}',
        '{"actions": {"actions/checkout": {"version": "v1\\n  evil: 1", "sha": "' + "c" * 40 + '"}}}',
        '{"images": {"node:24-bookworm-slim": "latest"}}',
    ],
)
def test_an_unreadable_table_is_an_error_that_names_the_file(repository: Path, text: str) -> None:
    own(repository, text)
    with pytest.raises(UsageError, match=r"\.boringops/pins\.json"):
        draft(repository, ["package.json", "a.js"])


def test_an_old_table_is_told() -> None:
    day = date.fromisoformat(pins.table_as_of())
    assert pins.age_days(day + timedelta(days=91)) == 91 > pins.STALE_DAYS


def _refresh(repository: Path, standin: str, *more: str, **env: str) -> tuple[int, str, str]:
    environment = {"GITHUB_API_URL": standin, "GITHUB_TOKEN": "", **env}
    done = RUNNER.invoke(app, ["pins", "refresh", "-C", str(repository), "--mirror", standin, *more], env=environment)
    return done.exit_code, done.stdout, done.stderr


def test_refreshing_resolves_what_the_repository_uses_and_keeps_the_rest(repository: Path, standin: str) -> None:
    now = datetime.now(UTC)
    Answers.releases = [
        {"tag_name": "v99.0.0", "published_at": "2026-01-01T00:00:00Z"},
        {"tag_name": "v7.9.0", "published_at": "2026-01-01T00:00:00Z"},
        {"tag_name": "v7.9.1", "published_at": now.isoformat()},
        {"tag_name": "v7.99.0", "published_at": "2026-01-01T00:00:00Z", "prerelease": True},
    ]
    own(repository, json.dumps({"as_of": "2026-01-01", "images": {"redis:8.2-bookworm": DIGEST}}))
    code, out, said = _refresh(repository, standin, "--output", "json", GITHUB_TOKEN="a-token")
    told = json.loads(out)
    kept = json.loads((repository / pins.OWN).read_text())
    assert kept["actions"]["actions/checkout"] == {"version": "v7.9.0", "sha": SHA}
    assert kept["images"]["node:24-bookworm-slim"] == DIGEST == kept["images"]["redis:8.2-bookworm"]
    assert not any("golang" in reference for reference in kept["images"])
    assert any("v99.0.0" in remark for remark in told["remarks"])
    # The registry has no redis: said, the old pin stays, and so does the date.
    assert code == 5 and list(told["failed"]) == ["redis:8.2-bookworm"] and kept["as_of"] == "2026-01-01"
    assert "404" in said and "a-token" not in out + said
    assert {auth for path, auth in Answers.seen if "/token" in path} == {""}


def test_a_tag_that_was_moved_is_told(standin: str) -> None:
    pin = pins.ActionPin(version="v1.0.0", sha="d" * 40)
    found = pin_refresh.refresh({"a/b": pin}, [], pin_refresh.Sources(github=standin))
    assert found.actions["a/b"].sha == SHA and any("moved" in remark for remark in found.remarks)


def test_without_a_network_nothing_is_lost(repository: Path) -> None:
    text = json.dumps({"images": {"node:24-bookworm-slim": DIGEST}})
    own(repository, text)
    code, _, said = _refresh(repository, "http://127.0.0.1:1")
    assert code == 5 and "cannot be reached" in said and (repository / pins.OWN).read_text() == text


def test_a_link_is_not_written_through(
    repository: Path, standin: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (repository / ".boringops").symlink_to(outside)
    assert _refresh(repository, standin)[0] == 2
    assert list(outside.iterdir()) == []


def test_showing_the_pins(repository: Path) -> None:
    own(repository, json.dumps({"images": {"node:24-bookworm-slim": DIGEST}}))
    done = RUNNER.invoke(app, ["pins", "show", "-C", str(repository), "--output", "json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and told["images"]["node:24-bookworm-slim"] == DIGEST
    assert told["images"]["python:3.13-slim-bookworm"] is None and told["actions"]["actions/checkout"]["own"] is False


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("node:24", ("registry-1.docker.io", "library/node", "24")),
        ("oven/bun:1.3", ("registry-1.docker.io", "oven/bun", "1.3")),
        ("ghcr.io/astral-sh/uv:0.13.9", ("ghcr.io", "astral-sh/uv", "0.13.9")),
    ],
)
def test_an_image_is_asked_for_where_it_is(reference: str, parts: tuple[str, str, str]) -> None:
    assert pin_refresh.split(reference) == parts
