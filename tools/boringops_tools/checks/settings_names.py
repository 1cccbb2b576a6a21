"""Names that settings give: the host of a service, the module of Django's settings."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks import consistency
from boringops_tools.checks.base import Files, Hit, Rule, listed, mapping
from boringops_tools.checks.deploys import is_pipeline
from boringops_tools.checks.hosts import asked
from boringops_tools.checks.variables import is_dotenv, is_example
from boringops_tools.dockerfile import is_dockerfile
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

# A host without a dot in an address of a service that is run beside the application.
_ADDRESS = lazy_pattern(
    r"(?m)^(?:export\s+)?(?P<name>\w+)=[\"']?(?:jdbc:)?(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|rediss|amqps?|nats|memcached|kafka)(?:\+\w+)?://(?:[^\s@/\"']*@)?(?P<host>[A-Za-z][\w-]*)(?::(?P<port>\d+))?(?=[/\s\"'?]|$)"
)
_MODULE = lazy_pattern(
    r"DJANGO_SETTINGS_MODULE[\"']?\s*(?:[=:,]|\s)\s*[\"']?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?=[\"'\s,)}]|$)"
)


_STAND_IN = lazy_pattern(r"(?i)your|example|changeme|^(?:localhost|host|hostname)$")


def _handed(name: str, compose: str) -> bool:
    """Whether Compose hands a variable of its `.env` on to a service."""
    return bool(
        re.search(rf"\$\{{?{re.escape(name)}\b", compose)
        or re.search(r"env_file:[^\n]*(?:\n\s*-[^\n]*)*\.env\b", compose)
    )


def _hosts(files: Files, path: str) -> Iterator[Hit]:
    """Hosts of an example that Compose beside it hands on to a service."""
    composes = [each for each in files.siblings(path) if is_compose(each)]
    names: set[str] = set()
    for each in composes:
        for name, service in consistency.services(files, each):
            networks = mapping(service, "networks")
            aliases = [alias for key in networks for alias in listed(mapping(networks, key).get("aliases"))]
            links = [
                str(link).rpartition(":")[2]
                for key in ("links", "external_links", "extra_hosts")
                for link in listed(service.get(key))
            ]
            names |= {
                name,
                str(service.get("container_name")),
                str(service.get("hostname")),
                *map(str, aliases),
                *links,
            }
            if "extends" in service or "extra_hosts" in service or service.get("network_mode"):
                return
    text = "\n".join(map(files.text, composes))
    if len(names) < 2 or re.search(r"(?m)^include:|external:", text):
        return
    every = ", ".join(sorted(names - {"None", ""}))
    for number, said in enumerate(files.text(path).splitlines(), 1):
        name, _, value = said.removeprefix("export ").partition("=")
        plain = value.split(" #")[0].strip().strip("\"'")
        hosts = asked(name, plain) if "://" not in plain else []
        lost = next((host for host in hosts if host not in names and not _STAND_IN.search(host)), "")
        if lost and _handed(name, text):
            yield Hit(number, f"`{name}` asks the host `{lost}`; Compose has {every}")
    for match in _ADDRESS.finditer(files.text(path)):
        host = match["host"]
        handed = _handed(match["name"], text)
        if handed and host not in names and not _STAND_IN.search(host):
            line = files.text(path).count("\n", 0, match.start()) + 1
            yield Hit(
                line,
                f"`{match['name']}` asks the host `{host}`; Compose has {', '.join(sorted(each for each in names if each not in ('None', '')))}",
            )
        usual = next((port for name, port in _usual(files, composes) if name == host), "")
        if (
            handed
            and match["port"]
            and usual
            and match["port"] != usual
            and not re.search(rf"(?<!\d){match['port']}(?!\d)", text)
        ):
            line = files.text(path).count("\n", 0, match.start()) + 1
            yield Hit(line, f"`{match['name']}` asks `{host}` at port {match['port']}; its image listens on {usual}")


_PORTS = {
    "postgres": "5432",
    "redis": "6379",
    "valkey": "6379",
    "mysql": "3306",
    "mariadb": "3306",
    "mongo": "27017",
    "rabbitmq": "5672",
    "nats": "4222",
    "memcached": "11211",
}


def _usual(files: Files, composes: list[str]) -> Iterator[tuple[str, str]]:
    """Services that run an image whose port is known, with that port; a variable may give another."""
    for each in composes:
        for name, service in consistency.services(files, each):
            image = re.match(r"(?:docker\.io/|library/)*([a-z]+)(?=[:@]|$)", str(service.get("image")))
            if image and image[1] in _PORTS and "PORT" not in str(service.get("environment")):
                yield name, _PORTS[image[1]]


def _modules(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for match in _MODULE.finditer(text) if "DJANGO_SETTINGS_MODULE" in text else ():
        place = match[1].replace(".", "/")
        parent = posixpath.dirname(place)
        if any(f"/{each}".endswith((f"/{place}.py", f"/{place}/__init__.py")) for each in files.all):
            continue
        homes = [each for each in files.folders if f"/{each}".endswith(f"/{parent}")]
        inside = sorted(each for each in files.all if posixpath.dirname(each) in homes and each.endswith(".py"))
        package = place.partition("/")[0]
        if not homes and package in files.folders:  # nor has its package such a folder
            homes = [package]
            inside = sorted(
                each for each in files.all if re.fullmatch(rf"{re.escape(package)}/(?:.+/)?settings(?:/\w+)?\.py", each)
            )
        if len(homes) == 1 and inside and not files.ignored(f"{homes[0]}/{posixpath.basename(place)}.py"):
            line = text.count("\n", 0, match.start()) + 1
            others = ", ".join(each.removeprefix(f"{homes[0]}/") for each in inside if not each.endswith("__init__.py"))
            yield Hit(line, f"there is no module `{match[1]}`; {homes[0]} has {others or 'none'}")


def _sets_modules(path: str) -> bool:
    name = posixpath.basename(path)
    return (
        is_dotenv(path)
        or is_dockerfile(path)
        or is_compose(path)
        or is_pipeline(path)
        or path.endswith((".sh", ".service", ".toml", ".cfg", ".ini"))
        or name in ("manage.py", "wsgi.py", "asgi.py", "Procfile")
    )


_COMPOSE = (
    "services:\n  api:\n    build: .\n    environment: {URL: '${DATABASE_URL:?}'}\n  db:\n    image: postgres:17\n"
)
_DJANGO = {
    "shop/__init__.py": "",
    "shop/settings/__init__.py": "",
    "shop/settings/base.py": "A = 1\n",
    "shop/settings/production.py": "A = 1\n",
}

RULES = (
    Rule("env/unknown-host", "warning", "Name the service as Compose does.", "Compose: services reach each other by their names.", is_example, _hosts,
         bad=({"compose.yaml": _COMPOSE.replace("DATABASE_URL", "DATABASE_HOST"), ".env.example": "DATABASE_HOST=postgres\n"}, {"compose.yaml": _COMPOSE, ".env.example": "DATABASE_URL=postgres://shop:change-me@postgres:5432/shop\n"}, {"compose.yaml": _COMPOSE, ".env.example": "DATABASE_URL=postgres://shop:change-me@db:5433/shop\n"}),
         good=({"compose.yaml": _COMPOSE.replace("DATABASE_URL", "DATABASE_HOST"), ".env.example": "DATABASE_HOST=db # the service\nREDIS_HOST=redis\n"}, {"compose.yaml": _COMPOSE.replace("DATABASE_URL", "DATABASE_HOST"), ".env.example": "DATABASE_HOST=localhost\n"}, {"compose.yaml": _COMPOSE.replace("DATABASE_URL", "DATABASE_HOST"), ".env.example": "DATABASE_HOST=\nDATABASE_HOST=your-host\n"}, {"compose.yaml": _COMPOSE, ".env.example": "DATABASE_URL=postgres://shop:change-me@db:5432/shop\n"}, {"compose.yaml": _COMPOSE, ".env.example": "DATABASE_URL=postgres://localhost/shop\n"}, {"compose.yaml": _COMPOSE, ".env.example": "DATABASE_URL=postgres://a@db.example.com/shop\n"},
               {"compose.yaml": _COMPOSE.replace("DATABASE_URL", "OTHER"), ".env.example": "DATABASE_URL=postgres://postgres/shop\n"}, {"compose.yaml": _COMPOSE + "    hostname: postgres\n", ".env.example": "DATABASE_URL=postgres://postgres/shop\n"})),
    Rule("django/settings-module", "error", "Django does not start: name a module that is there.", "Django, Settings: DJANGO_SETTINGS_MODULE is a module on the import path.", _sets_modules, _modules,
         bad=({**_DJANGO, ".env.example": "DJANGO_SETTINGS_MODULE=shop.settings.prod\n"}, {**_DJANGO, "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.config.settings")\n'}, {**_DJANGO, "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.dev")\n'}, {**_DJANGO, "Dockerfile": "FROM a:1\nENV DJANGO_SETTINGS_MODULE shop.settings.live\n"}),
         good=({**_DJANGO, ".env.example": "DJANGO_SETTINGS_MODULE=shop.settings.production\n"}, {**_DJANGO, ".env.example": "DJANGO_SETTINGS_MODULE=shop.settings\n"}, {**_DJANGO, ".env.example": "DJANGO_SETTINGS_MODULE=other.settings.prod\n"}, {**_DJANGO, ".gitignore": "shop/settings/local.py\n", ".env.example": "DJANGO_SETTINGS_MODULE=shop.settings.local\n"})),
)  # fmt: skip
