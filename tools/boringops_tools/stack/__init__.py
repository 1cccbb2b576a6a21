"""What a repository's applications are: detection by reading, never by running."""

from boringops_tools.stack import render
from boringops_tools.stack.detect import detect
from boringops_tools.stack.facts import Application, EnvVar, Service, Source, Stack, Version

__all__ = ["Application", "EnvVar", "Service", "Source", "Stack", "Version", "detect", "render"]
