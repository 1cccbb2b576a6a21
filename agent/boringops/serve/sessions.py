"""Which runs belong to a session of an editor: a small file beside the journals, so that any process can load it."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from boringops.errors import UsageError
from boringops.specialist import Specialist

_ID = re.compile(r"session-[0-9a-f]{16}")


class Sessions:
    """The sessions of a repository."""

    def __init__(self, specialist: Specialist) -> None:
        self.folder = specialist.repository.state_dir / "sessions"

    def begin(self) -> str:
        """A new session's id; it is on disk once it has a run."""
        return f"session-{secrets.token_hex(8)}"

    def add(self, session_id: str, run_id: str, title: str) -> None:
        """Note that a run belongs to a session."""
        path = self.folder / f"{session_id}.json"
        known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {"title": title[:80], "runs": []}
        if run_id not in known["runs"]:
            known["runs"].append(run_id)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(known))
        part.replace(path)

    def runs(self, session_id: str) -> list[str]:
        """The runs of a session, oldest first. Raises UsageError where there is no such session here."""
        path = self.folder / f"{session_id}.json"
        if not _ID.fullmatch(session_id) or not path.is_file():
            raise UsageError(f"There is no session {session_id!r} in this repository.", hint="Begin a new one.")
        runs: list[str] = json.loads(path.read_text())["runs"]
        return runs

    def all(self) -> list[tuple[str, str]]:
        """Id and title of every session, the newest first."""
        paths = sorted(self.folder.glob("session-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [(path.stem, str(json.loads(path.read_text())["title"])) for path in paths]
