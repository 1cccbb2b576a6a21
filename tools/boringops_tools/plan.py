"""SubmitPlan: the plan that the rest of the run is held to."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from boringops.facts import Plan, PlannedFile
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments, fitted

_ACTIONS = {
    "add": "create", "new": "create",
    "edit": "change", "modify": "change", "update": "change",
    "remove": "delete",
}  # fmt: skip
_PROSE = ("summary", "current_state", "deployment_strategy", "rollback", "cost")
"""Fields that models like to give as a list of steps."""


class SubmitPlanArguments(Plan, Arguments):
    @model_validator(mode="before")
    @classmethod
    def fit(cls, given: Any) -> Any:
        plan = fitted(cls, given)
        if not isinstance(plan, dict):
            return plan
        for name in _PROSE:
            if isinstance(value := plan.get(name), list) and all(isinstance(item, str) for item in value):
                plan[name] = "\n".join(value)
        for file in _objects(plan.get("files")):
            if isinstance(action := file.get("action"), str):
                file["action"] = _ACTIONS.get(action.lower(), action.lower())
        for number, phase in enumerate(_objects(plan.get("phases")), 1):
            for position, task in enumerate(_objects(phase.get("tasks")), 1):
                task.setdefault("id", f"{number}.{position}")
        return plan


def _objects(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


class SubmitPlan(Tool[SubmitPlanArguments]):
    """Submit the plan, once you know what is there and what is wanted. Nothing can be written before it is approved.

    Confidence decides what happens: high means nothing is open and is refused with questions in it; medium must state
    its assumptions; low must carry questions, and the run stops for the answers. `files` must name every file that will
    be created, changed or deleted: any other stays closed. Name how it is rolled back, and what it means for security,
    monitoring and cost. What the plan lacks comes back as an error: complete it and submit the whole plan again. The
    same call amends an approved plan when a file is missing from it. If the task is only a question, do not plan: call
    Finish with the answer.
    """

    name = "SubmitPlan"
    effect = Effect.CONTROL
    in_doubt = InDoubt.LOOK
    input = SubmitPlanArguments

    def run(self, call: SubmitPlanArguments, context: ToolContext) -> ToolResult:
        fields = {name: getattr(call, name) for name in Plan.model_fields}
        fields["files"] = [_placed(file, context) for file in call.files]
        return context.submit_plan(Plan(**fields))


def _placed(file: PlannedFile, context: ToolContext) -> PlannedFile:
    """The file with its path as the run writes it; one given by path alone is changed where it exists, else created."""
    try:
        path = context.resolve(file.path)
    except ToolError as problem:
        way_out = "Leave it out of the plan; the task report is written by the runtime."
        raise ToolError(f"The plan was not submitted: {problem} {way_out}") from problem
    update: dict[str, Any] = {"path": context.relative(path)}
    if "action" not in file.model_fields_set:
        update["action"] = "change" if path.exists() else "create"
    return file.model_copy(update=update)
