"""Spans of a run, as an OpenTelemetry SDK in the same process gets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.e2e.playing import PLAIN, Player, call, planned
from tests.repos import make_repo


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


@pytest.fixture
def player(tmp_path: Path) -> Player:
    (tmp_path / "plain.md").write_text(PLAIN)
    return Player(make_repo(tmp_path / "work/shop"), tmp_path / "plain.md")


def test_a_run_is_one_span_with_its_calls_in_it_and_no_content(player: Player, exported: InMemorySpanExporter) -> None:
    played = player.play(
        call("Read", file_path="gone.py"),
        call("SubmitPlan", **planned("docs/runbook.md")),
        call("Write", file_path="docs/runbook.md", content="# Runbook\n\nvery private words\n"),
        call("Finish", outcome="done", summary="Written."),
        telemetry=True,
    )
    assert played.result.status == "done", played.result.error
    *calls, run = exported.get_finished_spans()
    assert run.name == "invoke_agent plain" and run.attributes
    assert run.attributes["gen_ai.conversation.id"] == played.result.run_id
    assert run.attributes["boringops.status"] == "done" and run.status.is_ok is not False
    assert [span.name for span in calls] == [
        f"execute_tool {name}" for name in ("Read", "SubmitPlan", "Write", "Finish")
    ]
    assert all(span.parent and span.parent.span_id == run.context.span_id for span in calls)
    assert calls[0].attributes and calls[0].attributes["error.type"] == "tool_error"
    assert "private" not in "".join(span.to_json() for span in (*calls, run))


def test_nothing_is_made_where_it_is_off(player: Player, exported: InMemorySpanExporter) -> None:
    player.play(
        call("Finish", outcome="answered", summary="x", evidence=["e1"]),
        *[call("Read", file_path="app.py")] * 0,
        max_turns=1,
    )
    assert exported.get_finished_spans() == ()
