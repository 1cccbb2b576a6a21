"""Regular expressions that are compiled when they are first used.

Rules have some nine hundred of them, and a check needs those of the kinds of file that a repository has: compiling all of
them took longer than everything else that is imported.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, found)  # asked for once
        return found


def lazy_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` makes, for modules that most checks import in vain. What is wrong with an expression is raised
    where it is first used; it cannot be handed to the functions of `re`, only asked by its own methods."""
    return cast("re.Pattern[str]", _Pattern(pattern, flags))
