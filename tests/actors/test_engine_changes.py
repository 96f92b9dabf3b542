"""Cancels and amendments go to the venue after their intent, are answered once, and never for an order that is gone."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from messages.instructions import (
    AmendInstruction,
    AmendNotPassed,
    AmendPassed,
    AmendReceived,
    AmendRefused,
    CancelAllInstruction,
    CancelAllReceived,
    CancelInstruction,
    CancelRefused,
    Code,
)
from messages.lifecycle import Congested, Halt
from messages.market import StaleMark
from messages.orders import (
    AmendOrder,
    AmendRejected,
    AmendSubmitted,
    CancelOrder,
    CancelRejected,
    CancelSubmitted,
    OrderAmended,
    OrderSubmitted,
    OrderTriggered,
    OutcomeKnown,
)
from messages.units import (
    LIMIT,
    STOP_MARKET,
    Amount,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderId,
    Price,
    VenueName,
)
from tests.actors.builders import PERP_ID, accepted, cancelled, instruction, paid
from tests.actors.engine_desk import Desk, filled, passed

D = Decimal


def resting(desk: Desk, name: str = "a1", kind: Any = LIMIT) -> ClientOrderId:  # noqa: ANN401 - an order type
    """Return the id of an order that the venue accepted."""
    terms: dict[str, Any] = {"price": Price(D(1900))} if kind is LIMIT else {"trigger_price": Price(D(1900))}
    wanted = instruction(name=name, order_type=kind, **terms)
    desk.give(wanted)
    rounded = msgspec.structs.replace(passed(wanted), price=wanted.price, trigger_price=wanted.trigger_price)
    (intent,) = desk.give(rounded)
    assert isinstance(intent, OrderSubmitted)
    assert (intent.order_type, intent.price, intent.trigger_price) == (kind, wanted.price, wanted.trigger_price)
    desk.give(accepted(name=name, client=intent.client_order_id))
    desk.gate.take()
    return intent.client_order_id


def cancel(name: str = "a1") -> CancelInstruction:
    return CancelInstruction(instruction_id=InstructionId(name))


def amend(price: str = "1950", name: str = "a1") -> AmendInstruction:
    return AmendInstruction(instruction_id=InstructionId(name), price=Price(D(price)))


def parts(name: str, client: str) -> dict[str, Any]:
    return {
        "venue": VenueName("bybit"),
        "instrument": PERP_ID,
        "client_order_id": ClientOrderId(client),
        "instruction_id": InstructionId(name),
    }


def test_a_cancel_is_an_intent_on_record_with_its_command() -> None:
    desk = Desk()
    order = resting(desk)

    desk.engine.receive(cancel())

    assert desk.log.take() == [CancelOrder(intent=CancelSubmitted(**parts("a1", order)))]


@pytest.mark.parametrize("name", ["a1", "nobody"])
def test_what_is_not_open_is_not_cancelled(name: str) -> None:
    desk = Desk()
    order = resting(desk)
    desk.give(filled(client=order))

    (answer,) = desk.give(cancel(name))

    assert isinstance(answer, CancelRefused)
    assert (answer.instruction_id, answer.code) == (name, Code.NOT_OPEN)


def test_an_order_that_the_venue_has_not_answered_for_can_be_cancelled() -> None:
    desk = Desk()
    desk.send()

    desk.engine.receive(cancel())

    assert [type(each) for each in desk.log.take()] == [CancelOrder]


def test_cancelling_all_of_a_venue_takes_its_open_orders_in_the_order_they_were_sent() -> None:
    desk = Desk()
    orders = [resting(desk, name) for name in ("a1", "a2", "a3")]
    desk.give(cancelled(name="a2", client=orders[1]))

    desk.engine.receive(CancelAllInstruction(venue=VenueName("bybit")))
    assert desk.itself.take() == [cancel("a1"), cancel("a3")]
    assert desk.log.take() == [CancelAllReceived(venue=VenueName("bybit"))]
    desk.engine.receive(CancelAllInstruction(venue=VenueName("okx")))

    assert desk.itself.take() == []


def test_a_halted_engine_still_cancels_and_no_longer_amends() -> None:
    desk = Desk()
    resting(desk)
    desk.give(Halt(reason="enough"))

    (refused,) = desk.give(amend())
    desk.engine.receive(cancel())

    assert isinstance(refused, AmendRefused)
    assert refused.code is Code.HALTED
    assert [type(each) for each in desk.log.take()] == [CancelOrder]


def test_a_crowded_engine_does_not_amend() -> None:
    desk = Desk()
    resting(desk)
    desk.give(Congested(on=True, waiting=9))

    (refused,) = desk.give(amend())

    assert isinstance(refused, AmendRefused)
    assert refused.code is Code.BUSY


def test_an_amendment_is_put_on_record_for_the_gate_and_sent_as_the_gate_says() -> None:
    desk = Desk()
    order = resting(desk)

    (entry,) = desk.give(amend())
    assert entry == AmendReceived(instruction_id=InstructionId("a1"), price=Price(D(1950)), amount=None)
    new: dict[str, Any] = {"price": Price(D(1950)), "amount": BaseAmount(D(1)), "held_amount": Amount(D(2))}
    desk.engine.receive(AmendPassed(instruction_id=InstructionId("a1"), **new))

    assert desk.log.take() == [AmendOrder(intent=AmendSubmitted(**parts("a1", order), **new))]


def test_what_the_gate_does_not_pass_stays_as_it_is() -> None:
    desk = Desk()
    resting(desk)

    answer = desk.give(AmendNotPassed(instruction_id=InstructionId("a1"), code=Code.BELOW_LOT, detail="why"))

    assert answer == [AmendRefused(instruction_id=InstructionId("a1"), code=Code.BELOW_LOT, detail="why")]


@pytest.mark.parametrize("name", ["a1", "nobody"])
def test_only_an_open_limit_order_is_amended(name: str) -> None:
    desk = Desk()
    resting(desk, kind=STOP_MARKET)

    (refused,) = desk.give(amend(name=name))

    assert isinstance(refused, AmendRefused)
    assert refused.code is Code.NOT_OPEN


def test_an_amended_total_decides_when_the_order_is_whole() -> None:
    desk = Desk()
    order = resting(desk)
    change = OrderAmended(
        **parts("a1", order), order_id=OrderId("o1"), price=Price(D(1900)), amount=BaseAmount(D("0.5"))
    )

    assert desk.give(change) == [change]
    assert desk.give(change) == []  # the venue repeats itself
    desk.give(filled("0.5", client=order))

    assert isinstance(desk.give(cancel())[0], CancelRefused)
    assert desk.outcome(instruction(order_type=LIMIT, price=Price(D(1900)))) == "FILLED"


def test_a_change_that_changes_nothing_is_answered_all_the_same() -> None:
    """A new amount that rounds to the old one: the gate must hear that it came through."""
    desk = Desk()
    order = resting(desk)
    new: dict[str, Any] = {"price": Price(D(1900)), "amount": BaseAmount(D(1))}
    said = OrderAmended(**parts("a1", order), order_id=OrderId("o1"), **new)
    assert desk.give(said) == []  # nobody asked for it

    for _ in range(2):  # the second time after a fold
        desk.give(AmendPassed(instruction_id=InstructionId("a1"), held_amount=Amount(D(2)), **new))
        assert desk.give(said) == [said]
        assert desk.give(said) == []
        desk.give(AmendPassed(instruction_id=InstructionId("a1"), held_amount=Amount(D(2)), **new))
        desk.fold()
        assert desk.give(said) == [said]


def test_a_trigger_is_news_once_and_a_refusal_to_change_each_time() -> None:
    desk = Desk()
    order = resting(desk, kind=STOP_MARKET)
    triggered = OrderTriggered(**parts("a1", order), order_id=OrderId("o1"), trigger_price=Price(D(1900)))

    assert desk.give(triggered) == [triggered]
    assert desk.give(triggered) == []
    for answer in (CancelRejected, AmendRejected):
        said = answer(**parts("a1", order), reason="NOT_OPEN")
        assert desk.give(said) == [said]
        assert desk.give(said) == [said]


def test_the_gate_hears_when_an_order_rests_and_not_of_market_orders() -> None:
    desk = Desk()
    wanted = instruction(order_type=LIMIT, price=Price(D(1900)))
    desk.give(wanted)
    (intent,) = desk.give(passed(wanted))
    assert isinstance(intent, OrderSubmitted)

    desk.give(accepted(client=intent.client_order_id))
    assert desk.gate.take() == [OutcomeKnown(instruction_id=InstructionId("a1"))]
    market = desk.send(instruction(name="a2"))
    desk.give(accepted(name="a2", client=market))

    assert desk.gate.take() == []


def test_the_same_id_with_other_terms_is_a_duplicate_and_with_equal_ones_a_repetition() -> None:
    desk = Desk()
    resting(desk)

    assert desk.outcome(instruction(order_type=LIMIT, price=Price(D("1900.00")))) == "OPEN"
    assert desk.code(instruction(order_type=LIMIT, price=Price(D(1901)))) is Code.DUPLICATE_ID


def test_what_a_venue_says_of_funding_and_marks_is_passed_on_as_it_is() -> None:
    desk = Desk()
    mark = StaleMark(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        mark=Price(D(1)),
        closed_at=Nanoseconds(1),
        used_for="funding",
    )

    assert desk.give(paid()) == [paid()]
    assert desk.give(mark) == [mark]


def test_a_folded_engine_knows_what_is_open_and_as_what() -> None:
    desk = Desk()
    first, second = resting(desk, "a1"), resting(desk, "a2")
    desk.give(OrderAmended(**parts("a1", first), order_id=OrderId("o1"), price=Price(D(1)), amount=BaseAmount(D(2))))
    desk.give(cancelled(name="a2", client=second))
    desk.fold()

    desk.give(filled(client=first))
    assert desk.outcome(instruction(order_type=LIMIT, price=Price(D(1900)))) == "OPEN"  # 1 of 2
    desk.engine.receive(CancelAllInstruction(venue=VenueName("bybit")))

    assert desk.itself.take() == [cancel("a1")]


@pytest.mark.parametrize("folded", [False, True])
def test_an_order_is_not_forgotten_before_its_cancels_and_changes_are_answered(folded: bool) -> None:  # noqa: FBT001
    desk = Desk()
    order = resting(desk)
    for _ in range(2):
        desk.give(cancel())
    desk.give(
        AmendPassed(
            instruction_id=InstructionId("a1"), price=Price(D(1)), amount=BaseAmount(D(2)), held_amount=Amount(D(2))
        )
    )
    desk.give(filled(client=order))  # it fills while they are on their way
    for number in range(200):
        name = f"n{number}"
        client = resting(desk, name)
        desk.give(cancelled(name=name, client=client))
    if folded:
        desk.fold()

    answers = [
        CancelRejected(**parts("a1", order), reason="NOT_OPEN"),
        CancelRejected(**parts("a1", order), reason="NOT_OPEN"),
        AmendRejected(**parts("a1", order), reason="NOT_OPEN"),
    ]
    for answer in answers:
        assert desk.give(answer) == [answer]


def test_many_closed_orders_may_each_have_a_second_cancel_on_its_way() -> None:
    desk = Desk()
    orders = [resting(desk, f"a{number}") for number in range(200)]
    for number in range(200):
        desk.give(cancel(f"a{number}"))
        desk.give(cancel(f"a{number}"))
    for number, order in enumerate(orders):
        done = msgspec.structs.replace(cancelled(name=f"a{number}", client=order), reason="REQUESTED")
        assert desk.give(done) == [done]

    for number, order in enumerate(orders):
        answer = CancelRejected(**parts(f"a{number}", order), reason="NOT_OPEN")
        assert desk.give(answer) == [answer]
    assert not desk.engine._followed._awaited  # noqa: SLF001 - nothing is kept for ever


def test_of_many_fills_each_counts_once() -> None:
    desk = Desk()
    wanted = instruction("100", order_type=LIMIT, price=Price(D(1900)))
    desk.give(wanted)
    (intent,) = desk.give(passed(wanted, "100"))
    assert isinstance(intent, OrderSubmitted)
    order = intent.client_order_id
    desk.give(accepted(client=order))

    for number in range(40):
        fill = filled("1", client=order, trade=f"t{number}")
        assert desk.give(fill) == [fill]
        assert desk.give(fill) == []
        assert desk.give(filled("1", client=order, trade=f"t{number // 2}")) == []


def test_a_fill_that_overtakes_its_acceptance_implies_it_once() -> None:
    desk = Desk()
    order = desk.send()

    entries = desk.give(filled(client=order))

    assert [type(each).__name__ for each in entries] == ["OrderAccepted", "OrderFilled"]
    assert desk.give(accepted(client=order)) == []
