"""Edges that answers hold: networks, keys, logs, data, in values as AWS writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.aws.policies import JUDGES
from scanner.kit.tables import values
from tests.aws_rig import Rig
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan, own_arn

THEN = datetime(2026, 1, 1, tzinfo=UTC)
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/k1"
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def _role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _in_network(ident: str) -> set[tuple[str, str, str]]:
    return {
        ("aws:subnet/subnet-1", "contains", ident),
        (ident, "configured_by", "aws:security-group/sg-1"),
    }


def _writes(ident: str, bucket: str) -> tuple[str, str, str]:
    return ident, "writes_to", f"arn:aws:s3:::{bucket}"


def _logs(ident: str, group: str) -> tuple[str, str, str]:
    return ident, "writes_to", own_arn("logs", f"log-group:{group}")


def test_a_code_interpreter_in_a_network(rig: Rig, scan: Scan) -> None:
    arn = own_arn("bedrock-agentcore", "code-interpreter-custom/run-abcdefghij")
    known = {"codeInterpreterId": "run-abcdefghij", "codeInterpreterArn": arn, "name": "run",
             "status": "READY", "createdAt": THEN, "lastUpdatedAt": THEN}  # fmt: skip
    core = "bedrock-agentcore-control"
    rig.world.plant(ACCOUNT, HOME, f"{core}:ListCodeInterpreters", "codeInterpreterSummaries",
                    known, where={"type": "CUSTOM"})  # fmt: skip
    network = {"networkMode": "VPC", "vpcConfig": {
        "securityGroups": ["sg-1"], "subnets": ["subnet-1"]}}  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, f"{core}:GetCodeInterpreter",
                     {"codeInterpreterId": "run-abcdefghij"},
                     {**known, "networkConfiguration": network})  # fmt: skip
    assert _in_network(arn) <= scan("agentcore").edges()


def test_where_a_build_works_and_what_it_fills(rig: Rig, scan: Scan) -> None:
    arn = own_arn("codebuild", "project/train")
    rig.world.plant(ACCOUNT, HOME, "codebuild:ListProjects", "projects", "train")
    rig.world.answer(ACCOUNT, HOME, "codebuild:BatchGetProjects", {"names": ["train"]}, {
        "projects": [{
            "name": "train", "encryptionKey": KEY, "vpcConfig": {
                "vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
            "source": {"type": "S3", "location": "acme-code/train.zip"},
            "artifacts": {"type": "S3", "location": "acme-models"},
            "secondaryArtifacts": [{"type": "S3", "location": "acme-reports"},
                                   {"type": "CODEPIPELINE"}],
            "cache": {"type": "S3", "location": "acme-cache/train"},
            "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "/builds"},
                           "s3Logs": {"status": "DISABLED", "location": "acme-unused/logs"}},
        }]})  # fmt: skip
    edges = scan("delivery").edges()
    assert {*_in_network(arn), (arn, "configured_by", KEY), _logs(arn, "/builds"),
            (arn, "derived_from", "arn:aws:s3:::acme-code"), _writes(arn, "acme-models"),
            _writes(arn, "acme-reports"), _writes(arn, "acme-cache")} <= edges  # fmt: skip
    assert _writes(arn, "acme-unused") not in edges
    assert rig.rejected == rig.wrong == []


@pytest.mark.parametrize(("op", "field", "kind", "own"), [
    ("ListDocumentClassifiers", "DocumentClassifierPropertiesList", "document-classifier",
     {"Documents": {"S3Uri": "s3://acme-more/x", "TestS3Uri": "s3://acme-test/x"}}),
    ("ListEntityRecognizers", "EntityRecognizerPropertiesList", "entity-recognizer",
     {"Documents": {"S3Uri": "s3://acme-more/x", "TestS3Uri": "s3://acme-test/x"}}),
])  # fmt: skip
def test_what_a_model_of_comprehend_learnt_from(
    rig: Rig, scan: Scan, op: str, field: str, kind: str, own: dict[str, Any]
) -> None:
    arn = own_arn("comprehend", f"{kind}/mails")
    manifest = {"S3Uri": "s3://acme-labels/m", "AttributeNames": ["a"],
                "SourceDocumentsS3Uri": "s3://acme-mails/2025",
                "AnnotationDataS3Uri": "s3://acme-notes/2025"}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, f"comprehend:{op}", field, {
        f"{field.removesuffix('PropertiesList')}Arn": arn, "VolumeKmsKeyId": "k1",
        "ModelKmsKeyId": KEY, "VpcConfig": VPC, "DataAccessRoleArn": _role("learn"),
        "InputDataConfig": {"AugmentedManifests": [manifest], **own}})  # fmt: skip
    edges = scan("language").edges()
    read = {f"arn:aws:s3:::acme-{name}" for name in ("labels", "mails", "notes", "more", "test")}
    assert read == {end for start, what, end in edges if (start, what) == (arn, "reads_from")}
    assert {*_in_network(arn), (arn, "configured_by", KEY)} <= edges


def test_jobs_of_comprehend_tell_their_network(rig: Rig, scan: Scan) -> None:
    rig.world.plant(ACCOUNT, HOME, "comprehend:ListTopicsDetectionJobs",
                    "TopicsDetectionJobPropertiesList",
                    {"JobId": "j1", "VpcConfig": VPC, "VolumeKmsKeyId": KEY})  # fmt: skip
    jobs = own_arn("comprehend", "topics-detection-job")
    assert {*_in_network(jobs), (jobs, "configured_by", KEY)} <= scan("language").edges()


def test_the_key_of_an_assistant(rig: Rig, scan: Scan) -> None:
    rig.world.plant(ACCOUNT, HOME, "qbusiness:ListApplications", "applications",
                    {"applicationId": "a" * 36, "displayName": "desk"})  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "qbusiness:GetApplication", {"applicationId": "a" * 36},
                     {"applicationId": "a" * 36, "displayName": "desk",
                      "encryptionConfiguration": {"kmsKeyId": "k1"}})  # fmt: skip
    application = own_arn("qbusiness", f"application/{'a' * 36}")
    assert (application, "configured_by", KEY) in scan("assistants").edges()


def test_where_a_state_machine_logs(rig: Rig, scan: Scan) -> None:
    arn = own_arn("states", "stateMachine:triage")
    known = {"stateMachineArn": arn, "name": "triage", "type": "STANDARD", "creationDate": THEN}
    rig.world.plant(ACCOUNT, HOME, "stepfunctions:ListStateMachines", "stateMachines", known)
    group = {"logGroupArn": own_arn("logs", "log-group:/triage:*")}
    details = {
        **known, "definition": "{}", "roleArn": _role("triage"),
        "loggingConfiguration": {"destinations": [{"cloudWatchLogsLogGroup": group}]},
        "encryptionConfiguration": {"kmsKeyId": KEY, "type": "CUSTOMER_MANAGED_KMS_KEY"},
    }  # fmt: skip
    asked = {"stateMachineArn": arn}
    rig.world.answer(ACCOUNT, HOME, "stepfunctions:DescribeStateMachine", asked, details)
    assert {_logs(arn, "/triage"), (arn, "configured_by", KEY)} <= scan("delivery").edges()


def test_options_of_an_application_of_beanstalk(rig: Rig, scan: Scan) -> None:
    arn = own_arn("elasticbeanstalk", "environment/shop/prod")
    rig.world.plant(ACCOUNT, HOME, "elasticbeanstalk:DescribeEnvironments", "Environments", {
        "EnvironmentName": "prod", "ApplicationName": "shop", "EnvironmentArn": arn},
        where={"IncludeDeleted": False})  # fmt: skip
    options = {"IamInstanceProfile": "shop-profile", "ServiceRole": "shop-service",
               "Subnets": "subnet-1,subnet-2", "SecurityGroups": "sg-1"}  # fmt: skip
    rig.world.answer(
        ACCOUNT, HOME, "elasticbeanstalk:DescribeConfigurationSettings",
        {"ApplicationName": "shop", "EnvironmentName": "prod"},
        {"ConfigurationSettings": [{"ApplicationName": "shop", "OptionSettings": [
            {"Namespace": "aws:autoscaling:launchconfiguration", "OptionName": name, "Value": value}
            for name, value in options.items()]}]})  # fmt: skip
    edges = scan("containers").edges()
    assert {*_in_network(arn), ("aws:subnet/subnet-2", "contains", arn),
            (arn, "runs_as", f"arn:aws:iam::{ACCOUNT}:instance-profile/shop-profile"),
            (arn, "runs_as", _role("shop-service"))} <= edges  # fmt: skip


def test_where_batch_runs_and_as_whom(rig: Rig, scan: Scan) -> None:
    arn = own_arn("batch", "compute-environment/gpu")
    rig.world.plant(ACCOUNT, HOME, "batch:DescribeComputeEnvironments", "computeEnvironments", {
        "computeEnvironmentName": "gpu", "computeEnvironmentArn": arn,
        "computeResources": {"type": "EC2", "maxvCpus": 8, "instanceTypes": ["p5"],
                             "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}})  # fmt: skip
    container = {"image": "vllm/vllm-openai", "jobRoleArn": _role("node"),
                 "executionRoleArn": _role("pull")}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "batch:DescribeJobDefinitions", "jobDefinitions", {
        "jobDefinitionName": "many", "jobDefinitionArn": own_arn("batch", "job-definition/many:1"),
        "revision": 1, "type": "multinode", "nodeProperties": {
            "numNodes": 2, "mainNode": 0,
            "nodeRangeProperties": [{"targetNodes": "0:", "container": container}]},
    }, where={"status": "ACTIVE"})  # fmt: skip
    found = scan("compute")
    job = own_arn("batch", "job-definition/many")
    assert {*_in_network(arn), (job, "runs_as", _role("node"))} <= found.edges()
    assert (job, "runs_as", _role("pull")) not in found.edges()  # it starts the job, no more
    assert "#ai/vllm" in found.under(job)


def test_a_search_domain_its_network_and_its_policy(rig: Rig, scan: Scan) -> None:
    made = []
    for name, policy in (("shut", _policy(f"arn:aws:iam::{ACCOUNT}:root")), ("open", _policy("*"))):
        rig.world.plant(ACCOUNT, HOME, "opensearch:ListDomainNames", "DomainNames",
                        {"DomainName": name, "EngineType": "OpenSearch"})  # fmt: skip
        network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VPCId": "vpc-1"}
        made.append({"DomainId": f"1/{name}", "DomainName": name, "ClusterConfig": {},
                     "ARN": own_arn("es", f"domain/{name}"), "AccessPolicies": policy,
                     "VPCOptions": network if name == "shut" else {}})  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "opensearch:DescribeDomains", {},
                     {"DomainStatusList": made})  # fmt: skip
    found = scan("stores")
    domains = found.assets("aws.opensearch_domain")
    assert "policy lets everybody in" in domains["open"].exposure
    assert "policy lets everybody in" not in domains["shut"].exposure
    assert _in_network(own_arn("es", "domain/shut")) <= found.edges()


def _policy(principal: Any, **more: Any) -> str:
    allowed = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "es:*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


_ADDRESS = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}


@pytest.mark.parametrize(("policy", "is_open", "by_condition"), [
    (_policy("*"), True, False),
    (_policy(["arn:aws:iam::1:root", "*"]), True, False),
    (_policy("*", Condition=_ADDRESS), False, True),
    (_policy("arn:aws:iam::1:root"), False, False),
    ('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "es:*"}}', True, False),
    ('{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "es:*"}]}', False, False),
    ("", False, False), ("no policy", False, False), ("[1]", False, False),
    ("\udc80", False, False),
])  # fmt: skip
def test_whom_a_policy_lets_in(policy: str, is_open: bool, by_condition: bool) -> None:
    assert JUDGES["is_open_policy"](policy) is is_open
    assert JUDGES["is_open_by_condition"](policy) is by_condition


def test_elements_are_chosen_by_what_they_hold() -> None:
    record = {"Options": [{"Name": "a", "Value": 1}, {"Name": "b", "Value": 2}, "odd", {}],
              "One": {"type": "S3", "location": "x"}}  # fmt: skip
    assert list(values(record, "Options[Name=b].Value")) == [2]
    assert list(values(record, "Options[Name=c].Value")) == []
    assert list(values(record, "One[type=S3].location")) == ["x"]
    assert list(values(record, "One[type=GIT].location")) == []
    assert list(values(record, "None[type=S3].location")) == []
