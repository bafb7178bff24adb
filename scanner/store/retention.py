"""What of the past is dropped, so that a state does not grow for ever.

Facts are as of the last reading, findings with their events, decisions, tickets and the numbers
that metrics stand on are kept: they are the memory of the job. How completely each shard was read,
and what facts were before they changed, is a matter of the scans that are near.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, text

from scanner.store import schema
from scanner.store.state import State


@dataclass(frozen=True)
class Pruned:
    """``scans``: whose details go. Rows are those that went, or (dry) would."""

    scans: int
    coverage: int
    changes: int


def prune(state: State, before: str, *, dry_run: bool = False) -> Pruned:
    """Drops details of scans that ended before ``before`` (ISO 8601), but for the last two that
    came to their end, which differences are told of. Of a shard that no later scan names, the rows
    stay: they say which listing must be complete before it is gone."""
    done = [row for row in state.scans() if row.finished_at]
    old = [row.id for row in done[:-2] if row.finished_at < before]
    row, later = schema.coverage.alias(), schema.coverage.alias()
    is_known_later = exists(
        select(later.c.shard).where(later.c.shard == row.c.shard, later.c.scan_id.not_in(old))
    )
    covered = select(row.c.scan_id, row.c.shard).where(row.c.scan_id.in_(old), is_known_later)
    changed = schema.fact_change.c.scan_id.in_(old)
    with state.guarded("prune"), state.engine.begin() as db:
        rows = db.execute(covered).all()
        changes = db.execute(
            select(func.count()).select_from(schema.fact_change).where(changed)
        ).scalar_one()
        if not dry_run:
            for scan, shard in rows:
                here = (schema.coverage.c.scan_id == scan) & (schema.coverage.c.shard == shard)
                db.execute(delete(schema.coverage).where(here))
            db.execute(delete(schema.fact_change).where(changed))
    if not dry_run and old and state.engine.dialect.name == "sqlite":
        with state.guarded("give room back"), state.engine.connect() as db:
            db.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
    return Pruned(len(old), len(rows), changes)
