"""Beginning a long conversation anew from the record, when it nears the end of the model's context.

No model summarises: plan, answers, findings and the user's words are carried over word for word, and what tools said
is listed by its evidence label, so that claims can still point to it. A new conversation is the only sound way: signed
thinking binds every block to all that stood before it, so nothing of the old one could be edited (Messages API).
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection

from boringops.calls import Evidence
from boringops.plan import render
from boringops.state import State

SHARE = 0.8
"""Of the model's context window; what is left has room for the reply and for what the next calls bring."""
CHARACTERS_PER_TOKEN = 3
LISTED = 150
"""Tool results that are listed one by one; older ones are counted."""
WHOLE_CHARACTERS = 60_000
"""How much of the last results is carried over whole."""


def due(state: State, *, window: int, at: int | None = None) -> bool:
    """Whether the next prompt would pass `at` tokens (default: `SHARE` of the window), and beginning anew can help."""
    characters = sum(len(str(block)) for block in state.gathered)
    estimate = state.last_prompt + characters // CHARACTERS_PER_TOKEN
    return len(state.messages) > 2 and estimate > (at or window * SHARE)


def digest(state: State, *, not_told: Collection[str] = ()) -> str:
    """What happened so far, for a model that has only the first message before it. `not_told` are texts to leave out."""
    parts = [
        "# The run so far\n\nThe conversation grew too long, so it begins anew here. All that follows is from the run's record. "
        f"You are in the {state.phase} phase, every rule still holds, and evidence labels stay what they were. Read again what "
        "you need to see."
    ]
    for call_id, answer in state.answers.items():
        asked = state.submitted.get(call_id)
        questions = "\n".join(f"- {question.question}" for question in asked.questions) if asked else ""
        parts.append(f"## You asked, and the user answered\n\n{questions}\n\n{answer}".replace("\n\n\n\n", "\n\n"))
    if state.plan is not None:
        parts.append(f"## The plan, as approved\n\n{render(state.plan).strip()}")
    refused = [reason for reason in state.refused_calls.values() if reason]
    if refused:
        parts.append("## Plans were refused because\n\n" + "\n".join(f"- {reason}" for reason in refused))
    if state.changes:
        done = "\n".join(f"- {change.action} {path}" for path, change in sorted(state.changes.items()))
        parts.append(f"## Done on disk\n\n{done}")
    left = [file for file in state.plan.files if file.path not in state.changes] if state.plan else []
    if left and state.phase != "plan":
        parts.append("## Planned and not done yet\n\n" + "\n".join(f"- {file.action} {file.path}" for file in left))
    if state.strays:
        parts.append(f"## Changed outside the plan, to be put back\n\n{', '.join(sorted(state.strays))}")
    parts += [f"## You were told\n\n{text}" for text in _told(state) if text not in not_told]
    if state.evidence:
        parts.append("## Tool results\n\n" + "\n".join(_listed(state)))
    parts += _last_results(state)
    return "\n\n".join(parts)


def _told(state: State) -> list[str]:
    """Texts of the runtime's and the user's behind the first message; an earlier digest is not carried twice."""
    blocks = [block for message in state.messages[:1] for block in message["content"][1:]]
    blocks += [block for message in state.messages[1:] if message["role"] == "user" for block in message["content"]]
    texts = [str(block["text"]) for block in [*blocks, *state.gathered] if block["type"] == "text"]
    return [text for text in texts if not text.startswith("# The run so far")]


def _listed(state: State) -> list[str]:
    every = list(state.evidence.values())
    older, newer = every[:-LISTED], every[-LISTED:]
    lines = [f"- {older[0].label} to {older[-1].label}: {len(older)} older results"] if older else []
    return lines + [_line(evidence) for evidence in newer]


def _line(evidence: Evidence) -> str:
    given = evidence.input if isinstance(evidence.input, dict) else {}
    what = next((str(given[name]) for name in ("file_path", "command", "pattern", "path") if given.get(name)), "")
    first = next((line for line in evidence.content.splitlines() if line.strip()), "")
    failed = " (error)" if evidence.is_error else ""
    call = f"{evidence.label} {evidence.tool} {what}".strip()
    return textwrap.shorten(f"- {call}{failed}: {first}", 200, placeholder=" ...")


def _last_results(state: State) -> list[str]:
    """The results the model has not seen yet, and the last word of the verification, whole."""
    labels = {call.id for call in state.calls if call.finished}
    unseen = list(state.evidence.values())[-len(labels) :] if labels else []
    finishes = [evidence for evidence in state.evidence.values() if evidence.tool == "Finish" and evidence.is_error]
    shown = {evidence.label: evidence for evidence in [*finishes[-1:], *unseen]}
    room = WHOLE_CHARACTERS
    parts = []
    for evidence in reversed(shown.values()):
        content = evidence.content[:room]
        cut = "" if len(content) == len(evidence.content) else "\n... cut off here; call it again for the rest"
        parts.append(f"## {evidence.label}, the result of {evidence.tool}\n\n{content}{cut}")
        room = max(room - len(content), 500)
    return list(reversed(parts))
