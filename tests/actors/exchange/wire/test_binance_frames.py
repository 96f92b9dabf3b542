"""Frames of Binance's private streams are read as what they say; what they leave open is to be looked up."""

from typing import Any

import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import OrderStatus, UnreadableAnswerError, Update
from messages.units import BUY, MAKER, SELL, TAKER
from tests.actors.exchange.wire.binance_samples import (
    BOTH,
    NOW_MS,
    OURS,
    PERP_ETH,
    SPOT_ETH,
    D,
    algo_update,
    execution_report,
    order_trade_update,
)


def read(message: Any) -> Update:  # noqa: ANN401 - JSON
    return BINANCE.frame(message, BOTH)


def test_a_new_spot_order_is_seen() -> None:
    update = read(execution_report())

    [order] = update.orders
    assert (order.instrument, order.order_id, order.client_order_id) == (SPOT_ETH.instrument, "8801", OURS)
    assert (order.status, order.side, order.amount, order.price) == (OrderStatus.OPEN, BUY, D("0.25"), D("2500.5"))
    assert (order.updated_ms, update.trades, update.balances) == (NOW_MS - 10, (), False)


def test_a_fill_of_a_spot_order_is_a_trade_with_its_fee() -> None:
    update = read(
        execution_report(
            x="TRADE", X="PARTIALLY_FILLED", l="0.1", z="0.1", L="2500.1", n="0.0001", N="ETH", t=77, m=True
        )
    )

    [order], [trade] = update.orders, update.trades
    assert (order.status, order.filled) == (OrderStatus.OPEN, D("0.1"))
    assert (trade.trade_id, trade.order_id, trade.client_order_id, trade.side) == ("77", "8801", OURS, BUY)
    assert (trade.amount, trade.price, trade.liquidity) == (D("0.1"), D("2500.1"), MAKER)
    assert (trade.fee, trade.fee_asset, trade.at_ms) == (D("0.0001"), "ETH", NOW_MS - 10)


def test_a_fill_without_a_fee_has_none() -> None:
    [trade] = read(execution_report(x="TRADE", X="FILLED", l="0.25", z="0.25", L="2500.1", t=78)).trades

    assert (trade.fee, trade.fee_asset) == (D(0), "USDT")


def test_a_fee_without_its_asset_is_no_trade() -> None:
    with pytest.raises(UnreadableAnswerError, match="without its asset"):
        read(execution_report(x="TRADE", X="FILLED", l="0.25", z="0.25", L="2500.1", t=78, n="0.1"))


def test_a_cancel_of_spot_is_about_the_order_and_not_about_the_cancels_own_id() -> None:
    [order] = read(execution_report(x="CANCELED", X="CANCELED", c="cancel-of-it", C=OURS)).orders

    assert (order.client_order_id, order.status, order.reason) == (OURS, OrderStatus.CANCELLED, "CANCELED")


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        (
            {"x": "EXPIRED", "X": "EXPIRED", "eR": "INSUFFICIENT_LIQUIDITY"},
            OrderStatus.EXPIRED,
            "INSUFFICIENT_LIQUIDITY",
        ),
        (
            {"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"},
            OrderStatus.REJECTED,
            "INSUFFICIENT_BALANCES",
        ),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, OrderStatus.EXPIRED, "EXPIRED_IN_MATCH"),
    ],
)
def test_an_order_that_ends_says_why(changed: dict[str, Any], status: OrderStatus, reason: str) -> None:
    [order] = read(execution_report(**changed)).orders

    assert (order.status, order.reason) == (status, reason)


def test_a_stop_of_spot_waits_until_it_works() -> None:
    stop = {"o": "STOP_LOSS", "P": "2400.0", "p": "0.0"}

    [waiting] = read(execution_report(**stop, w=False)).orders
    [working] = read(execution_report(**stop)).orders

    assert (waiting.status, waiting.triggered, waiting.trigger_price) == (OrderStatus.WAITING, False, D(2400))
    assert (working.status, working.triggered, working.price) == (OrderStatus.OPEN, True, None)


def test_a_futures_order_and_its_fill_are_seen() -> None:
    update = read(
        order_trade_update(
            x="TRADE", X="FILLED", l="0.250", z="0.250", L="2500.10", n="0.25", N="USDT", t=501, o="MARKET", p="0"
        )
    )

    [order], [trade] = update.orders, update.trades
    assert (order.instrument, order.order_id, order.status) == (PERP_ETH.instrument, "990001", OrderStatus.FILLED)
    assert (order.price, order.filled, order.reason) == (None, D("0.25"), "")
    assert (trade.trade_id, trade.side, trade.liquidity, trade.fee, trade.fee_asset) == (
        "501",
        SELL,
        TAKER,
        D("0.25"),
        "USDT",
    )


def test_a_futures_fill_whose_fee_is_not_said_is_to_be_looked_up() -> None:
    frame = order_trade_update(x="TRADE", X="FILLED", l="0.250", z="0.250", L="2500.10", t=501)
    del frame["o"]["n"], frame["o"]["N"]

    update = read(frame)

    assert (update.trades, update.touched) == ((), (OURS,))
    assert update.orders[0].filled == D("0.25")


def test_a_liquidation_is_a_fill_of_a_strangers_order() -> None:
    update = read(
        order_trade_update(c="autoclose-1", x="CALCULATED", X="NEW_ADL", l="0.250", z="0.250", L="2400", n="1.5", t=9)
    )

    assert (update.orders[0].client_order_id, update.orders[0].status) == ("autoclose-1", OrderStatus.OPEN)
    assert update.trades[0].amount == D("0.25")


@pytest.mark.parametrize(
    ("execution", "status", "expected"),
    [
        ("NEW", "NEW", OrderStatus.OPEN),
        ("AMENDMENT", "NEW", OrderStatus.OPEN),
        ("CANCELED", "CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", "EXPIRED", OrderStatus.EXPIRED),
    ],
)
def test_futures_news_without_a_fill_has_no_trade(execution: str, status: str, expected: OrderStatus) -> None:
    update = read(order_trade_update(x=execution, X=status))

    assert (update.orders[0].status, update.trades) == (expected, ())


@pytest.mark.parametrize(
    ("changed", "status", "triggered", "child"),
    [
        ({}, OrderStatus.WAITING, False, None),
        ({"X": "TRIGGERING"}, OrderStatus.OPEN, True, None),
        ({"X": "TRIGGERED", "ai": "990002", "act": "MARKET"}, OrderStatus.OPEN, True, "990002"),
        ({"X": "CANCELED"}, OrderStatus.CANCELLED, False, None),
        ({"X": "EXPIRED"}, OrderStatus.EXPIRED, False, None),
        ({"X": "REJECTED", "rm": "Margin is insufficient."}, OrderStatus.REJECTED, False, None),
    ],
)
def test_a_trigger_order_of_futures_tells_its_life(
    changed: dict[str, Any],
    status: OrderStatus,
    triggered: bool,  # noqa: FBT001 - a case
    child: str | None,
) -> None:
    update = read(algo_update(**changed))

    [order] = update.orders
    assert (order.status, order.triggered, order.child) == (status, triggered, child)
    assert (order.client_order_id, order.order_id, order.trigger_price) == (OURS, "4000000000001", D(2400))
    assert update.touched == ()
    assert order.reason == (changed.get("rm") or (changed.get("X", "") if status is not OrderStatus.OPEN else ""))


@pytest.mark.parametrize(("filled", "status"), [("0.250", OrderStatus.FILLED), ("0.100", OrderStatus.OPEN)])
def test_a_finished_trigger_order_is_to_be_looked_up(filled: str, status: OrderStatus) -> None:
    update = read(algo_update(X="FINISHED", ai="990002", aq=filled))

    assert (update.orders[0].status, update.orders[0].filled) == (status, D(filled))
    assert update.touched == (OURS,)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"subscriptionId": 0, "event": {"e": "outboundAccountPosition", "B": []}}, Update(balances=True)),
        ({"subscriptionId": 0, "event": {"e": "balanceUpdate", "a": "BTC", "d": "1"}}, Update(balances=True)),
        ({"e": "ACCOUNT_UPDATE", "a": {"m": "FUNDING_FEE", "B": []}}, Update(funding=True, balances=True)),
        ({"e": "ACCOUNT_UPDATE", "a": {"m": "ORDER", "B": [], "P": []}}, Update(balances=True)),
        ({"stream": "key", "data": {"e": "ACCOUNT_UPDATE", "a": {"m": "ORDER"}}}, Update(balances=True)),
    ],
)
def test_balances_and_funding_are_hints(message: dict[str, Any], expected: Update) -> None:
    assert read(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        {"id": "1", "status": 200, "result": {"subscriptionId": 0}},
        {"e": "TRADE_LITE", "s": "ETHUSDT"},
        {"e": "MARGIN_CALL"},
        {"e": "listenKeyExpired", "listenKey": "k"},
        {"subscriptionId": 0, "event": {"e": "listStatus"}},
        execution_report(s="DOGEUSDT"),
        order_trade_update(s="DOGEUSDT"),
        algo_update(s="DOGEUSDT"),
    ],
)
def test_frames_about_nothing_of_ours_say_nothing(message: dict[str, Any]) -> None:
    assert read(message) == Update()


@pytest.mark.parametrize(
    "message",
    [
        None,
        "pong",
        [],
        execution_report(X="SHINY"),
        execution_report(z=None),
        {"e": "ORDER_TRADE_UPDATE"},
        {"e": "ORDER_TRADE_UPDATE", "o": []},
        order_trade_update(S="LONG"),
        algo_update(X="MAYBE"),
        {"e": "ACCOUNT_UPDATE"},
    ],
)
def test_a_frame_that_can_not_be_read_is_said_to_be_so(message: Any) -> None:  # noqa: ANN401 - whatever comes
    with pytest.raises(UnreadableAnswerError):
        read(message)
