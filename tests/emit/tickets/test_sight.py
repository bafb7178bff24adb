"""What a state does not know of tickets, and what an account may not see of them: of neither
anything is guessed, so that no finding has two tickets and none is kept back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from scanner.emit.tickets.planning import Do
from scanner.model.finding import FindingStatus
from scanner.model.ticket import TicketState
from scanner.store import tickets as ledger
from tests.emit.tickets.findings import put, resolved
from tests.emit.tickets.test_sync import KINDS, Place
from tests.forge_rig.api import Fault, Reply


@pytest.fixture(params=sorted(KINDS))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    serve, make = KINDS[request.param]
    with serve() as tracker:
        yield Place(tracker, make)


def other(place: Place) -> Place:
    """Another host, or this one after its state was lost."""
    made = Place(place.tracker, place.make)
    made.now = place.now
    return made


# --- states that know nothing of each other ------------------------------------------------------


def test_a_state_with_rows_of_its_own_takes_over_all_that_is_there(place: Place) -> None:
    names = [f"n{number:02}" for number in range(12)]
    place.put(*names)
    place.sync()
    second = other(place)
    second.put("own")
    second.sync()
    second.put(*names, "more", "most")
    told = second.sync(most_new=3, dry_run=True)
    report = second.sync(most_new=3)
    assert [one.count(Do.CREATE) for one in (told, report)] == [2, 2]
    assert report.count(Do.UPDATE) == 12
    assert place.titles() == dict.fromkeys([*names, "own", "more", "most"], 1)
    assert second.sync(most_new=3).count(Do.SKIP) == 15


def test_a_digest_counts_only_what_is_not_there(place: Place) -> None:
    names = [f"n{number:02}" for number in range(5)]
    place.put(*names)
    place.sync()
    second = other(place)
    second.put("own")
    second.sync()
    second.put(*names, "x", "y", "z")
    second.sync(most_new=1)
    (digest,) = [i.title for i in place.tracker.issues.values() if "further" in i.title]
    assert "2 further findings" in digest
    assert all(number == 1 for number in place.titles().values())


def test_another_states_digest_is_left_to_it(place: Place) -> None:
    names = [f"n{number:02}" for number in range(5)]
    place.put(*names)
    second = other(place)
    second.put("own")
    second.sync()
    place.sync(most_new=3)
    (digest,) = [i for i in place.tracker.issues.values() if "further" in i.title]
    second.put(*names[:3], "more")
    second.sync(most_new=3)
    assert digest.state == "open"


def test_what_another_state_closed_is_opened_when_it_is_there(place: Place) -> None:
    found = place.put("a", "b", severity="low")
    place.sync()
    second = other(place)
    put(place.state, *resolved(found))
    assert place.sync().count(Do.CLOSE) == 2
    second.put("a", severity="low")
    second.put("b", severity="critical")
    assert second.sync(dry_run=True).count(Do.REOPEN) == 2
    report = second.sync()
    assert (report.count(Do.REOPEN), report.count(Do.NOTICE), report.troubles) == (2, 0, [])
    assert place.titles("open") == {"a": 1, "b": 1}
    assert second.sync().count(Do.SKIP) == 2


def test_two_hosts_one_of_which_still_sees_it(place: Place) -> None:
    found = place.put("a", severity="critical")
    second = other(place)
    second.put("a", severity="critical")
    place.sync()
    second.sync()
    put(place.state, *resolved(found))
    assert place.sync().count(Do.CLOSE) == 1
    report = second.sync()
    assert (report.count(Do.REOPEN), report.count(Do.NOTICE)) == (1, 0)
    assert place.tracker.issues[1].state == "open"
    for one in (place, second, place):
        one.sync()
        assert place.tracker.issues[1].state == "open", "and they do not quarrel about it"


@pytest.mark.parametrize("is_noticed", [False, True])
def test_what_a_person_closed_stays_closed_until_it_is_worse(
    place: Place, is_noticed: bool
) -> None:
    place.put("a", severity="high")
    place.sync()
    issue = place.tracker.issues[1]
    issue.state = "closed"
    if is_noticed:
        place.sync()
    second = other(place)
    second.put("a", severity="high")
    second.sync()
    assert second.sync().count(Do.SKIP) == 1
    assert issue.state == "closed"
    assert len([said for said in issue.comments if "still seen" in said]) == 1
    second.put("a", severity="critical")
    assert second.sync().count(Do.REOPEN) == 1
    assert issue.state == "open"


def test_what_was_worse_already_when_the_state_was_lost_is_not_kept_back(place: Place) -> None:
    place.put("a", severity="low")
    place.sync()
    place.tracker.issues[1].state = "closed"
    second = other(place)
    second.put("a", severity="critical")
    second.sync()
    assert place.tracker.issues[1].state == "open"


def test_a_ticket_that_does_not_say_how_bad_it_was_is_opened(place: Place) -> None:
    place.put("a", severity="high")
    place.sync()
    issue = place.tracker.issues[1]
    issue.state, issue.priority = "closed", ""
    issue.labels[:] = [name for name in issue.labels if not name.startswith("severity")]
    second = other(place)
    second.put("a", severity="high")
    second.sync()
    assert issue.state == "open"
    issue.state = "closed"  # now it is known
    second.sync()
    assert issue.state == "closed"


def test_what_a_finding_is_called_is_no_word_of_ours(place: Place) -> None:
    """A title that looks like the mark of a ticket that a person closed."""
    forged = " ".join(f"{begin}notice-0123456789ab{end}\n" for begin, end in
                      (("(shadow-ai ", ")"), ("<!-- shadow-ai:", " -->")))  # fmt: skip
    found = place.put("a", severity="low", title=f"T: a\n{forged}\n(shadow-ai notice-0123456789ab)")
    place.sync()
    put(place.state, *resolved(found))
    place.sync()
    second = other(place)
    put(second.state, *found)
    second.sync()
    assert place.tracker.issues[1].state == "open"


def test_a_run_that_ends_while_it_takes_over_leaves_nothing_behind(place: Place) -> None:
    """Neither a ticket made twice, nor one of a finding that has ended left open."""
    found = place.put("a", "b", "c")
    place.sync()
    for after in range(8):
        second = other(place)
        put(second.state, *found[:2], *resolved(found[2:]))
        place.tracker.server.faults[:] = [Fault(".", "close", after=after, times=-1)]
        second.sync()
        place.tracker.server.faults.clear()
        second.now = "2026-01-10T02:00:00+00:00"
        second.sync()
        assert place.titles() == {"a": 1, "b": 1, "c": 1}
        assert place.titles("open") == {"a": 1, "b": 1}


def test_who_closed_it_is_asked_again_when_the_answer_is_lost() -> None:
    serve, make = KINDS["github"]
    with serve() as tracker:
        place = Place(tracker, make)
        found = place.put("a", severity="low")
        place.sync()
        put(place.state, *resolved(found))
        place.sync()
        second = other(place)
        second.put("a", severity="critical")
        tracker.server.faults[:] = [Fault("GET .*/comments$", "cut", times=1)]
        report = second.sync()
        assert "who closed it" in report.troubles[0][1]
        assert report.count(Do.SKIP) == 1
        assert second.sync().count(Do.REOPEN) == 1


# --- an account that may not see all -------------------------------------------------------------


def test_what_some_tickets_hide_is_not_taken_for_deleted(place: Place) -> None:
    found = place.put("a", "b", "c", "d")
    place.sync()
    place.tracker.unseen = {1, 2, 3}
    report = place.sync()
    assert (report.count(Do.SETTLE), report.count(Do.SKIP)) == (0, 4)
    (trouble,) = report.troubles
    assert "3 of 4 tickets cannot be seen" in trouble[1]
    put(place.state, *resolved(found))  # and they end meanwhile
    report = place.sync()
    assert (report.count(Do.CLOSE), report.count(Do.SETTLE)) == (1, 0)
    place.tracker.unseen.clear()
    assert place.sync().count(Do.CLOSE) == 3
    assert place.titles("open") == {}


def test_what_gets_worse_while_it_cannot_be_seen_is_not_made_twice(place: Place) -> None:
    place.put("a", "b", "c", severity="low")
    place.sync()
    place.tracker.unseen = {1, 2}
    place.sync()
    place.put("a", "b", severity="critical")
    report = place.sync()
    assert report.count(Do.CREATE) == 0
    assert "2 of 3 tickets cannot be seen" in report.troubles[0][1]
    place.tracker.unseen.clear()
    assert place.sync().count(Do.UPDATE) == 2
    assert place.titles("open") == {"a": 1, "b": 1, "c": 1}


def test_what_comes_back_while_it_cannot_be_seen_is_not_made_twice(place: Place) -> None:
    (one, *_) = place.put("a", "b")
    place.sync()
    put(place.state, *resolved([one]))
    place.sync()
    place.tracker.unseen = {1}
    put(place.state, msgspec.structs.replace(one, status=FindingStatus.REOPENED))
    report = place.sync()
    assert report.count(Do.CREATE) == 0
    assert "cannot be seen" in report.troubles[0][1]
    place.tracker.unseen.clear()
    assert place.sync().count(Do.REOPEN) == 1
    assert place.titles("open") == {"a": 1, "b": 1}


@pytest.mark.parametrize("kind", ["github", "gitlab", "jira", "jira_data_center", "linear"])
def test_a_new_finding_gets_its_ticket_while_no_other_can_be_seen(kind: str) -> None:
    """Unless the place shows nothing at all, a new ticket tells whether the account sees any."""
    serve, make = KINDS[kind]
    with serve() as tracker:
        place = Place(tracker, make)
        place.put("a")
        place.sync()
        tracker.unseen = {1}
        place.put("b", "c")
        assert place.sync().count(Do.CREATE) == 2
        tracker.unseen.clear()
        assert place.sync().troubles == []
        assert place.titles() == {"a": 1, "b": 1, "c": 1}


def test_a_lost_state_of_an_account_that_sees_nothing_stops_at_the_first(place: Place) -> None:
    names = [f"n{number}" for number in range(9)]
    place.put(*names)
    place.sync()
    place.tracker.unseen = set(range(1, 100))
    second = other(place)
    second.put(*names)
    report = second.sync()
    assert report.count(Do.CREATE) <= 1  # Linear's ids tell that it is there
    assert report.troubles
    assert len(place.tracker.issues) <= 10


def test_what_cannot_be_seen_is_asked_for_in_few_calls() -> None:
    serve, make = KINDS["jira"]
    with serve() as tracker:
        place = Place(tracker, make)
        place.put(*(f"n{number:03}" for number in range(90)))
        place.sync()
        tracker.unseen = {7}
        calls = len(tracker.server.calls)
        place.sync()
        assert len(tracker.server.calls) - calls < 10


def test_a_deleted_project_closes_nothing() -> None:
    """GitHub says 410 of a place without issues, too: of all, not of one."""
    serve, make = KINDS["github"]
    with serve() as tracker:
        place = Place(tracker, make)
        (one,) = place.put("a")
        place.sync()
        off = Reply({"message": "Issues has been disabled in this repository."}, 410)
        tracker.server.faults[:] = [Fault("^GET", "refuse", off)]
        assert place.sync().troubles
        assert place.row(one).state is TicketState.OPEN
        assert list(ledger.rows(place.state, "made")) == [one.fingerprint]
