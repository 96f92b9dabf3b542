"""Frames of the private stream say the same as answers of REST; a frame about nothing of ours is an empty update."""

from typing import Any

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import OrderStatus, UnreadableAnswerError, Update
from tests.actors.exchange.wire.bybit_samples import (
    BY_SYMBOL,
    NOW_MS,
    PERP_ETH,
    SPOT_ETH,
    D,
    known,
    order_row,
    page,
    trade_row,
)


def frame(topic: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"topic": topic, "id": "f-1", "creationTime": NOW_MS, "data": list(rows)}


@pytest.mark.parametrize(("category", "market"), [("spot", SPOT_ETH), ("linear", PERP_ETH)])
@pytest.mark.parametrize("topic", ["order", "order.spot"])
def test_an_order_in_a_frame_is_what_a_look_up_shows(topic: str, category: str, market: Any) -> None:  # noqa: ANN401 - a table
    row = order_row(
        category=category, orderStatus="Cancelled", cumExecQty="0.10", rejectReason="EC_CancelForNoFullFill"
    )

    update = BYBIT.frame(frame(topic, row), BY_SYMBOL)

    assert update.orders == BYBIT.look_up(known(), market)[0].read(page([row])).items
    assert update.orders[0].status is OrderStatus.CANCELLED
    assert update.orders[0].instrument == market.instrument


def test_a_fill_in_a_frame_is_what_the_list_of_fills_shows() -> None:
    row = trade_row(category="linear")

    update = BYBIT.frame(frame("execution", row, trade_row(category="spot", execId="e-2")), BY_SYMBOL)

    assert update.trades[0] == BYBIT.trades_of(known(), PERP_ETH)[0].read(page([row])).items[0]
    assert [(trade.trade_id, trade.instrument, trade.fee_asset) for trade in update.trades] == [
        ("e-1", PERP_ETH.instrument, "USDT"),
        ("e-2", SPOT_ETH.instrument, "ETH"),
    ]
    assert not update.funding


def test_funding_in_a_frame_says_to_read_the_ledger_and_is_no_fill() -> None:
    row = trade_row(category="linear", execType="Funding", orderId="1760000000-1", orderLinkId="", execFee="-0.1")

    assert BYBIT.frame(frame("execution", row), BY_SYMBOL) == Update(funding=True)


def test_a_quick_fill_without_a_fee_points_at_its_order() -> None:
    row = {"category": "linear", "symbol": "ETHUSDT", "execId": "e-1", "orderId": "o-1", "execQty": "1", "seq": 7}

    for topic in ("execution.fast", "execution.fast.linear"):
        assert BYBIT.frame(frame(topic, row), BY_SYMBOL) == Update(touched=("o-1",))


@pytest.mark.parametrize("topic", ["wallet", "position", "position.linear"])
def test_a_wallet_or_a_position_says_to_look_at_the_balances(topic: str) -> None:
    assert BYBIT.frame(frame(topic, {"coin": []}), BY_SYMBOL) == Update(balances=True)


@pytest.mark.parametrize(
    "message",
    [
        {"op": "pong", "args": ["1760000000000"], "conn_id": "c"},
        {"op": "auth", "success": True, "ret_msg": "", "conn_id": "c"},
        {"op": "subscribe", "success": True, "ret_msg": "", "conn_id": "c"},
        frame("greeks", {"baseCoin": "ETH"}),
        frame("order"),
        frame("order", order_row(category="linear", symbol="SOLUSDT")),
        frame("order", order_row(category="inverse", symbol="ETHUSD")),
        frame("execution", trade_row(category="option", symbol="ETH-26JUN26-16000-P")),
    ],
)
def test_frames_about_nothing_of_ours_are_empty(message: dict[str, Any]) -> None:
    assert BYBIT.frame(message, BY_SYMBOL) == Update()


@pytest.mark.parametrize(
    "message",
    [
        None,
        "pong",
        [],
        {},
        {"topic": 3},
        {"topic": "order"},
        {"topic": "order", "data": {}},
        frame("order", order_row()),
        frame("order", order_row(category="linear", orderStatus="Parked")),
        frame("order", order_row(category="linear", cumExecQty="a")),
        frame("execution", trade_row(category="linear", execFee="")),
        frame("execution", trade_row(category="linear", isMaker="no")),
    ],
)
def test_a_frame_of_another_form_is_unreadable(message: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        BYBIT.frame(message, BY_SYMBOL)


def test_amounts_of_frames_are_exact() -> None:
    update = BYBIT.frame(frame("order", order_row(category="linear", qty="0.10", cumExecQty="0.03")), BY_SYMBOL)

    assert (update.orders[0].amount, update.orders[0].filled) == (D("0.10"), D("0.03"))
