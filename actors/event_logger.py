"""The event logger: stamps every entry, in the core's order, and tells everybody whom it concerns.

What an actor wants on record it tells here. The entry gets its sequence number, the turn's time, the number of the
entry that caused it, and the hash that chains it to all before; then it goes, stamped, to those who follow its type,
and what they say carries it as their cause. Finished turns go to the journal writer; an intent goes at once, together
with the command that waits for it in the outbox.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from actors.contract import Actor, Address, Turn
from actors.journal.encoding import encode, next_hash
from messages.base import Message, Question
from messages.journal import (
    ENTRY_TYPES,
    Append,
    AskJournal,
    Entry,
    Hold,
    JournalTold,
    Record,
    RecordTogether,
    RefuseAtOnce,
)
from messages.orders import AmendOrder, CancelOrder, OrderCommand, SubmitOrder
from messages.units import Seq

LoggerMessage = Entry | RefuseAtOnce | RecordTogether | OrderCommand


class Chain(Protocol):
    """Turns a stamped entry into the row that is written."""

    @property
    def last_hash(self) -> bytes | None:
        """Hash of the last entry, None where there is no journal."""

    def row(self, seq: int, at: int, cause: int | None, entry: Entry) -> tuple[int, bytes, bytes]:
        """Encode an entry and chain it to the one before."""

    def go_on_from(self, digest: bytes) -> None:
        """Take over the hash of the last entry that is on record."""


class HashChain:
    """Rows of a journal: hash_n = sha256(hash_{n-1} + body_n)."""

    def __init__(self, first: bytes) -> None:
        self._hash = first

    @property
    def last_hash(self) -> bytes | None:
        return self._hash

    def row(self, seq: int, at: int, cause: int | None, entry: Entry) -> tuple[int, bytes, bytes]:
        """Encode an entry and chain it to the one before."""
        body = encode(seq, at, cause, entry)
        self._hash = next_hash(self._hash, body)
        return seq, body, self._hash

    def go_on_from(self, digest: bytes) -> None:
        """Take over the hash of the last entry that is on record."""
        self._hash = digest


class NoChain:
    """Rows of a run without a journal: numbered, and that is all."""

    last_hash = None

    def row(self, seq: int, at: int, cause: int | None, entry: Entry) -> tuple[int, bytes, bytes]:  # noqa: ARG002
        """Number an entry."""
        return seq, b"", b""

    def go_on_from(self, digest: bytes) -> None:
        """Nothing is chained."""


class EventLogger(Actor[LoggerMessage]):
    """Stamps, chains and spreads entries.

    Args:
        turn: The core's; its cause is moved on here, and nowhere else.
        chain: How rows are made.
        followers: Who is told of which type of entry, in order.
        outbox: Keeps commands until they are durable.
        writer: Gets the rows.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        chain: Chain,
        followers: Mapping[type[Entry], tuple[Address[Entry], ...]],
        outbox: Address[Hold],
        writer: Address[Append],
    ) -> None:
        self._turn = turn
        self._chain = chain
        self._followers = {kind: tuple(each.tell for each in followers.get(kind, ())) for kind in ENTRY_TYPES}
        self._outbox = outbox
        self._writer = writer
        self._seq = Seq(0)
        self._row = chain.row
        self._rows: list[tuple[int, bytes, bytes]] = []
        self._counts: dict[type[Entry], int] = dict.fromkeys(ENTRY_TYPES, 0)
        self.handlers = {
            **dict.fromkeys((SubmitOrder, CancelOrder, AmendOrder), self._announce),
            RefuseAtOnce: self._refuse,
            RecordTogether: self._record_together,
            **dict.fromkeys(ENTRY_TYPES, self._stamp),
        }

    def answer(self, question: Question) -> Message:
        if not isinstance(question, AskJournal):
            return super().answer(question)
        counts = sorted((kind.__name__, count) for kind, count in self._counts.items() if count)
        return JournalTold(seq=self._seq, counts=tuple(counts), last_hash=self._chain.last_hash)

    def apply(self, record: Record) -> None:
        self._seq = record.seq
        self._chain.go_on_from(record.hash)
        kind = type(record.entry)
        self._counts[kind] += 1

    def turn_ended(self) -> None:
        if self._rows:
            self._hand_on(awaited=False)

    def _refuse(self, refuse: RefuseAtOnce) -> None:
        self._record(refuse.received)
        self._stamp(refuse.refused)

    def _record_together(self, together: RecordTogether) -> None:
        cause = self._turn.cause
        for entry in together.entries:
            self._turn.cause = cause
            self._stamp(entry)

    def _announce(self, command: OrderCommand) -> None:
        """Put the intent on record; its command waits until that is durable."""
        self._stamp(command.intent)
        self._outbox.tell(Hold(seq=self._seq, command=command))
        self._hand_on(awaited=True)

    def _stamp(self, entry: Entry) -> None:
        """Put an entry on record and tell its followers."""
        self._record(entry)
        for tell in self._followers[type(entry)]:
            tell(entry)

    def _record(self, entry: Entry) -> None:
        """Number, chain and keep an entry. What is said from now on in this message has it as its cause."""
        turn = self._turn
        seq: Any = self._seq + 1  # a Seq; calling the name would cost more than adding
        self._seq = seq
        self._rows.append(self._row(seq, turn.at, turn.cause, entry))
        self._counts[type(entry)] += 1
        turn.cause = seq

    def _hand_on(self, *, awaited: bool) -> None:
        self._writer.tell(Append(rows=tuple(self._rows), awaited=awaited))
        self._rows.clear()
