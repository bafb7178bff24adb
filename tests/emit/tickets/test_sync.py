"""One ticket a finding, whatever happens: against trackers on loopback that check every word."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from scanner.app.ticketing import Report, Target, sync
from scanner.assess.selection import Filter
from scanner.emit.tickets import planning
from scanner.emit.tickets.content import Routing, tickets
from scanner.emit.tickets.planning import Do
from scanner.emit.tickets.sink import Sink
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.model.ticket import ClosedBy, TicketState
from scanner.store import tickets as ledger
from scanner.store.state import State
from tests.emit.tickets import (
    azure_tracker,
    gitlab_tracker,
    jira_tracker,
    linear_tracker,
    servicenow_tracker,
    trackers,
)
from tests.emit.tickets.findings import NOW, finding, put, resolved
from tests.emit.tickets.trackers import Tracker
from tests.forge_rig.api import Fault, Reply

KINDS: dict[str, tuple[Callable[[], AbstractContextManager[Tracker]], Callable[..., Sink]]] = {
    "azure_boards": (azure_tracker.serve, azure_tracker.sink),
    "github": (trackers.github, trackers.github_sink),
    "gitlab": (gitlab_tracker.serve, gitlab_tracker.sink),
    "jira": (jira_tracker.cloud, jira_tracker.cloud_sink),
    "jira_data_center": (jira_tracker.data_center, jira_tracker.data_center_sink),
    "linear": (linear_tracker.serve, linear_tracker.sink),
    "servicenow": (servicenow_tracker.serve, servicenow_tracker.sink),
}


class Place:
    """A state and a tracker."""

    def __init__(self, tracker: Tracker, make: Callable[..., Sink]) -> None:
        self.tracker = tracker
        self.make = make
        self.state = State("sqlite://")
        self.now = NOW

    def sync(
        self, routing: Routing | None = None, *, most_new: int = 100, dry_run: bool = False
    ) -> Report:
        """A run of its own: nothing is remembered but the state."""
        chosen = routing or Routing()
        target = Target("made", self.make(self.tracker, chosen), chosen, most_new)
        report = sync(self.state, target, now=lambda: self.now, dry_run=dry_run)
        # The next run is ten minutes later.
        self.now = (datetime.fromisoformat(self.now) + timedelta(minutes=10)).isoformat()
        return report

    def put(self, *names: str, **changes: object) -> list[Finding]:
        made = [finding(name, **changes) for name in names]
        put(self.state, *made)
        return made

    def titles(self, state: str = "") -> Counter[str]:
        return Counter(
            issue.title.partition(": ")[2]
            for issue in self.tracker.issues.values()
            if not state or issue.state == state
        )

    def row(self, one: Finding) -> Any:
        return ledger.rows(self.state, "made")[one.fingerprint]


_READS = r"^GET |search(/jql)?$|/wiql$|/graphql (Find|States)$"


def storm(place: Place, count: int) -> None:
    """``count`` findings to one ticket each, over runs that end in the middle."""
    rng = random.Random(11)
    names = [f"n{number:05}" for number in range(count)]
    found = place.put(*names)
    later = Reply({"message": "slow down"}, 429, {"Retry-After": "1"})
    for turn in range(10):
        faults = [
            Fault(place.tracker.creates, "cut", after=rng.randrange(count // 4), times=2),
            Fault(place.tracker.creates, "close", after=rng.randrange(count // 4), times=1),
            Fault(place.tracker.creates, "refuse", later, after=rng.randrange(count // 4), times=5),
            Fault(".", "close", after=count // 5 + rng.randrange(count // 10)),  # and it ends
        ]
        place.tracker.server.faults[:] = faults if turn < 7 else []
        place.sync(most_new=count)
    assert place.titles("open") == dict.fromkeys(names, 1)
    gone = set(rng.sample(range(count), count // 25))
    put(place.state, *resolved([one for number, one in enumerate(found) if number in gone]))
    place.sync(most_new=count)
    assert place.titles("closed") == {names[number]: 1 for number in gone}
    assert sum(place.titles().values()) == count


@pytest.fixture(params=sorted(KINDS))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    serve, make = KINDS[request.param]
    with serve() as tracker:
        yield Place(tracker, make)


def test_one_ticket_each_however_often_it_is_run(place: Place) -> None:
    place.put("a", "b", "c")
    first = place.sync()
    assert (first.count(Do.CREATE), first.troubles) == (3, [])
    calls = len(place.tracker.server.calls)
    second = place.sync()
    assert second.count(Do.SKIP) == len(second.actions) == 3
    assert place.titles() == {"a": 1, "b": 1, "c": 1}
    changes = r"^(PATCH|PUT) |^POST .*(comments?|notes|issueUpdate|commentCreate)$"
    assert not [c for c in place.tracker.server.calls[calls:] if re.search(changes, c)]
    issue = place.tracker.issues[1]
    assert "Register it or switch it off." in issue.body
    assert issue.title.startswith("[high] Unregistered AI")


def test_a_dry_run_changes_nothing(place: Place) -> None:
    place.put("a", "b")
    told = place.sync(dry_run=True)
    assert told.count(Do.CREATE) == 2
    assert place.tracker.issues == {}
    assert ledger.rows(place.state, "made") == {}
    assert not [call for call in place.tracker.server.calls if not re.search(_READS, call)]


def test_change_resolution_and_return(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    put(place.state, msgspec.structs.replace(one, severity="critical"))
    assert place.sync().count(Do.UPDATE) == 1
    issue = place.tracker.issues[1]
    assert "critical" in "\n".join([issue.body, *issue.comments])
    put(place.state, *resolved([one]))
    assert place.sync().count(Do.CLOSE) == 1
    assert issue.state == "closed"
    assert "resolved 2026-01-09" in "\n".join(issue.comments)
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    assert place.sync().count(Do.REOPEN) == 1
    assert (issue.state, len(place.tracker.issues)) == ("open", 1)
    assert any("Seen again" in said for said in issue.comments)


def test_whose_it_is_and_until_when(place: Place) -> None:
    tracker = place.tracker
    (one,) = place.put("a")
    place.sync()
    issue = tracker.issues[1]
    assert issue.assignees == ([tracker.ada] if tracker.ada else [])
    assert issue.priority == tracker.urgent[0]
    assert issue.due == ("2026-01-31" if tracker.has_due else "")
    issue.assignees = ["somebody-else"]  # by hand
    put(place.state, msgspec.structs.replace(one, severity="critical"))
    place.sync()
    assert issue.assignees == ["somebody-else"]
    assert issue.priority == tracker.urgent[1]
    assert issue.due == ("2026-01-08" if tracker.has_due else "")


def test_what_comes_back_is_due_from_then_on() -> None:
    """In a group, what is due first is: not the worst counted from the oldest."""
    back = finding("a", since="2026-03-01T00:00:00Z")
    (ticket,) = tickets([back], Routing()).values()
    assert ticket.due == "2026-03-31"
    old = finding("b", severity="low", first_seen="2025-12-01T00:00:00Z")
    (group,) = tickets([back, old], Routing(group_by=("owner",))).values()
    assert group.due == "2026-03-31"


def test_an_owner_who_has_no_account_there_does_not_keep_the_ticket_from_it(place: Place) -> None:
    place.put("a", owner="nobody@example.com")
    place.put("b", owner="x^ORname=admin@example.com")
    place.put("c", owner="team-platform")
    assert place.sync().troubles == []
    assert [issue.assignees for issue in place.tracker.issues.values()] == [[], [], []]


def test_what_is_accepted_is_closed_with_who_and_why(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    accepted = msgspec.structs.replace(
        one, status=FindingStatus.ACCEPTED, scan_status=FindingStatus.OPEN,
        decided="accept by ada until 2026-02-01 (accepted_risk): a pilot",
    )  # fmt: skip
    put(place.state, accepted)
    place.sync()
    issue = place.tracker.issues[1]
    assert issue.state == "closed"
    said = "\n".join(issue.comments).replace("\\", "")
    assert "a pilot" in said


def test_what_a_person_writes_or_closes_stays(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    issue = place.tracker.issues[1]
    issue.body += "\n\nI am on it. - Bob"
    issue.labels.append("bobs")
    put(place.state, msgspec.structs.replace(one, severity="critical"))
    place.sync()
    assert "I am on it. - Bob" in issue.body
    assert "bobs" in issue.labels
    issue.state = "closed"
    assert place.sync().count(Do.NOTICE) == 1
    assert len([said for said in issue.comments if "still seen" in said]) == 1
    assert place.row(one).closed_by is ClosedBy.PERSON
    put(place.state, msgspec.structs.replace(one, severity="low"))  # milder: nothing new to say
    assert place.sync().count(Do.SKIP) == 1
    assert issue.state == "closed"
    # When it was really gone and comes back, it is a matter of its own again.
    put(place.state, *resolved([one]))
    place.sync()
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    assert place.sync().count(Do.REOPEN) == 1
    assert issue.state == "open"


def test_what_a_person_opens_again_or_deletes(place: Place) -> None:
    one, two = place.put("a", "b")
    place.sync()
    del place.tracker.issues[2]
    report = place.sync()
    if place.tracker.tells_gone:
        assert [action.reason for action in report.actions if action.do is Do.SETTLE] == [
            "deleted by a person; it is not made again"
        ]
        assert place.row(two).closed_by is ClosedBy.PERSON
    else:  # it may as well be kept from this account
        assert place.row(two).state is TicketState.OPEN
        assert "1 of 2 tickets cannot be seen" in report.troubles[0][1]
    assert place.sync().count(Do.CREATE) == 0
    put(place.state, *resolved([one]))
    place.sync()
    place.tracker.issues[1].state = "open"
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    report = place.sync()
    assert report.count(Do.REOPEN) == 0
    assert place.row(one).state is TicketState.OPEN


def test_what_a_person_set_stays_and_what_we_wrote_is_written_anew(place: Place) -> None:
    one, two = place.put("a", "b")
    place.sync()
    mine, ours = place.tracker.issues[1], place.tracker.issues[2]
    set_by_hand = place.tracker.urgent[1] and {"2": "3", "High": "Low"}.get(
        place.tracker.urgent[0], "urgency 3, impact 3"
    )
    mine.title, mine.priority = "Ada's own words", set_by_hand
    if place.tracker.has_due:
        mine.due = "2027-05-05"
    for severity, due in (("critical", "2026-01-08"), ("medium", "2026-04-01")):
        put(place.state, *(
            msgspec.structs.replace(f, severity=severity, owner="bob@example.com")
            for f in (one, two)
        ))  # fmt: skip
        assert place.sync().count(Do.UPDATE) == 2
        assert (mine.title, mine.priority) == ("Ada's own words", set_by_hand)
        assert ours.title.startswith(f"[{severity}]")
        if place.tracker.has_due:
            assert (mine.due, ours.due) == ("2027-05-05", due)
    assert ours.priority not in place.tracker.urgent or not ours.priority


def test_a_change_to_and_fro_is_told_each_time(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    issue = place.tracker.issues[1]
    for severity in ("critical", "high", "critical"):
        put(place.state, msgspec.structs.replace(one, severity=severity))
        assert place.sync().count(Do.UPDATE) == 1
    told = issue.comments[-1] if issue.comments else issue.body
    assert "critical" in told
    assert issue.title.startswith("[critical]")
    assert issue.priority == place.tracker.urgent[1]


def test_a_return_that_is_worse_says_so(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    put(place.state, *resolved([one]))
    place.sync()
    worse = msgspec.structs.replace(one, status=FindingStatus.REOPENED, severity="critical")
    put(place.state, worse)
    assert place.sync().count(Do.REOPEN) == 1
    issue = place.tracker.issues[1]
    assert issue.title.startswith("[critical]")
    assert issue.priority == place.tracker.urgent[1]
    assert place.sync().count(Do.SKIP) == 1


def test_what_people_write_is_never_cut() -> None:
    with trackers.github() as tracker:
        place = Place(tracker, trackers.github_sink)
        (one,) = place.put("a", detail="d" * 24_000)
        place.sync()
        issue = tracker.issues[1]
        issue.body += "\n\n" + "human " * 6_500 + "THE END"
        put(place.state, msgspec.structs.replace(one, severity="critical", detail="e" * 24_000))
        place.sync()
        assert "THE END" in issue.body
        assert len(issue.body) < 65_536


def test_a_ticket_that_a_person_closed_comes_back_when_it_gets_worse(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    issue = place.tracker.issues[1]
    issue.state = "closed"
    place.sync()
    put(place.state, msgspec.structs.replace(one, severity="critical"))
    report = place.sync()
    (action,) = [action for action in report.actions if action.do is Do.REOPEN]
    assert action.reason == "it became worse since: high -> critical"
    assert issue.state == "open"
    issue.state = "closed"
    place.sync()
    assert place.sync().count(Do.SKIP) == 1
    assert issue.state == "closed"


def test_a_group_that_a_person_closed_comes_back_with_what_is_new(place: Place) -> None:
    routing = Routing(group_by=("owner",))
    place.put("a", severity="low")
    place.sync(routing)
    issue = place.tracker.issues[1]
    issue.state = "closed"
    place.sync(routing)
    place.put("b", severity="low")
    report = place.sync(routing)
    assert [a.reason for a in report.actions if a.do is Do.REOPEN] == ["1 more findings since"]
    assert issue.state == "open"


def test_a_ticket_that_a_person_closed_and_opened_again_is_ours_again(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    issue = place.tracker.issues[1]
    issue.state = "closed"
    place.sync()
    issue.state = "open"
    put(place.state, msgspec.structs.replace(one, severity="critical"))
    place.sync()
    assert place.row(one).state is TicketState.OPEN
    assert place.sync().count(Do.UPDATE) == 1
    issue.state = "closed"
    place.sync()
    issue.state = "open"
    put(place.state, *resolved([one]))  # opened again, and gone before the next run
    assert place.sync().count(Do.CLOSE) == 1
    assert issue.state == "closed"


def test_what_comes_back_at_once_is_a_storm_too(place: Place) -> None:
    found = place.put(*(f"n{number:02}" for number in range(8)))
    place.sync()
    put(place.state, *resolved(found))
    place.sync()
    back = [msgspec.structs.replace(one, status=FindingStatus.REOPENED) for one in found]
    put(place.state, *back)
    report = place.sync(most_new=3)
    assert (report.count(Do.REOPEN), report.count(Do.CREATE)) == (3, 1)
    assert "5 further findings" in place.tracker.issues[9].title
    put(place.state, *resolved(found))
    place.sync()
    assert place.titles("open") == {}
    put(place.state, *back)
    place.now = "2026-09-01T00:00:00+00:00"
    assert place.sync(most_new=3).count(Do.CREATE) == 4
    for _ in range(3):
        place.sync(most_new=3)
    assert place.titles("open") == dict.fromkeys([f"n{number:02}" for number in range(8)], 1)


def test_what_is_worded_anew_is_no_storm(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    found = place.put(*"abcde")
    place.sync()
    put(place.state, *(msgspec.structs.replace(one, remedy="Do it otherwise.") for one in found))
    assert place.sync().count(Do.SKIP) == 5
    monkeypatch.setattr(planning, "MOST_CHANGED", 2)
    put(place.state, *(msgspec.structs.replace(one, title=f"New: {one.title}") for one in found))
    assert [place.sync().count(Do.UPDATE) for _ in range(4)] == [2, 2, 1, 0]


def test_what_comes_and_goes_stays_open_until_it_has_been_gone_for_days(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    issue = place.tracker.issues[1]
    said = []
    for _ in range(12):
        gone = msgspec.structs.replace(one, status=FindingStatus.RESOLVED, resolved_at=place.now)
        put(place.state, gone)
        place.sync()
        put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
        place.sync()
        said.append(len(issue.comments))
    assert issue.state == "open"
    assert said[2:] == [said[2]] * 10, "nothing more is said of it"
    assert len([text for text in issue.comments if "comes and goes" in text]) == 1
    gone = msgspec.structs.replace(one, status=FindingStatus.RESOLVED, resolved_at=place.now)
    put(place.state, gone)
    assert "comes and goes" in place.sync().actions[0].reason
    place.now = "2026-01-20T00:00:00+00:00"
    assert place.sync().count(Do.CLOSE) == 1
    assert issue.state == "closed"


def test_what_comes_back_after_long_gets_a_new_ticket_that_names_the_old(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    put(place.state, *resolved([one]))
    place.sync()
    url = place.row(one).url
    place.now = "2026-09-01T00:00:00+00:00"
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    assert place.sync().count(Do.CREATE) == 1
    assert place.tracker.issues[1].state == "closed"
    assert url in place.tracker.issues[2].body


def test_a_refusal_of_the_new_ticket_does_not_lead_back_to_the_old(place: Place) -> None:
    """Nor one that follows a lost answer."""
    (one,) = place.put("a")
    place.sync()
    put(place.state, *resolved([one]))
    place.sync()
    place.now = (datetime.fromisoformat(place.now) + timedelta(days=100)).isoformat()
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    refusal = Reply({"message": "no"}, 422)
    for kind in ("refuse", "close", "refuse"):
        place.tracker.server.faults[:] = [Fault(place.tracker.creates, kind, refusal, times=1)]
        assert place.sync().troubles
        place.now = (datetime.fromisoformat(place.now) + timedelta(minutes=30)).isoformat()
    place.tracker.server.faults[:] = []
    assert place.sync().troubles == []
    assert [issue.state for issue in place.tracker.issues.values()] == ["closed", "open"]
    assert place.row(one).number == 2


def test_a_lost_answer_to_the_new_ticket_does_not_lead_back_to_the_old(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    put(place.state, *resolved([one]))
    place.sync()
    place.now = "2026-09-01T00:00:00+00:00"
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    for kind in ("close", "cut"):
        place.tracker.server.faults[:] = [Fault(place.tracker.creates, kind, times=1)]
        place.sync()
        assert place.row(one).state is TicketState.RESERVED
    place.tracker.server.faults.clear()
    assert place.sync().count(Do.RECOVER) == 1
    assert [issue.state for issue in place.tracker.issues.values()] == ["closed", "open"]
    assert place.sync().count(Do.SKIP) == 1


def test_a_storm_makes_some_tickets_and_one_for_the_rest(place: Place) -> None:
    names = [f"n{number:02}" for number in range(12)]
    found = place.put(*names)
    report = place.sync(most_new=3)
    assert report.count(Do.CREATE) == 4
    digest = place.tracker.issues[4]
    assert "9 further findings" in digest.title
    place.sync(most_new=3)
    assert len(place.tracker.issues) == 7
    while len(place.tracker.issues) < 13:
        place.sync(most_new=3)
    place.sync(most_new=3)
    assert digest.state == "closed"
    assert len(found) == sum(place.titles("open").values())


def test_groups_and_routes(place: Place) -> None:
    place.put("a", "b")
    place.put("c", owner="bob@example.com", severity="low")
    routing = Routing(filter=Filter(severity="medium"), group_by=("owner",))
    place.sync(routing)
    (issue,) = place.tracker.issues.values()
    assert "ada@example.com: 2 findings" in issue.title.replace("@\u200b", "@")
    found = place.put("d")
    assert place.sync(routing).count(Do.UPDATE) == 1
    put(place.state, *resolved([*found, finding("a"), finding("b")]))
    place.sync(routing)
    assert issue.state == "closed"


PAIR = ("business_unit", "account")


def test_groups_whose_names_are_alike_have_tickets_of_their_own(place: Place) -> None:
    place.put("a", account="prod", business_unit="Retail / EU")
    place.put("b", account="EU / prod", business_unit="Retail")
    place.sync(Routing(group_by=PAIR))
    assert len(place.tracker.issues) == 2
    assert place.sync(Routing(group_by=PAIR)).count(Do.SKIP) == 2


def test_the_ticket_of_such_a_group_that_is_there_is_kept(place: Place) -> None:
    """By the key of an older version, which has one for both."""
    (one,) = place.put("a", account="prod", business_unit="Retail / EU")
    routing = Routing(group_by=PAIR)
    ((key, ticket),) = tickets([one], routing).items()
    place.sync(routing)
    row = ledger.rows(place.state, "made")[key]
    ledger.rename(place.state, row, ticket.formerly[0])
    report = place.sync(routing)
    assert [action.do for action in report.actions] == [Do.SKIP]
    assert list(ledger.rows(place.state, "made")) == [key]


def test_the_keys_of_groups_are_fixed_for_ever() -> None:
    """A change of these values orphans tickets."""
    one = finding("a", account="prod", business_unit="Retail / EU")
    by = {group: list(tickets([one], Routing(group_by=group))) for group in (PAIR, PAIR[:1])}
    assert by[PAIR[:1]] == ["g1:d431b7d026330cc56686b303f5"]
    other = finding("a", account="prod", business_unit="Retail")
    assert list(tickets([other], Routing(group_by=PAIR))) == ["g1:906abd4e8f4ee0dc1a5c0dc48b"]
    assert by[PAIR] == ["g2:370a943c493aa2725d2a9cd697"]


def test_since_means_what_it_means_in_lists(place: Place) -> None:
    """First seen, or changed, since then."""
    (one,) = place.put("a")
    event = FindingEvent(fingerprint=one.fingerprint, scan="2", at="2026-01-09T08:00:00Z",
                         change="reopened")  # fmt: skip
    since = Routing(filter=Filter(since="2026-01-09"))
    assert place.sync(since).actions == []
    place.state.save_findings([one], [event])
    assert place.sync(since, dry_run=True).count(Do.CREATE) == 1
    late = Routing(filter=Filter(since="2026-01-09T10:00:00+01:00"))
    assert place.sync(late, dry_run=True).actions == []
    early = Routing(filter=Filter(since="2026-01-09T08:30:00+01:00"))
    assert place.sync(early, dry_run=True).count(Do.CREATE) == 1


def test_a_business_unit_has_a_tracker_and_a_ticket_of_its_own(place: Place) -> None:
    place.put("a", "b", business_unit="Retail")
    place.put("c", business_unit="Bank")
    place.put("d")
    routing = Routing(filter=Filter(business_unit="?*l"), group_by=("business_unit",))
    place.sync(routing)
    (issue,) = place.tracker.issues.values()
    assert "Retail: 2 findings" in issue.title


def test_hostile_names_are_text(place: Place) -> None:
    nasty = "x <!-- /shadow-ai --> @everyone #1 ](javascript:alert(1)) {panel}\n\x00| <img src=x>"
    place.put("a", title=nasty, remedy=nasty, asset=nasty)
    place.sync()
    body = place.tracker.issues[1].body
    if "<!-- shadow-ai:" in body:
        assert body.count("<!-- /shadow-ai -->") == 1
        assert "<img" not in body
        assert "@everyone" not in body
        assert "](" not in body.replace("\\](", "")
    assert "\x00" not in body


@pytest.mark.parametrize(("status", "calls"), [(429, "POST"), (503, _READS)])
def test_a_tracker_that_wants_us_later_is_waited_for(place: Place, status: int, calls: str) -> None:
    place.put("a")
    later = Reply({"message": "slow down"}, status, {"Retry-After": "3"})
    place.tracker.server.faults.append(Fault(calls, "refuse", later, times=2))
    assert place.sync().troubles == []
    assert place.tracker.waits == [3.0, 3.0]
    assert place.titles() == {"a": 1}


def test_a_503_after_it_was_done_makes_no_second_ticket(place: Place) -> None:
    """A gateway's word, while the tracker behind it has done what it was asked for."""
    (one,) = place.put("a")
    unavailable = Reply({"message": "Service Unavailable"}, 503, {"Retry-After": "1"})
    place.tracker.server.faults.append(Fault(place.tracker.creates, "answer", unavailable, times=2))
    (trouble,) = place.sync().troubles
    assert "503" in trouble[1]
    assert place.row(one).state is TicketState.RESERVED
    report = place.sync()
    assert (report.count(Do.RECOVER), report.troubles) == (1, [])
    assert place.titles() == {"a": 1}


@pytest.mark.parametrize("body", [{}, [], None, [1], "x"], ids=["map", "list", "empty", "1", "x"])
def test_an_answer_that_nobody_understands_ends_no_run(place: Place, body: Any) -> None:
    place.put("a", "b", "c")
    odd = Reply(body, 204 if body is None else 201)
    place.tracker.server.faults.append(Fault(place.tracker.creates, "answer", odd, times=1))
    report = place.sync()
    assert (report.count(Do.CREATE), len(report.troubles)) == (2, 1)
    if body not in ([], [1]):  # these are lists, as some trackers give them
        place.tracker.server.faults[:] = [Fault(_READS, "refuse", odd, times=1)]
        assert place.sync().troubles
    place.tracker.server.faults.clear()
    place.sync()
    assert place.titles() == {"a": 1, "b": 1, "c": 1}
    assert place.sync().count(Do.SKIP) == 3


def test_githubs_secondary_limit_is_waited_for_where_it_does_not_say_how_long() -> None:
    with trackers.github() as tracker:
        place = Place(tracker, trackers.github_sink)
        place.put(*(f"n{number}" for number in range(8)))
        said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
        tracker.server.faults.append(Fault(tracker.creates, "refuse", Reply(said, 403), times=1))
        assert place.sync().troubles == []
        assert tracker.waits == [60.0]
        tracker.server.faults.append(Fault(r"^GET", "refuse", Reply(said, 403)))
        (trouble,) = place.sync().troubles
        assert "come later" in trouble[1]


def test_a_tracker_that_stays_busy_leaves_the_rest_for_the_next_run(place: Place) -> None:
    place.put(*"abcdefgh")
    later = Reply({"message": "slow down"}, 429, {"Retry-After": "100"})
    fault = Fault(place.tracker.creates, "refuse", later)
    place.tracker.server.faults.append(fault)
    report = place.sync()
    assert report.troubles[-1] == ("", "the rest is left for the next run")
    assert len(report.troubles) == 4
    place.tracker.server.faults.clear()
    assert place.sync().troubles == []
    assert sum(place.titles().values()) == 8


@pytest.mark.parametrize("fault", [
    Fault("", "cut", times=2),
    Fault("", "close", times=2),
    Fault("", "answer", Reply({}, 502), times=2),
    Fault("", "answer", Reply(raw=b"<html>gateway</html>", status=200), times=2),
], ids=["cut", "close", "502", "html"])  # fmt: skip
def test_when_nobody_knows_whether_it_was_made_the_next_run_looks(
    place: Place, fault: Fault
) -> None:
    place.put(*"abcd")
    place.tracker.server.faults.append(replace(fault, matching=place.tracker.creates))
    assert len(place.sync().troubles) == 2
    report = place.sync()
    assert report.troubles == []
    assert report.count(Do.RECOVER) == 2
    assert place.titles() == dict.fromkeys("abcd", 1)
    assert place.sync().count(Do.SKIP) == 4


def test_what_is_refused_is_told_and_does_not_keep_the_rest(place: Place) -> None:
    place.put("a", "b")
    no = Reply({"message": "Validation Failed", "errors": {"summary": "too long"}}, 400)
    place.tracker.server.faults.append(Fault(place.tracker.creates, "refuse", no, times=1))
    (trouble,) = place.sync().troubles
    assert "HTTP 400" in trouble[1]
    assert "too long" in trouble[1]
    assert place.sync().count(Do.CREATE) == 1
    assert place.titles() == {"a": 1, "b": 1}


def test_killed_at_any_call_there_is_one_ticket_each(place: Place) -> None:
    """The process ends at a call, before or after the tracker has done it."""
    rng = random.Random(7)
    names = [f"n{number:02}" for number in range(20)]
    found = place.put(*names)
    for turn in range(40):
        if turn % 5 == 4:
            gone = rng.sample(found, 6)
            put(place.state, *resolved(gone))
        else:
            put(place.state, *found)
        place.tracker.server.faults[:] = [
            Fault(".", rng.choice(["cut", "close"]), after=rng.randrange(12), times=-1)
        ]
        place.sync()
    place.tracker.server.faults.clear()
    put(place.state, *found)
    place.now = "2026-01-10T01:00:00+00:00"  # what others have reserved is past
    for _ in range(3):
        place.sync()
    assert place.titles() == dict.fromkeys(names, 1)
    assert place.titles("open") == dict.fromkeys(names, 1)
    for issue in place.tracker.issues.values():
        marks = [said.rpartition("shadow-ai")[2] for said in issue.comments]
        assert len(marks) == len(set(marks)), "no comment is made twice"


def test_another_run_that_holds_a_reservation_is_left_alone(place: Place) -> None:
    (one,) = place.put("a")
    place.tracker.server.faults.append(Fault(place.tracker.creates, "close", times=1))
    place.sync()
    row = place.row(one)
    assert row.state is TicketState.RESERVED
    ledger.save(place.state, msgspec.structs.replace(row, reserved_at=NOW, token="theirs"))
    # Another host, a minute later: the first may still be at it.
    place.now = "2026-01-10T00:01:00+00:00"
    report = place.sync()
    assert [action.reason for action in report.actions] == ["another run is at it"]
    place.now = "2026-01-10T00:30:00+00:00"
    assert place.sync().count(Do.RECOVER) == 1
    assert place.titles() == {"a": 1}


def test_what_a_run_under_a_fast_clock_reserved_holds_nobody(place: Place) -> None:
    (one,) = place.put("a")
    place.tracker.server.faults.append(Fault(place.tracker.creates, "close", times=1))
    place.sync()
    ahead = "2027-01-10T00:00:00+00:00"
    row = msgspec.structs.replace(place.row(one), reserved_at=ahead, token="theirs")
    ledger.save(place.state, row)
    place.now = "2026-01-10T00:30:00+00:00"
    assert place.sync().count(Do.RECOVER) == 1
    assert place.titles() == {"a": 1}


def test_a_search_that_is_behind_makes_no_second_ticket() -> None:
    """Jira's search knows new issues too late: what may have been made is looked for later."""
    with jira_tracker.cloud() as tracker:
        place = Place(tracker, jira_tracker.cloud_sink)
        place.put("a")
        tracker.server.faults.append(Fault("POST .*issue$", "cut", times=1))
        place.sync()
        assert len(tracker.issues) == 1
        tracker.unsearchable = 1
        place.now = "2026-01-10T00:01:00+00:00"
        report = place.sync()
        assert "too young to tell" in report.actions[0].reason
        tracker.unsearchable = 0
        assert place.sync().count(Do.RECOVER) == 1
        assert place.titles() == {"a": 1}


def test_another_state_finds_the_tickets_that_are_there(place: Place) -> None:
    """Of another host, or of the same one after its state was lost."""
    place.put("a", "b")
    place.sync()
    place.tracker.issues[1].body += "\n\nI am on it. - Bob"
    other = Place(place.tracker, place.make)
    found = other.put("a", "b", "c")
    assert other.sync(dry_run=True).count(Do.CREATE) == 1
    report = other.sync()
    assert (report.count(Do.CREATE), report.troubles) == (1, [])
    assert place.titles() == {"a": 1, "b": 1, "c": 1}
    place.put("c")
    place.sync()
    for one in (place, other):
        assert one.sync().count(Do.SKIP) == 3
    assert place.titles() == {"a": 1, "b": 1, "c": 1}
    assert "I am on it. - Bob" in place.tracker.issues[1].body
    put(other.state, *resolved(found))
    other.sync()
    assert place.titles("open") == {}


def test_a_lost_state_makes_no_second_digest(place: Place) -> None:
    names = [f"n{number}" for number in range(5)]
    place.put(*names)
    place.sync(most_new=2)
    other = Place(place.tracker, place.make)
    other.put(*names, "more")
    other.sync(most_new=2)
    assert len([i for i in place.tracker.issues.values() if "further findings" in i.title]) == 1
    other.sync(most_new=2)
    other.sync(most_new=2)
    assert place.titles("open") == dict.fromkeys([*names, "more"], 1)


def test_what_may_not_be_seen_any_more_is_not_taken_for_deleted(place: Place) -> None:
    found = place.put("a", "b", "c")
    place.sync()
    place.tracker.hidden = True
    report = place.sync()
    assert report.count(Do.SETTLE) == 0
    assert report.troubles
    put(place.state, *resolved(found[:1]))  # and it ends meanwhile
    assert place.sync().troubles
    assert {row.state for row in ledger.rows(place.state, "made").values()} == {TicketState.OPEN}
    place.tracker.hidden = False
    report = place.sync()
    assert (report.count(Do.CLOSE), report.count(Do.SKIP), report.troubles) == (1, 2, [])
    assert [issue.state for issue in place.tracker.issues.values()] == ["closed", "open", "open"]


def test_an_issue_that_was_moved_away_does_not_stop_the_rest() -> None:
    with trackers.github() as tracker:
        place = Place(tracker, trackers.github_sink)
        place.put("a", "b")
        place.sync()
        tracker.issues[1].labels.clear()
        moved = Reply({"message": "Moved Permanently"}, 301)
        tracker.server.faults.append(Fault(r"GET .*/issues/1$", "refuse", moved))
        place.put("c")
        report = place.sync()
        assert (report.count(Do.CREATE), report.count(Do.SETTLE), report.troubles) == (1, 0, [])


def test_jira_says_missing_only_where_it_may_search() -> None:
    with jira_tracker.cloud() as tracker:
        place = Place(tracker, jira_tracker.cloud_sink)
        place.put("a", "b")
        place.sync()
        no = {"errorMessages": ["The value 'SEC' does not exist for the field 'project'."]}
        gone = {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
        tracker.server.faults[:] = [
            Fault("search/jql", "refuse", Reply(no, 400)),
            Fault(r"GET .*/issue/SEC-\d$", "refuse", Reply(gone, 404)),
        ]
        report = place.sync()
        assert report.count(Do.SETTLE) == 0
        assert "does not exist for the field" in report.troubles[0][1]


def test_a_renamed_finding_keeps_its_ticket(place: Place) -> None:
    (one,) = place.put("a")
    place.sync()
    new = finding("z", formerly=(one.fingerprint,))
    put(place.state, new)
    report = place.sync()
    assert report.count(Do.CREATE) == 0
    assert report.count(Do.UPDATE) == 1
    assert len(place.tracker.issues) == 1
    assert place.row(new).external_id


@pytest.mark.slow
def test_a_storm_of_findings_with_crashes_and_refusals(place: Place) -> None:
    """``python -m bench.tickets`` does the same with ten thousand."""
    storm(place, 300)
