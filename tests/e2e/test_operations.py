"""Disaster recovery as its users live it: questions, answers, files, verification, commit; and a second run that changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.boringops_tools.test_blueprints import APPS
from tests.e2e.conftest import Boringops
from tests.repos import git


def committed(tmp_path: Path) -> Path:
    root = shutil.copytree(APPS / "express", tmp_path / "orders")
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@localhost")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Begin")
    return root


def test_disaster_recovery_is_asked_for_and_then_written(tmp_path: Path, boringops: Boringops) -> None:
    root = committed(tmp_path)
    task = "We need disaster recovery procedures for production database"
    asked = boringops("run", task, "--offline", "--approve", "auto", "--output", "json", "-C", root)
    assert asked.code == 3 and asked.result["confidence"] == "low"
    assert [any(word in each["question"] for each in asked.result["questions"]) for word in ("RTO", "RPO", "cost")] == [
        True
    ] * 3
    said = "RTO 4 hours, RPO 1 hour, 200 dollars a month"
    done = boringops("resume", "--approve", "--answer", said, "--output", "json", "-C", root)
    assert done.code == 0 and done.result["status"] == "done", done.err
    changed = git(root, "show", "--name-only", "--format=", "HEAD").split()
    assert {"docs/disaster-recovery.md", "ops/recovery/backup-postgres.sh", "ops/recovery/restore-postgres.sh"} <= set(
        changed
    )
    assert not any(path.startswith(("src/", "Dockerfile", ".github/")) for path in changed)
    outcomes = {(each["path"], each["tool"]): each["outcome"] for each in done.result["validation"]}
    assert outcomes["ops/recovery/restore-postgres.sh", "shellcheck"] == "passed"
    documented = next(
        each for each in done.result["checklist"]["items"] if "isaster recovery is described" in each["text"]
    )
    assert documented["outcome"] == "verified", documented
    again = boringops("run", f"{task}: {said}", "--offline", "--approve", "auto", "--output", "json", "-C", root)
    assert again.code == 0 and again.result["changes"] == [] and not git(root, "status", "--porcelain"), again.err


def test_a_review_is_answered_with_findings(tmp_path: Path, boringops: Boringops) -> None:
    root = committed(tmp_path)
    (root / "Dockerfile").write_text('FROM node:latest\nCOPY . .\nCMD ["node", "src/server.js"]\n')
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Image")
    told = boringops("run", "Review what is there", "--offline", "--output", "json", "-C", root)
    assert told.code == 0 and told.result["status"] == "answered"
    assert "image/latest" in told.result["summary"] and "compose.yaml" in told.result["summary"]
    assert "<data-" not in told.result["summary"]


def test_a_dockerfile_of_peoples_own_does_not_hold_up_another_task(tmp_path: Path, boringops: Boringops) -> None:
    root = committed(tmp_path)
    (root / "Dockerfile").write_text(
        'FROM node:24.11.0-slim\nWORKDIR /app\nCOPY . .\nUSER 10001:10001\nCMD ["node", "src/server.js"]\n'
    )
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Image")
    done = boringops("run", "Rotate our secrets", "--offline", "--approve", "auto", "--output", "json", "-C", root)
    assert done.code == 0, done.err
    assert "Dockerfile" not in {change["path"] for change in done.result["changes"]}
