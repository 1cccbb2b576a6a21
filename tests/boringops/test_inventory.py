"""The inventory on real files: what is found, what it must not open, and how it is shown."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from boringops import inventory
from boringops.facts import Inventory, InventoryItem

PERSONA = (
    "Dockerfile",
    ".github/workflows/*.yml",
    "terraform/**/*.tf",
    "docker-compose*.yml",
    ".circleci/config.yml",
    ".gitlab-ci.yml",
    "Jenkinsfile",
)
FILES: dict[str, str | bytes] = {
    "Dockerfile": "FROM node:24\n",
    "compose.prod.yml": "services: {}\n",
    "k8s/app.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: shop-staging\n",
    "terraform/main.tf": "",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    environment: qa\n",
}


def tree(root: Path, files: dict[str, str | bytes]) -> list[str]:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(files)


def take(root: Path, files: dict[str, str | bytes], globs: tuple[str, ...] = PERSONA) -> Inventory:
    return inventory.take(root, tree(root, files), globs)


def one(root: Path, path: str, content: str | bytes = "") -> InventoryItem:
    (item,) = take(root, {path: content}).files
    return item


# --- the persona's globs ---------------------------------------------------------------------------------


def test_which_glob_found_what_and_which_found_nothing(tmp_path: Path) -> None:
    taken = take(
        tmp_path, {"Dockerfile": "", "api/Dockerfile": "", ".github/workflows/a.yaml": "", "terraform/x/a.tf": ""}
    )
    assert {item.path: item.glob for item in taken.files} == {
        "Dockerfile": "Dockerfile",
        "api/Dockerfile": "Dockerfile",
        ".github/workflows/a.yaml": None,
        "terraform/x/a.tf": "terraform/**/*.tf",
    }
    assert taken.unmatched_globs == [".github/workflows/*.yml", *PERSONA[3:]]


def test_a_glob_behind_another_that_also_matches_has_not_found_nothing(tmp_path: Path) -> None:
    taken = take(tmp_path, {"main.tf": ""}, ("*.tf", "main.{tf,hcl}", "*.hcl"))
    assert taken.files[0].glob == "*.tf"
    assert taken.unmatched_globs == ["*.hcl"]


def test_what_only_the_persona_asks_for_is_listed(tmp_path: Path) -> None:
    taken = take(tmp_path, {"ops/roll.sh": "#!/bin/sh\n"}, ("ops/*.sh",))
    assert [(item.path, item.kind, item.glob) for item in taken.files] == [("ops/roll.sh", "other", "ops/*.sh")]


def test_without_globs_the_rules_still_hold(tmp_path: Path) -> None:
    taken = take(tmp_path, {"Dockerfile": ""}, ())
    assert taken.files[0].glob is None
    assert taken.unmatched_globs == []


def test_sorted_and_the_same_in_any_order(tmp_path: Path) -> None:
    files = tree(tmp_path, FILES)
    forward, backward = (inventory.take(tmp_path, order, PERSONA) for order in (files, files[::-1]))
    assert forward == backward
    assert [item.path for item in forward.files] == sorted(files)
    assert forward.environments == ["prod", "qa", "staging"]


# --- what must not hurt ----------------------------------------------------------------------------------


def test_values_of_variables_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        ".env",
        ".env.yaml",
        "prod.env",
        "prod.tfvars",
        "infra/a.tfvars.json",
        "group_vars/all.yml",
        "inventories/x/h.yml",
    ]
    files = tree(tmp_path, dict.fromkeys(paths, "apiVersion: v1\nkind: Secret\n"))
    monkeypatch.setattr(inventory._Tree, "head", lambda _, path: pytest.fail(f"{path} was opened"))
    assert [item.path for item in inventory.take(tmp_path, files, ()).files] == sorted(paths)


def test_only_candidates_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tree(
        tmp_path, {"a.py": "", "b.json": "{}", "c.md": "", "d.ts": "", "Makefile": "", "Dockerfile": "FROM a:1\n"}
    )
    opened: list[str] = []
    read = inventory._Tree.head

    def head(self: Any, path: str) -> str:
        opened.append(path)
        return read(self, path)

    monkeypatch.setattr(inventory._Tree, "head", head)
    inventory.take(tmp_path, files, PERSONA)
    assert opened == ["Dockerfile"]


def test_what_is_gone_or_no_file_or_leads_out_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    files = tree(root, {"Dockerfile": "FROM a:1\n", ".git/config": "x"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Dockerfile").write_text("FROM secret:1\n")
    links = {
        "out/Dockerfile": "../../out/Dockerfile", "git/Dockerfile": "../.git/config", "gone/Dockerfile": "nothing",
        "circle/Dockerfile": "Dockerfile", "in/Dockerfile": "../Dockerfile",
    }  # fmt: skip
    for path, target in links.items():
        (root / path).parent.mkdir()
        (root / path).symlink_to(target)
    (root / "folder").symlink_to("../out")
    (root / "dir/Dockerfile").mkdir(parents=True)
    (root / "pipe").mkdir()
    os.mkfifo(root / "pipe/Dockerfile")
    files += [
        *links,
        "folder/Dockerfile",
        "dir/Dockerfile",
        "pipe/Dockerfile",
        "deleted/Dockerfile",
        "../out/Dockerfile",
    ]
    files += ["nul\0/Dockerfile", "bad\udcff/Dockerfile"]
    taken = inventory.take(root, files, PERSONA)
    assert [item.path for item in taken.files] == ["Dockerfile", "in/Dockerfile"]
    assert taken.files[1].versions == {"a": "1"}


def test_binary_and_broken_files_are_what_their_names_say_and_no_more(tmp_path: Path) -> None:
    binary = b"FROM a:1\napiVersion: v1\nkind: Pod\n\0"
    taken = take(
        tmp_path, {"Dockerfile": binary, "a.yaml": binary, "compose.yml": b"\xff\xfe image: : [", "b.yaml": b"\xff"}
    )
    assert [(item.path, item.versions) for item in taken.files] == [("Dockerfile", {}), ("compose.yml", {})]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_what_its_name_says(tmp_path: Path) -> None:
    files = tree(tmp_path, {"Dockerfile": "FROM a:1\n"})
    (tmp_path / "Dockerfile").chmod(0)
    assert [item.versions for item in inventory.take(tmp_path, files, ()).files] == [{}]


def test_of_a_huge_file_only_the_start_is_read(tmp_path: Path) -> None:
    assert one(tmp_path, "Dockerfile", "FROM a:1\n" + "#" * inventory.HEAD_BYTES + "\nFROM b:2\n").versions == {
        "a": "1"
    }


def test_five_thousand_files(tmp_path: Path) -> None:
    names = [f"src/package{n % 50}/file{n}.{('py', 'ts', 'md', 'json', 'html')[n % 5]}" for n in range(4990)]
    files = names + tree(tmp_path, FILES)
    inventory.take(tmp_path, files, PERSONA)  # what is compiled once is not what is measured
    best = min(_timed(tmp_path, files) for _ in range(5))
    assert best < 0.1


def _timed(root: Path, files: list[str]) -> float:
    began = time.process_time()
    assert len(inventory.take(root, files, PERSONA).files) == len(FILES)
    return time.process_time() - began


# --- showing ---------------------------------------------------------------------------------------------


def test_render(tmp_path: Path) -> None:
    taken = take(tmp_path, {"Dockerfile": "FROM node:24\n", "compose.prod.yml": "services: {}\n", "Makefile": ""})
    assert inventory.render(taken).split("\n\n")[2:] == [
        "compose (Docker Compose):\n- compose.prod.yml: environments: prod",
        "dockerfile (Docker):\n- Dockerfile: node 24",
        "make (Make):\n- Makefile",
        "Environments stated: prod",
        f"No file matches these patterns: {', '.join(PERSONA[1:])}",
    ]


def test_render_of_nothing_says_so(tmp_path: Path) -> None:
    shown = inventory.render(take(tmp_path, {"a.py": ""}, ("Dockerfile",)))
    assert "No infrastructure file" in shown
    assert "No file matches these patterns: Dockerfile" in shown


def test_render_stays_compact_and_on_its_lines(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"k8s/{n:03}.yaml": FILES["k8s/app.yaml"] for n in range(200)}
    shown = inventory.render(take(tmp_path, files | {"a\n# Do this/Dockerfile": ""}))
    assert f"- and {200 - inventory.MAX_SHOWN} more" in shown
    assert "\n# Do this" not in shown
    assert len(shown) < 4000


def test_the_example_has_no_infrastructure_yet() -> None:
    example = Path(__file__).parents[2] / "memory_bank_example"
    files = [
        file.relative_to(example).as_posix()
        for file in example.rglob("*")
        if file.is_file() and "node_modules" not in file.parts
    ]
    assert "memory-bank/techContext.md" in files
    assert inventory.take(example, files, PERSONA).files == []
