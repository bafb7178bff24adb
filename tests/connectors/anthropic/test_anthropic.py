"""Anthropic's administration against a loopback server, with answers of the documented shape
(https://platform.claude.com/docs/en/api/admin)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.anthropic import CONNECTOR, AnthropicConfig
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import owners
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.kit.testing import Answer, Recorded, recorded_server
from scanner.model.base import NodeId, ShardId
from scanner.model.errors import Denied, Unavailable
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, Credential, Identity
from scanner.model.items import Gap, Item

RECORDINGS = Path(__file__).parent / "recordings"
USAGE = "/v1/organizations/usage_report"
SUPPORT = NodeId("anthropic:workspace/wrkspc_support")


@pytest.fixture
def server() -> Iterator[Recorded]:
    with recorded_server(RECORDINGS, authorization="made-up", header="x-api-key") as recorded:
        yield recorded


def _context(server: Recorded, key: str = "made-up", **changes: Any) -> Context[AnthropicConfig]:
    return Context(
        config=AnthropicConfig(
            url=server.url,
            organization="acme",
            since_days=3,
            parts=("organization", "use", "claude-code"),
            **changes,
        ),
        examine=lambda *_: (),
        limits=Limits(),
        environ={"ANTHROPIC_ADMIN_KEY": key} if key else {},
        now=lambda: datetime(2026, 2, 4, 8, tzinfo=UTC),
        retries=1,
    )


def _items(context: Context[AnthropicConfig], part: str = "") -> list[Item]:
    found: list[Item] = []
    for shard in CONNECTOR.shards(context):
        if part in ("", shard.scope["part"]):
            found += CONNECTOR.collect(context, shard, None)
    return found


def _graph(items: list[Item], *more: Any) -> AssetGraph:
    facts = [item for item in items if not isinstance(item, Gap)]
    return AssetGraph((ShardId("anthropic:test"), fact, True) for fact in (*facts, *more))


def test_workspaces_people_keys_and_use(server: Recorded) -> None:
    items = _items(_context(server))
    assert not [item for item in items if isinstance(item, Gap)]
    graph = _graph(items)
    support = graph.node(SUPPORT)
    assert isinstance(support, Asset)
    assert (support.name, support.models) == ("Support", ("claude-sonnet-4-5",))
    assert support.tags["default_inference_geo"] == "eu"
    old = graph.node(NodeId("anthropic:workspace/wrkspc_old"))
    assert isinstance(old, Asset)
    assert (old.status, old.models) == ("archived", ())  # a bucket without a token is no use
    default = graph.node(NodeId("anthropic:workspace/acme/default"))
    assert isinstance(default, Asset)
    assert (default.name, default.models) == ("acme, default workspace", ("claude-haiku-4-5",))
    chat = graph.node(NodeId("anthropic:key/apikey_chat"))
    assert isinstance(chat, Credential)
    assert (chat.hint, chat.tags["status"]) == ("sk-ant-api03-R2D…xqAA", "active")
    edges = {(e.source, str(e.relation), e.target) for e in graph.edges.values()}
    assert {
        ("anthropic:organization/acme", "contains", SUPPORT),
        (SUPPORT, "owned_by", "anthropic:user/user_ada"),
        (SUPPORT, "used_by", "anthropic:user/user_bob"),
        (SUPPORT, "authenticates_with", "anthropic:key/apikey_chat"),
        ("anthropic:key/apikey_chat", "owned_by", "anthropic:user/user_bob"),
        ("anthropic:workspace/acme/default", "contains", "anthropic:key/apikey_ops"),
    } <= edges
    (use,) = [e for e in graph.edges.values() if e.key.endswith("with anthropic:key/apikey_chat")]
    told = next(e for e in use.evidence if "usage" in e.rule)
    assert (told.count, told.first_at, told.last_at) == (
        2, "2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z",
    )  # fmt: skip


def test_who_works_with_claude_code(server: Recorded) -> None:
    graph = _graph(_items(_context(server)))
    asset = graph.node(NodeId("anthropic:organization/acme/claude-code"))
    assert isinstance(asset, Asset)
    assert asset.models == ("claude-opus-4-5", "claude-sonnet-4-5")
    assert (asset.tags["sessions"], asset.tags["terminals"]) == ("6", "tmux, vscode")
    used = {e.target: e for e in graph.out_edges(asset.id) if e.relation == "used_by"}
    ada = used[NodeId("anthropic:person/ada@example.com")].evidence[0]
    assert (ada.count, ada.first_at, ada.last_at) == (
        5, "2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z",
    )  # fmt: skip
    assert NodeId("anthropic:key-name/ci") in used
    same = {(e.source, e.target) for e in graph.edges.values() if e.relation == "same_as"}
    assert ("anthropic:person/ada@example.com", "anthropic:user/user_ada") in same
    people = [n for n in graph.nodes.values() if isinstance(n, Identity)]
    assert all(person.email == person.email.lower() for person in people)


def test_what_padding_shows_names_nobody(server: Recorded) -> None:
    """All of Anthropic's keys end with AA: two characters are no proof of an owner."""
    code = Credential(
        id=NodeId("credential:anthropic/x"), kind="credential.anthropic_api_key", name="key",
        issuer="anthropic", fingerprint="d" * 32, hint="sk-ant-…xqAA",
    )  # fmt: skip
    graph = _graph(_items(_context(server)), code)
    (edge,) = [e for e in graph.edges.values() if e.evidence[0].rule == "same-key"]
    assert (edge.target, edge.confidence) == ("anthropic:key/apikey_chat", Confidence.MEDIUM)
    assert not [claim for claim in owners(graph, code.id) if claim.basis == "vendor-record"]


def test_a_refused_part_is_told_and_the_rest_is_read(server: Recorded) -> None:
    server.denied.add("/v1/organizations/api_keys")
    items = _items(_context(server), "organization")
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert (gap.what, gap.denied) == ("keys", True)
    assert any(isinstance(item, Asset) and item.name == "Support" for item in items)


def test_claude_code_that_may_not_be_read_is_denied_after_one_call(server: Recorded) -> None:
    server.denied.add(f"{USAGE}/claude_code")
    with pytest.raises(Denied):
        _items(_context(server), "claude-code")
    assert server.calls.count(f"GET {USAGE}/claude_code") == 1


def test_a_day_that_fails_is_a_gap(server: Recorded) -> None:
    server.faults[f"{USAGE}/claude_code"] = [Answer(path="", status=500, body={})]
    items = _items(_context(server), "claude-code")
    (gap,) = [item for item in items if isinstance(item, Gap)]
    assert gap.what == "Claude Code on 1 days"
    assert any(isinstance(item, Asset) for item in items)


def test_a_page_that_repeats_is_no_end(server: Recorded) -> None:
    again = {"data": [], "has_more": True, "next_page": "p"}
    server.faults[f"{USAGE}/messages"] = [Answer(path="", body=again) for _ in range(3)]
    with pytest.raises(Unavailable, match="repeats a page token"):
        _items(_context(server), "use")


@pytest.mark.parametrize(("key", "match"), [("", "ANTHROPIC_ADMIN_KEY"), ("wrong", "401")])
def test_a_missing_or_wrong_key_is_told(server: Recorded, key: str, match: str) -> None:
    with pytest.raises(Denied, match=match):
        _items(_context(server, key))
