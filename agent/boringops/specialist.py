"""The public API: put a specialist to a repository, give it a task, get a typed result.

    from boringops.specialist import Specialist, Task

    result = Specialist("path/to/repo", offline=True).run(Task(text="containerise this and set up CI"))
    print(result.status, result.commit)

This is where the runtime, the tools, the validators and the blueprints are put together. Everything that can go wrong
with a run is in the result; what is wrong with the call itself raises UsageError.
"""

from __future__ import annotations

import asyncio
import functools
import os
import secrets as randomness
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from boringops import __version__, checklist_rules, config, naming, persona, policy
from boringops import events as ev
from boringops import run as runs
from boringops.config import Config
from boringops.context import CallContext
from boringops.errors import BoringopsError, UsageError
from boringops.executor import Answer as Answer
from boringops.executor import Executor, Person
from boringops.facts import Inspection
from boringops.journal import FolderStore, Journal, work_tree_lock
from boringops.models.base import Delta, Model
from boringops.persona import Persona
from boringops.record import Record
from boringops.repository import Repository
from boringops.result import Result as Result
from boringops.run import Run
from boringops.secrets import Funnel, env_file
from boringops.state import State
from boringops.tool import Tool

DEFAULT_MODEL = "claude-opus-5-5"
OFFLINE = "offline-blueprints"
CREDENTIALS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
)


class Task(BaseModel):
    """What is to be done, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    phase: str = Field(default="", description="Phase of the project, for the commit message.")
    handoff: str = Field(
        default="", description="What the developers hand over; claims, checked against the repository."
    )


class Specialist:
    """One specialist at one repository.

    Keyword arguments beside the named ones are settings of `Config` (`approve="auto"`), `sets` the same as text
    (`"provider.effort=high"`); `settings` gives a whole configuration instead."""

    def __init__(
        self,
        repo: str | Path = ".",
        *,
        settings: Config | None = None,
        sets: list[str] | None = None,
        model: Model | str | None = None,
        person: Person | None = None,
        on_event: Callable[[ev.Event], None] = lambda _: None,
        on_delta: Callable[[Delta], None] = lambda _: None,
        env: Mapping[str, str] | None = None,
        **flags: Any,
    ) -> None:
        if isinstance(model, str):  # an id is a setting like any other
            flags, model = {**flags, "model": model}, None
        self.repository = Repository(Path(repo))
        self.env = os.environ if env is None else env
        self.settings = settings or config.load(self.repository.root, env=self.env, flags=flags, sets=sets)
        self._given = None if settings else (flags, sets)
        self.person = person
        self.on_event = on_event
        self.on_delta = on_delta
        self.cancel = threading.Event()
        self.store = FolderStore(self.repository.state_dir / "runs")
        self._model = model

    # --- a run ---

    def run(self, task: Task | str, *, stop_after_plan: bool = False) -> Result:
        """Do one task from context to commit (or to the plan)."""
        if isinstance(task, str):
            task = Task(text=task)
        if not task.text.strip():
            raise UsageError("The task is empty.", hint='For example: boringops run "containerise this and set up CI"')
        who = self.load_persona()
        policy.Rules.of(self.settings.permissions)  # a rule that is wrong is said before anything is made
        model_id = self._model_id(who)
        run_id = naming.new_run_id(datetime.now(UTC), randomness.token_hex(2))
        repository = self._place(run_id, task)
        runs.require_ready(repository.root, repository.in_progress())
        self._keep_persona(run_id, who)
        start = ev.RunStarted(
            boringops=__version__,
            run_id=run_id,
            task=task.text,
            task_name=naming.name_of(task.text),
            slug=naming.slug_of(naming.name_of(task.text)),
            project_phase=task.phase or self.settings.phase,
            handoff=task.handoff,
            persona=who.name,
            persona_path=who.path,
            persona_sha256=who.sha256,
            model=model_id,
            by_model=model_id != OFFLINE,
            stop_after_plan=stop_after_plan,
            config=self.settings.model_dump(mode="json"),
            root=str(repository.root),
            head=repository.head(),
            branch=repository.branch(),
        )
        return self._make(run_id, repository, who, model_id).go(start)

    def resume(self, run_id: str | None = None, *, approve: bool = False, answer: str | None = None) -> Result:
        """Go on with a run (default: the latest), with a person's word where it waits for one."""
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
            self.settings = config.load(None, base=state.start.config, flags=flags, sets=sets)
        who = self._kept_persona(run_id) or self.load_persona()
        return self._make(run_id, Repository(root), who, state.start.model).go(approve=approve, answer=answer)

    async def arun(self, task: Task | str, *, stop_after_plan: bool = False) -> Result:
        """`run` for async callers; the run has a thread of its own."""
        return await asyncio.to_thread(self.run, task, stop_after_plan=stop_after_plan)

    def latest(self) -> str:
        """Id of the latest run here."""
        known = self.store.list()
        if not known:
            raise UsageError("There are no runs in this repository yet.", hint='Start one: boringops run "..."')
        return known[-1]

    def events(self, run_id: str) -> Iterator[ev.Event]:
        """Every event of a run, oldest first. Raises UsageError where there is no such run."""
        return Journal(self.store, run_id).read()

    def stop(self) -> None:
        """Ask a run that goes on in another thread to stop at once; it ends `interrupted` and can be resumed."""
        self.cancel.set()

    # --- its parts ---

    def load_persona(self) -> Persona:
        """The configured persona, held against the tools that there are."""
        path = persona.find(self.settings.persona, repo=self.repository.root)
        return persona.load(path, known_tools=self._tool_names())

    def tools(self, who: Persona) -> dict[str, Tool[Any]]:
        """The tools the persona may use, in their fixed order."""
        from boringops_tools.toolset import all_tools

        every = {tool.name: tool for tool in all_tools()}
        return {name: every[name] for name in persona.effective_tools(who, list(every))}

    def _tool_names(self) -> list[str]:
        from boringops_tools.toolset import all_tools

        return [tool.name for tool in all_tools()]

    def _model_id(self, who: Persona) -> str:
        if self._model is not None:
            return self._model.profile.id
        chosen = self.settings.model
        if self.settings.offline or (chosen is None and not self._has_credentials()):
            return OFFLINE
        return persona.MODEL_ALIASES.get(chosen or "", chosen or who.model or DEFAULT_MODEL)

    def _has_credentials(self) -> bool:
        return self.settings.provider.name != "anthropic" or any(self.env.get(name) for name in CREDENTIALS)

    def _make(self, run_id: str, repository: Repository, who: Persona, model_id: str) -> Run:
        funnel = Funnel(self.env, _env_files(repository))
        journal = Journal(self.store, run_id, mask=lambda data: _masked(funnel, data))
        log = Record(journal, self.on_event)
        if run_id in self.store.list():
            log.reload()
        executor = Executor(
            root=repository.root,
            repository=repository,
            config=self.settings,
            log=log,
            tools=self.tools(who),
            funnel=funnel,
            inspector=functools.partial(_inspect, self.cancel),
            person=self.person,
            context=CallContext,
            verify=lambda claim: made.verify(claim),
            cancel=self.cancel,
        )
        made = Run(
            executor=executor,
            persona=who,
            model=self._model or self._build_model(model_id, repository, executor),
            rules=checklist_rules.RULES,
            prompt=(persona.shipped() / "runtime.md").read_text(),
            variables=lambda files: _variables(repository.root, files),
            facilities=_facilities if model_id != OFFLINE else lambda: "",  # the blueprints do not read it
            watch=self.on_delta,
        )
        return made

    def _build_model(self, model_id: str, repository: Repository, executor: Executor) -> Model:
        if model_id == OFFLINE:
            from boringops_tools.blueprints.offline import OfflineModel

            return OfflineModel(repository.root, repository.files)
        from boringops.models.anthropic import AnthropicModel, ModelSettings

        provider = self.settings.provider
        model = AnthropicModel(
            ModelSettings(
                id=model_id,
                provider=provider.name,
                base_url=provider.base_url,
                effort=provider.effort,
                region=provider.region,
                project=provider.project,
                idle_timeout_s=provider.idle_s,
            ),
            on_attempt=lambda kind, message, wait_s, usage: executor.record(
                ev.ModelAttemptFailed(turn=executor.state.turn, kind=kind, message=message, wait_s=wait_s, usage=usage)
            ),
        )
        model.cancel = self.cancel
        model.warm()
        return model

    def _place(self, run_id: str, task: Task) -> Repository:
        """Where the run works: here, here on a new branch, or in a worktree beside the repository."""
        branch = self.settings.branch or f"boringops/{naming.slug_of(naming.name_of(task.text))}-{run_id[-4:]}"
        if self.settings.worktree:
            root = self.repository.root
            return self.repository.add_worktree(branch, root.with_name(f"{root.name}-{run_id}"))
        if self.settings.branch:
            with work_tree_lock(self.repository.state_dir, self.repository.root):  # not under another run's feet
                self.repository.switch_to_new_branch(branch)
        return self.repository

    def _keep_persona(self, run_id: str, who: Persona) -> None:
        """The persona as it was: a resume must go on with the same system prompt, whatever became of the file."""
        try:
            (self.store.folder(run_id) / "persona.json").write_text(who.model_dump_json())
        except OSError as error:
            raise BoringopsError(
                f"The run's folder cannot be written: {error.strerror}.",
                hint=f"Make room in {self.store.base}.",
                kind="journal",
            ) from error

    def _kept_persona(self, run_id: str) -> Persona | None:
        path = self.store.folder(run_id) / "persona.json"
        return Persona.model_validate_json(path.read_text()) if path.is_file() else None


def _inspect(
    cancel: threading.Event, root: Path, paths: Sequence[str], added: Mapping[str, Collection[int]]
) -> Inspection:
    """Validators, red flags and checks, less what the repository waives; what is waived stays, as information."""
    from boringops_tools import inspection, waivers

    found = inspection.inspect(root, paths, cancel=cancel)
    settled = waivers.apply(
        root, found.findings, today=datetime.now(UTC).date(), changed_lines=added, distrust=added, paths=paths
    )
    excused = [
        finding.model_copy(update={"severity": "info", "hint": f"waived: {waiver.reason}"})
        for finding, waiver in settled.waived
    ]
    return found.model_copy(update={"findings": [*settled.findings, *settled.problems, *excused]})


def _variables(root: Path, files: Sequence[str]) -> dict[str, str]:
    """The environment variables that the code reads, and where."""
    from boringops_tools.stack import detect

    return {
        variable.name: f"{variable.sources[0].path}:{variable.sources[0].line}" if variable.sources else ""
        for application in detect(root, files).applications
        for variable in application.env
    }


def _masked(funnel: Funnel, data: dict[str, Any]) -> dict[str, Any]:
    """An event on its way into the journal. A reply stays byte for byte: it was made from masked text alone, and the
    API binds the model's thinking to it."""
    if data["type"] == "model_replied":
        return data
    masked: dict[str, Any] = funnel.mask_json(data)
    return masked


def _env_files(repository: Repository) -> list[Path]:
    """Files that hold the values of an environment, beside any file git sees; they are mostly ignored by git."""
    folders = {repository.root, *((repository.root / path).parent for path in repository.files())}
    return [
        path for folder in sorted(folders) for path in folder.glob("*.env*") if env_file(path.name) and path.is_file()
    ]


def _facilities() -> str:
    """The validators of this machine, for the model to know what will be held against its files."""
    from boringops_tools.validators import available

    tools = available()
    here = "\n".join(
        f"- {tool['name']} {tool['version']}: {', '.join(tool['covers'])}" for tool in tools if tool["path"]
    )
    gone = ", ".join(str(tool["name"]) for tool in tools if not tool["path"])
    return here + (f"\nNot installed, so not validated by them: {gone}." if gone else "")


def run_states(store: FolderStore, ids: Sequence[str]) -> list[State]:
    """The folded states of runs, for listings."""
    return [State.of(Journal(store, run_id).read()) for run_id in ids]
