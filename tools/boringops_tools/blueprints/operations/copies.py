"""Managed backups of a cloud's database: what our Terraform has switched on already, and a copy in a second region where one
is named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from boringops_tools.blueprints.cloud import hcl_text, terraform
from boringops_tools.blueprints.context import Context
from boringops_tools.blueprints.model import DraftFile
from boringops_tools.blueprints.render import render

_MEANS = {
    "aws": "RDS' automated backups with point-in-time recovery (any second, but the last five minutes)",
    "google": "Cloud SQL's daily backups with point-in-time recovery",
    "azure": "the flexible server's automated backups, kept in the paired region, too",
}


def managed(context: Context) -> str:
    """What keeps the database's backups, in a sentence with the file that says so; empty where nothing of ours does."""
    cloud, path = terraform.chosen(context), _module(context)
    there = path in context.tree or (context.will_have(path, "deploy") and terraform.has_database(context))
    return f"`{path}` has switched on {_MEANS[cloud]}" if cloud and there else ""


def copied(context: Context) -> str:
    """How the backups get to the second region, in a sentence; empty where they do not."""
    if _path(context) in context.tree or any(files(context)):
        return f"`{_path(context)}` replicates them to {terraform.second_region(context) or 'a second region'}"
    cloud = terraform.chosen(context)
    if managed(context) and cloud == "azure":
        return "the paired region is Azure's to choose"
    if managed(context) and cloud == "google" and (region := terraform.second_region(context)):
        return f"`backup_location` in the environments' values is {region}: an environment that is there already has to be given it"
    return ""


def files(context: Context) -> Iterator[DraftFile]:
    """On AWS, the copy is resources of their own beside the rest; elsewhere it is a value of the database."""
    region = terraform.second_region(context)
    if terraform.chosen(context) != "aws" or not region or not managed(context) or _path(context) in context.tree:
        return
    module = context.tree.text(_module(context))
    if module and not re.search(r'(?m)^output "arn"', module):
        return  # an older module does not say which database it is
    content = hcl_text.aligned(render("terraform/aws/backups.tf.j2", copy_region=region, mark=terraform.MARK))
    yield DraftFile(path=_path(context), content=content, why=f"The database's backups, replicated to {region}.")


def _module(context: Context) -> str:
    return f"{terraform.home(context)}/modules/database/main.tf"


def _path(context: Context) -> str:
    return f"{terraform.home(context)}/backups.tf"
