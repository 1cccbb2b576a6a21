"""What the Dockerfile templates of each language are filled with, beyond what the facts say themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boringops_tools.blueprints import pins, probes
from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Application, Jvm, Php, Ruby
from boringops_tools.stack.tree import join

_NODE_INSTALL = {
    "npm": ("npm ci", "/root/.npm"),
    "yarn": ("yarn install --frozen-lockfile", "/usr/local/share/.cache/yarn"),
    "pnpm": ("pnpm install --frozen-lockfile", "/root/.local/share/pnpm/store"),
}


def _java(app: Application, context: Context) -> dict[str, Any]:
    jvm = app.jvm or Jvm()
    version = app.version.value
    folders = [
        name
        for name in jvm.manifests
        if name in {".mvn", "gradle"} and any(context.tree.all_below(join(app.context, name)))
    ]
    files = [name for name in jvm.manifests if join(app.context, name) in context.tree]
    output = "target" if app.manager == "maven" else "build" if jvm.layout == "quarkus" else "build/libs"
    where = f"{jvm.module}/" if jvm.module else ""
    sources = {path.partition("/")[0] for path in _inside(app, context)}
    return {
        "build_image": pins.image("java", version) if jvm.wrapper else pins.base(app.manager, version),
        "runtime": pins.base("temurin-jre", version),
        "tool": {"maven": "./mvnw", "gradle": "./gradlew"}[app.manager]
        if jvm.wrapper
        else {"maven": "mvn", "gradle": "gradle"}[app.manager],
        "files": files,
        "folders": folders,
        "whole": "src" not in sources or app.manager == "gradle",
        "output": where + output,
        "jar": where + jvm.jar,
        "gradle_task": {"boot": "bootJar", "quarkus": "quarkusBuild"}.get(
            jvm.layout, "shadowJar" if jvm.jar.endswith("-all.jar") else "build -x test"
        ),
        "probe": probes.bash(app),
    }


def _inside(app: Application, context: Context) -> list[str]:
    prefix = f"{app.folder}/" if app.folder else ""
    return [path.removeprefix(prefix) for path in context.tree.all_below(app.folder)]


def _rust(app: Application, _: Context) -> dict[str, Any]:
    return {"runtime": pins.base("debian") if app.run_packages else pins.base("rust-run")}


def _ruby(app: Application, context: Context) -> dict[str, Any]:
    ruby = app.ruby or Ruby()
    manifests = ["Gemfile", "Gemfile.lock", *(name for name in (".ruby-version",) if app.path(name) in context.tree)]
    manifests += [name for name in _inside(app, context) if name.endswith(".gemspec") and "/" not in name]
    return {
        "node_image": pins.image("node", "24") if ruby.node else "",
        "manifests": manifests,
        "jemalloc": True,
        "probe": probes.ruby(app),
    }


def _php(app: Application, _: Context) -> dict[str, Any]:
    php = app.php or Php()
    install, cache = _NODE_INSTALL.get(php.node, ("", ""))
    return {
        "composer": pins.base("composer"),
        "node_image": pins.image("node", "24"),
        "node_install": install,
        "node_cache": cache,
        "probe": probes.php(app),
    }


def _dotnet(app: Application, _: Context) -> dict[str, Any]:
    return {"runtime": pins.base("aspnet", app.version.value), "probe": probes.bash(app)}


def _elixir(app: Application, context: Context) -> dict[str, Any]:
    return {
        "runtime": pins.base("debian"),
        "config_folder": any(context.tree.all_below(app.path("config"))),
        "probe": probes.bash(app),
    }


def _deno(app: Application, _: Context) -> dict[str, Any]:
    return {"probe": probes.deno(app)}


def _static(_app: Application, _: Context) -> dict[str, Any]:
    return {}


def _cpp(app: Application, _: Context) -> dict[str, Any]:
    return {"runtime": pins.base("debian"), "probe": probes.bash(app)}


OTHERS: dict[str, Callable[[Application, Context], dict[str, Any]]] = {
    "java": _java,
    "rust": _rust,
    "ruby": _ruby,
    "php": _php,
    "dotnet": _dotnet,
    "elixir": _elixir,
    "deno": _deno,
    "static": _static,
    "cpp": _cpp,
}
