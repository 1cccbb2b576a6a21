"""Kubernetes: Services, autoscalers, budgets and policies that find nothing, where what they are surely meant for has other labels or another name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.kubernetes import (
    PLACEHOLDER,
    WORKLOADS,
    Object,
    deployment_of,
    is_whole,
    matches,
    named,
    objects,
    pod_of,
    selected,
    service_of,
)
from boringops_tools.checks.kubernetes_together import (
    are_anywhere,
    close,
    is_anywhere,
    name_of,
    related,
    shares_space,
    together,
)
from boringops_tools.checks.kustomize import NAMES
from boringops_tools.yaml_files import is_manifest, is_yaml

_SCALERS = {
    "HorizontalPodAutoscaler": "scaleTargetRef",
    "ScaledObject": "scaleTargetRef",
    "VerticalPodAutoscaler": "targetRef",
}


def _labels(thing: Object) -> Mapping[Any, Any]:
    return mapping(pod_of(thing), "metadata", "labels")


def _is_meant(service: Object, workload: Object) -> bool:
    """Whether a Service surely means a workload that it does not select: by its name, or by part of its labels."""
    selector, labels = mapping(service, "spec", "selector"), _labels(workload)
    if name_of(service) == name_of(workload):
        return True
    return set(selector) <= set(labels) and any(labels[key] == value for key, value in selector.items())


def _is_slip(selector: Mapping[Any, Any], labels: Mapping[Any, Any]) -> bool:
    """Whether labels are but a slip of a letter from those that are selected, or have the same values under other keys."""
    if selector and all(value in labels.values() for value in selector.values()):
        return True
    return bool(selector) and all(close(str(value), str(labels.get(key, ""))) for key, value in selector.items())


def _given(files: Files) -> set[tuple[str, str]]:
    """Labels that Kustomizations of the repository put on pods and into selectors."""
    found: set[tuple[str, str]] = files.once(_added)
    return found


def _added(files: Files) -> set[tuple[str, str]]:
    found: dict[Any, Any] = {}
    for path in (each for name in NAMES for each in files.by_name.get(name, ())):
        for document in files.documents(path)[:1]:
            pairs = [mapping(each, "pairs") for each in listed(mapping(document).get("labels"))]
            for each in (mapping(document, "commonLabels"), *pairs):
                found |= each
    return {(str(key), str(value)) for key, value in found.items()}


def wanted_of(files: Files, selector: Mapping[Any, Any]) -> dict[Any, Any]:
    added = _given(files) if selector else set[tuple[str, str]]()
    return {key: value for key, value in selector.items() if (str(key), str(value)) not in added}


def _selects_others(files: Files, path: str, service: Object) -> bool:
    """Whether pods of a kind that Kubernetes itself does not have, such as a Rollout, are what a Service selects."""
    selector = mapping(service, "spec", "selector")
    return any(
        matches(selector, labels)
        for each in files.siblings(path)
        if is_yaml(each)
        for document in files.documents(each)
        if (labels := mapping(mapping(document), "spec", "template", "metadata", "labels"))
    )


def _services(files: Files, path: str) -> Iterator[Hit]:
    here = objects(files, path)
    for thing in here:
        selector = mapping(thing, "spec", "selector")
        if thing["kind"] != "Service" or not wanted_of(files, selector) or selected(thing, here):
            continue
        near = together(files, path)
        meant = [each for each in here if is_whole(each) and _is_meant(thing, each)]
        if near and not selected(thing, near) and not _selects_others(files, path, thing):
            meant = meant or _meant_elsewhere(files, thing, near)
            if meant:
                wanted = ", ".join(f"{key}: {value}" for key, value in selector.items())
                yield Hit(
                    at((thing["spec"], "selector")),
                    f"{named(thing)} selects `{wanted}`, which no pod here has; {named(meant[0])} has other labels",
                )


def _meant_elsewhere(files: Files, service: Object, near: list[Object]) -> list[Object]:
    """The workload of another file that a Service means and nothing else in the folder reaches."""
    selector = mapping(service, "spec", "selector")
    if are_anywhere(files, selector) or PLACEHOLDER.search(" ".join(map(str, selector.values()))):
        return []
    others = [each for each in near if each["kind"] == "Service" and each is not service]
    reached = [pod for each in others for pod in selected(each, near)]
    return [
        each
        for each in near
        if is_whole(each)
        and each["kind"] not in ("Job", "CronJob")
        and shares_space(service, each)
        and not any(each is one for one in reached)
        and (name_of(service) == name_of(each) or _is_slip(selector, _labels(each)))
    ]


def _targets(files: Files, path: str) -> Iterator[Hit]:
    here = objects(files, path)
    finders = {"PodDisruptionBudget": ("selector",), "NetworkPolicy": ("podSelector",)}
    for thing in (each for each in files.documents(path) if is_manifest(each)):
        if field := _SCALERS.get(thing["kind"]):
            yield from _lost_target(files, path, thing, mapping(thing, "spec", field))
    for thing in here:
        if thing["kind"] in finders:
            yield from _lost_selection(files, path, thing, here, mapping(thing, "spec", *finders[thing["kind"]]))


def _lost_target(files: Files, path: str, thing: Object, target: Mapping[Any, Any]) -> Iterator[Hit]:
    kind, name = target.get("kind", "Deployment"), text_of(target.get("name"))
    near = [each for each in together(files, path) if each["kind"] == kind in WORKLOADS and shares_space(thing, each)]
    if not name or PLACEHOLDER.search(name) or name in {name_of(each) for each in near}:
        return
    beside = [each for each in objects(files, path) if each["kind"] == kind]
    if not beside and not is_anywhere(files, kind, name):
        beside = [
            each
            for each in near
            if is_whole(each) and (related(name, name_of(each)) or name_of(thing) == name_of(each))
        ]
    if not beside and not is_anywhere(files, kind, name):
        beside = [
            each
            for each in together(files, path)
            if is_whole(each) and name_of(each) == name and each["kind"] in WORKLOADS[:2]
        ]
    if beside:
        yield Hit(at((target, "name")), f"{named(thing)} scales the {kind} `{name}`; here is {named(beside[0])}")


def _lost_selection(
    files: Files, path: str, thing: Object, here: list[Object], selector: Mapping[Any, Any]
) -> Iterator[Hit]:
    wanted = mapping(selector, "matchLabels")
    near = together(files, path)
    if not wanted_of(files, wanted) or any(matches(wanted, _labels(each)) for each in near if pod_of(each)):
        return
    # A policy may be for pods of any folder: only its name, or that of the label, shows whom it means.
    beside = [each for each in here if is_whole(each)] if thing["kind"] == "PodDisruptionBudget" else []
    if not beside and not are_anywhere(files, wanted):
        beside = [
            each
            for each in near
            if is_whole(each)
            and shares_space(thing, each)
            and (name_of(each) == name_of(thing) or _is_slip(wanted, _labels(each)))
        ]
    if beside:
        yield Hit(at((selector, "matchLabels")), f"{named(thing)} selects no pod: {named(beside[0])} has other labels")


_DOC = "Kubernetes API reference"
_HPA = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {kind: Deployment, name: NAME}}\n"
_PDB = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: p}\nspec: {selector: {matchLabels: {app: NAME}}}\n"
_NP = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: {podSelector: {matchLabels: {app: NAME}}}\n"


def _one(text: str) -> dict[str, str]:
    return {"k8s/a.yaml": text}


def _two(text: str, deployment: str = "", **more: str) -> dict[str, str]:
    """An object in a file of its own beside a Deployment."""
    return {
        "k8s/a.yaml": deployment or deployment_of(""),
        "k8s/b.yaml": text.removeprefix("---\n"),
        **{f"other/{name}.yaml": each for name, each in more.items()},
    }


_ROLLOUT = (
    deployment_of("", labels="app: web, tier: b")
    .replace("apps/v1", "argoproj.io/v1alpha1")
    .replace("Deployment", "Rollout")
)
_TIERS = deployment_of("", labels="app: web, tier: a")

RULES = (
    Rule("k8s/service-selector", "warning", "The Service has no endpoints: select labels that the pods have.", f"{_DOC}: a Service routes to the pods whose labels match its selector.", is_yaml, _services,
         bad=(_one(deployment_of("") + service_of(selector="app: wbe")), _one(_TIERS + service_of(selector="app: web, tier: b")), _two(service_of(selector="name: web")), _two(service_of(selector="app: wbe"), deployment_of("", name="x"))),
         good=(_one(deployment_of("") + service_of()), _one(deployment_of("", name="other") + service_of(selector="app: elsewhere")), {"k8s/a.yaml": _TIERS + service_of(selector="app: web, tier: b"), "k8s/b.yaml": deployment_of("", labels="app: web, tier: b")},
               {"k8s/a.yaml": _TIERS + service_of(selector="app: web, tier: b"), "k8s/b.yaml": _ROLLOUT}, _two(service_of()), _two(service_of(selector="app: x"), more=deployment_of("", labels="app: x")), _two(service_of(selector="app: ${APP}")),
               {**_two(service_of(selector="team: a")), "k8s/kustomization.yaml": "commonLabels: {team: a}\n"})),
    Rule("k8s/target", "warning", "Name a workload that exists, or labels that its pods have.", f"{_DOC}: an autoscaler names its workload, a budget and a policy select pods.", is_yaml, _targets,
         bad=(_one(deployment_of("") + _HPA.replace("NAME", "wbe")), _one(deployment_of("") + _PDB.replace("NAME", "wbe")), _two(_HPA.replace("NAME", "my-web")), _two(_HPA.replace("NAME", "web").replace("Deployment", "StatefulSet")), _two(_PDB.replace("NAME", "wbe").replace("name: p", "name: web")), _two(_NP.replace("NAME", "wbe")), {"b/kustomization.yaml": "resources: [d.yaml]\n", "b/d.yaml": deployment_of(""), "o/kustomization.yaml": "resources: [../b, h.yaml]\n", "o/h.yaml": _HPA.replace("NAME", "my-web")}),
         good=(_one(deployment_of("") + _HPA.replace("NAME", "web") + _PDB.replace("NAME", "web")), _one(_HPA), {"k8s/a.yaml": deployment_of("") + _HPA.replace("NAME", "b"), "k8s/b.yaml": deployment_of("", name="b")}, _two(_HPA.replace("NAME", "web")), _two(_HPA.replace("NAME", "other")), _two(_HPA.replace("NAME", "my-web"), more=deployment_of("", name="my-web")), _two(_PDB.replace("NAME", "other")), _two(_NP.replace("NAME", "web")))),
)  # fmt: skip
