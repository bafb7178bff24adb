"""A finding, its life, and what the reconciliation says about an asset."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Fingerprint, Model, NodeId


class FindingStatus(StrEnum):
    OPEN = "open"
    HELD = "held"
    """Still counted as open: what it stands on was not looked at in the last scan."""
    RESOLVED = "resolved"
    REOPENED = "reopened"

    @property
    def is_open(self) -> bool:
        return self is not FindingStatus.RESOLVED


class Finding(Model, frozen=True, kw_only=True):
    """Durable. ``fingerprint`` never depends on wording, severity, lines or times."""

    fingerprint: Fingerprint
    policy: str
    severity: str
    risk: int
    """0 to 100."""
    title: str
    asset: NodeId
    """Uid of the asset or credential, or ``registry:<entry>``, or ``coverage:<shard>``."""
    status: FindingStatus = FindingStatus.OPEN
    confidence: str = ""
    first_seen: str
    last_seen: str
    resolved_at: str = ""
    owner: str = ""
    controls: tuple[str, ...] = ()
    remedy: str = ""
    detail: str = ""
    shards: tuple[str, ...] = ()
    """Shards that show what this stands on: it may be resolved only when they were read."""


class FindingEvent(Model, frozen=True, kw_only=True):
    """One change of one finding. ``change``: opened, updated, held, resolved, reopened."""

    fingerprint: Fingerprint
    scan: str
    at: str
    change: str
    detail: str = ""
