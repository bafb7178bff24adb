"""What metrics stand on: a scan's numbers, every event, and which scan read a part first."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import delete, func, insert, select, text

from scanner.model.base import ShardId, encode
from scanner.model.coverage import Coverage
from scanner.model.finding import FindingEvent
from scanner.store import schema
from scanner.store.state import State

_COVERAGE = msgspec.json.Decoder(Coverage)
_FIRST = msgspec.json.Decoder(dict[str, str])
_FIRST_READS = ShardId("first reads")
_FEW = 500


def save_snapshot(state: State, scan_id: str, at: str, body: bytes) -> None:
    """A scan that is gone on with replaces its own."""
    with state.guarded("save the scan's numbers"), state.engine.begin() as db:
        db.execute(delete(schema.snapshot).where(schema.snapshot.c.scan_id == scan_id))
        db.execute(insert(schema.snapshot).values(scan_id=scan_id, at=at, body=body))


def snapshots(state: State) -> list[bytes]:
    """The oldest first."""
    with state.guarded("read the numbers of scans"), state.engine.connect() as db:
        rows = db.execute(
            select(schema.snapshot.c.body)
            .join(schema.scan, schema.scan.c.id == schema.snapshot.c.scan_id)
            .order_by(schema.scan.c.number)
        )
        return [bytes(body) for body in rows.scalars()]


def all_events(state: State) -> list[FindingEvent]:
    """Of all findings, oldest first."""
    with state.guarded("read events"), state.engine.connect() as db:
        rows = db.execute(select(schema.finding_event).order_by(schema.finding_event.c.id))
        return [
            FindingEvent(
                fingerprint=r.fingerprint, scan=r.scan_id, at=r.at, change=r.change,
                detail=r.detail,
            )
            for r in rows
        ]  # fmt: skip


def first_read(state: State, wanted: Iterable[str]) -> dict[str, str]:
    """Shard -> the first scan that read it without trouble."""
    found = _FIRST.decode(state.memory(_FIRST_READS) or b"{}")
    missing = set(wanted) - found.keys()
    row = schema.coverage.c
    for scan in state.scans():
        if not missing:
            break
        asked = select(row.shard, row.body).where(row.scan_id == scan.id)
        if len(missing) <= _FEW:
            asked = asked.where(row.shard.in_(sorted(missing)))
        with state.guarded("read coverage"), state.engine.connect() as db:
            for shard, body in db.execute(asked):
                if shard in missing and not _COVERAGE.decode(body).status.is_lacking:
                    found[shard] = scan.id
                    missing.discard(shard)
    return found


def remember_first_reads(state: State) -> None:
    """Of the shards that findings stand on, before what tells of them is dropped."""
    shards = {shard for finding in state.findings().values() for shard in finding.shards}
    state.remember(_FIRST_READS, encode(first_read(state, shards)))


def facts_stored(state: State) -> int:
    with state.guarded("count facts"), state.engine.connect() as db:
        return int(db.execute(select(func.count()).select_from(schema.fact)).scalar_one())


def facts_at_most(state: State) -> int:
    """Told at once, where counting would read an index of millions: SQLite numbers rows upwards."""
    if state.engine.dialect.name != "sqlite":
        return facts_stored(state)
    with state.guarded("count facts"), state.engine.connect() as db:
        return int(db.execute(text("SELECT coalesce(max(rowid), 0) FROM fact")).scalar_one())
