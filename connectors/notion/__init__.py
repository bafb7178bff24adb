"""Notion: people and integrations of a workspace, and its audit log from exported files.

https://developers.notion.com/reference/get-users: each integration that is connected shows as a
bot. The audit log (Enterprise) is sent to a SIEM or exported by Notion; no API lists it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from scanner.kit.administered import (
    Administration,
    Kind,
    Listed,
    Reading,
    Settings,
    bearer,
    odd_gap,
    read,
    session,
)
from scanner.kit.contract import ConnectorSpec, Context
from scanner.kit.expressions import expression
from scanner.kit.folding import mark_of, whole
from scanner.kit.named import Names
from scanner.kit.opened import OpenedData
from scanner.kit.outcomes import beside
from scanner.kit.overlooked import Happened, telling
from scanner.kit.paged import by_cursor
from scanner.kit.records import column, has_columns
from scanner.kit.text import cut
from scanner.kit.values import mapping, text, when
from scanner.model.base import NodeId
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity, Item

NAMES = Names(source="notion", vendor="notion", tenant="workspace")
PRODUCT, AGENT = "notion.ai", "notion.agent"
PROVIDER = "notion_ai"
DATA = OpenedData("notion", "integration", {"pages": ("Notion pages and databases", "documents")})
Part = Literal["people"]
USERS = read(
    "/v1/users", "internal integration with user information", "people, integrations as bots"
)
_VERSION = "2022-06-28"
_ENDED = ("disconnect", "removed", "deleted", "revoked", "disabled", "uninstalled")
_CREATED = ("created", "added", "installed", "connected", "authorized", "approved")
_APPS = ("integration", "connection", "mcp")
_AI = expression(r"(?:^|[._])(?:ai|custom_agents?|agents?)(?:[._]|$)")
_AGENT = expression(r"(?:^|[._ ])(?:custom_agents?|agents?)(?:[._ ]|$)")
_OF_ALL = expression(
    r"(?:integration|connection|mcp)\w*[._ ](?:deleted|uninstalled)$"
    r"|workspace[._ ].*(?:removed|deleted)$"
    r"|(?:removed|deleted|uninstalled)[._ ]from[._ ](?:the[._ ])?workspace$"
)
"""An integration that goes from the workspace, not from a page or a person."""
_LEFT = expression(
    r"^(?!(?:teamspace|page|group|database|data_source|form)s?[._ ])(?:.*[._ ])?"
    r"(?:members?|users?|accounts?)[._ ](removed|deleted|deactivated|suspended|left"
    r"|reactivated|unsuspended)(?:[._ ]from[._ ](?:the[._ ])?(?:workspace|organization))?$"
)
"""https://developers.notion.com/compliance/audit-log-events: of workspaces and of accounts;
who leaves a teamspace or a page goes on in the workspace."""
_RESTS = {"deactivated": Ends.PAUSED, "suspended": Ends.PAUSED, "reactivated": Ends.RESUMED,
          "unsuspended": Ends.RESUMED}  # fmt: skip
_ABOUT = (
    "details.integration|details.integration_id|details.integration_name|details.target"
    "|details.name|details.id|details.user"
)
_ROW = ("timestamp", "event")
_MOST_TEXT = 120


class NotionConfig(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, or files exported from one."""

    token_env: str = "NOTION_TOKEN"  # noqa: S105 - the variable's name
    """Environment variable with the secret of an internal integration."""
    url: str = "https://api.notion.com"
    parts: tuple[Part, ...] = ("people",)


def _access(ctx: Context[NotionConfig]) -> Any:
    headers = bearer(ctx, hint=" to the secret of an internal integration")
    return session(ctx, (USERS,), {**headers, "Notion-Version": _VERSION})


def is_user(record: Mapping[str, Any]) -> bool:
    return text(record.get("object")) == "user" and "id" in record


def user(record: Any, org: str) -> list[Item] | None:
    """A person; or an integration, and whose it is, which may read what it was shared."""
    given = mapping(record)
    ident, name = text(given.get("id")), text(given.get("name"))
    if not ident:
        return None
    if text(given.get("type")) != "bot":
        mail = text(mapping(given.get("person")).get("email"))
        return [NAMES.member(org, USERS.id, ident, name or mail or ident, mail)]
    owner = mapping(mapping(given.get("bot")).get("owner"))
    person = mapping(owner.get("user"))
    who = NAMES.person(
        org, text(person.get("id")), text(mapping(person.get("person")).get("email")),
        text(person.get("name")),
    )  # fmt: skip
    shown = f"of the {text(owner.get('type'))}" if owner.get("type") else ""
    return [
        NAMES.app(
            org, USERS.id, "grants" if who else "contains", ident, name, actor=who, status=shown,
            reads=(DATA.store("pages", org),),
        )
    ]  # fmt: skip


def people(reading: Reading) -> Iterator[Item]:
    odd = 0
    found = by_cursor(
        reading.access, "/v1/users", {"page_size": "100"}, items="results", cursor="next_cursor",
        param="start_cursor",
    )  # fmt: skip
    for record in found:
        told = user(record, reading.org)
        odd += told is None
        yield from told or ()
    yield from odd_gap(odd, USERS.id)


# --- audit log ------------------------------------------------------------------------------------


def is_event(record: Mapping[str, Any]) -> bool:
    return {"type", "actor", "timestamp"} <= record.keys() and "workspace_id" in record


def _is_known(kind: str, _: Mapping[str, Any]) -> bool:
    plain = kind.casefold()
    is_left = _LEFT.search(plain.replace(" ", "_")) is not None
    return any(word in plain for word in _APPS) or bool(_AI.search(plain)) or is_left


@telling(
    "type", _is_known, _ABOUT, NAMES,
    beside(
        ("details.integration", "id", "name"), ("details.target", "id", "name"),
        ("details", "integration_id", "integration_name"), ("details", "id", "name"),
    ),
)  # fmt: skip
def event(record: Any, org: str) -> Happened | None:
    """What is done with integrations, and with Notion's own AI; told by the words of its type."""
    given = mapping(record)
    kind, at = text(given.get("type")), when(given.get("timestamp"))
    if not is_event(given) or not kind:
        return None
    ident = mark_of((text(given.get("id")), at, whole(given)))
    details = mapping(given.get("details")) or mapping(given.get(kind))
    about = mapping(details.get("integration")) or mapping(details.get("target")) or details
    label = text(about.get("name")) or text(details.get("integration_name"))
    key = text(about.get("id")) or text(details.get("integration_id"))
    actor = mapping(given.get("actor"))
    who = NAMES.person(
        org, text(actor.get("id")), text(mapping(actor.get("person")).get("email"))
    )  # fmt: skip
    if left := _LEFT.search(kind.casefold()):
        user = mapping(details.get("user")) or about
        key = text(user.get("id")) or text(user.get("user_id"))
        mail = text(mapping(user.get("person")).get("email")) or text(user.get("email"))
        return ident, at, _gone(left[1], kind, NAMES.person(org, key, mail), org, at)
    key = key or text(about.get("agent_id"))
    return ident, at, _told(kind, label, key, who, org, at)


def _gone(done: str, kind: str, whom: Identity | None, org: str, at: str) -> tuple[Activity, ...]:
    return NAMES.left(org, kind, whom, _RESTS.get(done, Ends.ALL), at)


def _told(
    kind: str, label: str, key: str, who: Identity | None, org: str, at: str
) -> tuple[Activity, ...]:
    plain = kind.casefold()
    has_ended = any(word in plain for word in _ENDED)
    relation = "" if has_ended else "grants" if any(w in plain for w in _CREATED) else "used_by"
    more: dict[str, Any] = {"actor": who, "first_at": at, "last_at": at}
    if any(word in plain for word in _APPS):
        if not key and not label:
            return ()
        reads = (DATA.store("pages", org),) if relation else ()
        ends = Ends.ALL if has_ended and _OF_ALL.search(plain) else Ends.NOTHING
        return (
            NAMES.app(org, kind, relation, key or label, label, reads=reads, ends=ends, **more),
        )
    if _AGENT.search(plain) and (key or label):
        # One agent that goes is not Notion's AI as a whole.
        agent = NAMES.thing(org, "agent", key or label, label, AssetClass.AGENT, provider=PROVIDER)
        relation = "created_by" if "created" in plain else relation
        ends = Ends.GONE if plain.endswith("deleted") else Ends.NOTHING
        return (NAMES.used(agent, kind, relation, ends=ends, **more),)
    if _AI.search(plain):
        thing = Asset(
            id=NodeId(f"{NAMES.org(org)}/ai/notion-ai"), kind=PRODUCT, name=f"Notion AI of {org}",
            asset_class=AssetClass.SAAS_APP, provider=PROVIDER, account=NAMES.org(org),
        )  # fmt: skip
        return (NAMES.used(thing, kind, relation, **more),)
    return ()


def is_row(record: Mapping[str, Any]) -> bool:
    return has_columns(record, _ROW) and "workspace_id" not in record


@telling(lambda row: column(row, "Event"), _is_known, "Target, Integration or Name", NAMES)
def row(record: Mapping[str, Any], org: str) -> Happened | None:
    """A row of the exported audit log (Timestamp, Event, Actor, Target)."""
    kind, at = column(record, "Event"), when(column(record, "Timestamp"))
    if not kind:
        return None
    mail = column(record, "Actor email", "Actor", "User")
    if left := _LEFT.search(kind.casefold().replace(" ", "_")):
        whom = NAMES.person(org, "", column(record, "Target", "Affected user", "Name"))
        mark = mark_of((at, whole(record)))
        return mark, at, _gone(left[1], kind.replace(" ", "_"), whom, org, at)
    told = _told(
        cut(kind.replace(" ", "_"), _MOST_TEXT),
        column(record, "Target", "Integration", "Name"), "", NAMES.person(org, "", mail), org, at,
    )  # fmt: skip
    return mark_of((at, whole(record))), at, told


CONNECTOR = Administration(
    spec=ConnectorSpec(
        name="notion",
        title="Notion integrations, people and audit log",
        config=NotionConfig,
        operations=(USERS,),
        yields=NAMES.kinds | {DATA.kind, PRODUCT, AGENT},
        docs_url="https://developers.notion.com/reference/intro",
        exports=("the workspace's audit log (CSV)",),
        # https://developers.notion.com/reference/request-limits
        rates={"default": 3.0},
    ),
    names=NAMES,
    parts=(Listed("people", USERS, people),),
    kinds=(Kind(is_event, event), Kind(is_user, user), Kind(is_row, row)),
    access=_access,
    expected="audit events or users",
)
