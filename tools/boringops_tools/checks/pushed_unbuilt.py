"""Images that a pipeline pushes, and that none of its commands builds or tags."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.patterns import lazy_pattern

_TOOL = r"\b(?:docker|podman|nerdctl|buildah)\b"
_WORD = r"[\"']?((?:\$\{\{[^}\n]*\}\}|[^\s\"';&|])+)[\"']?"
_PUSH = lazy_pattern(rf"{_TOOL}(?:\s+image)?\s+push\s+(?:--?[\w=-]+\s+)*?{_WORD}(?=\s*(?:[;&|)]|$))", re.M)
_BUILD = lazy_pattern(rf"{_TOOL}[^\n;&|]*?\s(?:build|bud|buildx\s+build|commit)\s([^\n;&|]*)")
_TAG_OPTION = lazy_pattern(rf"(?:^|\s)(?:-t|--tag|--file-tag)[= ]{_WORD}")
_TAG = lazy_pattern(rf"{_TOOL}(?:\s+image)?\s+tag\s+\S+\s+{_WORD}")
# What brings images by names that no command shows.
_OTHERS = lazy_pattern(
    r"\bdocker(?:\s+|-)compose\b|\bbake\b|\bpull\b|\bload\b|\bimport\b|\bpack build\b|\bs2i\b|\bgradle|\bmvn|\bjib\b|\bmake\b|\bnix\b|\bbazel\b|\bskaffold\b|"
    r"\.sh\b|build-push-action|metadata-action|\bnpm run\b|\btask \b|\bjust \b|\bbuildah\s+(?:from|manifest)\b|packer|\bko\b|\bsam\b|\bcopilot\b"
)


def _name(word: str) -> str:
    """An image without its tag, and variables in the one way of writing; empty where a variable is all of it."""
    text = re.sub(
        r"\$\{\{\s*([^}\n]*?)\s*\}\}|\$\{([^}\n]*)\}|\$\((\w+)\)", lambda m: "$" + (m[1] or m[2] or m[3]), word
    )
    text = text.partition("@")[0]
    head, slash, last = text.rpartition("/")
    return head + slash + last.partition(":")[0]


def _unbuilt(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    joined = re.sub(r"\\\n\s*", " ", text)
    if "push" not in text or _OTHERS.search(joined):
        return
    made = {_name(word) for options in _BUILD.findall(joined) for word in _TAG_OPTION.findall(f" {options}")}
    made |= {_name(word) for word in _TAG.findall(joined)}
    # A name that is a variable whole may be any.
    if not made or any("/" not in each or posixpath.basename(each).startswith("$") for each in made):
        return
    for match in _PUSH.finditer(joined):
        name = _name(match[1])
        if "/" not in name or "$" in posixpath.basename(name) or name in made or name.startswith(("$", "-")):
            continue
        number = next((at for at, line in enumerate(text.splitlines(), 1) if match[1] in line and "push" in line), None)
        yield Hit(
            number, f"`{name}` is pushed, and nothing here builds it; what is built is {', '.join(sorted(made)[:3])}"
        )


_CI = "a:\n  script:\n    - docker build {}-t registry.example.com/shop/web:$T .\n    - docker push {}\n"
_GH = 'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: docker build --tag "ghcr.io/a/{}:$GITHUB_SHA" .\n      - run: docker push "ghcr.io/a/web:${{{{ github.sha }}}}"\n'
_W = "registry.example.com/shop/web:$T"

RULES = (
    Rule("consistency/unbuilt-image", "error", "The push fails: push the image under the name that it is built with.", "docker push: an image that does not exist locally with the tag cannot be pushed.", is_pipeline, _unbuilt,
         bad=({".gitlab-ci.yml": _CI.format("", "registry.example.com/shop/wep:$T")}, {".github/workflows/a.yml": _GH.format("site")}, {"Jenkinsfile": "sh 'docker build -t a.b/c/d:1 .'\nsh 'docker push a.b/c/e:1'\n"}, {".gitlab-ci.yml": "a:\n  script:\n    - buildah bud -f Dockerfile -t a.b/$P/d:1 .\n    - buildah push a.b/$P/e:1\n"}),
         good=({".gitlab-ci.yml": _CI.format("", _W)}, {".github/workflows/a.yml": _GH.format("web")}, {".gitlab-ci.yml": _CI.format("", "registry.example.com/shop/web:latest")}, {".gitlab-ci.yml": _CI.format("", "$IMAGE:$T")}, {".gitlab-ci.yml": _CI.format("", "registry.example.com/shop/wep:$T") + "    - ./build.sh\n"},
               {".gitlab-ci.yml": _CI.format("-t a.b/c/$NAME ", "a.b/c/d")}, {".gitlab-ci.yml": "a:\n  script:\n    - docker build -t a.b/c:1 .\n    - docker tag a.b/c:1 d.e/c:1\n    - docker push --quiet d.e/c:1\n"})),
)  # fmt: skip
