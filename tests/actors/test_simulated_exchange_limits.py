"""Limit orders: taken at once where the price allows it, else they rest and fill at their limit, by price, then time.

The rules are those of DESIGN section 7; a resting order meets only candles that opened at or after its acceptance.
"""

from decimal import Decimal

import pytest

from messages.instruments import FeeRates, FillModel
from messages.orders import OrderAccepted, OrderRejected
from tests.actors.builders import HOUR, SPOT_ID, instrument
from tests.actors.exchange.desk import Desk, bar, ends, fills, model, names, share

D = Decimal


@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [("BUY", "2000.2", "2000.2"), ("BUY", "2001", "2000.2"), ("SELL", "1999.8", "1999.8"), ("SELL", "1990", "1999.8")],
    ids=["buy at the slipped price", "buy above it", "sale at the slipped price", "sale below it"],
)
def test_a_limit_that_the_slipped_price_satisfies_takes_at_once_at_that_price(
    side: str, limit: str, price: str
) -> None:
    accepted, fill = Desk(model(base_bps="1")).send(side, price=limit)

    assert isinstance(accepted, OrderAccepted)
    assert (fill.price, fill.liquidity, fill.reference_price) == (D(price), "TAKER", D(2000))
    assert fill.fee == D(price) * D("0.001")


@pytest.mark.parametrize(("side", "limit"), [("BUY", "2000.19"), ("SELL", "1999.81")])
def test_a_limit_that_slippage_leaves_behind_rests(side: str, limit: str) -> None:
    Desk(model(base_bps="1")).rest(side, price=limit)


@pytest.mark.parametrize(
    ("side", "limit", "candle", "filled"),
    [
        ("BUY", "1990", "2000 2010 1989.99 2005", True),
        ("BUY", "1990", "2000 2010 1990 2005", False),
        ("SELL", "2010", "2000 2010.01 1990 1995", True),
        ("SELL", "2010", "2000 2010 1990 1995", False),
    ],
    ids=["low under the limit", "low at the limit", "high over the limit", "high at the limit"],
)
def test_a_resting_order_fills_at_its_limit_when_the_price_goes_through(
    side: str, limit: str, candle: str, *, filled: bool
) -> None:
    desk = Desk()
    desk.rest(side, "2", price=limit)

    told = desk.hour(2, candle)

    assert fills(told) == ([("c1", "2", limit)] if filled else [])
    if filled:
        (fill,) = told
        assert (fill.liquidity, fill.reference_price, fill.fee) == ("MAKER", D(limit), D(limit) * 2 * D("0.0002"))


@pytest.mark.parametrize(("side", "limit", "candle"), [("BUY", "1990", "1990"), ("SELL", "2010", "2010")])
def test_with_touch_reaching_the_limit_is_enough(side: str, limit: str, candle: str) -> None:
    desk = Desk(model(fill=FillModel(touch=True)))
    desk.rest(side, price=limit)

    assert fills(desk.hour(2, candle)) == [("c1", "1", limit)]


def test_a_gap_through_the_limit_still_fills_at_the_limit() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")

    assert fills(desk.hour(2, "1900")) == [("c1", "1", "1990")]


def test_a_candle_that_opened_before_the_acceptance_fills_nothing() -> None:
    desk = Desk()
    desk.slice(ns=HOUR + 1)
    desk.rest("BUY", price="1990")

    assert desk.hour(2, "1900") == []
    assert fills(desk.hour(3, "1900")) == [("c1", "1", "1990")]


def test_a_quote_concerns_only_what_was_accepted_earlier() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")
    same_instant = desk.slice(bar("1900", at=1, quote=True))

    assert same_instant == []
    assert fills(desk.slice(bar("1900", quote=True, ns=HOUR + 1))) == [("c1", "1", "1990")]


def test_buys_come_first_by_price_then_by_time_and_sales_after_them() -> None:
    desk = Desk()
    orders = [("BUY", "1990"), ("BUY", "1995"), ("SELL", "2020"), ("SELL", "2010"), ("BUY", "1995"), ("SELL", "2010")]
    for number, (side, limit) in enumerate(orders):
        desk.rest(side, price=limit, client=f"c{number}")

    assert [client for client, _, _ in fills(desk.hour(2, "2000 2100 1900 2000"))] == [
        "c1",
        "c4",
        "c0",
        "c3",
        "c5",
        "c2",
    ]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_ioc_and_fok_take_or_go_and_never_rest(side: str, tif: str) -> None:
    desk = Desk()
    near, far = ("2000", "1999.99") if side == "BUY" else ("2000", "2000.01")

    assert names(desk.send(side, price=near, tif=tif)) == ["OrderAccepted", "OrderFilled"]
    gone = desk.send(side, price=far, tif=tif, client="c2")

    assert names(gone) == ["OrderAccepted", "OrderCancelled"]
    assert ends(gone) == [("c2", "NOT_MARKETABLE")]
    assert desk.hour(2, "2000 9000 1 2000") == []


def test_post_only_is_rejected_where_it_would_take_and_rests_elsewhere() -> None:
    desk = Desk()

    (rejected,) = desk.send("BUY", price="2000", post_only=True)
    desk.rest("BUY", price="1999.99", post_only=True, client="c2")

    assert isinstance(rejected, OrderRejected)
    assert (rejected.reason, rejected.by) == ("POST_ONLY", "venue")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"amount": "1.005", "price": "1990"}, "LOT"),
        ({"amount": "1", "price": "1990.001"}, "TICK"),
        ({"amount": "1", "price": "0"}, "TICK"),
        ({"amount": "1", "price": "1990", "reduce_only": True}, "REDUCE_ONLY"),
    ],
)
def test_a_limit_order_that_cannot_be_is_rejected(words: dict[str, str], reason: str) -> None:
    (rejected,) = Desk().send("BUY", **words)

    assert rejected.reason == reason


def test_without_a_fresh_close_a_limit_order_has_no_price() -> None:
    desk = Desk()
    desk.slice(at=2)

    (rejected,) = desk.send("BUY", price="1990")

    assert rejected.reason == "NO_PRICE"


def test_where_nobody_trades_a_limit_order_rests() -> None:
    desk = Desk(model(impact_bps="1"))
    desk.slice(bar("2000", at=2, volume="0"))

    desk.rest("BUY", price="3000")


def test_impact_counts_in_what_a_limit_takes() -> None:
    desk = Desk(model(impact_bps="1000"))  # 10 of a volume of 1000 moves the price by 10 bps

    desk.rest("BUY", "10", price="2001.99")
    assert fills(desk.send("BUY", "10", price="2002", client="c2")) == [("c2", "10", "2002")]


@pytest.mark.parametrize(
    ("side", "limit", "fee", "asset"),
    [("BUY", "1990", "0.0002", "ETH"), ("SELL", "2010", "0.402", "USDT")],
    ids=["buy in base", "sale in quote"],
)
def test_a_spot_maker_is_charged_in_what_it_receives(side: str, limit: str, fee: str, asset: str) -> None:
    desk = Desk()
    desk.rest(side, of=SPOT_ID, price=limit)

    (fill,) = desk.hour(2, "2000 3000 1000 2000", of=SPOT_ID)

    assert (fill.fee, fill.fee_asset) == (D(fee), asset)


def test_a_makers_rebate_is_negative_and_in_what_it_gave_where_the_venue_says_so() -> None:
    desk = Desk(model(fees=FeeRates(maker=D("-0.0001"), taker=D("0.001"), rebate_in_given=True)))
    desk.rest("BUY", of=SPOT_ID, price="1990")

    (fill,) = desk.hour(2, "1900", of=SPOT_ID)

    assert (fill.fee, fill.fee_asset) == (D("-0.199"), "USDT")


def test_a_reduce_only_limit_is_cut_to_the_position_when_it_matches() -> None:
    desk = Desk()
    desk.hold("BUY", "2")
    desk.rest("SELL", "2", price="2010", reduce_only=True)
    desk.send("SELL", "0.5", client="p2")

    told = desk.hour(2, "2020")

    assert (fills(told), ends(told)) == ([("c1", "1.5", "2010")], [("c1", "REDUCE_ONLY")])
    assert desk.position() == 0


def test_a_reduce_only_order_without_a_position_left_is_cancelled_when_it_would_match() -> None:
    desk = Desk()
    desk.hold("BUY", "2")
    desk.rest("SELL", "2", price="2010", reduce_only=True)
    desk.rest("SELL", "2", price="2010", reduce_only=True, client="c2")

    told = desk.hour(2, "2020")

    assert (fills(told), ends(told)) == ([("c1", "2", "2010")], [("c2", "REDUCE_ONLY")])


def test_resting_buys_that_the_account_cannot_pay_any_more_are_cancelled() -> None:
    desk = Desk(cash="4000")
    desk.rest("BUY", of=SPOT_ID, price="1990")
    desk.rest("BUY", of=SPOT_ID, price="1980", client="c2")
    desk.hold("BUY", "10")
    desk.hour(2, "1950")
    desk.send("SELL", "10", client="p2")  # 500 lost, and 19.5 + 20 of fees
    told = desk.slice(bar("1900", at=2, of=SPOT_ID), bar("1950", at=3))

    assert (fills(told), ends(told)) == ([("c1", "1", "1990")], [("c2", "INSUFFICIENT_BALANCE")])


def test_what_rests_is_not_there_for_others() -> None:
    desk = Desk(model(fees=FeeRates(maker=D(0), taker=D(0))), cash="4000", coins="1")
    desk.rest("BUY", of=SPOT_ID, price="1500")
    desk.rest("SELL", of=SPOT_ID, price="2500", amount="0.4", client="c2")

    assert desk.send("BUY", "1.25001", of=SPOT_ID, client="c3")[0].reason == "INSUFFICIENT_BALANCE"
    assert desk.send("SELL", "0.60001", of=SPOT_ID, client="c4")[0].reason == "INSUFFICIENT_BALANCE"
    assert names(desk.send("SELL", "0.6", of=SPOT_ID, client="c5")) == ["OrderAccepted", "OrderFilled"]


def test_fees_in_quote_must_be_paid_as_well() -> None:
    desk = Desk(model(fees=FeeRates(maker=D("0.001"), taker=D("0.001"), in_quote=True)), cash="2001.99")

    assert desk.send("BUY", of=SPOT_ID)[0].reason == "INSUFFICIENT_BALANCE"
    assert Desk(desk.model, cash="2002").send("BUY", of=SPOT_ID)[1].fee == D(2)


def test_the_other_instruments_candle_fills_nothing() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")

    assert desk.hour(2, "1900", of=SPOT_ID) == []


def test_an_open_order_is_answered_again_with_what_became_of_it() -> None:
    desk = Desk(model(instrument("ETH/USDT"), instrument()))
    first = desk.send("BUY", "2", price="1990")
    (fill,) = desk.hour(2, "1900")

    assert desk.send("BUY", "2", price="1990") == [*first, fill]
    assert desk.hour(3, "1900") == []


def test_orders_that_rest_are_known_however_many_come_after_them() -> None:
    desk = Desk()
    first = desk.send("BUY", "2", price="1990")
    for number in range(100):
        desk.send("BUY", "0.01", client=f"n{number}")

    assert desk.send("BUY", "2", price="1990") == first


def test_what_filled_is_not_set_aside_any_more() -> None:
    desk = Desk(model(fill=share("0.001"), fees=FeeRates(maker=D(0), taker=D(0))), cash="4000")
    desk.rest("BUY", "2", of=SPOT_ID, price="1500")
    desk.hour(2, "1400", of=SPOT_ID, volume="1000")
    desk.hour(3, "1600", of=SPOT_ID)

    # 2500 are left, 1500 of them for the rest of the order.
    assert desk.send("BUY", "0.62501", of=SPOT_ID, client="c2")[0].reason == "INSUFFICIENT_BALANCE"
    assert fills(desk.send("BUY", "0.625", of=SPOT_ID, client="c3")) == [("c3", "0.625", "1600")]


def test_fees_in_quote_are_set_aside_as_well() -> None:
    desk = Desk(model(fees=FeeRates(maker=D(0), taker=D("0.001"), in_quote=True)), cash="3502")
    desk.rest("BUY", of=SPOT_ID, price="1500")  # 1501.5, so that 2000.5 are free: for 0.999 and its fee

    assert desk.send("BUY", of=SPOT_ID, client="c2")[0].reason == "INSUFFICIENT_BALANCE"
    assert fills(desk.send("BUY", "0.999", of=SPOT_ID, client="c3")) == [("c3", "0.999", "2000")]


def test_a_rejected_order_has_used_up_an_id() -> None:
    desk = Desk()
    desk.send("BUY", price="1990.001")

    assert desk.send("BUY", price="1990", client="c2")[0].order_id == "bybit-2"
