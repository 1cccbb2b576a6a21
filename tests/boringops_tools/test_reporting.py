"""Reports: each form as its readers parse it, and that no form shows a secret."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from boringops.errors import UsageError
from boringops.facts import Finding, Validation
from boringops.suppressions import Suppression
from boringops_tools.reporting import FORMATS, Report, render
from boringops_tools.reporting.base import masked
from boringops_tools.reporting.baseline import split, write
from boringops_tools.reporting.gather import gather
from boringops_tools.reporting.terminal import Look, look_of
from boringops_tools.waivers import Waiver
from tests.boringops_tools.sarif_schema import SCHEMA
from tests.corpus.fakes import fake

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
        [finding("b", "a b.tf", 1, "warning")], "warning", [("Dockerfile", Suppression("hadolint", 2, "# hadolint ignore=DL3002"))],
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_no_form_shows_a_secret(report: Report, form: str) -> None:
    assert VALUE not in render(report, form)


def test_text_shows_the_line_the_way_out_and_never_calls_passed_what_was_not_looked_at(report: Report) -> None:
    lines = render(report, "text").splitlines()
    assert "       | FROM node:latest" in lines
    assert "       Mend it." in lines
    assert "  Dockerfile:2  user/root: a trial" in lines
    assert "  a b.tf  a: known (until 2027-01-01, platform)" in lines
    assert "  hadolint: Dockerfile:2" in lines
    assert lines[-3:] == [
        "3 findings (2 errors, 1 info), 2 waived, 1 suppressed by comments, 1 in the",
        "baseline",
        "3 files, 1 validated, 1 validated in part, 1 not validated",
    ]
    assert not any("passed" in line for line in lines)


def test_what_nothing_validated_is_folded_by_reason(tmp_path: Path) -> None:
    blind = [
        Validation(path=f"k8s/{number:03}.yaml", tool=tool, outcome="not_validated", reason="absent: pip install x")
        for number in range(200)
        for tool in ("x", "y")
    ]
    lines = render(Report(tmp_path, 200, [], blind), "text").splitlines()
    assert lines[:3] == [
        "Not validated",
        "  x, y: absent: pip install x",
        "    200 places: k8s/000.yaml, k8s/001.yaml, k8s/002.yaml and 197 more",
    ]
    assert len(lines) < 10


def test_what_is_said_of_several_lines_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("one\ntwo\nthree\nfour\n")
    (tmp_path / "b.sh").write_text("five\n")
    found = [finding("quote", "a.sh", line, "info") for line in (1, 3, 4)]
    found += [finding("quote", "a.sh", 2, "info", "other"), finding("quote", "b.sh", 1, "info")]
    lines = render(Report(tmp_path, 2, found, []), "text").splitlines()
    assert lines[:9] == [
        "a.sh",
        "    1  info     quote: wrong",
        "       | one",
        "       also in lines 3, 4",
        "       Mend it.",
        "    2  info     quote: other",
        "       | two",
        "",
        "b.sh",
    ]
    assert lines.count("       Mend it.") == 2
    assert "5 findings (5 info)" in lines


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_are_as_wide_as_the_terminal(report: Report, width: int) -> None:
    (report.root / "Dockerfile").write_text("FROM node:latest " + "x" * 200 + "\n")
    long = report.findings[0].model_copy(update={"message": "wrong " * 60, "hint": "mend " * 60})
    wide = dataclasses.replace(report, findings=[long])
    assert max(map(len, render(wide, "text", Look(width)).splitlines())) in (width - 1, width)


def test_colour_changes_nothing_but_the_colour(report: Report) -> None:
    coloured = render(report, "text", Look(80, colour=True))
    assert "\x1b[31merror\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render(report, "text", Look(80))


class _Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"NO_COLOR": "1", "TERM": "xterm"}, False),
        (True, {"NO_COLOR": "", "TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_where_there_is_colour(terminal: bool, environment: dict[str, str], colour: bool) -> None:
    assert look_of(_Stream(terminal), environment).colour is colour


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", ["new\nline.yaml", "esc\x1b[31m.yaml", "- dash.yaml", "a&b<c>.yaml", "bad-\\xff.yaml"])
def test_no_name_of_a_file_breaks_a_form(tmp_path: Path, form: str, path: str) -> None:
    waiver = Waiver(("w",), path, "fine", (path, 1), 1)
    odd = Report(
        tmp_path, 1, [finding("a", path, 1)], [Validation(path=path, tool="x", outcome="not_validated", reason="r")],
        [(finding("w", path, 1), waiver)], [finding("k", path, 1)], "warning", [(path, Suppression("t", 1, "x"))],
    )  # fmt: skip
    text = render(odd, form)
    assert not any(character < " " and character != "\n" for character in text)
    if form == "junit":
        Xml.fromstring(text)
    elif form in ("text", "github"):
        assert not any(line.startswith("line.yaml") for line in text.splitlines())
    else:
        json.loads(text)


def test_sarif_is_what_the_standard_allows(report: Report) -> None:
    nowhere = finding("run", "", None)
    for log in (report, Report(report.root, 0, [], []), dataclasses.replace(report, findings=[nowhere])):
        jsonschema.Draft7Validator(SCHEMA).validate(json.loads(render(log, "sarif")))


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
    assert told == [
        "not validated by x: absent",
        "not validated by none: nothing checks this",
        "a comment tells hadolint to say nothing",
    ]


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


def test_what_comments_excuse_from_other_tools_is_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("# hadolint ignore=DL3007\nFROM node:24.1\nUSER 1000\n")
    (tmp_path / "notes.md").write_text("Write `# hadolint ignore=DL3007` above it.\n")
    told = gather(tmp_path, ["Dockerfile", "notes.md"], complete=True, fail_on="warning").suppressions
    assert [(path, each.tool, each.line) for path, each in told] == [("Dockerfile", "hadolint", 1)]


PASSWORD = f'login_password: "{fake("password")}"\n'


def test_what_a_test_makes_up_is_a_note_and_a_providers_key_is_not(tmp_path: Path) -> None:
    key = "AKIA" + "Q7ZX3MPLWDN5RT2K"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_login.py").write_text('URL = "https://jo:' + "kT9xvQ2pLz" + '@db.internal/x"\n')
    (tmp_path / "tests/test_aws.py").write_text(f'AWS_KEY = "{key}"\n')
    report = gather(tmp_path, ["tests/test_login.py", "tests/test_aws.py"], complete=True, fail_on="warning")
    assert {finding.path: finding.severity for finding in report.findings} == {
        "tests/test_login.py": "info",
        "tests/test_aws.py": "error",
    }


@pytest.mark.parametrize(
    ("path", "text", "severity"),
    [
        ("docs/auth.md", "https://jo:" + "kT9xvQ2pLz" + "@packages.internal/simple\n", "info"),
        ("auth.py", 'URL = "https://jo:' + "kT9xvQ2pLz" + '@packages.internal/simple"\n', "error"),
        ("src/settings.py", PASSWORD, "error"),
        ("src/test_login.py", PASSWORD, "info"),
        ("internal/login_test.go", PASSWORD, "info"),
        ("web/locales/de.json", PASSWORD, "info"),
        ("public/vendor/app.js.map", PASSWORD, "info"),
        ("src/test_api.py", f'TOKEN = "{fake("github")}"\n', "error"),
        ("tests/plain/Dockerfile", "FROM under-test\n", "info"),
        ("plain/Dockerfile", "FROM under-test\n", "error"),
        (
            "chart/tests/tls_test.yaml",
            "suite: a\ntests:\n  - set:\n      tls:\n        insecureSkipVerify: true\n",
            "info",
        ),
        ("chart/tls.yaml", "tls:\n  insecureSkipVerify: true\n", "error"),
    ],
)
def test_what_a_manual_shows_and_a_test_builds_is_a_note(tmp_path: Path, path: str, text: str, severity: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    found = gather(tmp_path, [path], complete=True, fail_on="warning").findings
    ours = {each.severity for each in found if each.source == "boringops"}
    assert severity in ours
    assert not [each for each in found if severity == "info" and "holds a secret" in each.message]
    assert ("error" in ours) is (severity == "error")
