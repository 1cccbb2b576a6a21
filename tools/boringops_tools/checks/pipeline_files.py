"""Files and folders that pipelines name in commands and settings, and that the repository does not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.more_pipelines import is_action
from boringops_tools.red_flags.pipelines import Job, is_pipeline, jobs_of, may_run
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import Unreadable, line_of, walk

_SHELLS = frozenset({"bash", "sh", "zsh", "source", "."})
_INTERPRETERS = {
    "python": (".py",),
    "python3": (".py",),
    "node": (".js", ".mjs", ".cjs", ".ts"),
    "ruby": (".rb",),
    "perl": (".pl",),
}
_PYTHON = lazy_pattern(r"python[\d.]*|py")
_SCRIPT = lazy_pattern(r"\.(?:sh|bash|py|rb|pl|ps1)$")
# program: its options that name a file, and those that name a folder.
_FILES: dict[str, tuple[str, ...]] = {
    "helm": ("-f", "--values"), "ansible-playbook": ("-i", "--inventory", "--inventory-file"), "kubectl": ("-f", "--filename"),
    "oc": ("-f", "--filename"), "pip": ("-r", "--requirement"), "pip3": ("-r", "--requirement"), "docker": ("-f", "--file"),
    "docker-compose": ("-f", "--file"), "podman": ("-f", "--file"), "buildah": ("-f", "--file"), "terraform": ("-var-file",),
    "tofu": ("-var-file",), "aws": ("--template-file", "--cli-input-json"), "sam": ("--template-file", "--config-file"),
    "ansible": ("-i", "--inventory"), "uv": ("-r", "--requirement", "--requirements"), "nerdctl": ("-f", "--file"), "executor": ("--dockerfile", "-f"), "cargo": ("--manifest-path",),
    "bundle": ("--gemfile",), "pip-audit": ("-r", "--requirement"), "safety": ("-r", "--file"), "hadolint": ("-c", "--config"), "pytest": ("-c", "--config-file"), "tox": ("-c", "--conf"), "mvn": ("-f", "--file", "-s", "--settings"), "gcloud": ("--config",), "promtool": (),
    "az": ("--file", "-f", "--template-file"), "bicep": ("--file",),
}  # fmt: skip
_FOLDERS: dict[str, tuple[str, ...]] = {
    "terraform": ("-chdir",), "tofu": ("-chdir",), "kubectl": ("-k", "--kustomize"), "make": ("-C", "--directory"), "npm": ("--prefix",),
    "yarn": ("--cwd",), "pnpm": ("-C", "--dir"), "composer": ("-d", "--working-dir"), "gradle": ("-p", "--project-dir"), "gradlew": ("-p", "--project-dir"),
    "poetry": ("-C", "--directory", "--project"), "go": ("-C",), "npx": ("--prefix",), "git": (), "just": ("-d", "--working-directory"),
    "terragrunt": ("--terragrunt-working-dir", "--working-dir"),
}  # fmt: skip
# program: its commands whose next word names a file or a project.
_PLAIN_COMMANDS = {
    "dotnet": frozenset({"build", "test", "publish", "run", "pack", "restore", "clean", "format"}),
    "bicep": frozenset({"lint", "build", "build-params"}),
}
_PROJECT = lazy_pattern(r"\.(?:\w+proj|slnx?|dll)$")
_FOLDER_KEYS = frozenset({"working-directory", "workingDirectory"})
_FILE_KEYS = frozenset({"scriptPath", "filePath", "mavenPomFile", "mavenPOMFile", "gradleWrapperFile", "csmFile"})
# Inputs of tasks that take patterns as well: only a project or a solution is looked for.
_PROJECT_KEYS = frozenset({"projects", "solution"})
# What builds make, and what is installed.
_MADE = frozenset({"node_modules", "target", "build", "dist", "out", "vendor", "venv", ".venv", "bin", "tmp", "artifacts", "artifact", "coverage", "reports", "_build"})  # fmt: skip
_PLAIN = lazy_pattern(r"[\w.@-]+(?:/[\w.@-]+)*/?")
# Words of a line on which something may come to be.
_MAKES = lazy_pattern(
    r">|\b(?:mkdir|clone|tar|unzip|curl|wget|cp|mv|tee|touch|ln|generate|checkout|download\w*|artifact\w*|attach\w*|destination|render|envsubst|sops|create)\b|-o\b|--output|-out\b|\bpaths?\s*:|\broot\s*:|\bdest\w*\b"
)
_BRINGS = lazy_pattern(r"\b(?:mkdir|clone|curl|wget|tar|unzip|cp|mv|tee|touch)\b|-o\b|--output|\bpaths?\s*:")
# Where the repository is checked out.
_ROOT = lazy_pattern(
    r"^(?:\$\{?(?:CI_PROJECT_DIR|GITHUB_WORKSPACE|BUILD_SOURCESDIRECTORY|CIRCLE_WORKING_DIRECTORY)\}?|\$\(Build\.SourcesDirectory\))/"
)
_DEPLOYMENT = lazy_pattern(r"\bdeployment (?:group|sub|mg|tenant) create\b")  # makes no file
_FOREIGN = lazy_pattern(
    r"(?m)\bgit\s+clone\b|\brepository\s*:\s*\S+/\S+|workflow_call|\bsubmodules?\b|^\s*-\s+checkout:\s*(?!self|none)\S|\bdir\s*\("
)
_ASIDE = lazy_pattern(
    r"(?:^|/)(?:examples?|samples?|docs?|tests?|fixtures?|templates?|testdata|starter\w*|boilerplates?)(?:/|$)", re.I
)


# What the repository has where its own files are meant: nobody who has none of these builds from what was checked out.
_KIN = {
    "pip": r"(?:^|/)(?:requirements[^/]*\.(?:txt|in)|pyproject\.toml|setup\.py|[^/]+\.py)$", "docker": r"(?:^|/)[^/]*Dockerfile[^/]*$", "go": r"(?:^|/)go\.mod$",
    "cargo": r"(?:^|/)Cargo\.toml$", "bundle": r"(?:^|/)Gemfile$", "mvn": r"(?:^|/)pom\.xml$", "dotnet": r"\.(?:csproj|fsproj|vbproj|slnx?)$", "pytest": r"\.py$",
}  # fmt: skip
_KIN |= dict.fromkeys(("pip3", "uv", "pip-audit", "safety", "tox"), _KIN["pip"]) | dict.fromkeys(
    ("podman", "buildah", "nerdctl", "executor"), _KIN["docker"]
)
_GO_BUILDS = lazy_pattern(r"\bgo (?:build|test|install|run|vet)\b[^\n;&|]*")
"""What makes programs, and no sources."""
_GO_TAKES = frozenset({"build", "run", "test", "install", "vet", "generate"})


@dataclass(frozen=True)
class _Named:
    path: str
    line: int | None
    folder: bool = False
    inside: str = ""
    """Where it is looked for first."""
    program: str = ""
    """That is given it, where its own kind of file shows whether the repository is meant."""


def _option(command: Command, names: tuple[str, ...]) -> Iterator[str]:
    words = command.argv[1:]
    for position, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names and equals:
            yield value
        elif word in names and position + 1 < len(words):
            yield words[position + 1]


def _bare(command: Command) -> Command:
    """`python -m pip install` and the like as what they run."""
    argv = command.argv
    if _PYTHON.fullmatch(command.program) and argv[1:2] == ("-m",) and len(argv) > 2:
        return replace(command, argv=argv[2:])
    if command.program in ("uv", "poetry", "pipenv") and argv[1:2] in (("run",), ("pip",)) and len(argv) > 2:
        return replace(command, argv=argv[2:] if argv[1] == "run" else argv)
    return command


def _of_arguments(command: Command) -> Iterator[_Named]:
    """What is named without an option: packages of Go, tests of pytest, projects of .NET."""
    program, words, line = command.program, command.argv[1:], command.line
    if program == "go" and words[:1] and words[0] in _GO_TAKES:
        for before, word in pairwise(words):
            if before in ("-o", "-C", "-coverprofile", "-outputdir", "-modfile", "-overlay"):
                continue
            if word == "--" or (words[0] == "run" and not word.startswith(("-", "./"))):
                return
            path = word.removesuffix("/...")
            if word.startswith("./") and len(path) > 2:
                yield _Named(path, line, not path.endswith(".go"), program=program)
                if words[0] == "run":
                    return
    elif program == "pytest":
        for before, word in zip(command.argv, words, strict=False):
            if "/" in word and not word.startswith("-") and (before == "pytest" or not before.startswith("-")):
                path = word.partition("::")[0]
                yield _Named(path, line, not path.endswith(".py"), program=program)
    elif program == "helm":
        yield from _chart(command)
    elif program == "dotnet":
        yield from (
            _Named(word, line, program=program) for word in words if re.search(r"\.(?:csproj|fsproj|slnx?)$", word)
        )


# Options of helm that are no switch: what follows one of them is its value.
_HELM_SWITCHES = frozenset(
    {"--install", "-i", "--atomic", "--wait", "--wait-for-jobs", "--debug", "--dry-run", "--create-namespace", "--cleanup-on-fail", "--force",
     "--reuse-values", "--reset-values", "--reset-then-reuse-values", "--dependency-update", "--devel", "--skip-crds", "--strict", "--rollback-on-failure"}
)  # fmt: skip


def _chart(command: Command) -> Iterator[_Named]:
    """The chart that helm is given as a path; what a repository of charts has is called the same, so it is told later."""
    words = list(command.argv[1:])
    if any(word.partition("=")[0] in ("--repo", "--version", "--kube-context") for word in words):
        return
    plain: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            plain.append(word)
        elif "=" not in word and word not in _HELM_SWITCHES and words:
            words.pop(0)
    does = plain[0] if plain else ""
    chart = {
        "upgrade": plain[2:3],
        "install": plain[2:3],
        "template": plain[2:3] or plain[1:2],
        "lint": plain[1:2],
    }.get(does, [])
    for each in chart:
        if "/" in each and "://" not in each:
            yield _Named(each, command.line, folder=True, program="helm")


def _of_command(command: Command) -> Iterator[_Named]:
    command = _bare(command)
    program, first, line = command.program, command.argv[0], command.line
    second = command.argv[1] if len(command.argv) > 1 else ""
    if program in _SHELLS and _SCRIPT.search(second):
        yield _Named(second, line)
    if program in _INTERPRETERS and second.endswith(_INTERPRETERS[program]):
        yield _Named(second, line)
    if "/" in first and _SCRIPT.search(first):
        yield _Named(first, line)
    inside = next(_option(command, ("-chdir",)), "") if program in ("terraform", "tofu") else ""
    if program == "docker" and not {"build", "compose", "buildx"} & set(command.argv[1:3]):
        return
    if program == "helm" and not {"upgrade", "install", "template", "lint", "diff"} & set(command.argv[1:4]):
        return
    for value in _option(command, _FILES.get(program, ())):
        if "," not in value:
            yield _Named(value, line, inside=inside, program=program)
    named_plainly = _PLAIN_COMMANDS.get(program, frozenset())
    if second in named_plainly:
        plain_word = command.argv[2] if len(command.argv) > 2 else ""
        if "/" in plain_word or plain_word.endswith((".bicep", ".sln", ".slnx")):
            yield _Named(plain_word, line, folder=program == "dotnet" and not _PROJECT.search(plain_word))
    yield from _of_arguments(command)
    for value in _option(command, _FOLDERS.get(program, ())):
        yield _Named(value, line, folder=True)
    if program == "ansible-playbook":
        plain = (
            word
            for before, word in zip(command.argv, command.argv[1:], strict=False)
            if not before.startswith("-") or "=" in before
        )
        yield from (
            _Named(word, line) for word in plain if word.endswith((".yml", ".yaml")) and not word.startswith(("-", "@"))
        )


def _of_settings(job: Job) -> Iterator[_Named]:
    for parent, key, value in walk(job.body):
        if isinstance(value, str) and key in _FOLDER_KEYS:
            yield _Named(value, line_of(parent, key), folder=True)
        elif isinstance(value, str) and key in _FILE_KEYS:
            yield _Named(value, line_of(parent, key))
        elif isinstance(value, str) and key in _PROJECT_KEYS and _PROJECT.search(value) and not value.endswith(".dll"):
            yield _Named(value, line_of(parent, key), program="dotnet")


def _filled(text: str, job: Job) -> str:
    """A path with the variables that the job itself gives in their places."""
    given = job.body.get("variables") if isinstance(job.body, Mapping) else None
    known: Mapping[Any, Any] = given if isinstance(given, Mapping) else {}
    text = _ROOT.sub("", text)
    return re.sub(r"\$\{?(\w+)\}?", lambda match: str(known.get(match[1], match[0])), text)


def _named(files: Files, path: str) -> Iterator[_Named]:
    try:
        jobs = list(jobs_of(path, files.text(path)))
    except Unreadable:
        return
    for _, job in jobs:
        found = [
            each for step in job.steps for command in step.commands if command.argv for each in _of_command(command)
        ]
        for each in [*found, *_of_settings(job)]:
            filled = (
                _filled(each.path, job)
                .removeprefix("$(Build.SourcesDirectory)/")
                .removeprefix("$(System.DefaultWorkingDirectory)/")
            )
            yield replace(each, path=posixpath.normpath(filled) if filled else "")
    yield from _defaults(files, path)


def _defaults(files: Files, path: str) -> Iterator[_Named]:
    """The folder of all steps that a workflow of GitHub names."""
    for document in files.documents(path) if path.startswith(".github/workflows/") else ():
        run = document.get("defaults") if isinstance(document, Mapping) else None
        for parent, key, value in walk(run):
            if key == "working-directory" and isinstance(value, str):
                yield _Named(posixpath.normpath(value), line_of(parent, key), folder=True)


def _there(files: Files, named: _Named) -> bool:
    """Whether anything in the repository may be meant, from wherever the command runs."""
    ends = (named.path, posixpath.join(named.inside, named.path))
    return any(
        each in files.known or each in files.folders or any(one.endswith(f"/{each}") for one in files.by_name.get(posixpath.basename(each), ()))
        or any(folder.endswith(f"/{each}") for folder in files.folders)
        for each in ends
    )  # fmt: skip


def _expected(files: Files, named: _Named) -> bool:
    """Whether the repository is where it should be: its folder is there, or what it is called lies elsewhere."""
    folder, name = posixpath.split(named.path)
    if kin := _KIN.get(named.program):
        return any(re.search(kin, each) for each in files.all)
    if named.program == "helm" and named.folder:
        # A repository of charts may have the name of the first part; one that nobody adds is a folder of this one.
        return folder in files.folders and bool(files.by_name.get("Chart.yaml"))
    if named.folder:
        alike = any(posixpath.basename(each) == name for each in files.folders)
        return any(each.endswith(".tf") for each in files.all) or not folder or folder in files.folders or alike
    return (folder in files.folders) or name in files.by_name


def _made(text: str, named: _Named) -> bool:
    """Whether another line of the pipeline may bring it."""
    words = {named.path, posixpath.basename(named.path), f"{named.path.split('/')[0]}/"}
    own = re.compile(rf"(?<![\w./-])(?:\./)?{re.escape(named.path)}(?![\w/-])")
    for number, line in enumerate(
        _GO_BUILDS.sub(" ", text).splitlines() if named.program == "go" else text.splitlines(), 1
    ):
        line = _DEPLOYMENT.sub(" ", line)
        rest = own.sub(" ", line)
        if rest != line:
            if re.search(rf">>?\s*[\"']?(?:\./)?{re.escape(named.path)}", line) or _BRINGS.search(line):
                return True
        elif number != named.line and any(word in line for word in words) and _MAKES.search(line):
            return True
    return False


def _missing(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if not files.known or _FOREIGN.search(text) or ".gitmodules" in files.known:
        return
    if not is_pipeline(path) and not re.search(r"(?m)^(?:trigger|pr|schedules)\s*:", text):
        return  # a template runs in the repositories of those who call it
    seen: set[tuple[int | None, str]] = set()
    for named in _named(files, path):
        name = named.path
        if not name or name.startswith(("/", "..", "~", "-")) or not _PLAIN.fullmatch(name) or name == ".":
            continue
        if _MADE & set(name.split("/")) or files.ignored(name) or (named.line, name) in seen:
            continue
        if named.program == "helm" and named.folder and re.search(r"\bhelm\s+repo\s+add\b|\boci://", text):
            continue
        if _there(files, named) or not _expected(files, named) or _made(text, named):
            continue
        seen.add((named.line, name))
        yield Hit(named.line, f"the {'folder' if named.folder else 'file'} `{name}` is not in the repository")


def _applies(path: str) -> bool:
    """What runs in this repository: an action that is there for others, or an example, does not."""
    return may_run(path) and not _ASIDE.search(path) and (path.startswith(".github/") or not is_action(path))


_LAB = ".gitlab-ci.yml"
_PYTHON_APP = {"requirements.txt": "a==1\n", "a.py": "1\n"}
_CHART = {"deploy/chart/Chart.yaml": "name: a\n"}
_INFRA = {"infra/main.tf": "terraform {}\n"}


def _lab(*commands: str, more: str = "") -> Mapping[str, str]:
    return {
        _LAB: f"a:\n{more}  script:\n" + "".join(f"    - {each}\n" for each in commands),
        "scripts/deploy.sh": "#!/bin/sh\n",
        "chart/values-a.yaml": "a: 1\n",
    }


RULES = (
    Rule("consistency/missing-file", "error", "The job fails there: name what is in the repository, as seen from where the command runs.", "A command that is given a path ends where nothing is there.", _applies, _missing,
         bad=(
             _lab("bash scripts/rollout.sh a"), _lab("./scripts/rollout.sh"), {**_CHART, _LAB: "a:\n  script:\n    - helm upgrade --install a deploy/shop --namespace b --set-string c=d --atomic --timeout 5m\n"}, {**_CHART, _LAB: "a:\n  script:\n    - helm lint ./deploy/charts\n"}, _lab("helm upgrade --install a chart --values chart/values-b.yaml"),
             _lab("helm upgrade --install a chart -f \"chart/values-$TO.yaml\"", more="  variables: {TO: b}\n"),
             {**_INFRA, _LAB: "a:\n  script:\n    - terraform -chdir=terraform validate\n"},
             {**_INFRA, ".github/workflows/a.yml": "on: push\ndefaults:\n  run:\n    working-directory: terraform\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: terraform validate\n"},
             {"inventory/production.yml": "all: {}\n", "Jenkinsfile": "stage('a') { sh 'ansible-playbook --inventory inventory/prod.yml a.yml' }\n"},
             {**_PYTHON_APP, _LAB: "a:\n  script:\n    - pip install -r requirements/dev.txt\n"}, {**_PYTHON_APP, "Jenkinsfile": "stage('a') { sh 'pip install --user --requirement requirements-ci.txt' }\n"},
             {**_PYTHON_APP, _LAB: "a:\n  script:\n    - python3 -m pip install --requirement=requirements-test.txt\n"}, {**_PYTHON_APP, _LAB: "a:\n  script:\n    - python -m pytest tests/unit -q\n"},
             {"go.mod": "module a\n", "cmd/api/main.go": "package main\n", _LAB: "a:\n  script:\n    - go build -o /out/a ./cmd/server\n"}, {"Dockerfile": "FROM a:1\n", _LAB: "a:\n  script:\n    - docker build -f Dockerfile.prod -t a:1 .\n"}, {"Dockerfile": "FROM a:1\n", _LAB: "a:\n  script:\n    - /kaniko/executor --context $CI_PROJECT_DIR --dockerfile \"$CI_PROJECT_DIR/docker/Dockerfile\" --destination a/b:1\n"},
             {"src/A/A.csproj": "", _LAB: "a:\n  script:\n    - dotnet test source/A -c Release\n"}, {"src/A/A.csproj": "", _LAB: "a:\n  script:\n    - dotnet publish src/A/B.csproj\n"},
             {"infra/main.bicep": "\n", ".azuredevops/a.yml": "trigger: [main]\nresources:\n  repositories:\n  - repository: b\n    type: git\n    name: c/d\njobs:\n- job: e\n  steps:\n  - bash: az bicep build --file infra/lake.bicep\n"},
             {"src/A/A.csproj": "", "azure-pipelines.yml": "steps:\n- task: DotNetCoreCLI@2\n  inputs: {command: test, projects: tests/A/A.csproj}\n"},
             {"scripts/plan.sh": "#!/bin/sh\n", "azure-pipelines.yml": "steps:\n- task: AzureCLI@2\n  inputs:\n    scriptPath: ci/plan.sh\n"},
         ),
         good=(
             {**_CHART, _LAB: "a:\n  script:\n    - helm upgrade --install a deploy/chart --set c=d/e --wait\n    - helm upgrade b bitnami/redis\n"}, {**_CHART, _LAB: "a:\n  script:\n    - helm repo add deploy https://a.example\n    - helm upgrade --install a deploy/shop\n"}, {**_PYTHON_APP, _LAB: "a:\n  script:\n    - pip install -r requirements.txt\n    - pip install -r $FILE -r https://a.example/r.txt\n    - pytest -k a/b --cov=src/app -n 4\n"}, {_LAB: "a:\n  script:\n    - pip install -r requirements.txt\n"},
             {**_PYTHON_APP, _LAB: "a:\n  script:\n    - poetry export -o requirements-ci.txt\n    - pip install -r requirements-ci.txt\n"}, {**_PYTHON_APP, _LAB: "a:\n  script:\n    - pip freeze > requirements-ci.txt\n    - pip install -r requirements-ci.txt\n"},
             {"go.mod": "module a\n", "cmd/api/main.go": "package main\n", _LAB: "a:\n  script:\n    - go build -o ./bin/a ./cmd/api\n    - go test ./... ./cmd/...\n    - go run ./cmd/api ./other\n    - docker build -f Dockerfile.prod .\n"},
             _lab("bash scripts/deploy.sh a", "./scripts/deploy.sh", "cd chart && helm lint . -f values-a.yaml"), _lab("curl -fo scripts/rollout.sh https://a.example/b", "bash scripts/rollout.sh"),
             _lab("helm upgrade --install a chart -f \"chart/values-$TO.yaml\""), _lab("echo a > chart/values-b.yaml", "helm upgrade a chart -f chart/values-b.yaml"),
             _lab("bash scripts/rollout.sh", more="  before_script: [git clone https://a.example/scripts]\n"), _lab("/opt/scripts/rollout.sh", "bash $DIR/rollout.sh", "python dist/a.py"),
             {**_INFRA, _LAB: "a:\n  script:\n    - terraform -chdir=infra validate\n"}, {**_lab("bash scripts/local.sh"), ".gitignore": "scripts/local.sh\n"},
             {"src/A/A.csproj": "", _LAB: "a:\n  script:\n    - dotnet test src/A\n    - dotnet test A -c Release\n    - dotnet test --no-build\n    - cd src && dotnet run A/A.csproj\n"},
             {"src/A/A.csproj": "", "azure-pipelines.yml": "steps:\n- task: DotNetCoreCLI@2\n  inputs: {command: test, projects: '**/*.csproj'}\n- task: VSBuild@1\n  inputs: {solution: src/A/A.csproj}\n"},
             {"infra/main.bicep": "\n", ".azuredevops/a.yml": "trigger: [main]\njobs:\n- job: e\n  steps:\n  - checkout: b\n  - bash: az bicep build --file infra/lake.bicep\n"},
         )),
)  # fmt: skip
