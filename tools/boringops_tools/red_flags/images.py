"""Images that can change under the same name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.dockerfile import is_dockerfile, parse, substitute
from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags import jenkins_pods, pipeline_images
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud_images import of_template
from boringops_tools.red_flags.more_pipelines import is_action, is_bitbucket, is_drone, is_woodpecker
from boringops_tools.red_flags.pipeline_images import Named
from boringops_tools.red_flags.terraform_images import of_terraform
from boringops_tools.yaml_files import (
    documents,
    is_circleci,
    is_compose,
    is_manifest,
    is_workflow,
    is_yaml,
    line_of,
    walk,
)

_NEVER = "Use `latest` tag in production (always pin versions)"
UNTAGGED = "image/untagged"
LATEST = "image/latest"
MOVING = frozenset(
    {"latest", "stable", "edge", "nightly", "master", "main", "dev", "develop", "lts", "current", "rolling"}
)


def images(path: str, text: str) -> Iterator[Named]:
    """(line, reference) of the images that a file runs or builds on, arguments filled in. Raises Unreadable."""
    if is_dockerfile(path):
        yield from _dockerfile(text)
        return
    if path.endswith((".tf", ".tofu")):
        yield from of_terraform(text, _helm_values)
        return
    if is_jenkinsfile(path):
        yield from jenkins_pods.images(text)
        return
    reader = next((reader for matches, reader in _BY_PATH if matches(path)), None)
    for document in documents(text):
        if reader is not None:
            yield from reader(document)
        elif isinstance(document, Mapping) and isinstance(document.get("Resources"), Mapping) and "AWS::" in text:
            yield from of_template(document)
        elif is_manifest(document) and not document["apiVersion"].startswith("skaffold/"):  # it gives the tags itself
            yield from ((line_of(parent, key), value) for parent, key, value in walk(document) if key == "image")


def _dockerfile(text: str) -> Iterator[Named]:
    file = parse(text)
    for stage in file.stages:
        if stage.image.lower() != "scratch" and file.base_of(stage) is None:
            yield stage.instruction.line, stage.image
        earlier = {each.alias for each in file.stages}
        for each in stage.instructions:
            source = next((word[7:] for word in each.value.split() if word.startswith("--from=")), "")
            if each.name == "COPY" and source and not source.isdigit() and source.lower() not in earlier:
                yield each.line, source


def _compose(document: Any) -> Iterator[Named]:
    services = document.get("services") if isinstance(document, Mapping) else None
    for service in services.values() if isinstance(services, Mapping) else ():
        # With `build` the image is the name that the result gets.
        if isinstance(service, Mapping) and "image" in service and "build" not in service:
            yield line_of(service, "image"), service["image"]


def _helm_values(document: Any) -> Iterator[Named]:
    """`image: {repository, tag}`, and `image: name:tag`. No tag means the chart's version, which is a version."""
    for parent, key, value in walk(document):
        if str(key).lower().endswith("image"):
            if isinstance(value, Mapping) and value.get("repository") and value.get("tag") and not value.get("digest"):
                yield line_of(value, "tag"), f"{value['repository']}:{value['tag']}"
            elif isinstance(value, str) and ":" in value.rsplit("/", 1)[-1]:
                yield line_of(parent, key), value


def _pulumi_stack(document: Any) -> Iterator[Named]:
    """What a stack sets as an image, or as the tag of one."""
    config = document.get("config") if isinstance(document, Mapping) else None
    yield from _helm_values(config)
    for key, value in config.items() if isinstance(config, Mapping) else ():
        if re.search(r"(?i)image[-_]?(?:tag|version)$", str(key)) and isinstance(value, str) and value:
            yield line_of(config, key), f"{str(key).rpartition(':')[2]}:{value}"


def _kustomization(document: Any) -> Iterator[Named]:
    """The tags that a Kustomization gives; an entry without one leaves that of the manifest."""
    entries = document.get("images") if isinstance(document, Mapping) else None
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, Mapping) and each.get("newTag") and not each.get("digest"):
            yield line_of(each, "newTag"), f"{each.get('newName') or each.get('name')}:{each['newTag']}"


def tag_of(reference: Any) -> str | None:
    """The tag of an image, empty where it has none; null where it is pinned by digest or cannot be known here."""
    if not isinstance(reference, str) or not reference or "@" in reference or "<<" in reference:
        return None  # CircleCI fills << parameters >> in
    reference = substitute(reference, {})  # ${TAG:-1.2} has a default
    last = reference.rsplit("/", 1)[-1]
    name, colon, tag = last.partition(":")
    if "$" in (tag if colon else name) or "{{" in reference:
        return None  # decided elsewhere
    return str(tag)


def is_kustomization(path: str) -> bool:
    return posixpath.basename(path) in ("kustomization.yaml", "kustomization.yml")


# Where a Kustomization puts what was just built on the desk of whoever built it.
_AT_THE_DESK = lazy_pattern(
    r"(?:^|[/_-])(?:dev|devel|development|local|test|tests|testing|e2e|kind|minikube|k3d|sandbox|example|examples)(?:[/_-])",
    re.I,
)


def _latest(path: str, text: str) -> Iterable[Hit]:
    if is_kustomization(path) and _AT_THE_DESK.search(path):
        return
    for line, image in images(path, text):
        tag = tag_of(image)
        if tag is not None and (tag.lower() in MOVING or _no_version(image, tag.lower())):
            yield Hit(line, moving(image, tag))


_BASES = frozenset({"alpine", "slim", "dind", "dind-rootless", "cli", "git"})


def _no_version(image: str, tag: str) -> bool:
    """A tag that tells of what the image is made, and not which one it is: `docker:dind`, `node:lts-alpine`."""
    if image.partition(":")[0].removeprefix("docker.io/").removeprefix("library/") == "docker" and tag in _BASES:
        return True
    first, dash, rest = tag.partition("-")
    return bool(dash) and first in MOVING and rest in _BASES


def moving(image: Any, tag: str) -> str:
    """What is said of an image with a tag that moves."""
    return f"image {image} has the moving tag `{tag}`"


def _untagged(path: str, text: str) -> Iterable[Hit]:
    for line, image in images(path, text):
        if tag_of(image) == "":
            yield Hit(line, untagged(image))


def untagged(image: str) -> str:
    """What is said of an image without a tag."""
    return f"image {image} has no tag, which means `latest`"


def _undigested(path: str, text: str) -> Iterable[Hit]:
    for line, image in images(path, text):
        tag = tag_of(image)
        if tag and tag.lower() not in MOVING:
            yield Hit(line, f"image {image} is not pinned by digest: its tag can be moved")


_BY_PATH: tuple[tuple[Callable[[str], bool], Callable[[Any], Iterator[Named]]], ...] = (
    (is_workflow, pipeline_images.of_workflow),
    (is_action, pipeline_images.of_action),
    (is_compose, _compose),
    (
        lambda path: path.endswith((".gitlab-ci.yml", ".gitlab-ci.yaml")) or path.startswith(".gitlab/"),
        pipeline_images.of_gitlab,
    ),
    (is_circleci, pipeline_images.of_circle),
    (
        lambda path: posixpath.basename(path) in ("azure-pipelines.yml", "azure-pipelines.yaml"),
        pipeline_images.of_azure,
    ),
    (lambda path: is_drone(path) or is_woodpecker(path) or is_bitbucket(path), pipeline_images.of_steps),
    (is_kustomization, _kustomization),
    (lambda path: bool(re.fullmatch(r"Pulumi\.[^/]+\.ya?ml", posixpath.basename(path))), _pulumi_stack),
    (lambda path: bool(re.fullmatch(r"values(?:[._-][^/]*)?\.ya?ml", posixpath.basename(path))), _helm_values),
)


def _applies(path: str) -> bool:
    return is_dockerfile(path) or is_yaml(path) or path.endswith((".tf", ".tofu")) or is_jenkinsfile(path)


_DIGEST = "sha256:" + "0123456789abcdef" * 4
_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: {}\n"

RED_FLAGS = (
    RedFlag(
        LATEST, _NEVER, "error", "Name a version: a moving tag deploys something else tomorrow, and cannot be rolled back to.",
        applies=_applies, check=_latest,
        bad={
            "Dockerfile": "FROM node:latest\n",
            "api.Dockerfile": "ARG TAG=latest\nFROM node:${TAG} AS build\nFROM build\n",
            "compose.yaml": "services:\n  db:\n    image: postgres:latest\n",
            "k8s/app.yaml": _POD.format("acme/app:latest"),
            "a.tf": 'resource "azurerm_linux_web_app" "a" {\n  site_config {\n    application_stack {\n      docker_image_name = "a:latest"\n    }\n  }\n}\n',
            "d.tf": 'resource "helm_release" "a" {\n  set {\n    name = "image.tag"\n    value = "latest"\n  }\n}\n', "e.tf": 'resource "helm_release" "a" {\n  values = [yamlencode({ image = { repository = "a/b", tag = "latest" } })]\n}\n',
            "b.tf": 'resource "aws_lambda_function" "a" {\n  image_uri = "${aws_ecr_repository.a.repository_url}:latest"\n}\n',
            ".github/workflows/ci.yml": "jobs:\n  a:\n    container: node:latest\n    services:\n      db:\n        image: postgres:16\n",
            "Pulumi.prod.yaml": "config:\n  app:image: acme/app:latest\n", "Pulumi.live.yaml": "config: {'app:imageTag': latest}\n",
            "stack.yaml": "Resources:\n  A:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions: [{Image: !Sub '${AWS::AccountId}.dkr.ecr.a.amazonaws.com/a:latest'}]\n",
            ".gitlab-ci.yml": "a:\n  image: {name: node:latest}\n  script: [x]\n",
            ".gitlab/go.yml": ".go:\n  image: golang:latest\n",
            "a/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: docker://aquasec/trivy:latest\n",
            "b/action.yml": "runs: {using: docker, image: 'docker://alpine:edge'}\n",
            "c/.gitlab-ci.yml": "a:\n  services: ['docker:dind']\n  script: [x]\n",
            "d/.gitlab-ci.yml": "a: {image: 'node:lts-alpine', script: x}\n",
            "b/.gitlab-ci.yml": "default:\n  services: [redis:latest]\n",
            "Jenkinsfile": "podTemplate(yaml: '''\n"
            "spec:\n  containers:\n    - {name: a, image: 'node:latest'}\n''') { node(POD_LABEL) { sh 'x' } }\n",
            ".circleci/config.yml": "executors:\n  a:\n    docker: [{image: cimg/node:current}]\n",
            "azure-pipelines.yml": "resources:\n  containers: [{container: n, image: node:latest}]\njobs: [{job: a, container: n}]\n",
            "chart/values.yaml": "web:\n  image:\n    repository: acme/web\n    tag: latest\n",
            "o/kustomization.yaml": "images:\n- name: acme/a\n  newTag: latest\n",
            "ecs.tf": 'resource "aws_ecs_task_definition" "a" {\n'
                '  container_definitions = jsonencode([{ name = "a", image = "acme/a:latest" }])\n}\n',
        },
        good={
            "Dockerfile": "ARG V=22\nFROM node:$V AS latest\nFROM latest\nCOPY --from=latest /a /a\n# FROM node:latest\n"
            f"FROM x:latest@{_DIGEST}\n",
            "compose.yaml": "services:\n  app:\n    build: .\n    image: app:latest\n  db:\n    image: postgres:${PG:-16}\n",
            "k8s/app.yaml": _POD.format("acme/app:1.2"),
            "config.yaml": "image: node:latest\n",
            "o/kustomization.yaml": f"images:\n- name: acme/a\n  newTag: latest\n  digest: {_DIGEST}\n"
                "- name: b:latest\n  newName: acme/b\n- {name: c, newTag: v1}\n",
            "overlays/dev/kustomization.yaml": "images:\n- name: acme/a\n  newTag: latest\n",
            "skaffold.yaml": "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts: [{image: web:latest}]\n",
            "values.yaml": "image:\n  repository: acme/web\n  tag: ''\nworker:\n  image: {repository: a/b, tag: 1.2}\n",
            "c.tf": 'resource "aws_lambda_function" "a" {\n  image_uri = "${aws_ecr_repository.a.repository_url}:latest"\n  lifecycle {\n    ignore_changes = [image_uri]\n  }\n}\n',
            "ecs.tf": 'resource "aws_ecs_task_definition" "a" {\n'
                '  container_definitions = jsonencode([{ image = "${var.repo}:${var.tag}" }, { image = var.i }])\n}\n',
            "action.yml": "name: a\nruns:\n  using: docker\n  image: Dockerfile\n",
            "a/.gitlab-ci.yml": "image: docker:27-cli\na: {services: ['docker:27.3-dind', {name: 'acme/docker:dind-4'}], script: x}\n",
            ".gitlab-ci.yml": "image: node:24\na:\n  image: $CI_REGISTRY_IMAGE:latest-$CI_COMMIT_SHA\n  script: [echo image:latest]\n",
        },
    ),
    RedFlag(
        UNTAGGED, _NEVER, "error", "Name a version: without one the builder takes `latest`.",
        applies=_applies, check=_untagged,
        bad={
            "Dockerfile": "FROM registry.acme.io:5000/node\n",
            "compose.yml": "services:\n  r:\n    image: redis\n",
            "k8s/app.yaml": _POD.format("acme/app"),
            ".github/workflows/ci.yml": "jobs:\n  a:\n    services:\n      db:\n        image: postgres\n",
        },
        good={
            "Dockerfile": f"ARG IMAGE\nFROM $IMAGE\nFROM scratch\nFROM node:22\nFROM node@{_DIGEST}\nFROM a/${{NAME}}\n",
            ".circleci/config.yml": "jobs:\n  a:\n    docker: [{image: << parameters.image >>}]\n",
            "compose.yml": "services:\n  r:\n    image: ${REDIS_IMAGE}\n",
        },
    ),
    RedFlag(
        "image/no-digest", _NEVER, "info", "A digest names the very bytes; a bot keeps it up to date.",
        applies=_applies, check=_undigested,
        bad={"Dockerfile": "FROM node:22-slim\n"},
        good={"Dockerfile": f"FROM node:22-slim@{_DIGEST}\nFROM scratch\n"},
    ),
)  # fmt: skip
