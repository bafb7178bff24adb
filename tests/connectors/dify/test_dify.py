"""What Dify's applications tell, and what the detector makes of their definitions."""

from __future__ import annotations

import pytest

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Content, Gap, Item
from tests.connectors.dify import world
from tests.connectors.dify.world import CASE
from tests.saas_rig import Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def _providers(items: list[Item], detector: Detector) -> dict[str, set[str]]:
    return {
        one.place.subject: {
            hit.provider for hit in detector.examine(one.data, one.place.path, one.rule_sets)
        } - {""}
        for one in items if isinstance(one, Content)
    }  # fmt: skip


def _flows(items: list[Item]) -> dict[str, Asset]:
    return {one.name: one for one in items
            if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip


def test_applications_with_what_the_detector_says_of_them(
    vendor: Vendor, detector: Detector
) -> None:
    items = CASE.items(CASE.context(vendor.url), "flows")
    flows = _flows(items)
    assert {name: one.tags for name, one in flows.items()} == {
        "Answer mail": {"mode": "workflow"}, "Helper": {"mode": "chat"},
        "Sort": {"mode": "workflow"},
    }  # fmt: skip
    assert flows["Sort"].id == "dify:acme/flow/a2"
    told = _providers(items, detector)
    assert told["dify:acme/flow/a0"] == {"openai", "dify"}
    assert told["dify:acme/flow/a1"] == {"dify"}  # without a definition: a chat is AI
    assert not told["dify:acme/flow/a2"]
    assert not any(isinstance(one, Gap) for one in items)


def test_secrets_are_not_asked_for(vendor: Vendor) -> None:
    CASE.items(CASE.context(vendor.url), "flows")
    assert not any("include_secret" in query for query in vendor.queries)


def test_a_definition_that_is_refused_costs_itself(vendor: Vendor) -> None:
    vendor.denied.add("GET /openapi/v1/apps/{id}/dsl")
    items = CASE.items(CASE.context(vendor.url), "flows")
    assert len(_flows(items)) == 3
    (gap,) = (one for one in items if isinstance(one, Gap))
    assert gap.denied
    assert "3 applications" in gap.reason


def test_a_page_that_is_not_full_does_not_end_the_list(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a member may not see is left out of pages that are counted with it."""
    vendor.page_size = 1
    monkeypatch.setattr(world, "HIDDEN", {"a1"})
    assert _flows(CASE.items(CASE.context(vendor.url), "flows")).keys() == {"Answer mail", "Sort"}


def test_people(vendor: Vendor) -> None:
    people = {i.name: i for i in CASE.items(CASE.context(vendor.url), "people")
              if isinstance(i, Identity)}  # fmt: skip
    assert people["Ada"].tags == {"role": "owner"}
    assert (people["ben"].is_active, people["cem"].is_active) == (False, True)
