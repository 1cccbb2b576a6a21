"""What is wrong with the objects that a Kustomization becomes, where nothing that it is made of says so already."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from boringops.facts import Finding
from boringops_tools.validators.base import File, Said
from boringops_tools.validators.kubernetes import KubernetesSchema

_FILE = "built.yaml"
_BUILT = "kubernetes-"
"""What the schema's rules begin with here, as with charts."""
# What a patch by operations opens shows in what is built alone.
_FLAGS = frozenset(
    f"kubernetes/{name}"
    for name in ("capabilities", "host-namespace", "host-path", "privileged", "privilege-escalation", "root")
)
# What is built alone may lean on what others apply: these need no more than an object, or what it selects.
_RULES = frozenset(
    f"k8s/{name}"
    for name in (
        "changing-selector", "configmap-key", "custom-field", "duplicate", "exclusive", "field-path", "governing-service",
        "ingress-port", "killed-in-hook", "label-value", "memory-limit", "milli-memory", "name", "network", "no-image",
        "no-probe", "no-readiness", "policy-port", "port-range", "probe-port", "quantity", "request-over-limit",
        "restart-policy", "scaler-range", "schedule", "selector", "service-selector", "twice", "unknown-port",
        "volume-content", "volume-mount", "word",
    )
)  # fmt: skip


def judge(built: str, copy: Path, file: str, sources: Iterable[str]) -> Iterator[Said]:
    """Each rule that speaks of what is built and of none of its sources, once for every message."""
    from boringops_tools import red_flags
    from boringops_tools.checks import scan

    paths = sorted(sources)
    before = list(scan(copy, paths))
    if any(each.rule.startswith("kustomize/") and each.severity in ("error", "warning") for each in before):
        return  # it does not become what was meant: that is to be repaired first
    told = {each.rule for each in (*before, *red_flags.scan(copy, paths), *_schema(copy, paths))}
    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        root = Path(folder)
        (root / _FILE).write_text(built, encoding="utf-8")
        found = [*_schema(root, [_FILE]), *scan(root, [_FILE]), *red_flags.scan(root, [_FILE])]
    said: set[tuple[str, str]] = set()
    for each in found:
        ours = each.rule.startswith(_BUILT) or each.rule in _RULES | _FLAGS
        if not ours or each.rule in told or each.severity not in ("error", "warning"):
            continue
        if (each.rule, each.message) not in said:
            said.add((each.rule, each.message))
            yield Said(file, each.rule, each.severity, None, f"as it is built, {each.message}", each.hint or "")


def _schema(root: Path, paths: Iterable[str]) -> Iterator[Finding]:
    schema = KubernetesSchema()
    if schema.locate() is None:
        return
    for path in paths:
        file = File(root, path, (root / path).read_text("utf-8", "replace"))
        if schema.covers(file) and not schema.skip(file):
            for each in schema.judge(file):
                if isinstance(each, Finding):
                    yield each.model_copy(update={"rule": f"{_BUILT}{each.rule}"})
