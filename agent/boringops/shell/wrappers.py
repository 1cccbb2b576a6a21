"""Programs that run the program named after their own words: how to find it, and what the wrapping itself does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boringops.commands import Unresolved, Verdict


@dataclass(frozen=True)
class Wrapper:
    """How to find the command inside: after the options and `operands` words of the wrapper's own."""

    flags: str = ""
    valued: str = ""
    operands: int = 0
    floor: Verdict = Verdict.READ
    reason: str = ""
    bare: Verdict = Verdict.UNKNOWN
    """What it is with no command inside."""
    assigns: bool = False
    plain: bool = False
    """Changes nothing about what runs: a rule for the inner command is meant for the wrapped one too."""
    appends: bool = False
    """Gives the inner command words that are known only when it runs."""
    elsewhere: bool = False
    """What runs inside is not on this machine's files."""
    foreign: bool = False
    """What runs inside is the registry's: an inner program we do not know is no worse than that."""


_REACH = Verdict.REACH
WRAPPERS: dict[tuple[str, ...], Wrapper] = {
    ("sudo",): Wrapper(
        "-n -E -H -S -k --non-interactive", "-u -g -h -p -C -T -D",
        floor=_REACH, reason="runs as another user",
    ),
    ("doas",): Wrapper("-n", "-u -C", floor=_REACH, reason="runs as another user"),
    ("env",): Wrapper("-i -0 - --ignore-environment -v", "-u --unset", assigns=True, bare=Verdict.READ),
    ("timeout",): Wrapper("--preserve-status --foreground -v --verbose", "-k -s --kill-after --signal", 1, plain=True),
    ("time",): Wrapper("-p -v --verbose", "-f --format", plain=True),
    ("nice",): Wrapper("", "-n --adjustment", plain=True),
    ("ionice",): Wrapper("-t", "-c -n --class --classdata", plain=True),
    ("nohup",): Wrapper(plain=True),
    ("setsid",): Wrapper("-w -f -c --wait --fork", plain=True),
    ("stdbuf",): Wrapper("", "-i -o -e --input --output --error", plain=True),
    ("command",): Wrapper("-p", plain=True),
    ("builtin",): Wrapper(plain=True),
    ("noglob",): Wrapper(plain=True),
    ("busybox",): Wrapper(),
    ("toybox",): Wrapper(),
    ("flock",): Wrapper("-n -x -s -e -u --nonblock --exclusive --shared", "-w -E --timeout", 1, floor=Verdict.CHANGE,
                        reason="makes a lock file"),
    ("pkexec",): Wrapper("", "--user", floor=_REACH, reason="runs as another user"),
    ("chroot",): Wrapper("", "--userspec --groups", 1, floor=_REACH, reason="runs in another file system"),
    ("unshare",): Wrapper("-r -n -m -p -f -U -i -u --fork", floor=_REACH, reason="runs with other rights"),
    ("exec",): Wrapper("-c -l", "-a", bare=Verdict.READ),
    ("xargs",): Wrapper(
        "-0 -r -t -x --null --no-run-if-empty --verbose --exit -0r -r0",
        "-n -P -I -d -L -s -E -a --max-args --max-procs --replace --delimiter --max-lines --arg-file",
        bare=Verdict.READ, appends=True,
    ),
    ("npx",): Wrapper(
        "-y --yes --no --no-install -q", "-p --package",
        floor=_REACH, reason="fetches packages", foreign=True,
    ),
    ("bunx",): Wrapper("--bun", floor=_REACH, reason="fetches packages", foreign=True),
    ("uvx",): Wrapper("-q", "--from --with -p --python", floor=_REACH, reason="fetches packages", foreign=True),
    ("npm", "exec"): Wrapper(
        "-y --yes --no --", "-p --package",
        floor=_REACH, reason="fetches packages", foreign=True,
    ),
    ("pnpm", "exec"): Wrapper("-r --", floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pnpm", "dlx"): Wrapper(floor=_REACH, reason="fetches packages", foreign=True),
    ("yarn", "dlx"): Wrapper("-q", "-p", floor=_REACH, reason="fetches packages", foreign=True),
    ("yarn", "exec"): Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("bundle", "exec"): Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("poetry", "run"): Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pipenv", "run"): Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("pdm", "run"): Wrapper(floor=Verdict.CHANGE, reason="runs code of the work tree"),
    ("uv", "run"): Wrapper(
        "-q --frozen --no-sync --locked --all-extras --", "--with --extra --group --python -p", floor=_REACH,
        reason="may fetch packages",
    ),
    ("kubectl", "exec"): Wrapper(
        "-i -t -it -ti --stdin --tty --", "-n --namespace -c --container --context", 1, floor=_REACH,
        reason="runs inside the cluster", elsewhere=True,
    ),
}  # fmt: skip
for _engine in ("docker", "podman", "nerdctl"):
    WRAPPERS[_engine, "exec"] = Wrapper(
        "-i -t -it -ti -d --interactive --tty --detach", "-e --env -u --user -w --workdir --env-file", 1, floor=_REACH,
        reason="runs inside a container", elsewhere=True,
    )  # fmt: skip
    WRAPPERS[_engine, "compose", "exec"] = WRAPPERS["docker-compose", "exec"] = Wrapper(
        "-T -d --detach --no-TTY", "-e --env -u --user -w --workdir --index", 1, floor=_REACH,
        reason="runs inside a container", elsewhere=True,
    )  # fmt: skip


def appended(argv: Sequence[str], inner: Sequence[str]) -> list[str]:
    """What xargs runs: words that hold its placeholder, and one at the end, are known only when it runs."""
    own = argv[: len(argv) - len(inner)]
    marks = {"{}"} | {after for word, after in pairwise(own) if word == "-I"}
    marks |= {word[2:] for word in own if word.startswith("-I") and len(word) > 2}
    return [Unresolved(word) if any(mark in word for mark in marks) else word for word in inner] + [Unresolved("...")]


def unwrap(wrapper: Wrapper, args: Sequence[str], assigned: Callable[[str], None]) -> list[str] | None:
    """The command inside a wrapper's words; None where an option is not known. `assigned` is told each variable set."""
    flags, valued, rest, operands = wrapper.flags.split(), wrapper.valued.split(), list(args), wrapper.operands
    while rest:
        word = rest[0]
        if isinstance(word, Unresolved) and word.may_be_option:
            return None
        name, equals, _ = word.partition("=")
        if word == "--" and not operands:
            rest.pop(0)
            break
        if word in flags or re.fullmatch(r"-\d+", word):
            rest.pop(0)
        elif name in valued:
            del rest[: 1 if equals else 2]
        elif word[:2] in valued and not word.startswith("--"):
            rest.pop(0)
        elif word.startswith("-"):
            return None
        elif wrapper.assigns and equals:
            assigned(name)
            rest.pop(0)
        elif operands:
            operands -= 1
            rest.pop(0)
        else:
            break
    return rest
