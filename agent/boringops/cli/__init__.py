"""The command line: a file per verb, each importing what it needs when it runs, so that `--help` stays quick."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `boringops` command."""
    from boringops.cli.app import app

    try:
        app(prog_name="boringops")
    except BrokenPipeError:  # `boringops ... | head`
        sys.stderr.close()
        sys.exit(0)
