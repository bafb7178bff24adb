"""What is in service, where a draft or a newer version stands beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scanner.model.coverage import Outcome
from tests.aws_rig import Rig, denied
from tests.connectors.aws.detected import ACCOUNT, HOME, Scan

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 6, 1, tzinfo=UTC)
FLOW = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:flow/FLOWID0001"
LIVE = f"{FLOW}/alias/LIVE000001"
RUNTIME = f"arn:aws:bedrock-agentcore:{HOME}:{ACCOUNT}:runtime/support-abcdefghij"
PROD = f"{RUNTIME}/runtime-endpoint/prod"
NOVA, TITAN = "amazon.nova-pro-v1:0", "amazon.titan-text-express-v1"


def _role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _flow(rig: Rig) -> None:
    """A flow whose draft asks one model, and whose alias leads to a version that asks another."""
    known = {"id": "FLOWID0001", "arn": FLOW, "name": "claims", "createdAt": THEN}
    rig.world.plant(ACCOUNT, HOME, "bedrock-agent:ListFlows", "flowSummaries",
                    {**known, "status": "Prepared", "updatedAt": THEN,
                     "version": "DRAFT"})  # fmt: skip
    rig.world.answer(ACCOUNT, HOME, "bedrock-agent:GetFlow", {"flowIdentifier": "FLOWID0001"}, {
        **known, "status": "Prepared", "updatedAt": LATER, "version": "DRAFT",
        "executionRoleArn": _role("draft"), "definition": _definition(NOVA)})  # fmt: skip
    rig.world.answer(
        ACCOUNT, HOME, "bedrock-agent:GetFlowVersion",
        {"flowIdentifier": "FLOWID0001", "flowVersion": "7"},
        {**known, "status": "Prepared", "version": "7", "executionRoleArn": _role("live"),
         "definition": _definition(TITAN, "KB00000001")})  # fmt: skip
    for ident, name, version in (("LIVE000001", "prod", "7"), ("TSTALIASID", "test", "DRAFT")):
        rig.world.plant(ACCOUNT, HOME, "bedrock-agent:ListFlowAliases", "flowAliasSummaries", {
            "id": ident, "arn": f"{FLOW}/alias/{ident}", "flowId": "FLOWID0001", "name": name,
            "routingConfiguration": [{"flowVersion": version}], "createdAt": LATER,
            "updatedAt": LATER}, where={"flowIdentifier": "FLOWID0001"})  # fmt: skip


def _definition(model: str, base: str = "") -> dict[str, Any]:
    inline = {"modelId": model, "templateType": "TEXT",
              "templateConfiguration": {"text": {"text": "say"}}}  # fmt: skip
    ask = {"prompt": {"sourceConfiguration": {"inline": inline}}}
    nodes = [{"name": "Ask", "type": "Prompt", "configuration": ask}]
    if base:
        look = {"knowledgeBase": {"knowledgeBaseId": base}}
        nodes.append({"name": "Look", "type": "KnowledgeBase", "configuration": look})
    return {"nodes": nodes, "connections": []}


def test_an_alias_of_a_flow_shows_the_version_behind_it(rig: Rig, scan: Scan) -> None:
    _flow(rig)
    found = scan("bedrock")
    aliases = found.assets("aws.bedrock_flow_alias")
    assert found.assets("aws.bedrock_flow")["claims"].models == (NOVA,)
    assert aliases["prod"].id == LIVE
    assert aliases["prod"].models == (TITAN,)
    assert aliases["prod"].created_at.startswith("2026-06")
    base = f"arn:aws:bedrock:{HOME}:{ACCOUNT}:knowledge-base/KB00000001"
    assert {(LIVE, "runs_as", _role("live")), (LIVE, "reads_from", base),
            (LIVE, "calls", f"aws:{ACCOUNT}/{HOME}/bedrock/{TITAN}")} <= found.edges()  # fmt: skip
    assert (FLOW, "reads_from", base) not in found.edges()
    # The alias for tests leads to the draft, for which no version is asked.
    assert aliases["test"].models == ()
    assert rig.called("bedrock-agent:GetFlowVersion") == 1
    assert rig.rejected == rig.wrong == []


def test_a_version_that_may_not_be_read_leaves_its_alias(rig: Rig, scan: Scan) -> None:
    _flow(rig)
    rig.strike("bedrock-agent:GetFlowVersion", denied())
    found = scan("bedrock")
    assert found.assets("aws.bedrock_flow_alias")["prod"].models == ()
    assert found.rows[f"aws:{ACCOUNT}/{HOME}/bedrock"].status is Outcome.PARTIAL


def _runtime(version: str, image: str, mode: str, **more: Any) -> dict[str, Any]:
    return {
        "agentRuntimeArn": RUNTIME, "agentRuntimeId": "support-abcdefghij",
        "agentRuntimeName": "support", "agentRuntimeVersion": version, "status": "READY",
        "createdAt": THEN, "lastUpdatedAt": THEN, "roleArn": _role(f"v{version}"),
        "lifecycleConfiguration": {}, "networkConfiguration": {"networkMode": mode},
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": image}}, **more,
    }  # fmt: skip


def test_an_endpoint_shows_the_version_in_service(rig: Rig, scan: Scan) -> None:
    repository = f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/support"
    rig.world.plant(ACCOUNT, HOME, "bedrock-agentcore-control:ListAgentRuntimes", "agentRuntimes", {
        "agentRuntimeArn": RUNTIME, "agentRuntimeId": "support-abcdefghij", "status": "READY",
        "agentRuntimeName": "support", "agentRuntimeVersion": "9", "description": "answers",
        "lastUpdatedAt": THEN})  # fmt: skip
    get, who = "bedrock-agentcore-control:GetAgentRuntime", {"agentRuntimeId": "support-abcdefghij"}
    signed = {"customJWTAuthorizer": {"discoveryUrl": "https://login.example/.well-known/x"}}
    newest = _runtime("9", f"{repository}:9", "VPC", authorizerConfiguration=signed)
    rig.world.answer(ACCOUNT, HOME, get, who, newest)
    rig.world.answer(ACCOUNT, HOME, get, {**who, "agentRuntimeVersion": "2"},
                     _runtime("2", f"{repository}:2", "PUBLIC"))  # fmt: skip
    for name, live in (("DEFAULT", "9"), ("prod", "2"), ("next", None)):
        rig.world.plant(
            ACCOUNT, HOME, "bedrock-agentcore-control:ListAgentRuntimeEndpoints",
            "runtimeEndpoints", {
                "name": name, "agentRuntimeEndpointArn": f"{RUNTIME}/runtime-endpoint/{name}",
                "agentRuntimeArn": RUNTIME, "targetVersion": live or "9", "id": name,
                "status": "READY" if live else "CREATING", "createdAt": LATER,
                "lastUpdatedAt": LATER, **({"liveVersion": live} if live else {}),
            }, where=who)  # fmt: skip
    found = scan("agentcore")
    endpoints = found.assets("aws.agentcore_runtime_endpoint")
    assert endpoints["prod"].tags["image"] == f"{repository}:2"
    assert set(endpoints["prod"].exposure) == {"public network", "IAM authentication"}
    assert endpoints["prod"].created_at.startswith("2026-06")
    assert (PROD, "runs_as", _role("v2")) in found.edges()
    assert (RUNTIME, "runs_as", _role("v9")) in found.edges()
    assert found.assets("aws.agentcore_runtime")["support"].tags["version"] == "9"
    # The default leads to the newest, which was read; what is not in service yet has none.
    assert endpoints["next"].status == "CREATING"
    assert not endpoints["next"].exposure
    assert rig.called(get) == 2
    assert rig.rejected == rig.wrong == []
