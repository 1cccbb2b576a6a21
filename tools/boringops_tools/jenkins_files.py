"""Which files are pipelines of Jenkins, by their names."""

from __future__ import annotations

import functools
import re

# What ends otherwise speaks about a pipeline, tests one, or becomes one when it is rendered.
_PIPELINE = re.compile(
    r"(?:.*/)?(?:jenkinsfile(?:[.\-_](?![^/]*\.?(?:txt|md|bats|sh|py|ya?ml|json|j2|tmpl|tpl|template|erb)$)[^/]*)?|[^/]+\.jenkinsfile)",
    re.I | re.S,
)
_STEP = re.compile(r"(?:.*/)?vars/\w+\.groovy", re.S)


@functools.lru_cache(maxsize=65536)
def is_jenkinsfile(path: str) -> bool:
    """Jenkinsfile, Jenkinsfile.release, release.jenkinsfile."""
    return bool(_PIPELINE.fullmatch(path))


@functools.lru_cache(maxsize=65536)
def is_jenkins_library(path: str) -> bool:
    """Whether a file is a step that a shared library brings."""
    return bool(_STEP.fullmatch(path))
