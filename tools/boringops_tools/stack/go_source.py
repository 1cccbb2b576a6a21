"""What Go sources do: main packages, variables they read, routes they answer, the port they listen on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from boringops_tools.stack.environment import is_secret
from boringops_tools.stack.facts import EnvVar, Route, Source
from boringops_tools.stack.grammar import line, literal, root, source, within
from boringops_tools.stack.health import is_health
from boringops_tools.stack.tree import Tree, folder_of

_READERS = {"os.Getenv", "os.LookupEnv", "syscall.Getenv"}
_LISTENERS = {"ListenAndServe", "ListenAndServeTLS", "Listen", "Run", "Start", "Serve"}
_ROUTERS = {"HandleFunc", "Handle", "GET", "Get", "Any", "Path", "Method"}
_ADDRESS = re.compile(r"^[\w.\[\]:]*:(\d{2,5})$")
_PORT_FALLBACK = re.compile(r'\bport\w*\s*:?=\s*"?:?(\d{2,5})"?', re.IGNORECASE)


@dataclass
class Facts:
    mains: dict[str, Source] = field(default_factory=dict)
    """Folder of each main package, to its main function."""
    env: list[EnvVar] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    ports: list[tuple[int, Source]] = field(default_factory=list)
    listens: list[Source] = field(default_factory=list)
    cgo: Source | None = None
    strings: set[str] = field(default_factory=set)


def read(tree: Tree, paths: Iterable[str]) -> Facts:
    facts = Facts()
    for path in paths:
        _read(path, tree.text(path), facts)
    return facts


def _read(path: str, text: str, facts: Facts) -> None:
    main, grouped = False, set(re.findall(r"\b(\w+)\s*:?=\s*[\w.]+\.Group\(|\b(\w+)\s+\*?gin\.RouterGroup\b", text))
    groups = {name for pair in grouped for name in pair if name}
    for node in within(root("go", text)):
        place = Source(path=path, line=line(node))
        if node.type == "package_identifier" and node.parent is not None and node.parent.type == "package_clause":
            main = source(node) == "main"
        elif node.type == "function_declaration" and main and source(node.child_by_field_name("name")) == "main":
            facts.mains[folder_of(path)] = place
        elif node.type == "import_spec" and source(node.child_by_field_name("path")) == '"C"':
            facts.cgo = place
        elif node.type == "interpreted_string_literal":
            facts.strings.add(source(node)[1:-1])
        elif node.type == "call_expression":
            function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
            given = arguments.named_children if arguments is not None else []
            name, first = source(function), literal(given[0]) if given else None
            receiver, _, method = name.rpartition(".")
            if name in _READERS and first:
                facts.env.append(EnvVar(name=first, sources=[place], secret=is_secret(first)))
            elif receiver and method in _LISTENERS and _serves(receiver, method, text):
                facts.listens.append(place)
                address = next((found for arg in given if (found := _ADDRESS.match(literal(arg) or ""))), None)
                if address:
                    facts.ports.append((int(address[1]), place))
            elif receiver and receiver not in groups and method in _ROUTERS and first:
                route = first.removeprefix("GET ").strip()
                if is_health(route):
                    facts.routes.append(Route(path=route, source=place))
    for number, row in enumerate(text.splitlines(), 1):
        if (found := _PORT_FALLBACK.search(row)) and facts.listens:
            facts.ports.append((int(found[1]), Source(path=path, line=number)))


def _serves(receiver: str, method: str, text: str) -> bool:
    """`Run`, `Start` and `Serve` are common words: they count where the file knows a web framework or net/http."""
    if method.startswith("Listen") and receiver != "net":
        return True
    return (
        method in {"Run", "Start", "Serve", "Listen"}
        and any(
            name in text
            for name in ('"net/http"', "gin-gonic/gin", "labstack/echo", "gofiber/fiber", "google.golang.org/grpc")
        )
        and receiver not in {"t", "m", "cmd", "exec"}
    )
