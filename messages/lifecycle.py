"""Beginnings, ends, time and trouble."""

from typing import ClassVar

from messages.base import Command, Event, MailClass
from messages.units import Amount, Asset, Nanoseconds


class RunStarted(Event, frozen=True, kw_only=True):
    """The first entry of a journal. `end` is None where nobody knows it."""

    mode: str
    start: Nanoseconds
    end: Nanoseconds | None


class RunEnded(Event, frozen=True, kw_only=True):
    """The last entry of a run that stopped in order.

    Attributes:
        outcome: ``done``, ``interrupted`` or ``failed``.
        reason: Why, where it was not done.
    """

    outcome: str
    reason: str
    market_events: int
    currency: Asset
    equity_start: Amount | None
    equity_end: Amount | None


class EndRun(Command, frozen=True, kw_only=True):
    """Ops to the engine: nothing more will come; close the journal with `RunEnded`."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    outcome: str
    reason: str
    market_events: int
    currency: Asset
    equity_start: Amount | None
    equity_end: Amount | None


class Halt(Command, frozen=True, kw_only=True):
    """Refuse all new instructions from now on."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    reason: str


class Halted(Event, frozen=True, kw_only=True):
    """New instructions are refused HALTED from now on."""

    reason: str


class Resume(Command, frozen=True, kw_only=True):
    """Take new instructions again after a `Halted`; what a config or a single venue refuses stays refused."""

    mail: ClassVar[MailClass] = MailClass.CONTROL


class Resumed(Event, frozen=True, kw_only=True):
    """The operator ended every `Halted` before this.

    Attributes:
        reason: Of the one that held.
    """

    reason: str


class Congested(Event, frozen=True, kw_only=True):
    """The core's mailbox went above its high-water mark (`on`), or came down; new risk is refused BUSY between."""

    mail: ClassVar[MailClass] = MailClass.CONTROL

    on: bool
    waiting: int


class ClockReached(Event, frozen=True, kw_only=True):
    """A timer is due and nothing else came."""

    at: Nanoseconds


class ClockJumped(Event, frozen=True, kw_only=True):
    """The wall clock moved against the monotonic clock; live venues halt until skew is measured. Positive: forward."""

    by_ns: int


CLOCK_JUMPED = "our clock jumped, and is not measured against the venue's yet"
"""Why a venue takes no new orders after a `ClockJumped`, until it has said `VenueResumed` with these words."""


class MeasureClock(Command, frozen=True, kw_only=True):
    """Engine to live venue: our clock jumped; measure yours against it, now."""


class TimerFired(Event, frozen=True, kw_only=True):
    """A timer that the receiver set is due."""

    timer_id: str
    due: Nanoseconds


class InputSkipped(Event, frozen=True, kw_only=True):
    """An input crashed its turn, or a strategy raised, and the run went on without it.

    Attributes:
        input: Type of the message.
        error: Type and text of the exception.
        where: File and line, as far as known.
    """

    input: str
    error: str
    where: str


class StrategySaved(Event, frozen=True, kw_only=True):
    """What a strategy with ``snapshot()`` must get back after a restart, as JSON text."""

    state: str


class Terminated(Event, frozen=True, kw_only=True):
    """To whoever watches it: a cell is gone for good, or was already.

    Attributes:
        name: The cell.
        reason: None after an orderly stop.
    """

    mail: ClassVar[MailClass] = MailClass.CONTROL

    name: str
    reason: str | None
