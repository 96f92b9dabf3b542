"""P&L: totals of what was earned and paid, and the value of the book when somebody asks. Last of the tight loop."""

from collections.abc import Mapping
from decimal import Decimal

from actors.contract import Actor, Address, Turn
from actors.exchange.pricing import is_fresh
from actors.ledger import Ledger
from actors.valuation import CURRENCY, value
from messages.base import Message, Question
from messages.book import AskPnl, BookChanged, BookTold, EquityMarked, PnlTold, PnlUpdated, RiskMeasured
from messages.instruments import Instrument
from messages.journal import Record
from messages.market import Candle, FundingPaid, MarketSlice, StaleMark
from messages.units import Amount, InstrumentId

_ZERO = Decimal(0)


class Pnl(Actor[RiskMeasured | MarketSlice | BookTold]):
    """Counts realised P&L, fees and funding; marks the book. Tells the strategy when the tight loop is through."""

    def __init__(
        self,
        *,
        turn: Turn,
        instruments: Mapping[InstrumentId, Instrument],
        candle_ns: int,
        strategy: Address[PnlUpdated],
        log: Address[StaleMark | EquityMarked],
    ) -> None:
        self._turn = turn
        self._instruments = tuple(instruments.values())
        self._venues = {key: each.venue for key, each in instruments.items()}
        self._candle_ns = candle_ns
        self._strategy = strategy
        self._log = log
        self._candles: dict[InstrumentId, Candle] = {}
        self._realised = self._fees = self._funding = _ZERO
        self._equity_start: Amount | None = None
        self._equity_end: Amount | None = None
        self._folded = Ledger(instruments)  # only `apply` books here
        self.handlers = {MarketSlice: self.apply_market, RiskMeasured: self._measured, BookTold: self._mark}

    def answer(self, question: Question) -> Message:
        if not isinstance(question, AskPnl):
            return super().answer(question)
        return PnlTold(
            fees=Amount(self._fees),
            funding=Amount(self._funding),
            realised=Amount(self._realised),
            equity_start=self._equity_start,
            equity_end=self._equity_end,
        )

    def apply(self, record: Record) -> None:
        if change := self._folded.fold(record):
            self._count(change)
        elif isinstance(record.entry, EquityMarked):
            self._marked(record.entry.equity)

    def apply_market(self, market: MarketSlice) -> None:
        candles = self._candles
        for candle in market.candles:
            candles[candle.instrument] = candle

    def _measured(self, risk: RiskMeasured) -> None:
        book = risk.exposure.book
        self._count(book)
        self._strategy.tell(
            PnlUpdated(
                fact=book.fact,
                balances=book.balances,
                position=book.position,
                net=risk.exposure.net,
                realised=Amount(self._realised),
                fees=Amount(self._fees),
                funding=Amount(self._funding),
            )
        )

    def _count(self, book: BookChanged) -> None:
        self._realised += book.realised
        self._fees += book.fee_in_quote
        if isinstance(book.fact, FundingPaid):
            self._funding += book.fact.amount

    def _mark(self, book: BookTold) -> None:
        equity, unrealised, used = value(book, self._candles, self._instruments)
        for candle in used:
            if not is_fresh(candle, self._turn.at, self._candle_ns):
                self._log.tell(
                    StaleMark(
                        venue=self._venues[candle.instrument],
                        instrument=candle.instrument,
                        mark=candle.close,
                        closed_at=candle.closed_at,
                        used_for="valuation",
                    )
                )
        self._marked(equity)
        self._log.tell(EquityMarked(currency=CURRENCY, equity=equity, unrealised=unrealised))

    def _marked(self, equity: Amount) -> None:
        """Keep the first and the last value of the book."""
        if self._equity_start is None:
            self._equity_start = equity
        self._equity_end = equity
