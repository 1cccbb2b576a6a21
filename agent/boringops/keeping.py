"""What a run's folder holds beside the journal: the persona it began with, its masks, and where a fault of ours came from."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boringops import files
from boringops.errors import BoringopsError
from boringops.persona import Persona
from boringops.repository import Repository
from boringops.secrets import Funnel, env_file

PERSONA_FILE, MASKS_FILE, CRASH_FILE = "persona.json", "masks", "crash.txt"


def funnel(env: Mapping[str, str], repository: Repository, folder: Path) -> Funnel:
    """The run's funnel, which gives the masks that the folder has from an earlier process."""
    return Funnel(env, _env_files(repository), masks=folder / MASKS_FILE)


def _env_files(repository: Repository) -> list[Path]:
    """Files that hold the values of an environment, beside any file git sees; they are mostly ignored by git."""
    folders = {repository.root, *((repository.root / path).parent for path in repository.files())}
    return [
        path for folder in sorted(folders) for path in folder.glob("*.env*") if env_file(path.name) and path.is_file()
    ]


def masked(through: Funnel, data: dict[str, Any]) -> dict[str, Any]:
    """An event on its way into the journal. A reply was made from masked text alone, so only values that are known are
    looked for in it; its thinking stays byte for byte, as the API signed it."""
    if data["type"] == "model_replied":
        return data | {"content": through.mask_reply(data["content"])}
    event: dict[str, Any] = through.mask_json(data)
    return event


def keep_persona(folder: Path, who: Persona, through: Funnel) -> Persona:
    """Keep the persona, masked, as the run goes on with it: a resume must have the same system prompt, whatever became
    of the file. What MCP servers are reached with stays readable in what is returned, and is for them alone."""
    kept = Persona.model_validate(through.mask_json(who.model_dump()))
    try:
        files.replace(folder / PERSONA_FILE, kept.model_dump_json().encode(), 0o600, folder)
    except OSError as error:
        raise BoringopsError(
            f"The run's folder cannot be written: {error.strerror}.",
            hint=f"Make room in {folder.parent}.",
            kind="journal",
        ) from error
    return kept.model_copy(update={"mcp_servers": who.mcp_servers})


def kept_persona(folder: Path) -> Persona | None:
    """The persona that was kept; None where it is gone or damaged, for its file may still be there."""
    try:
        return Persona.model_validate_json((folder / PERSONA_FILE).read_text())
    except (OSError, ValueError):
        return None


def crash(folder: Path, through: Funnel, error: Exception) -> str:
    """Keep where a fault of ours came from, masked; a sentence that says where it is kept."""
    trace = through.mask("".join(traceback.format_exception(error)))
    try:
        files.write_whole(folder / CRASH_FILE, trace.encode(errors="replace"), 0o600)
    except OSError:
        return "This is a fault of boringops."
    return f"This is a fault of boringops; where it happened is in {folder / CRASH_FILE}."
