"""boringops as a job of a CI system: what a job is told, one run of the command, what it leaves for people and machines.

Stands on the command's contract alone (its options, exit codes and result). `python -m boringops.ci github` is what the
GitHub Action calls, `python -m boringops.ci gitlab` what the GitLab component calls.
"""
