"""The Messages API as a model: one streamed call, tried again until its deadline, and broken off the moment it must be.

The SDK does what it is good at (credentials, proxies, TLS, providers, server-sent events). Retries are ours, because
the SDK's neither know a deadline nor cover what happens inside a stream; so is the request's JSON, because the SDK
walks the whole conversation again on every turn.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from boringops.errors import Interrupted, ModelError
from boringops.facts import Usage
from boringops.models import prices
from boringops.models.base import Delta, Message, Reply, Request, Watch
from boringops.models.failures import Failure, failure
from boringops.models.wire import Assembly

if TYPE_CHECKING:
    import anthropic
    import httpx2

    Client = (
        anthropic.Anthropic
        | anthropic.AnthropicBedrock
        | anthropic.AnthropicBedrockMantle
        | anthropic.AnthropicVertex
        | anthropic.AnthropicFoundry
    )

_OWN_HOST = "api.anthropic.com"
_LONGEST_BACKOFF_S = 30.0
_GLANCE_S = 0.05  # how often a call in flight looks whether it is to end
_DRAIN_S = 1.0  # how long the end of a stream may take once the reply is whole

# Ids of Bedrock's older endpoint: an ARN, an inference profile of a geography, or a version at the end.
_INVOKE_ID = re.compile(r"^arn:|^[a-z-]+\.anthropic\.|-v\d+(:\d+)?$")


@dataclass(frozen=True)
class ModelSettings:
    """Which model, where it is served, and how patiently it is called."""

    id: str
    """Model id of the provider, or one of `prices.ALIASES`."""
    provider: Literal["anthropic", "bedrock", "vertex", "foundry"] = "anthropic"
    base_url: str | None = None
    """Any endpoint that speaks the Messages API; null takes the provider's or the environment's."""
    region: str | None = None
    project: str | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    """Sent where the model takes it; null leaves the model its own default."""
    max_tokens: int | None = None
    """An upper limit to every request's `max_tokens`."""
    connect_timeout_s: float = 10.0
    idle_timeout_s: float = 120.0
    """How long nothing at all may arrive; the API pings more often."""
    max_attempts: int = 12
    """With waits of up to half a minute between them, some four minutes of trying."""
    headers: Mapping[str, str] = field(default_factory=dict)


OnAttempt = Callable[[str, str, float | None, Usage], None]
"""Told of an attempt that gave no reply: kind, message, seconds until the next attempt (None: there is none), and what
was billed for it. May raise to end the call, where a budget is reached."""


class AnthropicModel:
    """A `Model` behind the Messages API. One call at a time; every thread of agents has a model of its own.

    `respond` raises ModelError where no answer can be had and Interrupted once `cancel` is set. Messages that were
    handed over in a request are not changed afterwards: they are encoded once. What `watch` was shown of an attempt
    that failed is void; a Delta of kind `retry` says so.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        on_attempt: OnAttempt | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.profile = prices.profile(settings.id)
        self.on_attempt = on_attempt
        self.cancel = threading.Event()
        """Set from any thread or a signal handler, it ends the call in flight; replace it by one of your own."""
        self._sleep = sleep or (lambda seconds: self.cancel.wait(seconds))
        self._clock = clock
        self._history = _History()
        self._sockets: list[socket.socket] = []
        self._client: Client | None = None
        self._connecting = threading.Lock()

    def warm(self) -> None:
        """Start importing the SDK, which takes over a second, in the background."""

        def prepare() -> None:
            with contextlib.suppress(Exception):  # the first call meets the same error and can explain it
                self._connect()

        threading.Thread(target=prepare, name="boringops-warm", daemon=True).start()

    def close(self) -> None:
        """Close connections that are kept for the next call."""
        if self._client is not None:
            self._client.close()

    def respond(self, request: Request, watch: Watch) -> Reply:
        """Answer, telling `watch` what arrives. See the class for what it raises."""
        ends_at = self._clock() + request.deadline_s
        for attempt in itertools.count(1):
            if self.cancel.is_set():
                raise _interrupted()
            assembly = Assembly(watch)
            try:
                return self._attempt(request, assembly, ends_at)
            except Exception as error:
                failed = self._judge(error, ends_at)
                if failed is None:
                    raise
                wait = self._wait(failed, attempt, ends_at)
                if self.on_attempt:
                    self.on_attempt(failed.kind, failed.message, wait, assembly.usage(self.settings.id))
                if failed.kind == "interrupted":
                    raise _interrupted() from error
                if wait is None:
                    raise self._giving_up(failed, attempt, request.deadline_s) from error
            watch(Delta("retry", f"{failed.message.rstrip('.')}; trying again in {wait:.1f} s."))
            self._sleep(wait)
        raise AssertionError("unreachable")

    def _attempt(self, request: Request, assembly: Assembly, ends_at: float) -> Reply:
        import httpx2

        client = self._connect()
        left = max(0.1, ends_at - self._clock())
        limit = min(self.settings.idle_timeout_s, left)
        timeout = httpx2.Timeout(limit, connect=min(self.settings.connect_timeout_s, left))
        with _Watchdog(self.cancel, left, self._hang_up) as watchdog, self._open(client, request, timeout) as stream:
            try:
                for event in stream:
                    assembly.take(event)
                    if assembly.stopped:  # read on only so that the connection can be used again
                        watchdog.allow(_DRAIN_S)
            except Exception:
                if not assembly.stopped:
                    raise
        return assembly.reply(self.settings.id)

    def _open(self, client: Client, request: Request, timeout: httpx2.Timeout) -> anthropic.Stream[object]:
        """Send the request. Events come as the plain objects they are on the wire."""
        from anthropic import AnthropicBedrock, AnthropicVertex, Stream

        head = self._head(request)
        content = None
        if isinstance(client, AnthropicBedrock | AnthropicVertex):  # they take the model out of the body, into the URL
            head["messages"] = request.messages
        else:
            content = b"".join((_encode(head)[:-1], b',"messages":[', self._history.encode(request.messages), b"]}"))
        return client.post(
            "/v1/messages",
            body=None if content else head,
            content=content,
            options={"timeout": timeout, "headers": self._headers(client)},
            cast_to=object,
            stream=True,
            stream_cls=Stream[object],
        )

    def _head(self, request: Request) -> dict[str, Any]:
        """The request without its messages, with marks for the cache: after the system, and one that moves along."""
        longest = min(request.max_tokens, self.settings.max_tokens or request.max_tokens, self.profile.max_output)
        head: dict[str, Any] = {"model": prices.wire_id(self.settings.id), "max_tokens": longest, "stream": True}
        if request.system:
            head["system"] = [*request.system[:-1], {"cache_control": {"type": "ephemeral"}} | request.system[-1]]
        if request.tools:
            head["tools"] = request.tools
        if self.profile.thinking == "adaptive":
            head["thinking"] = {"type": "adaptive", "display": "summarized"}
        if self.settings.effort and self.profile.effort:
            head["output_config"] = {"effort": self.settings.effort}
        return head | {"cache_control": {"type": "ephemeral"}}

    def _headers(self, client: Client) -> dict[str, str]:
        """The SDK sends the key as a bearer token; gateways look for it where it used to be."""
        key = getattr(client, "api_key", None)
        elsewhere = self.settings.provider == "anthropic" and client.base_url.host != _OWN_HOST
        return {"X-Api-Key": key} if key and elsewhere else {}

    def _connect(self) -> Client:
        with self._connecting:
            if self._client is None:
                import anthropic

                http = anthropic.DefaultHttpxClient(event_hooks={"request": [self._trace]})
                self._client = _client(self.settings, http_client=http, max_retries=0)
            return self._client

    def _trace(self, request: httpx2.Request) -> None:
        """Have every socket of the connection told to us, because only the socket can end a read that hangs."""

        def note(name: str, info: Mapping[str, Any]) -> None:
            if name.endswith(("connect_tcp.complete", "start_tls.complete")):
                made = info["return_value"].get_extra_info("socket")
                # A new list, as the watchdog may be going through the old one.
                self._sockets = [made, *(earlier for earlier in self._sockets if earlier.fileno() >= 0)]

        request.extensions = {**request.extensions, "trace": note}

    def _hang_up(self) -> None:
        for connected in self._sockets:
            with contextlib.suppress(OSError):  # closed, or taken over by its TLS socket
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def _judge(self, error: Exception, ends_at: float) -> Failure | None:
        if self.cancel.is_set():
            return Failure("interrupted", "Interrupted while the model was answering.", retry=False)
        if isinstance(error, ModelError):
            return Failure(error.kind, error.message, retry=False, hint=error.hint)
        if (failed := failure(error)) and failed.retry and self._clock() >= ends_at:
            # What the API answered stays what went wrong; only what the deadline itself cut off is a time-out.
            kind = failed.kind if failed.kind in ("overloaded", "rate_limit") else "timeout"
            return Failure(kind, f"The call's time is up. {failed.message}", retry=False)
        return failed

    def _wait(self, failed: Failure, attempt: int, ends_at: float) -> float | None:
        """Seconds until the next attempt; None where there is none."""
        if not failed.retry or attempt >= self.settings.max_attempts:
            return None
        backoff = min(_LONGEST_BACKOFF_S, 0.5 * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)  # noqa: S311
        wait = backoff if failed.wait_s is None else failed.wait_s
        return wait if self._clock() + wait < ends_at else None

    def _giving_up(self, failed: Failure, attempt: int, deadline_s: float) -> ModelError:
        if failed.retry and failed.wait_s is not None and attempt < self.settings.max_attempts:
            return failed.error(
                f"The API asks to wait {failed.wait_s:.0f} s, more than is left of the {deadline_s:.0f} s a call may "
                "take. Go on after that with `boringops resume`."
            )
        return failed.error()


class _Sent(NamedTuple):
    """A message and the bytes it was sent as."""

    message: Message
    content: Any
    length: int
    encoded: bytes

    def is_still(self, message: Message) -> bool:
        content = message["content"]
        return message is self.message and content is self.content and len(content) == self.length


class _History:
    """The conversation's JSON: each message encoded once and then sent again as the same bytes."""

    def __init__(self) -> None:
        self._sent: list[_Sent] = []

    def encode(self, messages: list[Message]) -> bytes:
        """The messages, a comma between them."""
        known = 0
        while known < min(len(self._sent), len(messages)) and self._sent[known].is_still(messages[known]):
            known += 1
        self._sent[known:] = [_Sent(m, m["content"], len(m["content"]), _encode(m)) for m in messages[known:]]
        return b",".join(sent.encoded for sent in self._sent)


class _Watchdog:
    """Ends a call from outside when it is cancelled or out of time, as a thread that reads can't look at anything."""

    def __init__(self, cancel: threading.Event, seconds: float, hang_up: Callable[[], None]) -> None:
        self._cancel = cancel
        self._hang_up = hang_up
        self._over = threading.Event()
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Let the call go on for so long from now."""
        self._ends_at = time.monotonic() + seconds

    def __enter__(self) -> _Watchdog:
        threading.Thread(target=self._watch, name="boringops-watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_GLANCE_S):
            if self._cancel.is_set() or time.monotonic() >= self._ends_at:
                self._hang_up()  # again at the next glance: a connection may only just have been made


def _encode(value: Any) -> bytes:
    # Half a surrogate pair is not UTF-8; a tool's output that holds one must not make the conversation unsendable.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _interrupted() -> Interrupted:
    return Interrupted("Interrupted while the model was answering.", hint="Go on with `boringops resume`.")


def _client(settings: ModelSettings, **common: Any) -> Client:
    """The SDK's client for a provider. Credentials are the SDK's business."""
    import anthropic

    given = {"base_url": settings.base_url, "default_headers": dict(settings.headers) or None, **common}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        match settings.provider:
            case "bedrock" if _INVOKE_ID.search(settings.id):
                return anthropic.AnthropicBedrock(aws_region=settings.region, **given)
            case "bedrock":
                return anthropic.AnthropicBedrockMantle(aws_region=settings.region, **given)
            case "vertex":
                region, project = settings.region or anthropic.not_given, settings.project or anthropic.not_given
                return anthropic.AnthropicVertex(region=region, project_id=project, **given)
            case "foundry":
                return anthropic.AnthropicFoundry(**given)
        return anthropic.Anthropic(**given)
    except ValueError as error:  # a region or a resource that is missing
        raise ModelError(str(error), kind="invalid_request", hint="Set the provider's region or base_url.") from error
