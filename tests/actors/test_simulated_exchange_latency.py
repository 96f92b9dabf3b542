"""With latency commands act on the first slice at or after their arrival: after funding, in the order sent."""

from decimal import Decimal

import pytest

from messages.market import MarketSlice
from messages.orders import OrderExpired
from messages.units import Nanoseconds
from tests.actors.builders import HOUR, SPOT_ID
from tests.actors.exchange.desk import Desk, bar, fills, model, names, share

D = Decimal


def slow(hours: str = "1", **more: str) -> Desk:
    return Desk(model(latency_ns=Nanoseconds(int(D(hours) * HOUR)), base_bps=more.pop("base_bps", "0")), **more)


@pytest.mark.parametrize(("latency", "acts"), [("0.9", 2), ("1", 2), ("1.1", 3)])
def test_an_order_acts_on_the_first_slice_at_or_after_its_arrival(latency: str, acts: int) -> None:
    desk = slow(latency)
    assert desk.send("BUY") == []

    for hour in (2, 3):
        told = desk.hour(hour, f"{hour}100")
        assert bool(told) is (hour == acts)
        if told:
            assert names(told) == ["OrderAccepted", "OrderFilled"]
            assert (told[1].price, told[1].reference_price) == (D(f"{hour}100"), D(f"{hour}100"))


def test_a_slice_without_data_counts() -> None:
    desk = slow("0.5")
    desk.send("BUY")

    assert fills(desk.slice(ns=HOUR + HOUR // 2)) == [("c1", "1", "2000")]


def test_an_order_does_not_match_on_its_way_and_rests_from_its_arrival_on() -> None:
    desk = slow()
    desk.send("BUY", price="1990")

    assert names(desk.hour(2, "2000 2000 1000 2000")) == ["OrderAccepted"]
    assert fills(desk.hour(3, "1900")) == [("c1", "1", "1990")]


def test_commands_act_in_the_order_sent() -> None:
    desk = slow()
    desk.send("BUY", price="1990")
    desk.amend(price="1980", amount="2")
    desk.send("BUY", price="1985", client="c2")
    desk.cancel()
    desk.cancel()

    told = desk.hour(2, "2000")

    assert names(told) == ["OrderAccepted", "OrderAmended", "OrderAccepted", "OrderCancelled", "CancelRejected"]


def test_a_cancel_on_its_way_loses_against_the_candle() -> None:
    desk = slow()
    desk.send("BUY", price="1990")
    desk.hour(2, "2000")
    desk.cancel()

    assert names(desk.hour(3, "1900")) == ["OrderFilled", "CancelRejected"]


def test_funding_is_paid_before_what_arrives() -> None:
    desk = slow()
    desk.send("BUY")

    assert names(desk.slice(bar("2000", at=2), funding="0.01")) == ["OrderAccepted", "OrderFilled"]
    assert names(desk.slice(bar("2000", at=3), funding="0.01")) == ["FundingPaid"]


def test_an_order_that_arrives_in_a_gap_has_no_price() -> None:
    desk = slow("5")
    desk.send("BUY")

    (rejected,) = desk.slice(at=6)

    assert rejected.reason == "NO_PRICE"


def test_a_spot_order_that_became_too_dear_on_its_way_is_rejected() -> None:
    desk = slow(cash="2050")
    desk.send("BUY", of=SPOT_ID)

    (rejected,) = desk.hour(2, "2051", of=SPOT_ID)

    assert rejected.reason == "INSUFFICIENT_BALANCE"


def test_an_order_is_sent_once_and_answered_as_often_as_it_is_sent() -> None:
    desk = slow()
    desk.send("BUY")
    desk.send("BUY")

    first = desk.hour(2, "2000")

    assert names(first) == ["OrderAccepted", "OrderFilled"]
    assert desk.send("BUY") == first
    assert desk.hour(3, "2000") == []


def test_what_has_not_arrived_expires_at_the_end() -> None:
    desk = slow()
    desk.send("BUY", price="1990")
    desk.hour(2, "2000")
    desk.cancel()
    desk.send("BUY", client="c2")

    expired = desk.expire()

    assert all(isinstance(each, OrderExpired) for each in expired)
    assert [(each.client_order_id, each.order_id) for each in expired] == [("c1", "bybit-1"), ("c2", "bybit-2")]
    assert desk.hour(3, "2000") == []


@pytest.mark.parametrize("hour", [1, 2, 3])
def test_a_rebuilt_exchange_has_the_same_commands_on_their_way(hour: int) -> None:
    ran, folded = slow("1.5"), slow("1.5")
    told = []
    for desk in (ran, folded):
        desk.send("BUY", price="1990")
        desk.send("BUY", price="1980", client="c2")
        said = []
        for now in range(2, 7):
            if desk is folded and now == hour + 1:
                desk.fold()
            said.append(desk.hour(now, "2000" if now < 6 else "1000"))
            if now == 2:
                desk.amend(price="1970", amount="2")
                desk.cancel("c2")
        told.append(said)

    assert told[0] == told[1]
    assert fills(told[0][-1]) == [("c1", "2", "1970")]


def test_without_anything_to_do_it_tells_itself_nothing() -> None:
    desk = slow()
    second = MarketSlice(at=Nanoseconds(2 * HOUR), candles=(bar("2000", at=2),))

    desk.exchange.receive(second)
    assert desk.itself.take() == []

    desk.send("BUY")
    desk.exchange.receive(second)
    assert names(desk.itself.take()) == ["FinishSlice"]


def test_an_amendment_that_cancelled_is_no_longer_on_its_way_after_a_rebuild() -> None:
    desk = Desk(model(latency_ns=Nanoseconds(HOUR), fill=share("0.001")))
    desk.send("BUY", "2", price="1990")
    desk.hour(2, "2000")
    desk.hour(3, "1900")
    desk.amend(price="1990", amount="1")
    assert names(desk.slice(at=4)) == ["OrderCancelled"]

    desk.fold()

    assert desk.hour(5, "2000") == []
