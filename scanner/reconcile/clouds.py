"""Registries that clouds keep themselves, as the graph shows them: approved records are entries.

Owns which kinds of records register something, and what they bind. A record that nobody approved
registers nothing: it is an asset like any other. What each kind says of approval:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html, and the states of AWS
Agent Registry's records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from scanner.graph.build import AssetGraph
from scanner.model.errors import ConfigError
from scanner.model.facts import Asset, Relation
from scanner.model.registry import Binding, BindingType, RegistryEntry

_OWNER_TAGS = ("owner", "team", "contact")


def entries_of(graph: AssetGraph, kinds: Iterable[str]) -> tuple[RegistryEntry, ...]:
    """The entries of all records of ``kinds``, in order of their ids. Raises ``ConfigError`` for a
    kind that is no registry."""
    readers: dict[str, Callable[[AssetGraph, Asset], Iterator[Binding]]] = {}
    for kind in kinds:
        if kind not in _READERS:
            raise ConfigError(
                f"[registry] sources: `{kind}` is no registry; there are {', '.join(_READERS)}"
            )
        readers[kind] = _READERS[kind]
    return tuple(
        _entry(record, tuple(readers[record.kind](graph, record)))
        for record in graph.assets()
        if record.kind in readers and _is_approved(record)
    )


def _is_approved(record: Asset) -> bool:
    return _APPROVED[record.kind](record)


def _entry(record: Asset, more: tuple[Binding, ...]) -> RegistryEntry:
    """Named as people know it; the owner is whom the record's own tags name."""
    return RegistryEntry(
        id=record.id,
        name=record.tags.get("display_name") or record.name,
        owner=_owner(record.tags),
        bindings=(
            Binding(type=BindingType.ARN, value=record.id),
            *(Binding(type=BindingType.URI, value=alias) for alias in record.aliases),
            *more,
        ),
        source=f"{record.kind} {record.id}",
    )


def _owner(tags: Mapping[str, str]) -> str:
    folded = {key.casefold(): value for key, value in tags.items()}
    return next((folded[key] for key in _OWNER_TAGS if folded.get(key)), "")


def _of_what_it_describes(graph: AssetGraph, record: Asset) -> Iterator[Binding]:
    """A record says where it comes from: a runtime, a gateway, an endpoint."""
    for edge in graph.out_edges(record.id, Relation.DERIVED_FROM):
        if edge.target.startswith("arn:") and ":s3:" not in edge.target:
            yield Binding(type=BindingType.ARN, value=edge.target)


def _of_what_is_made_of_it(graph: AssetGraph, record: Asset) -> Iterator[Binding]:
    """The models of an approved version, and the endpoints that serve them."""
    for edge in graph.in_edges(record.id, Relation.DERIVED_FROM):
        yield Binding(type=BindingType.ARN, value=edge.source)
        for served in graph.in_edges(edge.source, Relation.SERVES):
            yield Binding(type=BindingType.ARN, value=served.source)
            for configured in graph.in_edges(served.source, Relation.CONFIGURED_BY):
                yield Binding(type=BindingType.ARN, value=configured.source)


def _of_what_is_registered(graph: AssetGraph, record: Asset) -> Iterator[Binding]:
    """The agent or server that a service of Google's registry stands for, and what hosts it."""
    for edge in graph.out_edges(record.id, Relation.DERIVED_FROM):
        yield Binding(type=BindingType.ID, value=edge.target)
        for hosted in graph.out_edges(edge.target, Relation.DERIVED_FROM):
            yield Binding(type=BindingType.ID, value=hosted.target)


def _of_what_serves_it(graph: AssetGraph, record: Asset) -> Iterator[Binding]:
    """The endpoints and deployments that serve a model of a registry without approvals of its own,
    or are made of it."""
    for edge in graph.in_edges(record.id, Relation.SERVES, Relation.DERIVED_FROM):
        yield Binding(type=BindingType.ID, value=edge.source)
        for outer in graph.in_edges(edge.source, Relation.SERVES, Relation.CONFIGURED_BY):
            yield Binding(type=BindingType.ID, value=outer.source)


def _is_tagged_approved(record: Asset) -> bool:
    """Vertex AI and Azure ML keep no approval: a label or tag of yours says it."""
    folded = {key.casefold().replace("-", "_"): value for key, value in record.tags.items()}
    said = next((folded[key] for key in _APPROVAL_TAGS if folded.get(key)), "")
    return said.strip().casefold() in _APPROVED_WORDS


_APPROVAL_TAGS = ("approval", "approval_status", "approved", "ai_registry", "model_approval_status")
_APPROVED_WORDS = frozenset({"approved", "true", "yes"})


_READERS: dict[str, Callable[[AssetGraph, Asset], Iterator[Binding]]] = {
    "aws.agent_registry_record": _of_what_it_describes,
    "aws.sagemaker_model_package": _of_what_is_made_of_it,
    "gcp.registered_service": _of_what_is_registered,
    "gcp.vertex_model": _of_what_serves_it,
    "azure.ml_registry_model": _of_what_serves_it,
    "azure.ml_model": _of_what_serves_it,
}
_APPROVED: dict[str, Callable[[Asset], bool]] = {
    "aws.agent_registry_record": lambda record: record.status.upper() == "APPROVED",
    "aws.sagemaker_model_package": lambda record: record.tags.get("approval") == "Approved",
    # What Google finds by itself it keeps as agents and servers; a service somebody has written.
    "gcp.registered_service": lambda record: True,
    "gcp.vertex_model": _is_tagged_approved,
    "azure.ml_registry_model": _is_tagged_approved,
    "azure.ml_model": _is_tagged_approved,
}
