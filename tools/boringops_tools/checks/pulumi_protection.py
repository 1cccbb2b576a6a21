"""Pulumi: protection of data that a change takes away, as Terraform's is held against its change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, mapping
from boringops_tools.red_flags.pulumi import is_project
from boringops_tools.red_flags.pulumi_terraform import program_of

# Where a resource is protected, by the value that does it.
_KEEPS = {
    ("options", "protect"): True, ("options", "retainOnDelete"): True, ("properties", "deletionProtection"): True,
    ("properties", "deletionProtectionEnabled"): True, ("properties", "enableDeletionProtection"): True,
    ("properties", "disableApiTermination"): True, ("properties", "purgeProtectionEnabled"): True,
}  # fmt: skip


def _resources(text: str) -> Mapping[Any, Any]:
    return mapping(program_of(text) or {}, "resources")


def _removed(files: Files, path: str) -> Iterator[Hit]:
    before = files.before(path)
    if before is None:
        return
    now = _resources(files.text(path))
    for name, resource in _resources(before).items():
        for (part, key), keeps in _KEEPS.items():
            if name not in now or mapping(resource, part).get(key) is not keeps:
                continue
            value = mapping(now[name], part).get(key)
            if value is not keeps and not isinstance(value, str):
                yield Hit(
                    at((mapping(now[name], part), key), (now, name)),
                    f"`{name}` was protected by `{key}` and no longer is",
                )


_P = "name: p\nruntime: yaml\nresources:\n  b:\n    type: aws:s3:Bucket\n    options: {%s}\n"

RULES = (
    Rule(
        "pulumi/protection-removed", "error",
        "Keep it, or take it away in a change of its own that says why and how the data is kept; waive this with that reason.",
        "Pulumi documentation, resource option protect: it holds as long as the program has it.", is_project, _removed,
        was={"Pulumi.yaml": _P % "protect: true"},
        bad=({"Pulumi.yaml": _P % "protect: false"}, {"Pulumi.yaml": _P % "dependsOn: []"}),
        good=({"Pulumi.yaml": _P % "protect: true, dependsOn: []"}, {"Pulumi.yaml": _P % "protect: '${keep}'"}),
    ),
)  # fmt: skip
