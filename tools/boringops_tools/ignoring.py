"""Whether the repository's own `.gitignore` files leave a path out, without a call of git for each path.

What one person or one checkout ignores beyond that (`core.excludesFile`, `.git/info/exclude`) is not asked: it says nothing
of what a build makes anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Ignoring:
    """The `.gitignore` files of a repository, by their text and the folder they stand in (`infra/`; empty for its root)."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        from pathspec import GitIgnoreSpec

        self._specs: dict[str, GitIgnoreSpec] = {
            folder: GitIgnoreSpec.from_lines(text.splitlines()) for folder, text in texts.items() if text.strip()
        }

    def leaves_out(self, path: str) -> bool:
        """Whether a path, or a folder that it is in, is ignored: nothing brings back what is in an ignored folder."""
        return any(self._says(each) for each in _steps(path))

    def _says(self, path: str) -> bool:
        """What the nearest file that speaks of a path says of it; folders end in a slash."""
        folder = path.rstrip("/")
        while folder:
            folder = folder.rpartition("/")[0]
            above = f"{folder}/" if folder else ""
            spec = self._specs.get(above)
            said = spec.check_file(path.removeprefix(above)).include if spec else None
            if said is not None:
                return said
        return False


def _steps(path: str) -> Iterator[str]:
    """`a/`, `a/b/`, `a/b/c` of `a/b/c`."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count]) + "/"
    yield path
