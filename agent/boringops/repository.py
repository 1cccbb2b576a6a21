"""The user's git repository: what it holds, what is dirty, one clean commit, and taking it back.

Nothing here changes a file of the work tree. The user's index is touched only for the very paths that are committed,
and put back where a hook refuses. Paths are always literal, never pathspecs.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from boringops import gitguard
from boringops.errors import BoringopsError, UsageError

RUN_TRAILER = "Boringops-Run"
FALLBACK_IDENTITY = ("boringops", "boringops@localhost")
"""Who commits where git knows nobody, as in most CI containers."""

_NO_PROGRAMS = {"core.fsmonitor": "false", "log.showSignature": "false", "safe.bareRepository": "explicit"}
"""Settings of a repository that would make looking at it run a program of its choice, or take a folder of its tree, made
to look like a repository, for one."""


def quiet_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment in which git, also in a hostile repository, starts nothing by being asked what is there.

    These stand over any configuration file. Settings that the environment has already are kept."""
    count = int(environment.get("GIT_CONFIG_COUNT") or 0)
    settings = {"GIT_CONFIG_COUNT": str(count + len(_NO_PROGRAMS))}
    for at, (name, value) in enumerate(_NO_PROGRAMS.items(), count):
        settings |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    return settings


READ_TIMEOUT_S = 300.0
COMMIT_TIMEOUT_S = 600.0
"""For the repository's hooks, too; git is ended then, and its refusal says why."""
_GRACE_S = 2.0
# What a commit was said to be, it stays when the power fails: git by itself leaves its objects to the disk's leisure.
# And nothing of it goes on behind our back.
_DURABLE = ("-c", "core.fsync=added,reference", "-c", "maintenance.auto=false", "-c", "gc.auto=0")

_PLACES = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
_IN_PROGRESS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


class GitFailed(BoringopsError):
    """git ended with an error; `output` is what it, or a hook, printed."""

    kind = "git"

    def __init__(self, output: str) -> None:
        self.output = output[-4000:] or "git gave no reason"
        super().__init__(f"git failed: {self.output}", hint="See that `git status` works here.")


class CommitRefused(GitFailed):
    """git did not commit: a hook of the repository said no, or signing failed."""


class Repository:
    """A git work tree. Raises UsageError where `folder` is not in one."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a directory.", hint="Name the repository with -C DIR.")
        self.root = folder.resolve()
        try:
            found = self.git("rev-parse", *_PLACES).splitlines()
            if len(found) != len(_PLACES):  # a folder with a line break in its name
                found = [self.git("rev-parse", place).removesuffix("\n") for place in _PLACES]
        except FileNotFoundError as error:
            raise UsageError("git is not installed.", hint="Install git and try again.") from error
        except GitFailed as error:
            raise _no_work_tree(folder, error.output) from error
        top, git_dir, common = (Path(self.root, place).resolve() for place in found)
        if not _belongs(git_dir, top):
            # git's configuration can put the work tree elsewhere, `/` as well: git would look and commit there
            raise UsageError(
                f"git's work tree for {git_dir} is {top}.",
                hint="Unset core.worktree and GIT_WORK_TREE, or name the work tree with -C DIR.",
            )
        self.root, self.git_dir, self.state_dir = top, git_dir, common / "boringops"

    def git(self, *arguments: str, env: dict[str, str] | None = None, stdin: str | None = None) -> str:
        """Run git with literal paths and no prompts; its standard output. Raises GitFailed, also when it takes too long."""
        try:
            done = subprocess.run(
                ["git", "--literal-pathspecs", *arguments],
                cwd=self.root,
                env=_environment(env),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=READ_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitFailed(f"git {arguments[0]} took longer than {READ_TIMEOUT_S:g} s and was ended.") from error
        if done.returncode:
            raise GitFailed(_said(done.stderr, done.stdout))
        return done.stdout

    def _change(
        self,
        held: int,
        *arguments: str,
        env: dict[str, str],
        stdin: str | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Run a git that changes the repository and may run its hooks: in a session of its own, so that a key pressed in
        the terminal does not end it half way, and with the guard `held`. Raises GitFailed."""
        process = subprocess.Popen(
            ["git", "--literal-pathspecs", *_DURABLE, *arguments],
            cwd=self.root,
            env=_environment(env),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            start_new_session=True,
            pass_fds=(held,),
        )
        try:
            out, err = process.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise GitFailed(
                f"git {arguments[0]} and its hooks took longer than {timeout_s:g} s and were ended."
            ) from error
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            raise GitFailed(_said(err, out))

    # --- what is there ---

    def head(self) -> str | None:
        """The commit that is checked out; None before the first."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", "HEAD").strip()
        except GitFailed:
            return None

    def branch(self) -> str | None:
        """The branch that is checked out; None on a detached HEAD."""
        try:  # not of GitPython, whose finalizers swallow a signal that comes while they run
            return self.git("symbolic-ref", "--quiet", "--short", "HEAD").strip()
        except GitFailed:
            return None

    def files(self) -> list[str]:
        """Files git sees: tracked, and untracked but not ignored. Deleted ones and submodules are left out."""
        listed = set(_nul(self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")))
        there = (path for path in listed if os.path.lexists(self.root / path) and not (self.root / path).is_dir())
        return sorted(filter(_is_text, there))

    def dirty(self) -> list[str]:
        """Paths with changes that are not committed, untracked files included."""
        paths: list[str] = []
        entries = _nul(self.git("status", "--porcelain=v1", "-z", "--untracked-files=all"))
        for entry in entries:
            paths.append(entry[3:])
            if entry[0] in "RC":  # the next entry is where it came from
                paths.append(next(entries, ""))
        return sorted(path for path in paths if path and _is_text(path))

    def in_progress(self) -> str | None:
        """A merge, rebase or the like that is not finished: a commit of single paths is not possible then."""
        return next((what for name, what in _IN_PROGRESS.items() if (self.git_dir / name).exists()), None)

    def differs_from_head(self, paths: Sequence[str]) -> bool:
        """Whether any of these paths is not as HEAD has it."""
        return bool(self.git("status", "--porcelain", "-z", "--", *paths))

    def content_at(self, commit: str, path: str) -> bytes | None:
        """The file's content in a commit; None where it is not in it."""
        command = ["git", "cat-file", "blob", f"{commit}:{path}"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def executable_at(self, commit: str, path: str) -> bool:
        """Whether the file is executable in a commit."""
        return self.git("ls-tree", commit, "--", path).startswith("100755")

    def added_lines(self, commit: str) -> dict[str, set[int]]:
        """Lines of the work tree, counted from 1, that a commit does not have, by path; files git does not track whole."""
        added: dict[str, set[int]] = {}
        command = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--unified=0")
        for name in _nul(self.git("diff", "--name-only", "--no-renames", "-z", commit, "--")):
            added[name] = set()
            for line in self.git(*command, commit, "--", name).splitlines():
                if found := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
                    start, count = int(found[1]), int(found[2] or 1)
                    added[name] |= set(range(start, start + count))
        for path in _nul(self.git("ls-files", "-z", "--others", "--exclude-standard")):
            try:
                lines = (self.root / path).read_bytes().count(b"\n") + 1
            except OSError:
                continue
            added[path] = set(range(1, lines + 1))
        return added

    def in_history(self, commit: str) -> bool:
        """Whether a commit is reachable from what is checked out."""
        try:
            self.git("merge-base", "--is-ancestor", commit, "HEAD")
        except GitFailed:
            return False
        return True

    # --- branches and worktrees ---

    def switch_to_new_branch(self, name: str) -> None:
        """Create and check out a branch at HEAD; the work tree keeps the user's changes."""
        try:
            self.git("switch", "--quiet", "--create", name)
        except GitFailed as error:
            raise UsageError(
                f"The branch {name!r} cannot be created: {error.output}", hint="Give another --branch."
            ) from error

    def add_worktree(self, name: str, folder: Path) -> Repository:
        """A work tree of its own on a new branch, beside the repository; the user's checkout stays as it is."""
        try:
            self.git("worktree", "add", "--quiet", "-b", name, str(folder), "HEAD")
        except GitFailed as error:
            raise UsageError(
                f"The worktree {folder} cannot be made: {error.output}", hint="Give another --branch."
            ) from error
        return Repository(folder)

    # --- the commit ---

    def commit(
        self, paths: Sequence[str], message: str, *, date: str, guard: Path, timeout_s: float = COMMIT_TIMEOUT_S
    ) -> str:
        """Commit exactly these paths as they are in the work tree and return the commit's id.

        Whatever else is staged or changed stays as it is, and hooks run. `guard` is a file of the caller's own, which is
        there afterwards only if the process died: see `recover`. Raises CommitRefused with their output."""
        self.recover(guard)
        known = set(_nul(self.git("ls-files", "-z", "--", *paths)))
        new = [path for path in paths if path not in known and (self.root / path).exists()]
        env = {"GIT_COMMITTER_DATE": date, **self.identity()}
        with gitguard.guarded(guard) as held:
            try:
                if (
                    new
                ):  # git commits by path only what its index knows; -f: the plan named it, also if .gitignore has it
                    self._change(held, "add", "--intent-to-add", "--force", "--", *new, env=env)
                self._change(
                    held, "commit", "--quiet", "--only", "--cleanup=verbatim", "--file=-", f"--date={date}", "--", *paths,
                    env=env, stdin=message, timeout_s=timeout_s,
                )  # fmt: skip
            except GitFailed as error:
                if new:
                    with contextlib.suppress(GitFailed):  # what is full or locked for one is so for the other
                        self._change(held, "rm", "--quiet", "--cached", "--force", "--", *new, env=env)
                if "No space left on device" in error.output:
                    raise BoringopsError(
                        f"git could not commit: {error.output}", hint="Make room, then resume the run.", kind="disk"
                    ) from error
                raise CommitRefused(error.output) from error
            self._settle(held, paths)
        return self.git("rev-parse", "HEAD").strip()

    def _settle(self, held: int, paths: Sequence[str]) -> None:
        """Have the index as HEAD is for these paths: a hook may have added its own version of them."""
        self._change(held, "reset", "--quiet", "HEAD", "--", *paths, env={})

    def recover(self, guard: Path, paths: Sequence[str] = (), *, patience_s: float = COMMIT_TIMEOUT_S) -> list[str]:
        """After a crash: wait for a commit that is still being made, and take away the lock files of one that died.

        Names of what was taken away. With `paths`, the index is put in order for them: git may have died between the
        commit and its index. Raises UsageError where git is still at work."""
        if not guard.exists():
            return []
        taken = gitguard.recover(guard, self._locks, patience_s=patience_s)
        if paths:
            with gitguard.guarded(guard) as held:
                self._settle(held, paths)
        return [path.name for path in taken]

    def _locks(self) -> list[Path]:
        branch = self.branch()
        fixed = [self.git_dir / "index.lock", self.git_dir / "HEAD.lock", self.state_dir.parent / "packed-refs.lock"]
        if branch:
            fixed.append(self.state_dir.parent / f"refs/heads/{branch}.lock")
        return [path for path in (*fixed, *self.git_dir.glob("next-index-*.lock")) if path.exists()]

    def identity(self) -> dict[str, str]:
        """Environment that names a committer where git has none; empty where the user is known."""
        try:
            self.git("var", "GIT_COMMITTER_IDENT")
            self.git("var", "GIT_AUTHOR_IDENT")
        except GitFailed:
            name, email = FALLBACK_IDENTITY
            return {
                "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email,
                "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email,
            }  # fmt: skip
        return {}

    def commit_of_run(self, run_id: str) -> str | None:
        """The commit that carries the run's trailer, if it is reachable from HEAD."""
        if self.head() is None:
            return None
        found = self.git("log", "--fixed-strings", f"--grep={RUN_TRAILER}: {run_id}", "--format=%H", "--max-count=1")
        return found.strip() or None


def _no_work_tree(folder: Path, output: str) -> UsageError:
    """What a user is told where git finds no work tree, by what git says in English."""
    if "not a git repository" in output:
        return UsageError(f"{folder} is not a git repository.", hint="Run `git init` there, or name one with -C DIR.")
    if "bare repository" in output or "must be run in a work tree" in output:
        return UsageError(f"{folder} is a bare repository: there is no work tree to work in.")
    return UsageError(f"git does not work in {folder}: {output}")


def _belongs(git_dir: Path, top: Path) -> bool:
    """Whether a folder is the work tree that a git directory lies in, or is named from: by a file in linked work trees
    and submodules."""
    place = top / ".git"
    if place.is_dir():
        return place.resolve() == git_dir
    try:
        return Path(top, place.read_text().removeprefix("gitdir:").strip()).resolve() == git_dir
    except (OSError, ValueError):
        return False


def _environment(more: dict[str, str] | None) -> dict[str, str]:
    """Nobody is asked anything, messages are in one language, reading does not write the user's index, and no program of
    the repository's choice is started by looking."""
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    return {**os.environ, **quiet_git(os.environ), **fixed, **(more or {})}


def _said(*outputs: str) -> str:
    return "\n".join(part.strip() for part in outputs if part.strip())


def _end(process: subprocess.Popen[str]) -> None:
    """End git and its hooks: told first, so that it takes its lock files away, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _is_text(path: str) -> bool:
    """Whether a name is UTF-8. Others are left out: no JSON, and so no journal, result or model, can hold them."""
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _nul(output: str) -> Iterator[str]:
    return iter(part for part in output.split("\0") if part)
