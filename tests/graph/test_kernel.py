"""Every answer of the kernel is the one that networkx gives."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.graph.kernel import Kernel
from scanner.graph.steps import ANY, CONTROL, FLOW, UPWARD, Step, Walk

WALKS = st.sampled_from([FLOW, CONTROL, UPWARD, ANY, Walk("none", 0, 0)])


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    """Small typed multigraphs: loops, parallel edges, circles, parts that hang together nowhere."""
    size = draw(st.integers(1, 9))
    node = st.integers(0, size - 1)
    edge = st.tuples(node, node, st.integers(0, len(Step) - 1))
    return size, draw(st.lists(edge, max_size=24))


def _kernel(size: int, edges: list[tuple[int, int, int]]) -> Kernel:
    columns = np.array(edges, np.int32).reshape(-1, 3)
    return Kernel(size, columns[:, 0], columns[:, 1], columns[:, 2])


def _oracle(size: int, edges: list[tuple[int, int, int]], walk: Walk) -> nx.DiGraph[int]:
    view: nx.DiGraph[int] = nx.DiGraph()
    view.add_nodes_from(range(size))
    for source, target, step in edges:
        if walk.forward >> step & 1:
            view.add_edge(source, target)
        if walk.backward >> step & 1:
            view.add_edge(target, source)
    return view


@settings(max_examples=300, deadline=None)
@given(graphs(), WALKS, st.data())
def test_reach_is_the_nearest_start_at_its_distance(graph, walk, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    starts = data.draw(st.lists(st.integers(0, size - 1), max_size=3))
    most = data.draw(st.none() | st.integers(0, 4))
    tree = _kernel(size, edges).reach(starts, walk, most)
    view = _oracle(size, edges, walk)

    wanted = {
        node: distance
        for node, distance in (
            nx.multi_source_dijkstra_path_length(view, set(starts)).items() if starts else ()
        )
        if most is None or distance <= most
    }
    assert {int(node): int(tree.hops[node]) for node in tree.reached} == wanted
    for node in range(size):
        path = tree.path(node)
        assert bool(path) == (node in wanted)
        if path:
            assert path[0] == tree.origin[node]
            assert path[0] in starts
            assert path[-1] == node
            assert len(path) == wanted[node] + 1
            assert all(view.has_edge(*hop) for hop in itertools.pairwise(path))


@settings(max_examples=200, deadline=None)
@given(graphs(), WALKS, st.data())
def test_what_is_near_is_what_one_start_reaches(graph, walk, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    start = data.draw(st.integers(0, size - 1))
    kernel = _kernel(size, edges)
    tree, near = kernel.reach([start], walk), kernel.near(start, walk)

    assert near.hops == {int(node): int(tree.hops[node]) for node in tree.reached}
    for node in range(size):
        assert near.path(node) == tree.path(node), "the same way, not only as short"


@settings(max_examples=200, deadline=None)
@given(graphs(), WALKS, st.data())
def test_the_ways_between_two_are_those_of_networkx_the_shortest_first(graph, walk, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    start, goal = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    found = _kernel(size, edges).paths([start], [goal], walk, 1000)
    view = _oracle(size, edges, walk)

    if start == goal:
        assert found == [], "a node alone is no way"
        return
    every = sorted(nx.all_simple_paths(view, start, goal), key=lambda way: (len(way), way))
    shortest = len(every[0]) if every else 0
    near = [way for way in every if len(way) <= shortest + 2]
    # A longer way may be made of steps of the shorter ones; none that is near is left out.
    assert [way for way in found if len(way) <= shortest + 2] == near
    assert all(way in every for way in found)
    assert len({tuple(way) for way in found}) == len(found)


@settings(max_examples=200, deadline=None)
@given(graphs(), WALKS, st.data())
def test_no_start_and_no_goal_loses_its_way_to_others(graph, walk, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    some = st.lists(st.integers(0, size - 1), min_size=1, max_size=4, unique=True)
    starts, goals = data.draw(some), data.draw(some)
    found = _kernel(size, edges).paths(starts, goals, walk, 1000)
    view = _oracle(size, edges, walk)

    far = {
        (start, goal): nx.shortest_path_length(view, start, goal)
        for start in starts
        for goal in goals
        if start != goal and nx.has_path(view, start, goal)
    }
    for place, ends in ((0, starts), (-1, goals)):
        for end in ends:
            mine = [len(way) - 1 for way in found if way[place] == end]
            wanted = [hops for pair, hops in far.items() if pair[place] == end]
            assert min(mine, default=None) == min(wanted, default=None)
    leading = _kernel(size, edges).leading(starts, goals, walk)
    assert leading == {start for start, _ in far}
    assert len({tuple(way) for way in found}) == len(found)
    assert all(nx.is_path(view, way) for way in found)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_what_is_both_start_and_goal_is_walked_from_to_the_others(graph, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    ends = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5, unique=True))
    found = _kernel(size, edges).paths(ends, ends, ANY, 1000)
    view = _oracle(size, edges, ANY)
    every = [
        way
        for start, goal in itertools.permutations(ends, 2) if nx.has_path(view, start, goal)
        for way in nx.all_simple_paths(view, start, goal)
        if not set(way[1:-1]).intersection(ends)
    ]  # fmt: skip
    shortest = min(map(len, every), default=0)
    near = [way for way in every if len(way) <= shortest + 2]

    assert all(len(way) > 1 and way in every for way in found)
    assert [way for way in found if len(way) <= shortest + 2] == sorted(
        near, key=lambda way: (len(way), way)
    )


@settings(max_examples=100, deadline=None)
@given(graphs(), WALKS, st.data())
def test_the_edges_of_a_step_are_all_that_allow_it(graph, walk, data) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    one, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    found = _kernel(size, edges).edges(one, other, walk)

    assert sorted(found) == sorted(
        (number, is_along)
        for number, (source, target, step) in enumerate(edges)
        for ends, bits, is_along in (
            ((one, other), walk.forward, True),
            ((other, one), walk.backward, False),
        )
        if (source, target) == ends and bits >> step & 1
    )


@settings(max_examples=100, deadline=None)
@given(graphs(), WALKS)
def test_groups_are_the_connected_parts(graph, walk) -> None:  # type: ignore[no-untyped-def]
    size, edges = graph
    groups = _kernel(size, edges).groups(walk)

    found: dict[int, set[int]] = {}
    for node, group in enumerate(groups):
        found.setdefault(int(group), set()).add(node)
    view = _oracle(size, edges, walk)
    assert sorted(map(sorted, found.values())) == sorted(
        map(sorted, nx.weakly_connected_components(view))
    )


def test_parallel_edges_are_one_hop_and_not_their_sum() -> None:
    reads = int(Step.READS_FROM)
    kernel = _kernel(3, [(1, 0, reads), (1, 0, reads), (1, 0, reads), (1, 2, int(Step.CALLS))])

    assert kernel.reach([0], FLOW).hops.tolist() == [0, 1, 2]
    assert len(kernel.edges(0, 1, FLOW)) == 3
