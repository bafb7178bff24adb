"""What people run by themselves: only accelerators of many machines, models behind containers, keys
in plain sight, doors without locks. The detector is the real one."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.model.coverage import Outcome
from scanner.model.facts import AssetClass
from tests.aws_rig import ANY, Fault, Rig, denied
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan, own_arn

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def _instances(rig: Rig, *instances: dict[str, Any]) -> None:
    for number, instance in enumerate(instances):
        rig.world.plant(
            ACCOUNT, HOME, "ec2:DescribeInstances", "Reservations",
            {"ReservationId": f"r-{number}", "Instances": [instance]},
        )  # fmt: skip


def _instance(ident: str, machine: str, **more: Any) -> dict[str, Any]:
    return {
        "InstanceId": ident,
        "InstanceType": machine,
        "State": {"Name": "running", "Code": 16},
        "LaunchTime": THEN,
        **more,
    }


def test_only_machines_with_accelerators_come_out(rig: Rig, scan: Scan) -> None:
    stack = own_arn("cloudformation", "stack/ml/1")
    _instances(
        rig,
        _instance("i-gpu", "g5.xlarge", PublicIpAddress="203.0.113.7", IamInstanceProfile={
            "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/trainer", "Id": "x"},
            Tags=[{"Key": "Name", "Value": "llm-box"}, {"Key": "team", "Value": "research"},
                  {"Key": "aws:cloudformation:stack-id", "Value": stack},
                  {"Key": "repository", "Value": "https://github.com/acme/llm-box/tree/main/deploy"}]),
        _instance("i-cpu", "m5.large"),
        _instance("i-neuron", "trn1.32xlarge"),
        _instance("i-gone", "p4d.24xlarge", State={"Name": "terminated", "Code": 48}),
        _instance("i-web", "t3.micro"),
    )  # fmt: skip
    done = scan("compute")
    assert done.assets("aws.ec2_instance").keys() == {"i-gpu", "i-neuron"}
    assert done.assets("aws.ec2_host") == {}
    gpu = done.assets()["i-gpu"]
    assert gpu.asset_class is AssetClass.COMPUTE
    assert gpu.is_ai
    assert gpu.exposure == ("public address",)
    assert gpu.tags["team"] == "research"
    assert gpu.tags["instance_type"] == "g5.xlarge"
    assert done.assets()["i-neuron"].exposure == ("private",)
    assert {
        (gpu.id, "runs_as", f"arn:aws:iam::{ACCOUNT}:instance-profile/trainer"),
        (stack, "contains", gpu.id),
        (gpu.id, "derived_from", "git:github.com/acme/llm-box"),
    } <= done.edges()
    assert rig.called("ec2:DescribeInstances") == 3  # five reservations, two a page
    assert rig.called("ec2:DescribeInstanceAttribute") == 0
    assert rig.rejected == rig.wrong == []


def test_start_up_scripts_are_read_where_it_is_wanted(
    rig: Rig, scan: Scan, made_up_key: Callable[[str], str]
) -> None:
    key = made_up_key("user data")
    _instances(rig, _instance("i-gpu", "g5.xlarge"), _instance("i-cpu", "m5.large"))
    script = f"#!/bin/bash\nexport ANTHROPIC_API_KEY={key}\npip install vllm\nollama pull llama3\n"
    for ident, text in (("i-gpu", gzip.compress(script.encode())), ("i-cpu", script.encode())):
        rig.world.answer(
            ACCOUNT, HOME, "ec2:DescribeInstanceAttribute",
            {"InstanceId": ident, "Attribute": "userData"},
            {"InstanceId": ident, "UserData": {"Value": base64.b64encode(text).decode()}},
        )  # fmt: skip
    done = scan("compute", read_user_data=True)
    for name, kind in (("i-gpu", "aws.ec2_instance"), ("i-cpu", "aws.ec2_host")):
        parts = done.under(done.assets(kind)[name].id)
        assert {"#ai/anthropic", "#ai/vllm", "#ai/ollama"} <= parts.keys()
        assert parts["#ai/ollama"].models == ("llama3",)
    assert not done.assets("aws.ec2_host")["i-cpu"].is_ai
    assert len(done.credentials()) == 1
    assert key not in done.text()


def test_groups_templates_reservations_and_images(rig: Rig, scan: Scan) -> None:
    plant = rig.world.plant
    for number, machine in enumerate(("p5.48xlarge", "c7g.large")):
        plant(ACCOUNT, HOME, "ec2:DescribeLaunchTemplateVersions", "LaunchTemplateVersions", {
            "LaunchTemplateId": f"lt-{number}", "LaunchTemplateName": f"template-{number}",
            "VersionNumber": 3, "CreatedBy": f"arn:aws:iam::{ACCOUNT}:user/ada",
            "LaunchTemplateData": {"InstanceType": machine},
        })  # fmt: skip
        plant(ACCOUNT, HOME, "autoscaling:DescribeAutoScalingGroups", "AutoScalingGroups", {
            "AutoScalingGroupName": f"group-{number}",
            "AutoScalingGroupARN": own_arn("autoscaling", f"autoScalingGroup:{number}"),
            "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0, "DefaultCooldown": 1,
            "AvailabilityZones": ["a"], "HealthCheckType": "EC2", "CreatedTime": THEN,
            "MixedInstancesPolicy": {"LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": f"lt-{number}"},
                "Overrides": [{"InstanceType": machine}]}},
        })  # fmt: skip
        plant(ACCOUNT, HOME, "ec2:DescribeCapacityReservations", "CapacityReservations", {
            "CapacityReservationId": f"cr-{number}", "InstanceType": machine, "State": "active",
            "CapacityReservationArn": own_arn("ec2", f"capacity-reservation/cr-{number}"),
            "ReservationType": "capacity-block",
        })  # fmt: skip
    for number, name in enumerate(("acme-deep-learning-base-2026", "acme-web-2026")):
        plant(ACCOUNT, HOME, "ec2:DescribeImages", "Images", {
            "ImageId": f"ami-{number}", "Name": name, "State": "available", "Public": number == 0,
        })  # fmt: skip
    done = scan("compute")
    assert done.assets("aws.ec2_launch_template").keys() == {"template-0"}
    assert done.assets("aws.autoscaling_group").keys() == {"group-0"}
    assert done.assets("aws.ec2_capacity_reservation").keys() == {"cr-0"}
    (image,) = done.assets("aws.ec2_image").values()
    assert image.exposure == ("public",)
    template = done.assets()["template-0"]
    assert (done.assets()["group-0"].id, "configured_by", template.id) in done.edges()
    assert (template.id, "created_by", f"arn:aws:iam::{ACCOUNT}:user/ada") in done.edges()


def _task(rig: Rig, family: str, **container: Any) -> None:
    rig.world.plant(ACCOUNT, HOME, "ecs:ListTaskDefinitionFamilies", "families", family,
                    where={"status": "ACTIVE"})  # fmt: skip
    rig.world.answer(
        ACCOUNT, HOME, "ecs:DescribeTaskDefinition", {"taskDefinition": family},
        {
            "taskDefinition": {
                "taskDefinitionArn": own_arn("ecs", f"task-definition/{family}:12"),
                "family": family, "revision": 12, "status": "ACTIVE", "registeredAt": THEN,
                "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{family}",
                "registeredBy": f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ada@example.com",
                "containerDefinitions": [{"name": "main", **container}],
            },
            "tags": [{"key": "owner", "value": "ml@example.com"}],
        },
    )  # fmt: skip


def test_a_container_that_serves_a_model_with_a_key_from_a_secret(rig: Rig, scan: Scan) -> None:
    secret = own_arn("secretsmanager", "secret:prod/openai-AbCdEf")
    _task(
        rig, "chat",
        image="vllm/vllm-openai:v0.9", command=["--model", "Qwen/Qwen2.5-7B-Instruct"],
        secrets=[{"name": "OPENAI_API_KEY", "valueFrom": f"{secret}:key::"},
                 {"name": "MISTRAL_API_KEY", "valueFrom": "prod-mistral"}],
        environment=[{"name": "LOG_LEVEL", "value": "info"}],
        resourceRequirements=[{"type": "GPU", "value": "1"}],
    )  # fmt: skip
    _task(rig, "web", image="nginx:1.27", command=["nginx"])
    cluster = own_arn("ecs", "cluster/prod")
    rig.world.plant(ACCOUNT, HOME, "ecs:ListClusters", "clusterArns", cluster)
    rig.world.answer(ACCOUNT, HOME, "ecs:DescribeClusters", {"clusters": [cluster]},
                     {"clusters": [{"clusterArn": cluster, "status": "ACTIVE"}]})  # fmt: skip
    services = [f"{cluster.replace('cluster', 'service')}/s{n}" for n in range(12)]
    rig.world.plant(ACCOUNT, HOME, "ecs:ListServices", "serviceArns", *services,
                    where={"cluster": cluster})  # fmt: skip

    def describe(asked: Any) -> Any:
        return {"services": [
            {"serviceArn": arn, "status": "ACTIVE", "createdAt": THEN,
             "taskDefinition": own_arn("ecs", "task-definition/chat:11"),
             "networkConfiguration": {"awsvpcConfiguration": {
                 "subnets": ["s"], "assignPublicIp": "ENABLED"}}}
            for arn in asked.params["services"]
        ]}  # fmt: skip

    rig.world.handle("ecs:DescribeServices", describe)
    done = scan("containers")
    task = done.assets("aws.ecs_task_definition")["chat"]
    assert task.id == own_arn("ecs", "task-definition/chat")  # of all revisions
    assert task.tags["owner"] == "ml@example.com"
    assert not task.is_ai
    parts = done.under(task.id)
    assert parts.keys() >= {"#ai/vllm", "#ai/openai", "#ai/mistral", "#compute/gpu"}
    assert parts["#ai/vllm"].models == ("Qwen/Qwen2.5-7B-Instruct",)
    assert parts["#compute/gpu"].asset_class is AssetClass.COMPUTE
    assert done.under(own_arn("ecs", "task-definition/web")) == {}
    assert {
        (task.id, "reads_from", secret),
        (task.id, "reads_from", own_arn("ssm", "parameter/prod-mistral")),
        (task.id, "runs_as", f"arn:aws:iam::{ACCOUNT}:role/chat"),
        (task.id, "created_by", f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ada@example.com"),
        (services[0], "configured_by", task.id),
        (cluster, "contains", services[0]),
    } <= done.edges()
    assert len(done.assets("aws.ecs_service")) == 12
    assert rig.called("ecs:DescribeServices") == 2  # ten at once
    assert done.assets("aws.ecs_service")["prod/s0"].exposure == ("public address",)
    assert rig.rejected == rig.wrong == []


def test_details_that_are_denied_leave_what_the_list_has_shown(rig: Rig, scan: Scan) -> None:
    cluster = own_arn("ecs", "cluster/prod")
    rig.world.plant(ACCOUNT, HOME, "ecs:ListClusters", "clusterArns", cluster)
    rig.world.plant(ACCOUNT, HOME, "codebuild:ListProjects", "projects", "train")
    rig.strike("ecs:DescribeClusters", denied())
    rig.strike("codebuild:BatchGetProjects", denied())
    done = scan("containers", "delivery")
    assert done.assets("aws.ecs_cluster").keys() == {"prod"}
    assert done.assets("aws.codebuild_project").keys() == {"train"}
    for family, operation in (
        ("containers", "ecs:DescribeClusters"),
        ("delivery", "codebuild:BatchGetProjects"),
    ):
        row = done.rows[f"aws:{ACCOUNT}/{HOME}/{family}"]
        assert row.status is Outcome.PARTIAL
        assert f"grant {operation}" in " ".join(row.gaps)


def test_machines_whose_type_may_not_be_read_are_kept(rig: Rig, scan: Scan) -> None:
    rig.world.plant(ACCOUNT, HOME, "eks:ListClusters", "clusters", "prod")
    rig.world.answer(ACCOUNT, HOME, "eks:DescribeCluster", {"name": "prod"}, {"cluster": {
        "name": "prod", "resourcesVpcConfig": {
            "endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}}})  # fmt: skip
    groups = {"gpu": (["g6.2xlarge"], "AL2023_x86_64_NVIDIA"), "cpu": (["m7i.large"], "AL2_x86_64")}
    rig.world.plant(ACCOUNT, HOME, "eks:ListNodegroups", "nodegroups", *groups, "secret-group",
                    where={"clusterName": "prod"})  # fmt: skip
    for name, (machines, image) in groups.items():
        rig.world.answer(
            ACCOUNT, HOME, "eks:DescribeNodegroup", {"clusterName": "prod", "nodegroupName": name},
            {"nodegroup": {"nodegroupName": name, "instanceTypes": machines, "amiType": image}},
        )  # fmt: skip
    rig.world.handle(
        "eks:DescribeNodegroup",
        lambda asked: denied() if asked.params["nodegroupName"] == "secret-group" else None,
    )
    done = scan("containers")
    assert done.assets("aws.eks_node_group").keys() == {"gpu", "secret-group"}
    assert done.assets("aws.eks_cluster")["prod"].exposure == ("public address", "any network")
    assert done.rows[f"aws:{ACCOUNT}/{HOME}/containers"].status is Outcome.PARTIAL


def test_a_function_that_anybody_may_call(rig: Rig, scan: Scan) -> None:
    for name, auth in (("open", "NONE"), ("closed", "AWS_IAM"), ("inner", "")):
        arn = own_arn("lambda", f"function:{name}")
        rig.world.plant(ACCOUNT, HOME, "lambda:ListFunctions", "Functions", {
            "FunctionName": name, "FunctionArn": arn, "Runtime": "python3.13",
            "Environment": {"Variables": {"MODEL_ID": "anthropic.claude-3-haiku-20240307-v1:0"}},
            "Layers": [{"Arn": own_arn("lambda", "layer:langchain:7")}],
        })  # fmt: skip
        if auth:
            rig.world.plant(
                ACCOUNT, HOME, "lambda:ListFunctionUrlConfigs", "FunctionUrlConfigs",
                {"FunctionUrl": f"https://{name}.lambda-url.{HOME}.on.aws/", "FunctionArn": arn,
                 "AuthType": auth, "CreationTime": "x", "LastModifiedTime": "x"},
                where={"FunctionName": arn},
            )  # fmt: skip
    done = scan("lambda")
    functions = done.assets("aws.lambda_function")
    assert functions["open"].exposure == ("public", "no authentication")
    assert functions["open"].aliases == (f"https://open.lambda-url.{HOME}.on.aws/",)
    assert functions["closed"].exposure == ("authentication by IAM",)
    assert functions["inner"].exposure == ()
    layer = own_arn("lambda", "layer:langchain")
    assert (functions["open"].id, "configured_by", layer) in done.edges()
    part = done.under(functions["open"].id)["#ai/aws_bedrock"]
    assert part.models == ("anthropic.claude-3-haiku-20240307-v1:0",)


def test_a_state_machine_that_asks_a_model(rig: Rig, scan: Scan) -> None:
    definitions = {
        "ask": {"StartAt": "Ask", "States": {"Ask": {
            "Type": "Task", "Resource": "arn:aws:states:::bedrock:invokeModel",
            "Parameters": {"ModelId": "anthropic.claude-3-haiku-20240307-v1:0"}, "End": True}}},
        "move": {"StartAt": "Move", "States": {"Move": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}}},
    }  # fmt: skip
    for name, definition in definitions.items():
        arn = own_arn("states", f"stateMachine:{name}")
        rig.world.resource(
            ACCOUNT, HOME, list="stepfunctions:ListStateMachines",
            detail="stepfunctions:DescribeStateMachine",
            record={"stateMachineArn": arn, "name": name, "type": "STANDARD", "creationDate": THEN,
                    "definition": json.dumps(definition),
                    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/flow"},
        )  # fmt: skip
    rig.world.plant(
        ACCOUNT, HOME, "resourcegroupstaggingapi:GetResources", "ResourceTagMappingList",
        {"ResourceARN": own_arn("states", "stateMachine:move"),
         "Tags": [{"Key": "team", "Value": "ops"}]},
    )  # fmt: skip
    done = scan("delivery")
    asks, moves = (own_arn("states", f"stateMachine:{name}") for name in ("ask", "move"))
    part = done.under(asks)["#ai/aws_bedrock"]
    assert part.models == ("anthropic.claude-3-haiku-20240307-v1:0",)
    assert done.under(moves) == {}
    assert done.assets()["move"].tags["team"] == "ops"
    assert (asks, "runs_as", f"arn:aws:iam::{ACCOUNT}:role/flow") in done.edges()


def test_a_build_with_a_key_in_plain_sight(
    rig: Rig, scan: Scan, made_up_key: Callable[[str], str]
) -> None:
    key = made_up_key("build")
    buildspec = "version: 0.2\nphases:\n  build:\n    commands:\n      - pip install openai\n"
    projects = [f"project-{number:03d}" for number in range(205)]
    rig.page_size = 100
    rig.world.plant(ACCOUNT, HOME, "codebuild:ListProjects", "projects", *projects)

    def describe(asked: Any) -> Any:
        return {"projects": [
            {"name": name, "arn": own_arn("codebuild", f"project/{name}"),
             "source": {"type": "GITHUB", "location": "https://github.com/acme/portal.git",
                        "buildspec": buildspec if name == "project-000" else "build.yml"},
             "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                             "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": [
                                 {"name": "ANTHROPIC_API_KEY", "value": key, "type": "PLAINTEXT"},
                                 {"name": "COHERE_API_KEY", "value": "prod/cohere-key-of-the-team",
                                  "type": "SECRETS_MANAGER"}]
                             if name == "project-000" else []},
             "serviceRole": f"arn:aws:iam::{ACCOUNT}:role/build"}
            for name in asked.params["names"]
        ]}  # fmt: skip

    rig.world.handle("codebuild:BatchGetProjects", describe)
    done = scan("delivery")
    first = own_arn("codebuild", "project/project-000")
    assert len(done.assets("aws.codebuild_project")) == 205
    assert rig.called("codebuild:BatchGetProjects") == 3
    assert done.under(first).keys() == {"#ai/anthropic", "#ai/cohere", "#ai/openai"}
    (credential,) = done.credentials()
    assert credential.issuer == "anthropic"
    assert (credential.id, "stored_in", first) in done.edges()
    assert (first, "derived_from", "git:github.com/acme/portal") in done.edges()
    assert key not in done.text()
    assert rig.rejected == rig.wrong == []


def test_repositories_and_stacks(rig: Rig, scan: Scan) -> None:
    for name in ("ollama/ollama", "acme/web"):
        rig.world.plant(ACCOUNT, HOME, "ecr:DescribeRepositories", "repositories", {
            "repositoryArn": own_arn("ecr", f"repository/{name}"), "repositoryName": name,
            "repositoryUri": f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/{name}",
        })  # fmt: skip
    stack = own_arn("cloudformation", "stack/chat/1")
    rig.world.plant(ACCOUNT, HOME, "cloudformation:DescribeStacks", "Stacks", {
        "StackId": stack, "StackName": "chat", "CreationTime": THEN,
        "StackStatus": "CREATE_COMPLETE",
        "Parameters": [{"ParameterKey": "ModelId", "ParameterValue": "amazon.nova-pro-v1:0"}],
        "Tags": [{"Key": "git-repo", "Value": "git@gitlab.example.com:ml/chat.git"}],
    })  # fmt: skip
    rig.world.answer(
        ACCOUNT,
        HOME,
        "cloudformation:GetTemplateSummary",
        {"StackName": stack},
        {
            "Metadata": json.dumps(
                {
                    "AWS::ServerlessRepo::Application": {
                        "HomePageUrl": "https://chat.example.com",
                        "Name": "chat",
                        "SourceCodeUrl": "https://github.com/acme/chat-template/tree/main",
                    }
                }
            )
        },
    )
    rig.world.answer(ACCOUNT, HOME, "cloudformation:GetTemplate", {"StackName": stack}, {
        "TemplateBody": json.dumps({"Resources": {"Ask": {
            "Type": "AWS::Lambda::Function", "Properties": {"Code": {
                "ZipFile": "import anthropic\nanthropic.Anthropic()"}}}}})})  # fmt: skip
    done = scan("containers", "delivery")
    images = done.under(own_arn("ecr", "repository/ollama/ollama"))
    assert images.keys() == {"#ai/ollama"}
    assert done.under(own_arn("ecr", "repository/acme/web")) == {}
    assert done.under(stack)["#ai/aws_bedrock"].models == ("amazon.nova-pro-v1:0",)
    assert (stack, "derived_from", "git:gitlab.example.com/ml/chat") in done.edges()
    assert (stack, "derived_from", "git:github.com/acme/chat-template") in done.edges()
    assert rig.called("cloudformation:GetTemplate") == 0
    scan("delivery", stack_templates=True)
    assert rig.called("cloudformation:GetTemplate") == 1


@pytest.mark.parametrize(
    "kind",
    [
        "aws.apprunner_service",
        "aws.amplify_app",
        "aws.elasticbeanstalk_environment",
        "aws.lightsail_container_service",
        "aws.mwaa_environment",
        "aws.batch_job_definition",
        "aws.glue_job",
    ],
)
def test_variables_of_every_platform_are_read(
    rig: Rig, scan: Scan, made_up_key: Callable[[str], str], kind: str
) -> None:
    key = made_up_key(kind)
    _PLATFORMS[kind](rig, {"ANTHROPIC_API_KEY": key})
    done = scan("containers", "delivery", "compute")
    (asset,) = done.assets(kind).values()
    assert "#ai/anthropic" in done.under(asset.id), kind
    assert [credential.issuer for credential in done.credentials()] == ["anthropic"]
    assert key not in done.text()


def _apprunner(rig: Rig, variables: dict[str, str]) -> None:
    arn = own_arn("apprunner", "service/chat/1")
    summary = {"ServiceName": "chat", "ServiceArn": arn, "ServiceId": "1" * 32}
    image = {"ImageIdentifier": "public.ecr.aws/x/y:1", "ImageRepositoryType": "ECR_PUBLIC",
             "ImageConfiguration": {"RuntimeEnvironmentVariables": variables}}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "apprunner:ListServices", "ServiceSummaryList", summary)
    rig.world.answer(ACCOUNT, HOME, "apprunner:DescribeService", {"ServiceArn": arn}, {
        "Service": {**summary, "SourceConfiguration": {"ImageRepository": image}}})  # fmt: skip


def _amplify(rig: Rig, variables: dict[str, str]) -> None:
    rig.world.plant(ACCOUNT, HOME, "amplify:ListApps", "apps", {
        "appId": "d1", "appArn": own_arn("amplify", "apps/d1"), "name": "portal",
        "environmentVariables": variables})  # fmt: skip


def _beanstalk(rig: Rig, variables: dict[str, str]) -> None:
    where = {"ApplicationName": "app", "EnvironmentName": "prod"}
    arn = own_arn("elasticbeanstalk", "environment/app/prod")
    rig.world.plant(ACCOUNT, HOME, "elasticbeanstalk:DescribeEnvironments", "Environments",
                    {**where, "EnvironmentArn": arn})  # fmt: skip
    options = [
        {"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": name,
         "Value": value}
        for name, value in variables.items()
    ]  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "elasticbeanstalk:DescribeConfigurationSettings", where, {
        "ConfigurationSettings": [{**where, "OptionSettings": options}]})  # fmt: skip


def _lightsail(rig: Rig, variables: dict[str, str]) -> None:
    rig.world.plant(ACCOUNT, HOME, "lightsail:GetContainerServices", "containerServices", {
        "containerServiceName": "chat", "arn": own_arn("lightsail", "ContainerService/1"),
        "currentDeployment": {"containers": {"main": {"image": "x", "environment": variables}}},
    })  # fmt: skip


def _mwaa(rig: Rig, variables: dict[str, str]) -> None:
    rig.world.plant(ACCOUNT, HOME, "mwaa:ListEnvironments", "Environments", "flows")
    rig.world.answer(ACCOUNT, HOME, "mwaa:GetEnvironment", {"Name": "flows"}, {
        "Environment": {"Name": "flows", "AirflowConfigurationOptions": variables}})  # fmt: skip


def _batch(rig: Rig, variables: dict[str, str]) -> None:
    pairs = [{"name": name, "value": value} for name, value in variables.items()]
    rig.world.plant(ACCOUNT, HOME, "batch:DescribeJobDefinitions", "jobDefinitions", {
        "jobDefinitionName": "train",
        "jobDefinitionArn": own_arn("batch", "job-definition/train:3"), "revision": 3,
        "type": "container",
        "containerProperties": {"image": "x", "environment": pairs}},
        where={"status": ANY})  # fmt: skip


def _glue(rig: Rig, variables: dict[str, str]) -> None:
    arguments = {f"--{name}": value for name, value in variables.items()}
    rig.world.plant(ACCOUNT, HOME, "glue:GetJobs", "Jobs", {
        "Name": "etl", "DefaultArguments": arguments})  # fmt: skip


_PLATFORMS: dict[str, Callable[[Rig, dict[str, str]], None]] = {
    "aws.apprunner_service": _apprunner,
    "aws.amplify_app": _amplify,
    "aws.elasticbeanstalk_environment": _beanstalk,
    "aws.lightsail_container_service": _lightsail,
    "aws.mwaa_environment": _mwaa,
    "aws.batch_job_definition": _batch,
    "aws.glue_job": _glue,
}


def test_a_service_that_nobody_signed_up_for_is_no_gap(rig: Rig, scan: Scan) -> None:

    said = (
        "Operation is being called from endpoint us-east-1, but your identity region is eu-west-1."
    )
    rig.strike("quicksight:*", Fault(code="AccessDeniedException", status=401, message=said))
    rig.strike("forecast:*", Fault(code="AccessDeniedException", status=400, message=(
        "Amazon Forecast is no longer available to new customers")))  # fmt: skip
    rig.strike("emr:*", Fault(code="SubscriptionRequiredException", status=400, message="x"))
    done = scan("assistants", "predictions", "containers")
    families = {row.status for shard, row in done.rows.items() if f"/{HOME}/" in shard}
    assert families == {Outcome.COMPLETE}


def test_the_revision_that_a_service_runs_is_read_though_it_is_not_the_newest(
    rig: Rig, scan: Scan
) -> None:
    cluster = own_arn("ecs", "cluster/c")
    service = own_arn("ecs", "service/c/chat")
    runs = own_arn("ecs", "task-definition/chat:3")
    rig.world.plant(ACCOUNT, HOME, "ecs:ListClusters", "clusterArns", cluster)
    rig.world.plant(ACCOUNT, HOME, "ecs:ListServices", "serviceArns", service)
    rig.world.handle("ecs:DescribeClusters", lambda asked: {
        "clusters": [{"clusterArn": cluster, "clusterName": "c"}]})  # fmt: skip
    rig.world.handle("ecs:DescribeServices", lambda asked: {
        "services": [{"serviceArn": service, "taskDefinition": runs}]})  # fmt: skip
    image = "vllm/vllm-openai:v0.6"
    container = {"name": "m", "image": image, "command": ["--model", "org/model"]}
    rig.world.answer(ACCOUNT, HOME, "ecs:DescribeTaskDefinition", {"taskDefinition": runs},
                     {"taskDefinition": {"containerDefinitions": [container]}})  # fmt: skip
    found = scan("containers")
    assert [a.provider for a in found.assets().values() if service in a.id and a.is_ai] == ["vllm"]


def test_images_of_functions_are_asked_for_where_one_may(rig: Rig, scan: Scan) -> None:
    function = own_arn("lambda", "function:chat")
    rig.world.plant(ACCOUNT, HOME, "lambda:ListFunctions", "Functions",
                    {"FunctionName": "chat", "FunctionArn": function,
                     "PackageType": "Image"})  # fmt: skip
    image = {"ImageUri": "docker.io/vllm/vllm-openai:v0.6"}
    rig.world.answer(ACCOUNT, HOME, "lambda:GetFunction", {"FunctionName": function},
                     {"Code": image})  # fmt: skip
    assert "vllm" not in {a.provider for a in scan("lambda").assets().values()}
    assert rig.called("lambda:GetFunction") == 0
    found = scan("lambda", function_images=True)
    assert "vllm" in {a.provider for a in found.assets().values()}


@pytest.mark.parametrize("asked", [{"AcceleratorTypes": ["gpu"]},
                                   {"AllowedInstanceTypes": ["p5.48xlarge"]}])  # fmt: skip
def test_a_group_scaled_to_nothing_is_told_by_what_it_asks_for(
    rig: Rig, scan: Scan, asked: dict[str, Any]
) -> None:
    group = own_arn("autoscaling", "autoScalingGroup:1:autoScalingGroupName/train")
    policy = {"LaunchTemplate": {"Overrides": [{"InstanceRequirements": {
        "VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}, **asked}}]}}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "autoscaling:DescribeAutoScalingGroups", "AutoScalingGroups",
                    {"AutoScalingGroupName": "train", "AutoScalingGroupARN": group,
                     "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0, "DefaultCooldown": 1,
                     "AvailabilityZones": [], "HealthCheckType": "EC2", "CreatedTime": THEN,
                     "MixedInstancesPolicy": policy})  # fmt: skip
    assert "train" in scan("compute").assets("aws.autoscaling_group")


@pytest.mark.parametrize("asked", [
    {"LaunchTemplate": {"LaunchTemplateId": "lt-gpu", "Version": "$Latest"}},
    {"MixedInstancesPolicy": {"LaunchTemplate": {
        "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-gpu"}}}},
    {"MixedInstancesPolicy": {"LaunchTemplate": {
        "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-web"},
        "Overrides": [{"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-gpu"}}]}}},
    {"LaunchConfigurationName": "old"},
])  # fmt: skip
def test_a_group_scaled_to_nothing_is_told_by_what_it_starts(
    rig: Rig, scan: Scan, asked: dict[str, Any]
) -> None:
    _templates(rig)
    _group(rig, "train", asked)
    _group(rig, "web", {"LaunchTemplate": {"LaunchTemplateId": "lt-web", "Version": "$Latest"}})
    found = scan("compute")
    assert found.assets("aws.autoscaling_group").keys() == {"train"}
    assert rig.rejected == rig.wrong == []


def test_a_fleet_is_told_by_what_it_starts(rig: Rig, scan: Scan) -> None:
    _templates(rig)
    for name in ("gpu", "web"):
        rig.world.plant(ACCOUNT, HOME, "ec2:DescribeFleets", "Fleets", {
            "FleetId": f"fleet-{name}", "FleetState": "active", "LaunchTemplateConfigs": [
                {"LaunchTemplateSpecification": {"LaunchTemplateId": f"lt-{name}"}}]})  # fmt: skip
    assert scan("compute").assets("aws.ec2_fleet").keys() == {"fleet-gpu"}


def _templates(rig: Rig) -> None:
    """Two templates, one with accelerators, and a launch configuration with some."""
    for name, machine in (("gpu", "p5.48xlarge"), ("web", "m7i.large")):
        rig.world.plant(ACCOUNT, HOME, "ec2:DescribeLaunchTemplateVersions",
                        "LaunchTemplateVersions",
                        {"LaunchTemplateId": f"lt-{name}", "LaunchTemplateName": name,
                         "LaunchTemplateData": {"InstanceType": machine}})  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "autoscaling:DescribeLaunchConfigurations",
                    "LaunchConfigurations",
                    {"LaunchConfigurationName": "old", "InstanceType": "g5.xlarge",
                     "LaunchConfigurationARN": own_arn("autoscaling", "launchConfiguration:1:old"),
                     "ImageId": "ami-1", "CreatedTime": THEN})  # fmt: skip


def _group(rig: Rig, name: str, asked: dict[str, Any]) -> None:
    rig.world.plant(ACCOUNT, HOME, "autoscaling:DescribeAutoScalingGroups", "AutoScalingGroups",
                    {"AutoScalingGroupName": name,
                     "AutoScalingGroupARN": own_arn("autoscaling", f"autoScalingGroup:1:{name}"),
                     "MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0, "DefaultCooldown": 1,
                     "AvailabilityZones": [], "HealthCheckType": "EC2", "CreatedTime": THEN,
                     **asked})  # fmt: skip


@pytest.mark.parametrize("machine", ["g6f", "p2", "trn2u", "p6-b300", "g7e.2xlarge"])
def test_a_family_is_enough_for_a_compute_environment(rig: Rig, scan: Scan, machine: str) -> None:
    for name, kind in (("train", machine), ("etl", "m7i"), ("any", "optimal")):
        rig.world.plant(ACCOUNT, HOME, "batch:DescribeComputeEnvironments", "computeEnvironments", {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": own_arn("batch", f"compute-environment/{name}"),
            "computeResources": {"type": "EC2", "maxvCpus": 8, "subnets": [],
                                 "instanceTypes": [kind]}})  # fmt: skip
    assert scan("compute").assets("aws.batch_compute_environment").keys() == {"train"}


def test_instances_of_lightsail_are_ai_by_their_blueprint(rig: Rig, scan: Scan) -> None:
    everyone = [{"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrs": ["0.0.0.0/0"]}]
    office = [{"fromPort": 22, "toPort": 22, "protocol": "tcp", "cidrs": ["198.51.100.0/24"]}]
    for name, blueprint, ports in (("claw", "openclaw_ls_1_0", everyone),
                                   ("blog", "wordpress", office)):  # fmt: skip
        rig.world.plant(ACCOUNT, HOME, "lightsail:GetInstances", "instances", {
            "name": name, "arn": own_arn("lightsail", f"Instance/{name}"), "createdAt": THEN,
            "blueprintId": blueprint, "blueprintName": name, "bundleId": "medium_3_0",
            "publicIpAddress": "198.51.100.7", "state": {"code": 16, "name": "running"},
            "networking": {"ports": ports}})  # fmt: skip
    found = scan("containers").assets("aws.lightsail_instance")
    assert found["claw"].is_ai
    assert not found["blog"].is_ai
    assert set(found["claw"].exposure) == {"public address", "public"}
    assert set(found["blog"].exposure) == {"public address"}
    assert found["claw"].tags["ports"] == "443"
    assert found["claw"].status == "running"


def test_a_launch_configuration_is_compute(rig: Rig, scan: Scan) -> None:
    arn = own_arn("autoscaling", "launchConfiguration:1:launchConfigurationName/old")
    rig.world.plant(ACCOUNT, HOME, "autoscaling:DescribeLaunchConfigurations",
                    "LaunchConfigurations",
                    {"LaunchConfigurationName": "old", "LaunchConfigurationARN": arn,
                     "ImageId": "ami-1", "InstanceType": "g5.xlarge", "CreatedTime": THEN,
                     "IamInstanceProfile": "trainer"})  # fmt: skip
    found = scan("compute")
    assert "old" in found.assets("aws.launch_configuration")
    assert (arn, "runs_as", f"arn:aws:iam::{ACCOUNT}:instance-profile/trainer") in found.edges()


def test_a_port_that_is_one_model_servers_own_is_a_sign(rig: Rig, scan: Scan) -> None:
    rig.world.plant(ACCOUNT, HOME, "ecs:ListTaskDefinitionFamilies", "families", "helper")
    container = {"name": "m", "image": "acme/helper:1", "portMappings": [{"containerPort": 11434}]}
    rig.world.answer(ACCOUNT, HOME, "ecs:DescribeTaskDefinition", {"taskDefinition": "helper"},
                     {"taskDefinition": {"containerDefinitions": [container]}})  # fmt: skip
    assert "ollama" in {asset.provider for asset in scan("containers").assets().values()}


def test_what_a_cluster_of_emr_is_running_is_read(rig: Rig, scan: Scan) -> None:
    cluster = {"Id": "j-1", "Name": "nightly",
               "ClusterArn": own_arn("elasticmapreduce", "cluster/j-1")}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "emr:ListClusters", "Clusters", cluster)
    rig.world.answer(ACCOUNT, HOME, "emr:DescribeCluster", {"ClusterId": "j-1"},
                     {"Cluster": cluster})  # fmt: skip
    words = ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", "org/model"]
    step = {"Id": "s-1", "Config": {"Jar": "command-runner.jar", "Args": words}}
    rig.world.plant(ACCOUNT, HOME, "emr:ListSteps", "Steps", step, where={"ClusterId": "j-1"})
    assert "vllm" in {asset.provider for asset in scan("containers").assets().values()}
