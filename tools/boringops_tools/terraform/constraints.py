"""Version constraints of providers and modules, `~> 5.70, != 5.71.0`."""

from __future__ import annotations

import re

from boringops_tools.patterns import lazy_pattern

Version = tuple[int, ...]
_PART = lazy_pattern(r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+)*)(?:[-+][\w.+-]*)?\s*")


def version(text: str) -> Version:
    """`6.45.0` as numbers; empty where it is no version."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    return _numbers(found[1]) if found else ()


def parts(constraint: str) -> list[tuple[str, Version, int]] | None:
    """(operator, version, how many numbers were written) of each part; null where it makes no sense."""
    found = [_PART.fullmatch(part) for part in constraint.split(",")]
    if not all(found):
        return None
    return [(each[1] or "=", _numbers(each[2]), each[2].count(".") + 1) for each in found if each]


def admits(constraint: str, known: Version) -> bool:
    """Whether a version meets a constraint; a constraint that makes no sense admits any."""
    return all(_meets(operator, wanted, written, known) for operator, wanted, written in parts(constraint) or ())


def lowest(constraint: str) -> Version:
    """The lower bound that a constraint sets; empty where it sets none."""
    bounds = [wanted for operator, wanted, _ in parts(constraint) or () if operator in ("=", ">=", ">", "~>")]
    return max(bounds, default=())


def beyond(constraint: str, known: Version) -> bool:
    """Whether what is known of one version may not hold for those a constraint asks for.

    A later major version drops arguments and a later minor one brings new ones; an earlier minor version of the same
    major has no argument that `known` lacks."""
    if admits(constraint, known):
        return False
    bound = lowest(constraint)
    return not bound or bound[0] != known[0] or bound > known


def _numbers(text: str) -> Version:
    numbers = [int(part) for part in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _meets(operator: str, wanted: Version, written: int, known: Version) -> bool:
    if operator == "~>":
        return known >= wanted and known[: max(1, written - 1)] == wanted[: max(1, written - 1)]
    return {
        "=": known == wanted, "!=": known != wanted, ">=": known >= wanted,
        "<=": known <= wanted, ">": known > wanted, "<": known < wanted,
    }[operator]  # fmt: skip
