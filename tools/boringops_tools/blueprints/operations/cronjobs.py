"""Backups on a schedule in a cluster that runs the database itself: a job that dumps and one that copies, an alert where the
last good one is too old, and a rehearsal every month that restores the newest one into a server of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.blueprints import backing, kubernetes, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.kubernetes import cluster
from boringops_tools.blueprints.kubernetes.variables import UNSET
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations.stores import Store, stores
from boringops_tools.blueprints.render import render
from boringops_tools.yaml_files import Unreadable, documents, is_manifest, is_yaml

FOLDER = "ops/recovery"
KINDS = ("postgres", "mysql", "mongo")
RULES = "monitoring/backups.yml"
_SAID = r"\b(in|inside|within) (the|our|this|a) (\w+ )?cluster\b|\bin-cluster\b|\bstateful ?sets?\b"
_IMAGES = {"postgres": r"postg(res|is)|timescale", "mysql": r"mysql|mariadb|percona", "mongo": r"mongo"}
_OPERATORS = re.compile(
    r"(?m)^apiVersion:\s*(postgresql\.cnpg\.io|acid\.zalan\.do|postgres-operator\.crunchydata|psmdb\.percona|mysql\.oracle)\S*"
)
_HIDDEN = re.compile(r"(^|/)(\.|node_modules/|vendor/|tests?/|testdata/|examples?/|ops/recovery/)")


@dataclass(frozen=True)
class Scheduled:
    """A database that the cluster runs. `labels` are those of its pods; empty where nobody knows them."""

    store: Store
    labels: Mapping[str, str]

    @property
    def port(self) -> int:
        return backing.BACKINGS[self.store.kind].port

    @property
    def image(self) -> str:
        return pins.service(self.store.kind)

    @property
    def name(self) -> str:
        """For names of alerts: `Postgres`."""
        return self.store.kind.capitalize()

    @property
    def rehearsed(self) -> bool:
        """Whether the image has a server that can be started without a right."""
        return self.store.kind == "postgres"


def scheduled(context: Context) -> list[Scheduled]:
    """Databases that the cluster runs, by its manifests or by the task; none where an operator, which has backups of its
    own, runs them."""
    if operated(context):
        return []
    running = dict(_running(context))
    on = context.choices.target == "kubernetes" or bool(kubernetes.places(context)) or bool(running)
    said = on and re.search(_SAID, context.task, re.IGNORECASE) is not None
    return [
        Scheduled(store, running.get(store.kind, {}))
        for store in stores(context)
        if store.kind in KINDS and (store.kind in running or said)
    ]


def operated(context: Context) -> str:
    """The manifest by which an operator runs a database; empty where there is none."""
    return next((path for path in _manifests(context) if _OPERATORS.search(context.tree.text(path))), "")


def _manifests(context: Context) -> Iterator[str]:
    for path in context.tree.files:
        if is_yaml(path) and not _HIDDEN.search(path) and "apiVersion:" in context.tree.text(path):
            yield path


def _running(context: Context) -> Iterator[tuple[str, dict[str, str]]]:
    """Kinds of databases that manifests run, each with the labels of its pods."""
    for path in _manifests(context):
        text = context.tree.text(path)
        if not re.search(r"(?m)^kind:\s*(StatefulSet|Deployment)\b", text):
            continue
        try:
            objects = [each for each in documents(text) if is_manifest(each)]
        except Unreadable:
            continue
        for each in objects:
            spec: Any = each.get("spec") or {}
            pods = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
            labels = (spec.get("selector") or {}).get("matchLabels") or {}
            for pod in pods if each["kind"] in ("StatefulSet", "Deployment") else []:
                image = str(pod.get("image")).rpartition("/")[2]
                for kind, pattern in _IMAGES.items():
                    if re.match(pattern, image) and "exporter" not in image:
                        yield kind, {str(key): str(value) for key, value in labels.items()}


def files(context: Context, every: int, cron: str, rpo: float) -> Iterator[DraftFile]:
    """`every` minutes between backups, `cron` says when, `rpo` minutes may be lost."""
    found = scheduled(context)
    if not found:
        return
    said = cluster.read(context.task)
    operator = prometheus_operator(context)
    google = said.cloud == "google"
    values: dict[str, Any] = {
        "found": found, "cron": cron, "cloud": said.cloud, "folder": FOLDER, "unset": UNSET, "operator": operator,
        "uploader": pins.base("google-cli" if google else "aws-cli"), "scheme": "gs" if google else "s3",
        "deadline": max(3600, every * 60), "oldest": int(max(rpo, 2 * every)) * 60, "every": every,
    }  # fmt: skip
    made = {
        f"{FOLDER}/upload.sh": ("upload.sh", "Copies backups to the bucket, each with its checksum."),
        f"{FOLDER}/kustomization.yaml": ("kubernetes/kustomization.yaml", "Backups on a schedule, applied by kubectl."),
        f"{FOLDER}/kubernetes/service-account.yaml": (
            "kubernetes/service-account.yaml",
            "Who may write to the bucket.",
        ),
        f"{FOLDER}/kubernetes/network-policy.yaml": (
            "kubernetes/network-policy.yaml",
            "The database and the bucket, and nothing else.",
        ),
    }
    for each in found:
        path = f"{FOLDER}/kubernetes/backup-{each.store.kind}.yaml"
        yield from _file(
            context,
            path,
            "kubernetes/backup.yaml",
            f"Dumps {each.store.title} and copies the dump away, on time.",
            values | {"each": each},
        )
        if each.rehearsed:
            fetch = f"{FOLDER}/fetch-{each.store.kind}.sh"
            yield from _file(context, fetch, "fetch.sh", "Fetches the newest backup.", {"store": each.store})
            path = f"{FOLDER}/kubernetes/rehearse-{each.store.kind}.yaml"
            yield from _file(
                context,
                path,
                "kubernetes/rehearse.yaml",
                "Restores the newest backup every month, into a server of its own.",
                values | {"each": each},
            )
    for path, (template, why) in made.items():
        yield from _file(context, path, template, why, values)
    if operator:
        path = f"{FOLDER}/kubernetes/prometheus-rule.yaml"
        yield from _file(
            context,
            path,
            "kubernetes/prometheus-rule.yaml",
            "Wakes somebody where the last good backup is too old.",
            values,
        )
    else:
        yield from _file(context, RULES, "backups.yml", "Wakes somebody where the last good backup is too old.", values)
        yield from _file(
            context, RULES.replace(".yml", ".test.yml"), "backups.test.yml", "The alerts fire when they should.", values
        )


def _file(context: Context, path: str, template: str, why: str, values: dict[str, Any]) -> Iterator[DraftFile]:
    if path not in context.tree:
        yield DraftFile(path=path, content=render(f"operations/{template}.j2", **values), why=why)


def prometheus_operator(context: Context) -> bool:
    """Whether the Prometheus Operator is in the cluster: the task says so, or a manifest is one of its kinds."""
    if cluster.read(context.task).operator:
        return True
    return any(
        re.search(r"(?m)^apiVersion:\s*monitoring\.coreos\.com/", context.tree.text(path))
        for path in _manifests(context)
    )
