"""Lists that grow while a validator's copy of them does not: what is merely newer than the copy is no mistake."""

from __future__ import annotations

import re

from boringops_tools.patterns import lazy_pattern

_NOT_ONE = lazy_pattern(r"'(?P<value>[^'\n]{1,80})' is not one of \[(?P<known>.*)\]", re.S)
_NUMBER = lazy_pattern(r"\d+")
_STEPS = 3
"""Generations that a copy may be behind; a number further off is a slip of the finger."""


def newer(message: str) -> bool:
    """Whether a message refuses a value that is spelt as a known one, with the number of a generation yet to be listed:
    `db.m9g.large` where `db.m8g.large` is the last, `18.1` where `17.6` is."""
    said = _NOT_ONE.search(message)
    if said is None:
        return False
    value, known = said["value"], re.findall(r"'([^']*)'", said["known"])
    shape, numbers = _NUMBER.sub("#", value), [int(each) for each in _NUMBER.findall(value)]
    if not numbers:
        return False
    alike = [list(map(int, _NUMBER.findall(each))) for each in known if _NUMBER.sub("#", each) == shape]
    last = max((each[0] for each in alike), default=-1)
    if last >= 0 and last < numbers[0] <= last + _STEPS:
        return True
    # versions of one generation: 16.14 where 16.10 is the last
    minors = [each[1] for each in alike if each[0] == numbers[0] and len(each) > 1]
    is_version = re.fullmatch(r"[\d.]+", value) is not None
    return is_version and len(numbers) > 1 and bool(minors) and 0 < numbers[1] - max(minors) <= 2 * _STEPS
