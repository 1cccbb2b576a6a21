"""Images that pipelines deploy under a tag that moves."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import deploys_by, deploys_in
from boringops_tools.red_flags.pipelines import Step, jobs_of, may_run
from boringops_tools.yaml_files import line_of

_MOVING = r"(?:latest|main|master|develop|edge|nightly)"
_IMAGE = re.compile(rf"(?:^|[=,])[^\s=,]*[\w)}}]:({_MOVING})$")
_SET_TAG = re.compile(rf"(?:^|,)(?:[\w.-]+\.)?(?:image\.?)?tag=({_MOVING})(?:$|,)", re.I)
# What the tasks and actions that deploy call the image.
_GIVEN = re.compile(r"(?i)^(?:containers?|image(?:Name|ToDeploy|s)?|imageTag)$")


def _of_step(step: Step) -> Iterator[Hit]:
    if not deploys_in(step):
        return
    for key, value in step.given.items():
        for word in str(value).split() if _GIVEN.match(str(key)) else ():
            if match := _IMAGE.search(word):
                yield Hit(line_of(step.given, key) or step.line, _told(word, match[1]))
    for command in step.commands:
        words = command.argv[1:] if deploys_by(command) else ()
        for before, word in zip(("", *words), words, strict=False):
            if "secret" in before or "secret" in word:
                continue  # secrets have versions, and `latest` is one of them
            if match := _IMAGE.search(word) or _SET_TAG.search(word):
                yield Hit(command.line, _told(word, match[1]))


def _told(word: str, tag: str) -> str:
    return f"what is deployed is `{word[:80]}`: nobody knows what `{tag}` was, and nothing leads back to it"


def _moving(path: str, text: str) -> Iterable[Hit]:
    for _, job in jobs_of(path, text):
        for step in job.steps:
            yield from _of_step(step)


_LAB = "deploy:\n  script:\n    - {}\n"
_AZURE = "steps:\n- task: AzureWebAppContainer@1\n  inputs: {{appName: a, containers: '$(registry)/a:{}'}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/moving-image", "Use `latest` tag in production (always pin versions)", "error", "Deploy the tag or the digest that this run has built.",
        applies=may_run, check=_moving,
        bad={
            ".gitlab-ci.yml": _LAB.format("kubectl set image deployment/a a=registry.acme.io/a:latest"),
            "a/.gitlab-ci.yml": _LAB.format("helm upgrade --install a ./a --set image.tag=latest"),
            "b/.gitlab-ci.yml": _LAB.format("gcloud run deploy a --image=eu.gcr.io/a/b:latest"),
            "azure-pipelines.yml": _AZURE.format("latest"),
        },
        good={
            ".gitlab-ci.yml": _LAB.format("kubectl set image deployment/a a=registry.acme.io/a:$CI_COMMIT_SHA"),
            "a/.gitlab-ci.yml": _LAB.format("docker build -t a:latest . && docker push a:latest"),
            "b/.gitlab-ci.yml": _LAB.format("gcloud secrets versions access latest && gcloud run deploy a --set-secrets=KEY=key:latest --image a:1.2"),
            "azure-pipelines.yml": _AZURE.format("$(Build.SourceVersion)"),
        },
    ),
)  # fmt: skip
