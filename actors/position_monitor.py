"""The position monitor: what we own and owe, by our own record. First of the tight loop.

Live, it holds what the venues say they have against that record (actors/reconciliation.py): what it finds goes to the
engine, as if the venue had told it, and what the venues shall look for to them.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import get_args

from msgspec.structs import replace

from actors.contract import Actor, Address, Turn
from actors.ledger import Ledger
from actors.reconciliation import Reconciliation
from actors.valuation import CURRENCY, venue_of
from messages.base import Message, Question
from messages.book import AskBook, BookChanged, BookTold, Fact, MarkBook, Opening
from messages.instruments import Instrument
from messages.journal import Record
from messages.live import (
    BalanceAdjusted,
    DifferenceFound,
    OpeningPosition,
    VenueHalted,
    VenueResumed,
)
from messages.market import MarketSlice
from messages.snapshots import AtVenue, LookedInto, LookInto, VenueSnapshot
from messages.units import AccountName, Amount, Asset, InstrumentId, VenueName

DUST = Decimal(1)
_ZERO = Decimal(0)

MonitorMessage = Fact | MarkBook | MarketSlice | VenueSnapshot | LookedInto | VenueResumed
_FACTS = frozenset(get_args(Fact))


class PositionMonitor(Actor[MonitorMessage]):
    """Books every fact in the ledger and starts the tight loop: position, exposure, risk, P&L.

    Args:
        venues: The live ones, which are held against the book.
        engine: Hears what comes of that; needed with `venues`.
        turn: The core's; needed with `venues`.
        dust: A difference worth less is no reason to halt, in quote. Prices come with `MarketSlice`, if it is told any.
    """

    def __init__(
        self,
        *,
        instruments: Mapping[InstrumentId, Instrument],
        exposure: Address[BookChanged],
        gate: Address[BookChanged],
        pnl: Address[BookTold],
        venues: Mapping[VenueName, Address[LookInto]] = MappingProxyType({}),
        engine: Address[DifferenceFound | BalanceAdjusted | VenueHalted | VenueResumed] | None = None,
        turn: Turn | None = None,
        dust: Decimal = DUST,
    ) -> None:
        self._instruments = instruments
        self._ledger = Ledger(instruments)
        self._exposure = exposure
        self._gate = gate
        self._pnl = pnl
        self._venues = venues
        self._engine = engine
        self._turn = turn
        self._reconciled = {venue: Reconciliation(venue, dust) for venue in venues}
        self._prices: dict[Asset, Decimal] = {CURRENCY: Decimal(1)}
        self.handlers = {
            **dict.fromkeys(_FACTS, self._book_of_a_venue if venues else self._book),
            MarkBook: self._mark,
            MarketSlice: self.apply_market,
            VenueSnapshot: self._compare,
            LookedInto: self._looked,
            VenueResumed: self._resumed,
        }

    def _book(self, fact: Fact) -> None:
        changed = self._ledger.book(fact)
        self._gate.tell(changed)
        self._exposure.tell(changed)

    def _book_of_a_venue(self, fact: Fact) -> None:
        self._count(fact, 0 if self._turn is None else self._turn.at)
        self._book(fact)

    def _mark(self, mark: MarkBook) -> None:
        self._pnl.tell(self._told(final=mark.final))

    def _compare(self, snapshot: VenueSnapshot) -> None:
        known = self._reconciled[snapshot.venue]
        for action in known.look(
            self._in_our_order(snapshot), self._ledger.amount, self._ledger.quantity, self._prices
        ):
            if isinstance(action, LookInto):
                self._venues[action.venue].tell(action)
            elif self._engine is not None:
                self._engine.tell(action)

    def _in_our_order(self, snapshot: VenueSnapshot) -> VenueSnapshot:
        """Return what the venue would have, had it seen our trades in the order in which they are booked.

        Trades of several orders may be told in another order than they were made in. Cash and cost of a position then
        differ, each by as much as the other: what was realised depends on the order, cash less cost does not.
        """
        gaps: dict[tuple[AccountName, Asset], Decimal] = {}
        for held in snapshot.positions:
            if held.cost is not None and held.quantity == self._ledger.quantity(held.instrument):
                instrument = self._instruments[held.instrument]
                place = instrument.account, instrument.quote
                gaps[place] = gaps.get(place, _ZERO) + held.cost - self._ledger.cost(held.instrument)
        balances = tuple(
            replace(each, amount=Amount(self._nearer(each, gaps.get((each.account, each.asset), _ZERO))))
            for each in snapshot.balances
        )
        return replace(snapshot, balances=balances)

    def _nearer(self, held: AtVenue, gap: Decimal) -> Decimal:
        """Return the amount with or without the gap, whichever is nearer to the book: venues round entry prices."""
        booked = self._ledger.amount(held.account, held.asset)
        return min(held.amount, held.amount - gap, key=lambda amount: abs(amount - booked))

    def _looked(self, looked: LookedInto) -> None:
        self._reconciled[looked.venue].looked()

    def _resumed(self, resumed: VenueResumed) -> None:
        if (known := self._reconciled.get(resumed.venue)) is not None:
            known.resumed(resumed)

    def answer(self, question: Question) -> Message:
        return self._told() if isinstance(question, AskBook) else super().answer(question)

    def apply(self, record: Record) -> None:
        entry = record.entry
        self._ledger.fold(record)
        if not self._reconciled:
            return
        if type(entry) in _FACTS:
            self._count(entry, record.at)  # type: ignore[arg-type]  # its type is a fact's
        elif isinstance(entry, VenueResumed):
            self._resumed(entry)
        elif isinstance(entry, DifferenceFound | VenueHalted) and entry.venue in self._reconciled:
            self._reconciled[entry.venue].fold(entry)

    def apply_market(self, market: MarketSlice) -> None:
        for candle in market.candles:
            instrument = self._instruments.get(candle.instrument)
            if instrument is not None and instrument.quote == CURRENCY:
                self._prices[instrument.base] = candle.close

    def _count(self, fact: Fact, at: int) -> None:
        venue = venue_of(fact.account) if isinstance(fact, Opening) else fact.venue
        known = self._reconciled.get(venue)
        if known is None:
            return
        known.booked(at)
        if isinstance(fact, Opening | OpeningPosition):
            known.opened(at)

    def _told(self, *, final: bool = False) -> BookTold:
        return BookTold(balances=tuple(self._ledger.balances()), positions=tuple(self._ledger.positions()), final=final)
