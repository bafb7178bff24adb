"""The state machine, transition by transition."""

from __future__ import annotations

import msgspec
import pytest

from scanner.assess.evaluation import Evaluation
from scanner.assess.fingerprint import fingerprint
from scanner.assess.lifecycle import Life, advance
from scanner.model.base import NodeId, ShardId
from scanner.model.coverage import Coverage, Outcome
from scanner.model.finding import Finding, FindingStatus

MARK = fingerprint("SAI-001", ("asset",))


def _finding(**changes: object) -> Finding:
    base = Finding(
        fingerprint=MARK, policy="SAI-001", severity="medium", risk=40, title="t",
        asset=NodeId("asset"), first_seen="2026-01-01", last_seen="2026-01-01", shards=("s",),
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def _advance(
    known: Finding | None,
    draft: Finding | None,
    outcome: Outcome | None = Outcome.COMPLETE,
    *,
    seen: bool = True,
    gone: frozenset[str] = frozenset(),
    unjudged: bool = False,
) -> Life:
    evaluation = Evaluation(
        drafts={MARK: draft} if draft else {},
        seen={MARK} if seen else set(),
        unjudged={MARK} if unjudged else set(),
    )
    rows = {"s": Coverage(shard=ShardId("s"), source="t", status=outcome)} if outcome else {}
    known_now = {str(MARK): known} if known else {}
    return advance(evaluation, known_now, rows, scan="2", now="2026-02-01", gone=gone)


def _told(life: Life) -> tuple[str, list[str]]:
    return str(life.findings[0].status), [event.change for event in life.events]


NEW = _finding(first_seen="2026-02-01", last_seen="2026-02-01")


def test_new_is_opened_and_seen_again_is_not_told_twice() -> None:
    assert _told(_advance(None, NEW)) == ("new", ["opened"])
    again = _advance(_finding(), NEW)
    assert _told(again) == ("open", [])
    assert (again.findings[0].first_seen, again.findings[0].last_seen) == (
        "2026-01-01",
        "2026-02-01",
    )


def test_a_change_is_an_update_of_the_same_finding() -> None:
    life = _advance(_finding(), msgspec.structs.replace(NEW, severity="high"))

    assert _told(life) == ("open", ["updated"])
    assert "severity: medium -> high" in life.events[0].detail


@pytest.mark.parametrize("outcome", [Outcome.COMPLETE, Outcome.NOT_ENABLED])
def test_gone_is_resolved_where_its_place_was_read(outcome: Outcome) -> None:
    life = _advance(_finding(), None, outcome, seen=False)

    assert _told(life) == ("resolved", ["resolved"])
    assert life.findings[0].resolved_at == "2026-02-01"


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.FAILED, Outcome.PARTIAL, None])
def test_not_seen_where_nothing_was_proven_is_held(outcome: Outcome | None) -> None:
    assert _told(_advance(_finding(), None, outcome, seen=False)) == ("held", ["held"])


def test_held_is_told_once_and_comes_back_open() -> None:
    held = _finding(status=FindingStatus.HELD)

    assert _told(_advance(held, None, Outcome.DENIED, seen=False)) == ("held", [])
    assert _told(_advance(held, NEW)) == ("open", ["seen"])


def test_known_only_from_an_earlier_scan_is_held_and_keeps_its_date() -> None:
    life = _advance(_finding(), NEW, Outcome.DENIED, seen=False)

    assert _told(life) == ("held", ["held"])
    assert life.findings[0].last_seen == "2026-01-01"


def test_resolved_and_seen_again_is_reopened_and_stays_so() -> None:
    resolved = _finding(status=FindingStatus.RESOLVED, resolved_at="2026-01-15")

    reopened = _advance(resolved, NEW)

    assert _told(reopened) == ("reopened", ["reopened"])
    assert reopened.findings[0].first_seen == "2026-01-01"
    assert reopened.findings[0].resolved_at == ""
    assert _told(_advance(reopened.findings[0], NEW)) == ("reopened", [])


def test_there_is_time_from_the_return_or_the_rise_on() -> None:
    resolved = _finding(status=FindingStatus.RESOLVED, resolved_at="2026-01-15")
    back = _advance(resolved, NEW).findings[0]
    assert back.since == "2026-02-01"
    again = _advance(msgspec.structs.replace(back, since="2026-01-20"), NEW).findings[0]
    assert again.since == "2026-01-20"
    worse = msgspec.structs.replace(NEW, severity="high")
    assert _advance(_finding(), worse).findings[0].since == "2026-02-01"
    assert _advance(msgspec.structs.replace(worse, since="x"), NEW).findings[0].since == "x"
    assert _advance(_finding(), NEW).findings[0].since == ""


def test_seen_and_no_longer_the_case_is_resolved_even_under_partial_coverage() -> None:
    assert _told(_advance(_finding(), None, Outcome.PARTIAL, seen=True)) == (
        "resolved",
        ["resolved"],
    )


def test_what_a_complete_listing_no_longer_names_is_resolved() -> None:
    life = _advance(_finding(), None, None, seen=False, gone=frozenset({"s"}))

    assert _told(life) == ("resolved", ["resolved"])


def _rows(**read: Outcome) -> dict[str, Coverage]:
    return {
        name: Coverage(shard=ShardId(name), source="t", status=outcome)
        for name, outcome in read.items()
    }


def _step(
    known: Finding, shards: tuple[str, ...], gone: frozenset[str] = frozenset(), **read: Outcome
) -> Finding:
    """The finding after a scan that read what ``read`` says; ``shards`` show it, or none."""
    draft = msgspec.structs.replace(NEW, shards=shards)
    evaluation = Evaluation(
        drafts={MARK: draft} if shards else {}, seen={MARK} if shards else set()
    )
    life = advance(evaluation, {MARK: known}, _rows(**read), scan="2", now="2026-02-01", gone=gone)
    return life.findings[0]


def test_a_shard_that_was_read_clean_may_leave_the_configuration() -> None:
    both = _finding(shards=("a", "b"))
    after = _step(both, ("a",), a=Outcome.COMPLETE, b=Outcome.COMPLETE)
    assert after.shards == ("a",)
    assert _step(after, (), a=Outcome.COMPLETE).status == "resolved"


def test_so_may_one_that_was_read_clean_or_gone_while_another_was_not_read() -> None:
    both = _finding(shards=("a", "b"))
    for gone, read in ((frozenset[str](), {"b": Outcome.COMPLETE}), (frozenset({"b"}), {})):
        held = _step(both, (), gone, a=Outcome.FAILED, **read)
        assert (held.status, held.shards) == ("held", ("a",))
        assert _step(held, (), a=Outcome.COMPLETE).status == "resolved"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PARTIAL, Outcome.LEFT_OUT])
def test_one_that_was_not_read_to_its_end_may_not(outcome: Outcome) -> None:
    after = _step(_finding(shards=("a", "b")), ("a",), a=Outcome.COMPLETE, b=outcome)
    assert after.shards == ("a", "b")
    assert _step(after, (), a=Outcome.COMPLETE).status == "held"


def test_what_nobody_judges_keeps_the_shards_that_show_it() -> None:
    held = _advance(_finding(), None, unjudged=True).findings[0]
    assert held.shards == ("s",)


def test_what_could_not_be_judged_is_held() -> None:
    assert _told(_advance(_finding(), None, unjudged=True)) == ("held", ["held"])


def test_a_fingerprint_is_fixed_for_ever() -> None:
    """A change of this value orphans every ticket that was ever made."""
    assert fingerprint("SAI-001", ("git:github.com/acme/app#ai/openai",)) == (
        "v1:gc47bnuvdqfaq7yg25erlqiwvu"
    )
    assert fingerprint("SAI-001", ("a", "b")) != fingerprint("SAI-001", ("ab", ""))
