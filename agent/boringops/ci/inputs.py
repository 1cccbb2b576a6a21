"""What a job is told: inputs of the Action or the component, as `OPS_INPUT_*` in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from boringops.errors import UsageError

PREFIX = "OPS_INPUT_"


class Inputs(BaseModel):
    """Inputs with the names that the Action and the component give them. An empty one was not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["run", "plan", "check"] = "run"
    task: str = ""
    working_directory: str = "."
    persona: str = ""
    model: str = ""
    offline: bool = False
    approve: Literal["auto", "never"] = "never"
    min_confidence: Literal["", "low", "medium", "high"] = ""
    max_cost: float | None = Field(default=None, gt=0)
    max_turns: int | None = Field(default=None, ge=1)
    max_minutes: float | None = Field(default=None, gt=0)
    phase: str = ""
    handoff: str = ""
    strict: bool = False
    fail_on: Literal["", "info", "warning", "error"] = ""
    pull_request: bool = False
    base: str = ""
    artifacts: str = ""
    """Folder for the reports that GitLab takes up."""
    state: str = ""
    """Folder that the CI system keeps between the attempts of one job."""

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Inputs:
        """Raises UsageError naming the input that is wrong."""
        given = {
            name.removeprefix(PREFIX).lower(): value.strip()
            for name, value in env.items()
            if name.startswith(PREFIX) and value.strip()
        }
        try:
            inputs = cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).replace("_", "-")
            raise UsageError(f"Input {name}: {first['msg']}.", hint="See docs/ci.md for the inputs.") from error
        if inputs.mode != "check" and not inputs.task:
            raise UsageError("Input task is empty.", hint="Say what is to be done, or use `mode: check`.")
        if inputs.pull_request and inputs.mode != "run":
            raise UsageError("Input pull-request goes with `mode: run`: nothing else makes a commit.")
        return inputs

    def options(self) -> list[str]:
        """The command's options for a run."""
        valued = {
            "--persona": self.persona, "--model": self.model, "--min-confidence": self.min_confidence,
            "--max-cost": self.max_cost, "--max-turns": self.max_turns, "--max-minutes": self.max_minutes,
            "--phase": self.phase, "--handoff": self.handoff,
        }  # fmt: skip
        options = [word for name, value in valued.items() if value for word in (name, f"{value}")]
        options += ["--offline"] if self.offline else []
        options += ["--strict"] if self.strict else []
        return options if self.mode == "plan" else [*options, "--approve", self.approve]
