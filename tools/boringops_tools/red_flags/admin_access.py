"""Pipelines that enter a cluster as its administrator, past the rights that it gives to people and programs."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.examples import CI, a_job, gh
from boringops_tools.red_flags.pipelines import jobs_of, may_run
from boringops_tools.red_flags.scripts import Command
from boringops_tools.yaml_files import line_of

# Inputs of tasks and actions that ask for the same.
_INPUTS = {
    "kubernetes@": "useClusterAdmin", "helmdeploy@": "useClusterAdmin", "kubernetesmanifest@": "useClusterAdmin",
    "azure/aks-set-context@": "admin",
}  # fmt: skip


def _as_admin(command: Command) -> str:
    words = command.argv[1:]
    if command.program == "az" and words[:2] == ("aks", "get-credentials") and {"--admin", "-a"} & set(words):
        return (
            "`az aks get-credentials --admin` enters the cluster as its administrator, past its directory and its roles"
        )
    if command.program == "kops" and "kubeconfig" in words and any(word.startswith("--admin") for word in words):
        return "`kops export kubeconfig --admin` enters the cluster as its administrator"
    if (
        command.program == "oc"
        and words[:1] == ("login",)
        and any("kubeadmin" in word or word == "system:admin" for word in words)
    ):
        return "`oc login` enters the cluster as its administrator"
    return ""


def _admin(path: str, text: str) -> Iterable[Hit]:
    for _, job in jobs_of(path, text):
        for step in job.steps:
            for command in step.commands:
                if told := _as_admin(command):
                    yield Hit(command.line, told)
            key = next((each for name, each in _INPUTS.items() if step.uses.lower().startswith(name)), "")
            if key and str(step.given.get(key, "")).lower() == "true":
                yield Hit(
                    line_of(step.given, key) or step.line, f"`{key}: true` enters the cluster as its administrator"
                )


_AKS = "az aks get-credentials --name a --resource-group b"
RED_FLAGS = (
    RedFlag(
        "pipeline/cluster-admin", "Disable security features for convenience", "warning", "Let the pipeline be somebody of its own, with the rights that a deployment needs.",
        applies=may_run, check=_admin,
        bad={
            CI: gh(a_job("a", f"{_AKS} --admin")), "azure-pipelines.yml": "steps:\n- task: HelmDeploy@1\n  inputs: {command: upgrade, useClusterAdmin: true}\n",
            "pipelines/deploy.yml": f"parameters: []\nsteps:\n- task: AzureCLI@2\n  inputs:\n    inlineScript: {_AKS} --admin\n", ".gitlab-ci.yml": "a:\n  script: [oc login -u kubeadmin -p $P]\n",
        },
        good={CI: gh(a_job("a", f"{_AKS} --overwrite-existing")), ".gitlab-ci.yml": "a:\n  script: [oc login --token=$T]\n"},
    ),
)  # fmt: skip
