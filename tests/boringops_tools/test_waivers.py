"""Waivers: what they let pass, what they must not, and that none of them goes stale unseen."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from boringops.facts import Finding
from boringops_tools.red_flags import scan
from boringops_tools.waivers import WAIVERS_FILE, Waived, apply

TODAY = datetime.date(2026, 11, 23)
ENTRY = "- rule: image/latest\n  path: '**/Dockerfile'\n  reason: a trial\n  owner: platform\n  expires: 2027-01-31\n"


def settle(root: Path, files: dict[str, str], **options: object) -> Waived:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    findings = [
        each for each in scan(root, list(files)) if each.rule in ("image/latest", "user/root", "tls/not-verified")
    ]
    return apply(root, findings, today=TODAY, paths=list(files), complete=True, **options)  # type: ignore[arg-type]


def rules(findings: list[Finding]) -> list[tuple[str, int | None]]:
    return [(each.rule, each.line) for each in findings]


@pytest.mark.parametrize(
    "text",
    [
        "FROM node:latest # boringops: ignore image/latest reason: the base of a trial\nUSER 1\n",
        "# boringops: ignore image/latest reason: the base of a trial\nFROM node:latest\nUSER 1\n",
        "#boringops: ignore image reason: the base of a trial\nFROM node:latest\nUSER 1\n",
        "# boringops: ignore user/root,image/latest reason: the base of a trial\nFROM node:latest\nUSER 1\n",
    ],
)
def test_a_comment_on_the_line_or_above_it_waives(tmp_path: Path, text: str) -> None:
    settled = settle(tmp_path, {"Dockerfile": text})
    assert (settled.findings, settled.problems) == ([], [])
    [(finding, waiver)] = settled.waived
    assert (finding.rule, waiver.reason, waiver.inline) == ("image/latest", "the base of a trial", True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# boringops: ignore image/latest\nFROM node:latest\nUSER 1\n", ("waiver/invalid", 1)),
        ("# boringops: ignore\nFROM node:latest\nUSER 1\n", ("waiver/invalid", 1)),
        ("# boringops: ignore image/latest reason:\nFROM node:latest\nUSER 1\n", ("waiver/invalid", 1)),
        ("# boringops: ignore user/root reason: x\nFROM node:latest\nUSER 1\n", ("waiver/unused", 1)),
        ("# boringops: ignore image/late reason: x\nFROM node:latest\nUSER 1\n", ("waiver/unused", 1)),
        ("# boringops: ignore image/latest reason: x\n\nFROM node:latest\nUSER 1\n", ("waiver/unused", 1)),
    ],
)
def test_a_comment_that_waives_nothing_is_a_finding(tmp_path: Path, text: str, problem: tuple[str, int]) -> None:
    settled = settle(tmp_path, {"Dockerfile": text})
    assert rules(settled.problems) == [problem]
    assert [rule for rule, _ in rules(settled.findings)] == ["image/latest"]


def test_text_about_waivers_is_no_waiver(tmp_path: Path) -> None:
    text = 'echo "# boringops: ignore image/latest reason: x"\ncurl https://a.io#boringops: ignore x reason: y\n'
    settled = settle(tmp_path, {"a.sh": text, "README.md": "Write `# boringops: ignore RULE reason: TEXT`.\n"})
    assert settled == Waived()


def test_comments_of_other_languages(tmp_path: Path) -> None:
    jenkins = "stage('a') {\n  // boringops: ignore tls/not-verified reason: a lab\n  sh 'curl -k https://a.io'\n}\n"
    settled = settle(tmp_path, {"Jenkinsfile": jenkins})
    assert ([each.rule for each, _ in settled.waived], settled.problems) == (["tls/not-verified"], [])


def test_an_entry_waives_by_glob_and_says_who_answers_for_it(tmp_path: Path) -> None:
    settled = settle(tmp_path, {"a/Dockerfile": "FROM node:latest\nUSER 1\n", WAIVERS_FILE: ENTRY})
    [(finding, waiver)] = settled.waived
    assert (finding.path, waiver.owner, waiver.expires) == ("a/Dockerfile", "platform", datetime.date(2027, 1, 31))
    assert (settled.findings, settled.problems) == ([], [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (ENTRY.replace("2027-01-31", "2026-11-22"), "waiver/expired"),
        (ENTRY.replace("  owner: platform\n", ""), "waiver/invalid"),
        (ENTRY.replace("  reason: a trial\n", ""), "waiver/invalid"),
        (ENTRY.replace("  expires: 2027-01-31\n", ""), "waiver/invalid"),
        (ENTRY.replace("2027-01-31", "soon"), "waiver/invalid"),
        (ENTRY.replace("'**/Dockerfile'", "'{a'"), "waiver/invalid"),
        (ENTRY + "  until: never\n", "waiver/invalid"),
        ("- x\n", "waiver/invalid"),
        ("a: [\n", "waiver/invalid"),
        ("hello\n", "waiver/invalid"),
        (ENTRY.replace("image/latest", "user/root"), "waiver/unused"),
    ],
)
def test_an_entry_that_waives_nothing_is_a_finding(tmp_path: Path, entry: str, problem: str) -> None:
    settled = settle(tmp_path, {"Dockerfile": "FROM node:latest\nUSER 1\n", WAIVERS_FILE: entry})
    assert [each.rule for each in settled.problems] == [problem]
    assert settled.problems[0].path == WAIVERS_FILE
    assert [each.rule for each in settled.findings] == ["image/latest"]


def test_an_entry_lasts_through_its_last_day_and_an_empty_file_says_nothing(tmp_path: Path) -> None:
    last_day = ENTRY.replace("2027-01-31", "2026-11-23")
    assert not settle(tmp_path, {"Dockerfile": "FROM node:latest\nUSER 1\n", WAIVERS_FILE: last_day}).findings
    assert not settle(tmp_path, {"Dockerfile": "FROM node:latest\nUSER 1\n", WAIVERS_FILE: "# none\n"}).problems


def test_what_a_part_of_the_repository_shows_says_nothing_of_the_entries(tmp_path: Path) -> None:
    (tmp_path / WAIVERS_FILE).write_text(ENTRY)
    assert apply(tmp_path, [], today=TODAY, paths=["main.tf"]) == Waived()


def test_the_run_cannot_excuse_itself(tmp_path: Path) -> None:
    text = "# boringops: ignore image/latest reason: trust me\nFROM node:latest\nUSER 1\n"
    settled = settle(tmp_path, {"Dockerfile": text}, distrust={"Dockerfile"})
    assert [(each.rule, each.severity) for each in settled.problems] == [("waiver/own", "error")]
    assert [each.rule for each in settled.findings] == ["image/latest"]
    # a waiver that was there before the run still counts, in a file that the run has changed
    assert not settle(tmp_path, {}, distrust={"Dockerfile"}, changed_lines={"Dockerfile": [3]}).problems
    older = settle(tmp_path, {"Dockerfile": text}, distrust={"Dockerfile"}, changed_lines={"Dockerfile": [3]})
    assert (older.findings, older.problems) == ([], [])


def test_nor_by_the_file_of_waivers(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM node:latest\nUSER 1\n", WAIVERS_FILE: ENTRY}
    settled = settle(tmp_path, files, distrust={WAIVERS_FILE})
    assert [each.rule for each in settled.problems] == ["waiver/own"]
    assert [each.rule for each in settled.findings] == ["image/latest"]


def test_waivers_cannot_be_waived(tmp_path: Path) -> None:
    finding = Finding(rule="waiver/expired", severity="warning", path="a", line=1, message="m", source="boringops")
    (tmp_path / WAIVERS_FILE).write_text(ENTRY.replace("image/latest", "waiver").replace("'**/Dockerfile'", "'*'"))
    assert apply(tmp_path, [finding], today=TODAY).findings == [finding]
