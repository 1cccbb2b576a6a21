"""`boringops check [PATH...]`: validators and red flags, without a model."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boringops.cli import options as opt
from boringops.cli.output import fail, say

if TYPE_CHECKING:
    from boringops.repository import Repository


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    info = "info"


class Form(StrEnum):
    text = "text"
    json = "json"
    sarif = "sarif"
    junit = "junit"
    github = "github"
    gitlab = "gitlab"


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; everything git sees if left out.")
    ] = None,
    repo: opt.Repo = Path(),
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Least severity that makes the exit code 5.")
    ] = FailOn.warning,
    output: opt.Format = opt.Output.text,
    form: Annotated[
        Form | None, typer.Option("--format", help="The report: for people, programs, CI systems. Over --output.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 5 also when anything is not validated.")] = False,
    changed: Annotated[
        bool,
        typer.Option("--changed", help="Only files changed against HEAD, or the commit that follows: --changed REF."),
    ] = False,
    against: Annotated[
        str, typer.Option("--against", metavar="REF", help="What --changed compares with, e.g. origin/main.")
    ] = "HEAD",
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what tools mend safely, show the diff and check again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --fix: show the diff and write nothing.")] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Findings known from before do not count.")
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Make everything found now known in --baseline.")
    ] = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="Ask infracost, where it is installed; it asks its price service.")
    ] = False,
    history: Annotated[bool, typer.Option("--history", help="Look for secrets in every commit, too.")] = False,
) -> None:
    """Run the validators and red flags; exit 5 on findings at or over --fail-on."""
    called_off = _stop_on_signals()
    from boringops.errors import BoringopsError, Interrupted, UsageError
    from boringops.repository import Repository
    from boringops_tools.reporting import render
    from boringops_tools.reporting.gather import gather
    from boringops_tools.reporting.terminal import look_of
    from boringops_tools.validators.programs import go_on, stoppable

    try:
        if write_baseline and baseline is None:
            raise UsageError("--write-baseline needs the file.", hint="Give it with --baseline FILE.")
        repository = Repository(repo)
        chosen = _chosen(repository, paths or [])
        if changed or against != "HEAD":
            now = _changed(repository, against)
            chosen = [path for path in chosen if path in now]
        with stoppable(called_off):
            go_on()
            if fix or dry_run:
                _fix(repository, chosen, named=paths or [], dry_run=dry_run)
            report = gather(
                repository.root, chosen, complete=not (paths or changed or against != "HEAD"), fail_on=fail_on.value,
                history=history, baseline=baseline, write_baseline=write_baseline, cache_dir=repository.state_dir / "cache",
                distrust=_in_request(repository), base=_base(repository, against), cost=cost,
            )  # fmt: skip
            go_on()
    except Interrupted:
        print("boringops: interrupted; nothing is left running.", file=sys.stderr)
        sys.exit(130)
    except BoringopsError as error:
        fail(error)
    kind = form.value if form else "text" if output is opt.Output.text else "json"
    text = render(report, kind, look_of(sys.stdout))
    if form is None and output is opt.Output.stream_json:
        text = json.dumps({"type": "result", **json.loads(text)}, ensure_ascii=False)
    say(text)
    blind = strict and report.blind
    sys.exit(5 if blind or any(map(report.fails, report.findings)) else 0)


def _in_request(repository: Repository) -> Mapping[str, Collection[int]] | None:
    """In CI on a pull request, the lines that it wrote: all of them where its base is not in the checkout."""
    from boringops import pull_request
    from boringops.errors import UsageError

    request = pull_request.checked_out(repository, os.environ)
    if request is None:
        return None
    try:
        return repository.added_lines(pull_request.base_commit(repository, request))
    except UsageError as error:
        typer.echo(
            f"boringops: no waiver counts here: the pull request's base is not in the checkout. {error.hint}", err=True
        )
        return dict.fromkeys(repository.files(), range(1, sys.maxsize))


def _stop_on_signals() -> threading.Event:
    """SIGINT, SIGTERM and SIGHUP call the check off, whatever a validator is doing, and end its programs with it; the second
    ends the process. Nothing is raised where the signal happens to come: every part of a check looks whether it goes on."""
    called_off = threading.Event()

    def stop(*_: object) -> None:
        if called_off.is_set():
            os._exit(130)
        called_off.set()

    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, stop)
    return called_off


def _fix(repository: Repository, chosen: list[str], *, named: list[Path], dry_run: bool) -> None:
    """Mend files and show how, on standard error. Files with changes that are not committed are left alone unless they
    are named themselves."""
    from boringops_tools.fixing import apply, fixes

    found = fixes(repository.root, chosen)
    by_name = {place.resolve() for each in named for place in (each, repository.root / each)}
    dirty = {path for path in repository.dirty() if (repository.root / path).resolve() not in by_name}
    written, left = ([], found) if dry_run else apply(repository.root, found, leave=dirty)
    for fix in found if dry_run else written:
        print(fix.diff, end="", file=sys.stderr)
        print(f"{'would be mended' if dry_run else 'mended'}: {fix.path} ({', '.join(fix.by)})\n", file=sys.stderr)
    for fix in () if dry_run else left:
        print(f"left alone: {fix.path} has changes that are not committed; name it to have it mended", file=sys.stderr)


def with_reference(arguments: list[str]) -> list[str]:
    """`--changed REF` as `--changed --against REF`: what follows is a commit unless it is an option or a path."""
    made: list[str] = []
    rest = iter(range(len(arguments)))
    for index in rest:
        each = arguments[index]
        if each == "--":
            return made + arguments[index:]
        name, equals, value = each.partition("=")
        made.append(name if name == "--changed" and equals else each)
        if name != "--changed":
            continue
        following = arguments[index + 1] if index + 1 < len(arguments) else ""
        if equals:
            made += ["--against", value or "HEAD"]
        elif following and not following.startswith("-") and not Path(following).exists():
            made += ["--against", following]
            next(rest, None)
    return made


def _changed(repository: Repository, against: str) -> set[str]:
    """Files that differ from a commit, those git does not know yet included. Raises UsageError for no such commit."""
    from boringops.errors import UsageError
    from boringops.repository import GitFailed

    try:
        commit = repository.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{against}^{{commit}}").strip()
    except GitFailed as error:
        if against == "HEAD":  # nothing is committed yet: everything is new
            return set(repository.files())
        raise UsageError(
            f"There is no commit {against!r} to compare with.", hint="Fetch it, or name another."
        ) from error
    differ = repository.git("diff", "--name-only", "--no-renames", "-z", commit, "--").split("\0")
    new = repository.git("ls-files", "-z", "--others", "--exclude-standard").split("\0")
    return {*differ, *new}


def _base(repository: Repository, against: str) -> str:
    """The commit that the work tree is a change of: where it and `against` went apart."""
    from boringops.repository import GitFailed

    try:
        return repository.git("merge-base", against, "HEAD").strip()
    except GitFailed:  # nothing in common, or nothing committed yet
        return against


def _chosen(repository: Repository, paths: list[Path]) -> list[str]:
    """The files to look at, relative to the repository. Raises UsageError for a path that is not there or outside."""
    from boringops.errors import UsageError

    files = repository.files()
    if not paths:
        return files
    chosen: set[str] = set()
    for path in paths:
        # as the shell means it, or as -C means it
        there = [real for real in (path.resolve(), (repository.root / path).resolve()) if real.exists()]
        if not there:
            raise UsageError(f"{path}: there is no such file or folder.")
        real = next((each for each in there if each.is_relative_to(repository.root)), None)
        if real is None:
            raise UsageError(f"{path} is outside the repository {repository.root}.")
        name = real.relative_to(repository.root).as_posix()
        inside = files if name == "." else [file for file in files if file == name or file.startswith(f"{name}/")]
        chosen.update(inside or ([] if real.is_dir() else [name]))
    return sorted(chosen)
