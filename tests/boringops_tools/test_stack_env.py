"""Environment variables: found however the code reads them, with what it says about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from boringops_tools.stack import Application, detect

NODE = {"package.json": '{"name": "x", "dependencies": {"express": "5"}, "scripts": {"start": "node a.js"}}'}
PYTHON = {"requirements.txt": "fastapi\nuvicorn\n", "main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}
GO = {"go.mod": "module example.org/x\n\ngo 1.26\n"}


def only(root: Path, files: dict[str, str]) -> Application:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (app,) = detect(root, sorted(files)).applications
    return app


def said(app: Application) -> str:
    """`NAME=default` for each variable, `NAME!` where the code insists."""
    return " ".join(
        f"{variable.name}{'!' if variable.required else ''}" + (f"={variable.default}" if variable.default else "")
        for variable in app.env
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("const { A, B = 'x', C: local = 7 } = process.env", "A B=x C=7"),
        ("const env = process.env; env.A; env['B'] ?? 'two'; env.hasOwnProperty('C')", "A B=two"),
        ("import { env } from 'node:process'; env.A || '1'", "A=1"),
        ("import process from 'node:process'; const p = process.env; p.A", "A"),
        ("const env = { ...process.env }; env.A", "A"),
        ("function read({ A = 'x', B } = process.env) {}", "A=x B"),
        ("function read(env = process.env) { return env.A }", "A"),
        ("function read(settings) { return settings.A } read(process.env)", "A"),
        ("const need = (name) => { const v = process.env[name]; if (!v) throw 1; return v }; need('A')", "A!"),
        ("const get = (env, name, other = 'z') => env[name] ?? other; get(process.env, 'A'); get(process.env, 'B', 'b')",
         "A=z B=b"),
        ("const raw = (n, d) => process.env[n] || d; const int = (n, d) => Number(raw(n, d)); int('A', 5); int('B')",
         "A=5 B"),
        ("if (!process.env.A) { throw new Error('A') }", "A!"),
        ("const a = process.env.A; if (a === undefined) process.exit(1)", "A!"),
        ("import { cleanEnv, port, str } from 'envalid'; cleanEnv(process.env, { A: port({ default: 3000 }), B: str() })",
         "A=3000 B!"),
        ("import { z } from 'zod'; const s = z.object({ A: z.coerce.number().default(3000), B: z.string().optional(),"
         " C: z.string().min(1) }); s.parse(process.env)", "A=3000 B C!"),
        ("import { createEnv } from '@t3-oss/env-core'; createEnv({ server: { A: z.string() }, runtimeEnv: process.env })",
         "A!"),
        ("const joi = Joi.object({ A: Joi.string().required(), B: Joi.number().default(1) }); joi.validate(process.env)",
         "A! B=1"),
        # Not the environment, whatever it is called.
        ("function draw(env) { return env.A } draw({ A: 1 })", ""),
        ("process.env.A = '1'", ""),
        ("const env = loadSettings(); env.A", ""),
    ],
)  # fmt: skip
def test_javascript(tmp_path: Path, code: str, expected: str) -> None:
    assert said(only(tmp_path, {**NODE, "a.js": code})) == expected


def test_typescript_and_other_modules(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            **NODE,
            "src/env.ts": "export const required = (env: NodeJS.ProcessEnv, name: string): string => {\n"
            "  const value = env[name]\n  if (!value) throw new Error(name)\n  return value\n}\n"
            "export { env as environment } from 'node:process'\n",
            "src/config.ts": "import { environment, required } from './env.js'\n\n"
            "export const url = required(environment, 'QUEUE_URL')\nexport const level = environment.LOG_LEVEL ?? 'info'\n",
            "src/main.ts": "import express from 'express'\nconst port = Number(process.env.PORT ?? 4100)\n"
            "class Server { start(at: number) { express().listen(at) } }\nnew Server().start(port)\n",
        },
    )
    assert said(app) == "LOG_LEVEL=info PORT=4100 QUEUE_URL!"
    assert [str(variable.sources[0]) for variable in app.env] == ["src/config.ts:4", "src/main.ts:2", "src/config.ts:3"]
    assert (app.port, str(app.port_source)) == (4100, "src/main.ts:2")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os\nenv = os.environ\nenv['A']\nenv.get('B', 'b')", "A! B=b"),
        ("from os import environ, getenv\nenviron.get('A') or 'x'\ngetenv('B', '1')", "A=x B=1"),
        ("import os\ndef need(name):\n    return os.environ[name]\nneed('A')", "A!"),
        ("import os\ndef get(name, other='z'):\n    return os.getenv(name, other)\nget('A')\nget('B', other='b')", "A=z B=b"),
        ("import os\ndef read(env=os.environ):\n    return env['A']", "A!"),
        ("import os\ndef read(env):\n    return env.get('A')\nread(os.environ)", "A"),
        ("import os\na = os.getenv('A')\nif not a:\n    raise RuntimeError", "A!"),
        ("import environ\nenv = environ.Env(A=(bool, False))\nenv('A')\nenv.bool('B')\nenv('C', default='c')", "A=False B! C=c"),
        ("from decouple import config\nconfig('A')\nconfig('B', default=5, cast=int)\nconfig('C', 'c')", "A! B=5 C=c"),
        ("from starlette.config import Config\nsettings = Config('.env')\nsettings('A', cast=int, default=3)", "A=3"),
        ("from pydantic_settings import BaseSettings, SettingsConfigDict\nfrom pydantic import Field, AliasChoices\n"
         "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    name: str\n"
         "    size: int = 5\n    url: str = Field(validation_alias='DB_URL')\n"
         "    host: str = Field('h', validation_alias=AliasChoices('HOST_A', 'HOST_B'))", "APP_NAME! APP_SIZE=5 DB_URL! HOST_A=h"),
        ("from pydantic import BaseSettings\nclass Settings(BaseSettings):\n    name: str\n    class Config:\n"
         "        env_prefix = 'OLD_'", "OLD_NAME!"),
        # Not the environment.
        ("env = {}\nenv['A']\nenv.get('B')", ""),
        ("config = load()\nconfig('A')", ""),
        ("import os\nos.environ['A'] = '1'", ""),
    ],
)  # fmt: skip
def test_python(tmp_path: Path, code: str, expected: str) -> None:
    assert said(only(tmp_path, {**PYTHON, "settings.py": code})) == expected


def test_python_settings_that_a_star_import_brings(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            **PYTHON,
            "conf/base.py": "import environ\nenv = environ.Env()\n",
            "conf/production.py": "from .base import *\nHOSTS = env.list('HOSTS', default='x')\n",
        },
    )
    assert said(app) == "HOSTS=x"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('a, ok := os.LookupEnv("A"); if !ok { log.Fatal("A") }; _ = a', "A!"),
        ('a := os.Getenv("A"); if a == "" { a = "x" }; _ = a', "A=x"),
        ('_ = cmp.Or(os.Getenv("A"), "x")', "A=x"),
        ('_ = getEnv("A", "x"); _ = getEnv("B", "")', "A=x B"),
        ('_ = need("A")', "A!"),
        ('viper.SetDefault("a", 5); viper.BindEnv("a", "APP_A")', "APP_A=5"),
    ],
)
def test_go(tmp_path: Path, code: str, expected: str) -> None:
    text = (
        'package main\n\nimport (\n\t"cmp"\n\t"log"\n\t"os"\n\t"github.com/spf13/viper"\n)\n\n'
        'func getEnv(key, other string) string {\n\tif v := os.Getenv(key); v != "" {\n\t\treturn v\n\t}\n\treturn other\n}\n\n'
        'func need(key string) string {\n\tv := os.Getenv(key)\n\tif v == "" {\n\t\tpanic(key)\n\t}\n\treturn v\n}\n\n'
        f"func main() {{\n\t{code}\n}}\n"
    )
    assert said(only(tmp_path, {**GO, "main.go": text})) == expected


def test_go_struct_tags_and_a_helper_of_another_package(tmp_path: Path) -> None:
    app = only(
        tmp_path,
        {
            **GO,
            "internal/env/env.go": 'package env\n\nimport "os"\n\nfunc Get(key, other string) string {\n'
            "\tif v, ok := os.LookupEnv(key); ok {\n\t\treturn v\n\t}\n\treturn other\n}\n",
            "main.go": 'package main\n\nimport (\n\t"net/http"\n\t"example.org/x/internal/env"\n)\n\n'
            'type settings struct {\n\tSize int `env:"SIZE" envDefault:"8"`\n\tURL string `env:"URL,required"`\n}\n\n'
            'func main() {\n\thttp.ListenAndServe(":"+env.Get("PORT", "8099"), nil)\n}\n',
        },
    )
    assert said(app) == "PORT=8099 SIZE=8 URL!"
    assert (app.port, str(app.port_source)) == (8099, "main.go:14")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("#[clap(long, env)]\n    pub database_url: String,", "DATABASE_URL!"),
        ('#[arg(long, env = "APP_LEVEL", default_value = "info")]\n    level: String,', "APP_LEVEL=info"),
        ("#[arg(env, long)]\n    /// What it is for.\n    note: Option<String>,", "NOTE"),
        ("#[arg(long, env, default_value_t = 8)]\n    #[serde(skip)]\n    pub(crate) workers: usize,", "WORKERS=8"),
        ("#[structopt(long, env, help = \"of env (x)\")]\n    hmac: std::path::PathBuf,", "HMAC!"),
        ("#[arg(long)]\n    level: String,", ""),
        ("#[arg(long, hide_env = true)]\n    level: String,", ""),
        ('#[arg(long, help = "the env")]\n    level: String,', ""),
        ("#[serde(env)]\n    level: String,", ""),
    ],
)  # fmt: skip
def test_clap(tmp_path: Path, field: str, expected: str) -> None:
    files = {
        "Cargo.toml": '[package]\nname = "x"\nversion = "0.1.0"\n[dependencies]\naxum = "0.8"\nclap = "4"\n',
        "Cargo.lock": "version = 4\n",
        "src/main.rs": f"#[derive(clap::Parser)]\nstruct Config {{\n    {field}\n}}\nfn main() {{}}\n",
    }
    assert said(only(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config/credentials.yml.enc": "x"}, "DATABASE_URL! RAILS_MASTER_KEY!"),
        ({"config/database.yml": "production:\n  host: <%= ENV['DB_HOST'] %>\n  pool: <%= ENV.fetch('POOL') { 5 } %>\n"},
         "DB_HOST POOL SECRET_KEY_BASE!"),
        ({"config/secrets.yml": "production:\n  secret_key_base: <%= ENV.fetch('SECRET_KEY_BASE') %>\n  # <%= ENV['OLD'] %>\n"},
         "DATABASE_URL! SECRET_KEY_BASE!"),
        ({"config/puma.rb": "environment ENV.fetch('RAILS_ENV')\n"}, "DATABASE_URL! SECRET_KEY_BASE!"),
    ],
)  # fmt: skip
def test_rails(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    rails = {"Gemfile": 'gem "rails"\ngem "pg"\n', "Gemfile.lock": "GEM\n", "config/application.rb": "module A\nend\n"}
    assert said(only(tmp_path, rails | files)) == expected


def test_a_connection_that_falls_back_to_a_name_is_a_choice(tmp_path: Path) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^12"}}', "artisan": "", "public/index.php": "",
        "config/database.php": "<?php return ['a' => env('DB_CONNECTION', 'mysql'), 'b' => env('DB_PASSWORD', 'x')];",
    }  # fmt: skip
    app = only(tmp_path, files)
    assert {each.name: (each.secret, each.default) for each in app.env} == {
        "DB_CONNECTION": (False, "mysql"), "DB_PASSWORD": (True, None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "settings", "expected"),
    [
        ('GetConnectionString("Shop")', "Server=localhost;Database=shop", "ConnectionStrings__Shop!"),
        ('GetConnectionString("Shop") ?? "Data Source=a.db"', "", "ConnectionStrings__Shop"),
        ('GetConnectionString("Shop")', "Data Source=data/shop.db", "ConnectionStrings__Shop"),
        ("GetConnectionString(name)", "", ""),
    ],
)  # fmt: skip
def test_connection_strings(tmp_path: Path, code: str, settings: str, expected: str) -> None:
    project = '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup></Project>'
    files = {
        "Shop.csproj": project, "Program.cs": f"var app = B().Build();\nvar c = app.Configuration.{code};\napp.Run();\n",
        "appsettings.json": f'{{"ConnectionStrings": {{"Shop": "{settings}"}}}}',
    }  # fmt: skip
    assert said(only(tmp_path, files)) == expected
