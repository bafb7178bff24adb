"""Events -> one row for each actor, thing, event and way of use: counted, with first and last time.

Never a row an event. Each event counts once, however often it is delivered: by its id, and where
two accounts have a copy of one call, by the id that both share. What was refused is told apart from
what was served, and makes nobody a user.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from connectors.aws.activity import births, makers, things
from connectors.aws.activity.actors import account_of, actor_of, role_behind
from connectors.aws.activity.events import (
    LONGEST,
    Event,
    detached,
    is_network,
    loose,
    parameters,
    resource_arns,
    value_at,
)
from connectors.aws.activity.services import (
    API_KEYS,
    BY_MODEL,
    FIELDS,
    KEY_EVENT,
    MADE,
    SERVICES,
    is_of_interest,
)
from connectors.aws.activity.things import NOWHERE, Place, node_of
from connectors.aws.activity.ways import way
from scanner.kit.expressions import expression
from scanner.kit.values import mapping, text
from scanner.model.base import NodeId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, Credential, Edge, Identity, Relation
from scanner.model.items import Activity, Gap, Item

_MOST_ROWS = 100_000
_MOST_KNOWN = 2_000_000
_MOST_WAITING = 100_000
_MOST_CACHED = 16_384
_LONGEST_CACHED = 512
_NAME = expression(r"[A-Za-z][A-Za-z0-9_.]{0,127}")
_MODEL = expression(r"[a-z0-9][\w.:-]{1,127}")
_BEARER = expression(rb'"callWithBearerToken"\s*:\s*"?true')
_CODE = expression(r"[\w.:-]{1,128}")

_SERVED = ("Throttl", "TooManyRequests", "ServiceUnavailable", "InternalServer", "InternalFailure",
           "ModelTimeout", "ModelError", "ModelStreamError", "ModelNotReady", "ServiceQuota",
           "LimitExceeded", "Internal")  # fmt: skip
"""Errors of calls that were allowed and understood: whoever made them uses the thing."""
_REFUSED = ("AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden", "VpceAccessDenied",
            "UnrecognizedClient", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch",
            "MissingAuthenticationToken")  # fmt: skip

Key = tuple[str, str, str, str, str]
"""Rule, relation, actor, thing, way."""


@dataclass
class _Row:
    thing: Asset
    actor: Identity | None
    account: NodeId
    count: int = 0
    first: str = ""
    last: str = ""
    status: str = ""

    def add(self, count: int, first: str, last: str) -> None:
        self.count += count
        if first and (not self.first or first < self.first):
            self.first = first
        self.last = max(self.last, last)


@dataclass
class Totals:
    """``place``: of events that do not say theirs. ``accounts``: those whose logs are read too, so
    that a call between two of them counts where its caller is named."""

    place: Place = NOWHERE
    accounts: frozenset[str] = frozenset()
    rows: dict[Key, _Row] = field(default_factory=dict)
    odd: int = 0
    """Records that are no events."""
    dropped: int = 0
    """Events that no row was left for."""
    counted: int = 0
    _known: set[int] = field(default_factory=set)
    _waiting: dict[str, tuple[Event, int, str, str]] = field(default_factory=dict)
    _keys: dict[NodeId, tuple[Credential, Identity | None]] = field(default_factory=dict)
    _things: dict[tuple[str, Place, bytes], Asset | None] = field(default_factory=dict)

    def add(self, event: Event | None, count: int = 1, first: str = "", last: str = "") -> None:
        """``count``, ``first`` and ``last``: of several events alike; else the event's own time."""
        if event is None:
            self.odd += 1
            return
        if not is_of_interest(event.eventSource, event.eventName) or is_network(event):
            return
        if self._has_counted(event):
            return
        at = event.at if not first else ""
        first, last = first or at, last or at
        shared = event.sharedEventID
        if shared and self._is_copy(event):
            if account_of(event.userIdentity) in self.accounts:
                return
            if len(self._waiting) < _MOST_WAITING:
                # The caller's own copy may come later, and says more.
                self._waiting[shared] = (detached(event), count, first, last)
                return
        elif shared:
            self._waiting.pop(shared, None)
            self._known.add(hash(shared))
        self._count(event, count, first, last)

    def is_known(self, ident: str) -> bool:
        """Whether it was asked before in this reading."""
        mark = hash(ident)
        if mark in self._known:
            return True
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(mark)
        return False

    def _has_counted(self, event: Event) -> bool:
        shared = event.sharedEventID
        if shared and hash(shared) in self._known:
            return True
        return bool(event.eventID) and self.is_known(event.eventID or "")

    @staticmethod
    def _is_copy(event: Event) -> bool:
        caller = account_of(event.userIdentity)
        return bool(caller and event.recipientAccountId and caller != event.recipientAccountId)

    def _count(self, event: Event, count: int, first: str, last: str) -> None:
        name, error = event.eventName, event.errorCode or ""
        service = SERVICES.get(event.eventSource)
        is_use = service is not None and name.startswith(service.uses)
        is_of_iam = event.eventSource == API_KEYS and name != KEY_EVENT
        is_made = (event.eventSource, name) in MADE and not error
        is_other = is_made or (name.startswith(("Create", "Delete")) and not error)
        if is_of_iam or not (is_use or is_other):
            return
        place = Place.told(event.account, event.awsRegion, self.place)
        if not place.account or not _NAME.fullmatch(name):
            self.odd += 1
            return
        if is_use:
            thing = self._thing(event, place) or things.service(event.eventSource, place)
            relation, status = outcome(error)
            self._put(event, thing, relation, status, place, count, first, last)
        elif is_made:
            for born in makers.made(event, place):
                self._put(event, born, "created_by", "", place, count, first, last)
        elif key := births.key(event, place):
            self._keys[key.id] = (key, actor_of(event.userIdentity, place.account))
            self.counted += count
        elif name.startswith("Create"):
            made = births.made(event, place)
            if made is not None:
                self._put(event, made, "created_by", "", place, count, first, last)
        elif name.startswith("Delete"):
            gone = births.ended(event, place)
            if gone is not None:
                self._put(event, gone, "", "deleted", place, count, first, last)

    def _thing(self, event: Event, place: Place) -> Asset | None:
        """Most calls of a log ask the same few things in the same words."""
        asked = bytes(event.requestParameters)
        listed = bytes(event.resources)
        if len(asked) + len(listed) > _LONGEST_CACHED:
            return _named(event, place)
        key = (event.eventSource, place, asked + listed)
        if key not in self._things:
            if len(self._things) >= _MOST_CACHED:
                self._things.clear()
            self._things[key] = _named(event, place)
        return self._things[key]

    def _put(
        self,
        event: Event,
        thing: Asset,
        relation: str,
        status: str,
        place: Place,
        count: int,
        first: str,
        last: str,
    ) -> None:
        actor = actor_of(event.userIdentity, place.account)
        rule = f"{event.eventSource.partition('.')[0]}:{event.eventName}"
        self.put(
            rule if relation or status == "deleted" else f"{rule} {status.partition(':')[0]}",
            relation, actor, thing, _way(event, thing), place, count, first, last, status,
        )  # fmt: skip

    def put(
        self,
        rule: str,
        relation: str,
        actor: Identity | None,
        thing: Asset,
        how: str,
        place: Place,
        count: int,
        first: str,
        last: str,
        status: str = "",
    ) -> None:
        """One or several sightings of the same."""
        key = (rule, relation, actor.id if actor else "", thing.id, how)
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= _MOST_ROWS:
                self.dropped += count
                return
            account = thing.account or node_of(place.account)
            row = self.rows[key] = _Row(thing, actor, account, status=status)
        self.counted += count
        row.add(count, first, last)

    def drain(self, what: str) -> Iterator[Item]:
        """Everything since the last time, in a fixed order; ``what``: how gaps call the source."""
        waiting, self._waiting = self._waiting, {}
        for event, count, first, last in waiting.values():
            self._count(event, count, first, last)
        behind: dict[NodeId, Identity] = {}
        for (rule, relation, who, _, how), row in sorted(self.rows.items()):
            if row.actor is not None and relation:
                behind[NodeId(who)] = row.actor
            yield Activity(
                rule=rule,
                actor=row.actor,
                account=row.account,
                app_id=row.thing.id,
                label=row.thing.name,
                relation=relation,
                count=row.count,
                first_at=row.first,
                last_at=row.last,
                resource=row.thing.id,
                status=row.status,
                thing=row.thing,
                where=how,
            )
        for actor in behind.values():
            yield from role_behind(actor)
        yield from self._new_keys()
        if self.odd:
            yield Gap(what=what, reason=f"{self.odd} records are no events that can be understood")
        if self.dropped:
            yield Gap(what=what, reason=f"{self.dropped} events of more than {_MOST_ROWS} actors "
                      "and things were left out")  # fmt: skip
        self.rows, self.odd, self.dropped = {}, 0, 0

    def _new_keys(self) -> Iterator[Item]:
        """Keys that were made, and by whom: no use yet."""
        keys, self._keys = self._keys, {}
        for key, actor in keys.values():
            seen = Evidence(
                rule=f"iam:{KEY_EVENT}", source="aws", resource=key.id,
                first_at=key.created_at, last_at=key.created_at,
            )  # fmt: skip
            yield replace(key, evidence=(seen,))
            if actor is not None:
                yield actor
                yield Edge(
                    source=key.id, target=actor.id, relation=Relation.CREATED_BY, evidence=(seen,)
                )


def _named(event: Event, place: Place) -> Asset | None:
    """What the resources say, which data events have, then what the request names."""
    own = event.eventSource.partition(".")[0]
    asked = parameters(event.requestParameters)
    for arn in () if event.eventSource in BY_MODEL else resource_arns(event.resources):
        if arn.split(":", 3)[2:3] == [own]:
            found = things.by_arn(arn, place)
            if found is not None:
                name = value_at(asked, "model")
                return found if not _MODEL.fullmatch(name) else replace(found, models=(name,))
    for field_ in FIELDS.get(event.eventSource, ()):
        value = value_at(asked, field_.path)
        found = things.by_field(field_, value, place) if value else None
        if found is not None:
            return found
    return None


def _way(event: Event, thing: Asset) -> str:
    caller = account_of(event.userIdentity)
    owner = thing.account.rpartition("/")[2] if thing.account else ""
    return way(
        event.userAgent[:LONGEST] if event.userAgent else "",
        event.sourceIPAddress[:LONGEST] if event.sourceIPAddress else "",
        endpoint=event.vpcEndpointId or "",
        service=(event.userIdentity.invokedBy or "") if event.userIdentity else "",
        account=caller if caller and caller != owner else "",
        region=_elsewhere(event),
        has_key=any(
            _BEARER.search(raw) for raw in (event.requestParameters, event.additionalEventData)
        ),
    )


def _elsewhere(event: Event) -> str:
    """Where a model ran, if in another region than it was asked in (cross-region inference)."""
    raw = event.additionalEventData
    if len(memoryview(raw)) < 8:
        return ""
    region = text(mapping(loose(raw)).get("inferenceRegion"))
    return region if region != event.awsRegion else ""


def outcome(error: str) -> tuple[str, str]:
    """Relation and status."""
    if not error:
        return "used_by", ""
    code = error.rpartition("#")[2].removeprefix("Client.").removeprefix("Server.")
    if code.startswith(_SERVED):
        return "used_by", ""
    shown = code if _CODE.fullmatch(code) else "an error"
    if any(word in code for word in _REFUSED):
        return "", f"refused: {shown}"
    return "", f"failed: {shown}"
