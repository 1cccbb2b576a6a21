"""A run as OpenTelemetry spans: `invoke_agent` for the run, `execute_tool` for each call within it.

Only these two: the SDK makes a span for every model call itself, and tokens would count twice. Spans go to the process's
own tracer provider, so `opentelemetry-instrument boringops ...` or an embedding program decides where they end up. They
are made from events, which are masked, and hold no content. Names follow the GenAI semantic conventions as of November
2026, which are still being settled: they are written down here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from boringops import __version__
from boringops import events as ev
from boringops.errors import UsageError

_PROVIDERS = {
    "anthropic": "anthropic",
    "bedrock": "aws.bedrock",
    "vertex": "gcp.vertex_ai",
    "foundry": "azure.ai.foundry",
}


def spans(provider: str) -> Callable[[ev.Event], None]:
    """What makes spans of a run's events, to be told each as it is recorded. `provider` is where the model is served.

    Raises UsageError where OpenTelemetry is not installed."""
    try:
        from opentelemetry import trace
    except ImportError as error:
        raise UsageError(
            "telemetry is on, but OpenTelemetry is not installed.", hint="pip install 'boringops[otel]'"
        ) from error
    return _Spans(trace, _PROVIDERS.get(provider, provider)).event


class _Spans:
    def __init__(self, trace: Any, provider: str) -> None:
        self._trace = trace
        self._tracer = trace.get_tracer("boringops", __version__)
        self._provider = provider
        self._run: Any = None
        self._calls: dict[str, Any] = {}

    def event(self, event: ev.Event) -> None:
        match event:
            case ev.RunStarted():
                self._begin(event, event.persona, event.run_id, event.model)
            case ev.RunResumed() if self._run is None:
                self._begin(event, "", "", "")
            case ev.ToolStarted():
                name, attributes = f"execute_tool {event.tool}", {"gen_ai.tool.call.id": event.call_id}
                self._calls[event.call_id] = self._start(
                    event, name, "execute_tool", attributes | {"gen_ai.tool.name": event.tool}
                )
            case ev.ToolFinished() if call := self._calls.pop(event.call_id, None):
                self._end(call, event, "tool_error" if event.is_error else "")
            case ev.RunEnded() if self._run is not None:
                self._run.set_attribute("boringops.status", event.status)
                for call in self._calls.values():
                    self._end(call, event, "interrupted")
                self._end(self._run, event, event.kind if event.exit_code else "")
                self._run = None

    def _begin(self, event: ev.Event, persona: str, run_id: str, model: str) -> None:
        given = {"gen_ai.agent.name": persona, "gen_ai.conversation.id": run_id, "gen_ai.request.model": model}
        known = {name: value for name, value in given.items() if value}
        self._run = self._start(event, f"invoke_agent {persona}".strip(), "invoke_agent", known)

    def _start(self, event: ev.Event, name: str, operation: str, attributes: dict[str, str]) -> Any:
        parent = self._trace.set_span_in_context(self._run) if self._run is not None else None
        common = {"gen_ai.operation.name": operation, "gen_ai.provider.name": self._provider}
        return self._tracer.start_span(
            name, context=parent, attributes=common | attributes, start_time=_nanoseconds(event)
        )

    def _end(self, span: Any, event: ev.Event, error: str) -> None:
        if error:
            span.set_attribute("error.type", error)
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, error))
        span.end(end_time=_nanoseconds(event))


def _nanoseconds(event: ev.Event) -> int:
    return int(datetime.fromisoformat(event.at).timestamp() * 1e9)
