"""Which sandbox there is, what is said of it, and what follows where there is none."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from boringops.errors import UsageError
from boringops.sandbox import Box, choice, choose, seatbelt, seccomp
from boringops.sandbox.base import Backend, Launch
from boringops.sandbox.consent import box_for


@dataclass(frozen=True)
class Pretender:
    """Says that it confines, and does nothing of the kind."""

    name: str = "pretender"
    version: str = "1"
    hides_git: bool = True
    starts: bool = True

    @contextmanager
    def launch(self, argv: list[str], box: Box, env: dict[str, str]) -> Iterator[Launch]:
        yield Launch(argv if self.starts else ["/bin/sh", "-c", "echo not permitted >&2; exit 1"], env)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Backend]]:
    """The backends that there are to choose from."""
    backends: list[Backend] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "_candidates", lambda: iter(backends))
    choice._best.cache_clear()
    yield backends
    choice._best.cache_clear()


def test_a_backend_is_what_canaries_show_and_not_what_it_says(only: list[Backend]) -> None:
    only.append(Pretender())
    chosen = choose()
    assert (chosen.shown.level, chosen.backend, chosen.settled) == ("none", None, False)
    assert "pretender lets through: files outside, home" in chosen.shown.reason


def test_what_does_not_start_is_said_with_its_reason(only: list[Backend]) -> None:
    only.append(Pretender(starts=False))
    assert "pretender does not work here: not permitted" in choose().shown.reason


def test_where_one_is_required_and_there_is_none_the_way_to_it_is_said(only: list[Backend]) -> None:
    with pytest.raises(UsageError) as caught:
        choose("require")
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_switched_off_is_a_choice_that_is_told() -> None:
    chosen = choose("off")
    assert (chosen.shown.level, chosen.backend, chosen.settled) == ("none", None, True)
    assert "NOT SANDBOXED" in chosen.shown.sentence


def test_what_was_seen_is_remembered_but_for_another_machine(
    only: list[Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(
        choice, "try_out", lambda backend: tried.append(backend.name) or (_ for _ in ()).throw(OSError("no"))
    )
    only.append(Pretender())
    first = choose()
    choice._best.cache_clear()
    assert choose().shown == first.shown
    assert tried == ["pretender"]
    only.append(Pretender(version="2"))  # another set of backends: looked at anew
    choice._best.cache_clear()
    choose()
    assert len(tried) == 3


def test_a_broken_memory_costs_nothing(only: list[Backend], tmp_path: Path) -> None:
    memory = tmp_path / "cache/boringops/sandbox.json"
    memory.parent.mkdir(parents=True)
    memory.write_text('{"key": 1')
    assert choose().shown.level == "none"


# --- what consent to a command includes ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "network", "git"),
    [
        ("npm test", False, False),
        ("git status", False, False),
        ("npm ci && npm test", True, False),
        ("git fetch origin", True, True),
        ("git fetch origin && npm test", True, False),
        ("terraform init", True, False),
    ],
)
def test_only_what_reaches_out_has_a_network(command: str, network: bool, git: bool, tmp_path: Path) -> None:
    box = box_for(command, tmp_path, writable=True)
    assert (box.network, box.git_writable, box.writable) == (network, git, True)
    assert not box_for(command, tmp_path, writable=False).git_writable


def test_a_program_is_granted_its_own_credentials_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / ".kube" in box_for("kubectl get pods", tmp_path, writable=True).grants
    assert tmp_path / ".aws" not in box_for("kubectl get pods", tmp_path, writable=True).grants
    assert box_for("cat x", tmp_path, writable=True).grants == ()
    assert box_for("npm test", tmp_path, writable=True).grants == ()


# --- the filter ----------------------------------------------------------------------------------------


def judged(code: bytes, number: int, *arguments: int, arch: int) -> int:
    """What a filter answers, by the semantics of linux/filter.h."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    program = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    at = accumulator = 0
    while True:
        operation, true, false, value = program[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x06:
            return int(value)
        else:
            holds = accumulator == value if operation == 0x15 else accumulator >= value
            at += true if holds else false


ALLOW, EPERM, ENOSYS, EACCES = 0x7FFF0000, 0x50001, 0x50026, 0x5000D
X86, ARM = 0xC000003E, 0xC00000B7


@pytest.mark.parametrize(
    ("machine", "arch", "number", "arguments", "answer"),
    [
        ("x86_64", X86, 0, (), ALLOW),  # read
        ("x86_64", X86, 165, (), EPERM),  # mount
        ("x86_64", X86, 101, (), EPERM),  # ptrace
        ("x86_64", X86, 56, (0x1200011,), ALLOW),  # clone, as fork does it
        ("x86_64", X86, 56, (0x10000011,), EPERM),  # clone into a new user namespace
        ("x86_64", X86, 435, (), ENOSYS),  # clone3
        ("x86_64", X86, 41, (2, 1), ALLOW),  # socket(AF_INET)
        ("x86_64", X86, 41, (40, 1), EACCES),  # socket(AF_VSOCK)
        ("x86_64", X86, 16, (0, 0x5412), EACCES),  # ioctl(TIOCSTI)
        ("x86_64", X86, 16, (0, 0x5401), ALLOW),  # ioctl(TCGETS)
        ("x86_64", X86, 0x40000000 + 165, (), EPERM),  # the x32 table
        ("x86_64", 0x40000003, 4, (), EPERM),  # 32-bit calls
        ("aarch64", ARM, 63, (), ALLOW),  # read
        ("aarch64", ARM, 40, (), EPERM),  # mount
        ("aarch64", ARM, 165, (), ALLOW),  # getrusage, x86_64's mount
        ("aarch64", ARM, 220, (0x20000011,), EPERM),  # clone into a new process namespace
        ("aarch64", ARM, 198, (40, 1), EACCES),  # socket(AF_VSOCK)
        ("aarch64", X86, 63, (), EPERM),
    ],
)
def test_the_filter_judges_calls(machine: str, arch: int, number: int, arguments: tuple[int, ...], answer: int) -> None:
    assert judged(seccomp.assemble(machine=machine), number, *arguments, arch=arch) == answer


def test_without_families_there_are_no_sockets() -> None:
    assert judged(seccomp.assemble((), "x86_64"), 41, 2, 1, arch=X86) == EACCES


def test_an_architecture_without_numbers_is_not_guessed() -> None:
    assert not seccomp.supported("riscv64")


def test_the_profile_of_macos_names_what_may_be_written(tmp_path: Path) -> None:
    odd = tmp_path / 'a "tree"'
    odd.mkdir()
    told = seatbelt.profile(Box(odd, writable=False), tmp_path / "own", {"HOME": "/Users/me", "PATH": "/bin"})
    assert "(deny network*)" in told
    assert f'(allow file-write* (subpath "{tmp_path}/own"))' in told
    assert 'file-write* (subpath "' + str(odd) not in told
    assert '\\"tree\\"' in told
