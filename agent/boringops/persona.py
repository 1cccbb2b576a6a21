"""Personas: what one is, where their files are found, and one read from its file.

The body goes to the model untouched; `protocol.py` reads what the runtime enforces out of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from boringops.errors import UsageError
from boringops.front_matter import FrontMatter
from boringops.mcp_servers import McpServer
from boringops.protocol import Protocol, parse_protocol

CONTROL_TOOLS = ("AskUser", "SubmitPlan", "Validate", "Blueprint", "Finish")
"""How a run speaks to the runtime. A persona cannot take them away: without `Finish` no run would end."""


class Persona(BaseModel, frozen=True):
    """A persona as its file states it; `warnings` says what of it has no effect here."""

    name: str
    description: str
    path: str
    sha256: str  # of the file's bytes
    tools: list[str] | None = None  # None: all
    disallowed_tools: list[str] = []
    model: str | None = None  # API id; None: whatever the run is configured with
    model_alias: str | None = None  # as written
    effort: str | None = None
    max_turns: int | None = None
    permission_mode: str | None = None
    color: str | None = None
    mcp_servers: dict[str, McpServer] = {}
    body: str = ""  # the system prompt
    warnings: list[str] = []
    protocol: Protocol = Protocol()


# --- finding one -------------------------------------------------------------------------------------


def shipped() -> Path:
    """The folder of the prompts that come with boringops: inside the package in a wheel, at the top in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "prompts"
    return installed if installed.is_dir() else package.parents[1] / "prompts"


def catalogue(repo: Path | None) -> dict[str, Path]:
    """Every persona that can be named, with the file that wins the name."""
    found: dict[str, Path] = {}
    for name, path in _named(repo):
        found.setdefault(name, path)
    return found


def find(name_or_file: str, *, repo: Path | None) -> Path:
    """The file of a persona given by path or by name. Raises UsageError, with what there is, where none is found."""
    if "/" in name_or_file or name_or_file.lower().endswith(".md"):
        return _file(name_or_file)
    for name, path in _named(repo):
        if name == name_or_file:
            return path
    for path in _agent_files(repo):
        if path.stem == name_or_file:
            return path  # named otherwise inside, or too broken to have a name: then `load` says why
    known = catalogue(repo)
    nearest = get_close_matches(name_or_file, known, n=1)
    hint = f"Did you mean `{nearest[0]}`?" if nearest else f"Known here: {', '.join(sorted(known)) or 'none'}."
    raise UsageError(f"there is no persona named `{name_or_file}`", hint=f"{hint} A path to a file works too.")


def _named(repo: Path | None) -> Iterator[tuple[str, Path]]:
    """Personas with their names: the shipped, the repository's, the user's; of equal names the first one counts.

    The shipped ones come first so that a repository cannot slip another text under a name its users trust.
    """
    for path in itertools.chain(sorted(shipped().rglob("*.md")), _agent_files(repo)):
        with suppress(UsageError):  # no persona, or a broken one: `load` says what is wrong once it is asked for
            yield FrontMatter(path).name(), path


def _file(name: str) -> Path:
    try:
        path = Path(name).expanduser()
        if path.is_file():
            return path
    except (OSError, ValueError, RuntimeError):
        pass  # too long a name, a NUL in it, a home that nobody has: no file in any case
    raise UsageError(f"there is no persona file {name}", hint="Give the path of a Markdown file, or a persona's name.")


def _agent_files(repo: Path | None) -> Iterator[Path]:
    """Persona files of the repository, the nearest folder first, then the user's own."""
    folders: list[Path] = []
    if repo is not None:
        here = repo.resolve()
        above = [here, *here.parents]
        root = next((index for index, folder in enumerate(above) if (folder / ".git").exists()), 0)
        folders += above[: root + 1]
    with suppress(RuntimeError):  # a user id without a home, as containers have them
        folders.append(Path.home())
    for folder in folders:
        yield from sorted((folder / ".claude/agents").rglob("*.md"))


# --- loading one -------------------------------------------------------------------------------------


def load(path: Path, *, known_tools: Collection[str]) -> Persona:
    """Read a persona and the protocol in its body.

    Raises UsageError, naming file, line and the way out, for a file that cannot be used as it was meant.
    """
    front = FrontMatter(path)
    alias = front.text("model")
    return Persona(
        name=front.name(),
        description=front.description(),
        path=str(path),
        sha256=sha256(front.raw).hexdigest(),
        tools=front.tools("tools", known_tools),
        disallowed_tools=front.tools("disallowedTools", known_tools) or [],
        model=front.model(alias),
        model_alias=alias,
        effort=front.choice("effort"),
        max_turns=front.max_turns(),
        permission_mode=front.choice("permissionMode"),
        color=front.choice("color"),
        mcp_servers=front.mcp_servers(),
        body="\n".join(front.body).strip("\n"),
        warnings=front.warnings,
        protocol=parse_protocol(front.body, first_line=front.body_line),
    )


def effective_tools(persona: Persona, all_tools: Sequence[str]) -> list[str]:
    """The tools a run of this persona has, in the order of `all_tools`: what it disallows goes first, then what it
    does not list. The runtime's control tools stay, `Blueprint` as long as `Write` does: it writes files too."""
    allowed = {
        name
        for name in all_tools
        if name not in persona.disallowed_tools and (persona.tools is None or name in persona.tools)
    }
    allowed.update(CONTROL_TOOLS)
    if "Write" not in allowed:
        allowed.discard("Blueprint")
    return [name for name in all_tools if name in allowed]
