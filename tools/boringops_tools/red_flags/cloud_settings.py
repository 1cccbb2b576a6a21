"""Cloud resources, of Terraform and CloudFormation alike, with a protection turned down: old TLS, no backups, no audit log,
keys never rotated, a role that any repository may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import (
    TRIAL,
    as_list,
    cfn,
    is_off,
    is_template,
    managed,
    resources,
    template,
    tf,
)
from boringops_tools.yaml_files import line_of

_NEVER = "Disable security features for convenience"
_OLD_POLICY = lazy_pattern(
    r"ELBSecurityPolicy-(?:201[1-6]-\d\d|FS-2018-06|TLS-1-[01]-\d{4}-\d\d|FS-1-1-\d{4}-\d\d|TLS13-1-[01]-\d{4}-\d\d)"
)
# argument: its values that allow TLS 1.1 and what was before it.
_OLD_TLS = {
    "ssl_policy": _OLD_POLICY,
    "minimum_protocol_version": lazy_pattern(r"SSLv3|TLSv1(?:_2016|\.1_2016)?"),
    "min_tls_version": lazy_pattern(r"TLS1_[01]|TLS_1_[01]"),
    "minimum_tls_version": lazy_pattern(r"(?:TLS)?1[._][01]|Disabled"),
    "security_policy": lazy_pattern(r"TLS_1_0"),
    "tls_security_policy": lazy_pattern(r"Policy-Min-TLS-1-0-\d{4}-\d\d"),
}
_CFN_OLD_TLS = {
    "SslPolicy": _OLD_POLICY, "MinimumProtocolVersion": _OLD_TLS["minimum_protocol_version"],
    "SecurityPolicy": _OLD_TLS["security_policy"], "TLSSecurityPolicy": _OLD_TLS["tls_security_policy"],
}  # fmt: skip
_STORES = lazy_pattern(r"aws_(?:db_instance|rds_cluster|docdb_cluster|neptune_cluster)")
_COPIES = (
    "replicate_source_db",
    "replication_source_identifier",
    "source_db_cluster_identifier",
    "snapshot_identifier",
)
# What is made to be called by anybody: its own rules say whether it should be.
_SERVED = lazy_pattern(
    r"google_(?:cloud_run|cloudfunctions|storage_bucket|storage_object|storage_default|compute_image|endpoints)"
)
_EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})


def _old_tls(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text) if path.endswith((".tf", ".tofu")) else ():
        for inner in block.whole():
            for name, pattern in _OLD_TLS.items():
                value = inner.value(name)
                if isinstance(value, str) and pattern.fullmatch(value):
                    yield Hit(inner.line_of(name), f"{block.name} takes TLS 1.1 and older ({name} = {value})")
    for each in template(path, text) if is_template(path) else ():
        for owner in _mappings(each.properties):
            for name, pattern in _CFN_OLD_TLS.items():
                if pattern.fullmatch(str(owner.get(name, ""))):
                    yield Hit(line_of(owner, name) or each.line, f"{each.name} takes TLS 1.1 and older ({owner[name]})")


def _mappings(value: Any, depth: int = 0) -> Iterator[Mapping[Any, Any]]:
    if isinstance(value, Mapping):
        yield value
    inner: Any = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in inner if depth < 12 else ():
        yield from _mappings(each, depth + 1)


def _in_clear(_: str, text: str) -> Iterable[Hit]:
    """Listeners of balancers on the internet that hand on what they get in clear: a redirect would be all they are for."""
    balancers = list(managed(text, "aws_lb", "aws_alb"))
    if not any(each.value("internal") is False for each in balancers) or any(
        each.value("internal") is not False for each in balancers
    ):
        return
    for block in managed(text, "aws_lb_listener", "aws_alb_listener"):
        if block.value("protocol") == "HTTP" and any(
            action.value("type") == "forward" for action in block.inner("default_action")
        ):
            yield Hit(block.line_of("protocol"), f"{block.name} takes requests from the internet in clear")


def _no_backups(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text) if path.endswith((".tf", ".tofu")) else ():
        name = "backup_retention_period"
        kept = any(each in block.attributes for each in _COPIES) or TRIAL.search(
            " ".join([path, *block.labels, str(block.value("identifier")), str(block.value("cluster_identifier"))])
        )
        if _STORES.fullmatch(block.labels[0]) and block.value(name) == 0 and not kept:
            yield Hit(block.line_of(name), f"{block.name} is never backed up ({name} = 0)")
    for each in template(path, text) if is_template(path) else ():
        period = str(each.properties.get("BackupRetentionPeriod", ""))
        if (
            each.kind == "AWS::RDS::DBInstance"
            and period == "0"
            and "SourceDBInstanceIdentifier" not in each.properties
        ):
            yield Hit(
                each.line_of("BackupRetentionPeriod"), f"{each.name} is never backed up (BackupRetentionPeriod: 0)"
            )


def _no_rotation(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_kms_key") if path.endswith((".tf", ".tofu")) else ():
        symmetric = block.value("customer_master_key_spec") in (None, "SYMMETRIC_DEFAULT")
        if (
            block.value("enable_key_rotation") is False
            and symmetric
            and block.value("key_usage") in (None, "ENCRYPT_DECRYPT")
        ):
            yield Hit(block.line_of("enable_key_rotation"), f"{block.name} is never rotated")
    for each in template(path, text) if is_template(path) else ():
        if (
            each.kind == "AWS::KMS::Key"
            and is_off(each.properties.get("EnableKeyRotation"))
            and "KeySpec" not in each.properties
        ):
            yield Hit(each.line_of("EnableKeyRotation"), f"{each.name} is never rotated")


def _audit_off(path: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_cloudtrail") if path.endswith((".tf", ".tofu")) else ():
        for name in ("enable_logging", "enable_log_file_validation"):
            if block.value(name) is False:
                yield Hit(block.line_of(name), f"{block.name}: {name} is switched off")
    for each in template(path, text) if is_template(path) else ():
        for name in ("IsLogging", "EnableLogFileValidation"):
            if each.kind == "AWS::CloudTrail::Trail" and is_off(each.properties.get(name)):
                yield Hit(each.line_of(name), f"{each.name}: {name} is switched off")


def _anybody(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text) if path.endswith((".tf", ".tofu")) else ():
        kind = block.labels[0]
        if kind == "aws_iam_policy_document":
            for statement in block.inner("statement"):
                web = "sts:AssumeRoleWithWebIdentity" in as_list(statement.value("actions"))
                for each in statement.inner("condition") if web else ():
                    values = as_list(each.value("values"))
                    if str(each.value("variable")).endswith(":sub") and any(
                        value in ("*", "repo:*") for value in values
                    ):
                        yield Hit(each.line_of("values"), "any repository of the world may take the role (sub = *)")
        if "_iam_" in kind and kind.startswith("google_") and not _SERVED.match(kind):
            members = [block.value("member"), *as_list(block.value("members"))]
            if any(member in _EVERYBODY for member in members if isinstance(member, str)):
                yield Hit(block.line_of("member"), f"{block.name} gives everybody {block.value('role')}")


def _privileged(path: str, text: str) -> Iterable[Hit]:
    for each in template(path, text):
        if each.kind != "AWS::ECS::TaskDefinition":
            continue
        for container in as_list(each.properties.get("ContainerDefinitions")):
            if isinstance(container, Mapping) and container.get("Privileged") in (True, "true"):
                yield Hit(line_of(container, "Privileged") or each.line, f"{each.name}: a container is privileged")
            user = str(container.get("User", "")) if isinstance(container, Mapping) else ""
            if user.partition(":")[0] in ("root", "0"):
                said = f"{each.name}: a container is told to run as root"
                yield Hit(
                    line_of(container, "User") or each.line,
                    said,
                    "Name the user that the program needs.",
                    severity="warning",
                )


def _hcl(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def _both(path: str) -> bool:
    return _hcl(path) or is_template(path)


_CONDITION = (
    'data "aws_iam_policy_document" "a" {{\n  statement {{\n    actions = ["sts:AssumeRoleWithWebIdentity"]\n    condition {{\n'
    '      test = "StringLike"\n      variable = "token.actions.githubusercontent.com:sub"\n      values = {}\n    }}\n  }}\n}}\n'
)
_LISTENER = tf("aws_lb", "  internal = {}").replace("{\n", "{{\n", 1).replace("\n}", "\n}}")
_FORWARD = tf("aws_lb_listener", '  protocol = "HTTP"\n  default_action {\n    type = "%s"\n  }')
RED_FLAGS = (
    RedFlag(
        "cloud/old-tls", _NEVER, "warning", "Ask for TLS 1.2 at least: RFC 8996 forbids 1.0 and 1.1.",
        applies=_both, check=_old_tls,
        bad={
            "a.tf": tf("aws_lb_listener", '  ssl_policy = "ELBSecurityPolicy-TLS-1-0-2015-04"'),
            "b.tf": tf("azurerm_storage_account", '  min_tls_version = "TLS1_0"'),
            "c.tf": tf("aws_cloudfront_distribution", '  viewer_certificate {\n    minimum_protocol_version = "TLSv1"\n  }'),
            "stack.yaml": cfn("AWS::ElasticLoadBalancingV2::Listener", "      SslPolicy: ELBSecurityPolicy-2015-05"),
        },
        good={
            "a.tf": tf("aws_lb_listener", '  ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"'),
            "b.tf": tf("azurerm_linux_web_app", '  site_config {\n    minimum_tls_version = "1.2"\n  }'),
            "stack.yaml": cfn("AWS::CloudFront::Distribution", "      ViewerCertificate: {MinimumProtocolVersion: TLSv1.2_2021}"),
        },
    ),
    RedFlag(
        "cloud/listener-in-clear", _NEVER, "warning", "Serve HTTPS, and let port 80 redirect to it.",
        applies=_hcl, check=_in_clear,
        bad={"a.tf": _LISTENER.format("false") + _FORWARD % "forward"},
        good={
            "a.tf": _LISTENER.format("false") + _FORWARD % "redirect", "b.tf": _LISTENER.format("true") + _FORWARD % "forward",
            "c.tf": _LISTENER.format("var.internal") + _FORWARD % "forward",
        },
    ),
    RedFlag(
        "cloud/no-backups", _NEVER, "warning", "Keep some days of backups of what holds data.",
        applies=_both, check=_no_backups,
        bad={
            "a.tf": tf("aws_db_instance", "  storage_encrypted = true\n  backup_retention_period = 0"),
            "stack.yaml": cfn("AWS::RDS::DBInstance", "      BackupRetentionPeriod: 0"),
        },
        good={
            "a.tf": tf("aws_db_instance", "  storage_encrypted = true\n  backup_retention_period = 7"),
            "dev/a.tf": tf("aws_db_instance", "  storage_encrypted = true\n  backup_retention_period = 0"),
            "b.tf": tf("aws_db_instance", "  replicate_source_db = aws_db_instance.a.arn\n  backup_retention_period = 0"),
        },
    ),
    RedFlag(
        "cloud/no-key-rotation", _NEVER, "warning", "Let KMS rotate the key every year: what uses it does not notice.",
        applies=_both, check=_no_rotation,
        bad={
            "a.tf": tf("aws_kms_key", "  enable_key_rotation = false"),
            "stack.yaml": cfn("AWS::KMS::Key", "      EnableKeyRotation: false"),
        },
        good={
            "a.tf": tf("aws_kms_key", "  enable_key_rotation = true"), "b.tf": tf("aws_kms_key", '  description = "a"'),
            "c.tf": tf("aws_kms_key", '  customer_master_key_spec = "RSA_2048"\n  enable_key_rotation = false'),
        },
    ),
    RedFlag(
        "cloud/audit-log-off", "Enable CloudTrail/audit logging", "error", "Leave the trail on, with validation of its files.",
        applies=_both, check=_audit_off,
        bad={
            "a.tf": tf("aws_cloudtrail", "  enable_logging = false"),
            "stack.yaml": cfn("AWS::CloudTrail::Trail", "      IsLogging: false"),
        },
        good={
            "a.tf": tf("aws_cloudtrail", "  enable_log_file_validation = true"),
            "stack.yaml": cfn("AWS::CloudTrail::Trail", "      IsLogging: true"),
        },
    ),
    RedFlag(
        "cloud/anybody", _NEVER, "error", "Name who may: a service account, or a repository and its branch.",
        applies=_hcl, check=_anybody,
        bad={
            "a.tf": _CONDITION.format('["*"]'),
            "b.tf": tf("google_secret_manager_secret_iam_member", '  role = "roles/secretmanager.secretAccessor"\n  member = "allUsers"'),
        },
        good={
            "a.tf": _CONDITION.format('["repo:acme/shop:*"]'),
            "b.tf": tf("google_cloud_run_v2_service_iam_member", '  role = "roles/run.invoker"\n  member = "allUsers"'),
            "c.tf": tf("google_project_iam_member", '  member = "user:a@example.com"'),
        },
    ),
    RedFlag(
        "cloud/privileged-task", _NEVER, "error", "Grant the one capability that is needed instead.",
        applies=is_template, check=_privileged,
        bad={
            "stack.yaml": cfn("AWS::ECS::TaskDefinition", "      ContainerDefinitions: [{Name: a, Privileged: true}]"),
            "b.yaml": cfn("AWS::ECS::TaskDefinition", "      ContainerDefinitions: [{Name: a, User: 'root'}]"),
        },
        good={"stack.yaml": cfn("AWS::ECS::TaskDefinition", "      ContainerDefinitions: [{Name: a, Privileged: false}]")},
    ),
)  # fmt: skip
