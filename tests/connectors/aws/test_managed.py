"""Managed AI whose records hold more than a name: which data it reads, as whom, under whose key."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.aws_rig import Rig
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan, own_arn

THEN = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/models"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/k1"


def test_jobs_on_records_of_patients_are_counted_together(rig: Rig, scan: Scan) -> None:
    for number in range(5):
        rig.world.plant(ACCOUNT, HOME, "comprehendmedical:ListPHIDetectionJobs",
                        "ComprehendMedicalAsyncJobPropertiesList", {
            "JobId": f"j{number}", "JobStatus": "COMPLETED", "SubmitTime": THEN, "KMSKey": KEY,
            "DataAccessRoleArn": ROLE,
            "InputDataConfig": {"S3Bucket": f"acme-records-{number % 2}"},
            "OutputDataConfig": {"S3Bucket": "acme-found"},
        })  # fmt: skip
    found = scan("language")
    (jobs,) = found.assets("aws.comprehend_medical").values()
    assert jobs.kind == "aws.comprehend_medical_phi_job"
    assert {(jobs.id, "reads_from", "arn:aws:s3:::acme-records-0"),
            (jobs.id, "reads_from", "arn:aws:s3:::acme-records-1"),
            (jobs.id, "writes_to", "arn:aws:s3:::acme-found"),
            (jobs.id, "runs_as", ROLE),
            (jobs.id, "configured_by", KEY)} <= found.edges()  # fmt: skip
    assert rig.rejected == rig.wrong == []


def test_a_model_of_the_first_machine_learning_leads_to_its_data(rig: Rig, scan: Scan) -> None:
    person = f"arn:aws:iam::{ACCOUNT}:user/ada"
    rig.world.plant(ACCOUNT, HOME, "machinelearning:DescribeDataSources", "Results", {
        "DataSourceId": "ds-1", "Name": "orders", "CreatedByIamUser": person, "RoleARN": ROLE,
        "DataLocationS3": "s3://acme-orders/2016/",
        "RedshiftMetadata": {"RedshiftDatabase": {"ClusterIdentifier": "dwh", "DatabaseName": "d"}},
    })  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "machinelearning:DescribeMLModels", "Results", {
        "MLModelId": "ml-1", "Name": "churn", "TrainingDataSourceId": "ds-1", "Status": "COMPLETED",
        "EndpointInfo": {"EndpointUrl": "https://realtime.machinelearning.example",
                         "EndpointStatus": "READY"},
    })  # fmt: skip
    found = scan("predictions")
    source, model = (
        own_arn("machinelearning", "datasource/ds-1"),
        own_arn("machinelearning", "mlmodel/ml-1"),
    )
    assert found.assets("aws.machinelearning_model")["churn"].tags["endpoint"] == "READY"
    assert {(model, "reads_from", source), (source, "created_by", person),
            (source, "reads_from", "arn:aws:s3:::acme-orders"),
            (source, "reads_from", own_arn("redshift", "cluster:dwh")),
            (source, "runs_as", ROLE)} <= found.edges()  # fmt: skip


def test_an_audience_is_found_by_what_people_did(rig: Rig, scan: Scan) -> None:
    data = own_arn("cleanrooms-ml", "training-dataset/d1")
    model = own_arn("cleanrooms-ml", "audience-model/m1")
    asked = own_arn("cleanrooms-ml", "configured-audience-model/c1")
    times = {"createTime": THEN, "updateTime": THEN, "status": "ACTIVE"}
    listed = {"trainingDatasetArn": data, "name": "clicks", **times}
    rig.world.plant(ACCOUNT, HOME, "cleanroomsml:ListTrainingDatasets", "trainingDatasets", listed)
    columns = [{"columnName": "who", "columnTypes": ["USER_ID"]}]
    source = {"glueDataSource": {"tableName": "clicks", "databaseName": "web"}}
    read = {"type": "INTERACTIONS", "inputConfig": {"schema": columns, "dataSource": source}}
    rig.world.answer(ACCOUNT, HOME, "cleanroomsml:GetTrainingDataset", {"trainingDatasetArn": data},
                     {**listed, "roleArn": ROLE, "trainingData": [read]})  # fmt: skip
    record = {"audienceModelArn": model, "name": "alike", "trainingDatasetArn": data, **times}
    rig.world.plant(ACCOUNT, HOME, "cleanroomsml:ListAudienceModels", "audienceModels", record)
    rig.world.answer(ACCOUNT, HOME, "cleanroomsml:GetAudienceModel", {"audienceModelArn": model},
                     {**record, "kmsKeyArn": KEY})  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "cleanroomsml:ListConfiguredAudienceModels",
                    "configuredAudienceModels", {
        "configuredAudienceModelArn": asked, "name": "for partners", "audienceModelArn": model,
        "outputConfig": {"roleArn": ROLE, "destination": {
            "s3Destination": {"s3Uri": "s3://acme-audiences/out"}}}, **times,
    })  # fmt: skip
    found = scan("predictions")
    assert {(asked, "serves", model), (model, "reads_from", data), (model, "configured_by", KEY),
            (data, "reads_from", f"aws:{ACCOUNT}/{HOME}/glue_table/clicks"),
            (asked, "writes_to", "arn:aws:s3:::acme-audiences")} <= found.edges()  # fmt: skip
    assert rig.rejected == rig.wrong == []


def test_a_function_on_video_calls_a_model_of_bedrock(rig: Rig, scan: Scan) -> None:
    function = own_arn("elemental-inference", "function/f1")
    rig.world.plant(ACCOUNT, HOME, "elementalinference:ListFunctions", "functions", {
        "arn": function, "id": "f1", "name": "describe", "status": "AVAILABLE",
        "target": {"bedrock": {"api": "INVOKE_MODEL", "model": "amazon.nova-pro-v1:0"}},
    })  # fmt: skip
    found = scan("predictions")
    assert found.assets("aws.elemental")["describe"].models == ("amazon.nova-pro-v1:0",)
    model = f"aws:{ACCOUNT}/{HOME}/bedrock/amazon.nova-pro-v1:0"
    assert (function, "calls", model) in found.edges()


def test_repositories_whose_code_is_read_are_told(rig: Rig, scan: Scan) -> None:
    association = own_arn("codeguru-reviewer", "association:a1")
    listed = {"AssociationArn": association, "AssociationId": "a1", "Name": "shop",
              "Owner": "acme", "ProviderType": "GitHub", "State": "Associated"}  # fmt: skip
    rig.world.plant(ACCOUNT, HOME, "codeguru-reviewer:ListRepositoryAssociations",
                    "RepositoryAssociationSummaries", listed)  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "codeguru-reviewer:DescribeRepositoryAssociation",
                     {"AssociationArn": association}, {"RepositoryAssociation": {
                         **listed, "KMSKeyDetails": {"KMSKeyId": "k1"}}})  # fmt: skip
    found = scan("assistants")
    assert found.assets("aws.codeguru_repository_association").keys() == {"acme/shop"}
    assert (association, "configured_by", KEY) in found.edges()
