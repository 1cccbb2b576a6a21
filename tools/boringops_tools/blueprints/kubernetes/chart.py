"""A Helm chart with a schema of its values and a file of them for each environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints.kubernetes import kustomize
from boringops_tools.blueprints.kubernetes.shape import DIGEST, ENVIRONMENTS, Shape
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render


def files(w: Workload, v: Shape) -> Iterator[DraftFile]:
    """All files of one application's chart; which of them are there already is the caller's to see."""

    def made(name: str, template: str, why: str, **values: Any) -> DraftFile:
        content = render(f"kubernetes/{template}.j2", w=w, v=v, **values)
        return DraftFile(path=f"{v.folder}/{name}", content=content, why=why)

    home = v.chart
    yield made(
        "namespaces.yaml", "namespace.yaml", "The namespaces, which refuse pods that could gain rights (restricted).",
        namespaces=[f"{w.name}-{env.name}" for env in ENVIRONMENTS],
    )  # fmt: skip
    yield made(f"{home}/Chart.yaml", "helm/Chart.yaml", f"The chart of {w.name}.")
    yield made(f"{home}/values.yaml", "helm/values.yaml", "What is the same in every environment.", digest=DIGEST)
    for env in ENVIRONMENTS:
        yield made(
            f"{home}/values-{env.name}.yaml", "helm/values-environment.yaml", f"What differs in {env.name}.", env=env
        )
    yield DraftFile(
        path=f"{v.folder}/{home}/values.schema.json",
        content=json.dumps(schema(w, v), indent=2) + "\n",
        why="Refuses values that are misspelt or of the wrong kind.",
    )
    if w.settings:
        yield made(f"{home}/templates/config.yaml", "helm/config.yaml", "The plain variables.")
    for name, template, why, values in kustomize.objects(w, v):
        yield made(f"{home}/templates/{name}", template, why, **values)
    yield made(f"{home}/templates/pdb.yaml", "pdb.yaml", "One instance at a time goes when nodes are emptied.")


def schema(w: Workload, v: Shape) -> dict[str, Any]:
    """The JSON Schema of the chart's values. Helm checks it on lint, template, install and upgrade."""
    text = {"type": "string", "minLength": 1}
    count = {"type": "integer", "minimum": 1}
    amounts = {"type": "object", "additionalProperties": {"type": "string"}, "required": ["cpu", "memory"]}
    properties: dict[str, Any] = {
        "image": _closed({"repository": text, "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}}),
        "host": {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
        "ingressNamespace": text,
        "autoscaling": _closed({"minReplicas": count, "maxReplicas": count}),
        "resources": _closed({"requests": amounts, "limits": amounts}),
    }
    if w.settings:
        properties["config"] = {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "additionalProperties": {"type": "string"},
        }
    if v.by_gateway:
        properties["gateway"] = _closed({"name": text, "namespace": text})
    if v.external_secrets:
        properties |= {"secretStore": text, "secretKey": text}
    top = _closed(properties)
    top["properties"] = {**properties, "global": {"type": "object"}}  # Helm adds it
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"Values of {w.name}", **top}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
