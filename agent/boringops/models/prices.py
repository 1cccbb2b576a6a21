"""What each model costs and can do: one dated table, so that a budget is kept by numbers and not by a model's name.

Bedrock, Vertex and Foundry ids resolve to the same rows. Their regional price differences are not in the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from boringops.facts import Usage
from boringops.front_matter import MODEL_ALIASES
from boringops.models.base import Profile

AS_OF = "2026-11-23"
SOURCE = (
    "Anthropic's list prices in US dollars per million tokens, and the limits in its model documentation; "
    "a price list, not a bill."
)

ALIASES = MODEL_ALIASES
"""Short names that personas use; the API does not know them."""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    write_5m: float
    write_1h: float
    read: float


@dataclass(frozen=True)
class _Row:
    profile: Profile
    price: Price
    long_price: Price | None = None
    """The price of the whole call where its prompt is longer than `LONG_PROMPT`."""


LONG_PROMPT = 100_000


_OLD_TOKENIZER = 4.0  # bytes per token; since 4.7 the same text makes some 30 % more tokens


def _row(
    model_id: str,
    price: Price,
    long_price: Price | None = None,
    *,
    context_window: int = 1_000_000,
    max_output: int = 128_000,
    prompt_bytes_per_token: float = 3.0,
    cache_minimum: int = 512,
    thinking: Literal["adaptive", "budget", "none"] = "adaptive",
    effort: bool = True,
) -> _Row:
    """A row of the table. The defaults are those of the present models."""
    known = Profile(
        model_id,
        context_window=context_window,
        max_output=max_output,
        prompt_bytes_per_token=prompt_bytes_per_token,
        cache_minimum=cache_minimum,
        thinking=thinking,
        effort=effort,
        priced=True,
    )
    return _Row(known, price, long_price)


_FABLE_5_2 = Price(8, 40, 10, 16, 0.20)
_OPUS = Price(5, 25, 6.25, 10, 0.50)
_SONNET = Price(3, 15, 3.75, 6, 0.30)

# fmt: off
_ROWS = {
    row.profile.id: row
    for row in [
        _row("claude-opus-5-5", Price(4, 20, 5, 8, 0.20)),
        _row("claude-sonnet-5-5", Price(2, 10, 2.50, 4, 0.10)),
        _row("claude-haiku-5-5", Price(0.10, 0.50, 0.125, 0.20, 0.01), Price(0.50, 2.50, 0.625, 1.00, 0.05)),
        _row("claude-fable-5-2", _FABLE_5_2),
        _row("claude-mythos-5-2", _FABLE_5_2),
        _row("claude-fable-5-1", Price(10, 50, 12.50, 20, 0.25)),
        _row("claude-opus-5", _OPUS),
        _row("claude-sonnet-5", Price(2, 10, 2.50, 4, 0.20), cache_minimum=1024),
        _row("claude-opus-4-8", _OPUS, cache_minimum=1024),
        _row("claude-opus-4-7", _OPUS, cache_minimum=2048),
        _row("claude-opus-4-6", _OPUS, cache_minimum=4096, prompt_bytes_per_token=_OLD_TOKENIZER),
        _row("claude-sonnet-4-6", _SONNET, max_output=64_000, cache_minimum=1024,
             prompt_bytes_per_token=_OLD_TOKENIZER),
        _row("claude-opus-4-5", _OPUS, context_window=200_000, max_output=64_000, cache_minimum=4096,
             prompt_bytes_per_token=_OLD_TOKENIZER, thinking="budget"),
        _row("claude-sonnet-4-5", _SONNET, context_window=200_000, max_output=64_000, cache_minimum=1024,
             prompt_bytes_per_token=_OLD_TOKENIZER, thinking="budget", effort=False),
        _row("claude-haiku-4-5", Price(1, 5, 1.25, 2, 0.10), context_window=200_000, max_output=64_000,
             cache_minimum=4096, prompt_bytes_per_token=_OLD_TOKENIZER, thinking="budget", effort=False),
    ]
}
# fmt: on

# What platforms put around the model's own name: an ARN or path before it, a geography and vendor before it, a
# version after it, a date after it.
_AROUND = re.compile(r"^(?:.*/)?(?:[a-z-]+\.)?(?:anthropic\.)?(claude-[a-z0-9-]+?)(?:[-@]\d{8})?(?:-v\d+)?(?:[:@].*)?$")


def wire_id(model_id: str) -> str:
    """The id to send: an alias replaced, anything else as given."""
    return ALIASES.get(model_id, model_id)


def canonical(model_id: str) -> str:
    """The model's own name: aliases replaced, platform prefixes, versions and dates taken off."""
    found = _AROUND.match(wire_id(model_id))
    return found[1] if found else model_id


def profile(model_id: str) -> Profile:
    """What is known of a model. One that isn't known gets the modest limits any current model has, and no price."""
    row = _ROWS.get(canonical(model_id))
    return row.profile if row else Profile(wire_id(model_id))


def cost(model_id: str, usage: Usage, *, hour_write_tokens: int = 0) -> float | None:
    """US dollars for the tokens of one call; None where the price is not known.

    `hour_write_tokens` is the part of `usage.cache_write_tokens` that was written to last an hour."""
    price = _price(model_id, usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens)
    if price is None:
        return None
    return (
        usage.input_tokens * price.input
        + usage.output_tokens * price.output
        + usage.cache_read_tokens * price.read
        + (usage.cache_write_tokens - hour_write_tokens) * price.write_5m
        + hour_write_tokens * price.write_1h
    ) / 1_000_000


def estimate(model_id: str, prompt_tokens: int, max_tokens: int) -> float | None:
    """The most a call can cost, in US dollars: nothing cached, all of it written to the cache, the whole output used.

    To be reserved before the call, so that a budget is never overrun; None where the price is not known."""
    return cost(model_id, Usage(cache_write_tokens=prompt_tokens, output_tokens=max_tokens))


def _price(model_id: str, prompt_tokens: int) -> Price | None:
    row = _ROWS.get(canonical(model_id))
    if row is None:
        return None
    return row.long_price if row.long_price and prompt_tokens > LONG_PROMPT else row.price
