"""The job itself, the same for every CI system: one run, gone on with where an earlier attempt left it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from boringops.ci import carry, command
from boringops.ci.inputs import Inputs
from boringops.repository import GitFailed, Repository
from boringops.result import Result


def run(inputs: Inputs, repository: Repository, env: Mapping[str, str], *, branch: str = "") -> Result:
    """Do the task, on a new branch where one is given. What is unfinished is kept for the next attempt."""
    folder = Path(inputs.state) if inputs.state else None
    carried = carry.unpack(repository, folder) if folder else None
    if branch:
        repository.switch_to_new_branch(branch)
    if isinstance(carried, str):
        print(f"boringops: beginning anew. {carried}", file=sys.stderr)
    if isinstance(carried, carry.Carried):
        print(f"boringops: going on with run {carried.run_id} of an earlier attempt", file=sys.stderr)
        result = command.run(_resume(inputs, carried), repository.root, env)
    else:
        result = command.run([inputs.mode, inputs.task, *inputs.options()], repository.root, env)
    if folder:
        carry.pack(repository, result, folder)
    return result


def _resume(inputs: Inputs, carried: carry.Carried) -> list[str]:
    """Each attempt has the budget of the inputs for itself: a job that is run again was meant to go on."""
    words = ["resume", carried.run_id]
    if inputs.max_cost:
        words += ["--max-cost", f"{carried.spent_usd + inputs.max_cost:.6f}"]
    if inputs.max_turns:
        words += ["--max-turns", str(carried.turns + inputs.max_turns)]
    if inputs.max_minutes:
        words += ["--max-minutes", str(inputs.max_minutes)]
    return [*words, "--strict"] if inputs.strict else words


def push(
    repository: Repository, url: str, branch: str, *, user: str, token: str, options: tuple[str, ...] = ()
) -> None:
    """Push a branch. The token goes by the environment: a command line or a configuration file would show it.

    Raises GitFailed with what the remote said."""
    import base64

    header = base64.b64encode(f"{user}:{token}".encode()).decode()
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {header}",
    }
    chosen = [word for option in options for word in ("-o", option)]
    try:
        repository.git("push", "--quiet", *chosen, url, f"HEAD:refs/heads/{branch}", env=settings if token else None)
    except GitFailed as error:
        raise GitFailed(
            error.output.replace(header, "<secret:TOKEN>").replace(token or "\0", "<secret:TOKEN>")
        ) from error
