"""Elixir applications built with Mix: Phoenix, and other releases."""

from __future__ import annotations

import re

from boringops_tools.stack import elixir_mix, health, make, versions
from boringops_tools.stack.calls import Call, calls, text
from boringops_tools.stack.elixir_mix import MANIFEST, Mix
from boringops_tools.stack.facts import Application, Command, Commands, Elixir, Route, Source
from boringops_tools.stack.found import Found, application, inner, prefixed
from boringops_tools.stack.grammar import line, root, source, within
from boringops_tools.stack.tree import Tree, folder_of, join

_VERSION_FILES = {
    ".tool-versions": r"^elixir\s+(\d+\.\d+)",
    ".elixir-version": r"^(\d+\.\d+)",
    "elixir_buildpack.config": r"^elixir_version\s*=\s*\(?[\"']?(\d+\.\d+)",
}
_SIGNS = ("get_env", "fetch_env", "get ", "scope", "forward", "port")
_PRODUCTION = ("config/prod.exs", "config/runtime.exs", "config/releases.exs")
_SERVERS = ("phoenix", "bandit", "plug_cowboy", "cowboy")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose mix.exs is in `folder`, or the one that an umbrella there makes a release of."""
    path = join(folder, MANIFEST)
    mix = elixir_mix.read(tree, path)
    release, parts, reason = _umbrella(elixir_mix.applications(tree, folder, mix), mix)
    manifests = [mix, *parts.values()]
    dependencies = {name: place for each in reversed(manifests) for name, place in each.dependencies.items()}
    found = _read(tree, [*tree.below(folder, ".ex", ".exs", skip=nested)])
    framework = _framework(dependencies)
    if not reason and not framework:
        reason = "a library or a command: it depends on no web server"
    elif not reason and "package:" in tree.text(path) and not any(tree.all_below(join(folder, "config"))):
        reason = "a library: it is published as a package"
    name = release or next(iter(mix.releases), mix.app)
    homes = list(parts) or [folder]
    migrates = any(True for home in homes for _ in tree.all_below(join(home, "priv/repo/migrations")))
    task = next((file for home in homes for file in tree.below(home, ".ex") if file.endswith("/release.ex")), "")
    module = next(iter(re.findall(r"^defmodule ([\w.]+)", tree.text(task), re.MULTILINE)), "") if task else ""
    assets = next((home for home in homes if "assets.deploy" in tree.text(join(home, MANIFEST))), None)
    claims = [claim for each in manifests for claim in each.elixir]
    remarks = (
        []
        if reason
        else [health.local(place) for place in _local(tree, folder)]
        + _remarks(tree, homes, assets, lacks_task=migrates and not module)
    )
    return application(
        tree,
        folder,
        "elixir",
        found,
        dependencies,
        4000,
        reason,
        name=mix.app or release,
        version=versions.choose("elixir", versions.in_files(tree, folder, _VERSION_FILES, "elixir") + claims),
        manager="mix",
        lockfile="mix.lock" if tree.named(folder, "mix.lock") else None,
        framework=framework,
        entry=Source(path=path, line=tree.line(path, "releases" if parts else "mod:")),
        command=[f"/app/bin/{name}", "start"],
        migration=Command(run=f"/app/bin/{name} eval {module}.migrate", source=Source(path=task), needs_dev=False)
        if migrates and module
        else None,
        commands=_commands(tree, folder, dependencies),
        build_packages=["build-essential", "git"],
        run_packages=["ca-certificates", "libncurses6", "libstdc++6", "openssl"],
        remarks=remarks,
        elixir=Elixir(
            app=mix.app,
            release=name,
            phoenix=framework == "phoenix",
            assets=assets is not None,
            assets_in=inner(folder, assets) if assets and assets != folder else "",
            local=[path for path in mix.local if any(tree.all_below(join(folder, path)))],
            members=[inner(folder, member) for member in elixir_mix.applications(tree, folder, mix)],
        ),
    )


def _framework(dependencies: dict[str, Source]) -> str:
    return "phoenix" if "phoenix" in dependencies else "plug" if any(name in dependencies for name in _SERVERS) else ""


def _umbrella(apps: dict[str, Mix], mix: Mix) -> tuple[str, dict[str, Mix], str]:
    """The release of an umbrella that serves, the applications in it, and why there is none."""
    if not mix.apps_path:
        return "", {}, ""
    starting = {name: elixir_mix.started(listed, apps) for name, listed in mix.releases.items()}
    serving = [name for name, parts in starting.items() if any(_framework(apps[part].dependencies) for part in parts)]
    if len(serving) == 1:
        return serving[0], {part: apps[part] for part in starting[serving[0]]}, ""
    if serving:
        return (
            "",
            apps,
            f"an umbrella with several releases that serve ({', '.join(serving)}): which is for people to say",
        )
    if mix.releases:
        return "", apps, "an umbrella none of whose releases has a web server in it"
    return (
        "",
        apps,
        "an umbrella that defines no release: mix.exs at its root has to say which applications belong to one",
    )


def _local(tree: Tree, folder: str) -> list[Source]:
    """Where production's configuration has it listen for its own machine alone."""
    path = join(folder, "config/prod.exs")
    found = re.search(r"http:\s*\[[^\]]*\bip:\s*\{127,\s*0,\s*0,\s*1\}", tree.text(path))
    return [Source(path=path, line=tree.text(path)[: found.start()].count("\n") + 1)] if found else []


def _remarks(tree: Tree, homes: list[str], assets: str | None, *, lacks_task: bool) -> list[str]:
    said = []
    if lacks_task:
        said.append(
            "There are migrations, but no release task that runs them: add one (a `Release` module with `migrate`)."
        )
    packages = next((path for home in homes if (path := join(home, "assets/package.json")) in tree), "")
    if packages and assets is None:
        said.append(
            f"{packages} builds the assets with Node.js, and no alias `assets.deploy` says how: the image is built without them."
        )
    return said


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
    for path in sources:
        if path.endswith(_PRODUCTION):
            _settings(tree, path, found)
    return found


def _settings(tree: Tree, path: str, found: Found) -> None:
    """What production's configuration says of the port, and the variables it names without reading them itself."""
    for node in within(root("elixir", tree.text(path))):
        place = Source(path=path, line=line(node))
        if node.type == "tuple" and (named := re.match(r'\{:system,\s*"(\w+)"(?:,\s*"([^"]*)")?', source(node))):
            found.variable(named[1], place, named[2])
        elif node.type == "pair" and (said := re.match(r"http:\s*\[[^\]]*\bport:\s*(\d+)", source(node))):
            found.port(said[1], place)


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
    return {
        folder
        for path in tree.own(MANIFEST)
        if "apps_path" in tree.text(path)
        for folder in elixir_mix.applications(tree, folder_of(path), elixir_mix.read(tree, path))
    }
