"""From the files git sees to the applications in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from boringops_tools.stack import go, node, python
from boringops_tools.stack.facts import Application, Source, Stack
from boringops_tools.stack.tree import Tree, folder_of, join, table

DETECTORS: dict[str, tuple[Callable[[Tree, str, list[str]], Application], tuple[str, ...]]] = {
    "node": (node.detect, (node.MANIFEST,)),
    "python": (python.detect, python.MANIFESTS),
    "go": (go.detect, (go.MANIFEST,)),
}
"""Per language: its detector, and the files that say an application of it is in a folder."""

_OTHER_CI = (
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    ".buildkite/pipeline.yml",
)
_MOST = 12


def detect(root: Path, files: Sequence[str]) -> Stack:
    """Read what the repository at `root` shows about its applications. `files` are what git sees, relative to it.

    Nothing is executed and nothing outside `root` is read; broken files are passed over."""
    tree = Tree(root, files)
    found = _folders(tree)
    locked_above = {"node": node.members(tree), "python": python.members(tree)}
    applications = []
    for language, folder in found[:_MOST]:
        nested = sorted(
            {other for _, other in found if other != folder and (not folder or other.startswith(f"{folder}/"))}
        )
        app = DETECTORS[language][0](tree, folder, nested)
        if folder in locked_above.get(language, ()) and app.deployable:
            app = app.model_copy(
                update={
                    "deployable": False,
                    "reason": "a member of a workspace: it has to be built from the workspace's root, which no blueprint does yet",
                }
            )
        applications.append(app)
    notes = (
        [f"{len(found) - _MOST} more folders look like applications and were left out."] if len(found) > _MOST else []
    )
    title, summary = _readme(tree)
    branch, known = _branch(tree)
    return Stack(
        applications=_unique(_assets_apart(applications)),
        title=title,
        summary=summary,
        ci=[Source(path=path) for path in _OTHER_CI if path in tree],
        branch=branch,
        branch_known=known,
        notes=notes,
    )


def _folders(tree: Tree) -> list[tuple[str, str]]:
    """(language, folder) of everything that has a manifest of its own, the root first."""
    found: set[tuple[str, str]] = set()
    for language, (_, manifests) in DETECTORS.items():
        for manifest in manifests:
            for path in tree.below("", PurePosixPath(manifest).name):
                if path == manifest or path.endswith(f"/{manifest}"):
                    found.add((language, path[: -len(manifest)].rstrip("/")))
    # A Python folder inside another Python application is its part: requirements/ and the like.
    kept = {(language, folder) for language, folder in found if language != "python" or not any(
        other != folder and language == second and (not other or folder.startswith(f"{other}/")) and _whole(tree, other)
        for second, other in found
    )}  # fmt: skip
    return sorted(kept, key=lambda item: (item[1].count("/") + bool(item[1]), item[1], item[0]))


def _whole(tree: Tree, folder: str) -> bool:
    """Whether a Python folder holds an application rather than a collection of them."""
    if "workspace" in table(tree.toml(join(folder, "pyproject.toml")), "tool", "uv"):
        return False
    return bool(tree.named(folder, "manage.py", "requirements.txt", "uv.lock", "poetry.lock", "Pipfile")) or any(
        folder_of(path) == folder for path in tree.below(folder, ".py")
    )


def _assets_apart(applications: list[Application]) -> list[Application]:
    """A package.json beside a Python or Go application builds its assets; it is no application of its own."""
    others = {app.folder for app in applications if app.language != "node" and app.deployable}
    return [app for app in applications if app.language != "node" or app.deployable or app.folder not in others]


def _unique(applications: list[Application]) -> list[Application]:
    """Names identify services, images and jobs: two alike get their folder in front."""
    names = [app.name for app in applications]
    return [
        app.model_copy(update={"name": node.slug(f"{app.folder or app.language}-{app.name}")})
        if names.count(app.name) > 1
        else app
        for app in applications
    ]


def _readme(tree: Tree) -> tuple[str, str]:
    """Title and first paragraph, without badges, links' targets and markup."""
    path = next((path for path in tree.files if re.fullmatch(r"readme(\.md|\.rst|\.txt)?", path, re.IGNORECASE)), "")
    text = re.sub(r"<!--.*?-->", "", tree.text(path), flags=re.DOTALL)
    title = next(iter(re.findall(r"^#\s+(.+)$", text, re.MULTILINE)), "")
    for block in re.split(r"\n\s*\n", text):
        plain = re.sub(r"!\[[^\]]*\]\([^)]*\)|\[!\[.*?\]\([^)]*\)\]\([^)]*\)|<[^>]+>", "", block)
        plain = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", plain).split())
        if (
            plain
            and not plain.startswith(("#", "|", "```", "..", "- ", "* ", "=", ">", "["))
            and not plain.endswith(":")
            and re.search(r"[a-z]{3}.*\s", plain)
        ):
            return _plain(title) or tree.root.name, plain[:400]
    return _plain(title) or tree.root.name, ""


def _plain(title: str) -> str:
    return " ".join(re.sub(r"!?\[([^\]]*)\]\([^)]*\)|[#*`]", r"\1", title).split())[:80]


def _branch(tree: Tree) -> tuple[str, bool]:
    """The remote's default branch, else the checked-out one where its name is a usual trunk."""
    git = tree.root / ".git"
    for path in (git / "refs/remotes/origin/HEAD", git / "HEAD"):
        try:
            found = re.match(r"ref: refs/(?:remotes/origin|heads)/([\w./-]+)", path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if found and (path.name != "HEAD" or path.parent != git or found[1] in {"main", "master", "trunk", "develop"}):
            return found[1], True
    return "main", False
