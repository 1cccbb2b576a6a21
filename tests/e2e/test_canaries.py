"""Canaries: secrets wherever a repository and a machine have them, and none of them anywhere that a run writes or sends."""

from __future__ import annotations

import base64
import json
import os
import random
import string
from pathlib import Path

import pytest

from boringops.models.base import Request
from boringops.specialist import Specialist
from tests.e2e.conftest import Boringops
from tests.e2e.playing import PLAIN, Player, call, planned
from tests.messages_api import MessagesApi, thinking, tool_use
from tests.repos import FLASK, MEMORY, git, make_repo

RUNBOOK = "docs/runbook.md"
PLACES = ("environment", "env_file", "key_file", "home", "label", "history", "history_env", "url", "persona")
RAW = {
    place: "".join(random.Random(place).choices(string.ascii_letters + string.digits, k=26)) + "7q" for place in PLACES
}
KEY = "\n".join(
    ["-----BEGIN OPENSSH PRIVATE KEY-----", base64.b64encode(RAW["key_file"].encode() * 9).decode()[:280],
     "-----END OPENSSH PRIVATE KEY-----", ""]
)  # fmt: skip
FILES = {
    **FLASK,
    **MEMORY,
    "Dockerfile": f'FROM python:3.13-slim\nLABEL org.acme.deploy-token="{RAW["label"]}" org.acme.note="{RAW["environment"]}"\n',
    "deploy/id_deploy": KEY,
    "config/database.yml": f"production:\n  url: postgres://app:{RAW['url']}@db.acme.io/shop\n",
    "tools/status.sh": "cat ~/.netrc; base64 < .env; cat deploy/id_deploy; grep -h LABEL Dockerfile | xxd -p 2>/dev/null || true\n",
    ".gitignore": ".env\n",
}


@pytest.fixture
def player(tmp_path: Path) -> Player:
    """A repository with a secret in every place, and in its history two that are no longer in it."""
    persona = tmp_path / "plain.md"
    persona.write_text(f"{PLAIN}\nThe cluster's admin_token: {RAW['persona']}\n")
    root = make_repo(tmp_path / "work/shop", {**FILES, "settings.py": f'DB_PASSWORD = "{RAW["history"]}"\n'})
    (root / ".env").write_text(f"OPAQUE={RAW['history_env']}\n")
    git(root, "add", "--force", ".env")
    git(root, "commit", "--quiet", "--message", "Configure")
    git(root, "rm", "--quiet", ".env", "settings.py")
    git(root, "commit", "--quiet", "--message", "Take it out")
    (root / ".env").write_text(f"PORT=8000\nNOTHING_TO_SEE={RAW['env_file']}\n")
    return Player(root, persona, {"permissions": {"allow": ["Bash"]}})


def traces(data: bytes) -> list[str]:
    """The canaries that are in it: as they are, encoded, or a part that is long enough to be one."""
    found = []
    for place, value in RAW.items():
        for form in (value.encode(), base64.b64encode(value.encode())[:-2], value.encode().hex().encode()):
            found += [f"{place} {form[at : at + 14]!r}" for at in range(len(form) - 13) if form[at : at + 14] in data][
                :1
            ]
    return found + [f"key {line}" for line in KEY.splitlines()[1:-1] if line[20:60].encode() in data]


def written(root: Path, base: str) -> dict[str, bytes]:
    """Everything that a run leaves, by name. What it replaced is kept for undo as it was, and is the user's own."""
    kept = [path for path in (root / ".git/boringops").rglob("*") if path.is_file() and path.parent.name != "before"]
    reports = [path for path in (root.parent / "planning").rglob("*") if path.is_file()]
    commits = git(root, "log", "--patch", "--format=raw", f"{base}..HEAD").encode()
    assert kept and reports and commits
    return {**{str(path): path.read_bytes() for path in (*kept, *reports)}, "commit": commits}


def test_no_canary_leaves(
    player: Player, boringops: Boringops, messages_api: MessagesApi, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, base = player.root, git(player.root, "rev-parse", "HEAD").strip()
    home = tmp_path_factory.mktemp("netrc")
    (home / ".netrc").write_text(f"machine api.acme.io login me password {RAW['home']}\n")
    assert {
        trace.split()[0]
        for trace in traces(b"\n".join(path.read_bytes() for path in root.rglob("*") if path.is_file()))
    }
    reads = ["Dockerfile", "deploy/id_deploy", "config/database.yml", ".env"]
    messages_api.reply(
        thinking("What is here?", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"), *(tool_use("Read", file_path=path) for path in reads),
        tool_use("Grep", pattern=".", output_mode="content"),
    )  # fmt: skip
    messages_api.reply(tool_use("SubmitPlan", **planned(RUNBOOK)))
    commands = [
        "sh tools/status.sh", "git log -p --all", "git show HEAD~1:.env", "cat .env; head -c 200 deploy/id_deploy",
        "base64 .env; cat config/database.yml | base64",
    ]  # fmt: skip
    for command in commands:
        messages_api.reply(tool_use("Bash", command=command))
    # A model that has it from somewhere, and says it.
    messages_api.reply(tool_use("Write", file_path=RUNBOOK, content=f"Use {RAW['environment']}.\n"))
    messages_api.reply(tool_use("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n"))
    messages_api.reply(tool_use("Finish", summary=f"Written, with {RAW['env_file']}."))

    ran = boringops(
        "run", f"Write the runbook, API_KEY={RAW['environment']}", "-C", root, "--persona", player.persona, "--model", "opus",
        "--approve", "auto", "--output", "stream-json", "-c", 'permissions.allow=["Bash"]', "-c", "report.directory=../planning",
        HOME=str(home), CANARY_TOKEN=RAW["environment"],
    )  # fmt: skip
    assert ran.code == 0, ran.err
    said = json.dumps(messages_api.bodies[-1], ensure_ascii=False)
    for mask in ("CANARY_TOKEN", "NOTHING_TO_SEE", "OPAQUE", "DB_PASSWORD", "url"):
        assert f"<secret:{mask}" in said, mask
    assert "mask such as <secret:NAME>" in said  # the write was refused, with the reason
    assert "EqQBCgIYAhIM1gbcDa9GJwZA2b3h" in said
    places = {f"request {number}": request.raw for number, request in enumerate(messages_api.requests)}
    places |= written(root, base) | {"stdout": ran.out.encode(), "stderr": ran.err.encode()}
    assert {name: found for name, data in places.items() if (found := traces(data))} == {}


def test_no_canary_is_in_what_a_fault_leaves(
    player: Player, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_TOKEN", RAW["environment"])

    def broken(request: Request) -> list[dict[str, object]]:
        del request
        raise ZeroDivisionError(f"cannot divide {RAW['environment']} of {os.environ['CANARY_TOKEN'].encode().hex()}")

    played = player.play(call("SubmitPlan", **planned(RUNBOOK)), broken)
    assert (played.result.status, played.result.error and played.result.error.kind) == ("failed", "internal")
    (crash,) = player.root.glob(".git/boringops/runs/*/crash.txt")
    assert "ZeroDivisionError: cannot divide <secret:CANARY_TOKEN> of <secret:CANARY_TOKEN>" in crash.read_text()
    assert played.result.error and str(crash) in played.result.error.hint
    from boringops.cli import _crashed

    try:
        broken(Request([], [], []))
    except ZeroDivisionError as error:
        _crashed(type(error), error, error.__traceback__)
    printed = capsys.readouterr().err
    assert "ZeroDivisionError" in printed
    events = b"".join(path.read_bytes() for path in player.root.glob(".git/boringops/runs/*/*") if path.is_file())
    assert traces(printed.encode() + events + played.result.model_dump_json().encode()) == []


def test_masks_mean_the_same_after_a_resume(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", RAW["environment"])
    stopped = player.play(
        call("SubmitPlan", **planned(RUNBOOK)), call("Bash", command="git show HEAD~2:settings.py"), max_turns=2
    )
    assert stopped.result.status == "budget"
    assert '"<secret:DB_PASSWORD-2>"' in stopped.of("Bash")[0].content
    monkeypatch.delenv("DB_PASSWORD")  # another machine, or another day
    resumed = player.resume(
        call("Bash", command="git show HEAD~2:settings.py"),
        call("Write", file_path=RUNBOOK, content="# Runbook\n"),
        call("Finish", summary="Written."), max_turns=9,
    )  # fmt: skip
    assert '"<secret:DB_PASSWORD-2>"' in resumed.of("Bash")[-1].content
    assert Specialist(player.root).latest() == stopped.result.run_id
