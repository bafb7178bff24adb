"""What Make's scenarios tell, and what the detector makes of their blueprints."""

from __future__ import annotations

import json
from pathlib import Path

from scanner.detect.engine import Detector
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Content, Item
from tests.connectors.make.world import BLUEPRINTS, CASE, FLOWS
from tests.saas_rig import Break, Reply, Vendor
from tests.saas_rig.cases import planted

vendor = planted(CASE)


def _flows(items: list[Item]) -> dict[str, Asset]:
    return {one.name: one for one in items
            if isinstance(one, Asset) and one.asset_class is AssetClass.FLOW}  # fmt: skip


def test_scenarios_with_apps_triggers_connections_and_maker(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "flows")
    flows = _flows(items)
    mail = flows["Answer mail"]
    assert (mail.status, mail.tags) == (
        "active",
        {"apps": "google-email, openai-gpt-3",
         "triggers": "google-email:TriggerNewEmail, indefinitely"},
    )  # fmt: skip
    assert flows["Backup"].tags["triggers"] == "gateway:CustomWebHook, webhook"
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert (mail.id, Relation.OWNED_BY, "make:acme/user/11") in edges
    for ident in (41, 42):  # the second stands in a route
        slot = f"make:acme/credential/{ident}"
        assert (mail.id, Relation.AUTHENTICATES_WITH, slot) in edges


def test_connections_by_name(vendor: Vendor) -> None:
    slots = {one.id: one for one in CASE.items(CASE.context(vendor.url), "connections")
             if isinstance(one, Asset)}  # fmt: skip
    assert slots["make:acme/credential/42"].name == "OpenAI of sales"
    assert slots["make:acme/credential/42"].tags == {"type": "openai-gpt-3"}


def test_the_detector_names_the_provider_of_a_module(vendor: Vendor, detector: Detector) -> None:
    told = {
        one.place.subject: {h.provider for h in detector.examine(one.data, one.place.path,
                                                                 one.rule_sets)} - {""}
        for one in CASE.items(CASE.context(vendor.url), "flows") if isinstance(one, Content)
    }  # fmt: skip
    assert "openai" in told["make:acme/flow/31"]
    assert not told["make:acme/flow/32"]


def test_a_scenario_that_was_deleted_meanwhile_is_told_as_the_list_does(vendor: Vendor) -> None:
    vendor.breaks[:] = [Break(Reply({"message": "Not found"}, 404), first=1, times=1)]
    items = CASE.items(CASE.context(vendor.url), "flows")
    assert set(_flows(items)) == {"Answer mail", "Backup"}
    paths = [one.place.path for one in items if isinstance(one, Content)]
    assert sorted(paths) == ["blueprint.json", "scenario.json"]


def test_scenarios_as_the_api_lists_them_name_the_providers_of_their_apps(
    tmp_path: Path, detector: Detector
) -> None:
    """Without blueprints, which are a call each."""
    more = {**FLOWS[0], "id": 33, "name": "Summ", "usedPackages": ["gateway", "anthropic-claude"]}
    (tmp_path / "scenarios.json").write_text(json.dumps({"scenarios": [*FLOWS, more]}))
    ctx = CASE.context("https://v.example", live=False, files=("scenarios.json",), folder=tmp_path)
    told = {
        one.place.subject: {h.provider for h in detector.examine(one.data, one.place.path,
                                                                 one.rule_sets)} - {""}
        for one in CASE.items(ctx) if isinstance(one, Content)
    }  # fmt: skip
    assert told == {"make:acme/flow/31": {"openai"}, "make:acme/flow/32": set(),
                    "make:acme/flow/33": {"anthropic"}}  # fmt: skip


def test_an_exported_blueprint(tmp_path: Path) -> None:
    (tmp_path / "blueprint.json").write_text(json.dumps(BLUEPRINTS["31"]))
    ctx = CASE.context("https://v.example", live=False, files=("blueprint.json",), folder=tmp_path)
    assert set(_flows(CASE.items(ctx))) == {"Answer mail"}
