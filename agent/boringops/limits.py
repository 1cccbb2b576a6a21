"""What a run may spend, checked before it is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from boringops.config import Config, PhaseLimit
from boringops.errors import BudgetReached, UsageError
from boringops.facts import Usage
from boringops.models import prices
from boringops.models.base import Profile
from boringops.record import Record
from boringops.state import State

LEAST_REPLY_TOKENS = 1_024
"""A call that the budget leaves fewer output tokens than this is not made."""
CHARACTERS_PER_TOKEN = 3
"""Fewer than any model has, so that an estimate errs on the dear side."""


def check_retry(config: Config, state: State) -> None:
    """Before a call is tried again: what the attempts were billed is spent, and the next may cost what was reserved.
    Raises BudgetReached."""
    if config.max_cost is not None and state.spending.at_most_usd + state.spending.reserved_usd > config.max_cost:
        raise BudgetReached(
            f"${state.usage.cost_usd:.4f} of ${config.max_cost:.2f} is spent on attempts that failed, and another may cost "
            "more than is left.",
            hint=f"boringops resume {state.start.run_id if state.start else ''} --max-cost {config.max_cost * 2:g}",
        )


@dataclass(frozen=True)
class Limits:
    """Turns, minutes and dollars of one run."""

    config: Config
    log: Record
    profile: Profile
    elapsed_s: Callable[[], float]
    fixed_characters: int
    """Length of what every prompt has in front: system prompt and tools."""

    def check(self) -> tuple[float, int]:
        """What the next call is reserved, in dollars, and how many tokens it may answer with. Raises BudgetReached."""
        config, state = self.config, self.log.state
        again = f"boringops resume {state.start.run_id if state.start else ''}"
        if state.turn >= config.max_turns:
            used = f"{config.max_turns} turns are used up."
            raise BudgetReached(used, hint=f"{again} --max-turns {config.max_turns * 2}")
        if self.elapsed_s() / 60 >= config.max_minutes:
            used = f"{config.max_minutes:g} minutes are used up."
            raise BudgetReached(used, hint=f"{again} --max-minutes {config.max_minutes * 2:g}")
        phase, limit = state.spending_phase, self._of_phase(state.spending_phase)
        in_phase = state.spending.by_phase.get(phase, Usage())
        if limit.max_turns is not None and in_phase.turns >= limit.max_turns:
            used = f"The {limit.max_turns} turns of the {phase} phase are used up."
            raise BudgetReached(used, hint=f"{again} -c phases.{phase}.max_turns={limit.max_turns * 2}")
        tokens = min(config.provider.max_tokens, self.profile.max_output)
        if not (state.start and state.start.by_model):
            return 0.0, tokens
        prompt_tokens = self._prompt_tokens()
        for budget, spent, name, flag in (
            (config.max_cost, state.spending.at_most_usd, "", "--max-cost "),
            (limit.max_cost, in_phase.cost_usd, f" in the {phase} phase", f"-c phases.{phase}.max_cost="),
        ):
            if budget is None:
                continue
            tokens = min(tokens, self._affordable(prompt_tokens, budget - spent))
            if tokens < LEAST_REPLY_TOKENS:
                used = f"${spent:.4f} of ${budget:.2f} is spent{name}, and the next call may cost more than is left."
                raise BudgetReached(used, hint=f"{again} {flag}{budget * 2:g}")
        return prices.estimate(self.profile.id, prompt_tokens, tokens) or 0.0, tokens

    def _of_phase(self, phase: str) -> PhaseLimit:
        return {"plan": self.config.phases.plan, "verify": self.config.phases.verify}.get(phase, self.config.phases.act)

    def _affordable(self, prompt_tokens: int, dollars: float) -> int:
        """The longest reply that still fits into what is left."""
        prompt = prices.estimate(self.profile.id, prompt_tokens, 0)
        million = prices.estimate(self.profile.id, prompt_tokens, 1_000_000)
        if prompt is None or million is None:
            unknown = f"No price is known for {self.profile.id}, so --max-cost cannot be kept."
            raise UsageError(unknown, hint="Use --max-turns instead.")
        return int((dollars - prompt) / (million - prompt) * 1_000_000)

    def _prompt_tokens(self) -> int:
        """The next prompt at most: the last one, and what came since by its characters."""
        state = self.log.state
        blocks = [*(block for message in state.messages[-2:] for block in message["content"]), *state.gathered]
        characters = sum(len(str(block)) for block in blocks)
        fixed = 0 if state.last_prompt else self.fixed_characters
        return state.last_prompt + (characters + fixed) // CHARACTERS_PER_TOKEN
