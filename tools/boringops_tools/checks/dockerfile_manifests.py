"""Files that a person writes by hand and a Dockerfile copies, where the repository has none of that name."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.image_content import may_be_made
from boringops_tools.checks.images import contexts, copied
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern

# What package managers, compilers and frameworks are told by; no build makes one of these.
_MANIFESTS = lazy_pattern(
    r"""rust-toolchain(?:\.toml)?|build\.rs|Cargo\.toml|clippy\.toml|package\.json|\.npmrc|\.yarnrc(?:\.yml)?|pnpm-workspace\.yaml|lerna\.json|nx\.json|turbo\.json|tsconfig(?:\.\w+)?\.json|
    (?:next|vite|nuxt|svelte|astro|remix|webpack|rollup|babel|postcss|tailwind|jest|eslint|vue|quasar|drizzle)\.config\.[cm]?[jt]s|angular\.json|nest-cli\.json|pyproject\.toml|setup\.(?:py|cfg)|
    requirements(?:[-_.]\w+)?\.(?:txt|in)|Pipfile|MANIFEST\.in|alembic\.ini|gunicorn(?:\.conf|_config)\.py|uwsgi\.ini|manage\.py|go\.mod|go\.work|pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|
    gradle\.properties|mvnw|gradlew|Gemfile|Rakefile|config\.ru|[\w.-]+\.gemspec|composer\.json|artisan|mix\.exs|deps\.edn|project\.clj|build\.sbt|stack\.yaml|[\w.-]+\.cabal|rebar\.config|shard\.yml|
    Package\.swift|build\.zig(?:\.zon)?|CMakeLists\.txt|meson\.build|deno\.jsonc?|bunfig\.toml|Directory\.(?:Build|Packages)\.props|global\.json|[Nn]u[Gg]et\.[Cc]onfig|[\w.-]+\.(?:cs|fs|vb)proj|[\w.-]+\.slnx?|
    nginx\.conf|Caddyfile|supervisord?\.conf|crontab|Procfile|(?:docker-)?entrypoint\.sh|start\.sh|run\.sh|php\.ini|my\.cnf|redis\.conf""",
    re.X,
)


def _folder(source: str) -> str:
    return posixpath.dirname(posixpath.normpath(source.lstrip("/")))


def _missing(files: Files, path: str) -> Iterator[Hit]:
    places = contexts(path)
    copies = copied(files.text(path))

    def there(source: str) -> bool:
        plain = posixpath.normpath(source.lstrip("/"))
        wanted = [posixpath.normpath(posixpath.join(place, plain)) for place in places]
        return any(one in files.known or one in files.folders or files.ignored(one) for one in wanted)

    # That others of its folder are found shows that the context is of this repository.
    found = {_folder(source) for _, source in copies if source not in (".", "./") and there(source)}
    for each, source in copies:
        plain = posixpath.normpath(source.lstrip("/"))
        name = posixpath.basename(plain)
        if not _MANIFESTS.fullmatch(name) or re.search(r"[*?\[\]$]", source) or there(source):
            continue
        if _folder(source) not in found:
            continue
        # Under another path it is told elsewhere; a template of it, or a step that speaks of it, may bring it.
        alike = name in files.by_name or any(each.startswith(f"{name}.") for each in files.by_name)
        if (
            not alike
            and not may_be_made(files, plain)
            and not may_be_made(files, name)
            and ".gitmodules" not in files.known
        ):
            yield Hit(each.line, f"`{source}` is not in the repository, and no other file is called so")


_D = "Dockerfile"
_RUST = "FROM rust:1.88\nCOPY Cargo.toml {} ./\nCOPY src ./src\n"
_REPO = {"Cargo.toml": "[package]\n", "src/main.rs": "fn main() {}\n"}

RULES = (
    Rule("dockerfile/missing-manifest", "error", "The build stops there: name a file of the build context, or add it.", "Dockerfile reference, COPY: sources are paths of the build context.", is_dockerfile, _missing,
         bad=({_D: _RUST.format("rust-toolchain.toml"), **_REPO}, {_D: "FROM python:3\nCOPY requirements.txt ./\nCOPY app ./app\n", "app/a.py": "1\n", "pyproject.toml": "\n"}, {_D: "FROM nginx:1\nCOPY nginx.conf /etc/nginx/\nCOPY site /srv\n", "site/index.html": "a\n"}),
         good=({_D: _RUST.format("Cargo.lock"), **_REPO}, {_D: _RUST.format("rust-toolchain.toml"), **_REPO, ".gitignore": "rust-toolchain.toml\n"}, {_D: _RUST.format("rust-toolchain.toml"), **_REPO, "build.sh": "cp ../rust-toolchain.toml rust-toolchain.toml\n"},
               {_D: "FROM a:1\nCOPY package.json /a/\n"}, {_D: "FROM a:1\nCOPY docker/php.ini /a/\nCOPY composer.json ./\n", "docker/php.ini": "a\n"}, {_D: "FROM a:1\nCOPY rust-toolchain* Cargo.toml ./\n", **_REPO}, {_D: _RUST.format("build.rs"), **_REPO, "build.rs.in": "a\n"}, {"sub/Dockerfile": _RUST.format("rust-toolchain"), **_REPO, "rust-toolchain": "1.88\n"})),
)  # fmt: skip
