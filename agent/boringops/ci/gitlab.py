"""The GitLab component's own program: a run, reports that a merge request shows, and a merge request of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from boringops.ci import command, job, summary
from boringops.ci.inputs import Inputs
from boringops.repository import GitFailed, Repository
from boringops.result import Result
from boringops_tools.reporting import gitlab as code_quality
from boringops_tools.reporting.base import Report

RESULT, SUMMARY, QUALITY, VARIABLES = "boringops.json", "boringops.md", "gl-code-quality-report.json", "boringops.env"
"""What the job leaves beside the checkout's files; ignored by git there, and kept as artifacts."""


def main(env: Mapping[str, str]) -> int:
    """One job; its exit code is the run's."""
    inputs = Inputs.read(env)
    repository = Repository(Path(env.get("CI_PROJECT_DIR", ".")) / inputs.working_directory)
    out = Path(inputs.artifacts) if inputs.artifacts else repository.root
    out.mkdir(parents=True, exist_ok=True)
    if inputs.mode == "check":
        fail_on = ["--fail-on", inputs.fail_on] if inputs.fail_on else []
        code, text = command.check(
            ["--format", "gitlab", *fail_on, *(["--strict"] if inputs.strict else [])],
            repository.root,
            env,
            capture=True,
        )
        (out / QUALITY).write_text(text)
        print(f"{QUALITY} written; exit code {code}.")
        return code
    branch = f"boringops/{env.get('CI_PIPELINE_ID', 'run')}" if inputs.pull_request else ""
    result = job.run(inputs, repository, env, branch=branch)
    problem = _publish(inputs, repository, result, branch, env) if result.commit and inputs.pull_request else ""
    _leave(result, repository, out)
    print(summary.render(result))
    if problem:
        print(problem)
    return result.exit_code or (1 if problem else 0)


def _leave(result: Result, repository: Repository, out: Path) -> None:
    (out / RESULT).write_text(result.model_dump_json())
    (out / SUMMARY).write_text(summary.render(result))
    report = Report(repository.root, len(result.changes), result.findings, result.validation)
    (out / QUALITY).write_text(code_quality.render(report))
    values = {"STATUS": result.status, "RUN_ID": result.run_id, "COMMIT": result.commit or ""}
    (out / VARIABLES).write_text("".join(f"BORINGOPS_{name}={value}\n" for name, value in values.items()))


def _publish(inputs: Inputs, repository: Repository, result: Result, branch: str, env: Mapping[str, str]) -> str:
    """Push the branch with the options that open a merge request; what went wrong, if anything did."""
    token, url = env.get("CI_JOB_TOKEN", ""), env.get("CI_PROJECT_URL", "")
    if not url:
        return "No merge request: CI_PROJECT_URL is not set."
    base = inputs.base or env.get("CI_DEFAULT_BRANCH", "main")
    subject = repository.git("log", "-1", "--format=%s").strip()
    described = summary.body(result).replace("\n", "\\n")[
        :4000
    ]  # options cannot hold line ends; GitLab reads \n as one
    options = (
        "merge_request.create", f"merge_request.target={base}", f"merge_request.title={subject}",
        f"merge_request.description={described}",
    )  # fmt: skip
    try:
        job.push(repository, f"{url}.git", branch, user="gitlab-ci-token", token=token, options=options)
    except GitFailed as error:
        return f"The branch {branch} was not pushed: {error.output} The project has to allow pushes by job tokens."
    return ""
