"""Files that hold the values of an environment: read as names, and a source of values to be masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops.secrets.finding import redacted

_HARMLESS_ENV = re.compile(r"(?i)[._\-](?:example|sample|template|tmpl|dist|defaults?|schema|d\.ts)$")
_ENV_LINE = re.compile(r"^(\s*(?:#+\s*)?(?:export\s+)?)([A-Za-z_][\w.\-]*)\s*=[ \t]*(.*)$", re.S)


def env_file(path: str) -> bool:
    """Whether a file holds the values of an environment, so that only its names may be shown."""
    name = PurePosixPath(path).name.lower()
    if _HARMLESS_ENV.search(name):
        return False
    return name in (".env", ".envrc") or name.startswith(".env.") or name.endswith(".env")


def env_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """(what stands before the name, name, value) of each line; the name is empty where a line is no assignment."""
    lines = iter(text.splitlines())
    for line in lines:
        match = _ENV_LINE.match(line)
        if match is None:
            yield line, "", ""
            continue
        before, name, value = match.groups()
        if value[:1] in ('"', "'") and value.count(value[0]) == 1 and "#" not in before:
            opening = value[0]
            for more in lines:  # a value over several lines, as keys are
                value += "\n" + more
                if opening in more:
                    break
        yield before, name, _unquoted(value)


def _unquoted(value: str) -> str:
    if value[:1] in ('"', "'", "`") and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value, maxsplit=1)[0].strip()


def names_only(text: str) -> str:
    """An .env file as it may be shown: names with `<secret>` for what they hold, secrets in comments masked."""
    shown = []
    for before, name, value in env_lines(text):
        if name:
            shown.append(f"{before}{name}={'<secret>' if value else ''}")
        elif not before.strip() or before.lstrip().startswith("#"):
            shown.append(redacted(before))
        else:
            shown.append("<secret>")  # whatever this is, it may be the rest of a value
    return "\n".join(shown) + ("\n" if text.endswith("\n") else "")
