"""Where Terraform keeps its state: a root module that names no backend keeps it on the disk of whoever ran it last."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks import terraform
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pipelines import is_pipeline

_ASIDE = lazy_pattern(r"(?i)(?:^|/)(?:examples?|tests?|e2e|fixtures?|testdata|modules|samples?|demos?|docs)(?:/|$)")
"""Folders whose configurations are called by others, or are never kept in operation."""
_BRINGS = lazy_pattern(
    r"(?i)^(?:terragrunt\.hcl|root\.hcl|backend[\w.-]*|cdktf\.json|atmos\.ya?ml|_?backend\.tf\.\w+)$"
)
"""Files of what writes a backend into the configuration, or is given to it."""

_ENVIRONMENT = r"(?:prod|production|live|staging|stage|dev|development)"


def _kept_nowhere(files: Files, path: str) -> Iterator[Hit]:
    folder = PurePosixPath(path).parent.as_posix()
    if _ASIDE.search(folder) or any(_BRINGS.match(name) for name in files.by_name):
        return
    module = terraform.of(files, folder)
    every = list(module.all())
    providers = [(place, block) for place, block in every if block.kind == "provider"]
    makes = any(block.kind in ("resource", "module") for _, block in every)
    settled = any(block.kind == "terraform" and {"backend", "cloud"} & set(block.nested) for _, block in every)
    if module.whole and providers and makes and not settled and providers[0][0] == path:
        yield Hit(
            providers[0][1].line,
            "no backend is named, so the state is a file on the disk of whoever applies: not shared, not locked",
            severity="warning" if _operated(files, folder) or _for_production(files, module) else "info",
        )


_ENVIRONMENT_OF = lazy_pattern(r"(?im)^\s*\"?(?:environment|env|stage)\"?\s*[=:]\s*\"(?:prod|production|live)\"")


def _for_production(files: Files, module: terraform.Module) -> bool:
    """Whether what is made here says that it is production's; a default of a variable says only what it may be."""
    texts = {path: files.text(path) for path in module.by_path}
    return any(_ENVIRONMENT_OF.search(text) for text in texts.values())


def _operated(files: Files, folder: str) -> bool:
    """Whether somebody applies it for others to rely on: it is an environment's, has an environment's values, or a pipeline
    applies."""
    values = any(
        re.fullmatch(_ENVIRONMENT + r"\.(?:auto\.)?tfvars", each.rpartition("/")[2])
        for each in files.siblings(f"{folder}/x")
    )
    pipelines = (each for each in files.all if is_pipeline(each))
    return (
        values
        or bool(re.search(rf"(?:^|/){_ENVIRONMENT}(?:/|$)|(?:^|/)environments/", folder))
        or any(re.search(r"\b(?:terraform|tofu)\b[^\n]*\bapply\b", files.text(each)) for each in pipelines)
    )


_P = 'provider "aws" {\n  region = "eu-central-1"\n}\n'
_R = 'resource "aws_sqs_queue" "a" {\n  name = "a"\n}\n'

RULES = (
    Rule(
        "terraform/no-backend", "warning", "Name a remote backend with locking in the `terraform` block, e.g. s3 with `use_lockfile = true`.",
        "Terraform, Backends: without a backend block the state is kept in `terraform.tfstate` in the working directory.",
        lambda path: path.endswith(".tf"), _kept_nowhere,
        bad=({"main.tf": _P + _R}, {"main.tf": _P + _R + 'locals {\n  tags = {\n    environment = "production"\n  }\n}\n'}, {"infra/providers.tf": _P, "infra/main.tf": _R, "infra/versions.tf": 'terraform {\n  required_version = ">= 1.10"\n}\n'}),
        good=(
            {"main.tf": _P + _R, "versions.tf": 'terraform {\n  backend "s3" {}\n}\n'},
            {"main.tf": _P + _R + 'terraform {\n  cloud {\n    organization = "acme"\n  }\n}\n'},
            {"main.tf": _R}, {"examples/basic/main.tf": _P + _R}, {"modules/a/main.tf": _P + _R}, {"main.tf": _P},
            {"main.tf": _P + _R, "terragrunt.hcl": ""}, {"main.tf": _P + _R, "b.tf.json": "{}"}, {"main.tf": _P + _R, "backend.hcl": ""},
        ),
    ),
)  # fmt: skip
