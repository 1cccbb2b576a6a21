"""What a tool is: one declaration that gives its schema, its effect, and what becomes of a call left in doubt.

A tool never touches the work tree by itself. It reads through `ToolContext.resolve`, and everything it changes goes
through `ToolContext.write` and `ToolContext.delete`, which hold the call to the plan and journal intent and outcome.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from boringops.facts import Claim, Inspection, Phase, Plan, Question


class Effect(StrEnum):
    """What a call can do to the world; phases, parallelism and approval follow from it."""

    READ = "read"  # looks only: runs in every phase, side by side with other reads
    WRITE = "write"  # changes files of the work tree: act phase, files of the plan
    COMMAND = "command"  # runs a program: classified by its argv, see `shell`
    REACH = "reach"  # reaches outside the repository: act phase, and a person's consent or a rule
    CONTROL = "control"  # speaks to the run itself: plan, question, finish


class InDoubt(StrEnum):
    """What a resume does with a call whose outcome was never journalled."""

    REPEAT = "repeat"  # it changes nothing
    LOOK = "look"  # whether it happened can be seen (a file's hash); done again where it did not
    TELL = "tell"  # nobody can know: the model is told so and decides


class ToolInput(BaseModel):
    """Arguments of a tool. Unknown arguments are an error the model can mend."""

    model_config = ConfigDict(extra="forbid")


class ToolError(Exception):
    """An expected failure: its message goes to the model as an error result and should say what to do instead."""


@dataclass(frozen=True)
class ToolResult:
    """What goes back to the model."""

    content: str
    is_error: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    """Machine-readable facts about the result that gates may rely on, e.g. {"exit_code": 0}. Small; journalled."""
    ends_phase: bool = False
    """The phase is over: a plan was approved, or the work was verified."""
    origin: str = ""
    """Where the content comes from, if from files or programs: then it is fenced as data. Set by the executor."""


class ToolContext(Protocol):
    """What a running tool may use of the run. Paths in and out are absolute; `relative` gives the journal's form."""

    root: Path
    phase: Phase
    task: str
    """What the user asked for, in words."""

    def resolve(self, file_path: str) -> Path:
        """The real path (symlinks followed) of a path given absolute or relative to the repository.

        Raises ToolError where it lies outside the repository or inside `.git`."""

    def relative(self, path: Path) -> str:
        """The path as journals and results write it: relative to the repository, with `/`."""

    def tracked(self) -> list[str]:
        """Files git sees: tracked, and untracked but not ignored. Relative, sorted."""

    def saw(self, path: Path, content: bytes) -> None:
        """Remember that this content of the file was shown to the model; `write` relies on it."""

    def write(self, path: Path, content: bytes, *, unseen: bool = False) -> None:
        """Create or replace a file: atomically, mode kept, journalled, only where the plan has it.

        Refuses (ToolError) a file that exists and was not read in this run, or changed since it was. `unseen=True`
        is for generators that have read the file themselves."""

    def spill(self, text: str, *, name: str) -> str:
        """Cap output that is too long to head and tail; the whole is kept in a file named in the text."""

    def run(self, command: str, *, timeout: float) -> Completed:
        """Run a shell command in its own process group, without standard input, environment scrubbed."""

    def ask(self, questions: Sequence[Question]) -> ToolResult:
        """Put questions to the user; suspends the run where nobody is there to answer."""

    def submit_plan(self, plan: Plan) -> ToolResult:
        """Hold the plan to its gates and have it approved."""

    def inspect(self, paths: Sequence[str]) -> Inspection:
        """Validators and red flags on files of the repository; recorded as evidence."""

    def changed(self) -> list[str]:
        """Files that this run has changed so far."""

    def planned(self) -> list[str]:
        """Files of the approved plan."""

    def finish(self, claim: Claim) -> ToolResult:
        """Ask for verification; a success ends the run's act phase."""


@dataclass(frozen=True)
class Completed:
    """A command that ended, or was ended."""

    exit_code: int
    output: str
    """Standard output and error, in the order they came."""
    timed_out: bool = False
    cancelled: bool = False
    """Ended because the run was stopped."""
    sandbox: dict[str, Any] = field(default_factory=dict)
    """How it was confined: level, backend, whether it had a network and could write."""


Input = TypeVar("Input", bound=ToolInput)


class Tool(ABC, Generic[Input]):
    """A tool. The docstring of the class is the description the model reads."""

    name: ClassVar[str]
    effect: ClassVar[Effect]
    in_doubt: ClassVar[InDoubt] = InDoubt.REPEAT
    input: type[Input]

    @abstractmethod
    def run(self, call: Input, context: ToolContext) -> ToolResult:
        """Carry out a call whose arguments are valid and which policy has allowed."""

    def effect_of(self, call: Input) -> Effect:
        """The effect of one call, where it depends on the arguments."""
        del call
        return self.effect

    def paths(self, call: Input) -> list[str]:
        """Paths the call names, as given: what permission rules are matched against."""
        return [value for value in [getattr(call, "file_path", None), getattr(call, "path", None)] if value]

    @cache  # noqa: B019 - tools live as long as the process
    def definition(self) -> dict[str, Any]:
        """The tool as the Messages API wants it. Made once: the prompt cache and bound thinking need it to stay."""
        schema: dict[str, Any] = _untitled(self.input.model_json_schema())
        schema.pop("description", None)
        return {"name": self.name, "description": cleandoc(type(self).__doc__ or ""), "input_schema": schema}


def _untitled(schema: Any) -> Any:
    """A JSON Schema without pydantic's titles, which say nothing that the names do not."""
    if isinstance(schema, dict):
        return {
            key: _untitled(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in schema] if isinstance(schema, list) else schema


# --- wrong arguments, as something the model can mend -------------------------------------------------

MAX_GIVEN = 80
"""Characters of a wrong value that are quoted back."""
MAX_PROBLEMS = 10


def explain(error: ValidationError, tool_name: str) -> str:
    """The error as the model reads it: a line for each problem, with where it is, what is wanted and what was given."""
    problems = error.errors(include_url=False)
    lines = [f"{tool_name} was not run: its arguments are not valid."]
    missing = [str(problem["loc"][-1]) for problem in problems if problem["type"] == "missing"]
    lines += [_problem(problem, tool_name, missing) for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        lines.append(f"- and {len(problems) - MAX_PROBLEMS} more")
    return "\n".join(lines)


def _problem(problem: Any, tool_name: str, missing: Sequence[str]) -> str:
    where = ".".join(map(str, problem["loc"])) or "the arguments"
    if problem["type"] == "missing":
        return f"- {where}: required, but not given"
    if problem["type"] == "extra_forbidden":
        given = str(problem["loc"][-1])
        meant = [name for name in missing if given in name or name in given] or (missing if len(missing) == 1 else [])
        advice = f"give it as {meant[0]}" if meant else "leave it out"
        return f"- {where}: {tool_name} has no such argument; {advice}"
    return f"- {where}: {problem['msg']}; given: {_given(problem['input'])}"


def _given(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= MAX_GIVEN else f"{text[:MAX_GIVEN]}… ({len(text)} characters)"
