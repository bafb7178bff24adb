"""GitLab issues (gitlab.com, and self-managed by ``url``).

https://docs.gitlab.com/api/issues/, https://docs.gitlab.com/api/notes/. A ticket is known by a
comment of HTML in its description, and found among the issues that bear our label. What a finding
says begins no line, so that it is never a quick action (``/close``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from scanner.emit.tickets import markdown
from scanner.emit.tickets.content import Routing, Ticket
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, There, Wrote, marks, mildest
from scanner.rulebook.policy import Severity

_REFERENCES = "@#!~$%&^"
_SEVERITY = "severity::"
"""A scoped label: where GitLab knows them, a second one takes the place of the first."""


class GitLabConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    project: str
    """``group/project``, with all groups above."""
    url: str = "https://gitlab.com"
    label: str = "shadow-ai"
    """Of all our issues; it must not be taken off."""
    confidential: bool = True
    """Whether only members of the project see them."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", self.project):
            raise ValueError("`project` is group/project")


class GitLabSink:
    two_way = True
    settles = timedelta(0)

    def __init__(self, config: GitLabConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._people = routing.people
        self._api = api
        self._issues = f"/api/v4/projects/{quote(config.project, safe='')}/issues"
        self._known: dict[str, dict[str, Any]] | None = None
        self._users: dict[str, int] = {}

    def _all(self) -> dict[str, dict[str, Any]]:
        """Key -> issue, of all that bear our label; listed once a run. Of several that bear one key
        the newest."""
        if self._known is None:
            self._known = {}
            for issue in self._api.numbered(
                self._issues, state="all", labels=self._config.label, scope="all",
                order_by="created_at", sort="asc",
            ):  # fmt: skip
                key = markdown.key_in(str(issue.get("description") or ""))
                if key:
                    self._known[key] = issue
        return self._known

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        listed = {str(issue["iid"]): issue for issue in self._all().values()}
        return {key: self._state(ident, listed.get(ident)) for key, ident in made.items()}

    def _state(self, ident: str, issue: dict[str, Any] | None) -> Remote:
        """What is not listed has lost our label or mark, or is gone: it is asked for itself. GitLab
        says the same of what was deleted and of what is confidential."""
        if issue is None:
            issue = self._api.call("GET", f"{self._issues}/{ident}", absent={})
            if not issue or "iid" not in issue:
                return Remote.MISSING
        return _state(issue)

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        there = self._all()
        return {key: _there(there[key]) for key in keys if key in there}

    def attempts(self, external_id: str) -> Sequence[str]:
        return marks(self._notes(external_id))

    def _notes(self, external_id: str) -> Iterator[str]:
        """As they were written, the oldest first."""
        path = f"{self._issues}/{external_id}/notes"
        found = self._api.numbered(path, order_by="created_at", sort="asc")
        return (str(note.get("body") or "") for note in found)

    def create(self, ticket: Ticket, formerly: str) -> Made:
        labels = [self._config.label, f"{_SEVERITY}{ticket.severity}", *ticket.labels]
        body: dict[str, Any] = {
            "title": ticket.title,
            "description": markdown.body(ticket, formerly, _REFERENCES),
            "labels": [label.replace(",", " ") for label in labels],
            "confidential": self._config.confidential,
        }
        if ticket.due:
            body["due_date"] = ticket.due
        if person := self._person(ticket.owner):
            body["assignee_ids"] = [person]
        return _made(self._api.call("POST", self._issues, body=body))

    def _person(self, owner: str) -> int:
        """The number of a user: by the name that is configured (or ``@ada``), else of the one whose
        address it is; 0: nobody. GitLab leaves out who cannot be assigned there."""
        name = self._people.get(owner, owner[1:] if owner.startswith("@") else "")
        if not name and "@" not in owner:
            return 0
        if owner not in self._users:
            asked = {"username": name} if name else {"search": owner}
            found = self._api.call("GET", "/api/v4/users", params=asked, absent=[])
            only = found[0] if isinstance(found, list) and len(found) == 1 else {}
            self._users[owner] = int(only.get("id", 0))
        return self._users[owner]

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        issue = self._api.get(f"{self._issues}/{external_id}")
        old = str(issue.get("description") or "")
        changes: dict[str, Any] = {"description": markdown.changed(old, ticket, _REFERENCES)}
        ours = {str(name) for name in issue.get("labels", ()) if str(name).startswith(_SEVERITY)}
        label = f"{_SEVERITY}{ticket.severity}"
        if ours != {label}:
            changes["add_labels"] = [label]
            if past := sorted(ours - {label}):
                changes["remove_labels"] = past
        if ticket.due and str(issue.get("due_date") or "") == before.due:
            changes["due_date"] = ticket.due
        if issue.get("title") == before.title:
            changes["title"] = ticket.title
        self._api.call("PUT", f"{self._issues}/{external_id}", body=changes)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self.comment(external_id, f"Closed by the shadow AI scanner: {reason}", attempt)
        self._api.call("PUT", f"{self._issues}/{external_id}", body={"state_event": "close"})

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._api.call("PUT", f"{self._issues}/{external_id}", body={"state_event": "reopen"})
        self.comment(external_id, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        path = f"{self._issues}/{external_id}/notes"
        mark = markdown.mark(attempt)
        if attempt and any(mark in said for said in self._notes(external_id)):
            return
        body = f"{markdown.plain(text, _REFERENCES)}\n\n{mark}"
        self._api.call("POST", path, body={"body": body})


def _state(issue: Mapping[str, Any]) -> Remote:
    return Remote.CLOSED if issue.get("state") == "closed" else Remote.OPEN


def _there(issue: Mapping[str, Any]) -> There:
    said = {one.value: f"{_SEVERITY}{one}" in issue.get("labels", ()) for one in Severity}
    return There(_made(issue), _state(issue), mildest(said, True))


def _made(issue: Any) -> Made:
    return Made(str(issue["iid"]), str(issue.get("web_url", "")))
