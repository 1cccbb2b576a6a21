"""CircleCI: contexts, which hold an environment's secrets, and orbs without a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.deploying import PRODUCTION, STAGING
from boringops_tools.red_flags.pipelines import jobs_of
from boringops_tools.yaml_files import documents, is_circleci, line_of


def _contexts(path: str, text: str) -> Iterable[Hit]:
    """CircleCI: production's context on a job for another environment."""
    for pipeline, job in jobs_of(path, text):
        if (
            pipeline.system == "circleci"
            and job.environment
            and STAGING.search(job.name)
            and not PRODUCTION.search(job.name)
        ):
            yield Hit(job.line, f"{job.name} gets production's secrets (context {job.environment})")


def _moving_orbs(_: str, text: str) -> Iterable[Hit]:
    for document in documents(text):
        orbs = document.get("orbs") if isinstance(document, Mapping) else None
        for name, orb in orbs.items() if isinstance(orbs, Mapping) else ():
            version = orb.rpartition("@")[2] if isinstance(orb, str) and "@" in orb else ""
            if isinstance(orb, str) and (
                not version or version in ("volatile", "dev:first") or version.startswith("dev:")
            ):
                yield Hit(line_of(orbs, name), f"the orb {orb} is another one tomorrow: it has no version")


_CIRCLE = "jobs:\n  d:\n    steps:\n      - run: flyctl deploy\nworkflows:\n  w:\n    jobs:\n      - d: {{name: staging, context: {}}}\n"


def _is_circle(path: str) -> bool:
    return is_circleci(path)


RED_FLAGS = (
    RedFlag(
        "pipeline/shared-context", "Use same credentials across environments", "warning", "Give each environment a context of its own.",
        applies=_is_circle, check=_contexts,
        bad={".circleci/config.yml": _CIRCLE.format("[aws-production]")},
        good={".circleci/config.yml": _CIRCLE.format("[aws-staging]")},
    ),
    RedFlag(
        "pipeline/moving-orb", "Use `latest` tag in production (always pin versions)", "warning", "Name a release: orb@1.2.3.",
        applies=_is_circle, check=_moving_orbs,
        bad={".circleci/config.yml": "version: 2.1\norbs: {node: circleci/node@volatile}\njobs: {}\n"},
        good={".circleci/config.yml": "version: 2.1\norbs: {node: circleci/node@7.2.1, own: {jobs: {}}}\njobs: {}\n"},
    ),
)  # fmt: skip
