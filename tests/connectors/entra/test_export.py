"""Files of a tenant: Graph's answers, the portal's CSV, Azure Monitor, the unified audit log."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.entra import CONNECTOR
from scanner.model.base import encode
from scanner.model.errors import Unavailable
from scanner.model.facts import Asset, Identity
from scanner.model.items import Activity, Gap, Item
from tests.connectors.entra.estate import (
    CHATGPT,
    SP_CHATGPT,
    change,
    consent,
    context,
    planted,
    sign_in,
)
from tests.connectors.entra.graph import Graph
from tests.connectors.hostile import bent

SIGN_INS = [
    sign_in("2026-11-02T08:00:00Z", CHATGPT, "ChatGPT"),
    sign_in("2026-11-03T08:00:00Z", CHATGPT, "ChatGPT"),
    sign_in("2026-11-04T08:00:00Z", CHATGPT, "ChatGPT", 50126),
]


def _read(folder: Path, text: str | bytes, name: str = "export.json") -> list[Item]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    ctx = context(Graph(url="http://127.0.0.1:1"), live=False, files=(name,))
    ctx.folder = folder
    (shard,) = CONNECTOR.shards(ctx)
    return list(CONNECTOR.collect(ctx, shard, None))


def _activities(items: list[Item]) -> list[Activity]:
    return [one for one in items if isinstance(one, Activity)]


def _gaps(items: list[Item]) -> list[Gap]:
    return [one for one in items if isinstance(one, Gap)]


def _diagnostic(one: dict[str, Any]) -> dict[str, Any]:
    """As Azure Monitor writes it to storage and event hubs."""
    code = str(one["status"]["errorCode"])
    inner = {k: v for k, v in one.items() if k not in ("createdDateTime", "status")}
    return {"time": one["createdDateTime"], "category": "SignInLogs", "resultType": code,
            "properties": inner}  # fmt: skip


def _shapes() -> dict[str, str | bytes]:
    lines = "\n".join(map(json.dumps, SIGN_INS))
    return {
        "lines": lines,
        "packed": gzip.compress(lines.encode()),
        "array": json.dumps(SIGN_INS),
        "page": json.dumps({"@odata.context": "x", "value": SIGN_INS}),
        "diagnostics": "\n".join(json.dumps(_diagnostic(one)) for one in SIGN_INS),
        "event hub": json.dumps({"records": [_diagnostic(one) for one in SIGN_INS]}),
        "twice": f"{lines}\n{lines}",
    }


@pytest.mark.parametrize("shape", _shapes())
def test_every_shape_of_sign_ins_tells_the_same(tmp_path: Path, shape: str) -> None:
    items = _read(tmp_path, _shapes()[shape])
    rows = {one.relation: one for one in _activities(items)}
    assert (rows["used_by"].count, rows["used_by"].last_at) == (2, "2026-11-03T08:00:00Z")
    assert rows[""].count == 1
    assert not _gaps(items)


def test_applications_and_grants_are_joined_in_any_order(tmp_path: Path) -> None:
    graph = planted(Graph())
    grants = graph.records["oauth2PermissionGrants"]
    apps = graph.records["servicePrincipals"]
    pages = [{"value": grants}, {"value": apps}, {"value": graph.records["users"]}]
    items = _read(tmp_path, "\n".join(map(json.dumps, pages)))
    granted = [a for a in _activities(items) if a.relation == "grants" and a.label == "ChatGPT"]
    assert {one.client_id for one in granted} == {CHATGPT}
    assert {s.store_class for one in granted for s in one.reads} == {"files", "calendar"}
    assert len([i for i in items if isinstance(i, Identity)]) == 3
    assert not _gaps(items)


def test_one_bad_line_costs_itself(tmp_path: Path) -> None:
    good = list(map(json.dumps, SIGN_INS))
    items = _read(tmp_path, "\n".join([good[0], '{"id": "', *good[1:], "[1]", '{"a": 1}']))
    (gap,) = _gaps(items)
    assert gap.what == "export.json:2"
    assert gap.reason.startswith("3 records")
    assert sum(one.count for one in _activities(items)) == 3


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="breaks at byte"):
        _read(tmp_path, json.dumps({"value": SIGN_INS}, indent=1)[:-40])
    with pytest.raises(Unavailable, match="cut short"):
        _read(tmp_path, gzip.compress(b"{}" * 9000)[:-20])


def test_the_portals_csv(tmp_path: Path) -> None:
    header = "Date (UTC),Request ID,User,Username,User ID,Application,Application ID,Status"
    rows = [
        f"2026-11-02T08:00:00Z,r1,Ada Day,ada@acme.com,u-1,ChatGPT,{CHATGPT},Success",
        f"2026-11-03T08:00:00Z,r2,Ada Day,ada@acme.com,u-1,ChatGPT,{CHATGPT},Failure",
        f"2026-11-03T08:00:00Z,r2,Ada Day,ada@acme.com,u-1,ChatGPT,{CHATGPT},Failure",
        "2026-11-03T08:00:00Z,too,few",
    ]
    items = _read(tmp_path, "\n".join([header, *rows]), "signins.csv")
    counts = {one.relation: one.count for one in _activities(items)}
    assert counts == {"used_by": 1, "": 1}
    assert [gap.what for gap in _gaps(items)] == ["signins.csv:5"]
    apps = "id,displayName,appId,createdDateTime,homepage,state\n"
    apps += f"{SP_CHATGPT},ChatGPT,{CHATGPT},2026-01-02,https://chatgpt.com,Activated\n"
    (app,) = _activities(_read(tmp_path, apps, "apps.csv"))
    assert (app.client_id, app.hosts) == (CHATGPT, ("chatgpt.com",))
    assert app.first_at == "2026-01-02T00:00:00Z"


def test_the_report_of_copilots_use(tmp_path: Path) -> None:
    text = (
        "Report Refresh Date,User Principal Name,Display Name,Last Activity Date,"
        "Word Copilot Last Activity Date,Outlook Copilot Last Activity Date\n"
        "2026-11-26,ada@acme.com,Ada Day,2026-11-25,2026-11-25,2026-11-20\n"
        "2026-11-26,ben@acme.com,Ben Bay,,,\n"
    )
    found = _activities(_read(tmp_path, text, "copilot.csv"))
    assert {one.label: one.last_at[:10] for one in found} == {
        "Copilot in Word": "2026-11-25", "Copilot in Outlook": "2026-11-20",
    }  # fmt: skip


def test_consents_of_the_unified_audit_log(tmp_path: Path) -> None:
    told = consent("a1", "2026-11-05T08:00:00Z")["targetResources"][0]["modifiedProperties"]
    record = {
        "Id": "u1", "CreationTime": "2026-11-05T08:00:00", "Operation": "Consent to application.",
        "ResultStatus": "Success", "UserId": "ada@acme.com",
        "ModifiedProperties": [
            {"Name": one["displayName"], "NewValue": one["newValue"]} for one in told
        ],
        "Target": [{"ID": SP_CHATGPT, "Type": 2}],
    }  # fmt: skip
    (one,) = _activities(_read(tmp_path, json.dumps(record)))
    assert (one.client_id, one.relation) == (CHATGPT, "grants")
    assert one.scopes == ("Mail.Read", "offline_access")
    assert one.first_at == "2026-11-05T08:00:00Z"
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"


def _audit(name: str, *changes: tuple[str, str], label: str = "", kind: str = "ServicePrincipal"
           ) -> str:  # fmt: skip
    """As Core Directory writes it: the values are JSON within the text
    (https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities)."""
    about = {
        "id": "0obj", "displayName": label or None, "type": kind,
        "modifiedProperties": [
            {"displayName": one, "oldValue": "[]", "newValue": value} for one, value in changes
        ],
    }  # fmt: skip
    return json.dumps(
        {
            "id": f"{name} {changes}", "activityDateTime": "2026-11-05T08:00:00Z",
            "activityDisplayName": name, "result": "success", "targetResources": [about],
            "initiatedBy": {"user": {"id": "u", "userPrincipalName": "root@acme.com"}},
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (
            _audit("Add service principal", ("AccountEnabled", "[true]"),
                   ("AppPrincipalId", f'["{CHATGPT}"]'), label="ChatGPT"),
            ("audit.Add service principal", "created_by", CHATGPT, "ChatGPT"),
        ),
        (
            _audit("Add application", ("AppId", f'["{CHATGPT}"]'), label="ChatGPT",
                   kind="Application"),
            ("audit.Add application", "created_by", CHATGPT, "ChatGPT"),
        ),
        (
            _audit("Update service principal", ("AccountEnabled", "[false]"),
                   ("TargetId.ServicePrincipalNames", f'"{CHATGPT}"'), label="ChatGPT"),
            ("audit.Disable service principal", "", CHATGPT, "ChatGPT"),
        ),
        (
            _audit("Update service principal", ("AccountEnabled", "[true]"),
                   ("TargetId.ServicePrincipalNames", f'"{CHATGPT}"'), label="ChatGPT"),
            ("audit.Enable service principal", "", CHATGPT, "ChatGPT"),
        ),
    ],
)  # fmt: skip
def test_applications_that_are_added_and_switched_off(
    tmp_path: Path, record: str, told: tuple[str, ...]
) -> None:
    (one,) = _activities(_read(tmp_path, record))
    assert (one.rule, one.relation, one.client_id, one.label) == told


def test_an_audit_that_names_no_application_is_a_gap_and_other_updates_are_quiet(
    tmp_path: Path,
) -> None:
    records = [
        _audit("Add service principal", ("AccountEnabled", "[true]")),
        _audit("Add application", ("AvailableToOtherTenants", "[false]"), kind="Application"),
        _audit("Add delegated permission grant", ("ServicePrincipal.ObjectID", '"0sp"')),
        _audit("Update service principal", ("DisplayName", '["ChatGPT"]'), label="ChatGPT"),
    ]
    items = _read(tmp_path, "\n".join(records))
    assert not _activities(items)
    assert [one.reason for one in _gaps(items)] == [
        f"schema: 1 event of type {name} without an application's id or name, which says what it "
        "is about"
        for name in (
            "Add_service_principal", "Add_application", "Add_delegated_permission_grant",
        )
    ]  # fmt: skip


def test_the_unified_audit_log_names_what_was_added(tmp_path: Path) -> None:
    record = {
        "Id": "u1", "CreationTime": "2026-11-05T08:00:00", "Operation": "Add service principal.",
        "ResultStatus": "Success", "UserId": "ada@acme.com", "ModifiedProperties": [],
        "Target": [{"ID": "ServicePrincipal_0", "Type": 2}, {"ID": "ChatGPT", "Type": 1}],
    }  # fmt: skip
    (one,) = _activities(_read(tmp_path, json.dumps(record)))
    assert (one.label, one.relation) == ("ChatGPT", "created_by")


def test_packages_of_copilot(tmp_path: Path) -> None:
    packages = planted(Graph()).records["copilot/admin/catalog/packages"]
    items = _read(tmp_path, json.dumps({"value": packages}))
    assert [one.name for one in items if isinstance(one, Asset)] == ["HR answers"]
    assert [one.label for one in _activities(items)] == ["Otter.ai"]


def test_no_record_ends_a_reading(tmp_path: Path) -> None:
    good = [one for told in planted(Graph()).records.values() for one in told]
    items = _read(tmp_path, "\n".join(json.dumps(one) for one in bent(good, 3000)))
    assert len(_activities(items)) > 10
    for one in _activities(items):
        assert encode(one)


def test_what_nobody_knows_is_told(tmp_path: Path) -> None:
    (gap,) = _gaps(_read(tmp_path, "Name,Colour\na,b\n", "x.csv"))
    assert gap.reason.startswith("1 records are no sign-ins")
    assert change("a", "b")["newValue"] == '"b"'


def _pascal(record: dict[str, Any]) -> dict[str, Any]:
    """As the tables of a log workspace have it: nested values are texts."""
    return {
        f"{k[0].upper()}{k[1:]}": json.dumps(v) if isinstance(v, (dict, list)) else v
        for k, v in record.items()
    }


def test_tables_of_a_log_workspace_tell_the_same(tmp_path: Path) -> None:
    records = [*SIGN_INS, consent("a1", "2026-11-02T08:00:00Z")]
    plain = _read(tmp_path, "\n".join(map(json.dumps, records)))
    table = _read(tmp_path, "\n".join(json.dumps(_pascal(one)) for one in records))
    assert not _gaps(table)
    assert _activities(table) == _activities(plain)
    assert any(one.scopes for one in _activities(table))


@pytest.mark.parametrize("status", ["Failure", "50126", '{"errorCode": 50126}', 50126])
def test_a_sign_in_that_failed_is_no_use_however_it_is_written(
    tmp_path: Path, status: str | int
) -> None:
    (one,) = _activities(_read(tmp_path, json.dumps({**SIGN_INS[0], "status": status})))
    assert one.relation == ""


@pytest.mark.parametrize("status", ["Success", "0", '{"errorCode": 0}', 0, None])
def test_a_sign_in_that_did_not_fail_is_use(tmp_path: Path, status: str | int | None) -> None:
    (one,) = _activities(_read(tmp_path, json.dumps({**SIGN_INS[0], "status": status})))
    assert one.relation == "used_by"


def test_the_portals_csv_of_audits(tmp_path: Path) -> None:
    head = (
        "Date (UTC),Activity,Result,ActorType,ActorDisplayName,ActorObjectId,"
        "ActorUserPrincipalName,Target1Type,Target1DisplayName,Target1ObjectId,"
        "Target1ModifiedProperty1Name,Target1ModifiedProperty1OldValue,"
        "Target1ModifiedProperty1NewValue\n"
    )
    row = (
        "2026-11-20T09:00:00Z,Consent to application,success,User,Ada,u1,ada@acme.com,"
        "ServicePrincipal,ChatGPT,sp1,ConsentAction.Permissions,,"
        '"[] => [[Id: a, Scope: Mail.Read Files.Read.All, ]]"\n'
    )
    items = _read(tmp_path, head + row, "audits.csv")
    assert not _gaps(items)
    (one,) = _activities(items)
    assert (one.label, one.relation, one.first_at) == ("ChatGPT", "grants", "2026-11-20T09:00:00Z")
    assert one.scopes == ("Files.Read.All", "Mail.Read")
    assert one.actor is not None
    assert one.actor.email == "ada@acme.com"


def test_a_grant_that_an_administrator_removes_ends_for_whose_it_was(tmp_path: Path) -> None:
    def removed(number: int, *targets: Any, **values: str) -> dict[str, Any]:
        values = {"ServicePrincipal_AppId": CHATGPT, **values}
        told = [{"displayName": name.replace("_", "."), "oldValue": f'"{value}"', "newValue": None}
                for name, value in values.items()]  # fmt: skip
        return {
            "id": f"r{number}", "activityDateTime": "2026-11-05T08:00:00Z", "result": "success",
            "activityDisplayName": "Remove delegated permission grant",
            "initiatedBy": {"user": {"id": "0root", "userPrincipalName": "root@acme.com"}},
            "targetResources": [{"type": "ServicePrincipal", "id": "graph", "modifiedProperties":
                                 told}, *targets],
        }  # fmt: skip

    user = {"type": "User", "id": "0Ben", "userPrincipalName": "ben@acme.com"}
    audits = [
        removed(1, User_ObjectID="0ada", User_UPN="ada@acme.com"),
        removed(2, user),
        removed(3, DelegatedPermissionGrant_ConsentType="AllPrincipals"),
        removed(4),
    ]
    found = _activities(_read(tmp_path, "\n".join(map(json.dumps, audits))))
    people = sorted(one.actor.id.rpartition("/")[2] for one in found if one.actor)
    assert people == ["0ada", "0ben", "0root", "everyone"]
    assert not [one for one in found if one.relation]


_CONSENT: dict[str, Any] = {
    "id": "d1", "activityDateTime": "2026-11-20T08:00:00Z", "result": "success",
    "activityDisplayName": "Consent to application",
    "targetResources": [{"id": "sp1", "displayName": "ChatGPT", "type": "ServicePrincipal"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "by",
    [
        {"initiatedBy": {"user": {"id": "u1", "userPrincipalName": "ann@acme.com"}}},
        {"initiatedBy.user.id": "u1", "initiatedBy.user.userPrincipalName": "ann@acme.com"},
        {"initiatedBy_user_id_s": "u1", "initiatedBy_user_userPrincipalName_s": "ann@acme.com",
         "TimeGenerated": "2026-11-21T08:00:00Z"},
        {"initiatedBy_user_id_g": "u1", "initiatedBy_user_userPrincipalName_s": "ann@acme.com",
         "initiatedBy_app_displayName_s": "", "TenantId": "t", "Type": "Entra_CL"},
    ],
)  # fmt: skip
def test_who_consents_is_known_however_the_field_is_spelt(
    tmp_path: Path, by: dict[str, Any]
) -> None:
    items = _read(tmp_path, json.dumps({**_CONSENT, **by}))
    (one,) = _activities(items)
    assert one.actor is not None
    assert one.actor.id.endswith("/user/u1")
    assert one.actor.email == "ann@acme.com"
    assert not _gaps(items)


@pytest.mark.parametrize(
    ("by", "lacks"),
    [({}, True), ({"initiatedBy": {"app": {"displayName": "Provisioning"}}}, False)],
)
def test_a_consent_by_nobody_is_a_gap(tmp_path: Path, by: dict[str, Any], lacks: bool) -> None:
    items = _read(tmp_path, json.dumps({**_CONSENT, **by}))
    assert [one.label for one in _activities(items)] == ["ChatGPT"]
    assert [one.reason for one in _gaps(items)] == [
        "schema: 1 event of type Consent_to_application without initiatedBy.user or "
        "initiatedBy.app, which says what it is about"
    ] * lacks


def test_rows_of_the_portal_with_their_tables_time_alone(tmp_path: Path) -> None:
    rows = (
        "TimeGenerated [UTC],Id,AppId,AppDisplayName,UserId,UserPrincipalName,ResultType,Type\n"
        f'"11/20/2026, 8:00:00.123 PM",s1,{CHATGPT},ChatGPT,u1,ann@acme.com,0,SigninLogs\n'
    )
    items = _read(tmp_path, rows)
    (one,) = _activities(items)
    assert (one.first_at, one.relation) == ("2026-11-20T20:00:00Z", "used_by")
    assert not _gaps(items)
