"""Mistral's audit log: conversations, agents, connections to other systems, and what is done with
keys.

https://docs.mistral.ai/admin/monitor-comply/audit-logs/reference. Entries are asked for by time,
oldest first; the log has no cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.mistral.records import NAMES, PROVIDER, assistant
from scanner.kit.administered import Reading, read
from scanner.kit.folding import mark_of, whole
from scanner.kit.overlooked import Happened
from scanner.kit.paged import whole_list
from scanner.kit.text import cut
from scanner.kit.values import iso, mapping, text, when
from scanner.model.errors import Unavailable
from scanner.model.evidence import Ends
from scanner.model.facts import Asset, AssetClass, Identity
from scanner.model.items import Activity

CONNECTION = "mistral.connection"
EVENTS = read(
    "/v1/admin/audit-logs", "Admin API key of an Enterprise plan",
    "who works with the assistant, agents and connections, and makes keys",
)  # fmt: skip
_SIZE = 100
_STEP = timedelta(seconds=1)
_MOST_PAGES = 100_000
_MOST_TEXT = 120
_ENDED = ("delete", "disconnected", "deactivated", "revoked", "disabled", "cancel", "unshare")
_DELETED = (".delete", ".deleted")
_SETTINGS = (
    "flash_answers", "localisation_sharing", "memories", "data.training", "public_sharing",
)  # fmt: skip
_KEYS = ("api_key.", "admin_api_key.", "api_key_policy.", "service_account.")


def is_event(record: Mapping[str, Any]) -> bool:
    return {"event_type", "created_at"} <= record.keys() and bool(
        {"actor_type", "target_type", "log_id"} & record.keys()
    )


def event(record: Any, org: str) -> Happened | None:
    given = mapping(record)
    kind, at = text(given.get("event_type")), when(given.get("created_at"))
    if not is_event(given) or not kind:
        return None
    ident = text(given.get("log_id")) or mark_of((at, whole(given)))
    thing = _thing(kind, given, org)
    if thing is None:
        return ident, at, ()
    is_quiet = any(word in kind for word in _ENDED + _SETTINGS) or kind.startswith(_KEYS)
    relation = "" if is_quiet else "created_by" if kind == "agent.create" else "used_by"
    is_gone = kind.endswith(_DELETED) and thing.id != assistant(org).id
    told: Activity = NAMES.used(
        thing, kind, relation, actor=_actor(given, org), first_at=at, last_at=at,
        ends=Ends.GONE if is_gone else Ends.NOTHING,
    )  # fmt: skip
    return ident, at, (told,)


def _thing(kind: str, given: Mapping[str, Any], org: str) -> Asset | None:
    """What an event is about; None for what is no use of AI (people, groups, bills)."""
    about = mapping(given.get("target_metadata"))
    name, ident = cut(text(about.get("name")), _MOST_TEXT), text(about.get("uuid"))
    if kind.startswith("agent."):
        if not ident and not name:
            return assistant(org)
        return NAMES.thing(
            org, "agent", ident or name, name, AssetClass.AGENT, provider=PROVIDER
        )  # fmt: skip
    if kind.startswith(("integration.", "connectors_gateway.", "connection.")):
        if not ident and not name:
            return assistant(org)
        return NAMES.thing(
            org, "connection", ident or name, name, AssetClass.INTEGRATION, provider=PROVIDER
        )
    if kind.startswith(("le_chat.", *_KEYS)):
        return assistant(org)
    return None


def _actor(given: Mapping[str, Any], org: str) -> Identity | None:
    """The person; a key and the system are nobody. An id may stand as an object that names him."""
    told = mapping(given.get("actor_metadata"))
    who = told.get("user_uuid")
    inner = mapping(who)
    ident = text(inner.get("uuid")) or text(who)
    return NAMES.person(
        org, ident, text(inner.get("email")) or text(told.get("email")), text(inner.get("name"))
    )


def events(reading: Reading, begin: datetime, end: datetime) -> Iterator[Happened | None]:
    """Up to a page without news. A page begins a second before the last entry of the one before:
    whether ``after`` means that moment too the vendor does not say. Raises the source errors."""
    after, known, is_exact = iso(begin - _STEP), set[str](), False
    for _ in range(_MOST_PAGES):
        query = {"after": after, "before": iso(end), "sort": "ascending", "limit": str(_SIZE)}
        page = whole_list(reading.access, EVENTS, query)
        marks = [_mark(record) for record in page]
        fresh = [one for one, mark in zip(page, marks, strict=True) if mark not in known]
        for record in fresh:
            yield event(record, reading.org)
        if not fresh and (is_exact or len(page) < _SIZE):
            if len(page) >= _SIZE:
                raise Unavailable(f"{EVENTS.id}: the source repeats a page")
            return
        known, is_exact = set(marks), not fresh  # a second of more entries than a page
        after = _next(page[-1], is_exact=is_exact)
    raise Unavailable(f"{EVENTS.id}: more than {_MOST_PAGES} pages")


def _next(record: Any, *, is_exact: bool) -> str:
    given = text(mapping(record).get("created_at"))
    at = when(given)
    if not at:
        raise Unavailable(f"{EVENTS.id}: an entry without a time; the answer is malformed")
    return given if is_exact else iso(datetime.fromisoformat(at) - _STEP)


def _mark(record: Any) -> str:
    return text(mapping(record).get("log_id")) or mark_of((whole(record),))
