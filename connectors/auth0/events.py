"""Auth0's applications, grants and log events -> what the catalogue can judge. Pure.

https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes. A failed exchange is evidence and
no use. An agent that acts in an exchange is told by its id; tokens and addresses are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from scanner.kit.expressions import expression
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData, Way, by_words
from scanner.kit.overlooked import Happened, telling
from scanner.kit.text import cut
from scanner.kit.values import hosts, items, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import AssetClass
from scanner.model.items import Activity, Item

NAMES = Names(source="auth0", vendor="auth0", tenant="tenant")
AGENT = "auth0.agent"
DATA = OpenedData(
    "auth0", "scope",
    {
        "apis": ("APIs behind Auth0", "apis"),
        "directory": ("people and organizations", "directory"),
        "audit": ("logs", "logs"),
        "settings": ("settings of the tenant", "settings"),
    },
)  # fmt: skip
_USED = ("s", "scoa", "ssa", "seacft", "seccft", "secte", "sede", "sens", "seoobft", "seotpft",
         "sepft", "sercft", "sertft", "seta",
         "ciba_exchange_succeeded", "idjag_exchange_succeeded",
         "success_on_behalf_of_token_exchange")  # fmt: skip
_FAILED = ("feacft", "feccft", "fecte", "fede", "fertft", "feta", "ciba_exchange_failed",
           "idjag_exchange_failed", "failed_on_behalf_of_token_exchange")  # fmt: skip
_CHANGED = "sapi"
_DELETED = "sdu"
KINDS = (*_USED, *_FAILED, _CHANGED, _DELETED)
"""Types of events that tell of an application, which are asked for."""
_REFUSED = expression(r"f[a-z]{0,9}|limit_[a-z]+|(?:signup_)?pwd_leak|[a-z_]+_failed")
"""Sign-ins and what else was refused, also blocked; anybody may try, and call themselves as they
like: it is counted by application, and nobody's. Logs are not asked for it."""
_OWN_API = "/api/v2/"
_IDENTITY = ("openid", "profile", "email", "address", "phone", "offline_access")
_MANAGED = {
    "users": "directory", "user": "directory", "organizations": "directory",
    "organization": "directory", "roles": "directory", "grants": "directory", "logs": "audit",
    "log": "audit", "clients": "settings", "client": "settings", "connections": "settings",
    "actions": "settings", "tenant": "settings", "resource": "settings",
}  # fmt: skip


def opened(audience: str, scopes: Iterable[str]) -> list[Way]:
    """Of the tenant's own Management API by noun; of any other API that it is one."""
    told = [one for one in scopes if one not in _IDENTITY]
    if audience.rstrip("/").endswith(_OWN_API.rstrip("/")):
        return [by_words(one, _MANAGED) for one in told]
    return [by_words(f"api {one}", {"api": "apis"}) for one in told]


def _app(
    org: str, rule: str, relation: str, ident: str, label: str, audience: str = "",
    scopes: Iterable[str] = (), **more: Any,
) -> Activity:  # fmt: skip
    held = tuple(sorted({one for one in scopes if one}))
    reads, writes = DATA.of(opened(audience, held), org)
    return NAMES.app(
        org, rule, relation, ident, label, client_id=ident, scopes=held, reads=reads,
        writes=writes, **more,
    )  # fmt: skip


# --- lists ----------------------------------------------------------------------------------------


def is_client(record: Mapping[str, Any]) -> bool:
    return "client_id" in record and bool(
        {"app_type", "callbacks", "is_first_party"} & record.keys()
    )


def client(record: Any, org: str) -> list[Item] | None:
    """An application; one of another party is told as such."""
    given = mapping(record)
    ident, name = text(given.get("client_id")), text(given.get("name"))
    if not ident:
        return None
    is_theirs = given.get("is_first_party") is False
    return [
        _app(org, "GET /api/v2/clients", "contains", ident, name, hosts=_places(given),
             status="of a third party" if is_theirs else "")
    ]  # fmt: skip


def _places(client: Mapping[str, Any]) -> tuple[str, ...]:
    """Where it returns to, and who describes it."""
    listed = (*items(client.get("callbacks")), *items(client.get("web_origins")))
    return hosts((*listed, client.get("initiate_login_uri"), client.get("external_client_id")))


def is_grant(record: Mapping[str, Any]) -> bool:
    return (
        bool({"client_id", "clientID"} & record.keys()) and {"audience", "scope"} <= record.keys()
    )


def grant(record: Any, org: str) -> list[Item] | None:
    """What an application may call alone, or for a person who has consented. ``client``: the
    application, where it is known."""
    given = mapping(record)
    ident = text(given.get("client_id")) or text(given.get("clientID"))
    if not ident:
        return None
    who = NAMES.person(org, text(given.get("user_id")))
    rule = "GET /api/v2/grants" if who else "GET /api/v2/client-grants"
    audience = text(given.get("audience"))
    scopes = map(text, items(given.get("scope")))
    relation = "grants" if who else "contains"
    client = mapping(given.get("client"))
    return [
        _app(org, rule, relation, ident, text(client.get("name")), audience, scopes, actor=who,
             hosts=_places(client), where=audience)
    ]  # fmt: skip


# --- log ------------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    inner = record.get("data")
    told = inner if isinstance(inner, Mapping) else record
    return "type" in told and bool({"log_id", "date"} & told.keys())


def _is_known(kind: str, _: Mapping[str, Any]) -> bool:
    return kind in KINDS or _REFUSED.fullmatch(kind) is not None


def _needed(kind: str, _: Mapping[str, Any]) -> str:
    if kind == _DELETED:
        return "data.user_id|user_id"
    if kind == _CHANGED or kind not in KINDS:
        return ""
    return "data.client_id|client_id|data.client_name|client_name|data.agent_id|agent_id"


def _client_of(record: Mapping[str, Any], label: str) -> str:
    given = mapping(record.get("data")) or record
    return text(given.get("client_id")) if text(given.get("client_name")) == label else ""


@telling("data.type|type", _is_known, _needed, NAMES, _client_of)
def event(record: Any, org: str) -> Happened | None:
    """One as the API tells it, or inside ``data``, as log streams send it."""
    outer = mapping(record)
    given = mapping(outer.get("data")) or outer
    kind, at = text(given.get("type")), when(given.get("date"))
    if not is_event(outer) or not kind:
        return None
    ident = text(given.get("log_id")) or text(outer.get("log_id")) or mark_of((at, whole(given)))
    if kind == _DELETED:
        whose = NAMES.person(org, text(given.get("user_id")), text(given.get("user_name")))
        return ident, at, NAMES.left(org, kind, whose, Ends.ALL, at)
    if kind == _CHANGED:
        return ident, at, tuple(_changed(given, org, at))
    is_refused = kind not in KINDS
    if is_refused and not _REFUSED.fullmatch(kind):
        return ident, at, ()
    one = _exchanged(given, org, kind, at)
    if one is None:
        return ident, at, ()
    if is_refused:
        one = msgspec.structs.replace(one, actor=None, scopes=(), reads=(), writes=())
    return ident, at, (failed(one) if is_refused or kind in _FAILED else one,)


def _exchanged(given: Mapping[str, Any], org: str, kind: str, at: str) -> Activity | None:
    key, label = text(given.get("client_id")), text(given.get("client_name"))
    who = NAMES.person(org, text(given.get("user_id")), text(given.get("user_name")))
    agent = text(given.get("agent_id"))
    if agent:
        outside = text(given.get("external_agent_id"))
        tags = {"external_id": outside, "client": label or key}
        thing = NAMES.thing(
            org, "agent", agent, outside or agent, AssetClass.AGENT,
            tags={name: value for name, value in tags.items() if value},
        )  # fmt: skip
        return NAMES.used(thing, kind, actor=who, first_at=at, last_at=at)
    if not key and not label:
        return None
    scopes = text(given.get("scope")).split()
    return _app(
        org, kind, "used_by", key or label, label, text(given.get("audience")), scopes, actor=who,
        first_at=at, last_at=at,
    )  # fmt: skip


_MADE = {"/api/v2/clients": "created_by", "/oidc/register": "created_by",
         "/api/v2/client-grants": "grants"}  # fmt: skip
"""Path of a call that makes something -> what it means."""


def _changed(given: Mapping[str, Any], org: str, at: str) -> Iterable[Activity]:
    """An application that is made or granted something, or one that has registered itself."""
    details = mapping(given.get("details"))
    request, response = mapping(details.get("request")), mapping(details.get("response"))
    path, method = text(request.get("path")).rstrip("/"), text(request.get("method")).casefold()
    if method in ("delete", "patch"):
        yield from _ended(given, org, at, path, method)
        return
    relation = _MADE.get(path, "") if method == "post" else ""
    if "dynamic client registration" in text(given.get("description")).casefold():
        relation = "created_by"
    made = {**mapping(request.get("body")), **mapping(response.get("body"))}
    key, label = (
        text(made.get("client_id")),
        text(made.get("name")) or text(made.get("client_name")),
    )
    if not relation or not (key or label):
        return
    user = mapping(mapping(request.get("auth")).get("user"))
    who = NAMES.person(
        org, text(user.get("user_id")) or text(given.get("user_id")), text(user.get("email")),
        text(user.get("name")),
    )  # fmt: skip
    places = (*items(made.get("callbacks")), *items(made.get("redirect_uris")))
    yield _app(
        org, cut(text(given.get("description")), 120) or _CHANGED, relation, key or label, label,
        text(made.get("audience")), map(text, items(made.get("scope"))), actor=who,
        hosts=hosts(places), first_at=at, last_at=at,
    )  # fmt: skip


def _ended(
    given: Mapping[str, Any], org: str, at: str, path: str, method: str
) -> Iterable[Activity]:
    """An application that is deleted, and a person who is deleted, blocked or let in again."""
    what, _, ident = path.removeprefix(_OWN_API).partition("/")
    ident = unquote(ident)
    request = mapping(mapping(given.get("details")).get("request"))
    rule = cut(text(given.get("description")), 120) or _CHANGED
    whose = text(mapping(request.get("query")).get("user_id"))
    if what == "grants" and method == "delete" and whose and not ident:
        # Every consent of a person is taken back at once.
        yield from NAMES.left(org, rule, NAMES.person(org, whose), Ends.ALL, at)
    if not ident or "/" in ident:
        return
    if what == "clients" and method == "delete":
        yield _app(org, rule, "", ident, "", ends=Ends.ALL, first_at=at, last_at=at)
    if what != "users":
        return
    ends = Ends.ALL
    if method == "patch":
        is_blocked = mapping(request.get("body")).get("blocked")
        if not isinstance(is_blocked, bool):
            return
        ends = Ends.PAUSED if is_blocked else Ends.RESUMED
    yield from NAMES.left(org, rule, NAMES.person(org, ident), ends, at)
