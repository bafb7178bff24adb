"""An endpoint in Terraform, in SageMaker's list and in CloudTrail is one thing, through the real
reader of Terraform; a key in code, in a function and at its vendor is another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.app.config import Config, LoadedConfig
from scanner.app.pipeline import scan
from scanner.assess.policies import Situation, evaluate
from scanner.graph.build import AssetGraph
from scanner.graph.ownership import OwnerBook
from scanner.graph.questions import blast_radius
from scanner.model.base import NodeId, ShardId
from scanner.model.evidence import Evidence
from scanner.model.facts import Asset, AssetClass, Credential, Edge, Fact, Relation
from scanner.reconcile.reconcile import reconcile
from scanner.rulebook import load

N = NodeId
ARN = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/fraud-scoring"
TERRAFORM = """
resource "aws_sagemaker_endpoint" "fraud" {
  name                 = "fraud-scoring"
  region               = "us-east-1"
  endpoint_config_name = "fraud"
}
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> list[Fact]:
    """What the scanner keeps of the file."""
    folder = tmp_path_factory.mktemp("infra")
    (folder / "main.tf").write_text(TERRAFORM)
    config = Config(sources={"code": {"paths": [str(folder)]}})
    loaded = LoadedConfig(config=config, path=None)
    graph = scan(loaded, url="sqlite://").situation.graph
    return [*graph.nodes.values(), *graph.edges.values()]


def _listed(account: str = "111122223333") -> Asset:
    return Asset(
        id=N(ARN.replace("111122223333", account)), kind="aws.sagemaker_endpoint",
        name="fraud-scoring", asset_class=AssetClass.MODEL_ENDPOINT, provider="aws_sagemaker",
        region="us-east-1", tags={"owner": "fraud@x.example"},
        evidence=(Evidence(rule="sagemaker:DescribeEndpoint", source="aws", resource=ARN),),
    )  # fmt: skip


def _called() -> Asset:
    """CloudTrail names it by the same ARN, and no more."""
    return Asset(
        id=N(ARN), kind="aws.sagemaker_endpoint", name=ARN, asset_class=AssetClass.MODEL_ENDPOINT,
        provider="aws_sagemaker",
        evidence=(Evidence(rule="cloudtrail:InvokeEndpoint", source="aws", count=9),),
    )  # fmt: skip


def _rows(*facts: Fact) -> Iterator[tuple[ShardId, Fact, bool]]:
    return ((ShardId(f"s{n}"), fact, True) for n, fact in enumerate(facts))


def test_an_endpoint_of_three_sources_is_one_thing_with_one_finding(declared: list[Fact]) -> None:
    graph = AssetGraph(_rows(*declared, _listed(), _called()))
    (views,) = (
        members for members in graph.entities.members.values() if N(ARN) in members
    )  # fmt: skip
    code = next(view for view in views if view != ARN)

    assert views[0] == ARN, "the cloud's own stands for it"
    assert code.endswith("#resource/aws_sagemaker_endpoint.fraud")
    rules = {item.rule for item in graph.nodes[N(ARN)].evidence}
    assert rules == {"sagemaker:DescribeEndpoint", "cloudtrail:InvokeEndpoint"}
    (edge,) = graph.entities.accepted
    assert edge.evidence[0].rule == "declared-in-region"
    assert OwnerBook(graph).owners(code)[0].owner == "fraud@x.example"

    rulebook = load.load()
    found = reconcile(graph, (), rulebook.by_alias, (), has_registry=True)
    situation = Situation(graph=graph, reconciliation=found, owners={}, coverage=(), now="")
    unregistered = {
        finding.asset
        for finding in evaluate(rulebook.policies, situation).drafts.values()
        if finding.policy == "SAI-001"
    }
    assert ARN in unregistered
    assert code not in unregistered


def test_in_two_accounts_nobody_is_sure_which_is_declared(declared: list[Fact]) -> None:
    graph = AssetGraph(_rows(*declared, _listed(), _listed("444455556666")))

    assert not graph.entities.members
    assert len(graph.entities.candidates) == 2


def test_a_key_in_code_in_a_function_and_at_its_vendor_is_one_key() -> None:
    found = Credential(
        id=N("credential:openai:f1"), kind="credential.openai_project_key", name="OpenAI key",
        issuer="openai", fingerprint="f1", hint="sk-proj-\N{HORIZONTAL ELLIPSIS}wSKe",
        evidence=(Evidence(rule="openai-project-key", source="code"),),
    )  # fmt: skip
    record = Credential(
        id=N("openai:key/1"), kind="openai.api_key", name="OpenAI key ci", issuer="openai",
        fingerprint="", hint="sk-proj-\N{HORIZONTAL ELLIPSIS}SKe",
    )  # fmt: skip
    edges = [
        Edge(source=N(source), target=N(target), relation=relation)
        for source, relation, target in (
            (found.id, Relation.STORED_IN, "git:github.com/acme/app"),
            (found.id, Relation.STORED_IN, "arn:aws:lambda:us-east-1:1:function:f"),
            ("openai:project/p", Relation.CONTAINS, record.id),
            ("openai:project/p", Relation.AUTHENTICATES_WITH, record.id),
        )
    ]
    project = Asset(id=N("openai:project/p"), kind="openai.project", name="p",
                    asset_class=AssetClass.SAAS_APP, provider="openai")  # fmt: skip
    graph = AssetGraph(_rows(found, record, project, *edges))

    for place in ("git:github.com/acme/app", "arn:aws:lambda:us-east-1:1:function:f"):
        held = dict(blast_radius(graph, N(place)).things)
        assert held == {found.id: 1, "openai:project/p": 2, "provider:openai": 2}
