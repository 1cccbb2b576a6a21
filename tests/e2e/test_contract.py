"""What callers from outside rely on: verbs, options, exit codes, schemas, and which stream holds what."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.conftest import Boringops, Ran
from tests.e2e.playing import in_process
from tests.repos import FLASK, MEMORY, git, make_repo

TASK = "Containerise this"
RUNNING = (
    "--repo", "--persona", "--model", "--offline", "--output", "--max-cost", "--max-turns", "--max-minutes", "--phase",
    "--handoff", "-c",
)  # fmt: skip
VERBS: dict[str, tuple[str, ...]] = {
    "run": (*RUNNING, "--approve", "--min-confidence", "--branch", "--worktree", "--no-commit", "--strict"),
    "plan": RUNNING,
    "resume": ("--repo", "--approve", "--answer", "--output", "--max-cost", "--max-turns", "--max-minutes", "-c"),
    "runs": ("--repo", "--output"),
    "show": ("--repo", "--output"),
    "undo": ("--repo", "--dry-run", "--output"),
    "inventory": ("--repo", "--persona", "--output"),
    "check": ("--repo", "--fail-on", "--strict", "--output"),
    "init": ("--repo", "--output"),
    "doctor": ("--output",),
    "persona list": ("--repo", "--output"),
    "persona show": ("--repo", "--output"),
    "persona check": ("--repo",),
    "chat": ("--repo", "--persona", "--model", "--offline", "-c"),
    "serve mcp": (),
    "serve a2a": (),
    "serve acp": (),
    "schema": (),
}


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Boringops:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return in_process(capsys, monkeypatch)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "work/shop")


def schema(here: Boringops, what: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(here("schema", what).out)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


# --- verbs and options --------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_options(here: Boringops, verb: str) -> None:
    ran = here(*verb.split(), "--help")
    offered = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", ran.out))
    assert (ran.code, set(VERBS[verb]) - offered) == (0, set())
    if "--repo" in offered:
        assert "-C" in offered


def test_the_chat_without_a_terminal_says_how_to_do_without_it(here: Boringops) -> None:
    for arguments in ([], ["chat"]):
        ran = here(*arguments)
        assert (ran.code, ran.out) == (2, "") and "needs a terminal" in ran.err and "boringops run" in ran.err


def test_the_version_is_printed(here: Boringops) -> None:
    ran = here("--version")
    assert ran.code == 0 and re.fullmatch(r"boringops \d+\.\d+\.\d+\n", ran.out)


def test_an_unknown_verb_is_a_usage_error(here: Boringops) -> None:
    ran = here("deploy")
    assert (ran.code, ran.out) == (2, "") and "deploy" in ran.err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["schema", "plan"]])
def test_help_imports_nothing_that_costs(arguments: list[str]) -> None:
    heavy = {"anthropic", "git", "rich", "jinja2", "ruamel", "check_jsonschema", "tree_sitter", "boringops_tools"}
    script = (
        "import sys\nfrom boringops.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stderr.split()} & heavy == set()
    assert done.stdout


# --- schemas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["result", "events", "plan", "config"])
def test_schemas_are_json_schemas(here: Boringops, what: str) -> None:
    published = schema(here, what)
    described = published.get("properties") or published["anyOf"]
    assert len(described) > 5


def test_the_results_schema_has_the_fields_that_were_promised(here: Boringops) -> None:
    promised = (
        "version run_id status exit_code summary task persona model confidence questions plan changes findings validation "
        "checklist follow_ups memory_bank inventory report_path commit permission_denials usage duration_s error"
    )
    published = schema(here, "result")
    assert set(promised.split()) <= set(published["properties"])
    parts = published["$defs"]
    assert {"path", "tool", "tool_version", "outcome", "reason"} <= set(parts["Validation"]["properties"])
    assert {"verified", "attested", "not_applicable", "handed_over", "open", "items"} <= set(
        parts["ChecklistOut"]["properties"]
    )
    assert {"turns", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_usd"} <= set(
        parts["Usage"]["properties"]
    )
    assert {"kind", "message", "hint"} <= set(parts["ErrorOut"]["properties"])


def test_the_configuration_schema_takes_what_the_documents_show(here: Boringops) -> None:
    published = schema(here, "config")
    good = {"max_cost": 2, "provider": {"effort": "high"}, "permissions": {"allow": ["Bash(terraform plan *)"]}}
    jsonschema.validate(good, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"max_csot": 2}, published)


# --- a run from outside -------------------------------------------------------------------------------


def test_a_run_through_every_verb_that_looks_at_it(repo: Path, boringops: Boringops, here: Boringops) -> None:
    assert here("runs", "-C", repo).out == "No runs yet.\n"
    nobody = here("show", "-C", repo)
    assert (nobody.code, nobody.out) == (2, "") and "no runs" in nobody.err

    planned = boringops("plan", TASK, "-C", repo, "--offline", "--output", "json")
    assert (planned.code, planned.result["status"], planned.result["error"]) == (0, "planned", None)
    jsonschema.validate(planned.result["plan"], schema(here, "plan"))
    assert git(repo, "status", "--porcelain") == ""
    shown = here("show", "-C", repo, "--output", "json").result
    assert (shown["status"], shown["plan"]) == ("planned", planned.result["plan"])

    resumed = boringops("resume", "-C", repo, "--approve", "--output", "stream-json")
    assert resumed.code == 0, resumed.err
    lines = [json.loads(line) for line in resumed.out.splitlines()]
    event_schema = jsonschema.Draft202012Validator(schema(here, "events"))
    assert [line["type"] for line in lines if not event_schema.is_valid(line)] == ["result"]
    assert lines[-1]["type"] == "result" and lines[0]["type"] == "run_resumed"
    assert [line["seq"] for line in lines[:-1]] == list(range(lines[0]["seq"], lines[0]["seq"] + len(lines) - 1))
    result = {name: value for name, value in lines[-1].items() if name != "type"}
    jsonschema.validate(result, schema(here, "result"))
    assert (result["status"], result["run_id"]) == ("done", planned.result["run_id"])

    told = here("show", result["run_id"], "-C", repo, "--output", "json").result
    same = result.keys() - {"duration_s", "summary"}
    assert {name: told[name] for name in same} == {name: result[name] for name in same}
    events = [json.loads(line) for line in here("show", "-C", repo, "--output", "stream-json").out.splitlines()]
    assert events[-len(lines) + 1 :] == lines[:-1]
    text = here("show", "-C", repo).out
    assert text.startswith("✓ done:") and result["commit"][:12] in text and "create  Dockerfile" in text

    (row,) = json.loads(here("runs", "-C", repo, "--output", "json").out)
    assert (row["run_id"], row["status"], row["commit"]) == (result["run_id"], "done", result["commit"])
    assert result["run_id"] in here("runs", "-C", repo).out

    again = boringops("resume", "-C", repo, "--output", "json")
    assert (again.code, again.result["commit"]) == (0, result["commit"])
    assert git(repo, "rev-list", "--count", "HEAD") == "2\n"


def test_without_a_terminal_nothing_is_approved(repo: Path, boringops: Boringops) -> None:
    ran = boringops("run", TASK, "-C", repo, "--offline", "--output", "json")
    assert (ran.code, ran.result["status"], ran.result["error"]["kind"]) == (4, "needs_approval", "approval")
    assert f"boringops resume {ran.result['run_id']} --approve" in ran.result["error"]["hint"]
    assert git(repo, "status", "--porcelain") == "" and git(repo, "rev-list", "--count", "HEAD") == "1\n"


def test_there_is_nothing_to_approve_or_answer_where_nothing_waits(repo: Path, here: Boringops) -> None:
    assert here("plan", "We need disaster recovery", "-C", repo, "--offline", "--output", "json").code == 3
    approved = here("resume", "-C", repo, "--approve", "--output", "json")
    assert (approved.code, approved.result["status"]) == (2, "usage")
    assert here("resume", "20200101-000000-0000", "-C", repo, "--output", "json").code == 2
    still = here("resume", "-C", repo, "--output", "json")
    assert (still.code, len(still.result["questions"])) == (3, 3)


def test_no_commit_leaves_the_changes_and_strict_tells_what_is_handed_over(repo: Path, here: Boringops) -> None:
    ran = here("run", TASK, "-C", repo, "--offline", "--approve", "auto", "--no-commit", "--strict", "--output", "json")
    assert (ran.code, ran.result["status"], ran.result["error"]["kind"]) == (5, "incomplete", "strict")
    assert ran.result["commit"] is None and ran.result["checklist"]["handed_over"] > 0
    assert "?? Dockerfile" in git(repo, "status", "--porcelain")
    assert git(repo, "rev-list", "--count", "HEAD") == "1\n"


def test_a_branch_and_a_worktree_leave_the_checkout_as_it_is(repo: Path, here: Boringops) -> None:
    ran = here(
        "run", TASK, "-C", repo, "--offline", "--approve", "auto", "--worktree", "--branch", "infra", "--output", "json"
    )
    assert (ran.code, ran.result["status"]) == (0, "done"), ran.result["error"]
    assert git(repo, "rev-parse", "infra").strip() == ran.result["commit"]
    assert git(repo, "branch", "--show-current") == "main\n"
    assert git(repo, "status", "--porcelain") == "" and not (repo / "Dockerfile").exists()


# --- verbs without a model ----------------------------------------------------------------------------


def check(here: Boringops, repo: Path, *arguments: str | Path) -> Ran:
    return here("check", "-C", repo, *arguments)


def test_check_fails_at_and_over_its_floor(tmp_path: Path, here: Boringops) -> None:
    repo = make_repo(
        tmp_path / "shop",
        {**FLASK, "Dockerfile": "FROM node:24.1.0\nUSER node\nRUN cd /tmp && ls | wc -l\n", "bad.sh": "echo $1\n"},
    )
    found = json.loads(check(here, repo, "Dockerfile", "--output", "json").out)
    assert {finding["severity"] for finding in found["findings"]} == {"warning", "info"}
    assert check(here, repo, "Dockerfile").code == 5  # warning is the default
    assert check(here, repo, "Dockerfile", "--fail-on", "error").code == 0
    assert check(here, repo, "app.py", "--fail-on", "info").code == 0
    assert check(here, repo, "nope").code == 2
    assert check(here, repo, tmp_path).code == 2


def test_check_finds_what_must_never_be_there(tmp_path: Path, here: Boringops) -> None:
    repo = make_repo(tmp_path / "shop", {**FLASK, "Dockerfile": "FROM node:latest\nUSER 1000\n"})
    ran = check(here, repo, "--fail-on", "error")
    assert ran.code == 5 and "image/latest" in ran.out and "Dockerfile" in ran.out


def test_inventory_says_what_is_there(tmp_path: Path, here: Boringops) -> None:
    repo = make_repo(tmp_path / "shop", {**FLASK, "Dockerfile": "FROM python:3.13-slim\n", "main.tf": "terraform {}\n"})
    listed = json.loads(here("inventory", "-C", repo, "--output", "json").out)
    assert {(item["path"], item["kind"]) for item in listed["files"]} >= {
        ("Dockerfile", "dockerfile"),
        ("main.tf", "terraform"),
    }
    text = here("inventory", "-C", repo)
    assert text.code == 0 and "Dockerfile" in text.out and "main.tf" in text.out


def test_init_writes_a_first_memory_bank_and_keeps_what_is_there(tmp_path: Path, here: Boringops) -> None:
    mine = {"memory-bank/techContext.md": MEMORY["memory-bank/techContext.md"]}
    repo = make_repo(tmp_path / "shop", {**FLASK, **mine})
    first = json.loads(here("init", "-C", repo, "--output", "json").out)
    assert first["kept"] == ["memory-bank/techContext.md"] and "memory-bank/systemPatterns.md" in first["written"]
    assert (repo / "memory-bank/techContext.md").read_text() == mine["memory-bank/techContext.md"]
    again = json.loads(here("init", "-C", repo, "--output", "json").out)
    assert again["written"] == [] and set(again["kept"]) == {*first["kept"], *first["written"]}


def test_doctor_says_what_works(here: Boringops) -> None:
    told = json.loads(here("doctor", "--output", "json").out)
    assert {row["what"] for row in told["machine"]} >= {"boringops", "python", "git", "model", "sandbox"}
    assert all(tool["path"] or tool["get"] for tool in told["validators"])
    text = here("doctor")
    assert text.code == 0 and "ANTHROPIC_API_KEY" in text.out


def test_the_shipped_persona_can_be_listed_shown_and_checked(tmp_path: Path, here: Boringops) -> None:
    assert "devops-infrastructure" in json.loads(here("persona", "list", "-C", tmp_path, "--output", "json").out)
    shown = json.loads(here("persona", "show", "devops-infrastructure", "--output", "json").out)
    assert {"Read", "SubmitPlan", "Finish"} <= set(shown["effective_tools"])
    checked = here("persona", "check", "devops-infrastructure")
    assert checked.code == 0 and "memory bank" in checked.out
    assert here("persona", "show", "nobody").code == 2
    (tmp_path / "broken.md").write_text("no front matter\n")
    assert here("persona", "check", tmp_path / "broken.md").code == 2
