"""Random histories of findings, people, lost states and lost rights, on a made-up GitHub: whatever
happens in whatever order, each finding has one ticket in the end, and it says what is so."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import msgspec
import pytest

from scanner.model.finding import Finding, FindingStatus
from tests.emit.tickets import trackers
from tests.emit.tickets.findings import finding, put
from tests.emit.tickets.test_sync import Place
from tests.emit.tickets.trackers import Issue
from tests.forge_rig.api import Fault

_NAMES = "abcd"
_RANKS = ("low", "high", "critical")


class History:
    """What is so, beside what a state and a tracker make of it."""

    def __init__(self, place: Place, rng: random.Random) -> None:
        self.place, self.rng = place, rng
        self.there: dict[str, Finding] = {}
        self.unknown: set[str] = set()
        """Ended while no state knew of it, or opened by a person later: for people to close."""

    def ticket(self, name: str) -> Issue | None:
        found = [i for i in self.place.tracker.issues.values() if i.title.endswith(f": {name}")]
        assert len(found) <= 1, f"two tickets for {name}"
        return found[0] if found else None

    def step(self) -> None:
        name = self.rng.choice(_NAMES)
        self.rng.choice((self.find, self.find, self.fix, self.person, self.lose, self.hide,
                         self.break_off, self.wait))(name)  # fmt: skip

    def find(self, name: str) -> None:
        status = FindingStatus.REOPENED if name in self.there else FindingStatus.NEW
        self.there[name] = finding(name, status=status, severity=self.rng.choice(_RANKS))
        self.unknown.discard(name)
        put(self.place.state, self.there[name])

    def fix(self, name: str) -> None:
        if name in self.there:
            self.there[name] = msgspec.structs.replace(
                self.there[name], status=FindingStatus.RESOLVED, resolved_at=self.place.now
            )
            put(self.place.state, self.there[name])

    def person(self, name: str) -> None:
        issue = self.ticket(name)
        if issue is not None:
            issue.state = self.rng.choice(("open", "closed"))
            if issue.state == "open" and not self.there[name].status.is_open:
                self.unknown.add(name)

    def lose(self, name: str) -> None:
        """The state: a new one knows what is there now."""
        now = self.place.now
        self.place = Place(self.place.tracker, self.place.make)
        self.place.now = now
        gone = {one for one, known in self.there.items() if not known.status.is_open}
        self.unknown |= gone
        put(self.place.state, *(one for one in self.there.values() if one.status.is_open))

    def hide(self, name: str) -> None:
        self.place.tracker.hidden = not self.place.tracker.hidden

    def break_off(self, name: str) -> None:
        kind = self.rng.choice(("cut", "close"))
        self.place.tracker.server.faults[:] = [Fault(".", kind, after=self.rng.randrange(9))]
        self.place.sync()
        self.place.tracker.server.faults.clear()

    def wait(self, name: str) -> None:
        later = datetime.fromisoformat(self.place.now) + timedelta(hours=self.rng.randrange(60))
        self.place.now = later.isoformat()


@pytest.mark.parametrize("seed", range(25))
def test_each_finding_has_one_ticket_that_says_what_is_so(seed: int) -> None:
    rng = random.Random(seed)
    with trackers.github() as tracker:
        history = History(Place(tracker, trackers.github_sink), rng)
        for _ in range(30):
            history.step()
            if rng.random() < 0.6:
                history.place.sync()
        tracker.hidden = False
        later = datetime.fromisoformat(history.place.now) + timedelta(days=8)
        history.place.now = later.isoformat()
        for _ in range(3):
            history.place.sync()
        for name, known in history.there.items():
            issue = history.ticket(name)
            if known.status.is_open:
                assert issue is not None, f"no ticket for {name}"
                is_left = any("Closed here, and still seen" in said for said in issue.comments)
                assert issue.state == "open" or is_left
                if issue.state == "open":
                    assert f"severity: {known.severity}" in issue.labels
            elif issue is not None and name not in history.unknown:
                assert issue.state == "closed", f"{name} is gone"
        assert history.place.sync().troubles == []
