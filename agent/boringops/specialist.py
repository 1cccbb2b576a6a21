"""The public API: put a specialist to a repository, give it a task, get a typed result.

    from boringops import Specialist, Task

    result = Specialist("path/to/repo", offline=True).run(Task(text="containerise this and set up CI"))
    print(result.status, result.commit)

This is where the runtime, the tools, the validators and the blueprints are put together. Everything that can go wrong
with a run is in the result; what is wrong with the call itself raises UsageError.
"""

from __future__ import annotations

import os
import secrets as randomness
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from boringops import (
    __version__,
    checklist_rules,
    config,
    keeping,
    modelling,
    naming,
    permissions,
    persona,
    pull_request,
    streaming,
    telemetry,
    toolbox,
    tooling,
    trust,
)
from boringops import events as ev
from boringops import run as runs
from boringops.callbacks import Callbacks, OnCall, OnPlan, OnQuestions
from boringops.caller import Caller
from boringops.config import Config
from boringops.context import CallContext
from boringops.errors import UsageError
from boringops.executor import Answer as Answer
from boringops.executor import Executor, Person
from boringops.handoff import Handoff
from boringops.hooks import After, Before, Hooks
from boringops.journal import FolderStore, Journal, work_tree_lock
from boringops.modelling import OFFLINE
from boringops.models.base import Delta, Model
from boringops.persona import Persona
from boringops.pull_request import Base
from boringops.record import Record
from boringops.repository import Repository
from boringops.result import Result as Result
from boringops.run import Run
from boringops.sandbox import choose
from boringops.secrets import Funnel
from boringops.state import State
from boringops.tool import Tool
from boringops.watching import Watching


class Task(BaseModel):
    """What is to be done, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    phase: str = Field(default="", description="Phase of the project, for the commit message.")
    handoff: Handoff | str = Field(
        default="", description="What the developers hand over: claims. A typed one is checked against the repository."
    )
    earlier: str = Field(default="", description="What was said and done before, where the task belongs to a chat.")


class Specialist:
    """One specialist at one repository.

    `model` is an id or a model of your own; `tools` are tools beside boringops' own, under the same policy. `on_plan`,
    `on_call` and `on_questions` stand in for a person (see `callbacks`), `before_tool` and `after_tool` look at every
    call and may deny (see `hooks`); all of them may be asynchronous under `arun` and `astream`. `person` is the same as
    an object. Keyword arguments beside the named ones are settings of `Config` (`approve="auto"`), `sets` the same as
    text (`"provider.effort=high"`); `settings` gives a whole configuration instead.

    Several specialists work at once in one process, each at its own repository; a second run in one work tree ends with
    status `usage` and error kind `busy` (`worktree=True` gives it a work tree of its own)."""

    def __init__(
        self,
        repo: str | Path = ".",
        *,
        settings: Config | None = None,
        sets: list[str] | None = None,
        model: Model | str | None = None,
        person: Person | None = None,
        tools: Sequence[Tool[Any]] = (),
        on_plan: OnPlan | None = None,
        on_call: OnCall | None = None,
        on_questions: OnQuestions | None = None,
        before_tool: Before | Sequence[Before] = (),
        after_tool: After | Sequence[After] = (),
        on_event: Callable[[ev.Event], None] = lambda _: None,
        on_delta: Callable[[Delta], None] = lambda _: None,
        env: Mapping[str, str] | None = None,
        **flags: Any,
    ) -> None:
        if isinstance(model, str):  # an id is a setting like any other
            flags, model = {**flags, "model": model}, None
        self.repository = Repository(Path(repo))
        self.env = os.environ if env is None else env
        self.base = pull_request.of(self.repository, self.env)
        trusted = self.base.root if self.base else self.repository.root
        self._of_file = {} if settings else config.of_repository(trusted)
        self.settings = settings or config.load(trusted, env=self.env, flags=flags, sets=sets)
        self._given = None if settings else (flags, sets)
        called_back = any((on_plan, on_call, on_questions))
        if person is not None and called_back:
            raise UsageError("Both `person` and callbacks are given.", hint="Give one of the two.")
        self.person = Callbacks(on_plan, on_call, on_questions) if called_back else person
        self.hooks = Hooks(_several(before_tool), _several(after_tool))
        self.added_tools = list(tools)
        self.on_event = on_event
        self.on_delta = on_delta
        self._callers: set[Caller] = set()
        self.store = FolderStore(self.repository.state_dir / "runs")
        self._model = model
        self._log: Record | None = None

    # --- a run ---

    def run(self, task: Task | str, *, stop_after_plan: bool = False) -> Result:
        """Do one task from context to commit (or to the plan)."""
        return self.started(task, stop_after_plan=stop_after_plan)(Caller())

    def resume(
        self, run_id: str | None = None, *, approve: bool = False, answer: str | None = None, word: str = ""
    ) -> Result:
        """Go on with a run (default: the latest), with a person's decision where it waits for one.

        `word` is anything else that the user has to say; the model is told."""
        return self.resumed(run_id, approve=approve, answer=answer, word=word)(Caller())

    async def arun(self, task: Task | str, *, stop_after_plan: bool = False) -> Result:
        """`run` for async callers; the run has a thread of its own. Cancelling the task stops the run, resumably."""
        return await streaming.arun(self.started(task, stop_after_plan=stop_after_plan))

    async def aresume(
        self, run_id: str | None = None, *, approve: bool = False, answer: str | None = None, word: str = ""
    ) -> Result:
        """`resume` for async callers."""
        return await streaming.arun(self.resumed(run_id, approve=approve, answer=answer, word=word))

    def stream(self, task: Task | str, *, stop_after_plan: bool = False) -> Iterator[ev.Event | Result]:
        """Every event of a run as it happens, and its Result last. Closing the iterator stops the run."""
        return streaming.stream(self.started(task, stop_after_plan=stop_after_plan))

    def astream(self, task: Task | str, *, stop_after_plan: bool = False) -> AsyncIterator[ev.Event | Result]:
        """`stream` for `async for`."""
        return streaming.astream(self.started(task, stop_after_plan=stop_after_plan))

    def started(self, task: Task | str, *, stop_after_plan: bool = False) -> streaming.Start:
        """A new run, to be begun by whoever calls what is returned; `run` and `stream` are made of it."""
        return lambda caller: self._run(task, stop_after_plan, caller)

    def resumed(
        self, run_id: str | None = None, *, approve: bool = False, answer: str | None = None, word: str = ""
    ) -> streaming.Start:
        """The same for going on with a run."""
        return lambda caller: self._resume(run_id, approve, answer, word, caller)

    def stop(self) -> None:
        """Ask the runs that go on in other threads to stop at once; they end `interrupted` and can be resumed."""
        for caller in list(self._callers):
            caller.cancel.set()

    def _run(self, task: Task | str, stop_after_plan: bool, caller: Caller) -> Result:
        if isinstance(task, str):
            task = Task(text=task or " ")
        if not task.text.strip():
            raise UsageError("The task is empty.", hint='For example: boringops run "containerise this and set up CI"')
        who = self.load_persona()
        self._require_trust(who)
        choose(self.settings.sandbox)  # required where there is none: said before anything is made
        tools = self.tools(who)  # wrong tools and rules are said before anything is made
        permissions.Rules.of(self.settings.permissions, list(tools))
        model_id = self.model_id(who)
        run_id = naming.new_run_id(datetime.now(UTC), randomness.token_hex(2))
        repository = self._place(run_id, task)
        runs.require_ready(repository.root, repository.in_progress())
        funnel = self._funnel(run_id, repository)
        who = keeping.keep_persona(self.store.folder(run_id), who, funnel)
        handoff, contradicted = self._handed_over(task.handoff)
        start = ev.RunStarted(
            boringops=__version__,
            run_id=run_id,
            task=task.text,
            task_name=naming.name_of(task.text),
            slug=naming.slug_of(naming.name_of(task.text)),
            project_phase=task.phase or self.settings.phase,
            handoff=handoff,
            earlier=task.earlier,
            persona=who.name,
            persona_path=who.path,
            persona_sha256=who.sha256,
            model=model_id,
            by_model=model_id != OFFLINE,
            stop_after_plan=stop_after_plan,
            config=self.settings.model_dump(mode="json", exclude={"mcp_servers"}),  # they may hold secrets
            root=str(repository.root),
            head=repository.head(),
            branch=repository.branch(),
            base=self.base.commit if self.base else "",
        )
        made = self._make(run_id, repository, who, model_id, caller, funnel)
        made.cautions = [*(f"Hand-off: {sentence}" for sentence in contradicted), *made.cautions]
        return self._go(made, caller, start)

    def _resume(self, run_id: str | None, approve: bool, answer: str | None, word: str, caller: Caller) -> Result:
        run_id = run_id or self.latest()
        state = State.of(Journal(self.store, run_id).read())
        if state.start is None:
            raise UsageError(
                f"Run {run_id} never began: its journal is empty.", hint="Start it again with `boringops run`."
            )
        root = Path(state.start.root)
        if not root.is_dir():
            raise UsageError(f"Run {run_id} worked in {root}, which is gone.")
        if self._given:  # the run goes on as it was configured, but for what is said now
            flags, sets = self._given
            base = {**state.start.config, "mcp_servers": self.settings.model_dump()["mcp_servers"]}
            self.settings = config.load(None, base=base, flags=flags, sets=sets)
        self.base = Base(self.repository, state.start.base) if state.start.base else None
        repository = Repository(root)
        who, funnel = self._persona_of(state.start), self._funnel(run_id, repository)
        self._require_trust(who)
        made = self._make(run_id, repository, who, state.start.model, caller, funnel)
        return self._go(made, caller, None, approve=approve, answer=answer, word=word)

    def _go(self, made: Run, caller: Caller, start: ev.RunStarted | None, **word: Any) -> Result:
        self._callers.add(caller)
        try:
            return made.go(start, **word)
        finally:
            self._callers.discard(caller)
            made.close()

    def latest(self) -> str:
        """Id of the latest run here."""
        known = self.store.list()
        if not known:
            raise UsageError("There are no runs in this repository yet.", hint='Start one: boringops run "..."')
        return known[-1]

    def events(self, run_id: str) -> Iterator[ev.Event]:
        """Every event of a run, oldest first. Raises UsageError where there is no such run."""
        return Journal(self.store, run_id).read()

    def interrupt(self) -> None:
        """`stop` for the signal handler of the thread the run goes on in: raises KeyboardInterrupt as soon as nothing is
        cut in two by it."""
        self.stop()
        if self._log is None:
            raise KeyboardInterrupt
        self._log.interrupt()

    # --- its parts ---

    def load_persona(self) -> Persona:
        """The configured persona, held against the tools that there are."""
        if self.base is not None:
            path = persona.find(self.base.persona(self.settings.persona), repo=self.base.root)
        else:
            path = persona.find(self.settings.persona, repo=self.repository.root)
        return persona.load(path, known_tools=self._tool_names())

    def _require_trust(self, who: Persona) -> None:
        """What the repository starts or sends by itself has to be trusted; a caller's whole configuration is its own."""
        if self._given and self.base is None and not trust.in_ci(self.env):
            trust.require(self.repository.state_dir, self.to_trust(who))

    def to_trust(self, who: Persona) -> dict[str, str]:
        """What has to be trusted before a run with this persona: setting to what comes of it."""
        return trust.asks(self.repository.root, self._of_file, self.settings, who)

    def tools(self, who: Persona, more: Sequence[Tool[Any]] = ()) -> dict[str, Tool[Any]]:
        """The tools the persona may use, in their fixed order. `more` are those of MCP servers."""
        return toolbox.combine(who, tooling.tools(), [*self.added_tools, *more])

    def _tool_names(self) -> list[str]:
        return [tool.name for tool in (*tooling.tools(), *self.added_tools)]

    def _handed_over(self, handoff: Handoff | str) -> tuple[str, list[str]]:
        """The hand-off as the model reads it, and what the repository says against it."""
        if isinstance(handoff, str):
            return handoff, []
        return tooling.held_against(handoff, self.repository.root, self.repository.files())

    def model_id(self, who: Persona) -> str:
        """The model that a new task would be for."""
        if self._model is not None:
            return self._model.profile.id
        return modelling.chosen(self.settings, who, self.env)

    def _funnel(self, run_id: str, repository: Repository) -> Funnel:
        return keeping.funnel(self.env, repository, self.store.folder(run_id))

    def _make(
        self, run_id: str, repository: Repository, who: Persona, model_id: str, caller: Caller, funnel: Funnel
    ) -> Run:
        watching = Watching(funnel, self._watch(caller), self.on_delta)
        journal = Journal(self.store, run_id, mask=lambda data: keeping.masked(funnel, data))
        log = self._log = Record(journal, watching.event)
        resuming = run_id in self.store.list()
        if resuming:
            log.reload()
        named = {**who.mcp_servers, **self.settings.mcp_servers}
        kept = self.store.folder(run_id) / "mcp_tools.json"
        servers = tooling.servers(named, repository.root, self.env, kept, resuming=resuming)
        executor = Executor(
            root=repository.root,
            repository=repository,
            config=self.settings,
            log=log,
            tools=self.tools(who, servers.tools if servers else ()),
            funnel=funnel,
            inspector=partial(
                tooling.inspect,
                cancel=caller.cancel,
                in_request=repository.added_lines(self.base.commit) if self.base else {},
            ),
            person=replace(self.person, caller=caller) if isinstance(self.person, Callbacks) else self.person,
            context=CallContext,
            verify=lambda claim: made.verify(claim),
            cancel=caller.cancel,
            hooks=replace(self.hooks, caller=caller),
            sandbox=choose(self.settings.sandbox),
        )
        made = Run(
            executor=executor,
            persona=who,
            model=self._model or modelling.built(model_id, repository, executor),
            rules=checklist_rules.RULES,
            prompt=(persona.shipped() / "runtime.md").read_text(),
            variables=lambda files: tooling.variables(repository.root, files),
            facilities=tooling.facilities if model_id != OFFLINE else lambda: "",  # the blueprints do not read it
            memory_root=self._memory_root(who),
            watch=watching.delta,
        )
        if servers:
            made.cautions, made.close = servers.remarks, servers.close
        return made

    def _watch(self, caller: Caller) -> Callable[[ev.Event], None]:
        trace = telemetry.spans(self.settings.provider.name) if self.settings.telemetry else lambda _: None

        def watch(event: ev.Event) -> None:
            trace(event)
            self.on_event(event)
            caller.on_event(event)

        return watch

    def _memory_root(self, who: Persona) -> Path | None:
        if self.base is None:
            return None
        files = who.protocol.memory_files
        self.base.bring([*files, *{folder for path in files if (folder := path.rpartition("/")[0])}])
        return self.base.root

    def _place(self, run_id: str, task: Task) -> Repository:
        """Where the run works: here, here on a new branch, or in a worktree beside the repository."""
        branch = self.settings.branch or f"boringops/{naming.slug_of(naming.name_of(task.text))}-{run_id[-4:]}"
        if self.settings.worktree:
            root = self.repository.root
            return self.repository.add_worktree(branch, root.with_name(f"{root.name}-{run_id}"))
        if self.settings.branch:
            with work_tree_lock(
                self.repository.state_dir, self.repository.root, run_id
            ):  # not under another run's feet
                self.repository.switch_to_new_branch(branch)
        return self.repository

    def _persona_of(self, start: ev.RunStarted) -> Persona:
        """The persona a run began with. Raises UsageError where it is lost and its file is another by now: the
        conversation is bound to it."""
        kept = keeping.kept_persona(self.store.folder(start.run_id))
        if kept is not None and not kept.mcp_servers:
            return kept
        now = self.load_persona()
        if kept is not None:  # what its MCP servers are reached with was not kept
            servers = now.mcp_servers if now.sha256 == start.persona_sha256 else {}
            return kept.model_copy(update={"mcp_servers": servers})
        if now.sha256 != start.persona_sha256:
            raise UsageError(
                f"The persona that run {start.run_id} began with is lost from the run's folder, and {now.path} is another.",
                hint=f"Put back the persona as it was (sha256 {start.persona_sha256[:12]}), or start the task again.",
            )
        return now


def _several(given: Any) -> tuple[Any, ...]:
    return (given,) if callable(given) else tuple(given)
