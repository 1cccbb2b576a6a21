"""Which kinds of files a task's words ask for."""

from __future__ import annotations

import re

from boringops_tools.blueprints.operations import asked

KINDS = ("containers", "ci", "deploy", "operations", "docs")
UNASKED = ("containers", "ci", "docs")
"""What a task gets that names nothing: where it runs and who is woken at night are for people to say."""

WORDS: dict[str, str] = {
    "containers": r"\b(docker\w*|contain\w+(?! regist)|compose|image|images|podman|buildx|\.dockerignore)\b",
    "ci": r"\b(ci|cd|ci/cd|cicd|gitlab|circle-?ci|jenkins\w*|azure[- ]devops|bitbucket|travis|"
    r"pipelines?|workflows?|github actions?|actions|continuous|release|releases|dependabot|build and test)\b",
    "deploy": r"\b(deploy(?:s|ed|ing|ments?)?|kubernetes|k8s|helm|kustomiz\w+|eks|gke|aks|ecs|fargate|cloud ?run|"
    r"container ?apps|terraform|opentofu|cloud ?formation|pulumi|infrastructure as code|iac|provision\w*|"
    r"blue[-/ ]green|canary|aws|gcp|azure(?![- ](?:pipelines?|devops))|staging)\b",
    "operations": asked.ANY,
    "docs": r"\b(docs?|document\w*|runbooks?|readme|memory[- ]bank|env\.example|\.env\.example|environment variables?|diagram)\b",
}


_DEPLOYS = r"\b(deploy(?:s|ed|ing|ments?)?|provision\w*|roll ?out|infrastructure as code|iac|blue[-/ ]green|canary|migrat\w+ to)\b"
"""Words for bringing something somewhere, beside the names of places."""


def understand(task: str) -> set[str]:
    """The kinds a task names; `UNASKED` where it names none ("get this ready").

    Documents go with everything: what changes is written down, so they are only left out by naming nothing else."""
    rest = re.sub(asked.PARTS["registry"], " ", task, flags=re.IGNORECASE)  # its images are built already
    named = {
        kind
        for kind, pattern in WORDS.items()
        if re.search(pattern, rest if kind == "containers" else task, re.IGNORECASE)
    }
    if "operations" in named and not re.search(_DEPLOYS, task, re.IGNORECASE):
        named.discard("deploy")  # "alarms for our ECS service" says where it runs, and asks for no other place
    return named | {"docs"} if named else set(UNASKED)


_WHOLE = r"\b(ready|productions?|ship\w*|launch\w*|go(ing)? live|infrastructure|devops|everything|set ?up|host(ing)?|prepare|boring)\b"
"""Words for all of it: a task with one of these asks for what `UNASKED` has."""


def vague(task: str) -> bool:
    """Whether a task names nothing that files could be made for, and not all of it either ("make it better")."""
    return not any(re.search(pattern, task, re.IGNORECASE) for pattern in (*WORDS.values(), *SYSTEMS.values(), _WHOLE))


SYSTEMS: dict[str, str] = {
    "GitHub Actions": r"\bgithub\b(?! (?:repo\w*|packages?|pages)\b)",
    "GitLab CI": r"\bgitlab\b",
    "CircleCI": r"\bcircle-? ?ci\b",
    "Jenkins": r"\bjenkins\w*",
    "Azure Pipelines": r"\bazure[- ](?:pipelines?|devops)\b",
    "Bitbucket Pipelines": r"\bbitbucket\b",
    "Travis CI": r"\btravis\b",
}
"""CI systems, and how a task names them."""
_LEFT = (
    r"\b(?:away from|off|from|instead of|rather than|replac\w+|not|without|no|drop\w*|retir\w+)"
    r"(?: (?:the|our|my|any|old|existing|current))* "
)


def named_systems(task: str) -> tuple[str, ...]:
    """The CI systems that a task asks for, in the order of `SYSTEMS`. One that is left or ruled out is not asked for."""
    kept = []
    for name, pattern in SYSTEMS.items():
        places = list(re.finditer(pattern, task, re.IGNORECASE))
        wanted = [at for at in places if not re.search(_LEFT + r"\Z", task[: at.start()], re.IGNORECASE)]
        if wanted:
            kept.append(name)
    return tuple(kept)
