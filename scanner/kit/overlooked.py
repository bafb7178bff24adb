"""Events that a connector reads and that tell it nothing, looked at once more before they are left.

Vendors add types of events, and change the fields of known ones, without a word. Owns what is then
said, never a row an event: an event of a type that is not known and names an application of AI is
that application, as a guess; a type that names AI is a gap, and so is a known type that lacks what
it is read by (``schema``); texts that name AI, and the types that name none, are a line each of the
scan's warnings. What a source knows, and needs, it says beside the function that reads its events
(:func:`telling`).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

from scanner.kit.ai_words import said
from scanner.kit.contract import Context
from scanner.kit.counted import Counted
from scanner.kit.expressions import expression
from scanner.kit.folding import failed
from scanner.kit.naming import Naming, Namings
from scanner.kit.outcomes import was_refused
from scanner.kit.values import items, mapping, text
from scanner.model.base import NodeId
from scanner.model.facts import Fact
from scanner.model.items import Activity, Gap

Happened = tuple[str, str, tuple[Activity | Fact, ...]]
"""An event's own id, when it happened (ISO 8601, UTC; the smaller of its times where it has two)
and what it tells, nothing in most cases."""
Record = Mapping[str, Any]
_NAME = expression(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}")
_SPACED = expression(r"[A-Za-z0-9_.-]{1,30}(?: [A-Za-z0-9_.-]{1,30}){1,7}")
"""As Microsoft writes them (``Add service principal``)."""
_MOST_NAMES = 20
_MOST_TYPES = 500
"""Types that are told apart; events of others are counted together."""
_MOST_SHOWN = 10
_MOST_GAPS = 20
_MOST_APPS = 200
"""Applications that are guessed of one log."""
_MOST_KIND, _MOST_NEEDS = 80, 3
_ENDED = expression(
    r"(?i)delet|remov|revok|uninstall|unlink|disconnect|disabl|deactivat|den(?:y|ied)|block"
    r"|reject|restrict|request|fail|declin|expire|unauth(?!enticate)"
)

# --- what a connector says of its events ----------------------------------------------------------


class Untold(tuple[str, str, tuple[Activity | Fact, ...]]):
    """A :data:`Happened` that tells nothing, and why: of a type that is not known, or of a known
    one without the field that says what it is about."""

    kind: str
    record: Record
    lacks: str
    """The field; empty: the type is not known."""
    app: Callable[[str], tuple[NodeId, NodeId]] | None
    """The account, and the application of a name in it."""

    @classmethod
    def of(
        cls, event: Happened, kind: str, record: Record, lacks: str = "",
        app: Callable[[str], tuple[NodeId, NodeId]] | None = None,
    ) -> Untold:  # fmt: skip
        made = cls(event)
        made.kind, made.record, made.lacks, made.app = kind, record, lacks, app
        return made


def timed(event: Happened, when: str) -> Happened:
    """The same at another time."""
    moved = event[0], when, event[2]
    if not isinstance(event, Untold):
        return moved
    return Untold.of(moved, event.kind, event.record, event.lacks, event.app)


@dataclass(frozen=True)
class Novel:
    """An event that was not understood, and what it tells all the same: always a gap, as in the log
    of a vendor whose product is AI, where every type is about it. ``why``: after a number of
    events; ``lacks``: as of :class:`Untold`."""

    kind: str
    event: Happened
    why: str = "events are of types not known here"
    lacks: str = ""


class Placed(Protocol):
    """Where an organization's applications are; :class:`scanner.kit.named.Names` is one."""

    def placed(self, org: str, label: str) -> tuple[NodeId, NodeId]: ...


F = TypeVar("F", bound=Callable[..., Any])


def telling(
    kind: str | Callable[[Record], str],
    known: Container[str] | Callable[[str, Record], bool],
    needs: str | Callable[[str, Record], str] = "",
    names: Placed | None = None,
    ident: Callable[[Record, str], str] = lambda _, label: label,
) -> Callable[[F], F]:
    """Of a function of (record, organization, ...) that gives a :data:`Happened`: those that tell
    nothing are given as :class:`Untold`, where there is something to say of them.

    ``kind``: the fields of the type, dotted, several with ``|`` for the first that is given or
    ``+`` for all of them. ``known``: the types, or whether one is known. ``needs``: fields of which
    one must be given, or nothing can be told of a known type, with ``|``; empty: none.
    ``ident``: of the application that a record names, where events that are known go by one; see
    :func:`scanner.kit.outcomes.beside`."""
    kind_of = _kind_of(kind) if isinstance(kind, str) else kind

    def wrapped(read: F) -> F:
        @functools.wraps(read)
        def told(record: Any, org: str, *more: Any, **named: Any) -> Any:
            event = read(record, org, *more, **named)
            if type(event) is not tuple or event[2]:
                return event
            given = mapping(record)
            what = kind_of(given)
            lacks = ""
            if known(what, given) if callable(known) else what in known:
                lacks = lacking(given, needs if isinstance(needs, str) else needs(what, given))
                if not lacks:
                    return event
            place = functools.partial(_placed, names, ident, org, given) if names else None
            return Untold.of(event, what, given, lacks, place)

        return cast("F", told)

    return wrapped


def _placed(
    names: Placed, ident: Callable[[Record, str], str], org: str, given: Record, label: str
) -> tuple[NodeId, NodeId]:
    return names.placed(org, ident(given, label) or label)


def lacking(given: Record, needs: str) -> str:
    """The fields of which one should be given, for people; empty: one is, or none has to be."""
    wanted = needs.split("|") if needs else []
    if any(at(given, path.split(".")) for path in wanted):
        return ""
    return " or ".join(wanted[:_MOST_NEEDS])


def _kind_of(paths: str) -> Callable[[Record], str]:
    if "+" in paths:
        every = [path.split(".") for path in paths.split("+")]
        return lambda given: "/".join(filter(None, (at(given, path) for path in every)))
    if "." not in paths and "|" not in paths:
        return lambda given: text(given.get(paths))
    some = [path.split(".") for path in paths.split("|")]
    return lambda given: next(filter(None, (at(given, path) for path in some)), "")


def at(given: Any, path: Iterable[str]) -> str:
    """The text at a path; where lists are on the way, the first that there is. What is no text and
    there all the same is a mark."""
    steps = list(path)
    for number, step in enumerate(steps):
        listed = items(given)
        if listed:
            rest = steps[number:]
            return next(filter(None, (at(one, rest) for one in listed)), "")
        given = mapping(given).get(step)
    if isinstance(given, Mapping):
        return text(given.get(".tag")) or ("\u2026" if given else "")
    return text(given) or ("\u2026" if isinstance(given, list) and given else "")


# --- what is told ---------------------------------------------------------------------------------


@dataclass
class _Seen:
    """Events of one type: how many, where the first is, and what shows of one of them."""

    count: int = 0
    place: str = ""
    sample: str = ""


@dataclass
class Overlooked:
    """Of one reading. ``ctx``: the catalogue, and who is warned."""

    ctx: Context[Any] | None = None
    odd: dict[str, _Seen] = field(default_factory=dict)
    """By why; the sample is unused."""
    names: dict[str, set[str]] = field(default_factory=dict)
    lacking: dict[tuple[str, str], _Seen] = field(default_factory=dict)
    typed: dict[str, _Seen] = field(default_factory=dict)
    """Types that name AI."""
    worded: dict[str, _Seen] = field(default_factory=dict)
    """Types with an event whose texts do."""
    quiet: Counter[str] = field(default_factory=Counter)
    more: int = 0
    """Events of further types."""
    untimed: _Seen | None = None
    """Events that tell something, and not when."""
    _apps: dict[tuple[str, str], None] = field(default_factory=dict)
    _named: Namings | None = None

    def event(self, one: Happened | Novel, place: str = "") -> Happened:
        """``place``: of the event, behind the name of the file or log."""
        if isinstance(one, Untold):
            return self._untold(one, place)
        if not isinstance(one, Novel):
            return one
        if one.lacks:
            self._count(self.lacking, (_shown(one.kind), one.lacks), place)
        else:
            self._odd(one, place)
        return one.event

    def told(
        self, one: Happened | Novel, counted: Counted, place: str = "", share: str = ""
    ) -> tuple[Activity | Fact, ...]:
        """What an event tells that has not counted yet; one that tells nothing is looked at.
        Without an id it is nobody's repetition. ``share``: tells it from others of its id, where
        one reading may tell several parts of an event."""
        ident, at, _ = one.event if isinstance(one, Novel) else one
        if ident and counted.is_repeated(share or ident):
            return ()
        told = self.event(one, place)[2]
        if told and not at:
            self.without_time(place)
        if ident and told and counted.is_elsewhere(ident, at):
            return ()
        return counted.unadded(told, ident, at)

    def without_time(self, place: str) -> None:
        """An event tells something, and not when."""
        self.untimed = self.untimed or _Seen(place=place)
        self.untimed.count += 1

    def _odd(self, one: Novel, place: str) -> None:
        seen = self.odd.setdefault(one.why, _Seen(place=place))
        seen.count += 1
        names = self.names.setdefault(one.why, set())
        if len(names) < _MOST_NAMES:
            names.add(one.kind if _NAME.fullmatch(one.kind) else "\u2026")

    def _untold(self, one: Untold, place: str) -> Happened:
        kind = _shown(one.kind)
        if one.lacks:
            self._count(self.lacking, (kind, one.lacks), place)
            return one
        found = self._strange(one.kind, one.record, place, one.app is not None)
        if found is None or one.app is None:
            return one
        ident, at, _ = one
        account, app = one.app(found.app)
        named = Activity(
            rule=kind, account=account, app_id=app, label=found.app,
            hosts=(found.host,) if found.host else (), is_guess=True, is_own=True,
            relation="" if _ENDED.search(kind) else "used_by", first_at=at, last_at=at,
        )  # fmt: skip
        return ident, at, (failed(named) if was_refused(one.record) else named,)

    def _strange(self, given: str, record: Record, place: str, is_placed: bool) -> Naming | None:
        """Counts an event of a type that is not known; gives the application that it names."""
        if self._named is None:
            self._named = Namings(self.ctx)
        kind = _shown(given)
        found = self._named.of(record, given)
        if found is not None and found.app and is_placed:
            key = (kind, found.app)
            if key in self._apps or len(self._apps) < _MOST_APPS:
                self._apps[key] = None
                return found
        if found is None and kind in self.quiet:
            self.quiet[kind] += 1
        elif kind in self.typed or said(given[:_MOST_KIND]):
            self._count(self.typed, kind, place, found)
        elif found is not None:
            self._count(self.worded, kind, place, found)
        elif len(self.quiet) < _MOST_TYPES:
            self.quiet[kind] += 1
        else:
            self.more += 1
        return None

    def _count(
        self, types: dict[Any, _Seen], key: Any, place: str, found: Naming | None = None
    ) -> None:
        if key not in types and len(types) >= _MOST_TYPES:
            self.more += 1
            return
        seen = types.setdefault(key, _Seen(place=place))
        seen.count += 1
        if found is not None and not seen.sample:
            seen.sample = f"{_shown(found.key)} says {found.sample}"

    def gap(self, what: str) -> Iterator[Gap]:
        """``what``: the file or log. Warns of what is no gap."""
        if self.untimed is not None:
            reason = "events have no time that can be read: when is not known of them"
            yield Gap(what=what + self.untimed.place, reason=f"{self.untimed.count} {reason}")
        for why, seen in self.odd.items():
            told = ", ".join(sorted(self.names[why]))
            yield Gap(what=what + seen.place, reason=f"{seen.count} {why}: {told}")
        lacking = [
            (f"schema: {_events(seen.count)} of type {kind} without {lacks}, which says what it is "
             "about", seen)
            for (kind, lacks), seen in self.lacking.items()
        ]  # fmt: skip
        typed = [
            (f"{_events(seen.count)} of type {kind}, which is not known here and names AI"
             + (f": {seen.sample}" if seen.sample else ""), seen)
            for kind, seen in self.typed.items()
        ]  # fmt: skip
        for told_of in (lacking, typed):
            for reason, seen in told_of[:_MOST_GAPS]:
                yield Gap(what=what + seen.place, reason=reason)
            rest = told_of[_MOST_GAPS:]
            if rest:
                count = sum(seen.count for _, seen in rest)
                reason = f"{_events(count)} of {len(rest)} more types like these"
                yield Gap(what=what + rest[0][1].place, reason=reason)
        self._warn(what)

    def _warn(self, what: str) -> None:
        if self.ctx is None:
            return
        if self.worded:
            ranked = sorted(self.worded.items(), key=lambda one: (-one[1].count, one[0]))
            shown = [f"{kind} {seen.count} ({seen.sample})" for kind, seen in ranked[:_MOST_SHOWN]]
            count = sum(seen.count for _, seen in ranked)
            self.ctx.warn(
                f"{what}: {_events(count)} of types that are not known here name AI in their "
                f"texts: {_listed(shown, len(ranked))}"
            )
        if self.quiet or self.more:
            common = sorted(self.quiet.items(), key=lambda one: (-one[1], one[0]))
            shown = [f"{kind} {count}" for kind, count in common[:_MOST_SHOWN]]
            count = sum(self.quiet.values()) + self.more
            self.ctx.warn(
                f"{what}: {_events(count)} of types that are not known here, which name no AI: "
                f"{_listed(shown, len(common), self.more)}"
            )


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _listed(shown: list[str], of: int, more: int = 0) -> str:
    rest = [f"and {of - len(shown)} more types"] if of > len(shown) else []
    other = [f"{more} events of types beyond {_MOST_TYPES}"] if more else []
    return ", ".join([*shown, *rest, *other])


@functools.lru_cache(maxsize=_MOST_TYPES)
def _shown(kind: str) -> str:
    """What is no name of a type may be anything that somebody wrote."""
    is_name = _NAME.fullmatch(kind) or _SPACED.fullmatch(kind)
    return kind.replace(" ", "_") if is_name else "\u2026"
