"""Deterministic generators of infrastructure files for a detected stack."""

from boringops_tools.blueprints.drafting import draft
from boringops_tools.blueprints.model import Draft, DraftFile
from boringops_tools.blueprints.words import understand

__all__ = ["Draft", "DraftFile", "draft", "understand"]
