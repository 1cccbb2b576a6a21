"""A second opinion on Terraform configurations, by tflint, where it is installed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from boringops.facts import Severity
from boringops_tools.validators.base import Said, broken, locate, run
from boringops_tools.validators.terraform import Terraform

_SEVERITY: dict[str, Severity] = {"error": "error", "warning": "warning"}


class Tflint(Terraform):
    name = "tflint"
    about = "Terraform configurations (lint)"
    aspect = "terraform lint"
    get = "install tflint"
    missed = False

    def locate(self) -> str | None:
        return locate(self.name)

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said]:
        ran = run(
            [*self.command(), "--format=json", "--no-color"], cwd=copy / home, home=copy.parent, timeout_s=timeout_s
        )
        if not ran.stdout.lstrip().startswith("{"):
            raise broken(ran)
        for item in json.loads(ran.stdout)["issues"]:
            rule, place = item["rule"], item["range"]
            severity = _SEVERITY.get(rule["severity"], "info")
            yield Said(str(home / place["filename"]), rule["name"], severity, place["start"]["line"], item["message"])


VALIDATORS = (Tflint(),)
