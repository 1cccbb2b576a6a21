"""The command line: a file per verb, each importing what it needs when it runs, so that `--help` stays quick."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `boringops` command."""
    from boringops.cli.app import app

    app(prog_name="boringops")
