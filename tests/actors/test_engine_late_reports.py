"""What a venue says too late, twice, or about long settled orders is neither lost nor counted twice."""

from collections.abc import Callable

import pytest

from actors.errors import InvariantError
from messages.live import VenueTrouble
from messages.orders import OrderAccepted, OrderEvent, OrderFilled
from tests.actors.builders import accepted, cancelled, expired, filled, instruction, rejected
from tests.actors.engine_desk import Desk


@pytest.mark.parametrize("end", [cancelled, expired, rejected])
def test_a_fill_of_an_order_that_ended_before_it_was_accepted_comes_after_one_acceptance(
    end: Callable[..., OrderEvent],
) -> None:
    desk = Desk()
    client = desk.send()
    desk.give(end(client=client))

    entries = [*desk.give(filled("0.4", client=client)), *desk.give(filled("0.6", client=client, trade="t2"))]

    assert [type(entry) for entry in entries] == [OrderAccepted, OrderFilled, OrderFilled]


def test_an_order_that_filled_whole_after_its_cancel_is_told_as_filled() -> None:
    desk = Desk()
    client = desk.send()

    for event in (accepted(client=client), cancelled(client=client), filled("1", client=client)):
        desk.give(event)

    assert desk.outcome() == "FILLED"


def test_a_venue_may_repeat_a_fill_of_an_order_that_closed_long_ago() -> None:
    desk = Desk()
    old = desk.send(instruction(name="old"))
    desk.give(filled(name="old", client=old))
    for number in range(300):
        client = desk.send(instruction(name=f"n{number}"))
        desk.give(filled(name=f"n{number}", client=client))

    assert desk.give(filled(name="old", client=old)) == []


def crowd(desk: Desk, count: int = 70) -> None:
    """So many other orders end that the earlier ones are forgotten."""
    for number in range(count):
        client = desk.send(instruction(name=f"n{number}"))
        desk.give(filled(name=f"n{number}", client=client))


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
@pytest.mark.parametrize("end", [cancelled, expired, rejected])
def test_reports_on_an_order_that_ended_long_ago_are_ignored(end: Callable[..., OrderEvent], *, folded: bool) -> None:
    desk = Desk()
    client = desk.send()
    desk.give(end(client=client))
    crowd(desk)
    if folded:
        desk.fold()

    assert desk.give(end(client=client)) == []
    assert desk.give(accepted(client=client)) == []


@pytest.mark.parametrize("end", [cancelled, expired, rejected])
def test_a_fill_that_comes_when_nobody_knows_any_more_whether_it_was_booked_is_said_once_and_not_booked(
    end: Callable[..., OrderEvent],
) -> None:
    desk = Desk()
    client = desk.send()
    desk.give(end(client=client))
    crowd(desk)

    (said,) = desk.give(filled("0.4", client=client))

    assert isinstance(said, VenueTrouble)
    assert (said.kind, said.venue) == ("LATE_FILL", "bybit")
    assert "trade t1 of a1" in said.detail
    assert desk.give(filled("0.4", client=client)) == []


def test_how_many_closed_orders_are_remembered_is_an_argument() -> None:
    desk = Desk(remembered=128)
    client = desk.send()
    desk.give(accepted(client=client))
    desk.give(cancelled(client=client))
    crowd(desk)

    (fill,) = desk.give(filled("0.4", client=client))

    assert isinstance(fill, OrderFilled)


def test_a_report_on_an_order_that_we_never_sent_is_a_broken_invariant() -> None:
    desk = Desk()

    with pytest.raises(InvariantError, match="never sent"):
        desk.give(filled(client="x" * 32))


def test_a_report_on_an_instruction_that_was_refused_is_a_broken_invariant() -> None:
    desk = Desk()
    client = desk.send(instruction(name="gone"))
    other = Desk(halted="by hand")
    other.give(instruction(name="gone"))

    with pytest.raises(InvariantError, match="never sent"):
        other.give(cancelled(name="gone", client=client))
