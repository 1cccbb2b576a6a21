"""`boringops check [PATH...]`: validators and red flags, without a model."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail

if TYPE_CHECKING:
    from boringops.facts import Finding, Inspection


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    info = "info"


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; everything git sees if left out.")
    ] = None,
    repo: opt.Repo = Path(),
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Least severity that makes the exit code 5.")
    ] = FailOn.warning,
    output: opt.Format = opt.Output.text,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 5 also when anything is not validated.")] = False,
) -> None:
    """Run the validators and red flags; exit 5 on findings at or over --fail-on."""
    from boringops.errors import BoringopsError
    from boringops.plan import at_or_over
    from boringops.repository import Repository
    from boringops_tools.inspection import inspect

    try:
        repository = Repository(repo)
        chosen = _chosen(repository, paths or [])
        inspection = inspect(repository.root, chosen, cache_dir=repository.state_dir / "cache")
    except BoringopsError as error:
        fail(error)
    if output is opt.Output.text:
        _print(inspection, len(chosen))
    else:
        print(json.dumps({"files": len(chosen), **inspection.model_dump(mode="json")}, ensure_ascii=False))
    failed = any(at_or_over(finding.severity, fail_on.value) for finding in inspection.findings)
    blind = strict and any(item.outcome == "not_validated" for item in inspection.validation)
    sys.exit(5 if failed or blind else 0)


def _chosen(repository: object, paths: list[Path]) -> list[str]:
    """The files to look at, relative to the repository. Raises UsageError for a path that is not there or outside."""
    from boringops.errors import UsageError
    from boringops.repository import Repository

    assert isinstance(repository, Repository)  # noqa: S101
    files = repository.files()
    if not paths:
        return files
    chosen: set[str] = set()
    for path in paths:
        real = path.resolve() if path.exists() else (repository.root / path).resolve()
        if not real.exists():
            raise UsageError(f"{path}: there is no such file or folder.")
        if not real.is_relative_to(repository.root):
            raise UsageError(f"{path} is outside the repository {repository.root}.")
        name = real.relative_to(repository.root).as_posix()
        inside = files if name == "." else [file for file in files if file == name or file.startswith(f"{name}/")]
        chosen.update(inside or ([name] if real.is_file() else []))
    return sorted(chosen)


def _print(inspection: Inspection, files: int) -> None:
    by_path: dict[str, list[Finding]] = {}
    for finding in inspection.findings:
        by_path.setdefault(finding.path, []).append(finding)
    for path, findings in sorted(by_path.items()):
        print(path)
        for finding in findings:
            print(
                f"  {finding.line or '-':>4}  {finding.severity:7} {finding.rule}: {finding.message} ({finding.source})"
            )
            if finding.hint:
                print(f"        {finding.hint}")
    blind = [item for item in inspection.validation if item.outcome == "not_validated"]
    if blind:
        print("Not validated:")
        for item in blind:
            print(f"  {item.path}: {item.tool}: {item.reason}")
    looked = len({item.path for item in inspection.validation if item.outcome != "not_validated"})
    print(f"{files} files, {looked} validated, {len(blind)} not validated, {len(inspection.findings)} findings")
