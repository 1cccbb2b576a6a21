"""Dockerfiles: values that Docker takes as they stand and the container cannot use: signals, commands in one word, a PATH without the system."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import assignments, command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_SIGNALS = frozenset(
    """HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ
    VTALRM PROF WINCH IO POLL PWR SYS""".split()  # noqa: SIM905
)
_NUMBERED = lazy_pattern(r"(?:[1-9]|[1-5]\d|6[0-4])|(?:SIG)?RT(?:MIN|MAX)(?:[+-]\d+)?", re.I)
_SYSTEM = lazy_pattern(r"(?:^|:)/(?:usr/)?s?bin(?::|$)|(?:^|:)/busybox(?::|$)")


def _signals(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        for each in stage.instructions:
            word = each.value.strip().strip("\"'").upper()
            if each.name == "STOPSIGNAL" and "$" not in word and not _NUMBERED.fullmatch(word):
                if word.removeprefix("SIG") not in _SIGNALS:
                    yield Hit(each.line, f"`{each.value}` is no signal")
                elif word.removeprefix("SIG") == "KILL":
                    yield Hit(each.line, "the program is killed without a chance to end what it does (STOPSIGNAL KILL)")


def _one_word(files: Files, path: str) -> Iterator[Hit]:
    for stage in parse(files.text(path)).stages:
        started = stage.last("ENTRYPOINT")
        for each in stage.instructions:
            if each.name not in ("CMD", "ENTRYPOINT"):
                continue
            # A shell takes a command line in one word.
            if each.name == "CMD" and started is not None and re.search(r"-l?c\b", started.value):
                continue
            words = command(each.value)
            if words and len(words) == 1 and re.match(r"[\w./-]+\s+\S", words[0]) and "$" not in words[0]:
                yield Hit(each.line, f"{each.name} looks for a program with the name `{words[0]}`, blanks included")


def _paths(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    for stage in file.stages:
        if file.lineage(stage)[-1].image == "scratch":
            continue
        for each in stage.instructions:
            given = assignments(each.value).get("PATH", "") if each.name == "ENV" else ""
            given = given.strip("\"'")
            if given.startswith("/") and "$" not in each.value and "%" not in given and not _SYSTEM.search(given):
                yield Hit(
                    each.line, f"PATH is `{given}` alone: no program of the system is found any more, `sh` among them"
                )


_D = "Dockerfile"


def _of(*lines: str) -> dict[str, str]:
    return {_D: "\n".join(("FROM debian:12", *lines)) + "\n"}


_DOC = "Dockerfile reference"

RULES = (
    Rule("dockerfile/stop-signal", "error", "Name a signal that the program ends on, as a rule SIGTERM.", f"{_DOC}, STOPSIGNAL: SIGNAME or a number.", is_dockerfile, _signals,
         bad=(_of("STOPSIGNAL SIGTREM"), _of("STOPSIGNAL SIGKILL"), _of("STOPSIGNAL 99")), good=(_of("STOPSIGNAL SIGQUIT"), _of("STOPSIGNAL 15"), _of("STOPSIGNAL SIGRTMIN+3"), _of("STOPSIGNAL $S"))),
    Rule("dockerfile/one-word", "error", "Give each word its own quotes, or leave the brackets out for a shell to read the line.", f"{_DOC}, exec form: the first item is the program, each further one an argument.", is_dockerfile, _one_word,
         bad=(_of('CMD ["node server.js"]'), _of('ENTRYPOINT ["java -jar a.jar"]'), _of('ENTRYPOINT ["/entry.sh"]', 'CMD ["serve --port 80"]')), good=(_of('CMD ["node", "server.js"]'), _of('ENTRYPOINT ["sh", "-c"]', 'CMD ["a b"]'), _of("CMD a b"), _of('CMD ["a"]'))),
    Rule("dockerfile/path-lost", "error", "Add to it: PATH=/opt/app/bin:$PATH.", f"{_DOC}, ENV: a value replaces the one the base image has.", is_dockerfile, _paths,
         bad=(_of("ENV PATH=/opt/app/bin"), _of("ENV PATH /venv/bin")), good=(_of("ENV PATH=/opt/app/bin:$PATH"), _of("ENV PATH=/opt/bin:/usr/bin:/bin"), _of('ENV PATH="${PATH}:/x"'), {_D: "FROM scratch\nENV PATH=/app\n"})),
)  # fmt: skip
