"""What facts were before: an undo log, written with the change itself, so that the graph of an
earlier scan can be made again.

Nothing is copied at a scan that changes nothing, and a shard that is new is one row. What only its
evidence says anew (a count, a time) is no change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from scanner.model.base import ShardId
from scanner.model.errors import ConfigError
from scanner.model.facts import Fact, fact_key
from scanner.store import schema

if TYPE_CHECKING:
    from scanner.store.state import State

KEPT_SCANS = 60
"""Back to so many scans a graph can be made again."""
SINCE = "history_since"
"""The key of the first scan whose changes are all kept."""
_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


class Changes:
    """Of one shard in one transaction. ``is_new``: the shard had no facts before this scan;
    ``is_told``: that stands in the log already."""

    def __init__(self, scan_id: str, shard: ShardId, *, is_new: bool, is_told: bool) -> None:
        self._ends = {"scan_id": scan_id, "shard": shard}
        self._is_new = is_new
        self._rows: list[dict[str, Any]] = []
        self._is_told = is_told

    def added(self, key: str) -> None:
        if not self._is_new:
            self._rows.append({**self._ends, "key": key, "before": None})
        elif not self._is_told:
            self._is_told = True
            self._rows.append({**self._ends, "key": "", "before": None})

    def changed(self, key: str, before: bytes, after: Fact) -> None:
        if not self._is_new and _bare(_FACTS.decode(before)) != _bare(after):
            self._rows.append({**self._ends, "key": key, "before": before})

    def removed(self, key: str, before: bytes) -> None:
        if not self._is_new:
            self._rows.append({**self._ends, "key": key, "before": before})

    def write(self, db: Connection) -> None:
        if self._rows:
            db.execute(insert(schema.fact_change), self._rows)
            self._rows = []


def is_new_in(db: Connection, scan_id: str, shard: ShardId) -> bool:
    """Whether the scan itself has brought the shard."""
    log = schema.fact_change.c
    here = (log.scan_id == scan_id) & (log.shard == shard) & (log.key == "")
    return db.execute(select(log.id).where(here).limit(1)).first() is not None


def _bare(fact: Fact) -> Fact:
    return msgspec.structs.replace(fact, evidence=())


def forgotten(db: Connection, scan_id: str, shard: ShardId) -> None:
    """All facts of the shard are about to go."""
    fact = schema.fact.c
    rows = db.execute(select(fact.key, fact.body).where(fact.shard == shard).order_by(fact.key))
    changes = Changes(scan_id, shard, is_new=False, is_told=True)
    for row in rows:
        changes.removed(row.key, row.body)
    changes.write(db)


def forget_old(db: Connection) -> None:
    """Changes of scans that are too long ago."""
    scans = [
        row.id
        for row in db.execute(
            select(schema.scan.c.id).order_by(schema.scan.c.number.desc()).limit(KEPT_SCANS)
        )
    ]
    db.execute(delete(schema.fact_change).where(schema.fact_change.c.scan_id.not_in(scans)))


def dates(state: State) -> dict[str, str]:
    """Of every fact the time of the scan that first saw it."""
    fact = schema.fact.c
    asked = select(fact.key, func.min(fact.first_at)).group_by(fact.key)
    with state.guarded("read dates"), state.engine.connect() as db:
        return {row[0]: row[1] for row in db.execute(asked)}


def facts_at(state: State, scan_id: str) -> Iterator[tuple[ShardId, Fact, bool]]:
    """The facts as they were when that scan had ended; evidence as it is known now.

    Raises ``ConfigError`` where that is too long ago.
    """
    scans = [row.id for row in state.scans()]
    if scan_id not in scans:
        raise ConfigError(f"scan `{scan_id}`: no such scan in the state")
    place = scans.index(scan_id)
    since = state.history_since()
    first = max(scans.index(since) if since in scans else len(scans), len(scans) - KEPT_SCANS)
    if place < first - 1:
        raise ConfigError(
            f"scan `{scan_id}`: what it saw is no longer kept; the oldest that is: "
            f"`{scans[max(0, first - 1)]}`"
        )
    undo, new_shards = _undone(state, scans[place + 1 :])
    for shard, fact, is_seen in state.facts():
        key = (shard, fact_key(fact))
        if key not in undo and shard not in new_shards:
            yield shard, fact, is_seen
    for (place_of, _), before in sorted(undo.items()):
        if before is not None:
            yield ShardId(place_of), _FACTS.decode(before), True


def _undone(
    state: State, later: list[str]
) -> tuple[dict[tuple[str, str], bytes | None], frozenset[str]]:
    """What must be put in the place of today's facts: the first thing that the log says of each."""
    undo: dict[tuple[str, str], bytes | None] = {}
    new_shards: set[str] = set()
    log = schema.fact_change
    with state.guarded("read the history"), state.engine.connect() as db:
        asked = select(log).where(log.c.scan_id.in_(later)).order_by(log.c.id)
        for row in db.execute(asked):
            if row.shard in new_shards:
                continue
            if row.key:
                undo.setdefault((row.shard, row.key), row.before)
            else:
                new_shards.add(row.shard)
    return undo, frozenset(new_shards)
