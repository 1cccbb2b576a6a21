"""Validate: what the validators and red flags say, before the run's own verification says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pydantic import Field

from boringops.facts import SEVERITIES, Finding, Inspection, Validation
from boringops.tool import Effect, Tool, ToolContext, ToolResult
from boringops_tools.arguments import Arguments
from boringops_tools.paths import missing, shown


class ValidateArguments(Arguments):
    paths: list[str] = Field(default=[], description="Files or directories. Empty: what this run has changed.")


class Validate(Tool[ValidateArguments]):
    """Check files with the installed validators (hadolint, actionlint, schemas, ...) and the red flags of your rules.

    Without paths it checks every file this run has changed: call it before Finish, which runs the same checks, does not
    pass while errors are left, and sends warnings back once. Returns the findings by file, the worst first, then which
    files passed and which no installed tool could validate, and why. The last are not passed: never say that they are.
    """

    name = "Validate"
    effect = Effect.READ
    input = ValidateArguments

    def paths(self, call: ValidateArguments) -> list[str]:
        return call.paths

    def run(self, call: ValidateArguments, context: ToolContext) -> ToolResult:
        paths = _files(call.paths, context) if call.paths else context.changed()
        if not paths:
            what = (
                "git sees no file there" if call.paths else "this run has changed no file; name paths to check others"
            )
            return ToolResult(f"Nothing to validate: {what}.")
        inspection = context.inspect(paths)
        levels = [finding.severity for finding in inspection.findings]
        outcomes = [validation.outcome for validation in inspection.validation]
        counts: dict[str, int] = {severity: levels.count(severity) for severity in reversed(SEVERITIES)}
        text = "\n".join([_headline(len(paths), counts), *_findings(inspection.findings), *_coverage(inspection)])
        return ToolResult(
            context.spill(text, name="validate"),
            data={"files": len(paths), **counts, "not_validated": outcomes.count("not_validated")},
        )


def _files(given: Iterable[str], context: ToolContext) -> list[str]:
    """The files that are meant, directories as what git sees below them."""
    files: dict[str, None] = {}
    for item in given:
        path = context.resolve(item)
        name = context.relative(path)
        if path.is_dir():
            prefix = "" if name in ("", ".") else f"{name}/"
            files |= dict.fromkeys(file for file in context.tracked() if file.startswith(prefix))
        elif path.exists():
            files[name] = None
        else:
            raise missing(name, context)
    return list(files)


def _headline(files: int, counts: dict[str, int]) -> str:
    found = [f"{number} {severity}{'s' * (number != 1)}" for severity, number in counts.items() if number]
    return f"{files} {'file' if files == 1 else 'files'} checked: {', '.join(found) or 'no findings'}."


def _findings(findings: list[Finding]) -> list[str]:
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda found: (-SEVERITIES.index(found.severity), found.path, found.line or 0)):
        by_path[finding.path].append(finding)
    lines = []
    hinted: set[str] = set()
    for path, found in by_path.items():
        lines += ["", shown(path)]
        for finding in found:
            place = f"line {finding.line}: " if finding.line else ""
            lines.append(f"  {finding.severity}: {place}{finding.message} [{finding.rule}, {finding.source}]")
            lines += [f"    {finding.hint}"] if finding.hint and finding.hint not in hinted else []
            hinted.add(finding.hint)  # a hint is said where it is needed first
    return lines


def _coverage(inspection: Inspection) -> list[str]:
    by_tool: dict[str, list[str]] = defaultdict(list)
    for validation in inspection.validation:
        if validation.outcome == "passed":
            by_tool[_tool(validation)].append(shown(validation.path))
    why: dict[str, list[str]] = defaultdict(list)
    for validation in inspection.validation:
        if validation.outcome == "not_validated":
            why[f"{validation.tool}: {validation.reason}"].append(shown(validation.path))
    unchecked = [f"  {', '.join(paths)}: {reason}" for reason, paths in why.items()]
    passed = [f"  {tool}: {', '.join(paths)}" for tool, paths in by_tool.items()]
    return [
        *(["", "Passed:", *passed] if passed else []),
        *(["", "Not validated (this is not a pass):", *unchecked] if unchecked else []),
    ]


def _tool(validation: Validation) -> str:
    return f"{validation.tool} {validation.tool_version}" if validation.tool_version else validation.tool
