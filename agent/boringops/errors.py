"""What can go wrong, each with the exit code and the status that a run ends with.

A message says what happened; `hint` says the way out. The command line prints both, the result carries both.
"""

from __future__ import annotations


class BoringopsError(Exception):
    """Base of all errors that are ours to explain. Anything else that escapes is a fault of ours (exit 1)."""

    exit_code = 1
    status = "failed"
    kind = "internal"

    def __init__(self, message: str, *, hint: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind or type(self).kind


class UsageError(BoringopsError):
    """A bad flag, configuration, persona or hand-off, or a place that is not a git repository."""

    exit_code = 2
    status = "usage"
    kind = "usage"


class NeedsClarification(BoringopsError):
    """The run cannot go on without answers; the questions are in the result."""

    exit_code = 3
    status = "needs_clarification"
    kind = "questions"


class NeedsApproval(BoringopsError):
    """A plan or a call that nobody was there to approve."""

    exit_code = 4
    status = "needs_approval"
    kind = "approval"


class Incomplete(BoringopsError):
    """Gates still fail after the last round, or the model never finished."""

    exit_code = 5
    status = "incomplete"
    kind = "gates"


class BudgetReached(BoringopsError):
    """Cost, turns or minutes reached what the user allowed."""

    exit_code = 6
    status = "budget"
    kind = "budget"


class ModelError(BoringopsError):
    """The model did not answer: `kind` is authentication, rate_limit, overloaded, refusal, network, context, ..."""

    exit_code = 7
    status = "model_error"
    kind = "model"


class Interrupted(BoringopsError):
    """SIGINT or SIGTERM; the run can be resumed."""

    exit_code = 130
    status = "interrupted"
    kind = "interrupted"
