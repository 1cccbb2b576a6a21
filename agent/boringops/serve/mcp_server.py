"""boringops as an MCP server: tools that plan, ask, are told to act, and give a structured result.

Questions reach a client that can be asked (elicitation, in the form its protocol version has), and every other client
as a result of status `needs_clarification`, which the tool `answer` goes on from. Approval is a call of its own: `act`.
"""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError, create_model

from boringops import __version__, tooling
from boringops.errors import BoringopsError
from boringops.events import Event
from boringops.facts import Finding, Inventory, Validation
from boringops.handoff import Handoff
from boringops.result import Result
from boringops.serve.desk import Desk
from boringops.serve.report import Report, asked, line

INSTRUCTIONS = (
    "A DevOps infrastructure engineer that enforces its rules. Call plan with a task; show the plan to whoever decides; "
    "call act with its run_id to approve it and have it carried out, verified and committed. Where the status is "
    "needs_clarification, get the answers from the user and call answer. inventory and check change nothing."
)
Repo = Annotated[
    str | None, Field(description="Path of the git repository. Left out: the one the server was started for.")
]
RunId = Annotated[str, Field(description="The run_id that plan gave.")]
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_PLANS = ToolAnnotations(read_only_hint=True, open_world_hint=True)
_ACTS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)


class Checked(BaseModel):
    """What validators and red flags say."""

    findings: list[Finding]
    validation: list[Validation]
    errors: int
    not_validated: int


def build(desk: Desk) -> MCPServer[Any]:
    """The server. Its tools are the whole interface; it keeps nothing that a journal does not hold."""
    server: MCPServer[Any] = MCPServer(
        "boringops", title="boringops", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )

    @server.tool(annotations=_READS)
    async def inventory(repo: Repo = None) -> Inventory:
        """List the infrastructure files a repository has, with tools, versions and environments."""
        with _Told():
            return await desk.inventory(repo)

    @server.tool(annotations=_READS)
    async def check(
        repo: Repo = None,
        paths: Annotated[
            list[str] | None, Field(description="Files to look at; left out: everything git sees.")
        ] = None,
    ) -> Checked:
        """Run the validators and red flags on a repository's files. Uses no model and changes nothing."""
        with _Told():
            return await _check(desk, repo, paths)

    @server.tool(annotations=_PLANS)
    async def plan(
        task: Annotated[str, Field(description="What is to be done, in words.")],
        ctx: Context,
        repo: Repo = None,
        handoff: Annotated[Handoff | None, Field(description="What the developers hand over, typed.")] = None,
    ) -> Report | InputRequiredResult:
        """Plan an infrastructure task: reads the memory bank, takes inventory, and proposes a plan. Changes nothing."""
        with _Told():
            if ctx.request_state:
                return await _go_on(desk, ctx, ctx.request_state, repo)
            return await _ask(desk, ctx, await desk.plan(task, repo, handoff=handoff, watch=_Progress(ctx)), repo)

    @server.tool(annotations=_ACTS)
    async def act(run_id: RunId, ctx: Context, repo: Repo = None) -> Report | InputRequiredResult:
        """Approve the plan of a run and carry it out: writes the files, verifies them, reports and commits.

        Only call this when whoever decides has seen the plan and agreed to it. Goes on with a run that was interrupted."""
        with _Told():
            if ctx.request_state:
                return await _go_on(desk, ctx, ctx.request_state, repo)
            return await _ask(desk, ctx, await desk.act(run_id, repo, watch=_Progress(ctx)), repo)

    @server.tool(annotations=_ACTS)
    async def answer(
        run_id: RunId,
        text: Annotated[str, Field(description="The user's answers, or what to change in the plan, in words.")],
        ctx: Context,
        repo: Repo = None,
    ) -> Report | InputRequiredResult:
        """Answer the questions of a run that waits for clarification, or say what has to change in its plan."""
        with _Told():
            if ctx.request_state:
                return await _go_on(desk, ctx, ctx.request_state, repo)
            return await _ask(desk, ctx, await desk.answer(run_id, text, repo, watch=_Progress(ctx)), repo)

    @server.tool(annotations=_READS)
    async def result(run_id: RunId, repo: Repo = None) -> Result:
        """Everything that is known of a run: plan, changes, findings, checklist, outputs, report, commit."""
        with _Told():
            return await desk.result(run_id, repo)

    return server


async def _check(desk: Desk, repo: str | None, paths: list[str] | None) -> Checked:
    import asyncio

    def look() -> Checked:
        specialist = desk.specialist(repo)
        root, files = specialist.repository.root, specialist.repository.files()
        chosen = files if paths is None else [path for path in files if path in paths]
        if paths and (unknown := sorted(set(paths) - set(files))):
            raise ToolError(f"git sees no file {', '.join(unknown)}. Give paths relative to {root}.")
        found = tooling.inspect(root, chosen, {})
        blind = [item for item in found.validation if item.outcome == "not_validated"]
        errors = sum(finding.severity == "error" for finding in found.findings)
        return Checked(findings=found.findings, validation=found.validation, errors=errors, not_validated=len(blind))

    return await asyncio.to_thread(look)


class _Told:
    """Errors that are ours to explain, as the tool errors a model reads."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BoringopsError):
            raise ToolError(f"{error.message} {error.hint}".strip()) from error


class _Progress:
    """Events as progress notifications; a client that no longer listens does not end the run."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.count = 0

    async def __call__(self, event: Event) -> None:
        if text := line(event):
            self.count += 1
            await self.ctx.report_progress(self.count, message=text)


# --- questions ---------------------------------------------------------------------------------------


def _form(result: Result) -> type[BaseModel]:
    """A field for each question: clients render forms of plain fields."""
    fields: dict[str, Any] = {}
    for number, question in enumerate(result.questions, 1):
        options = f" ({' / '.join(question.options)})" if question.options else ""
        fields[f"answer_{number}"] = (str, Field(min_length=1, description=question.question + options))
    return create_model("Answers", **fields)


def _words(result: Result, given: BaseModel) -> str:
    answers = given.model_dump().values()
    return "\n\n".join(f"{one.question}\n{answer}" for one, answer in zip(result.questions, answers, strict=True))


def _can_be_asked(ctx: Context) -> bool:
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


async def _ask(desk: Desk, ctx: Context, result: Result, repo: str | None) -> Report | InputRequiredResult:
    """Put the questions of a run to the client where it can be asked; what it does not answer stays open."""
    while result.status == "needs_clarification" and _can_be_asked(ctx):
        form, message = _form(result), f"boringops needs to know:\n{asked(result)}"
        if not ctx.session.can_send_request:  # the stateless protocol: the client calls again with the answers
            return _request(message, form, result.run_id)
        try:
            said = await ctx.elicit(message, form)
        except (ValueError, ValidationError):  # it accepted, and sent something else
            break
        if said.action != "accept":
            break
        result = await desk.answer(result.run_id, _words(result, said.data), repo, watch=_Progress(ctx))
    return Report.of(result)


def _request(message: str, form: type[BaseModel], run_id: str) -> InputRequiredResult:
    from mcp.server.elicitation import render_elicitation_schema

    params = ElicitRequestFormParams(message=message, requested_schema=render_elicitation_schema(form))
    return InputRequiredResult(input_requests={"answers": ElicitRequest(params=params)}, request_state=run_id)


async def _go_on(desk: Desk, ctx: Context, run_id: str, repo: str | None) -> Report | InputRequiredResult:
    """The second round of a call: the client came back with what it was asked for, or without."""
    result = await desk.result(run_id, repo)
    said = (ctx.input_responses or {}).get("answers")
    if result.status != "needs_clarification" or not isinstance(said, ElicitResult) or said.action != "accept":
        return Report.of(result)
    try:
        given = _form(result).model_validate(said.content or {})
    except ValidationError:
        return Report.of(result)
    return await _ask(desk, ctx, await desk.answer(run_id, _words(result, given), repo, watch=_Progress(ctx)), repo)
