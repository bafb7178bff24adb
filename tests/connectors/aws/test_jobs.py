"""Jobs of EMR, models in registries of images, products of the company's own shop and published
versions of functions: what is AI of them, whose it is, and what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

from scanner.model.coverage import Outcome
from tests.aws_rig import Rig, denied
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan, own_arn

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
SERVER = ["-m", "vllm.entrypoints.openai.api_server", "--model", "org/model"]


def _virtual_cluster(rig: Rig) -> str:
    cluster = own_arn("emr-containers", "/virtualclusters/v1")
    rig.world.plant(ACCOUNT, HOME, "emr-containers:ListVirtualClusters", "virtualClusters", {
        "id": "v1", "name": "night", "arn": cluster, "state": "RUNNING", "createdAt": THEN,
        "containerProvider": {"type": "EKS", "id": "research"}})  # fmt: skip
    return cluster


def test_runs_of_one_job_on_kubernetes_are_one_workload(rig: Rig, scan: Scan) -> None:
    cluster = _virtual_cluster(rig)
    for number in range(5):
        rig.world.plant(ACCOUNT, HOME, "emr-containers:ListJobRuns", "jobRuns", {
            "id": f"r{number}", "name": "score", "virtualClusterId": "v1", "state": "RUNNING",
            "arn": f"{cluster}/jobruns/r{number}", "createdAt": THEN, "createdBy": ROLE,
            "executionRoleArn": ROLE,
            "jobDriver": {"sparkSubmitJobDriver": {
                "entryPoint": "s3://acme-jobs/score.py", "entryPointArguments": SERVER}},
        }, where={"virtualClusterId": "v1"})  # fmt: skip
    found = scan("containers")
    job = f"{cluster}/jobs/score"
    assert found.under(job).keys() == {"#ai/vllm"}
    assert (job, "runs_as", ROLE) in found.edges()
    assert (job, "reads_from", "arn:aws:s3:::acme-jobs") in found.edges()
    assert (cluster, "contains", job) in found.edges()
    assert (own_arn("eks", "cluster/research"), "contains", cluster) in found.edges()
    assert rig.rejected == rig.wrong == []


def test_a_template_of_a_job_tells_what_would_run(rig: Rig, scan: Scan) -> None:
    template = own_arn("emr-containers", "/jobtemplates/t1")
    rig.world.plant(ACCOUNT, HOME, "emr-containers:ListJobTemplates", "templates", {
        "id": "t1", "name": "score", "arn": template, "createdAt": THEN, "createdBy": ROLE,
        "jobTemplateData": {
            "executionRoleArn": ROLE, "releaseLabel": "emr-7.0.0-latest",
            "jobDriver": {"sparkSubmitJobDriver": {
                "entryPoint": "s3://acme-jobs/score.py", "entryPointArguments": SERVER}}},
    })  # fmt: skip
    found = scan("containers")
    assert found.under(template).keys() == {"#ai/vllm"}
    assert (template, "created_by", ROLE) in found.edges()


def test_a_job_without_servers_is_read_by_its_details(rig: Rig, scan: Scan) -> None:
    application = own_arn("emr-serverless", "/applications/a1")
    known = {"name": "batch", "arn": application}
    rig.world.plant(
        ACCOUNT, HOME, "emr-serverless:ListApplications", "applications", {"id": "a1", **known}
    )
    rig.world.answer(ACCOUNT, HOME, "emr-serverless:GetApplication", {"applicationId": "a1"},
                     {"application": {"applicationId": "a1", **known}})  # fmt: skip
    run = {"applicationId": "a1", "name": "embed", "arn": f"{application}/jobruns/j1",
           "createdBy": ROLE, "createdAt": THEN, "updatedAt": THEN, "executionRole": ROLE,
           "state": "RUNNING", "stateDetails": "on", "releaseLabel": "emr-7.0.0"}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "emr-serverless:ListJobRuns", "jobRuns", {**run, "id": "j1"},
                    where={"applicationId": "a1"})  # fmt: skip
    driver = {"sparkSubmit": {"entryPoint": "s3://acme-jobs/embed.py",
                              "entryPointArguments": SERVER}}  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "emr-serverless:GetJobRun",
                     {"applicationId": "a1", "jobRunId": "j1"},
                     {"jobRun": {**run, "jobRunId": "j1", "jobDriver": driver}})  # fmt: skip
    found = scan("containers")
    job = f"{application}/jobs/embed"
    assert found.under(job).keys() == {"#ai/vllm"}
    assert (job, "runs_as", ROLE) in found.edges()
    assert rig.rejected == rig.wrong == []


def test_a_model_in_a_registry_of_images_is_a_model(rig: Rig, scan: Scan) -> None:
    repository = own_arn("ecr", "repository/acme/models")
    rig.world.plant(ACCOUNT, HOME, "ecr:DescribeRepositories", "repositories",
                    {"repositoryArn": repository, "repositoryName": "acme/models"})  # fmt: skip
    kinds = ("application/vnd.cncf.model.config.v1+json",
             "application/vnd.docker.container.image.v1+json")  # fmt: skip
    for number, kind in enumerate(kinds):
        rig.world.plant(ACCOUNT, HOME, "ecr:DescribeImages", "imageDetails", {
            "repositoryName": "acme/models", "imageDigest": f"sha256:{number:064}",
            "imageTags": ["small"], "artifactMediaType": kind, "imagePushedAt": THEN,
            "imageSizeInBytes": 7,
        }, where={"repositoryName": "acme/models"})  # fmt: skip
    found = scan("containers")
    (model,) = found.assets("aws.ecr_model").values()
    assert model.name == "acme/models small"
    assert model.tags["format"] == kinds[0]
    assert (repository, "contains", model.id) in found.edges()


def test_products_that_people_may_start_are_told_by_their_names(rig: Rig, scan: Scan) -> None:
    product = own_arn("catalog", "product/prod-1")
    for ident, name in (("prod-1", "SageMaker notebook"), ("prod-2", "Postgres")):
        rig.world.plant(ACCOUNT, HOME, "servicecatalog:SearchProductsAsAdmin",
                        "ProductViewDetails", {
            "ProductARN": own_arn("catalog", f"product/{ident}"), "Status": "AVAILABLE",
            "ProductViewSummary": {"ProductId": ident, "Name": name, "Owner": "platform"},
        })  # fmt: skip
    stack = own_arn("cloudformation", "stack/SC-1/1")
    started = own_arn("servicecatalog", "stack/mine/pp-1")
    person = f"arn:aws:iam::{ACCOUNT}:user/ada"
    rig.world.plant(ACCOUNT, HOME, "servicecatalog:SearchProvisionedProducts",
                    "ProvisionedProducts", {
        "Arn": started, "Name": "mine", "ProductId": "prod-1", "ProductName": "SageMaker notebook",
        "Status": "AVAILABLE", "UserArn": person, "PhysicalId": stack, "CreatedTime": THEN,
    })  # fmt: skip
    found = scan("delivery")
    assert found.assets("aws.servicecatalog_product").keys() == {"SageMaker notebook"}
    assert found.assets("aws.servicecatalog_provisioned").keys() == {"mine"}
    assert {(started, "derived_from", product), (started, "created_by", person),
            (started, "contains", stack)} <= set(found.edges())  # fmt: skip


def test_old_versions_of_functions_are_read_where_it_is_wanted(rig: Rig, scan: Scan) -> None:
    function = own_arn("lambda", "function:chat")
    for version, model in (("$LATEST", ""), ("3", "amazon.nova-pro-v1:0")):
        record = {"FunctionName": "chat", "Version": version, "Role": ROLE,
                  "FunctionArn": f"{function}:{version}" if model else function}  # fmt: skip
        if model:
            record["Environment"] = {"Variables": {"MODEL_ID": model}}  # type: ignore[assignment]
        rig.world.plant(ACCOUNT, HOME, "lambda:ListFunctions", "Functions", record,
                        where={"FunctionVersion": "ALL"})  # fmt: skip
    assert scan("lambda").under(f"{function}:3") == {}
    found = scan("lambda", function_versions=True)
    assert found.under(f"{function}:3")["#ai/aws_bedrock"].models == ("amazon.nova-pro-v1:0",)
    assert (function, "contains", f"{function}:3") in found.edges()


def test_jobs_that_may_not_be_listed_are_a_gap(rig: Rig, scan: Scan) -> None:
    _virtual_cluster(rig)
    rig.strike("emr-containers:ListJobRuns", denied("emr-containers:ListJobRuns"))
    row = scan("containers").rows[f"aws:{ACCOUNT}/{HOME}/containers"]
    assert row.status is Outcome.PARTIAL
    assert "emr-containers:ListJobRuns" in row.reason
