"""What is planted comes back through real boto3 clients; what AWS would not do is refused."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws_rig import ANY, EVERYWHERE, Listed, Member, Organization, PlantError, Rig
from tests.aws_rig.conftest import HOME, Clients
from tests.aws_rig.process import running

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def _code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    told = error.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]


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
    assert _code(error) == ("ResourceNotFoundException", 400)
    assert rig.unplanted == {f"sagemaker:DescribeEndpoint {HOME} {rig.account}": 1}
    assert client("sagemaker", "eu-west-1").list_endpoints()["Endpoints"] == []
    assert not rig.rejected + rig.wrong


def test_details_that_stand_below_a_field_of_their_own(rig: Rig, client: Clients) -> None:
    arn = f"arn:aws:bedrock:{HOME}:{rig.account}:agent/AGENT00001"
    rig.world.resource(
        rig.account,
        HOME,
        list="bedrock-agent:ListAgents",
        detail="bedrock-agent:GetAgent",
        record={"agentId": "AGENT00001", "agentName": "helper", "foundationModel": "m",
                "createdAt": WHEN},
        tags={"team": "support"},
        arn=arn,
    )  # fmt: skip
    rig.world.plant(
        rig.account,
        HOME,
        "bedrock-agent:ListAgentKnowledgeBases",
        "agentKnowledgeBaseSummaries",
        {"knowledgeBaseId": "KB00000001"},
        where={"agentId": "AGENT00001", "agentVersion": ANY},
    )
    bedrock = client("bedrock-agent")
    assert bedrock.list_agents()["agentSummaries"][0]["agentName"] == "helper"
    agent = bedrock.get_agent(agentId="AGENT00001")["agent"]
    assert (agent["foundationModel"], agent["createdAt"]) == ("m", WHEN)
    assert agent["agentArn"].startswith(f"arn:aws:made-up:{HOME}:{rig.account}:")  # was required
    assert bedrock.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "support"}
    listed = bedrock.list_agent_knowledge_bases(agentId="AGENT00001", agentVersion="DRAFT")
    assert [b["knowledgeBaseId"] for b in listed["agentKnowledgeBaseSummaries"]] == ["KB00000001"]
    other = bedrock.list_agent_knowledge_bases(agentId="AGENT00002", agentVersion="DRAFT")
    assert other["agentKnowledgeBaseSummaries"] == []


def test_every_protocol_brings_back_what_was_planted(rig: Rig, client: Clients) -> None:
    plant, answer, home = rig.world.plant, rig.world.answer, (rig.account, HOME)
    plant(
        *home,
        "ec2:DescribeVpcs",
        "Vpcs",
        {"VpcId": "vpc-1", "Tags": [{"Key": "a", "Value": "<b>"}]},
    )
    plant(*home, "iam:ListRoles", "Roles", {"RoleName": "r", "CreateDate": WHEN, "Path": "/"})
    plant(*home, "s3:ListBuckets", "Buckets", {"Name": "data", "CreationDate": WHEN})
    tags = {"TagSet": [{"Key": "classification", "Value": "secret"}]}
    answer(*home, "s3:GetBucketTagging", {"Bucket": "data"}, tags)
    functions = {"FunctionName": "f", "Environment": {"Variables": {"A": "é"}}}
    plant(*home, "lambda:ListFunctions", "Functions", functions)
    plant(
        *home, "eventbridgev2:ListEventBuses", "EventBuses", {"Name": "bus", "CreationTime": WHEN}
    )
    plant(
        *home, "textract:ListAdapters", "Adapters", {"AdapterName": "forms", "CreationTime": WHEN}
    )
    assert client("ec2").describe_vpcs()["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "<b>"}]
    assert client("iam", "eu-west-1").list_roles()["Roles"][0]["CreateDate"] == WHEN  # global
    assert client("s3").list_buckets()["Buckets"] == [{"Name": "data", "CreationDate": WHEN}]
    assert client("s3").get_bucket_tagging(Bucket="data")["TagSet"] == tags["TagSet"]
    variables = client("lambda").list_functions()["Functions"][0]["Environment"]["Variables"]
    assert variables == {"A": "é"}
    assert client("eventbridgev2").list_event_buses()["EventBuses"][0]["Name"] == "bus"
    assert client("textract").list_adapters()["Adapters"][0]["CreationTime"] == WHEN
    assert not rig.rejected + rig.wrong


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"EndpointNam": "x"}, "EndpointNam: EndpointSummary has no such field"),
        ({"EndpointStatus": "Working"}, "'Working' is none of"),
        ({"EndpointName": 7}, "EndpointName: string expected, not int"),
    ],
)
def test_what_aws_does_not_have_cannot_be_planted(
    rig: Rig, record: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(PlantError, match=complaint):
        rig.world.plant("1", HOME, "sagemaker:ListEndpoints", "Endpoints", record)


def test_a_list_below_something_says_below_what(rig: Rig) -> None:
    op = ("bedrock-agent:ListDataSources", "dataSourceSummaries")
    with pytest.raises(PlantError, match="say for which"):
        rig.world.plant("1", HOME, *op, {})
    with pytest.raises(PlantError, match="has no parameter knowledgebaseid"):
        rig.world.plant("1", HOME, *op, {}, where={"knowledgebaseid": "x"})
    with pytest.raises(PlantError, match="no field dataSources; there are"):
        rig.world.plant("1", HOME, op[0], "dataSources", {})
    with pytest.raises(LookupError, match="botocore knows no sagemaker:ListEndpoint"):
        rig.world.plant("1", HOME, "sagemaker:ListEndpoint", "Endpoints", {})


def test_pages_hold_every_record_once(rig: Rig, client: Clients) -> None:
    records = [{"agentId": f"AGENT{n}", "agentName": "{account}"} for n in range(5)]
    where = (EVERYWHERE, EVERYWHERE, "bedrock-agent:ListAgents", "agentSummaries")
    rig.world.plant(*where, *records)
    listing = client("bedrock-agent", "eu-west-1").get_paginator("list_agents")
    pages = list(listing.paginate())
    found = [agent for page in pages for agent in page["agentSummaries"]]
    assert [len(page["agentSummaries"]) for page in pages] == [2, 2, 1]
    assert [agent["agentId"] for agent in found] == [f"AGENT{n}" for n in range(5)]
    assert {agent["agentName"] for agent in found} == {rig.account}
    single = list(listing.paginate(PaginationConfig={"PageSize": 1}))
    assert len(single) == 5


def test_a_token_is_good_for_its_own_question_alone(rig: Rig, client: Clients) -> None:
    models = [{"ModelName": f"m{n}"} for n in range(5)]
    rig.world.plant(rig.account, HOME, "sagemaker:ListModels", "Models", *models)
    sagemaker = client("sagemaker")
    token = sagemaker.list_models(NameContains="m")["NextToken"]
    assert len(sagemaker.list_models(NameContains="m", NextToken=token)["Models"]) == 2
    for asked in ({"NameContains": "x", "NextToken": token}, {"NextToken": "made-up"}):
        with pytest.raises(ClientError, match="was not issued for these parameters") as error:
            sagemaker.list_models(**asked)
        assert _code(error) == ("ValidationException", 400)
    assert len(rig.rejected) == 2


def test_lists_are_narrowed_and_ordered_as_asked(rig: Rig, client: Clients) -> None:
    jobs = [
        {"TrainingJobName": f"job-{n}", "CreationTime": datetime(2026, n, 1, tzinfo=UTC),
         "TrainingJobStatus": "Failed" if n == 2 else "Completed"}
        for n in range(1, 5)
    ]  # fmt: skip
    rig.world.plant(rig.account, HOME, "sagemaker:ListTrainingJobs", "TrainingJobSummaries", *jobs)

    def names(**asked: Any) -> list[str]:
        found = client("sagemaker").list_training_jobs(**asked)["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in found]

    assert names(CreationTimeAfter=datetime(2026, 2, 2, tzinfo=UTC)) == ["job-3", "job-4"]
    assert names(SortBy="CreationTime", SortOrder="Descending") == ["job-4", "job-3"]
    assert names(StatusEquals="Failed") == ["job-2"]
    assert names(NameContains="B-4") == ["job-4"]


@pytest.mark.parametrize(
    ("service", "call", "asked", "complaint"),
    [
        ("sagemaker", "list_models", {"MaxResults": 101}, "MaxResults 101 : at most 100"),
        ("sagemaker", "list_models", {"Colour": "x"}, "Colour: ListModelsInput has no such field"),
        ("sagemaker", "list_models", {"SortOrder": "Up"}, "'Up' is none of"),
        ("sagemaker", "describe_model", {}, "ModelName: required"),
        ("bedrock", "list_custom_models", {"maxResults": "many"}, "integer expected"),
        ("bedrock", "list_guardrails", {"isOwned": True}, "isOwned: no such parameter"),
        ("iam", "list_users", {"Colour": "x"}, "Colour: no such parameter"),
        ("ec2", "describe_regions", {"Colour": "x"}, "Colour: no such parameter"),
    ],
)
def test_a_request_that_no_aws_would_take_is_refused(
    rig: Rig, client: Clients, service: str, call: str, asked: dict[str, Any], complaint: str
) -> None:
    """The client is told to send what its own model does not allow."""
    unchecked = client(service)
    method = unchecked.meta.method_to_api_mapping[call]
    shape = unchecked.meta.service_model.operation_model(method).input_shape
    extra = [name for name in asked if name not in shape.members]

    def smuggle(params: dict[str, Any], **_: Any) -> None:
        for name in extra:
            body = params["body"]
            if isinstance(body, dict):
                body[name] = asked[name]
            elif params["method"] == "POST":
                params["body"] = json.dumps({**json.loads(body), name: asked[name]}).encode()
            else:
                params["url"] += f"?{name}={asked[name]}"

    unchecked.meta.events.register(f"before-call.*.{method}", smuggle)
    serializer = unchecked._serializer
    while hasattr(serializer, "_serializer"):  # below the one that validates
        serializer = serializer._serializer
    unchecked._serializer = serializer
    with pytest.raises(ClientError):
        getattr(unchecked, call)(**{k: v for k, v in asked.items() if k not in extra})
    assert len(rig.rejected) == 1
    assert complaint in rig.rejected[0]


def test_what_was_planted_can_be_taken_away(rig: Rig, client: Clients) -> None:
    rig.world.plant(rig.account, HOME, "sagemaker:ListModels", "Models", {"ModelName": "m"})
    assert len(client("sagemaker").list_models()["Models"]) == 1
    assert not rig.world.pull("sagemaker:ListModels", region="eu-west-1")
    assert rig.world.pull("sagemaker:ListModels", which=lambda r: r["ModelName"] == "m") == 1
    assert client("sagemaker").list_models()["Models"] == []


def test_accounts_differ_within_an_organization(rig: Rig, client: Clients) -> None:
    members = (
        Member("111111111111"),
        Member("222222222222", closed=("eu-west-1",), role_name="Reader", external_id="shared"),
        Member("333333333333", status="SUSPENDED"),
        Member("444444444444", role_name=None),
    )
    org = Organization(members, delegated=("222222222222",)).into(rig)

    def enter(account: str, role: str = org.role_name, **given: str) -> str:
        arn = f"arn:aws:iam::{account}:role/{role}"
        made = client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **given)
        return str(made["Credentials"]["AccessKeyId"])

    for account in ("222222222222", "333333333333", "444444444444"):
        with pytest.raises(ClientError, match="AccessDenied"):
            enter(account)
    key = enter("222222222222", "Reader", ExternalId="shared")
    assert [r["RegionName"] for r in client("ec2", key=key).describe_regions()["Regions"]] == [HOME]
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client("sagemaker", "eu-west-1", key).list_models()
    assert client("sagemaker", "eu-west-1").list_models()["Models"] == []
    organizations = client("organizations", key=key)
    assert len(organizations.list_accounts()["Accounts"]) == 2  # a page
    administrators = organizations.list_delegated_administrators()["DelegatedAdministrators"]
    assert [one["Id"] for one in administrators] == ["222222222222"]


def test_python_may_answer_and_is_checked(rig: Rig, client: Clients) -> None:
    names = [{"Name": f"s{n}"} for n in range(3)]
    rig.world.handle("secretsmanager:ListSecrets", lambda asked: Listed({"SecretList": names}))
    rig.world.handle("ssm:DescribeParameters", lambda asked: {"Parameters": [{"Nam": "x"}]})
    assert len(client("secretsmanager").list_secrets()["SecretList"]) == 2
    client("ssm").describe_parameters()
    assert "Nam: ParameterMetadata has no such field" in rig.wrong[0]


def test_an_organization_is_entered_by_its_role_alone(rig: Rig, client: Clients) -> None:
    org = Organization.of(5, units=4, external_id="shared", disabled=("me-south-1",)).into(rig)
    organizations = client("organizations")
    listed = organizations.get_paginator("list_accounts").paginate()
    assert tuple(a["Id"] for page in listed for a in page["Accounts"]) == org.ids

    def below(parent: str) -> list[str]:
        accounts = organizations.get_paginator("list_accounts_for_parent")
        units = organizations.get_paginator("list_organizational_units_for_parent")
        found = [a["Id"] for page in accounts.paginate(ParentId=parent) for a in page["Accounts"]]
        for page in units.paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                found += below(unit["Id"])
        return found

    root = organizations.list_roots()["Roots"][0]["Id"]
    assert sorted(below(root)) == sorted(org.ids)
    tags = organizations.list_tags_for_resource(ResourceId=org.ids[1])["Tags"]
    assert {"Key": "owner", "Value": "team-1@example.com"} in tags
    role = f"arn:aws:iam::{org.ids[3]}:role/{org.role_name}"
    for arn, given in ((role, "wrong"), (role + "x", "shared"), (role.replace("4", "9"), "shared")):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as error:
            client("sts").assume_role(RoleArn=arn, RoleSessionName="test", ExternalId=given)
        assert _code(error) == ("AccessDenied", 403)
    key = client("sts").assume_role(RoleArn=role, RoleSessionName="test", ExternalId="shared")[
        "Credentials"
    ]["AccessKeyId"]
    assert client("sts", key=key).get_caller_identity()["Account"] == org.ids[3]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client("organizations", key=key).list_accounts()
    regions = client("ec2", key=key).describe_regions(AllRegions=True)["Regions"]
    assert [r["RegionName"] for r in regions if r["OptInStatus"] == "not-opted-in"] == [
        "me-south-1"
    ]
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client("sagemaker", "me-south-1", key=key).list_models()


def test_a_process_of_its_own() -> None:
    with running("--accounts", "3", "--regions", "2", "--synthesize", "2") as said:
        assert len(said["accounts"]) == 3
        sagemaker: Any = boto3.client(
            "sagemaker", endpoint_url=said["url"], region_name=said["regions"][1],
            aws_access_key_id="made-up", aws_secret_access_key="made-up",
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        name = sagemaker.list_models()["Models"][1]["ModelName"]
        assert sagemaker.describe_model(ModelName=name)["ModelName"] == name
        with urllib.request.urlopen(said["figures"]) as answer:
            told = json.load(answer)
    assert told["by_operation"] == {"sagemaker:ListModels": 1, "sagemaker:DescribeModel": 1}
    assert told["rejected"] == 0
