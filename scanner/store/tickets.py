"""The ledger of tickets: a row is reserved before a ticket is made, by one run only."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from scanner.model.base import encode
from scanner.model.ticket import TicketRow
from scanner.store import schema
from scanner.store.inserting import Inserting
from scanner.store.state import State

_ROW = msgspec.json.Decoder(TicketRow)
_TABLE = schema.ticket
_FREE = Inserting(_TABLE, lambda made: made.on_conflict_do_nothing())


def rows(state: State, sink: str) -> dict[str, TicketRow]:
    """By key."""
    with state.guarded("read tickets"), state.engine.connect() as db:
        bodies = db.execute(select(_TABLE.c.body).where(_TABLE.c.sink == sink)).scalars()
        return {row.key: row for row in map(_ROW.decode, bodies)}


def reserve(state: State, row: TicketRow) -> bool:
    """Whether the key was free: of two runs at once, one gets it."""
    with state.guarded("reserve a ticket"):
        try:
            with state.engine.begin() as db:
                db.execute(
                    insert(_TABLE).values(
                        sink=row.sink, key=row.key, token=row.token, body=encode(row)
                    )
                )
        except IntegrityError:
            return False
    return True


def reserve_all(state: State, wanted: Mapping[str, TicketRow]) -> dict[str, TicketRow]:
    """Those whose keys were free, all at once: a run that ends leaves all of them or none."""
    if not wanted:
        return {}
    values = [
        {"sink": row.sink, "key": row.key, "token": row.token, "body": encode(row)}
        for row in wanted.values()
    ]
    with state.guarded("reserve tickets"), state.engine.begin() as db:
        db.execute(_FREE.on(db), values)
        first = values[0]
        ours = db.execute(
            select(_TABLE.c.key).where(
                _TABLE.c.sink == first["sink"], _TABLE.c.token == first["token"]
            )
        ).scalars()
        return {key: wanted[key] for key in ours if key in wanted}


def take_over(state: State, row: TicketRow, before: TicketRow) -> bool:
    """Whether ``row`` could take the place of ``before``, which another run may have done."""
    with state.guarded("take a ticket over"), state.engine.begin() as db:
        done = db.execute(
            update(_TABLE)
            .where(_TABLE.c.sink == row.sink, _TABLE.c.key == row.key)
            .where(_TABLE.c.token == before.token, _TABLE.c.body == encode(before))
            .values(token=row.token, body=encode(row))
        )
        return bool(done.rowcount)


def save(state: State, row: TicketRow) -> None:
    with state.guarded("store a ticket"), state.engine.begin() as db:
        db.execute(
            update(_TABLE)
            .where(_TABLE.c.sink == row.sink, _TABLE.c.key == row.key)
            .values(token=row.token, body=encode(row))
        )


def rename(state: State, row: TicketRow, key: str) -> None:
    """The row under the key that its finding has now."""
    changed = msgspec.structs.replace(row, key=key)
    with state.guarded("store a ticket"), state.engine.begin() as db:
        here = (_TABLE.c.sink == row.sink) & (_TABLE.c.key == row.key)
        db.execute(delete(_TABLE).where(here))
        db.execute(
            insert(_TABLE).values(sink=row.sink, key=key, token=row.token, body=encode(changed))
        )


def named(state: State, name: str, sink: str | None = None) -> list[TicketRow]:
    """Of tickets that are made: those of which ``name`` is the key, the tracker's id or address."""
    with state.guarded("read tickets"), state.engine.connect() as db:
        known = map(_ROW.decode, db.execute(select(_TABLE.c.body)).scalars())
        return [
            row
            for row in known
            if row.external_id
            and name in (row.key, row.external_id, row.url)
            and (sink is None or row.sink == sink)
        ]


def drop(state: State, row: TicketRow) -> None:
    """Of what was reserved and never made, or is gone."""
    with state.guarded("store a ticket"), state.engine.begin() as db:
        db.execute(delete(_TABLE).where(_TABLE.c.sink == row.sink, _TABLE.c.key == row.key))
