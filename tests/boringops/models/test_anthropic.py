"""The model against a Messages API that misbehaves in every way the real one and the network in between do.

Everything goes through the real SDK and real HTTP; only the waits between attempts are not waited.
"""

from __future__ import annotations

import copy
import email.utils
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boringops.errors import BoringopsError, BudgetReached, Interrupted, ModelError
from boringops.facts import Usage
from boringops.models import anthropic as anthropic_model
from boringops.models.anthropic import AnthropicModel, ModelSettings
from boringops.models.base import Delta, Model, Reply, Request
from boringops.models.failures import failure
from tests.messages_api import MessagesApi, events, text, thinking, tool_use

SYSTEM = [{"type": "text", "text": "You are an engineer."}, {"type": "text", "text": "Be brief."}]
TOOLS = [{"name": "Read", "description": "Read a file.", "input_schema": {"type": "object", "properties": {}}}]
SAID = {"role": "user", "content": [{"type": "text", "text": "Look at the image."}]}


class Caller:
    """A model and everything it told anybody."""

    def __init__(self, **settings: Any) -> None:
        self.waits: list[float] = []
        self.attempts: list[tuple[str, str, float | None, Usage]] = []
        self.deltas: list[Delta] = []
        self.model = AnthropicModel(
            ModelSettings(**{"id": "opus", **settings}),
            on_attempt=lambda *told: self.attempts.append(told),
            sleep=self.waits.append,
        )

    def ask(self, *messages: dict[str, Any], **request: Any) -> Reply:
        return self.model.respond(Request(SYSTEM, TOOLS, list(messages) or [SAID], **request), self.deltas.append)

    def fails(self, kind: str, **request: Any) -> ModelError:
        with pytest.raises(ModelError) as raised:
            self.ask(**request)
        assert raised.value.kind == kind
        return raised.value

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, *_ in self.attempts]


@pytest.fixture
def caller(messages_api: MessagesApi) -> Iterator[Caller]:
    made = Caller()
    yield made
    made.model.close()


# --- what comes back ---


def test_a_reply_and_what_it_cost(messages_api: MessagesApi, caller: Caller, sse: Path) -> None:
    model: Model = caller.model
    assert model.profile.id == "claude-opus-5-5"
    messages_api.stream(sse / "text.sse")
    reply = caller.ask()
    assert reply.content == [{"type": "text", "text": "The chart has no probes → add them."}]
    assert (reply.stop_reason, reply.id, reply.model) == ("end_turn", "msg_text", "claude-opus-5-5")
    dollars = reply.usage.cost_usd
    assert dollars == pytest.approx((40 * 4 + 2100 * 0.20 + 17 * 20) / 1e6)
    assert reply.usage == Usage(turns=1, input_tokens=40, cache_read_tokens=2100, output_tokens=17, cost_usd=dollars)
    assert caller.attempts == []
    shown = ["The chart ", "has no probes → ", "add them."]
    assert caller.deltas == [Delta("text", piece) for piece in shown]


@pytest.mark.parametrize(
    ("stream", "stop_reason", "content"),
    [
        (
            "thinking_tool_use",
            "tool_use",
            [
                {
                    "type": "thinking",
                    "thinking": "The base image\nis not pinned.",
                    "signature": "c2lnbmVkLWZvci10ZXN0cw==",
                },
                {"type": "text", "text": "I read the Dockerfile first."},
                {
                    "type": "tool_use",
                    "id": "toolu_read",
                    "name": "Read",
                    "input": {"file_path": "Dockerfile", "limit": 50},
                    "caller": {"type": "direct"},
                },
            ],
        ),
        (
            "thinking_omitted",
            "tool_use",
            [
                {"type": "thinking", "thinking": "", "signature": "c2lnbmVkLWZvci10ZXN0cw=="},
                {
                    "type": "tool_use",
                    "id": "toolu_glob",
                    "name": "Glob",
                    "input": {"pattern": "**/*.tf"},
                    "caller": {"type": "direct"},
                },
            ],
        ),
        (
            "pause_turn",
            "pause_turn",
            [
                {"type": "text", "text": "I look it up."},
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "input": {"query": "s3 backend lockfile"},
                    "caller": {"type": "direct"},
                },
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "srvtoolu_1",
                    "content": [
                        {
                            "type": "web_search_result",
                            "title": "Backend",
                            "url": "https://example.com/backend",
                            "encrypted_content": "opaque",
                            "page_age": None,
                        }
                    ],
                    "caller": {"type": "direct"},
                },
            ],
        ),
        (
            "unknown_things",
            "some_new_reason",
            [
                {"type": "redacted_thinking", "data": "b3BhcXVl"},
                {"type": "some_new_block", "state": "closed", "citations_like": None, "detail": {"n": 1}},
                {
                    "type": "text",
                    "text": "Cited.",
                    "citations": [{"type": "char_location", "cited_text": "x", "document_index": 0}],
                },
            ],
        ),
        (
            "compaction",
            "end_turn",
            [
                {"type": "compaction", "content": "What came before, in short.", "encrypted_content": "b3BhcXVl"},
                {"type": "text", "text": "Going on."},
            ],
        ),
        ("context_window_exceeded", "model_context_window_exceeded", [{"type": "text", "text": "As much as fitted"}]),
    ],
)
def test_blocks_are_kept_as_they_came(
    messages_api: MessagesApi, caller: Caller, sse: Path, stream: str, stop_reason: str, content: list[dict[str, Any]]
) -> None:
    messages_api.stream(sse / f"{stream}.sse", chunk=7)
    reply = caller.ask()
    assert reply.stop_reason == stop_reason
    # As text: the order of fields counts too, and no field may have been added.
    assert json.dumps(reply.content) == json.dumps(content)
    assert reply.malformed == frozenset()


def test_parallel_calls_and_the_price_of_an_hour_in_the_cache(
    messages_api: MessagesApi, caller: Caller, sse: Path
) -> None:
    messages_api.stream(sse / "parallel_tool_use.sse")
    reply = caller.ask()
    assert [(block["name"], block["input"]) for block in reply.content[1:]] == [
        ("Read", {"file_path": "compose.yaml"}),
        ("Grep", {"pattern": "image: .*:latest", "path": "."}),
        ("Validate", {}),
    ]
    assert reply.usage.cost_usd == pytest.approx((40 * 4 + 2100 * 0.20 + 640 * 8 + 120 * 20) / 1e6)
    assert [delta.kind for delta in caller.deltas if delta.kind != "arguments"] == ["thinking", "tool", "tool", "tool"]


def test_counts_that_the_last_event_leaves_out_keep_their_value(
    messages_api: MessagesApi, caller: Caller, sse: Path
) -> None:
    messages_api.stream(sse / "thinking_tool_use.sse")
    usage = caller.ask().usage
    assert (usage.input_tokens, usage.cache_write_tokens, usage.output_tokens) == (40, 900, 88)


def test_calls_that_cannot_be_read_do_not_lose_the_turn(messages_api: MessagesApi, caller: Caller, sse: Path) -> None:
    messages_api.stream(sse / "bad_tool_json.sse")
    reply = caller.ask()
    assert reply.malformed == {"toolu_bad", "toolu_list", "toolu_nan"}
    assert [block["input"] for block in reply.content] == [{}, {}, {}, {"file_path": "a.tf"}]
    assert reply.stop_reason == "tool_use"


def test_a_call_cut_off_by_the_output_limit_is_malformed(messages_api: MessagesApi, caller: Caller, sse: Path) -> None:
    messages_api.stream(sse / "max_tokens_mid_json.sse")
    reply = caller.ask()
    assert (reply.stop_reason, reply.malformed, reply.content[1]["input"]) == ("max_tokens", {"toolu_cut"}, {})


def test_a_reply_is_whole_once_the_model_said_why_it_stopped(messages_api: MessagesApi, caller: Caller) -> None:
    whole = b"".join(events([text("Done.")]))
    messages_api.stream(whole, drop_after=whole.index(b"event: message_stop"))
    assert caller.ask().content == [text("Done.")]
    assert caller.attempts == []


# --- what is sent ---


def test_the_request(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.reply(text("Done."))
    before = copy.deepcopy((SYSTEM, TOOLS, SAID))
    caller.ask(max_tokens=9_000)
    marked = {"type": "ephemeral"}
    assert messages_api.bodies == [
        {
            "model": "claude-opus-5-5",
            "max_tokens": 9_000,
            "stream": True,
            "system": [SYSTEM[0], {**SYSTEM[1], "cache_control": marked}],
            "tools": TOOLS,
            "thinking": {"type": "adaptive", "display": "summarized"},
            "cache_control": marked,
            "messages": [SAID],
        }
    ]
    assert before == (SYSTEM, TOOLS, SAID), "the caller's own are left alone"
    headers = messages_api.requests[0].headers
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["authorization"] == "Bearer test-key"
    assert headers["x-api-key"] == "test-key", "gateways look for the key there"


@pytest.mark.parametrize(
    ("settings", "sent", "absent"),
    [
        ({"effort": "high"}, {"output_config": {"effort": "high"}}, set()),
        ({"max_tokens": 2_000}, {"max_tokens": 2_000}, {"output_config"}),
        ({"id": "claude-haiku-4-5", "effort": "high"}, {"max_tokens": 64_000}, {"thinking", "output_config"}),
        ({"id": "somebodys-own", "effort": "low"}, {"model": "somebodys-own"}, {"thinking", "output_config"}),
    ],
)
def test_only_what_the_model_can_do_is_asked_for(
    messages_api: MessagesApi, settings: dict[str, Any], sent: dict[str, Any], absent: set[str]
) -> None:
    messages_api.reply(text("Done."))
    Caller(**settings).ask(max_tokens=100_000)
    body = messages_api.bodies[0]
    assert body.items() >= sent.items()
    assert not absent & body.keys()


def test_headers_and_base_url_of_the_settings(messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    messages_api.reply(text("Done."))
    Caller(base_url=f"{messages_api.url}/gateway", headers={"x-team": "platform"}).ask()
    assert messages_api.requests[0].path == "/gateway/v1/messages"
    assert messages_api.requests[0].headers["x-team"] == "platform"


def test_a_conversation_grows_by_the_same_bytes(messages_api: MessagesApi, caller: Caller) -> None:
    messages = [SAID]
    for turn in range(3):
        messages_api.reply(thinking("Hm … " * 9, signature="s"), tool_use("Read", file_path=f"{turn}.tf"))
        reply = caller.ask(*messages)
        result = {"type": "tool_result", "tool_use_id": reply.content[1]["id"], "content": "resource …\n"}
        messages += [{"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
    sent = [request.raw.partition(b'"messages":')[2].removesuffix(b"]}") for request in messages_api.requests]
    assert sent[1].startswith(sent[0])
    assert sent[2].startswith(sent[1])


def test_a_message_is_encoded_once(messages_api: MessagesApi, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[Any] = []
    plain = anthropic_model._encode
    monkeypatch.setattr(anthropic_model, "_encode", lambda value: encoded.append(value) or plain(value))
    messages = [SAID]
    for turn in range(3):
        messages_api.reply(text(f"Turn {turn}."))
        messages += [{"role": "assistant", "content": caller.ask(*messages).content}, copy.deepcopy(SAID)]
    assert [value for value in encoded if "model" not in value] == messages[:5]


def test_a_message_that_did_change_is_sent_as_it_is_now(messages_api: MessagesApi, caller: Caller) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "one"}]}
    for said in ("two", "three"):
        messages_api.reply(text("Done."))
        caller.ask(message)
        message["content"].append({"type": "text", "text": said})
    assert [len(body["messages"][0]["content"]) for body in messages_api.bodies] == [1, 2]


def test_half_a_surrogate_pair_does_not_make_a_conversation_unsendable(
    messages_api: MessagesApi, caller: Caller
) -> None:
    messages_api.reply(text("Done."))
    caller.ask({"role": "user", "content": "caf\udce9 ☕"})
    assert messages_api.bodies[0]["messages"][0]["content"] == "caf? ☕"


# --- attempts ---


@pytest.mark.parametrize(
    ("status", "error_type", "kind"),
    [
        (408, "timeout_error", "timeout"),
        (409, "", "overloaded"),
        (429, "rate_limit_error", "rate_limit"),
        (500, "api_error", "overloaded"),
        (502, "", "overloaded"),
        (503, "", "overloaded"),
        (504, "timeout_error", "timeout"),
        (529, "overloaded_error", "overloaded"),
    ],
)
def test_what_may_pass_is_tried_again(
    messages_api: MessagesApi, caller: Caller, status: int, error_type: str, kind: str
) -> None:
    messages_api.error(status, error_type, "Not now")
    messages_api.error(status, error_type, "Not now")
    messages_api.reply(text("Done."))
    assert caller.ask().content == [text("Done.")]
    assert caller.attempts == [(kind, "Not now (request req_test)", wait, Usage()) for wait in caller.waits]
    assert 0.3 < caller.waits[0] <= 0.5 < caller.waits[1] <= 1.0
    assert [delta.kind for delta in caller.deltas] == ["retry", "retry", "text"]
    assert messages_api.requests[0].raw == messages_api.requests[2].raw


@pytest.mark.parametrize(
    ("status", "error_type", "message", "kind"),
    [
        (400, "invalid_request_error", "max_tokens: too small", "invalid_request"),
        (400, "invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum", "context"),
        (401, "authentication_error", "invalid key", "authentication"),
        (402, "billing_error", "no credit", "billing"),
        (403, "permission_error", "not yours", "permission"),
        (404, "not_found_error", "model: nope", "not_found"),
        (413, "request_too_large", "too large", "too_large"),
        (422, "", "odd", "invalid_request"),
        (418, "", "teapot", "unknown"),
    ],
)
def test_what_will_not_pass_ends_the_call(
    messages_api: MessagesApi, caller: Caller, status: int, error_type: str, message: str, kind: str
) -> None:
    messages_api.error(status, error_type, message)
    error = caller.fails(kind)
    assert message in error.message
    assert error.hint or kind in {"invalid_request", "unknown"}
    assert (caller.kinds, caller.waits, error.exit_code) == ([kind], [], 7)
    assert caller.attempts[0][2] is None, "there is no next attempt"


def test_the_api_may_say_that_another_attempt_is_of_no_use(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.error(429, "rate_limit_error", "Spend limit reached", {"x-should-retry": "false"})
    caller.fails("rate_limit")
    assert caller.waits == []


@pytest.mark.parametrize(
    ("queue", "kind", "billed"),
    [
        (lambda api, sse: api.stream(sse / "overloaded_mid_stream.sse"), "overloaded", 40),
        (lambda api, sse: api.stream(sse / "cut_off.sse"), "stream", 40),
        (lambda api, sse: api.stream(sse / "text.sse", drop_after=700), "network", 40),
        (lambda api, sse: api.stream(sse / "text.sse", drop_after=60), "network", 0),
        (lambda api, sse: api.raw(200, "text/event-stream", b""), "stream", 0),
        (lambda api, sse: api.raw(200, "text/html", b"<html><body>Log in: first</body></html>"), "stream", 0),
        (lambda api, sse: api.raw(200, "text/event-stream", b"event: message_start\ndata: {nope\n\n"), "stream", 0),
        (lambda api, sse: api.raw(200, "text/event-stream", b"event: message_start\ndata: [1]\n\n"), "stream", 0),
        (
            lambda api, sse: api.raw(200, "text/event-stream", b'event: x\ndata: {"type":"message_start"}\n\n'),
            "stream",
            0,
        ),
        (lambda api, sse: api.raw(502, "text/html", b"<html>Bad gateway</html>"), "overloaded", 0),
    ],
    ids=[
        "error event",
        "ends early",
        "drops",
        "drops in an event",
        "empty",
        "html",
        "no json",
        "no object",
        "no message",
        "html 502",
    ],
)
def test_a_stream_that_breaks_is_tried_again_and_what_was_billed_is_told(
    messages_api: MessagesApi,
    caller: Caller,
    sse: Path,
    queue: Callable[[MessagesApi, Path], None],
    kind: str,
    billed: int,
) -> None:
    queue(messages_api, sse)
    messages_api.reply(text("Done."))
    reply = caller.ask()
    assert reply.content == [text("Done.")]
    assert reply.usage.input_tokens == 10, "only of the attempt that gave it"
    [(told, message, wait, usage)] = caller.attempts
    assert (told, usage.input_tokens, usage.turns) == (kind, billed, 0)
    assert message
    assert wait
    assert (usage.cost_usd > 0) == (billed > 0)


def test_an_error_in_the_stream_that_will_not_pass_ends_the_call(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.stream(
        b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"odd"}}\n\n'
    )
    assert "odd" in caller.fails("invalid_request").message
    assert caller.waits == []


def test_a_refusal_is_not_content_and_its_tokens_are_told(messages_api: MessagesApi, caller: Caller, sse: Path) -> None:
    messages_api.stream(sse / "refusal.sse")
    error = caller.fails("refusal")
    assert error.message == "The model refused (cyber): The policy does not allow it."
    assert error.hint
    assert [(kind, wait, usage.input_tokens) for kind, _, wait, usage in caller.attempts] == [("refusal", None, 40)]


def test_attempts_come_to_an_end_and_waits_grow_up_to_half_a_minute(messages_api: MessagesApi) -> None:
    for _ in range(10):
        messages_api.error(529, "overloaded_error", "Overloaded")
    caller = Caller(max_attempts=10)
    caller.fails("overloaded", deadline_s=10_000)
    assert len(caller.waits) == 9
    assert caller.waits == sorted(caller.waits[:6]) + caller.waits[6:]
    assert 20 < max(caller.waits) <= 30


def test_waits_stay_within_the_deadline(messages_api: MessagesApi) -> None:
    now = [0.0]
    model = AnthropicModel(
        ModelSettings("opus"), clock=lambda: now[0], sleep=lambda wait: now.__setitem__(0, now[0] + wait)
    )
    for _ in range(4):
        messages_api.error(529, "overloaded_error", "Overloaded")
    with pytest.raises(ModelError) as raised:
        model.respond(Request(SYSTEM, TOOLS, [SAID], deadline_s=5), lambda _: None)
    assert raised.value.kind == "overloaded"
    assert 2 < now[0] < 5


def test_retry_after_is_obeyed(messages_api: MessagesApi, caller: Caller) -> None:
    date = email.utils.formatdate(time.time() + 40, usegmt=True)
    for headers in ({"retry-after": "7"}, {"retry-after-ms": "1500"}, {"retry-after": date}, {"retry-after": "soon"}):
        messages_api.error(429, "rate_limit_error", "Slower", headers)
    messages_api.reply(text("Done."))
    caller.ask()
    assert caller.waits[:2] == [7.0, 1.5]
    assert 30 < caller.waits[2] <= 40
    assert 3 <= caller.waits[3] <= 4, "the fourth backoff, where the header says nothing"


def test_a_wait_longer_than_the_deadline_ends_the_call_at_once(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.error(429, "rate_limit_error", "Slower", {"retry-after": "3600"})
    error = caller.fails("rate_limit", deadline_s=600)
    assert "3600 s" in error.hint
    assert caller.waits == []


def test_a_connection_that_is_refused(messages_api: MessagesApi) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        caller = Caller(base_url=f"http://127.0.0.1:{unused.getsockname()[1]}", max_attempts=3)
        error = caller.fails("network")
    assert "refused" in error.message
    assert caller.kinds == ["network"] * 3


def test_a_certificate_that_is_not_trusted_will_not_be_trusted_later() -> None:
    import anthropic
    import httpx2

    error = anthropic.APIConnectionError(request=httpx2.Request("POST", "https://example.com"))
    error.__cause__ = httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    failed = failure(error)
    assert failed
    assert (failed.kind, failed.retry) == ("network", False)
    assert "certificates" in failed.error().hint


def test_a_missing_library_is_named() -> None:
    failed = failure(ModuleNotFoundError("No module named 'boto3'", name="boto3"))
    assert failed
    assert (failed.retry, "boto3" in failed.message, "boringops[bedrock]" in failed.hint) == (False, True, True)


def test_a_fault_of_ours_stays_one() -> None:
    assert failure(ZeroDivisionError()) is None


def test_silence_is_tried_again(messages_api: MessagesApi) -> None:
    before, during = messages_api.hang(), messages_api.hang(b"".join(events([text("Done.")]))[:600])
    messages_api.reply(text("Done."))
    caller = Caller(idle_timeout_s=0.1)
    assert caller.ask().content == [text("Done.")]
    assert caller.kinds == ["timeout", "timeout"]
    assert [usage.input_tokens for *_, usage in caller.attempts] == [0, 10]
    before.set()
    during.set()


def test_the_deadline_ends_a_call_in_flight(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.hang(b"event: ping\ndata: {}\n\n")
    began = time.monotonic()
    caller.fails("timeout", deadline_s=0.3)
    assert time.monotonic() - began < 2
    assert caller.waits == []


def test_the_ledger_may_end_the_call(messages_api: MessagesApi, caller: Caller) -> None:
    def reached(*_: object) -> None:
        raise BudgetReached("enough")

    messages_api.error(529, "overloaded_error", "Overloaded")
    caller.model.on_attempt = reached
    with pytest.raises(BudgetReached):
        caller.ask()


@pytest.mark.parametrize("fault", [BrokenPipeError, TypeError, KeyError])
def test_a_fault_of_the_watcher_is_not_the_models(
    messages_api: MessagesApi, caller: Caller, fault: type[Exception]
) -> None:
    def broken(_: Delta) -> None:
        raise fault

    messages_api.reply(text("Done."))
    with pytest.raises(fault):
        caller.model.respond(Request(SYSTEM, TOOLS, [SAID]), broken)
    assert caller.attempts == []


def test_connections_are_used_again(messages_api: MessagesApi, caller: Caller) -> None:
    for _ in range(3):
        messages_api.reply(text("Done."))
        caller.ask()
    assert len(caller.model._sockets) == 1


# --- credentials and providers ---


def test_no_credential(messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    error = Caller().fails("authentication")
    assert "ANTHROPIC_API_KEY" in error.hint


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-secret\udce9"])
def test_a_key_that_cannot_be_sent_is_not_shown(
    messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    caller = Caller()
    error = caller.fails("authentication")
    assert "sk-secret" not in f"{error.message}{error.hint}{caller.deltas}"


def test_vertex_takes_the_model_from_the_url(messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    import anthropic

    monkeypatch.setattr(anthropic.AnthropicVertex, "_ensure_access_token", lambda self: "token")
    messages_api.reply(text("Done."))
    caller = Caller(
        id="claude-opus-5-5@default", provider="vertex", region="global", project="p", base_url=messages_api.url
    )
    assert caller.ask().usage.cost_usd > 0
    assert messages_api.requests[0].path.endswith("/models/claude-opus-5-5@default:streamRawPredict")
    assert messages_api.bodies[0]["messages"] == [SAID]


def test_foundry(messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_API_KEY", "foundry-key")
    messages_api.reply(text("Done."))
    assert Caller(provider="foundry", base_url=messages_api.url).ask().content == [text("Done.")]


def test_bedrock_with_an_api_key(messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key")
    messages_api.reply(text("Done."))
    caller = Caller(id="anthropic.claude-opus-5-5", provider="bedrock", region="eu-west-1", base_url=messages_api.url)
    assert caller.ask().content == [text("Done.")]
    assert messages_api.bodies[0]["model"] == "anthropic.claude-opus-5-5"


def test_bedrocks_older_endpoint_has_the_model_in_its_url(
    messages_api: MessagesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key")
    messages_api.error(403, "permission_error", "not yours")
    caller = Caller(
        id="us.anthropic.claude-opus-5-5-v1:0", provider="bedrock", region="us-east-1", base_url=messages_api.url
    )
    caller.fails("permission")
    assert messages_api.requests[0].path == "/model/us.anthropic.claude-opus-5-5-v1:0/invoke-with-response-stream"


@pytest.mark.parametrize("provider", ["vertex", "bedrock", "foundry"])
def test_a_provider_that_lacks_its_place_says_so(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key")
    with pytest.raises(ModelError) as raised:
        Caller(provider=provider).ask()
    assert raised.value.hint


# --- interruption ---


@pytest.mark.parametrize("sent", [None, b"", b"event: ping\ndata: {}\n\n"], ids=["no headers", "headers", "a ping"])
def test_an_interruption_ends_a_call_that_hangs(messages_api: MessagesApi, caller: Caller, sent: bytes | None) -> None:
    messages_api.hang(sent)
    set_at: list[float] = []

    def interrupt() -> None:
        messages_api.wait_for(1)
        set_at.append(time.monotonic())
        caller.model.cancel.set()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        caller.ask()
    assert time.monotonic() - set_at[0] < 0.5
    assert caller.kinds == ["interrupted"]
    thread.join()


def test_an_interruption_ends_a_wait(messages_api: MessagesApi) -> None:
    messages_api.error(429, "rate_limit_error", "Slower", {"retry-after": "60"})
    model = AnthropicModel(ModelSettings("opus"))
    began = time.monotonic()
    with pytest.raises(Interrupted):
        model.respond(Request(SYSTEM, TOOLS, [SAID]), lambda delta: model.cancel.set())
    assert time.monotonic() - began < 10


def test_what_was_billed_for_an_interrupted_call_is_told(messages_api: MessagesApi, caller: Caller) -> None:
    messages_api.hang(b"".join(events([text("Half of it")]))[:700])
    with pytest.raises(Interrupted):
        caller.model.respond(Request(SYSTEM, TOOLS, [SAID]), lambda delta: caller.model.cancel.set())
    [(kind, _, wait, usage)] = caller.attempts
    assert (kind, wait, usage.input_tokens) == ("interrupted", None, 10)


# --- imports ---


def test_the_sdk_is_only_imported_by_a_call() -> None:
    code = (
        "import sys; from boringops.models import anthropic, prices, scripted; "
        "anthropic.AnthropicModel(anthropic.ModelSettings('opus')); "
        "sys.exit('anthropic' in sys.modules or 'httpx2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONSAFEPATH": "1"})


def test_warming_up_and_calling_do_not_get_in_each_others_way(messages_api: MessagesApi, caller: Caller) -> None:
    caller.model.warm()
    messages_api.reply(text("Done."))
    assert caller.ask().content == [text("Done.")]


def test_a_failed_warm_up_is_silent_and_the_call_explains() -> None:
    caller = Caller(provider="vertex")
    caller.model.warm()
    with pytest.raises(BoringopsError):
        caller.ask()
