"""What a run came to, read back from its journal alone: counts, money, balances, positions."""

import decimal
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from actors.drawdown import Drawdown
from actors.errors import BadInputError
from actors.journal.reader import JournalReader
from actors.journal.verify import verify
from actors.ledger import Ledger
from config.symbols import symbol_of
from messages.book import Attribution, EquityMarked, PnlAttributed
from messages.instructions import InstructionRefused
from messages.instruments import Instrument, instrument_id
from messages.journal import Record
from messages.lifecycle import RunEnded
from messages.market import FundingPaid
from messages.units import CONTEXT, AccountName, Amount, BaseAmount, InstrumentId, Price, VenueName, plain
from ops.hints import command

_ZERO = Decimal(0)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to. Money is in USDT, as text, signed and named as in the result of ``execd run --json``.

    Attributes:
        count: All entries.
        outcome: As `RunEnded` says it; None where there is none.
        entries: How many of each type.
        attribution: Of the change in equity, by kind; None where the journal has none.
        by_source: The same by instrument or asset, in total.
        max_drawdown: Over the marks of equity, as a positive fraction; None without any.
        positions: Amount in base by venue and symbol.
    """

    journal: str
    journal_hash: str
    count: int
    outcome: str | None
    instructions: int
    orders: int
    fills: int
    refusals: int
    rejections: int
    liquidations: int
    market_events: int
    refusals_by_code: dict[str, int]
    entries: dict[str, int]
    equity_start: str | None
    equity_end: str | None
    pnl: str | None
    fees: str
    funding: str
    attribution: dict[str, str] | None
    by_source: dict[str, str]
    max_drawdown: str | None
    balances: dict[str, dict[str, str]]
    positions: dict[str, dict[str, str]]


def figures_of(journal: Path) -> Figures:
    """Read a journal. One that a killed run left is read as far as it goes.

    Raises:
        ExecdError: It can't be read, or is not as it was written.
    """
    with JournalReader(journal) as reader:
        verdict = verify(journal)
        if not verdict.chain_ok or verdict.journal_hash is None:
            raise BadInputError(
                f"{journal}: not as it was written: {verdict.reason} ({command()} journal verify says more)"
            )
        try:
            tally = _Tally(_instruments(reader.manifest.described()))
        except (ValueError, AttributeError, LookupError) as error:
            raise BadInputError(f"{journal}: the manifest does not say what was traded: {error!r}") from None
        with decimal.localcontext(CONTEXT):
            for record in reader.records():
                tally.add(record)
            return tally.told(journal, verdict.journal_hash)


def _instruments(described: Mapping[str, object]) -> dict[InstrumentId, Instrument]:
    """Return the instruments as the manifest has them, as far as a ledger must know them."""
    settings = msgspec.convert(described, _Hashed).settings
    found = [
        Instrument(
            instrument_id=instrument_id(venue, symbol),
            venue=VenueName(venue),
            trade_type=meaning.trade_type,
            symbol=symbol,
            base=meaning.base,
            quote=meaning.quote,
            account=AccountName(rules.account),
            tick=Price(rules.tick),
            lot=BaseAmount(rules.lot),
            min_quantity=BaseAmount(rules.min_quantity),
            min_notional=Amount(rules.min_notional),
            contract_size=BaseAmount(rules.contract_size),
        )
        for venue, its in settings.venues.items()
        for symbol, rules in its.instruments.items()
        if (meaning := symbol_of(symbol)) is not None
    ]
    return {each.instrument_id: each for each in found}


class _Rules(msgspec.Struct):
    account: str
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    contract_size: Decimal


class _Venue(msgspec.Struct):
    instruments: dict[str, _Rules]


class _Settings(msgspec.Struct):
    venues: dict[str, _Venue]


class _Hashed(msgspec.Struct):
    settings: _Settings


class _Tally:
    """Counts entries, and books the facts among them."""

    def __init__(self, instruments: dict[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self._ledger = Ledger(instruments)
        self._entries: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._fees = self._funding = self._put_in = _ZERO
        self._equities: list[Decimal] = []
        self._drawdown = Drawdown()
        self._attribution: Attribution | None = None
        self._parts: PnlAttributed | None = None
        self._ended: RunEnded | None = None

    def add(self, record: Record) -> None:
        entry = record.entry
        self._entries[type(entry).__name__] += 1
        if (changed := self._ledger.fold(record)) is not None:
            self._fees += changed.fee_in_quote
            if isinstance(entry, FundingPaid):
                self._funding += entry.amount
        elif isinstance(entry, InstructionRefused):
            self._codes[str(entry.code)] += 1
        elif isinstance(entry, EquityMarked):
            self._mark(entry)
        elif isinstance(entry, PnlAttributed):
            self._parts = entry
        elif isinstance(entry, RunEnded):
            self._ended = entry

    def _mark(self, marked: EquityMarked) -> None:
        self._equities = [*self._equities[:1], marked.equity]
        self._put_in = marked.put_in or _ZERO
        self._attribution = marked.attribution or self._attribution
        self._drawdown.mark(marked.equity, self._put_in)

    def told(self, journal: Path, journal_hash: str) -> Figures:
        """Return what was counted."""
        ended, counts = self._ended, self._entries
        start = self._equities[0] if self._equities else None
        end = self._equities[-1] if self._equities else None
        parts = self._parts.parts if self._parts is not None else ()
        balances: dict[str, dict[str, str]] = {}
        for each in self._ledger.balances():
            balances.setdefault(each.account, {})[each.asset] = plain(each.amount)
        positions: dict[str, dict[str, str]] = {}
        for held in self._ledger.positions():
            positions.setdefault(held.venue, {})[self._instruments[held.instrument].symbol] = plain(held.quantity)
        return Figures(
            journal=str(journal),
            journal_hash=journal_hash,
            count=counts.total(),
            outcome=None if ended is None else ended.outcome,
            instructions=counts["InstructionReceived"],
            orders=counts["OrderSubmitted"],
            fills=counts["OrderFilled"],
            refusals=counts["InstructionRefused"],
            rejections=counts["OrderRejected"],
            liquidations=counts["Liquidated"],
            market_events=0 if ended is None else ended.market_events,
            refusals_by_code=dict(sorted(self._codes.items())),
            entries=dict(sorted(counts.items())),
            equity_start=None if start is None else plain(start),
            equity_end=None if end is None else plain(end),
            pnl=None if start is None or end is None else plain(end - start - self._put_in),
            fees=plain(self._fees),
            funding=plain(self._funding),
            attribution=None if self._attribution is None else _kinds(self._attribution),
            by_source={part.source: plain(sum(_amounts(part.attribution), _ZERO)) for part in parts},
            max_drawdown=plain(self._drawdown.largest) if self._equities else None,
            balances=balances,
            positions=positions,
        )


def _kinds(attribution: Attribution) -> dict[str, str]:
    return {
        kind: plain(amount) for kind, amount in zip(attribution.__struct_fields__, _amounts(attribution), strict=True)
    }


def _amounts(attribution: Attribution) -> list[Decimal]:
    return [getattr(attribution, kind) for kind in attribution.__struct_fields__]
