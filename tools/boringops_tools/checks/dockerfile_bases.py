"""Dockerfiles: what the base image has and has not: its package manager, the programs of its health check, its lists of packages, its support."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import Dockerfile, Instruction, Stage, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_OFFICIAL = lazy_pattern(
    r"(?:docker\.io/|library/|public\.ecr\.aws/docker/library/|mirror\.gcr\.io/(?:library/)?)*"
    r"(?P<name>alpine|debian|ubuntu|python|node|golang|ruby|rust|php|nginx|httpd|postgres|mysql|mariadb|redis|eclipse-temurin|openjdk)"
    r"(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]+)?$"
)
_DEBIAN = lazy_pattern(r"(?:^|[-.])(?:slim|bookworm|bullseye|buster|trixie|stretch|jammy|noble|focal)\b")
_INSTALL = {
    "alpine": lazy_pattern(r"(?:^|[;&|(]\s*|\bsudo\s+)(apt-get|apt|yum|dnf|microdnf)\s+(?:-\S+\s+)*(?:update|install|upgrade|clean)\b"),
    "debian": lazy_pattern(r"(?:^|[;&|(]\s*|\bsudo\s+)(apk|yum|dnf|microdnf)\s+(?:--?\S+\s+)*(?:add|update|install|upgrade)\b"),
}  # fmt: skip
_SHADOW = lazy_pattern(r"(?:^|[;&|(]\s*)(useradd|groupadd|usermod|groupmod)\s")
_APT = lazy_pattern(r"\b(?:apt-get|apt|aptitude)\s+(?:-\S+\s+)*install\b")
_UPDATED = lazy_pattern(r"\b(?:apt-get|apt|aptitude)\s+(?:-\S+\s+)*(?:update|upgrade)\b|\.sh\b|\b(?:ba)?sh\s+-|\|\s*(?:sudo\s+)?(?:ba)?sh\b|/var/lib/apt|\$")  # fmt: skip
_ASIDE = lazy_pattern(r"(?i)(?:^|/)(?:tests?|fixtures?|testdata|_?archived?|legacy|packaging)/")
# The last version without support, by the projects' own tables; what ended long enough ago that nobody disputes it.
_ENDED = {
    "python": (3, 7), "node": (16,), "golang": (1, 19), "ruby": (2, 7), "php": (8, 0), "debian": (9,), "ubuntu": (18, 4),
    "alpine": (3, 15), "postgres": (11,), "mysql": (5, 7), "redis": (5,),
}  # fmt: skip
_CODENAMES = {"jessie": "debian 8", "stretch": "debian 9", "buster": "debian 10", "trusty": "ubuntu 14.04", "xenial": "ubuntu 16.04", "bionic": "ubuntu 18.04"}  # fmt: skip
_CENTOS = lazy_pattern(r"(?:docker\.io/|library/)*centos(?::|@|$)")


def family(image: str) -> str:
    """`alpine` or `debian`, where an official image is surely of one of them."""
    match = _OFFICIAL.fullmatch(image)
    if match is None:
        return ""
    name, tag = match["name"], match["tag"] or ""
    if name == "alpine" or re.search(r"(?:^|-)alpine", tag):
        return "alpine"
    return "debian" if name in ("debian", "ubuntu", "python", "node", "golang", "ruby", "rust", "php") or _DEBIAN.search(tag) else ""  # fmt: skip


def _runs(stage: Stage) -> Iterator[tuple[Instruction, str]]:
    for each in stage.instructions:
        if each.name == "RUN":
            yield each, "\n".join((each.value, *each.heredocs))


def _before(file: Dockerfile, stage: Stage, each: Instruction) -> str:
    """What ran and was copied before a step, in its stage and in those it builds on."""
    steps = [one for of in file.lineage(stage) for one in of.instructions if of is not stage or one.line < each.line]
    return "\n".join(f"{one.name} {one.value} {' '.join(one.heredocs)}" for one in steps)


def _managers(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    for stage in file.stages:
        image = file.lineage(stage)[-1].image
        of = family(image)
        for each, text in _runs(stage) if of else ():
            # A script for several systems asks which one it is on.
            if re.search(r"\bif\b|command -v|which |\bcase\b|\btype ", text):
                continue
            if match := _INSTALL[of].search(text):
                yield Hit(each.line, f"`{image.partition('@')[0]}` has no {match[1]}: it is {of.capitalize()}")
            elif (
                of == "alpine" and (match := _SHADOW.search(text)) and "shadow" not in text + _before(file, stage, each)
            ):
                yield Hit(each.line, f"`{image.partition('@')[0]}` has no {match[1]}: take adduser, or add `shadow`")


def _lists(files: Files, path: str) -> Iterator[Hit]:
    """Packages that are installed where no list of them has been fetched: official images bring none, and apt asks for none."""
    file = parse(files.text(path))
    for stage in file.stages:
        image = file.lineage(stage)[-1].image
        for each, text in _runs(stage) if family(image) == "debian" else ():
            found = _APT.search(text)
            if found and not _UPDATED.search(text) and not _UPDATED.search(_before(file, stage, each)):
                yield Hit(
                    each.line,
                    f"no list of packages is there: `{found[0]}` finds nothing in `{image.partition('@')[0]}`",
                )


def _lacks(image: str, program: str) -> bool:
    """Whether an official image surely comes without curl or wget."""
    match = _OFFICIAL.fullmatch(image)
    if match is None:
        return False
    name, tag = match["name"], match["tag"] or ""
    if family(image) == "alpine":
        return program == "curl" and name in ("alpine", "python", "node", "golang", "ruby", "rust")
    return name in ("debian", "ubuntu") or (name in ("python", "node", "ruby", "rust") and "slim" in tag)


def _checks(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    for stage in file.stages[-1:]:
        check, image = stage.last("HEALTHCHECK"), file.lineage(stage)[-1].image
        match = re.search(r"(?:CMD|CMD-SHELL)[\s\[\"']+(?:/usr/bin/)?(curl|wget)\b", check.value) if check else None
        if check is None or match is None or not _lacks(image, match[1]):
            continue
        steps = "\n".join(
            f"{one.value} {' '.join(one.heredocs)}"
            for of in file.lineage(stage) for one in of.instructions if one.name in ("RUN", "COPY", "ADD")
        )  # fmt: skip
        if not re.search(rf"\b{match[1]}\b|\.sh\b|install\b[^&|;]*\$|playwright|(?:^|\s)/ /(?:\s|$)", steps):
            yield Hit(
                check.line,
                f"`{image.partition('@')[0]}` has no {match[1]}, and nothing adds it: the check always fails",
            )


def _supported(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    last_line = file.lineage(file.stages[-1]) if file.stages and not _ASIDE.search(path) else []
    for stage in file.stages if last_line else ():
        image = stage.image
        # What is compiled for old systems is compiled on an old one, and only copied from there.
        if (
            family(image)
            and not any(stage is each for each in last_line)
            and not re.search(r"python|node|golang|ruby|php", image)
        ):
            continue
        if _CENTOS.match(image):
            yield Hit(stage.instruction.line, "CentOS Linux gets no updates any more")
            continue
        match = _OFFICIAL.fullmatch(image)
        tag = match["tag"] or "" if match else ""
        old = next((said for word, said in _CODENAMES.items() if re.search(rf"(?:^|-){word}(?:-|$)", tag)), "")
        numbers = re.match(r"(\d+)(?:\.(\d+))?", tag)
        if match and numbers and (last := _ENDED.get(match["name"])):
            given = tuple(int(each) for each in numbers.groups() if each)[: len(last)]
            # `python:3` is the newest of its kind.
            if (len(given) == len(last) and given <= last) or given[0] < last[0]:
                old = f"{match['name']} {numbers[0]}"
        if old:
            yield Hit(stage.instruction.line, f"`{image.partition('@')[0]}`: {old} gets no updates any more")


_D = "Dockerfile"


def _of(*lines: str) -> dict[str, str]:
    return {_D: "\n".join(lines) + "\n"}


_CURL = "HEALTHCHECK CMD curl -f http://localhost/ || exit 1"

RULES = (
    Rule("dockerfile/package-manager", "error", "The build stops there: take the programs of the base image.", "Alpine Linux has apk and BusyBox; Debian and Ubuntu have apt.", is_dockerfile, _managers,
         bad=(_of("FROM python:3.13-alpine", "RUN apt-get update && apt-get install -y curl"), _of("FROM debian:12", "RUN apk add --no-cache curl"), _of("FROM alpine:3.22", "RUN useradd -u 1000 app")),
         good=(_of("FROM python:3.13-slim", "RUN apt-get update && apt-get install -y curl"), _of("FROM alpine:3.22", "RUN apk add --no-cache shadow && useradd app"), _of("FROM acme/alpine:1", "RUN apt-get update"), _of("FROM ubuntu:24.04", "RUN if command -v apk; then apk add x; else apt-get update; fi"))),
    Rule("dockerfile/no-package-list", "error", "Fetch it in the same step: apt-get update && apt-get install.", "Docker documentation, Building best practices, apt-get: official images bring no lists of packages.", is_dockerfile, _lists,
         bad=(_of("FROM python:3.13-slim", "RUN apt-get install -y libpq5"), _of("FROM debian:12 AS a", "RUN apt-get update", "FROM debian:12", "RUN apt-get -y install curl")),
         good=(_of("FROM debian:12", "RUN apt-get update && apt-get install -y a"), _of("FROM debian:12 AS a", "RUN apt-get update", "FROM a", "RUN apt-get install -y a"), _of("FROM node:22", "RUN curl -s https://a.b/setup | bash -", "RUN apt-get install -y a"), _of("FROM alpine:3.22", "RUN apk add a"), _of("FROM acme/base:1", "RUN apt-get install -y a"))),
    Rule("dockerfile/check-without-program", "warning", "Ask with what the image has (its own language, BusyBox's wget), or add the program.", "The images' own Dockerfiles: slim images and Debian have neither curl nor wget, Alpine has BusyBox's wget.", is_dockerfile, _checks,
         bad=(_of("FROM python:3.13-slim", _CURL), _of("FROM node:22-alpine", _CURL), _of("FROM debian:12-slim", "HEALTHCHECK CMD wget -q http://localhost/")),
         good=(_of("FROM debian:12", "ARG P", "RUN apt-get update && apt-get install -y $P", _CURL), _of("FROM python:3.13", _CURL), _of("FROM node:22-alpine", "HEALTHCHECK CMD wget -q http://localhost/"), _of("FROM python:3.13-slim AS a", "RUN apt-get update && apt-get install -y curl", "FROM a", _CURL), _of("FROM nginx:1.29-alpine", _CURL))),
    Rule("dockerfile/unsupported-base", "warning", "Take a version that still gets fixes of security.", "endoflife.date, and the projects' own tables of supported versions.", is_dockerfile, _supported,
         bad=(_of("FROM python:3.7-slim"), _of("FROM node:14-alpine AS a"), _of("FROM centos:7"), _of("FROM debian:stretch-slim"), _of("FROM ubuntu:16.04"), _of("FROM python:2")),
         good=(_of("FROM debian:9 AS a", "FROM debian:12"), {"tests/Dockerfile": "FROM node:14\n"}, _of("FROM python:3.13-slim"), _of("FROM python:3"), _of("FROM node:22"), _of("FROM debian:12"), _of("FROM ubuntu:24.04"), _of("FROM alpine:3"), _of("FROM golang:1"))),
)  # fmt: skip
