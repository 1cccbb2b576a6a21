"""A scripted Messages API on loopback: real HTTP, real server-sent events, nothing of ours mocked.

    api.reply(tool_use("Read", file_path="Dockerfile"))
    api.reply(text("Done."))

Answers are given in the order they were queued. Every request is kept, and every conversation is held to what the real
API and its prompt cache hold it to; `check` raises what was violated, and the `messages_api` fixture calls it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from boringops.models.scripted import text, thinking
from boringops.models.scripted import tool as tool_use

__all__ = ["MessagesApi", "Recorded", "events", "text", "thinking", "tool_use"]

Block = dict[str, Any]
Answer = Callable[["_Handler"], None]
PATIENCE_S = 20.0  # after which a hanging answer gives up, so that a broken test ends


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    body: dict[str, Any]


@dataclass
class _Conversation:
    first: dict[str, Any]
    last: str


@dataclass
class MessagesApi:
    """The server. Use it as a context manager, or through the fixture."""

    requests: list[Recorded] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _answers: deque[Answer] = field(default_factory=deque)
    _conversations: dict[str, _Conversation] = field(default_factory=dict)
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> MessagesApi:
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    # --- what it answers ---

    def reply(
        self,
        *blocks: Block,
        stop_reason: str | None = None,
        usage: dict[str, Any] | None = None,
        model: str = "claude-opus-5-5",
        chunk: int = 37,
    ) -> None:
        """A whole reply of these blocks, streamed in chunks of an odd size. Tool calls without id get one."""
        turn = len(self._answers) + len(self.requests) + 1
        named = [_named(block, turn, at) for at, block in enumerate(blocks, 1)]
        self.stream(b"".join(events(named, stop_reason, usage=usage, model=model, id=f"msg_{turn}")), chunk=chunk)

    def answer_with(self, reply: Callable[[dict[str, Any]], list[Block]]) -> None:
        """A reply whose blocks depend on the request's body."""

        def answer(handler: _Handler) -> None:
            turn = len(self.requests)
            named = [_named(block, turn, at) for at, block in enumerate(reply(handler.body), 1)]
            handler.stream(b"".join(events(named, id=f"msg_{turn}")))

        self._answers.append(answer)

    def stream(self, events_: bytes | Path, *, chunk: int = 37, drop_after: int | None = None) -> None:
        """A stream as it is: bytes, or a file. With `drop_after` the connection is cut after that many bytes."""
        content = events_.read_bytes() if isinstance(events_, Path) else events_
        self._answers.append(lambda handler: handler.stream(content, chunk=chunk, drop_after=drop_after))

    def error(self, status: int, kind: str = "", message: str = "no", headers: dict[str, str] | None = None) -> None:
        """An HTTP error in the API's shape."""
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_test"}
        self.raw(status, "application/json", json.dumps(body).encode(), {"request-id": "req_test", **(headers or {})})

    def raw(self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Any answer at all: an empty body, a proxy's HTML."""
        self._answers.append(lambda handler: handler.whole(status, content_type, body, headers or {}))

    def hang(self, after: bytes | None = None) -> threading.Event:
        """Say nothing (or, after the headers and these bytes, nothing more) until the event that is returned is set."""
        released = threading.Event()

        def answer(handler: _Handler) -> None:
            if after is not None:
                handler.begin_stream()
                if after:  # an empty chunk would end the stream
                    handler.chunk(after)
            for _ in range(int(PATIENCE_S / 0.02)):
                if released.wait(0.02) or self._closing.is_set():
                    break
            handler.close_connection = True

        self._answers.append(answer)
        return released

    # --- what it saw ---

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The requests' bodies."""
        return [request.body for request in self.requests]

    def wait_for(self, count: int) -> None:
        """Until so many requests have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, PATIENCE_S), "no request came"

    def check(self) -> None:
        """Raise what requests violated, and answers nobody asked for."""
        waiting = len(self._answers)
        found = self.violations + ([f"{waiting} queued answers were not asked for"] if waiting else [])
        assert not found, "\n".join(["the scripted Messages API saw:", *found])

    def receive(self, request: Recorded) -> Answer:
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
            number = len(self.requests)
            self.violations += [f"request {number}: {said}" for said in self._judge(request.body)]
            if self._answers:
                return self._answers.popleft()
            self.violations.append(f"request {number}: the script has no answer left")
        body = {"type": "error", "error": {"type": "invalid_request_error", "message": "the script is exhausted"}}
        return lambda handler: handler.whole(400, "application/json", json.dumps(body).encode(), {})

    def _judge(self, body: dict[str, Any]) -> Iterator[str]:
        messages = body.get("messages") or []
        yield from message_faults(messages)
        sent = _text(messages)
        key = _text(messages[:1])
        before = self._conversations.get(key)
        if before is None and len(messages) > 1:
            yield "a conversation that did not start with its first message, or whose first message changed"
        if before is not None and len(messages) > 1:
            for part in ("system", "tools"):
                if _text(body.get(part)) != _text(before.first.get(part)):
                    yield f"`{part}` is not what the conversation began with"
            if not sent.startswith(before.last.removesuffix("]")):
                yield "the messages do not extend those of the request before: the prompt cache is lost"
        if before is None or len(messages) == 1:
            before = self._conversations[key] = _Conversation(body, sent)
        before.last = sent


def message_faults(messages: list[dict[str, Any]]) -> Iterator[str]:
    """What the API would refuse in a conversation, before anything is compared with earlier requests."""
    if not messages or messages[0]["role"] != "user":
        yield "the conversation does not start with the user"
    open_calls: list[str] = []
    for at, message in enumerate(messages):
        role, content = message["role"], _blocks(message)
        if not content or any(block.get("text") == "" for block in content if block["type"] == "text"):
            yield f"message {at} is empty or has an empty text"
        if at and role == messages[at - 1]["role"]:
            yield f"message {at} has the role of the one before: {role}"
        if role == "system" and at + 1 < len(messages) and messages[at + 1]["role"] != "assistant":
            yield f"message {at}: a system message is last or followed by the assistant"
        results = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        if open_calls != sorted(results):
            yield f"message {at}: tool calls {open_calls} are answered by results for {sorted(results)}"
        if any(block["type"] == "tool_result" for block in content[len(results) :]):
            yield f"message {at}: tool results come first"
        open_calls = (
            sorted(block["id"] for block in content if block["type"] == "tool_use") if role == "assistant" else []
        )
    if (
        messages
        and messages[-1]["role"] == "assistant"
        and not any(block["type"] == "server_tool_use" for block in _blocks(messages[-1]))
    ):
        yield "the conversation ends with the assistant: tool calls without results, or a prefill"


def events(
    blocks: list[Block],
    stop_reason: str | None = None,
    *,
    usage: dict[str, Any] | None = None,
    model: str = "claude-opus-5-5",
    id: str = "msg_1",  # noqa: A002
) -> Iterator[bytes]:
    """The stream of a reply, event by event."""
    calls = any(block["type"] == "tool_use" for block in blocks)
    counts = {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0} | (usage or {})
    start = {
        "model": model, "id": id, "type": "message", "role": "assistant", "content": [], "stop_reason": None,
        "stop_sequence": None, "stop_details": None, "usage": {**counts, "output_tokens": 1},
    }  # fmt: skip
    yield _event({"type": "message_start", "message": start})
    for index, block in enumerate(blocks):
        begun, deltas = _taken_apart(block)
        yield _event({"type": "content_block_start", "index": index, "content_block": begun})
        for delta in deltas:
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": stop_reason or ("tool_use" if calls else "end_turn"), "stop_sequence": None}
    yield _event({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 20} | counts})
    yield _event({"type": "message_stop"})


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def _taken_apart(block: Block) -> tuple[Block, list[dict[str, Any]]]:
    """A block as it begins, and the deltas that complete it."""
    match block["type"]:
        case "text":
            pieces = _pieces(block["text"])
            return block | {"text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return block | {"thinking": "", "signature": ""}, [*deltas, signed]
        case "tool_use":
            pieces = ["", *(_pieces(json.dumps(block["input"])) if block["input"] else [])]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
            return {"caller": {"type": "direct"}} | block | {"input": {}}, deltas
    return block, []


def _pieces(whole: str) -> list[str]:
    return [whole[at : at + 11] for at in range(0, len(whole), 11)]


def _named(block: Block, turn: int, at: int) -> Block:
    return block | {"id": f"toolu_{turn}_{at}"} if block["type"] == "tool_use" and not block["id"] else block


def _blocks(message: dict[str, Any]) -> list[Block]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(value: Any) -> str:
    return json.dumps(_unmarked(value))


def _unmarked(value: Any) -> Any:
    """Without cache marks, which move; a tool's own arguments are left alone."""
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    if isinstance(value, dict):
        return {
            name: item if name == "input" else _unmarked(item)
            for name, item in value.items()
            if name != "cache_control"
        }
    return value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every small chunk waits 40 ms for the one before
    api: MessagesApi
    body: dict[str, Any]

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # clients hang up: that is what some tests are about
            super().handle()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.body = json.loads(raw)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.api.receive(Recorded(self.path, headers, raw, self.body))
        answer(self)

    def whole(self, status: int, content_type: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": content_type, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, content: bytes, *, chunk: int = 37, drop_after: int | None = None) -> None:
        self.begin_stream()
        for at in range(0, len(content[:drop_after]), chunk):
            self.chunk(content[:drop_after][at : at + chunk])
        if drop_after is None:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", "req_test")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Tests are quiet."""
