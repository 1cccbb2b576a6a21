"""What those who watch a run are shown: its events, and a reply while it comes, without secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from boringops import events as ev
from boringops.models.base import Delta
from boringops.secrets import Funnel, Streamed


class Watching:
    """Passes events and deltas on. Events are masked as they are recorded, but for the text of thinking, which is
    signed; deltas come in pieces, of which only whole words are let through."""

    def __init__(self, funnel: Funnel, on_event: Callable[[ev.Event], None], on_delta: Callable[[Delta], None]) -> None:
        self._funnel = funnel
        self._on_event = on_event
        self._on_delta = on_delta
        self._stream = Streamed(funnel)
        self._kind: Literal["text", "thinking"] | None = None

    def event(self, event: ev.Event) -> None:
        """An event that was recorded."""
        self._flush()
        if isinstance(event, ev.ModelReplied):
            event = event.model_copy(update={"content": self._funnel.mask_reply(event.content, thinking=True)})
        self._on_event(event)

    def delta(self, delta: Delta) -> None:
        """A piece of a reply that is still coming."""
        if delta.kind != self._kind:
            self._flush()
        if delta.kind == "text" or delta.kind == "thinking":
            self._kind = delta.kind
            if piece := self._stream.take(delta.text):
                self._on_delta(Delta(delta.kind, piece))
        else:
            self._on_delta(Delta(delta.kind, self._funnel.mask(delta.text)))

    def _flush(self) -> None:
        kind, self._kind = self._kind, None
        if kind and (rest := self._stream.end()):
            self._on_delta(Delta(kind, rest))
