"""Commands end, leave nothing behind, and learn nothing they need not know."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from boringops.sandbox import process, run, scrubbed_environment, visible


def test_exit_code_and_output_in_order(tmp_path: Path) -> None:
    done = run("echo out; echo err >&2; echo more; exit 3", cwd=tmp_path, timeout_s=20)
    assert (done.exit_code, done.output, done.timed_out) == (3, "out\nerr\nmore\n", False)


def test_a_signal_shows_as_a_shell_tells_it(tmp_path: Path) -> None:
    assert run("kill -9 $$", cwd=tmp_path, timeout_s=20).exit_code == 137


def test_it_is_bash_in_the_given_directory(tmp_path: Path) -> None:
    done = run("[[ -n $BASH_VERSION ]] && pwd -P", cwd=tmp_path, timeout_s=20)
    assert done.output.strip() == str(tmp_path.resolve())


def test_sh_where_there_is_no_bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert run("echo $0", cwd=tmp_path, timeout_s=20).output == "/bin/sh\n"


def test_nothing_comes_from_standard_input(tmp_path: Path) -> None:
    done = run("cat; read -r x || echo closed", cwd=tmp_path, timeout_s=20)
    assert done.output == "closed\n"


def test_a_child_that_ignores_the_time_out_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.1)
    start = time.monotonic()
    done = run("trap '' TERM; echo begun; while :; do sleep 60; done", cwd=tmp_path, timeout_s=0.3)
    assert (done.exit_code, done.timed_out, done.output) == (124, True, "begun\n")
    assert time.monotonic() - start < 10


def test_a_child_may_tidy_up_when_told_to_end(tmp_path: Path) -> None:
    done = run("trap 'echo tidied; exit 0' TERM; echo begun; sleep 60 & wait", cwd=tmp_path, timeout_s=0.3)
    assert done.timed_out
    assert done.output == "begun\ntidied\n"


def test_a_background_child_neither_holds_it_up_nor_lives_on(tmp_path: Path) -> None:
    start = time.monotonic()
    done = run("sleep 60 & echo $!", cwd=tmp_path, timeout_s=30)
    assert time.monotonic() - start < 10
    assert done.exit_code == 0
    assert _gone(int(done.output))


def _gone(pid: int) -> bool:
    """Whether a process that was killed has ended: a zombie has, and its reaper may be slow."""
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        threading.Event().wait(0.005)
    return False


def test_cancel_ends_it_promptly(tmp_path: Path) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    start = time.monotonic()
    done = run("echo begun; sleep 60", cwd=tmp_path, timeout_s=50, cancel=cancel)
    timer.join()
    assert time.monotonic() - start < 10
    assert (done.exit_code, done.timed_out, done.output) == (130, False, "begun\n")


def test_output_over_the_cap_keeps_head_and_tail(tmp_path: Path) -> None:
    command = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last"
    done = run(command, cwd=tmp_path, timeout_s=30, max_output_bytes=2000)
    assert done.output.startswith("first\nxxx")
    assert done.output.endswith("xxx\nlast\n")
    assert len(done.output) < 2100
    assert f"[... {3_000_000 + 12 - 2000} bytes of output dropped ...]" in done.output


def test_output_within_the_cap_is_whole(tmp_path: Path) -> None:
    assert run("seq 1 20000", cwd=tmp_path, timeout_s=30).output.splitlines() == [str(n) for n in range(1, 20001)]


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x00b\x07c\x08", "abc"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("a\tb\n", "a\tb\n"),
        ("\x1b(Bplain\x1b=", "plain"),
        ("naïve ✓", "naïve ✓"),
    ],
)
def test_visible(raw: str, seen: str) -> None:
    assert visible(raw) == seen


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    assert run(r"printf 'a\xffb\0c'", cwd=tmp_path, timeout_s=20).output == "a\ufffdbc"


SECRETS = {
    "ANTHROPIC_API_KEY": "sk-planted", "AWS_SECRET_ACCESS_KEY": "planted", "AWS_SESSION_TOKEN": "planted",
    "GITHUB_TOKEN": "planted", "DATABASE_URL": "postgres://u:planted@h/d", "TF_VAR_password": "planted",
    "NPM_TOKEN": "planted", "GOOGLE_APPLICATION_CREDENTIALS": "planted", "SSH_AUTH_SOCK": "planted",
    "LD_PRELOAD": "planted", "BASH_ENV": "planted", "HTTPS_PROXY": "http://u:planted@h", "MY_SETTING": "planted",
}  # fmt: skip


def test_a_child_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    seen = run("env; cat /proc/$$/environ 2>/dev/null", cwd=tmp_path, timeout_s=20).output
    assert "planted" not in seen
    assert "GIT_TERMINAL_PROMPT=0" in seen
    assert "PAGER=cat" in seen


def test_the_scrubbed_environment() -> None:
    kept = scrubbed_environment(
        {"PATH": "/bin", "HOME": "/home/u", "LC_ALL": "C", "GOPATH": "/go", "TMPDIR": "https://u:p@h", **SECRETS}
    )
    assert kept["PATH"] == "/bin"
    assert {"HOME", "LC_ALL", "GOPATH", "CI", "NO_COLOR"} <= kept.keys()
    assert "TMPDIR" not in kept, "a value that holds a password is not passed under any name"
    assert not SECRETS.keys() & kept.keys()


def test_variables_can_be_added(tmp_path: Path) -> None:
    assert run("echo $GREETING", cwd=tmp_path, timeout_s=20, env={"GREETING": "hi"}).output == "hi\n"


def test_without_process_descriptors_it_ends_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    start = time.monotonic()
    done = run("sleep 60 & echo x; exit 4", cwd=tmp_path, timeout_s=30)
    assert (done.exit_code, done.output) == (4, "x\n")
    assert time.monotonic() - start < 10
