"""Orders meet by price, then by time; what is left of them rests or ends as their terms say."""

from decimal import Decimal

import pytest

from messages.units import BUY, FOK, IOC, MAKER, PERP, SELL, SPOT, TAKER
from ops.testbed.exchange.circumstances import CIRCUMSTANCES, Circumstances
from ops.testbed.exchange.events import Cause, OrderChanged
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import SelfTrade, Status, Why
from tests.ops.testbed.exchange.engines import ANN, BEN, bench


def test_the_better_price_is_met_first_and_of_two_at_one_price_the_earlier() -> None:
    venue = bench()
    worse = venue.place(BUY, "1", "2499.90", uid=BEN)
    first = venue.place(BUY, "1", "2499.95", uid=BEN)
    second = venue.place(BUY, "1", "2499.95", uid=BEN)

    taken = venue.place(SELL, "1.5", "2499.95")

    assert (taken.status, taken.filled_quote) == (Status.FILLED, Decimal("1.5") * Decimal("2499.95"))
    assert venue.now(first).status is Status.FILLED
    assert (venue.now(second).status, venue.now(second).filled) == (Status.OPEN, Decimal("0.5"))
    assert venue.now(worse).filled == 0


def test_both_sides_of_a_trade_have_one_trade_id_and_their_own_liquidity() -> None:
    venue = bench()
    venue.place(BUY, "1", "2499.95", uid=BEN)
    venue.place(SELL, "1", "2499.95")

    (ann,) = venue.engine.trades(ANN, PERP)
    (ben,) = venue.engine.trades(BEN, PERP)

    assert ann.trade_id == ben.trade_id
    assert (ann.liquidity, ben.liquidity) == (TAKER, MAKER)
    assert ann.serial != ben.serial


def test_a_resting_order_fills_at_its_price_when_the_price_goes_through_it_and_not_before() -> None:
    venue = bench()
    order = venue.place(BUY, "1", "2490")
    venue.move("2491")

    before = venue.now(order)
    venue.move("2489")

    assert (before.status, before.filled) == (Status.OPEN, Decimal(0))
    after = venue.now(order)
    assert (after.status, after.average) == (Status.FILLED, Decimal(2490))
    assert venue.engine.trades(ANN, PERP)[0].liquidity is MAKER


def test_an_order_larger_than_what_comes_to_it_fills_in_parts() -> None:
    venue = bench()
    order = venue.place(BUY, "100", "2490")

    venue.move("2489.70")
    part = venue.now(order)
    venue.move("2480")

    assert part.status is Status.OPEN
    assert 0 < part.filled < 100
    assert venue.now(order).status is Status.FILLED
    assert len(venue.engine.trades(ANN, PERP)) == 2


def test_a_market_order_walks_the_book_and_what_the_book_has_not_is_given_up() -> None:
    venue = bench()

    order = venue.place(BUY, "2000", max_slippage=Decimal("0.001"))

    assert (order.status, order.why) == (Status.EXPIRED, Why.NO_LIQUIDITY)
    assert 0 < order.filled < 2000
    assert order.average is not None
    assert order.average > Decimal(2500)


def test_an_order_that_may_not_wait_gives_up_what_it_can_not_have_at_once() -> None:
    venue = bench()
    ask = venue.engine.book(venue.market(), 1).asks[0]

    order = venue.place(BUY, str(ask.amount + 1), str(ask.price), tif=IOC)

    assert (order.status, order.why, order.filled) == (Status.EXPIRED, Why.IMMEDIATE, ask.amount)


def test_an_order_that_is_all_or_nothing_is_nothing_where_all_is_not_there() -> None:
    venue = bench()
    ask = venue.engine.book(venue.market(), 1).asks[0]

    order = venue.place(BUY, str(ask.amount + 1), str(ask.price), tif=FOK)
    whole = venue.place(BUY, str(ask.amount), str(ask.price), tif=FOK)

    assert (order.status, order.why, order.filled) == (Status.EXPIRED, Why.WHOLE, Decimal(0))
    assert whole.status is Status.FILLED


def test_a_post_only_order_that_would_take_is_refused_by_binance() -> None:
    venue = bench("binance")

    with pytest.raises(RejectError) as refused:
        venue.place(BUY, "1", "2600", post_only=True)

    assert refused.value.reject is Reject.WOULD_TAKE
    assert venue.engine.orders(ANN, PERP) == []


@pytest.mark.parametrize("name", ["bybit", "okx"])
def test_a_post_only_order_that_would_take_is_taken_and_then_cancelled_elsewhere(name: str) -> None:
    venue = bench(name)

    order = venue.place(BUY, "1", "2510", post_only=True)

    assert (order.status, order.why, order.filled) == (Status.CANCELLED, Why.POST_ONLY, Decimal(0))
    causes = [event.cause for event in venue.told if isinstance(event, OrderChanged)]
    assert causes == [Cause.PLACED, Cause.ENDED]


def test_an_account_does_not_trade_with_itself_unless_it_says_so() -> None:
    venue = bench()
    resting = venue.place(BUY, "1", "2499.95")
    venue.place(SELL, "1", "2499.95")

    assert (venue.now(resting).status, venue.now(resting).why) == (Status.EXPIRED, Why.SELF_TRADE)
    other = bench()
    resting = other.place(BUY, "1", "2499.95")
    other.place(SELL, "1", "2499.95", self_trade=SelfTrade.NONE)
    assert other.now(resting).status is Status.FILLED


def test_a_market_buy_by_quote_spends_no_more_than_it_was_given() -> None:
    venue = bench()

    order = venue.place(BUY, None, market=venue.market(SPOT), quote_amount=Decimal(1000))

    assert order.status is Status.FILLED
    assert Decimal(999) < order.filled_quote <= Decimal(1000)
    assert order.amount == order.filled
    assert order.filled % venue.market(SPOT).lot == 0


def test_only_a_share_fills_at_once_where_the_circumstances_say_so() -> None:
    venue = bench()
    token = CIRCUMSTANCES.set(Circumstances(share=Decimal("0.25")))

    order = venue.place(BUY, "4", "2510")

    CIRCUMSTANCES.reset(token)
    assert (order.status, order.filled) == (Status.OPEN, Decimal(1))
    venue.move("2500")
    assert venue.now(order).status is Status.FILLED


def test_the_book_shows_what_rests_and_no_more_than_that() -> None:
    venue = bench()
    venue.place(BUY, "3", "2499.95")
    venue.place(BUY, "2", "2499.95", uid=BEN)

    best = venue.engine.book(venue.market()).bids[0]

    assert (best.price, best.amount) == (Decimal("2499.95"), Decimal(5))


def test_a_change_of_the_amount_downwards_keeps_its_place_where_the_venue_says_so() -> None:
    venue = bench("binance")
    market = venue.market(SPOT)
    first = venue.place(BUY, "2", "2499.95", uid=BEN, market=market)
    second = venue.place(BUY, "2", "2499.95", uid=BEN, market=market)
    venue.engine.amend(BEN, market, order_id=first.order_id, amount=Decimal(1))

    venue.place(SELL, "1", "2499.95", market=market)

    assert venue.now(first).status is Status.FILLED
    assert venue.now(second).filled == 0


def test_a_change_of_the_price_goes_to_the_back_and_may_take() -> None:
    venue = bench("okx")
    first = venue.place(BUY, "1", "2499.95", uid=BEN)
    second = venue.place(BUY, "1", "2499.95", uid=BEN)
    venue.engine.amend(BEN, venue.market(), order_id=first.order_id, price=Decimal("2499.94"))
    venue.engine.amend(BEN, venue.market(), order_id=first.order_id, price=Decimal("2499.95"))

    venue.place(SELL, "1", "2499.95")

    assert venue.now(second).status is Status.FILLED
    assert venue.now(first).filled == 0
    taken = venue.engine.amend(BEN, venue.market(), order_id=first.order_id, price=Decimal(2510))
    assert (taken.status, taken.filled) == (Status.FILLED, Decimal(1))


@pytest.mark.parametrize(("name", "status"), [("okx", Status.FILLED), ("bybit", Status.CANCELLED)])
def test_an_amount_lowered_to_what_is_filled_ends_the_order(name: str, status: Status) -> None:
    venue = bench(name)
    order = venue.place(BUY, "4", "2499.95")
    venue.place(SELL, "1", "2499.95", uid=BEN)

    ended = venue.engine.amend(ANN, venue.market(), order_id=order.order_id, amount=Decimal(1))

    assert (ended.status, ended.filled) == (status, Decimal(1))
    assert venue.engine.book(venue.market(), 1).bids[0].price < Decimal("2499.95")


def test_trade_and_order_ids_repeat_across_symbols_at_binance_alone() -> None:
    for name, repeats in (("binance", True), ("bybit", False), ("okx", False)):
        venue = bench(name)
        perp = venue.place(BUY, "1")
        spot = venue.place(BUY, "1", market=venue.market(SPOT))

        assert (perp.order_id == spot.order_id) is repeats, name
        assert venue.now(perp).market.product is PERP


def test_the_same_seed_makes_the_same_fills() -> None:
    first, second = bench(), bench()

    assert first.place(BUY, "77").filled_quote == second.place(BUY, "77").filled_quote
