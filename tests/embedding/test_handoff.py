"""The hand-off: typed, read from files, and held against the repository; and what a run hands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops import Handoff, Specialist, Task, UsageError
from boringops.handoff import load
from boringops_tools.handoff import contradictions
from tests.embedding.playing import RUNBOOK, ScriptedModel, finish, plan, working, write
from tests.repos import FLASK, make_repo

AGREES = {
    "application": {"ready": True, "tested": True},
    "runtime": {"python": "3.13"},
    "health_endpoint": "/healthz",
    "variables": ["LOG_LEVEL"],
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.json", '{"health_endpoint": "/healthz", "variables": ["A", {"name": "B", "secret": true}]}'),
        ("h.yaml", "health_endpoint: /healthz\nvariables:\n  - A\n  - {name: B, secret: true}\n"),
        ("h.toml", 'health_endpoint = "/healthz"\nvariables = ["A", {name = "B", secret = true}]\n'),
    ],
)
def test_three_formats_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    handoff = load(tmp_path / name)
    assert handoff.health_endpoint == "/healthz"
    assert [(variable.name, variable.secret) for variable in handoff.variables] == [("A", False), ("B", True)]


@pytest.mark.parametrize(
    ("name", "text", "said", "hint"),
    [
        ("h.yaml", "notes: hi\nhealth_endpiont: /x\n", "h.yaml:2: a hand-off has no field 'health_endpiont'", "health_endpoint"),
        ("h.yaml", "port: 70000\n", "h.yaml:1: port:", ""),
        ("h.yaml", "health_endpoint: healthz\n", "h.yaml:1: health_endpoint:", ""),
        ("h.yaml", "a: [\n", "h.yaml:2: it is not valid YAML", ""),
        ("h.json", "{", "h.json:1: it is not valid JSON", ""),
        ("h.toml", "a = \n", "h.toml:1: it is not valid TOML", ""),
        ("h.yaml", "- 1\n", "h.yaml: a hand-off is a mapping", ""),
        ("h.md", "# words", "a hand-off is .json, .yaml, .yml, .toml", ""),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, name: str, text: str, said: str, hint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as wrong:
        load(tmp_path / name)
    assert said in wrong.value.message and hint in wrong.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "h.yaml")


def test_claims_that_hold_are_not_contradicted(repo: Path) -> None:
    assert contradictions(Handoff.model_validate(AGREES), repo, sorted(FLASK)) == []


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"health_endpoint": "/api/health"}, "the code answers /healthz (app.py:9)"),
        ({"runtime": {"node": "22"}}, "the repository's applications are python"),
        ({"variables": ["LOG_LEVEL", "STRIPE_KEY"]}, "No code was found that reads STRIPE_KEY."),
        ({"migrations": {"folder": "db/migrations"}}, "git sees no file there"),
        ({"application": {"ready": False}}, "not ready"),
        ({"application": {"tested": False}}, "tests do not pass"),
    ],
)
def test_a_claim_the_repository_contradicts(repo: Path, claims: dict[str, object], said: str) -> None:
    (found,) = contradictions(Handoff.model_validate(claims), repo, sorted(FLASK))
    assert said in found


def test_services_and_migrations_nobody_mentioned(tmp_path: Path) -> None:
    files = {**FLASK, "requirements.txt": "flask==3.1.2\npsycopg==3.2.0\n", "migrations/0001.sql": "select 1;\n"}
    root = make_repo(tmp_path / "r", files)
    found = contradictions(Handoff(dependencies=["redis 7"]), root, sorted(files))
    assert any("psycopg (postgres)" in sentence for sentence in found)
    assert any("migrations/ has some" in sentence for sentence in found)


def test_contradictions_are_told_to_the_model_and_to_the_user(repo: Path, persona: str) -> None:
    model = working()
    handoff = Handoff(health_endpoint="/api/health", port=8080)
    result = Specialist(repo, persona=persona, model=model, approve="auto").run(Task(text="Go", handoff=handoff))
    first = str(model.requests[0].messages[0])
    assert "port" in first and "What the repository says against it" in first and "the code answers /healthz" in first
    assert [warning for warning in result.warnings if warning.startswith("Hand-off: The health endpoint")]


def test_outputs_are_what_the_run_made(repo: Path, persona: str) -> None:
    files = [
        {"path": path, "action": "create"}
        for path in (RUNBOOK, "Dockerfile", ".github/workflows/ci.yml", "ops/alerts.yml")
    ]
    made = {
        "Dockerfile": 'FROM python:3.13-slim\nRUN useradd app\nUSER app\nCMD ["python"]\n',
        ".github/workflows/ci.yml": "name: ci\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: 'true'\n",
        "ops/alerts.yml": "groups:\n  - name: up\n    rules:\n      - alert: Down\n        expr: up == 0\n",
        ".env.example": "LOG_LEVEL=info\n",
    }
    steps = [write(path, content) for path, content in made.items()]
    model = ScriptedModel([
        plan(confidence="medium", assumptions=["One server is enough."], files=files), write(), *steps,
        *[finish(follow_ups=["Load test it."])] * 5,
    ])  # fmt: skip
    result = Specialist(repo, persona=persona, model=model, approve="auto", commit={"enabled": False}).run(
        Task(text="Go")
    )
    outputs = result.outputs
    assert [item.path for item in outputs.pipeline] == [".github/workflows/ci.yml"]
    assert [item.path for item in outputs.infrastructure] == ["Dockerfile"]
    assert [item.path for item in outputs.monitoring] == ["ops/alerts.yml"]
    assert [item.path for item in outputs.runbook] == [RUNBOOK]
    assert [(item.path, item.section) for item in outputs.disaster_recovery] == [(RUNBOOK, "Backup and restore")]
    assert outputs.variables == ["LOG_LEVEL"]
    assert "Assumed: One server is enough." in outputs.known_limits
    assert any(item.checked for item in outputs.infrastructure)


def test_a_run_that_changed_nothing_has_no_outputs(repo: Path, persona: str) -> None:
    result = Specialist(repo, persona=persona, model=ScriptedModel([plan()])).run(Task(text="Go"), stop_after_plan=True)
    assert result.status == "planned" and not any(result.outputs.model_dump().values())
