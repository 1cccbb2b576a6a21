"""The GitHub Action's own program: a run, its summary on the job's page, annotations, outputs, a pull request."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from boringops.ci import carry, command, job, summary
from boringops.ci.inputs import Inputs
from boringops.errors import UsageError
from boringops.facts import Finding
from boringops.repository import GitFailed, Repository
from boringops.result import Result
from boringops_tools.reporting import github as commands

_TIMEOUT_S = 30


def main(env: Mapping[str, str]) -> int:
    """One job; its exit code is the run's."""
    inputs = Inputs.read(env)
    repository = Repository(Path(env.get("GITHUB_WORKSPACE", ".")) / inputs.working_directory)
    if inputs.mode == "check":
        fail_on = ["--fail-on", inputs.fail_on] if inputs.fail_on else []
        return command.check(
            ["--format", "github", *fail_on, *(["--strict"] if inputs.strict else [])],
            repository.root,
            env,
            capture=False,
        )[0]
    branch = f"boringops/{env.get('GITHUB_RUN_ID', 'run')}" if inputs.pull_request else ""
    result = job.run(inputs, repository, env, branch=branch)
    url, problem = "", ""
    if result.commit and inputs.pull_request:
        url, problem = _publish(inputs, repository, result, branch, env)
    for line in _annotations(result):
        print(line)
    if problem:
        print(f"::error title=boringops::{commands.data(problem)}")
    _write(env, "GITHUB_STEP_SUMMARY", summary.render(result) + (f"\nPull request: {url}\n" if url else ""))
    write_outputs(env, result, url, unfinished=carry.kept(inputs.state))
    return result.exit_code or (1 if problem else 0)


def _annotations(result: Result) -> list[str]:
    told = [commands.annotation(finding) for finding in result.findings if finding.severity != "info"]
    if result.exit_code:
        onward = summary.ANSWERED if result.questions else result.error.hint if result.error else ""
        said = f"{result.summary} {onward}".strip()
        told.append(
            commands.annotation(
                Finding(rule=result.status, severity="error", path="", message=said, source="boringops")
            )
        )
    return told


OUTPUTS: dict[str, Callable[[Result], str]] = {
    "status": lambda result: result.status,
    "exit-code": lambda result: str(result.exit_code),
    "run-id": lambda result: result.run_id,
    "summary": lambda result: result.summary,
    "commit": lambda result: result.commit or "",
    "report": lambda result: result.report_path or "",
    "cost-usd": lambda result: f"{result.usage.cost_usd:.4f}",
    "result": lambda result: result.model_dump_json(),
    "pull-request": lambda _: "",
    "unfinished": lambda _: "false",
}
"""The step's outputs. The last two are known outside the result alone."""


def write_outputs(env: Mapping[str, str], result: Result, url: str, *, unfinished: bool) -> None:
    """Write the step's outputs."""
    values = {name: value(result) for name, value in OUTPUTS.items()}
    values |= {"pull-request": url, "unfinished": str(unfinished).lower()}
    end = f"end-{secrets.token_hex(8)}"  # a value that held the mark could write outputs of its own
    _write(env, "GITHUB_OUTPUT", "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items()))


def _write(env: Mapping[str, str], name: str, text: str) -> None:
    if env.get(name):
        with Path(env[name]).open("a") as file:
            file.write(text)


def _publish(
    inputs: Inputs, repository: Repository, result: Result, branch: str, env: Mapping[str, str]
) -> tuple[str, str]:
    """Push the branch and open the pull request: its address, or what went wrong. The commit is made either way."""
    token, name = env.get("GITHUB_TOKEN", ""), env.get("GITHUB_REPOSITORY", "")
    if not token or not name:
        return "", "No pull request: GITHUB_TOKEN or GITHUB_REPOSITORY is not set."
    url = f"{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}.git"
    try:
        job.push(repository, url, branch, user="x-access-token", token=token)
    except GitFailed as error:
        return "", f"The branch {branch} was not pushed: {error.output} The job needs `contents: write`."
    base = inputs.base or env.get("GITHUB_BASE_REF") or env.get("GITHUB_REF_NAME", "main")
    subject = repository.git("log", "-1", "--format=%s").strip()
    try:
        return _open(env, name, token, title=subject, head=branch, base=base, body=summary.body(result)), ""
    except UsageError as error:
        return "", f"The branch {branch} is pushed, but: {error.message}"


def _open(env: Mapping[str, str], name: str, token: str, **pull: str) -> str:
    """The address of the pull request, made or found. Raises UsageError with what GitHub said."""
    api = f"{env.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{name}/pulls"
    try:
        return str(_call(api, token, json.dumps(pull).encode())["html_url"])
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")[:500]
        if error.code == 422 and "already exists" in said:  # an earlier attempt opened it
            found = _call(f"{api}?head={name.partition('/')[0]}:{pull['head']}", token, None)
            return str(found[0]["html_url"])
        hint = " The job needs `pull-requests: write`." if error.code in {401, 403} else ""
        raise UsageError(f"GitHub refused the pull request ({error.code}): {said}{hint}") from error
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"GitHub could not be asked for the pull request: {error}") from error


def _call(url: str, token: str, data: bytes | None):  # type: ignore[no-untyped-def]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "User-Agent": "boringops"}
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - the platform's own address
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        return json.load(answer)
