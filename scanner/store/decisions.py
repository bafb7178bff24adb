"""What people have decided about findings, in the state: added to, withdrawn, never deleted.

Nothing is stored that could not be read again, and a row that cannot be read costs itself alone:
it stands over nothing, and is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import insert, select, update

from scanner.model.base import encode
from scanner.model.decision import MOST_BY, MOST_REASON, Decision
from scanner.model.errors import ConfigError
from scanner.store import schema
from scanner.store.state import State

_DECISION = msgspec.json.Decoder(Decision)


def decisions(state: State) -> list[Decision]:
    """All that can be read, the latest first: what was decided last stands over what was decided
    before."""
    found = [one for _, one in _read(state) if isinstance(one, Decision)]
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)


def unreadable(state: State) -> list[str]:
    """One sentence a row that is no decision any more."""
    return [
        f"decision {ident} in the state cannot be read ({why}); it stands over nothing, decide anew"
        for ident, why in _read(state)
        if isinstance(why, str)
    ]


def _read(state: State) -> Iterator[tuple[str, Decision | str]]:
    """Id and decision, or why it is none."""
    table = schema.finding_decision
    with state.guarded("read decisions"), state.engine.connect() as db:
        rows = db.execute(select(table.c.id, table.c.body).order_by(table.c.id)).all()
    for ident, body in rows:
        try:
            yield ident, _decoded(body)
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            yield ident, str(error)


def _decoded(body: bytes) -> Decision:
    """Words that were stored before their length was looked at are cut."""
    try:
        return _DECISION.decode(body)
    except msgspec.ValidationError:
        told = msgspec.json.decode(body, type=dict)
        for name, most in (("reason", MOST_REASON), ("by", MOST_BY)):
            told[name] = str(told.get(name, ""))[:most]
        return msgspec.convert(told, Decision)


def add(state: State, decision: Decision) -> None:
    """Raises ``ConfigError`` for what could not be read again."""
    try:
        _DECISION.decode(encode(decision))
    except msgspec.ValidationError as error:
        raise ConfigError(f"this is no decision that can be kept: {error}") from error
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
