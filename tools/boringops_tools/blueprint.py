"""Blueprint: vetted first versions of infrastructure files, for the model to start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from boringops.plan import is_document
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments

if TYPE_CHECKING:
    from boringops_tools.blueprints.model import DraftFile
    from boringops_tools.stack import Application

PREVIEW_CHARS = 12_000


class BlueprintArguments(Arguments):
    task: str = Field(default="", description="What the files are for, in the user's words; narrows what is offered.")
    paths: list[str] = Field(default=[], description="Only these files; leave empty for all that are offered.")
    write: bool = Field(
        default=False,
        description="false: list what is offered, with the content of the files named in `paths`. "
        "true: write the offered files that the approved plan has.",
    )


class Blueprint(Tool[BlueprintArguments]):
    """Infrastructure files made for the stack that this repository has, pinned and clean by construction.

    Offers what the repository lacks of containers, pipelines (GitHub Actions, GitLab CI, CircleCI, Jenkins, Azure Pipelines), bots,
    .env.example, a runbook and sections for README and memory bank; where the task names a target or operations, also manifests,
    Terraform, monitoring and recovery. While planning, call it with write=false to see what is offered and why; put the files
    you want into the plan. Once the plan is approved, write=true writes those. A file of the user's is never overwritten:
    Read and Edit what it wrote where the task needs more.
    """

    name = "Blueprint"
    effect = Effect.WRITE
    in_doubt = InDoubt.REPEAT  # what is written already is not offered again
    input = BlueprintArguments

    def effect_of(self, call: BlueprintArguments) -> Effect:
        return Effect.WRITE if call.write else Effect.READ

    def paths(self, call: BlueprintArguments) -> list[str]:
        return call.paths

    def run(self, call: BlueprintArguments, context: ToolContext) -> ToolResult:
        from boringops_tools.blueprints import draft, understand
        from boringops_tools.blueprints.words import UNASKED

        wants = understand(call.task) if call.task else set(UNASKED)
        planned = context.planned() if call.write else None
        made = draft(
            context.root,
            context.tracked(),
            task=call.task or context.task,
            wants=wants,
            planned=planned,
            narrowed=bool(call.task),
        )
        chosen = [file for file in made.files if not call.paths or file.path in call.paths]
        if call.write:
            apart = [file.path for file in made.files if file not in chosen and file.path in (planned or ())]
            return _write(chosen, apart, _not_offered(call, made.files), context)
        lines = [_application(app) for app in made.stack.applications] or ["No application was recognised."]
        lines += [f"- {file.action} {file.path}: {file.why}" for file in chosen] or [
            "Nothing: all of it is there already."
        ]
        lines += _not_offered(call, made.files)
        for title, entries in (("Assumes", made.assumptions), ("Note", made.notes)):
            lines += [f"{title}: {entry}" for entry in entries]
        for file in chosen if call.paths else []:
            lines += ["", f"--- {file.path}", file.content[:PREVIEW_CHARS]]
        return ToolResult("\n".join(lines), data={"offered": [file.path for file in chosen]})


def _not_offered(call: BlueprintArguments, files: Sequence[DraftFile]) -> list[str]:
    """What was asked for and is none of the files; a line, or nothing."""
    offered = {file.path for file in files}
    absent = [path for path in call.paths if path not in offered]
    why = "it is there already, or Blueprint has nothing for it here. Use Write or Edit."
    return [f"Not offered: {', '.join(absent)}: {why}"] if absent else []


def _write(files: Sequence[DraftFile], apart: Sequence[str], more: Sequence[str], context: ToolContext) -> ToolResult:
    """Write what is planned. `apart` are planned files that were not asked for: what refers to them goes by their draft.
    `more` is said besides."""
    planned = set(context.planned())
    written: list[str] = []
    left: list[str] = []
    for file in files:
        if file.path not in planned and not is_document(file.path):
            left.append(f"{file.path} (not in the plan)")
            continue
        try:
            context.write(context.resolve(file.path), file.content.encode(), unseen=True)
            written.append(file.path)
        except (
            ToolError
        ) as error:  # a document with changes of the user's own does not keep the others from being written
            left.append(str(error))
    lines = [f"Wrote {len(written)} files: {', '.join(written)}." if written else "Nothing was left to write."]
    if left:
        lines.append(f"Left out: {'; '.join(left)}")
    lines += more
    for path in apart:
        users = [file.path for file in files if file.path in written and path.rpartition("/")[2] in file.content]
        if users:
            lines.append(
                f"{', '.join(users)}: refers to {path} as Blueprint would write it, which it did not. Let it write that, too, "
                "or use the same names in yours (see it with write=false), or edit what refers to it."
            )
    return ToolResult("\n".join(lines), data={"written": written})


def _application(app: Application) -> str:
    """What was detected of an application, with where it says so."""
    facts = [f"{app.language} {app.version.value}", app.manager, app.framework]
    if app.command:
        facts.append(f"starts with `{' '.join(app.command)}`")
    if app.port:
        facts.append(f"port {app.port}")
    if app.health:
        facts.append(f"health {app.health.path} ({app.health.source.path}:{app.health.source.line})")
    if app.services:
        facts.append("uses " + ", ".join(service.kind for service in app.services))
    if app.env:
        facts.append("reads " + ", ".join(variable.name for variable in app.env))
    where = f" in {app.folder}" if app.folder else ""
    return f"{app.name}{where}: " + ", ".join(fact for fact in facts if fact)
