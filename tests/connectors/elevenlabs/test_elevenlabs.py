"""What ElevenLabs' service accounts, keys and agents tell."""

from __future__ import annotations

from connectors.elevenlabs import KEY
from scanner.graph.same_keys import same_keys
from scanner.model.base import NodeId
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Relation
from tests.connectors.elevenlabs.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_keys_with_hint_use_and_owner(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "keys")
    keys = {one.id: one for one in items if isinstance(one, Credential)}
    prod = keys[NodeId("elevenlabs:acme/key/k1")]
    assert (prod.hint, prod.issuer, prod.created_at) == (
        "\u20261f2e", "elevenlabs", "2026-01-01T00:00:00Z",
    )  # fmt: skip
    assert prod.tags == {
        "status": "active", "permissions": "dubbing_write, text_to_speech", "characters": "420",
        "character_limit": "1000",
    }  # fmt: skip
    old = keys[NodeId("elevenlabs:acme/key/k2")]
    assert (old.hint, old.tags) == ("sk_\u20269c0d", {"status": "disabled"})
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (prod.id, Relation.OWNED_BY, "elevenlabs:acme/user/sa1") in edges


def test_a_key_in_code_is_joined_to_its_record(vendor: Vendor) -> None:
    found = Credential(
        id=NodeId("credential:elevenlabs:x"), kind=KEY, name="in code", issuer="elevenlabs",
        fingerprint="x", hint="sk_\u20261f2e",
    )  # fmt: skip
    records = [one for one in CASE.items(CASE.context(vendor.url), "keys")
               if isinstance(one, Credential)]  # fmt: skip
    joined = [edge.target for edge in same_keys([found, *records])]
    assert joined == ["elevenlabs:acme/key/k1"]


def test_agents_with_maker_and_last_call(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "agents")
    agents = {one.name: one for one in items if isinstance(one, Asset)}
    one = agents["Reception"]
    assert (one.asset_class, one.provider) == (AssetClass.AGENT, "elevenlabs")
    assert one.evidence[0].last_at.startswith("2026-11-2")
    assert agents["Trial"].status == "archived"
    owners = {e.target for e in items if isinstance(e, Edge) and e.relation is Relation.OWNED_BY}
    assert owners == {"elevenlabs:acme/user/ada@acme.com"}
