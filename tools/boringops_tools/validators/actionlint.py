"""GitHub workflows, by actionlint, where it is installed and jactionlint, which does the same and more, is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from boringops_tools.validators.base import File, Program, Ran, Said, locate
from boringops_tools.validators.workflows import surroundings


class Actionlint(Program):
    name = "actionlint"
    about = "GitHub workflows"
    aspect = "workflows"
    get = "pip install jactionlint"
    in_place = True  # it follows reusable workflows and local actions

    def covers(self, file: File) -> bool:
        return bool(re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", file.path, re.S))

    def locate(self) -> str | None:
        return None if locate("jactionlint") else locate(self.name)

    def cache_key(self, file: File) -> str | None:
        around = surroundings(file)
        return None if around is None else "\0".join([*self.arguments([]), file.path, around])

    def arguments(self, names: Sequence[str]) -> list[str]:
        return ["-format", "{{json .}}", "-no-color", "-pyflakes=", "--", *names]

    def read(self, ran: Ran) -> Iterable[Said]:
        for item in json.loads(ran.stdout):
            yield Said(f"./{item['filepath'].removeprefix('./')}", item["kind"], "error", item["line"], item["message"])


VALIDATORS = (Actionlint(),)
