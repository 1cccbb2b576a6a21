"""What a pipeline's commands name in the cluster and in the registry, against the manifests of the repository."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping
from boringops_tools.checks.kubernetes import Object, containers, is_whole, objects, pod_of
from boringops_tools.yaml_files import is_workflow, is_yaml

_KINDS = {
    "deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment", "deployment.apps": "Deployment",
    "statefulset": "StatefulSet", "sts": "StatefulSet", "daemonset": "DaemonSet", "ds": "DaemonSet",
}  # fmt: skip
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml")
_COMMAND = re.compile(r"\bkubectl\b([^\n|;&]*?)\b(?:set image|rollout (?:status|restart|undo))\s+([^\n|;&]*)")
_TARGET = re.compile(
    r"(?<!\S)[\"']?(deployments?(?:\.apps)?|deploy|statefulset|sts|daemonset|ds)[/ ]([a-z0-9][a-z0-9.-]*)(?=[\s\"']|$)"
)
_SPACE = re.compile(r"(?:--namespace|-n)[= ]([a-z0-9-]+)(?=\s|$)")
_CONTAINER = re.compile(r"(?<=\s)[\"']?([a-z0-9][a-z0-9-]*)=[\"']?[^\s\"']*[$:/@]")
# The host and the last part are written out; a project between them may be a variable.
_IMAGE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[a-z0-9._$-]+)*/[a-z0-9._-]+")
_TERRAFORM_IMAGE = re.compile(r"\bimage\"?\s*[=:]\s*\"([^\"\n]+)\"")
# Where a pipeline says what it pushes: a variable named for an image, the tag of a build, the target of a push.
_PUSHED = re.compile(
    r"(?m)(?:^\s*(?:- )?(?:export )?(?:\w*IMAGE(?:_NAME|_REPO)?|\w+_image|image_name)\s*[:=]\s*|--destination[= ]|docker push |\s(?:-t|--tag)[= ]|^\s*(?:- )?tags:\s*)[\"']?(?P<name>(?:\$\{\{[^}\n]*\}\}|[^\s\"',])+)"
)
_PUSHES = re.compile(
    r"\b(?:docker|podman|buildah|crane|skopeo|nerdctl)\b[^\n]*\bpush\b|--push\b|kaniko|\bko (?:build|publish)\b|\bjib\b"
)
_PIPELINES = re.compile(
    r"(?:^|/)(?:\.gitlab-ci\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.yml|Jenkinsfile|\.drone\.yml|cloudbuild\.ya?ml)$|^\.github/workflows/[^/]+\.ya?ml$|^\.circleci/config\.yml$"
)


def is_pipeline(path: str) -> bool:
    return bool(_PIPELINES.search(path))


def _runs_commands(path: str) -> bool:
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
    return any(name in files.by_name for name in (*_KUSTOMIZATIONS, "Chart.yaml"))


def _renamed(files: Files) -> bool:
    """Whether what is in the cluster may have other names than the manifests say."""
    if "Chart.yaml" in files.by_name:
        return True
    found = [each for name in _KUSTOMIZATIONS for each in files.by_name.get(name, [])]
    # A Kustomization may bring workloads of another repository.
    return any(re.search(r"namePrefix|nameSuffix|helmCharts|://|github\.com", files.text(each)) for each in found)


def _commands(files: Files, path: str) -> Iterator[Hit]:
    text = re.sub(r"\\\n\s*", " ", files.text(path)) if "kubectl" in files.text(path) else ""
    known = workloads(files) if text else []
    for match in _COMMAND.finditer(text):
        words = f"{match[1]} {match[2]}"
        target = _TARGET.search(match[2])
        same = [each for each in known if target and each["kind"] == _KINDS[target[1]]]
        if target is None or not same:
            continue
        line = files.text(path).count("\n", 0, files.text(path).find(match[0].strip()[:30]))
        line = next(
            (number for number, one in enumerate(files.text(path).splitlines(), 1) if match[0].strip() in one), line + 1
        )
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


def _plain(image: Any) -> str:
    """A full name with its registry, without tag and digest; empty where it is none or not written out.

    Variables amid a name are one like the other: a pipeline and Terraform call the same project by different ones."""
    written = re.sub(r"\$\{\{[^}\n]*\}\}|\$\{[^}\n]*\}|\$\([^)\n]*\)|\$\w+", "$", str(image))
    name = re.sub(r"(?::[^/]*)?(?:@.*)?$", "", written)
    return name if _IMAGE.fullmatch(name) else ""


def _deployed(files: Files) -> set[str]:
    """Images that manifests and Terraform run and that Kustomizations give."""
    found = {_plain(each.get("image")) for one in workloads(files) for each in containers(pod_of(one))}
    for path in [each for name in _KUSTOMIZATIONS for each in files.by_name.get(name, [])]:
        for document in files.documents(path)[:1]:
            found |= {_plain(mapping(each).get("newName")) for each in listed(mapping(document).get("images"))}
    for path in (each for each in files.all if each.endswith(".tf")):
        found |= {_plain(each) for each in _TERRAFORM_IMAGE.findall(files.text(path))}
    return found - {""}


def _named_by_actions(text: str) -> bool:
    """Whether an action pushes an image whose name stands where it is pushed."""
    pushes = re.search(r"\bpush\s*:\s*[\"']?(?:true|\$)", text)
    return bool(pushes and re.search(rf"(?m)^\s*(?:- )?tags:\s*(?:\|\s*\n\s*)?[\"']?{_IMAGE.pattern}", text))


def _pushes(files: Files, path: str) -> Iterator[Hit]:
    """The one image that pipelines push, where what runs comes from the same place under another name."""
    text = files.text(path)
    deployed: set[str] = files.once(_deployed) if _PUSHED.search(text) else set()
    found = {name: match for match in _PUSHED.finditer(text) if (name := _plain(match["name"]))}
    if len(found) != 1 or not deployed:
        return
    pushes = _PUSHES.search(text) or re.search(r"build-push-action", text)
    if is_workflow(path) and (not pushes or _named_by_actions(text)):
        return  # of what an action pushes by its name, consistency/pushed-image tells at the manifest
    name, match = next(iter(found.items()))
    beside = sorted(each for each in deployed if posixpath.dirname(each) == posixpath.dirname(name))
    if (
        name not in deployed
        and len(beside) == 1
        and len(deployed) == 1
        and not any(each.startswith(f"{name}/") for each in deployed)
    ):
        yield Hit(
            text.count("\n", 0, match.start("name")) + 1, f"`{match['name']}` is pushed, and `{beside[0]}` is what runs"
        )


_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'registry.example.com/shop/web:1'}]}}\n"
_C = "deploy:\n  script:\n    - kubectl -n {} set image {} {}=registry.example.com/shop/web:$CI_COMMIT_SHA\n"
_GH = "on: push\nenv:\n  IMAGE: registry.example.com/shop/site\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: docker push $IMAGE:1\n"
_ACTION = "on: push\nenv:\n  IMAGE: registry.example.com/shop/{}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          tags: ${{{{ env.IMAGE }}}}:${{{{ github.sha }}}}\n"
_RUN = 'resource "google_cloud_run_v2_service" "a" {\n  template {\n    containers {\n      image = "a-docker.pkg.dev/${var.project}/shop/web@${var.digest}"\n    }\n  }\n}\n'
_P = "build:\n  image: gcr.io/kaniko-project/executor:v1\nvariables:\n  IMAGE: {}\ntest:\n  script:\n    - docker build -t $IMAGE:$CI_COMMIT_SHA .\n"


def _a(text: str, **more: str) -> Mapping[str, str]:
    return {"k8s/web.yaml": _D, ".gitlab-ci.yml": text, **more}


RULES = (
    Rule("consistency/deployed-name", "error", "The job fails: name the workload, its container and its namespace as the manifest does.", "kubectl set image: KIND/NAME CONTAINER=IMAGE, in the namespace of the workload.", _runs_commands, _commands,
         bad=(_a(_C.format("shop", "deployment/wep", "web")), _a(_C.format("shop", "deployment/wep", "web"), **{"k8s/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n"}), _a(_C.format("shop", "deployment/web", "app").replace("app=registry.example.com/shop/web", 'app="$IMAGE').replace("_SHA", '_SHA"')), _a(_C.format("shop", "deployment/web", "app")), _a(_C.format("store", "deployment/web", "web"))),
         good=(_a(_C.format("shop", "deployment/web", "web")), _a(_C.format("shop", "deployment/pre-web", "web"), **{"k8s/kustomization.yaml": "namePrefix: pre-\nresources: [web.yaml]\n"}), _a(_C.format("$SPACE", "deployment/$NAME", "web")), {".gitlab-ci.yml": _C.format("a", "deployment/b", "c")})),
    Rule("consistency/image-pushed", "warning", "Deploy the image that is pushed, under its one name.", "An image is known by registry, name and tag.", is_pipeline, _pushes,
         bad=(_a(_P.format("registry.example.com/shop/web-api")), {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH}, {"k8s/web.yaml": _D, ".github/workflows/a.yml": _ACTION.format("site")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/site")}),
         good=({"k8s/web.yaml": _D, ".github/workflows/a.yml": _ACTION.format("web")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/web")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/$NAME")}, _a(_P.format("registry.example.com/shop/web")), _a(_P.format("registry.example.com/base/web")), _a(_P.format("$CI_REGISTRY_IMAGE")), {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH.replace("/site", "/web")}, {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH.replace("docker push", "docker run")})),
)  # fmt: skip
