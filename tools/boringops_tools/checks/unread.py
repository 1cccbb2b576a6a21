"""Variables under a name that nothing reads, by what is left over: the one that is set for nothing, and the one that is read and not set."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from boringops_tools.checks import carriers, consistency, program
from boringops_tools.checks.base import Files, Hit, Rule, at, listed
from boringops_tools.checks.variables import GIVEN, code, near
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

# What runtimes, frameworks and libraries read by themselves, by how the names begin.
_BY_LIBRARIES = lazy_pattern(
    r"(?:OTEL|SENTRY|NEW_RELIC|DD|ELASTIC|AWS|GOOGLE|GCP|AZURE|JAVA|JDK|JVM|MAVEN|CATALINA|NODE|NPM|YARN|PYTHON|PIP|UV|UVICORN|GUNICORN|WEB|FORWARDED|RAILS|RACK|"
    r"RUBY|BUNDLE|PUMA|MALLOC|LD|SPRING|SERVER|MANAGEMENT|LOGGING|ASPNETCORE|DOTNET|KESTREL|PHP|COMPOSER|SYMFONY|NEXT|NUXT|VITE|REACT|DJANGO|FLASK|CELERY|"
    r"MIX|PHX|RELEASE|ERL|RUST|CARGO|GO|GIN|POSTGRES|PG|MYSQL|MARIADB|MONGO_INITDB|RABBITMQ|KC|S6|PUID|PGID|UMASK|SSL_CERT|REQUESTS|CURL|HTTP|HTTPS|NO|"
    r"QUARKUS|MICRONAUT|PRISMA|TZ|TERM|CADDY|NGINX|XDG|HF|CUDA|NVIDIA|KUBERNETES|POD|VAULT|CONSUL|DAPR|LOCALE|LC)(?:_|$)"
)
_UNIT = lazy_pattern(r"^Environment=(?P<rest>.*)$", re.M)
_PAIR = lazy_pattern(r"(?:^|\s)[\"']?([A-Za-z_]\w*)=")
_ROW = lazy_pattern(r"\s*\|\s*`([A-Z][A-Z0-9_]{2,})`\s*\|")


def _left_over(
    files: Files, given: Iterable[str], read: Mapping[str, str | None], *, document: bool = False
) -> tuple[str, str]:
    """(set for nothing, read and not set), where each is the only one and they share a word; else empty."""
    names = set(given)
    unset = [
        name for name, default in read.items() if name not in names and default is None and not GIVEN.fullmatch(name)
    ]
    if len(unset) != 1 or not (names & set(read) or any(_part_of(each, unset[0]) for each in names)):
        return "", ""
    unread = [
        name
        for name in names
        if name not in read
        and not GIVEN.fullmatch(name)
        and (document or not _BY_LIBRARIES.match(name))
        and not _told(files, name, unset[0])
    ]
    if len(unread) != 1 or not alike(unread[0], unset[0]):
        return "", ""
    return unread[0], unset[0]


def alike(one: str, other: str) -> bool:
    """Whether two names share a word."""
    mine, others = (set(each.split("_")) for each in (one, other))
    return any(len(word) >= 2 for word in mine & others)


def _part_of(one: str, other: str) -> bool:
    """Whether one name is the other one without its first words: TOPIC of PUBSUB_TOPIC."""
    short, long = sorted((one, other), key=len)
    return long.endswith(f"_{short}")


def _told(files: Files, name: str, unset: str) -> bool:
    """Whether anything that may read it so much as contains the name: code, scripts, what the program is configured by."""
    whole = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    # Where the code calls by that name what it reads by the other, the bare word is no variable of the environment.
    called = re.compile(rf"(?<![A-Za-z0-9_.]){re.escape(name)}\b[^\n=]{{0,30}}=[^\n]*[\"'.]{re.escape(unset)}\b")
    places = [
        each for each in files.all
        if not each.endswith((".md", ".lock")) and not is_compose(each) and not posixpath.basename(each).startswith(".env") and not each.endswith((".tf", ".service"))
    ]  # fmt: skip
    if len(places) > 400:
        return True
    for each in places:
        text = files.text(each)
        if is_yaml(each) and "kind:" in text:
            continue
        if re.search(rf"[\"'`]{re.escape(name)}[\"'`]", text) if called.search(text) else whole.search(text):
            return True
    return False


def _read(files: Files) -> dict[str, str | None]:
    """What the one application reads, with the default that the code itself has; what examples say is none."""
    apps = files.stack.applications
    if len(apps) != 1 or not program.code(files):
        return {}
    found: dict[str, str | None] = {}
    for each in code(apps[0]):
        own = [
            files.text(source.path).splitlines()[source.line - 1]
            for source in each.sources
            if source.line and source.path in program.code(files)
        ]
        shown = any("env" in posixpath.basename(source.path) for source in each.sources)
        written = each.default is not None and (
            not shown or any(f'"{each.default}"' in line or f"'{each.default}'" in line for line in own)
        )
        found[each.name] = each.default if written else None
    return found


def _containers(files: Files, path: str) -> Iterator[Hit]:
    """Every container that surely runs the application, as far as nothing else brings it variables."""
    found: list[tuple[str, int | None, dict[str, int | None]]] = [
        (each.where, each.line, each.names) for each in carriers.of(files, path) if not each.more and each.usual
    ]
    found = found or list(_built(files, path))
    for where, line, names in found if len(found) == 1 else ():
        unread, unset = _left_over(files, names, files.once(_read))
        if unread and not near(unread, {unset: True}):
            yield Hit(
                names.get(unread) or line,
                f"{where} sets `{unread}`, which nothing reads; the code reads `{unset}`, which is not set",
            )


def _built(files: Files, path: str) -> Iterator[tuple[str, int | None, dict[str, int | None]]]:
    """Services of Compose that are built from a program which was not recognised as one to be deployed."""
    for name, service in consistency.services(files, path) if is_compose(path) else ():
        built = consistency.built_from(files, path, service)
        values = service.get("environment")
        if (
            built
            and values
            and not {"env_file", "extends", "secrets", "configs", "develop", "volumes", "command", "entrypoint"}
            & set(service)
        ):
            pairs = (
                list(values)
                if isinstance(values, Mapping)
                else [str(each).partition("=")[0] for each in listed(values)]
            )
            yield (
                f"service `{name}`", at((service, "environment")),
                {str(key): at((values, key if isinstance(values, Mapping) else position)) for position, key in enumerate(pairs)},
            )  # fmt: skip


def _units(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    if (
        re.search(r"(?m)^(?:EnvironmentFile|PassEnvironment|LoadCredential)", text)
        or sum(each.endswith(".service") for each in files.all) != 1
    ):
        return
    names = {
        name: text.count("\n", 0, match.start()) + 1
        for match in _UNIT.finditer(text)
        for name in _PAIR.findall(match["rest"])
    }
    unread, unset = _left_over(files, names, files.once(_read))
    if unread:
        yield Hit(names[unread], f"`{unread}` is set, which nothing reads; the code reads `{unset}`, which is not set")


def _documents(files: Files, path: str) -> Iterator[Hit]:
    """A table of variables in which one is missing, and one stands that nothing in the repository knows."""
    names = {
        row[1]: number for number, line in enumerate(files.text(path).splitlines(), 1) if (row := _ROW.match(line))
    }
    unread, unset = _left_over(files, names, files.once(_read), document=True) if names else ("", "")
    known = unread and any(
        re.search(rf"(?<![A-Za-z0-9_]){unread}(?![A-Za-z0-9_])", files.text(each))
        for each in files.all[:400]
        if each != path
    )
    if unread and not known and not re.search(rf"(?<![A-Za-z0-9_]){unset}(?![A-Za-z0-9_])", files.text(path)):
        yield Hit(names[unread], f"`{unread}` is read nowhere; the code reads `{unset}`, which the table does not have")


_APP = {
    "app.py": "import os\nPORT = int(os.environ.get('PORT', '8080'))\nURL = os.environ['DATABASE_URL']\nLEVEL = os.environ['LOG_LEVEL']\n",
    "Dockerfile": 'FROM python:3.14\nCOPY app.py .\nCMD ["python", "app.py"]\n',
}
_COMPOSE = "services:\n  a:\n    build: .\n    environment: {{LOG_LEVEL: info, {}: a}}\n"
_SERVICE = "[Service]\nExecStart=/usr/bin/python3 app.py\nEnvironment=LOG_LEVEL=info\nEnvironment={}=a\n"
_TABLE = "| variable | |\n|---|---|\n| `LOG_LEVEL` | how much |\n| `{}` | where |\n"
_REASON = "Set the variable under the name the code reads."
_SOURCE = "A variable that nothing reads has no effect, and one that is read is not set."


def _applies(path: str) -> bool:
    return is_yaml(path) or path.endswith(".tf") or carriers.is_task(path)


def _cases(file: str, text: str) -> tuple[tuple[dict[str, str], ...], tuple[dict[str, str], ...]]:
    bad: tuple[dict[str, str], ...] = ({**_APP, file: text.format("DB_URL")},)
    app = {
        **_APP,
        "app.py": "import os\nURL = os.environ['DATABASE_URL']\nLEVEL = os.environ['LOG_LEVEL']\nprint(URL)\n",
    }
    bad += ({**app, file: text.format("URL")},) if "LOG_LEVEL" in text and file != "README.md" else ()
    good = (
        {**_APP, file: text.format("DATABASE_URL")}, {**_APP, file: text.format("SENTRY_DSN")}, {**_APP, file: text.format("GREETING")}, {file: text.format("DB_URL")},
        {**_APP, "start.sh": "exec app --url $DB_URL\n", file: text.format("DB_URL")},
    )  # fmt: skip
    return bad, good


def _rule(name: str, applies: object, check: object, file: str, text: str) -> Rule:
    bad, good = _cases(file, text)
    return Rule(f"consistency/{name}", "warning", _REASON, _SOURCE, applies, check, bad=bad, good=good)  # type: ignore[arg-type]


RULES = (
    _rule("unread-variable", _applies, _containers, "compose.yaml", _COMPOSE),
    _rule("unit-variable", lambda path: PurePosixPath(path).suffix == ".service", _units, "a.service", _SERVICE),
    _rule(
        "table-variable", lambda path: posixpath.basename(path).lower() == "readme.md", _documents, "README.md", _TABLE
    ),
)
