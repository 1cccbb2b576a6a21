"""Applications as people read them: each fact with where it was read, and what lost against it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from boringops_tools.stack.facts import Application, Claim, Source, Stack

WIDTH = 80
_LABEL = 12


def text(stack: Stack) -> str:
    """The applications, in lines of at most 80 columns wherever a name leaves room for it."""
    blocks = ["\n".join(_application(app)) for app in stack.applications]
    if stack.others:
        rows = (f"{other.sources[0]}: {other.reason}" for other in stack.others)
        blocks.append("\n".join(["Not applications", *(line for row in rows for line in _row("", row))]))
    return "\n\n".join(blocks) if blocks else "No application was recognised."


def _application(app: Application) -> Iterator[str]:
    where = app.folder or "."
    yield f"{app.name} ({where})" + ("" if app.deployable else ", no container")
    if app.reason:
        yield from _row("because", app.reason)
    version = f"{app.language} {app.version.value}" if app.language != "static" else "plain files"
    yield from _row("built with", version, app.version.stated.source if app.version.stated else None, app.version.lost)
    if app.version.end_of_life:
        yield from _row("", f"without repairs since {app.version.end_of_life}")
    chosen = next((choice for choice in app.choices if choice.fact == "package manager"), None)
    if app.manager:
        place = chosen.source if chosen else Source(path=app.lockfile) if app.lockfile else None
        yield from _row("packages", app.manager, place, chosen.lost if chosen else [])
    if app.framework:
        yield from _row("framework", app.framework, app.entry)
    if app.deployable:
        yield from _row(
            "starts",
            " ".join(app.command) if app.command else f"nginx, with {app.static.output or '.'}" if app.static else "",
        )
        yield from _row("port", str(app.port), app.port_source, unsure="the usual one")
        yield from _row(
            "health",
            app.health.path if app.health else "no route: only the open port is probed",
            app.health.source if app.health else None,
        )
    for process in app.processes:
        yield from _row(process.name, " ".join(process.command), process.source)
    if app.migration:
        yield from _row("migrates", app.migration.run, app.migration.source)
    for service in app.services:
        yield from _row("needs", f"{service.kind} ({service.dependency})", service.source)
    for kind in ("lint", "test", "build"):
        for command in getattr(app.commands, kind):
            yield from _row(kind, command.run, command.source)
    for variable in app.env:
        marks = [mark for mark, holds in (("secret", variable.secret), ("required", variable.required)) if holds]
        default = [f"default {variable.default}"] if variable.default is not None else []
        said = f"{variable.name}{' (' + ', '.join([*marks, *default]) + ')' if marks or default else ''}"
        yield from _row("reads", said, variable.sources[0] if variable.sources else None)
    for remark in app.remarks:
        yield from _row("note", remark)


def _row(
    label: str, value: str, source: Source | None = None, lost: list[Claim] | None = None, *, unsure: str = ""
) -> list[str]:
    said = f"{value}  [{source}]" if source else f"{value}  ({unsure})" if unsure else value
    for claim in lost or []:
        said += f"; not {claim.text} [{claim.source}]"
    indent = " " * (_LABEL + 2)
    return textwrap.wrap(
        said,
        WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
