"""What was said in a chat and which run each message became, on disk: a closed terminal loses nothing.

The file holds only words and run ids; what the runs did is in their own journals. A message is written before its run
begins, and what a new run is told of the chat so far is derived from both.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from boringops.journal import FolderStore, Journal
from boringops.plan import render
from boringops.state import State

TOLD_CHARACTERS = 24_000
"""How much of a chat a new run is told. Older exchanges lose their details first, the plan of the last run never."""


@dataclass
class Exchange:
    """One message of the user's, and the run that answered it."""

    said: str
    run_id: str = ""


@dataclass
class Chat:
    """One chat. `mask` takes secrets out of what is kept."""

    path: Path
    mask: Callable[[str], str]
    exchanges: list[Exchange] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Keep a message, before anything comes of it."""
        self.exchanges.append(Exchange(self.mask(text)))
        self._append({"said": self.exchanges[-1].said})

    def ran(self, run_id: str) -> None:
        """The run that the last message became, or went on with."""
        if self.exchanges and self.exchanges[-1].run_id != run_id:
            self.exchanges[-1].run_id = run_id
            self._append({"run": run_id})

    def end(self) -> None:
        """The user left on purpose: the next chat is a new one."""
        if self.exchanges:
            self._append({"ended": True})

    @property
    def last_run(self) -> str:
        """Id of the latest run of this chat; empty before the first."""
        return next((exchange.run_id for exchange in reversed(self.exchanges) if exchange.run_id), "")

    def run_ids(self) -> list[str]:
        """Every run of this chat once, oldest first."""
        return list(dict.fromkeys(exchange.run_id for exchange in self.exchanges if exchange.run_id))

    def _append(self, entry: dict[str, object]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "a") as file:
            file.write("\n" + json.dumps(entry, ensure_ascii=False))  # a line that a crash tore stays alone


def opened(folder: Path, new_id: str, mask: Callable[[str], str]) -> Chat:
    """The chat that was not left on purpose, or else a new one."""
    latest = max(folder.glob("*.jsonl"), default=None)
    if latest is not None:
        exchanges, ended = _read(latest)
        if exchanges and not ended:
            return Chat(latest, mask, exchanges)
    return Chat(folder / f"{new_id}.jsonl", mask)


def _read(path: Path) -> tuple[list[Exchange], bool]:
    """The exchanges of a chat, and whether it was ended. A line that a crash tore is as if it was never written."""
    exchanges: list[Exchange] = []
    ended = False
    for line in path.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        ended = bool(entry.get("ended"))
        if "said" in entry:
            exchanges.append(Exchange(str(entry["said"])))
        elif exchanges and "run" in entry:
            exchanges[-1].run_id = str(entry["run"])
    return exchanges, ended


def state_of(store: FolderStore, run_id: str) -> State:
    """The folded state of a run; an empty one where its journal is gone."""
    return State.of(Journal(store, run_id).read()) if run_id in store.list() else State()


def told(chat: Chat, store: FolderStore) -> str:
    """What a new run is told of the chat so far: who said what, what was done, and the last plan word for word."""
    parts: list[str] = []
    room = TOLD_CHARACTERS
    for exchange in reversed(chat.exchanges):
        state = state_of(store, exchange.run_id) if exchange.run_id else State()
        whole = _exchange(exchange, state, plan=not parts)
        brief = textwrap.shorten(f'The user said: "{exchange.said}" {_outcome(state)}', 200, placeholder=" ...")
        parts.append(whole if not parts or len(whole) <= room else brief)
        room -= len(parts[-1])
    return "\n\n".join(reversed(parts))


def _exchange(exchange: Exchange, state: State, *, plan: bool) -> str:
    lines = [f"The user said:\n{_quoted(exchange.said)}", _outcome(state)]
    if state.claim and state.claim.summary:
        lines.append(f"You said:\n{_quoted(state.claim.summary)}")
    if state.changes:
        lines.append("Changed: " + ", ".join(f"{change.action} {path}" for path, change in state.changes.items()))
    if plan and state.plan is not None:
        lines.append(f"Its plan, as approved:\n{_quoted(render(state.plan).strip())}")
    return "\n".join(line for line in lines if line)


def _quoted(text: str) -> str:
    """A text as a Markdown quotation that does not end at its first empty line."""
    return textwrap.indent(text, "> ", lambda _: True)


def _outcome(state: State) -> str:
    if state.start is None:
        return ""
    status = "undone" if state.undone else state.end.status if state.end else "unfinished"
    commit = f", commit {state.commit[:12]}" if state.commit else ""
    return f"(run {state.start.run_id}: {status}{commit})"
