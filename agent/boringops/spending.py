"""What a run has spent, through all its processes: tokens and dollars, by phase, and the time it was at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from boringops.facts import Usage


@dataclass
class Spending:
    """Folded from the events, so that a resume goes on counting where the run stopped."""

    usage: Usage = field(default_factory=Usage)
    by_phase: dict[str, Usage] = field(default_factory=dict)
    reserved_usd: float = 0.0
    """What the call in flight may cost at most."""
    in_doubt_usd: float = 0.0
    """Reserved for calls that were in flight when a process died: they may have been billed, so they count."""
    active_s: float = 0.0
    """Seconds at work. The time between two processes, while a person thinks, is not."""
    _last: datetime | None = None

    @property
    def at_most_usd(self) -> float:
        """US dollars, with what is in doubt taken as spent."""
        return self.usage.cost_usd + self.in_doubt_usd

    def bill(self, usage: Usage, phase: str) -> None:
        self.usage += usage
        self.by_phase[phase] = self.by_phase.get(phase, Usage()) + usage

    def resumed(self) -> None:
        """Another process goes on; the one before may have died with a call in flight."""
        self.in_doubt_usd += self.reserved_usd
        self.reserved_usd = 0.0
        self._last = None

    def at(self, moment: str) -> None:
        """An event was recorded then."""
        if not moment:
            return
        now = datetime.fromisoformat(moment)
        if self._last is not None:
            self.active_s += max(0.0, (now - self._last).total_seconds())
        self._last = now
