"""Travis, Bitbucket and what the schemas of CircleCI and Azure leave open: keys nobody reads, parameters nobody declares."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks import circleci
from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_azure, is_yaml, walk

_TRAVIS = frozenset(
    """addons after_deploy after_failure after_script after_success android arch before_cache before_deploy before_install
    before_script branches cache compiler conditions d dart deploy dist dotnet elixir env fast_finish gemfile git go group
    import install jdk jobs julia language matrix mono node node_js notifications os osx_image otp_release perl php python r
    rust rvm scala script services sbt_args solution stages sudo vault version virt vm watson xcode_project xcode_scheme
    xcode_sdk xcode_workspace gobuild_args lein podfile smalltalk haxe ghc crystal clang nix
    stage name if allow_failure""".split()  # noqa: SIM905
)
_PROVIDERS = frozenset(
    """anynines atlas azure_web_apps bintray bitballoon bluemixcloudfoundry boxfuse cargo catalyze chefsupermarket cloud66 cloudfiles
    cloudformation cloudfoundry codedeploy cos convox datica deis ecr elasticbeanstalk engineyard firebase flynn gae gcs
    gleis git_push hackage hephy heroku lambda launchpad modulus netlify npm nodejitsu openshift opsworks packagecloud pages
    packagist pypi puppetforge releases rubygems s3 scalingo script snap surge testfairy transifex""".split()  # noqa: SIM905
)
_STEP = frozenset(
    """name script image caches artifacts services deployment environment trigger size oidc clone after-script max-time
    condition runs-on runtime fail-fast on-fail output-variables concurrency-group changesets""".split()  # noqa: SIM905
)
_PIPELINE_PARAMETER = lazy_pattern(r"<<\s*pipeline\.parameters\.([\w-]+)\s*>>")
_AZURE_STEPS = ("task", "script", "bash", "pwsh", "powershell")
_AZURE_STEP = frozenset(
    """condition continueOnError displayName enabled env inputs name retryCountOnTaskFailure target timeoutInMinutes
    workingDirectory failOnStderr errorActionPreference warningPreference informationPreference verbosePreference
    debugPreference progressPreference ignoreLASTEXITCODE failOnStdErr""".split()  # noqa: SIM905
)
_GONE_IMAGES = lazy_pattern(
    r"(?i)ubuntu-1[68]\.04|vs2015-win2012r2|vs2017-win2016|win1803|windows-2019|ubuntu-20\.04|macos-1[0-2](?:\.\d+)?"
)


def _near(word: Any, known: frozenset[str] | set[str], cutoff: float = 0.8) -> str:
    return next(iter(difflib.get_close_matches(str(word), known, 1, cutoff)), "") if word not in known else ""


def _first(files: Files, path: str) -> Mapping[Any, Any]:
    return mapping((files.documents(path) or ({},))[0])


def _travis(files: Files, path: str) -> Iterator[Hit]:
    config = _first(files, path)
    jobs = [mapping(each) for key in ("jobs", "matrix") for each in listed(mapping(config, key).get("include"))]
    for owner in (config, *jobs):
        for key in owner:
            if near := _near(key, _TRAVIS):
                yield Hit(at((owner, key)), f"`{key}` is no key of Travis; `{near}` is one")
        deploys = owner.get("deploy")
        for each in deploys if isinstance(deploys, list) else [deploys]:
            name = mapping(each).get("provider")
            if (
                isinstance(name, str)
                and "$" not in name
                and name not in _PROVIDERS
                and (near := _near(name, _PROVIDERS, 0.7))
            ):
                yield Hit(at((each, "provider")), f"there is no provider `{name}`; `{near}` is one")


def _bitbucket_steps(node: Any) -> Iterator[tuple[Mapping[Any, Any], Mapping[Any, Any]]]:
    """(mapping that holds the step, step)"""
    for parent, key, value in walk(node):
        if key == "step" and isinstance(value, Mapping) and isinstance(parent, Mapping):
            yield parent, value


def _bitbucket(files: Files, path: str) -> Iterator[Hit]:
    config = _first(files, path)
    for holder, step in _bitbucket_steps(config):
        for key in step:
            if isinstance(key, str) and key != "<<" and (near := _near(key, _STEP)):
                yield Hit(at((step, key), (holder, "step")), f"`{key}` is no key of a step; `{near}` is one")
        if not {"script", "<<", "type", "import"} & set(step):
            yield Hit(at((holder, "step")), f"the step `{step.get('name', '')}` has no `script`")
    for _, group, pipelines in walk(mapping(config, "pipelines")):
        if (
            isinstance(pipelines, list)
            and group != "script"
            and any(isinstance(each, Mapping) and {"step", "stage"} & set(each) for each in pipelines)
        ):
            seen: dict[str, Any] = {}
            for each in pipelines:
                step = mapping(each, "step")
                name = step.get("deployment")
                if isinstance(name, str) and name in seen:
                    yield Hit(at((step, "deployment"), (each, "step")), f"two steps of one pipeline deploy to `{name}`")
                seen[str(name)] = step


def _circle(files: Files, path: str) -> Iterator[Hit]:
    config = circleci.config_of(files, path)
    declared = mapping(config, "parameters")
    if config.get("setup") is True and not declared:
        return
    for parent, key, value in walk(config):
        for name in _PIPELINE_PARAMETER.findall(value) if isinstance(value, str) else ():
            if name not in declared:
                yield Hit(at((parent, key)), f"the pipeline has no parameter `{name}`")


def _declared(document: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]] | None:
    """The parameters of a template by name; null where they are not listed in full."""
    value = document.get("parameters")
    if isinstance(value, Mapping):
        return {str(name): {"default": default} for name, default in value.items()}
    found = [mapping(each) for each in listed(value)]
    return {str(each["name"]): each for each in found} if found and all("name" in each for each in found) else None


def _flat(given: Mapping[Any, Any]) -> list[tuple[Any, Any, int | None]]:
    """(name, value, line) of what a template is given, whichever condition it may depend on."""
    found: list[tuple[Any, Any, int | None]] = []
    for name, value in given.items():
        conditional = re.match(r"\$\{\{\s*(?:if|elseif|else)\b", str(name))
        found += _flat(value) if conditional and isinstance(value, Mapping) else [(name, value, at((given, name)))]
    return found


def _azure_templates(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if (
                key != "template"
                or not isinstance(value, str)
                or "@" in value
                or "$" in value
                or not isinstance(parent, Mapping)
            ):
                continue
            base = "" if value.startswith("/") else PurePosixPath(path).parent.as_posix()
            place = posixpath.normpath(posixpath.join(base, value.lstrip("/")))
            declared = _declared(_first(files, place)) if place in files.known else None
            given = _flat(mapping(parent, "parameters"))
            if declared is None or any("${{" in str(name) for name, _, _ in given):
                continue
            for name, what, line in given:
                allowed = listed(declared.get(str(name), {}).get("values"))
                if name not in declared:
                    yield Hit(
                        line,
                        f"the template `{value}` has no parameter `{name}`; it has {', '.join(declared)}",
                    )
                elif allowed and isinstance(what, str) and "$" not in what and what not in map(str, allowed):
                    yield Hit(
                        line,
                        f"`{what}` of the parameter `{name}` is none of {', '.join(map(str, allowed))}",
                    )
            for name, what in declared.items():
                if "default" not in what and name not in {each for each, _, _ in given} and "type" in what:
                    yield Hit(at((parent, key)), f"the template `{value}` needs the parameter `{name}`")


def _azure_steps(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if key == "vmImage" and isinstance(value, str) and _GONE_IMAGES.fullmatch(value):
                yield Hit(at((parent, key)), f"Azure has no machines `{value}` any more")
            for step in listed(value) if key == "steps" else ():
                kind = next((each for each in _AZURE_STEPS if each in mapping(step)), None)
                for word in mapping(step) if kind else ():
                    if word != kind and (near := _near(word, _AZURE_STEP)):
                        yield Hit(at((step, word)), f"`{word}` is no key of a step; `{near}` is one")


def _named(*names: str) -> Any:
    return lambda path: PurePosixPath(path).name in names


def _azure_file(path: str) -> bool:
    return is_yaml(path) and (is_azure(path) or "pipeline" in path)


_T, _B, _C, _A = ".travis.yml", "bitbucket-pipelines.yml", ".circleci/config.yml", "azure-pipelines.yml"
_TEMPLATE = "parameters:\n- name: to\n  type: string\n  values: [staging, production]\njobs: []\n"
_USE = "trigger: [main]\njobs:\n- template: ci/a.yml\n  parameters: {}\n"


def _azure(parameters: str) -> dict[str, str]:
    return {_A: _USE.format(parameters), "ci/a.yml": _TEMPLATE}


RULES = (
    Rule("travis/key", "error", "Travis ignores it: correct the name.", "Travis CI build config reference: the keys of a build and the deployment providers are fixed lists.", _named(".travis.yml"), _travis,
         bad=({_T: "language: go\nscipt: go test\n"}, {_T: "script: a\ndeploy: {provider: release}\n"}), good=({_T: "language: go\nscript: go test\nx-shared: 1\njobs: {include: [{stage: test, if: tag IS present, name: a}]}\ndeploy: {provider: releases}\n"},)),
    Rule("bitbucket/step", "error", "Bitbucket refuses the pipeline: a step has a script, under keys it knows, and each environment is deployed to once.", "Bitbucket Pipelines configuration reference: the properties of a step; a deployment environment stands once in a pipeline.", _named("bitbucket-pipelines.yml"), _bitbucket,
         bad=({_B: "pipelines: {default: [{step: {name: a, scripts: [a]}}]}\n"}, {_B: "pipelines: {default: [{step: {script: [a], deployment: test}}, {step: {script: [b], deployment: test}}]}\n"}),
         good=({_B: "definitions:\n  steps:\n  - step: &a {script: [a]}\npipelines:\n  default:\n  - step: {<<: *a, deployment: test}\n  - step: {<<: *a, deployment: production}\n  branches:\n    main:\n    - step: {<<: *a, deployment: test}\n"},)),
    Rule("circleci/pipeline-parameter", "error", "CircleCI refuses the configuration: declare it under `parameters`.", "CircleCI, Pipeline values and parameters: pipeline.parameters are declared at the top.", circleci.applies, _circle,
         bad=({_C: "version: 2.1\nworkflows: {a: {when: << pipeline.parameters.b >>, jobs: []}}\n"},), good=({_C: "version: 2.1\nparameters: {b: {type: boolean, default: false}}\nworkflows: {a: {when: << pipeline.parameters.b >>, jobs: []}}\n"},)),
    Rule("azure/template-parameter", "error", "Azure refuses the pipeline: give the template what it declares.", "Azure Pipelines, Template parameters: only declared ones may be passed, of their values, and those without a default must be.", _azure_file, _azure_templates,
         bad=(_azure("{where: staging, to: staging}"), _azure("{'${{ if true }}': {to: staging}, where: a}"), _azure("{'${{ if true }}': {where: a}, to: staging}"), _azure("{to: prod}"), _azure("{}")), good=(_azure("{to: staging}"), _azure("{to: '${{ parameters.to }}'}"), _azure("{'${{ if true }}': {to: staging}}"), _azure("{'${{ insert }}': {x: staging}}"), {_A: _USE.format("{to: b}"), "ci/a.yml": "jobs: []\n"})),
    Rule("azure/step-key", "error", "Azure refuses the pipeline: correct the key, or take machines that there are.", "Azure Pipelines YAML schema: the keys of a step; Microsoft-hosted agents: retired images.", _azure_file, _azure_steps,
         bad=({_A: "trigger: [main]\nsteps:\n- task: A@1\n  input: {a: b}\n"}, {_A: "trigger: [main]\npool: {vmImage: ubuntu-18.04}\nsteps: []\n"}), good=({_A: "trigger: [main]\npool: {vmImage: ubuntu-24.04}\nsteps:\n- task: A@1\n  inputs: {input: b}\n- script: a\n  displayName: b\n"},)),
)  # fmt: skip
