"""CloudFormation, SAM, Serverless Framework, policies: what they declare and whom they allow."""

from __future__ import annotations

import json

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Kind:
    Type: String
    Default: ml.g5.xlarge
    AllowedValues:
      - ml.g5.xlarge
      - ml.p4d.24xlarge
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Helpdesk:
    Type: AWS::ZzAi::Agent
    Properties:
      AgentName: !Sub "${AWS::StackName}-agent"
      FoundationModel: anthropic.claude-3-haiku-20240307-v1:0
      Tags: {Owner: ada}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          OPENAI_API_KEY: !Ref Key
      Policies:
        - AmazonBedrockFullAccess
        - Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action:
                - bedrock:InvokeModelWithResponseStream
                - bedrock:InvokeModel
              Resource: !Sub "arn:aws:bedrock:*::foundation-model/amazon.titan-embed-text-v2:0"
            - Effect: Deny
              Action: sagemaker:InvokeEndpoint
              Resource: "*"
"""


def test_a_yaml_template() -> None:
    hits = examined(TEMPLATE, "template.yaml")

    (agent,) = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (agent.part, agent.line) == ("resource/AWS::ZzAi::Agent:Helpdesk", 14)
    assert (agent.provider, agent.asset_class) == ("zz_test_cloud", "agent")
    assert agent.models == ("anthropic.claude-3-haiku-20240307-v1:0",)
    managed, statement = [hit for hit in hits if hit.kind is HitKind.GRANT]
    assert (managed.part, managed.line) == ("grant/aws_bedrock", 26)
    assert (statement.line, statement.models) == (31, ("amazon.titan-embed-text-v2:0",))
    assert tags(statement)["actions"] == (
        "bedrock:InvokeModel, bedrock:InvokeModelWithResponseStream"
    )
    (gpu,) = [hit for hit in hits if hit.kind is HitKind.COMPUTE]
    assert (gpu.label, gpu.line, gpu.part) == ("ml.g5.xlarge", 6, "compute/gpu")
    assert ("OPENAI_API_KEY", 24) in {(hit.label, hit.line) for hit in hits}


def test_a_json_template_of_cdk() -> None:
    document = {
        "Resources": {
            "Agent0A1B": {"Type": "AWS::ZzAi::KnowledgeBase", "Properties": {"Name": "kb"}},
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": [
                            {"Action": "bedrock:*", "Effect": "Allow", "Resource": "*"},
                            {"NotAction": "bedrock:*", "Effect": "Allow", "Resource": "*"},
                        ]
                    }
                },
            },
        }
    }
    hits = examined(json.dumps(document, indent=1), "cdk.out/App.template.json")

    parts = {hit.part: hit.line for hit in hits if hit.part}
    assert parts == {"resource/AWS::ZzAi::KnowledgeBase:Agent0A1B": 4, "grant/aws_bedrock": 15}


def test_serverless_framework() -> None:
    text = """\
service: bot
provider:
  name: aws
  iam:
    role:
      statements:
        - Effect: Allow
          Action: [bedrock:InvokeModel]
          Resource: "*"
functions:
  chat:
    handler: h.main
    iamRoleStatements:
      - Effect: "Allow"
        Action: "sagemaker:InvokeEndpoint"
        Resource: "*"
resources:
  Resources:
    Guard:
      Type: AWS::ZzAi::Guardrail
"""
    hits = examined(text, "serverless.yml")

    assert {hit.part: hit.line for hit in hits if hit.part} == {
        "grant/aws_bedrock": 8,
        "grant/aws_sagemaker": 15,
        "resource/AWS::ZzAi::Guardrail:Guard": 20,
    }


def test_a_policy_file_a_binding_and_a_state_machine() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": ["bedrock:Converse"], "Resource": "*"},
    }
    (grant,) = examined(json.dumps(policy), "policies/app.json", HitKind.GRANT)
    binding = "kind: IAMPolicyMember\nspec:\n  role: roles/aiplatform.user\n"
    (bound,) = examined(binding, "iam.yaml", HitKind.GRANT)
    machine = {"States": {"Ask": {"Resource": "arn:aws:states:::bedrock:invokeModel"}}}
    hits = examined(json.dumps(machine), "flow.asl.json", HitKind.IDENTIFIER)

    assert (grant.part, bound.part, bound.line) == ("grant/aws_bedrock", "grant/google_vertex", 3)
    assert [hit.provider for hit in hits] == ["aws_bedrock"]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Resources:\n  A:\n    Type: AWS::S3::Bucket\n",
        "Statement:\n  - Effect: Deny\n    Action: bedrock:*\n",
        "Statement:\n  - Effect: Allow\n    Action: bedrock:ListFoundationModels\n",
        "Statement:\n  - Effect: Allow\n    NotAction: bedrock:InvokeModel\n",
        "# role: roles/aiplatform.user\n",
        "role: roles/aiplatform.viewer\n",
        "llm: bedrock:claude-3-haiku\nmodel: sagemaker:Foo\n",
        "AllowedValues:\n  - ml.p4d.24xlarge\nType: AWS::X\n",
    ],
)
def test_what_declares_or_allows_no_ai(text: str) -> None:
    hits = examined(text, "template.yaml")

    assert [hit for hit in hits if hit.part] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", "[" * 100_000 + '"AWS::"'),
        ("a.json", '{"Type": ["AWS::ZzAi::Agent"], "Resources": {"A": {"Type": {"AWS::": 1}}}}'),
        ("a.json", '{"Effect": ["Allow"], "Action": {"x": [null, 1, {"y": "bedrock:*"}]}}'),
        ("a.yaml", "a: &a [bedrock:, *a]\n"),
        ("a.yaml", "? [a, b]\n: AWS::ZzAi::Agent\n"),
        ("a.yaml", "Type: AWS::ZzAi::Agent\n" * 5000),
        ("a.yaml", "- " * 50_000 + "bedrock:"),
        ("a.yaml", "{{ if }}\nType: AWS::ZzAi::Agent\n"),
        ("a.json", '{"\\ud800": {"Type": "AWS::ZzAi::Agent"}}'),
    ],
)
def test_hostile_documents(path: str, text: str) -> None:
    examined(text, path)
