"""How far the messages of a name have told what happened, and who is at telling it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from scanner.model.base import Fingerprint, Model, encode
from scanner.model.finding import FindingEvent
from scanner.store import schema
from scanner.store.state import State

_BATCH = 500


class Mark(Model, frozen=True, kw_only=True):
    upto: int = 0
    """Number of the last event that was told, or passed over."""
    gaps: dict[str, str] = {}
    """Numbers below that were missing, and since when: where several write at once, an event may
    become visible after one with a higher number."""
    lacking: dict[str, str] = {}
    """Shard -> outcome, of what was not read completely when it was last told."""
    told_at: str = ""
    token: str = ""
    """Of the run that sends now; empty: none."""
    taken_at: str = ""


_DECODER = msgspec.json.Decoder(Mark)


def mark(state: State, name: str) -> Mark | None:
    here = schema.meta.c.key == _key(name)
    with state.guarded("read a mark"), state.engine.connect() as db:
        value = db.execute(select(schema.meta.c.value).where(here)).scalar()
    return _DECODER.decode(value) if value else None


def put(state: State, name: str, before: Mark | None, after: Mark) -> bool:
    """Whether ``after`` could take the place of ``before``, which another run may have done."""
    value = encode(after).decode()
    with state.guarded("store a mark"):
        try:
            with state.engine.begin() as db:
                if before is None:
                    db.execute(insert(schema.meta).values(key=_key(name), value=value))
                    return True
                is_same = schema.meta.c.value == encode(before).decode()
                done = db.execute(
                    update(schema.meta)
                    .where(schema.meta.c.key == _key(name), is_same)
                    .values(value=value)
                )
                return bool(done.rowcount)
        except IntegrityError:
            return False


def events_after(
    state: State, upto: int, gaps: Mapping[str, str]
) -> Iterator[tuple[int, FindingEvent]]:
    """Those with a higher number, and those of ``gaps`` that have come up since; by number."""
    event = schema.finding_event.c
    late = [event.id.in_(sorted(map(int, gaps)))] if gaps else []
    asked = select(schema.finding_event).where(or_(event.id > upto, *late)).order_by(event.id)
    with state.guarded("read events"), state.engine.connect() as db:
        for rows in db.execute(asked).partitions(_BATCH):
            for row in rows:
                yield row.id, FindingEvent(
                    fingerprint=Fingerprint(row.fingerprint), scan=row.scan_id, at=row.at,
                    change=row.change, detail=row.detail,
                )  # fmt: skip


def _key(name: str) -> str:
    return f"notify:{name}"
