"""A frame of OKX's private streams says what it says in full, and names what has to be looked up."""

from typing import Any

import pytest

from actors.exchange.wire.contract import OrderStatus, SeenTrade, UnreadableAnswerError, Update
from actors.exchange.wire.okx import OKX
from messages.units import MAKER, Asset, BaseAmount, ClientOrderId, OrderId, Price, Side, TradeId
from tests.actors.exchange.wire.okx_samples import ETH, MARKETS, NOW_MS, OURS, SWAP, D, algo_row, order_row

FILL = {
    "state": "partially_filled",
    "accFillSz": "0.3",
    "fillSz": "0.2",
    "fillPx": "2499.5",
    "fillTime": "1760000000300",
    "tradeId": "242589207",
    "execType": "M",
    "fillFee": "-0.00016",
    "fillFeeCcy": "ETH",
}


def pushed(channel: str, *data: dict[str, Any]) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instType": "ANY", "uid": "1"}, "data": list(data)}


def test_a_fill_is_told_with_its_order() -> None:
    update = OKX.frame(pushed("orders", order_row(**FILL)), MARKETS)

    (seen,) = update.orders
    assert (seen.status, seen.filled, seen.client_order_id) == (OrderStatus.OPEN, D("0.3"), OURS)
    assert update.trades == (
        SeenTrade(
            instrument=ETH.instrument,
            trade_id=TradeId("242589207"),
            order_id=OrderId("2510789768709120000"),
            client_order_id=ClientOrderId(OURS),
            side=Side.BUY,
            amount=BaseAmount(D("0.2")),
            price=Price(D("2499.5")),
            fee=D("0.00016"),
            fee_asset=Asset("ETH"),
            liquidity=MAKER,
            at_ms=NOW_MS + 300,
        ),
    )
    assert update.touched == ()


def test_a_perps_fill_is_in_base() -> None:
    row = order_row(SWAP, **FILL | {"sz": "5", "accFillSz": "2", "fillSz": "2", "fillFeeCcy": "USDT"})

    update = OKX.frame(pushed("orders", row), MARKETS)

    assert (update.orders[0].amount, update.orders[0].filled, update.trades[0].amount) == (D("0.5"), D("0.2"), D("0.2"))


@pytest.mark.parametrize("lack", [{"fillFee": ""}, {"fillFeeCcy": ""}, {"tradeId": ""}, {"tradeId": "0"}])
def test_a_fill_that_is_not_told_in_full_is_to_be_looked_up(lack: dict[str, str]) -> None:
    update = OKX.frame(pushed("orders", order_row(**FILL | lack)), MARKETS)

    assert (update.trades, update.touched) == ((), (OURS,))


def test_an_order_without_a_fill_tells_no_trade() -> None:
    update = OKX.frame(pushed("orders", order_row()), MARKETS)

    assert (len(update.orders), update.trades, update.touched) == (1, (), ())


def test_a_post_only_order_that_would_take_is_cancelled_with_its_reason() -> None:
    row = order_row(SWAP, ordType="post_only", state="canceled", cancelSource="31", cancelSourceReason="would take")

    (seen,) = OKX.frame(pushed("orders", row), MARKETS).orders

    assert (seen.status, seen.reason) == (OrderStatus.CANCELLED, "would take")


def test_an_amendment_that_failed_is_to_be_looked_up() -> None:
    update = OKX.frame(pushed("orders", order_row(amendResult="-1")), MARKETS)

    assert update.touched == (OURS,)


def test_a_strangers_order_is_named_by_the_venues_id() -> None:
    update = OKX.frame(pushed("orders", order_row(clOrdId="", **FILL | {"fillFee": ""})), MARKETS)

    assert update.touched == ("2510789768709120000",)


def test_the_child_of_a_trigger_order_stands_under_its_names_and_its_trade_under_its_own() -> None:
    row = order_row(SWAP, **FILL | {"ordId": "43", "clOrdId": "", "algoId": "42", "algoClOrdId": OURS})

    update = OKX.frame(pushed("orders", row), MARKETS)

    (seen,), (trade,) = update.orders, update.trades
    assert (seen.order_id, seen.client_order_id, seen.child, seen.triggered) == ("42", OURS, "43", True)
    assert (trade.order_id, trade.client_order_id) == ("43", OURS)


def test_several_orders_in_one_frame_and_those_of_others_left_out() -> None:
    stranger = order_row(instType="OPTION", instId="BTC-USD-260101-1-C", state="strange")
    unknown = order_row(instId="DOGE-USDT")

    update = OKX.frame(pushed("orders", order_row(), stranger, unknown, order_row(SWAP)), MARKETS)

    assert [each.instrument for each in update.orders] == [ETH.instrument, SWAP.instrument]


@pytest.mark.parametrize("channel", ["orders-algo", "algo-advance"])
def test_a_trigger_order_waits_and_triggers(channel: str) -> None:
    waiting = OKX.frame(pushed(channel, algo_row()), MARKETS)
    triggered = OKX.frame(pushed(channel, algo_row(state="effective", ordId="43", ordIdList=["43"])), MARKETS)

    assert (waiting.orders[0].status, waiting.touched) == (OrderStatus.WAITING, ())
    assert (triggered.orders[0].triggered, triggered.orders[0].child, triggered.touched) == (True, "43", (OURS,))


def test_algo_orders_of_kinds_that_we_never_send_are_left_out() -> None:
    assert OKX.frame(pushed("algo-advance", algo_row(ordType="twap", state="strange")), MARKETS) == Update()


@pytest.mark.parametrize("channel", ["account", "positions"])
def test_balances_and_positions_are_hints(channel: str) -> None:
    assert OKX.frame(pushed(channel, {"uTime": "1"}), MARKETS) == Update(balances=True)


def test_a_funding_payment_is_told_by_balance_and_position() -> None:
    funding = OKX.frame(pushed("balance_and_position", {"eventType": "funding_fee"}), MARKETS)
    filled = OKX.frame(pushed("balance_and_position", {"eventType": "filled"}), MARKETS)

    assert (funding.funding, funding.balances, filled.funding) == (True, True, False)


NOTHING: list[Any] = [
    "pong",
    {"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"},
    {"event": "subscribe", "arg": {"channel": "orders", "instType": "ANY"}, "connId": "a4d3ae55"},
    {"event": "channel-conn-count", "channel": "orders", "connCount": "2", "connId": "a4d3ae55"},
    {"event": "notice", "code": "64008", "msg": "The connection will soon be closed", "connId": "a4d3ae55"},
    {"id": "1512", "op": "order", "code": "0", "msg": "", "data": [{"sCode": "0"}]},
    pushed("tickers", {"last": "2500"}),
]


@pytest.mark.parametrize("message", NOTHING)
def test_frames_about_nothing_of_ours_are_an_empty_update(message: Any) -> None:  # noqa: ANN401 - any JSON
    assert OKX.frame(message, MARKETS) == Update()


UNREADABLE: list[Any] = [
    None,
    "",
    [],
    {},
    {"arg": {"channel": "orders"}},
    {"arg": "orders", "data": []},
    {"arg": {"channel": "orders"}, "data": [1]},
    {"event": "error", "code": "60012", "msg": "Invalid request", "connId": "a4d3ae55"},
    pushed("orders", {}),
    pushed("orders", order_row(state="strange")),
    pushed("orders", order_row(**FILL | {"fillPx": ""})),
    pushed("orders-algo", algo_row(state="strange")),
]


@pytest.mark.parametrize("message", UNREADABLE)
def test_a_frame_of_another_form_is_unreadable(message: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(UnreadableAnswerError):
        OKX.frame(message, MARKETS)
