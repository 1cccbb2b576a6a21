"""Detection: what a repository shows, and nothing it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.stack import Application, Stack, detect

APPS = Path(__file__).parent / "apps"


def files_of(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts
    )


def only(name: str) -> Application:
    root = APPS / name
    (app,) = detect(root, files_of(root)).applications
    return app


def made(root: Path, **files: str | bytes) -> Stack:
    """Detection over files given by path, `__` for `/`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return detect(root, files_of(root))


WHOLE = {
    # folder: (framework, version, manager, command, port, health, services)
    "express": ("express", "22", "npm", "node src/server.js", 4000, "/healthz", ["postgres"]),
    "pnpm": ("fastify", "24", "pnpm", "node dist/index.js", 3100, "/api/health", ["redis"]),
    "nextjs": ("nextjs", "24", "npm", "node server.js", 3000, "/api/health", []),
    "http": ("http", "24", "npm", "node index.js", 8088, "/ping", []),
    "fastapi_uv": (
        "fastapi", "3.13", "uv", "uvicorn weather.main:app --host 0.0.0.0 --port 8000", 8000, "/health", ["postgres"],
    ),
    "flask": (
        "flask", "3.13", "pip",
        "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm --access-logfile - board:create_app()",
        8000, "/healthz", ["redis"],
    ),
    "django": (
        "django", "3.12", "pip",
        "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm --access-logfile - site_.wsgi:application",
        8000, "/health/", ["postgres"],
    ),
    "go": ("net/http", "1.26", "go", "/app/server", 8090, "/livez", []),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_an_application_is_read_whole(name: str) -> None:
    app = only(name)
    assert app.deployable, app.reason
    assert (
        app.framework,
        app.version.value,
        app.manager,
        " ".join(app.command),
        app.port,
        app.health.path if app.health else None,
        [service.kind for service in app.services],
    ) == WHOLE[name]


def test_every_value_says_where_it_was_read() -> None:
    app = only("express")
    assert str(app.version.stated.source) == ".nvmrc:1" if app.version.stated else False
    assert str(app.health.source) == "src/server.js:13" if app.health else False
    assert {variable.name: str(variable.sources[0]) for variable in app.env} == {
        "DATABASE_URL": "src/server.js:6",
        "LOG_LEVEL": "src/server.js:4",
        "PORT": "src/server.js:5",
        "SESSION_SECRET": "src/server.js:4",
    }


def test_variables_know_secrets_defaults_and_what_is_required() -> None:
    env = {variable.name: variable for variable in only("fastapi_uv").env}
    assert env["WEATHER_PROVIDER_TOKEN"].secret and env["WEATHER_PROVIDER_TOKEN"].required
    assert env["DATABASE_URL"].secret and "WEATHER_DATABASE_URL" not in env
    assert env["WEATHER_UNITS"].default == "metric" and not env["WEATHER_UNITS"].required
    env = {variable.name: variable for variable in only("flask").env}
    assert env["SECRET_KEY"].required and env["PAGE_SIZE"].default == "20"


def test_a_route_below_a_prefix_is_not_taken_for_a_health_route(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "package.json": '{"name": "x", "dependencies": {"express": "5"}, "scripts": {"start": "node a.js"}}',
            "a.js": "const r = express.Router(); r.get('/health', f); app.use('/api', r); app.listen(3000)",
        },
    )
    assert stack.applications[0].health is None


def test_the_weaker_version_that_lost_is_told(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "package.json": '{"engines": {"node": "^22"}}',
            ".nvmrc": "v20.11.0\n",
        },
    )
    version = stack.applications[0].version
    assert (version.value, [claim.text for claim in version.lost]) == ("20", ["^22"])
    assert version.end_of_life


@pytest.mark.parametrize(
    ("stated", "chosen"),
    [
        (">=18", "24"),
        ("22.x", "22"),
        ("^20.9 || >=22", "24"),
        ("lts/jod", "22"),
        ("<24", "22"),
        ("18 - 20", "20"),
        ("7", "24"),
    ],
)
def test_a_range_becomes_a_version_we_have_an_image_for(tmp_path: Path, stated: str, chosen: str) -> None:
    stack = made(tmp_path, **{"package.json": f'{{"engines": {{"node": "{stated}"}}}}'})
    assert stack.applications[0].version.value == chosen


@pytest.mark.parametrize(
    ("pin", "chosen"), [("psycopg2-binary==2.9.9", "3.12"), ("multidict==6.0.4", "3.11"), ("multidict>=6", "3.13")]
)
def test_old_pins_get_a_python_they_have_wheels_for(tmp_path: Path, pin: str, chosen: str) -> None:
    stack = made(
        tmp_path,
        **{"requirements.txt": f"flask\n{pin}\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n"},
    )
    assert stack.applications[0].version.value == chosen


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"package.json": '{"name": "x", "main": "index.js"}', "index.js": "module.exports = 1"}, "library"),
        ({"go.mod": "module x\n\ngo 1.25\n", "x.go": "package x\n"}, "no main package"),
        ({"go.mod": "module x\n", "main.go": "package main\n\nfunc main() {}\n"}, "nothing in it listens"),
        ({"pyproject.toml": '[project]\nname = "x"\n', "x.py": "print()\n"}, "no web application"),
        (
            {
                "package.json": '{"dependencies": {"next": "16"}}',
                "package-lock.json": "{}",
                "next.config.js": "module.exports = { output: 'export' }",
            },
            "no build script",
        ),
        (
            {
                "package.json": '{"dependencies": {"express": "5"}, "scripts": {"start": "nx serve"}}',
                "a.js": "app.listen(1)",
            },
            "production",
        ),
    ],
)
def test_what_is_not_deployable_says_why(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    (app,) = made(tmp_path, **files).applications
    assert not app.deployable and reason in app.reason


def test_applications_of_a_monorepo_stay_apart(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "api/requirements.txt": "fastapi\nuvicorn\n",
            "api/main.py": "from fastapi import FastAPI\nfrom routers import all\napp = FastAPI()\n",
            "api/routers/__init__.py": "import os\nos.environ['API_ONLY']\n",
            "web/package.json": '{"dependencies": {"express": "5"}, "scripts": {"start": "node s.js"}}',
            "web/s.js": "require('express')().listen(process.env.WEB_ONLY || 3001)",
        },
    )
    assert [(app.name, app.language, [v.name for v in app.env]) for app in stack.applications] == [
        ("api", "python", ["API_ONLY"]),
        ("web", "node", ["WEB_ONLY"]),
    ]


def test_a_workspace_member_is_built_from_the_workspaces_root(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "package.json": '{"workspaces": ["apps/*", "packages/*"]}',
            "package-lock.json": "{}",
            "apps/api/package.json": '{"name": "api", "dependencies": {"express": "5", "@x/db": "*"}, "scripts": {"start": "node s.js"}}',
            "apps/api/s.js": "require('express')().listen(3000)",
            "packages/db/package.json": '{"name": "@x/db", "dependencies": {"pg": "8"}}',
            "packages/db/index.js": "module.exports = process.env.DATABASE_URL",
        },
    )
    root, api, db = stack.applications
    assert root.reason == "the root of a workspace, not an application by itself" and "library" in db.reason
    assert (
        api.deployable
        and api.context == ""
        and api.dockerfile == "apps/api/Dockerfile"
        and api.lockfile == "package-lock.json"
    )
    assert api.workspace and api.workspace.folders == ["packages/db", "apps/api"]
    assert [service.kind for service in api.services] == ["postgres"] and [v.name for v in api.env] == ["DATABASE_URL"]


@pytest.mark.parametrize("entry", ["from routes import r", "from .routes import r"])
def test_imports_beside_the_entry_decide_the_import_root(tmp_path: Path, entry: str) -> None:
    stack = made(
        tmp_path,
        **{
            "requirements.txt": "fastapi\nuvicorn\n",
            "service/__init__.py": "",
            "service/main.py": f"from fastapi import FastAPI\n{entry}\napp = FastAPI()\n",
            "service/routes.py": "r = 1\n",
        },
    )
    python = stack.applications[0].python
    assert python is not None
    expected = ("service", "main:app") if "from routes" in entry else ("", "service.main:app")
    assert (python.import_root, python.target) == expected


def test_broken_huge_and_strange_files_are_lived_with(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "package.json": b"\xef\xbb\xbf"
            + b'{"name": "bom", "dependencies": {"express": [1]}, "scripts": {"start": 5}}',
            "server.js": "const x = { ; app.listen(3000); process.env.SEEN",
            "big.js": "process.env.BIG;" + " " * 1_100_000,
            "binary.js": b"\x00\xff\xfe process.env",
            "api/requirements.txt": "flask\n",
            "api/app.py": "from flask import Flask\napp = Flask(__name__)\n",
            "api/broken.py": "def (:\n",
            "lib/package.json": "{nonsense",
            "lib/pyproject.toml": "= broken",
        },
    )
    apps = {app.name: app for app in stack.applications}
    assert [variable.name for variable in apps["bom"].env] == ["SEEN"]
    assert any("broken.py" in remark for remark in apps["api"].remarks)


def test_a_symlink_is_not_followed_out_of_the_repository(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.js").write_text("process.env.STOLEN; app.listen(1)")
    (outside / "package.json").write_text('{"name": "outside"}')
    root = tmp_path / "repo"
    root.mkdir()
    (root / "secret.js").symlink_to(outside / "secret.js")
    (root / "package.json").symlink_to(outside / "package.json")
    (app,) = detect(root, ["package.json", "secret.js"]).applications
    assert (app.name, app.env, app.deployable) == ("repo", [], False)


def test_files_that_are_gone_do_not_stop_detection(tmp_path: Path) -> None:
    (app,) = detect(tmp_path, ["package.json", "gone.js"]).applications
    assert not app.deployable


def test_what_is_read_under_a_condition_is_not_required(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "requirements.txt": "flask\n",
            "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\nos.environ['ALWAYS']\n"
            "if 'BUCKET' in os.environ:\n    os.environ['BUCKET']\n",
        },
    )
    assert {variable.name: variable.required for variable in stack.applications[0].env} == {
        "ALWAYS": True,
        "BUCKET": False,
    }


def test_what_a_start_script_does_first_is_a_job_of_its_own(tmp_path: Path) -> None:
    stack = made(
        tmp_path,
        **{
            "package.json": '{"dependencies": {"express": "5"}, "scripts": '
            '{"build": "tsc", "migrate": "x", "start": "npm run build && npm run migrate && node s.js"}}',
            "s.js": "app.listen(3000)",
        },
    )
    (app,) = stack.applications
    assert app.command == ["node", "s.js"]
    assert app.node is not None and app.node.before_start == ["npm run migrate"]


def test_a_framework_that_nothing_declares_is_not_started(tmp_path: Path) -> None:
    stack = made(
        tmp_path, **{"requirements.txt": "requests\n", "a.py": "from fastapi import FastAPI\napp = FastAPI()\n"}
    )
    assert "nothing in this folder declares" in stack.applications[0].reason
