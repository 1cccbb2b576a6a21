"""The scripted Messages API notices what the real one and its prompt cache would: a watchman has to be seen barking."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.messages_api import MessagesApi, message_faults, text, tool_use

USER = {"role": "user", "content": [{"type": "text", "text": "Go."}]}
CALL = {"role": "assistant", "content": [tool_use("Read", file_path="a") | {"id": "t1"}]}
OTHER = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "y"}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}
SAID = {"role": "assistant", "content": "Done."}
PHASE = {"role": "system", "content": "Now act."}


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [USER, CALL, RESULT],
        [USER, CALL, RESULT, PHASE],
        [USER, CALL, RESULT, PHASE, SAID, USER],
        [USER, {"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "x", "input": {}}]}],
    ],
)
def test_what_the_api_takes(messages: list[dict[str, Any]]) -> None:
    assert list(message_faults(messages)) == []


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ([], "start with the user"),
        ([SAID, USER], "start with the user"),
        ([USER, CALL, USER], "are answered by"),
        ([USER, CALL], "ends with the assistant"),
        ([USER, SAID, RESULT], "are answered by"),
        ([USER, SAID], "ends with the assistant"),
        ([USER, USER], "role of the one before"),
        ([USER, CALL, RESULT, PHASE, USER], "a system message is last"),
        ([USER, CALL, {"role": "user", "content": [text("so"), *RESULT["content"]]}], "results come first"),
        ([{"role": "user", "content": []}], "empty"),
        ([{"role": "user", "content": [text("")]}], "empty"),
    ],
)
def test_what_the_api_refuses(messages: list[dict[str, Any]], fault: str) -> None:
    assert any(fault in said for said in message_faults(messages))


def send(api: MessagesApi, *messages: dict[str, Any], system: str = "S", **more: Any) -> None:
    body = json.dumps({"system": system, "tools": [], "messages": messages, **more}).encode()
    api.reply(text("ok"))
    urllib.request.urlopen(urllib.request.Request(f"{api.url}/v1/messages", body), timeout=5).read()


def test_a_conversation_that_grows_is_fine_and_so_are_a_retry_a_moved_mark_and_another_conversation() -> None:
    with MessagesApi() as api:
        marked = {"role": "user", "content": [USER["content"][0] | {"cache_control": {"type": "ephemeral"}}]}
        send(api, marked)
        send(api, USER, CALL, RESULT)
        send(api, USER, CALL, RESULT)
        send(api, {"role": "user", "content": "Another task."}, system="T")
        api.check()


@pytest.mark.parametrize(
    ("second", "more", "fault"),
    [
        ([USER, CALL, RESULT], {"system": "Other"}, "`system` is not"),
        ([USER, CALL, RESULT], {"tools": [{"name": "New"}]}, "`tools` is not"),
        (
            [USER, CALL, OTHER, SAID, USER],
            {},
            "do not extend",
        ),
        ([{"role": "user", "content": "Go!"}, CALL, RESULT], {}, "first message changed"),
    ],
)
def test_a_conversation_that_does_not_extend_itself(
    second: list[dict[str, Any]], more: dict[str, Any], fault: str
) -> None:
    with MessagesApi() as api:
        send(api, USER)
        send(api, USER, CALL, RESULT)
        send(api, *second, **more)
        with pytest.raises(AssertionError, match=fault):
            api.check()


def test_a_script_too_short_or_too_long() -> None:
    with MessagesApi() as api:
        api.reply(text("never asked for"))
        with pytest.raises(AssertionError, match="1 queued"):
            api.check()
