"""``reach.yaml`` in the form in which statements are compared with it.

Every action of the table is one bit, so that a statement's actions, with their wildcards and
``NotAction``, are one integer.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import yaml

from connectors.aws.iam.globs import ONE, RUN, confined, covers, is_wild, matches, overlap, quoted
from scanner.model.base import Model

Access = Literal["read", "write", "call", "create", "decrypt"]
NO_RESOURCE = quoted("*")
"""What a request asks for whose action takes no resource."""


_SOME = ONE + RUN


class Thing(Model, frozen=True, kw_only=True):
    """One row; the fields are told at the head of the file."""

    id: str
    noun: str
    arns: tuple[str, ...]
    flat: bool = False
    depth: int = 0
    kind: str = ""
    store_class: str = ""
    provider: str = ""
    exact: bool = False
    is_model: bool = False
    only_named: bool = False
    renamed: dict[str, str] = {}
    access: dict[Access, tuple[str, ...]]
    reference: str


class _File(Model, frozen=True, kw_only=True):
    things: tuple[Thing, ...]
    trusted: dict[Literal["ai", "compute"], tuple[str, ...]]


class Row:
    """A thing's ARNs of one form in one partition. ``masks``: the actions by access; ``mask``:
    all."""

    __slots__ = ("_colons", "arn", "is_bucket", "mask", "masks", "service", "thing")

    def __init__(self, thing: Thing, arn: str, partition: str, bits: dict[str, int]) -> None:
        self.thing = thing
        self.arn = NO_RESOURCE if arn == "none" else arn.replace("{partition}", partition)
        self.is_bucket = ":s3:::" in arn
        parts = self.arn.split(":")
        if len(parts) > 5:
            # The names of no other things have colons in them.
            last = parts[5:] if self.is_bucket else map(confined, parts[5:])
            self.arn = ":".join((*_placed(parts[:5]), *last))
        self._colons = -1 if "*" in self.arn else self.arn.count(":")
        self.service = _service(self.arn)
        self.masks: dict[Access, int] = {
            access: sum(1 << bits[name] for name in names) for access, names in thing.access.items()
        }
        self.mask = 0
        for mask in self.masks.values():
            self.mask |= mask

    def takes(self, pattern: str) -> bool:
        """Whether ``pattern`` may stand for something of this form."""
        if self.thing.flat and "/" in pattern:
            return False
        if self.is_bucket:
            parts = pattern.split(":", 5)
            if len(parts) > 5 and (_is_said(parts[3]) or _is_said(parts[4])):
                return False  # of an access point: a key might hold all that, no bucket does
        return overlap(self.arn, pattern)

    def confined(self, pattern: str) -> str:
        """``pattern`` as it is meant for ARNs of this form: where it has all their colons itself,
        its wildcards are none."""
        if pattern.count(":") != self._colons:
            return pattern
        parts = confined(pattern).split(":")
        return ":".join((*_placed(parts[:5]), *parts[5:]))


class Place(NamedTuple):
    """Those resources of a row that ``pattern`` stands for and, where ``within`` is not empty, one
    pattern of each of its clauses does."""

    row: Row
    pattern: str
    within: tuple[tuple[str, ...], ...]


def _place(row: Row, pattern: str) -> Place:
    if covers(pattern, row.arn):
        return Place(row, row.arn, ())
    meant = row.confined(pattern)
    return Place(row, meant, () if covers(row.arn, meant) else ((row.arn,),))


class Table:
    def __init__(self, file: _File, partition: str) -> None:
        names = dict.fromkeys(
            name for thing in file.things for some in thing.access.values() for name in some
        )
        self.partition = partition
        self.actions = tuple(names)
        self.bits = {name: place for place, name in enumerate(names)}
        self._spelled = {name.lower(): 1 << place for place, name in enumerate(names)}
        self.everything = (1 << len(names)) - 1
        self.rows = tuple(
            Row(thing, arn, partition, self.bits) for thing in file.things for arn in thing.arns
        )
        self._of_service: dict[str, tuple[Row, ...]] = {}
        for row in self.rows:
            self._of_service[row.service] = (*self._of_service.get(row.service, ()), row)
        self._masks: dict[str, int] = {}
        self._places: dict[str, tuple[Place, ...]] = {}
        self.trusted = {
            name: family for family, several in file.trusted.items() for name in several
        }

    def mask(self, action: str) -> int:
        """The actions that a pattern, in lower case, stands for."""
        if not is_wild(action):
            return self._spelled.get(action, 0)
        found = self._masks.get(action)
        if found is None:
            found = 0
            for name, bit in self._spelled.items():
                if matches(action, name):
                    found |= bit
            self._masks[action] = found
        return found

    def places(self, pattern: str) -> tuple[Place, ...]:
        """What a pattern of a resource may stand for, row by row."""
        found = self._places.get(pattern)
        if found is None:
            service = _service(pattern)
            among = self.rows if is_wild(service) else self._of_service.get(service, ())
            found = tuple(_place(row, pattern) for row in among if row.takes(pattern))
            self._places[pattern] = found
        return found

    def named(self, mask: int) -> list[str]:
        """The actions of a mask, in the table's order."""
        return [name for place, name in enumerate(self.actions) if mask >> place & 1]


def _placed(parts: list[str]) -> list[str]:
    """The first segments of an ARN, of which a star for region or account is never empty."""
    return [_SOME if part in ("*", RUN) else part for part in parts]


def _is_said(segment: str) -> bool:
    return bool(segment.strip("*"))


def _service(arn: str) -> str:
    """The service of an ARN; a star when a pattern leaves it open."""
    parts = arn.split(":", 3)
    if len(parts) < 3 or any("*" in part for part in parts[:2]):
        # A star before may run over the colons.
        return "*" if is_wild(arn) else ""
    return parts[2]


@lru_cache(maxsize=1)
def _file() -> _File:
    text = (Path(__file__).parent / "reach.yaml").read_bytes()
    plain = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return msgspec.convert(plain, _File)


def load(partition: str) -> Table:
    """A table of its own for every account: it keeps what it has compared."""
    return Table(_file(), partition)


def kinds() -> frozenset[str]:
    """The kinds of nodes that the table's things become."""
    return frozenset(thing.kind for thing in _file().things if thing.kind)
