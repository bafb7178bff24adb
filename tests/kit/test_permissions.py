"""What is printed to grant is what the guard enforces."""

from __future__ import annotations

import json

import pytest

from scanner.collect import loader
from scanner.kit.permissions import render


def test_the_aws_policy_is_valid_and_reads_only() -> None:
    policy = json.loads(render(loader.load("aws").spec))
    assert policy["Version"] == "2012-10-17"
    actions = [action for s in policy["Statement"] for action in s["Action"]]
    assert len(actions) == len(set(actions))
    assert {s["Effect"] for s in policy["Statement"]} == {"Allow"}
    assert "bedrock:ListAgents" in actions
    assert "sagemaker:DescribeEndpoint" in actions
    assert not [a for a in actions if "*" in a or a.startswith("bedrock-agent:")]
    verbs = ("List", "Get", "Describe")
    writing = [a for a in actions if not a.partition(":")[2].startswith(verbs)]
    assert writing == ["sts:AssumeRole"]
    assert "secretsmanager:GetSecretValue" not in actions
    assert all(s["Sid"].isalnum() for s in policy["Statement"])
    assume = next(s for s in policy["Statement"] if "sts:AssumeRole" in s["Action"])
    assert assume["Resource"] == "arn:*:iam::*:role/ShadowAIReadOnly"


@pytest.mark.parametrize(
    ("name", "expected"), [("okta", "okta.apps.read\nokta.logs.read"), ("code", "Read access")]
)
def test_scopes_and_files(name: str, expected: str) -> None:
    assert render(loader.load(name).spec).startswith(expected)
