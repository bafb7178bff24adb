"""Terraform: resources, modules, accelerators and grants, by structure and with their lines."""

from __future__ import annotations

import json

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags

ENDPOINT = """\
# zzcloud_ai_endpoint "commented" is not declared
resource "zzcloud_ai_endpoint" "chat" {
  name          = "chat-${var.stage}"
  region        = "eu-west-1"
  instance_type = "ml.g5.2xlarge"
  model_id      = "meta-llama/Llama-3.1-8B-Instruct"
  password      = "not-to-be-kept-Zk3vQ9xT2"
}

data "zzcloud_ai_index" "old" {
  name = "x"
}

resource "aws_instance" "web" {
  instance_type = "t3.micro"
}
"""


def test_a_resource_is_a_thing_of_its_own_with_its_literals() -> None:
    hits = examined(ENDPOINT, "infra/main.tf", HitKind.RESOURCE)

    made, read = hits
    assert (made.part, made.provider, made.line) == (
        "resource/zzcloud_ai_endpoint.chat", "zz_test_cloud", 2,
    )  # fmt: skip
    assert made.asset_class == "model_endpoint"
    assert tags(made) == {"region": "eu-west-1", "instance_type": "ml.g5.2xlarge"}
    assert made.models == ("meta-llama/Llama-3.1-8B-Instruct",)
    assert "not-to-be-kept" not in str(made)
    assert (read.part, read.line) == ("", 10)  # looked up, not declared here


def test_a_service_owns_its_unlisted_types_with_less_confidence() -> None:
    (hit,) = examined('resource "zzcloud_ai_brand_new" "x" {}\n', "a.tf", HitKind.RESOURCE)

    assert (hit.provider, hit.confidence, hit.asset_class) == ("zz_test_cloud", "medium", "other")


def test_accelerators_are_asked_for_by_type_not_by_a_list_of_what_is_allowed() -> None:
    text = """\
variable "kind" {
  default = "g5.xlarge"
  validation {
    condition = contains(["p4d.24xlarge", "p5.48xlarge"], var.kind)
  }
}
resource "google_container_node_pool" "gpu" {
  node_config {
    machine_type = "a2-highgpu-1g"
    guest_accelerator {
      type  = "nvidia-tesla-a100"
      count = 1
    }
  }
}
resource "azurerm_kubernetes_cluster_node_pool" "gpu" {
  vm_size = "Standard_NC24ads_A100_v4"
}
module "eks" {
  eks_managed_node_groups = {
    gpu = { instance_types = ["trn1.32xlarge", "inf2.xlarge"] }
  }
}
locals { note = "p3.2xlarge" }
"""
    hits = examined(text, "gpu.tf", HitKind.COMPUTE)

    assert {(hit.label, hit.line) for hit in hits} == {
        ("g5.xlarge", 2), ("a2-highgpu-1g", 9), ("nvidia-tesla-a100", 11),
        ("Standard_NC24ads_A100_v4", 17), ("trn1.32xlarge", 21), ("inf2.xlarge", 21),
    }  # fmt: skip
    assert {(hit.part, hit.asset_class, hit.provider) for hit in hits} == {
        ("compute/gpu", "compute", "")
    }


POLICY = """\
data "aws_iam_policy_document" "app" {
  statement {
    sid     = "CallModels"
    actions = [
      "s3:GetObject",
      "bedrock:InvokeModel*", # and streams
      "bedrock:ListFoundationModels",
      "bedrock:Converse",
    ]
    resources = ["arn:aws:bedrock:*::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"]
  }
  statement {
    effect    = "Deny"
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = ["*"]
  }
  statement {
    not_actions = ["bedrock:CreateAgent"]
    resources   = ["*"]
  }
}
"""


def test_a_statement_grants_what_it_allows_not_what_it_denies_or_excepts() -> None:
    (hit,) = examined(POLICY, "iam.tf", HitKind.GRANT)

    assert (hit.part, hit.provider, hit.line) == ("grant/aws_bedrock", "aws_bedrock", 6)
    assert tags(hit)["actions"] == "bedrock:Converse, bedrock:InvokeModel*"
    assert hit.models == ("anthropic.claude-3-haiku-20240307-v1:0",)


@pytest.mark.parametrize(
    ("policy", "part"),
    [
        (
            'policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["bedrock:*"], '
            'Resource = "*" }] })',
            "grant/aws_bedrock",
        ),
        (
            'policy = <<EOF\n{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",\n'
            '"Action": "sagemaker:Create*", "Resource": "*"}]}\nEOF\n',
            "grant/aws_sagemaker",
        ),
        ('policy_arn = "arn:aws:iam::aws:policy/AmazonBedrockFullAccess"', "grant/aws_bedrock"),
        (
            'policy_arns = [\n "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]',
            "grant/aws_sagemaker",
        ),
        ('role = "roles/aiplatform.user"', "grant/google_vertex"),
        ('permissions = ["storage.get", "aiplatform.endpoints.predict"]', "grant/google_vertex"),
        ('role_definition_name = "Cognitive Services OpenAI User"', "grant/azure_openai"),
    ],
)
def test_grants_in_every_form(policy: str, part: str) -> None:
    hits = examined(f'resource "x_y" "z" {{\n  {policy}\n}}\n', "iam.tf", HitKind.GRANT)

    assert [hit.part for hit in hits] == [part]
    assert hits[0].line >= 2


@pytest.mark.parametrize(
    "text",
    [
        'policy = jsonencode({Statement = [{Effect = "Deny", Action = "bedrock:*"}]})',
        'policy = jsonencode({Statement = [{Action = "bedrock:*", Effect = "Deny"}]})',
        'actions = ["bedrock:ListFoundationModels", "bedrock:Get*", "sagemaker:DescribeEndpoint"]',
        'actions = ["*"]',
        'role = "roles/aiplatform.viewer"',
        'description = "grants roles/aiplatform.user to nobody"',
        'name = "bedrock:InvokeModel"',
        '# actions = ["bedrock:InvokeModel"]',
        'policy_arn = "arn:aws:iam::aws:policy/AmazonBedrockReadOnly"',
        'managed_policy = "AmazonSageMakerReadOnly"',
    ],
)
def test_what_allows_nobody_to_use_models_is_no_grant(text: str) -> None:
    assert examined(f'resource "x_y" "z" {{\n  {text}\n}}\n', "iam.tf", HitKind.GRANT) == []


def test_a_module_that_wraps_an_ai_service() -> None:
    text = """\
module "agent" {
  source           = "aws-ia/bedrock/aws"
  version          = "0.0.26"
  foundation_model = "anthropic.claude-v2"
}
module "ep" {
  source = "./modules/sagemaker-endpoint"
}
module "vpc" {
  source = "terraform-aws-modules/vpc/aws"
}
"""
    one, two = examined(text, "main.tf", HitKind.RESOURCE)

    assert (one.part, one.provider, one.line) == ("resource/module.agent", "aws_bedrock", 2)
    assert one.models == ("anthropic.claude-v2",)
    assert tags(one)["module"] == "aws-ia/bedrock/aws"
    assert (two.part, two.provider) == ("resource/module.ep", "aws_sagemaker")


def test_the_json_form() -> None:
    document = {
        "resource": {
            "zzcloud_ai_endpoint": {"chat": {"region": "eu-west-1", "name": "${var.x}"}},
            "aws_iam_policy": {
                "p": {"policy": '${jsonencode({"Statement": []})}', "Effect": "Allow",
                      "Action": "bedrock:InvokeModel"}
            },
        }
    }  # fmt: skip
    hits = examined(json.dumps(document, indent=1), "main.tf.json")
    parts = {hit.part for hit in hits if hit.part}

    assert parts == {"resource/zzcloud_ai_endpoint.chat", "grant/aws_bedrock"}
    (made,) = [hit for hit in hits if hit.kind is HitKind.RESOURCE]
    assert (made.line, tags(made)) == (3, {"region": "eu-west-1"})


def test_cloud_control_and_azapi_types_are_those_of_their_clouds() -> None:
    text = """\
resource "awscc_zz_ai_knowledge_base" "kb" {
}
resource "azapi_resource" "acc" {
  type = "Microsoft.ZzAi/accounts@2024-10-01"
}
"""
    one, two = examined(text, "main.tf", HitKind.RESOURCE)

    assert (one.provider, one.asset_class) == ("zz_test_cloud", "knowledge_base")
    assert (two.part, two.line) == ("resource/Microsoft.ZzAi/accounts.acc", 3)


def test_an_azure_deployment_names_model_and_version() -> None:
    text = """\
resource "zzcloud_ai_endpoint" "gpt" {
  model {
    format  = "OpenAI"
    name    = "gpt-4o"
    version = "2024-08-06"
  }
}
"""
    (hit,) = examined(text, "main.tf", HitKind.RESOURCE)

    assert hit.models == ("gpt-4o-2024-08-06",)


@pytest.mark.parametrize(
    "text",
    [
        'resource "zzcloud_ai_endpoint" "x" {' * 3000,
        "{" * 200_000 + '"bedrock:InvokeModel"',
        'actions = ["bedrock:*"' * 2000,
        '"\\"' * 100_000 + "bedrock:",
        "/*" * 100_000 + 'resource "zzcloud_ai_endpoint" "x" {}',
        'resource "zzcloud_ai_endpoint" "x" { }}}}}]]])',
        "action" * 50_000 + '"bedrock:*"',
    ],
)
def test_hostile_text_neither_raises_nor_hangs(text: str) -> None:
    examined(text, "main.tf")


@pytest.mark.parametrize(
    "document",
    [[], {"resource": 1}, {"resource": {"zzcloud_ai_endpoint": [1, {"a": None}]}},
     {"resource": [{"zzcloud_ai_endpoint": {"a": [[[{}]]]}}]},
     {"Effect": "Allow", "Action": {"a": [None, 3]}}],
)  # fmt: skip
def test_hostile_json(document: object) -> None:
    examined(json.dumps(document), "main.tf.json")
