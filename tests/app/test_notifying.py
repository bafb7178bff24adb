"""What changed is told once, and only then: whatever ends in the middle, and whoever runs twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from scanner.app.config import NotifyConfig, load
from scanner.app.notifying import Sent, notify
from scanner.app.pipeline import Settings, scan
from scanner.app.silences import listened, silent
from scanner.assess.selection import Filter
from scanner.emit.messages import NotSent
from scanner.model.base import ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.finding import Finding, FindingEvent, FindingStatus
from scanner.store import marks, schema
from scanner.store.state import State
from tests.emit.tickets.findings import finding

_KEY = {"SHADOW_AI_FINGERPRINT_KEY": "k" * 20}


class Died(BaseException):
    """The process ends here."""


class Service:
    """Takes messages, and may end the run before or after it has taken one."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def send(self, title: str, text: str) -> None:
        self.before()
        self.got.append((title, text))
        self.after()


class Place:
    def __init__(self) -> None:
        self.state = State("sqlite://")
        self.service = Service()
        self.now = datetime.fromisoformat("2026-01-10T00:00:00+00:00")
        self.chosen = NotifyConfig()

    def notify(self, name: str = "team", *, later: int = 20, dry_run: bool = False) -> Sent:
        self.now += timedelta(minutes=later)
        return notify(self.state, name, self.chosen, self.service,
                      now=self.now.isoformat, dry_run=dry_run)  # fmt: skip

    def happens(self, change: str, *findings: Finding, detail: str = "") -> None:
        at = self.now.isoformat()
        events = [FindingEvent(fingerprint=one.fingerprint, scan="s-1", at=at, change=change,
                               detail=detail) for one in findings]  # fmt: skip
        self.state.save_findings(findings, events)

    def logged(self, records: int, *, outcome: Outcome = Outcome.COMPLETE, read: str = "") -> None:
        """A scan that reads a log, and a shard that is none and tells nothing."""
        at = self.now.isoformat()
        versions = msgspec.json.encode({"read": read} if read else {}).decode()
        with self.state.engine.begin() as db:
            number = len(self.state.scans()) + 1
            db.execute(insert(schema.scan).values(
                id=f"s-{number}", number=number, started_at=at, finished_at=at, exit_code=0,
                config_digest="x", versions=versions))  # fmt: skip
            if number == 1:
                db.execute(insert(schema.checkpoint).values(shard="okta:log", cursor=at))
            for shard, source, told in (("okta:log", "okta", records), ("code:a", "code", 0)):
                row = Coverage(shard=ShardId(shard), source=source, status=outcome, records=told)
                db.execute(insert(schema.coverage).values(
                    scan_id=f"s-{number}", shard=shard, body=msgspec.json.encode(row)))  # fmt: skip

    def scanned(self, ident: str, **outcomes: Outcome) -> None:
        with self.state.engine.begin() as db:
            at = self.now.isoformat()
            db.execute(insert(schema.scan).values(
                id=ident, started_at=at, finished_at=at, exit_code=0, config_digest="x",
                versions="{}"))  # fmt: skip
            for shard, outcome in outcomes.items():
                row = Coverage(shard=shard, source="made", status=outcome, reason="HTTP 403")
                db.execute(insert(schema.coverage).values(
                    scan_id=ident, shard=shard, body=msgspec.json.encode(row)))  # fmt: skip


@pytest.fixture
def place() -> Place:
    return Place()


def _resolved(one: Finding) -> Finding:
    return msgspec.structs.replace(one, status=FindingStatus.RESOLVED, resolved_at="2026-01-10")


def test_one_digest_of_what_changed_and_nothing_when_nothing_did(place: Place) -> None:
    assert place.notify().state == "nothing"
    one, two = finding("a"), finding("b", severity="critical", risk=90)
    place.happens("opened", one, two)
    assert place.notify(dry_run=True).state == "would"
    assert place.service.got == []
    assert place.notify().state == "sent"
    assert place.notify().state == "nothing"
    ((title, text),) = place.service.got
    assert title == "Shadow AI: 2 opened"
    first, second = text.splitlines()[1:]
    assert "critical: Unregistered AI: b" in first
    assert "high: Unregistered AI: a" in second
    place.happens("updated", one)
    place.happens("held", two)
    assert place.notify().state == "nothing"
    place.happens("resolved", _resolved(one))
    accepted = msgspec.structs.replace(two, status=FindingStatus.ACCEPTED)
    place.happens("accepted", accepted, detail="a pilot, see RISK-12")
    assert place.notify().title == "Shadow AI: 1 accepted, 1 resolved"
    assert "a pilot, see RISK-12" in place.service.got[-1][1]


def test_names_are_told_each_by_itself_and_what_they_want(place: Place) -> None:
    place.happens("opened", finding("a"), finding("b", severity="low"))
    place.chosen = NotifyConfig(filter=Filter(severity="high"))
    assert place.notify("high").title == "Shadow AI: 1 opened"
    place.chosen = NotifyConfig(changes=("resolved",))
    assert place.notify("fixed").state == "nothing"
    place.chosen = NotifyConfig()
    assert place.notify("all").title == "Shadow AI: 2 opened"
    place.happens("resolved", _resolved(finding("a")))
    place.chosen = NotifyConfig(filter=Filter(severity="high"))
    assert place.notify("high").title == "Shadow AI: 1 resolved"
    place.chosen = NotifyConfig(changes=("resolved",))
    assert place.notify("fixed").title == "Shadow AI: 1 resolved"


def test_coverage_that_falls_and_returns_is_told_once(place: Place) -> None:
    place.scanned("s-1", aws=Outcome.COMPLETE, logs=Outcome.COMPLETE, off=Outcome.NOT_ENABLED)
    assert place.notify().state == "nothing"
    place.now += timedelta(hours=1)
    place.scanned("s-2", aws=Outcome.DENIED, logs=Outcome.COMPLETE, off=Outcome.LEFT_OUT)
    assert place.notify().title == "Shadow AI: 1 no longer read"
    assert "aws: denied HTTP 403" in place.service.got[-1][1]
    place.now += timedelta(hours=1)
    place.scanned("s-3", aws=Outcome.FAILED, logs=Outcome.COMPLETE)
    assert place.notify().state == "nothing"
    place.now += timedelta(hours=1)
    place.scanned("s-4", aws=Outcome.COMPLETE, logs=Outcome.COMPLETE)
    assert place.notify().title == "Shadow AI: 1 read again"


def _days(place: Place, *records: int) -> list[str]:
    """A scan and a message a day; what was said, nothing left out."""
    said = []
    for told in records:
        place.now += timedelta(days=1, minutes=-20)
        place.logged(told)
        sent = place.notify()
        if sent.state == "sent":
            said.append(sent.title)
    return said


def test_logs_that_tell_nothing_any_more_are_told_once(place: Place) -> None:
    assert _days(place, 5, 3, 0, 0, 4) == []
    assert _days(place, *[0] * 6) == []
    assert _days(place, 0, 0, 0) == ["Shadow AI: 1 silent"]
    ((_, text),) = place.service.got
    assert "okta: nothing since 2026-01-14, usually for no more than 3 days" in text
    assert "code" not in text
    assert _days(place, 2, 2) == ["Shadow AI: 1 heard again"]
    # The silence was nothing usual: the next is told as early.
    assert _days(place, *[0] * 8) == ["Shadow AI: 1 silent"]


def test_logs_that_have_told_nothing_yet_are_told_once(place: Place) -> None:
    """The wrong place, or a logging that was never switched on."""
    assert _days(place, *[0] * 7) == []
    assert _days(place, 0, 0) == ["Shadow AI: 1 silent"]
    ((_, text),) = place.service.got
    assert "okta: nothing of AI yet, since it was first read on 2026-01-" in text
    assert _days(place, *[0] * 20) == []
    assert _days(place, 2, 2) == ["Shadow AI: 1 heard again"]
    assert _days(place, *[0] * 8) == ["Shadow AI: 1 silent"]


def test_a_pause_of_the_scanner_is_nothing_usual_of_a_log(place: Place) -> None:
    place.logged(1)
    place.now += timedelta(days=60)
    assert _days(place, 1, 1) == []
    assert _days(place, *[0] * 11) == []
    assert _days(place, 0) == ["Shadow AI: 1 silent"]


def test_what_was_usual_once_fades(place: Place) -> None:
    assert _days(place, 1, *[0] * 5, 1) == []
    assert _days(place, *[1] * 9) == []
    assert _days(place, *[0] * 6) == []
    assert _days(place, 0) == ["Shadow AI: 1 silent"]


def test_a_real_log_that_tells_nothing_any_more_is_silent(tmp_path: Path) -> None:
    """It tells where it is from in every scan."""
    seen = "1767916800.1 9 10.0.0.1 TCP_TUNNEL/200 3900 CONNECT api.openai.com:443 ada - -"
    (tmp_path / "a.log").write_text(f"{seen}\n")
    config = tmp_path / "shadow-ai.toml"
    config.write_text('[sources.logs]\nfiles = ["a.log"]\n')
    url, mark, now = f"sqlite:///{tmp_path}/state", marks.Mark(), datetime(2026, 1, 10, tzinfo=UTC)
    found = []
    for day in range(10):
        at = now + timedelta(days=day)
        scan(load(config), url=url, settings=Settings(environ=_KEY, now=lambda at=at: at))
        state = State(url)
        mark = listened(state, mark, at.isoformat())
        state.close()
        found.append("logs" in silent(mark, 7, at.isoformat()))
    assert found == [False] * 8 + [True] * 2


def test_what_was_heard_by_a_clock_that_was_ahead_silences_nothing(place: Place) -> None:
    assert _days(place, 3, 3) == []
    right = place.now
    place.now += timedelta(days=400)
    assert _days(place, 1) == []
    place.now = right
    assert _days(place, *[0] * 8) == []
    assert _days(place, *[0] * 8) == ["Shadow AI: 1 silent"]
    assert _days(place, 1) == ["Shadow AI: 1 heard again"]


def test_a_log_that_is_heard_seldom_is_not_silent_soon(place: Place) -> None:
    place.chosen = NotifyConfig(silent_days=2)
    place.logged(1)
    place.now += timedelta(days=2)
    place.logged(1)
    assert _days(place, 0, 0, 0, 0) == []
    assert _days(place, 0) == ["Shadow AI: 1 silent"]


def test_what_is_not_read_is_not_silent_and_nobody_is_told_who_does_not_want_it(
    place: Place,
) -> None:
    place.chosen = NotifyConfig(silent_days=0)
    assert _days(place, 5, *[0] * 20) == []
    place.chosen = NotifyConfig(coverage=False)
    assert _days(place, 0) == []
    place.chosen = NotifyConfig()
    place.now += timedelta(days=1)
    place.logged(0, outcome=Outcome.DENIED)
    assert place.notify().title == "Shadow AI: 2 no longer read"
    assert _days(place, 0) == ["Shadow AI: 2 read again, 1 silent"]


def test_a_log_that_was_not_due_is_neither_heard_nor_silent(place: Place) -> None:
    """Its coverage stands in the scans of others, with the records of its last reading."""
    assert _days(place, 5, 3) == []
    for _ in range(6):
        place.now += timedelta(days=1)
        place.logged(0)
        assert place.notify().state == "nothing"
        place.logged(3, read="code")
        assert place.notify().state == "nothing"
    place.now += timedelta(days=1)
    place.logged(0)
    assert place.notify().title == "Shadow AI: 1 silent"
    for records in (0, 3):
        place.logged(records, read="code")
        assert place.notify().state == "nothing", "it is silent still"


def test_a_mark_of_an_earlier_version_goes_on(place: Place) -> None:
    place.happens("opened", finding("a"))
    with place.state.engine.begin() as db:
        db.execute(insert(schema.meta).values(
            key="notify:team", value='{"gaps":{},"lacking":{},"taken_at":"","token":"",'
            '"told_at":"2026-01-01T00:00:00Z","upto":0}'))  # fmt: skip
    assert place.notify().title == "Shadow AI: 1 opened"
    assert place.notify().state == "nothing"


def test_a_service_that_does_not_take_it_is_asked_again(place: Place) -> None:
    def no() -> None:
        raise NotSent("down")

    place.happens("opened", finding("a"))
    place.service.before = no
    assert (place.notify().state, place.notify().trouble) == ("failed", "down")
    place.service.before = lambda: None
    place.happens("opened", finding("b"))
    assert place.notify(later=0).title == "Shadow AI: 2 opened"
    assert place.notify().state == "nothing"


def _die() -> None:
    raise Died


def test_of_two_runs_at_once_one_sends(place: Place) -> None:
    place.happens("opened", finding("a"))
    inner: list[str] = []
    place.service.before = lambda: inner.append(place.notify(later=0).state)
    assert place.notify().state == "sent"
    assert inner == ["taken"]
    assert len(place.service.got) == 1


def test_what_a_dead_run_has_taken_is_free_after_a_while(place: Place) -> None:
    place.happens("opened", finding("a"))
    place.service.after = _die
    with pytest.raises(Died):
        place.notify()
    place.service.after = lambda: None
    assert place.notify(later=5).state == "taken"
    assert place.notify(later=5).state == "sent"
    assert place.notify().state == "nothing"
    assert len(place.service.got) == 2, "once more, as nobody knows whether it was taken"


def test_what_a_run_that_died_under_a_fast_clock_has_taken_holds_nobody(place: Place) -> None:
    place.happens("opened", finding("a"))
    right = place.now
    place.now += timedelta(days=365)
    place.service.after = _die
    with pytest.raises(Died):
        place.notify()
    place.service.after = lambda: None
    place.now = right
    assert place.notify().state == "sent"
    assert place.notify().state == "nothing"


def test_an_event_that_becomes_visible_late_is_told(place: Place) -> None:
    """Two write at once: the one with the lower number commits last."""
    place.happens("opened", finding("a"))
    place.notify()
    late = finding("late")
    place.state.save_findings([late], ())
    values = {"scan_id": "s-1", "at": place.now.isoformat(), "change": "opened", "detail": ""}
    again = {**values, "change": "reopened", "fingerprint": finding("a").fingerprint}
    with place.state.engine.begin() as db:
        db.execute(insert(schema.finding_event).values(id=5, **again))
    assert place.notify().title == "Shadow AI: 1 reopened"
    with place.state.engine.begin() as db:
        db.execute(insert(schema.finding_event).values(
            id=4, fingerprint=late.fingerprint, **values))  # fmt: skip
    assert "late" in place.notify().text
    assert place.notify().state == "nothing"
    known = marks.mark(place.state, "team")
    assert known is not None
    assert sorted(known.gaps) == ["2", "3"]
    place.now += timedelta(days=2)
    place.happens("opened", finding("z"))
    place.notify()
    known = marks.mark(place.state, "team")
    assert known is not None
    assert known.gaps == {}


def test_a_renamed_finding_is_told_under_its_name(place: Place) -> None:
    place.happens("opened", finding("old"))
    new = finding("new", formerly=(finding("old").fingerprint,))
    place.state.save_findings([new], ())
    assert "new" in place.notify().text


def test_killed_anywhere_nothing_is_lost_and_little_is_told_twice(place: Place) -> None:
    rng = random.Random(5)
    crashes = 0
    names: list[str] = []
    for turn in range(60):
        fresh = [f"n{turn:02}x{number}" for number in range(rng.randrange(3))]
        names += fresh
        place.happens("opened", *(finding(name) for name in fresh))
        place.service.before = _die if rng.random() < 0.2 else lambda: None
        place.service.after = _die if rng.random() < 0.2 else lambda: None
        try:
            place.notify(later=rng.choice([1, 15]))
        except Died:
            crashes += 1
    place.service.before = place.service.after = lambda: None
    place.notify()
    assert place.notify().state == "nothing"
    assert crashes > 10
    said = "\n".join(text for _, text in place.service.got)
    for name in names:
        assert said.count(f"Unregistered AI: {name} ") >= 1
    assert len(place.service.got) <= 60
    twice = sum(said.count(f"Unregistered AI: {name} ") - 1 for name in names)
    assert twice <= 3 * crashes


def test_a_storm_is_bounded(place: Place) -> None:
    place.chosen = NotifyConfig(most=3)
    place.happens("opened", *(finding(f"n{number:03}") for number in range(200)))
    text = place.notify().text
    assert len(text.splitlines()) == 5
    assert text.endswith("- and 197 more")


def test_what_a_baseline_hides_is_not_told_as_open(place: Place) -> None:
    one = finding("a")
    place.happens("opened", one)
    place.happens("suppressed", one)
    hidden = msgspec.structs.replace(one, status=FindingStatus.SUPPRESSED, hidden_by="known.json")
    sent = notify(place.state, "team", place.chosen, place.service, now=place.now.isoformat,
                  findings=lambda: {one.fingerprint: hidden})  # fmt: skip
    assert sent.state == "nothing"


def test_what_becomes_worse_is_told_to_who_asks_for_the_severe(place: Place) -> None:
    place.chosen = NotifyConfig(filter=Filter(severity="high"))
    low, other = finding("a", severity="low"), finding("b", severity="low")
    place.happens("opened", low, other)
    assert place.notify().state == "nothing"
    worse = msgspec.structs.replace(low, severity="critical")
    place.happens("updated", worse, detail="severity: low -> critical; risk: 20 -> 90")
    milder = msgspec.structs.replace(other, severity="high")
    place.happens("updated", milder, detail="severity: critical -> high")
    sent = place.notify()
    assert (sent.state, sent.title) == ("sent", "Shadow AI: 1 worse")
    assert "Became worse (1)" in sent.text
    assert place.notify().state == "nothing"
    new = finding("c", severity="critical")
    place.happens("opened", new)
    place.happens("updated", new, detail="severity: high -> critical")
    assert place.notify().title == "Shadow AI: 1 opened"
