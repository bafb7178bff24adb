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


class Heard(Model, frozen=True, kw_only=True):
    """A source's logs."""

    at: str
    """When the last scan began to which they told something."""
    usual: float = 0.0
    """The most days that have passed between two such scans."""
    is_first: bool = False
    """It has told nothing yet: the scan that read it first."""


class Mark(Model, frozen=True, kw_only=True):
    upto: int = 0
    """Number of the last event that was told, or passed over."""
    gaps: dict[str, str] = {}
    """Numbers below that were missing, and since when: where several write at once, an event may
    become visible after one with a higher number."""
    lacking: dict[str, str] = {}
    """Shard -> outcome, of what was not read completely when it was last told."""
    heard: dict[str, Heard] = {}
    """By source, of those whose logs have told something."""
    listened: str = ""
    """The last scan that counts in ``heard``."""
    quiet: tuple[str, ...] = ()
    """Of ``heard``, those whose logs were read by that scan and told nothing."""
    silent: tuple[str, ...] = ()
    """Sources of which it was told that they are silent."""
    broken_at: str = ""
    """When it was told that a run came to no end; empty: one has since."""
    broken_after: str | None = None
    """The last scan, if it had come to its end by then; empty: it had not, and may yet. None: an
    earlier version told it."""
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
                here = schema.meta.c.key == _key(name)
                stored = db.execute(select(schema.meta.c.value).where(here)).scalar()
                # Not by its text: an earlier version wrote fewer fields.
                if stored is None or _DECODER.decode(stored) != before:
                    return False
                is_same = schema.meta.c.value == stored
                done = db.execute(update(schema.meta).where(here, is_same).values(value=value))
                return bool(done.rowcount)
        except IntegrityError:
            return False


def logs(state: State) -> frozenset[str]:
    """Shards that are read on from where they stopped."""
    with state.guarded("read checkpoints"), state.engine.connect() as db:
        return frozenset(map(str, db.execute(select(schema.checkpoint.c.shard)).scalars()))


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
