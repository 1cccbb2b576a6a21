"""What `boringops_tools` gives a run: the tools, the checks, and what detection knows of the repository.

All of it is imported when it is first used: a listing of runs needs none of it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from boringops.facts import WAS_THERE, Finding, Inspection
from boringops.handoff import Handoff
from boringops.mcp_servers import McpServer
from boringops.tool import Tool

if TYPE_CHECKING:
    from boringops_tools.mcp_client import Servers


def tools() -> list[Tool[Any]]:
    """boringops' own tools, in their fixed order."""
    from boringops_tools.toolset import all_tools

    return all_tools()


def servers(
    named: Mapping[str, McpServer], root: Path, env: Mapping[str, str], kept: Path, *, resuming: bool
) -> Servers | None:
    """The MCP servers of a run; None where there are none, and then nothing of theirs is imported."""
    if not named and not kept.is_file():
        return None
    from boringops_tools.mcp_client import Servers

    return Servers(named, root, env, kept, resuming=resuming)


def inspect(
    root: Path,
    paths: Sequence[str],
    added: Mapping[str, Collection[int]],
    before: Mapping[str, str] = MappingProxyType({}),
    *,
    cancel: threading.Event | None = None,
    in_request: Mapping[str, Collection[int]] = MappingProxyType({}),
) -> Inspection:
    """Validators, red flags and checks, less what the repository waives; what is waived stays, as information.

    A waiver counts only if neither the run nor the pull request wrote it (`added`, `in_request`: lines by path). `before`
    is the text of files to which the run only added lines: what a red flag says of a line that was there is information."""
    from boringops_tools import inspection, waivers

    found = inspection.inspect(root, paths, cancel=cancel)
    found = found.model_copy(update={"findings": list(_left(root, found.findings, added, before))})
    added = {path: {*added.get(path, ()), *in_request.get(path, ())} for path in {*added, *in_request}}
    settled = waivers.apply(
        root, found.findings, today=datetime.now(UTC).date(), changed_lines=added, distrust=added, paths=paths
    )
    excused = [
        finding.model_copy(update={"severity": "info", "hint": f"waived: {waiver.reason}"})
        for finding, waiver in settled.waived
    ]
    return found.model_copy(update={"findings": [*settled.findings, *settled.problems, *excused]})


def _left(
    root: Path, findings: Sequence[Finding], added: Mapping[str, Collection[int]], before: Mapping[str, str]
) -> Iterator[Finding]:
    """The findings; those of red flags that the file had before, on a line that the run did not write, as information."""
    from boringops_tools import red_flags

    texts = {path: text for path, text in before.items() if any(finding.path == path for finding in findings)}
    old = Counter(
        (each.path, each.rule, each.message) for path in texts for each in red_flags.of_text(root, path, texts[path])
    )
    for finding in findings:
        same = finding.path, finding.rule, finding.message
        if old[same] and finding.line is not None and finding.line not in added.get(finding.path, ()):
            old[same] -= 1
            yield finding.model_copy(update={"severity": "info", "hint": f"{WAS_THERE} {finding.hint}".strip()})
        else:
            yield finding


def variables(root: Path, files: Sequence[str]) -> dict[str, str]:
    """The environment variables that the code reads, and where."""
    from boringops_tools.stack import detect

    return {
        variable.name: f"{variable.sources[0].path}:{variable.sources[0].line}" if variable.sources else ""
        for application in detect(root, files).applications
        for variable in application.env
    }


def facilities() -> str:
    """The validators of this machine, for the model to know what will be held against its files."""
    from boringops_tools.validators import available

    tools = available()
    here = "\n".join(
        f"- {tool['name']} {tool['version']}: {', '.join(tool['covers'])}" for tool in tools if tool["path"]
    )
    gone = ", ".join(str(tool["name"]) for tool in tools if not tool["path"])
    return here + (f"\nNot installed, so not validated by them: {gone}." if gone else "")


_AGAINST = "What the repository says against it"
_SETTLE = "Plan by what the repository shows, or ask where only the user can know which of the two is meant."


def held_against(handoff: Handoff, root: Path, files: Sequence[str]) -> tuple[str, list[str]]:
    """A hand-off as the model reads it, and what the repository says against it."""
    from boringops_tools.handoff import contradictions

    found = contradictions(handoff, root, files)
    if not found:
        return handoff.render(), []
    listed = "\n".join(f"- {sentence}" for sentence in found)
    return f"{handoff.render()}\n\n## {_AGAINST}\n\n{listed}\n\n{_SETTLE}", found
