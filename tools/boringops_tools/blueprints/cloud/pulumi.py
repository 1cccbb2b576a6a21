"""Pulumi for ECS, in Python or TypeScript: the same shape as the Terraform, as one program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from boringops_tools.blueprints.cloud import terraform
from boringops_tools.blueprints.cloud.workload import Workload, tool, workloads
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

_REQUIREMENTS = "pulumi>=3.200,<4\npulumi-aws>=7.10,<8\n"
_PACKAGE = {
    "private": True,
    "main": "index.ts",
    "dependencies": {"@pulumi/aws": "^7.10.0", "@pulumi/pulumi": "^3.200.0"},
    "devDependencies": {"@types/node": "^24.0.0", "typescript": "^5.9.0"},
}
_TSCONFIG = {
    "compilerOptions": {
        "strict": True, "outDir": "bin", "target": "es2022", "module": "commonjs", "moduleResolution": "node", "skipLibCheck": True,
    },
    "files": ["index.ts"],
}  # fmt: skip


def files(context: Context) -> Iterator[DraftFile]:
    asked = tool(context)
    if not asked.startswith("pulumi") or not workloads(context):
        return
    python = asked == "pulumi-python"
    told = terraform.facts(context)
    values = {work.name: _values(work, python) for work in told["works"]}
    program = "main.py" if python else "index.ts"
    texts = {
        "Pulumi.yaml": render("cloud/pulumi/Pulumi.yaml.j2", **told, language="python" if python else "typescript"),
        "__main__.py" if python else program: render(f"cloud/pulumi/{program}.j2", **told, values=values),
    }
    if python:
        texts["requirements.txt"] = _REQUIREMENTS
    else:
        texts["package.json"] = json.dumps({"name": told["project"], **_PACKAGE}, indent=2) + "\n"
        texts["tsconfig.json"] = json.dumps(_TSCONFIG, indent=2) + "\n"
    for name, content in texts.items():
        path = f"{terraform.place(context)}/{name}"
        if path not in context.tree:
            yield DraftFile(
                path=path,
                content=content,
                why="The infrastructure on AWS as a program, with a stack for each environment.",
            )


def _values(work: Workload, python: bool) -> dict[str, str]:
    """What the infrastructure knows, as expressions of the program's language."""
    address = {
        "module.database.address": "database.address",
        "module.cache.address": "cache.primary_endpoint_address" if python else "cache.primaryEndpointAddress",
    }
    return {name: _value(expression, address, python) for name, expression in work.fixed.items()}


def _value(expression: str, address: dict[str, str], python: bool) -> str:
    if expression in address:
        return address[expression]
    found = re.fullmatch(r'"([^$]*)\$\{([\w.]+)\}([^$]*)"', expression)
    if found is None:
        return expression
    before, inner, after = found.groups()
    if python:
        return f'pulumi.Output.concat("{before}", {address[inner]}, "{after}")'
    return f"pulumi.interpolate`{before}${{{address[inner]}}}{after}`"
