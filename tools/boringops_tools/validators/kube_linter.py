"""A second opinion on Kubernetes manifests, by kube-linter, where it is installed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from boringops_tools.validators.base import Program, Ran, Said
from boringops_tools.validators.kubernetes import KubernetesSchema


class KubeLinter(Program):
    name = "kube-linter"
    about = "Kubernetes manifests (practice)"
    aspect = "kubernetes practice"
    get = "install kube-linter"
    missed = False
    version_arguments = ("version",)

    covers = KubernetesSchema.covers
    skip = KubernetesSchema.skip

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["lint", "--format", "json", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout)["Reports"] or []:
            file = item["Object"]["Metadata"]["FilePath"]
            yield Said(file, item["Check"], "warning", None, item["Diagnostic"]["Message"], item.get("Remediation", ""))


VALIDATORS = (KubeLinter(),)
