"""What a validator is, and what a program that is one has in common with the others.

To add one: a module in this folder with `VALIDATORS = (Mine(),)`. Nothing else has to know of it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from boringops.facts import Finding, Severity
from boringops_tools.patterns import lazy_pattern
from boringops_tools.validators.programs import DidNotRun, go_on, run_program
from boringops_tools.validators.programs import Ran as Ran
from boringops_tools.validators.staging import workplace

BATCH = 200
"""Files of one program run: command lines have their limits."""
MESSAGE_CAP = 500
_CONTROL = lazy_pattern(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True)
class File:
    """A text file of the repository, read once for all validators."""

    root: Path
    path: str
    text: str

    @functools.cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @functools.cached_property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @functools.cached_property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix.lower()


class Unfinished(Exception):
    """A validator came to no judgement; the message is the reason a user reads."""


@dataclass
class Judged:
    """What a validator made of one file."""

    findings: list[Finding] = field(default_factory=list)
    unjudged: str = ""
    """What of the file it could not judge, and why; empty where it judged all of it."""


class Validator(ABC):
    """Something that judges files of one kind."""

    name: ClassVar[str]
    about: str
    """What it covers, in words."""
    get: ClassVar[str] = ""
    """How to get it where it is absent."""
    aspect: ClassVar[str] = ""
    """What of a file it judges, by default what only it can. Of several validators of one aspect any will do."""
    missed: ClassVar[bool] = True
    """Where it is absent, and no other of its aspect is there, its files are named as not validated. Not so for one that
    has an opinion about a file that others know to be sound or not."""
    vouches: ClassVar[bool] = True
    """Whether a file without findings is sound as far as it goes. That a scanner found no secret in a file says nothing of
    what the file is for, so it is no verdict and covers nothing; that it could not look is told."""
    renders: ClassVar[bool] = False
    """It judges templates as what they become: that others cannot read them is no news where it is there."""

    @abstractmethod
    def covers(self, file: File) -> bool:
        """Whether a file is of the kind this validator judges."""

    def skip(self, file: File) -> str:  # noqa: ARG002
        """Why a covered file cannot be judged as it is, e.g. a template; empty where it can."""
        return ""

    @abstractmethod
    def locate(self) -> str | None:
        """Where it is on this machine; null where it is absent."""

    @abstractmethod
    def version(self) -> str | None: ...

    @abstractmethod
    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        """What is made of each file, by path. Raises Unfinished."""

    def batches(self, files: Sequence[File]) -> Iterable[Sequence[File]]:
        """The files as they are given to `check`, each exactly once. Batches are judged side by side."""
        return [files[start : start + BATCH] for start in range(0, len(files), BATCH)]

    def cache_key(self, file: File) -> str | None:  # noqa: ARG002
        """All that the judgement of a file depends on beside the validator itself; null where that is not known."""
        return None

    def cache_keys(self, files: Sequence[File]) -> dict[str, str | None]:
        """The keys of files that are judged together, by path."""
        return {file.path: self.cache_key(file) for file in files}

    def finding(
        self, file: File, rule: str, severity: Severity, line: int | None, message: str, hint: str = ""
    ) -> Finding:
        """A finding with what the tool said made safe to show: it may quote the file, and the file may be hostile."""
        return Finding(
            rule=clean(rule), severity=severity, path=shown(file.path), line=line if line and line > 0 else None,
            message=clean(message), source=self.name, hint=clean(hint),
        )  # fmt: skip


def clean(text: str) -> str:
    """One line without control characters and terminal escapes, of bounded length."""
    text = " ".join(_CONTROL.sub("", text[: 8 * MESSAGE_CAP]).split())
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MESSAGE_CAP else text[: MESSAGE_CAP - 1] + "…"


def shown(path: str) -> str:
    """A path as results write it: names that are no valid UTF-8 with their bytes escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


# --- programs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One finding as a program reports it, before it is known which file it means."""

    file: str
    rule: str
    severity: Severity
    line: int | None
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Unjudged:
    """A part of a file that a program could not judge; not a finding, and no file with one has passed."""

    file: str
    reason: str


class Program(Validator):
    """A validator that is a program of its own.

    It gets copies of the files under plain names in a folder of its own: no name can be taken for an option, no
    configuration of the user's machine changes a verdict, and nothing it writes lands in the repository.
    """

    distribution: ClassVar[str] = ""
    """The Python distribution that brings the program, if one does."""
    version_arguments: ClassVar[tuple[str, ...]] = ("--version",)
    in_place: ClassVar[bool] = False
    """It looks at the repository around the file: it runs there, on the files themselves."""
    exit_codes: ClassVar[frozenset[int]] = frozenset({0, 1})
    """With these it has judged; any other means it broke down."""

    @abstractmethod
    def arguments(self, names: Sequence[str]) -> list[str]:
        """What follows the program's name on the command line."""

    @abstractmethod
    def read(self, ran: Ran) -> Iterable[Said | Unjudged]:
        """Its output as findings. Any ValueError, KeyError or TypeError means the output is unreadable."""

    def stage(self, file: File) -> tuple[str, str]:
        """(suffix, text) of the copy that is judged in the file's stead; `/name` for one whose name matters."""
        return re.sub(r"[^a-z0-9.]", "", file.suffix), file.text

    def locate(self) -> str | None:
        return locate(self.name)

    def version(self) -> str | None:
        where = self.locate()
        return program_version(where, self.distribution, self.version_arguments) if where else None

    def cache_key(self, file: File) -> str | None:
        return None if self.in_place else "\0".join([*self.arguments([]), self.stage(file)[0]])

    def command(self) -> list[str]:
        """What the arguments are given to. Raises Unfinished where it is absent."""
        where = self.locate()
        if where is None:
            raise Unfinished(f"absent: {self.get}")
        return [where]

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:
        with workplace() as (folder, copies):
            if self.in_place:
                by_name = {f"./{file.path}": file for file in files}
            else:
                by_name = {}
                for number, file in enumerate(files):
                    suffix, text = self.stage(file)
                    by_name[f"{number:04d}{suffix}"] = file
                    copy = f"{folder}/{number:04d}{suffix}"
                    if "/" in suffix:
                        os.makedirs(copy.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - as quick as it can be
                    copies.put(text, copy)
            command = [*self.command(), *self.arguments(list(by_name))]
            ran = run(command, cwd=files[0].root if self.in_place else folder, home=folder, timeout_s=timeout_s)
        if ran.exit_code not in self.exit_codes:
            raise broken(ran)
        return self.attribute(ran, by_name)

    def attribute(self, ran: Ran, by_name: Mapping[str, File]) -> dict[str, Judged]:
        """What a program said, to each of the files it was given. Raises Unfinished."""
        judged = {file.path: Judged() for file in by_name.values()}
        try:
            for said in self.read(ran):
                file = by_name[said.file]
                if isinstance(said, Unjudged):
                    judged[file.path].unjudged = clean(said.reason)
                else:
                    judged[file.path].findings.append(
                        self.finding(file, said.rule, said.severity, said.line, said.message, said.hint)
                    )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unfinished(clean(f"output unreadable: {type(error).__name__} {error}")) from error
        return judged


def broken(ran: Ran) -> Unfinished:
    """What there is to say of a program that did not come to a judgement."""
    lines = [line for line in [*ran.stderr.splitlines(), *ran.stdout.splitlines()] if line.strip()]
    first = "" if not lines else lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return Unfinished(clean(f"crashed with exit code {ran.exit_code}: {first}"))


@functools.cache
def locate(program: str) -> str | None:
    """A program of this Python environment, else of PATH."""
    beside = Path(sys.executable).parent / program
    return str(beside) if os.access(beside, os.X_OK) else shutil.which(program)


@functools.cache
def program_version(where: str, distribution: str = "", asked: tuple[str, ...] = ("--version",)) -> str | None:
    """A program's version, asked of the program itself once as long as it stays the same file."""
    if distribution and Path(where).parent == Path(sys.executable).parent and (known := installed(distribution)):
        return known  # asking the program itself costs up to 0.3 s
    memory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "boringops" / "versions.json"
    try:
        changed = Path(where).stat().st_mtime_ns
    except OSError:
        return None
    remembered: dict[str, list[Any]] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):
        remembered = {**json.loads(memory.read_bytes())}
    with contextlib.suppress(KeyError, TypeError, IndexError):
        if remembered[where][0] == changed:
            return str(remembered[where][1])
    with tempfile.TemporaryDirectory(prefix="boringops-") as folder:
        try:
            ran = run([where, *asked], cwd=Path(folder), home=Path(folder), timeout_s=10)
        except Unfinished:
            return None
    number = re.search(r"\d+(?:\.\d+)+[\w.+-]*", ran.stdout + ran.stderr)
    if number is None:
        return None
    with contextlib.suppress(OSError):  # a memory that cannot be written costs time, nothing else
        memory.parent.mkdir(parents=True, exist_ok=True)
        draft = memory.with_name(f"{memory.name}.{os.getpid()}")
        draft.write_text(json.dumps({**remembered, where: [changed, number[0]]}))
        draft.replace(memory)
    return number[0]


@functools.cache
def installed(distribution: str) -> str | None:
    """The version of a Python distribution, without importing it; null where it is absent."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def run(command: Sequence[str], *, cwd: Path, home: Path, timeout_s: float) -> Ran:
    """Run a program as validators are run. Raises Unfinished."""
    try:
        return run_program(command, cwd=cwd, home=home, timeout_s=timeout_s)
    except DidNotRun as error:
        raise Unfinished(clean(str(error))) from error


class InProcess(Validator):
    """A validator made of a library; subclasses give `judge`, and import the library in there."""

    distribution: ClassVar[str] = ""
    """The Python distribution of the library; empty where it is Python's own."""

    def locate(self) -> str | None:
        return "built in" if not self.distribution or installed(self.distribution) else None

    def version(self) -> str | None:
        return installed(self.distribution) if self.distribution else ".".join(map(str, sys.version_info[:3]))

    def cache_key(self, file: File) -> str | None:  # noqa: ARG002
        return "" if self.distribution else None  # what Python reads itself is read faster than the cache

    @abstractmethod
    def judge(self, file: File) -> Iterable[Finding | str]:
        """Findings, and what could not be judged and why as plain text."""

    def check(self, files: Sequence[File], timeout_s: float) -> dict[str, Judged]:  # noqa: ARG002
        judged = {}
        for file in files:
            go_on()
            said = list(self.judge(file))
            reasons = dict.fromkeys(each for each in said if isinstance(each, str))
            judged[file.path] = Judged([each for each in said if isinstance(each, Finding)], clean("; ".join(reasons)))
        return judged
