"""What is drafted for every stack passes every validator, red flag and check, side by side in one repository."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from boringops.facts import Inspection
from boringops_tools.blueprints import Draft, draft
from boringops_tools.inspection import inspect
from tests.boringops_tools.stacks import EXPECTED, STACKS


def placed(root: Path, files: dict[str, str]) -> list[str]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return list(files)


def written(root: Path, files: dict[str, str]) -> Draft:
    made = draft(root, placed(root, files))
    placed(root, {file.path: file.content for file in made.files})
    return made


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Draft, Inspection]:
    root = tmp_path_factory.mktemp("stacks")
    files = {f"{name}/{path}": content for name, tree in STACKS.items() for path, content in tree.items()}
    made = written(root, files)
    return root, made, inspect(root, [file.path for file in made.files])


def test_every_stack_gets_an_image(everything: tuple[Path, Draft, Inspection]) -> None:
    _, made, _ = everything
    folders = {
        file.path.rpartition("/")[0].partition("/")[0] for file in made.files if file.path.endswith("/Dockerfile")
    }
    assert folders == set(EXPECTED)


def test_no_validator_and_no_red_flag_has_anything_to_say(everything: tuple[Path, Draft, Inspection]) -> None:
    _, made, found = everything
    said = [f"{f.path}:{f.line} {f.rule} {f.message}" for f in found.findings if f.severity in {"error", "warning"}]
    assert said == []
    judged = {item.path for item in found.validation if item.outcome == "passed"}
    assert {file.path for file in made.files if not file.path.endswith((".md", "ignore", ".env.example"))} <= judged


def test_an_image_is_what_the_persona_asks_for(everything: tuple[Path, Draft, Inspection]) -> None:
    root, made, _ = everything
    for path in (file.path for file in made.files if file.path.endswith("/Dockerfile")):
        text = (root / path).read_text()
        final = text[text.rindex("\nFROM ") :]
        assert re.search(r"^USER [1-9]\d*:\d+$", final, re.MULTILINE), path
        assert "HEALTHCHECK" in final and re.search(r"^(CMD|ENTRYPOINT) \[", final, re.MULTILINE), path
        probe = re.search(r"HEALTHCHECK [^\[]*(\[.*\])$", final, re.MULTILINE)
        assert probe and json.loads(probe[1]), path
        assert len(re.findall(r"^FROM ", text, re.MULTILINE)) >= 2 and ":latest" not in text, path


def test_a_second_draft_has_nothing_to_add(everything: tuple[Path, Draft, Inspection]) -> None:
    root, made, _ = everything
    files = {f"{name}/{path}" for name, tree in STACKS.items() for path in tree} | {file.path for file in made.files}
    assert [file.path for file in draft(root, sorted(files)).files] == []


def test_an_application_of_a_workspace_is_built_from_the_root(tmp_path: Path) -> None:
    written(tmp_path, STACKS["pnpm_workspace"])
    text = (tmp_path / "apps/desk/Dockerfile").read_text()
    assert 'pnpm --filter "@x/desk^..." run build' in text and "WORKDIR /app/apps/desk" in text
    assert "COPY libs/db/package.json ./libs/db/package.json" in text
    ignored = (tmp_path / "apps/desk/Dockerfile.dockerignore").read_text().splitlines()
    assert {"!apps/desk", "!libs/db", "!pnpm-lock.yaml"} <= set(ignored)
    compose = (tmp_path / "compose.yaml").read_text()
    assert "context: .\n" in compose and "dockerfile: apps/desk/Dockerfile" in compose
    assert 'file: "./apps/desk/Dockerfile"' in (tmp_path / ".github/workflows/ci.yml").read_text()


def test_migrations_and_workers_run_as_jobs_of_their_own(tmp_path: Path) -> None:
    written(tmp_path, STACKS["rails"])
    compose = (tmp_path / "compose.yaml").read_text()
    assert "note-book-migrate:" in compose and "condition: service_completed_successfully" in compose
    assert "note-book-sidekiq:" in compose and "disable: true" in compose
    assert "db:migrate" not in re.sub(r"^#.*$", "", (tmp_path / "Dockerfile").read_text(), flags=re.MULTILINE)


def test_production_runs_images_by_digest(tmp_path: Path) -> None:
    written(tmp_path, STACKS["dotnet"])
    assert "${SHOP_IMAGE:?" in (tmp_path / "compose.prod.yaml").read_text()
    assert "SHOP_IMAGE=" in (tmp_path / ".env.example").read_text()


def test_a_site_is_served_without_inventing_pages(tmp_path: Path) -> None:
    written(tmp_path / "a", STACKS["vite"])
    written(tmp_path / "b", STACKS["astro"])
    assert "/index.html;" in (tmp_path / "a/nginx.conf").read_text()
    assert "$uri.html =404;" in (tmp_path / "b/nginx.conf").read_text()
    assert "ARG VITE_API_URL" in (tmp_path / "a/Dockerfile").read_text()


def test_a_plain_site_gets_a_web_server(tmp_path: Path) -> None:
    made = written(tmp_path, {"index.html": "<html></html>", "style.css": "", "notes.md": ""})
    assert {"Dockerfile", "nginx.conf", ".github/workflows/ci.yml"} <= {file.path for file in made.files}
    found = inspect(tmp_path, [file.path for file in made.files])
    assert [finding for finding in found.findings if finding.severity in {"error", "warning"}] == []


@pytest.mark.parametrize(
    "files",
    [
        {"Cargo.toml": '[package]\nname = "x"\n', "src/lib.rs": ""},
        {"pyproject.toml": '[build-system]\n[project]\nname = "a"\n', "a.py": ""},
        {"x.gemspec": "", "Gemfile": "gemspec\n"},
    ],
)
def test_a_library_gets_checks_and_no_container(tmp_path: Path, files: dict[str, str]) -> None:
    paths = {file.path for file in written(tmp_path, files).files}
    assert ".github/workflows/ci.yml" in paths
    assert not [path for path in paths if "Dockerfile" in path or "compose" in path or "release" in path]


def test_a_terraform_module_gets_nothing_and_is_told_why(tmp_path: Path) -> None:
    made = written(tmp_path, {"main.tf": "", "variables.tf": ""})
    assert made.files == [] and any("Terraform" in note for note in made.notes)


def test_an_application_with_an_image_of_its_own_and_no_start_is_told_of_no_compose_file(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"express": "5"}, "scripts": {"start": "nx serve"}}',
        "a.js": "require('express')().listen(3000)",
        "Dockerfile": "FROM scratch\n",
    }
    made = written(tmp_path, files)
    assert "compose" not in "".join(file.path for file in made.files)
    assert "compose.yaml" not in "".join(file.content for file in made.files if file.path.endswith(".md"))
    assert draft(tmp_path, sorted({*files, *(file.path for file in made.files)})).files == []


@pytest.mark.parametrize(
    ("name", "heading"), [("README.adoc", "== Deployment"), ("README.rst", "Deployment\n----------")]
)
def test_a_readme_in_another_format_keeps_its_syntax(tmp_path: Path, name: str, heading: str) -> None:
    files = STACKS["bun"] | {name: "= Hop\n"}
    made = written(tmp_path, files)
    text = (tmp_path / name).read_text()
    assert text.startswith("= Hop\n") and heading in text and "#" not in text
    assert draft(tmp_path, sorted({*files, *(file.path for file in made.files)})).files == []


def test_a_meson_project_is_built_with_its_tools_and_the_folders_it_names(
    everything: tuple[Path, Draft, Inspection],
) -> None:
    root, _, _ = everything
    image = (root / "meson/Dockerfile").read_text()
    assert "meson compile -C /build parrot" in image and "libpq-dev meson ninja-build pkg-config" in image
    assert {"!src", "!tests", "!meson.build"} <= set((root / "meson/.dockerignore").read_text().splitlines())
    checks = (root / ".github/workflows/ci.yml").read_text().partition("  test-parrot:")[2].partition("\n  test-")[0]
    assert 0 < checks.index("libpq-dev meson") < checks.index("meson test -C build")
