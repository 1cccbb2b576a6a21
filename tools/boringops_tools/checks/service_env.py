"""What files of variables tell the services of Compose: where they are in the repository, or an example shows them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.checks.base import Files

_EXAMPLES = ("{0}.example", "{0}.sample", "{0}.template", "{0}.dist", "example{0}")


def may_tell_port(files: Files, path: str, service: Mapping[Any, Any], port: int) -> bool:
    """Whether a service's `env_file` may make its program listen on a port."""
    if "env_file" not in service:
        return False
    given = service["env_file"]
    texts: list[str] = []
    for each in given if isinstance(given, list) else [given]:
        name = each.get("path") if isinstance(each, Mapping) else each
        text = _text(files, path, str(name))
        if text is None:
            return True
        texts.append(text)
    return re.search(rf"(?<!\d){port}(?!\d)", "\n".join(texts)) is not None


def _text(files: Files, path: str, name: str) -> str | None:
    """The text of a file of variables, or of its example; null where the repository has neither."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    if place in files.known:
        return files.text(place)
    folder, base = posixpath.split(place)
    examples = [posixpath.join(folder, each.format(base)) for each in _EXAMPLES]
    return next((files.text(each) for each in examples if each in files.known), None)
