"""What the task says of the cluster, in plain words. What nobody said is left to what every cluster has."""

from __future__ import annotations

import re
from typing import Literal

from boringops.facts import Fact

Cloud = Literal["aws", "google", "azure", ""]

_CLOUDS: dict[Cloud, str] = {
    "aws": r"\b(eks|aws|amazon)\b",
    "google": r"\b(gke|gcp|google cloud)\b",
    "azure": r"\b(aks|azure)\b",
}


class Cluster(Fact):
    """Whose cluster it is, and what is installed in it beside Kubernetes itself."""

    cloud: Cloud = ""
    external_secrets: bool = False
    """External Secrets Operator."""
    gateway: bool = False
    """Gateway API with a Gateway of the platform's."""
    rollouts: bool = False
    """Argo Rollouts."""
    prometheus: bool = False
    """Prometheus, which a ServiceMonitor is for."""
    operator: bool = False
    """Prometheus Operator by its name, or by one of its kinds."""


def read(text: str) -> Cluster:
    """What a text states of the cluster."""

    def says(pattern: str) -> bool:
        return re.search(pattern, text, re.IGNORECASE) is not None

    return Cluster(
        cloud=next((cloud for cloud, pattern in _CLOUDS.items() if says(pattern)), ""),
        external_secrets=says(r"\bexternal[- ]?secrets?\b|\beso\b"),
        gateway=says(r"\bgateway api\b|\bhttproutes?\b|\bcanar(y|ies)\b"),
        rollouts=says(r"\bargo[- ]?rollouts?\b"),
        operator=says(
            r"\bprometheus[- ]?operator\b|\bkube-prometheus\b|\b(service|pod) ?monitors?\b|\bprometheus ?rules?\b"
        ),
        prometheus=says(r"\bprometheus\b|\bservice ?monitors?\b"),
    )
