"""Applications that are parts of something larger: workspaces, umbrellas, builds of several modules."""

from __future__ import annotations

from pathlib import Path

from boringops_tools.blueprints.drafting import draft
from boringops_tools.stack import Application, Stack, detect


def written(root: Path, files: dict[str, str]) -> tuple[Stack, dict[str, str]]:
    """What detection says of the files, and what is drafted for them, by path."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return detect(root, sorted(files)), {file.path: file.content for file in draft(root, sorted(files)).files}


def by_folder(stack: Stack) -> dict[str, Application]:
    return {app.folder: app for app in stack.applications}


def project(name: str, *dependencies: str, rest: str = "") -> str:
    listed = ", ".join(f'"{each}"' for each in dependencies)
    return (
        f'[project]\nname = "{name}"\nrequires-python = ">=3.13"\ndependencies = [{listed}]\n{rest}'
        '[build-system]\nrequires = ["hatchling"]\n'
    )


UV = {
    "pyproject.toml": '[project]\nname = "all"\n[tool.uv.workspace]\nmembers = ["apps/*", "libs/*"]\nexclude = ["libs/old"]\n',
    "uv.lock": "version = 1\n",
    "apps/api/pyproject.toml": project("the-api", "fastapi", "uvicorn", "My_Store"),
    "apps/api/src/main.py": (
        "from fastapi import FastAPI\nfrom src.routes import router\nfrom store.urls import PREFIX\n"
        'app = FastAPI()\napp.include_router(router, prefix=PREFIX)\n@app.get("/healthz")\ndef health(): return {}\n'
    ),
    "apps/api/src/routes.py": "from fastapi import APIRouter\nrouter = APIRouter()\n",
    "libs/store/pyproject.toml": project("my-store", "asyncpg"),
    "libs/store/src/store/__init__.py": "",
    "libs/store/src/store/urls.py": 'import os\nPREFIX = "/v1"\nos.environ["STORE_URL"]\n',
    "libs/old/pyproject.toml": project("old"),
    "libs/other/pyproject.toml": project("other"),
}


def test_a_member_of_a_uv_workspace_is_built_from_its_root(tmp_path: Path) -> None:
    stack, made = written(tmp_path, UV)
    apps = by_folder(stack)
    assert [app.folder for app in stack.deployable] == ["apps/api"] and "workspace" in apps[""].reason
    api = apps["apps/api"]
    assert api.command[:2] == ["uvicorn", "src.main:app"] and api.manager == "uv" and api.lockfile == "uv.lock"
    assert api.health is not None and api.health.path == "/healthz"
    assert [service.kind for service in api.services] == ["postgres"]  # what it stands on needs it
    assert [variable.name for variable in api.env] == ["STORE_URL"]
    assert api.workspace is not None and api.workspace.folders == ["libs/store", "apps/api"]
    image = made["apps/api/Dockerfile"]
    assert "uv sync --locked --no-dev --no-install-workspace --package the-api" in image
    assert "uv sync --locked --no-dev --no-editable --package the-api" in image
    assert "COPY libs/other/pyproject.toml ./libs/other/pyproject.toml" in image and "libs/old" not in image
    assert "WORKDIR /app/apps/api" in image and "PYTHONPATH=/app/apps/api " in image
    ignored = set(made["apps/api/Dockerfile.dockerignore"].splitlines())
    assert {"!pyproject.toml", "!uv.lock", "!libs/store", "!apps/api", "!libs/other/pyproject.toml"} <= ignored
    assert "!libs/other" not in ignored
    assert "dockerfile: apps/api/Dockerfile" in made["compose.yaml"]


def test_the_root_of_a_uv_workspace_may_be_the_application(tmp_path: Path) -> None:
    stack, made = written(
        tmp_path,
        {
            "pyproject.toml": project(
                "site", "flask", "gunicorn", "store", rest='[tool.uv.workspace]\nmembers = ["packages/store"]\n'
            ),
            "uv.lock": "version = 1\n",
            "site_/app.py": "from flask import Flask\napp = Flask(__name__)\n",
            "packages/store/pyproject.toml": project("store", "redis"),
            "packages/store/store.py": "",
        },
    )
    (site,) = stack.deployable
    assert site.folder == "" and [service.kind for service in site.services] == ["redis"]
    assert "COPY packages/store/pyproject.toml" in made["Dockerfile"] and "WORKDIR /app/" not in made["Dockerfile"]
    assert {"!packages", "!site_", "!uv.lock"} <= set(made[".dockerignore"].splitlines())


def test_a_project_with_a_lockfile_of_its_own_stands_by_itself(tmp_path: Path) -> None:
    stack, made = written(tmp_path, UV | {"apps/api/uv.lock": "version = 1\n"})
    (api,) = stack.deployable
    assert api.workspace is None and "--no-install-project" in made["apps/api/Dockerfile"]


def test_django_below_its_requirements_is_started_from_there(tmp_path: Path) -> None:
    stack, made = written(
        tmp_path,
        {
            "Pipfile": '[packages]\ndjango = "*"\nCelery = "*"\n[requires]\npython_version = "3.12"\n',
            "Pipfile.lock": "{}",
            "src/manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
            "src/shop/settings.py": 'ROOT_URLCONF = "shop.urls"\nSTATIC_ROOT = "static"\n',
            "src/shop/urls.py": "from django.urls import path\nurlpatterns = [path('healthz', print)]\n",
            "src/shop/wsgi.py": "application = get_wsgi_application()\n",
            "src/shop/celery.py": 'from celery import Celery\napp = Celery("shop")\n',
        },
    )
    (shop,) = stack.deployable
    assert shop.folder == "" and shop.manager == "pipenv" and shop.command[-1] == "shop.wsgi:application"
    assert shop.health is not None and shop.health.path == "/healthz"
    assert shop.migration is not None and shop.migration.run == "python src/manage.py migrate --noinput"
    assert shop.processes[0].command[:3] == ["celery", "--app", "shop.celery"]
    assert "PYTHONPATH=/app/src:/app " in made["Dockerfile"] and "src/manage.py collectstatic" in made["Dockerfile"]


UMBRELLA = {
    "mix.exs": """defmodule All.MixProject do
  def project do
    [apps_path: "apps", deps: [], releases: releases()]
  end
  defp releases do
    [
      shop: [applications: [shop_web: :permanent]],
      nightly: [applications: [reports: :permanent]]
    ]
  end
end
""",
    "mix.lock": "%{}",
    "config/config.exs": "import Config\n",
    "config/prod.exs": 'import Config\nconfig :shop_web, ShopWeb.Endpoint, http: [port: {:system, "PORT"}]\n',
    "apps/shop_web/mix.exs": """defmodule ShopWeb.MixProject do
  def project do
    [app: :shop_web, elixir: "~> 1.17", aliases: ["assets.deploy": []], deps: [{:phoenix, "~> 1.7"}, {:shop, in_umbrella: true}]]
  end
end
""",
    "apps/shop_web/assets/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}',
    "apps/shop_web/lib/router.ex": 'defmodule R do\n  scope "/ops" do\n    get "/health", C, :show\n  end\nend\n',
    "apps/shop/mix.exs": 'defmodule Shop.MixProject do\n  def project, do: [app: :shop, deps: [{:postgrex, ">= 0.0.0"}]]\nend\n',
    "apps/shop/lib/shop/release.ex": "defmodule Shop.Release do\nend\n",
    "apps/shop/priv/repo/migrations/1_a.exs": "",
    "apps/reports/mix.exs": 'defmodule Reports.MixProject do\n  def project, do: [app: :reports, deps: [{:redix, "1.0"}]]\nend\n',
}


def test_the_release_of_an_umbrella_that_serves_is_the_application(tmp_path: Path) -> None:
    stack, made = written(tmp_path, UMBRELLA)
    (shop,) = stack.applications  # neither its parts nor the assets are applications of their own
    assert shop.deployable and shop.command == ["/app/bin/shop", "start"] and shop.framework == "phoenix"
    assert [service.kind for service in shop.services] == ["postgres"]  # not what only the other release needs
    assert shop.migration is not None and shop.migration.run == "/app/bin/shop eval Shop.Release.migrate"
    assert shop.health is not None and shop.health.path == "/ops/health" and shop.version.stated is not None
    assert "PORT" in [variable.name for variable in shop.env]
    image = made["Dockerfile"]
    assert "COPY apps/reports/mix.exs ./apps/reports/mix.exs" in image
    assert "(cd apps/shop_web && mix assets.deploy)" in image and "mix release shop " in image
    assert "!apps" in made[".dockerignore"].splitlines()


def test_an_umbrella_without_a_release_says_so(tmp_path: Path) -> None:
    stack, _ = written(
        tmp_path, UMBRELLA | {"mix.exs": 'defmodule A do\n  def project, do: [apps_path: "apps"]\nend\n'}
    )
    (app,) = stack.applications
    assert not app.deployable and "defines no release" in app.reason


def test_several_releases_that_serve_are_a_question(tmp_path: Path) -> None:
    mix = UMBRELLA["mix.exs"].replace("reports: :permanent", "shop_web: :permanent")
    (app,) = written(tmp_path, UMBRELLA | {"mix.exs": mix})[0].applications
    assert not app.deployable and "(shop, nightly)" in app.reason


def test_dependencies_in_folders_beside_are_there_before_they_are_fetched(tmp_path: Path) -> None:
    stack, made = written(
        tmp_path,
        {
            "mix.exs": 'defmodule A do\n  def project, do: [app: :a, package: [], deps: [{:bandit, "1.0"}, {:wire, path: "wire"}]]\nend\n',
            "config/prod.exs": "import Config\nconfig :a, A.Endpoint, http: [ip: {127, 0, 0, 1}, port: 8080]\n",
            "wire/mix.exs": "defmodule W do\n  def project, do: [app: :wire]\nend\n",
        },
    )
    (app,) = stack.deployable  # it may be published as well: what has a configuration is run
    assert app.port == 8080
    assert made["Dockerfile"].index("COPY wire ./wire") < made["Dockerfile"].index("deps.get")
    assert "!wire" in made[".dockerignore"].splitlines()


def pom(
    name: str, *, inside: str = "", modules: str = "", dependencies: str = "quarkus-rest quarkus-smallrye-health"
) -> str:
    listed = "".join(f"<dependency><artifactId>{each}</artifactId></dependency>" for each in dependencies.split())
    return (
        f'<project xmlns="http://maven.apache.org/POM/4.0.0">{inside}<artifactId>{name}</artifactId><version>1</version>'
        f"<modules>{''.join(f'<module>{each}</module>' for each in modules.split())}</modules>"
        f"<dependencies>{listed}</dependencies>"
        "<build><plugins><plugin><artifactId>quarkus-maven-plugin</artifactId></plugin></plugins></build></project>"
    )


def test_modules_that_build_alone_are_applications(tmp_path: Path) -> None:
    stack, made = written(
        tmp_path,
        {
            "pom.xml": pom("all", modules="heroes villains docs", dependencies=""),
            "heroes/pom.xml": pom(
                "heroes", dependencies="quarkus-rest quarkus-smallrye-health quarkus-reactive-pg-client"
            ),
            "heroes/src/main/resources/application.yml": "quarkus:\n  http:\n    port: 8083\n",
            "heroes/src/main/webui/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}',
            "villains/pom.xml": pom("villains"),
            "villains/src/main/resources/application.properties": "quarkus.http.root-path=/api\n",
            "docs/pom.xml": pom("docs", dependencies=""),
        },
    )
    apps = by_folder(stack)
    assert sorted(apps) == ["heroes", "villains"] and all(app.deployable for app in apps.values())
    assert apps["heroes"].health is not None and apps["heroes"].health.path == "/q/health/live"
    assert [service.kind for service in apps["heroes"].services] == ["postgres"] and apps["heroes"].port == 8083
    assert apps["villains"].health is not None and apps["villains"].health.path == "/api/q/health/live"
    assert "COPY pom.xml" in made["heroes/Dockerfile"] and "--projects" not in made["heroes/Dockerfile"]


def test_modules_below_one_parent_are_built_from_it(tmp_path: Path) -> None:
    parent = "<parent><artifactId>all</artifactId><version>1</version></parent>"
    stack, made = written(
        tmp_path,
        {
            "pom.xml": pom("all", modules="api admin model", dependencies=""),
            "api/pom.xml": pom("api", inside=parent),
            "admin/pom.xml": pom("admin", inside=parent),
            "model/pom.xml": pom("model", inside=parent, dependencies=""),
            "model/src/main/java/M.java": 'class M { String a = System.getenv("MODEL_KEY"); }',
        },
    )
    apps = by_folder(stack)
    assert sorted(app.folder for app in stack.deployable) == ["admin", "api"] and "(api, admin)" in apps[""].reason
    assert [variable.name for variable in apps["api"].env] == ["MODEL_KEY"]
    assert "package -DskipTests --projects api --also-make" in made["api/Dockerfile"]
    assert "cp -r api/target/quarkus-app" in made["api/Dockerfile"]
    assert {"!api", "!admin", "!model", "!pom.xml"} <= set(made["api/Dockerfile.dockerignore"].splitlines())
    assert "dockerfile: api/Dockerfile" in made["compose.yaml"]


def test_a_spring_boot_that_cannot_take_its_jar_apart_is_started_whole(tmp_path: Path) -> None:
    gradle = "plugins {{ id 'org.springframework.boot' version '{}' }}\ndependencies {{ implementation 'a:spring-boot-starter-web' }}\n"
    for version, layers in (("2.6.3", False), ("3.2.9", False), ("3.3.0", True), ("4.0.1", True)):
        root = tmp_path / version
        root.mkdir()
        image = written(
            root, {"build.gradle": gradle.format(version), "src/main/java/A.java": "@SpringBootApplication class A {}"}
        )
        assert ("jarmode=tools" in image[1]["Dockerfile"]) is layers, version
        assert 'ENTRYPOINT ["java", "-jar", "app.jar"]' in image[1]["Dockerfile"]


def test_a_solution_of_several_web_projects_is_several_applications(tmp_path: Path) -> None:
    web = '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup>{}</Project>'
    npgsql = '<ItemGroup><PackageReference Include="Npgsql" /></ItemGroup>'
    stack, made = written(
        tmp_path,
        {
            "Shop.sln": "",
            "src/Shop.Api/Shop.Api.csproj": web.format(npgsql),
            "src/Shop.Api/Program.cs": (
                'var app = b.Build();\napp.MapGet("/healthz", () => 1);\n'
                'Environment.GetEnvironmentVariable("API_KEY");\n'
            ),
            "src/Shop.Site/Shop.Site.csproj": web.format(""),
            "src/Shop.Site/Program.cs": (
                "var app = b.Build();\nif (app.Environment.IsDevelopment())\n{\n"
                '  app.MapHealthChecks("/alive");\n}\nif (!app.Environment.IsDevelopment()) { app.MapGet("/up", () => 1); }\n'
            ),
            "src/Shop.Model/Shop.Model.csproj": '<Project Sdk="Microsoft.NET.Sdk"></Project>',
            "tests/T/T.csproj": web.format(
                '<ItemGroup><PackageReference Include="Microsoft.NET.Test.Sdk" /></ItemGroup>'
            ),
        },
    )
    apps = by_folder(stack)
    assert sorted(app.folder for app in stack.deployable) == ["src/Shop.Api", "src/Shop.Site"]
    api, site = apps["src/Shop.Api"], apps["src/Shop.Site"]
    assert api.command == ["dotnet", "Shop.Api.dll"] and [service.kind for service in api.services] == ["postgres"]
    assert api.health is not None and [variable.name for variable in api.env] == ["API_KEY"]
    assert site.services == [] and site.env == [] and site.name == "shop-site" and apps[""].name == "shop"
    assert site.health is not None and site.health.path == "/up"  # the other is only there for developers
    image = made["src/Shop.Site/Dockerfile"]
    assert 'dotnet publish "src/Shop.Site/Shop.Site.csproj"' in image and "src/Shop.Model/Shop.Model.csproj" in image
    assert "!src" in made["src/Shop.Site/Dockerfile.dockerignore"].splitlines()


NX = {
    "nx.json": "{}",
    "package.json": (
        '{"dependencies": {"react": "19", "express": "5", "pg": "8"}, "devDependencies": {"nx": "21", "vite": "7"},'
        ' "scripts": {"start": "nx serve"}}'
    ),
    "package-lock.json": "{}",
    "tsconfig.base.json": "{}",
    "apps/shop/project.json": '{"name": "shop", "projectType": "application", "targets": {"test": {}}}',
    "apps/shop/vite.config.ts": "export default { build: { outDir: '../../dist/apps/shop' } }\n",
    "apps/api/project.json": (
        '{"name": "api", "projectType": "application", "targets": {"build": {"executor": "@nx/webpack:webpack",'
        ' "options": {"target": "node", "outputPath": "dist/apps/api"}}}}'
    ),
    "apps/api/src/main.ts": (
        "import express from 'express';\nconst app = express();\n"
        "app.get('/healthz', h);\napp.listen(process.env.PORT || 3333);\n"
    ),
    "apps/shop-e2e/project.json": '{"name": "shop-e2e", "projectType": "application"}',
    "libs/model/project.json": '{"name": "model", "projectType": "library"}',
}


def test_nx_projects_need_no_package_json(tmp_path: Path) -> None:
    stack, made = written(tmp_path, NX)
    apps = by_folder(stack)
    assert (
        sorted(app.folder for app in stack.deployable) == ["apps/api", "apps/shop"]
        and "Nx workspace" in apps[""].reason
    )
    shop, api = apps["apps/shop"], apps["apps/api"]
    assert shop.framework == "vite-react" and shop.static is not None and shop.static.output == "dist/apps/shop"
    assert [command.run for command in shop.commands.test] == ["npx --no-install nx test shop"] and shop.services == []
    assert api.command == ["node", "dist/apps/api/main.js"] and api.port == 3333 and api.framework == "express"
    assert api.health is not None and [service.kind for service in api.services] == ["postgres"]
    assert "COPY --from=build /app/dist/apps/shop /usr/share/nginx/html" in made["apps/shop/Dockerfile"]
    assert "COPY apps/shop/nginx.conf" in made["apps/shop/Dockerfile"]
    assert "./node_modules/.bin/nx build api" in made["apps/api/Dockerfile"]
    ignored = set(made["apps/api/Dockerfile.dockerignore"].splitlines())
    assert {"!apps/api", "!libs", "!nx.json", "!tsconfig.base.json", "!package-lock.json"} <= ignored
    assert "!apps/shop" not in ignored


def test_what_nx_builds_by_an_unknown_program_is_told(tmp_path: Path) -> None:
    project = '{"name": "shop", "projectType": "application", "targets": {"build": {"executor": "@acme/tool:build"}}}'
    files = NX | {"apps/shop/project.json": project}
    shop = by_folder(written(tmp_path, files)[0])["apps/shop"]
    assert not shop.deployable and "@acme/tool:build" in shop.reason
