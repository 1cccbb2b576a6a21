"""The image that pipelines, Makefiles and scripts push, against the one that runs."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping
from boringops_tools.checks.deploys import KUSTOMIZATIONS, runs_commands, workloads
from boringops_tools.checks.kubernetes import containers, pod_of
from boringops_tools.checks.resolved import resolved
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import read
from boringops_tools.yaml_files import is_workflow, walk

# The host and the last part are written out; a project between them may be a variable.
_IMAGE = lazy_pattern(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[a-z0-9._$-]+)*/[a-z0-9._-]+")
_TERRAFORM_IMAGE = lazy_pattern(r"\bimage\"?\s*[=:]\s*\"([^\"\n]+)\"")
_ECR = lazy_pattern(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?")
_TOOL = r"(?:docker|podman|buildah|nerdctl)"
# Where a pipeline says what it pushes: a variable named for an image, the tag of a build, the target of a push.
_PUSHED = lazy_pattern(
    rf"(?m)(?:^\s*(?:- )?(?:export )?(?:\w*IMAGE(?:_NAME|_REPO)?|\w+_image|image_name)\s*(?:\?=|::?=|[:=])\s*|--destination[= ]|\b{_TOOL}(?: image)? push |\s(?:-t|--tag)[= ]|^\s*(?:- )?(?:tags|images):\s*(?:\|-?\s*\n\s*)?)[\"']?(?P<name>(?:\$\{{\{{[^}}\n]*\}}\}}|[^\s\"',])+)"
)
_PUSHES = lazy_pattern(
    r"\b(?:docker|podman|buildah|crane|skopeo|nerdctl)\b[^\n]*\bpush\b|--push\b|kaniko|\bko (?:build|publish)\b|\bjib\b"
)
_AZURE_TASK = lazy_pattern(r"\bDocker@[012]\b")
_AZURE_REPOSITORY = lazy_pattern(r"(?m)^\s*repository:\s*[\"']?(?P<name>[a-z0-9][a-z0-9._/-]*)[\"']?\s*$")


def plain(image: Any) -> str:
    """A full name with its registry, without tag and digest; empty where it is none or not written out.

    Variables amid a name are one like the other: a pipeline and Terraform call the same project by different ones."""
    written = re.sub(r"\$\{\{[^}\n]*\}\}|\$\{[^}\n]*\}|\$\([^)\n]*\)|\$\w+", "$", str(image))
    name = re.sub(r"(?::[^/]*)?(?:@.*)?$", "", written)
    return name if _IMAGE.fullmatch(name) else ""


def _deployed(files: Files) -> set[str]:
    """Images that manifests, Terraform and the values of charts run, and that Kustomizations give."""
    found = {plain(each.get("image")) for one in workloads(files) for each in containers(pod_of(one))}
    for path in [each for name in KUSTOMIZATIONS for each in files.by_name.get(name, [])]:
        for document in files.documents(path)[:1]:
            found |= {plain(mapping(each).get("newName")) for each in listed(mapping(document).get("images"))}
    for path in (each for each in files.all if each.endswith(".tf")):
        found |= {plain(each) for each in _TERRAFORM_IMAGE.findall(files.text(path))}
    for path in files.by_name.get("Chart.yaml", []):
        for document in files.documents(posixpath.join(posixpath.dirname(path), "values.yaml"))[:1]:
            found |= {plain(_of_values(value)) for _, key, value in walk(document) if key == "image"}
    return found - {""}


def _of_values(image: Any) -> str:
    host, name = mapping({"a": image}, "a").get("registry"), mapping({"a": image}, "a").get("repository")
    return f"{host}/{name}" if host else str(name)


def _repositories(files: Files) -> set[str]:
    """The names of the repositories that Terraform makes in ECR; none where one of them is put together."""
    blocks = [block for each in files.all if each.endswith(".tf") for block in read(files.text(each))]
    made = [each.value("name") for each in blocks if each.labels[:1] == ("aws_ecr_repository",)]
    return {str(each) for each in made} if all(isinstance(each, str) and "$" not in each for each in made) else set()


def _named_by_actions(text: str) -> bool:
    """Whether an action pushes an image whose name stands where it is pushed."""
    pushes = re.search(r"\bpush\s*:\s*[\"']?(?:true|\$)", text)
    return bool(pushes and re.search(rf"(?m)^\s*(?:- )?tags:\s*(?:\|\s*\n\s*)?[\"']?{_IMAGE.pattern}", text))


def _pushed(text: str) -> Iterator[tuple[str, int]]:
    for match in _PUSHED.finditer(text):
        if name := plain(match["name"]):
            yield name, text.count("\n", 0, match.start("name")) + 1


def _pushes(files: Files, path: str) -> Iterator[Hit]:
    """The one image that is pushed, where what runs comes from the same place under another name."""
    text = resolved(files, path)
    if is_workflow(path):
        if not (_PUSHES.search(text) or "build-push-action" in text) or _named_by_actions(files.text(path)):
            return  # of what an action pushes by its name, consistency/pushed-image tells at the manifest
    elif not re.search(r"(?i)push|kaniko|\bbuild\b", text):
        return
    found: dict[str, int] = {}
    for name, line in _pushed(text):
        found.setdefault(name, line)
    deployed: set[str] = files.once(_deployed) if found or _AZURE_TASK.search(text) else set()
    for name, line in found.items():
        host, _, rest = name.partition("/")
        repositories: set[str] = files.once(_repositories) if _ECR.fullmatch(host) else set()
        running = deployed | {f"{host}/{each}" for each in repositories}
        beside = sorted(each for each in running if posixpath.dirname(each) == posixpath.dirname(name))
        pushed = [each for each in found if posixpath.dirname(each) == posixpath.dirname(name)]
        whole = len(running) == 1 and not any(each.startswith(f"{name}/") for each in running)
        if rest and name not in running and len(beside) == len(pushed) == 1 and whole:
            yield Hit(line, f"`{name}` is pushed, and `{beside[0]}` is what runs")
    for match in _AZURE_REPOSITORY.finditer(text) if _AZURE_TASK.search(text) and len(deployed) == 1 else ():
        runs = next(iter(deployed))
        tail = runs.partition("/")[2]
        if match["name"] != tail and posixpath.dirname(match["name"]) == posixpath.dirname(tail) and "azurecr" in runs:
            yield Hit(
                text.count("\n", 0, match.start("name")) + 1, f"`{match['name']}` is pushed, and `{runs}` is what runs"
            )


_D = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'registry.example.com/shop/web:1'}]}}\n"
_GH = "on: push\nenv:\n  IMAGE: registry.example.com/shop/site\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: docker push $IMAGE:1\n"
_ACTION = "on: push\nenv:\n  IMAGE: registry.example.com/shop/{}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          tags: ${{{{ env.IMAGE }}}}:${{{{ github.sha }}}}\n"
_RUN = 'resource "google_cloud_run_v2_service" "a" {\n  template {\n    containers {\n      image = "a-docker.pkg.dev/${var.project}/shop/web@${var.digest}"\n    }\n  }\n}\n'
_P = "build:\n  image: gcr.io/kaniko-project/executor:v1\nvariables:\n  IMAGE: {}\ntest:\n  script:\n    - docker build -t $IMAGE:$CI_COMMIT_SHA .\n"
_ECR_TF = 'resource "aws_ecr_repository" "a" {\n  name = "web"\n}\n'
_TASK = (
    "steps:\n- task: Docker@2\n  inputs:\n    command: buildAndPush\n    containerRegistry: shop\n    repository: {}\n"
)
_WAYS = (
    "variables:\n  REGISTRY: registry.example.com/shop\na:\n  script:\n    - docker push $REGISTRY/{}:$T\n",
    "variables:\n  HOST: registry.example.com\n  NAME: shop/{}\na:\n  script:\n    - podman push ${{HOST}}/${{NAME}}:$T\n",
    "variables:\n- name: image\n  value: registry.example.com/shop/{}\nsteps:\n- script: docker push $(image):1\n",
)


def _a(text: str, **more: str) -> Mapping[str, str]:
    return {"k8s/web.yaml": _D, ".gitlab-ci.yml": text, **more}


RULES = (
    Rule("consistency/image-pushed", "warning", "Deploy the image that is pushed, under its one name.", "An image is known by registry, name and tag.", runs_commands, _pushes,
         bad=(*(_a(each.format("site")) for each in _WAYS), {"k8s/web.yaml": _D, "Makefile": "IMAGE ?= registry.example.com/shop/site\npush:\n\tdocker push $(IMAGE)\n"}, {"k8s/web.yaml": _D.replace("registry.example.com", "shop.azurecr.io"), "azure-pipelines.yml": _TASK.format("shop/site")}, {"c/Chart.yaml": "name: c\n", "c/values.yaml": "image:\n  repository: registry.example.com/shop/web\n", ".gitlab-ci.yml": _WAYS[0].format("site")}, {"main.tf": _ECR_TF, ".gitlab-ci.yml": _P.format("111122223333.dkr.ecr.eu-central-1.amazonaws.com/site")}, _a(_P.format("registry.example.com/shop/web-api")), {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH}, {"k8s/web.yaml": _D, ".github/workflows/a.yml": _ACTION.format("site")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/site")}),
         good=(*(_a(each.format("web")) for each in _WAYS), {"k8s/web.yaml": _D.replace("registry.example.com", "shop.azurecr.io"), "azure-pipelines.yml": _TASK.format("shop/web")}, {"main.tf": _ECR_TF, ".gitlab-ci.yml": _P.format("111122223333.dkr.ecr.eu-central-1.amazonaws.com/web")}, {"k8s/web.yaml": _D, ".github/workflows/a.yml": _ACTION.format("web")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/web")}, {"main.tf": _RUN, ".gitlab-ci.yml": _P.format("a-docker.pkg.dev/$PROJECT/shop/$NAME")}, _a(_P.format("registry.example.com/shop/web")), _a(_P.format("registry.example.com/base/web")), _a(_P.format("$CI_REGISTRY_IMAGE")), {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH.replace("/site", "/web")}, {"k8s/web.yaml": _D, ".github/workflows/a.yml": _GH.replace("docker push", "docker run")})),
)  # fmt: skip
