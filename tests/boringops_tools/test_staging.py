"""Copies of files for the programs that judge them: written once, linked for each."""

import os
from pathlib import Path

import pytest

from boringops_tools.validators.staging import shared, workplace


def test_a_text_is_written_once_for_all_programs_of_a_check() -> None:
    with shared() as copies:
        with workplace() as (one, same), workplace() as (other, _):
            assert same is copies and one != other
            for folder, name in ((one, "0000.yml"), (other, "0000.yml"), (other, "0001.yml")):
                copies.put("a: ä\r\n", folder / name)
            copies.put("b: 1\n", one / "0001.yml")
            assert (one / "0000.yml").read_bytes() == "a: ä\r\n".encode() == (other / "0001.yml").read_bytes()
            assert (one / "0000.yml").stat().st_ino == (other / "0001.yml").stat().st_ino
            assert (one / "0001.yml").read_text() == "b: 1\n"
            assert {path.name for path in one.iterdir()} == {"0000.yml", "0001.yml"}  # and nothing of anybody else
        assert not one.exists()
    assert not copies.folder.exists()


def test_where_links_are_not_to_be_had_it_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    with workplace() as (folder, copies):
        copies.put("a: 1\n", folder / "0000.yml")
        assert (folder / "0000.yml").read_text() == "a: 1\n"


def test_a_program_outside_of_a_check_leaves_nothing() -> None:
    with workplace() as (folder, copies):
        copies.put("a: 1\n", folder / "0000.yml")
    assert not Path(copies.folder).exists()


def test_half_a_text_is_never_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        whole(path, data[:3])
        raise OSError(28, "No space left on device")

    with workplace() as (folder, copies):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_bytes", full)
            with pytest.raises(OSError, match="No space"):
                copies.put("a: 12345\n", folder / "0000.yml")
        copies.put("a: 12345\n", folder / "0001.yml")
        assert (folder / "0001.yml").read_text() == "a: 12345\n"
