"""Events: what happens to a ticket, for those who take messages and tell nothing back.

Each has an id that stays the same when it is sent twice, so that whoever takes it can drop the
second, and that no other event has: what a ticket says now it may have said before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from scanner.emit.tickets.content import Ticket
from scanner.emit.tickets.planning import Remote
from scanner.emit.tickets.sink import Made, Refused, There, Wrote
from scanner.model.base import digest, encode


class Event(NamedTuple):
    ident: str
    what: str
    """``create``, ``update``, ``close``, ``reopen`` or ``comment``."""
    key: str
    body: bytes


class Events:
    """A sink that tells what happens and knows nothing of what becomes of it."""

    two_way = False
    settles = timedelta(0)
    most = 0
    """Bytes that a body may have; 0: any number. Findings that are too many are left out, and how
    many is said."""

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        return {}

    def attempts(self, external_id: str) -> Sequence[str]:
        return ()

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        return {}  # an event may come twice: its id is the same

    def create(self, ticket: Ticket, formerly: str) -> Made:
        again = [str(ticket.number)] if ticket.number > 1 else []
        self._tell("create", ticket.key, ticket.digest, *again, ticket=ticket)
        return Made(ticket.key, "")

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        self._tell("update", external_id, ticket.digest, attempt, ticket=ticket)

    def close(self, external_id: str, reason: str, attempt: str) -> None:
        self._tell("close", external_id, attempt, reason=reason)

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None:
        self._tell("reopen", external_id, ticket.digest, attempt, ticket=ticket)

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        self._tell("comment", external_id, attempt, reason=text)

    def _tell(
        self, what: str, key: str, *marks: str, ticket: Ticket | None = None, reason: str = ""
    ) -> None:
        ident = digest([what, key, *marks])
        told = {"id": ident, "event": what, "key": key, "reason": reason, "ticket": ticket}
        self._put(Event(ident, what, key, _fitted(told, ticket, self.most)))

    def _put(self, event: Event) -> None:
        raise NotImplementedError


def _fitted(told: Mapping[str, object], ticket: Ticket | None, most: int) -> bytes:
    body = encode(told)
    if not most or len(body) <= most:
        return body
    count = len(ticket.findings) if ticket else 0
    while ticket is not None and count > 1:
        count //= 2
        fewer = msgspec.structs.replace(ticket, findings=ticket.findings[:count])
        left = len(ticket.findings) - count
        body = encode({**told, "ticket": fewer, "findings_left_out": left})
        if len(body) <= most:
            return body
    raise Refused(f"the event of {told['key']} has {len(body)} bytes; {most} is the most")
