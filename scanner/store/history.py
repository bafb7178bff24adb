"""What happened to findings, over all of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from scanner.model.base import Fingerprint
from scanner.model.finding import FindingEvent
from scanner.store import schema
from scanner.store.state import State


def changes(state: State, *, since: str = "", scans: Sequence[str] = ()) -> list[FindingEvent]:
    """Oldest first. ``since``: ISO 8601, at that time or later. ``scans``: only of these."""
    event = schema.finding_event.c
    asked = select(schema.finding_event).order_by(event.id)
    if since:
        asked = asked.where(event.at >= since)
    if scans:
        asked = asked.where(event.scan_id.in_(list(scans)))
    with state.guarded("read events"), state.engine.connect() as db:
        return [
            FindingEvent(
                fingerprint=Fingerprint(row.fingerprint), scan=row.scan_id, at=row.at,
                change=row.change, detail=row.detail,
            )
            for row in db.execute(asked)
        ]  # fmt: skip


def changed_at(state: State) -> dict[str, str]:
    """Of every finding the time of its last event."""
    event = schema.finding_event.c
    asked = select(event.fingerprint, func.max(event.at)).group_by(event.fingerprint)
    with state.guarded("read events"), state.engine.connect() as db:
        return {row[0]: row[1] for row in db.execute(asked)}
