"""Driving a run from the command line: progress, a person at the terminal, signals, the result."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from boringops.cli.options import Output, flags_of, interactive
from boringops.cli.output import deliver

if TYPE_CHECKING:
    from boringops.result import Result
    from boringops.specialist import Specialist


def drive(
    repo: Path, output: Output, sets: list[str] | None, act: Callable[[Specialist], Result], **flags: Any
) -> NoReturn:
    """Put a specialist to the repository, let `act` use it, print what comes of it and exit."""

    def make() -> Result:
        from boringops.cli.person import TerminalPerson
        from boringops.cli.progress import Lines, Progress
        from boringops.specialist import Specialist

        hint = "" if flags.get("offline") else " (no API key found; --model and a key use a language model)"
        with Progress(offline_hint=hint) as progress:
            lines = Lines()

            def watch(event: Any) -> None:
                progress.event(event)
                if output is Output.stream_json:
                    lines.event(event)

            person = TerminalPerson(progress, repo) if interactive() else None
            specialist = Specialist(
                repo, sets=sets, person=person, on_event=watch, on_delta=progress.delta, **flags_of(**flags)
            )
            _stop_on_signals(specialist)
            return act(specialist)

    deliver(make, output)


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop_on_signals(specialist: Specialist) -> None:
    """The first signal ends the step and winds the run down; the second ends the process. The journal is whole at every
    moment, so the run can be resumed after either."""

    taken: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        if taken:
            return  # the thread ends the process
        taken.append(number)  # before anything else: the second may come while the first is being taken
        _say("boringops: stopping; the same signal again stops at once.")
        specialist.interrupt()

    def swallowed(raised: sys.UnraisableHookArgs) -> None:
        # Where the signal came while Python had nobody to raise it to: the run sees by itself that it has been stopped.
        if not (taken and raised.exc_type is KeyboardInterrupt):
            sys.__unraisablehook__(raised)

    sys.unraisablehook = swallowed
    # The second is heard by a thread: one that comes just before the main thread waits for git reaches that only once git ends.
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_second, args=(heard,), daemon=True).start()
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and shells that start it in the background, mean it
            signal.signal(number, stop)


def _second(heard: int) -> None:
    """End the process at the second signal that is heard."""
    signals = 0
    while signals < 2:
        signals += sum(number in _STOPPING for number in os.read(heard, 16))
    _say("boringops: stopped at once; go on with `boringops resume`.")
    os._exit(130)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be what went away; print is not for signal handlers
        os.write(sys.stderr.fileno(), f"{text}\n".encode())


def read_task(task: str) -> str:
    """The task, from standard input where it is `-`."""
    return sys.stdin.read() if task == "-" else task
