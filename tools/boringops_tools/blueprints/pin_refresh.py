"""Bringing pins up to date: tags become commits by GitHub's API, and digests by the registries' own."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from boringops_tools.blueprints.pins import ActionPin

GITHUB = "https://api.github.com"
COOL_DOWN_DAYS = 7
"""A release younger than this is not taken: a poisoned one is likely to be found in its first days."""
_TIMEOUT_S = 15
_MOST_BYTES = 1 << 20
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class Unresolved(Exception):
    """Why a pin could not be resolved."""


@dataclass
class Refreshed:
    """What was found, and what could not be."""

    actions: dict[str, ActionPin] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """Where to ask. `token` goes to `github` alone; `mirror` stands in for every registry."""

    github: str = GITHUB
    token: str = ""
    mirror: str = ""


def refresh(
    actions: Mapping[str, ActionPin], images: Collection[str], sources: Sources, *, now: datetime | None = None
) -> Refreshed:
    """Resolve every pin over the network, four at a time; what fails is told in the result and keeps nothing from the rest."""
    found = Refreshed()
    moment = now or datetime.now(UTC)

    def an_action(name: str) -> None:
        found.actions[name], remark = _action(name, actions[name], sources, moment)
        found.remarks += [remark] if remark else []

    def an_image(reference: str) -> None:
        found.images[reference] = _digest(reference, sources)

    work: list[tuple[str, Callable[[str], None]]] = [(name, an_action) for name in actions]
    work += [(reference, an_image) for reference in images]

    def attempt(each: tuple[str, Callable[[str], None]]) -> None:
        try:
            each[1](each[0])
        except Unresolved as error:
            found.failed[each[0]] = str(error)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, work))
    return found


def _action(name: str, pin: ActionPin, sources: Sources, now: datetime) -> tuple[ActionPin, str]:
    """The newest release of the same major version that is old enough, and a remark on a newer major."""
    repository = "/".join(name.split("/")[:2])
    base = f"{sources.github.rstrip('/')}/repos/{repository}"
    headers = {"Accept": "application/vnd.github+json"} | (
        {"Authorization": f"Bearer {sources.token}"} if sources.token else {}
    )
    releases = _json(f"{base}/releases?per_page=50", headers)
    version, remark = pin.version, ""
    ready = now - timedelta(days=COOL_DOWN_DAYS)
    candidates = [
        str(each.get("tag_name", ""))
        for each in (releases if isinstance(releases, list) else [])
        if isinstance(each, dict) and not each.get("draft") and not each.get("prerelease") and _before(each, ready)
    ]
    newest = max((tag for tag in candidates if _numbers(tag)), key=_numbers, default="")
    same = [tag for tag in candidates if _numbers(tag)[:1] == _numbers(pin.version)[:1]]
    if same:
        version = max([*same, pin.version], key=_numbers)
    if _numbers(newest)[:1] > _numbers(pin.version)[:1]:
        remark = f"{name}: {newest} is out; {version} is kept, because a new major version may break what uses it."
    commit = _json(f"{base}/commits/{urllib.parse.quote(version, safe='')}", headers)
    sha = commit.get("sha") if isinstance(commit, dict) else None
    if not isinstance(sha, str) or not re.fullmatch(r"[0-9a-f]{40}", sha):
        raise Unresolved("the answer names no commit")
    if version == pin.version and sha != pin.sha:
        remark = f"{name}: the tag {version} was moved from {pin.sha[:12]} to {sha[:12]}; see why before you use it."
    return ActionPin(version=version, sha=sha), remark


def _before(release: Mapping[str, Any], moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(release.get("published_at"))) <= moment
    except (ValueError, TypeError):
        return False


def _numbers(tag: str) -> tuple[int, ...]:
    """`v4.2.1` as numbers; empty for a tag that is no version."""
    return tuple(int(part) for part in tag[1:].split(".")) if re.fullmatch(r"v\d+(\.\d+){0,3}", tag) else (
        tuple(int(part) for part in tag.split(".")) if re.fullmatch(r"\d+(\.\d+){0,3}", tag) else ()
    )  # fmt: skip


def _digest(reference: str, sources: Sources) -> str:
    """The digest that a registry has for a tag, of the index over all platforms."""
    host, path, tag = split(reference)
    base = sources.mirror.rstrip("/") or f"https://{host}"
    url = f"{base}/v2/{path}/manifests/{urllib.parse.quote(tag, safe='')}"
    headers = {"Accept": _MANIFESTS}
    status, answered, _ = _ask(url, headers, method="HEAD")
    if status == 401:
        token = _token(answered.get("WWW-Authenticate", ""))
        status, answered, _ = _ask(url, headers | {"Authorization": f"Bearer {token}"}, method="HEAD")
    if status != 200:
        raise Unresolved(f"{urllib.parse.urlsplit(url).netloc} answered {status}")
    digest = answered.get("Docker-Content-Digest", "")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise Unresolved("the registry's answer has no digest")
    return digest


def split(reference: str) -> tuple[str, str, str]:
    """Host, path and tag of an image, Docker's short names written out."""
    name, _, tag = reference.partition("@")[0].rpartition(":")
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest, tag
    return "registry-1.docker.io", name if slash else f"library/{name}", tag


def _token(challenge: str) -> str:
    """An anonymous token, from where the registry says."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = fields.get("realm", "")
    if not challenge.lower().startswith("bearer ") or not re.match(r"https?://", realm):
        raise Unresolved("the registry wants a login of a kind that is not known")
    query = urllib.parse.urlencode({key: fields[key] for key in ("service", "scope") if key in fields})
    answer = _json(f"{realm}?{query}", {})
    token = answer.get("token") or answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str):
        raise Unresolved("the registry gave no token")
    return token


def _json(url: str, headers: Mapping[str, str]) -> Any:
    status, answered, body = _ask(url, headers)
    host = urllib.parse.urlsplit(url).netloc
    if status in (403, 429) and answered.get("X-RateLimit-Remaining") == "0":
        raise Unresolved(f"{host} has had enough requests for now; set GITHUB_TOKEN")
    if status != 200:
        raise Unresolved(f"{host} answered {status}")
    try:
        return json.loads(body)
    except ValueError:
        raise Unresolved(f"{host} answered with something that is no JSON") from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows to the same host alone: a token must not travel."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl)[:2] != urllib.parse.urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _ask(url: str, headers: Mapping[str, str], method: str = "GET") -> tuple[int, Message, bytes]:
    if not url.startswith(("https://", "http://")):
        raise Unresolved(f"{url} is no address of the web")
    request = urllib.request.Request(url, headers={"User-Agent": "boringops", **headers}, method=method)  # noqa: S310
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=_TIMEOUT_S) as answer:
            return answer.status, answer.headers, answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, b""
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unresolved(f"{urllib.parse.urlsplit(url).netloc} cannot be reached: {reason}") from None
