"""Bash: running a command, through the run."""

from __future__ import annotations

from pydantic import Field

from boringops.secrets import contains_mask
from boringops.tool import Effect, InDoubt, Tool, ToolContext, ToolError, ToolResult
from boringops_tools.arguments import Arguments


class BashArguments(Arguments):
    command: str = Field(min_length=1, description="What to run, as typed into bash.")
    timeout: int = Field(default=120_000, ge=1_000, le=600_000, description="Milliseconds until it is ended.")
    description: str = Field(default="", description="What it does, in five to ten words, for whoever approves it.")


class Bash(Tool[BashArguments]):
    """Run a command in bash, in the repository's root. Returns its exit code, then what it printed.

    For builds, tests and looking around with git; for files use Read, Glob, Grep, Write and Edit. What reaches a network,
    registry, cloud or cluster needs a person's consent; what applies or destroys is not yours to run. An exit code other
    than 0 is an error. Each call is a new shell: `cd` and variables do not last. There is no standard input, so give flags
    such as --yes; nothing stays in the background. Long output is cut in the middle and kept whole in a file that the
    result names. A refusal says why and what to do instead. Commits are made by the runtime, never by you.
    """

    name = "Bash"
    effect = Effect.COMMAND
    in_doubt = InDoubt.TELL
    input = BashArguments

    def run(self, call: BashArguments, context: ToolContext) -> ToolResult:
        if contains_mask(call.command):  # to a shell it would be a redirection
            raise ToolError(
                "The command holds a mask such as <secret:NAME>, which stands for a value you were not shown. Commands run "
                "without credentials: leave it out, or ask the user to run it."
            )
        done = context.run(call.command, timeout=call.timeout / 1000)
        output = context.spill(done.output, name="bash") if done.output.strip() else "(no output)"
        head = f"Exit code {done.exit_code}"
        if done.exit_code != 0 and done.sandbox.get("network") is False:
            tree = "writable" if done.sandbox["writable"] else "read-only"
            head += f" (confined: no network, an empty home, the work tree {tree})"
        if done.timed_out:
            head = (
                f"Ended after {call.timeout / 1000:g} s, before it was done. Give it more time with timeout (at most "
                "600000), make it do less, or make sure that it does not wait for input or run for ever."
            )
        if done.cancelled:
            head = "Ended by the user before it was done."
        return ToolResult(
            f"{head}\n{output}",
            is_error=done.timed_out or done.exit_code != 0,
            data={"exit_code": done.exit_code, "command": call.command}
            | ({"sandbox": done.sandbox} if done.sandbox else {})
            | ({"timed_out": True} if done.timed_out else {}),
        )
