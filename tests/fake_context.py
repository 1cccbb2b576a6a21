"""A ToolContext on real files: what the run promises a tool, without the run."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from boringops.facts import Claim, Inspection, Phase, Plan, Question
from boringops.tool import Completed, ToolError, ToolResult


class FakeContext:
    """Keeps to the contract of files (confined, seen before changed, mode kept) and remembers everything else.

    `ignored` are paths git would not see. What `ask`, `submit_plan`, `inspect` and `finish` answer is set by the test.
    """

    def __init__(self, root: Path, *, phase: Phase = "act", ignored: Sequence[str] = ()) -> None:
        self.root = root.resolve()
        self.phase: Phase = phase
        self.ignored = set(ignored)
        self.seen: dict[Path, str] = {}
        self.written: list[str] = []
        self.timeouts: list[float] = []
        self.asked: list[Question] = []
        self.plans: list[Plan] = []
        self.claims: list[Claim] = []
        self.inspected: list[str] = []
        self.inspection = Inspection()
        self.answer = ToolResult("answered")
        self.on_run: Callable[[str, float], Completed] | None = None

    def put(self, path: str, content: str | bytes = "") -> Path:
        """Make a file, as the user would have."""
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content.encode() if isinstance(content, str) else content)
        return full

    def resolve(self, file_path: str) -> Path:
        path = (self.root / file_path).resolve()
        if not path.is_relative_to(self.root) or ".git" in path.relative_to(self.root).parts:
            raise ToolError(f"{file_path} is outside the repository.")
        return path

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def tracked(self) -> list[str]:
        files = (path for path in self.root.rglob("*") if path.is_symlink() or path.is_file())
        return sorted(name for path in files if (name := self.relative(path)) not in self.ignored)

    def saw(self, path: Path, content: bytes) -> None:
        self.seen[path] = hashlib.sha256(content).hexdigest()

    def write(self, path: Path, content: bytes, *, unseen: bool = False) -> None:
        if path.exists() and not unseen:
            if path not in self.seen:
                raise ToolError(f"{self.relative(path)} was not read in this run: read it first.")
            if self.seen[path] != hashlib.sha256(path.read_bytes()).hexdigest():
                raise ToolError(f"{self.relative(path)} has changed since it was read: read it again.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.saw(path, content)
        self.written.append(self.relative(path))

    def spill(self, text: str, *, name: str) -> str:
        return text if len(text) < 10_000 else f"{text[:100]}\n[{name}: cut]\n{text[-100:]}"

    def run(self, command: str, *, timeout: float) -> Completed:
        self.timeouts.append(timeout)
        if self.on_run:
            return self.on_run(command, timeout)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Completed(done.returncode, done.stdout)

    def ask(self, questions: Sequence[Question]) -> ToolResult:
        self.asked += questions
        return self.answer

    def submit_plan(self, plan: Plan) -> ToolResult:
        self.plans.append(plan)
        return self.answer

    def inspect(self, paths: Sequence[str]) -> Inspection:
        self.inspected += paths
        return self.inspection

    def changed(self) -> list[str]:
        return self.written

    def planned(self) -> list[str]:
        return [file.path for plan in self.plans for file in plan.files]

    def finish(self, claim: Claim) -> ToolResult:
        self.claims.append(claim)
        return self.answer
