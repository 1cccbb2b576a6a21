"""The person at the terminal: shown the plan, asked in plain words, never asked where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from boringops.cli.progress import Progress
from boringops.config import FILE
from boringops.config_file import save_allow_rule
from boringops.errors import UsageError
from boringops.executor import Answer
from boringops.facts import Plan, Question
from boringops.fence import visible
from boringops.plan import differences, render, render_question
from boringops.suggestions import Suggestion, generalise


class TerminalPerson:
    """Asks on standard error and reads standard input."""

    def __init__(self, progress: Progress, repo: Path = Path()) -> None:
        self.progress = progress
        self.repo = repo
        self.console = progress.console
        self.before: Plan | None = None
        """The plan of this run that was shown last."""

    def approve(self, plan: Plan) -> Answer:
        from rich.markdown import Markdown

        self.progress.pause()
        self.console.print()
        self.console.print(Markdown(visible(render(plan))), soft_wrap=False)
        self._changes(plan)
        said = self._read("\nApprove this plan? [y]es, [n]o, or say what to change: ")
        self.progress.resume()
        return Answer(said.lower() in {"y", "yes"}, "" if said.lower() in {"n", "no"} else said)

    def _changes(self, plan: Plan) -> None:
        """What is new, last: the plan above may be longer than the screen."""
        lines = differences(self.before, plan) if self.before else []
        if self.before:
            self.console.print(
                "\nChanged since the plan before:" if lines else "\nNothing changed in the plan.", style="bold"
            )
        for line in lines:
            self.console.print(f"  {visible(line)}", style="green" if line.startswith("+") else "red", markup=False)
        self.before = plan

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        self.progress.pause()
        shown = call.get("command") or call.get("file_path") or ""
        purpose = f"  {visible(str(call['description']))}\n" if call.get("description") else ""
        self.console.print(f"\n{tool} {visible(str(shown))}\n{purpose}  {visible(reason)}", markup=False)
        offered = generalise(str(call["command"])) if tool == "Bash" and call.get("command") else ()
        if offered:
            said = self._read("Allow this? [y]es once, for this [r]un, [a]lways, or [n]o: ").lower()
        else:
            said = self._read("Allow this once? [y]es or [n]o: ").lower()
        rules: tuple[str, ...] = ()
        if offered and said in {"r", "run", "a", "always"}:
            rules = self._rules(offered, always=said.startswith("a"))
            said = "yes" if rules else "no"
        self.progress.resume()
        return Answer(said in {"y", "yes"}, reason, rules)

    def _rules(self, offered: Sequence[Suggestion], *, always: bool) -> tuple[str, ...]:
        """Show the rules and what else they let through, and have them confirmed; empty where they are not."""
        for each in offered:
            also = f", so also: {'; '.join(each.also)}" if each.also else ", word for word"
            self.console.print(f"  {visible(each.rule + also)}", markup=False)
        self.console.print(
            "  What destroys is still asked each time, and what is never allowed stays so.", markup=False
        )
        where = f"Save to {FILE}, for every run" if always else "Allow for the rest of this run"
        if self._read(f"{where}? [y]es or [n]o: ").lower() not in {"y", "yes"}:
            return ()
        rules = tuple(each.rule for each in offered)
        try:
            for rule in rules if always else ():
                save_allow_rule(self.root(), rule)
        except UsageError as error:  # it is allowed all the same, for this run
            self.console.print(f"  {error.message} {error.hint}", markup=False)
        return rules

    def answer(self, questions: Sequence[Question]) -> str:
        self.progress.pause()
        answers: list[str] = []
        for number, question in enumerate(questions, 1):
            asked = render_question(question.question, question.why, question.options)
            self.console.print(f"\n{number}. {visible(asked)}", markup=False)
            answers.append(f"{question.question}\n{self._read('> ')}")
        self.progress.resume()
        return "\n\n".join(answers)

    def root(self) -> Path:
        """Where the configuration is: the root of the repository the user named, also when the run has a worktree."""
        from boringops.repository import Repository

        return Repository(self.repo).root

    def _read(self, prompt: str) -> str:
        self.console.print(prompt, end="", markup=False)
        try:
            return input().strip()
        except EOFError:
            raise KeyboardInterrupt from None
