"""What people ask of the stored graph and decide about it; nothing is collected."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner.app import suppressing
from scanner.app.config import LoadedConfig, store_url
from scanner.app.fitting import fitting
from scanner.app.lock import locked
from scanner.app.pipeline import replay
from scanner.app.sourcing import rulebook_of
from scanner.assess.answers import answer_risks
from scanner.assess.measuring import owned_systems
from scanner.assess.owning import coverage
from scanner.assess.policies import Situation
from scanner.assess.risk import weigh
from scanner.graph.answers import (
    Answer,
    Unread,
    answer_diff,
    answer_flows,
    answer_owners,
    owned_of,
    unread_note,
)
from scanner.graph.build import AssetGraph
from scanner.graph.naming import one as one_node
from scanner.graph.naming import one_view
from scanner.graph.openlineage import events, render
from scanner.graph.ownership import OwnerBook
from scanner.graph.part import Part, whole
from scanner.graph.questions import diff
from scanner.model.base import NodeId
from scanner.model.coverage import Coverage, wanted
from scanner.model.decisions import SameAsDecision, Verdict, pair
from scanner.model.errors import ConfigError
from scanner.model.facts import Asset, Credential
from scanner.store.addresses import parsed
from scanner.store.past import facts_at
from scanner.store.state import State

_SCAN = "`shadow-ai scan`"


@contextmanager
def opened(loaded: LoadedConfig) -> Iterator[State]:
    """Raises ``ConfigError`` where there is no state: a question makes none."""
    _begun(loaded)
    state = State(store_url(loaded))
    try:
        yield state
    finally:
        state.close()


def _begun(loaded: LoadedConfig) -> None:
    where = parsed(store_url(loaded))
    is_file = where.get_backend_name() == "sqlite" and where.database not in (None, "", ":memory:")
    if is_file and not Path(str(where.database)).exists():
        raise ConfigError(f"no scan has ended in this state, so nothing is known: {_SCAN}")


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
    left, right = (one_view(graph, text) for text in ends)
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


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return ""


# --- questions, with what was not read ---------------------------------------------------------


def answered(
    loaded: LoadedConfig, ask: Callable[[AssetGraph], Answer]
) -> tuple[AssetGraph, Answer]:
    """Of the last scan. Raises ``ConfigError`` where none has ended: nothing is known then, and no
    answer would be true."""
    situation = scanned(loaded)
    return situation.graph, _limited(ask(situation.graph), situation.coverage)


def scanned(loaded: LoadedConfig) -> Situation:
    """The last scan's. Raises ``ConfigError`` where none has ended."""
    _begun(loaded)
    situation = replay(loaded)
    if not situation.now:
        raise ConfigError(f"no scan has ended in this state, so nothing is known: {_SCAN}")
    return situation


def _limited(answer: Answer, coverage: Iterable[Coverage]) -> Answer:
    """With what the scan has not read: what is not in an answer may be there."""
    every = list(coverage)
    unread = tuple(
        Unread(shard=row.shard, status=str(row.status), reason=row.reason)
        for row in every
        if row.status.is_lacking
    )
    note = unread_note(
        [(row.shard, row.status) for row in unread], wanted(row.status for row in every)
    )
    if not note:
        return answer
    return msgspec.structs.replace(
        answer, notes=(*answer.notes, note), unread=unread,
        part=msgspec.structs.replace(answer.part, notes=(note,)),
    )  # fmt: skip


def unread_of(loaded: LoadedConfig, url: str | None = None) -> tuple[str, ...]:
    """As :func:`limits`, from the state alone. Raises ``ConfigError`` where no scan has ended."""
    if url is None:
        _begun(loaded)
    state = State(url if url is not None else store_url(loaded))
    try:
        ended = [row.id for row in state.scans() if row.finished_at]
        if not ended:
            raise ConfigError(f"no scan has ended in this state, so nothing is known: {_SCAN}")
        return _note(state.coverage(ended[-1]))
    finally:
        state.close()


def limits(situation: Situation) -> tuple[str, ...]:
    """What to say where the scan has not read everything; else nothing."""
    return _note(situation.coverage)


def _note(coverage: Sequence[Coverage]) -> tuple[str, ...]:
    lacking = [(row.shard, str(row.status)) for row in coverage if row.status.is_lacking]
    note = unread_note(lacking, wanted(row.status for row in coverage))
    return (note,) if note else ()


def exported(situation: Situation) -> Part:
    """The whole graph, with what was not read."""
    return msgspec.structs.replace(whole(situation.graph), notes=limits(situation))


# --- questions that need more than the graph ---------------------------------------------------


def owners_of(loaded: LoadedConfig, text: str = "") -> tuple[AssetGraph, Answer]:
    """Of every AI asset and key of the inventory; ``text``: of one node."""
    situation = scanned(loaded)
    graph, book = situation.graph, OwnerBook(situation.graph)
    standings = situation.reconciliation.standings
    entries = {row.entry.id: row.entry.owner for row in situation.reconciliation.entries}
    idents = [one_node(graph, text)] if text else sorted(standings)
    rows = []
    for ident in idents:
        entry = entries.get(standings[ident].entry, "") if ident in standings else ""
        rows.append(owned_of(ident, book.owners(ident, entry), book.leavers(ident, entry)))
    found = coverage((row.owners, row.left) for row in rows)
    answer = answer_owners(graph, rows, found)
    if not text and found.total:
        count = owned_systems(situation)
        said = f"systems: {count.yes} of {count.of} have an owner, {count.unknown} somebody to ask"
        answer = msgspec.structs.replace(
            answer, notes=(said, *answer.notes), details={"systems": count}
        )  # fmt: skip
    return graph, _limited(answer, situation.coverage)


def risks_of(loaded: LoadedConfig, text: str = "") -> tuple[AssetGraph, Answer]:
    """Of every AI asset and key, the riskiest first; ``text``: of one, with what would lower it."""
    situation = scanned(loaded)
    graph = situation.graph
    nodes: list[Asset | Credential] = [*graph.assets(), *graph.credentials()]
    if text:
        wanted = frozenset(graph.entities.all_of(one_node(graph, text)))
        nodes = [node for node in nodes if node.id in wanted]
        if not nodes:
            raise ConfigError(f"`{text}` is no AI asset and no key: it has no risk of its own")
    scores = [(n.id, weigh(situation.profiles.of(n), situation.risk_rules)) for n in nodes]
    scores.sort(key=lambda row: (-row[1].score, row[0]))
    answer = answer_risks(graph, scores, what_if=bool(text))
    return graph, _limited(answer, situation.coverage)


def diff_of(loaded: LoadedConfig, before: str, after: str) -> tuple[AssetGraph, Answer]:
    """Of two scans; the graph is the later one's. Raises ``ConfigError`` for scans that the state
    does not know, or no longer."""
    with opened(loaded) as state:
        first, second = (_scan(state, word) for word in (before, after))
        old, new = graph_at(state, loaded, first), graph_at(state, loaded, second)
        coverage = {row.shard: row for row in state.coverage(first) if row.status.is_lacking}
        coverage |= {row.shard: row for row in state.coverage(second)}
    answer = answer_diff(new, diff(old, new), f"from {first} to {second}")
    return new, _limited(answer, coverage.values())


def graph_at(state: State, loaded: LoadedConfig, scan_id: str) -> AssetGraph:
    """The graph as it was when that scan had ended; decisions are today's."""
    rulebook = rulebook_of(loaded)
    fitting(loaded, state)
    said = suppressing.learned(state, loaded, frozenset())
    at = next((row.finished_at for row in state.scans() if row.id == scan_id), "")
    return AssetGraph(
        said.applied(facts_at(state, scan_id)), rules=rulebook.same_as,
        decisions=state.decisions(), flows=rulebook.flows, now=at,
    )  # fmt: skip


def _scan(state: State, word: str) -> str:
    scans = [row.id for row in state.scans() if row.finished_at]
    places = {"last": -1, "previous": -2}
    if word in places:
        if len(scans) < -places[word]:
            raise ConfigError(f"`{word}`: the state knows {len(scans)} finished scans")
        return scans[places[word]]
    found = [ident for ident in scans if ident.startswith(word)]
    if len(found) != 1:
        said = "several scans begin so" if found else "no finished scan begins so"
        raise ConfigError(f"scan `{word}`: {said}; `shadow-ai graph scans` lists them")
    return found[0]


def lineage(
    loaded: LoadedConfig, provider: str = "", sensitive: bool = False
) -> tuple[bytes, tuple[str, ...]]:
    """Data flows as OpenLineage job events, dated by the last scan; and what it has not read."""
    situation = scanned(loaded)
    answer = answer_flows(situation.graph, provider=provider, sensitive=sensitive)
    at = situation.now or datetime.now(UTC).isoformat(timespec="seconds")
    rows = events(situation.graph, answer.flows, at, situation.owners)
    return render(rows), limits(situation)
