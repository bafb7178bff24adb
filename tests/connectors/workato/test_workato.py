"""What Workato's recipes tell, and what the detector makes of their steps."""

from __future__ import annotations

import json
from pathlib import Path

from scanner.app.interpreting import interpreter
from scanner.detect.engine import Detector
from scanner.graph.build import AssetGraph
from scanner.model.base import ShardId
from scanner.model.facts import Asset, AssetClass, Edge, Relation
from scanner.model.items import Checkpoint, Content, Gap, Remembered
from scanner.rulebook.load import Rulebook
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


def test_a_recipe_without_its_code_is_told_by_its_applications(
    tmp_path: Path, detector: Detector, rulebook: Rulebook
) -> None:
    """As ``exclude_code=true`` answers; what starts it and its connections by the list stand at the
    AI in it."""
    recipe = {"id": 7, "name": "Sort tickets", "running": True,
              "applications": ["zendesk", "open_ai"], "trigger_application": "zendesk",
              "config": [{"provider": "open_ai", "account_id": 5}]}  # fmt: skip
    listed = {"id": 5, "name": "OpenAI of sales", "authorization_status": "success",
              "provider": "open_ai"}  # fmt: skip
    (tmp_path / "export.json").write_text(json.dumps([recipe, listed]))
    ctx = CASE.context("https://vendor.example", live=False, files=("export.json",),
                       folder=tmp_path)  # fmt: skip
    items = CASE.items(ctx)
    assert not [one for one in items if isinstance(one, Gap)]
    interpret = interpreter(rulebook, detector)
    facts = [fact for one in items
             if not isinstance(one, (Checkpoint, Gap, Remembered))
             for fact in interpret(one, "workato")]  # fmt: skip
    graph = AssetGraph(
        (ShardId("workato:file:export.json"), fact, True)
        for fact in facts if not isinstance(fact, Gap)
    )  # fmt: skip
    found = {app.asset_class: app for app in graph.assets()}
    assert found[AssetClass.FLOW].provider == "openai"
    for app in found.values():
        assert (app.tags["triggers"], app.tags["credential_names"]) == (
            "zendesk", "OpenAI of sales")  # fmt: skip
