"""Bash: what a command's end looks like to the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from boringops.tool import Completed, ToolResult
from boringops_tools.shell import Bash
from tests.fake_context import FakeContext


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def bash(context: FakeContext, command: str, **arguments: Any) -> ToolResult:
    return Bash().run(Bash.input(command=command, **arguments), context)


def test_success_gives_exit_code_and_output(context: FakeContext) -> None:
    context.put("a.txt")
    result = bash(context, "ls; echo oops >&2", description="List files")
    assert result == ToolResult("Exit code 0\na.txt\noops\n", data={"exit_code": 0, "command": "ls; echo oops >&2"})
    assert context.timeouts == [120.0]


def test_another_exit_code_is_an_error(context: FakeContext) -> None:
    result = bash(context, "exit 3")
    assert result.is_error
    assert result.content == "Exit code 3\n(no output)"
    assert result.data["exit_code"] == 3


def test_long_output_goes_through_spill(context: FakeContext) -> None:
    assert "[bash: cut]" in bash(context, "seq 100000").content


def test_a_command_that_takes_too_long_says_what_to_do(context: FakeContext) -> None:
    context.on_run = lambda command, timeout: Completed(-15, "half an answer\n", timed_out=True)
    result = bash(context, "terraform apply", timeout="5000")
    assert result.is_error
    assert result.content.startswith("Ended after 5 s, before it was done. Give it more time with timeout")
    assert result.content.endswith("half an answer\n")
    assert result.data == {"exit_code": -15, "command": "terraform apply", "timed_out": True}
    assert context.timeouts == [5.0]


@pytest.mark.parametrize("timeout", [60, 600_001])
def test_seconds_are_not_taken_for_milliseconds(timeout: int) -> None:
    with pytest.raises(ValidationError):
        Bash.input(command="true", timeout=timeout)


def test_a_confined_failure_says_what_the_command_did_not_have(context: FakeContext) -> None:
    held = {"level": "full", "backend": "bubblewrap", "network": False, "writable": False}
    context.on_run = lambda command, timeout: Completed(1, "no route\n", sandbox=held)
    result = bash(context, "npm test")
    assert result.content == "Exit code 1 (confined: no network, an empty home, the work tree read-only)\nno route\n"
    assert result.data["sandbox"] == held
    context.on_run = lambda command, timeout: Completed(1, "x\n", sandbox={**held, "network": True})
    assert bash(context, "npm ci").content == "Exit code 1\nx\n"
