"""Trailing stops in groups do what each would do by itself, and a candle is cheap however many there are."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.exchange.open_order import OpenOrder
from actors.exchange.trailing import TrailingStops
from messages.units import BUY, SELL, Side
from tests.actors.exchange.desk import open_order

D = Decimal


class Alone:
    """All stops of a side, each looked at in every candle, as the rule is written."""

    def __init__(self, side: Side) -> None:
        self.sign = 1 if side is BUY else -1
        self.stops: list[tuple[OpenOrder, Decimal]] = []

    def trigger(self, order: OpenOrder, extreme: Decimal) -> Decimal:
        return extreme * (1 + self.sign * (order.intent.trail_bps or D(0)) / 10_000)

    def candle(self, low: Decimal, high: Decimal, opened: int) -> list[tuple[int, Decimal]]:
        fired, left = [], []
        for order, extreme in self.stops:
            if order.since > opened:
                left.append((order, extreme))
                continue
            trigger = self.trigger(order, extreme)
            if high >= trigger if self.sign == 1 else low <= trigger:
                fired.append((order.rank, trigger))
            else:
                left.append((order, min(extreme, low) if self.sign == 1 else max(extreme, high)))
        self.stops = left
        return fired


_STEP = st.one_of(
    st.tuples(st.just("add"), st.integers(90, 110), st.integers(0, 600), st.integers(0, 2)),
    st.tuples(st.just("drop"), st.integers(0, 30), st.just(0), st.just(0)),
    st.tuples(st.just("candle"), st.integers(85, 115), st.integers(0, 8), st.just(0)),
)


@settings(max_examples=300)
@given(st.sampled_from([BUY, SELL]), st.lists(_STEP, max_size=60))
def test_groups_do_what_each_stop_would_do_alone(side: Side, steps: list[tuple[str, int, int, int]]) -> None:
    stops, alone = TrailingStops(side), Alone(side)
    for now, (what, first, second, later) in enumerate(steps):
        if what == "add":
            order = open_order(now, side=side, since=now + later, kind="TRAILING_STOP", trail=str(second))
            stops.add(order, D(first))
            alone.stops.append((order, D(first)))
        elif what == "drop" and alone.stops:
            order, _ = alone.stops.pop(first % len(alone.stops))
            stops.discard(order)
        elif what == "candle":
            low, high = D(first), D(first + second)
            reaches = stops.reaches()
            before = list(alone.stops)
            expected = alone.candle(low, high, now)
            quiet = reaches is not None and reaches[0] < low and high < reaches[1]
            if quiet:
                assert (expected, alone.stops) == ([], before)
            else:
                fired = stops.candle(low, high, now)
                assert sorted((each.order.rank, each.trigger) for each in fired) == sorted(expected)
        assert len(stops) == len(alone.stops)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_what_left_does_not_pile_up(side: Side) -> None:
    stops = TrailingStops(side)
    up, down = D(1000), D(1000)
    kept = [open_order(n, side=side, kind="TRAILING_STOP", trail="9000") for n in range(10)]
    for order in kept:
        stops.add(order, D(1000))

    for n in range(10, 3000):
        order = open_order(n, side=side, kind="TRAILING_STOP", trail="1")
        stops.add(order, up if side is SELL else down)
        if n % 3:
            stops.discard(order)
        up, down = up + 1, down - D("0.1")
        stops.candle(up if side is SELL else down, up if side is SELL else down, 0)
        stops.candle(up - 2 if side is SELL else down, up if side is SELL else down + 1, 0)
        assert stops.entries <= 250

    assert len(stops) == 10


def test_ten_thousand_stops_move_as_one_after_the_first_new_high() -> None:
    stops = TrailingStops(SELL)
    for n in range(10_000):
        stops.add(open_order(n, side="SELL", kind="TRAILING_STOP", trail=str(5000 + n % 100)), D(1000))
    stops.candle(D(1001), D(1001), 0)

    assert stops.groups == 1
    assert stops.reaches() == (D("500.5"), D(1001))


def test_what_left_before_its_first_candle_does_not_pile_up() -> None:
    stops = TrailingStops(SELL)

    for n in range(1000):
        order = open_order(n, side="SELL", kind="TRAILING_STOP", trail="100")
        stops.add(order, D(1000))
        stops.discard(order)

    assert stops.entries <= 17
