"""All tools, in the order the model sees them. The order is part of the prompt cache and never changes in a run."""

from __future__ import annotations

from typing import Any

from boringops.tool import Tool
from boringops_tools.ask import AskUser
from boringops_tools.blueprint import Blueprint
from boringops_tools.files import Edit, Read, Write
from boringops_tools.finish import Finish
from boringops_tools.plan import SubmitPlan
from boringops_tools.search import Glob, Grep
from boringops_tools.shell import Bash
from boringops_tools.validate import Validate


def all_tools() -> list[Tool[Any]]:
    return [Read(), Glob(), Grep(), Write(), Edit(), Bash(), AskUser(), SubmitPlan(), Validate(), Blueprint(), Finish()]
