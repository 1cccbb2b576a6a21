"""Monitoring with Prometheus and Grafana, on metrics that exist: the application's own, else a probe from outside."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import cronjobs, metrics, operator
from boringops_tools.blueprints.render import render
from boringops_tools.stack.facts import Application

FOLDER = "monitoring"
GUIDE = "docs/monitoring.md"
CLOUD_ONLY = r"\bcloudwatch\b"


@dataclass(frozen=True)
class Watched:
    """An application, its name in labels, and its metrics where its code exposes some."""

    app: Application
    job: str
    metrics: metrics.Metrics | None

    @property
    def name(self) -> str:
        """For names of alerts: `ParcelApi`."""
        return "".join(part.capitalize() for part in self.job.split("-"))

    @property
    def requests(self) -> str:
        return self.metrics.library.requests if self.metrics and self.metrics.library else ""

    @property
    def seconds(self) -> str:
        return self.metrics.library.seconds if self.metrics and self.metrics.library else ""

    @property
    def status(self) -> str:
        return self.metrics.library.status if self.metrics and self.metrics.library else ""

    @property
    def probe(self) -> str:
        """What the blackbox exporter asks: the health route, else only whether the port is open."""
        scheme = f"http://{self.job}:{self.app.port}{self.app.health.path}" if self.app.health else ""
        return scheme or f"{self.job}:{self.app.port}"


def watched(context: Context) -> list[Watched]:
    return [
        Watched(app, re.sub(r"[^a-z0-9]+", "-", app.name.lower()).strip("-") or "app", metrics.of(context, app))
        for app in context.containers
        if app.port
    ]


def files(context: Context) -> Iterator[DraftFile]:
    apps = watched(context)
    if "monitoring" not in context.parts or not apps:
        return
    values: dict[str, Any] = {"apps": apps, "folder": FOLDER}
    made = {
        "prometheus.yml": ("operations/prometheus.yml.j2", "What Prometheus asks, and how often."),
        "blackbox.yml": ("operations/blackbox.yml.j2", "How applications are probed from outside."),
        "rules.yml": ("operations/rules.yml.j2", "Alerts on symptoms, each with what to do."),
        "rules.test.yml": (
            "operations/rules.test.yml.j2",
            "Each alert fires when it should and stays quiet when it should.",
        ),
    }
    operated = cronjobs.prometheus_operator(context)
    if operated:
        del made["prometheus.yml"]  # the operator writes it
    own = {} if re.search(CLOUD_ONLY, context.task, re.IGNORECASE) else made
    for name, (template, why) in own.items():
        path = f"{FOLDER}/{name}"
        if path not in context.tree:
            yield DraftFile(path=path, content=render(template, **values), why=why)
    if own and operated:
        yield from operator.files(context, apps)
    path = f"{FOLDER}/dashboard.json"
    if own and path not in context.tree:
        yield DraftFile(
            path=path,
            content=_dashboard(apps, context.stack.title),
            why="Traffic, errors, latency and saturation on one screen.",
        )
    if GUIDE not in context.tree:
        values |= {
            "prometheus": bool(own),
            "operated": operated,
            "target": context.choices.target,
            "tool": context.choices.tool,
        }
        yield DraftFile(
            path=GUIDE,
            content=render("operations/monitoring.md.j2", **values),
            why="What is watched, and what each alert asks of whom.",
        )


def assumptions(context: Context) -> list[str]:
    found = []
    for one in watched(context):
        if one.metrics:
            by = (
                f" by {one.metrics.library.name}"
                if one.metrics.library
                else "; which metrics of its own it has is not known"
            )
            found.append(f"{one.app.name}: metrics at {one.metrics.path} ({one.metrics.source}){by}.")
        else:
            found.append(
                f"{one.app.name}: its code has no metrics route; alerts rest on probes from outside (blackbox exporter)."
            )
    return [
        *found,
        "An answer that fails for 2 minutes is worth waking somebody; objectives of your own replace the thresholds.",
    ]


def _dashboard(apps: list[Watched], title: str) -> str:
    panels: list[dict[str, Any]] = []

    def panel(name: str, unit: str, *queries: tuple[str, str], kind: str = "timeseries") -> None:
        number = len(panels)
        panels.append({
            "id": number + 1, "title": name, "type": kind,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "targets": [
                {"refId": chr(65 + position), "expr": expression, "legendFormat": legend}
                for position, (expression, legend) in enumerate(queries)
            ],
        })  # fmt: skip

    panel("Answers from outside", "bool_yes_no", ('probe_success{job="probe"}', "{{application}}"), kind="stat")
    panel("Time to answer from outside", "s", ('probe_duration_seconds{job="probe"}', "{{application}}"))
    for one in apps:
        if one.requests:
            panel(f"{one.app.name}: requests", "reqps", (f'sum by ({one.status}) (rate({one.requests}{{job="{one.job}"}}[$__rate_interval]))', f"{{{{{one.status}}}}}"))  # fmt: skip
        if one.seconds:
            panel(f"{one.app.name}: latency", "s", *(
                (f'histogram_quantile({share}, sum by (le) (rate({one.seconds}_bucket{{job="{one.job}"}}[$__rate_interval])))', f"p{share * 100:g}")
                for share in (0.5, 0.95, 0.99)
            ))  # fmt: skip
        if one.metrics and one.metrics.library:
            panel(
                f"{one.app.name}: memory",
                "bytes",
                (f'process_resident_memory_bytes{{job="{one.job}"}}', "{{instance}}"),
            )
    shown = {
        "uid": re.sub(r"[^a-z0-9]+", "-", f"{title or 'service'}-overview".lower()).strip("-")[:40],
        "title": f"{title or 'Service'}: overview", "schemaVersion": 39, "editable": True, "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"}, "tags": ["boringops"],
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }  # fmt: skip
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
