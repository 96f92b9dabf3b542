"""Reads see what the circumstances let them see, while the venue itself goes by what is."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

from messages.units import BUY, PERP, SELL
from ops.testbed.exchange.circumstances import CIRCUMSTANCES, Circumstances
from ops.testbed.exchange.events import OrderChanged
from ops.testbed.exchange.values import PERP_WALLET, Status
from tests.ops.testbed.exchange.engines import ANN, MONEY, bench


@contextmanager
def under(**circumstances: Any) -> Iterator[None]:  # noqa: ANN401 - fields of different kinds
    token = CIRCUMSTANCES.set(Circumstances(**circumstances))
    yield
    CIRCUMSTANCES.reset(token)


def test_stale_reads_show_orders_trades_balances_and_positions_as_they_were() -> None:
    venue = bench()
    order = venue.place(BUY, "1", "2490")
    venue.later(5_000)
    venue.move("2480")
    gone = venue.place(BUY, "1", "2400")
    venue.engine.cancel(ANN, venue.market(), order_id=gone.order_id)

    with under(stale_ms=2_000):
        seen = venue.now(order)
        assert (seen.status, seen.filled) == (Status.OPEN, Decimal(0))
        assert [each.order_id for each in venue.engine.open_orders(ANN, PERP)] == [order.order_id]
        assert venue.engine.find(ANN, venue.market(), order_id=gone.order_id) is None
        assert venue.engine.trades(ANN, PERP) == []
        assert venue.engine.balances(ANN, PERP_WALLET)["USDT"].total == MONEY
        assert venue.engine.positions(ANN) == []
    assert venue.now(order).status is Status.FILLED
    assert venue.engine.open_orders(ANN, PERP) == []


def test_a_hidden_order_is_seen_only_later_and_lives_all_the_same() -> None:
    venue = bench()
    with under(hide_ms=3_000):
        order = venue.place(BUY, "1", "2490", client_order_id="h1")

    def seen() -> tuple[bool, int, int]:
        found = venue.engine.find(ANN, venue.market(), client_order_id="h1")
        return found is not None, len(venue.engine.open_orders(ANN, PERP)), len(venue.engine.orders(ANN, PERP))

    before = seen()
    venue.later(3_000)

    assert before == (False, 0, 0)
    assert seen() == (True, 1, 1)
    venue.move("2480")
    assert venue.now(order).status is Status.FILLED


def test_late_fills_are_seen_and_told_later_while_the_order_shows_them() -> None:
    venue = bench()
    venue.told.clear()
    with under(late_ms=3_000):
        order = venue.place(BUY, "1")

    early = venue.engine.trades(ANN, PERP)
    told = [event for event in venue.told if isinstance(event, OrderChanged) and event.trade is not None]
    venue.later(3_000)

    assert (venue.now(order).filled, early, told) == (Decimal(1), [], [])
    assert len(venue.engine.trades(ANN, PERP)) == 1
    late = [event for event in venue.told if isinstance(event, OrderChanged) and event.trade is not None]
    assert [event.order.filled for event in late] == [Decimal(1)]


def test_late_fills_of_a_resting_order_are_late_too() -> None:
    venue = bench()
    with under(late_ms=3_000):
        order = venue.place(BUY, "1", "2490")
    venue.later(10_000)
    venue.move("2480")

    early = venue.engine.trades(ANN, PERP)
    venue.later(3_000)

    assert (venue.now(order).filled, early, len(venue.engine.trades(ANN, PERP))) == (Decimal(1), [], 1)


def test_trades_and_orders_are_found_by_time_and_by_order() -> None:
    venue = bench()
    first = venue.place(BUY, "1")
    venue.later(1_000)
    second = venue.place(SELL, "1")

    at = second.created_ms
    assert [each.order_id for each in venue.engine.orders(ANN, PERP, since_ms=at)] == [second.order_id]
    assert [each.order_id for each in venue.engine.orders(ANN, PERP, until_ms=at - 1)] == [first.order_id]
    assert [each.side for each in venue.engine.trades(ANN, PERP, since_ms=at)] == [SELL]
    assert [each.side for each in venue.engine.trades(ANN, PERP, order_id=first.order_id)] == [BUY]
    assert venue.engine.trades(ANN, PERP, until_ms=at - 1)[0].side is BUY


def test_a_look_up_of_recent_orders_passes_over_those_that_ended_long_ago() -> None:
    venue = bench()
    order = venue.place(BUY, "1")
    venue.later(10_000)

    assert venue.engine.find(ANN, None, order_id=order.order_id, recent_ms=5_000) is None
    assert venue.engine.find(ANN, None, order_id=order.order_id, recent_ms=20_000) is not None


def test_bars_come_in_whole_intervals_and_the_last_is_open() -> None:
    venue = bench()
    venue.later(60_000)
    venue.place(BUY, "1")

    bars = venue.engine.bars(venue.market(), 300_000, since_ms=None, limit=10)

    assert len(bars) == 10
    assert [bar.closed for bar in bars] == [True] * 9 + [False]
    assert all(later.open_ms - earlier.open_ms == 300_000 for earlier, later in pairwise(bars))
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    first = venue.engine.bars(venue.market(), 300_000, since_ms=bars[3].open_ms, limit=2)
    assert list(first) == list(bars[3:5])


def test_a_ticker_has_the_best_prices_and_the_last_trade() -> None:
    venue = bench()
    order = venue.place(BUY, "1")

    ticker = venue.engine.ticker(venue.market())

    assert ticker.bid < ticker.ask
    assert ticker.last == order.average
    assert (ticker.mark, ticker.open_interest) == (Decimal(2500), Decimal(1))
