"""What generated files say of an application's variables, read back from each kind of file that carries them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from boringops_tools.red_flags.hcl import Call, Expression, read
from boringops_tools.yaml_files import documents

Nature = Literal["secret", "setting"]
UNSET = "set-me.invalid"


def compose(root: Path, service: str, *names: str) -> dict[str, Any]:
    """The environment of a service, files over one another."""
    found: dict[str, Any] = {}
    for name in names:
        [said] = documents((root / name).read_text())
        found |= said["services"].get(service, {}).get("environment") or {}
    return found


def container(root: Path, folder: str, environment: str) -> tuple[dict[str, str], dict[str, str | None]]:
    """(secret references, settings) of a pod by Kustomize; a setting that is only offered has no value."""
    secrets = _references((root / folder / "base/deployment.yaml").read_text())
    settings: dict[str, str | None] = {}
    for path in (f"{folder}/base/kustomization.yaml", f"{folder}/overlays/{environment}/kustomization.yaml"):
        text = (root / path).read_text()
        [said] = documents(text)
        for made in said.get("configMapGenerator") or []:
            settings |= dict(each.partition("=")[::2] for each in made.get("literals") or [])
        for name in re.findall(r"(?m)^    #   (\w+)$", text):
            settings.setdefault(name, None)
    return secrets, settings


def chart(root: Path, folder: str, environment: str) -> tuple[dict[str, str], dict[str, str | None]]:
    """The same by a chart's values."""
    [home] = [path.parent for path in (root / folder).glob("*/Chart.yaml")]
    secrets = _references(re.sub(r"\{\{[^}]*\}\}", "x", (home / "templates/deployment.yaml").read_text()))
    settings: dict[str, str | None] = {}
    for name in ("values.yaml", f"values-{environment}.yaml"):
        text = (home / name).read_text()
        [said] = documents(text)
        settings |= said.get("config") or {}
        for offered in re.findall(r"(?m)^#   (\w+)$", text):
            settings.setdefault(offered, None)
    return secrets, settings


def _references(text: str) -> dict[str, str]:
    return dict(re.findall(r"- name: (\w+)\n\s+valueFrom:\n\s+secretKeyRef:\n\s+name: (\S+)", text))


def terraform(root: Path, module: str) -> tuple[set[str], set[str], dict[str, str | None]]:
    """(secret references, what the infrastructure knows, settings with their defaults) of one module call."""
    home = root / "infra/terraform"
    [call] = [each for each in read((home / "main.tf").read_text()) if each.labels == (module,)]
    secrets = call.value("secrets") or {}
    if isinstance(secrets, Call):  # merged with those that each environment chooses
        [local] = [each for each in read((home / "main.tf").read_text()) if each.kind == "locals"]
        secrets = secrets.arguments[0] | local.value(f"{module}_optional_secrets")
    assert all(isinstance(each, Expression) or "${" in str(each) for each in secrets.values()), "a reference, no value"
    known = call.value("environment")
    known = known.arguments[0] if isinstance(known, Call) else known
    variable = f"{module}_settings"
    declared = [each for each in read((home / "variables.tf").read_text()) if each.labels == (variable,)]
    settings = declared[0].value("type").arguments[0] if declared else {}
    return set(secrets), set(known or {}), {name: _default(kind) for name, kind in settings.items()}


def _default(kind: Any) -> str | None:
    """The default of an attribute of an object: `optional(string, "info")`; REQUIRED where it has to be given."""
    if not isinstance(kind, Call):
        return UNSET
    return str(kind.arguments[1]) if len(kind.arguments) > 1 else None


def template(root: Path, name: str) -> tuple[set[str], set[str]]:
    """(secrets, settings) of the first task definition of an application in the CloudFormation template."""
    text = (root / "infra/cloudformation/service.yaml").read_text()
    prefix = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))
    block = text.split(f"\n  {prefix}Task:\n", 1)[1]
    block = re.split(r"\n  \w+:\n", block, maxsplit=1)[0]
    secrets = set(re.findall(r"\{ Name: (\w+), ValueFrom: !Ref", block))
    return secrets, set(re.findall(r"\{ Name: (\w+), Value: ", block))


def pulumi(root: Path, kind: str) -> tuple[set[str], set[str]]:
    """(secrets, settings) that a Pulumi program hands to its services."""
    text = (root / f"infra/pulumi/{'__main__.py' if kind == 'python' else 'index.ts'}").read_text()
    told = re.findall(r"secret(?:_n|N)ames[=:] ?(\[[^\]]*\])(?:.*?used\(\"[\w-]+\", (\[[^\]]*\]))?", text)
    secrets = {name for found in told for part in found if part for name in json.loads(part)}
    names = r"(?m)^        \"(\w+)\": " if kind == "python" else r"(?m)^    ([A-Z]\w*): "
    blocks = re.findall(r"(?s)(?:environment_variables=|  variables: )\{\n(.*?)\n {2,4}\}", text)
    return secrets, {name for block in blocks for name in re.findall(names, block)}


def example(root: Path, path: str) -> dict[str, str]:
    """The assignments of an example environment file."""
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", (root / path).read_text()))


def table(root: Path, path: str) -> Mapping[str, list[str]]:
    """The rows of a document's tables that are about a variable."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in (root / path).read_text().splitlines()]
    found: dict[str, list[str]] = {}
    for row in rows:
        for cell in row[:2] if len(row) > 2 else ():
            if match := re.fullmatch(r"`([A-Z]\w+)`", cell):
                found.setdefault(match[1], row)
    return found
