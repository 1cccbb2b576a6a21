"""Jobs of one environment that deploy to another: what they name as their target belongs to that."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import PRODUCTION, by_script, deploys, deploys_by
from boringops_tools.red_flags.environments import before_production, kind_of
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, jobs_of, may_run
from boringops_tools.yaml_files import line_of

# What tasks and jobs call the thing that they deploy to.
_TARGET = lazy_pattern(
    r"(?i)^(?:(?:web|function|container)?_?app_?name|resource_?group(?:_?name)?|(?:k8s_?|kube_?)?(?:cluster|namespace)(?:_?name)?|kubernetes_?cluster|"
    r"app_?service_?name|stack_?name|(?:deploy|target)?_?env(?:ironment)?(?:_?name)?|workspace|tf_workspace|kube_?context)$"
)
# Words of a step that takes something over from the environment before.
_FROM = lazy_pattern(r"(?i)slot|swap|promot|copy|import|from|source|restore|compare|diff")
_SPACES = frozenset(
    {
        "-n",
        "--namespace",
        "--cluster",
        "--context",
        "--kube-context",
        "-g",
        "--resource-group",
        "--stack-name",
        "--stack",
        "--env",
        "--environment",
        "--stage",
    }
)


def _where(job: Job) -> str:
    """The environment that a job says it is for; empty where it is not sure."""
    return kind_of(job.environment) if job.environment else ""


def _foreign(where: str, value: Any) -> bool:
    text = str(value)
    return "$" not in text and "{" not in text and kind_of(text) not in ("", where)


def _named(pipeline: Pipeline, job: Job, where: str) -> Iterator[tuple[int | None, str]]:
    body: Mapping[Any, Any] = job.body if isinstance(job.body, Mapping) else {}
    key_of = "variables" if pipeline.system == "gitlab" else "env"
    own = body.get(key_of)
    holders = [own] if isinstance(own, Mapping) else []
    holders += [
        step.given
        for step in job.steps
        if not _FROM.search(f"{step.name} {step.uses} {' '.join(map(str, step.given))}")
    ]
    for holder in holders:
        for key, value in holder.items():
            if isinstance(value, str) and _TARGET.search(str(key).replace("-", "_")) and _foreign(where, value):
                yield line_of(holder, key), value
    for step in job.steps:
        for command in step.commands:
            words = command.argv[1:]
            if not deploys_by(command) or _FROM.search(" ".join(words)) or PRODUCTION.search(" ".join(words)):
                continue
            if by_script(command):
                targets = [
                    word
                    for word in words
                    if re.fullmatch(r"[\w-]+", word.removeprefix("--env=").removeprefix("--environment="))
                ]
            else:
                targets = [after for word, after in itertools.pairwise(words) if word in _SPACES]
                targets += [
                    word.partition("=")[2] for word in words if word.partition("=")[0] in _SPACES and "=" in word
                ]
            for target in targets:
                if _foreign(where, target) and before_production(target):
                    yield command.line, target


def _others(path: str, text: str) -> Iterable[Hit]:
    for pipeline, job in jobs_of(path, text):
        where = _where(job)
        # A context of CircleCI tells what a job may do, and not where.
        if where != "production" or pipeline.system == "circleci" or job.calls or not deploys(job):
            continue
        for line, target in _named(pipeline, job, where):
            yield Hit(line or job.line, f"{job.name} is for {where}, and deploys to `{target}`")
            break


_LAB = "live:\n  environment: production\n  variables: {}\n  script: [{}]\n"
_AZURE = "jobs:\n- deployment: d\n  environment: production\n  strategy: {{runOnce: {{deploy: {{steps: [{{task: AzureWebApp@1, inputs: {{appName: {}, {}: a}}}}]}}}}}}\n"
_LIVE = "    environment: production\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/other-environment", "Use same credentials across environments", "warning", "Name what belongs to the environment that the job is for: whoever approves one approves that one.",
        applies=may_run, check=_others,
        bad={
            ".gitlab-ci.yml": _LAB.format("{CLUSTER: staging}", "helm upgrade a a"), "a/.gitlab-ci.yml": _LAB.format("{}", "helm upgrade a a -n shop-staging"),
            "azure-pipelines.yml": _AZURE.format("web-staging", "package"), CI: gh(a_job("a", "./scripts/deploy.sh staging $IMAGE", _LIVE)),
        },
        good={
            ".gitlab-ci.yml": _LAB.format("{CLUSTER: production}", "helm upgrade a a"), "a/.gitlab-ci.yml": _LAB.format("{FROM_ENV: staging, CLUSTER: $C}", "./promote.sh staging production, helm upgrade a a"),
            "azure-pipelines.yml": _AZURE.format("web-staging, slotName: staging", "deployToSlotOrASE"), "a/azure-pipelines.yml": _AZURE.format("web", "package"),
            CI: gh(a_job("a", "./scripts/deploy.sh production $IMAGE && ./deploy.sh --from staging --to live && az webapp deployment slot swap --slot staging", _LIVE)),
            ".github/workflows/s.yml": gh(a_job("a", "./scripts/deploy.sh staging", "    environment: staging\n")),
        },
    ),
)  # fmt: skip
