"""Known vulnerabilities of images: what scanners say, and that a look-up that did not happen is no all-clear."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from boringops.facts import Inspection
from boringops_tools import validators
from boringops_tools.validators import vulnerabilities

DOCKERFILE = "FROM golang:1.25 AS build\nFROM debian:13 AS base\nFROM base\nCOPY --from=build /a /a\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TRIVY_CACHE_DIR", "GRYPE_DB_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)


def scanned(
    tmp_path: Path, tool: str, script: str, *, text: str = DOCKERFILE, data: bool = True, days: int = 0
) -> Inspection:
    program = tmp_path / "bin" / tool
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{script}\n')
    program.chmod(0o755)
    if data:
        place = tmp_path / "cache" / ("trivy/db/trivy.db" if tool == "trivy" else "grype/db/6/vulnerability.db")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
        made = place.stat().st_mtime - days * 86400
        os.utime(place, (made, made))
    root = tmp_path / "repo"
    root.mkdir(exist_ok=True)
    (root / "Dockerfile").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vulnerabilities, "locate", lambda name: str(program) if name == tool else None)
        patch.setattr(validators, "rounds", lambda: [vulnerabilities.VALIDATORS])
        return validators.validate(root, ["Dockerfile"])


def printed(value: object) -> str:
    return f"cat <<'E'\n{json.dumps(value)}\nE"


def trivy(*found: tuple[str, str]) -> str:
    entries = [{"VulnerabilityID": name, "Severity": severity} for name, severity in found]
    return printed({"Results": [{"Target": "debian", "Vulnerabilities": entries}]})


def test_grave_vulnerabilities_are_a_finding_at_the_image(tmp_path: Path) -> None:
    found = scanned(tmp_path, "trivy", trivy(("CVE-1", "CRITICAL"), ("CVE-2", "LOW")))
    [finding] = found.findings
    assert (finding.rule, finding.severity, finding.line) == ("vulnerable-image", "warning", 2)
    assert "CVE-1" in finding.message and "CVE-2" not in finding.message
    asked = (tmp_path / "asked").read_text()
    assert asked.split()[-1] == "debian:13"
    assert "--skip-db-update" in asked and "docker" in asked


def test_grype(tmp_path: Path) -> None:
    matches = [{"vulnerability": {"id": "CVE-3", "severity": "High"}}]
    assert ["CVE-3" in each.message for each in scanned(tmp_path, "grype", printed({"matches": matches})).findings] == [
        True
    ]
    assert [each.outcome for each in scanned(tmp_path, "grype", printed({"matches": []})).validation] == ["passed"]


def test_nothing_found_in_fresh_data_passes(tmp_path: Path) -> None:
    assert [each.outcome for each in scanned(tmp_path, "trivy", trivy()).validation] == ["passed"]


@pytest.mark.parametrize(
    ("script", "more"),
    [
        (trivy(), {"data": False}),  # no database
        (trivy(), {"days": 60}),
        (trivy(), {"text": "ARG BASE\nFROM $BASE\n"}),
        (trivy(), {"text": "FROM scratch\n"}),
        ("echo 'FATAL: no such image' >&2; exit 1", {}),
        ("echo 'No known vulnerabilities found'", {}),  # garbage, whatever it says
        (printed({"Results": []}), {}),  # it looked nothing up
        ("", {}),
    ],
)
def test_a_look_up_that_did_not_happen_is_no_all_clear(tmp_path: Path, script: str, more: dict[str, object]) -> None:
    found = scanned(tmp_path, "trivy", script, **more)  # type: ignore[arg-type]
    assert [(each.outcome, bool(each.reason)) for each in found.validation] == [("not_validated", True)]
    assert found.findings == []
