"""Jira on loopback, Cloud (API 3) and Data Center (API 2), each by its published description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scanner.emit.tickets.http import Api
from scanner.emit.tickets.jira import JiraConfig, JiraSink
from tests.emit.tickets.trackers import ROUTING, Issue, Routing, Tracker
from tests.forge_rig.api import Reply, Request, forge_api

_STATUS = {
    "open": {"name": "To Do", "statusCategory": {"key": "new"}},
    "closed": {"name": "Done", "statusCategory": {"key": "done"}},
}
_USERS = {"ada@example.com": "account-ada"}


def _record(issue: Issue) -> dict[str, Any]:
    return {
        "id": str(10_000 + issue.number),
        "key": f"SEC-{issue.number}",
        "fields": {
            "status": _STATUS[issue.state],
            "labels": issue.labels,
            "summary": issue.title,
            "duedate": issue.due or None,
            "priority": {"name": issue.priority} if issue.priority else None,
        },
    }


def _adf(doc: Any) -> str:
    """Of Atlassian's document format."""
    return "\n".join(inner["text"] for part in doc["content"] for inner in part["content"])


def _doc(text: str) -> dict[str, Any]:
    line = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [line]}


def _gone() -> Reply:
    return Reply({"errorMessages": ["Issue does not exist"], "errors": {}}, 404)


def _hits(tracker: Tracker, jql: str) -> list[Issue] | None:
    """None: it names an issue that is not there, which Jira's search refuses."""
    assert "project = SEC" in jql
    labels = re.findall(r'labels = "([^"]+)"', jql)
    marks = set(re.findall(r'"([^"]+)"', jql.partition("labels in")[2]))
    keys = re.findall(r"SEC-\d+", jql.partition("key in")[2])
    with tracker.lock:
        known = [i for i in tracker.issues.values() if i.number not in tracker.unseen]
    if not {int(key.removeprefix("SEC-")) for key in keys} <= {i.number for i in known}:
        return None  # or one that may not be seen, which is the same to it
    shown = known[: len(known) - tracker.unsearchable] if tracker.unsearchable else known
    return [i for i in shown if set(labels) <= set(i.labels)
            and (not keys or f"SEC-{i.number}" in keys)
            and (not marks or marks & set(i.labels))]  # fmt: skip


def _no_such_key(tracker: Tracker, jql: str) -> Reply:
    """Jira names the keys that it does not show."""
    seen = {f"SEC-{issue.number}" for issue in tracker.shown()}
    told = [f"An issue with key '{key}' does not exist for field 'key'."
            for key in re.findall(r"SEC-\d+", jql) if key not in seen]  # fmt: skip
    return Reply({"errorMessages": told}, 400)


_NO_PROJECT = Reply(
    {"errorMessages": ["The value 'SEC' does not exist for the field 'project'."]}, 400
)


def _world(tracker: Tracker, root: str, *, is_cloud: bool) -> dict[str, Any]:
    text = _adf if is_cloud else str
    who = "accountId" if is_cloud else "name"

    def found(request: Request) -> Issue | None:
        number = int(request.path["issueIdOrKey"].removeprefix("SEC-"))
        return None if number in tracker.unseen else tracker.issues.get(number)

    def by_token(request: Request) -> Any:
        if tracker.hidden:
            return _NO_PROJECT
        hits = _hits(tracker, request.body["jql"])
        if hits is None:
            return _no_such_key(tracker, request.body["jql"])
        start = int(request.body.get("nextPageToken") or 0)
        size = min(int(request.body.get("maxResults", 50)), 50)
        page: dict[str, Any] = {"issues": [_record(i) for i in hits[start : start + size]]}
        if start + size < len(hits):
            page["nextPageToken"] = str(start + size)
        return page

    def by_offset(request: Request) -> Any:
        if tracker.hidden and request.body.get("validateQuery", True):
            return _NO_PROJECT
        if tracker.hidden:
            return {"issues": [], "startAt": 0, "maxResults": 30, "total": 0}
        hits = _hits(tracker, request.body["jql"])
        if hits is None and request.body.get("validateQuery", True):
            return _no_such_key(tracker, request.body["jql"])
        seen = {issue.number for issue in tracker.shown()}
        keys = re.sub(r"SEC-\d+", lambda m: m[0] if int(m[0][4:]) in seen else "",
                      request.body["jql"])  # fmt: skip
        there = hits if hits is not None else (_hits(tracker, keys) or [])
        start = int(request.body.get("startAt", 0))
        size = min(int(request.body.get("maxResults", 50)), 30)
        page = [_record(i) for i in there[start : start + size]]
        return {"issues": page, "startAt": start, "maxResults": size, "total": len(there)}

    def create(request: Request) -> Reply:
        fields = request.body["fields"]
        if fields.get("priority", {}).get("name") == "Unheard":
            said = {"priority": "The priority selected is invalid."}
            return Reply({"errorMessages": [], "errors": said}, 400)
        assert fields["project"] == {"key": "SEC"}
        assert not any(" " in label for label in fields["labels"])
        issue = tracker.add(
            title=fields["summary"], body=text(fields["description"]),
            labels=list(fields["labels"]), due=fields.get("duedate", ""),
            priority=fields.get("priority", {}).get("name", ""),
            assignees=[fields["assignee"][who]] if "assignee" in fields else [],
        )  # fmt: skip
        record = _record(issue)
        return Reply({"id": record["id"], "key": record["key"], "self": "https://x"}, 201)

    def show(request: Request) -> Reply:
        issue = None if tracker.hidden else found(request)
        return Reply(_record(issue)) if issue else _gone()

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        fields = request.body["fields"]
        issue.title = fields.get("summary", issue.title)
        issue.priority = fields.get("priority", {}).get("name", issue.priority)
        issue.due = fields.get("duedate", issue.due)
        return Reply(None, 204)

    def ways(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        to = "closed" if issue.state == "open" else "open"
        return Reply({"transitions": [
            {"id": "11", "name": "Park", "to": {"name": "Parked", "statusCategory": {"key": "x"}}},
            {"id": to, "name": to.title(), "to": _STATUS[to]},
        ]})  # fmt: skip

    def move(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        issue.state = request.body["transition"]["id"]
        return Reply(None, 204)

    def comments(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        start = int(request.query.get("startAt", 0))
        page = issue.comments[start : start + 20]
        told = [{"body": _doc(one) if is_cloud else one} for one in page]
        total = len(issue.comments)
        return Reply({"startAt": start, "maxResults": 20, "total": total, "comments": told})

    def comment(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        issue.comments.append(text(request.body["body"]))
        return Reply({"id": "1"}, 201)

    def project(request: Request) -> Reply:
        assert request.path["projectIdOrKey"] == "SEC"
        if tracker.hidden:
            return Reply({"errorMessages": ["No project could be found with key 'SEC'."]}, 404)
        return Reply({"id": "10000", "key": "SEC", "name": "Security"})

    def users(request: Request) -> Reply:
        ident = _USERS.get(request.query["query" if is_cloud else "username"])
        return Reply([{who: ident}] if ident else [])

    one = f"{root}/issue/{{issueIdOrKey}}"
    search = {"POST /rest/api/3/search/jql": by_token} if is_cloud else {
        "POST /api/2/search": by_offset}  # fmt: skip
    return {
        **search, f"POST {root}/issue": create, f"GET {one}": show, f"PUT {one}": change,
        f"GET {one}/transitions": ways, f"POST {one}/transitions": move,
        f"GET {one}/comment": comments, f"POST {one}/comment": comment,
        f"GET {root}/user/search": users, f"GET {root}/project/{{projectIdOrKey}}": project,
    }  # fmt: skip


@contextmanager
def cloud() -> Iterator[Tracker]:
    tracker = Tracker(ada="account-ada", urgent=("High", "Highest"), has_due=True)
    world = _world(tracker, "/rest/api/3", is_cloud=True)
    with forge_api("jira", world) as forge:
        tracker.forge = forge
        yield tracker


@contextmanager
def data_center() -> Iterator[Tracker]:
    tracker = Tracker(ada="account-ada", urgent=("High", "Highest"), has_due=True)
    world = _world(tracker, "/api/2", is_cloud=False)
    with forge_api("jira_data_center", world) as forge:
        tracker.forge = forge
        yield tracker


def cloud_sink(
    tracker: Tracker, routing: Routing = ROUTING, url: str = "", **changes: Any
) -> JiraSink:
    base = (url or tracker.server.url).removesuffix("/rest")
    api = Api(base, {"Authorization": "Bearer made-up"}, wait=tracker.waits.append)
    return JiraSink(JiraConfig(url=base, project="SEC", **changes), routing, api)


def data_center_sink(tracker: Tracker, routing: Routing = ROUTING, **changes: Any) -> JiraSink:
    return cloud_sink(tracker, routing, flavour="data_center", **changes)
