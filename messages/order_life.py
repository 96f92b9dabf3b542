"""Which state an order may move to next. Every rule about an order's life is in this file.

An order starts SENT when its intent is journaled. A fill that completes the amount closes it (`after`), a partial one
leaves it where the table says. An unknown order becomes known again by any definite answer, and being unknown again is
no news. Whatever a venue says about a closed order, except another fill, changes nothing: venues repeat themselves.
A fill after the close is a fact that must not be lost (a cancel that lost its race), so it is allowed and applied.
"""

from collections.abc import Mapping

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
from messages.units import Word


class OrderState(Word):
    """Where an order stands."""

    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    RESTING = "RESTING"
    CLOSED = "CLOSED"


SENT, UNKNOWN, RESTING, CLOSED = OrderState

MOVES: Mapping[OrderState, Mapping[type[OrderEvent], OrderState]] = {
    SENT: {
        OrderAccepted: RESTING,
        OrderFilled: RESTING,  # a fill may overtake its acceptance
        OrderTriggered: RESTING,
        OrderAmended: RESTING,
        AmendRejected: SENT,  # says nothing about the order itself
        CancelRejected: SENT,
        OrderRejected: CLOSED,
        OrderCancelled: CLOSED,
        OrderExpired: CLOSED,
        OrderUnknown: UNKNOWN,
    },
    UNKNOWN: {
        OrderAccepted: RESTING,
        OrderFilled: RESTING,
        OrderTriggered: RESTING,
        OrderAmended: RESTING,
        AmendRejected: UNKNOWN,
        CancelRejected: UNKNOWN,
        OrderRejected: CLOSED,
        OrderCancelled: CLOSED,
        OrderExpired: CLOSED,
        OrderUnknown: UNKNOWN,
    },
    RESTING: {
        OrderAccepted: RESTING,
        OrderFilled: RESTING,
        OrderTriggered: RESTING,
        OrderAmended: RESTING,
        AmendRejected: RESTING,
        CancelRejected: RESTING,
        OrderCancelled: CLOSED,
        OrderExpired: CLOSED,
        OrderUnknown: RESTING,  # it is known to exist; a look-up that failed changes nothing
    },
    CLOSED: {
        OrderAccepted: CLOSED,
        OrderFilled: CLOSED,
        OrderTriggered: CLOSED,
        OrderAmended: CLOSED,
        AmendRejected: CLOSED,
        CancelRejected: CLOSED,
        OrderRejected: CLOSED,
        OrderCancelled: CLOSED,
        OrderExpired: CLOSED,
        OrderUnknown: CLOSED,
    },
}


class IllegalMoveError(Exception):
    """A venue told a life that cannot be, such as rejecting an order that it had accepted.

    Attributes:
        state: Where the order stood.
        event: What was said.
    """

    def __init__(self, state: OrderState, event: type[OrderEvent]) -> None:
        super().__init__(f"an order that is {state} can't have {event.__name__}")
        self.state = state
        self.event = event


def after(state: OrderState, event: type[OrderEvent], *, complete: bool = False) -> OrderState:
    """Return the state after an event.

    Args:
        state: Where the order stands.
        event: What was said about it.
        complete: The event is a fill, and with it the whole amount is filled.

    Raises:
        IllegalMoveError: The table has no such move.
    """
    try:
        target = MOVES[state][event]
    except KeyError:
        raise IllegalMoveError(state, event) from None
    return CLOSED if complete else target
