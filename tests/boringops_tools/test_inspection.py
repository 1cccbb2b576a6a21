"""Validators and red flags together: each thing is said once, in order, and no file breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops.facts import Finding
from boringops_tools.inspection import inspect


def inspected(root: Path, files: dict[str, str]) -> list[Finding]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return inspect(root, list(files)).findings


def test_what_hadolint_says_too_is_said_once_and_by_us(tmp_path: Path) -> None:
    findings = inspected(tmp_path, {"Dockerfile": "FROM node:latest AS a\nFROM debian\nUSER root\n"})
    assert [(each.line, each.rule) for each in findings if each.severity == "error"] == [
        (1, "image/latest"), (2, "image/untagged"), (3, "user/root"),
    ]  # fmt: skip
    assert not {"DL3002", "DL3006", "DL3007"} & {each.rule for each in findings}
    assert ["hadolint DL" in each.hint for each in findings if each.severity == "error"] == [True] * 3


def test_what_jactionlint_says_too_is_said_once(tmp_path: Path) -> None:
    workflow = """on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - run: echo "${{ github.event.issue.title }}"
        foo: 1
"""
    findings = inspected(tmp_path, {".github/workflows/a.yml": workflow})
    assert [(each.line, each.source) for each in findings if each.line == 6] == [(6, "boringops")]
    assert [(each.line, each.source) for each in findings if each.line == 9] == [(9, "boringops")]
    assert len([each for each in findings if each.line == 10 or "foo" in each.message]) == 1
    assert len([each for each in findings if "permission" in each.rule]) == 1


def test_a_file_that_cannot_be_read_is_one_finding(tmp_path: Path) -> None:
    findings = inspected(tmp_path, {"compose.yaml": "services:\n  a: [\n", ".github/workflows/b.yml": "a: [\n"})
    assert [each.path for each in findings] == [".github/workflows/b.yml", "compose.yaml"]


def test_findings_come_in_order(tmp_path: Path) -> None:
    files = {f"{name}/Dockerfile": "FROM debian\nRUN cd /x && sudo y\nUSER root\n" for name in "cab"}
    findings = inspected(tmp_path, files)
    places = [(each.path, each.line or 0) for each in findings]
    assert places == sorted(places) and len({path for path, _ in places}) == 3


def test_nothing_to_inspect_and_nothing_there(tmp_path: Path) -> None:
    assert inspect(tmp_path, []).findings == []
    gone = inspect(tmp_path, ["gone.yml"])
    assert [(each.outcome, each.reason) for each in gone.validation] == [
        ("not_validated", "skipped: it does not exist")
    ]


def test_the_cache_changes_time_and_nothing_else(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    inspected(root, {"Dockerfile": "FROM debian\n", "a.yml": "a: 1\na: 1\n", "r.sh": "#!/bin/sh\necho $1\n"})
    paths = ["Dockerfile", "a.yml", "r.sh"]
    assert inspect(root, paths) == inspect(root, paths, cache_dir=cache) == inspect(root, paths, cache_dir=cache)


def test_what_compose_lint_says_too_is_said_once(tmp_path: Path) -> None:
    pytest.importorskip("compose_lint")
    compose = """services:
  exporter:
    image: prom/node-exporter:v1.9.1
    ipc: host
    volumes:
      - /proc:/host/proc:ro
      - /:/rootfs:ro
"""
    findings = inspected(tmp_path, {"compose.yaml": compose})
    assert [each.source for each in findings if each.line in (4, 6, 7)] == ["boringops"] * 3


def test_a_link_to_nothing_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.yml").symlink_to("gone/a.yml")
    (verdict,) = inspect(tmp_path, ["a.yml"]).validation
    assert verdict.reason == "skipped: what its symbolic link names is not here"
