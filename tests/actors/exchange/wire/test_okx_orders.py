"""What OKX is asked to do is on the wire field by field as its documentation has it, or refused before it is sent.

Amounts of perps are contracts there. Every order type on both products is a row here.
"""

from decimal import Decimal
from typing import Any

import pytest

from actors.exchange.wire.contract import Market, NotSupportedError, UnreadableAnswerError, VenueRefusalError
from actors.exchange.wire.okx import BODY, OKX, lasts_ms
from messages.units import (
    FOK,
    IOC,
    LIMIT,
    MARK,
    MARKET,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    BaseAmount,
    ClientOrderId,
    Price,
    Rate,
    Side,
)
from tests.actors.exchange.wire.okx_samples import (
    ETH,
    NOW_MS,
    OURS,
    SWAP,
    D,
    ack,
    algo_ack,
    intent,
    known,
    said,
)

PLAIN = {"clOrdId": OURS, "expTime": str(NOW_MS + 5000)}
ALGO = {"algoClOrdId": OURS, "clOrdId": OURS}
SPOT_BUY = {"instId": "ETH-USDT", "tdMode": "cash", "side": "buy", "sz": "0.5"}
SPOT_SELL = SPOT_BUY | {"side": "sell"}
SWAP_SELL = {"instId": "ETH-USDT-SWAP", "tdMode": "cross", "side": "sell", "sz": "5"}
STOP: dict[str, Any] = {"order_type": STOP_MARKET, "price": None, "trigger_price": Price(D("2400"))}
STOP_TO_LIMIT: dict[str, Any] = {"order_type": STOP_LIMIT, "price": Price(D("2390")), "trigger_price": Price(D("2400"))}
TAKE: dict[str, Any] = {"order_type": TAKE_PROFIT_MARKET, "price": None, "trigger_price": Price(D("2600"))}
TAKE_TO_LIMIT: dict[str, Any] = {
    "order_type": TAKE_PROFIT_LIMIT,
    "price": Price(D("2610")),
    "trigger_price": Price(D("2600")),
}
TRAIL: dict[str, Any] = {"order_type": TRAILING_STOP, "price": None, "trail_bps": Rate(D("150"))}
SELL: dict[str, Any] = {"side": Side.SELL}


def sl(px: str, kind: str = "last") -> dict[str, str]:
    return {"ordType": "conditional", "slTriggerPx": "2400", "slTriggerPxType": kind, "slOrdPx": px}


def tp(px: str) -> dict[str, str]:
    return {"ordType": "conditional", "tpTriggerPx": "2600", "tpTriggerPxType": "last", "tpOrdPx": px}


PLACED: list[tuple[Market, dict[str, Any], dict[str, Any]]] = [
    (ETH, {}, SPOT_BUY | PLAIN | {"ordType": "limit", "px": "2500"}),
    (ETH, {"time_in_force": IOC}, SPOT_BUY | PLAIN | {"ordType": "ioc", "px": "2500"}),
    (ETH, {"time_in_force": FOK}, SPOT_BUY | PLAIN | {"ordType": "fok", "px": "2500"}),
    (ETH, {"post_only": True}, SPOT_BUY | PLAIN | {"ordType": "post_only", "px": "2500"}),
    (
        ETH,
        {"order_type": MARKET, "price": None},
        SPOT_BUY | PLAIN | {"ordType": "market", "tgtCcy": "base_ccy", "banAmend": True},
    ),
    (ETH, SELL | STOP, SPOT_SELL | ALGO | sl("-1")),
    (ETH, STOP, SPOT_BUY | ALGO | sl("-1") | {"tgtCcy": "base_ccy"}),
    (ETH, STOP_TO_LIMIT, SPOT_BUY | ALGO | sl("2390")),
    (ETH, SELL | TAKE, SPOT_SELL | ALGO | tp("-1")),
    (ETH, SELL | TAKE_TO_LIMIT, SPOT_SELL | ALGO | tp("2610")),
    (ETH, SELL | TRAIL, SPOT_SELL | ALGO | {"ordType": "move_order_stop", "callbackRatio": "0.015"}),
    (SWAP, SELL, SWAP_SELL | PLAIN | {"ordType": "limit", "px": "2500"}),
    (SWAP, SELL | {"time_in_force": IOC}, SWAP_SELL | PLAIN | {"ordType": "ioc", "px": "2500"}),
    (SWAP, SELL | {"time_in_force": FOK}, SWAP_SELL | PLAIN | {"ordType": "fok", "px": "2500"}),
    (SWAP, SELL | {"post_only": True}, SWAP_SELL | PLAIN | {"ordType": "post_only", "px": "2500"}),
    (
        SWAP,
        SELL | {"reduce_only": True, "order_type": MARKET, "price": None},
        SWAP_SELL | PLAIN | {"reduceOnly": True, "ordType": "market"},
    ),
    (SWAP, SELL | STOP | {"reduce_only": True}, SWAP_SELL | ALGO | sl("-1") | {"reduceOnly": True}),
    (SWAP, SELL | STOP | {"trigger_by": MARK}, SWAP_SELL | ALGO | sl("-1", "mark")),
    (SWAP, SELL | STOP_TO_LIMIT, SWAP_SELL | ALGO | sl("2390")),
    (SWAP, SELL | TAKE, SWAP_SELL | ALGO | tp("-1")),
    (SWAP, SELL | TAKE_TO_LIMIT, SWAP_SELL | ALGO | tp("2610")),
    (SWAP, TRAIL, SWAP_SELL | ALGO | {"side": "buy", "ordType": "move_order_stop", "callbackRatio": "0.015"}),
]


@pytest.mark.parametrize(("market", "changes", "params"), PLACED)
def test_an_order_is_placed_with_these_fields_and_no_others(
    market: Market, changes: dict[str, Any], params: dict[str, Any]
) -> None:
    call = OKX.place(intent(market, **changes), market, now_ms=NOW_MS, validity_ms=5000)

    algo = "algoClOrdId" in params
    assert call.params == params
    assert call.api == ("privatePostTradeOrderAlgo" if algo else "privatePostTradeOrder")
    assert call.group == ("place-algo" if algo else "place")


REFUSED: list[tuple[Market, dict[str, Any], str]] = [
    (ETH, {"reduce_only": True}, "reduce-only"),
    (ETH, {"post_only": True, "time_in_force": IOC}, "post-only is GTC"),
    (ETH, STOP | {"trigger_by": MARK}, "last price only"),
    (ETH, TRAIL, "not documented"),
    (SWAP, TRAIL | {"trigger_by": MARK}, "last price only"),
    (SWAP, STOP_TO_LIMIT | {"time_in_force": IOC}, "neither post-only nor IOC"),
    (SWAP, STOP_TO_LIMIT | {"post_only": True}, "neither post-only nor IOC"),
    (SWAP, {"order_type": LIMIT, "price": None}, "has a price"),
    (SWAP, STOP | {"trigger_price": None}, "has a trigger price"),
    (SWAP, {"order_type": TRAILING_STOP, "price": None}, "has a distance"),
]


@pytest.mark.parametrize(("market", "changes", "why"), REFUSED)
def test_what_okx_lacks_is_refused_with_a_sentence(market: Market, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSupportedError, match=why):
        OKX.place(intent(market, **changes), market, now_ms=NOW_MS, validity_ms=5000)


@pytest.mark.parametrize(
    ("base", "contracts"), [("0.001", "0.01"), ("0.1", "1"), ("12.345", "123.45"), ("1000000", "10000000")]
)
def test_a_perps_amount_is_in_contracts_exactly(base: str, contracts: str) -> None:
    call = OKX.place(intent(SWAP, amount=BaseAmount(D(base))), SWAP, now_ms=0, validity_ms=1)

    assert call.params["sz"] == contracts


def test_an_amount_that_is_no_exact_number_of_contracts_is_refused() -> None:
    odd = SWAP.__class__(**{name: getattr(SWAP, name) for name in SWAP.__struct_fields__} | {"contract_size": D(3)})

    with pytest.raises(NotSupportedError, match="no exact number of contracts"):
        OKX.place(intent(odd, amount=BaseAmount(D("0.1"))), odd, now_ms=0, validity_ms=1)


def test_numbers_have_neither_exponents_nor_trailing_zeros() -> None:
    order = intent(ETH, amount=BaseAmount(D("1E+3")), price=Price(D("0.00000100")))

    params = OKX.place(order, ETH, now_ms=0, validity_ms=1).params

    assert (params["sz"], params["px"]) == ("1000", "0.000001")


def test_a_trigger_order_may_arrive_for_as_long_as_its_signature_lasts() -> None:
    # OKX obeys expTime for /trade/order and amend-order alone.
    assert lasts_ms(intent(ETH), 5000) == 5000
    assert lasts_ms(intent(SWAP, **STOP), 5000) == 30_000


def test_the_answer_to_a_placement_names_the_order() -> None:
    assert OKX.placed(said(ack()), intent(), ETH).order_id == "2510789768709120000"
    assert OKX.placed(said(algo_ack()), intent(SWAP, **STOP), SWAP).order_id == "2510790000000000001"


REFUSALS = [
    (said(ack(ordId="", sCode="51008", sMsg="Insufficient balance"), code="1", msg="All operations failed"), "51008"),
    (said(ack(ordId="", sCode="51008", sMsg="Insufficient balance"), code="2", msg="Some failed"), "51008"),
    (said(ack(ordId="", sCode="51000", sMsg="Parameter instId error")), "51000"),
    (said(ack(sCode="51149", sMsg="Order timed out")), "51149"),
    (said(code="50011", msg="Too Many Requests"), "50011"),
    (said(code="1", msg="Operation failed"), "1"),
]


@pytest.mark.parametrize(("answer", "code"), REFUSALS)
def test_a_refusal_inside_a_good_envelope_is_told_by_its_inner_code(answer: dict[str, Any], code: str) -> None:
    with pytest.raises(VenueRefusalError) as caught:
        OKX.placed(answer, intent(), ETH)

    assert (caught.value.failure.code, caught.value.failure.status) == (code, 200)


UNREADABLE: list[Any] = [
    None,
    "",
    "<html>502 Bad Gateway</html>",
    [],
    {},
    {"code": "0"},
    {"code": 0, "data": []},
    said(),
    said(ack(), ack()),
    said(ack(ordId="")),
    said({"sCode": "0"}),
    said(ack(clOrdId="another")),
    {"code": "0", "msg": "", "data": "x"},
    {"code": "0", "msg": "", "data": ["x"]},
]


@pytest.mark.parametrize("answer", UNREADABLE)
def test_an_answer_of_another_form_is_never_taken_for_a_success(answer: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(UnreadableAnswerError):
        OKX.placed(answer, intent(), ETH)
    with pytest.raises(UnreadableAnswerError):
        OKX.cancelled(answer, known(ETH, order_id="7"), ETH)
    with pytest.raises(UnreadableAnswerError):
        OKX.amended(answer, known(ETH, order_id="7"), ETH)


def test_an_order_is_cancelled_by_the_venues_id_where_it_is_known() -> None:
    by_client = OKX.cancel(known(ETH), ETH)
    by_id = OKX.cancel(known(ETH, order_id="42"), ETH)

    assert (by_client.api, by_client.group) == ("privatePostTradeCancelOrder", "cancel")
    assert by_client.params == {"instId": "ETH-USDT", "clOrdId": OURS}
    assert by_id.params == {"instId": "ETH-USDT", "ordId": "42"}


def test_a_waiting_trigger_order_is_cancelled_as_a_list_of_one() -> None:
    by_client, by_id = OKX.cancel(known(SWAP, **STOP), SWAP), OKX.cancel(known(SWAP, order_id="42", **STOP), SWAP)

    assert (by_client.api, by_client.group) == ("privatePostTradeCancelAlgos", "cancel-algo")
    assert by_client.params == {BODY: ({"instId": "ETH-USDT-SWAP", "algoClOrdId": OURS},)}
    assert by_id.params == {BODY: ({"instId": "ETH-USDT-SWAP", "algoId": "42"},)}


def test_a_triggered_order_is_cancelled_as_what_it_became() -> None:
    call = OKX.cancel(known(SWAP, order_id="42", child="43", **STOP), SWAP)

    assert call.api == "privatePostTradeCancelOrder"
    assert call.params == {"instId": "ETH-USDT-SWAP", "ordId": "43"}


def test_the_answer_to_a_cancel_is_held_against_its_order() -> None:
    OKX.cancelled(said(ack()), known(ETH), ETH)
    OKX.cancelled(said(ack(ordId="42")), known(ETH, order_id="42"), ETH)
    OKX.cancelled(said(algo_ack(algoId="42")), known(SWAP, order_id="42", **STOP), SWAP)

    with pytest.raises(UnreadableAnswerError, match="another order"):
        OKX.cancelled(said(ack(ordId="41")), known(ETH, order_id="42"), ETH)
    with pytest.raises(VenueRefusalError):
        OKX.cancelled(said(ack(sCode="51400", sMsg="gone"), code="1"), known(ETH), ETH)


def test_an_amendment_says_the_new_total_in_contracts_and_its_deadline() -> None:
    call = OKX.amend(
        known(SWAP, order_id="42"),
        SWAP,
        price=Price(D("2490.50")),
        amount=BaseAmount(D("0.7")),
        now_ms=NOW_MS,
        validity_ms=5000,
    )

    assert (call.api, call.group) == ("privatePostTradeAmendOrder", "amend")
    assert call.params == {
        "instId": "ETH-USDT-SWAP",
        "ordId": "42",
        "newPx": "2490.5",
        "newSz": "7",
        "expTime": str(NOW_MS + 5000),
    }
    assert OKX.amended(said(ack(ordId="42")), known(SWAP, order_id="42"), SWAP) is None


def test_only_limit_orders_are_amended() -> None:
    with pytest.raises(NotSupportedError, match="only limit orders"):
        OKX.amend(
            known(SWAP, **STOP), SWAP, price=Price(D(1)), amount=BaseAmount(D(1)), now_ms=NOW_MS, validity_ms=5000
        )


def test_settings_of_the_account() -> None:
    (mode,) = OKX.set_one_way(SWAP)
    (leverage,) = OKX.set_leverage(SWAP, Decimal("3.0"))

    assert (mode.api, mode.params) == ("privatePostAccountSetPositionMode", {"posMode": "net_mode"})
    assert leverage.api == "privatePostAccountSetLeverage"
    assert leverage.params == {"instId": "ETH-USDT-SWAP", "lever": "3", "mgnMode": "cross"}
    assert OKX.set_cross(SWAP) == ()
    with pytest.raises(NotSupportedError, match="of perps only"):
        OKX.set_leverage(ETH, Decimal(3))


def test_a_foreign_order_is_cancelled_by_the_venues_id() -> None:
    call = OKX.cancel(known(ETH, order_id="42", client_order_id=ClientOrderId("")), ETH)

    assert call.params == {"instId": "ETH-USDT", "ordId": "42"}
