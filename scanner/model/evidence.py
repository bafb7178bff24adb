"""What was seen, where, and how much it is worth."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Context, Decimal
from enum import StrEnum

import msgspec

from scanner.model.base import Model


class Confidence(StrEnum):
    """How likely it is that a statement is true (never how bad it would be)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CERTAIN = "certain"

    @property
    def rank(self) -> int:
        """0 (low) to 3 (certain)."""
        return _RANKS[self]

    def lowered(self, steps: int = 1) -> Confidence:
        """``steps`` grades less sure, at least ``LOW``."""
        return _ORDER[max(0, self.rank - steps)]


_ORDER = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH, Confidence.CERTAIN)
_RANKS = {grade: rank for rank, grade in enumerate(_ORDER)}


Place = tuple[str, str, str, str, str, bool, str, str, str]
MOST_HANDSHAKES = 50
UNNAMED = "id"
"""The guess of what is told by an application's id alone: it counts where something else names the
application (:mod:`scanner.graph.unnamed`)."""
PART = "events"
"""The part of evidence of events that count once among the logs and files of a source, as
connectors tell it; where it is stored, the shard's id."""


class Setting(StrEnum):
    """What kind of place a piece of evidence stands in. It lowers confidence, it never hides."""

    PRODUCTION = "production"
    HISTORY = "history"
    TEST = "test"
    EXAMPLE = "example"
    DOCUMENTATION = "documentation"
    VENDORED = "vendored"
    """Somebody else's code, copied in."""
    GENERATED = "generated"
    """Written by a program: lock files, bundles, generated clients."""
    COMMENT = "comment"
    """Commented out or explained, not run."""


class Ends(StrEnum):
    """Whose access to the resource what was seen has ended. Of a person it is all that the person
    has let in: who is suspended or leaves opens no data to anything."""

    NOTHING = ""
    OWN = "own"
    """Of whoever ``path`` names."""
    ALL = "all"
    """Everybody's: the application was removed."""
    PAUSED = "paused"
    """Everybody's, until it is let in again: the application was disabled, suspended or put aside
    where it can be restored from."""
    RESUMED = "resumed"
    """None: what was paused before goes on."""
    GONE = "gone"
    """Everybody's, and the thing is no more: an agent, a flow, an endpoint that was deleted. An
    application that is removed from its place lives on at its vendor; this does not."""


class Cost(Model, frozen=True, kw_only=True):
    """What was charged, in one currency: a decimal number, which is added up exactly."""

    currency: str
    """ISO 4217, in capitals; empty where the source does not tell."""
    amount: Decimal


class Evidence(Model, frozen=True, kw_only=True):
    """One observation. ``preview`` is redacted before it gets here; times are ISO 8601, UTC."""

    rule: str
    """Rule id, or the operation that returned the record."""
    source: str
    """Connector name."""
    resource: str = ""
    """The vendor's id of what was read: a repository, an ARN, an application."""
    path: str = ""
    line: int = 0
    """1-based; 0 where the place has no lines."""
    commit: str = ""
    """First commit that held it, for repository history."""
    last_commit: str = ""
    """Last commit that brought, changed or removed it there, for repository history."""
    author: str = ""
    """Who introduced it, where the source tells."""
    context: Setting = Setting.PRODUCTION
    confidence: Confidence = Confidence.CERTAIN
    preview: str = ""
    credential: str = ""
    """Keyed fingerprint of a secret seen here; the value itself is nowhere."""
    count: int = 1
    """How many sightings this one row stands for (same rule, same file; or log events)."""
    first_at: str = ""
    last_at: str = ""
    bytes_up: int = 0
    """To the AI, where the source counts them (traffic, calls of applications, browsers)."""
    bytes_down: int = 0
    costs: tuple[Cost, ...] = ()
    """Charged for what is counted, from ``first_at`` to ``last_at``; one a currency. ``path`` is
    the line of the bill."""
    large_uploads: int = 0
    """Requests that sent at least what the source's configuration calls large."""
    handshakes: tuple[str, ...] = ()
    """TLS fingerprints of clients that nothing else tells, at most ``MOST_HANDSHAKES``."""
    part: str = ""
    """Which part of a divided source it tells of (a partition, a file): the same evidence of
    several parts is of several events, and :func:`whole` adds it up."""
    suppressed: str = ""
    """The reason that a comment beside it gives for not reporting it; empty: none."""
    ends: Ends = Ends.NOTHING
    guess: str = ""
    """What it is taken for AI by, where that is a guess (``name``, ``domain``): the same guess of
    several events or sources is one guess. ``id``: see :data:`UNNAMED`."""
    scopes: str = ""
    """Of a grant: what was granted, in the vendor's words. Other scopes are another observation,
    with times of its own: they may have been taken back since."""

    @property
    def place(self) -> Place:
        """What makes two rows the same observation: line numbers move, places do not. What ended
        and what went on are two, though one type of event tells of both."""
        return (
            self.rule,
            self.resource,
            self.path,
            self.credential,
            self.context,
            bool(self.suppressed),
            self.part,
            self.scopes,
            self.ends,
        )

    @property
    def uncounted(self) -> Evidence:
        """The same, of nothing that is counted: another row counts it."""
        return msgspec.structs.replace(
            self, count=0, bytes_up=0, bytes_down=0, large_uploads=0, costs=()
        )

    @property
    def said(self) -> str:
        """``preview`` and what was counted beside requests, for people."""
        more = "s" if len(self.handshakes) > 1 else ""
        rest = " or more" if len(self.handshakes) >= MOST_HANDSHAKES else ""
        told = (
            self.preview,
            f"{len(self.handshakes)} unknown TLS fingerprint{more}{rest}" * bool(self.handshakes),
            f"{self.large_uploads} large upload{'s' * (self.large_uploads > 1)}"
            * bool(self.large_uploads),
        )
        return ", ".join(filter(None, told))


def merge_evidence(
    one: tuple[Evidence, ...],
    two: tuple[Evidence, ...],
    *,
    add_counts: bool = False,
    add_parts: bool = False,
) -> tuple[Evidence, ...]:
    """Both sets, one row a place, in a fixed order.

    With ``add_counts`` sightings add up (log windows that do not overlap); otherwise the row with
    the larger count stands; ``add_parts``: those of a part add up all the same (one reading of a
    file). First and last times widen either way.
    """
    if len(one) + len(two) < 2:
        return one or two
    rows: dict[Place, Evidence] = {}
    for item in (*one, *two):
        old = rows.get(item.place)
        adds = add_counts or (add_parts and bool(item.part))
        rows[item.place] = item if old is None else _joined(old, item, adds)
    return tuple(rows[place] for place in sorted(rows))


def whole(rows: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Of all parts of a divided source together, as if it had not been divided."""
    one = (msgspec.structs.replace(row, part="") if row.part else row for row in rows)
    return merge_evidence(tuple(one), (), add_counts=True)


def _joined(old: Evidence, new: Evidence, add_counts: bool) -> Evidence:
    base = new if new.confidence.rank > old.confidence.rank else old
    firsts = [at for at in (old.first_at, new.first_at) if at]
    add = operator.add if add_counts else max
    count = add(old.count, new.count)
    return Evidence(
        rule=base.rule,
        source=base.source,
        resource=base.resource,
        path=base.path,
        line=base.line,
        commit=_of(min, old, new, "commit", "first_at") or base.commit,
        last_commit=_of(max, old, new, "last_commit", "last_at"),
        author=_of(min, old, new, "author", "first_at") or base.author,
        context=base.context,
        confidence=base.confidence,
        preview=base.preview,
        credential=base.credential,
        count=count,
        first_at=min(firsts, default=""),
        last_at=max(old.last_at, new.last_at),
        bytes_up=add(old.bytes_up, new.bytes_up),
        bytes_down=add(old.bytes_down, new.bytes_down),
        costs=joined_costs(old.costs, new.costs, add_counts=add_counts),
        large_uploads=add(old.large_uploads, new.large_uploads),
        handshakes=_handshakes(old, new),
        part=base.part,
        suppressed=base.suppressed,
        ends=base.ends,
        guess=_guess(old.guess, new.guess),
        scopes=base.scopes,
    )


def _guess(old: str, new: str) -> str:
    """What one of the two names is no matter of its id alone."""
    if UNNAMED in (old, new):
        return new if old == UNNAMED else old
    return old or new


EXACT = Context(prec=200)
"""Digits enough for any bill; what is added up is rounded nowhere."""


def joined_costs(
    old: tuple[Cost, ...], new: tuple[Cost, ...], *, add_counts: bool = True
) -> tuple[Cost, ...]:
    """By currency, in order: added up, or the larger of what two readings of the same tell."""
    if not old or not new:
        return old or new
    found = {one.currency: one.amount for one in old}
    for one in new:
        before = found.get(one.currency)
        if before is None:
            found[one.currency] = one.amount
        else:
            join = EXACT.add if add_counts else max
            found[one.currency] = join(before, one.amount)
    return tuple(Cost(currency=key, amount=found[key]) for key in sorted(found))


def total_costs(rows: tuple[Evidence, ...]) -> tuple[Cost, ...]:
    """Of a thing. What was read in several ways (an API and its export; by line and as a whole)
    counts once: the way that tells the most stands. Ways are told apart by ``rule``."""
    ways: dict[str, tuple[Cost, ...]] = {}
    for row in rows:
        ways[row.rule] = joined_costs(ways.get(row.rule, ()), row.costs)
    made: tuple[Cost, ...] = ()
    for told in ways.values():
        made = joined_costs(made, told, add_counts=False)
    return made


def _handshakes(old: Evidence, new: Evidence) -> tuple[str, ...]:
    """The first ones by name: the same whatever was joined first."""
    if not old.handshakes or not new.handshakes:
        return old.handshakes or new.handshakes
    return tuple(sorted({*old.handshakes, *new.handshakes})[:MOST_HANDSHAKES])


def _of(
    choose: Callable[..., Evidence], old: Evidence, new: Evidence, field: str, time: str
) -> str:
    """``field`` of the row that was first or last; rows without one do not count."""
    told = [row for row in (old, new) if getattr(row, field)]
    if not told:
        return ""
    return str(getattr(choose(told, key=lambda row: getattr(row, time)), field))
