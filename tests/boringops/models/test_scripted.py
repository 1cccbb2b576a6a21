"""The scripted model, as users' own tests rely on it."""

from __future__ import annotations

import pytest

from boringops.errors import ModelError
from boringops.facts import Usage
from boringops.models.base import Delta, Reply, Request
from boringops.models.scripted import ScriptedModel, ScriptExhausted, text, thinking, tool


def ask(model: ScriptedModel, *messages: str) -> Reply:
    return model.respond(Request([], [], [{"role": "user", "content": said} for said in messages]), lambda _: None)


def test_turns_are_played_in_order_with_ids_and_stop_reasons_filled_in() -> None:
    model = ScriptedModel([[thinking("Hm."), tool("Read", file_path="a"), tool("Glob", pattern="*")], [text("Done.")]])
    first, second = ask(model), ask(model)
    assert first.content == [
        {"type": "thinking", "thinking": "Hm.", "signature": "scripted"},
        {"type": "tool_use", "id": "toolu_1_2", "name": "Read", "input": {"file_path": "a"}},
        {"type": "tool_use", "id": "toolu_1_3", "name": "Glob", "input": {"pattern": "*"}},
    ]
    assert (first.stop_reason, second.stop_reason) == ("tool_use", "end_turn")
    assert first.usage.turns == second.usage.turns == 1


def test_a_tools_own_argument_may_be_called_name() -> None:
    assert tool("SubmitPlan", name="x")["input"] == {"name": "x"}


def test_a_step_can_be_a_reply_an_exception_or_a_function_of_the_request() -> None:
    model = ScriptedModel(
        [
            Reply([tool("Read", file_path="a")], "max_tokens", Usage(turns=1, cost_usd=2.0)),
            ModelError("Overloaded", kind="overloaded"),
            lambda request: [text(f"You said {request.messages[0]['content']}")],
        ]
    )
    whole = ask(model)
    assert (whole.stop_reason, whole.usage.cost_usd, whole.content[0]["id"]) == ("max_tokens", 2.0, "toolu_1_1")
    with pytest.raises(ModelError) as raised:
        ask(model)
    assert raised.value.kind == "overloaded"
    assert ask(model, "hello").content == [text("You said hello")]


def test_running_out_names_the_turn() -> None:
    model = ScriptedModel([[text("Once.")]])
    ask(model)
    with pytest.raises(ScriptExhausted, match=r"Turn 2 .* ends after 1"):
        ask(model)


def test_requests_are_kept_as_they_were() -> None:
    model, messages = ScriptedModel([[text("A")], [text("B")]]), [{"role": "user", "content": "one"}]
    model.respond(Request([], [], messages), lambda _: None)
    messages.append({"role": "assistant", "content": "A"})
    model.respond(Request([], [], messages), lambda _: None)
    assert [len(request.messages) for request in model.requests] == [1, 2]


def test_a_script_is_not_changed_by_playing_it() -> None:
    script = [[tool("Read", file_path="a")]]
    assert ask(ScriptedModel(script)).content[0]["id"] == "toolu_1_1"
    assert script[0][0]["id"] == ""


def test_watchers_are_shown_what_arrives() -> None:
    seen: list[Delta] = []
    ScriptedModel([[thinking("Hm."), text("So."), tool("Read")]]).respond(Request([], [], []), seen.append)
    assert seen == [Delta("thinking", "Hm."), Delta("text", "So."), Delta("tool", "Read"), Delta("arguments", "{}")]
