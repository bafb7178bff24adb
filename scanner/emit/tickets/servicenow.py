"""ServiceNow: records of a table by the Table API, incidents unless another is named.

https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html. A ticket is known by its
``correlation_id``. The description may hold what people wrote and stays as it was made; what is
new is a work note. A journal shows as HTML what stands between ``[code]`` and ``[/code]``, and a
query ends at ``^`` and runs what follows ``javascript:``: nothing of a finding gets there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec

from scanner.emit.tickets.content import Routing, Ticket, by_severity, lines
from scanner.emit.tickets.http import Api
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, Refused, There, Wrote, marks, mildest
from scanner.rulebook.policy import Severity

_PAGE = 100
_MARKS = 50
"""Keys that one query names: an address has no room for many."""
_MOST_FOUND = 1000
_FOUND = "sys_id,correlation_id,state,urgency,impact"
_URGENCY = {"critical": "1", "high": "2", "medium": "2", "low": "3", "info": "3"}
_IMPACT = {"critical": "1", "high": "1", "medium": "2", "low": "3", "info": "3"}
_MOST_TITLE, _MOST_TEXT = 160, 3900
_CLOSED = ("6", "7", "8")
"""Of an incident: resolved, closed, canceled."""
_IS_MARK = re.compile(r"\(shadow-ai [\w-]+\)\s*")
_CLOSE = {"state": "6", "close_code": "Solution provided"}
_REOPEN = {"state": "2"}


class ServiceNowConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    """Of the instance: ``https://example.service-now.com``."""
    table: str = "incident"
    assignment_group: str = ""
    """``sys_id`` of the group to which new records go."""
    urgency: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(_URGENCY))
    """Severity -> value; with ``impact`` it makes the priority. Empty: none is set."""
    impact: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(_IMPACT))
    closed_states: tuple[str, ...] = ()
    """Values of ``state`` that mean that nobody works on it any more."""
    close: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Fields that are set to close a record."""
    reopen: Mapping[str, str] = msgspec.field(default_factory=dict)
    fields: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Further fields of new records."""

    def __post_init__(self) -> None:
        by_severity("urgency", self.urgency)
        by_severity("impact", self.impact)
        if not re.fullmatch(r"[a-z0-9_]+", self.table):
            raise ValueError("`table` is the name of a table, such as incident")
        if self.table != "incident" and not (self.closed_states and self.close and self.reopen):
            raise ValueError(
                f"say what `closed_states`, `close` and `reopen` are in {self.table}; only those "
                "of incident are known here"
            )


class ServiceNowSink:
    two_way = True
    settles = timedelta(0)

    def __init__(self, config: ServiceNowConfig, routing: Routing, api: Api) -> None:
        self._config = config
        self._people = routing.people
        self._api = api
        self._table = f"/api/now/table/{config.table}"
        self._closed = config.closed_states or _CLOSED
        self._close = dict(config.close or _CLOSE)
        self._reopen = dict(config.reopen or _REOPEN)
        self._users: dict[str, str] = {}

    # --- reading ---------------------------------------------------------------------------------

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        found: dict[str, Remote] = {}
        idents = sorted(set(made.values()))
        for start in range(0, len(idents), _PAGE):
            some = idents[start : start + _PAGE]
            for record in self._asked(self._table, f"sys_idIN{','.join(some)}", "sys_id,state"):
                found[str(record["sys_id"])] = self._state(record)
        if not found.keys() >= set(idents):
            self._check_sight()
        return {key: found.get(ident, Remote.MISSING) for key, ident in made.items()}

    def _check_sight(self) -> None:
        """Raises ``Refused`` where the table shows nothing at all: records that an access rule
        hides are left out of an answer without a word."""
        if not self._asked(self._table, "ORDERBYDESCsys_created_on", "sys_id", 1):
            raise Refused(
                f"table {self._config.table} shows no record at all to this account, so nobody "
                "knows what became of ours; give it a role that reads the table"
            )

    def _asked(self, path: str, query: str, fields: str, most: int = _PAGE) -> list[Any]:
        found = self._api.get(
            path, sysparm_query=query, sysparm_fields=fields, sysparm_limit=most,
            sysparm_exclude_reference_link="true",
        )  # fmt: skip
        return list(found["result"])

    def _state(self, record: Mapping[str, Any]) -> Remote:
        return Remote.CLOSED if str(record.get("state", "")) in self._closed else Remote.OPEN

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        by_word = {_word(key): key for key in keys}
        words = sorted(by_word)
        found: dict[str, There] = {}
        for start in range(0, len(words), _MARKS):
            query = (
                f"correlation_idIN{','.join(words[start : start + _MARKS])}^ORDERBYsys_created_on"
            )
            for record in self._asked(self._table, query, _FOUND, _MOST_FOUND):
                found[by_word[str(record["correlation_id"])]] = self._there(record)
        return found

    def _there(self, record: Mapping[str, Any]) -> There:
        wanted = (str(record.get("urgency", "")), str(record.get("impact", "")))
        known = {
            one.value: (self._config.urgency.get(one, ""), self._config.impact.get(one, ""))
            for one in Severity
        }
        severity = mildest(known, wanted if all(wanted) else "")
        return There(self._made(record), self._state(record), severity)

    def attempts(self, external_id: str) -> Sequence[str]:
        """A journal is one text, the newest note first; our mark is a line of its own."""
        notes = self._notes(f"{self._table}/{quote(external_id)}")
        return marks(reversed([line for line in notes.splitlines() if _IS_MARK.fullmatch(line)]))

    def _person(self, owner: str) -> str:
        """``sys_id`` of a user: by the name that is configured, else by address; empty: nobody."""
        name = self._people.get(owner, "")
        if re.fullmatch(r"[0-9a-f]{32}", name):
            return name
        asked = f"user_name={name}" if name else f"email={owner}"
        if not re.fullmatch(r"user_name=[\w.@+-]+|email=[\w.+-]+@[\w.-]+", asked):
            return ""
        if owner not in self._users:
            query = f"{asked}^active=true"
            found = self._asked("/api/now/table/sys_user", query, "sys_id", 2)
            self._users[owner] = str(found[0]["sys_id"]) if len(found) == 1 else ""
        return self._users[owner]

    # --- writing ---------------------------------------------------------------------------------

    def create(self, ticket: Ticket, formerly: str) -> Made:
        fields = {
            "short_description": _text(ticket.title)[:_MOST_TITLE],
            "description": _text("\n".join(lines(ticket, formerly)))[:_MOST_TEXT],
            "correlation_id": _word(ticket.key),
            "correlation_display": "shadow-ai",
            **self._config.fields,
            **self._urgency_of(ticket.severity, ticket.due),
        }
        if self._config.assignment_group:
            fields["assignment_group"] = self._config.assignment_group
        if person := self._person(ticket.owner):
            fields["assigned_to"] = person
        params = {"sysparm_fields": "sys_id,number"}
        return self._made(self._api.call("POST", self._table, body=fields, params=params)["result"])

    def _urgency_of(self, severity: str, due: str) -> dict[str, str]:
        told = {
            "urgency": self._config.urgency.get(severity, ""),
            "impact": self._config.impact.get(severity, ""),
            "due_date": f"{due} 00:00:00" if due else "",
        }
        return {name: value for name, value in told.items() if value}

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        path = f"{self._table}/{quote(external_id)}"
        now = self._api.get(path, sysparm_fields="short_description,urgency,impact,due_date")
        was = self._told(before.title, before.severity, before.due)
        said = "\n".join(["What the scanner sees now:", *lines(ticket)[1:]])
        fields = {
            name: value
            for name, value in self._told(ticket.title, ticket.severity, ticket.due).items()
            if str(now["result"].get(name, "")) == was.get(name, "")
        }
        self._change(external_id, fields, said, attempt)

    def _told(self, title: str, severity: str, due: str) -> dict[str, str]:
        """The fields that are written anew when a ticket changes."""
        return {
            "short_description": _text(title)[:_MOST_TITLE],
            **self._urgency_of(severity, due),
        }

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        said = " ".join(f"Closed by the shadow AI scanner: {reason}".split())
        fields = dict(self._close)
        if "close_code" in fields:
            fields.setdefault("close_notes", _text(said)[:_MOST_TEXT])
        self._change(external_id, fields, said, attempt)

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._change(external_id, self._reopen, "Seen again: it is open once more.", attempt)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        self._change(external_id, {}, text, attempt)

    def _change(self, external_id: str, fields: Mapping[str, str], said: str, attempt: str) -> None:
        """Fields and work note in one call, so that none is without the other."""
        path = f"{self._table}/{quote(external_id)}"
        mark = f"(shadow-ai {attempt})"
        body = dict(fields)
        if not (attempt and mark in self._notes(path)):
            body["work_notes"] = f"{_text(said)[:_MOST_TEXT]}\n{mark}"
        if body:
            self._api.call("PATCH", path, body=body, params={"sysparm_fields": "sys_id"})

    def _notes(self, path: str) -> str:
        """All work notes, as people see them."""
        found = self._api.get(path, sysparm_fields="work_notes", sysparm_display_value="true")
        return str(found["result"].get("work_notes", ""))

    def _made(self, record: Any) -> Made:
        ident = str(record["sys_id"])
        base = self._config.url.rstrip("/")
        return Made(ident, f"{base}/{self._config.table}.do?sys_id={quote(ident)}")


def _word(key: str) -> str:
    """A key as a value in a query."""
    return re.sub(r"[^\w.:-]", "-", key)[:100]


def _text(text: str) -> str:
    """Text in which nothing is shown as HTML."""
    return re.sub(r"\[(?=/?code)", "[\u200b", text, flags=re.I)
