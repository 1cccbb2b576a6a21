"""Kustomize: fields by the name of one, but for a slip or the case of its letters."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes_together import close
from boringops_tools.checks.kustomize import is_kustomization

_GENERATOR = "annotations behavior disableNameSuffixHash env envs files immutable kvSources labels literals name namespace options type"
_SELECTOR = "annotationSelector fieldPath fieldPaths group kind labelSelector name namespace options version"
_LEVELS = {
    "": "apiVersion bases buildMetadata commonAnnotations commonLabels components configMapGenerator configurations crds generatorOptions generators helmChartInflationGenerator helmCharts helmGlobals images imageTags inventory kind labels metadata namePrefix nameSuffix namespace openapi patches patchesJson6902 patchesStrategicMerge replacements replicas resources secretGenerator sortOptions transformers validators vars",
    "images": "digest name newName newTag tagSuffix",
    "replicas": "count name",
    "configMapGenerator": _GENERATOR,
    "secretGenerator": _GENERATOR,
    "generatorOptions": "annotations disableNameSuffixHash immutable labels",
    "patches": "options patch path target",
    "patches.target": _SELECTOR,
    "labels": "fields includeSelectors includeTemplates pairs",
    "replacements": "path source sourceValue targets",
    "replacements.source": _SELECTOR,
    "replacements.targets": "fieldPaths options reject select",
}


def _levels(document: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """(keys from the top, mapping) of the mappings whose fields are known, as if lists were not there."""
    for way in _LEVELS:
        found: list[Any] = [document]
        for key in way.split(".") if way else ():
            below = [mapping(each).get(key) for each in found]
            found = [one for each in below for one in (listed(each) or [each])]
        yield from ((way, each) for each in found if isinstance(each, Mapping))


def _fields(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        if not isinstance(document, Mapping):
            continue
        if not str(document.get("apiVersion", "kustomize.config.k8s.io/")).startswith("kustomize.config.k8s.io/"):
            continue  # Flux has a Kustomization of its own
        for way, node in _levels(document):
            known = _LEVELS[way].split()
            for key in map(str, node):
                plain = re.sub(r"[-_]", "", key).lower()
                near = [each for each in known if each.lower() == plain] or [
                    each for each in known if len(key) >= 4 and len(each) >= 4 and close(key, each)
                ]
                if key not in known and "$" not in key and len(near) == 1 and near[0] not in node:
                    yield Hit(
                        at((node, key)), f"{f'`{way}` has' if way else 'there is'} no field `{key}`, but `{near[0]}`"
                    )


def _k(text: str) -> dict[str, str]:
    return {"kustomization.yaml": f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}"}


RULES = (
    Rule("kustomize/field", "warning", "Name the field as Kustomize does: another name is refused, and another case is taken by no more than luck.", "Kustomize reference, the Kustomization file: its fields, which are written with their capitals.", is_kustomization, _fields,
         bad=(_k("nameSpace: a\n"), _k("resource: [a.yaml]\n"), _k("name_prefix: a-\n"), _k("images: [{name: a, newtag: '2'}]\n"), _k("patches: [{path: a.yaml, targets: {kind: Deployment}}]\n"), _k("configMapGenerator: [{name: a, literal: [b=c]}]\n")),
         good=(_k("namespace: a\nresources: [a.yaml]\nimages: [{name: a, newTag: '2'}]\nconfigMapGenerator: [{name: a, literals: [b=c]}]\nsecretGenerator: [{name: a, env: b, envs: [c]}]\n"), _k("x-own: 1\nopenapi: {path: a.json}\ncommonLabels: {names: a}\nvars: [{name: A, objref: {kind: b}}]\n"), {"kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {}\nresource: a\n"})),
)  # fmt: skip
