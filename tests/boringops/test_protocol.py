"""Reading the protocol out of the bodies of other people's personas."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from boringops.persona import load
from boringops.protocol import ChecklistSection, CommitTemplate, Protocol, parse_protocol, stated

FIXTURES = Path(__file__).parent / "personas"


def of(name: str) -> Protocol:
    return load(FIXTURES / name, known_tools=("Read", "Grep", "Write", "Edit", "Bash")).protocol


def protocol(body: str) -> Protocol:
    return parse_protocol(body.split("\n"))


def item_texts(sections: list[ChecklistSection]) -> dict[str, list[str]]:
    return {section.title: [item.text for item in section.items] for section in sections}


def test_checklists_are_grouped_by_the_nearest_heading_or_label() -> None:
    stated_ = of("reviewer.md")
    assert item_texts(stated_.checklist) == {
        "Release checklist": ["Tag is signed"],
        "Pipeline": ["Same as above, other place"],
    }
    assert [(section.title, [(item.id, item.text) for item in section.items]) for section in stated_.quality] == [
        ("Checklist", [("quality-checklist.1", "Change log read")]),
        (
            "1. Pipeline",
            [("quality-1-pipeline.1", "Pipeline is green"), ("quality-1-pipeline.2", "Jobs have timeouts")],
        ),
        ("2. Images", [("quality-2-images.1", "Images are pinned")]),
    ]
    lines = (FIXTURES / "reviewer.md").read_text().splitlines()
    for section in stated_.checklist + stated_.quality:
        for item in section.items:
            assert item.text in lines[item.line - 1].replace("**", "")


def test_lists_of_rules_end_where_they_end() -> None:
    stated_ = of("reviewer.md")
    assert stated_.never == [
        "Approve your own change even when it is small",
        "Skip a failing job; not by retry; not by hand",
    ]
    assert stated_.always == [
        "Always check before approving: the version",
        "Always check before approving: the change log",
    ]
    assert stated_.ask_when == ["the version jumps", "two releases overlap"]


def test_what_is_not_about_a_task_is_not_taken_for_its_report() -> None:
    stated_ = of("reviewer.md")
    assert (stated_.report_directory, stated_.report_sections, stated_.commit) == (None, [], None)


def test_other_spellings_of_everything() -> None:
    stated_ = of("operator.md")
    assert stated_ == Protocol(
        memory_files=[
            "cline_docs/activeContext.md",
            ".kilocode/rules/memory-bank/brief.md",
            "memory-bank/team/on-call.md",
            "memory-bank/runbooks.md",
        ],
        inventory_globs=["charts/**/values.yaml", "*.tf", "ops/*.yml", "ops/*.yaml"],
        never=["restart a database", "page twice"],
        always=["write down the time"],
        ask_when=["the runbook does not cover it"],
        report_directory="handover/night/",
        report_sections=["What happened", "What was done; commands; results"],
        commit=CommitTemplate(
            subject="Night shift <date>",
            bullets=["Restarted {{count}} pods", "Paged nobody"],
            trailers=["Shift: night"],
        ),
    )


def test_nothing_is_made_up() -> None:
    stated_ = of("silent.md")
    assert stated_ == Protocol()
    assert [(said, what) for _, said, what in stated(stated_)] == [(False, "not stated")] * 9


@pytest.mark.parametrize(
    ("body", "never"),
    [
        ("Never do these:\n- a\n- b", ["a", "b"]),
        ("NEVER:\n* a\n\n* b", ["a", "b"]),
        ("**Never**:\n1. a\n2) b", ["a", "b"]),
        ("### 🚫 Never do\n\n- [ ] ✗ a".replace("✗", "❌"), ["a"]),
        ("**Never deploy on:**\n- Friday", ["Never deploy on: Friday"]),
        ("## Never\n\nOne.\n\nTwo.\n\n- not under it any more", []),
        ("## Never\n### Other\n- a", []),
        ("- Never this", []),
        ("Never:\n```\n- a\n```", []),
        ("Nevertheless:\n- a", []),
    ],
)
def test_red_flags(body: str, never: list[str]) -> None:
    assert protocol(body).never == never


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ("## When to Ask for Help\n\nRequest clarification when:\n- a\n- b", ["a", "b"]),
        ("**When to ask:**\n- a", ["a"]),
        ("Always ask when:\n- a", ["a"]),
        ("Stop and ask the user if:\n- a", ["a"]),
        ("Ask user:\n- which one?", []),
        ("Ask for these before choosing:\n- the region", []),
        ("Ask before:\n- a", ["a"]),
        ("Escalate to a person if:\n- a", ["a"]),
        ("Ask when in doubt.\n- a", []),
    ],
)
def test_reasons_to_ask(body: str, reasons: list[str]) -> None:
    stated_ = protocol(body)
    assert stated_.ask_when == reasons
    assert stated_.always == []


@pytest.mark.parametrize(
    ("body", "directory"),
    [
        ("## Report\nIt goes to `docs/reports/`.", "docs/reports/"),
        ("Save a completion report in `out/`.", "out/"),
        ("Task updates live in `../updates/`.", None),
        ("Write the task update to `../updates/`.", "../updates/"),
        ("Write the coverage report to `cov/`.", None),
        ("Run it; see `playwright-report/`. Create files.", None),
        ("## Report\n```\n`x/`\n```", None),
        ("## Report\nSee `docs/template.md`.", None),
        ("## Report\nWork at `/` and `//`.", None),
    ],
)
def test_report_directory(body: str, directory: str | None) -> None:
    assert protocol(body).report_directory == directory


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("git commit -m 'Done: <task-name>'", "Done: <task-name>"),
        ('git commit -am "Done: {{phase}}"', "Done: {{phase}}"),
        ('git commit --message="[scope] done"', "[scope] done"),
        ("git commit -F - <<EOF\nDone <x>\n\n- a\nEOF", "Done <x>"),
        ("git commit -m \"$(cat <<'END'\nDone <x>\n  END\n)\"", "Done <x>"),
        ("git commit --amend", None),
        ("git commit -m 'a mere example'", None),
        ("git commit -m '<never closed>", None),
    ],
)
def test_commit_message(code: str, subject: str | None) -> None:
    commit = protocol(f"Then:\n\n```bash\n{code}\n```\n").commit
    assert (commit.subject if commit else None) == subject


def test_ids_are_unique_and_stable_whatever_the_titles() -> None:
    stated_ = protocol(
        "## Checklist\n### A\n- [ ] x\n### A\n- [ ] x\n### A 2\n- [ ] x\n### 安全\n- [ ] x\n### !!\n- [ ] x\n"
        "## Other\n### A\n- [ ] x\n"
    )
    ids = [item.id for section in stated_.checklist + stated_.quality for item in section.items]
    assert ids == ["a.1", "a-2.1", "a-2-2.1", "安全.1", "checklist.1", "quality-a.1"]


def test_marks_go_and_globs_stay() -> None:
    stated_ = protocol(
        "## 📋 **Checklist** ✅\n"
        "- [x] ✅ **Plan** reviewed (🟢 High), `terraform/**/*.tf` and `**/*.yml` valid\n"
        "- [ ] **a/** and b → c ⚠️\n"
    )
    assert item_texts(stated_.checklist) == {
        "Checklist": ["Plan reviewed (High), `terraform/**/*.tf` and `**/*.yml` valid", "a/ and b → c"]
    }


@pytest.mark.parametrize(
    "body",
    [
        "memory-bank/" * 40_000,
        "a/" * 200_000,
        "Glob" + " " * 400_000,
        "Never:\n" * 60_000,
        "```\ngit commit " + "<<EOF\n" * 30_000,
        "- [ ] x\n" * 20_000,
        "**" * 200_000,
        "- " + "**a" * 60_000,
        "Write the task report to `a/`, " + "include: " * 40_000,
        "`" * 400_000 + " task report",
    ],
    ids=["memory", "path", "glob", "never", "heredoc", "boxes", "bold", "bold bullet", "include", "ticks"],
)
def test_a_long_body_takes_no_longer_than_it_must(body: str) -> None:
    started = time.process_time()
    protocol(body)
    assert time.process_time() - started < 5
