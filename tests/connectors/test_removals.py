"""What a vendor's own events of removal end, through the files that they are exported to."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.auth0.events import event as auth0
from scanner.collect import loader
from scanner.detect.activity import Catalogue, facts_of
from scanner.graph.build import AssetGraph
from scanner.kit.contract import Context
from scanner.kit.limits import Limits
from scanner.model.base import ShardId
from scanner.model.facts import Asset, Relation
from scanner.model.items import Activity, Checkpoint, Gap, Remembered
from scanner.rulebook.load import Rulebook
from tests.saas_rig.cases import NOW

Told = Callable[[int, str], dict[str, Any]]
"""A record of a day of November 2026, by or about somebody."""


def _at(day: int) -> str:
    return f"2026-11-{day:02}T09:00:00Z"


def _read(name: str, records: list[dict[str, Any]], folder: Path, rulebook: Rulebook) -> AssetGraph:
    """JSON lines, or a table where every record has the same columns of text."""
    is_table = "row" in records[0]
    if is_table:
        records = [one["row"] for one in records]
        with (folder / "export.csv").open("w", newline="") as out:
            writer = csv.DictWriter(out, list(records[0]))
            writer.writeheader()
            writer.writerows(records)
    else:
        (folder / "export.jsonl").write_text("\n".join(map(json.dumps, records)))
    connector = loader.load(name)
    config = connector.spec.config(
        organization="acme", live=False, files=("export.csv" if is_table else "export.jsonl",)
    )
    ctx: Context[Any] = Context(
        config=config, examine=lambda *_: (), limits=Limits(), environ={}, now=lambda: NOW
    )
    ctx.folder = folder
    facts, catalogue = [], Catalogue(rulebook)
    for shard in connector.shards(ctx):
        for item in connector.collect(ctx, shard, None):
            assert not isinstance(item, Gap), item
            if isinstance(item, Activity):
                facts += list(facts_of(item, catalogue, name))
            elif not isinstance(item, (Checkpoint, Remembered)):
                facts.append(item)
    return AssetGraph((ShardId(f"{name}:file:x"), fact, True) for fact in facts)


def _zoom_app(_: int, who: str) -> dict[str, Any]:
    return {"app_id": "c1", "app_name": "Otter.ai", "scopes": ["meeting:read"],
            "approval_info": {"approver_id": who, "approved_time": _at(1)}}  # fmt: skip


def _zoom_hook(event: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        payload = {"account_id": "a", "object": {"id": who, "email": f"{who}@acme.com"}}
        if event == "app_deauthorized":
            payload = {"account_id": "a", "client_id": "c1", "user_id": who}
        return {"event": event, "event_ts": 1793523600000 + day * 86400000, "payload": payload}

    return told


def _notion(kind: str, **details: Any) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        actor = who
        given = details
        if "user" in details:
            actor, given = "adm", {"user": {"id": who}}
        return {"id": f"{kind}{day}{who}", "timestamp": _at(day), "type": kind, "workspace_id": "w",
                "actor": {"id": actor, "type": "person"}, "details": given}  # fmt: skip

    return told


_OTTER = {"id": "c1", "name": "Otter.ai"}


def _notion_row(event: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        is_left = event.startswith("User")
        return {"row": {"Timestamp": _at(day), "Event": event,
                        "Actor": "adm@acme.com" if is_left else f"{who}@acme.com",
                        "Target": f"{who}@acme.com" if is_left else "Otter.ai"}}  # fmt: skip

    return told


def _asana(kind: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = kind.startswith("user_")
        about = {"resource_type": "user", "gid": who, "email": f"{who}@acme.com"}
        app = {"resource_type": "app", "gid": "c1", "name": "Claude"}
        return {"gid": f"{kind}{day}{who}", "created_at": _at(day), "event_type": kind,
                "event_category": "user_updates" if of_user else "apps",
                "actor": {"actor_type": "user", "gid": "adm" if of_user else who},
                "resource": about if of_user else app}  # fmt: skip

    return told


def _box(kind: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = kind.endswith("_USER")
        return {"type": "event", "event_id": f"{kind}{day}{who}", "event_type": kind,
                "created_at": _at(day),
                "created_by": {"type": "user", "id": "adm" if of_user else who},
                "source": {"type": "user", "id": who, "login": f"{who}@acme.com"},
                "additional_details": {} if of_user else {
                    "service_id": "c1", "service_name": "Claude"}}  # fmt: skip

    return told


def _dropbox(kind: str, new: str = "") -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        member = {".tag": "team_member", "team_member_id": who, "email": f"{who}@acme.com"}
        by = {".tag": "user", "user": {**member, "team_member_id": "adm"} if new else member}
        details = ({"previous_value": {".tag": "active"}, "new_value": {".tag": new}} if new
                   else {"app_info": {"app_id": "c1", "display_name": "Claude"}})  # fmt: skip
        return {"timestamp": _at(day), "event_type": {".tag": kind}, "details": details,
                "event_category": {".tag": "members" if new else "apps"}, "actor": by,
                "participants": [{".tag": "user", "user": member}] if new else []}  # fmt: skip

    return told


def _atlassian(action: str, thing: str = "app") -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = thing == "user"
        about = {"id": who, "type": "users", "attributes": {"name": f"{who}@acme.com"}}
        app = {"id": "c1", "type": "app", "attributes": {"name": "Claude"}}
        return {"id": f"{action}{day}{who}", "attributes": {
            "time": _at(day), "action": action, "actor": {"id": "adm" if of_user else who},
            "container": [], "context": [about if of_user else app]}}  # fmt: skip

    return told


def _atlassian_row(action: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = "account" in action
        return {"row": {"Date": _at(day), "Actor": "adm@acme.com" if of_user else f"{who}@acme.com",
                        "Action": action, "App": "" if of_user else "Claude",
                        "User": f"{who}@acme.com" if of_user else ""}}  # fmt: skip

    return told


def _zendesk(source: str, action: str, change: str = "") -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = source == "user"
        return {"id": f"{source}{action}{day}{who}", "created_at": _at(day), "action": action,
                "actor_id": "adm" if of_user else who, "source_type": source,
                "source_id": who if of_user else "c1", "change_description": change,
                "source_label": who if of_user else "App: Claude"}  # fmt: skip

    return told


def _zendesk_row(item: str, done: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        return {"row": {"Time": _at(day), "Actor": "adm" if item == "User" else who,
                        "Item": f"{item}: {who if item == 'User' else 'Claude'}",
                        "Activity": done}}  # fmt: skip

    return told


def _servicenow(field: str = "", new: str = "") -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        if not field:
            return {"peer": "e1", "type": "access_token", "user": who, "sys_id": f"t{who}",
                    "sys_created_on": f"2026-11-{day:02} 09:00:00",
                    "peer_label": "Claude"}  # fmt: skip
        return {"tablename": "oauth_entity", "documentkey": "e1", "fieldname": field,
                "newvalue": new, "oldvalue": "", "user": "adm", "sys_id": f"{field}{day}",
                "sys_created_on": f"2026-11-{day:02} 09:00:00"}  # fmt: skip

    return told


def _auth0(kind: str, method: str = "", path: str = "", **more: Any) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        if not method:
            return {"type": kind, "date": _at(day), "log_id": f"{day}{who}", "user_id": who}
        body = {"client_id": "c1", "audience": "https://api.acme.com", "scope": ["read:users"]}
        request = {"method": method, "path": path.replace("WHO", who),
                   "auth": {"user": {"user_id": who if method == "post" else "adm"}},
                   "body": body if method == "post" else more.get("body", {}),
                   "query": {"user_id": who} if more.get("query") else {}}  # fmt: skip
        return {"type": kind, "date": _at(day), "log_id": f"{kind}{day}{who}",
                "description": f"{method} {path}", "details": {
                    "request": request, "response": {"body": {"name": "Claude"}}}}  # fmt: skip

    return told


def _onelogin(kind: int) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        return {"id": f"{kind}{day}{who}", "event_type_id": kind, "created_at": _at(day),
                "user_id": who, "user_name": who, "actor_user_id": "adm",
                **({} if kind in (15, 16, 17) else
                   {"app_id": "c1", "app_name": "Claude"})}  # fmt: skip

    return told


def _jumpcloud(kind: str, op: str = "") -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        resource = {"id": who, "type": "user", "username": who}
        if kind == "application_delete":
            resource = {"id": "c1", "type": "application", "name": "Claude"}
        link = {"op": op, "connection": {
            "from": {"type": "user", "object_id": who, "name": who},
            "to": {"type": "application", "object_id": "c1", "name": "Claude"}}}  # fmt: skip
        return {"id": f"{kind}{op}{day}{who}", "event_type": kind, "timestamp": _at(day),
                "success": True, "initiated_by": {"id": "adm"},
                **({"association": link} if op else {"resource": resource})}  # fmt: skip

    return told


def _pingone(kind: str) -> Told:
    def told(day: int, who: str) -> dict[str, Any]:
        of_user = kind == "USER.DELETED"
        about = {"type": "USER", "id": who, "name": who}
        app = {"type": "APPLICATION", "id": "c1", "name": "Claude"}
        return {"id": f"{kind}{day}{who}", "recordedAt": _at(day), "action": {"type": kind},
                "actors": {"user": {"id": "adm" if of_user else who, "name": who}},
                "result": {"status": "SUCCESS"},
                "resources": [about if of_user else app]}  # fmt: skip

    return told


ANN, BEN = "ann", "ben"
BOTH: set[str] = {ANN, BEN}
_N_IN = _notion("workspace.integration_installed", integration=_OTTER)
_A_IN, _B_IN = _asana("app_authorized"), _box("ENTERPRISE_APP_AUTHORIZATION_UPDATE")
_D_IN, _T_IN = _dropbox("app_link_user"), _atlassian("oauth_app_authorized")
_Z_IN, _S_IN = _zendesk("apps/installation", "create"), _servicenow()
_0_IN = _auth0("sapi", "post", "/api/v2/client-grants")
_J_IN = _jumpcloud("association_change", "add")
_ON, _OFF = "Suspended changed from false to true", "Suspended changed from true to false"


REMOVALS: list[tuple[str, Told, tuple[Told, ...], set[str]]] = [
    ("notion", _N_IN, (_notion("workspace.integration_removed", integration=_OTTER),), set()),
    ("notion", _N_IN, (_notion("integration.deleted", integration=_OTTER),), set()),
    ("notion", _N_IN, (_notion("integration.disconnected", integration=_OTTER),), {BEN}),
    ("notion", _N_IN, (_notion("workspace.member_removed", user=True),), {BEN}),
    ("notion", _N_IN, (_notion("user.suspended", user=True),
                       _notion("user.unsuspended", user=True)), BOTH),
    ("notion", _notion_row("Integration installed"), (_notion_row("User removed from workspace"),),
     {BEN}),
    ("asana", _A_IN, (_asana("app_deauthorized"),), {BEN}),
    ("asana", _A_IN, (_asana("app_blocked"),), set()),
    ("asana", _A_IN, (_asana("user_deprovisioned"),), {BEN}),
    ("asana", _A_IN, (_asana("user_deprovisioned"), _asana("user_reprovisioned")), BOTH),
    ("asana", _A_IN, (_asana("service_account_deleted"),), set()),
    ("box", _B_IN, (_box("OAUTH2_ACCESS_TOKEN_REVOKE"),), {BEN}),
    ("box", _B_IN, (_box("DELETE_USER"),), {BEN}),
    ("box", _B_IN, (_box("NEW_USER"),), BOTH),
    ("dropbox", _D_IN, (_dropbox("app_unlink_user"),), {BEN}),
    ("dropbox", _D_IN, (_dropbox("member_change_status", "removed"),), {BEN}),
    ("dropbox", _D_IN, (_dropbox("member_change_status", "suspended"),), {BEN}),
    ("dropbox", _D_IN, (_dropbox("member_change_status", "suspended"),
                        _dropbox("member_change_status", "active")), BOTH),
    ("atlassian", _T_IN, (_atlassian("oauth_app_revoked"),), {BEN}),
    ("atlassian", _T_IN, (_atlassian("app_uninstall_failed"),), BOTH),
    ("atlassian", _T_IN, (_atlassian("user_removed_from_org", "user"),), {BEN}),
    ("atlassian", _T_IN, (_atlassian("user_removed_from_group", "user"),), BOTH),
    ("atlassian", _T_IN, (_atlassian("user_deactivated", "user"),
                          _atlassian("user_reactivated", "user")), BOTH),
    ("atlassian", _atlassian_row("App successful installation"),
     (_atlassian_row("Deleted account permanently"),), {BEN}),
    ("atlassian", _atlassian_row("App failed installation"), (), set()),
    ("zendesk", _Z_IN, (_zendesk("apps/installation", "destroy"),), set()),
    ("zendesk", _Z_IN, (_zendesk("user", "destroy"),), {BEN}),
    ("zendesk", _Z_IN, (_zendesk("user", "update", _ON),), {BEN}),
    ("zendesk", _Z_IN, (_zendesk("user", "update", _ON), _zendesk("user", "update", _OFF)), BOTH),
    ("zendesk", _Z_IN, (_zendesk("user", "update", "Role changed from agent to admin"),), BOTH),
    ("zendesk", _zendesk_row("App", "Created"), (_zendesk_row("User", "Deleted"),), {BEN}),
    ("auth0", _0_IN, (_auth0("sapi", "delete", "/api/v2/clients/c1"),), set()),
    ("zoom", _zoom_app, (_zoom_hook("user.deleted"),), {BEN}),
    ("zoom", _zoom_app, (_zoom_hook("app_deauthorized"),), {BEN}),
    ("zoom", _zoom_app, (_zoom_hook("user.deactivated"), _zoom_hook("user.activated")), BOTH),
    ("zoom", _zoom_app, (_zoom_hook("user.updated"),), BOTH),
    ("onelogin", _onelogin(206), (_onelogin(207),), {BEN}),
    ("onelogin", _onelogin(51), (_onelogin(55),), {BEN}),
    ("onelogin", _onelogin(206), (_onelogin(17),), {BEN}),
    ("onelogin", _onelogin(206), (_onelogin(15), _onelogin(16)), BOTH),
    ("jumpcloud", _J_IN, (_jumpcloud("association_change", "remove"),), {BEN}),
    ("jumpcloud", _J_IN, (_jumpcloud("application_delete"),), set()),
    ("jumpcloud", _J_IN, (_jumpcloud("user_delete"),), {BEN}),
    ("jumpcloud", _J_IN, (_jumpcloud("user_suspended"),), {BEN}),
    ("servicenow", _S_IN, (_servicenow("DELETED", "DELETED"),), set()),
    ("servicenow", _S_IN, (_servicenow("DELETED", "DELETED"),
                           _servicenow("RECOVERED", "RECOVERED")), BOTH),
    ("servicenow", _S_IN, (_servicenow("active", "0"),), set()),
    ("servicenow", _S_IN, (_servicenow("active", "0"), _servicenow("active", "1")), BOTH),
    ("servicenow", _S_IN, (_servicenow("name", "Claude 2"),), BOTH),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "granted", "ending", "left"), REMOVALS,
    ids=[f"{one[0]}-{number}" for number, one in enumerate(REMOVALS)],
)  # fmt: skip
def test_who_still_lets_it_in(
    name: str, granted: Told, ending: tuple[Told, ...], left: set[str], tmp_path: Path,
    rulebook: Rulebook,
) -> None:  # fmt: skip
    records = [granted(1, ANN), granted(2, BEN)]
    records += [told(day, ANN) for day, told in enumerate(ending, 3)]
    if name == "servicenow":  # what a token is called is told beside its number
        for one in records:
            if label := one.pop("peer_label", ""):
                one["peer"] = {"value": one["peer"], "display_value": label}
    for order in (records, records[::-1]):
        edges = _read(name, order, tmp_path, rulebook).edges.values()
        named = {one.source.rpartition("/")[2].partition("@")[0]
                 for one in edges if one.relation is Relation.GRANTS}  # fmt: skip
        assert named == left


def test_people_who_leave_zoom_by_its_operation_logs(tmp_path: Path, rulebook: Rulebook) -> None:
    def told(day: int, who: str, detail: str) -> dict[str, Any]:
        return {"time": _at(day), "operator": f"{who}@acme.com", "action": "Update",
                "category_type": "Account", "operation_detail": detail}  # fmt: skip

    on = "Meeting Summary with AI Companion: from Off to On"
    given = [told(1, "ann", on), told(2, "ben", on.replace("Meeting", "The Meeting"))]
    for detail, left in (
        ("Delete User ann@acme.com", {BEN}), ("Deactivate User ann@acme.com", {BEN}),
        ("Add User ann@acme.com - User Type: Basic", BOTH),
        ("Delete User Group ann@acme.com", BOTH),
    ):  # fmt: skip
        edges = _read("zoom", [*given, told(3, "adm", detail)], tmp_path, rulebook).edges.values()
        assert {one.source.rpartition("/")[2].partition("@")[0]
                for one in edges if one.relation is Relation.GRANTS} == left  # fmt: skip


def test_all_consents_of_a_person_that_are_deleted_in_auth0(
    tmp_path: Path, rulebook: Rulebook
) -> None:
    grants = [{"id": who, "clientID": "c1", "user_id": who, "audience": "https://api.acme.com",
               "scope": ["read"], "client": {"name": "Claude"}} for who in (ANN, BEN)]  # fmt: skip
    one = _auth0("sapi", "delete", "/api/v2/grants", query=True)(3, ANN)
    found = auth0(one, "acme")
    assert found is not None
    (left,) = found[2]
    assert isinstance(left, Activity)
    assert (left.app_id.rpartition("/")[2], str(left.ends)) == (ANN, "all")
    # A list of what is there now stands all the same.
    edges = _read("auth0", [*grants, one], tmp_path, rulebook).edges.values()
    assert len([edge for edge in edges if edge.relation is Relation.GRANTS]) == 2


def _notion_agent(kind: str) -> Told:
    return lambda day, ident: _notion(kind, target={"id": ident, "name": ident})(day, "adm")


def _asana_agent(kind: str) -> Told:
    def told(day: int, ident: str) -> dict[str, Any]:
        about = {"resource_type": "ai_teammate", "gid": ident, "name": ident}
        return {**_asana(kind)(day, "adm"), "gid": f"{day}", "resource": about}

    return told


def _atlassian_agent(kind: str) -> Told:
    def told(day: int, ident: str) -> dict[str, Any]:
        about = {"id": ident, "type": "rovo_agent", "attributes": {"name": ident}}
        given = _atlassian(kind)(day, "adm")
        return {**given, "attributes": {**given["attributes"], "context": [about]}}

    return told


def _servicenow_agent(field: str) -> Told:
    return lambda day, ident: {
        "tablename": "sn_aia_agent", "documentkey": ident, "fieldname": field, "newvalue": field,
        "user": "adm", "sys_id": f"{day}", "sys_created_on": f"2026-11-{day:02} 09:00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "made", "gone"),
    [
        ("notion", _notion_agent("custom_agent.created"), _notion_agent("custom_agent.deleted")),
        ("asana", _asana_agent("ai_teammate_created"), _asana_agent("ai_teammate_deleted")),
        ("atlassian", _atlassian_agent("rovo_agent_created"),
         _atlassian_agent("rovo_agent_deleted")),
    ],
)  # fmt: skip
def test_an_agent_that_is_deleted_is_no_more_and_the_others_stay(
    name: str, made: Told, gone: Told, tmp_path: Path, rulebook: Rulebook
) -> None:
    records = [made(1, "one"), made(2, "two"), gone(3, "one")]
    for order in (records, records[::-1]):
        nodes = _read(name, order, tmp_path, rulebook).nodes.values()
        told = {node.id.rpartition("/")[2]: (node.is_ai, node.status)
                for node in nodes if isinstance(node, Asset)}  # fmt: skip
        assert told == {"one": (False, "deleted"), "two": (True, "")}


def test_an_agent_of_servicenow_that_is_deleted_and_recovered(
    tmp_path: Path, rulebook: Rulebook
) -> None:
    listed = {"name": "Triage", "sys_id": "one", "active": "true", "sys_created_by": "ann",
              "sys_class_name": "sn_aia_agent"}  # fmt: skip
    gone, back = _servicenow_agent("DELETED")(3, "one"), _servicenow_agent("RECOVERED")(4, "one")
    nodes = _read("servicenow", [gone, back], tmp_path, rulebook).nodes.values()
    assert [node.status for node in nodes if isinstance(node, Asset)] == [""]
    nodes = _read("servicenow", [gone], tmp_path, rulebook).nodes.values()
    assert [node.status for node in nodes if isinstance(node, Asset)] == ["deleted"]
    # What a list shows is there.
    nodes = _read("servicenow", [listed, gone], tmp_path, rulebook).nodes.values()
    assert [node.is_ai for node in nodes if isinstance(node, Asset)] == [True]
