"""What of the past is dropped, so that a state does not grow for ever.

Facts are as of the last reading, findings with their events, decisions, tickets and the numbers
that metrics stand on are kept: they are the memory of the job. How completely each shard was read,
and what facts were before they changed, is a matter of the scans that are near.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, select, text

from scanner.store import partitions, past, schema
from scanner.store.migrating import put_meta
from scanner.store.numbers import remember_first_reads
from scanner.store.partitions import Partition
from scanner.store.state import ScanRow, State

_BATCH = 500


@dataclass(frozen=True)
class Pruned:
    """``scans``: whose details go. Rows are those that went, or (dry) would."""

    scans: int
    coverage: int
    changes: int


def prune(state: State, before: str, *, dry_run: bool = False) -> Pruned:
    """Drops details of scans that ended before ``before`` (ISO 8601), but for the last two that
    came to their end, which differences are told of; one that was cut short and is followed by
    those counts from when it began. Of a shard that has facts and that no scan names which stays,
    the last row stays: it says which listing must be complete before the shard is gone.

    Killed at any moment, it has dropped a part, and the next one goes on.
    """
    scans = state.scans()
    last_two = [row.id for row in scans if row.finished_at][-2:]
    end = next((n for n, row in enumerate(scans) if row.id in last_two), 0)
    old = [row for row in scans[:end] if (row.finished_at or row.started_at) < before]
    ids = {row.id for row in old}
    if old and not dry_run:
        remember_first_reads(state)
    kept = _last_rows(state, [row for row in scans if row.id not in ids], old)
    with state.guarded("prune"), state.engine.begin() as db:
        done = Pruned(
            len(ids),
            _count(db, schema.coverage, ids) - sum(len(shards) for shards in kept.values()),
            _count(db, schema.fact_change, ids),
        )
        if dry_run or not ids:
            return done
        whole = _whole(db, ids, kept)
        _forget(db, ids, kept, whole)
        _history_begins_after(db, scans, ids)
    with state.guarded("make the state smaller, its rows went"):
        _give_back(state, ids, whole)
    return done


def _last_rows(
    state: State, staying: Sequence[ScanRow], old: Sequence[ScanRow]
) -> dict[str, set[str]]:
    """Old scan -> the shards whose last row is its own."""
    missing: set[str] = set(state.shards())
    for scan in reversed([row for row in staying if row.finished_at]):
        if not missing:
            break
        missing -= _shards(state, scan.id)
    kept: dict[str, set[str]] = {}
    for scan in reversed([row for row in old if row.finished_at]):
        if not missing:
            break
        if found := missing & _shards(state, scan.id):
            kept[scan.id] = found
            missing -= found
    return kept


def _shards(state: State, scan_id: str) -> set[str]:
    asked = select(schema.coverage.c.shard).where(schema.coverage.c.scan_id == scan_id)
    with state.guarded("read coverage"), state.engine.connect() as db:
        return set(db.execute(asked).scalars())


def _whole(db: Connection, old: Set[str], kept: Mapping[str, Set[str]]) -> frozenset[Partition]:
    """The partitions of which nothing stays."""
    if db.dialect.name != "postgresql":
        return frozenset()
    return frozenset(
        one
        for table in partitions.GROWING
        for one in partitions.partitions_of(db, table)
        if one.scans <= old and (table is not schema.coverage or not one.scans & kept.keys())
    )


def _forget(
    db: Connection, old: Set[str], kept: Mapping[str, Set[str]], whole: Set[Partition]
) -> None:
    """What goes row by row."""
    for table in partitions.GROWING:
        going = {scan for one in whole if one.table is table for scan in one.scans}
        for scan in sorted(old - going):
            here = table.c.scan_id == scan
            if table is not schema.coverage or scan not in kept:
                db.execute(delete(table).where(here))
                continue
            shards = db.execute(select(table.c.shard).where(here)).scalars().all()
            gone = sorted(set(shards) - kept[scan])
            for start in range(0, len(gone), _BATCH):
                some = table.c.shard.in_(gone[start : start + _BATCH])
                db.execute(delete(table).where(here, some))


def _count(db: Connection, table: Table, scans: Set[str]) -> int:
    ids, found = sorted(scans), 0
    for start in range(0, len(ids), _BATCH):
        here = table.c.scan_id.in_(ids[start : start + _BATCH])
        found += db.execute(select(func.count()).select_from(table).where(here)).scalar_one()
    return found


def _history_begins_after(db: Connection, scans: Sequence[ScanRow], old: Set[str]) -> None:
    """The graph of a scan is made again from the changes of all that came after."""
    ids = [row.id for row in scans]
    first = max(ids.index(scan) for scan in old) + 1
    here = schema.meta.c.key == past.SINCE
    since = db.execute(select(schema.meta.c.value).where(here)).scalar()
    if since in ids and ids.index(since) < first:
        put_meta(db, past.SINCE, ids[first])


def _give_back(state: State, old: Set[str], whole: Set[Partition]) -> None:
    if partitions.has_partitions(state.engine):
        partitions.clear(state.engine, old)
        partitions.drop(state.engine, {one for one in whole if not one.is_going})
        return
    with state.engine.connect() as db:
        db.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
