"""Containers that run as root."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from boringops.facts import Severity
from boringops_tools.dockerfile import Dockerfile, Stage, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_NEVER = "Run containers as root user"
# Images whose own last USER is no root.
_UNPRIVILEGED = lazy_pattern(
    r"nonroot|unprivileged|rootless|chiseled|(?:^|/)(?:bitnami|bitnamilegacy)/|cgr\.dev/chainguard/|dhi\.io/|"
    r"(?:^|/)(?:grafana/grafana|prom/prometheus|jenkins/jenkins|sonarqube|quay\.io/keycloak/keycloak|elasticsearch)(?:[:@]|$)",
    re.I,
)
_ROOT = frozenset({"root", "0"})


def _user(file: Dockerfile) -> tuple[Stage, str, int] | None:
    """(final stage, its user, line); the user is empty where neither it nor a stage it builds on has one."""
    if not file.stages:
        return None
    final = file.stages[-1]
    for stage in file.lineage(final):
        if (instruction := stage.last("USER")) is not None:
            return final, instruction.value.strip("\"' "), instruction.line
    return final, "", final.instruction.line


def _root(_: str, text: str) -> Iterable[Hit]:
    found = _user(parse(text))
    if found is not None and found[1].split(":")[0].lower() in _ROOT:
        yield Hit(found[2], f"the image runs as root (USER {found[1]})")


def _missing(path: str, text: str) -> Iterable[Hit]:
    file = parse(text)
    found = _user(file)
    if found is None or found[1]:
        return
    base = file.lineage(found[0])[-1].image
    if _UNPRIVILEGED.search(base):
        return
    runs_as = "root" if base == "scratch" else f"what {base} runs as: root, as a rule"
    # One works in a development container, under the user that its devcontainer.json names; nothing is deployed of it.
    severity: Severity | None = "info" if ".devcontainer" in PurePosixPath(path).parts else None
    yield Hit(found[2], f"the final stage has no USER, so the image runs as {runs_as}", severity=severity)


def _named(path: str, text: str) -> Iterable[Hit]:
    found = _user(parse(text))
    user = found[1].split(":")[0] if found else ""
    windows = user.lower() in ("containeruser", "containeradministrator")  # it has no numbers for users
    if found and user and not user.isdigit() and user.lower() not in _ROOT and "$" not in user and not windows:
        severity: Severity | None = "info" if ".devcontainer" in PurePosixPath(path).parts else None
        yield Hit(found[2], f"USER {user} is a name; Kubernetes' runAsNonRoot takes numbers only", severity=severity)


_HINT = "Create a user in the final stage and end with a number, e.g. `USER 10001:10001`."
RED_FLAGS = (
    RedFlag(
        "user/root", _NEVER, "error", _HINT, applies=is_dockerfile, check=_root,
        bad={
            "Dockerfile": "FROM node:22\nUSER node\nRUN x\nUSER root\n",
            "b.Dockerfile": "FROM node:22 AS base\nUSER 0:0\nFROM base\n",
        },
        good={"Dockerfile": "FROM node:22 AS b\nUSER root\nFROM node:22\nUSER root\nRUN x\nUSER 10001\n"},
    ),
    RedFlag(
        "user/missing", _NEVER, "error", _HINT, applies=is_dockerfile, check=_missing,
        bad={
            "Dockerfile": "FROM node:22 AS build\nUSER 10001\nFROM node:22\nCOPY --from=build /a /a\n",
            "Dockerfile.dev": "FROM alpine:3.22\nRUN <<EOF\nUSER 10001\nEOF\n", "a.Dockerfile": "FROM scratch\nCOPY a /a\n",
        },
        good={
            "Dockerfile": "FROM node:22 AS base\nUSER 10001\nFROM base\nCMD [\"a\"]\n",
            "b.Dockerfile": "FROM gcr.io/distroless/static:nonroot\nCOPY a /a\n",
        },
    ),
    RedFlag(
        "user/not-numeric", _NEVER, "warning", "Name the user by its number, e.g. `USER 10001:10001`.",
        applies=is_dockerfile, check=_named,
        bad={"Dockerfile": "FROM node:22\nUSER node:node\n"},
        good={"Dockerfile": "FROM node:22\nUSER 1000:node\n",
            "c.Dockerfile": "FROM a:1\nUSER ContainerUser\n", "b.Dockerfile": "ARG UID=1\nFROM a:1\nUSER ${UID}\n"},
    ),
)  # fmt: skip
