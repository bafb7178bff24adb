"""Every object a repository has ever stored, each read once; places are looked up only for hits.

Reading objects instead of diffs is complete (merges, deleted branches that are not pruned, what
``git log -p`` hides) and reads equal content once. Three readers, one answer: git hands out every
object whole (the reference, and whatever the others do not know); the packs' own deltas are walked
in Python; or by the compiled core. What was judged is remembered, so that the next scan reads what
is new.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np

from scanner.kit.archives import Bounds, Member, is_archive, members
from scanner.kit.contract import Examine, Secret, Sieve
from scanner.kit.git import native
from scanner.kit.git.completeness import lacks
from scanner.kit.git.graph import Graph, build
from scanner.kit.git.memory import Memory, Places
from scanner.kit.git.objects import Store, hexes, open_store, stamp
from scanner.kit.git.origins import origins
from scanner.kit.git.packs import COMMIT, KINDS, BrokenPack
from scanner.kit.git.process import Git, GitObject
from scanner.kit.git.sift import sift
from scanner.kit.git.sightings import place
from scanner.kit.git.walk import LIVE_BYTES, Limits
from scanner.kit.text import PROBE, encoding_of, is_text
from scanner.model.base import NodeId
from scanner.model.items import Gap, Hit, Item, Remembered, Sighting

READER_VARIABLE = "SHADOW_AI_HISTORY_READER"
_READ = ("blob", "commit", "tag")
_MOST_RETRIED = 20


class Layer(StrEnum):
    AUTO = "auto"
    REFERENCE = "reference"
    PYTHON = "python"
    NATIVE = "native"


class Detecting(Protocol):
    """What reading a history needs of :class:`scanner.kit.contract.Context`."""

    @property
    def examine(self) -> Examine: ...
    @property
    def sieve(self) -> Sieve | None: ...
    @property
    def warn(self) -> Callable[[str], None]: ...


@dataclass(frozen=True)
class Options:
    most_bytes: int
    """Larger texts are named as a gap."""
    archives: Bounds | None = None
    layer: Layer = Layer.AUTO
    memory: bytes = b""
    """What the last reading of this repository left."""


@dataclass
class Reading:
    """``hits``: by object, the secrets that it holds."""

    hits: Places = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """Of the objects with hits."""
    gaps: list[Gap] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    """Objects that were read one by one and need not be again."""
    unread: list[str] = field(default_factory=list)
    """Objects of which git handed out nothing."""

    def cannot_read(self, oid: str) -> None:
        self.unread.append(oid)
        self.gaps.append(Gap(what=f"object {oid}", reason="unreadable; try `git fsck`"))


def read_history(
    git: Git, subject: NodeId, detecting: Detecting, options: Options
) -> Iterator[Item]:
    """Sightings of credentials in all objects, one a credential and path; a gap for each object
    that could not be read; last, what to remember."""
    yield from _History(git, subject, detecting, options).items()


class _History:
    def __init__(self, git: Git, subject: NodeId, detecting: Detecting, options: Options) -> None:
        self._git = git
        self._subject = subject
        self._examine = detecting.examine
        self._warn = detecting.warn
        self._sieve = detecting.sieve
        self._options = options
        self._layer = _layer(options.layer)

    def items(self) -> Iterator[Item]:
        sieve, store = self._sieve, None
        complaints: list[str] = []
        if sieve is not None and self._layer is not Layer.REFERENCE:
            mark = f"{sieve.mark} {self._options.most_bytes} {self._options.archives}"
            memory = Memory.load(self._options.memory, mark)
            if self._options.memory and memory.is_new:
                self._warn(
                    f"{self._subject}: rules for credentials or bounds have changed since its last "
                    "reading; its whole history is read again"
                )
            now = stamp(self._git)
            if memory.is_settled(now) and self._are_unread(memory.unread):
                yield from memory.lacks
                yield from memory.sightings
                return
            try:
                store = open_store(
                    self._git, use_native=self._layer is Layer.NATIVE, complain=complaints.append
                )
            except BrokenPack:
                store = None  # another hash: git reads it
        if store is None or sieve is None:
            yield from self._by_reference()
        else:
            yield from self._by_packs(store, sieve, memory, now, complaints)

    def _by_reference(self) -> Iterator[Item]:
        complaints: list[str] = []
        objects = self._git.objects(complaints.append)
        stored = {found.oid for found in objects}
        yield from lacks(self._git, stored.intersection, complaints)
        reading = Reading()
        self._read(objects, reading)
        yield from reading.gaps
        commits = (found.oid for found in objects if found.kind == "commit")
        yield from self._sightings(reading, commits)

    def _by_packs(
        self, store: Store, sieve: Sieve, memory: Memory, now: str, complaints: Iterable[str]
    ) -> Iterator[Item]:
        reading = Reading()
        limits = Limits(self._options.most_bytes, LIVE_BYTES)
        left: list[str] = []
        for pack, chosen in store.texts():
            wanted = chosen & ~memory.knows(pack.ids)
            found = sift(pack, wanted, sieve, limits, use_native=self._layer is Layer.NATIVE)
            unread = np.array(found.left, np.int64)
            left += hexes(pack.ids[unread])
            wanted[unread] = False
            memory.judged(pack.ids[wanted])
            for number, secrets in found.hits.items():
                oid = pack.ids[number].tobytes().hex()
                reading.hits[oid] = secrets
                reading.kinds[oid] = KINDS[int(pack.kinds[number])]
        loose = memory.unknown(store.loose)
        self._read(_facts(self._git, [*left, *loose]), reading)
        memory.judged_hex(reading.judged)
        memory.join(reading.hits, reading.kinds, store.holds)
        blobs = [oid for oid in reading.hits if reading.kinds[oid] == "blob"]
        graph = build(self._git, store, blobs) if self._layer is Layer.NATIVE else None
        absent = graph.absent if graph else None
        gone = list(lacks(self._git, store.holds, complaints, absent))
        yield from gone
        yield from reading.gaps
        found_here: list[Item] = []
        for item in self._sightings(reading, _commits(store), graph):
            found_here.append(item)
            yield item
        memory.settle(
            "" if any(isinstance(item, Gap) for item in found_here) else now,
            [item for item in found_here if isinstance(item, Sighting)],
            [*gone, *reading.gaps],
            reading.unread,
        )
        memory.keep_only(store.ids())
        yield Remembered(data=memory.dump())

    def _are_unread(self, oids: list[str]) -> bool:
        """Whether git still hands out none of these. What is too large or packed too deep stays so;
        what was forbidden or on a bad disk may be readable now."""
        if len(oids) > _MOST_RETRIED:
            return False  # each may cost a process of git's
        return all(data is None for _, data in self._git.contents(oids))

    def _read(self, objects: Iterable[GitObject], reading: Reading) -> None:
        """One by one, whole."""
        wanted: list[str] = []
        kinds: dict[str, str] = {}
        most = self._options.most_bytes
        for found in objects:
            if found.kind == "tree":
                reading.judged.append(found.oid)
            elif found.kind not in _READ:
                reading.cannot_read(found.oid)
            elif found.size > most:
                if found.kind == "blob" and self._is_binary(found.oid):
                    reading.judged.append(found.oid)
                    continue  # binary, like those of any size
                reason = f"larger than {most >> 20} MiB; not read"
                reading.gaps.append(Gap(what=f"object {found.oid}", reason=reason))
            else:
                wanted.append(found.oid)
                kinds[found.oid] = found.kind
        for oid, data in self._git.contents(wanted):
            if data is None:
                reading.cannot_read(oid)
            else:
                self._judge(GitObject(oid, kinds[oid], len(data)), data, reading)

    def _judge(self, found: GitObject, data: bytes, reading: Reading) -> None:
        secrets: set[Secret] = set()
        gaps: list[Gap] = []
        for part in self.parts(data):
            if isinstance(part, Gap):
                what = f"object {found.oid}{part.what}"
                gaps.append(Gap(what=what, reason=part.reason, denied=part.denied))
            elif not self._is_clear(part.data):
                secrets |= {(hit.rule, hit.fingerprint) for hit in self.hits(part.data)}
        if secrets:
            reading.hits[found.oid] = secrets
            reading.kinds[found.oid] = found.kind
        reading.gaps += gaps
        if not gaps:
            reading.judged.append(found.oid)

    def _is_binary(self, oid: str) -> bool:
        head = self._git.head_of(oid)
        return not is_text(head) and not is_archive(head)

    def parts(self, data: bytes, path: str = "") -> Iterator[Member | Gap]:
        """The object itself, or what it packs, with the path of each."""
        bounds = self._options.archives
        if bounds is not None and is_archive(data[:PROBE], path):
            yield from members(path, data, bounds)
        else:
            yield Member(path, data)

    def _is_clear(self, data: bytes) -> bool:
        """Whether the sieve rules credentials out, which costs a third of asking the detector. The
        reference reader never asks it."""
        if self._sieve is None or self._layer is Layer.REFERENCE:
            return False
        if b"\0" in data or encoding_of(data) != "utf-8":
            return False
        return not self._sieve.places(b"\0" + data + b"\0")

    def hits(self, data: bytes) -> tuple[Hit, ...]:
        return self._examine(data, "", ("credentials",))

    def _sightings(
        self, reading: Reading, commits: Iterable[str], graph: Graph | None = None
    ) -> Iterator[Item]:
        blobs = {oid for oid in reading.hits if reading.kinds[oid] == "blob"}
        found = origins(self._git, blobs, commits, graph)
        yield from place(self._git, self._subject, reading.hits, reading.kinds, found, self)


def _layer(asked: Layer) -> Layer:
    named = os.environ.get(READER_VARIABLE, "")
    if asked is Layer.AUTO and named in tuple(Layer):
        asked = Layer(named)
    if asked in (Layer.AUTO, Layer.NATIVE):
        return Layer.NATIVE if native.core() is not None else Layer.PYTHON
    return asked


def _facts(git: Git, oids: list[str]) -> Iterator[GitObject]:
    """Kind and size of stored objects; ``unreadable`` for what git cannot tell."""
    known = git.facts(oids)
    for oid in oids:
        yield known.get(oid, GitObject(oid, "unreadable", 0))


def _commits(store: Store) -> Iterator[str]:
    for pack in store.packs:
        yield from hexes(pack.ids[pack.kinds == COMMIT])
    yield from store.loose  # whichever of them are commits: others lead to nothing
