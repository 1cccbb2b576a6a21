"""Terraform: keys of accounts that a provider or a backend reads from a file, which then lies about for years."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from boringops_tools.checks.base import Files, Hit, Rule
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.cloud import TRIAL
from boringops_tools.red_flags.hcl import Block, Call, Expression, read

_GOOGLE = frozenset({"google", "google-beta"})
_KEY = lazy_pattern(r"[^$\s{}]+\.(?:json|p12|key)")
# Its own account of whoever runs it: what gcloud keeps there is no key.
_DEFAULT = lazy_pattern(r"application_default_credentials|access_tokens")


def _holders(text: str) -> Iterator[tuple[Block, str]]:
    """Blocks that may name a key, and what they are."""
    for block in read(text):
        if block.kind == "provider" and block.labels and block.labels[0] in _GOOGLE:
            yield block, f"the provider {block.labels[0]}"
        elif block.kind == "terraform":
            yield from ((each, "the backend gcs") for each in block.inner("backend") if each.labels[:1] == ("gcs",))


def _named(block: Block) -> str:
    """The file that a block takes its key from; empty where a variable or the environment says so."""
    value = block.value("credentials")
    read_in = isinstance(value, Call) and value.name == "file"
    while isinstance(value, Call) and value.name in ("file", "pathexpand") and value.arguments:
        value = value.arguments[0]
    text = value.text if isinstance(value, Expression) else value
    text = re.sub(r"^\$\{path\.\w+\}/", "", text) if isinstance(text, str) else ""
    if isinstance(value, Expression) and text == value.text:
        return ""
    return text if text and "$" not in text and (read_in or _KEY.fullmatch(text)) else ""


def _keys(files: Files, path: str) -> Iterator[Hit]:
    text = files.text(path)
    for block, what in _holders(text) if "credentials" in text else ():
        named = _named(block)
        if not named or _DEFAULT.search(named):
            continue
        here = posixpath.normpath(posixpath.join(posixpath.dirname(path), named))
        line = block.line_of("credentials")
        if here in files.known:
            yield Hit(line, f"{what} takes its key from `{here}`, which is in the repository", severity="error")
        else:
            message = f"{what} takes a lasting key from the file `{named}`"
            yield Hit(line, message, severity="info" if TRIAL.search(path) else None)


def _tf(provider: str, path: str = "main.tf", **more: str) -> dict[str, str]:
    return {path: f'provider "google" {{\n  project = "a"\n  {provider}\n}}\n', **more}


_BACKEND = 'terraform {\n  backend "gcs" {\n    bucket = "a"\n    %s\n  }\n}\n'

RULES = (
    Rule("terraform/key-file", "warning", "Leave it out: the provider takes what it needs from the environment, by workload identity or an account that is borrowed. A key that was committed is to be taken back.", "Google's provider reference, Authentication: keys of service accounts are best avoided; the application's default credentials are used where none are given.",
         lambda path: path.endswith((".tf", ".tofu")), _keys,
         bad=(_tf('credentials = file("sa.json")'), _tf('credentials = file("${path.module}/keys/sa.json")'), _tf('credentials = "sa.json"'), {"main.tf": _BACKEND % 'credentials = "key.json"'}, {**_tf('credentials = file("sa.json")', "infra/main.tf"), "infra/sa.json": "{}"}),
         good=(_tf("credentials = var.key"), _tf('region = "b"'), _tf("credentials = file(var.key)"), _tf('credentials = file("~/.config/gcloud/application_default_credentials.json")'), {"main.tf": _BACKEND % 'prefix = "b"'}, _tf('credentials = data.vault_generic_secret.a.data["key.json"]'))),
)  # fmt: skip
