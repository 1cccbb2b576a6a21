"""`boringops schema`: the JSON Schemas of what goes in and comes out."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer


class What(StrEnum):
    result = "result"
    events = "events"
    plan = "plan"
    config = "config"


def schema(what: Annotated[What, typer.Argument(help="Which schema.")]) -> None:
    """Print a JSON Schema: of the result, of the events, of the plan, or of the configuration."""
    print(json.dumps(_schema(what), indent=2))


def _schema(what: What) -> dict[str, Any]:
    from functools import reduce
    from operator import or_

    from pydantic import BaseModel, TypeAdapter

    from boringops import config, events, facts, result

    if what is What.events:
        every: Any = reduce(or_, events.EVENTS.values())
        return TypeAdapter(every).json_schema()
    models: dict[What, type[BaseModel]] = {
        What.result: result.Result,
        What.plan: facts.Plan,
        What.config: config.Config,
    }
    return models[what].model_json_schema()
