"""The outbox: nothing goes to a venue before the entry that announced it is on disk.

What goes has that entry as its cause, also where the disk was done with many at once, in a later turn. What waits here
is in nobody's journal as waiting: after a rebuild it is gone, and its order is settled with the venue like any other of
which nobody knows whether it was sent (`FollowAgain`).
"""

from collections import deque
from collections.abc import Mapping

from actors.contract import Actor, Address, Turn
from messages.journal import Durable, Hold
from messages.orders import OrderCommand
from messages.units import VenueName


class Outbox(Actor[Hold | Durable]):
    """Holds commands in the order of their intents and lets them go, in that order, when the writer says durable."""

    def __init__(self, *, turn: Turn, venues: Mapping[VenueName, Address[OrderCommand]]) -> None:
        self._turn = turn
        self._venues = venues
        self._held: deque[Hold] = deque()
        self.handlers = {Hold: self._held.append, Durable: self._release}

    def _release(self, durable: Durable) -> None:
        held = self._held
        while held and held[0].seq <= durable.seq:
            hold = held.popleft()
            self._turn.cause = hold.seq
            self._venues[hold.command.intent.venue].tell(hold.command)
