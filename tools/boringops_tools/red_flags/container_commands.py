"""Containers that a unit of systemd or a script starts and that stay: what `docker run` gives them of the host."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.compose import DATABASE_PORTS, DATABASES, HOST_FOLDERS, LOOPBACK, POWERFUL
from boringops_tools.red_flags.images import MOVING, moving, tag_of, untagged
from boringops_tools.red_flags.scripts import Command, is_script, is_unit
from boringops_tools.red_flags.unsafe_commands import all_commands

_NEVER = "Disable security features for convenience"
_PROGRAMS = frozenset({"docker", "podman", "nerdctl"})
_ALONE = lazy_pattern(
    r"--(?:detach|init|interactive|no-healthcheck|oom-kill-disable|privileged|publish-all|read-only|rm|rmi|sig-proxy|tty|quiet|replace|tls-verify|no-hosts|no-hostname|disable-content-trust|use-api-socket)|-[ditPqz]+"
)
_SHORT = {"-p": "--publish", "-v": "--volume", "-u": "--user"}
_TRIAL = lazy_pattern(
    r"(?i)(?:^|[/_.-])(?:dev|devel|development|local|tests?|testing|e2e|examples?|demo|bench|playground)(?:[/_.-]|$)"
)


@dataclass(frozen=True)
class Started:
    """A container as its command line has it."""

    line: int
    options: tuple[tuple[str, str], ...]
    image: str

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.options if name in names]


def _parsed(command: Command) -> Started | None:
    """What a command starts; null where it starts no container, or where its words are not known."""
    words = list(command.argv[1:])
    while words and words[0] in ("container", "service"):
        words.pop(0)
    if command.program not in _PROGRAMS or words[:1] not in (["run"], ["create"]):
        return None
    options: list[tuple[str, str]] = []
    position = 1
    while position < len(words) and words[position].startswith("-"):
        name, equals, value = words[position].partition("=")
        if not equals and not _ALONE.fullmatch(name):
            if not name.startswith("--") and len(name) > 2 and name[:2] in _SHORT:
                name, value = name[:2], name[2:]
            else:
                position += 1
                value = words[position] if position < len(words) else ""
        options.append((_SHORT.get(name, name), value))
        position += 1
    return Started(command.line, tuple(options), words[position] if position < len(words) else "")


# What a unit of Podman says in place of an option.
_QUADLET = {
    "PublishPort": "--publish", "Volume": "--volume", "Mount": "--mount", "AddCapability": "--cap-add", "UserNS": "--userns",
}  # fmt: skip


def _quadlet(text: str) -> Iterator[Started]:
    """The container of a unit that Podman makes a service of."""
    options: list[tuple[str, str]] = []
    image, line, section = "", 1, ""
    for number, each in enumerate(text.replace("\\\n", "  ").splitlines(), 1):
        if header := re.match(r"\s*\[(\w+)\]", each):
            section = header[1]
            line = number if section == "Container" else line
        elif section == "Container" and (setting := re.match(r"\s*(\w+)\s*=\s*(.*?)\s*$", each)):
            key, value = setting[1], setting[2]
            image = value if key == "Image" else image
            if key in _QUADLET:
                options += [(_QUADLET[key], word) for word in value.split()]
            elif key == "SecurityLabelDisable" and value == "true":
                options.append(("--security-opt", "label=disable"))
            elif key == "SeccompProfile" and value == "unconfined":
                options.append(("--security-opt", "seccomp=unconfined"))
            elif key == "PodmanArgs":
                options += [(name, given) for name, _, given in (word.partition("=") for word in value.split())]
    yield Started(line, tuple(options), image)


def started(path: str, text: str) -> Iterator[Started]:
    """The containers that a unit starts, and those of a script that are started again whenever they end."""
    if path.endswith(".container"):
        yield from _quadlet(text)
        return
    if not re.search(r"\b(?:docker|podman|nerdctl)\b", text):
        return
    for command in all_commands(path, text):
        found = _parsed(command)
        if found and (
            is_unit(path)
            or any(re.match(r"always|unless-stopped|on-failure", each) for each in found.values("--restart"))
        ):
            yield found


def _applies(path: str) -> bool:
    return (is_unit(path) or is_script(path) or path.endswith(".container")) and not _TRIAL.search(path)


def _each(judge: Callable[[Started], Iterable[str]]) -> Callable[[str, str], Iterable[Hit]]:
    def check(path: str, text: str) -> Iterable[Hit]:
        for each in started(path, text):
            for message in judge(each):
                yield Hit(each.line, message)

    return check


def _sources(each: Started) -> Iterator[str]:
    for value in each.values("--volume"):
        if ":" in value and not re.search(r":(?:[^:]*,)?ro\b", value):
            yield value.partition(":")[0]
    for value in each.values("--mount"):
        if "type=bind" in value and not re.search(r"\breadonly\b|\bro\b", value):
            found = re.search(r"(?:^|,)(?:source|src)=([^,]+)", value)
            yield found[1] if found else ""


def _opened(each: Started) -> Iterator[str]:
    for name, value in each.options:
        if name == "--privileged" and value not in ("false", "0"):
            yield "the container is privileged: it is root on the host"
        elif name == "--cap-add" and value.upper() in POWERFUL:
            yield f"the container gets the capability {value}, as good as root on the host"
        elif name == "--security-opt" and re.fullmatch(
            r"(?:seccomp|apparmor)[:=]unconfined|label[:=]disable|no-new-privileges[:=]false", value
        ):
            yield f"the container runs without a protection ({value})"
        elif name in ("--pid", "--userns", "--uts") and value == "host":
            yield f"the container is not kept apart from the host ({name}=host)"
    for value in each.values("--volume", "--mount"):
        if re.search(r"(?:^|=)(?:/var)?/run/docker\.sock\b", value):
            yield "the container gets the Docker socket, and with it the host (read-only changes nothing)"
    for source in _sources(each):
        if source and (source.rstrip("/") or "/") in HOST_FOLDERS:
            yield f"the container gets {source} of the host"


def _published(each: Started) -> Iterator[str]:
    for value in each.values("--publish"):
        parts = value.partition("/")[0].rsplit(":", 2)
        host = parts[0] if len(parts) > 2 else ""
        if len(parts) > 1 and parts[-1] in DATABASE_PORTS and DATABASES.search(each.image) and not LOOPBACK.match(host):
            yield f"a database is open to every network of the host (port {value})"


def _moving(each: Started) -> Iterator[str]:
    tag = tag_of(each.image)
    if tag is not None and tag.lower() in MOVING:
        yield moving(each.image, tag)
    elif tag == "" and "/" in each.image.strip("/") and re.fullmatch(r"[\w./:-]+", each.image):
        yield untagged(each.image)


_UNIT = "[Service]\nExecStartPre=-/usr/bin/docker rm -f a\nExecStart=/usr/bin/docker run --rm --name a {} \\\n  {} --save ''\n"
_KEPT = "docker run -d --restart unless-stopped {} {}\n"
_IMAGE = "redis:8.2.1"


def _both(option: str, image: str = _IMAGE) -> dict[str, str]:
    return {"units/a.service": _UNIT.format(option, image), "deploy.sh": _KEPT.format(option, image)}


RED_FLAGS = (
    RedFlag(
        "container/open-host", _NEVER, "error", "Give it the one capability, device or folder that it needs.",
        applies=_applies, check=_each(_opened),
        bad={**_both("--privileged -v /:/host"), "a.service": _UNIT.format("-v/var/run/docker.sock:/var/run/docker.sock", _IMAGE), "b.service": _UNIT.format("--security-opt seccomp=unconfined", _IMAGE),
             "c.service": _UNIT.format("--mount type=bind,source=/etc,target=/x", _IMAGE), "e.container": "[Unit]\nDescription=a\n[Container]\nImage=a/b:1\nPodmanArgs=--privileged\n", "f.container": "[Container]\nImage=a/b:1\nVolume=/run/docker.sock:/run/docker.sock\n", "d.service.d/run.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/podman run --cap-add=SYS_ADMIN a/b:1\n"},
        good={**_both("--read-only -v data:/data -v /etc/ssl:/etc/ssl -v /etc:/x:ro --cap-drop ALL"), "build.sh": "docker run --rm --privileged a/b:1\n", "tests/up.sh": _KEPT.format("--privileged", _IMAGE)},
    ),
    RedFlag(
        "container/open-database", _NEVER, "warning", "Bind it to this machine (127.0.0.1:5432:5432), or put both into one network.",
        applies=_applies, check=_each(_published),
        bad={**_both("-p 6379:6379"), "a.service": _UNIT.format("--publish=0.0.0.0:6379:6379", _IMAGE), "b.container": "[Container]\nImage=postgres:18\nPublishPort=5432:5432\n"},
        good={**_both("-p 127.0.0.1:6379:6379"), "a.service": _UNIT.format("-p 443:8443", "a/b:1"), "up.sh": "docker run -d -p 5432:5432 postgres:18\n"},
    ),
    RedFlag(
        "container/moving-image", "Use `latest` tag in production (always pin versions)", "warning", "Name a version, or a digest.",
        applies=_applies, check=_each(_moving),
        bad={**_both("-u 1:1", "redis:latest"), "a.service": _UNIT.format("--memory 1g", "ghcr.io/acme/web"), "b.container": "[Container]\nImage=docker.io/library/redis:latest\n"},
        good={**_both("-e A=latest"), "c.container": "[Container]\nImage=web.image\n", "b.container": "[Container]\nImage=docker.io/library/redis:8.2\nVolume=data.volume:/data\nPublishPort=127.0.0.1:1:1\n", "a.service": _UNIT.format("-it --network host", "ghcr.io/acme/web:${TAG}"), "up.sh": "docker run --rm a/b:latest\n"},
    ),
)  # fmt: skip
