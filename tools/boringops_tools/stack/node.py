"""Node.js applications: npm, pnpm and Yarn; Express, Fastify, Next.js and plain http."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.stack import environment, health, javascript, nextjs, services, versions
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Node, Source, Version
from boringops_tools.stack.tree import Tree, folder_of, join, table, words

MANIFEST = "package.json"
LOCKFILES = {
    "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm",
    "bun.lock": "bun", "bun.lockb": "bun",
}  # fmt: skip
FRAMEWORKS = {
    "next": "nextjs", "@nestjs/core": "nestjs", "fastify": "fastify", "express": "express", "koa": "koa", "hono": "hono",
    "@hapi/hapi": "hapi", "restify": "restify",
}  # fmt: skip
_OTHER_BUILDS = (
    "vite",
    "react-scripts",
    "@angular/core",
    "astro",
    "nuxt",
    "@sveltejs/kit",
    "@remix-run/node",
    "gatsby",
    "react-native",
    "electron",
    "expo",
)
_DEVELOPMENT_SERVERS = {"nx", "ng", "vite", "webpack", "webpack-dev-server", "concurrently", "turbo", "gulp", "grunt"}
_VERSION_FILES = {".tool-versions": r"^nodejs\s+(\S+)", ".nvmrc": r"^(\S+)", ".node-version": r"^(\S+)"}
_LIFECYCLE = ("preinstall", "install", "postinstall", "prepare", "prepublish")
_RUNNERS = {"nodemon": "node", "node-dev": "node", "ts-node-dev": "ts-node", "tsnd": "ts-node"}
_GIT_HOOKS = re.compile(r"\b(husky( install)?|is-ci|simple-git-hooks|lefthook install|true)\b|[|&\s]")
_NO_TESTS = re.compile(r"no test specified|^exit\b|^echo\b")
_ENTRIES = (
    "server.js",
    "index.js",
    "app.js",
    "main.js",
    "src/index.js",
    "src/server.js",
    "src/app.js",
    "src/main.js",
    "server.mjs",
    "index.mjs",
)


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose package.json is in `folder`; `nested` are folders of other applications below it."""
    manifest = tree.json(join(folder, MANIFEST))
    scripts = {name: text for name, text in table(manifest, "scripts").items() if isinstance(text, str)}
    dependencies, dev = (
        _dependencies(tree, folder, manifest, "dependencies"),
        _dependencies(tree, folder, manifest, "devDependencies"),
    )
    framework = next((name for package, name in FRAMEWORKS.items() if package in dependencies), "")
    locks = tree.named(folder, *LOCKFILES)
    manager, lock = _manager(manifest, locks)
    sources = list(tree.below(folder, *javascript.SUFFIXES, skip=nested))
    facts = javascript.read(tree, sources)
    node, version = _node(tree, folder, manifest, scripts, framework, manager, lock), _version(tree, folder, manifest)
    command, entry, node = _start(tree, folder, manifest, scripts, framework, node, set(dev))
    routes = [*facts.routes, *(nextjs.routes(tree, folder) if framework == "nextjs" else [])]
    port, where = facts.ports[0] if facts.ports else (3000, None)
    if framework == "nextjs":
        port, where = next(
            (
                (int(found[1]), None)
                for found in [re.search(r"(?:-p|--port)[ =](\d+)", scripts.get("start", ""))]
                if found
            ),
            (3000, None),
        )
    app = Application(
        name=_name(manifest, folder, tree),
        folder=folder,
        language="node",
        version=version,
        manager=manager,
        lockfile=lock,
        framework=framework or ("http" if facts.listens else ""),
        entry=entry,
        command=command,
        port=port,
        port_source=where,
        health=health.best(routes),
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=services.from_dependencies("node", dependencies) + _prisma_service(tree, folder, node),
        commands=_commands(tree, folder, manager, scripts, framework),
        build_packages=["openssl"] if node.prisma else [],
        run_packages=["openssl"] if node.prisma else [],
        node=node,
    )
    app = app.model_copy(update=_verdict(app, manifest, scripts, dependencies, facts.listens, tree))
    said = health.remarks(routes, facts.unplaced) if app.deployable else []
    return app.model_copy(update={"remarks": [*app.remarks, *said]})


def _verdict(
    app: Application,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    dependencies: dict[str, Source],
    listens: Source | None,
    tree: Tree,
) -> dict[str, Any]:
    """Whether a container can be drafted, and what to remark."""
    node = app.node or Node()
    remarks = []
    if app.lockfile is None and app.manager != "bun":
        remarks.append(
            f"No lockfile in {app.folder or 'the root'}: two builds can install different versions. Commit one."
        )
    if node.next_output == "default":
        remarks.append(
            "next.config has no `output: 'standalone'`: the image carries all of node_modules. "
            "Setting it makes the image several times smaller."
        )
    if node.before_start:
        remarks.append(
            f"The start script first runs `{' && '.join(node.before_start)}`: that is a job of its own, once for a release, "
            "and no part of the image's start command."
        )
    if len(found := tree.named(app.folder, *LOCKFILES)) > 1:
        remarks.append(f"Several lockfiles ({', '.join(found)}): {app.lockfile} is used.")
    other = next((name for name in _OTHER_BUILDS if name in {**dependencies, **table(manifest, "devDependencies")}), "")
    reason = ""
    if app.manager == "bun":
        reason = "Bun has no blueprint yet"
    elif node.next_output == "export":
        reason = (
            "Next.js is set to a static export: its `out` folder belongs on a static host, there is no server to run"
        )
    elif manifest.get("workspaces") or (tree.named(app.folder, "pnpm-workspace.yaml") and not app.framework):
        reason = "the root of a workspace, not an application by itself"
    elif not app.framework and other:
        reason = f"built by {other}, which has no blueprint yet"
    elif not app.framework and not listens:
        reason = "a command or a library: nothing in it listens on a port"
    elif app.framework and not listens and "start" not in scripts and app.framework != "nextjs":
        reason = "a library: it depends on a server framework but starts no server"
    elif not app.command:
        reason = "no command that starts it in production was found: package.json has none, or one that starts a development server"
    return {"deployable": not reason, "reason": reason, "remarks": remarks}


def _name(manifest: dict[str, Any], folder: str, tree: Tree) -> str:
    given = str(manifest.get("name") or "").rpartition("/")[2]
    return slug(given) or slug(PurePosixPath(folder).name) or slug(tree.root.name) or "app"


def slug(text: str) -> str:
    """A name that images, Compose services and jobs accept."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


def _dependencies(tree: Tree, folder: str, manifest: dict[str, Any], kind: str) -> dict[str, Source]:
    path = join(folder, MANIFEST)
    return {name: Source(path=path, line=tree.line(path, f'"{name}"')) for name in table(manifest, kind)}


def _manager(manifest: dict[str, Any], locks: list[str]) -> tuple[str, str | None]:
    stated = str(manifest.get("packageManager") or "").partition("@")[0]
    if stated in {"npm", "pnpm", "yarn", "bun"}:
        return stated, next((name for name in locks if LOCKFILES[name] == stated), None)
    return (LOCKFILES[locks[0]], locks[0]) if locks else ("npm", None)


def _version(tree: Tree, folder: str, manifest: dict[str, Any]) -> Version:
    claims = versions.in_files(tree, folder, _VERSION_FILES)
    path = join(folder, MANIFEST)
    claims += [
        Claim(text=value, source=Source(path=path, line=tree.line(path, '"node"')))
        for key in ("volta", "engines")
        if isinstance(value := table(manifest, key).get("node"), str)
    ]
    return versions.choose("node", claims)


def _node(
    tree: Tree,
    folder: str,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    framework: str,
    manager: str,
    lock: str | None,
) -> Node:
    from boringops_tools.blueprints import pins  # the blueprints stand on this package, so not above

    stated = str(manifest.get("packageManager") or "").partition("@")[2].partition("+")[0]
    if manager == "pnpm" and not stated:
        found = re.search(r"lockfileVersion:\s*'?(\d+)", tree.text(join(folder, lock or "")))
        stated_version = pins.pnpm(found[1] if found else "9")
    else:
        stated_version = stated
    extra = tree.named(folder, ".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs")
    folders = [
        name
        for name in ("patches", ".yarn/releases", ".yarn/patches")
        if any(path.startswith(join(folder, name) + "/") for path in tree.files)
    ]
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
        build="build" if "build" in scripts else "",
        next_output=mode,  # type: ignore[arg-type]
        public=any(path.startswith(join(folder, "public/")) for path in tree.files),
        prisma=prisma,
        prisma_in_build="prisma generate" in scripts.get("build", "") + hooks + scripts.get("prebuild", ""),
    )


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


def _start(
    tree: Tree,
    folder: str,
    manifest: dict[str, Any],
    scripts: dict[str, str],
    framework: str,
    node: Node,
    dev: set[str],
) -> tuple[list[str], Source | None, Node]:
    """The start command in exec form, without npm in between: npm does not hand signals on."""
    path = join(folder, MANIFEST)
    if framework == "nextjs" and (
        "next start" in scripts.get("start", "next start") or node.next_output == "standalone"
    ):
        command = (
            ["node", "server.js"]
            if node.next_output == "standalone"
            else ["node", "node_modules/next/dist/bin/next", "start"]
        )
        return command, Source(path=path, line=tree.line(path, '"start"')), node
    name = next((name for name in ("start:prod", "start") if name in scripts), "")
    text = scripts.get(name, "")
    if not text:
        entry = next(
            (file for file in (str(manifest.get("main") or ""), *_ENTRIES) if file and join(folder, file) in tree), ""
        )
        return (["node", entry] if entry else []), Source(path=join(folder, entry)) if entry else None, node
    source = Source(path=path, line=tree.line(path, f'"{name}"'))
    *before, text = [part.strip() for part in text.split("&&")]
    before = [part for part in before if not re.fullmatch(r"(npm|pnpm|yarn) (run )?build", part)]
    node = node.model_copy(update={"before_start": before})
    argv = _plain_argv(text)
    if argv is None:
        return (
            ["npm", "run", name] if name != "start" else ["npm", "start"],
            source,
            node.model_copy(update={"keep_dev": True}),
        )
    program = _RUNNERS.get(argv[0], argv[0])
    if program in _DEVELOPMENT_SERVERS:
        return [], source, node
    built = _built(tree, folder, argv[1:], node) if program in {"ts-node", "tsx"} else ""
    if built:
        return ["node", built], source, node
    if program == "node":
        return ["node", *[_with_suffix(tree, folder, word) for word in argv[1:]]], source, node
    if program in {"npm", "pnpm", "yarn"}:
        return argv, source, node.model_copy(update={"keep_dev": True})
    return (
        [f"./node_modules/.bin/{program}", *argv[1:]],
        source,
        node.model_copy(update={"keep_dev": program in dev or argv[0] in dev}),
    )


def _with_suffix(tree: Tree, folder: str, word: str) -> str:
    """`node server` and `node ./bin/www` as the file they mean."""
    clean = word.removeprefix("./")
    return f"{clean}.js" if join(folder, f"{clean}.js") in tree else clean if join(folder, clean) in tree else word


def _plain_argv(text: str) -> list[str] | None:
    """The words of a command without shell features, environment assignments dropped; None where it has some."""
    if re.search(r"[|&;<>$`()]", text):
        return None
    try:
        argv = shlex.split(text)
    except ValueError:
        return None
    while argv and (argv[0] in {"cross-env", "npx", "dotenv", "--"} or re.fullmatch(r"[A-Za-z_]\w*=.*", argv[0])):
        argv = argv[1:]
    return argv or None


def _built(tree: Tree, folder: str, argv: list[str], node: Node) -> str:
    """The JavaScript file that the build makes out of a TypeScript entry."""
    entry = next((word.removeprefix("./") for word in argv if re.search(r"\.[cm]?ts$", word)), "")
    options = table(tree.json(join(folder, "tsconfig.json")), "compilerOptions")
    out = options.get("outDir")
    if not entry or not node.build or not isinstance(out, str):
        return ""
    out = out.removeprefix("./").strip("/")
    rooted = str(options.get("rootDir") or "").removeprefix("./").strip("/")
    inner = entry.removeprefix(f"{rooted}/") if rooted and rooted != "." else entry
    if (
        not rooted
        and entry.startswith("src/")
        and not any("/" not in path.removeprefix(f"{folder}/" if folder else "") for path in tree.below(folder, ".ts"))
    ):
        inner = entry.removeprefix("src/")
    return f"{out}/{re.sub(r'ts$', 'js', inner)}"


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
        and not any(".eslintrc" in name or "eslint.config" in name for name in tree.files)
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
        build=[run("build")] if "build" in scripts else [],
    )


def members(tree: Tree) -> set[str]:
    """Folders whose dependencies are locked by a workspace above them."""
    roots = [folder_of(path) for path in tree.files if PurePosixPath(path).name == "pnpm-workspace.yaml"]
    roots += [
        folder_of(path)
        for path in tree.files
        if PurePosixPath(path).name == MANIFEST and _is_workspace(tree.json(path))
    ]
    manifests = [folder_of(path) for path in tree.below("", MANIFEST)]
    return {
        folder
        for folder in manifests
        for root in roots
        if folder != root and (not root or folder.startswith(f"{root}/")) and not tree.named(folder, *LOCKFILES)
    }


def _is_workspace(manifest: dict[str, Any]) -> bool:
    value = manifest.get("workspaces")
    return bool(words(value) or words(table(manifest, "workspaces").get("packages")))
