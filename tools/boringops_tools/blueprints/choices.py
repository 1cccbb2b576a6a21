"""What only people can decide, as far as the task and their answers say it in plain words."""

from __future__ import annotations

import re
from typing import Literal

from boringops.facts import Fact

Target = Literal["kubernetes", "ecs", "cloud-run", "container-apps", "compose"]
Tool = Literal["kustomize", "helm", "terraform", "cloudformation", "pulumi-python", "pulumi-typescript"]
Strategy = Literal["rolling", "blue-green", "canary"]

TARGETS: dict[Target, str] = {
    "kubernetes": r"\b(kubernetes|k8s|kustomiz\w+|helm|eks|gke|aks)\b",
    "ecs": r"\b(ecs|fargate|aws|amazon)\b",
    "cloud-run": r"\b(cloud ?run|gcp|google cloud)\b",
    "container-apps": r"\b(container ?apps?|aca|azure(?![- ](?:pipelines?|devops)))\b",
    "compose": r"\b(one machine|single (server|machine|host)|vps|docker compose (in|for) production)\b",
}
"""Where an application runs, by the words for it; the first that is named wins."""

TOOLS: dict[Tool, str] = {
    "helm": r"\bhelm\b",
    "kustomize": r"\bkustomiz\w+\b",
    "cloudformation": r"\bcloud ?formation\b",
    "pulumi-typescript": r"\bpulumi\b(?=.*\btypescript\b)",
    "pulumi-python": r"\bpulumi\b",
    "terraform": r"\b(terraform|opentofu|tofu)\b",
}
STRATEGIES: dict[Strategy, str] = {
    "blue-green": r"\bblue[-/ ]green\b",
    "canary": r"\bcanar(y|ies)\b",
    "rolling": r"\brolling\b",
}
STANDARDS = {"HIPAA": r"\bhipaa\b", "SOC 2": r"\bsoc ?2\b", "PCI DSS": r"\bpci\b", "GDPR": r"\bgdpr\b"}

_REGION = re.compile(
    r"\b((?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d"  # AWS
    r"|(?:us|europe|asia|australia|northamerica|southamerica|me|africa)-[a-z]+\d"  # Google
    r"|(?:east|west|north|south|central)(?:us|europe|asia)\d?|(?:uk|france|germany)[a-z]+)\b",  # Azure
    re.IGNORECASE,
)
_DURATION = r"\D{0,25}?(\d+(?:\.\d+)?|zero|none|no)\s*(min\w*|m|h\w*|d\w*|s\w*)?\b"
_MINUTES = {"m": 1.0, "h": 60.0, "d": 1440.0, "s": 1 / 60}
_MONEY = re.compile(r"(?:\$|usd|eur|€)\s*(\d[\d,]*)|(\d[\d,]*)\s*(?:\$|usd|dollars|euros?|eur|€)", re.IGNORECASE)


class Choices(Fact):
    """Decisions that were stated. None and empty: nobody said."""

    target: Target | None = None
    tool: Tool | None = None
    strategy: Strategy | None = None
    regions: list[str] = []
    """In the order they were named; the first is the primary one."""
    standards: list[str] = []
    rto_minutes: float | None = None
    """How long the service may be down."""
    rpo_minutes: float | None = None
    """How much data may be lost, as the time it was made in."""
    budget_usd: float | None = None
    """What it may cost a month."""


def read(text: str) -> Choices:
    """The decisions that a text states."""
    money = _MONEY.search(text)
    return Choices(
        target=_first(TARGETS, text),
        tool=_first(TOOLS, text),
        strategy=_first(STRATEGIES, text),
        regions=list(dict.fromkeys(found[1].lower() for found in _REGION.finditer(text))),
        standards=[name for name, pattern in STANDARDS.items() if re.search(pattern, text, re.IGNORECASE)],
        rto_minutes=_minutes(r"\brto\b", text),
        rpo_minutes=_minutes(r"\brpo\b", text),
        budget_usd=float((money[1] or money[2]).replace(",", "")) if money else None,
    )


def _first(patterns: dict, text: str):  # type: ignore[no-untyped-def, type-arg]
    return next(
        (name for name, pattern in patterns.items() if re.search(pattern, text, re.IGNORECASE | re.DOTALL)), None
    )


def _minutes(name: str, text: str) -> float | None:
    """The duration that is said right behind a name: `RTO 4 hours`, `RPO (…)?\n15 min`."""
    found = re.search(name + r"[)\s:?=of]*" + _DURATION, text, re.IGNORECASE)
    if found is None:
        return None
    if not found[1][0].isdigit():
        return 0.0
    return float(found[1]) * _MINUTES[(found[2] or "h")[0].lower()]
