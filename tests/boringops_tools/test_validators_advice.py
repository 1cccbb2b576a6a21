"""What validators say that is no defect: of templates, of macros, of runners of one's own, and mere advice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boringops_tools import validators
from boringops_tools.validators.base import File, Ran, Said, Validator


def named(name: str) -> Validator:
    return next(each for each in validators.validators() if each.name == name)


def file(path: str, text: str) -> File:
    return File(Path("/nowhere"), path, text)


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ('label "ubuntu-x64" is unknown. available labels are', "info"),
        ('label "gpu-large" is unknown. available labels are', "info"),
        ('label "ubuntu-latests" is unknown. available labels are', "error"),
        ('label "ubuntu-2404" is unknown. available labels are', "error"),
    ],
)
def test_runners_of_an_organisation_have_names_of_their_own(message: str, severity: str) -> None:
    item = {"filepath": "a.yml", "id": "unknown-runner-label", "line": 3, "message": message}
    (said,) = named("jactionlint").read(Ran(1, json.dumps([item]), ""))  # type: ignore[attr-defined]
    assert isinstance(said, Said)
    assert said.severity == severity


@pytest.mark.parametrize(
    ("transform", "skipped"),
    [
        ("Transform: AWS::Serverless-2016-10-31\n", False),
        ("Transform: [AWS::LanguageExtensions]\n", False),
        ("Transform: Count\n", True),
        ("Transform:\n  - Name: PyPlate\n", True),
        ("Transform: [Boto3]\n", True),
        ("", False),
    ],
)
def test_a_template_that_a_macro_rewrites_is_not_judged(transform: str, skipped: bool) -> None:
    text = f"AWSTemplateFormatVersion: '2010-09-09'\n{transform}Resources: {{}}\n"
    assert bool(named("cfn-lint").skip(file("a.yaml", text))) is skipped  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "skipped"), [("{{ host }}", True), ("{% raw %}", True), ("example.com", False)])
def test_nginx_templates_without_an_ending_that_says_so(name: str, skipped: bool) -> None:
    text = f"server {{\n  server_name {name};\n}}\n"
    assert bool(named("nginx").skip(file("templates/default.conf", text))) is skipped  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "covered"), [("---\n- name: a\n", False), ("# x\nservices: {}\n", True)])
def test_a_list_of_tasks_is_no_compose_file(text: str, covered: bool) -> None:
    compose = next(each for each in validators.validators() if "compose-spec" in each.about)
    assert compose.covers(file("tasks/docker-compose.yml", text)) is covered
