"""Rows of ServiceNow's tables -> what the catalogue can judge. Pure.

The API gives each field as its value and as what people see; exported files give one of the two.
People are known by user name: logs and creators name nobody otherwise. A token opens what its
person may see; the token itself is never asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.kit.columns import Columns
from scanner.kit.folding import failed, mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.overlooked import Happened, telling
from scanner.kit.text import cut
from scanner.kit.values import hosts, mapping, text, when
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Item

NAMES = Names(source="servicenow", vendor="servicenow", tenant="instance")
PRODUCT, AGENT, SKILL = "servicenow.ai", "servicenow.agent", "servicenow.skill"
PROVIDER = "servicenow_now_assist"
DATA = OpenedData("servicenow", "token", {"records": ("ServiceNow records", "tickets")})
WATCHED = {
    "sn_aia_agent": "agent", "sn_nowassist_skill_config": "skill", "oauth_entity": "app",
}  # fmt: skip
"""Tables whose changes are told -> what a row of each is called here."""
_OWN_SCOPES = ("system", "guest", "")
_MOST_TEXT = 120


def value(record: Mapping[str, Any], name: str) -> str:
    told = record.get(name)
    return text(told.get("value")) if isinstance(told, Mapping) else text(told)


def shown(record: Mapping[str, Any], name: str) -> str:
    told = record.get(name)
    seen = text(told.get("display_value")) if isinstance(told, Mapping) else text(told)
    return seen or value(record, name)


def _person(org: str, name: str, mail: str = "", shown_as: str = "") -> Identity | None:
    """By user name; the system itself is nobody."""
    return None if name in _OWN_SCOPES else NAMES.person(org, name, mail or name, shown_as)


def _is_false(record: Mapping[str, Any], name: str) -> bool:
    return value(record, name).casefold() in ("false", "0")


# --- lists ----------------------------------------------------------------------------------------


def is_user(record: Mapping[str, Any]) -> bool:
    return {"user_name", "email"} <= record.keys()


def user(record: Any, org: str) -> list[Item] | None:
    given = mapping(record)
    name, mail = value(given, "user_name"), value(given, "email")
    if not name:
        return None
    return [
        NAMES.member(
            org,
            "sys_user",
            name,
            value(given, "name") or name,
            mail,
            is_active=not _is_false(given, "active"),
        )
    ]


def is_application(record: Mapping[str, Any]) -> bool:
    return {"name", "client_id"} <= record.keys() and "sys_created_on" in record


def application(record: Any, org: str) -> list[Item] | None:
    """One that signs in to the instance, or that the instance signs in to."""
    given = mapping(record)
    ident, name = value(given, "sys_id"), value(given, "name")
    if not ident or not name:
        return None
    kind = value(given, "type")
    places = value(given, "redirect_url").replace("\n", ",").split(",")
    is_outward = "provider" in kind
    if is_outward:
        places = [value(given, "auth_url"), value(given, "token_url")]
    said = ["the instance signs in to it" if is_outward else "",
            "not active" if _is_false(given, "active") else ""]  # fmt: skip
    who = _person(org, value(given, "sys_created_by"))
    return [
        NAMES.app(
            org, "oauth_entity", "created_by" if who else "contains", ident, name, actor=who,
            client_id=value(given, "client_id"), hosts=hosts(one.strip() for one in places),
            first_at=when(value(given, "sys_created_on")), status=", ".join(filter(None, said)),
        )
    ]  # fmt: skip


def is_token(record: Mapping[str, Any]) -> bool:
    return {"peer", "type"} <= record.keys()


def token(record: Any, org: str) -> list[Item] | None:
    """That an application may act for a person."""
    given = mapping(record)
    ident, label = value(given, "peer"), shown(given, "peer")
    if not ident:
        return None
    name = value(given, "user.user_name") or shown(given, "user")
    who = _person(org, name, shown_as=shown(given, "user"))
    store = (DATA.store("records", org),)
    at = when(value(given, "sys_created_on"))
    return [
        NAMES.app(
            org, "oauth_credential", "grants" if who else "contains", ident,
            "" if label == ident else label, actor=who, reads=store, writes=store, first_at=at,
            last_at=at,
        )
    ]  # fmt: skip


_OWN = {
    "sn_aia_agent": {"agent_role", "agent_type", "instructions", "internal_name", "agent_learning",
                     "compiled_handlebars_template", "channel"},
    "sn_nowassist_skill_config": {"skill_id", "skill_family", "skill_type", "workflow_id",
                                  "default_provider", "feature_id", "now_assist_skill"},
}  # fmt: skip
"""By what is known of the two tables, whose columns ServiceNow's pages do not list."""
_ASKED = {"sys_id", "name", "active", "sys_created_by", "sys_created_on"}


def _is_kind(record: Mapping[str, Any], table: str) -> bool:
    """Exports of one table look like those of another (any has a name, and who has made it): the
    class of the row tells, if it is there, else columns that this table has and others have not."""
    told = value(record, "sys_class_name") or value(record, "table")
    if told or not {"name", "sys_created_by"} <= record.keys():
        return told == table
    if isinstance(record, dict) and not record.keys() <= _ASKED:
        return bool(_OWN[table] & record.keys())
    # As the API is asked for them: only agents can be switched off.
    return ("active" in record) is (table == "sn_aia_agent")


def is_agent(record: Mapping[str, Any]) -> bool:
    return _is_kind(record, "sn_aia_agent")


def is_skill(record: Mapping[str, Any]) -> bool:
    return _is_kind(record, "sn_nowassist_skill_config")


def agent(record: Any, org: str) -> list[Item] | None:
    return _thing(record, org, "agent", AssetClass.AGENT, "sn_aia_agent")


def skill(record: Any, org: str) -> list[Item] | None:
    return _thing(record, org, "skill", AssetClass.INTEGRATION, "sn_nowassist_skill_config")


def _thing(
    record: Any, org: str, what: str, asset_class: AssetClass, rule: str
) -> list[Item] | None:
    given = mapping(record)
    ident, name = value(given, "sys_id"), value(given, "name")
    if not ident or not name:
        return None
    thing = NAMES.thing(
        org, what, ident, name, asset_class, provider=PROVIDER,
        created_at=when(value(given, "sys_created_on")),
        status="inactive" if _is_false(given, "active") else "",
    )  # fmt: skip
    return list(NAMES.listed(thing, rule, [_person(org, value(given, "sys_created_by"))]))


# --- logs -----------------------------------------------------------------------------------------


def is_use(record: Mapping[str, Any]) -> bool:
    return {"definition", "sys_created_by", "sys_created_on"} <= record.keys()


def use(record: Any, org: str) -> Happened | None:
    """A call of a capability by a person, or by the instance itself."""
    given = mapping(record)
    at, capability = when(value(given, "sys_created_on")), shown(given, "definition")
    if not is_use(given) or not (at or capability):
        return None
    thing = Asset(
        id=NAMES.node(org, "ai", "now-assist"), kind=PRODUCT, name=f"Now Assist of {org}",
        asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
    )  # fmt: skip
    one = NAMES.used(
        thing, "sys_generative_ai_log", actor=_person(org, value(given, "sys_created_by")),
        where=cut(capability, _MOST_TEXT), first_at=at, last_at=at,
    )  # fmt: skip
    ident = value(given, "sys_id") or mark_of((at, whole(given)))
    return ident, at, (failed(one) if value(given, "error_code") else one,)


def is_change(record: Mapping[str, Any]) -> bool:
    return {"tablename", "documentkey"} <= record.keys()


@telling(lambda record: value(record, "tablename"), WATCHED, names=NAMES)
def change(record: Any, org: str) -> Happened | None:
    """Who has changed an agent, a skill or an application: evidence of it, and no use."""
    given = mapping(record)
    table, key = value(given, "tablename"), value(given, "documentkey")
    at = when(value(given, "sys_created_on"))
    if not is_change(given) or not key:
        return None
    ident = value(given, "sys_id") or mark_of((at, whole(given)))
    what = WATCHED.get(table)
    if what is None:
        return ident, at, ()
    field, new = value(given, "fieldname"), value(given, "newvalue")
    said = f"{field}: {new}" if field == "active" else f"{field} changed"
    more: dict[str, Any] = {
        "actor": _person(org, value(given, "user")), "first_at": at, "last_at": at,
        "status": cut(said, _MOST_TEXT),
    }  # fmt: skip
    ends = _ends(field, new)
    rule = f"sys_audit {table}"
    if what == "app":
        if not ends:
            return ident, at, ()
        ends = Ends.PAUSED if ends is Ends.GONE else ends  # it can be recovered
        return ident, at, (NAMES.app(org, rule, "", key, "", ends=ends, **more),)
    asset_class = AssetClass.AGENT if what == "agent" else AssetClass.INTEGRATION
    thing = NAMES.thing(org, what, key, "", asset_class, provider=PROVIDER)
    ends = Ends.NOTHING if field == "RECOVERED" else ends  # seen since, it is there
    return ident, at, (NAMES.used(thing, rule, "", ends=ends, **more),)


def _ends(field: str, new: str) -> Ends:
    """https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0634666: the deletion
    of a record, and its recovery, are told as a field of their name."""
    if field == "DELETED":
        return Ends.GONE
    if field == "RECOVERED":
        return Ends.RESUMED
    if field != "active" or not new:
        return Ends.NOTHING
    return Ends.PAUSED if new.casefold() in ("false", "0") else Ends.RESUMED


# --- lists as people export them ------------------------------------------------------------------

_CREATED = {"sys_created_by": "Created by", "sys_created_on": ("Created", "Created on")}
APPLICATIONS = Columns(
    {
        "sys_id": "Sys ID", "name": "Name", "client_id": "Client ID", "type": "Type",
        "redirect_url": ("Redirect URL", "Redirect URLs"), "active": "Active",
        "auth_url": "Authorization URL", "token_url": "Token URL", **_CREATED,
    },
    needs=("name", "client_id"), without=("sys_created_on",),
)  # fmt: skip
TOKENS = Columns(
    {"peer": ("OAuth Entity", "Peer", "Application", "Application Registry"), "user": "User",
     "type": ("Type", "Token Type"), **_CREATED},
    needs=("peer", "user", "type"), without=("sys_created_on",),
)  # fmt: skip
PEOPLE = Columns(
    {"user_name": "User ID", "name": "Name", "email": "Email", "active": "Active"},
    needs=("user_name", "email"),
)  # fmt: skip
USES = Columns(
    {"sys_id": "Sys ID", "definition": ("Definition", "Capability definition", "Capability"),
     "error_code": "Error code", **_CREATED},
    needs=("definition", "sys_created_by", "sys_created_on"), without=("sys_created_on",),
)  # fmt: skip
"""Lists export their columns by label
(https://www.servicenow.com/docs, "Export data"); the CSV processor's URL with
``sysparm_default_export_fields=all`` by field."""


def application_row(record: Mapping[str, Any], org: str) -> list[Item] | None:
    """Without an id it is known by its client id."""
    given = APPLICATIONS.record(record)
    given.setdefault("sys_id", text(given.get("client_id")))
    if "provider" in text(given.get("type")).casefold():
        given["type"] = "oauth_provider"
    return application(given, org)
