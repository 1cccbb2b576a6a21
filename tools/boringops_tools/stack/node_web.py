"""Frameworks that build a site: what their build leaves, files for a web server or a server of its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boringops_tools.stack.facts import Source
from boringops_tools.stack.grammar import literal, source, within
from boringops_tools.stack.js_program import Program, option
from boringops_tools.stack.tree import Tree, join, table


@dataclass(frozen=True)
class Site:
    """What a framework's build comes to."""

    framework: str
    source: Source | None = None
    """The line that decides between a server and plain files, where there is one."""
    output: str = ""
    """Folder of plain files; empty where the build leaves a server."""
    fallback: str = ""
    command: tuple[str, ...] = ()
    port: int = 3000
    reason: str = ""
    """Why neither can be built."""


Asked = tuple[Tree, str, Mapping[str, str], Mapping[str, str]]
"""(tree, folder, dependencies to their versions, scripts)"""


def site(tree: Tree, folder: str, dependencies: Mapping[str, str], scripts: Mapping[str, str]) -> Site | None:
    """What the framework among `dependencies` builds here; None where none of them builds a site."""
    for package, read in _FRAMEWORKS:
        if package in dependencies and (found := read((tree, folder, dependencies, scripts))) is not None:
            return found
    return None


def _config(tree: Tree, folder: str, name: str, key: str) -> tuple[str | None, Source | None, str]:
    """The literal under `key` anywhere in a configuration file, where it stands, and the whole text."""
    for suffix in ("ts", "js", "mjs", "mts", "cjs"):
        path = join(folder, f"{name}.{suffix}")
        if path in tree:
            program = Program(tree, [path])
            module = program.module(path)
            for node in module.nodes:
                if node.type == "object" and (value := option(node, key)) is not None:
                    found = program.text(module, value)
                    text = found if found is not None else source(value)
                    return text, Source(path=path, line=value.start_point.row + 1), tree.text(path)
            return None, Source(path=path), tree.text(path)
    return None, None, ""


def _imports(tree: Tree, folder: str, name: str) -> dict[str, Source]:
    """Packages that a configuration file imports."""
    found = {}
    for suffix in ("ts", "js", "mjs", "mts", "cjs"):
        path = join(folder, f"{name}.{suffix}")
        if path in tree:
            module = Program(tree, [path]).module(path)
            for node in within(module.root):
                if node.type == "import_statement" and (package := literal(node.child_by_field_name("source"))):
                    found[package] = Source(path=path, line=node.start_point.row + 1)
    return found


def _nuxt(asked: Asked) -> Site:
    tree, folder, _, scripts = asked
    place = next(
        (Source(path=join(folder, name)) for name in tree.named(folder, "nuxt.config.ts", "nuxt.config.js")), None
    )
    if "nuxt generate" in scripts.get("build", "") or "nuxi generate" in scripts.get("build", ""):
        return Site("nuxt", place, output=".output/public", fallback="200.html")
    return Site("nuxt", place, command=("node", ".output/server/index.mjs"))


def _sveltekit(asked: Asked) -> Site:
    tree, folder, _dependencies, _ = asked
    imports = _imports(tree, folder, "svelte.config") | _imports(tree, folder, "vite.config")
    if place := imports.get("@sveltejs/adapter-static"):
        fallback, _, _ = _config(tree, folder, "svelte.config", "fallback")
        pages, _, _ = _config(tree, folder, "svelte.config", "pages")
        return Site("sveltekit", place, output=pages or "build", fallback=fallback or "")
    if place := imports.get("@sveltejs/adapter-node"):
        out, _, _ = _config(tree, folder, "svelte.config", "out")
        return Site("sveltekit", place, command=("node", out or "build"))
    other = next((name for name in imports if "adapter" in name), "no adapter")
    return Site(
        "sveltekit",
        imports.get(other),
        reason=f"SvelteKit is set to {other}: @sveltejs/adapter-node builds a server that a container can run",
    )


def _astro(asked: Asked) -> Site:
    tree, folder, _dependencies, _ = asked
    output, place, _ = _config(tree, folder, "astro.config", "output")
    imports = _imports(tree, folder, "astro.config")
    if node := imports.get("@astrojs/node"):
        mode, _, _ = _config(tree, folder, "astro.config", "mode")
        if mode == "middleware":
            return Site(
                "astro", node, reason="Astro's Node adapter is set to middleware: the server it belongs to is not known"
            )
        return Site("astro", node, command=("node", "./dist/server/entry.mjs"), port=4321)
    adapter = next(
        (
            name
            for name in imports
            if name.startswith("@astrojs/") and name.rpartition("/")[2] in {"vercel", "netlify", "cloudflare"}
        ),
        "",
    )
    if adapter or output in {"server", "hybrid"}:
        return Site(
            "astro",
            imports.get(adapter, place),
            reason=f"Astro renders on a server by {adapter or 'no adapter'}: @astrojs/node builds one that a container can run",
        )
    out, _, _ = _config(tree, folder, "astro.config", "outDir")
    return Site("astro", place, output=(out or "dist").removeprefix("./").strip("/"))


def _react_router(asked: Asked) -> Site:
    tree, folder, dependencies, _scripts = asked
    ssr, place, _ = _config(tree, folder, "react-router.config", "ssr")
    if ssr == "false":
        return Site("react-router", place, output="build/client", fallback="index.html")
    if "@react-router/serve" in dependencies:
        return Site(
            "react-router", place, command=("./node_modules/.bin/react-router-serve", "./build/server/index.js")
        )
    return Site("react-router", place)


def _remix(asked: Asked) -> Site:
    tree, folder, dependencies, _ = asked
    ssr, place, _ = _config(tree, folder, "vite.config", "ssr")
    if ssr == "false":
        return Site("remix", place, output="build/client", fallback="index.html")
    vite = any(join(folder, f"vite.config.{suffix}") in tree for suffix in ("ts", "js", "mjs", "mts"))
    if "@remix-run/serve" in dependencies:
        entry = "./build/server/index.js" if vite else "./build/index.js"
        return Site("remix", place, command=("./node_modules/.bin/remix-serve", entry))
    return Site("remix", place)


def _angular(asked: Asked) -> Site:
    tree, folder, _, _ = asked
    path = join(folder, "angular.json")
    projects = table(tree.json(path), "projects")
    default = tree.json(path).get("defaultProject")
    applications = {
        name: value
        for name, value in projects.items()
        if table(value).get("projectType", "application") == "application"
    }
    name = default if default in applications else next(iter(applications), "")
    build = table(applications.get(name), "architect", "build") or table(applications.get(name), "targets", "build")
    options, builder = table(build, "options"), str(build.get("builder") or "")
    given = options.get("outputPath")
    base = given if isinstance(given, str) else str(table(given).get("base") or f"dist/{name}")
    modern = builder.endswith((":application", ":browser-esbuild"))
    place = Source(path=path, line=tree.line(path, "outputPath") or tree.line(path, '"builder"'))
    if not build:
        return Site("angular", place, reason="angular.json has no application with a build")
    if options.get("outputMode") == "server" or options.get("ssr"):
        return Site("angular", place, command=("node", f"{base}/server/server.mjs"), port=4000)
    browser = table(given).get("browser", "browser") if modern else ""
    return Site("angular", place, output=f"{base}/{browser}".strip("/"), fallback="index.html")


_PATH = re.compile(
    r"(?:path\.)?(?:resolve|join)\(\s*(?:__dirname|import\.meta\.dirname|process\.cwd\(\))\s*,\s*['\"]([^'\"]+)['\"]\s*\)"
)


def _folder(said: str | None, usual: str) -> tuple[str, bool]:
    """A folder out of a configuration, relative to it: as a literal, or joined to where the configuration is."""
    joined = _PATH.fullmatch(said or "")
    text = joined[1] if joined else said or usual
    return posixpath.normpath(text.strip("/")), not re.fullmatch(r"[\w./@-]+", text)


def _vite(asked: Asked) -> Site:
    tree, folder, dependencies, _scripts = asked
    out, place, text = _config(tree, folder, "vite.config", "outDir")
    root, _, _ = _config(tree, folder, "vite.config", "root")
    kind, _, _ = _config(tree, folder, "vite.config", "appType")
    framework = next(
        (
            name
            for name in ("react", "vue", "svelte", "preact", "solid-js", "lit", "@builder.io/qwik")
            if name in dependencies
        ),
        "vite",
    )
    if re.search(r"\blib\s*:\s*\{", text):
        return Site("vite", place, reason="a library: Vite is set to build one (`build.lib`)")
    pages = list(tree.below(folder, ".html"))
    single = kind != "mpa" and not (len(pages) > 1 and "rollupOptions" in text and "input" in text)
    output, uncertain = _folder(out, "dist")
    if uncertain:
        return Site("vite", place, reason=f"which folder its build goes to is not certain: `{out}`")
    if root and not root.startswith((".", "/")) and not out:
        output = f"{root.strip('/')}/{output}"
    return Site(
        f"vite-{framework}".removesuffix("-vite").replace("@builder.io/", ""),
        place,
        output=output,
        fallback="index.html" if single else "",
    )


def _nitro(asked: Asked) -> Site | None:
    """Nitro by itself: a server without pages."""
    if not re.search(r"\bnitro(pack)? build\b", " ".join(asked[3].values())):
        return None
    return Site("nitro", command=("node", ".output/server/index.mjs"))


def _rsbuild(asked: Asked) -> Site:
    tree, folder, dependencies, _ = asked
    out, place, _ = _config(tree, folder, "rsbuild.config", "distPath")
    stated = re.search(r"root:\s*(['\"][^'\"]+['\"]|[\w.]+\([^)]*\))", out) if out and out.startswith("{") else None
    output, uncertain = _folder(stated[1].strip("'\"") if stated else None, "dist")
    name = next((name for name in ("react", "vue", "svelte", "preact") if name in dependencies), "")
    framework = f"rsbuild-{name}" if name else "rsbuild"
    if uncertain and stated:
        return Site(framework, place, reason=f"which folder its build goes to is not certain: `{stated[1]}`")
    return Site(framework, place, output=output, fallback="index.html")


def _files(framework: str, output: str, fallback: str = "") -> Callable[[Asked], Site]:
    return lambda _: Site(framework, output=output, fallback=fallback)


def _documentation(framework: str) -> Callable[[Asked], Site]:
    return lambda _: Site(
        framework, reason=f"documentation ({framework}): its pages belong on a static host, there is no server to run"
    )


def _expo(asked: Asked) -> Site:
    scripts = asked[3]
    if "expo export" in scripts.get("build", ""):
        return Site("expo", output="dist", fallback="index.html")
    return Site("expo", reason="a mobile application: it is built for app stores, not for a container")


def _tanstack(asked: Asked) -> Site:
    _tree, _folder, dependencies, scripts = asked
    if "nitro" in dependencies or ".output" in scripts.get("start", "") or "vinxi" in dependencies:
        return Site("tanstack-start", command=("node", ".output/server/index.mjs"))
    return Site("tanstack-start")


_FRAMEWORKS: tuple[tuple[str, Callable[[Asked], Site | None]], ...] = (
    ("@docusaurus/core", _documentation("Docusaurus")),
    ("vitepress", _documentation("VitePress")),
    ("nuxt", _nuxt),
    ("@sveltejs/kit", _sveltekit),
    ("astro", _astro),
    ("@react-router/dev", _react_router),
    ("@remix-run/dev", _remix),
    ("@remix-run/react", _remix),
    ("@tanstack/react-start", _tanstack),
    ("@tanstack/start", _tanstack),
    ("nitropack", _nitro),
    ("nitro", _nitro),
    ("@angular/core", _angular),
    ("gatsby", _files("gatsby", "public")),
    ("electron", lambda _: Site("electron", reason="a desktop application: it is packaged for people's machines")),
    ("expo", _expo),
    ("react-native", lambda _: Site("react-native", reason="a mobile application: it is built for app stores")),
    ("react-scripts", _files("create-react-app", "build", "index.html")),
    ("@vue/cli-service", _files("vue-cli", "dist", "index.html")),
    ("@rsbuild/core", _rsbuild),
    ("parcel", _files("parcel", "dist", "")),
    ("@11ty/eleventy", _files("eleventy", "_site")),
    ("vite", _vite),
)
"""Package to what it builds, the more telling ones first: most of them bring Vite along."""
