"""`max_share`: all fills of an instrument share a part of its candle's volume, in price-time order."""

from decimal import Decimal

import pytest

from messages.units import BaseAmount
from tests.actors.builders import HOUR, SPOT_ID, instrument
from tests.actors.exchange.desk import Desk, bar, ends, fills, model, names, share

D = Decimal


def desk_with(part: str = "0.001") -> Desk:
    """Return a desk whose candles of 1000 give 1 to all fills together."""
    return Desk(model(fill=share(part)))


def test_a_market_order_gets_its_share_and_the_rest_is_cancelled() -> None:
    desk = desk_with()

    told = desk.send("BUY", "1.5")

    assert names(told) == ["OrderAccepted", "OrderFilled", "OrderCancelled"]
    assert (fills(told), ends(told)) == ([("c1", "1", "2000")], [("c1", "VOLUME_LIMIT")])
    assert ends(desk.send("BUY", "1", client="c2")) == [("c2", "VOLUME_LIMIT")]
    assert desk.position() == 1


@pytest.mark.parametrize(
    ("tif", "filled", "ended"),
    [
        ("IOC", [("c1", "1", "2000")], [("c1", "VOLUME_LIMIT")]),
        ("FOK", [], [("c1", "VOLUME_LIMIT")]),
        ("GTC", [("c1", "1", "2000")], []),
    ],
)
def test_time_in_force_says_what_becomes_of_more_than_the_share(
    tif: str, filled: list[tuple[str, str, str]], ended: list[tuple[str, str]]
) -> None:
    told = desk_with().send("BUY", "1.5", price="2000", tif=tif)

    assert (fills(told), ends(told)) == (filled, ended)


def test_fok_within_the_share_fills_whole() -> None:
    assert fills(desk_with().send("BUY", "1", price="2000", tif="FOK")) == [("c1", "1", "2000")]


def test_the_rest_of_a_good_till_cancelled_order_fills_as_maker_later() -> None:
    desk = desk_with()
    desk.send("BUY", "1.5", price="2000")

    (fill,) = desk.hour(2, "1990")

    assert (fill.amount, fill.price, fill.liquidity) == (D("0.5"), D(2000), "MAKER")


def test_resting_orders_share_by_price_then_time_and_a_new_candle_has_a_new_share() -> None:
    desk = desk_with()
    for client, limit, amount in (("a", "1980", "0.6"), ("b", "1990", "0.6"), ("c", "1990", "0.6"), ("d", "1980", "1")):
        desk.rest("BUY", amount, price=limit, client=client)

    assert fills(desk.hour(2, "1900")) == [("b", "0.6", "1990"), ("c", "0.4", "1990")]
    assert fills(desk.hour(3, "1900")) == [("c", "0.2", "1990"), ("a", "0.6", "1980"), ("d", "0.2", "1980")]
    assert fills(desk.hour(4, "1900")) == [("d", "0.8", "1980")]


def test_takers_at_the_close_get_what_resting_orders_left() -> None:
    desk = desk_with()
    desk.rest("BUY", "0.7", price="1990")
    desk.hour(2, "1900")

    assert fills(desk.send("SELL", "1", client="c2")) == [("c2", "0.3", "1900")]


def test_sales_and_stops_share_with_buys() -> None:
    desk = desk_with()
    desk.rest("BUY", "0.5", price="1990", client="a")
    desk.rest("SELL", "0.3", price="2010", client="b")
    desk.rest("SELL", "1", kind="STOP_MARKET", trigger="1950", client="c")

    told = desk.hour(2, "2000 2100 1900 2000")

    assert fills(told) == [("a", "0.5", "1990"), ("b", "0.3", "2010"), ("c", "0.2", "1950")]
    assert ends(told) == [("c", "VOLUME_LIMIT")]


def test_the_share_is_floored_to_the_lot_and_counted_in_base() -> None:
    okx = instrument(venue="okx", contract_size=BaseAmount(D("0.1")))
    desk = Desk(model(okx, name="okx", fill=share("0.00119")))  # 1000 contracts of 0.1: 0.119 in base

    assert fills(desk.send("BUY", "1", of=okx.instrument_id)) == [("c1", "0.11", "2000")]


def test_a_candle_without_volume_gives_nothing() -> None:
    desk = desk_with()
    desk.rest("BUY", "0.5", price="1990")

    assert desk.hour(2, "1900", volume="0") == []
    assert ends(desk.send("BUY", "1", client="c2")) == [("c2", "VOLUME_LIMIT")]


def test_impact_is_that_of_what_trades() -> None:
    desk = Desk(model(fill=share("0.01"), impact_bps="1000"))  # 10 of 1000: 10 bps

    assert fills(desk.send("BUY", "50")) == [("c1", "10", "2002")]


def test_reduce_only_counts_before_the_share() -> None:
    desk = Desk(model(fill=share("0.002")))
    desk.hold("BUY", "1.5")

    assert fills(told := desk.send("SELL", "5", reduce_only=True)) == [("c1", "0.5", "2000")]
    assert ends(told) == [("c1", "VOLUME_LIMIT")]
    desk.hour(2, "2000")
    assert fills(told := desk.send("SELL", "5", reduce_only=True, client="c2")) == [("c2", "1", "2000")]
    assert ends(told) == [("c2", "REDUCE_ONLY")]


def test_instruments_do_not_share_with_each_other() -> None:
    desk = desk_with()
    desk.send("BUY", "1")

    assert fills(desk.send("BUY", "1", of=SPOT_ID, client="c2")) == [("c2", "1", "2000")]


def test_a_rebuilt_exchange_knows_what_was_used_of_the_present_candle() -> None:
    desk = desk_with()
    desk.send("BUY", "0.9")
    desk.slice(bar("2000", at=2), bar("2000", at=2, of=SPOT_ID))
    desk.send("BUY", "0.7", client="c2")

    desk.fold()

    assert fills(desk.send("BUY", "1", client="c3")) == [("c3", "0.3", "2000")]
    desk.hour(3, "2000")
    assert fills(desk.send("BUY", "1", client="c4")) == [("c4", "1", "2000")]


def test_what_was_used_of_the_candle_before_does_not_count_after_a_rebuild() -> None:
    desk = desk_with()
    desk.slice(ns=HOUR + 1)
    desk.send("BUY", "0.9")
    desk.hour(2, "2000")
    desk.send("BUY", "0.1", client="c2")

    desk.fold()

    assert fills(desk.send("BUY", "1", client="c3")) == [("c3", "0.9", "2000")]
