"""Policies and controls as data: when a state of the graph is a finding, and what it means."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from scanner.model.base import Model
from scanner.model.evidence import Confidence
from scanner.rulebook.types import NonEmpty

PolicyId = Annotated[str, msgspec.Meta(pattern=r"^SAI-\d{3}$")]


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (info) to 4 (critical)."""
        return list(Severity).index(self)


class Subject(StrEnum):
    """What a policy is about; each subject knows a fixed set of facts to test."""

    ASSET = "asset"
    CREDENTIAL = "credential"
    ENTRY = "entry"
    COVERAGE = "coverage"


class When(Model, frozen=True, kw_only=True):
    """All that is given must hold. A closed set: what needs more is Python."""

    registry: tuple[str, ...] = ()
    """Any of these dispositions (asset) or entry outcomes."""
    drift: tuple[str, ...] = ()
    """Any of these drifted fields."""
    unapproved: tuple[str, ...] = ()
    """Any of these fields lies outside what the organization approves at all."""
    undeclared: bool | None = None
    """It calls its entry by an id that the registry does not have."""
    retired_model: bool | None = None
    """It names a model that its provider has switched off."""
    owned: bool | None = None
    asset_class: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    setting: tuple[str, ...] = ()
    """The best evidence stands in one of these settings."""
    stored_in: tuple[str, ...] = ()
    """A credential that stands in a node of one of these kinds (glob)."""
    status: tuple[str, ...] = ()
    """Coverage outcomes."""
    stage: tuple[str, ...] = ()
    is_part: bool | None = None
    """Another AI asset is made of it (the model behind an endpoint), and speaks for it."""
    unassessed: bool | None = None
    combines: tuple[str, ...] = ()
    """All of these are true of an asset or key: ``factor`` or ``factor=value|value``, by the
    factors of risk."""
    confidence: Confidence = Confidence.MEDIUM
    """Floor: less sure statements stay in the inventory and make no finding."""


class Policy(Model, frozen=True, kw_only=True):
    """One rule over the graph. A finding's fingerprint is made of the policy's id and the parts
    named in ``identity`` alone, so neither wording nor severity changes it."""

    id: PolicyId
    name: NonEmpty
    title: NonEmpty
    """May hold ``{name}``, ``{provider}``, ``{entry}``, ``{fields}``, ``{reason}``."""
    subject: Subject
    when: When
    severity: Severity
    identity: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Of ``subject`` (its natural key), ``entry`` (registry entry id), ``field`` (one finding a
    drifted field)."""
    remedy: NonEmpty
    rationale: NonEmpty
    formerly: tuple[str, ...] = ()
    """Ids that the policy had before: findings made under them go on as its own."""
    controls: tuple[str, ...] = ()
    """``<framework>:<id>``, each checked to stand in ``rules/controls``."""


class Control(Model, frozen=True, kw_only=True):
    """One control as it is published, and what can be said of it here. A finding that is mapped to
    it is relevant to it; nothing here says that a control is satisfied."""

    id: NonEmpty
    title: NonEmpty
    shows: str = ""
    """What this product can show for it."""
    cannot: str = ""
    """What it cannot, so that nobody reads more into it."""
    words: tuple[NonEmpty, ...] = ()
    """Words in an entry's purpose, name or unit that hint at it. A hint is no classification."""


class Framework(Model, frozen=True, kw_only=True):
    id: NonEmpty
    name: NonEmpty
    version: NonEmpty
    source: NonEmpty
    checked_at: NonEmpty
    note: str = ""
    controls: tuple[Control, ...]
