"""Go applications built with modules."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from boringops_tools.stack import environment, go_source, health, make, services, versions
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Go, Source
from boringops_tools.stack.found import slug
from boringops_tools.stack.tree import Tree, join

MANIFEST = "go.mod"
_REQUIRE = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[a-z]+/[\w./~-]+)\s+v[\w.+-]+(?!.*// indirect)", re.MULTILINE)
_FRAMEWORKS = {
    "github.com/gin-gonic/gin": "gin", "github.com/labstack/echo": "echo", "github.com/gofiber/fiber": "fiber",
    "github.com/go-chi/chi": "chi", "github.com/gorilla/mux": "gorilla",
}  # fmt: skip
_CGO = ("github.com/mattn/go-sqlite3", "github.com/confluentinc/confluent-kafka-go", "gorm.io/driver/sqlite")
_ASSETS = ("templates", "static", "public", "web", "assets", "views", "migrations", "config", "configs")
_PREFERRED = ("server", "api", "app", "web", "service", "main")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The module whose go.mod is in `folder`."""
    path = join(folder, MANIFEST)
    text = tree.text(path)
    module = next(iter(re.findall(r"^module\s+(\S+)", text, re.MULTILINE)), "")
    required = {
        _unversioned(found[1]): Source(path=path, line=text[: found.start(1)].count("\n") + 1)
        for found in _REQUIRE.finditer(text)
    }
    facts = go_source.read(tree, folder, module, tree.below(folder, ".go", skip=nested))
    mains = sorted((_inside(main, folder) for main in facts.mains), key=lambda main: _preference(main, module))
    package = mains[0] if mains else ""
    cgo = facts.cgo or next((required[name] for name in _CGO if name in required), None)
    embedded = {
        name
        for file in tree.below(folder, ".go")
        for name in re.findall(r"//go:embed\s+(?:all:)?([\w-]+)", tree.text(file))
    }
    assets = [
        name
        for name in _ASSETS
        if name not in embedded
        and any(re.match(rf"^(\./|file://)?{name}(/|$)", string) for string in facts.strings)
        and any(not file.endswith(".go") for file in tree.all_below(join(folder, name)))
    ]
    reason = ""
    if not mains:
        reason = "a library: it has no main package"
    elif not facts.listens:
        reason = "a command: nothing in it listens on a port"
    port, where = facts.ports[0] if facts.ports else (8080, None)
    remarks = (
        [
            f"Several main packages: {package or '.'} is built; also there: {', '.join(main or '.' for main in mains[1:])}."
        ]
        if len(mains) > 1
        else []
    )
    if not reason:
        remarks += health.remarks(facts.routes, facts.unplaced)
        remarks += services.in_a_file("go", required, services.from_dependencies("go", required))
    sums = join(folder, "go.sum") in tree
    if not sums and required:
        remarks.append("No go.sum: run `go mod tidy` and commit it, the build verifies modules by it.")
    if not reason and cgo:
        remarks.append(f"cgo is needed ({cgo}): the binary links against glibc and is built on its own platform.")
    return Application(
        name=slug(PurePosixPath(package).name)
        if package.startswith("cmd/") and len(mains) == 1 and not module
        else slug(PurePosixPath(re.sub(r"/v\d+$", "", module)).name) or slug(tree.root.name) or "app",
        folder=folder,
        language="go",
        version=versions.choose(
            "go",
            [*versions.in_files(tree, folder, {".tool-versions": r"^go(?:lang)?\s+(\S+)"}, "go"), *_claims(path, text)],
        ),
        manager="go",
        lockfile="go.sum" if sums else None,
        framework=next(
            (name for package_, name in _FRAMEWORKS.items() if package_ in required),
            "net/http" if facts.listens else "",
        ),
        entry=facts.mains.get(join(folder, package).rstrip("/")) if mains else None,
        command=["/app/server"],
        port=port,
        port_source=where,
        health=health.best(facts.routes),
        readiness=health.readiness(facts.routes),
        metrics=health.metrics(facts.routes),
        env=environment.merged([*facts.env, *environment.documented(tree, folder)]),
        services=services.from_dependencies("go", required),
        commands=_commands(tree, folder),
        deployable=not reason,
        reason=reason,
        remarks=remarks,
        go=Go(
            module=module,
            package=f"./{package}" if package else ".",
            others=mains[1:],
            cgo=cgo is not None,
            vendored=join(folder, "vendor/modules.txt") in tree,
            sums=sums,
            assets=assets,
        ),
    )


def _unversioned(module: str) -> str:
    """`github.com/jackc/pgx/v5` and `go.mongodb.org/mongo-driver/v2` by the names the table has."""
    return re.sub(r"/v\d+$", "", module)


def _inside(main: str, folder: str) -> str:
    return main.removeprefix(folder).strip("/") if folder else main


def _preference(main: str, module: str) -> tuple[int, int, str]:
    name = PurePosixPath(main).name
    named = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
    return (0 if not main else 1, -1 if name and module.endswith(name) else named, main)


def _claims(path: str, text: str) -> list[Claim]:
    return [
        Claim(text=found[1], source=Source(path=path, line=text[: found.start()].count("\n") + 1))
        for pattern in (r"^toolchain\s+go([\d.]+)", r"^go\s+([\d.]+)")
        for found in re.finditer(pattern, text, re.MULTILINE)
    ]


def _commands(tree: Tree, folder: str) -> Commands:
    """Go brings its own commands; a Makefile's test target goes before them, it knows more."""
    path, own = join(folder, MANIFEST), make.commands(tree, folder)
    tested = any(file.endswith("_test.go") for file in tree.all_below(folder))
    go = Source(path=path)
    return Commands(
        lint=[Command(run="go vet ./...", source=go)],
        test=own.test or ([Command(run="go test ./...", source=go)] if tested else []),
        build=[Command(run="go build ./...", source=go)],
    )
