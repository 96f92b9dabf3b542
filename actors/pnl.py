"""P&L: totals of what was earned and paid, and the value of the book when somebody asks. Last of the tight loop."""

from decimal import Decimal

from actors.attribution import Attributor, exact_difference
from actors.contract import Actor, Address, Turn
from actors.drawdown import Drawdown
from actors.exchange.pricing import is_fresh
from actors.ledger import Ledger
from actors.valuation import CURRENCY, deltas, margins, value
from messages.base import Message, Question
from messages.book import (
    AskPnl,
    Attribution,
    BasisMarked,
    BookChanged,
    BookTold,
    EquityMarked,
    Liquidated,
    Mark,
    PnlAttributed,
    PnlTold,
    PnlUpdated,
    RiskMeasured,
)
from messages.instruments import VenueModel, instruments_of
from messages.journal import Record
from messages.live import ForeignTrade, OpeningPosition
from messages.market import Candle, FundingPaid, MarketSlice, StaleMark
from messages.orders import OrderFilled
from messages.units import Amount, InstrumentId, Rate

_ZERO = Decimal(0)
_TRADES = frozenset({OrderFilled, Liquidated, ForeignTrade, OpeningPosition})


class Pnl(Actor[RiskMeasured | MarketSlice | BookTold]):
    """Counts realised P&L, fees and funding, and marks the book: its value, and what the change of it came from.

    Tells the strategy when the tight loop is through.

    Args:
        wait_for_prices: While a price of something in the book is not known yet, the book is not marked; else that is
            an error.
    """

    def __init__(
        self,
        *,
        turn: Turn,
        venues: tuple[VenueModel, ...],
        candle_ns: int,
        strategy: Address[PnlUpdated],
        log: Address[StaleMark | EquityMarked | BasisMarked | PnlAttributed],
        wait_for_prices: bool = False,
    ) -> None:
        self._turn = turn
        self._wait_for_prices = wait_for_prices
        self._instruments = instruments_of(venues)
        self._leverage = {each.venue: each.leverage for each in venues}
        self._candle_ns = candle_ns
        self._strategy = strategy
        self._log = log
        self._candles: dict[InstrumentId, Candle] = {}
        self._looked_at: set[InstrumentId] = set()  # whose spread is known to be that of the present candles
        self._realised = self._fees = self._funding = Amount(_ZERO)
        self._equity_start: Amount | None = None
        self._equity_end: Amount | None = None
        self._attributor = Attributor(self._instruments)
        self._attribution: Attribution | None = None
        self._drawdown = Drawdown()
        self._put_in: Amount | None = None
        self._folded = Ledger(self._instruments)  # only `apply` books here
        self.handlers = {MarketSlice: self.apply_market, RiskMeasured: self._measured, BookTold: self._mark}

    def answer(self, question: Question) -> Message:
        if not isinstance(question, AskPnl):
            return super().answer(question)
        return PnlTold(
            fees=self._fees,
            funding=self._funding,
            realised=self._realised,
            equity_start=self._equity_start,
            equity_end=self._equity_end,
            attribution=self._attribution,
            max_drawdown=None if self._equity_start is None else Rate(self._drawdown.largest),
            put_in=self._put_in,
        )

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._attributor.fold(change, record.seq)
            self._count(change)
        elif isinstance(record.entry, BasisMarked):
            self._attributor.fold_basis(record.entry, record.cause)
        elif isinstance(record.entry, EquityMarked):
            self._marked(record.entry.equity, record.entry.marks)

    def apply_market(self, market: MarketSlice) -> None:
        candles = self._candles
        for candle in market.candles:
            candles[candle.instrument] = candle
        self._looked_at.clear()

    def _measured(self, risk: RiskMeasured) -> None:
        book = risk.exposure.book
        fact = book.fact
        if type(fact) in _TRADES and fact.instrument not in self._looked_at:  # type: ignore[union-attr]
            self._look_at(fact.instrument)  # type: ignore[union-attr]
        self._attributor.book(book)
        self._count(book)
        self._strategy.tell(
            PnlUpdated(
                fact=fact,
                balances=book.balances,
                position=book.position,
                net=risk.exposure.net,
                realised=self._realised,
                fees=self._fees,
                funding=self._funding,
            )
        )

    def _look_at(self, instrument: InstrumentId) -> None:
        """See to it that trades of an instrument count at the present spread, before the first one of a slice does."""
        self._looked_at.add(instrument)
        if moved := self._attributor.moved(instrument, self._candles):
            self._log.tell(moved)

    def _count(self, book: BookChanged) -> None:
        # (The sums are amounts; calling a NewType to say so would cost as much as the sum.)
        self._realised += book.realised  # type: ignore[assignment]
        self._fees += book.fee_in_quote  # type: ignore[assignment]
        if isinstance(book.fact, FundingPaid):
            self._funding += book.fact.amount  # type: ignore[assignment]

    def _mark(self, book: BookTold) -> None:
        candles, instruments = self._candles, self._instruments
        try:
            equity, unrealised, used = value(book, candles, tuple(instruments.values()))
        except LookupError:
            if self._wait_for_prices:
                return
            raise
        for candle in used:
            if not is_fresh(candle, self._turn.at, self._candle_ns):
                self._log.tell(
                    StaleMark(
                        venue=instruments[candle.instrument].venue,
                        instrument=candle.instrument,
                        mark=candle.close,
                        closed_at=candle.closed_at,
                        used_for="valuation",
                    )
                )
        marks = tuple(Mark(instrument=instrument, price=candle.close) for instrument, candle in sorted(candles.items()))
        self._marked(equity, marks)
        self._log.tell(
            EquityMarked(
                currency=CURRENCY,
                equity=equity,
                unrealised=unrealised,
                attribution=self._attribution,
                margins=margins(book, candles, instruments, self._leverage),
                deltas=deltas(book, candles, instruments),
                marks=marks,
                put_in=self._put_in,
            )
        )
        if book.final and self._attribution is not None:
            self._log.tell(PnlAttributed(parts=self._attributor.parts(self._attribution)))

    def _marked(self, equity: Amount, marks: tuple[Mark, ...]) -> None:
        """Keep the first and the last value of the book, and what the change between them came from."""
        self._attributor.mark(marks)
        if self._equity_start is None:
            self._equity_start = equity
        else:
            self._attribution = self._attributor.total(exact_difference(equity, self._equity_start))
        self._equity_end = equity
        self._put_in = self._attributor.put_in
        self._drawdown.mark(equity, _ZERO if self._put_in is None else self._put_in)
