"""Which paths an application answers: its routers, what is mounted where, and the routes right on each."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from boringops_tools.stack.facts import Route, Source

_DEEPEST = 8
"""Routers within routers; more is a cycle or a generator's work."""


@dataclass
class Routing:
    """A router is whatever key its language's reader gives it, the same wherever the code speaks of it."""

    made: set[Hashable] = field(default_factory=set)
    """Applications: routers that requests come in by, unless another one mounts them."""
    served: set[Hashable] = field(default_factory=set)
    """Those of them that the code hands to a server. They tell which one counts where several were made."""
    _mounts: dict[Hashable, list[tuple[Hashable, str]]] = field(default_factory=dict)
    _routes: list[tuple[Hashable, str, Source]] = field(default_factory=list)

    def mount(self, parent: Hashable, prefix: str, child: Hashable) -> None:
        if parent != child and (parent, prefix) not in self._mounts.setdefault(child, []):
            self._mounts[child].append((parent, prefix))

    def route(self, router: Hashable, path: str, source: Source) -> None:
        self._routes.append((router, path, source))

    def settled(self) -> tuple[list[Route], list[Route]]:
        """Routes whose whole path is certain; and those of which only the part on their own router is known."""
        entries = {key for key in self.made if key not in self._mounts}
        if len(entries) > 1:
            entries &= self.served
        if len(entries) > 1:  # each has a port of its own, and the health check only one
            entries = set()
        whole, partial = [], []
        for key, path, source in self._routes:
            prefixes = list(dict.fromkeys(self._prefixes(key, entries, _DEEPEST)))
            whole += [Route(path=_joined(prefix, path), source=source) for prefix in prefixes]
            if not prefixes:
                partial.append(Route(path=_joined("", path), source=source))
        return whole, partial

    def _prefixes(self, key: Hashable, entries: set[Hashable], depth: int) -> Iterator[str]:
        if key in entries:
            yield ""
        for parent, prefix in self._mounts.get(key, []) if depth else []:
            for before in self._prefixes(parent, entries, depth - 1):
                yield before + prefix


def _joined(prefix: str, path: str) -> str:
    whole = prefix + path
    while "//" in whole:
        whole = whole.replace("//", "/")
    return whole if whole.startswith("/") else f"/{whole}"
