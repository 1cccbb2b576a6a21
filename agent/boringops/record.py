"""A run's journal and the state folded from it, kept in step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
        self._shields = 0
        self._interrupted = False

    def interrupt(self) -> None:
        """For a signal handler: raise KeyboardInterrupt, now or when what is shielded is through."""
        if self._shields:
            self._interrupted = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def shield(self) -> Iterator[None]:
        """What a signal must not cut in two: an event on the disk that the state does not know, a commit half made."""
        if threading.current_thread() is not threading.main_thread():  # where no signal handler runs
            yield
            return
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            if self._interrupted and not self._shields:
                self._interrupted = False
                raise KeyboardInterrupt

    def add(self, event: ev.Event) -> None:
        """Record an event. Raises BoringopsError where the disk does not take it; then it has not happened."""
        with self.shield(), self.lock:
            recorded = self.journal.append(event)
            self.state.apply(recorded)
            self._watch(recorded)

    def reload(self) -> None:
        """Fold what is on disk: another process may have gone further."""
        self.state = State.of(self.journal.read())
