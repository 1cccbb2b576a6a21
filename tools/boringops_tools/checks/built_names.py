"""Programs that one stage of a Dockerfile builds, and another one copies under a name that they do not have."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_OUT = lazy_pattern(r"(?:^|\s)(?:-o|--output|--outfile)[ =](/[\w./-]+[\w-])(?=\s|$|;|&)")
_FROM = lazy_pattern(r"--from=(\S+)")


def _copied(files: Files, path: str) -> Iterator[Hit]:
    """Held only where all that the folder gets is named: each command that speaks of it writes one file there."""
    file = parse(files.text(path))
    for stage in file.stages:
        for each in stage.instructions:
            source = _FROM.search(each.value) if each.name == "COPY" else None
            words = [word for word in each.value.split() if not word.startswith("--")]
            builder = next((one for one in file.stages if source and one.alias == source[1].lower()), None)
            if builder is None or len(words) != 2 or not re.fullmatch(r"/[\w./-]*[\w-]", words[0]):
                continue
            folder, name = posixpath.split(posixpath.normpath(words[0]))
            told = "\n".join(
                one.value + "".join(one.heredocs) for before in file.lineage(builder) for one in before.instructions
            )
            if folder == "/" or re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told):
                continue
            made = [
                posixpath.normpath(one)
                for one in _OUT.findall(told)
                if posixpath.dirname(posixpath.normpath(one)) == folder
            ]
            # Any other word for the folder may bring more into it.
            spoken = len(re.findall(rf"(?<![\w.-]){re.escape(folder)}(?![\w-])", told))
            made_first = len(re.findall(rf"mkdir (?:-p )?{re.escape(folder)}(?![\w-])", told))
            if made and spoken == len(made) + made_first:
                yield Hit(
                    each.line,
                    f"`{words[0]}` is copied from `{builder.alias}`, which makes {', '.join(sorted(set(made)))}",
                )


_D = "FROM golang:1.26 AS build\nCOPY . .\nRUN {}\nFROM scratch\nCOPY --from=build {} /a\n"


def _file(run: str, source: str) -> dict[str, str]:
    return {"Dockerfile": _D.format(run, source)}


RULES = (
    Rule("dockerfile/built-name", "error", "Copy the program under the name that it is built by: the build stops there.", "Dockerfile reference, COPY --from: the source is a path of the stage.", is_dockerfile, _copied,
         bad=(_file("go build -o /out/stock ./cmd/stock", "/out/server"), _file("mkdir -p /out && go build -o /out/stock .", "/out/stocks"), _file("bun build --compile --outfile=/dist/app a.ts", "/dist/server")),
         good=(_file("go build -o /out/stock .", "/out/stock"), _file("go build -o /out/stock . && cp -r web /out", "/out/web"), _file("go build -o /out/ ./...", "/out/server"), _file("NAME=server; go build -o /out/stock .", "/out/server"), _file("go build -o /stock .", "/server"))),
)  # fmt: skip
