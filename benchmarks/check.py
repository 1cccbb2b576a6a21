"""`boringops check` on 200 infrastructure files against the same tools run one after the other, in the same run.

What is printed are ratios: the check's time to the sum of the tools' own times, on the clock over the cores (it aims at 1.2
or less) and of the processors; the second time, with nothing changed, is told as a part of the first.
"""
# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

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

FILES = 200


def repository(root: Path) -> Path:
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
    for command in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root


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
    cores = os.cpu_count() or 2
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "repo")
        paths = Repository(root).files()
        for validator in judging.validators():
            validator.version()  # asked once a machine, not once a check
        command = [sys.executable, "-m", "boringops", "check"]
        check = partial(subprocess.run, command, cwd=root, env=environment, capture_output=True, check=False)
        subprocess.run(
            [*command, "--help"], env=environment, capture_output=True, check=False
        )  # compiled, as installed
        before = by_hand(root, paths)
        first, second = spent(check), spent(check)
        after = by_hand(root, paths)  # on both sides of the check: the machine may have others on it
    tools = {
        name: Spent((before[name] + after[name]).wall / 2, (before[name] + after[name]).cpu / 2) for name in before
    }
    own = sum(tools.values(), Spent(0, 0))
    print(f"{len(paths)} files, {cores} cores{'':27} wall        cpu")
    for name, each in {
        **tools,
        "all of them by hand": own,
        "check, the first time": first,
        "check again": second,
    }.items():
        print(f"{name:40} {each.wall * 1000:8.0f} ms {each.cpu * 1000:7.0f} ms")
    print(f"the first time: {first.wall / (own.wall / cores):.2f} x the tools' wall time over {cores} cores")
    print(f"                {first.cpu / own.cpu:.2f} x the tools' processor time")
    print(
        f"again:          {second.wall / first.wall:.2f} x the first time, {second.cpu / first.cpu:.2f} x its processor time"
    )


if __name__ == "__main__":
    main()
