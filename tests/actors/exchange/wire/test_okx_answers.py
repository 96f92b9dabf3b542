"""What OKX shows of orders is read as it means it, in base, page by page.

What has not the form that OKX promises is unreadable, and never taken for nothing.
"""

from typing import Any

import pytest

from actors.exchange.wire.contract import (
    OrderStatus,
    Page,
    SeenOrder,
    UnreadableAnswerError,
    VenueRefusalError,
)
from actors.exchange.wire.okx import OKX
from messages.units import (
    STOP_LIMIT,
    STOP_MARKET,
    BaseAmount,
    ClientOrderId,
    OrderId,
    Price,
    Side,
)
from tests.actors.exchange.wire.okx_samples import (
    BTC_SWAP,
    ETH,
    NOW_MS,
    OURS,
    SWAP,
    D,
    algo_row,
    known,
    order_row,
    read,
    said,
)

STOP: dict[str, Any] = {"order_type": STOP_MARKET, "price": None, "trigger_price": Price(D("2400")), "side": Side.SELL}
ALL = (ETH, SWAP)
HOUR_MS = 3_600_000


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


def test_a_stop_limit_and_its_total() -> None:
    order = known(SWAP, order_type=STOP_LIMIT, trigger_price=Price(D("2400")), price=Price(D("2390")))

    (seen,) = read(OKX.look_up(order, SWAP), said(algo_row(slOrdPx="2390", sz="7")))

    assert (seen.price, seen.amount) == (D("2390"), D("0.7"))
