"""Held against git itself."""

import subprocess
from pathlib import Path

import pytest

from boringops_tools.checks import Files
from tests.repos import git

PATHS = [
    "a.log", "deep/a.log", "build", "build/app.jar", "src/build/x", "vendor/keep/a", "vendor/other", "docs/x.md", "docs/deep/x.md",
    "sub/gen/a.py", "sub/gen/keep.py", "sub/other.log", "sub/deep/own", "sub/own", "own", "with space/a", "#hash", "!bang",
    "target/debug/x",
    ".env", ".env.example", "x/.env", "a/b/c/cache/d", "abc.py", "abd.py", "folder/file", "deep/folder/file", "foo/bar/baz", "foo/x/baz",
]  # fmt: skip
FILES = {
    ".gitignore": "# what builds make\n*.log\n/build\nvendor/*\n!vendor/keep\ndocs/*.md\n\\#hash\n\\!bang\nwith space/\ntarget/\n"
    ".env\n.env.*\n!.env.example\n**/cache/\nab[c-d].py\n!abd.py\nfolder/\nfoo/**/baz\n",
    "sub/.gitignore": "gen/*\n!gen/keep.py\n!*.log\n/own\n",
    "sub/deep/.gitignore": "\n",
}


@pytest.mark.parametrize("files", [FILES, {"sub/.gitignore": FILES["sub/.gitignore"]}, {}], ids=["two", "one", "none"])
def test_it_says_what_git_says(tmp_path: Path, files: dict[str, str]) -> None:
    git(tmp_path, "init", "--quiet")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    asked = subprocess.run(command, cwd=tmp_path, input="\n".join(PATHS), text=True, capture_output=True, check=False)
    by_git = [each.strip('"').replace("\\", "") for each in asked.stdout.splitlines()]
    assert [each for each in PATHS if Files(tmp_path).ignored(each)] == by_git
    assert bool(by_git) is bool(files)
