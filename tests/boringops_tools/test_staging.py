"""Copies of files for the programs that judge them: written once, linked for each."""

import os
from pathlib import Path

import pytest

from boringops_tools.validators import staging
from boringops_tools.validators.staging import shared, workplace


def test_a_text_is_written_once_for_all_programs_of_a_check() -> None:
    with shared() as copies:
        with workplace() as (one, same), workplace() as (other, _):
            assert same is copies and one != other
            for folder, name in ((one, "0000.yml"), (other, "0000.yml"), (other, "0001.yml")):
                copies.put("a: ä\r\n", f"{folder}/{name}")
            copies.put("b: 1\n", f"{one}/0001.yml")
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
        copies.put("a: 1\n", f"{folder}/0000.yml")
        assert (folder / "0000.yml").read_text() == "a: 1\n"


def test_a_program_outside_of_a_check_leaves_nothing() -> None:
    with workplace() as (folder, copies):
        copies.put("a: 1\n", f"{folder}/0000.yml")
    assert not Path(copies.folder).exists()


def test_half_a_text_is_never_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = staging._write

    def full(place: str, text: str) -> None:
        whole(place, text[:3])
        raise OSError(28, "No space left on device")

    with workplace() as (folder, copies):
        with monkeypatch.context() as patched:
            patched.setattr(staging, "_write", full)
            with pytest.raises(OSError, match="No space"):
                copies.put("a: 12345\n", f"{folder}/0000.yml")
        copies.put("a: 12345\n", f"{folder}/0001.yml")
        assert (folder / "0001.yml").read_text() == "a: 12345\n"


def test_copies_are_made_in_memory_unless_the_user_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_IN_MEMORY", str(tmp_path))
    monkeypatch.setattr(staging, "_ROOM", 0)
    monkeypatch.delenv("TMPDIR", raising=False)
    with workplace() as (folder, _):
        assert folder.is_relative_to(tmp_path)
    monkeypatch.setattr(staging, "_ROOM", 2**80)  # too little room
    with workplace() as (folder, _):
        assert not folder.is_relative_to(tmp_path)
    monkeypatch.setattr(staging, "_ROOM", 0)
    monkeypatch.setenv("TMPDIR", "elsewhere")
    with workplace() as (folder, _):
        assert not folder.is_relative_to(tmp_path)
