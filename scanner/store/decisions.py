"""What people have decided about findings, in the state: added to, withdrawn, never deleted."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update

from scanner.model.base import encode
from scanner.model.decision import Decision
from scanner.model.errors import ConfigError
from scanner.store import schema
from scanner.store.state import State

_DECISION = msgspec.json.Decoder(Decision)


def decisions(state: State) -> list[Decision]:
    """All, the latest first: what was decided last stands over what was decided before."""
    with state.guarded("read decisions"), state.engine.connect() as db:
        found = [
            _DECISION.decode(body)
            for body in db.execute(select(schema.finding_decision.c.body)).scalars()
        ]
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)


def add(state: State, decision: Decision) -> None:
    with state.guarded("store a decision"), state.engine.begin() as db:
        db.execute(insert(schema.finding_decision).values(id=decision.id, body=encode(decision)))


def withdraw(state: State, ident: str, *, by: str, reason: str, at: str) -> Decision:
    """Raises ``ConfigError`` when there is none of the id, or it was withdrawn before."""
    found = next((one for one in decisions(state) if one.id == ident), None)
    if found is None:
        raise ConfigError(f"there is no decision `{ident}`; see `shadow-ai findings decisions`")
    if found.withdrawn_at:
        raise ConfigError(
            f"decision {ident} was withdrawn by {found.withdrawn_by} on {found.withdrawn_at}"
        )
    changed = msgspec.structs.replace(
        found, withdrawn_at=at, withdrawn_by=by, withdrawn_reason=reason
    )
    with state.guarded("store a decision"), state.engine.begin() as db:
        db.execute(
            update(schema.finding_decision)
            .where(schema.finding_decision.c.id == ident)
            .values(body=encode(changed))
        )
    return changed
