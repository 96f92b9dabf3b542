"""Of an order that nobody can find out about a person decides: once, on record, and only while it is unknown."""

from typing import Any

import pytest

from messages.journal import Entry
from messages.live import (
    AskOpenQuestions,
    ForgetOrder,
    OpenQuestionsTold,
    OperatorNeeded,
    OperatorRefused,
    OperatorResolved,
    Resolution,
    ResolveOrder,
    VenueTrouble,
)
from messages.orders import OrderAccepted, OrderCancelled, OrderFilled, OrderRejected, OutcomeKnown
from messages.units import BaseAmount, ClientOrderId, InstructionId, Price, VenueName
from tests.actors.builders import PERP_ID, Mail, accepted, filled, instruction, unknown
from tests.actors.engine_desk import D, Desk

BYBIT = VenueName("bybit")
ABSENT, FILLED = Resolution.ABSENT, Resolution.FILLED


class Asked(Desk):
    """A desk whose one order is unknown, beyond the horizon."""

    def __init__(self) -> None:
        self.venue = Mail()
        super().__init__(venues={BYBIT: self.venue})
        self.client = self.send()
        self.give(unknown(client=self.client))
        self.give(self.needed())
        self.gate.take()

    def fold(self) -> None:
        self.gate.take()
        super().fold()

    def needed(self) -> OperatorNeeded:
        return OperatorNeeded(
            venue=BYBIT,
            instrument=PERP_ID,
            client_order_id=self.client,
            instruction_id=InstructionId("a1"),
            reason="the horizon has passed",
        )

    def resolve(self, resolution: Resolution, *, order: str = "a1", **words: Any) -> list[Entry]:  # noqa: ANN401
        """Say what a person found; return what is put on record, followed by what comes of it."""
        entries = self.give(ResolveOrder(order=order, resolution=resolution, **words))
        for entry in [*entries]:
            if isinstance(entry, OperatorResolved):
                entries += self.give(entry)
        return entries

    def questions(self) -> OpenQuestionsTold:
        told = self.engine.answer(AskOpenQuestions())
        assert isinstance(told, OpenQuestionsTold)
        return told


def test_the_operator_is_asked_once() -> None:
    desk = Asked()

    assert desk.give(desk.needed()) == []
    desk.fold()
    assert desk.give(desk.needed()) == []

    told = desk.questions()
    assert (told.open, told.unknown, told.operator_needed) == (1, (desk.client,), (desk.client,))


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_the_venues_own_word_closes_the_question(*, folded: bool) -> None:
    desk = Asked()
    desk.give(accepted(client=desk.client))
    if folded:
        desk.fold()

    assert (desk.questions().unknown, desk.questions().operator_needed) == ((), ())
    assert desk.give(desk.needed()) == []


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
@pytest.mark.parametrize("by", ["instruction", "client id"])
def test_an_absent_order_is_rejected_for_good(by: str, *, folded: bool) -> None:
    desk = Asked()
    if folded:
        desk.fold()

    said, rejected = desk.resolve(ABSENT, order="a1" if by == "instruction" else desk.client)

    assert isinstance(said, OperatorResolved)
    assert isinstance(rejected, OrderRejected)
    assert (rejected.by, rejected.reason) == ("operator", "ABSENT")
    assert desk.outcome() == "REJECTED"
    assert desk.gate.take() == [OutcomeKnown(instruction_id=InstructionId("a1"))]
    assert desk.venue.take() == [ForgetOrder(venue=BYBIT, client_order_id=desk.client)]
    assert (desk.questions().open, desk.questions().operator_needed) == (0, ())


def test_a_filled_order_is_filled_whole_at_its_reference_price() -> None:
    desk = Asked()

    said, taken, fill = desk.resolve(FILLED)

    assert isinstance(said, OperatorResolved)
    assert (said.amount, said.price) == (D(1), D(2000))
    assert isinstance(taken, OrderAccepted)
    assert isinstance(fill, OrderFilled)
    assert (fill.amount, fill.price, fill.fee) == (D(1), D(2000), D(0))
    assert [str(fill.fee_asset), str(fill.trade_id)] == ["USDT", "operator"]
    assert desk.outcome() == "FILLED"


def test_of_an_order_that_was_filled_in_part_the_rest_is_gone() -> None:
    desk = Asked()

    *_, fill, rest = desk.resolve(FILLED, amount=BaseAmount(D("0.4")), price=Price(D(2001)))

    assert isinstance(fill, OrderFilled)
    assert (fill.amount, fill.price) == (D("0.4"), D(2001))
    assert isinstance(rest, OrderCancelled)
    assert rest.reason == "OPERATOR"
    assert desk.outcome() == "CANCELLED"


def test_what_the_operator_decided_is_folded() -> None:
    desk = Asked()
    desk.resolve(FILLED)

    desk.fold()

    assert desk.outcome() == "FILLED"
    assert desk.questions().open == 0


@pytest.mark.parametrize(
    ("resolution", "words", "detail"),
    [
        (FILLED, {"order": "nobody"}, "no open order has this id"),
        (FILLED, {"amount": BaseAmount(D(2))}, "the amount is 2, that of the order 1"),
        (FILLED, {"amount": BaseAmount(D(0))}, "the amount is 0, that of the order 1"),
        (FILLED, {"price": Price(D(0))}, "the price is 0, expected a positive one"),
        (ABSENT, {"amount": BaseAmount(D(1))}, "what is absent has no amount and no price"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(
    resolution: Resolution, words: dict[str, Any], detail: str
) -> None:
    desk = Asked()

    (said,) = desk.resolve(resolution, **words)

    assert said == OperatorRefused(order=words.get("order", "a1"), resolution=resolution, detail=detail)
    assert desk.questions().operator_needed == (desk.client,)
    assert desk.venue.take() == []


def test_an_order_whose_outcome_is_known_is_not_resolved() -> None:
    desk = Asked()
    desk.give(accepted(client=desk.client))

    (said,) = desk.resolve(ABSENT)

    assert isinstance(said, OperatorRefused)
    assert said.detail == "its outcome is known: it is OPEN"


def test_an_order_that_was_sent_just_now_is_not_resolved() -> None:
    desk = Desk()
    desk.send(instruction(name="b"))

    (said,) = desk.give(ResolveOrder(order="b", resolution=ABSENT))

    assert isinstance(said, OperatorRefused)
    assert "not unknown" in said.detail


def test_a_decision_that_the_venues_word_overtook_changes_nothing() -> None:
    desk = Asked()
    (said,) = desk.give(ResolveOrder(order="a1", resolution=ABSENT))
    desk.give(accepted(client=desk.client))

    assert desk.give(said) == []

    assert desk.outcome() == "OPEN"


def test_a_fill_of_what_a_person_said_was_filled_is_not_booked_twice() -> None:
    desk = Asked()
    desk.resolve(FILLED)

    (said,) = desk.give(filled(client=ClientOrderId(desk.client), trade="77"))

    assert isinstance(said, VenueTrouble)
    assert said.kind == "LATE_FILL"
    assert "a person said what was filled of it" in said.detail


def test_a_fill_of_what_a_person_said_was_absent_is_a_fact() -> None:
    desk = Asked()
    desk.resolve(ABSENT)

    entries = desk.give(filled(client=ClientOrderId(desk.client), trade="77"))

    assert [type(each) for each in entries] == [OrderAccepted, OrderFilled]
