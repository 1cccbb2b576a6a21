"""Keys that never expire, where the platform can log in without any."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import Job, Pipeline, jobs_of, may_run
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import line_of, walk

_SECRET = re.compile(r"\$\{\{\s*secrets\.(\w+)\s*\}\}")
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
_WITHOUT_KEYS = frozenset({"github", "gitlab", "circleci", "bitbucket"})
# A value that is stored somewhere: the key itself, as a variable of the project.
_STORED = re.compile(r"\$\{?(?!\{)[A-Z][A-Z0-9_]*(?:KEY|SECRET|CREDENTIALS?|TOKEN|PASSWORD)(?:_\w+)?\}?")
# Keys that last an hour are handed on in the same variables.
_BORROWED = re.compile(r"(?i)assume-role|get-session-token|get-federation-token|SESSION_TOKEN|SessionToken")


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
            "c/.gitlab-ci.yml": "a:\n  variables: {AWS_SECRET_ACCESS_KEY: $PROD_SECRET_KEY}\n  script: [make]\n",
        },
        good={
            ".gitlab-ci.yml": "a:\n  script:\n    - export $(aws sts assume-role-with-web-identity)\n    - export AWS_SECRET_ACCESS_KEY=$SECRET_KEY\n",
            "b/.gitlab-ci.yml": "a:\n  variables: {AWS_SECRET_ACCESS_KEY: minio123}\n  script: [gcloud auth login --cred-file=a.json]\n",
            CI: gh("  a:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n"
                     "          role-to-assume: ${{ vars.ROLE }}\n"),
            ".github/workflows/b.yml": gh(a_job("a", "make test", "    env:\n      AWS_SECRET_ACCESS_KEY: test\n")),
        },
    ),
)  # fmt: skip
