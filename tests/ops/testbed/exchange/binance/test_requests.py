"""Corners of Binance's requests that clients seldom meet: answer types, pages, modes, refusals by product."""

from typing import Any

import pytest

from messages.units import PERP
from tests.ops.testbed.exchange.binance.door import NOW_MS, ORDER, OTHER, UID, D, Door, decoded

SPOT_ORDER, PERP_ORDER, ALGO = "/api/v3/order", "/fapi/v1/order", "/fapi/v1/algoOrder"
MARKET: dict[str, Any] = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
STOP: dict[str, Any] = {
    "symbol": "ETHUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.01",
    "algoType": "CONDITIONAL",
}
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("form", "kind", "there", "not_there"),
    [
        ("ACK", "LIMIT", "transactTime", "status"),
        ("RESULT", "LIMIT", "status", "fills"),
        ("FULL", "LIMIT", "fills", "isWorking"),
        ("", "LIMIT", "fills", "isWorking"),
        ("", "LIMIT_MAKER", "transactTime", "status"),
    ],
)
def test_spot_answers_as_long_as_it_is_asked_to(form: str, kind: str, there: str, not_there: str) -> None:
    order: dict[str, Any] = {**ORDER, "type": kind} | ({"newOrderRespType": form} if form else {})

    answer = Door().ask("POST", SPOT_ORDER, **order)

    assert there in answer
    assert not_there not in answer


def test_an_order_without_a_client_id_gets_one() -> None:
    door = Door()

    made = {door.ask("POST", path, **ORDER | {"price": "2410"})["clientOrderId"] for path in (SPOT_ORDER, PERP_ORDER)}

    assert len(made) == 2
    assert all(len(each) == 22 for each in made)


def test_a_test_order_is_only_looked_at() -> None:
    door = Door()

    assert door.ask("POST", "/api/v3/order/test", **ORDER) == {}
    assert door.ask("GET", "/api/v3/openOrders") == []


@pytest.mark.parametrize(
    ("path", "changed", "code"),
    [
        (PERP_ORDER, {"price": "2400.001"}, -4014),
        (PERP_ORDER, {"quantity": "0.0001"}, -4003),
        (PERP_ORDER, {"quantity": "0.0105"}, -1111),
        (PERP_ORDER, {"quantity": "0.005"}, -4164),
        (PERP_ORDER, {"quantity": "20000"}, -4005),
        (PERP_ORDER, {"price": "2700"}, -4016),
        (PERP_ORDER, {"side": "SELL", "price": "2300"}, -4024),
        (PERP_ORDER, {"quantity": "900"}, -2019),
        (PERP_ORDER, {"timeInForce": "GTX", "price": "2510"}, -5022),
        (PERP_ORDER, {"reduceOnly": "true"}, -2022),
        (PERP_ORDER, {"type": "STOP_MARKET"}, -4120),
        (PERP_ORDER, {"positionSide": "LONG"}, -4061),
        (PERP_ORDER, {"newClientOrderId": "x" * 37}, -4015),
        (PERP_ORDER, {"reduceOnly": "maybe"}, -1130),
        (PERP_ORDER, {"timeInForce": "NOW"}, -1115),
        (SPOT_ORDER, {"type": "LIMIT_MAKER", "price": "2510"}, -2010),
        (SPOT_ORDER, {"side": "SELL", "quantity": "11", "price": "2600"}, -2010),
        (SPOT_ORDER, {"type": "STOP_LOSS"}, -1102),
        (SPOT_ORDER, {"type": "TAKE_PROFIT", "trailingDelta": "50"}, -1020),
        (SPOT_ORDER, {"type": "STOP_LOSS", "trailingDelta": "5"}, -1130),
        (SPOT_ORDER, {"newOrderRespType": "LONG"}, -1130),
        (SPOT_ORDER, {"quantity": "1e3"}, -1130),
        (SPOT_ORDER, {"side": "HOLD"}, -1117),
    ],
)
def test_an_order_is_refused_in_the_products_words(path: str, changed: dict[str, Any], code: int) -> None:
    assert Door().code("POST", path, **ORDER | changed) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"triggerPrice": "2600"}, -2021),
        ({"triggerPrice": "2400.001"}, -4014),
        ({}, -1102),
        ({"algoType": "VP", "triggerPrice": "2400"}, -1116),
        ({"workingType": "INDEX", "triggerPrice": "2400"}, -1130),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "0.05"}, -1130),
        ({"type": "STOP", "triggerPrice": "2400"}, -1102),
    ],
)
def test_an_algo_order_is_refused_too(changed: dict[str, Any], code: int) -> None:
    assert Door().code("POST", ALGO, **STOP | changed) == code


def test_the_two_services_of_futures_know_nothing_of_each_others_orders() -> None:
    door = Door()
    plain = door.ask("POST", PERP_ORDER, **ORDER, newClientOrderId="plain")
    stop = door.ask("POST", ALGO, **STOP, triggerPrice="2400", clientAlgoId="stop")

    assert door.code("GET", PERP_ORDER, symbol="ETHUSDT", origClientOrderId="stop") == -2013
    assert door.code("DELETE", PERP_ORDER, symbol="ETHUSDT", orderId=stop["algoId"]) == -2011
    assert door.code("GET", ALGO, clientAlgoId="plain") == -2013
    assert door.code("DELETE", ALGO, algoId=plain["orderId"], symbol="ETHUSDT") == -2011
    assert [order["clientOrderId"] for order in door.ask("GET", "/fapi/v1/openOrders")] == ["plain"]
    assert [order["clientAlgoId"] for order in door.ask("GET", "/fapi/v1/openAlgoOrders")] == ["stop"]
    door.ask("DELETE", "/fapi/v1/allOpenOrders", symbol="ETHUSDT")
    assert door.ask("GET", ALGO, clientAlgoId="stop")["algoStatus"] == "NEW"
    door.ask("DELETE", "/fapi/v1/algoOpenOrders", symbol="ETHUSDT")
    assert door.ask("GET", ALGO, algoId=stop["algoId"])["algoStatus"] == "CANCELED"


def test_a_stop_that_closes_the_position_has_no_amount() -> None:
    door = Door()
    door.ask("POST", PERP_ORDER, **MARKET)
    closing: dict[str, Any] = {name: value for name, value in STOP.items() if name != "quantity"} | {
        "closePosition": "true"
    }

    door.ask("POST", ALGO, **closing, triggerPrice="2400")
    door.engine.move(door.engine.market(PERP, "ETHUSDT"), D(2390))

    assert door.ask("GET", "/fapi/v3/positionRisk") == []


def test_a_trigger_order_without_margin_is_refused_when_it_triggers() -> None:
    door = Door()
    stop = door.ask("POST", ALGO, **STOP | {"quantity": "1500"}, triggerPrice="2400")
    door.engine.move(door.engine.market(PERP, "ETHUSDT"), D(2390))

    assert door.ask("GET", ALGO, algoId=stop["algoId"])["algoStatus"] == "REJECTED"


def test_all_open_spot_orders_of_a_symbol_are_cancelled() -> None:
    door = Door()
    placed = [door.ask("POST", SPOT_ORDER, **ORDER, newClientOrderId=name) for name in ("a", "b")]

    cancelled = door.ask("DELETE", "/api/v3/openOrders", symbol="ETHUSDT")

    assert [order["origClientOrderId"] for order in cancelled] == ["a", "b"]
    assert {order["status"] for order in cancelled} == {"CANCELED"}
    assert not {order["clientOrderId"] for order in cancelled} & {"a", "b"}
    assert door.code("DELETE", "/api/v3/openOrders", symbol="ETHUSDT") == -2011
    assert placed[0]["status"] == "NEW"


@pytest.mark.parametrize(("path", "orders"), [("/api/v3/myTrades", SPOT_ORDER), ("/fapi/v1/userTrades", PERP_ORDER)])
def test_trades_are_paged_by_id_and_by_time(path: str, orders: str) -> None:
    door = Door()
    for _ in range(5):
        door.ask("POST", orders, **MARKET)
        door.clock.at_ms += 1_000

    def ids(**asked: Any) -> list[int]:  # noqa: ANN401
        return [trade["id"] for trade in door.ask("GET", path, symbol="ETHUSDT", **asked)]

    every = ids()
    assert len(every) == 5
    assert ids(limit=2) == every[-2:]
    assert ids(fromId=every[1], limit=2) == every[1:3]
    assert ids(startTime=NOW_MS, limit=2) == every[:2]
    assert ids(startTime=NOW_MS + 1_000, endTime=NOW_MS + 2_000) == every[1:3]
    assert ids(orderId=door.ask("GET", path, symbol="ETHUSDT")[2]["orderId"]) == [every[2]]
    longest = DAY_MS if "myTrades" in path else 7 * DAY_MS
    assert ids(startTime=NOW_MS, endTime=NOW_MS + longest) == every
    assert door.code("GET", path, symbol="ETHUSDT", startTime=NOW_MS, endTime=NOW_MS + longest + 1) == -1127


def test_ids_of_futures_trades_go_without_times() -> None:
    assert Door().code("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", fromId=1, startTime=NOW_MS) == -1130


@pytest.mark.parametrize(("path", "orders"), [("/api/v3/allOrders", SPOT_ORDER), ("/fapi/v1/allOrders", PERP_ORDER)])
def test_orders_are_paged_by_id(path: str, orders: str) -> None:
    door = Door()
    made = [door.ask("POST", orders, **ORDER)["orderId"] for _ in range(4)]

    def ids(**asked: Any) -> list[int]:  # noqa: ANN401
        return [order["orderId"] for order in door.ask("GET", path, symbol="ETHUSDT", **asked)]

    assert ids() == made
    assert ids(orderId=made[1], limit=2) == made[1:3]
    assert ids(limit=1) == made[-1:]


def test_modes_change_only_where_nothing_is_open() -> None:
    door = Door()
    mode, margin = "/fapi/v1/positionSide/dual", "/fapi/v1/marginType"
    door.ask("POST", PERP_ORDER, **ORDER)

    assert door.code("POST", mode, dualSidePosition="false") == -4059
    assert door.code("POST", mode, dualSidePosition="true") == -4068
    assert door.code("POST", margin, symbol="ETHUSDT", marginType="CROSSED") == -4046
    assert door.code("POST", margin, symbol="ETHUSDT", marginType="ISOLATED") == -4048
    assert door.ask("POST", mode, key=OTHER, dualSidePosition="true") == {"code": 200, "msg": "success"}
    assert door.ask("GET", mode, key=OTHER) == {"dualSidePosition": True}
    assert door.code("POST", PERP_ORDER, key=OTHER, **ORDER) == -4061
    door.ask("POST", margin, key=OTHER, symbol="BTCUSDT", marginType="ISOLATED")
    config = door.ask("GET", "/fapi/v1/symbolConfig", key=OTHER, symbol="BTCUSDT")
    assert config[0]["marginType"] == "ISOLATED"


def test_withdrawals_go_out_with_their_fee_and_are_found_by_their_label() -> None:
    door = Door()
    apply, history = "/sapi/v1/capital/withdraw/apply", "/sapi/v1/capital/withdraw/history"
    asked: dict[str, Any] = {
        "coin": "USDT",
        "amount": "100",
        "address": "0xabc",
        "network": "ARBITRUM",
        "withdrawOrderId": "w1",
    }
    made = door.ask("POST", apply, **asked)

    [row] = door.ask("GET", history, withdrawOrderId="w1")
    assert (row["id"], row["amount"], row["transactionFee"], row["status"]) == (made["id"], "99.9", "0.1", 4)
    assert door.ask("GET", history, withdrawOrderId="w2") == []
    held = {each["asset"]: each["free"] for each in door.ask("GET", "/api/v3/account")["balances"]}
    assert held["USDT"] == "99900.00000000"
    door.clock.at_ms += 20_000
    door.engine.tick()
    door.engine.tick()
    assert door.ask("GET", history)[0]["status"] == 6
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"coin": "DOGE"}, -1126),
        ({"network": "SOL"}, -4019),
        ({"amount": "1"}, -4003),
    ]
    for changed, code in wrong:
        assert door.code("POST", apply, **asked | changed) == code
    assert door.code("POST", apply, **asked | {"amount": "1000000"}) == -4026


def test_the_ledger_has_types_and_pages() -> None:
    door = Door()
    door.ask("POST", PERP_ORDER, **MARKET)
    door.ask("POST", PERP_ORDER, **MARKET | {"side": "SELL"})
    door.ask("POST", "/sapi/v1/asset/transfer", type="UMFUTURE_MAIN", asset="USDT", amount="5")

    every = door.ask("GET", "/fapi/v1/income", limit=1000)
    assert {row["incomeType"] for row in every} == {"COMMISSION", "REALIZED_PNL", "TRANSFER"}
    assert [row["income"] for row in every if row["incomeType"] == "TRANSFER"] == ["-5.00000000"]
    assert len({row["tranId"] for row in every}) == len(every)
    pages = [door.ask("GET", "/fapi/v1/income", limit=2, page=page) for page in (1, 2, 3)]
    assert [row for page in pages for row in page] == every[:6]
    assert door.ask("GET", "/fapi/v1/income", incomeType="SPECIAL_FUNDING_FEE") == []
    assert door.code("GET", "/fapi/v1/income", incomeType="NONSENSE") == -1130


def test_streams_are_named_in_the_path_too() -> None:
    door = Door()
    raw = door.open("stream.binance.com", "/ws/ethusdt@miniTicker")
    combined = door.open("fstream.binance.com", "/stream", "streams=ethusdt@markPrice/btcusdt@kline_1m")
    asked = door.open("stream.binance.com", "/ws")

    assert [frame["e"] for frame in decoded(raw.second(NOW_MS))] == ["24hrMiniTicker"]
    assert {frame["stream"] for frame in decoded(combined.second(NOW_MS))} == {"ethusdt@markPrice", "btcusdt@kline_1m"}
    assert decoded(asked.second(NOW_MS)) == []
    assert decoded(asked.receive('{"method": "SUBSCRIBE", "params": ["btcusdt@ticker", "nope@ticker"], "id": 3}')) == [
        {"result": None, "id": 3}
    ]
    assert decoded(asked.receive('{"method": "LIST_SUBSCRIPTIONS", "id": 4}')) == [
        {"result": ["btcusdt@ticker"], "id": 4}
    ]
    assert [frame["s"] for frame in decoded(asked.second(NOW_MS))] == ["BTCUSDT"]
    asked.receive('{"method": "UNSUBSCRIBE", "params": ["btcusdt@ticker"], "id": 5}')
    assert decoded(asked.second(NOW_MS)) == []
    assert "error" in decoded(asked.receive("nonsense"))[0]


def test_the_websocket_api_answers_what_it_knows() -> None:
    session = Door().open("ws-api.binance.com", "/ws-api/v3")

    [time] = decoded(session.receive('{"id": 1, "method": "time"}'))
    [unknown] = decoded(session.receive('{"id": 2, "method": "order.dance"}'))

    assert (time["id"], time["status"], time["result"]) == (1, 200, {"serverTime": NOW_MS})
    assert (unknown["id"], unknown["status"]) == (2, 400)
    assert UID


def test_a_listen_key_that_is_none_opens_a_silent_stream() -> None:
    door = Door()
    session = door.open("fstream.binance.com", "/private/ws", "listenKey=nothing")

    assert session.second(NOW_MS) == []
    assert door.answer(door.request("PUT", "/fapi/v1/listenKey", api_key="owner")).code == "-1125"
    made = door.answer(door.request("POST", "/fapi/v1/listenKey", api_key="owner"))
    assert made.status == 200
    assert door.answer(door.request("DELETE", "/fapi/v1/listenKey", api_key="owner")).status == 200
    assert door.answer(door.request("PUT", "/fapi/v1/listenKey", api_key="owner")).code == "-1125"
