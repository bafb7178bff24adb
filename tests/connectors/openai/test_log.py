"""What OpenAI's audit log and costs mean, by the API and by file."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scanner.kit.values import iso
from scanner.model.coverage import Outcome
from scanner.model.evidence import Cost, total_costs
from scanner.model.facts import (
    Asset,
    Credential,
    Edge,
    Identity,
    PrincipalType,
    Relation,
    fact_key,
    merge_fact,
)
from scanner.model.items import Activity, Checkpoint, Gap, Item
from scanner.rulebook.load import Rulebook
from scanner.store.state import State
from tests.connectors.kept import run_into
from tests.connectors.openai import world
from tests.connectors.openai.world import CASE, NOON, SUPPORT, event, signed_in
from tests.saas_rig import Reply, Vendor
from tests.saas_rig.cases import NOW, folded, planted

vendor = planted(CASE)


def _edges(items: list[Item]) -> set[tuple[str, Relation, str]]:
    return {(e.source, e.relation, e.target) for e in items if isinstance(e, Edge)}


def _read(tmp_path: Path, records: list[Any], name: str = "audit.jsonl") -> list[Item]:
    (tmp_path / name).write_text("\n".join(json.dumps(one) for one in records))
    ctx = CASE.context("https://x.example", live=False, files=(name,), folder=tmp_path)
    return CASE.items(ctx)


def test_events_become_keys_accounts_projects_and_people(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url, since_days=30), "audit")
    assert not [one for one in items if isinstance(one, Gap)]
    keys = {one.id: one for one in items if isinstance(one, Credential)}
    made = keys["openai:key/key_0"]  # type: ignore[index]
    assert (made.tags, made.created_at) == ({"scopes": "model.request"}, "2026-11-12T16:00:00Z")
    assert keys["openai:key/key_2"].tags == {"status": "deleted"}  # type: ignore[index]
    assert keys["openai:key/key_admin"].last_used_at == "2026-11-21T20:00:00Z"  # type: ignore[index]
    people = {one.id: one for one in items if isinstance(one, Identity)}
    account = people["openai:identity/svc_chat"]  # type: ignore[index]
    assert (account.principal_type, account.tags) == (PrincipalType.SERVICE, {"role": "member"})
    invited = people["openai:identity/dee@acme.com"]  # type: ignore[index]
    assert invited.email == "dee@acme.com"
    assert "invited_at" in invited.tags
    things = {one.id: one for one in items if isinstance(one, Asset)}
    assert things["openai:project/proj_b"].status == "archived"  # type: ignore[index]
    assert things["openai:project/proj_a"].name == "Support"  # type: ignore[index]
    assert {
        ("openai:key/key_0", Relation.CREATED_BY, "openai:identity/user-ada"),
        ("openai:project/proj_a", Relation.AUTHENTICATES_WITH, "openai:key/key_0"),
        ("openai:identity/svc_chat", Relation.CREATED_BY, "openai:identity/user-ada"),
        ("openai:key/key_admin", Relation.OWNED_BY, "openai:identity/svc_ops"),
        ("openai:organization/acme", Relation.CONTAINS, "openai:identity/user-cem"),
        ("openai:project/proj_c", Relation.CALLS, "openai:model/ft:gpt-5:acme::1"),
    } <= _edges(items)
    assert ("openai:project/proj_a", Relation.CONTAINS, "openai:key/key_2") not in _edges(items)


def test_use_is_what_people_sign_in_for(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url, since_days=30), "audit")
    used = [one for one in folded(items) if one.relation]
    assert {(a.rule, a.relation, a.count, a.actor.email if a.actor else "") for a in used} == {
        ("login.succeeded", "used_by", 2, "ben@acme.com"),
        ("project.created", "created_by", 1, "ada@acme.com"),
        ("role.bound_to_resource", "grants", 1, "ada@acme.com"),
    }
    tried = [one for one in folded(items) if one.rule == "login.failed (failed)"]
    assert [(one.relation, one.count) for one in tried] == [("", 1)]


def test_the_order_of_events_changes_nothing(tmp_path: Path) -> None:
    def told(records: list[Any]) -> set[str]:
        kinds = (Credential, Asset, Identity)
        return {
            f"{one.id} {one.name} {sorted(one.tags.items())} {getattr(one, 'created_at', '')}"
            for one in _read(tmp_path, records)
            if isinstance(one, kinds)
        }

    again = [*world.EVENTS, *world.EVENTS[:4]]
    assert told(list(reversed(again))) == told(world.EVENTS)


def test_each_event_of_the_next_scan_is_told_once(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = CASE.items(CASE.context(vendor.url, since_days=30), "audit")
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    late = event(50, "api_key.created", 2, signed_in("ben"), {"id": "key_9", "data": {}}, SUPPORT)
    monkeypatch.setattr(world, "EVENTS", [*world.EVENTS[:-1], late, world.EVENTS[-1]])
    rest = CASE.items(CASE.context(vendor.url, since_days=30), "audit", since=mark)
    assert {one.id for one in rest if isinstance(one, Credential)} == {"openai:key/key_9"}
    assert [one.rule for one in folded(rest)] == ["api_key.created"]


def test_types_that_are_not_known_are_counted_and_told(tmp_path: Path) -> None:
    new = event(60, "agent.published", 5, signed_in("ben"), {"id": "agent_1"})
    odd = event(61, "what a person wrote", 5, signed_in("ben"))
    items = _read(tmp_path, [*world.EVENTS, new, odd, new])
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.reason == "2 events are of types not known here: agent.published, …"
    assert sum(a.count for a in folded(items) if a.rule == "agent.published") == 1


def test_a_table_of_logs_spells_everything_otherwise(tmp_path: Path) -> None:
    row = {
        "TimeGenerated": "2026-11-20T09:00:00Z", "id_s": "audit_log-9",
        "type_s": "api_key.created", "effective_at_d": NOON,
        "actor_type_s": "session", "actor_session_user_id_s": "user-ada",
        "actor_session_user_email_s": "Ada@acme.com", "project_id_s": "proj_a",
        "api_key_created_id_s": "key_7", "api_key_created_data_name_s": "chat",
        "api_key_created_data_scopes_s": '["model.request"]',
    }  # fmt: skip
    items = _read(tmp_path, [row])
    assert not [one for one in items if isinstance(one, Gap)]
    (key,) = [one for one in items if isinstance(one, Credential)]
    assert (key.id, key.name, key.tags) == (
        "openai:key/key_7", "OpenAI key chat", {"scopes": "model.request"},
    )  # fmt: skip
    assert (key.id, Relation.CREATED_BY, "openai:identity/user-ada") in _edges(items)


def test_an_index_puts_its_own_names_around_or_before(tmp_path: Path) -> None:
    moment = "2026-11-20T08:00:00.000Z"
    one = {**event(70, "login.succeeded", 1, signed_in("ada"), {}), "effective_at": moment}
    within = {"@timestamp": moment, "event": {"kind": "event"}, "openai": {"audit": one}}
    flat = {
        "openai.audit.id": "audit_log-71", "openai.audit.effective_at": moment,
        "openai.audit.type": "login.succeeded", "openai.audit.actor.session.user.id": "user-ada",
    }  # fmt: skip
    items = _read(tmp_path, [{"_source": within}, flat, {"rawLog": json.dumps(one)}])
    assert not [item for item in items if isinstance(item, Gap)]
    (row,) = folded(items)
    assert (row.count, row.first_at) == (2, "2026-11-20T08:00:00Z")  # the third is the first again
    assert row.actor is not None
    assert row.actor.id == "openai:identity/user-ada"


def test_lists_that_were_exported_name_what_the_log_tells_of(tmp_path: Path) -> None:
    items = _read(tmp_path, [*world.KEYS, *world.USERS, *world.PROJECTS])
    assert not [one for one in items if isinstance(one, Gap)]
    keys = {one.id: one for one in items if isinstance(one, Credential)}
    assert keys["openai:key/key_0"].hint == "sk-svcac\u2026k9Q0"  # type: ignore[index]
    assert ("openai:key/key_0", Relation.OWNED_BY, "openai:identity/svc_chat") in _edges(items)
    things = {one.name: one.status for one in items if isinstance(one, Asset)}
    assert things == {"Support": "active", "Trial": "archived", "Batch": "active"}


def test_costs_by_project_and_line_item(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "costs")
    bills = {one.id: one.tags for one in items if isinstance(one, Asset)}
    assert set(bills) == {"openai:project/proj_a", "openai:organization/acme/no-project"}
    tags = bills["openai:project/proj_a"]  # type: ignore[index]
    assert tags["cost"] == "1.30 USD"  # 0.1 + 0.2 + 1.005, exactly
    assert tags["cost_by"] == "gpt-5, output: 1.20 USD; gpt-5, input: 0.10 USD"


def test_an_amount_that_is_none_is_told(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [{"amount": {"value": "free"}}, {"amount": None}]
    monkeypatch.setitem(world.COSTS[0], "results", odd)
    gaps = [o for o in CASE.items(CASE.context(vendor.url), "costs") if isinstance(o, Gap)]
    assert [one.reason for one in gaps] == ["2 results have no amount that can be read"]


def test_what_stands_in_a_project_by_its_own_key(vendor: Vendor) -> None:
    items = CASE.items(CASE.context(vendor.url), "resources")
    things = {one.id: one for one in items if isinstance(one, Asset)}
    one = things["openai:assistant/asst_0"]  # type: ignore[index]
    assert (one.name, one.models) == ("Contracts", ("gpt-5",))
    assert one.tags == {"tools": "file_search, function"}
    assert things["openai:vector-store/vs_1"].tags["files"] == "3"  # type: ignore[index]
    made = things["openai:model/ft:gpt-5:acme::1"]  # type: ignore[index]
    assert made.created_at == "2026-11-09T12:00:00Z"
    assert things["openai:fine-tuning-job/ftjob-2"].status == "failed"  # type: ignore[index]
    assert {
        ("openai:project/proj_a", Relation.CONTAINS, "openai:assistant/asst_0"),
        ("openai:assistant/asst_0", Relation.READS_FROM, "openai:vector-store/vs_1"),
        ("openai:model/ft:gpt-5:acme::1", Relation.DERIVED_FROM, "openai:file/file-abc"),
    } <= _edges(items)
    assert "be kind" not in repr(items)


def test_a_kind_of_resource_that_is_gone_is_a_gap_and_the_rest_is_read(vendor: Vendor) -> None:
    vendor.denied.add("GET /v1/assistants")
    vendor.refusal = Reply({"error": {"message": "unknown url"}}, 404)
    items = CASE.items(CASE.context(vendor.url), "resources")
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert (gap.what, gap.denied) == ("assistants of project proj_a", False)
    assert any(one.id == "openai:vector-store/vs_1" for one in items if isinstance(one, Asset))


def test_without_a_key_of_a_project_its_resources_are_not_asked_for() -> None:
    ctx = CASE.context("https://x.example", project_keys={}, parts=("resources", "costs"))
    assert [shard.id for shard in CASE.shards(ctx)] == ["openai:acme/costs"]


def test_nothing_of_addresses_or_settings_leaves(tmp_path: Path) -> None:
    told = [one for one in _read(tmp_path, world.EVENTS) if not isinstance(one, Gap)]
    text = repr(told)
    assert not any(secret in text for secret in ("203.0.113.9", "198.51.100.0", "error_message"))
    assert any(isinstance(one, Activity) for one in told)


def test_a_second_scan_of_the_same_log_changes_nothing_that_is_stored(
    vendor: Vendor, rulebook: Rulebook
) -> None:
    state = State("sqlite://")

    def stored(days: int) -> dict[str, tuple[int, str]]:
        now = NOW + timedelta(days=days)
        ctx = CASE.context(vendor.url, since_days=30, parts=("audit",), now=now)
        rows = run_into(state, "openai", CASE.connector, ctx, rulebook, now=iso(now))
        assert {row.status for row in rows} == {Outcome.COMPLETE}
        return {
            fact_key(fact): (sum(row.count for row in fact.evidence), str(fact.evidence))
            for _, fact, _ in state.facts()
            if "GET /" not in str(fact.evidence)  # of the organization, each scan is one
        }

    first = stored(0)
    assert first["openai:key/key_0"][0] == 1
    assert stored(0) == first
    assert stored(1) == first


def test_a_known_type_without_what_it_is_about_is_a_gap_of_the_schema(tmp_path: Path) -> None:
    whole = next(one for one in world.EVENTS if one["type"] == "api_key.created")
    bare = {name: value for name, value in whole.items() if name != "api_key.created"}
    assert bare != whole
    items = _read(tmp_path, [bare])
    (gap,) = [one for one in items if isinstance(one, Gap)]
    assert gap.what.endswith(":1")
    assert gap.reason.startswith("schema: 1 event of type api_key.created without api_key.created")


def _bill(*results: tuple[str, str, str | float], day: int = 0) -> dict[str, Any]:
    start = 1762646400 + day * 86400
    return {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": [
        {"object": "organization.costs.result", "project_id": project, "line_item": line or None,
         "amount": {"value": value, "currency": "usd"}}
        for project, line, value in results
    ]}  # fmt: skip


def test_amounts_of_exports_are_summed_exactly_and_each_day_and_line_once(tmp_path: Path) -> None:
    days = [_bill(("proj_a", "gpt-5, input", 0.1), ("proj_b", "gpt-5, input", 7), day=day)
            for day in range(3)]  # fmt: skip
    small = _bill(("proj_a", "gpt-5, output", "0.000000000000000000000000000001"), day=3)
    again = [_bill(("proj_a", "gpt-5, input", 0.1), day=1), days[2]]  # of one project, and a page
    whole = [_bill(("proj_a", "", "0.2"), day=1)]  # an export that is not apart by line
    told = [*days, small, *again, *whole]
    found: dict[str, Asset] = {}
    for one in _read(tmp_path, told):
        if isinstance(one, Asset):
            found[one.id] = merge_fact(found[one.id], one) if one.id in found else one
    of_a = found["openai:project/proj_a"].evidence
    lines = {row.path: row.costs for row in of_a if row.costs and row.path}
    assert lines["gpt-5, input"] == (Cost(currency="USD", amount=Decimal("0.3")),)
    assert total_costs(of_a) == (
        Cost(currency="USD", amount=Decimal("0.300000000000000000000000000001")),
    )
    of_b = found["openai:project/proj_b"].evidence
    assert total_costs(of_b) == (Cost(currency="USD", amount=Decimal(21)),)
