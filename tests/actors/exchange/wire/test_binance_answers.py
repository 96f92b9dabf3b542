"""What Binance answers about orders is read as it is meant; what is not as promised is never taken for an answer."""

from typing import Any

import msgspec
import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import Market, OrderStatus, SeenOrder, UnreadableAnswerError
from messages.units import (
    BUY,
    LIMIT,
    MAKER,
    MARKET,
    SELL,
    STOP_LIMIT,
    STOP_MARKET,
    TAKER,
    TRAILING_STOP,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
)
from tests.actors.exchange.wire.binance_samples import (
    NOW_MS,
    OURS,
    PERP_ETH,
    SPOT_ETH,
    D,
    algo_order,
    intent,
    known,
    new_spot_order,
    perp_order,
    perp_trade,
    read_all,
    spot_order,
    spot_trade,
)

ALGO_ID, CHILD = 4_000_000_000_001, 990_001


def looked_up(market: Market, *answers: Any, **wanted: Any) -> SeenOrder:  # noqa: ANN401 - JSON, terms of an intent
    [query] = BINANCE.look_up(known(intent(market, **wanted)), market)
    _, found = read_all(query, answers)
    [seen] = found
    return seen


def test_a_spot_order_tells_its_fills_at_once() -> None:
    fills = [
        {"price": "2500.1", "qty": "0.15", "commission": "0.00015", "commissionAsset": "ETH", "tradeId": 56},
        {"price": "2500.2", "qty": "0.10", "commission": "0.0003", "commissionAsset": "BNB", "tradeId": 57},
    ]
    answer = new_spot_order() | {"status": "FILLED", "executedQty": "0.25000000", "fills": fills}

    placed = BINANCE.placed(answer, intent(SPOT_ETH), SPOT_ETH)

    assert placed.order_id == "8801"
    assert placed.seen is not None
    assert (placed.seen.status, placed.seen.filled, placed.seen.amount) == (OrderStatus.FILLED, D("0.25"), D("0.25"))
    first, second = placed.trades
    assert (first.trade_id, first.order_id, first.client_order_id) == ("56", "8801", OURS)
    assert (first.side, first.amount, first.price, first.liquidity) == (BUY, D("0.15"), D("2500.1"), TAKER)
    assert (first.fee, first.fee_asset, second.fee, second.fee_asset) == (D("0.00015"), "ETH", D("0.0003"), "BNB")
    assert first.at_ms == NOW_MS - 30


def test_a_stop_of_spot_that_was_taken_waits() -> None:
    answer = new_spot_order(type="STOP_LOSS_LIMIT", stopPrice="2400.00000000", workingTime=-1)

    seen = BINANCE.placed(answer, intent(SPOT_ETH, kind=STOP_LIMIT), SPOT_ETH).seen

    assert seen is not None
    assert (seen.status, seen.triggered, seen.trigger_price) == (OrderStatus.WAITING, False, D(2400))


def test_a_perp_order_tells_how_it_stands_and_no_fills() -> None:
    answer = perp_order(status="FILLED", executedQty="0.250", type="MARKET", origType="MARKET", price="0")

    placed = BINANCE.placed(answer, intent(PERP_ETH, kind=MARKET), PERP_ETH)

    assert placed.trades == ()
    assert placed.seen == SeenOrder(
        instrument=PERP_ETH.instrument,
        order_id=OrderId("990001"),
        client_order_id=intent(PERP_ETH).client_order_id,
        side=BUY,
        status=OrderStatus.FILLED,
        amount=BaseAmount(D("0.25")),
        filled=BaseAmount(D("0.25")),
        updated_ms=NOW_MS - 25,
    )


def test_a_trigger_order_of_futures_has_its_algo_id() -> None:
    answer = {key: value for key, value in algo_order().items() if not key.startswith("actual")}

    placed = BINANCE.placed(answer, intent(PERP_ETH, kind=STOP_MARKET), PERP_ETH)

    assert placed.order_id == str(ALGO_ID)
    assert placed.seen is not None
    assert (placed.seen.status, placed.seen.child, placed.seen.triggered) == (OrderStatus.WAITING, None, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": "BTCUSDT"},
        {"clientOrderId": "somebody-elses"},
        {"side": "SELL"},
        {"origQty": "0.5"},
        {"status": "SHINY"},
        {"orderId": None},
        {"executedQty": "1e3"},
        {"executedQty": "NaN"},
        {"fills": "none"},
    ],
)
def test_an_answer_that_is_not_about_the_order_is_no_answer(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        BINANCE.placed(new_spot_order() | wrong, intent(SPOT_ETH), SPOT_ETH)


@pytest.mark.parametrize("body", [None, "", "<html><body>502</body></html>", [], {}, {"code": 0, "msg": ""}, 7])
def test_a_body_without_an_order_is_no_answer(body: Any) -> None:  # noqa: ANN401 - whatever comes
    order, stop = known(intent(PERP_ETH)), known(intent(PERP_ETH, kind=STOP_MARKET))

    for market in (SPOT_ETH, PERP_ETH):
        with pytest.raises(UnreadableAnswerError):
            BINANCE.placed(body, intent(market), market)
        with pytest.raises(UnreadableAnswerError):
            BINANCE.cancelled(body, known(intent(market)), market)
        with pytest.raises(UnreadableAnswerError):
            looked_up(market, body)
    with pytest.raises(UnreadableAnswerError):
        BINANCE.cancelled(body, stop, PERP_ETH)
    with pytest.raises(UnreadableAnswerError):
        BINANCE.amended(body, order, PERP_ETH)


@pytest.mark.parametrize("body", [None, "", "<html></html>", {}, {"code": -1000}])
def test_a_list_that_is_none_is_never_an_empty_one(body: Any) -> None:  # noqa: ANN401 - whatever comes
    both = [SPOT_ETH, PERP_ETH]
    order = known(intent(SPOT_ETH), order_id="8801")

    for orders in BINANCE.open_orders(both):
        with pytest.raises(UnreadableAnswerError):
            orders.read(body)
    for trades in BINANCE.trades_of(order, SPOT_ETH):
        with pytest.raises(UnreadableAnswerError):
            trades.read(body)


@pytest.mark.parametrize(
    ("status", "executed", "expected"),
    [
        ("NEW", "0", OrderStatus.OPEN),
        ("PENDING_NEW", "0", OrderStatus.WAITING),
        ("PARTIALLY_FILLED", "0.1", OrderStatus.OPEN),
        ("PENDING_CANCEL", "0", OrderStatus.OPEN),
        ("FILLED", "0.25", OrderStatus.FILLED),
        ("CANCELED", "0.1", OrderStatus.CANCELLED),
        ("REJECTED", "0", OrderStatus.REJECTED),
        ("EXPIRED", "0.1", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", "0", OrderStatus.EXPIRED),
    ],
)
def test_every_status_has_its_meaning(status: str, executed: str, expected: OrderStatus) -> None:
    spot = looked_up(SPOT_ETH, spot_order(status=status, executedQty=executed))
    perp = looked_up(PERP_ETH, perp_order(status=status, executedQty=executed))

    assert (spot.status, spot.filled) == (perp.status, perp.filled) == (expected, D(executed))
    assert spot.price == perp.price == D("2500.5")
    assert bool(spot.reason) is (expected in {OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})


def test_a_look_up_goes_by_our_id_until_the_venues_is_known() -> None:
    unanswered = BINANCE.look_up(known(intent(SPOT_ETH)), SPOT_ETH)[0]
    spot = BINANCE.look_up(known(intent(SPOT_ETH), order_id="8801"), SPOT_ETH)[0]
    perp = BINANCE.look_up(known(intent(PERP_ETH)), PERP_ETH)[0]

    assert (unanswered.call.api, unanswered.call.weight) == ("privateGetOrder", 4)
    assert unanswered.call.params == {"symbol": "ETHUSDT", "origClientOrderId": OURS}
    assert spot.call.params == {"symbol": "ETHUSDT", "orderId": "8801"}
    assert (perp.call.api, perp.call.params) == (
        "fapiPrivateGetOrder",
        {"symbol": "ETHUSDT", "origClientOrderId": OURS},
    )
    assert unanswered.absent == perp.absent == {"-2013"}


def test_a_look_up_by_the_venues_id_asks_for_both_kinds_of_futures_orders() -> None:
    [spot] = BINANCE.look_up_by_id(OrderId("8801"), SPOT_ETH)
    plain, algo = BINANCE.look_up_by_id(OrderId("990001"), PERP_ETH)

    assert (spot.call.api, spot.call.params) == ("privateGetOrder", {"symbol": "ETHUSDT", "orderId": "8801"})
    assert (plain.call.api, plain.call.params) == ("fapiPrivateGetOrder", {"symbol": "ETHUSDT", "orderId": "990001"})
    assert (algo.call.api, algo.call.params) == ("fapiPrivateGetAlgoOrder", {"symbol": "ETHUSDT", "algoId": "990001"})
    assert read_all(algo, [algo_order()])[1][0].order_id == str(ALGO_ID)


@pytest.mark.parametrize(
    ("working", "status", "executed", "expected", "triggered"),
    [
        (False, "NEW", "0", OrderStatus.WAITING, False),
        (True, "NEW", "0", OrderStatus.OPEN, True),
        (True, "FILLED", "0.25", OrderStatus.FILLED, True),
        (False, "CANCELED", "0", OrderStatus.CANCELLED, False),
    ],
)
def test_a_stop_of_spot_waits_until_it_works(
    working: bool,  # noqa: FBT001 - a case
    status: str,
    executed: str,
    expected: OrderStatus,
    triggered: bool,  # noqa: FBT001 - a case
) -> None:
    answer = spot_order(
        type="STOP_LOSS", stopPrice="2400", price="0", isWorking=working, status=status, executedQty=executed
    )

    seen = looked_up(SPOT_ETH, answer, kind=STOP_MARKET)

    assert (seen.status, seen.triggered, seen.trigger_price, seen.price) == (expected, triggered, D(2400), None)


def test_a_trigger_order_of_futures_is_looked_up_at_the_algo_service() -> None:
    stop = intent(PERP_ETH, kind=STOP_LIMIT)

    [unanswered] = BINANCE.look_up(known(stop), PERP_ETH)
    [answered] = BINANCE.look_up(known(stop, order_id="a successor's"), PERP_ETH)
    seen = looked_up(PERP_ETH, algo_order(orderType="STOP", price="2500.50"), kind=STOP_LIMIT)

    assert (unanswered.call.api, unanswered.call.params) == (
        "fapiPrivateGetAlgoOrder",
        {"symbol": "ETHUSDT", "clientAlgoId": OURS},
    )
    assert answered.call.params == unanswered.call.params
    assert (seen.status, seen.price, seen.trigger_price) == (OrderStatus.WAITING, D("2500.5"), D(2400))
    assert (seen.order_id, seen.child, seen.updated_ms) == (str(ALGO_ID), None, NOW_MS - 80)


@pytest.mark.parametrize("status", ["TRIGGERED", "FINISHED"])
def test_a_trigger_order_that_became_another_one_is_as_that_one_is(status: str) -> None:
    algo = algo_order(algoStatus=status, actualOrderId=str(CHILD), triggerTime=NOW_MS - 50)
    child = perp_order(status="CANCELED", executedQty="0.100", type="MARKET", price="0")
    [query] = BINANCE.look_up(known(intent(PERP_ETH, kind=STOP_MARKET)), PERP_ETH)

    asked, [seen] = read_all(query, [algo, [child]])

    assert asked[1] == {"symbol": "ETHUSDT", "orderId": str(CHILD), "limit": 1}
    assert (seen.order_id, seen.child, seen.client_order_id) == (str(ALGO_ID), str(CHILD), OURS)
    assert (seen.status, seen.filled, seen.triggered) == (OrderStatus.CANCELLED, D("0.1"), True)
    assert (seen.trigger_price, seen.updated_ms) == (D(2400), NOW_MS - 25)


@pytest.mark.parametrize("listed", [[], [perp_order(orderId=CHILD + 9)]], ids=["nothing", "a later order"])
def test_a_trigger_order_whose_successor_is_not_shown_yet_was_found_all_the_same(listed: list[Any]) -> None:
    algo = algo_order(algoStatus="TRIGGERED", actualOrderId=str(CHILD))

    seen = looked_up(PERP_ETH, algo, listed, kind=STOP_MARKET)

    assert (seen.status, seen.triggered, seen.child, seen.filled) == (OrderStatus.OPEN, True, str(CHILD), D(0))


def test_a_finished_trigger_order_that_was_filled_whole_says_so_itself() -> None:
    algo = algo_order(algoStatus="FINISHED", actualOrderId=str(CHILD), actualQty="0.250")

    seen = looked_up(PERP_ETH, algo, [], kind=STOP_MARKET)

    assert (seen.status, seen.filled) == (OrderStatus.FILLED, D("0.25"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [("CANCELED", OrderStatus.CANCELLED), ("EXPIRED", OrderStatus.EXPIRED), ("REJECTED", OrderStatus.REJECTED)],
)
def test_a_trigger_order_may_end_without_becoming_another_one(status: str, expected: OrderStatus) -> None:
    seen = looked_up(PERP_ETH, algo_order(algoStatus=status), kind=STOP_MARKET)

    assert (seen.status, seen.reason, seen.filled) == (expected, status, D(0))


def test_a_trailing_stop_has_no_trigger_price() -> None:
    answer = algo_order(orderType="TRAILING_STOP_MARKET", triggerPrice="2411.00", callbackRate="0.5")

    assert looked_up(PERP_ETH, answer, kind=TRAILING_STOP).trigger_price is None


def test_open_orders_are_read_symbol_by_symbol_foreign_ones_too() -> None:
    spot, perp, algo = BINANCE.open_orders([SPOT_ETH, PERP_ETH])

    assert [(query.call.api, query.call.weight) for query in (spot, perp, algo)] == [
        ("privateGetOpenOrders", 6),
        ("fapiPrivateGetOpenOrders", 1),
        ("fapiPrivateGetOpenAlgoOrders", 1),
    ]
    assert {tuple(query.call.params.items()) for query in (spot, perp, algo)} == {(("symbol", "ETHUSDT"),)}
    assert [order.client_order_id for order in read_all(spot, [[spot_order(clientOrderId="web_1")]])[1]] == ["web_1"]
    assert read_all(perp, [[]])[1] == []
    assert read_all(algo, [[algo_order()]])[1][0].status is OrderStatus.WAITING


def test_a_cancel_must_say_that_this_order_is_cancelled() -> None:
    order = known(intent(SPOT_ETH), order_id="8801")
    answer = spot_order(status="CANCELED", origClientOrderId=OURS, clientOrderId="a-new-one")

    BINANCE.cancelled(answer, order, SPOT_ETH)
    BINANCE.cancelled(answer, known(intent(SPOT_ETH)), SPOT_ETH)
    for wrong in ({"status": "NEW"}, {"orderId": 8802}, {"symbol": "BTCUSDT"}):
        with pytest.raises(UnreadableAnswerError):
            BINANCE.cancelled(answer | wrong, order, SPOT_ETH)


def test_a_cancel_of_futures_must_say_so_too() -> None:
    answer = perp_order(status="CANCELED")
    taken = {"algoId": ALGO_ID, "clientAlgoId": OURS, "code": "200", "msg": "success"}
    stop = intent(PERP_ETH, kind=STOP_MARKET)
    foreign = msgspec.structs.replace(stop, client_order_id=ClientOrderId(""))

    BINANCE.cancelled(answer, known(intent(PERP_ETH)), PERP_ETH)
    BINANCE.cancelled(answer, known(stop, order_id=str(ALGO_ID), child=str(CHILD)), PERP_ETH)
    BINANCE.cancelled(taken, known(stop), PERP_ETH)
    BINANCE.cancelled(taken, known(foreign, order_id=str(ALGO_ID)), PERP_ETH)
    for order, wrong in (
        (known(intent(PERP_ETH)), answer | {"clientOrderId": "another"}),
        (known(stop), taken | {"code": "400"}),
        (known(stop), taken | {"clientAlgoId": "another"}),
        (known(foreign, order_id="5"), taken),
    ):
        with pytest.raises(UnreadableAnswerError):
            BINANCE.cancelled(wrong, order, PERP_ETH)


def test_an_amendment_shows_the_order_as_it_is_then() -> None:
    order = known(intent(PERP_ETH, side=SELL), order_id=str(CHILD))
    answer = perp_order(price="2510.10", origQty="0.300", side="SELL")

    seen = BINANCE.amended(answer, order, PERP_ETH)

    assert seen is not None
    assert (seen.price, seen.amount, seen.status) == (Price(D("2510.1")), D("0.3"), OrderStatus.OPEN)
    with pytest.raises(UnreadableAnswerError):
        BINANCE.amended(answer | {"orderId": 1}, order, PERP_ETH)


def test_fills_of_an_order_are_read_page_by_page() -> None:
    [query] = BINANCE.trades_of(known(intent(SPOT_ETH), order_id="8801"), SPOT_ETH)
    first = [spot_trade(number) for number in range(1, 1001)]

    asked, found = read_all(query, [first, [spot_trade(1001, isBuyer=False, isMaker=True)]])

    assert (query.call.api, query.call.weight) == ("privateGetMyTrades", 5)
    assert asked == [
        {"symbol": "ETHUSDT", "orderId": "8801", "limit": 1000},
        {"symbol": "ETHUSDT", "orderId": "8801", "limit": 1000, "fromId": 1001},
    ]
    assert [trade.trade_id for trade in found] == [str(number) for number in range(1, 1002)]
    assert (found[0].side, found[0].liquidity, found[0].fee, found[0].fee_asset) == (BUY, TAKER, D("0.0001"), "ETH")
    assert (found[-1].side, found[-1].liquidity) == (SELL, MAKER)


def test_fills_of_a_trigger_order_are_those_of_the_order_that_it_became() -> None:
    stop = intent(PERP_ETH, kind=STOP_MARKET)

    [query] = BINANCE.trades_of(known(stop, order_id=str(ALGO_ID), child=str(CHILD)), PERP_ETH)
    [trade] = read_all(query, [[perp_trade(7)]])[1]

    assert query.call.params == {"symbol": "ETHUSDT", "orderId": str(CHILD), "limit": 1000}
    assert (trade.order_id, trade.side, trade.liquidity, trade.price) == (str(CHILD), SELL, MAKER, D("2500.1"))
    assert (trade.fee, trade.fee_asset, trade.amount, trade.at_ms) == (D("0.050002"), "USDT", D("0.1"), NOW_MS - 20)
    assert BINANCE.trades_of(known(stop, order_id=str(ALGO_ID)), PERP_ETH) == []


def test_a_plain_limit_order_has_no_trigger() -> None:
    seen = looked_up(SPOT_ETH, spot_order(), kind=LIMIT)

    assert (seen.trigger_price, seen.triggered, seen.child) == (None, False, None)
