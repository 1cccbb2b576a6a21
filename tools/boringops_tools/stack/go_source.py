"""What Go sources do: main packages, variables they read, routes they answer, the port they listen on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from boringops_tools.stack import go_env, go_routes
from boringops_tools.stack.facts import EnvVar, Route, Source
from boringops_tools.stack.go_program import File, Program, arguments, method
from boringops_tools.stack.grammar import line, literal, source
from boringops_tools.stack.tree import Tree

_LISTENERS = {"ListenAndServe", "ListenAndServeTLS", "Listen", "Run", "Start", "Serve"}
_SERVERS = (
    "net/http", "github.com/gin-gonic/gin", "github.com/labstack/echo", "github.com/gofiber/fiber", "google.golang.org/grpc",
)  # fmt: skip
_ADDRESS = re.compile(r"^[\w.\[\]:]*:(\d{2,5})$")
_PORT = re.compile(r":?(\d{2,5})")


@dataclass
class Facts:
    mains: dict[str, Source] = field(default_factory=dict)
    """Folder of each main package, to its main function."""
    env: list[EnvVar] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    unplaced: list[Route] = field(default_factory=list)
    """Routes on routers that nothing certain mounts: only the end of their path is known."""
    ports: list[tuple[int, Source]] = field(default_factory=list)
    listens: list[Source] = field(default_factory=list)
    cgo: Source | None = None
    strings: set[str] = field(default_factory=set)


def read(tree: Tree, folder: str, module: str, paths: Iterable[str]) -> Facts:
    """Read the sources at `paths`, of the module called `module` whose go.mod is in `folder`."""
    program = Program(tree, folder, module, paths)
    facts = Facts(env=go_env.read(program))
    facts.routes, facts.unplaced = go_routes.routing(program).settled()
    for file in program.files:
        _read(file, program, facts)
    if facts.listens:
        names = {"PORT", f"{go_env.viper_prefix(program) or ''}PORT"}
        facts.ports += [
            (int(found[1]), variable.sources[0])
            for variable in facts.env
            if variable.name in names and (found := _PORT.fullmatch(variable.default or ""))
        ]
    return facts


def _read(file: File, program: Program, facts: Facts) -> None:
    package = next((node for node in file.nodes if node.type == "package_clause"), None)
    main = package is not None and source(package.named_children[0]) == "main"
    for node in file.nodes:
        place = Source(path=file.path, line=line(node))
        if node.type == "function_declaration" and main and source(node.child_by_field_name("name")) == "main":
            facts.mains[file.folder] = place
        elif node.type == "import_spec" and literal(node.child_by_field_name("path")) == "C":
            facts.cgo = place
        elif node.type == "interpreted_string_literal":
            facts.strings.add(source(node)[1:-1])
        elif node.type == "call_expression":
            owner, name = method(node)
            if owner is not None and name in _LISTENERS and _serves(source(owner), name, file):
                facts.listens.append(place)
                texts = [program.text(file, argument) or "" for argument in arguments(node)]
                facts.ports += [(int(found[1]), place) for text in texts if (found := _ADDRESS.match(text))]
        elif node.type == "keyed_element" and source(node.named_children[0]) == "Addr":
            value = node.named_children[-1]
            text = program.text(file, value.named_children[0] if value.named_children else value)
            if found := _ADDRESS.match(text or ""):
                facts.ports.append((int(found[1]), place))


def _serves(receiver: str, name: str, file: File) -> bool:
    """`Run`, `Start` and `Serve` are common words: they count where the file knows a web framework or net/http."""
    if name.startswith("Listen") and receiver != "net":
        return True
    known = any(path.startswith(_SERVERS) for path in file.imports.values())
    return known and receiver not in {"t", "m", "cmd", "exec"}
