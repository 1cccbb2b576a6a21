"""Driver of test_kill: plays one scripted run, killed with SIGKILL, then resumed.

Started as a process of its own (`python -m tests.e2e.killed FOLDER BOUNDARIES MOMENTS SEED`), it imports everything once and
forks a child for each kill: at so many of the boundaries of its journal (0: all), and at so many moments drawn at random. The
child dies by a real SIGKILL, alone or with everything it had started, as when a container goes. The resume is made here.
One JSON object a line says what came of each.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import random
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from boringops import files
from boringops import repository as repositories
from boringops.events import Event
from boringops.facts import Inspection, Usage
from boringops.journal import FolderStore
from boringops.models.base import Block, Profile, Reply, Request, Watch
from boringops.models.scripted import tool
from boringops.specialist import Result, Specialist
from boringops_tools import inspection, toolset
from tests.e2e.playing import TICKING, planned
from tests.repos import FLASK, MEMORY, git, make_repo

RUNBOOK, OLD, CREATED = "docs/runbook.md", "legacy.txt", ["Dockerfile", ".dockerignore"]
APPENDED = "Appended by a command."
TASK = "Write the runbook"
FILES = {**FLASK, **MEMORY, OLD: "Nobody needs this.\n"}
PLAN = planned(
    RUNBOOK,
    *CREATED,
    files=[
        *({"path": path, "action": "create", "why": "to run it"} for path in [RUNBOOK, *CREATED]),
        {"path": "README.md", "action": "change", "why": "to find it"},
        {"path": OLD, "action": "delete", "why": "nobody needs it"},
    ],
)
COMMANDS = {
    "append": f"echo '{APPENDED}' >> {RUNBOOK}",
    "remove": f"rm {OLD}",
}
SCRIPT: list[list[Block]] = [
    [tool("Read", file_path="README.md"), tool("Read", file_path="app.py"), tool("Grep", pattern="flask")],
    [tool("SubmitPlan", **PLAN)],
    [tool("Write", file_path=RUNBOOK, content="# Runbook\n\nRoll back with git revert.\n")],
    # What it looks for is still there once it is done: doing it twice would show.
    [tool("Edit", file_path="README.md", old_string="Sells things.", new_string="Sells things. See the runbook.")],
    [tool("Bash", command=COMMANDS["append"])],
    [tool("Blueprint", write=True, paths=CREATED), tool("Bash", command=COMMANDS["remove"])],
    [tool("Finish", summary="Written.")],
]
IN_DOUBT = "interrupted while this was being carried out"


class Keyed:
    """A model that answers by where the conversation is, so a resumed run goes on with the script.

    Told that a command is in doubt it looks (a turn the script does not have), and repeats only what did not happen."""

    profile = Profile("keyed")

    def __init__(self, root: Path) -> None:
        self.root = root

    def respond(self, request: Request, watch: Watch) -> Reply:
        """The script's next reply, or a look."""
        with (self.root.parent / "served").open("a") as served:
            served.write("request\n")
        said = [message for message in request.messages if message["role"] == "assistant"]
        turn = len(said) + 1
        blocks = self._next(said, json.dumps(request.messages[-1]["content"]))
        content = [block | {"id": f"toolu_{turn}_{at}"} for at, block in enumerate(blocks, 1)]
        return Reply(content, "tool_use", Usage(turns=1), model="keyed")

    def _next(self, said: Sequence[dict[str, Any]], last: str) -> list[Block]:
        if IN_DOUBT in last:
            return [tool("Glob", pattern="*.txt"), tool("Read", file_path=RUNBOOK)]
        looks = [number for number, message in enumerate(said) if message["content"][0]["name"] == "Glob"]
        again = [number - 1 for number in looks]
        if looks and looks[-1] == len(said) - 1:  # the last turn was a look at what became of the one before
            asked = [block["input"].get("command") for block in said[again[-1]]["content"]]
            undone = {"append": APPENDED not in last, "remove": OLD in last}
            missing = [COMMANDS[name] for name, is_missing in undone.items() if is_missing and COMMANDS[name] in asked]
            if missing:
                return [tool("Bash", command=command) for command in missing]
        played = self._played(said)
        if played < len(SCRIPT):
            return SCRIPT[played]
        open_items = [line.split("[")[1].split("]")[0] for line in last.split("\\n") if line.startswith("- [")]
        ticked = [{"id": item, "outcome": "handed_over", "reason": "the team: look"} for item in open_items]
        return [tool("Finish", summary="Written.", checklist=ticked)]

    @staticmethod
    def _played(said: Sequence[dict[str, Any]]) -> int:
        """Steps of the script that are in the conversation."""
        step = 0
        for message in said:
            names = [block["name"] for block in message["content"]]
            if step < len(SCRIPT) and names == [block["name"] for block in SCRIPT[step]]:
                step += [block["input"] for block in message["content"]] == [block["input"] for block in SCRIPT[step]]
        return step


# --- a run in a folder of its own --------------------------------------------------------------------


def prepare(folder: Path, template: Path) -> Path:
    """A fresh copy of the repository to be worked on."""
    shutil.copytree(template, folder / "shop", symlinks=True)
    return folder / "shop"


def specialist(root: Path, persona: Path, on_event: Callable[[Event], None] = lambda _: None) -> Specialist:
    """As every run here is set up. The user's own change is in the tree, and stays out of the commit."""
    return Specialist(
        root, model=Keyed(root), approve="auto", persona=str(persona), on_event=on_event, env={},
        sets=["report.directory=../planning", 'permissions.allow=["Bash"]'],
    )  # fmt: skip


def spare_time(patch: pytest.MonkeyPatch) -> None:
    """What makes hundreds of runs affordable: validators say the same of the same content, the tools' schemas never
    change, and a killed process loses nothing that it has written, synced or not."""
    patch.setattr(toolset, "all_tools", cache(toolset.all_tools))
    for name in ("fsync", "fdatasync"):
        patch.setattr(os, name, lambda _: None)
    patch.setattr(repositories, "_DURABLE", ())
    known: dict[str, Inspection] = {}
    really = inspection.inspect

    def inspect(root: Path, paths: Sequence[str], **_: object) -> Inspection:
        key = json.dumps([[path, _sha256(root / path)] for path in paths])
        if key not in known:
            known[key] = really(root, paths)
        return known[key]

    patch.setattr(inspection, "inspect", inspect)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def outcome(root: Path, result: Result) -> dict[str, Any]:
    """Everything of a finished run that a kill must not change, and what is counted."""
    run = root / ".git/boringops/runs" / result.run_id
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    plain = git(root, "log", "-1", "--format=%B").replace(result.run_id, "RUN")
    reports = {
        path.name: path.read_text().replace(result.run_id, "RUN") for path in (root.parent / "planning").rglob("*.*")
    }
    return {
        "status": result.status,
        "error": result.error and result.error.message,
        "same": {
            "tree": git(root, "rev-parse", "HEAD^{tree}").strip(),
            "message": plain,
            "commits": int(git(root, "rev-list", "--count", "HEAD")),
            "dirty": git(root, "status", "--porcelain"),
            "index": git(root, "ls-files", "--stage"),
            "reports": {
                name: [line for line in text.splitlines() if "`e" not in line] for name, text in reports.items()
            },
            "changes": [change.model_dump() for change in result.changes],
            "litter": sorted(path.name for path in run.iterdir()),
            "half_kept": [path.name for path in (run / "before").iterdir() if _sha256(path) != path.name],
        },
        "replied": sum(event["type"] == "model_replied" for event in events),
        "unscripted": _unscripted([event["content"] for event in events if event["type"] == "model_replied"]),
        "in_doubt": sum(IN_DOUBT in event["content"] for event in events if event["type"] == "tool_finished"),
        "served": len((root.parent / "served").read_text().splitlines()),
        "seqs": [event["seq"] for event in events] == list(range(len(events))),
        "rounds": max(event["round"] for event in events if event["type"] == "verified"),
    }


def _unscripted(replies: Sequence[list[Block]]) -> int:
    """Looks at what became of a command, and commands repeated after them."""
    looks = [at for at, content in enumerate(replies) if content[0]["name"] == "Glob"]
    return len(looks) + sum(replies[at + 1][0]["name"] == "Bash" for at in looks)


# --- where it dies -----------------------------------------------------------------------------------


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_append(number: int, when: str) -> Callable[[], None]:
    """Die around the journal's `number`-th append: before it, with half of its line written, or after it."""

    def arm() -> None:
        really, seen = FolderStore.append, [0]

        def append(self: FolderStore, run_id: str, line: str, *, durable: bool) -> None:
            seen[0] += 1
            if seen[0] == number:
                if when == "before":
                    die()
                if when == "torn":
                    with (self.folder(run_id) / "events.jsonl").open("ab") as file:
                        file.write(line.encode()[: len(line) // 2])
                    die()
            really(self, run_id, line, durable=durable)
            if seen[0] == number:
                die()

        FolderStore.append = append  # type: ignore[method-assign]

    return arm


def _before_call(owner: Any, name: str, which: Callable[..., bool]) -> Callable[[], None]:
    """Die on entering the function, in the call that `which` chooses by its arguments."""

    def arm() -> None:
        really = getattr(owner, name)

        def dying(*arguments: Any, **named: Any) -> Any:
            if which(*arguments):
                die()
            return really(*arguments, **named)

        setattr(owner, name, dying)

    return arm


# Between two appends: where an effect has more than one step.
INSIDE: dict[str, Callable[[], None]] = {
    "content written, not yet in place": _before_call(Path, "replace", lambda path, _: path.name.startswith("writing")),
    "the folder made, the file not": _before_call(files, "write_whole", lambda path, *_: "writing" in path.name),
    "the paths made known to git, not committed": _before_call(
        repositories.Repository, "_change", lambda _, held, verb, *__: verb == "commit"
    ),
    "committed, its index not in order": _before_call(repositories.Repository, "_settle", lambda *_: True),
    "committed, its id not asked for": _before_call(
        repositories.Repository, "git", lambda _, *words: words == ("rev-parse", "HEAD")
    ),
}


def killed(
    root: Path, persona: Path, arm: Callable[[], None], after_s: float | None = None, *, all_of_it: bool = False
) -> int | None:
    """Run in a child that dies: where `arm` makes it, or `after_s` seconds from its start, alone or with all it started.
    The signal that ended it; None where it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            arm()
            specialist(root, persona).run(TASK)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    if after_s is not None:
        watched = os.pidfd_open(child)
        if not select.select([watched], [], [], after_s)[0]:
            for process in [child, *(_descendants(child) if all_of_it else ())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        os.close(watched)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None


def _descendants(process: int) -> list[int]:
    """What a process started, and what that started, as far as it can be seen at once."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_descendants(child)]
    return found


# After these something is done to the world or asked of the model; after any other the next append is all that comes.
INTENTS = {"model_asked", "tool_started", "file_changing", "report_writing", "committing"}


def points(events: Sequence[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every place to die, by name. Half a line is none once it is read back, so the two take turns."""
    for number, kind in enumerate(events, 1):
        when = "torn" if number % 2 else "before"
        yield f"{when} append {number}, {kind}", at_append(number, when)
        if kind in INTENTS:
            yield f"after append {number}, {kind}", at_append(number, "after")
    yield from INSIDE.items()


def main(folder: Path, boundaries: int, moments: int, seed: int) -> None:
    """Play the run undisturbed, then once for each place and moment to die."""
    persona = folder / "ticking.md"
    persona.write_text(TICKING)
    template = make_repo(folder / "template", FILES)
    shutil.rmtree(template / ".git/hooks", ignore_errors=True)
    (template / "notes.txt").write_text("the user's own\n")
    spare_time(pytest.MonkeyPatch())
    gc.freeze()  # so that the children share what is imported
    events: list[Event] = []
    root = prepare(folder / "whole", template)
    result = specialist(root, persona, events.append).run(TASK)
    print(json.dumps({"point": "", **outcome(root, result)}))
    chance = random.Random(seed)
    places = list(points([event.type for event in events]))
    inside = places[-len(INSIDE) :]
    places = chance.sample(places[: -len(INSIDE)], boundaries) + inside if boundaries else places
    for at, (name, arm) in enumerate(places):
        _die_and_go_on(prepare(folder / f"place-{at}", template), persona, name, arm)
    began = time.monotonic()
    killed(prepare(folder / "timed", template), persona, lambda: None)
    takes = time.monotonic() - began
    for at in range(moments):
        moment, all_of_it = chance.uniform(0, takes), at % 2 == 0
        name = (
            f"moment {at}, after {moment * 1000:.1f} of {takes * 1000:.0f} ms, {'all of it' if all_of_it else 'alone'}"
        )
        root = prepare(folder / f"moment-{at}", template)
        _die_and_go_on(root, persona, name, lambda: None, moment, all_of_it=all_of_it)


def _die_and_go_on(
    root: Path,
    persona: Path,
    name: str,
    arm: Callable[[], None],
    after_s: float | None = None,
    *,
    all_of_it: bool = False,
) -> None:
    signalled = killed(root, persona, arm, after_s, all_of_it=all_of_it)
    again = specialist(root, persona)
    recorded = list(again.events(again.latest())) if again.store.list() else []
    result = again.resume() if recorded else again.run(TASK)
    last = recorded[-1].type if recorded else ""
    print(json.dumps({"point": name, "signal": signalled, "last": last, **outcome(root, result)}), flush=True)
    shutil.rmtree(root.parent)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
