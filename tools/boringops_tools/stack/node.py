"""Node.js and Bun applications: npm, pnpm, Yarn and Bun; servers, and frameworks that build a site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack import (
    environment,
    health,
    javascript,
    nextjs,
    node_nx,
    node_routes,
    node_start,
    node_web,
    node_workspace,
    services,
    versions,
)
from boringops_tools.stack.facts import Application, Choice, Claim, Command, Commands, Node, Source, Static, Version
from boringops_tools.stack.found import procfile, slug
from boringops_tools.stack.node_web import Site
from boringops_tools.stack.tree import Tree, folder_of, join, table

MANIFEST = "package.json"
LOCKFILES = {
    "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm",
    "bun.lock": "bun", "bun.lockb": "bun",
}  # fmt: skip
FRAMEWORKS = {
    "next": "nextjs", "@nestjs/core": "nestjs", "fastify": "fastify", "express": "express", "koa": "koa", "hono": "hono",
    "@hapi/hapi": "hapi", "restify": "restify", "elysia": "elysia", "h3": "h3", "polka": "polka",
    "srvx": "srvx",
}  # fmt: skip
_MANAGERS = {"npm", "pnpm", "yarn", "bun"}
_VERSION_FILES = {".tool-versions": r"^nodejs\s+(\S+)", ".nvmrc": r"^(\S+)", ".node-version": r"^(\S+)"}
_LIFECYCLE = ("preinstall", "install", "postinstall", "prepare", "prepublish")
_GIT_HOOKS = re.compile(r"\b(husky( install)?|is-ci|simple-git-hooks|lefthook install|true)\b|[|&\s]")
_NO_TESTS = re.compile(r"no test specified|^exit\b|^echo\b")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose package.json is in `folder`; `nested` are folders of other applications below it."""
    if folder in node_nx.applications(tree):
        return _of_nx(tree, folder)
    manifest = tree.json(join(folder, MANIFEST))
    scripts = {name: text for name, text in table(manifest, "scripts").items() if isinstance(text, str)}
    workspace = node_workspace.of(tree, folder)
    top = folder if workspace is None else workspace.root
    parts = [folder] if workspace is None else [join(top, part) if top else part for part in workspace.folders]
    dependencies: dict[str, Source] = {}
    for part in reversed(parts):
        dependencies |= _dependencies(tree, part, tree.json(join(part, MANIFEST)), "dependencies") | dependencies
    dev = _dependencies(tree, folder, manifest, "devDependencies")
    declared = {
        name: str(text) for key in ("devDependencies", "dependencies") for name, text in table(manifest, key).items()
    }
    framework = next((name for package, name in FRAMEWORKS.items() if package in table(manifest, "dependencies")), "")
    manager, lock, choices = _manager(tree, top)
    sources = [
        path for part in parts for path in tree.below(part, *javascript.SUFFIXES, skip=nested if part == folder else ())
    ]
    facts = javascript.read(tree, sources)
    site = None
    if framework != "nextjs" and not (framework and facts.listens):
        site = node_web.site(tree, folder, declared, scripts)
    node = _node(tree, folder, manifest, scripts, framework, manager, lock, top)
    version = _version(tree, folder, top)
    command, entry, node = node_start.start(tree, folder, manifest, scripts, framework, node, set(dev))
    port, where = facts.ports[0] if facts.ports else (3000, None)
    if framework == "nextjs":
        port, where = _said_port(scripts.get("start", "")), None
    static = None
    if site is not None:
        command, entry, node, static = _of_site(folder, site, command, entry, node)
        port, where = (8080 if static else site.port, None) if not facts.listens else (port, where)
    elif node.next_output == "export":
        static, command, port = Static(output="out"), [], 8080
    if node.runtime == "bun":
        version = versions.choose("bun", _bun_claims(tree, folder, manifest))
    file_routes = (
        nextjs.routes(tree, folder)
        if framework == "nextjs"
        else node_routes.routes(tree, folder, site.framework if site else "")
    )
    routes = [] if static else [*facts.routes, *file_routes]
    app = Application(
        name=_name(manifest, folder, tree),
        folder=folder,
        language="node",
        version=version,
        manager=manager,
        lockfile=lock,
        framework=site.framework if site else framework or ("http" if facts.listens else ""),
        entry=entry,
        command=command,
        port=port,
        port_source=where,
        health=health.best(routes),
        readiness=health.readiness(routes),
        metrics=health.metrics(routes),
        processes=procfile(tree, folder),
        choices=choices,
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=[]
        if static
        else services.from_dependencies("node", dependencies) + _prisma_service(tree, folder, node),
        commands=_commands(tree, folder, manager, scripts, framework),
        build_packages=sorted({"openssl"} if node.prisma else set()),
        run_packages=sorted({"openssl"} if node.prisma and not static else set()),
        migration=_migration(tree, folder, node, scripts),
        workspace=workspace,
        static=static,
        node=node,
    )
    app = app.model_copy(update=_verdict(app, manifest, scripts, facts.listens, tree, site))
    said = health.remarks(routes, facts.unplaced) if app.deployable else []
    if app.deployable and not static:
        said += services.in_a_file("node", dependencies, app.services)
    if app.deployable and not static and (place := facts.local(framework)):
        said.append(health.local(place))
    return app.model_copy(update={"remarks": [*app.remarks, *said]})


def folders(tree: Tree) -> Iterator[str]:
    """Folders with a package.json, and those that only Nx knows as applications."""
    yield from (folder_of(path) for path in tree.own(MANIFEST))
    yield from node_nx.applications(tree)


def _of_nx(tree: Tree, folder: str) -> Application:
    """An application whose dependencies and scripts are its Nx workspace's."""
    workspace = node_nx.workspace(tree, folder)
    top, own = workspace.root, tree.json(join(folder, MANIFEST))
    manifest = tree.json(join(top, MANIFEST))
    dependencies = _dependencies(tree, top, manifest, "dependencies") | _dependencies(tree, folder, own, "dependencies")
    stated = [table(each, key) for each in (manifest, own) for key in ("devDependencies", "dependencies")]
    built = node_nx.built(tree, folder, {name: str(text) for each in stated for name, text in each.items()})
    manager, lock, choices = _manager(tree, top)
    facts = javascript.read(tree, list(tree.below(folder, *javascript.SUFFIXES)))
    framework = built.framework or next((name for package, name in FRAMEWORKS.items() if package in dependencies), "")
    scripts = table(manifest, "scripts").items()
    hooks = {name: text for name, text in scripts if name in _LIFECYCLE and isinstance(text, str)}
    reason = built.reason
    if not reason and built.command and framework != "angular" and not facts.listens:
        reason = "a command: nothing in it listens on a port"
    routes = [] if built.static else facts.routes
    port, where = facts.ports[0] if facts.ports and not built.static else (8080 if built.static else built.port, None)
    return Application(
        name=slug(workspace.package), folder=folder, language="node", version=_version(tree, folder, top), manager=manager, lockfile=lock,
        framework=framework, entry=built.source, command=list(built.command), port=port, port_source=where,
        health=health.best(routes), readiness=health.readiness(routes), metrics=health.metrics(routes), choices=choices,
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=[] if built.static else services.from_dependencies("node", dependencies),
        commands=node_nx.commands(tree, folder), workspace=workspace, static=built.static, deployable=not reason, reason=reason,
        remarks=[] if reason or built.static else health.remarks(routes, facts.unplaced),
        node=_node(tree, folder, manifest, hooks, framework, manager, lock, top).model_copy(update={"next_output": ""}),
    )  # fmt: skip


def _said_port(text: str) -> int:
    found = re.search(r"(?:-p|--port)[ =](\d+)", text)
    return int(found[1]) if found else 3000


def _of_site(
    folder: str, site: Site, command: list[str], entry: Source | None, node: Node
) -> tuple[list[str], Source | None, Node, Static | None]:
    """The start command of what the framework's build leaves: files for a web server, or a server."""
    place = site.source or Source(path=join(folder, MANIFEST))
    if site.output:
        return (
            [],
            place,
            node.model_copy(update={"keep_dev": False}),
            Static(output=site.output, fallback=site.fallback),
        )
    if site.command and (
        not command or command[:2] in (["npm", "start"], ["npm", "run"]) or command[0] == "./node_modules/.bin/vite"
    ):
        return list(site.command), place, node.model_copy(update={"keep_dev": False}), None
    return command, entry or place, node, None


_MIGRATES = ("migrate", "db:migrate", "migrate:up", "migrate:deploy", "migrations:run", "migration:run")


def _migration(tree: Tree, folder: str, node: Node, scripts: dict[str, str]) -> Command | None:
    migrations = f"{node.prisma.rpartition('/')[0]}/migrations".strip("/") if node.prisma else ""
    if migrations and any(tree.all_below(join(folder, migrations))):
        run = f"./node_modules/.bin/prisma migrate deploy --schema {node.prisma}"
        return Command(run=run, source=Source(path=join(folder, migrations)), needs_dev=False)
    for name in _MIGRATES:  # a program of the repository's own, which the image has without anything for development
        found = re.fullmatch(r"node ((?:\./)?[\w./-]+\.[cm]?js)(?: [\w:-]+)*", scripts.get(name, "").strip())
        if found and join(folder, found[1].removeprefix("./")) in tree:
            return Command(run=found[0], source=Source(path=join(folder, MANIFEST)), needs_dev=False)
    return None


def _verdict(
    app: Application,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    listens: Source | None,
    tree: Tree,
    site: Site | None,
) -> dict[str, Any]:
    """Whether a container can be drafted, and what to remark."""
    node = app.node or Node()
    reason = _reason(app, manifest, scripts, listens, tree, site)
    remarks = []
    if app.lockfile is None:
        remarks.append(
            f"No lockfile in {app.context or 'the root'}: two builds can install different versions. Commit one."
        )
    if node.next_output == "default" and not app.static:
        remarks.append(
            "next.config has no `output: 'standalone'`: the image carries all of node_modules. "
            "Setting it makes the image several times smaller."
        )
    if node.before_start and not app.static:
        remarks.append(
            f"The start script first runs `{' && '.join(node.before_start)}`: that is a job of its own, once for a release, "
            "and no part of the image's start command."
        )
    for choice in app.choices:
        if choice.lost:
            lost = ", ".join(claim.text for claim in choice.lost)
            remarks.append(f"{choice.value} is used, by {choice.source}; not {lost}.")
    return {"deployable": not reason, "reason": reason, "remarks": remarks}


def _reason(
    app: Application,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    listens: Source | None,
    tree: Tree,
    site: Site | None,
) -> str:
    """Why it gets no container; empty where it gets one."""
    node = app.node or Node()
    if app.folder in node_nx.applications(tree).values():
        return "the root of an Nx workspace, not an application by itself"
    root = node_workspace.is_root(tree, app.folder)
    if root and not (app.framework and (listens or site)):
        return "the root of a workspace, not an application by itself"
    if "action.yml" in tree.named(app.folder, "action.yml", "action.yaml") and not app.folder:
        return "a GitHub Action: it runs on other repositories' runners"
    if site is not None and site.reason:
        return site.reason
    if app.static is not None and app.static.output.startswith("../"):
        return f"its build goes to `{app.static.output}`, out of its folder: another application serves it"
    if app.static is not None:
        if not node.build and app.framework != "angular":
            return (
                "a library: nothing builds a site of it"
                if manifest.get("exports") or manifest.get("module")
                else "no build script makes its site"
            )
        return ""
    published = (
        (manifest.get("bin") or manifest.get("exports")) and not manifest.get("private") and "start" not in scripts
    )
    if app.framework and published and app.framework != "nextjs":
        return "a library: it is published as a package and starts nothing"
    if site is not None:
        return "" if app.command else "no command that starts its server in production was found"
    if not app.framework and not listens and manifest.get("bin"):
        return "a command-line tool: package.json gives it commands, and nothing in it listens on a port"
    if not app.framework and not listens:
        return "a command or a library: nothing in it listens on a port"
    if app.framework and not listens and "start" not in scripts and app.framework != "nextjs":
        return "a library: it depends on a server framework but starts no server"
    if not app.command:
        return "no command that starts it in production was found: package.json has none, or one that starts a development server"
    return ""


def _name(manifest: dict[str, Any], folder: str, tree: Tree) -> str:
    given = str(manifest.get("name") or "").rpartition("/")[2]
    return slug(given) or slug(PurePosixPath(folder).name) or slug(tree.root.name) or "app"


def _dependencies(tree: Tree, folder: str, manifest: dict[str, Any], kind: str) -> dict[str, Source]:
    path = join(folder, MANIFEST)
    return {name: Source(path=path, line=tree.line(path, f'"{name}"')) for name in table(manifest, kind)}


def _manager(tree: Tree, top: str) -> tuple[str, str | None, list[Choice]]:
    """Package manager and lockfile, and what they won against."""
    path = join(top, MANIFEST)
    manifest, locks = tree.json(path), tree.named(top, *LOCKFILES)
    stated = str(manifest.get("packageManager") or "").partition("@")[0]
    engines = [name for name in ("pnpm", "yarn", "bun") if name in table(manifest, "engines")]
    claims = (
        [Claim(text=stated, source=Source(path=path, line=tree.line(path, '"packageManager"')))]
        if stated in _MANAGERS
        else []
    )
    claims += [Claim(text=LOCKFILES[name], source=Source(path=join(top, name))) for name in locks]
    claims += [Claim(text=name, source=Source(path=path, line=tree.line(path, f'"{name}"'))) for name in engines]
    if not claims:
        return "npm", None, []
    won = claims[0].text
    lost = [claim for claim in claims if claim.text != won]
    lock = next((name for name in locks if LOCKFILES[name] == won), None)
    return won, lock, [Choice(fact="package manager", value=won, source=claims[0].source, lost=lost)]


def _version(tree: Tree, folder: str, top: str) -> Version:
    claims = versions.in_files(tree, folder, _VERSION_FILES, "node")
    for place in dict.fromkeys((folder, top)):
        path = join(place, MANIFEST)
        claims += [
            Claim(text=value, source=Source(path=path, line=tree.line(path, '"node"')))
            for key in ("volta", "engines")
            if isinstance(value := table(tree.json(path), key).get("node"), str)
        ]
    return versions.choose("node", claims)


def _bun_claims(tree: Tree, folder: str, manifest: dict[str, Any]) -> list[Claim]:
    path = join(folder, MANIFEST)
    claims = versions.in_files(tree, folder, {".tool-versions": r"^bun\s+(\S+)", ".bun-version": r"^v?(\d\S*)"}, "bun")
    values = [str(manifest.get("packageManager") or "").partition("bun@")[2], table(manifest, "engines").get("bun")]
    return claims + [
        Claim(text=value, source=Source(path=path, line=tree.line(path, value)))
        for value in values
        if isinstance(value, str) and value
    ]


def _node(
    tree: Tree,
    folder: str,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    framework: str,
    manager: str,
    lock: str | None,
    top: str,
) -> Node:
    from boringops_tools.blueprints import pins  # the blueprints stand on this package, so not above

    said = str(tree.json(join(top, MANIFEST)).get("packageManager") or "")
    stated = said.partition("@")[2].partition("+")[0]
    if manager == "pnpm" and not stated:
        found = re.search(r"lockfileVersion:\s*'?(\d+)", tree.text(join(top, lock or "")))
        stated_version = pins.pnpm(found[1] if found else "9")
    else:
        stated_version = stated
    extra = tree.named(top, ".npmrc", "bunfig.toml", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs")
    folders = [name for name in ("patches", ".yarn/releases", ".yarn/patches") if any(tree.all_below(join(top, name)))]
    prisma = next(
        (
            name
            for name in ("prisma/schema.prisma", "schema.prisma", "src/prisma/schema.prisma")
            if join(folder, name) in tree
        ),
        "",
    )
    hooks = " ".join(scripts.get(name, "") for name in _LIFECYCLE)
    output = nextjs.setting(tree, folder, "output") if framework == "nextjs" else ""
    mode = (output if output in {"standalone", "export"} else "default") if framework == "nextjs" else ""
    return Node(
        manifests=[MANIFEST, *([lock] if lock else []), *extra, *folders],
        module=manifest.get("type") == "module",
        manager_version=stated_version,
        manager_stated=bool(stated),
        # husky and its like only set up git; every other hook may read files of the repository.
        install_needs_source=bool(_GIT_HOOKS.sub("", hooks)) or bool(prisma),
        git_hooks=bool(hooks.strip()) and not _GIT_HOOKS.sub("", hooks),
        build=next((name for name in ("build:prod", "build") if name in scripts), ""),
        runtime="bun" if manager == "bun" and "next" not in table(manifest, "dependencies") else "node",
        next_output=mode,  # type: ignore[arg-type]
        public=any(tree.all_below(join(folder, "public"))),
        unchecked=_unchecked(tree, folder, manifest),
        prisma=prisma,
        prisma_in_build="prisma generate" in scripts.get("build", "") + hooks + scripts.get("prebuild", ""),
    )


def _unchecked(tree: Tree, folder: str, manifest: dict[str, Any]) -> str:
    """What @t3-oss/env's `skipValidation: !!process.env.X` asks: while an image is built, no secrets are there to check."""
    if not {"@t3-oss/env-nextjs", "@t3-oss/env-core", "@t3-oss/env-nuxt"} & table(manifest, "dependencies").keys():
        return ""
    for path in tree.below(folder, "env.ts", "env.js", "env.mjs"):
        if found := re.search(r"skipValidation:\s*!!process\.env\.(\w+)", tree.text(path)):
            return found[1]
    return ""


def _prisma_service(tree: Tree, folder: str, node: Node) -> list[Any]:
    text = tree.text(join(folder, node.prisma)) if node.prisma else ""
    found = re.search(r'provider\s*=\s*"(postgresql|mysql|mongodb)"', text)
    if not found:
        return []
    client = {"postgresql": "pg", "mysql": "mysql2", "mongodb": "mongodb"}[found[1]]
    place = Source(path=join(folder, node.prisma), line=text[: found.start()].count("\n") + 1)
    return [
        service.model_copy(update={"dependency": "prisma"})
        for service in services.from_dependencies("node", {client: place})
    ]


def _commands(tree: Tree, folder: str, manager: str, scripts: dict[str, str], framework: str) -> Commands:
    path = join(folder, MANIFEST)

    def run(name: str) -> Command:
        return Command(
            run=f"{manager} run {name}" if name != "test" or manager != "npm" else "npm test",
            source=Source(path=path, line=tree.line(path, f'"{name}"')),
        )

    lint = [
        name
        for name in ("lint", "typecheck", "type-check", "check-types", "format:check")
        if name in scripts and not _NO_TESTS.search(scripts[name])
    ]
    if (
        framework == "nextjs"
        and scripts.get("lint", "").strip() == "next lint"
        and not any(".eslintrc" in name or "eslint.config" in name for name in tree.files if "eslint" in name)
    ):
        lint.remove("lint")  # without a configuration `next lint` stops to ask
    watching = re.search(r"--watch(?!All=false|=false)\b", scripts.get("test", ""))
    test = (
        ["test:ci"]
        if "test:ci" in scripts
        else ["test"]
        if "test" in scripts and not watching and not _NO_TESTS.search(scripts["test"])
        else []
    )
    return Commands(
        lint=[run(name) for name in lint],
        test=[run(name) for name in test],
        build=[run(name) for name in ("build:prod", "build") if name in scripts][:1],
    )
