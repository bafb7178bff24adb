"""The role that is read as in every account of an organization, as a CloudFormation template.

Made from the same declaration that the guard enforces. Follows
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html; managed
policies hold 6,144 characters (white space aside), and a role takes ten
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from typing import Any

from scanner.kit.contract import ConnectorSpec
from scanner.kit.permissions import aws_policy
from scanner.model.errors import ConfigError

_MOST_CHARACTERS = 6000
_MOST_POLICIES = 10
_CALLERS_ALONE = ("sts", "organizations")
"""What only the account is asked in whose name the scan runs."""


def template(spec: ConnectorSpec, opted: Container[str] = ()) -> str:
    """JSON, with parameters for who may assume the role, its external id and its name."""
    made = list(policies(aws_policy(spec, opted)["Statement"]))
    if len(made) > _MOST_POLICIES:
        raise ConfigError(
            f"{spec.name}: its permissions fill {len(made)} managed policies, a role takes "
            f"{_MOST_POLICIES}; attach AWS's SecurityAudit and ViewOnlyAccess instead"
        )
    resources: dict[str, Any] = {
        f"Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Description": "Read-only calls of the shadow AI scanner",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        }
        for number, statements in enumerate(made, start=1)
    }
    resources["Role"] = _role([{"Ref": name} for name in resources])
    return json.dumps(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "A role that the shadow AI scanner reads this account as. It can write "
            "nothing.",
            "Parameters": _PARAMETERS,
            "Conditions": {
                "HasExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}
            },
            "Resources": resources,
            "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
        },
        indent=2,
    )


_PARAMETERS = {
    "TrustedPrincipal": {
        "Type": "String",
        "Description": "ARN of the role or user that the scanner runs as",
        "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/.+)",
    },
    "ExternalId": {
        "Type": "String",
        "Description": "External id that the scanner sends; empty: none is asked for",
        "Default": "",
        "AllowedPattern": "[A-Za-z0-9+=,.@:/-]{0,256}",
    },
    "RoleName": {
        "Type": "String",
        "Default": "ShadowAIReadOnly",
        "AllowedPattern": "[A-Za-z0-9+=,.@_-]{1,64}",
    },
}


def _role(policies: list[dict[str, str]]) -> dict[str, Any]:
    external = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "TrustedPrincipal"}},
        "Action": "sts:AssumeRole",
        "Condition": {"Fn::If": ["HasExternalId", external, {"Ref": "AWS::NoValue"}]},
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "Description": "Read by the shadow AI scanner",
            "MaxSessionDuration": 3600,
            "ManagedPolicyArns": policies,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def policies(
    statements: object, without: Container[str] = _CALLERS_ALONE
) -> Iterator[list[dict[str, Any]]]:
    """Statements, packed into as few policies as hold them; a long one is cut into several.
    ``without``: services that are left out."""
    bunch: list[dict[str, Any]] = []
    for statement in statements if isinstance(statements, list) else ():
        actions = [a for a in statement["Action"] if a.partition(":")[0] not in without]
        for number, part in enumerate(_parts(actions)):
            sid = statement["Sid"] + (str(number) if number else "")
            piece = {**statement, "Sid": sid, "Action": part}
            if bunch and _size([*bunch, piece]) > _MOST_CHARACTERS:
                yield bunch
                bunch = []
            bunch.append(piece)
    if bunch:
        yield bunch


def _parts(actions: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for action in actions:
        if part and _size([*part, action]) > _MOST_CHARACTERS // 2:
            yield part
            part = []
        part.append(action)
    if part:
        yield part


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))
