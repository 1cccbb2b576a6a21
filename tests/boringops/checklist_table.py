"""docs/checklist.md from the rules: `python -m tests.boringops.checklist_table` writes it, a test holds it to them."""

from __future__ import annotations

from pathlib import Path

from boringops import persona
from boringops.checklist import Rule, sections
from boringops.checklist_rules import RULES
from boringops_tools.toolset import all_tools

DOCUMENT = Path(__file__).parents[2] / "docs" / "checklist.md"
_INTRODUCTION = """# How each checklist item is settled

The items of the shipped persona, and what becomes of each. Written by `make checklist` from the rules in
`agent/boringops/checklist_rules.py`; a test holds the two together.

An item is settled by the first of these that applies:

1. **Proof**: what the runtime looks at itself. No claim of the model overrules it.
2. **Needs**: files of such a kind are in the repository. Without them the item does not apply, or is handed over as told.
3. **Attested**: the model cites a result or a line of this run, and that has to say one of the words given.
4. **People**: only they can do it. It is handed over with these words, whatever the model says.
5. What the run left as it found it is handed over to the owners of the file. A thing marked *must* can be handed over
   only by a run that made no file of the kind, or wrote documents alone.
6. Otherwise the item is open, and the run is not done.

A persona with other items meets the same rules where it words them alike; what no rule matches the model attests.
"""


def render() -> str:
    who = persona.load(persona.shipped() / "devops-infrastructure.md", known_tools=[tool.name for tool in all_tools()])
    parts = [_INTRODUCTION]
    for section in sections(who.protocol):
        parts += [f"## {section.title}", "", "| item | rule | how it is settled |", "|---|---|---|"]
        for item in section.items:
            rule = next(rule for rule in RULES if rule.matches(item.text))
            parts.append(f"| {_cell(item.text)} | {rule.name} | {_cell(settled(rule))} |")
        parts.append("")
    return "\n".join(parts)


def settled(rule: Rule) -> str:
    """What can become of the items of a rule, in words."""
    said = []
    if rule.check:
        said.append(f"**Proof**: {rule.check.__doc__}.")
    if rule.needs:
        absent = f"handed over: {rule.absent}" if rule.absent else "not applicable"
        said.append(f"**Needs** {rule.needs.label}; without: {absent}.")
    if rule.people:
        said.append(f"**People**: {rule.people}.")
    else:
        words = f" with {', '.join(f'`{word}`' for word in rule.shown_by.split('|'))}" if rule.shown_by else ""
        said.append(f"**Attested**{words}{'; *must*' if rule.doable else ''}.")
    return " ".join(said)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(render())
