"""Worlds of Bedrock and AgentCore with values as AWS writes them, and exactly what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.model.coverage import Outcome
from scanner.model.facts import Asset
from tests.aws_rig import ANY, Organization, Rig, denied, serving
from tests.connectors.aws.reading import HOME, Scan, context, scan

ACCOUNT = "111111111111"
WHEN = datetime(2026, 9, 1, 12, tzinfo=UTC)
AGENT = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent/AGENT00001"
ALIAS = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent-alias/AGENT00001/LIVE000001"
FUNCTION = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function"
BASE = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:knowledge-base/KB00000001"
LOGGING = f"aws:{ACCOUNT}/{HOME}/bedrock/invocation-logging"
SONNET = "us.anthropic.claude-sonnet-4-20250514-v1:0"
PROFILE = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:inference-profile/{SONNET}"
TITAN = "amazon.titan-embed-text-v2:0"
Read = Callable[..., Scan]


@pytest.fixture
def rig() -> Rig:
    made = Rig(page_size=2)
    Organization.of(1).into(made)
    made.strike("resourcegroupstaggingapi:GetResources", denied())  # tags are asked for one by one
    return made


@pytest.fixture
def read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with serving(rig) as url:
        yield lambda *families: scan(context(url, families=families, identities=False))


def _plant(rig: Rig, op: str, field: str, *records: Any, **where: Any) -> None:
    rig.world.plant(ACCOUNT, HOME, op, field, *records, where=where)


def _answer(rig: Rig, op: str, output: Any, **where: Any) -> None:
    rig.world.answer(ACCOUNT, HOME, op, where, output)


def _of(done: Scan, source: str) -> set[tuple[str, str]]:
    """Relation and target of every edge that leaves a node."""
    return {(relation, target) for start, relation, target in done.edges() if start == source}


def _one(done: Scan, kind: str) -> Asset:
    (found,) = done.assets(kind)
    return found


@pytest.fixture
def agent(rig: Rig) -> None:
    """A supervisor whose deployed version is not what its draft is."""
    rig.world.resource(
        ACCOUNT, HOME, list="bedrock-agent:ListAgents", detail="bedrock-agent:GetAgent", arn=AGENT,
        tags={"owner": "support@example.com"},
        record={
            "agentId": "AGENT00001", "agentName": "support", "agentStatus": "PREPARED",
            "foundationModel": SONNET, "createdAt": WHEN, "agentCollaboration": "SUPERVISOR",
            "agentResourceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/agent",
            "customerEncryptionKeyArn": f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1",
            "guardrailConfiguration": {"guardrailIdentifier": "gr0000000001",
                                       "guardrailVersion": "2"},
            "promptOverrideConfiguration": {
                "promptConfigurations": [],
                "overrideLambda": f"{FUNCTION}:parse:3",
            },
        },
    )  # fmt: skip
    draft = {"agentId": "AGENT00001", "agentVersion": "DRAFT"}
    live = {"agentId": "AGENT00001", "agentVersion": "4"}
    _plant(rig, "bedrock-agent:ListAgentKnowledgeBases", "agentKnowledgeBaseSummaries",
           {"knowledgeBaseId": "KB00000001"}, **draft)  # fmt: skip
    _plant(rig, "bedrock-agent:ListAgentKnowledgeBases", "agentKnowledgeBaseSummaries",
           {"knowledgeBaseId": "KB00000002"}, **live)  # fmt: skip
    actions = "bedrock-agent:ListAgentActionGroups"
    _plant(rig, actions, "actionGroupSummaries", {"actionGroupId": "ACTION0001"}, **draft)
    _plant(rig, actions, "actionGroupSummaries", {"actionGroupId": "ACTION0002"}, **live)
    group = {"agentVersion": "DRAFT", "createdAt": WHEN}
    _answer(
        rig, "bedrock-agent:GetAgentActionGroup",
        {"agentActionGroup": {
            **group, "agentId": "AGENT00001", "actionGroupId": "ACTION0001",
            "actionGroupName": "tickets",
            "actionGroupExecutor": {"lambda": f"{FUNCTION}:tickets"},
            "apiSchema": {"s3": {"s3BucketName": "schemas", "s3ObjectKey": "tickets.json"}},
        }},
        actionGroupId="ACTION0001", **draft,
    )  # fmt: skip
    _answer(
        rig, "bedrock-agent:GetAgentActionGroup",
        {"agentActionGroup": {
            **group, "agentId": "AGENT00001", "actionGroupId": "ACTION0002",
            "actionGroupName": "refunds",
            "actionGroupExecutor": {"lambda": f"{FUNCTION}:refunds:live"},
        }},
        actionGroupId="ACTION0002", **live,
    )  # fmt: skip
    _plant(
        rig, "bedrock-agent:ListAgentCollaborators", "agentCollaboratorSummaries",
        {"collaboratorName": "billing", "agentDescriptor": {
            "aliasArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent-alias/AGENT00002/ALIAS00001"}},
        **draft,
    )  # fmt: skip
    _plant(
        rig, "bedrock-agent:ListAgentAliases", "agentAliasSummaries",
        {"agentAliasId": "TSTALIASID", "agentAliasName": "AgentTestAlias",
         "routingConfiguration": [{"agentVersion": "DRAFT"}]},
        {"agentAliasId": "LIVE000001", "agentAliasName": "live", "agentAliasStatus": "PREPARED",
         "routingConfiguration": [{"agentVersion": "4"}]},
        agentId="AGENT00001",
    )  # fmt: skip
    _answer(
        rig, "bedrock-agent:GetAgentVersion",
        {"agentVersion": {
            "agentId": "AGENT00001", "agentName": "support", "version": "4",
            "foundationModel": "anthropic.claude-3-haiku-20240307-v1:0",
            "agentResourceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/agent",
        }},
        **live,
    )  # fmt: skip


@pytest.mark.usefixtures("agent")
def test_an_agent_calls_what_its_draft_and_its_live_version_call(rig: Rig, read: Read) -> None:
    done = read("bedrock")
    agent, alias = _one(done, "aws.bedrock_agent"), _one(done, "aws.bedrock_agent_alias")
    assert (agent.id, agent.name, agent.models) == (AGENT, "support", (SONNET,))
    assert agent.tags["owner"] == "support@example.com"
    assert agent.tags["collaboration"] == "SUPERVISOR"
    assert agent.exposure == ("IAM authentication",)
    role = ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/agent")
    assert _of(done, AGENT) == {
        role,
        ("calls", "provider:aws_bedrock"),
        ("calls", PROFILE),
        ("calls", f"{FUNCTION}:parse"),
        ("calls", f"{FUNCTION}:tickets"),
        ("calls", f"arn:aws:bedrock:{HOME}:{ACCOUNT}:agent/AGENT00002"),
        ("reads_from", BASE),
        ("configured_by", "arn:aws:s3:::schemas"),
        ("configured_by", f"arn:aws:bedrock:{HOME}:{ACCOUNT}:guardrail/gr0000000001"),
        ("configured_by", f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"),
        ("configured_by", LOGGING),
        ("contains", ALIAS),
    }
    assert (alias.id, alias.name, alias.is_ai) == (ALIAS, "live", False)
    assert alias.tags["version"] == "4"
    assert alias.exposure == ("IAM authentication", "no guardrail")
    assert _of(done, ALIAS) == {
        role,
        ("calls", f"aws:{ACCOUNT}/{HOME}/bedrock/anthropic.claude-3-haiku-20240307-v1:0"),
        ("calls", f"{FUNCTION}:refunds"),
        ("reads_from", f"arn:aws:bedrock:{HOME}:{ACCOUNT}:knowledge-base/KB00000002"),
    }
    assert not rig.rejected + rig.wrong


@pytest.mark.usefixtures("agent")
def test_without_its_details_nothing_is_said_to_be_missing(rig: Rig, read: Read) -> None:
    rig.strike("bedrock-agent:GetAgentVersion", denied())
    done = read("bedrock")
    alias = _one(done, "aws.bedrock_agent_alias")
    assert alias.exposure == ("IAM authentication",)  # a guardrail there may be
    row = done.rows[f"aws:{ACCOUNT}/{HOME}/bedrock"]
    assert row.status is Outcome.PARTIAL
    assert any("grant bedrock:GetAgentVersion" in gap for gap in row.gaps)


def test_a_knowledge_base_with_its_sources_and_stores(rig: Rig, read: Read) -> None:
    collection = f"arn:aws:aoss:{HOME}:{ACCOUNT}:collection/abcdefghij0123456789"
    secret = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:confluence-AbCdEf"
    rig.world.resource(
        ACCOUNT, HOME, list="bedrock-agent:ListKnowledgeBases", arn=BASE,
        detail="bedrock-agent:GetKnowledgeBase", tags={"team": "legal"},
        record={
            "knowledgeBaseId": "KB00000001", "name": "handbook", "status": "ACTIVE",
            "createdAt": WHEN, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/base",
            "knowledgeBaseConfiguration": {
                "type": "VECTOR",
                "vectorKnowledgeBaseConfiguration": {
                    "embeddingModelArn": f"arn:aws:bedrock:{HOME}::foundation-model/{TITAN}"
                },
            },
            "storageConfiguration": {
                "type": "OPENSEARCH_SERVERLESS",
                "opensearchServerlessConfiguration": {"collectionArn": collection},
            },
        },
    )  # fmt: skip
    _plant(
        rig, "bedrock-agent:ListDataSources", "dataSourceSummaries",
        *({"knowledgeBaseId": "KB00000001", "dataSourceId": f"SOURCE000{n}"} for n in range(3)),
        knowledgeBaseId="KB00000001",
    )  # fmt: skip
    for number, settings in enumerate((
        {"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::handbook-pages"}},
        {"type": "CONFLUENCE", "confluenceConfiguration": {"sourceConfiguration": {
            "hostUrl": "https://acme.atlassian.net", "hostType": "SAAS", "authType": "BASIC",
            "credentialsSecretArn": secret}}},
        {"type": "WEB", "webConfiguration": {"sourceConfiguration": {"urlConfiguration": {
            "seedUrls": [{"url": "https://docs.example.com/a"},
                         {"url": "https://blog.example.com/"}]}}}},
    )):  # fmt: skip
        source = {"knowledgeBaseId": "KB00000001", "dataSourceId": f"SOURCE000{number}"}
        _answer(
            rig, "bedrock-agent:GetDataSource",
            {"dataSource": {**source, "dataSourceConfiguration": settings}}, **source,
        )  # fmt: skip
    done = read("bedrock")
    base = _one(done, "aws.bedrock_knowledge_base")
    assert (base.id, base.name, base.tags["team"]) == (BASE, "handbook", "legal")
    assert _of(done, BASE) == {
        ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/base"),
        ("calls", "provider:aws_bedrock"),
        ("calls", f"aws:{ACCOUNT}/{HOME}/bedrock/{TITAN}"),
        ("configured_by", LOGGING),
        ("stored_in", collection),
        ("reads_from", "arn:aws:s3:::handbook-pages"),
        ("reads_from", "https://acme.atlassian.net"),
        ("reads_from", "https://docs.example.com"),
        ("reads_from", "https://blog.example.com"),
        ("authenticates_with", secret),
    }
    assert not rig.rejected + rig.wrong


@pytest.mark.usefixtures("agent")
def test_of_aws_own_profiles_those_are_told_that_something_calls(rig: Rig, read: Read) -> None:
    region = f"arn:aws:bedrock:us-west-2::foundation-model/{SONNET.removeprefix('us.')}"
    rig.world.plant(
        ACCOUNT, HOME, "bedrock:ListInferenceProfiles", "inferenceProfileSummaries",
        *({"inferenceProfileId": name, "inferenceProfileName": name, "type": "SYSTEM_DEFINED",
           "inferenceProfileArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:inference-profile/{name}",
           "models": [{"modelArn": region}], "status": "ACTIVE"}
          for name in (SONNET, "us.meta.llama4-scout-17b-instruct-v1:0")),
        where={"typeEquals": "SYSTEM_DEFINED"},
    )  # fmt: skip
    own = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:application-inference-profile/abcdefghijkl"
    rig.world.plant(
        ACCOUNT, HOME, "bedrock:ListInferenceProfiles", "inferenceProfileSummaries",
        {"inferenceProfileId": "abcdefghijkl", "inferenceProfileName": "fraud", "status": "ACTIVE",
         "type": "APPLICATION", "inferenceProfileArn": own, "models": [{"modelArn": region}]},
        where={"typeEquals": "APPLICATION"},
    )  # fmt: skip
    rig.world.tag(ACCOUNT, HOME, "bedrock", own, {"owner": "fraud@example.com"})
    done = read("bedrock")
    profiles = {asset.id: asset for asset in done.assets("aws.bedrock_inference_profile")}
    assert profiles.keys() == {PROFILE, own}
    assert profiles[own].tags["owner"] == "fraud@example.com"
    assert _of(done, PROFILE) == {
        # The account's use of the model in the other region.
        ("serves", f"aws:{ACCOUNT}/us-west-2/bedrock/{SONNET.removeprefix('us.')}"),
        ("calls", "provider:aws_bedrock"),
        ("configured_by", LOGGING),
    }


@pytest.mark.parametrize(
    ("told", "status", "targets"),
    [
        ({}, "off", set()),
        (
            {"loggingConfig": {
                "s3Config": {"bucketName": "prompts"}, "textDataDeliveryEnabled": True,
                "cloudWatchConfig": {"logGroupName": "/bedrock/prompts",
                                     "roleArn": f"arn:aws:iam::{ACCOUNT}:role/logs"}}},
            "on",
            {("writes_to", "arn:aws:s3:::prompts"),
             ("writes_to", f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:/bedrock/prompts"),
             ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/logs")},
        ),
    ],
)  # fmt: skip
def test_whether_prompts_are_logged_is_told_either_way(
    rig: Rig, read: Read, told: Any, status: str, targets: set[tuple[str, str]]
) -> None:
    _answer(rig, "bedrock:GetModelInvocationLoggingConfiguration", told)
    done = read("bedrock")
    logging = _one(done, "aws.bedrock_invocation_logging")
    assert (logging.id, logging.status, logging.is_ai) == (LOGGING, status, False)
    assert _of(done, LOGGING) == targets


def test_models_that_the_account_has_an_agreement_for(rig: Rig, read: Read) -> None:
    models = {
        "anthropic.claude-3-haiku-20240307-v1:0": ("Anthropic", ["ON_DEMAND"], "AVAILABLE"),
        "cohere.command-r-v1:0": ("Cohere", ["ON_DEMAND"], "NOT_AVAILABLE"),
        "anthropic.claude-3-haiku-20240307-v1:0:48k": ("Anthropic", ["PROVISIONED"], "AVAILABLE"),
        "amazon.nova-pro-v1:0": ("Amazon", ["ON_DEMAND"], "AVAILABLE"),
    }
    for name, (vendor, kinds, agreement) in models.items():
        _plant(rig, "bedrock:ListFoundationModels", "modelSummaries",
               {"modelId": name, "modelName": "a model", "providerName": vendor,
                "inferenceTypesSupported": kinds})  # fmt: skip
        _answer(
            rig, "bedrock:GetFoundationModelAvailability",
            {"modelId": name, "agreementAvailability": {"status": agreement},
             "authorizationStatus": "AUTHORIZED"},
            modelId=name,
        )  # fmt: skip
    done = read("bedrock")
    access = _one(done, "aws.bedrock_model_access")
    assert access.models == ("anthropic.claude-3-haiku-20240307-v1:0",)
    assert access.tags["vendor"] == "Anthropic"
    # Only of what is sold on its own is anything asked, and once an account.
    assert rig.called("bedrock:GetFoundationModelAvailability") == 2


def test_models_that_only_other_regions_offer_are_asked_of_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once an account each, and what a region offers once for all accounts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    accounts, regions = (ACCOUNT, "111111111112"), (HOME, "eu-west-1", "us-west-2")
    rig = Rig(page_size=2)
    Organization.of(2, regions=regions).into(rig)
    listed = {HOME: ["cohere.one-v1:0"], "eu-west-1": ["cohere.one-v1:0", "writer.two-v1:0"],
              "us-west-2": ["writer.two-v1:0", "luma.three-v1:0", "amazon.four-v1:0"]}  # fmt: skip
    for account in accounts:
        for region, names in listed.items():
            for name in names:
                vendor = name.partition(".")[0].title()
                rig.world.plant(account, region, "bedrock:ListFoundationModels", "modelSummaries",
                                {"modelId": name, "modelName": name, "providerName": vendor,
                                 "inferenceTypesSupported": ["ON_DEMAND"]})  # fmt: skip
                told = {"modelId": name, "agreementAvailability": {"status": "AVAILABLE"}}
                rig.world.answer(account, region, "bedrock:GetFoundationModelAvailability",
                                 {"modelId": name}, told)  # fmt: skip
    with serving(rig) as url:
        done = scan(context(url, families=("bedrock",), identities=False, regions=regions,
                            organization=True, role_name="ShadowAIReadOnly"))  # fmt: skip
    found = {(one.account, one.region, one.name)
             for one in done.assets("aws.bedrock_model_access")}  # fmt: skip
    assert found == {
        (f"aws:account/{account}", region, name)
        for account in accounts
        for region, name in ((HOME, "cohere.one-v1:0"), ("eu-west-1", "writer.two-v1:0"),
                             ("us-west-2", "luma.three-v1:0"))
    }  # fmt: skip
    assert rig.called("bedrock:GetFoundationModelAvailability") == 6
    # One in the first region for each account, and one in every region for all.
    assert rig.called("bedrock:ListFoundationModels") == 2 + 3


def test_jobs_that_began_before_the_window_are_left_out(rig: Rig, read: Read) -> None:
    old = datetime(2020, 1, 1, tzinfo=UTC)
    new = datetime.now(UTC)
    for name, when in (("old", old), ("new", new)):
        _plant(
            rig, "bedrock:ListModelInvocationJobs", "invocationJobSummaries",
            {"jobArn": f"arn:aws:bedrock:{HOME}:{ACCOUNT}:model-invocation-job/{name}",
             "jobName": name, "modelId": SONNET, "submitTime": when,
             "roleArn": f"arn:aws:iam::{ACCOUNT}:role/batch",
             "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://questions/in.jsonl"}},
             "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://answers/out/"}}},
        )  # fmt: skip
    done = read("bedrock")
    job = _one(done, "aws.bedrock_invocation_job")
    assert job.name == "new"
    assert _of(done, job.id) == {
        ("calls", "provider:aws_bedrock"),
        ("calls", PROFILE),
        ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/batch"),
        ("reads_from", "arn:aws:s3:::questions"),
        ("writes_to", "arn:aws:s3:::answers"),
    }


TOOLS = "tools-abcdefghij"
CORE = f"arn:aws:bedrock-agentcore:{HOME}:{ACCOUNT}"
GATEWAY = f"{CORE}:gateway/{TOOLS}"
KEYS = f"{CORE}:token-vault/default/apikeycredentialprovider/search"


@pytest.fixture
def gateway(rig: Rig) -> None:
    """One that anybody may call, before a function and somebody else's MCP server."""
    rig.world.resource(
        ACCOUNT, HOME, list="bedrock-agentcore-control:ListGateways",
        detail="bedrock-agentcore-control:GetGateway", args={"gatewayIdentifier": TOOLS},
        record={
            "gatewayId": TOOLS, "name": "tools", "status": "READY", "createdAt": WHEN,
            "authorizerType": "NONE", "protocolType": "MCP", "gatewayArn": GATEWAY,
            "gatewayUrl": f"https://{TOOLS}.gateway.bedrock-agentcore.{HOME}.amazonaws.com/mcp",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/gateway",
        },
    )  # fmt: skip
    for ident, settings, providers in (
        ("TARGET0001", {"mcp": {"lambda": {
            "lambdaArn": f"{FUNCTION}:orders",
            "toolSchema": {"inlinePayload": []}}}},
         [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]),
        ("TARGET0002", {"mcp": {"mcpServer": {"endpoint": "https://mcp.example.com/v1"}}},
         [{"credentialProviderType": "API_KEY", "credentialProvider": {
             "apiKeyCredentialProvider": {"providerArn": KEYS}}}]),
    ):  # fmt: skip
        _plant(rig, "bedrock-agentcore-control:ListGatewayTargets", "items",
               {"targetId": ident, "name": ident.lower(), "status": "READY"},
               gatewayIdentifier=TOOLS)  # fmt: skip
        _answer(
            rig, "bedrock-agentcore-control:GetGatewayTarget",
            {"targetId": ident, "name": ident.lower(), "gatewayArn": GATEWAY,
             "targetConfiguration": settings, "credentialProviderConfigurations": providers},
            gatewayIdentifier=TOOLS, targetId=ident,
        )  # fmt: skip


@pytest.mark.usefixtures("gateway")
def test_a_gateway_its_targets_and_who_may_call_it(rig: Rig, read: Read) -> None:
    done = read("agentcore")
    gateway = _one(done, "aws.agentcore_gateway")
    assert gateway.id == GATEWAY
    assert gateway.exposure == ("public", "no authentication")
    assert gateway.aliases[0].startswith("https://tools-abcdefghij.gateway")
    assert _of(done, GATEWAY) == {
        ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/gateway"),
        ("contains", f"{GATEWAY}/target/TARGET0001"),
        ("contains", f"{GATEWAY}/target/TARGET0002"),
    }
    function = ("calls", f"{FUNCTION}:orders")
    assert _of(done, f"{GATEWAY}/target/TARGET0001") == {function}
    assert _of(done, f"{GATEWAY}/target/TARGET0002") == {
        ("calls", "https://mcp.example.com"),
        ("authenticates_with", KEYS),
    }
    assert not rig.rejected + rig.wrong


@pytest.mark.usefixtures("gateway")
def test_targets_that_may_not_be_listed_leave_their_gateway(rig: Rig, read: Read) -> None:
    rig.strike("bedrock-agentcore-control:ListGatewayTargets", denied())
    done = read("agentcore")
    assert _one(done, "aws.agentcore_gateway").id == GATEWAY
    assert done.assets("aws.agentcore_gateway_target") == []
    row = done.rows[f"aws:{ACCOUNT}/{HOME}/agentcore"]
    assert row.status is Outcome.PARTIAL
    assert any("grant bedrock-agentcore:ListGatewayTargets" in gap for gap in row.gaps)


@pytest.mark.usefixtures("gateway")
def test_an_answer_that_cannot_be_read_costs_its_own_record(rig: Rig, read: Read) -> None:
    empty_union = {"targetId": "TARGET0002", "gatewayArn": GATEWAY, "privateEndpoint": {}}
    _answer(rig, "bedrock-agentcore-control:GetGatewayTarget", empty_union,
            gatewayIdentifier=TOOLS, targetId="TARGET0002")  # fmt: skip
    done = read("agentcore")
    assert len(done.assets("aws.agentcore_gateway_target")) == 2
    row = done.rows[f"aws:{ACCOUNT}/{HOME}/agentcore"]
    assert row.status is Outcome.PARTIAL
    assert any("PrivateEndpoint" in gap for gap in row.gaps)


def test_an_agent_in_a_container_and_what_it_is_given(rig: Rig, read: Read) -> None:
    runtime = f"{CORE}:runtime/helper-abcdefghij"
    rig.world.resource(
        ACCOUNT, HOME, list="bedrock-agentcore-control:ListAgentRuntimes",
        detail="bedrock-agentcore-control:GetAgentRuntime",
        record={
            "agentRuntimeArn": runtime, "agentRuntimeId": "helper-abcdefghij",
            "agentRuntimeName": "helper", "agentRuntimeVersion": "1", "status": "READY",
            "createdAt": WHEN, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/helper",
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "agentRuntimeArtifact": {"containerConfiguration": {
                "containerUri": f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/helper:7"}},
            "protocolConfiguration": {"serverProtocol": "A2A"},
            "environmentVariables": {"MODEL": "gpt-5"},
            "workloadIdentityDetails": {"workloadIdentityArn": "arn:aws:made-up:::identity/helper"},
        },
    )  # fmt: skip
    _plant(
        rig, "bedrock-agentcore-control:ListAgentRuntimeEndpoints", "runtimeEndpoints",
        {"agentRuntimeEndpointArn": f"{runtime}/runtime-endpoint/DEFAULT", "name": "DEFAULT",
         "agentRuntimeArn": runtime, "liveVersion": "1"},
        agentRuntimeId=ANY,
    )  # fmt: skip
    done = read("agentcore")
    agent = _one(done, "aws.agentcore_runtime")
    assert agent.exposure == ("public network", "IAM authentication")
    assert agent.tags["protocol"] == "A2A"
    assert agent.tags["image"].endswith("/helper:7")
    assert _of(done, runtime) == {
        ("calls", "provider:aws_bedrock"),
        ("runs_as", f"arn:aws:iam::{ACCOUNT}:role/helper"),
        ("authenticates_with", "arn:aws:made-up:::identity/helper"),
        ("contains", f"{runtime}/runtime-endpoint/DEFAULT"),
    }
