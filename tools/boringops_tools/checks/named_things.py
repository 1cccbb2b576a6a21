"""Images and cloud resources by name: what is pushed against what runs, what a pipeline updates against what Terraform makes."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.checks.deploys import is_pipeline, workloads
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.checks.terraform_ecs import is_terraform, resources
from boringops_tools.checks.variables import near
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.hcl import Block, read
from boringops_tools.yaml_files import is_yaml

_NAME = r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[a-z0-9][a-z0-9._-]*)+"
# Where something says what it pushes: a variable named for an image, the tag of a build, the target of a push.
_PUSHED = lazy_pattern(
    rf"(?m)(?:^\s*(?:- )?(?:export |readonly )?\w*(?:IMAGE|image|REPOSITORY|repository|REPO)\w*\s*(?:\?=|:=|::=|[:=])\s*|--destination[= ]|\bpush |\s(?:-t|--tag)[= ]|^\s*(?:- )?(?:tags|images):\s*)[\"']?(?P<name>{_NAME})(?=[\s\"',:@$]|$)"
)
_TERRAFORM_IMAGE = lazy_pattern(rf"\"({_NAME})(?:@sha256:[0-9a-f]+|:[\w.-]+)\"")
_ECR = lazy_pattern(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?/(.+)")


def _pushed(files: Files) -> dict[str, str]:
    """Images that pipelines, Makefiles and scripts push, with the file that says so."""
    found: dict[str, str] = {}
    for path in files.all:
        if is_pipeline(path) or path.endswith(".sh") or posixpath.basename(path) in ("Makefile", "justfile"):
            text = files.text(path)
            if re.search(
                r"\bpush\b|\bkaniko\b|\bjib\b|build-push-action|\bbuildah\b|gcloud builds|az acr build|\bko\b", text
            ):
                found |= {match["name"]: path for match in _PUSHED.finditer(text)}
    return found


def _repositories(files: Files) -> dict[str, str]:
    """The repositories that Terraform makes in ECR, by the names that are written out."""
    found = {}
    for path in filter(is_terraform, files.all):
        for each in resources(read(files.text(path)), "aws_ecr_repository"):
            if isinstance(name := each.value("name"), str) and "$" not in name:
                found[name] = path
    return found


def _bare(image: object) -> str:
    match = re.match(rf"{_NAME}(?=$|[:@])", str(image))
    return match[0] if match else ""


def _running(files: Files) -> set[str]:
    return {_bare(each.get("image")) for one in workloads(files) for each in containers(pod_of(one))}


def _meant(files: Files, image: str) -> tuple[str, str]:
    """The image that one which nobody pushes must mean, and who pushes it, where that runs nowhere by its own name."""
    pushed: dict[str, str] = files.once(_pushed)
    known = pushed
    if not image or image in pushed:
        return "", ""
    if in_ecr := _ECR.fullmatch(image):
        repositories: dict[str, str] = files.once(_repositories)
        if in_ecr[1] in repositories:
            return "", ""
        known = pushed | {image[: image.index("/") + 1] + name: path for name, path in repositories.items()}
    # Both bear somebody's name before their own, and differ in a letter or a separator.
    meant = near(image, dict.fromkeys(known, True)) if image.count("/") > 1 else ""
    return (meant, known[meant]) if meant and meant not in files.once(_running) else ("", "")


def _pods(files: Files, path: str) -> Iterator[Hit]:
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            image = _bare(container.get("image"))
            meant, place = _meant(files, image)
            if meant:
                yield Hit(at((container, "image")), f"{named(thing)} runs `{image}`; {place} has `{meant}`")


def _terraform(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _TERRAFORM_IMAGE.finditer(text):
        meant, place = _meant(files, match[1])
        if meant and not re.search(rf"\"{re.escape(meant)}[\":@]", text):
            yield Hit(text.count("\n", 0, match.start()) + 1, f"`{match[1]}` runs; {place} has `{meant}`")


# --- what Terraform makes ---------------------------------------------------------------------------------------------

# The command, the type of what it names, and the attribute that has the name.
_COMMANDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (r"gcloud(?: beta)? run (?:deploy|services (?:update|describe|update-traffic|delete)) ([a-z][\w-]*)", ("google_cloud_run_v2_service", "google_cloud_run_service"), "name"),
    (r"gcloud(?: beta)? run jobs (?:update|execute|deploy) ([a-z][\w-]*)", ("google_cloud_run_v2_job",), "name"),
    (r"gcloud container clusters get-credentials ([a-z][\w-]*)", ("google_container_cluster",), "name"),
    (r"aws ecs (?:update-service|wait services-stable|describe-services)\b[^\n]*?--services? ([\w-]+)", ("aws_ecs_service",), "name"),
    (r"aws ecs (?:update-service|wait services-stable|describe-services|run-task)\b[^\n]*?--cluster ([\w-]+)", ("aws_ecs_cluster",), "name"),
    (r"aws lambda (?:update-function-code|update-function-configuration|publish-version|invoke)\b[^\n]*?--function-name ([\w-]+)", ("aws_lambda_function",), "function_name"),
    (r"aws eks update-kubeconfig\b[^\n]*?--name ([\w-]+)", ("aws_eks_cluster",), "name"),
    (r"az aks get-credentials\b[^\n]*?(?:--name|-n) ([\w-]+)", ("azurerm_kubernetes_cluster",), "name"),
    (r"az containerapp (?:update|up|revision \w+)\b[^\n]*?(?:--name|-n) ([\w-]+)", ("azurerm_container_app",), "name"),
    (r"az (?:webapp|functionapp) (?:deploy|config|deployment|restart|up)\b[^\n]*?(?:--name|-n) ([\w-]+)", ("azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_linux_function_app", "azurerm_windows_function_app"), "name"),
    (r"aws s3 (?:sync|cp)\b[^\n]*? s3://([a-z0-9.-]+)", ("aws_s3_bucket",), "bucket"),
    (r"(?:gsutil|gcloud storage)\b[^\n]*? gs://([a-z0-9._-]+)", ("google_storage_bucket",), "name"),
)  # fmt: skip


def _blocks(files: Files) -> list[Block]:
    paths = [each for each in files.all if is_terraform(each)]
    return (
        [block for each in paths for block in read(files.text(each)) if block.kind == "resource"]
        if len(paths) <= 300
        else []
    )


def _commands(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    joined = re.sub(r"\\\n\s*", " ", text)
    for pattern, kinds, key in _COMMANDS:
        for match in re.finditer(pattern + r"(?=[\s\"';|&)/]|$)", joined):
            names = [each.value(key) for each in files.once(_blocks) if each.labels and each.labels[0] in kinds]
            if not names or not all(isinstance(each, str) and "$" not in each for each in names) or match[1] in names:
                continue
            if meant := difflib.get_close_matches(match[1], names, 1, 0.75) or _only_one(files, match[1], names):
                first = re.escape(match[0].split()[0])
                line = next(
                    (
                        at
                        for at, each in enumerate(text.splitlines(), 1)
                        if re.search(rf"{first}\b", each) and match[1] in each
                    ),
                    None,
                )
                line = line or next(
                    (
                        at
                        for at, each in enumerate(text.splitlines(), 1)
                        if re.search(rf"(?<![\w-]){re.escape(match[1])}(?![\w-])", each)
                    ),
                    None,
                )
                yield Hit(line, f"Terraform makes no {kinds[0]} `{match[1]}` here; it makes `{meant[0]}`")


def _only_one(files: Files, name: str, names: list[str]) -> list[str]:
    """The one that Terraform makes, where a name is that with a word more or less and stands nowhere else."""
    if len(names) != 1 or not (f"{name}-".startswith(f"{names[0]}-") or f"{names[0]}-".startswith(f"{name}-")):
        return []
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    others = [each for each in files.all if not _is_command(each)]
    known = len(others) > 400 or any(whole.search(files.text(each)) or whole.search(each) for each in others)
    return [] if known else [str(names[0])]


def _is_command(path: str) -> bool:
    return is_pipeline(path) or path.endswith(".sh") or posixpath.basename(path) in ("Makefile", "justfile")


# --- Services in other namespaces -------------------------------------------------------------------------------------


def _apart(files: Files, path: str) -> Iterator[Hit]:
    """A Service whose selector fits one workload only, which is in another namespace."""
    for thing in objects(files, path):
        selector, space = mapping(thing, "spec", "selector"), mapping(thing, "metadata").get("namespace")
        if thing["kind"] != "Service" or not selector or not isinstance(space, str):
            continue
        here = objects(files, path)
        fitting = [
            each for each in workloads(files) if selector.items() <= mapping(pod_of(each), "metadata", "labels").items()
        ]
        spaces = [mapping(each, "metadata").get("namespace") for each in fitting]
        placed = any(posixpath.basename(each).startswith(("kustomization.y", "Chart.yaml")) for each in files.all)
        if any(each in here for each in fitting):
            continue  # k8s/other-namespace tells it within a file
        if (
            spaces
            and not placed
            and all(isinstance(each, str) and each != space and "{" not in each for each in spaces)
        ):
            yield Hit(
                at((thing["metadata"], "namespace")),
                f"{named(thing)} is in `{space}`; {named(fitting[0])}, which it selects, is in `{spaces[0]}`",
            )


_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: {}, labels: {{app: a}}}}\nspec: {{containers: [{{name: a, image: '{}:1'}}]}}\n"
_CI = 'build:\n  variables: {{A: b}}\n  script:\n    - buildah push "$IMAGE:$CI_COMMIT_SHA"\nvariables:\n  IMAGE: {}\n'
_WORK = "on: push\nenv:\n  IMAGE: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: docker push $IMAGE:1\n      - run: gcloud run deploy {} --image $IMAGE:1\n"
_RUN = 'variable "image" {{\n  default = "{}@sha256:5cc6"\n}}\nresource "google_cloud_run_v2_service" "a" {{\n  name = "bookings"\n}}\n'
_ECR_TF = 'resource "aws_ecr_repository" "a" {\n  name = "bank/limits"\n}\n'
_SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {{name: a, namespace: {}}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}\n"
_R, _H = "registry.example.com", "111122223333.dkr.ecr.eu-central-1.amazonaws.com"

RULES = (
    Rule("consistency/image-elsewhere", "warning", "Run the image that is pushed, under its one name.", "An image is known by registry, name and tag.", lambda path: is_yaml(path) and not is_pipeline(path), _pods,
         bad=({".gitlab-ci.yml": _CI.format(f"{_R}/payments/ledger"), "a.yaml": _POD.format("x", f"{_R}/payment/ledger")}, {"main.tf": _ECR_TF, "a.yaml": _POD.format("x", f"{_H}/bank/limit")}, {"Makefile": f"IMAGE := {_R}/shop/api-web\npush:\n\tdocker push $(IMAGE):1\n", "a.yaml": _POD.format("x", f"{_R}/shop/apiweb")}),
         good=({".gitlab-ci.yml": _CI.format(f"{_R}/payments/ledger"), "a.yaml": _POD.format("x", f"{_R}/payments/ledger")}, {".gitlab-ci.yml": _CI.format(f"{_R}/payments/ledger"), "a.yaml": _POD.format("x", f"{_R}/payments/worker")}, {"a.yaml": _POD.format("x", f"{_R}/payment/ledger")},
               {"main.tf": _ECR_TF, "a.yaml": _POD.format("x", f"{_H}/bank/limits")}, {".gitlab-ci.yml": _CI.format(f"{_R}/shop/api1"), "a.yaml": _POD.format("x", f"{_R}/shop/api2")})),
    Rule("consistency/terraform-image", "warning", "Run the image that is pushed, under its one name.", "An image is known by registry, name and tag.", is_terraform, _terraform,
         bad=({".github/workflows/a.yml": _WORK.format(f"{_R}/services/booking", "bookings"), "main.tf": _RUN.format(f"{_R}/services/bookings").replace("5cc6", "5cc6" * 16)},), good=({".github/workflows/a.yml": _WORK.format(f"{_R}/services/bookings", "bookings"), "main.tf": _RUN.format(f"{_R}/services/bookings")}, {"main.tf": _RUN.format(f"{_R}/services/bookings")})),
    Rule("consistency/resource-name", "warning", "Name what Terraform makes.", "The clouds' command lines end with an error, or make another one, where nothing has the name.", _is_command, _commands,
         bad=({".github/workflows/a.yml": _WORK.format(f"{_R}/services/bookings", "booking"), "main.tf": _RUN.format(f"{_R}/services/bookings")}, {"a.sh": "gcloud run services update bookings-worker-api --image a\n", "main.tf": _RUN.format("a.b/c")}, {"a.sh": "aws ecs update-service --cluster shop \\\n  --service shopapi\n", "main.tf": 'resource "aws_ecs_service" "a" {\n  name = "shop-api"\n}\n'}),
         good=({".github/workflows/a.yml": _WORK.format(f"{_R}/services/bookings", "bookings"), "main.tf": _RUN.format(f"{_R}/services/bookings")}, {"a.sh": "gcloud run deploy bookings-worker-api\n", "main.tf": _RUN.format("a.b/c"), "api.md": "The service bookings-worker-api is elsewhere.\n"}, {"a.sh": "gcloud run deploy mailer\ngcloud run deploy $NAME\n", "main.tf": _RUN.format("a.b/c")}, {"a.sh": "gcloud run deploy booking\n", "main.tf": 'resource "google_cloud_run_v2_service" "a" {\n  name = "${var.a}s"\n}\n'})),
    Rule("consistency/other-namespace", "error", "Put both into one namespace: a Service finds pods of its own only.", "Kubernetes, Service: the selector looks at pods of the Service's namespace.", is_yaml, _apart,
         bad=({"a.yaml": _POD.format("x", "a/b"), "s.yaml": _SERVICE.format("y")},), good=({"a.yaml": _POD.format("x", "a/b"), "s.yaml": _SERVICE.format("x")}, {"a.yaml": _POD.format("x", "a/b") + _SERVICE.format("x")}, {"a.yaml": _POD.format("x", "a/b") + _SERVICE.format("y"), "b.yaml": _POD.format("y", "a/b")}, {"a.yaml": _POD.format("x", "a/b") + _SERVICE.format("y"), "kustomization.yaml": "namespace: x\nresources: [a.yaml]\n"})),
)  # fmt: skip
