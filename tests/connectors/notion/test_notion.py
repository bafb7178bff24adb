"""What Notion's people, integrations and audit log tell."""

from __future__ import annotations

from pathlib import Path

from connectors.notion import event
from scanner.model.facts import Identity
from tests.connectors.notion.world import CASE, EVENTS
from tests.connectors.recorded import recorded_events
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def test_integrations_are_bots_and_somebodys(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "people")
    rows = {one.label: one for one in folded(items)}
    assert set(rows) == {"Claude", "Lunch menu"}
    assert rows["Claude"].relation == "grants"
    assert rows["Claude"].actor is not None
    assert rows["Claude"].actor.email == "ada@acme.com"
    assert [s.store_class for s in rows["Claude"].reads] == ["documents"]
    assert (rows["Lunch menu"].relation, rows["Lunch menu"].status) == (
        "contains", "of the workspace",
    )  # fmt: skip
    assert {one.name for one in items if isinstance(one, Identity)} == {"Ada Day", "Ben Bay"}


def test_what_is_done_with_integrations_and_notions_own_ai() -> None:
    told = [one for e in EVENTS if (found := event(e, "acme")) for one in found[2]]
    assert {(one.rule, one.relation, one.label) for one in told} == {
        ("integration.connected", "grants", "Otter.ai"),
        ("integration.deleted", "", "Read AI"),
        ("workspace.settings.ai.enabled", "used_by", "Notion AI of acme"),
    }


def test_the_exported_audit_log(tmp_path: Path) -> None:
    text = (
        "Timestamp,Event,Actor,Target\n"
        "2026-11-01T08:00:00Z,integration.connected,ada@acme.com,Otter.ai\n"
        "2026-11-01T08:00:00Z,page.viewed,ada@acme.com,Pay rises\n"
    )
    (tmp_path / "log.csv").write_text(text)
    ctx = CASE.context("https://x.example", live=False, files=("log.csv",), folder=tmp_path)
    (one,) = folded(CASE.items(ctx))
    assert (one.label, one.relation) == ("Otter.ai", "grants")


def test_every_real_event_is_parsed_and_quiet() -> None:
    lines = recorded_events("Notion.AuditLogs.jsonl")
    told = [event(one.get("event", one), "acme") for one in lines]
    assert len(told) == 18
    assert all(told)
    assert not [one for found in told if found for one in found[2]]
