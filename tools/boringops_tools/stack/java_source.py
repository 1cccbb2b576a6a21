"""What Java and Kotlin sources and their configuration say: variables, routes, ports, the main class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.stack.calls import Call, calls
from boringops_tools.stack.facts import Route, Source
from boringops_tools.stack.found import Found, prefixed
from boringops_tools.stack.tree import Tree, join

_SIGNS = ("getenv", "Mapping", "@Path", "@Value", "@ConfigProperty",
          "embeddedServer", "ServerSocket", "HttpServer", "SpringBootApplication",
          "void main", "fun main", "get(", "@Get", "Javalin")  # fmt: skip
_MAPPINGS = {"@GetMapping", "@RequestMapping", "@Path", "@Get", "@Controller"}
_LISTENERS = {"embeddedServer", "HttpServer.create", "Javalin.create", "SpringApplication.run"}
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::([^}]*))?\}")
_SETTINGS = ("application.properties", "application.yml", "application.yaml", "application.conf")


@dataclass
class JvmFound(Found):
    main: Source | None = None
    settings: dict[str, str] = field(default_factory=dict)
    """Dotted keys of application.properties and application.yml, of no profile."""


def read(tree: Tree, folder: str, sources: Iterable[str]) -> JvmFound:
    found = JvmFound()
    sources = list(sources)
    for path in sources:
        text = tree.text(path)
        match = re.search(
            r"@SpringBootApplication|static void main\s*\(|^fun main\s*\(|@QuarkusMain", text, re.MULTILINE
        )
        if match and (found.main is None or match[0].startswith("@Spring")):
            found.main = Source(path=path, line=text[: match.start()].count("\n") + 1)
    for call in calls(tree, sources, _SIGNS):
        _call(call, found)
    for path in tree.below(folder, *_SETTINGS):
        if "/src/main/resources/" in f"/{path}" or path == join(folder, path.rpartition("/")[2]):
            _settings(tree, path, found)
    return found


def _call(call: Call, found: JvmFound) -> None:
    if call.name in {"System.getenv", "getenv"}:
        found.variable(call.text(), call.place)
    elif call.name in {"@Value", "@ConfigProperty"}:
        for match in _PLACEHOLDER.finditer(call.text() or ""):
            found.variable(match[1], call.place, match[2], required=match[2] is None)
    elif call.name in {"@GetMapping", "@Get"} or (
        call.name == "get" and any(around.name == "routing" for around in call.around)
    ):
        _route(call, found)
    elif call.name in {"@Path", "@RequestMapping"}:
        parent = call.node.parent.parent if call.node.parent is not None else None
        if parent is not None and parent.type in {"method_declaration", "function_declaration"}:
            _route(call, found)
    elif call.name.endswith(".get") and call.text() and (call.text() or "").startswith("/"):
        found.routes.append(Route(path=call.text() or "", source=call.place))
    elif call.name in _LISTENERS and call.name != "SpringApplication.run":
        found.listens = found.listens or call.place
        found.port(call.option("port"), call.place)


def _route(call: Call, found: JvmFound) -> None:
    own = call.text() if call.arguments else ""
    outer = [other for other in call.around if other.name in {*_MAPPINGS, "route"} and other.node != call.node]
    outer = [other for other in outer if other.name != call.name or other.node.start_byte < call.node.start_byte]
    before = [other.text() if other.arguments else "" for other in outer if _encloses(other, call)]
    if own is None or None in before:
        return
    found.routes.append(Route(path=prefixed([*(part or "" for part in before), own]), source=call.place))


def _encloses(other: Call, call: Call) -> bool:
    """Whether it stands on the class rather than on the same method."""
    return other.node.parent != call.node.parent


def _settings(tree: Tree, path: str, found: JvmFound) -> None:
    text = tree.text(path)
    for number, row in enumerate(text.splitlines(), 1):
        place = Source(path=path, line=number)
        for match in _PLACEHOLDER.finditer(row):
            found.variable(match[1], place, match[2], required=match[2] is None)
        if path.endswith(".conf") and (held := re.search(r"\bport\s*=\s*(\d+)", row)):
            found.port(held[1], place)
        for optional in re.findall(r"\$\{\?([A-Z][A-Z0-9_]*)\}", row):
            found.variable(optional, place)
    for key, value in _flat(tree, path):
        found.settings.setdefault(key, value)
        if key in {"server.port", "quarkus.http.port", "micronaut.server.port"}:
            literal = re.sub(r"\$\{\w+:(\d+)\}", r"\1", value)
            found.port(literal, Source(path=path, line=tree.line(path, value)))


def _flat(tree: Tree, path: str) -> Iterator[tuple[str, str]]:
    if path.endswith(".properties"):
        yield from re.findall(r"^\s*([\w.-]+)\s*[=:]\s*(.*?)\s*$", tree.text(path), re.MULTILINE)
    elif path.endswith((".yml", ".yaml")):
        from boringops_tools.yaml_files import Unreadable, documents

        try:
            for document in documents(tree.text(path))[:1]:
                yield from _dotted(document, "")
        except Unreadable:
            return


def _dotted(value: Any, before: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _dotted(inner, f"{before}.{key}" if before else str(key))
    elif value is not None and not isinstance(value, list):
        yield before, str(value)
