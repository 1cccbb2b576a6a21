"""Kubernetes: names within a pod that the API refuses twice, files of a volume that are not in it, and how a pod ends."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import PLACEHOLDER, containers, is_whole, named, objects, pod_of
from boringops_tools.checks.kubernetes_held import Keys, anywhere, held
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_GRACE = 30
"""Seconds, where nothing is said."""
_SLEEP = lazy_pattern(r"(?:^|[\s;&/])sleep\s+(\d+)(?:s?\b)")


def _twice(files: Files, path: str) -> Iterator[Hit]:
    """Containers and volumes of one name, and two volumes in one place."""
    for thing in objects(files, path):
        pod = pod_of(thing)
        lists = [("container", "name", list(containers(pod)))]
        lists.append(("volume", "name", [mapping(each) for each in listed(mapping(pod, "spec").get("volumes"))]))
        for each in containers(pod):
            mounts = [mapping(one) for one in listed(each.get("volumeMounts"))]
            lists.append((f"mount of `{each.get('name')}`", "mountPath", mounts))
        for what, key, entries in lists:
            seen: set[str] = set()
            for entry in entries:
                value = entry.get(key)
                if isinstance(value, str) and value in seen and not PLACEHOLDER.search(value):
                    yield Hit(at((entry, key)), f"{named(thing)}: {what} `{value}` is there twice")
                seen.add(str(value))


def _keys(files: Files, path: str, kind: str, name: Any) -> Keys:
    """The keys of a ConfigMap or Secret that is in the folder; null where they, or those of another one of its name, are not known."""
    if not isinstance(name, str) or PLACEHOLDER.search(name):
        return None
    here, everywhere = held(files, path, kind).get(name), anywhere(files, kind).get(name)
    return here | everywhere if here is not None and everywhere is not None else None


def _sources(pod: Mapping[Any, Any]) -> Iterator[tuple[str, str, Any, Mapping[Any, Any]]]:
    """(volume, kind, name, source) of volumes that are a ConfigMap or a Secret and have to be there."""
    for volume in listed(mapping(pod, "spec").get("volumes")):
        for field, kind, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            source = mapping(volume, field)
            if source and source.get("optional") is not True:
                yield str(mapping(volume).get("name")), kind, source.get(key), source


def _contents(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        pod = pod_of(thing)
        inside: dict[str, set[str]] = {}
        for volume, kind, name, source in _sources(pod):
            keys = _keys(files, path, kind, name)
            items = [mapping(each) for each in listed(source.get("items"))]
            for item in items:
                if keys is not None and isinstance(item.get("key"), str) and item["key"] not in keys:
                    has = ", ".join(sorted(keys)) or "nothing"
                    yield Hit(
                        at((item, "key")),
                        f"{named(thing)} mounts `{item['key']}` of the {kind} `{name}`, which has {has}",
                    )
            if items:
                inside[volume] = {str(item.get("path")) for item in items}
            elif keys is not None:
                inside[volume] = keys
        for container in containers(pod):
            for mount in listed(container.get("volumeMounts")):
                volume, part = str(mapping(mount).get("name")), mapping(mount).get("subPath")
                there = inside.get(volume)
                if there is None or not isinstance(part, str) or PLACEHOLDER.search(part):
                    continue
                if part not in there and not any(each.startswith(f"{part.rstrip('/')}/") for each in there):
                    yield Hit(
                        at((mount, "subPath")),
                        f"{named(thing)} mounts `{part}` of the volume `{volume}`, which has {', '.join(sorted(there)) or 'nothing'}",
                    )


def _stops(files: Files, path: str) -> Iterator[Hit]:
    """Hooks that sleep for longer than the pod is given to end: it is killed in the middle of them."""
    for thing in objects(files, path):
        spec = mapping(pod_of(thing), "spec")
        grace = spec.get("terminationGracePeriodSeconds", _GRACE)
        if not is_whole(thing) or not isinstance(grace, int):
            continue
        for container in containers(pod_of(thing)):
            hook = mapping(container, "lifecycle", "preStop")
            slept = mapping(hook, "sleep").get("seconds")
            words = " ".join(map(str, listed(mapping(hook, "exec").get("command"))))
            match = _SLEEP.search(words)
            seconds = slept if isinstance(slept, int) else int(match[1]) if match else 0
            if seconds and seconds >= grace:
                yield Hit(
                    at((container["lifecycle"], "preStop")),
                    f"{named(thing)}: preStop sleeps for {seconds} s, and the pod is killed after {grace} s",
                )


_DOC = "Kubernetes API reference"
_P = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  terminationGracePeriodSeconds: {grace}\n  volumes:\n  - name: v\n    configMap: {{name: m{items}}}\n  - {{name: {second}, emptyDir: {{}}}}\n  initContainers: [{{name: {init}, image: 'a/b:1'}}]\n  containers:\n  - name: c\n    image: a/b:1\n    lifecycle: {{preStop: {{{stop}}}}}\n    volumeMounts: [{{name: v, mountPath: /v/x{part}}}, {{name: w, mountPath: {place}}}]\n"
_M = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {x.conf: y}\n"


def _pod(**given: str) -> dict[str, str]:
    usual = {"grace": "30", "items": "", "second": "w", "init": "i", "stop": "exec: {command: [sleep, '5']}", "part": "", "place": "/w"}  # fmt: skip
    return {"a.yaml": _P.format(**{**usual, **given}) + _M}


RULES = (
    Rule("k8s/twice", "error", "The API refuses it: give each a name, or a place, of its own.", f"{_DOC}: names of containers and volumes are unique in a pod, and mount paths in a container.", is_yaml, _twice,
         bad=(_pod(init="c"), _pod(second="v"), _pod(place="/v/x")), good=(_pod(), {"a.yaml": _pod()["a.yaml"].partition("---")[0] + "---\n" + _pod()["a.yaml"].partition("---")[0].replace("{name: a}", "{name: b}")})),
    Rule("k8s/volume-content", "error", "The container does not start, or finds a folder in the file's place: name what is in the volume.", f"{_DOC}: items name keys of the data, subPath a path within the volume.", is_yaml, _contents,
         bad=(_pod(items=", items: [{key: y.conf, path: x.conf}]"), _pod(part=", subPath: y.conf"), _pod(items=", items: [{key: x.conf, path: z.conf}]", part=", subPath: x.conf")),
         good=(_pod(), _pod(part=", subPath: x.conf"), _pod(items=", items: [{key: x.conf, path: d/z.conf}]", part=", subPath: d"), {"a.yaml": _pod(part=", subPath: y.conf")["a.yaml"].partition("---")[0]}, {**_pod(part=", subPath: y.conf"), "o/m.yaml": _M.removeprefix("---\n").replace("x.conf", "y.conf")})),
    Rule("k8s/killed-in-hook", "warning", "Raise terminationGracePeriodSeconds above what the hook and the program need together.", f"{_DOC}: the grace period runs from before preStop is called.", is_yaml, _stops,
         bad=(_pod(stop="exec: {command: [sh, -c, 'sleep 45 && x']}"), _pod(stop="sleep: {seconds: 30}"), _pod(grace="10", stop="exec: {command: [/bin/sleep, '15']}")), good=(_pod(), _pod(grace="60", stop="sleep: {seconds: 30}"))),
)  # fmt: skip
