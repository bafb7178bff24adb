"""What events are added up to: who, what, from where; once each; and what is no use.

The forms are those of CloudTrail's own pages, written anew: userIdentity
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html),
Bedrock (https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html),
SageMaker (https://docs.aws.amazon.com/sagemaker/latest/dg/logging-using-cloudtrail.html), AgentCore
(https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/understanding-gateway-cloudtrail-log-entries.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest

from connectors.aws.activity.actors import IDENTITY_KINDS
from connectors.aws.activity.births import made as born
from connectors.aws.activity.events import decoded
from connectors.aws.activity.services import KINDS, SERVICES
from connectors.aws.activity.things import ASSET_KINDS, Place
from connectors.aws.activity.totals import Totals
from connectors.aws.activity.ways import CLIENTS, client_of, source_of
from connectors.aws.types import TYPES
from scanner.model.facts import AssetClass, Credential, PrincipalType, Relation
from scanner.model.items import Activity, Item
from tests.connectors.aws import activity as made

A, B, R = made.ACCOUNT, made.OTHER, made.REGION


def _items(*events: Mapping[str, Any], totals: Totals | None = None) -> list[Item]:
    found = totals or Totals()
    for one in events:
        found.add(decoded(json.dumps(one).encode()))
    return list(found.drain("a log"))


def _rows(*events: Mapping[str, Any], totals: Totals | None = None) -> list[Activity]:
    return made.activities(_items(*events, totals=totals))


def _one(one: Mapping[str, Any]) -> Activity:
    (row,) = _rows(one)
    return row


# --- who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "ident", "kind", "principal", "mail"),
    [
        (made.role(), f"arn:aws:iam::{A}:role/service/app", "aws.iam_role", "service", ""),
        (
            made.role("AWSReservedSSO_Dev_0123456789abcdef", "jane.doe@example.com"),
            f"arn:aws:sts::{A}:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/jane.doe@example.com",
            "aws.role_session", "human", "jane.doe@example.com",
        ),
        (
            made.role("AWSReservedSSO_Dev_0123456789abcdef", "jane.doe"),
            f"arn:aws:iam::{A}:role/service/AWSReservedSSO_Dev_0123456789abcdef",
            "aws.iam_role", "group", "",
        ),
        (
            {"type": "AssumedRole", "arn": f"arn:aws:sts::{A}:assumed-role/bare/botocore-1"},
            f"arn:aws:iam::{A}:role/bare", "aws.iam_role", "service", "",
        ),
        (
            {"type": "IAMUser", "principalId": "AIDAMADEUP", "arn": f"arn:aws:iam::{A}:user/alice",
             "accountId": A, "accessKeyId": "AKIAMADEUP", "userName": "alice"},
            f"arn:aws:iam::{A}:user/alice", "aws.iam_user", "unknown", "",
        ),
        (
            {"type": "IAMUser", "arn": f"arn:aws:iam::{A}:user/BedrockAPIKey-ab12", "accountId": A},
            f"arn:aws:iam::{A}:user/BedrockAPIKey-ab12", "aws.iam_user", "service", "",
        ),
        (
            {"type": "Root", "principalId": A, "arn": f"arn:aws:iam::{A}:root", "accountId": A},
            f"arn:aws:iam::{A}:root", "aws.root_user", "human", "",
        ),
        (
            {"type": "FederatedUser", "arn": f"arn:aws:sts::{A}:federated-user/Bob@Example.com",
             "accountId": A},
            f"arn:aws:sts::{A}:federated-user/Bob@Example.com", "aws.federated_user", "human",
            "bob@example.com",
        ),
        (
            {"type": "AWSService", "invokedBy": "sagemaker.amazonaws.com"},
            "aws:service/sagemaker.amazonaws.com", "aws.service", "service", "",
        ),
        (
            {"type": "AWSAccount", "principalId": "AROAOTHER:i-77", "accountId": B},
            f"aws:{B}/principal/AROAOTHER", "aws.principal", "unknown", "",
        ),
        (
            {"type": "WebIdentityUser", "principalId": "accounts.google.com:app:sub",
             "userName": "sub", "identityProvider": "accounts.google.com"},
            f"aws:{A}/principal/accounts.google.com", "aws.principal", "unknown", "",
        ),
        (
            {**made.role("q-role", "sess"), "onBehalfOf": {
                "userId": "a-b-c",
                "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}},
            "aws:identitystore/d-1/user/a-b-c", "aws.identity_center_user", "human", "",
        ),
    ],
)  # fmt: skip
def test_who_called(
    caller: dict[str, Any], ident: str, kind: str, principal: str, mail: str
) -> None:
    who = made.actor(_one(made.event(userIdentity=caller)))
    assert (who.id, who.kind, who.email) == (ident, kind, mail)
    assert who.principal_type is PrincipalType(principal)
    assert who.kind in IDENTITY_KINDS


def test_a_persons_session_acts_as_its_role() -> None:
    items = _items(made.event(userIdentity=made.role("Dev", "jane@example.com")))
    (edge,) = made.edges(items)
    assert edge.source.endswith("assumed-role/Dev/jane@example.com")
    assert (edge.relation, edge.target) == (Relation.RUNS_AS, f"arn:aws:iam::{A}:role/Dev")


def test_sessions_of_one_role_are_one_row() -> None:
    callers = [made.role("app", f"i-{n:04d}") for n in range(50)]
    (row,) = _rows(*(made.event(userIdentity=caller) for caller in callers))
    assert row.count == 50


# --- what ---------------------------------------------------------------------------------------

_BEDROCK = f"arn:aws:bedrock:{R}:{A}"
_CORE = f"arn:aws:bedrock-agentcore:{R}:{A}"
_SAGEMAKER = f"arn:aws:sagemaker:{R}:{A}"


def _called(name: str, source: str, asked: Any, **more: Any) -> dict[str, Any]:
    return made.event(
        name, eventSource=f"{source}.amazonaws.com", requestParameters=asked, **more
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "ident", "kind", "asset_class"),
    [
        (_called("Converse", "bedrock", {"modelId": made.HAIKU}),
         f"aws:{A}/{R}/bedrock/{made.HAIKU}", "aws.bedrock_model", "model"),
        (_called("InvokeModel", "bedrock",
                 {"modelId": f"arn:aws:bedrock:{R}::foundation-model/{made.HAIKU}"}),
         f"aws:{A}/{R}/bedrock/{made.HAIKU}", "aws.bedrock_model", "model"),
        (_called("ConverseStream", "bedrock", {"modelId": f"us.{made.HAIKU}"}),
         f"{_BEDROCK}:inference-profile/us.{made.HAIKU}", "aws.bedrock_inference_profile",
         "model_endpoint"),
        (_called("InvokeModel", "bedrock",
                 {"modelId": f"{_BEDROCK}:application-inference-profile/abc123"}),
         f"{_BEDROCK}:application-inference-profile/abc123", "aws.bedrock_inference_profile",
         "model_endpoint"),
        (_called("InvokeModel", "bedrock", {"modelId": f"{_BEDROCK}:provisioned-model/pm1"}),
         f"{_BEDROCK}:provisioned-model/pm1", "aws.bedrock_provisioned_model", "model_endpoint"),
        (_called("InvokeModel", "bedrock", {"modelId": f"{_SAGEMAKER}:endpoint/marketplace"}),
         f"{_SAGEMAKER}:endpoint/marketplace", "aws.sagemaker_endpoint", "model_endpoint"),
        (_called("InvokeAgent", "bedrock", {"agentId": "AGENT12345", "agentAliasId": "ALIAS"},
                 managementEvent=False, eventCategory="Data",
                 resources=[{"accountId": A, "type": "AWS::Bedrock::AgentAlias",
                             "ARN": f"{_BEDROCK}:agent-alias/AGENT12345/ALIAS"}]),
         f"{_BEDROCK}:agent/AGENT12345", "aws.bedrock_agent", "agent"),
        (_called("InvokeAgent", "bedrock", {"agentId": "AGENT12345"}),
         f"{_BEDROCK}:agent/AGENT12345", "aws.bedrock_agent", "agent"),
        (_called("RetrieveAndGenerate", "bedrock", {"retrieveAndGenerateConfiguration": {
            "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": "x"}}}),
         f"{_BEDROCK}:knowledge-base/KB12345678", "aws.bedrock_knowledge_base", "knowledge_base"),
        (_called("InvokeFlow", "bedrock",
                 {"flowIdentifier": f"{_BEDROCK}:flow/F1/alias/A1"}),
         f"{_BEDROCK}:flow/F1", "aws.bedrock_flow", "flow"),
        (_called("CreateModelInvocationJob", "bedrock", {"modelId": made.HAIKU, "jobName": "j"}),
         f"aws:{A}/{R}/bedrock/{made.HAIKU}", "aws.bedrock_model", "model"),
        (_called("InvokeAgentRuntime", "bedrock-agentcore", {"runtimeSessionId": "s"},
                 resources=[{"ARN": f"{_CORE}:runtime/sales-x1/runtime-endpoint/DEFAULT",
                             "type": "AWS::BedrockAgentCore::RuntimeEndpoint"}]),
         f"{_CORE}:runtime/sales-x1", "aws.agentcore_runtime", "agent"),
        (_called("InvokeGateway", "bedrock-agentcore", {"gatewayArn": f"{_CORE}:gateway/gw-1"}),
         f"{_CORE}:gateway/gw-1", "aws.agentcore_gateway", "mcp_server"),
        (_called("CreateInference", "aws-external-anthropic", {"model": "claude-sonnet-4-6"},
                 resources=[{"type": "AWS::AWSExternalAnthropic::Workspace",
                             "ARN": f"arn:aws:aws-external-anthropic:{R}:{A}:workspace/w1"}]),
         f"arn:aws:aws-external-anthropic:{R}:{A}:workspace/w1", "aws.claude_workspace",
         "integration"),
        (_called("CreateInference", "bedrock-mantle", {"model": "openai.gpt-oss-120b"},
                 resources=[{"type": "AWS::BedrockMantle::Project",
                             "ARN": f"arn:aws:bedrock-mantle:{R}:{A}:project/proj_1"}]),
         f"aws:{A}/{R}/bedrock/openai.gpt-oss-120b", "aws.bedrock_model", "model"),
        (_called("InvokeEndpoint", "sagemaker", {"endpointName": "Fraud-Scoring"}),
         f"{_SAGEMAKER}:endpoint/fraud-scoring", "aws.sagemaker_endpoint", "model_endpoint"),
        (_called("CreatePresignedNotebookInstanceUrl", "sagemaker",
                 {"notebookInstanceName": "scratch"}),
         f"{_SAGEMAKER}:notebook-instance/scratch", "aws.sagemaker_notebook_instance", "notebook"),
        (_called("ChatSync", "qbusiness", {"applicationId": "app-1"}),
         f"arn:aws:qbusiness:{R}:{A}:application/app-1", "aws.qbusiness_application", "agent"),
        (_called("DetectCustomLabels", "rekognition", {
            "projectVersionArn": f"arn:aws:rekognition:{R}:{A}:project/p/version/v/1"}),
         f"arn:aws:rekognition:{R}:{A}:project/p/version/v/1", "aws.rekognition_model",
         "model_endpoint"),
        (_called("DetectSentiment", "comprehend", {"languageCode": "en"}),
         f"aws:{A}/{R}/comprehend", "aws.service_use", "integration"),
        (_called("InvokeModel", "bedrock", None), f"aws:{A}/{R}/bedrock", "aws.service_use",
         "integration"),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_was_called(one: dict[str, Any], ident: str, kind: str, asset_class: str) -> None:
    row = _one(one)
    assert row.thing is not None
    assert (row.thing.id, row.thing.kind) == (ident, kind)
    assert row.thing.asset_class is AssetClass(asset_class)
    assert row.thing.account == f"aws:account/{A}"
    assert row.thing.region == R
    assert row.thing.provider
    assert row.relation == "used_by"
    assert kind in ASSET_KINDS


def test_other_partitions() -> None:
    one = made.event(
        awsRegion="us-gov-west-1", requestParameters={"agentId": "AGENT12345"},
        eventName="InvokeAgent",
    )  # fmt: skip
    assert _one(one).app_id == f"arn:aws-us-gov:bedrock:us-gov-west-1:{A}:agent/AGENT12345"


def test_what_both_name_tables_and_logs_call_alike() -> None:
    listed = {kind.kind: kind for kind in TYPES}
    both = {known.kind: known for known in KINDS.values() if known.kind in listed}
    assert len(both) >= 5
    for name, known in both.items():
        assert known.asset_class is listed[name].asset_class, name
        assert known.provider == listed[name].provider, name
        assert known.is_ai is listed[name].is_ai, name


def test_every_service_is_a_provider_of_the_catalogue(rulebook: Any) -> None:
    assert {service.provider for service in SERVICES.values()} <= set(rulebook.by_id)


def test_events_that_are_no_use_are_none() -> None:
    quiet = [
        made.event("ListFoundationModels"),
        made.event("GetAgent", requestParameters={"agentId": "AGENT12345"}),
        made.event("UpdateGuardrail", requestParameters={"guardrailIdentifier": "g"}),
        made.event("GetObject", eventSource="s3.amazonaws.com"),
        made.event("CreateAccessKey", eventSource="iam.amazonaws.com"),
    ]
    assert not _items(*quiet)


# --- from where ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "boto3 from a public address"),
        ({"sourceIPAddress": "10.1.2.3"}, "boto3 from a private address"),
        ({"sourceIPAddress": "fd00::1"}, "boto3 from a private address"),
        ({"sourceIPAddress": "2606:4700::1111"}, "boto3 from a public address"),
        ({"sourceIPAddress": "10.1.2.3", "vpcEndpointId": "vpce-0123456789abcdef0"},
         "boto3 through VPC endpoint vpce-0123456789abcdef0"),
        ({"sourceIPAddress": "bedrock.amazonaws.com", "userAgent": "bedrock.amazonaws.com"},
         "aws from AWS service bedrock.amazonaws.com"),
        ({"userIdentity": {**made.role(), "invokedBy": "lambda.amazonaws.com"},
          "sourceIPAddress": "lambda.amazonaws.com", "userAgent": "lambda.amazonaws.com"},
         "aws from AWS service lambda.amazonaws.com"),
        ({"sourceIPAddress": "AWS Internal", "userAgent": "AWS Internal"}, "aws from AWS itself"),
        ({"userAgent": f"{made.BOTO} x-client-framework:langchain-aws"},
         "langchain from a public address"),
        ({"userAgent": "litellm/1.80.0"}, "litellm from a public address"),
        ({"userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"},
         "console from a public address"),
        ({"userAgent": "something new/1.0"}, "other from a public address"),
        ({"userAgent": None}, "from a public address"),
        ({"userAgent": "OpenAI/Python 1.50.0", "requestParameters": {
            "modelId": made.HAIKU, "callWithBearerToken": True, "bearerTokenType": "ABSK"}},
         "openai-sdk with an API key from a public address"),
        ({"additionalEventData": {"callWithBearerToken": True}},
         "boto3 with an API key from a public address"),
        ({"sourceIPAddress": "<script>alert(1)</script>"}, "boto3"),
        ({"additionalEventData": {"inferenceRegion": "us-west-2"}},
         "boto3 from a public address inferred in us-west-2"),
        ({"additionalEventData": {"inferenceRegion": made.REGION}}, "boto3 from a public address"),
        ({"userIdentity": made.role(account=B)},
         f"boto3 from a public address of account {B}"),
    ],
)  # fmt: skip
def test_from_where_and_with_what(changes: dict[str, Any], words: str) -> None:
    assert _one(made.event(**changes)).where == words


def test_a_thing_of_another_account_is_told() -> None:
    arn = f"arn:aws:bedrock:{R}:{B}:application-inference-profile/shared"
    row = _one(made.event(requestParameters={"modelId": arn}))
    assert row.account == f"aws:account/{B}"
    assert row.where == f"boto3 from a public address of account {A}"


def test_families_of_clients_stand_for_themselves() -> None:
    for word, family in CLIENTS:
        assert client_of(word) == client_of(word.upper()) == family
    assert source_of("public") == source_of("8.8.8.8")
    assert source_of("private") == source_of("192.168.0.1")


def test_no_address_and_no_agent_is_kept() -> None:
    one = made.event(
        sourceIPAddress="203.0.113.77", userAgent="Boto3/1.35 secret-project-x", vpcEndpointId="v"
    )  # fmt: skip
    told = repr(_items(one))
    assert "203.0.113.77" not in told
    assert "secret-project-x" not in told


# --- once ---------------------------------------------------------------------------------------


def test_an_event_that_is_delivered_twice_counts_once() -> None:
    one = made.event()
    assert made.counted(_items(one, made.event(), one)) == 2


def test_the_same_call_as_a_vpc_endpoint_saw_it_is_not_counted_again() -> None:
    network = made.event(
        eventType="AwsVpceEvent", eventCategory="NetworkActivity", managementEvent=None,
        vpcEndpointId="vpce-0123456789abcdef0",
    )  # fmt: skip
    assert made.counted(_items(made.event(), network)) == 1
    refused = made.event(eventCategory="NetworkActivity", errorCode="VpceAccessDenied")
    (row,) = _rows(refused)
    assert (row.relation, row.status) == ("", "refused: VpceAccessDenied")


def _pair() -> tuple[dict[str, Any], dict[str, Any]]:
    """One call from A to B's agent: each account's log has a copy."""
    arn = f"arn:aws:bedrock:{R}:{B}:agent-alias/AGENT12345/ALIAS"
    asked = {"sharedEventID": "shared-1", "resources": [{"ARN": arn}], "eventName": "InvokeAgent"}
    callers = made.event(**asked, recipientAccountId=A)
    opaque = {"type": "AWSAccount", "principalId": "AROAMADEUP:i-0abc", "accountId": A}
    owners = made.event(**asked, recipientAccountId=B, userIdentity=opaque)
    return callers, owners


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_copies_of_one_call_count_once_where_the_caller_is_named(
    order: tuple[int, int],
) -> None:
    pair = _pair()
    (row,) = _rows(*(pair[n] for n in order))
    assert row.count == 1
    assert made.actor(row).kind == "aws.iam_role"
    assert row.account == f"aws:account/{B}"


def test_the_owners_copy_alone_counts_unless_the_callers_log_is_read_elsewhere() -> None:
    _, owners = _pair()
    (row,) = _rows(owners)
    assert made.actor(row).id == f"aws:{A}/principal/AROAMADEUP"
    assert row.where.endswith(f"of account {A}")
    assert not _items(owners, totals=Totals(accounts=frozenset({A, B})))


def test_events_of_another_account_belong_to_it() -> None:
    """An organization's trail holds them all; older events say only whose credentials they were."""
    other = made.event(recipientAccountId=B, userIdentity=made.role(account=B))
    old = made.event(recipientAccountId=None)
    rows = _rows(other, old, totals=Totals(place=Place(A, R)))
    assert {row.account for row in rows} == {f"aws:account/{A}", f"aws:account/{B}"}


# --- refused and failed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "relation", "rule", "status"),
    [
        ("AccessDenied", "", "bedrock:InvokeModel refused", "refused: AccessDenied"),
        ("AccessDeniedException", "", "bedrock:InvokeModel refused",
         "refused: AccessDeniedException"),
        ("Client.UnauthorizedOperation", "", "bedrock:InvokeModel refused",
         "refused: UnauthorizedOperation"),
        ("ResourceNotFoundException", "", "bedrock:InvokeModel failed",
         "failed: ResourceNotFoundException"),
        ("ValidationException", "", "bedrock:InvokeModel failed", "failed: ValidationException"),
        ("<b>x</b>", "", "bedrock:InvokeModel failed", "failed: an error"),
        ("ThrottlingException", "used_by", "bedrock:InvokeModel", ""),
        ("ModelTimeoutException", "used_by", "bedrock:InvokeModel", ""),
    ],
)  # fmt: skip
def test_what_was_refused_is_no_use(code: str, relation: str, rule: str, status: str) -> None:
    row = _one(made.event(errorCode=code, errorMessage="who may know"))
    assert (row.relation, row.rule, row.status) == (relation, rule, status)
    assert "who may know" not in repr(row)


# --- made and ended -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "ident", "name"),
    [
        (_called("CreateEndpoint", "sagemaker", {"endpointName": "Fraud", "tags": []},
                 responseElements={"endpointArn": f"{_SAGEMAKER}:endpoint/fraud"}),
         f"{_SAGEMAKER}:endpoint/fraud", "Fraud"),
        (_called("CreateNotebookInstance", "sagemaker", {"notebookInstanceName": "scratch"},
                 responseElements={
                     "notebookInstanceArn": f"{_SAGEMAKER}:notebook-instance/scratch"}),
         f"{_SAGEMAKER}:notebook-instance/scratch", "scratch"),
        (_called("CreateAgent", "bedrock", {"agentName": "support", "foundationModel": "m"},
                 responseElements={"agent": {"agentArn": f"{_BEDROCK}:agent/A1",
                                             "agentResourceRoleArn": "arn:aws:iam::1:role/x"}}),
         f"{_BEDROCK}:agent/A1", "support"),
        (_called("CreateKnowledgeBase", "bedrock", {"name": "handbook"},
                 responseElements={"knowledgeBase": {
                     "knowledgeBaseArn": f"{_BEDROCK}:knowledge-base/K1"}}),
         f"{_BEDROCK}:knowledge-base/K1", "handbook"),
        (_called("CreateModelCustomizationJob", "bedrock", {"customModelName": "tone",
                                                            "jobName": "tone-1"},
                 responseElements={"jobArn": f"{_BEDROCK}:model-customization-job/m/j"}),
         f"{_BEDROCK}:model-customization-job/m/j", "m/j"),
        (_called("CreateAgentRuntime", "bedrock-agentcore", {"agentRuntimeName": "sales"},
                 responseElements={"agentRuntimeArn": f"{_CORE}:runtime/sales-x1",
                                   "workloadIdentityDetails": {"workloadIdentityArn":
                                       f"{_CORE}:workload-identity-directory/d/workload-identity/w"}}),
         f"{_CORE}:runtime/sales-x1", "sales"),
        (_called("CreateEndpoint", "sagemaker", {"endpointName": "No-Answer"}),
         f"{_SAGEMAKER}:endpoint/no-answer", "No-Answer"),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_whoever_made_it_is_told(one: dict[str, Any], ident: str, name: str) -> None:
    row = _one(one)
    assert row.thing is not None
    assert (row.app_id, row.thing.name, row.relation) == (ident, name, "created_by")
    assert row.thing.created_at == "2026-05-20T10:00:00Z"
    assert made.actor(row).name == "app"
    assert row.thing.is_ai


def test_what_failed_made_nothing() -> None:
    one = _called("CreateEndpoint", "sagemaker", {"endpointName": "x"}, errorCode="AccessDenied")
    assert not _items(one)


def test_what_no_table_knows_is_kept_for_its_makers_sake_alone() -> None:
    one = _called(
        "CreateImage", "sagemaker", {"imageName": "base"},
        responseElements={"imageArn": f"{_SAGEMAKER}:image/base"},
    )  # fmt: skip
    row = _one(one)
    assert row.thing is not None
    assert not row.thing.is_ai


def test_models_of_a_workspace_are_told() -> None:
    arn = f"arn:aws:aws-external-anthropic:{R}:{A}:workspace/w1"
    row = _one(
        _called("CreateInference", "aws-external-anthropic", {"model": "claude-sonnet-4-6"},
                resources=[{"ARN": arn}])
    )  # fmt: skip
    assert row.thing is not None
    assert (row.thing.models, row.thing.provider) == (("claude-sonnet-4-6",), "anthropic")


def test_a_key_for_bedrock_is_told_with_who_made_it_and_without_its_secret() -> None:
    def of(**told: Any) -> dict[str, Any]:
        return made.event(
            "CreateServiceSpecificCredential", eventSource="iam.amazonaws.com", **told
        )

    one = of(
        requestParameters={
            "userName": "BedrockAPIKey-ab12",
            "serviceName": "bedrock.amazonaws.com",
        },
        responseElements={
            "serviceSpecificCredential": {
                "serviceSpecificCredentialId": "ACCAMADEUP",
                "serviceUserName": "BedrockAPIKey-ab12-at-1",
                "status": "Active",
            }
        },
    )
    items = _items(one, of(requestParameters={"serviceName": "codecommit.amazonaws.com"}))
    (key,) = [item for item in items if isinstance(item, Credential)]
    assert key.id == f"aws:{A}/service-specific-credential/ACCAMADEUP"
    (edge,) = made.edges(items)
    assert (edge.source, edge.relation) == (key.id, Relation.CREATED_BY)
    assert edge.target == f"arn:aws:iam::{A}:role/service/app"


def test_what_was_deleted_is_marked_and_no_use() -> None:
    gone = _called("DeleteEndpoint", "sagemaker", {"endpointName": "Fraud"})
    row = _one(gone)
    assert row.thing is not None
    assert (row.app_id, row.thing.status, row.relation) == (
        f"{_SAGEMAKER}:endpoint/fraud", "deleted", "",
    )  # fmt: skip
    assert not _items(_called("DeleteEndpointConfig", "sagemaker", {"endpointConfigName": "c"}))
    assert not _items(_called("DeleteAgentAlias", "bedrock", {"agentId": "A", "agentAliasId": "B"}))


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sagemaker", "CreateEndpoint"), ("sagemaker", "CreateNotebookInstance"),
        ("sagemaker", "CreateModel"), ("sagemaker", "CreateTrainingJob"),
        ("sagemaker", "CreateInferenceComponent"), ("sagemaker", "CreateDomain"),
        ("sagemaker", "CreateModelPackage"), ("bedrock-agent", "CreateAgent"),
        ("bedrock-agent", "CreateKnowledgeBase"), ("bedrock-agent", "CreateFlow"),
        ("bedrock", "CreateInferenceProfile"), ("bedrock", "CreateProvisionedModelThroughput"),
        ("bedrock", "CreateModelCustomizationJob"), ("bedrock", "CreateGuardrail"),
        ("bedrock", "CreateCustomModelDeployment"), ("bedrock", "CreatePromptRouter"),
        ("bedrock-agentcore-control", "CreateAgentRuntime"),
        ("bedrock-agentcore-control", "CreateGateway"),
        ("bedrock-agentcore-control", "CreateMemory"), ("qbusiness", "CreateApplication"),
    ],
)  # fmt: skip
def test_answers_as_botocore_describes_them_name_what_was_made(
    service: str, operation: str
) -> None:
    """Every ARN of the answer's shape is filled; the one of what was made is taken."""
    model = botocore.session.get_session().get_service_model(service)
    family = {"bedrock-agent": "bedrock", "bedrock-agentcore-control": "bedrock-agentcore"}
    name = family.get(service, service)
    prefix = f"arn:aws:{name}:{R}:{A}"
    answer, arns = _filled(model.operation_model(operation).output_shape, prefix)
    assert arns
    one = _called(operation, name, {}, responseElements=answer)
    event = decoded(json.dumps(one).encode())
    assert event is not None
    asset = born(event, Place(A, R))
    assert asset is not None
    noun = operation.removeprefix("Create").lower()
    stem = asset.id.rpartition("/")[2].removesuffix("arn")
    assert stem in noun or noun in stem or stem in ("", "job"), asset.id


def _filled(shape: Any, prefix: str, depth: int = 2) -> tuple[dict[str, Any], list[str]]:
    answer: dict[str, Any] = {}
    arns: list[str] = []
    for member, inner in shape.members.items():
        key = member[:1].lower() + member[1:]
        if inner.type_name == "string" and key.lower().endswith("arn"):
            is_own = not any(word in key.lower() for word in ("role", "kms", "key"))
            value = f"{prefix}:thing/{key.lower()}" if is_own else f"arn:aws:kms:{R}:{A}:key/x"
            answer[key] = value
            arns.append(value)
        elif inner.type_name == "structure" and depth > 1:
            answer[key], more = _filled(inner, prefix, depth - 1)
            arns += more
    return answer, arns


# --- hostile --------------------------------------------------------------------------------------


def test_what_is_hostile_costs_one_event_at_most() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"a": deep}
    bad = [
        made.event(requestParameters={"modelId": "a" * 100_000}),
        made.event(requestParameters={"modelId": {"$ne": 1}}),
        made.event(requestParameters=["a", 1, None]),
        made.event(requestParameters=deep),
        made.event(requestParameters={"modelId": "../../etc/passwd\n<img src=x>"}),
        made.event("InvokeModel<script>"),
        made.event(awsRegion="moon-1\n", recipientAccountId="1"),
        made.event(userIdentity={"type": "AssumedRole", "arn": "arn:" + "x" * 5000}),
        made.event(userAgent="A" * 200_000, sourceIPAddress="9" * 50_000),
        made.event(eventTime="yesterday"),
        made.event(errorCode="x" * 4000),
    ]
    items = _items(*bad, made.event())
    rows = made.activities(items)
    assert made.counted(rows) >= 8
    assert max(len(repr(row)) for row in rows) < 6000
    assert "<script>" not in repr(rows)
    assert "passwd" not in repr(rows)
    assert "no events that can be understood" in made.gaps(items)[0].reason


def test_rows_without_end_end_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.aws.activity import totals

    monkeypatch.setattr(totals, "_MOST_ROWS", 10)
    events = [made.event(userIdentity=made.role(f"r{n}")) for n in range(25)]
    items = _items(*events)
    assert len(made.activities(items)) == 10
    assert "15 events" in made.gaps(items)[0].reason
