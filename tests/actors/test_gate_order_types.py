"""The gate sizes, prices and affords every type of order against the state after it, all open orders the worse way.

Prices are 2000, the lot of the perp is 0.01, ticks are 0.01, the taker fee is 0.1 %.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from messages.instructions import AmendNotPassed, AmendPassed, AmendReceived, Code, TradePassed
from messages.journal import Entry
from messages.orders import AmendRejected, AmendSubmitted, OrderAmended, OutcomeKnown
from messages.units import (
    GTC,
    LIMIT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TRAILING_STOP,
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderId,
    Price,
    Rate,
    VenueName,
)
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    accepted,
    cancelled,
    filled,
    received,
    record,
    rejected,
    submitted,
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


# --- amendments -------------------------------------------------------------------------------------------------------


def amend(desk: Desk, *, price: str | None = None, amount: str | None = None, name: str = "a1") -> Any:  # noqa: ANN401
    desk.gate.receive(
        AmendReceived(
            instruction_id=InstructionId(name),
            price=None if price is None else Price(D(price)),
            amount=None if amount is None else BaseAmount(D(amount)),
        )
    )
    (answer,) = desk.mail.take()
    return answer


def purchase(usdt: str = "4000") -> Desk:
    """Return a desk with a resting purchase of 1 at 1900, of which the venue knows."""
    desk = Desk(usdt=usdt)
    passed(desk, limit("1", "1900", pair="ETH/USDT"))
    desk.gate.receive(OutcomeKnown(instruction_id=InstructionId("a1")))
    return desk


def amended(amount: str, price: str) -> OrderAmended:
    return OrderAmended(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        order_id=OrderId("o1"),
        client_order_id=ClientOrderId("c1"),
        instruction_id=InstructionId("a1"),
        price=Price(D(price)),
        amount=BaseAmount(D(amount)),
    )


NOT_AMENDED = AmendRejected(
    venue=VenueName("bybit"),
    instrument=PERP_ID,
    client_order_id=ClientOrderId("c1"),
    instruction_id=InstructionId("a1"),
    reason="gone",
)


def free(desk: Desk) -> Decimal:
    purse = desk.gate._holds.purses["bybit", "USDT"]  # type: ignore[index]  # noqa: SLF001 - what a refusal would say
    return purse.balance - purse.held


def test_an_amendment_is_rounded_and_says_what_is_held_from_then_on() -> None:
    answer = amend(purchase(), price="1950.009", amount="1.500009")

    assert isinstance(answer, AmendPassed)
    assert (answer.price, answer.amount, answer.held_amount) == (D(1950), D("1.5"), D(2925))


def test_while_a_change_is_under_way_the_larger_of_both_is_held() -> None:
    desk = purchase()

    amend(desk, price="1000")
    assert free(desk) == 4000 - 1900
    desk.gate.receive(amended("1", "1000"))
    assert free(desk) == 4000 - 1000

    amend(desk, price="1900")
    assert free(desk) == 4000 - 1900
    desk.gate.receive(NOT_AMENDED)
    assert free(desk) == 4000 - 1000


@pytest.mark.parametrize(("answer", "held"), [("amended", "700"), ("rejected", "950")])
def test_what_fills_while_a_change_is_under_way_is_freed_whatever_the_answer(answer: str, held: str) -> None:
    desk = purchase()
    amend(desk, price="1000", amount="1.2")  # 1.2 at 1000 instead of 1 at 1900
    desk.book(usdt="4000", fact=filled("0.5", "1900", of=PERP_ID))

    desk.gate.receive(amended("1.2", "1000") if answer == "amended" else NOT_AMENDED)

    assert free(desk) == 4000 - D(held)


def test_an_amendment_that_costs_too_much_is_refused_and_leaves_the_order_as_it_is() -> None:
    desk = purchase("2000")

    answer = amend(desk, amount="1.1")

    assert isinstance(answer, AmendNotPassed)
    assert answer.code is Code.INSUFFICIENT_BALANCE
    assert free(desk) == 100


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "0.000001"}, Code.BELOW_LOT),
        ({"price": "4"}, Code.BELOW_NOTIONAL),
        ({"price": "0.001"}, Code.NO_PRICE),
        ({"name": "nobody", "price": "1"}, Code.NOT_OPEN),
    ],
)
def test_an_amendment_is_checked_like_a_new_order(change: Any, code: Code) -> None:  # noqa: ANN401
    answer = amend(purchase(), **change)

    assert isinstance(answer, AmendNotPassed)
    assert answer.code is code


def test_of_two_changes_at_once_the_second_is_refused() -> None:
    desk = purchase()
    amend(desk, price="1000")

    assert isinstance(amend(desk, price="1100"), AmendNotPassed)


def test_an_end_frees_all_that_an_amended_order_held() -> None:
    desk = purchase()
    amend(desk, price="1950", amount="2")
    desk.book(usdt="3050", fact=filled("0.5", "1900", of=PERP_ID))

    desk.gate.receive(cancelled())

    assert free(desk) == 3050


def test_folding_an_amendment_gives_back_what_is_held_for_it() -> None:
    desk = Desk(usdt="0")
    entries: list[Entry] = [
        submitted("1"),
        accepted(),
        AmendSubmitted(
            instruction_id=InstructionId("a1"),
            client_order_id=ClientOrderId("c1"),
            venue=VenueName("bybit"),
            instrument=PERP_ID,
            price=Price(D(1950)),
            amount=BaseAmount(D(3)),
            held_amount=Amount(D(30)),
        ),
    ]

    for seq, entry in enumerate(entries, start=1):
        desk.gate.apply(record(entry, seq=seq))
    assert free(desk) == -30
    desk.gate.apply(record(NOT_AMENDED, seq=4))
    assert free(desk) == -10


def test_a_change_of_a_reduce_only_order_counts_nothing_for_the_position() -> None:
    desk = Desk(usdt="2000", quantity="5", model=leveraged("10"))
    passed(desk, limit("1", "2100", side="SELL", reduce_only=True))
    desk.gate.receive(OutcomeKnown(instruction_id=InstructionId("a1")))

    assert isinstance(amend(desk, amount="4"), AmendPassed)
    desk.gate.receive(amended("4", "2100"))

    market = desk.gate._holds.markets[PERP_ID]  # noqa: SLF001 - what margin counts
    assert not market.buys
    assert not market.sells


def test_without_a_fresh_price_nothing_is_amended() -> None:
    desk = purchase()
    desk.turn.at = Nanoseconds(2 * HOUR)

    answer = amend(desk, price="1800")

    assert isinstance(answer, AmendNotPassed)
    assert answer.code is Code.NO_PRICE


def test_beside_an_unknown_outcome_nothing_of_the_instrument_is_amended() -> None:
    desk = Desk()
    for name in ("a1", "u1"):
        passed(desk, limit("1", "1900", name=name))
        desk.gate.receive(OutcomeKnown(instruction_id=InstructionId(name)))
    desk.gate.receive(unknown(name="u1"))

    answer = amend(desk, price="1800")

    assert isinstance(answer, AmendNotPassed)
    assert answer.code is Code.OUTCOME_UNKNOWN


def test_an_unknown_order_that_ends_frees_its_instrument() -> None:
    desk = Desk()
    passed(desk, limit("1", "1900"))
    desk.gate.receive(unknown())
    assert desk.code(received("1", name="a2")) is Code.OUTCOME_UNKNOWN

    desk.gate.receive(rejected())

    assert desk.code(received("1", name="a3")) is None


def test_a_change_that_is_refused_after_the_order_filled_leaves_nothing_held() -> None:
    desk = purchase()
    amend(desk, amount="2")
    desk.book(usdt="2100", fact=filled("1", "1900", of=PERP_ID))
    assert free(desk) < 2100

    desk.gate.receive(NOT_AMENDED)

    assert free(desk) == 2100
    assert not desk.gate._holds.open  # noqa: SLF001


@pytest.mark.parametrize(("cost", "code"), [("10000", None), ("10009", Code.INSUFFICIENT_MARGIN)])
def test_a_reduce_only_orders_fee_is_taken_from_what_is_left_after_losses(cost: str, code: Code | None) -> None:
    desk = Desk(usdt="10", quantity="5", model=leveraged("10"))
    desk.gate._holds.markets[PERP_ID].cost = D(cost)  # noqa: SLF001 - bought dearer than the mark: 9 are lost

    assert desk.code(received("1", side="SELL", reduce_only=True)) is code
