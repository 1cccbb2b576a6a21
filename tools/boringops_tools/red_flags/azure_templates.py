"""Templates of Azure Pipelines: files of any name, known by the folder they lie in and by their shape."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_azure, is_workflow

_FOLDER = lazy_pattern(
    r"(?:.*/)?(?:\.?pipelines?|\.?ci|cicd|templates?|\.?azure[\w.-]*|\.?ado|\.?devops|\.?build|jobs|steps|stages)/[^/]+\.ya?ml",
    re.I | re.S,
)
_STEP = frozenset({"task", "script", "bash", "pwsh", "powershell", "template", "checkout", "publish", "download"})
_LOOKS = lazy_pattern(r"(?m)^\s*-\s+(?:task|deployment|stage|job)\s*:")


@functools.lru_cache(maxsize=65536)
def may_be_template(path: str) -> bool:
    return is_azure(path) or (
        bool(_FOLDER.fullmatch(path)) and not is_workflow(path) and not path.startswith(".circleci/")
    )


def looks_like_template(text: str) -> bool:
    """Whether it is worth to read a text: neither Helm's nor Jinja's, with a word of Azure's."""
    return bool(_LOOKS.search(text)) and not re.search(r"(?<!\$)\{\{|\{%", text)


def is_template(document: Any) -> bool:
    """Whether a document has the shape: lists of stages, jobs or steps, as no other system has them."""
    if not isinstance(document, Mapping):
        return False
    for key, words in (("stages", {"stage", "template"}), ("jobs", {"job", "deployment", "template"})):
        members = document.get(key)
        if isinstance(members, list) and members:
            return any(isinstance(each, Mapping) and words & set(each) for each in members)
    steps = document.get("steps")
    mappings = [each for each in steps if isinstance(each, Mapping)] if isinstance(steps, list) else []
    return any("task" in each or ("displayName" in each and _STEP & set(each)) for each in mappings)
