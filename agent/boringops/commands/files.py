"""Programs that create, change, move and delete files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from boringops.commands import Judgement, Program, Unresolved, Verdict, options_and_operands

READ, CHANGE, UNKNOWN, DESTROY = Verdict.READ, Verdict.CHANGE, Verdict.UNKNOWN, Verdict.DESTROY
EVERYTHING = frozenset({"", "/", "~", ".", "..", "*", ".*", "./*", "/*", "~/*", "../*", "{,.}*"})


def _writer(written: str, valued: str = "", skip: int = 0) -> Callable[[Sequence[str]], Judgement]:
    """A program that writes `all` of its operands (after the first `skip`), or the `last`."""

    def judge(args: Sequence[str]) -> Judgement:
        options, operands = options_and_operands(args, valued + " -t --target-directory")
        into = [value for name, value in options if name in ("-t", "--target-directory") and value]
        targets = into + (operands[skip:] if written == "all" else [] if into else operands[-1:])
        if any(isinstance(target, Unresolved) for target in targets):
            return Judgement(UNKNOWN, "writes to a path that is known only when it runs", tuple(targets))
        if any(isinstance(word, Unresolved) and word.may_be_option for word in args):
            return Judgement(UNKNOWN, "its options are known only when it runs", tuple(targets))
        return Judgement(CHANGE, "changes files", tuple(targets))

    return judge


def _ln(args: Sequence[str]) -> Judgement:
    """A link out of the work tree is a way out for whatever is written or read through it later."""
    made = _writer("last", "-S --suffix")(args)
    _, operands = options_and_operands(args, "-S --suffix -t --target-directory")
    for target in operands[:-1] or operands:
        if target.startswith(("/", "~")) or posixpath.normpath(target).count("..") > posixpath.normpath(
            operands[-1]
        ).count("/"):
            return Judgement(Verdict.REACH, f"links to `{target}` outside the work tree", made.writes)
    return made


def _rm(args: Sequence[str]) -> Judgement:
    """Deleting named files of the work tree is a change; deleting what cannot be named is destruction."""
    options, operands = options_and_operands(args)
    recursive = any(
        name == "--recursive"
        or (not name.startswith("--") and set(name) & {"r", "R"})
        or "--recursive".startswith(name)
        for name, _ in options
    )
    if any(isinstance(word, Unresolved) for word in args):
        return Judgement(DESTROY, "deletes what is known only when it runs", tuple(operands))
    for operand in operands:
        bare = operand.rstrip("/")
        if (
            bare in EVERYTHING
            or posixpath.normpath(operand) in EVERYTHING
            or (recursive and bare.endswith(("/*", "/.", "/..")))
        ):
            return Judgement(DESTROY, f"deletes all of `{operand}`", tuple(operands))
    return Judgement(CHANGE, "deletes files", tuple(operands))


def _dd(args: Sequence[str]) -> Judgement:
    targets = tuple(word[3:] for word in args if word.startswith("of="))
    if any(isinstance(word, Unresolved) for word in args):
        return Judgement(UNKNOWN, "`dd` on a path that is known only when it runs", targets)
    if any(target.startswith("/dev/") and target != "/dev/null" for target in targets):
        return Judgement(DESTROY, "overwrites a device", targets)
    return Judgement(CHANGE, "copies data", targets) if targets else Judgement(READ, "prints data")


def _tar(args: Sequence[str]) -> Judgement:
    """Listing only looks; options that run programs are `unknown`."""
    if any(isinstance(word, Unresolved) for word in args):
        return Judgement(UNKNOWN, "`tar` on words that are known only when it runs")
    words = [f"-{args[0]}", *args[1:]] if args and not args[0].startswith("-") else list(args)
    options, operands = options_and_operands(words, "-C --directory --exclude --file -T -X --strip-components")
    letters = set("".join(name[1:] for name, _ in options if not name.startswith("--")))
    long = {name for name, _ in options if name.startswith("--")}
    harmless = {"--exclude", "--strip-components", "--directory", "--file", "--list", "--create", "--extract", "--gzip"}
    if long - harmless or letters - set("tcxruvzjJfpkhC") or (":" in "".join(operands)):
        return Judgement(UNKNOWN, "`tar` with options boringops does not know")
    if (letters & set("t") or "--list" in long) and not letters & set("cxru") and not long & {"--create", "--extract"}:
        return Judgement(READ, "lists an archive")
    into = [value for name, value in options if name in ("-C", "--directory") and value]
    return Judgement(CHANGE, "packs or unpacks files", tuple(into + (operands[:1] if letters & set("cru") else [])))


def _archive(args: Sequence[str]) -> Judgement:
    if any(isinstance(word, Unresolved) for word in args) or any(word.startswith("-T") for word in args):
        return Judgement(UNKNOWN, "an archive that is known only when it runs")
    options, operands = options_and_operands(args, "-d -x -P")
    if any(name in ("-l", "-p", "-Z", "-v", "-t") for name, _ in options):
        return Judgement(READ, "lists an archive")
    return Judgement(CHANGE, "packs or unpacks files", tuple(v for n, v in options if n == "-d") or tuple(operands[:1]))


def _gzip(args: Sequence[str]) -> Judgement:
    harmless = {"-c", "-dc", "-cd", "-l", "-t", "--stdout"}
    options = {word for word in args if word.startswith("-")}
    if options and options <= harmless and not any(isinstance(word, Unresolved) for word in args):
        return Judgement(READ, "prints what it packs or unpacks")
    return _writer("all")(args)


def _always(verdict: Verdict, reason: str) -> Callable[[Sequence[str]], Judgement]:
    judgement = Judgement(verdict, reason)
    return lambda _args: judgement


PROGRAMS = (
    Program("rm unlink", judge=_rm),
    Program("rmdir mkdir touch mkfifo", judge=_writer("all", "-m --mode -d --date -r --reference")),
    Program("mv", judge=_writer("all", "-S --suffix")),
    Program("ln", judge=_ln),
    Program("cp install", judge=_writer("last", "-S --suffix -m --mode -o --owner -g --group")),
    Program("tee", judge=_writer("all")),
    Program("truncate", judge=_writer("all", "-s --size -r --reference")),
    Program("chmod chown chgrp", judge=_writer("all", skip=1)),
    Program("mktemp", judge=_always(CHANGE, "makes a temporary file")),
    Program("split csplit", judge=_always(UNKNOWN, "writes files it names itself")),
    Program("patch", judge=_always(UNKNOWN, "changes the files its input names: use Edit")),
    Program("dos2unix unix2dos", judge=_writer("all")),
    Program("dd", judge=_dd),
    Program("tar", judge=_tar),
    Program("zip unzip", judge=_archive),
    Program("zcat bzcat xzcat zgrep", judge=_always(READ, "only looks")),
    Program("gzip gunzip bzip2 bunzip2 xz unxz zstd", judge=_gzip),
    Program("shred wipe srm", judge=_always(DESTROY, "overwrites files for good")),
    Program(
        "mkfs fdisk parted wipefs mkswap lvremove vgremove pvremove zpool", judge=_always(DESTROY, "rewrites a disk")
    ),
)
