"""What a tenant's audit log, discovered apps and Teams tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.detect.activity import Catalogue, facts_of
from scanner.model.errors import Denied, NotEnabled
from scanner.model.evidence import Confidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, Relation
from scanner.model.items import Activity, Checkpoint, Gap
from scanner.rulebook.load import Rulebook
from tests.connectors.microsoft365.world import (
    APPS,
    CASE,
    CHATGPT,
    DIRECTORY,
    FORMER,
    GENERAL,
    INTERACTIONS,
    ORG,
    Tenant,
    record,
)
from tests.connectors.recorded import recorded_events
from tests.saas_rig import serving
from tests.saas_rig.cases import NOW, folded

PLACE = f"entra:{ORG}"


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    made = Tenant()
    with serving(made.vendor):
        yield made
    assert not made.vendor.rejected, made.vendor.rejected


def _rows(tenant: Tenant, part: str, **changes: Any) -> list[Activity]:
    return folded(CASE.items(CASE.context(tenant.vendor.url, **changes), part))


def _by(rows: list[Activity], rule: str) -> Activity:
    (found,) = [one for one in rows if one.rule == rule]
    return found


def _classes(stores: Any) -> set[str]:
    return {one.store_class for one in stores}


def test_consents_name_the_client_and_the_data_that_scopes_open(tenant: Tenant) -> None:
    rows = _rows(tenant, "directory")
    one = _by(rows, "Consent to application")
    assert (one.client_id, one.label, one.relation) == (CHATGPT, "ChatGPT", "grants")
    assert one.scopes == ("Mail.Read", "offline_access")
    assert _classes(one.reads) == {"mail"}
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"
    assert _by(rows, "Consent to application (failed)").relation == ""


def test_a_role_without_a_person_is_told_as_such(tenant: Tenant) -> None:
    one = _by(_rows(tenant, "directory"), "Add app role assignment to service principal")
    assert (one.client_id, one.where) == (CHATGPT, "application permission")
    assert one.app_id == f"{PLACE}/app/{CHATGPT}"
    assert _classes(one.writes) == {"files"}


def test_copilot_is_the_one_of_entras_report_with_models_and_classes_of_data(
    tenant: Tenant,
) -> None:
    rows = _rows(tenant, "general")
    one = next(a for a in rows if a.rule == "CopilotInteraction" and "Word" in a.label)
    assert one.app_id == f"{PLACE}/copilot/word"
    assert (one.count, one.first_at[:10], one.last_at[:10]) == (2, "2026-11-24", "2026-11-25")
    assert one.thing is not None
    assert one.thing.models == ("Anthropic/claude-sonnet",)
    assert _classes(one.reads) == {"files", "mail", "chat"}
    assert one.where == "with web search, labelled data"
    assert "pay.docx" not in repr(rows)


def test_an_agent_of_copilot_studio_is_one_thing_with_its_maker_and_users(tenant: Tenant) -> None:
    rows = [a for a in _rows(tenant, "general") if a.thing and a.thing.kind == "entra.agent"]
    assert {one.app_id for one in rows} == {f"{PLACE}/agent/hrbot"}
    told = {(one.relation, one.actor.email if one.actor else "") for one in rows}
    assert told == {("used_by", "ada@acme.com"), ("created_by", "ben@acme.com")}
    assert {one.thing.provider for one in rows if one.thing} == {"copilot_studio"}


def test_flows_with_a_connector_of_ai_alone(tenant: Tenant) -> None:
    (one,) = [a for a in _rows(tenant, "general") if a.rule == "CreateFlow"]
    assert one.thing is not None
    assert (one.thing.asset_class, one.thing.provider) == (AssetClass.FLOW, "openai")
    assert one.thing.id == f"{PLACE}/flow/f-1"


def test_other_ai_apps_are_ai_by_the_operation_and_the_catalogue_says_whose(
    tenant: Tenant, rulebook: Rulebook
) -> None:
    one = _by(_rows(tenant, "general"), "AIAppInteraction")
    facts = list(facts_of(one, Catalogue(rulebook), "microsoft365"))
    (asset,) = [f for f in facts if isinstance(f, Asset)]
    assert (asset.name, asset.provider, asset.is_ai) == ("ChatGPT", "openai", True)


def test_apps_in_teams_by_who_brought_them_and_from_the_catalogue(tenant: Tenant) -> None:
    one = _by(_rows(tenant, "general"), "AppInstalled")
    assert (one.label, one.where) == ("Read AI", "in Teams")
    listed = {a.label: a for a in _rows(tenant, "teams")}
    assert set(listed) == {"Acme assistant GPT", "Lunch menu", "Otter.ai"}
    assert listed["Acme assistant GPT"].app_id == f"{PLACE}/app/aaaa-1"


def test_files_and_mail_that_applications_open(tenant: Tenant) -> None:
    (files,) = _rows(tenant, "sharepoint")
    (mail,) = _rows(tenant, "exchange")
    assert (files.label, _classes(files.reads)) == ("ChatGPT", {"files"})
    assert (mail.client_id, _classes(mail.reads)) == (CHATGPT, {"mail"})


def test_discovered_apps_with_the_vendors_category_traffic_and_people(
    tenant: Tenant, rulebook: Rulebook
) -> None:
    catalogue = Catalogue(rulebook)
    facts = [f for one in _rows(tenant, "discovery") for f in facts_of(one, catalogue, "x")]
    apps = {f.name: f for f in facts if isinstance(f, Asset) and f.tags}
    assert set(apps) == {"Claude", "Quietly Thinking"}
    assert apps["Claude"].provider == "anthropic"
    told = [row for f in facts if isinstance(f, Asset) and f.name == "Claude" for row in f.evidence]
    assert (1000, 5000) in {(row.bytes_up, row.bytes_down) for row in told}
    assert apps["Claude"].tags == {"category": "generative AI", "tags": "unsanctioned"}
    shown = [
        e.preview for f in facts if isinstance(f, Asset) and f.name == "Claude" for e in f.evidence
    ]
    assert "unsanctioned, 2 users, 1000 uploaded bytes" in " ".join(shown)
    assert apps["Quietly Thinking"].provider == ""
    assert apps["Quietly Thinking"].is_ai
    used = {f.target.rpartition("/")[2] for f in facts
            if isinstance(f, Edge) and f.relation is Relation.USED_BY}  # fmt: skip
    assert used == {"ada@acme.com", "ben@acme.com", "cleo@acme.com"}


def test_nobody_is_asked_for_the_people_of_an_app_that_is_no_ai(tenant: Tenant) -> None:
    _rows(tenant, "discovery")
    asked = [one for one in tenant.vendor.calls if one.endswith("/users")]
    assert len(asked) == 2


def test_what_is_not_subscribed_to_is_not_enabled_and_says_how(tenant: Tenant) -> None:
    tenant.subscribed.discard("Audit.General")
    with pytest.raises(NotEnabled, match=r"contentType=Audit\.General"):
        _rows(tenant, "general")
    assert _rows(tenant, "directory")


def test_a_record_that_comes_late_is_counted_once(tenant: Tenant) -> None:
    """It happened before the last scan, and its blob is made after it."""
    ctx = CASE.context(tenant.vendor.url)
    first = CASE.items(ctx, "directory")
    mark = [one for one in first if isinstance(one, Checkpoint)][-1]
    late = record("late", "2026-11-28T08:00:00", "UserLoggedIn", ApplicationId=CHATGPT)
    tenant.content["Audit.AzureActiveDirectory"].append(late)
    tenant.arrived["late"] = timedelta(hours=6)
    later = CASE.context(tenant.vendor.url, now=NOW + timedelta(hours=5))
    rest = CASE.items(later, "directory", mark)
    (one,) = folded(rest)
    assert (one.rule, one.count, one.first_at) == ("UserLoggedIn", 1, "2026-11-28T08:00:00Z")
    again = [i for i in rest if isinstance(i, Checkpoint)][-1]
    assert folded(CASE.items(later, "directory", again)) == []


def test_a_stream_that_is_refused_is_a_gap_with_the_permission(tenant: Tenant) -> None:
    from connectors.microsoft365 import discovery

    tenant.vendor.denied.add(discovery.USERS.id)
    items = CASE.items(CASE.context(tenant.vendor.url), "discovery")
    gaps = [one for one in items if isinstance(one, Gap)]
    assert {one.denied for one in gaps} == {True}
    assert len(gaps) == 2
    tenant.vendor.denied.add(discovery.STREAMS.id)
    with pytest.raises(Denied):
        CASE.items(CASE.context(tenant.vendor.url), "discovery")


# --- files ------------------------------------------------------------------------------------


def _read(folder: Path, text: str, name: str) -> list[Activity]:
    (folder / name).write_text(text, encoding="utf-8")
    ctx = CASE.context("https://x.example", live=False, files=(name,), folder=folder)
    items = CASE.items(ctx)
    assert not [one for one in items if isinstance(one, Gap)]
    return folded(items)


def test_the_portals_export_of_the_audit_log(tmp_path: Path) -> None:
    """A row with the record as JSON in one column."""
    lines = ["RecordId,CreationDate,RecordType,Operation,UserId,AuditData"]
    for one in (*DIRECTORY, *GENERAL):
        packed = json.dumps(one).replace('"', '""')
        lines.append(f'{one["Id"]},{one["CreationTime"]},1,{one["Operation"]},x,"{packed}"')
    plain = "\n".join(json.dumps(one) for one in (*DIRECTORY, *GENERAL))
    assert _read(tmp_path, "\n".join(lines), "a.csv") == _read(tmp_path, plain, "a.jsonl")


def test_sentinels_table_of_copilot(tmp_path: Path) -> None:
    row = {
        "TimeGenerated": "2026-11-20T08:15:00Z", "RecordId": "1", "ActorName": "ada@acme.com",
        "RecordType": "CopilotInteraction", "AppHost": "Word", "AIModelName": "gpt-5",
        "LLMEventData": json.dumps({"AccessedResources": [{"Type": "docx"}]}),
    }  # fmt: skip
    setting = {**row, "RecordId": "2", "RecordType": "UpdateCopilotSettings", "AppHost": ""}
    (one,) = [
        one for one in _read(tmp_path, "\n".join(map(json.dumps, [row, setting])), "a.jsonl")
        if one.rule == "CopilotInteraction"
    ]  # fmt: skip
    assert one.thing is not None
    assert (one.thing.id, one.thing.models) == (f"{PLACE}/copilot/word", ("gpt-5",))
    assert (one.count, one.last_at) == (1, "2026-11-20T08:15:00Z")
    assert one.actor is not None
    assert [str(store.id) for store in one.reads] == [f"{PLACE}/data/files"]


def test_the_portals_export_of_discovered_apps(tmp_path: Path) -> None:
    text = (
        "Application,Score,Category,Domains,Users,Transactions,Upload (Bytes),"
        "Download (Bytes),Last seen (UTC),Sanctioned\n"
        'Claude,6,Generative AI,"claude.ai;anthropic.com",2,40,1000,5000,2026-11-27T10:00:00Z,No\n'
        "Payroll,9,Human resource management,payroll.example,9,900,1,2,2026-11-27T10:00:00Z,Yes\n"
    )
    rows = {one.label: one for one in _read(tmp_path, text, "apps.csv")}
    assert rows["Claude"].hosts == ("claude.ai", "anthropic.com")
    claude = rows["Claude"]
    assert (claude.count, claude.bytes_up, claude.bytes_down) == (40, 1000, 5000)
    assert rows["Claude"].thing is not None
    assert rows["Claude"].thing.tags["tags"] == "unsanctioned"
    assert rows["Payroll"].thing is None


def test_every_real_event_is_parsed_and_none_is_taken_for_ai(rulebook: Rulebook) -> None:
    from connectors.microsoft365.events import happened

    catalogue = Catalogue(rulebook)
    for told in recorded_events("Microsoft365.Audit.*.jsonl"):
        event = happened(told, ORG)
        assert event is not None
        assert not [f for one in event[2] for f in facts_of(one, catalogue, "microsoft365")]


def test_an_unknown_app_is_told_with_low_confidence(tenant: Tenant, rulebook: Rulebook) -> None:
    one = next(a for a in _rows(tenant, "teams") if "GPT" in a.label)
    facts = list(facts_of(one, Catalogue(rulebook), "microsoft365"))
    evidence = [e for f in facts if isinstance(f, Asset) for e in f.evidence]
    assert [e.confidence for e in evidence] == [Confidence.LOW]
    assert APPS[0]["category"] == "generativeAi"


@pytest.mark.parametrize(
    "shape",
    [
        lambda one: {k.lower(): v for k, v in one.items()},
        lambda one: {
            k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in one.items()
        },
        lambda one: {"Timestamp": "x", "ActionType": "x", "RawEventData": one},
        lambda one: {"event": {"original": json.dumps(one)}, "o365": {}},
    ],
    ids=["lower", "texts", "defender", "original"],
)
def test_the_audit_log_as_others_write_it(tmp_path: Path, shape: Any) -> None:
    records = [*DIRECTORY, *GENERAL]
    plain = _read(tmp_path, "\n".join(map(json.dumps, records)), "a.jsonl")
    assert plain
    assert _read(tmp_path, "\n".join(json.dumps(shape(one)) for one in records), "b.jsonl") == plain


def test_a_consent_to_nothing_is_told(tmp_path: Path) -> None:
    told = {
        "TimeGenerated": "2026-11-20T17:12:36Z", "Operation": "Consent to application.",
        "UserId": "ada@acme.com", "ModifiedProperties": "[]", "Target": "[]",
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(told))
    ctx = CASE.context("https://x.example", live=False, files=("a.jsonl",), folder=tmp_path)
    (gap,) = (one for one in CASE.items(ctx) if isinstance(one, Gap))
    assert gap.what == "a.jsonl:1"
    assert gap.reason.startswith("1 consents name no application")


def _added(operation: str, *properties: tuple[str, Any], target: Any = ()) -> dict[str, Any]:
    """As https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
    and exported logs have it: values are JSON within the text."""
    return {
        "CreationTime": "2026-11-20T17:12:36", "Id": f"{operation} {properties}",
        "ResultStatus": "Success", "Operation": operation, "UserId": "root@acme.com",
        "ModifiedProperties": [
            {"Name": name, "NewValue": json.dumps([value]), "OldValue": "[]"}
            for name, value in properties
        ],
        "ObjectId": "Not Available", "Target": list(target),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (
            _added("Add service principal.", ("AccountEnabled", True), ("AppPrincipalId", CHATGPT)),
            ("Add service principal", "created_by", CHATGPT, ""),
        ),
        (
            _added("Add service principal.", target=({"ID": CHATGPT, "Type": 4},)),
            ("Add service principal", "created_by", CHATGPT, ""),
        ),
        (
            _added("Add application.", ("AppId", CHATGPT), ("DisplayName", "ChatGPT")),
            ("Add application", "created_by", CHATGPT, "ChatGPT"),
        ),
        (
            _added("Update service principal.", ("AccountEnabled", False),
                   ("TargetId.ServicePrincipalNames", CHATGPT)),
            ("Disable service principal", "", CHATGPT, ""),
        ),
        (
            _added("Update service principal.", ("AccountEnabled", True),
                   ("TargetId.ServicePrincipalNames", CHATGPT)),
            ("Enable service principal", "", CHATGPT, ""),
        ),
    ],
)  # fmt: skip
def test_applications_that_are_added_and_switched_off(
    tmp_path: Path, record: dict[str, Any], told: tuple[str, ...]
) -> None:
    (one,) = _read(tmp_path, json.dumps(record), "a.jsonl")
    assert (one.rule, one.relation, one.client_id, one.label) == told


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (_added("Add service principal."), "1 consents name no application"),
        (_added("Add application."), "1 consents name no application"),
        (
            _added("Add delegated permission grant.", ("ServicePrincipal.ObjectID", "0sp")),
            "1 consents name their application by the id of its object alone",
        ),
        (
            {**_added("AIInteractionCreatedNotification"), "ModifiedProperties": []},
            "schema: 1 event of type AIInteractionCreatedNotification without "
            "AppAccessContext.ClientAppId",
        ),
    ],
)
def test_what_names_no_application_is_a_gap(
    tmp_path: Path, record: dict[str, Any], reason: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    ctx = CASE.context("https://x.example", live=False, files=("a.jsonl",), folder=tmp_path)
    (gap,) = (one for one in CASE.items(ctx) if isinstance(one, Gap))
    assert gap.reason.startswith(reason)


def test_updates_that_switch_nothing_are_quiet(tmp_path: Path) -> None:
    update = _added("Update service principal.", ("DisplayName", "ChatGPT"))
    (tmp_path / "a.jsonl").write_text(json.dumps(update))
    ctx = CASE.context("https://x.example", live=False, files=("a.jsonl",), folder=tmp_path)
    assert not [one for one in CASE.items(ctx) if isinstance(one, (Gap, Activity))]


def test_who_listens_to_copilots_conversations_reads_prompts(tmp_path: Path) -> None:
    record = {
        **_added("AIInteractionCreatedNotification"), "ModifiedProperties": [],
        "AppAccessContext": {"ClientAppId": CHATGPT, "ClientAppName": "ChatGPT"},
    }  # fmt: skip
    (one,) = _read(tmp_path, json.dumps(record), "a.jsonl")
    assert (one.client_id, [store.store_class for store in one.reads]) == (CHATGPT, ["prompts"])


def test_a_grant_that_an_administrator_removes_ends_for_whose_it_was(tmp_path: Path) -> None:
    def changed(**values: str) -> list[dict[str, str]]:
        return [{"Name": name.replace("_", "."), "NewValue": "", "OldValue": value}
                for name, value in values.items()]  # fmt: skip

    told = {
        "CreationTime": "2026-11-20T17:12:36", "Id": "r1", "ResultStatus": "Success",
        "Operation": "Remove delegated permission grant.", "UserId": "root@acme.com",
        "ModifiedProperties": changed(
            ServicePrincipal_AppId="e0476654-c1d5-430b-ab80-70cbd947616a",
            DelegatedPermissionGrant_ConsentType="Principal", User_UPN="Ada@acme.com",
            User_ObjectID="0ada",
        ),
    }  # fmt: skip
    found = _read(tmp_path, json.dumps(told), "a.jsonl")
    people = {one.actor.id.rpartition("/")[2] if one.actor else "" for one in found}
    assert people == {"ada@acme.com", "0ada"}


def test_agents_that_defender_knows_with_owners_tools_and_servers(tenant: Tenant) -> None:
    items = CASE.items(CASE.context(tenant.vendor.url), "agents")
    assert not [one for one in items if isinstance(one, Gap)]
    things = {one.name: one for one in items if isinstance(one, Asset)}
    one = things["Claims helper"]
    assert (one.provider, one.models, one.status) == ("copilot_studio", ("gpt-5",), "Active")
    assert one.id.endswith("/agent/e-1")  # as Entra's own list calls it
    assert one.aliases == ("a-1", "src-1")
    assert (one.tags["tools"], one.tags["available_to"]) == ("Search, SendEmailV2", "All users")
    assert not things["Old one"].is_ai
    server = things["Snowflake"]
    assert (server.asset_class, server.tags) == (
        AssetClass.MCP_SERVER, {"host": "mcp.acme.example"},
    )  # fmt: skip
    edges = {(e.source, e.relation, e.target.rpartition("/")[2])
             for e in items if isinstance(e, Edge)}  # fmt: skip
    assert (one.id, Relation.OWNED_BY, "ada@acme.com") in edges
    assert (one.id, Relation.CALLS, "mcp.acme.example") in edges


def test_rows_of_the_former_table_of_agents(tmp_path: Path) -> None:
    (tmp_path / "hunt.jsonl").write_text(json.dumps(FORMER))
    ctx = CASE.context("https://x.example", live=False, files=("hunt.jsonl",), folder=tmp_path)
    items = CASE.items(ctx)
    (one,) = [item for item in items if isinstance(item, Asset)]
    assert (one.name, one.created_at) == ("Travel", "2026-02-01T08:00:00Z")
    assert (one.exposure, one.tags["blocked"]) == (("no authentication",), "yes")
    people = {item.email for item in items if isinstance(item, Identity)}
    assert people == {"ben@acme.com", "cleo@acme.com"}
    assert "be kind" not in repr(items)


def test_exported_interactions_are_use_by_prompt_and_hold_none(tmp_path: Path) -> None:
    (one,) = _read(tmp_path, json.dumps({"value": INTERACTIONS}), "export.json")
    assert (one.relation, one.count, one.last_at) == ("used_by", 2, "2026-11-26T08:00:00Z")
    assert one.app_id.endswith("/copilot/excel")
    assert one.actor is not None
    assert one.actor.id.endswith("/user/0ada")
    assert "a prompt" not in repr(one)
