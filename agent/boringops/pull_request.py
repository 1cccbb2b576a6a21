"""Running in CI on a pull request: whoever opened it wrote the files, so what is trusted comes from the base branch.

Configuration, persona, permission rules and memory bank are read as the base branch has them, and waivers count only
where the base has them too. A pull request that changes one of them is judged by those before it. What a CI system
says of itself is taken from the variables it documents; a pull request cannot set them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from boringops.errors import UsageError
from boringops.files import write_whole
from boringops.repository import GitFailed, Repository

TRUSTED = (".boringops.toml", ".claude/agents")
"""Files and folders that are always taken from the base; the persona's memory files come to them."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request that this process checks, as the CI system tells it."""

    system: str
    base: str
    """Name of the base branch, to show."""
    revisions: tuple[str, ...]
    """Where its commit may be found in the checkout, the surest first."""
    fetch: str
    """What brings the commit into the checkout."""


def checked_out(repository: Repository, env: Mapping[str, str]) -> PullRequest | None:
    """The pull request that is checked out in `repository`, if one is.

    A repository without a remote was made here, by a test or a demo, and is not the pull request's."""
    request = detect(env)
    return request if request is not None and repository.git("remote").strip() else None


def detect(env: Mapping[str, str]) -> PullRequest | None:
    """The pull request this environment belongs to, if it is one."""
    return next((found for look in _SYSTEMS if (found := look(env)) is not None), None)


def base_commit(repository: Repository, request: PullRequest) -> str:
    """The base's commit. Raises UsageError with the way out where the checkout does not have it."""
    for revision in request.revisions:
        try:
            if revision.startswith("refs/"):  # this very reference: `rev-parse` would also take a tag of that name
                revision = repository.git("show-ref", "--verify", "--hash", revision).strip()
            return repository.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        except GitFailed:
            continue
    raise UsageError(
        f"This is a pull request ({request.system}), and its base {request.base!r} is not in the checkout: configuration, "
        "persona, permission rules and memory bank are only taken from there.",
        hint=request.fetch,
    )


class Base:
    """The files of a base commit that are trusted, laid out in a folder of the runtime's own."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self.repository = repository
        self.commit = commit
        self.root = repository.state_dir / "base" / commit
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / ".git").touch()  # the search for personas goes up to where a repository begins, and ends here
        self.bring(TRUSTED)

    def bring(self, names: Collection[str]) -> None:
        """Lay out files, and what stands in the folders of files, of these names (upper and lower case alike)."""
        wanted = {name.casefold() for name in names}
        listed = self.repository.git("ls-tree", "-r", "-z", self.commit).split("\0")
        for entry in filter(None, listed):
            facts, _, path = entry.partition("\t")
            mode = facts.split(" ", 1)[0]
            folded = path.casefold()
            above = {folded} | {folded[: found.start()] for found in re.finditer("/", folded)}
            target = self.root / path
            # Links are left out: what they lead to is not the base's.
            if not mode.startswith("100") or not above & wanted or target.exists():
                continue
            content = self.repository.content_at(self.commit, path)
            if content is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, content, 0o600)

    def persona(self, given: str) -> str:
        """The persona to load: a file of the repository as the base has it, anything else as it was given."""
        path = Path(given).expanduser()
        if "/" not in given and not given.lower().endswith(".md"):
            return given
        full = path.resolve() if path.exists() else (self.repository.root / path).resolve()
        if not full.is_relative_to(self.repository.root):
            return given
        name = full.relative_to(self.repository.root).as_posix()
        self.bring([name])
        return str(self.root / name)


def of(repository: Repository, env: Mapping[str, str]) -> Base | None:
    """The base to trust, if this is a pull request. Raises UsageError where it is one and the base is not at hand."""
    request = checked_out(repository, env)
    return Base(repository, base_commit(repository, request)) if request is not None else None


# --- what CI systems say -----------------------------------------------------------------------------


def _branch(name: str) -> str:
    return name.removeprefix("refs/heads/")


def _named(name: str, *commits: str) -> tuple[str, ...]:
    """Whole names of references, so that no branch or tag of the pull request can pass for one."""
    known = tuple(commit for commit in commits if re.fullmatch(r"[0-9a-f]{40,64}", commit))
    return (*known, f"refs/remotes/origin/{_branch(name)}")


def _github(env: Mapping[str, str]) -> PullRequest | None:
    # Gitea and Forgejo set the same variables.
    event = _event(env)
    base = _part(_part(event, "pull_request"), "base")
    name = env.get("GITHUB_BASE_REF", "")
    # A comment on a pull request, or a workflow that another one's pull request started: what is checked out may be its.
    around = _part(_part(event, "issue"), "pull_request") or str(
        _part(event, "workflow_run").get("event", "")
    ).startswith("pull_request")
    if not (name or base or around or env.get("GITHUB_EVENT_NAME", "").startswith("pull_request")):
        return None
    name = name or str(base.get("ref") or _part(event, "repository").get("default_branch") or "main")
    return PullRequest(
        "GitHub Actions",
        name,
        _named(name, str(base.get("sha", ""))),
        f"Give actions/checkout `fetch-depth: 0`, or run `git fetch --depth=1 origin +refs/heads/{name}:refs/remotes/origin/{name}`"
        " before.",
    )


def _part(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _event(env: Mapping[str, str]) -> dict[str, object]:
    try:
        event = json.loads(Path(env["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def _gitlab(env: Mapping[str, str]) -> PullRequest | None:
    name = env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    if not name and not env.get("CI_MERGE_REQUEST_IID"):
        return None
    commits = (env.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""), env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""))
    known = _named(name, *commits)
    # In the pipeline of a fork, `origin` is the fork: only commits count, not its branches.
    if env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "") != env.get("CI_MERGE_REQUEST_PROJECT_ID", ""):
        known = known[:-1]
    return PullRequest("GitLab CI", name, known, "Set the variable `GIT_DEPTH: 0` for this job.")


def _plain(system: str, branch: str, commit: str, told: Callable[[Mapping[str, str]], bool], way: str = "") -> Callable[
    [Mapping[str, str]], PullRequest | None
]:  # fmt: skip
    def look(env: Mapping[str, str]) -> PullRequest | None:
        if not told(env):
            return None
        name = _branch(env.get(branch, "")) or "HEAD"  # no name is told: the remote's default branch
        fetch = way or f"Run `git fetch --depth=1 origin +refs/heads/{name}:refs/remotes/origin/{name}` before."
        return PullRequest(system, name, _named(name, env.get(commit, "")), fetch)

    return look


_SYSTEMS: tuple[Callable[[Mapping[str, str]], PullRequest | None], ...] = (
    _github,
    _gitlab,
    _plain(
        "Bitbucket Pipelines", "BITBUCKET_PR_DESTINATION_BRANCH", "BITBUCKET_PR_DESTINATION_COMMIT",
        lambda env: bool(env.get("BITBUCKET_PR_ID")), "Set `clone: depth: full` for this step.",
    ),
    _plain(
        "Azure Pipelines", "SYSTEM_PULLREQUEST_TARGETBRANCH", "", lambda env: env.get("BUILD_REASON") == "PullRequest",
        "Check out with `fetchDepth: 0`.",
    ),
    _plain("Jenkins", "CHANGE_TARGET", "", lambda env: bool(env.get("CHANGE_ID"))),
    _plain(
        "Buildkite", "BUILDKITE_PULL_REQUEST_BASE_BRANCH", "",
        lambda env: env.get("BUILDKITE_PULL_REQUEST", "false") not in ("", "false"),
    ),
    _plain(
        "CircleCI", "", "", lambda env: bool(env.get("CIRCLE_PULL_REQUEST") or env.get("CIRCLE_PR_NUMBER")),
        "Run `git remote set-head origin --auto && git fetch origin` before.",
    ),
    _plain("Drone", "DRONE_TARGET_BRANCH", "", lambda env: bool(env.get("DRONE_PULL_REQUEST"))),
    _plain("Woodpecker", "CI_COMMIT_TARGET_BRANCH", "", lambda env: env.get("CI_PIPELINE_EVENT") == "pull_request"),
    _plain("Travis", "TRAVIS_BRANCH", "", lambda env: env.get("TRAVIS_PULL_REQUEST", "false") not in ("", "false")),
)  # fmt: skip
