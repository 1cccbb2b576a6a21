"""What every protocol server stands on: runs in the repositories that its clients may touch, and in no others.

A run that stops for a question or an approval is over as far as the process is concerned: it lies in its journal, and
any later call, also of another process, goes on with it. So a client that disconnects loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boringops import result as results
from boringops import streaming
from boringops.caller import Caller
from boringops.errors import UsageError
from boringops.events import Event
from boringops.facts import Inventory
from boringops.handoff import Handoff
from boringops.models.base import Model
from boringops.repository import Repository
from boringops.result import Result
from boringops.secrets import Funnel
from boringops.specialist import Specialist, Task
from boringops.state import State

Watch = Callable[[Event], Awaitable[None]]
CLOSING_S = 30.0
"""How long a server that ends waits for its runs to come to a stop."""


async def nobody(_: Event) -> None:
    """Watches nothing."""


@dataclass
class Desk:
    """Runs on behalf of clients. Use it from one event loop."""

    roots: tuple[Path, ...]
    """Repositories, or folders of them, that clients may name. The first is meant where a client names none."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    sets: list[str] = field(default_factory=list)
    model: Callable[[], Model] | None = None
    """Makes the model of each run, in place of the configured one."""
    _going: dict[Path, tuple[Future[Result], Caller]] = field(default_factory=dict)
    _known: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roots = tuple(Path(root).resolve() for root in self.roots)
        if not self.roots:
            raise UsageError("No repository may be worked in.", hint="Name one with --root DIR.")
        for root in self.roots:
            if not root.is_dir():
                raise UsageError(f"--root {root}: there is no such folder.")

    # --- where ---

    def specialist(self, repo: str | None = None, **other: Any) -> Specialist:
        """A specialist at a repository that clients may touch. Raises UsageError for any other.

        Approval is always the client's own word: a policy that approves by itself is not for strangers."""
        folder = Path(repo).resolve() if repo and Path(repo).is_absolute() else (self.roots[0] / (repo or "")).resolve()
        self._hold_inside(folder, repo)
        specialist = Specialist(folder, sets=self.sets, **{**self.flags, "approve": "ask", **other})
        self._hold_inside(specialist.repository.root, repo)  # git looks upwards for the repository, too
        return specialist

    def _hold_inside(self, folder: Path, given: str | None) -> None:
        if not any(folder.is_relative_to(root) for root in self.roots):
            raise UsageError(
                f"{given or folder} is not among the repositories that may be worked in here.",
                hint=f"Allowed: {', '.join(map(str, self.roots))}. The server is started with --root DIR for others.",
                kind="outside",
            )

    def of_run(self, run_id: str, repo: str | None = None, **other: Any) -> Specialist:
        """The specialist at the repository of a run. Raises UsageError where there is no such run."""
        known = self._known.get(run_id)
        specialist = self.specialist(repo or (str(known) if known else None), **other)
        if run_id not in specialist.store.list():
            raise UsageError(
                f"There is no run {run_id!r} in {specialist.repository.root}.",
                hint="Call plan first; it gives the run_id. Name the repository where it is not the first allowed one.",
                kind="no_run",
            )
        return specialist

    # --- what ---

    async def plan(
        self, task: str, repo: str | None = None, *, handoff: Handoff | None = None, watch: Watch = nobody, **other: Any
    ) -> Result:
        """Plan a task; nothing is changed. The result waits for approval, or for answers."""
        specialist = await asyncio.to_thread(self.specialist, repo, **self._playing(other))
        wanted = Task(text=task, handoff=handoff or "") if task.strip() else task
        return await self._go(specialist, specialist.started(wanted, stop_after_plan=True), watch)

    async def act(self, run_id: str, repo: str | None = None, *, watch: Watch = nobody, **other: Any) -> Result:
        """Approve the plan of a run and carry it out. Raises UsageError where there is no plan to approve."""
        state = await asyncio.to_thread(self.state, run_id, repo)
        if state.end and state.end.status in {"done", "answered"}:
            raise UsageError(
                f"Run {run_id} is over: {state.end.status}.", hint="Call result for what it made.", kind="over"
            )
        if state.plan is None:
            if state.questions:
                raise UsageError(
                    "The run waits for answers, not for approval.", hint="Call answer first.", kind="questions"
                )
            if state.waiting not in state.submitted:
                raise UsageError(
                    "There is no plan yet that could be carried out.", hint="Call plan first.", kind="no_plan"
                )
        approve = state.plan is None
        specialist = await asyncio.to_thread(self.of_run, run_id, repo, **self._playing(other))
        return await self._go(specialist, specialist.resumed(run_id, approve=approve), watch)

    async def answer(
        self, run_id: str, text: str, repo: str | None = None, *, watch: Watch = nobody, **other: Any
    ) -> Result:
        """Answer the questions of a run, or say what has to change in its plan, and let it go on to the next stop.

        Raises UsageError where it waits for neither."""
        state = await asyncio.to_thread(self.state, run_id, repo)
        if not text.strip():
            raise UsageError("The answer is empty.", hint="Answer in words; the questions are in the run's result.")
        if state.questions:
            specialist = await asyncio.to_thread(self.of_run, run_id, repo, **self._playing(other))
            return await self._go(specialist, specialist.resumed(run_id, answer=text), watch)
        if state.plan is not None or state.waiting not in state.submitted:
            raise UsageError(
                f"Run {run_id} does not wait for an answer.", hint="Call result to see where it is.", kind="no_question"
            )
        said = iter([text])  # the first plan is refused with these words, the next one waits
        playing = self._playing({"on_plan": lambda _: next(said, None), **other})
        specialist = await asyncio.to_thread(self.of_run, run_id, repo, **playing)
        return await self._go(specialist, specialist.resumed(run_id), watch)

    async def go_on(self, run_id: str, repo: str | None = None, *, watch: Watch = nobody, **other: Any) -> Result:
        """Go on with a run that was stopped before it came to its plan."""
        specialist = await asyncio.to_thread(self.of_run, run_id, repo, **self._playing(other))
        return await self._go(specialist, specialist.resumed(run_id), watch)

    async def diff(self, run_id: str, repo: str | None = None) -> str:
        """What a run changed, as git shows it; secrets masked."""

        def show() -> str:
            repository, state = (one := self.of_run(run_id, repo)).repository, self.state(run_id, repo)
            root = Path(state.start.root) if state.start else repository.root
            if root != repository.root and root.is_dir():
                repository = Repository(root)
            if state.commit:
                text = repository.git("show", "--format=", "--no-color", "--no-ext-diff", state.commit)
            elif state.changes:
                text = repository.git("diff", "--no-color", "--no-ext-diff", "HEAD", "--", *state.changes)
            else:
                text = ""
            return Funnel(one.env, []).mask(text)

        return await asyncio.to_thread(show)

    async def result(self, run_id: str, repo: str | None = None) -> Result:
        """What is known of a run now, whether it has ended or not."""
        specialist = await asyncio.to_thread(self.of_run, run_id, repo)
        return await asyncio.to_thread(lambda: results.of_journal(list(specialist.events(run_id))))

    async def inventory(self, repo: str | None = None) -> Inventory:
        """The infrastructure that a repository has."""

        def take() -> Inventory:
            from boringops import inventory

            specialist = self.specialist(repo)
            root, files = specialist.repository.root, specialist.repository.files()
            return inventory.take(root, files, specialist.load_persona().protocol.inventory_globs)

        return await asyncio.to_thread(take)

    def state(self, run_id: str, repo: str | None = None) -> State:
        """What is true of a run. Raises UsageError where there is no such run."""
        return State.of(self.of_run(run_id, repo).events(run_id))

    def _playing(self, other: dict[str, Any]) -> dict[str, Any]:
        return {"model": self.model(), **other} if self.model else other

    # --- going ---

    async def _go(self, specialist: Specialist, start: streaming.Start, watch: Watch) -> Result:
        """Carry a run on in a thread. A cancelled call stops it; the next one there waits until it has stopped."""
        root = specialist.repository.root
        await self._until_stopped(root)
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[Event | None] = asyncio.Queue()

        def put(event: Event | None) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server is on its way out
                loop.call_soon_threadsafe(items.put_nowait, event)

        caller = Caller(loop=loop, on_event=put)
        future = streaming.in_thread(start, caller)
        if root not in self._going:  # of two at once, the first is the one that works; the second is told so
            self._going[root] = (future, caller)
        future.add_done_callback(lambda _: put(None))
        try:
            while (event := await items.get()) is not None:
                await watch(event)
            done = await asyncio.shield(asyncio.wrap_future(future))
        finally:
            caller.cancel.set()
            if future.done() and self._going.get(root, (None,))[0] is future:
                del self._going[root]
        if done.error is not None and done.status == "usage":
            raise UsageError(done.error.message, hint=done.error.hint, kind=done.error.kind)
        if done.run_id:
            self._known[done.run_id] = root
        return done

    async def _until_stopped(self, root: Path) -> None:
        future, caller = self._going.get(root, (None, None))
        if future is None or caller is None or not caller.cancel.is_set():
            return
        with suppress(Exception):
            await asyncio.shield(asyncio.wrap_future(future))
        if self._going.get(root, (None,))[0] is future:
            del self._going[root]

    def stop(self, repos: Iterable[Path] | None = None) -> None:
        """Ask runs (of these repositories, or all) to stop; they can be resumed."""
        for root, (_, caller) in list(self._going.items()):
            if repos is None or root in repos:
                caller.cancel.set()

    def close(self) -> None:
        """Stop everything and wait, so that journals end properly."""
        self.stop()
        for future, _ in list(self._going.values()):
            with suppress(Exception):
                future.result(CLOSING_S)
