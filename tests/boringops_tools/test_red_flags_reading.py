"""The readers that rules stand on: Terraform's language, shell scripts, and pipelines of five systems."""

from __future__ import annotations

import pytest

from boringops_tools.red_flags.hcl import Call, Expression, read
from boringops_tools.red_flags.pipelines import Pipeline, is_pipeline
from boringops_tools.red_flags.pipelines import read as read_pipelines
from boringops_tools.red_flags.scripts import Script, commands

TERRAFORM = """# a comment with { and "
resource "aws_x" "y" {
  name    = "a \\"quoted\\" one" // and a comment
  count   = var.on ? 1 : 0
  ports   = [22, 80, ]
  open    = true
  nothing = null
  filled  = "${var.a}-${lookup({ a = "}" }, "a")}"
  policy  = jsonencode({
    "Version" : "2012-10-17",
    Statement = [{ Action = "*", Resource = "*" }]
  })
  made = { for k, v in var.m : k => v if v != "}" }
  text = <<-EOT
    { not = "read"
  EOT
  dynamic "ingress" {
    for_each = var.rules
    content {
      from_port = 1
    }
  }
  /* lifecycle {
  } */
  ingress { from_port = 2 }
}
locals {
  last = a == b
}
"""


def test_terraform_values_lines_and_blocks() -> None:
    resource, local = read(TERRAFORM)
    assert (resource.kind, resource.labels, resource.line) == ("resource", ("aws_x", "y"), 2)
    assert resource.value("name") == 'a "quoted" one'
    assert resource.value("count") == Expression("var.on ? 1 : 0")
    assert (resource.value("ports"), resource.value("open"), resource.value("nothing")) == ([22, 80], True, None)
    assert isinstance(resource.value("filled"), Expression)
    statement = {"Version": "2012-10-17", "Statement": [{"Action": "*", "Resource": "*"}]}
    assert resource.value("policy") == Call("jsonencode", (statement,))
    assert isinstance(resource.value("made"), Expression)
    assert resource.value("text") == '    { not = "read"\n'
    assert [each.value("from_port") for each in resource.inner("ingress")] == [1, 2]
    assert not list(resource.inner("lifecycle"))
    assert (resource.line_of("text"), resource.line_of("absent")) == (14, 2)
    assert local.value("last") == Expression("a == b")


@pytest.mark.parametrize(
    "text", ["", "{", "}", "a", "a {", "a = ", 'a = "', "a = [", "a = {", "a = <<X\n", "a = (", "=", "a = [" * 500]
)
def test_no_text_breaks_the_reader_of_terraform(text: str) -> None:
    read(text)
    assert [block.kind for block in read(f'x "y" {{\n}}\n{text}')][:1] == ["x"]


def test_commands_and_what_surrounds_them() -> None:
    script = 'A=1 curl -s "https://a b" | sudo -u x bash -\nmake test || true\nif x; then\n  y\nfi\nbash -ec "pytest -q" || exit 0\n'
    found = {each.program: each for each in commands(Script(10, script))}
    assert (found["curl"].argv, found["curl"].variables, found["curl"].line) == (
        ("curl", "-s", "https://a b"),
        {"A": "1"},
        10,
    )
    assert (found["bash"].line, found["make"].line, found["y"].line) == (15, 11, 13)
    piped = [each for each in commands(Script(10, script)) if each.piped_from]
    assert [(each.argv, each.sudo, each.piped_from[0]) for each in piped] == [(("bash", "-"), True, "curl")]
    assert (found["make"].forgiven, found["y"].forgiven, found["pytest"].forgiven) == (True, False, True)


@pytest.mark.parametrize(
    "text", ["", "|", "&& ||", "$(", '"', "<<EOF", "if", "a" * 200_000, "bash -c " * 50, "(" * 3000]
)
def test_no_text_breaks_the_reader_of_scripts(text: str) -> None:
    commands(Script(1, text))


def pipeline(path: str, text: str) -> Pipeline:
    assert is_pipeline(path)
    [found] = read_pipelines(path, text)
    return found


def order(found: Pipeline) -> dict[str, list[str]]:
    return {job.name: sorted(each.name for each in found.before(job)) for job in found.jobs}


def test_what_has_to_end_before_a_job_starts() -> None:
    github = pipeline(".github/workflows/a.yml", "on: push\njobs:\n  a: {}\n  b: {needs: a}\n  c: {needs: [b]}\n")
    assert order(github) == {"a": [], "b": ["a"], "c": ["a", "b"]}
    stages = (
        "stages: [one, two]\na: {stage: one, script: x}\nb: {stage: two, script: x}\n"
        "c: {stage: two, needs: [], script: x}\n.t: {script: x}\n"
    )
    assert order(pipeline(".gitlab-ci.yml", stages)) == {"a": [], "b": ["a"], "c": []}
    circle = (
        "jobs:\n  a: {}\n  b: {}\nworkflows:\n  w:\n    jobs:\n      - a\n"
        "      - ok: {type: approval, requires: [a]}\n      - b: {requires: [ok]}\n"
    )
    assert order(pipeline(".circleci/config.yml", circle)) == {"a": [], "ok": ["a"], "b": ["a", "ok"]}
    azure = "stages:\n- stage: A\n  jobs:\n  - job: a\n- stage: B\n  jobs:\n  - job: b\n- stage: C\n  dependsOn: []\n  jobs:\n  - job: c\n"
    assert order(pipeline("azure-pipelines.yml", azure)) == {"A/a": [], "B/b": ["A/a"], "C/c": []}
    jenkins = "stage('a') { sh 'x' }\n// stage('no') {}\nstage(\"b\") { sh '''\n  y\n''' }\n"
    assert order(pipeline("Jenkinsfile", jenkins)) == {"a": [], "b": ["a"]}


def test_lines_of_scripts_in_every_system() -> None:
    files = {
        ".github/workflows/a.yml": "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          one\n          two\n",
        ".gitlab-ci.yml": "a:\n  script:\n    - one\n\n\n    - - x\n      - two\n",
        ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - run:\n          command: |\n            one\n            two\n"
        "workflows:\n  w:\n    jobs: [a]\n",
        "azure-pipelines.yml": "#\n#\nsteps:\n\n- script: |\n    one\n    two\n",
        "Jenkinsfile": "stage('a') {\n\n\n\n  sh '''\n    one\n    two\n  '''\n}\n",
    }
    lines = {
        path: {
            command.program: command.line for step in pipeline(path, text).jobs[0].steps for command in step.commands
        }["two"]
        for path, text in files.items()
    }
    assert lines == dict.fromkeys(files, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a",
        "jobs: 3",
        "stages: 1",
        "workflows: {w: {jobs: [1, [], {}]}}",
        "steps: [1, {script: 2}]",
        "a: {script: {b: 1}}",
    ],
)
@pytest.mark.parametrize(
    "path", [".github/workflows/a.yml", ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "Jenkinsfile"]
)
def test_no_shape_breaks_the_readers_of_pipelines(path: str, text: str) -> None:
    list(read_pipelines(path, text))


def test_a_word_that_no_one_writes_costs_no_time_and_hides_nothing() -> None:
    found = commands(Script(1, f"rm -rf a; {'a@' * 40_000}; curl http://x | sh"))
    assert [each.argv[0] for each in found] == ["rm", "_", "sh"]
