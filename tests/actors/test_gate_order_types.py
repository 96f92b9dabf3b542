"""The gate sizes, prices and affords every type of order against the state after it, all open orders the worse way.

Prices are 2000, the lot of the perp is 0.01, ticks are 0.01, the taker fee is 0.1 %.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from messages.instructions import Code, TradePassed
from messages.orders import OutcomeKnown
from messages.units import (
    GTC,
    LIMIT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    InstructionId,
    Price,
    Rate,
)
from tests.actors.builders import (
    PERP_ID,
    received,
    rejected,
    unknown,
    venue,
)
from tests.actors.test_gate import Desk

D = Decimal


def leveraged(leverage: str = "10", *, base_bps: str = "0") -> Any:  # noqa: ANN401 - a model
    return msgspec.structs.replace(venue(base_bps=base_bps), leverage=D(leverage))


def limit(amount: str, price: str, **fields: Any) -> Any:  # noqa: ANN401 - an instruction
    return received(amount, order_type=LIMIT, price=Price(D(price)), time_in_force=GTC, **fields)


def passed(desk: Desk, wanted: Any) -> TradePassed:  # noqa: ANN401 - an instruction
    answer = desk.check(wanted)
    assert isinstance(answer, TradePassed), answer
    return answer


@pytest.mark.parametrize(("side", "price"), [("BUY", "1999.99"), ("SELL", "2000")])
def test_a_limit_is_rounded_to_the_tick_less_aggressive(side: str, price: str) -> None:
    assert passed(Desk(), limit("1", "1999.999", side=side)).price == D(price)


@pytest.mark.parametrize(
    ("kind", "side", "trigger"),
    [
        (STOP_MARKET, "BUY", "2100.01"),
        (STOP_MARKET, "SELL", "2100"),
        (STOP_LIMIT, "BUY", "2100.01"),
        (TAKE_PROFIT_MARKET, "BUY", "2100"),
        (TAKE_PROFIT_LIMIT, "SELL", "2100.01"),
    ],
)
def test_a_trigger_is_rounded_so_that_it_is_reached_later(kind: Any, side: str, trigger: str) -> None:  # noqa: ANN401
    price = Price(D(2100)) if kind in {STOP_LIMIT, TAKE_PROFIT_LIMIT} else None
    wanted = received("1", side=side, order_type=kind, trigger_price=Price(D("2100.001")), price=price)

    assert passed(Desk(), wanted).trigger_price == D(trigger)


def test_a_price_below_one_tick_is_no_price() -> None:
    assert Desk().code(limit("1", "0.001")) is Code.NO_PRICE


@pytest.mark.parametrize(("price", "code"), [("49", Code.BELOW_NOTIONAL), ("50", None)])
def test_the_notional_of_a_limit_is_counted_at_its_own_price(price: str, code: Code | None) -> None:
    assert Desk().code(limit("0.1", price)) is code


@pytest.mark.parametrize(("price", "code"), [("1000", None), ("1000.01", Code.LIMIT_ORDER_NOTIONAL)])
def test_the_largest_notional_of_a_limit_is_counted_at_its_own_price(price: str, code: Code | None) -> None:
    assert Desk(max_order_notional=D(1000)).code(limit("1", price)) is code


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"order_type": LIMIT, "price": Price(D(1900))}, "1900"),
        ({"order_type": LIMIT, "price": Price(D(2100))}, "2100"),
        ({"order_type": STOP_LIMIT, "price": Price(D(2100)), "trigger_price": Price(D(2050))}, "2100"),
        ({"order_type": STOP_MARKET, "trigger_price": Price(D(2100))}, "2102.1"),  # slipped by 10 bps
        ({"order_type": TAKE_PROFIT_MARKET, "trigger_price": Price(D(1900))}, "2002"),
        ({"order_type": TRAILING_STOP, "trail_bps": Rate(D(100))}, "2022.02"),  # 2000 * 1.01 * 1.001
    ],
)
def test_a_spot_purchase_holds_its_amount_at_the_worst_price(fields: Any, held: str) -> None:  # noqa: ANN401
    desk = Desk(usdt="5000", model=venue(base_bps="10"))

    answer = passed(desk, received("1", pair="ETH/USDT", **fields))

    assert (answer.held_asset, answer.held_amount) == ("USDT", D(held))


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"order_type": LIMIT, "price": Price(D(1900))}, "1.9"),  # the fee; it can't trade at once
        ({"order_type": LIMIT, "price": Price(D(2100))}, "102.1"),  # the fee, and 100 against the mark
        ({"order_type": STOP_MARKET, "trigger_price": Price(D(2100))}, "2.1"),
    ],
)
def test_a_perp_order_holds_its_fee_and_what_it_may_lose_against_the_mark_at_once(fields: Any, held: str) -> None:  # noqa: ANN401
    assert passed(Desk(), received("1", **fields)).held_amount == D(held)


@pytest.mark.parametrize(("usdt", "code"), [("404", None), ("403.99", Code.INSUFFICIENT_MARGIN)])
def test_what_is_needed_is_the_margin_after_the_trade_and_the_fee(usdt: str, code: Code | None) -> None:
    assert Desk(usdt=usdt, model=leveraged("10")).code(received("2")) is code


def test_a_flip_needs_the_margin_of_what_it_ends_in() -> None:
    desk = Desk(usdt="404", quantity="2", model=leveraged("10"))

    assert desk.code(received("4", side="SELL")) is Code.INSUFFICIENT_MARGIN  # a fee of 8, and 400 for the short of 2
    assert desk.code(received("2", side="SELL", name="a2")) is None


def test_open_orders_count_filled_the_worse_way() -> None:
    desk = Desk(usdt="1010", model=leveraged("10"))
    assert desk.code(limit("2", "2000", name="b")) is None
    assert desk.code(limit("2", "2000", name="s", side="SELL")) is None  # either side fills or both: never more than 2

    assert desk.code(limit("4", "2000", name="b2")) is Code.INSUFFICIENT_MARGIN  # 6 * 200 + 8 + 8 held
    assert desk.code(limit("2.9", "2000", name="b3")) is None


def test_a_reduce_only_order_needs_its_fee_alone() -> None:
    desk = Desk(usdt="10", quantity="50", model=leveraged("10"))

    assert desk.code(received("1", side="SELL")) is Code.INSUFFICIENT_MARGIN
    assert desk.code(received("5", side="SELL", reduce_only=True, name="a2")) is None
    assert desk.code(received("1", side="SELL", reduce_only=True, name="a3")) is Code.INSUFFICIENT_MARGIN  # 10 are held


def test_a_reduce_only_limit_far_beyond_the_mark_needs_its_fee_alone() -> None:
    desk = Desk(usdt="4", quantity="50", model=leveraged("10"))

    assert passed(desk, limit("2", "1000", side="SELL", reduce_only=True)).held_amount == 2
    assert passed(desk, received("1", name="a2", side="SELL", reduce_only=True)).held_amount == 2


def test_stop_and_take_profit_may_stand_for_the_same_position() -> None:
    desk = Desk(quantity="3")
    stop = received("3", name="sl", side="SELL", reduce_only=True, order_type=STOP_MARKET, trigger_price=Price(D(1900)))
    assert passed(desk, stop).amount == 3
    desk.gate.receive(OutcomeKnown(instruction_id=InstructionId("sl")))

    assert passed(desk, limit("3", "2100", name="tp", side="SELL", reduce_only=True)).amount == 3


def test_a_reduce_only_order_in_flight_leaves_less_to_reduce() -> None:
    desk = Desk(quantity="3")
    assert desk.amount(received("2", side="SELL", reduce_only=True)) == 2

    assert desk.amount(received("2", name="a2", side="SELL", reduce_only=True)) == 1
    assert desk.code(received("2", name="a3", side="SELL", reduce_only=True)) is Code.REDUCE_ONLY


def test_a_spot_purchase_may_not_take_the_margin_of_the_accounts_perps() -> None:
    desk = Desk(usdt="3000", quantity="5", model=leveraged("10"))

    assert desk.code(received("2", pair="ETH/USDT")) is Code.INSUFFICIENT_BALANCE
    assert desk.code(received("1.1", name="a2", pair="ETH/USDT")) is Code.INSUFFICIENT_MARGIN
    assert desk.code(received("1", name="a3", pair="ETH/USDT")) is None


def test_an_unknown_order_that_ends_frees_its_instrument() -> None:
    desk = Desk()
    passed(desk, limit("1", "1900"))
    desk.gate.receive(unknown())
    assert desk.code(received("1", name="a2")) is Code.OUTCOME_UNKNOWN

    desk.gate.receive(rejected())

    assert desk.code(received("1", name="a3")) is None


@pytest.mark.parametrize(("cost", "code"), [("10000", None), ("10009", Code.INSUFFICIENT_MARGIN)])
def test_a_reduce_only_orders_fee_is_taken_from_what_is_left_after_losses(cost: str, code: Code | None) -> None:
    desk = Desk(usdt="10", quantity="5", model=leveraged("10"))
    desk.gate._holds.markets[PERP_ID].cost = D(cost)  # noqa: SLF001 - bought dearer than the mark: 9 are lost

    assert desk.code(received("1", side="SELL", reduce_only=True)) is code
