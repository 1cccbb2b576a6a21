"""Carrying out the model's tool calls: policy first, intent and outcome journalled, changes held to the plan.

`Executor` decides and orders calls; `CallContext` is what one running tool sees of the run (`tool.ToolContext`).
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from errno import EXDEV
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from boringops import events as ev
from boringops import plan as plans
from boringops import policy, sandbox
from boringops.config import Config
from boringops.errors import BoringopsError, NeedsApproval, NeedsClarification
from boringops.facts import Change, Claim, Inspection, Phase, Plan, Question
from boringops.journal import Journal
from boringops.repository import Repository
from boringops.secrets import Funnel
from boringops.state import Call, State
from boringops.tool import Completed, Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult, explain

SHOWN_CHARS = 30_000
"""Longest tool output that goes to the model whole; of a longer one, two thirds head and one third tail."""
PARALLEL_READS = 8


class PlanReady(BoringopsError):
    """The plan that was asked for is there: the run stops in front of its approval."""

    exit_code = 0
    status = "planned"
    kind = ""


@dataclass(frozen=True)
class Answer:
    """What a person says to a plan or a call."""

    approved: bool
    reason: str = ""


class Person(Protocol):
    """Somebody who can be asked while the run goes on. Each call blocks until there is an answer."""

    def approve(self, plan: Plan) -> Answer:
        """Approve a plan, or refuse it and say why."""

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        """Allow one call that policy would not decide alone."""

    def answer(self, questions: Sequence[Question]) -> str:
        """Answer questions in words."""


class Inspector(Protocol):
    """The validators and red flags, put together above this package."""

    def __call__(self, root: Path, paths: Sequence[str]) -> Inspection:
        """What they say about these files, relative to `root`."""


@dataclass
class Executor:
    """Everything a tool call may need, and the rules it meets."""

    root: Path
    repository: Repository
    config: Config
    journal: Journal
    state: State
    tools: dict[str, Tool[Any]]
    funnel: Funnel
    inspector: Inspector
    person: Person | None
    verify: Callable[[Claim], ToolResult]
    """Called by Finish."""
    watch: Callable[[ev.Event], None]
    cancel: threading.Event = field(default_factory=threading.Event)
    _originals: dict[str, str | None] = field(default_factory=dict)
    """What a command's strays were before it, by path. Lost with the process: then a stray stays one, which is safe."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.rules = policy.Rules.of(self.config.permissions)

    def record(self, event: ev.Event) -> None:
        """Journal an event, fold it, show it. Safe from the threads of parallel reads."""
        with self._lock:
            recorded = self.journal.append(event)
            self.state.apply(recorded)
            self.watch(recorded)

    # --- calls ---

    def execute(self, calls: Sequence[Call]) -> bool:
        """Carry out calls: reads side by side, everything else alone and in order. True where a phase has ended."""
        for is_read, group in groupby(calls, key=self._is_read):
            batch = list(group)
            if is_read and len(batch) > 1:
                with ThreadPoolExecutor(min(PARALLEL_READS, len(batch))) as pool:
                    list(pool.map(self._carry_out, batch))
            else:
                for call in batch:  # a phase that ends takes effect before the next call
                    if self._carry_out(call).ends_phase:
                        return True
        return False

    def refuse_all(self, calls: Sequence[Call], reason: str) -> None:
        """Answer calls that are not carried out: the API wants a result for each."""
        for call in calls:
            self._finish(call, ToolResult(reason, is_error=True), 0.0)

    def _is_read(self, call: Call) -> bool:
        tool = self.tools.get(call.tool)
        return tool is not None and tool.effect is Effect.READ

    def _carry_out(self, call: Call) -> ToolResult:
        began = time.monotonic()
        result = self._in_doubt(call) or self._attempt(call)
        self._finish(call, result, time.monotonic() - began)
        return result

    def _finish(self, call: Call, result: ToolResult, duration_s: float) -> None:
        with self._lock:
            self.record(
                ev.ToolFinished(
                    call_id=call.id,
                    tool=call.tool,
                    content=result.content,
                    is_error=result.is_error,
                    data=result.data,
                    evidence=self.state.next_evidence,
                    ends_phase=result.ends_phase,
                    duration_s=round(duration_s, 3),
                )
            )

    def _attempt(self, call: Call) -> ToolResult:
        tool = self.tools.get(call.tool)
        if tool is None:
            near = get_close_matches(call.tool, self.tools, n=1)
            return _error(
                f"There is no tool {call.tool}. {f'Did you mean {near[0]}? ' if near else ''}You have: {', '.join(self.tools)}."
            )
        if call.malformed or not isinstance(call.input, dict):
            return _error("The arguments were not a JSON object. Nothing was carried out; send the call again, whole.")
        try:
            arguments = tool.input.model_validate(call.input)
        except ValidationError as error:
            return _error(explain(error, tool.name))
        if refusal := self._decide(call, tool, arguments):
            return refusal
        if not call.started:
            self.record(ev.ToolStarted(call_id=call.id, tool=call.tool, input=call.input))
        try:
            return tool.run(arguments, CallContext(self, call.id))
        except ToolError as error:
            return _error(str(error))
        except BoringopsError:
            raise
        except OSError as error:
            return _error(f"{error.strerror or error}: {error.filename or ''}".strip(": "))
        except Exception as error:  # a fault of ours must not end the user's run; it is said and the model can go on
            self.record(ev.Warned(message=f"{call.tool} failed inside boringops: {type(error).__name__}: {error}"))
            return _error(f"{call.tool} failed by a fault of its own ({type(error).__name__}). Try another way.")

    def _decide(self, call: Call, tool: Tool[Any], arguments: Any) -> ToolResult | None:
        if call.id in self.state.allowed:
            return None
        decision = policy.decide(
            call.tool,
            tool.effect_of(arguments),
            paths=[self._shown(path) for path in tool.paths(arguments)],
            command=getattr(arguments, "command", None),
            phase=self.state.phase,
            approve=self.config.approve,
            interactive=self.person is not None,
            rules=self.rules,
        )
        action, reason, by = decision.action, decision.reason, "policy"
        if action == "ask" and self.person is not None:
            said = self.person.allow(call.tool, call.input, decision.reason)
            action, by = ("allow" if said.approved else "deny"), "a person"
            reason = said.reason or decision.reason
            if said.approved:
                self.record(ev.PolicyDecided(call_id=call.id, tool=call.tool, action="allow", reason=reason, by=by))
        if action == "allow":
            return None
        self.record(
            ev.PolicyDecided(call_id=call.id, tool=call.tool, input=call.input, action="deny", reason=reason, by=by)
        )
        return _error(f"Refused by {by}: {reason}")

    def _shown(self, given: str) -> str:
        """A path as permission rules see it: relative where it is inside the repository."""
        path = Path(given)
        if path.is_absolute() and path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return given

    def _in_doubt(self, call: Call) -> ToolResult | None:
        """What becomes of a call that was begun by a process that died: its result, or None to carry it out (again)."""
        if not call.started:
            return None
        self._settle_changes(call.id)
        tool = self.tools[call.tool]
        if tool.in_doubt is InDoubt.LOOK and (landed := self.state.landed.get(call.id)):
            return ToolResult(f"Done before an interruption: {', '.join(landed)} is as you asked.")
        if tool.in_doubt is InDoubt.TELL:
            return _error(
                "The run was interrupted while this was being carried out. Look what happened before you repeat it."
                + self._take_in_unseen(call.id)
            )
        return None

    def _settle_changes(self, call_id: str) -> None:
        """Journal the outcome of changes that were intended and did happen."""
        for path, intent in list(self.state.changing.items()):
            if intent.call_id == call_id and sha256_of(self.root / path) == intent.change.after:
                self.record(ev.FileChanged(path=path))

    # --- plan and questions ---

    def submit_plan(self, plan: Plan, call_id: str) -> ToolResult:
        if call_id not in self.state.submitted:
            mine = self.state.changes
            problems = plans.problems(
                plan,
                existing=[
                    path for path in self.repository.files() if path not in mine or mine[path].action != "create"
                ],
                dirty=[path for path in self.state.dirty if path not in mine],
            )
            if problems:
                listed = "\n".join(f"- {problem}" for problem in problems)
                return _error(f"The plan is not ready to be approved:\n{listed}\nMend it and call SubmitPlan again.")
            self.record(ev.PlanSubmitted(call_id=call_id, plan=plan))
        if plan.questions:
            answered = self.ask(plan.questions, call_id)
            return ToolResult(f"{answered.content}\nTake the answers into the plan and call SubmitPlan again.")
        if call_id in self.state.refused_calls:
            return _error(f"The plan was refused: {self.state.refused_calls[call_id] or 'no reason was given'}.")
        if call_id not in self.state.approved_calls:
            refusal = self._have_approved(plan, call_id)
            if refusal is not None:
                self.record(ev.PlanRefused(call_id=call_id, by="a person", reason=refusal))
                return _error(
                    f"The plan was refused: {refusal or 'no reason was given'}. Change it and call SubmitPlan again."
                )
        self._take_in_strays(call_id)
        by = self.state.approved_calls[call_id]
        return ToolResult(
            f"Approved by {by}. You are in the act phase: carry the plan out, then call Finish. "
            "You can write the plan's files, and the memory bank, .env.example and README besides.",
            ends_phase=self.state.phase == "plan",
        )

    def _have_approved(self, plan: Plan, call_id: str) -> str | None:
        """Get the plan approved. The reason if a person refuses it; raises NeedsApproval where nobody can approve."""
        start = self.state.start
        run_id = start.run_id if start else ""
        how = f"boringops resume {run_id} --approve"
        if start and start.stop_after_plan and not self.state.resumes:
            raise PlanReady("The plan is ready.", hint=f"Carry it out: {how}")
        if self.config.approve == "auto":
            if plans.reaches(plan.confidence, self.config.min_confidence):
                self.record(ev.PlanApproved(call_id=call_id, by="policy (--approve auto)"))
                return None
            raise NeedsApproval(
                f"The plan has {plan.confidence} confidence; approved by itself is {self.config.min_confidence} and above.",
                hint=f"Read it with `boringops show {run_id}`, then: {how}",
            )
        if self.config.approve == "ask" and self.person is not None:
            said = self.person.approve(plan)
            if not said.approved:
                return said.reason
            self.record(ev.PlanApproved(call_id=call_id, by="a person"))
            return None
        raise NeedsApproval(
            "The plan waits for approval, and nobody is there to give it.", hint=f"Approve it with: {how}"
        )

    def ask(self, questions: Sequence[Question], call_id: str) -> ToolResult:
        if call_id not in self.state.answers:
            if self.state.waiting != call_id or not self.state.questions:
                self.record(ev.QuestionsAsked(call_id=call_id, questions=list(questions)))
            if self.person is None:
                count = f"{len(questions)} question{'s' if len(questions) > 1 else ''}"
                run_id = self.state.start.run_id if self.state.start else ""
                raise NeedsClarification(
                    f"{count} must be answered first.", hint=f'boringops resume {run_id} --answer "..."'
                )
            self.record(ev.QuestionsAnswered(call_id=call_id, answer=self.person.answer(questions)))
        return ToolResult(f"The user answers:\n{self.state.answers[call_id]}")

    # --- files ---

    def resolve(self, file_path: str) -> Path:
        if "\0" in file_path:
            raise ToolError("The path has a NUL byte in it.")
        path = Path(file_path)
        real = Path(os.path.realpath(path if path.is_absolute() else self.root / path))
        if real.is_relative_to(self.outputs):
            return real
        if not real.is_relative_to(self.root):
            raise ToolError(f"{file_path} is outside the repository. Only files inside it can be used.")
        if ".git" in real.relative_to(self.root).parts:
            raise ToolError(f"{file_path} belongs to git. Use Bash with a reading git command instead.")
        return real

    @property
    def outputs(self) -> Path:
        return self.journal.store.folder(self.journal.run_id) / "outputs"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def write(self, path: Path, content: bytes, call_id: str, *, unseen: bool) -> None:
        """Write one file, held to the plan; see ToolContext.write."""
        name = self.relative(path)
        self._must_be_planned(name)
        try:
            before = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise ToolError(f"{name} cannot be read, so it is not overwritten: {error.strerror}.") from error
        if before == content:
            return
        if before is not None and not unseen:
            self._must_be_seen(name, before)
        mode = stat.S_IMODE(path.stat().st_mode) if before is not None else None
        if before is not None:
            self.keep(before)
        self._intend(
            name, None if before is None else sha256(before), sha256(content), content.count(b"\n") + 1, call_id, mode
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        self._replace(path, content, mode)
        self.record(ev.FileChanged(path=name))

    def _intend(
        self, name: str, before: str | None, after: str | None, lines: int, call_id: str, mode: int | None = None
    ) -> None:
        action: Any = "delete" if after is None else "create" if before is None else "change"
        task = self.state.plan_task.get(name, "")
        change = Change(path=name, action=action, plan_task=task, before=before, after=after, before_mode=mode)
        self.record(ev.FileChanging(call_id=call_id, change=change, lines=lines))

    def _must_be_planned(self, name: str) -> None:
        plan = self.state.plan
        if plan is None:
            raise ToolError("Nothing is written before a plan is approved. Call SubmitPlan.")
        if not plans.is_document(name) and name not in {file.path for file in plan.files}:
            raise ToolError(
                f"{name} is not in the approved plan. If it is needed, call SubmitPlan with the whole amended plan; "
                f"else leave it. Planned: {', '.join(file.path for file in plan.files)}."
            )
        if name in self.state.dirty and name not in self.state.changes:
            raise ToolError(
                f"{name} has changes of the user's own that are not committed; it is left alone. "
                "Go on without it and name it in Finish's follow_ups."
            )

    def _must_be_seen(self, name: str, content: bytes) -> None:
        seen = self.state.seen.get(name)
        if seen is None:
            raise ToolError(f"{name} exists and was not read in this run. Read it first.")
        if seen != sha256(content):
            raise ToolError(f"{name} was changed since you read it, by somebody else. Read it again.")

    def keep(self, content: bytes) -> None:
        """Keep what a change replaces, for undo."""
        folder = self.journal.store.folder(self.journal.run_id) / "before"
        target = folder / sha256(content)
        if not target.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            part = target.with_suffix(".part")  # a crash must not leave half of it under the whole's name
            _write_whole(part, content, 0o600)
            part.replace(target)

    def _replace(self, path: Path, content: bytes, mode: int | None) -> None:
        """Put content in place in one step. The temporary file lies in the run's folder: a crash leaves no litter."""
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask if mode is None else mode
        temporary = self.journal.store.folder(self.journal.run_id) / f"writing-{threading.get_ident()}"
        _write_whole(temporary, content, mode)
        try:
            temporary.replace(path)
        except OSError as error:
            if error.errno != EXDEV:
                raise
            descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".boringops-")
            os.close(descriptor)
            _write_whole(Path(beside), content, mode)
            Path(beside).replace(path)
            temporary.unlink()

    # --- commands ---

    def run_command(self, command: str, timeout: float, call_id: str) -> Completed:
        """Run a command; what it changes in the work tree is taken into the run, or held against it as stray."""
        before = self._fingerprint()
        done = sandbox.run(command, cwd=self.root, timeout_s=timeout, cancel=self.cancel)
        after = self._fingerprint()
        outside = self._take_in(before, after, call_id)
        for path in outside:
            self._originals.setdefault(path, before[path] if path in before else self._committed(path))
        strays = {path for path in self.state.strays | outside if path in after}
        strays = {path for path in strays if after[path] != self._originals.get(path, "")}  # put back: the user's again
        if strays != self.state.strays:
            self.record(ev.StrayChanges(paths=sorted(strays)))
        return done

    def _fingerprint(self) -> dict[str, str | None]:
        """What is dirty now. Contents are kept of what the run may change: only that can be taken in, and undone."""
        planned = {file.path for file in self.state.plan.files} if self.state.plan else set()
        prints: dict[str, str | None] = {}
        for path in self.repository.dirty():
            prints[path] = sha256_of(self.root / path)
            if prints[path] is not None and (path in planned or plans.is_document(path)):
                self.keep((self.root / path).read_bytes())
        return prints

    def _take_in(self, before: dict[str, str | None], after: dict[str, str | None], call_id: str) -> set[str]:
        """Take what changed between two fingerprints into the run. The paths that are not the plan's."""
        outside: set[str] = set()
        for path in sorted(before.keys() | after.keys()):
            old = before[path] if path in before else self._committed(path)
            new = after[path] if path in after else self._committed(path)
            if old == new:
                continue
            try:
                self._must_be_planned(path)
            except ToolError:
                outside.add(path)
                continue
            lines = 0 if new is None else (self.root / path).read_bytes().count(b"\n") + 1
            self._intend(path, old, new, lines, call_id, self._mode(path))
            self.record(ev.FileChanged(path=path))
        return outside

    def _take_in_strays(self, call_id: str) -> None:
        """What a command changed outside the plan belongs to the run once an amended plan has it."""
        now = {path: sha256_of(self.root / path) for path in sorted(self.state.strays)}
        left = self._take_in({path: self._committed(path) for path in now}, now, call_id)
        if left != self.state.strays:
            self.record(ev.StrayChanges(paths=sorted(left)))

    def _take_in_unseen(self, call_id: str) -> str:
        """What a command that was cut off by a crash may have changed, held against what the run knows.

        Whether the command or a person since then touched a path outside the plan cannot be known: so it is told, and
        not held against the run as stray, for the model would take a person's work back."""
        after = self._fingerprint()
        known = {path: after.get(path) for path in self.state.dirty}
        known |= {path: change.after for path, change in self.state.changes.items()}
        outside = self._take_in(known, after, call_id) - self.state.strays
        if not outside:
            return ""
        return f" Outside the plan, the command or somebody else changed {', '.join(sorted(outside))}."

    def adopt(self, cause: str) -> list[str]:
        """Take in what the repository's own hooks made of this run's files, as formatters do; the paths they changed."""
        moved = {path: sha256_of(self.root / path) for path in sorted(self.state.changes)}
        moved = {path: sha for path, sha in moved.items() if sha != self.state.changes[path].after}
        for path, sha in moved.items():
            change = self.state.changes[path]
            lines = (self.root / path).read_bytes().count(b"\n") + 1 if sha else 0
            self._intend(path, change.after, sha, lines, cause, change.before_mode)
            self.record(ev.FileChanged(path=path))
        return list(moved)

    def _mode(self, path: str) -> int | None:
        """The mode for undo to give back: a file that is gone has what git knows of it."""
        if (self.root / path).is_file():
            return stat.S_IMODE((self.root / path).stat().st_mode)
        head = self.repository.head()
        return 0o755 if head and self.repository.executable_at(head, path) else None

    def _committed(self, path: str) -> str | None:
        head = self.repository.head()
        content = self.repository.content_at(head, path) if head else None
        if content is None:
            return None
        self.keep(content)
        return sha256(content)

    def inspect(self, paths: Sequence[str]) -> Inspection:
        """Have files inspected; recorded with the content they had."""
        there = {path: sha256_of(self.root / path) for path in paths}
        inspection = self.inspector(self.root, [path for path, sha in there.items() if sha])
        self.record(ev.Inspected(sha256=there, inspection=inspection))
        return inspection


@dataclass(frozen=True)
class CallContext(ToolContext):
    """What one running tool may use of the run."""

    executor: Executor
    call_id: str

    @property
    def root(self) -> Path:  # type: ignore[override]
        return self.executor.root

    @property
    def phase(self) -> Phase:  # type: ignore[override]
        return self.executor.state.phase

    def resolve(self, file_path: str) -> Path:
        return self.executor.resolve(file_path)

    def relative(self, path: Path) -> str:
        return self.executor.relative(path)

    def tracked(self) -> list[str]:
        """What a deny rule keeps from being read is not listed or searched either."""
        return [path for path in self.executor.repository.files() if not self.executor.rules.denies_reading(path)]

    def saw(self, path: Path, content: bytes) -> None:
        if path.is_relative_to(self.root):
            lines = content.count(b"\n") + 1
            self.executor.record(ev.FileRead(path=self.relative(path), sha256=sha256(content), lines=lines))

    def write(self, path: Path, content: bytes, *, unseen: bool = False) -> None:
        self.executor.write(path, content, self.call_id, unseen=unseen)

    def spill(self, text: str, *, name: str) -> str:
        text = self.executor.funnel.mask(text)
        if len(text) <= SHOWN_CHARS:
            return text
        folder = self.executor.outputs
        folder.mkdir(mode=0o700, exist_ok=True)
        whole = folder / f"{self.call_id}-{name}.txt"
        _write_whole(whole, text.encode(errors="replace"), 0o600)
        head, tail = SHOWN_CHARS * 2 // 3, SHOWN_CHARS // 3
        return (
            f"{text[:head]}\n... {len(text) - head - tail:,} characters left out here; the whole output is in {whole}: "
            f"page through it with Read's offset and limit ...\n{text[-tail:]}"
        )

    def run(self, command: str, *, timeout: float) -> Completed:
        return self.executor.run_command(command, timeout, self.call_id)

    def ask(self, questions: Sequence[Question]) -> ToolResult:
        return self.executor.ask(questions, self.call_id)

    def submit_plan(self, plan: Plan) -> ToolResult:
        return self.executor.submit_plan(plan, self.call_id)

    def inspect(self, paths: Sequence[str]) -> Inspection:
        return self.executor.inspect(paths)

    def changed(self) -> list[str]:
        return sorted(self.executor.state.changes)

    def planned(self) -> list[str]:
        plan = self.executor.state.plan
        return [file.path for file in plan.files] if plan else []

    def finish(self, claim: Claim) -> ToolResult:
        return self.executor.verify(claim)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str | None:
    """Hash of a regular file; None where there is none."""
    try:
        return sha256(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None


def _write_whole(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
        os.fchmod(descriptor, mode)


def _error(message: str) -> ToolResult:
    return ToolResult(message, is_error=True)
