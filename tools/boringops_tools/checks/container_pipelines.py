"""Drone and Woodpecker: what steps and pipelines depend on, secrets by their key, and steps that are root on the node."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of
from boringops_tools.red_flags.more_pipelines import container_steps, is_drone, is_woodpecker
from boringops_tools.yaml_files import walk


def _depends(files: Files, path: str) -> Iterator[Hit]:
    documents = [each for each in files.documents(path) if isinstance(each, Mapping)]
    pipelines = {text_of(each.get("name", "default")) for each in documents if each.get("kind") == "pipeline"}
    for document in documents:
        steps = container_steps(document)
        known = (
            {name for name, _ in steps}
            | {text_of(mapping(each).get("name")) for each in listed(document.get("services"))}
            | {"clone"}
        )
        for name, step in steps:
            for position, other in enumerate(listed(step.get("depends_on"))):
                if isinstance(other, str) and other not in known and "$" not in other:
                    yield Hit(
                        at((step["depends_on"], position)),
                        f"step `{name}` depends on `{other}`, which is no step of this pipeline",
                    )
        for position, other in enumerate(
            listed(document.get("depends_on")) if document.get("kind") == "pipeline" else ()
        ):
            if isinstance(other, str) and other not in pipelines:
                yield Hit(
                    at((document["depends_on"], position)),
                    f"the pipeline depends on `{other}`; the file has {', '.join(sorted(pipelines))}",
                )


def _secrets(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        for _, _, value in walk(document):
            if isinstance(value, Mapping) and len(value) == 1:
                key = next(iter(value))
                if (
                    isinstance(key, str)
                    and key != "from_secret"
                    and difflib.get_close_matches(key, ["from_secret"], 1, 0.85)
                ):
                    yield Hit(
                        at((value, key)), f"`{key}` is handed over as it is: the key of a secret is `from_secret`"
                    )


def _privileged(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path):
        # A service of Docker in Docker has to be: steps do not.
        for name, step in container_steps(document) if isinstance(document, Mapping) else ():
            if step.get("privileged") is True:
                yield Hit(at((step, "privileged")), f"the step `{name}` is root on the node that runs it")


def _applies(path: str) -> bool:
    return is_drone(path) or is_woodpecker(path)


_D, _W = ".drone.yml", ".woodpecker.yml"
_STEP = "kind: pipeline\ntype: docker\nname: a\nsteps:\n- {{name: b, image: 'c:1', commands: [d]}}\n- {{name: e, image: 'c:1', {}}}\n"

RULES = (
    Rule("drone/depends-on", "error", "The pipeline is refused: name a step of it, or a pipeline of the file.", "Drone and Woodpecker documentation: depends_on names steps of the same pipeline, or pipelines of the file.", _applies, _depends,
         bad=({_D: _STEP.format("depends_on: [bb]")}, {_D: _STEP.format("commands: [f]") + "---\nkind: pipeline\nname: z\ndepends_on: [default]\nsteps: []\n"}, {_W: "steps:\n  b: {image: 'c:1', depends_on: [x]}\n"}),
         good=({_D: _STEP.format("depends_on: [b, clone]") + "---\nkind: pipeline\nname: z\ndepends_on: [a]\nsteps: []\n"}, {_W: "depends_on: [other-file]\nsteps:\n  b: {image: 'c:1'}\n  d: {image: 'c:1', depends_on: [b]}\n"})),
    Rule("drone/secret-key", "error", "Write `from_secret`.", "Drone and Woodpecker documentation: from_secret takes a value from the secrets.", _applies, _secrets,
         bad=({_D: _STEP.format("settings: {password: {from_secrets: x}}")},), good=({_D: _STEP.format("settings: {password: {from_secret: x}, a: {secret: b}}")},)),
    Rule("drone/privileged", "warning", "Build images with a builder that needs no root, such as kaniko or rootless buildkit.", "Docker Engine security: --privileged is root on the node.", _applies, _privileged,
         bad=({_D: _STEP.format("privileged: true")},), good=({_D: _STEP.format("privileged: false") + "services: [{name: d, image: 'docker:27-dind', privileged: true}]\n"},)),
)  # fmt: skip
