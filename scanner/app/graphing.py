"""What people ask of the stored graph and decide about it; nothing is collected."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from scanner.app.config import LoadedConfig, store_url
from scanner.app.lock import locked
from scanner.graph.build import AssetGraph
from scanner.graph.naming import one as one_node
from scanner.model.base import NodeId
from scanner.model.decisions import SameAsDecision, Verdict, pair
from scanner.model.errors import ConfigError
from scanner.store.state import State


@contextmanager
def opened(loaded: LoadedConfig) -> Iterator[State]:
    state = State(store_url(loaded))
    try:
        yield state
    finally:
        state.close()


def decide(
    loaded: LoadedConfig,
    graph: AssetGraph,
    ends: tuple[str, str],
    verdict: Verdict | None,
    note: str = "",
) -> tuple[NodeId, NodeId]:
    """Remember whether two nodes are one thing; None: forget what was said. Returns their ids.

    Raises ``ConfigError`` for names that mean no node, or several.
    """
    left, right = (_raw(graph, text) for text in ends)
    if left == right:
        raise ConfigError(f"`{left}` is one node already")
    first, second = pair(left, right)
    said = None
    if verdict is not None:
        said = SameAsDecision(
            one=first, other=second, verdict=verdict, by=_who(), note=note,
            at=datetime.now(UTC).strftime("%Y-%m-%d"),
        )  # fmt: skip
    with locked(store_url(loaded)), opened(loaded) as state:
        state.decide(said, first, second)
    return first, second


def _raw(graph: AssetGraph, text: str) -> NodeId:
    """A node as its source shows it: of merged ones, the one that is named."""
    return NodeId(text) if graph.node(NodeId(text)) is not None else one_node(graph, text)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return ""
