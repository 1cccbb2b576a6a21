"""GitLab CI's `extends` carried out, as far as one file goes; and files that are included, known by their folder and shape."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import line_of

_FOLDER = lazy_pattern(
    r"\.gitlab/(?:.+/)?[^/]+\.ya?ml|(?:.*/)?\.?(?:gitlab(?:-ci)?|ci|pipelines?)/(?:[^/]+/)?[^/]+\.ya?ml", re.S
)
_JOB = frozenset(
    {"stage", "extends", "rules", "only", "needs", "environment", "before_script", "artifacts", "id_tokens", "tags"}
)
_OTHERS = frozenset({"jobs", "steps", "pipelines", "on", "apiVersion", "services", "tasks", "kind", "phases"})


@functools.lru_cache(maxsize=65536)
def may_be_included(path: str) -> bool:
    return bool(_FOLDER.fullmatch(path))


def looks_included(text: str) -> bool:
    return bool(re.search(r"(?m)^[ \t]+(?:script|extends|trigger)[ \t]*:", text))


def is_included(document: Any) -> bool:
    """Whether a document has the shape: jobs by name, each with a script and a word of GitLab's own."""
    if not isinstance(document, Mapping) or _OTHERS & {each for each in document if isinstance(each, str)}:
        return False
    jobs = [each for each in document.values() if isinstance(each, Mapping)]
    return any("script" in each and _JOB & set(each) for each in jobs)


def _names(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def extended(job: Mapping[Any, Any], known: Mapping[str, Mapping[Any, Any]], depth: int = 0) -> Mapping[Any, Any]:
    """A job with what it extends filled in, as far as that is in the file: keys of its own win, mappings are merged."""
    parents = [known[each] for each in _names(job.get("extends")) if each in known]
    if not parents or depth > 10:
        return job
    merged: dict[Any, Any] = {}
    layers = [*(extended(each, known, depth + 1) for each in parents), job]
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
            merged[key] = {**merged[key], **value} if both else value
    return _Merged(merged, layers)


class _Merged(dict[Any, Any]):
    """A mapping made of several, which takes a key's line from the one that brought it."""

    def __init__(self, values: Mapping[Any, Any], layers: list[Mapping[Any, Any]]) -> None:
        super().__init__(values)
        self.lc = self  # where `line_of` looks
        self._layers = layers

    def key(self, key: Any) -> tuple[int, int]:
        """As ruamel's own `lc.key`: line, from 0, and column. Raises KeyError."""
        for layer in reversed(self._layers):
            if key in layer and (line := line_of(layer, key)) is not None:
                return line - 1, 0
        raise KeyError(key)
