"""Worlds of SageMaker with values as AWS writes them, and exactly what they say."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.aws import CONNECTOR
from scanner.model.coverage import Outcome
from scanner.model.facts import Asset
from scanner.model.items import Content
from tests.aws_rig import Organization, Rig, denied, serving
from tests.connectors.aws.reading import HOME, Scan, context, scan

ACCOUNT = "111111111111"
ARN = f"arn:aws:sagemaker:{HOME}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scoring"
IMAGE = f"763104351884.dkr.ecr.{HOME}.amazonaws.com/djl-inference:0.29.0-lmi11.0.0-cu124"
NOW = datetime.now(UTC)
Read = Callable[..., Scan]


@pytest.fixture
def rig() -> Rig:
    made = Rig(page_size=2)
    Organization.of(1).into(made)
    made.strike("resourcegroupstaggingapi:GetResources", denied())  # tags are asked for one by one
    return made


@pytest.fixture
def url(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with serving(rig) as served:
        yield served


@pytest.fixture
def read(url: str) -> Read:
    return lambda *families: scan(context(url, families=families, identities=False))


def _of(done: Scan, source: str) -> set[tuple[str, str]]:
    return {(relation, target) for start, relation, target in done.edges() if start == source}


def _one(done: Scan, kind: str) -> Asset:
    (found,) = done.assets(kind)
    return found


def _resource(rig: Rig, what: str, record: dict[str, Any], **more: Any) -> None:
    """``what``: as in ``ListEndpoints`` and ``DescribeEndpoint``."""
    rig.world.resource(
        ACCOUNT, HOME, list=f"sagemaker:List{what}s", detail=f"sagemaker:Describe{what}",
        record=record, **more,
    )  # fmt: skip


def _container(artefact: str, variables: dict[str, str]) -> dict[str, Any]:
    source = {"S3Uri": artefact, "S3DataType": "S3Prefix", "CompressionType": "None"}
    return {
        "Image": IMAGE,
        "Environment": variables,
        "ModelDataSource": {"S3DataSource": source},
    }


@pytest.fixture
def endpoint(rig: Rig) -> None:
    """Two variants before one endpoint, one in the shadow, requests recorded."""
    for name, artefact in (("Scoring-A", "s3://weights/a/"), ("scoring-b", "s3://weights/b/")):
        _resource(
            rig, "Model",
            {"ModelName": name, "ModelArn": f"{ARN}:model/{name.lower()}", "CreationTime": NOW,
             "ExecutionRoleArn": ROLE, "EnableNetworkIsolation": name == "scoring-b",
             "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
             "PrimaryContainer": _container(artefact, {"HF_MODEL_ID": f"acme/{name.lower()}"})},
        )  # fmt: skip
    variant = {"InitialInstanceCount": 1, "InstanceType": "ml.g5.xlarge"}
    _resource(
        rig, "EndpointConfig",
        {"EndpointConfigName": "scoring-7", "EndpointConfigArn": f"{ARN}:endpoint-config/scoring-7",
         "CreationTime": NOW, "KmsKeyId": "alias/scoring", "ExecutionRoleArn": ROLE,
         "ProductionVariants": [{**variant, "VariantName": "main", "ModelName": "Scoring-A"}],
         "ShadowProductionVariants": [{**variant, "VariantName": "next", "ModelName": "scoring-b"}],
         "DataCaptureConfig": {"EnableCapture": True, "InitialSamplingPercentage": 100,
                               "DestinationS3Uri": "s3://requests/scoring", "CaptureOptions": [
                                   {"CaptureMode": "InputAndOutput"}]}},
    )  # fmt: skip
    _resource(
        rig, "Endpoint",
        {"EndpointName": "scoring", "EndpointArn": f"{ARN}:endpoint/scoring", "CreationTime": NOW,
         "EndpointStatus": "InService", "EndpointConfigName": "scoring-7",
         "ProductionVariants": [{"VariantName": "main",
                                 "DeployedImages": [{"SpecifiedImage": IMAGE}]}],
         "DataCaptureConfig": {"EnableCapture": True, "CaptureStatus": "Started",
                               "CurrentSamplingPercentage": 100, "KmsKeyId": "1234abcd",
                               "DestinationS3Uri": "s3://requests/scoring"}},
        tags={"owner": "fraud@example.com"},
    )  # fmt: skip


@pytest.mark.usefixtures("endpoint")
def test_what_an_endpoint_serves_and_where_it_writes(rig: Rig, read: Read) -> None:
    done = read("sagemaker")
    endpoint, config = _one(done, "aws.sagemaker_endpoint"), f"{ARN}:endpoint-config/scoring-7"
    assert endpoint.tags["owner"] == "fraud@example.com"
    assert endpoint.tags["images"] == IMAGE
    assert endpoint.exposure == ("IAM authentication",)
    assert _of(done, endpoint.id) == {
        ("configured_by", config),
        ("configured_by", f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1234abcd"),
        ("writes_to", "arn:aws:s3:::requests"),
    }
    assert _of(done, config) == {
        ("serves", f"{ARN}:model/scoring-a"),
        ("serves", f"{ARN}:model/scoring-b"),
        ("runs_as", ROLE),
        ("writes_to", "arn:aws:s3:::requests"),
        ("configured_by", f"arn:aws:kms:{HOME}:{ACCOUNT}:alias/scoring"),
    }
    models = {asset.id: asset for asset in done.assets("aws.sagemaker_model")}
    assert models.keys() == {f"{ARN}:model/scoring-a", f"{ARN}:model/scoring-b"}
    shadow = models[f"{ARN}:model/scoring-b"]
    assert shadow.models == ("acme/scoring-b",)
    assert shadow.exposure == ("in a VPC", "no internet access")
    assert {
        (f"aws:subnet/subnet-{number}", "contains", shadow.id) for number in (1, 2)
    } <= done.edges()
    assert _of(done, shadow.id) == {
        ("runs_as", ROLE),
        ("reads_from", "arn:aws:s3:::weights"),
        ("configured_by", "aws:security-group/sg-1"),
    }
    assert not rig.rejected + rig.wrong


@pytest.mark.usefixtures("endpoint")
def test_models_that_may_not_be_listed_keep_their_names(rig: Rig, read: Read) -> None:
    rig.strike("sagemaker:ListModels", denied())
    done = read("sagemaker")
    config = f"{ARN}:endpoint-config/scoring-7"
    hops = {target for relation, target in _of(done, config) if relation == "serves"}
    assert hops == {
        f"aws:{ACCOUNT}/{HOME}/aws.sagemaker_model/Scoring-A",
        f"aws:{ACCOUNT}/{HOME}/aws.sagemaker_model/scoring-b",
    }
    row = done.rows[f"aws:{ACCOUNT}/{HOME}/sagemaker"]
    assert row.status is Outcome.PARTIAL
    assert row.gaps[0].startswith("aws.sagemaker_model: sagemaker:ListModels")


def test_a_notebook_what_it_reaches_and_what_it_runs_at_its_start(rig: Rig, url: str) -> None:
    script = base64.b64encode(b"export OPENAI_API_KEY=made-up\n").decode()
    _resource(
        rig, "NotebookInstanceLifecycleConfig",
        {"NotebookInstanceLifecycleConfigName": "setup", "CreationTime": NOW,
         "NotebookInstanceLifecycleConfigArn": f"{ARN}:notebook-instance-lifecycle-config/setup",
         "OnStart": [{"Content": script}]},
    )  # fmt: skip
    _resource(
        rig, "NotebookInstance",
        {"NotebookInstanceName": "scratch", "NotebookInstanceStatus": "InService",
         "NotebookInstanceArn": f"{ARN}:notebook-instance/scratch", "CreationTime": NOW,
         "Url": "scratch.notebook.us-east-1.sagemaker.aws", "InstanceType": "ml.g5.2xlarge",
         "NotebookInstanceLifecycleConfigName": "setup", "RoleArn": ROLE, "KmsKeyId": "1234abcd",
         "DirectInternetAccess": "Enabled", "RootAccess": "Enabled", "SubnetId": "subnet-1",
         "DefaultCodeRepository": "experiments"},
    )  # fmt: skip
    rig.world.plant(
        ACCOUNT, HOME, "sagemaker:ListCodeRepositories", "CodeRepositorySummaryList",
        {"CodeRepositoryName": "experiments", "CreationTime": NOW, "LastModifiedTime": NOW,
         "CodeRepositoryArn": f"{ARN}:code-repository/experiments",
         "GitConfig": {"RepositoryUrl": "https://github.com/acme/experiments.git"}},
    )  # fmt: skip
    ctx = context(url, families=("sagemaker",), identities=False)
    items = [
        item
        for shard in CONNECTOR.shards(ctx)
        if shard.scope.get("service") == "sagemaker"
        for item in CONNECTOR.collect(ctx, shard, None)
    ]
    texts = {item.place.path: item.data for item in items if isinstance(item, Content)}
    assert texts["on_start.sh"] == b"export OPENAI_API_KEY=made-up\n"
    done = Scan({}, [item for item in items if not isinstance(item, Content)])
    notebook = _one(done, "aws.sagemaker_notebook_instance")
    assert notebook.exposure == ("internet access", "root access", "in a VPC")
    assert notebook.tags["lifecycle_config"] == "setup"
    assert _of(done, notebook.id) == {
        ("runs_as", ROLE),
        ("configured_by", f"{ARN}:notebook-instance-lifecycle-config/setup"),
        ("configured_by", f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1234abcd"),
        ("reads_from", f"{ARN}:code-repository/experiments"),
    }
    assert _of(done, f"{ARN}:code-repository/experiments") == {
        ("derived_from", "git:github.com/acme/experiments")
    }


def test_who_made_a_pipeline_and_who_ran_it_last(rig: Rig, read: Read) -> None:
    maker = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Science_0123456789abcdef"
    by = {"IamIdentity": {"Arn": f"{maker}/ada@example.com"}}
    _resource(
        rig, "Pipeline",
        {"PipelineName": "churn", "PipelineArn": f"{ARN}:pipeline/churn", "CreationTime": NOW,
         "RoleArn": ROLE, "PipelineStatus": "Active", "CreatedBy": by},
    )  # fmt: skip
    for number, when in enumerate((datetime(2020, 1, 1, tzinfo=UTC), NOW, NOW)):
        run = {"PipelineExecutionArn": f"{ARN}:pipeline/churn/execution/run{number}"}
        rig.world.plant(
            ACCOUNT, HOME, "sagemaker:ListPipelineExecutions", "PipelineExecutionSummaries",
            {**run, "StartTime": when}, where={"PipelineName": "churn"},
        )  # fmt: skip
        rig.world.answer(
            ACCOUNT, HOME, "sagemaker:DescribePipelineExecution", run,
            {**run, "CreatedBy": {"IamIdentity": {"Arn": f"{maker}/scheduler"}}},
        )  # fmt: skip
    done = read("sagemaker")
    person = f"{maker}/ada@example.com"
    pipeline = f"{ARN}:pipeline/churn"
    runs = {("contains", f"{pipeline}/execution/run{n}") for n in range(3)}
    assert _of(done, pipeline) == {("runs_as", ROLE), ("created_by", person), *runs}
    ada = next(fact for fact in done.facts if getattr(fact, "id", "") == person)
    assert getattr(ada, "email", "") == "ada@example.com"
    role = f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Science_0123456789abcdef"
    assert _of(done, f"{pipeline}/execution/run1") == {("created_by", role)}


def test_recent_jobs_over_several_pages_and_none_from_before(rig: Rig, read: Read) -> None:
    for number in range(7):
        name, when = f"Train-{number}", NOW if number else datetime(2020, 1, 1, tzinfo=UTC)
        _resource(
            rig, "TrainingJob",
            {"TrainingJobName": name, "TrainingJobArn": f"{ARN}:training-job/{name.lower()}",
             "CreationTime": when, "TrainingJobStatus": "Completed", "RoleArn": ROLE,
             "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
             "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
                 "S3DataType": "S3Prefix", "S3Uri": "s3://customers/train/"}}}],
             "OutputDataConfig": {"S3OutputPath": "s3://weights/out/", "KmsKeyId": "1234abcd"},
             "EnableNetworkIsolation": False,
             "Environment": {"HF_MODEL_ID": "acme/base"}},
        )  # fmt: skip
    done = read("sagemaker-jobs")
    jobs = {asset.name: asset for asset in done.assets("aws.sagemaker_training_job")}
    assert jobs.keys() == {f"Train-{n}" for n in range(1, 7)}
    assert rig.called("sagemaker:ListTrainingJobs") == 3
    assert jobs["Train-1"].models == ("acme/base",)
    assert jobs["Train-1"].exposure == ()
    assert _of(done, f"{ARN}:training-job/train-1") == {
        ("runs_as", ROLE),
        ("reads_from", "arn:aws:s3:::customers"),
        ("writes_to", "arn:aws:s3:::weights"),
        ("configured_by", f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1234abcd"),
    }


def test_versions_of_models_belong_to_their_group_and_have_its_tags(rig: Rig, read: Read) -> None:
    group = f"{ARN}:model-package-group/churn"
    _resource(
        rig, "ModelPackageGroup",
        {"ModelPackageGroupName": "churn", "ModelPackageGroupArn": group, "CreationTime": NOW,
         "ModelPackageGroupStatus": "Completed"},
        tags={"owner": "growth@example.com"},
    )  # fmt: skip
    version = {
        "ModelPackageArn": f"{ARN}:model-package/churn/3", "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 3, "ModelPackageStatus": "Completed", "CreationTime": NOW,
        "ModelApprovalStatus": "Approved",
    }  # fmt: skip
    rig.world.plant(
        ACCOUNT, HOME, "sagemaker:ListModelPackages", "ModelPackageSummaryList", version,
        where={"ModelPackageType": "Both"},
    )  # fmt: skip
    named = {"ModelPackageName": version["ModelPackageArn"]}
    rig.world.answer(ACCOUNT, HOME, "sagemaker:DescribeModelPackage", named, version)
    done = read("sagemaker")
    package = _one(done, "aws.sagemaker_model_package")
    assert package.tags["approval"] == "Approved"
    assert (group, "contains", package.id) in done.edges()
    assert rig.called("sagemaker:ListTags") == 1  # of the group alone


def test_people_of_a_domain_own_their_spaces(rig: Rig, read: Read) -> None:
    _resource(
        rig, "Domain",
        {"DomainId": "d-abcdefghijkl", "DomainName": "science", "Status": "InService",
         "DomainArn": f"{ARN}:domain/d-abcdefghijkl", "AuthMode": "SSO", "CreationTime": NOW,
         "AppNetworkAccessType": "PublicInternetOnly",
         "DefaultUserSettings": {"ExecutionRole": ROLE}},
    )  # fmt: skip
    space = {"DomainId": "d-abcdefghijkl", "SpaceName": "Ada-Lab", "Status": "InService"}
    rig.world.plant(ACCOUNT, HOME, "sagemaker:ListSpaces", "Spaces", {**space, "CreationTime": NOW})
    rig.world.answer(
        ACCOUNT, HOME, "sagemaker:DescribeSpace",
        {"DomainId": "d-abcdefghijkl", "SpaceName": "Ada-Lab"},
        {**space, "OwnershipSettings": {"OwnerUserProfileName": "ada"}},
    )  # fmt: skip
    done = read("sagemaker")
    domain, lab = _one(done, "aws.sagemaker_domain"), _one(done, "aws.sagemaker_space")
    assert domain.exposure == ("internet access", "single sign-on")
    # SageMaker writes names into its ARNs in lower case.
    assert lab.id == f"{ARN}:space/d-abcdefghijkl/ada-lab"
    assert lab.tags["owner"] == "ada"
    assert (domain.id, "contains", lab.id) in done.edges()


def test_lists_are_asked_for_in_the_largest_pages_there_are(rig: Rig, read: Read) -> None:
    rig.page_size = 1000
    rig.world.plant(
        ACCOUNT, HOME, "sagemaker:ListDomains", "Domains",
        *({"DomainId": f"d-{n:012d}", "DomainArn": f"{ARN}:domain/d-{n:012d}", "DomainName": "x"}
          for n in range(150)),
    )  # fmt: skip
    done = read("sagemaker")
    assert len(done.assets("aws.sagemaker_domain")) == 150
    assert (
        rig.called("sagemaker:ListDomains") == 2
    )  # a hundred a page, as the model allows; not ten
