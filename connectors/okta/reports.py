"""Okta's reports as CSV: who is assigned which application, and how often applications are used.

https://help.okta.com, "Reports", names them (Current Assignments, App Usage, and recent ones of
access); which columns each has it does not say: known are Application Name or Application,
Application ID, User Login or Username, and times of assignment and last use. An assignment lets a
person in; use is told by count alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.okta.events import org_id
from scanner.kit.columns import Columns
from scanner.kit.folding import mark_of, whole
from scanner.kit.overlooked import Happened
from scanner.kit.text import cut
from scanner.kit.values import size, text, when
from scanner.model.base import NodeId
from scanner.model.facts import Identity, PrincipalType
from scanner.model.items import Activity

EXPORTS = (
    "the System Log (CSV)",
    "the report of current assignments, and of the use of applications (CSV)",
)
_APP = ("Application Name", "App Name", "Application", "App", "App Instance Name")
_APP_ID = ("Application ID", "App ID", "App Instance ID", "Application Instance ID")
_ASSIGNED = Columns(
    {
        "label": _APP, "app": _APP_ID, "user": ("User ID", "Okta User ID"),
        "login": ("User Login", "Login", "Username", "Okta Username", "User Email", "Email"),
        "name": ("User", "User Name", "Name"), "state": ("Status", "Application Status"),
        "at": ("User Assigned Date", "Assigned Date", "Assignment Date", "Date Assigned"),
        "last": ("Last Access", "Last Login", "Last SSO", "Last Accessed"),
    },
    needs=("label", "login", "at|app|last"), without=("eventType", "event_type", "uuid"),
)  # fmt: skip
_USED = Columns(
    {
        "label": _APP, "app": _APP_ID,
        "count": ("Number of logins", "Logins", "Total logins", "Login count", "Sign-ins"),
        "people": ("Unique users", "Users", "Distinct users"),
    },
    needs=("label", "count"), without=("eventType", "event_type", "uuid"),
)  # fmt: skip
_GONE = ("inactive", "deleted", "deactivated", "revoked")
_MOST_TEXT = 200


def is_row(record: Any) -> bool:
    return isinstance(record, Mapping) and (_ASSIGNED.fits(record) or _USED.fits(record))


def row(record: Mapping[str, Any], host: str) -> Happened | None:
    """A person's assignment, and its last use where it is told; or how often an application was
    signed in to. None for a row without an application."""
    ident = mark_of((whole(dict(record)),))
    if not _ASSIGNED.fits(record):
        given = {name: text(value) for name, value in _USED.record(record).items()}
        told = _of_app(given, host, "report of use", count=max(1, size(given.get("count"))))
        if told is None:
            return None
        return ident, "", (told,) if size(given.get("count")) else ()
    given = {name: text(value) for name, value in _ASSIGNED.record(record).items()}
    at, last = when(given.get("at")), when(given.get("last"))
    who = _person(given, host)
    is_gone = given.get("state", "").casefold() in _GONE
    assigned = _of_app(
        given, host, "report of assignments", relation="" if is_gone or who is None else "grants",
        actor=who, first_at=at, last_at=at, status=given.get("state", "").casefold(),
    )  # fmt: skip
    if assigned is None:
        return None
    used = _of_app(given, host, "report of last use", actor=who, first_at=last, last_at=last)
    return ident, last or at, (assigned, *((used,) if used is not None and last else ()))


def _of_app(given: Mapping[str, str], host: str, rule: str, **more: Any) -> Activity | None:
    label, app = cut(given.get("label", ""), _MOST_TEXT), given.get("app", "")
    if not label and not app:
        return None
    return Activity(
        rule=rule, account=org_id(host), app_id=NodeId(f"okta:{host}/app/{app or label}"),
        label=label, **more,
    )  # fmt: skip


def _person(given: Mapping[str, str], host: str) -> Identity | None:
    login, ident = given.get("login", ""), given.get("user", "")
    if not login and not ident:
        return None
    return Identity(
        id=NodeId(f"okta:{host}/user/{ident or login.casefold()}"), kind="okta.user",
        name=given.get("name") or login or ident, principal_type=PrincipalType.HUMAN,
        email=login.casefold() if "@" in login else "",
    )  # fmt: skip
