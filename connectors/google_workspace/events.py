"""Activities of the Reports API -> what the catalogue can judge. Pure: no network, no files.

https://developers.google.com/workspace/admin/reports/v1/appendix/activity describes them. Records
may hold anything anywhere: what is not of the form expected there counts as not given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from connectors.google_workspace import chrome, products
from connectors.google_workspace.names import SOURCE, app_id, domain_id, person
from connectors.google_workspace.scopes import data_of
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import gone
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, Untold, lacking
from scanner.kit.values import items, mapping, several, size, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Ends
from scanner.model.facts import Identity
from scanner.model.items import Activity

Told = Iterator[Activity]


def is_activity(record: Mapping[str, Any]) -> bool:
    ident = mapping(record.get("id"))
    return bool(text(ident.get("applicationName"))) and ("events" in record or "name" in record)


def happened(record: Any, domain: str) -> list[Happened] | None:
    """Its id, its time (empty: it tells none) and what it tells, and beside it those of its events
    that are not understood; None for what is no activity."""
    if not isinstance(record, Mapping) or not is_activity(record):
        return None
    ident = mapping(record["id"])
    at, report = stamp(ident.get("time")), text(ident["applicationName"])
    told = tuple(
        msgspec.structs.replace(one, first_at=at, last_at=at)
        for one in _told(record, report, domain)
    )
    number = text(ident.get("uniqueQualifier"))
    key = (text(ident.get("time")), number or whole(record), report)
    event = mark_of(key), at, told
    odd: list[Happened] = [
        Untold.of((mark_of((*key, str(n))) if n or told else event[0], at, ()), *one)
        for n, one in enumerate(_untold(record, report, domain, is_alone=not told))
    ]
    return [event, *odd] if told or not odd else odd


def share(record: Mapping[str, Any]) -> str:
    """What tells a record from others of its activity: some SIEMs write each event of one as a
    record of its own."""
    told = [(text(one.get("name")), whole(one.get("parameters"))) for one in _events(record)]
    return whole(told)


def _untold(
    record: Mapping[str, Any], report: str, domain: str, *, is_alone: bool
) -> Iterator[tuple[str, Mapping[str, Any], str, Callable[[str], tuple[NodeId, NodeId]] | None]]:
    """What tells nothing: of a type that is not known, or a known one that names no application.
    Type, fields, what it lacks, and where an application that it names is. ``is_alone``: no event
    of the activity tells anything."""
    events, read = _events(record), _REPORTS.get(report)
    for one in events if is_alone or len(events) > 1 else ():
        name = text(one.get("name"))
        given, kind = _parameters(one), f"{report}.{name}"
        if not is_alone and (read is None or any(read(name, given, None, domain))):
            continue
        if not _is_known(report, name):
            place = functools.partial(_placed, domain, given)
            more = {"actor": record.get("actor"), "status": one.get("status")}
            yield kind, {**given, **more}, "", place
            continue
        needs = _needed(report, name)
        if needs and (lacks := lacking(given, needs)):
            yield kind, given, lacks, None


def _placed(domain: str, given: Parameters, label: str) -> tuple[NodeId, NodeId]:
    return domain_id(domain), app_id(domain, _client_of(given, label), label)


def _is_known(report: str, name: str) -> bool:
    if report == "admin":
        return name in _ADMIN_APPS or name in _LEAVES or name == _REVOKED
    if report == "saml":
        return name in _SAML
    return name in TOKEN_EVENTS if report == "token" else report in _REPORTS


def _needed(report: str, name: str) -> str:
    """The parameters of which one must be given."""
    if name in _LEAVES:
        return "USER_EMAIL"
    if report == "admin":
        _, *keys = _ADMIN_APPS.get(name, ("", "APP_ID", ""))
        return "|".join(filter(None, keys))
    return {"token": "client_id|app_name", "saml": "application_name"}.get(report, "")


def _told(record: Mapping[str, Any], report: str, domain: str) -> Told:
    """Drive names the application that acts by the number of its project alone, with which the ids
    of that project's clients begin
    (https://developers.google.com/workspace/admin/reports/v1/appendix/activity/drive)."""
    actor = mapping(record.get("actor"))
    who = person(domain, text(actor.get("email")), text(actor.get("profileId")))
    read = _REPORTS.get(report)
    acting: dict[str, bool] = {}
    for event in _events(record):
        name, given = text(event.get("name")), _parameters(event)
        if read is not None:
            told = read(name, given, who, domain)
            yield from map(failed, told) if _has_failed(event) else told
        elif (project := text(given.get("originating_app_id"))).isdigit():
            acting[project] = acting.get(project, True) and _has_failed(event)
    info = mapping(actor.get("applicationInfo"))
    client = text(info.get("oauthClientId"))
    for project, has_failed in acting.items() if not client else ():
        one = _app(f"{report}.application", "used_by", who, domain, project, "")
        yield failed(one) if has_failed else one
    if client and report != "token":
        label = text(info.get("applicationName"))
        yield _app(f"{report}.application", "used_by", who, domain, client, label)
    yield from products.of_agent(mapping(actor.get("agentAttributionInfo")), who, domain)


def _events(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of an activity; some SIEMs write each of its events as a record of its own."""
    if "events" in record:
        return [mapping(one) for one in several(record["events"])]
    return [record] if text(record.get("name")) else []


def _has_failed(event: Mapping[str, Any]) -> bool:
    return text(mapping(event.get("status")).get("eventStatus")) == "FAILED"


def _parameters(event: Mapping[str, Any]) -> dict[str, Any]:
    """By name: text, a list, or for nested ones a list of mappings."""
    given = event.get("parameters")
    if by_name := mapping(given):
        return dict(by_name)
    return {text(one.get("name")): _value(one) for one in map(mapping, items(given))}


def _value(one: Mapping[str, Any]) -> Any:
    for key in ("value", "intValue", "boolValue", "multiValue", "multiIntValue"):
        if key in one:
            return one[key]
    nested = [*items(one.get("multiMessageValue")), one.get("messageValue")]
    return [
        {text(p.get("name")): _value(p) for p in map(mapping, items(m.get("parameter")))}
        for m in map(mapping, nested)
        if m
    ]


def _texts(value: Any) -> list[str]:
    """A list of texts, or one that several share."""
    if isinstance(value, list):
        return [found for one in value if (found := text(one))]
    return text(value).replace(",", " ").split()


def _app(
    rule: str, relation: str, who: Identity | None, domain: str, client: str, label: str,
    scopes: tuple[str, ...] = (), where: str = "", held: str = "", sent: int = 0,
) -> Activity:  # fmt: skip
    reads, writes = data_of(scopes, domain)
    return Activity(
        rule=rule,
        actor=who,
        account=domain_id(domain),
        app_id=app_id(domain, client, label),
        label=label,
        client_id=client,
        scopes=tuple(sorted(set(scopes))),
        relation=relation,
        reads=reads,
        writes=writes,
        where=where,
        resource=held,
        bytes_up=sent,
    )


# --- reports --------------------------------------------------------------------------------------

Parameters = Mapping[str, Any]
TOKEN_EVENTS = {
    "authorize": "grants", "activity": "used_by", "request": "", "revoke": "", "deny": "",
}  # fmt: skip


def _token(name: str, given: Parameters, who: Identity | None, domain: str) -> Told:
    client, label = text(given.get("client_id")), text(given.get("app_name"))
    if name not in TOKEN_EVENTS or not (client or label):
        return
    scopes = _texts(given.get("scope"))
    for one in items(given.get("scope_data")):
        scopes += _texts(mapping(one).get("scope_name"))
    relation = TOKEN_EVENTS[name]
    # What a call used is less than what was granted: the width of the flow is the grant's.
    granted = tuple(scopes) if relation == "grants" else ()
    sent = size(given.get("num_response_bytes")) if relation else 0
    yield _app(f"token.{name}", relation, who, domain, client, label, granted, sent=sent)


_SAML = ("login_success", "login_failure")
_REVOKED = "REVOKE_3LO_TOKEN"


def _saml(name: str, given: Parameters, who: Identity | None, domain: str) -> Told:
    label = text(given.get("application_name"))
    if not label or name not in _SAML:
        return
    relation = "" if name == "login_failure" else "used_by"
    yield _app(f"saml.{name}", relation, who, domain, "", label)


_ADMIN_APPS = {
    "AUTHORIZE_API_CLIENT_ACCESS": ("grants", "API_CLIENT_NAME", ""),
    "REMOVE_API_CLIENT_ACCESS": ("", "API_CLIENT_NAME", ""),
    "ADD_APPLICATION": ("created_by", "APPLICATION_ID", "APPLICATION_NAME"),
    "REMOVE_APPLICATION": ("", "APPLICATION_ID", "APPLICATION_NAME"),
    "ADD_TO_TRUSTED_OAUTH2_APPS": ("grants", "OAUTH2_APP_ID", "OAUTH2_APP_NAME"),
    "REMOVE_FROM_TRUSTED_OAUTH2_APPS": ("", "OAUTH2_APP_ID", "OAUTH2_APP_NAME"),
    "ADD_TO_LIMITED_OAUTH2_APPS": ("grants", "OAUTH2_APP_ID", "OAUTH2_APP_NAME"),
    "ADD_TO_BLOCKED_OAUTH2_APPS": ("", "OAUTH2_APP_ID", "OAUTH2_APP_NAME"),
}
"""Event -> what it means, and the parameters that hold the client's id and its name."""


_client_of = beside(
    ("", "client_id", "app_name"),
    *(("", key, name) for _, key, name in _ADMIN_APPS.values() if name),
)


_LEAVES = {
    "SUSPEND_USER": Ends.PAUSED, "UNSUSPEND_USER": Ends.RESUMED,
    "ARCHIVE_USER": Ends.PAUSED, "UNARCHIVE_USER": Ends.RESUMED,
    "DELETE_USER": Ends.PAUSED, "UNDELETE_USER": Ends.RESUMED,
}  # fmt: skip
"""What ends, rests or goes on with a person; who is deleted can be restored for twenty days
(https://developers.google.com/workspace/admin/reports/v1/appendix/activity/admin-user-settings)."""


def _admin(name: str, given: Parameters, who: Identity | None, domain: str) -> Told:
    """An administrator who takes back somebody's grant ends that person's, and none of their
    own."""
    if name in _ADMIN_APPS:
        relation, client_key, label_key = _ADMIN_APPS[name]
        client, label = text(given.get(client_key)), text(given.get(label_key))
        if client or label:
            is_delegation = "API_CLIENT" in name
            yield _app(
                f"admin.{name}", relation, who, domain, client, label,
                tuple(_texts(given.get("API_SCOPES"))),
                "domain-wide delegation" if is_delegation else "", _held(name, given, domain),
            )  # fmt: skip
        return
    if name in _LEAVES:
        whose = person(domain, text(given.get("USER_EMAIL")), "")
        yield from gone(domain_id(domain), f"admin.{name}", whose, _LEAVES[name], "")
        return
    if name == _REVOKED:
        client = text(given.get("APP_ID"))
        whose = person(domain, text(given.get("USER_EMAIL")), "")
        if client and whose:
            yield _app(f"admin.{name}", "", whose, domain, client, "")
        return
    yield from products.of_setting(name, given, domain)


def _held(name: str, given: Parameters, domain: str) -> str:
    """Where a setting of an application holds. Delegation is an access beside what people have
    granted; a setting of one organizational unit is of nobody outside it."""
    if "API_CLIENT" in name:
        return f"{domain_id(domain)}/domain-wide delegation"
    unit = text(given.get("ORG_UNIT_NAME")).strip("/")
    is_whole = unit.casefold() in ("", domain.casefold())
    return "" if is_whole else f"{domain_id(domain)}/unit/{unit}"


def _gemini(name: str, given: Parameters, who: Identity | None, domain: str) -> Told:
    app, action = text(given.get("app_name")), text(given.get("action"))
    yield products.gemini(f"{SOURCE}.{name}", app, action, who, domain)


def _product(key: str) -> _Reader:
    def read(name: str, given: Parameters, who: Identity | None, domain: str) -> Told:
        yield products.used(key, f"{key}.{name}", name, who, domain)

    return read


_Reader = Callable[[str, Parameters, Identity | None, str], Told]
_REPORTS: Mapping[str, _Reader] = {
    "token": _token,
    "saml": _saml,
    "admin": _admin,
    "gemini_in_workspace_apps": _gemini,
    "workspace_studio": _product("workspace_studio"),
    "gemini_notebook": _product("gemini_notebook"),
    "chrome": chrome.told,
}
"""Report -> its reader; of the others, agents and applications that act are told alone."""
REPORTS = tuple(_REPORTS)
