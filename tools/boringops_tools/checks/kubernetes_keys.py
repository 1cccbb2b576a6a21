"""Kubernetes: custom resources that ask a Secret for a key which it does not hold."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, at
from boringops_tools.checks.kubernetes import named
from boringops_tools.checks.kubernetes_held import anywhere, held
from boringops_tools.yaml_files import is_manifest, is_yaml, walk

_SELECTOR = frozenset({"name", "key", "optional", "namespace"})


def _is_custom(version: str) -> bool:
    group = version.partition("/")[0] if "/" in version else ""
    return "." in group and not group.endswith(".k8s.io")


def _keys(files: Files, path: str) -> Iterator[Hit]:
    for thing in files.documents(path):
        if not is_manifest(thing) or not _is_custom(str(thing["apiVersion"])):
            continue
        secrets, maps = held(files, path, "Secret"), anywhere(files, "ConfigMap")
        for _, _, value in walk(thing.get("spec")) if secrets else ():
            if not isinstance(value, Mapping) or not {"name", "key"} <= set(value) <= _SELECTOR:
                continue
            name, key = value["name"], value["key"]
            if not isinstance(name, str) or not isinstance(key, str) or value.get("optional") or name in maps:
                continue
            # What another folder makes under the name may be what is meant.
            keys, others = secrets.get(name), anywhere(files, "Secret").get(name)
            if keys and others and key not in keys | others:
                yield Hit(
                    at((value, "key")),
                    f"{named(thing)}: the Secret `{name}` has no key `{key}`; it has {', '.join(sorted(keys))}",
                )


_C = "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {{name: a}}\nspec: {{receivers: [{{name: a, pagerdutyConfigs: [{{routingKey: {{name: {}, key: {}}}}}]}}]}}\n"
_E = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: pager}\nspec: {target: {name: pager}, data: [{secretKey: routing, remoteRef: {key: a}}]}\n"


def _repo(name: str, key: str, secret: str = _E) -> dict[str, str]:
    return {"m/a.yaml": _C.format(name, key), "m/secret.yaml": secret}


RULES = (
    Rule("k8s/custom-secret-key", "warning", "Name the key as the Secret holds it.", "Kubernetes, SecretKeySelector: name is the Secret, key one of its keys.", is_yaml, _keys,
         bad=(_repo("pager", "routing-key"), _repo("pager", "token", "apiVersion: v1\nkind: Secret\nmetadata: {name: pager}\nstringData: {url: '${URL}'}\n")),
         good=(_repo("pager", "routing"), _repo("other", "x"), _repo("pager", "x", _E.replace("data:", "dataFrom: [{extract: {key: a}}], data:")), {**_repo("pager", "x"), "n/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pager}\ndata: {x: a}\n"})),
)  # fmt: skip
