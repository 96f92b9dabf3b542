"""The strategy of the bench: it trades nothing, and says what it hears to whoever gives the instructions."""

import queue
import time
from typing import NamedTuple

from actors.strategies.contract import OwnEvent, StrategyContext
from messages.market import MarketSlice


class Heard(NamedTuple):
    """An event of an order, and when the strategy heard it, by `time.perf_counter`."""

    at: float
    event: OwnEvent


HEARD: "queue.SimpleQueue[Heard]" = queue.SimpleQueue()
"""What was heard, in order: one bench a process."""


class Listener:
    """Hears."""

    stateless = True

    def __init__(self, context: StrategyContext) -> None:
        """Take nothing from the context."""

    def on_slice(self, market: MarketSlice) -> tuple[()]:  # noqa: ARG002 - it does not trade
        """Return nothing."""
        return ()

    def on_event(self, event: OwnEvent) -> tuple[()]:
        """Pass it on."""
        HEARD.put(Heard(time.perf_counter(), event))
        return ()
