"""Terraform state that ends up in git or on one machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag

_NEVER = "Store state files in git (use remote backend)"
_STATE = lazy_pattern(
    r"(?:.*/)?(?:[^/]*\.tfstate(?:\.[^/]*)?|\.terraform/.*|terraform\.tfstate\.d/.*|[^/]*\.tfplan)", re.S
)
_QUIET = lazy_pattern(r"\"(?:[^\"\\\n]|\\.)*\"|#[^\n]*|//[^\n]*|/\*.*?\*/", re.S)
_BACKEND = lazy_pattern(r"^[ \t]*backend[ \t]+\"(\w+)\"[ \t]*\{", re.M)


def _state_file(path: str, _: str) -> Iterable[Hit]:
    yield Hit(None, f"{posixpath.basename(path)} is Terraform's state, plan or working data")


def _without_comments(text: str) -> str:
    """The text with comments blanked and lines kept; strings stay."""
    return _QUIET.sub(lambda match: match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0]), text)


def _local_backend(_: str, text: str) -> Iterator[Hit]:
    plain = _without_comments(text)
    for match in _BACKEND.finditer(plain):
        if match[1] == "local":
            yield Hit(plain.count("\n", 0, match.start(1)) + 1, "the state is kept in a local file")


RED_FLAGS = (
    RedFlag(
        "state/file", _NEVER, "error", "State holds secrets in clear and has to be locked: keep it in a remote backend.",
        applies=lambda path: bool(_STATE.fullmatch(path)), check=_state_file, reads_text=False,
        bad={"terraform.tfstate": "{}", "infra/prod.tfstate.backup": "{}", "infra/.terraform/modules/modules.json": "{}"},
        good={"infra/.terraform.lock.hcl": "", "infra/state.tf": "", "docs/tfstate.md": ""},
    ),
    RedFlag(
        "state/local-backend", _NEVER, "error", "Use a remote backend with locking, e.g. s3 with `use_lockfile = true`.",
        applies=lambda path: path.endswith((".tf", ".tofu")), check=_local_backend,
        bad={"main.tf": 'terraform {\n  # where\n  backend "local" {\n    path = "x"\n  }\n}\n'},
        good={
            "main.tf": 'terraform {\n  # backend "local" {}\n  backend "s3" {\n    use_lockfile = true\n  }\n}\n',
            "b.tf": '/*\nbackend "local" {\n}\n*/\n',
        },
    ),
)  # fmt: skip
