"""Exported files: activities as the Reports API tells them, also as SIEMs wrap them; lists of
people and of their tokens (Directory API, GAM); the console's own CSV.

The console's columns: "OAuth log events" (Date, App ID, App name, OAuth event, User, Scope; today
Application ID, Application name, Event, Actor: https://support.google.com/a/answer/6124308),
"Accessed apps" of API controls (App Name, Id, Users, Access, Requested Services with Scopes; where
it names services alone, no scope is known), Gemini's log and report, and "Download users"
(https://support.google.com/a/answer/7348070: Email Address [Required], Status [READ ONLY]).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from connectors.google_workspace import products
from connectors.google_workspace.directory import User, grant_of, user_of
from connectors.google_workspace.events import TOKEN_EVENTS, happened, is_activity, share
from connectors.google_workspace.names import account, app_id, domain_id, person
from connectors.google_workspace.scopes import data_of
from scanner.kit.columns import Columns
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.envelopes import unwrapped
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of
from scanner.kit.overlooked import Overlooked
from scanner.kit.records import column, has_columns
from scanner.kit.spelling import Spelling
from scanner.kit.text import cut
from scanner.kit.told_files import FileTold
from scanner.kit.values import mapping, size, text, when
from scanner.model.items import Activity, Item

_MOST_TEXT = 300
_ADDRESS = expression(r"https?://[^\s,\[\]|]{1,300}|openid|email|profile")
_LOG = Columns(
    {
        "at": ("Date", "Timestamp"), "event": ("OAuth event", "Event", "Event name"),
        "client": ("App ID", "Application ID", "Client ID", "OAuth client ID"),
        "label": ("App name", "Application name"), "user": ("User", "Actor", "User email"),
        "scope": ("Scope", "Scopes"), "sent": "Number of response bytes",
    },
    needs=("at", "event", "client", "user"),
)  # fmt: skip
_LOG_WORDS = {"grant": "authorize", "granted": "authorize", "authorized": "authorize",
              "revoked": "revoke", "denied": "deny", "api call": "activity"}  # fmt: skip
_SERVICES = ("Requested Services", "Services")
_APPS = Columns(
    {
        "label": ("App Name", "Name"), "client": ("Id", "App ID", "Client ID", "OAuth client ID"),
        "scopes": ("Requested Services with Scopes", "Requested Scopes", *_SERVICES),
        "services": _SERVICES, "users": ("Users", "Number of users"),
        "access": ("Access", "Access status"),
    },
    needs=("label", "client", "scopes"),
)  # fmt: skip
_BLOCKED = "blocked"
_PEOPLE = Columns(
    {
        "primaryEmail": ("Email Address [Required]", "Email Address"),
        "first": ("First Name [Required]", "First Name"),
        "last": ("Last Name [Required]", "Last Name"),
        "orgUnitPath": ("Org Unit Path [Required]", "Org Unit Path"),
        "status": ("Status [READ ONLY]", "Status"),
        "lastLoginTime": ("Last Sign In [READ ONLY]", "Last Sign In"),
    },
    needs=("primaryEmail", "last", "orgUnitPath|status"),
)  # fmt: skip
_GEMINI_COLUMNS = ("Date", "Event", "Actor", "App name", "Feature source")
_GEMINI_USE_COLUMNS = ("Email", "Overall usage", "Gemini app")
_GAM_COLUMNS = ("user", "clientId", "displayText", "scopes")
SPELLING = Spelling(
    (
        "id.time", "id.uniqueQualifier", "id.applicationName", "actor", "actor.email",
        "actor.profileId", "events",
    ),
    also={
        "event_name": "name",
        "TimeGenerated": "id.time",
        **{one: f"parameters.{one}" for one in ("client_id", "app_name", "scope", "scope_data")},
    },
)  # fmt: skip
"""Also of the tables of a log workspace."""

_TABLES = (_GAM_COLUMNS, _GEMINI_COLUMNS, _GEMINI_USE_COLUMNS)
EXPORTS = (
    "OAuth log events, Gemini log events (audit and investigation)",
    "accessed apps of API controls",
    "Gemini's report of use by person",
    "the list of users (Download users)",
)
"""What the admin console exports, for people."""


def read_file(
    path: Path, name: str, domain: str, now: datetime, counted: Counted,
    ctx: Context[Any] | None = None,
) -> Iterator[Item]:  # fmt: skip
    """What one file tells, each event once. ``now``: of the scan; ``counted``: what other readings
    have counted; ``ctx``: for events that tell nothing. Records that are none are one
    gap, with the place of the first; a damaged file gives what was before the damage, then
    ``Unavailable``."""
    file = FileTold(name, now, counted, ctx)
    for number, record in file.records(path):
        found = _understood(record, domain, counted, file.overlooked, f":{number}")
        is_event, told = found or (False, None)
        yield from file.take(number, told, is_event=is_event)
    yield from file.end("are neither activities, people, grants nor the console's rows")
    yield account(domain, "file")


def _understood(
    record: Any, domain: str, counted: Counted, overlooked: Overlooked, place: str
) -> tuple[bool, list[Item]] | None:
    """Whether it is an event, and what it tells."""
    inner = unwrapped(_from_warehouse(record), _is_known, spelling=SPELLING)
    if inner is None:
        return None
    if is_activity(inner):
        found = happened(inner, domain)
        if found is None:
            return None
        own = share(inner)
        return True, [
            told
            for event in found
            for told in overlooked.told(event, counted, place, mark_of((event[0], own)))
        ]
    if "primaryEmail" in inner:
        user = user_of(inner, domain)
        return None if user is None else (False, [user.identity])
    if _PEOPLE.fits(inner):
        user = _listed(inner, domain)
        return None if user is None else (False, [user.identity])
    for fits, read in _ROWS:
        if fits(inner):
            row = read(inner, domain)
            return None if row is None else (False, [row])
    if has_columns(inner, _GEMINI_USE_COLUMNS):
        return False, list(_gemini_use(inner, domain))
    grant = grant_of(inner, "", text(inner.get("userKey")), domain)
    return None if grant is None else (False, [grant])


def _from_warehouse(record: Any) -> Any:
    """A row of the Workspace logs in BigQuery: what a report tells has the report's name."""
    given = mapping(record)
    report = text(given.get("record_type"))
    if not report or "time_usec" not in given or "event_name" not in given:
        return record
    return {
        "id": {
            "time": when(given["time_usec"]), "applicationName": report,
            "uniqueQualifier": text(given.get("unique_identifier")),
        },
        "actor": {"email": text(given.get("email"))},
        "events": [{"name": text(given["event_name"]), "parameters": mapping(given.get(report))}],
    }  # fmt: skip


def _is_known(record: Mapping[str, Any]) -> bool:
    return (
        is_activity(record)
        or "primaryEmail" in record
        or text(record.get("kind")) == "admin#directory#token"
        or any(table.fits(record) for table in (_LOG, _APPS, _PEOPLE))
        or any(has_columns(record, one) for one in _TABLES)
    )


def _row(
    domain: str, rule: str, relation: str, mail: str, client: str, label: str, scopes: list[str],
    at: str = "", sent: int = 0,
) -> Activity | None:  # fmt: skip
    if not client and not label:
        return None
    reads, writes = data_of(scopes, domain)
    return Activity(
        rule=rule,
        actor=person(domain, mail, ""),
        account=domain_id(domain),
        app_id=app_id(domain, client, label),
        label=label,
        client_id=client,
        scopes=tuple(sorted(set(scopes))),
        relation=relation,
        reads=reads,
        writes=writes,
        first_at=at,
        last_at=at,
        bytes_up=sent,
    )


def _listed(row: Mapping[str, Any], domain: str) -> User | None:
    """As the list of users tells a person."""
    given = _PEOPLE.record(row)
    parts = (text(given.pop(one, "")) for one in ("first", "last"))
    state = text(given.pop("status", "")).casefold()
    at = when(given.pop("lastLoginTime", ""))
    name = {"fullName": " ".join(filter(None, parts))}
    whose = {**given, "name": name, "suspended": "suspended" in state, "lastLoginTime": at,
             "archived": "archived" in state}  # fmt: skip
    return user_of(whose, domain)


def _logged(row: Mapping[str, Any], domain: str) -> Activity | None:
    given = {name: text(value) for name, value in _LOG.record(row).items()}
    said = given["event"].casefold() if "event" in given else ""
    said = _LOG_WORDS.get(said, said)
    event = said if said in TOKEN_EVENTS else "activity"
    scopes = _ADDRESS.findall(given.get("scope", "")) if event == "authorize" else []
    return _row(
        domain, f"token.{event}", TOKEN_EVENTS[event], given.get("user", ""),
        given.get("client", ""), given.get("label", ""), scopes, when(given.get("at")),
        size(given.get("sent")),
    )  # fmt: skip


def _gam(row: Mapping[str, Any], domain: str) -> Activity | None:
    scopes = _ADDRESS.findall(column(row, "scopes"))
    return _row(
        domain, "tokens", "grants", column(row, "user"), column(row, "clientId"),
        column(row, "displayText"), scopes,
    )  # fmt: skip


def _gemini(row: Mapping[str, Any], domain: str) -> Activity:
    """Gemini log events."""
    at = when(column(row, "Date"))
    event = column(row, "Event").casefold().replace(" ", "_")
    who = person(domain, column(row, "Actor"), "")
    found = products.gemini(
        f"gemini.{event}", column(row, "App name"), column(row, "Action"), who, domain
    )
    return msgspec.structs.replace(found, first_at=at, last_at=at)


def _gemini_use(row: Mapping[str, Any], domain: str) -> Iterator[Activity]:
    """The report of Gemini's use: how often somebody has used it in each app, and not when."""
    who = person(domain, column(row, "Email"), "")
    for app in ("Gmail", "Docs", "Sheets", "Slides", "Drive", "Meet", "Chat", "Gemini app"):
        said = column(row, app)
        if said.isdecimal() and len(said) < 10 and int(said):
            found = products.gemini("gemini.usage", app, "", who, domain)
            yield msgspec.structs.replace(found, count=int(said))


def _accessed(row: Mapping[str, Any], domain: str) -> Activity | None:
    """An application without the people: the console tells how many they are. One that is blocked
    is let in by nobody."""
    given = {name: text(value) for name, value in _APPS.record(row).items()}
    scopes = _ADDRESS.findall(given.get("scopes", ""))
    access, users = given.get("access", ""), given.get("users", "")
    found = _row(
        domain, "accessed apps", "" if access.casefold() == _BLOCKED else "contains", "",
        given.get("client", ""), given.get("label", ""), scopes,
    )  # fmt: skip
    if found is None:
        return None
    services = "" if scopes else cut(given.get("services", ""), _MOST_TEXT)
    told = (f"{users} users" if users else "", access, services)
    return msgspec.structs.replace(found, status=", ".join(filter(None, told)))


_ROWS = (
    (_LOG.fits, _logged),
    (partial(has_columns, names=_GAM_COLUMNS), _gam),
    (_APPS.fits, _accessed),
    (partial(has_columns, names=_GEMINI_COLUMNS), _gemini),
)
