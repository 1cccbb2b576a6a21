"""Roles that anybody may take on."""

# ruff: noqa: E501 - an example reads best on one line

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from boringops_tools.red_flags.base import Hit, RedFlag
from boringops_tools.yaml_files import documents, is_yaml, line_of, walk

_TRUST = ("AssumeRolePolicyDocument", "assumeRolePolicy", "AssumeRolePolicy")


def _anybody(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return any(each == "*" or (isinstance(each, list) and "*" in each) for each in principal.values())
    return bool(principal == "*")


def _trusted(_: str, text: str) -> Iterable[Hit]:
    if not any(key in text for key in _TRUST):
        return
    for document in documents(text):
        for _parent, key, value in walk(document):
            statements = value.get("Statement") if key in _TRUST and isinstance(value, Mapping) else None
            for each in statements if isinstance(statements, list) else [statements]:
                if (
                    isinstance(each, Mapping)
                    and each.get("Effect") == "Allow"
                    and _anybody(each.get("Principal"))
                    and "Condition" not in each
                ):
                    yield Hit(
                        line_of(each, "Principal"), 'everybody with an account may take on this role (Principal "*")'
                    )


def _role(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    properties = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return json.dumps({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": properties}}})


RED_FLAGS = (
    RedFlag(
        "cloud/open-role", "Disable security features for convenience", "error", "Name who may: a service, an account, a federated identity with conditions.",
        applies=lambda path: is_yaml(path) or path.endswith(".json"), check=_trusted,
        bad={"a.json": _role({"AWS": "*"}), "b.yaml": _role("*")},
        good={"a.json": _role({"Service": "ecs-tasks.amazonaws.com"}), "b.yaml": _role({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})},
    ),
)  # fmt: skip
