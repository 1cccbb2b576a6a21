"""The protocol: what a persona's body states and the runtime enforces, read from its Markdown structure.

What a persona does not state stays empty: a rule is never made up for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import Literal

from pydantic import BaseModel


class ChecklistEntry(BaseModel, frozen=True):
    id: str  # section and position, e.g. `security.3` or `quality-security.3`; unique in the persona
    text: str
    line: int  # in the persona's file, counted from 1


class ChecklistSection(BaseModel, frozen=True):
    title: str
    items: list[ChecklistEntry]


class CommitTemplate(BaseModel, frozen=True):
    """The message of the run's commit, placeholders (`<task-name>`, `{{phase}}`) left in."""

    subject: str
    bullets: list[str] = []
    trailers: list[str] = []


class Protocol(BaseModel, frozen=True):
    """What a persona states and the runtime enforces. Everything is empty where the persona says nothing."""

    memory_files: list[str] = []
    inventory_globs: list[str] = []
    checklist: list[ChecklistSection] = []  # self-verification
    quality: list[ChecklistSection] = []  # every other list of boxes to tick
    never: list[str] = []
    always: list[str] = []
    ask_when: list[str] = []
    report_directory: str | None = None
    report_sections: list[str] = []
    commit: CommitTemplate | None = None


def parse_protocol(body: Sequence[str], *, first_line: int = 1) -> Protocol:
    """What a persona's body states, read from its Markdown structure. `first_line` is the body's place in the file."""
    lines = list(_markdown(body, first_line))
    text = "\n".join(body)
    checklist, quality = _checklists(lines)
    rules = _rules(lines)
    directory, sections = _report(lines)
    return Protocol(
        memory_files=_memory_files(text),
        inventory_globs=_globs(text),
        checklist=checklist,
        quality=quality,
        never=rules["never"],
        always=rules["always"],
        ask_when=rules["ask"],
        report_directory=directory,
        report_sections=sections,
        commit=_commit(lines),
    )


# --- Markdown, line by line --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of Markdown and what it is. `text` is the content without markers, `raw` the line as it stands."""

    number: int
    kind: Literal["heading", "label", "bullet", "text", "blank", "code"]
    raw: str
    text: str = ""
    level: int = 0  # of a heading
    indent: int = 0


_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_LABEL = re.compile(r"\s*(?:\*\*([^*]+)\*\*|__([^_]+)__)\s*:?\s*")
_BULLET = re.compile(r"(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(.*)")
_RULE = re.compile(r"\s*([-*_])(?:[ \t]*\1){2,}\s*")


def _markdown(body: Sequence[str], first_line: int) -> Iterator[_Line]:
    fence = ""
    for number, raw in enumerate(body, start=first_line):
        marks = _FENCE.fullmatch(raw)
        if fence:
            if marks and marks[1].startswith(fence) and not marks[2].strip():
                fence = ""
            yield _Line(number, "code", raw)
        elif marks and "`" not in marks[2]:
            fence = marks[1]
            yield _Line(number, "code", raw)
        elif not raw.strip() or _RULE.fullmatch(raw):
            yield _Line(number, "blank", raw)
        elif heading := _HEADING.fullmatch(raw):
            yield _Line(number, "heading", raw, text=_plain(heading[2]), level=len(heading[1]))
        elif label := _LABEL.fullmatch(raw):
            yield _Line(number, "label", raw, text=_plain(label[1] or label[2]))
        elif bullet := _BULLET.fullmatch(raw):
            yield _Line(number, "bullet", raw, text=bullet[2], indent=len(bullet[1].expandtabs(4)))
        else:
            indent = len(raw.expandtabs(4)) - len(raw.expandtabs(4).lstrip())
            yield _Line(number, "text", raw, text=raw.strip(), indent=indent)


# Pictographs and the invisible joiners and selectors that come with them; arrows and signs such as `<` stay.
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]")
_BOLD = re.compile(r"(?<![\w/`])\*\*(?=[^\s*/])(.{1,400}?)\*\*(?![\w/])")  # not the `**` of a glob
_BOX = re.compile(r"(?:\[[ xX]?\]|[☐☑☒])(?:\s+|$)")


def _plain(text: str) -> str:
    """Text without a tick box, emoji, bold marks, and the gaps that they leave."""
    text = text[box.end() :] if (box := _BOX.match(text)) else text
    text = _BOLD.sub(r"\1", _EMOJI.sub("", text))
    return re.sub(r"\(\s+", "(", re.sub(r"[ \t]{2,}", " ", text)).strip()


def _code_blocks(lines: Sequence[_Line]) -> Iterator[str]:
    for is_code, block in groupby(lines, key=lambda line: line.kind == "code"):
        if is_code:
            yield "\n".join(line.raw for line in block)


# --- what is read from where -------------------------------------------------------------------------

_BANKS = r"(?:memory-bank|cline_docs|\.kilocode/rules/memory-bank)"
_MEMORY_FILE = re.compile(rf"(?<![\w./\\-])(?:\./)?((?:[\w.-]+/){{0,8}}?{_BANKS}/[\w./-]{{1,200}}?\.md)(?![\w/-]|\.\w)")


def _memory_files(text: str) -> list[str]:
    paths = (match[1] for match in _MEMORY_FILE.finditer(text))
    return list(dict.fromkeys(path for path in paths if ".." not in path.split("/")))


_QUOTED = r"(?:\"[^\s\"]+\"|'[^\s']+'|`[^\s`]+`)"
_GLOB = re.compile(rf"(?<![\w.])Glob(?:[ \t]+patterns?)?[ \t(:=]+(?:pattern[ \t:=]+)?({_QUOTED}(?:, ?{_QUOTED})*)")


def _globs(text: str) -> list[str]:
    quoted = (one for match in _GLOB.finditer(text) for one in re.findall(_QUOTED, match[1]))
    return list(dict.fromkeys(one[1:-1] for one in quoted))


_SELF_VERIFICATION = re.compile(r"self[- ]?verif|check-?lists?\b", re.IGNORECASE)


def _checklists(lines: Sequence[_Line]) -> tuple[list[ChecklistSection], list[ChecklistSection]]:
    """Tick boxes outside code, grouped by the nearest heading or bold line: self-verification, and all others."""
    verification: list[ChecklistSection] = []
    others: list[ChecklistSection] = []
    slugs: set[str] = set()
    part = title = ""  # the H2 we are under, and the nearest heading or label
    section: ChecklistSection | None = None
    slug = ""
    for line in lines:
        if line.kind in ("heading", "label"):
            part = line.text if line.kind == "heading" and line.level <= 2 else part
            title = line.text.rstrip(": ")
            section = None
        elif line.kind == "bullet" and _BOX.match(line.text):
            if section is None:
                own = bool(_SELF_VERIFICATION.search(part or title))
                slug = _unique(("" if own else "quality-") + _slug(title), slugs)
                section = ChecklistSection(title=title or "Checklist", items=[])
                (verification if own else others).append(section)
            text, position = _plain(line.text), len(section.items) + 1
            section.items.append(ChecklistEntry(id=f"{slug}.{position}", text=text, line=line.number))
    return verification, others


def _slug(title: str) -> str:
    words = re.sub(r"check-?list", "", title.lower())
    return re.sub(r"[\W_]+", "-", words).strip("-")[:40].rstrip("-") or "checklist"


def _unique(slug: str, taken: set[str]) -> str:
    numbers = count(2)
    candidate = slug
    while candidate in taken:
        candidate = f"{slug}-{next(numbers)}"
    taken.add(candidate)
    return candidate


# What opens a list of rules. Reasons to ask come first: "Always ask when:" opens those.
_ASK = r"(?:ask|request|seek|escalate)\b"
_OPENERS = {
    "ask": re.compile(
        rf"when (?:(?:should |do |must )?you |(?:you )?(?:should|must) |to )?(?:stop and )?{_ASK}"
        rf"|(?:always |stop and )?{_ASK}(?:.*\b(?:when|if)\b|.* before$)",
        re.IGNORECASE,
    ),
    "never": re.compile(r"never(?![\w-])", re.IGNORECASE),
    "always": re.compile(r"always(?![\w-])", re.IGNORECASE),
}
# An opener that says no more than that. Of any other ("Never deploy on:") the bullets are only the half.
_MERE_OPENER = re.compile(r"\w+(?: ever)?(?: do)?(?: (?:these|this|the following))?(?: things)?(?: rules)?")


def _rules(lines: Sequence[_Line]) -> dict[str, list[str]]:
    """The bullets under "Never ...", "Always ..." and "When to ask ...", be that a heading, a label or a line."""
    rules: dict[str, list[str]] = {kind: [] for kind in _OPENERS}
    for index, line in enumerate(lines):
        if opener := _opener(line):
            kind, label = opener
            prefix = "" if kind == "ask" or _MERE_OPENER.fullmatch(label) else f"{label}: "
            rules[kind] += [prefix + item for item in _list_after(lines, index)]
    return rules


def _opener(line: _Line) -> tuple[str, str] | None:
    """Which list of rules a line opens, and its label. A sentence or a bullet opens one only by a colon at its end."""
    text = _plain(line.text).strip("*_ ")
    if line.kind in ("blank", "code") or (line.kind in ("text", "bullet") and not text.endswith(":")):
        return None
    label = text.rstrip("*_:. ")
    return next(((kind, label) for kind, pattern in _OPENERS.items() if pattern.match(label)), None)


def _list_after(lines: Sequence[_Line], index: int) -> list[str]:
    """The list that follows a line, after one paragraph at most. Nested bullets are joined to the one above them."""
    floor = lines[index].indent if lines[index].kind == "bullet" else -1
    items: list[str] = []
    depth = paragraphs = 0
    after_blank = False
    for place in range(index + 1, len(lines)):
        line = lines[place]
        if line.kind == "blank":
            after_blank = True
            continue
        if line.kind in ("heading", "label") or (line.kind == "text" and _opener(line)):
            break
        if line.kind == "bullet":
            if line.indent <= floor:
                break
            if not items or line.indent <= depth:
                depth = line.indent
                items.append(_plain(line.text))
            else:
                items[-1] += "; " + _plain(line.text)
        elif line.kind == "text" and items:
            if after_blank and not line.indent:
                break
            items[-1] += " " + _plain(line.text)
        elif after_blank:
            paragraphs += 1
            if paragraphs > 1:
                break
        after_blank = False
    return items


_DIRECTORY = re.compile(r"`(/?(?:[\w.@~-]+/)+)`")
_TASK_UPDATE = re.compile(r"\btask[- ]updates?\b", re.IGNORECASE)
_REPORT = re.compile(r"\b(\w+[ -])?report(?:s|ing)?\b", re.IGNORECASE)
_OTHER_REPORTS = re.compile(
    r"(?:audit|bug|coverage|crash|error|html|junit|lint|scan|test(?:s|ing)?)[ -]", re.IGNORECASE
)
_FILED = re.compile(r"\b(?:add|creat|fil|put|plac|produc|record|sav|stor|writ)(?:e|es|ing|s)?\b", re.IGNORECASE)
_INCLUDING = re.compile(r"\b(?:includ(?:e|es|ing)|contain(?:s|ing)?|sections)\b[^.]{0,80}:\W*$", re.IGNORECASE)


def _report(lines: Sequence[_Line]) -> tuple[str | None, list[str]]:
    """Where the task's report goes, and its sections: a folder in backticks in a passage about filing the report."""
    heading = ""
    for index, line in enumerate(lines):
        if line.kind == "heading":
            heading = line.text
        elif line.kind in ("text", "bullet", "label") and (directory := _DIRECTORY.search(line.raw)):
            sentence = re.sub(r"`[^`]*`", "", line.raw)
            if _about_report(heading) or (_about_report(sentence) and _FILED.search(sentence)):
                return directory[1], _report_sections(lines, index)
    return None, []


def _about_report(passage: str) -> bool:
    """Whether a passage is about the report of a task, and not about one that some tool writes."""
    reports = _REPORT.finditer(passage)
    return bool(_TASK_UPDATE.search(passage)) or any(not _OTHER_REPORTS.match(match[1] or "") for match in reports)


def _report_sections(lines: Sequence[_Line], start: int) -> list[str]:
    """The list after the first "Include:" under the same heading."""
    for index in range(start, len(lines)):
        line = lines[index]
        if line.kind == "heading":
            break
        if line.kind in ("text", "label", "bullet") and _INCLUDING.search(line.raw):
            return _list_after(lines, index)
    return []


_HEREDOC = re.compile(
    r"<<-?\s*(?P<quote>['\"]?)(?P<end>\w+)(?P=quote)[^\n]*\n(?P<text>.*?)\n[ \t]*(?P=end)\s*(?:\n|$)", re.S
)
_MESSAGE = re.compile(r"\s(?:-a?m|--message)[ =]*(?P<quote>[\"'])(?P<text>.*?)(?<!\\)(?P=quote)", re.S)
_PLACEHOLDER = re.compile(r"<[^<>@\n]+>|\{[^{}\n]+\}|\[[^][\n]+\]")
_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]*: \S.*")


def _commit(lines: Sequence[_Line]) -> CommitTemplate | None:
    """The message of the first `git commit` in a code block that has something to fill in: else it is a mere sample."""
    for block in _code_blocks(lines):
        command = re.search(r"\bgit commit\b", block)
        if not command:
            continue
        rest = block[command.end() :][:10_000]
        heredoc = _HEREDOC.search(rest)
        message = heredoc["text"] if heredoc else "\n\n".join(match["text"] for match in _MESSAGE.finditer(rest))
        if _PLACEHOLDER.search(message) and (template := _template(message)):
            return template
    return None


def _template(message: str) -> CommitTemplate | None:
    subject, *rest = [line.strip() for line in message.strip().split("\n")]
    bullets = [match[2] for line in rest if (match := _BULLET.fullmatch(line))]
    trailers = [line for line in rest if _TRAILER.fullmatch(line)]
    return CommitTemplate(subject=subject, bullets=bullets, trailers=trailers) if subject else None


# --- what is stated ----------------------------------------------------------------------------------


def stated(protocol: Protocol) -> list[tuple[str, bool, str]]:
    """Every kind of rule the runtime can enforce: its name, whether the persona states it, and what it states."""
    stating = {kind: describe(protocol) for kind, describe in _KINDS.items()}
    return [(kind, bool(what), what or "not stated") for kind, what in stating.items()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _count_items(sections: Sequence[ChecklistSection]) -> str:
    items = sum(len(section.items) for section in sections)
    return f"{_count(items, 'item')} in {_count(len(sections), 'section')}" if items else ""


def _describe_report(protocol: Protocol) -> str:
    parts = [protocol.report_directory or "", _count(len(protocol.report_sections), "section")]
    return ", ".join(part for part in parts if part)


_KINDS: dict[str, Callable[[Protocol], str]] = {
    "memory bank": lambda protocol: _count(len(protocol.memory_files), "memory file"),
    "inventory": lambda protocol: _count(len(protocol.inventory_globs), "glob"),
    "self-verification": lambda protocol: _count_items(protocol.checklist),
    "quality standards": lambda protocol: _count_items(protocol.quality),
    "never": lambda protocol: _count(len(protocol.never), "red flag"),
    "always": lambda protocol: _count(len(protocol.always), "rule"),
    "ask": lambda protocol: _count(len(protocol.ask_when), "reason") + (" to ask" if protocol.ask_when else ""),
    "report": _describe_report,
    "commit": lambda protocol: protocol.commit.subject if protocol.commit else "",
}
