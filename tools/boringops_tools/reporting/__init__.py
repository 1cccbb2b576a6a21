"""What a check found, in the form that whoever reads it wants: a person, a pipeline, a dashboard.

To add a form: a module with `render(report) -> str`, named like the form.
"""

from __future__ import annotations

import importlib

from boringops_tools.reporting.base import FORMATS, Report
from boringops_tools.reporting.terminal import PLAIN, Look

__all__ = ["FORMATS", "Report", "render"]


def render(report: Report, form: str, look: Look = PLAIN) -> str:
    """The report in one of FORMATS, without a line end behind it. `look` is for the form that people read."""
    module = importlib.import_module(f"{__name__}.{form}")
    text: str = module.render(report, look) if form == "text" else module.render(report)
    return text
