"""GitHub workflows that run what others decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_workflow, line_of

_NEVER = "Disable security features for convenience"
_SHA = lazy_pattern(r"[^@\s]+@[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DIGEST = lazy_pattern(r"docker://[^@\s]+@sha256:[0-9a-f]{64}")
_PIPED = lazy_pattern(
    r"\b(?:curl|wget)\b[^\n|;&]{0,400}\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:/\S*/)?(?:ba|z|da|k)?sh\b|"
    r"\b(?:ba|z|da)?sh\s+(?:-\w+\s+)?(?:<\(|[\"']?\$\()\s*(?:curl|wget)\b"
)
_EXPRESSION = lazy_pattern(r"\$\{\{([^}]{0,400})\}\}")
OUTSIDE = lazy_pattern(
    r"\bgithub\.event\.(?!(?:number|action|sender\.id|repository\.(?:id|full_name|name|default_branch)|"
    r"(?:pull_request|issue|release|workflow_run|workflow_run\.pull_requests\[\d+\])\.(?:number|id)|pull_request\.(?:base\.(?:sha|ref)|head\.sha|merged|draft)|"
    r"(?:workflow_run\.)?(?:head_sha|conclusion)|release\.(?:draft|prerelease)|before|after|"
    # addresses, times and marks that GitHub makes by itself
    r"(?:[a-z_]+\.){1,4}(?:html_url|url|node_id|created_at|updated_at|fork|private|state|merge_commit_sha|type)|"
    r"installation\.id)\b)[\w.*\[\]'\"-]+|\bgithub\.head_ref\b"
)
"""What someone outside writes: titles, bodies, messages, branch names."""
_HEAD = lazy_pattern(r"github\.event\.pull_request\.head\.|github\.head_ref|refs/pull/")


def _workflows(text: str) -> Iterator[Mapping[Any, Any]]:
    for document in documents(text):
        if isinstance(document, Mapping) and isinstance(document.get("jobs"), Mapping):
            yield document


def _jobs(text: str) -> Iterator[tuple[Mapping[Any, Any], Any, Mapping[Any, Any]]]:
    """(workflow, name, job)"""
    for workflow in _workflows(text):
        for name, job in workflow["jobs"].items():
            if isinstance(job, Mapping):
                yield workflow, name, job


def _steps(text: str) -> Iterator[tuple[Mapping[Any, Any], Mapping[Any, Any]]]:
    """(workflow, step)"""
    for workflow, _, job in _jobs(text):
        steps = job.get("steps")
        yield from (
            (workflow, step) for step in (steps if isinstance(steps, list) else ()) if isinstance(step, Mapping)
        )


def _triggers(workflow: Mapping[Any, Any]) -> set[str]:
    on = workflow.get("on", workflow.get(True))  # YAML 1.1 reads `on` as true
    return {on} if isinstance(on, str) else {str(each) for each in on} if isinstance(on, Mapping | list) else set()


def _unpinned(_: str, text: str) -> Iterable[Hit]:
    users = [step for _, step in _steps(text)] + [job for _, _, job in _jobs(text)]
    for user in users:
        uses = user.get("uses")
        if (
            isinstance(uses, str)
            and not uses.startswith(("./", "$/"))
            and not _SHA.fullmatch(uses)
            and not _DIGEST.fullmatch(uses)
        ):
            yield Hit(line_of(user, "uses"), f"{uses} is not pinned to a commit")


def _write_all(_: str, text: str) -> Iterable[Hit]:
    for holder in [*_workflows(text), *(job for _, _, job in _jobs(text))]:
        if holder.get("permissions") == "write-all":
            yield Hit(line_of(holder, "permissions"), "the token may write everything (permissions: write-all)")


def _no_permissions(_: str, text: str) -> Iterable[Hit]:
    for workflow in _workflows(text):
        jobs = [job for job in workflow["jobs"].values() if isinstance(job, Mapping)]
        if "permissions" not in workflow and not all("permissions" in job for job in jobs):
            yield Hit(line_of(workflow, "jobs"), "neither the workflow nor every job says what its token may do")


# Conditions that let nobody's pull request through but the repository's own, or a named account's.
_OWN = lazy_pattern(
    r"pull_request\.user\.login\s*==|head\.repo\.full_name\s*==|head\.repo\.fork\s*==\s*false|!\s*github\.event\.pull_request\.head\.repo\.fork"
)


def _foreign_checkout(_: str, text: str) -> Iterable[Hit]:
    own = [job.get("steps") for _, _, job in _jobs(text) if _OWN.search(str(job.get("if", "")))]
    known = {id(step) for steps in own if isinstance(steps, list) for step in steps}
    for workflow, step in _steps(text):
        if id(step) in known:
            continue
        given = step.get("with")
        if _triggers(workflow) & {"pull_request_target", "workflow_run", "issue_comment"} and str(
            step.get("uses", "")
        ).lower().startswith("actions/checkout@"):  # GitHub takes upper and lower case alike
            ref = str(given.get("ref", "")) + str(given.get("repository", "")) if isinstance(given, Mapping) else ""
            if _HEAD.search(ref) or "workflow_run.head" in ref:
                yield Hit(
                    line_of(step, "uses"),
                    "code of a stranger's pull request is checked out with this repository's token and secrets",
                )


def _runs(text: str) -> Iterator[tuple[Mapping[Any, Any], str, int]]:
    """(step, script, line of its first line)"""
    for _, step in _steps(text):
        if isinstance(script := step.get("run"), str):
            block = (line_of(step, "run") or 1) + (1 if "\n" in script.rstrip("\n") else 0)
            yield step, script, block


def _piped(_: str, text: str) -> Iterable[Hit]:
    for _step, script, line in _runs(text):
        for match in _PIPED.finditer(script):
            yield Hit(line + script.count("\n", 0, match.start()), "a script from the network is run unseen")


def _injected(_: str, text: str) -> Iterable[Hit]:
    for _step, script, line in _runs(text):
        for match in _EXPRESSION.finditer(script):
            if (outside := OUTSIDE.search(match[1])) is not None:
                yield Hit(
                    line + script.count("\n", 0, match.start()),
                    f"{outside[0]} is written into the script, where it can be code",
                )


def _wf(body: str, head: str = "on: push\npermissions: {}\n") -> dict[str, str]:
    return {".github/workflows/ci.yml": f"{head}jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n{body}"}


_PIN = "actions/checkout@" + "3d3c42e5aac5ba805825da76410c181273ba90b1"
_HEAD_CHECKOUT = f"      - uses: {_PIN}\n        with:\n          ref: ${{{{ github.event.pull_request.head.sha }}}}\n"
_TARGET = "on: pull_request_target\npermissions: {}\n"
RED_FLAGS = (
    RedFlag(
        "workflow/unpinned-uses", _NEVER, "warning", "Pin to the full commit, the version in a comment: attackers have moved tags.",
        applies=is_workflow, check=_unpinned,
        bad=_wf("      - uses: actions/checkout@v4\n"),
        good=_wf(f"      - uses: {_PIN} # v7\n      - uses: ./local\n      - run: echo uses x@v1\n"),
    ),
    RedFlag(
        "workflow/write-all", _NEVER, "error", "Grant each job what it needs, and nothing at the top: `permissions: {}`.",
        applies=is_workflow, check=_write_all,
        bad=_wf("      - run: x\n", "on: push\npermissions: write-all\n"),
        good=_wf("      - run: x\n", "on: push\npermissions:\n  contents: write\n"),
    ),
    RedFlag(
        "workflow/no-permissions", _NEVER, "warning", "Start with `permissions: {}` and grant each job what it needs.",
        applies=is_workflow, check=_no_permissions,
        bad=_wf("      - run: x\n", "on: push\n"),
        good=_wf("      - run: x\n"),
    ),
    RedFlag(
        "workflow/foreign-checkout", _NEVER, "error", "Use `pull_request`, or do not check out the head where secrets are at hand.",
        applies=is_workflow, check=_foreign_checkout,
        bad=_wf(_HEAD_CHECKOUT, _TARGET),
        good={
            **_wf(_HEAD_CHECKOUT, "on: [pull_request]\n"),
            ".github/workflows/b.yml": _wf(f"      - uses: {_PIN}\n", _TARGET)[".github/workflows/ci.yml"],
            ".github/workflows/c.yml": _wf(_HEAD_CHECKOUT, _TARGET)[".github/workflows/ci.yml"].replace(
                "    steps:", "    if: github.event.pull_request.user.login == 'dependabot[bot]'\n    steps:"
            ),
        },
    ),
    RedFlag(
        "workflow/curl-pipe-shell", _NEVER, "error", "Download, compare the checksum, then run; or use a pinned action.",
        applies=is_workflow, check=_piped,
        bad=_wf("      - run: |\n          set -e\n          curl -fsSL https://get.acme.io | sudo bash -\n"),
        good=_wf("      - run: curl -fsSL https://get.acme.io/x.json | jq . | tee sh.txt\n"),
    ),
    RedFlag(
        "workflow/injection", _NEVER, "error", "Hand it over in `env:` and use the variable, quoted.",
        applies=is_workflow, check=_injected,
        bad=_wf("      - run: echo \"${{ github.event.issue.title }}\"\n"),
        good=_wf(
            "      - run: echo \"$TITLE\" ${{ github.event.pull_request.number }} ${{ github.sha }}\n"
            "      - run: echo ${{ github.event.workflow_run.pull_requests[0].number }}\n"
            "      - run: gh issue comment ${{ github.event.issue.html_url }} --body ${{ github.event.pull_request.head.repo.fork }}\n"
            "        env:\n          TITLE: ${{ github.event.issue.title }}\n"
        ),
    ),
)  # fmt: skip
