"""The rules on real files: what a file is, and what it states."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from boringops import inventory
from boringops.facts import InventoryItem
from boringops.globs import glob_regex
from boringops.inventory_rules import MAX_VERSIONS, RULES

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"


def items(root: Path, path: str, content: str = "") -> list[InventoryItem]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode())
    return inventory.take(root, [path], ()).files


K8S = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: shop-staging\nspec:\n"

KINDS: list[tuple[str, str, str, dict[str, str], list[str]]] = [
    # path, content, kind, versions, environments
    ("Dockerfile", "FROM node:22-alpine AS build\nFROM build\nFROM scratch\n", "dockerfile", {"node": "22-alpine"}, []),
    ("api/Dockerfile", "ARG NODE=24\nFROM --platform=linux/amd64 node:${NODE}-slim\n", "dockerfile",
     {"node": "24-slim"}, []),
    ("a.Dockerfile", "FROM localhost:5000/base\n", "dockerfile", {"localhost:5000/base": "(no tag)"}, []),
    ("Dockerfile.dev", f"FROM python:3.14@sha256:{SHA}\n", "dockerfile", {"python": "3.14@sha256:3d3c42e5aac5"},
     ["dev"]),
    ("Containerfile", "from alpine:3.24\r\n", "dockerfile", {"alpine": "3.24"}, []),
    (".dockerignore", "node_modules\n", "dockerignore", {}, []),
    ("api/Dockerfile.dockerignore", "node_modules\n", "dockerignore", {}, []),
    ("compose.yaml", "services:\n  db:\n    image: postgres:${PG:-17}-alpine\n  c:\n    image: redis:$TAG\n", "compose",
     {"postgres": "17-alpine", "redis": "(variable)"}, []),
    ("docker-compose.prod.yml", "version: '3.8'\nservices:\n  a:\n    environment:\n      - A=b\n", "compose",
     {"version": "3.8"}, ["prod"]),
    ("docker-compose.override.yml", "services: {}\n", "compose", {}, []),
    ("deploy/stack.yml", "services:\n  web:\n    image: nginx:1.29\n", "compose", {"nginx": "1.29"}, []),
    (".github/workflows/ci.yaml",
     f"jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@{SHA} # v7.0.1\n"
     "      - uses: actions/setup-node@v7\n        with:\n          node-version: '24'\n"
     "      - uses: actions/setup-python@v7\n        with:\n          python-version: ${{ matrix.python-version }}\n"
     "    strategy:\n      matrix:\n        python-version: ['3.13', \"3.14\"]\n",
     "github-actions",
     {"actions/checkout": "v7.0.1 (3d3c42e)", "actions/setup-node": "v7", "actions/setup-python": "v7",
      "node-version": "24", "python-version": "3.13, 3.14", "runs-on": "ubuntu-24.04"}, []),
    (".github/workflows/deploy.yml",
     "jobs:\n  a:\n    environment: staging\n  b:\n    environment:\n      name: production\n      url: x\n"
     "  c:\n    environment: ${{ inputs.where }}\n  d:\n    strategy:\n      matrix:\n        environment: [dev, qa]\n",
     "github-actions", {}, ["dev", "production", "qa", "staging"]),
    (".github/workflows/deploy-production.yml", "on: push\n", "github-actions", {}, ["production"]),
    (".github/workflows/test.yml", "on: push\n", "github-actions", {}, []),
    (".github/actions/setup/action.yml", "name: x\nruns:\n  using: composite\n", "github-actions", {}, []),
    (".github/dependabot.yml", "version: 2\n", "dependabot", {}, []),
    ("renovate.json", "{}", "renovate", {}, []),
    (".gitlab-ci.yml", "image: node:24\nx:\n  environment:\n    name: production\n", "gitlab-ci", {"node": "24"},
     ["production"]),
    (".gitlab/ci/build.yml", "image: node:24\n", "gitlab-ci", {"node": "24"}, []),
    (".circleci/config.yml",
     "orbs:\n  node: circleci/node@7.1\njobs:\n  a:\n    docker:\n      - image: cimg/node:24.1\n",
     "circleci", {"circleci/node": "7.1", "cimg/node": "24.1"}, []),
    ("Jenkinsfile", "pipeline { agent { docker { image 'node:24' } } }\n", "jenkins", {"node": "24"}, []),
    ("Jenkinsfile.release", "pipeline {}\n", "jenkins", {}, []),
    ("azure-pipelines.yml", "pool:\n  vmImage: ubuntu-24.04\nsteps:\n- task: NodeTool@0\n", "azure-pipelines",
     {"vmImage": "ubuntu-24.04", "NodeTool": "0"}, []),
    ("bitbucket-pipelines.yml", "image: node:24\npipelines:\n  default:\n    - step:\n        deployment: production\n",
     "bitbucket-pipelines", {"node": "24"}, ["production"]),
    (".travis.yml", "node_js:\n  - 22\n  - 24\n", "travis", {"node_js": "22, 24"}, []),
    (".drone.yml", "kind: pipeline\n", "drone", {}, []),
    (".buildkite/pipeline.yml", "steps: []\n", "buildkite", {}, []),
    ("cloudbuild.yaml", "steps: []\n", "cloud-build", {}, []),
    ("terraform/main.tf",
     'terraform {\n  required_version = ">= 1.10, < 2"\n  required_providers {\n'
     '    aws = {\n      source  = "hashicorp/aws"\n'
     '      version = "~> 6.0"\n    }\n  }\n}\nmodule "vpc" {\n  source = "./vpc"\n  version = "6.1.0"\n}\n'
     'locals {\n  big = terraform.workspace == "production"\n}\n',
     "terraform", {"required_version": ">= 1.10, < 2", "aws": "~> 6.0", 'module "vpc"': "6.1.0"}, ["production"]),
    ("infra/environments/eu-live/main.tf", "", "terraform", {}, ["eu-live"]),
    ("infra/staging/main.tf", "", "terraform", {}, ["staging"]),
    (".terraform.lock.hcl", 'provider "example.org/hashicorp/aws" {\n  version     = "6.45.0"\n', "terraform",
     {"hashicorp/aws": "6.45.0"}, []),
    ("prod.tfvars", 'password = "1.2.3"\nenvironment = "secret"\n', "terraform", {}, ["prod"]),
    ("main.tf.json", '{"terraform": {"required_version": "1.15"}}', "terraform", {"required_version": "1.15"}, []),
    ("a.tftest.hcl", "", "terraform", {}, []),
    ("live/prod/terragrunt.hcl", 'include "root" {}\n', "terragrunt", {}, ["prod"]),
    ("base.pkr.hcl", "packer {}\n", "packer", {}, []),
    ("Pulumi.yaml", "name: a\nruntime: nodejs\n", "pulumi", {"runtime": "nodejs"}, []),
    ("Pulumi.eu-prod.yaml", "config: {}\n", "pulumi", {}, ["eu-prod"]),
    ("stack.yaml", "AWSTemplateFormatVersion: '2010-09-09'\n", "cloudformation", {}, []),
    ("net.yml", "Resources:\n  Vpc:\n    Type: AWS::EC2::VPC\n", "cloudformation", {}, []),
    ("infra/net.json", '{"Resources": {"Vpc": {\n  "Type": "AWS::EC2::VPC"}}}', "cloudformation", {}, []),
    ("template.yaml", "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\n", "sam", {}, []),
    ("cdk.json", "{}", "cdk", {}, []),
    ("serverless.yml", "frameworkVersion: '4'\nprovider:\n  runtime: nodejs22.x\n  stage: prod\n", "serverless",
     {"frameworkVersion": "4", "runtime": "nodejs22.x"}, ["prod"]),
    ("ansible.cfg", "[defaults]\n", "ansible", {}, []),
    ("site.yml", "---\n- name: all\n  hosts: web\n  become: true\n  tasks: []\n", "ansible", {}, []),
    ("play.yml", "- hosts: web\n  roles:\n    - a\n", "ansible", {}, []),
    ("ansible/roles/web/tasks/main.yml", "- debug:\n", "ansible", {}, []),
    ("inventories/staging/hosts", "[web]\n", "ansible", {}, ["staging"]),
    ("inventories/group_vars/all.yml", "a: b\n", "ansible", {}, []),
    ("k8s/bom.yaml", "\ufeffapiVersion: v1\nkind: Pod\n", "kubernetes", {"Pod": "v1"}, []),
    ("k8s/app.yaml", K8S + "  containers:\n    - image: shop/api:1.2\n---\napiVersion: v1\nkind: Service\n",
     "kubernetes",
     {"Deployment": "apps/v1", "Service": "v1", "shop/api": "1.2"}, ["staging"]),
    ("k8s/overlays/live/kustomization.yaml", "resources: []\nimages:\n  - name: shop/api\n    newTag: 1.3.0\n",
     "kustomize",
     {"shop/api": "1.3.0"}, ["live"]),
    ("chart/Chart.yaml",
     "apiVersion: v2\nname: a\nversion: 1.2.3\nappVersion: \"4.5\"\ndependencies:\n  - name: redis\n"
     "    repository: oci://example.org\n    version: 20.1.0\n", "helm",
     {"version": "1.2.3", "appVersion": "4.5", "redis": "20.1.0"}, []),
    ("chart/values-prod.yaml", "image:\n  repository: shop/api\n  tag: 1.4.0\n", "helm", {"shop/api": "1.4.0"},
     ["prod"]),
    ("chart/templates/app.yaml", "apiVersion: apps/v1\nkind: Deployment\nname: {{ .Values.name }}\n", "helm",
     {"Deployment": "apps/v1"}, []),
    ("skaffold.yaml", "apiVersion: skaffold/v4beta13\nkind: Config\n", "skaffold",
     {"apiVersion": "skaffold/v4beta13"}, []),
    ("cd/app.yaml",
     "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    targetRevision: v3\n", "argocd",
     {"Application": "argoproj.io/v1alpha1", "targetRevision": "v3"}, []),
    ("clusters/a/sync.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", "flux",
     {"Kustomization": "kustomize.toolkit.fluxcd.io/v1"}, []),
    ("ci/run.yaml", "apiVersion: tekton.dev/v1\nkind: Pipeline\n", "tekton", {"Pipeline": "tekton.dev/v1"}, []),
    ("Tiltfile", "", "tilt", {}, []),
    ("Procfile", "web: node .\n", "procfile", {}, []),
    ("fly.toml", "app = 'a'\n", "fly", {}, []),
    ("render.yaml", "services: []\n", "render", {}, []),
    ("railway.json", "{}", "railway", {}, []),
    ("vercel.json", "{}", "vercel", {}, []),
    ("netlify.toml", '[build.environment]\nNODE_VERSION = "24"\n', "netlify", {"NODE_VERSION": "24"}, []),
    ("app.yaml", "runtime: python314\n", "app-engine", {"runtime": "python314"}, []),
    ("nginx.conf", "events {}\n", "nginx", {}, []),
    ("conf.d/site.conf", "server {\n  listen 80;\n}\n", "nginx", {}, []),
    ("Caddyfile", ":80\n", "caddy", {}, []),
    ("api.service", "[Unit]\nDescription=a\n", "systemd", {}, []),
    ("prometheus.yml", "global: {}\nscrape_configs: []\n", "prometheus", {}, []),
    ("alerts.yml", "groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: up == 0\n", "prometheus",
     {}, []),
    ("am.yml", "route:\n  receiver: a\nreceivers: []\n", "alertmanager", {}, []),
    ("grafana/api.json", '{"panels": [], "schemaVersion": 41}', "grafana", {}, []),
    (".env.example", "API_KEY=\n", "env-file", {}, []),
    (".env.production", "A=b\n", "env-file", {}, ["production"]),
    (".env-staging", "A=b\n", "env-file", {}, ["staging"]),
    ("Makefile", "all:\n", "make", {}, []),
    (".devcontainer/devcontainer.json", '{\n  "image": "debian:13"\n}', "devcontainer", {"debian": "13"}, []),
    ("Vagrantfile", "", "vagrant", {}, []),
    (".pre-commit-config.yaml", "repos:\n  - repo: git@example.org:a/ruff-pre-commit\n    rev: v0.17.6\n", "pre-commit",
     {"ruff-pre-commit": "v0.17.6"}, []),
    (".sops.yaml", "creation_rules: []\n", "sops", {}, []),
    ("docs/ops/api-runbook.md", "# Runbook\n", "runbook", {}, []),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "kind", "versions", "environments"), KINDS, ids=[row[0] for row in KINDS])
def test_what_a_file_is(
    tmp_path: Path, path: str, content: str, kind: str, versions: dict[str, str], environments: list[str]
) -> None:
    (item,) = items(tmp_path, path, content)
    assert (item.kind, item.versions, item.environments) == (kind, versions, environments)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("src/main.py", "FROM node:22"),
        ("src/inventories/models.py", "class Inventory: ..."),
        ("config/i18n.yml", "en:\n  hello: Hello\n"),
        ("openapi.yaml", "openapi: 3.1.0\ninfo:\n  version: 1\n"),
        ("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\n"),
        ("package.json", '{"name": "a"}'),
        ("dashboards/tables.json", '{"rows": []}'),
        ("templates/mail.txt", "Hello {{ name }}\n"),
        ("src/user.service", "not a unit\n"),
        ("src/service.ts", "[Unit]\n"),
        ("env", "[Unit]\n"),
        ("app.yml", "name: a\n"),
        ("my.conf", "key = value\n"),
        ("README.md", "# a\n"),
    ],
)
def test_what_is_no_infrastructure(tmp_path: Path, path: str, content: str) -> None:
    assert items(tmp_path, path, content) == []


def test_every_rule_has_an_example_here() -> None:
    shown = {row[2] for row in KINDS}
    rare = {"bake", "woodpecker", "aws-code", "nomad", "elastic-beanstalk", "otel-collector", "task-runner", "policy"}
    assert {rule.kind for rule in RULES} - shown == rare


@pytest.mark.parametrize("glob", sorted({glob for rule in RULES for glob in rule.globs.split()}))
def test_every_glob_of_a_rule_is_well_formed(glob: str) -> None:
    assert glob_regex(glob)  # a malformed one would match nothing, and say nothing


def test_a_file_that_states_very_much_is_cut(tmp_path: Path) -> None:
    (item,) = items(tmp_path, "Dockerfile", "".join(f"FROM image{n}:{'9' * 200}\n" for n in range(900)))
    assert len(item.versions) <= MAX_VERSIONS
    assert all(len(version) <= 100 for version in item.versions.values())


@pytest.mark.parametrize(
    "line",
    ["\n", " ", "-", "{", '"', "a-", "- ", "- name: a\n", "a = {\n", "  a: b\n", "=> { ", "x: [ ", "image: \n",
     "FROM ", "$",
     "environment:\n", "{{-", "/"],
)  # fmt: skip
def test_no_content_makes_a_rule_slow(line: str) -> None:
    text = (line * inventory.HEAD_BYTES)[: inventory.HEAD_BYTES]
    regexes = {regex for rule in RULES for regex in rule.sniff}
    extracts = {extract for rule in RULES for extract in rule.versions + rule.environments}
    began = time.process_time()
    for regex in regexes:
        re.search(regex, text, re.MULTILINE)
    for extract in extracts:
        list(extract(text))
    assert time.process_time() - began < 2  # some 0.1 s; a rule that backtracks takes minutes
