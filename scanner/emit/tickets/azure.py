"""Azure Boards: work items (Azure DevOps Services, and Server by ``url``).

https://learn.microsoft.com/rest/api/azure/devops/wit/. A ticket is known by a tag made of its key.
Which states mean done is asked of the work item's type. Descriptions and comments are HTML: what a
finding says is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, by_severity, label_of, lines
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, Refused, There, Wrote, marks, mildest

_VERSION = "7.1"
_COMMENTS = "7.1-preview.4"
_PAGE = 200
_PRIORITY = {"critical": 1, "high": 2, "medium": 3, "low": 4, "info": 4}
_PRIORITY_FIELD = "Microsoft.VSTS.Common.Priority"
_DUE_FIELD = "Microsoft.VSTS.Scheduling.DueDate"
_DISPENSABLE = {_PRIORITY_FIELD: "Priority", _DUE_FIELD: "Due Date",
                "System.AssignedTo": "Assigned To"}  # fmt: skip
"""Field -> its name in messages. Without them a ticket is made all the same: a type may not have
them, and an owner may be unknown there."""
_DONE = ("Completed", "Removed")
_ALL = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
_MARKS = 50
"""Tags that one query names."""


class AzureBoardsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organization: str
    """Of a Server: the collection."""
    project: str
    url: str = "https://dev.azure.com"
    auth: Literal["pat", "bearer"] = "pat"
    """Whether the token is a personal access token, or one of Entra."""
    type: str = "Task"
    """Of the work items; every process knows a Task."""
    tag: str = "shadow-ai"
    area: str = ""
    """Path of the area, such as ``Project\\Team``."""
    priorities: Mapping[str, int] = msgspec.field(default_factory=lambda: dict(_PRIORITY))
    """Severity -> priority; empty: none is set."""
    close_state: str = ""
    """Empty: the first state of the type that means completed."""
    reopen_state: str = ""
    """Empty: the first that means proposed, or else in progress."""

    def __post_init__(self) -> None:
        by_severity("priorities", self.priorities)


class AzureBoardsSink:
    two_way = True
    settles = timedelta(minutes=1)

    def __init__(self, config: AzureBoardsConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._people = routing.people
        self._api = api
        self._place = f"/{quote(config.organization)}/{quote(config.project)}"
        self._wit = f"{self._place}/_apis/wit"
        self._categories: dict[str, dict[str, str]] = {}

    # --- reading ---------------------------------------------------------------------------------

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        idents = sorted(set(made.values()), key=int)
        items = {str(item["id"]): item for item in self._items(idents)}
        if not items.keys() >= set(idents):
            self._check_sight()
        return {
            key: self._state(items[ident]) if ident in items else Remote.MISSING
            for key, ident in made.items()
        }

    def _check_sight(self) -> None:
        """Raises ``Refused`` where the project shows nothing at all: what one may not read is left
        out like what was deleted."""
        if not self._queried(_ALL, most=1):
            raise Refused(
                f"project {self._config.project} shows no work item at all with this token, so "
                "nobody knows what became of ours; give it the right to read work items"
            )

    def _queried(self, query: str, *, most: int = 20_000) -> list[str]:
        found = self._api.call(
            "POST", f"{self._wit}/wiql", body={"query": query}, is_read=True,
            params={"api-version": _VERSION, "$top": most},
        )  # fmt: skip
        return [str(one["id"]) for one in found["workItems"]]

    def _items(self, idents: list[str]) -> Iterator[dict[str, Any]]:
        """What was deleted is left out."""
        for start in range(0, len(idents), _PAGE):
            found = self._api.get(
                f"{self._wit}/workitems", **{"api-version": _VERSION, "errorPolicy": "omit"},
                ids=",".join(idents[start : start + _PAGE]),
                fields=f"System.State,System.WorkItemType,System.Tags,{_PRIORITY_FIELD}",
            )  # fmt: skip
            yield from (item for item in found["value"] if item)

    def _state(self, item: Mapping[str, Any]) -> Remote:
        fields = item["fields"]
        categories = self._states_of(str(fields["System.WorkItemType"]))
        return (
            Remote.CLOSED
            if categories.get(str(fields["System.State"]), "") in _DONE
            else Remote.OPEN
        )

    def _states_of(self, kind: str) -> dict[str, str]:
        """State -> category, in the order of the workflow."""
        if kind not in self._categories:
            path = f"{self._wit}/workitemtypes/{quote(kind)}/states"
            found = self._api.get(path, **{"api-version": _VERSION})
            self._categories[kind] = {
                str(one["name"]): str(one.get("category", "")) for one in found.get("value", ())
            }
        return self._categories[kind]

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        by_tag = {label_of(key): key for key in keys}
        tags = sorted(by_tag)
        found: dict[str, tuple[int, There]] = {}
        for start in range(0, len(tags), _MARKS):
            some = tags[start : start + _MARKS]  # words: nothing in them ends the quotes
            told = " OR ".join(f"[System.Tags] CONTAINS '{tag}'" for tag in some)
            for item in self._items(self._queried(f"{_ALL} AND ({told})")):
                one = (int(item["id"]), self._there(item))
                for tag in by_tag.keys() & set(_tags(item)):
                    key = by_tag[tag]
                    found[key] = max(found.get(key, one), one)
        return {key: there for key, (_, there) in found.items()}

    def _there(self, item: Mapping[str, Any]) -> There:
        severity = mildest(self._config.priorities, item["fields"].get(_PRIORITY_FIELD))
        return There(self._made(item), self._state(item), severity)

    def attempts(self, external_id: str) -> Sequence[str]:
        return marks(self._comments(f"{self._wit}/workItems/{external_id}/comments"))

    # --- writing ---------------------------------------------------------------------------------

    def create(self, ticket: Ticket, formerly: str) -> Made:
        tags = [self._config.tag, label_of(ticket.key), *ticket.labels]
        fields: dict[str, Any] = {
            "System.Title": ticket.title,
            "System.Description": _html(lines(ticket, formerly)),
            "System.Tags": "; ".join(re.sub(r"[;,]", " ", tag) for tag in tags),
            **self._urgency(ticket),
        }
        if self._config.area:
            fields["System.AreaPath"] = self._config.area
        person = self._people.get(ticket.owner, ticket.owner if "@" in ticket.owner else "")
        if person:
            fields["System.AssignedTo"] = person
        made = self._put("POST", f"{self._wit}/workitems/${quote(self._config.type)}", fields)
        return self._made(made)

    def _urgency(self, ticket: Ticket) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if priority := self._config.priorities.get(ticket.severity, 0):
            fields[_PRIORITY_FIELD] = priority
        if ticket.due:
            fields[_DUE_FIELD] = f"{ticket.due}T00:00:00Z"
        return fields

    def _put(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        try:
            return self._patched(method, path, fields)
        except Refused as error:
            said = str(error)
            named = [field for field, name in _DISPENSABLE.items()
                     if field in fields and (field in said or name in said)]  # fmt: skip
            if not named:
                raise
            kept = {field: value for field, value in fields.items() if field not in named}
            return self._put(method, path, kept)

    def _patched(self, method: str, path: str, fields: Mapping[str, Any]) -> Any:
        body = [
            {"op": "add", "path": f"/fields/{field}", "value": value}
            for field, value in fields.items()
        ]
        return self._api.call(
            method, path, body=body, params={"api-version": _VERSION},
            media="application/json-patch+json",
        )  # fmt: skip

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        """The description may hold what people wrote: it stays, and a comment tells what is now."""
        path = f"{self._wit}/workitems/{external_id}"
        now = self._api.get(path, **{"api-version": _VERSION})["fields"]
        was = {
            "System.Title": before.title,
            _PRIORITY_FIELD: str(self._config.priorities.get(before.severity, "")),
            _DUE_FIELD: before.due,
        }
        wanted = {"System.Title": ticket.title, **self._urgency(ticket)}
        fields = {
            name: value
            for name, value in wanted.items()
            if _plain(name, now.get(name, "")) == was[name]
        }
        if fields:
            self._put("PATCH", path, fields)
        said = ["What the scanner sees now:", *lines(ticket)[1:]]
        self._say(external_id, said, attempt)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self.comment(external_id, f"Closed by the shadow AI scanner: {reason}", attempt)
        self._move(external_id, self._config.close_state, "close_state", ("Completed",))

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        categories = ("Proposed", "InProgress")
        self._move(external_id, self._config.reopen_state, "reopen_state", categories)
        self.comment(external_id, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        self._say(external_id, [text], attempt)

    def _say(self, external_id: str, said: list[str], attempt: str) -> None:
        path = f"{self._wit}/workItems/{external_id}/comments"
        mark = f"(shadow-ai {attempt})"
        if attempt and any(mark in one for one in self._comments(path)):
            return
        self._api.call(
            "POST", path, body={"text": _html([*said, mark])},
            params={"api-version": _COMMENTS, "format": "html"},
        )  # fmt: skip

    def _comments(self, path: str) -> Iterator[str]:
        params: dict[str, Any] = {"api-version": _COMMENTS, "$top": _PAGE, "order": "asc"}
        while True:
            found = self._api.call("GET", path, params=params)
            yield from (str(one.get("text", "")) for one in found["comments"])
            token = str(found.get("continuationToken") or "")
            if not token:
                return
            params["continuationToken"] = token

    def _move(
        self, external_id: str, state: str, setting: str, categories: tuple[str, ...]
    ) -> None:
        path = f"{self._wit}/workitems/{external_id}"
        if not state:
            item = self._api.get(path, **{"api-version": _VERSION})
            kind = str(item["fields"]["System.WorkItemType"])
            known = self._states_of(kind)
            fitting = [
                name for wanted in categories for name, found in known.items() if found == wanted
            ]
            if not fitting:
                raise Refused(f"{external_id}: {kind} has no state that fits; set `{setting}`")
            state = fitting[0]
        self._patched("PATCH", path, {"System.State": state})

    def _made(self, item: Any) -> Made:
        ident = str(item["id"])
        return Made(ident, f"{self._config.url.rstrip('/')}{self._place}/_workitems/edit/{ident}")


def _plain(field: str, value: Any) -> str:
    """A field as it is compared: a due date is a time there."""
    return str(value)[:10] if field == _DUE_FIELD else str(value)


def _tags(item: Mapping[str, Any]) -> list[str]:
    return [tag.strip() for tag in str(item["fields"].get("System.Tags", "")).split(";")]


def _html(said: list[str]) -> str:
    return "".join(f"<div>{html.escape(' '.join(line.split()))}</div>" for line in said)
