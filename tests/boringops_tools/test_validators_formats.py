"""Each format's validators on one good file and on files that are wrong in one way each."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops.facts import Inspection, Validation
from boringops_tools.validators import validate

POD = """apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: web
      image: a/b:1
"""
RULES = """groups:
  - name: a
    rules:
      - alert: Down
        expr: up == 0
        for: 5m
"""
ALERTMANAGER = """global: {resolve_timeout: 5m}
route:
  receiver: hook
receivers:
  - name: hook
    webhook_configs: [{url: 'https://hooks.internal/x'}]
"""
NGINX = """user nginx;
pid /run/nginx.pid;
error_log /nowhere/error.log;
events { worker_connections 64; }
http {
  include /etc/nginx/mime.types;
  server_tokens off;
  access_log /nowhere/access.log;
  upstream api { server api:3000; }
  server {
    listen 8443 ssl;
    server_name example.org;
    ssl_certificate /etc/ssl/a.pem;
    ssl_certificate_key /etc/ssl/a.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { proxy_pass http://api; }
  }
}
"""
WORKFLOW = """name: a
on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - run: echo hi
"""
GOOD = {
    "k8s/pod.yaml": (POD + "      securityContext: {runAsNonRoot: true}\n", "kubernetes-validate"),
    "main.hcl": ('resource "terraform_data" "a" {\n  input = [for x in ["a"] : upper(x) if x != ""]\n}\n', "python-hcl2"),
    "prod.tfvars": ('a = <<-EOT\n  x\nEOT\n', "python-hcl2"),
    "rules.yml": (RULES, "promql-parser"),
    "alertmanager.yml": (ALERTMANAGER, "amlint"),
    "nginx/nginx.conf": (NGINX, "nginx"),
    "deploy/nginx.conf": (NGINX, "gixy"),
    "nginx/part.conf": ("server {\n  listen 80;\n  location / { proxy_pass http://app:8000; }\n}\n", "nginx"),
    "conf.d/tls.conf": (
        "server {\n  location / {\n    proxy_pass https://api.example.com;\n    proxy_ssl_verify on;\n"
        "    proxy_ssl_trusted_certificate /etc/ca.pem;\n  }\n}\n",
        "nginx",
    ),
    "conf.d/named.conf": (
        "upstream api {\n  server api-1.example.com:80;\n}\nserver {\n  listen 80;\n  location / { proxy_pass http://api; }\n}\n", "gixy",
    ),
    "templates/alertmanager.yml": (
        ALERTMANAGER + "    slack_configs: [{api_url_file: /a, title: '{{ template \"a\" . }}'}]\ntemplates: [a/*.tmpl]\n",
        "amlint",
    ),
    ".github/workflows/ci.yml": (WORKFLOW, "zizmor"),
    "azure-pipelines.yml": (
        "steps:\n  - task: AzureCLI@2\n    inputs:\n      azureSubscription: a\n      addSpnToEnvironment: true\n"
        "      scriptType: bash\n      scriptLocation: inlineScript\n      inlineScript: az account show\n",
        "check-jsonschema",
    ),
}  # fmt: skip
BAD: list[tuple[str, str, str, str, int | None]] = [
    # path, text, tool, rule, line
    ("a.yaml", POD.replace("image:", "imagee:"), "kubernetes-validate", "schema", 8),
    ("a.yaml", POD.replace("name: web", "name: 3"), "kubernetes-validate", "schema", 7),
    ("a.yaml", POD + "---\n" + POD.replace("kind: Pod", "kind: Pood"), "kubernetes-validate", "unknown-kind", 10),
    ("a.yaml", POD.replace("v1", "apps/v1"), "kubernetes-validate", "unknown-kind", 1),
    (
        "a.yaml", "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: a}\nspec: {}\n",
        "kubernetes-validate", "unknown-kind", 1,
    ),
    (
        "a.yaml", "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2beta2\nmetadata: {name: a}\n",
        "kubernetes-validate", "removed-api", 2,
    ),
    ("a.yaml", "kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  specs: {}\n", "kubernetes-validate", "schema", 6),
    ("a.hcl", 'resource "a" "b" {\n  c = \n}\n', "python-hcl2", "syntax", 2),
    ("a.hcl", 'resource "a" "b" {\n', "python-hcl2", "syntax", None),
    ("a.yml", RULES.replace("up == 0", "sum(up"), "promql-parser", "expression", 5),
    ("a.yml", RULES.replace("up == 0", "rate(up)"), "promql-parser", "expression", 5),
    ("a.yml", RULES.replace("up == 0", '""'), "promql-parser", "no-expression", 4),
    ("a.yml", RULES.replace("5m", "5 minutes"), "promql-parser", "duration", 6),
    ("a.yml", RULES + "        record: b\n", "promql-parser", "rule-name", 4),
    ("a.yml", ALERTMANAGER.replace("receiver: hook", "receiver: gone"), "amlint", "undefined-receiver", None),
    ("nginx.conf", NGINX.replace("server_name", "server_nam"), "nginx", "syntax", 12),
    ("nginx.conf", NGINX.replace("pid /run/nginx.pid;", "pid /run/nginx.pid"), "nginx", "syntax", None),
    ("nginx.conf", NGINX.removesuffix("}\n"), "nginx", "syntax", None),
    ("nginx.conf", NGINX.replace("8443", "84430"), "nginx", "syntax", 11),
    ("nginx.conf", NGINX.replace("TLSv1.2 ", "TLSv1 "), "gixy", "weak_ssl_tls", None),
    ("conf.d/a.conf", "server {\n  listen 80;\n  locaton / { }\n}\n", "nginx", "syntax", 3),
    ("nginx.conf", NGINX.replace("http://api;", "https://api; proxy_ssl_verify on;"), "nginx", "syntax", None),
    ("conf.d/a.conf", "server {\n  location /i { alias /srv/i/; }\n}\n", "gixy", "alias_traversal", None),
    (".github/workflows/a.yml", WORKFLOW.replace("on: push", "on: pull_request_target"), "zizmor", "dangerous-triggers", 2),
]  # fmt: skip


def made_of(root: Path, path: str, text: str) -> Inspection:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return validate(root, [path])


def verdict(inspection: Inspection, tool: str) -> Validation:
    [found] = [each for each in inspection.validation if each.tool == tool]
    return found


@pytest.mark.parametrize("path", GOOD)
def test_a_good_file_passes(tmp_path: Path, path: str) -> None:
    text, tool = GOOD[path]
    inspection = made_of(tmp_path, path, text)
    assert verdict(inspection, tool).outcome == "passed", inspection
    assert [each for each in inspection.findings if each.severity != "info"] == []


@pytest.mark.parametrize(("path", "text", "tool", "rule", "line"), BAD)
def test_a_bad_file_fails_where_it_is_bad(
    tmp_path: Path, path: str, text: str, tool: str, rule: str, line: int | None
) -> None:
    inspection = made_of(tmp_path, path, text)
    found = [(each.rule, each.line) for each in inspection.findings if each.source == tool]
    assert any(each[0] == rule and line in (None, each[1]) for each in found), inspection
    assert verdict(inspection, tool).outcome == "failed"
