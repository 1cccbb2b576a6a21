"""Plans that one job makes and another is to apply: between them stands nothing that keeps the file."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, is_pipeline, list_of, mappings_of, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import walk

_PROGRAMS = frozenset({"terraform", "tofu", "terragrunt"})
_TAKES = frozenset({"-var", "-var-file", "-target", "-state", "-parallelism", "-lock-timeout", "-replace"})
# Systems whose jobs each begin in an empty folder.
_APART = frozenset({"github", "gitlab", "circleci", "azure"})


def _name(word: str) -> str:
    return posixpath.basename(word.strip("\"'"))


def _planned(command: Command) -> str:
    """The name of the file that a plan is saved in."""
    if command.program not in _PROGRAMS or "plan" not in command.argv:
        return ""
    for before, word in zip(("", *command.argv), command.argv, strict=False):
        for option in ("-out", "--out"):
            if word.startswith(f"{option}="):
                return _name(word.partition("=")[2])
            if before == option:
                return _name(word)
    return ""


def _applied(command: Command) -> str:
    """The name of the saved plan that is applied."""
    words = command.argv
    if command.program not in _PROGRAMS or "apply" not in words:
        return ""
    before, last = words[-2:] if len(words) > 1 else ("", "")
    return "" if last == "apply" or last.startswith("-") or "=" in last or before in _TAKES else _name(last)


def _commands(job: Job) -> list[Command]:
    return [each for step in job.steps for each in step.commands]


def _folder(pattern: str, job: Job) -> bool:
    """Whether what is kept may be a folder: one that is called as plans are is so only where a command names it as one."""
    name = _name(pattern.rstrip("/"))
    if "." in name:
        return False
    if pattern.endswith("/") or not re.fullmatch(r"(?i)[\w-]*plan", name):
        return True
    return any(f"{name}/" in word or word.strip("\"'") == name for each in _commands(job) for word in each.argv)


def _keeps(pipeline: Pipeline, job: Job, name: str, defaults: Mapping[Any, Any]) -> bool:
    """Whether a job hands a file on, or does something with it that nobody here can judge."""
    others = [each for each in _commands(job) if each.program not in _PROGRAMS]
    if any(name in _name(word) for each in others for word in each.argv):
        return True
    body: Mapping[Any, Any] = job.body if isinstance(job.body, Mapping) else {}
    if pipeline.system == "gitlab":
        if any("cache" in each for each in (body, defaults)) or ("artifacts" in defaults and "artifacts" not in body):
            return True
        artifacts = body.get("artifacts")
        if not isinstance(artifacts, Mapping):
            return artifacts is not None
        patterns = [str(each) for each in list_of(artifacts.get("paths"))]
        # What may be a folder may be the one that the plan is in.
        loose = any("$" in each or "*" in each or _folder(each, job) for each in patterns)
        return (
            artifacts.get("untracked") is True or loose or any(fnmatch.fnmatch(name, _name(each)) for each in patterns)
        )
    if pipeline.system == "github":
        known = (
            "actions/checkout@",
            "actions/setup-",
            "hashicorp/setup-terraform@",
            "opentofu/setup-opentofu@",
            "aws-actions/configure-aws-",
            "google-github-actions/auth@",
            "azure/login@",
        )
        return any(step.uses and not step.uses.lower().startswith(known) for step in job.steps)
    if pipeline.system == "circleci":
        return any(step.uses in ("persist_to_workspace", "save_cache") or "/" in step.uses for step in job.steps)
    said = [str(value) for _, key, value in walk(body) if key in ("task", "publish", "template", "upload")]
    return any(
        "publish" in each.lower() or "task" not in each.lower() for each in said if not each.startswith(_AZURE_TASKS)
    )


_AZURE_TASKS = (
    "AzureCLI@",
    "AzurePowerShell@",
    "TerraformInstaller@",
    "Bash@",
    "CmdLine@",
    "PowerShell@",
    "TerraformTaskV",
    "TerraformCLI@",
)


def _lost(path: str, text: str) -> Iterable[Hit]:
    whole = next(iter(mappings_of(text)), {}) if path.endswith((".yml", ".yaml")) else {}
    defaults = {**whole, **(whole["default"] if isinstance(whole.get("default"), Mapping) else {})}
    for pipeline in read(path, text):
        for job in pipeline.jobs if pipeline.system in _APART else ():
            own = {_planned(each) for each in _commands(job)}
            for command in _commands(job):
                name = _applied(command)
                makers = (
                    [each for each in pipeline.before(job) if name in map(_planned, _commands(each))] if name else []
                )
                if name in own or not makers or any(_keeps(pipeline, each, name, defaults) for each in makers):
                    continue
                yield Hit(
                    command.line, f"{job.name} applies {name}, and {makers[0].name}, which makes it, does not keep it"
                )


_LAB = "stages: [plan, apply]\nplan:\n  stage: plan\n  script: [terraform plan -out=a.tfplan]\n{}apply:\n  stage: apply\n  script: [terraform apply -input=false a.tfplan]\n"
_PLAN = "terraform plan -input=false -out tfplan"
_CIRCLE = "jobs:\n  plan:\n    steps:\n      - checkout\n      - run: tofu plan -out=p\n{}  apply:\n    steps:\n      - run: tofu apply p\nworkflows:\n  w:\n    jobs:\n      - plan\n      - apply: {{requires: [plan]}}\n"
_AZURE = "stages:\n- stage: plan\n  jobs:\n  - job: a\n    steps:\n    - script: terraform plan -out=t.plan\n{}- stage: apply\n  jobs:\n  - deployment: b\n    environment: e\n    strategy: {{runOnce: {{deploy: {{steps: [{{script: terraform apply t.plan}}]}}}}}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/plan-not-kept", "Review and approve infrastructure changes (Terraform plan)", "error",
        "Keep the plan as an artifact: each job begins in a folder of its own, and what was reviewed is what is to be applied.",
        applies=is_pipeline, check=_lost,
        bad={
            ".gitlab-ci.yml": _LAB.format(""), "a/.gitlab-ci.yml": _LAB.format("  artifacts: {paths: [plan.json]}\n"),
            CI: gh(a_job("plan", _PLAN) + a_job("apply", "terraform apply tfplan", "    needs: plan\n")),
            ".circleci/config.yml": _CIRCLE.format(""), "azure-pipelines.yml": _AZURE.format(""),
        },
        good={
            ".gitlab-ci.yml": _LAB.format("  artifacts: {paths: [infra/a.tfplan]}\n"), "a/.gitlab-ci.yml": _LAB.format("  artifacts: {paths: [infra/]}\n"), "b/.gitlab-ci.yml": _LAB.format("  artifacts: {paths: ['*.tfplan']}\n"),
            CI: gh(a_job("plan", _PLAN) + "      - uses: actions/upload-artifact@v4\n        with: {name: p, path: tfplan}\n" + a_job("apply", "terraform apply tfplan", "    needs: plan\n")),
            ".github/workflows/s3.yml": gh(a_job("plan", f"{_PLAN} && aws s3 cp tfplan s3://a/") + a_job("apply", "terraform apply tfplan", "    needs: plan\n")),
            ".github/workflows/one.yml": gh(a_job("plan", _PLAN) + a_job("apply", f"{_PLAN} && terraform apply tfplan", "    needs: plan\n")),
            ".circleci/config.yml": _CIRCLE.format("      - persist_to_workspace: {root: ., paths: [p]}\n"), "azure-pipelines.yml": _AZURE.format("    - publish: t.plan\n      artifact: plan\n"),
            "c/.gitlab-ci.yml": _LAB.format("").replace("a.tfplan]\napply", "b.tfplan]\napply"),
        },
    ),
)  # fmt: skip
