"""The outbox: nothing goes to a venue before the entry that announced it is on disk."""

from collections import deque
from collections.abc import Mapping
from typing import assert_never

from actors.contract import Actor, Address
from messages.journal import Durable, Hold
from messages.orders import OrderCommand
from messages.units import VenueName


class Outbox(Actor[Hold | Durable]):
    """Holds commands in the order of their intents and lets them go, in that order, when the writer says durable."""

    def __init__(self, *, venues: Mapping[VenueName, Address[OrderCommand]]) -> None:
        self._venues = venues
        self._held: deque[Hold] = deque()

    def receive(self, message: Hold | Durable) -> None:
        match message:
            case Hold():
                self._held.append(message)
            case Durable():
                while self._held and self._held[0].seq <= message.seq:
                    command = self._held.popleft().command
                    self._venues[command.venue].tell(command)
            case _:
                assert_never(message)
