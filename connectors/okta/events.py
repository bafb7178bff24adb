"""Okta's events and applications -> what the catalogue can judge. Pure: no network, no files.

Records come from outside and may hold anything anywhere: what is no text, number or time where one
is expected counts as not given, and costs that one field.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.okta.scopes import opened
from scanner.kit import values
from scanner.kit.clocks import Clock
from scanner.kit.named import gone
from scanner.kit.overlooked import Overlooked, Untold
from scanner.kit.values import mapping, several, text
from scanner.model.base import NodeId
from scanner.model.evidence import Ends, Evidence
from scanner.model.facts import Account, Identity, PrincipalType
from scanner.model.items import Activity, Item

EVENTS = {
    "user.authentication.sso": "used_by",
    "app.oauth2.as.token.grant.access_token": "used_by",
    "app.oauth2.token.grant.access_token": "used_by",
    "app.oauth2.as.consent.grant": "grants",
    "app.oauth2.consent.grant": "grants",
    "app.oauth2.admin.consent.grant": "grants",
    "app.oauth2.as.consent.revoke": "",
    "app.oauth2.as.consent.revoke.user.client": "",
    "app.oauth2.admin.consent.revoke": "",
    "application.lifecycle.create": "created_by",
    "application.lifecycle.delete": "",
    "application.lifecycle.deactivate": "",
    "application.lifecycle.activate": "",
    "application.user_membership.add": "grants",
    "application.user_membership.remove": "",
    "group.application_assignment.add": "grants",
    "system.api_token.create": "created_by",
    "system.api_token.revoke": "",
}
"""Event types that tell of an application, compared whole: a directory's agent
(``user.authentication.auth_via_AD_agent``) is no AI."""
LEAVES = {
    "user.lifecycle.suspend": Ends.PAUSED,
    "user.lifecycle.unsuspend": Ends.RESUMED,
    "user.lifecycle.deactivate": Ends.ALL,
    "user.lifecycle.delete.initiated": Ends.ALL,
    "user.lifecycle.delete.completed": Ends.ALL,
}
"""Event types of a person who is suspended or leaves. Who is deactivated loses every application
for good, who is suspended until that ends
(https://help.okta.com/en-us/content/topics/users-groups-profiles/usgp-deactivate-user-account.htm)."""
TYPES = (*EVENTS, *LEAVES)
_ASSIGNED = frozenset({"application.user_membership.add", "group.application_assignment.add"})
"""An administrator lets somebody in: neither that person's grant nor anybody's use."""
_OF_TARGET = frozenset({
    "app.oauth2.as.consent.revoke", "app.oauth2.as.consent.revoke.user.client",
    "application.user_membership.remove",
})  # fmt: skip
"""What ends is the access of the person who is named as a target, whoever ends it."""
_MAY_LACK = _OF_TARGET | {"app.oauth2.admin.consent.revoke"}
"""Of all applications at once, where none is named."""
_NEEDS = "a target or actor that is an application, or debugContext.debugData.clientId"
_TOKEN_NEEDS = "a target of type Token"  # noqa: S105 - words for people
_PERSON_NEEDS = "a target of type User"
_TOKEN = "system.api_token."  # noqa: S105 - an event's name
_DONE = frozenset({"SUCCESS", "ALLOW", ""})
_APP_TYPES = ("AppInstance", "PublicClientApp", "ConfidentialClientApp", "ServiceClientApp")


@dataclass(frozen=True)
class App:
    label: str
    client_id: str
    hosts: tuple[str, ...]
    status: str
    created: str


def app_of(record: Mapping[str, Any]) -> App:
    settings = mapping(record.get("settings"))
    client = mapping(settings.get("oauthClient"))
    sign_on = mapping(settings.get("signOn"))
    given = client.get("redirect_uris")
    given = given if isinstance(given, list) else [given]
    own = mapping(settings.get("app")).values()  # an OIN application's own address
    places = [*given, client.get("initiate_login_uri"), client.get("client_uri"),
              sign_on.get("ssoAcsUrl"), sign_on.get("audience"), *own]  # fmt: skip
    hosts = dict.fromkeys(filter(None, (_host(place) for place in places)))
    credentials = mapping(mapping(record.get("credentials")).get("oauthClient"))
    return App(
        label=text(record.get("label")) or text(record.get("name")),
        client_id=text(credentials.get("client_id")),
        hosts=tuple(hosts),
        status=text(record.get("status")),
        created=stamp(record.get("created")),
    )


def _host(place: Any) -> str:
    try:
        return urlsplit(text(place)).hostname or ""
    except ValueError:
        return ""  # a URL that nobody can visit names no host


def org_id(host: str) -> NodeId:
    return NodeId(f"okta:{host}")


def org(host: str) -> Account:
    evidence = Evidence(rule="GET /api/v1/apps", source="okta", resource=org_id(host))
    return Account(
        id=org_id(host), kind="okta.org", name=host, provider="okta", evidence=(evidence,)
    )


def mark_of(event: Any) -> str:
    """What tells one event from another: its uuid, or all of it; where that is too deep to be
    written, when it was."""
    mark = text(mapping(event).get("uuid"))
    if not mark:
        try:
            mark = json.dumps(event, sort_keys=True, default=str)
        except (RecursionError, ValueError):
            mark = text(mapping(event).get("published"))
    return hashlib.blake2b(mark.encode(), digest_size=8).hexdigest()


@dataclass
class Aggregate:
    """Events -> one activity per (event type, application, actor); never a row an event."""

    host: str
    apps: Mapping[str, App] = field(default_factory=dict)
    rows: dict[tuple[str, ...], Activity] = field(default_factory=dict)
    overlooked: Overlooked = field(default_factory=Overlooked)
    clock: Clock | None = None
    """Which times of events can be; None: whoever adds them up knows."""

    def add(self, event: Mapping[str, Any], place: str = "", count: int = 1) -> None:
        """``place``: see :meth:`scanner.kit.overlooked.Overlooked.event`. ``count``: 0 of an event
        that has counted elsewhere."""
        kind = text(event.get("eventType"))
        if kind not in EVENTS and kind not in LEAVES:
            self._unknown(event, kind, place)
            return
        if text(mapping(event.get("outcome")).get("result")) not in _DONE:
            return
        if kind in LEAVES:
            self._left(event, kind, place, count)
            return
        is_token = kind.startswith(_TOKEN)
        app = _token(event) if is_token else _application(event)
        if app is None:
            if kind not in _MAY_LACK:
                needs = _TOKEN_NEEDS if is_token else _NEEDS
                self.overlooked.event(Untold.of(("", "", ()), kind, event, needs), place)
            return
        ident, label = app
        actor = None if kind in _ASSIGNED else _person(event, self.host, kind in _OF_TARGET)
        at = stamp(event.get("published"))
        if not at:
            self.overlooked.without_time(place)
        at = self.clock.time(at) if self.clock is not None else at
        scopes = _scopes(event)
        # They may be taken back without the others.
        key = (
            kind,
            ident,
            actor.id if actor else "",
            *(scopes if EVENTS[kind] == "grants" else ()),
        )
        old = self.rows.get(key)
        if old is None:
            made = self._new(event, kind, ident, label, actor, at)
            self.rows[key] = made if count else msgspec.structs.replace(made, count=0)
            return
        one = _again(old, at, scopes, count)
        if one.scopes != old.scopes and one.relation:
            reads, writes = opened(one.scopes, self.host)
            one = msgspec.structs.replace(one, reads=reads, writes=writes)
        self.rows[key] = one

    def _left(self, event: Mapping[str, Any], kind: str, place: str, count: int) -> None:
        who = _person(event, self.host, of_target=True, or_actor=False)
        at = stamp(event.get("published"))
        if who is None:
            self.overlooked.event(Untold.of(("", at, ()), kind, event, _PERSON_NEEDS), place)
        elif not at:
            self.overlooked.without_time(place)
        at = self.clock.time(at) if self.clock is not None else at
        for one in gone(org_id(self.host), kind, who, LEAVES[kind], at):
            old = self.rows.get((kind, one.app_id, ""))
            made = msgspec.structs.replace(one, count=count) if old is None else None
            self.rows[kind, one.app_id, ""] = made or _again(old or one, at, (), count)

    def _unknown(self, event: Mapping[str, Any], kind: str, place: str) -> None:
        """An event of a type that is not known may name AI all the same."""
        at = stamp(event.get("published"))
        placed = functools.partial(self._placed, event)
        untold = Untold.of(("", at, ()), kind, event, app=placed)
        for one in self.overlooked.event(untold, place)[2]:
            if isinstance(one, Activity):
                if not at:
                    self.overlooked.without_time(place)
                key = (one.rule, one.app_id, "")
                old = self.rows.get(key)
                self.rows[key] = one if old is None else _again(old, at, ())

    def _placed(self, event: Mapping[str, Any], label: str) -> tuple[NodeId, NodeId]:
        ident = _ident(event, label) or label.casefold()
        return org_id(self.host), NodeId(f"okta:{self.host}/app/{ident}")

    def _new(
        self,
        event: Mapping[str, Any],
        kind: str,
        ident: str,
        label: str,
        actor: Identity | None,
        at: str,
    ) -> Activity:
        known = self.apps.get(ident)
        scopes = _scopes(event)
        reads, writes = opened(scopes, self.host) if EVENTS[kind] else ((), ())
        return Activity(
            rule=kind,
            actor=actor,
            account=org_id(self.host),
            app_id=NodeId(
                f"okta:{self.host}/{'token' if kind.startswith(_TOKEN) else 'app'}/{ident}"
            ),
            label=known.label if known else label,
            client_id=known.client_id if known else ident,
            hosts=known.hosts if known else (),
            scopes=scopes,
            relation=EVENTS[kind],
            first_at=at,
            last_at=at,
            reads=reads,
            writes=writes,
        )

    def activities(self) -> Iterator[Item]:
        yield from self.rows.values()


def _again(old: Activity, at: str, scopes: tuple[str, ...], count: int = 1) -> Activity:
    seen = sorted(t for t in (old.first_at, old.last_at, at) if t)
    return msgspec.structs.replace(
        old,
        count=old.count + count,
        first_at=seen[0] if seen else "",
        last_at=seen[-1] if seen else "",
        scopes=tuple(sorted({*old.scopes, *scopes})),
    )


def _targets(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [t for t in several(event.get("target")) if isinstance(t, Mapping)]


def _application(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Id and label. A consent's targets are the scopes, and its client stands in the debug data; a
    token's actor is the client."""
    debug = mapping(mapping(event.get("debugContext")).get("debugData"))
    for party in (*_targets(event), mapping(event.get("actor"))):
        ident = text(party.get("id"))
        if ident and party.get("type") in _APP_TYPES:
            return ident, _label(party)
    client = text(debug.get("clientId")) or text(debug.get("client_id"))
    return (client, "") if client else None


def _ident(event: Mapping[str, Any], label: str) -> str:
    """Of the application of this name, as events that are known go by it."""
    for party in (*_targets(event), mapping(event.get("actor"))):
        names = _label(party), text(party.get("displayName")), text(party.get("alternateId"))
        if party.get("type") in _APP_TYPES and label in map(str.strip, names):
            return text(party.get("id"))
    return ""


def _label(party: Mapping[str, Any]) -> str:
    """What administrators have called it. Of an application made from a template, ``displayName``
    is the template's (``OpenID Connect Client``), and ``alternateId`` the application's own."""
    shown, own = (
        "" if one == "unknown" else one
        for one in (text(party.get("displayName")), text(party.get("alternateId")))
    )
    is_named = bool(own) and own != text(party.get("id")) and "@" not in own
    return own if is_named and party.get("type") == "AppInstance" else shown or own


def _token(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """An API token by the name that somebody has given it; older logs leave the name out."""
    for party in _targets(event):
        ident, label = text(party.get("id")), text(party.get("displayName"))
        if ident and party.get("type") == "Token":
            return ident, "" if label == "unknown" else label
    return None


def _person(
    event: Mapping[str, Any], host: str, of_target: bool, *, or_actor: bool = True
) -> Identity | None:
    actor, targets = mapping(event.get("actor")), _targets(event)
    parties = [*targets, actor] if of_target else [actor, *targets]
    if not or_actor:
        parties = targets
    found = next((p for p in parties if _is_person(p) and text(p.get("id"))), None)
    if found is None:
        return None
    address = text(found.get("alternateId"))
    ident = text(found["id"])
    return Identity(
        id=NodeId(f"okta:{host}/user/{ident}"),
        kind="okta.user",
        name=text(found.get("displayName")) or address or ident,
        principal_type=PrincipalType.HUMAN,
        email=address.lower() if "@" in address else "",
    )


def _is_person(party: Mapping[str, Any]) -> bool:
    """Tables may leave the type out; an address is a person's."""
    kind = text(party.get("type"))
    return kind == "User" or (not kind and "@" in text(party.get("alternateId")))


def _scopes(event: Mapping[str, Any]) -> tuple[str, ...]:
    debug = mapping(mapping(event.get("debugContext")).get("debugData"))
    given = text(debug.get("grantedScopes")) or text(debug.get("requestedScopes"))
    named = [
        text(t.get("displayName"))
        for t in _targets(event)
        if "scope" in text(t.get("type")).lower()
    ]
    return tuple(sorted({*given.replace(",", " ").split(), *filter(None, named)}))


def stamp(value: Any) -> str:
    """ISO 8601 in UTC with whole seconds; nothing for what is no time. SIEMs write a space for the
    T and leave the zone out; numbers are none."""
    return values.stamp(value) if isinstance(value, str) else ""
