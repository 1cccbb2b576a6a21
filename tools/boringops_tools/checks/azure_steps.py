"""Azure Pipelines: steps and jobs that say two things which exclude each other."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.red_flags.azure_templates import is_template, may_be_template
from boringops_tools.yaml_files import is_azure, walk

# By the list that they are members of: the keys of which each member has one.
_KINDS: dict[str, tuple[str, ...]] = {
    "steps": (
        *("task", "script", "bash", "pwsh", "powershell", "checkout", "download", "downloadBuild"),
        *("publish", "getPackage", "upload", "reviewApp", "template"),
    ),
    "jobs": ("job", "deployment", "template"),
    "stages": ("stage", "template"),
}


def _two(files: Files, path: str) -> Iterator[Hit]:
    found = files.documents(path)
    document = mapping(found[0]) if found else {}
    if not (is_azure(path) or is_template(document)):
        return
    for _, key, members in walk(document):
        for member in listed(members) if key in _KINDS else ():
            kinds = [each for each in member if each in _KINDS[key]] if isinstance(member, Mapping) else []
            if len(kinds) > 1:
                yield Hit(
                    at((member, kinds[1])),
                    f"a member of `{key}` has both `{kinds[0]}` and `{kinds[1]}`: it can be only one of them",
                )


_Y = "azure-pipelines.yml"

RULES = (
    Rule("azure/two-actions", "error", "Azure refuses the pipeline: make two of it.", "Azure Pipelines YAML schema reference, steps, jobs, stages: each is one of the kinds by its first key.", may_be_template, _two,
         bad=({_Y: "steps:\n- bash: a\n  script: b\n"}, {_Y: "steps:\n- task: A@1\n  bash: b\n"}, {_Y: "jobs:\n- job: a\n  deployment: b\n"}, {_Y: "stages:\n- stage: a\n  jobs:\n  - job: b\n    steps:\n    - checkout: self\n      script: c\n"}, {"ci/a.yml": "parameters: [{name: a}]\nsteps:\n- publish: a\n  download: current\n  displayName: b\n"}),
         good=({_Y: "steps:\n- bash: a\n  displayName: script\n- checkout: self\n- publish: a\n  artifact: b\n- task: A@1\n  inputs: {script: c, bash: d}\n"}, {_Y: "jobs:\n- deployment: a\n  environment: b\n- template: c.yml\n  parameters: {job: d}\n"})),
)  # fmt: skip
