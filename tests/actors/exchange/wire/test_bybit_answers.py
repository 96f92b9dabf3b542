"""Orders and fills are read whole, page after page, and what is not as promised is unreadable, never empty."""

from typing import Any

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.bybit.answers import WEEK_MS, fee_asset
from actors.exchange.wire.contract import Market, OrderStatus, SeenOrder, SeenTrade, UnreadableAnswerError
from messages.units import BUY, MAKER, SELL, TAKER, BaseAmount, ClientOrderId, OrderId, Price, Side, TradeId, plain
from tests.actors.exchange.wire.bybit_samples import (
    MARKETS,
    NOW_MS,
    OURS,
    PERP_BTC,
    PERP_ETH,
    SPOT_ETH,
    D,
    answer,
    intent,
    known,
    order_row,
    page,
    read_all,
    trade_row,
)


def one_order(market: Market = PERP_ETH, /, **changed: object) -> SeenOrder:
    query = BYBIT.look_up(known(intent(market)), market)[0]
    (seen,) = query.read(page([order_row(**changed)])).items
    return seen


def one_trade(market: Market = PERP_ETH, /, **changed: object) -> SeenTrade:
    (query,) = BYBIT.trades_of(known(intent(market)), market)
    (seen,) = query.read(page([trade_row(**changed)])).items
    return seen


@pytest.mark.parametrize(("market", "category"), [(SPOT_ETH, "spot"), (PERP_ETH, "linear")])
def test_an_order_is_looked_up_by_our_id_in_realtime_and_then_in_history(market: Market, category: str) -> None:
    queries = BYBIT.look_up(known(intent(market), order_id=None), market)

    params = {"category": category, "symbol": "ETHUSDT", "orderLinkId": OURS, "limit": 50}
    assert [(query.call.api, query.call.params, query.call.group) for query in queries] == [
        ("privateGetV5OrderRealtime", params, "realtime"),
        ("privateGetV5OrderHistory", params, "history"),
    ]
    assert all(query.absent >= {"110001", "170213"} for query in queries)


def test_any_order_is_looked_up_by_the_venues_id_in_both_as_well() -> None:
    queries = BYBIT.look_up_by_id(OrderId("o-9"), PERP_ETH)

    params = {"category": "linear", "symbol": "ETHUSDT", "orderId": "o-9", "limit": 50}
    assert [(query.call.api, query.call.params) for query in queries] == [
        ("privateGetV5OrderRealtime", params),
        ("privateGetV5OrderHistory", params),
    ]


def test_a_look_up_is_one_request_even_if_a_cursor_comes_with_it() -> None:
    query = BYBIT.look_up(known(), PERP_ETH)[0]

    found = query.read(page([order_row()], cursor="page_args%3Do-1"))

    assert found.next is None
    assert len(found.items) == 1


def test_an_order_that_is_not_there_is_an_empty_page() -> None:
    for query in BYBIT.look_up(known(), PERP_ETH):
        assert query.read(page([])).items == ()


def test_an_open_order_is_read_field_by_field() -> None:
    assert one_order(orderStatus="PartiallyFilled", cumExecQty="0.20") == SeenOrder(
        instrument=PERP_ETH.instrument,
        order_id=OrderId("o-1"),
        client_order_id=OURS,
        side=BUY,
        status=OrderStatus.OPEN,
        amount=BaseAmount(D("0.50")),
        filled=BaseAmount(D("0.20")),
        price=Price(D("3000.10")),
        updated_ms=1_759_999_999_500,
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("New", OrderStatus.OPEN),
        ("PartiallyFilled", OrderStatus.OPEN),
        ("Untriggered", OrderStatus.WAITING),
        ("Triggered", OrderStatus.OPEN),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELLED),
        ("PartiallyFilledCanceled", OrderStatus.CANCELLED),
        ("Deactivated", OrderStatus.CANCELLED),
        ("Rejected", OrderStatus.REJECTED),
    ],
)
def test_every_status_of_the_venue_is_one_of_ours(word: str, status: OrderStatus) -> None:
    assert one_order(orderStatus=word).status is status


@pytest.mark.parametrize("word", ["", "new", "Parked", None, 3])
def test_a_status_that_we_do_not_know_is_unreadable(word: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        one_order(orderStatus=word)


def test_an_order_that_traded_before_it_was_rejected_was_cancelled() -> None:
    seen = one_order(orderStatus="Rejected", cumExecQty="0.20", rejectReason="EC_Others")

    assert (seen.status, seen.filled, seen.reason) == (OrderStatus.CANCELLED, D("0.20"), "EC_Others")


@pytest.mark.parametrize(
    ("status", "cancel_type", "reject_reason", "reason"),
    [
        ("Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity", "EC_PostOnlyWillTakeLiquidity"),
        ("Cancelled", "CancelByUser", "EC_PerCancelRequest", "CancelByUser"),
        ("PartiallyFilledCanceled", "", "EC_CancelForNoFullFill", "EC_CancelForNoFullFill"),
        ("Rejected", "UNKNOWN", "EC_NoError", ""),
        ("Filled", "CancelByUser", "EC_OrigClOrdIDDoesNotExist", ""),
        ("New", "UNKNOWN", "EC_NoError", ""),
    ],
)
def test_the_reason_of_an_end_is_whose_doing_it_was(
    status: str, cancel_type: str, reject_reason: str, reason: str
) -> None:
    assert one_order(orderStatus=status, cancelType=cancel_type, rejectReason=reject_reason).reason == reason


def test_a_stop_that_waits_shows_its_trigger() -> None:
    seen = one_order(orderStatus="Untriggered", stopOrderType="Stop", triggerPrice="2900.00", triggerDirection=2)

    assert (seen.status, seen.triggered, seen.trigger_price) == (OrderStatus.WAITING, False, D("2900.00"))


@pytest.mark.parametrize("status", ["Triggered", "New", "PartiallyFilled", "Filled"])
def test_a_stop_that_is_past_waiting_was_triggered(status: str) -> None:
    assert one_order(orderStatus=status, stopOrderType="Stop", triggerPrice="2900.00").triggered
    assert not one_order(orderStatus=status).triggered


def test_a_stop_that_was_cancelled_was_triggered_only_if_it_traded() -> None:
    stop = {"stopOrderType": "Stop", "triggerPrice": "2900.00", "orderStatus": "Cancelled"}

    assert not one_order(**stop).triggered
    assert one_order(**stop, cumExecQty="0.10").triggered


def test_a_stop_of_spot_is_its_own_child_once_triggered_as_it_is_cancelled_otherwise_then() -> None:
    stop = {"stopOrderType": "Stop", "triggerPrice": "2900.00"}

    assert one_order(SPOT_ETH, **stop, orderStatus="Untriggered").child is None
    assert one_order(SPOT_ETH, **stop, orderStatus="New").child == "o-1"
    assert one_order(PERP_ETH, **stop, orderStatus="New").child is None


def test_a_strangers_trailing_stop_has_no_trigger_price() -> None:
    seen = one_order(orderStatus="Untriggered", stopOrderType="TrailingStop", triggerPrice="2900.00", orderLinkId="")

    assert (seen.trigger_price, seen.client_order_id) == (None, "")


def test_a_market_order_has_no_limit_even_if_the_venue_gave_it_one() -> None:
    assert one_order(orderType="Market", price="3150.00").price is None


def test_a_strangers_market_order_by_value_counts_what_it_got() -> None:
    seen = one_order(
        SPOT_ETH, orderType="Market", marketUnit="quoteCoin", qty="200", cumExecQty="0.066", orderStatus="Filled"
    )

    assert (seen.amount, seen.filled) == (D("0.066"), D("0.066"))


@pytest.mark.parametrize("field", ["orderId", "side", "qty", "orderStatus", "symbol"])
def test_an_order_without_what_matters_is_unreadable(field: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        one_order(**{field: None})


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1,5", "0x10", " 1", "", True, {}])
def test_what_is_no_number_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        one_order(qty=value)


@pytest.mark.parametrize(("value", "number"), [("1e-7", "0.0000001"), (5, "5"), (0.1, "0.1"), ("-0", "0")])
def test_numbers_are_read_exactly(value: object, number: str) -> None:
    assert plain(one_order(qty=value).amount) == number


UNREADABLE: list[object] = [
    None,
    "",
    "<html></html>",
    {},
    {"retCode": 0},
    {"retCode": 0, "result": {}},
    {"retCode": 0, "result": {"list": None}},
    {"retCode": 0, "result": {"list": {}}},
    {"retCode": 0, "result": {"list": ["text"]}},
    {"retCode": None, "result": {"list": []}},
]


@pytest.mark.parametrize("said", UNREADABLE)
def test_an_answer_of_another_form_is_never_taken_for_an_empty_list(said: object) -> None:
    queries: list[Any] = [
        *BYBIT.look_up(known(), PERP_ETH),
        *BYBIT.open_orders(MARKETS),
        *BYBIT.trades_of(known(), PERP_ETH),
        *BYBIT.trades_since(PERP_ETH, since_ms=NOW_MS - 1, now_ms=NOW_MS),
        *BYBIT.positions(MARKETS),
        *BYBIT.balances(MARKETS),
        *BYBIT.funding_since(MARKETS, since_ms=NOW_MS - 1, now_ms=NOW_MS),
        *BYBIT.transfers_since(MARKETS, since_ms=NOW_MS - 1, now_ms=NOW_MS),
        *BYBIT.leverage(MARKETS),
        *BYBIT.account(MARKETS),
        BYBIT.server_time(),
    ]
    for query in queries:
        with pytest.raises(UnreadableAnswerError):
            query.read(said)


def test_open_orders_are_asked_for_once_for_spot_and_once_for_each_asset_that_perps_settle_in() -> None:
    queries = BYBIT.open_orders(MARKETS)

    assert [(query.call.api, query.call.params) for query in queries] == [
        ("privateGetV5OrderRealtime", {"category": "spot", "openOnly": 0, "limit": 50}),
        ("privateGetV5OrderRealtime", {"category": "linear", "settleCoin": "USDT", "openOnly": 0, "limit": 50}),
    ]


def test_open_orders_of_one_product_do_not_ask_for_the_other() -> None:
    assert [query.call.params["category"] for query in BYBIT.open_orders([PERP_ETH])] == ["linear"]
    assert [query.call.params["category"] for query in BYBIT.open_orders([SPOT_ETH])] == ["spot"]
    assert BYBIT.open_orders([]) == []


def test_all_130_open_orders_are_read_page_by_page_and_those_of_other_markets_passed_over() -> None:
    rows = [order_row(orderId=f"o-{at}", symbol="BTCUSDT" if at % 2 else "ETHUSDT") for at in range(130)]
    rows[4]["symbol"] = "SOLUSDT"
    answers = {
        "": page(rows[:50], cursor="a%3D1"),
        "a%3D1": page(rows[50:100], cursor="b%3D2"),
        "b%3D2": page(rows[100:], cursor="c%3D3"),
        "c%3D3": page([], cursor="c%3D3"),
    }

    seen, asked = read_all(BYBIT.open_orders([PERP_ETH, PERP_BTC]), answers)

    assert [each.order_id for each in seen] == [f"o-{at}" for at in range(130) if at != 4]
    assert {each.instrument for each in seen} == {PERP_ETH.instrument, PERP_BTC.instrument}
    assert [params.get("cursor") for params in asked] == [None, "a%3D1", "b%3D2", "c%3D3"]
    assert all(params["limit"] == 50 and params["settleCoin"] == "USDT" for params in asked)


def test_a_cursor_that_leads_to_itself_is_the_end() -> None:
    answers = {"": page([order_row()], cursor="a"), "a": page([order_row(orderId="o-2")], cursor="a")}

    seen, asked = read_all(BYBIT.open_orders([PERP_ETH]), answers)

    assert [each.order_id for each in seen] == ["o-1", "o-2"]
    assert len(asked) == 2


def test_a_fill_of_a_perp_is_read_field_by_field() -> None:
    assert one_trade() == SeenTrade(
        instrument=PERP_ETH.instrument,
        trade_id=TradeId("e-1"),
        order_id=OrderId("o-1"),
        client_order_id=OURS,
        side=BUY,
        amount=BaseAmount(D("0.20")),
        price=Price(D("3000.05")),
        fee=D("0.330005"),
        fee_asset=PERP_ETH.quote,
        liquidity=TAKER,
        at_ms=1_759_999_999_400,
    )


def test_a_makers_rebate_is_a_negative_fee() -> None:
    seen = one_trade(isMaker=True, execFee="-0.06", orderLinkId="")

    assert (seen.liquidity, seen.fee, seen.client_order_id) == (MAKER, D("-0.06"), ClientOrderId(""))


@pytest.mark.parametrize(
    ("side", "maker", "fee", "asset"),
    [
        ("Buy", False, "0.0002", "ETH"),
        ("Sell", False, "0.6", "USDT"),
        ("Buy", True, "0.0002", "ETH"),
        ("Sell", True, "0.6", "USDT"),
        ("Buy", True, "-0.03", "USDT"),
        ("Sell", True, "-0.00001", "ETH"),
        ("Buy", False, "-0.00001", "ETH"),
    ],
)
def test_a_fee_on_spot_is_in_what_is_received_and_a_makers_rebate_in_what_is_given(
    side: str,
    maker: bool,  # noqa: FBT001 - a table
    fee: str,
    asset: str,
) -> None:
    seen = one_trade(SPOT_ETH, side=side, isMaker=maker, execFee=fee)

    assert seen.fee_asset == asset


def test_the_asset_that_the_venue_says_goes_before_the_rule() -> None:
    assert one_trade(feeCurrency="MNT").fee_asset == "MNT"
    assert one_trade(SPOT_ETH, feeCurrency="USDT").fee_asset == "USDT"


@pytest.mark.parametrize("side", [BUY, SELL])
def test_perps_charge_and_pay_in_what_they_settle_in(side: Side) -> None:
    assert fee_asset(PERP_ETH, side, rebate=False) == "USDT"
    assert fee_asset(PERP_ETH, side, rebate=True) == "USDT"


def test_funding_is_no_fill_but_a_liquidation_is_one() -> None:
    (query,) = BYBIT.trades_since(PERP_ETH, since_ms=NOW_MS, now_ms=NOW_MS)

    rows = [trade_row(execType=kind, execId=kind) for kind in ("Funding", "Trade", "BustTrade", "AdlTrade")]

    assert [seen.trade_id for seen in query.read(page(rows)).items] == ["Trade", "BustTrade", "AdlTrade"]


@pytest.mark.parametrize(
    "field", ["execId", "orderId", "side", "execQty", "execPrice", "execFee", "isMaker", "execTime", "execType"]
)
def test_a_fill_without_what_matters_is_unreadable(field: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        one_trade(**{field: None})


def test_the_fills_of_an_order_are_asked_for_by_its_id_in_all_pages() -> None:
    answers = {"": page([trade_row()], cursor="132%3A2%2C132%3A2"), "132%3A2%2C132%3A2": page([])}

    seen, asked = read_all(BYBIT.trades_of(known(), PERP_ETH), answers)

    assert [each.trade_id for each in seen] == ["e-1"]
    assert asked == [
        {"category": "linear", "orderId": "o-1", "limit": 100},
        {"category": "linear", "orderId": "o-1", "limit": 100, "cursor": "132%3A2%2C132%3A2"},
    ]


def test_the_fills_of_an_order_without_an_id_of_the_venue_are_asked_for_by_ours() -> None:
    (query,) = BYBIT.trades_of(known(intent(SPOT_ETH), order_id=None), SPOT_ETH)

    assert query.call.params == {"category": "spot", "orderLinkId": OURS, "limit": 100}


def test_fills_of_another_symbol_are_not_ours() -> None:
    (query,) = BYBIT.trades_of(known(), PERP_ETH)

    assert query.read(page([trade_row(symbol="BTCUSDT")])).items == ()


def test_fills_since_a_time_are_asked_for_a_week_at_once_and_the_last_span_is_open() -> None:
    since = NOW_MS - 2 * WEEK_MS - 5

    queries = BYBIT.trades_since(PERP_ETH, since_ms=since, now_ms=NOW_MS)

    spans = [(query.call.params["startTime"], query.call.params.get("endTime")) for query in queries]
    assert spans == [
        (since, since + WEEK_MS - 1),
        (since + WEEK_MS, since + 2 * WEEK_MS - 1),
        (since + 2 * WEEK_MS, None),
    ]
    assert all(query.call.params["symbol"] == "ETHUSDT" and query.call.params["limit"] == 100 for query in queries)
    assert all(query.call.api == "privateGetV5ExecutionList" for query in queries)


def test_an_answer_about_no_list_at_all_says_so() -> None:
    (query,) = BYBIT.trades_of(known(), PERP_ETH)

    with pytest.raises(UnreadableAnswerError, match="no list list"):
        query.read(answer({"rows": []}))
