"""Rights that are wider than a task: a whole service on everything, or everything on something."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import as_list, cfn, is_template, is_terraform, resources, statements, template, tf
from boringops_tools.yaml_files import line_of

# Services whose every action on every resource reads, deletes or gives away what belongs to others in the account.
_SERVICES = lazy_pattern(
    r"(?i)(?:iam|s3|kms|secretsmanager|ssm|sts|ec2|lambda|dynamodb|rds|organizations|sqs|sns|ecs|eks|ecr|cloudformation):\*"
    r"|(?i:secretsmanager:GetSecretValue|iam:PassRole|sts:AssumeRole)"
)


def _too_wide(statement: Any) -> str:
    """What a statement allows that is too much; empty where it does not, or where `cloud/admin-rights` says so already."""
    if (
        not isinstance(statement, Mapping)
        or statement.get("Effect") != "Allow"
        or statement.get("Condition")
        or "Principal" in statement
    ):
        return ""
    actions = [each for each in as_list(statement.get("Action")) if isinstance(each, str)]
    everywhere = "*" in as_list(statement.get("Resource"))
    if "*" in actions:
        return "" if everywhere else "every action of every service is allowed"
    if everywhere and statement.get("NotAction"):
        return "everything but a few actions is allowed on everything"
    wide = [each for each in actions if _SERVICES.fullmatch(each)] if everywhere else []
    return f"{', '.join(wide[:3])} is allowed on everything" if wide else ""


def _wide(path: str, text: str) -> Iterable[Hit]:
    if is_terraform(path):
        yield from _of_terraform(text)
        return
    for each in template(path, text):
        if not each.kind.startswith(("AWS::IAM::", "AWS::Serverless::")):
            continue
        policies = as_list(each.properties.get("Policies"))
        inner = (one.get("PolicyDocument", one) for one in policies if isinstance(one, Mapping))
        for document in (each.properties.get("PolicyDocument"), *inner):
            for statement in statements(document):
                if message := _too_wide(statement):
                    yield Hit(
                        line_of(statement, "Action") or line_of(statement, "NotAction") or each.line,
                        f"{each.name}: {message}",
                    )


def _of_terraform(text: str) -> Iterator[Hit]:
    for block in resources(text):
        if block.labels[0] == "aws_iam_policy_document":
            for statement in block.inner("statement"):
                said = {
                    "Effect": statement.value("effect") or "Allow", "Action": statement.value("actions"), "Resource": statement.value("resources"),
                    "NotAction": statement.value("not_actions"), "Condition": [*statement.inner("condition")],
                }  # fmt: skip
                if not any(statement.inner("principals")) and (message := _too_wide(said)):
                    yield Hit(statement.line, message)
        elif block.labels[0].startswith("aws_iam_"):
            places = [(block, "policy"), *((one, "policy") for one in block.inner("inline_policy"))]
            for place, name in places:
                for statement in statements(place.value(name)):
                    if message := _too_wide(statement):
                        yield Hit(place.line_of(name), message)


_POLICY = '  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = %s, Resource = %s }] })'
_CFN = "      PolicyDocument:\n        Statement:\n          - {Effect: Allow, Action: %s, Resource: %s}"
RED_FLAGS = (
    RedFlag(
        "cloud/wide-rights", "Disable security features for convenience", "warning", "List the actions that the work needs, and the resources that it needs them on.",
        applies=lambda path: is_terraform(path) or is_template(path), check=_wide,
        bad={
            "a.tf": tf("aws_iam_role_policy", _POLICY % ('["s3:*"]', '"*"')), "b.tf": tf("aws_iam_policy", _POLICY % ('"*"', '"arn:aws:s3:::a/*"')),
            "c.tf": 'data "aws_iam_policy_document" "a" {\n  statement {\n    actions = ["kms:*"]\n    resources = ["*"]\n  }\n}\n',
            "stack.yaml": cfn("AWS::IAM::ManagedPolicy", _CFN % ("'iam:*'", "'*'")), "c.yaml": cfn("AWS::IAM::Policy", _CFN % ("'secretsmanager:GetSecretValue'", "'*'")), "d.yaml": cfn("AWS::Serverless::Function", "      Policies:\n        - Statement: [{Effect: Allow, Action: 'dynamodb:*', Resource: '*'}]"), "b.yaml": cfn("AWS::IAM::Policy", (_CFN % ("a", "'*'")).replace("Action: a", "NotAction: 'iam:*'")),
        },
        good={
            "a.tf": tf("aws_iam_role_policy", _POLICY % ('["s3:*"]', '"arn:aws:s3:::a/*"')), "b.tf": tf("aws_kms_key", _POLICY % ('"kms:*"', '"*"')),
            "c.tf": tf("aws_iam_policy", _POLICY % ('["ec2:Describe*", "logs:*"]', '"*"')), "stack.yaml": cfn("AWS::IAM::ManagedPolicy", _CFN % ("'s3:ListAllMyBuckets'", "'*'")),
        },
    ),
)  # fmt: skip
