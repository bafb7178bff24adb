"""What a connector may yield, and what the detector makes of bytes."""

from __future__ import annotations

from enum import StrEnum

from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence, Cost, Ends, Setting
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
    CLIENT = "client"
    """A client that is constructed, with what it is pointed at."""
    ENDPOINT = "endpoint"
    MCP_SERVER = "mcp_server"
    AGENT = "agent"
    RESOURCE = "resource"
    """Declared by an infrastructure language."""
    GRANT = "grant"
    """A permission to call models, as code grants it."""
    WEIGHTS = "weights"
    FLOW = "flow"
    COMPUTE = "compute"
    QUERY = "query"
    """SQL that calls a model."""
    NAME = "name"
    """The name of a secret's slot."""


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
    head: str = ""
    """See :attr:`scanner.model.facts.Credential.head`."""
    context: Setting | None = None
    """Where in the file it stands, when that says more than the file's path (a comment)."""
    part: str = ""
    """Identity of a thing of its own within its holder (``mcp/github``, ``endpoint/llm.lan:8000``);
    empty: evidence of the holder's integration with ``provider``."""
    asset_class: str = ""
    """Of the part; see :class:`scanner.model.facts.AssetClass`."""
    name: str = ""
    """Of the part, for people."""
    tags: tuple[tuple[str, str], ...] = ()
    """What else was read of the part: command, package, size, architecture."""
    models: tuple[str, ...] = ()
    suppressed: str = ""
    """The reason that a comment beside it gives for not reporting it."""


class Place(Model, frozen=True, kw_only=True):
    """Where bytes came from."""

    subject: NodeId
    """The node that holds the bytes: a repository, a function."""
    resource: str = ""
    path: str = ""
    commit: str = ""
    author: str = ""
    seen_at: str = ""
    last_commit: str = ""
    """Of a history: the newest commit that brought, changed or removed it."""
    last_seen_at: str = ""
    context: Setting = Setting.PRODUCTION


class Content(Model, frozen=True, kw_only=True):
    """Bytes for the detector. They end there: nothing stores them."""

    place: Place
    data: bytes
    rule_sets: tuple[str, ...] = ("credentials", "usage")
    own_modules: frozenset[str] = frozenset()
    """Of a Python file: top-level names whose import is code beside it, not a package."""


class Sighting(Model, frozen=True, kw_only=True):
    """A hit that the connector has placed itself (bulk readers look places up only for hits)."""

    hit: Hit
    place: Place


class Activity(Model, frozen=True, kw_only=True):
    """Use seen in a log, aggregated per actor and thing; never a row an event.

    The catalogue decides which provider it is, by the most exact of ``client_id``, ``hosts`` and
    ``label``. What matches nothing is dropped, unless its name says that it is AI. Where the source
    itself proves that it is AI, it says so by ``thing``, and no catalogue is asked.
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
    """``used_by`` (sign-ins, requests), ``grants`` (consent) or ``created_by``; empty: it was tried
    in vain, or ended, which is evidence and no use."""
    count: int = 1
    first_at: str = ""
    last_at: str = ""
    bytes_up: int = 0
    """That went to the application, where the source counts them."""
    bytes_down: int = 0
    """That came from it."""
    costs: tuple[Cost, ...] = ()
    """What the source says was charged for it."""
    resource: str = ""
    """Where inside the organization it holds (a workspace): what ends there ends nothing
    elsewhere. Empty: everywhere."""
    ends: Ends = Ends.NOTHING
    """Whose access it ends, where the vendor's words for the event alone do not tell."""
    is_own: bool = False
    """What it ends is the actor's alone: the source does not tell of what else it is the end."""
    status: str = ""
    thing: Asset | None = None
    """What was used, a model or an agent of the vendor's own: it is in the inventory even if no
    list has shown it."""
    where: str = ""
    """From where and with what, in few fixed words (``boto3 from a public address``)."""
    reads: tuple[DataStore, ...] = ()
    """Data that what was granted or used opens to it: where it is known AI, flows to it."""
    writes: tuple[DataStore, ...] = ()
    part: str = ""
    """Of events that count once among the files of a source: the evidence's part."""
    is_first_party: bool = False
    """The identity provider's own, which every tenant has: its name alone says nothing."""
    is_guess: bool = False
    """An event of a type that the connector does not know names it: what was done is not known, and
    whatever the catalogue says of it is told with low confidence."""


class Gap(Model, frozen=True, kw_only=True):
    """One thing inside a shard that could not be read; the shard becomes partial."""

    what: str
    reason: str
    denied: bool = False


class Checkpoint(Model, frozen=True, kw_only=True):
    """Everything yielded before it is stored together with ``cursor``, in one transaction."""

    cursor: str


class Remembered(Model, frozen=True, kw_only=True):
    """What the connector wants back at the shard's next reading (:attr:`scanner.kit.contract.
    Context.recall`), stored together with the shard's facts. It holds no secret."""

    data: bytes
    is_whole: bool = False
    """Of a shard that is read whole: what it counts (evidence that is of a part) is what this
    reading has counted, also where gaps keep it from being complete."""


class AsOf(Model, frozen=True, kw_only=True):
    """First of all, of a shard that is read whole: what its source calls its present state (a
    version, an ETag, the tips of a repository), with whatever else its items depend on. Where it is
    what the last complete reading was of, under the same rules, nothing more is asked for: the
    shard is as it is stored."""

    mark: str


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
    | Remembered
    | AsOf
)
