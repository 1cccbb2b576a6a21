"""Detection of every stack: what is read, and what is told as not certain."""

# ruff: noqa: E501 - a file's text reads best on one line

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.stack import Application, Stack, detect, render
from tests.boringops_tools.stacks import EXPECTED, STACKS


def made(root: Path, files: dict[str, str]) -> Stack:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return detect(root, list(files))


def served(root: Path, name: str) -> Application:
    (app,) = [app for app in made(root, STACKS[name]).applications if app.deployable]
    return app


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stack_is_read(tmp_path: Path, name: str) -> None:
    app = served(tmp_path, name)
    kinds, variables = [service.kind for service in app.services], [variable.name for variable in app.env]
    assert (
        app.language, app.version.value, app.manager, app.framework, " ".join(app.command), app.port,
        app.health and app.health.path, kinds, variables,
    ) == EXPECTED[name]  # fmt: skip
    for place in (app.entry, app.port_source, app.health and app.health.source, *(v.sources[0] for v in app.env)):
        assert place is None or place.path in STACKS[name]


def test_a_route_below_an_unknown_prefix_is_not_probed(tmp_path: Path) -> None:
    files = STACKS["axum"] | {"src/main.rs": 'fn main() {\n  serve();\n  TcpListener::bind("0.0.0.0:80");\n}\nfn a() {\n  Router::new().nest("/x", b());\n}\nfn b() {\n  Router::new().route("/healthz", get(c));\n}\n'}  # fmt: skip
    (app,) = made(tmp_path, files).applications
    assert app.deployable and app.health is None and any("/healthz" in remark for remark in app.remarks)


def test_secrets_and_what_the_code_insists_on_are_told(tmp_path: Path) -> None:
    env = {v.name: v for v in served(tmp_path / "a", "phoenix").env}
    assert env["SECRET_KEY_BASE"].secret and env["SECRET_KEY_BASE"].required and env["PORT"].default == "4000"
    env = {v.name: v for v in served(tmp_path / "b", "axum").env}
    assert env["DATABASE_URL"].required and env["LEVEL"].default == "info" and not env["LEVEL"].required
    env = {v.name: v for v in served(tmp_path / "c", "rails").env}
    assert env["MAILER_KEY"].required and not env["THEME"].required


def test_workers_and_migrations_are_found(tmp_path: Path) -> None:
    rails = served(tmp_path / "a", "rails")
    assert [process.name for process in rails.processes] == ["sidekiq"] and rails.migration
    celery = served(tmp_path / "b", "celery")
    assert [process.name for process in celery.processes] == ["worker", "beat"]
    assert celery.processes[0].command[:4] == ["celery", "--app", "mail.main", "worker"]


def test_a_single_page_application_falls_back_and_pages_do_not(tmp_path: Path) -> None:
    vite, astro = served(tmp_path / "a", "vite"), served(tmp_path / "b", "astro")
    assert vite.static and (vite.static.output, vite.static.fallback) == ("out-dir", "index.html")
    assert astro.static and (astro.static.output, astro.static.fallback) == ("dist", "")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"Cargo.toml": '[package]\nname = "x"\n', "src/lib.rs": ""}, "library"),
        ({"Cargo.toml": '[package]\nname = "x"\n', "src/main.rs": "fn main() {}"}, "nothing in it listens"),
        ({"x.gemspec": "", "Gemfile": "gemspec\n"}, "gem"),
        ({"composer.json": '{"type": "library"}'}, "library"),
        ({"a.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>'}, "library"),
        ({"mix.exs": "defmodule A do\n  def project, do: [app: :a]\nend\n"}, "web server"),
        ({"pom.xml": "<project><artifactId>a</artifactId></project>"}, "nothing in it listens"),
        ({"CMakeLists.txt": "project(a)\nadd_library(a a.cpp)\n"}, "library"),
        ({"pyproject.toml": '[build-system]\n[project]\nname = "a"\n[project.scripts]\na = "a:b"\n', "a.py": ""}, "command-line tool"),
        ({"package.json": '{"bin": "a.js"}', "a.js": ""}, "command-line tool"),
        ({"package.json": '{"dependencies": {"vitepress": "1"}, "scripts": {"build": "vitepress build"}}'}, "documentation"),
        ({"package.json": '{"dependencies": {"expo": "1"}}'}, "mobile"),
    ],
)  # fmt: skip
def test_what_gets_no_container_says_why(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    (app,) = made(tmp_path, files).applications
    assert not app.deployable and reason in app.reason


def test_what_is_no_application_is_named(tmp_path: Path) -> None:
    stack = made(
        tmp_path, {"main.tf": "", "modules/a/main.tf": "", "action.yml": "name: a\nruns: {}\n", "mkdocs.yml": ""}
    )
    assert stack.applications == []
    assert [(other.kind, str(other.sources[0])) for other in stack.others] == [
        ("terraform", "main.tf"), ("github-action", "action.yml:2"), ("documentation", "mkdocs.yml"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"mise.toml": '[tools]\nnode = "22.1"\n', "package.json": "{}"}, "22"),
        ({".ruby-version": "ruby-3.2.2\n", "Gemfile": 'ruby "3.4"\n'}, "3.2"),
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "1.82.0"\n', "Cargo.toml": '[package]\nname = "x"\n'}, "1.82"),
        ({"global.json": '{"sdk": {"version": "8.0.100"}}', "a.csproj": "<Project/>"}, "8.0"),
        ({".java-version": "temurin-22\n", "pom.xml": "<project/>"}, "25"),
    ],
)
def test_the_strongest_claim_on_the_version_wins(tmp_path: Path, files: dict[str, str], version: str) -> None:
    (app,) = made(tmp_path, files).applications
    assert app.version.value == version and app.version.stated


def test_what_lost_is_told(tmp_path: Path) -> None:
    (app,) = made(tmp_path, {"package.json": "{}", "yarn.lock": "", "package-lock.json": "{}"}).applications
    (choice,) = app.choices
    assert choice.value == app.manager == "yarn" and [claim.text for claim in choice.lost] == ["npm"]
    said = render.text(made(tmp_path, {"package.json": "{}", "yarn.lock": "", "package-lock.json": "{}"}))
    assert "yarn  [yarn.lock]; not npm [package-lock.json]" in said


def test_the_inventory_fits_a_terminal(tmp_path: Path) -> None:
    for name in STACKS:
        said = render.text(made(tmp_path / name, STACKS[name]))
        assert all(len(line) <= render.WIDTH for line in said.splitlines() if " " in line.strip())


def test_broken_manifests_break_nothing(tmp_path: Path) -> None:
    broken = dict.fromkeys(("pom.xml", "a.csproj", "mix.exs", "Gemfile", "composer.json", "deno.json", "Cargo.toml", "CMakeLists.txt"), "<<<{{{ \x00")  # fmt: skip
    evil = {"pom.xml": '<!DOCTYPE x [<!ENTITY a "aa">]><project>&a;</project>'}
    assert all(not app.deployable for app in made(tmp_path, broken | evil).applications)


@pytest.mark.parametrize(
    "files",
    [
        {"meson.build": "project('editor', ['c', 'vala'])\nexecutable('editor', 'a.vala')\n"},
        {"meson.build": "project('sums', 'c')\n", "pyproject.toml": "build-system.build-backend = 'mesonpy'\n"},
    ],
)
def test_what_meson_builds_of_other_languages_is_no_program_in_c(tmp_path: Path, files: dict[str, str]) -> None:
    assert "cpp" not in {app.language for app in made(tmp_path, files).applications}


@pytest.mark.parametrize(
    ("scripts", "command", "reason"),
    [
        ('{"build": "vite build"}', [], "a handler and no server"),
        (
            '{"build": "vite build", "start": "srvx --prod -s ../client dist/server/server.js"}',
            ["./node_modules/.bin/srvx", "--prod", "-s", "../client", "dist/server/server.js"],
            "",
        ),
    ],
)
def test_a_handler_of_tanstack_start_is_served_by_what_is_declared(
    tmp_path: Path, scripts: str, command: list[str], reason: str
) -> None:
    manifest = f'{{"name": "a", "scripts": {scripts}, "dependencies": {{"@tanstack/react-start": "1", "srvx": "0.9"}}}}'
    (app,) = made(tmp_path, {"package.json": manifest, "vite.config.ts": "export default {}\n"}).applications
    assert (app.command, app.deployable) == (command, not reason) and reason in app.reason


@pytest.mark.parametrize(("base", "found"), [("--platform=linux/amd64 php:8.4-apache", ["app"]), ("nginx:1.29", [])])
def test_plain_php_below_the_root_is_known_by_its_image(tmp_path: Path, base: str, found: list[str]) -> None:
    files = {
        "compose.yaml": "services: {}\n",
        "app/index.php": "<?php echo 1;\n",
        "app/Dockerfile": f"FROM {base} AS a\n",
    }
    assert [app.folder for app in made(tmp_path, files).applications if app.language == "php"] == found
