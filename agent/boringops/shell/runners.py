"""The shell's own ways to run text that it is given: followed into that text where it can be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from boringops.commands import RUNS_INPUT, Judgement, Unresolved, Verdict
from boringops.shell.parts import leaves_tree

if TYPE_CHECKING:
    from boringops.shell.script import Script

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_SSH_VALUED = frozenset(f"-{letter}" for letter in "pilFJLRDbcemwWBEIOQSo")

# `-d` takes what stands right behind it for its own value: the x of `-dx` is not `--exec`.
_WATCH_OPTION = re.compile(
    r"-(?=.)(?P<flags>[bcCegprtwx]*)(?:(?P<valued>[nq])|[nq][\d.]+|d(?:=permanent)?)?|--(?:beep|color|no-color|differences(?:=permanent)?|"
    r"errexit|chgexit|precise|no-rerun|no-title|no-wrap|exec|(?:interval|equexit)=[\d.]+)|(?P<long>--interval|--equexit)"
)


def _shell(script: Script, argv: Sequence[str], stdin: str | None) -> Judgement:
    """`sh -c TEXT`, `sh FILE`, and a shell that runs what it is given on standard input."""
    words = list(argv[1:])
    if words == ["--version"]:
        return Judgement(Verdict.READ, "tells its version")
    while words and words[0].startswith(("-", "+")) and not isinstance(words[0], Unresolved):
        option = words.pop(0)
        if option in ("-n", "--noexec"):
            return Judgement(Verdict.READ, "checks syntax")
        if re.fullmatch(r"-[euxlv]*c", option):
            if not words or isinstance(words[0], Unresolved):
                return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
            return script.nested(words[0])
        if re.fullmatch(r"[-+][euxv]*o", option):
            del words[:1]
        elif option not in ("-s", "-") and not re.fullmatch(r"[-+][euxlv]+|--norc|--noprofile|--login|--posix", option):
            return Judgement(Verdict.UNKNOWN, "a shell with options boringops does not know")
    if not words:
        return script.nested(stdin) if stdin is not None else Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if isinstance(words[0], Unresolved):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if leaves_tree(words[0]):
        return Judgement(Verdict.UNKNOWN, "runs a script from outside the work tree")
    return Judgement(Verdict.CHANGE, "runs code of the work tree")


def _eval(script: Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    words = argv[1:2] if argv[0] == "trap" else argv[1:]
    if any(isinstance(word, Unresolved) for word in words):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if argv[0] == "trap" and (not words or words[0].startswith("-")):
        return Judgement(Verdict.READ, "lists or drops traps")
    return script.nested(" ".join(words))


def _watch(script: Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    """watch gives its words to a shell as one line, quotes gone; with `-x` it runs them as they are."""
    words, as_they_are = list(argv[1:]), False
    while words and words[0].startswith("-") and not isinstance(words[0], Unresolved):
        option = words.pop(0)
        if option == "--":
            break
        known = _WATCH_OPTION.fullmatch(option)
        if known is None:
            return Judgement(Verdict.UNKNOWN, "`watch` with options boringops does not know")
        as_they_are = as_they_are or option == "--exec" or "x" in (known["flags"] or "")
        if known["valued"] or known["long"]:
            del words[:1]
    if not words or any(isinstance(word, Unresolved) for word in words):
        return Judgement(Verdict.UNKNOWN, RUNS_INPUT)
    if not as_they_are:
        return script.nested(" ".join(words))
    script.simple(words, [], " ".join(words), None, False)
    return Judgement(Verdict.READ, "runs the command it names")


def _ssh(script: Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    """The remote command is read as a script; where it runs makes it reach, whatever it is."""
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-o" and words and re.match(r"(?i)(proxycommand|localcommand|permitlocal)", words[0]):
            return Judgement(Verdict.UNKNOWN, "`ssh` with options that run programs")
        if re.match(r"(?i)-o(proxycommand|localcommand|permitlocal)", option):
            return Judgement(Verdict.UNKNOWN, "`ssh` with options that run programs")
        if option in _SSH_VALUED:
            del words[:1]
    remote = words[1:]
    if any(isinstance(word, Unresolved) for word in remote) or not remote:
        return Judgement(Verdict.UNKNOWN, "runs on another machine what cannot be seen from here")
    script.nested(" ".join(remote))
    return Judgement(Verdict.REACH, "runs on another machine")


def _find(script: Script, argv: Sequence[str], _stdin: str | None) -> Judgement:
    """find looks, unless it deletes, writes a list, or runs a program on what it finds."""
    words, verdict = list(argv[1:]), Judgement(Verdict.READ, "only looks")
    while words:
        word = words.pop(0)
        if isinstance(word, Unresolved) and word.may_be_option:
            return Judgement(Verdict.UNKNOWN, "what `find` does depends on words that are known only when it runs")
        if word == "-delete":
            verdict = Judgement(Verdict.DESTROY, "deletes what it finds")
        elif word in ("-fprint", "-fprint0", "-fls", "-fprintf") and words:
            verdict = Judgement(Verdict.CHANGE, "writes a list", (words.pop(0),))
        elif word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((at for at, each in enumerate(words) if each in (";", "+")), -1)
            inner = [Unresolved(each, may_be_option=False) if "{}" in each else each for each in words[:end]]
            if end < 1:
                return Judgement(Verdict.UNKNOWN, "what `find` runs cannot be told")
            script.simple(inner, [], " ".join(words[:end]), None, False)
            del words[: end + 1]
        elif word in ("-name", "-iname", "-path", "-ipath", "-regex", "-newer", "-printf", "-user", "-perm"):
            del words[:1]
    return verdict


RUNNERS = {
    **dict.fromkeys(SHELLS, _shell), "eval": _eval, "trap": _eval, "watch": _watch, "ssh": _ssh, "find": _find,
}  # fmt: skip
