"""What n8n's workflows tell, and what the detector makes of their definitions."""

from __future__ import annotations

import pytest

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Content, Item
from tests.connectors.n8n.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


@pytest.fixture
def items(vendor: Vendor) -> list[Item]:
    return CASE.items(CASE.context(vendor.url), "flows")


def test_flows_with_triggers_credentials_by_name_and_owners(items: list[Item]) -> None:
    flows = {one.name: one for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip
    mail = flows["Answer mail"]
    assert mail.tags == {
        "triggers": "gmailTrigger",
        "credential_names": "Mail, OpenAI of marketing",
    }
    assert (mail.is_ai, mail.status, mail.created_at) == (False, "active", "2026-05-01T08:00:00Z")
    assert (flows["Backup"].status, flows["Ping"].tags) == ("inactive", {"triggers": "webhook"})
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (mail.id, Relation.OWNED_BY, "n8n:acme/user/ada@acme.com") in edges
    assert (mail.id, Relation.AUTHENTICATES_WITH, "n8n:acme/credential/c2") in edges
    slots = {one.id: one for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.SECRET_SLOT}  # fmt: skip
    assert slots["n8n:acme/credential/c2"].tags == {"type": "openAiApi"}


def test_the_detector_says_which_flow_is_ai(items: list[Item], detector: Detector) -> None:
    told = {
        one.place.subject: {
            hit.provider for hit in detector.examine(one.data, one.place.path, one.rule_sets)
        } - {""}
        for one in items if isinstance(one, Content)
    }  # fmt: skip
    assert told["n8n:acme/flow/w1"] >= {"openai", "n8n"}
    assert not told["n8n:acme/flow/w2"]
    assert not told["n8n:acme/flow/w3"]


def test_pinned_data_is_not_asked_for(vendor: Vendor, items: list[Item]) -> None:
    assert all(q["excludePinnedData"] == "true" for q in vendor.queries)


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada Day"].id == "n8n:acme/user/ada@acme.com"
    assert people["Ada Day"].tags == {"role": "global:owner"}
