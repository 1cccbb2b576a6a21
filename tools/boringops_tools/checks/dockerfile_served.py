"""Dockerfiles: images that start the server of a framework which is for development."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.checks.debug_left_on import _ASIDE as ASIDE
from boringops_tools.checks.images import started
from boringops_tools.dockerfile import is_dockerfile, parse
from boringops_tools.patterns import lazy_pattern

_SERVERS = lazy_pattern(
    r"manage\.py runserver\b|(?:^|\s)(?:-m )?flask (?:--\S+(?: [^-\s]\S*)? )*run\b|\bfastapi dev\b|\b(?:uvicorn|gunicorn|hypercorn)\b.*\s--reload\b|"
    r"\b(?:npm|yarn|pnpm|bun)(?: run)? (?:dev|start:dev|develop)\b|(?:^|\s)nodemon\b|\bts-node-dev\b|\bartisan serve\b|^(?:\S*/)?php -S\b|"
    r"\bng serve\b|\bnext dev\b|\bnuxt dev\b|\bwebpack(?:-dev-server| serve)\b|^(?:npx )?vite(?: dev| --host\b.*)?$|\bgatsby develop\b|\breact-scripts start\b|\bvue-cli-service serve\b"
)


def _served(files: Files, path: str) -> Iterator[Hit]:
    file = parse(files.text(path))
    if not file.stages:
        return
    line = file.lineage(file.stages[-1])
    # Another one beside it, by its name, is for those who use it.
    for_users = any(re.search(r"(?i)prod|deploy|release", each) for each in files.siblings(path) if is_dockerfile(each))
    place, words = started(line)
    match = _SERVERS.search(" ".join(words)) if place is not None and words else None
    if (
        place is not None
        and match
        and not for_users
        and not any(re.search(r"(?i)dev|test|local", one.alias) for one in line)
    ):
        yield Hit(place.line, f"the image starts a server for development (`{match[0].strip()}`)")


def _of(start: str, base: str = "python:3.14") -> dict[str, str]:
    return {"Dockerfile": f"FROM {base}\nCOPY . .\n{start}\n"}


RULES = (
    Rule("dockerfile/development-server", "warning", "Start what the framework names for production: Gunicorn or Uvicorn without --reload, the built files behind nginx, node on what is built.", "Django, runserver, and Flask, run: do not use it in a production setting; so say Vite, webpack, Angular, Laravel.", lambda path: is_dockerfile(path) and not ASIDE.search(f"{path}."), _served,
         bad=(_of('CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]'), _of("CMD flask run --host=0.0.0.0"), _of('CMD ["uvicorn", "app:app", "--reload"]'), _of('CMD ["npm", "run", "dev"]', "node:24"), _of("CMD php artisan serve --host=0.0.0.0", "php:8.4")),
         good=(_of('CMD ["gunicorn", "app:app"]'), _of('CMD ["npm", "start"]', "node:24"), {"Dockerfile.dev": _of("CMD flask run")["Dockerfile"]}, {**_of("CMD flask run"), "Dockerfile.prod": "FROM a:1\n"}, {"Dockerfile": "FROM a:1 AS dev\nCMD flask run\n"}, _of("CMD node vite-server.js"))),
)  # fmt: skip
