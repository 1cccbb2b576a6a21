"""TypeScript and JavaScript programs of Pulumi, read as if they were YAML ones and held against the same red flags.

As with Python's, nothing is run, and what stands in a condition is left alone.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pulumi import hits
from boringops_tools.red_flags.pulumi_program import COMPUTED, label, program, token
from boringops_tools.red_flags.pulumi_terraform import told
from boringops_tools.yaml_load import Map

if TYPE_CHECKING:
    from tree_sitter import Node

_SPREAD = "..."
_IMPORTED = lazy_pattern(
    r"import\s+(?:\*\s+as\s+(?P<all>\w+)|\{(?P<some>[^}]*)\}|(?P<one>\w+))\s+from\s+[\"']@pulumi/(?P<from>aws|gcp|azure|azure-native|kubernetes)(?P<in>(?:/\w+)*)[\"']"
    r"|(?:const|let|var)\s+(?P<required>\w+)\s*=\s*require\([\"']@pulumi/(?P<from2>aws|gcp|azure|azure-native|kubernetes)[\"']\)"
)
_DECIDED = frozenset({"if_statement", "ternary_expression", "switch_statement", "binary_expression", "catch_clause"})
_JSON = frozenset({"JSON.stringify", "pulumi.jsonStringify"})
_MOST = 400_000
"""Characters of one program."""


def is_program(path: str) -> bool:
    return path.endswith((".ts", ".js", ".mts", ".mjs")) and not path.endswith((".d.ts", ".min.js"))


def program_of(path: str, text: str) -> Mapping[str, Any] | None:
    """The program in the shape of a YAML one, with the lines of its own; null where it makes nothing in a cloud."""
    if "@pulumi/" not in text or len(text) > _MOST or not _IMPORTED.search(text):
        return None
    from boringops_tools.stack import grammar  # what it comes with takes a tenth of a check's start-up

    root = grammar.root("typescript" if path.endswith("ts") else "javascript", text)
    return _Reader(root, text).program()


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def _all(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        each = todo.pop()
        yield each
        todo += [child for child in reversed(each.named_children) if child.type not in _DECIDED]


class _Reader:
    def __init__(self, root: Node, text: str) -> None:
        self.root = root
        self.modules: dict[str, str] = {}
        """What a name stands for: `aws` for aws, `Bucket` for aws.s3.Bucket."""
        for match in _IMPORTED.finditer(text):
            package = ".".join([match["from"] or match["from2"], *(match["in"] or "").strip("/").split("/")]).rstrip(
                "."
            )
            for name in (match["all"], match["one"], match["required"]):
                if name:
                    self.modules[name] = package
            for name in (match["some"] or "").split(","):
                its, _, ours = name.strip().removeprefix("type ").partition(" as ")
                if its:
                    self.modules[ours.strip() or its] = f"{package}.{its}"
        self.constants: dict[str, Node] = {}
        for statement in root.named_children:
            inner = statement.child_by_field_name("declaration") if statement.type == "export_statement" else statement
            for each in inner.named_children if inner is not None and inner.type == "lexical_declaration" else ():
                name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
                if _text(inner).startswith("const") and name is not None and value is not None:
                    self.constants[_text(name)] = value

    def program(self) -> Mapping[str, Any] | None:
        resources = Map()
        for node in _all(self.root):
            made = self.token(node) if node.type == "new_expression" else ""
            if made:
                given = node.child_by_field_name("arguments")
                arguments = [each for each in given.named_children if each.type != "comment"] if given else []
                name = label(_text(arguments[0]) if arguments else "", made, resources)
                properties = self.value(arguments[1]) if len(arguments) > 1 else Map()
                if not isinstance(properties, Map) or _SPREAD in properties:
                    continue  # what else it is given is not known, nor what it is not
                options = self.value(arguments[2]) if len(arguments) > 2 else None
                resources[name] = {
                    "type": made,
                    "properties": properties,
                    "options": options if isinstance(options, Map) else Map(),
                }
                resources.lines[name] = node.start_point[0] + 1
        return program(resources)

    def token(self, node: Node) -> str:
        """`aws:s3:Bucket`; empty where no resource of a cloud is made."""
        first, dot, rest = _text(node.child_by_field_name("constructor")).partition(".")
        called = self.modules.get(first, "")
        package, *middle = f"{called}{dot}{rest}".split(".") if called else ("",)
        if not package or not middle or not re.fullmatch(r"[A-Z]\w*", middle[-1]) or middle[-1] == "Provider":
            return ""
        return token(package, middle[:-1], middle[-1])

    def value(self, node: Node, depth: int = 0) -> Any:
        kind = node.type
        if depth > 30:
            return COMPUTED
        if kind == "string":
            return "".join(_text(each) for each in node.named_children)
        if kind in ("true", "false"):
            return kind == "true"
        if kind == "number":
            return int(_text(node)) if re.fullmatch(r"\d+", _text(node)) else _text(node)
        if kind in ("null", "undefined"):
            return None
        if kind == "array":
            return [self.value(each, depth + 1) for each in node.named_children if each.type != "comment"]
        if kind == "object":
            return self.mapping(node, depth)
        if kind == "template_string":
            parts = (_text(each) if each.type == "string_fragment" else COMPUTED for each in node.named_children)
            return "".join(parts)
        if kind in ("as_expression", "satisfies_expression", "parenthesized_expression") and node.named_children:
            return self.value(node.named_children[0], depth + 1)
        if kind == "identifier" and _text(node) in self.constants:
            return self.value(self.constants[_text(node)], depth + 8)
        given = node.child_by_field_name("arguments") if kind == "call_expression" else None
        if given is not None and given.named_children:
            function = _text(node.child_by_field_name("function"))
            if function in _JSON:
                return {"fn::toJSON": self.value(given.named_children[0], depth + 1)}
            last = given.named_children[-1]
            body = last.child_by_field_name("body") if last.type == "arrow_function" else None
            if function.endswith(".apply") and body is not None:
                return self.value(body, depth + 1)
        first, _, rest = _text(node).partition(".") if kind == "member_expression" else ("", "", "")
        if self.modules.get(first, "").startswith("azure-native") and re.fullmatch(
            r"(?:\w+\.)*[A-Z]\w*\.(?:[A-Za-z\d]+|TLS\d_\d)", rest
        ):
            return rest.rpartition(".")[2]  # a word of an enumeration is what it is called
        return COMPUTED

    def mapping(self, node: Node, depth: int) -> Map:
        found = Map()
        for each in node.named_children:
            key, value = each.child_by_field_name("key"), each.child_by_field_name("value")
            if each.type == "pair" and key is not None and value is not None and key.type != "computed_property_name":
                name = _text(key).strip("\"'")
                found[name] = self.value(value, depth + 1)
            elif each.type == "shorthand_property_identifier":
                name = _text(each)
                found[name] = self.value(self.constants[name], depth + 8) if name in self.constants else COMPUTED
            elif each.type == "spread_element":
                name = _SPREAD
                found[name] = None
            else:
                continue
            found.lines[name] = each.start_point[0] + 1
        return found


def _flags(path: str, text: str) -> Iterable[Hit]:
    program = program_of(path, text)
    return hits(path, told(program)) if program else ()


_IMPORTS = 'import * as pulumi from "@pulumi/pulumi";\nimport * as aws from "@pulumi/aws";\nimport * as azure from "@pulumi/azure-native";\nimport { compute, sql } from "@pulumi/gcp";\n\n'


def _ts(text: str) -> str:
    return _IMPORTS + text + "\n"


RED_FLAGS = (
    RedFlag(
        "pulumi/cloud-resource-typescript", "Disable security features for convenience", "warning",
        "The red flags of Terraform's resources; each is told by its own name.",
        applies=is_program, check=_flags,
        bad={
            "index.ts": _ts('const f = new compute.Firewall("a", {\n  sourceRanges: ["0.0.0.0/0"],\n  allows: [{ protocol: "tcp", ports: ["22"] }],\n});'),
            "a.ts": _ts('export const db = new aws.rds.Instance(`db-${stack}`, { publiclyAccessible: true });'),
            "b.ts": _ts('const everybody = ["0.0.0.0/0"];\nnew aws.ec2.SecurityGroup("a", { ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: everybody }] });'),
            "c.ts": _ts('new aws.iam.RolePolicy("a", { role: r.id, policy: JSON.stringify({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }) });'),
            "d.ts": _ts('class Web extends pulumi.ComponentResource {\n  constructor(name: string) {\n    super("a:b", name);\n    new azure.storage.StorageAccount(name, { allowBlobPublicAccess: true });\n  }\n}'),
            "f.ts": _ts('new azure.storage.StorageAccount("a", { minimumTlsVersion: azure.storage.MinimumTlsVersion.TLS1_0 });\nnew azure.resources.ResourceGroup("a", {});'),
            "g.ts": _ts('new aws.iam.RolePolicy("a", { policy: b.arn.apply(arn => JSON.stringify({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] })) });'),
            "e.js": '"use strict";\nconst aws = require("@pulumi/aws");\nnew aws.rds.Instance("a", { storageEncrypted: false });\n',
        },
        good={
            "index.ts": _ts('new compute.Firewall("a", { sourceRanges: [config.require("office")], allows: [{ protocol: "tcp", ports: ["22"] }] });'),
            "a.ts": _ts('new aws.rds.Instance("a", { publiclyAccessible: open, storageEncrypted: true });'),
            "b.ts": _ts('if (stack === "dev") {\n  new aws.rds.Instance("a", { publiclyAccessible: true });\n}'),
            "c.ts": _ts('new aws.ec2.SecurityGroup("a", { ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }] });'),
            "e.ts": _ts('new aws.rds.Instance("a", { ...common, publiclyAccessible: false });\nnew aws.rds.Instance("b", settings);'),
            "d.ts": 'import { Instance } from "./rds";\nnew Instance("a", { publiclyAccessible: true });\n',
        },
    ),
)  # fmt: skip
