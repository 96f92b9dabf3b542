"""The engine follows every order to its end, whatever a venue says, and the journal gives its state back."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.errors import InvariantError
from messages.lifecycle import Halt
from messages.order_life import IllegalMoveError
from messages.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OutcomeKnown,
)
from messages.units import ClientOrderId
from tests.actors.builders import accepted, cancelled, expired, instruction, rejected, unknown
from tests.actors.engine_desk import Desk, filled


def test_acceptance_and_fill_are_told_on_as_they_came() -> None:
    desk = Desk()
    client = desk.send()

    assert desk.give(accepted(client=client)) == [accepted(client=client)]
    assert desk.give(filled(client=client)) == [filled(client=client)]


@pytest.mark.parametrize("before", [None, unknown], ids=["sent", "unknown"])
def test_a_fill_that_overtakes_its_acceptance_implies_it_exactly_once(
    before: Callable[..., OrderEvent] | None,
) -> None:
    desk = Desk()
    client = desk.send(amount="3")
    if before is not None:
        desk.give(before(client=client))

    entries = [
        *desk.give(filled("1", client=client, trade="t1")),
        *desk.give(accepted(client=client)),
        *desk.give(filled("2", client=client, trade="t2")),
        *desk.give(accepted(client=client)),
    ]

    assert [type(entry) for entry in entries] == [OrderAccepted, OrderFilled, OrderFilled]
    first, fill = entries[:2]
    assert isinstance(first, OrderAccepted)
    assert isinstance(fill, OrderFilled)
    for field in first.__struct_fields__:
        assert getattr(first, field) == getattr(fill, field)


def test_a_fill_known_by_its_trade_id_is_dropped_open_closed_and_folded() -> None:
    desk = Desk()
    client = desk.send(amount="2")
    one, two = (filled("1", client=client, trade=trade) for trade in ("t1", "t2"))

    desk.give(one)
    assert desk.give(one) == []
    desk.fold()
    assert desk.give(one) == []
    assert desk.outcome(instruction("2")) == "OPEN"
    assert desk.give(two) == [two]
    assert [desk.give(each) for each in (one, two)] == [[], []]
    desk.fold()
    assert [desk.give(each) for each in (one, two)] == [[], []]


def test_partial_fills_close_an_order_when_they_come_to_its_whole_amount() -> None:
    desk = Desk()
    client = desk.send(amount="1")
    outcomes = []

    for number, amount in enumerate(("0.3", "0.3", "0.4")):
        desk.give(filled(amount, client=client, trade=f"t{number}"))
        outcomes.append(desk.outcome())

    assert outcomes == ["OPEN", "OPEN", "FILLED"]
    assert desk.give(cancelled(client=client)) == []  # it is over: whatever is said of it is no news


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_a_fill_after_the_cancel_it_raced_is_applied_once(*, folded: bool) -> None:
    desk = Desk()
    client = desk.send()
    desk.give(accepted(client=client))
    desk.give(cancelled(client=client))
    if folded:
        desk.fold()

    assert desk.give(filled("0.4", client=client)) == [filled("0.4", client=client)]
    assert desk.give(filled("0.4", client=client)) == []


@pytest.mark.parametrize("event", [accepted, filled, rejected, cancelled, expired, unknown])
def test_a_report_on_an_order_that_was_never_sent_is_an_invariant_violation(
    event: Callable[..., OrderEvent],
) -> None:
    desk = Desk()
    desk.send()

    with pytest.raises(InvariantError, match="never sent") as caught:
        desk.give(event(client="x999"))

    assert caught.value.exit_code == 78
    assert desk.log.told == []


def test_a_life_that_cannot_be_is_refused_and_put_on_no_record() -> None:
    desk = Desk()
    client = desk.send()
    desk.give(accepted(client=client))

    with pytest.raises(IllegalMoveError, match="RESTING can't have OrderRejected"):
        desk.give(rejected(client=client))

    assert desk.log.told == []
    assert desk.outcome() == "OPEN"


def test_what_a_venue_repeats_is_no_news() -> None:
    desk = Desk()
    client = desk.send()
    desk.give(accepted(client=client))

    assert desk.give(accepted(client=client)) == []
    assert desk.give(cancelled(client=client)) == [cancelled(client=client)]
    assert [desk.give(each(client=client)) for each in (cancelled, accepted, expired, unknown)] == [[]] * 4
    assert desk.outcome() == "CANCELLED"


def test_an_unknown_order_becomes_known_by_any_definite_answer() -> None:
    desk = Desk()
    client = desk.send()

    assert desk.give(unknown(client=client)) == [unknown(client=client)]
    assert desk.give(unknown(client=client)) == []
    assert desk.outcome() == "UNKNOWN"
    proof = rejected(client=client, by="execd", reason="NEVER_ARRIVED")
    assert desk.give(proof) == [proof]
    assert desk.outcome() == "REJECTED"


@pytest.mark.parametrize("answer", [accepted, filled, rejected, cancelled, expired])
def test_the_gate_hears_that_an_outcome_is_known_if_it_was_unknown(
    answer: Callable[..., OrderEvent],
) -> None:
    unsure, sure = Desk(), Desk()
    for desk in (unsure, sure):
        client = desk.send()
        if desk is unsure:
            desk.give(unknown(client=client))
            assert desk.gate.take() == []
        desk.give(answer(client=client))
        desk.give(answer(client=client))

    assert sure.gate.told == []
    assert set(unsure.gate.take()) == {OutcomeKnown(instruction_id=instruction().instruction_id)}


def test_a_thousand_orders_later_ids_are_still_known_and_open_orders_still_followed() -> None:
    desk = Desk()
    resting = [f"resting{number}" for number in range(8)]
    clients = {name: desk.send(instruction(name=name)) for name in resting}
    for number in range(1500):
        client = desk.send(instruction(name=f"n{number}"))
        desk.give(filled(client=client, name=f"n{number}"))

    assert {desk.outcome(instruction(name=name)) for name in resting} == {"OPEN"}
    for name, client in clients.items():
        assert [type(entry) for entry in desk.give(cancelled(name=name, client=client))] == [OrderCancelled]
    assert {desk.outcome(instruction(name=name)) for name in resting} == {"CANCELLED"}
    assert {desk.outcome(instruction(name=f"n{number}")) for number in range(1500)} == {"FILLED"}


# --- folding ----------------------------------------------------------------------------------------------------------


def story() -> list[Callable[[Desk], object]]:
    """Return steps of a run with every kind of entry that the engine keeps something of."""
    clients: dict[str, ClientOrderId] = {}

    def send(name: str, amount: str = "1") -> Callable[[Desk], object]:
        return lambda desk: clients.__setitem__(name, desk.send(instruction(amount, name=name), amount))

    def report(event: Callable[..., OrderEvent], name: str, *words: str, **more: str) -> Callable[[Desk], object]:
        return lambda desk: desk.give(event(*words, name=name, client=clients[name], **more))

    return [
        send("a1", "3"),
        report(filled, "a1", "1", trade="t1"),
        send("a2"),
        report(rejected, "a2"),
        send("a3"),
        report(unknown, "a3"),
        lambda desk: desk.code(instruction("9", name="a1")),
        report(filled, "a1", "2", trade="t2"),
        send("a4"),
        report(cancelled, "a4"),
        report(accepted, "a3"),
        report(expired, "a3"),
        send("a5"),
        lambda desk: desk.give(Halt(reason="enough")),
        lambda desk: desk.code(instruction(name="a6")),
    ]


def answers(desk: Desk) -> list[object]:
    """Return what an engine answers to everything that it may be given after the story."""
    given: list[object] = [desk.refusals()]
    client = {name: Desk().send(instruction(name=name)) for name in ("a1", "a2", "a3", "a4", "a5")}
    probes: list[Any] = [
        *(instruction(amount, name=name) for name in ("a1", "a2", "a3", "a4", "a5", "a6", "a7") for amount in "13"),
        *(
            event(name=name, client=client[name])
            for name in client
            for event in (filled, cancelled, accepted, rejected)
        ),
        *(instruction(amount, name=name) for name in client for amount in "13"),
    ]
    for probe in probes:
        try:
            desk.engine.receive(probe)
        except (IllegalMoveError, InvariantError) as error:
            given.append(repr(error))
        given.append((desk.log.take(), desk.gate.take(), desk.strategy.take()))
    return [*given, desk.refusals()]


@pytest.mark.parametrize("length", range(1, len(story()) + 1))
def test_a_folded_engine_answers_as_the_one_that_ran(length: int) -> None:
    ran, folded = Desk(), Desk()
    for desk in (ran, folded):
        for step in story()[:length]:
            step(desk)
            desk.strategy.take()
            desk.gate.take()

    folded.fold()

    assert answers(folded) == answers(ran)
