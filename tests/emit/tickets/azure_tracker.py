"""Azure Boards on loopback: a process whose Task knows four states."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scanner.emit.tickets.azure import AzureBoardsConfig, AzureBoardsSink
from scanner.emit.tickets.http import Api
from tests.emit.tickets.trackers import ROUTING, Issue, Routing, Tracker
from tests.forge_rig.api import Reply, Request, forge_api

_WIT = "/{organization}/{project}/_apis/wit"
_ONE = f"{_WIT}/workitems/{{id}}"
_SAID = f"{_WIT}/workItems/{{workItemId}}/comments"
_STATES = {"To Do": "Proposed", "Doing": "InProgress", "Done": "Completed", "Cut": "Removed"}
_KNOWN = ["ada@example.com"]
_PRIORITY, _DUE = "Microsoft.VSTS.Common.Priority", "Microsoft.VSTS.Scheduling.DueDate"
_GONE = Reply({"message": "TF401232: Work item does not exist."}, 404)


def _record(issue: Issue) -> dict[str, Any]:
    state = "Done" if issue.state == "closed" else "To Do"
    fields: dict[str, Any] = {"System.State": state, "System.WorkItemType": "Task",
              "System.Tags": "; ".join(issue.labels), "System.Title": issue.title}  # fmt: skip
    if issue.priority:
        fields[_PRIORITY] = int(issue.priority)
    if issue.due:
        fields[_DUE] = f"{issue.due}T00:00:00Z"
    return {"id": issue.number, "rev": 1, "fields": fields, "url": "https://x"}


def _refusal(fields: dict[str, Any]) -> Reply | None:
    who = fields.get("System.AssignedTo", _KNOWN[0])
    if who not in _KNOWN:
        said = f"The identity value '{who}' for field 'Assigned To' is an unknown identity."
        return Reply({"message": said}, 400)
    if fields.get("System.State", "Done") not in _STATES:
        return Reply({"message": "TF401320: Rule Error for field State."}, 400)
    return None


def _fields(request: Request) -> dict[str, Any]:
    assert request.headers["content-type"] == "application/json-patch+json"
    return {one["path"].removeprefix("/fields/"): one["value"] for one in request.body}


def _apply(issue: Issue, fields: dict[str, Any]) -> None:
    issue.title = fields.get("System.Title", issue.title)
    issue.priority = str(fields.get(_PRIORITY, issue.priority))
    issue.due = fields.get(_DUE, issue.due)[:10]
    if "System.State" in fields:
        is_done = _STATES[fields["System.State"]] in ("Completed", "Removed")
        issue.state = "closed" if is_done else "open"


def _world(tracker: Tracker) -> dict[str, Any]:
    def found(request: Request) -> Issue | None:
        return tracker.issues.get(int(request.path.get("id") or request.path["workItemId"]))

    def listed(request: Request) -> Any:
        assert request.query["errorPolicy"] == "omit"
        idents = request.query["ids"].split(",")
        assert len(idents) <= 200
        there = [None if tracker.is_hidden(int(one)) else tracker.issues.get(int(one))
                 for one in idents]  # fmt: skip
        value = [_record(issue) for issue in there if issue]
        return {"count": len(value), "value": value}

    def create(request: Request) -> Reply:
        assert request.path["type"] == "Task"
        fields = _fields(request)
        if refused := _refusal(fields):
            return refused
        issue = tracker.add(
            title="", body=html.unescape(fields["System.Description"].replace("</div>", "\n")),
            labels=fields["System.Tags"].split("; "),
            assignees=[fields["System.AssignedTo"]] if "System.AssignedTo" in fields else [],
        )  # fmt: skip
        issue.body = issue.body.replace("<div>", "")
        _apply(issue, fields)
        tracker.raw.append(fields["System.Description"])
        return Reply(_record(issue))

    def show(request: Request) -> Reply:
        issue = found(request)
        return Reply(_record(issue)) if issue else _GONE

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        fields = _fields(request)
        if refused := _refusal(fields):
            return refused
        _apply(issue, fields)
        return Reply(_record(issue))

    def query(request: Request) -> Any:
        part = r"\[System\.Tags\] CONTAINS '[^']*'"
        assert re.fullmatch(
            r"SELECT \[System\.Id\] FROM WorkItems WHERE \[System\.TeamProject\] = @project"
            rf"( AND \({part}( OR {part})*\))?",
            request.body["query"],
        )
        tags = re.findall(r"CONTAINS '([^']*)'", request.body["query"])
        with tracker.lock:
            hits = [
                i
                for i in tracker.shown()
                if not tags or any(t in x for x in i.labels for t in tags)
            ]
        hits = hits[: int(request.query["$top"])]
        return {"workItems": [{"id": issue.number, "url": "https://x"} for issue in hits]}

    def states(request: Request) -> Any:
        value = [{"name": name, "category": category} for name, category in _STATES.items()]
        return {"count": len(value), "value": value}

    def comments(request: Request) -> Any:
        issue = found(request)
        if issue is None:
            return _GONE
        start = int(request.query.get("continuationToken", 0))
        assert request.query["order"] == "asc"
        page = issue.comments[start : start + 20]
        told: dict[str, Any] = {"comments": [{"id": 1, "text": html.escape(x)} for x in page]}
        if start + 20 < len(issue.comments):
            told["continuationToken"] = str(start + 20)
        return told

    def comment(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        assert request.query["format"] == "html"
        text = request.body["text"]
        tracker.raw.append(text)
        plain = text.replace("</div>", "\n").replace("<div>", "")
        issue.comments.append(html.unescape(plain).strip())
        return Reply({"id": 1, "text": text})

    return {
        f"GET {_WIT}/workitems": listed, f"POST {_WIT}/workitems/${{type}}": create,
        f"GET {_ONE}": show, f"PATCH {_ONE}": change, f"POST {_WIT}/wiql": query,
        f"GET {_WIT}/workitemtypes/{{type}}/states": states,
        f"GET {_SAID}": comments, f"POST {_SAID}": comment,
    }  # fmt: skip


@contextmanager
def serve() -> Iterator[Tracker]:
    tracker = Tracker(ada=_KNOWN[0], urgent=("2", "1"), has_due=True,
                      creates=r"POST .*/workitems/\$Task$")  # fmt: skip
    with forge_api("azure_boards", _world(tracker)) as forge:
        tracker.forge = forge
        yield tracker


def sink(tracker: Tracker, routing: Routing = ROUTING, **changes: Any) -> AzureBoardsSink:
    base = tracker.server.url
    api = Api(base, {"Authorization": "Basic made-up"}, wait=tracker.waits.append)
    config = AzureBoardsConfig(organization="acme", project="AI work", url=base, **changes)
    return AzureBoardsSink(config, routing, api)
