"""What a report needs of a journal, gathered in one pass over it."""

import functools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, NamedTuple

from actors.journal.encoding import decode, next_hash
from actors.journal.errors import EntryUnreadableError, JournalUnreadableError
from actors.journal.lock import holder
from actors.journal.reader import JournalReader
from config.symbols import Symbol, symbol_of
from messages.book import Attribution, EquityMarked, InsurancePaid, Liquidated, PnlAttributed
from messages.instructions import AmendRefused, CancelRefused, InstructionRefused
from messages.journal import ENTRY_TYPES, Entry
from messages.lifecycle import ClockJumped, Halted, InputSkipped, RunEnded, RunStarted
from messages.market import FundingPaid, StaleMark
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from messages.units import CONTEXT


class Trade(NamedTuple):
    """A fill or a forced close, and what it cost.

    Attributes:
        change: Of the position in base, signed; the fee of a spot fill that was paid in base is taken off.
        notional: Amount times price, in quote.
        fee: In quote, positive when paid; base fees count at the trade's price. None if it was paid in anything else.
        slippage: Against the reference price in quote, positive when it cost; None where there is no reference.
    """

    at: int
    entry: OrderFilled | Liquidated
    change: Decimal
    notional: Decimal
    fee: Decimal | None
    slippage: Decimal | None


@dataclass(kw_only=True)
class Gathered:
    """A run, as its journal tells it. Times are nanoseconds UTC, each beside its entry, in the journal's order.

    Attributes:
        name: Of the file.
        folder: Name of the folder it lies in.
        hashed, beside: The two parts of the manifest; empty if they can't be read.
        journal_hash: The last one, 64 hex digits.
        entries: How many there are.
        writer: Pid of the process that is writing it now; None if nobody is.
        counts: How many entries of each type.
        last_at: When the last entry was made that was read.
        doubts: What is wrong with the file, in words.
    """

    name: str
    hashed: Mapping[str, Any]
    beside: Mapping[str, Any]
    journal_hash: str
    folder: str = ""
    last_at: int | None = None
    entries: int = 0
    writer: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    doubts: list[str] = field(default_factory=list)
    started: RunStarted | None = None
    ended: RunEnded | None = None
    mark_times: list[int] = field(default_factory=list)
    marks: list[EquityMarked] = field(default_factory=list)
    parts: PnlAttributed | None = None
    trades: list[Trade] = field(default_factory=list)
    funding: list[tuple[int, FundingPaid]] = field(default_factory=list)
    refusals: list[tuple[int, InstructionRefused | CancelRefused | AmendRefused]] = field(default_factory=list)
    rejections: list[tuple[int, OrderRejected | CancelRejected | AmendRejected]] = field(default_factory=list)
    forced: list[tuple[int, Liquidated | InsurancePaid]] = field(default_factory=list)
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    stale: Counter[tuple[str, str]] = field(default_factory=Counter)
    trouble: list[tuple[int, InputSkipped | Halted | ClockJumped | OrderUnknown]] = field(default_factory=list)

    @property
    def currency(self) -> str:
        """What equity is counted in."""
        if self.marks:
            return self.marks[0].currency
        return self.ended.currency if self.ended is not None else "USDT"

    @property
    def attribution(self) -> Attribution | None:
        """Of all change of equity between the first and the last mark."""
        return self.marks[-1].attribution if self.marks else None

    def setting(self, *keys: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return a setting of the run by its keys; None if the manifest hasn't got it."""
        found: Any = self.hashed.get("settings")
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found


def gather(journal: Path, *, just_written: bool = False) -> Gathered:
    """Read a journal to its end, or to the first entry that can't be read, which is said in `doubts`.

    Args:
        journal: The file.
        just_written: By this process, so that its hashes need not be worked out again.

    Raises:
        JournalUnreadableError: no such file, no journal, or SQLite can't read it.
    """
    with JournalReader(journal) as reader, localcontext(CONTEXT):
        found = Gathered(
            name=reader.path.name,
            folder=reader.path.resolve().parent.name,
            hashed=_object(reader.manifest.hashed),
            beside=_object(reader.manifest.beside),
            journal_hash=reader.manifest.hash_0.hex(),
            writer=holder(reader.path.resolve()),
        )
        if reader.manifest_fault is not None:
            found.doubts.append(reader.manifest_fault)
        _read(reader, found, just_written=just_written)
    return found


def _read(reader: JournalReader, found: Gathered, *, just_written: bool) -> None:
    digest = reader.manifest.hash_0
    as_written, raw = not just_written, b""
    counts: Counter[bytes] = Counter()
    try:
        for seq, body, stored in reader.rows():
            if not isinstance(body, bytes) or not isinstance(stored, bytes):
                raise EntryUnreadableError(f"entry {seq} is not stored as bytes", seq=seq, type_name=None)  # noqa: TRY301
            if as_written and (next_hash(digest, body) != stored or seq != found.entries + 1):
                as_written = False
                found.doubts.append(f"entry {seq}, or one before it, is not what was written")
            digest = stored
            found.entries += 1
            begin = body.find(_TYPE) + len(_TYPE)  # the stamps stand in front, so it is the first type named
            raw = body[begin : body.find(b'"', begin)]
            counts[raw] += 1
            if raw in _UNREAD:
                continue
            record = decode(body)
            found.last_at = record.at
            take = _TAKERS.get(type(record.entry))
            if take is not None:
                take(found, record.at, record.entry)
    except (EntryUnreadableError, JournalUnreadableError) as error:
        found.doubts.append(f"{error}; this page shows what stands before it")
    for name, count in counts.items():
        found.counts[name.decode("utf-8", "replace")] = count
    found.journal_hash = digest.hex()
    if raw != b"RunEnded":  # what goes on after an end has none
        found.ended = None


_TYPE = b'"type":"'


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@functools.lru_cache(maxsize=1024)
def symbol(instrument: str) -> Symbol | None:
    """Return what the symbol in ``venue:symbol`` means; None if it has no form that we know."""
    return symbol_of(instrument.partition(":")[2])


def position_paid_on(paid: FundingPaid) -> Decimal:
    """Return what the position was worth that funding was paid on, signed; 0 where the venue did not say."""
    return Decimal(0) if paid.quantity is None or paid.mark is None else paid.quantity * paid.mark


def _filled(found: Gathered, at: int, fill: OrderFilled) -> None:
    known = symbol(fill.instrument)
    signed = fill.amount if fill.side == "BUY" else -fill.amount
    fee: Decimal | None = None
    change = signed
    if known is not None and fill.fee_asset == known.base:
        fee = fill.fee * fill.price
        change -= fill.fee
    elif known is not None and fill.fee_asset == known.quote:
        fee = fill.fee
    slipped = None if fill.reference_price is None else signed * (fill.price - fill.reference_price)
    found.trades.append(Trade(at, fill, change, fill.amount * fill.price, fee, slipped))


def _liquidated(found: Gathered, at: int, closed: Liquidated) -> None:
    signed = closed.amount if closed.side == "BUY" else -closed.amount
    slipped = signed * (closed.price - closed.mark)
    found.trades.append(Trade(at, closed, signed, closed.amount * closed.price, closed.fee, slipped))
    found.forced.append((at, closed))


def _marked(found: Gathered, at: int, mark: EquityMarked) -> None:
    found.mark_times.append(at)
    found.marks.append(mark)


def _started(found: Gathered, at: int, entry: RunStarted) -> None:  # noqa: ARG001 - as every taker
    found.started = found.started or entry


def _ended(found: Gathered, at: int, entry: RunEnded) -> None:  # noqa: ARG001 - as every taker
    found.ended = entry


def _parted(found: Gathered, at: int, entry: PnlAttributed) -> None:  # noqa: ARG001 - as every taker
    found.parts = entry


def _stale(found: Gathered, at: int, entry: StaleMark) -> None:  # noqa: ARG001 - as every taker
    found.stale[entry.instrument, entry.used_for] += 1


def _cancelled(found: Gathered, at: int, entry: OrderCancelled | OrderExpired) -> None:  # noqa: ARG001 - as above
    what = "cancelled" if isinstance(entry, OrderCancelled) else "expired"
    found.removed[what, entry.reason] += 1


def _into(name: str) -> Callable[[Gathered, int, Any], None]:
    def take(found: Gathered, at: int, entry: Entry) -> None:
        getattr(found, name).append((at, entry))

    return take


_TAKERS: Mapping[type, Callable[[Gathered, int, Any], None]] = {
    RunStarted: _started,
    RunEnded: _ended,
    EquityMarked: _marked,
    PnlAttributed: _parted,
    OrderFilled: _filled,
    Liquidated: _liquidated,
    StaleMark: _stale,
    OrderCancelled: _cancelled,
    OrderExpired: _cancelled,
    FundingPaid: _into("funding"),
    InsurancePaid: _into("forced"),
    **dict.fromkeys((InstructionRefused, CancelRefused, AmendRefused), _into("refusals")),
    **dict.fromkeys((OrderRejected, CancelRejected, AmendRejected), _into("rejections")),
    **dict.fromkeys((InputSkipped, Halted, ClockJumped, OrderUnknown), _into("trouble")),
}

_UNREAD = frozenset(each.__name__.encode() for each in ENTRY_TYPES if each not in _TAKERS)
"""Entries that are only counted: most of a journal, in many a run."""
