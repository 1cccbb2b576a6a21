"""Who judges what: each file by every validator that covers it, and what is left that none does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from boringops.facts import Validation
from boringops_tools.validators.base import File, Validator, shown
from boringops_tools.validators.gaps import expects_validation, gaps


class Duties:
    """Which validator judges which files, and what is left that none does."""

    def __init__(self, files: Sequence[File]) -> None:
        self._files = files
        self._covered: set[str] = set()
        self._judged_for: set[tuple[str, str]] = set()
        self._absent: dict[tuple[str, str], list[Validator]] = defaultdict(list)
        self._skipped: list[tuple[Validator, str, str]] = []
        self._rendered: set[str] = set()

    def of(self, validator: Validator) -> list[tuple[Validator, Sequence[File]]]:
        """The batches of files that a validator has to judge."""
        mine = [file for file in self._files if validator.covers(file)]
        if not mine:
            return []  # it is not even looked for
        aspects = [(file.path, validator.aspect or validator.about) for file in mine]
        if validator.locate() is None:
            if validator.missed:
                self._covered.update(file.path for file in mine)
                for each in aspects:
                    self._absent[each].append(validator)
            return []
        if validator.vouches:
            self._covered.update(file.path for file in mine)
        self._judged_for.update(aspects)
        self._rendered.update(file.path for file in mine if validator.renders)
        ready = []
        for file in mine:
            if reason := validator.skip(file):
                self._skipped.append((validator, file.path, reason))
            else:
                ready.append(file)
        return [(validator, batch) for batch in validator.batches(ready)] if ready else []

    def left(self) -> Iterator[Validation]:
        """What is not validated once all validators were asked."""
        for validator, path, reason in self._skipped:
            if not (path in self._rendered and "template" in reason):
                yield unjudged(validator, path, f"skipped: {reason}")
        for (path, aspect), choice in self._absent.items():
            if (path, aspect) not in self._judged_for:
                yield unjudged(choice[0], path, f"absent: {' or '.join(each.get for each in choice)}")
        for file in self._files:
            if file.path not in self._covered and expects_validation(file.path):
                yield by_nobody(file.path, "no installed validator covers this kind of file")
            elif what := gaps(file):
                yield by_nobody(file.path, f"no installed validator checks: {', '.join(what)}")


def by_nobody(path: str, reason: str) -> Validation:
    return Validation(path=shown(path), tool="none", outcome="not_validated", reason=reason)


def unjudged(validator: Validator, path: str, reason: str) -> Validation:
    version = validator.version()
    return Validation(
        path=shown(path), tool=validator.name, tool_version=version, outcome="not_validated", reason=reason
    )
