"""Carrying out the model's tool calls: policy first, intent and outcome journalled, changes held to the plan.

`Executor` decides and orders calls. What they may use of the run is `context`, what they do to files `changes`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from boringops import events as ev
from boringops import plan as plans
from boringops import policy
from boringops.calls import Call
from boringops.changes import Changes
from boringops.config import Config
from boringops.errors import BoringopsError, Incomplete, Interrupted, NeedsApproval, NeedsClarification
from boringops.facts import Claim, Inspection, Plan, Question
from boringops.fence import visible
from boringops.files import sha256_of
from boringops.hooks import Hooks, ToolCall
from boringops.never import governs, in_git
from boringops.permissions import Rules
from boringops.record import Record
from boringops.repeats import MOST
from boringops.repository import Repository
from boringops.sandbox import Sandbox
from boringops.secrets import Funnel
from boringops.shell import in_scratch
from boringops.state import State
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult, explain

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
    rules: tuple[str, ...] = ()
    """Permission rules that hold for the rest of the run: so that the like is not asked again."""


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

    def __call__(
        self, root: Path, paths: Sequence[str], added: Mapping[str, Collection[int]], before: Mapping[str, str]
    ) -> Inspection:
        """What they say about these files, relative to `root`. `added` are the lines that the run wrote, by path: a
        waiver on one of them excuses nothing. `before` is what files were that it only added lines to."""


@dataclass
class Executor:
    """Everything a tool call may need, and the rules it meets."""

    root: Path
    repository: Repository
    config: Config
    log: Record
    tools: dict[str, Tool[Any]]
    funnel: Funnel
    inspector: Inspector
    person: Person | None
    context: Callable[[Executor, str], ToolContext]
    """Makes what a running tool sees of the run, for the call of this id."""
    verify: Callable[[Claim], ToolResult]
    """Called by Finish."""
    cancel: threading.Event = field(default_factory=threading.Event)
    sandbox: Sandbox = field(default_factory=Sandbox)
    hooks: Hooks = field(default_factory=Hooks)

    def __post_init__(self) -> None:
        self.rules = Rules.of(self.config.permissions, list(self.tools))
        journal = self.log.journal
        self.changes = Changes(self.root, self.repository, self.log, journal.store.folder(journal.run_id))

    @property
    def state(self) -> State:
        return self.log.state

    def record(self, event: ev.Event) -> None:
        self.log.add(event)

    def stop_if_cancelled(self) -> None:
        """Between steps: raises Interrupted once somebody asked the run to stop."""
        if self.cancel.is_set():
            raise Interrupted("Interrupted.", hint=f"boringops resume {self.log.journal.run_id}")

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
        for call in calls:
            self._stop_circles(call)
        return False

    def _stop_circles(self, call: Call) -> None:
        """The same call with the same result again and again: a person says whether it makes sense. Raises Incomplete
        where nobody does."""
        if self.state.repeats.times(call.tool, call.input) < MOST:
            return
        said = f"{call.tool} was called {MOST} times with the same arguments and the same result"
        if self.person is None or not self.person.allow(call.tool, call.input, f"{said}. Let it go on?").approved:
            raise Incomplete(f"{said}; nothing changed in between.", kind="loop")
        self.record(ev.PolicyDecided(call_id=call.id, tool=call.tool, action="allow", reason=said, by="a person"))

    def refuse_all(self, calls: Sequence[Call], reason: str) -> None:
        """Answer calls that are not carried out: the API wants a result for each."""
        for call in calls:
            self._finish(call, ToolResult(reason, is_error=True), 0.0)

    def _is_read(self, call: Call) -> bool:
        tool = self.tools.get(call.tool)
        return tool is not None and tool.effect is Effect.READ

    def _carry_out(self, call: Call) -> ToolResult:
        self.stop_if_cancelled()
        began = time.monotonic()
        result = self._in_doubt(call) or self._attempt(call)
        self._finish(call, result, time.monotonic() - began)
        return result

    def _finish(self, call: Call, result: ToolResult, duration_s: float) -> None:
        with self.log.lock:
            content = visible(result.content)
            note = self.state.repeats.note(call.tool, call.input, content, turn=self.state.turn)
            self.record(
                ev.ToolFinished(
                    call_id=call.id,
                    tool=call.tool,
                    content=content,
                    origin=result.origin,
                    note=note,
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
        seen = ToolCall(call.id, call.tool, deepcopy(call.input), self.log.journal.run_id)
        if reason := self.hooks.deny_call(seen):
            return self._denied(call, reason, "a hook")
        if not call.started:
            self.record(ev.ToolStarted(call_id=call.id, tool=call.tool, input=call.input))
        result = self._run_tool(tool, call, arguments)
        if reason := self.hooks.withhold(seen, result):
            return _error(f"The call was carried out, but its result is withheld by a hook: {reason}")
        return result

    def _run_tool(self, tool: Tool[Any], call: Call, arguments: Any) -> ToolResult:
        try:
            result = tool.run(arguments, self.context(self, call.id))
            foreign = tool.effect in (Effect.READ, Effect.COMMAND)  # what files and programs say, not the runtime
            return replace(result, origin=_origin(tool.name, call.input)) if foreign else result
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
            rules=self.rules.allowing(self.state.granted),
            confined=self.sandbox.settled,
            stays=self._stays,
        )
        action, reason, by = decision.action, decision.reason, "policy"
        if action == "ask" and self.person is not None:
            said = self.person.allow(call.tool, call.input, decision.reason)
            action, by = ("allow" if said.approved else "deny"), "a person"
            reason = said.reason or decision.reason
            if said.approved:
                self.record(
                    ev.PolicyDecided(
                        call_id=call.id, tool=call.tool, action="allow", reason=reason, by=by, rules=list(said.rules)
                    )
                )
        return None if action == "allow" else self._denied(call, reason, by)

    def _denied(self, call: Call, reason: str, by: str) -> ToolResult:
        self.record(
            ev.PolicyDecided(call_id=call.id, tool=call.tool, input=call.input, action="deny", reason=reason, by=by)
        )
        onward = " Go on without it, or say in the follow-ups what is left to people." if by == "a person" else ""
        return _error(f"Refused by {by}: {reason}{onward}")

    def _shown(self, given: str) -> str:
        """A path as permission rules see it: relative where it is inside the repository."""
        path = Path(given)
        if path.is_absolute() and path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return given

    def _stays(self, path: str) -> bool:
        """Whether writing to a path, from the repository's root and through its links, stays in the work tree."""
        try:
            real = Path(os.path.realpath(self.root / Path(path).expanduser()))
        except (OSError, ValueError, RuntimeError):
            return False
        return in_scratch(str(real)) or (
            real.is_relative_to(self.root)
            and not in_git(name := real.relative_to(self.root).as_posix())
            and not governs(name)
        )

    def _in_doubt(self, call: Call) -> ToolResult | None:
        """What becomes of a call that was begun by a process that died: its result, or None to carry it out (again)."""
        if not call.started:
            return None
        self.changes.settle(call.id)
        tool = self.tools[call.tool]
        if tool.in_doubt is InDoubt.LOOK and (landed := self.state.landed.get(call.id)):
            return ToolResult(f"Done before an interruption: {', '.join(landed)} is as you asked.")
        if tool.in_doubt is InDoubt.TELL:
            return _error(
                "The run was interrupted while this was being carried out. Look what happened before you repeat it."
                + self.changes.take_in_unseen(call.id)
            )
        return None

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
            return _error(_plan_refused(self.state.refused_calls[call_id]))
        if call_id not in self.state.approved_calls:
            refusal = self._have_approved(plan, call_id)
            if refusal is not None:
                self.record(ev.PlanRefused(call_id=call_id, by="a person", reason=refusal))
                return _error(_plan_refused(refusal))
        self.changes.take_in_strays(call_id)
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

    def inspect(self, paths: Sequence[str]) -> Inspection:
        """Have files inspected; recorded with the content they had."""
        there = {path: sha256_of(self.root / path) for path in paths}
        present = [path for path, sha in there.items() if sha]
        inspection = self.inspector(self.root, present, self.changes.added_lines(), self.changes.only_added_to())
        self.record(ev.Inspected(sha256=there, inspection=inspection))
        return inspection


def _origin(tool: str, given: Mapping[str, Any]) -> str:
    what = next((given[name] for name in ("file_path", "command", "pattern", "path") if given.get(name)), "")
    return f"{tool} {what}".strip()


def _error(message: str) -> ToolResult:
    return ToolResult(message, is_error=True)


def _plan_refused(said: str) -> str:
    """What a person said to a plan, as they said it."""
    if not said:
        return "The plan was refused without a word why. Ask what to change (AskUser), or submit another."
    return f"The plan was not approved. The user says:\n\n{said}\n\nChange it and call SubmitPlan with the whole plan again."
