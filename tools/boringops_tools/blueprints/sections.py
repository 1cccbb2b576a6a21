"""Marked sections: our part of a document that people own. Everything outside the markers stays as it is."""

from __future__ import annotations

import re


def newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def upsert(text: str, name: str, heading: str, body: str) -> str:
    """`text` with `body` between the markers of `name`, under `## heading`.

    Where the markers are, what is between them is replaced. Where people have a section of that heading, ours goes to
    its end. Otherwise the section is added at the end of the document."""
    end_of_line = newline(text)
    text = text.replace("\r\n", "\n")
    begin, end = f"<!-- boringops:begin {name} -->", f"<!-- boringops:end {name} -->"
    block = f"{begin}\n{body.strip()}\n{end}"
    marked = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if marked.search(text):
        text = marked.sub(lambda _: block, text, count=1)
    elif found := re.search(rf"^##\s+{re.escape(heading)}\s*$", text, re.MULTILINE | re.IGNORECASE):
        following = re.compile(r"^##?\s", re.MULTILINE).search(text, found.end())
        cut = following.start() if following else len(text)
        before, after = text[:cut].rstrip("\n"), text[cut:]
        text = f"{before}\n\n{block}\n" + (f"\n{after}" if after else "")
    else:
        text = f"{text.rstrip(chr(10))}\n\n## {heading}\n\n{block}\n".lstrip("\n")
    return text.replace("\n", end_of_line)
