"""A Kustomize base and an overlay for each environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boringops_tools.blueprints.kubernetes.shape import ENVIRONMENTS, Shape
from boringops_tools.blueprints.kubernetes.workload import Workload
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render


def files(w: Workload, v: Shape) -> Iterator[DraftFile]:
    """All files of one application; which of them are there already is the caller's to see."""

    def made(name: str, template: str, why: str, **values: Any) -> DraftFile:
        return DraftFile(
            path=f"{v.folder}/{name}", content=render(f"kubernetes/{template}.j2", w=w, v=v, **values), why=why
        )

    base = list(objects(w, v))
    track = [row for row in base if v.tracks and row[0] in ("deployment.yaml", "hpa.yaml")]
    for name, template, why, values in base:
        yield made(
            f"{'workload' if v.tracks and name in ('deployment.yaml', 'hpa.yaml') else 'base'}/{name}",
            template,
            why,
            **values,
        )
    names = ["namespace.yaml", *(row[0] for row in base if row not in track)]
    yield made(
        "base/namespace.yaml",
        "namespace.yaml",
        "Refuses pods that could gain rights (restricted).",
        namespaces=[w.name],
    )
    yield made("base/kustomization.yaml", "base.yaml", "What is the same in every environment.", resources=names)
    if v.tracks:
        yield made("workload/kustomization.yaml", "workload.yaml", "What each of the two sets of instances is made of.")
    for each in v.tracks:
        yield made(f"tracks/{each}/kustomization.yaml", "track.yaml", f"The {each} set of instances.", track=each)
    for env in ENVIRONMENTS:
        yield made(f"overlays/{env.name}/kustomization.yaml", "overlay.yaml", f"What differs in {env.name}.", env=env)
        if env.min > 1:
            yield made(
                f"overlays/{env.name}/pdb.yaml", "pdb.yaml", "One instance at a time goes when nodes are emptied."
            )


def objects(w: Workload, v: Shape) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(file, template, why, values) of what every environment has."""
    yield "service-account.yaml", "service-account.yaml", "An identity without a token.", {}
    yield (
        "deployment.yaml",
        "deployment.yaml",
        f"{w.name}: probes, limits, no root, nothing writable but what it needs.",
        {},
    )
    for job in w.jobs:
        single = {"single": job["name"] in {"beat", "scheduler", "clock", "cron"}}
        yield (
            f"{job['name']}.yaml",
            "process.yaml",
            f"The {job['name']} of {w.name}, from the same image.",
            {"job": job | single},
        )
    if w.migration:
        yield "migrate.yaml", "migrate.yaml", "Brings the schema up to date before the rollout.", {}
    yield "service.yaml", "service.yaml", "One address for all instances.", {"services": services(w, v)}
    if v.by_gateway:
        yield (
            "http-route.yaml",
            "http-route.yaml",
            "The way in, by the platform's Gateway.",
            {"backends": backends(w, v)},
        )
    else:
        yield "ingress.yaml", "ingress.yaml", "The way in, with TLS.", {}
    yield "hpa.yaml", "hpa.yaml", "More instances under load, fewer without.", {}
    yield "network-policy.yaml", "network-policy.yaml", "Denies all traffic but what is named.", {}
    if v.external_secrets:
        yield "external-secret.yaml", "external-secret.yaml", "The secrets, by reference to the secrets manager.", {}
    if v.monitored:
        yield "service-monitor.yaml", "service-monitor.yaml", "Lets Prometheus read the metrics.", {}


def services(w: Workload, v: Shape) -> list[dict[str, Any]]:
    plain = {"name": w.name, "about": "The way to whichever instances are ready.", "track": "", "metrics": v.monitored}
    if v.tracks == ("blue", "green"):
        live = plain | {"track": "blue", "about": "The colour that has the traffic; deploy.sh switches it."}
        return [
            live,
            {
                "name": f"{w.name}-preview",
                "about": "The other colour, to be looked at before the switch.",
                "track": "green",
                "metrics": False,
            },
        ]
    if v.tracks:
        return [
            plain | {"name": f"{w.name}-{track}", "about": f"The {track} instances.", "track": track}
            for track in v.tracks
        ]
    if v.rollouts and v.strategy == "blue-green":
        return [
            plain,
            plain
            | {"name": f"{w.name}-preview", "about": "The new version before it gets the traffic.", "metrics": False},
        ]
    return [plain]


def backends(w: Workload, v: Shape) -> list[tuple[str, int]]:
    """Which Services get how many of 100 requests."""
    if v.strategy == "canary" and v.tracks:
        return [(f"{w.name}-stable", 100), (f"{w.name}-canary", 0)]
    return [(w.name, 100)]
