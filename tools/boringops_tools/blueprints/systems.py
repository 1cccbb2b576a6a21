"""The CI systems that pipelines are drafted for, and which of them a repository is on."""

from __future__ import annotations

from dataclasses import dataclass

from boringops_tools.stack.tree import Tree


@dataclass(frozen=True)
class System:
    """A CI system whose whole pipeline is one file."""

    name: str
    paths: tuple[str, ...]
    """Where it looks for its pipeline; the first is what is drafted."""
    template: str
    registry: str
    """Where the images go, as a person reads it."""

    def path_in(self, tree: Tree) -> str:
        """Its file in the repository; empty where there is none."""
        return next((path for path in self.paths if path in tree), "")


GITHUB = "GitHub Actions"

SYSTEMS: tuple[System, ...] = (
    System("GitLab CI", (".gitlab-ci.yml", ".gitlab-ci.yaml"), "gitlab-ci.yml.j2", "the project's own registry"),
    System("CircleCI", (".circleci/config.yml", ".circleci/config.yaml"), "circleci.yml.j2", "the registry of the context `registry`"),
    System("Jenkins", ("Jenkinsfile",), "Jenkinsfile.j2", "the registry of `IMAGE_PREFIX`"),
    System(
        "Azure Pipelines", ("azure-pipelines.yml", "azure-pipelines.yaml", ".azure-pipelines.yml"),
        "azure-pipelines.yml.j2", "the registry of `imagePrefix`",
    ),
)  # fmt: skip


def by_name(name: str) -> System | None:
    """The system of a name; null for GitHub, which is several files, and for those there is no blueprint for."""
    return next((each for each in SYSTEMS if each.name == name), None)
