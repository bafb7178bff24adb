"""What Mistral's administration tells."""

from __future__ import annotations

from scanner.model.facts import Account, Asset, AssetClass, Credential, Edge, Identity, Relation
from tests.connectors.mistral import world
from tests.connectors.mistral.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_keys_as_they_are_masked_with_makers_and_last_use(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "keys")
    keys = {one.name: one for one in items if isinstance(one, Credential)}
    assert len(keys) == 3  # two pages, the first of which is not full
    one = keys["Mistral key pipeline"]
    assert (one.hint, one.issuer, one.fingerprint) == ("HQSx…Ug6Y", "mistral", "")
    assert (one.created_at, one.last_used_at) == ("2026-05-01T08:00:00Z", "2026-11-27T00:00:00Z")
    assert one.tags == {
        "product": "API", "workspace": "Product", "expires_at": "2027-05-01T00:00:00Z",
    }  # fmt: skip
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (one.id, Relation.OWNED_BY, "mistral:acme/user/0u0") in edges
    assert ("mistral:acme/workspace/0w1", Relation.AUTHENTICATES_WITH, one.id) in edges
    assert ("mistral:acme", Relation.AUTHENTICATES_WITH, "mistral:acme/key/0k2") in edges


def test_people_with_seats_and_workspaces(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada"].tags == {"seats": "CHAT, MISTRAL_CODE"}
    assert people["cem"].tags == {"outside_sso": "yes"}
    places = {i.name: i for i in CASE.items(CASE.context(vendor.url), "workspaces")
              if isinstance(i, Account)}  # fmt: skip
    assert places["Product"].tags == {"members": "3"}
    assert places["Batch"].parent == "mistral:acme"


def test_who_works_with_vibe_and_with_which_agents(vendor: Vendor) -> None:
    (one,) = CASE.activities(vendor, "use")
    assert one.actor is not None
    assert (one.actor.id, one.count, one.relation) == ("mistral:acme/user/0u0", 154, "used_by")
    assert one.last_at == "2026-11-27T10:25:07Z"
    (agent,) = (i for i in CASE.items(CASE.context(vendor.url), "agents") if isinstance(i, Asset))
    assert (agent.id, agent.asset_class) == ("mistral:acme/agent/0a1", AssetClass.AGENT)
    assert (agent.tags, agent.evidence[0].count) == ({"people": "4"}, 40)


def test_the_log_tells_of_conversations_agents_connections_and_keys(vendor: Vendor) -> None:
    told = {(a.rule, a.label): a for a in CASE.activities(vendor, "events")}
    assert {(rule, a.relation, a.count) for (rule, _), a in told.items()} == {
        ("le_chat.conversation.created", "used_by", 2),
        ("agent.create", "created_by", 1),
        ("integration.activated_for_org", "used_by", 1),
        ("connectors_gateway.tool_called", "used_by", 1),
        ("api_key.create", "", 1),
        ("integration.deleted", "", 1),
    }
    agent = told["agent.create", "Contracts"]
    assert agent.thing is not None
    assert agent.thing.id == "mistral:acme/agent/0a1"
    named = told["integration.activated_for_org", "Drive"].actor
    assert named is not None
    assert (named.id, named.email) == ("mistral:acme/user/0u0", "ada@acme.com")
    assert told["integration.deleted", "Mail"].actor is None


def test_entries_of_one_moment_at_the_border_of_a_page_are_each_told_once(
    vendor: Vendor, monkeypatch
) -> None:  # fmt: skip
    whole = sum(a.count for a in CASE.activities(vendor, "events"))
    many = [
        world.entry(n, "le_chat.conversation.created", "LE_CHAT_CONVERSATION", {},
                    f"20T08:00:{n % 60:02d}Z")
        for n in range(100, 350)
    ]  # fmt: skip
    entries = sorted([*world.EVENTS, *many], key=lambda one: one["created_at"])
    monkeypatch.setattr(world, "EVENTS", entries)
    assert sum(a.count for a in CASE.activities(vendor, "events")) == whole + len(many)
