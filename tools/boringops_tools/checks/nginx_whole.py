"""nginx: the configuration that a file is a part of, as far as the repository holds it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files
from boringops_tools.checks.images import contexts
from boringops_tools.checks.nginx import nested
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.nginx_text import Directive
from boringops_tools.yaml_files import is_compose

# What every installation brings: none of it defines a name of one's own.
STANDARD = lazy_pattern(
    r"(?:.*/)?(?:mime\.types|\w+_params|fastcgi(?:-php)?\.conf|modules-enabled/\*\.conf|modules/\*\.conf)"
)
_HOME = lazy_pattern(r"/(?:etc/nginx|usr/local/(?:openresty/)?nginx/conf|usr/local/etc/nginx|opt/nginx/conf)/")
_INNER = frozenset({"server", "location", "if", "upstream", "limit_except"})
# What defines names that cannot be read from the configuration.
_SCRIPTED = lazy_pattern(
    r"load_module|lua_\w+|\w+_by_lua\w*|js_\w+|perl\w*|geoip2?\w*|otel\w*|opentracing\w*|modsecurity\w*"
)
_MOUNTED = lazy_pattern(r"(?m)^\s*-\s*[\"']?(\.{0,2}/?[\w./-]+):(/etc/nginx/[\w./-]*)")
_MOST_PARTS = 200


@dataclass(frozen=True)
class Configuration:
    """A file with `http`, and all that it includes."""

    main: str
    parts: frozenset[str]
    names_known: bool
    """Whether all that may define zones, upstreams, formats and maps is there."""
    all_known: bool
    """Whether everything is there, and nothing defines variables by a script."""


def _placed(files: Files) -> dict[str, set[str]]:
    """Where images and Compose files put configurations, below `/etc/nginx`: what comes to lie there."""
    found: dict[str, set[str]] = {}
    for path in files.all:
        if is_dockerfile(path) and "/etc/nginx" in files.text(path):
            for each in (one for stage in parse(files.text(path)).stages for one in stage.instructions):
                words = [word for word in each.value.split() if not word.startswith("--")]
                if each.name in ("COPY", "ADD") and len(words) > 1 and "--from=" not in each.value:
                    for source in words[:-1]:
                        for place in contexts(path):
                            _put(files, found, posixpath.normpath(posixpath.join(place, source)), words[-1])
        elif is_compose(path) and "/etc/nginx" in files.text(path):
            for source, target in _MOUNTED.findall(files.text(path)):
                _put(files, found, posixpath.normpath(posixpath.join(posixpath.dirname(path), source)), target)
    return found


def _put(files: Files, found: dict[str, set[str]], source: str, target: str) -> None:
    if source in files.known:
        name = posixpath.basename(source)
        folder = target.endswith(("/", "conf.d")) or "." not in posixpath.basename(target)
        found.setdefault(f"{target.rstrip('/')}/{name}" if folder else target, set()).add(source)
    elif source in files.folders:
        for each in files.all:
            if each.startswith(f"{source}/"):
                found.setdefault(f"{target.rstrip('/')}/{each[len(source) + 1 :]}", set()).add(each)


def included(files: Files, path: str, pattern: str) -> tuple[str, ...]:
    """The files that an `include` brings, by the folders above the one that says it; none where it is not known."""
    tail = _HOME.sub("", pattern, count=1) if _HOME.match(pattern) else pattern
    if tail.startswith("/") or ".." in tail or "$" in tail:
        return ()
    wild = bool(re.search(r"[*?\[]", tail))
    for folder in PurePosixPath(path).parents:
        place = posixpath.normpath(posixpath.join(folder.as_posix(), tail))
        if not wild and place in files.known:
            return (place,)
        if wild:
            below = posixpath.dirname(place)
            found = tuple(
                each for each in files.all if posixpath.dirname(each) == below and fnmatch.fnmatch(each, place)
            )
            if found:
                return found
    placed: dict[str, set[str]] = files.once(_placed)
    wanted = f"/etc/nginx/{tail}"
    return tuple(sorted({each for place, there in placed.items() if fnmatch.fnmatch(place, wanted) for each in there}))


def includes(files: Files, path: str) -> Iterator[tuple[Directive, tuple[str, ...], tuple[str, ...]]]:
    """Each `include` that is no standard one, what it brings, and the blocks around it by name."""
    parsed = files.once(nested, path)
    for each, around in parsed:
        if each.words[:1] == ("include",) and len(each.words) == 2 and not STANDARD.fullmatch(each.words[1]):
            yield each, included(files, path, each.words[1]), tuple(parsed[at][0].words[0] for at in around)


def configurations(files: Files) -> tuple[Configuration, ...]:
    """Every configuration whose main file is in the repository."""
    from boringops_tools.checks.nginx_meaning import is_conf, is_nginx

    return tuple(
        _whole(files, path)
        for path in files.all
        if is_conf(path)
        and "http" in files.text(path)
        and is_nginx(files, path)
        and any(each.words == ("http",) and not around for each, around in files.once(nested, path))
    )


def _whole(files: Files, main: str) -> Configuration:
    from boringops_tools.checks.nginx_meaning import is_nginx

    parts: set[str] = set()
    # A part that is included into a server can define no zone, wherever it is.
    waiting = [(main, False)]
    names_known = all_known = True
    while waiting and len(parts) < _MOST_PARTS:
        path, inner = waiting.pop()
        if path in parts:
            continue
        parts.add(path)
        for _, brought, around in includes(files, path):
            inside = inner or bool(_INNER & set(around))
            if not brought or not all(is_nginx(files, each) for each in brought):
                all_known = False
                names_known &= inside
            waiting += [(each, inside) for each in brought]
        if any(_SCRIPTED.fullmatch(each.words[0]) for each, _ in files.once(nested, path) if each.words):
            all_known = False
    # Templates become files where the container starts: what they are included as is not known.
    folder = posixpath.dirname(main)
    if any(
        each.startswith(f"{folder}/" if folder else "") and each.endswith((".template", ".j2")) for each in files.all
    ):
        names_known = all_known = False
    return Configuration(main, frozenset(parts), names_known, all_known)


def around_of(files: Files, path: str) -> tuple[Configuration, ...]:
    """The configurations that a file is a part of."""
    known: tuple[Configuration, ...] = files.once(configurations)
    return tuple(each for each in known if path in each.parts)
