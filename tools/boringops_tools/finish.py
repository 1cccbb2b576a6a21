"""Finish: asking the run to verify what was done."""

from __future__ import annotations

from boringops.facts import Claim
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolResult
from boringops_tools.arguments import Arguments


class FinishArguments(Claim, Arguments):
    pass


class Finish(Tool[FinishArguments]):
    """Say that the work is done and have it verified. The run is over only when the verification passes.

    The runtime runs the validators and red flags on every changed file, compares the files with the plan and goes
    through the checklist. What fails comes back as an error: mend it and call Finish again. For checklist items that it
    cannot decide, give an attestation with evidence: labels of tool results (`e12`) or `path:line` of files you read or
    wrote. Evidence that is not on record is refused; what only people can do is handed_over, with who has to do what.
    For a task that was a question, use outcome answered and put the answer into summary. The report and the commit are
    made by the runtime.
    """

    name = "Finish"
    effect = Effect.CONTROL
    in_doubt = InDoubt.LOOK
    input = FinishArguments

    def run(self, call: FinishArguments, context: ToolContext) -> ToolResult:
        return context.finish(Claim(**{name: getattr(call, name) for name in Claim.model_fields}))
