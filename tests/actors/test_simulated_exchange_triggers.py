"""Stops, take-profits and trailing stops: when they trigger, what they fill at, and what becomes of the rest.

A candle triggers only what was accepted when it opened; a trailing stop follows the candles before that one.
"""

from decimal import Decimal

import pytest

from messages.orders import OrderFilled
from tests.actors.builders import HOUR, SPOT_ID
from tests.actors.exchange.desk import Desk, bar, ends, fills, model, names, triggers

D = Decimal


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "reached", "missed"),
    [
        ("STOP_MARKET", "BUY", "2050", "2000 2050 1990 2000", "2000 2049.99 1000 2000"),
        ("STOP_MARKET", "SELL", "1950", "2000 2010 1950 2000", "2000 9000 1950.01 2000"),
        ("TAKE_PROFIT_MARKET", "BUY", "1950", "2000 2010 1950 2000", "2000 9000 1950.01 2000"),
        ("TAKE_PROFIT_MARKET", "SELL", "2050", "2000 2050 1990 2000", "2000 2049.99 1000 2000"),
    ],
)
def test_a_trigger_is_reached_by_high_or_low_equality_included(
    kind: str, side: str, trigger: str, reached: str, missed: str
) -> None:
    desk = Desk()
    desk.rest(side, kind=kind, trigger=trigger)

    assert desk.hour(2, missed) == []
    told = desk.hour(3, reached)

    assert names(told) == ["OrderTriggered", "OrderFilled"]
    assert triggers(told) == [("c1", D(trigger))]
    fill = told[1]
    assert (fill.liquidity, fill.reference_price) == ("TAKER", D(trigger))


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "candle", "price"),
    [
        ("STOP_MARKET", "BUY", "2050", "2000 2100 1990 2080", "2050"),
        ("STOP_MARKET", "BUY", "2050", "2070 2100 2060 2080", "2070"),
        ("STOP_MARKET", "SELL", "1950", "2000 2010 1900 1910", "1950"),
        ("STOP_MARKET", "SELL", "1950", "1930 1940 1900 1910", "1930"),
        ("TAKE_PROFIT_MARKET", "SELL", "2050", "2070 2100 2060 2080", "2050"),
        ("TAKE_PROFIT_MARKET", "SELL", "2050", "2000 2100 1990 2080", "2000"),
        ("TAKE_PROFIT_MARKET", "BUY", "1950", "2000 2010 1900 1910", "2000"),
    ],
    ids=["through", "gap", "sale through", "sale gap", "profit gap", "profit through", "profit buy through"],
)
def test_a_stop_fills_at_the_worse_of_trigger_and_open(
    kind: str, side: str, trigger: str, candle: str, price: str
) -> None:
    desk = Desk()
    desk.rest(side, kind=kind, trigger=trigger)

    assert fills(desk.hour(2, candle)) == [("c1", "1", price)]


def test_a_stop_is_slipped_in_the_volume_of_the_candle_that_triggers_it() -> None:
    desk = Desk(model(base_bps="1", impact_bps="1000"))
    desk.rest("BUY", kind="STOP_MARKET", trigger="2050")

    (_, fill) = desk.hour(2, "2000 2100 1990 2080", volume="100")

    assert (fill.price, fill.reference_price) == (D(2050) * D("1.0011"), D(2050))


def test_a_stop_that_nobody_trades_is_cancelled() -> None:
    desk = Desk(model(impact_bps="1"))
    desk.rest("BUY", kind="STOP_MARKET", trigger="2050")

    told = desk.hour(2, "2100", volume="0")

    assert (names(told), ends(told)) == (["OrderTriggered", "OrderCancelled"], [("c1", "NO_PRICE")])


def test_a_candle_that_opened_before_the_acceptance_triggers_nothing() -> None:
    desk = Desk()
    desk.slice(ns=HOUR + 1)
    desk.rest("BUY", kind="STOP_MARKET", trigger="2050")

    assert desk.hour(2, "2100") == []
    assert fills(desk.hour(3, "2100")) == [("c1", "1", "2100")]


@pytest.mark.parametrize(("kind", "trigger"), [("STOP_LIMIT", "2050"), ("TAKE_PROFIT_LIMIT", "1950")])
def test_a_stop_limit_rests_from_the_close_of_its_candle_on(kind: str, trigger: str) -> None:
    desk = Desk()
    desk.rest("BUY", kind=kind, trigger=trigger, price="2040")

    assert names(desk.hour(2, "2000 2100 1900 2000")) == ["OrderTriggered"]
    (fill,) = desk.hour(3, "2000")

    assert (fill.price, fill.liquidity, fill.reference_price) == (D(2040), "MAKER", D(2040))


def test_a_stop_limit_does_not_rest_before_it_triggers() -> None:
    desk = Desk()
    desk.rest("BUY", kind="STOP_LIMIT", trigger="2050", price="2060")

    assert desk.hour(2, "2000 2040 1000 2000") == []


def test_resting_orders_match_before_stops_and_stops_in_the_order_of_their_acceptance() -> None:
    desk = Desk()
    desk.hold("BUY", "5")
    desk.rest("SELL", kind="STOP_MARKET", trigger="1900", client="c1")
    desk.rest("BUY", kind="STOP_MARKET", trigger="2100", client="c2")
    desk.rest("SELL", kind="TRAILING_STOP", trail="100", client="c3")
    desk.rest("SELL", kind="STOP_MARKET", trigger="1950", client="c4")
    desk.rest("BUY", price="1980", client="c5")

    assert [client for client, _, _ in fills(desk.hour(2, "2000 2200 1800 2000"))] == ["c5", "c1", "c2", "c3", "c4"]


def test_a_reduce_only_stop_is_cut_to_the_position_when_it_triggers() -> None:
    desk = Desk()
    desk.hold("BUY", "2")
    desk.rest("SELL", "2", kind="STOP_MARKET", trigger="1950", reduce_only=True)
    desk.rest("SELL", "2", kind="TAKE_PROFIT_MARKET", trigger="2050", reduce_only=True, client="c2")
    desk.send("SELL", "0.5", client="p2")

    told = desk.hour(2, "2000 2000 1900 1900")
    assert (fills(told), ends(told)) == ([("c1", "1.5", "1950")], [("c1", "REDUCE_ONLY")])

    told = desk.hour(3, "2060")
    assert (fills(told), ends(told)) == ([], [("c2", "REDUCE_ONLY")])


def test_a_spot_stop_that_cannot_be_paid_is_cancelled() -> None:
    desk = Desk(cash="2100")
    desk.rest("BUY", of=SPOT_ID, kind="STOP_MARKET", trigger="2050", held="2050")
    desk.rest("BUY", "0.01", of=SPOT_ID, price="1900", client="c2")

    told = desk.hour(2, "2090 2100 2085 2090", of=SPOT_ID)  # 2100 - 19 for c2 are less than 2090

    assert ends(told) == [("c1", "INSUFFICIENT_BALANCE")]
    assert names(told) == ["OrderTriggered", "OrderCancelled"]


def test_a_spot_stop_is_paid_out_of_what_it_holds_itself() -> None:
    desk = Desk(cash="2100")
    desk.rest("BUY", of=SPOT_ID, kind="STOP_MARKET", trigger="2050", held="2050")

    assert fills(desk.hour(2, "2100", of=SPOT_ID)) == [("c1", "1", "2100")]


@pytest.mark.parametrize(
    ("side", "candles", "price"),
    [
        ("SELL", ["2100", "2080 2085 2079 2080"], "2079"),
        ("SELL", ["1980.01", "1980"], "1980"),
        ("SELL", ["2000 2200 1990 2200", "2178"], "2178"),
        ("BUY", ["1900", "1918 1919 1915 1916"], "1919"),
        ("BUY", ["2019.99", "2020"], "2020"),
    ],
    ids=[
        "follows up",
        "starts at the price at acceptance",
        "its candle counts only later",
        "follows down",
        "buy start",
    ],
)
def test_a_trailing_stop_stays_behind_the_best_price_of_earlier_candles(
    side: str, candles: list[str], price: str
) -> None:
    desk = Desk()
    desk.rest(side, kind="TRAILING_STOP", trail="100")

    *before, last = candles
    for hour, candle in enumerate(before, start=2):
        assert desk.hour(hour, candle) == []
    (triggered, fill) = desk.hour(2 + len(before), last)

    assert isinstance(fill, OrderFilled)
    assert triggered.trigger_price == fill.reference_price == D(price)


def test_a_trailing_stop_follows_no_candle_that_opened_before_it() -> None:
    desk = Desk()
    desk.slice(ns=HOUR + 1)
    desk.rest("SELL", kind="TRAILING_STOP", trail="100")

    assert desk.hour(2, "2000 3000 1000 2000") == []
    assert desk.hour(3, "1980.01") == []
    assert triggers(desk.hour(4, "1980")) == [("c1", D(1980))]


def test_a_trailing_stop_fills_at_the_worse_of_trigger_and_open() -> None:
    desk = Desk(model(base_bps="1"))
    desk.rest("SELL", kind="TRAILING_STOP", trail="100")

    (_, fill) = desk.hour(2, "1900")

    assert (fill.price, fill.reference_price) == (D(1900) * D("0.9999"), D(1980))


def test_a_trigger_is_not_rounded_to_the_tick() -> None:
    desk = Desk()
    desk.rest("SELL", kind="TRAILING_STOP", trail="33.333")

    assert triggers(desk.hour(2, "1900")) == [("c1", D(2000) * (1 - D("33.333") / 10000))]


def test_a_take_profit_and_a_stop_of_different_instruments_do_not_meet() -> None:
    desk = Desk()
    desk.rest("SELL", of=SPOT_ID, kind="STOP_MARKET", trigger="1950")

    assert desk.hour(2, "1900") == []
    assert fills(desk.slice(bar("1900", at=2, of=SPOT_ID))) == [("c1", "1", "1900")]


@pytest.mark.parametrize(
    "words", [{"trigger": "2050.001", "kind": "STOP_MARKET"}, {"trigger": "0", "kind": "STOP_MARKET"}]
)
def test_a_trigger_off_the_tick_is_rejected(words: dict[str, str]) -> None:
    assert Desk().send("BUY", **words)[0].reason == "TICK"


def test_a_stop_limit_meets_no_candle_that_was_open_when_it_triggered() -> None:
    desk = Desk()
    desk.rest("BUY", kind="STOP_LIMIT", trigger="2050", price="2040")

    assert names(desk.slice(bar("2060", quote=True, ns=HOUR + HOUR // 2))) == ["OrderTriggered"]
    assert desk.hour(2, "2000") == []
    assert fills(desk.hour(3, "2000")) == [("c1", "1", "2040")]


@pytest.mark.parametrize(
    ("trailing", "side", "limit", "candle"),
    [("SELL", "BUY", "1990", "1995 1999 1989 1995"), ("BUY", "SELL", "2010", "2005 2011 2001 2005")],
)
def test_trailing_stops_do_not_hide_what_rests_beside_them(trailing: str, side: str, limit: str, candle: str) -> None:
    desk = Desk()
    desk.rest(trailing, kind="TRAILING_STOP", trail="1000")
    desk.rest(side, price=limit, client="c2")
    desk.hour(2, "2000")

    assert fills(desk.hour(3, candle)) == [("c2", "1", limit)]
