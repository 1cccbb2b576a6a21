"""The image that a pipeline pushes, against the one that Compose runs."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.deploys import is_pipeline, workloads
from boringops_tools.checks.resolved import resolved
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_NAME = r"(?P<name>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/[a-z0-9._-]+)+)"
_PUSHED = lazy_pattern(
    rf"(?m)(?:\b(?:docker|podman|buildah)\s+(?:image\s+|manifest\s+)?push\s+(?:--?[\w=-]+\s+)*|--destination[= ]|^\s*(?:- )?tags:\s*(?:\|\s*\n\s*)?)[\"']?(?:docker://)?{_NAME}(?=[:@\"'\s]|$)"
)
_ASIDE = lazy_pattern(r"(?i)(?:^|[/._-])(?:examples?|samples?|tests?|docs?|local|dev|override)(?=[/._-])")


def _run(files: Files) -> set[str]:
    """The images with a registry that services run, without their tags."""
    found: set[str] = set()
    for path in (each for each in files.all if is_compose(each) and not _ASIDE.search(each)):
        for _, service in consistency.services(files, path):
            match = re.match(rf"{_NAME}(?=[:@]|$)", str(service.get("image") or ""))
            if match:
                found.add(match["name"])
    return found


def _pushes(files: Files, path: str) -> Iterator[Hit]:
    text = resolved(files, path)
    pushed = {match["name"]: match for match in _PUSHED.finditer(text)}
    if len(pushed) != 1 or workloads(files):
        return
    run: set[str] = files.once(_run)
    name, match = next(iter(pushed.items()))
    beside = sorted(each for each in run if posixpath.dirname(each) == posixpath.dirname(name))
    # Of several images of one place, another pipeline may push the rest.
    here = beside and re.search(rf"{re.escape(beside[0])}(?![\w/-])", text)
    if name not in run and len(beside) == 1 and not here:
        yield Hit(text.count("\n", 0, match.start("name")) + 1, f"`{name}` is pushed, and `{beside[0]}` is what runs")


_C = {"compose.yml": "services:\n  a:\n    build: .\n    image: registry.acme.example/shop:${V:?}\n"}
_L = "a:\n  script:\n    - buildah build -t {0}:$T .\n    - buildah push {0}:$T\n"

RULES = (
    Rule("consistency/compose-pushed", "warning", "Run the image that is pushed, under its one name.", "An image is known by registry, name and tag.", is_pipeline, _pushes,
         bad=({**_C, ".gitlab-ci.yml": _L.format("registry.acme.example/shop-web")}, {**_C, "Jenkinsfile": "sh 'docker push registry.acme.example/shopp:1'\n"}, {**_C, ".github/workflows/a.yml": "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          tags: registry.acme.example/web:1\n"}),
         good=({**_C, ".gitlab-ci.yml": _L.format("registry.acme.example/shop")}, {**_C, ".gitlab-ci.yml": _L.format("registry.acme.example/base/web")}, {**_C, ".gitlab-ci.yml": _L.format("$CI_REGISTRY_IMAGE")}, {"compose.yml": "services: {a: {image: 'registry.acme.example/b:1'}, c: {image: 'registry.acme.example/d:1'}}\n", ".gitlab-ci.yml": _L.format("registry.acme.example/shop")})),
)  # fmt: skip
