"""PingOne's users, applications and audit activities -> what the catalogue can judge. Pure.

https://developer.pingidentity.com/pingone-api/platform/audit-activities.html. What was denied or
failed is evidence and no use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.kit.columns import Columns
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData, Way, by_words
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.values import hosts, items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import AssetClass
from scanner.model.items import Item

NAMES = Names(source="pingone", vendor="pingone", tenant="environment")
AGENT = "pingone.agent"
DATA = OpenedData(
    "pingone", "scope",
    {
        "apis": ("APIs behind PingOne", "apis"),
        "directory": ("people, groups and devices", "directory"),
    },
)  # fmt: skip
_ACTIONS = {
    "USER.ACCESS_ALLOWED": "used_by",
    "USER.ACCESS_DENIED": "failed",
    "APPLICATION.CREATED": "created_by",
    "APPLICATION.DELETED": "",
}
_LEAVES = {"USER.DELETED": Ends.ALL}
_OWN = "PING_ONE_"
"""Types of PingOne's own applications begin with it."""
_FAILED = ("FAILED", "FAILURE")
_PLACES = ("homePageUrl", "initiateLoginUri", "loginPageUrl", "defaultTargetUrl", "spEntityId")
_LISTS = ("redirectUris", "acsUrls")


def is_user(record: Mapping[str, Any]) -> bool:
    return "username" in record and bool({"population", "lifecycle", "enabled"} & record.keys())


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    ident, mail = text(given.get("id")), text(given.get("email"))
    if not ident:
        return None
    name = mapping(given.get("name"))
    parts = " ".join(filter(None, (text(name.get("given")), text(name.get("family")))))
    return [
        NAMES.member(
            org,
            "GET users",
            ident,
            text(name.get("formatted")) or parts or text(given.get("username")) or ident,
            mail,
            is_active=given.get("enabled") is not False,
        )
    ]


# --- applications ---------------------------------------------------------------------------------


def granted(grants: Iterable[Any], names: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    """Type of the API and name of the scope, of each that an application was granted."""
    found = []
    for grant in grants:
        for scope in items(mapping(grant).get("scopes")):
            kind, name = names.get(text(mapping(scope).get("id")), ("", ""))
            if name:
                found.append([kind, name])
    return found


def opened(scopes: Iterable[tuple[str, str]]) -> list[Way]:
    """OpenID's own scopes say who somebody is, and open no data."""
    nouns = {"PINGONE_API": ("directory", "p1"), "CUSTOM": ("apis", "api")}
    ways = []
    for kind, name in scopes:
        if kind in nouns:
            noun, word = nouns[kind]
            ways.append(by_words(f"{word} {name}", {word: noun}))
    return ways


def is_application(record: Mapping[str, Any]) -> bool:
    return {"name", "protocol", "type"} <= record.keys()


def application(record: Any, org: str) -> list[Item] | None:
    """By where it is, its client id and name. What PingOne registers as an AI agent is one."""
    given = mapping(record)
    ident, label, kind = (text(given.get(one)) for one in ("id", "name", "type"))
    if not ident or not label:
        return None
    told = [[text(one) for one in items(pair)] for pair in items(given.get("granted"))]
    scopes = [(pair[0], pair[1]) for pair in told if len(pair) == 2]
    reads, writes = DATA.of(opened(scopes), org)
    listed = [place for one in _LISTS for place in items(given.get(one))]
    thing = None
    if "AGENT" in kind:
        thing = NAMES.thing(org, "agent", ident, label, AssetClass.AGENT)
    return [
        NAMES.app(
            org, "GET applications", "contains", ident, label, thing=thing,
            client_id=text(given.get("clientId")) or ident,
            hosts=hosts((*listed, *map(given.get, _PLACES))), reads=reads, writes=writes,
            scopes=tuple(sorted({name for _, name in scopes})),
            status="" if given.get("enabled") is not False else "disabled",
            first_at=when(given.get("createdAt")), is_first_party=kind.startswith(_OWN),
        )
    ]  # fmt: skip


# --- audit activities -----------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("action"), Mapping) and bool(
        {"recordedAt", "actors", "createdAt"} & record.keys()
    )


@telling(
    "action.type", _ACTIONS.keys() | _LEAVES.keys(),
    lambda kind, _: "actors.client" if kind.startswith("USER.ACCESS") else "resources", NAMES,
    beside(("resources", "id", "name")),
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind = text(mapping(given.get("action")).get("type"))
    at = when(given.get("recordedAt")) or when(given.get("createdAt"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("id")) or mark_of((at, whole(given)))
    relation = _ACTIONS.get(kind)
    actors = mapping(given.get("actors"))
    about = [mapping(one) for one in items(given.get("resources"))]
    if kind in _LEAVES:
        whose = next((one for one in about if text(one.get("type")) == "USER"), {})
        mail = text(whose.get("name"))
        who = NAMES.person(org, text(whose.get("id")), mail, mail)
        is_done = text(mapping(given.get("result")).get("status")).upper() not in _FAILED
        return ident, at, NAMES.left(org, kind, who, _LEAVES[kind], at) if is_done else ()
    app = next((one for one in about if text(one.get("type")) == "APPLICATION"), None)
    if app is None and kind.startswith("USER."):
        app = mapping(actors.get("client"))
    key, label = (text((app or {}).get(one)) for one in ("id", "name"))
    if relation is None or not (key or label):
        return ident, at, ()
    user = mapping(actors.get("user"))
    name = text(user.get("name"))
    one = NAMES.app(
        org, kind, "" if relation == "failed" else relation, key or label, label, client_id=key,
        actor=NAMES.person(org, text(user.get("id")), name, name), first_at=at, last_at=at,
    )  # fmt: skip
    status = text(mapping(given.get("result")).get("status")).upper()
    is_done = relation != "failed" and status not in _FAILED
    return ident, at, (one if is_done else failed(one),)


# --- the console's table --------------------------------------------------------------------------

TABLE = Columns(
    {
        "recordedAt": ("Timestamp", "Recorded at", "Date"), "action.type": ("Event Type", "Event"),
        "actors.client.name": ("Client", "Client name"),
        "actors.user.name": ("User Identity", "User", "Username"),
        "result.status": ("Result Status", "Result", "Status"),
        "about": ("Resource(s)", "Resources", "Resource"), "id": ("ID", "Activity ID"),
    },
    needs=("recordedAt", "action.type", "actors.client.name|about"),
)  # fmt: skip
"""Of Monitoring > Audit, downloaded as CSV
(https://docs.pingidentity.com/pingone/monitoring/p1_auditparameters.html lets fields be selected;
that the type of an event is in words there is known, and no page says it)."""
_ABOUT = ("APPLICATION", "USER")


def is_row(record: Mapping[str, Any]) -> bool:
    return TABLE.fits(record)


def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """As the API's activity: ``User Access Allowed`` is ``USER.ACCESS_ALLOWED``. Who and what are
    known by name alone."""
    given = TABLE.record(record)
    said = text(mapping(given.get("action")).get("type")).upper()
    noun, _, verb = said.partition(" ")
    kind = f"{noun}.{verb.replace(' ', '_')}" if verb else said
    about = text(given.pop("about", ""))
    if about and noun in _ABOUT:
        given["resources"] = [{"type": noun, "name": about}]
    return event({**given, "action": {"type": kind}}, org)
