"""Cloud resources, of Terraform and CloudFormation alike, that anybody may take or call, and accounts that may do everything."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import (
    TRIAL,
    as_list,
    cfn,
    is_template,
    is_terraform,
    managed,
    resources,
    statements,
    template,
    tf,
)
from boringops_tools.red_flags.for_each import values
from boringops_tools.red_flags.hcl import Block, Expression
from boringops_tools.yaml_files import line_of

_NEVER = "Disable security features for convenience"
_KEYS = "Commit AWS keys, passwords, or tokens to git"
_GOOGLE_OWNER = lazy_pattern(r"roles/(?:owner|editor)")
_PROGRAM = lazy_pattern(r"serviceAccount|google_service_account\.")
_AZURE_OWNER = frozenset({"Owner", "User Access Administrator"})
_SUBSCRIPTION = lazy_pattern(
    r"(?:/subscriptions/(?:\$\{[^}]*\}|[\w-]+)/?|(?:\$\{)?data\.azurerm_subscription\.[\w-]+\.id\}?)"
)
# Who a program runs as.
_IDENTITY = lazy_pattern(r"azurerm_user_assigned_identity\.|\.identity\[|\.identity\.0|\.kubelet_identity\[")
_ADMIN_PORTS = frozenset({22, 3389, 5432, 3306, 1433, 6379, 27017, 9200})


def _assumed(_: str, text: str) -> Iterable[Hit]:
    """Roles that everybody may take: no condition narrows it."""
    for block in resources(text):
        if block.labels[0] == "aws_iam_policy_document":
            for statement in block.inner("statement"):
                actions = [str(each) for each in as_list(statement.value("actions"))]
                if any(statement.inner("condition")) or statement.value("effect") == "Deny":
                    continue
                for principal in statement.inner("principals"):
                    if "*" in as_list(principal.value("identifiers")) and any(
                        each.startswith("sts:AssumeRole") for each in actions
                    ):
                        yield Hit(principal.line_of("identifiers"), "anybody in any account may take the role")
        elif block.labels[0] == "aws_iam_role":
            stated = statements(block.value("assume_role_policy"))
            for each in (one for one in stated if isinstance(one, Mapping)):
                who = each.get("Principal")
                open_ = who == "*" or (isinstance(who, Mapping) and "*" in as_list(who.get("AWS")))
                if each.get("Effect") == "Allow" and open_ and not each.get("Condition"):
                    yield Hit(block.line_of("assume_role_policy"), "anybody in any account may take the role")


def _owners(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        kind = block.labels[0]
        if re.fullmatch(r"google_(?:project|folder|organization)_iam_(?:member|binding)", kind):
            members = " ".join(_text(each) for each in [block.value("member"), *as_list(block.value("members"))])
            for role, line in values(block, "role", text) if _PROGRAM.search(members) else ():
                if _GOOGLE_OWNER.fullmatch(str(role)):
                    yield Hit(line, f"a service account has {role}")
        elif kind == "azurerm_role_assignment":
            role, scope = block.value("role_definition_name"), _text(block.value("scope"))
            if role in _AZURE_OWNER and _SUBSCRIPTION.fullmatch(scope):
                yield Hit(block.line_of("role_definition_name"), f"{role} of the whole subscription")
            elif role in _AZURE_OWNER and _IDENTITY.search(_text(block.value("principal_id"))):
                yield Hit(block.line_of("role_definition_name"), f"a program's identity is {role} of {scope}")


def _text(value: Any) -> str:
    return value.text if isinstance(value, Expression) else str(value)


def _account_keys(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "google_service_account_key", "aws_iam_access_key", "azuread_application_password"):
        rotated = (
            "rotate_when_changed" in block.attributes or "keepers" in block.attributes or "pgp_key" in block.attributes
        )
        if not rotated:
            yield Hit(
                block.line,
                f"{'.'.join(block.labels)} is a key that never ends, and stands in the state",
                severity="info" if TRIAL.search(path) else None,
            )


def _clusters(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "google_container_cluster"):
        if block.value("enable_legacy_abac") is True:
            yield Hit(
                block.line_of("enable_legacy_abac"), "the cluster's old authorization gives every account all rights"
            )
        for config in block.inner("master_authorized_networks_config"):
            for network in config.inner("cidr_blocks"):
                if network.value("cidr_block") == "0.0.0.0/0":
                    yield Hit(
                        network.line_of("cidr_block"),
                        "the cluster's control plane can be reached from the whole internet",
                    )
    for block in managed(text, "azurerm_kubernetes_cluster"):
        places = [(block, "api_server_authorized_ip_ranges")]
        places += [(each, "authorized_ip_ranges") for each in block.inner("api_server_access_profile")]
        for place, name in places:
            if {"0.0.0.0/0", "::/0"} & set(map(str, as_list(place.value(name)))):
                yield Hit(place.line_of(name), "the cluster's control plane can be reached from the whole internet")
    for block in managed(text, "google_sql_database_instance"):
        for config in (each for settings in block.inner("settings") for each in settings.inner("ip_configuration")):
            if config.value("ssl_mode") == "ALLOW_UNENCRYPTED_AND_ENCRYPTED" or config.value("require_ssl") is False:
                name = "ssl_mode" if "ssl_mode" in config.attributes else "require_ssl"
                yield Hit(config.line_of(name), "the database takes connections without TLS")


def _called(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_lambda_permission") if is_terraform(path) else ():
        if block.value("principal") == "*" and not _narrowed(block):
            yield Hit(block.line_of("principal"), "anybody in any account may call the function")
    narrowing = {"SourceArn", "SourceAccount", "PrincipalOrgID", "FunctionUrlAuthType"}
    for each in template(path, text) if is_template(path) else ():
        everybody = each.kind == "AWS::Lambda::Permission" and each.properties.get("Principal") == "*"
        if everybody and not narrowing & set(each.properties):
            yield Hit(each.line_of("Principal"), f"{each.name}: anybody in any account may call the function")


def _narrowed(block: Block) -> bool:
    return bool({"source_arn", "source_account", "principal_org_id", "function_url_auth_type"} & set(block.attributes))


def _defaults(path: str, text: str) -> Iterable[Hit]:
    """Parameters that are everybody unless somebody sets them, where they open a port that is never meant for all."""
    for each in template(path, text):
        for rule in (
            as_list(each.properties.get("SecurityGroupIngress")) if each.kind == "AWS::EC2::SecurityGroup" else []
        ):
            cidr = rule.get("CidrIp") if isinstance(rule, Mapping) else None
            name = cidr.get("Ref") if isinstance(cidr, Mapping) else getattr(cidr, "value", None)
            ports = (str(rule.get("FromPort")), str(rule.get("ToPort"))) if isinstance(rule, Mapping) else ("", "")
            low, high = (int(one) if one.isdigit() else -1 for one in ports)
            pattern = rf"[\"']?{re.escape(str(name))}[\"']?\s*:(?:(?!\n\S)[^}}]){{0,300}}?[\"']?Default[\"']?\s*:\s*[\"']?0\.0\.0\.0/0"
            if isinstance(name, str) and any(low <= port <= high for port in _ADMIN_PORTS) and re.search(pattern, text):
                yield Hit(
                    line_of(rule, "CidrIp") or each.line,
                    f"{each.name}: port {low} is open to everybody unless `{name}` is set",
                )


_DOC = 'data "aws_iam_policy_document" "a" {{\n  statement {{\n    actions = ["{}"]\n    principals {{\n      type = "AWS"\n      identifiers = [{}]\n    }}\n{}  }}\n}}\n'
_GKE = "  master_authorized_networks_config {{\n    cidr_blocks {{\n      cidr_block = {}\n    }}\n  }}"
_AKS = "  api_server_access_profile {{\n    authorized_ip_ranges = [{}]\n  }}"
_SQL = "  settings {{\n    ip_configuration {{\n      ssl_mode = {}\n    }}\n  }}"
_SSH = '{{"Parameters": {{"Office": {{"Type": "String", "Default": "{}"}}}}, "Resources": {{"G": {{"Type": "AWS::EC2::SecurityGroup", "Properties": {{"SecurityGroupIngress": [{{"FromPort": {}, "ToPort": {}, "CidrIp": {{"Ref": "Office"}}}}]}}}}}}}}'

RED_FLAGS = (
    RedFlag(
        "cloud/anyone-assumes", _NEVER, "error", "Name who may: a service, an account, a federated identity with conditions.",
        applies=is_terraform, check=_assumed,
        bad={"a.tf": _DOC.format("sts:AssumeRole", '"*"', ""), "b.tf": tf("aws_iam_role", '  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "sts:AssumeRole" }] })')},
        good={
            "a.tf": _DOC.format("sts:AssumeRole", "var.account", "") + _DOC.format("s3:GetObject", '"*"', ""),
            "b.tf": _DOC.format("sts:AssumeRole", '"*"', '    condition {\n      test = "StringEquals"\n    }\n'),
            "c.tf": tf("aws_iam_role", '  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" } }] })'),
        },
    ),
    RedFlag(
        "cloud/owner", _NEVER, "warning", "Give the role that the work needs, on what it needs it for.",
        applies=is_terraform, check=_owners,
        bad={
            "a.tf": tf("google_project_iam_member", '  role = "roles/owner"\n  member = "serviceAccount:${google_service_account.a.email}"'),
            "d.tf": tf("google_project_iam_member", '  for_each = toset(["roles/viewer", "roles/editor"])\n  role = each.value\n  member = google_service_account.a.member'),
            "b.tf": tf("azurerm_role_assignment", '  scope = "/subscriptions/${var.s}"\n  role_definition_name = "Owner"'),
            "c.tf": tf("azurerm_role_assignment", '  scope = azurerm_container_registry.a.id\n  role_definition_name = "Owner"\n  principal_id = azurerm_user_assigned_identity.a.principal_id'),
        },
        good={
            "a.tf": tf("google_project_iam_member", '  role = "roles/viewer"\n  member = "serviceAccount:a@b"') + tf("google_project_iam_member", '  role = "roles/owner"\n  member = "group:a@b.example"'),
            "b.tf": tf("azurerm_role_assignment", '  scope = azurerm_resource_group.a.id\n  role_definition_name = "Owner"'),
        },
    ),
    RedFlag(
        "cloud/account-key", _KEYS, "warning", "Use workload identity or a role: no key has to be kept, sent and changed.",
        applies=is_terraform, check=_account_keys,
        bad={"a.tf": tf("google_service_account_key", "  service_account_id = google_service_account.a.name"), "b.tf": tf("aws_iam_access_key", "  user = aws_iam_user.a.name")},
        good={"a.tf": tf("google_service_account", '  account_id = "a"') + tf("google_service_account_key", "  keepers = { at = time_rotating.a.rotation_rfc3339 }"), "b.tf": tf("aws_iam_access_key", "  pgp_key = var.pgp")},
    ),
    RedFlag(
        "cloud/open-cluster", _NEVER, "error", "Name the networks of those who administer it, and have connections encrypted.",
        applies=is_terraform, check=_clusters,
        bad={"a.tf": tf("google_container_cluster", _GKE.format('"0.0.0.0/0"')), "b.tf": tf("google_container_cluster", "  enable_legacy_abac = true"), "c.tf": tf("google_sql_database_instance", _SQL.format('"ALLOW_UNENCRYPTED_AND_ENCRYPTED"')), "d.tf": tf("azurerm_kubernetes_cluster", _AKS.format('"0.0.0.0/0"'))},
        good={"a.tf": tf("google_container_cluster", _GKE.format('"203.0.113.0/24"')), "b.tf": tf("google_container_cluster", "  enable_legacy_abac = false"), "c.tf": tf("google_sql_database_instance", _SQL.format('"ENCRYPTED_ONLY"')), "d.tf": tf("azurerm_kubernetes_cluster", _AKS.format('"203.0.113.0/24", var.office'))},
    ),
    RedFlag(
        "cloud/anyone-calls", _NEVER, "error", "Name the service that calls, and with source_arn what of it.",
        applies=lambda path: is_terraform(path) or is_template(path), check=_called,
        bad={"a.tf": tf("aws_lambda_permission", '  principal = "*"'), "stack.yaml": cfn("AWS::Lambda::Permission", "      Principal: '*'")},
        good={
            "a.tf": tf("aws_lambda_permission", '  principal = "*"\n  function_url_auth_type = "NONE"'),
            "stack.yaml": cfn("AWS::Lambda::Permission", "      Principal: s3.amazonaws.com"),
        },
    ),
    RedFlag(
        "cloud/open-default", _NEVER, "warning", "Give it no default, or a network of yours: whoever forgets it opens the port to everybody.",
        applies=is_template, check=_defaults,
        bad={"stack.json": _SSH.format("0.0.0.0/0", 22, 22)}, good={"stack.json": _SSH.format("203.0.113.0/24", 22, 22), "b.json": _SSH.format("0.0.0.0/0", 443, 443)},
    ),
)  # fmt: skip
