"""CircleCI: machines and images that are gone, steps without what they need, files that a cache is keyed by."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes_values import bad_cron
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_circleci, walk

_GONE = lazy_pattern(r"ubuntu-1[46]04:\S+|circleci/classic:\S+|windows-server-2019\S*:20(?:19|20|21)\S*")
_LEGACY = lazy_pattern(
    r"circleci/(?:android|buildpack-deps|clojure|dynamodb|elixir|golang|jruby|mariadb|mongo|mysql|node|openjdk|php|postgres|python|redis|ruby|rust)(?::\S*)?"
)
_CLASSES = frozenset({"small", "medium", "medium+", "large", "large+", "xlarge", "xlarge+", "2xlarge", "2xlarge+"})
_KINDS = ("docker", "machine", "macos", "executor")
# Steps that say nothing without what they are given.
_NEED = frozenset(
    {
        "run",
        "save_cache",
        "restore_cache",
        "persist_to_workspace",
        "attach_workspace",
        "store_artifacts",
        "store_test_results",
        "when",
        "unless",
    }
)
# Files that a project has in its repository: what another one of a name of its own is made of nobody knows.
_WRITTEN_BY_HAND = lazy_pattern(
    r"(?:package(?:-lock)?|npm-shrinkwrap|composer)\.json|(?:yarn|Gemfile|Cargo|poetry|uv|Pipfile|composer|mix|Podfile|bun|pdm|pubspec|Package)\.(?:lock|resolved)|"
    r"pnpm-lock\.yaml|gems\.locked|go\.(?:sum|mod)|[\w-]*requirements[\w-]*\.(?:txt|in)|pom\.xml|build\.gradle(?:\.kts)?|pyproject\.toml|setup\.(?:py|cfg)|project\.clj|deps\.edn|build\.sbt"
)
_CHECKSUM = lazy_pattern(r"\{\{\s*checksum\s+\"([^\"$<{]+)\"\s*\}\}")


def _applies(path: str) -> bool:
    return path.endswith((".circleci/config.yml", ".circleci/config.yaml")) or is_circleci(path)


def _config(files: Files, path: str) -> Mapping[Any, Any]:
    found = files.documents(path)
    return mapping(found[0]) if found else {}


def _holders(config: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Jobs and executors by name."""
    for group in ("jobs", "executors"):
        for name, holder in mapping(config, group).items():
            yield str(name), mapping(holder)


def _machines(files: Files, path: str) -> Iterator[Hit]:
    for name, holder in _holders(_config(files, path)):
        kinds = [each for each in _KINDS if each in holder]
        if len(kinds) > 1:
            yield Hit(
                at((holder, kinds[1])), f"`{name}` has both `{kinds[0]}` and `{kinds[1]}`: it runs on one of them"
            )
        size = holder.get("resource_class")
        if isinstance(size, str) and re.fullmatch(r"[\w+]+", size) and size not in _CLASSES:
            yield Hit(
                at((holder, "resource_class")), f"there is no resource class `{size}`: {', '.join(sorted(_CLASSES))}"
            )
        machine = holder.get("machine")
        if machine is True and "/" not in str(size or "") and "<<" not in str(size or ""):
            yield Hit(
                at((holder, "machine")),
                f"`{name}` names no image: which one it runs on is for CircleCI to say",
                severity="warning",
            )
        image = mapping(machine).get("image")
        if isinstance(image, str) and _GONE.fullmatch(image):
            yield Hit(at((machine, "image")), f"CircleCI has no machines `{image}` any more")
        for each in map(mapping, listed(holder.get("docker"))):
            image = str(each.get("image", ""))
            if _LEGACY.fullmatch(image):
                yield Hit(
                    at((each, "image")),
                    f"`{image}` gets no updates since 2021: `cimg/` has its successors",
                    severity="warning",
                )
    for parent, key, value in walk(_config(files, path)):
        version = mapping(value).get("version") if key == "setup_remote_docker" else None
        if isinstance(version, str) and re.match(r"1[789]\.", version):
            yield Hit(at((value, "version")), f"CircleCI has no Docker {version} any more")
        if key == "cron" and isinstance(value, str) and "<<" not in value and (wrong := bad_cron(value)):
            yield Hit(at((parent, key)), f"schedule `{value}`: {wrong}")


def _bare(files: Files, path: str) -> Iterator[Hit]:
    for _, key, value in walk(_config(files, path)):
        for position, step in enumerate(listed(value)) if key == "steps" else ():
            if isinstance(step, str) and step in _NEED:
                yield Hit(at((value, position)), f"the step `{step}` is not told what to work on")


def _checksums(files: Files, path: str) -> Iterator[Hit]:
    """Files that are nowhere: neither in the repository nor in what a command says."""
    text = files.text(path)
    if re.search(r"\bworking_directory\s*:", text) or not path.startswith(".circleci/") or len(files.known) < 2:
        return
    for parent, key, value in walk(_config(files, path)):
        for name in _CHECKSUM.findall(value) if isinstance(value, str) else ():
            place = posixpath.normpath(name)
            base = posixpath.basename(place)
            if not _WRITTEN_BY_HAND.fullmatch(base):
                continue  # a script may make it
            elsewhere = re.sub(r"checksum\s+\"[^\"]*\"", "", text)
            if place.startswith(("/", "~", "..")) or base in files.by_name or base in elsewhere or files.ignored(place):
                continue
            yield Hit(at((parent, key)), f"there is no `{name}` to take a checksum of")


_C = ".circleci/config.yml"


def _job(more: str, steps: str = "checkout") -> dict[str, str]:
    return {_C: f"version: 2.1\njobs:\n  a:\n    {more}\n    steps: [{steps}]\n", "yarn.lock": "a\n"}


_D = "docker: [{image: 'cimg/node:22.11.0'}]"
_CRON = "version: 2.1\nworkflows:\n  n:\n    triggers: [{{schedule: {{cron: '{}', filters: {{branches: {{only: main}}}}}}}}]\n    jobs: [a]\n"
_DOC = "CircleCI configuration reference"

RULES = (
    Rule("circleci/machine", "error", "Take a machine, an image and a size that there are, one of each.", f"{_DOC}: executors, resource_class; CircleCI, deprecation of convenience images and machine images; schedule takes five fields.", _applies, _machines,
         bad=(_job("machine: {image: 'ubuntu-1604:202104-01'}"), _job("machine: true"), _job(f"{_D}\n    machine: {{image: 'ubuntu-2404:2024.05.1'}}"), _job(f"{_D}\n    resource_class: huge"), _job("docker: [{image: 'circleci/node:12'}]"), _job(_D, "{setup_remote_docker: {version: 19.03.13}}"), {_C: _CRON.format("0 2 * *")}),
         good=(_job("machine: {image: 'ubuntu-2404:2024.05.1'}\n    resource_class: arm.medium"), _job("machine: true\n    resource_class: acme/runner"), _job(f"{_D}\n    resource_class: 2xlarge+"), _job("docker: [{image: 'circleci/runner:launch-agent'}]"), _job(_D, "{setup_remote_docker: {version: docker24}}"), _job("macos: {xcode: 16.0.0}\n    resource_class: m4pro.medium"), {_C: _CRON.format("0 2 * * *")}, _job("executor: a\n    resource_class: << parameters.b >>"))),
    Rule("circleci/bare-step", "error", "CircleCI refuses the configuration: give the step its parameters.", f"{_DOC}: each of these steps has a parameter that is required.", _applies, _bare,
         bad=(_job(_D, "checkout, attach_workspace"), _job(_D, "run")), good=(_job(_D, "checkout, {attach_workspace: {at: .}}, setup_remote_docker, add_ssh_keys"),)),
    Rule("circleci/checksum", "error", "The step fails: name a file that is there.", f"{_DOC}, restore_cache: checksum reads the file.", _applies, _checksums,
         bad=(_job(_D, "{restore_cache: {key: 'a-{{ checksum \"package-lock.json\" }}'}}"),),
         good=(_job(_D, "{restore_cache: {key: 'a-{{ checksum \"yarn.lock\" }}'}}"), _job(_D, "{run: date > week.txt}, {restore_cache: {key: 'a-{{ checksum \"week.txt\" }}'}}"), _job(_D, "{restore_cache: {key: 'a-{{ checksum \"/tmp/x\" }}'}}"))),
)  # fmt: skip
