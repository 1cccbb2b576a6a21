"""What begins with a slash. Each command is a method; its first line is its help."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from boringops import memory_bank
from boringops import undo as undoing
from boringops.chat import diffs, export
from boringops.chat.session import state_of
from boringops.errors import UsageError
from boringops.executor import Answer

if TYPE_CHECKING:
    from boringops.chat.app import ChatApp


class Leave(Exception):
    """The user is done."""


class Commands:
    """The slash commands of one chat."""

    def __init__(self, app: ChatApp) -> None:
        self.app = app
        self.print = app.console.print
        self.every: dict[str, Callable[[str], None]] = {
            "/plan": self.plan, "/act": self.act, "/approve": self.approve, "/amend": self.amend, "/resume": self.resume,
            "/undo": self.undo, "/diff": self.diff, "/open": self.open, "/check": self.check, "/inventory": self.inventory,
            "/memory": self.memory, "/cost": self.cost, "/model": self.model, "/persona": self.persona, "/runs": self.runs,
            "/export": self.export, "/new": self.new, "/help": self.help, "/exit": self.exit,
        }  # fmt: skip

    def run(self, line: str) -> None:
        """Carry out a line that begins with a slash. Raises UsageError for what is no command, and Leave."""
        verb, _, rest = line.strip().partition(" ")
        command = self.every.get(verb)
        if command is None:
            near = get_close_matches(verb, self.every, n=1)
            raise UsageError(f"There is no command {verb}.", hint=f"Did you mean {near[0]}?" if near else "See /help.")
        command(rest.strip())

    def meanings(self) -> dict[str, str]:
        """Command -> what it does, for completion and help."""
        return {name: (command.__doc__ or "").splitlines()[0] for name, command in self.every.items()}

    # --- the work ---

    def plan(self, rest: str) -> None:
        """Stop after the plan from now on; with words: plan this."""
        self.app.plan_mode = True
        if rest:
            self.app.say(rest)
        else:
            self.print(
                "Plan mode: tasks stop after their plan. /act carries the plan out and leaves plan mode.", style="dim"
            )

    def act(self, rest: str) -> None:
        """Leave plan mode, and carry out the plan that waits; with words: do this."""
        self.app.plan_mode = False
        if rest:
            self.app.say(rest)
        elif self._waits():
            self.approve("")
        else:
            self.print("Act mode: a task goes on from its approved plan to a commit.", style="dim")

    def approve(self, rest: str) -> None:
        """Approve the plan that waits, and carry it out."""
        del rest
        if not self._waits():
            raise UsageError("No plan waits for approval.", hint="Say what is to be done; you are shown a plan first.")
        self.app.person.decided = Answer(True)
        self.app.go_on()

    def amend(self, rest: str) -> None:
        """Say what the plan that waits should do differently."""
        if not self._waits():
            raise UsageError("No plan waits for approval, so there is nothing to amend.")
        if not rest:
            raise UsageError("Say what is to change.", hint="For example: /amend use Podman instead of Docker")
        self.app.person.decided = Answer(False, rest)
        self.app.go_on()

    def resume(self, rest: str) -> None:
        """Go on with the run that was interrupted, or with the run named."""
        self.app.go_on(rest or None)

    def new(self, rest: str) -> None:
        """Begin a new chat; what is unfinished stays in /runs."""
        del rest
        self.app.begin_anew()
        self.print("A new chat.", style="dim")

    # --- looking ---

    def undo(self, rest: str) -> None:
        """Take the last run back, or the run named: its own paths only."""
        app = self.app
        run_id = rest or self._last_change() or app.chat.last_run or app.latest_run()
        ahead = undoing.preview(app.repository, app.store, run_id)
        for line in [*ahead.lines(), *(f"! {conflict}" for conflict in ahead.conflicts)]:
            self.print(f"  {line}", markup=False)
        if not ahead.conflicts and app.ask("Take it back? [y]es or [n]o: ").strip().lower() not in {"y", "yes"}:
            self.print("Nothing was touched.", style="dim")
            return
        paths, commit = undoing.undo(app.repository, app.store, run_id)
        self.print(f"Restored {len(paths)} paths{f' in commit {commit[:12]}' if commit else ''}.", style="green")

    def diff(self, rest: str) -> None:
        """Show what the last run changed, or the run named."""
        app = self.app
        run_id = rest or app.chat.last_run or app.latest_run()
        state = state_of(app.store, run_id)
        if not state.changes:
            raise UsageError(f"Run {run_id} changed nothing.")
        for path, change in sorted(state.changes.items()):
            old = app.before(run_id, change.before) if change.before else ""
            new = app.now_at(path) if change.after else ""
            added, removed = diffs.counts(old, new)
            self.print(f"\n{change.action} {path} +{added} -{removed}", style="bold", markup=False)
            self.print(diffs.render(path, old, new, width=app.console.width), soft_wrap=False)

    def open(self, rest: str) -> None:
        """Open a line by its label: e12 a tool call, t1 a thought; the latest if left out."""
        opened = self.app.screen.opened
        label = rest or next(reversed(opened), "")
        if label not in opened:
            raise UsageError(f"There is nothing {label or 'yet'} to open.", hint="The labels stand before the lines.")
        self.print(f"{label} {opened[label].title}", style="bold", markup=False)
        self.print(opened[label].text, markup=False, highlight=False)

    def check(self, rest: str) -> None:
        """Run the validators and red flags on the repository, or on these paths."""
        self._verb("check", *rest.split())

    def inventory(self, rest: str) -> None:
        """Show what infrastructure is here."""
        del rest
        self._verb("inventory")

    def runs(self, rest: str) -> None:
        """List the runs of this repository."""
        del rest
        self._verb("runs")

    def memory(self, rest: str) -> None:
        """Show the memory bank's files as they are now."""
        del rest
        who = self.app.make().load_persona()
        bank = memory_bank.read(self.app.repository.root, who.protocol.memory_files)
        for file in bank.files:
            state = "missing" if file.missing else file.error or f"{file.bytes} bytes, sha256 {file.sha256[:12]}"
            self.print(f"  {file.path}: {state}", markup=False, highlight=False)
        if any(file.missing for file in bank.files):
            self.print("`boringops init` writes a first memory bank.", style="dim")

    def cost(self, rest: str) -> None:
        """Show what this chat has used, run by run."""
        del rest
        total = 0.0
        for run_id in self.app.chat.run_ids():
            state = state_of(self.app.store, run_id)
            used = state.usage
            total += used.cost_usd
            prompt = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
            name = textwrap.shorten(state.start.task_name, 50, placeholder=" …") if state.start else ""
            self.print(
                f"  {run_id}  {name}\n    {used.turns} turns, {prompt:,} tokens in ({used.cache_read_tokens:,} cached), "
                f"{used.output_tokens:,} out, ${used.cost_usd:.4f}", markup=False, highlight=False,
            )  # fmt: skip
        self.print(f"  in all ${total:.4f}", highlight=False)

    # --- settings ---

    def model(self, rest: str) -> None:
        """Show the model, or use another from the next task on (an id, opus, sonnet, haiku, or offline)."""
        app = self.app
        if rest:
            app.flags["model"], app.flags["offline"] = (None, True) if rest == "offline" else (rest, None)
            app.forget_model()
        self.print(f"The next task is for {app.model_name()}.", style="dim", markup=False)

    def persona(self, rest: str) -> None:
        """Show the persona, or use another (a name or a file) from the next task on."""
        app = self.app
        before = app.flags.get("persona")
        app.flags["persona"] = rest or before
        try:
            name = app.make().load_persona().name
        except UsageError:
            app.flags["persona"] = before
            raise
        app.forget_model()
        self.print(f"The next task is for {name}.", style="dim", markup=False)

    def export(self, rest: str) -> None:
        """Write the chat as Markdown, to this file or beside its journal."""
        target = Path(rest) if rest else self.app.chat.path.with_suffix(".md")
        export.write(self.app.chat, self.app.store, target)
        self.print(f"Written to {target}.", markup=False)

    def help(self, rest: str) -> None:
        """Show this."""
        del rest
        for name, meaning in self.meanings().items():
            self.print(f"  {name:11} {meaning}", markup=False, highlight=False)
        self.print(
            "  Enter sends, Alt-Enter or Ctrl-J adds a line, @ completes a file, Ctrl-O opens the last line.\n"
            "  While a run goes on: Esc stops it, Ctrl-C stops it, Ctrl-C twice leaves; both can be resumed.",
            style="dim", highlight=False,
        )  # fmt: skip

    def exit(self, rest: str) -> None:
        """Leave; the next chat is a new one."""
        del rest
        self.app.chat.end()
        raise Leave

    # --- parts ---

    def _last_change(self) -> str:
        """The latest run of this chat that changed something that still stands; empty where none did."""
        for run_id in reversed(self.app.chat.run_ids()):
            state = state_of(self.app.store, run_id)
            if state.changes and not state.undone:
                return run_id
        return ""

    def _waits(self) -> bool:
        """Whether a plan of this chat waits for a person."""
        state = state_of(self.app.store, self.app.chat.last_run)
        return bool(state.waiting and state.waiting in state.submitted and not state.questions)

    def _verb(self, *words: str) -> None:
        """One of our own commands, as it is outside the chat."""
        subprocess.run([sys.executable, "-m", "boringops", *words, "-C", str(self.app.repository.root)], check=False)
