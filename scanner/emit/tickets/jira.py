"""Jira: Cloud (API 3) and Data Center (API 2).

https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and
https://developer.atlassian.com/server/jira/platform/rest/. A ticket is known by a label made of its
key. Search is behind what was written (eventual consistency), so the ledger is believed first; of
tickets that it does not name, search is asked. Transitions differ by workflow: by default the first
that leads to a status of the right category is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, by_severity, label_of, lines, word
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, Refused, There, Wrote, marks, mildest

_PAGE = 100
_FIELDS = ["status", "labels", "priority"]
_MARKS = 50
"""Labels that one search names."""
_PRIORITY = {"critical": "Highest", "high": "High", "medium": "Medium", "low": "Low",
             "info": "Lowest"}  # fmt: skip
_MOST_TEXT = 30_000
"""Jira takes 32,767 characters in a field."""


class JiraConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    """Of the site: ``https://example.atlassian.net``."""
    project: str
    """Key of the project."""
    flavour: Literal["cloud", "data_center"] = "cloud"
    issue_type: str = "Task"
    label: str = "shadow-ai"
    priorities: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(_PRIORITY))
    """Severity -> the site's name of a priority; empty: none is set."""
    close_transition: str = ""
    """Name of the transition that closes; empty: the first to a status that means done."""
    reopen_transition: str = ""
    fields: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Further fields of a new ticket, as Jira names them (``customfield_10010``)."""

    def __post_init__(self) -> None:
        by_severity("priorities", self.priorities)
        if not re.fullmatch(r"[A-Z][A-Z0-9_]+", self.project):
            raise ValueError("`project` is the key of a project, such as SEC")


class JiraSink:
    two_way = True
    settles = timedelta(minutes=5)

    def __init__(self, config: JiraConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._people = routing.people
        self._api = api
        self._is_cloud = config.flavour == "cloud"
        self._root = "/rest/api/3" if self._is_cloud else "/rest/api/2"
        self._accounts: dict[str, str] = {}

    # --- reading ---------------------------------------------------------------------------------

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        found: dict[str, Remote] = {}
        idents = sorted(set(made.values()))
        for start in range(0, len(idents), _PAGE):
            for issue in self._named(idents[start : start + _PAGE]):
                found[str(issue["key"])] = _state(issue)
        told = {key: found.get(ident) or self._one(ident) for key, ident in made.items()}
        if Remote.MISSING in told.values():
            self._check_sight()
        return told

    def _named(self, idents: list[str]) -> Iterator[dict[str, Any]]:
        """Those that search shows. A key that is not there (deleted, moved, hidden) has Jira refuse
        the whole: asked again without those that the refusal names, or nothing is shown of them."""
        jql = f"project = {self._config.project} AND labels = {_quoted(self._config.label)}"
        while idents:
            try:
                yield from list(self._search(f"{jql} AND key in ({', '.join(idents)})"))
            except Refused as error:
                named = set(re.findall(r"[A-Z][A-Z0-9_]+-\d+", str(error)))
                kept = [ident for ident in idents if ident not in named]
                idents = kept if len(kept) < len(idents) else []
            else:
                return

    def _check_sight(self) -> None:
        """Raises ``Refused`` where we may not browse the project: all issues would look deleted."""
        path = f"{self._root}/project/{self._config.project}"
        if not self._api.call("GET", path, absent={}):
            raise Refused(
                f"project {self._config.project} cannot be seen with this token, so nobody knows "
                "what became of its issues; give it the permission to browse the project"
            )
        ours = f"project = {self._config.project} AND labels = {_quoted(self._config.label)}"
        next(self._search(ours), None)  # is refused where its issues may not be searched

    def _one(self, ident: str) -> Remote:
        """What search does not show has moved, lost our label, or is gone."""
        issue = self._api.call(
            "GET", f"{self._root}/issue/{ident}", params={"fields": "status,labels"}, absent={}
        )
        return _state(issue) if issue else Remote.MISSING

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        by_label = {label_of(key): key for key in keys}
        labels = sorted(by_label)
        found: dict[str, tuple[int, There]] = {}
        for start in range(0, len(labels), _MARKS):
            some = ", ".join(map(_quoted, labels[start : start + _MARKS]))
            for issue in self._search(f"project = {self._config.project} AND labels in ({some})"):
                one = (int(issue["id"]), self._there(issue))
                for label in by_label.keys() & set(issue["fields"]["labels"]):
                    key = by_label[label]
                    found[key] = max(found.get(key, one), one)
        return {key: there for key, (_, there) in found.items()}

    def _there(self, issue: Mapping[str, Any]) -> There:
        priority = (issue["fields"].get("priority") or {}).get("name", "")
        severity = mildest(self._config.priorities, priority)
        return There(self._made(issue), _state(issue), severity)

    def attempts(self, external_id: str) -> Sequence[str]:
        return marks(self._comments(f"{self._root}/issue/{external_id}/comment"))

    def _search(self, jql: str) -> Iterator[dict[str, Any]]:
        if not self._is_cloud:
            yield from self._search_by_offset(jql)
            return
        token = ""
        while True:
            body: dict[str, Any] = {"jql": jql, "fields": _FIELDS, "maxResults": _PAGE}
            if token:
                body["nextPageToken"] = token
            found = self._api.call("POST", f"{self._root}/search/jql", body=body, is_read=True)
            yield from found["issues"]
            token = str(found.get("nextPageToken") or "")
            if not token:
                return

    def _search_by_offset(self, jql: str) -> Iterator[dict[str, Any]]:
        start = 0
        while True:
            body = {"jql": jql, "fields": _FIELDS, "maxResults": _PAGE,
                    "startAt": start, "validateQuery": False}  # fmt: skip
            found = self._api.call("POST", f"{self._root}/search", body=body, is_read=True)
            issues = found["issues"]
            yield from issues
            start += len(issues)
            if not issues or start >= int(found.get("total", 0)):
                return

    # --- writing ---------------------------------------------------------------------------------

    def create(self, ticket: Ticket, formerly: str) -> Made:
        fields: dict[str, Any] = {
            "project": {"key": self._config.project},
            "issuetype": {"name": self._config.issue_type},
            "summary": ticket.title,
            "description": self._text(lines(ticket, formerly)),
            "labels": [self._config.label, label_of(ticket.key), *map(word, ticket.labels)],
            **self._config.fields,
        }
        if priority := self._config.priorities.get(ticket.severity, ""):
            fields["priority"] = {"name": priority}
        if ticket.due:
            fields["duedate"] = ticket.due
        if person := self._person(ticket.owner):
            fields["assignee"] = {"accountId" if self._is_cloud else "name": person}
        return self._made(self._put(f"{self._root}/issue", "POST", fields))

    def _put(self, path: str, method: str, fields: dict[str, Any]) -> Any:
        """Fields that the project's screens do not have, or people who cannot be assigned there, do
        not keep the ticket from being made or changed."""
        try:
            return self._api.call(method, path, body={"fields": fields})
        except Refused as error:
            named = [name for name in ("priority", "duedate", "assignee")
                     if name in fields and f"{name}:" in str(error)]  # fmt: skip
            if not named:
                raise
            for name in named:
                del fields[name]
            return self._api.call(method, path, body={"fields": fields})

    def _person(self, owner: str) -> str:
        """The tracker's own id of an owner: as configured, or of the one user with the address."""
        if owner in self._people:
            return self._people[owner]
        if "@" not in owner:
            return ""
        if owner not in self._accounts:
            name = "query" if self._is_cloud else "username"
            found = self._api.call(
                "GET", f"{self._root}/user/search", params={name: owner, "maxResults": 2}, absent=[]
            )
            ident = "accountId" if self._is_cloud else "name"
            only = found[0] if isinstance(found, list) and len(found) == 1 else {}
            self._accounts[owner] = str(only.get(ident, ""))
        return self._accounts[owner]

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        """The description may hold what people wrote: it stays, and a comment tells what is now."""
        path = f"{self._root}/issue/{external_id}"
        now = self._api.get(path, fields="summary,priority,duedate")["fields"]
        fields: dict[str, Any] = {}
        if now.get("summary") == before.title:
            fields["summary"] = ticket.title
        priority = self._config.priorities.get(ticket.severity, "")
        was = self._config.priorities.get(before.severity, "")
        if priority and (now.get("priority") or {}).get("name", "") == was:
            fields["priority"] = {"name": priority}
        if ticket.due and (now.get("duedate") or "") == before.due:
            fields["duedate"] = ticket.due
        if fields:
            self._put(path, "PUT", fields)
        self._say(external_id, ["What the scanner sees now:", *lines(ticket, "")[1:]], attempt)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self.comment(external_id, f"Closed by the shadow AI scanner: {reason}", attempt)
        self._move(external_id, self._config.close_transition, ("done",))

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._move(external_id, self._config.reopen_transition, ("new", "indeterminate"))
        self.comment(external_id, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        self._say(external_id, [text], attempt)

    def _say(self, external_id: str, said: list[str], attempt: str) -> None:
        path = f"{self._root}/issue/{external_id}/comment"
        mark = f"(shadow-ai {attempt})"
        if attempt and any(mark in one for one in self._comments(path)):
            return
        self._api.call("POST", path, body={"body": self._text([*said, mark])})

    def _comments(self, path: str) -> Iterator[str]:
        start = 0
        while True:
            found = self._api.get(path, startAt=start, maxResults=_PAGE, orderBy="created")
            comments = found["comments"]
            yield from (msgspec.json.encode(one.get("body", "")).decode() for one in comments)
            start += len(comments)
            if not comments or start >= int(found.get("total", 0)):
                return

    def _move(self, external_id: str, name: str, categories: tuple[str, ...]) -> None:
        path = f"{self._root}/issue/{external_id}/transitions"
        ways = self._api.get(path).get("transitions", ())
        for wanted in categories:
            for way in ways:
                leads_to = way.get("to", {}).get("statusCategory", {}).get("key", "")
                if way.get("name") == name if name else leads_to == wanted:
                    self._api.call("POST", path, body={"transition": {"id": way["id"]}})
                    return
        there = ", ".join(str(way.get("name")) for way in ways) or "none"
        wanted_name = f"`{name}`" if name else f"to a status of category {' or '.join(categories)}"
        raise Refused(
            f"{external_id}: the workflow offers no transition {wanted_name} from here (it offers "
            f"{there}); set `close_transition` or `reopen_transition`"
        )

    def _text(self, said: list[str]) -> Any:
        """Atlassian's document format; of Data Center text in which nothing is markup."""
        kept = [line[:_MOST_TEXT] for line in said if line]
        if not self._is_cloud:
            return "\n".join(_no_markup(line) for line in kept)[:_MOST_TEXT]
        content = [
            {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in kept
        ]
        return {"type": "doc", "version": 1, "content": content}

    def _made(self, issue: Any) -> Made:
        return Made(str(issue["key"]), f"{self._config.url.rstrip('/')}/browse/{issue['key']}")


def _state(issue: Mapping[str, Any]) -> Remote:
    category = issue.get("fields", {}).get("status", {}).get("statusCategory", {}).get("key", "")
    return Remote.CLOSED if category == "done" else Remote.OPEN


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_markup(line: str) -> str:
    """Of wiki markup. Two backslashes would be a line break, and free what follows."""
    apart = line.replace("\\", "\\\u200b")
    return re.sub(r"([{}\[\]()*_!|~^+?@]|(?<!\w)-(?=\S))", r"\\\1", apart)
