"""What a run may spend, checked before it is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from boringops.config import Config
from boringops.errors import BudgetReached, UsageError
from boringops.models import prices
from boringops.models.base import Profile
from boringops.record import Record

LEAST_REPLY_TOKENS = 1_024
"""A call that the budget leaves fewer output tokens than this is not made."""
CHARACTERS_PER_TOKEN = 3
"""Fewer than any model has, so that an estimate errs on the dear side."""


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
            raise BudgetReached(f"{config.max_minutes:g} minutes are used up.", hint=again)
        tokens = min(config.provider.max_tokens, self.profile.max_output)
        if config.max_cost is None or not (state.start and state.start.by_model):
            return 0.0, tokens
        prompt_tokens = self._prompt_tokens()
        tokens = min(tokens, self._affordable(prompt_tokens, config.max_cost - state.usage.cost_usd))
        if tokens < LEAST_REPLY_TOKENS:
            spent = f"${state.usage.cost_usd:.4f} of ${config.max_cost:.2f} is spent"
            hint = f"{again} --max-cost {config.max_cost * 2:g}"
            raise BudgetReached(f"{spent}, and the next call may cost more than is left.", hint=hint)
        return prices.estimate(self.profile.id, prompt_tokens, tokens) or 0.0, tokens

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
