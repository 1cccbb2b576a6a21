"""Python programs of Pulumi, read as if they were YAML ones and held against the same red flags.

What a program computes is not run: where a value is no literal, nothing is known of it. What stands in a condition may be
for trying things out, and is left alone.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.pulumi import hits
from boringops_tools.red_flags.pulumi_program import COMPUTED, label, program, token
from boringops_tools.red_flags.pulumi_terraform import told
from boringops_tools.yaml_load import Map

_CLOUDS = ("pulumi_aws", "pulumi_gcp", "pulumi_azure", "pulumi_azure_native", "pulumi_kubernetes")
_TLS = lazy_pattern(r"TLS\d_\d")
_JSON = lazy_pattern(r"(?:json\.dumps|(?:pulumi\.)?Output\.json_dumps)")


def is_program(path: str) -> bool:
    return path.endswith(".py")


def parsed(text: str) -> ast.Module | None:
    """A program; null where it is none of Pulumi's, or is broken."""
    if "pulumi" not in text:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run whatever is chosen: those of functions and classes too, not those of conditions."""
    for each in body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.With | ast.For):
            yield from statements(each.body)
        elif not isinstance(each, ast.If | ast.While | ast.Match | ast.Try):
            yield each


def program_of(text: str) -> Mapping[str, Any] | None:
    """The program in the shape of a YAML one, with the lines of its own; null where it makes nothing in a cloud."""
    module = parsed(text) if any(each in text for each in _CLOUDS) else None
    return _Reader(module).program() if module else None


class _Reader:
    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.modules: dict[str, str] = {}
        """What a name stands for: `aws` for pulumi_aws, `Bucket` for pulumi_aws.s3.Bucket."""
        self.constants: dict[str, ast.expr] = {}
        again = set()
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                self.modules |= {(each.asname or each.name): each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self.modules |= {(each.asname or each.name): f"{node.module}.{each.name}" for each in node.names}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                if node.id in self.constants:
                    again.add(node.id)
                self.constants.setdefault(node.id, ast.Constant(COMPUTED))
        for each in module.body:
            target = each.targets[0] if isinstance(each, ast.Assign) and len(each.targets) == 1 else None
            if isinstance(each, ast.Assign) and isinstance(target, ast.Name) and target.id not in again:
                self.constants[target.id] = each.value

    def program(self) -> Mapping[str, Any] | None:
        resources = Map()
        for statement in statements(self.module.body):
            for node in ast.walk(statement):
                made = self.token(node.func) if isinstance(node, ast.Call) else ""
                if made and isinstance(node, ast.Call) and not _spread(node):
                    name = label(ast.unparse(node.args[0]) if node.args else "", made, resources)
                    resources[name] = self.resource(made, node)
                    resources.lines[name] = node.lineno
        return program(resources)

    def called(self, node: ast.expr) -> str:
        """The full name of what is called: `pulumi_aws.s3.Bucket`."""
        text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
        first, dot, rest = text.partition(".")
        return f"{self.modules.get(first, first)}{dot}{rest}"

    def token(self, node: ast.expr) -> str:
        """`aws:s3:Bucket`; empty where no resource of a cloud is made."""
        package, *middle = self.called(node).split(".")
        last = middle.pop() if middle else ""
        if package not in _CLOUDS or not last[:1].isupper() or last.endswith(("Args", "ArgsDict", "Provider")):
            return ""
        modules = [each.rstrip("_") for each in middle]  # `lambda_`
        return token(package.removeprefix("pulumi_").replace("_", "-"), modules, last)

    def resource(self, token: str, call: ast.Call) -> Mapping[str, Any]:
        properties, options = Map(), Map()
        for each in call.keywords:
            if each.arg == "opts":
                options = self.mapping(each.value, token) if isinstance(each.value, ast.Call) else options
            elif each.arg == "args" or each.arg is None:
                inner = self.mapping(each.value, token)
                properties.update(inner)
                properties.lines.update(inner.lines)
            else:
                key = _camel(each.arg, token)
                properties[key] = self.value(each.value, token)
                properties.lines[key] = each.value.lineno if isinstance(each.value, ast.Constant) else each.lineno
        return {"type": token, "properties": properties, "options": options}

    def mapping(self, node: ast.expr, token: str) -> Map:
        """A dictionary, or the arguments of a class such as `FirewallAllowArgs`."""
        found = Map()
        pairs: list[tuple[str, ast.expr, int]] = []
        if isinstance(node, ast.Call):
            pairs = [(each.arg, each.value, each.lineno) for each in node.keywords if each.arg]
        elif isinstance(node, ast.Dict):
            pairs = [
                (str(key.value), value, key.lineno)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        for key, value, line in pairs:
            name = _camel(key, token)
            found[name] = self.value(value, token)
            found.lines[name] = line
        return found

    def value(self, node: ast.expr, token: str, depth: int = 0) -> Any:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | int | float | bool) or node.value is None else COMPUTED
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(each, token, depth + 1) for each in node.elts]
        if isinstance(node, ast.Dict):
            return self.mapping(node, token)
        if isinstance(node, ast.Name) and node.id in self.constants and depth < 8:
            return self.value(self.constants[node.id], token, depth + 1)
        if isinstance(node, ast.Call):
            called = self.called(node.func)
            if _JSON.fullmatch(called) and node.args:
                return {"fn::toJSON": self.value(node.args[0], "", depth + 1)}
            if called.startswith(_CLOUDS) and called.endswith(("Args", "ArgsDict")):
                return self.mapping(node, token)
            last = node.args[-1] if node.args else None
            if isinstance(node.func, ast.Attribute) and node.func.attr == "apply" and isinstance(last, ast.Lambda):
                return self.value(last.body, token, depth + 1)
        if isinstance(node, ast.Attribute) and self.called(node).startswith("pulumi_azure_native."):
            # a word of an enumeration; those of several words are written in ways of their own
            word = node.attr
            return (
                word.capitalize() if word.isalpha() and word.isupper() else word if _TLS.fullmatch(word) else COMPUTED
            )
        if isinstance(node, ast.JoinedStr):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else COMPUTED for each in node.values)
        return COMPUTED


def _spread(call: ast.Call) -> bool:
    """Whether a resource is given more than is written there: what it is not given is not known then."""
    return any(
        each.arg is None or (each.arg == "args" and not isinstance(each.value, ast.Call)) for each in call.keywords
    )


def _camel(name: str, token: str) -> str:
    """The name as Azure's own interface has it: what is known of its arguments is known by those names."""
    if not token.startswith(("azure-native:", "kubernetes:")):
        return name
    first, *others = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)


def _flags(path: str, text: str) -> Iterable[Hit]:
    program = program_of(text)
    return hits(path, told(program)) if program else ()


_IMPORTS = "import json\nimport pulumi\nimport pulumi_aws as aws\nimport pulumi_azure_native as azure\nfrom pulumi_gcp import compute, sql\n\n"


def _py(text: str) -> str:
    return _IMPORTS + text + "\n"


RED_FLAGS = (
    RedFlag(
        "pulumi/cloud-resource-python", "Disable security features for convenience", "warning",
        "The red flags of Terraform's resources; each is told by its own name.",
        applies=is_program, check=_flags,
        bad={
            "__main__.py": _py('compute.Firewall("a", source_ranges=["0.0.0.0/0"], allows=[{"protocol": "tcp", "ports": ["22", "443"]}])'),
            "a.py": _py('compute.Firewall("a", source_ranges=["0.0.0.0/0"], allows=[compute.FirewallAllowArgs(protocol="tcp", ports=["22"])])'),
            "b.py": _py('def make(name):\n    return aws.rds.Instance(name, publicly_accessible=True)'),
            "c.py": _py('EVERYBODY = ["0.0.0.0/0"]\naws.ec2.SecurityGroup("a", ingress=[aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=22, to_port=22, cidr_blocks=EVERYBODY)])'),
            "d.py": _py('aws.iam.RolePolicy("a", policy=json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))'),
            "e.py": _py('azure.storage.StorageAccount("a", allow_blob_public_access=True)'),
            "g.py": _py('azure.storage.StorageAccount("a", allow_blob_public_access=True)\nazure.resources.ResourceGroup("a")'),
            "h.py": _py('aws.iam.RolePolicy("a", policy=b.arn.apply(lambda arn: json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})))'),
            "f.py": _py('sql.DatabaseInstance("a", settings={"ip_configuration": {"authorized_networks": [{"value": "0.0.0.0/0"}]}})'),
        },
        good={
            "__main__.py": _py('compute.Firewall("a", source_ranges=[config.require("office")], allows=[{"protocol": "tcp", "ports": ["22"]}])'),
            "a.py": _py('compute.Firewall("a", source_ranges=["0.0.0.0/0"], allows=[{"protocol": "tcp", "ports": ["443"]}])'),
            "b.py": _py('aws.rds.Instance("a", publicly_accessible=public, storage_encrypted=True)'),
            "c.py": _py('if stack == "dev":\n    aws.rds.Instance("a", publicly_accessible=True)'),
            "d.py": _py('aws.iam.RolePolicy("a", policy=json.dumps({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}))'),
            "f.py": _py("make(name)\nlen([])"),
            "g.py": _py('aws.rds.Instance("a", publicly_accessible=False, **common)\naws.rds.Instance("a", args=settings)'),
            "e.py": "import boto3\n\nInstance('a', publicly_accessible=True)\n",
        },
    ),
)  # fmt: skip
