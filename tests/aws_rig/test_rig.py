"""The rig itself, asked by real boto3 clients: every protocol, pages, refusals, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws_rig import EVERYWHERE, Organization, PlantError, Rig, denied, serving

Clients = Callable[..., Any]
HOME = "us-east-1"


@pytest.fixture
def rig() -> Rig:
    return Rig(page_size=2)


@pytest.fixture
def client(rig: Rig) -> Iterator[Clients]:
    with serving(rig) as url:

        def make(service: str, region: str = HOME, key: str = "testing") -> Any:
            return boto3.client(
                service,
                region_name=region,
                endpoint_url=url,
                aws_access_key_id=key,
                aws_secret_access_key="testing",
                config=Config(retries={"total_max_attempts": 1}),
            )

        yield make


def test_one_thing_shows_in_list_detail_and_tags(rig: Rig, client: Clients) -> None:
    arn = f"arn:aws:sagemaker:{HOME}:{rig.account}:endpoint/x"
    rig.world.resource(
        rig.account,
        HOME,
        list="sagemaker:ListEndpoints",
        detail="sagemaker:DescribeEndpoint",
        record={"EndpointName": "x", "EndpointArn": arn, "EndpointConfigName": "c"},
        tags={"owner": "ada"},
    )
    sagemaker = client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"][0]["EndpointArn"] == arn
    assert sagemaker.describe_endpoint(EndpointName="x")["EndpointConfigName"] == "c"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "ada"}]
    with pytest.raises(ClientError) as error:
        sagemaker.describe_endpoint(EndpointName="y")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert not rig.rejected + rig.wrong


def test_what_aws_does_not_have_cannot_be_planted(rig: Rig) -> None:
    with pytest.raises(PlantError, match="EndpointNam: EndpointSummary has no such field"):
        rig.world.plant("1", HOME, "sagemaker:ListEndpoints", "Endpoints", {"EndpointNam": "x"})
    with pytest.raises(PlantError, match="'Working' is none of"):
        rig.world.plant(
            "1", HOME, "sagemaker:ListEndpoints", "Endpoints", {"EndpointStatus": "Working"}
        )
    with pytest.raises(PlantError, match="say for which"):
        rig.world.plant("1", HOME, "bedrock-agent:ListDataSources", "dataSourceSummaries", {})


def test_pages_hold_every_record_once(rig: Rig, client: Clients) -> None:
    records = [{"agentId": f"AGENT{n}", "agentName": "{account}"} for n in range(5)]
    rig.world.plant(EVERYWHERE, EVERYWHERE, "bedrock-agent:ListAgents", "agentSummaries", *records)
    pages = list(client("bedrock-agent", "eu-west-1").get_paginator("list_agents").paginate())
    found = [agent for page in pages for agent in page["agentSummaries"]]
    assert [len(page["agentSummaries"]) for page in pages] == [2, 2, 1]
    assert [agent["agentId"] for agent in found] == [f"AGENT{n}" for n in range(5)]
    assert {agent["agentName"] for agent in found} == {rig.account}


def test_an_organization_is_entered_by_its_role_alone(rig: Rig, client: Clients) -> None:
    org = Organization.of(5, units=2, external_id="shared").into(rig)
    listed = client("organizations").get_paginator("list_accounts").paginate()
    assert tuple(a["Id"] for page in listed for a in page["Accounts"]) == org.ids
    role = f"arn:aws:iam::{org.ids[3]}:role/{org.role_name}"
    with pytest.raises(ClientError, match="AccessDenied"):
        client("sts").assume_role(RoleArn=role, RoleSessionName="test", ExternalId="wrong")
    key = client("sts").assume_role(RoleArn=role, RoleSessionName="test", ExternalId="shared")[
        "Credentials"
    ]["AccessKeyId"]
    assert client("sts", key=key).get_caller_identity()["Account"] == org.ids[3]
    with pytest.raises(ClientError, match="AccessDenied"):
        client("organizations", key=key).list_accounts()


def test_a_fault_strikes_where_it_should(rig: Rig, client: Clients) -> None:
    rig.strike("sagemaker:List*", denied(), region="eu-west-1")
    assert client("sagemaker").list_models()["Models"] == []
    with pytest.raises(ClientError, match="perform: sagemaker:ListModels") as error:
        client("sagemaker", "eu-west-1").list_models()
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
