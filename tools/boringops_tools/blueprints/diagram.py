"""The architecture as a Mermaid flowchart, from the files themselves: applications, Compose, manifests, Terraform, pipelines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.blueprints.context import COMPOSE_NAMES, Context
from boringops_tools.yaml_files import Unreadable, documents

MOST = 40
"""Nodes; a larger picture is read by nobody, and what is left out is said in it."""
_DRAWN = re.compile(
    r"(aws_(lb|alb|ecs_service|eks_cluster|lambda_function|db_instance|rds_cluster|elasticache_\w+|s3_bucket|cloudfront_distribution|"
    r"sqs_queue|sns_topic|instance|apigatewayv2_api)|google_(cloud_run_v2_service|cloud_run_service|sql_database_instance|"
    r"container_cluster|storage_bucket|redis_instance|pubsub_topic|compute_instance)|azurerm_(container_app|kubernetes_cluster|"
    r"postgresql_flexible_server|mysql_flexible_server|redis_cache|storage_account|linux_web_app))"
)
_STORES = re.compile(
    r"postgres|mysql|maria|mongo|redis|valkey|rabbit|kafka|sql|db|bucket|storage|cache|s3", re.IGNORECASE
)
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"}


class _Chart:
    """Nodes in groups, and edges between them; each once."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, str]] = {"": {}}
        self.edges: dict[tuple[str, str, str], None] = {}

    def node(self, group: str, kind: str, name: str, label: str, *, store: bool = False) -> str:
        identity = f"{kind}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"
        shape = '[("{}")]' if store else '["{}"]'
        self.groups.setdefault(group, {}).setdefault(identity, identity + shape.format(_label(label)))
        return identity

    def edge(self, start: str, end: str, label: str = "") -> None:
        self.edges.setdefault((start, end, label))

    def text(self) -> str:
        shown = [identity for nodes in self.groups.values() for identity in nodes][:MOST]
        lines = ["flowchart LR"]
        for number, (group, nodes) in enumerate(self.groups.items()):
            inside = [line for identity, line in nodes.items() if identity in shown]
            if group and inside:
                lines += [f'  subgraph g{number}["{_label(group)}"]', *(f"    {line}" for line in inside), "  end"]
            else:
                lines += [f"  {line}" for line in inside]
        lines += [
            f'  {start} -->|"{label}"| {end}' if label else f"  {start} --> {end}"
            for start, end, label in self.edges
            if start in shown and end in shown
        ]
        left = sum(len(nodes) for nodes in self.groups.values()) - len(shown)
        return "\n".join([*lines, *([f'  more["{left} more are not drawn"]'] if left > 0 else [])])


def _label(text: str) -> str:
    """Text of the repository inside quotes: nothing in it ends them or starts markup."""
    kept = re.sub(r"[\x00-\x1f\x7f]", " ", text)[:80].replace("&", "#amp;").replace('"', "#quot;")
    return kept.replace("<br>", "\0").replace("<", "#lt;").replace(">", "#gt;").replace("`", "'").replace("\0", "<br>")


def mermaid(context: Context, *, promotes: bool = False) -> str:
    """The flowchart, without its fence. `promotes`: the release workflow builds once and promotes by digest."""
    chart = _Chart()
    if context.containers:
        _applications(context, chart)
    for path in context.tree.files:
        if path.rpartition("/")[2] in COMPOSE_NAMES:
            _compose(context, chart, path)
        elif path.endswith((".yaml", ".yml")) and re.search(r"(?m)^kind:", context.tree.text(path)):
            _manifests(context, chart, path)
    _terraform(context, chart)
    _pipelines(context, chart, promotes)
    return chart.text()


def _applications(context: Context, chart: _Chart) -> None:
    users = chart.node("", "n", "users", "Users")
    edge = chart.node("", "n", "edge", "TLS endpoint: fill in")
    chart.edge(users, edge)
    for app in context.containers:
        port = f", port {app.port}" if app.port else ""
        node = chart.node("", "app", app.name, f"{app.name}<br>{app.framework or app.language}{port}")
        chart.edge(edge, node)
        for service in app.services:
            chart.edge(node, chart.node("", "data", service.kind, service.kind, store=True))
        for process in app.processes:
            chart.edge(
                node, chart.node("", "job", f"{app.name}_{process.name}", f"{app.name}: {process.name}"), "same image"
            )


def _compose(context: Context, chart: _Chart, path: str) -> None:
    for document in _read(context, path):
        services = document.get("services")
        for name, service in services.items() if isinstance(services, Mapping) else ():
            if not isinstance(service, Mapping):
                continue
            image = str(service.get("image", ""))
            node = chart.node(path, "compose", f"{path}_{name}", str(name), store=bool(_STORES.search(image)))
            needs = service.get("depends_on") or []
            for other in needs if isinstance(needs, list | Mapping) else []:
                chart.edge(node, f"compose_{re.sub(r'[^A-Za-z0-9]', '_', f'{path}_{other}')}")


def _manifests(context: Context, chart: _Chart, path: str) -> None:
    folder = path.rpartition("/")[0] or "manifests"
    for document in _read(context, path):
        kind, metadata = str(document.get("kind", "")), document.get("metadata")
        name = str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""
        if not name:
            continue
        if kind in _WORKLOADS:
            chart.node(folder, "workload", name, f"{kind} {name}", store=kind == "StatefulSet")
        elif kind == "Service":
            node = chart.node(folder, "service", name, f"Service {name}")
            selector = (document.get("spec") or {}).get("selector") or {}
            for value in selector.values() if isinstance(selector, Mapping) else ():
                chart.edge(node, f"workload_{re.sub(r'[^A-Za-z0-9]', '_', str(value))}")
        elif kind in ("Ingress", "HTTPRoute"):
            node = chart.node(folder, "ingress", name, f"{kind} {name}")
            for service in re.findall(
                r"'(?:service|backendRefs)': .*?'name': '([^']+)'", str(_plain(document.get("spec")))
            ):
                chart.edge(node, f"service_{re.sub(r'[^A-Za-z0-9]', '_', service)}")


def _terraform(context: Context, chart: _Chart) -> None:
    blocks = [
        (path, found[1], found[2], found[3])
        for path in context.tree.files
        if path.endswith((".tf", ".tofu"))
        for found in re.finditer(r'(?ms)^resource\s+"([\w-]+)"\s+"([\w-]+)"\s*\{(.*?)^\}', context.tree.text(path))
    ]
    drawn = {f"{kind}.{name}" for _, kind, name, _ in blocks if _DRAWN.fullmatch(kind)}
    for path, kind, name, body in blocks:
        if f"{kind}.{name}" in drawn:
            node = chart.node(
                path.rpartition("/")[0] or "terraform",
                "tf",
                f"{kind}.{name}",
                f"{kind}<br>{name}",
                store=bool(_STORES.search(kind)),
            )
            for other in re.findall(r"\b((?:aws|google|azurerm)_\w+\.[\w-]+)", body):
                if other in drawn and other != f"{kind}.{name}":
                    chart.edge(node, f"tf_{re.sub(r'[^A-Za-z0-9]', '_', other)}")


def _pipelines(context: Context, chart: _Chart, promotes: bool) -> None:
    if promotes and context.containers:
        names = (f"Commit on {context.stack.branch}", "One image", "Staging", "Production")
        nodes = [chart.node("", "step", name.split()[0], name) for name in names]
        for start, end, label in zip(nodes, nodes[1:], ("", "", "tag v*"), strict=False):
            chart.edge(start, end, label)
    for path in context.workflows:
        for document in _read(context, path):
            jobs = document.get("jobs")
            for name, job in jobs.items() if isinstance(jobs, Mapping) else ():
                node = chart.node(path, "flow", f"{path}_{name}", str(name))
                needs = job.get("needs") or [] if isinstance(job, Mapping) else []
                for other in [needs] if isinstance(needs, str) else needs:
                    chart.edge(f"flow_{re.sub(r'[^A-Za-z0-9]', '_', f'{path}_{other}')}", node)


def _read(context: Context, path: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from (each for each in documents(context.tree.text(path)) if isinstance(each, Mapping))
    except Unreadable:
        return


def _plain(value: Any) -> Any:
    """A parsed value without what the reader adds to it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else str(value)
