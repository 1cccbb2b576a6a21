"""Actions and tasks that do no more than run a tool which changes infrastructure, told as the command that they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.scripts import Command

_PULUMI = lazy_pattern(r"(?i)^(?:pulumi/actions|Pulumi|pulumi/(?:pulumi-)?(?:update|preview|destroy|stack-init))@")
_TASK = lazy_pattern(r"(?i)^(?:TerraformTask(?:V\d)?|TerraformCLI|Terraform(?:Tool)?Task)@")
_DFLOOK = lazy_pattern(r"^dflook/(?P<tool>terraform|tofu)-(?P<command>apply|plan|destroy|validate)@")
_STACK = lazy_pattern(r"^aws-actions/aws-cloudformation-github-deploy@")


def told(uses: str, given: Mapping[Any, Any], line: int) -> tuple[Command, ...]:
    """The command that a step comes to; none where it is a tool's setup, or where a variable decides."""
    words: list[str] = []
    if _PULUMI.match(uses):
        command = str(given.get("command") or "")
        stack = str(given.get("stack-name") or given.get("stack") or "")
        words = ["pulumi", command, *(["--stack", stack] if stack else [])]
    elif _TASK.match(uses):
        command = str(given.get("command") or "")
        words = ["terraform", command, *str(given.get("commandOptions") or "").split()]
    elif match := _DFLOOK.match(uses):
        command = match["command"]
        auto = ["-auto-approve"] if str(given.get("auto_approve")).lower() == "true" else []
        words = [match["tool"], command, *auto, *(str(given.get(key) or "") for key in ("path", "workspace"))]
    elif _STACK.match(uses):
        command = "deploy"
        words = ["aws", "cloudformation", command, "--stack-name", str(given.get("name") or "")]
    known = bool(words) and re.fullmatch(r"[a-z-]+", command) is not None
    return (Command(line, tuple(each for each in words if each)),) if known else ()
