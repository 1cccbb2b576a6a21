"""What programs do, as data: one table per family, each rule with examples that must and must not match.

A rule claims that a command line is harmless *up to* a class. Rules of a program are tried in order, the mildest
first, and the first that matches decides: the milder claim has to prove itself, and whatever no rule recognises falls
to the program's last, strictest rule or to `unknown`. A word whose value cannot be known (`$X`, `$(...)`) where it
could change the answer makes the answer `unknown`.

Patterns, matched against the words after the program's name:

    state rm|mv      these words, in this order, first among the operands; `|` separates alternatives, `*` globs
    --check|-c       this option is there, written exactly so
    !-o|--output     this option is nowhere: abbreviations (`--outp`) and clusters (`-no`) count as being there
    !+*              no operand looks like this
    $                no operand follows
"""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal


class Verdict(StrEnum):
    """What a command does at worst, mildest first."""

    READ = "read"  # looks at the machine and the work tree only
    CHANGE = "change"  # changes the work tree, or runs its code
    REACH = "reach"  # touches anything else: network, registry, cluster, cloud, remote git, daemon, other directories
    UNKNOWN = "unknown"  # cannot be told from the text
    DESTROY = "destroy"  # cannot be taken back, or changes what others rely on
    RESERVED = "reserved"  # the runtime does this itself


_ORDER = {verdict: rank for rank, verdict in enumerate(Verdict)}


def rank(verdict: Verdict) -> int:
    """Place of a verdict in the order of severity."""
    return _ORDER[verdict]


class Unresolved(str):
    """A word whose value is known only when it runs; the text is as written."""

    __slots__ = ("may_be_option",)
    may_be_option: bool

    def __new__(cls, text: str, *, may_be_option: bool = True) -> Unresolved:
        word = super().__new__(cls, text)
        word.may_be_option = may_be_option
        return word


@dataclass(frozen=True)
class Judgement:
    """What one simple command does, and why it is thought so."""

    verdict: Verdict
    reason: str
    writes: tuple[str, ...] = ()
    """Paths it creates, changes or deletes, as written, where they can be known."""


@dataclass(frozen=True)
class Rule:
    pattern: str
    verdict: Verdict
    reason: str
    match: tuple[str, ...] = ()
    """Command lines this rule decides. At least one."""
    not_match: tuple[str, ...] = ()
    """Command lines of the same program that this rule leaves to others."""


RUNS_INPUT = "runs text that cannot be seen from here"
"""The reason of an interpreter that gets its program from elsewhere: a pipe, a substitution, standard input."""

Judge = Callable[[Sequence[str]], Judgement]


@dataclass(frozen=True)
class Program:
    """What is known of a program: its rules, or a function where words alone do not tell."""

    names: str
    """Its names, separated by spaces."""
    rules: tuple[Rule, ...] = ()
    valued: str = ""
    """Options before or between subcommands that take the next word as their value."""
    flags: str = ""
    """Options before or between subcommands that stand alone. Any other option there leaves it `unknown`."""
    judge: Judge | None = None


FAMILIES = ("text", "files", "shells", "git", "containers", "infra", "cloud", "packages", "network", "system")


@cache
def programs() -> dict[str, Program]:
    """Every known program by name. Loaded at first use: `--help` does not pay for it."""
    table: dict[str, Program] = {}
    for family in FAMILIES:
        for program in importlib.import_module(f"{__name__}.{family}").PROGRAMS:
            for name in program.names.split():
                if name in table:
                    raise ValueError(f"{name} is in two tables")
                table[name] = program
    return table


def judge(argv: Sequence[str]) -> Judgement:
    """The judgement on one simple command: program name without directory, then its words."""
    program = programs().get(argv[0])
    if program is None:
        return Judgement(Verdict.UNKNOWN, f"`{argv[0]}` is not a program boringops knows")
    if list(argv[1:]) == ["--version"]:
        return Judgement(Verdict.READ, "tells its version")
    if program.judge is not None:
        return program.judge(argv[1:])
    return _first(program, argv)[1]


def _first(program: Program, argv: Sequence[str]) -> tuple[Rule | None, Judgement]:
    """The rule that decides, and its judgement. A milder rule that may or may not match leaves at least `unknown`."""
    unclear = False
    for rule in program.rules:
        answer = matches(rule.pattern, argv[1:], program)
        unclear = unclear or answer == "maybe"
        if answer == "yes" and (not unclear or rank(rule.verdict) > rank(Verdict.UNKNOWN)):
            return rule, Judgement(rule.verdict, f"`{argv[0]}` {rule.reason}")
    if unclear:
        return None, Judgement(
            Verdict.UNKNOWN, f"what `{argv[0]}` does here depends on words that cannot be told apart"
        )
    return None, Judgement(Verdict.UNKNOWN, f"this use of `{argv[0]}` is not one boringops knows")


@dataclass(frozen=True)
class _Pattern:
    operands: tuple[tuple[str, ...], ...]
    required: tuple[tuple[str, ...], ...]
    forbidden: tuple[str, ...]
    closed: bool


@cache
def _compile(pattern: str) -> _Pattern:
    tokens = pattern.split()
    return _Pattern(
        operands=tuple(tuple(t.split("|")) for t in tokens if t[0] not in "-!$"),
        required=tuple(tuple(t.split("|")) for t in tokens if t[0] == "-"),
        forbidden=tuple(option for t in tokens if t[0] == "!" for option in t[1:].split("|")),
        closed="$" in tokens,
    )


def matches(pattern: str, args: Sequence[str], program: Program) -> Literal["yes", "no", "maybe"]:
    """Whether a pattern (see the module) matches; `maybe` where it depends on a word that is not known."""
    wanted = _compile(pattern)
    valued, flags = _words(program.valued), _words(program.flags)
    at = 0
    for alternatives in wanted.operands:
        at = _next_operand(args, at, valued, flags)
        if at < 0:
            return "maybe"
        if at == len(args):
            return "no"
        if isinstance(args[at], Unresolved):
            return "maybe"
        if not any(fnmatchcase(args[at], alternative) for alternative in alternatives):
            return "no"
        at += 1
    options = args[: args.index("--") + 1] if "--" in args else args
    if not all(any(_given(token, options) for token in alternatives) for alternatives in wanted.required):
        return "no"
    if any(_perhaps_given(token, options) for token in wanted.forbidden):
        return "no"
    unclear = any(_may_be_option(word) for word in options)
    if wanted.closed:
        while at < len(args):
            if not args[at].startswith("-"):
                return "maybe" if unclear else "no"
            at += 2 if args[at] in valued else 1
    return "maybe" if unclear and (wanted.forbidden or wanted.closed) else "yes"


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _next_operand(args: Sequence[str], at: int, valued: frozenset[str], flags: frozenset[str]) -> int:
    """Where the next operand stands; len(args) if there is none, -1 if an unknown option leaves that open."""
    while at < len(args) and args[at].startswith("-"):
        name, equals, _ = args[at].partition("=")
        if name in valued:
            at += 1 if equals else 2
        elif args[at] in flags:
            at += 1
        else:
            return -1
    return min(at, len(args))


def _may_be_option(word: str) -> bool:
    return isinstance(word, Unresolved) and word.may_be_option


def _given(token: str, options: Sequence[str]) -> bool:
    return any(fnmatchcase(word, token) for word in options)


def _perhaps_given(token: str, options: Sequence[str]) -> bool:
    """Whether an option is there in any spelling a program could accept. Errs towards yes."""
    if not token.startswith("-"):
        return any(not word.startswith("-") and fnmatchcase(word, token) for word in options)
    if token.startswith("--"):
        return any(
            word == token or (word.startswith("--") and len(word) > 2 and token.startswith(word.partition("=")[0]))
            for word in options
        )
    if len(token) == 2:
        return any(word.startswith("-") and not word.startswith("--") and token[1] in word[1:] for word in options)
    return any(word.startswith("-") and word.lstrip("-").partition("=")[0] == token[1:] for word in options)


def options_and_operands(args: Sequence[str], valued: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    """Split words the GNU way: options anywhere until `--`, each with the value that came with it.

    `valued` names the options that take the next word where no value is attached."""
    takes = _words(valued)
    options: list[tuple[str, str]] = []
    operands: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            operands.extend(words)
        elif word == "-" or not word.startswith("-"):
            operands.append(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            options.append((name, value if equals or name not in takes else next(words, "")))
        elif word[:2] in takes:
            options.append((word[:2], word[2:] or next(words, "")))
        else:
            options.append((word, ""))
    return options, operands


def check_tables() -> list[str]:
    """Hold every rule to its examples; what is wrong, in sentences. Empty when the tables are sound."""
    problems = []
    for program in dict.fromkeys(programs().values()):
        for rule in program.rules:
            where = f"{program.names} `{rule.pattern}`"
            if not rule.match:
                problems.append(f"{where}: no example")
            missed = [example for example in rule.match if _decides(program, example) is not rule]
            taken = [example for example in rule.not_match if _decides(program, example) is rule]
            problems += [f"{where}: does not decide `{example}`" for example in missed]
            problems += [f"{where}: must not decide `{example}`" for example in taken]
    return problems


def _decides(program: Program, example: str) -> Rule | None:
    argv = [Unresolved(word) if word.startswith("$") else word for word in shlex.split(example)]
    return _first(program, argv)[0] if argv[0] in program.names.split() else None
