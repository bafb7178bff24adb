"""What Anthropic's activities and costs mean, by the API and by file."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scanner.model.errors import Denied
from scanner.model.evidence import Cost, total_costs
from scanner.model.facts import (
    Asset,
    AssetClass,
    Credential,
    DataStore,
    Edge,
    Identity,
    Relation,
)
from scanner.model.items import Checkpoint, Gap, Item
from tests.connectors.anthropic import world
from tests.connectors.anthropic.world import CASE, EVENTS, activity, person
from tests.saas_rig import Vendor
from tests.saas_rig.cases import folded, planted

vendor = planted(CASE)


def _read(tmp_path: Path, records: list[Any], **changes: Any) -> list[Item]:
    (tmp_path / "feed.jsonl").write_text("\n".join(json.dumps(one) for one in records))
    ctx = CASE.context(
        "https://x.example", live=False, files=("feed.jsonl",), folder=tmp_path, **changes
    )
    return CASE.items(ctx)


def test_who_works_with_claude_and_what_is_connected_to_it(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "activities")
    assert not [one for one in items if isinstance(one, Gap)]
    told = {(a.rule, a.app_id, a.relation, a.count, a.actor.email if a.actor else "")
            for a in folded(items) if a.relation or a.rule.endswith("(failed)")}  # fmt: skip
    org = "anthropic:organization/acme"
    assert told == {
        ("sso_login_succeeded", f"{org}/claude", "used_by", 1, "ben@acme.com"),
        ("claude_chat_created", f"{org}/claude", "used_by", 2, "ben@acme.com"),
        ("claude_chat_access_failed (failed)", f"{org}/claude", "", 1, ""),
        ("mcp_server_created", "anthropic:mcp_server/mcpsrv_1", "created_by", 1, "ada@acme.com"),
        ("integration_user_connected", f"{org}/integration/gdrive", "grants", 1, "ben@acme.com"),
        ("claude_skill_created", "anthropic:skill/skill_1", "created_by", 1, "cem@acme.com"),
        ("claude_code_session_started", f"{org}/claude-code", "used_by", 1, "cem@acme.com"),
    }
    (open_,) = [a for a in folded(items) if a.rule == "integration_user_connected"]
    assert [store.store_class for store in open_.reads] == ["files"]
    (server,) = [a.thing for a in folded(items) if a.rule == "mcp_server_created"]
    assert server is not None
    assert (server.name, server.asset_class) == ("Snowflake", AssetClass.MCP_SERVER)


def test_keys_workspaces_and_members(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "activities")
    keys = {one.id.rpartition("key/")[2]: one for one in items if isinstance(one, Credential)}
    assert set(keys) == {"apikey_9", "apikey_adm", "ext:etl/nightly"}
    adm = keys["apikey_adm"]
    assert (adm.kind, adm.name) == ("anthropic.admin_api_key", "Anthropic key siem")
    assert adm.tags == {"scopes": "read:compliance_activities"}
    assert (adm.created_at, adm.last_used_at) == ("2026-11-27T11:02:00Z", "2026-11-27T11:00:00Z")
    assert keys["ext:etl/nightly"].kind == "anthropic.service_key"
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert {
        ("anthropic:key/apikey_9", Relation.CREATED_BY, "anthropic:user/user_ada"),
        ("anthropic:workspace/wrkspc_c", Relation.USED_BY, "anthropic:user/user_cem"),
        ("anthropic:organization/acme", Relation.CONTAINS, "anthropic:workspace/wrkspc_c"),
    } <= edges


def test_invitations_and_whom_a_key_acts_as(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "organization")
    people = {one.id: one for one in items if isinstance(one, Identity)}
    asked = people["anthropic:person/new0@acme.com"]  # type: ignore[index]
    assert asked.tags == {
        "invited_at": "2026-11-20T00:00:00Z", "role": "developer", "invitation": "pending",
    }  # fmt: skip
    assert "anthropic:person/new1@acme.com" not in people  # has joined
    edges = {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}
    assert ("anthropic:key/apikey_2", Relation.OWNED_BY, "anthropic:user/svac_1") in edges
    assert ("anthropic:organization/acme", Relation.CONTAINS, "anthropic:key/apikey_2") in edges


def test_costs_are_told_in_cents_and_shown_in_dollars(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "costs")
    bills = {one.id: one.tags for one in items if isinstance(one, Asset)}
    assert bills == {
        "anthropic:workspace/wrkspc_a": {
            "cost": "1.24 USD", "cost_by": "Claude X Usage - Output: 1.24 USD", "cost_days": "3",
        },
        "anthropic:workspace/acme/default": {
            "cost": "3.00 USD", "cost_by": "Web search: 3.00 USD", "cost_days": "3",
        },
    }  # fmt: skip


def test_the_next_scan_goes_on_and_tells_late_activities_once(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = CASE.items(CASE.context(vendor.url), "activities")
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    late = activity(99, "claude_skill_created", "28T08:00:00Z", person("ben"), skill_id="skill_2",
                    skill_name="late")  # fmt: skip
    monkeypatch.setattr(world, "EVENTS", [late, *EVENTS])
    rest = CASE.items(CASE.context(vendor.url), "activities", since=mark)
    assert [(a.rule, a.count) for a in folded(rest)] == [("claude_skill_created", 1)]


def test_a_compliance_key_reads_the_feed_and_nothing_else(vendor: Vendor) -> None:
    environ = {"FEED_KEY": world.KEY}
    ctx = CASE.context(vendor.url, environ=environ, compliance_token_env="FEED_KEY")
    assert folded(CASE.items(ctx, "activities"))
    with pytest.raises(Denied, match="ANTHROPIC_ADMIN_KEY"):
        CASE.items(ctx, "costs")


def test_a_feed_that_may_not_be_read_is_denied_and_the_rest_is_read(vendor: Vendor) -> None:
    vendor.denied.add("GET /v1/compliance/activities")
    with pytest.raises(Denied, match="/v1/compliance/activities"):
        CASE.items(CASE.context(vendor.url), "activities")
    assert CASE.items(CASE.context(vendor.url), "costs")


def test_types_that_are_not_known_are_counted_and_told(tmp_path: Path) -> None:
    odd = activity(70, "robot_assembled", "26T08:00:00Z", person("ben"), title="secret plan")
    items = _read(tmp_path, [*EVENTS, odd])
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.reason == "1 events are of types not known here: robot_assembled"
    assert any(a.rule == "robot_assembled" for a in folded(items))
    assert "secret plan" not in repr(items)


def test_what_is_deleted_has_ended(tmp_path: Path) -> None:
    gone = activity(71, "mcp_server_deleted", "27T09:30:00Z", person("ada"),
                    mcp_server_id="mcpsrv_1", mcp_server_name="Snowflake")  # fmt: skip
    key = activity(72, "scoped_api_key_deleted", "27T09:31:00Z", person("ada"), api_key_id="k7")
    items = _read(tmp_path, [gone, key])
    assert not [a for a in folded(items) if a.relation]
    (server,) = [a.thing for a in folded(items) if a.rule == "mcp_server_deleted"]
    assert server is not None
    assert server.status == "deleted"
    (deleted,) = [one for one in items if isinstance(one, Credential)]
    assert deleted.tags == {"status": "deleted"}


def test_a_table_of_logs_spells_fields_otherwise(tmp_path: Path) -> None:
    row = {
        "TimeGenerated": "2026-11-26T09:00:00Z", "id_s": "activity_5", "type_s":
        "integration_user_connected", "created_at_t": "2026-11-26T09:00:00Z",
        "organization_id_s": "org_1", "actor_type_s": "user_actor", "actor_user_id_s": "user_ben",
        "actor_email_address_s": "Ben@acme.com", "integration_type_s": "something new",
    }  # fmt: skip
    items = _read(tmp_path, [row])
    assert not [one for one in items if isinstance(one, Gap)]
    (one,) = folded(items)
    assert (one.relation, one.actor.email if one.actor else "") == ("grants", "ben@acme.com")
    (store,) = one.reads
    assert isinstance(store, DataStore)
    assert store.store_class == "unlisted"


def test_addresses_titles_and_devices_do_not_leave(tmp_path: Path) -> None:
    told = repr([one for one in _read(tmp_path, EVENTS) if not isinstance(one, Gap)])
    assert not any(word in told for word in ("203.0.113.9", "Mozilla", "c1'", "p1'"))


def test_claude_code_can_be_left_out() -> None:
    ctx = CASE.context("https://x.example", claude_code=False)
    assert "claude-code" not in [s.scope["part"] for s in CASE.shards(ctx)]


def test_a_known_type_without_what_it_is_about_is_a_gap_of_the_schema(tmp_path: Path) -> None:
    whole = next(one for one in EVENTS if one["type"] == "platform_api_key_created")
    bare = {name: value for name, value in whole.items() if name != "api_key_id"}
    assert bare != whole
    items = _read(tmp_path, [bare])
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.what.endswith(":1")
    assert gap.reason.startswith(
        "schema: 1 event of type platform_api_key_created without api_key_id"
    )


def test_amounts_of_exports_are_told_once_by_workspace_and_line(tmp_path: Path) -> None:
    def day(*lines: tuple[str, str]) -> dict[str, Any]:
        return {"starting_at": "2026-11-10T00:00:00Z", "ending_at": "2026-11-11T00:00:00Z",
                "results": [{"workspace_id": "wrkspc_1", "description": what, "amount": amount,
                             "currency": "USD"} for what, amount in lines]}  # fmt: skip

    told = [day(("in", "10.5"), ("out", "20")), day(("out", "20"))]  # cents; another page again
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps(one) for one in told))
    ctx = CASE.context("https://x.example", live=False, files=("c.jsonl",), folder=tmp_path)
    (place,) = [one for one in CASE.items(ctx) if isinstance(one, Asset)]
    assert total_costs(place.evidence) == (Cost(currency="USD", amount=Decimal("0.305")),)
