"""A second opinion on the security of infrastructure, by `trivy config`, where it is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.yaml_files import is_yaml, template_reason

# Rules that prove one of our red flags, and which. The rest of what trivy says (keys of the customer's own, read-only file
# systems, headers, logs of load balancers) is advice to harden what works: worth reading, no reason to stop a change.
PROVES: dict[str, tuple[str, ...]] = {
    "DS-0001": ("image/latest", "image/untagged"),
    "DS-0002": ("user/missing", "user/root"),
    "DS-0008": ("dockerfile/port",),
    "DS-0010": ("dockerfile/sudo",),
    "DS-0031": ("secret", "dockerfile/secret-setting"),
    "KSV-0005": ("kubernetes/capability", "kubernetes/capabilities"),
    "KSV-0006": ("kubernetes/host-path",),
    "KSV-0008": ("kubernetes/host-namespace",),
    "KSV-0009": ("kubernetes/host-namespace",),
    "KSV-0010": ("kubernetes/host-namespace",),
    "KSV-0012": ("kubernetes/maybe-root", "kubernetes/root"),
    "KSV-0013": ("image/latest", "image/untagged"),
    "KSV-0017": ("kubernetes/privileged",),
    "KSV-0044": ("kubernetes/all-rights",),
    "KSV-0046": ("kubernetes/all-rights",),
    "KSV-0105": ("kubernetes/root",),
    "KSV-0111": ("kubernetes/all-rights",),
    "KSV-0121": ("kubernetes/host-path",),
    "AWS-0057": ("cloud/admin-rights",),
    "AWS-0080": ("cloud/unencrypted",),
    "AWS-0086": ("cloud/public-bucket",),
    "AWS-0087": ("cloud/public-bucket",),
    "AWS-0091": ("cloud/public-bucket",),
    "AWS-0092": ("cloud/public-bucket",),
    "AWS-0093": ("cloud/public-bucket",),
    "AWS-0107": ("cloud/open-port",),
    "AWS-0180": ("cloud/public-database",),
    "GCP-0001": ("cloud/public-bucket",),
    "GCP-0027": ("cloud/open-port",),
    "AZU-0047": ("cloud/open-port",),
    "AZU-0048": ("cloud/open-port",),
    "AZU-0050": ("cloud/open-port",),
}


class Trivy(Program):
    name = "trivy"
    about = "Dockerfile, Kubernetes, Terraform, CloudFormation (policy)"
    aspect = "policy"
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
                rule = item.get("AVDID") or item["ID"]
                severity: Severity = "warning" if rule.removeprefix("AVD-") in PROVES else "info"
                yield Said(result["Target"], rule, severity, line, f"{item['Title']}: {item['Message']}")


def policed(file: File) -> bool:
    """Whether a file is of a kind that scanners for policy know by its content."""
    if is_dockerfile(file.path) or file.suffix == ".tf":
        return True
    return is_yaml(file.path) and not file.path.startswith(".github/") and bool(
        re.search(r"(?m)^(?:apiVersion|AWSTemplateFormatVersion):", file.text)
    )  # fmt: skip


VALIDATORS = (Trivy(),)
