"""The audit log: events that tell of AI, of apps that are let in, and of secrets that are made.

Pure but for :func:`events_of`, which asks. Names of events and fields:
https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
Whether an application is AI is the catalogue's business: each is handed on with its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.github.api import PAGE, Api
from connectors.github.copilot import LABEL, app_id
from scanner.kit.contract import Context
from scanner.kit.expressions import expression
from scanner.kit.forge.details import Record, Where, filled
from scanner.kit.forge.events import Event, Events, Log, guessed
from scanner.kit.forge.owner import account_id, account_of
from scanner.kit.forge.paging import by_link
from scanner.kit.forge.saying import person
from scanner.kit.overlooked import Overlooked, Untold, lacking
from scanner.kit.values import iso, mapping, stamp, text
from scanner.model.base import NodeId
from scanner.model.evidence import Ends
from scanner.model.facts import Account, Identity, PrincipalType
from scanner.model.items import Content, Item, Place

KEPT = timedelta(days=180)
"""GitHub keeps events for 180 days, those of git for seven."""
_SPAN = timedelta(days=3)
_ENDED = ("destroy", "delete", "remove", "revoke", "suspend", "cancel", "deny", "denied",
          "unassign", "disable", "deauthorize", "expired")  # fmt: skip
"""An event whose verb has one of these takes something away: no use, no grant."""
_RESUMED = ("unsuspend",)
_TOLD_ENDS = frozenset({"destroy", "delete", "revoke", "deauthorize", "suspend", *_RESUMED})
"""Of these it is known whose access ends, or begins again."""
_SEAT = expression(r"seat_(?:add|assign|cancel)")
_OF_ALL = "access_revoked"
"""Copilot is over for the whole organization."""
_SETTING = "_changed"
_NAMES = ("slug", "integration", "application_name", "oauth_application_name", "app_name", "name",
          "token_name", "user_programmatic_access_name")  # fmt: skip
_SLOTS = ("key", "secret_name", "name")


@dataclass(frozen=True)
class _Kind:
    """What an event of a category is about. ``make``: thing and label, None where it says none."""

    relation: str
    make: Callable[[Where, Record], tuple[NodeId, str] | None]


def _copilot(where: Where, record: Record) -> tuple[NodeId, str] | None:
    return app_id(where), LABEL


def _application(where: Where, record: Record) -> tuple[NodeId, str] | None:
    label = next((text(record.get(name)) for name in _NAMES if text(record.get(name))), "")
    return (NodeId(f"github:{where.host}/app/{label.casefold()}"), label) if label else None


def _token(where: Where, record: Record) -> tuple[NodeId, str] | None:
    found = _application(where, record)
    key = text(record.get("token_id")) or text(record.get("user_programmatic_access_id"))
    if found is None or not key:
        return found
    return NodeId(f"github:{where.host}/token/{key}"), found[1]


KINDS: dict[str, _Kind] = {
    "copilot": _Kind("used_by", _copilot),
    "integration_installation": _Kind("grants", _application),
    "integration_installation_request": _Kind("grants", _application),
    "integration": _Kind("grants", _application),
    "oauth_authorization": _Kind("grants", _application),
    "oauth_application": _Kind("grants", _application),
    "oauth_access": _Kind("grants", _application),
    "org_credential_authorization": _Kind("grants", _token),
    "personal_access_token": _Kind("grants", _token),
    "marketplace_agreement_signature": _Kind("grants", _application),
}
"""By category: what stands before the dot of an action."""


@dataclass
class Reader:
    """Events -> :class:`Event`, and the names of secrets' slots beside them."""

    where: Where
    slots: list[Content | Account] = field(default_factory=list)
    """And the organizations that events are of, where the log is of several."""
    _orgs: dict[str, Where] = field(default_factory=dict)
    overlooked: Overlooked = field(default_factory=Overlooked)

    def event(self, record: Any) -> Event | None:
        """None for what is no event; one without a thing says nothing of AI."""
        found = mapping(record)
        action = text(found.get("action"))
        if not action:
            return None
        where = self.of(text(found.get("org")))
        self._slot(where, action, found)
        about = _about(where, action, found)
        return Event(
            key=text(found.get("_document_id")) or json.dumps(found, sort_keys=True, default=str),
            at=stamp(found.get("@timestamp")) or stamp(found.get("created_at")),
            action=action,
            thing=about[0] if about else NodeId(""),
            label=about[1] if about else "",
            actor=about[2] if about else None,
            relation=about[3] if about else "used_by",
            scopes=_scopes(found),
            ends=about[4] if about else Ends.NOTHING,
            account=where.account,
        )

    def of(self, org: str) -> Where:
        """An organization that records are of: a file and an enterprise's log hold several. Empty:
        that of the log."""
        if not org or self.where.path.get("org"):
            return self.where
        known = self._orgs.get(org.casefold())
        if known is None:
            account = account_id("github", self.where.host, org)
            known = replace(self.where, subject=account, account=account, name=org)
            self._orgs[org.casefold()] = known
            above = self.where.name if "enterprise" in self.where.path else ""
            self.slots.append(account_of(known, "organization", "org", parent=above))
        return known

    def again(self, event: Event, record: Any, place: str = "") -> Event:
        """One that tells of no application, looked at once more."""
        found = mapping(record)
        category, _, verb = event.action.partition(".")
        if any(word in verb for word in _ENDED) or _is_slot(event.action):
            return event
        lacks = lacking(found, "|".join(_NAMES)) if category in KINDS else ""
        if category in KINDS and not lacks:
            return event
        untold = Untold.of((event.key, event.at, ()), event.action, found, lacks, self._placed)
        return guessed(event, self.overlooked.event(untold, place))

    def _placed(self, label: str) -> tuple[NodeId, NodeId]:
        where = self.where
        return where.account, NodeId(f"github:{where.host}/app/{label.casefold()}")

    def _slot(self, inside: Where, action: str, found: Record) -> None:
        """A secret or variable that was made (``repo.create_actions_secret``)."""
        if not _is_slot(action):
            return
        name = next((text(found.get(key)) for key in _SLOTS if text(found.get(key))), "")
        if name:
            where = text(found.get("repo")) or inside.name
            place = Place(
                subject=inside.subject, resource=inside.subject,
                path=f"audit log/{action}/{where}", seen_at=stamp(found.get("@timestamp")),
            )  # fmt: skip
            self.slots.append(Content(place=place, data=name.encode(), rule_sets=("names",)))


def _is_slot(action: str) -> bool:
    """Whether a secret or a variable was made or changed."""
    _, _, verb = action.partition(".")
    is_of_one = "secret" in verb or "variable" in verb or action.startswith("codespaces_secret")
    return is_of_one and "scanning" not in action and verb.startswith(("create", "update", "add"))


def reader_of(where: Where, ctx: Context[Any] | None) -> Reader:
    return Reader(where, overlooked=Overlooked(ctx))


_About = tuple[NodeId, str, Identity | None, str, Ends]


def _about(where: Where, action: str, found: Record) -> _About | None:
    category, _, verb = action.partition(".")
    kind, actor = KINDS.get(category), text(found.get("actor"))
    if category == "copilot" and (told := _bought(where, action, found)):
        return told
    if any(word in verb for word in _ENDED) or verb in _RESUMED:
        # An administrator may end another's grant; ``user`` is then whose it was.
        thing = kind.make(where, found) if kind is not None and verb in _TOLD_ENDS else None
        holder = text(found.get("user")) or actor
        if thing is None:
            return None
        return *thing, _person(where, action, holder), "", Ends.NOTHING
    if kind is None and "mcp" in action:
        kind = KINDS["copilot"]
    if kind is not None:
        thing = kind.make(where, found)
        if thing is None:
            return None
        return *thing, _person(where, action, actor), kind.relation, Ends.NOTHING
    if actor.endswith("[bot]"):  # an app at work, whatever it does
        slug = actor.removesuffix("[bot]")
        for_whom = text(found.get("user"))
        someone = _person(where, action, for_whom) if for_whom != actor else None
        app = NodeId(f"github:{where.host}/app/{slug.casefold()}")
        return app, slug, someone, "used_by", Ends.NOTHING
    return None


def _bought(where: Where, action: str, found: Record) -> _About | None:
    """Seats and settings of Copilot, which administrators deal with: nobody's use. A seat lets in
    whom it is for, until it is taken away; what names nobody says that there is Copilot."""
    _, _, verb = action.partition(".")
    has_ended = any(word in verb for word in _ENDED)
    if verb == _OF_ALL:
        return app_id(where), LABEL, None, "", Ends.ALL
    if _SEAT.search(verb):
        holder = _person(where, action, text(found.get("user")))
        if has_ended:
            return app_id(where), LABEL, holder, "", Ends.OWN if holder else Ends.NOTHING
        return app_id(where), LABEL, holder, "grants" if holder else "contains", Ends.NOTHING
    if not has_ended and verb.endswith(_SETTING):
        return app_id(where), LABEL, None, "contains", Ends.NOTHING
    return None


def _person(where: Where, action: str, login: str) -> Identity | None:
    if not login or login.endswith("[bot]"):
        return None
    return person(where, action, login=login, principal=PrincipalType.HUMAN)


def _scopes(found: Record) -> tuple[str, ...]:
    given = found.get("scopes", found.get("oauth_scopes", found.get("token_scopes")))
    words = given if isinstance(given, list) else text(given).replace(",", " ").split()
    return tuple(sorted({text(word) for word in words if text(word)}))


def log_of(days: int) -> Log:
    return Log(kept=KEPT, first=timedelta(days=days), span=_SPAN)


def events_of(api: Api, reader: Reader, include: str) -> Events:
    """Windows of the log, oldest first."""
    is_enterprise = "enterprise" in reader.where.path
    owner = "/enterprises/{enterprise}" if is_enterprise else "/orgs/{org}"
    path = filled(f"GET {owner}/audit-log", reader.where.path)

    def between(begin: datetime, end: datetime) -> Iterator[Event | None]:
        params = {
            **PAGE,
            "include": include,
            "order": "asc",
            "phrase": f"created:{iso(begin)}..{iso(end)}",
        }
        for record in by_link(api, path, params):
            event = reader.event(record)
            if event is not None and not event.thing:
                event = reader.again(event, record)
            if event is None or event.thing:
                yield event

    return between


def with_slots(reader: Reader, items: Iterator[Item]) -> Iterator[Item]:
    """What the events told of secrets' names goes before the checkpoint that covers them."""
    for item in items:
        yield from _drained(reader)
        yield item
    yield from _drained(reader)
    yield from reader.overlooked.gap(f"audit log of {reader.where.name}")


def _drained(reader: Reader) -> Iterator[Item]:
    found, reader.slots[:] = list(reader.slots), []
    yield from found
