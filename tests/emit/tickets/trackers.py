"""What a tracker on loopback holds, and GitHub Issues as one: what is sent is checked against the
vendors' own descriptions (``tests/forge_rig/specs``), and so is what they answer. The others are in
files of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.github import GitHubConfig, GitHubSink
from scanner.emit.tickets.http import Api
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
    creates: str = "POST .*issues?$"
    """What a call that makes a ticket looks like."""
    ada: str = ""
    """What it calls ada@example.com, who has an account; empty: people must be told to it."""
    urgent: tuple[str, str] = ("", "")
    """What it makes of "high" and "critical"; empty: it has no priorities."""
    has_due: bool = False
    hidden: bool = False
    """The account may not see the place any more: each tracker says so in its own way."""
    unseen: set[int] = field(default_factory=set)
    """Issues that the account may not see: to it they are as if they were not there."""
    tells_gone: bool = False
    """It says of what was deleted that it was."""
    raw: list[str] = field(default_factory=list)
    """Texts as they were sent, where ``body`` and ``comments`` hold what people see of them."""

    def add(self, **fields: Any) -> Issue:
        with self.lock:
            issue = Issue(len(self.issues) + 1, **fields)
            self.issues[issue.number] = issue
            return issue

    def is_hidden(self, number: int) -> bool:
        return self.hidden or number in self.unseen

    def shown(self) -> list[Issue]:
        return [one for number, one in self.issues.items() if not self.is_hidden(number)]

    @property
    def server(self) -> Forge:
        assert self.forge is not None
        return self.forge


class Drawn(Sequence[Any]):
    """Records that are made when a page shows them: of ten thousand a page has a hundred."""

    def __init__(self, issues: list[Issue], make: Callable[[Issue], Any]) -> None:
        self._issues, self._make = issues, make

    def __len__(self) -> int:
        return len(self._issues)

    def __getitem__(self, which: Any) -> Any:
        found = self._issues[which]
        return [self._make(one) for one in found] if isinstance(found, list) else self._make(found)


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

    def listed(request: Request) -> Any:
        if tracker.hidden:
            return Reply({"message": "Not Found"}, 404)
        with tracker.lock:
            wanted = request.query["labels"]
            there = [i for i in tracker.shown() if wanted in i.labels]
            return Paged(Drawn(there, _github_record))

    def create(request: Request) -> Reply:
        body = request.body
        unknown = [name for name in body.get("assignees", ()) if name == "nobody-here"]
        if unknown:
            return Reply({"message": "Validation Failed"}, 422)
        issue = tracker.add(title=body["title"], body=body["body"], labels=list(body["labels"]),
                            assignees=list(body.get("assignees", ())))  # fmt: skip
        return Reply(_github_record(issue), 201)

    def show(request: Request) -> Reply:
        if tracker.is_hidden(int(request.path["issue_number"])):
            return Reply({"message": "Not Found"}, 404)
        issue = found(request)
        gone = Reply({"message": "This issue was deleted"}, 410)
        return Reply(_github_record(issue)) if issue else gone

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
    tracker = Tracker(tells_gone=True)
    with forge_api("github_issues", _github_world(tracker)) as forge:
        tracker.forge = forge
        yield tracker


def github_sink(tracker: Tracker, routing: Routing = ROUTING, url: str = "") -> GitHubSink:
    base = url or tracker.server.url
    api = Api(base, {"Authorization": "Bearer made-up"}, wait=tracker.waits.append)
    return GitHubSink(GitHubConfig(repository="acme/ai", url=base), routing, api)
