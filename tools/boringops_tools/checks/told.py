"""What documents tell of the one program of a repository, against its code: its port, and where it says that it is well."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks import program
from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.documents import OTHER_TIMES
from boringops_tools.patterns import lazy_pattern

_HOST = r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])"
_URL = lazy_pattern(rf"{_HOST}:(\d{{2,5}})(/[\w./-]*\w)?")
_PROSE = lazy_pattern(
    r"(?i)\b(?:listen(?:s|ing)?|serv(?:es?|ed|ing)|answer(?:s|ing)?|runs?|running|expos(?:es?|ed)|available|reachable|starts?|started|binds?|bound)\b[^.!?|\n]{0,60}?\bport:?\s+[`*_]*(\d{4,5})\b"
)
# A path by itself, in running text.
_SPAN = lazy_pattern(r"`(?:GET |HEAD )?(/[\w./-]*\w)`")
# Others that documents speak of, with ports of their own.
_OTHERS = lazy_pattern(
    r"(?i)postgres|mysql|maria|mongo|redis|valkey|kafka|rabbit|nats|elastic|opensearch|grafana|prometheus|loki|jaeger|otel|collector|minio|vault|consul|proxy|nginx|envoy|traefik|forward|tunnel|ssh|debug|vite|webpack|storybook|dev(?:elopment)?\b|frontend|admin|dashboard|mailhog|mailpit|keycloak|emulator|example|other|instead|change|override"
)
_MOST = 400


def _applies(path: str) -> bool:
    name = path.lower()
    kept = name.endswith(".md") and (posixpath.basename(name) == "readme.md" or name.startswith("docs/"))
    return kept and name.count("/") <= 1 and not OTHER_TIMES.search(path)


def _named_elsewhere(files: Files, port: str) -> bool:
    """Whether any file but a document or a test has the number: then something may well listen there."""
    others = [
        each
        for each in files.all
        if not each.lower().endswith((".md", ".lock", ".svg", ".sum")) and not program.is_test(each)
    ]
    return len(others) > _MOST or any(re.search(rf"(?<!\d){port}(?!\d)", files.text(each)) for each in others)


def _ports(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    known = program.ports(files) if _PROSE.search(text) or _URL.search(text) else frozenset[int]()
    if not known or not program.code(files):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if _OTHERS.search(line) or any(re.search(rf"(?<!\d){port}(?!\d)", line) for port in known):
            continue
        told = _PROSE.findall(line)
        # Of an address, the path shows whose it is.
        told += [port for port, asked in _URL.findall(line) if asked and asked.rstrip("/") in program.answered(files)]
        for port in dict.fromkeys(told):
            if int(port) not in known and not _named_elsewhere(files, port):
                listens = ", ".join(map(str, sorted(known)))
                yield Hit(number, f"port {port} is written here; the program listens on {listens}")


def _health(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    known = program.ports(files) if _URL.search(text) or _SPAN.search(text) else frozenset[int]()
    for number, line in enumerate(text.splitlines(), 1) if known else ():
        for asked in _SPAN.findall(line) if not _OTHERS.search(line) else ():
            if program.HEALTH.fullmatch(posixpath.basename(asked)) and (why := program.unnamed(files, asked)):
                yield Hit(number, f"`{asked}` is written here: {why}")
        if "curl" in line and posixpath.basename(path).lower() == "readme.md":
            continue  # consistency/document-asks looks there
        for port, asked in _URL.findall(line):
            health = int(port) in known and program.HEALTH.fullmatch(posixpath.basename(asked))
            if health and (why := program.unnamed(files, asked)):
                yield Hit(number, f"`{asked}` is written here: {why}")


_APP = {
    "app.py": 'if self.path == "/healthz":\n    self.answer({"status": "ok"})\n',
    "Dockerfile": 'FROM python:3.14\nEXPOSE 6060\nCMD ["python", "app.py"]\n',
}
_SAME = "Write what the program does: who reads it asks there."

RULES = (
    Rule("consistency/told-port", "warning", _SAME, "What a document tells of the program is what its code says.", _applies, _ports,
         bad=({**_APP, "README.md": "# a\n\nServes rates on port 8080: `GET /rates`.\n"}, {**_APP, "docs/run.md": "It listens on port `9090`.\n"}, {**_APP, "README.md": "Ask <http://localhost:8080/healthz>.\n"}, {**_APP, "test_app.py": "PORT = '8080'\n", "README.md": "It listens on port 8080.\n"}),
         good=({**_APP, "README.md": "Serves rates on port 6060.\n"}, {**_APP, "README.md": "Grafana runs on port 3000. Publish port 8080 as you like.\n"}, {**_APP, "compose.yaml": "services: {a: {build: ., ports: ['8080:6060']}}\n", "README.md": "It listens on port 8080.\n"},
               {"README.md": "It listens on port 8080.\n"}, {**_APP, "README.md": "It runs at port 8080 of the host: `docker run -p 8080:6060 a`\nhttp://localhost:8080/other\n"}, {**_APP, "CHANGELOG.md": "It listens on port 8080.\n"})),
    Rule("consistency/told-health", "warning", _SAME, "What a document tells to ask is asked.", _applies, _health,
         bad=({**_APP, "docs/run.md": "It answers at http://127.0.0.1:6060/health.\n"}, {**_APP, "README.md": "Open http://localhost:6060/ready\n"}, {**_APP, "README.md": "`/health` says that it lives.\n"}),
         good=({**_APP, "docs/run.md": "It answers at http://127.0.0.1:6060/healthz.\n"}, {**_APP, "README.md": "`/healthz` says that it lives, `/rates` the rates; Grafana has `/health`.\n"}, {**_APP, "docs/run.md": "http://127.0.0.1:9090/health http://localhost:6060/rates\n"}, {**_APP, "docs/run.md": "http://127.0.0.1:6060/health\n", "requirements.txt": "django-health-check==3.20\n"})),
)  # fmt: skip
