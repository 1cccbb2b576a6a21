"""Kustomize: what a Kustomization says of objects that it does not have, which the build passes over in silence."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, pod_of
from boringops_tools.checks.kustomize import (
    Kustomization,
    Taken,
    everything_below,
    includers,
    is_kustomization,
    of,
    patches,
    targets,
)
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, walk

_TAG = r"(?::[\w.{}-]*)?(?:@sha256:[0-9a-f]{64})?"
_MOVING = r"(?:main|master|HEAD|head|trunk|develop|dev|latest)"
_GIT = lazy_pattern(
    r"^(?:git@|ssh://|git::|https?://)[^?]*(?:\.git\b|//(?!/)|github\.com/[^/]+/[^/?]+/?(?:\?|$))|^(?:[\w-]+\.)+[a-z]+/[^?]*//"
)
_WEB = lazy_pattern(
    rf"^https?://(?:raw\.githubusercontent\.com/[^/]+/[^/]+/(?:refs/heads/)?{_MOVING}/|[^/]+/[^/]+/[^/]+/(?:raw|-/raw)/(?:refs/heads/)?{_MOVING}/|[^/]+/[^/]+/[^/]+/releases/latest/)"
)


def _whole(files: Files, path: str) -> Kustomization | None:
    """A Kustomization of which all is here, and which is no Component: that one is for others to lay over theirs."""
    read = of(files, path)
    return read if read and read.complete and read.taken and read.document.get("kind") != "Component" else None


def _images(files: Files, path: str) -> Iterator[Hit]:
    read = _whole(files, path)
    if read is None:
        return
    bodies = [
        body for each in everything_below(read) for _, _, _, documents in patches(files, each) for body in documents
    ]
    known, others = set[str](), ""
    for thing in [*(each.thing for each in read.taken), *bodies]:
        known |= {value for _, key, value in walk(thing) if key == "image" and isinstance(value, str)}
        if (
            is_manifest(thing)
            and not pod_of(thing)
            and thing["kind"] not in ("ConfigMap", "Secret", "Service", "Ingress")
        ):
            others += str(thing)
    known |= {
        str(mapping(one).get("newName"))
        for each in everything_below(read)
        for one in listed(each.document.get("images"))
    }
    if not any(pod_of(each.thing) for each in read.taken):
        return
    for entry in listed(read.document.get("images")):
        name = mapping(entry).get("name")
        if not isinstance(name, str) or "$" in name or name in others:
            continue
        try:
            there = any(re.fullmatch(f"{name}{_TAG}", each) for each in known)
        except re.error:
            continue
        if not there:
            run = sorted({re.sub(rf"{_TAG}$", "", each) for each in known if each != "None"})
            near = difflib.get_close_matches(name, run, 1, 0) or [""]
            yield Hit(
                at((entry, "name")), f"no container runs `{name}`, so that nothing is replaced; here is `{near[0]}`"
            )


def _chosen_of(files: Files, read: Kustomization, depth: int = 0) -> list[Taken] | None:
    """The objects that patches of a Kustomization may mean; null where not all of them are known."""
    taken, complete = list(read.taken), read.complete
    if read.document.get("kind") == "Component":
        above = [of(files, each) for each in includers(files).get(read.folder or ".", ())]
        # A Component may be a part of another one: what that is laid over counts.
        seen = [_chosen_of(files, each, depth + 1) if each and depth < 10 else None for each in above]
        taken += [one for each in seen for one in each or ()]
        complete = complete and bool(seen) and all(each is not None for each in seen)
    return taken if complete and taken else None


def _targets(files: Files, path: str) -> Iterator[Hit]:
    read = of(files, path)
    among = _chosen_of(files, read) if read else None
    if read is None or among is None:
        return
    asked = [target for target, _, _, _ in patches(files, read) if target]
    asked += [
        mapping(one, "select")
        for each in listed(read.document.get("replacements"))
        for one in listed(mapping(each).get("targets"))
    ]
    for target in asked:
        if target and not targets(target, among) and "$" not in str(target.get("name")):
            called = f"{target.get('kind') or 'object'} `{target.get('name') or ''}`"
            same = sorted(
                str(mapping(each.thing, "metadata").get("name"))
                for each in among
                if each.thing["kind"] == target.get("kind")
            )
            here = f"; here is `{same[0]}`" if same else ""
            yield Hit(at((target, "name"), (target, "kind")), f"there is no {called} here that it could change{here}")


def _laid_over(target: Mapping[Any, Any], body: Mapping[Any, Any], among: list[Taken]) -> list[Taken]:
    if target:
        return targets(target, among)
    name = str(mapping(body, "metadata").get("name"))
    return [each for each in among if each.thing["kind"] == body["kind"] and name in each.names]


def _containers(files: Files, path: str) -> Iterator[Hit]:
    """Patches of a container that their workload does not have: they add one, and that has no image."""
    read = of(files, path)
    among = _chosen_of(files, read) if read else None
    if read is None or among is None:
        return
    added = {
        str(value["name"])
        for each in everything_below(read) for _, _, _, bodies in patches(files, each) for body in bodies
        for _, _, value in walk([body]) if isinstance(value, Mapping) and "image" in value and "name" in value
    }  # fmt: skip
    for target, entry, place, bodies in patches(files, read):
        for body in (each for each in bodies if is_manifest(each)):
            laid = _laid_over(target, body, among)
            known = {str(each.get("name")) for one in laid for each in containers(pod_of(one.thing))}
            for each in containers(pod_of(body)) if known else ():
                name = str(each.get("name"))
                if name not in known | added and not {"image", "$patch"} & set(each) and "$" not in name:
                    line = at((each, "name")) if place == path else None
                    owner = f"{body['kind']} `{mapping(laid[0].thing, 'metadata').get('name')}`"
                    yield Hit(
                        line or _line(read, entry),
                        f"the patch of {owner} in {place} adds a container `{name}` without an image; there {'is' if len(known) == 1 else 'are'} {', '.join(f'`{one}`' for one in sorted(known))}",
                    )


def _line(read: Kustomization, entry: Any) -> int | None:
    """The line of an entry of one of the lists of patches."""
    for key in ("patches", "patchesJson6902", "patchesStrategicMerge"):
        entries = listed(read.document.get(key))
        for position, each in enumerate(entries):
            if each is entry:
                return at((entries, position), (read.document, key))
    return 1


def _paths(files: Files, path: str) -> Iterator[Hit]:
    """Steps of a JSON patch that replace what is not there, and leave what was meant as it is."""
    read = of(files, path)
    among = _chosen_of(files, read) if read else None
    if read is None or among is None:
        return
    for target, entry, place, bodies in patches(files, read):
        laid = targets(target, among) if target else []
        for step in (one for body in bodies for one in listed(body) if len(laid) == 1):
            asked = mapping(step).get("path")
            if mapping(step).get("op") not in ("replace", "remove", "test") or not isinstance(asked, str):
                continue
            parent, key = _parent(laid[0].thing, asked)
            near = difflib.get_close_matches(key, [str(each) for each in parent], 1, 0.8) if key not in parent else []
            if near:
                yield Hit(
                    _line(read, entry),
                    f"{'' if place == path else f'{place}: '}{step['op']} of `{asked}`: there is no `{key}`, but `{near[0]}`",
                )


def _parent(thing: Any, path: str) -> tuple[Mapping[Any, Any], str]:
    """The mapping that the last part of a path is sought in, empty where there is none, and that part."""
    parts = [each.replace("~1", "/").replace("~0", "~") for each in path.split("/")[1:]]
    for part in parts[:-1]:
        if isinstance(thing, list):
            thing = thing[int(part)] if part.isdigit() and int(part) < len(thing) else None
        else:
            thing = mapping(thing).get(part)
    return mapping(thing), parts[-1] if parts else ""


def _remote(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for key in ("resources", "bases", "components"):
            entries = listed(mapping(document).get(key))
            for position, each in enumerate(entries):
                if not isinstance(each, str) or "$" in each:
                    continue
                ref = re.search(r"[?&](?:ref|version)=([^&]*)", each)
                if (
                    _GIT.search(each)
                    and (ref is None or re.fullmatch(_MOVING, ref[1].removeprefix("refs/heads/") or "main"))
                ) or (_WEB.search(each) and not re.search(r"/v?\d+\.\d+", each)):
                    what = (
                        f"the branch `{ref[1]}`"
                        if ref
                        else "whatever its default branch holds"
                        if _GIT.search(each) and not _WEB.search(each)
                        else "whatever is newest there"
                    )
                    yield Hit(
                        at((entries, position), (document, key)),
                        f"`{each}` takes in {what}: tomorrow it deploys something else",
                    )


_DOC = "Kustomize reference"
_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, template: {spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n"


def _k(body: str, **more: str) -> dict[str, str]:
    return {
        "b/kustomization.yaml": "resources: [d.yaml]\n",
        "b/d.yaml": _D,
        "o/kustomization.yaml": f"resources: [../b]\n{body}",
        **{f"o/{name}.yaml": text for name, text in more.items()},
    }


def _patch(target: str, text: str = "[{op: replace, path: /spec/replicas, value: 2}]") -> str:
    return f"patches:\n- target: {target}\n  patch: |-\n    {text}\n"


_C = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: {}, {}}}]}}}}}}\n"
_COMPONENT = "kind: Component\n" + _patch("{kind: Deployment, name: wbe}")

RULES = (
    Rule("kustomize/image-name", "error", "Name the image as the manifests do: another name replaces nothing.", f"{_DOC}, images: name is the image that is to be replaced.", is_kustomization, _images,
         bad=(_k("images: [{name: acme/wbe, newTag: '2'}]\n"),),
         good=(_k("images: [{name: acme/web, newTag: '2'}]\n"), _k("components: ['https://a.example/b.yaml']\nimages: [{name: acme/wbe, newTag: '2'}]\n"), {**_k("images: [{name: acme/new, newTag: '2'}]\n"), "b/kustomization.yaml": "resources: [d.yaml]\nimages: [{name: acme/web, newName: acme/new}]\n"})),
    Rule("kustomize/target", "error", "Name an object that is taken in: the build passes over what it does not find.", f"{_DOC}, patches: target selects the objects that are changed.", is_kustomization, _targets,
         bad=(_k(_patch("{kind: Deployment, name: wbe}")), _k(_patch("{kind: StatefulSet}")), {**_k("components: [../c]\n"), "c/kustomization.yaml": _COMPONENT}),
         good=(_k(_patch("{kind: Deployment, name: web}")), {**_k(""), "c/kustomization.yaml": _COMPONENT, "d/kustomization.yaml": "kind: Component\ncomponents: [../c]\n"}, _k(_patch("{kind: Deployment}")), _k(_patch("{kind: Deploy.*, name: w.*}")), {"c/kustomization.yaml": _COMPONENT}, _k("namePrefix: my-\n" + _patch("{name: my-web}")))),
    Rule("kustomize/container", "error", "Name the container as the workload does.", f"{_DOC}, patches: a strategic merge finds the items of a list by their name, and adds those it does not find.", is_kustomization, _containers,
         bad=(_k("patches: [{path: p.yaml}]\n", p=_C.format("app", "tty: true")), _k("patchesStrategicMerge: [p.yaml]\n", p=_C.format("app", "tty: true"))),
         good=(_k("patches: [{path: p.yaml}]\n", p=_C.format("web", "tty: true")), _k("patches: [{path: p.yaml}]\n", p=_C.format("app", "image: 'a/b:1'")), _k("patches: [{path: p.yaml}]\n", p=_C.format("app", "$patch: delete")))),
    Rule("kustomize/path", "error", "Name the field as the object does: replacing what is not there adds a field nobody reads.", "RFC 6902: replace and remove demand that the target location exists.", is_kustomization, _paths,
         bad=(_k(_patch("{kind: Deployment, name: web}", "[{op: replace, path: /spec/replica, value: 2}]")),),
         good=(_k(_patch("{kind: Deployment, name: web}")), _k(_patch("{kind: Deployment, name: web}", "[{op: replace, path: /spec/paused, value: true}]")), _k(_patch("{kind: Deployment, name: web}", "[{op: add, path: /spec/replica, value: 2}]")))),
    Rule("kustomize/remote", "warning", "Name a tag or a commit.", f"{_DOC}, remote targets: ref names a branch, a tag or a commit.", is_kustomization, _remote,
         bad=({"kustomization.yaml": "resources: ['https://github.com/acme/base//web?ref=main']\n"}, {"kustomization.yaml": "resources: [github.com/acme/base//web]\n"}, {"kustomization.yaml": "resources: ['https://raw.githubusercontent.com/acme/base/master/a.yaml']\n"}, {"kustomization.yaml": "resources: ['git@github.com:acme/base.git']\n"}, {"kustomization.yaml": "resources: ['https://github.com/acme/base/releases/latest/download/a.yaml']\n"}),
         good=({"kustomization.yaml": "resources: ['https://github.com/acme/base//web?ref=v1.2.0', '../main', 'https://raw.githubusercontent.com/acme/base/v1/main/a.yaml', 'https://raw.githubusercontent.com/acme/base/main/deploy/v1.2.0/a.yaml', 'https://github.com/acme/base/releases/download/v1/a.yaml']\n"},)),
)  # fmt: skip
