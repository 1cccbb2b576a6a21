"""Dockerfiles: programs and rights that a step, or the script that is started, needs and the image does not give it."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.dockerfile_bases import family
from boringops_tools.checks.images import contexts, sources, started
from boringops_tools.dockerfile import Stage, command, is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_BUSYBOX = lazy_pattern(r"(?:^|[;&|]\s*)(adduser|addgroup)\b[^&|;]*?\s-[SDHGgu]\b")
_INSTALLS = lazy_pattern(
    r"(?:^|[;&|(]\s*)(?:apt-get|apt|apk|yum|dnf|microdnf)\s+(?:-\S+\s+)*(?:update|install|add|upgrade)\b"
)
_DEBUGGERS = lazy_pattern(
    r"debugpy\b.*--listen[ =\",]+(?:0\.0\.0\.0|\*)|--inspect(?:-brk)?=(?:0\.0\.0\.0|\[::\])|agentlib:jdwp=\S*address=(?:\*|0\.0\.0\.0)|\bdlv\b.*--listen[ =\",]+(?::|0\.0\.0\.0)"
)
_ASIDE = lazy_pattern(r"(?i)(?:^|[/._-])(?:dev|develop|development|debug|local|tests?|devcontainer)(?=[/._-]|$)")


def _ran(line: list[Stage]) -> str:
    return "\n".join(
        f"{each.value} {' '.join(each.heredocs)}" for stage in line for each in stage.instructions if each.name == "RUN"
    )


def _shells(files: Files, path: str) -> Iterator[Hit]:
    """Bash, asked for in images of Alpine that nothing adds it to."""
    file = parse(files.text(path))
    for stage in file.stages:
        line = file.lineage(stage)
        if family(line[-1].image) != "alpine" or re.search(r"\bbash\b", _ran(line)):
            continue
        for each in stage.instructions:
            words = command(each.value) if each.name in ("SHELL", "ENTRYPOINT", "CMD") else None
            if words and posixpath.basename(words[0]) == "bash":
                yield Hit(each.line, f"`{line[-1].image.partition('@')[0]}` has no bash, and nothing adds it")
        if stage is not file.stages[-1]:
            continue
        place, words = started(line)
        script = _script(files, path, line, words[0]) if place is not None and words else ""
        if place is not None and script and re.match(r"#!\s*(?:/usr)?/bin/(?:env\s+)?bash\b", files.text(script)):
            yield Hit(place.line, f"{script} is for bash, which `{line[-1].image.partition('@')[0]}` does not have")


def _script(files: Files, path: str, line: list[Stage], program: str) -> str:
    """The file of the repository that the image starts, where it is copied by its name."""
    name = posixpath.basename(program)
    for stage in line:
        for each in stage.instructions:
            for source in sources(each) if each.name in ("COPY", "ADD") else ():
                target = each.value.split()[-1]
                if posixpath.basename(source) != name and posixpath.basename(target) != name:
                    continue
                for place in contexts(path):
                    if (found := posixpath.normpath(posixpath.join(place, source))) in files.known:
                        return found
    return ""


def _rights(files: Files, path: str) -> Iterator[Hit]:
    """Packages installed by a user who may not, and accounts made with the options of another program of that name."""
    file = parse(files.text(path))
    for stage in file.stages:
        of = family(file.lineage(stage)[-1].image)
        user = ""
        for each in stage.instructions:
            if each.name == "USER":
                user = each.value.split(":")[0].strip("\"' ")
            elif each.name == "RUN":
                match = _BUSYBOX.search(each.value)
                if of == "debian" and match and "busybox" not in each.value:
                    yield Hit(
                        each.line,
                        f"Debian's {match[1]} has no such option: they are BusyBox's (take useradd, groupadd)",
                    )
                plain = user and user not in ("0", "root") and "$" not in user
                if plain and of and (found := _INSTALLS.search(each.value)):
                    yield Hit(each.line, f"`{found[0].strip(' ;&|(')}` has to be root, and is run as `{user}`")


def _modes(files: Files, path: str) -> Iterator[Hit]:
    """The program that is started, copied with a mode by which nobody may start it."""
    file = parse(files.text(path))
    line = file.lineage(file.stages[-1]) if file.stages else []
    place, words = started(line) if line else (None, [])
    if place is None or not words or not words[0].startswith("/"):
        return
    for each in (one for stage in line for one in stage.instructions if one.name in ("COPY", "ADD")):
        mode = re.search(r"--chmod=0?([0-7]{3})\b", each.value)
        inside = [word for word in each.value.split() if not word.startswith("--")]
        target = inside[-1] if inside else ""
        whole = posixpath.join(target, posixpath.basename(inside[0])) if target.endswith("/") else target
        if mode and whole == words[0] and not any(int(digit) & 1 for digit in mode[1]) and "chmod" not in _ran(line):
            yield Hit(each.line, f"`{whole}` is what the image starts, and nobody may start it (--chmod={mode[1]})")


def _doors(files: Files, path: str) -> Iterator[Hit]:
    """Ways into the container beside its own: a server of SSH, a debugger for everybody."""
    file = parse(files.text(path))
    for stage in file.lineage(file.stages[-1]) if file.stages and not _ASIDE.search(path) else ():
        if _ASIDE.search(stage.alias):
            continue
        for each in stage.instructions:
            if each.name == "RUN" and re.search(
                r"\b(?:install|add)\b[^&|;]*\b(?:openssh-server|dropbear)\b", each.value
            ):
                yield Hit(each.line, "the image has a server of SSH: whoever gets in changes what no repository knows")
            if each.name in ("CMD", "ENTRYPOINT", "ENV", "RUN") and (match := _DEBUGGERS.search(each.value)):
                yield Hit(each.line, f"a debugger listens for everybody ({match[0][:40]})")


def _of(base: str, *lines: str, **more: str) -> dict[str, str]:
    return {"Dockerfile": "\n".join((f"FROM {base}", *lines)) + "\n", **more}


RULES = (
    Rule("dockerfile/no-bash", "error", "Write it for sh, or add bash: apk add --no-cache bash.", "Alpine Linux: /bin/sh is BusyBox's, and there is no bash.", is_dockerfile, _shells,
         bad=(_of("alpine:3.22", 'SHELL ["/bin/bash", "-c"]'), _of("node:22-alpine", "COPY entry.sh /entry.sh", 'ENTRYPOINT ["/entry.sh"]', **{"entry.sh": "#!/bin/bash\nexec node\n"}), _of("python:3.13-alpine", 'CMD ["bash", "run.sh"]')),
         good=(_of("alpine:3.22", "RUN apk add --no-cache bash", 'SHELL ["/bin/bash", "-c"]'), _of("debian:12", 'SHELL ["/bin/bash", "-c"]'), _of("alpine:3.22", "COPY entry.sh /entry.sh", 'ENTRYPOINT ["/entry.sh"]', **{"entry.sh": "#!/bin/sh\nexec a\n"}))),
    Rule("dockerfile/step-rights", "error", "The build stops there: do it before USER, with the programs of the base image.", "Dockerfile reference, USER: it holds for the RUN steps below; Debian, adduser: long options alone.", is_dockerfile, _rights,
         bad=(_of("debian:12", "USER 1000", "RUN apt-get update && apt-get install -y a"), _of("python:3.13-slim", "RUN adduser -S -u 1000 app"), _of("debian:12", "RUN addgroup -g 1000 app")),
         good=(_of("debian:12", "RUN apt-get update", "USER 1000"), _of("debian:12", "USER 1000", "USER root", "RUN apt-get update"), _of("alpine:3.22", "RUN adduser -S -u 1000 app"), _of("debian:12", "RUN adduser --system --uid 1000 app"))),
    Rule("dockerfile/not-executable", "error", "The container ends at once: copy it with --chmod=0755.", "Dockerfile reference, COPY --chmod: the mode of what is copied.", is_dockerfile, _modes,
         bad=(_of("debian:12", "COPY --chmod=0644 a.sh /a.sh", 'ENTRYPOINT ["/a.sh"]'),), good=(_of("debian:12", "COPY --chmod=755 a.sh /a.sh", 'ENTRYPOINT ["/a.sh"]'), _of("debian:12", "COPY --chmod=0644 a.conf /a.conf", 'ENTRYPOINT ["/a"]'))),
    Rule("dockerfile/second-door", "warning", "Leave it out: `docker exec` and a debugger on 127.0.0.1 are there when they are needed.", "Docker documentation, Building best practices: one concern for each container; the debuggers' own warnings.", is_dockerfile, _doors,
         bad=(_of("debian:12", "RUN apt-get update && apt-get install -y openssh-server"), _of("node:22", 'CMD ["node", "--inspect=0.0.0.0:9229", "a.js"]'), _of("eclipse-temurin:21", "ENV JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005")),
         good=(_of("debian:12", "RUN apt-get update && apt-get install -y openssh-client"), _of("node:22", 'CMD ["node", "--inspect=127.0.0.1:9229", "a.js"]'), {"Dockerfile.dev": "FROM node:22\nCMD node --inspect=0.0.0.0 a.js\n"}, {"Dockerfile": "FROM node:22 AS dev\nCMD node --inspect=0.0.0.0 a.js\n"})),
)  # fmt: skip
