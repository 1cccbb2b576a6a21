"""From the events of a stream to a reply, without losing a byte of it.

Blocks stay the dictionaries that came, with the deltas put in: no field is added, dropped or reordered, because the
reply goes back with the next request and thinking is signed over it. Unknown events, blocks and deltas are kept or
passed over, never an error.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from boringops.errors import ModelError
from boringops.facts import Usage
from boringops.models import prices
from boringops.models.base import Block, Delta, Reply, Watch

# Deltas that bring the next piece of a string, and the field of delta and block that it belongs to.
_PIECES = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_SHOWN: dict[str, Literal["text", "thinking", "arguments"]] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "arguments",
}


class BrokenStream(Exception):
    """What came is not a whole reply: cut off, empty, or not the API's events at all."""


class Assembly:
    """A reply in the making: give it every event, then ask for the `reply`."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, Block] = {}
        self._pieces: dict[tuple[int, str], list[str]] = {}
        self._usage: dict[str, Any] = {}
        self._stop: dict[str, Any] = {}

    @property
    def stopped(self) -> bool:
        """The model has said why it stopped: whatever still comes or fails to come, the reply is whole."""
        return self._stop.get("stop_reason") is not None

    def take(self, event: Any) -> None:
        """Work one event in. Raises BrokenStream where its shape is not the API's."""
        shown = None
        try:
            match event.get("type"):
                case "message_start":
                    self._message = event["message"]
                    self._bill(self._message)
                case "content_block_start":
                    shown = self._start(event["index"], event["content_block"])
                case "content_block_delta":
                    shown = self._delta(event["index"], event["delta"])
                case "message_delta":
                    self._stop |= event["delta"]
                    self._bill(event)
        except (AttributeError, KeyError, TypeError) as error:
            raise BrokenStream(f"The stream has an event that is not the API's: {str(event)[:200]}") from error
        if shown:
            self._watch(shown)

    def usage(self, model_id: str) -> Usage:
        """Tokens billed as far as the stream has told, and their cost by the price of `model_id`."""
        count = {name: value for name, value in self._usage.items() if isinstance(value, int)}
        usage = Usage(
            turns=1 if self.stopped else 0,
            input_tokens=count.get("input_tokens", 0),
            cache_read_tokens=count.get("cache_read_input_tokens", 0),
            cache_write_tokens=count.get("cache_creation_input_tokens", 0),
            output_tokens=count.get("output_tokens", 0),
        )
        hour = (self._usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
        dollars = prices.cost(model_id, usage, hour_write_tokens=min(hour, usage.cache_write_tokens))
        return usage.model_copy(update={"cost_usd": dollars or 0.0})

    def reply(self, model_id: str) -> Reply:
        """The whole reply. Raises BrokenStream where the model never stopped, ModelError(refusal) where it refused."""
        if not self.stopped:
            raise BrokenStream("The stream ended before the reply did." if self._message else "The reply was empty.")
        if self._stop["stop_reason"] == "refusal":
            raise _refusal(self._stop.get("stop_details") or {})
        malformed = frozenset(self._join())
        return Reply(
            content=[self._blocks[index] for index in sorted(self._blocks)],
            stop_reason=self._stop["stop_reason"],
            usage=self.usage(model_id),
            model=self._message.get("model", ""),
            id=self._message.get("id", ""),
            malformed=malformed,
        )

    def _bill(self, event: dict[str, Any]) -> None:
        # Later counts are totals, not additions; what a later event leaves out keeps its value.
        self._usage |= {name: value for name, value in (event.get("usage") or {}).items() if value is not None}

    def _start(self, index: int, block: Block) -> Delta | None:
        self._blocks[index] = dict(block)
        return Delta("tool", block["name"]) if block["type"] == "tool_use" else None

    def _delta(self, index: int, delta: dict[str, Any]) -> Delta | None:
        kind, block = delta["type"], self._blocks[index]
        if kind in _PIECES:
            piece = delta[_PIECES[kind]]
            self._pieces.setdefault((index, _PIECES[kind]), []).append(piece)
            return Delta(_SHOWN[kind], piece) if kind in _SHOWN else None
        if kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        else:  # a signature comes whole, and so do the compaction delta's fields: the safe guess for what is unknown
            block.update((name, value) for name, value in delta.items() if name != "type")
        return None

    def _join(self) -> list[str]:
        """Put the pieces of strings into their blocks; ids of the calls whose arguments cannot be read."""
        malformed = []
        for (index, field), pieces in self._pieces.items():
            block, whole = self._blocks[index], "".join(pieces)
            if field != "partial_json":
                block[field] = block.get(field, "") + whole
            elif whole:
                arguments = _arguments(whole)
                block["input"] = arguments or {}
                if arguments is None:
                    malformed.append(block.get("id", ""))
        return malformed


def _arguments(text: str) -> dict[str, Any] | None:
    """A tool call's arguments; None where they are no JSON object that could be sent back."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refusal(details: dict[str, Any]) -> ModelError:
    category, explanation = details.get("category"), details.get("explanation")
    return ModelError(
        "The model refused" + (f" ({category})" if category else "") + (f": {explanation}" if explanation else "."),
        kind="refusal",
        hint="Say the task in other words, with its purpose, or choose another model.",
    )
