"""What a cluster has to know of one application: who it runs as, what it is asked, what it may reach and write."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from boringops_tools.blueprints import backing, compose, dockerfile
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import variables
from boringops_tools.blueprints.kubernetes.probing import Probe, liveness, readiness
from boringops_tools.stack.facts import Application

UNKNOWN_USER = 10001
_MEMORY = {
    "go": "128Mi",
    "rust": "128Mi",
    "static": "64Mi",
    "cpp": "128Mi",
    "java": "768Mi",
    "node": "256Mi",
    "python": "256Mi",
}
_USER = re.compile(r"(?im)^\s*USER\s+(\S+)\s*$")
_WORKDIR = re.compile(r"(?im)^\s*WORKDIR\s+(\S+)\s*$")


@dataclass(frozen=True)
class Workload:
    """An application as the manifests name it."""

    app: Application
    name: str
    port: int
    uid: int
    gid: int
    uid_known: bool
    """Whether the image's last USER is a number; else `uid` is a guess to be tried."""
    memory: str
    live: Probe
    ready: Probe
    settings: list[variables.Setting]
    secrets: list[variables.SecretRef]
    mounts: dict[str, str] = field(default_factory=dict)
    """Folders that it writes into, by the volume's name."""
    egress: list[tuple[str, int]] = field(default_factory=list)
    """(what, port) of the services it reaches."""
    outside: list[str] = field(default_factory=list)
    """Variables that show that it calls others on the internet; empty where nothing shows it."""
    mail: list[int] = field(default_factory=list)
    """Ports of mail servers that it sends to."""
    jobs: list[dict[str, Any]] = field(default_factory=list)
    """Worker and scheduler processes of the same image."""
    migration: list[str] = field(default_factory=list)
    home: bool = False
    """Whether HOME is to be somewhere it can write."""

    @property
    def alone(self) -> bool:
        """Whether it reads where a database is and brings no client of a database server: it may keep a file."""
        names = any(
            re.search(r"DATABASE_URL|DATABASE_URI|^DB_(HOST|URL|NAME)", variable.name) for variable in self.app.env
        )
        return names and not any(kind in {"postgres", "mysql", "mongo"} for kind, _ in self.egress)

    @property
    def image(self) -> str:
        """Stands for the image in the base; an overlay or deploy.sh says which it is."""
        return f"registry.invalid/{self.name}"

    @property
    def secret(self) -> str:
        return f"{self.name}-env"


def of(context: Context, found: Application) -> Workload:
    """What the manifests say of one application: from its code, and from the image that it has or is given."""
    app = compose.as_exposed(context, found)
    text = image_file(context, app)
    final = text[text.rfind("\nFROM ") :] if "\nFROM " in text else text
    user = (_USER.findall(final) or [""])[-1]
    number = re.fullmatch(r"([1-9]\d*)(?::([1-9]\d*))?", user)
    uid = int(number[1]) if number else UNKNOWN_USER
    jobs = compose.jobs(app)
    told = variables.of(context, app)
    return Workload(
        app=app,
        name=app.name,
        port=app.port or 8080,
        uid=uid,
        gid=int(number[2] or number[1]) if number else uid,
        uid_known=number is not None,
        memory=_MEMORY.get("static" if app.static else app.language, "512Mi"),
        live=liveness(context, app),
        ready=readiness(app),
        settings=told.settings,
        secrets=told.secrets,
        mounts=_written(app, (_WORKDIR.findall(final) or ["/app"])[-1].rstrip("/")),
        egress=[*((service.kind, backing.BACKINGS[service.kind].port) for service in app.services), *told.near],
        outside=told.outside,
        mail=told.mail,
        jobs=[job for job in jobs if job["name"] != "migrate"],
        migration=next((job["command"] for job in jobs if job["name"] == "migrate"), []),
        home=app.static is None and app.language not in {"go", "rust", "cpp"},
    )


def image_file(context: Context, app: Application) -> str:
    """The Dockerfile that is there, else the one that is drafted."""
    return context.tree.text(app.path("Dockerfile")) or dockerfile.content(context, app)


def _written(app: Application, workdir: str) -> dict[str, str]:
    """Folders beside /tmp that a framework writes into while it runs."""
    if app.static is not None:
        return {}
    if app.framework == "nextjs":
        return {"next-cache": f"{workdir}/.next/cache"}
    if app.ruby is not None and app.ruby.rails:
        return {"app-tmp": f"{workdir}/tmp", "app-log": f"{workdir}/log"}  # noqa: S108 - the container's own
    if app.php is not None and app.php.console == "artisan":
        return {
            "framework-cache": f"{workdir}/storage/framework/cache/data",
            "framework-sessions": f"{workdir}/storage/framework/sessions",
            "framework-views": f"{workdir}/storage/framework/views",
            "storage-logs": f"{workdir}/storage/logs",
            "bootstrap-cache": f"{workdir}/bootstrap/cache",
        }
    if app.php is not None and app.php.console:
        return {"app-var": f"{workdir}/var"}
    if app.elixir is not None:
        return {"release-tmp": f"{workdir}/tmp"}  # noqa: S108 - the container's own
    return {}
