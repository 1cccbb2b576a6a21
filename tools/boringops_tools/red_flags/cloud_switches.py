"""Protections of cloud resources that are one argument, written down with the value that switches them off.

What is left out is no finding here, and nothing is where the path or a name says that it is for trying things out.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import TRIAL, as_list, cfn, is_template, is_terraform, resources, template, tf
from boringops_tools.red_flags.hcl import Block
from boringops_tools.yaml_files import line_of

_FALSE: tuple[Any, ...] = (False, "false", "False", "FALSE")
_TRUE: tuple[Any, ...] = (True, "true", "True", "TRUE")
_WEB_APPS = (
    "azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_linux_function_app", "azurerm_windows_function_app",
    "azurerm_linux_web_app_slot", "azurerm_windows_web_app_slot",
)  # fmt: skip
# (kind of resource, block in it or "", argument): the values that switch it off, and what that means.
_OFF: dict[tuple[str, str, str], tuple[tuple[Any, ...], str]] = {
    **{
        (kind, "metadata_options", "http_tokens"): (("optional",), "a request that a program forwards can read the machine's credentials (IMDSv1)")
        for kind in ("aws_instance", "aws_launch_template", "aws_launch_configuration")
    },
    ("aws_lb", "access_logs", "enabled"): (_FALSE, "nobody sees later who asked for what: access logs are off"),
    ("aws_ecr_repository", "", "image_tag_mutability"): (("MUTABLE",), "a tag can be pushed again: what was tested is not what runs"),
    ("aws_ecr_repository", "image_scanning_configuration", "scan_on_push"): (_FALSE, "images are not scanned"),
    ("aws_eks_cluster", "", "enabled_cluster_log_types"): ((), "the control plane keeps no audit log"),
    ("aws_dynamodb_table", "point_in_time_recovery", "enabled"): (_FALSE, "the table has no backups to go back to"),
    ("aws_cloudfront_distribution", "default_cache_behavior", "viewer_protocol_policy"): (("allow-all",), "requests are answered in clear"),
    ("aws_cloudfront_distribution", "ordered_cache_behavior", "viewer_protocol_policy"): (("allow-all",), "requests are answered in clear"),
    **{(kind, "site_config", "ftps_state"): (("AllAllowed",), "files and passwords go over FTP in clear") for kind in _WEB_APPS},
    **{(kind, "site_config", "remote_debugging_enabled"): (_TRUE, "whoever has the publishing password can stop and read the program") for kind in _WEB_APPS},
    ("azurerm_container_registry", "", "admin_enabled"): (_TRUE, "one password that everybody shares pushes and pulls every image"),
    ("azurerm_container_registry", "", "anonymous_pull_enabled"): (_TRUE, "everybody may pull every image"),
    ("azurerm_kubernetes_cluster", "", "local_account_disabled"): (_FALSE, "a certificate of the cluster's administrator goes round the directory's roles and its log"),
    ("azurerm_mssql_database", "", "transparent_data_encryption_enabled"): (_FALSE, "the database is not encrypted"),
    **{
        (kind, "", name): (_FALSE, "what is done in the database is not logged")
        for kind in ("azurerm_mssql_server_extended_auditing_policy", "azurerm_mssql_database_extended_auditing_policy")
        for name in ("enabled", "log_monitoring_enabled")
    },
    ("azurerm_linux_virtual_machine", "", "disable_password_authentication"): (_FALSE, "the machine takes passwords over SSH"),
    ("google_artifact_registry_repository", "docker_config", "immutable_tags"): (_FALSE, "a tag can be pushed again: what was tested is not what runs"),
    ("google_container_cluster", "private_cluster_config", "enable_private_nodes"): (_FALSE, "the nodes have addresses on the internet"),
    ("google_container_cluster", "client_certificate_config", "issue_client_certificate"): (_TRUE, "the cluster gives out a certificate that cannot be taken back"),
    ("google_container_cluster", "binary_authorization", "evaluation_mode"): (("DISABLED",), "images that nobody signed may run"),
    ("google_container_node_pool", "management", "auto_repair"): (_FALSE, "broken nodes stay broken"),
    ("google_container_node_pool", "management", "auto_upgrade"): (_FALSE, "nodes get no security fixes"),
    ("google_container_node_pool", "workload_metadata_config", "mode"): (("EXPOSED", "GCE_METADATA"), "every pod can take the node's own credentials"),
    ("google_storage_bucket", "", "uniform_bucket_level_access"): (_FALSE, "every object can have readers of its own"),
    ("google_compute_instance", "metadata", "enable-oslogin"): (_FALSE, "who may log in is not the directory's to say"),
    ("google_compute_instance", "metadata", "serial-port-enable"): ((*_TRUE, "1", 1), "the serial console can be reached from the internet"),
    ("google_compute_instance", "shielded_instance_config", "enable_integrity_monitoring"): (_FALSE, "a changed boot is not noticed"),
}  # fmt: skip
_KINDS = frozenset(kind for kind, _, _ in _OFF)
# The same of CloudFormation: (kind, mapping in its properties or "", key).
_CFN_OFF: dict[tuple[str, str, str], tuple[tuple[Any, ...], str]] = {
    ("AWS::EC2::LaunchTemplate", "MetadataOptions", "HttpTokens"): (("optional",), "a request that a program forwards can read the machine's credentials (IMDSv1)"),
    ("AWS::ECR::Repository", "", "ImageTagMutability"): (("MUTABLE",), "a tag can be pushed again: what was tested is not what runs"),
    ("AWS::ECR::Repository", "ImageScanningConfiguration", "ScanOnPush"): (_FALSE, "images are not scanned"),
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"): (_FALSE, "the table has no backups to go back to"),
    ("AWS::DynamoDB::Table", "", "DeletionProtectionEnabled"): (_FALSE, "it holds data, and its protection is switched off"),
    ("AWS::CloudFront::Distribution", "DefaultCacheBehavior", "ViewerProtocolPolicy"): (("allow-all",), "requests are answered in clear"),
    ("AWS::CloudFront::Distribution", "CacheBehaviors", "ViewerProtocolPolicy"): (("allow-all",), "requests are answered in clear"),
}  # fmt: skip
_NAMES = ("name", "identifier", "cluster_identifier", "bucket")


def _parts(block: Block, kind: str = "") -> Iterator[tuple[str, Block]]:
    """(name, block) of a resource and all blocks in it; that of the resource itself is empty."""
    yield kind, block
    for each in block.blocks:
        name = each.labels[0] if each.kind == "dynamic" and each.labels else each.kind
        yield from _parts(each, kind if name == "content" else name)


def _switched(path: str, text: str) -> Iterable[Hit]:
    if is_terraform(path):
        for block in resources(text):
            if block.kind == "resource" and block.labels[0] in _KINDS and not _trial(path, block):
                yield from _of_block(block)
        return
    for each in template(path, text):
        for (kind, inside, key), (off, means) in _CFN_OFF.items() if not TRIAL.search(f"{path} {each.name}") else ():
            for owner, under in _mappings(each.properties) if each.kind == kind else ():
                if under == inside and key in owner and any(owner[key] is one or owner[key] == one for one in off):
                    yield Hit(line_of(owner, key) or each.line, f"{each.name}: {means} ({key}: {owner[key]})")


def _of_block(block: Block) -> Iterator[Hit]:
    for inside, inner in _parts(block):
        held = [(inside, name, attribute.value, attribute.line) for name, attribute in inner.attributes.items()]
        # `metadata` is a map, not a block
        for name, attribute in inner.attributes.items():
            if isinstance(attribute.value, Mapping):
                held += [(name, str(key), value, attribute.line) for key, value in attribute.value.items()]
        for where, name, value, line in held:
            off, means = _OFF.get((block.labels[0], where, name), (None, ""))
            empty = off == () and value == []
            if off is not None and (empty or any(type(value) is type(one) and value == one for one in off)):
                yield Hit(line, f"{'.'.join(block.labels)}: {means} ({name} = {_shown(value)})")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _trial(path: str, block: Block) -> bool:
    return bool(TRIAL.search(" ".join([path, *block.labels, *(str(block.value(name)) for name in _NAMES)])))


def _mappings(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[Mapping[Any, Any], str]]:
    if isinstance(value, Mapping):
        yield value, key
        for name, inner in value.items() if depth < 8 else ():
            yield from _mappings(inner, str(name), depth + 1)
    for inner in as_list(value) if isinstance(value, list) and depth < 8 else ():
        yield from _mappings(inner, key, depth + 1)


def _both(path: str) -> bool:
    return is_terraform(path) or is_template(path)


RED_FLAGS = (
    RedFlag(
        "cloud/switched-off", "Disable security features for convenience", "warning", "Leave it on: it costs nothing to use, and is missed when it is needed.",
        applies=_both, check=_switched,
        bad={
            "a.tf": tf("aws_instance", '  metadata_options {\n    http_tokens = "optional"\n  }'), "b.tf": tf("aws_eks_cluster", "  enabled_cluster_log_types = []"),
            "c.tf": tf("azurerm_linux_web_app", '  site_config {\n    ftps_state = "AllAllowed"\n  }'), "d.tf": tf("google_compute_instance", '  metadata = {\n    enable-oslogin = "FALSE"\n  }'),
            "stack.yaml": cfn("AWS::ECR::Repository", "      ImageTagMutability: MUTABLE"), "b.yaml": cfn("AWS::DynamoDB::Table", "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}"),
        },
        good={
            "a.tf": tf("aws_instance", '  metadata_options {\n    http_tokens = "required"\n  }'), "b.tf": tf("aws_eks_cluster", "  enabled_cluster_log_types = var.logs"),
            "c.tf": tf("aws_ecr_repository", "  name = var.name"), "dev/d.tf": tf("azurerm_container_registry", "  admin_enabled = true"),
            "stack.yaml": cfn("AWS::ECR::Repository", "      ImageTagMutability: IMMUTABLE"),
        },
    ),
)  # fmt: skip
