"""Cancels and amendments: what they do to an order, to its place in the queue, and what they are answered when late."""

from decimal import Decimal

import pytest

from messages.instruments import FillModel
from messages.orders import AmendRejected, CancelRejected, OrderAmended, OrderCancelled, OrderExpired
from tests.actors.builders import HOUR, SPOT_ID
from tests.actors.exchange.desk import Desk, ends, fills, model, names, share

D = Decimal
RESTING = {
    "limit": {"price": "1990"},
    "stop": {"kind": "STOP_MARKET", "trigger": "2010"},
    "stop limit": {"kind": "STOP_LIMIT", "trigger": "2010", "price": "2020"},
    "trailing": {"kind": "TRAILING_STOP", "trail": "10"},
}


@pytest.mark.parametrize("words", RESTING.values(), ids=RESTING)
def test_a_cancelled_order_is_off_the_book(words: dict[str, str]) -> None:
    desk = Desk()
    desk.rest("BUY", **words)

    (cancelled,) = desk.cancel()

    assert isinstance(cancelled, OrderCancelled)
    assert (cancelled.order_id, cancelled.reason) == ("bybit-1", "REQUESTED")
    assert desk.hour(2, "2000 3000 1000 2000") == []


def test_what_a_cancelled_order_held_is_free_again() -> None:
    desk = Desk(cash="2000")
    desk.rest("BUY", of=SPOT_ID, price="1900")
    desk.cancel(of=SPOT_ID)

    assert names(desk.send("BUY", of=SPOT_ID, client="c2")) == ["OrderAccepted", "OrderFilled"]


@pytest.mark.parametrize("before", ["filled", "cancelled", "unknown"])
def test_there_is_nothing_to_cancel_or_amend_of_an_order_that_is_gone(before: str) -> None:
    desk = Desk()
    if before != "unknown":
        desk.rest("BUY", price="1990")
    if before == "filled":
        desk.hour(2, "1900")
    elif before == "cancelled":
        desk.cancel()

    (not_cancelled,) = desk.cancel()
    (not_amended,) = desk.amend(price="1980", amount="1")

    assert isinstance(not_cancelled, CancelRejected)
    assert isinstance(not_amended, AmendRejected)
    assert (not_cancelled.reason, not_amended.reason) == ("NOT_OPEN", "NOT_OPEN")


@pytest.mark.parametrize(
    ("amount", "price", "first"),
    [
        ("0.5", "1990", "c1"),
        ("1", "1990", "c1"),
        ("1.01", "1990", "c2"),
        ("0.5", "1990.01", "c1"),
        ("0.5", "1989", "c2"),
    ],
    ids=["less", "the same", "more", "better price", "worse price"],
)
def test_an_amended_order_keeps_its_place_only_if_merely_its_amount_is_lowered(
    amount: str, price: str, first: str
) -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")
    desk.rest("BUY", price="1990", client="c2")

    (amended,) = desk.amend(price=price, amount=amount)

    assert isinstance(amended, OrderAmended)
    assert (amended.price, amended.amount) == (D(price), D(amount))
    told = fills(desk.hour(2, "1900"))
    assert told[0][0] == first
    assert sorted(told) == [("c1", amount, price), ("c2", "1", "1990")]


@pytest.mark.parametrize(
    ("amount", "price", "filled"), [("0.5", "1990", True), ("2", "1990", False), ("1", "1995", False)]
)
def test_an_order_that_lost_its_place_meets_only_candles_that_open_later(
    amount: str, price: str, *, filled: bool
) -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")
    desk.slice(ns=HOUR + 1)
    desk.amend(price=price, amount=amount)

    assert bool(desk.hour(2, "1900")) is filled
    assert bool(desk.hour(3, "1900")) is not filled


def test_a_new_price_that_takes_fills_at_once_as_taker() -> None:
    desk = Desk(model(base_bps="1"))
    desk.rest("BUY", price="1990")

    amended, fill = desk.amend(price="2010", amount="2")

    assert isinstance(amended, OrderAmended)
    assert (fill.amount, fill.price, fill.liquidity, fill.reference_price) == (D(2), D("2000.2"), "TAKER", D(2000))
    assert desk.hour(2, "1900") == []


def test_post_only_orders_are_not_amended_into_takers() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990", post_only=True)

    (answer,) = desk.amend(price="2000", amount="1")

    assert isinstance(answer, AmendRejected)
    assert answer.reason == "POST_ONLY"
    assert fills(desk.hour(2, "1900")) == [("c1", "1", "1990")]


def test_an_amount_is_the_new_total() -> None:
    desk = Desk(model(fill=share("0.001")))
    desk.rest("BUY", "2", price="1990")
    desk.hour(2, "1900")

    assert names(desk.amend(price="1990", amount="1.5")) == ["OrderAmended"]
    assert fills(desk.hour(3, "1900")) == [("c1", "0.5", "1990")]


@pytest.mark.parametrize("amount", ["1", "0.5"])
def test_a_total_that_is_filled_already_cancels_the_rest(amount: str) -> None:
    desk = Desk(model(fill=share("0.001")))
    desk.rest("BUY", "2", price="1990")
    desk.hour(2, "1900")

    assert ends(desk.amend(price="1995", amount=amount)) == [("c1", "AMENDED")]
    assert desk.hour(3, "1900") == []


@pytest.mark.parametrize(
    ("price", "amount", "reason"), [("1990.001", "1", "TICK"), ("0", "1", "TICK"), ("1990", "0.005", "LOT")]
)
def test_an_amendment_off_the_steps_leaves_the_order_as_it_is(price: str, amount: str, reason: str) -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")

    assert desk.amend(price=price, amount=amount)[0].reason == reason
    assert fills(desk.hour(2, "1900")) == [("c1", "1", "1990")]


def test_an_amendment_without_a_fresh_close_leaves_the_order_as_it_is() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")
    desk.slice(at=2)

    assert desk.amend(price="1980", amount="1")[0].reason == "NO_PRICE"
    assert names(desk.amend(price="1990", amount="0.5")) == ["OrderAmended"]


def test_an_amendment_that_the_account_cannot_pay_is_rejected() -> None:
    desk = Desk(cash="2500")
    desk.rest("BUY", of=SPOT_ID, price="1990")

    assert desk.amend(price="2000", amount="1.3", of=SPOT_ID)[0].reason == "INSUFFICIENT_BALANCE"
    assert names(desk.amend(price="2000", amount="1.25", of=SPOT_ID)) == ["OrderAmended", "OrderFilled"]


def test_only_what_rests_with_a_limit_can_be_amended() -> None:
    desk = Desk()
    desk.rest("BUY", kind="STOP_LIMIT", trigger="2010", price="1995")
    desk.rest("BUY", kind="STOP_MARKET", trigger="2050", client="c2")

    assert desk.amend("c1", price="1990", amount="1")[0].reason == "NOT_RESTING"
    assert desk.amend("c2", price="1990", amount="1")[0].reason == "NOT_RESTING"
    desk.hour(2, "2000 2010 2000 2000")
    assert names(desk.amend("c1", price="1990", amount="1")) == ["OrderAmended"]
    assert fills(desk.hour(3, "2000 2001 1990.01 2000")) == []
    assert fills(desk.hour(4, "1980")) == [("c1", "1", "1990")]


def test_a_cancel_after_the_matching_comes_too_late() -> None:
    desk = Desk(model(fill=FillModel(touch=True)))
    desk.rest("BUY", price="1990")
    desk.hour(2, "1990")

    assert names(desk.cancel()) == ["CancelRejected"]


def test_at_the_end_every_open_order_expires_in_the_order_of_acceptance() -> None:
    desk = Desk()
    for client, words in enumerate(RESTING.values()):
        desk.rest("BUY", client=f"c{client}", **words)
    desk.amend("c0", price="1980", amount="1")

    expired = desk.expire()

    assert all(isinstance(each, OrderExpired) and each.reason == "END_OF_RUN" for each in expired)
    assert [(each.client_order_id, each.order_id) for each in expired] == [
        (f"c{n}", f"bybit-{n + 1}") for n in range(4)
    ]
    assert desk.expire() == []
    assert desk.hour(2, "2000 3000 1000 2000") == []


def test_an_amendment_that_changes_nothing_needs_no_price() -> None:
    desk = Desk()
    desk.rest("BUY", price="1990")
    desk.slice(at=2)

    assert names(desk.amend(price="1990", amount="1")) == ["OrderAmended"]
