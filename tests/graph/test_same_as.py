"""What is one thing: every rule's own examples, and what people decided against the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.graph import same_as
from scanner.graph.build import AssetGraph
from scanner.graph.columns import Columns
from scanner.graph.questions import blast_radius
from scanner.graph.same_as_examples import outcome, problems
from scanner.graph.steps import ANY
from scanner.model.base import NodeId, ShardId
from scanner.model.decisions import SameAsDecision, Verdict, pair
from scanner.model.evidence import Confidence, Evidence
from scanner.model.facts import Asset, AssetClass, Edge, Identity, NodeFact, PrincipalType, Relation
from scanner.rulebook.same_as import Example, SameAs, bundled
from scanner.store.state import State

EXAMPLES = [(rule, example) for rule in bundled() for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda one: getattr(one, "id", ""))
def test_every_rule_says_of_its_examples_what_it_claims(rule: SameAs, example: Example) -> None:
    assert outcome(rule, example) == example.expect


def test_a_rule_that_says_otherwise_than_its_examples_is_told() -> None:
    rule = next(rule for rule in bundled() if rule.id == "same-email")
    first, second, *_ = rule.examples
    wrong = msgspec.structs.replace(
        rule,
        examples=(
            msgspec.structs.replace(first, expect="nothing"),
            msgspec.structs.replace(second, nodes=({"id": "x", "kind": "k", "colour": "red"},)),
        ),
    )

    told = list(problems([wrong]))
    assert told[0] == "same-as same-email: example 1: merge, expected nothing"
    assert "no such node" in told[1]
    assert list(problems(bundled())) == []


def test_every_reason_names_its_rule_and_what_was_alike() -> None:
    graph = _graph(*PEOPLE)
    for found in graph.entities.accepted:
        assert (found.evidence[0].rule, found.evidence[0].preview) == (
            "same-email", "lena@acme.example",
        )  # fmt: skip


def _person(ident: str, email: str, **fields: Any) -> Identity:
    return Identity(
        id=NodeId(ident), kind="okta.user", name=ident, email=email,
        principal_type=PrincipalType.HUMAN, **fields,
    )  # fmt: skip


def _different(one: str, other: str) -> SameAsDecision:
    ends = pair(NodeId(one), NodeId(other))
    return SameAsDecision(one=ends[0], other=ends[1], verdict=Verdict.DIFFERENT, by="ada")


def _same(one: str, other: str) -> SameAsDecision:
    ends = pair(NodeId(one), NodeId(other))
    return SameAsDecision(one=ends[0], other=ends[1], verdict=Verdict.SAME, by="ada", note="met")


def _graph(*facts: Any, decisions: tuple[SameAsDecision, ...] = ()) -> AssetGraph:
    rows = ((ShardId("s"), fact, True) for fact in facts)
    return AssetGraph(rows, decisions=decisions)


PEOPLE = tuple(_person(f"p{n}", "lena@acme.example") for n in range(3))


def test_a_merge_is_one_thing_with_all_that_each_source_says() -> None:
    calls = Edge(source=NodeId("p2"), target=NodeId("app"), relation=Relation.GRANTS)
    graph = _graph(*PEOPLE, calls)
    columns = Columns(graph)

    assert graph.entities.all_of(NodeId("p1")) == ("p0", "p1", "p2")
    assert columns.number(NodeId("p0")) == columns.number(NodeId("p2"))
    assert columns.ids == ["app", "p0"]
    start = columns.number(NodeId("p0"))
    assert start is not None
    assert columns.kernel.reach([start], ANY).hops.tolist() == [1, 0]


def test_what_was_undone_stays_apart_also_through_a_third() -> None:
    graph = _graph(*PEOPLE, decisions=(_different("p1", "p2"),))

    assert graph.entities.of(NodeId("p1")) != graph.entities.of(NodeId("p2"))
    (refused,) = graph.entities.candidates
    assert "told apart" in refused.detail


def test_a_confirmed_candidate_is_merged_with_who_and_why() -> None:
    ends = ("arn:aws:iam::1:user/lena.berg", "okta:acme/1")
    facts = (
        Identity(id=NodeId(ends[0]), kind="aws.iam_user", name="lena.berg"),
        _person(ends[1], "lena.berg@acme.example"),
    )
    before = _graph(*facts)
    assert [edge.confidence for edge in before.entities.candidates] == [Confidence.MEDIUM]
    assert not before.entities.members

    after = _graph(*facts, decisions=(_same(*ends),))

    (edge,) = after.entities.accepted
    assert edge.confidence is Confidence.CERTAIN
    assert [item.rule for item in edge.evidence] == ["iam-user-name", "confirmed"]
    assert (edge.evidence[1].author, edge.evidence[1].preview) == ("ada", "met")
    assert after.entities.of(NodeId(ends[0])) == after.entities.of(NodeId(ends[1]))


def test_candidates_are_no_way_through_the_graph() -> None:
    graph = _graph(
        Identity(id=NodeId("arn:aws:iam::1:user/lena.berg"), kind="aws.iam_user", name="lena.berg"),
        _person("okta:acme/1", "lena.berg@acme.example"),
    )
    kernel = Columns(graph).kernel

    assert graph.entities.candidates
    assert kernel.reach([0], ANY).hops.tolist() == [0, -1]


EDGES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(list(Confidence))), max_size=12
)
PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=4)


@given(EDGES, PAIRS)
def test_no_pair_that_was_told_apart_is_ever_in_one_group(
    edges: list[tuple[int, int, Confidence]], told: list[tuple[int, int]]
) -> None:
    nodes: dict[NodeId, NodeFact] = {NodeId(f"n{n}"): _person(f"n{n}", "") for n in range(6)}
    rows = [
        Edge(
            source=NodeId(f"n{a}"), target=NodeId(f"n{b}"), relation=Relation.SAME_AS,
            confidence=sure, evidence=(Evidence(rule="r", source="t"),),
        )
        for a, b, sure in edges if a != b
    ]  # fmt: skip
    apart = [_different(f"n{a}", f"n{b}") for a, b in told if a != b]

    found = same_as.entities(nodes, rows, apart)

    for one in apart:
        assert found.of(one.one) != found.of(one.other)
    for members in found.members.values():
        assert len(set(members)) == len(members) > 1
    placed = [member for members in found.members.values() for member in members]
    assert len(placed) == len(set(placed)), "a node is in one group"
    kept = {pair(e.source, e.target) for e in (*found.accepted, *found.refused, *found.candidates)}
    joined = {pair(e.source, e.target) for e in rows}
    assert all(ends in kept or found.of(ends[0]) == found.of(ends[1]) for ends in joined), (
        "nothing is dropped silently"
    )


def test_decisions_outlive_the_state_being_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.sqlite'}"
    state = State(url)
    state.decide(_different("a", "b"), "a", "b")
    state.decide(_same("a", "b"), "a", "b")
    state.decide(_same("c", "d"), "c", "d")
    state.decide(None, "c", "d")
    state.close()

    again = State(url)
    assert again.decisions() == [_same("a", "b")]
    again.close()


def test_an_endpoint_that_many_repositories_call_is_one_thing() -> None:
    host = "acme-ai.openai.azure.com"
    cloud = Asset(
        id=NodeId("/subscriptions/s/acme-ai"), kind="azure.openai_account", name="acme-ai",
        asset_class=AssetClass.MODEL_ENDPOINT, provider="azure_openai",
        aliases=(f"https://{host}/",),
    )  # fmt: skip
    calling = [
        Asset(id=NodeId(f"git:github.com/acme/r{n}#endpoint/{host}"), kind="code.endpoint",
              name=host, asset_class=AssetClass.MODEL_ENDPOINT, provider="azure_openai")
        for n in range(250)
    ]  # fmt: skip

    (views,) = _graph(cloud, *calling).entities.members.values()
    assert views[0] == cloud.id
    assert len(views) == 251


@pytest.mark.parametrize("is_called_alike", [True, False])
def test_what_is_settled_is_no_question_any_more(is_called_alike: bool) -> None:
    """A device in two logs, and clusters with its workload: one that the log calls so, or none."""
    tags = {"seen_workload_name": "shop deployment web",
            "seen_cluster_workload": "prod shop deployment web"}  # fmt: skip
    devices = [
        Identity(id=NodeId(f"logs:{log}/device/storefront"), kind="logs.device", name="storefront",
                 tags=tags)
        for log in ("a", "b")
    ]  # fmt: skip
    workloads = [
        Asset(id=NodeId(f"kubernetes:{name}/shop/deployment/web"), kind="kubernetes.workload",
              name="web", asset_class=AssetClass.WORKLOAD,
              tags={"cluster": name, "namespace": "shop", "workload_kind": "Deployment"})
        for name in ("prod" if is_called_alike else "eu-1", "staging")
    ]  # fmt: skip
    found = _graph(*devices, *workloads).entities
    asked = {end for edge in found.candidates for end in (edge.source, edge.target)}
    (merged,) = found.members.values()
    if is_called_alike:
        assert set(merged) == {workloads[0].id, *(one.id for one in devices)}
        assert not asked
    else:
        assert set(merged) == {one.id for one in devices}
        assert asked >= {one.id for one in workloads}


def test_two_programs_that_name_one_person_are_nobodys_hop() -> None:
    users = [
        Identity(id=NodeId(f"arn:aws:iam::{n}:user/{name}"), kind="aws.iam_user", name=name,
                 tags={"email": "lena@acme.example"})
        for n, name in enumerate(("build", "deploy"))
    ]  # fmt: skip
    reads = Edge(source=users[1].id, target=NodeId("crm"), relation=Relation.READS_FROM)
    graph = _graph(*users, _person("okta:1", "lena@acme.example"), reads)

    assert graph.entities.members == {}
    assert {edge.source for edge in graph.entities.candidates} == {one.id for one in users}
    assert blast_radius(graph, users[0].id).things == ()
    assert blast_radius(graph, users[1].id).things == (("crm", 1),)
