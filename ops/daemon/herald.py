"""What a daemon says on stderr: one line for each entry that an operator wants to know of at once.

Orders that go their usual way are not among them: they are in the journal, and a log that has them all grows for ever.
"""

import datetime as dt
import json
from typing import get_args

from actors.contract import Actor, Address, Turn
from actors.journal.encoding import encode
from messages.book import InsurancePaid, Liquidated
from messages.instructions import InstructionRefused
from messages.journal import Entry, Noted
from messages.lifecycle import ClockJumped, Halted, InputSkipped, RunEnded, RunStarted
from messages.live import (
    AccountOpened,
    BalanceAdjusted,
    DifferenceFound,
    ForeignOrderGone,
    ForeignOrderSeen,
    ForeignTrade,
    OperatorNeeded,
    OperatorRefused,
    OperatorResolved,
    VenueHalted,
    VenueResumed,
    VenueSettled,
    VenueTrouble,
)
from messages.orders import OrderRejected, OrderUnknown
from messages.units import SECOND_NS
from ops.exits import one_line, say
from ops.journal_words import words

Told = (
    RunStarted
    | AccountOpened
    | VenueSettled
    | VenueHalted
    | VenueResumed
    | VenueTrouble
    | InstructionRefused
    | OrderRejected
    | OrderUnknown
    | OperatorNeeded
    | OperatorResolved
    | OperatorRefused
    | ForeignOrderSeen
    | ForeignOrderGone
    | ForeignTrade
    | BalanceAdjusted
    | DifferenceFound
    | Liquidated
    | InsurancePaid
    | Halted
    | InputSkipped
    | ClockJumped
    | RunEnded
)
"""The types of entries that are said."""
_TOLD = frozenset(get_args(Told))


class Herald(Actor[Entry]):
    """In the core: passes on what is to be said. Who says it may be slow, and what it can't keep up with is dropped."""

    def __init__(self, *, turn: Turn, log: Address[Noted]) -> None:
        self._turn = turn
        self._log = log

    def receive(self, message: Entry) -> None:
        """Pass on an entry."""
        if type(message) in _TOLD:
            self._log.tell(Noted(at=self._turn.at, entry=message))


class Log(Actor[Noted]):
    """Beside the core: writes the lines."""

    def receive(self, message: Noted) -> None:
        """Write one line."""
        at = dt.datetime.fromtimestamp(message.at / SECOND_NS, dt.UTC)
        kind = type(message.entry).__name__
        text = words(kind, json.loads(encode(0, message.at, None, message.entry)))
        say(one_line(f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {kind}: {text}"))
