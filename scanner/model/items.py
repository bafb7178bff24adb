"""What a connector may yield, and what the detector makes of bytes."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence, Setting
from scanner.model.facts import Account, Asset, Credential, DataStore, Edge, Identity


class HitKind(StrEnum):
    CREDENTIAL = "credential"
    HOST = "host"
    IMPORT = "import"
    PACKAGE = "package"
    ENV_VAR = "env_var"
    MODEL = "model"
    IMAGE = "image"
    IDENTIFIER = "identifier"
    FILE = "file"


class Hit(Model, frozen=True, kw_only=True):
    """One confirmed detection, already redacted: a secret is only ``fingerprint`` and ``hint``."""

    rule: str
    kind: HitKind
    provider: str
    label: str
    """What was recognised: a package, host, model or variable name; for credentials the rule's
    name."""
    start: int
    end: int
    line: int
    confidence: Confidence
    preview: str = ""
    fingerprint: str = ""
    hint: str = ""


class Place(Model, frozen=True, kw_only=True):
    """Where bytes came from."""

    subject: NodeId
    """The node that holds the bytes: a repository, a function."""
    resource: str = ""
    path: str = ""
    commit: str = ""
    author: str = ""
    seen_at: str = ""
    context: Setting = Setting.PRODUCTION


class Content(Model, frozen=True, kw_only=True):
    """Bytes for the detector. They end there: nothing stores them."""

    place: Place
    data: bytes
    rule_sets: tuple[str, ...] = ("credentials", "usage")


class Sighting(Model, frozen=True, kw_only=True):
    """A hit that the connector has placed itself (bulk readers look places up only for hits)."""

    hit: Hit
    place: Place


class Activity(Model, frozen=True, kw_only=True):
    """Use seen in a log, aggregated per actor and thing; never a row an event.

    The catalogue decides which provider it is, by the most exact of ``client_id``, ``hosts`` and
    ``label``. What matches nothing is dropped and counted.
    """

    rule: str
    """Event type or operation."""
    actor: Identity | None = None
    account: NodeId
    app_id: NodeId
    """Natural key of the application in the source."""
    label: str = ""
    client_id: str = ""
    hosts: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    relation: str = "used_by"
    """``used_by`` (sign-ins, requests) or ``grants`` (consent)."""
    count: int = 1
    first_at: str = ""
    last_at: str = ""
    resource: str = ""
    status: str = ""


class Gap(Model, frozen=True, kw_only=True):
    """One thing inside a shard that could not be read; the shard becomes partial."""

    what: str
    reason: str
    denied: bool = False


class Checkpoint(Model, frozen=True, kw_only=True):
    """Everything yielded before it is stored together with ``cursor``, in one transaction."""

    cursor: str


Item = (
    Account
    | Asset
    | Identity
    | Credential
    | DataStore
    | Edge
    | Content
    | Sighting
    | Activity
    | Gap
    | Checkpoint
)
