"""These are applications to look at, not tests to run."""

collect_ignore_glob = ["*/*"]
