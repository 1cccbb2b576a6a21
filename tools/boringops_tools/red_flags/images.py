"""Images that can change under the same name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.dockerfile import is_dockerfile, parse, substitute
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_compose, is_manifest, is_workflow, is_yaml, line_of, walk

_NEVER = "Use `latest` tag in production (always pin versions)"
_MOVING = frozenset(
    {"latest", "stable", "edge", "nightly", "master", "main", "dev", "develop", "lts", "current", "rolling"}
)
Named = tuple[int | None, Any]  # whatever stands where the reference should


def images(path: str, text: str) -> Iterator[Named]:
    """(line, reference) of the images that a file runs or builds on, arguments filled in. Raises Unreadable."""
    if is_dockerfile(path):
        yield from _dockerfile(text)
        return
    for document in documents(text):
        if is_workflow(path):
            yield from _workflow(document)
        elif is_compose(path):
            yield from _compose(document)
        elif is_manifest(document):
            yield from ((line_of(parent, key), value) for parent, key, value in walk(document) if key == "image")


def _dockerfile(text: str) -> Iterator[Named]:
    file = parse(text)
    for stage in file.stages:
        if stage.image.lower() != "scratch" and file.base_of(stage) is None:
            yield stage.instruction.line, stage.image
        earlier = {each.alias for each in file.stages}
        for each in stage.instructions:
            source = next((word[7:] for word in each.value.split() if word.startswith("--from=")), "")
            if each.name == "COPY" and source and not source.isdigit() and source.lower() not in earlier:
                yield each.line, source


def _compose(document: Any) -> Iterator[Named]:
    services = document.get("services") if isinstance(document, Mapping) else None
    for service in services.values() if isinstance(services, Mapping) else ():
        # With `build` the image is the name that the result gets.
        if isinstance(service, Mapping) and "image" in service and "build" not in service:
            yield line_of(service, "image"), service["image"]


def _workflow(document: Any) -> Iterator[Named]:
    jobs = document.get("jobs") if isinstance(document, Mapping) else None
    for job in jobs.values() if isinstance(jobs, Mapping) else ():
        if not isinstance(job, Mapping):
            continue
        services = job.get("services")
        places: list[tuple[Mapping[Any, Any], Any]] = [(job, "container")]
        if isinstance(services, Mapping):
            places += [(services, name) for name in services]
        for parent, key in places:
            value = parent.get(key)
            if isinstance(value, Mapping):
                yield line_of(value, "image"), value.get("image")
            else:
                yield line_of(parent, key), value


def tag_of(reference: Any) -> str | None:
    """The tag of an image, empty where it has none; null where it is pinned by digest or cannot be known here."""
    if not isinstance(reference, str) or not reference or "@" in reference:
        return None
    reference = substitute(reference, {})  # ${TAG:-1.2} has a default
    last = reference.rsplit("/", 1)[-1]
    name, colon, tag = last.partition(":")
    if "$" in (tag if colon else name) or "{{" in reference:
        return None  # decided elsewhere
    return str(tag)


def _latest(path: str, text: str) -> Iterable[Hit]:
    for line, image in images(path, text):
        tag = tag_of(image)
        if tag is not None and tag.lower() in _MOVING:
            yield Hit(line, f"image {image} has the moving tag `{tag}`")


def _untagged(path: str, text: str) -> Iterable[Hit]:
    for line, image in images(path, text):
        if tag_of(image) == "":
            yield Hit(line, f"image {image} has no tag, which means `latest`")


def _undigested(path: str, text: str) -> Iterable[Hit]:
    for line, image in images(path, text):
        tag = tag_of(image)
        if tag and tag.lower() not in _MOVING:
            yield Hit(line, f"image {image} is not pinned by digest: its tag can be moved")


def _applies(path: str) -> bool:
    return is_dockerfile(path) or is_yaml(path)


_DIGEST = "sha256:" + "0123456789abcdef" * 4
_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: {}\n"

RED_FLAGS = (
    RedFlag(
        "image/latest", _NEVER, "error", "Name a version: a moving tag deploys something else tomorrow, and cannot be rolled back to.",
        applies=_applies, check=_latest,
        bad={
            "Dockerfile": "FROM node:latest\n",
            "api.Dockerfile": "ARG TAG=latest\nFROM node:${TAG} AS build\nFROM build\n",
            "compose.yaml": "services:\n  db:\n    image: postgres:latest\n",
            "k8s/app.yaml": _POD.format("acme/app:latest"),
            ".github/workflows/ci.yml": "jobs:\n  a:\n    container: node:latest\n    services:\n      db:\n        image: postgres:16\n",
        },
        good={
            "Dockerfile": "ARG V=22\nFROM node:$V AS latest\nFROM latest\nCOPY --from=latest /a /a\n# FROM node:latest\n"
            f"FROM x:latest@{_DIGEST}\n",
            "compose.yaml": "services:\n  app:\n    build: .\n    image: app:latest\n  db:\n    image: postgres:${PG:-16}\n",
            "k8s/app.yaml": _POD.format("acme/app:1.2"),
            "values.yaml": "image: node:latest\n",
        },
    ),
    RedFlag(
        "image/untagged", _NEVER, "error", "Name a version: without one the builder takes `latest`.",
        applies=_applies, check=_untagged,
        bad={
            "Dockerfile": "FROM registry.acme.io:5000/node\n",
            "compose.yml": "services:\n  r:\n    image: redis\n",
            "k8s/app.yaml": _POD.format("acme/app"),
            ".github/workflows/ci.yml": "jobs:\n  a:\n    services:\n      db:\n        image: postgres\n",
        },
        good={
            "Dockerfile": f"ARG IMAGE\nFROM $IMAGE\nFROM scratch\nFROM node:22\nFROM node@{_DIGEST}\nFROM a/${{NAME}}\n",
            "compose.yml": "services:\n  r:\n    image: ${REDIS_IMAGE}\n",
        },
    ),
    RedFlag(
        "image/no-digest", _NEVER, "info", "A digest names the very bytes; a bot keeps it up to date.",
        applies=_applies, check=_undigested,
        bad={"Dockerfile": "FROM node:22-slim\n"},
        good={"Dockerfile": f"FROM node:22-slim@{_DIGEST}\nFROM scratch\n"},
    ),
)  # fmt: skip
