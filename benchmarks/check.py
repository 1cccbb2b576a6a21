"""`boringops check` on 200 infrastructure files against the same tools run one after the other, in the same run.

What is printed is a ratio: wall time of the check to the sum of the validators' own times over the cores. It aims at
1.2 or less the first time; the second time, with nothing changed, is told as a part of the first.
"""
# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boringops_tools.validators as judging
from boringops.repository import Repository
from boringops_tools.validators.base import File, Validator

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


def by_hand(root: Path, paths: list[str]) -> float:
    """Seconds of all validators, one after the other, each on the files it covers."""
    files = [file for path in paths if isinstance(file := judging.read_file(root, path), File)]

    def run(validator: Validator) -> float:
        ready = [file for file in files if validator.covers(file) and not validator.skip(file)]
        if not ready or validator.locate() is None:
            return 0.0
        began = time.perf_counter()
        for batch in validator.batches(ready):
            validator.check(batch, 120)
        return time.perf_counter() - began

    return sum(map(run, judging.validators()))


def main() -> None:
    cores = os.cpu_count() or 2
    with tempfile.TemporaryDirectory() as folder:
        root = repository(Path(folder) / "repo")
        paths = Repository(root).files()
        for validator in judging.validators():
            validator.version()  # asked once a machine, not once a check

        def check() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "boringops", "check"], cwd=root, capture_output=True, check=False)
            return time.perf_counter() - began

        before = by_hand(root, paths)
        first, second = check(), check()
        own = (before + by_hand(root, paths)) / 2  # around the check: the machine may have others on it
    print(f"{'validators by hand, one after the other':44} {own * 1000:9.1f} ms   {len(paths)} files")
    print(
        f"{'boringops check, the first time':44} {first * 1000:9.1f} ms   {first / (own / cores):6.2f} x their sum over {cores} cores"
    )
    print(f"{'boringops check, nothing changed':44} {second * 1000:9.1f} ms   {second / first:6.2f} x the first time")


if __name__ == "__main__":
    main()
