"""`python -m boringops.ci github|gitlab`."""

from __future__ import annotations

import os
import sys

from boringops.ci import github, gitlab
from boringops.errors import BoringopsError

JOBS = {"github": github.main, "gitlab": gitlab.main}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in JOBS:
        print(f"Usage: python -m boringops.ci {'|'.join(JOBS)}", file=sys.stderr)
        return 2
    try:
        return JOBS[arguments[0]](os.environ)
    except BoringopsError as error:
        print(f"boringops: {error.message}\n  {error.hint}".rstrip(), file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
