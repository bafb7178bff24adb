"""What Langflow's flows tell, and what the detector makes of their components."""

from __future__ import annotations

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Content
from tests.connectors.langflow.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_flows_with_variables_by_name_and_owner(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "flows")
    flows = {one.name: one for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip
    mail = flows["Answer mail"]
    assert (mail.exposure, mail.tags) == (
        ("public",), {"mcp": "served as a tool", "credential_names": "OPENAI_API_KEY"},
    )  # fmt: skip
    assert flows["Hook"].tags == {"triggers": "webhook", "endpoint": "hook"}
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (mail.id, Relation.OWNED_BY, "langflow:acme/user/u1") in edges
    slot = "langflow:acme/credential/openai_api_key"
    assert (mail.id, Relation.AUTHENTICATES_WITH, slot) in edges
    listed = {one.id for one in CASE.items(CASE.context(vendor.url), "variables")
              if isinstance(one, Asset)}  # fmt: skip
    assert listed == {slot}  # one and the same, whoever names it


def test_the_detector_names_the_provider_of_a_component(vendor: Vendor, detector: Detector) -> None:
    told = {
        one.place.subject: {h.provider for h in detector.examine(one.data, one.place.path,
                                                                 one.rule_sets)}
        for one in CASE.items(CASE.context(vendor.url), "flows") if isinstance(one, Content)
    }  # fmt: skip
    assert told["langflow:acme/flow/f1"] >= {"openai", "langflow"}


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert (people["Ada@acme.com"].email, people["ben"].is_active) == ("ada@acme.com", False)
