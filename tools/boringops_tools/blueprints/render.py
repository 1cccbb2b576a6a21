"""Filling the templates that are shipped with the package."""

from __future__ import annotations

import json
import re
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

from boringops_tools.blueprints import pins
from boringops_tools.blueprints.cloud import hcl_text
from boringops_tools.stack.environment import is_public

if TYPE_CHECKING:
    from jinja2 import Environment


class _AsOf:
    """The day of the pins in force: of the table, or of the repository's own."""

    def __str__(self) -> str:
        return pins.as_of()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - no HTML is made
        loader=PackageLoader("boringops_tools.blueprints"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "json": quoted,
        "yaml": scalar,
        "groovy": groovy,
        "plain": plain,
        "comment": comment,
        "cell": cell,
        "argv": json.dumps,
    }
    environment.filters |= {"hcl": hcl_text.quoted, "hcl_list": hcl_text.listed, "code": "`{}`".format}
    environment.tests["match_public"] = is_public
    environment.globals |= {"wait": wait, "run": script, "action": pins.action, "pins_as_of": _AsOf()}
    return environment


def quoted(value: Any) -> str:
    """A value as JSON, which YAML reads as the same value."""
    return json.dumps(str(value), ensure_ascii=False)


def scalar(value: Any) -> str:
    """A string as YAML that reads well: plain where that is safe, else in single quotes, where nothing is escaped."""
    text = str(value)
    if re.fullmatch(r"[A-Za-z./][\w ./=@+-]*\w", text) and text.lower() not in {
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    }:
        return text
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]", text):
        return quoted(text)
    return "'" + text.replace("'", "''") + "'"


def groovy(value: Any) -> str:
    """A string of Groovy in single quotes: nothing in it is interpolated."""
    text = re.sub(r"[\x00-\x1f\x7f]", " ", str(value))
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def script(lines: list[str]) -> str:
    """Shell lines as the value of `run:` in a step: plain where YAML takes them so, else a block."""
    simple = re.compile(r"[\w./][\w ./=@,-]*")
    if len(lines) == 1 and simple.fullmatch(lines[0]):
        return lines[0]
    return "|" + "".join(f"\n          {line}" for line in lines)


def wait(host: str, port: int) -> str:
    """A shell line that waits until a service takes connections, and fails when it never does."""
    return f"timeout 60 bash -c 'until (exec 3<>/dev/tcp/{host}/{port}) 2>/dev/null; do sleep 1; done'"


def plain(value: Any) -> str:
    """Text from the repository on one line of a comment: no control characters."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", str(value))[:160]


def comment(text: str, sign: str = "#") -> str:
    """Text as lines of a comment, as wide as the rest."""
    return textwrap.fill(
        " ".join(text.split()), 128, initial_indent=f"{sign} ", subsequent_indent=f"{sign} ", break_on_hyphens=False
    )


def cell(value: Any) -> str:
    """Text from the repository in Markdown: it can neither end a table's cell nor start markup."""
    return re.sub(r"[|`<>]", " ", plain(value)).strip()


def render(template: str, **values: Any) -> str:
    """The filled template; runs of empty lines that unused parts leave are folded, and it ends with one newline."""
    text = _environment().get_template(template).render(**values)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
