"""Events of a log, added up: an activity per event type, thing, actor and way, not a row an event.

What a set grows by (scopes, data that is opened, actions) is joined; counts add, times widen. What
events state (a key, who made it) is one fact each, whatever the order in which they are told.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from scanner.kit.clocks import Clock
from scanner.model.evidence import joined_costs
from scanner.model.facts import (
    Asset,
    Credential,
    DataStore,
    Fact,
    Relation,
    fact_key,
    merge_fact,
)
from scanner.model.items import Activity

Key = tuple[str, str, str, str, str]
_JOINED = "actions"
"""The tag of a thing that lists what was done with it."""
_MOST_ACTIONS = 40
FAILED = " (failed)"
"""What the rule of that ends with which was tried in vain."""
_MOST_KNOWN = 500_000
"""Ids of events that later ones are compared with: of a larger file, the newest."""


def key_of(one: Activity | Fact) -> Key:
    """Of the row that it is added up in. Grants of ways to different data, or of other scopes, are
    rows of their own, each with its times: what was taken back, and then granted more narrowly, is
    open no more."""
    if not isinstance(one, Activity):
        return "", fact_key(one), "", "", ""
    where = f"{one.where} {one.resource}" if one.resource else one.where
    if one.relation == Relation.GRANTS and (one.reads or one.writes):
        reads, writes = (
            " ".join(sorted(store.id for store in side)) for side in (one.reads, one.writes)
        )
        where = f"{where} <{reads} >{writes}"
    if one.relation == Relation.GRANTS and one.scopes:
        where = f"{where} ={' '.join(one.scopes)}"
    if one.ends:  # one type of event may tell of an end and of its being taken back
        where = f"{where} !{one.ends}"
    return one.rule, one.app_id, one.actor.id if one.actor else "", where, one.relation


def mark_of(key: Iterable[str]) -> str:
    """A short digest: what cursors know rows and events by, without naming anybody."""
    data = "\0".join(key).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def whole(record: Any) -> str:
    """All that a record says, for one that has no id of its own; nothing where it is too deep."""
    try:
        try:
            return json.dumps(record, sort_keys=True, default=str)
        except TypeError:  # names that are no text, as a table's column without one, or YAML's
            return json.dumps(_named_by_text(record), sort_keys=True, default=str)
    except (RecursionError, ValueError):
        return ""


def _named_by_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _named_by_text(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named_by_text(inner) for inner in value]
    return value


def failed(one: Activity) -> Activity:
    """What was tried in vain: evidence of its own, and no use."""
    return msgspec.structs.replace(one, rule=f"{one.rule}{FAILED}", relation="")


@dataclass
class Fold:
    """``known``: by the mark of a row, how many of its events an earlier reading has counted; each
    is taken off once, and widens times alone. ``clock``: which times of events can be; each is
    looked at by itself, since one to come would stand for all of a row."""

    known: dict[str, int] = field(default_factory=dict)
    rows: dict[Key, Activity] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    clock: Clock | None = None
    shown: set[Key] = field(default_factory=set)
    """Rows of events that count elsewhere, told all the same."""

    def add(self, one: Activity | Fact) -> None:
        """An activity that stands for one event, or for as many as the source has added up; or a
        fact that an event states."""
        key = key_of(one)
        if self.clock is not None:
            one = self.clock.fitted(one)
        if not isinstance(one, Activity):
            self._state(key, one)
            return
        old = self.rows.get(key)
        count = one.count
        if not count:
            self.shown.add(key)
        if self.known:
            mark = mark_of(key)
            taken = min(count, self.known.get(mark, 0))
            if taken:
                count -= taken
                self.known[mark] -= taken
        if count != one.count:
            one = counted(one, count)
        self.rows[key] = one if old is None else _joined(old, one)

    def _state(self, key: Key, one: Fact) -> None:
        """What an earlier reading has counted is stored already."""
        mark = mark_of(key) if self.known else ""
        if self.known.get(mark):
            self.known[mark] -= 1
            return
        old = self.facts.get(key[1])
        self.facts[key[1]] = one if old is None else _stated(old, one)

    def take(self) -> Iterator[Activity | Fact]:
        """What is new, in order of first sight; the fold is empty afterwards."""
        found, self.rows = self.rows, {}
        stated, self.facts = self.facts, {}
        shown, self.shown = self.shown, set()
        yield from stated.values()
        yield from (one for key, one in found.items() if one.count or key in shown)


def _stated(old: Fact, new: Fact) -> Fact:
    if type(old) is not type(new):
        return old
    made: Fact = merge_fact(old, new, add_counts=True)  # type: ignore[type-var]
    if isinstance(made, Credential) and isinstance(old, Credential) and isinstance(new, Credential):
        created = min(filter(None, (old.created_at, new.created_at)), default="")
        used = max(old.last_used_at, new.last_used_at)
        made = msgspec.structs.replace(made, created_at=created, last_used_at=used)
    return made


def counted(one: Activity, count: int) -> Activity:
    """The same of so many of its events, with their share of the bytes."""
    up, down = (size * count // one.count if one.count else 0
                for size in (one.bytes_up, one.bytes_down))  # fmt: skip
    return msgspec.structs.replace(
        one, count=count, bytes_up=up, bytes_down=down, costs=one.costs if count else ()
    )


def _joined(old: Activity, new: Activity) -> Activity:
    return msgspec.structs.replace(
        old,
        count=old.count + new.count,
        bytes_up=old.bytes_up + new.bytes_up,
        bytes_down=old.bytes_down + new.bytes_down,
        costs=joined_costs(old.costs, new.costs),
        label=old.label or new.label,
        first_at=min(filter(None, (old.first_at, new.first_at)), default=""),
        last_at=max(old.last_at, new.last_at),
        scopes=_union(old.scopes, new.scopes),
        reads=_stores(old.reads, new.reads),
        writes=_stores(old.writes, new.writes),
        thing=_thing(old.thing, new.thing),
    )


T = TypeVar("T", bound=str)


def _union(old: tuple[T, ...], new: tuple[T, ...]) -> tuple[T, ...]:
    if new == old or not new:
        return old
    return tuple(sorted({*old, *new}))


def _stores(old: tuple[DataStore, ...], new: tuple[DataStore, ...]) -> tuple[DataStore, ...]:
    if new == old or not new:
        return old
    return tuple({store.id: store for store in (*old, *new)}.values())


def _thing(old: Asset | None, new: Asset | None) -> Asset | None:
    if old is None or new is None or (old.tags == new.tags and old.models == new.models):
        return old or new
    done = {*old.tags.get(_JOINED, "").split(", "), *new.tags.get(_JOINED, "").split(", ")} - {""}
    tags = {**old.tags, **new.tags}
    if done:
        tags[_JOINED] = ", ".join(sorted(done)[:_MOST_ACTIONS])
    models = tuple(sorted({*old.models, *new.models}))
    return msgspec.structs.replace(old, tags=tags, models=models)


class Lately:
    """Ids of the newest events, by which one that a log repeats is known.

    A dict's first key is no way to the oldest one: each time, all that was deleted before it is
    walked over.
    """

    def __init__(self, most: int = _MOST_KNOWN) -> None:
        self._most = most
        self._known: set[str] = set()
        self._order: deque[str] = deque()

    def before(self, ident: str) -> bool:
        """Whether the log has told it; from now on it has."""
        if ident in self._known:
            return True
        self._known.add(ident)
        self._order.append(ident)
        if len(self._order) > self._most:
            self._known.discard(self._order.popleft())
        return False
