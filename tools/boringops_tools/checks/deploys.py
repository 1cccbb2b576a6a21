"""What a pipeline's commands name in the cluster and in the registry, against the manifests of the repository."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, mapping
from boringops_tools.checks.kubernetes import Object, containers, is_whole, objects, pod_of
from boringops_tools.checks.resolved import resolved
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_KINDS = {
    "deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment", "deployment.apps": "Deployment",
    "statefulset": "StatefulSet", "sts": "StatefulSet", "daemonset": "DaemonSet", "ds": "DaemonSet",
}  # fmt: skip
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
_COMMAND = lazy_pattern(r"\bkubectl\b([^\n|;&]*?)\b(?:set image|rollout (?:status|restart|undo))\s+([^\n|;&]*)")
_TARGET = lazy_pattern(
    r"(?<!\S)[\"']?(deployments?(?:\.apps)?|deploy|statefulset|sts|daemonset|ds)[/ ]([a-z0-9][a-z0-9.-]*)(?=[\s\"']|$)"
)
_SPACE = lazy_pattern(r"(?:--namespace|-n)[= ]([a-z0-9-]+)(?=\s|$)")
_CONTAINER = lazy_pattern(r"(?<=\s)[\"']?([a-z0-9][a-z0-9-]*)=[\"']?[^\s\"']*[$:/@]")
_PIPELINES = lazy_pattern(
    r"(?:^|/)(?:\.gitlab-ci\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.yml|Jenkinsfile|\.drone\.yml|cloudbuild\.ya?ml)$|^\.github/workflows/[^/]+\.ya?ml$|^\.circleci/config\.yml$"
)


def is_pipeline(path: str) -> bool:
    return bool(_PIPELINES.search(path))


def runs_commands(path: str) -> bool:
    return is_pipeline(path) or path.endswith(".sh") or posixpath.basename(path) == "Makefile"


def workloads(files: Files) -> list[Object]:
    """All workloads of the repository that are more than patches."""
    found: list[Object] = files.once(_workloads)
    return found


def _workloads(files: Files) -> list[Object]:
    paths = [each for each in files.all if is_yaml(each) and not is_pipeline(each)]
    return [
        thing
        for each in paths
        if len(paths) <= 300
        for thing in objects(files, each)
        if pod_of(thing) and is_whole(thing)
    ]


def _placed(files: Files) -> bool:
    """Whether something else than the manifests puts objects into namespaces."""
    return any(name in files.by_name for name in (*KUSTOMIZATIONS, "Chart.yaml"))


def _renamed(files: Files) -> bool:
    """Whether what is in the cluster may have other names than the manifests say."""
    if "Chart.yaml" in files.by_name:
        return True
    found = [each for name in KUSTOMIZATIONS for each in files.by_name.get(name, [])]
    # A Kustomization may bring workloads of another repository.
    return any(re.search(r"namePrefix|nameSuffix|helmCharts|://|github\.com", files.text(each)) for each in found)


def _commands(files: Files, path: str) -> Iterator[Hit]:
    text = re.sub(r"\\\n\s*", " ", resolved(files, path)) if "kubectl" in files.text(path) else ""
    known = workloads(files) if text else []
    for match in _COMMAND.finditer(text):
        words = f"{match[1]} {match[2]}"
        target = _TARGET.search(match[2])
        same = [each for each in known if target and each["kind"] == _KINDS[target[1]]]
        if target is None or not same:
            continue
        written = resolved(files, path)
        line = written.count("\n", 0, written.find(match[0].strip()[:30]))
        line = next((number for number, one in enumerate(written.splitlines(), 1) if match[0].strip() in one), line + 1)
        mine = [each for each in same if mapping(each, "metadata").get("name") == target[2]]
        names = {str(mapping(each, "metadata").get("name")) for each in same}
        if not mine:
            if not any(re.search(r"[${}]", each) for each in names) and not files.once(_renamed):
                yield Hit(
                    line,
                    f"no manifest has the {_KINDS[target[1]]} `{target[2]}`; there is {', '.join(sorted(names)[:5])}",
                )
            continue
        inside = {str(each.get("name")) for one in mine for each in containers(pod_of(one))}
        for name in _CONTAINER.findall(f" {match[2]}") if "set image" in match[0] else ():
            if name not in inside:
                yield Hit(line, f"`{target[2]}` has no container `{name}`; it has {', '.join(sorted(inside))}")
        spaces = {mapping(each, "metadata").get("namespace") for each in mine}
        space = _SPACE.search(words)
        if space and space[1] not in spaces and all(isinstance(each, str) for each in spaces) and not _placed(files):
            yield Hit(
                line, f"`{target[2]}` is in the namespace {', '.join(sorted(map(str, spaces)))}, not in `{space[1]}`"
            )


_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'registry.example.com/shop/web:1'}]}}\n"
_C = "deploy:\n  script:\n    - kubectl -n {} set image {} {}=registry.example.com/shop/web:$CI_COMMIT_SHA\n"


def _a(text: str, **more: str) -> Mapping[str, str]:
    return {"k8s/web.yaml": _D, ".gitlab-ci.yml": text, **more}


RULES = (
    Rule("consistency/deployed-name", "error", "The job fails: name the workload, its container and its namespace as the manifest does.", "kubectl set image: KIND/NAME CONTAINER=IMAGE, in the namespace of the workload.", runs_commands, _commands,
         bad=(_a(_C.format("shop", "deployment/wep", "web")), _a(_C.format("shop", "deployment/wep", "web"), **{"k8s/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n"}), _a(_C.format("shop", "deployment/web", "app").replace("app=registry.example.com/shop/web", 'app="$IMAGE').replace("_SHA", '_SHA"')), _a(_C.format("shop", "deployment/web", "app")), _a(_C.format("store", "deployment/web", "web"))),
         good=(_a(_C.format("shop", "deployment/web", "web")), _a(_C.format("shop", "deployment/pre-web", "web"), **{"k8s/kustomization.yaml": "namePrefix: pre-\nresources: [web.yaml]\n"}), _a(_C.format("$SPACE", "deployment/$NAME", "web")), {".gitlab-ci.yml": _C.format("a", "deployment/b", "c")})),
)  # fmt: skip
