"""Who listens in a core that goes on by itself: one actor for the callers, and one that writes to Python's logging."""

import datetime as dt
import json
import logging
from typing import Any

from actors.contract import Actor, Address, Turn
from actors.journal.encoding import encode
from messages.book import Liquidated
from messages.journal import Noted as ToldForPeople
from messages.journal import Record
from messages.lifecycle import ClockJumped, Halted, InputSkipped
from messages.live import DifferenceFound, OperatorNeeded, VenueHalted, VenueTrouble
from messages.market import MarketSlice
from messages.orders import OrderUnknown
from messages.units import SECOND_NS, Seq
from ops.daemon.herald import Hearing, Herald
from ops.exits import one_line
from ops.interfaces.listening import Noted
from ops.interfaces.mirror import Mirror
from ops.journal_words import words

LOGGER = logging.getLogger("execd.engine")

_WARNED = (
    OperatorNeeded,
    VenueHalted,
    VenueTrouble,
    DifferenceFound,
    Halted,
    InputSkipped,
    ClockJumped,
    Liquidated,
    OrderUnknown,
)
"""What is logged as a warning; the rest of what an operator wants to know is information."""


class Attentive(Herald):
    """Tells a mirror what was journaled, when the turn has ended and so none of it is of a lost turn; and prices."""

    def __init__(self, turn: Turn, log: Address[ToldForPeople], mirror: Mirror) -> None:
        super().__init__(turn=turn, log=log)
        self._mirror = mirror
        self._gathered: list[Noted] = []

    def receive(self, message: Any) -> None:  # noqa: ANN401 - an entry, or prices
        """Gather an entry, or pass on prices."""
        if isinstance(message, MarketSlice):
            self._mirror.seen(message)
            return
        super().receive(message)
        # The event logger moved the turn's cause on to the entry, and a told message carries it.
        self._gathered.append(Noted(Seq(self._turn.cause or 0), self._turn.at, message))

    def apply(self, record: Record) -> None:
        """Tell what the journal has."""
        self._mirror.recall(record)

    def turn_ended(self) -> None:
        """Tell what was gathered."""
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._mirror.note(gathered)


class Lines(Actor[ToldForPeople]):
    """Writes to the log what an operator wants to know."""

    def receive(self, message: ToldForPeople) -> None:
        """Write one line."""
        at = dt.datetime.fromtimestamp(message.at / SECOND_NS, dt.UTC)
        kind = type(message.entry).__name__
        text = words(kind, json.loads(encode(0, message.at, None, message.entry)))
        level = logging.WARNING if isinstance(message.entry, _WARNED) else logging.INFO
        LOGGER.log(level, "%s", one_line(f"{at:%Y-%m-%d %H:%M:%S} {kind}: {text}"))


def hearing_of(mirror: Mirror) -> Hearing:
    """Return who hears what the core of a mirror has to say."""
    return Hearing(
        herald=lambda turn, log: Attentive(turn, log, mirror),
        log=Lines,
        say=lambda line: LOGGER.info("%s", one_line(line)),
        prices=True,
    )
