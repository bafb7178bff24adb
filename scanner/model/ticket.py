"""What is known of a ticket between runs: one row a tracker and key, made before the ticket is."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Model


class TicketState(StrEnum):
    RESERVED = "reserved"
    """Somebody is making it, or was when the run ended: it may be there already."""
    OPEN = "open"
    CLOSED = "closed"


class ClosedBy(StrEnum):
    NOBODY = ""
    US = "us"
    """What it was about has ended."""
    PERSON = "person"
    """In the tracker, while what it is about is still there."""


class TicketRow(Model, frozen=True, kw_only=True):
    sink: str
    """Name of the table in the configuration."""
    key: str
    """Fingerprint of the finding, or of the group of findings."""
    state: TicketState
    external_id: str = ""
    url: str = ""
    digest: str = ""
    """Of what the ticket says: unchanged, nothing is sent."""
    closed_by: ClosedBy = ClosedBy.NOBODY
    closed_at: str = ""
    findings: tuple[str, ...] = ()
    severity: str = ""
    """That the ticket said last: of what became worse since, nobody has decided by closing it."""
    title: str = ""
    """That it was given last; empty: not known, and a person's."""
    due: str = ""
    reopened: tuple[str, ...] = ()
    """When it was opened again, of late."""
    token: str = ""
    """Of the run that reserved it."""
    reserved_at: str = ""
    attempt: str = ""
    """Which change was begun last: if the run ended within it, it may be done in part."""
    synced_at: str = ""
    formerly: str = ""
    """Address of the ticket that this one takes the place of."""
    number: int = 1
    """Which ticket of this key it is: the former ones are past."""

    @property
    def is_adopted(self) -> bool:
        """Another state made it, and this one has not written it yet."""
        return bool(self.external_id) and not self.digest
