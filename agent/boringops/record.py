"""A run's journal and the state folded from it, kept in step."""

from __future__ import annotations

import threading
from collections.abc import Callable

from boringops import events as ev
from boringops.journal import Journal
from boringops.state import State


class Record:
    """Where events go: on disk first, then into the state, then to whoever watches. Safe from several threads."""

    def __init__(self, journal: Journal, watch: Callable[[ev.Event], None] = lambda _: None) -> None:
        self.journal = journal
        self.state = State()
        self.lock = threading.RLock()
        self._watch = watch

    def add(self, event: ev.Event) -> None:
        """Record an event. Raises BoringopsError where the disk does not take it; then it has not happened."""
        with self.lock:
            recorded = self.journal.append(event)
            self.state.apply(recorded)
            self._watch(recorded)

    def reload(self) -> None:
        """Fold what is on disk: another process may have gone further."""
        self.state = State.of(self.journal.read())
