"""Every order that Binance has goes out field by field as its documents want it; what it has not is refused."""

from typing import Any

import msgspec
import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import Call, Market, NotSupportedError
from messages.units import (
    BUY,
    FOK,
    GTC,
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
    OrderType,
    Price,
    Rate,
    TimeInForce,
)
from tests.actors.exchange.wire.binance_samples import NOW_MS, OURS, PERP_ETH, SPOT_ETH, VALID_MS, D, intent, known


def placed(market: Market, **wanted: Any) -> Call:  # noqa: ANN401 - terms of an intent
    return BINANCE.place(intent(market, **wanted), market, now_ms=NOW_MS, validity_ms=VALID_MS)


SPOT_COMMON = {
    "symbol": "ETHUSDT",
    "side": "BUY",
    "quantity": "0.25",
    "newClientOrderId": OURS,
    "newOrderRespType": "FULL",
    "recvWindow": 5000,
}
PERP_COMMON = SPOT_COMMON | {"newOrderRespType": "RESULT"}
ALGO_COMMON = {
    "symbol": "ETHUSDT",
    "side": "BUY",
    "quantity": "0.25",
    "algoType": "CONDITIONAL",
    "clientAlgoId": OURS,
    "newOrderRespType": "RESULT",
    "recvWindow": 5000,
}


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (MARKET, {"type": "MARKET"}),
        (LIMIT, {"type": "LIMIT", "price": "2500.5", "timeInForce": "GTC"}),
        (STOP_MARKET, {"type": "STOP_LOSS", "stopPrice": "2400"}),
        (STOP_LIMIT, {"type": "STOP_LOSS_LIMIT", "stopPrice": "2400", "price": "2500.5", "timeInForce": "GTC"}),
        (TAKE_PROFIT_MARKET, {"type": "TAKE_PROFIT", "stopPrice": "2400"}),
        (
            TAKE_PROFIT_LIMIT,
            {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "2400", "price": "2500.5", "timeInForce": "GTC"},
        ),
        (TRAILING_STOP, {"type": "STOP_LOSS", "trailingDelta": 50}),
    ],
)
def test_spot_orders_go_out_in_spots_words(kind: OrderType, terms: dict[str, Any]) -> None:
    call = placed(SPOT_ETH, kind=kind)

    assert (call.api, call.group, call.weight) == ("privatePostOrder", "spot.orders", 1)
    assert call.params == SPOT_COMMON | terms


@pytest.mark.parametrize(
    ("kind", "terms"),
    [(MARKET, {"type": "MARKET"}), (LIMIT, {"type": "LIMIT", "price": "2500.5", "timeInForce": "GTC"})],
)
def test_plain_perp_orders_go_to_the_matching_engine(kind: OrderType, terms: dict[str, Any]) -> None:
    call = placed(PERP_ETH, kind=kind)

    assert (call.api, call.group, call.weight) == ("fapiPrivatePostOrder", "perp.orders", 1)
    assert call.params == PERP_COMMON | terms


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (STOP_MARKET, {"type": "STOP_MARKET", "triggerPrice": "2400"}),
        (STOP_LIMIT, {"type": "STOP", "triggerPrice": "2400", "price": "2500.5", "timeInForce": "GTC"}),
        (TAKE_PROFIT_MARKET, {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "2400"}),
        (TAKE_PROFIT_LIMIT, {"type": "TAKE_PROFIT", "triggerPrice": "2400", "price": "2500.5", "timeInForce": "GTC"}),
        (TRAILING_STOP, {"type": "TRAILING_STOP_MARKET", "callbackRate": "0.5"}),
    ],
)
def test_perp_orders_with_a_trigger_go_to_the_algo_service(kind: OrderType, terms: dict[str, Any]) -> None:
    by_last, by_mark = placed(PERP_ETH, kind=kind), placed(PERP_ETH, kind=kind, trigger_by=MARK)

    assert (by_last.api, by_last.group, by_last.weight) == ("fapiPrivatePostAlgoOrder", "perp.orders", 1)
    assert by_last.params == ALGO_COMMON | terms | {"workingType": "CONTRACT_PRICE"}
    assert by_mark.params == ALGO_COMMON | terms | {"workingType": "MARK_PRICE"}


@pytest.mark.parametrize("tif", [GTC, IOC, FOK])
@pytest.mark.parametrize("market", [SPOT_ETH, PERP_ETH], ids=["spot", "perp"])
def test_a_limit_order_says_how_long_it_waits(market: Market, tif: TimeInForce) -> None:
    assert placed(market, time_in_force=tif).params["timeInForce"] == tif.value


def test_a_post_only_order_is_a_limit_maker_on_spot_and_gtx_on_futures() -> None:
    spot, perp = placed(SPOT_ETH, post_only=True).params, placed(PERP_ETH, post_only=True).params

    assert spot == SPOT_COMMON | {"type": "LIMIT_MAKER", "price": "2500.5"}
    assert perp == PERP_COMMON | {"type": "LIMIT", "price": "2500.5", "timeInForce": "GTX"}


@pytest.mark.parametrize("market", [SPOT_ETH, PERP_ETH], ids=["spot", "perp"])
def test_a_market_order_with_a_worst_price_is_sent_as_a_limit_order_that_takes(market: Market) -> None:
    params = placed(market, kind=MARKET, price="2510").params

    assert (params["type"], params["price"], params["timeInForce"]) == ("LIMIT", "2510", "IOC")


@pytest.mark.parametrize("kind", [MARKET, LIMIT, STOP_MARKET, TRAILING_STOP])
def test_reduce_only_goes_along_on_futures(kind: OrderType) -> None:
    assert placed(PERP_ETH, kind=kind, side=SELL, reduce_only=True).params["reduceOnly"] == "true"
    assert "reduceOnly" not in placed(PERP_ETH, kind=kind, side=BUY).params


@pytest.mark.parametrize(
    ("market", "wanted", "why"),
    [
        (SPOT_ETH, {"reduce_only": True}, "reduce-only"),
        (SPOT_ETH, {"kind": STOP_MARKET, "trigger_by": MARK}, "no mark price"),
        (SPOT_ETH, {"kind": TRAILING_STOP, "trail_bps": Rate(D("12.5"))}, "whole basis points"),
        (SPOT_ETH, {"post_only": True, "time_in_force": IOC}, "IOC"),
        (PERP_ETH, {"post_only": True, "time_in_force": FOK}, "FOK"),
        (PERP_ETH, {"price": None}, "without a price"),
    ],
)
def test_what_the_venue_has_not_is_refused_before_it_is_sent(market: Market, wanted: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSupportedError, match=why):
        placed(market, **wanted)


def test_the_venue_takes_no_longer_validity_than_a_minute() -> None:
    call = BINANCE.place(intent(SPOT_ETH), SPOT_ETH, now_ms=NOW_MS, validity_ms=90_000)

    assert call.params["recvWindow"] == 60_000


def test_an_order_is_cancelled_by_the_venues_id_as_client_ids_come_again() -> None:
    spot = BINANCE.cancel(known(intent(SPOT_ETH), order_id="8801"), SPOT_ETH)
    perp = BINANCE.cancel(known(intent(PERP_ETH), order_id="990001"), PERP_ETH)
    unanswered = BINANCE.cancel(known(intent(SPOT_ETH)), SPOT_ETH)

    assert (spot.api, spot.params, spot.group) == (
        "privateDeleteOrder",
        {"symbol": "ETHUSDT", "orderId": "8801"},
        "spot",
    )
    assert (perp.api, perp.params, perp.group) == (
        "fapiPrivateDeleteOrder",
        {"symbol": "ETHUSDT", "orderId": "990001"},
        "perp",
    )
    assert unanswered.params == {"symbol": "ETHUSDT", "origClientOrderId": OURS}


def test_a_trigger_order_is_cancelled_at_the_algo_service_until_it_became_another_one() -> None:
    stop = intent(PERP_ETH, kind=STOP_LIMIT)

    unanswered = BINANCE.cancel(known(stop), PERP_ETH)
    foreign = msgspec.structs.replace(stop, client_order_id=ClientOrderId(""))
    waiting = BINANCE.cancel(known(foreign, order_id="4000"), PERP_ETH)
    triggered = BINANCE.cancel(known(stop, order_id="4000", child="990002"), PERP_ETH)

    assert (unanswered.api, unanswered.params) == (
        "fapiPrivateDeleteAlgoOrder",
        {"symbol": "ETHUSDT", "clientAlgoId": OURS},
    )
    assert (waiting.api, waiting.params) == ("fapiPrivateDeleteAlgoOrder", {"symbol": "ETHUSDT", "algoId": "4000"})
    assert (triggered.api, triggered.params) == (
        "fapiPrivateDeleteOrder",
        {"symbol": "ETHUSDT", "orderId": "990002"},
    )


def test_a_perp_limit_order_is_changed_to_a_price_and_a_total() -> None:
    order = known(intent(PERP_ETH, side=SELL), order_id="990001")

    call = BINANCE.amend(
        order,
        PERP_ETH,
        price=Price(D("2510.10")),
        amount=BaseAmount(D("0.300")),
        now_ms=NOW_MS,
        validity_ms=VALID_MS,
    )

    assert (call.api, call.group) == ("fapiPrivatePutOrder", "perp.orders")
    assert call.params == {
        "symbol": "ETHUSDT",
        "orderId": "990001",
        "side": "SELL",
        "quantity": "0.3",
        "price": "2510.1",
        "recvWindow": 5000,
    }


@pytest.mark.parametrize(("market", "kind"), [(SPOT_ETH, LIMIT), (PERP_ETH, STOP_LIMIT)])
def test_what_the_venue_can_not_change_is_refused(market: Market, kind: OrderType) -> None:
    order = known(intent(market, kind=kind), order_id="1")

    with pytest.raises(NotSupportedError, match="can't change an order"):
        BINANCE.amend(order, market, price=Price(D(1)), amount=BaseAmount(D(1)), now_ms=NOW_MS, validity_ms=VALID_MS)
