"""Tables that Slack's consoles export -> what the catalogue can judge. Pure.

The list of members of a workspace
(https://slack.com/help/articles/115002835123), installed apps of an organization
(https://slack.com/help/articles/360000281563-Manage-apps-on-Enterprise-Grid), audit entries
(https://slack.com/help/articles/360000394286-Audit-logs-in-Slack), and integration logs as tables.
Their columns Slack lists nowhere as a whole and names otherwise from time to time: they are known
by several names, whatever their case, blanks and hyphens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.slack.events import ACTIONS, EVERYWHERE, NAMES, app
from scanner.kit.ai_words import said
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.values import when
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Item

Row = Mapping[str, Any]
AI = "slack.ai"
PROVIDER = "slack_ai"
_LOGGED = ("Action", "Actor", "Entity")
_SIGNS = expression(r"[\W_]+")
_APP = ("appname", "app", "apptitle", "integration", "integrationname", "apptype", "servicetype",
        "service")  # fmt: skip
_APP_ID = ("appid", "applicationid", "serviceid")
_OF_APPS = ("appid", "installedon", "appresolution", "installationpolicy", "accesslevel", "scopes",
            "permissions", "approvalstatus")  # fmt: skip
_SCOPES = ("scopes", "permissions", "oauthscopes", "scope")
_CHANGE = ("changetype", "change", "activity", "action", "event")
_WHEN = ("date", "datetime", "timestamp", "dateutc", "time", "dateinstalled", "installedat",
         "installationdate", "installdate", "dateadded", "installedon")  # fmt: skip
_WHO = ("installedby", "addedby", "useremail", "actoremail", "user", "username", "actor", "member",
        "approvedby")  # fmt: skip
_STATE = ("status", "appresolution", "installationpolicy", "approvalstatus", "resolution")
_USER_ID = ("userid", "memberid")
_OF_PEOPLE = ("status", "accounttype", "billingactive", "billingstatus", "has2fa")
_LET_IN = ("added", "installed", "enabled", "updated", "expanded", "approved", "authorized")
_NOT_IN = ("restricted", "requested", "pending", "denied", "declined", "uninstalled", "removed",
           "deleted", "disabled", "blocked")  # fmt: skip
_GONE = ("deactivated", "deleted", "inactive")
_USE = expression(
    r"summar|recap|search|question|prompt|answer|used|uses|usage|message|action|count"
)
"""In the name of a column that counts; others tell of a seat."""
_NO = frozenset(("", "0", "no", "false", "none", "n/a", "-", "off", "disabled", "inactive",
                 "unassigned", "not assigned", "n"))  # fmt: skip


def _plain(row: Row) -> dict[str, str]:
    return {
        _SIGNS.sub("", key).casefold(): value.strip()
        for key, value in row.items() if isinstance(key, str) and isinstance(value, str)
    }  # fmt: skip


def _cell(cells: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next(filter(None, (cells.get(name, "") for name in names)), "")


def _has(cells: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return any(name in cells for name in names)


def _scopes(cells: Mapping[str, str]) -> list[str]:
    return _cell(cells, _SCOPES).replace(";", ",").replace(" ", ",").split(",")


def _who(cells: Mapping[str, str], org: str) -> Identity | None:
    who, ident = _cell(cells, _WHO), _cell(cells, _USER_ID)
    return NAMES.person(org, ident, who if "@" in who or not ident else "", who)


# --- apps -----------------------------------------------------------------------------------------


def is_app(record: Row) -> bool:
    cells = _plain(record)
    has_name = _has(cells, _APP) or "name" in cells
    return has_name and _has(cells, _OF_APPS) and not _has(cells, ("email", "accounttype"))


def installed(record: Row, org: str) -> list[Item] | None:
    """A row of a table of apps. A restriction removes no app that is installed."""
    cells = _plain(record)
    key, label = _cell(cells, _APP_ID), _cell(cells, (*_APP, "name"))
    if not key and not label:
        return None
    at = next(filter(None, (when(cells.get(name, "")) for name in _WHEN)), "")
    who, state = _who(cells, org), _cell(cells, _STATE).casefold()
    is_out = state.startswith(_NOT_IN) and not (
        state.startswith("restricted") and _cell(cells, ("installedon", "workspaces"))
    )
    relation = "" if is_out else "grants" if who else "contains"
    return [
        app(org, "apps", relation, key, label, _scopes(cells), actor=who, first_at=at, last_at=at)
    ]


def is_change(record: Row) -> bool:
    cells = _plain(record)
    return _has(cells, _APP) and _has(cells, _CHANGE) and _has(cells, _WHEN)


def change(record: Row, org: str) -> Happened | None:
    """A row of integration logs. What it ends is of whoever it names, as in the API's."""
    cells = _plain(record)
    key, label = _cell(cells, _APP_ID), _cell(cells, _APP)
    kind = _cell(cells, _CHANGE).casefold()
    if not kind or not (key or label):
        return None
    words = [one.rstrip(".,") for one in kind.split()]
    done = next((one for one in words if one in (*_LET_IN, *_NOT_IN)), words[-1])
    at = when(_cell(cells, _WHEN))
    one = app(
        org, f"integration.{done}", "grants" if done in _LET_IN else "", key, label,
        _scopes(cells), actor=_who(cells, org), first_at=at, last_at=at, is_own=True,
    )  # fmt: skip
    return mark_of((at, whole(record))), at, (one,)


# --- people ---------------------------------------------------------------------------------------


def is_person(record: Row) -> bool:
    cells = _plain(record)
    is_named = _has(cells, (*_USER_ID, "email"))
    return is_named and _has(cells, _OF_PEOPLE) and not _has(cells, (*_APP, "useragent"))


def person(record: Row, org: str) -> list[Item] | None:
    """A person, with a seat or use of Slack's AI where a column tells of it; or the bot of an app,
    which says that the app is in the workspace."""
    cells = _plain(record)
    ident, mail = _cell(cells, _USER_ID), _cell(cells, ("email", "emailaddress"))
    name = _cell(cells, ("fullname", "realname", "name", "displayname", "username"))
    state = _cell(cells, ("status", "accounttype")).casefold()
    if not ident and "@" not in mail:
        return None
    if state == "bot":
        return [app(org, "members", "contains", name or ident, name or ident, (),
                    status="has a bot user")]  # fmt: skip
    node = NAMES.node(org, "user", ident or mail)
    is_active = not state.startswith(_GONE) and not cells.get("deactivateddateutc")
    who = Identity(
        id=node, kind=NAMES.user_kind, name=name or mail or ident,
        principal_type=PrincipalType.HUMAN, email=mail.casefold() if "@" in mail else "",
        is_active=is_active, evidence=(NAMES.evidence("members", node),),
        tags={"user_type": "guest"} if "guest" in state else {},
    )  # fmt: skip
    return [who, *(_of_ai(record, org, who) if is_active else ())]


def _of_ai(record: Row, org: str, who: Identity) -> Iterator[Activity]:
    thing = Asset(
        id=NAMES.node(org, "ai", "slack-ai"), kind=AI, name=f"Slack AI of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip
    for name, value in record.items():
        told = value.strip().casefold() if isinstance(value, str) else ""
        if told in _NO or not said(name.replace("_", " ").replace("-", " ")):
            continue
        count = int(told) if told.isdecimal() and _USE.search(name.casefold()) else 0
        yield NAMES.used(
            thing, f"members {name.strip()}"[:80], "used_by" if count else "grants", actor=who,
            count=count or 1, where="" if count else "seat",
        )  # fmt: skip


# --- audit entries --------------------------------------------------------------------------------


def is_logged(record: Row) -> bool:
    return has_columns(record, _LOGGED)


def _action(record: Row) -> str:
    return column(record, "Action").casefold().replace(" ", "_")


@telling(_action, ACTIONS, names=NAMES)
def logged(record: Row, org: str) -> Happened | None:
    """A row of the console's table of audit entries, which names an app and has no scopes."""
    action = _action(record)
    at, label = when(column(record, "Date (UTC)", "Date")), column(record, "Entity")
    if not action or (action in ACTIONS and not label):
        return None
    mark = mark_of((at, whole(record)))
    if action not in ACTIONS:
        return mark, at, ()
    who = NAMES.person(org, "", column(record, "Actor email"), column(record, "Actor"))
    one = app(
        org, action, ACTIONS[action], "", label, (), actor=who, first_at=at, last_at=at,
        is_own=action not in EVERYWHERE,
    )  # fmt: skip
    return mark, at, (one,)
