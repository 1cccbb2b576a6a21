"""Policies of cloud resources that let everybody in: readers of a bucket, senders to a queue, users of a key."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import as_list, cfn, is_template, is_terraform, resources, statements, template, tf
from boringops_tools.red_flags.hcl import Block, Expression
from boringops_tools.yaml_files import line_of

# Policies of VPC endpoints and file systems are not among them: there everybody is whoever gets there over the network.
_TF = {
    "aws_s3_bucket_policy": "policy", "aws_s3_bucket": "policy", "aws_sqs_queue_policy": "policy", "aws_sqs_queue": "policy",
    "aws_sns_topic_policy": "policy", "aws_sns_topic": "policy", "aws_ecr_repository_policy": "policy", "aws_kms_key": "policy",
    "aws_kms_key_policy": "policy", "aws_secretsmanager_secret_policy": "policy", "aws_secretsmanager_secret": "policy",
    "aws_backup_vault_policy": "policy", "aws_cloudwatch_event_bus_policy": "policy", "aws_dynamodb_resource_policy": "policy",
}  # fmt: skip
_CFN = {
    "AWS::S3::BucketPolicy": "PolicyDocument", "AWS::SQS::QueuePolicy": "PolicyDocument", "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::ECR::Repository": "RepositoryPolicyText", "AWS::KMS::Key": "KeyPolicy", "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::Backup::BackupVault": "AccessPolicy",
}  # fmt: skip
_DOCUMENT = lazy_pattern(r"(?:\$\{)?(?:data\.aws_iam_policy_document\.)?([\w-]+)\.(?:minified_)?json\}?")
# Conditions that say how somebody connects, and not who that is.
_HOW = frozenset({"aws:securetransport", "s3:tlsversion"})
_READS = lazy_pattern(r"s3:(?:GetObject\w*|ListBucket)")


def _everybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS")))


def _narrowed(condition: Any) -> bool:
    """Whether a condition says who: how they connect does not."""
    tests = (
        [key for test in condition.values() if isinstance(test, Mapping) for key in test]
        if isinstance(condition, Mapping)
        else []
    )
    return bool(condition) and (not tests or any(str(key).lower() not in _HOW for key in tests))


def _told(statement: Any) -> str:
    """What a statement lets everybody do; empty where it names somebody, or narrows it down."""
    if (
        not isinstance(statement, Mapping)
        or statement.get("Effect") != "Allow"
        or _narrowed(statement.get("Condition"))
    ):
        return ""
    if not _everybody(statement.get("Principal")):
        return ""
    actions = [str(each) for each in as_list(statement.get("Action"))]
    return f"everybody may do this: {', '.join(actions[:3])}" if actions else "everybody may do what is not excepted"


def _only_reads(statement: Mapping[Any, Any]) -> bool:
    actions = [str(each) for each in as_list(statement.get("Action"))]
    return bool(actions) and all(_READS.fullmatch(each) for each in actions)


def _in_blocks(block: Block) -> Iterator[Hit]:
    for statement in block.inner("statement"):
        everybody = any(
            "*" in as_list(one.value("identifiers")) and one.value("type") in ("*", "AWS")
            for one in statement.inner("principals")
        )
        conditions = [str(each.value("variable")).lower() for each in statement.inner("condition")]
        narrowed = any(each not in _HOW for each in conditions) or any(
            one.kind == "dynamic" for one in statement.blocks
        )
        allows = statement.value("effect") in (None, "Allow") and not narrowed
        if everybody and allows:
            said = {"Effect": "Allow", "Principal": "*", "Action": as_list(statement.value("actions"))}
            yield Hit(statement.line, _told(said), severity="warning" if _only_reads(said) else None)


def _open(path: str, text: str) -> Iterable[Hit]:
    if is_terraform(path):
        yield from _of_terraform(text)
        return
    for each in template(path, text):
        document = each.properties.get(_CFN.get(each.kind, ""))
        for statement in statements(document) if isinstance(document, Mapping) else ():
            if message := _told(statement):
                line = line_of(statement, "Principal") or each.line
                yield Hit(line, f"{each.name}: {message}", severity="warning" if _only_reads(statement) else None)


def _of_terraform(text: str) -> Iterator[Hit]:
    blocks = list(resources(text))
    documents = {each.labels[1]: each for each in blocks if each.labels[0] == "aws_iam_policy_document"}
    for block in blocks:
        name = _TF.get(block.labels[0], "")
        value = block.value(name)
        named = _DOCUMENT.fullmatch(value.text) if isinstance(value, Expression) else None
        if named is not None and named[1] in documents:
            for hit in _in_blocks(documents[named[1]]):
                yield Hit(hit.line, f"{'.'.join(block.labels)}: {hit.message}", severity=hit.severity)
        for statement in statements(value):
            if message := _told(statement):
                severity = "warning" if _only_reads(statement) else None
                yield Hit(block.line_of(name), f"{'.'.join(block.labels)}: {message}", severity=severity)  # type: ignore[arg-type]


_SAYS = '  policy = jsonencode({ Statement = [{ Effect = "%s", Principal = %s, Action = "sqs:*", Resource = "*"%s }] })'
_CFN_SAYS = "      PolicyDocument:\n        Statement:\n          - {Effect: %s, Principal: %s, Action: 's3:GetObject', Resource: '*'}"
_DATA = '\ndata "aws_iam_policy_document" "a" {\n  statement {\n    actions = ["s3:PutObject"]\n    principals {\n      type = "*"\n      identifiers = ["*"]\n    }\n  }\n}\n'
_NARROWED = _DATA.replace(
    "  }\n}\n", '    condition {\n      test = "Bool"\n      variable = "%s"\n      values = ["false"]\n    }\n  }\n}\n'
)
RED_FLAGS = (
    RedFlag(
        "cloud/open-policy", "Disable security features for convenience", "error",
        "Name who may, or narrow it with a condition: an account, an organization, the one resource that sends.",
        applies=lambda path: is_terraform(path) or is_template(path), check=_open,
        bad={
            "a.tf": tf("aws_sqs_queue_policy", _SAYS % ("Allow", '"*"', "")), "b.tf": tf("aws_sns_topic_policy", _SAYS % ("Allow", '{ AWS = "*" }', "")),
            "c.tf": tf("aws_s3_bucket_policy", "  policy = data.aws_iam_policy_document.a.json") + _DATA, "d.tf": tf("aws_s3_bucket_policy", "  policy = data.aws_iam_policy_document.a.json") + _NARROWED % "aws:SecureTransport",
            "stack.yaml": cfn("AWS::S3::BucketPolicy", _CFN_SAYS % ("Allow", "'*'")), "c.yaml": cfn("AWS::S3::BucketPolicy", (_CFN_SAYS % ("Allow", "'*'")).replace("}", ", Condition: {Bool: {'aws:SecureTransport': 'false'}}}")), "b.yaml": cfn("AWS::SQS::QueuePolicy", _CFN_SAYS % ("Allow", "{AWS: ['*']}")),
        },
        good={
            "a.tf": tf("aws_sqs_queue_policy", _SAYS % ("Deny", '"*"', "")), "b.tf": tf("aws_sns_topic_policy", _SAYS % ("Allow", '"*"', ', Condition = { StringEquals = { "aws:SourceAccount" = "1" } }')),
            "c.tf": tf("aws_vpc_endpoint", "  policy = data.aws_iam_policy_document.a.json") + _DATA, "d.tf": tf("aws_sqs_queue", _SAYS % ("Allow", '{ Service = "sns.amazonaws.com" }', "")),
            "e.tf": tf("aws_s3_bucket_policy", "  policy = data.aws_iam_policy_document.a.json") + _NARROWED % "aws:PrincipalOrgID",
            "stack.yaml": cfn("AWS::S3::BucketPolicy", _CFN_SAYS % ("Deny", "'*'")), "b.yaml": cfn("AWS::EC2::VPCEndpoint", _CFN_SAYS % ("Allow", "'*'")),
        },
    ),
)  # fmt: skip
