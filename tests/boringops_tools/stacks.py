"""Small applications of every stack, as files by path: what detection and the blueprints are tried on."""

# ruff: noqa: E501 - a file's text reads best on one line

from __future__ import annotations

PIPELINES = {
    "GitLab CI": ".gitlab-ci.yml",
    "CircleCI": ".circleci/config.yml",
    "Jenkins": "Jenkinsfile",
    "Azure Pipelines": "azure-pipelines.yml",
}
"""The systems whose pipeline is one file, and which."""

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><artifactId>spring-boot-starter-parent</artifactId><version>3.5.0</version></parent>
  <artifactId>orders</artifactId><version>1.0</version>
  <properties><java.version>17</java.version></properties>
  <dependencies>
    <dependency><artifactId>spring-boot-starter-web</artifactId></dependency>
    <dependency><artifactId>spring-boot-starter-data-jpa</artifactId></dependency>
    <dependency><artifactId>postgresql</artifactId></dependency>
  </dependencies>
  <build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>
</project>
"""
MAIN_JAVA = """@SpringBootApplication
@RequestMapping("/api")
public class Orders {
  @Value("${MAIL_HOST:localhost}") String host;
  @GetMapping("/health") String health() { return System.getenv("API_TOKEN"); }
  public static void main(String[] a) { SpringApplication.run(Orders.class, a); }
}
"""
GRADLE = """plugins { id("io.ktor.plugin") version "3.0.0"; kotlin("jvm") }
kotlin { jvmToolchain(21) } // jvmToolchain(8)
dependencies { implementation("io.ktor:ktor-server-netty:3.0.0") }
"""
MAIN_KT = """fun main() {
  embeddedServer(Netty, port = 9000) {
    routing {
      route("/v1") { get("/ready") { } }
      get("/healthz") { }
    }
  }
  println(System.getenv("KT_MODE"))
}
"""
MAIN_RS = """async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let level = std::env::var("LEVEL").unwrap_or("info".into());
    let app = Router::new().route("/livez", get(live)).nest("/admin", Router::new().route("/healthz", get(live)));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:3005").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"""
ROUTES_RB = """Rails.application.routes.draw do
  namespace :admin do
    get "health" => "admin#health"
  end
  get "up" => "rails/health#show"
end
"""
MIX = """defmodule Chat.MixProject do
  def project do
    [app: :chat, elixir: "~> 1.17", deps: deps(), aliases: ["assets.deploy": []]]
  end
  defp deps do
    [{:phoenix, "~> 1.7"}, {:postgrex, ">= 0.0.0"}, {:credo, "~> 1.7", only: [:dev, :test]}]
  end
end
"""
ROUTER_EX = """defmodule ChatWeb.Router do
  scope "/api", ChatWeb do
    get "/health", HealthController, :show
  end
end
"""
PROGRAM_CS = """var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/healthz", () => Environment.GetEnvironmentVariable("SHOP_NAME"));
app.Run();
"""
MAIN_CPP = """#include <cstdlib>
int main() { sockaddr_in a; a.sin_port = htons(7000); listen(3, 5); getenv("LOG_DIR"); }
"""
CELERY = """import os
from celery import Celery
from fastapi import FastAPI

app = FastAPI()
queue = Celery("mail", broker=os.environ["REDIS_URL"])
queue.conf.beat_schedule = {}
"""

STACKS: dict[str, dict[str, str]] = {
    "spring": {"pom.xml": POM, "src/main/java/Orders.java": MAIN_JAVA, "src/main/resources/application.properties": "server.port=${PORT:8090}\n"},
    "ktor": {"build.gradle.kts": GRADLE, "settings.gradle.kts": 'rootProject.name = "quotes"\n', "src/main/kotlin/Main.kt": MAIN_KT},
    "axum": {
        "Cargo.toml": '[package]\nname = "shelf"\nversion = "0.1.0"\nrust-version = "1.80"\n[dependencies]\naxum = "0.8"\nsqlx = { version = "0.8", features = ["postgres"] }\n',
        "Cargo.lock": 'version = 4\n[[package]]\nname = "shelf"\nversion = "0.1.0"\n',
        "src/main.rs": MAIN_RS,
    },
    "rails": {
        "Gemfile": 'source "x"\nruby "3.3.1"\ngem "rails"\ngem "pg"\ngem "puma"\ngem "bootsnap"\ngem "sidekiq"\ngem "propshaft"\ngroup :test do\n  gem "rspec-rails"\nend\n',
        "Gemfile.lock": "GEM\n\nBUNDLED WITH\n   2.5.9\n",
        "config/application.rb": 'module NoteBook\nend\nENV.fetch("MAILER_KEY")\nENV["THEME"]\n',
        "config/routes.rb": ROUTES_RB,
        "db/migrate/1_a.rb": "",
        "spec/a_spec.rb": "",
        "bin/rails": "",
        "app/models/a.rb": "",
    },
    "laravel": {
        "composer.json": '{"name": "x/desk", "require": {"php": "^8.3", "laravel/framework": "^12", "ext-pdo_pgsql": "*"}, "scripts": {"test": "phpunit"}}',
        "composer.lock": '{"packages": []}',
        "artisan": "",
        "public/index.php": "<?php",
        "bootstrap/app.php": "<?php Application::configure()->withRouting(web: 'x', health: '/up');",
        "config/app.php": "<?php return ['key' => env('APP_KEY'), 'name' => env('APP_NAME', 'Desk')];",
        "database/migrations/1.php": "<?php",
        "package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}',
        "package-lock.json": "{}",
    },
    "dotnet": {
        "Shop.sln": "",
        "src/Shop/Shop.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include="Npgsql" Version="9" /></ItemGroup></Project>',
        "src/Shop/Program.cs": PROGRAM_CS,
        "tests/Shop.Tests/Shop.Tests.csproj": '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net9.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include="Microsoft.NET.Test.Sdk" Version="17" /></ItemGroup></Project>',
    },
    "phoenix": {
        "mix.exs": MIX,
        "mix.lock": "%{}",
        "lib/chat_web/router.ex": ROUTER_EX,
        "config/runtime.exs": 'secret = System.get_env("SECRET_KEY_BASE") || raise "x"\nport = System.get_env("PORT") || "4000"\nSystem.fetch_env!("MAIL_FROM")\n',
        "test/a_test.exs": "",
    },
    "deno": {
        "deno.json": '{"tasks": {"start": "deno run --allow-net --allow-env main.ts", "test": "deno test"}}',
        "deno.lock": "{}",
        "main.ts": 'Deno.serve({ port: 8123 }, () => new Response(Deno.env.get("GREETING")));\n',
    },
    "cmake": {"CMakeLists.txt": "project(echo CXX)\nadd_executable(${PROJECT_NAME} main.cpp) # add_executable(no)\n", "main.cpp": MAIN_CPP},
    "meson": {
        "meson.build": "project('parrot', ['c', 'cpp'])\nsubdir('src')\n# executable('no', 'no.cpp')\n",
        "src/meson.build": "pq = dependency('libpq')\nexecutable(meson.project_name(), 'main.cpp', dependencies: pq)\nsubdir('../tests')\n",
        "src/main.cpp": MAIN_CPP,
        "tests/meson.build": "test('all', executable('checks', 'checks.cpp'))\n",
        "subprojects/fmt/meson.build": "project('fmt', 'cpp')\nexecutable('fmt', 'a.cpp')\n",
    },
    "vite": {
        "package.json": '{"name": "shopfront", "scripts": {"build": "vite build"}, "dependencies": {"react": "19"}, "devDependencies": {"vite": "6"}}',
        "package-lock.json": "{}",
        "index.html": "<html></html>",
        "vite.config.ts": "export default { build: { outDir: 'out-dir' } }\n",
        "src/main.ts": "console.log(import.meta.env.VITE_API_URL, import.meta.env.MODE)\n",
    },
    "astro": {
        "package.json": '{"name": "pages", "scripts": {"build": "astro build"}, "dependencies": {"astro": "5"}}',
        "yarn.lock": "# yarn lockfile v1\n",
        "astro.config.mjs": "export default { site: 'x' }\n",
        "src/pages/404.astro": "",
    },
    "svelte": {
        "package.json": '{"name": "board", "scripts": {"build": "vite build"}, "devDependencies": {"@sveltejs/kit": "2", "vite": "6", "@sveltejs/adapter-node": "5"}}',
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        "svelte.config.js": "import adapter from '@sveltejs/adapter-node';\nexport default { kit: { adapter: adapter() } };\n",
        "src/routes/healthz/+server.ts": "export const GET = () => new Response('ok');\n",
    },
    "bun": {
        "package.json": '{"name": "hop", "scripts": {"start": "bun run src/index.ts"}, "dependencies": {"hono": "4"}}',
        "bun.lock": "{}",
        "src/index.ts": "const app = new Hono();\nBun.serve({ port: 3210, fetch: app.fetch });\n",
    },
    "celery": {
        "pyproject.toml": '[tool.poetry]\nname = "mail"\n[tool.poetry.dependencies]\npython = "^3.12"\nfastapi = "*"\nuvicorn = "*"\ncelery = "*"\nredis = "*"\n',
        "poetry.lock": "",
        "mail/__init__.py": "",
        "mail/main.py": CELERY,
    },
    "pnpm_workspace": {
        "package.json": '{"name": "root", "private": true, "packageManager": "pnpm@10.0.0"}',
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        "pnpm-workspace.yaml": "packages:\n  - apps/*\n  - libs/*\n",
        "apps/desk/package.json": '{"name": "@x/desk", "scripts": {"build": "tsc", "start": "node dist/main.js", "test": "vitest run"}, "dependencies": {"fastify": "5", "@x/db": "workspace:*"}}',
        "apps/desk/src/main.ts": "import Fastify from 'fastify';\nconst app = Fastify();\napp.get('/healthz', async () => 'ok');\napp.listen({ port: 3300, host: '0.0.0.0' });\n",
        "libs/db/package.json": '{"name": "@x/db", "scripts": {"build": "tsc"}, "dependencies": {"pg": "8"}}',
        "libs/db/index.ts": "export const url = process.env.DATABASE_URL;\n",
    },
}  # fmt: skip

EXPECTED: dict[str, tuple[str, str, str, str, str, int, str | None, list[str], list[str]]] = {
    # language, version, manager, framework, command, port, health, services, variables
    "spring": ("java", "17", "maven", "spring-boot", "java -jar app.jar", 8090, "/api/health", ["postgres"],
               ["API_TOKEN", "MAIL_HOST", "PORT", "SPRING_DATASOURCE_PASSWORD", "SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME"]),
    "ktor": ("java", "21", "gradle", "ktor", "java -jar app.jar", 9000, "/healthz", [], ["KT_MODE"]),
    "axum": ("rust", "1.95", "cargo", "axum", "/app/server", 3005, "/livez", ["postgres"], ["DATABASE_URL", "LEVEL"]),
    "rails": ("ruby", "3.3", "bundler", "rails", "./bin/rails server -b 0.0.0.0", 3000, "/up", ["postgres", "redis"], ["DATABASE_URL", "MAILER_KEY", "SECRET_KEY_BASE", "THEME"]),
    "laravel": ("php", "8.4", "composer", "laravel", "frankenphp php-server --listen :8080 --root /app/public", 8080, "/up", ["postgres"], ["APP_KEY", "APP_NAME"]),
    "dotnet": ("dotnet", "9.0", "nuget", "aspnet", "dotnet Shop.dll", 8080, "/healthz", ["postgres"], ["SHOP_NAME"]),
    "phoenix": ("elixir", "1.18", "mix", "phoenix", "/app/bin/chat start", 4000, "/api/health", ["postgres"], ["MAIL_FROM", "PORT", "SECRET_KEY_BASE"]),
    "deno": ("deno", "2.5", "deno", "deno", "deno run --cached-only --allow-net --allow-env main.ts", 8123, None, [], ["GREETING"]),
    "cmake": ("cpp", "14", "cmake", "tcp", "/app/server", 7000, None, [], ["LOG_DIR"]),
    "meson": ("cpp", "14", "meson", "tcp", "/app/server", 7000, None, [], ["LOG_DIR"]),
    "vite": ("node", "24", "npm", "vite-react", "", 8080, None, [], ["VITE_API_URL"]),
    "astro": ("node", "24", "yarn", "astro", "", 8080, None, [], []),
    "svelte": ("node", "24", "pnpm", "sveltekit", "node build", 3000, "/healthz", [], []),
    "bun": ("node", "1.3", "bun", "hono", "bun src/index.ts", 3210, None, [], []),
    "celery": ("python", "3.13", "poetry", "fastapi", "uvicorn mail.main:app --host 0.0.0.0 --port 8000", 8000, None, ["redis"], ["REDIS_URL"]),
    "pnpm_workspace": ("node", "24", "pnpm", "fastify", "node dist/main.js", 3300, "/healthz", ["postgres"], ["DATABASE_URL"]),
}  # fmt: skip
