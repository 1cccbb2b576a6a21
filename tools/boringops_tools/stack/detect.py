"""From the files git sees to the applications in them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from boringops_tools.stack import (
    cpp,
    deno,
    dotnet,
    elixir,
    elixir_mix,
    go,
    java,
    node,
    others,
    php,
    python,
    python_workspace,
    ruby,
    rust,
    static,
)
from boringops_tools.stack.facts import Application, Source, Stack
from boringops_tools.stack.found import slug
from boringops_tools.stack.tree import Tree, folder_of, join

Detector = Callable[[Tree, str, list[str]], Application]


def _without_manifest(tree: Tree) -> list[Application]:
    """What the root's own files show where no manifest says anything: a site, or a few sources."""
    if folders := static.folders(tree):
        return [static.detect(tree, folder) for folder in folders]
    if deno.by_sources(tree):
        return [deno.detect(tree, "", [])]
    top = {path.rpartition(".")[2] for path in tree.top}
    return [found(tree, "", []) for suffix, found in (("py", python.detect), ("go", go.detect)) if suffix in top][:1]


def _named(*names: str) -> Callable[[Tree], Iterable[str]]:
    """Folders that have one of the files; a name may have folders in front."""

    def folders(tree: Tree) -> Iterator[str]:
        for name in names:
            for path in tree.own(PurePosixPath(name).name):
                if path == name or path.endswith(f"/{name}"):
                    yield path[: -len(name)].rstrip("/")

    return folders


DETECTORS: dict[str, tuple[Detector, Callable[[Tree], Iterable[str]]]] = {
    "node": (node.detect, node.folders),
    "python": (python.detect, _named(*python.MANIFESTS)),
    "go": (go.detect, _named(go.MANIFEST)),
    "java": (java.detect, _named(*java.MANIFESTS, *java.SETTINGS)),
    "rust": (rust.detect, _named(rust.MANIFEST)),
    "ruby": (ruby.detect, _named(ruby.MANIFEST)),
    "php": (php.detect, php.folders),
    "dotnet": (dotnet.detect, dotnet.folders),
    "elixir": (elixir.detect, _named(elixir_mix.MANIFEST)),
    "deno": (deno.detect, _named(*deno.MANIFESTS)),
    "cpp": (cpp.detect, cpp.folders),
}
"""Per language: its detector, and which folders have an application of it, by the files that only one has."""

_PARTS: tuple[tuple[str, Callable[[Tree], set[str]]], ...] = (
    ("java", java.members),
    ("rust", rust.members),
    ("elixir", elixir.members),
)
"""Folders that are parts of a build above them, which is the application."""

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
_MOST = 40


def detect(root: Path, files: Sequence[str]) -> Stack:
    """Read what the repository at `root` shows about its applications. `files` are what git sees, relative to it.

    Nothing is executed and nothing outside `root` is read; broken files are passed over."""
    tree = Tree(root, files)
    found = _folders(tree)
    applications = []
    for language, folder in found[:_MOST]:
        nested = sorted(
            {other for _, other in found if other != folder and (not folder or other.startswith(f"{folder}/"))}
        )
        applications.append(DETECTORS[language][0](tree, folder, nested))
    if not applications:
        applications = _without_manifest(tree)
    notes = (
        [f"{len(found) - _MOST} more folders look like applications and were left out."] if len(found) > _MOST else []
    )
    title, summary = _readme(tree)
    branch, known = _branch(tree)
    return Stack(
        applications=_unique(_served_elsewhere(_assets_apart(applications))),
        title=title,
        summary=summary,
        ci=[Source(path=path) for path in _OTHER_CI if path in tree],
        branch=branch,
        branch_known=known,
        notes=notes,
        others=others.find(tree),
    )


def _folders(tree: Tree) -> list[tuple[str, str]]:
    """(language, folder) of everything that has a manifest of its own, the root first."""
    found = {(language, folder) for language, (_, folders) in DETECTORS.items() for folder in folders(tree)}
    programs = {folder_of(path) for path in tree.own(*others.PULUMI)}  # theirs is a manifest of infrastructure
    found = {(language, folder) for language, folder in found if not folder or folder not in programs}
    for language, parts in _PARTS:
        if any(known == language for known, _ in found):
            found -= {(language, folder) for folder in parts(tree)}
    # A Python folder inside another Python application is its part: requirements/ and the like.
    python_folders = {folder for language, folder in found if language == "python"}
    whole = {folder for folder in python_folders if _whole(tree, folder)}
    found -= {("python", folder) for folder in python_folders if any(above in whole for above in _above(folder))}
    return sorted(found, key=lambda item: (item[1].count("/") + bool(item[1]), item[1], item[0]))


def _above(folder: str) -> list[str]:
    """Every folder above, the root (empty) too."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:depth]) for depth in range(len(parts))]


def _whole(tree: Tree, folder: str) -> bool:
    """Whether a Python folder holds an application rather than a collection of them."""
    if python_workspace.is_root(tree.toml(join(folder, "pyproject.toml"))):
        return False
    return bool(tree.named(folder, "manage.py", "requirements.txt", "uv.lock", "poetry.lock", "Pipfile")) or any(
        folder_of(path) == folder for path in tree.below(folder, ".py")
    )


def _assets_apart(applications: list[Application]) -> list[Application]:
    """A package.json beside an application of another language builds its assets; it is no application of its own."""
    others = {app.folder for app in applications if app.language != "node" and (app.deployable or app.framework)}
    kept = [
        app
        for app in applications
        if app.language != "node" or app.folder not in others or (app.deployable and not app.static)
    ]
    kept = [app for app in kept if app.language != "node" or not any(_part_of(app, whole) for whole in kept)]
    # Where several manifests stand in one folder, what runs is the application.
    deployed = {app.folder for app in kept if app.deployable}
    return [
        app
        for app in kept
        if app.deployable or app.folder not in deployed or app.language not in {"deno", "cpp", "java"}
    ]


def _served_elsewhere(applications: list[Application]) -> list[Application]:
    """A site whose build goes into another application is said to that one, whose image has no Node.js to build it."""
    sites = {
        posixpath.normpath(app.path(app.static.output)): app
        for app in applications
        if app.static is not None and app.static.output.startswith("../")
    }
    told = []
    for app in applications:
        mine = [
            f"{site.folder} builds its pages into {target}, and this image does not build them: run its build before, or serve them apart."
            for target, site in sites.items()
            if app.deployable and site.folder != app.folder and (not app.folder or target.startswith(f"{app.folder}/"))
        ]
        told.append(app.model_copy(update={"remarks": [*app.remarks, *mine]}) if mine else app)
    return told


def _part_of(app: Application, whole: Application) -> bool:
    """Whether a package.json only makes what another application carries: its assets, or its user interface."""
    inner = app.folder.removeprefix(f"{whole.folder}/" if whole.folder else "")
    if inner == app.folder and whole.folder:
        return False
    if whole.language == "elixir" and (whole.deployable or whole.framework):
        return inner.rpartition("/")[2] == "assets"
    return whole.language == "java" and whole.deployable and "src/main/" in f"{inner}/"


def _unique(applications: list[Application]) -> list[Application]:
    """Names identify services, images and jobs: two alike get their folder in front."""
    names = [app.name for app in applications]
    return [
        app.model_copy(update={"name": slug(f"{app.folder or app.language}-{app.name}")})
        if names.count(app.name) > 1
        else app
        for app in applications
    ]


def _readme(tree: Tree) -> tuple[str, str]:
    """Title and first paragraph, without badges, links' targets and markup."""
    path = next((path for path in tree.top if re.fullmatch(r"readme(\.md|\.rst|\.txt)?", path, re.IGNORECASE)), "")
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
