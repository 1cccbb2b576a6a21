"""Rust applications built with Cargo: axum, actix-web, Rocket, warp and their like."""

from __future__ import annotations

import re
from typing import Any

from boringops_tools.stack import globs, make, rust_env, versions
from boringops_tools.stack.calls import Call, calls, text
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Route, Rust, Source
from boringops_tools.stack.found import Found, application, prefixed
from boringops_tools.stack.grammar import within
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

MANIFEST = "Cargo.toml"
_FRAMEWORKS = {
    "axum": "axum", "actix-web": "actix-web", "rocket": "rocket", "warp": "warp", "poem": "poem", "salvo": "salvo",
    "tide": "tide", "tonic": "tonic", "hyper": "hyper", "viz": "viz",
}  # fmt: skip
_LIBRARIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "openssl": (("libssl-dev", "pkg-config"), ("libssl3",)),
    "native-tls": (("libssl-dev", "pkg-config"), ("libssl3",)),
    "pq-sys": (("libpq-dev",), ("libpq5",)),
    "libsqlite3-sys": ((), ()),
    "rdkafka": (("cmake", "g++", "make", "zlib1g-dev"), ()),
}
"""Debian packages that a crate needs to be built, and to run."""
_LAYERS = ("base.yaml", "base.yml", "default.yaml", "default.yml")
_SIGNS = ("env::var", "env!", ".route(", "::bind", "#[get", "web::", "path!", ".bind(", "Router", "dotenv", "launch")
_ASSETS = (
    "templates", "static", "public", "assets", "migrations", "config", "configuration", "settings", "locales", "Rocket.toml",
)  # fmt: skip


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The package, or the workspace's one application, whose Cargo.toml is in `folder`."""
    path = join(folder, MANIFEST)
    manifest = tree.toml(path)
    members = _members(tree, folder, manifest)
    crates = [(folder, manifest)] if "package" in manifest else []
    crates += [(member, tree.toml(join(member, MANIFEST))) for member in members]
    binaries = [(crate, own, name, main) for crate, own in crates for name, main in _binaries(tree, crate, own)]
    chosen = _chosen(tree, manifest, binaries)
    crate, own, binary, main = chosen or (folder, manifest, "", "")
    dependencies = _dependencies(tree, crate, own, manifest)
    found, strings = _read(tree, list(tree.below(crate, ".rs", skip=[] if members else nested)))
    framework = next((name for package, name in _FRAMEWORKS.items() if package in dependencies), "")
    if "config" in dependencies and not found.ports:
        _configured(tree, crate, found)
    if framework == "rocket" and chosen:
        found.listens = found.listens or dependencies["rocket"]
    serves = found.listens is not None
    locked = _locked(tree, folder)
    needs = [
        _LIBRARIES[name]
        for name in _LIBRARIES
        if name in locked and not (name == "openssl" and "openssl-src" in locked)
    ]
    reason = ""
    if not binaries:
        reason = "a library: it has no binary"
    elif chosen is None:
        reason = f"several binaries ({', '.join(name for _, _, name, _ in binaries[:6])}), and none is the default"
    elif not serves:
        reason = "a command: nothing in it listens on a port"
    others = [name for _, _, name, _ in binaries if name != binary]
    return application(
        tree,
        folder,
        "rust",
        found,
        dependencies,
        8000 if framework == "rocket" else 8080,
        reason,
        name=binary or table(manifest, "package").get("name") or "",
        version=versions.choose("rust", _claims(tree, folder, own, manifest)),
        manager="cargo",
        lockfile="Cargo.lock" if tree.named(folder, "Cargo.lock") else None,
        framework=framework or ("tcp" if serves else ""),
        entry=Source(path=main) if main else None,
        command=["/app/server"],
        commands=_commands(tree, folder),
        build_packages=sorted({package for build, _ in needs for package in build}),
        run_packages=sorted({package for _, run in needs for package in run}),
        remarks=_remarks(tree, folder, binary, others, dependencies),
        rust=Rust(
            binary=binary,
            package=str(table(own, "package").get("name") or ""),
            others=others,
            sqlx_offline=any(tree.all_below(join(folder, ".sqlx"))),
            assets=[
                name
                for name in _ASSETS
                if (
                    (join(folder, name) in tree or any(tree.all_below(join(folder, name))))
                    and any(re.match(rf"^(\./)?{re.escape(name)}(/|$)", string) for string in strings)
                )
                or (name == "Rocket.toml" and tree.named(folder, name))
            ],
        ),
    )


def _configured(tree: Tree, crate: str, found: Found) -> None:
    """The port in the base file of the `config` crate's layers, under what people call the server."""
    from boringops_tools.yaml_files import Unreadable, documents

    for path in (
        join(crate, f"{place}/{name}") for place in ("configuration", "config", "settings") for name in _LAYERS
    ):
        try:
            settings = next(iter(documents(tree.text(path))), None) if path in tree else None
        except Unreadable:
            continue
        for part in ("application", "server", "http", "app"):
            found.port(str(table(settings, part).get("port", "")), Source(path=path, line=tree.line(path, "port:")))


def _remarks(tree: Tree, folder: str, binary: str, others: list[str], dependencies: dict[str, Source]) -> list[str]:
    said = []
    scripts = [path for path in tree.all_below(join(folder, "migrations")) if path.endswith(".sql")]
    if (
        scripts
        and "sqlx" in dependencies
        and not any("migrate!" in tree.text(path) for path in tree.below(folder, ".rs"))
    ):
        said.append(
            "migrations/ is for sqlx, and the program does not run it: the image has no `sqlx`, so `sqlx migrate run` is "
            "a job with an image of its own, or the program gets a command for it (`sqlx::migrate!`)."
        )
    if binary and others:
        said.append(f"Several binaries: {binary} is built; also there: {', '.join(others)}.")
    if not tree.named(folder, "Cargo.lock"):
        said.append("No Cargo.lock: run `cargo generate-lockfile` and commit it, the build verifies crates by it.")
    return said


def _members(tree: Tree, folder: str, manifest: dict[str, Any]) -> list[str]:
    """Folders of the workspace's members."""
    patterns = words(table(manifest, "workspace").get("members"))
    manifests = [folder_of(path) for path in tree.own(MANIFEST) if folder_of(path) != folder]
    prefix = f"{folder}/" if folder else ""
    return [
        member
        for member in manifests
        if member.startswith(prefix) and globs.among(patterns, member.removeprefix(prefix))
    ]


def _binaries(tree: Tree, crate: str, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, main file) of every binary of a crate."""
    package = str(table(manifest, "package").get("name") or "")
    bins = manifest.get("bin")
    found: dict[str, str] = {}
    for entry in bins if isinstance(bins, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            found[entry["name"]] = join(crate, str(entry.get("path") or f"src/bin/{entry['name']}.rs"))
    main = join(crate, "src/main.rs")
    if package and main in tree and main not in found.values():
        found[package] = main
    for path in tree.below(join(crate, "src/bin"), ".rs"):
        inner = path.removeprefix(join(crate, "src/bin/"))
        name = inner.removesuffix("/main.rs") if inner.endswith("/main.rs") else inner.removesuffix(".rs")
        if "/" not in name and path not in found.values():
            found.setdefault(name, path)
    return list(found.items())


Binary = tuple[str, dict[str, Any], str, str]


def _chosen(tree: Tree, manifest: dict[str, Any], binaries: list[Binary]) -> Binary | None:
    default = table(manifest, "package").get("default-run")
    if isinstance(default, str):
        return next((binary for binary in binaries if binary[2] == default), None)
    if len(binaries) <= 1:
        return binaries[0] if binaries else None
    serving = [binary for binary in binaries if re.search(r"::bind|\.bind\(|launch|serve\(", tree.text(binary[3]))]
    if len(serving) == 1:
        return serving[0]
    package = table(manifest, "package").get("name")
    return next((binary for binary in binaries if binary[2] == package), None)


def _dependencies(tree: Tree, crate: str, own: dict[str, Any], workspace: dict[str, Any]) -> dict[str, Source]:
    path = join(crate, MANIFEST)
    found = {name: Source(path=path, line=tree.line(path, name)) for name in table(own, "dependencies")}
    sqlx = table(own, "dependencies").get("sqlx") or table(workspace, "workspace", "dependencies").get("sqlx")
    for name, stated in [*table(own, "dependencies").items(), ("sqlx", sqlx)]:
        if name in found and isinstance(stated, dict):
            found |= {f"{name}[{feature}]": found[name] for feature in words(stated.get("features"))}
    return found


def _locked(tree: Tree, folder: str) -> set[str]:
    return set(re.findall(r'^name = "([^"]+)"', tree.text(join(folder, "Cargo.lock")), re.MULTILINE))


def _claims(tree: Tree, folder: str, own: dict[str, Any], manifest: dict[str, Any]) -> list[Claim]:
    found = []
    for name in ("rust-toolchain.toml", "rust-toolchain"):
        path = join(folder, name)
        channel = table(tree.toml(path), "toolchain").get("channel") or (
            tree.text(path).strip() if "[" not in tree.text(path) else ""
        )
        if isinstance(channel, str) and (match := re.match(r"\d+\.\d+", channel)):
            found.append(Claim(text=match[0], source=Source(path=path, line=tree.line(path, channel))))
    found += versions.in_files(tree, folder, {".tool-versions": r"^rust\s+(\d+\.\d+)"}, "rust")
    for data in (table(own, "package"), table(manifest, "package"), table(manifest, "workspace", "package")):
        if isinstance(minimum := data.get("rust-version"), str):
            path = join(folder, MANIFEST)
            found.append(Claim(text=f">={minimum}", source=Source(path=path, line=tree.line(path, "rust-version"))))
            break
    return found


def _read(tree: Tree, paths: list[str]) -> tuple[Found, set[str]]:
    found, strings = Found(), set[str]()
    all_calls = list(calls(tree, paths, _SIGNS))
    nests = [call for call in all_calls if call.name in {".nest", "web::scope", ".nest_service", "warp::path"}]
    mounts = {call.text() for call in all_calls if call.name.endswith(".mount") and call.text()}
    for call in all_calls:
        strings.update(value for index in range(len(call.arguments)) if (value := call.text(index)))
        name = call.name.rpartition("::")[2] if "env::" in call.name else call.name
        if name in {"var", "var_os"} and "env::" in call.name:
            outer = call.around[-1].name if call.around else ""
            default = _only_string(call.around[-1]) if outer in {".unwrap_or", ".unwrap_or_else"} else None
            found.variable(call.text(), call.place, default, required=outer in {".unwrap", ".expect"})
        elif name in {".route", "Router::route", ".at"} and (route := call.text()) and route.startswith("/"):
            _place(Route(path=route, source=call.place), call, nests, found)
        elif call.name == "@get" and (route := call.text()) and route.startswith("/"):
            whole = Route(
                path=prefixed([next(iter(mounts)) or "", route]) if len(mounts) == 1 else route, source=call.place
            )
            (found.routes if len(mounts) <= 1 and not nests else found.unplaced).append(whole)
        elif (
            re.search(r"(TcpListener|Server|SocketAddr).*::(bind|from)$|^\.bind$|::bind$", call.name)
            or call.name == ".serve"
        ):
            found.listens = found.listens or call.place
            found.port(call.text(), call.place)
        elif call.name == "axum::serve":
            found.listens = found.listens or call.place
    rust_env.of_clap(tree, paths, found)
    if any(call.name in {"@launch", "@rocket::launch"} for call in all_calls):
        found.listens = found.listens or next(call.place for call in all_calls if "launch" in call.name)
    for path in paths if found.listens and not found.ports else []:
        for match in re.finditer(r"^\s*(?:pub )?const \w*PORT\w*: u16 = (\d+);", tree.text(path), re.MULTILINE):
            found.port(match[1], Source(path=path, line=tree.text(path)[: match.start()].count("\n") + 1))
    if not found.ports and found.listens:
        for value in sorted(strings):
            if re.fullmatch(r"(0\.0\.0\.0|127\.0\.0\.1|\[::\]):\d{2,5}", value):
                found.port(value, found.listens)
    return found, strings


def _only_string(call: Call) -> str | None:
    """The one string that a default comes down to: `"x".into()`, `|_| String::from("x")`."""
    found = [text(node) for _, value in call.arguments for node in within(value) if node.type == "string_literal"]
    return found[0] if len(found) == 1 else None


def _place(route: Route, call: Call, nests: list[Call], found: Found) -> None:
    """A route counts where nothing mounts its router: the same function serves, and no `nest` has it as an argument."""
    within = any(
        value.start_byte <= call.node.start_byte < value.end_byte
        for nest in nests
        if nest.place.path == call.place.path
        for _, value in nest.arguments
    )
    apart = any(nest.place.path != call.place.path or _function(nest) != _function(call) for nest in nests)
    (found.unplaced if within or apart else found.routes).append(route)


def _function(call: Call) -> int:
    node = call.node.parent
    while node is not None and node.type != "function_item":
        node = node.parent
    return node.start_byte if node is not None else -1


def _commands(tree: Tree, folder: str) -> Commands:
    own = make.commands(tree, folder)
    source = Source(path=join(folder, MANIFEST))
    locked = " --locked" if tree.named(folder, "Cargo.lock") else ""
    wide = " --workspace" if "workspace" in tree.toml(join(folder, MANIFEST)) else ""
    tested = any(
        "#[test]" in tree.text(path) or "::test]" in tree.text(path)
        for path in tree.all_below(folder)
        if path.endswith(".rs")
    )
    lint = [
        Command(run="cargo fmt --all --check", source=Source(path=join(folder, name)))
        for name in tree.named(folder, "rustfmt.toml", ".rustfmt.toml")[:1]
    ]
    return Commands(
        lint=own.lint or lint,
        test=own.test or ([Command(run=f"cargo test{wide}{locked}", source=source)] if tested else []),
        build=[Command(run=f"cargo build{wide}{locked}", source=source)],
    )


def members(tree: Tree) -> set[str]:
    """Folders of crates that belong to a workspace above them."""
    return {member for path in tree.own(MANIFEST) for member in _members(tree, folder_of(path), tree.toml(path))}
