"""Kustomize: overlays of one environment that say another one's name, and ConfigMaps that what is built needs and no overlay makes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import named, objects, pod_of
from boringops_tools.checks.kubernetes_names import _SORT as SORT
from boringops_tools.checks.kubernetes_names import _references as references
from boringops_tools.checks.kubernetes_together import close, is_anywhere, name_of
from boringops_tools.checks.kustomize import Kustomization, includers, is_kustomization, of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, is_yaml

# The words of each environment, as people write them.
_WORDS = {
    "production": {"production", "prod", "prd", "live"}, "staging": {"staging", "stage", "stg", "preprod"}, "development": {"development", "dev", "develop"},
    "testing": {"testing", "test", "qa", "uat"},
}  # fmt: skip
_OF = {word: name for name, words in _WORDS.items() for word in words}
_LABELS = lazy_pattern(r"(?i)(?:^|[/.-])(?:env|environment|stage)$")


def environments(text: str) -> set[str]:
    """The environments that a name or a path speaks of."""
    return {_OF[word] for word in re.split(r"[^a-z0-9]+", text.lower()) if word in _OF}


def _said(document: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], str]]:
    """(parent, key) of what a Kustomization calls all its objects."""
    for key in ("namespace", "namePrefix", "nameSuffix"):
        yield document, key
    pairs = [mapping(each, "pairs") for each in listed(document.get("labels"))]
    for labels in (mapping(document, "commonLabels"), mapping(document, "commonAnnotations"), *pairs):
        yield from ((labels, str(key)) for key in labels if _LABELS.search(str(key)))


def _other(files: Files, path: str) -> Iterator[Hit]:
    """An overlay in the folder of one environment that puts what it makes into another one."""
    mine = environments(posixpath.basename(posixpath.dirname(path)))
    for document in files.documents(path)[:1] if len(mine) == 1 else ():
        for parent, key in _said(mapping(document)):
            value = parent.get(key)
            theirs = environments(value) if isinstance(value, str) else set()
            if theirs and not theirs & mine:
                yield Hit(
                    at((parent, key)),
                    f"the overlay of {next(iter(mine))} says `{key}: {value}`, which is {next(iter(theirs))}'s",
                )


def _tops(files: Files, folder: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The Kustomizations that are built in the end of what is in a folder, by their paths."""
    above = includers(files).get(folder, [])
    found: set[str] = set()
    for path in above:
        below = posixpath.dirname(path)
        if below not in seen:
            found |= _tops(files, below, seen | {folder}) or {path}
    return found


def _unmade(files: Files, path: str) -> Iterator[Hit]:
    """ConfigMaps that a base needs, where each overlay makes one of nearly that name and nobody needs it."""
    here = [each for each in objects(files, path) if pod_of(each)]
    tops = sorted(_tops(files, posixpath.dirname(path))) if here else []
    built = [found for each in tops if (found := of(files, each)) is not None]
    if not built or not all(each.complete and path in each.paths for each in built):
        return
    for thing in here:
        for kind, owner, key in references(pod_of(thing)):
            name = owner.get(key)
            if kind not in ("ConfigMap", "Secret") or not isinstance(name, str) or re.search(r"[${}<>]", name):
                continue
            meant = [_idle(each, kind, name) for each in built]
            if all(meant) and len(set(meant)) == 1 and not is_anywhere(files, kind, name):
                yield Hit(
                    at((owner, key)),
                    f"{named(thing)} needs the {kind} `{name}`; what {built[0].folder} makes is `{meant[0]}`",
                )


def _idle(top: Kustomization, kind: str, name: str) -> str:
    """The one of what a Kustomization makes that is surely meant by a name which it does not make."""
    made = {each for one in top.taken if one.thing["kind"] == kind for each in one.names}
    if name in made:
        return ""
    used = {
        str(owner.get(key))
        for one in top.taken
        for of_kind, owner, key in references(pod_of(one.thing))
        if of_kind == kind
    }
    fitting = [
        name_of(one.thing)
        for one in top.taken
        if "made" in one.thing
        and one.thing["kind"] == kind
        and not one.names & used
        and _meant(name, name_of(one.thing))
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _meant(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return close(one, other) or (long.startswith(f"{short}-") and SORT.fullmatch(long[len(short) + 1 :]) is not None)


def _tagged(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for each in listed(mapping(document).get("images")):
            for key in ("newName", "name"):
                value = mapping(each).get(key)
                if isinstance(value, str) and re.search(r":[\w.-]+$|@", value.rpartition("/")[2]) and "$" not in value:
                    field = (
                        "newTag or digest"
                        if key == "newName"
                        else "no field of this entry: an image is found by its name alone"
                    )
                    yield Hit(at((each, key)), f"`{key}: {value}` has a version in it, which belongs into {field}")


def _left_out(files: Files, path: str) -> Iterator[Hit]:
    """Accounts, ConfigMaps and claims that what is built needs, in a file of the same folder that no Kustomization takes in."""
    built = of(files, path)
    if built is None or not built.complete:
        return
    here = [each.thing for each in built.taken]
    names = {(each.thing["kind"], name) for each in built.taken for name in each.names}
    needed = {(kind, str(owner.get(key))) for each in here for kind, owner, key in references(pod_of(each))}
    needed |= {
        ("ServiceAccount", str(mapping(pod_of(each), "spec").get("serviceAccountName")))
        for each in here
        if pod_of(each)
    }
    said = " ".join(files.text(each) for each in files.all if is_kustomization(each))
    for each in files.siblings(path):
        base = posixpath.basename(each)
        if not is_yaml(each) or is_kustomization(each) or base in said or each not in files.known:
            continue
        for thing in files.documents(each):
            if is_manifest(thing) and (thing["kind"], name_of(thing)) in needed - names:
                yield Hit(
                    at((built.document, "resources")),
                    f"{named(thing)} is needed, and {base} is not among the resources",
                )


_BASE = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: 'a/b:1', envFrom: [{{configMapRef: {{name: {}}}}}]}}]}}}}}}\n"


def _overlay(says: str, folder: str = "overlays/production") -> dict[str, str]:
    return {f"{folder}/kustomization.yaml": f"resources: [../../base]\n{says}\n"}


def _built(asked: str, made: str) -> dict[str, str]:
    generator = f"configMapGenerator: [{{name: {made}, literals: [a=b]}}]"
    return {
        "base/kustomization.yaml": "resources: [d.yaml]\n",
        "base/d.yaml": _BASE.format(asked),
        **_overlay(generator),
        **_overlay(generator, "overlays/dev"),
    }


RULES = (
    Rule("kustomize/other-environment", "warning", "Say the environment that the overlay is of.", "Kustomize reference: namespace and labels are put on all that is built.", is_kustomization, _other,
         bad=(_overlay("namespace: cart-staging"), _overlay("nameSuffix: -dev"), _overlay("labels: [{pairs: {env: staging}}]"), _overlay("commonLabels: {environment: prod}", "envs/dev")),
         good=(_overlay("namespace: cart-production"), _overlay("namespace: cart"), _overlay("namespace: cart-prod"), _overlay("namespace: cart-staging", "overlays/eu"), _overlay("commonLabels: {app: dev}"))),
    Rule("kustomize/image-version", "error", "Write the name alone, and the version beside it.", "Kustomize reference, images: newName, newTag and digest.", is_kustomization, _tagged,
         bad=({"kustomization.yaml": "images: [{name: a, newName: 'b/a:1', newTag: '1'}]\n"},), good=({"kustomization.yaml": "images: [{name: a, newName: 'b:5000/a', newTag: '1'}]\n"},)),
    Rule("kustomize/left-out", "warning", "Name the file under resources.", "Kustomize reference, resources: what no Kustomization names is not built.", is_kustomization, _left_out,
         bad=({"b/kustomization.yaml": "resources: [d.yaml]\n", "b/d.yaml": _BASE.format("a"), "b/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"},), good=({"b/kustomization.yaml": "resources: [d.yaml, c.yaml]\n", "b/d.yaml": _BASE.format("a"), "b/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}, {"b/kustomization.yaml": "resources: [d.yaml]\n", "b/d.yaml": _BASE.format("a"), "b/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"})),
    Rule("kustomize/config-not-made", "error", "No container starts before it is there: name it as it is made.", "Kustomize reference, configMapGenerator: references are found by the name that the generator has.", is_yaml, _unmade,
         bad=(_built("cart-config", "cart"), _built("cart", "carts")), good=(_built("cart", "cart"), _built("other", "cart"), {**_built("cart-config", "cart"), "x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart-config}\n"})),
)  # fmt: skip
