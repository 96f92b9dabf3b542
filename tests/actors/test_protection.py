"""The worst price of a market order: the reference moved by what is allowed, wider when prices move, up to a cap."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.protection import MOVES, Guard, Protection, RecentPrices, Worst, allowance_bps, worst_price
from actors.rounding import is_multiple
from messages.market import Depth
from messages.units import BaseAmount, Nanoseconds, Price, Side
from tests.actors.builders import PERP_ID

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
FIFTY = Protection(max_slippage_bps=D(50), max_slippage_cap_bps=D(200))


def book(bid: str | None = "1999", ask: str | None = "2001") -> Depth:
    def one(price: str | None) -> tuple[tuple[Price, BaseAmount], ...]:
        return () if price is None else ((Price(D(price)), BaseAmount(D(1))),)

    return Depth(instrument=PERP_ID, at=Nanoseconds(1), bids=one(bid), asks=one(ask))


def recent(*prices: str) -> RecentPrices:
    made = RecentPrices()
    for price in prices:
        made.saw(D(price))
    return made


def worst(
    side: Side, *, depth: Depth | None = None, quote: str = "2000", bps: str = "50", tick: str = "0.01"
) -> tuple[Decimal, Decimal] | None:
    found = worst_price(side, quote=Price(D(quote)), depth=depth, allowed_bps=D(bps), tick=Price(D(tick)))
    return None if found is None else (found.price, found.reference)


def test_without_a_book_the_quote_is_moved() -> None:
    assert worst(BUY) == (D(2010), D(2000))
    assert worst(SELL) == (D(1990), D(2000))


def test_with_a_book_its_best_price_on_the_other_side_is_moved() -> None:
    assert worst(BUY, depth=book()) == (D("2011.00"), D(2001))  # 2011.005, on the tick
    assert worst(SELL, depth=book()) == (D("1989.01"), D(1999))  # 1989.005


def test_it_is_on_the_tick_and_less_aggressive() -> None:
    assert worst(BUY, quote="2000.3", tick="0.5") == (D("2010.0"), D("2000.3"))  # 2010.3015
    assert worst(SELL, quote="2000.3", tick="0.5") == (D("1990.5"), D("2000.3"))  # 1990.2985


def test_where_a_tick_is_coarser_than_the_allowance_it_still_reaches_the_reference() -> None:
    assert worst(BUY, depth=book(ask="2001"), bps="1", tick="1") == (D(2001), D(2001))
    assert worst(BUY, quote="2000.4", bps="1", tick="1") == (D(2001), D("2000.4"))
    assert worst(SELL, quote="2000.4", bps="1", tick="1") == (D(2000), D("2000.4"))


@pytest.mark.parametrize(
    ("side", "depth", "within"),
    [
        (BUY, book(ask="2010"), True),
        (BUY, book(ask="2010.01"), False),
        (SELL, book(bid="1990"), True),
        (SELL, book(bid="1989.99"), False),
        (BUY, book(ask=None), False),
        (SELL, book(bid=None), False),
        (BUY, book(bid=None), True),
    ],
)
def test_a_book_without_anything_near_the_quote_has_nothing_to_trade_with(
    side: Side, depth: Depth, *, within: bool
) -> None:
    assert (worst(side, depth=depth) is not None) is within


def levels(*levels: str) -> tuple[tuple[Price, BaseAmount], ...]:
    """Levels such as "0.3 @ 2001"."""
    return tuple((Price(D(price)), BaseAmount(D(amount))) for amount, price in (each.split(" @ ") for each in levels))


THIN = Depth(
    instrument=PERP_ID,
    at=Nanoseconds(1),
    bids=levels("0.2 @ 1999", "0.1 @ 1990", "5 @ 1980"),
    asks=levels("0.3 @ 2001", "0.4 @ 2011", "9 @ 2011.01"),
)


@pytest.mark.parametrize(("side", "bps", "there"), [(BUY, "50", "0.7"), (BUY, "10", "0.3"), (SELL, "50", "0.3")])
def test_what_lies_within_the_worst_price_is_counted_to_the_last_level_of_it(side: Side, bps: str, there: str) -> None:
    found = worst_price(side, quote=Price(D(2000)), depth=THIN, allowed_bps=D(bps), tick=Price(D("0.01")))

    assert found is not None
    assert found.in_book == D(there)


@pytest.mark.parametrize("depth", [None, replace(THIN, asks=THIN.asks[:2]), book()])
def test_behind_the_last_known_level_nobody_knows(depth: Depth | None) -> None:
    found = worst_price(BUY, quote=Price(D(2000)), depth=depth, allowed_bps=D(50), tick=Price(D("0.01")))

    assert found is not None
    assert found.in_book is None


@pytest.mark.parametrize(
    ("share", "amount", "is_enough"),
    [("1", "0.7", True), ("1", "0.71", False), ("0.5", "1.4", True), ("0.5", "1.41", False), ("0", "100", True)],
)
def test_a_share_of_the_order_must_lie_there(share: str, amount: str, *, is_enough: bool) -> None:
    guard = Guard(replace(FIFTY, min_book_share=D(share)), Price(D("0.01")))
    guard.depth = THIN

    answer = guard.worst(BUY, Price(D(2000)), D(amount), not_before=0)

    assert isinstance(answer, Worst) is is_enough
    assert isinstance(guard.worst(BUY, Price(D(2000)), D(amount), not_before=0, reduce_only=True), Worst)
    assert isinstance(guard.worst(BUY, Price(D(2000)), D(amount), not_before=1), Worst)  # the book is too old


def test_quiet_prices_allow_what_is_set() -> None:
    assert allowance_bps(FIFTY, recent()) == D(50)
    assert allowance_bps(FIFTY, recent("2000", "2100", "2000", "2100")) == D(50)  # three moves say nothing
    assert allowance_bps(FIFTY, recent("100", "101", "102.01", "103.0301", "104.060401")) == D(50)  # a steady rise


def test_moves_widen_it_by_three_standard_deviations() -> None:
    ups = recent("10000", "10010", "10000", "10010", "10000")  # of 10 bps up and 9.99 down

    assert allowance_bps(FIFTY, ups).quantize(D("0.01")) == D("79.99")


def test_it_stops_at_the_cap() -> None:
    wild = recent("100", "110", "100", "110", "100")

    assert allowance_bps(FIFTY, wild) == D(200)
    assert allowance_bps(Protection(max_slippage_bps=D(50), max_slippage_cap_bps=D(10)), wild) == D(50)


def test_the_same_quote_again_is_no_move_and_old_moves_are_forgotten() -> None:
    assert allowance_bps(FIFTY, recent("100", "110", "110", "110", "110", "110")) == D(50)  # one move
    wild = recent(*("100", "110") * 5)
    before = allowance_bps(FIFTY, wild)
    for number in range(MOVES + 1):
        wild.saw(D(100) + D(number) / 10**9)

    assert before == D(200)
    assert allowance_bps(FIFTY, wild) < D("50.01")


prices = st.decimals("1", "5000", places=3)


@given(st.sampled_from([BUY, SELL]), prices, st.decimals("0", "500", places=1), st.sampled_from(["0.01", "0.5", "7"]))
def test_no_order_may_trade_beyond_what_is_allowed_but_by_a_tick_to_reach_its_reference(
    side: Side, quote: Decimal, bps: Decimal, tick: str
) -> None:
    found = worst_price(side, quote=Price(quote), depth=None, allowed_bps=bps, tick=Price(D(tick)))
    assert found is not None
    price, reference, _ = found

    assert is_multiple(price, D(tick))
    bound = reference * bps / 10_000
    if side is BUY:
        assert reference <= price <= reference + max(bound, D(tick))
    else:
        assert reference - max(bound, D(tick)) <= price <= reference
