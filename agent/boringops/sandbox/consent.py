"""What a command may touch by its phase, and by what somebody consented to when policy asked.

A command gets here when policy has let it pass. One that reaches outside passed because a person, or a rule of theirs,
said so: it gets the network, and each program in it the credentials or the socket that it cannot do its work without.
"""

from __future__ import annotations

import os
from pathlib import Path

from boringops.sandbox.base import Box
from boringops.shell import Analysis, Verdict, analyse

_REACHES = {Verdict.REACH, Verdict.DESTROY}
_ENGINE = (
    "/var/run/docker.sock",
    "~/.docker/config.json",
    "~/.docker/contexts",
    "~/.docker/cli-plugins",
    "~/.docker/buildx",
)
_CLUSTER = ("~/.kube", *(f"~/.{name}" for name in ("config/helm", "cache/helm", "local/share/helm")))
_CLOUD = ("~/.aws", "~/.config/gcloud", "~/.azure", "~/.terraform.d", "~/.terraformrc")
_GRANTS: dict[str, tuple[str, ...]] = {
    "docker": _ENGINE,
    "docker-compose": _ENGINE,
    "podman": ("~/.config/containers", "~/.docker/config.json"),
    "kubectl": _CLUSTER,
    "helm": (*_CLUSTER, "~/.docker/config.json"),
    "kustomize": _CLUSTER,
    "terraform": _CLOUD,
    "tofu": _CLOUD,
    "terragrunt": _CLOUD,
    "pulumi": ("~/.pulumi", *_CLOUD),
    "aws": ("~/.aws",),
    "gcloud": ("~/.config/gcloud",),
    "az": ("~/.azure",),
    "gh": ("~/.config/gh",),
    "npm": ("~/.npmrc",),
    "pnpm": ("~/.npmrc",),
    "yarn": ("~/.npmrc", "~/.yarnrc.yml"),
    "crane": ("~/.docker/config.json",),
    "skopeo": ("~/.docker/config.json",),
}


def box_for(command: str, root: Path, *, writable: bool) -> Box:
    """The box of a command that policy has let pass. In a phase that only reads, `writable` is False."""
    analysis = analyse(command)
    reaching = [part for part in analysis.parts if part.verdict in _REACHES]
    grants = {path for part in reaching for path in _GRANTS.get(str(part.argv[0]), ())}
    return Box(
        root.resolve(),
        writable=writable,
        network=bool(reaching),
        git_writable=writable and bool(reaching) and _git_alone(analysis),
        grants=tuple(sorted(Path(os.path.expanduser(path)) for path in grants)),  # noqa: PTH111 - keeps what has no `~`
    )


def _git_alone(analysis: Analysis) -> bool:
    """`git fetch` has to write what it fetched; whatever runs beside it has no business there."""
    return all(part.argv[0] == "git" for part in analysis.parts)
