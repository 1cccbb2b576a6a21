"""CircleCI: jobs for tags behind jobs that no tag starts, and commands that others have a word in."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_circleci, walk


def _applies(path: str) -> bool:
    return is_circleci(path)


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

_FOREIGN = lazy_pattern(
    r"<<\s*pipeline\.(?:git\.branch|git\.tag|git\.commit\.(?:subject|body|message|author_name|author_login)|trigger_parameters\.\w+\.(?:branch|tag|commit_message|commit_title|user_username|head_ref))\s*>>"
)


def _untrusted(files: Files, path: str) -> Iterator[Hit]:
    """Names and words that whoever opens a pull request chooses, put into a command before the shell reads it."""
    for document in files.documents(path):
        for parent, key, value in walk(document):
            if key in ("run", "command") and isinstance(value, str) and (match := _FOREIGN.search(value)):
                yield Hit(at((parent, key)), f"CircleCI puts {match[0]}, which others write, into the command")


_RUN = "version: 2.1\njobs:\n  a:\n    steps:\n      - run: git checkout {}\n"

RULES = (
    Rule("circleci/untrusted", "warning", "Hand it over in `environment`, or take CIRCLE_BRANCH, and quote it.", "CircleCI, Pipeline values: they are put into the configuration before anything runs.", _applies, _untrusted,
         bad=({_C: _RUN.format("<< pipeline.git.branch >>")},), good=({_C: _RUN.format("<< pipeline.git.revision >> && echo \"$CIRCLE_BRANCH\"")},)),
    Rule("circleci/tag-filter", "error", "Give the required job a filter for the same tags.", "CircleCI, Configuration reference, tags: a job needs tags filters, and so do all that it requires, to run for a tag.", _applies, _tagless,
         bad=({_C: _WORKFLOW.format("")},), good=({_C: _WORKFLOW.format(": {filters: {tags: {only: /.*/}}}")},)),
)  # fmt: skip
