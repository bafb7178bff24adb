"""What OpenRouter's management tells."""

from __future__ import annotations

from decimal import Decimal

from connectors.openrouter import activity
from scanner.graph.same_keys import same_keys
from scanner.model.base import NodeId, encode
from scanner.model.evidence import Cost
from scanner.model.facts import Credential
from scanner.model.items import Activity
from tests.connectors.openrouter.world import CASE, KEYS
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_every_key_over_its_pages_without_what_identifies_it_there(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "keys")
    keys = {one.name: one for one in items if isinstance(one, Credential)}
    assert len(keys) == len(KEYS) == 130
    one = keys["OpenRouter key team 7"]
    assert (one.issuer, one.hint, one.tags["status"]) == (
        "openrouter",
        "sk-or-v1-0e6…007",
        "active",
    )
    assert keys["OpenRouter key team 1"].tags["status"] == "disabled"
    assert not any("made-up-hash" in encode(item).decode() for item in items)


def test_a_key_in_code_is_joined_to_its_record(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "keys")
    records = [one for one in items if isinstance(one, Credential)]
    found = Credential(
        id=NodeId("credential:x"), kind="credential", name="key in app.py", issuer="openrouter",
        fingerprint="abc", hint="sk-or-v1-0e6…007",
    )  # fmt: skip
    (edge,) = same_keys([*records, found])
    assert edge.target in {one.id for one in records} | {found.id}


def test_use_by_model_and_host(vendor: Vendor) -> None:
    rows = {one.where: one for one in folded(CASE.items(CASE.context(vendor.url), "use"))}
    one = rows["anthropic/claude-sonnet-4 by Anthropic"]
    assert (one.count, one.first_at[:10], one.last_at[:10]) == (12, "2026-11-20", "2026-11-21")
    assert set(rows) == {
        "anthropic/claude-sonnet-4 by Anthropic", "openai/gpt-4.1 by Azure",
    }  # fmt: skip


def test_what_a_day_of_a_model_cost_is_kept() -> None:
    day = {"date": "2026-11-20", "model": "x/y", "requests": 3, "usage": 0.1}
    happened = activity(day, "acme")
    assert happened is not None
    (one,) = happened[2]
    assert isinstance(one, Activity)
    assert one.costs == (Cost(currency="USD", amount=Decimal("0.1")),)
    (three,) = folded([one, one, one])
    assert three.costs == (Cost(currency="USD", amount=Decimal("0.3")),)
