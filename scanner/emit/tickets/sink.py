"""What a tracker must be able to do, and how it says that it could not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple, Protocol

from scanner.emit.tickets.content import Ticket
from scanner.emit.tickets.planning import Remote
from scanner.model.errors import ShadowAIError
from scanner.rulebook.policy import Severity

_MARK = re.compile(r"shadow-ai[: ]([a-z-]+-[0-9a-f]{12})\b")


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


class There(NamedTuple):
    """A ticket that was found. ``severity``: as it says, or what is nearest to it and milder, where
    it says it in a word of its own; empty: it does not."""

    made: Made
    state: Remote
    severity: str = ""


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
        """Key -> state of the tickets with these ids (key -> id). ``GONE`` is said only where the
        tracker says so itself. Where we may not look at all :class:`Refused` is raised."""
        ...

    def find(self, keys: Collection[str]) -> Mapping[str, There]:
        """Key -> the newest ticket that bears its mark, of those that are there; in as few
        questions as the tracker allows."""
        ...

    def attempts(self, external_id: str) -> Sequence[str]:
        """Those whose marks its comments bear, the oldest first."""
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


def marks(texts: Iterable[str]) -> list[str]:
    """The attempt that each text ends with, of those that bear one. What a finding is called may
    look like one; ours comes behind it."""
    found = (_MARK.findall(text) for text in texts)
    return [one[-1] for one in found if one]


def mildest(severities: Mapping[str, object], value: object) -> str:
    """The severity that a tracker's own value stands for, the mildest where it stands for several:
    what is worse is then told once too often, never kept back. Empty: for none."""
    named = [one for one in Severity if value and severities.get(one.value) == value]
    return str(min(named, key=lambda one: one.rank)) if named else ""


_ODD = (LookupError, TypeError, ValueError, AttributeError)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """An answer that is not as the tracker's description says is no end of the run: nobody knows
    what was done, and the next run looks."""
    try:
        yield
    except _ODD as error:
        raise Unclear(f"{what}: an answer that is not understood ({error!r:.200})") from error
