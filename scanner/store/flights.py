"""Shards that are in the air, noted before they are begun: what a run that died was reading.

A process that is killed tells nothing. What its notes leave is suspected by the next run: each of
them may have been what killed it (memory, a crash of a library), and most are not.
"""

from __future__ import annotations

import platform
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from scanner.model.base import ShardId
from scanner.store import schema
from scanner.store.inserting import Inserting
from scanner.store.state import State

_BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Another one at each start of the system (https://man7.org/linux/man-pages/man4/random.4.html)."""
_SEPARATOR = " "


def _noting(made: Any) -> Any:
    more = {"tries": schema.flight.c.tries + 1, "place": made.excluded.place}
    return made.on_conflict_do_update(index_elements=[schema.flight.c.shard], set_=more)


_NOTING = Inserting(schema.flight, _noting)
_SHARD = schema.flight.c.shard == bindparam("one")
_ENDED = delete(schema.flight).where(_SHARD)
_STOPPED = update(schema.flight).where(_SHARD).values(tries=schema.flight.c.tries - 1)
_KEPT = update(schema.flight).where(_SHARD).values(tries=bindparam("left"))
_INNOCENT = delete(schema.flight).where(schema.flight.c.tries <= 0)


class Flights:
    """Of one run, which holds the state's lock: what is noted when it begins is nobody's who lives.

    ``tries``: shard -> in how many runs it was in the air when their process died. Where the whole
    machine went down, the last of them is not counted.
    """

    def __init__(self, state: State, place: str = "") -> None:
        self._state = state
        self._place = place or here()
        host, _, boot = self._place.rpartition(_SEPARATOR)
        self.tries: dict[ShardId, int] = {}
        with state.guarded("read what was begun"), state.engine.connect() as db:
            for row in db.execute(select(schema.flight)):
                old_host, _, old_boot = row.place.rpartition(_SEPARATOR)
                fell = bool(host and boot and old_boot) and old_host == host and old_boot != boot
                self.tries[ShardId(row.shard)] = max(0, row.tries - fell)

    def note(self, begun: Collection[ShardId], ended: Collection[ShardId]) -> None:
        """In one transaction, before ``begun`` are. Raises ``StoreError``."""
        with self._state.guarded("note what is begun"), self._state.engine.begin() as db:
            self._state.fence(db)
            if ended:
                db.execute(_ENDED, [{"one": shard} for shard in ended])
            if begun:
                rows = [{"shard": one, "tries": 1, "place": self._place} for one in begun]
                db.execute(_NOTING.on(db), rows)

    def stopped(self, shards: Collection[ShardId]) -> None:
        """They were in the air when the run was told to end: that is no try."""
        if not shards:
            return
        with self._state.guarded("note what was stopped"), self._state.engine.begin() as db:
            self._state.fence(db)
            db.execute(_STOPPED, [{"one": shard} for shard in shards])
            db.execute(_INNOCENT)

    def set_aside(self, shard: ShardId, left: int) -> None:
        """It counts as begun ``left`` times from now on: not read among others, but tried."""
        with self._state.guarded("note what is set aside"), self._state.engine.begin() as db:
            self._state.fence(db)
            db.execute(_KEPT, {"one": shard, "left": left})


def here() -> str:
    """Host, and which start of its system; the latter empty where the system does not tell."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        boot = ""
    return f"{platform.node()}{_SEPARATOR}{boot}"
