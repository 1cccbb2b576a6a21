"""A second opinion on policy, by checkov, where it is installed. It is never brought along: its pins hold others back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.validators.trivy import policed
from boringops_tools.yaml_files import is_yaml, template_reason


class Checkov(Program):
    name = "checkov"
    about = "Dockerfile, Kubernetes, Terraform, CloudFormation (practice)"
    aspect = "practice"
    get = "install checkov in an environment of its own"
    missed = False

    def covers(self, file: File) -> bool:
        return policed(file)

    def skip(self, file: File) -> str:
        return template_reason(file) if is_yaml(file.path) else ""

    def stage(self, file: File) -> tuple[str, str]:
        return ("/Dockerfile" if is_dockerfile(file.path) else file.suffix), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        kinds = ["dockerfile", "kubernetes", "terraform", "cloudformation"]
        return ["--skip-download", "--quiet", "--compact", "-o", "json", "--framework", *kinds, "-f", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        said = json.loads(ran.stdout)
        for report in said if isinstance(said, list) else [said]:
            for item in report.get("results", {}).get("failed_checks", []):
                name = PurePosixPath(item["file_path"].lstrip("/"))
                # Advice of every weight comes without one: none of it holds a file back.
                yield Said(str(name), item["check_id"], "info", item["file_line_range"][0], item["check_name"])


VALIDATORS = (Checkov(),)
