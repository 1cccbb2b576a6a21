"""What every kind of blueprint is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from boringops_tools.blueprints import workflows_there
from boringops_tools.blueprints.choices import Choices
from boringops_tools.blueprints.operations import asked
from boringops_tools.blueprints.systems import GITHUB, SYSTEMS, System
from boringops_tools.blueprints.workflows_there import Workflow
from boringops_tools.stack.facts import Application, Stack
from boringops_tools.stack.tree import Tree

DEPLOY = ".github/workflows/deploy-kubernetes.yml"
"""The workflow that others call to deploy; it publishes nothing."""
DEPLOY_CLOUD = ".github/workflows/deploy.yml"
DEPLOYMENT = "docs/deployment.md"
"""How a cloud is set up, deployed to and rolled back."""
INFRASTRUCTURE = ".github/workflows/infrastructure.yml"
"""The workflow that plans and applies Terraform."""
_ASIDE = (DEPLOY, DEPLOY_CLOUD, INFRASTRUCTURE)
"""Workflows of ours that neither check the code nor publish it."""
_CI = (".github/workflows/ci.yml", ".github/workflows/tests.yml", ".github/workflows/checks.yml")
"""What the workflow that tests is called; the first that is free."""
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True)
class Context:
    """The repository as it is, and what is wanted."""

    tree: Tree
    stack: Stack
    wants: frozenset[str]
    choices: Choices = field(default_factory=Choices)
    asked_ci: tuple[str, ...] = ()
    """CI systems that the task names."""
    task: str = ""
    """What the user said, answers included."""
    planned: frozenset[str] | None = None
    """Of what is wanted, the files that will really be written; None: all."""

    deploys_by: str = ""
    """Pipelines of one file that deploy, or will (`deploying.paths`); empty where none does."""

    @property
    def apps(self) -> list[Application]:
        return self.stack.applications

    @cached_property
    def parts(self) -> frozenset[str]:
        """The parts of operations that are wanted (`operations.asked.PARTS`)."""
        return asked.parts(self.task) if "operations" in self.wants else frozenset()

    @property
    def containers(self) -> list[Application]:
        """Applications that get a container, or have one: the documents speak of both alike."""
        return [app for app in self.apps if app.deployable or app.path("Dockerfile") in self.tree]

    @property
    def images(self) -> list[Application]:
        """Containers that a pipeline can build: their Dockerfile is there or comes along."""
        return [app for app in self.containers if self.will_have(app.path("Dockerfile"), "image")]

    @property
    def systems(self) -> list[str]:
        """Names of the CI systems to draft for: those the task names, else those the repository is on, else GitHub's."""
        return list(self.asked_ci) or self.present_ci or [GITHUB]

    @property
    def present_ci(self) -> list[str]:
        """CI systems that the repository has a configuration of; one there is no blueprint for by its file."""
        known = {path: system.name for system in SYSTEMS for path in system.paths}
        found = [GITHUB] if self.workflows else []
        return list(dict.fromkeys(found + [known.get(source.path, source.path) for source in self.stack.ci]))

    @property
    def on_github(self) -> bool:
        """Whether workflows of GitHub are drafted."""
        return GITHUB in self.systems

    @property
    def other_ci(self) -> str:
        """The CI systems that take the place of GitHub's workflows; empty where those are drafted."""
        return "" if self.on_github else ", ".join(self.systems)

    @property
    def pipelines(self) -> list[System]:
        """Systems with one file for everything to draft for."""
        return [system for system in SYSTEMS if system.name in self.systems]

    @property
    def told_pipelines(self) -> dict[str, str]:
        """Files of such systems that the repository has or will have, by system: the same before and after drafting."""
        found = {system.name: system.path_in(self.tree) for system in SYSTEMS if system.path_in(self.tree)}
        wanted = {system.name: system.paths[0] for system in self.pipelines if self.will_have(system.paths[0], "ci")}
        return {system.name: (wanted | found)[system.name] for system in SYSTEMS if system.name in wanted | found}

    @cached_property
    def workflows(self) -> list[str]:
        return [
            path
            for path in self.tree.files
            if path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))
        ]

    @cached_property
    def checking(self) -> list[Workflow]:
        """The workflows that a change starts, without those of ours that deploy."""
        return [
            each
            for each in workflows_there.all_of(self.tree, self.workflows)
            if each.checks and each.path not in _ASIDE
        ]

    @cached_property
    def ci_path(self) -> str:
        """The workflow that tests each change: an existing one, or the one to draft beside those that do not test.

        Where it cannot be known whether one tests, it is taken for the one: a second one would do everything twice."""
        tested = any(app.commands.test for app in self.apps)
        found = [each for each in self.checking if each.tests]
        found += [each for each in self.checking if each.reviews and (each.unclear or not tested)]
        free = (path for path in _CI if path not in self.tree)
        return found[0].path if found else next(free, _CI[0])

    @cached_property
    def release_path(self) -> str:
        """The workflow that publishes images or deploys: an existing one, or the one to draft."""
        signs = (
            "docker/build-push-action",
            "docker push",
            "kubectl ",
            "helm upgrade",
            "aws-actions/",
            "gcloud ",
            "flyctl",
            "fly deploy",
        )
        publishing = [
            path
            for path in self.workflows
            if path not in (self.ci_path, *_ASIDE) and any(sign in self.tree.text(path) for sign in signs)
        ]
        return publishing[0] if publishing else ".github/workflows/release.yml"

    @property
    def releases(self) -> str:
        """The pipeline that publishes images, that is there or comes along; empty where none does."""
        comes = self.on_github and bool(self.images) and self.will_have(self.release_path, "ci")
        found = [self.release_path] if self.release_path in self.tree or comes else []
        return "` and `".join([*found, *(self.told_pipelines.values() if self.images else [])])

    @cached_property
    def compose_path(self) -> str:
        return next((name for name in COMPOSE_NAMES if name in self.tree), "compose.yaml")

    def will_have(self, path: str, want: str) -> bool:
        """Whether the file is there already, or is wanted now. The same before and after the draft is written."""
        planned = self.planned is None or path in self.planned
        return path in self.tree or (want in self.wants and planned)
