"""Each rule's own examples are its test; here is only what runs them, and what holds for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.red_flags import RedFlag, red_flags, scan

EXAMPLES = [
    pytest.param(rule, path, text, expected, id=f"{rule.id}-{'bad' if expected else 'good'}-{path}")
    for rule in red_flags()
    for expected, files in ((True, rule.bad), (False, rule.good))
    for path, text in files.items()
]


@pytest.mark.parametrize(("rule", "path", "text", "expected"), EXAMPLES)
def test_the_examples_of_a_rule(rule: RedFlag, path: str, text: str, expected: bool) -> None:
    assert rule.applies(path) or not expected
    hits = list(rule.check(path, text)) if rule.applies(path) else []
    assert bool(hits) is expected, hits


def test_every_rule_has_examples_of_both_kinds_and_an_id_of_its_own() -> None:
    assert [rule.id for rule in red_flags() if not rule.bad or not rule.good or not rule.reason] == []
    assert len({rule.id for rule in red_flags()}) == len(red_flags())


def test_findings_name_rule_line_and_way_out(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("# syntax=docker/dockerfile:1\nARG V=latest\nFROM node:${V}\nUSER 1000\n")
    [finding] = [each for each in scan(tmp_path, ["Dockerfile"]) if each.rule == "image/latest"]
    assert (finding.line, finding.severity, finding.source) == (3, "error", "boringops")
    assert "node:latest" in finding.message
    assert finding.hint


def test_a_secret_is_named_and_never_shown(tmp_path: Path) -> None:
    value = "q7Rz" + "mW29tLk4"
    (tmp_path / "compose.yaml").write_text(f"services:\n  db:\n    environment:\n      DB_PASSWORD: {value}\n")
    [finding] = [each for each in scan(tmp_path, ["compose.yaml"]) if each.rule.startswith("secret")]
    assert (finding.rule, finding.line) == ("secret/password", 4)
    assert value not in finding.model_dump_json()


def test_secret_files_are_named_even_where_they_cannot_be_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "store.p12").write_bytes(b"\x00\x01\xff")
    assert [each.rule for each in scan(tmp_path, ["store.p12", "gone.pem"])] == ["secret-file"]


def test_unreadable_yaml_is_a_finding_and_a_template_is_none(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a: [\n")
    (tmp_path / "deploy.yaml").write_text("{{- if .Values.on }}\nkind: X\n{{- end }}\n")
    findings = scan(tmp_path, ["compose.yaml", "deploy.yaml"])
    assert [(each.path, each.rule) for each in findings] == [("compose.yaml", "unreadable")]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a", "jobs: 3", "services: {a: 1, b: [x]}", "jobs: {a: {steps: [1, {uses: 2, run: 3}]}}", "{}: 1"],
)
@pytest.mark.parametrize("path", [".github/workflows/a.yml", "compose.yaml", "k8s.yaml", "Dockerfile", "main.tf"])
def test_no_shape_of_a_file_breaks_a_rule(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert not [each for each in scan(tmp_path, [path]) if "broke down" in each.message]


@pytest.mark.parametrize(
    ("path", "text", "severity"),
    [
        (".env", "PORT=80\nVITE_API_URL=http://localhost:8000\n", "info"),
        (".env", "PORT=80\nSECRET_KEY=changethis\n", "error"),
        (".env", "export DB_PASSWORD=x\n", "error"),
        (".env.production", "DATABASE_URL=postgresql://app:app@db/app\n", "error"),
        ("prod.tfvars", "size = 1\n", "warning"),
        (".devcontainer/Dockerfile", "FROM debian:13\n", "info"),
        ("Dockerfile", "FROM debian:13\n", "error"),
    ],
)
def test_what_a_file_holds_and_is_for_decides_how_bad_it_is(
    tmp_path: Path, path: str, text: str, severity: str
) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    found = [each for each in scan(tmp_path, [path]) if each.rule in ("secret-file", "user/missing")]
    assert [each.severity for each in found] == [severity]


@pytest.mark.parametrize("action", ["actions/checkout", "Actions/Checkout"])
def test_an_action_is_the_same_in_any_case(tmp_path: Path, action: str) -> None:
    path = ".github/workflows/a.yml"
    (tmp_path / path).parent.mkdir(parents=True)
    step = f"uses: {action}@v4\n        with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
    (tmp_path / path).write_text(f"on: pull_request_target\njobs:\n  a:\n    steps:\n      - {step}")
    assert "workflow/foreign-checkout" in {each.rule for each in scan(tmp_path, [path])}


@pytest.mark.parametrize(
    ("key", "way_out"), [("ipc", "shm_size"), ("network_mode", "Publish the ports"), ("pid", "processes")]
)
def test_each_wall_that_is_missing_has_a_way_out_of_its_own(tmp_path: Path, key: str, way_out: str) -> None:
    (tmp_path / "compose.yaml").write_text(f"services:\n  a:\n    image: a:1\n    {key}: host\n")
    (found,) = [each for each in scan(tmp_path, ["compose.yaml"]) if each.rule == "compose/host-namespace"]
    assert way_out in found.hint
