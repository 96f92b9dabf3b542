"""Trigger orders wait for their price, become what they are as their venue does it, and trailing ones follow."""

from decimal import Decimal

import pytest

from messages.units import BUY, LAST, MARK, PERP, SELL, SPOT
from ops.testbed.exchange.events import Cause, OrderChanged
from ops.testbed.exchange.values import Status, Trigger, Why
from tests.ops.testbed.exchange.engines import ANN, BEN, bench


def below(price: str) -> Trigger:
    return Trigger(by=LAST, rising=False, price=Decimal(price))


def test_a_stop_waits_until_its_price_is_reached_and_then_trades() -> None:
    venue = bench("bybit")
    venue.place(BUY, "1")
    order = venue.place(SELL, "1", trigger=below("2400"), reduce_only=True)
    venue.move("2401")
    waits = venue.now(order)
    venue.move("2400")

    assert (waits.status, waits.filled) == (Status.WAITING, Decimal(0))
    after = venue.now(order)
    assert (after.status, after.triggered, after.filled) == (Status.FILLED, True, Decimal(1))
    assert venue.engine.positions(ANN) == []


@pytest.mark.parametrize(("name", "client_id"), [("binance", "s1"), ("okx", "")])
def test_a_trigger_order_becomes_another_order_where_the_venue_does_that(name: str, client_id: str) -> None:
    venue = bench(name)
    parent = venue.place(SELL, "1", "2395", trigger=below("2400"), client_order_id="s1")
    venue.move("2399")

    after = venue.now(parent)
    child = venue.engine.find(ANN, venue.market(), order_id=after.child_id)
    assert (after.status, after.triggered) == (Status.TRIGGERED, True)
    assert child is not None
    assert (child.parent_id, child.status, child.client_order_id) == (parent.order_id, Status.FILLED, client_id)
    assert venue.engine.find(ANN, venue.market(), client_order_id="s1", trigger=True) == after
    seen = venue.engine.find(ANN, venue.market(), client_order_id="s1", trigger=False)
    assert (seen.order_id if seen else None) == (child.order_id if client_id else None)


def test_a_limit_order_that_was_triggered_rests_at_its_price() -> None:
    venue = bench("bybit")
    order = venue.place(SELL, "1", "2450", trigger=below("2400"))
    venue.move("2390")

    resting = venue.now(order)
    venue.move("2460")

    assert (resting.status, resting.triggered) == (Status.OPEN, True)
    assert venue.now(order).average == 2450


def test_a_trigger_by_last_price_is_reached_by_a_trade_and_one_by_the_mark_is_not() -> None:
    venue = bench("bybit")
    by_last = venue.place(SELL, "1", trigger=below("2499"))
    by_mark = venue.place(SELL, "1", trigger=Trigger(by=MARK, rising=False, price=Decimal(2499)))

    venue.place(SELL, "400", "2498", uid=BEN)

    assert venue.now(by_last).triggered
    assert not venue.now(by_mark).triggered


def test_a_trailing_stop_follows_the_best_price_and_fires_on_the_way_back() -> None:
    venue = bench("binance")
    trigger = Trigger(by=LAST, rising=False, price=None, trail_rate=Decimal("0.01"))
    order = venue.place(SELL, "1", trigger=trigger)
    at = []
    for price in ("2600", "2580", "2550"):
        venue.move(price)
        held = venue.now(order).trigger
        at.append(held.price if held is not None else None)

    assert at == [Decimal(2574), Decimal(2574), Decimal(2574)]
    assert venue.now(order).status is Status.TRIGGERED
    assert venue.engine.trades(ANN, PERP)[0].price < 2574


def test_a_trailing_stop_with_an_activation_price_sleeps_until_it_is_reached() -> None:
    venue = bench("okx")
    trigger = Trigger(by=LAST, rising=False, price=None, trail_distance=Decimal(10), activation=Decimal(2600))
    order = venue.place(SELL, "1", trigger=trigger)
    venue.move("2550")
    venue.move("2500")
    asleep = venue.now(order)
    venue.move("2605")
    active = venue.now(order)
    venue.move("2594")

    assert (asleep.status, asleep.trigger) == (Status.WAITING, trigger)
    assert active.trigger is not None
    assert active.trigger.price == 2595
    assert venue.now(order).status is Status.TRIGGERED


def test_a_buy_trails_from_below() -> None:
    venue = bench("bybit")
    trigger = Trigger(by=LAST, rising=True, price=None, trail_distance=Decimal(10))
    order = venue.place(BUY, "1", trigger=trigger)
    for price in ("2400", "2409", "2411"):
        assert not venue.now(order).triggered
        venue.move(price)

    assert venue.now(order).triggered


def test_a_reduce_only_trigger_with_nothing_left_to_reduce_does_nothing() -> None:
    venue = bench("bybit")
    venue.place(BUY, "1")
    order = venue.place(SELL, "1", trigger=below("2400"), reduce_only=True)
    venue.place(SELL, "1")

    venue.move("2390")

    assert (venue.now(order).status, venue.now(order).why) == (Status.REJECTED, Why.REDUCE_ONLY)
    assert venue.engine.positions(ANN) == []


def test_an_order_that_closes_the_position_is_as_large_as_that_is_then() -> None:
    venue = bench("binance")
    venue.place(BUY, "1")
    venue.place(SELL, None, trigger=below("2400"), close_position=True)
    venue.place(BUY, "2")

    venue.move("2390")

    assert venue.engine.positions(ANN) == []


def test_a_trigger_that_can_not_be_paid_any_more_is_rejected() -> None:
    venue = bench("bybit")
    order = venue.place(SELL, "100", trigger=below("2400"), market=venue.market(SPOT))
    venue.place(SELL, "50", market=venue.market(SPOT))

    venue.move("2390", SPOT)

    assert (venue.now(order).status, venue.now(order).why) == (Status.REJECTED, Why.NO_FUNDS)


def test_only_binance_spot_holds_for_what_waits() -> None:
    for name, held in (("binance", 3), ("bybit", 0), ("okx", 0)):
        venue = bench(name)
        venue.place(SELL, "3", "2390", trigger=below("2400"), market=venue.market(SPOT))
        assert venue.held("ETH") == held, name


def test_triggers_reach_each_other() -> None:
    venue = bench("bybit")
    first = venue.place(SELL, "400", "2450", trigger=below("2495"))
    second = venue.place(SELL, "1", trigger=below("2492"))

    venue.move("2494")

    assert venue.now(first).triggered
    assert venue.now(second).triggered
    causes = [event.cause for event in venue.told if isinstance(event, OrderChanged)]
    assert causes.count(Cause.TRIGGERED) == 2


def test_a_changed_trigger_price_is_the_one_that_counts() -> None:
    venue = bench("bybit")
    order = venue.place(SELL, "1", trigger=below("2400"))
    venue.engine.amend(ANN, venue.market(), order_id=order.order_id, trigger_price=Decimal(2300))
    venue.move("2390")
    waits = venue.now(order)
    venue.move("2300")

    assert waits.status is Status.WAITING
    assert venue.now(order).triggered
