"""Embedding in Python: callbacks, hooks, own tools, streaming, cancelling, several at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import boringops
from boringops import (
    Answer,
    Effect,
    Event,
    Result,
    Specialist,
    Task,
    Tool,
    ToolCall,
    ToolContext,
    ToolInput,
    ToolResult,
)
from boringops.errors import UsageError
from boringops.events import PlanApproved, PlanSubmitted, RunEnded, ToolFinished
from boringops.facts import Plan, Question
from boringops.models.scripted import ScriptedModel, text, tool
from tests.embedding.playing import RUNBOOK, asking, finish, plan, work, working, write
from tests.repos import git, make_repo

TASK = Task(text="Write the runbook")


HEAVY = ("anthropic", "mcp", "a2a", "acp", "rich", "typer", "prompt_toolkit")


@pytest.mark.parametrize(
    ("code", "absent"),
    [("import boringops", (*HEAVY, "pydantic", "git")), ("from boringops import Specialist", HEAVY)],
)
def test_importing_costs_no_model_protocol_or_terminal_library(code: str, absent: tuple[str, ...]) -> None:
    asked = f"{code}; import sys; print(*sorted(set(sys.modules) & set({absent!r})))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_stub_names_what_the_package_gives() -> None:
    stub = Path(boringops.__file__).with_suffix(".pyi").read_text()
    for name in boringops.__all__:
        assert getattr(boringops, name) is not None
        assert f" as {name}\n" in stub or f"{name}: str" in stub
    with pytest.raises(AttributeError, match="no attribute 'Specialst'"):
        _ = boringops.Specialst


# --- callbacks ---------------------------------------------------------------------------------------


def test_callbacks_answer_and_approve(repo: Path, persona: str) -> None:
    asked: list[Any] = []

    def on_questions(questions: list[Question]) -> str:
        asked.extend(questions)
        return "eu"

    def on_plan(proposed: Plan) -> bool:
        asked.append(proposed.summary)
        return True

    model = asking()
    result = Specialist(repo, persona=persona, model=model, on_plan=on_plan, on_questions=on_questions).run(TASK)
    assert (result.status, result.exit_code) == ("done", 0), result.error
    assert [asked[0].question, asked[1]] == ["Which region?", "The procedure is written down."]
    assert "The user answers:\\neu" in str(model.requests[1].messages)
    assert git(repo, "show", f"HEAD:{RUNBOOK}").startswith("# Runbook")


def test_asynchronous_callbacks_are_awaited_on_the_callers_loop(repo: Path, persona: str) -> None:
    async def main() -> tuple[Result, bool]:
        loop = asyncio.get_running_loop()
        same: list[bool] = []

        async def on_plan(_: Plan) -> Answer:
            same.append(asyncio.get_running_loop() is loop)
            return Answer(True)

        async def before(_: ToolCall) -> None:
            same.append(asyncio.get_running_loop() is loop)

        one = Specialist(repo, persona=persona, model=working(), on_plan=on_plan, before_tool=before)
        return await one.arun(TASK), all(same) and len(same) == 4

    result, same = asyncio.run(main())
    assert result.status == "done" and same, result.error


def test_an_asynchronous_callback_works_without_a_loop_too(repo: Path, persona: str) -> None:
    async def on_plan(_: Plan) -> bool:
        return True

    assert Specialist(repo, persona=persona, model=working(), on_plan=on_plan).run(TASK).status == "done"


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (None, "needs_approval", "approval"),
        (RuntimeError("boom"), "needs_approval", "approval"),
        (17, "needs_approval", "approval"),
    ],
)
def test_a_plan_nobody_approved_waits(repo: Path, persona: str, answer: Any, status: str, kind: str) -> None:
    def on_plan(_: Plan) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    result = Specialist(repo, persona=persona, model=ScriptedModel([plan()]), on_plan=on_plan).run(TASK)
    assert (result.status, result.error and result.error.kind) == (status, kind)
    assert not (repo / RUNBOOK).exists()
    resumed = Specialist(repo, model=ScriptedModel([write(), finish()])).resume(result.run_id, approve=True)
    assert resumed.status == "done"


def test_a_refusal_in_words_reaches_the_model(repo: Path, persona: str) -> None:
    said = iter(["Put it into the wiki.", True])
    model = ScriptedModel([plan(), *work()])
    result = Specialist(repo, persona=persona, model=model, on_plan=lambda _: next(said)).run(TASK)
    assert result.status == "done"
    assert "Put it into the wiki." in str(model.requests[1].messages)


@pytest.mark.parametrize("answer", [None, "", 3, ValueError("no")])
def test_questions_nobody_answered_wait(repo: Path, persona: str, answer: Any) -> None:
    def on_questions(_: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    result = Specialist(repo, persona=persona, model=asking(), on_questions=on_questions).run(TASK)
    assert (result.status, [q.question for q in result.questions]) == ("needs_clarification", ["Which region?"])


# --- hooks -------------------------------------------------------------------------------------------


def test_a_hook_before_a_call_can_deny_it(repo: Path, persona: str) -> None:
    model = ScriptedModel([plan(), write(), finish(outcome="done")] + [[text("I give up.")]] * 4)

    def no_runbooks(call: ToolCall) -> str | None:
        call.input["file_path"] = "elsewhere.md"  # a copy: nothing comes of it
        return "Runbooks are in the wiki." if call.tool == "Write" else None

    result = Specialist(repo, persona=persona, model=model, approve="auto", before_tool=no_runbooks).run(TASK)
    assert result.changes == [] and not (repo / RUNBOOK).exists() and not (repo / "elsewhere.md").exists()
    (denial,) = result.permission_denials
    assert (denial.tool, denial.reason) == ("Write", "Runbooks are in the wiki.")


def test_a_hook_that_fails_is_a_hook_that_denies(repo: Path, persona: str) -> None:
    def broken(call: ToolCall) -> None:
        if call.tool == "Write":
            raise KeyError("region")

    model = ScriptedModel([plan(), write(), *[[text("I give up.")]] * 4])
    result = Specialist(repo, persona=persona, model=model, approve="auto", before_tool=[lambda _: True, broken]).run(
        TASK
    )
    assert not (repo / RUNBOOK).exists()
    assert "the hook broken failed (KeyError: 'region'), so it did not agree" in result.permission_denials[0].reason


def test_a_hook_behind_a_call_can_withhold_its_result(repo: Path, persona: str) -> None:
    seen: list[tuple[str, bool]] = []

    def no_readme(call: ToolCall, result: ToolResult) -> bool:
        seen.append((call.tool, result.is_error))
        return call.tool != "Read"

    model = ScriptedModel([[tool("Read", file_path="README.md")], *work()])
    result = Specialist(repo, persona=persona, model=model, approve="auto", after_tool=no_readme).run(TASK)
    assert result.status == "done" and seen[0] == ("Read", False)
    told = str(model.requests[1].messages)
    assert "withheld by a hook" in told and "Sells things" not in told


# --- own tools ---------------------------------------------------------------------------------------


class TicketInput(ToolInput):
    number: int


class Ticket(Tool[TicketInput]):
    """Look a ticket up."""

    name = "Ticket"
    effect = Effect.READ
    input = TicketInput

    def run(self, call: TicketInput, context: ToolContext) -> ToolResult:
        return ToolResult(f"Ticket {call.number}: {context.task}")


class Notify(Ticket):
    """Tell the channel."""

    name = "Notify"
    effect = Effect.REACH

    def run(self, call: TicketInput, context: ToolContext) -> ToolResult:
        return ToolResult(f"told {call.number}")


def test_own_tools_run_under_the_policy(repo: Path, persona: str) -> None:
    call = [tool("Notify", number=7)]
    script = [[tool("Ticket", number=7)], call, plan(), call, write(), finish()]
    events: list[Event] = []
    asked: list[str] = []

    def on_call(name: str, arguments: dict[str, Any], reason: str) -> bool:
        asked.append(f"{name} {arguments['number']}: {reason}")
        return True

    model = ScriptedModel(script)
    one = Specialist(
        repo, persona=persona, model=model, tools=[Ticket(), Notify()], on_plan=lambda _: True, on_call=on_call,
        on_event=events.append,
    )  # fmt: skip
    assert one.run(TASK).status == "done"
    finished = [event for event in events if isinstance(event, ToolFinished) and event.tool in {"Ticket", "Notify"}]
    assert [event.is_error for event in finished] == [False, True, False]
    assert finished[0].content == "Ticket 7: Write the runbook"
    assert "plan phase only reads" in finished[1].content
    assert asked == ["Notify 7: Notify reaches outside the repository."]
    names = [each["name"] for each in model.requests[0].tools]
    assert names[-2:] == ["Ticket", "Notify"] and all(
        request.tools == model.requests[0].tools for request in model.requests
    )


def test_a_rule_can_allow_an_own_tool(repo: Path, persona: str) -> None:
    model = ScriptedModel([plan(), [tool("Notify", number=7)], write(), finish()])
    events: list[Event] = []
    one = Specialist(
        repo, persona=persona, model=model, tools=[Notify()], approve="auto", on_event=events.append,
        permissions={"allow": ["Notify"]},
    )  # fmt: skip
    assert one.run(TASK).status == "done"
    assert [event.content for event in events if isinstance(event, ToolFinished) and event.tool == "Notify"] == [
        "told 7"
    ]
    with pytest.raises(UsageError, match="names a tool there is not"):
        Specialist(repo, persona=persona, model=working(), permissions={"allow": ["Notify"]}).run(TASK)


def test_tools_that_cannot_be_told_apart_or_lie_are_refused(repo: Path, persona: str) -> None:
    class Read(Ticket):
        name = "Read"

    class Steering(Ticket):
        name = "Steering"
        effect = Effect.CONTROL

    class Spaced(Ticket):
        name = "two words"

    class Silent(Tool[TicketInput]):
        name = "Silent"
        input = TicketInput

        def run(self, call: TicketInput, context: ToolContext) -> ToolResult:
            return ToolResult("")

    for wrong, said in (
        ([Read()], "is there already"),
        ([Ticket(), Ticket()], "is there already"),
        ([Steering()], "claims to control the run"),
        ([Spaced()], "has no usable name"),
        ([Silent()], "does not declare its effect"),
        ([Ticket], "is not a boringops.Tool"),
    ):
        with pytest.raises(UsageError, match=said):
            Specialist(repo, persona=persona, model=working(), tools=wrong).run(TASK)  # type: ignore[arg-type]


# --- streaming and stopping --------------------------------------------------------------------------


def test_a_stream_gives_every_event_and_the_result_last(repo: Path, persona: str) -> None:
    *events, result = Specialist(repo, persona=persona, model=working(), approve="auto").stream(TASK)
    assert isinstance(result, Result) and result.status == "done"
    assert all(isinstance(event, Event) for event in events)
    assert [event.seq for event in events if isinstance(event, Event)] == list(range(len(events)))
    assert isinstance(events[-1], RunEnded)


def test_what_is_wrong_with_the_call_is_raised_out_of_a_stream(repo: Path) -> None:
    with pytest.raises(UsageError, match="there is no persona"):
        list(Specialist(repo, persona="nobody", model=working()).stream(TASK))


def test_whoever_stops_listening_stops_the_run_resumably(repo: Path, persona: str) -> None:
    def until_stopped(call: ToolCall) -> None:
        if call.tool == "Write":
            (caller,) = one._callers
            assert caller.cancel.wait(20)

    one = Specialist(repo, persona=persona, model=working(), approve="auto", before_tool=until_stopped)
    events = one.stream(TASK)
    for event in events:
        if isinstance(event, PlanApproved):
            break
    events.close()  # type: ignore[attr-defined]
    run_id = one.latest()
    end = list(one.events(run_id))[-1]
    assert isinstance(end, RunEnded) and end.status == "interrupted"
    resumed = Specialist(repo, model=ScriptedModel([write(), finish()])).resume(run_id)
    assert resumed.status == "done", resumed.error


def test_a_cancelled_task_stops_its_run_and_leaves_no_lock(repo: Path, persona: str) -> None:
    async def main() -> str:
        waiting = asyncio.Event()

        async def on_plan(_: Plan) -> bool:
            waiting.set()
            await asyncio.Event().wait()
            return True

        one = Specialist(repo, persona=persona, model=working(), on_plan=on_plan)
        task = asyncio.create_task(one.arun(TASK))
        await waiting.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # twice: the second must not leave the run behind
        with pytest.raises(asyncio.CancelledError):
            await task
        return one.latest()

    run_id = asyncio.run(main())
    one = Specialist(repo, model=ScriptedModel([write(), finish()]))
    end = list(one.events(run_id))[-1]
    assert isinstance(end, RunEnded) and end.status == "interrupted"
    assert one.resume(run_id, approve=True).status == "done"


def test_stop_ends_a_run_between_two_steps(repo: Path, persona: str) -> None:
    def stop_at_write(call: ToolCall) -> None:
        if call.tool == "Write":
            one.stop()

    one = Specialist(repo, persona=persona, model=working(), approve="auto", before_tool=stop_at_write)
    result = one.run(TASK)
    assert (result.status, result.exit_code) == ("interrupted", 130)
    assert (repo / RUNBOOK).exists(), "the call that was allowed is carried out whole"
    assert Specialist(repo, model=ScriptedModel([finish()])).resume(result.run_id).status == "done"


def test_an_async_stream_can_be_left(repo: Path, persona: str) -> None:
    async def never(_: Plan) -> None:
        await asyncio.Event().wait()

    async def main() -> str:
        one = Specialist(repo, persona=persona, model=working(), on_plan=never)
        stream = one.astream(TASK)
        async for event in stream:
            if isinstance(event, PlanSubmitted):
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return one.latest()

    run_id = asyncio.run(main())
    end = list(Specialist(repo).events(run_id))[-1]
    assert isinstance(end, RunEnded) and end.status == "interrupted"


# --- several at once ---------------------------------------------------------------------------------


def test_several_work_at_once_in_different_repositories(tmp_path: Path, persona: str) -> None:
    meeting = threading.Barrier(3, timeout=20)

    def met(call: ToolCall) -> None:
        if call.tool == "Write":
            meeting.wait()  # all three are in the middle of their runs, or this breaks

    async def main() -> list[Result]:
        ones = [
            Specialist(make_repo(tmp_path / f"r{n}"), persona=persona, model=working(), approve="auto", before_tool=met)
            for n in range(3)
        ]
        return await asyncio.gather(*(one.arun(TASK) for one in ones))

    results = asyncio.run(main())
    assert [result.status for result in results] == ["done"] * 3
    assert len({result.commit for result in results}) >= 1


def test_two_in_one_repository_are_kept_apart(repo: Path, persona: str) -> None:
    second: list[Result] = []

    def at_plan(_: Plan) -> bool:
        second.append(Specialist(repo, persona=persona, model=working(), approve="auto").run(TASK))
        return True

    first = Specialist(repo, persona=persona, model=working(), on_plan=at_plan).run(TASK)
    assert first.status == "done"
    assert (second[0].status, second[0].error and second[0].error.kind) == ("usage", "busy")
    assert second[0].error and "--worktree" in second[0].error.hint
