"""What the README shows works: its commands are run, its Python is executed, its configuration is valid."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from boringops.config import Config
from tests.e2e.conftest import Boringops
from tests.repos import git

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    repo = tmp_path / "work/app"
    shutil.copytree(ROOT / "memory_bank_example", repo)
    git(repo, "init", "--quiet", "--initial-branch", "main")
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "--message", "An application")
    return repo


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: str(block).splitlines()[0][2:])
def test_its_commands_work(example: Path, boringops: Boringops, block: str) -> None:
    for line in block.splitlines():
        program, *arguments = shlex.split(line.removeprefix("$ "))
        assert program == "boringops"
        where = [] if arguments[0] in {"doctor"} else ["-C", example]
        ran = boringops(*arguments, *where)
        assert ran.code == 0, f"{line}\n{ran.err}{ran.out}"
        assert ran.out.strip()


def test_its_python_works(example: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=example, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("done ")
    assert "Dockerfile" in done.stdout


def test_its_configuration_is_valid() -> None:
    (text,) = blocks("toml")
    assert Config.model_validate(tomllib.loads(text)).permissions.deny == ["Read(./secrets/**)"]


def test_its_exit_codes_are_those_of_the_code() -> None:
    from boringops import errors

    table = dict(re.findall(r"^\| (\d+) \| `(\w+)`", README, re.MULTILINE))
    for error in (
        each for each in vars(errors).values() if isinstance(each, type) and each is not errors.BoringopsError
    ):
        assert table[str(error.exit_code)] == error.status


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
