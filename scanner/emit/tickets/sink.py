"""What a tracker must be able to do, and how it says that it could not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from scanner.emit.tickets.content import Ticket
from scanner.emit.tickets.planning import Remote
from scanner.model.errors import ShadowAIError


class SinkError(ShadowAIError):
    """A change that was not made. The run goes on with the next."""


class Refused(SinkError):
    """The tracker does not let us, or does not know what we name: trying again does not help."""


class Busy(SinkError):
    """It wants us to come later, or cannot be reached: the next run goes on."""


class Unclear(SinkError):
    """Nobody knows whether the change was made: the next run looks."""


class Made(NamedTuple):
    external_id: str
    url: str


class Wrote(NamedTuple):
    """What a ticket was told last: a field that has another value since was set by a person."""

    title: str
    severity: str
    due: str


class Sink(Protocol):
    """One tracker. Every method raises :class:`SinkError`."""

    settles: timedelta
    """After which time :meth:`find` knows what was made."""
    two_way: bool
    """It tells the state of what was made. Else (a message, an event) what is sent is sent."""

    def states(self, made: Mapping[str, str]) -> Mapping[str, Remote]:
        """Key -> state of the tickets with these ids (key -> id). ``MISSING`` is said only where we
        may still look: else :class:`Refused` is raised, as what one may not see is not gone."""
        ...

    def find(self, keys: Collection[str]) -> Mapping[str, Made]:
        """Key -> the newest ticket that bears its mark, of those that are there; in as few
        questions as the tracker allows."""
        ...

    def create(self, ticket: Ticket, formerly: str) -> Made:
        """``formerly``: address of the ticket that it takes the place of."""
        ...

    def update(self, external_id: str, ticket: Ticket, attempt: str, before: Wrote) -> None:
        """What we have written, written anew; whatever people wrote or set stays."""
        ...

    def close(self, external_id: str, reason: str, attempt: str) -> None: ...

    def reopen(self, external_id: str, ticket: Ticket, attempt: str) -> None: ...

    def comment(self, external_id: str, text: str, attempt: str) -> None:
        """Once for each ``attempt``, whatever happened to the call before."""
        ...
