"""Data flows as OpenLineage job events: static lineage, one job an asset, one dataset a store.

https://openlineage.io/docs/spec/ tells the events, https://openlineage.io/docs/spec/naming how
datasets are named. An asset that another reads from is a dataset too: what it hands on. A vendor is
a dataset in the namespace ``provider``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from scanner.graph.build import AssetGraph
from scanner.graph.flows import PROVIDER, Flow, hops_of
from scanner.graph.ownership import Ownership
from scanner.model.base import NodeId

PRODUCER = "https://github.com/shadow-ai-scanner/shadow-ai-scanner"
_SPEC = "https://openlineage.io/spec"
SCHEMA_URL = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent"
_NAMESPACE = "shadow-ai"


def events(
    graph: AssetGraph,
    flows: Iterable[Flow],
    at: str,
    owners: Mapping[NodeId, tuple[Ownership, ...]] | None = None,
) -> list[dict[str, Any]]:
    """``at``: when the scan that shows them ended, ISO 8601. One event a job, in order of name."""
    inputs: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    outputs: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    every = list(flows)
    handing = {flow.through for flow in every}
    steps = [(hop.one, hop.other) for hop in hops_of(graph, every)]
    steps += [
        (flow.through, NodeId(PROVIDER + flow.provider))
        for flow in every
        if not flow.path.nodes[-1].startswith(PROVIDER)
    ]
    for one, other in steps:
        is_data = {
            end: end.startswith(PROVIDER) or (end not in handing and graph.is_store(end))
            for end in (one, other)
        }
        if not is_data[other]:
            inputs[other].add(one)
        if not is_data[one]:
            outputs[one].add(other if other.startswith(PROVIDER) or graph.is_store(other) else one)
    return [
        {
            "eventTime": at,
            "producer": PRODUCER,
            "schemaURL": SCHEMA_URL,
            "job": _job(graph, ident, (owners or {}).get(ident, ())),
            "inputs": [_dataset(graph, one) for one in sorted(inputs[ident])],
            "outputs": [_dataset(graph, one) for one in sorted(outputs[ident])],
        }
        for ident in sorted({*inputs, *outputs})
    ]


def render(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One event a line, as OpenLineage's file transport writes them."""
    return b"".join(json.dumps(row, sort_keys=True).encode() + b"\n" for row in rows)


def _job(graph: AssetGraph, ident: NodeId, owners: tuple[Ownership, ...]) -> dict[str, Any]:
    node = graph.node(ident)
    facets: dict[str, Any] = {
        "jobType": _facet(
            "2-0-4/JobTypeJobFacet", "JobTypeJobFacet", processingType="SERVICE",
            integration="SHADOW_AI", jobType=node.kind if node is not None else "unknown",
        ),
    }  # fmt: skip
    if node is not None and node.name:
        facets["documentation"] = _facet(
            "1-1-0/DocumentationJobFacet", "DocumentationJobFacet", description=node.name
        )
    if owners:
        facets["ownership"] = _facet(
            "1-0-1/OwnershipJobFacet", "OwnershipJobFacet",
            owners=[{"name": one.owner, "type": one.basis} for one in owners],
        )  # fmt: skip
    return {"namespace": _NAMESPACE, "name": ident, "facets": facets}


def _dataset(graph: AssetGraph, ident: NodeId) -> dict[str, Any]:
    namespace, name = _named(ident)
    facets: dict[str, Any] = {}
    labels = graph.data.labels(ident)
    if labels:
        facets["tags"] = _facet(
            "1-0-0/TagsDatasetFacet", "TagsDatasetFacet",
            tags=[
                {"key": "data_class", "value": label.data_class, "source": str(label.confidence)}
                for label in labels
            ],
        )  # fmt: skip
    return {"namespace": namespace, "name": name, "facets": facets}


def _named(ident: NodeId) -> tuple[str, str]:
    """By the naming that the specification gives for object stores; else the id in a namespace of
    ours."""
    if ident.startswith("arn:") and ":s3:::" in ident:
        return f"s3://{ident.rpartition(':::')[2]}", "/"
    if ident.startswith("gs://"):
        return ident, "/"
    if ident.startswith(PROVIDER):
        return "provider", ident.removeprefix(PROVIDER)
    return _NAMESPACE, ident


def _facet(place: str, kind: str, **fields: Any) -> dict[str, Any]:
    url = f"{_SPEC}/facets/{place}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": url, **fields}
