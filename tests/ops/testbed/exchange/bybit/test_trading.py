"""Orders on the local Bybit: what is taken, what is refused and with which code, and how they are seen afterwards."""

from typing import Any

import pytest

from tests.ops.testbed.exchange.bybit.desk import NOW_MS, OTHER, PERP, SPOT, Desk, order


@pytest.fixture
def desk() -> Desk:
    return Desk()


def seen(desk: Desk, made: dict[str, Any], category: str = "linear") -> dict[str, Any]:
    (row,) = desk.get("/v5/order/realtime", category=category, orderId=made["orderId"])["list"]
    assert isinstance(row, dict)
    return row


def show(row: dict[str, Any], *names: str) -> tuple[object, ...]:
    return tuple(row[name] for name in names)


@pytest.mark.parametrize(("category", "is_uuid"), [("linear", True), ("spot", False)])
def test_an_order_is_acknowledged_with_ids_alone_and_then_seen(desk: Desk, category: str, is_uuid: bool) -> None:  # noqa: FBT001 - a table
    made = desk.place(category, orderLinkId="x1")

    assert sorted(made) == ["orderId", "orderLinkId"]
    assert (made["orderLinkId"], "-" in made["orderId"]) == ("x1", is_uuid)
    row = seen(desk, made, category)
    assert show(row, "orderLinkId", "symbol", "side", "orderType", "timeInForce", "price", "qty") == (
        "x1",
        "ETHUSDT",
        "Buy",
        "Limit",
        "GTC",
        "2475",
        "1",
    )
    assert show(row, "orderStatus", "cumExecQty", "leavesQty", "avgPrice", "cancelType", "rejectReason") == (
        "New",
        "0",
        "1",
        "",
        "UNKNOWN",
        "EC_NoError",
    )
    assert row["createdTime"] == row["updatedTime"] == str(NOW_MS)


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_a_market_order_fills_at_once(desk: Desk, category: str) -> None:
    made = desk.place(category, orderType="Market", price=None, qty="0.5", marketUnit="baseCoin")

    row = seen(desk, made, category)
    assert show(row, "orderStatus", "cumExecQty", "timeInForce", "price") == ("Filled", "0.5", "IOC", "0")
    assert float(row["avgPrice"]) > 2500


def test_a_market_buy_on_spot_is_by_value_unless_it_says_otherwise(desk: Desk) -> None:
    made = desk.place("spot", orderType="Market", price=None, qty="100")

    row = seen(desk, made, "spot")
    assert show(row, "marketUnit", "qty", "orderStatus") == ("quoteCoin", "100", "Filled")
    assert 0.039 < float(row["cumExecQty"]) < 0.04


def test_a_market_sell_on_spot_is_in_base(desk: Desk) -> None:
    made = desk.place("spot", side="Sell", orderType="Market", price=None, qty="2")

    assert show(seen(desk, made, "spot"), "marketUnit", "cumExecQty") == ("baseCoin", "2")


@pytest.mark.parametrize("category", ["linear", "spot"])
def test_a_post_only_order_that_would_take_is_acknowledged_and_then_cancelled(desk: Desk, category: str) -> None:
    made = desk.place(category, price="2510", timeInForce="PostOnly")

    row = seen(desk, made, category)
    assert show(row, "orderStatus", "rejectReason", "cumExecQty", "leavesQty") == (
        "Cancelled",
        "EC_PostOnlyWillTakeLiquidity",
        "0",
        "0",
    )


@pytest.mark.parametrize(("tif", "reason"), [("IOC", "EC_NoImmediateQtyToFill"), ("FOK", "EC_CancelForNoFullFill")])
def test_an_order_that_does_not_wait_is_cancelled(desk: Desk, tif: str, reason: str) -> None:
    made = desk.place(timeInForce=tif)

    row = seen(desk, made)
    assert show(row, "orderStatus", "cumExecQty") == ("Cancelled", "0")
    assert row["rejectReason"] in {reason, "EC_NoImmediateQtyToFill"}


def test_what_is_left_of_an_immediate_order_on_spot_has_a_word_of_its_own(desk: Desk) -> None:
    made = desk.place("spot", qty="39", price="2500.13", timeInForce="IOC")

    row = seen(desk, made, "spot")
    assert row["orderStatus"] == "PartiallyFilledCanceled"
    assert 0 < float(row["cumExecQty"]) < 39


@pytest.mark.parametrize(
    ("changed", "linear", "spot"),
    [
        ({"symbol": "NOPE"}, 10001, 170121),
        ({"symbol": None}, 10001, 170105),
        ({"side": "buy"}, 10001, 170130),
        ({"orderType": "Stop"}, 10001, 170130),
        ({"timeInForce": "GTX"}, 10001, 170130),
        ({"qty": None}, 10001, 170105),
        ({"qty": "-1"}, 10001, 170130),
        ({"qty": "1e3"}, 10001, 170130),
        ({"qty": {}}, 10001, 170130),
        ({"price": None}, 10001, 170105),
        ({"price": "0"}, 110003, 170133),
        ({"price": "2475.001"}, 10001, 170134),
        ({"qty": "0.000001"}, 10001, 170136),
        ({"qty": "1.000001"}, 10001, 170137),
        ({"qty": "9999"}, 10001, 170135),
        ({"orderLinkId": "a" * 37}, 10001, 170130),
        ({"orderLinkId": "not an id"}, 10001, 170130),
        ({"qty": "45"}, 0, 170131),
        ({"qty": "2000", "price": "2475"}, 110007, 170131),
        ({"side": "Sell", "qty": "11", "price": "2525"}, 0, 170131),
    ],
)
def test_what_is_wrong_with_an_order_has_the_code_of_its_product(
    desk: Desk, changed: dict[str, Any], linear: int, spot: int
) -> None:
    assert desk.code("/v5/order/create", **order("linear", **changed)) == linear
    assert desk.code("/v5/order/create", **order("spot", **changed)) == spot


def test_an_order_of_too_little_value_is_refused(desk: Desk) -> None:
    desk.move("200")
    desk.move("200", product=SPOT)

    assert desk.code("/v5/order/create", **order("linear", qty="0.02", price="199")) == 110094
    assert desk.code("/v5/order/create", **order("spot", qty="0.02", price="199")) == 170140


def test_a_price_outside_of_the_band_is_refused_on_spot_and_moved_for_perps(desk: Desk) -> None:
    assert desk.code("/v5/order/create", **order("spot", price="2600")) == 170193
    assert desk.code("/v5/order/create", **order("spot", side="Sell", price="2400")) == 170194

    made = desk.place(side="Sell", price="2400", qty="0.01")

    assert seen(desk, made)["price"] == "2450"


@pytest.mark.parametrize(("category", "code"), [("linear", 110072), ("spot", 170141)])
def test_a_client_id_is_taken_once_for_ever(desk: Desk, category: str, code: int) -> None:
    made = desk.place(category, orderLinkId="x1")
    assert desk.code("/v5/order/create", **order(category, orderLinkId="x1")) == code

    desk.post("/v5/order/cancel", category=category, symbol="ETHUSDT", orderId=made["orderId"])

    assert desk.code("/v5/order/create", **order(category, orderLinkId="x1")) == code
    assert desk.said("POST", "/v5/order/create", order(category, orderLinkId="x1"), OTHER)["retCode"] == 0


def test_a_reduce_only_order_needs_a_position_and_is_cut_to_it(desk: Desk) -> None:
    closing = order(side="Sell", orderType="Market", price=None, qty="1", reduceOnly=True)
    assert desk.code("/v5/order/create", **closing) == 110017

    desk.place(orderType="Market", price=None, qty="0.4")
    made = desk.post("/v5/order/create", **closing)

    assert seen(desk, made)["cumExecQty"] == "0.4"
    assert desk.get("/v5/position/list", category="linear", settleCoin="USDT")["list"] == []


def test_a_whole_position_is_closed_by_a_quantity_of_nothing(desk: Desk) -> None:
    desk.place(orderType="Market", price=None, qty="0.4")

    made = desk.place(side="Sell", orderType="Market", price=None, qty="0", reduceOnly=True, closeOnTrigger=True)

    assert seen(desk, made)["cumExecQty"] == "0.4"


def test_a_position_index_must_fit_the_mode(desk: Desk) -> None:
    assert desk.said("POST", "/v5/order/create", order(positionIdx=1)) == {
        "retCode": 10001,
        "retMsg": "params error: position idx not match position mode",
        "result": {},
        "retExtInfo": {},
        "time": NOW_MS,
    }
    desk.post("/v5/position/switch-mode", category="linear", symbol="ETHUSDT", mode=3)
    assert desk.code("/v5/order/create", **order(positionIdx=0)) == 10001


def stop(category: str = "linear", **changed: object) -> dict[str, Any]:
    """A market sell that waits for a fall to 2,400."""
    direction = {"triggerDirection": 2} if category == "linear" else {"orderFilter": "StopOrder"}
    usual = {"side": "Sell", "orderType": "Market", "price": None, "triggerPrice": "2400", **direction}
    return order(category, **{**usual, **changed})


@pytest.mark.parametrize(("category", "product"), [("linear", PERP), ("spot", SPOT)])
def test_a_conditional_order_waits_triggers_and_keeps_its_id(desk: Desk, category: str, product: Any) -> None:  # noqa: ANN401 - a table
    made = desk.post("/v5/order/create", **stop(category))
    waiting = seen(desk, made, category)

    desk.move("2399", product=product)

    filled = seen(desk, made, category)
    assert show(waiting, "orderStatus", "stopOrderType", "triggerPrice", "triggerDirection", "cumExecQty") == (
        "Untriggered",
        "Stop",
        "2400",
        2,
        "0",
    )
    assert show(filled, "orderId", "orderStatus", "cumExecQty") == (made["orderId"], "Filled", "1")


def test_a_take_profit_by_the_mark_waits_for_a_rise(desk: Desk) -> None:
    made = desk.post(
        "/v5/order/create",
        **stop(triggerPrice="2600", triggerDirection=1, orderType="Limit", price="2590", triggerBy="MarkPrice"),
    )
    desk.move("2599")
    assert seen(desk, made)["orderStatus"] == "Untriggered"

    desk.move("2600")

    assert show(seen(desk, made), "orderStatus", "triggerBy") == ("Filled", "MarkPrice")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"triggerPrice": "2600"}, 110093),
        ({"triggerPrice": "2400", "triggerDirection": 1}, 110092),
        ({"triggerDirection": None}, 10001),
        ({"triggerDirection": 3}, 10001),
        ({"triggerBy": "Last"}, 10001),
        ({"triggerPrice": "2400.001"}, 10001),
    ],
)
def test_a_trigger_on_the_wrong_side_or_without_sense_is_refused(
    desk: Desk, changed: dict[str, Any], code: int
) -> None:
    params = {name: value for name, value in stop(**changed).items() if value is not None}

    assert desk.code("/v5/order/create", **params) == code


def test_spot_passes_over_a_trigger_price_without_a_filter(desk: Desk) -> None:
    made = desk.post("/v5/order/create", **stop("spot", orderFilter="Order"))

    assert seen(desk, made, "spot")["orderStatus"] == "Filled"


def test_a_stop_of_spot_is_cancelled_among_its_like_until_it_triggers(desk: Desk) -> None:
    made = desk.post("/v5/order/create", **stop("spot", orderType="Limit", price="2410"))
    named = {"category": "spot", "symbol": "ETHUSDT", "orderId": made["orderId"]}

    assert desk.code("/v5/order/cancel", **named) == 170213
    desk.move("2399", product=SPOT)
    assert seen(desk, made, "spot")["orderStatus"] == "New"
    assert desk.code("/v5/order/cancel", **named, orderFilter="StopOrder") == 170213
    assert desk.code("/v5/order/cancel", **named) == 0
    assert seen(desk, made, "spot")["orderStatus"] == "Cancelled"


def test_a_stop_that_is_cancelled_before_it_triggers_is_deactivated(desk: Desk) -> None:
    made = desk.post("/v5/order/create", **stop("spot"))

    desk.post("/v5/order/cancel", category="spot", symbol="ETHUSDT", orderId=made["orderId"], orderFilter="StopOrder")

    assert show(seen(desk, made, "spot"), "orderStatus", "cancelType") == ("Deactivated", "CancelByUser")


@pytest.mark.parametrize(
    ("category", "unknown", "filled", "cancelled"),
    [("linear", 110001, 110001, 110010), ("spot", 170213, 170139, 170142)],
)
def test_a_cancel_that_comes_too_late_says_why(
    desk: Desk, category: str, unknown: int, filled: int, cancelled: int
) -> None:
    def cancel(**named: object) -> int:
        return desk.code("/v5/order/cancel", category=category, symbol="ETHUSDT", **named)

    gone = desk.place(category, orderType="Market", price=None, qty="0.1", marketUnit="baseCoin")
    made = desk.place(category, orderLinkId="x1")

    assert cancel(orderLinkId="never") == unknown
    assert cancel() in {10001, 170105}
    assert cancel(orderId=gone["orderId"]) == filled
    assert cancel(orderLinkId="x1") == 0
    assert cancel(orderLinkId="x1") == cancelled
    assert cancel(orderId=made["orderId"]) == cancelled
    assert show(seen(desk, made, category), "orderStatus", "cancelType") == ("Cancelled", "CancelByUser")


def test_an_order_is_amended_in_price_and_total(desk: Desk) -> None:
    made = desk.place(orderLinkId="x1")
    named = {"category": "linear", "symbol": "ETHUSDT", "orderLinkId": "x1"}

    assert desk.post("/v5/order/amend", **named, qty="0.7", price="2480") == made
    assert show(seen(desk, made), "qty", "price", "orderStatus") == ("0.7", "2480", "New")
    said = desk.said("POST", "/v5/order/amend", {**named, "qty": "0.7", "price": "2480"})
    assert (said["retCode"], "remains unchanged" in said["retMsg"]) == (10001, True)
    assert desk.code("/v5/order/amend", **{**named, "orderLinkId": "never"}, qty="1") == 110001
    assert desk.code("/v5/order/amend", **named, qty="0.7", price="2480.001") == 10001


def test_an_order_is_not_amended_to_what_is_filled(desk: Desk) -> None:
    made = desk.place(qty="39", price="2500.13")
    filled = seen(desk, made)["cumExecQty"]
    assert float(filled) > 0

    code = desk.code("/v5/order/amend", category="linear", symbol="ETHUSDT", orderId=made["orderId"], qty=filled)

    assert code == 110063


def test_all_orders_of_a_perp_are_cancelled_at_once_but_conditional_ones_of_spot_stay(desk: Desk) -> None:
    for category in ("linear", "spot"):
        desk.place(category)
        desk.post("/v5/order/create", **stop(category))

    assert desk.code("/v5/order/cancel-all", category="linear") == 10001
    linear = desk.post("/v5/order/cancel-all", category="linear", settleCoin="USDT")
    spot = desk.post("/v5/order/cancel-all", category="spot")
    rest = desk.get("/v5/order/realtime", category="spot")["list"]
    stops = desk.post("/v5/order/cancel-all", category="spot", orderFilter="StopOrder")

    assert (len(linear["list"]), linear["success"]) == (2, "1")
    assert len(spot["list"]) == 1
    assert [row["orderStatus"] for row in rest] == ["Untriggered"]
    assert len(stops["list"]) == 1


def test_leverage_that_is_so_already_or_too_high_has_a_code(desk: Desk) -> None:
    def leverage(buy: str, sell: str) -> int:
        return desk.code(
            "/v5/position/set-leverage", category="linear", symbol="ETHUSDT", buyLeverage=buy, sellLeverage=sell
        )

    assert leverage("5", "5") == 0
    assert leverage("5", "5") == 110043
    assert leverage("500", "500") == 110013
    assert leverage("5", "4") == 10001
    assert desk.get("/v5/position/list", category="linear", symbol="ETHUSDT")["list"][0]["leverage"] == "5"


def test_position_mode_is_switched_only_where_nothing_is_open(desk: Desk) -> None:
    def switch(mode: int, **more: object) -> int:
        return desk.code("/v5/position/switch-mode", category="linear", mode=mode, **more)

    assert switch(0, symbol="ETHUSDT") == 110025
    made = desk.place()
    assert switch(3, symbol="ETHUSDT") == 110024
    desk.post("/v5/order/cancel", category="linear", symbol="ETHUSDT", orderId=made["orderId"])
    assert switch(3, symbol="ETHUSDT") == 0
    rows = desk.get("/v5/position/list", category="linear", symbol="ETHUSDT")["list"]
    assert [row["positionIdx"] for row in rows] == [1, 2]
    assert switch(0, coin="USDT") == 0
    assert switch(0, symbol="ETHUSDT") == 110025
    assert switch(0) == 10001
    assert switch(7, symbol="ETHUSDT") == 10001


def test_margin_is_cross_and_stays_so(desk: Desk) -> None:
    assert desk.post("/v5/account/set-margin-mode", setMarginMode="REGULAR_MARGIN") == {"reasons": []}
    assert desk.code("/v5/account/set-margin-mode", setMarginMode="PORTFOLIO_MARGIN") == 3400045
