"""`boringops persona list|show|check`: who can play, and what of it is enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail

if TYPE_CHECKING:
    from boringops.persona import Persona
    from boringops.protocol import Protocol

app = typer.Typer(help="List, show and check personas.", no_args_is_help=True, rich_markup_mode=None)
Named = Annotated[str | None, typer.Argument(metavar="[NAME|FILE]", help="A persona's name or file.")]


@app.command("list")
def list_personas(repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """List the personas that can be named here."""
    from boringops import persona

    known = persona.catalogue(_root(repo))
    if output is opt.Output.text:
        for name, path in sorted(known.items()):
            print(f"{name}  {path}")
    else:
        print(json.dumps({name: str(path) for name, path in sorted(known.items())}))


@app.command()
def show(name: Named = None, repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """Show a persona: its model, the tools it really gets, and its protocol."""
    from boringops import config, persona
    from boringops.errors import BoringopsError

    try:
        root = _root(repo)
        who = load(name or config.load(root).persona, root)
    except BoringopsError as error:
        fail(error)
    tools = persona.effective_tools(who, _tool_names())
    if output is not opt.Output.text:
        print(json.dumps({**who.model_dump(mode="json"), "effective_tools": tools}, ensure_ascii=False))
        return
    print(f"{who.name}: {who.description}")
    print(f"file   {who.path}")
    print(f"model  {who.model or 'as configured'}" + (f" ({who.model_alias})" if who.model_alias else ""))
    print(f"tools  {', '.join(tools)}")
    for warning in who.warnings:
        print(f"!      {warning}")
    print()
    for text in _protocol_lines(who.protocol):
        print(text)


@app.command()
def check(name: Named = None, repo: opt.Repo = Path(), output: opt.Format = opt.Output.text) -> None:
    """Check a persona file: what it states is enforced, what it does not state is not."""
    from boringops import config, protocol
    from boringops.errors import BoringopsError

    try:
        root = _root(repo)
        who = load(name or config.load(root).persona, root)
    except BoringopsError as error:
        fail(error)
    rows = protocol.stated(who.protocol)
    if output is not opt.Output.text:
        print(json.dumps({
            "name": who.name, "warnings": who.warnings,
            "protocol": [{"rule": rule, "stated": stated, "what": what} for rule, stated, what in rows],
        }, ensure_ascii=False))  # fmt: skip
        return
    print(f"{who.name} ({who.path})")
    for rule, stated, what in rows:
        print(f"  {'✓' if stated else '·'} {rule}: {what}")
    for warning in who.warnings:
        print(f"  ! {warning}")
    missing = [rule for rule, stated, _ in rows if not stated]
    if missing:
        print(f"Not stated, so not enforced: {', '.join(missing)}.")


@app.command()
def export(
    name: Named = None,
    claude: Annotated[
        bool, typer.Option("--claude", help="For Claude Code: a subagent and an .mcp.json entry.")
    ] = False,
    repo: opt.Repo = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write the files by which another agent calls boringops."""
    from boringops import config
    from boringops.errors import BoringopsError, UsageError
    from boringops.repository import Repository
    from boringops.serve.claude_code import export as write

    try:
        if not claude:
            raise UsageError("For whom?", hint="boringops persona export --claude")
        root = Repository(repo).root
        chosen = name or config.load(root).persona
        who = load(chosen, root)
        for path in write(who, root, arguments=["--persona", chosen] if name else [], force=force):
            print(path)
    except BoringopsError as error:
        fail(error)


def load(name: str, root: Path | None) -> Persona:
    """A persona by name or file, held against the tools that there are."""
    from boringops import persona

    return persona.load(persona.find(name, repo=root), known_tools=_tool_names())


def _tool_names() -> list[str]:
    from boringops_tools.toolset import all_tools

    return [tool.name for tool in all_tools()]


def _root(repo: Path) -> Path | None:
    """The repository's root where there is one: personas can be looked at anywhere."""
    from boringops.errors import UsageError
    from boringops.repository import Repository

    try:
        return Repository(repo).root
    except UsageError:
        return None


def _protocol_lines(protocol: Protocol) -> Iterator[str]:
    yield f"memory bank   {', '.join(protocol.memory_files) or 'none stated'}"
    yield f"inventory     {', '.join(protocol.inventory_globs) or 'none stated'}"
    for title, sections in (("checklist", protocol.checklist), ("quality", protocol.quality)):
        yield f"{title:13} {sum(len(section.items) for section in sections)} items in {len(sections)} sections"
        for section in sections:
            yield f"              {len(section.items):3} {section.title}"
    yield f"never         {len(protocol.never)} rules"
    yield f"always        {len(protocol.always)} rules"
    yield f"ask when      {len(protocol.ask_when)} reasons"
    yield f"report        {protocol.report_directory or 'none stated'}, {len(protocol.report_sections)} sections"
    yield f"commit        {protocol.commit.subject if protocol.commit else 'none stated'}"
