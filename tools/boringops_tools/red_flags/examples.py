"""Workflows that the examples of several modules are made of."""

from __future__ import annotations

CI = ".github/workflows/ci.yml"
GUARD = "    environment: production\n"


def gh(jobs: str, on: str = "push") -> str:
    return f"on: {on}\npermissions: {{}}\njobs:\n{jobs}"


def a_job(name: str, run: str, more: str = "") -> str:
    return f"  {name}:\n    runs-on: ubuntu-24.04\n{more}    steps:\n      - run: {run}\n"
