"""How long it takes to judge an account's roles: 2,000 of them, 1,500 policies of AWS's own.

    python -m bench.aws_iam [roles]

Every role has three of AWS's managed policies (as the AWS emulator carries them), two statements of
its own, and one in five a permissions boundary. Prints processor seconds, without the parsing of
AWS's answers.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from connectors.aws.iam import account, facts
from connectors.aws.iam.table import load

OWN = "111122223333"
_SERVICES = ("lambda", "ec2", "ecs-tasks", "sagemaker", "glue", "states")
_ACTIONS = (
    "logs:*", "sqs:SendMessage", "s3:GetObject", "s3:PutObject", "dynamodb:*", "kms:Decrypt",
    "secretsmanager:GetSecretValue", "ssm:GetParameter*", "bedrock:InvokeModel", "sagemaker:*",
)  # fmt: skip


def page(roles: int) -> dict[str, Any]:
    chance = random.Random(1)
    policies = [
        {
            "Arn": f"arn:aws:iam::aws:policy/{name}",
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "Document": record["Document"]}],
        }
        for name, record in sorted(json.loads(aws_managed_policies_data).items())[:1_500]
    ]
    return {
        "Policies": policies,
        "RoleDetailList": [_role(number, policies, chance) for number in range(roles)],
    }


def _role(number: int, policies: list[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    trusted = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{chance.choice(_SERVICES)}.amazonaws.com"},
    }
    own = [
        {
            "Effect": "Allow",
            "Action": chance.sample(_ACTIONS, 3),
            "Resource": [
                f"arn:aws:s3:::bucket-{number}/*",
                f"arn:aws:dynamodb:*:*:table/t{number}",
            ],
        },
        {"Effect": "Allow", "Action": chance.sample(_ACTIONS, 2), "Resource": "*"},
    ]
    made = {
        "Arn": f"arn:aws:iam::{OWN}:role/r{number}",
        "RoleName": f"r{number}",
        "RoleId": f"AROA{number}",
        "Path": "/",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
        "RolePolicyList": [
            {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": own}}
        ],
        "AttachedManagedPolicies": [{"PolicyArn": chance.choice(policies)["Arn"]} for _ in "abc"],
    }
    if number % 5 == 0:
        made["PermissionsBoundary"] = {"PermissionsBoundaryArn": chance.choice(policies)["Arn"]}
    return made


def main() -> None:
    whole = page(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
    for _ in range(3):
        began = time.process_time()
        directory = account.read([whole], OWN, load("aws"))
        items = list(facts.items(directory))
        spent = time.process_time() - began
        kinds = Counter(type(item).__name__ for item in items)
        print(f"{spent:.2f} s of processor time, {dict(kinds)}, {len(directory.gaps)} gaps")


if __name__ == "__main__":
    main()
