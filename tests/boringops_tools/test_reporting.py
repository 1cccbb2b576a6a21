"""Reports: each form as its readers parse it, and that no form shows a secret."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from boringops.errors import UsageError
from boringops.facts import Finding, Validation
from boringops_tools.reporting import FORMATS, Report, render
from boringops_tools.reporting.base import masked
from boringops_tools.reporting.baseline import split, write
from boringops_tools.reporting.gather import gather
from boringops_tools.waivers import Waiver

VALUE = "q7Rz" + "mW29tLk4"


def finding(rule: str, path: str, line: int | None, severity: str = "error", message: str = "wrong") -> Finding:
    return Finding(
        rule=rule, severity=severity, path=path, line=line, message=message, source="boringops", hint="Mend it."
    )  # type: ignore[arg-type]


@pytest.fixture
def report(tmp_path: Path) -> Report:
    (tmp_path / "Dockerfile").write_text("FROM node:latest\nUSER root\n")
    (tmp_path / "compose.yaml").write_text(f"services:\n  db:\n    environment: {{DB_PASSWORD: {VALUE}}}\n")
    (tmp_path / "a b.tf").write_text("x\n")
    hacked = finding("image/latest", "Dockerfile", 1, message="100% wrong\n::error::x, y: z")
    waiver = Waiver(("user/root",), "Dockerfile", "a trial", ("Dockerfile", 2), 2)
    entry = Waiver(("a",), "*", "known", (".boringops-waivers.yaml", 1), None, "platform", datetime.date(2027, 1, 1))
    return Report(
        tmp_path, 3,
        [hacked, finding("secret/password", "compose.yaml", 3), finding("health/missing", "compose.yaml", 3, "info")],
        [
            Validation(path="Dockerfile", tool="hadolint", tool_version="2", outcome="passed"),
            Validation(path="compose.yaml", tool="yamllint", tool_version="1", outcome="passed"),
            Validation(path="compose.yaml", tool="x", outcome="not_validated", reason="absent"),
            Validation(path="a b.tf", tool="none", outcome="not_validated", reason="nothing checks this"),
        ],
        [(finding("user/root", "Dockerfile", 2), waiver), (finding("a", "a b.tf", None), entry)],
        [finding("b", "a b.tf", 1, "warning")],
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_no_form_shows_a_secret(report: Report, form: str) -> None:
    assert VALUE not in render(report, form)


def test_text_shows_the_line_the_way_out_and_never_calls_passed_what_was_not_looked_at(report: Report) -> None:
    text = render(report, "text")
    assert "| FROM node:latest" in text
    assert "        Mend it." in text
    assert "Dockerfile:2  user/root: a trial" in text
    assert "a b.tf  a: known (until 2027-01-01, platform)" in text
    assert text.splitlines()[-1] == (
        "3 files, 1 validated, 1 validated in part, 1 not validated, 3 findings (2 error, 1 info), 2 waived, 1 in the baseline"
    )
    assert "passed" not in text


def test_sarif_has_what_the_standard_asks_for(report: Report) -> None:
    log = json.loads(render(report, "sarif"))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert run["invocations"][0]["executionSuccessful"] is True
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["message"]["text"]
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert " " not in place["artifactLocation"]["uri"]
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
        assert len(result["partialFingerprints"]["boringops/v1"]) == 64
    suppressed = {
        result["ruleId"]: result["suppressions"][0]["kind"] for result in run["results"] if "suppressions" in result
    }
    assert suppressed == {"user/root": "inSource", "a": "external"}
    assert [each["ruleId"] for each in run["results"] if each.get("baselineState") == "unchanged"] == ["b"]
    told = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert told == ["not validated by x: absent", "not validated by none: nothing checks this"]


def test_junit_counts_what_it_lists_and_skips_what_nothing_checked(report: Report) -> None:
    suites = Xml.fromstring(render(report, "junit"))
    cases = list(suites.iter("testcase"))
    assert suites.get("tests") == str(len(cases))
    assert suites.get("failures") == str(len(list(suites.iter("failure")))) == "2"
    skipped = [case.get("classname") for case in cases if case.find("skipped") is not None]
    assert (skipped, suites.get("skipped")) == (["a b.tf", "compose.yaml"], "2")
    # what is under --fail-on is told and fails nothing
    assert any("health/missing" in (out.text or "") for out in suites.iter("system-out"))


def test_annotations_cannot_be_broken_out_of(report: Report) -> None:
    lines = render(report, "github").splitlines()
    assert lines[0] == (
        "::error file=Dockerfile,line=1,title=image/latest::100%25 wrong%0A::error::x, y: z (boringops). Mend it."
    )
    assert sum(line.startswith("::error") for line in lines) == 2
    assert "::notice file=a b.tf,title=not validated::none: nothing checks this" in lines


def test_gitlab_gives_each_entry_a_mark_of_its_own(report: Report) -> None:
    twice = Report(report.root, 1, [report.findings[0], report.findings[0]], [])
    entries = json.loads(render(twice, "gitlab"))
    assert len({entry["fingerprint"] for entry in entries}) == 2
    assert entries[0]["severity"] == "critical"
    assert entries[0]["location"] == {"path": "Dockerfile", "lines": {"begin": 1}}


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_found_is_a_report_too(tmp_path: Path, form: str) -> None:
    text = render(Report(tmp_path, 0, [], []), form)
    if form in ("json", "sarif", "gitlab"):
        json.loads(text)
    elif form == "junit":
        Xml.fromstring(text)
    else:
        assert "0 findings" in text


def test_masking_keeps_the_lines() -> None:
    key = (
        "-----BEGIN RSA "
        + "PRIVATE KEY-----\n"
        + "MIIEowIBAAKCAQEAq7RzmW29tLk4v8Zp\n" * 3
        + "-----END RSA "
        + "PRIVATE KEY-----"
    )
    text = f"a\nkey: |\n{key}\nlast\n"
    shown = masked(text)
    assert "MIIEow" not in shown
    assert shown.count("\n") == text.count("\n")
    assert shown.splitlines()[-1] == "last"


def test_a_baseline_outlives_moved_lines_and_not_changed_ones(tmp_path: Path) -> None:
    place, file = tmp_path / "known.json", tmp_path / "Dockerfile"
    file.write_text("FROM node:latest\nUSER root\n")
    old = [finding("image/latest", "Dockerfile", 1), finding("user/root", "Dockerfile", 2)]
    write(place, tmp_path, old)
    assert split(place, tmp_path, old) == ([], old)
    assert "node" not in place.read_text()

    file.write_text("# moved\nFROM node:latest\nUSER root\nUSER root\n")
    moved = [
        finding("image/latest", "Dockerfile", 2),
        finding("user/root", "Dockerfile", 3),
        finding("user/root", "Dockerfile", 4),
    ]
    assert split(place, tmp_path, moved) == (moved[2:], moved[:2])  # one entry excuses one finding
    file.write_text("FROM python:latest\n")
    assert split(place, tmp_path, old[:1])[0] == old[:1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9, "findings": []}', '{"version": 1, "findings": [1]}'])
def test_a_baseline_that_cannot_be_read_is_no_baseline(tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(UsageError):
        split(tmp_path / "known.json", tmp_path, [])
    with pytest.raises(UsageError):
        split(tmp_path / "absent.json", tmp_path, [])


def test_gathering_puts_it_together(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "# boringops: ignore image/latest reason: a trial\nFROM node:latest\nUSER 1000\n"
    )
    report = gather(tmp_path, ["Dockerfile"], complete=True, fail_on="warning")
    assert [each.rule for each, _ in report.waived] == ["image/latest"]
    assert not any(map(report.fails, report.findings)) or "image/latest" not in {each.rule for each in report.findings}
