"""Documents that point to files which are not there."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_INFRA = (".yml", ".yaml", ".tf", ".tfvars", ".hcl", ".sh", ".conf", ".toml", ".service", ".jenkinsfile", ".dockerfile")
_INFRA_NAMES = ("Dockerfile", "Containerfile", "Jenkinsfile", "Makefile", "Caddyfile")
_WORTH = lazy_pattern(
    r"\.(?:ya?ml|tf|tfvars|hcl|sh|conf|toml|service)[`)#]|[/`(](?:Docker|Container|Jenkins|Make|Caddy)file[`)]", re.I
)
_PATH = lazy_pattern(r"(?:\.{1,2}/)*[\w.@-]+(?:/[\w.@-]+)*")
_EXAMPLE = lazy_pattern(
    r"(?:^|[/._-])(?:path|to|foo|bar|baz|example|my|your|xxx?|name|some|placeholder)(?:$|[/._-])", re.I
)
# What these tell of is what was, or what is to be.
OTHER_TIMES = lazy_pattern(
    r"(?:^|/)(?:change(?:s|log)|history|news|release[-_]?notes|migrat\w*|upgrad\w*|adr)\b|(?:^|/)(?:adrs?|decisions|plans?|planning|rfcs?)/",
    re.I,
)


def _applies(path: str) -> bool:
    return path.lower().endswith(".md") and not OTHER_TIMES.search(path)


@functools.cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _elsewhere(files: Files, target: str) -> bool:
    """Whether some file's path ends like the one that is named."""
    there = files.by_name.get(PurePosixPath(target).name, ())
    return any(each.endswith(f"/{target.lstrip('./')}") for each in there)


def _pointed(text: str) -> Iterator[tuple[str, bool, int]]:
    """(path, whether it is a link, line) of links and of code in running text that looks like a path."""
    for token in _parser().parse(text):
        line = token.map[0] + 1 if token.map else 1
        for child in token.children or () if token.type == "inline" else ():
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "link_open":
                yield unquote(str(child.attrs.get("href", ""))).partition("#")[0].partition("?")[0], True, line
            elif child.type == "code_inline":
                yield child.content, False, line


def _is_infra(path: str) -> bool:
    name = posixpath.basename(path)
    return name.lower().endswith(_INFRA) or name in _INFRA_NAMES


def _dangling(files: Files, path: str) -> Iterator[Hit]:
    folder = PurePosixPath(path).parent.as_posix()
    if not _WORTH.search(files.text(path)):
        return  # parsing takes a tenth of a second where a document is long
    for target, link, line in _pointed(files.text(path)):
        if not _PATH.fullmatch(target) or not _is_infra(target) or ("/" not in target and not link):
            continue
        places = [posixpath.normpath(posixpath.join(folder, target)), *([] if link else [posixpath.normpath(target)])]
        inside = [each for each in places if not each.startswith("..")]
        if (
            not inside
            or _EXAMPLE.search(target)
            or any(each in files.known or (files.root / each).exists() for each in inside)
        ):
            continue
        if not link:
            # A path is surely meant as one of this repository where its folder is here, and no other one ends like it.
            if not posixpath.dirname(posixpath.normpath(target)):
                continue  # `./up.sh` is run wherever one is
            known_folder = any(posixpath.dirname(each) in files.folders for each in inside)
            if not known_folder or _elsewhere(files, target):
                continue
        if not any(files.ignored(each) for each in inside):
            yield Hit(line, f"`{target}` does not exist")


RULES = (
    Rule(
        "consistency/dangling-path", "warning", "Name a file that is there, or write that it is to come.",
        "A document that names a file of the repository says that it is there.", _applies, _dangling,
        bad=(
            {"README.md": "# a\n\nSee [the setup](deploy/setup.yml).\n"},
            {"docs/run.md": "Start\nwith `deploy/up.sh`.\n", "deploy/down.sh": "true\n"},
        ),
        good=(
            {"docs/run.md": "Start with `deploy/up.sh`, [it](../deploy/up.sh) or `up.sh`.\n\n```sh\nsh deploy/gone.sh\n```\n", "deploy/up.sh": "true\n"},
            {"README.md": "`https://x/y.yml` `/etc/a.conf` `deploy/*.yml` `other/repo.yml` `deploy/<env>.yml` [a](https://x/y.yml) `deploy/example.yml`\n", "deploy/a.yml": "a: 1\n"},
            {"CHANGELOG.md": "`deploy/old.yml`\n", "deploy/a.yml": "a: 1\n"},
        ),
    ),
)  # fmt: skip
