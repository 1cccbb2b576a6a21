"""Text that others wrote, on its way to the model and the screen: fenced as data, with nothing in it that hides.

A file, a tool's output or a pull request can hold sentences that look like instructions. The model is told once
(`prompts/runtime.md`) that what stands in a fence is data; here is the fence. Its tag does not occur in the text, so
nothing inside can close it, and the same text always gets the same fence, which the prompt cache needs.
"""

from __future__ import annotations

import hashlib
import json
import re

# Characters that change what a reader sees without being seen: Unicode's bidirectional controls (UAX 9), zero-width and
# invisible characters, tags, interlinear annotations, line separators, and control characters but tab and line ends.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_LONGEST_ORIGIN = 120


def visible(text: str) -> str:
    """The text with what cannot be seen written out, as `<U+202E>`."""
    return _HIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def name_of(path: str) -> str:
    """A file name on one line: it may hold line breaks, and could speak to the model through them."""
    return path if path.isprintable() else json.dumps(path)


def fence(text: str, origin: str) -> str:
    """The text as data from `origin` (`Read README.md`), in a fence that nothing in it can close."""
    shown = visible(text)
    source = json.dumps(visible(origin)[:_LONGEST_ORIGIN], ensure_ascii=False)
    tag, salt = "", 0
    while not tag or tag in shown:
        tag = hashlib.sha256(f"{salt}\0{source}\0{shown}".encode(errors="replace")).hexdigest()[:8]
        salt += 1
    end = "" if shown.endswith("\n") else "\n"
    return f"<data-{tag} from={source}>\n{shown}{end}</data-{tag}>"
