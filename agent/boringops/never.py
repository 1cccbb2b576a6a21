"""What nobody can allow a command: git's own files, credentials, values of `.env` files, writing elsewhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from boringops.shell import Analysis, Part, Unresolved, Verdict

_ENV = re.compile(r"\.env(?:rc|\..+)?")
_ENV_EXAMPLE = re.compile(r".*\.(?:example|sample|template|dist|defaults?|schema|md)")
_CREDENTIALS = re.compile(
    r"(?:^|/)(?:\.(?:ssh|aws|gnupg|azure|kube|password-store|netrc|git-credentials|pgpass|my\.cnf|vault-token)(?:/|$)"
    r"|\.docker/config|\.config/(?:gcloud|gh|doctl)|\.terraform\.d/credentials|id_(?:rsa|dsa|ecdsa|ed25519)$"
    r"|etc/(?:shadow|gshadow|sudoers))"
    r"|^/proc/[^/]+/(?:task/[^/]+/)?(?:environ|mem|root|cwd|fd|map_files|exe)(?:/|$)|^/root(?:/|$)|^/dev/(?:mem|kmem|sd|nvme)"
)
_HOME = ("~", "$HOME", "${HOME}", "/root", "/home", "/Users")
# Programs that name a file without showing what is in it.
_NAME_ONLY = frozenset({"ls", "stat", "test", "[", "echo", "printf", "docker", "docker-compose", "basename", "tree"})
_NOT_A_PATH = ("http", "git@", "ssh:", "!", "--exclude", "--ignore")


def refusal(analysis: Analysis, stays: Callable[[str], bool] = lambda _: True) -> str:
    """Why a command is refused whoever asks; empty where it is not. `stays` follows the links of the work tree."""
    for part in analysis.parts:
        if part.leaves:
            return (
                f"`{part.leaves}` is outside the work tree, where nothing is written. Use a path relative to the "
                "repository's root, or a file under /tmp."
            )
        if reason := _through_link(part, analysis.directories, stays) or _protected(part):
            return reason
    hidden = any(isinstance(word, Unresolved) for part in analysis.parts for word in part.argv)
    if hidden and any(_holds_secrets(path) for path in re.split(r"[\s=:,;'\"()<>|&]", analysis.command)):
        return "The command may read a `.env` file through a variable. Read it with the Read tool: names, no values."
    return ""


def in_git(path: str) -> bool:
    """Whether a path names git's own folder, however it is spelt."""
    return any(name.rstrip(". ") in (".git", "git~1") for name in path.lower().replace("\\", "/").split("/"))


def governs(path: str) -> bool:
    """Whether a path is a file that tells the runtime what is allowed: a run that could write it could free the next."""
    parts = posixpath.normpath(path.lower()).split("/")
    return parts[-1] == ".boringops.toml" or ".claude" in parts


GOVERNS = "`{path}` says what boringops may do, so it is the user's to write. Name the change as a follow-up."


def _through_link(part: Part, directories: tuple[str, ...], stays: Callable[[str], bool]) -> str:
    for path in () if part.elsewhere else part.writes:
        if isinstance(path, Unresolved) or path.startswith("/dev/"):
            continue
        for base in ("", *directories):
            if governs(posixpath.join(base, path)):
                return GOVERNS.format(path=path)
            if not stays(posixpath.join(base, path)):
                return f"`{path}` leads out of the work tree, where nothing is written. Write to a file inside it."
    return ""


def _protected(part: Part) -> str:
    """Why a path in a part's words is not for any command, and what to use instead."""
    named = part.verdict is not Verdict.CHANGE and _only_named(part)
    for word, path in _paths(part):
        if in_git(path) and not named and not word.startswith(_NOT_A_PATH):
            return f"`{path}` is inside `.git`, which belongs to git and the runtime. Use git's own commands."
        if _CREDENTIALS.search(path) or (path.startswith(_HOME) and re.search(r"[*?\[{]", path)):
            return f"`{path}` holds credentials, or may. They are never read here; name what is needed instead."
        if _holds_secrets(path) and not named:
            return (
                f"`{path}` holds secret values. Read it with the Read tool, which shows names without values; "
                "document variables in `.env.example`."
            )
    return ""


def _paths(part: Part) -> Iterator[tuple[str, str]]:
    """Every piece of a word that could be a path, as written and with its detours taken out."""
    for word in (*part.argv[1:], *part.reads, *part.writes):
        for path in re.split(r"[=:,@\s]", word):
            if path:
                yield word, path
                plain = re.sub(r"^//+", "/", posixpath.normpath(path))
                if plain != path:
                    yield word, plain


def _holds_secrets(path: str) -> bool:
    name = path.rpartition("/")[2]
    pattern = re.sub(r"\{[^{}]*\}", "*", name)
    if name.startswith(".") and re.search(r"[*?\[]", pattern):
        return fnmatchcase(".env", pattern)
    return bool(_ENV.fullmatch(name)) and not _ENV_EXAMPLE.fullmatch(name)


def _only_named(part: Part) -> bool:
    name = part.argv[0]
    if name == "git":
        return part.argv[1:2] in (("status",), ("check-ignore",), ("ls-files",))
    looks = part.verdict is Verdict.READ and not any(word.startswith(("-exec", "-ok")) for word in part.argv)
    return name in _NAME_ONLY or (name == "find" and looks)
