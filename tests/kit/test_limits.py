"""Token buckets on a clock that the test moves."""

from __future__ import annotations

from scanner.kit.limits import Limits


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


def _limits(rates: dict[str, float], clock: _Clock) -> Limits:
    return Limits(rates, clock=lambda: clock.now, sleep=clock.sleep)


def test_calls_are_spread_over_the_second() -> None:
    clock = _Clock()
    limits = _limits({"org": 5.0}, clock)
    for _ in range(6):
        limits.take("org")
    assert clock.slept == [0.2] * 5


def test_idle_time_is_not_saved_up_and_unnamed_buckets_are_free() -> None:
    clock = _Clock()
    limits = _limits({"org": 2.0}, clock)
    limits.take("org")
    clock.now += 10
    limits.take("org")
    limits.take("other")
    limits.take("other")
    assert clock.slept == []
    limits.take("org")
    assert clock.slept == [0.5]


def test_a_hold_stops_everyone() -> None:
    clock = _Clock()
    limits = _limits({}, clock)
    limits.hold("logs", 30)
    limits.take("logs")
    assert clock.slept == [30.0]
