"""Bybit is asked field by field as its documentation says; an acknowledgement proves that it has our order, no more."""

from typing import Any

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Market, NotSupportedError, Placed, UnreadableAnswerError, VenueRefusalError
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    FOK,
    IOC,
    LIMIT,
    MARK,
    MARKET,
    SELL,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    BaseAmount,
    ClientOrderId,
    OrderId,
    OrderType,
    Price,
    Side,
)
from tests.actors.exchange.wire.bybit_samples import NOW_MS, OURS, PERP_ETH, SPOT_ETH, D, answer, intent, known

BASE = {"symbol": "ETHUSDT", "side": "Buy", "qty": "0.5", "orderLinkId": OURS}
ON_SPOT = {**BASE, "category": "spot", "isLeverage": 0}
ON_PERP = {**BASE, "category": "linear", "positionIdx": 0}
WITH_LIMIT = {"orderType": "Limit", "price": "3000.1", "timeInForce": "GTC"}
SPOT_TRIGGER = {"orderFilter": "StopOrder", "triggerPrice": "2900"}


def perp_trigger(direction: int, by: str = "LastPrice") -> dict[str, Any]:
    return {"triggerPrice": "2900", "triggerDirection": direction, "triggerBy": by}


@pytest.mark.parametrize(
    ("submitted", "market", "params"),
    [
        (intent(SPOT_ETH), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT}),
        (intent(SPOT_ETH, side=SELL), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, "side": "Sell"}),
        (intent(SPOT_ETH, time_in_force=IOC), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, "timeInForce": "IOC"}),
        (intent(SPOT_ETH, time_in_force=FOK), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, "timeInForce": "FOK"}),
        (intent(SPOT_ETH, post_only=True), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, "timeInForce": "PostOnly"}),
        (intent(SPOT_ETH, MARKET), SPOT_ETH, {**ON_SPOT, "orderType": "Market", "marketUnit": "baseCoin"}),
        (
            intent(SPOT_ETH, MARKET, side=SELL),
            SPOT_ETH,
            {**ON_SPOT, "side": "Sell", "orderType": "Market", "marketUnit": "baseCoin"},
        ),
        (
            intent(SPOT_ETH, STOP_MARKET),
            SPOT_ETH,
            {**ON_SPOT, "orderType": "Market", "marketUnit": "baseCoin", **SPOT_TRIGGER},
        ),
        (intent(SPOT_ETH, STOP_LIMIT), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, **SPOT_TRIGGER}),
        (
            intent(SPOT_ETH, TAKE_PROFIT_MARKET),
            SPOT_ETH,
            {**ON_SPOT, "orderType": "Market", "marketUnit": "baseCoin", **SPOT_TRIGGER},
        ),
        (intent(SPOT_ETH, TAKE_PROFIT_LIMIT), SPOT_ETH, {**ON_SPOT, **WITH_LIMIT, **SPOT_TRIGGER}),
        (intent(), PERP_ETH, {**ON_PERP, **WITH_LIMIT}),
        (intent(time_in_force=IOC), PERP_ETH, {**ON_PERP, **WITH_LIMIT, "timeInForce": "IOC"}),
        (intent(time_in_force=FOK), PERP_ETH, {**ON_PERP, **WITH_LIMIT, "timeInForce": "FOK"}),
        (intent(post_only=True), PERP_ETH, {**ON_PERP, **WITH_LIMIT, "timeInForce": "PostOnly"}),
        (intent(reduce_only=True), PERP_ETH, {**ON_PERP, **WITH_LIMIT, "reduceOnly": True}),
        (intent(PERP_ETH, MARKET), PERP_ETH, {**ON_PERP, "orderType": "Market"}),
        (
            intent(PERP_ETH, MARKET, side=SELL, reduce_only=True),
            PERP_ETH,
            {**ON_PERP, "side": "Sell", "orderType": "Market", "reduceOnly": True},
        ),
        (intent(PERP_ETH, STOP_MARKET), PERP_ETH, {**ON_PERP, "orderType": "Market", **perp_trigger(1)}),
        (
            intent(PERP_ETH, STOP_MARKET, side=SELL, reduce_only=True, trigger_by=MARK),
            PERP_ETH,
            {**ON_PERP, "side": "Sell", "orderType": "Market", "reduceOnly": True, **perp_trigger(2, "MarkPrice")},
        ),
        (intent(PERP_ETH, STOP_LIMIT), PERP_ETH, {**ON_PERP, **WITH_LIMIT, **perp_trigger(1)}),
        (
            intent(PERP_ETH, TAKE_PROFIT_MARKET, side=SELL),
            PERP_ETH,
            {**ON_PERP, "side": "Sell", "orderType": "Market", **perp_trigger(1)},
        ),
        (intent(PERP_ETH, TAKE_PROFIT_LIMIT), PERP_ETH, {**ON_PERP, **WITH_LIMIT, **perp_trigger(2)}),
    ],
)
def test_every_order_is_placed_with_these_fields_and_no_others(
    submitted: OrderSubmitted, market: Market, params: dict[str, Any]
) -> None:
    call = BYBIT.place(submitted, market, now_ms=NOW_MS, validity_ms=5000)

    assert call.api == "privatePostV5OrderCreate"
    assert call.params == params
    assert call.group == f"create.{params['category']}"


@pytest.mark.parametrize(
    ("order_type", "side", "direction"),
    [
        (STOP_MARKET, BUY, 1),
        (STOP_LIMIT, SELL, 2),
        (TAKE_PROFIT_MARKET, BUY, 2),
        (TAKE_PROFIT_LIMIT, SELL, 1),
    ],
)
def test_a_stop_triggers_when_the_price_gets_worse_and_a_take_profit_when_it_gets_better(
    order_type: OrderType, side: Side, direction: int
) -> None:
    call = BYBIT.place(intent(PERP_ETH, order_type, side=side), PERP_ETH, now_ms=NOW_MS, validity_ms=5000)

    assert call.params["triggerDirection"] == direction


@pytest.mark.parametrize("order_type", [MARKET, STOP_MARKET, TAKE_PROFIT_MARKET])
@pytest.mark.parametrize("market", [SPOT_ETH, PERP_ETH])
def test_a_market_order_never_carries_a_price(order_type: OrderType, market: Market) -> None:
    call = BYBIT.place(intent(market, order_type), market, now_ms=NOW_MS, validity_ms=5000)

    assert "price" not in call.params


@pytest.mark.parametrize(
    ("submitted", "market", "said"),
    [
        (intent(SPOT_ETH, TRAILING_STOP), SPOT_ETH, "trailing stop"),
        (intent(PERP_ETH, TRAILING_STOP), PERP_ETH, "trailing stop"),
        (intent(SPOT_ETH, reduce_only=True), SPOT_ETH, "reduce-only"),
        (intent(SPOT_ETH, STOP_MARKET, trigger_by=MARK), SPOT_ETH, "last price"),
        (intent(PERP_ETH, MARKET, time_in_force=FOK), PERP_ETH, "time in force"),
        (intent(PERP_ETH, MARKET, post_only=True), PERP_ETH, "time in force"),
        (intent(post_only=True, time_in_force=IOC), PERP_ETH, "not both"),
    ],
)
def test_what_bybit_lacks_is_refused_with_a_sentence(submitted: OrderSubmitted, market: Market, said: str) -> None:
    with pytest.raises(NotSupportedError, match=said):
        BYBIT.place(submitted, market, now_ms=NOW_MS, validity_ms=5000)


@pytest.mark.parametrize("missing", ["price", "trigger_price"])
def test_an_intent_without_what_its_type_needs_is_never_sent(missing: str) -> None:
    broken = intent(PERP_ETH, STOP_LIMIT, **{missing: None})

    with pytest.raises(NotSupportedError, match="needs a"):
        BYBIT.place(broken, PERP_ETH, now_ms=NOW_MS, validity_ms=5000)


@pytest.mark.parametrize(
    ("submitted", "market", "child", "params"),
    [
        (intent(), PERP_ETH, None, {"category": "linear"}),
        (intent(PERP_ETH, STOP_LIMIT), PERP_ETH, None, {"category": "linear"}),
        (intent(SPOT_ETH), SPOT_ETH, None, {"category": "spot", "orderFilter": "Order"}),
        (intent(SPOT_ETH, STOP_LIMIT), SPOT_ETH, None, {"category": "spot", "orderFilter": "StopOrder"}),
        (intent(SPOT_ETH, STOP_LIMIT), SPOT_ETH, "o-1", {"category": "spot", "orderFilter": "Order"}),
    ],
)
def test_an_order_is_cancelled_by_our_id_and_among_its_like(
    submitted: OrderSubmitted, market: Market, child: str | None, params: dict[str, Any]
) -> None:
    call = BYBIT.cancel(known(submitted, child=child), market)

    assert call.api == "privatePostV5OrderCancel"
    assert call.params == {"symbol": "ETHUSDT", "orderLinkId": OURS, **params}
    assert call.group == f"cancel.{params['category']}"


def test_a_foreign_order_without_a_client_id_is_cancelled_by_the_venues() -> None:
    foreign = intent(client_order_id=ClientOrderId(""))

    call = BYBIT.cancel(known(foreign), PERP_ETH)

    assert call.params == {"category": "linear", "symbol": "ETHUSDT", "orderId": "o-1"}


@pytest.mark.parametrize("market", [SPOT_ETH, PERP_ETH])
@pytest.mark.parametrize("order_type", [LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT])
def test_an_amendment_always_says_price_and_total(market: Market, order_type: OrderType) -> None:
    call = BYBIT.amend(
        known(intent(market, order_type)),
        market,
        price=Price(D("3000.10")),
        amount=BaseAmount(D("0.70")),
        now_ms=NOW_MS,
        validity_ms=5000,
    )

    category = "spot" if market is SPOT_ETH else "linear"
    assert call.api == "privatePostV5OrderAmend"
    assert call.params == {
        "category": category,
        "symbol": "ETHUSDT",
        "orderLinkId": OURS,
        "qty": "0.7",
        "price": "3000.1",
    }
    assert call.group == f"amend.{category}"


@pytest.mark.parametrize("order_type", [MARKET, STOP_MARKET, TAKE_PROFIT_MARKET])
def test_an_order_without_a_price_is_not_amended(order_type: OrderType) -> None:
    with pytest.raises(NotSupportedError, match="no price"):
        BYBIT.amend(
            known(intent(PERP_ETH, order_type)),
            PERP_ETH,
            price=Price(D(1)),
            amount=BaseAmount(D(1)),
            now_ms=NOW_MS,
            validity_ms=5000,
        )


def test_an_acknowledgement_gives_the_venues_id_and_nothing_else() -> None:
    placed = BYBIT.placed(answer({"orderId": "o-1", "orderLinkId": OURS}), intent(), PERP_ETH)

    assert placed == Placed(order_id=OrderId("o-1"))


UNREADABLE: list[object] = [
    None,
    "",
    "<html>502</html>",
    '{"retCode":0,"result":{"orde',
    [],
    {},
    {"result": {"orderId": "o-1"}},
    {"retCode": True, "result": {"orderId": "o-1"}},
    {"retCode": "0", "result": {"orderId": "o-1"}},
    {"retCode": 0},
    {"retCode": 0, "result": None},
    {"retCode": 0, "result": []},
    {"retCode": 0, "result": {}},
    {"retCode": 0, "result": {"orderId": ""}},
    {"retCode": 0, "result": {"orderId": 17}},
    {"retCode": 0, "result": {"orderId": "o-1", "orderLinkId": "xAnotherOrder"}},
]


@pytest.mark.parametrize("said", UNREADABLE)
def test_an_answer_that_is_not_an_acknowledgement_of_our_order_is_unreadable(said: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        BYBIT.placed(said, intent(), PERP_ETH)
    with pytest.raises(UnreadableAnswerError):
        BYBIT.cancelled(said, known(), PERP_ETH)
    with pytest.raises(UnreadableAnswerError):
        BYBIT.amended(said, known(), PERP_ETH)


def test_a_cancel_or_an_amendment_that_is_acknowledged_for_another_order_is_unreadable() -> None:
    said = answer({"orderId": "o-2", "orderLinkId": OURS})

    with pytest.raises(UnreadableAnswerError):
        BYBIT.cancelled(said, known(order_id="o-1"), PERP_ETH)
    with pytest.raises(UnreadableAnswerError):
        BYBIT.amended(said, known(order_id="o-1"), PERP_ETH)


def test_a_good_acknowledgement_of_a_cancel_or_an_amendment_says_no_more() -> None:
    said = answer({"orderId": "o-1", "orderLinkId": OURS})

    BYBIT.cancelled(said, known(order_id=None), PERP_ETH)

    assert BYBIT.amended(said, known(), PERP_ETH) is None


def test_a_refusal_keeps_code_and_words() -> None:
    said = answer({}, retCode=110007, retMsg="ab not enough for new order" + "!" * 600)

    with pytest.raises(VenueRefusalError) as caught:
        BYBIT.placed(said, intent(), PERP_ETH)

    assert (caught.value.failure.status, caught.value.failure.code) == (200, "110007")
    assert caught.value.failure.sent
    assert len(caught.value.failure.text) == 500
