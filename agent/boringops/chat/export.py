"""A chat as one Markdown document, from what was said and from the journals of its runs."""

from __future__ import annotations

from pathlib import Path

from boringops.chat.session import Chat, state_of
from boringops.errors import UsageError
from boringops.journal import FolderStore
from boringops.plan import render as render_plan
from boringops.state import State


def write(chat: Chat, store: FolderStore, target: Path) -> None:
    """Write the chat to a new file; what is kept of it is masked already. Raises UsageError where there is one."""
    try:
        with target.open("x") as file:
            file.write(render(chat, store))
    except FileExistsError as error:
        raise UsageError(f"{target} exists already; it is not overwritten.", hint="Name another file.") from error
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.") from error


def render(chat: Chat, store: FolderStore) -> str:
    parts = ["# A chat with boringops"]
    for exchange in chat.exchanges:
        parts.append("## You\n\n" + exchange.said)
        if exchange.run_id:
            parts.append(_run(exchange.run_id, state_of(store, exchange.run_id)))
    return "\n\n".join(parts) + "\n"


def _run(run_id: str, state: State) -> str:
    status = state.end.status.replace("_", " ") if state.end else "unfinished"
    parts = [f"## boringops\n\nRun `{run_id}`: {'undone' if state.undone else status}."]
    if state.claim and state.claim.summary:
        parts.append(state.claim.summary)
    if state.plan:
        parts.append(f"### Plan\n\n{render_plan(state.plan).strip()}")
    if state.changes:
        listed = "\n".join(f"- {change.action} `{path}`" for path, change in sorted(state.changes.items()))
        parts.append(f"### Changes\n\n{listed}")
    if state.commit:
        parts.append(f"Commit `{state.commit[:12]}`, report `{state.report_path}`.")
    return "\n\n".join(parts)
