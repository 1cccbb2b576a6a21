"""Pushes that rewrite the branch which everybody works from."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.scripts import Command
from boringops_tools.red_flags.unsafe_commands import all_commands, applies

_SHARED = frozenset({"main", "master", "trunk", "develop", "production"})
# Another remote may be a mirror, or a platform that is deployed by a push.
_OURS = lazy_pattern(r"(?:origin|upstream|\$\{?(?:REMOTE|remote|ORIGIN|origin)\}?)")
_FORCES = lazy_pattern(r"--force(?:-with-lease(?:=.*)?)?|-[a-z]*f[a-z]*")


def _rewrites(command: Command) -> str:
    words = command.argv[1:]
    if command.program != "git" or "push" not in words:
        return ""
    rest = words[words.index("push") + 1 :]
    forced = any(_FORCES.fullmatch(word) for word in rest)
    plain = [word for word in rest if not word.startswith("-")]
    if not plain or not _OURS.fullmatch(plain[0]) or "--dry-run" in rest or "-n" in rest:
        return ""
    for word in plain[1:]:
        branch = word.lstrip("+").rpartition(":")[2].removeprefix("refs/heads/")
        if branch in _SHARED and (forced or word.startswith("+")):
            return f"`git push` rewrites the branch `{branch}` of everybody"
    return ""


def _pushes(path: str, text: str) -> Iterable[Hit]:
    seen = set()
    for command in all_commands(path, text):
        if (message := _rewrites(command)) and command.line not in seen:
            seen.add(command.line)
            yield Hit(command.line, message)


RED_FLAGS = (
    RedFlag(
        "git/force-push", "Force-push to a shared branch", "warning",
        "Push without force, and let it fail where somebody else was quicker: what they pushed is lost otherwise.",
        applies=applies, check=_pushes,
        bad={
            "a.sh": "git push --force origin HEAD:main v1\n", "b.sh": "git push -f origin master\n", "c.sh": "git push origin +HEAD:refs/heads/main\n",
            ".gitlab-ci.yml": "a:\n  script:\n    - git commit -m x\n    - git push origin main --force\n",
        },
        good={
            "a.sh": "git push origin main\n", "b.sh": "git push --force origin gh-pages\n", "c.sh": "git push -f heroku HEAD:main\n",
            "d.sh": "git push --force origin v1\n", "e.sh": "git push -f origin main:gh-pages\n",
        },
    ),
)  # fmt: skip
