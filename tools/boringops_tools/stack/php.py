"""PHP applications managed by Composer: Laravel, Symfony, and a public folder by itself."""

from __future__ import annotations

import re

from boringops_tools.stack import make, versions
from boringops_tools.stack.calls import Call, calls
from boringops_tools.stack.facts import Application, Claim, Command, Commands, Php, Route, Source
from boringops_tools.stack.found import Found, application, prefixed
from boringops_tools.stack.tree import Tree, folder_of, join, table

MANIFEST = "composer.json"
_BUILT_IN = {
    "ctype", "curl", "date", "dom", "fileinfo", "filter", "ftp", "hash", "iconv", "json", "libxml", "mbstring", "openssl",
    "pcre", "pdo", "pdo_sqlite", "phar", "posix", "readline", "reflection", "session", "simplexml", "sodium", "spl", "sqlite3",
    "standard", "tokenizer", "xml", "xmlreader", "xmlwriter", "zlib", "random",
}  # fmt: skip
"""Extensions that the image has already."""
_DOCROOTS = ("public", "web", "www", "htdocs", "public_html")
_SIGNS = ("env(", "getenv", "$_ENV", "$_SERVER", "Route", "health", "->get(")


def detect(tree: Tree, folder: str, nested: list[str]) -> Application:
    """The application whose composer.json, or whose index.php, is in `folder`."""
    path = join(folder, MANIFEST)
    manifest = tree.json(path)
    required = {name: Source(path=path, line=tree.line(path, f'"{name}"')) for name in table(manifest, "require")}
    found = _read(tree, folder, [*tree.below(folder, ".php", skip=nested)])
    console = (
        "artisan" if tree.named(folder, "artisan") else "bin/console" if join(folder, "bin/console") in tree else ""
    )
    framework = (
        "laravel"
        if "laravel/framework" in required
        else "symfony"
        if "symfony/framework-bundle" in required
        else "slim"
        if "slim/slim" in required
        else ""
    )
    docroot = next((name for name in _DOCROOTS if join(folder, f"{name}/index.php") in tree), None)
    if docroot is None and tree.named(folder, "index.php"):
        docroot = ""
    reason = ""
    if manifest.get("type") == "library" or (docroot is None and not framework):
        reason = "a library or a command: no document root with an index.php"
    remarks = (
        ["No composer.lock: two builds may install different packages. Run `composer update` and commit it."]
        if manifest and not tree.named(folder, "composer.lock") and required.keys() - {"php"}
        else []
    )
    claim = table(manifest, "require").get("php")
    claims = versions.in_files(tree, folder, {".tool-versions": r"^php\s+(\S+)", ".php-version": r"^(\d\S*)"}, "php")
    platform = table(manifest, "config", "platform").get("php")
    claims += [
        Claim(text=value, source=Source(path=path, line=tree.line(path, '"php"')))
        for value in (platform, claim)
        if isinstance(value, str)
    ]
    node = next(
        (
            manager
            for lock, manager in (("package-lock.json", "npm"), ("yarn.lock", "yarn"), ("pnpm-lock.yaml", "pnpm"))
            if tree.named(folder, lock)
        ),
        "",
    )
    builds = isinstance(table(tree.json(join(folder, "package.json")), "scripts").get("build"), str)
    extensions = _extensions(tree, folder, manifest, framework)
    entry = join(join(folder, docroot) if docroot else folder, "index.php")
    return application(
        tree,
        folder,
        "php",
        found,
        required | {f"ext-{name}": Source(path=path) for name in extensions},
        8080,
        reason,
        name=str(manifest.get("name") or "").rpartition("/")[2]
        if manifest.get("name") not in {"laravel/laravel", "symfony/skeleton"}
        else "",
        version=versions.choose("php", claims),
        manager="composer" if manifest else "",
        lockfile="composer.lock" if tree.named(folder, "composer.lock") else None,
        framework=framework or ("php" if docroot is not None else ""),
        entry=Source(path=entry) if entry in tree else None,
        command=["frankenphp", "php-server", "--listen", ":8080", "--root", f"/app/{docroot}" if docroot else "/app"],
        migration=_migration(tree, folder, framework, required),
        commands=_commands(tree, folder, manifest, framework),
        remarks=remarks,
        php=Php(
            extensions=extensions,
            docroot=docroot or "",
            console=console,  # type: ignore[arg-type]
            node=node if builds else "",
            node_lock={"npm": "package-lock.json", "yarn": "yarn.lock", "pnpm": "pnpm-lock.yaml"}.get(node, "")
            if builds
            else "",
        ),
    )


def _extensions(tree: Tree, folder: str, manifest: dict[str, object], framework: str) -> list[str]:
    """What composer.json, and the locked packages that run, ask for beyond what the image brings."""
    asked = {name for name in table(manifest, "require") if name.startswith("ext-")}
    packages = tree.json(join(folder, "composer.lock")).get("packages")
    for package in packages if isinstance(packages, list) else []:
        asked |= {name for name in table(package, "require") if name.startswith("ext-")}
    names = {name.removeprefix("ext-").replace("-", "_") for name in asked} - _BUILT_IN
    if framework in {"laravel", "symfony"}:
        names |= {"opcache", "intl"} if framework == "symfony" else {"opcache", "pcntl"}
        said = tree.text(join(folder, ".env.example")) + "\n" + tree.text(join(folder, ".env"))
        config = re.sub(r"(?m)^\s*#.*$", "", said)
        usual = re.search(
            r"'default'\s*=>\s*env\(\s*'DB_CONNECTION'\s*,\s*'(\w+)'", tree.text(join(folder, "config/database.php"))
        )
        if usual and not re.search(r"(?m)^\s*DB_CONNECTION=\w", config):
            config += f"\nDB_CONNECTION={usual[1]}"
        names |= {"pdo_mysql"} if re.search(r"DB_CONNECTION=(mysql|mariadb)|mysql://", config) else set()
        names |= {"pdo_pgsql"} if re.search(r"DB_CONNECTION=pgsql|postgres(ql)?://", config) else set()
    return sorted(name.lower() for name in names if re.fullmatch(r"\w+", name) and not name.startswith("zend"))


def _read(tree: Tree, folder: str, sources: list[str]) -> Found:
    found = Found()
    for call in calls(tree, sources, _SIGNS):
        inside = call.place.path.removeprefix(f"{folder}/" if folder else "")
        if call.name in {"env", "getenv", "Env::get"}:
            found.variable(call.text(), call.place, call.text(1))
        elif call.name in {"$_ENV[]", "$_SERVER[]"} and not re.match(
            r"(HTTP_|REQUEST_|SERVER_|SCRIPT_|QUERY_|REMOTE_|PHP_|DOCUMENT_|argv|argc)", call.text() or "argv"
        ):
            found.variable(call.text(), call.place)
        elif call.name == "->withRouting" and (health := call.option("health")):
            found.routes.append(Route(path=prefixed([health]), source=call.place))
        elif call.name == "Route::get" and inside in {"routes/web.php", "routes/api.php"} and (route := call.text()):
            before = _groups(call)
            if before is not None:
                parts = ["api" if inside == "routes/api.php" else "", *before, route]
                found.routes.append(Route(path=prefixed(parts), source=call.place))
        elif call.name == "->get" and (route := call.text()) and route.startswith("/"):
            found.unplaced.append(Route(path=route, source=call.place))
    for path in tree.below(folder, ".yaml", ".yml"):
        if path.startswith(join(folder, "config/")):
            for number, row in enumerate(tree.text(path).splitlines(), 1):
                for name in re.findall(r"%env\((?:\w+:)*([A-Z][A-Z0-9_]*)\)%", row):
                    found.variable(name, Source(path=path, line=number))
    return found


def _groups(call: Call) -> list[str] | None:
    """Prefixes of the groups around a route; None where one is not literal."""
    parts: list[str] = []
    for other in call.around:
        if other.name in {"->group", "Route::group"}:
            text = other.node.text.decode(errors="replace") if other.node.text else ""
            head = text.partition("group")[0]
            if "prefix" in head or "domain" in head:
                match = re.search(r"prefix\(\s*['\"]([\w/-]*)['\"]\s*\)", head)
                if not match:
                    return None
                parts.append(match[1])
            elif other.name == "Route::group" and "prefix" in text[:200]:
                return None
    return parts


def _migration(tree: Tree, folder: str, framework: str, required: dict[str, Source]) -> Command | None:
    if framework == "laravel" and any(tree.all_below(join(folder, "database/migrations"))):
        return Command(
            run="php artisan migrate --force", source=Source(path=join(folder, "database/migrations")), needs_dev=False
        )
    if "doctrine/doctrine-migrations-bundle" in required:
        return Command(
            run="php bin/console doctrine:migrations:migrate --no-interaction",
            source=required["doctrine/doctrine-migrations-bundle"],
            needs_dev=False,
        )
    return None


def _commands(tree: Tree, folder: str, manifest: dict[str, object], framework: str) -> Commands:
    path = join(folder, MANIFEST)
    own = make.commands(tree, folder)
    scripts, dev = table(manifest, "scripts"), table(manifest, "require-dev")

    def script(name: str) -> list[Command]:
        return (
            [Command(run=f"composer run-script {name}", source=Source(path=path, line=tree.line(path, f'"{name}"')))]
            if name in scripts
            else []
        )

    test = script("test")
    configured = tree.named(folder, "phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")
    if not test and configured:
        run = (
            "php artisan test"
            if framework == "laravel"
            else "vendor/bin/phpunit"
            if "phpunit/phpunit" in dev
            else "bin/phpunit"
            if join(folder, "bin/phpunit") in tree
            else ""
        )
        test = [Command(run=run, source=Source(path=join(folder, configured[0])))] if run else []
    return Commands(lint=own.lint or script("lint") or script("cs"), test=own.test or test)


def folders(tree: Tree) -> list[str]:
    """Folders with a composer.json, and the root where it has an index.php of its own."""
    found = [folder_of(path) for path in tree.own(MANIFEST)]
    if not found and any(join(docroot, "index.php") in tree for docroot in ("", *_DOCROOTS)):
        found.append("")
    return found
