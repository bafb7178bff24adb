"""How completely was read what a scan has not read itself, as of the scan before it."""

from __future__ import annotations

from collections.abc import Set

import msgspec
from sqlalchemy import insert, select

from scanner.model.base import encode
from scanner.model.coverage import Coverage
from scanner.store import schema
from scanner.store.state import ScanRow, State

_BATCH = 500


def carry(state: State, before: ScanRow, scan_id: str, sources: Set[str]) -> list[Coverage]:
    """In one transaction; a scan that is resumed has it already."""
    rows = [
        msgspec.structs.replace(row, read_at=row.read_at or before.started_at)
        for row in state.coverage(before.id)
        if row.source in sources
    ]
    asked = select(schema.coverage.c.shard).where(schema.coverage.c.scan_id == scan_id)
    with state.guarded("store coverage"), state.engine.begin() as db:
        state.fence(db)
        there = set(db.execute(asked).scalars())
        fresh = [
            {"scan_id": scan_id, "shard": row.shard, "body": encode(row)}
            for row in rows
            if row.shard not in there
        ]
        for start in range(0, len(fresh), _BATCH):
            db.execute(insert(schema.coverage), fresh[start : start + _BATCH])
    return rows
