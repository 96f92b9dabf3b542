"""What is journaled, and how the event logger, the outbox and the journal writer talk."""

from typing import ClassVar, get_args

import msgspec

from messages.base import Command, Event, MailClass, Question, Telemetry
from messages.book import BasisMarked, EquityMarked, InsurancePaid, Liquidated, Opening, PnlAttributed
from messages.instructions import (
    AmendReceived,
    AmendRefused,
    CancelAllReceived,
    CancelRefused,
    InstructionReceived,
    InstructionRefused,
)
from messages.lifecycle import ClockJumped, Halted, InputSkipped, Resumed, RunEnded, RunStarted, StrategySaved
from messages.live import (
    AccountOpened,
    BalanceAdjusted,
    DifferenceFound,
    ForeignOrderGone,
    ForeignOrderSeen,
    ForeignTrade,
    OpeningPosition,
    OperatorNeeded,
    OperatorRefused,
    OperatorResolved,
    VenueHalted,
    VenueResumed,
    VenueSettled,
    VenueStarted,
    VenueTrouble,
)
from messages.market import ExtremesMoved, FundingPaid, StaleMark
from messages.orders import (
    AmendRejected,
    AmendSubmitted,
    CancelRejected,
    CancelSubmitted,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderCommand,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
)
from messages.units import Nanoseconds, Seq

FORMAT_VERSION = 1
"""Of the journal file. Raised when a reader of the older format could not read the newer one."""

Entry = (
    RunStarted
    | Opening
    | InstructionReceived
    | InstructionRefused
    | CancelAllReceived
    | AmendReceived
    | AmendRefused
    | CancelRefused
    | OrderSubmitted
    | AmendSubmitted
    | CancelSubmitted
    | OrderAccepted
    | OrderRejected
    | OrderTriggered
    | OrderFilled
    | OrderAmended
    | AmendRejected
    | CancelRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
    | FundingPaid
    | Liquidated
    | InsurancePaid
    | ExtremesMoved
    | StaleMark
    | EquityMarked
    | BasisMarked
    | PnlAttributed
    | StrategySaved
    | InputSkipped
    | Halted
    | Resumed
    | ClockJumped
    | AccountOpened
    | OpeningPosition
    | VenueStarted
    | VenueSettled
    | VenueHalted
    | VenueResumed
    | OperatorNeeded
    | OperatorResolved
    | OperatorRefused
    | ForeignOrderSeen
    | ForeignOrderGone
    | ForeignTrade
    | BalanceAdjusted
    | DifferenceFound
    | VenueTrouble
    | RunEnded
)
"""Everything that may stand in a journal. Told to the event logger as it is."""

ENTRY_TYPES: tuple[type[Entry], ...] = get_args(Entry)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its stamps, as it is read back from a journal."""

    seq: Seq
    at: Nanoseconds
    cause: Seq | None
    hash: bytes
    entry: Entry


class Noted(Telemetry, frozen=True, kw_only=True):
    """Herald to whoever writes for people: this was put on record."""

    at: Nanoseconds
    entry: Entry


class RefuseAtOnce(Command, frozen=True, kw_only=True):
    """Engine to event logger: journal that an instruction came, and its refusal. The gate is not asked."""

    received: InstructionReceived
    refused: InstructionRefused


class RecordTogether(Command, frozen=True, kw_only=True):
    """Ops to event logger: put these on record as they stand, in one turn: after a crash all of them are there or none.

    Each has the cause of this message.
    """

    entries: tuple[Entry, ...]


class Append(Command, frozen=True, kw_only=True):
    """Event logger to journal writer: write these rows, in this order.

    Attributes:
        rows: Sequence number, body (UTF-8 JSON) and hash (32 bytes) of each entry.
        awaited: Something waits for them in the outbox: answer `Durable` of the last.
    """

    rows: tuple[tuple[int, bytes, bytes], ...]
    awaited: bool = True


class Durable(Event, frozen=True, kw_only=True):
    """Journal writer to outbox: every entry up to and with this one survives a crash."""

    mail: ClassVar[MailClass] = MailClass.FACT

    seq: Seq


class Hold(Command, frozen=True, kw_only=True):
    """Event logger to outbox: keep this command until the entry that announced it is durable."""

    seq: Seq
    command: OrderCommand


class AskJournal(Question, frozen=True, kw_only=True):
    """To the event logger; answered by `JournalTold`."""


class JournalTold(Event, frozen=True, kw_only=True):
    """How the journal stands.

    Attributes:
        counts: How many entries of each type, in the order of the types' names.
        last_hash: Of the last entry; None without a journal.
    """

    seq: Seq
    counts: tuple[tuple[str, int], ...]
    last_hash: bytes | None
