"""Compose: what a service is made of, and values that Compose or the engine refuses."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.dockerfile import parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_DURATION = lazy_pattern(r"0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_RESTART = lazy_pattern(r"no|always|unless-stopped|on-failure(?::\d+)?")
_TIMES = ("interval", "timeout", "start_period", "start_interval")


def _services(files: Files, path: str) -> Iterator[tuple[str, Mapping[Any, Any], Mapping[Any, Any]]]:
    for document in files.documents(path)[:1]:
        services = mapping(document, "services")
        for name, service in services.items():
            yield str(name), mapping(service), services


def _is_base(path: str) -> bool:
    """compose.yaml itself: what stands beside it may only add to its services."""
    return is_compose(path) and bool(re.fullmatch(r"(?:docker-)?compose\.ya?ml", posixpath.basename(path)))


def _nothing(files: Files, path: str) -> Iterator[Hit]:
    beside = [each for each in files.siblings(path) if is_compose(each) and each != path]
    document = mapping((files.documents(path) or ({},))[0])
    for name, service, services in _services(files, path):
        whole = {"image", "build", "extends", "provider"} & set(service)
        if not whole and not beside and "include" not in document and "<<" not in service:
            yield Hit(at((services, name)), f"service `{name}` has neither `image` nor `build`")


def _extends(files: Files, path: str) -> Iterator[Hit]:
    for name, service, services in _services(files, path):
        extends = service.get("extends")
        other = extends.get("service") if isinstance(extends, Mapping) else extends
        source = extends.get("file") if isinstance(extends, Mapping) else None
        known: Mapping[Any, Any] | None = services
        if isinstance(source, str):
            place = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), source))
            found = files.documents(place)
            known = mapping(mapping(found[0]), "services") if found else None
        if isinstance(other, str) and known is not None and other not in known and "$" not in other:
            yield Hit(at((service, "extends")), f"service `{name}` extends `{other}`, which is no service")


def _folders(files: Files, path: str) -> Iterator[Hit]:
    for name, service, _ in _services(files, path):
        build = service.get("build")
        context = build.get("context", ".") if isinstance(build, Mapping) else build
        dockerfile = build.get("dockerfile") if isinstance(build, Mapping) else None
        if not isinstance(context, str) or "$" in context or ":" in context or context.startswith(("/", "~")):
            continue
        folder = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), context))
        if folder.startswith("..") or files.ignored(folder):
            continue
        where = at((build, "context"), (service, "build"))
        if folder != "." and folder not in files.folders:
            yield Hit(where, f"service `{name}` is built from `{context}`, which is no folder of the repository")
            continue
        inline = isinstance(build, Mapping) and "dockerfile_inline" in build
        wanted = dockerfile if isinstance(dockerfile, str) else "Dockerfile"
        place = posixpath.normpath(posixpath.join(folder, wanted))
        if (
            not inline
            and "$" not in wanted
            and not place.startswith("..")
            and not wanted.startswith("/")
            and place not in files.known
        ) and not files.ignored(place):
            yield Hit(where, f"service `{name}` is built from `{place}`, which is not in the repository")
        target = build.get("target") if isinstance(build, Mapping) and not inline else None
        if isinstance(target, str) and "$" not in target and place in files.known:
            stages = [stage.alias for stage in parse(files.text(place)).stages]
            if target.lower() not in stages and not target.isdigit():
                known = ", ".join(filter(None, stages)) or "none with a name"
                yield Hit(at((build, "target")), f"service `{name}`: {place} has no stage `{target}`; there is {known}")


def _values(files: Files, path: str) -> Iterator[Hit]:
    for name, service, _ in _services(files, path):
        restart = service.get("restart")
        if isinstance(restart, bool) or (
            isinstance(restart, str) and "$" not in restart and not _RESTART.fullmatch(restart)
        ):
            hint = ' (quote "no")' if restart is False else ""
            if restart is not False:
                yield Hit(
                    at((service, "restart")),
                    f"service `{name}`: `restart: {restart}` is no, always, on-failure or unless-stopped{hint}",
                )
        replicas = mapping(service, "deploy").get("replicas")
        if isinstance(replicas, str) and "$" not in replicas and not replicas.isdigit():
            yield Hit(at((service["deploy"], "replicas")), f"service `{name}`: `replicas: {replicas}` is no number")
        for owner, key in ((mapping(service, "healthcheck"), "retries"), (service, "pids_limit"), (service, "scale")):
            value = owner.get(key)
            if isinstance(value, str) and "$" not in value and not re.fullmatch(r"-?\d+", value):
                yield Hit(at((owner, key)), f"service `{name}`: `{key}: {value}` is no number")
        check = mapping(service, "healthcheck")
        for key in _TIMES:
            value = check.get(key)
            if isinstance(value, str) and "$" not in value and not _DURATION.fullmatch(value):
                yield Hit(at((check, key)), f"service `{name}`: `{key}: {value}` is no duration such as 10s or 1m30s")
        if (
            isinstance(value := service.get("stop_grace_period"), str)
            and "$" not in value
            and not _DURATION.fullmatch(value)
        ):
            yield Hit(
                at((service, "stop_grace_period")), f"service `{name}`: `{value}` is no duration such as 10s or 1m30s"
            )


_DOC = "Compose specification"
_C = "compose.yaml"

RULES = (
    Rule(
        "compose/nothing-to-run", "error", "Compose refuses the service: give it an `image` or a `build`.",
        f"{_DOC}: a service needs image or build, by itself or by what it extends.", _is_base, _nothing,
        bad=({_C: "services:\n  a: {ports: ['80:80']}\n"},),
        good=({_C: "services:\n  a: {build: .}\n  b: {image: 'a:1'}\n  c: {extends: {service: a}}\n", "Dockerfile": "FROM a:1\n"}, {_C: "include: [x.yaml]\nservices: {a: {ports: ['80:80']}}\n"}, {_C: "services: {a: {ports: ['80:80']}}\n", "compose.prod.yaml": "services: {a: {image: 'a:1'}}\n"}),
    ),
    Rule(
        "compose/extends", "error", "Compose refuses the file: extend a service that is there.",
        f"{_DOC}: extends names a service of the same file, or of the one that `file` names.", is_compose, _extends,
        bad=({_C: "services:\n  a: {image: 'a:1', extends: {service: b}}\n"}, {_C: "services:\n  a: {extends: {file: x.yaml, service: c}}\n", "x.yaml": "services: {b: {image: 'a:1'}}\n"}),
        good=({_C: "services:\n  a: {extends: b}\n  b: {image: 'a:1'}\n  c: {extends: {file: x.yaml, service: b}}\n", "x.yaml": "services: {b: {image: 'a:1'}}\n"},),
    ),
    Rule(
        "compose/build", "error", "Compose cannot build it: name a folder and a Dockerfile that are there.",
        f"{_DOC}, build: context is a folder, relative to the Compose file, dockerfile a file relative to it.", is_compose, _folders,
        bad=({_C: "services: {a: {build: ./app}}\n", "api/Dockerfile": "FROM a:1\n"}, {_C: "services: {a: {build: {context: ., dockerfile: b.Dockerfile}}}\n", "Dockerfile": "FROM a:1\n"}, {_C: "services: {a: {build: {context: ., target: dev}}}\n", "Dockerfile": "FROM a:1 AS development\n"}),
        good=({_C: "services: {a: {build: {context: ., target: Development}}}\n", "Dockerfile": "FROM a:1 AS development\n"}, {_C: "services:\n  a: {build: ./api}\n  b: {build: 'https://github.com/a/b.git'}\n  c: {build: '${DIR}'}\n  d: {build: {context: ., dockerfile_inline: 'FROM a:1'}}\n", "api/Dockerfile": "FROM a:1\n"},),
    ),
    Rule(
        "compose/value", "error", "Write it as Compose reads it.",
        f"{_DOC}: restart is no, always, on-failure[:n] or unless-stopped; durations are numbers with us, ms, s, m or h.", is_compose, _values,
        bad=({_C: "services: {a: {image: 'a:1', restart: sometimes}}\n"}, {_C: "services: {a: {image: 'a:1', healthcheck: {test: a, interval: 10 seconds}}}\n"}, {_C: "services: {a: {image: 'a:1', deploy: {replicas: two}}}\n"}, {_C: "services: {a: {image: 'a:1', healthcheck: {test: a, retries: five}}}\n"}),
        good=({_C: "services: {a: {image: 'a:1', restart: 'on-failure:3', healthcheck: {test: a, interval: 1m30s, timeout: '${T}'}}, b: {image: 'a:1', restart: 'no'}}\n"},),
    ),
)  # fmt: skip
