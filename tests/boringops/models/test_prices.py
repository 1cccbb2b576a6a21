"""The table answers for every way a model is named, and never under-estimates a call."""

from __future__ import annotations

import datetime

import pytest

from boringops.facts import Usage
from boringops.models import prices


@pytest.mark.parametrize(
    ("model_id", "row"),
    [
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("opus", "claude-opus-5-5"),
        ("sonnet", "claude-sonnet-5-5"),
        ("haiku", "claude-haiku-5-5"),
        ("fable", "claude-fable-5-2"),
        ("anthropic.claude-opus-5-5-v1:0", "claude-opus-5-5"),
        ("us.anthropic.claude-opus-5-5-v1:0", "claude-opus-5-5"),
        ("us-gov.anthropic.claude-sonnet-5-5", "claude-sonnet-5-5"),
        ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-5", "claude-sonnet-5"),
        ("claude-opus-5-5@20261001", "claude-opus-5-5"),
        ("claude-opus-5-5@default", "claude-opus-5-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
    ],
)
def test_every_platforms_id_finds_its_row(model_id: str, row: str) -> None:
    assert prices.canonical(model_id) == row
    assert prices.profile(model_id).priced
    assert prices.cost(model_id, Usage(output_tokens=1)) == prices.cost(row, Usage(output_tokens=1))


def test_only_aliases_change_what_is_sent() -> None:
    assert prices.wire_id("opus") == "claude-opus-5-5"
    assert prices.wire_id("us.anthropic.claude-opus-5-5-v1:0") == "us.anthropic.claude-opus-5-5-v1:0"


def test_an_unknown_model_has_modest_limits_and_no_price() -> None:
    known = prices.profile("my-gateway/some-model")
    assert (known.id, known.priced, known.thinking, known.effort) == ("my-gateway/some-model", False, "none", False)
    assert known.context_window == 200_000
    assert prices.cost("some-model", Usage(input_tokens=1)) is None
    assert prices.estimate("some-model", 1, 1) is None


def test_capabilities() -> None:
    present, older = prices.profile("opus"), prices.profile("claude-haiku-4-5")
    assert (present.thinking, present.effort, present.context_window, present.max_output, present.cache_minimum) == (
        "adaptive", True, 1_000_000, 128_000, 512,
    )  # fmt: skip
    assert (older.thinking, older.effort, older.context_window, older.cache_minimum) == ("budget", False, 200_000, 4096)


def test_each_kind_of_token_has_its_price() -> None:
    million = 1_000_000
    assert prices.cost("claude-opus-5-5", Usage(input_tokens=million)) == pytest.approx(4)
    assert prices.cost("claude-opus-5-5", Usage(output_tokens=million)) == pytest.approx(20)
    assert prices.cost("claude-opus-5-5", Usage(cache_read_tokens=million)) == pytest.approx(0.20)
    written = Usage(cache_write_tokens=million)
    assert prices.cost("claude-opus-5-5", written) == pytest.approx(5)
    assert prices.cost("claude-opus-5-5", written, hour_write_tokens=million) == pytest.approx(8)
    assert prices.cost("claude-opus-5-5", written, hour_write_tokens=million // 2) == pytest.approx(6.5)


def test_haiku_is_dearer_as_a_whole_when_its_prompt_is_long() -> None:
    short = Usage(input_tokens=50_000, cache_read_tokens=50_000, output_tokens=1_000)
    long = Usage(input_tokens=50_001, cache_read_tokens=50_000, output_tokens=1_000)
    assert prices.cost("haiku", short) == pytest.approx((50_000 * 0.10 + 50_000 * 0.01 + 1_000 * 0.50) / 1e6)
    assert prices.cost("haiku", long) == pytest.approx((50_001 * 0.50 + 50_000 * 0.05 + 1_000 * 2.50) / 1e6)


@pytest.mark.parametrize("model_id", sorted(prices._ROWS))
def test_the_estimate_is_never_less_than_what_the_same_tokens_cost(model_id: str) -> None:
    for prompt in (1_000, 99_000, 150_000):
        most = prices.estimate(model_id, prompt, 2_000)
        assert most is not None
        for usage in (
            Usage(input_tokens=prompt, output_tokens=2_000),
            Usage(cache_read_tokens=prompt, output_tokens=2_000),
            Usage(cache_write_tokens=prompt, output_tokens=1_999),
        ):
            assert (prices.cost(model_id, usage) or 0) <= most


def test_the_table_says_of_when_and_where_it_is() -> None:
    assert datetime.date.fromisoformat(prices.AS_OF)
    assert "list price" in prices.SOURCE
