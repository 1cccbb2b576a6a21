"""Facts that real repositories showed to be read wrongly: each a small tree that has what they had."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.blueprints.drafting import draft
from boringops_tools.stack import Application, Stack, detect


def found(root: Path, files: dict[str, str]) -> Stack:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return detect(root, sorted(files))


def only(root: Path, files: dict[str, str]) -> Application:
    (app,) = found(root, files).applications
    return app


def drafted(root: Path, files: dict[str, str]) -> dict[str, str]:
    found(root, files)
    return {file.path: file.content for file in draft(root, sorted(files)).files}


# --- Python -----------------------------------------------------------------------------------------


def test_imports_that_name_the_folder_src_start_above_it(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "requirements.txt": "fastapi\nuvicorn\n",
            "src/main.py": "from fastapi import FastAPI\nfrom src.routes import x\napp = FastAPI()\n",
            "src/routes.py": "x = 1\n",
        },
    )
    assert app.command[1] == "src.main:app" and app.python is not None and app.python.import_root == ""


def test_the_import_root_may_lie_deeper_than_src(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["litestar[standard]"]\n[build-system]\nrequires = []\n',
            "src/py/shop/server/asgi.py": (
                "def create_app():\n  from litestar import Litestar\n  from shop.core import plugin\n  return Litestar(plugins=[plugin])\n"
            ),
            "src/py/shop/core.py": "plugin = None\n",
        },
    )
    assert app.framework == "litestar" and app.command[:3] == ["uvicorn", "shop.server.asgi:create_app", "--factory"]
    assert app.python is not None and app.python.import_root == "src/py" and app.python.server_declared


def test_fasthtml_is_served_without_its_reloader(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "python-fasthtml\n",
        "main.py": "from fasthtml.common import *\napp, rt = fast_app()\n@rt('/')\ndef get(): return P('x')\nserve()\n",
    }
    app = only(tmp_path, files)
    assert app.framework == "fasthtml" and app.command == ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "5001"]
    assert only(tmp_path, files | {"main.py": files["main.py"].replace("serve()", "serve(port=8080)")}).port == 8080


# --- JavaScript -------------------------------------------------------------------------------------


SERVER = {"package.json": '{"dependencies": {"fastify": "5"}, "scripts": {"start": "node server.js"}}'}


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        ("app.listen({ port: 3000 })", True),  # Fastify's own choice is localhost
        ("app.listen({ port: 3000, host: '127.0.0.1' })", True),
        ("const host = 'localhost'; app.listen({ port: 3000, host })", True),
        ("app.listen({ port: 3000, host: '0.0.0.0' })", False),
        ("app.listen({ port: 3000, host: process.env.HOST })", False),
        ("app.listen(options)", False),
        ("if (x) { app.listen({ port: 1024 }) } else { app.listen({ port: 3000, host: '::' }) }", False),
    ],
)
def test_a_server_that_only_its_own_machine_reaches_is_told(tmp_path: Path, listen: str, *, told: bool) -> None:
    app = only(tmp_path, SERVER | {"server.js": f"const app = require('fastify')()\n{listen}\n"})
    assert any("own address alone" in remark for remark in app.remarks) is told


def test_express_listens_everywhere_where_nobody_says(tmp_path: Path) -> None:
    manifest = '{"dependencies": {"express": "5"}, "scripts": {"start": "node server.js"}}'
    app = only(
        tmp_path,
        {"package.json": manifest, "server.js": "const app = require('express')()\napp.listen(3000, () => {})\n"},
    )
    assert not any("own address alone" in remark for remark in app.remarks)


VITE = '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7", "react": "19"}}'


@pytest.mark.parametrize(
    ("out", "output"),
    [
        ("'www'", "www"),
        ("path.resolve(__dirname, 'public/app')", "public/app"),
        ("resolve(import.meta.dirname, './site')", "site"),
        ("folderOf(mode)", None),
    ],
)
def test_the_folder_a_build_goes_to_is_a_folder(tmp_path: Path, out: str, output: str | None) -> None:
    app = only(tmp_path, {"package.json": VITE, "vite.config.ts": f"export default {{ build: {{ outDir: {out} }} }}\n"})
    assert app.deployable is (output is not None)
    assert (app.static.output if app.static else None) == output
    assert output is not None or "not certain" in app.reason


def test_a_site_built_into_another_application_is_no_site_of_its_own(tmp_path: Path) -> None:
    stack = found(
        tmp_path,
        {
            "web/package.json": VITE,
            "web/vite.config.ts": "export default { build: { outDir: '../api/static' } }\n",
            "api/requirements.txt": "flask\ngunicorn\n",
            "api/app.py": "from flask import Flask\napp = Flask(__name__)\n",
        },
    )
    api, web = stack.applications
    assert api.deployable and any("web builds its pages into api/static" in remark for remark in api.remarks)
    assert not web.deployable and "out of its folder" in web.reason


# --- others -----------------------------------------------------------------------------------------


def test_the_port_in_the_layers_of_a_configuration_is_the_programs(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "Cargo.toml": (
                '[package]\nname = "n"\n[dependencies]\nactix-web = "4"\nconfig = "0.14"\n'
                'actix-session = { version = "0.10", features = ["redis-session-rustls"] }\nsqlx = { features = ["postgres"] }\n'
            ),
            "Cargo.lock": "",
            "src/main.rs": 'fn main() { let d = base.join("configuration"); HttpServer::new(f).bind(address(settings)); }\n',
            "configuration/base.yaml": "application:\n  port: 8000\ndatabase:\n  port: 5432\n",
            "migrations/1_a.sql": "",
        },
    )
    assert app.port == 8000 and [service.kind for service in app.services] == ["postgres", "redis"]
    assert app.rust is not None and app.rust.assets == ["configuration"]
    assert any("sqlx migrate run" in remark for remark in app.remarks)


def test_variables_that_viper_makes_of_its_keys_are_read(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "go.mod": "module m\ngo 1.25\nrequire github.com/spf13/viper v1.0.0\n",
            "main.go": (
                'package main\nimport (\n"net/http"\n"github.com/spf13/viper"\n)\nfunc main() {\n'
                'viper.SetEnvPrefix("memo")\nviper.AutomaticEnv()\nviper.SetDefault("port", 8081)\nviper.SetDefault("data-dir", "/d")\n'
                "http.ListenAndServe(addr(), nil)\n}\n"
            ),
        },
    )
    assert app.port == 8081
    assert {variable.name: variable.default for variable in app.env} == {"MEMO_PORT": "8081", "MEMO_DATA_DIR": "/d"}


def test_a_version_newer_than_the_table_gets_the_image_of_its_name(tmp_path: Path) -> None:
    source = 'package main\nimport "net/http"\nfunc main() { http.ListenAndServe(":8080", nil) }\n'
    files = {"go.mod": "module m\ngo 1.99.1\n", "main.go": source}
    app = only(tmp_path, files)
    assert app.version.value == "1.99" and "golang:1.99-bookworm AS" in drafted(tmp_path, files)["Dockerfile"]


def test_laravel_asks_its_configuration_for_the_database(tmp_path: Path) -> None:
    files = {
        "composer.json": '{"require": {"php": "^8.3", "laravel/framework": "^12"}}',
        "artisan": "",
        "public/index.php": "",
        ".env.example": "# DB_CONNECTION=pgsql\nDB_DATABASE=x\n",
        "config/database.php": "<?php return ['default' => env('DB_CONNECTION', 'mysql')];",
    }
    assert [service.kind for service in only(tmp_path, files).services] == ["mysql"]
    files |= {"config/database.php": "<?php return ['default' => env('DB_CONNECTION', 'sqlite')];"}
    assert only(tmp_path, files).services == []


def test_variables_of_an_example_may_have_spaces_around_the_sign(tmp_path: Path) -> None:
    made = drafted(
        tmp_path,
        {
            "requirements.txt": "flask\ngunicorn\n",
            "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\nos.environ['API_KEY']\n",
            ".env.sample": "API_KEY = 'x'\n",
        },
    )
    assert "API_KEY" not in made.get(".env.sample", "").replace("API_KEY = 'x'", "")


# --- Deno, and more of Node.js ----------------------------------------------------------------------


def test_fresh_is_started_as_it_is_previewed(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "deno.json": (
                '{"tasks": {"start": "deno run -A --watch=routes/ --env dev.ts", "preview": "deno run -A main.ts"},'
                ' "imports": {"$fresh/": "https://deno.land/x/fresh@1.7.3/"}}'
            ),
            "main.ts": 'import { start } from "$fresh/server.ts";\nawait start(manifest);\nDeno.env.get("API_KEY");\n',
            ".example.env": "SHOP_ID=\n",
        },
    )
    assert app.deployable and app.framework == "fresh" and app.command == ["deno", "run", "-A", "main.ts"]
    assert [variable.name for variable in app.env] == ["API_KEY", "SHOP_ID"]


def test_deno_without_a_manifest_is_known_by_what_it_calls(tmp_path: Path) -> None:
    files = {"server.ts": "Deno.serve({ port: 8090 }, () => new Response('x'))\n"}
    app = only(tmp_path, files)
    assert app.language == "deno" and app.deployable and app.port == 8090 and app.command[-1] == "server.ts"
    assert "--entrypoint server.ts" in drafted(tmp_path, files)["Dockerfile"]


def test_nitro_and_rsbuild_leave_a_server_and_files(tmp_path: Path) -> None:
    nitro = '{"scripts": {"build": "nitropack build"}, "devDependencies": {"nitropack": "2"}}'
    app = only(tmp_path / "a", {"package.json": nitro})
    assert app.deployable and app.framework == "nitro" and app.command == ["node", ".output/server/index.mjs"]
    rsbuild = '{"scripts": {"build": "rsbuild build"}, "devDependencies": {"@rsbuild/core": "1", "react": "19"}}'
    config = "export default { output: { distPath: { root: 'www' } } }\n"
    app = only(tmp_path / "b", {"package.json": rsbuild, "rsbuild.config.ts": config})
    assert app.framework == "rsbuild-react" and app.static is not None and app.static.output == "www"


def test_a_build_that_checks_variables_is_told_that_there_are_none_yet(tmp_path: Path) -> None:
    files = {
        "package.json": '{"scripts": {"build": "next build"}, "dependencies": {"next": "15", "@t3-oss/env-nextjs": "0.13"}}',
        "package-lock.json": "{}",
        "src/env.ts": "export const env = createEnv({ skipValidation: !!process.env.SKIP_ENV_VALIDATION })\n",
    }
    assert "SKIP_ENV_VALIDATION=1 npm run build" in drafted(tmp_path, files)["Dockerfile"]


@pytest.mark.parametrize(
    "files",
    [
        {
            "package.json": '{"dependencies": {"express": "5", "better-sqlite3": "11"}, "scripts": {"start": "node a.js"}}',
            "a.js": "require('express')().listen(3000)\n",
        },
        {
            "requirements.txt": "fastapi\nuvicorn\naiosqlite\n",
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        },
        {
            "go.mod": "module m\ngo 1.25\nrequire modernc.org/sqlite v1.0.0\n",
            "main.go": 'package main\nimport "net/http"\nfunc main() { http.ListenAndServe(":8080", nil) }\n',
        },
    ],
    ids=["node", "python", "go"],
)
def test_a_database_in_a_file_needs_a_volume(tmp_path: Path, files: dict[str, str]) -> None:
    assert any("Its database is a file" in remark for remark in only(tmp_path, files).remarks)


def test_a_database_in_a_file_beside_a_server_is_for_tests(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            "requirements.txt": "fastapi\nuvicorn\naiosqlite\nasyncpg\n",
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        },
    )
    assert not any("is a file" in remark for remark in app.remarks)


def test_fasthtml_may_write_its_key(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "python-fasthtml\n",
        "main.py": "from fasthtml.common import *\napp, rt = fast_app()\nserve()\n",
    }
    image = drafted(tmp_path, files)["Dockerfile"]
    assert image.index("RUN chown 10001:10001 /app") < image.index("USER 10001:10001")


def test_a_dockerignore_for_another_dockerfile_is_left_to_that_one(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "fastapi\nuvicorn\n",
        "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
        ".dockerignore": "*\n!dist/*\n",
        "packaging/Dockerfile": "FROM scratch\nCOPY dist /\n",
    }
    made = drafted(tmp_path, files)
    assert ".dockerignore" not in made and "!main.py" in made["Dockerfile.dockerignore"].splitlines()
    fits = drafted(tmp_path / "b", files | {".dockerignore": ".git\n.env\n"})
    assert "Dockerfile.dockerignore" not in fits
    again = drafted(tmp_path, files | {path: content for path, content in made.items() if "/" not in path})
    assert not {".dockerignore", "Dockerfile.dockerignore"} & set(again)


def test_an_application_called_by_a_number_has_a_variable_for_its_image(tmp_path: Path) -> None:
    made = drafted(
        tmp_path,
        {"3d/requirements.txt": "flask\ngunicorn\n", "3d/app.py": "from flask import Flask\napp = Flask(__name__)\n"},
    )
    assert "${APP_3D_IMAGE:?" in made["compose.prod.yaml"] and "APP_3D_IMAGE=" in made["3d/.env.example"]
