"""Which metrics an application really exposes: by the library that makes them and the route the code has for them."""

# ruff: noqa: E501 - a row reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass

from boringops_tools.blueprints.context import Context
from boringops_tools.stack.facts import Application, Source


@dataclass(frozen=True)
class Library:
    """A metrics library: how its use is seen in code, and the names of what it exports.

    `served` says that it answers the route by itself once it is used. `requests` counts answers with the status in
    `status`; `seconds` is a histogram. Empty where the library by itself exports none."""

    name: str
    used: str
    served: bool = False
    path: str = "/metrics"
    requests: str = ""
    status: str = ""
    seconds: str = ""


LIBRARIES = (
    # https://github.com/trallnag/prometheus-fastapi-instrumentator: metrics.default()
    Library("prometheus-fastapi-instrumentator", r"Instrumentator\(.*\)?[\s\S]{0,200}?\.expose\(", True, "/metrics", "http_requests_total", "status", "http_request_duration_seconds"),
    # https://github.com/rycus86/prometheus_flask_exporter: default metrics
    Library("prometheus-flask-exporter", r"\b(Gunicorn\w*|UWsgi)?PrometheusMetrics\(", True, "/metrics", "flask_http_request_total", "status", "flask_http_request_duration_seconds"),
    # https://github.com/korfuri/django-prometheus: ExportToDjangoView at <prefix>/metrics
    Library("django-prometheus", r"include\(\s*['\"]django_prometheus\.urls['\"]", True, "/metrics", "django_http_responses_total_by_status_total", "status", "django_http_requests_latency_seconds_by_view_method"),
    # https://github.com/jochen-schweizer/express-prom-bundle
    Library("express-prom-bundle", r"require\(['\"]express-prom-bundle['\"]\)|from ['\"]express-prom-bundle['\"]", True, "/metrics", "http_request_duration_seconds_count", "status_code", "http_request_duration_seconds"),
    # Micrometer's Prometheus registry behind Spring Boot's actuator
    Library("micrometer-registry-prometheus", r"micrometer-registry-prometheus", True, "/actuator/prometheus", "http_server_requests_seconds_count", "status", ""),
    Library("prom-client", r"require\(['\"]prom-client['\"]\)|from ['\"]prom-client['\"]"),
    Library("prometheus_client", r"(from|import) prometheus_client"),
    Library("client_golang", r"prometheus/client_golang/prometheus/promhttp"),
)  # fmt: skip

_ROUTE = re.compile(
    r"(?:\.(?:get|use|all|route|Handle|HandleFunc|GET|add_route|mount|add_url_rule)\(|@\w+\.(?:get|route)\(|\bpath\()\s*"
    r"[rf]?[\"'`](?:GET )?(/?metrics/?)[\"'`]"
)
_CODE = (".py", ".js", ".mjs", ".cjs", ".ts", ".go", ".java", ".kt", "pom.xml", "build.gradle", "build.gradle.kts")
_ASIDE = re.compile(r"(^|/)(tests?|__tests__|spec|docs|examples?|node_modules|vendor)/|[._]test\.|\.spec\.")


@dataclass(frozen=True)
class Metrics:
    """A metrics route that exists. `library` is None where the route is there and what fills it is not known."""

    path: str
    source: Source
    library: Library | None


def of(context: Context, app: Application) -> Metrics | None:
    """The metrics route of an application; None where its code has none that is certain."""
    library: tuple[Library, Source] | None = None
    route: Source | None = None
    for path in context.tree.all_below(app.folder):
        if not path.endswith(_CODE) or _ASIDE.search(path) or _belongs_elsewhere(context, app, path):
            continue
        text = context.tree.text(path)
        for each in LIBRARIES if library is None or not library[0].served else ():
            if found := re.search(each.used, text):
                if library is None or each.served:
                    library = each, _at(path, text, found.start())
                break
        if route is None and (found := _ROUTE.search(text)):
            route = _at(path, text, found.start())
    if library and library[0].served:
        return Metrics(library[0].path, library[1], library[0])
    if route:
        return Metrics("/metrics", route, library[0] if library else None)
    return None


def _belongs_elsewhere(context: Context, app: Application, path: str) -> bool:
    """Whether a file is another application's, in a folder below this one's."""
    return any(
        other.folder != app.folder and len(other.folder) > len(app.folder) and path.startswith(f"{other.folder}/")
        for other in context.apps
    )


def _at(path: str, text: str, offset: int) -> Source:
    return Source(path=path, line=text.count("\n", 0, offset) + 1)
