"""The gate checks a change of an order like a new order in its place, and holds the larger until it is answered."""

from decimal import Decimal
from typing import Any

import pytest

from messages.instructions import AmendNotPassed, AmendPassed, AmendReceived, Code
from messages.journal import Entry
from messages.orders import AmendRejected, AmendSubmitted, OrderAmended, OutcomeKnown
from messages.units import (
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderId,
    Price,
    VenueName,
)
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    accepted,
    cancelled,
    filled,
    record,
    submitted,
    unknown,
)
from tests.actors.test_gate import Desk
from tests.actors.test_gate_order_types import leveraged, limit, passed

D = Decimal


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


def test_what_another_hand_made_of_an_order_is_what_is_held() -> None:
    desk = purchase()

    desk.gate.receive(amended("2", "1900"))
    assert free(desk) == 4000 - 3800
    desk.book(usdt="4000", fact=filled("1", "1900", of=PERP_ID))
    assert free(desk) == 4000 - 1900
    desk.gate.receive(amended("1.5", "1900"))
    assert free(desk) == 4000 - 950


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


def test_a_change_that_is_refused_after_the_order_filled_leaves_nothing_held() -> None:
    desk = purchase()
    amend(desk, amount="2")
    desk.book(usdt="2100", fact=filled("1", "1900", of=PERP_ID))
    assert free(desk) < 2100

    desk.gate.receive(NOT_AMENDED)

    assert free(desk) == 2100
    assert not desk.gate._holds.open  # noqa: SLF001
