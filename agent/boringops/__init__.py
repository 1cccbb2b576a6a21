"""An agent runtime that plays the DevOps infrastructure engineer, and enforces its rules."""

from __future__ import annotations

__version__ = "0.1.0"
