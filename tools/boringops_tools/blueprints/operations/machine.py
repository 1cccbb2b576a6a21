"""Backups on a schedule on one machine with Compose: a service that dumps, one that copies away, and a timer that runs both."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints import backing, compose, pins
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.operations import cronjobs
from boringops_tools.blueprints.operations.stores import Store, stores
from boringops_tools.blueprints.render import render

COMPOSE = "compose.backup.yaml"
UNITS = "ops/recovery/systemd"
VARIABLES = {
    "BACKUP_DIR": ("the folder on the machine that backups are written to; the timer sets its own", "/var/backups/app"),
    "BACKUP_BUCKET": ("s3:// address outside this machine, versioned and encrypted", ""),
    "BACKUP_REGION": ("the bucket's region", ""),
    "BACKUP_KEY_ID": ("of an account that may write there and delete nothing", ""),
    "BACKUP_KEY": ("its key; secret", "<from-the-secrets-manager>"),
}
"""What the Compose file is told: what each is, and what stands for it in the example."""
_DAY, _HOUR = 1440, 60


def scheduled(context: Context) -> list[Store]:
    """Databases of a Compose file of ours, where nothing says that production runs anywhere else."""
    text = context.tree.text(context.compose_path)
    ours = compose.MARK in text or (not text and context.will_have(context.compose_path, "containers"))
    if context.choices.target not in (None, "compose") or not ours or cronjobs.scheduled(context):
        return []
    return [store for store in stores(context) if store.kind in cronjobs.KINDS and store.kind in context.stack.kinds]


def files(context: Context, every: int) -> Iterator[DraftFile]:
    """`every` minutes between backups."""
    found = scheduled(context)
    if not found:
        return
    slug = re.sub(r"[^a-z0-9]+", "-", (context.stack.title or context.containers[0].name).lower()).strip("-")
    values = {
        "stores": found, "compose": context.compose_path, "name": slug or "app", "folder": cronjobs.FOLDER,
        "settings": {store.kind: _settings(store) for store in found}, "calendar": calendar(every),
        "images": {store.kind: pins.service(store.kind) for store in found}, "uploader": pins.base("aws-cli"),
    }  # fmt: skip
    made = {
        COMPOSE: ("compose.backup.yaml", "Dumps each database from inside its network, and copies the dumps away."),
        f"{UNITS}/backup.service": ("backup.service", "Runs the backup once."),
        f"{UNITS}/backup.timer": ("backup.timer", "Runs it on time, also after the machine was off."),
        f"{cronjobs.FOLDER}/upload.sh": ("upload.sh", "Copies backups to the bucket, each with its checksum."),
    }
    for path, (template, why) in made.items():
        if path not in context.tree:
            yield DraftFile(path=path, content=render(f"operations/{template}.j2", **values), why=why)


def calendar(every: int) -> str:
    """When, as a timer of systemd has it: the same times as cron's."""
    if every >= _DAY:
        return "*-*-* 02:17:00"
    return f"*:0/{every}" if every < _HOUR else f"0/{every // _HOUR}:07"


def _settings(store: Store) -> dict[str, str]:
    """What the script reads, for the database that our Compose file describes."""
    known = backing.BACKINGS[store.kind]
    password = f"${{{known.variable}:?set it in .env}}"
    if store.kind == "mysql":
        return {"BACKUP_HOST": "mysql", "BACKUP_USER": known.user, "BACKUP_DATABASE": "app", "MYSQL_PWD": password}
    return {store.url: f"{known.scheme}://{known.user}:{password}@{store.kind}:{known.port}{known.suffix}"}
