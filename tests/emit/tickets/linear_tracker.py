"""Linear on loopback: every query is checked against the published schema and carried out by it
(``tests/forge_rig/specs/linear.graphql``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import UUID

from graphql import GraphQLError, build_schema, graphql_sync

from scanner.emit.tickets.http import Api
from scanner.emit.tickets.linear import LinearConfig, LinearSink, rate_limited
from tests.emit.tickets.trackers import ROUTING, WHEN, Issue, Routing, Tracker
from tests.forge_rig.api import SPECS, Forge, Reply, send
from tests.forge_rig.loopback import serving

_SCHEMA = build_schema((SPECS / "linear.graphql").read_text(encoding="utf-8"))
_TEAM = "11111111-1111-4111-8111-111111111111"
_ADA = "22222222-2222-4222-8222-222222222222"
_STATES = {
    "s-done": ("Done", "completed", 3.0), "s-todo": ("Todo", "unstarted", 1.0),
    "s-back": ("Backlog", "backlog", 0.0), "s-cut": ("Cut", "canceled", 2.0),
}  # fmt: skip
_OPEN, _CLOSED = "s-todo", "s-done"


def _nodes(found: list[Any]) -> dict[str, Any]:
    return {"nodes": found, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}


def _is_new(ident: str, known: set[str]) -> None:
    if UUID(ident).version != 4:
        raise GraphQLError("id must be a UUID of version 4")
    if ident in known:
        raise GraphQLError("Entity already exists", extensions={"code": "INPUT_ERROR"})


@dataclass
class Root:
    """What the schema's own operations lead to."""

    tracker: Tracker
    idents: dict[str, int]
    said: set[str]
    of: dict[int, str] = field(default_factory=dict)
    """``idents`` the other way round."""

    def _record(self, issue: Issue) -> dict[str, Any]:
        ident = self.of[issue.number]
        name, kind, position = _STATES[_CLOSED if issue.state == "closed" else _OPEN]
        return {
            "id": ident, "identifier": f"SEC-{issue.number}", "title": issue.title,
            "description": issue.body, "priority": float(issue.priority or 0),
            "dueDate": issue.due or None, "createdAt": WHEN, "trashed": None,
            "url": f"https://linear.app/acme/issue/SEC-{issue.number}",
            "state": {"id": "x", "name": name, "type": kind, "position": position},
        }  # fmt: skip

    def issues(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        assert args["includeArchived"]
        with self.tracker.lock:
            there = self.tracker.shown()
        if "id" in filter:
            wanted = {self.idents.get(ident) for ident in filter["id"]["in"]}
            found = [issue for issue in there if issue.number in wanted]
            assert len(filter["id"]["in"]) <= args["first"]
            past = [] if self.tracker.hidden else sorted(self.of.keys() - self.tracker.issues)
            trash = [Issue(number, "", "", []) for number in past if number in wanted]
            return _nodes([*map(self._record, found), *(
                {**self._record(one), "trashed": True} for one in trash
            )])  # fmt: skip
        there = there if filter["team"] == {"key": {"eq": "SEC"}} else []
        marks = [one["description"]["contains"] for one in filter["or"]]
        found = [issue for issue in reversed(there) if any(m in issue.body for m in marks)]
        return _nodes([self._record(issue) for issue in found][: args["first"]])

    def teams(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        key = filter["key"]["eq"]
        return _nodes(
            [{"id": _TEAM, "key": key, "name": "x"}]
            if key == "SEC" and not self.tracker.hidden
            else []
        )

    def workflowStates(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        assert filter == {"team": {"id": {"eq": _TEAM}}}
        return _nodes([{"id": ident, "name": name, "type": kind, "position": position}
                       for ident, (name, kind, position) in _STATES.items()])  # fmt: skip

    def users(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        is_ada = filter["email"]["eq"] == "ada@example.com"
        user = {"id": _ADA, "name": "Ada", "email": "ada@example.com", "active": True}
        return _nodes([user] if is_ada else [])

    def issueLabels(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        names = [name for name in filter["name"]["in"] if name == "ai"]
        return _nodes([{"id": f"label-{name}", "name": name} for name in names])

    def comments(self, info: Any, filter: dict[str, Any], **args: Any) -> dict[str, Any]:
        if "issue" in filter:
            said = self._issue(filter["issue"]["id"]["eq"]).comments
            told = [{"id": str(at), "body": text, "createdAt": f"2026-01-01T00:{at:02}:00.000Z"}
                    for at, text in enumerate(said)]  # fmt: skip
            return _nodes(told[::-1])
        ident = filter["id"]["eq"]
        return _nodes([{"id": ident, "body": "", "createdAt": WHEN}] if ident in self.said else [])

    def issueCreate(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        _is_new(input["id"], set(self.idents))
        assert input["teamId"] == _TEAM
        issue = self.tracker.add(
            title=input["title"], body=input["description"], labels=input.get("labelIds", []),
            due=input.get("dueDate", ""), priority=str(input["priority"]),
            assignees=[input["assigneeId"]] if "assigneeId" in input else [],
        )  # fmt: skip
        self.idents[input["id"]], self.of[issue.number] = issue.number, input["id"]
        return {"success": True, "lastSyncId": 1, "issue": self._record(issue)}

    def _issue(self, ident: str) -> Issue:
        issue = self.tracker.issues.get(self.idents.get(ident, 0))
        if issue is None:
            raise GraphQLError("Entity not found: Issue", extensions={"code": "INPUT_ERROR"})
        return issue

    def issueUpdate(self, info: Any, id: str, input: dict[str, Any]) -> dict[str, Any]:
        issue = self._issue(id)
        issue.title = input.get("title", issue.title)
        issue.due = input.get("dueDate", issue.due)
        issue.priority = str(input.get("priority", issue.priority))
        if "stateId" in input:
            kind = _STATES[input["stateId"]][1]
            issue.state = "closed" if kind in ("completed", "canceled") else "open"
        return {"success": True, "lastSyncId": 1}

    def commentCreate(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        issue = self._issue(input["issueId"])
        _is_new(input["id"], self.said)
        self.said.add(input["id"])
        issue.comments.append(input["body"])
        return {"success": True, "lastSyncId": 1}


@contextmanager
def serve() -> Iterator[Tracker]:
    tracker = Tracker(ada=_ADA, urgent=("2", "1"), has_due=True, tells_gone=True,
                      creates="POST /graphql issueCreate$")  # fmt: skip
    forge = Forge({})
    root = Root(tracker, {}, set())

    def handle(client: BaseHTTPRequestHandler) -> None:
        asked = json.loads(client.rfile.read(int(client.headers["Content-Length"])))
        said = f"{client.command} {client.path} {asked['operationName']}"
        with forge.lock:
            forge.calls.append(said)
            fault = next((one for one in forge.faults if one.strikes(said)), None)
        if fault is not None and fault.kind == "close":
            client.close_connection = True
            return
        if fault is not None and fault.kind == "refuse":
            send(forge, client, fault.reply, is_cut=False, etags=False)
            return
        with tracker.lock:
            done = graphql_sync(_SCHEMA, asked["query"], root_value=root,
                                variable_values=asked["variables"],
                                operation_name=asked["operationName"])  # fmt: skip
        for error in done.errors or ():
            if error.original_error is not None and not isinstance(
                error.original_error, GraphQLError
            ):
                forge.wrong.append(f"{said}: {error.original_error!r}")
            elif "Entity" not in error.message:
                forge.wrong.append(f"{said}: {error}")
        reply = Reply(dict(done.formatted), 400 if done.data is None and done.errors else 200)
        if fault is not None and fault.kind == "answer":
            reply = fault.reply
        is_cut = fault is not None and fault.kind == "cut"
        send(forge, client, reply, is_cut=is_cut, etags=False)

    with serving(handle) as url:
        forge.url = url
        tracker.forge = forge
        yield tracker
    assert not forge.wrong, "\n".join(forge.wrong[:20])


def sink(tracker: Tracker, routing: Routing = ROUTING, **changes: Any) -> LinearSink:
    api = Api(tracker.server.url, {"Authorization": "made-up"}, wait=tracker.waits.append,
              is_later=rate_limited)  # fmt: skip
    config = LinearConfig(**{"team": "SEC", "url": tracker.server.url, **changes})
    return LinearSink(config, routing, api)
