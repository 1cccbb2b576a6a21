"""The command line: a file per verb, each importing what it needs when it runs, so that `--help` stays quick."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from types import TracebackType


def main() -> None:
    """Entry point of the `boringops` command."""
    # Looking for garbage is a tenth of the time of a short command, and next to nothing is found.
    gc.set_threshold(50_000, 20, 20)
    from boringops.cli.app import app

    sys.excepthook = _crashed
    app(prog_name="boringops")


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours, on standard error: like everything that is printed, without secrets."""
    from boringops.secrets import Funnel

    del kind
    text = "".join(traceback.format_exception(error.with_traceback(trace)))
    print(Funnel(os.environ).mask(text), end="", file=sys.stderr)
