"""Services whose health nobody can see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from boringops_tools.dockerfile import Stage, command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_NEVER = "Ignore failed health checks"
_NO_SHELL = lazy_pattern(r"(?:^|/)scratch$|distroless|chiseled|chainguard|(?:^|/)static(?:[:@]|$)", re.I)
# Programs that run and end: an image that starts one of them is no service.
_JOBS = lazy_pattern(
    r"^(?:terraform|tofu|aws|gcloud|az|kubectl|helm|ansible-playbook|git|make|pytest|alembic|flyway|liquibase|migrate|"
    r"true|echo|curl|wget|backup|cron-job)$"
)


def _off(_: str, text: str) -> Iterable[Hit]:
    stages = parse(text).stages
    last = stages[-1].last("HEALTHCHECK") if stages else None
    if last is not None and last.value.upper() == "NONE":
        yield Hit(last.line, "the health check is switched off (HEALTHCHECK NONE)")


_ALWAYS = lazy_pattern(r"(?:\|\||;)\s*(?:true|:|exit\s+0|echo\b[^|;&]*)\s*[\"\]]*\s*$")


def _passes(_: str, text: str) -> Iterable[Hit]:
    stages = parse(text).stages
    last = stages[-1].last("HEALTHCHECK") if stages else None
    if last is not None and _ALWAYS.search(last.value):
        yield Hit(last.line, "the health check passes whatever the service answers")


def _starts(stages: list[Stage]) -> list[str]:
    """The words of what the image starts; empty where that is left to the base image."""
    for name in ("ENTRYPOINT", "CMD"):
        for stage in stages:
            if (instruction := stage.last(name)) is not None:
                words = command(instruction.value)
                return instruction.value.split() if words is None else words
    return []


def lacks_check(text: str) -> int | None:
    """The line of the image that starts a service without a HEALTHCHECK; null where it has one, or needs none."""
    file = parse(text)
    if not file.stages:
        return None
    stages = file.lineage(file.stages[-1])
    started = _starts(stages)
    serves = any(stage.last("EXPOSE") for stage in stages)
    job = not started or _JOBS.match(PurePosixPath(started[0]).name)
    if any(stage.last("HEALTHCHECK") for stage in stages) or _NO_SHELL.search(stages[-1].image) or (job and not serves):
        return None
    return stages[0].instruction.line


def _missing(_: str, text: str) -> Iterable[Hit]:
    # A note: Kubernetes and most load balancers ask by themselves, and whether anything can be asked its author knows.
    if (line := lacks_check(text)) is not None:
        yield Hit(line, "the image starts a service without a HEALTHCHECK")


RED_FLAGS = (
    RedFlag(
        "health/off", _NEVER, "error", "Check what the service answers, or leave it out; do not switch off what the base image checks.",
        applies=is_dockerfile, check=_off,
        bad={"Dockerfile": "FROM node:22\nHEALTHCHECK NONE\nCMD [\"node\", \"a.js\"]\n"},
        good={"Dockerfile": "FROM a:1 AS b\nHEALTHCHECK NONE\nFROM node:22\nHEALTHCHECK CMD node health.js\n"},
    ),
    RedFlag(
        "health/always-passes", _NEVER, "warning", "Let the check fail when what it asks fails: `|| exit 1`.",
        applies=is_dockerfile, check=_passes,
        bad={"Dockerfile": "FROM node:22\nHEALTHCHECK CMD curl -f http://localhost/ || true\nCMD [\"node\", \"a.js\"]\n",
             "b.Dockerfile": "FROM node:22\nHEALTHCHECK CMD curl -f http://localhost/; exit 0\nCMD [\"node\", \"a.js\"]\n"},
        good={"Dockerfile": "FROM node:22\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\nCMD [\"node\", \"a.js\"]\n"},
    ),
    RedFlag(
        "health/missing", _NEVER, "info",
        "Add a HEALTHCHECK that uses a program which the image has; where Compose or Kubernetes asks instead, nothing is missing.",
        applies=is_dockerfile, check=_missing,
        bad={"Dockerfile": "FROM node:22\nEXPOSE 3000\nUSER 1000\nCMD [\"node\", \"server.js\"]\n"},
        good={
            "Dockerfile": "FROM node:22 AS base\nHEALTHCHECK CMD node h.js\nFROM base\nCMD [\"node\", \"server.js\"]\n",
            "b.Dockerfile": "FROM golang:1.26 AS b\nFROM gcr.io/distroless/static:nonroot\nCOPY --from=b /a /a\nENTRYPOINT [\"/a\"]\n",
            "c.Dockerfile": "FROM alpine:3.22\nENTRYPOINT [\"terraform\"]\n",
            "d.Dockerfile": "FROM python:3.14-slim\nRUN pip install x\n",
        },
    ),
)  # fmt: skip
