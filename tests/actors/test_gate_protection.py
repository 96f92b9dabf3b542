"""Where a venue has slippage protection a market order goes out as LIMIT and IOC at its worst acceptable price.

And: how old a price may be is the venue's, and what it has no order for is refused before anything else is looked at.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from actors.intents import intent
from actors.protection import Protection
from messages.instructions import Code, InstructionReceived, TradePassed, TradeRefused
from messages.market import Depth, MarketSlice
from messages.orders import OrderSubmitted
from messages.units import (
    SECOND_NS,
    BaseAmount,
    ClientOrderId,
    Nanoseconds,
    OrderType,
    Price,
    TimeInForce,
    VenueName,
)
from tests.actors.builders import HOUR, PERP_ID, SPOT_ID, candle, market, received, record, venue
from tests.actors.test_gate import D, Desk

BYBIT = VenueName("bybit")
FIFTY = Protection(max_slippage_bps=D(50), max_slippage_cap_bps=D(200))
AGE = 5 * SECOND_NS


def protected(**words: Any) -> Desk:  # noqa: ANN401 - of a desk
    return Desk(protection={BYBIT: FIFTY}, price_ages_ns={BYBIT: AGE}, **words)


def depth(*, ask: str | None = "2001", bid: str = "1999", at: int = HOUR) -> MarketSlice:
    asks = () if ask is None else ((Price(D(ask)), BaseAmount(D(1))),)
    bids = ((Price(D(bid)), BaseAmount(D(1))),)
    return MarketSlice(
        at=Nanoseconds(at), depths=(Depth(instrument=PERP_ID, at=Nanoseconds(at), bids=bids, asks=asks),)
    )


def passed(desk: Desk, wanted: InstructionReceived) -> TradePassed:
    answer = desk.check(wanted)
    assert isinstance(answer, TradePassed), answer
    return answer


def sent(answer: TradePassed) -> OrderSubmitted:
    return intent(answer, ClientOrderId("x"))


def test_a_market_order_goes_out_as_a_limit_that_does_not_rest() -> None:
    answer = passed(protected(), received("1"))

    assert answer.instruction.order_type is OrderType.MARKET
    order = sent(answer)
    assert (order.order_type, order.time_in_force, order.price) == (OrderType.LIMIT, TimeInForce.IOC, D(2010))
    assert order.reference_price == D(2000)


def test_its_reference_is_the_best_price_of_a_fresh_book() -> None:
    desk = protected()
    desk.gate.receive(depth())

    assert (sent(passed(desk, received("1"))).price, sent(passed(desk, received("1", name="b"))).reference_price) == (
        D("2011.00"),
        D(2001),
    )


def test_limits_of_an_orders_size_are_held_against_the_reference() -> None:
    desk = protected(max_order_notional=D(2000))
    assert desk.code(received("1")) is None
    desk.gate.receive(depth())

    answer = desk.check(received("1", name="b"))

    assert isinstance(answer, TradeRefused)
    assert (answer.code, answer.detail) == (Code.LIMIT_ORDER_NOTIONAL, "2001 USDT, at most 2000 allowed")


def test_an_old_book_counts_for_nothing() -> None:
    desk = protected()
    desk.gate.receive(depth(ask=None, at=HOUR - AGE))

    assert sent(passed(desk, received("1"))).reference_price == D(2000)


@pytest.mark.parametrize("ask", [None, "2010.01"])
def test_a_book_without_anything_within_the_worst_price_refuses_it(ask: str | None) -> None:
    desk = protected()
    desk.gate.receive(depth(ask=ask))

    assert desk.code(received("1")) is Code.LIMIT_SLIPPAGE
    assert desk.code(received("0.001", name="b")) is Code.BELOW_LOT  # which comes before it
    assert desk.code(received("1", name="c", side="SELL")) is None


def test_an_order_larger_than_the_book_within_its_worst_price_is_refused_and_told_how_much_there_is() -> None:
    asks = ((Price(D(2001)), BaseAmount(D("0.3"))), (Price(D(2030)), BaseAmount(D(50))))
    bids = ((Price(D(1999)), BaseAmount(D("0.2"))), (Price(D(1970)), BaseAmount(D(50))))
    thin = Depth(instrument=PERP_ID, at=Nanoseconds(HOUR), bids=bids, asks=asks)
    desk = protected(quantity="2")
    desk.gate.receive(MarketSlice(at=Nanoseconds(HOUR), depths=(thin,)))

    answer = desk.check(received("1"))

    assert isinstance(answer, TradeRefused)
    assert (answer.code, answer.detail) == (
        Code.LIMIT_SLIPPAGE,
        "the book has 0.3 within the worst acceptable price 2011, 1 needed (min_book_share 1 of 1)",
    )
    assert desk.code(received("0.3", name="b")) is None
    assert desk.amount(received("1", name="c", side="SELL", reduce_only=True)) == D(1)  # out of it, as far as it goes


def test_prices_that_move_widen_it() -> None:
    desk = protected()
    for step in range(8):
        price = "2000" if step % 2 else "2002"
        desk.gate.receive(market(candle(price, at=HOUR), candle(price, at=HOUR, of=SPOT_ID)))

    found = sent(passed(desk, received("1"))).price

    assert found is not None
    assert D(2010) < found < D(2040)


def test_what_it_takes_is_held_at_the_worst_price() -> None:
    desk = protected(usdt="2009", model=venue(taker="0"))

    assert desk.code(received("1", pair="ETH/USDT")) is Code.INSUFFICIENT_BALANCE
    desk.book(usdt="2010")
    answer = passed(desk, received("1", pair="ETH/USDT", name="b"))
    assert (answer.held_asset, answer.held_amount) == ("USDT", D(2010))


def test_what_reduces_is_protected_as_well() -> None:
    desk = protected(quantity="2")

    order = sent(passed(desk, received("5", side="SELL", reduce_only=True)))

    assert (order.amount, order.price, order.reduce_only) == (D(2), D(1990), True)


def test_other_orders_and_other_venues_are_as_they_were() -> None:
    stop = received("1", order_type=OrderType.STOP_MARKET, trigger_price=Price(D(2100)))
    limit = received("1", name="b", order_type=OrderType.LIMIT, price=Price(D(1990)))
    desk = protected()

    assert sent(passed(desk, stop)).order_type is OrderType.STOP_MARKET
    assert sent(passed(desk, limit)).time_in_force is TimeInForce.GTC
    elsewhere = Desk(protection={VenueName("okx"): FIFTY})
    assert sent(passed(elsewhere, received("1"))).order_type is OrderType.MARKET


def test_a_protected_order_is_held_alike_when_it_is_folded() -> None:
    desk = protected(usdt="3000", model=venue(taker="0"))
    order = sent(passed(desk, received("1", pair="ETH/USDT")))

    folded = protected(usdt="3000", model=venue(taker="0"))
    folded.gate.apply(record(order))

    for each in (desk, folded):
        told = each.check(received("1", pair="ETH/USDT", name="b"))
        assert isinstance(told, TradeRefused)
        assert told.detail == "2010 USDT needed in bybit, 990 free"


def test_a_price_may_be_as_old_as_the_venue_allows() -> None:
    desk = Desk(price_ages_ns={BYBIT: AGE})
    desk.turn.at = Nanoseconds(HOUR + AGE - 1)
    assert desk.code(received("1")) is None

    desk.turn.at = Nanoseconds(HOUR + AGE)
    answer = desk.check(received("1", name="b"))

    assert isinstance(answer, TradeRefused)
    assert (answer.code, answer.detail) == (Code.NO_PRICE, "no price came in the last 5 s")


def test_what_the_venue_has_no_order_for_is_refused_first() -> None:
    def supports(wanted: InstructionReceived) -> str | None:
        return None if wanted.order_type is OrderType.MARKET else "bybit has no such order"

    desk = Desk(supports=supports)
    desk.turn.at = Nanoseconds(9 * HOUR)  # when there is no price either
    stop = received("1", order_type=OrderType.STOP_MARKET, trigger_price=Price(D(2100)))

    answer = desk.check(stop)

    assert isinstance(answer, TradeRefused)
    assert (answer.code, answer.detail) == (Code.NOT_SUPPORTED, "bybit has no such order")
    assert desk.code(replace(stop, order_type=OrderType.MARKET, trigger_price=None)) is Code.NO_PRICE
