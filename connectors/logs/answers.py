"""At which addresses AI was when whom it was answered to: what leads from a log of connections,
which holds addresses alone, back to a name.

Bounded: what is beyond is left out, and said. Kept in the cursor, so that connections of the next
reading can be joined, too.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from connectors.logs.connections import Connections, as_kept, digest
from connectors.logs.networks import is_inside
from connectors.logs.pseudonyms import PSEUDONYM
from connectors.logs.rows import ADDRESS

WINDOW = 3600
"""Seconds after an answer in which a connection may still be due to it. Records live for minutes,
and programs keep what they were answered longer."""
SLACK = 10
"""Seconds that clocks of sensors may differ."""
_SKEW = 60
"""The same where nothing else was answered before: of sensors whose clocks nobody sets."""
_IDLE = 900
"""Seconds between two reports of one connection that goes on; the longest interval of a flow log is
600 (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-basics.html)."""
_STEP = 2
"""Seconds within which answers are one."""
_DAY = 86_400
_MOST_ROWS = 60_000
_MOST_TIMES = 2_000_000
_LAST = 20
"""Times of a row that the next reading needs."""
_MOST_CARRIED = 100_000
_MOST_ASKERS = 10_000
_MOST_KEPT = 3000
OTHER = 0
"""Stands for all names that are no AI's."""

Key = tuple[str, str, str, str, str, bool, str]


@dataclass(slots=True)
class Asked:
    """When one client was answered one name with one address, in order; ``until``: how long
    connections go on that began then."""

    target: int
    scope: str = ""
    times: array[int] = field(default_factory=lambda: array("I"))
    until: int = 0

    def add(self, at: int) -> bool:
        """Whether it is a time of its own."""
        times = self.times
        place = bisect_left(times, at - _STEP)
        if place < len(times) and times[place] <= at:
            return False
        insort(times, at)
        return True

    def before(self, at: int, slack: int = SLACK) -> int:
        """When the answer was that a connection at that time may be due to; 0: there is none."""
        times = self.times
        place = bisect_right(times, at + slack) - 1
        if place < 0:
            return 0
        last = times[place]
        is_due = at - last <= WINDOW or last <= at <= self.until
        return last if is_due else 0


@dataclass(frozen=True)
class Found:
    """Whose a connection is. ``contested``: its client was given the address for another name,
    too."""

    key: Key
    is_contested: bool
    asked: Asked


class _Kept(msgspec.Struct, frozen=True):
    """What goes into the cursor. ``asked``: address, client, target, scope, until, times."""

    keys: list[Key]
    asked: list[tuple[str, str, int, str, int, list[int]]]
    ids: list[tuple[int, int]]
    shared: list[str]
    carried: list[tuple[int, int, int]] = []
    """Connection, bytes up and down that its lines have counted."""


@dataclass
class Answers:
    """``dropped``: answers that were one too many."""

    dropped: int = 0
    forgotten: int = 0
    """Connections that named their hosts, and were one too many to be known again by their ids."""
    count: int = 0
    """Answers that were learnt by this reading."""
    is_changed: bool = False
    is_private: bool = False
    """Nothing is kept for the next reading that may name a person or a device: what was learnt
    before pseudonyms were asked for, and addresses inside the network."""
    _keys: list[Key | None] = field(default_factory=lambda: [None])
    _numbers: dict[Key, int] = field(default_factory=dict)
    _asked: dict[str, dict[str, list[Asked]]] = field(default_factory=dict)
    _rows: int = 0
    _times: int = 0
    _ids: Connections = field(default_factory=Connections)
    _carried: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of connections that are named: bytes that their lines have counted, and no report yet."""
    _shared: set[str] = field(default_factory=set)
    _askers: dict[str, tuple[Key, str, Key]] = field(default_factory=dict)

    def number(self, key: Key) -> int:
        """Of who asked for what; 0 is nobody's."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        return found

    def add(self, address: str, client: str, at: int, target: int, scope: str = "") -> None:
        """``client`` was told at the time ``at`` (seconds) that ``target`` is at ``address``."""
        if target == OTHER:
            if address not in self._asked:
                return
            self._shared.add(address)
        self.is_changed = True
        self.count += target != OTHER
        rows = self._asked.setdefault(address, {}).setdefault(client, [])
        row = None
        for one in rows:
            if one.target == target and one.scope == scope:
                row = one
                break
        if self._times >= _MOST_TIMES or (row is None and self._rows >= _MOST_ROWS):
            self.dropped += 1
            return
        if row is None:
            row = Asked(target, scope)
            rows.append(row)
            self._rows += 1
        self._times += row.add(at)

    def name(
        self, uid: str, target: int, up: int = 0, down: int = 0, *, is_sure: bool = False
    ) -> None:
        """The connection ``uid`` named its host itself, in a line that counted so many bytes.
        ``is_sure``: what its other lines say has been looked at."""
        ident = digest(uid)
        if self._ids.put(ident, target) if is_sure else self._put(ident, target):
            self.is_changed = True
            self._carry(ident, up, down)
        else:
            self.forgotten += 1

    def _put(self, ident: int, target: int) -> bool:
        """Of a connection with requests of which one was refused, the others are what it carried:
        in whatever order its lines come."""
        old = self._ids.get(ident)
        if old is None or old == target or self._worth(target) > self._worth(old):
            return self._ids.put(ident, target)
        return True

    def _worth(self, target: int) -> tuple[object, ...]:
        key = self._keys[target]
        return (0, False) if key is None else (1, not key[5], *key)

    def _carry(self, ident: int, up: int, down: int) -> None:
        if (up or down) and (ident in self._carried or len(self._carried) < _MOST_CARRIED):
            before = self._carried.get(ident, (0, 0))
            self._carried[ident] = before[0] + up, before[1] + down

    def beyond(self, uid: str, up: int, down: int) -> tuple[int, int]:
        """What of a report's bytes no line of the connection has counted yet. Each is taken off
        once, so that reports which share out a connection come to its bytes in all."""
        ident = digest(uid)
        told = self._carried.pop(ident, None)
        if told is None:
            return up, down
        left = max(0, told[0] - up), max(0, told[1] - down)
        if any(left):
            self._carried[ident] = left
        self.is_changed = True
        return max(0, up - told[0]), max(0, down - told[1])

    def ask(self, host: str, client: str, whose: Key, counted: Key) -> None:
        """For answers that do not say whose they are. ``counted``: under which the question was."""
        if len(self._askers) >= _MOST_ASKERS:
            self._askers.clear()
        self._askers[host] = (whose, client, counted)

    def asker(self, host: str) -> tuple[Key, str, Key] | None:
        return self._askers.get(host)

    @property
    def addresses(self) -> Iterable[str]:
        return self._asked.keys()

    @property
    def has_names(self) -> bool:
        return bool(self._asked)

    def knows(self, address: str) -> bool:
        return address in self._asked

    def is_shared(self, address: str) -> bool:
        """Whether another name was answered with it, too."""
        return address in self._shared

    def of_connection(self, uid: str) -> Key | int | None:
        """Whose; ``OTHER`` where it named a host that is no AI's; None: not known."""
        number = self._ids.get(digest(uid)) if uid else None
        if number is None:
            return None
        return self._keys[number] or OTHER

    def at(self, address: str, client: str, at: int, scope: str = "") -> Found | int | None:
        """Whose name the client was last given for the address when the connection began;
        ``OTHER`` for one that is no AI's."""
        due: list[tuple[int, int, Asked]] = []
        for slack in (SLACK, _SKEW):
            due = due or [
                (last, one.target, one)
                for one in self._asked.get(address, {}).get(client, ())
                if not (scope and one.scope and scope != one.scope)
                and (last := one.before(at, slack))
            ]
        if not due:
            return None
        nearest = max(due, key=lambda row: (row[0], self._rank(row[1])))[2]
        key = self._keys[nearest.target]
        if key is None:
            return OTHER
        whose = {(k[0], k[1], k[2]) if (k := self._keys[target]) else None for _, target, _ in due}
        return Found(key, len(whose) > 1, nearest)

    def anybody(self, address: str, at: int) -> Key | None:
        """What any client was given the address for, within a day."""
        best: tuple[int, tuple[object, ...], int] | None = None
        for rows in self._asked.get(address, {}).values():
            for one in rows:
                if one.target != OTHER:
                    away = min(_nearby(one.times, at), default=_DAY + 1)
                    rank = self._rank(one.target)
                    if away <= _DAY and (best is None or (-away, rank) > (-best[0], best[1])):
                        best = away, rank, one.target
        return self._keys[best[2]] if best else None

    def _rank(self, number: int) -> tuple[object, ...]:
        """Of answers of the same moment, whichever file was read first: AI's before others', who is
        named before an address."""
        key = self._keys[number]
        return (0,) if key is None else (1, key[0] != ADDRESS, *key)

    @property
    def text(self) -> str:
        """What the next reading should know: the newest."""
        rows = [
            (address, client, one)
            for address, clients in self._asked.items()
            for client, asked in clients.items()
            for one in asked
        ]
        newest = max((one.times[-1] for _, _, one in rows), default=0)
        rows = [row for row in rows if row[2].times[-1] >= newest - _DAY]
        if self.is_private:
            rows = [row for row in rows if self._is_unnamed(*row)]
        rows.sort(key=lambda row: (-row[2].times[-1], row[0], row[1], row[2].target))
        rows = rows[:_MOST_KEPT]
        ids = [one for one in self._ids.newest() if not self.is_private or self._is_nobody(one[1])]
        used = sorted(({row[2].target for row in rows} | {number for _, number in ids}) - {OTHER})
        place = {number: at for at, number in enumerate(used, 1)} | {OTHER: OTHER}
        there = {row[0] for row in rows}
        kept = _Kept(
            [key for number in used if (key := self._keys[number]) is not None],
            [
                (address, client, place[one.target], one.scope, one.until, list(one.times[-_LAST:]))
                for address, client, one in rows
            ],
            [(ident, place[number]) for ident, number in ids],
            sorted(self._shared & there),
            [(one, *self._carried[one]) for one, _ in ids if one in self._carried],
        )
        return msgspec.json.encode(kept).decode()

    def _is_unnamed(self, address: str, client: str, asked: Asked) -> bool:
        is_outside = not is_inside(address)
        return is_outside and bool(PSEUDONYM.fullmatch(client)) and self._is_nobody(asked.target)

    def _is_nobody(self, number: int) -> bool:
        key = self._keys[number]
        return key is None or not key[1] or bool(PSEUDONYM.fullmatch(key[1]))

    @classmethod
    def of(cls, text: str) -> Answers:
        made = cls()
        made.learn(text)
        made.is_changed = False
        return made

    def learn(self, text: str) -> None:
        """What another reading has kept; nothing where it is none."""
        if not text:
            return
        try:
            kept = msgspec.json.decode(text, type=_Kept)
        except msgspec.MsgspecError:
            return
        numbers = [OTHER, *map(self.number, kept.keys)]
        for address, client, target, scope, until, times in kept.asked:
            if 0 <= target < len(numbers) and times and min(times) >= 0 and max(times) < 1 << 32:
                asked = Asked(numbers[target], scope, array("I", sorted(times)), until)
                self._take(address, client, asked)
        for ident, at in kept.ids:
            if 0 <= at < len(numbers):
                self._put(as_kept(ident), numbers[at])
        for ident, up, down in kept.carried:
            self._carry(as_kept(ident), up, down)
        self._shared |= set(kept.shared)
        self.is_changed = True

    def _take(self, address: str, client: str, other: Asked) -> None:
        rows = self._asked.setdefault(address, {}).setdefault(client, [])
        whose = other.target, other.scope
        one = next((row for row in rows if (row.target, row.scope) == whose), None)
        if one is None:
            rows.append(other)
            self._rows += 1
            self._times += len(other.times)
        else:
            self._times += sum(one.add(at) for at in other.times)
            one.until = max(one.until, other.until)

    def join(self, other: Answers) -> None:
        """All that another reading was answered, behind what this one was."""
        numbers = [OTHER if key is None else self.number(key) for key in other._keys]
        for address, clients in other._asked.items():
            for client, rows in clients.items():
                for row in rows:
                    if self._rows >= _MOST_ROWS or self._times >= _MOST_TIMES:
                        self.dropped += len(row.times)
                        continue
                    asked = Asked(numbers[row.target], row.scope, row.times, row.until)
                    self._take(address, client, asked)
        for ident, at in other._ids.items():
            self.forgotten += not self._put(ident, numbers[at])
        self.forgotten += other.forgotten
        for ident, (up, down) in other._carried.items():
            if ident in self._ids:
                self._carry(ident, up, down)
        self._shared |= other._shared
        self.count += other.count
        self.dropped += other.dropped
        self.is_changed = self.is_changed or other.is_changed


def extend(asked: Asked, end: int) -> None:
    """A connection that goes on is still the same one's in the next report."""
    asked.until = max(asked.until, end + _IDLE)


def _nearby(times: array[int], at: int) -> list[int]:
    """How far the nearest ones before and behind are away."""
    place = bisect_left(times, at)
    return [abs(one - at) for one in times[max(0, place - 1) : place + 1]]
