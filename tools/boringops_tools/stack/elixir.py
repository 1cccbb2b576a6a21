"""Elixir applications built with Mix: Phoenix, and other releases."""

from __future__ import annotations

import re

from boringops_tools.stack import make, versions
from boringops_tools.stack.calls import Call, calls, text
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Elixir, Route, Source
from boringops_tools.stack.found import Found, application, prefixed
from boringops_tools.stack.grammar import line, root, source, within
from boringops_tools.stack.tree import Tree, folder_of, join

MANIFEST = "mix.exs"
_VERSION_FILES = {
    ".tool-versions": r"^elixir\s+(\d+\.\d+)",
    ".elixir-version": r"^(\d+\.\d+)",
    "elixir_buildpack.config": r"^elixir_version\s*=\s*\(?[\"']?(\d+\.\d+)",
}
_SIGNS = ("get_env", "fetch_env", "get ", "scope", "forward", "port")
_SERVERS = ("phoenix", "bandit", "plug_cowboy", "cowboy")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose mix.exs is in `folder`."""
    path = join(folder, MANIFEST)
    dependencies, app, releases, claims = _manifest(tree, path)
    found = _read(tree, [*tree.below(folder, ".ex", ".exs", skip=nested)])
    framework = (
        "phoenix" if "phoenix" in dependencies else "plug" if any(name in dependencies for name in _SERVERS) else ""
    )
    umbrella = any(tree.all_below(join(folder, "apps"))) and "apps_path" in tree.text(path)
    reason = ""
    if umbrella:
        reason = "an umbrella of several applications: which of them make a release is for people to say"
    elif not framework:
        reason = "a library or a command: it depends on no web server"
    elif "package:" in tree.text(path) and not tree.named(folder, "config"):
        reason = "a library: it is published as a package"
    name = releases[0] if releases else app
    migrates = any(tree.all_below(join(folder, "priv/repo/migrations")))
    release = next((file for file in tree.below(folder, ".ex") if file.endswith("/release.ex")), "")
    module = next(iter(re.findall(r"^defmodule ([\w.]+)", tree.text(release), re.MULTILINE)), "") if release else ""
    assets = "assets.deploy" in tree.text(path)
    return application(
        tree,
        folder,
        "elixir",
        found,
        dependencies,
        4000,
        reason,
        name=app,
        version=versions.choose("elixir", versions.in_files(tree, folder, _VERSION_FILES, "elixir") + claims),
        manager="mix",
        lockfile="mix.lock" if tree.named(folder, "mix.lock") else None,
        framework=framework,
        entry=Source(path=path, line=tree.line(path, "mod:")),
        command=[f"/app/bin/{name}", "start"],
        migration=Command(run=f"/app/bin/{name} eval {module}.migrate", source=Source(path=release), needs_dev=False)
        if migrates and module
        else None,
        commands=_commands(tree, folder, dependencies),
        build_packages=["build-essential", "git"],
        run_packages=["ca-certificates", "libncurses6", "libstdc++6", "openssl"],
        remarks=[
            "There are migrations, but no release task that runs them: add one (a `Release` module with `migrate`)."
        ]
        if migrates and not module and not reason
        else [],
        elixir=Elixir(app=app, release=name, phoenix=framework == "phoenix", assets=assets),
    )


def _manifest(tree: Tree, path: str) -> tuple[dict[str, Source], str, list[str], list[Claim]]:
    """Dependencies, the application's name, its releases and what Elixir it asks for."""
    dependencies: dict[str, Source] = {}
    app, releases, claims = "", list[str](), list[Claim]()
    development = {"dev", "test"}
    for node in within(root("elixir", tree.text(path))):
        if node.type == "tuple" and node.named_children and node.named_children[0].type == "atom":
            name, whole = source(node.named_children[0]).lstrip(":"), source(node)
            only = set(re.findall(r"only:\s*(?:\[([^\]]*)\]|:(\w+))", whole))
            groups = {word for pair in only for part in pair for word in re.findall(r"\w+", part)}
            key = name if not groups or groups - development else f"dev:{name}"
            dependencies.setdefault(key, Source(path=path, line=line(node)))
        elif node.type == "pair":
            key, value = source(node.child_by_field_name("key")).strip(": "), node.child_by_field_name("value")
            if key == "app" and not app:
                app = text(value) or ""
            elif key == "elixir" and (wanted := text(value)):
                claims.append(Claim(text=wanted, source=Source(path=path, line=line(node))))
            elif key == "releases" and value is not None and value.type == "list":
                releases += [
                    source(inner.child_by_field_name("key")).strip(": ")
                    for inner in within(value)
                    if inner.type == "pair"
                ][:1]
    return dependencies, app, releases, claims


def _read(tree: Tree, sources: list[str]) -> Found:
    found = Found()
    router = [path for path in sources if path.endswith("router.ex")]
    for call in calls(tree, sources, _SIGNS):
        if call.name in {"System.get_env", "System.fetch_env!", "System.fetch_env"} and not _beside_production(
            call.place.path
        ):
            raised = (
                call.node.parent is not None
                and "raise" in source(call.node.parent)[:400]
                and call.node.parent.type == "binary_operator"
            )
            found.variable(
                call.text(), call.place, call.text(1) or _or_else(call), required=call.name.endswith("!") or raised
            )
        elif call.name == "get" and call.place.path in router and (route := call.text()) and route.startswith("/"):
            before = [other.text() if other.arguments else "" for other in call.around if other.name == "scope"]
            if None not in before:
                found.routes.append(Route(path=prefixed([*(part or "" for part in before), route]), source=call.place))
        elif call.name == "get" and (route := call.text()) and route.startswith("/"):
            found.unplaced.append(Route(path=route, source=call.place))
    return found


def _or_else(call: Call) -> str | None:
    """The default in `System.get_env("PORT") || "4000"`."""
    parent = call.node.parent
    if (
        parent is not None
        and parent.type == "binary_operator"
        and source(parent.child_by_field_name("operator")) == "||"
    ):
        return text(parent.child_by_field_name("right"))
    return None


def _beside_production(path: str) -> bool:
    return path.endswith(("config/test.exs", "config/dev.exs"))


def _commands(tree: Tree, folder: str, dependencies: dict[str, Source]) -> Commands:
    own = make.commands(tree, folder)
    lint = (
        [Command(run="mix format --check-formatted", source=Source(path=join(folder, ".formatter.exs")))]
        if tree.named(folder, ".formatter.exs")
        else []
    )
    if "dev:credo" in dependencies or "credo" in dependencies:
        lint.append(Command(run="mix credo", source=dependencies.get("dev:credo") or dependencies["credo"]))
    tests = next((path for path in tree.all_below(join(folder, "test")) if path.endswith("_test.exs")), "")
    return Commands(
        lint=own.lint or lint,
        test=own.test or ([Command(run="mix test", source=Source(path=tests))] if tests else []),
    )


def members(tree: Tree) -> set[str]:
    """Applications of an umbrella."""
    roots = [folder_of(path) for path in tree.own(MANIFEST) if "apps_path" in tree.text(path)]
    return {
        folder_of(path)
        for path in tree.own(MANIFEST)
        for above in roots
        if folder_of(path) != above and path.startswith(join(above, "apps/"))
    }
