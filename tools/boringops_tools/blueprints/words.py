"""Which kinds of files a task's words ask for."""

from __future__ import annotations

import re

KINDS = ("containers", "ci", "deploy", "operations", "docs")
UNASKED = ("containers", "ci", "docs")
"""What a task gets that names nothing: where it runs and who is woken at night are for people to say."""

WORDS: dict[str, str] = {
    "containers": r"\b(docker\w*|contain\w+|compose|image|images|podman|buildx|\.dockerignore)\b",
    "ci": r"\b(ci|cd|ci/cd|cicd|gitlab|circle-?ci|jenkins\w*|azure[- ]devops|bitbucket|travis|"
    r"pipelines?|workflows?|github actions?|actions|continuous|release|releases|dependabot|build and test)\b",
    "deploy": r"\b(deploy(?:s|ed|ing|ments?)?|kubernetes|k8s|helm|kustomiz\w+|eks|gke|aks|ecs|fargate|cloud ?run|"
    r"container ?apps|terraform|opentofu|cloud ?formation|pulumi|infrastructure as code|iac|provision\w*|"
    r"blue[-/ ]green|canary|aws|gcp|azure(?![- ](?:pipelines?|devops))|staging)\b",
    "operations": r"\b(monitor\w*|alert\w*|observab\w+|prometheus|grafana|cloudwatch|dashboards?|metrics|logging|disaster|backups?|"
    r"restore|rto|rpo|rotat\w+|complian\w+|hipaa|soc ?2|pci|drift|cost (alerts?|monitoring)|budget alerts?|on-?call)\b",
    "docs": r"\b(docs?|document\w*|runbooks?|readme|memory[- ]bank|env\.example|\.env\.example|environment variables?|diagram)\b",
}


def understand(task: str) -> set[str]:
    """The kinds a task names; `UNASKED` where it names none ("get this ready").

    Documents go with everything: what changes is written down, so they are only left out by naming nothing else."""
    named = {kind for kind, pattern in WORDS.items() if re.search(pattern, task, re.IGNORECASE)}
    return named | {"docs"} if named else set(UNASKED)


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
