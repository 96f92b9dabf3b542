"""What OKX shows of orders, trades, positions, balances and bills is read as it means it, in base, page by page.

What has not the form that OKX promises is unreadable, and never taken for nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from actors.exchange.wire.contract import (
    OrderStatus,
    Page,
    Query,
    SeenBalance,
    SeenFunding,
    SeenOrder,
    SeenPosition,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
    VenueRefusalError,
)
from actors.exchange.wire.okx import OKX
from messages.units import (
    MAKER,
    STOP_LIMIT,
    STOP_MARKET,
    TAKER,
    AccountName,
    Asset,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    Side,
    TradeId,
)
from tests.actors.exchange.wire.okx_samples import (
    BTC_SWAP,
    ETH,
    NOW_MS,
    OURS,
    SWAP,
    D,
    algo_row,
    bill_row,
    fill_row,
    known,
    order_row,
    said,
)

STOP: dict[str, Any] = {"order_type": STOP_MARKET, "price": None, "trigger_price": Price(D("2400")), "side": Side.SELL}
ALL = (ETH, SWAP)
HOUR_MS = 3_600_000


def read(queries: Sequence[Query[Any]], *answers: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Answer queries in turn, following their pages; return all items."""
    items: list[Any] = []
    waiting = list(answers)
    for query in queries:
        following: Query[Any] | None = query
        while following is not None:
            page: Page[Any] = following.read(waiting.pop(0))
            items.extend(page.items)
            following = page.next
    assert not waiting
    return items


def test_an_open_order() -> None:
    (query,) = OKX.look_up(known(ETH), ETH)

    (seen,) = query.read(said(order_row(accFillSz="0.2", state="partially_filled"))).items

    assert (query.call.api, query.call.group) == ("privateGetTradeOrder", "order")
    assert query.call.params == {"instId": "ETH-USDT", "clOrdId": OURS}
    assert query.absent == {"51603"}
    assert seen == SeenOrder(
        instrument=ETH.instrument,
        order_id=OrderId("2510789768709120000"),
        client_order_id=ClientOrderId(OURS),
        side=Side.BUY,
        status=OrderStatus.OPEN,
        amount=BaseAmount(D("0.5")),
        filled=BaseAmount(D("0.2")),
        price=Price(D("2500")),
        updated_ms=NOW_MS + 100,
    )


def test_a_known_order_is_looked_up_by_the_venues_id() -> None:
    (query,) = OKX.look_up(known(ETH, order_id="42"), ETH)

    assert query.call.params == {"instId": "ETH-USDT", "ordId": "42"}


def test_any_order_is_looked_up_by_the_venues_id_as_plain_and_as_trigger_order() -> None:
    plain, algo = OKX.look_up_by_id(OrderId("42"), SWAP)

    assert (plain.call.api, plain.call.params) == (
        "privateGetTradeOrder",
        {"instId": "ETH-USDT-SWAP", "ordId": "42"},
    )
    assert (algo.call.api, algo.call.params) == ("privateGetTradeOrderAlgo", {"algoId": "42"})


STATES = [
    ("live", OrderStatus.OPEN),
    ("partially_filled", OrderStatus.OPEN),
    ("filled", OrderStatus.FILLED),
    ("canceled", OrderStatus.CANCELLED),
    ("mmp_canceled", OrderStatus.CANCELLED),
]


@pytest.mark.parametrize(("state", "status"), STATES)
def test_a_plain_orders_state(state: str, status: OrderStatus) -> None:
    (seen,) = read(OKX.look_up(known(), ETH), said(order_row(state=state)))

    assert seen.status is status


def test_contracts_become_base() -> None:
    (seen,) = read(OKX.look_up(known(SWAP), SWAP), said(order_row(SWAP, sz="12.34", accFillSz="0.01")))

    assert (seen.amount, seen.filled) == (D("1.234"), D("0.001"))


def test_why_an_order_was_cancelled_is_said() -> None:
    told = order_row(state="canceled", cancelSource="31", cancelSourceReason="The post-only order would take")
    coded = order_row(state="canceled", cancelSource="1")

    (first,) = read(OKX.look_up(known(), ETH), said(told))
    (second,) = read(OKX.look_up(known(), ETH), said(coded))

    assert (first.reason, second.reason) == ("The post-only order would take", "cancelSource 1")


@pytest.mark.parametrize("unit", ["quote_ccy", ""])
def test_a_strangers_spot_buy_in_quote_has_the_amount_that_was_filled(unit: str) -> None:
    row = order_row(ordType="market", px="", sz="100", tgtCcy=unit, accFillSz="0.04", state="filled")

    (seen,) = read(OKX.look_up(known(), ETH), said(row))

    assert (seen.amount, seen.filled, seen.price) == (D("0.04"), D("0.04"), None)


def test_our_spot_market_buy_is_in_base() -> None:
    row = order_row(ordType="market", px="", sz="0.5", tgtCcy="base_ccy", accFillSz="0.4", state="filled")

    (seen,) = read(OKX.look_up(known(), ETH), said(row))

    assert (seen.amount, seen.filled) == (D("0.5"), D("0.4"))


def test_a_waiting_stop() -> None:
    (query,) = OKX.look_up(known(SWAP, **STOP), SWAP)

    (seen,) = query.read(said(algo_row())).items

    assert (query.call.api, query.call.group) == ("privateGetTradeOrderAlgo", "algo")
    assert query.call.params == {"algoClOrdId": OURS}
    assert query.absent == {"51603"}
    assert seen == SeenOrder(
        instrument=SWAP.instrument,
        order_id=OrderId("2510790000000000001"),
        client_order_id=ClientOrderId(OURS),
        side=Side.SELL,
        status=OrderStatus.WAITING,
        amount=BaseAmount(D("0.5")),
        filled=BaseAmount(D(0)),
        trigger_price=Price(D("2400")),
        updated_ms=NOW_MS + 100,
    )


ALGO_STATES = [
    ("live", OrderStatus.WAITING, False, ""),
    ("pause", OrderStatus.WAITING, False, ""),
    ("effective", OrderStatus.OPEN, True, ""),
    ("partially_effective", OrderStatus.OPEN, True, ""),
    ("canceled", OrderStatus.CANCELLED, False, ""),
    ("order_failed", OrderStatus.CANCELLED, True, "order_failed 51008"),
    ("partially_failed", OrderStatus.CANCELLED, True, "partially_failed 51008"),
]


@pytest.mark.parametrize(("state", "status", "triggered", "reason"), ALGO_STATES)
def test_a_trigger_orders_state(state: str, status: OrderStatus, triggered: bool, reason: str) -> None:  # noqa: FBT001 - a row of a table
    (seen,) = read(OKX.look_up(known(SWAP, **STOP), SWAP), said(algo_row(state=state, failCode="51008")))

    assert (seen.status, seen.triggered, seen.reason) == (status, triggered, reason)


def test_prices_of_the_kinds_of_trigger_orders() -> None:
    kinds = [
        algo_row(slOrdPx="2390"),
        algo_row(slTriggerPx="", slOrdPx="", tpTriggerPx="2600", tpOrdPx="-1"),
        algo_row(slTriggerPx="", slOrdPx="", ordType="trigger", triggerPx="2700", ordPx="2710"),
        algo_row(slTriggerPx="", slOrdPx="", ordType="move_order_stop", callbackRatio="0.01", moveTriggerPx="2450"),
    ]

    seen = [read(OKX.look_up(known(SWAP, **STOP), SWAP), said(kind))[0] for kind in kinds]

    assert [(each.trigger_price, each.price) for each in seen] == [
        (D("2400"), D("2390")),
        (D("2600"), None),
        (D("2700"), D("2710")),
        (None, None),
    ]


@pytest.mark.parametrize("child", [{"ordIdList": ["43"], "ordId": "43"}, {"ordId": "43"}])
def test_a_triggered_order_names_its_child(child: dict[str, Any]) -> None:
    (seen,) = read(OKX.look_up(known(SWAP, **STOP), SWAP), said(algo_row(state="effective", **child)))

    assert (seen.triggered, seen.child, seen.order_id) == (True, "43", "2510790000000000001")


def test_a_trigger_order_that_became_several_orders_is_unreadable() -> None:
    with pytest.raises(UnreadableAnswerError, match="several orders"):
        read(OKX.look_up(known(SWAP, **STOP), SWAP), said(algo_row(state="effective", ordIdList=["43", "44"])))


def test_a_triggered_order_is_looked_up_by_its_child_under_its_own_names() -> None:
    order = known(SWAP, order_id="42", child="43", **STOP)
    child, algo = OKX.look_up(order, SWAP)
    row = order_row(SWAP, ordId="43", clOrdId="", side="sell", sz="5", accFillSz="5", px="", state="filled")

    (seen,) = child.read(said(row)).items

    assert child.call.params == {"instId": "ETH-USDT-SWAP", "ordId": "43"}
    assert (algo.call.api, algo.call.params) == ("privateGetTradeOrderAlgo", {"algoId": "42"})
    assert (seen.order_id, seen.client_order_id, seen.child) == ("42", OURS, "43")
    assert (seen.triggered, seen.trigger_price, seen.status) == (True, D("2400"), OrderStatus.FILLED)
    assert (seen.amount, seen.filled) == (D("0.5"), D("0.5"))


def test_a_child_in_a_list_stands_under_the_first_orders_names() -> None:
    row = order_row(SWAP, ordId="43", clOrdId="", algoId="42", algoClOrdId=OURS)

    seen = read(OKX.open_orders((SWAP,)), said(row), said(), said(), said())

    assert [(each.order_id, each.client_order_id, each.child) for each in seen] == [("42", OURS, "43")]


NOT_AN_ORDER: list[Any] = [
    None,
    "",
    "<html></html>",
    {"code": "0"},
    said(order_row(state="strange")),
    said(order_row(side="up")),
    said(order_row(sz="")),
    said(order_row(sz="1e5")),
    said(order_row(sz=0.5)),
    said(order_row(accFillSz="NaN")),
    said(order_row(instId="BTC-USDT")),
    said(order_row(ordId="")),
    said(order_row(uTime="yesterday")),
]


@pytest.mark.parametrize("answer", NOT_AN_ORDER)
def test_what_is_not_an_order_is_unreadable(answer: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(UnreadableAnswerError):
        read(OKX.look_up(known(), ETH), answer)


def test_a_refused_read_is_a_refusal() -> None:
    with pytest.raises(VenueRefusalError) as caught:
        read(OKX.look_up(known(), ETH), said(code="51603", msg="Order does not exist"))

    assert caught.value.failure.code == "51603"


def test_open_orders_are_asked_for_by_product_and_kind() -> None:
    queries = OKX.open_orders((ETH, SWAP, BTC_SWAP))

    asked = [(query.call.api, dict(query.call.params)) for query in queries]
    kinds = ("conditional,oco", "trigger", "move_order_stop")
    expected: list[tuple[str, dict[str, str]]] = []
    for product in ("SPOT", "SWAP"):
        expected.append(("privateGetTradeOrdersPending", {"instType": product, "limit": "100"}))
        expected.extend(
            ("privateGetTradeOrdersAlgoPending", {"ordType": kind, "instType": product, "limit": "100"})
            for kind in kinds
        )
    assert asked == expected


def test_a_hundred_and_thirty_open_orders_take_two_pages() -> None:
    rows = [order_row(ordId=str(1000 - number), clOrdId=f"c{number}") for number in range(130)]
    (query, *_) = OKX.open_orders((ETH,))

    first = query.read(said(*rows[:100]))
    assert first.next is not None
    second = first.next.read(said(*rows[100:]))

    assert first.next.call.params == {"instType": "SPOT", "limit": "100", "after": "901"}
    assert [each.client_order_id for each in (*first.items, *second.items)] == [f"c{number}" for number in range(130)]
    assert second.next is None


def test_a_full_last_page_is_followed_by_an_empty_one() -> None:
    rows = [order_row(ordId=str(1000 - number)) for number in range(100)]
    (query, *_) = OKX.open_orders((ETH,))

    following = query.read(said(*rows)).next

    assert following is not None
    assert following.read(said()) == Page(items=())


def test_a_page_that_does_not_go_on_is_unreadable() -> None:
    rows = [order_row(ordId=str(1000 - number)) for number in range(100)]
    (query, *_) = OKX.open_orders((ETH,))
    following = query.read(said(*rows)).next

    assert following is not None
    with pytest.raises(UnreadableAnswerError, match="same one"):
        following.read(said(*rows))


def test_orders_of_other_instruments_are_left_out() -> None:
    (query, *_) = OKX.open_orders((ETH,))

    assert query.read(said(order_row(BTC_SWAP), order_row(instId="DOGE-USDT", state="strange"))).items == ()


def test_a_spot_fill() -> None:
    (seen,) = read(OKX.trades_of(known(ETH, order_id="2510789768709120000"), ETH), said(fill_row()))

    assert seen == SeenTrade(
        instrument=ETH.instrument,
        trade_id=TradeId("744876980"),
        order_id=OrderId("2510789768709120000"),
        client_order_id=ClientOrderId(OURS),
        side=Side.BUY,
        amount=BaseAmount(D("0.2")),
        price=Price(D("2500")),
        fee=D("0.0002"),
        fee_asset=Asset("ETH"),
        liquidity=TAKER,
        at_ms=NOW_MS + 200,
    )


def test_a_perps_fill_with_a_rebate() -> None:
    row = fill_row(SWAP, fillSz="3", execType="M", fee="0.015", feeCcy="USDT", side="sell")

    (seen,) = read(OKX.trades_of(known(SWAP, order_id="1"), SWAP), said(row))

    assert (seen.amount, seen.fee, seen.fee_asset, seen.liquidity) == (D("0.3"), D("-0.015"), "USDT", MAKER)
    assert seen.side is Side.SELL


def test_fills_of_an_order_are_asked_for_by_its_id_and_in_the_history_if_there_are_none() -> None:
    (query,) = OKX.trades_of(known(ETH, order_id="42"), ETH)

    history = query.read(said()).next

    params = {"instType": "SPOT", "instId": "ETH-USDT", "ordId": "42", "limit": "100"}
    assert (query.call.api, query.call.params) == ("privateGetTradeFills", params)
    assert history is not None
    assert (history.call.api, history.call.params) == ("privateGetTradeFillsHistory", params)
    assert history.read(said()).next is None


def test_fills_of_a_triggered_order_are_its_childs() -> None:
    (query,) = OKX.trades_of(known(SWAP, order_id="42", child="43", **STOP), SWAP)

    assert query.call.params["ordId"] == "43"
    assert OKX.trades_of(known(SWAP, order_id="42", **STOP), SWAP) == ()


def test_fills_go_on_after_the_last_bill() -> None:
    rows = [fill_row(billId=str(900 - number), tradeId=str(number)) for number in range(100)]
    (query,) = OKX.trades_since(ETH, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)

    following = query.read(said(*rows)).next

    begin = {"instType": "SPOT", "instId": "ETH-USDT", "begin": str(NOW_MS - HOUR_MS), "limit": "100"}
    assert (query.call.api, query.call.params) == ("privateGetTradeFills", begin)
    assert following is not None
    assert following.call.params == begin | {"after": "801"}


def test_trades_of_long_ago_are_in_the_history() -> None:
    (query,) = OKX.trades_since(ETH, since_ms=NOW_MS - 4 * 24 * HOUR_MS, now_ms=NOW_MS)

    assert (query.call.api, query.call.group) == ("privateGetTradeFillsHistory", "fills-history")


@pytest.mark.parametrize("change", [{"fee": ""}, {"feeCcy": ""}, {"tradeId": ""}, {"execType": "X"}, {"fillSz": "-"}])
def test_a_fill_that_lacks_something_is_unreadable(change: dict[str, str]) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(OKX.trades_of(known(ETH, order_id="1"), ETH), said(fill_row(**change)))


def test_balances_are_cash_without_unrealised_profit() -> None:
    details = [
        {"ccy": "USDT", "cashBal": "1000.5", "availBal": "900", "availEq": "905", "eq": "1010.5"},
        {"ccy": "ETH", "cashBal": "2", "availBal": "", "availEq": "1.5"},
        {"ccy": "DOGE", "cashBal": "0", "availBal": "0", "availEq": ""},
    ]
    (query,) = OKX.balances(ALL)

    assert query.call.api == "privateGetAccountBalance"
    assert query.read(said({"totalEq": "1", "details": details})).items == (
        SeenBalance(account=AccountName("okx"), asset=Asset("USDT"), total=D("1000.5"), free=D("900")),
        SeenBalance(account=AccountName("okx"), asset=Asset("ETH"), total=D("2"), free=D("1.5")),
    )


@pytest.mark.parametrize("answer", [said(), said({"totalEq": "1"}), said({"details": {}}), "", None])
def test_a_balance_without_details_is_unreadable(answer: Any) -> None:  # noqa: ANN401 - any JSON
    (query,) = OKX.balances(ALL)

    with pytest.raises(UnreadableAnswerError):
        query.read(answer)


def position(**changes: str) -> dict[str, str]:
    row = {"instType": "SWAP", "instId": "ETH-USDT-SWAP", "posSide": "net", "mgnMode": "cross"}
    return row | {"pos": "-5", "avgPx": "2500.5", "lever": "3"} | changes


def test_positions_are_in_base_and_signed() -> None:
    (query,) = OKX.positions(ALL)

    assert (query.call.api, query.call.params) == ("privateGetAccountPositions", {"instType": "SWAP"})
    assert query.read(said(position(), position(instId="DOGE-USDT-SWAP", posSide="long"))).items == (
        SeenPosition(instrument=SWAP.instrument, quantity=BaseAmount(D("-0.5")), entry_price=Price(D("2500.5"))),
    )
    assert OKX.positions((ETH,)) == ()


def test_cross_and_isolated_positions_of_a_perp_are_added_up() -> None:
    (query,) = OKX.positions(ALL)

    (held,) = query.read(
        said(position(pos="3", avgPx="2000"), position(pos="1", avgPx="2400", mgnMode="isolated"))
    ).items

    assert (held.quantity, held.entry_price) == (D("0.4"), D("2100"))


def test_a_closed_position_is_flat() -> None:
    (query,) = OKX.positions(ALL)

    (held,) = query.read(said(position(pos="0", avgPx=""))).items

    assert held.quantity == 0
    assert held.entry_price is None


def test_a_hedged_position_is_unreadable() -> None:
    (query,) = OKX.positions(ALL)

    with pytest.raises(UnreadableAnswerError, match="net_mode"):
        query.read(said(position(posSide="long")))


def test_funding_is_read_from_the_bills() -> None:
    (query,) = OKX.funding_since(ALL, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)
    income = bill_row(billId="2", balChg="0.5", subType="174")

    seen = query.read(said(bill_row(), income, bill_row(instId="DOGE-USDT-SWAP"))).items

    assert (query.call.api, query.call.group) == ("privateGetAccountBills", "bills")
    assert query.call.params == {
        "instType": "SWAP",
        "type": "8",
        "begin": str(NOW_MS - HOUR_MS),
        "limit": "100",
    }
    assert seen[0] == SeenFunding(
        instrument=SWAP.instrument,
        payment_id="2510790000000009001",
        asset=Asset("USDT"),
        amount=D("-0.1234"),
        at_ms=NOW_MS + 5,
    )
    assert [each.amount for each in seen] == [D("-0.1234"), D("0.5")]
    assert OKX.funding_since((ETH,), since_ms=0, now_ms=0) == ()


def test_bills_of_long_ago_are_in_the_archive() -> None:
    (query,) = OKX.funding_since(ALL, since_ms=NOW_MS - 8 * 24 * HOUR_MS, now_ms=NOW_MS)

    assert (query.call.api, query.call.group) == ("privateGetAccountBillsArchive", "bills-archive")


def test_transfers_are_the_bills_that_are_neither_trades_nor_funding() -> None:
    (query,) = OKX.transfers_since(ALL, since_ms=NOW_MS - HOUR_MS, now_ms=NOW_MS)
    bills = [
        bill_row(billId="1", type="1", instId="", balChg="100", **{"from": "6", "to": "18"}),
        bill_row(billId="2", type="2"),
        bill_row(billId="3"),
        bill_row(billId="4", type="7", balChg="-0.01"),
        bill_row(billId="5", type="999", balChg="3"),
        bill_row(billId="6", type="6", balChg="0"),
    ]

    seen = query.read(said(*bills)).items

    assert query.call.params == {"begin": str(NOW_MS - HOUR_MS), "limit": "100"}
    assert seen[0] == SeenTransfer(
        account=AccountName("okx"),
        transfer_id="1",
        kind="transfer",
        asset=Asset("USDT"),
        amount=D("100"),
        at_ms=NOW_MS + 5,
    )
    assert [(each.transfer_id, each.kind) for each in seen] == [
        ("1", "transfer"),
        ("4", "interest"),
        ("5", "bill_type_999"),
    ]


CONFIG = {"uid": "44705892343619584", "acctLv": "2", "posMode": "net_mode", "perm": "read_only,trade"}


def test_whose_account_it_is() -> None:
    (query,) = OKX.account(ALL)

    (seen,) = query.read(said(CONFIG)).items

    assert query.call.api == "privateGetAccountConfig"
    assert (seen.uid, seen.may_trade, seen.may_withdraw, seen.one_way, seen.problem) == (
        "44705892343619584",
        True,
        False,
        True,
        "",
    )


def test_what_a_key_may_and_how_positions_are_kept() -> None:
    (query,) = OKX.account(ALL)

    (seen,) = query.read(said(CONFIG | {"perm": "read_only,withdraw", "posMode": "long_short_mode"})).items

    assert (seen.may_trade, seen.may_withdraw, seen.one_way) == (False, True, False)


def test_spot_mode_is_a_problem_for_perps_alone() -> None:
    answer = said(CONFIG | {"acctLv": "1"})

    (with_perps,) = read(OKX.account(ALL), answer)
    (spot_only,) = read(OKX.account((ETH,)), answer)

    assert "acctLv 1" in with_perps.problem
    assert spot_only.problem == ""


def test_leverage_is_that_of_cross_margin() -> None:
    (query,) = OKX.leverage((ETH, SWAP, BTC_SWAP))
    rows = [
        {"instId": "ETH-USDT-SWAP", "mgnMode": "cross", "posSide": "net", "lever": "3"},
        {"instId": "BTC-USDT-SWAP", "mgnMode": "isolated", "posSide": "net", "lever": "9"},
    ]

    assert query.call.params == {"instId": "ETH-USDT-SWAP,BTC-USDT-SWAP", "mgnMode": "cross"}
    assert query.read(said(*rows)).items == ((SWAP.instrument, Decimal(3)),)
    assert OKX.leverage((ETH,)) == ()


def test_the_venues_clock() -> None:
    query = OKX.server_time()

    assert (query.call.api, query.call.params) == ("publicGetPublicTime", {})
    assert query.read(said({"ts": "1760000000123"})).items == (1_760_000_000_123,)
    with pytest.raises(UnreadableAnswerError):
        query.read(said({"ts": ""}))


def test_a_stop_limit_and_its_total() -> None:
    order = known(SWAP, order_type=STOP_LIMIT, trigger_price=Price(D("2400")), price=Price(D("2390")))

    (seen,) = read(OKX.look_up(order, SWAP), said(algo_row(slOrdPx="2390", sz="7")))

    assert (seen.price, seen.amount) == (D("2390"), D("0.7"))
