"""What a task asks for by name, and the kinds of file that show that a repository has it."""

from __future__ import annotations

import re
from collections.abc import Collection

_CLOUD = frozenset({"terraform", "cloudformation", "pulumi", "cdk", "sam", "serverless"})
_CI = frozenset(
    {
        "github-actions", "gitlab-ci", "circleci", "jenkins", "azure-pipelines", "bitbucket-pipelines", "travis", "drone",
        "buildkite", "woodpecker", "cloud-build", "tekton",
    }
)  # fmt: skip
NAMED: tuple[tuple[str, frozenset[str]], ...] = (
    (r"dockerfile|containeri[sz]e|docker image|container image", frozenset({"dockerfile", "bake"})),
    (r"\.?dockerignore", frozenset({"dockerignore"})),
    (r"(?:docker[- ])?compose\b", frozenset({"compose"})),
    (r"helm\b", frozenset({"helm"})),
    (r"kustomi[sz]\w*", frozenset({"kustomize"})),
    (r"kubernetes|k8s", frozenset({"kubernetes", "helm", "kustomize"})),
    (r"github actions?", frozenset({"github-actions"})),
    (r"gitlab(?:[- ]ci)?", frozenset({"gitlab-ci"})),
    (r"circleci", frozenset({"circleci"})),
    (r"jenkins(?:file)?", frozenset({"jenkins"})),
    (r"azure pipelines?", frozenset({"azure-pipelines"})),
    (r"ci/cd|\bci\b|continuous (?:integration|delivery|deployment)|pipelines?", _CI),
    (r"terraform|opentofu", frozenset({"terraform"})),
    (r"cloudformation", frozenset({"cloudformation", "sam"})),
    (r"pulumi", frozenset({"pulumi"})),
    (r"ansible", frozenset({"ansible"})),
    (r"infrastructure as code|\biac\b", _CLOUD),
    (r"prometheus|alert(?:ing|s)?\b(?: rules?)?", frozenset({"prometheus", "alertmanager", *_CLOUD})),
    (r"grafana|dashboards?", frozenset({"grafana", *_CLOUD})),
    (r"dependabot|renovate", frozenset({"dependabot", "renovate"})),
)
"""What tasks call a thing, and the kinds of which one at least is there where the thing is."""
_TAKES_AWAY = re.compile(r"(?i)\b(?:remov|delet|drop|retir|decommission|uninstall|get rid)\w*")


def missing(task: str, kinds: Collection[str]) -> list[str]:
    """What the task names and a repository with files of these kinds does not have."""
    if _TAKES_AWAY.search(task):
        return []
    found = []
    for name, any_of in NAMED:
        match = re.search(rf"(?i)(?<![\w-])(?:{name})(?![\w-])", task)
        if match is not None and not any_of & set(kinds):
            found.append(match[0])
    return found
