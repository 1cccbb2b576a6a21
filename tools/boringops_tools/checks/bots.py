"""Dependabot, Renovate and pre-commit: folders and words that exist, hooks that stay the same, updates that are tested."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import difflib
import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from boringops_tools.checks.base import Files, Hit, Rule, at, listed, mapping, text_of

_STAGES = frozenset(
    """commit-msg manual post-checkout post-commit post-merge post-rewrite pre-commit pre-merge-commit pre-push pre-rebase
    prepare-commit-msg commit push merge-commit""".split()  # noqa: SIM905
)
_MOVING = frozenset({"main", "master", "head", "develop", "dev", "trunk", "latest", "stable"})
_LOCAL = ("id", "name", "entry", "language")
# The options of Renovate that people set; a name close to one of them and none itself is a slip.
_RENOVATE = frozenset(
    """$schema addLabels additionalBranchPrefix allowedVersions assignees assigneesFromCodeOwners automerge automergeSchedule
    automergeStrategy automergeType baseBranches baseBranchPatterns branchConcurrentLimit branchPrefix branchPrefixOld branchTopic bumpVersion bumpVersions commitBody
    commitMessageAction commitMessageExtra commitMessagePrefix commitMessageTopic configMigration constraints customDatasources
    customManagers dependencyDashboard dependencyDashboardApproval dependencyDashboardLabels dependencyDashboardTitle
    description digest draftPR enabled enabledManagers excludeCommitPaths extends extractVersion fetchChangeLogs followTag forkProcessing
    gitAuthor gitIgnoredAuthors groupName groupSlug hashedBranchLength hostRules ignoreDeps ignorePaths ignorePresets
    ignoreTests ignoreUnstable includePaths internalChecksFilter keepUpdatedLabel labels lockFileMaintenance major minor
    minimumReleaseAge npmrc osvVulnerabilityAlerts packageRules patch pin pinDigest pinDigests platformAutomerge platformCommit
    postUpdateOptions postUpgradeTasks prBodyColumns prBodyNotes prBodyTemplate prConcurrentLimit prCreation prFooter prHeader
    prHourlyLimit prPriority prTitle pruneStaleBranches rangeStrategy rebaseLabel rebaseWhen recreateWhen registryAliases
    registryUrls replacement reviewers reviewersFromCodeOwners reviewersSampleSize rollback rollbackPrs schedule semanticCommitScope
    semanticCommitType semanticCommits separateMajorMinor separateMinorPatch separateMultipleMajor separateMultipleMinor statusCheckNames
    stopUpdatingLabel suppressNotifications timezone transitiveRemediation updateLockFiles updateNotScheduled
    updatePinnedDependencies useBaseBranchConfig userStrings versioning vulnerabilityAlerts matchBaseBranches matchCategories
    matchConfidence matchCurrentAge matchCurrentValue matchCurrentVersion matchDatasources matchDepNames matchDepTypes
    matchFileNames matchJsonata matchManagers matchMessage matchNewValue matchPackageNames matchRepositories matchSourceUrls
    matchUpdateTypes overrideDatasource overrideDepName overridePackageName managerFilePatterns fileMatch regexManagers
    excludePackageNames excludePackagePatterns matchPackagePatterns matchPackagePrefixes matchPaths matchLanguages stabilityDays npm docker terraform helm-values kubernetes
    github-actions gomod pip_requirements poetry docker-compose dockerfile vulnerabilityFixStrategy encrypted force env git-submodules pre-commit ansible nix python js go rust java php ruby node""".split()  # noqa: SIM905
)


def _is_hooks(path: str) -> bool:
    return posixpath.basename(path) in (".pre-commit-config.yaml", ".pre-commit-config.yml")


def _hooks(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        repositories = listed(mapping(document).get("repos"))
        for position, each in enumerate(repositories):
            where, revision = text_of(mapping(each).get("repo")), mapping(each).get("rev")
            line = at((each, "rev"), (each, "repo"), (repositories, position))
            if where and where not in ("local", "meta", "builtin") and revision is None:
                yield Hit(line, f"`{where}` has no `rev`")
            for hook in map(mapping, listed(mapping(each).get("hooks"))):
                if where == "local" and (missing := [key for key in _LOCAL if key not in hook]):
                    yield Hit(
                        at((hook, "id"), (each, "hooks")), f"the local hook `{hook.get('id')}` has no `{missing[0]}`"
                    )
                for index, stage in enumerate(listed(hook.get("stages"))):
                    if isinstance(stage, str) and stage not in _STAGES:
                        yield Hit(
                            at((hook["stages"], index), (hook, "stages")),
                            f"there is no stage `{stage}`: {', '.join(sorted(_STAGES)[:8])}",
                        )


def _moving(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for each in listed(mapping(document).get("repos")):
            revision = text_of(mapping(each).get("rev"))
            if revision.lower() in _MOVING:
                yield Hit(
                    at((each, "rev")),
                    f"`{revision}` is a branch: pre-commit takes it as it was when it first ran, everywhere another",
                )


def _is_renovate(path: str) -> bool:
    return bool(re.fullmatch(r"(?:\.github/|\.gitlab/)?(?:renovate\.json|\.renovaterc(?:\.json)?)", path))


def _renovate(files: Files, path: str) -> tuple[Any, str]:
    text = files.text(path)
    try:
        return json.loads(text), text
    except ValueError:
        return {}, text  # another rule says so


def _line(text: str, word: str) -> int:
    return text[: max(text.find(json.dumps(word)), 0)].count("\n") + 1


def _options(files: Files, path: str) -> Iterator[Hit]:
    document, text = _renovate(files, path)
    rules = [mapping(each) for each in listed(mapping(document).get("packageRules"))]
    for owner in (mapping(document), *rules):
        for key in owner:
            near = difflib.get_close_matches(str(key), _RENOVATE, 1, 0.88) if key not in _RENOVATE else []
            if near:
                yield Hit(_line(text, str(key)), f"`{key}` is no option; `{near[0]}` is one")


def _unseen(files: Files, path: str) -> Iterator[Hit]:
    document, text = _renovate(files, path)
    for owner in (mapping(document), *map(mapping, listed(mapping(document).get("packageRules")))):
        if owner.get("automerge") is not True:
            continue
        if owner.get("ignoreTests") is True:
            yield Hit(_line(text, "ignoreTests"), "updates are merged without a test")
        elif "major" in listed(owner.get("matchUpdateTypes")) and not any(
            str(key).startswith("match") and key != "matchUpdateTypes" for key in owner
        ):
            yield Hit(_line(text, "automerge"), "major updates, which break things by their name, are merged unseen")


def _is_dependabot(path: str) -> bool:
    return path in (".github/dependabot.yml", ".github/dependabot.yaml")


# ecosystem: the manifests that it updates.
_MANIFESTS = {
    "npm": ("package.json",), "docker": ("Dockerfile",), "pip": ("requirements.txt", "pyproject.toml"), "uv": ("uv.lock",),
    "gomod": ("go.mod",), "cargo": ("Cargo.toml",), "bundler": ("Gemfile",), "composer": ("composer.json",),
    "maven": ("pom.xml",), "gradle": ("build.gradle", "build.gradle.kts"), "terraform": ("main.tf",),
}  # fmt: skip


def _folders(files: Files, path: str) -> Iterator[Hit]:
    for document in files.documents(path)[:1]:
        for update in map(mapping, listed(mapping(document).get("updates"))):
            if not any(name in files.by_name for name in _MANIFESTS.get(text_of(update.get("package-ecosystem")), ())):
                continue  # what it updates is not here at all: a part of a repository
            several = update.get("directories")
            places = [(update, "directory", update.get("directory"))] + [
                (several, index, each) for index, each in enumerate(listed(several))
            ]
            for owner, key, folder in places:
                plain = folder.strip("/") if isinstance(folder, str) else ""
                if plain and not re.search(r"[*$?]|^\.$", plain) and posixpath.normpath(plain) not in files.folders:
                    yield Hit(at((owner, key), (update, "directories")), f"the repository has no folder `{folder}`")


_H, _R, _D = ".pre-commit-config.yaml", "renovate.json", ".github/dependabot.yml"
_HOOKS = "repos:\n- repo: https://a.example/b\n  rev: v1\n  hooks: [{id: c}]\n- repo: local\n  hooks: [{id: d, name: e, entry: f, language: system, stages: [pre-push]}]\n"
_UPDATES = "version: 2\nupdates:\n- {{package-ecosystem: npm, directory: {}, schedule: {{interval: weekly}}}}\n"

RULES = (
    Rule("pre-commit/hook", "error", "pre-commit refuses the configuration: give what is missing.", "pre-commit documentation: rev of a repository; id, name, entry and language of a local hook; stages.", _is_hooks, _hooks,
         bad=({_H: _HOOKS.replace("  rev: v1\n", "")}, {_H: _HOOKS.replace(", entry: f", "")}, {_H: _HOOKS.replace("pre-push", "before-push")}), good=({_H: _HOOKS},)),
    Rule("pre-commit/moving", "warning", "Name a tag or a commit; `pre-commit autoupdate` renews it.", "pre-commit documentation, Using the latest version: mutable references are not supported.", _is_hooks, _moving,
         bad=({_H: _HOOKS.replace("rev: v1", "rev: main")},), good=({_H: _HOOKS},)),
    Rule("renovate/option", "error", "Correct the name.", "Renovate documentation, Configuration options.", _is_renovate, _options,
         bad=({_R: '{"minimumReleasesAge": "3 days"}'}, {_R: '{"packageRules": [{"matchManager": ["npm"], "enabled": false}]}'}), good=({_R: '{"minimumReleaseAge": "3 days", "packageRules": [{"matchManagers": ["npm"], "groupName": "a"}], "x": 1}'},)),
    Rule("renovate/unseen", "warning", "Let tests pass first; look at major updates.", "Renovate documentation, Automerge: ignoreTests merges without checks.", _is_renovate, _unseen,
         bad=({_R: '{"automerge": true, "ignoreTests": true}'}, {_R: '{"packageRules": [{"matchUpdateTypes": ["major"], "automerge": true}]}'}), good=({_R: '{"packageRules": [{"matchUpdateTypes": ["minor"], "automerge": true}, {"matchUpdateTypes": ["major"], "matchPackageNames": ["eslint"], "automerge": true}]}'},)),
    Rule("dependabot/folder", "error", "Name a folder of the repository.", "Dependabot options reference, directory: where the manifests are, from the root.", _is_dependabot, _folders,
         bad=({_D: _UPDATES.format("/frontend"), "web/package.json": "{}"},), good=({_D: _UPDATES.format("/web"), "web/package.json": "{}"}, {_D: _UPDATES.format("/")}, {_D: _UPDATES.format("'/packages/*'")})),
)  # fmt: skip
