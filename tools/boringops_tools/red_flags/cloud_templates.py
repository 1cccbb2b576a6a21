"""Roles that any repository may take, keys that never end and secrets in the clear, as templates of CloudFormation write them
and as Terraform does in JSON."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boringops.secrets import looks_secret
from boringops_tools.patterns import lazy_pattern
from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.red_flags.cloud import (
    TRIAL,
    as_list,
    cfn,
    is_template,
    is_terraform,
    managed,
    statements,
    template,
    tf,
)
from boringops_tools.red_flags.hcl import Expression
from boringops_tools.yaml_files import line_of, tag_of

_NEVER = "Disable security features for convenience"
_KEYS = "Commit AWS keys, passwords, or tokens to git"
_SHARED = lazy_pattern(r"(?i)token\.actions\.githubusercontent\.com|gitlab\.com|github")
_WHO = lazy_pattern(
    r":(?:sub|job_workflow_ref|repository\w*|project_path|namespace_path|environment|project_id|namespace_id)$"
)
_PLACEHOLDER = lazy_pattern(r"(?i)^$|\{\{resolve:|^arn:|^(?:true|false|none|null|\d+)$|[<>]|\$\{|/")


def _text(value: Any) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Mapping):
        return " ".join(_text(each) for each in value.values())
    if isinstance(value, list):
        return " ".join(_text(each) for each in value)
    return str(getattr(value, "value", value))


def _taken(statement: Any) -> str:
    """Who may take a role by a token; empty where the condition names somebody, or it is not known."""
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow":
        return ""
    if "sts:AssumeRoleWithWebIdentity" not in as_list(statement.get("Action")):
        return ""
    condition = statement.get("Condition")
    if condition is not None and not isinstance(condition, Mapping):
        return ""
    tests: list[tuple[str, Any]] = []
    for test in (condition or {}).values():
        if not isinstance(test, Mapping):
            return ""
        tests += [(str(key), value) for key, value in test.items()]
    if any("$" in key for key, _ in tests) and not any(_WHO.search(key) for key, _ in tests):
        return ""
    if not _SHARED.search(" ".join([_text(statement.get("Principal")), *(key for key, _ in tests)])):
        return ""
    for key, value in tests:
        if key.endswith(":sub") and any(
            each in ("*", "repo:*", "repo:*/*", "repo:*/*:*", "repo:*:*") for each in as_list(value)
        ):
            return "any repository of the world may take the role (sub = *)"
    return (
        ""
        if any(_WHO.search(key) for key, _ in tests)
        else "any repository of the world may take the role (no condition on `sub`)"
    )


def _any_repository(path: str, text: str) -> Iterable[Hit]:
    if is_terraform(path):
        for block in managed(text, "aws_iam_role"):
            for each in statements(block.value("assume_role_policy")):
                if message := _taken(each):
                    yield Hit(block.line_of("assume_role_policy"), message)
        return
    for role in template(path, text):
        for each in (
            statements(role.properties.get("AssumeRolePolicyDocument")) if role.kind == "AWS::IAM::Role" else ()
        ):
            if message := _taken(each):
                yield Hit(line_of(each, "Condition") or line_of(each, "Action") or role.line, f"{role.name}: {message}")


def _account_keys(path: str, text: str) -> Iterable[Hit]:
    for each in template(path, text):
        if each.kind == "AWS::IAM::AccessKey":
            yield Hit(
                each.line, f"{each.name} is a key that never ends", severity="info" if TRIAL.search(path) else None
            )


def _variables(properties: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any, str]]:
    """(name, value, where it stands, its key) of what containers get in their environment."""
    for container in as_list(properties.get("ContainerDefinitions")):
        listed = container.get("Environment") if isinstance(container, Mapping) else None
        for each in as_list(listed):
            if isinstance(each, Mapping):
                yield each.get("Name"), each.get("Value"), each, "Value"
    environment = properties.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    for name, value in variables.items() if isinstance(variables, Mapping) else ():
        yield name, value, variables, str(name)


def _in_environment(path: str, text: str) -> Iterable[Hit]:
    for each in template(path, text):
        for name, value, owner, key in _variables(each.properties):
            written = isinstance(value, str) and not tag_of(value) and not _PLACEHOLDER.search(value) and len(value) > 5
            if isinstance(name, str) and written and looks_secret(name) and not TRIAL.search(path):
                yield Hit(line_of(owner, key) or each.line, f"{each.name}: {name} is written into the template")


def _both(path: str) -> bool:
    return is_terraform(path) or is_template(path)


_ROLE = "      AssumeRolePolicyDocument:\n        Statement:\n          - Effect: Allow\n            Principal: {{Federated: 'arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com'}}\n            Action: sts:AssumeRoleWithWebIdentity\n            Condition: {{StringLike: {{'token.actions.githubusercontent.com:{}': '{}'}}}}"
_JSON = '  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = aws_iam_openid_connect_provider.github.arn }, Condition = { StringEquals = { "token.actions.githubusercontent.com:%s" = "a" } } }] })'
_TASK = "      ContainerDefinitions: [{Name: a, Environment: [{Name: %s, Value: %s}]}]"
RED_FLAGS = (
    RedFlag("cloud/any-repository-here", _NEVER, "error", "Name the repository and its branch or environment in a condition on `sub`.", applies=_both, check=_any_repository,
            bad={"stack.yaml": cfn("AWS::IAM::Role", _ROLE.format("sub", "repo:*")), "b.yaml": cfn("AWS::IAM::Role", _ROLE.format("aud", "sts.amazonaws.com")), "a.tf": tf("aws_iam_role", _JSON % "aud")},
            good={"stack.yaml": cfn("AWS::IAM::Role", _ROLE.format("sub", "repo:acme/shop:*")), "a.tf": tf("aws_iam_role", _JSON % "sub")}),
    RedFlag("cloud/account-key-here", _KEYS, "warning", "Use a role: no key has to be kept, sent and changed.", applies=is_template, check=_account_keys,
            bad={"stack.yaml": cfn("AWS::IAM::AccessKey", "      UserName: !Ref User")}, good={"stack.yaml": cfn("AWS::IAM::User", "      UserName: a")}),
    RedFlag("cloud/secret-in-environment", _KEYS, "error", "Keep it in Secrets Manager, and name it under `Secrets` or resolve it.", applies=is_template, check=_in_environment,
            bad={"stack.yaml": cfn("AWS::ECS::TaskDefinition", _TASK % ("DATABASE_PASSWORD", "blue-chair-77"))},
            good={"stack.yaml": cfn("AWS::ECS::TaskDefinition", _TASK % ("DATABASE_PASSWORD", "'{{resolve:secretsmanager:a}}'")), "b.yaml": cfn("AWS::ECS::TaskDefinition", _TASK % ("DATABASE_PASSWORD", "!Ref Password")), "c.yaml": cfn("AWS::ECS::TaskDefinition", _TASK % ("LOG_LEVEL", "verbose-info"))}),
)  # fmt: skip
