"""What Workato's recipes tell, and what the detector makes of their steps."""

from __future__ import annotations

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Content
from tests.connectors.workato.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def test_recipes_with_apps_trigger_connections_and_author(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "flows")
    flows = {one.name: one for one in items
             if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip
    mail = flows["Answer mail"]
    assert (mail.status, mail.tags) == (
        "active",
        {"apps": "gmail, open_ai", "runs": "42", "last_run_at": "2026-11-27T08:00:00Z",
         "triggers": "gmail"},
    )  # fmt: skip
    assert flows["Sync"].status == "inactive"
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (mail.id, Relation.OWNED_BY, "workato:acme/user/ada day") in edges
    assert (mail.id, Relation.AUTHENTICATES_WITH, "workato:acme/credential/42") in edges


def test_connections_by_name(vendor: Vendor) -> None:
    slots = {one.id: one for one in CASE.items(CASE.context(vendor.url), "connections")
             if isinstance(one, Asset)}  # fmt: skip
    one = slots["workato:acme/credential/42"]
    assert (one.name, one.tags) == ("OpenAI of sales", {"type": "open_ai"})


def test_the_detector_names_the_provider_of_a_step(vendor: Vendor, detector: Detector) -> None:
    told = {
        one.place.subject: {h.provider for h in detector.examine(one.data, one.place.path,
                                                                 one.rule_sets)} - {""}
        for one in CASE.items(CASE.context(vendor.url), "flows") if isinstance(one, Content)
    }  # fmt: skip
    assert "openai" in told["workato:acme/flow/31"]
    assert not told["workato:acme/flow/32"]
