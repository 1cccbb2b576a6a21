"""Where a run in its own thread and the person at the keyboard meet.

The main thread owns the terminal. While a run goes on it waits for keys (Esc stops the step) and for what the run needs
of a person, which it carries out itself: a prompt in a run's thread would fight with it over the keyboard.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

ESCAPE = b"\x1b"
_SEQUENCE_S = 0.03  # a key that sends a sequence sends it whole; Esc comes alone
_ENDS_WITHIN_S = 5.0


class Closed(Exception):
    """The terminal is gone, or somebody told the process to end."""


@dataclass
class _Wanted:
    act: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    error: BaseException | None = None


class Desk:
    """One keyboard. `attend` runs work in a thread and serves it; `ask` is for that thread."""

    def __init__(self) -> None:
        self.typed = ""
        """What was typed while a run went on, for the next input line to begin with."""
        self._wanted: deque[_Wanted] = deque()
        self._ears, self._mouth = os.pipe()

    def close(self) -> None:
        os.close(self._ears)
        os.close(self._mouth)

    def ask(self, act: Callable[[], Any]) -> Any:
        """Have `act` carried out by the thread that owns the terminal, and wait for what it gives or raises."""
        wanted = _Wanted(act)
        self._wanted.append(wanted)
        self._wake()
        wanted.done.wait()
        if wanted.error is not None:
            raise wanted.error
        return wanted.answer

    def attend(self, work: Callable[[], T], stop: Callable[[], None]) -> T:
        """Run `work` in a thread until it ends; Esc or Ctrl-C calls `stop`, once more Ctrl-C raises KeyboardInterrupt.

        Raises what `work` raised, and Closed where the terminal went away."""
        outcome: list[T] = []
        failure: list[BaseException] = []
        over = threading.Event()

        def body() -> None:
            try:
                outcome.append(work())
            except BaseException as error:
                failure.append(error)
            finally:
                over.set()
                self._wake()

        thread = threading.Thread(target=body, name="run", daemon=True)
        thread.start()
        try:
            self._serve(over, stop)
            thread.join()
        except (KeyboardInterrupt, Closed):
            stop()
            self._turn_away()
            thread.join(_ENDS_WITHIN_S)  # the journal is whole at every moment, also where it does not end
            raise
        if failure:
            raise failure[0]
        return outcome[0]

    def _serve(self, over: threading.Event, stop: Callable[[], None]) -> None:
        told = False
        with _single_keys():
            while not over.is_set():
                try:
                    ready, _, _ = select.select([sys.stdin, self._ears], [], [])
                    if self._ears in ready:
                        os.read(self._ears, 4096)
                    while self._wanted:
                        self._carry_out(self._wanted.popleft())
                    if sys.stdin in ready and self._read_keys() and not told:
                        told = True
                        stop()
                except KeyboardInterrupt:
                    if told:
                        raise
                    told = True
                    stop()

    def _carry_out(self, wanted: _Wanted) -> None:
        try:
            with _whole_lines():
                wanted.answer = wanted.act()
        except Closed:
            wanted.error = KeyboardInterrupt()
            raise
        except BaseException as error:
            wanted.error = error
        finally:
            wanted.done.set()

    def _turn_away(self) -> None:
        """Nobody will answer any more."""
        while self._wanted:
            wanted = self._wanted.popleft()
            wanted.error = KeyboardInterrupt()
            wanted.done.set()

    def _read_keys(self) -> bool:
        """Take what was typed; True for a lone Esc. Raises Closed at the end of input."""
        keys = os.read(sys.stdin.fileno(), 1024)
        if not keys:
            raise Closed
        if keys == ESCAPE and not select.select([sys.stdin], [], [], _SEQUENCE_S)[0]:
            return True
        if not keys.startswith(ESCAPE):
            self.typed += "".join(char for char in keys.decode(errors="ignore") if char.isprintable())
        return False

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._mouth, b".")


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """The keyboard key by key and without echo; Ctrl-C stays a signal."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _whole_lines() -> Iterator[None]:
    """The keyboard as a prompt wants it, for as long as one is shown."""
    import termios

    now = termios.tcgetattr(sys.stdin)
    cooked = termios.tcgetattr(sys.stdin)
    cooked[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, cooked)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, now)
