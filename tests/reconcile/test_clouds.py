"""Registries that clouds keep: what is approved there registers what it describes, or is made of
it."""

from __future__ import annotations

import pytest

from scanner.graph.build import AssetGraph
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.errors import ConfigError
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Fact, Relation
from scanner.model.registry import Disposition
from scanner.reconcile.clouds import entries_of
from scanner.reconcile.reconcile import reconcile

SHARD = ShardId("aws:111111111111/us-east-1/sagemaker")
_ARN = "arn:aws:sagemaker:us-east-1:111111111111:"
PACKAGE, REFUSED = f"{_ARN}model-package/churn/1", f"{_ARN}model-package/churn/2"
MODEL, CONFIG, ENDPOINT = (
    f"{_ARN}{what}/churn" for what in ("model", "endpoint-config", "endpoint")
)
RECORD = "arn:aws:agent-registry:us-east-1:111111111111:record/r1"
RUNTIME = "arn:aws:bedrock-agentcore:us-east-1:111111111111:runtime/helper"
_SEEN = (Evidence(rule="made up", source="aws"),)


def _asset(ident: str, kind: str, status: str = "", **tags: str) -> Asset:
    return Asset(
        id=NodeId(ident), kind=kind, name=ident.rpartition("/")[2], asset_class=AssetClass.MODEL,
        provider="aws_sagemaker", status=status, tags=tags, evidence=_SEEN,
    )  # fmt: skip


def _edge(source: str, relation: Relation, target: str) -> Edge:
    return Edge(source=NodeId(source), target=NodeId(target), relation=relation, evidence=_SEEN)


def _graph(*more: Fact) -> AssetGraph:
    facts = (
        _asset(PACKAGE, "aws.sagemaker_model_package", approval="Approved", owner="ml@example.com"),
        _asset(REFUSED, "aws.sagemaker_model_package", approval="Rejected"),
        _asset(MODEL, "aws.sagemaker_model"),
        _asset(CONFIG, "aws.sagemaker_endpoint_config"),
        _asset(ENDPOINT, "aws.sagemaker_endpoint"),
        _asset(f"{_ARN}model/other", "aws.sagemaker_model"),
        _edge(MODEL, Relation.DERIVED_FROM, PACKAGE),
        _edge(f"{_ARN}model/other", Relation.DERIVED_FROM, REFUSED),
        _edge(CONFIG, Relation.SERVES, MODEL),
        _edge(ENDPOINT, Relation.CONFIGURED_BY, CONFIG),
        *more,
    )
    return AssetGraph([(SHARD, fact, True) for fact in facts])


def _standings(graph: AssetGraph, *kinds: str) -> dict[str, Disposition]:
    coverage = [Coverage(shard=SHARD, source="aws", status=Outcome.COMPLETE)]
    result = reconcile(graph, entries_of(graph, kinds), {}, coverage)
    return {ident: standing.status for ident, standing in result.standings.items()}


def test_an_approved_package_registers_its_models_and_endpoints() -> None:
    found = _standings(_graph(), "aws.sagemaker_model_package")
    assert {found[i] for i in (PACKAGE, MODEL, CONFIG, ENDPOINT)} == {Disposition.REGISTERED}
    assert found[REFUSED] is Disposition.UNREGISTERED
    assert found[f"{_ARN}model/other"] is Disposition.UNREGISTERED
    (entry,) = entries_of(_graph(), ["aws.sagemaker_model_package"])
    assert entry.owner == "ml@example.com"
    assert entry.source == f"aws.sagemaker_model_package {PACKAGE}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("APPROVED", Disposition.REGISTERED), ("PENDING_APPROVAL", Disposition.UNREGISTERED),
     ("DEPRECATED", Disposition.UNREGISTERED)],
)  # fmt: skip
def test_an_approved_record_registers_the_runtime_it_describes(
    status: str, expected: Disposition
) -> None:
    graph = _graph(
        _asset(RECORD, "aws.agent_registry_record", status, display_name="Helper"),
        _asset(RUNTIME, "aws.agentcore_runtime"),
        _edge(RECORD, Relation.DERIVED_FROM, RUNTIME),
    )
    assert _standings(graph, "aws.agent_registry_record")[RUNTIME] is expected


def test_a_service_of_googles_registry_registers_the_agent_and_what_hosts_it() -> None:
    lead = "//agentregistry.googleapis.com/projects/p/locations/global"
    engine = "//aiplatform.googleapis.com/projects/p/locations/us-central1/reasoningEngines/9"
    graph = _graph(
        _asset(f"{lead}/services/s", "gcp.registered_service"),
        _asset(f"{lead}/agents/a", "gcp.registered_agent"),
        _asset(f"{lead}/agents/found-by-google", "gcp.registered_agent"),
        _asset(engine, "gcp.vertex_reasoning_engine"),
        _edge(f"{lead}/services/s", Relation.DERIVED_FROM, f"{lead}/agents/a"),
        _edge(f"{lead}/agents/a", Relation.DERIVED_FROM, engine),
    )
    found = _standings(graph, "gcp.registered_service")
    assert {found[f"{lead}/agents/a"], found[engine]} == {Disposition.REGISTERED}
    assert found[f"{lead}/agents/found-by-google"] is Disposition.UNREGISTERED


def test_without_the_setting_records_register_nothing() -> None:
    assert set(_standings(_graph()).values()) == {Disposition.UNREGISTERED}


def test_a_kind_that_is_no_registry_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"`aws\.lambda_function` is no registry; there are"):
        entries_of(_graph(), ["aws.lambda_function"])


@pytest.mark.parametrize("kind", ["gcp.vertex_model", "azure.ml_registry_model", "azure.ml_model"])
def test_a_model_that_is_tagged_as_approved_registers_what_serves_it(kind: str) -> None:
    for word, expected in (("approved", Disposition.REGISTERED), ("no", Disposition.UNREGISTERED)):
        graph = _graph(
            _asset("//m/1", kind, approval=word),
            _asset("//e/1", "x.endpoint"),
            _asset("//e/2", "x.endpoint"),
            _edge("//e/1", Relation.SERVES, "//m/1"),
        )
        found = _standings(graph, kind)
        assert {found["//m/1"], found["//e/1"]} == {expected}
        assert found["//e/2"] is Disposition.UNREGISTERED
