"""Workflows of people's own: what is lacking as a whole comes in a file of its own, what is different is told."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from boringops_tools.blueprints.workflows_there import read
from boringops_tools.stack.tree import Tree
from tests.boringops_tools.test_blueprints import drafted, files_of, repository
from tests.repos import make_repo

WANTS = {"containers", "ci", "docs"}
HEAD = "on: [push, pull_request]\njobs:\n  it:\n    runs-on: ubuntu-24.04\n    steps:\n"
LINT = HEAD + "      - uses: actions/checkout@v4\n      - run: npx eslint .\n"


def there(tmp_path: Path, **workflows: str) -> Path:
    """An application with tests, and workflows of people's own."""
    root = repository(tmp_path, "express")
    for name, text in workflows.items():
        path = root / ".github/workflows" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def steps(path: Path) -> list[str]:
    jobs = yaml.safe_load(path.read_text())["jobs"]
    return [step["name"] for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize(("names", "new"), [(["lint"], "ci"), (["ci"], "tests"), (["ci", "tests"], "checks")])
def test_beside_workflows_that_only_lint_comes_one_that_tests(tmp_path: Path, names: list[str], new: str) -> None:
    root = there(tmp_path, **dict.fromkeys(names, LINT))
    made = drafted(root, wants=WANTS)
    path = f".github/workflows/{new}.yml"
    assert "Test" in steps(root / path) and "Lint" not in steps(root / path)
    assert all((root / f".github/workflows/{name}.yml").read_text() == LINT for name in names)
    why = next(file for file in made.plan.files if file.path == path).why
    assert "which nothing of .github/workflows/" in why
    readme = (root / "README.md").read_text()
    assert all(f"`.github/workflows/{name}.yml`" in readme for name in [*names, new])
    assert drafted(root, wants=WANTS).files == []


@pytest.mark.parametrize(
    "run",
    [
        "npm test",
        "npm run test:unit",
        "npx jest --ci",
        "make test",
        "./run ci:test",
        "yarn t",
        "bash scripts/all",
        "npm run everything",
    ],
)
def test_a_workflow_that_tests_is_enough(tmp_path: Path, run: str) -> None:
    root = there(tmp_path, main=HEAD + f"      - run: {run}\n")
    (root / "Makefile").write_text("test: unit\nunit:\n\tnode --test\n")
    (root / "scripts").mkdir()
    (root / "scripts/all").write_text("#!/bin/sh\nset -e\nnpm test\n")
    made = drafted(root, wants=WANTS)
    assert not [file.path for file in made.files if re.search(r"workflows/(ci|tests|checks)\.yml", file.path)]


READ = {
    "installs something for tests": ("      - run: pip install -r requirements-test.txt\n", False, False),
    "a script of the repository": ("      - run: ./tools/quick\n", True, False),
    "a script that is not there": ("      - run: ./tools/other\n", False, False),
    "a target that is not there": ("      - run: make nothing\n", False, True),
    "a local action": ("      - uses: ./tools/act\n", True, False),
    "a local action that is not there": ("      - uses: ./tools/none\n", False, True),
    "an action with a command": ("      - uses: acme/npm@v1\n        with:\n          cmd: test\n", True, False),
    "a step by its name": ("      - name: Run the tests\n        run: tools/x\n", True, False),
    "a version called test": (
        "      - uses: actions/setup-node@v4\n        with: {cache-dependency-path: test}\n",
        False,
        False,
    ),
}


@pytest.mark.parametrize("case", READ)
def test_what_a_workflow_does_is_read_as_far_as_the_repository_says_it(tmp_path: Path, case: str) -> None:
    body, tests, unclear = READ[case]
    files = {
        ".github/workflows/a.yml": HEAD + body,
        "tools/quick": "#!/bin/sh\nexec pytest -q\n",
        "tools/act/action.yml": "runs:\n  using: composite\n  steps:\n    - run: go test ./...\n      shell: bash\n",
    }
    root = make_repo(tmp_path / "repo", files)
    found = read(Tree(root, files_of(root)), ".github/workflows/a.yml")
    assert (found.tests, bool(found.unclear)) == (tests, unclear)


@pytest.mark.parametrize(
    ("composed", "image"),
    [
        ("services:\n  db:\n    image: postgres:15-alpine\n", "postgres:15-alpine"),
        ("services:\n  db:\n    image: postgres\n", "postgres:1"),
        ("services: {}\n", "postgres:1"),
    ],
)
def test_the_tests_get_their_database_in_the_version_of_peoples_own_compose(
    tmp_path: Path, composed: str, image: str
) -> None:
    root = there(tmp_path, lint=LINT)
    (root / "docker-compose.yml").write_text(composed)
    drafted(root, wants=WANTS)
    jobs = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())["jobs"]
    job = jobs["test-orders"]
    started = next(step["run"] for step in job["steps"] if step["name"] == "Start postgres, reachable from the tests")
    assert f" {image}" in started and "--health-cmd 'pg_isready -h 127.0.0.1 -U app -d app'" in started
    assert job["env"]["DATABASE_URL"] == "postgresql://app:ci-only-placeholder@127.0.0.1:5432/app"
    assert subprocess.run(["bash", "-n"], input=started, text=True, check=False).returncode == 0


ELSEWHERE = "on: pull_request\njobs:\n  all:\n    uses: acme/shared/.github/workflows/all.yml@v1\n"


def test_where_it_cannot_be_known_whether_one_tests_none_is_added(tmp_path: Path) -> None:
    root = there(tmp_path, all=ELSEWHERE)
    made = drafted(root, wants=WANTS)
    assert ".github/workflows/ci.yml" not in {file.path for file in made.files}
    assert any(note.startswith(".github/workflows/all.yml:4: ") and "cannot be read" in note for note in made.notes)


def test_a_workflow_of_tags_or_of_issues_checks_nothing(tmp_path: Path) -> None:
    root = there(
        tmp_path,
        release="on:\n  push:\n    tags: ['v*']\njobs:\n  it:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npm test\n",
        stale="on: issues\njobs:\n  it:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: npm test\n",
    )
    assert ".github/workflows/ci.yml" in {file.path for file in drafted(root, wants=WANTS).files}


def test_what_is_different_in_theirs_is_told_with_what_to_put_there(tmp_path: Path) -> None:
    root = there(tmp_path, lint=LINT)
    said = [each for each in drafted(root, wants=WANTS).plan.assumptions if each.startswith(".github")]
    assert len(said) == 2
    assert re.match(r"\.github/workflows/lint\.yml:6: .*`uses: actions/checkout@[0-9a-f]{40} # v\d", said[0])
    assert said[1].startswith(".github/workflows/lint.yml:2: no `permissions:`") and "contents: read" in said[1]
    made = drafted(root, task="Write a Dockerfile")
    assert not [each for each in made.plan.assumptions if each.startswith(".github")]


def test_the_workflows_of_a_blueprint_have_nothing_told_of_them(tmp_path: Path) -> None:
    root = there(tmp_path)
    drafted(root, wants=WANTS)
    assert not [each for each in drafted(root, wants=WANTS).notes if each.startswith(".github") and "they stay" in each]


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        ("lint:\n  image: node:24\n  script: [npx eslint .]\n", True),
        ("lint:\n  image: node:24\n  script: [npm test]\n", False),
        ("include: /shared.yml\nlint:\n  image: node:24\n  script: [npx eslint .]\n", False),
    ],
)
def test_a_pipeline_of_another_system_stays_and_is_told_that_it_tests_nothing(
    tmp_path: Path, pipeline: str, told: bool
) -> None:
    root = there(tmp_path)
    (root / ".gitlab-ci.yml").write_text(pipeline)
    made = drafted(root, wants=WANTS)
    assert (root / ".gitlab-ci.yml").read_text() == pipeline
    said = ".gitlab-ci.yml: nothing in it tests; it stays. The blueprint has `npm test` for orders (package.json:9)."
    assert (said in made.plan.assumptions) == told
