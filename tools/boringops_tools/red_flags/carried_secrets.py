"""Secrets that a pipeline puts where others get them: into the layers of an image, into what it keeps."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.jenkins_files import is_jenkinsfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, Step, is_pipeline, list_of, may_run, plain_groovy, read
from boringops_tools.yaml_files import line_of, walk

_LEAK = "Commit AWS keys, passwords, or tokens to git"
_SECRET = lazy_pattern(
    r"(?i)(?:^|_)(?:token|password|passwd|secret|secret_key|secret_access_key|private_key|api_key|auth_token|access_token|credentials)$"
)
# What ends in the browser of whoever looks is no secret, whatever it is called.
_PUBLIC = lazy_pattern(r"(?i)public|publishable|^(?:VITE|REACT_APP|NUXT|GATSBY|EXPO)_|site_?key|csrf")
_BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl", "executor", "img"})


def _pairs(step: Step) -> Iterator[tuple[int, str, str]]:
    """(line, name, value) of the arguments that a step builds an image with."""
    if re.match(r"(?i)docker/build-push-action@|docker/bake-action@", step.uses):
        for line in str(step.given.get("build-args", "")).splitlines():
            name, _, value = line.strip().partition("=")
            yield line_of(step.given, "build-args") or step.line, name, value
    for command in step.commands:
        if command.program not in _BUILDERS:
            continue
        for before, word in zip(("", *command.argv), command.argv, strict=False):
            given = (
                word.removeprefix("--build-arg=")
                if word.startswith("--build-arg=")
                else word
                if before == "--build-arg"
                else ""
            )
            name, equals, value = given.partition("=")
            if given:
                yield command.line, name, value if equals else f"${name}"


def _built_in(path: str, text: str) -> Iterable[Hit]:
    for pipeline in read(path, text):
        for job in pipeline.jobs:
            for step in job.steps:
                for line, name, value in _pairs(step):
                    known = bool(re.search(r"\bsecrets\.", value)) or (
                        _SECRET.search(name) and re.match(r"[\"']?\$|_{4,}", value)
                    )
                    if known and not _PUBLIC.search(name):
                        yield Hit(line, f"the build argument {name} stays in the history of the image")


# --- what is kept -------------------------------------------------------------------------------------------------------

_FILES = lazy_pattern(
    r"(?:.*/)?(?:\.env(?:\.(?:production|prod|live|staging))?|[^/]*\.tfstate(?:\.backup)?|kubeconfig(?:\.ya?ml)?|\.kube/config|\.aws/credentials|\.npmrc|\.netrc|\.pypirc|id_(?:rsa|ed25519|ecdsa)|\.git/?)"
)


def _kept(pipeline: Pipeline, job: Job) -> Iterator[tuple[int | None, str]]:
    """(line, path) of what a job keeps, or hands on."""
    body: Mapping[Any, Any] = job.body if isinstance(job.body, Mapping) else {}
    if pipeline.system == "gitlab" and isinstance(body.get("artifacts"), Mapping):
        paths = body["artifacts"].get("paths")
        for index, each in enumerate(list_of(paths)):
            yield line_of(paths, index) or line_of(body, "artifacts"), str(each)
    for step in job.steps if pipeline.system == "github" else ():
        for each in (
            str(step.given.get("path", "")).splitlines()
            if re.match(r"actions/(?:upload-artifact|upload-pages-artifact)@", step.uses)
            else ()
        ):
            yield line_of(step.given, "path") or step.line, each.strip()
    if pipeline.system == "circleci":
        for _, key, value in walk(body):
            if key == "store_artifacts" and isinstance(value, Mapping):
                yield line_of(value, "path"), str(value.get("path"))


def _with_token(pipeline: Pipeline, job: Job) -> Iterator[Hit]:
    """GitHub: the whole checkout, hidden files included, with the token that its settings keep."""
    steps = job.steps if pipeline.system == "github" else ()
    keeps = any(
        step.uses.startswith("actions/checkout@")
        and str(step.given.get("persist-credentials", True)).lower() != "false"
        for step in steps
    )
    for step in steps if keeps else ():
        hidden = str(step.given.get("include-hidden-files", "")).lower() == "true"
        places = [each.strip().rstrip("/") for each in str(step.given.get("path", "")).splitlines()]
        if (
            step.uses.startswith("actions/upload-artifact@")
            and hidden
            and {".", "${{ github.workspace }}"} & set(places)
        ):
            yield Hit(
                line_of(step.given, "path") or step.line,
                "the whole checkout is kept, and with .git/config the token that is in it",
            )


def _handed_on(path: str, text: str) -> Iterable[Hit]:
    if is_jenkinsfile(path):
        plain = plain_groovy(text)
        for match in re.finditer(r"\barchiveArtifacts\b\s*\(?\s*(?:artifacts\s*:\s*)?(['\"])([^'\"\n]+)\1", plain):
            for each in re.split(r"\s*,\s*", match[2]):
                if _FILES.fullmatch(each.removeprefix("**/")):
                    yield Hit(plain.count("\n", 0, match.start()) + 1, _message(each))
        return
    for pipeline in read(path, text):
        for job in pipeline.jobs:
            yield from _with_token(pipeline, job)
            for line, each in _kept(pipeline, job):
                if _FILES.fullmatch(each.removeprefix("./").removeprefix("**/")):
                    yield Hit(line or job.line, _message(each))


def _message(path: str) -> str:
    return f"{path} is kept with the run: whoever may read the run may read it"


_LAB = "a:\n  script: [make]\n  artifacts: {{paths: [{}]}}\n"
_UPLOAD = "  a:\n    steps:\n      - uses: actions/upload-artifact@v4\n        with: {{name: a, path: '{}'}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/secret-build-argument", _LEAK, "warning", "Mount it for the one step that needs it: `--secret`, and `RUN --mount=type=secret`.",
        applies=may_run, check=_built_in,
        bad={
            CI: gh("  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {build-args: 'NPM_AUTH=${{ secrets.NPM }}'}\n"),
            ".gitlab-ci.yml": "a:\n  script: [docker build --build-arg NPM_TOKEN=$NPM_TOKEN .]\n", "Jenkinsfile": "stage('a') { sh 'docker build --build-arg DB_PASSWORD .' }\n",
            ".github/workflows/run.yml": gh(a_job("a", "docker build --build-arg API_KEY=${{ secrets.K }} .")),
        },
        good={
            CI: gh("  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {build-args: 'A=${{ github.sha }}', secrets: 'npm=${{ secrets.NPM }}'}\n"),
            ".gitlab-ci.yml": "a:\n  script: [docker build --build-arg VITE_API_KEY=$K --build-arg PUBLIC_API_KEY=$K --build-arg TOKEN_URL=$U --build-arg KEY=a .]\n",
            "Jenkinsfile": "stage('a') { sh 'docker build --secret id=npm,env=NPM_TOKEN .' }\n",
        },
    ),
    RedFlag(
        "pipeline/secret-kept", _LEAK, "warning", "Keep what was built, and no file of settings or state.",
        applies=is_pipeline, check=_handed_on,
        bad={
            ".gitlab-ci.yml": _LAB.format("dist, terraform.tfstate"), "a/.gitlab-ci.yml": _LAB.format(".env.production"), CI: gh(_UPLOAD.format("infra/terraform.tfstate")),
            "Jenkinsfile": "stage('a') { archiveArtifacts artifacts: 'dist/*, kubeconfig' }\n",
            ".github/workflows/all.yml": gh("  a:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/upload-artifact@v4\n        with: {path: ., include-hidden-files: true}\n"),
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - store_artifacts: {path: .env}\nworkflows:\n  w:\n    jobs: [a]\n",
        },
        good={
            ".gitlab-ci.yml": _LAB.format("dist, .env.example, a.tfplan"), CI: gh(_UPLOAD.format("dist")),
            ".github/workflows/all.yml": gh("  a:\n    steps:\n      - uses: actions/checkout@v4\n        with: {persist-credentials: false}\n      - uses: actions/upload-artifact@v4\n        with: {path: ., include-hidden-files: true}\n"),
            "Jenkinsfile": "stage('a') { archiveArtifacts artifacts: 'dist/*', fingerprint: true }\n",
        },
    ),
)  # fmt: skip
