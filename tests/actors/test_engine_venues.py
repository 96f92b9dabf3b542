"""A live venue is told what it must settle, and takes nothing new before it has, nor while it is halted.

As it ran, and as it is folded from the journal.
"""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from messages.instructions import (
    AmendInstruction,
    AmendPassed,
    CancelInstruction,
    Code,
)
from messages.live import (
    BY_OPERATOR,
    AccountOpened,
    FollowAgain,
    ResumeVenue,
    Unfinished,
    VenueHalted,
    VenueResumed,
    VenueSettled,
)
from messages.order_life import OrderState
from messages.orders import AmendSubmitted, CancelSubmitted
from messages.units import (
    Amount,
    BaseAmount,
    InstructionId,
    Nanoseconds,
    Price,
    VenueName,
)
from tests.actors.builders import cancelled, instruction, paid, unknown
from tests.actors.builders import filled as filled_at_a_venue
from tests.actors.engine_desk import D, Desk, filled, passed
from tests.actors.live_desk import AS_IT_RAN_OR_FOLDED, BYBIT, Live, resting
from tests.actors.venue_facts import adjusted, foreign_trade

# --- what is to be settled --------------------------------------------------------------------------------------------


@AS_IT_RAN_OR_FOLDED
def test_a_venue_that_starts_is_told_its_unfinished_orders_with_what_is_known_of_them(*, folded: bool) -> None:
    desk = Live()
    desk.begin()
    first = resting(desk, "first", at=11)
    desk.give(filled("0.4", name="first", client=first))
    desk.turn.at = Nanoseconds(12)
    sent = desk.send(instruction(name="sent"))
    lost = desk.send(instruction(name="lost"))
    desk.give(unknown(name="lost", client=lost))
    over = desk.send(instruction(name="over"))
    desk.give(filled(name="over", client=over))
    if folded:
        desk.fold()

    told = desk.start(2, at=20)

    assert (told.venue, told.epoch) == ("bybit", 2)
    kept = [(each.intent.client_order_id, each.submitted_at, each.state, each.accepted) for each in told.orders]
    assert kept == [
        (first, 11, OrderState.RESTING, True),
        (sent, 12, OrderState.SENT, False),
        (lost, 12, OrderState.UNKNOWN, False),
    ]
    assert told.orders[0].order_id == "o-first"
    assert (told.orders[0].filled, told.orders[0].trades) == (D("0.4"), ("t1",))
    assert (told.orders[1].order_id, told.orders[1].amount, told.orders[1].price) == (None, D(1), None)


def the_order(desk: Live) -> Unfinished:
    (order,) = desk.start(2).orders
    return order


@AS_IT_RAN_OR_FOLDED
def test_commands_that_were_not_answered_are_told_with_the_order(*, folded: bool) -> None:
    desk = Live()
    desk.begin()
    resting(desk)
    desk.give(CancelInstruction(instruction_id=InstructionId("a1")))
    desk.give(AmendInstruction(instruction_id=InstructionId("a1"), price=Price(D(1995))))
    amend = AmendPassed(
        instruction_id=InstructionId("a1"),
        price=Price(D(1995)),
        amount=BaseAmount(D(2)),
        held_amount=Amount(D(3)),
    )
    assert [type(each) for each in desk.give(amend)] == [AmendSubmitted]
    if folded:
        desk.fold()

    order = the_order(desk)

    assert (order.cancelling, order.changing) == (True, True)
    assert (order.amount, order.price) == (D(1), D(1990))
    assert (order.change_amount, order.change_price) == (D(2), D(1995))


def test_a_change_alone_is_no_cancel() -> None:
    desk = Live()
    desk.begin()
    resting(desk)
    desk.give(
        AmendPassed(
            instruction_id=InstructionId("a1"),
            price=Price(D(1995)),
            amount=BaseAmount(D(2)),
            held_amount=Amount(D(3)),
        )
    )

    order = the_order(desk)

    assert (order.cancelling, order.changing) == (False, True)


@AS_IT_RAN_OR_FOLDED
def test_a_closed_order_with_an_unanswered_cancel_is_told_until_it_is_answered(*, folded: bool) -> None:
    desk = Live()
    desk.begin()
    client = resting(desk)
    assert [type(each) for each in desk.give(CancelInstruction(instruction_id=InstructionId("a1")))] == [
        CancelSubmitted
    ]
    desk.give(filled(client=client))
    if folded:
        desk.fold()

    order = the_order(desk)

    assert (order.state, order.cancelling, order.changing) == (OrderState.CLOSED, True, False)
    desk.give(replace(cancelled(client=client), reason="REQUESTED"))
    assert desk.start(3).orders == ()


def test_orders_of_other_venues_are_not_told() -> None:
    desk = Live(must_settle=False)
    other = replace(instruction(), venue=VenueName("okx"))
    desk.give(other)
    desk.give(passed(other))

    assert desk.start().orders == ()


@AS_IT_RAN_OR_FOLDED
def test_whoever_rebuilt_the_core_has_every_venue_told_again_and_waited_for(*, folded: bool) -> None:
    desk = Live()
    desk.begin()
    client = resting(desk, at=5)
    desk.turn.at = Nanoseconds(9)
    if folded:
        desk.fold()
    count = len(desk.journal)

    desk.give(FollowAgain())

    told = desk.followed()
    assert (told.epoch, [each.intent.client_order_id for each in told.orders]) == (1, [client])
    assert len(desk.journal) == count
    assert desk.code(instruction(name="b")) is Code.BUSY
    desk.settle()
    assert desk.code(instruction(name="c")) is None


# --- since when -------------------------------------------------------------------------------------------------------


@AS_IT_RAN_OR_FOLDED
def test_what_was_before_the_account_was_opened_is_not_asked_for(*, folded: bool) -> None:
    desk = Live()
    desk.turn.at = Nanoseconds(7)
    opened = AccountOpened(venue=BYBIT, uid="1")
    assert desk.give(opened) == []  # it is on record already
    desk.journal.append(opened)
    desk.times.append(7)
    if folded:
        desk.fold()

    told = desk.start(at=30)

    assert (told.since, told.opened_at) == (7, 7)
    desk.settle()
    assert desk.start(2, at=90).opened_at == 7


@AS_IT_RAN_OR_FOLDED
def test_what_was_before_the_account_was_looked_at_is_in_its_opening(*, folded: bool) -> None:
    desk = Live()
    desk.turn.at = Nanoseconds(7)
    opened = AccountOpened(venue=BYBIT, uid="1", seen_at=Nanoseconds(4))
    desk.give(opened)
    desk.journal.append(opened)
    desk.times.append(7)
    if folded:
        desk.fold()

    told = desk.start(at=30)

    assert (told.since, told.opened_at) == (4, 4)


def test_without_an_opening_nothing_before_the_first_start_is_asked_for() -> None:
    told = Live().start(at=30)

    assert (told.since, told.opened_at) == (30, 30)


@AS_IT_RAN_OR_FOLDED
@pytest.mark.parametrize(
    "fact", [paid, adjusted, foreign_trade, lambda: replace(adjusted(), reference="")], ids=range(4)
)
def test_facts_move_the_time_on_while_the_venue_is_settled(fact: Callable[[], Any], *, folded: bool) -> None:
    desk = Live()
    desk.start(at=10)
    desk.settle()

    desk.turn.at = Nanoseconds(40)
    desk.give(fact())
    if folded:
        desk.fold()

    assert desk.start(2, at=50).since == 40


@AS_IT_RAN_OR_FOLDED
def test_fills_move_it_on_too(*, folded: bool) -> None:
    desk = Live()
    desk.start(at=10)
    desk.settle()
    client = desk.send()

    desk.turn.at = Nanoseconds(40)
    desk.give(filled_at_a_venue(client=client))
    if folded:
        desk.fold()

    assert desk.start(2, at=50).since == 40


@AS_IT_RAN_OR_FOLDED
def test_a_fact_told_before_the_venue_settled_hides_nothing_that_is_missing_before_it(*, folded: bool) -> None:
    desk = Live()
    desk.start(at=10)
    desk.settle()
    desk.start(2, at=100)

    desk.turn.at = Nanoseconds(110)
    desk.give(paid())  # and then the process dies, before all the rest was told
    if folded:
        desk.fold()

    assert desk.start(3, at=200).since == 10
    desk.settle(3)
    assert desk.start(4, at=300).since == 200  # its records were read up to when the epoch began, and later


# --- who takes instructions -------------------------------------------------------------------------------------------


def test_a_venue_that_must_settle_takes_nothing_new_before_it_has_but_cancels() -> None:
    desk = Live(must_settle=False)
    resting(desk)
    desk.others["must_settle"] = (BYBIT,)
    desk.fold()
    desk.start()

    assert desk.refused(instruction(name="b")) == (Code.BUSY, "orders of bybit are not settled yet")
    assert desk.refused(instruction(name="c", reduce_only=True)) == (Code.BUSY, "orders of bybit are not settled yet")
    amend = AmendInstruction(instruction_id=InstructionId("a1"), price=Price(D(1995)))
    assert desk.refused(amend) == (Code.BUSY, "orders of bybit are not settled yet")
    (cancel,) = desk.give(CancelInstruction(instruction_id=InstructionId("a1")))
    assert isinstance(cancel, CancelSubmitted)
    assert desk.questions().unsettled == (BYBIT,)
    desk.settle()
    assert desk.code(instruction(name="d")) is None
    assert desk.questions().unsettled == ()


def test_what_was_settled_for_an_earlier_process_is_not_settled_for_this_one() -> None:
    desk = Live()
    desk.begin()
    assert desk.code(instruction(name="a")) is None

    desk.fold()

    assert desk.code(instruction(name="b")) is Code.BUSY


def test_the_answer_of_an_epoch_that_is_over_settles_nothing() -> None:
    desk = Live()
    desk.start(1)
    desk.start(2)

    desk.settle(1)

    assert desk.code(instruction()) is Code.BUSY
    assert sum(isinstance(each, VenueSettled) for each in desk.journal) == 0


def test_an_epoch_that_begins_bars_the_venue_again() -> None:
    desk = Live()
    desk.begin()

    desk.start(2)

    assert desk.code(instruction()) is Code.BUSY


def test_a_venue_that_need_not_settle_takes_instructions_at_once() -> None:
    assert Desk().code(instruction()) is None


@AS_IT_RAN_OR_FOLDED
def test_a_halted_venue_takes_what_reduces_and_cancels_only(*, folded: bool) -> None:
    desk = Live(must_settle=False)
    resting(desk)
    desk.give(VenueHalted(venue=BYBIT, reason="its clock is off"))
    if folded:
        desk.fold()

    assert desk.refused(instruction(name="b")) == (Code.HALTED, "bybit: its clock is off")
    amend = AmendInstruction(instruction_id=InstructionId("a1"), price=Price(D(1995)))
    assert desk.refused(amend) == (Code.HALTED, "bybit: its clock is off")
    assert desk.code(instruction(name="c", reduce_only=True)) is None
    assert desk.code(replace(instruction(name="d"), venue=VenueName("okx"))) is None
    (cancel,) = desk.give(CancelInstruction(instruction_id=InstructionId("a1")))
    assert isinstance(cancel, CancelSubmitted)
    assert desk.questions().halted == ((BYBIT, "its clock is off"),)


@AS_IT_RAN_OR_FOLDED
def test_a_venue_resumes_when_the_last_reason_is_gone(*, folded: bool) -> None:
    desk = Live(must_settle=False)
    for reason in ("one", "two", "one"):
        desk.give(VenueHalted(venue=BYBIT, reason=reason))
    assert [each.reason for each in desk.journal if isinstance(each, VenueHalted)] == ["one", "two"]
    if folded:
        desk.fold()

    assert desk.give(VenueResumed(venue=BYBIT, reason="something else")) == []
    assert desk.give(VenueResumed(venue=BYBIT, reason="one")) == [VenueResumed(venue=BYBIT, reason="one")]
    assert desk.code(instruction(name="b")) is Code.HALTED
    desk.give(VenueResumed(venue=BYBIT, reason="two"))
    assert desk.code(instruction(name="c")) is None


@AS_IT_RAN_OR_FOLDED
def test_the_operator_ends_every_halt_of_a_venue(*, folded: bool) -> None:
    desk = Live(must_settle=False)
    desk.give(VenueHalted(venue=BYBIT, reason="one"))
    desk.give(VenueHalted(venue=BYBIT, reason="two"))

    assert desk.give(ResumeVenue(venue=BYBIT)) == [VenueResumed(venue=BYBIT, reason=BY_OPERATOR)]
    if folded:
        desk.fold()

    assert desk.code(instruction()) is None
    assert desk.give(ResumeVenue(venue=BYBIT)) == []
