"""Tables of ServiceNow beside incidents, by what the configuration says of their states."""

from __future__ import annotations

import msgspec
import pytest

from scanner.app.ticketing import Target, sync
from scanner.emit.tickets.content import Routing
from scanner.emit.tickets.servicenow import ServiceNowConfig
from scanner.model.finding import FindingStatus
from scanner.store.state import State
from tests.emit.tickets import servicenow_tracker
from tests.emit.tickets.findings import NOW, finding, put, resolved

TABLE = "sn_vul_vulnerable_item"


def test_another_table_wants_its_states_told() -> None:
    with pytest.raises(ValueError, match="closed_states"):
        ServiceNowConfig(url="https://example.com", table=TABLE)


def test_another_table_is_kept_like_incidents() -> None:
    with servicenow_tracker.serve(TABLE, "3") as tracker:
        sink = servicenow_tracker.sink(
            tracker, table=TABLE, closed_states=("3",), close={"state": "3"},
            reopen={"state": "1"}, fields={"source": "shadow-ai"},
        )  # fmt: skip
        state, target = State("sqlite://"), Target("made", sink, Routing())
        one = finding("a")
        steps = [(one, "open"), (*resolved([one]), "closed"),
                 (msgspec.structs.replace(one, status=FindingStatus.REOPENED), "open")]  # fmt: skip
        for now, wanted in steps:
            put(state, now)
            assert sync(state, target, now=lambda: NOW).troubles == []
            assert tracker.issues[1].state == wanted
        assert len(tracker.issues) == 1
