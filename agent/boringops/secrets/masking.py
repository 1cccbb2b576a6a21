"""The funnel itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from boringops.secrets import known
from boringops.secrets.encodings import forms
from boringops.secrets.finding import find
from boringops.secrets.masks import Masks
from boringops.secrets.names import announces, slug
from boringops.secrets.values import REFERENCE, TRIVIAL, plausible

_MASK = re.compile(r"<secret(?::[\w.\-]+)?>")
_SIGNED = {"thinking": ("signature", "data"), "redacted_thinking": ("signature", "data")}
_THINKING = ("thinking", "redacted_thinking")
_WIDTH = 56
_ENCODED_LINES = re.compile(rf"(?m)(?:^[A-Za-z0-9+/\-_]{{{_WIDTH},}}\n)+^[A-Za-z0-9+/\-_]+={{0,2}}$")
"""Base64 or hexadecimal, broken into lines as programs print it."""
_LEAST = 8
"""Characters a value must have to be told apart wherever it turns up."""


def contains_mask(text: str) -> bool:
    """Whether a text has a mask in it: such text must not be written to a file as if it were the value."""
    return _MASK.search(text) is not None


class Funnel:
    """Masks secrets in everything that passes: known values first, then whatever `find` sees.

    A value keeps its mask for the life of the funnel, wherever it turns up later, even where nothing around it would
    give it away. May be used from several threads.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        env_files: Iterable[Path] = (),
        *,
        masks: Path | None = None,
    ) -> None:
        """`environ` gives the values of names that look secret, and where the user's credential files are; `env_files`
        all values that are not plainly public. A file that cannot be read gives nothing. With the file `masks` a later
        funnel gives the same masks."""
        self._masks = Masks(masks)
        self._of: dict[str, str] = {}
        """Form -> mask, longest first once `_sorted`."""
        self._forms: tuple[str, ...] = ()
        self._lock = threading.RLock()
        for name, value in known.values(environ or {}, env_files):
            self._learn(name, value, save=False)
        self._masks.save()

    def learn(self, name: str, value: str) -> str:
        """Know a value from now on; its mask. One too short or too common to be told apart is masked nowhere else."""
        return self._learn(name, value)

    def learn_env(self, text: str) -> None:
        """Know the values of what reads like an environment file, or a comparison of two, wherever it came from."""
        for name, value in known.of_env_text(re.sub(r"(?m)^[+\-]", "", text)):
            if name.isupper():  # else anything with an equals sign would do
                self._learn(name, value)

    def _learn(self, name: str, value: str, *, save: bool = True) -> str:
        with self._lock:
            if value in self._of:
                return self._of[value]
            name = slug(name) or "SECRET"
            if len(value) < _LEAST or TRIVIAL.match(value) or REFERENCE.match(value) or value.isdigit():
                return f"<secret:{name}>"
            mask = self._masks.mask(name, value)
            for form in forms(value):
                self._of.setdefault(form, mask)
            self._of[value] = mask
            self._forms = ()
            if save:
                self._masks.save()
            return mask

    def _present(self, text: str) -> list[str]:
        """The known forms that are in a text, longest first. A substring search each is far quicker than one expression
        of them all, and linear in the text."""
        forms = self._forms
        if not forms:
            with self._lock:
                forms = self._forms = tuple(sorted(self._of, key=len, reverse=True))
        return [form for form in forms if form in text]

    def mask_known(self, text: str) -> str:
        """The text with the values that are known by now replaced, and nothing else looked for."""
        text = self._joined(text)
        return self._replaced(text, self._present(text))

    def _joined(self, text: str) -> str:
        """The text with encoded lines put together where a known value goes over their ends."""

        def join(block: re.Match[str]) -> str:
            whole = "".join(block[0].split())
            return whole if self._present(whole) else block[0]

        return _ENCODED_LINES.sub(join, text) if len(text) > _WIDTH else text

    def _replaced(self, text: str, present: list[str]) -> str:
        for form in present:
            if form in text:
                # What stands inside a mask already is its name.
                text = "".join(
                    piece
                    if piece.startswith("<secret") and _MASK.fullmatch(piece)
                    else piece.replace(form, self._of[form])
                    for piece in re.split(f"({_MASK.pattern})", text)
                    if piece is not None
                )
        return text

    def mask(self, text: str) -> str:
        """The text with every secret replaced by `<secret:NAME>`. Masking twice changes nothing more."""
        text = self._joined(text)
        return self._mask(text, self._present(text))

    def _mask(self, text: str, present: list[str]) -> str:
        text = self._replaced(text, present)
        pieces, position = [], 0
        for hit in find(text):
            value = text[hit.start : hit.end]
            if not _MASK.search(value):
                pieces += [text[position : hit.start], self._learn(hit.name, value)]
                position = hit.end
        return "".join([*pieces, text[position:]])

    def mask_json(self, value: Any) -> Any:
        """A JSON value with every string in it masked.

        What the API signed stays byte for byte (`signature`, `data` of thinking blocks): it would be refused changed.
        """
        return self._mask_field("", value, self._present("\0".join(_strings(value))))

    def _mask_field(self, name: str, value: Any, present: list[str]) -> Any:
        if isinstance(value, str):
            if (joined := self._joined(value)) != value:
                value, present = joined, self._present(joined)
            masked = self._mask(value, present)
            announced = announces(name) if masked == value else ""
            return (
                self._learn(name, value) if announced and plausible(value, password=announced == "password") else masked
            )
        if isinstance(value, dict):
            exact = _SIGNED.get(str(value.get("type")), ())
            return {
                self._mask(key, present) if isinstance(key, str) else key: item
                if key in exact
                else self._mask_field(str(key), item, present)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._mask_field(name, item, present) for item in value]
        return value

    def mask_reply(self, content: list[dict[str, Any]], *, thinking: bool = False) -> list[dict[str, Any]]:
        """A model's reply without the values that are known: it was made from masked text, and yet may have one, worked
        out or guessed. Nothing else is looked for: what the model makes up itself is for the checks to judge.

        Thinking is signed over its text, so it keeps that text unless it goes where no API will see it (`thinking`)."""
        present = self._present("\0".join(_strings(content)))
        if not present:
            return content
        return [
            block if block.get("type") in _THINKING and not thinking else self._known_field(block, present)
            for block in content
        ]

    def _known_field(self, value: Any, present: list[str]) -> Any:
        if isinstance(value, str):
            return self._replaced(value, present)
        if isinstance(value, dict):
            return {key: self._known_field(item, present) for key, item in value.items()}
        if isinstance(value, list):
            return [self._known_field(item, present) for item in value]
        return value

    def longest_prefix(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a known value that has spaces in it."""
        spaced = (form for form in self._of if " " in form and "\n" not in form)
        return max((_overlap(text, form) for form in spaced), default=0)


def _overlap(text: str, form: str) -> int:
    return next((size for size in range(min(len(text), len(form) - 1), 0, -1) if text.endswith(form[:size])), 0)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
