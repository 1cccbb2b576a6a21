"""docs/embedding.md holds what it shows: its Python runs, its commands parse, its configuration loads."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from boringops import config
from boringops.cli.app import app
from tests.repos import git, make_repo

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/embedding.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_its_python_runs(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "shop")
    script = tmp_path / "all.py"
    script.write_text("\n".join(blocks("python")))
    done = subprocess.run([sys.executable, str(script)], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"done {git(root, 'rev-parse', 'HEAD').strip()}")
    assert "Hand-off: The health endpoint is said to be /health" in done.stdout


@pytest.mark.parametrize("line", [line for block in blocks("console") for line in block.splitlines()])
def test_its_commands_parse(line: str) -> None:
    prompt, name, *arguments = shlex.split(line)
    assert (prompt, name) == ("$", "boringops")
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context("boringops", arguments)


def test_its_configuration_loads(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    (tmp_path / config.FILE).write_text(block)
    assert list(config.load(tmp_path, env={}).mcp_servers) == ["tickets", "docs"]


# --- the command itself ------------------------------------------------------------------------------


def run(repo: Path, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    program = ["-c", f"{code}\nfrom boringops.cli import main\nmain()"] if code else ["-m", "boringops"]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=repo,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("extra", ["mcp", "a2a", "acp"])
def test_a_missing_extra_is_said_with_the_command(repo: Path, extra: str) -> None:
    done = run(repo, "serve", extra, code=f"import sys; sys.modules[{extra!r}] = None")
    assert done.returncode == 2 and f"pip install 'boringops[{extra}]'" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mcp", "--http", "--host", "0.0.0.0"), "no token is set"),
        (("a2a", "--host", "::"), "no token is set"),
        (("mcp", "--root", "nowhere"), "there is no such folder"),
        (("a2a", "--token-file", "nowhere"), "cannot be read"),
        (("a2a", "--token-file", "README.md"), "a token is one line"),
        (("a2a", "--persona", "nobody", "--port", "0"), "there is no persona"),
    ],
)
def test_wrong_options_are_explained(repo: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(repo, "serve", *arguments)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "mcp")
    assert done.returncode == 2 and "is not a git repository" in done.stderr


def test_garbage_on_standard_input_is_answered_by_the_protocol(repo: Path) -> None:
    """No traceback, no half line: what is not JSON-RPC is an error or nothing, and the end of input the end."""
    for protocol in ("mcp", "acp"):
        done = subprocess.run(
            [sys.executable, "-m", "boringops", "serve", protocol],
            cwd=repo, input="not json\n{}\n[1]\n", capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            assert json.loads(line)["jsonrpc"] == "2.0"
