"""The values that this machine is known to hold: its environment, `.env` files, the files where tools keep credentials.

They are read here, on this machine, for one end: to be told when they turn up where they must not be.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from boringops.secrets.envfiles import env_lines
from boringops.secrets.finding import find
from boringops.secrets.names import looks_secret
from boringops.secrets.values import wordy

MAX_BYTES = 256 * 1024
"""Larger files are no credentials."""

# Variable that names another place, place in the home folder. A variable may name several, as KUBECONFIG does.
CREDENTIAL_FILES = (
    ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
    ("AWS_CONFIG_FILE", ".aws/config"),
    ("GOOGLE_APPLICATION_CREDENTIALS", ".config/gcloud/application_default_credentials.json"),
    ("", ".config/gcloud/legacy_credentials/*/adc.json"),
    ("", ".azure/*.json"),
    ("NETRC", ".netrc"),
    ("NPM_CONFIG_USERCONFIG", ".npmrc"),
    ("", ".yarnrc.yml"),
    ("", ".docker/config.json"),
    ("KUBECONFIG", ".kube/config"),
    ("PIP_CONFIG_FILE", ".config/pip/pip.conf"),
    ("", ".pypirc"),
    ("", ".git-credentials"),
    ("", ".config/git/credentials"),
    ("", ".config/gh/hosts.yml"),
    ("", ".config/glab-cli/config.yml"),
    ("", ".terraform.d/credentials.tfrc.json"),
    ("TF_CLI_CONFIG_FILE", ".terraformrc"),
    ("", ".pulumi/credentials.json"),
    ("", ".vault-token"),
    ("", ".cargo/credentials.toml"),
    ("", ".gem/credentials"),
    ("", ".config/helm/repositories.yaml"),
    ("", ".config/helm/registry/config.json"),
    ("", ".config/doctl/config.yaml"),
    ("", ".config/hcloud/cli.toml"),
    ("", ".fly/config.yml"),
    ("PGPASSFILE", ".pgpass"),
    ("", ".my.cnf"),
    ("", ".ssh/*"),
)
_FOLDERS = {"DOCKER_CONFIG": "config.json", "AZURE_CONFIG_DIR": "*.json", "GH_CONFIG_DIR": "hosts.yml"}
_MOST_FILES = 50
"""Of one pattern: a folder with more is something else."""

_OPEN_VALUE = re.compile(
    r"(?i)^(?:[a-z][a-z0-9+.\-]*://[^@\s]*|[\d.,:%\s]+|[~.]{0,2}/[\w./\-]*|[\w\-]+(?:\.[\w\-]+)+(?::\d+)?)$"
)
_FIELD = re.compile(
    r"(?m)^[ \t\-]*[\"']?[^\s\"'=]*?([\w.\-]+)[\"']?[ \t]*[:=][ \t]*[\"']?([^\s\"']{4,8192})[\"']?[ \t]*$"
)
_NETRC = re.compile(r"\bpassword[ \t\n]+(\S{4,1024})")
_URL = re.compile(r"://[^\s:/?#@]{0,128}:([^\s@/]{4,512})@")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")


def values(environ: Mapping[str, str], env_files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """(name, value) of everything known. A file that cannot be read gives nothing."""
    for name, value in environ.items():
        if looks_secret(name):
            yield name, value
        yield from _found(name, value)
    for file in env_files:
        yield from of_env_text(_text(file))
    for file in credential_files(environ):
        yield from of_credential_file(file.name, _text(file))


def of_env_text(text: str) -> Iterator[tuple[str, str]]:
    """The values of an environment file that are not plainly public."""
    for before, name, value in env_lines(text):
        if name and "#" not in before:
            yield from _found(name, value)
            if looks_secret(name) or not (_OPEN_VALUE.match(value) or wordy(value)):
                yield name, value


def credential_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where tools keep credentials, for the user whose environment this is."""
    home = environ.get("HOME")
    for variable, place in CREDENTIAL_FILES:
        if given := environ.get(variable):
            yield from (Path(path) for path in given.split(":") if path)
        elif home:
            yield from _matching(Path(home), place)
    for variable, place in _FOLDERS.items():
        if given := environ.get(variable):
            yield from _matching(Path(given), place)


def _matching(folder: Path, place: str) -> list[Path]:
    if "*" not in place:
        return [folder / place]
    try:
        return sorted(folder.glob(place))[:_MOST_FILES]
    except OSError:
        return []


def of_credential_file(name: str, text: str) -> Iterator[tuple[str, str]]:
    """What a tool's credential file holds, told by how it is written."""
    if not text:
        return
    yield from _found("", text)
    if name == ".vault-token":
        yield "VAULT_TOKEN", text.strip()
    elif name == ".pgpass":
        yield from (("PGPASSWORD", line.rpartition(":")[2]) for line in text.splitlines() if line.count(":") >= 4)
    elif text.lstrip().startswith("{"):
        try:
            yield from _of_json("", json.loads(text))
        except (ValueError, RecursionError):
            return
    else:
        yield from (("NETRC_PASSWORD", found) for found in _NETRC.findall(text))
        yield from (("URL_PASSWORD", found) for found in _URL.findall(text))
        for field, value in _FIELD.findall(text):
            yield from _of_field(field, value)


def _of_json(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _of_json(str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _of_json(name, item)
    elif isinstance(value, str):
        yield from _of_field(name, value)


def _of_field(name: str, value: str) -> Iterator[tuple[str, str]]:
    if not (looks_secret(name) or name == "auth"):
        return
    yield name, value
    if name in ("auth", "_auth", "_password") or name.endswith("-data"):  # these hold it in base64
        plain = _decoded(value)
        yield name, plain.partition(":")[2] if name.endswith("auth") else plain


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode() if _ENCODED.fullmatch(value) else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _found(name: str, text: str) -> Iterator[tuple[str, str]]:
    for hit in find(text):
        yield name or hit.name, text[hit.start : hit.end]


def _text(file: Path) -> str:
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
