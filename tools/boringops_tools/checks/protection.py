"""Protection of data that a change takes away: what Terraform would have refused to destroy, and now would not."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.red_flags.hcl import Block, Expression, read

# Arguments that keep a resource or its data from being destroyed, by the value that does.
_KEEPS: dict[str, bool] = {
    "prevent_destroy": True, "deletion_protection": True, "deletion_protection_enabled": True, "enable_deletion_protection": True,
    "disable_api_termination": True, "purge_protection_enabled": True, "force_destroy": False, "skip_final_snapshot": False,
}  # fmt: skip
_ON_BY_DEFAULT = ("google_",)
"""Providers whose `deletion_protection` is on where it is left out."""
_OFF_MEANS_KEPT = frozenset({"force_destroy"})
"""Arguments that keep also where they are left out."""


def _applies(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def _resources(text: str) -> dict[tuple[str, ...], Block]:
    return {block.labels: block for block in read(text) if block.kind == "resource" and len(block.labels) == 2}


def _kept(block: Block) -> set[str]:
    """The arguments that protect a resource."""
    places = [block, *block.inner("lifecycle")]
    return {name for place in places for name, keeps in _KEEPS.items() if place.value(name) is keeps}


def _gone(block: Block, name: str) -> int | None:
    """The line where a protection is no longer there; null where it is, or where a variable decides."""
    for place in [block, *block.inner("lifecycle")]:
        if name in place.attributes:
            value = place.value(name)
            open_ = isinstance(value, Expression) or value is _KEEPS[name]
            return None if open_ else place.line_of(name)
    by_default = name in _OFF_MEANS_KEPT or (
        name == "deletion_protection" and block.labels[0].startswith(_ON_BY_DEFAULT)
    )
    return None if by_default else block.line


def _removed(files: Files, path: str) -> Iterator[Hit]:
    before = files.before(path)
    if before is None or not any(name in before for name in _KEEPS):
        return
    now = _resources(files.text(path))
    for labels, block in _resources(before).items():
        kept, name = _kept(block), ".".join(labels)
        if labels in now:
            for each in sorted(kept):
                if (line := _gone(now[labels], each)) is not None:
                    yield Hit(line, f"`{name}` was protected by `{each}` and no longer is")
        elif "prevent_destroy" in kept and not _elsewhere(files, path, labels):
            yield Hit(
                None if path in files.gone else 1,
                f"`{name}` was protected by `prevent_destroy`; without its block Terraform destroys it all the same",
            )


def _elsewhere(files: Files, path: str, labels: tuple[str, ...]) -> bool:
    """Whether a resource went to another file of the directory, or is moved or let go of without being destroyed."""
    name = ".".join(labels)
    for each in files.siblings(path):
        if not _applies(each):
            continue
        text = files.text(each)
        if PurePosixPath(each) != PurePosixPath(path) and labels in _resources(text):
            return True
        for block in read(text):
            value = block.value("from") if block.kind in ("moved", "removed") else None
            if isinstance(value, Expression) and value.text == name:
                return True
    return False


_DB = 'resource "aws_db_instance" "main" {\n  deletion_protection = true\n  skip_final_snapshot = false\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'
_BUCKET = 'resource "aws_s3_bucket" "data" {\n  force_destroy = false\n}\n'

RULES = (
    Rule(
        "terraform/protection-removed", "error",
        "Keep it, or take it away in a change of its own that says why and how the data is kept; waive this with that reason.",
        "Terraform language reference, lifecycle: prevent_destroy holds only as long as the argument is in the configuration.",
        _applies, _removed,
        of_gone=True,
        was={"main.tf": _DB + _BUCKET},
        bad=(
            {"main.tf": _DB.replace("prevent_destroy = true", "prevent_destroy = false") + _BUCKET},
            {"main.tf": _DB.replace("  lifecycle {\n    prevent_destroy = true\n  }\n", "") + _BUCKET},
            {"main.tf": _DB.replace("deletion_protection = true", "deletion_protection = false") + _BUCKET},
            {"main.tf": _DB.replace("skip_final_snapshot = false", "skip_final_snapshot = true") + _BUCKET},
            {"main.tf": _DB + _BUCKET.replace("false", "true")},
            {"main.tf": _BUCKET},
        ),
        good=(
            {"main.tf": _DB + _BUCKET},
            {"main.tf": _DB + _BUCKET.replace("  force_destroy = false\n", "")},
            {"main.tf": _DB.replace("deletion_protection = true", "deletion_protection = var.protected") + _BUCKET},
            {"main.tf": _BUCKET, "database.tf": _DB},
            {"main.tf": _BUCKET + "removed {\n  from = aws_db_instance.main\n  lifecycle {\n    destroy = false\n  }\n}\n"},
            {"new.tf": 'resource "aws_db_instance" "test" {\n  deletion_protection = false\n}\n'},
        ),
    ),
)  # fmt: skip
