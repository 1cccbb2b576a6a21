"""The images that pipelines run their jobs, services and steps in, one reader for each system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.yaml_files import line_of, walk

Named = tuple[int | None, Any]  # whatever stands where the reference should


def of_workflow(document: Any) -> Iterator[Named]:
    jobs = document.get("jobs") if isinstance(document, Mapping) else None
    for job in jobs.values() if isinstance(jobs, Mapping) else ():
        if not isinstance(job, Mapping):
            continue
        yield from _used(job)
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


def _used(owner: Mapping[Any, Any]) -> Iterator[Named]:
    """The images that steps are run in: `uses: docker://image`."""
    steps = owner.get("steps")
    for step in steps if isinstance(steps, list) else ():
        uses = step.get("uses") if isinstance(step, Mapping) else None
        if isinstance(uses, str) and uses.startswith("docker://"):
            yield line_of(step, "uses"), uses.removeprefix("docker://")


def of_action(document: Any) -> Iterator[Named]:
    """What an action runs in, or lets its steps run in."""
    runs = document.get("runs") if isinstance(document, Mapping) else None
    if isinstance(runs, Mapping):
        yield from _used(runs)
        image = runs.get("image")
        if isinstance(image, str) and image.startswith("docker://"):
            yield line_of(runs, "image"), image.removeprefix("docker://")


def of_gitlab(document: Any) -> Iterator[Named]:
    """The images of the whole pipeline and of each job, those of templates (`.name`) included."""
    for holder in (document, *document.values()) if isinstance(document, Mapping) else ():
        if not isinstance(holder, Mapping):
            continue
        yield from _either(holder, "image", "name")
        services = holder.get("services")
        for index in range(len(services) if isinstance(services, list) else 0):
            yield from _either(services, index, "name")


def of_circle(document: Any) -> Iterator[Named]:
    """The images of jobs and executors; those of machines are the vendor's own."""
    for group in ("jobs", "executors"):
        holders = document.get(group) if isinstance(document, Mapping) else None
        for holder in holders.values() if isinstance(holders, Mapping) else ():
            docker = holder.get("docker") if isinstance(holder, Mapping) else None
            for index in range(len(docker) if isinstance(docker, list) else 0):
                yield from _either(docker, index, "image")


def of_azure(document: Any) -> Iterator[Named]:
    """What jobs run in: an image, or the name of a container resource, which has an image itself."""
    resources = document.get("resources") if isinstance(document, Mapping) else None
    declared = resources.get("containers") if isinstance(resources, Mapping) else None
    containers = [each for each in declared or () if isinstance(each, Mapping)] if isinstance(declared, list) else []
    names = {each.get("container") for each in containers}
    for each in containers:
        if "image" in each:
            yield line_of(each, "image"), each["image"]
    for parent, key, value in walk(document):
        name = value.get("image") if isinstance(value, Mapping) else value
        if key == "container" and parent not in containers and name not in names:
            yield line_of(parent, key), name


def of_steps(document: Any) -> Iterator[Named]:
    """The images of steps and services in containers."""
    for parent, key, value in walk(document):
        if key == "image" and isinstance(value, str):
            yield line_of(parent, key), value


def _either(parent: Any, key: Any, inner: str) -> Iterator[Named]:
    """An image that is given by itself or as a mapping."""
    value = parent[key] if isinstance(parent, list) else parent.get(key)
    if isinstance(value, Mapping):
        yield line_of(value, inner), value.get(inner)
    else:
        yield line_of(parent, key), value
