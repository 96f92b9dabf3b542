"""What a venue says too late, twice, or about long settled orders is neither lost nor counted twice."""

from collections.abc import Callable

import pytest

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
