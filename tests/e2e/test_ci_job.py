"""The GitHub Action's and the GitLab component's own programs, end to end without either: real git, a real remote, a
stand-in for the platform's API on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from boringops.ci import github, gitlab, summary
from boringops.ci.inputs import PREFIX, Inputs
from boringops.errors import UsageError
from boringops.facts import Finding, Question, Usage
from boringops.result import Result
from tests.e2e.playing import PLAIN, planned
from tests.messages_api import MessagesApi, tool_use
from tests.repos import git, make_repo

ROOT = Path(__file__).parents[2]
TOKEN = "ghs_" + "0123456789abcdefghij" * 2
TASK = "containerise this and set up CI"


class Platform:
    """GitHub's API, as far as a pull request needs it."""

    def __init__(self) -> None:
        self.pulls: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.refuse = 0
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                platform.tokens.add(self.headers["Authorization"])
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if platform.refuse:
                    return self._answer(platform.refuse, {"message": "Resource not accessible by integration"})
                if any(pull["head"] == body["head"] for pull in platform.pulls):
                    return self._answer(422, {"message": "A pull request already exists for shop:x."})
                platform.pulls.append(body)
                return self._answer(201, {"html_url": "https://example.invalid/pull/1"})

            def do_GET(self) -> None:
                self._answer(200, [{"html_url": "https://example.invalid/pull/1"}])

            def _answer(self, status: int, value: object) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Tests are quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def platform() -> Iterator[Platform]:
    one = Platform()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def job(tmp_path: Path, platform: Platform) -> dict[str, str]:
    """The environment of a job in a checkout, with a bare repository as the remote."""
    checkout = make_repo(tmp_path / "runner/shop")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "server/acme/shop.git"], check=True)
    return {
        "HOME": str(tmp_path / "home"),
        "PATH": os.environ["PATH"],
        "GITHUB_WORKSPACE": str(checkout),
        "GITHUB_RUN_ID": "4711",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SERVER_URL": f"file://{tmp_path}/server",
        "GITHUB_API_URL": platform.url,
        "GITHUB_REF_NAME": "main",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_TOKEN": TOKEN,
        **{f"{PREFIX}{name}": value for name, value in {"TASK": TASK, "OFFLINE": "true", "APPROVE": "auto"}.items()},
    }


def run(env: dict[str, str], kind: str = "github") -> subprocess.CompletedProcess[str]:
    given = {**os.environ, **env}
    return subprocess.run(
        [sys.executable, "-m", "boringops.ci", kind],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def outputs(env: dict[str, str]) -> dict[str, str]:
    """As the runner reads them."""
    values: dict[str, str] = {}
    lines = iter(Path(env["GITHUB_OUTPUT"]).read_text().splitlines())
    for line in lines:
        name, _, mark = line.partition("<<")
        value = []
        for held in lines:
            if held == mark:
                break
            value.append(held)
        values[name] = "\n".join(value)
    return values


def test_a_github_job_opens_a_pull_request_with_the_task_report(
    job: dict[str, str], platform: Platform, tmp_path: Path
) -> None:
    ran = run({**job, f"{PREFIX}PULL_REQUEST": "true"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = outputs(job)
    assert (said["status"], said["exit-code"], said["pull-request"]) == ("done", "0", "https://example.invalid/pull/1")
    (pull,) = platform.pulls
    assert (pull["head"], pull["base"]) == ("boringops/4711", "main")
    assert Path(said["report"]).read_text().strip() in pull["body"] and said["run-id"] in pull["body"]
    pushed = git(tmp_path / "server/acme/shop.git", "rev-parse", "boringops/4711").strip()
    assert pushed == said["commit"]
    page = Path(job["GITHUB_STEP_SUMMARY"]).read_text()
    assert "boringops: done" in page and "| `Dockerfile` | create | hadolint passed" in page
    everywhere = (
        ran.stdout
        + ran.stderr
        + page
        + Path(job["GITHUB_OUTPUT"]).read_text()
        + git(Path(job["GITHUB_WORKSPACE"]), "config", "--list")
    )
    assert TOKEN not in everywhere and platform.tokens == {f"Bearer {TOKEN}"}


def test_a_refused_pull_request_fails_the_job_and_says_what_is_missing(job: dict[str, str], platform: Platform) -> None:
    platform.refuse = 403
    ran = run({**job, f"{PREFIX}PULL_REQUEST": "true"})
    assert ran.returncode == 1 and "pull-requests: write" in ran.stdout
    assert outputs(job)["commit"]  # the work is not lost


def test_a_plan_that_waits_is_red_and_shown(job: dict[str, str]) -> None:
    ran = run({**job, f"{PREFIX}APPROVE": "never"})
    assert ran.returncode == 4 and "::error title=needs_approval::" in ran.stdout
    assert "create `Dockerfile`" in Path(job["GITHUB_STEP_SUMMARY"]).read_text()


def test_check_annotates_and_fails(job: dict[str, str]) -> None:
    (Path(job["GITHUB_WORKSPACE"]) / "Dockerfile").write_text("FROM python:latest\nCOPY . .\nCMD python app.py\n")
    ran = run({**job, f"{PREFIX}MODE": "check"})
    assert ran.returncode == 5 and "::error file=Dockerfile,line=1" in ran.stdout


def test_a_job_that_ran_out_of_its_budget_goes_on_in_the_next_attempt(
    job: dict[str, str], messages_api: MessagesApi, tmp_path: Path
) -> None:
    checkout, state = Path(job["GITHUB_WORKSPACE"]), tmp_path / "state"
    (tmp_path / "plain.md").write_text(PLAIN)
    env = {name: value for name, value in job.items() if not name.endswith("_OFFLINE")}
    env |= {f"{PREFIX}PERSONA": str(tmp_path / "plain.md"), f"{PREFIX}MAX_TURNS": "2", f"{PREFIX}STATE": str(state)}
    env |= {
        "ANTHROPIC_BASE_URL": messages_api.url,
        "ANTHROPIC_API_KEY": "test-key",
        "ANTHROPIC_CONFIG_DIR": str(tmp_path),
    }
    messages_api.reply(tool_use("SubmitPlan", **planned("docs/runbook.md")))
    messages_api.reply(tool_use("Write", file_path="docs/runbook.md", content="# Runbook\n\nRestart it.\n"))
    first = run(env)
    assert first.returncode == 6 and outputs(env)["unfinished"] == "true", first.stdout + first.stderr
    run_id = outputs(env)["run-id"]

    git(checkout, "clean", "--quiet", "--force", "-d")  # the next attempt has a fresh checkout
    for left in (checkout / ".git/boringops", Path(env["GITHUB_OUTPUT"])):
        subprocess.run(["rm", "-r", left], check=True)
    messages_api.reply(tool_use("Finish", outcome="done", summary="The runbook is written."))
    second = run(env)
    assert second.returncode == 0, second.stdout + second.stderr
    assert outputs(env)["run-id"] == run_id and "going on with run" in second.stderr
    assert git(checkout, "show", "--format=", "--name-only", "HEAD").split() == ["docs/runbook.md"]
    assert outputs(env)["unfinished"] == "false" and len(messages_api.requests) == 3

    git(checkout, "reset", "--quiet", "HEAD")
    assert not state.exists()


def test_what_an_attempt_left_is_not_laid_over_another_commit(job: dict[str, str], tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "carried.json").write_text(
        json.dumps({"run_id": "r1", "head": "0" * 40, "root": job["GITHUB_WORKSPACE"], "deleted": []})
    )
    ran = run({**job, f"{PREFIX}STATE": str(state)})
    assert ran.returncode == 0 and "beginning anew" in ran.stderr and "000000000000" in ran.stderr


def test_a_gitlab_job_leaves_reports_and_pushes_with_merge_request_options(job: dict[str, str], tmp_path: Path) -> None:
    server, options = tmp_path / "server/acme/shop.git", tmp_path / "options"
    git(server, "config", "receive.advertisePushOptions", "true")
    hook = server / "hooks/pre-receive"
    hook.write_text(f'#!/bin/sh\nenv | grep "^GIT_PUSH_OPTION_[0-9]" > {options}\n')
    hook.chmod(0o755)
    artifacts = tmp_path / "artifacts"
    env = {**job, "CI_PROJECT_DIR": job["GITHUB_WORKSPACE"], "CI_PIPELINE_ID": "12", "CI_JOB_TOKEN": TOKEN}
    env |= {"CI_PROJECT_URL": f"file://{tmp_path}/server/acme/shop", f"{PREFIX}ARTIFACTS": str(artifacts)}
    ran = run({**env, f"{PREFIX}PULL_REQUEST": "true"}, "gitlab")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert Result.model_validate_json((artifacts / gitlab.RESULT).read_text()).status == "done"
    assert json.loads((artifacts / gitlab.QUALITY).read_text()) == [] or (artifacts / gitlab.QUALITY).stat().st_size
    assert "BORINGOPS_STATUS=done" in (artifacts / gitlab.VARIABLES).read_text()
    assert "merge_request.create" in options.read_text() and "merge_request.target=main" in options.read_text()
    assert (
        git(server, "rev-parse", "boringops/12").strip()
        == git(Path(job["GITHUB_WORKSPACE"]), "rev-parse", "HEAD").strip()
    )
    assert TOKEN not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Input task is empty"),
        ({"TASK": "x", "MAX_COST": "much"}, "Input max-cost"),
        ({"TASK": "x", "MODE": "apply"}, "Input mode"),
        ({"TASK": "x", "FOO": "1"}, "Input foo"),
        ({"TASK": "x", "MODE": "plan", "PULL_REQUEST": "true"}, "mode: run"),
    ],
)
def test_a_wrong_input_is_named(given: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Inputs.read({f"{PREFIX}{name}": value for name, value in given.items()})


def test_what_a_model_says_can_neither_write_outputs_nor_html_nor_mentions(tmp_path: Path) -> None:
    hostile = "fine\nstatus<<x\ndone\nx\n<img src=x> @everyone"
    result = Result(
        status="needs_clarification", exit_code=3, summary=hostile, questions=[Question(question=hostile)], usage=Usage(),
        findings=[Finding(rule="r", severity="error", path="a|b", message=hostile, source="boringops")],
    )  # fmt: skip
    env = {"GITHUB_OUTPUT": str(tmp_path / "out")}
    github.write_outputs(env, result, "", unfinished=False)
    assert outputs(env)["status"] == "needs_clarification" and outputs(env)["summary"] == hostile
    page = summary.render(result)
    assert "<img" not in page and "@everyone" not in page


def test_the_action_and_the_component_hand_on_every_input_they_have() -> None:
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text())
    step = next(step for step in action["runs"]["steps"] if step.get("id") == "run")
    known = {f"{PREFIX}{name.upper()}" for name in Inputs.model_fields}
    assert {name for name in step["env"] if name.startswith(PREFIX)} == known - {f"{PREFIX}ARTIFACTS"}
    spec, component = YAML(typ="safe").load_all((ROOT / "templates/boringops.yml").read_text())
    (made,) = component.values()
    assert {name for name in made["variables"] if name.startswith(PREFIX)} <= known
    used = (ROOT / "templates/boringops.yml").read_text()
    assert all(f"$[[ inputs.{name} ]]" in used for name in spec["spec"]["inputs"])
    written = set(action["outputs"])
    assert written == set(github.OUTPUTS) - {"unfinished"}


def test_what_the_documentation_shows_is_clean(tmp_path: Path) -> None:
    text = (ROOT / "docs/ci.md").read_text()
    shown = {
        "## GitHub": (".github/workflows/infra.yml", "yaml"),
        "## CircleCI": (".circleci/config.yml", "yaml"),
        "## Jenkins": ("Jenkinsfile", "groovy"),
    }
    root = make_repo(tmp_path / "repo", {})
    for heading, (path, language) in shown.items():
        block = text.partition(heading)[2].partition(f"```{language}\n")[2].partition("```")[0]
        content = block.replace("OWNER/boringops@COMMIT", f"owner/boringops@{'0' * 40} # v1").replace(
            "DIGEST", "0" * 64
        )
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    command = [sys.executable, "-m", "boringops", "check", "--fail-on", "warning"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_our_own_action_component_and_image_are_clean() -> None:
    paths = ["action.yml", "templates/boringops.yml", "Dockerfile", ".dockerignore"]
    command = [sys.executable, "-m", "boringops", "check", "--fail-on", "warning", *paths]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
