"""The pace of calls: by account, region and service, cut when throttled, grown again."""

from __future__ import annotations

import pytest

from connectors.aws.budget import Budget
from scanner.model.errors import Throttled

BUSY = ("111111111111", "us-east-1", "cloudtrail:LookupEvents")
CALM = ("222222222222", "us-east-1", "cloudtrail:LookupEvents")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _seconds(budget: Budget, clock: Clock, key: tuple[str, str, str], calls: int) -> float:
    start = clock.now
    for _ in range(calls):
        budget.take(key)
    return clock.now - start


def test_calls_come_at_the_services_rate(clock: Clock) -> None:
    budget = Budget(clock=clock, sleep=clock.sleep)
    assert 8.5 <= _seconds(budget, clock, BUSY, 20) <= 10.5  # two a second


def test_a_throttled_account_slows_itself_alone_and_recovers(clock: Clock) -> None:
    budget = Budget(clock=clock, sleep=clock.sleep)
    for _ in range(2):
        budget.cut(BUSY)
    slow = _seconds(budget, clock, BUSY, 10)
    assert slow >= 18  # half a call a second
    assert _seconds(budget, clock, CALM, 10) < slow / 3
    for _ in range(100):
        budget.grow(BUSY)
    assert _seconds(budget, clock, BUSY, 10) < slow / 3
    assert budget.throttled[BUSY] == 2


def test_a_spent_budget_is_told_with_its_remedy(clock: Clock) -> None:
    budget = Budget(3, clock=clock, sleep=clock.sleep)
    _seconds(budget, clock, BUSY, 3)
    with pytest.raises(Throttled, match="budget of 3 calls is spent; raise `most_calls`"):
        budget.take(BUSY)
    budget.take(CALM)
