"""Keys that never expire, where the platform can log in without any."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, jobs_of, may_run, read
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import documents, line_of, walk

_SECRET = lazy_pattern(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
# action: inputs that hold a key which never expires.
_KEYS: dict[str, tuple[str, ...]] = {
    "aws-actions/configure-aws-credentials": ("aws-access-key-id", "aws-secret-access-key"),
    "google-github-actions/auth": ("credentials_json",),
    "google-github-actions/setup-gcloud": ("service_account_key",),
    "azure/login": ("creds",),
}
_KEY_VARIABLES = frozenset(
    {"AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "GCP_SA_KEY", "AZURE_CREDENTIALS", "ARM_CLIENT_SECRET"}
)
# Systems that log in by OpenID Connect themselves.
_WITHOUT_KEYS = frozenset({"github", "gitlab", "circleci", "bitbucket", "azure"})
# A value that is stored somewhere: the key itself, as a variable of the project.
_STORED = lazy_pattern(
    r"\$\(\w*(?i:key|secret|credentials?|token|password)\w*\)|\$\{?(?!\{)[A-Z][A-Z0-9_]*(?:KEY|SECRET|CREDENTIALS?|TOKEN|PASSWORD)(?:_\w+)?\}?"
)
# Keys that last an hour are handed on in the same variables.
_BORROWED = lazy_pattern(r"(?i)assume-role|get-session-token|get-federation-token|SESSION_TOKEN|SessionToken")


def _long_lived(path: str, text: str) -> Iterable[Hit]:
    for _, job in jobs_of(path, text):
        for step in job.steps:
            inputs = _KEYS.get(step.uses.split("@")[0].lower(), ())
            given = next((name for name in inputs if _SECRET.search(str(step.given.get(name, "")))), "")
            if given and not (step.given.get("role-to-assume") and "access-key" not in given):
                yield Hit(line_of(step.given, given) or step.line, f"{given} is a key that never expires")
        yield from _orbs(job)
        for _parent, key, value in walk(job.body):
            if key == "env" and isinstance(value, Mapping):
                for name in value:
                    if name in _KEY_VARIABLES and _SECRET.search(str(value[name])):
                        yield Hit(line_of(value, name), f"{name} is a key that never expires")

    for pipeline, job in jobs_of(path, text):
        if pipeline.system in _WITHOUT_KEYS and not _BORROWED.search(_said(job)):
            yield from (
                Hit(each.line, told) for step in job.steps for each in step.commands if (told := _logs_in(each))
            )
            yield from _variables(pipeline, job)
    yield from _above(path, text)


def _above(path: str, text: str) -> Iterator[Hit]:
    """Keys among the variables of the whole pipeline, or of a stage of Azure's."""
    found = read(path, text)
    if not found or found[0].system not in ("gitlab", "azure") or _BORROWED.search(text):
        return
    holders: list[Any] = [each for each in documents(text) if isinstance(each, Mapping)]
    holders += [job.options for pipeline in found for job in pipeline.jobs if isinstance(job.options, Mapping)]
    seen: set[int] = set()
    for holder in holders:
        given = holder.get("variables")
        for each in given if isinstance(given, list) else ():
            if isinstance(each, Mapping) and each.get("name") in _KEY_VARIABLES and id(each) not in seen:
                seen.add(id(each))
                if isinstance(each.get("value"), str) and _STORED.fullmatch(each["value"]):
                    yield Hit(line_of(each, "value"), f"{each['name']} is a key that never expires")
        for name, value in given.items() if isinstance(given, Mapping) and id(given) not in seen else ():
            seen.add(id(given))
            said = value.get("value") if isinstance(value, Mapping) else value
            if name in _KEY_VARIABLES and isinstance(said, str) and _STORED.fullmatch(said):
                yield Hit(line_of(given, name), f"{name} is a key that never expires")


# Inputs of CircleCI's orbs that name the variable of a key.
_ORB_KEYS = frozenset({"aws_secret_access_key", "aws-secret-access-key", "secret_access_key"})


def _orbs(job: Job) -> Iterator[Hit]:
    for parent, key, value in walk(job.body):
        if isinstance(key, str) and "/" in key and isinstance(value, Mapping):
            for name in value:
                if name in _ORB_KEYS:
                    yield Hit(line_of(value, name) or line_of(parent, key), f"{name} is a key that never expires")


def _said(job: Job) -> str:
    scripts = [step.script.text for step in job.steps if step.script]
    return " ".join([*scripts, *(str(key) for _, key, _ in walk(job.body))])


def _logs_in(command: Command) -> str:
    words = command.argv[1:]
    if command.program == "gcloud" and "activate-service-account" in words:
        return "gcloud logs in with a service account's key, which never expires"
    if (
        command.program == "az"
        and "login" in words
        and command.has("--service-principal")
        and command.has("-p", "--password")
    ):
        return "az logs in with a service principal's password"
    if command.program == "aws" and words[:2] == ("configure", "set") and words[2:3] == ("aws_secret_access_key",):
        return "aws is given a secret key, which never expires" if _STORED.search(" ".join(words[3:])) else ""
    given = [*command.variables.items(), *(word.partition("=")[::2] for word in words if command.program == "export")]
    told = next((name for name, value in given if name in _KEY_VARIABLES and _STORED.fullmatch(value)), "")
    return f"{told} is a key that never expires" if told else ""


def _variables(pipeline: Pipeline, job: Job) -> Iterator[Hit]:
    if pipeline.system == "github":
        return  # told with its `env`
    for parent, key, value in walk(job.body):
        if key in _KEY_VARIABLES and isinstance(value, str) and _STORED.fullmatch(value):
            yield Hit(line_of(parent, key) or job.line, f"{key} is a key that never expires")


RED_FLAGS = (
    RedFlag(
        "pipeline/long-lived-key", "Commit AWS keys, passwords, or tokens to git", "warning",
        "Log in by OpenID Connect (`id-token: write` and a role): there is no key to leak or to rotate.",
        applies=may_run, check=_long_lived,
        bad={
            CI: gh("  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n"
                     "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"),
            ".github/workflows/b.yml": gh(a_job("a", "terraform plan", "    env:\n      AWS_SECRET_ACCESS_KEY: ${{ secrets.K }}\n")),
            ".gitlab-ci.yml": "a:\n  script:\n    - export AWS_SECRET_ACCESS_KEY=\"$PROD_AWS_SECRET_ACCESS_KEY\"\n",
            "b/.gitlab-ci.yml": "a:\n  script:\n    - gcloud auth activate-service-account --key-file=key.json\n",
            ".circleci/config.yml": "jobs:\n  a:\n    steps:\n      - aws-cli/setup: {aws_secret_access_key: PROD_SECRET}\nworkflows:\n  w:\n    jobs: [a]\n",
            "azure-pipelines.yml": "variables:\n  ARM_CLIENT_SECRET: $(azureClientSecret)\nsteps:\n- script: terraform plan\n",
            "a/azure-pipelines.yml": "variables:\n- {name: ARM_CLIENT_SECRET, value: $(clientSecret)}\nsteps:\n- script: terraform plan\n",
            "b/azure-pipelines.yml": "steps:\n- script: terraform plan\n  env: {ARM_CLIENT_SECRET: $(ARM_CLIENT_SECRET)}\n",
            "d/.gitlab-ci.yml": "variables: {AWS_SECRET_ACCESS_KEY: $PROD_SECRET_KEY}\na:\n  script: [make]\n",
            ".gitlab/ci/deploy.yml": ".a:\n  image: b\n  before_script:\n    - gcloud auth activate-service-account --key-file=key.json\n  script: [make]\nb:\n  extends: .a\n  stage: c\n",
            "c/.gitlab-ci.yml": "a:\n  variables: {AWS_SECRET_ACCESS_KEY: $PROD_SECRET_KEY}\n  script: [make]\n",
        },
        good={
            ".gitlab-ci.yml": "a:\n  script:\n    - export $(aws sts assume-role-with-web-identity)\n    - export AWS_SECRET_ACCESS_KEY=$SECRET_KEY\n",
            "azure-pipelines.yml": "variables: {ARM_USE_OIDC: 'true'}\nsteps:\n- script: export ARM_CLIENT_ID=$servicePrincipalId; terraform plan\n",
            "b/.gitlab-ci.yml": "a:\n  variables: {AWS_SECRET_ACCESS_KEY: minio123}\n  script: [gcloud auth login --cred-file=a.json]\n",
            CI: gh("  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n"
                     "          role-to-assume: ${{ vars.ROLE }}\n"),
            ".github/workflows/b.yml": gh(a_job("a", "make test", "    env:\n      AWS_SECRET_ACCESS_KEY: test\n")),
        },
    ),
)  # fmt: skip
