"""GitLab issues on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scanner.emit.tickets.gitlab import GitLabConfig, GitLabSink
from scanner.emit.tickets.http import Api
from tests.emit.tickets.trackers import ROUTING, Drawn, Issue, Routing, Tracker
from tests.forge_rig.api import Paged, Reply, Request, forge_api

_USERS = {"ada@example.com": {"id": 7, "username": "ada"}}
_ISSUES = "/api/v4/projects/{id}/issues"
_ONE = f"{_ISSUES}/{{issue_iid}}"
_GONE = Reply({"message": "404 Not found"}, 404)


def _record(issue: Issue) -> dict[str, Any]:
    return {
        "id": 9000 + issue.number, "iid": issue.number, "title": issue.title,
        "description": issue.body, "labels": issue.labels, "due_date": issue.due or None,
        "state": "closed" if issue.state == "closed" else "opened",
        "web_url": f"https://gitlab.com/acme/ai/-/issues/{issue.number}",
    }  # fmt: skip


def _world(tracker: Tracker) -> dict[str, Any]:
    def found(request: Request) -> Issue | None:
        assert request.path["id"] == "acme/sub/ai"
        number = int(request.path["issue_iid"])
        return None if tracker.is_hidden(number) else tracker.issues.get(number)

    def listed(request: Request) -> Paged:
        assert request.query["scope"] == "all"
        with tracker.lock:
            wanted = request.query["labels"]
            # Confidential ones are not shown to guests.
            return Paged(Drawn([one for one in tracker.shown() if wanted in one.labels], _record))

    def create(request: Request) -> Reply:
        body = request.body
        known = {user["id"]: user["username"] for user in _USERS.values()}
        issue = tracker.add(
            title=body["title"], body=body["description"], labels=list(body["labels"]),
            due=body.get("due_date", ""),
            assignees=[known[ident] for ident in body.get("assignee_ids", ()) if ident in known],
        )  # fmt: skip
        return Reply(_record(issue), 201)

    def show(request: Request) -> Reply:
        issue = found(request)
        return Reply(_record(issue)) if issue else _GONE

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        body = request.body
        issue.title = body.get("title", issue.title)
        issue.body = body.get("description", issue.body)
        issue.due = body.get("due_date", issue.due)
        kept = [name for name in issue.labels if name not in body.get("remove_labels", ())]
        issue.labels = kept + [name for name in body.get("add_labels", ()) if name not in kept]
        moves = {"close": "closed", "reopen": "open", "": issue.state}
        issue.state = moves[body.get("state_event", "")]
        return Reply(_record(issue))

    def notes(request: Request) -> Any:
        issue = found(request)
        if issue is None:
            return _GONE
        told = [{"id": n, "body": text} for n, text in enumerate(issue.comments)]
        return Paged(told if request.query.get("sort") == "asc" else told[::-1])

    def note(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _GONE
        issue.comments.append(request.body["body"])
        return Reply({"id": 1, "body": request.body["body"]}, 201)

    def users(request: Request) -> Paged:
        name, address = request.query.get("username"), request.query.get("search")
        return Paged([user for mail, user in _USERS.items()
                      if address == mail or name == user["username"]])  # fmt: skip

    return {
        f"GET {_ISSUES}": listed, f"POST {_ISSUES}": create, f"GET {_ONE}": show,
        f"PUT {_ONE}": change, f"GET {_ONE}/notes": notes, f"POST {_ONE}/notes": note,
        "GET /api/v4/users": users,
    }  # fmt: skip


@contextmanager
def serve() -> Iterator[Tracker]:
    tracker = Tracker(ada="ada", has_due=True)
    with forge_api("gitlab_issues", _world(tracker)) as forge:
        tracker.forge = forge
        yield tracker


def sink(tracker: Tracker, routing: Routing = ROUTING) -> GitLabSink:
    api = Api(tracker.server.url, {"PRIVATE-TOKEN": "made-up"}, wait=tracker.waits.append)
    config = GitLabConfig(project="acme/sub/ai", url=tracker.server.url)
    return GitLabSink(config, routing, api)
