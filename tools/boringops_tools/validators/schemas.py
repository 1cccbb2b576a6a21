"""Files whose format has a published JSON schema, by check-jsonschema and the schemas it brings."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from boringops.facts import Finding
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.azure_tasks import as_the_schema_writes, without_foreign
from boringops_tools.validators.base import File, Judged, Program, Ran, Said, installed
from boringops_tools.yaml_files import Unreadable, documents, line_at, template_reason

_STEP = lazy_pattern(r"\.([^.\[\]'\"]+)|\[(\d+)\]|\[['\"]((?:[^'\"\\]|\\.)*)['\"]\]")


# One process for all schemas: nearly all of the time that check-jsonschema takes goes into starting it.
_RUN = """
import contextlib, io, json, sys
from check_jsonschema import main
said = {}
for schema, arguments in json.loads(sys.argv[1]).items():
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            main(arguments, prog_name="check-jsonschema")
    except SystemExit as end:
        if end.code not in (0, 1):
            print(out.getvalue(), file=sys.stderr)
            sys.exit(end.code)
    said[schema] = json.loads(out.getvalue())
print(json.dumps(said))
"""


class Schema:
    """One of the schemas that check-jsonschema brings, and the files that are held against it."""

    def __init__(
        self,
        name: str,
        files: str,
        *options: str,
        stage: Callable[[str], str] | None = None,
        shape: str = "",
        by_shape: str = "",
    ) -> None:
        """`files` is an expression that whole paths match; `stage` turns the text into what is judged in its stead. Of the
        paths that `by_shape` matches, which may be something else too, it is those files whose text `shape` is found in."""
        self.name, self.options, self.stage = name, options, stage
        self._files = lazy_pattern(files, re.S)
        self._by_shape, self._shape = lazy_pattern(by_shape or r"(?!)", re.S), lazy_pattern(shape, re.M)

    def fits(self, file: File) -> bool:
        if self._files.fullmatch(file.path):
            return True
        return bool(self._by_shape.fullmatch(file.path) and self._shape.search(file.text))

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["--builtin-schema", f"vendor.{self.name}", "--output-format", "json", *self.options, "--", *names]


class Schemas(Program):
    name = "check-jsonschema"
    aspect = "schema"
    distribution = "check-jsonschema"
    get = "pip install check-jsonschema"
    exit_codes = frozenset({0})

    def __init__(self, schemas: Sequence[Schema]) -> None:
        self.about = f"{', '.join(each.name for each in schemas)} (schema)"
        self._schemas = schemas

    def covers(self, file: File) -> bool:
        schema = self.schema_of(file)
        # Ansible's tasks about Compose, a list, are often called so.
        return schema is not None and not (schema.name == "compose-spec" and _A_LIST.match(file.text))

    def schema_of(self, file: File) -> Schema | None:
        return next((each for each in self._schemas if each.fits(file)), None)

    def skip(self, file: File) -> str:
        if file.suffix == ".json5":
            return "is JSON5, which check-jsonschema cannot read here"
        if file.suffix not in (".yml", ".yaml"):
            return ""
        return template_reason(file) or self._several(file)

    def _several(self, file: File) -> str:
        schema = self.schema_of(file)
        if (schema and schema.stage is _as_strings) or not re.search(r"(?m)^---\s", file.text):
            return ""
        try:
            several = len(documents(file.text)) > 1
        except Unreadable:
            return ""  # the program says what is wrong with it
        return "holds several documents, of which check-jsonschema reads none" if several else ""

    def locate(self) -> str | None:
        return sys.executable if installed(self.distribution) else None

    def version(self) -> str | None:
        return installed(self.distribution)

    def cache_key(self, file: File) -> str:
        schema = self.schema_of(file)
        return "\0".join([*(schema.arguments([]) if schema else ()), self.stage(file)[0]])

    def stage(self, file: File) -> tuple[str, str]:
        """The copy's name tells its schema, too."""
        schema = self.schema_of(file)
        kind = f".{schema.name}" if schema else ""
        if schema is not None and schema.stage is not None:
            try:
                return f"{kind}.json", schema.stage(file.text)
            except (Unreadable, ValueError, TypeError):
                pass  # as it is: the program says what is wrong with it
        return kind + (file.suffix if file.suffix in (".yml", ".yaml", ".json") else ".json"), file.text

    def arguments(self, names: Sequence[str]) -> list[str]:
        mine = ((each, [name for name in names if name.split(".")[1] == each.name]) for each in self._schemas)
        return ["-P", "-c", _RUN, json.dumps({each.name: each.arguments(of_it) for each, of_it in mine if of_it})]

    def read(self, ran: Ran) -> Iterable[Said]:
        for schema, said in json.loads(ran.stdout).items():
            if said["status"] not in ("ok", "fail"):
                raise ValueError(said["status"])
            for item in said.get("parse_errors", []):
                yield Said(item["filename"], "syntax", "error", None, "cannot be read as YAML or JSON")
            for item in said.get("errors", []):
                item = {**item, **item.get("best_deep_match", {})}
                # The message of a failed anyOf quotes the whole file; the deepest part says what is wrong.
                yield Said(item["filename"], f"schema/{schema}", "error", None, item["message"], item["path"])

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        for file in files:
            held = (each for each in judged[file.path].findings if not _TOO_STRICT.search(each.message))
            judged[file.path].findings = [_placed(finding, file) for finding in held]
        return judged


_A_LIST = lazy_pattern(r"(?:\s*#[^\n]*\n|\s*---[^\n]*\n)*\s*- ")
# GitHub runs a job whose strategy has no matrix (`fail-fast` alone); its published schema does not allow it.
_TOO_STRICT = lazy_pattern(r"^'matrix' is a required property$")


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
            node = as_the_schema_writes(without_foreign(node))
            return {str(key): walk(value, given or key == "inputs") for key, value in node.items()}
        if isinstance(node, list):
            return [walk(item, given) for item in node]
        if node is None or isinstance(node, str) or (given and isinstance(node, bool)):
            return node
        return str(node).lower() if isinstance(node, bool) else str(node)

    read = documents(text)
    return json.dumps(walk(read[0] if read else None))


_MERGING = lazy_pattern(r"!(?:reset|override)\b")


def _merged(text: str) -> str:
    """A Compose file without the tags that say how it is merged into another, and what they take away from that one."""
    if not _MERGING.search(text):
        raise ValueError("it is merged as it is")
    kept = re.sub(r"(?m)^[ \t]*[\w.-]+:[ \t]*!reset\b.*$", "", text)
    [document] = documents(_MERGING.sub("", kept))
    return json.dumps(document)


SCHEMAS = (
    Schema("compose-spec", r"(?:.*/)?(?:docker-)?compose(?:[._-][^/]*)?\.ya?ml", stage=_merged),
    Schema("github-workflows", r"\.github/workflows/[^/]+\.ya?ml"),
    Schema("github-actions", r"(?:.*/)?action\.ya?ml"),
    Schema("dependabot", r"\.github/dependabot\.ya?ml"),
    Schema("renovate", r"(?:\.github/|\.gitlab/)?(?:renovate\.json5?|\.renovaterc(?:\.json5?)?)"),
    Schema("gitlab-ci", r"(?:.*/)?(?:[^/]*\.)?\.?gitlab-ci\.ya?ml|\.gitlab/ci/.+\.ya?ml", "--data-transform", "gitlab-ci"),
    Schema("circle-ci", r"\.circleci/config\.ya?ml", by_shape=r"\.circleci/[^/]+\.ya?ml",
        shape=r"\A(?=[\s\S]*^workflows:)(?=[\s\S]*^version:)"),
    Schema(
        "azure-pipelines", r"(?:.*/)?\.?azure-pipelines(?:[._-][^/]*)?\.ya?ml|(?:.*/)?\.azure/(?:.*/)?pipelines/[^/]+\.ya?ml",
        "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode", stage=_as_strings,
        by_shape=r"(?:.*/)?(?:\.?azure-pipelines|\.azuredevops|\.pipelines|pipelines|\.azure)/(?:.*/)?[^/]+\.ya?ml",
        shape=r"^(?:stages|jobs|steps):[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*\s*-\s+(?:task|deployment|stage|job|bash|script|pwsh|checkout)\s*:",
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
VALIDATORS = (Schemas(SCHEMAS),)
