"""The funnel for a text that comes in pieces, as a model's reply does on a screen."""

from __future__ import annotations

import re
from os.path import commonprefix

from boringops.secrets.masking import Funnel

_CONTEXT = 500
"""Characters of a line that are looked at again and again: a name may stand well before its value."""
_LONGEST_WORD = 4_000
"""A word without an end is let go in parts of this size: no secret that is looked for is as long on one line."""


class Streamed:
    """What may be shown of a text so far. A word is shown once it is whole, as half a secret is not known for one."""

    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel
        self._line = ""
        self._shown = ""
        """What was shown of the line, masked."""

    def take(self, piece: str) -> str:
        """The next part that may be shown; empty while it may still become a secret."""
        out = []
        for part in re.split(r"(?<=\n)", piece):
            self._line += part
            if self._line.endswith("\n"):
                out.append(self._show(self._line))
                self._line = self._shown = ""
        if self._line and (whole := self._whole()):
            out.append(self._show(self._line[:whole]))
            if whole > _CONTEXT:
                self._line, self._shown = self._line[whole:], ""
        return "".join(out)

    def end(self) -> str:
        """What is left when nothing more comes."""
        rest = self._show(self._line)
        self._line = self._shown = ""
        return rest

    def _whole(self) -> int:
        """Length of the line so far without the word that is still coming."""
        line = self._line
        end = max(line.rfind(" "), line.rfind("\t")) + 1
        if len(line) - end > _LONGEST_WORD:
            end = len(line)
        return max(0, end - self._funnel.longest_prefix(line[:end]))

    def _show(self, text: str) -> str:
        masked = self._funnel.mask(text)
        # What came after it may make what was shown read otherwise: what is on the screen stays, masked text goes on.
        same = len(commonprefix([masked, self._shown]))  # noqa: RUF071 - of texts, not paths
        fresh, self._shown = masked[same:], masked
        return fresh
