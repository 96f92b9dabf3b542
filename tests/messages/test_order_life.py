"""An order's life goes by one table: every state is crossed with every event, and the expected moves stand in full."""

import typing

import pytest

from messages.order_life import MOVES, IllegalMoveError, OrderState, after
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUnknown,
)

EVENTS: tuple[type[OrderEvent], ...] = typing.get_args(OrderEvent)
ILLEGAL = "-"
STATES = ("SENT", "UNKNOWN", "RESTING", "CLOSED")
EXPECTED: dict[type[OrderEvent], tuple[str, ...]] = {
    # STATES:       SENT       UNKNOWN    RESTING    CLOSED
    OrderAccepted: ("RESTING", "RESTING", "RESTING", "CLOSED"),
    OrderTriggered: ("RESTING", "RESTING", "RESTING", "CLOSED"),
    OrderFilled: ("RESTING", "RESTING", "RESTING", "CLOSED"),
    OrderAmended: ("RESTING", "RESTING", "RESTING", "CLOSED"),
    AmendRejected: ("SENT", "UNKNOWN", "RESTING", "CLOSED"),
    CancelRejected: ("SENT", "UNKNOWN", "RESTING", "CLOSED"),
    OrderRejected: ("CLOSED", "CLOSED", ILLEGAL, "CLOSED"),
    OrderCancelled: ("CLOSED", "CLOSED", "CLOSED", "CLOSED"),
    OrderExpired: ("CLOSED", "CLOSED", "CLOSED", "CLOSED"),
    OrderUnknown: ("UNKNOWN", "UNKNOWN", "RESTING", "CLOSED"),
}
CROSSINGS = [(state, event) for state in OrderState for event in EVENTS]


def expected(state: OrderState, event: type[OrderEvent]) -> str:
    """Look a crossing up in the table above."""
    return EXPECTED[event][STATES.index(state.value)]


def test_the_table_above_names_every_state_and_every_event() -> None:
    assert set(STATES) == {state.value for state in OrderState} == {state.value for state in MOVES}
    assert set(EXPECTED) == set(EVENTS)


@pytest.mark.parametrize(("state", "event"), CROSSINGS)
def test_an_event_moves_an_order_where_the_table_says(state: OrderState, event: type[OrderEvent]) -> None:
    if expected(state, event) == ILLEGAL:
        with pytest.raises(IllegalMoveError, match=f"{state} can't have {event.__name__}") as caught:
            after(state, event)
        assert (caught.value.state, caught.value.event) == (state, event)
        return

    assert after(state, event).value == expected(state, event)


@pytest.mark.parametrize("state", OrderState)
def test_the_fill_that_completes_an_order_closes_it_from_everywhere(state: OrderState) -> None:
    assert after(state, OrderFilled, complete=True) is OrderState.CLOSED


@pytest.mark.parametrize("event", EVENTS)
def test_a_closed_order_stays_closed_whatever_a_venue_repeats(event: type[OrderEvent]) -> None:
    assert after(OrderState.CLOSED, event) is OrderState.CLOSED


def test_an_unknown_order_becomes_known_by_every_definite_answer() -> None:
    vague = {OrderUnknown, AmendRejected, CancelRejected}
    definite = [event for event in EVENTS if event not in vague]

    assert OrderState.UNKNOWN not in {after(OrderState.UNKNOWN, event) for event in definite}


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("event", [AmendRejected, CancelRejected])
def test_a_change_that_a_venue_refused_leaves_the_order_where_it_was(
    state: OrderState, event: type[OrderEvent]
) -> None:
    assert after(state, event) is state


def test_only_what_was_never_answered_can_become_unknown() -> None:
    assert [state for state in OrderState if after(state, OrderUnknown) is OrderState.UNKNOWN] == [
        OrderState.SENT,
        OrderState.UNKNOWN,
    ]
