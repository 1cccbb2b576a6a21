"""nginx in a container: the ports it listens on and the path of its health, against what the image and Compose ask."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.compose import container_ports
from boringops_tools.checks.images import contexts, exposed, sources
from boringops_tools.checks.nginx import nested
from boringops_tools.checks.nginx_meaning import is_nginx
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_compose

_STOCK = frozenset({80, 8080})
"""Where the default.conf of the images listens, as root and without."""
_STANDARD = lazy_pattern(r"(?:.*/)?(?:mime\.types|\w+_params|fastcgi(?:-php)?\.conf|conf\.d/\*(?:\.conf)?)")
_URL = lazy_pattern(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(/[\w./-]*)?")
_HEALTH = lazy_pattern(r"/[\w./-]*(?:health|live|ready|alive|ping|status|heartbeat)[\w-]*/?", re.I)
_REWRITTEN = lazy_pattern(r"\b(?:sed|envsubst|perl|awk|echo|printf|cat|tee)\b|default\.conf")


def _listens(files: Files, confs: Mapping[str, str]) -> set[int] | None:
    """The ports that configurations (where they are: where they come to lie) listen on; null where that is not known."""
    ports: set[int] = set()
    replaced = False
    for path, place in confs.items():
        if not is_nginx(files, path):
            return None
        replaced |= place.endswith("/default.conf") or place == "/etc/nginx/nginx.conf"
        for each, _ in files.once(nested, path):
            if (
                each.words[:1] == ("include",)
                and not _STANDARD.fullmatch(each.words[-1])
                and "http" in files.text(path)
            ):
                return None
            if each.words[:1] == ("listen",) and len(each.words) > 1:
                port = re.fullmatch(r"(?:.*:)?(\d+)", each.words[1])
                if port is None:
                    return None
                ports.add(int(port[1]))
    return None if not ports else ports if replaced else ports | _STOCK


def _told(files: Files, path: str) -> str:
    return " ".join(
        each.value for stage in parse(files.text(path)).stages[-1:] for each in stage.instructions if each.name == "RUN"
    )


def _copied(files: Files, path: str) -> dict[str, str]:
    """The configurations of nginx that an image gets: where they are, and where they come to lie."""
    found: dict[str, str] = {}
    file = parse(files.text(path))
    for stage in file.lineage(file.stages[-1]) if file.stages else ():
        for each in stage.instructions:
            target = each.value.split()[-1] if each.name in ("COPY", "ADD") else ""
            if not target.startswith("/etc/nginx/"):
                continue
            for source in sources(each):
                there = next(
                    (
                        one
                        for place in contexts(path)
                        if (one := posixpath.normpath(posixpath.join(place, source))) in files.known
                    ),
                    "",
                )
                if not there or not source.endswith(".conf"):
                    return {}  # a folder, a template, something made
                found[there] = (
                    target + posixpath.basename(source)
                    if target.endswith("/") or target == "/etc/nginx/conf.d"
                    else target
                )
    return found


def _image(files: Files, path: str) -> Iterator[Hit]:
    if "/etc/nginx" not in files.text(path):
        return
    confs = _copied(files, path)
    if not confs or _REWRITTEN.search(_told(files, path)):
        return
    listens = _listens(files, confs)
    ports, line = exposed(files, path)
    if listens and ports and not ports & listens:
        yield Hit(
            line,
            f"the image exposes {_written(ports)}; nginx listens on {_written(listens)} ({', '.join(sorted(confs))})",
        )
    file = parse(files.text(path))
    check = next((one for stage in file.lineage(file.stages[-1]) if (one := stage.last("HEALTHCHECK"))), None)
    for wrong in _asked(files, confs, listens, check.value) if check else ():
        yield Hit(check.line if check else None, wrong)


def _written(ports: set[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _asked(files: Files, confs: Mapping[str, str], listens: set[int] | None, check: str) -> Iterator[str]:
    """What is wrong with the URL that a health check asks."""
    match = _URL.search(check)
    if match is None:
        return
    port, path = int(match[1] or (443 if match[0].startswith("https") else 80)), match[2] or "/"
    if listens and port not in listens:
        yield f"the health check asks port {port}; nginx listens on {_written(listens)}"
    places = [
        each.words[1:]
        for conf in confs
        for each, _ in files.once(nested, conf)
        if each.words[:1] == ("location",) and each.block
    ]
    exact = [
        words[-1]
        for words in places
        if words[-1] == path or (words[0] not in ("=", "~", "~*") and words[-1] != "/" and path.startswith(words[-1]))
    ]
    patterns = any(
        words[0] in ("~", "~*") and re.search(r"health|live|ready|ping|status", words[-1]) for words in places
    )
    others = sorted({words[-1] for words in places if words[0] == "=" and _HEALTH.fullmatch(words[-1])})
    if listens and _HEALTH.fullmatch(path) and not exact and not patterns and others:
        yield f"the health check asks `{path}`, which is no location of nginx; there is {', '.join(others)}"


def _mounted(files: Files, path: str, service: Mapping[Any, Any]) -> dict[str, str]:
    """The configurations that a service of Compose mounts; none where one is not in the repository."""
    found: dict[str, str] = {}
    for each in listed(service.get("volumes")):
        source, target = (
            (str(each.get("source")), str(each.get("target")))
            if isinstance(each, Mapping)
            else [*each.split(":"), ""][:2]
            if isinstance(each, str)
            else ("", "")
        )
        if target.startswith("/etc/nginx"):
            there = posixpath.normpath(posixpath.join(PurePosixPath(path).parent.as_posix(), source))
            inside = [one for one in files.all if one.startswith(f"{there}/")] if target == "/etc/nginx/conf.d" else []
            if there in files.known and there.endswith(".conf"):
                found[there] = target
            elif inside and all(one.endswith(".conf") for one in inside):
                found |= dict.fromkeys(inside, "/etc/nginx/conf.d/default.conf")
            elif not re.search(r"ssl|cert|tls|htpasswd|\.pem|\.key|\.crt|html", f"{source} {target}"):
                return {}
    return found


def _compose(files: Files, path: str) -> Iterator[Hit]:
    if "/etc/nginx" not in files.text(path):
        return
    for document in files.documents(path)[:1]:
        for name, service in mapping(document, "services").items():
            image = mapping(service).get("image")
            if (
                not isinstance(image, str)
                or "nginx" not in image
                or {"command", "entrypoint", "build", "extends"} & set(mapping(service))
            ):
                continue
            confs = _mounted(files, path, mapping(service))
            listens = _listens(files, confs)
            for port, line in container_ports(mapping(service)) if listens else ():
                if listens and port not in listens:
                    yield Hit(
                        line,
                        f"service `{name}` publishes port {port} of its container; nginx listens on {_written(listens)}",
                    )
            test = mapping(service, "healthcheck").get("test")
            for wrong in _asked(
                files, confs, listens, " ".join(map(str, test)) if isinstance(test, list) else str(test)
            ):
                yield Hit(at((service["healthcheck"], "test")), f"service `{name}`: {wrong}")


_C = (
    "server {\n  listen 8080;\n  location = /healthz { return 200; }\n  location / { try_files $uri /index.html; }\n}\n"
)
_D = "FROM nginx:1.29\nCOPY default.conf {}\nEXPOSE {}\nHEALTHCHECK CMD wget -q -O /dev/null http://127.0.0.1:{}{}\n"
_S = "services:\n  web:\n    image: nginx:1.29\n    volumes: ['./default.conf:/etc/nginx/conf.d/default.conf:ro']\n    ports: ['80:{}']\n"
_AT = "/etc/nginx/conf.d/default.conf"


def _with(other: str, name: str = "Dockerfile") -> dict[str, str]:
    return {"default.conf": _C, name: other}


RULES = (
    Rule("consistency/nginx-image", "warning", "Let nginx, EXPOSE and the health check say the same port and the same path.", "nginx, ngx_http_core_module, listen and location: what is asked elsewhere is not answered.", is_dockerfile, _image,
         bad=(_with(_D.format(_AT, 80, 8080, "/healthz")), _with(_D.format(_AT, 8080, 81, "/healthz")), _with(_D.format(_AT, 8080, 8080, "/health"))),
         good=(_with(_D.format(_AT, 8080, 8080, "/healthz")), _with(_D.format(_AT, 8080, 8080, "/")), _with(_D.format("/etc/nginx/conf.d/a.conf", 80, 80, "/")), _with(_D.format("/etc/nginx/templates/", 80, 80, "/").replace("default.conf", "default.conf.template")),
               _with(_D.format(_AT, 80, 80, "/") + "RUN sed -i s/8080/80/ " + _AT + "\n"))),
    Rule("consistency/nginx-ports", "warning", "Publish the port that nginx listens on.", "nginx, ngx_http_core_module, listen; Compose: ports names the container's port.", is_compose, _compose,
         bad=(_with(_S.format(80), "compose.yaml"), _with(_S.format(8080) + "    healthcheck:\n      test: [CMD, curl, -f, 'http://localhost/']\n", "compose.yaml")),
         good=(_with(_S.format(8080), "compose.yaml"), _with(_S.format(80).replace("/default.conf:ro", "/a.conf:ro"), "compose.yaml"))),
)  # fmt: skip
