from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import FakeClock

from quorate.agents.layers.rate import Rate

MINUTE = 60.0


def test_no_bound() -> None:
    """Without a bound everybody begins at once."""
    rate = Rate("agent reader", None, FakeClock())
    assert [rate.reserve(0.0) for _ in range(1_000)] == [(0.0, True)] * 1_000


def test_full_minute() -> None:
    """As many begin in a minute as may; the next gets the place of the first, a minute later, if it can wait."""
    clock = FakeClock()
    rate = Rate("agent reader", 2, clock)
    assert [rate.reserve(0.0), rate.reserve(0.0)] == [(0.0, True)] * 2
    seconds, has_place = rate.reserve(1.0)
    assert (math.isclose(seconds, MINUTE, abs_tol=0.01), has_place) == (True, False)
    seconds, has_place = rate.reserve(61.0)
    assert (math.isclose(seconds, MINUTE, abs_tol=0.01), has_place) == (True, True)
    clock.time += 59
    assert rate.reserve(0.0)[1] is False
    clock.time += 1.01
    assert rate.reserve(0.0) == (0.0, True)  # the other place of the second minute
    assert rate.reserve(0.0)[1] is False


def test_hold() -> None:
    """While a service wants to be left alone nobody begins; the longest wish counts."""
    clock = FakeClock()
    rate = Rate("provider p", None, clock)
    rate.hold(20)
    rate.hold(5)
    assert (rate.held_for, rate.reserve(10.0), rate.reserve(30.0)) == (20.0, (20.0, False), (20.0, True))
    clock.time += 20
    assert (rate.held_for, rate.reserve(0.0)) == (0.0, (0.0, True))


def test_hold_before_a_place() -> None:
    """A place in the minute is not before the service can be asked again."""
    rate = Rate("provider p", 1, FakeClock())
    rate.hold(10)
    assert rate.reserve(10.0) == (10.0, True)
    assert rate.reserve(30.0)[1] is False  # a minute after the first


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 200), st.floats(0, 30)), max_size=60),
)
def test_never_more_in_any_minute(per_minute: int, arrivals: list[tuple[float, float, float]]) -> None:
    """However they arrive and wait, in no minute begin more than may; nobody passes another, or waits too long."""
    clock = FakeClock()
    rate = Rate("agent reader", per_minute, clock)
    begun: list[float] = []
    for later, most, hold in arrivals:
        clock.time += later
        if hold > 25:
            rate.hold(hold)
        seconds, has_place = rate.reserve(most)
        assert has_place == (seconds <= most)
        if has_place:
            begun.append(clock.time + seconds)
    assert all(after - before > -0.002 for before, after in itertools.pairwise(begun))  # it counts in ms
    assert all(after - before > MINUTE - 1e-6 for before, after in zip(begun, begun[per_minute:], strict=False))
