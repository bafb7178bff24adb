"""GitHub Issues and Jira on loopback, with a memory: what is sent is checked against the vendors'
own descriptions (``tests/forge_rig/specs``), and so is what they answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.github import GitHubConfig, GitHubSink
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.jira import JiraConfig, JiraSink
from tests.forge_rig.api import Forge, Paged, Reply, Request, forge_api, spec
from tests.forge_rig.fill import filled_as

ROUTING = Routing()
WHEN = "2026-01-01T00:00:00Z"
_GITHUB = spec("github_issues")
_ISSUE = "/repos/{owner}/{repo}/issues"
_ONE = f"{_ISSUE}/{{issue_number}}"


@dataclass
class Issue:
    number: int
    title: str
    body: str
    labels: list[str]
    state: str = "open"
    comments: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    priority: str = ""
    due: str = ""


@dataclass
class Tracker:
    """``by_mark``: what a test asks: the issues that bear a key."""

    issues: dict[int, Issue] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    forge: Forge | None = None
    unsearchable: int = 0
    """The newest so many issues are not shown by search yet."""

    def add(self, **fields: Any) -> Issue:
        with self.lock:
            issue = Issue(len(self.issues) + 1, **fields)
            self.issues[issue.number] = issue
            return issue

    @property
    def server(self) -> Forge:
        assert self.forge is not None
        return self.forge


# --- GitHub --------------------------------------------------------------------------------------


def _github_record(issue: Issue) -> dict[str, Any]:
    user = filled_as(_GITHUB, "simple-user", login="made-up")
    return filled_as(
        _GITHUB, "issue", number=issue.number, title=issue.title, body=issue.body,
        state=issue.state, user=user, html_url=f"https://github.com/acme/ai/issues/{issue.number}",
        labels=[{"name": name} for name in issue.labels], assignee=None, created_at=WHEN,
        updated_at=WHEN, closed_at=None, milestone=None, author_association="NONE",
    )  # fmt: skip


def _github_world(tracker: Tracker) -> dict[str, Any]:
    def found(request: Request) -> Issue | None:
        return tracker.issues.get(int(request.path["issue_number"]))

    def listed(request: Request) -> Paged:
        with tracker.lock:
            wanted = request.query["labels"]
            return Paged([_github_record(i) for i in list(tracker.issues.values())
                          if wanted in i.labels])  # fmt: skip

    def create(request: Request) -> Reply:
        body = request.body
        unknown = [name for name in body.get("assignees", ()) if name == "nobody-here"]
        if unknown:
            return Reply({"message": "Validation Failed"}, 422)
        issue = tracker.add(title=body["title"], body=body["body"], labels=list(body["labels"]),
                            assignees=list(body.get("assignees", ())))  # fmt: skip
        return Reply(_github_record(issue), 201)

    def show(request: Request) -> Reply:
        issue = found(request)
        return Reply(_github_record(issue)) if issue else Reply({"message": "Not Found"}, 404)

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return Reply({"message": "Not Found"}, 404)
        for name in ("title", "body", "state"):
            if name in request.body:
                setattr(issue, name, request.body[name])
        if "labels" in request.body:
            issue.labels = list(request.body["labels"])
        return Reply(_github_record(issue))

    def comments(request: Request) -> Paged:
        issue = found(request)
        return Paged([_github_comment(text) for text in (issue.comments if issue else ())])

    def comment(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return Reply({"message": "Not Found"}, 404)
        issue.comments.append(request.body["body"])
        return Reply(_github_comment(request.body["body"]), 201)

    return {
        f"GET {_ISSUE}": listed, f"POST {_ISSUE}": create, f"GET {_ONE}": show,
        f"PATCH {_ONE}": change, f"GET {_ONE}/comments": comments, f"POST {_ONE}/comments": comment,
    }  # fmt: skip


def _github_comment(text: str) -> dict[str, Any]:
    user = filled_as(_GITHUB, "simple-user", login="made-up")
    return filled_as(_GITHUB, "issue-comment", body=text, user=user, created_at=WHEN,
                     updated_at=WHEN, author_association="NONE")  # fmt: skip


@contextmanager
def github() -> Iterator[Tracker]:
    tracker = Tracker()
    with forge_api("github_issues", _github_world(tracker)) as forge:
        tracker.forge = forge
        yield tracker


def github_sink(tracker: Tracker, routing: Routing = ROUTING, url: str = "") -> GitHubSink:
    base = url or tracker.server.url
    api = Api(base, {"Authorization": "Bearer made-up"}, wait=tracker.waits.append)
    return GitHubSink(GitHubConfig(repository="acme/ai", url=base), routing, api)


# --- Jira ----------------------------------------------------------------------------------------

_STATUS = {
    "open": {"name": "To Do", "statusCategory": {"key": "new"}},
    "closed": {"name": "Done", "statusCategory": {"key": "done"}},
}
_USERS = {"ada@example.com": "account-ada"}


def _text(doc: Any) -> str:
    """Of Atlassian's document format."""
    return "\n".join(inner["text"] for part in doc["content"] for inner in part["content"])


def _jira_record(issue: Issue) -> dict[str, Any]:
    return {
        "id": str(10_000 + issue.number),
        "key": f"SEC-{issue.number}",
        "fields": {"status": _STATUS[issue.state], "labels": issue.labels},
    }


def _jira_world(tracker: Tracker) -> dict[str, Any]:
    def found(request: Request) -> Issue | None:
        return tracker.issues.get(int(request.path["issueIdOrKey"].removeprefix("SEC-")))

    def search(request: Request) -> Any:
        jql = request.body["jql"]
        assert "project = SEC" in jql
        labels = re.findall(r'labels = "([^"]+)"', jql)
        keys = re.findall(r"SEC-\d+", jql.partition("key in")[2])
        with tracker.lock:
            known = list(tracker.issues.values())
        shown = known[: len(known) - tracker.unsearchable] if tracker.unsearchable else known
        hits = [i for i in shown if set(labels) <= set(i.labels)
                and (not keys or f"SEC-{i.number}" in keys)]  # fmt: skip
        start = int(request.body.get("nextPageToken") or 0)
        size = min(int(request.body.get("maxResults", 50)), 50)
        page = {"issues": [_jira_record(i) for i in hits[start : start + size]]}
        if start + size < len(hits):
            page["nextPageToken"] = str(start + size)  # type: ignore[assignment]
        return page

    def create(request: Request) -> Reply:
        fields = request.body["fields"]
        if fields.get("priority", {}).get("name") == "Unheard":
            said = {"priority": "The priority selected is invalid."}
            return Reply({"errorMessages": [], "errors": said}, 400)
        assert fields["project"] == {"key": "SEC"}
        assert not any(" " in label for label in fields["labels"])
        issue = tracker.add(
            title=fields["summary"], body=_text(fields["description"]),
            labels=list(fields["labels"]), due=fields.get("duedate", ""),
            priority=fields.get("priority", {}).get("name", ""),
            assignees=[fields["assignee"]["accountId"]] if "assignee" in fields else [],
        )  # fmt: skip
        record = _jira_record(issue)
        return Reply({"id": record["id"], "key": record["key"], "self": "https://x"}, 201)

    def show(request: Request) -> Reply:
        issue = found(request)
        return Reply(_jira_record(issue)) if issue else _gone()

    def change(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        fields = request.body["fields"]
        issue.title = fields.get("summary", issue.title)
        issue.priority = fields.get("priority", {}).get("name", issue.priority)
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
        return Reply({"startAt": start, "maxResults": 20, "total": len(issue.comments),
                      "comments": [{"body": _doc(text)} for text in page]})  # fmt: skip

    def comment(request: Request) -> Reply:
        issue = found(request)
        if issue is None:
            return _gone()
        issue.comments.append(_text(request.body["body"]))
        return Reply({"id": "1"}, 201)

    def users(request: Request) -> Reply:
        ident = _USERS.get(request.query["query"])
        return Reply([{"accountId": ident}] if ident else [])

    one = "/rest/api/3/issue/{issueIdOrKey}"
    return {
        "POST /rest/api/3/search/jql": search, "POST /rest/api/3/issue": create,
        f"GET {one}": show, f"PUT {one}": change, f"GET {one}/transitions": ways,
        f"POST {one}/transitions": move, f"GET {one}/comment": comments,
        f"POST {one}/comment": comment, "GET /rest/api/3/user/search": users,
    }  # fmt: skip


def _doc(text: str) -> dict[str, Any]:
    line = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [line]}


def _gone() -> Reply:
    return Reply({"errorMessages": ["Issue does not exist"], "errors": {}}, 404)


@contextmanager
def jira() -> Iterator[Tracker]:
    tracker = Tracker()
    with forge_api("jira", _jira_world(tracker)) as forge:
        tracker.forge = forge
        yield tracker


def jira_sink(
    tracker: Tracker, routing: Routing = ROUTING, url: str = "", **changes: Any
) -> JiraSink:
    base = url or tracker.server.url
    api = Api(base, {"Authorization": "Bearer made-up"}, wait=tracker.waits.append)
    return JiraSink(JiraConfig(url=base, project="SEC", **changes), routing, api)
