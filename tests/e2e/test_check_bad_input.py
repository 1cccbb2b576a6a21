"""Files and tools that misbehave: each is a finding or not validated by itself, and the rest goes on."""
# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.e2e.conftest import Boringops
from tests.repos import git, make_repo

POD = """apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  a: b
"""
BAD = 'FROM node:latest\nUSER 1000\nCMD ["true"]\n'


def fake(folder: Path, name: str, script: str) -> str:
    """A program of this name, first on PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\ncase $1 in version|--version) echo 1.2.3; exit 0;; esac\n{script}\n")
    (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'no json at all'", "output unreadable"),
        ("printf '\\000\\377\\033[31m'; exit 1", "output unreadable"),
        ("exit 0", "output unreadable"),
        ("echo '{\"Reports\": 5}'", "output unreadable"),
        ("kill -9 $$", "crashed"),
        ("echo broken >&2; exit 77", "crashed"),
    ],
)
def test_a_tool_that_misbehaves_takes_only_its_own_verdict(
    boringops: Boringops, tmp_path: Path, script: str, says: str
) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD, "cm.yaml": POD})
    ran = boringops("check", "-C", repo, "--output", "json", PATH=fake(tmp_path / "bin", "kube-linter", script))
    assert ran.code == 5, ran.err
    [verdict] = [each for each in ran.result["validation"] if each["tool"] == "kube-linter"]
    assert (verdict["outcome"], says in verdict["reason"]) == ("not_validated", True), verdict
    assert "image/latest" in {each["rule"] for each in ran.result["findings"]}
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_tool_that_hangs_and_everything_it_started(tmp_path: Path, number: signal.Signals) -> None:
    repo = make_repo(tmp_path / "r", {"cm.yaml": POD})
    started = tmp_path / "started"
    os.mkfifo(started)
    path = fake(tmp_path / "bin", "kube-linter", f"sleep 600 & echo $! $$ > {started}; wait")
    process = subprocess.Popen(
        [sys.executable, "-m", "boringops", "check", "-C", str(repo)],
        env={**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    pids = [int(each) for each in started.read_text().split()]
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "interrupted" in said and "Traceback" not in said
    for pid in pids:
        assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_files_of_every_bad_kind(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD})
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    odd = {
        "broken.yaml": "a: [1, 2\nb: }\n", "deep.yaml": "[" * 5000, "deep.json": "[" * 100_000, "bomb.yaml": f"apiVersion: v1\nkind: List\n{bomb}",
        "chart.yaml.j2": "{% if x %}a: {{ b }}\n", "k8s/t.yaml": "apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\na: 1\n{{- end }}\n",
        "loop.yaml": "a: &a\n  b: *a\n", "- dash.yaml": "a: 1\n", "--help.yml": "a: 1\n", "new\nline.yaml": "a: 1\n", "esc\x1b[31mape.yaml": "a: [\n",
        "spa ce.sh": "#!/bin/sh\necho $1\n", "empty.yaml": "", "tabs.yaml": "a:\n\tb: 1\n", "bad.toml": "a = \n", "bad.tf": 'resource "x" {\n',
    }  # fmt: skip
    for name, text in odd.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    (repo / "latin.yaml").write_bytes(b"a: \xe9\n")
    (repo / "nul.yaml").write_bytes(b"a: \0\n")
    (repo / os.fsdecode(b"bad-\xff.yaml")).write_text("a: 1\n")
    (repo / "self.yaml").symlink_to("self.yaml")
    (repo / "out.yaml").symlink_to("/etc/passwd")
    (repo / "folder").symlink_to(".")
    os.mkfifo(repo / "pipe.yaml")
    with (repo / "big.yaml").open("wb") as big:
        big.truncate(50 * 1024 * 1024)
    git(repo, "add", "--", *(name for name in odd if not name.startswith("-")))
    ran = boringops("check", "-C", repo, "--output", "json")
    assert ran.code == 5, ran.err
    assert "Traceback" not in ran.err
    assert "image/latest" in {each["rule"] for each in ran.result["findings"]}
    assert not [each for each in ran.result["findings"] if "broke down" in each["message"]], ran.result["findings"]
    assert not [each for each in ran.result["validation"] if each["reason"].startswith("crashed: ")], ran.result[
        "validation"
    ]
    against = {each["path"] for each in ran.result["findings"]} | {
        each["path"] for each in ran.result["validation"] if each["outcome"] != "passed"
    }
    assert {
        "broken.yaml",
        "deep.yaml",
        "deep.json",
        "bomb.yaml",
        "latin.yaml",
        "nul.yaml",
        "big.yaml",
        "loop.yaml",
    } <= against
    text = boringops("check", "-C", repo)
    assert text.code == 5 and "\x1b" not in text.out
    for form in ("sarif", "gitlab"):
        json.loads(boringops("check", "-C", repo, "--format", form).out)
    Xml.fromstring(boringops("check", "-C", repo, "--format", "junit").out)


def test_a_pipe_in_a_files_place_is_not_waited_for(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD, "cm.yaml": POD, "compose.yaml": "services: {}\n"})
    for name in ("cm.yaml", "compose.yaml"):
        (repo / name).unlink()
        os.mkfifo(repo / name)
    ran = boringops("check", "-C", repo, "--output", "json")
    assert ran.code == 5, ran.err
    blind = {each["path"]: each["reason"] for each in ran.result["validation"] if each["outcome"] == "not_validated"}
    assert blind["cm.yaml"] == blind["compose.yaml"] == "skipped: it is no file"
    named = boringops("check", "-C", repo, repo / "cm.yaml", "--output", "json")
    assert [each["path"] for each in named.result["validation"]] == ["cm.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD, "cm.yaml": POD})
    (repo / "cm.yaml").chmod(0)
    ran = boringops("check", "-C", repo, "--output", "json")
    assert ran.code == 5, ran.err
    [verdict] = [each for each in ran.result["validation"] if each["path"] == "cm.yaml"]
    assert (verdict["outcome"], "cannot be read" in verdict["reason"]) == ("not_validated", True)


def test_ten_thousand_files(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD})
    for number in range(10_000):
        place = repo / f"src/{number % 100}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.py").write_text(f"x = {number}\n")
    ran = boringops("check", "-C", repo, "--output", "json")
    assert (ran.code, ran.result["files"]) == (5, 10_001), ran.err
    assert {each["path"] for each in ran.result["findings"]} == {"Dockerfile"}


def test_two_checks_at_once_say_the_same(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD, "cm.yaml": POD})
    command = [sys.executable, "-m", "boringops", "check", "-C", str(repo), "--output", "json"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = [each.communicate(timeout=100) for each in both]
    assert [each.returncode for each in both] == [5, 5], (first, second)
    assert json.loads(first[0]) == json.loads(second[0])


def test_the_second_time_costs_no_tool_and_says_the_same(boringops: Boringops, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"Dockerfile": BAD, "cm.yaml": POD})
    calls = tmp_path / "calls"
    path = fake(tmp_path / "bin", "kube-linter", f"echo x >> {calls}\necho '{{\"Reports\": null}}'")
    first = boringops("check", "-C", repo, "--output", "json", PATH=path)
    assert first.code == 5, first
    assert calls.is_file(), first
    assert calls.read_text() == "x\n"
    second = boringops("check", "-C", repo, "--output", "json", PATH=path)
    assert (first.result, calls.read_text()) == (second.result, "x\n")
    (repo / ".git/boringops/cache/checks.sqlite").write_bytes(b"no database")
    assert boringops("check", "-C", repo, "--output", "json", PATH=path).result == first.result
    (repo / "cm.yaml").write_text(POD + "  c: d\n")
    boringops("check", "-C", repo, "--output", "json", PATH=path)
    assert calls.read_text() == "x\n" * 3
    assert git(repo, "status", "--porcelain") == " M cm.yaml\n"
