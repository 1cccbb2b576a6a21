"""What is there already: brought up to date where it is ours, kept where it is people's, told where both changed it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from boringops_tools.blueprints import Draft
from boringops_tools.blueprints.merging import bases, kept_out, three_way
from tests.boringops_tools.test_blueprints import drafted, files_of, repository
from tests.repos import git, make_repo

TRAILER = "Boringops-Run: 20260101-000000-abcd"
WANTS = {"containers", "ci", "docs"}


def committed(root: Path, *trailers: str) -> None:
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Work\n\n" + "\n".join(trailers))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An application whose files a blueprint wrote, in a run without a language model."""
    root = repository(tmp_path, "express")
    git(root, "init", "--quiet", "--initial-branch", "main")
    committed(root)
    drafted(root, wants=WANTS)
    committed(root, TRAILER)
    return root


def again(root: Path) -> Draft:
    return drafted(root, wants=WANTS)


def with_redis(root: Path) -> None:
    manifest = json.loads((root / "package.json").read_text())
    manifest["dependencies"]["redis"] = "^5.0.0"
    (root / "package.json").write_text(json.dumps(manifest, indent=2))


def test_a_second_run_changes_nothing(root: Path) -> None:
    assert "compose.yaml" in bases(root, files_of(root))
    assert again(root).files == []


def test_what_was_written_before_follows_the_code(root: Path) -> None:
    with_redis(root)
    made = {file.path: file for file in again(root).files}
    assert made["compose.yaml"].action == "change"
    assert "redis:" in (root / "compose.yaml").read_text()
    committed(root, TRAILER)
    assert again(root).files == []


def test_changes_of_people_stay_beside_it(root: Path) -> None:
    path = root / "compose.yaml"
    path.write_text("# ours: ask before you change this\n" + path.read_text())
    committed(root)
    with_redis(root)
    again(root)
    text = path.read_text()
    assert "redis:" in text and text.startswith("# ours: ask before you change this\n")


def test_a_conflict_is_told_and_nothing_is_written(root: Path) -> None:
    path = root / ".github/workflows/release.yml"
    base = bases(root, files_of(root))[".github/workflows/release.yml"]
    mine, other = (
        base.replace("permissions: {}", f"permissions: {{{grant}: read}}", 1) for grant in ("contents", "packages")
    )
    merged = three_way(base, mine, other)
    assert merged.conflicts == ("permissions: {contents: read}",)
    assert "packages: read" not in merged.text and path.read_text() == base


def test_a_conflict_reaches_the_plan(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = root / "Dockerfile"
    text = path.read_text()
    first = next(line for line in text.splitlines() if line.startswith("FROM"))
    path.write_text(text.replace(first, f"{first} # pinned by us"))
    committed(root)
    # The blueprint of another version wrote another line there.
    from boringops_tools.blueprints import merging

    kept = bases(root, files_of(root))
    monkeypatch.setattr(merging, "bases", lambda *_: kept | {"Dockerfile": text.replace(first, f"{first} # as it was")})
    made = again(root)
    assert "Dockerfile" not in {file.path for file in made.files}
    assert any("Dockerfile stays as it is" in said for said in made.plan.assumptions)


def test_what_a_language_model_wrote_is_not_taken_for_ours(root: Path) -> None:
    (root / "compose.yaml").write_text("services: {}\n")
    committed(root, TRAILER, "Co-Authored-By: Model <model@localhost>")
    assert "compose.yaml" not in bases(root, files_of(root))
    with_redis(root)
    again(root)
    assert (root / "compose.yaml").read_text() == "services: {}\n"


@pytest.mark.parametrize(
    "text",
    [
        "*\n!src\n",
        ".git\n.env*\n*.pem\n*.key\n",
        "**/.git/\n**/.env\n/*.pem\n**/*.key\n",
        ".git\n!.env.production\n",
    ],
)
def test_a_dockerignore_that_keeps_secrets_out_stays(text: str) -> None:
    assert kept_out(text) == text


def test_a_dockerignore_gets_what_it_lacks_at_its_end() -> None:
    before = "# ours\r\nnode_modules\r\n.git\r\n"
    after = kept_out(before)
    assert after.startswith(before) and "**/.env\r\n" in after and "**/.git\r\n" not in after
    assert kept_out(after) == after


def test_a_file_that_people_made_is_no_base_though_a_run_changed_it(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "repo", {".dockerignore": "# ours\n_build\n", "app.py": "x = 1\n"})
    (root / ".dockerignore").write_text("# ours\n_build\n.git\n.env\n")
    (root / "Dockerfile").write_text("FROM scratch\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "A run\n\nBoringops-Run: 20261125-000000-abcd")
    assert set(bases(root, [".dockerignore", "Dockerfile", "app.py"])) == {"Dockerfile"}
