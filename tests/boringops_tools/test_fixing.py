"""Mending: only where the file means the same, only what nobody else is working on, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.fixing import apply, fixes
from tests.repos import make_repo


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.yaml", "a: 1  \nb: 2", "a: 1\nb: 2\n"),
        ("a.yaml", "a: 1\n\n\n\n", "a: 1\n"),
        ("a.json", '{"a": 1} \n', '{"a": 1}\n'),
        ("Dockerfile", "FROM a:1   \nRUN x\n", "FROM a:1\nRUN x\n"),
        ("run.sh", "#!/bin/sh\necho a", "#!/bin/sh\necho a\n"),
        ("crlf.yaml", "a: 1 \r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
    ],
)
def test_what_is_mended(tmp_path: Path, path: str, before: str, after: str) -> None:
    (tmp_path / path).write_bytes(before.encode())
    found = fixes(tmp_path, [path])
    assert [(fix.path, fix.after) for fix in found] == [(path, after)]
    assert f"--- a/{path}" in found[0].diff
    assert (tmp_path / path).read_bytes() == before.encode()
    apply(tmp_path, found)
    assert (tmp_path / path).read_bytes() == after.encode()
    assert fixes(tmp_path, [path]) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("block.yaml", "a: |\n  x  \n  y\n"),  # the space is part of the value
        ("run.sh", "#!/bin/sh\ncat <<E\nx  \nE\n"),
        ("Dockerfile", "FROM a:1\nRUN cat <<E\nx  \nE\n"),
        ("broken.yaml", "a: [  \n"),
        ("README.md", "a  \nb\n"),
        ("app.py", "x = 1  \n"),
        ("empty.yaml", ""),
    ],
)
def test_what_is_left(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / path).write_text(text)
    assert fixes(tmp_path, [path]) == []


def test_links_and_changed_files_are_not_written(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "r", {"a.yaml": "a: 1  \n", "b.yaml": "b: 1  \n", "c.yaml": "c: 1 \n"})
    (root / "link.yaml").symlink_to("a.yaml")
    found = fixes(root, ["a.yaml", "b.yaml", "c.yaml", "link.yaml"])
    assert [fix.path for fix in found] == ["a.yaml", "b.yaml", "c.yaml"]
    (root / "b.yaml").write_text("b: 2  \n")
    written, left = apply(root, found, leave={"c.yaml"})
    assert ([fix.path for fix in written], [fix.path for fix in left]) == (["a.yaml"], ["b.yaml", "c.yaml"])
    assert (root / "b.yaml").read_text() == "b: 2  \n"
