"""What is printed to grant is what the guard enforces."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from scanner.cli import cli
from scanner.collect import loader
from scanner.kit.permissions import permissions, render
from scanner.kit.stackset import template


def test_the_aws_policy_is_valid_and_reads_only() -> None:
    policy = json.loads(render(loader.load("aws").spec))
    assert policy["Version"] == "2012-10-17"
    actions = [action for s in policy["Statement"] for action in s["Action"]]
    assert len(actions) == len(set(actions))
    assert {s["Effect"] for s in policy["Statement"]} == {"Allow"}
    assert "bedrock:ListAgents" in actions
    assert "sagemaker:DescribeEndpoint" in actions
    assert not [a for a in actions if "*" in a or a.startswith("bedrock-agent:")]
    verbs = ("List", "Get", "Describe", "BatchGet", "Lookup", "Search")
    writing = [a for a in actions if not a.partition(":")[2].startswith(verbs)]
    assert writing == ["sts:AssumeRole"]
    assert "secretsmanager:GetSecretValue" not in actions
    assert all(s["Sid"].isalnum() for s in policy["Statement"])
    assume = next(s for s in policy["Statement"] if "sts:AssumeRole" in s["Action"])
    assert assume["Resource"] == "arn:*:iam::*:role/ShadowAIReadOnly"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("okta", "okta.apiTokens.read\nokta.appGrants.read\nokta.apps.read\nokta.logs.read\n"),
        ("code", "Read access"),
    ],
)
def test_scopes_and_files(name: str, expected: str) -> None:
    assert render(loader.load(name).spec).startswith(expected)


_NEWER = (
    "osm", "listprojects", "listagentinsightstores", "describeglobalinferencegateway",
    "describeinferencerouter", "listglobalinferencegateways", "listinferencegateways",
    "listinferencerouters", "listfunctions", "listquestionsets", "getproject", "listblueprints",
)  # fmt: skip
"""Prefixes and actions that botocore knows and cfn-lint's list of actions does not yet."""


def test_the_role_for_all_accounts_is_a_template_that_cloudformation_takes() -> None:
    from cfnlint import api

    spec = loader.load("aws").spec
    text = template(spec)
    problems = api.lint(text, regions=["us-east-1", "us-gov-west-1", "cn-north-1"])
    wrong = [str(problem) for problem in problems]
    assert [said for said in wrong if not any(f"('{name}'" in said for name in _NEWER)] == []
    made = json.loads(text)
    policies = [r for r in made["Resources"].values() if r["Type"] == "AWS::IAM::ManagedPolicy"]
    documents = [policy["Properties"]["PolicyDocument"] for policy in policies]
    assert all(len(json.dumps(d, separators=(",", ":"))) <= 6144 for d in documents)
    granted = {a for d in documents for s in d["Statement"] for a in s["Action"]}
    needed = {op.permission for op in spec.operations if not op.opt_in}
    own = {p for p in needed if p.partition(":")[0] in ("sts", "organizations")}
    assert granted == needed - own
    assert len(made["Resources"]["Role"]["Properties"]["ManagedPolicyArns"]) == len(policies) <= 10


def test_the_role_trusts_one_principal_with_an_external_id() -> None:
    role = json.loads(template(loader.load("aws").spec))["Resources"]["Role"]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": {"Ref": "TrustedPrincipal"}}
    assert statement["Condition"]["Fn::If"][1] == {
        "StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}
    }


def test_policies_that_can_be_attached_hold_all_that_one_would() -> None:
    done = CliRunner().invoke(cli, ["permissions", "aws", "--split", "--with", "trail_bucket"])
    assert done.exit_code == 0, done.output
    made = json.loads(done.output)
    assert all(len(json.dumps(one, separators=(",", ":"))) <= 6144 for one in made)
    granted = {action for one in made for s in one["Statement"] for action in s["Action"]}
    spec = loader.load("aws").spec
    assert granted == set(permissions(spec, {"trail_bucket"}))
    assert {"sts:AssumeRole", "organizations:ListAccounts", "s3:GetObject"} <= granted
