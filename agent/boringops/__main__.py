"""`python -m boringops` is `boringops`."""

from boringops.cli import main

main()
