"""The chat at the terminal: each message becomes a run, or goes on with the one that is open.

`session` is what was said, on disk; `line` the input line; `desk` the meeting of a run in its thread with the person at
the keyboard; `screen` what is shown; `commands` what begins with a slash; `app` puts them together.
"""
