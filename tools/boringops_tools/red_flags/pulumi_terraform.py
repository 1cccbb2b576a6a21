"""A YAML program of Pulumi told as Terraform, so that what is known of a cloud's resources is known of them once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.pulumi_names import argument_of, flattened, kind_of, singular
from boringops_tools.yaml_files import Unreadable, documents, line_of

_DEEPEST = 12
_REFERENCE = lazy_pattern(r"(?<!\$)\$\{([^}]*)(?:\}|$)")
_WHOLE = lazy_pattern(r"\$\{([\w:-]+)\}")
_INVOKE = lazy_pattern(r"fn::(\w[\w-]*:[\w/-]+(?::\w+)?)")


@dataclass(frozen=True)
class Place:
    """Where something is written: in the program, or in what the stack sets."""

    line: int | None
    of_stack: bool = False


@dataclass
class Told:
    """The program as Terraform, with the place of each of its lines."""

    text: str = ""
    places: list[Place] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    """What is called otherwise in Pulumi, by Terraform's name."""

    def place(self, line: int | None) -> Place:
        return self.places[line - 1] if line is not None and 0 < line <= len(self.places) else Place(None)

    def said(self, message: str) -> str:
        """A message about the Terraform in the words of the program."""
        return re.sub(r"[\w-]+(?:\.[\w-]+)?", lambda match: self.words.get(match[0], match[0]), message)


def runtime_of(project: Any) -> str:
    runtime = project.get("runtime") if isinstance(project, Mapping) else None
    return str(runtime.get("name") if isinstance(runtime, Mapping) else runtime)


def program_of(text: str) -> Mapping[Any, Any] | None:
    """The program of a project file; null where it is written in another language."""
    if "resources" not in text or "yaml" not in text:
        return None
    try:
        found = documents(text)
    except Unreadable:
        return None
    project = found[0] if found else None
    return project if isinstance(project, Mapping) and runtime_of(project) == "yaml" else None


def groups(project: Mapping[Any, Any]) -> Iterator[tuple[Mapping[Any, Any], Mapping[Any, Any]]]:
    """(resources, variables) of the program, and of each component that it declares."""
    components = project.get("components")
    for each in (project, *(components.values() if isinstance(components, Mapping) else ())):
        if isinstance(each, Mapping):
            resources, variables = each.get("resources"), each.get("variables")
            yield (
                resources if isinstance(resources, Mapping) else {},
                variables if isinstance(variables, Mapping) else {},
            )


def told(project: Mapping[Any, Any], values: Mapping[str, tuple[Any, int | None]] | None = None) -> Told:
    """The program as Terraform; `values` are the stack's own, with their lines, by the name that the program knows them by."""
    result = Told()
    for resources, variables in groups(project):
        writer = _Writer(result, variables, values or {})
        for name, value in variables.items():
            writer.lookup(str(name), value, line_of(variables, name))
        for name, resource in resources.items():
            if isinstance(resource, Mapping):
                writer.resource(str(name), resource, line_of(resources, name))
    return result


class _Writer:
    def __init__(self, into: Told, variables: Mapping[Any, Any], values: Mapping[str, tuple[Any, int | None]]) -> None:
        self.into, self.variables, self.values = into, variables, values
        self.token = ""

    def line(self, text: str, place: Place) -> None:
        self.into.text += text + "\n"
        self.into.places.append(place)

    def resource(self, name: str, resource: Mapping[Any, Any], line: int | None) -> None:
        self.token = str(resource.get("type") or "")
        properties, options = resource.get("properties"), resource.get("options")
        if self.token.startswith("pulumi:providers:"):
            self.line(f"provider {_quoted(self.token.rpartition(':')[2])} {{", Place(line))
        elif ":" in self.token:
            kind = kind_of(self.token)
            self.into.words[f"{kind}.{name}"] = name
            self.line(f"resource {_quoted(kind)} {_quoted(name)} {{", Place(line))
        else:
            return
        if isinstance(properties, Mapping):
            for each in {id(one): one for one in (properties, flattened(self.token, properties))}.values():
                self.body(each, Place(line), 0)
        if isinstance(options, Mapping) and isinstance(options.get("protect"), bool):
            self.into.words["prevent_destroy"] = "protect"
            self.line("lifecycle {", Place(line_of(options, "protect") or line))
            self.line(f"prevent_destroy = {_scalar(options['protect'])}", Place(line_of(options, "protect") or line))
            self.line("}", Place(line))
        self.line("}", Place(line))

    def lookup(self, name: str, value: Any, line: int | None) -> None:
        """A variable that asks the provider for something: a data source."""
        function, arguments = _invoked(value)
        if ":" in function and isinstance(arguments, Mapping):
            package, *middle, last = function.split(":")
            self.token = ":".join([package, *middle, re.sub("^get", "", last)])
            kind = kind_of(self.token)
            self.into.words[f"{kind}.{name}"] = name
            self.line(f"data {_quoted(kind)} {_quoted(name)} {{", Place(line))
            self.body(arguments, Place(line), 0)
            self.line("}", Place(line))

    def body(self, properties: Mapping[Any, Any], above: Place, depth: int) -> None:
        for key, written in properties.items() if depth < _DEEPEST else ():
            name = argument_of(self.token, str(key))
            if not re.fullmatch(r"[a-z_][\w-]*", name):
                continue
            self.into.words.setdefault(name, str(key))
            value, place = self.meant(written, Place(line_of(properties, key) or above.line, above.of_stack))
            if name == "container_access_type" and isinstance(value, str):
                value = value.lower()
            self.line(f"{name} = {self.literal(value, depth)}", place)
            inner = value if isinstance(value, list) else [value]
            for each in inner:
                if isinstance(each, Mapping) and not _function(each):
                    for block in dict.fromkeys((name, singular(name)) if isinstance(value, list) else (name,)):
                        self.line(f"{block} {{", place)
                        self.body(each, place, depth + 1)
                        self.line("}", place)

    def meant(self, value: Any, place: Place) -> tuple[Any, Place]:
        """A value, or what stands for it where it is a variable of the program or one that the stack sets."""
        if isinstance(value, list):
            return [self.meant(each, place)[0] for each in value], self._first_of_stack(value, place)
        whole = _WHOLE.fullmatch(value) if isinstance(value, str) else None
        if whole is not None and whole[1] in self.values:
            found, line = self.values[whole[1]]
            return found, Place(line, of_stack=True)
        if whole is not None and whole[1] in self.variables and not _function(self.variables[whole[1]]):
            return self.variables[whole[1]], place
        return value, place

    def _first_of_stack(self, values: list[Any], place: Place) -> Place:
        places = (self.meant(each, place)[1] for each in values if isinstance(each, str))
        return next((each for each in places if each.of_stack), place)

    def literal(self, value: Any, depth: int) -> str:
        if depth > _DEEPEST:
            return "null"
        if isinstance(value, Mapping):
            function = _function(value)
            inner = value.get(function)
            if function.lower() == "fn::tojson":
                return f"jsonencode({self.literal(inner, depth + 1)})"
            if function.lower() == "fn::secret":
                return self.literal(inner, depth + 1)
            if function:
                return "computed()"
            pairs = ((key, self.meant(each, Place(None))[0]) for key, each in value.items())
            return (
                "{" + ", ".join(f"{_quoted(str(key))} = {self.literal(each, depth + 1)}" for key, each in pairs) + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(self.literal(self.meant(each, Place(None))[0], depth + 1) for each in value) + "]"
        return _scalar(value)


def _function(value: Any) -> str:
    """The function that a mapping calls; empty where it is none."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return ""
    [key] = value
    return key if isinstance(key, str) and key.lower().startswith("fn::") else ""


def _invoked(value: Any) -> tuple[str, Any]:
    """(function, arguments) of a call to a provider, in either spelling."""
    name = _function(value)
    inner = value[name] if name else None
    if name.lower() == "fn::invoke" and isinstance(inner, Mapping):
        by_name = {str(key).lower(): each for key, each in inner.items()}
        return str(by_name.get("function") or ""), by_name.get("arguments")
    direct = _INVOKE.fullmatch(name)
    return (direct[1], inner) if direct else ("", None)


def _scalar(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value) if isinstance(value, int | float) else _quoted(str(value))


def _quoted(text: str) -> str:
    """A string of Terraform's; what is filled in keeps its name and no more, whatever else stands between the braces."""
    clean = _REFERENCE.sub(lambda match: "${" + re.sub(r"[^\w.\[\]:/-]", "", match[1]) + "}", text)
    return json.dumps(clean.replace("%{", "%%{"), ensure_ascii=False)
