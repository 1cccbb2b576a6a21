"""Alertmanager's configuration, by amlint."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops.facts import Severity
from boringops_tools.validators.base import File, Judged, Program, Ran, Said
from boringops_tools.yaml_files import is_yaml, template_reason

_SEVERITY: dict[str, Severity] = {"error": "error", "warn": "warning", "info": "info"}


class Amlint(Program):
    name = "amlint"
    about = "Alertmanager configuration"
    aspect = "alertmanager configuration"
    distribution = "amlint"
    get = "pip install amlint"

    def covers(self, file: File) -> bool:
        return is_yaml(file.path) and all(re.search(rf"(?m)^{key}:", file.text) for key in ("receivers", "route"))

    def skip(self, file: File) -> str:

        return template_reason(file)

    def stage(self, file: File) -> tuple[str, str]:
        return ".yml", file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        ignored = ["--ignore", "global-resolve-timeout-missing"]  # the default is what most want
        return ["check", "--input-format", "alertmanager", "--format", "json", *ignored, "--", *names]

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        for file in files:
            # The copy stands alone: what templates the files define that it names is not seen from there. A check of our
            # own looks into those that the repository has.
            if re.search(r"(?m)^templates:\s*(?:#.*)?(?:\[\s*[^\]\s]|$)", file.text):
                judged[file.path].findings = [
                    each.model_copy(update={"severity": "info"}) if each.rule == "undefined-template" else each
                    for each in judged[file.path].findings
                ]
        return judged

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            # A receiver without integrations is how alerts are dropped on purpose; the folder of a pattern for templates is filled
            # where Alertmanager runs, and may be empty. What is repeated before its group is due is repeated with the group: that
            # is how a heartbeat is written.
            mild = item["code"] in ("empty-receiver", "repeat-before-group") or (
                item["code"] == "template-file-missing" and "*" in item["message"]
            )
            severity = "info" if mild else _SEVERITY[item["level"]]
            yield Said(item["file"], item["code"], severity, item["line"], item["message"])


VALIDATORS = (Amlint(),)
