"""Dockerfiles that fetch what nobody checked, or keep a secret in the image."""

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops.secrets import looks_secret
from boringops_tools.dockerfile import assignments, instructions, is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_REMOTE = lazy_pattern(r"https?://\S+", re.I)
_GIT = lazy_pattern(r"\.git(?:[#?]|$)")


def _add_url(_: str, text: str) -> Iterable[Hit]:
    for each in instructions(text):
        if each.name == "ADD" and "--checksum=" not in each.value:
            for word in each.value.split()[:-1]:
                if _REMOTE.fullmatch(word) and not _GIT.search(word):
                    yield Hit(each.line, f"ADD fetches {word} without comparing it with anything")


def _secret_setting(_: str, text: str) -> Iterable[Hit]:
    for each in instructions(text):
        if each.name == "ARG":
            for word in each.value.split():
                name, _, value = word.partition("=")
                if looks_secret(name) and not value.strip("\"'"):
                    yield Hit(each.line, f"the build argument {name} stays readable in the image's history")
        elif each.name == "ENV":
            for name, value in assignments(each.value).items():
                if looks_secret(name) and re.match(r"\$\{?\w", value):
                    yield Hit(each.line, f"ENV {name} writes a secret into the image")


RED_FLAGS = (
    RedFlag(
        "dockerfile/add-url", "Disable security features for convenience", "warning",
        "Give `--checksum=sha256:...`, or COPY what was fetched and compared.",
        applies=is_dockerfile, check=_add_url,
        bad={"Dockerfile": "FROM a:1\nADD https://acme.io/x.tar.gz /x/\n"},
        good={
            "Dockerfile": f"FROM a:1\nADD --checksum=sha256:{'ab' * 32} https://acme.io/x /x\nADD x.tar.gz /\n"
                f"ADD https://acme.io/r.git#v1 /r\n"
        },
    ),
    RedFlag(
        "dockerfile/secret-setting", "Commit AWS keys, passwords, or tokens to git", "warning",
        "Use `RUN --mount=type=secret` while building, and the environment while running.",
        applies=is_dockerfile, check=_secret_setting,
        bad={
            "Dockerfile": "FROM a:1\nARG NPM_TOKEN\nRUN npm ci\n",
            "b.Dockerfile": "ARG P\nFROM a:1\nENV DB_PASSWORD=${P}\n",
        },
        good={
            "Dockerfile": "ARG VERSION=1\nFROM a:1\nARG TARGETARCH\nENV SECRET_KEY_BASE= KEYBOARD=$K\n"
            "RUN --mount=type=secret,id=NPM_TOKEN npm ci\n"
        },
    ),
)  # fmt: skip
