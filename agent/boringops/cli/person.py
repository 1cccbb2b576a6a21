"""The person at the terminal: shown the plan, asked in plain words, never asked where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boringops.cli.progress import Progress
from boringops.executor import Answer
from boringops.facts import Plan, Question
from boringops.plan import render, render_question


class TerminalPerson:
    """Asks on standard error and reads standard input."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.console = progress.console

    def approve(self, plan: Plan) -> Answer:
        from rich.markdown import Markdown

        self.progress.pause()
        self.console.print()
        self.console.print(Markdown(render(plan)), soft_wrap=False)
        said = self._read("\nApprove this plan? [y]es, [n]o, or say what to change: ")
        self.progress.resume()
        return Answer(said.lower() in {"y", "yes"}, "" if said.lower() in {"n", "no"} else said)

    def allow(self, tool: str, call: dict[str, Any], reason: str) -> Answer:
        self.progress.pause()
        shown = call.get("command") or call.get("file_path") or ""
        self.console.print(f"\n{tool} {shown}\n  {reason}", markup=False)
        said = self._read("Allow this once? [y]es or [n]o: ")
        self.progress.resume()
        return Answer(said.lower() in {"y", "yes"}, reason)

    def answer(self, questions: Sequence[Question]) -> str:
        self.progress.pause()
        answers: list[str] = []
        for number, question in enumerate(questions, 1):
            asked = render_question(question.question, question.why, question.options)
            self.console.print(f"\n{number}. {asked}", markup=False)
            answers.append(f"{question.question}\n{self._read('> ')}")
        self.progress.resume()
        return "\n\n".join(answers)

    def _read(self, prompt: str) -> str:
        self.console.print(prompt, end="", markup=False)
        try:
            return input().strip()
        except EOFError:
            raise KeyboardInterrupt from None
