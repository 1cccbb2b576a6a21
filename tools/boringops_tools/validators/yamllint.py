"""Whether YAML can be read, by yamllint (GPL-3.0, run as a program)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.base import File, Program, Ran, Said
from boringops_tools.yaml_files import is_yaml, template_reason

# What changes the meaning of a file. How it is laid out is its author's business.
_CONFIG = {
    "rules": {
        "key-duplicates": {"forbid-duplicated-merge-keys": True},
        "anchors": {"forbid-undeclared-aliases": True, "forbid-duplicated-anchors": True},
    }
}
_LINE = lazy_pattern(
    r"(?P<file>[^:]+):(?P<line>\d+):\d+: \[(?P<level>\w+)\] (?P<message>.*?)(?: \((?P<rule>[\w-]+)\))?$"
)


_QUESTION = lazy_pattern(r"(?<=[^\s,\[\]{}])\?(?=[^\s,\[\]{}])")


class Yamllint(Program):
    name = "yamllint"
    about = "YAML syntax, duplicate keys, anchors"
    distribution = "yamllint"
    get = "pip install yamllint"

    def covers(self, file: File) -> bool:
        return is_yaml(file.path)

    def skip(self, file: File) -> str:
        return template_reason(file)

    def stage(self, file: File) -> tuple[str, str]:
        # Its parser stops at a `?` within a word of a flow mapping, as in `{path: /health?full}`; YAML 1.2 allows it.
        return ".yml", _QUESTION.sub("_", file.text)

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["--format", "parsable", "--config-data", json.dumps(_CONFIG), *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for line in ran.stdout.splitlines():
            if (match := _LINE.match(line)) is None:
                raise ValueError(f"no finding in {line!r}")
            severity: str = match["level"]
            rule = match["rule"] or "syntax"
            yield Said(
                match["file"], rule, "error" if severity == "error" else "warning", int(match["line"]), match["message"]
            )


VALIDATORS = (Yamllint(),)
