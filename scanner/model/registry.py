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
    data_classes: tuple[str, ...] | None = None
    repositories: tuple[str, ...] | None = None
    """Where its code may stand, as remotes."""
    endpoints: tuple[str, ...] | None = None
    """Globs of addresses under which it may be reached or which it may call."""


class Stage(StrEnum):
    IDEA = "idea"
    DEVELOPMENT = "development"
    PILOT = "pilot"
    PRODUCTION = "production"
    RETIRED = "retired"


class StageDate(Model, frozen=True, kw_only=True):
    """When an entry came into a stage."""

    stage: Stage
    at: str


class OwnerRole(StrEnum):
    ACCOUNTABLE = "accountable"
    BUSINESS = "business"
    TECHNICAL = "technical"
    DATA = "data"
    RISK = "risk"


class Owner(Model, frozen=True, kw_only=True):
    """Somebody who answers for an entry besides its ``owner``."""

    ref: Annotated[str, msgspec.Meta(min_length=1)]
    """An address, a team, or the name as the source writes it."""
    role: OwnerRole = OwnerRole.ACCOUNTABLE


class AssessmentStatus(StrEnum):
    DONE = "done"
    IN_PROGRESS = "in_progress"
    WAIVED = "waived"
    NOT_STARTED = "not_started"
    NOT_REPORTED = "not_reported"
    """Blank: neither done nor not done."""


class Assessment(Model, frozen=True, kw_only=True):
    type: str
    """``impact``, ``security``, ``privacy``, ``bias``, ``ato``, or your own word."""
    status: AssessmentStatus = AssessmentStatus.NOT_REPORTED
    framework: str = ""
    """What it was made against (``nist-ai-rmf``, ``iso-42001``)."""
    result: str = ""
    at: str = ""
    expires_at: str = ""
    ref: str = ""
    """Where its evidence lies."""
    by: str = ""
    unread: str = ""
    """A date of it that cannot be read, as it is written; set by the reader. Whether it is in force
    is not known then."""


class Attestation(Model, frozen=True, kw_only=True):
    """What a vendor has confirmed, and until when."""

    vendor: Annotated[str, msgspec.Meta(min_length=1)]
    type: Annotated[str, msgspec.Meta(min_length=1)]
    """``soc2``, ``iso42001``, ``iso27001``, ``dpa``, ``no_training``, ``subprocessors``, or a word
    of your own."""
    at: str = ""
    expires_at: str = ""
    ref: str = ""
    data_classes: tuple[str, ...] | None = None
    """The classes of data that it covers; absent: it does not say."""
    unread: str = ""
    """A date of it that cannot be read, as it is written; set by the reader. Whether it is in force
    is not known then."""


class SourceId(Model, frozen=True, kw_only=True):
    """What a registry calls this entry. An id says something within its registry and organization
    alone: two that look the same elsewhere are two."""

    registry: str
    id: str
    organization: str = ""
    url: str = ""


class RegistryEntry(Model, frozen=True, kw_only=True):
    """One AI system in the sanctioned inventory. What is left out is not known: it is neither yes
    nor no."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Annotated[str, msgspec.Meta(min_length=1)]
    aliases: tuple[str, ...] = ()
    kind: str = "ai_system"
    """``ai_system``, ``model``, ``agent``, ``mcp_server``, ``dataset``, ``prompt``,
    ``saas_ai_feature``, ``pipeline``, ``experiment``, or your own word."""
    purpose: str = ""
    business_unit: str = ""
    owner: str = ""
    """Who is accountable: an address, a team. A shared mailbox is kept and counts as nobody."""
    owners: tuple[Owner, ...] = ()
    stage: Stage | None = None
    stage_dates: tuple[StageDate, ...] = ()
    risk_tier: str = ""
    impact: str = ""
    approved: Approved = Approved()
    bindings: tuple[Binding, ...] = ()
    """Exact keys, tags and patterns that say which assets are meant."""
    assessments: tuple[Assessment, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    vendors: tuple[str, ...] | None = None
    """Who supplies it, as the registry writes them: no envelope, ``approved.providers`` is one."""
    personal_data: bool | None = None
    review_at: str = ""
    value_metrics: dict[str, str] = {}
    """What the business keeps of its worth (hours saved, revenue)."""
    trust_metrics: dict[str, str] = {}
    """What the business keeps of its trustworthiness (accuracy, fairness, satisfaction)."""
    source_ids: tuple[SourceId, ...] = ()
    source: str = ""
    """File and line or row, or server and record, it was read from; set by the reader."""
    provenance: dict[str, str] = {}
    """Where several registries speak of it: field -> registry that it is from; set by the
    reader."""
    extensions: dict[str, str] = {}
    """Columns that have no field of ours, kept as they are."""

    def since(self, stage: Stage) -> str:
        """When it came into a stage, as far as the registry tells; the first time counts."""
        return min((d.at for d in self.stage_dates if d.stage is stage and d.at), default="")


class MatchClass(StrEnum):
    """In the order in which they decide."""

    CONFIRMED = "confirmed"
    """A person has said so."""
    EXACT = "exact"
    DECLARED = "declared"
    PATTERN = "pattern"
    DERIVED = "derived"
    PROBABLE = "probable"
    ABSTAINED = "abstained"
    """One of several entries that it could be, none of them clear of the others."""

    @property
    def links(self) -> bool:
        """Whether it registers; ``PROBABLE`` only asks a person."""
        return self not in (MatchClass.PROBABLE, MatchClass.ABSTAINED)


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
    of_holder: bool = False
    """What it stands in is what the entry claims, not itself."""


class Standing(Model, frozen=True, kw_only=True):
    """What reconciliation says about one asset."""

    status: Disposition
    entry: str = ""
    score: int = 0
    reason: str = ""
    drift: tuple[str, ...] = ()
    """``field: observed, approved ...`` for every field outside the envelope."""
    candidates: tuple[str, ...] = ()
    unapproved: tuple[str, ...] = ()
    """As ``drift``, against what the organization approves at all."""
    undeclared: str = ""
    """The id by which it calls its entry, where the registry has none of that id."""


class EntryOutcome(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    NOT_VERIFIABLE = "not_verifiable"
    DUPLICATE = "duplicate"
    RETIRED_ALIVE = "retired_alive"
    OWNERLESS = "ownerless"
    OWNER_LEFT = "owner_left"
    OWNER_MAILBOX = "owner_mailbox"
    """Only a mailbox that nobody in particular reads is named."""
    UNASSESSED = "unassessed"
    """It is there, and an assessment that it needs is not, or was not passed."""
    ASSESSMENT_EXPIRED = "assessment_expired"
    CHANGED_SINCE_ASSESSED = "changed_since_assessed"
    ATTESTATION_MISSING = "attestation_missing"
    ATTESTATION_EXPIRED = "attestation_expired"
    ATTESTATION_UNCOVERED = "attestation_uncovered"
    """A class of data that the entry handles and the vendor's paper does not cover."""
    REVIEW_OVERDUE = "review_overdue"
    BINDING_TOO_BROAD = "binding_too_broad"


class EntryStanding(Model, frozen=True, kw_only=True):
    """What reconciliation says about one entry."""

    entry: RegistryEntry
    outcomes: tuple[EntryOutcome, ...]
    assets: tuple[NodeId, ...] = ()
    duplicates: tuple[str, ...] = ()
    detail: str = ""
    absent_as_of: str = ""
    """When that was last looked for which is not there, where an earlier scan did."""
    details: dict[EntryOutcome, str] = {}
    """What each outcome rests on."""
    unassessed: bool = False
    """It lacks an assessment that it needs, whether it is there or not."""
    in_production: bool = False
    """As it says; where it says no stage, as what was found of it runs."""
