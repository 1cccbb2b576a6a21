"""Prometheus' configuration and rules, by promtool, where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Judged, Program, Ran, Said, Unjudged
from boringops_tools.validators.promql import PromqlRules
from boringops_tools.yaml_files import is_yaml, template_reason

_ELSEWHERE = lazy_pattern(
    r"does not point to an existing file|no such file or directory|unknown service discovery", re.I
)


class Promtool(Program):
    """promtool with one of its checks. It is asked about one file at a time: it says things of files in words."""

    name = "promtool"
    get = "install Prometheus, which brings promtool"

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        return [[file] for file in files]

    def skip(self, file: File) -> str:
        return template_reason(file)

    def attribute(self, ran: Ran, by_name: dict[str, File]) -> dict[str, Judged]:  # type: ignore[override]
        [file] = by_name.values()
        return super().attribute(ran, {"": file})

    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        if ran.exit_code == 0:
            return
        lines = [line.strip() for line in f"{ran.stderr}\n{ran.stdout}".splitlines()]
        said = [line for line in lines if line and not re.match(r"(?:Checking|FAILED|SUCCESS|\d+ rules found)", line)]
        found = [re.sub(r"^FAILED:\s*", "", line) for line in lines if re.match(r"FAILED:\s*\S", line)] or said
        if not found:
            raise ValueError("it failed without a word")
        for message in found:
            if _ELSEWHERE.search(message):
                yield Unjudged("", f"it names what is not here: {message}")
            else:
                line = re.search(r"(?:line |\.ya?ml: )(\d+)", message)
                yield Said("", "promtool", "error", int(line[1]) if line else None, message)


class PrometheusConfig(Promtool):
    about = "Prometheus configuration"
    aspect = "prometheus configuration"

    def covers(self, file: File) -> bool:
        return is_yaml(file.path) and bool(re.search(r"(?m)^scrape_configs:", file.text))

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["check", "config", "--syntax-only", *names]


class PrometheusRules(Promtool):
    about = "Prometheus rules"
    aspect = "prometheus rules"

    def covers(self, file: File) -> bool:
        plain = not re.search(r"(?m)^apiVersion:", file.text)  # not the operator's objects
        return plain and PromqlRules().covers(file)

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["check", "rules", "--lint=none", *names]


VALIDATORS = (PrometheusConfig(), PrometheusRules())
