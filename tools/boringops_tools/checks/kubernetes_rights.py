"""Kubernetes: rights by which an account becomes more than it was given, and fields that the API takes one value of."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import PLACEHOLDER, containers, named, objects, pod_of
from boringops_tools.yaml_files import is_manifest, is_yaml, walk

_RISING = frozenset({"escalate", "bind", "impersonate"})
_WIDE = frozenset({"admin", "edit"})


def _rights(files: Files, path: str) -> Iterator[Hit]:
    for thing in files.documents(path):
        if not is_manifest(thing):
            continue
        rules = listed(thing.get("rules")) if thing["kind"] in ("Role", "ClusterRole") else []
        for position, rule in enumerate(rules):
            verbs = {str(each) for each in listed(mapping(rule).get("verbs"))}
            resources = {str(each) for each in listed(mapping(rule).get("resources"))}
            if found := sorted(verbs & _RISING) if not mapping(rule).get("resourceNames") else []:
                yield Hit(at((rules, position)), f"{named(thing)} may {found[0]}: it can take any right there is")
            if "pods/exec" in resources and "*" in verbs:
                yield Hit(at((rules, position)), f"{named(thing)} may do everything within every pod (pods/exec)")
        role, subjects = mapping(thing, "roleRef"), listed(thing.get("subjects"))
        for subject in subjects if thing["kind"] in ("RoleBinding", "ClusterRoleBinding") else ():
            if mapping(subject).get("kind") != "ServiceAccount":
                continue
            if mapping(subject).get("name") == "default" and role.get("name") != "view":
                yield Hit(
                    at((subject, "name")),
                    f"{named(thing)} gives its rights to every pod that names no account (`default`)",
                )
            if (
                thing["kind"] == "ClusterRoleBinding"
                and role.get("kind") == "ClusterRole"
                and role.get("name") in _WIDE
            ):
                yield Hit(
                    at((role, "name")), f"{named(thing)} makes a service account `{role['name']}` of every namespace"
                )


def _fields(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            for key in ("livenessProbe", "startupProbe"):
                count = mapping(container, key).get("successThreshold")
                if isinstance(count, int) and count > 1:
                    yield Hit(
                        at((container[key], "successThreshold")),
                        f"{named(thing)}: successThreshold of {key} is 1, not {count}",
                    )
        if thing["kind"] == "Ingress":
            for parent, key, value in walk(mapping(thing, "spec")):
                exact = mapping(parent).get("pathType") in ("Prefix", "Exact")
                if (
                    key == "path"
                    and exact
                    and isinstance(value, str)
                    and not value.startswith("/")
                    and not PLACEHOLDER.search(value)
                ):
                    yield Hit(at((parent, "path")), f"{named(thing)}: the path `{value}` does not begin with /")
        for parent, key, value in walk(mapping(pod_of(thing), "spec")):
            if key == "topologyKey" and value == "":
                yield Hit(at((parent, key)), f"{named(thing)}: topologyKey is empty")


def _host_ports(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        # An agent on every node, and what is the node's own way in, have one each.
        if thing["kind"] not in ("Deployment", "StatefulSet", "ReplicaSet"):
            continue
        for container in containers(pod_of(thing)):
            for port in listed(container.get("ports")):
                if isinstance(mapping(port).get("hostPort"), int) and port["hostPort"]:
                    yield Hit(
                        at((port, "hostPort")),
                        f"{named(thing)} takes port {port['hostPort']} of its node: one pod for each, and past every policy",
                    )


_DOC = "Kubernetes documentation"
_R = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: a}}\nrules: [{{apiGroups: [''], resources: [{}], verbs: ['{}']}}]\n"
_B = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {}}}\nsubjects: [{{kind: ServiceAccount, name: {}, namespace: b}}]\n"
_D = "apiVersion: apps/v1\nkind: {}\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: 'a/b:1', {}}}]}}}}}}\n"
_I = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\nspec: {{rules: [{{http: {{paths: [{{path: {}, pathType: Prefix}}]}}}}]}}\n"


def _a(text: str) -> dict[str, str]:
    return {"a.yaml": text}


RULES = (
    Rule("k8s/rising-rights", "warning", "Give the one right it needs, to an account of its own.", f"{_DOC}, RBAC good practices: escalate, bind and impersonate, exec, the default account.", is_yaml, _rights,
         bad=(_a(_R.format("users", "impersonate")), _a(_R.format("pods/exec", "*")), _a(_B.format("reader", "default")), _a(_B.format("edit", "ci"))),
         good=(_a(_R.format("pods", "list")), _a(_R.format("pods/exec", "create")), _a(_B.format("view", "ci")), _a(_B.format("view", "default")))),
    Rule("k8s/one-value", "error", "The API refuses it: write the value that it takes.", "Kubernetes API reference: successThreshold is 1 for liveness and startup; paths are absolute; topologyKey is not empty.", is_yaml, _fields,
         bad=(_a(_D.format("Deployment", "livenessProbe: {successThreshold: 3, tcpSocket: {port: 1}}")), _a(_I.format("app"))), good=(_a(_D.format("Deployment", "readinessProbe: {successThreshold: 3, tcpSocket: {port: 1}}")), _a(_I.format("/app")))),
    Rule("k8s/host-port", "warning", "Leave it out, and let a Service or an Ingress lead there.", f"{_DOC}, Configuration good practices: do not specify a hostPort unless it is absolutely necessary.", is_yaml, _host_ports,
         bad=(_a(_D.format("Deployment", "ports: [{containerPort: 80, hostPort: 80}]")),), good=(_a(_D.format("Deployment", "ports: [{containerPort: 80}]")), _a(_D.format("DaemonSet", "ports: [{containerPort: 80, hostPort: 80}]")))),
)  # fmt: skip
