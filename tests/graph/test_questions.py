"""Every question over a company whose answers can be read off by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scanner.assess.owning import coverage
from scanner.graph.answers import answer_exposure, answer_owners, answer_paths
from scanner.graph.naming import named, one
from scanner.graph.part import among, of_paths, to_networkx
from scanner.graph.questions import blast_radius, diff, exposure, neighbours, paths, why
from scanner.graph.steps import CONTROL, FLOW
from scanner.model.base import NodeId
from scanner.model.errors import ConfigError
from scanner.model.evidence import Confidence
from scanner.model.facts import Identity, PrincipalType, Relation
from tests.graph.worlds import COMPANY, asset, company, edge, graph_of, store

N = NodeId


def test_the_way_of_data_to_a_vendor_with_the_evidence_of_every_hop() -> None:
    graph = company()
    (way,) = paths(graph, named(graph, "datastore:crm"), named(graph, "provider:openai"), FLOW)

    assert way.nodes == ("crm", "sync", "sync#ai/openai", "provider:openai")
    assert way.confidence is Confidence.MEDIUM
    assert [hop.is_along for hop in way.hops] == [False, True, True]
    assert all(e.evidence for hop in way.hops for e in hop.edges)
    assert paths(graph, [N("logs")], [N("provider:openai")], FLOW) == (), "only a role reads it"


def test_whoever_holds_a_key_holds_what_its_record_opens() -> None:
    graph = company()
    held = blast_radius(graph, N("K"))

    assert dict(held.things) == {"P": 1, "provider:openai": 1}
    assert [hop.sentence for hop in held.path(N("P")).hops] == ["P authenticates_with K"]
    assert held.path(N("P")).hops[0].edges[0].target == "R", "the evidence is of the record"


def test_whoever_holds_a_repository_holds_its_keys_and_a_public_endpoint_its_roles_data() -> None:
    graph = company()

    assert dict(blast_radius(graph, N("app")).things) == {"K": 1, "P": 2, "provider:openai": 2}
    chat = blast_radius(graph, N("chat"))
    assert dict(chat.things) == {"chat-role": 1, "crm": 2, "logs": 2}
    assert chat.sensitive == ("crm",)
    for ident, _ in chat.things:
        hop, sure = chat.last_hops[ident]
        assert hop == chat.path(ident).hops[-1]
        assert sure is chat.path(ident).confidence
    with pytest.raises(ConfigError, match="not reached"):
        chat.path(N("app"))


def test_a_store_gives_nobody_its_readers_and_a_person_not_their_group() -> None:
    group = Identity(id=N("g"), kind="t.g", name="g", principal_type=PrincipalType.GROUP)
    graph = company(
        group, edge("g", Relation.CONTAINS, "ada"), edge("g", Relation.READS_FROM, "logs")
    )

    assert blast_radius(graph, N("crm")).things == ()
    assert dict(blast_radius(graph, N("ada")).things) == {"g": 1, "logs": 2}
    assert dict(blast_radius(graph, N("g")).things) == {"logs": 1}


def test_exposure_goes_from_what_is_open_to_sensitive_data_only() -> None:
    (found,) = exposure(company())

    assert (found.entry, found.store, found.data_classes) == ("chat", "crm", ("personal",))
    assert found.how == ("no authentication", "public")
    assert found.path.nodes == ("chat", "chat-role", "crm")
    assert found.path.hops[1].edges[0].detail == "may read: s3: GetObject"


def test_a_hint_of_a_name_makes_no_exposure() -> None:
    graph = graph_of(
        asset("open", exposure=("public",)), store("customers"),
        edge("open", Relation.READS_FROM, "customers"),
    )  # fmt: skip

    assert graph.data.is_sensitive(N("customers"))
    assert exposure(graph) == ()


def test_why_tells_apart_being_one_thing_flow_control_and_mere_relation() -> None:
    graph = company()

    same = why(graph, N("K"), N("R"))
    assert [e.evidence[0].rule for e in same.same] == ["same-key"]
    flow = why(graph, N("provider:openai"), N("crm"))
    assert [way.nodes[0] for way in flow.flow] == ["crm"]
    control = why(graph, N("chat"), N("crm"))
    assert [way.nodes for way in control.control] == [("chat", "chat-role", "crm")]
    loose = why(graph, N("ada"), N("acc"))
    assert not loose.flow
    assert not loose.control
    assert loose.related[0].nodes[0] == "ada"
    nothing = why(company(asset("island")), N("island"), N("crm"))
    assert not any((nothing.same, nothing.flow, nothing.control, nothing.related))


def test_neighbours_are_all_that_is_related_within_so_many_hops() -> None:
    graph = company()

    assert {ident for ident, _ in neighbours(graph, N("crm")).things} == {"chat-role", "sync"}
    two = dict(neighbours(graph, N("crm"), 2).things)
    assert two == {"chat-role": 1, "sync": 1, "chat": 2, "logs": 2, "acc": 2, "sync#ai/openai": 2}


def test_diff_tells_what_came_went_and_changed_but_not_what_was_seen_again() -> None:
    before = graph_of(asset("a", region="eu"), asset("b"), edge("a", Relation.CALLS, "b"))
    after = graph_of(
        asset("a", region="us", evidence=()), asset("c"),
        edge("a", Relation.CALLS, "b", confidence=Confidence.LOW),
    )  # fmt: skip

    found = diff(before, after)

    assert [(c.what, c.key, c.fields) for c in found.nodes] == [
        ("changed", "a", (("region", "eu", "us"),)),
        ("removed", "b", ()),
        ("added", "c", ()),
    ]
    assert [(c.what, c.key, c.fields) for c in found.edges] == [
        ("changed", "a calls b", (("confidence", "certain", "low"),))
    ]
    assert diff(after, after).nodes == diff(after, after).edges == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("crm", ["crm"]),
        ("datastore:*", ["crm", "logs"]),
        ("sensitive:*", ["crm"]),
        ("credential:OpenAI key", ["K"]),
        ("identity:chat", ["chat-role"]),
        ("ai:chat", ["chat"]),
        ("provider:openai", ["provider:openai"]),
        ("*-role", ["chat-role"]),
    ],
)
def test_names_mean_ids_names_types_and_globs(text: str, wanted: list[str]) -> None:
    assert named(company(), text) == wanted


def test_a_name_that_means_nothing_or_several_is_refused_with_help() -> None:
    with pytest.raises(ConfigError, match="did you mean `chat-role`"):
        named(company(), "chat-rule")
    with pytest.raises(ConfigError, match="may be any of 2: crm, logs"):
        one(company(), "datastore:*")
    assert one(company(), "credential:*") == "K", "two views of one key are one thing"


def test_a_part_is_a_networkx_graph_with_types_dates_and_classes() -> None:
    graph = company()
    ways = paths(graph, [N("crm")], [N("provider:openai")], FLOW)
    view = to_networkx(graph, of_paths(graph, ways))

    assert view.nodes["crm"]["data_classes"] == "personal"
    assert view.nodes["provider:openai"]["type"] == "provider"
    (data,) = view.get_edge_data("sync", "crm").values()
    assert (data["relation"], data["first_at"], data["rules"]) == (
        "reads_from", "2026-01-02T00:00:00Z", "seen",
    )  # fmt: skip
    inner = to_networkx(graph, among(graph, [N("K"), N("P"), N("app")]))
    assert set(inner.edges()) == {("K", "app"), ("P", "K")}
    assert inner.nodes["K"]["also"] == "R"
    assert graph.to_networkx().number_of_nodes() == 13


def test_the_walks_do_not_depend_on_the_order_of_facts() -> None:
    other = graph_of(*reversed(COMPANY))

    for start in ("app", "chat", "acc"):
        mine, theirs = blast_radius(company(), N(start)), blast_radius(other, N(start))
        assert mine.things == theirs.things
    assert paths(company(), [N("acc")], [N("provider:openai")], CONTROL) == paths(
        other, [N("acc")], [N("provider:openai")], CONTROL
    )


def test_no_open_thing_is_cleared_by_stores_that_nobody_has_classified() -> None:
    role = Identity(id=NodeId("role"), kind="aws.iam_role", name="role",
                    principal_type=PrincipalType.SERVICE)  # fmt: skip
    graph = graph_of(
        asset("door", exposure=("public",)), role, store("patients"), store("x1"), store("x2"),
        store("plain", classification="public"), edge("door", Relation.RUNS_AS, "role"),
        *(edge("role", Relation.READS_FROM, name) for name in ("patients", "x1", "plain")),
    )  # fmt: skip

    answer = answer_exposure(graph)
    assert answer.rows == ()
    assert answer.notes == (
        "0 open things reach sensitive data",
        "open things also reach 1 stores whose name alone speaks of sensitive data, so that they "
        "are not counted: patients",
        "open things also reach 1 stores of whose data nothing is known: x1",
    )


def test_nothing_to_own_is_not_all_owned() -> None:
    answer = answer_owners(graph_of(), [], coverage([]))

    assert "%" not in answer.notes[0]
    assert "nothing to own" in answer.notes[0]


def test_a_provider_is_called_by_its_whole_name() -> None:
    graph = graph_of(
        asset("x", provider="p"), store("crm-eu"), edge("x", Relation.READS_FROM, "crm-eu"),
        edge("x", Relation.CALLS, "provider:aws_bedrock_agentcore"),
    )  # fmt: skip

    with pytest.raises(ConfigError, match="did you mean `provider:aws_bedrock_agentcore`"):
        named(graph, "provider:aws_bedrock")
    assert named(graph, "provider:aws_bedrock*") == ["provider:aws_bedrock_agentcore"]

    answer = answer_paths(graph, "datastore:crm", "provider:aws_bedrock*", "flow", 5)
    assert len(answer.paths) == 1
    assert answer.notes == ("nothing is called `datastore:crm`; it was taken for crm-eu",)
    exact = answer_paths(graph, "datastore:crm-eu", "provider:aws_bedrock*", "flow", 5)
    assert exact.notes == ()


def test_ends_that_overlap_have_ways_to_each_other_and_none_to_themselves() -> None:
    graph = graph_of(
        store("crm"), store("lake"), asset("etl"), asset("fn", provider="openai"),
        edge("etl", Relation.READS_FROM, "crm"), edge("etl", Relation.WRITES_TO, "lake"),
        edge("fn", Relation.READS_FROM, "lake"), edge("fn", Relation.CALLS, "provider:openai"),
    )  # fmt: skip

    def ways(start: str, goal: str) -> list[tuple[str, ...]]:
        return [way.nodes for way in answer_paths(graph, start, goal, "flow", 5).paths]

    assert ways("datastore:*", "datastore:*") == [("crm", "etl", "lake")]
    assert ways("ai:*", "ai:*") == [("etl", "lake", "fn")]
    assert min(map(len, ways("*", "provider:openai"))) == 2
    alone = answer_paths(graph, "asset:fn", "asset:fn", "flow", 5)
    assert (alone.paths, alone.notes) == ((), ("no way by flow",))


@pytest.mark.parametrize(("most", "shown"), [(2, 2), (3, 3), (5, 3)])
def test_ways_that_are_not_shown_are_told(most: int, shown: int) -> None:
    through = [f"m{n}" for n in range(3)]
    graph = graph_of(
        store("s"), asset("z", provider="openai"), edge("z", Relation.CALLS, "provider:openai"),
        *(asset(name, is_ai=False) for name in through),
        *(edge(name, Relation.READS_FROM, "s") for name in through),
        *(edge("z", Relation.READS_FROM, name) for name in through),
    )  # fmt: skip

    answer = answer_paths(graph, "datastore:s", "provider:openai", "flow", most)
    assert len(answer.paths) == shown
    told = ("there are more ways; these are the 2 shortest (`--most`)",) if most == 2 else ()
    assert answer.notes == told


def test_a_store_far_off_or_before_another_store_has_its_way_beside_a_near_one() -> None:
    chain = [f"n{number}" for number in range(1, 8)]
    graph = graph_of(
        store("near"), store("far"), store("crm"), store("lake"),
        *(asset(name, is_ai=False) for name in ("n0", "etl", "fn", *chain)),
        edge("n0", Relation.READS_FROM, "near"), edge("n0", Relation.CALLS, "provider:openai"),
        edge("n1", Relation.READS_FROM, "far"), edge("n7", Relation.CALLS, "provider:openai"),
        *(edge(one, Relation.CALLS, other) for one, other in pairwise(chain)),
        edge("etl", Relation.READS_FROM, "crm"), edge("etl", Relation.WRITES_TO, "lake"),
        edge("fn", Relation.READS_FROM, "lake"), edge("fn", Relation.CALLS, "provider:openai"),
    )  # fmt: skip

    answer = answer_paths(graph, "datastore:*", "provider:openai", "flow", 100)
    assert [way.nodes[0] for way in answer.paths] == ["lake", "near", "crm", "far"]
    assert answer.notes == ()
    cut = answer_paths(graph, "datastore:*", "provider:openai", "flow", 3)
    (note,) = cut.notes
    assert "1 starts have ways and none among these" in note


def test_ways_that_are_too_long_to_be_listed_are_told() -> None:
    chain = [f"n{number}" for number in range(6)]
    graph = graph_of(
        store("s"), asset("a", is_ai=False), *(asset(name, is_ai=False) for name in chain),
        edge("a", Relation.READS_FROM, "s"), edge("a", Relation.CALLS, "provider:openai"),
        edge("n0", Relation.READS_FROM, "s"), edge("n5", Relation.CALLS, "provider:openai"),
        *(edge(one, Relation.CALLS, other) for one, other in pairwise(chain)),
    )  # fmt: skip

    answer = answer_paths(graph, "datastore:s", "provider:openai", "flow", 100)
    assert len(answer.paths) == 1
    assert answer.notes == ("ways that are longer by more than two hops are not listed",)


def test_diff_tells_a_new_name() -> None:
    (change,) = diff(
        graph_of(asset("A", name="Notes app")), graph_of(asset("A", name="Mail exfil"))
    ).nodes

    assert (change.what, change.fields) == ("changed", (("name", "Notes app", "Mail exfil"),))
