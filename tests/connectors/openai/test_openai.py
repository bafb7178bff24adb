"""OpenAI's administration against a loopback server, with answers of the published schema
(https://github.com/openai/openai-openapi, 2.3.0)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.openai import CONNECTOR, OpenAIConfig
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.testing import Answer, Recorded, recorded_server
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, Unavailable
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, Credential, Edge, Identity, PrincipalType, Relation
from scanner.model.items import Gap, Item

RECORDINGS = Path(__file__).parent / "recordings"
NOW = datetime(2026, 2, 4, tzinfo=UTC)
ORG = "/v1/organization"
SUPPORT = NodeId("openai:project/proj_support")


@pytest.fixture
def server() -> Iterator[Recorded]:
    with recorded_server(RECORDINGS, authorization="Bearer made-up-admin-key") as recorded:
        yield recorded


def _context(server: Recorded, *, key: str = "made-up-admin-key") -> Context[OpenAIConfig]:
    return Context(
        config=OpenAIConfig(
            url=server.url, organization="acme", parts=("organization", "use", "projects")
        ),
        examine=lambda *_: (),
        limits=Limits(),
        environ={"OPENAI_ADMIN_KEY": key} if key else {},
        now=lambda: NOW,
        retries=1,
    )


def _items(server: Recorded) -> list[Item]:
    context = _context(server)
    found: list[Item] = []
    for shard in CONNECTOR.shards(context):
        found += CONNECTOR.collect(context, shard, None)
    return found


def _graph(items: list[Item], *more: Any) -> AssetGraph:
    facts = [item for item in items if not isinstance(item, Gap)]
    return AssetGraph((ShardId("openai:test"), fact, True) for fact in (*facts, *more))


def _found(hint: str, fingerprint: str) -> Credential:
    return Credential(
        id=NodeId(f"credential:openai/{fingerprint}"), kind="credential.openai_project_key",
        name="key", issuer="openai", fingerprint=fingerprint, hint=hint,
    )  # fmt: skip


def test_projects_people_keys_and_use(server: Recorded) -> None:
    items = _items(server)
    assert not [item for item in items if isinstance(item, Gap)]
    graph = _graph(items)
    support = graph.node(SUPPORT)
    assert isinstance(support, Asset)
    assert (support.name, support.provider, support.status) == ("Support", "openai", "active")
    assert support.models == ("gpt-5-2025-08-07", "o4-mini", "text-embedding-3-small")
    assert support.tags["requests"] == "15"
    assert support.tags["used_for"] == "completions, embeddings"
    assert support.tags["model_list"] == "gpt-5, gpt-5-mini"
    assert support.created_at == "2026-01-01T00:00:00Z"
    old = graph.node(NodeId("openai:project/proj_old"))
    assert isinstance(old, Asset)
    assert (old.status, old.tags["data_retention"]) == ("archived", "none")
    bob = graph.node(NodeId("openai:identity/user-bob"))
    assert isinstance(bob, Identity)
    assert (bob.email, bob.principal_type) == ("bob@example.com", PrincipalType.HUMAN)
    keys = {key.id: key for key in graph.credentials()}
    chat = keys[NodeId("openai:key/key_chat")]
    assert (chat.hint, chat.last_used_at) == ("sk-svcac…k9Qz", "2026-02-01T00:00:00Z")
    assert keys[NodeId("openai:key/key_bob")].last_used_at == ""
    assert keys[NodeId("openai:key/key_admin")].kind == "openai.admin_api_key"
    edges = {(e.source, str(e.relation), e.target) for e in graph.edges.values()}
    assert {
        ("openai:organization/acme", "contains", SUPPORT),
        (SUPPORT, "contains", "openai:key/key_chat"),
        ("openai:key/key_chat", "owned_by", "openai:identity/svc_acct_chat"),
        ("openai:key/key_bob", "owned_by", "openai:identity/user-bob"),
        (SUPPORT, "owned_by", "openai:identity/user-ada"),
        (SUPPORT, "used_by", "openai:identity/user-bob"),
        (SUPPORT, "authenticates_with", "openai:key/key_chat"),
        (SUPPORT, "calls", "provider:openai"),
    } <= edges


def test_use_is_added_up_with_its_first_and_last_day(server: Recorded) -> None:
    uses = [
        item for item in _items(server)
        if isinstance(item, Edge) and item.target == "openai:key/key_chat"
        and item.evidence[0].rule.endswith("usage")
    ]  # fmt: skip
    (use,) = uses
    evidence = use.evidence[0]
    assert (evidence.count, evidence.first_at, evidence.last_at) == (
        14, "2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z",
    )  # fmt: skip
    assert use.detail == "gpt-5-2025-08-07, text-embedding-3-small"


def test_a_key_in_code_is_the_vendors_record_and_its_owner_is_theirs(server: Recorded) -> None:
    code = _found("sk-proj-…Zz1w", "a" * 32)
    graph = _graph(_items(server), code, _found("sk-proj-…Zz1x", "b" * 32))
    (edge,) = [e for e in graph.edges.values() if e.evidence[0].rule == "same-key"]
    assert (edge.source, edge.target) == (code.id, "openai:key/key_bob")
    assert edge.confidence is Confidence.HIGH
    first = owners(graph, code.id)[0]
    assert (first.owner, first.basis) == ("bob@example.com", "vendor-record")


def test_of_several_records_that_fit_none_is_sure() -> None:
    def record(ident: str) -> Credential:
        return Credential(
            id=NodeId(ident), kind="openai.api_key", name=ident, issuer="openai", fingerprint="",
            hint="sk-…abcd",
        )  # fmt: skip

    code = _found("sk-proj-…abcd", "c" * 32)
    graph = _graph([], code, record("openai:key/1"), record("openai:key/2"))
    same = [e for e in graph.edges.values() if e.relation is Relation.SAME_AS]
    assert [e.confidence for e in same] == [Confidence.MEDIUM] * 2
    assert all(claim.basis != "vendor-record" for claim in owners(graph, code.id))


def test_a_refused_list_is_a_gap_and_the_rest_is_read(server: Recorded) -> None:
    server.denied.add(f"{ORG}/projects/proj_support/api_keys")
    items = _items(server)
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert gap.denied
    assert "keys of project proj_support" in gap.what
    assert any(isinstance(i, Identity) and i.email == "bob@example.com" for i in items)


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list"},
        {"data": [{"name": "no id"}], "has_more": False},
        {"data": [{"id": "a"}], "has_more": True},
        {"data": [], "has_more": True},
        [],
    ],
    ids=["no list", "no id", "a ring", "more of nothing", "no object"],
)
def test_a_malformed_list_is_no_empty_one(server: Recorded, body: Any) -> None:
    server.faults[f"{ORG}/projects"] = [Answer(path="", body=body) for _ in range(3)]
    with pytest.raises(Unavailable, match=r"/v1/organization/projects"):
        list(CONNECTOR.shards(_context(server)))


def test_use_that_may_not_be_read_at_all_is_denied(server: Recorded) -> None:
    context = _context(server)
    use = next(s for s in CONNECTOR.shards(context) if s.scope["part"] == "use")
    server.denied |= {
        op.id.partition(" ")[2] for op in CONNECTOR.spec.operations if "usage" in op.id
    }
    with pytest.raises(Denied):
        list(CONNECTOR.collect(context, use, None))


@pytest.mark.parametrize(("key", "match"), [("", "OPENAI_ADMIN_KEY"), ("wrong", "401")])
def test_a_missing_or_wrong_key_is_told(server: Recorded, key: str, match: str) -> None:
    with pytest.raises(Denied, match=match):
        list(CONNECTOR.shards(_context(server, key=key)))


@pytest.mark.parametrize("url", ["http://api.openai.com", "https://u:p@api.openai.com", "api"])
def test_a_key_is_sent_to_no_open_or_odd_address(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        OpenAIConfig(url=url)
