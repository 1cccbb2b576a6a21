"""What people's own workflows do otherwise than a blueprint's: told with the line and what to put there, never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops.facts import Finding
from boringops_tools import red_flags
from boringops_tools.blueprints import pins, workflows_there
from boringops_tools.blueprints.context import Context
from boringops_tools.yaml_files import line_at

_MOST = 4
"""Files that are told one by one; `boringops check` lists them all."""


def remarks(context: Context) -> list[str]:
    """A sentence for each workflow and kind of difference; none where the workflows are as a blueprint's would be."""
    if "ci" not in context.wants or not context.apps:
        return []
    if not context.on_github:
        return _elsewhere(context)
    doubt = next((each for each in context.checking if each.path == context.ci_path), None)
    told = [list(_of(context, path)) for path in context.workflows]
    told = [each for each in told if each]
    rest = len(told) - _MOST
    more = (
        [f"{rest} more workflows are not pinned or name no permissions: `boringops check` lists them."]
        if rest > 0
        else []
    )
    unread = (
        [
            f"{doubt.unclear[0]}: what it calls cannot be read from here, so whether something tests is not certain and no "
            "workflow that tests is added."
        ]
        if doubt is not None and doubt.unclear and not doubt.tests and any(app.commands.test for app in context.apps)
        else []
    )
    return unread + [said for each in told[:_MOST] for said in each] + more


def _elsewhere(context: Context) -> list[str]:
    """Whole pipelines of other systems in which nothing tests, though the repository has tests."""
    tests = [(app, command) for app in context.apps for command in app.commands.test]
    found = []
    for path in context.told_pipelines.values():
        lines = [line for line in context.tree.text(path).splitlines() if not line.lstrip().startswith(("#", "//"))]
        opaque = any(re.search(r"\b(include|extends|orbs|template|library|load|trigger)\b", line) for line in lines)
        if tests and lines and not opaque and not any(workflows_there.tests(line) for line in lines):
            what = "; ".join(f"`{command.run}` for {app.name} ({command.source})" for app, command in tests)
            found.append(f"{path}: nothing in it tests; it stays. The blueprint has {what}.")
    return found


def _of(context: Context, path: str) -> Iterator[str]:
    text = context.tree.text(path)
    found = red_flags.of_text(context.tree.root, path, text)
    unpinned = [each for each in found if each.rule == "workflow/unpinned-uses" and each.line]
    if unpinned:
        yield (
            f"{path}:{_lines(unpinned)}: actions by tags, which can be moved; they stay. Put the commit of the version there, "
            f"and the version behind it{_example(text, unpinned)}."
        )
    if any(each.rule == "workflow/no-permissions" for each in found):
        yield (
            f"{path}:{line_at(text, ['jobs']) or 1}: no `permissions:`, so its token may do what the repository's settings grant; "
            "it stays. Put `permissions: {contents: read}` above the jobs, and more into those that write."
        )
    for each in found:
        if each.rule == "workflow/write-all":
            yield f"{path}:{each.line or 1}: {each.message}; it stays. {each.hint}"


def _lines(found: list[Finding]) -> str:
    return ", ".join(str(line) for line in sorted({each.line or 1 for each in found}))


def _example(text: str, found: list[Finding]) -> str:
    """One of them as it would be, where the table of pins knows the action."""
    rows = text.splitlines()
    known = pins.known_actions()
    for each in found:
        row = rows[(each.line or 1) - 1]
        name = next((name for name in known if f"{name}@" in row), "")
        if name:
            return f": line {each.line} in its newest version is `uses: {pins.action(name)}`"
    return ""
