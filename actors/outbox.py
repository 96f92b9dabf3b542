"""The outbox: nothing goes to a venue before the entry that announced it is on disk."""

from collections import deque
from collections.abc import Mapping

from actors.contract import Actor, Address
from messages.journal import Durable, Hold
from messages.orders import OrderCommand
from messages.units import VenueName


class Outbox(Actor[Hold | Durable]):
    """Holds commands in the order of their intents and lets them go, in that order, when the writer says durable."""

    def __init__(self, *, venues: Mapping[VenueName, Address[OrderCommand]]) -> None:
        self._venues = venues
        self._held: deque[Hold] = deque()
        self.handlers = {Hold: self._held.append, Durable: self._release}

    def _release(self, durable: Durable) -> None:
        held = self._held
        while held and held[0].seq <= durable.seq:
            command = held.popleft().command
            self._venues[command.intent.venue].tell(command)
