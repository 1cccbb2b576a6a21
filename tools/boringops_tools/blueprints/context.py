"""What every kind of blueprint is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from boringops_tools.blueprints.choices import Choices
from boringops_tools.blueprints.operations import asked
from boringops_tools.stack.facts import Application, Stack
from boringops_tools.stack.tree import Tree

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


@dataclass(frozen=True)
class Context:
    """The repository as it is, and what is wanted."""

    tree: Tree
    stack: Stack
    wants: frozenset[str]
    choices: Choices = field(default_factory=Choices)
    task: str = ""
    """What the user said, answers included."""
    asked_ci: str = ""
    """A CI system other than GitHub's that the task names."""
    planned: frozenset[str] | None = None
    """Of what is wanted, the files that will really be written; None: all."""

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
    def other_ci(self) -> str:
        """The CI system other than GitHub's that the task names or the repository is on; empty on GitHub or nowhere."""
        if self.asked_ci:
            return self.asked_ci
        return "" if self.workflows else next((str(source) for source in self.stack.ci), "")

    @cached_property
    def workflows(self) -> list[str]:
        return [
            path
            for path in self.tree.files
            if path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))
        ]

    @cached_property
    def ci_path(self) -> str:
        """The workflow that checks pull requests: an existing one, or the one to draft."""
        checking = [path for path in self.workflows if "pull_request" in self.tree.text(path) and "image" not in path]
        return checking[0] if checking else ".github/workflows/ci.yml"

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
            if path != self.ci_path and any(sign in self.tree.text(path) for sign in signs)
        ]
        return publishing[0] if publishing else ".github/workflows/release.yml"

    @cached_property
    def compose_path(self) -> str:
        return next((name for name in COMPOSE_NAMES if name in self.tree), "compose.yaml")

    def will_have(self, path: str, want: str) -> bool:
        """Whether the file is there already, or is wanted now. The same before and after the draft is written."""
        planned = self.planned is None or path in self.planned
        return path in self.tree or (want in self.wants and planned)
