"""Commands people already wrote into a Makefile."""

from __future__ import annotations

import re

from boringops_tools.stack.facts import Command, Commands, Source
from boringops_tools.stack.tree import Tree, join

_TARGET = re.compile(r"^([A-Za-z][\w-]*)\s*:(?!=)")
_PURPOSES = {"lint": ("lint", "vet", "check-lint"), "test": ("test", "tests", "unit-test"), "build": ()}
_DOCKER = re.compile(r"\b(docker|docker-compose|podman|kubectl|vagrant)\b")


def commands(tree: Tree, folder: str) -> Commands:
    """`make lint` and `make test` where a target of that name exists and does not itself want a container engine."""
    path = join(folder, "Makefile")
    targets: dict[str, tuple[int, str]] = {}
    name = ""
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        if found := _TARGET.match(line):
            name = found[1]
            targets[name] = (number, line)
        elif line.startswith("\t") and name:
            targets[name] = (targets[name][0], targets[name][1] + line)
    return Commands(
        **{
            purpose: [
                Command(run=f"make {target}", source=Source(path=path, line=targets[target][0]))
                for target in wanted
                if target in targets and not _DOCKER.search(targets[target][1])
            ][:1]
            for purpose, wanted in _PURPOSES.items()
        }
    )
