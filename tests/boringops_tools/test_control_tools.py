"""AskUser, SubmitPlan, Validate, Finish, the set of tools, and what becomes of arguments that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from boringops.facts import Attestation, Claim, Finding, Inspection, Plan, PlannedFile, Question, Validation
from boringops.tool import Effect, InDoubt, Tool, ToolError, ToolResult, explain
from boringops_tools.ask import AskUser
from boringops_tools.files import Read
from boringops_tools.finish import Finish
from boringops_tools.plan import SubmitPlan
from boringops_tools.search import Grep
from boringops_tools.toolset import all_tools
from boringops_tools.validate import Validate
from tests.fake_context import FakeContext


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path, phase="plan")


def call(tool: Tool[Any], context: FakeContext, arguments: dict[str, Any]) -> ToolResult:
    return tool.run(tool.input.model_validate(arguments), context)


def refused(tool: Tool[Any], arguments: Any) -> str:
    with pytest.raises(ValidationError) as error:
        tool.input.model_validate(arguments)
    return explain(error.value, tool.name)


# --- AskUser -------------------------------------------------------------------------------------------

QUESTION = {"question": "Which cloud?", "why": "Everything else.", "options": ["AWS", "GCP"]}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ([QUESTION], [Question.model_validate(QUESTION)]),
        (["Which cloud?"], [Question(question="Which cloud?")]),
        ("Which cloud?", [Question(question="Which cloud?")]),
        (json.dumps([QUESTION]), [Question.model_validate(QUESTION)]),
        ([{"question": "Which?", "options": "AWS", "why": None}], [Question(question="Which?", options=["AWS"])]),
        ("[sic] which?", [Question(question="[sic] which?")]),
    ],
)
def test_questions_in_any_unmistakable_shape(context: FakeContext, given: Any, asked: list[Question]) -> None:
    assert call(AskUser(), context, {"questions": given}) is context.answer
    assert context.asked == asked


def test_an_empty_question_is_refused(context: FakeContext) -> None:
    with pytest.raises(ToolError, match="empty"):
        call(AskUser(), context, {"questions": [" "]})
    assert "questions: List should have at least 1 item" in refused(AskUser(), {"questions": []})


# --- SubmitPlan ----------------------------------------------------------------------------------------


def test_a_plan_arrives_as_it_was_given(context: FakeContext) -> None:
    plan = Plan.model_validate(
        {
            "confidence": "medium",
            "summary": "A pipeline.",
            "assumptions": ["AWS"],
            "questions": [QUESTION],
            "decisions": [{"what": "ECS", "why": "It is there."}],
            "phases": [{"name": "CI", "tasks": [{"id": "a", "title": "Test"}]}],
            "files": [{"path": "ci.yml", "action": "create", "why": "CI", "task": "a"}],
            "rollback": "Revert.",
        }
    )
    assert call(SubmitPlan(), context, plan.model_dump()) is context.answer
    assert context.plans == [plan]


def test_a_plan_in_a_near_shape_is_understood(context: FakeContext) -> None:
    context.put("Dockerfile")
    call(
        SubmitPlan(),
        context,
        {
            "confidence": "high",
            "summary": "x",
            "files": ["Dockerfile", str(context.root / "ci.yml"), {"path": "old.yml", "action": "Remove"}],
            "phases": ["Prepare", {"name": "CI", "tasks": ["Test", {"title": "Build"}, {"id": "z", "title": "Ship"}]}],
            "rollback": ["git revert", "redeploy"],
            "security": "No secrets.",
            "environments": '["dev", "prod"]',
            "cost": None,
        },
    )
    (plan,) = context.plans
    assert plan.files == [
        PlannedFile(path="Dockerfile", action="change"),
        PlannedFile(path="ci.yml", action="create"),
        PlannedFile(path="old.yml", action="delete"),
    ]
    assert [(task.id, task.title) for task in plan.phases[1].tasks] == [
        ("2.1", "Test"),
        ("2.2", "Build"),
        ("z", "Ship"),
    ]
    assert plan.rollback == "git revert\nredeploy"
    assert plan.security == ["No secrets."]
    assert plan.environments == ["dev", "prod"]
    assert plan.cost == ""


def test_what_a_plan_lacks_is_said_by_place() -> None:
    text = refused(
        SubmitPlan(),
        {
            "confidence": "sure",
            "files": [{"path": "a"}, {"path": "b", "action": "rename"}],
            "decisions": ["ECS"],
            "x": 1,
        },
    )
    assert text.splitlines()[0] == "SubmitPlan was not run: its arguments are not valid."
    assert "- confidence: Input should be 'high', 'medium' or 'low'; given: \"sure\"" in text
    assert "- summary: required, but not given" in text
    assert "- files.0.action: required, but not given" in text
    assert "- files.1.action: Input should be 'create', 'change' or 'delete'; given: \"rename\"" in text
    assert "- decisions.0: Input should be a valid dictionary" in text
    assert "- x: SubmitPlan has no such argument; leave it out" in text


def test_a_planned_path_outside_the_repository_is_refused(context: FakeContext) -> None:
    report = {"path": "../planning/task-updates/x.md", "action": "create"}
    with pytest.raises(ToolError, match=r"outside the repository\. Leave it out of the plan; the task report"):
        call(SubmitPlan(), context, {"confidence": "high", "summary": "x", "files": [report]})
    assert context.plans == []


# --- Validate ------------------------------------------------------------------------------------------


def test_validate_reports_by_file_the_worst_first_and_what_it_could_not_check(context: FakeContext) -> None:
    context.written = ["Dockerfile", "ci.yml", "main.tf"]
    context.inspection = Inspection(
        findings=[
            Finding(rule="B", severity="warning", path="ci.yml", message="Old action.", source="actionlint"),
            Finding(rule="C", severity="warning", path="Dockerfile", line=9, message="No tag.", source="hadolint"),
            Finding(
                rule="A",
                severity="error",
                path="Dockerfile",
                line=3,
                message="Root.",
                source="boringops",
                hint="USER 1",
            ),
        ],
        validation=[
            Validation(path="Dockerfile", tool="hadolint", tool_version="2.15", outcome="failed"),
            Validation(path="ci.yml", tool="actionlint", outcome="passed"),
            Validation(path="main.tf", tool="terraform", outcome="not_validated", reason="terraform is not installed"),
        ],
    )
    result = call(Validate(), context, {})
    assert context.inspected == ["Dockerfile", "ci.yml", "main.tf"]
    assert not result.is_error
    assert result.data == {"files": 3, "error": 1, "warning": 2, "info": 0, "not_validated": 1}
    assert result.content.splitlines() == [
        "3 files checked: 1 error, 2 warnings.",
        "",
        "Dockerfile",
        "  error: line 3: Root. [A, boringops]",
        "    USER 1",
        "  warning: line 9: No tag. [C, hadolint]",
        "",
        "ci.yml",
        "  warning: Old action. [B, actionlint]",
        "",
        "Passed:",
        "  actionlint: ci.yml",
        "",
        "Not validated (this is not a pass):",
        "  main.tf: terraform: terraform is not installed",
    ]


def test_validate_takes_files_and_directories(context: FakeContext) -> None:
    for path in ("infra/a.tf", "infra/b/c.tf", "x.tf"):
        context.put(path)
    assert (
        call(Validate(), context, {"paths": ["x.tf", "infra", "infra/a.tf"]}).content == "3 files checked: no findings."
    )
    assert context.inspected == ["x.tf", "infra/a.tf", "infra/b/c.tf"]
    call(Validate(), context, {"paths": "."})
    assert context.inspected[3:] == ["infra/a.tf", "infra/b/c.tf", "x.tf"]
    with pytest.raises(ToolError, match=r"Did you mean x\.tf"):
        call(Validate(), context, {"paths": ["X.tf"]})
    with pytest.raises(ToolError, match="outside"):
        call(Validate(), context, {"paths": ["/etc/passwd"]})


def test_validate_with_nothing_changed_checks_nothing(context: FakeContext) -> None:
    assert "changed no file" in call(Validate(), context, {"paths": []}).content
    assert context.inspected == []


# --- Finish --------------------------------------------------------------------------------------------


def test_finish_hands_the_claim_on(context: FakeContext) -> None:
    item = {"id": "security-1", "outcome": "attested", "evidence": "e12"}
    arguments = {"summary": "Done.", "checklist": [item], "follow_ups": "Train the team", "report": '{"Notes": "n"}'}
    assert call(Finish(), context, arguments) is context.answer
    assert context.claims == [
        Claim(
            summary="Done.",
            checklist=[Attestation(id="security-1", outcome="attested", evidence=["e12"])],
            follow_ups=["Train the team"],
            report={"Notes": "n"},
        )
    ]


# --- the set -------------------------------------------------------------------------------------------


def test_the_tools_stand_in_their_order_with_what_they_do() -> None:
    look, tell, repeat = InDoubt.LOOK, InDoubt.TELL, InDoubt.REPEAT
    assert [(tool.name, tool.effect, tool.in_doubt) for tool in all_tools()] == [
        ("Read", Effect.READ, repeat),
        ("Glob", Effect.READ, repeat),
        ("Grep", Effect.READ, repeat),
        ("Write", Effect.WRITE, look),
        ("Edit", Effect.WRITE, look),
        ("Bash", Effect.COMMAND, tell),
        ("AskUser", Effect.CONTROL, look),
        ("SubmitPlan", Effect.CONTROL, look),
        ("Validate", Effect.READ, repeat),
        ("Blueprint", Effect.WRITE, repeat),
        ("Finish", Effect.CONTROL, look),
    ]


PARAMETERS = {
    "Read": ("file_path", "offset limit"),
    "Glob": ("pattern", "path"),
    "Grep": ("pattern", "path glob output_mode"),
    "Write": ("file_path content", ""),
    "Edit": ("file_path old_string new_string", "replace_all"),
    "Bash": ("command", "timeout description"),
    "AskUser": ("questions", ""),
    "SubmitPlan": ("confidence summary", " ".join(Plan.model_fields.keys() - {"confidence", "summary"})),
    "Validate": ("", "paths"),
    "Blueprint": ("", "task paths write"),
    "Finish": ("summary", " ".join(Claim.model_fields.keys() - {"summary"})),
}


@pytest.mark.parametrize("tool", all_tools(), ids=lambda tool: str(tool.name))
def test_a_definition_is_what_the_api_takes_and_a_model_can_work_from(tool: Tool[Any]) -> None:
    definition = tool.definition()
    schema = definition["input_schema"]
    required, optional = (names.split() for names in PARAMETERS[tool.name])
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert sorted(schema.get("required", [])) == sorted(required)
    assert sorted(schema["properties"]) == sorted([*required, *optional])
    assert "anyOf" not in json.dumps(schema)
    assert 3 <= len(definition["description"].splitlines()) <= 8
    if tool.name not in ("SubmitPlan", "Finish"):
        assert all(field.get("description") for field in schema["properties"].values())


def test_all_definitions_together_stay_small() -> None:
    assert len(json.dumps([tool.definition() for tool in all_tools()])) < 20_000


# --- arguments that do not fit -------------------------------------------------------------------------


def test_an_error_says_where_what_is_wanted_and_what_was_given() -> None:
    assert refused(Grep(), {"pattern": 5, "output_mode": "x" * 500, "head_limit": 3}).splitlines() == [
        "Grep was not run: its arguments are not valid.",
        "- pattern: Input should be a valid string; given: 5",
        "- output_mode: Input should be 'content', 'files_with_matches' or 'count'; given: "
        f'"{"x" * 79}… (502 characters)',
        "- head_limit: Grep has no such argument; leave it out",
    ]
    assert "the arguments: Input should be" in refused(Grep(), ["x"])


def test_a_name_that_is_nearly_right_is_put_right() -> None:
    assert "- path: Read has no such argument; give it as file_path" in refused(Read(), {"path": "Dockerfile"})


def test_validate_says_a_hint_and_a_reason_once(context: FakeContext) -> None:
    context.written = ["a/Dockerfile", "b/Dockerfile"]
    context.inspection = Inspection(
        findings=[
            Finding(rule="R", severity="info", path=path, message="No digest.", source="boringops", hint="Pin it.")
            for path in context.written
        ],
        validation=[
            Validation(path=path, tool="trivy", outcome="not_validated", reason="no data") for path in context.written
        ],
    )
    content = call(Validate(), context, {}).content
    assert content.count("Pin it.") == 1
    assert "  a/Dockerfile, b/Dockerfile: trivy: no data" in content


def test_many_problems_are_counted_instead_of_listed() -> None:
    text = refused(AskUser(), {"questions": [5] * 30})
    assert len(text.splitlines()) == 12
    assert text.endswith("- and 20 more")
