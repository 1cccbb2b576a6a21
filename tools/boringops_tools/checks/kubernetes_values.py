"""Kubernetes: values that the API's schema leaves open and the API server then refuses, and rights without a bound."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import named, objects, pod_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, is_yaml

_LABEL = lazy_pattern(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = lazy_pattern(r"(?i)\b(?:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b")
_EVERY = lazy_pattern(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)|@every .+")
_JOBS = frozenset({"Job", "CronJob"})
_LASTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})


def bad_cron(text: str) -> str:
    """What is wrong with a schedule of five fields; empty where nothing is known to be."""
    if _EVERY.fullmatch(text) or re.match(r"(?:CRON_)?TZ=", text):
        return ""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} fields, not 5"
    for field, (low, high) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            numbers = re.fullmatch(r"(?:[*?]|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", _NAMES.sub(str(low), part))
            if numbers is None:
                return f"`{field}` is no field of a schedule"
            if any(number and not low <= int(number) <= high for number in numbers.group(1, 2)):
                return f"`{field}` is not within {low} to {high}"
    return ""


def _schedules(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        schedule = spec.get("schedule")
        if (
            thing["kind"] == "CronJob"
            and isinstance(schedule, str)
            and "$" not in schedule
            and (wrong := bad_cron(schedule))
        ):
            yield Hit(at((spec, "schedule")), f"{named(thing)}: schedule `{schedule}`: {wrong}")


def _restarts(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        pod = mapping(pod_of(thing), "spec")
        policy = pod.get("restartPolicy")
        if (thing["kind"] in _JOBS and policy == "Always") or (
            thing["kind"] in _LASTING and policy in ("Never", "OnFailure")
        ):
            yield Hit(
                at((pod, "restartPolicy")), f"{named(thing)}: a {thing['kind']} cannot have `restartPolicy: {policy}`"
            )


def _label_places(thing: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    yield mapping(thing, "metadata", "labels")
    spec = mapping(thing, "spec")
    for place in (spec, mapping(spec, "jobTemplate", "spec")):
        yield mapping(place, "template", "metadata", "labels")
    yield mapping(spec, "selector", "matchLabels")
    if thing["kind"] == "Service":
        yield mapping(spec, "selector")


def _labels(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for labels in _label_places(thing):
            for key, value in labels.items():
                if isinstance(value, str) and "$" not in value and "{{" not in value and not _LABEL.fullmatch(value):
                    yield Hit(
                        at((labels, key)),
                        f"{named(thing)}: `{value}` is no value of a label: letters, digits, `-`, `_` and `.`, at most 63",
                    )


def _rights(files: Files, path: str) -> Iterator[Hit]:
    for thing in (each for each in files.documents(path) if is_manifest(each)):
        rules = listed(thing.get("rules")) if thing["kind"] in ("Role", "ClusterRole") else []
        for position, rule in enumerate(rules):
            if all("*" in listed(mapping(rule).get(key)) for key in ("apiGroups", "resources", "verbs")):
                yield Hit(at((rules, position)), f"{named(thing)} may do everything with everything")
        role = mapping(thing, "roleRef")
        served = any(mapping(each).get("kind") == "ServiceAccount" for each in listed(thing.get("subjects")))
        if role.get("name") == "cluster-admin" and role.get("kind") == "ClusterRole" and served:
            of = "cluster" if thing["kind"] == "ClusterRoleBinding" else "namespace"
            yield Hit(at((role, "name")), f"{named(thing)} makes a service account the administrator of the {of}")


_DOC = "Kubernetes API reference"
_JOB = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a, labels: {{app: {label}}}}}\nspec:\n  schedule: '{schedule}'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: {restart}\n          containers: [{{name: a, image: 'a/b:1'}}]\n"
_BINDING = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\nsubjects: [{{kind: {}, name: x}}]\n"


def _job(schedule: str = "0 3 * * *", restart: str = "Never", label: str = "a") -> dict[str, str]:
    return {"a.yaml": _JOB.format(schedule=schedule, restart=restart, label=label)}


def _role(groups: str, verbs: str) -> dict[str, str]:
    return {
        "a.yaml": f"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: a}}\nrules:\n- {{apiGroups: {groups}, resources: ['*'], verbs: {verbs}}}\n"
    }


RULES = (
    Rule("k8s/schedule", "error", "The API refuses it: minute, hour, day, month, day of the week.", f"{_DOC}: schedule is in cron's format.", is_yaml, _schedules,
         bad=(_job("15 25 * * *"), _job("* * * *"), _job("0 0 * * sunday")), good=(_job(), _job("*/5 1-5,8 1 JAN mon-FRI"), _job("@daily"), _job("TZ=UTC 0 0 * * *"))),
    Rule("k8s/restart-policy", "error", "The API refuses it: jobs end (Never, OnFailure), everything else goes on (Always).", f"{_DOC}: restartPolicy of a pod template.", is_yaml, _restarts,
         bad=(_job(restart="Always"),), good=(_job(), _job(restart="OnFailure"))),
    Rule("k8s/label-value", "error", "The API refuses it: put free text into an annotation.", f"{_DOC}: label values are empty, or begin and end with a letter or a digit.", is_yaml, _labels,
         bad=(_job(label="a b"), _job(label="-a")), good=(_job(), _job(label="v1.2_3-a"), _job(label="''"))),
    Rule("k8s/all-rights", "warning", "Name the resources and the verbs it needs.", "Kubernetes RBAC good practices: avoid wildcards, they also grant what is added later.", is_yaml, _rights,
         bad=(_role("['*']", "['*']"), {"a.yaml": _BINDING.format("ServiceAccount")}), good=({"a.yaml": _BINDING.format("Group")}, _role("['apps']", "['*']"), _role("['*']", "[get, list]"))),
)  # fmt: skip
