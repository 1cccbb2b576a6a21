"""What one running tool sees of the run: `tool.ToolContext`, bound to the call it serves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boringops import events as ev
from boringops import policy
from boringops.executor import Executor
from boringops.facts import Claim, Inspection, Phase, Plan, Question
from boringops.files import sha256, write_whole
from boringops.never import in_git
from boringops.tool import Completed, ToolContext, ToolError, ToolResult

SHOWN_CHARS = 30_000
"""Longest tool output that goes to the model whole; of a longer one, two thirds head and one third tail."""
_ENV_FILE = re.compile(r"\.env(?![\w.\-]*(?:example|sample|template))")
_ENV_DIFF = re.compile(r"(?m)^(?:\+\+\+|---) [ab]/\S*\.env")


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

    @property
    def task(self) -> str:  # type: ignore[override]
        start = self.executor.state.start
        return start.task if start else ""

    def resolve(self, file_path: str) -> Path:
        if "\0" in file_path:
            raise ToolError("The path has a NUL byte in it.")
        path = Path(file_path)
        real = Path(os.path.realpath(path if path.is_absolute() else self.root / path))
        if real.is_relative_to(self._outputs):
            return real
        if not real.is_relative_to(self.root):
            raise ToolError(f"{file_path} is outside the repository. Only files inside it can be used.")
        if in_git(real.relative_to(self.root).as_posix()):
            raise ToolError(f"{file_path} belongs to git. Use Bash with a reading git command instead.")
        return real

    @property
    def _outputs(self) -> Path:
        return self.executor.changes.folder / "outputs"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def tracked(self) -> list[str]:
        """What a deny rule keeps from being read is not listed or searched either."""
        return [path for path in self.executor.repository.files() if not self.executor.rules.denies_reading(path)]

    def saw(self, path: Path, content: bytes) -> None:
        if path.is_relative_to(self.root):
            lines = content.count(b"\n") + 1
            self.executor.record(ev.FileRead(path=self.relative(path), sha256=sha256(content), lines=lines))

    def write(self, path: Path, content: bytes, *, unseen: bool = False) -> None:
        self.executor.changes.write(path, content, self.call_id, unseen=unseen)

    def spill(self, text: str, *, name: str) -> str:
        text = self.executor.funnel.mask(text)
        if len(text) <= SHOWN_CHARS:
            return text
        folder = self._outputs
        folder.mkdir(mode=0o700, exist_ok=True)
        whole = folder / f"{self.call_id}-{name}.txt"
        write_whole(whole, text.encode(errors="replace"), 0o600)
        head, tail = SHOWN_CHARS * 2 // 3, SHOWN_CHARS // 3
        return (
            f"{text[:head]}\n... {len(text) - head - tail:,} characters left out here; the whole output is in {whole}: "
            f"page through it with Read's offset and limit ...\n{text[-tail:]}"
        )

    def run(self, command: str, *, timeout: float) -> Completed:
        executor = self.executor
        done = executor.changes.watch_command(
            lambda: executor.sandbox.run(
                command, self.root, writable=policy.writes(self.phase), timeout_s=timeout, cancel=executor.cancel
            ),
            self.call_id,
        )
        # The values of an .env file, perhaps of a time long ago, look like nothing by themselves.
        if _ENV_FILE.search(command) or _ENV_DIFF.search(done.output):
            executor.funnel.learn_env(done.output)
        return done

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
