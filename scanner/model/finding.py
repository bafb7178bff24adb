"""A finding, its life, and what the reconciliation says about an asset."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Fingerprint, Model, NodeId


class FindingStatus(StrEnum):
    NEW = "new"
    """Open, and first seen by the last scan."""
    OPEN = "open"
    HELD = "held"
    """Still counted as open: what it stands on was not looked at in the last scan."""
    RESOLVED = "resolved"
    REOPENED = "reopened"
    ACCEPTED = "accepted"
    """Somebody bears the risk, with a reason and until a day."""
    SUPPRESSED = "suppressed"
    """A rule of somebody's says that it is none of interest, with a reason and until a day."""

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something about it."""
        return self not in _SETTLED


_SETTLED = frozenset({FindingStatus.RESOLVED, FindingStatus.ACCEPTED, FindingStatus.SUPPRESSED})


class Finding(Model, frozen=True, kw_only=True):
    """Durable. ``fingerprint`` never depends on wording, severity, lines or times."""

    fingerprint: Fingerprint
    policy: str
    severity: str
    risk: int
    """0 to 100."""
    risk_factors: tuple[str, ...] = ()
    """What the risk is the sum of, each with its points."""
    title: str
    asset: NodeId
    """Uid of the asset or credential, or ``registry:<entry>``, or ``coverage:<shard>``."""
    status: FindingStatus = FindingStatus.OPEN
    confidence: str = ""
    first_seen: str
    last_seen: str
    resolved_at: str = ""
    owner: str = ""
    business_unit: str = ""
    """Of the registry entry, or as its tags say."""
    provider: str = ""
    kind: str = ""
    """Of the asset or credential: ``aws.sagemaker_endpoint``."""
    account: str = ""
    environment: str = ""
    last_used: str = ""
    """Of a credential: when it was used last, as its vendor's record or log says; empty: that is
    not known."""
    controls: tuple[str, ...] = ()
    remedy: str = ""
    detail: str = ""
    shards: tuple[str, ...] = ()
    """Shards that show what this stands on: it may be resolved only when they were read."""
    path: tuple[NodeId, ...] = ()
    """The way that a combination of risks stands on, in order."""
    scan_status: FindingStatus | None = None
    """What scans say while a decision stands over it; None: no decision does."""
    decision: str = ""
    """Id of the decision by which it is accepted or suppressed."""
    decided: str = ""
    """Who decided, why and until when, for people."""
    hidden_by: str = ""
    """File (a baseline, fingerprints to ignore) by which it is suppressed; empty: none."""
    times_reopened: int = 0
    since: str = ""
    """When it came back or became worse last, from which day on there is time to mend it; empty:
    neither since it was first seen."""
    formerly: tuple[Fingerprint, ...] = ()
    """Fingerprints under which the same was known before its asset or policy was renamed."""


class FindingEvent(Model, frozen=True, kw_only=True):
    """One change of one finding. ``change``: opened, updated, held, seen (what
    was held is there), resolved, reopened, renamed;
    accepted, suppressed; expired, withdrawn (a decision no longer stands over it)."""

    fingerprint: Fingerprint
    scan: str
    at: str
    change: str
    detail: str = ""
