"""Moto's server with what it lacks answered empty, as boto3 sees it, in every protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from scanner.demo import cloud


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with cloud.fake_aws() as running:
        yield running


def _client(url: str, service: str) -> Any:
    made: Any = boto3.Session("testing", "testing", region_name=cloud.REGION)
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    return made.client(service, endpoint_url=url, config=config)


@pytest.mark.parametrize(
    ("service", "method", "field"),
    [
        ("kendra", "list_indices", "IndexConfigurationSummaryItems"),  # no such backend, JSON
        ("qbusiness", "list_applications", "applications"),  # no such backend, paths
        ("rekognition", "describe_projects", "ProjectDescriptions"),  # not implemented, JSON
        ("lexv2-models", "list_exports", "exportSummaries"),  # no such path
        ("ec2", "describe_capacity_blocks", "CapacityBlocks"),  # not implemented, EC2's own
        ("autoscaling", "describe_adjustment_types", "AdjustmentTypes"),  # not implemented, query
        ("memorydb", "describe_acls", "ACLs"),
    ],
)
def test_what_moto_lacks_is_empty(url: str, service: str, method: str, field: str) -> None:
    answer = getattr(_client(url, service), method)()
    assert not answer.get(field)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_what_moto_has_is_left_alone(url: str) -> None:
    s3 = _client(url, "s3")
    s3.create_bucket(Bucket="kept")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept"]
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="never-made")


def test_what_would_change_something_is_not_pretended(url: str) -> None:
    with pytest.raises(ClientError, match="500"):
        _client(url, "kendra").create_index(
            Name="index", RoleArn="arn:aws:iam::123456789012:role/r"
        )
