"""CircleCI: jobs for tags behind jobs that no tag starts."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping


def _applies(path: str) -> bool:
    return path in (".circleci/config.yml", ".circleci/config.yaml")


def _uses(workflow: Any) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for each in listed(mapping(workflow).get("jobs")):
        if isinstance(each, str):
            yield each, {}
        for name, how in each.items() if isinstance(each, Mapping) else ():
            yield str(mapping(how).get("name", name)), mapping(how)


def _tagless(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for workflow in mapping(document, "workflows").values():
            uses = dict(_uses(workflow))
            for name, how in uses.items():
                if "only" not in mapping(how, "filters", "tags"):
                    continue
                wanted = listed(how.get("requires"))
                for position, other in enumerate(wanted):
                    if (
                        isinstance(other, str)
                        and other in uses
                        and not {"only", "ignore"} & set(mapping(uses[other], "filters", "tags"))
                    ):
                        yield Hit(
                            at((wanted, position), (how, "requires")),
                            f"`{name}` is for tags, and `{other}`, which it requires, runs for no tag",
                        )


_C = ".circleci/config.yml"
_WORKFLOW = "version: 2.1\njobs: {{a: {{}}, b: {{}}}}\nworkflows:\n  w:\n    jobs:\n      - a{}\n      - b: {{requires: [a], filters: {{tags: {{only: /v.*/}}}}}}\n"

RULES = (
    Rule("circleci/tag-filter", "error", "Give the required job a filter for the same tags.", "CircleCI, Configuration reference, tags: a job needs tags filters, and so do all that it requires, to run for a tag.", _applies, _tagless,
         bad=({_C: _WORKFLOW.format("")},), good=({_C: _WORKFLOW.format(": {filters: {tags: {only: /.*/}}}")},)),
)  # fmt: skip
