"""Records and event logs of Salesforce -> apps, grants, agents, use. Pure.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/ (of event
log files: sforce_api_objects_eventlogfile_supportedeventtypes.htm there).
Names of records and what a query asked for are not kept: of what an app read, its class is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scanner.kit.columns import Columns
from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened, telling
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import mapping, size, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity, PrincipalType
from scanner.model.items import Activity, Item

NAMES = Names(source="salesforce", vendor="salesforce", tenant="org")
PROVIDER = "salesforce_einstein"
AGENT, EINSTEIN = "salesforce.agent", "salesforce.einstein"
DATA = OpenedData("salesforce", "entity", {
    "customers": ("Salesforce accounts, contacts and leads", "customer records"),
    "sales": ("Salesforce opportunities, orders and contracts", "customer records"),
    "service": ("Salesforce cases", "tickets"),
    "files": ("Salesforce files", "files"),
    "mail": ("Salesforce e-mail", "mail"),
    "calendar": ("Salesforce events and tasks", "calendar"),
    "documents": ("Salesforce Knowledge", "documents"),
    "directory": ("Salesforce users and permissions", "directory"),
    "records": ("Salesforce records of the organization's own objects", "customer records"),
})  # fmt: skip
_ENTITIES = {
    "account": "customers", "contact": "customers", "lead": "customers", "individual": "customers",
    "campaign": "customers", "campaignmember": "customers", "opportunity": "sales",
    "opportunitylineitem": "sales", "quote": "sales", "order": "sales", "contract": "sales",
    "case": "service", "casecomment": "service", "messagingsession": "service",
    "livechattranscript": "service", "contentversion": "files", "contentdocument": "files",
    "attachment": "files", "document": "files", "emailmessage": "mail", "event": "calendar",
    "task": "calendar", "knowledge__kav": "documents", "knowledgearticleversion": "documents",
    "user": "directory", "profile": "directory", "permissionset": "directory",
    "group": "directory",
}  # fmt: skip
"""Object, in lower case -> noun of its data; one whose name ends in ``__c`` is the org's own."""
_AI = expression(r"einstein|agentforce|copilot|gen ?ai\b|generative|prompt ?template|\bbots?\b")
_APP_WORDS = ("connected app", "connectedapp", "external client app", "oauth")
_NAMED = expression(
    r"(?i)\b(?:connected|external client) app (\S[^,]{0,100}?)"
    r"(?:\.?$|, | from | to | for | by | was | is )"
    r"|^(\S[^,]{0,100}?) (?:connected|external client) app was "
)
"""A name may have points in it (Otter.ai), not a comma."""
_SETS = ("changed ", "policy", "permitted users", "updated ")
"""What is set of an app that is there lets nobody in."""
_ZONES = {
    "PST": "-0800", "PDT": "-0700", "MST": "-0700", "MDT": "-0600", "CST": "-0600", "CDT": "-0500",
    "EST": "-0500", "EDT": "-0400",
}  # fmt: skip
"""Names of zones whose meaning https://www.rfc-editor.org/rfc/rfc5322#section-4.3 fixes."""
_ENDED = ("delete", "remove", "disable", "deactivat", "revoke", "uninstall", "block")
_READS = ("query", "retrieve", "describe", "get", "search")
_CALLS = ("ApiTotalUsage", "API", "RestApi", "BulkApi", "BulkApi2", "ConnectedApp")
"""Types of events whose rows name the application that has called."""
_CALLERS = frozenset({"CONNECTED_APP_ID", "CONNECTED_APP_NAME", "CLIENT_NAME"})
_BY_OAUTH, _NO_APP = "Remote Access", ("", "N/A", "Unknown", "Browser")
_MOST_TEXT = 120
Row = Mapping[str, Any]


def user_of(org: str, ident: str, mail: str = "", name: str = "") -> Identity | None:
    """Ids have 15 characters, or 18 with a checksum: both are one person."""
    return NAMES.person(org, ident[:15], mail, name)


# --- lists ----------------------------------------------------------------------------------------


def user(row: Row, org: str, rule: str) -> list[Item] | None:
    ident, name = text(row.get("Id")), text(row.get("Name"))
    if not ident:
        return None
    mail = text(row.get("Email")) or text(row.get("Username"))
    is_person = text(row.get("UserType")) in ("Standard", "PowerPartner", "")
    return [
        NAMES.member(
            org,
            rule,
            ident[:15],
            name or mail or ident,
            mail,
            principal_type=PrincipalType.HUMAN if is_person else PrincipalType.SERVICE,
            is_active=row.get("IsActive") is not False,
            tags={"department": found} if (found := text(row.get("Department"))) else {},
        )
    ]


def application(row: Row, org: str, rule: str) -> list[Item] | None:
    """A connected app that the org knows; people's grants name it alike."""
    name = text(row.get("Name"))
    if not name:
        return None
    approved = row.get("OptionsAllowAdminApprovedUsersOnly")
    status = "for approved users" if approved is True else ""
    return [
        NAMES.app(
            org, rule, "contains", name, name, first_at=when(row.get("CreatedDate")), status=status
        )
    ]


def token(row: Row, org: str, rule: str) -> list[Item] | None:
    """What a person let an app do in their name, and how often it has."""
    name, ident = text(row.get("AppName")), text(row.get("UserId"))
    if not name or not ident:
        return None
    who = user_of(org, ident)
    count = row.get("UseCount")
    used, first = when(row.get("LastUsedDate")), when(row.get("CreatedDate"))
    found: list[Item] = [NAMES.app(org, rule, "grants", name, name, actor=who, first_at=first)]
    if times := size(count):
        found.append(
            NAMES.app(
                org, rule, "used_by", name, name, actor=who, count=times,
                first_at=first, last_at=used,
            )
        )  # fmt: skip
    return found


USAGE = Columns(
    {
        "AppName": ("Connected App", "App Name", "Application", "Connected App Name"),
        "users": ("User Count", "Users", "Number of Users"),
        "state": ("Status", "App Status", "Actions"),
    },
    needs=("AppName", "users"),
)  # fmt: skip
"""Of the page Connected Apps OAuth Usage (https://help.salesforce.com), which has no export of its
own: its table is copied, or is a report."""


def usage(record: Row, org: str) -> list[Item] | None:
    """An app that people have let in, without the people: how many they are."""
    given = USAGE.record(record)
    name, users, state = (text(given.get(one)) for one in ("AppName", "users", "state"))
    if not name:
        return None
    is_blocked = "blocked" in state.casefold()
    status = f"{users} users" if users else ""
    return [
        NAMES.app(
            org, "Connected Apps OAuth Usage", "" if is_blocked else "contains", name, name,
            status=", ".join(filter(None, (status, "blocked" if is_blocked else ""))),
        )
    ]  # fmt: skip


def agent(row: Row, org: str, rule: str) -> list[Item] | None:
    """A bot, or an agent of Agentforce: the objects are of AI alone."""
    key = text(row.get("DeveloperName"))
    if not key:
        return None
    kind = text(row.get("Type")) or text(row.get("AgentType")) or text(row.get("PlannerType"))
    thing = NAMES.thing(
        org, "agent", key, text(row.get("MasterLabel")) or key, AssetClass.AGENT,
        provider=PROVIDER, created_at=when(row.get("CreatedDate")),
        tags={"agent_type": kind} if kind else {},
    )  # fmt: skip
    owner = text(row.get("CreatedById"))
    found = list(NAMES.listed(thing, rule))
    if owner:
        who = user_of(org, owner)
        if who is not None:
            found.append(NAMES.used(thing, rule, "created_by", actor=who))
    return found


# --- setup audit trail ----------------------------------------------------------------------------


def einstein(org: str) -> Asset:
    return Asset(
        id=NAMES.node(org, "ai", "einstein"), kind=EINSTEIN, name=f"Salesforce Einstein of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip


def _is_of_an_app(action: str, given: Row) -> bool:
    words = f"{action} {text(given.get('Section'))}".casefold()
    return any(word in words for word in _APP_WORDS)


@telling("Action", _is_of_an_app, "Display", NAMES)
def setup(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    at, action = when(given.get("CreatedDate")), text(given.get("Action"))
    if not action:
        return None
    ident = text(given.get("Id")) or mark_of((at, whole(given)))
    maker = mapping(given.get("CreatedBy"))
    who = user_of(
        org, text(given.get("CreatedById")), text(maker.get("Email")), text(maker.get("Name"))
    )
    section = text(given.get("Section"))
    return ident, at, tuple(_set_up(org, action, text(given.get("Display")), section, who, at))


def is_setup_row(record: Row) -> bool:
    """Of the table that *View Setup Audit Trail* downloads
    (https://help.salesforce.com/s/articleView?id=sf.admin_monitorsetup.htm)."""
    return has_columns(record, ("Date", "User", "Action", "Section"))


@telling(lambda given: column(given, "Section"), _is_of_an_app, "Action|action", NAMES)
def setup_row(record: Any, org: str) -> Happened | None:
    """There the action is what the API calls ``Display``; people are called by user name."""
    given = mapping(record)
    at, said = _row_time(column(given, "Date")), column(given, "Action")
    section = column(given, "Section")
    if not said:
        return None
    who = user_of(org, "", column(given, "User"))
    ident = mark_of((at, whole(given)))
    return ident, at, tuple(_set_up(org, section or "console", said, section, who, at))


def _row_time(said: str) -> str:
    """In the downloading person's zone, by its name."""
    rest, _, zone = said.rpartition(" ")
    return when(f"{rest} {_ZONES[zone]}" if zone in _ZONES else said)


def _set_up(
    org: str, action: str, said: str, section: str, who: Identity | None, at: str
) -> Iterator[Activity]:
    words = f"{action} {said} {section}".casefold()
    has_ended = any(word in words for word in _ENDED)
    is_set = any(word in said.casefold() for word in _SETS)
    relation = "" if has_ended else "contains" if is_set else "grants"
    told: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    rule = cut(f"setup.{action}", _MOST_TEXT)
    if any(word in words for word in _APP_WORDS):
        label = _quoted(said)
        if label:
            ends = Ends.ALL if has_ended else Ends.NOTHING
            yield NAMES.app(org, rule, relation, label, label, ends=ends, **told)
    elif _AI.search(words):
        yield NAMES.used(einstein(org), rule, relation, **told)


def _quoted(said: str) -> str:
    """The name in a sentence: between quotes, behind a colon, or behind the noun at its end."""
    for mark in ('"', "'"):
        parts = said.split(mark)
        if len(parts) > 2 and parts[1].strip():
            return cut(parts[1].strip(), _MOST_TEXT)
    if ": " in said:
        return cut(said.rpartition(": ")[2].strip(), _MOST_TEXT)
    hit = _NAMED.search(said)
    return cut((hit[1] or hit[2]).strip(), _MOST_TEXT) if hit else ""


# --- event log files ------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"EVENT_TYPE", "TIMESTAMP"} <= record.keys()


def _unnamed(_: str, given: Row) -> str:
    """A call of a person's own has none of these filled; in another shape none is there."""
    return "" if _CALLERS & given.keys() else "|".join(sorted(_CALLERS))


@telling("EVENT_TYPE", _CALLS, _unnamed, NAMES)
def event(record: Any, org: str) -> Happened | None:
    """A call of an app: which, by whom, to which object. Others are left."""
    given = mapping(record)
    if not is_event(given):
        return None
    at = when(given.get("TIMESTAMP_DERIVED")) or when(given.get("TIMESTAMP"))
    ident = mark_of((at, whole(given)))
    label, client = text(given.get("CONNECTED_APP_NAME")), text(given.get("CONNECTED_APP_ID"))
    label = label or text(given.get("CLIENT_NAME"))
    if not label and not client:
        return ident, at, ()
    mail = text(given.get("USER_NAME"))
    who = user_of(org, text(given.get("USER_ID")), mail)
    entity = text(given.get("ENTITY_NAME")).casefold()
    noun = _ENTITIES.get(entity) or ("records" if entity.endswith("__c") else "")
    method = (text(given.get("HTTP_METHOD")) or text(given.get("METHOD_NAME"))).casefold()
    is_read = not method or method.startswith(_READS)
    stores = (DATA.store(noun, org),) if noun else ()
    one = NAMES.app(
        org, f"event.{text(given.get('EVENT_TYPE'))}", "used_by", label or client, label,
        client_id=client, actor=who, first_at=at, last_at=at,
        reads=stores if is_read else (), writes=() if is_read else stores,
    )  # fmt: skip
    return ident, at, (one,)


# --- sign-ins -------------------------------------------------------------------------------------


def is_sign_in(record: Mapping[str, Any]) -> bool:
    """A row of LoginHistory, or of its table as Setup exports it."""
    return has_columns(record, ("LoginType", "LoginTime", "Application")) or has_columns(
        record, ("Login Type", "Login Time", "Application")
    )


def sign_in(record: Any, org: str) -> Happened | None:
    """A connected app that came in as a person, by OAuth; of other ways in ``Application`` is a
    browser or a tool of Salesforce's
    (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_loginhistory.htm)."""
    given = mapping(record)
    at = _row_time(column(given, "LoginTime", "Login Time"))
    ident = text(given.get("Id")) or mark_of((at, whole(given)))
    label = cut(column(given, "Application"), _MOST_TEXT)
    if not column(given, "LoginType", "Login Type").startswith(_BY_OAUTH) or label in _NO_APP:
        return ident, at, ()
    who = user_of(org, column(given, "UserId"), column(given, "Username"))
    one = NAMES.app(
        org, "login_history", "used_by", label, label, actor=who, first_at=at, last_at=at
    )
    return ident, at, (one if column(given, "Status") == "Success" else failed(one),)
