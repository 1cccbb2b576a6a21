"""Health checks of Compose that always pass, or ask where nothing listens; of probes in Kubernetes the first."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.kubernetes import containers, named, objects, pod_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose, is_yaml

_FORGIVES = lazy_pattern(r"(?:\|\||;)\s*(?:/bin/)?(?:true|:|exit\s+0|echo\b[^|;&]*)\s*[\"')]*\s*$")
_NOTHING = lazy_pattern(r"^\s*(?:(?:/usr)?/bin/)?(?:true|:|exit\s+0|echo(?:\s[^|;&]*)?|sleep\s+\d+)\s*$")
_ASKED = lazy_pattern(r"(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{2,5})\b")
# image: where it listens unless it is told otherwise, by its own documentation.
_LISTENS = {
    "grafana": (3000,), "prometheus": (9090,), "alertmanager": (9093,), "loki": (3100,), "tempo": (3200,), "nginx": (80, 443), "httpd": (80,),
    "caddy": (80, 443, 2019), "minio": (9000, 9001), "vault": (8200,), "consul": (8500,), "elasticsearch": (9200, 9300), "kibana": (5601,),
    "opensearch": (9200, 9600), "influxdb": (8086,), "rabbitmq": (5672, 15672, 15692), "nginx-unprivileged": (8080,), "node-exporter": (9100,),
    "pushgateway": (9091,), "blackbox-exporter": (9115,), "mailpit": (1025, 8025), "clickhouse-server": (8123, 9000), "neo4j": (7474, 7687),
}  # fmt: skip


def _services(files: Files, path: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            yield str(name), mapping(service)


def command_line(test: Any) -> str:
    """What a test runs, as one line."""
    words = [str(each) for each in listed(test)]
    return " ".join(words[1:] if words[:1] in (["CMD"], ["CMD-SHELL"]) else words) if words else str(test or "")


def always_passes(line: str) -> bool:
    """Whether a command succeeds whatever is asked."""
    return bool(_FORGIVES.search(line) or _NOTHING.match(line))


def _forgiven(files: Files, path: str) -> Iterator[Hit]:
    if is_compose(path):
        for name, service in _services(files, path):
            check = mapping(service, "healthcheck")
            if always_passes(command_line(check.get("test"))):
                yield Hit(at((check, "test")), f"the health check of `{name}` passes whatever the service answers")
        return
    for thing in objects(files, path):
        for container in containers(pod_of(thing)):
            for key in ("livenessProbe", "readinessProbe", "startupProbe"):
                asked = mapping(container, key, "exec")
                words = [str(each) for each in listed(asked.get("command"))]
                line = words[-1] if len(words) > 2 and words[-2] in ("-c", "-ec", "-lc") else " ".join(words)
                if words and always_passes(line):
                    yield Hit(at((asked, "command")), f"{named(thing)}: {key} passes whatever the container does")


def _image(service: Mapping[Any, Any]) -> str:
    return str(service.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]


def _settings(files: Files, path: str, service: Mapping[Any, Any]) -> str | None:
    """What the files say that are given to a service, which may tell it where to listen; null where not all are known."""
    top = mapping((files.documents(path) or ({},))[0], "configs")
    named = [
        str(mapping(each).get("source", "") if isinstance(each, Mapping) else each)
        for each in listed(service.get("configs"))
    ]
    sources = [str(mapping(top, each).get("file", "?")) for each in named]
    for each in listed(service.get("volumes")):
        source = str(mapping(each).get("source", "")) if isinstance(each, Mapping) else str(each).partition(":")[0]
        sources += [source] if source.startswith((".", "/", "~", "$")) else []
    texts = []
    for source in sources:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
        inside = (
            [each for each in files.all if each == place or each.startswith(f"{place}/")]
            if source[:1] not in "/~$?"
            else []
        )
        if not inside or len(inside) > 50:
            return None
        texts += [files.text(each) for each in inside]
    return "\n".join(texts)


def _ports(files: Files, path: str) -> Iterator[Hit]:
    """Checks at a port that the image does not have by default, and that nothing tells it to have."""
    for name, service in _services(files, path):
        check = mapping(service, "healthcheck")
        known = _LISTENS.get(_image(service), ())
        if not known or {"build", "extends", "env_file", "network_mode", "volumes_from"} & set(service):
            continue
        told = " ".join(str(service.get(key)) for key in ("environment", "command", "entrypoint", "ports", "expose"))
        settings = _settings(files, path, service)
        for port in _ASKED.findall(command_line(check.get("test"))):
            if int(port) not in known and port not in told and settings is not None and port not in settings:
                yield Hit(
                    at((check, "test")),
                    f"the health check of `{name}` asks port {port}; it listens on {', '.join(map(str, known))}",
                )


def _one(test: str, image: str = "grafana/grafana:12.1.0", more: str = "") -> dict[str, str]:
    return {"compose.yaml": f"services:\n  a:\n    image: {image}\n{more}    healthcheck:\n      test: {test}\n"}


def _pod(command: str) -> dict[str, str]:
    return {
        "a.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'a/b:1', livenessProbe: {{exec: {{command: {command}}}}}}}]}}\n"
    }


RULES = (
    Rule("health/forgiven", "warning", "Let the check fail when what it asks fails.", "Docker, HEALTHCHECK, and Kubernetes, probes: exit status 0 means healthy.", is_yaml, _forgiven,
         bad=(_one("[CMD-SHELL, 'a ping || true']"), _one("a ping; exit 0"), _one("[CMD, 'true']"), _one("[CMD-SHELL, 'exit 0']"), _pod("[sh, -c, 'a ping || exit 0']"), _pod("['true']"), _pod("[/bin/true]")),
         good=(_one("[CMD-SHELL, 'a ping || exit 1']"), _one("[CMD, a, ping]"), _pod("[cat, /tmp/healthy]"), _pod("[sh, -c, 'a || b']"))),
    Rule("compose/health-port", "warning", "Ask the port that the image listens on.", "The images' own documentation: the port each listens on.", is_compose, _ports,
         bad=(_one("[CMD-SHELL, 'wget -qO- http://localhost:3001/api/health']"), _one("curl -f http://127.0.0.1:8080/", "nginx:1.29")),
         good=(_one("[CMD-SHELL, 'wget -qO- http://localhost:3000/api/health']"), _one("wget http://localhost:3001/", more="    environment: {GF_SERVER_HTTP_PORT: 3001}\n"), _one("curl -f http://127.0.0.1:8080/", "nginx:1.29", "    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']\n"), _one("curl -f http://127.0.0.1:8080/", "nginx:1.29", "    configs: [a]\n"), _one("curl http://localhost:9/", "a/b:1"))),
)  # fmt: skip
