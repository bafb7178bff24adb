"""CDK and Pulumi: constructs bound to imports, in every language, and what they grant."""

from __future__ import annotations

import pytest

from scanner.model.items import HitKind
from tests.detect.readers.infra import examined, tags

TYPESCRIPT = """\
import * as cdk from 'aws-cdk-lib';
import * as zz from 'aws-cdk-lib/aws-zzai';
import { CfnGuardrail } from 'aws-cdk-lib/aws-zzai';
import * as iam from "aws-cdk-lib/aws-iam";

export class Stack extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    const agent = new zz.CfnAgent(this, 'Helpdesk', {
      foundationModel: 'anthropic.claude-3-5-sonnet-20240620-v1:0',
      instruction: `Answer`,
    });
    // new zz.CfnAgent(this, 'Old')
    new CfnGuardrail(this, "Guard", { name: "g" });
    new zz.BrandNew(this, 'Thing', {});
    handlerRole.addToPolicy(
      new iam.PolicyStatement({
        actions: ["bedrock:*"],
        resources: ["*"],
      })
    );
    handlerRole.addToPolicy(new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      actions: ["sagemaker:InvokeEndpoint"],
      resources: ["*"],
    }));
  }
}
"""


def test_typescript() -> None:
    hits = examined(TYPESCRIPT, "cdk/lib/stack.ts")

    made = {hit.part: hit for hit in hits if hit.kind is HitKind.RESOURCE}
    assert {part: hit.line for part, hit in made.items()} == {
        "resource/AWS::ZzAi::Agent:Helpdesk": 8,
        "resource/AWS::ZzAi::Guardrail:Guard": 13,
        "resource/zzai.BrandNew:Thing": 14,
    }
    assert {hit.provider for hit in made.values()} == {"zz_test_cloud"}
    agent = made["resource/AWS::ZzAi::Agent:Helpdesk"]
    assert (agent.asset_class, agent.models) == (
        "agent", ("anthropic.claude-3-5-sonnet-20240620-v1:0",),
    )  # fmt: skip
    (grant,) = [hit for hit in hits if hit.kind is HitKind.GRANT]
    assert (grant.part, grant.line, tags(grant)) == (
        "grant/aws_bedrock", 17, {"actions": "bedrock:*"},
    )  # fmt: skip
    imports = [hit for hit in hits if hit.kind is HitKind.IMPORT]
    assert {(hit.label, hit.provider, hit.line) for hit in imports} == {
        ("aws-cdk-lib/aws-zzai", "zz_test_cloud", 2), ("aws-cdk-lib/aws-zzai", "zz_test_cloud", 3),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "part", "line"),
    [
        ("app.py", "from aws_cdk import (\n    aws_s3 as s3,\n    aws_zzai as zz,\n)\n"
         "zz.CfnAgent(self, 'Bot', name='x')\n", "resource/AWS::ZzAi::Agent:Bot", 5),
        ("app.py", "import aws_cdk.aws_zzai_alpha as zz\nzz.KnowledgeBase(self, 'Kb')\n",
         "resource/AWS::ZzAi::KnowledgeBase:Kb", 2),
        ("app.py", "from aws_cdk.aws_zzai import CfnAgent\nCfnAgent(self, \"Bot\")\n",
         "resource/AWS::ZzAi::Agent:Bot", 2),
        ("a.ts", "import { aws_zzai as zz } from 'aws-cdk-lib';\n"
         "new zz.CfnAgent(this, 'Bot', {})\n", "resource/AWS::ZzAi::Agent:Bot", 2),
        ("a.ts", "import { Agent } from '@aws-cdk/aws-zzai-alpha';\nnew Agent(this, 'Bot', {})\n",
         "resource/AWS::ZzAi::Agent:Bot", 2),
        ("a.js", "const zz = require('aws-cdk-lib/aws-zzai');\nnew zz.CfnAgent(this, 'Bot')\n",
         "resource/AWS::ZzAi::Agent:Bot", 2),
        ("A.java", "import software.amazon.awscdk.services.zzai.CfnAgent;\n"
         "CfnAgent.Builder.create(this, \"Bot\").name(\"x\").build();\n",
         "resource/AWS::ZzAi::Agent:Bot", 2),
        ("A.cs", "using Amazon.CDK.AWS.ZzAi;\nnew CfnAgent(this, \"Bot\", new CfnAgentProps {});\n",
         "resource/AWS::ZzAi::Agent:Bot", 2),
        ("a.go", "import (\n\t\"github.com/aws/aws-cdk-go/awscdk/v2/awszzai\"\n)\n"
         "awszzai.NewCfnAgent(stack, jsii.String(\"Bot\"), nil)\n",
         "resource/AWS::ZzAi::Agent:Bot", 4),
        ("a.ts", "import * as zz from '@pulumi/zzcloud';\nnew zz.ai.Endpoint('ep', {});\n",
         "resource/zzcloud.ai.Endpoint:ep", 2),
        ("a.py", "import pulumi_aws as aws\naws.sagemaker.ZzEndpoint('ep')\n",
         "resource/aws.sagemaker.ZzEndpoint:ep", 2),
        ("a.py", "from pulumi_zzcloud import ai\nai.Endpoint('ep', region='x')\n",
         "resource/zzcloud.ai.Endpoint:ep", 2),
        ("a.py", "import pulumi_azure_native as az\naz.zzai.Deployment('gpt')\n",
         "resource/azure-native.zzai.Deployment:gpt", 2),
        ("a.go", "import (\n\t\"github.com/pulumi/pulumi-zzcloud/sdk/v6/go/zzcloud/ai\"\n)\n"
         "ai.NewEndpoint(ctx, \"ep\", nil)\n", "resource/zzcloud.ai.Endpoint:ep", 4),
        ("A.java", "import com.pulumi.zzcloud.ai.Endpoint;\nvar e = new Endpoint(\"ep\");\n",
         "resource/zzcloud.ai.Endpoint:ep", 2),
        ("A.cs", "using Aws = Pulumi.Aws;\nnew Aws.SageMaker.ZzEndpoint(\"ep\", new() {});\n",
         "resource/aws.SageMaker.ZzEndpoint:ep", 2),
        ("Pulumi.yaml", "name: x\nruntime: yaml\nresources:\n  ep:\n"
         "    type: zzcloud:ai/endpoint:Endpoint\n    properties:\n      region: eu\n",
         "resource/zzcloud.ai.Endpoint:ep", 5),
    ],
)  # fmt: skip
def test_every_language(path: str, text: str, part: str, line: int) -> None:
    hits = examined(text, path, HitKind.RESOURCE)

    assert [(hit.part, hit.line) for hit in hits] == [(part, line)]
    assert hits[0].provider.startswith("zz_test_")


@pytest.mark.parametrize(
    ("path", "text", "provider"),
    [
        ("a.py", "role.add_to_policy(iam.PolicyStatement(\n    effect=iam.Effect.ALLOW,\n"
         "    actions=['bedrock:InvokeModel'], resources=['*']))\n", "aws_bedrock"),
        ("A.java", "PolicyStatement.Builder.create().effect(Effect.ALLOW)\n"
         ".actions(List.of(\"sagemaker:InvokeEndpoint\")).build();\n", "aws_sagemaker"),
        ("A.cs", "new PolicyStatement(new PolicyStatementProps {\n"
         " Actions = new[] { \"bedrock:InvokeModel\" } });\n", "aws_bedrock"),
        ("a.go", "awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{\n"
         " Actions: jsii.Strings(\"bedrock:InvokeModel\"),\n})\n", "aws_bedrock"),
        ("a.go", "awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{\n"
         " Actions: &[]*string{jsii.String(\"bedrock:InvokeModel\")},\n})\n", "aws_bedrock"),
        ("a.ts", "const s = new PolicyStatement();\ns.addActions('bedrock:InvokeModel');\n",
         "aws_bedrock"),
        ("a.ts", "const policy = JSON.stringify({ Statement: [{\n Effect: 'Allow', "
         "Action: ['bedrock:InvokeModel'], Resource: '*' }] });\n", "aws_bedrock"),
        ("a.ts", "import * as cdk from 'aws-cdk-lib';\niam.ManagedPolicy."
         "fromAwsManagedPolicyName('AmazonBedrockFullAccess');\n", "aws_bedrock"),
        ("a.ts", "import * as gcp from '@pulumi/gcp';\nnew gcp.projects.IAMMember('x', "
         "{ role: 'roles/aiplatform.user' });\n", "google_vertex"),
    ],
)  # fmt: skip
def test_grants_in_every_language(path: str, text: str, provider: str) -> None:
    hits = examined(text, path, HitKind.GRANT)

    assert [(hit.part, hit.provider) for hit in hits] == [(f"grant/{provider}", provider)]
    assert hits[0].line in (2, 3)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.ts", "import { CfnAgent } from './own';\nnew CfnAgent(this, 'Bot');\n"),
        ("a.ts", "import * as s3 from 'aws-cdk-lib/aws-s3';\nnew s3.Bucket(this, 'B');\n"),
        ("a.ts", "if (action === 'bedrock:InvokeModel') { deny(); }\n"),
        ("a.ts", "new iam.PolicyStatement({ effect: Effect.DENY, actions: ['bedrock:*'] });\n"),
        ("a.py", "iam.PolicyStatement(actions=['bedrock:*'], effect=iam.Effect.DENY)\n"),
        ("a.py", "iam.PolicyStatement(not_actions=['bedrock:*'])\n"),
        ("a.py", "iam.PolicyStatement(actions=['bedrock:ListFoundationModels'])\n"),
        ("a.py", "# iam.PolicyStatement(actions=['bedrock:*'])\n"),
        ("A.java", "PolicyStatement.Builder.create().actions(List.of(\"bedrock:*\"))"
         ".effect(Effect.DENY).build();\n"),
        ("a.py", "import pulumi_aws as aws\naws.s3.Bucket('b')\n"),
        ("a.py", "model = 'bedrock:claude-3'\nmodels = ['bedrock:InvokeModel']\n"),
        ("a.ts", "import * as zz from 'aws-cdk-lib/aws-zzai';\n"
         "zz.Agent.fromAgentArn(this, 'A');\n"),
    ],
)  # fmt: skip
def test_what_is_not_bound_or_not_allowed_is_nothing(path: str, text: str) -> None:
    hits = examined(text, path)

    assert [hit for hit in hits if hit.kind in (HitKind.RESOURCE, HitKind.GRANT)] == []


def test_accelerators() -> None:
    text = """\
import * as ec2 from 'aws-cdk-lib/aws-ec2';
const one = new ec2.InstanceType('g5.xlarge');
const two = ec2.InstanceType.of(ec2.InstanceClass.P4D, ec2.InstanceSize.XLARGE24);
const three = { instanceType: 'ml.g6.2xlarge' };
const four = ec2.InstanceType.of(ec2.InstanceClass.T3, ec2.InstanceSize.MICRO);
"""
    hits = examined(text, "gpu.ts", HitKind.COMPUTE)

    assert {(hit.label, hit.line) for hit in hits} == {
        ("g5.xlarge", 2), ("p4d", 3), ("ml.g6.2xlarge", 4),
    }  # fmt: skip


@pytest.mark.parametrize("path", ["a.ts", "a.py", "A.java", "a.go", "A.cs", "Pulumi.yaml"])
@pytest.mark.parametrize(
    "text",
    [
        "import {" * 20_000 + " aws-cdk-lib bedrock:",
        "new zz.CfnAgent(" * 20_000 + "pulumi 'bedrock:*'",
        "import * as a from 'aws-cdk-lib/aws-zzai';" + "new a.Agent(this, 'x', {" * 5000,
        "runtime: yaml\n" + "  type: zzcloud:ai:Endpoint\n" * 2000,
        "`" * 50_000 + "pulumi",
        "actions: [" * 20_000 + "'bedrock:*'",
    ],
)
def test_hostile_programs(path: str, text: str) -> None:
    examined(text, path)
