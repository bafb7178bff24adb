"""Writes one shard into the state: its facts, checkpoint and coverage in one transaction, however
many there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from scanner.collect.sightings import MOST_HELD, Sightings, merged
from scanner.kit.contract import Mode, Shard
from scanner.kit.left_out import covers
from scanner.model.base import ShardId, digest_of, encode
from scanner.model.coverage import Coverage
from scanner.model.evidence import merge_evidence
from scanner.model.facts import Fact
from scanner.model.items import Checkpoint
from scanner.store import schema
from scanner.store.inserting import Inserting
from scanner.store.past import Changes, is_new_in
from scanner.store.state import State

_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
Known = Mapping[str, tuple[str, bytes, int]]
"""Key -> digest, body and whether it is stale, of what is stored."""
_PORTION = 500
"""Rows of a large shard at once."""
_MOST_LATER = 64
_LATER_SECONDS = 5.0
"""For so long, and of so many shards that are as they were, coverage alone waits for a transaction
of others: of an estate that is read daily nearly all are, and each of their own would cost as much
as the rest of their reading. Who is killed before has not read them."""


class StateSink:
    """What the runner writes to."""

    def __init__(self, state: State, scan_id: str, now: str) -> None:
        self._state = state
        self.scan_id = scan_id
        self.now = now
        self._marks: dict[str, tuple[str, int]] | None = None
        self._lock = threading.Lock()
        self._later: list[Coverage] = []
        self._since = 0.0

    def checkpoint(self, shard: ShardId) -> Checkpoint | None:
        with self._state.guarded("read a checkpoint"), self._state.engine.connect() as db:
            cursor = db.execute(
                select(schema.checkpoint.c.cursor).where(schema.checkpoint.c.shard == shard)
            ).scalar()
        return Checkpoint(cursor=cursor) if cursor is not None else None

    def mark(self, shard: ShardId) -> tuple[str, int]:
        """As of when it was first asked: a scan reads every shard once."""
        with self._lock:
            if self._marks is None:
                with self._state.guarded("read marks"), self._state.engine.connect() as db:
                    rows = db.execute(select(schema.shard_mark)).all()
                self._marks = {row.shard: (row.mark, row.records) for row in rows}
        return self._marks.get(shard, ("", 0))

    def forget_mark(self, shard: ShardId) -> None:
        """Its facts are those of no complete reading any more."""
        if self._marks is not None:
            self._marks.pop(shard, None)

    def writer(self, shard: Shard) -> StateWriter:
        return StateWriter(self, self._state, shard, self.scan_id, self.now)

    def record(self, coverage: Coverage) -> None:
        with self.storing("store coverage") as db:
            _put_coverage(db, self.scan_id, coverage)

    @contextmanager
    def storing(self, what: str) -> Iterator[Connection]:
        """A transaction, which takes with it what waits for one."""
        with self._state.guarded(what):
            with self._state.engine.begin() as db:
                self._state.fence(db)
                yield db
                for row in self._later:
                    _put_coverage(db, self.scan_id, row)
            self._later.clear()

    def put_off(self, coverage: Coverage) -> None:
        """Of a shard that is as it was."""
        with self._state.guarded("store coverage"):  # nobody else adds or stores meanwhile
            self._since = self._since if self._later else time.monotonic()
            self._later.append(coverage)
            is_due = time.monotonic() - self._since > _LATER_SECONDS
            if is_due or len(self._later) >= _MOST_LATER:
                self.flush()

    def flush(self) -> None:
        """What waits is stored."""
        if self._later:
            with self.storing("store coverage"):
                pass


class StateWriter:
    """Collects one shard's facts, merged as they come, and stores them in one transaction."""

    def __init__(self, sink: StateSink, state: State, shard: Shard, scan_id: str, now: str) -> None:
        self._sink = sink
        self._state = state
        self._shard = shard
        self._scan_id = scan_id
        self._now = now
        self._sightings = Sightings(adds=shard.mode is Mode.INCREMENTAL, most=MOST_HELD)
        self._memory: bytes | None = None
        self._is_whole = False
        self._is_new: bool | None = None
        self._mark = ""
        self._is_same = False

    def kept_of(self, mark: str) -> int | None:
        known, records = self._sink.mark(self._shard.id)
        self._mark, self._is_same = mark, known == mark
        return records if self._is_same else None

    def remember(self, data: bytes, *, is_whole: bool = False) -> None:
        """Kept with the shard's facts, in their transaction."""
        self._memory = data
        self._is_whole = is_whole

    def add(self, fact: Fact) -> None:
        self._sightings.add(fact)

    def _forget(self) -> None:
        self._sightings.forget()
        self._memory = None
        self._is_whole = False

    @property
    def _adds(self) -> bool:
        return self._shard.mode is Mode.INCREMENTAL

    def commit(self, cursor: str) -> None:
        with self._sink.storing(f"store {self._shard.id}") as db:
            self._store(db, keep_missing=True)
            self._sink.forget_mark(self._shard.id)
            _put_mark(db, self._shard.id, "", 0)
            if self._memory is not None:
                _put_memory(db, self._shard.id, self._memory)
            db.execute(delete(schema.checkpoint).where(schema.checkpoint.c.shard == self._shard.id))
            db.execute(insert(schema.checkpoint).values(shard=self._shard.id, cursor=cursor))
        self._forget()

    def discard(self) -> None:
        self._forget()

    def close(self, coverage: Coverage) -> None:
        """An incremental shard that broke keeps only what a checkpoint has covered: the rest is
        read again, and would count twice."""
        whole = coverage.status.proves_absence and self._shard.mode is Mode.FULL
        if self._adds and not coverage.status.proves_absence:
            self._forget()
        try:
            if whole and self._is_same and self._memory is None:
                self._sink.put_off(coverage)
                return
            with self._sink.storing(f"store {self._shard.id}") as db:
                if not (whole and self._is_same):
                    self._store(db, keep_missing=not whole)
                    mark = self._mark if whole else ""
                    self._sink.forget_mark(self._shard.id)
                    _put_mark(db, self._shard.id, mark, coverage.records)
                if self._memory is not None:
                    _put_memory(db, self._shard.id, self._memory)
                _put_coverage(db, self._scan_id, coverage)
        finally:
            self._forget()

    def _store(self, db: Connection, *, keep_missing: bool) -> None:
        """A large shard in portions, in the same transaction: neither what was seen nor what is
        stored of it is in memory at once. A window of a log says nothing of what it has not shown,
        so that what is stored is looked at where it was seen again, and nowhere else."""
        is_window = self._adds and keep_missing and not self._is_whole
        if is_window and self._sightings.is_empty:
            return
        known = self._known(db, limit=MOST_HELD + 1)
        has_facts = bool(known)
        changes = self._changes(db, has_facts=has_facts)
        if len(known) <= MOST_HELD and not self._sightings.is_large:
            facts = self._sightings.settled()
            self._put(db, facts, known, changes, keep_missing=keep_missing)
            missing = {key: known[key] for key in known.keys() - facts.keys()}
            self._settle_missing(db, missing, changes, keep=keep_missing)
            changes.write(db)
            return
        del known
        for portion in self._sightings.portions(_PORTION):
            known = self._known(db, keys=list(portion)) if has_facts else {}
            self._put(db, portion, known, changes, keep_missing=keep_missing)
            changes.write(db)
        for keys in () if is_window else self._keys(db):
            left = set(keys) - self._sightings.holds(keys)
            if left:
                gone = self._known(db, keys=sorted(left))
                self._settle_missing(db, gone, changes, keep=keep_missing)
            changes.write(db)

    def _known(
        self, db: Connection, *, limit: int | None = None, keys: Sequence[str] | None = None
    ) -> Known:
        """What is stored of the shard: so many rows at most, or those of ``keys``."""
        fact = schema.fact.c
        asked = select(fact.key, fact.digest, fact.body, fact.stale).where(
            fact.shard == self._shard.id
        )
        if keys is not None:
            asked = asked.where(fact.key.in_(keys))
        rows = db.execute(asked.limit(limit) if limit is not None else asked)
        return {row.key: (row.digest, row.body, row.stale) for row in rows}

    def _keys(self, db: Connection) -> Iterator[list[str]]:
        """Of all that is stored of the shard, some at once. Each portion is asked for anew: rows
        that are read while the table is written to may come twice or not at all."""
        fact, last = schema.fact.c, ""
        while True:
            asked = select(fact.key).where(fact.shard == self._shard.id, fact.key > last)
            keys = list(db.execute(asked.order_by(fact.key).limit(_PORTION)).scalars())
            if not keys:
                return
            yield keys
            last = keys[-1]

    def _put(
        self,
        db: Connection,
        seen: Mapping[str, Fact],
        known: Known,
        changes: Changes,
        *,
        keep_missing: bool,
    ) -> None:
        kept: Mapping[str, Fact] = {}
        if not keep_missing and self._shard.left_out:
            kept = self._left_out({key: known[key] for key in known.keys() & seen.keys()})
        new: list[dict[str, Any]] = []
        other: list[dict[str, Any]] = []
        for key, fresh in seen.items():
            fact = fresh
            if key in kept:
                fact = _with_evidence_of(fact, kept[key])
            if keep_missing and key in known:
                fact = merged(self._former(known[key][1]), fresh, self._adds)
            body = encode(fact)
            mark = digest_of(body)
            row = {"digest": mark, "changed_at": self._now, "body": body, "stale": 0}
            if key not in known:
                new.append({"shard": self._shard.id, "key": key, "first_at": self._now, **row})
                changes.added(key)
            elif known[key][0] != mark or known[key][2]:
                other.append({"_key": key, **row})
                changes.changed(key, known[key][1], fact)
        self._update(db, other)
        if new:
            db.execute(insert(schema.fact), new)

    def _update(self, db: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Facts by ``_key``. One statement for all: to make it anew takes longer than the rows."""
        if rows:
            db.execute(_CHANGED, [{"_shard": self._shard.id, **row} for row in rows])

    def _former(self, body: bytes) -> Fact:
        """As it is stored, counting nothing of what this reading counts."""
        fact = _FACTS.decode(body)
        if not self._is_whole or not any(row.part for row in fact.evidence):
            return fact
        rows = (row.uncounted if row.part else row for row in fact.evidence)
        return msgspec.structs.replace(fact, evidence=tuple(rows))

    def _take_counts(self, db: Connection, missing: Known, changes: Changes) -> None:
        """Of what this reading has not seen, and may not call gone: another one has counted it."""
        rows: list[dict[str, Any]] = []
        for key in sorted(missing):
            fact = self._former(missing[key][1])
            body = encode(fact)
            if body != missing[key][1]:
                rows.append({"_key": key, "digest": digest_of(body), "body": body, "stale": 1})
                changes.changed(key, missing[key][1], fact)
        self._update(db, rows)

    def _left_out(self, known: Known) -> dict[str, Fact]:
        """What was seen at places that the user's filters keep this reading from, with the evidence
        that is there: it is not gone, it was not looked at."""
        globs = self._shard.left_out
        kept: dict[str, Fact] = {}
        for key, (_, body, _) in known.items() if globs else ():
            fact = _FACTS.decode(body)
            there = tuple(item for item in fact.evidence if covers(globs, item.path))
            if there:
                kept[key] = msgspec.structs.replace(fact, evidence=there)
        return kept

    def _changes(self, db: Connection, *, has_facts: bool) -> Changes:
        """A shard that had nothing is told as a whole, however many commits its first reading
        takes; one that went on in another process too."""
        if self._is_new is None:
            self._is_new = not has_facts or is_new_in(db, self._scan_id, self._shard.id)
        return Changes(self._scan_id, self._shard.id, is_new=self._is_new, is_told=has_facts)

    def _settle_missing(
        self, db: Connection, missing: Known, changes: Changes, *, keep: bool
    ) -> None:
        """What a whole reading did not show is gone, unless it was kept from looking there; what an
        incomplete one did not show is stale. A log's window says nothing of what is outside it."""
        kept = {} if keep else self._left_out(missing)
        left = sorted(missing.keys() - kept.keys()) if not self._adds else []
        if keep:
            self._update(db, [{"_key": key, "stale": 1} for key in left if not missing[key][2]])
        elif left:
            db.execute(_GONE, [{"_shard": self._shard.id, "_key": key} for key in left])
            for key in left:
                changes.removed(key, missing[key][1])
        if keep and self._is_whole:
            self._take_counts(db, missing, changes)
        rows: list[dict[str, Any]] = []
        for key, fact in sorted(kept.items()):
            body = encode(fact)
            rows.append({"_key": key, "digest": digest_of(body), "body": body, "stale": 1})
            changes.changed(key, missing[key][1], fact)
        self._update(db, rows)


_HERE = (schema.fact.c.shard == bindparam("_shard")) & (schema.fact.c.key == bindparam("_key"))
_CHANGED = update(schema.fact).where(_HERE)
_GONE = delete(schema.fact).where(_HERE)


def _put_mark(db: Connection, shard: ShardId, mark: str, records: int) -> None:
    db.execute(delete(schema.shard_mark).where(schema.shard_mark.c.shard == shard))
    if mark:
        db.execute(insert(schema.shard_mark).values(shard=shard, mark=mark, records=records))


def _with_evidence_of(fact: Fact, other: Fact) -> Fact:
    joined = merge_evidence(fact.evidence, other.evidence)
    return msgspec.structs.replace(fact, evidence=joined)


def _put_memory(db: Connection, shard: ShardId, data: bytes) -> None:
    here = schema.memory.c.shard == shard
    known = db.execute(select(schema.memory.c.body).where(here)).scalar()
    if known is None:
        db.execute(insert(schema.memory).values(shard=shard, body=data))
    elif known != data:
        db.execute(update(schema.memory).where(here).values(body=data))


def _covering(made: Any) -> Any:
    keys = [schema.coverage.c.scan_id, schema.coverage.c.shard]
    return made.on_conflict_do_update(index_elements=keys, set_={"body": made.excluded.body})


_COVERING = Inserting(schema.coverage, _covering)


def _put_coverage(db: Connection, scan_id: str, row: Coverage) -> None:
    body = encode(row)
    db.execute(_COVERING.on(db), {"scan_id": scan_id, "shard": row.shard, "body": body})
