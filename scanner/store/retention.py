"""What of the past is dropped, so that a state does not grow for ever.

Facts are as of the last reading, findings with their events, decisions, tickets and the numbers
that metrics stand on are kept: they are the memory of the job. How completely each shard was read,
and what facts were before they changed, is a matter of the scans that are near.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, text

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
    row = schema.coverage.c
    named_later = select(row.shard).where(row.scan_id.not_in(old))
    going = (
        (schema.coverage, row.scan_id.in_(old) & row.shard.in_(named_later)),
        (schema.fact_change, schema.fact_change.c.scan_id.in_(old)),
    )
    with state.guarded("prune"), state.engine.begin() as db:
        covered, changed = (
            db.execute(select(func.count()).select_from(table).where(which)).scalar_one()
            for table, which in going
        )
        for table, which in () if dry_run else going:
            db.execute(delete(table).where(which))
    if not dry_run and old and state.engine.dialect.name == "sqlite":
        with state.guarded("give room back"), state.engine.connect() as db:
            db.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
    return Pruned(len(old), covered, changed)
