"""The strategy ``script``: trades what a file says, when it says it."""

from collections.abc import Iterable
from typing import Protocol

from actors.strategies.contract import OwnEvent
from messages.instructions import Instruction
from messages.market import MarketSlice
from messages.units import Nanoseconds


class Due(Protocol):
    """Instructions by the instant at which they are due."""

    def due(self, at: Nanoseconds) -> Iterable[Instruction]:
        """Return those due at an instant, in the order in which they enter the engine."""


class Script:
    """Every instruction enters at its own instant; what becomes of it changes nothing."""

    stateless = True

    def __init__(self, instructions: Due) -> None:
        self._instructions = instructions

    def on_slice(self, market: MarketSlice) -> Iterable[Instruction]:
        """Return what is due now."""
        return self._instructions.due(market.at)

    def on_event(self, event: OwnEvent) -> Iterable[Instruction]:  # noqa: ARG002 - a script does not listen
        """Return nothing."""
        return ()
