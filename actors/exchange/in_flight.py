"""Commands on their way to a simulated venue, which arrive in the order in which they were sent. Pure."""

from collections import deque
from typing import NamedTuple

from actors.exchange.taking import AMENDED, REQUESTED
from messages.orders import (
    AmendOrder,
    AmendRejected,
    CancelOrder,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderCommand,
    OrderEvent,
    OrderExpired,
    OrderRejected,
    SubmitOrder,
)
from messages.units import ClientOrderId


class Sent(NamedTuple):
    """A command, and the first instant (ns) at which it may act."""

    due: int
    command: OrderCommand


class InFlight:
    """What was sent and has not arrived. All take equally long.

    Attributes:
        sent: In the order of sending, which is that of arrival.
    """

    def __init__(self) -> None:
        self.sent: deque[Sent] = deque()
        self._submits: set[ClientOrderId] = set()

    def send(self, command: OrderCommand, *, due: int) -> None:
        """Put a command on its way."""
        self.sent.append(Sent(due, command))
        if isinstance(command, SubmitOrder):
            self._submits.add(command.intent.client_order_id)

    def arrived(self, now: int) -> OrderCommand | None:
        """Take out, and return, the next command that has arrived by now."""
        return self._take_out(0) if self.sent and self.sent[0].due <= now else None

    def drop(self) -> list[OrderCommand]:
        """Take out all: nothing arrives any more."""
        commands = [sent.command for sent in self.sent]
        self.sent.clear()
        self._submits.clear()
        return commands

    def submits(self, order: ClientOrderId) -> bool:
        """Return whether this order is on its way."""
        return order in self._submits

    def answered(self, event: OrderEvent) -> OrderCommand | None:
        """While folding: take out, and return, the command that a report answers, if it answers one."""
        for place, sent in enumerate(self.sent):
            if sent.command.intent.client_order_id == event.client_order_id and _answers(event, sent.command):
                return self._take_out(place)
        return None

    def _take_out(self, place: int) -> OrderCommand:
        command = self.sent[place].command
        del self.sent[place]
        if isinstance(command, SubmitOrder):
            self._submits.discard(command.intent.client_order_id)
        return command


def _answers(event: OrderEvent, command: OrderCommand) -> bool:
    match command:
        case SubmitOrder():
            return isinstance(event, OrderAccepted | OrderRejected | OrderExpired)
        case CancelOrder():
            return isinstance(event, CancelRejected) or (
                isinstance(event, OrderCancelled) and event.reason == REQUESTED
            )
        case AmendOrder():
            return isinstance(event, AmendRejected | OrderAmended) or (
                isinstance(event, OrderCancelled) and event.reason == AMENDED
            )
