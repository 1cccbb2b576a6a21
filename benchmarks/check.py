"""`boringops check` on 200 infrastructure files against the same tools run one after the other, in the same run.

Twice: on files as engineers write them, of thirty kinds (the good cases of the tests' corpus), where the tools' own work
shows, and on files of a few lines each of five kinds, where nearly nothing but starting the programs does.

What is printed are ratios: the check's time to the sum of the tools' own times, on the clock over the cores (it aims at 1.2
or less) and of the processors; the second time, with nothing changed, is told as a part of the first.
"""
# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import boringops_tools.validators as judging
from boringops.repository import Repository
from boringops_tools.validators.base import File, InProcess, Validator, locate
from boringops_tools.validators.schemas import SCHEMAS
from tests.corpus.cases import read
from tests.corpus.measure import all_kinds

FILES = 200


def written(root: Path) -> None:
    """The corpus's first case of each kind, in a folder of its own but for what has to stand at the root. Jenkins has one:
    parsing one of its files takes as long as all that is done with a hundred others."""
    kinds = [each for each in all_kinds() if "jenkins" not in each[1] or each == ("first", "jenkinsfile")]
    cases = [[each for each in read(*kind) if each.good][:1] for kind in kinds]
    files = ((case, path, text) for each in cases for case in each for path, text in case.files.items())
    for number, (case, path, text) in enumerate(itertools.islice(files, FILES)):
        place = Path(path)
        if place.parts[0] != ".github":
            place = f"{case.kind}-{case.name}" / place
        elif place.parts[1] == "workflows":
            place = place.with_stem(f"{place.stem}-{number}")
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)


def tiny(root: Path) -> None:
    """Files of the usual kinds, no two alike."""
    for number in range(FILES // 5):
        files = {
            f"services/s{number}/Dockerfile": f'FROM python:3.13.{number}-slim\nRUN pip install x=={number}\nUSER 10001:10001\nCMD ["x"]\n',
            f"k8s/s{number}.yaml": f"apiVersion: v1\nkind: Service\nmetadata:\n  name: s{number}\nspec:\n  ports:\n    - port: {8000 + number}\n",
            f"scripts/s{number}.sh": f"#!/bin/sh\nset -eu\necho {number}\n",
            f".github/workflows/w{number}.yml": f"name: w{number}\non: [push]\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
            f"    steps:\n      - run: make a{number}\n",
            f"config/c{number}.yaml": f"number: {number}\nnested:\n  - a: {number}\n",
        }
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)


def committed(root: Path) -> None:
    for command in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of processors in programs that were started."""

    wall: float
    cpu: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


def spent(work: Callable[[], object]) -> Spent:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.perf_counter() - began, cpu)


def by_hand(root: Path, paths: list[str]) -> dict[str, Spent]:
    """What each tool takes by itself, on the files it covers: one call for all of them."""
    files = [file for path in paths if isinstance(file := judging.read_file(root, path), File)]
    took = {}
    for validator in judging.validators():
        ready = [file for file in files if validator.covers(file) and not validator.skip(file)]
        if not ready or validator.locate() is None:
            continue
        if isinstance(validator, InProcess):  # by hand it is a program
            program = locate(validator.name)
            if program is None:
                continue
            command = [program, *(file.path for file in ready)]
            work = partial(subprocess.run, command, cwd=root, capture_output=True, check=False)
        else:
            work = partial(_batches, validator, ready)
        took[validator.name] = took.get(validator.name, Spent(0, 0)) + spent(work)
    return took


def _batches(validator: Validator, files: list[File]) -> None:
    for batch in _by_schema(files) if validator.name == "check-jsonschema" else validator.batches(files):
        validator.check(batch, 300)


def _by_schema(files: list[File]) -> list[list[File]]:
    """As its command line takes them: one schema a call."""
    groups: dict[str, list[File]] = {}
    for file in files:
        groups.setdefault(next(each.name for each in SCHEMAS if each.fits(file.path)), []).append(file)
    return list(groups.values())


def main() -> None:
    for validator in judging.validators():
        validator.version()  # asked once a machine, not once a check
    for title, make in (("as engineers write them", written), ("of a few lines each", tiny)):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            make(root)
            committed(root)
            measure(root, title)


def measure(root: Path, title: str) -> None:
    cores = os.cpu_count() or 2
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    paths = Repository(root).files()
    command = [sys.executable, "-m", "boringops", "check"]
    check = partial(subprocess.run, command, cwd=root, env=environment, capture_output=True, check=False)
    subprocess.run([*command, "--help"], env=environment, capture_output=True, check=False)  # compiled, as installed
    before = by_hand(root, paths)
    first, second = spent(check), spent(check)
    after = by_hand(root, paths)  # on both sides of the check: the machine may have others on it
    tools = {
        name: Spent((before[name] + after[name]).wall / 2, (before[name] + after[name]).cpu / 2) for name in before
    }
    own = sum(tools.values(), Spent(0, 0))
    print(f"{f'{len(paths)} files {title}, {cores} cores':48} wall        cpu")
    for name, each in {
        **tools,
        "all of them by hand": own,
        "check, the first time": first,
        "check again": second,
    }.items():
        print(f"{name:40} {each.wall * 1000:8.0f} ms {each.cpu * 1000:7.0f} ms")
    print(f"the first time: {first.wall / (own.wall / cores):.2f} x the tools' wall time over {cores} cores")
    print(f"                {first.cpu / own.cpu:.2f} x the tools' processor time")
    again = f"{second.wall / first.wall:.2f} x the first time, {second.cpu / first.cpu:.2f} x its processor time"
    print(f"again:          {again}\n")


if __name__ == "__main__":
    main()
