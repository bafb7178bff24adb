"""What is Linear's own way: ids from the caller, and a refusal that means "later"."""

from __future__ import annotations

from scanner.app.ticketing import Target, sync
from scanner.emit.tickets.content import Routing
from scanner.store.state import State
from tests.emit.tickets import linear_tracker
from tests.emit.tickets.findings import NOW, finding, put
from tests.forge_rig.api import Fault, Reply


def test_a_state_that_was_lost_makes_no_second_ticket() -> None:
    with linear_tracker.serve() as tracker:
        for _ in range(2):
            state = State("sqlite://")
            put(state, finding("a"), finding("b"))
            target = Target("made", linear_tracker.sink(tracker), Routing())
            assert sync(state, target, now=lambda: NOW).troubles == []
        assert len(tracker.issues) == 2


def test_the_refusal_that_means_later_is_waited_for() -> None:
    said = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}
    with linear_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a"))
        tracker.server.faults.append(Fault("issueCreate", "refuse", Reply(said, 400), times=2))
        target = Target("made", linear_tracker.sink(tracker), Routing())
        assert sync(state, target, now=lambda: NOW).troubles == []
        assert tracker.waits == [1.0, 2.0]
        assert len(tracker.issues) == 1


def test_labels_that_the_team_has_are_set() -> None:
    routing = Routing(labels=("ai", "unheard"))
    with linear_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a"))
        target = Target("made", linear_tracker.sink(tracker, routing), routing)
        assert sync(state, target, now=lambda: NOW).troubles == []
        assert tracker.issues[1].labels == ["label-ai"]


def test_a_team_that_is_not_there_is_told() -> None:
    with linear_tracker.serve() as tracker:
        state = State("sqlite://")
        put(state, finding("a"))
        sink = linear_tracker.sink(tracker, team="NO")
        ((_, trouble),) = sync(state, Target("made", sink, Routing()), now=lambda: NOW).troubles
        assert "no team NO" in trouble
