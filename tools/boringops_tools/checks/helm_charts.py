"""Helm charts: hooks, files and templates by name, charts that they depend on, and images without a version by default."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping
from boringops_tools.checks.helm import chart_of
from boringops_tools.patterns import lazy_pattern
from boringops_tools.yaml_files import is_yaml

_HOOKS = frozenset("pre-install post-install pre-delete post-delete pre-upgrade post-upgrade pre-rollback post-rollback test test-success test-failure crd-install".split())  # noqa: SIM905 # fmt: skip
_DELETED = frozenset({"before-hook-creation", "hook-succeeded", "hook-failed"})
_ARGO_HOOKS = frozenset({"PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"})
_ARGO_DELETED = frozenset({"HookSucceeded", "HookFailed", "BeforeHookCreation"})
_WORDS = {
    "helm.sh/hook": _HOOKS, "helm.sh/hook-delete-policy": _DELETED,
    "argocd.argoproj.io/hook": _ARGO_HOOKS, "argocd.argoproj.io/hook-delete-policy": _ARGO_DELETED,
}  # fmt: skip
_HOOK = lazy_pattern(
    r"^\s*[\"']?((?:helm\.sh|argocd\.argoproj\.io)/hook(?:-delete-policy)?)[\"']?:\s*[\"']?([\w, -]+?)[\"']?\s*(?:#.*)?$"
)
_FILE = lazy_pattern(r"\.Files\.(?:Get|Lines|GetBytes)\s*\(?\s*[\"']([^\"'$%{}]+)[\"']")
_TEMPLATE = lazy_pattern(r"\$?\.Template\.BasePath\s+[\"']/([^\"']+)[\"']")
_LATEST = lazy_pattern(r"^\s*image:.*\{\{[^}]*(?:\|\s*default\s+[\"']latest[\"']|\bdefault\s+[\"']latest[\"'])")
_HIDDEN = r"\.(?:\w*\.)*\w*(?:[pP]assword|[pP]asswd|[tT]oken|[aA]piKey)(?![\w.])"
_PASSWORD = lazy_pattern(
    rf"\{{\{{[^}}]*?(?:{_HIDDEN}\s*\|\s*default\s+[\"'][^\"'{{}}]+[\"']|\bdefault\s+[\"'][^\"'{{}}]+[\"']\s+\$?{_HIDDEN})"
)
_NUMBER = lazy_pattern(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+][\w.+-]+)?")
_OPEN = lazy_pattern(r"\s*(?:\*|[xX]|latest|>=?\s*v?[\d.xX]+(?:-0)?)\s*")


def _is_template(path: str) -> bool:
    return "templates/" in path and path.endswith((".yaml", ".yml", ".tpl", ".txt"))


def _is_chart(path: str) -> bool:
    return posixpath.basename(path) == "Chart.yaml"


def _hooks(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for number, line in enumerate(text.splitlines() if "/hook" in text else (), 1):
        match = _HOOK.match(line)
        for word in match[2].split(",") if match else ():
            known = _WORDS[match[1]] if match else frozenset()
            if word.strip() and word.strip() not in known:
                yield Hit(
                    number, f"`{word.strip()}` of {match[1] if match else ''} is none of {', '.join(sorted(known))}"
                )


def _in_chart(files: Files, path: str) -> tuple[str, set[str]] | None:
    """(folder with a slash, paths below it) of the chart of a template."""
    chart = chart_of(files, path)
    if chart is None:
        return None
    prefix = "" if chart in ("", ".") else f"{chart}/"
    return prefix, {each[len(prefix) :] for each in files.all if each.startswith(prefix)}


def _named(files: Files, path: str) -> Iterator[Hit]:
    """Files of the chart, and templates whose checksum is taken, that are not there."""
    text = files.text(path)
    if ".Files." not in text and ".BasePath" not in text:
        return
    found = _in_chart(files, path)
    if found is None:
        return
    prefix, inside = found
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", "{{/*", "{{- /*")):
            continue
        for name in _FILE.findall(line):
            place = posixpath.normpath(name.lstrip("/"))
            if place not in inside and not files.ignored(f"{prefix}{place}") and not place.startswith(".."):
                yield Hit(number, f"the chart has no file `{name}`: it renders as nothing")
        for name in _TEMPLATE.findall(line):
            if f"templates/{name}" not in inside and posixpath.dirname(path) == f"{prefix}templates":
                yield Hit(number, f"the chart has no template `{name}`: Helm cannot render it")


def _latest(files: Files, path: str) -> Iterator[Hit]:
    for number, line in enumerate(files.text(path).splitlines(), 1):
        if _LATEST.match(line) and chart_of(files, path) is not None:
            yield Hit(number, "without a tag in the values, the image is `latest`, whatever that is by then")


def _passwords(files: Files, path: str) -> Iterator[Hit]:
    for number, line in enumerate(files.text(path).splitlines(), 1):
        match = _PASSWORD.search(line)
        if match and chart_of(files, path) is not None:
            yield Hit(number, "without a value, the password is one that everybody can read in the chart")


def _parts(version: Any) -> tuple[int, int, int] | None:
    match = _NUMBER.fullmatch(str(version))
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _fits(wanted: str, version: Any) -> bool:
    """Whether a version is one that a dependency asks for; true where that is not written out."""
    has = _parts(version)
    match = re.fullmatch(r"\s*([~^=]?)\s*(v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)\s*", wanted)
    asked = _parts(match[2]) if match else None
    if match is None or asked is None or has is None:
        return True
    if match[1] == "^":
        return has >= asked and (has[0] == asked[0] if asked[0] else has[:2] == asked[:2])
    if match[1] == "~":
        return has >= asked and has[:2] == asked[:2]
    return str(version).lstrip("v") == match[2].lstrip("v")


def _there(files: Files, path: str, needed: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """(where, version) of the chart that a dependency is, as far as it is in the repository."""
    folder, name = posixpath.dirname(path), str(needed.get("name"))
    places = [posixpath.join(folder, "charts", name, "Chart.yaml")]
    repository = str(needed.get("repository") or "")
    if repository.startswith("file://"):
        places.append(posixpath.normpath(posixpath.join(folder, repository[7:], "Chart.yaml")))
    for place in places:
        for document in files.documents(place)[:1] if place in files.known else ():
            yield place, mapping(document).get("version")
    lock = posixpath.join(folder, "Chart.lock")
    for document in files.documents(lock)[:1] if lock in files.known else ():
        for each in listed(mapping(document).get("dependencies")):
            if mapping(each).get("name") == name and mapping(each).get("repository", "") == (
                needed.get("repository") or ""
            ):
                yield lock, mapping(each).get("version")


def _dependencies(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        needed = listed(mapping(document).get("dependencies"))
        locked = posixpath.join(posixpath.dirname(path), "Chart.lock") in files.known
        for position, each in enumerate(needed):
            chart = mapping(each)
            name, version, repository = chart.get("name"), chart.get("version"), str(chart.get("repository") or "")
            if repository.startswith("http://") and not re.match(
                r"http://(?:localhost|127\.|[\w-]+(?::\d+)?(?:/|$))", repository
            ):
                yield Hit(
                    at((chart, "repository")), f"`{name}` is fetched over plain http: anybody on the way can change it"
                )
            if (
                isinstance(version, str)
                and _OPEN.fullmatch(version)
                and not locked
                and not repository.startswith("file:")
                and repository
            ):
                yield Hit(
                    at((chart, "version"), (needed, position)),
                    f"`{name}` may be any version there is (`{version}`), and no Chart.lock says which",
                )
            place = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), repository[7:]))
                if repository.startswith("file://")
                else ".."
            )
            if (
                not place.startswith("..")
                and "$" not in place
                and f"{place}/Chart.yaml".removeprefix("./") not in files.known
            ):
                yield Hit(at((chart, "repository")), f"`{name}` is to be at {place}, where the repository has no chart")
            # Of charts with one name under two aliases each may be another one.
            if sum(mapping(one).get("name") == name for one in needed) > 1 or not isinstance(version, str):
                continue
            for where, there in _there(files, path, chart):
                if not _fits(version, there):
                    yield Hit(at((chart, "version")), f"`{name}` is to be {version}; {where} has {there}")
                    break


_CHART = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"}


def _template(text: str, **more: str) -> dict[str, str]:
    return {**_CHART, "c/templates/a.yaml": text, **more}


def _needs(version: str, repository: str = "https://charts.example.com", **more: str) -> dict[str, str]:
    return {
        "c/Chart.yaml": f"{_CHART['c/Chart.yaml']}dependencies: [{{name: d, version: '{version}', repository: '{repository}'}}]\n",
        **more,
    }


def _lock(version: str) -> dict[str, str]:
    return {
        "c/Chart.lock": f"dependencies: [{{name: d, version: {version}, repository: 'https://charts.example.com'}}]\n"
    }


_D = {"d/Chart.yaml": "apiVersion: v2\nname: d\nversion: 1.2.3\n"}
_HOOKED = "metadata:\n  annotations:\n    {}: {}\n"

RULES = (
    Rule("helm/hook", "error", "It is no hook then, but installed as all the rest: write the word as it is.", "Helm, Chart Hooks, and Argo CD, Resource Hooks: the words of both annotations.", lambda path: is_yaml(path) or _is_template(path), _hooks,
         bad=(_template(_HOOKED.format("helm.sh/hook", "pre-install,before-upgrade")), _template(_HOOKED.format('"helm.sh/hook-delete-policy"', "hook-success")), {"a.yaml": _HOOKED.format("argocd.argoproj.io/hook", "presync")}),
         good=(_template(_HOOKED.format("helm.sh/hook", "pre-install, post-upgrade")), _template(_HOOKED.format("helm.sh/hook-delete-policy", '"before-hook-creation,hook-failed"')), _template(_HOOKED.format("helm.sh/hook-weight", '"-5"')), _template(_HOOKED.format("helm.sh/hook", "{{ .Values.hook }}")))),
    Rule("helm/named-file", "error", "Name the file as the chart has it.", "Helm, Accessing Files: a path below the chart's folder; what is not there is empty.", _is_template, _named,
         bad=(_template('a: {{ .Files.Get "config/a.json" }}\n', **{"c/files/a.json": "{}"}), _template('a: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}\n')),
         good=(_template('a: {{ .Files.Get "files/a.json" }}\n', **{"c/files/a.json": "{}"}), _template('a: {{ include (print $.Template.BasePath "/b.yaml") . }}\n', **{"c/templates/b.yaml": "a: b\n"}), _template('a: {{ .Files.Get (printf "%s.json" .Values.a) }}\n'))),
    Rule("helm/default-latest", "warning", "Fall back on the chart's appVersion.", "Helm, best practices, Pods: a fixed tag, never latest or other floating ones.", _is_template, _latest,
         bad=(_template('image: "a/b:{{ .Values.image.tag | default "latest" }}"\n'), _template('image: a/b:{{ default "latest" .Values.tag }}\n')), good=(_template('image: "a/b:{{ .Values.image.tag | default .Chart.AppVersion }}"\n'),)),
    Rule("helm/default-password", "error", "Take it from a Secret, and let rendering fail where none is named: required.", "Helm, best practices: a chart's templates are as public as its values.", _is_template, _passwords,
         bad=(_template('value: {{ .Values.dbPassword | default "postgres123" | quote }}\n'), _template('adminToken: {{ default "s3cr3t" .Values.admin.token }}\n')), good=(_template('value: {{ .Values.dbPassword | default "" | quote }}\n'), _template('key: {{ .Values.passwordKey | default "password" }}\nfile: {{ .Values.store.secretKey | default "a.yaml" }}\nname: {{ default "db-secret" .Values.secretName }}\n'))),
    Rule("helm/dependency", "warning", "Ask for the version that is there, over https, and commit Chart.lock.", "Helm, Chart.yaml and best practices, Dependencies: versions, repositories over https.", _is_chart, _dependencies,
         bad=(_needs("1.2.3", "file://../e", **_D), _needs("*"), _needs(">=1.0.0"), _needs("1.0.0", "http://charts.example.com"), _needs("2.0.0", "file://../d", **_D), _needs("^2.0.0", **_lock("1.2.3")), _needs("1.0.0", **{"c/charts/d/Chart.yaml": _D["d/Chart.yaml"]})),
         good=(_needs("1.2.3", "file://../d", **_D), _needs("^1.0.0"), _needs("~1.2.0", **_lock("1.2.3")), _needs("*", **_lock("1.2.3")), _needs("1.x.x", "oci://a.example.com/charts"), _needs("1.2.3", **{"c/charts/d/Chart.yaml": _D["d/Chart.yaml"]}))),
)  # fmt: skip
