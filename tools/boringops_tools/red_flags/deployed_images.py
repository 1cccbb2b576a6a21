"""Images that pipelines deploy under a tag that moves."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import by_script, deploys, deploys_by, deploys_in
from boringops_tools.red_flags.examples import CI, gh
from boringops_tools.red_flags.moving_values import MOVING, filled, held, run
from boringops_tools.red_flags.pipelines import Job, Step, may_run, plain_groovy, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import line_of

_IMAGE = lazy_pattern(rf"(?:^|[=,])[^\s=,]*[\w)}}]:({MOVING})$")
_SET_TAG = lazy_pattern(rf"(?:^|,)(?:[\w.-]+\.)?(?:image\.?)?tag=({MOVING})(?:$|,)", re.I)
_TAG = lazy_pattern("(latest)")
# What the tasks and actions that deploy call the image.
_GIVEN = lazy_pattern(r"(?i)^(?:containers?|image(?:Name|ToDeploy|s)?|imageTag)$")


def _of_step(step: Step, values: Mapping[str, str]) -> Iterator[Hit]:
    if not deploys_in(step):
        return
    for key, value in step.given.items():
        for word in filled(str(value), values).split() if _GIVEN.match(str(key)) else ():
            if match := _IMAGE.search(word):
                yield Hit(line_of(step.given, key) or step.line, _told(word, match[1]))
    for key in ("overrideValues", "arguments", "set") if re.match(r"(?i)helm", step.uses) else ():
        for word in re.split(r"[\s]+", filled(str(step.given.get(key, "")), values)):
            if match := _SET_TAG.search(word):
                yield Hit(line_of(step.given, key) or step.line, _told(word, match[1]))
    for command in run(step, values):
        for message in moving_words(command, command.argv[1:]):
            yield Hit(command.line, message)


def moving_words(command: Command, words: Sequence[str]) -> Iterator[str]:
    """What is said of the words of a command that deploys, where they name what moves."""
    for before, word in zip(("", *words), words, strict=False) if deploys_by(command) else ():
        if "secret" in before or "secret" in word:
            continue  # secrets have versions, and `latest` is one of them
        match = _IMAGE.search(word) or _SET_TAG.search(word)
        if match or (by_script(command) and (match := _TAG.fullmatch(word))):
            yield _told(word, match[1])


def _told(word: str, tag: str) -> str:
    return f"what is deployed is `{word[:80]}`: nobody knows what `{tag}` was, and nothing leads back to it"


def _moving(path: str, text: str) -> Iterable[Hit]:
    for pipeline in read(path, text):
        values = held(path, text, pipeline)
        for job in pipeline.jobs:
            yield from moving_in(job, values)


def moving_in(job: Job, values: Mapping[str, str]) -> Iterator[Hit]:
    for step in job.steps:
        yield from _of_step(step, values)


# --- what is pushed for it ----------------------------------------------------------------------------------------------

_BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl", "img", "executor", "az", "gcloud", "crane"})
_TAGS = frozenset({"-t", "--tag", "--destination", "-d", "--image"})
_BUILDS = lazy_pattern(r"(?i)^(?:docker/build-push-action|Docker)@")


def _references(command: Command) -> Iterator[str]:
    """The images that a command sends to a registry."""
    words = command.argv
    if command.program not in _BUILDERS:
        return
    if command.program in ("docker", "podman", "buildah", "nerdctl", "img", "crane") and words[1:2] == ("push",):
        yield from [word for word in words[2:] if not word.startswith("-")][-1:]
        return
    sends = {"docker": "--push" in words, "podman": False, "buildah": False, "nerdctl": False, "img": False}.get(
        command.program, words[1:3] in (("acr", "build"), ("builds", "submit")) or command.program == "executor"
    )
    for option, word in itertools.pairwise(words) if sends else ():
        if option in _TAGS:
            yield word
    for word in words if sends else ():
        if word.partition("=")[0] in _TAGS and "=" in word:
            yield word.partition("=")[2]


def _tags(step: Step, values: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """(line, tag) of what a step pushes; the whole reference where the tag is not known."""
    if _BUILDS.match(step.uses) and (
        step.uses.startswith("docker/") or "push" in str(step.given.get("command", "buildAndPush")).lower()
    ):
        pushed = step.given.get("push", True)
        lines = filled(str(step.given.get("tags", "")), values).replace(",", "\n").splitlines()
        for each in lines if pushed not in (False, "false") else ():
            if each.strip():
                yield line_of(step.given, "tags") or step.line, each.strip().rpartition(":")[2]
    for command in run(step, values):
        for each in _references(command):
            yield command.line, each.rpartition("/")[2].rpartition(":")[2] if "@" not in each else each


_BUILT = lazy_pattern(r"\bdocker\.(?:build|image)\s*\(\s*(['\"])(?P<name>[^'\"\n]+)\1")
_PUSHED = lazy_pattern(r"\.push\s*\(\s*(?:(['\"])(?P<tag>[^'\"\n]*)\1|(?P<other>[^)\s][^)\n]*))?")


def _groovy(text: str, values: Mapping[str, str]) -> list[tuple[int, str]]:
    """(line, tag) of what the steps of Jenkins' own plugin push: each `push` with a tag, or with that of the build."""
    plain = plain_groovy(text)
    found = []
    for match in _PUSHED.finditer(plain):
        tags = (
            [match["tag"] or match["other"]]
            if match["tag"] or match["other"]
            else [each["name"].rpartition(":")[2] for each in _BUILT.finditer(plain)]
        )
        found += [(plain.count("\n", 0, match.start()) + 1, filled(tag, values)) for tag in tags]
    return found


def pushes(job: Job) -> bool:
    """Whether a job sends an image to a registry."""
    return any(next(_tags(step, {}), None) for step in job.steps)


def _only_moving(path: str, text: str) -> Iterable[Hit]:
    """Every image that a pipeline pushes, before it deploys, has a tag that the next run takes away from it."""
    if re.search(r"(?i)digest|@sha256", text):
        return  # what is deployed may be named by that
    for pipeline in read(path, text):
        values = held(path, text, pipeline)
        found = [each for job in pipeline.jobs for step in job.steps for each in _tags(step, values)]
        found += _groovy(text, values) if pipeline.system == "jenkins" else []
        if found and any(map(deploys, pipeline.jobs)) and all(re.fullmatch(MOVING, tag) for _, tag in found):
            yield Hit(
                found[0][0],
                f"what is deployed is pushed as `{found[0][1]}` alone: the version before it has no name any more",
            )


_LAB = "deploy:\n  script:\n    - {}\n"
_AZURE = "steps:\n- task: AzureWebAppContainer@1\n  inputs: {{appName: a, containers: '$(registry)/a:{}'}}\n"
RED_FLAGS = (
    RedFlag(
        "pipeline/moving-image", "Use `latest` tag in production (always pin versions)", "error", "Deploy the tag or the digest that this run has built.",
        applies=may_run, check=_moving,
        bad={
            ".gitlab-ci.yml": _LAB.format("kubectl set image deployment/a a=registry.acme.io/a:latest"),
            "a/.gitlab-ci.yml": _LAB.format("helm upgrade --install a ./a --set image.tag=latest"),
            "b/.gitlab-ci.yml": _LAB.format("gcloud run deploy a --image=eu.gcr.io/a/b:latest"),
            "azure-pipelines.yml": _AZURE.format("latest"),
            "c/.gitlab-ci.yml": "variables: {T: latest, IMAGE: $CI_REGISTRY_IMAGE:$T}\n" + _LAB.format("kubectl set image deployment/a a=\"$IMAGE\""),
            "d/.gitlab-ci.yml": _LAB.format("./scripts/deploy.sh production latest"),
            "c/azure-pipelines.yml": "steps:\n- task: HelmDeploy@0\n  inputs: {command: upgrade, overrideValues: 'replicas=2,image.tag=latest'}\n",
            "b/azure-pipelines.yml": "variables: [{name: tag, value: latest}]\n" + _AZURE.format("$(tag)"),
            "Jenkinsfile": "environment {\n  IMAGE = \"r.acme.io/a:latest\"\n}\nstage('a') { sh './deploy.sh \"$IMAGE\"' }\n",
        },
        good={
            ".gitlab-ci.yml": _LAB.format("kubectl set image deployment/a a=registry.acme.io/a:$CI_COMMIT_SHA"),
            "a/.gitlab-ci.yml": _LAB.format("docker build -t a:latest . && docker push a:latest"),
            "b/.gitlab-ci.yml": _LAB.format("gcloud secrets versions access latest && gcloud run deploy a --set-secrets=KEY=key:latest --image a:1.2"),
            "azure-pipelines.yml": _AZURE.format("$(Build.SourceVersion)"),
            "c/.gitlab-ci.yml": "variables: {IMAGE: 'a:latest'}\n" + _LAB.format("export IMAGE=a:$CI_COMMIT_SHA && kubectl set image deployment/a a=$IMAGE"),
            "Jenkinsfile": "environment {\n  IMAGE = \"a:${GIT_COMMIT}\"\n  BASE = 'a:latest'\n}\nstage('a') { sh './deploy.sh \"$IMAGE\"' }\n",
        },
    ),
    RedFlag(
        "pipeline/pushed-as-latest", "Use `latest` tag in production (always pin versions)", "warning", "Push it under the commit or the version too, and deploy that: then there is something to go back to.",
        applies=may_run, check=_only_moving,
        bad={
            ".gitlab-ci.yml": "a:\n  script: [docker build -t r/a:latest ., docker push r/a:latest, helm upgrade a ./a]\n",
            "Jenkinsfile": "stage('a') { docker.build('r/a:latest').push() }\nstage('b') { sh 'helm upgrade a a' }\n",
            "a/.gitlab-ci.yml": "variables: {IMAGE: 'r/a:latest'}\na:\n  script: [docker push $IMAGE, kubectl rollout restart deployment/a]\n",
            "azure-pipelines.yml": "variables: {tag: latest}\nsteps:\n- task: Docker@2\n  inputs: {command: buildAndPush, tags: $(tag)}\n- script: helm upgrade a a\n",
            CI: gh("  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: 'r/a:latest'}\n      - run: helm upgrade a a\n"),
        },
        good={
            "Jenkinsfile": "stage('a') { def i = docker.build(\"r/a:${GIT_COMMIT}\")\n i.push()\n i.push('latest') }\nstage('b') { sh 'helm upgrade a a' }\n",
            ".gitlab-ci.yml": "a:\n  script: [docker push r/a:latest, docker push r/a:$CI_COMMIT_SHA, helm upgrade a ./a]\n", "a/.gitlab-ci.yml": "a:\n  script: [docker push r/a:latest]\n",
            "azure-pipelines.yml": "steps:\n- task: Docker@2\n  inputs:\n    command: buildAndPush\n    tags: |\n      latest\n      $(Build.BuildId)\n- script: helm upgrade a a\n",
            CI: gh("  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: '${{ steps.meta.outputs.tags }}'}\n      - run: helm upgrade a a\n"),
            ".github/workflows/d.yml": gh("  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {push: true, tags: 'r/a:latest'}\n      - run: helm upgrade a a --set image=${{ steps.b.outputs.digest }}\n"),
        },
    ),
)  # fmt: skip
