"""A second opinion on the security of infrastructure, by `trivy config`, where it is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.yaml_files import is_yaml, template_reason

_SEVERITY: dict[str, Severity] = {"CRITICAL": "warning", "HIGH": "warning"}


class Trivy(Program):
    name = "trivy"
    about = "Dockerfile, Kubernetes, Terraform, CloudFormation (policy)"
    aspect = "policy"
    slow = True
    get = "install trivy"
    missed = False
    exit_codes = frozenset({0})

    def covers(self, file: File) -> bool:
        return policed(file)

    def skip(self, file: File) -> str:
        return template_reason(file) if is_yaml(file.path) else ""

    def stage(self, file: File) -> tuple[str, str]:
        return ("/Dockerfile" if is_dockerfile(file.path) else file.suffix), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002
        # The folder, as it takes one target. Its checks are built in; newer ones would be fetched.
        return ["config", "--format", "json", "--quiet", "--skip-check-update", "."]

    def read(self, ran: Ran) -> Iterable[Said]:
        for result in json.loads(ran.stdout).get("Results") or []:
            for item in result.get("Misconfigurations") or []:
                line = item.get("CauseMetadata", {}).get("StartLine")
                severity, rule = _SEVERITY.get(item["Severity"], "info"), item.get("AVDID") or item["ID"]
                yield Said(result["Target"], rule, severity, line, f"{item['Title']}: {item['Message']}")


def policed(file: File) -> bool:
    """Whether a file is of a kind that scanners for policy know by its content."""
    if is_dockerfile(file.path) or file.suffix == ".tf":
        return True
    return is_yaml(file.path) and not file.path.startswith(".github/") and bool(
        re.search(r"(?m)^(?:apiVersion|AWSTemplateFormatVersion):", file.text)
    )  # fmt: skip


VALIDATORS = (Trivy(),)
