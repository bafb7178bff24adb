"""ServiceNow's Table API on loopback, with the tables of incidents and users.

Queries are read as ServiceNow reads them: parts joined by ``^``, of which one that it does not know
is left out, and what follows ``javascript:`` is run (here: an error).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scanner.emit.tickets.http import Api
from scanner.emit.tickets.servicenow import ServiceNowConfig, ServiceNowSink
from tests.emit.tickets.trackers import ROUTING, Issue, Routing, Tracker
from tests.forge_rig.api import Reply, Request, forge_api

_TABLE = "/api/now/table/{tableName}"
_ONE = f"{_TABLE}/{{sys_id}}"
_ADA = "a" * 32
_USERS = [
    {"sys_id": _ADA, "email": "ada@example.com", "user_name": "ada", "active": "true"},
    {"sys_id": "b" * 32, "email": "admin@example.com", "user_name": "admin", "active": "true"},
]
_GONE = Reply({"error": {"message": "No Record found"}, "status": "failure"}, 404)


def _ident(issue: Issue) -> str:
    return f"{issue.number:032x}"


def _record(issue: Issue, done: str = "6") -> dict[str, str]:
    return {"sys_id": _ident(issue), "number": f"INC{issue.number:07}",
            "state": done if issue.state == "closed" else "1",
            "correlation_id": issue.labels[0], **_urgency(issue)}  # fmt: skip


def _urgency(issue: Issue) -> dict[str, str]:
    urgency, _, impact = issue.priority.removeprefix("urgency ").partition(", impact ")
    return {"urgency": urgency, "impact": impact}


def _hits(records: list[dict[str, str]], query: str) -> list[dict[str, str]]:
    assert "javascript:" not in query, "it would be run"
    for part in query.split("^"):
        if part in ("ORDERBYDESCsys_created_on", "ORDERBYsys_created_on"):
            records = records[::-1] if "DESC" in part else records
            continue
        if part.startswith("OR"):
            raise AssertionError(f"a query that nobody meant: {query}")
        for field in ("sys_id", "correlation_id"):
            if part.startswith(f"{field}IN"):
                wanted = part.removeprefix(f"{field}IN").split(",")
                records = [one for one in records if one[field] in wanted]
                break
        else:
            field = ""
        if field:
            continue
        name, _, value = part.partition("=")
        records = [one for one in records if one[name] == value]
    return records


def _world(tracker: Tracker, table: str, done: str) -> dict[str, Any]:
    def found(request: Request) -> Issue | None:
        assert request.path["tableName"] == table
        number = int(request.path["sys_id"], 16)
        return None if number in tracker.unseen else tracker.issues.get(number)

    def listed(request: Request) -> Any:
        with tracker.lock:
            there = [_record(issue, done) for issue in tracker.shown()]
        records = {table: there, "sys_user": _USERS}[request.path["tableName"]]
        hits = _hits(records, request.query["sysparm_query"])
        wanted = request.query["sysparm_fields"].split(",")
        most = int(request.query["sysparm_limit"])
        return {"result": [{name: one[name] for name in wanted} for one in hits[:most]]}

    def create(request: Request) -> Reply:
        assert request.path["tableName"] == table
        fields = request.body
        assert len(fields["short_description"]) <= 160
        assert len(fields["correlation_id"]) <= 100
        issue = tracker.add(
            title=fields["short_description"], body=fields["description"],
            labels=[fields["correlation_id"]],
            assignees=[fields["assigned_to"]] if "assigned_to" in fields else [],
        )  # fmt: skip
        _apply(issue, fields)
        return Reply({"result": _record(issue)}, 201)

    def show(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        if request.query["sysparm_fields"] == "work_notes":
            assert request.query["sysparm_display_value"] == "true", "else it is empty"
            head = "2026-01-01 00:00:00 - Made Up (Work notes)"
            notes = [f"{head}\n{text}\n\n" for text in reversed(issue.comments)]
            return Reply({"result": {"work_notes": "".join(notes)}})
        told = {"short_description": issue.title,
                "due_date": f"{issue.due} 00:00:00" if issue.due else ""}  # fmt: skip
        return Reply({"result": {**_record(issue), **told}})

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        fields = request.body
        if (
            table == "incident"
            and fields.get("state") == "6"
            and not {"close_code", "close_notes"} <= fields.keys()
        ):
            told = {"message": "Operation Failed", "detail": "Data Policy Exception: mandatory"}
            return Reply({"error": told, "status": "failure"}, 403)
        _apply(issue, fields)
        return Reply({"result": {"sys_id": _ident(issue)}})

    return {
        f"GET {_TABLE}": listed, f"POST {_TABLE}": create, f"GET {_ONE}": show,
        f"PATCH {_ONE}": change,
    }  # fmt: skip


def _apply(issue: Issue, fields: dict[str, str]) -> None:
    issue.title = fields.get("short_description", issue.title)
    issue.due = fields.get("due_date", issue.due)[:10]
    if "urgency" in fields:
        issue.priority = f"urgency {fields['urgency']}, impact {fields['impact']}"
    if "state" in fields:
        issue.state = "open" if fields["state"] in ("1", "2") else "closed"
    if "work_notes" in fields:
        issue.comments.append(fields["work_notes"])


@contextmanager
def serve(table: str = "incident", done: str = "6") -> Iterator[Tracker]:
    tracker = Tracker(
        ada=_ADA, urgent=("urgency 2, impact 1", "urgency 1, impact 1"), has_due=True,
        creates=f"POST .*/{table}$",
    )  # fmt: skip
    with forge_api("servicenow_table", _world(tracker, table, done)) as forge:
        tracker.forge = forge
        yield tracker


def sink(tracker: Tracker, routing: Routing = ROUTING, **changes: Any) -> ServiceNowSink:
    base = tracker.server.url
    api = Api(base, {"Authorization": "Basic made-up"}, wait=tracker.waits.append)
    return ServiceNowSink(ServiceNowConfig(url=base, **changes), routing, api)
