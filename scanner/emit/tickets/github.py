"""GitHub Issues (github.com, and Enterprise Server by ``url``).

https://docs.github.com/en/rest/issues/issues, https://docs.github.com/en/rest/issues/comments. A
ticket is known by a comment of HTML in its body, and found among the issues that bear our label:
GitHub's search knows new issues too late.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from scanner.emit.tickets import markdown
from scanner.emit.tickets.content import Routing, Ticket
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, Refused, There, Wrote, marks, mildest
from scanner.rulebook.policy import Severity

_REFERENCES = "@#"
_SEVERITY = "severity: "


class GitHubConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    repository: str
    """``owner/name``."""
    url: str = "https://api.github.com"
    label: str = "shadow-ai"
    """Of all our issues; it must not be taken off."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repository):
            raise ValueError("`repository` is owner/name")


class GitHubSink:
    two_way = True
    settles = timedelta(0)

    def __init__(self, config: GitHubConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._people = routing.people
        self._api = api
        self._issues = f"/repos/{config.repository}/issues"
        self._known: dict[str, dict[str, Any]] | None = None

    def _all(self) -> dict[str, dict[str, Any]]:
        """Key -> issue, of all that bear our label; listed once a run. Of several that bear one key
        the newest."""
        if self._known is None:
            self._known = {}
            for issue in self._api.numbered(
                self._issues, state="all", labels=self._config.label, sort="created",
                direction="asc",
            ):  # fmt: skip
                key = markdown.key_in(str(issue.get("body") or ""))
                if key and "pull_request" not in issue:
                    self._known[key] = issue
        return self._known

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        listed = {str(issue["number"]): issue for issue in self._all().values()}
        return {key: self._state(ident, listed.get(ident)) for key, ident in made.items()}

    def _state(self, ident: str, issue: dict[str, Any] | None) -> Remote:
        """What is not listed has lost our label or mark, or is gone: it is asked for itself."""
        if issue is None:
            try:
                issue = self._api.call(
                    "GET", f"{self._issues}/{ident}", absent={}, gone={"state": "deleted"}
                )
            except Refused:
                return Remote.UNKNOWN  # it was moved to another repository; the rest goes on
            if issue == {"state": "deleted"}:  # a 410 says so to those who may read the place
                return Remote.GONE
            if not issue or "number" not in issue:
                return Remote.MISSING
        return _state(issue)

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        there = self._all()
        return {key: _there(there[key]) for key in keys if key in there}

    def attempts(self, external_id: str) -> Sequence[str]:
        return marks(self._comments(external_id))

    def _comments(self, external_id: str) -> Iterator[str]:
        """As they were written, the oldest first."""
        found = self._api.numbered(f"{self._issues}/{external_id}/comments")
        return (str(one.get("body") or "") for one in found)

    def create(self, ticket: Ticket, formerly: str) -> Made:
        body: dict[str, Any] = {
            "title": ticket.title,
            "body": markdown.body(ticket, formerly, _REFERENCES),
            "labels": [self._config.label, f"{_SEVERITY}{ticket.severity}", *ticket.labels],
        }
        person = self._person(ticket.owner)
        if person:
            body["assignees"] = [person]
        try:
            return _made(self._api.call("POST", self._issues, body=body))
        except Refused:
            if not person:
                raise
            del body["assignees"]  # who cannot be assigned there does not keep the ticket from it
            return _made(self._api.call("POST", self._issues, body=body))

    def _person(self, owner: str) -> str:
        """A login: as configured, or the owner itself where it is one (``@ada``)."""
        return self._people.get(owner, owner[1:] if owner.startswith("@") else "")

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        issue = self._api.get(f"{self._issues}/{external_id}")
        body = markdown.changed(str(issue.get("body") or ""), ticket, _REFERENCES)
        changes: dict[str, Any] = {"body": body}
        if issue.get("title") == before.title:
            changes["title"] = ticket.title
        names = {str(label.get("name", "")) for label in issue.get("labels", ())}
        ours = {name for name in names if name.startswith(_SEVERITY)}
        if ours != {f"{_SEVERITY}{ticket.severity}"}:
            kept = sorted(names - ours)
            changes["labels"] = [*kept, f"{_SEVERITY}{ticket.severity}"]
        self._api.call("PATCH", f"{self._issues}/{external_id}", body=changes)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self.comment(external_id, f"Closed by the shadow AI scanner: {reason}", attempt)
        changes = {"state": "closed", "state_reason": "completed"}
        self._api.call("PATCH", f"{self._issues}/{external_id}", body=changes)

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._api.call("PATCH", f"{self._issues}/{external_id}", body={"state": "open"})
        self.comment(external_id, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        path = f"{self._issues}/{external_id}/comments"
        mark = markdown.mark(attempt)
        if attempt and any(mark in said for said in self._comments(external_id)):
            return
        self._api.call(
            "POST", path, body={"body": f"{markdown.plain(text, _REFERENCES)}\n\n{mark}"}
        )


def _state(issue: Mapping[str, Any]) -> Remote:
    return Remote.CLOSED if issue.get("state") == "closed" else Remote.OPEN


def _there(issue: Mapping[str, Any]) -> There:
    names = {str(label.get("name", "")) for label in issue.get("labels", ())}
    said = {one.value: f"{_SEVERITY}{one}" in names for one in Severity}
    return There(_made(issue), _state(issue), mildest(said, True))


def _made(issue: Any) -> Made:
    return Made(str(issue["number"]), str(issue.get("html_url", "")))
