"""Kubernetes: doors that are left open: rights for anybody, policies that let all in, profiles that are switched off, certificates nobody serves."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.checks.kubernetes_together import manifests, name_of, together
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_manifest, is_yaml

_ANYBODY = ("system:anonymous", "system:unauthenticated")
# What Kubernetes itself gives to anybody: who it is, and how to join.
_PUBLIC = lazy_pattern(r"system:public-info-viewer|system:discovery|.*cluster-info.*|.*issuer-discovery.*")
_ON_PURPOSE = lazy_pattern(r"(?i)allow|open|any|all|public|permit")
_CALLED = ("APIService", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_PORTS = range(30000, 32768)
_WITH_CERTIFICATE = (
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "kubernetes.io/tls-acme",
    "nginx.ingress.kubernetes.io/ssl-redirect",
)
# Certificates that a load balancer of the cloud, or another controller, has by an annotation.
_OUTSIDE = lazy_pattern(
    r"(?i)cert|ssl|tls|https|alb\.ingress|internal|kubernetes\.io/ingress\.class': '(?:gce|alb|kong|istio)"
)
_PUBLIC_HOST = lazy_pattern(
    r"(?!.*\.(?:local|localhost|localdomain|internal|intern|lan|test|home|corp|svc|cluster|example|nip\.io|sslip\.io|xip\.io)$)"
    r"(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z]{2,}"
)
_PLAIN = ("nginx.ingress.kubernetes.io/ssl-redirect", "ingress.kubernetes.io/ssl-redirect")


def _anybody(files: Files, path: str) -> Iterator[Hit]:
    for thing in files.documents(path):
        if not is_manifest(thing) or thing["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        for subject in listed(thing.get("subjects")):
            name, role = mapping(subject).get("name"), str(mapping(thing, "roleRef").get("name"))
            if name in _ANYBODY and not _PUBLIC.fullmatch(role):
                yield Hit(at((subject, "name")), f"{named(thing)} gives `{role}` to whoever reaches the API ({name})")


def _rights(files: Files, path: str) -> Iterator[Hit]:
    for thing in files.documents(path):
        if not is_manifest(thing) or thing["kind"] not in ("Role", "ClusterRole"):
            continue
        rules = listed(thing.get("rules"))
        for position, rule in enumerate(rules):
            groups, resources, verbs = (
                {str(each) for each in listed(mapping(rule).get(key))} for key in ("apiGroups", "resources", "verbs")
            )
            if "*" in verbs and "secrets" in resources and "" in groups and not mapping(rule).get("resourceNames"):
                yield Hit(at((rules, position)), f"{named(thing)} may do everything with every Secret")


def _unconfined(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        pod = pod_of(thing)
        # An agent on every node has to see more than its own pod.
        if not pod or thing["kind"] == "DaemonSet":
            continue
        for holder in (mapping(pod, "spec"), *containers(pod)):
            context = mapping(holder, "securityContext")
            for field in ("seccompProfile", "appArmorProfile"):
                profile = mapping(context, field)
                if profile.get("type") == "Unconfined":
                    yield Hit(at((profile, "type")), f"{named(thing)} switches a protection off ({field}: Unconfined)")
            if context.get("procMount") == "Unmasked":
                yield Hit(at((context, "procMount")), f"{named(thing)} sees all of /proc (procMount: Unmasked)")
        notes = mapping(pod, "metadata", "annotations")
        for key, value in notes.items():
            if value == "unconfined" and re.match(r"(?:container\.apparmor|seccomp)\.security\.", str(key)):
                yield Hit(at((notes, key)), f"{named(thing)} switches a protection off ({key}: unconfined)")


def _policies(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        spec = mapping(thing, "spec")
        if thing["kind"] != "NetworkPolicy" or _ON_PURPOSE.search(name_of(thing)):
            continue
        # The API server calls from the network of its node: who is called by it cannot say from where.
        called = any(each["kind"] in _CALLED for _, each in manifests(files))
        rules = listed(spec.get("ingress"))
        for position, rule in enumerate(rules):
            if rule == {} and not called:
                yield Hit(at((rules, position), (spec, "ingress")), f"{named(thing)} lets everybody in at every port")


def _certificates(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        if thing["kind"] != "Ingress" or not mapping(thing, "spec").get("rules"):
            continue
        notes, spec = mapping(thing, "metadata", "annotations"), mapping(thing, "spec")
        asked = next((key for key in _WITH_CERTIFICATE if str(notes.get(key, "false")) != "false"), "")
        # A patch or another object of its name may bring the certificate; so may what stands before the cluster.
        others = [each for _, each in manifests(files) if each["kind"] == "Ingress" and name_of(each) == name_of(thing)]
        hosts = [str(mapping(each).get("host")) for each in listed(spec["rules"]) if mapping(each).get("host")]
        if any(_tls(each) for each in others):
            pass
        elif asked:
            yield Hit(at((notes, asked)), f"{named(thing)} asks for TLS ({asked}), and has no `tls` to serve it with")
        elif hosts and not _OUTSIDE.search(str(notes)) and all(_PUBLIC_HOST.fullmatch(each) for each in hosts):
            yield Hit(at((spec, "rules")), f"{named(thing)} serves {', '.join(hosts)} without TLS")
        plain = next((key for key in _PLAIN if str(notes.get(key)).lower() == "false"), "")
        if plain and spec.get("tls"):
            yield Hit(
                at((notes, plain)), f"{named(thing)} has a certificate and answers without it, too ({plain}: false)"
            )


def _tls(thing: Mapping[Any, Any]) -> bool:
    return bool(mapping(thing, "spec").get("tls"))


def _node_ports(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for port in listed(mapping(thing, "spec").get("ports")) if thing["kind"] == "Service" else ():
            number = mapping(port).get("nodePort")
            if isinstance(number, int) and 0 < number < 65536 and number not in _PORTS:
                yield Hit(at((port, "nodePort")), f"{named(thing)}: nodePort {number} is not within 30000 to 32767")


def _scraped(files: Files, path: str) -> Iterator[Hit]:
    """Pods whose port for metrics has that name, and another number than their annotation."""
    for thing in objects(files, path):
        pod = pod_of(thing)
        notes = mapping(pod, "metadata", "annotations")
        asked = notes.get("prometheus.io/port")
        ports = [mapping(port) for each in containers(pod) for port in listed(each.get("ports"))]
        metrics = [each.get("containerPort") for each in ports if re.search(r"metric|prom", str(each.get("name")))]
        said = f"{[(each.get('args'), each.get('command'), each.get('env')) for each in containers(pod)]}"
        if asked is None or not metrics or not str(asked).isdigit() or str(asked) in said:
            continue
        if int(asked) not in [each.get("containerPort") for each in ports]:
            yield Hit(
                at((notes, "prometheus.io/port")),
                f"{named(thing)} is scraped at port {asked}; its metrics are at {metrics[0]}",
            )


def _spaces(files: Files, path: str) -> Iterator[Hit]:
    """ConfigMaps that a pod takes, where the one of that name beside it is in another namespace."""
    for thing in objects(files, path):
        space = mapping(thing, "metadata").get("namespace")
        if not pod_of(thing) or not isinstance(space, str) or "$" in space:
            continue
        for each in together(files, path):
            theirs, kind = mapping(each, "metadata").get("namespace"), each["kind"]
            if kind not in ("ConfigMap", "PersistentVolumeClaim") or theirs in (space, None) or "$" in str(theirs):
                continue
            others = [
                mapping(one, "metadata").get("namespace")
                for _, one in manifests(files)
                if one["kind"] == kind and name_of(one) == name_of(each)
            ]
            if not {space, None} & set(others) and (line := _named_at(pod_of(thing), kind, name_of(each))):
                yield Hit(line, f"{named(thing)} is in `{space}`, and {named(each)} that it takes in `{theirs}`")


def _named_at(pod: Mapping[Any, Any], kind: str, name: str) -> int | None:
    """The line at which a pod names a ConfigMap or a claim."""
    spec = mapping(pod, "spec")
    found: list[tuple[Mapping[Any, Any], str]] = []
    for volume in listed(spec.get("volumes")):
        found += [(mapping(volume, "configMap"), "name"), (mapping(volume, "persistentVolumeClaim"), "claimName")]
    for each in containers(pod):
        found += [(mapping(one, "configMapRef"), "name") for one in listed(each.get("envFrom"))]
        found += [(mapping(one, "valueFrom", "configMapKeyRef"), "name") for one in listed(each.get("env"))]
    wanted = "claimName" if kind == "PersistentVolumeClaim" else "name"
    return next((at((owner, key)) for owner, key in found if key == wanted and owner.get(key) == name), None)


_DOC = "Kubernetes documentation"
_B = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {}}}\nsubjects: [{{kind: Group, apiGroup: rbac.authorization.k8s.io, name: '{}'}}]\n"
_R = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: a}}\nrules: [{{apiGroups: [''], resources: [{}], verbs: ['{}']}}]\n"
_P = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: x, annotations: {{prometheus.io/port: '{scrape}'}}}}\nspec:\n  securityContext: {{seccompProfile: {{type: {profile}}}}}\n  containers: [{{name: a, image: 'a/b:1', ports: [{{name: metrics, containerPort: 9090}}], envFrom: [{{configMapRef: {{name: m}}}}]}}]\n"
_M = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, namespace: {}}}\ndata: {{}}\n"
_N = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {}}}\nspec: {{podSelector: {{}}, ingress: [{}]}}\n"
_I = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, annotations: {{{}}}}}\nspec: {{{}rules: [{{host: a.example.com}}]}}\n"
_S = "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{type: NodePort, ports: [{{port: 80, nodePort: {}}}]}}\n"


def _a(text: str) -> dict[str, str]:
    return {"a.yaml": text}


RULES = (
    Rule("k8s/anybody", "error", "Bind a group of your own, or nobody.", f"{_DOC}, RBAC good practices: bindings for system:unauthenticated give access to anyone who reaches the API server.", is_yaml, _anybody,
         bad=(_a(_B.format("view", "system:unauthenticated")), _a(_B.format("cluster-admin", "system:anonymous"))), good=(_a(_B.format("view", "developers")), _a(_B.format("system:public-info-viewer", "system:unauthenticated")))),
    Rule("k8s/secrets-rights", "warning", "Name the verbs, and the Secrets by resourceNames.", f"{_DOC}, RBAC good practices: least privilege, no wildcards; who lists Secrets reads them.", is_yaml, _rights,
         bad=(_a(_R.format("secrets", "*")),), good=(_a(_R.format("secrets", "get")), _a(_R.format("pods", "*")))),
    Rule("k8s/unconfined", "warning", "Take RuntimeDefault, or a profile of its own.", f"{_DOC}, Pod Security Standards: seccomp must not be Unconfined.", is_yaml, _unconfined,
         bad=(_a(_P.format(scrape=9090, profile="Unconfined")), _a(_P.format(scrape=9090, profile="RuntimeDefault").replace("prometheus.io/port: '9090'", "container.apparmor.security.beta.kubernetes.io/a: unconfined"))), good=(_a(_P.format(scrape=9090, profile="RuntimeDefault")),)),
    Rule("k8s/policy-for-all", "warning", "Say who may come in: by podSelector or namespaceSelector.", f"{_DOC}, Network Policies: an empty rule allows all ingress.", is_yaml, _policies,
         bad=(_a(_N.format("web", "{}")),), good=(_a(_N.format("web", "{from: [{podSelector: {}}]}")), _a(_N.format("allow-everybody", "{}")), _a(_N.format("web", "")))),
    Rule("k8s/ingress-plain", "warning", "Name the host and its Secret in `tls`, and let plain requests be redirected.", "cert-manager, Annotated Ingress: the certificate is made for what `tls` names; ingress-nginx, ssl-redirect.", is_yaml, _certificates,
         bad=(_a(_I.format("", "")), _a(_I.format("nginx.ingress.kubernetes.io/ssl-redirect: 'true'", "")), _a(_I.format("cert-manager.io/cluster-issuer: le", "")), _a(_I.format("nginx.ingress.kubernetes.io/ssl-redirect: 'false'", "tls: [{hosts: [a.example.com], secretName: a}], "))),
         good=(_a(_I.format("cert-manager.io/cluster-issuer: le", "tls: [{hosts: [a.example.com], secretName: a}], ")), _a(_I.format("nginx.ingress.kubernetes.io/ssl-redirect: 'false'", "").replace("a.example.com", "a.local")), _a(_I.format("alb.ingress.kubernetes.io/certificate-arn: x", "")), _a(_I.format("", "").replace("a.example.com", "${HOST}")))),
    Rule("k8s/node-port", "warning", "Take a port from 30000 to 32767, or let the cluster choose one.", f"{_DOC}, Service: nodePort is of the range that the API server has, 30000-32767 unless it is told otherwise.", is_yaml, _node_ports,
         bad=(_a(_S.format(8080)),), good=(_a(_S.format(30080)), _a(_S.format("'${PORT}'")))),
    Rule("k8s/scrape-port", "warning", "Name the port that the metrics are at.", "Prometheus, example of kubernetes_sd_configs: prometheus.io/port is the port of the pod that is scraped.", is_yaml, _scraped,
         bad=(_a(_P.format(scrape=9419, profile="RuntimeDefault")),), good=(_a(_P.format(scrape=9090, profile="RuntimeDefault")), _a(_P.format(scrape=9419, profile="RuntimeDefault").replace("name: metrics", "name: http")))),
    Rule("k8s/config-elsewhere", "error", "No container starts: put it into the namespace of the pod.", f"{_DOC}, ConfigMaps: the pod and the ConfigMap are in the same namespace.", is_yaml, _spaces,
         bad=(_a(_P.format(scrape=9090, profile="RuntimeDefault") + _M.format("y")),), good=(_a(_P.format(scrape=9090, profile="RuntimeDefault") + _M.format("x")), _a(_P.format(scrape=9090, profile="RuntimeDefault") + _M.format("y") + _M.format("x")))),
)  # fmt: skip
