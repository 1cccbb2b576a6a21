"""Cloud resources, of Terraform and CloudFormation alike, that are open, unencrypted, or may do everything.

Only what is written down as a value counts: what a variable decides is decided elsewhere.
"""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.for_each import values
from boringops_tools.red_flags.hcl import Block, Expression, decoded, read
from boringops_tools.red_flags.secrets import lines_told
from boringops_tools.yaml_files import Unreadable, documents, is_compose, is_workflow, is_yaml, line_of

_NEVER = "Disable security features for convenience"
_ANYWHERE = frozenset({"0.0.0.0/0", "::/0", "*", "Internet", "Any", "any", "0.0.0.0/1", "128.0.0.0/1"})
# What is never meant for everybody, by port.
_INNER = {
    22: "SSH", 3389: "RDP", 5985: "WinRM", 2375: "Docker", 6443: "the Kubernetes API", 2379: "etcd",
    5432: "PostgreSQL", 3306: "MySQL", 1433: "SQL Server", 1521: "Oracle", 27017: "MongoDB", 6379: "Redis",
    11211: "memcached", 9200: "Elasticsearch", 9042: "Cassandra", 5439: "Redshift",
}  # fmt: skip
TRIAL = lazy_pattern(
    r"(?i)(?:^|[^a-z])(?:dev|develop|development|test|tests|testing|stage|staging|qa|sandbox|examples?|demo|preview|tmp|ephemeral)(?:$|[^a-z])"
)


def is_terraform(path: str) -> bool:
    return path.endswith((".tf", ".tofu"))


def is_template(path: str) -> bool:
    """What may be a CloudFormation template; its content decides."""
    return path.endswith((".json", ".template")) or (is_yaml(path) and not is_workflow(path) and not is_compose(path))


def _applies(path: str) -> bool:
    return is_terraform(path) or is_template(path)


# --- reading ----------------------------------------------------------------------------------------------------------


def resources(text: str) -> Iterator[Block]:
    yield from (block for block in read(text) if block.kind in ("resource", "data") and len(block.labels) == 2)


def managed(text: str, *kinds: str) -> Iterator[Block]:
    yield from (block for block in resources(text) if block.kind == "resource" and block.labels[0] in kinds)


@dataclass(frozen=True)
class Resource:
    """One resource of a CloudFormation template."""

    name: str
    kind: str
    properties: Mapping[Any, Any]
    line: int | None
    body: Mapping[Any, Any]

    def line_of(self, key: str) -> int | None:
        return line_of(self.properties, key) or self.line


@functools.lru_cache(maxsize=32)
def template(path: str, text: str) -> tuple[Resource, ...]:
    if "AWS::" not in text:
        return ()
    if path.endswith(".json") or text.lstrip().startswith("{"):
        try:
            content: Any = json.loads(text)
        except (ValueError, RecursionError):
            return ()
        found = (content,)
    else:
        try:
            found = documents(text)
        except Unreadable:
            return ()  # what kind of file it is, is not known: it may be a template of something else
    resources = []
    for document in found:
        entries = document.get("Resources") if isinstance(document, Mapping) else None
        for name, body in entries.items() if isinstance(entries, Mapping) else ():
            if isinstance(body, Mapping) and str(body.get("Type", "")).startswith("AWS::"):
                properties = body.get("Properties")
                line = line_of(entries, name) or _line_in_json(text, str(name))
                resources.append(
                    Resource(
                        str(name), str(body["Type"]), properties if isinstance(properties, Mapping) else {}, line, body
                    )
                )
    return tuple(resources)


def _line_in_json(text: str, name: str) -> int | None:
    at = text.find(f'"{name}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else None


def _two(
    terraform: Callable[[str, str], Iterable[Hit]], cloudformation: Callable[[Iterable[Resource]], Iterable[Hit]]
) -> Callable[[str, str], Iterable[Hit]]:
    def check(path: str, text: str) -> Iterable[Hit]:
        return terraform(path, text) if is_terraform(path) else cloudformation(template(path, text))

    return check


# --- open to everybody ------------------------------------------------------------------------------------------------


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _number(value: Any) -> int | None:
    return (
        int(value)
        if isinstance(value, int | str) and not isinstance(value, bool) and str(value).lstrip("-").isdigit()
        else None
    )


def _open_ports(sources: Iterable[Any], low: Any, high: Any, protocol: Any) -> str:
    """What is open to everybody and should not be; empty where nothing is, or where it is not known."""
    source = next((str(each) for each in sources if isinstance(each, str) and each in _ANYWHERE), "")
    if not source or str(protocol).lower() in ("icmp", "icmpv6", "1", "58"):
        return ""
    first, last = _number(low), _number(high)
    if str(protocol).lower() in ("-1", "all") or (first, last) == (-1, -1) or (first == 0 and last in (0, 65535)):
        return f"every port is open to {source}"
    if first is None or last is None:
        return ""
    inner = [name for port, name in _INNER.items() if first <= port <= last]
    return f"{', '.join(inner[:3])} is open to {source}" if inner else ""


def _ports(value: Any) -> tuple[Any, Any]:
    """The two ends of `22`, `"22"` or `"20-25"`; `*` is every port."""
    low, _, high = str(value).partition("-")
    return (0, 65535) if value == "*" else (low, high or low)


def _tf_ingress(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_security_group", "aws_default_security_group"):
        for rule in block.inner("ingress"):
            yield from _rule(rule, ("cidr_blocks", "ipv6_cidr_blocks"))
    for block in managed(text, "aws_security_group_rule"):
        if block.value("type") == "ingress":
            yield from _rule(block, ("cidr_blocks", "ipv6_cidr_blocks"))
    for block in managed(text, "aws_vpc_security_group_ingress_rule"):
        yield from _rule(block, ("cidr_ipv4", "cidr_ipv6"), "ip_protocol")
    for block in managed(text, "google_compute_firewall"):
        if block.value("direction") in (None, "INGRESS"):
            for allow in block.inner("allow"):
                ports = as_list(allow.value("ports")) or ["*"]
                protocol = allow.value("protocol")
                message = next(
                    (
                        m
                        for port in ports
                        if (m := _open_ports(as_list(block.value("source_ranges")), *_ports(port), protocol))
                    ),
                    "",
                )
                if message:
                    yield Hit(block.line_of("source_ranges"), message)
    for block in managed(text, "azurerm_network_security_rule", "azurerm_network_security_group"):
        for rule in [block, *block.inner("security_rule")]:
            if rule.value("direction") == "Inbound" and rule.value("access") == "Allow":
                ports = [rule.value("destination_port_range"), *as_list(rule.value("destination_port_ranges"))]
                sources = [rule.value("source_address_prefix"), *as_list(rule.value("source_address_prefixes"))]
                for port in ports:
                    if port is not None and (message := _open_ports(sources, *_ports(port), rule.value("protocol"))):
                        yield Hit(rule.line_of("source_address_prefix"), message)


def _rule(rule: Block, sources: tuple[str, ...], protocol: str = "protocol") -> Iterable[Hit]:
    for name in sources:
        message = _open_ports(
            as_list(rule.value(name)), rule.value("from_port"), rule.value("to_port"), rule.value(protocol)
        )
        if message:
            yield Hit(rule.line_of(name), message)


def _cfn_ingress(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        rules: list[Any] = []
        if each.kind == "AWS::EC2::SecurityGroup":
            rules = as_list(each.properties.get("SecurityGroupIngress"))
        elif each.kind == "AWS::EC2::SecurityGroupIngress":
            rules = [each.properties]
        for rule in rules:
            if isinstance(rule, Mapping):
                for key in ("CidrIp", "CidrIpv6"):
                    message = _open_ports(
                        [str(rule[key])] if key in rule else [],
                        rule.get("FromPort"),
                        rule.get("ToPort"),
                        rule.get("IpProtocol"),
                    )
                    if message:
                        yield Hit(line_of(rule, key) or each.line, f"{each.name}: {message}")


_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def _tf_public(_: str, text: str) -> Iterable[Hit]:
    for block in managed(text, "aws_s3_bucket", "aws_s3_bucket_acl"):
        if str(block.value("acl")).startswith("public-read"):
            yield Hit(block.line_of("acl"), f"everybody may read the bucket (acl {block.value('acl')})")
    for block in managed(text, "aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"):
        for name in _BLOCKS:
            if block.value(name) is False:
                yield Hit(block.line_of(name), f"{name} is switched off")
    for block in resources(text):
        if block.labels[0].startswith("google_storage_bucket_iam_"):
            members = [block.value("member"), *as_list(block.value("members"))]
            if any(member in ("allUsers", "allAuthenticatedUsers") for member in members):
                yield Hit(block.line_of("member"), "everybody may use the bucket (allUsers)")
        if block.labels[0] == "azurerm_storage_account" and block.value("allow_nested_items_to_be_public") is True:
            yield Hit(block.line_of("allow_nested_items_to_be_public"), "what the account stores may be public")
        if block.labels[0] == "azurerm_storage_container" and block.value("container_access_type") in (
            "blob",
            "container",
        ):
            yield Hit(block.line_of("container_access_type"), "everybody may read the container")
        control = re.fullmatch(r"google_storage_(?:default_)?(?:bucket|object)_access_control", block.labels[0])
        if control and block.value("entity") in ("allUsers", "allAuthenticatedUsers"):
            yield Hit(block.line_of("entity"), "everybody may use the bucket (allUsers)")


def _cfn_public(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        if each.kind == "AWS::S3::Bucket":
            if str(each.properties.get("AccessControl", "")).startswith("PublicRead"):
                yield Hit(each.line_of("AccessControl"), f"everybody may read {each.name}")
            block = each.properties.get("PublicAccessBlockConfiguration")
            for name, value in block.items() if isinstance(block, Mapping) else ():
                if is_off(value):
                    yield Hit(line_of(block, name) or each.line, f"{each.name}: {name} is switched off")


def is_off(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _on(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _tf_database(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.kind == "resource" and block.value("publicly_accessible") is True:
            yield Hit(
                block.line_of("publicly_accessible"), f"{'.'.join(block.labels)} can be reached from the internet"
            )
    for block in managed(text, "google_sql_database_instance"):
        for settings in block.inner("settings"):
            for ip in settings.inner("ip_configuration"):
                for network in ip.inner("authorized_networks"):
                    if network.value("value") == "0.0.0.0/0":
                        yield Hit(network.line_of("value"), "the database can be reached from the internet")


def _cfn_database(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        if _on(each.properties.get("PubliclyAccessible")):
            yield Hit(each.line_of("PubliclyAccessible"), f"{each.name} can be reached from the internet")


# --- not encrypted, not kept --------------------------------------------------------------------------------------------

_SEALS = ("storage_encrypted", "encrypted", "at_rest_encryption_enabled", "transit_encryption_enabled", "kms_encrypted",
          "encryption_in_transit_enabled", "https_only", "enable_https_traffic_only", "https_traffic_only_enabled")  # fmt: skip
_STORED = ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")
# With these the source decides; serverless engines are always encrypted.
_INHERITS = ("snapshot_identifier", "replicate_source_db", "source_db_cluster_identifier", "restore_to_point_in_time",
             "global_cluster_identifier", "replication_source_identifier", "engine_mode")  # fmt: skip


def _tf_unencrypted(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.kind != "resource":
            continue
        for each in (block, *block.blocks):
            for name in _SEALS:
                if each.value(name) is False:
                    yield Hit(each.line_of(name), f"{'.'.join(block.labels)} is not encrypted ({name} = false)")
        said = "storage_encrypted" in block.attributes or any(name in block.attributes for name in _INHERITS)
        if block.labels[0] in _STORED and not said and not any(inner.kind in _INHERITS for inner in block.blocks):
            yield Hit(block.line, f"{'.'.join(block.labels)} is not encrypted: storage_encrypted is false unless set")


_CFN_SEALS = ("StorageEncrypted", "Encrypted", "AtRestEncryptionEnabled", "TransitEncryptionEnabled")


def _cfn_unencrypted(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        for name in _CFN_SEALS:
            if is_off(each.properties.get(name)):
                yield Hit(each.line_of(name), f"{each.name} is not encrypted ({name}: false)")


def _no_snapshot(path: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        names = " ".join(
            [path, *block.labels, *(str(block.value(key)) for key in ("identifier", "cluster_identifier", "name"))]
        )
        if block.value("skip_final_snapshot") is True and not TRIAL.search(names):
            yield Hit(
                block.line_of("skip_final_snapshot"), f"{'.'.join(block.labels)} is deleted without a last snapshot"
            )
        if (
            block.labels[0].startswith("aws_")
            and block.value("force_destroy") is True
            and "s3" in block.labels[0]
            and not TRIAL.search(names)
        ):
            yield Hit(
                block.line_of("force_destroy"),
                f"{'.'.join(block.labels)} is deleted with all that is in it",
                severity="info",
            )


# --- rights -----------------------------------------------------------------------------------------------------------


_WIDE = {
    "AdministratorAccess": "everything on everything",
    "IAMFullAccess": "to give itself every right",
}
_WIDE_ARN = lazy_pattern(rf":policy/({'|'.join(_WIDE)})$")
_WIDE_NAME = lazy_pattern(r"(?:arn:[^/]*:policy/)?(AdministratorAccess|IAMFullAccess)")
"""Policies of AWS that no program needs, by name as SAM takes them or by ARN."""


def _everything(statement: Any) -> bool:
    """Whether a statement allows every action on everything."""
    if not isinstance(statement, Mapping) or statement.get("Effect", "Allow") != "Allow" or "Condition" in statement:
        return False
    return "*" in as_list(statement.get("Action")) and "*" in as_list(statement.get("Resource"))


def statements(document: Any) -> list[Any]:
    """What a policy of IAM states, whichever way its JSON is written; nothing where that is not known here."""
    if not isinstance(document, Mapping):
        document = decoded(document)
    return as_list(document.get("Statement")) if isinstance(document, Mapping) else []


def _tf_admin(_: str, text: str) -> Iterable[Hit]:
    for block in resources(text):
        if block.labels[0] == "aws_iam_policy_document":
            for statement in block.inner("statement"):
                allow = statement.value("effect") in (None, "Allow") and not any(statement.inner("condition"))
                if (
                    allow
                    and "*" in as_list(statement.value("actions"))
                    and "*" in as_list(statement.value("resources"))
                ):
                    yield Hit(statement.line, "the policy allows everything on everything")
        for name in ("policy", "inline_policy"):
            if any(_everything(each) for each in statements(block.value(name))):
                yield Hit(block.line_of(name), "the policy allows everything on everything")
        for name in ("policy_arn", "policy_arns", "managed_policy_arns"):
            for value, line in values(block, name, text):
                written = (each.text if isinstance(each, Expression) else str(each) for each in as_list(value))
                if found := next((one for each in written if (one := _WIDE_ARN.search(each))), None):
                    yield Hit(line, f"{found[1]} allows {_WIDE[found[1]]}", severity="warning")
                    break
        if re.match(r"google_(?:project|organization|folder)_iam_", block.labels[0]):
            for value, line in values(block, "role", text):
                if value in ("roles/owner", "roles/editor"):
                    yield Hit(line, f"{value} allows almost everything", severity="warning")


def _cfn_admin(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        # the functions and state machines of SAM have their role's policies beside them
        serverless = each.kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
        if not each.kind.startswith("AWS::IAM::") and not serverless:
            continue
        policies = as_list(each.properties.get("Policies"))
        inner = [policy.get("PolicyDocument", policy) for policy in policies if isinstance(policy, Mapping)]
        for document in (each.properties.get("PolicyDocument"), *inner):
            for statement in statements(document):
                if _everything(statement):
                    yield Hit(line_of(statement, "Action") or each.line, f"{each.name} allows everything on everything")
        arns = (_WIDE_ARN.search(_written(arn)) for arn in as_list(each.properties.get("ManagedPolicyArns")))
        for arn in (one for one in arns if one):
            yield Hit(each.line_of("ManagedPolicyArns"), f"{each.name} has {arn[1]}", severity="warning")
        wide = (_WIDE_NAME.fullmatch(_written(one)) for one in policies if serverless)
        for found in (one for one in wide if one):
            yield Hit(each.line_of("Policies"), f"{each.name}, a program, has {found[1]}", severity="warning")


def _written(value: Any) -> str:
    """An ARN as it is written, that which `Sub` fills in included."""
    if isinstance(value, Mapping) and set(value) == {"Fn::Sub"}:
        value = value["Fn::Sub"]
    return value if isinstance(value, str) else str(getattr(value, "value", ""))


_CREDENTIALS = (
    "access_key",
    "secret_key",
    "token",
    "password",
    "client_secret",
    "api_key",
    "api_token",
    "credentials",
    "private_key",
)
_MADE_UP = lazy_pattern(
    r"(?i)^$|^(?:test|mock|fake|dummy|foo|bar|local|minio|localstack|x+|anything|example)|\.json$|^[~./]|[<>]|change"
)


def _provider_credentials(path: str, text: str) -> Iterable[Hit]:
    providers = [each for each in read(text) if each.kind == "provider" and not any(each.inner("endpoints"))]
    told = lines_told(path, text) if providers else frozenset()
    for block in providers:
        for name in _CREDENTIALS:
            value = block.value(name)
            if isinstance(value, str) and not _MADE_UP.search(value) and block.line_of(name) not in told:
                yield Hit(
                    block.line_of(name), f"{name} of the provider {' '.join(block.labels)} is written into the file"
                )


# --- always -----------------------------------------------------------------------------------------------------------

_TAGGED = frozenset(
    """aws_vpc aws_subnet aws_instance aws_s3_bucket aws_db_instance aws_rds_cluster aws_lb aws_ecs_cluster aws_ecs_service
    aws_eks_cluster aws_lambda_function aws_security_group aws_kms_key aws_ecr_repository aws_dynamodb_table aws_sqs_queue
    aws_sns_topic aws_elasticache_replication_group aws_efs_file_system aws_nat_gateway aws_cloudfront_distribution""".split()  # noqa: SIM905
)
_CFN_TAGGED = frozenset(
    """AWS::EC2::VPC AWS::EC2::Subnet AWS::EC2::Instance AWS::S3::Bucket AWS::RDS::DBInstance AWS::RDS::DBCluster AWS::ECS::Cluster
    AWS::Lambda::Function AWS::EC2::SecurityGroup AWS::KMS::Key AWS::ECR::Repository AWS::DynamoDB::Table AWS::SQS::Queue
    AWS::ElasticLoadBalancingV2::LoadBalancer""".split()  # noqa: SIM905
)  # fmt: skip
_ACCOUNT = lazy_pattern(
    r"aws_(?:iam_account_password_policy|iam_account_alias|organizations_organization|s3_account_public_access_block)"
)
_AUDIT = (
    "aws_cloudtrail",
    "aws_organizations_policy",
    "aws_controltower_landing_zone",
    "aws_cloudtrail_event_data_store",
)


def _tf_untagged(_: str, text: str) -> Iterable[Hit]:
    providers = [block for block in read(text) if block.kind == "provider" and block.labels == ("aws",)]
    if not providers or any(any(block.inner("default_tags")) for block in providers):
        return  # tags may come from a provider in another file
    for block in managed(text, *_TAGGED):
        if "tags" not in block.attributes:
            yield Hit(block.line, f"{'.'.join(block.labels)} has no tags, and the provider gives none")


def _cfn_untagged(resources: Iterable[Resource]) -> Iterable[Hit]:
    for each in resources:
        if each.kind in _CFN_TAGGED and "Tags" not in each.properties:
            yield Hit(
                each.line, f"{each.name} has no tags (those of the stack reach it only where somebody gives them)"
            )


def _no_audit(_: str, text: str) -> Iterable[Hit]:
    kinds = {block.labels[0]: block for block in resources(text) if block.kind == "resource"}
    account = next((block for kind, block in kinds.items() if _ACCOUNT.fullmatch(kind)), None)
    if account is not None and not any(kind in kinds for kind in _AUDIT):
        yield Hit(account.line, "the account is set up here, and nothing in this file records who does what in it")


def tf(kind: str, body: str) -> str:
    return f'resource "{kind}" "main" {{\n{body}\n}}\n'


def cfn(kind: str, properties: str) -> str:
    return f"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Main:\n    Type: {kind}\n    Properties:\n{properties}\n"


_INGRESS = '  ingress {{\n    from_port = {}\n    to_port = {}\n    protocol = "tcp"\n    cidr_blocks = {}\n  }}'
_ALLOW = '{ Effect = "Allow", Action = %s, Resource = "*" }'
_POLICY = '  policy = jsonencode({ Version = "2012-10-17", Statement = [%s] })'
_CFN_INGRESS = "      SecurityGroupIngress:\n        - {IpProtocol: tcp, FromPort: %s, ToPort: %s, CidrIp: 0.0.0.0/0}"
_CFN_POLICY = "      PolicyDocument:\n        Statement:\n          - {Effect: Allow, Action: '%s', Resource: '*'}"
_DB = '  engine = "postgres"\n  storage_encrypted = true\n'
RED_FLAGS = (
    RedFlag(
        "cloud/open-port", _NEVER, "error", "Name the networks that need it, or go through a bastion, a VPN or Session Manager.",
        applies=_applies, check=_two(_tf_ingress, _cfn_ingress),
        bad={
            "a.tf": tf("aws_security_group", _INGRESS.format(22, 22, '["10.0.0.0/8", "0.0.0.0/0"]')),
            "b.tf": tf("aws_vpc_security_group_ingress_rule", '  ip_protocol = "-1"\n  cidr_ipv6 = "::/0"'),
            "c.tf": tf("google_compute_firewall", '  source_ranges = ["0.0.0.0/0"]\n  allow {\n'
                '    protocol = "tcp"\n    ports = ["80", "5000-6000"]\n  }'),
            "d.tf": tf("azurerm_network_security_rule", '  direction = "Inbound"\n  access = "Allow"\n'
                '  destination_port_range = "3389"\n  source_address_prefix = "*"'),
            "e.tf": tf("aws_security_group_rule", '  type = "ingress"\n  from_port = 5432\n  to_port = 5432\n'
                '  protocol = "tcp"\n  cidr_blocks = ["0.0.0.0/0"]'),
            "stack.yaml": cfn("AWS::EC2::SecurityGroup", _CFN_INGRESS % (22, 22)),
        },
        good={
            "a.tf": tf("aws_security_group", _INGRESS.format(443, 443, '["0.0.0.0/0"]') + "\n" + _INGRESS.format(22, 22, "[var.office]")
                        + '\n  egress {\n    from_port = 0\n    to_port = 0\n    protocol = "-1"\n    cidr_blocks = ["0.0.0.0/0"]\n  }'),
            "b.tf": "# " + tf("aws_security_group", _INGRESS.format(22, 22, '["0.0.0.0/0"]')).replace("\n", "\n# "),
            "stack.yaml": cfn("AWS::EC2::SecurityGroup", _CFN_INGRESS % (443, 443)),
            "k8s.yaml": "a: 0.0.0.0/0\nport: 22\n",
        },
    ),
    RedFlag(
        "cloud/public-storage", _NEVER, "warning", "Keep the bucket closed, and serve what is public through a CDN.",
        applies=_applies, check=_two(_tf_public, _cfn_public),
        bad={
            "a.tf": tf("aws_s3_bucket_acl", '  acl = "public-read"'),
            "b.tf": tf("aws_s3_bucket_public_access_block", "  block_public_acls = true\n  block_public_policy = false"),
            "c.tf": tf("google_storage_bucket_iam_member", '  role = "roles/storage.objectViewer"\n  member = "allUsers"'),
            "stack.json": json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}}}),
        },
        good={
            "a.tf": tf("aws_s3_bucket_acl", '  acl = "private"'),
            "b.tf": tf("aws_s3_bucket_public_access_block", "  block_public_policy = true"),
            "stack.yaml": cfn("AWS::S3::Bucket", "      AccessControl: Private"),
            "package.json": '{"AccessControl": "PublicRead"}',
        },
    ),
    RedFlag(
        "cloud/public-database", _NEVER, "error", "Keep it in private subnets.",
        applies=_applies, check=_two(_tf_database, _cfn_database),
        bad={
            "a.tf": tf("aws_db_instance", _DB + "  publicly_accessible = true"),
            "stack.yaml": cfn("AWS::RDS::DBInstance", "      PubliclyAccessible: true"),
        },
        good={
            "a.tf": tf("aws_db_instance", _DB + "  publicly_accessible = var.public"),
            "stack.yaml": cfn("AWS::RDS::DBInstance", "      PubliclyAccessible: !Ref Public"),
        },
    ),
    RedFlag(
        "cloud/unencrypted", _NEVER, "warning", "Switch encryption on; most services cannot do it later without moving the data.",
        applies=_applies, check=_two(_tf_unencrypted, _cfn_unencrypted),
        bad={
            "a.tf": tf("aws_ebs_volume", "  encrypted = false"),
            "b.tf": tf("aws_db_instance", '  engine = "mysql"'),
            "stack.yaml": cfn("AWS::RDS::DBInstance", "      StorageEncrypted: 'false'"),
        },
        good={
            "a.tf": tf("aws_db_instance", _DB) + tf("aws_db_instance", "  replicate_source_db = aws_db_instance.a.arn"),
            "stack.yaml": cfn("AWS::RDS::DBInstance", "      StorageEncrypted: true"),
        },
    ),
    RedFlag(
        "cloud/no-final-snapshot", "Disable security features for convenience", "warning", "Keep a last snapshot of what holds data.",
        applies=is_terraform, check=_no_snapshot,
        bad={"prod/db.tf": tf("aws_db_instance", _DB + "  skip_final_snapshot = true")},
        good={
            "dev/db.tf": tf("aws_db_instance", _DB + "  skip_final_snapshot = true"),
            "db.tf": tf("aws_db_instance", _DB + '  skip_final_snapshot = var.environment != "prod"'),
        },
    ),
    RedFlag(
        "cloud/admin-rights", _NEVER, "error", "List the actions and the resources that are needed.",
        applies=_applies, check=_two(_tf_admin, _cfn_admin),
        bad={
            "a.tf": tf("aws_iam_policy", _POLICY % (_ALLOW % '["*"]')),
            "b.tf": 'data "aws_iam_policy_document" "a" {\n  statement {\n    actions = ["*"]\n    resources = ["*"]\n  }\n}\n',
            "c.tf": tf("aws_iam_role_policy", '  policy = <<EOF\n{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}\nEOF'),
            "d.tf": tf("aws_iam_role_policy_attachment", '  for_each = toset(["ReadOnlyAccess", "AdministratorAccess"])\n  role = a\n  policy_arn = "arn:aws:iam::aws:policy/${each.key}"'),
            "e.tf": 'locals {\n  roles = ["roles/viewer", "roles/editor"]\n}\n' + tf("google_project_iam_member", "  for_each = toset(local.roles)\n  role = each.value"),
            "stack.yaml": cfn("AWS::IAM::ManagedPolicy", _CFN_POLICY % "*"), "sam.yaml": cfn("AWS::Serverless::Function", "      Policies: AdministratorAccess"),
            "b.yaml": cfn("AWS::Serverless::Function", "      Policies: [{S3ReadPolicy: {BucketName: a}}, !Sub 'arn:${AWS::Partition}:iam::aws:policy/IAMFullAccess']"),
            "c.yaml": cfn("AWS::Serverless::Function", "      Policies: [{Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}]"),
        },
        good={
            "a.tf": tf("aws_iam_policy", _POLICY % (_ALLOW % '"s3:GetObject"')) + tf("aws_kms_key", _POLICY % (_ALLOW % '"kms:*"')),
            "b.tf": 'data "aws_iam_policy_document" "a" {\n  statement {\n    effect = "Deny"\n    actions = ["*"]\n'
                '    resources = ["*"]\n  }\n}\n',
            "c.tf": tf("aws_iam_role_policy_attachment", '  for_each = toset(["ReadOnlyAccess"])\n  policy_arn = "arn:aws:iam::aws:policy/${each.key}"') + tf("google_project_iam_member", "  for_each = toset(var.roles)\n  role = each.value"),
            "stack.yaml": cfn("AWS::IAM::ManagedPolicy", _CFN_POLICY % "s3:ListAllMyBuckets"), "sam.yaml": cfn("AWS::Serverless::Function", "      Policies: [AWSLambdaBasicExecutionRole, !Ref Policy, {Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}]"),
        },
    ),
    RedFlag(
        "cloud/provider-credentials", "Commit AWS keys, passwords, or tokens to git", "error",
        "Leave it out: the provider takes it from the environment or a role.",
        applies=is_terraform, check=_provider_credentials,
        bad={"main.tf": 'provider "acme" {\n  password = "blue chair"\n}\n'},
        good={
            "main.tf": 'provider "aws" {\n  region = "eu-west-1"\n  access_key = var.k\n}\nprovider "x" {\n  token = ""\n}\n',
            "local.tf": 'provider "aws" {\n  access_key = "test"\n  endpoints {\n    s3 = "http://localhost:4566"\n  }\n}\n',
        },
    ),
    RedFlag(
        "cloud/untagged", "Tag all resources with project/environment/owner", "info",
        "Give the provider `default_tags`, or the resource tags.",
        applies=_applies, check=_two(_tf_untagged, _cfn_untagged),
        bad={
            "a.tf": 'provider "aws" {\n}\n' + tf("aws_vpc", '  cidr_block = "10.0.0.0/16"'),
            "stack.yaml": cfn("AWS::S3::Bucket", "      BucketName: a"),
        },
        good={
            "a.tf": 'provider "aws" {\n  default_tags {\n    tags = { Project = "a" }\n  }\n}\n' + tf("aws_vpc", ""),
            "b.tf": tf("aws_vpc", '  cidr_block = "10.0.0.0/16"'),
            "stack.yaml": cfn("AWS::S3::Bucket", "      Tags: [{Key: a, Value: b}]"),
        },
    ),
    RedFlag(
        "cloud/no-audit-log", "Enable CloudTrail/audit logging", "info", "Add a trail for all regions, in a bucket of its own.",
        applies=is_terraform, check=_no_audit,
        bad={"account.tf": tf("aws_iam_account_password_policy", "  minimum_password_length = 14")},
        good={
            "account.tf": tf("aws_iam_account_alias", "") + tf("aws_cloudtrail", '  name = "all"'),
            "main.tf": tf("aws_vpc", ""),
        },
    ),
)  # fmt: skip
