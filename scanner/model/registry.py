"""The registry's side: entries, matches, dispositions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from scanner.model.base import Model, NodeId


class BindingType(StrEnum):
    """What kind of key ties an entry to things: exact, declared, or a pattern."""

    ARN = "arn"
    URI = "uri"
    REPO = "repo"
    OAUTH_APP = "oauth_app"
    KEY_FINGERPRINT = "key_fingerprint"
    ID = "id"
    TAG = "tag"
    PATTERN = "pattern"


class Binding(Model, frozen=True, kw_only=True):
    type: BindingType
    value: Annotated[str, msgspec.Meta(min_length=1)]


class Approved(Model, frozen=True, kw_only=True):
    """The envelope that was approved. Absent means not stated, never "anything goes"."""

    providers: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    """Globs."""
    regions: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None


class Stage(StrEnum):
    IDEA = "idea"
    DEVELOPMENT = "development"
    PILOT = "pilot"
    PRODUCTION = "production"
    RETIRED = "retired"


class Assessment(Model, frozen=True, kw_only=True):
    type: str
    status: str = "not_reported"
    """``done``, ``in_progress``, ``waived``, ``not_started``, ``not_reported``."""
    at: str = ""
    expires_at: str = ""
    ref: str = ""


class RegistryEntry(Model, frozen=True, kw_only=True):
    """One AI system in the sanctioned inventory."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Annotated[str, msgspec.Meta(min_length=1)]
    aliases: tuple[str, ...] = ()
    kind: str = "ai_system"
    purpose: str = ""
    owner: str = ""
    stage: Stage | None = None
    risk_tier: str = ""
    approved: Approved = Approved()
    bindings: tuple[Binding, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    review_at: str = ""
    source: str = ""
    """File and line or row it was read from; set by the reader."""
    extensions: dict[str, str] = {}
    """Columns that have no field of ours, kept as they are."""


class MatchClass(StrEnum):
    EXACT = "exact"
    DECLARED = "declared"
    PATTERN = "pattern"
    DERIVED = "derived"
    PROBABLE = "probable"

    @property
    def links(self) -> bool:
        """Whether it registers; ``PROBABLE`` only asks a person."""
        return self is not MatchClass.PROBABLE


class Disposition(StrEnum):
    REGISTERED = "registered"
    DRIFTED = "drifted"
    PROBABLE = "probable"
    AMBIGUOUS = "ambiguous"
    UNREGISTERED = "unregistered"
    NOT_JUDGED = "not_judged"
    """The registry could not be read."""


class Match(Model, frozen=True, kw_only=True):
    """Why an asset and an entry belong together."""

    asset: NodeId
    entry: str
    match_class: MatchClass
    score: int
    """0 to 100."""
    reason: str


class Standing(Model, frozen=True, kw_only=True):
    """What reconciliation says about one asset."""

    status: Disposition
    entry: str = ""
    score: int = 0
    reason: str = ""
    drift: tuple[str, ...] = ()
    """``field: observed, approved ...`` for every field outside the envelope."""
    candidates: tuple[str, ...] = ()


class EntryOutcome(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_VERIFIABLE = "not_verifiable"
    DUPLICATE = "duplicate"
    RETIRED_ALIVE = "retired_alive"


class EntryStanding(Model, frozen=True, kw_only=True):
    """What reconciliation says about one entry."""

    entry: RegistryEntry
    outcomes: tuple[EntryOutcome, ...]
    assets: tuple[NodeId, ...] = ()
    duplicates: tuple[str, ...] = ()
    detail: str = ""
    unassessed: bool = False
