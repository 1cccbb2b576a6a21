"""Digests of images that are none: what is pinned by them cannot be pulled."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import is_yaml

_DIGEST = lazy_pattern(r"(?:@|\bdigest:\s*[\"']?)sha256:([0-9a-zA-Z]+)(?![\w<{$.…*])")
_PLACE = lazy_pattern(
    r"^\s*(?:-\s*)?(?:FROM|COPY|image|name|newName|digest|container|uses|[\w.-]*[iI]mage[\w.-]*)\b|docker://"
)
_STAND_IN = lazy_pattern(r"(?i)^(?:x+|0+|abc\w*|\.+|your\w*|digest|hash)$")


def _digests(_: str, text: str) -> Iterable[Hit]:
    if "sha256:" not in text:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not _PLACE.search(line):
            continue
        for word in _DIGEST.findall(line):
            if not re.fullmatch(r"[0-9a-f]{64}", word) and not _STAND_IN.match(word):
                yield Hit(
                    number, f"`sha256:{word[:12]}…` is no digest: it has {len(word)} digits, not 64 of 0-9 and a-f"
                )


def _applies(path: str) -> bool:
    return (is_dockerfile(path) or is_yaml(path)) and not re.search(
        r"(?i)(?:^|/)(?:tests?|testdata|fixtures?)/", posixpath.dirname(path) + "/"
    )


_WHOLE = "sha256:" + "0123456789abcdef" * 4
RED_FLAGS = (
    RedFlag(
        "image/digest",
        "Use `latest` tag in production (always pin versions)",
        "error",
        "Copy the whole digest, as the registry tells it.",
        applies=_applies,
        check=_digests,
        bad={
            "Dockerfile": "FROM debian:12@sha256:c5d6e7f8091a\n",
            "k8s/a.yaml": f"spec:\n  image: a/b:1@{_WHOLE}f\n",
            "kustomization.yaml": "images:\n  - name: a\n    digest: sha256:c5d6e7f8091a2b3c4d5e\n",
        },
        good={
            "Dockerfile": f"FROM debian:12@{_WHOLE}\n# FROM a@sha256:abc\n",
            "k8s/a.yaml": "spec:\n  image: a/b@sha256:${DIGEST}\n  other: a/b@sha256:xxxx\n",
            "k8s/b.yaml": "a: |\n  the digest sha256:12 is short\n",
        },
    ),
)  # fmt: skip
