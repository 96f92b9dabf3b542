"""An answer says what became of an order: a word, floats to read, exact texts to compute with, ids, and why not."""

import json
from decimal import Decimal
from typing import get_type_hints

import pytest

from ops.interfaces.answers import PositionAnswer, TradeAnswer
from tests.ops.interfaces.calls import PRICES, engine, perp, prices, run, spot, trade


def test_a_fill_has_floats_and_exact_texts_and_the_ids_of_the_order() -> None:
    answer = trade(spot("0.3333", id="mine"), {"binance_spot_price": "3000.1"})

    assert answer == {
        "status": "FILLED",
        "amount": 0.3333,
        "price": 3000.1,
        "fee": 0.99993333,
        "amount_exact": "0.3333",
        "price_exact": "3000.1",
        "fee_exact": "0.99993333",
        "order_id": "binance-1",
        "client_order_id": answer["client_order_id"],
        "instruction_id": "mine",
        "execution_mode": "backtest",
        "venue": "binance",
        "pair": "ETH/USDT",
        "side": "BUY",
        "is_open": False,
        "by": None,
        "reason": None,
        "detail": None,
        "timestamp": "1970-01-01T00:00:00Z",
    }
    assert len(answer["client_order_id"]) == 32


def test_every_key_is_always_there_and_an_answer_is_plain_json() -> None:
    answers = [trade(spot(), PRICES), trade(spot(), {}), trade(spot(order_type="LIMIT", price=2900), PRICES)]

    for answer in answers:
        assert answer.keys() == get_type_hints(TradeAnswer).keys()
        assert json.loads(json.dumps(answer)) == answer


def test_a_float_amount_is_its_shortest_text() -> None:
    assert trade(spot(0.1 + 0.2), {"binance_spot_price": 0.1 + 2999})["amount_exact"] == "0.3"
    assert trade(perp(0.29), PRICES)["amount_exact"] == "0.29"


def test_what_exceeds_the_balance_is_rejected_by_execd_with_code_and_detail() -> None:
    answer = trade(spot(100), PRICES)

    assert (answer["status"], answer["by"], answer["reason"]) == ("REJECTED", "execd", "INSUFFICIENT_BALANCE")
    assert answer["detail"] is not None
    assert "300000 USDT needed in binance, 12500 free" in answer["detail"]


def test_an_order_that_the_venue_refuses_is_rejected_by_the_venue() -> None:
    answer = trade(spot(order_type="LIMIT", price=3100, post_only=True), PRICES)

    assert (answer["status"], answer["by"], answer["reason"]) == ("REJECTED", "venue", "POST_ONLY")


@pytest.mark.parametrize(
    ("terms", "status", "reason"),
    [
        ({"order_type": "LIMIT", "price": 2900}, "OPEN", None),
        ({"order_type": "STOP_MARKET", "trigger_price": 3100}, "OPEN", None),
        ({"order_type": "LIMIT", "price": 2900, "time_in_force": "IOC"}, "CANCELLED", "NOT_MARKETABLE"),
        ({"order_type": "LIMIT", "price": 3100}, "FILLED", None),
    ],
)
def test_other_orders_rest_end_or_fill(terms: dict[str, object], status: str, reason: str | None) -> None:
    answer = trade(spot(**terms), PRICES)

    assert (answer["status"], answer["reason"], answer["is_open"]) == (status, reason, status == "OPEN")
    assert answer["order_id"] != ""


def test_a_resting_order_fills_at_a_later_price_and_the_same_id_again_says_so() -> None:
    async def work() -> list[TradeAnswer]:
        async with engine() as ours:
            limit = spot(order_type="LIMIT", price=2900, id="mine")
            first = await ours.execute_trade_with_interface(limit, prices(3000))
            again = await ours.execute_trade_with_interface(limit, prices(3000, "1970-01-01T00:01:00Z"))
            filled = await ours.execute_trade_with_interface(limit, prices(2890, "1970-01-01T00:02:00Z"))
            return [first, again, filled]

    first, again, filled = run(work())
    assert [first["status"], again["status"], filled["status"]] == ["OPEN", "OPEN", "FILLED"]
    assert filled["price_exact"] == "2900"
    assert first["client_order_id"] == filled["client_order_id"]


def test_the_same_id_with_other_content_is_refused_and_the_first_one_stays_as_it_was() -> None:
    async def work() -> list[TradeAnswer]:
        async with engine() as ours:
            calls = [spot(1, id="mine"), spot(2, id="mine"), spot(1, id="mine")]
            return [await ours.execute_trade_with_interface(each, PRICES) for each in calls]

    first, other, again = run(work())
    assert (other["status"], other["reason"], other["amount"]) == ("REJECTED", "DUPLICATE_ID", 0.0)
    assert again == first


def test_an_order_on_its_way_is_open_and_is_answered_when_the_clock_moves_on() -> None:
    async def work() -> list[str]:
        async with engine(venues={"binance": {"latency_ms": 100}}) as ours:
            sent = await ours.execute_trade_with_interface(spot(id="mine"), prices(3000, 0))
            await ours.execute_trade_with_interface(perp(), prices(3100, "1970-01-01T00:00:01Z"))
            arrived = await ours.execute_trade_with_interface(spot(id="mine"), {})
            return [sent["status"], sent["order_id"], arrived["status"], arrived["price_exact"]]

    assert run(work()) == ["OPEN", "", "FILLED", "3100"]


def test_a_position_has_size_entry_mark_and_unrealised_and_flat_is_zeros() -> None:
    async def work() -> list[PositionAnswer]:
        async with engine() as ours:
            cex = ours.execution_interfaces["cex"]
            flat = await cex.get_position("ETHUSDT-PERP")
            await cex.execute_trade(perp(1), prices(3000))
            await cex.execute_trade(perp(2, "SHORT"), prices(3000.5))
            return [
                flat,
                await cex.get_position("ETHUSDT-PERP", "bybit"),
                await cex.get_position("ETHUSDT-PERP", "okx"),
            ]

    flat, bybit, okx = run(work())
    zeros = dict.fromkeys(("amount", "entry_price", "mark_price", "unrealised"), 0.0)
    assert flat == {"symbol": "ETHUSDT-PERP", "venue": None, **zeros, **{f"{key}_exact": "0" for key in zeros}}
    assert okx == {**flat, "venue": "okx"}
    assert (bybit["amount"], bybit["entry_price"], bybit["mark_price_exact"]) == (-1.0, 3000.5, "3000.5")


def test_positions_of_several_venues_add_up() -> None:
    async def work() -> list[PositionAnswer]:
        async with engine() as ours:
            cex = ours.execution_interfaces["cex"]
            await cex.execute_trade(perp(1), prices(3000))
            await cex.execute_trade(perp(3, venue="okx"), prices(3100))
            await cex.execute_trade(spot(2, venue="okx"), prices(3200))
            return [await cex.get_position("ETHUSDT-PERP"), await cex.get_position("ETH/USDT")]

    perps, spots = run(work())
    assert (perps["amount_exact"], perps["entry_price_exact"], perps["unrealised_exact"]) == ("4", "3075", "500")
    assert (spots["amount_exact"], spots["entry_price"], spots["unrealised"]) == ("1.998", 0.0, 0.0)


@pytest.mark.parametrize(
    ("symbol", "venue", "line"),
    [
        ("ETH", None, 'symbol: not a pair: "ETH", expected BASE/USDT'),
        ("ETC/USDT", None, 'symbol: unknown: "ETC/USDT", did you mean "ETH/USDT"\\?'),
        ("ETH/USDT", "binanse", 'venue: unknown: "binanse", did you mean "binance"\\?'),
        (None, None, "symbol: null, expected BASE/USDT"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_its_name(symbol: str, venue: str | None, line: str) -> None:
    async def work() -> None:
        async with engine() as ours:
            await ours.execution_interfaces["cex"].get_position(symbol, venue)

    with pytest.raises(ValueError, match=f"^{line}"):
        run(work())


def test_cancel_all_says_which_orders_it_cancelled_and_frees_what_they_held() -> None:
    async def work() -> None:
        async with engine() as ours:
            cex = ours.execution_interfaces["cex"]
            limits = [spot(4, order_type="LIMIT", price=2900, id="a"), perp(order_type="LIMIT", price=2900, id="b")]
            orders = [await cex.execute_trade(each, PRICES) for each in limits]
            refused = await cex.execute_trade(spot(4, order_type="LIMIT", price=2900), PRICES)
            assert refused["reason"] == "INSUFFICIENT_BALANCE"

            bybit = await cex.cancel_all_orders("bybit")
            rest = await cex.cancel_all_orders()
            none = await cex.cancel_all_orders()

            assert bybit["cancelled"] == [orders[1]["order_id"]]
            assert (rest["cancelled"], rest["instruction_ids"], rest["pending"]) == ([orders[0]["order_id"]], ["a"], [])
            assert none["cancelled"] == []
            again = await cex.execute_trade(spot(4, order_type="LIMIT", price=2900), PRICES)
            assert again["status"] == "OPEN"
            with pytest.raises(ValueError, match=r'^venue: unknown: "bitby"'):
                await cex.cancel_all_orders("bitby")

    run(work())


def test_a_cancel_on_its_way_is_pending() -> None:
    async def work() -> None:
        async with engine(venues={"binance": {"latency_ms": 100}}) as ours:
            cex = ours.execution_interfaces["cex"]
            await cex.execute_trade(spot(order_type="LIMIT", price=2900, id="a"), prices(3000, 0))

            answer = await cex.cancel_all_orders()

            assert (answer["cancelled"], answer["pending"]) == ([], ["a"])

    run(work())


def test_a_transfer_is_rejected_by_execd_as_not_supported() -> None:
    async def work() -> None:
        async with engine() as ours:
            answer = await ours.execution_interfaces["cex"].execute_transfer({"amount": 1}, {})

            assert (answer["status"], answer["by"], answer["reason"]) == ("REJECTED", "execd", "NOT_SUPPORTED")
            assert "later step" in answer["detail"]

    run(work())


def test_the_fee_of_a_rebate_and_of_several_fills_is_the_sum_in_quote() -> None:
    venues = {"bybit": {"spot": {"maker_fee_bps": "-1"}}}

    async def work() -> TradeAnswer:
        async with engine(venues=venues) as ours:
            limit = spot(2, venue="bybit", order_type="LIMIT", price=2900, id="mine")
            await ours.execute_trade_with_interface(limit, prices(3000, 0))
            return await ours.execute_trade_with_interface(limit, prices(2890, "1970-01-01T00:01:00Z"))

    answer = run(work())
    assert Decimal(answer["fee_exact"]) == Decimal("-0.58")
    assert answer["fee"] == -0.58
