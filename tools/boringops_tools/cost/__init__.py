"""What infrastructure costs: an estimate out of the files, for people to review."""
