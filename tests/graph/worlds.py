"""A small company for the tests of questions and exports; its answers can be read off by hand.

public endpoint chat -> role chat-role -> bucket crm (pii)
bucket crm -> function sync -> integration sync#ai/openai -> provider openai, by key K
K is stored in repository app; its record R is in project P, which Ada owns
"""

from __future__ import annotations

from typing import Any

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import (
    Account,
    Asset,
    AssetClass,
    Credential,
    DataStore,
    Edge,
    Fact,
    Identity,
    PrincipalType,
    Relation,
)

HOSTILE = "</script>'); DROP\\\n\"`]-->{{x}}\u2028;=1+1"


def asset(ident: str, **fields: Any) -> Asset:
    return Asset(**{
        "id": NodeId(ident), "kind": "t.t", "asset_class": AssetClass.WORKLOAD, "name": ident,
        "evidence": (Evidence(rule="listed", source="t"),), **fields,
    })  # fmt: skip


def store(ident: str, **fields: Any) -> DataStore:
    return DataStore(**{"id": NodeId(ident), "kind": "t.bucket", "name": ident, **fields})


def edge(source: str, relation: Relation, target: str, **fields: Any) -> Edge:
    return Edge(**{
        "source": NodeId(source), "target": NodeId(target), "relation": relation,
        "evidence": (Evidence(rule="seen", source="t", first_at="2026-01-02T00:00:00Z",
                              last_at="2026-02-03T00:00:00Z"),), **fields,
    })  # fmt: skip


def graph_of(*facts: Fact) -> AssetGraph:
    return AssetGraph((ShardId("s"), fact, True) for fact in facts)


COMPANY: tuple[Fact, ...] = (
    Account(id=NodeId("acc"), kind="t.account", name="production", provider="t",
            environment="production"),
    asset("chat", asset_class=AssetClass.MODEL_ENDPOINT, exposure=("public", "no authentication"),
          provider="aws_bedrock"),
    Identity(id=NodeId("chat-role"), kind="aws.iam_role", name="chat-role",
             principal_type=PrincipalType.SERVICE),
    store("crm", classification="pii"),
    store("logs", classification="internal"),
    asset("sync", is_ai=False),
    asset("sync#ai/openai", provider="openai", name=HOSTILE,
          asset_class=AssetClass.INTEGRATION),
    asset("app", is_ai=False, asset_class=AssetClass.REPOSITORY),
    Credential(id=NodeId("K"), kind="credential.openai_project_key", name="OpenAI key",
               issuer="openai", fingerprint="f1", hint="sk-proj-\u2026wSKe"),
    Credential(id=NodeId("R"), kind="openai.api_key", name="OpenAI key sync", issuer="openai",
               fingerprint="", hint="sk-proj-\u2026SKe"),
    asset("P", provider="openai", kind="openai.project"),
    Identity(id=NodeId("ada"), kind="openai.user", name="Ada", email="ada@x.example",
             principal_type=PrincipalType.HUMAN),
    edge("acc", Relation.CONTAINS, "chat"),
    edge("acc", Relation.CONTAINS, "sync"),
    edge("chat", Relation.RUNS_AS, "chat-role"),
    edge("chat-role", Relation.READS_FROM, "crm", confidence=Confidence.HIGH,
         detail="may read: s3: GetObject"),
    edge("chat-role", Relation.READS_FROM, "logs"),
    edge("sync", Relation.READS_FROM, "crm"),
    edge("sync", Relation.CONTAINS, "sync#ai/openai"),
    edge("sync#ai/openai", Relation.CALLS, "provider:openai", confidence=Confidence.MEDIUM),
    edge("sync#ai/openai", Relation.AUTHENTICATES_WITH, "K"),
    edge("K", Relation.STORED_IN, "app"),
    edge("P", Relation.CONTAINS, "R"),
    edge("P", Relation.AUTHENTICATES_WITH, "R"),
    edge("R", Relation.OWNED_BY, "ada"),
    edge("P", Relation.CALLS, "provider:openai"),
)  # fmt: skip


def company(*more: Fact) -> AssetGraph:
    return graph_of(*COMPANY, *more)
