"""What a daemon says on stderr: one line for each entry that an operator wants to know of at once.

Orders that go their usual way are not among them: they are in the journal, and a log that has them all grows for ever.
"""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

from actors.contract import Actor, Address, Turn
from actors.journal.encoding import encode
from actors.runtime.clock import SystemClock
from messages.book import InsurancePaid, Liquidated
from messages.instructions import InstructionRefused
from messages.journal import Entry, Noted
from messages.lifecycle import ClockJumped, Halted, InputSkipped, Resumed, RunEnded, RunStarted
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
    | Resumed
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
        kind = type(message.entry).__name__
        text = words(kind, json.loads(encode(0, message.at, None, message.entry)))
        say(one_line(f"{_stamp(message.at)} {kind}: {text}"))


def say_line(line: str, *, at: int | None = None) -> None:
    """Write a line that is no entry, of a time in ns UTC; None: now."""
    say(one_line(f"{_stamp(SystemClock().wall_ns() if at is None else at)} {line}"))


def _stamp(at: int) -> str:
    seconds, rest = divmod(at, SECOND_NS)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03d}"


class Hearing(NamedTuple):
    """Who hears what a daemon has to say; by default whoever reads stderr.

    Attributes:
        herald: Makes the actor in the core that is told every entry, from the turn and the address of the log.
        log: Makes what the cell does that writes for people.
        say: Writes a line for people, from any thread.
        prices: The herald is told of prices, too.
    """

    herald: Callable[[Turn, Address[Noted]], Actor[Any]] = lambda turn, log: Herald(turn=turn, log=log)
    log: Callable[[], Actor[Any]] = Log
    say: Callable[[str], None] = say_line
    prices: bool = False


ON_STDERR = Hearing()
