"""The small graph that is drawn: units by vendors, and places that are the same every time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.graph.flows import data_flows
from scanner.graph.overview import NOWHERE, overview, places, unit_of
from scanner.graph.part import Part, whole
from scanner.model.base import NodeId
from scanner.model.facts import Account, AssetClass, Edge, Relation
from tests.graph.worlds import asset, company, edge, graph_of

N = NodeId


def test_a_unit_is_what_holds_the_account_below_the_root() -> None:
    graph = graph_of(
        *(Account(id=N(i), kind="t.unit", name=i, provider="t") for i in ("root", "retail", "acc")),
        Account(id=N("lone"), kind="t.account", name="lone", provider="t"),
        asset("a"), asset("b", account="lone"), asset("git:github.com/acme/app", is_ai=False),
        asset("git:github.com/acme/app#ai/x"), asset("c"),
        edge("root", Relation.CONTAINS, "retail"), edge("retail", Relation.CONTAINS, "acc"),
        edge("acc", Relation.CONTAINS, "a"), edge("root", Relation.CONTAINS, "lone"),
    )  # fmt: skip

    assert [unit_of(graph, N(i)) for i in ("a", "b", "git:github.com/acme/app#ai/x", "c")] == [
        "retail", "lone", "github.com/acme", NOWHERE,
    ]  # fmt: skip


def test_a_cell_counts_assets_people_and_flows_with_their_classes() -> None:
    graph = company(
        asset("twin", provider="aws_bedrock", asset_class=AssetClass.MODEL),
        edge("chat", Relation.CONFIGURED_BY, "twin"), edge("chat", Relation.USED_BY, "ada"),
    )  # fmt: skip
    cells = {(cell.unit, cell.provider): cell for cell in overview(graph, data_flows(graph))}

    # The function's integration is where its holder is; the twin is a part of the endpoint.
    sync = cells["production", "openai"]
    assert (sync.assets, sync.flows, sync.data_classes) == (1, 1, ("personal",))
    assert sync.is_sensitive
    chat = cells["production", "aws_bedrock"]
    assert (chat.members, chat.people) == (("chat",), 1)


def test_places_go_from_left_to_right_along_a_chain() -> None:
    graph = graph_of(
        edge("a", Relation.CALLS, "b"), edge("b", Relation.CALLS, "c"),
        edge("a", Relation.CALLS, "d"),
    )  # fmt: skip
    found = places(whole(graph))

    assert [found[N(i)][0] for i in "abcd"] == [0.0, 0.5, 1.0, 0.5]
    assert found[N("b")][1] != found[N("d")][1]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14))
def test_every_node_has_a_place_of_its_own_whatever_the_order_of_edges(
    pairs: list[tuple[int, int]],
) -> None:
    def part(rows: list[tuple[int, int]]) -> Part:
        made = [
            (N(f"n{a}"), N(f"n{b}"), Edge(source=N(f"n{a}"), target=N(f"n{b}"),
                                          relation=Relation.CALLS))
            for a, b in rows
        ]  # fmt: skip
        return Part(nodes=tuple(N(f"n{n}") for n in range(7)), edges=tuple(made))

    found = places(part(pairs))
    assert len(found) == len(set(found.values())) == 7
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in found.values())
    assert found == places(part(pairs[::-1]))
