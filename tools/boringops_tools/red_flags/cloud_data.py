"""Data in the cloud that is deleted at a word, and what keeps it from being read on the way or on a disk, switched off."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import (
    TRIAL,
    Resource,
    as_list,
    cfn,
    is_off,
    is_template,
    is_terraform,
    managed,
    resources,
    template,
    tf,
)
from boringops_tools.red_flags.hcl import Block
from boringops_tools.yaml_files import line_of

_NEVER = "Disable security features for convenience"
_DATABASES = lazy_pattern(
    r"aws_(?:db_instance|rds_cluster|rds_global_cluster|docdb_cluster|neptune_cluster|dynamodb_table)|google_(?:sql_database_instance|spanner_database|bigtable_instance|alloydb_cluster)"
)
_HOLDS = lazy_pattern(
    rf"{_DATABASES.pattern}|aws_(?:s3_bucket|kms_key|efs_file_system|ebs_volume)|google_storage_bucket|"
    r"google_(?:kms_crypto_key|bigquery_dataset)|azurerm_(?:storage_account|key_vault|mssql_database|postgresql_flexible_server|mysql_flexible_server|cosmosdb_account)"
)
_GUARDS = ("deletion_protection", "deletion_protection_enabled")
_COPY = ("replicate_source_db", "replication_source_identifier", "replica_mode")
_CFN_DATABASES = frozenset(
    {"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"}
)
_CFN_COPY = ("SourceDBInstanceIdentifier", "DBClusterIdentifier", "ReplicationSourceIdentifier")


def _trial(path: str, *words: Any) -> bool:
    return bool(TRIAL.search(" ".join([path, *map(str, words)])))


def _unprotected(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text) if is_terraform(path) else ():
        kind = block.labels[0]
        names = (block.value(each) for each in ("identifier", "cluster_identifier", "name", "bucket"))
        if block.kind != "resource" or not _HOLDS.fullmatch(kind) or _trial(path, *block.labels, *names):
            continue
        guards = _GUARDS if _DATABASES.fullmatch(kind) and not any(each in block.attributes for each in _COPY) else ()
        for each, name in itertools.product([block, *block.inner("settings")], (*guards, "purge_protection_enabled")):
            if each.value(name) is False:
                yield Hit(each.line_of(name), f"{block.name} holds data, and its {name} is switched off")
        for each in block.inner("lifecycle"):
            if each.value("prevent_destroy") is False:
                yield Hit(
                    each.line_of("prevent_destroy"),
                    f"{block.name} holds data, and its prevent_destroy is switched off",
                )
    for block in managed(text, "aws_s3_bucket_versioning") if is_terraform(path) else ():
        for each in block.inner("versioning_configuration"):
            if each.value("status") == "Suspended" and not _trial(path, *block.labels):
                yield Hit(
                    each.line_of("status"),
                    f"{block.name}: what is overwritten or deleted is gone (versioning is suspended)",
                )
    for one in template(path, text) if is_template(path) else ():
        yield from _lost(path, one)
        versions = one.properties.get("VersioningConfiguration") if one.kind == "AWS::S3::Bucket" else None
        if isinstance(versions, Mapping) and versions.get("Status") == "Suspended" and not _trial(path, one.name):
            yield Hit(
                line_of(versions, "Status") or one.line,
                f"{one.name}: what is overwritten or deleted is gone (versioning is suspended)",
            )


def _lost(path: str, each: Resource) -> Iterator[Hit]:
    names = (each.properties.get(name) for name in ("DBInstanceIdentifier", "DBClusterIdentifier", "DBName"))
    copy = any(name in each.properties for name in _CFN_COPY[:1] + _CFN_COPY[2:]) or (
        each.kind == "AWS::RDS::DBInstance" and "DBClusterIdentifier" in each.properties
    )
    if each.kind not in _CFN_DATABASES or copy or _trial(path, each.name, *names):
        return
    if each.body.get("DeletionPolicy") == "Delete":
        yield Hit(
            line_of(each.body, "DeletionPolicy") or each.line,
            f"{each.name} is deleted with the stack, and no snapshot is kept",
        )
    if is_off(each.properties.get("DeletionProtection")):
        yield Hit(
            each.line_of("DeletionProtection"), f"{each.name} holds data, and its DeletionProtection is switched off"
        )


# (block, argument), by the value that leaves what goes over the wire or onto the disk in clear; in CloudFormation's words below.
_TF_OFF: Mapping[tuple[str, str], tuple[object, ...]] = {
    ("encrypt_at_rest", "enabled"): (False,), ("node_to_node_encryption", "enabled"): (False,), ("domain_endpoint_options", "enforce_https"): (False,),
    ("encryption_in_transit", "client_broker"): ("PLAINTEXT", "TLS_PLAINTEXT"), ("encryption_in_transit", "in_cluster"): (False,),
    ("efs_volume_configuration", "transit_encryption"): ("DISABLED",), ("ebs", "encrypted"): (False, "false"),
}  # fmt: skip
_CFN_OFF: Mapping[tuple[str, str], tuple[object, ...]] = {
    ("EncryptionAtRestOptions", "Enabled"): (False, "false"), ("NodeToNodeEncryptionOptions", "Enabled"): (False, "false"),
    ("DomainEndpointOptions", "EnforceHTTPS"): (False, "false"), ("EncryptionInTransit", "ClientBroker"): ("PLAINTEXT", "TLS_PLAINTEXT"),
    ("EncryptionInTransit", "InCluster"): (False, "false"), ("EFSVolumeConfiguration", "TransitEncryption"): ("DISABLED",),
    ("Ebs", "Encrypted"): (False, "false"),
}  # fmt: skip


def _within(block: Block) -> Iterator[Block]:
    for each in block.blocks:
        yield each
        yield from _within(each)


def _in_clear(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_sqs_queue") if is_terraform(path) else ():
        if block.value("sqs_managed_sse_enabled") is False and "kms_master_key_id" not in block.attributes:
            yield Hit(
                block.line_of("sqs_managed_sse_enabled"),
                f"{block.name} is not encrypted (sqs_managed_sse_enabled = false)",
            )
    for block in resources(text) if is_terraform(path) else ():
        for inner in _within(block):
            for (kind, name), values in _TF_OFF.items():
                if inner.kind == kind and inner.value(name) in values and inner.value(name) is not None:
                    yield Hit(
                        inner.line_of(name), f"{block.name} is not encrypted ({kind}: {name} = {inner.value(name)})"
                    )
    for each in template(path, text) if is_template(path) else ():
        if (
            each.kind == "AWS::SQS::Queue"
            and is_off(each.properties.get("SqsManagedSseEnabled"))
            and "KmsMasterKeyId" not in each.properties
        ):
            yield Hit(
                each.line_of("SqsManagedSseEnabled"), f"{each.name} is not encrypted (SqsManagedSseEnabled: false)"
            )
        for owner, key in _mappings(each.properties):
            for (kind, name), values in _CFN_OFF.items():
                if key == kind and owner.get(name) in values and name in owner:
                    yield Hit(
                        line_of(owner, name) or each.line,
                        f"{each.name} is not encrypted ({kind}: {name}: {owner[name]})",
                    )


def _mappings(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[Mapping[Any, Any], str]]:
    """(mapping, the key that it stands under) of everything inside."""
    if isinstance(value, Mapping):
        yield value, key
        for name, inner in value.items() if depth < 12 else ():
            yield from _mappings(inner, str(name), depth + 1)
    for inner in as_list(value) if isinstance(value, list) and depth < 12 else ():
        yield from _mappings(inner, key, depth + 1)


def _both(path: str) -> bool:
    return is_terraform(path) or is_template(path)


_DB = cfn("AWS::RDS::DBInstance", "      StorageEncrypted: true")
_POLICY = _DB.replace("    Properties:", "    DeletionPolicy: %s\n    Properties:")
RED_FLAGS = (
    RedFlag(
        "cloud/unprotected", _NEVER, "warning", "Keep the protection on: it is one word away from being deleted, and its data with it.",
        applies=_both, check=_unprotected,
        bad={
            "a.tf": tf("aws_db_instance", "  storage_encrypted = true\n  deletion_protection = false"), "b.tf": tf("google_sql_database_instance", "  deletion_protection = false"),
            "c.tf": tf("aws_s3_bucket", "  lifecycle {\n    prevent_destroy = false\n  }"), "stack.yaml": _POLICY % "Delete",
            "d.tf": tf("azurerm_key_vault", "  purge_protection_enabled = false"), "e.tf": tf("google_sql_database_instance", "  settings {\n    deletion_protection_enabled = false\n  }"),
            "c.yaml": cfn("AWS::S3::Bucket", "      VersioningConfiguration: {Status: Suspended}"), "b.yaml": cfn("AWS::RDS::DBCluster", "      DeletionProtection: false"),
        },
        good={
            "a.tf": tf("aws_db_instance", "  storage_encrypted = true\n  deletion_protection = var.keep"), "dev/a.tf": tf("aws_db_instance", "  deletion_protection = false"),
            "b.tf": tf("google_container_cluster", "  deletion_protection = false"), "c.tf": tf("aws_db_instance", '  replicate_source_db = "a"\n  deletion_protection = false'),
            "stack.yaml": _POLICY % "Snapshot", "b.yaml": cfn("AWS::RDS::DBInstance", "      DBClusterIdentifier: a").replace("    Properties:", "    DeletionPolicy: Delete\n    Properties:"),
        },
    ),
    RedFlag(
        "cloud/in-clear", _NEVER, "warning", "Switch encryption on, on the disk and on the way.",
        applies=_both, check=_in_clear,
        bad={
            "a.tf": tf("aws_sqs_queue", "  sqs_managed_sse_enabled = false"), "b.tf": tf("aws_opensearch_domain", "  encrypt_at_rest {\n    enabled = false\n  }"),
            "c.tf": tf("aws_msk_cluster", '  encryption_info {\n    encryption_in_transit {\n      client_broker = "PLAINTEXT"\n    }\n  }'),
            "stack.yaml": cfn("AWS::SQS::Queue", "      SqsManagedSseEnabled: false"), "b.yaml": cfn("AWS::EC2::LaunchTemplate", "      LaunchTemplateData: {BlockDeviceMappings: [{Ebs: {Encrypted: false}}]}"),
        },
        good={
            "a.tf": tf("aws_sqs_queue", '  sqs_managed_sse_enabled = false\n  kms_master_key_id = "alias/a"'), "b.tf": tf("aws_opensearch_domain", "  encrypt_at_rest {\n    enabled = true\n  }"),
            "stack.yaml": cfn("AWS::SQS::Queue", "      SqsManagedSseEnabled: true"), "b.yaml": cfn("AWS::SQS::Queue", "      SqsManagedSseEnabled: false\n      KmsMasterKeyId: alias/a"),
        },
    ),
)  # fmt: skip
