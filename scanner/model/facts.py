"""Facts: typed statements about the world, each with the evidence for it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import msgspec

from scanner.model.base import Model, NodeId
from scanner.model.evidence import Confidence, Evidence, merge_evidence


class AssetClass(StrEnum):
    """Our word for a thing; ``Asset.kind`` keeps the vendor's word."""

    MODEL_ENDPOINT = "model_endpoint"
    MODEL = "model"
    AGENT = "agent"
    KNOWLEDGE_BASE = "knowledge_base"
    NOTEBOOK = "notebook"
    WORKLOAD = "workload"
    INTEGRATION = "integration"
    SAAS_APP = "saas_app"
    MCP_SERVER = "mcp_server"
    VECTOR_STORE = "vector_store"
    FLOW = "flow"
    """A low-code workflow with AI steps."""
    COMPUTE = "compute"
    """Accelerators that are asked for."""
    REPOSITORY = "repository"
    SECRET_SLOT = "secret_slot"  # noqa: S105 - a kind of place, not a password
    OTHER = "other"


class PrincipalType(StrEnum):
    HUMAN = "human"
    SERVICE = "service"
    GROUP = "group"
    TEAM = "team"
    UNKNOWN = "unknown"


class Node(Model, frozen=True, kw_only=True, tag_field="type"):
    """What every node has. ``tags`` are the vendor's own labels; keys are kept as written."""

    id: NodeId
    kind: str
    """``<vendor>.<snake_noun>``."""
    name: str
    evidence: tuple[Evidence, ...] = ()
    tags: dict[str, str] = {}


class Account(Node, frozen=True, kw_only=True, tag="account"):
    """The vendor's billing or tenancy unit."""

    provider: str
    parent: NodeId | None = None
    environment: str = ""


class Asset(Node, frozen=True, kw_only=True, tag="asset"):
    """A thing that may be AI. ``is_ai=False`` keeps a carrier (a function, a repository) that only
    matters through what it holds; such a node is in the graph but not in the inventory."""

    asset_class: AssetClass
    provider: str = ""
    """Catalogue id of whoever supplies the AI (``openai``), not of whoever hosts the record."""
    account: NodeId | None = None
    region: str = ""
    environment: str = ""
    models: tuple[str, ...] = ()
    created_at: str = ""
    status: str = ""
    is_ai: bool = True
    aliases: tuple[str, ...] = ()
    """Other exact keys of the same thing (URLs, secondary ids), canonical."""
    exposure: tuple[str, ...] = ()
    """How it can be reached, as far as its source tells: ``public``, ``private``, or a word of the
    source's own (``key authentication``); empty: not known."""


class Identity(Node, frozen=True, kw_only=True, tag="identity"):
    """A person, team, group or service principal."""

    principal_type: PrincipalType = PrincipalType.UNKNOWN
    email: str = ""
    is_active: bool = True


class Credential(Node, frozen=True, kw_only=True, tag="credential"):
    """Proof of identity towards ``issuer``. Only its keyed fingerprint and a hint exist here."""

    issuer: str
    fingerprint: str
    hint: str = ""
    created_at: str = ""
    last_used_at: str = ""
    head: str = ""
    """``<place>:<marks>``: from a place on, a keyed hex digit for each of a few characters, by
    which a key that was found and one of which its vendor shows as much are told apart."""


class DataStore(Node, frozen=True, kw_only=True, tag="data_store"):
    """Where data rests."""

    store_class: str = ""
    account: NodeId | None = None
    classification: str = ""


class RegistryNode(Node, frozen=True, kw_only=True, tag="registry_entry"):
    """An entry of the registry, as the graph shows it. No fact: a scan does not see it, it is read
    each time."""

    status: str = ""
    """Its stage."""
    owner: str = ""
    business_unit: str = ""
    risk_tier: str = ""


class Relation(StrEnum):
    """A closed set; the sentence ``source <relation> target`` always reads true."""

    CONTAINS = "contains"
    OWNED_BY = "owned_by"
    CREATED_BY = "created_by"
    USED_BY = "used_by"
    TRIED_BY = "tried_by"
    """It was refused, or failed: an attempt, and no use."""
    RUNS_AS = "runs_as"
    SERVES = "serves"
    CALLS = "calls"
    READS_FROM = "reads_from"
    WRITES_TO = "writes_to"
    DERIVED_FROM = "derived_from"
    AUTHENTICATES_WITH = "authenticates_with"
    STORED_IN = "stored_in"
    CONFIGURED_BY = "configured_by"
    GRANTS = "grants"
    SAME_AS = "same_as"
    REGISTERS = "registers"


class Tenancy(StrEnum):
    """Whose an account is."""

    UNKNOWN = "unknown"
    CORPORATE = "corporate"
    PERSONAL = "personal"


class Edge(Model, frozen=True, kw_only=True, tag="edge", tag_field="type"):
    """A dated, sourced relation. Ends may be unknown yet; the graph keeps a placeholder."""

    source: NodeId
    target: NodeId
    relation: Relation
    evidence: tuple[Evidence, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    detail: str = ""
    """What the vendor says of the relation (scopes granted, role name)."""
    tenancy: Tenancy = Tenancy.UNKNOWN
    """Of use: of the account that uses, creates or grants. The graph tells it, no source does."""

    @property
    def key(self) -> str:
        return f"{self.source} {self.relation} {self.target}"


Fact = Account | Asset | Identity | Credential | DataStore | Edge
NodeFact = Account | Asset | Identity | Credential | DataStore | RegistryNode


def fact_key(fact: Fact) -> str:
    """The key under which the same fact is found again in the next scan."""
    return fact.key if isinstance(fact, Edge) else fact.id


_LISTS = ("actions", "instance_type", "accelerator", "tools", "seen_interface", "seen_network",
          "seen_pod", "seen_workload", "seen_cluster_pod", "seen_cluster_workload",
          "seen_pod_name", "seen_workload_name")  # fmt: skip
"""Tags that list what several statements say of one thing."""


def _joined_tags(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    return {
        key: ", ".join(sorted({*old[key].split(", "), *new[key].split(", ")}))
        for key in _LISTS
        if key in old and key in new
    }


F = TypeVar("F", Account, Asset, Identity, Credential, DataStore, Edge)


def merge_fact(old: F, new: F, *, add_counts: bool = False, add_parts: bool = False) -> F:
    """One fact from two sightings of it: evidence joins, a filled field beats an empty one,
    the newer value beats the older, the surer statement the less sure."""
    changes: dict[str, object] = {
        "evidence": merge_evidence(
            old.evidence, new.evidence, add_counts=add_counts, add_parts=add_parts
        )
    }
    if not isinstance(new, Edge) and not isinstance(old, Edge):
        changes["tags"] = {**old.tags, **new.tags, **_joined_tags(old.tags, new.tags)}
        if old.name and new.id.endswith(new.name):
            # Logs call a thing by its id alone; whoever lists it knows what people call it.
            changes["name"] = old.name
    if isinstance(old, Identity) and isinstance(new, Identity) and not new.evidence:
        # A log only mentions a person; whoever lists people knows whether one is suspended.
        changes["is_active"] = old.is_active if old.evidence else new.is_active
    if isinstance(old, Asset) and isinstance(new, Asset):
        changes["models"] = tuple(sorted({*old.models, *new.models}))
        changes["aliases"] = tuple(sorted({*old.aliases, *new.aliases}))
        changes["exposure"] = new.exposure or old.exposure
        changes["is_ai"] = old.is_ai or new.is_ai
    if isinstance(new, Edge) and isinstance(old, Edge):
        changes["confidence"] = max(old.confidence, new.confidence, key=lambda grade: grade.rank)
    for field in new.__struct_fields__:
        if field not in changes:
            mine, theirs = getattr(new, field), getattr(old, field)
            changes[field] = theirs if mine in ("", None) else mine
    return msgspec.structs.replace(new, **changes)
