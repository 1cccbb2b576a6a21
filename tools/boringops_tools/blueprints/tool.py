"""Blueprint: vetted first versions of infrastructure files, for the model to start from."""

from __future__ import annotations

from pydantic import Field

from boringops.plan import is_document
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolResult
from boringops_tools.arguments import Arguments

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

    Offers Dockerfile, .dockerignore, compose.yaml, GitHub Actions workflows, dependabot.yml, .env.example, a runbook, and
    the deployment sections of README and memory bank, as far as the repository lacks them. Call it while planning
    (write=false) to see what is offered and why; put the files you want into the plan; once it is approved call it with
    write=true. It never overwrites an existing file of the user's; documents get a marked section. Change what it
    wrote with Edit as the task needs (Read the file first).
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

        wants = understand(call.task) if call.task else None
        made = draft(context.root, context.tracked(), task=call.task, wants=wants)
        chosen = [file for file in made.files if not call.paths or file.path in call.paths]
        if call.write:
            return _write(chosen, context)
        lines = [_stack_line(made.stack), ""]
        lines += [f"- {file.action} {file.path}: {file.why}" for file in chosen] or [
            "Nothing: all of it is there already."
        ]
        for title, entries in (("Assumes", made.assumptions), ("Note", made.notes)):
            lines += [f"{title}: {entry}" for entry in entries]
        for file in chosen if call.paths else []:
            lines += ["", f"--- {file.path}", file.content[:PREVIEW_CHARS]]
        return ToolResult("\n".join(lines), data={"offered": [file.path for file in chosen]})


def _write(files: list, context: ToolContext) -> ToolResult:  # type: ignore[type-arg]
    planned = set(context.planned())
    written: list[str] = []
    left: list[str] = []
    for file in files:
        if file.path in planned or is_document(file.path):
            content = file.content.encode() if isinstance(file.content, str) else file.content
            context.write(context.resolve(file.path), content, unseen=True)
            written.append(file.path)
        else:
            left.append(file.path)
    lines = [f"Wrote {len(written)} files: {', '.join(written)}." if written else "Nothing was left to write."]
    if left:
        lines.append(f"Left out, because the plan does not have them: {', '.join(left)}.")
    return ToolResult("\n".join(lines), data={"written": written})


def _stack_line(stack: object) -> str:
    return str(stack)
