"""Names that need each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def cycles(needs: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Cycles among names, each once, from its first name in the order of `needs` back to itself: `[a, b, a]`.

    One cycle per knot is enough to act on; names that `needs` does not have lead nowhere."""
    done: set[str] = set()
    found: list[list[str]] = []
    for start in needs:
        path: list[str] = []
        todo = [(start, iter(needs[start]))] if start not in done else []
        while todo:
            name, rest = todo[-1]
            if len(path) < len(todo):
                path.append(name)
            following = next((each for each in rest if each in needs and each not in done), None)
            if following is None:
                done.add(path.pop())
                todo.pop()
            elif following in path:
                found.append([*path[path.index(following) :], following])
            else:
                todo.append((following, iter(needs[following])))
    return found
