"""Files whose format has a published JSON schema, by check-jsonschema and the schemas it brings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from boringops.facts import Finding
from boringops_tools.validators.base import File, Judged, Program, Ran, Said
from boringops_tools.yaml_files import Unreadable, documents, line_at, template_reason

_STEP = re.compile(r"\.([^.\[\]'\"]+)|\[(\d+)\]|\[['\"]((?:[^'\"\\]|\\.)*)['\"]\]")


class Schema(Program):
    """check-jsonschema with one of its schemas."""

    name = "check-jsonschema"
    distribution = "check-jsonschema"
    get = "pip install check-jsonschema"

    def __init__(self, schema: str, files: str, *options: str, stage: Callable[[str], str] | None = None) -> None:
        """`files` is an expression that whole paths match; `stage` turns the text into what is judged in its stead."""
        self.about = f"{schema} (schema)"
        self._schema, self._files, self._options, self._stage = schema, re.compile(files, re.S), options, stage

    def covers(self, file: File) -> bool:
        if self._schema == "compose-spec" and re.match(r"(?:\s*#[^\n]*\n|\s*---[^\n]*\n)*\s*- ", file.text):
            return False  # a list: Ansible's tasks about Compose are often called so
        return bool(self._files.fullmatch(file.path))

    def skip(self, file: File) -> str:
        if file.suffix == ".json5":
            return "is JSON5, which check-jsonschema cannot read here"
        return template_reason(file) if file.suffix in (".yml", ".yaml") else ""

    def stage(self, file: File) -> tuple[str, str]:
        if self._stage is not None:
            try:
                return ".json", self._stage(file.text)
            except (Unreadable, ValueError):
                pass  # as it is: the program says what is wrong with it
        return (file.suffix if file.suffix in (".yml", ".yaml", ".json") else ".json"), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["--builtin-schema", f"vendor.{self._schema}", "--output-format", "json", *self._options, "--", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        said = json.loads(ran.stdout)
        if said["status"] not in ("ok", "fail"):
            raise ValueError(said["status"])
        for item in said.get("parse_errors", []):
            yield Said(item["filename"], "syntax", "error", None, "cannot be read as YAML or JSON")
        for item in said.get("errors", []):
            item = {**item, **item.get("best_deep_match", {})}
            # The message of a failed anyOf quotes the whole file; the deepest part says what is wrong.
            yield Said(item["filename"], f"schema/{self._schema}", "error", None, item["message"], item["path"])

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        for file in files:
            held = (each for each in judged[file.path].findings if not _TOO_STRICT.search(each.message))
            judged[file.path].findings = [_placed(finding, file) for finding in held]
        return judged


# GitHub runs a job whose strategy has no matrix (`fail-fast` alone); its published schema does not allow it.
_TOO_STRICT = re.compile(r"^'matrix' is a required property$")


def _placed(finding: Finding, file: File) -> Finding:
    """With the line of the place that the program names as a path (JSON is YAML too, as far as places go)."""
    place = finding.hint.removeprefix("$")
    steps = [int(index) if index else name or quoted for name, index, quoted in _STEP.findall(place)]
    message = f"{finding.message} (at {place.lstrip('.')})" if place else finding.message
    return finding.model_copy(
        update={"line": line_at(file.text, steps) if steps else None, "message": message, "hint": ""}
    )


def _as_strings(text: str) -> str:
    """A pipeline with all its scalars as strings: Azure takes 20 for "20", its published schema does not. Of what a task is
    given, the schema has booleans as such."""

    def walk(node: Any, given: bool = False) -> Any:
        if isinstance(node, Mapping):
            return {str(key): walk(value, given or key == "inputs") for key, value in node.items()}
        if isinstance(node, list):
            return [walk(item, given) for item in node]
        if node is None or isinstance(node, str) or (given and isinstance(node, bool)):
            return node
        return str(node).lower() if isinstance(node, bool) else str(node)

    read = documents(text)
    return json.dumps(walk(read[0] if read else None))


VALIDATORS = (
    Schema("compose-spec", r"(?:.*/)?(?:docker-)?compose(?:[._-][^/]*)?\.ya?ml"),
    Schema("github-workflows", r"\.github/workflows/[^/]+\.ya?ml"),
    Schema("github-actions", r"(?:.*/)?action\.ya?ml"),
    Schema("dependabot", r"\.github/dependabot\.ya?ml"),
    Schema("renovate", r"(?:\.github/|\.gitlab/)?(?:renovate\.json5?|\.renovaterc(?:\.json5?)?)"),
    Schema("gitlab-ci", r"(?:.*/)?(?:[^/]*\.)?\.?gitlab-ci\.ya?ml|\.gitlab/ci/.+\.ya?ml", "--data-transform", "gitlab-ci"),
    Schema("circle-ci", r"\.circleci/config\.ya?ml"),
    Schema(
        "azure-pipelines", r"(?:.*/)?\.?azure-pipelines(?:[._-][^/]*)?\.ya?ml|(?:.*/)?\.azure/(?:.*/)?pipelines/[^/]+\.ya?ml",
        "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode", stage=_as_strings,
    ),
    Schema("bitbucket-pipelines", r"bitbucket-pipelines\.ya?ml"),
    Schema("buildkite", r"\.buildkite/pipeline(?:\.[^/]*)?\.ya?ml"),
    Schema("drone-ci", r"\.drone\.ya?ml"),
    Schema("travis", r"\.travis\.ya?ml"),
    Schema("woodpecker-ci", r"\.woodpecker(?:/[^/]+)?\.ya?ml"),
    Schema("cloudbuild", r"(?:.*/)?cloudbuild(?:[._-][^/]*)?\.(?:ya?ml|json)"),
    Schema("readthedocs", r"\.readthedocs\.ya?ml"),
    Schema("taskfile", r"(?:.*/)?[Tt]askfile(?:\.dist)?\.ya?ml"),
)  # fmt: skip
