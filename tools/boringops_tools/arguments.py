"""What a model sends, made to fit where it can mean one thing only, and explained where it cannot.

Models send a list as the JSON text of one, one string where a list of them is wanted, the main field of an object
alone, and null for what they leave out. Turning that back costs a turn and teaches nothing, so it is mended here;
everything else is an error the model can act on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args, get_origin

from pydantic import BaseModel, model_validator

from boringops.facts import PlannedFile, PlanPhase, PlanTask, Question
from boringops.tool import ToolInput

_FROM_TEXT: dict[Any, Callable[[str], Any]] = {
    Question: lambda text: {"question": text},
    PlanPhase: lambda text: {"name": text},
    PlanTask: lambda text: {"title": text},
    # Without an action: SubmitPlan looks whether the file exists.
    PlannedFile: lambda text: PlannedFile.model_construct(path=text),
}
"""What a bare string stands for where an object is wanted."""


class Arguments(ToolInput):
    """Arguments of a tool, forgiving about shape and strict about content."""

    @model_validator(mode="before")
    @classmethod
    def fit(cls, given: Any) -> Any:
        return fitted(cls, given)


def fitted(wanted: Any, given: Any) -> Any:
    """`given` in the shape of the annotation `wanted`, as far as that is beyond doubt."""
    if get_origin(wanted) is list:
        items = _parsed(given, list) if isinstance(given, str) else given
        items = [items] if isinstance(items, str) else items
        return [fitted(get_args(wanted)[0], item) for item in items] if isinstance(items, list) else items
    if get_origin(wanted) is dict:
        return _parsed(given, dict) if isinstance(given, str) else given
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        value = _parsed(given, dict) if isinstance(given, str) else given
        if isinstance(value, str) and wanted in _FROM_TEXT:
            return _FROM_TEXT[wanted](value)
        if isinstance(value, dict):
            fields = wanted.model_fields
            return {
                name: fitted(fields[name].annotation, item) if name in fields else item
                for name, item in value.items()
                if item is not None
            }
        return value
    return given


def _parsed(text: str, wanted: type) -> Any:
    """The list or object that `text` is the JSON of, or `text` itself."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, wanted) else text
