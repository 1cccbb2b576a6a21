"""Cloud resources of Terraform with a guard switched off by name: copies, encrypted connections, who may do what.

What is left out is no finding here: only a `false` that somebody wrote, and not where the path or a name says that it is
for trying things out.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import TRIAL, as_list, is_terraform, managed, resources, tf
from boringops_tools.red_flags.hcl import Block, Expression

_NEVER = "Disable security features for convenience"
_DATABASES = lazy_pattern(
    r"azurerm_(?:(?:postgresql|mysql)_(?:flexible_)?server|mssql_server|mariadb_server|cosmosdb_account|redis_cache)"
)
_WORK = lazy_pattern(r"kubernetes_(?:deployment|stateful_set|pod|job|cron_job|replication_controller)(?:_v1)?")
_OFF = lazy_pattern(r"(?i)off|0|false|disabled")
# Settings of database servers that demand TLS, by their names.
_DEMANDS_TLS = frozenset({"require_secure_transport", "rds.force_ssl", "ssl"})
# argument: (the value that lets in what is not encrypted, kinds that have it).
_CLEAR: dict[str, tuple[bool, str]] = {
    "allow_insecure_connections": (True, "azurerm_container_app"),
    "non_ssl_port_enabled": (True, "azurerm_redis_cache"),
    "enable_non_ssl_port": (True, "azurerm_redis_cache"),
    "https_traffic_only_enabled": (False, "azurerm_storage_account"),
    "enable_https_traffic_only": (False, "azurerm_storage_account"),
    "ssl_enforcement_enabled": (False, "azurerm_"),
    "https_only": (False, "azurerm_"),
}


def _trial(path: str, block: Block) -> bool:
    names = (block.value(name) for name in ("name", "identifier", "cluster_identifier", "bucket"))
    return bool(TRIAL.search(" ".join([path, *block.labels, *map(str, names)])))


def _copies(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "google_sql_database_instance"):
        if _trial(path, block) or "master_instance_name" in block.attributes:
            continue
        for config in (each for settings in block.inner("settings") for each in settings.inner("backup_configuration")):
            if config.value("enabled") is False:
                yield Hit(config.line_of("enabled"), f"{block.name} is never backed up")


def _clear(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.kind != "resource" or _trial(path, block):
            continue
        kind = block.labels[0]
        settings = [block] if kind.endswith("_configuration") else []
        if kind.endswith(("db_parameter_group", "rds_cluster_parameter_group")):
            settings = list(block.inner("parameter"))
        for each in settings:
            if each.value("name") in _DEMANDS_TLS and _OFF.fullmatch(str(each.value("value"))):
                yield Hit(each.line_of("value"), f"the server takes connections without TLS ({each.value('name')})")
        for inner in block.whole():
            for name, (value, of) in _CLEAR.items():
                if kind.startswith(of) and inner.value(name) is value:
                    said = "true" if value else "false"
                    yield Hit(inner.line_of(name), f"{block.name} takes connections in clear ({name} = {said})")


def _rights(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "azurerm_kubernetes_cluster"):
        if block.value("role_based_access_control_enabled") is False and not _trial(path, block):
            yield Hit(
                block.line_of("role_based_access_control_enabled"), "whoever reaches the cluster may do anything in it"
            )
    for block in managed(text, "aws_eks_cluster"):
        for config in block.inner("vpc_config"):
            everybody = "0.0.0.0/0" in as_list(config.value("public_access_cidrs"))
            if everybody and config.value("endpoint_public_access") is not False and not _trial(path, block):
                yield Hit(
                    config.line_of("public_access_cidrs"),
                    "the cluster's control plane can be reached from the whole internet",
                )
    for block in resources(text):
        if block.kind == "resource" and _WORK.fullmatch(block.labels[0]):
            for inner in block.whole():
                if inner.kind == "security_context" and inner.value("privileged") is True and not _trial(path, block):
                    yield Hit(inner.line_of("privileged"), f"{block.name}: a container is privileged")


def _public(path: str, text: str) -> Iterable[Hit]:
    """Databases of Azure whose public address somebody asked for, and no rule of a firewall narrows."""
    if re.search(r"azurerm_\w+_firewall_rule|ip_range_filter", text):
        return
    for block in resources(text):
        if block.kind != "resource" or not _DATABASES.fullmatch(block.labels[0]) or _trial(path, block):
            continue
        if block.value("public_network_access_enabled") is True:
            yield Hit(block.line_of("public_network_access_enabled"), f"{block.name} has an address on the internet")


def _any_repository(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.labels[0] != "aws_iam_policy_document":
            continue
        for statement in block.inner("statement"):
            if "sts:AssumeRoleWithWebIdentity" not in as_list(statement.value("actions")):
                continue
            if any(each.kind == "dynamic" for each in statement.blocks):
                continue
            conditions = [each.value("variable") for each in statement.inner("condition")]
            principals = [one for each in statement.inner("principals") for one in as_list(each.value("identifiers"))]
            who = " ".join(
                each.text if isinstance(each, Expression) else str(each) for each in [*principals, *conditions]
            )
            known = all(isinstance(each, str) and "$" not in each for each in conditions)
            narrow = re.compile(
                r":(?:sub|job_workflow_ref|repository\w*|project_path|namespace_path|environment|project_id|namespace_id)$"
            )
            if (
                re.search(r"(?i)github|gitlab", who)
                and known
                and not any(narrow.search(str(each)) for each in conditions)
            ):
                yield Hit(statement.line, "any repository of the world may take the role (no condition on `sub`)")


_OIDC = (
    'data "aws_iam_policy_document" "a" {{\n  statement {{\n    actions = ["sts:AssumeRoleWithWebIdentity"]\n    principals {{\n'
    '      type = "Federated"\n      identifiers = [aws_iam_openid_connect_provider.{}.arn]\n    }}\n    condition {{\n      test = "StringEquals"\n'
    '      variable = "{}"\n      values = ["a"]\n    }}\n  }}\n}}\n'
)
_ACTIONS = "token.actions.githubusercontent.com:"
_SQL = (
    '  settings {{\n    availability_type = "REGIONAL"\n    backup_configuration {{\n      enabled = {}\n    }}\n  }}\n'
)
_POD = "  spec {{\n    template {{\n      spec {{\n        container {{\n          security_context {{\n            privileged = {}\n          }}\n        }}\n      }}\n    }}\n  }}"

RED_FLAGS = (
    RedFlag(
        "cloud/no-copies", _NEVER, "warning", "Keep some days of backups of what holds data.",
        applies=is_terraform, check=_copies,
        bad={"a.tf": tf("google_sql_database_instance", _SQL.format("false"))},
        good={
            "a.tf": tf("google_sql_database_instance", _SQL.format("var.backups")),
            "b.tf": tf("google_sql_database_instance", "  master_instance_name = google_sql_database_instance.a.name\n" + _SQL.format("false")),
            "test/c.tf": tf("google_sql_database_instance", _SQL.format("false")),
        },
    ),
    RedFlag(
        "cloud/connections-in-clear", _NEVER, "warning", "Take encrypted connections alone: what goes in clear can be read and changed on its way.",
        applies=is_terraform, check=_clear,
        bad={
            "a.tf": tf("azurerm_postgresql_flexible_server_configuration", '  name = "require_secure_transport"\n  value = "off"'),
            "b.tf": tf("azurerm_container_app", "  ingress {\n    allow_insecure_connections = true\n  }"),
            "c.tf": tf("aws_db_parameter_group", '  parameter {\n    name = "rds.force_ssl"\n    value = "0"\n  }'),
            "d.tf": tf("azurerm_redis_cache", "  non_ssl_port_enabled = true"),
        },
        good={
            "a.tf": tf("azurerm_postgresql_flexible_server_configuration", '  name = "require_secure_transport"\n  value = "on"'),
            "b.tf": tf("azurerm_container_app", "  ingress {\n    allow_insecure_connections = var.insecure\n  }"),
            "c.tf": tf("aws_db_parameter_group", '  parameter {\n    name = "log_connections"\n    value = "0"\n  }'),
        },
    ),
    RedFlag(
        "cloud/open-control-plane", _NEVER, "error", "Name the networks and the people that administer it, and what each may do.",
        applies=is_terraform, check=_rights,
        bad={
            "a.tf": tf("azurerm_kubernetes_cluster", "  role_based_access_control_enabled = false"),
            "b.tf": tf("aws_eks_cluster", '  vpc_config {\n    public_access_cidrs = ["0.0.0.0/0"]\n  }'),
            "c.tf": tf("kubernetes_deployment_v1", _POD.format("true")),
        },
        good={
            "a.tf": tf("azurerm_kubernetes_cluster", "  role_based_access_control_enabled = true"),
            "b.tf": tf("aws_eks_cluster", '  vpc_config {\n    endpoint_public_access = false\n    public_access_cidrs = ["0.0.0.0/0"]\n  }'),
            "c.tf": tf("kubernetes_deployment_v1", _POD.format("false")) + tf("kubernetes_daemon_set_v1", _POD.format("true")),
        },
    ),
    RedFlag(
        "cloud/public-address", _NEVER, "warning", "Keep it in the network: a delegated subnet or a private endpoint.",
        applies=is_terraform, check=_public,
        bad={"a.tf": tf("azurerm_postgresql_flexible_server", "  public_network_access_enabled = true")},
        good={
            "a.tf": tf("azurerm_postgresql_flexible_server", "  public_network_access_enabled = var.public"),
            "b.tf": tf("azurerm_mssql_server", "  public_network_access_enabled = true") + tf("azurerm_mssql_firewall_rule", '  name = "a"'),
        },
    ),
    RedFlag(
        "cloud/any-repository", _NEVER, "error", "Name the repository and its branch or environment in a condition on `sub`.",
        applies=is_terraform, check=_any_repository,
        bad={"a.tf": _OIDC.format("github", _ACTIONS + "aud"), "b.tf": _OIDC.format("this", _ACTIONS + "aud")},
        good={
            "a.tf": _OIDC.format("github", _ACTIONS + "sub"), "b.tf": _OIDC.format("eks", "oidc.eks.example.com:aud"),
            "c.tf": _OIDC.format("github", "${var.issuer}:sub"),
        },
    ),
)  # fmt: skip
