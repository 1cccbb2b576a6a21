"""Azure Pipelines: parameters, outputs, artifacts, repositories, branches and schedules by the names that they have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.checks.kubernetes_values import bad_cron
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.azure_templates import is_template, may_be_template
from boringops_tools.yaml_files import is_azure, walk

_PARAMETER = lazy_pattern(r"\bparameters(?:\.(\w+)|\['(\w+)'\])")
_BRANCH = lazy_pattern(r"\b(?:eq|ne|in)\(\s*variables(?:\.|\[')Build\.SourceBranch(?:'\])?\s*,\s*'([^'$]*)'\s*\)")
_OUTPUT = lazy_pattern(r"\bstageDependencies\.(\w+)\.(\w+)\.outputs\['(\w+)\.(\w+)'\]")
_FOREIGN = lazy_pattern(
    r"\$\((Build\.SourceVersionMessage|System\.PullRequest\.(?:SourceBranch|SourceBranchName)|Build\.RequestedFor)\)"
)


def _document(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if len(found) == 1 else {}


def _texts(document: Mapping[Any, Any]) -> Iterator[tuple[str, int | None]]:
    """Every key and value that is a text, with its line."""
    for parent, key, value in walk(document):
        if isinstance(key, str) and "${{" in key:
            yield key, at((parent, key))
        if isinstance(value, str):
            yield value, at((parent, key))


def _parameters(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    declared = document.get("parameters")
    names = {text_of(mapping(each).get("name")) for each in listed(declared)} or set(map(str, mapping(declared)))
    if "extends" in document or not names or "" in names or not (is_azure(path) or is_template(document)):
        return
    for text, line in _texts(document):
        for expression in re.findall(r"\$\{\{(.*?)\}\}", text, re.S):
            for match in _PARAMETER.finditer(expression):
                name = match[1] or match[2]
                if name.lower() not in {each.lower() for each in names}:
                    yield Hit(line, f"there is no parameter `{name}`; there is {', '.join(sorted(names))}")
    for each in map(mapping, listed(declared)):
        values = listed(each.get("values"))
        if values and "default" in each and each["default"] not in values and "${{" not in str(values):
            yield Hit(
                at((each, "default")), f"the default `{each['default']}` of `{each['name']}` is none of its values"
            )


def _branches(files: Files, path: str) -> Iterator[Hit]:
    for text, line in _texts(_document(files, path)):
        for match in _BRANCH.finditer(text):
            if match[1] and not match[1].startswith("refs/"):
                yield Hit(line, f"Build.SourceBranch is never `{match[1]}`: it begins with refs/heads/")


def _stages(document: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]] | None:
    """The stages by name; null where templates may bring more."""
    stages = listed(document.get("stages"))
    found = {text_of(mapping(each).get("stage")): mapping(each) for each in stages}
    return None if "" in found or not found else found


def _outputs(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    stages = _stages(document)
    for text, line in _texts(document) if stages else ():
        for match in _OUTPUT.finditer(text):
            stage, job, step, name = match.groups()
            if stages is None or stage not in stages:
                yield Hit(line, f"there is no stage `{stage}`")
                continue
            jobs = [mapping(each) for each in listed(stages[stage].get("jobs"))]
            named = {text_of(each.get("job") or each.get("deployment")): each for each in jobs}
            if job not in named:
                # A template among the jobs may bring it, unless the name is but a slip of one that is here.
                if named and ("" not in named or difflib.get_close_matches(job, named, 1, 0.9)):
                    yield Hit(
                        line, f"the stage `{stage}` has no job `{job}`; it has {', '.join(sorted(set(named) - {''}))}"
                    )
                continue
            steps = [mapping(each) for each in listed(named[job].get("steps"))]
            open_ = any("template" in each or "${{" in str(next(iter(each), "")) for each in steps)
            found = [each for each in steps if step == each.get("name")]
            if "job" in named[job] and steps and not open_ and not found:
                yield Hit(line, f"the job `{job}` has no step named `{step}`")
            elif found and _kept_to_itself(found[0], name):
                yield Hit(line, f"the step `{step}` sets `{name}` for its own job alone: without isOutput=true")


def _kept_to_itself(step: Mapping[Any, Any], name: str) -> bool:
    """Whether the script of a step sets a variable, and only such as other jobs do not get."""
    script = next(
        (step[each] for each in ("bash", "script", "pwsh", "powershell") if isinstance(step.get(each), str)), ""
    )
    sets = re.findall(rf"task\.setvariable\s+[^\]\n]*\bvariable={re.escape(name)}\b[^\]\n]*", script, re.I)
    return bool(sets) and not any(re.search(r"isOutput=", each, re.I) for each in sets)


def _artifacts(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    made: set[str] = set()
    for parent, key, value in walk(document):
        if key == "template" or (
            key == "task" and str(value).startswith(("PublishPipelineArtifact", "PublishBuildArtifacts", "VSBuild"))
        ):
            inputs = mapping(parent, "inputs")
            name = text_of(inputs.get("artifactName") or inputs.get("ArtifactName") or inputs.get("artifact"))
            if (key == "template" and "@" not in str(value)) or (key == "task" and not name):
                return  # a template of ours publishes too
            made.add(name)
        if key == "artifact" and "publish" in mapping(parent):
            made.add(text_of(value))
    for parent, key, value in walk(document):
        if (
            key == "artifact"
            and made
            and mapping(parent).get("download") == "current"
            and isinstance(value, str)
            and "$" not in value + "".join(made)
            and value not in made
        ):
            yield Hit(
                at((parent, key)),
                f"no step publishes the artifact `{value}`; there is {', '.join(sorted(made - {''}))}",
            )


def _repositories(files: Files, path: str) -> Iterator[Hit]:
    document = _document(files, path)
    named = {
        text_of(mapping(each).get("repository")) for each in listed(mapping(document, "resources").get("repositories"))
    }
    if not {"trigger", "pr", "stages", "jobs", "steps", "extends"} & set(document) or (
        "parameters" in document and not {"trigger", "pr", "pool", "resources"} & set(document)
    ):
        return
    for parent, key, value in walk(document):
        other = (
            value.rpartition("@")[2]
            if key == "template" and isinstance(value, str) and "@" in value
            else value
            if key == "checkout"
            else "self"
        )
        if isinstance(other, str) and "$" not in other and "/" not in other and other not in {*named, "self", "none"}:
            yield Hit(at((parent, key)), f"no repository is called `{other}` under `resources`")


def _schedules(files: Files, path: str) -> Iterator[Hit]:
    for each in listed(_document(files, path).get("schedules")):
        schedule = mapping(each).get("cron")
        if isinstance(schedule, str) and "$" not in schedule and (wrong := bad_cron(schedule)):
            yield Hit(at((each, "cron")), f"schedule `{schedule}`: {wrong}")


def _untrusted(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(_document(files, path)):
        if key in ("script", "bash", "powershell", "pwsh", "inlineScript", "inline") and isinstance(value, str):
            for match in _FOREIGN.finditer(value):
                yield Hit(at((parent, key)), f"Azure puts {match[1]}, which others write, into the command")


def _regardless(files: Files, path: str) -> Iterator[Hit]:
    for parent, key, value in walk(_document(files, path)):
        if (
            key == "condition"
            and isinstance(value, str)
            and re.fullmatch(r"(?i)\s*(?:always|succeededOrFailed)\(\)\s*", value)
        ):
            jobs = [mapping(each) for each in listed(mapping(parent).get("jobs"))]
            if "deployment" in mapping(parent) or any("deployment" in each for each in jobs):
                yield Hit(at((parent, key)), f"it deploys whatever became of what stands before it: `{value.strip()}`")


_DOC = "Azure Pipelines YAML schema reference"
_A = "azure-pipelines.yml"


def _pipeline(text: str) -> dict[str, str]:
    return {_A: f"trigger: [main]\n{text}"}


_OUT = "stages:\n- stage: a\n  jobs:\n  - job: b\n    steps:\n    - {{bash: x, name: c}}\n- stage: d\n  variables: {{v: \"$[ stageDependencies.{}.outputs['{}.x'] ]\"}}\n  jobs: []\n"
_PAR = "parameters:\n- {{name: to, values: [a, b], default: {}}}\nsteps:\n- script: x ${{{{ parameters.{} }}}}\n"

RULES = (
    Rule("azure/parameter", "error", "Azure refuses the pipeline: declare the parameter, with a default among its values.", f"{_DOC}, parameters: only declared ones are there.", may_be_template, _parameters,
         bad=(_pipeline(_PAR.format("a", "where")), _pipeline(_PAR.format("c", "to")), {"ci/test.yml": "parameters:\n- {name: version, type: string}\njobs:\n- job: a\n  steps:\n  - script: x ${{ parameters.node }}\n"}), good=(_pipeline(_PAR.format("a", "To")), _pipeline("steps:\n- script: echo parameters.x ${{ parameters.y }}\n"))),
    Rule("azure/branch", "error", "Compare with refs/heads/NAME, or use Build.SourceBranchName.", "Azure Pipelines, Predefined variables: Build.SourceBranch is the whole reference.", is_azure, _branches,
         bad=(_pipeline("jobs:\n- job: a\n  condition: eq(variables['Build.SourceBranch'], 'main')\n"),), good=(_pipeline("jobs:\n- job: a\n  condition: and(eq(variables['Build.SourceBranch'], 'refs/heads/main'), eq(variables['Build.SourceBranchName'], 'main'))\n"),)),
    Rule("azure/output", "error", "The variable is empty: name the stage, the job and the step that set it.", "Azure Pipelines, Set variables in scripts: stageDependencies.STAGE.JOB.outputs['STEP.NAME'].", is_azure, _outputs,
         bad=(_pipeline(_OUT.format("a.b", "c").replace("bash: x", "bash: 'echo \"##vso[task.setvariable variable=x]1\"'")), _pipeline(_OUT.format("a.bb", "c")), _pipeline(_OUT.format("aa.b", "c")), _pipeline(_OUT.format("a.b", "cc"))), good=(_pipeline(_OUT.format("a.b", "c").replace("bash: x", "bash: 'echo \"##vso[task.setvariable variable=x;isoutput=true]1\"'")), _pipeline(_OUT.format("a.b", "c")), _pipeline(_OUT.format("a.b", "c").replace("- {bash: x, name: c}", "- template: s.yml")))),
    Rule("azure/artifact", "error", "The step fails: take the name under which a job before publishes.", f"{_DOC}, steps.download: an artifact of this run.", is_azure, _artifacts,
         bad=(_pipeline("steps:\n- {publish: a, artifact: drop}\n- {download: current, artifact: dist}\n"),),
         good=(_pipeline("steps:\n- {publish: a, artifact: drop}\n- {download: current, artifact: drop}\n"), _pipeline("steps:\n- template: build.yml\n- {publish: a, artifact: drop}\n- {download: current, artifact: dist}\n"), _pipeline("steps:\n- {download: current, artifact: dist}\n"))),
    Rule("azure/repository", "error", "Azure refuses the pipeline: name a repository of `resources`.", f"{_DOC}: template@repository and checkout name an entry of resources.repositories.", is_azure, _repositories,
         bad=(_pipeline("resources: {repositories: [{repository: t, type: git, name: a/b}]}\njobs:\n- template: a.yml@templates\n"),),
         good=(_pipeline("resources: {repositories: [{repository: t, type: git, name: a/b}]}\njobs:\n- template: a.yml@t\n- template: a.yml@self\n- job: a\n  steps: [{checkout: self}, {checkout: 'git://A/b'}]\n"), {_A: "parameters: []\njobs:\n- template: a.yml@t\n"})),
    Rule("azure/schedule", "error", "Azure refuses the schedule: minute, hour, day, month, day of the week.", f"{_DOC}, schedules.cron: five fields.", is_azure, _schedules,
         bad=(_pipeline("schedules: [{cron: '0 0 4 * * 1'}]\nsteps: []\n"),), good=(_pipeline("schedules: [{cron: '0 4 * * Mon-Fri'}]\nsteps: []\n"),)),
    Rule("azure/regardless", "warning", "Write succeeded(), and what else has to hold.", "Azure Pipelines, Conditions: always() runs even where a dependency has failed or the run is cancelled.", is_azure, _regardless,
         bad=(_pipeline("stages:\n- stage: a\n  condition: always()\n  jobs:\n  - {deployment: d, environment: e, strategy: {runOnce: {deploy: {steps: []}}}}\n"),),
         good=(_pipeline("stages:\n- stage: a\n  condition: and(succeeded(), eq(1, 1))\n  jobs:\n  - {deployment: d, environment: e, strategy: {runOnce: {deploy: {steps: []}}}}\n- stage: b\n  condition: always()\n  jobs: [{job: clean, steps: []}]\n"),)),
    Rule("azure/untrusted", "warning", "Hand it over in `env`, and let the shell quote it.", "Azure Pipelines, Security: macros are put into a script before the shell reads it.", is_azure, _untrusted,
         bad=(_pipeline("steps:\n- bash: echo $(Build.SourceVersionMessage)\n"),), good=(_pipeline("steps:\n- bash: echo \"$MESSAGE\" $(Build.BuildId)\n  env: {MESSAGE: $(Build.SourceVersionMessage)}\n"),)),
)  # fmt: skip
