"""Pipelines of every CI system: clean by the real validators, and their shell really runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from boringops import shortcuts
from boringops.facts import Change, Inspection
from boringops_tools import checks, red_flags
from boringops_tools.blueprints import Draft, draft
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.jobs import jobs
from boringops_tools.inspection import inspect
from boringops_tools.stack import detect
from boringops_tools.stack.tree import Tree
from tests.boringops_tools.stacks import PIPELINES, STACKS

SCRIPTS = Path(sysconfig.get_path("scripts"))
ALL = f"Containerise this, with CI on GitHub Actions, {', '.join(PIPELINES)}"
NODE = {
    "package.json": json.dumps(
        {
            "name": "clock",
            "scripts": {"start": "node server.js", "test": "node --test"},
            "engines": {"node": ">=22"},
            "dependencies": {"express": "^5.0.0", "pg": "^8.0.0"},
        }
    ),
    "package-lock.json": json.dumps({"name": "clock", "lockfileVersion": 3, "packages": {"": {"name": "clock"}}}),
    "server.js": "const app = require('express')();\napp.get('/healthz', (q, r) => r.end());\n"
    "app.listen(process.env.PORT || 3000, process.env.DATABASE_URL);\n",
}
LIBRARY = {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "sums"\nversion = "1.0"\n'
    'requires-python = ">=3.11"\n[tool.pytest.ini_options]\n',
    "sums/__init__.py": "def add(a, b):\n    return a + b\n",
    "tests/test_sums.py": "from sums import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
}


def placed(root: Path, files: dict[str, str]) -> list[str]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return sorted(files)


def written(root: Path, files: dict[str, str], task: str) -> Draft:
    made = draft(root, placed(root, files), task=task)
    placed(root, {file.path: file.content for file in made.files})
    return made


def again(root: Path, files: dict[str, str], made: Draft, task: str) -> list[str]:
    tracked = sorted({*files, *(file.path for file in made.files)})
    return [file.path for file in draft(root, tracked, task=task).files]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Draft, Inspection]:
    """Every stack and two libraries in one repository, with a pipeline of every system."""
    root = tmp_path_factory.mktemp("pipelines")
    files = {f"{name}/{path}": content for name, tree in STACKS.items() for path, content in tree.items()}
    files |= {f"clock/{path}": text for path, text in NODE.items()}
    files |= {f"sums/{path}": text for path, text in LIBRARY.items()}
    made = written(root, files, ALL)
    assert again(root, files, made, ALL) == []
    # What parses Groovy takes a minute for so many applications; a smaller file is tried below.
    paths = [file.path for file in made.files if "Dockerfile" not in file.path and file.path != "Jenkinsfile"]
    found = inspect(root, paths)
    findings = [*found.findings, *checks.scan(root, ["Jenkinsfile"]), *red_flags.scan(root, ["Jenkinsfile"])]
    return root, made, found.model_copy(update={"findings": findings})


def test_every_system_gets_its_file_and_nobody_has_anything_to_say(
    everything: tuple[Path, Draft, Inspection],
) -> None:
    _, made, found = everything
    paths = {file.path for file in made.files}
    assert {*PIPELINES.values(), ".github/workflows/ci.yml", ".github/workflows/rollback.yml"} <= paths
    said = [f"{f.path}:{f.line} {f.rule} {f.message}" for f in found.findings if f.severity in {"error", "warning"}]
    assert said == []
    judged = {item.path for item in found.validation if item.outcome == "passed"}
    assert set(PIPELINES.values()) - {"Jenkinsfile"} <= judged


def test_no_pipeline_hides_a_failure(everything: tuple[Path, Draft, Inspection]) -> None:
    root, made, _ = everything
    changes = {file.path: Change(path=file.path, action="create") for file in made.files}
    assert {"Jenkinsfile", ".github/workflows/ci.yml"} <= changes.keys()
    taken = shortcuts.taken(
        changes, lambda _: "", lambda path: (root / path).read_text(), task=ALL, approved=frozenset()
    )
    assert [f"{each.path}:{each.line} {each.message}" for each in taken] == []


def test_a_jenkinsfile_is_groovy_and_its_sections_are_said_to_be_unjudged(tmp_path: Path) -> None:
    written(tmp_path, LIBRARY, "Set up Jenkins")
    found = inspect(tmp_path, ["Jenkinsfile"])
    outcomes = {item.tool: item.outcome for item in found.validation}
    assert outcomes["groovy-parser"] == "passed" and "not_validated" in outcomes.values()
    assert [each for each in found.findings if each.severity != "info"] == []


def test_groovy_never_sees_a_secret(everything: tuple[Path, Draft, Inspection]) -> None:
    text = (everything[0] / "Jenkinsfile").read_text()
    double_quoted = re.findall(r'"[^"\n]*\$\{[^"\n]*"', re.sub(r"'''.*?'''", "", text, flags=re.DOTALL))
    assert double_quoted and not [each for each in double_quoted if re.search("PASSWORD|TOKEN|SECRET", each)]
    for stage in re.findall(r"input \{.*?^    \}", text, re.DOTALL | re.MULTILINE):
        assert "agent" not in stage


def _shell(path: str, text: str) -> Iterator[str]:
    """Every piece of shell that a pipeline has."""
    if path == "Jenkinsfile":
        for block in re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL):
            yield block.replace("\\'", "'").replace("\\\\", "\\")
        return
    document: Any = YAML(typ="safe", pure=True).load(text)
    if path == ".gitlab-ci.yml":
        for name, job in document.items():
            if isinstance(job, dict) and name not in {"default", "workflow", "variables"}:
                yield "\n".join([*job.get("before_script", []), *job.get("script", [])])
    else:
        stack = [document]
        while stack:
            each = stack.pop()
            if isinstance(each, dict):
                yield from (value for key, value in each.items() if key in {"bash", "command"} and " " in str(value))
                stack += each.values()
            elif isinstance(each, list):
                stack += each


@pytest.mark.parametrize("path", PIPELINES.values())
def test_the_shell_of_every_job_is_sound(everything: tuple[Path, Draft, Inspection], path: str, tmp_path: Path) -> None:
    root, _, _ = everything
    pieces = [piece for piece in _shell(path, (root / path).read_text()) if piece.strip()]
    assert len(pieces) > 50
    for number, piece in enumerate(pieces):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\nset -e\n{piece}\n")
    names = [str(file) for file in tmp_path.iterdir()]
    for name in names:
        assert subprocess.run(["bash", "-n", name], check=False).returncode == 0, Path(name).read_text()
    if shellcheck := shutil.which("shellcheck", path=f"{SCRIPTS}:/usr/bin"):
        done = subprocess.run([shellcheck, "-S", "warning", *names], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", PIPELINES)
def test_a_task_chooses_the_system_and_a_second_run_has_nothing_to_add(tmp_path: Path, name: str) -> None:
    made = written(tmp_path, NODE, f"Set up {name}")
    paths = {file.path for file in made.files}
    assert PIPELINES[name] in paths and "renovate.json" in paths and "Dockerfile" in paths
    assert not [path for path in paths if path.startswith(".github/")]
    assert again(tmp_path, NODE, made, f"Set up {name}") == []
    assert again(tmp_path, NODE, made, "Set up CI") == []
    said = (tmp_path / "docs/runbook.md").read_text() + (tmp_path / "README.md").read_text()
    assert PIPELINES[name] in said and "GitHub" not in said and "ghcr.io" not in said


@pytest.mark.parametrize("path", PIPELINES.values())
def test_a_pipeline_that_is_there_is_left_alone(tmp_path: Path, path: str) -> None:
    made = written(tmp_path, NODE | {path: "mine: {script: x}\n"}, "Set up CI/CD")
    assert (tmp_path / path).read_text() == "mine: {script: x}\n"
    assert not [file.path for file in made.files if file.path.startswith(".github/")]
    assert any(path in note for note in made.notes)
    said = (tmp_path / "docs/runbook.md").read_text()
    assert "promoted" not in said and "rollback" not in said.lower().partition("## roll back")[0]


def test_the_trunk_is_built_and_a_tag_is_promoted_by_hand(tmp_path: Path) -> None:
    written(tmp_path, NODE, "Set up GitLab CI")
    pipeline: Any = YAML(typ="safe", pure=True).load((tmp_path / ".gitlab-ci.yml").read_text())
    build, production = pipeline["build-clock"], pipeline["production-clock"]
    assert build["needs"] == ["test-clock"] and pipeline["staging-clock"]["needs"] == ["build-clock"]
    assert production["rules"][-1] == {"if": "$CI_COMMIT_TAG =~ /^v/", "when": "manual"}
    assert "build" not in " ".join(production["script"]).replace("buildx", "")
    assert pipeline["test-clock"]["services"][0]["alias"] in pipeline["test-clock"]["variables"]["DATABASE_URL"]


def _check(root: Path, files: dict[str, str]) -> str:
    tracked = placed(root, files)
    job = jobs(Context(Tree(root, tracked), detect(root, tracked), frozenset({"ci"})))[0]
    return "\n".join(job.script)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_commands_of_the_job_run_for_node(tmp_path: Path) -> None:
    files = {
        "package.json": json.dumps({"name": "a", "scripts": {"start": "node a.js", "test": "node --test"}}),
        "package-lock.json": json.dumps({"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}),
        "a.js": "require('http').createServer((q, r) => r.end()).listen(3000);\n",
        "a.test.js": "require('node:test')('adds', () => { require('assert').equal(1 + 1, 2); });\n",
    }
    script = _check(tmp_path, files)
    assert "npm ci" in script and "npm test" in script
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "a.test.js").write_text("require('node:test')('adds', () => { throw Error('no'); });\n")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode != 0


def test_the_commands_of_the_job_run_for_python(tmp_path: Path) -> None:
    files = {
        "app.py": "import http.server\n\n\ndef add(a, b):\n    return a + b\n",
        "requirements.txt": "",
        "test_app.py": "import unittest\nfrom app import add\n\n\nclass T(unittest.TestCase):\n    def test_add(self):\n"
        "        self.assertEqual(add(1, 2), 3)\n",
    }
    script = _check(tmp_path, files)
    assert "unittest" in script or "pytest" in script
    local = re.sub(r"python -m pip install (?!-r).*", "true", script)  # what comes from PyPI is here already
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    command = ["bash", "-euo", "pipefail", "-c", local]
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode == 0
    (tmp_path / "app.py").write_text("def add(a, b):\n    return 0\n")
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode != 0


def test_a_library_is_tested_on_what_it_supports_and_published_without_a_token(tmp_path: Path) -> None:
    made = written(tmp_path, LIBRARY, "CI on GitHub Actions and GitLab CI")
    paths = {file.path for file in made.files}
    assert not [path for path in paths if "Dockerfile" in path or "release.yml" in path or "rollback" in path]
    yaml = YAML(typ="safe", pure=True)
    ci: Any = yaml.load((tmp_path / ".github/workflows/ci.yml").read_text())
    versions = ci["jobs"]["test-sums"]["strategy"]["matrix"]["version"]
    assert "3.10" not in versions and {"3.11", "3.12", "3.13"} <= set(versions)
    gitlab: Any = yaml.load((tmp_path / ".gitlab-ci.yml").read_text())
    assert len(gitlab["test-sums"]["parallel"]["matrix"][0]["IMAGE"]) == len(versions)
    publish = (tmp_path / ".github/workflows/publish.yml").read_text()
    assert "id-token: write" in publish and "secrets." not in publish


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"setup.cfg": "Programming Language :: Python :: 3.12\nProgramming Language :: Python :: 3.13\n"}, ["3.12", "3.13"]),
        ({"tox.ini": "[tox]\nenvlist = py311, py312\n"}, ["3.11", "3.12"]),
        ({"setup.py": "", "requirements.txt": ""}, []),
    ],
)  # fmt: skip
def test_versions_come_from_what_a_package_states(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    from boringops_tools.blueprints.support import versions

    tracked = placed(tmp_path, {"setup.py": "from setuptools import setup\nsetup(name='a')\n", "a.py": ""} | files)
    context = Context(Tree(tmp_path, tracked), detect(tmp_path, tracked), frozenset({"ci"}))
    assert versions(context.apps[0], context) == expected


PARTS = [
    ("uv.lock", 'extras.dev = ["pytest"]', "uv sync --locked --extra dev", "uv run --extra dev pytest"),
    ("uv.lock", 'groups.dev = ["pytest"]', "uv sync --locked", "uv run pytest"),
    ("uv.lock", 'groups.a = [{include-group = "b"}]\ngroups.b = ["pytest"]', "uv sync --locked --group a", "uv run --group a pytest"),
    ("uv.lock", 'extras.all = ["pytest"]\nextras.tests = ["PyTest>=8"]', "uv sync --locked --extra tests", "uv run --extra tests pytest"),
    ("", 'extras.dev = ["pytest"]', "python -m pip install '.[dev]'", "python -m pytest"),
    ("", 'extras.test = ["responses"]\nextras.dev = ["pytest"]', "python -m pip install '.[dev,test]'", "python -m pytest"),
    ("", 'groups.dev = ["pytest"]', "python -m pip install . --group dev", "python -m pytest"),
    ("pdm.lock", 'extras.test = ["pytest"]\ngroups.dev = ["ruff"]', "pdm sync --group test", "pdm run pytest"),
    ("poetry.lock", 'extras.test = ["pytest"]', "poetry install --extras test", "poetry run pytest"),
    ("poetry.lock", 'poetry.test = {optional = true, dependencies = {pytest = "*"}}', "poetry install --with test", "poetry run pytest"),
    ("poetry.lock", 'poetry.test.dependencies.pytest = "*"', "poetry install", "poetry run pytest"),
]  # fmt: skip
TABLES = {"extras": "project.optional-dependencies", "groups": "dependency-groups", "poetry": "tool.poetry.group"}


@pytest.mark.parametrize(("lock", "parts", "install", "test"), PARTS)
def test_what_the_tests_come_in_is_installed_before_them(
    tmp_path: Path, lock: str, parts: str, install: str, test: str
) -> None:
    stated = re.sub(r"(?m)^\w+", lambda short: TABLES[short[0]], parts)
    whole = f'project.name = "sums"\nproject.version = "1"\nbuild-system.requires = ["hatchling"]\n{stated}\n'
    files = {"pyproject.toml": whole, "sums.py": "", "test_sums.py": "def test_sums(): ...\n"} | (
        {lock: ""} if lock else {}
    )
    tracked = placed(tmp_path, files)
    (job,) = jobs(Context(Tree(tmp_path, tracked), detect(tmp_path, tracked), frozenset({"ci"})))
    assert install in job.install and dict(job.checks)["Test"] == test
