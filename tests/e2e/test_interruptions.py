"""What stops a run from outside: signals, a full disk, another run at work. Each says so, and the run goes on later."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boringops import modelling
from boringops.journal import FolderStore, work_tree_lock
from boringops.models.base import Block, Request
from boringops.models.scripted import Step, tool
from boringops.specialist import Specialist
from tests.e2e.conftest import Boringops, Ran
from tests.e2e.playing import Played, Player, call, in_process, planned
from tests.messages_api import MessagesApi, tool_use
from tests.repos import git

RUNBOOK = "docs/runbook.md"
PLAN = planned(RUNBOOK)
WRITE = {"file_path": RUNBOOK, "content": "# Runbook\n\nRoll back with git revert.\n"}
FINISH = {"summary": "Written."}
SCRIPT: list[Step] = [call("SubmitPlan", **PLAN), call("Write", **WRITE), call("Finish", **FINISH)]
STICKING: Step = [tool("Write", **WRITE), tool("Bash", command="sh stuck.sh")]
ALLOWED = ("-c", 'permissions.allow=["Bash"]')
SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)

PATIENCE_S = 100
"""The longest that anything is waited for: a machine at work on other things, its disk above all, takes its time."""

pytestmark = pytest.mark.usefixtures("nobody")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Boringops:
    return in_process(capsys, monkeypatch)


# --- signals -----------------------------------------------------------------------------------------


@dataclass
class Going:
    """The real command, at work."""

    process: subprocess.Popen[str]

    def end(self, *numbers: int) -> Ran:
        """Signal it, and wait until it has ended."""
        for number in numbers:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ran(self.process.returncode, out, err)

    def wait_for(self, descriptor: int) -> None:
        """Wait until there is something to read, as long as the command goes on."""
        ends_at = time.monotonic() + PATIENCE_S
        while not select.select([descriptor], [], [], 0.1)[0]:
            if self.process.poll() is not None or time.monotonic() > ends_at:
                self.process.kill()
                raise AssertionError(("it never came to that", self.process.communicate()))


@contextmanager
def going(player: Player, *options: str, before: str = "") -> Iterator[Going]:
    """`boringops run` in a process of its own; `before` is Python that comes before it."""
    # Whoever started the tests may have had them ignore these, as a shell's background has, and a run keeps to that.
    heeds = (
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)"
    )
    code = f"{heeds}\n{before}\nfrom boringops.cli import main\nmain()"
    arguments = ["run", "Write the runbook", "-C", str(player.root), "--persona", str(player.persona)]
    command = [sys.executable, "-c", code, *arguments, "--approve", "auto", "--output", "json", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    try:
        yield Going(process)
    finally:
        process.kill()
        process.communicate()


def is_interrupted(ran: Ran) -> dict[str, Any]:
    """The result of a run that a signal ended: machine-readable, with the way on."""
    assert ran.code == 130, (ran.code, ran.err)
    assert ran.out.count("\n") == 1 and "Traceback" not in ran.err
    result = ran.result
    assert (result["status"], result["exit_code"], result["error"]["kind"]) == ("interrupted", 130, "interrupted")
    assert result["error"]["hint"] == f"boringops resume {result['run_id']}"
    assert result["commit"] is None
    return result


def is_finished(player: Player, run_id: str, *steps: Step) -> None:
    """Resumed, the run ends in its one commit."""
    resumed = player.resume(*steps).result
    assert (resumed.status, resumed.run_id) == ("done", run_id), resumed.error
    assert git(player.root, "rev-list", "--count", "HEAD").strip() == "2"
    assert git(player.root, "status", "--porcelain") == ""


def scripted(*steps: Step, before: str = "") -> str:
    """Python that makes a process play these replies; the SDK takes longer to import than all else together."""
    return (
        "from boringops import modelling\nfrom boringops.models.scripted import ScriptedModel\n"
        f"modelling.built = lambda *_: ScriptedModel({list(steps)!r})\n{before}"
    )


def is_dead(process: int) -> bool:
    """Whether the process that holds the other end of the pipe ends: a killed one may take a moment."""
    return bool(select.select([process], [], [], PATIENCE_S)[0])


@dataclass
class Stuck:
    """A script of the user's that tells that it runs, and stays until it is let go.

    It prints first what no pipe holds: it is heard of when somebody reads that, that is when the run waits for it. Its
    pipes are in the work tree, where a confined command can reach them; its process's id is of a world of its own."""

    script: Path
    started: int
    alive: int
    go: int

    def begun(self, run: Going) -> int:
        """Wait until it was started. The descriptor hangs up when it has ended."""
        run.wait_for(self.started)
        assert os.read(self.started, 100)
        return self.alive

    def let_go(self) -> None:
        os.write(self.go, b"\n")


@pytest.fixture
def stuck(player: Player) -> Iterator[Stuck]:
    started, alive, go = pipes = [player.root / f"stuck.{name}" for name in ("started", "alive", "go")]
    for fifo in pipes:
        os.mkfifo(fifo)
    script = player.root / "stuck.sh"
    script.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit 1\nhead -c 200000 /dev/zero\n'
        f"exec 3> {alive}\necho begun > {started}\nread word < {go}\n"
    )
    script.chmod(0o755)
    (player.root / ".git/info/exclude").write_text("stuck.*\n")
    descriptors = [*(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK) for fifo in (started, alive)), os.open(go, os.O_RDWR)]
    yield Stuck(script, *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)


@SIGNALS
def test_a_signal_while_the_model_is_silent(player: Player, messages_api: MessagesApi, number: int) -> None:
    messages_api.reply(tool_use("SubmitPlan", **PLAN))
    messages_api.hang()
    with going(player, "--model", "opus") as run:
        messages_api.wait_for(2)
        result = is_interrupted(run.end(number))
    assert result["plan"]["files"][0]["path"] == RUNBOOK
    is_finished(player, result["run_id"], *SCRIPT[1:])


@SIGNALS
def test_a_signal_while_a_command_runs(player: Player, stuck: Stuck, number: int) -> None:
    with going(player, *ALLOWED, before=scripted(SCRIPT[0], STICKING)) as run:
        child = stuck.begun(run)
        result = is_interrupted(run.end(number))
        assert is_dead(child)
    assert [change["path"] for change in result["changes"]] == [RUNBOOK]

    def told(request: Request) -> list[Block]:
        assert "Look what happened before you repeat it" in str(request.messages[-1])
        return call("Finish", **FINISH)

    is_finished(player, result["run_id"], told)


@SIGNALS
def test_a_signal_during_verification(player: Player, stuck: Stuck, number: int) -> None:
    slow_is_it = (
        f"from boringops_tools.validators import base\nbase.locate = {{'shellcheck': {str(stuck.script)!r}}}.get"
    )
    steps: list[Step] = [
        call("SubmitPlan", **planned("ops/check.sh")),
        call("Write", file_path="ops/check.sh", content="#!/bin/sh\nset -eu\necho fine\n"),
        call("Finish", **FINISH),
    ]
    with going(player, before=scripted(*steps, before=slow_is_it)) as run:
        child = stuck.begun(run)
        run.process.send_signal(number)
        stuck.let_go()
        result = is_interrupted(run.end())
        assert is_dead(child)
    is_finished(player, result["run_id"])


def test_a_signal_that_python_can_raise_to_nobody_stops_the_run_all_the_same(player: Player) -> None:
    dying = (
        "import os\nfrom boringops_tools import inspection\nreally = inspection.inspect\n"
        "class Dying:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "def inspect(*given, **more):\n    Dying()\n    return really(*given, **more)\ninspection.inspect = inspect"
    )
    with going(player, before=scripted(*SCRIPT, before=dying)) as run:
        result = is_interrupted(run.end())
    is_finished(player, result["run_id"])


def test_a_signal_lets_a_commit_end_and_a_second_one_does_not_wait(player: Player, stuck: Stuck) -> None:
    hook = player.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to(stuck.script)
    with going(player, before=scripted(*SCRIPT)) as run:
        alive = stuck.begun(run)
        run.process.send_signal(signal.SIGTERM)
        line = run.process.stderr.readline() if run.process.stderr else ""
        while "the same signal again" not in line:
            assert run.process.stderr and line
            line = run.process.stderr.readline()
        ended = run.end(signal.SIGTERM)
        assert (ended.code, ended.out) == (130, "") and "boringops resume" in ended.err
        stuck.let_go()  # git was left at work, and ends
        assert is_dead(alive)
    hook.unlink()
    is_finished(player, Specialist(player.root).latest())


def test_a_signal_between_a_line_and_its_fold_loses_neither(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    specialists: list[Specialist] = []
    really = FolderStore.append

    def append(self: FolderStore, run_id: str, line: str, *, durable: bool) -> None:
        really(self, run_id, line, durable=durable)
        if '"file_changing"' in line:
            specialists[0].interrupt()

    monkeypatch.setattr(FolderStore, "append", append)
    make = Specialist._make
    monkeypatch.setattr(Specialist, "_make", lambda self, *given: specialists.append(self) or make(self, *given))
    played = player.play(*SCRIPT)
    assert played.result.status == "interrupted"
    events = list(played.specialist.events(played.result.run_id))
    assert [event.seq for event in events] == list(range(len(events)))
    monkeypatch.setattr(FolderStore, "append", really)
    is_finished(player, played.result.run_id, SCRIPT[2])


# --- a full disk -------------------------------------------------------------------------------------


def is_journal(descriptor: int) -> bool:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name == "events.jsonl"


@contextmanager
def full_disk(after: int, taken: float = 0.0) -> Iterator[None]:
    """The journal's disk takes so many lines, then a part of one, then nothing until there is room again."""
    really, seen = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        if not is_journal(descriptor):
            return really(descriptor, data)
        seen[0] += 1
        if seen[0] <= after:
            return really(descriptor, data)
        if seen[0] == after + 1 and (part := int(len(data) * taken)):
            return really(descriptor, data[:part])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", write)
        yield


def is_full(played: Played) -> None:
    result = played.result
    assert (result.status, result.exit_code) == ("failed", 1)
    assert result.error and result.error.kind == "journal"
    assert "cannot be written: No space left on device" in result.error.message
    assert "Make room" in result.error.hint and "boringops resume" in result.error.hint


@pytest.mark.parametrize("taken", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("after", [7, 11, 14, 15, 21, 24])
def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(player: Player, after: int, taken: float) -> None:
    with full_disk(after, taken):
        stopped = player.play(*SCRIPT)
    is_full(stopped)
    resumed = player.resume(*SCRIPT[len(replies(stopped)) :])
    assert resumed.result.status == "done", resumed.result.error
    assert git(player.root, "rev-list", "--count", "HEAD").strip() == "2"
    assert git(player.root, "status", "--porcelain") == ""


def test_room_that_comes_back_at_once_does_not_leave_half_a_line_in_the_middle(player: Player) -> None:
    really, seen = os.write, [0]

    def write(descriptor: int, data: bytes) -> int:
        if is_journal(descriptor):
            seen[0] += 1
            if seen[0] == 12:
                return really(descriptor, data[:9])
            if seen[0] == 13:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return really(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", write)
        stopped = player.play(*SCRIPT)
    is_full(stopped)
    events = list(stopped.specialist.events(stopped.result.run_id))
    assert (events[-1].type, [event.seq for event in events]) == ("run_ended", list(range(len(events))))
    assert player.resume(*SCRIPT[len(replies(stopped)) :]).result.status == "done"


def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(player: Player, here: Boringops) -> None:
    with full_disk(0):
        is_full(player.play(*SCRIPT))
    assert git(player.root, "status", "--porcelain") == ""
    assert json.loads(here("runs", "-C", player.root, "--output", "json").out) == []


def test_a_disk_too_full_for_the_work_is_told_and_ends_nothing(player: Player) -> None:
    from boringops import files

    really = files.write_whole

    def write_whole(path: Path, content: bytes, mode: int) -> None:
        if content == WRITE["content"].encode():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        really(path, content, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "write_whole", write_whole)
        played = player.play(*SCRIPT[:2], max_turns=2)
    assert played.result.status == "budget"
    assert "No space left on device" in played.refusal("Write")
    assert git(player.root, "status", "--porcelain") == ""
    assert player.resume(call("Write", **WRITE), SCRIPT[2], max_turns=9).result.status == "done"


def replies(played: Played) -> list[Any]:
    """Model calls that are in the journal as finished."""
    events = played.specialist.events(played.result.run_id)
    return [event for event in events if event.type == "model_replied"]


# --- two at once -------------------------------------------------------------------------------------


def test_a_second_run_in_the_same_work_tree_is_busy_and_nothing_mixes(
    player: Player, here: Boringops, stuck: Stuck
) -> None:
    options = ("-C", player.root, "--approve", "auto", "--output", "json", "--offline")
    with going(player, *ALLOWED, before=scripted(SCRIPT[0], STICKING)) as run:
        stuck.begun(run)
        before = git(player.root, "status", "--porcelain", "--branch", "--untracked-files=all")
        for other in ((), ("--branch", "ops")):
            second = here("run", "Containerise this", *options, *other)
            assert (second.code, second.result["status"], second.result["error"]["kind"]) == (2, "usage", "busy")
            assert "Another boringops run is at work" in second.result["error"]["message"]
            assert "--worktree" in second.result["error"]["hint"]
        assert git(player.root, "status", "--porcelain", "--branch", "--untracked-files=all") == before
        assert git(player.root, "branch", "--list").split() == ["*", "main"]

        (row,) = json.loads(here("runs", "-C", player.root, "--output", "json").out)
        assert (row["status"], row["task"], row["changes"]) == ("unfinished", "Write the runbook", 1)
        shown = here("show", "-C", player.root, "--output", "json")
        assert (shown.code, shown.result["run_id"]) == (0, row["run_id"])
        resumed = here("resume", "-C", player.root, "--output", "json", "-c", "provider.name=anthropic")
        assert (resumed.code, resumed.result["error"]["kind"]) == (2, "busy")
        refused = here("undo", "-C", player.root)
        assert refused.code == 2 and "being worked on by another process" in refused.err
        assert is_interrupted(run.end(signal.SIGTERM))["run_id"] == row["run_id"]
    is_finished(player, row["run_id"], SCRIPT[2])


def test_a_run_in_a_worktree_goes_on_beside_another(player: Player) -> None:
    specialist = Specialist(player.root)
    with work_tree_lock(specialist.repository.state_dir, specialist.repository.root):
        beside = player.play(*SCRIPT, worktree=True)
    assert beside.result.status == "done"
    assert not (player.root / RUNBOOK).exists()


def test_a_resume_goes_on_from_what_the_other_process_left(player: Player) -> None:
    """The journal is read again under the lock: it may have grown since it was looked at."""
    stopped = player.play(*SCRIPT[:2], max_turns=2)
    late = Specialist(player.root, model=None, max_turns=9)
    run_id = stopped.result.run_id
    really = Specialist._make

    def make(self: Specialist, *arguments: Any) -> Any:
        made = really(self, *arguments)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Specialist, "_make", really)
            assert player.resume(SCRIPT[2], max_turns=9).result.status == "done"
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Specialist, "_make", make)
        patch.setattr(modelling, "built", lambda *_: stopped.model)
        result = late.resume(run_id)
    assert result.status == "done"
    assert git(player.root, "rev-list", "--count", "HEAD").strip() == "2"
    events = list(late.events(run_id))
    assert [event.seq for event in events] == list(range(len(events)))
