"""The real tools on real files, and programs that misbehave."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from boringops.facts import Inspection, Validation
from boringops_tools import validators
from boringops_tools.validators import available, expects_validation, validate
from boringops_tools.validators.base import File, Program, Ran, Said, clean
from boringops_tools.yaml_files import template_reason

WORKFLOW = """on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - run: echo hi
"""
# path: (good text, bad text, validator, rule and line of the bad one's finding)
CASES: dict[str, tuple[str, str, str, str, int | None]] = {
    "Dockerfile": ("FROM alpine:3.22\nUSER 1000\n", "FROM alpine:3.22\nRUNN x\n", "hadolint", "DL1000", 2),
    "build/api.Dockerfile": ("FROM alpine:3.22\nUSER 1000\n", "FROM alpine\n", "hadolint", "DL3006", 1),
    "Containerfile": ("FROM alpine:3.22\nUSER 1000\n", "FROM alpine:3.22\nRUN cd /x\n", "hadolint", "DL3003", 2),
    ".github/workflows/ci.yml": (WORKFLOW, WORKFLOW.replace("runs-on", "run-on"), "jactionlint", "workflow-syntax", 4),
    ".github/dependabot.yml": (
        "version: 2\nupdates:\n  - package-ecosystem: npm\n    directory: /\n"
        "    schedule: {interval: weekly}\n    cooldown: {default-days: 7}\n",
        "version: 2\nupdates:\n  - package-ecosystem: nope\n    directory: /\n    schedule: {interval: weekly}\n",
        "jactionlint", "dependabot-syntax", 3,
    ),
    "compose.prod.yaml": (
        "services:\n  a:\n    build: !reset null\n    image: x:1\n    ports: !override ['80:80']\n",
        "services:\n  a:\n    build: !reset null\n    ports: 3\n", "check-jsonschema", "schema/compose-spec", 4,
    ),
    "compose.yaml": ("services: {a: {image: 'x:1'}}\n", "services:\n  a:\n    ports: 3\n", "check-jsonschema", "schema/compose-spec", 3),
    ".gitlab-ci.yml": (
        "a:\n  script: !reference [b, script]\n", "a:\n  script: x\n  stage: 3\n", "check-jsonschema", "schema/gitlab-ci", 3,
    ),
    ".circleci/config.yml": (
        "version: 2.1\njobs:\n  b:\n    docker: [{image: 'x:1'}]\n    steps: [checkout]\n",
        "version: 2.1\njobs:\n  b:\n    docker: 5\n    steps: [checkout]\n", "check-jsonschema", "schema/circle-ci", None,
    ),
    "azure-pipelines.yml": (
        "pool: {vmImage: ubuntu-24.04}\njobs:\n- job: a\n  timeoutInMinutes: 20\n  steps:\n  - script: x\n",
        "pool: {vmImage: ubuntu-24.04}\njobs:\n- job: a\n  step:\n  - script: x\n", "check-jsonschema", "schema/azure-pipelines", None,
    ),
    "renovate.json": ('{"extends": ["config:recommended"]}', '{"extends": 3}', "check-jsonschema", "schema/renovate", 1),
    "action.yml": (
        "name: a\ndescription: b\nruns: {using: composite, steps: []}\n", "name: a\nruns: {using: composite, steps: []}\n",
        "check-jsonschema", "schema/github-actions", None,
    ),
    "values.yml": ("a: 1\nlong: " + "x" * 300 + "\non: yes\n", "a: 1\na: 2\n", "yamllint", "key-duplicates", 2),
    "run.sh": ("#!/bin/sh\necho hi\n", "#!/bin/sh\nif true; then\n", "shellcheck", "SC1073", 2),
    "bin/deploy": ("#!/usr/bin/env bash\necho hi\n", "#!/usr/bin/env bash\ncd /x\nrm $1\n", "shellcheck", "SC2164", 2),
    "d.json": ('{"a": 1}', '{"a": 1,\n"a": 2}', "json", "duplicate-key", 2),
    "n.json": ("[1]", "[1,\nNaN]", "json", "no-number", 2),
    "p.toml": ("a = 1\n", "a = 1\na = 2\n", "toml", "syntax", 2),
}  # fmt: skip


def write(root: Path, files: dict[str, str]) -> list[str]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return list(files)


def outcome(inspection: Inspection, path: str, tool: str) -> Validation:
    [verdict] = [each for each in inspection.validation if (each.path, each.tool) == (path, tool)]
    return verdict


OPINIONS = {each.name for each in validators.validators() if not each.missed}
"""Validators that may be there or not: they judge one side of files that others judge."""


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """What the validators make of every bad file, each named twice."""
    root = tmp_path_factory.mktemp("bad")
    return validate(root, write(root, {path: case[1] for path, case in CASES.items()}) * 2)


def test_good_files_pass(tmp_path: Path) -> None:
    passed = validate(tmp_path, write(tmp_path, {path: case[0] for path, case in CASES.items()}))
    judged = [each for each in passed.validation if each.tool not in OPINIONS | {"none"}]
    assert [each for each in judged if each.outcome != "passed"] == []


def test_bad_files_fail_where_they_are_bad(failed: Inspection) -> None:
    for path, (_, _, tool, rule, line) in CASES.items():
        verdict = outcome(failed, path, tool)
        assert (verdict.outcome, bool(verdict.tool_version)) == ("failed", True), path
        lines = [each.line for each in failed.findings if (each.path, each.source, each.rule) == (path, tool, rule)]
        assert lines and (line is None or line in lines), [each for each in failed.findings if each.path == path]


def test_one_verdict_for_each_file_and_validator(failed: Inspection) -> None:
    verdicts = [(each.path, each.tool) for each in failed.validation]
    assert len(verdicts) == len(set(verdicts))
    assert {path for path, _ in verdicts} == set(CASES)


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.yml")
    (tmp_path / name).write_text("a: 1\na: 2\n")
    inspection = validate(tmp_path, [name])
    assert {each.path for each in inspection.validation} == {"caf\\udce9.yml"}
    assert outcome(inspection, "caf\\udce9.yml", "yamllint").outcome == "failed"
    assert inspection.model_dump_json()


@pytest.mark.parametrize(
    "name", ["-rf.yml", "a b.yml", "größe.yml", "new\nline.yml", "q'uo\"te.yml", "a:1:2: [x].yml", "$(id).yml"]
)
def test_odd_names_are_no_options_and_lose_no_verdict(tmp_path: Path, name: str) -> None:
    workflow = f".github/workflows/{name}"
    paths = write(tmp_path, {name: "a: 1\na: 2\n", workflow: WORKFLOW, "Dockerfile." + name[:-4]: "FROM a:1\n"})
    inspection = validate(tmp_path, paths)
    assert outcome(inspection, name, "yamllint").outcome == "failed"
    assert outcome(inspection, workflow, "jactionlint").outcome == "passed"
    assert outcome(inspection, paths[2], "hadolint").outcome == "passed"


def test_what_cannot_be_read_costs_no_other_file_its_verdict(tmp_path: Path) -> None:
    paths = write(tmp_path, {"good.yml": "a: 1\n"})
    (tmp_path / "binary.yml").write_bytes(b"a\0b")
    (tmp_path / "latin.yml").write_bytes(b"a: \xe9\n")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "out.yml").symlink_to("/etc/hostname")
    with (tmp_path / "huge.yml").open("wb") as huge:
        huge.truncate(50 * 1024 * 1024)
    odd = ["binary.yml", "latin.yml", "folder.yml", "out.yml", "huge.yml", "gone.yml"]
    inspection = validate(tmp_path, [*odd, *paths])
    assert outcome(inspection, "good.yml", "yamllint").outcome == "passed"
    reasons = {each.path: each.reason for each in inspection.validation if each.tool == "none"}
    assert set(reasons) == set(odd)
    for path, word in zip(odd, ["binary", "UTF-8", "no file", "outside", "50 MiB", "not exist"], strict=True):
        assert word in reasons[path]


def test_templates_are_not_validated_rather_than_failed(tmp_path: Path) -> None:
    paths = write(tmp_path, {
        "chart/Chart.yaml": "name: a\n", "chart/templates/sub/a.yaml": "kind: {{ .Values.kind }}\n",
        "chart/templates/plain.yaml": "kind: A\n", "site.yml": "- hosts: all\n  tasks:\n    - debug: msg=\"{{ x }}\"\n",
        "j.yml": "{% if x %}\na: 1\n{% endif %}\n",
    })  # fmt: skip
    inspection = validate(tmp_path, paths)
    for path in ("chart/templates/sub/a.yaml", "chart/templates/plain.yaml", "j.yml"):
        verdicts = [each for each in inspection.validation if each.path == path and each.tool not in OPINIONS]
        assert {each.outcome for each in verdicts} == {"not_validated"}, verdicts
        # helm, where it is there, renders a chart; this one cannot be
        assert all(each.tool == "helm" or "template" in each.reason for each in verdicts), verdicts
    assert outcome(inspection, "site.yml", "yamllint").outcome == "passed"


@pytest.mark.parametrize("text", [" ", "\n", "\t", "- ", "# ", " #"])
def test_white_space_is_looked_through_once(tmp_path: Path, text: str) -> None:
    """Looked through again from each line, or each column, this would take many minutes."""
    assert template_reason(File(tmp_path, "a.yaml", text * 200_000)) == ""
    assert template_reason(File(tmp_path, "a.yaml", f"{text * 9}\n- a:  {{{{ x }}}}\n")) != ""


def test_what_nothing_covers_is_said(tmp_path: Path) -> None:
    files = {"Vagrantfile": "", "dashboard.json": '{"panels": [], "schemaVersion": 1}', "Pulumi.yaml": "name: a\n"}
    files |= dict.fromkeys(("README.md", "app.py", "web/a.js", "go.mod", ".env.example", ".gitignore", "notes.txt"), "")
    verdicts = validate(tmp_path, write(tmp_path, files)).validation
    silent = {each.path: each.reason for each in verdicts if each.outcome == "not_validated"}
    assert set(silent) == {"Vagrantfile", "dashboard.json", "Pulumi.yaml"}
    assert "grafana dashboard" in silent["dashboard.json"]
    assert {each.path for each in verdicts if each.tool not in OPINIONS} == set(silent)


def test_expects_validation() -> None:
    for path in ("a.tf", "ci/Jenkinsfile", "nginx.conf", "k8s/x.yaml", "Makefile", "x.service", "Dockerfile.dev"):
        assert expects_validation(path), path
    for path in (
        "a.py",
        "b.js",
        "README.md",
        ".env.example",
        ".dockerignore",
        "LICENSE",
        "src/main.go",
        "package-lock.json",
    ):
        assert not expects_validation(path), path


class Fake(Program):
    """A program that does what the file `PROGRAM` of the test says."""

    name = "fake"
    about = "*.fake"
    get = "ask for it"
    script = ""

    def __init__(self, where: Path | None) -> None:
        self.where = where

    def locate(self) -> str | None:
        return str(self.where) if self.where else None

    def version(self) -> str | None:
        return "1.0"

    def covers(self, file: File) -> bool:
        return file.suffix == ".fake"

    def arguments(self, names: Sequence[str]) -> list[str]:
        return list(names)

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            yield Said(**item)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def install(script: str | None) -> Path:
        program = tmp_path / "program"
        if script is not None:
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
        monkeypatch.setattr(validators, "rounds", lambda: [(Fake(program if script is not None else None),)])
        root = tmp_path / "root"
        write(root, {"a.fake": "good", "b.fake": "bad"})
        return root

    return install


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "absent: ask for it"),
        ("echo 'out of luck' >&2; echo more >&2; exit 7", "crashed with exit code 7: out of luck"),
        ("echo nonsense", "output unreadable"),
        ('echo \'[{"file": "elsewhere"}]\'', "output unreadable"),
        ("kill -9 $$", "crashed with exit code -9"),
    ],
)
def test_a_program_that_fails_is_not_validated(fake, script: str | None, reason: str) -> None:  # type: ignore[no-untyped-def]
    inspection = validate(fake(script), ["a.fake", "b.fake"])
    assert [each.outcome for each in inspection.validation] == ["not_validated"] * 2
    assert all(each.reason.startswith(reason) for each in inspection.validation), inspection


def test_one_file_that_breaks_the_program_leaves_the_others_their_verdict(fake) -> None:  # type: ignore[no-untyped-def]
    root = fake('grep -q bad "$@" && exit 9; echo "[]"')
    verdicts = validate(root, ["a.fake", "b.fake"]).validation
    assert [each.outcome for each in verdicts] == ["passed", "not_validated"]


def test_a_program_that_hangs_is_ended_with_its_children(fake) -> None:  # type: ignore[no-untyped-def]
    root = fake('trap "" TERM; (sleep 300) & cat; wait')
    started = time.monotonic()
    [verdict] = validate(root, ["a.fake"], timeout_s=0.3).validation
    assert time.monotonic() - started < 5
    assert (verdict.outcome, verdict.reason) == ("not_validated", "timed out after 0.3 s")


def test_what_a_tool_says_is_data(fake) -> None:  # type: ignore[no-untyped-def]
    said = [
        {
            "file": "0000.fake",
            "rule": "R\x1b[31m1",
            "severity": "info",
            "line": 0,
            "message": "\x1b]0;x\x07a\x00\nb" + "c" * 5000,
        }
    ]
    root = fake(f"cat <<'E'\n{json.dumps(said)}\nE\n")
    inspection = validate(root, ["a.fake"])
    [finding] = inspection.findings
    assert (finding.rule, finding.line, finding.path) == ("R1", None, "a.fake")
    assert finding.message.startswith("a bccc") and len(finding.message) <= 500
    assert inspection.validation[0].outcome == "passed"  # information holds nothing against a file


def test_the_environment_of_a_program_holds_no_secret(fake, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    root = fake(f'test -z "$ANTHROPIC_API_KEY" && test "$HOME" != "{os.environ.get("HOME", "/")}" && echo "[]"')
    assert validate(root, ["a.fake"]).validation[0].outcome == "passed"


def test_the_cache_knows_content_not_names(fake, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    root = fake(f'echo run >> {tmp_path}/runs; echo "[]"')
    cache = tmp_path / "cache"
    for _ in range(2):
        assert validate(root, ["a.fake"], cache_dir=cache).validation[0].outcome == "passed"
    (root / "a.fake").rename(root / "c.fake")
    assert validate(root, ["c.fake"], cache_dir=cache).validation[0].path == "c.fake"
    assert (tmp_path / "runs").read_text().count("run") == 1
    (root / "c.fake").write_text("changed")
    for damaged in cache.iterdir():
        damaged.write_text("{")
    validate(root, ["c.fake"], cache_dir=cache)
    assert (tmp_path / "runs").read_text().count("run") == 2


def test_available_says_what_is_there() -> None:
    found = {each["name"]: each for each in available()}
    core = {"hadolint", "jactionlint", "check-jsonschema", "yamllint", "shellcheck", "json", "toml", "zizmor", "gixy"}
    core |= {"kubernetes-validate", "python-hcl2", "promql-parser", "amlint", "nginx"}
    assert core <= set(found)
    assert all(found[name]["version"] and found[name]["path"] and found[name]["covers"] for name in core)


def test_clean_strips_what_a_terminal_obeys() -> None:
    assert clean("a\x1b[2Jb\x9bc\u202ed\r\n e") == "abcd e"
