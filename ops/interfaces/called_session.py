"""The session of a backtest: its clock, and its prices, come with the calls.

Calls on one loop are worked one after the other. Handlers are called before anything else happens to the run: what they
call in turn is worked at once, at the clock as it is then.
"""

import asyncio
import decimal
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from actors.data.series import iso
from actors.errors import BadInputError
from messages.book import Balance, BookTold, Position
from messages.instructions import Code
from messages.instruments import Instrument, instruments_of
from messages.units import CONTEXT, Amount, InstrumentId, Nanoseconds, VenueName
from ops.interfaces.answers import CancelAnswer, LoggedEvent, PositionChange, TradeAnswer, position_change, trade_answer
from ops.interfaces.choices import USDT, WALLET, Chosen
from ops.interfaces.events import data_of, logged, name_of, trade_of
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import Change, instrument_of
from ops.interfaces.outside import Quotes, clock_of, mapping, missing, quotes_of
from ops.interfaces.run import Run, tradable
from ops.interfaces.session import Session

_BREATH = 256
"""Recorded slices after which other tasks of the loop get a turn."""


class CalledSession(Session):
    """One run and its callers.

    Attributes:
        run: None before the first call that needs one.
    """

    def __init__(self, chosen: Chosen) -> None:
        self._instruments = instruments_of(tradable(chosen.settings))
        super().__init__(chosen, self._instruments.keys(), having="with rules and data")
        self.run: Run | None = None
        self._ids = 0
        self._used: set[str] = set()
        self._told: list[LoggedEvent] = []
        self._awaited: list[tuple[FollowedTrade, asyncio.Future[None]]] = []

    # --- calls -------------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Do nothing: only the first call says when the run begins."""

    async def trade(self, instruction: object, market_data: object) -> TradeAnswer:
        """Trade, and return the answer; see `CEXExecutionInterface.execute_trade`."""
        wanted = self.typed(instruction)
        prices = mapping({} if market_data is None else market_data, "market_data")
        instrument = self.instruments[wanted.instrument]
        quotes = quotes_of(prices, self.instruments.values(), instrument.base)
        asked = clock_of(prices)
        async with self._turnstile.turn():
            run = await self._at(asked, quotes, wanted.instrument)
            self._used.add(wanted.instruction_id)
            trade = run.instruct(wanted)
            await self._tell()
        if not trade.arrived and self.chosen.timeout_s:
            await self._arrival(trade)
        hint = ""
        if trade.reason == Code.NO_PRICE and wanted.instrument not in quotes.prices:
            hint = f"; {missing(prices, self.instruments.values(), instrument)}"
        with decimal.localcontext(CONTEXT):
            return trade_answer(trade, self.mode, run.at, hint=hint)

    async def cancel_all(self, venue: str | None) -> CancelAnswer:
        """Cancel all open orders, at one venue or everywhere."""
        self._check_open()
        venues = [VenueName(venue)] if venue is not None else list(self.chosen.settings.venues)
        done: list[FollowedTrade] = []
        left: list[FollowedTrade] = []
        async with self._turnstile.turn():
            if self.run is not None:
                done, left = self.run.cancel_all(venues)
                await self._tell()
        return {
            "cancelled": [trade.order_id for trade in done],
            "instruction_ids": [trade.instruction.instruction_id for trade in done],
            "pending": [trade.instruction.instruction_id for trade in left],
            "execution_mode": self.mode,
        }

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Wait for one's turn to look at the run."""
        async with self._turnstile.turn():
            yield

    async def close(self, outcome: str = "done", reason: str = "") -> None:
        """End the run: open orders expire, and the journal is closed. Again does nothing."""
        async with self._turnstile.turn():
            if not self.closed:
                self.closed = True
                if self.run is not None:
                    self.run.end(outcome, reason)
                    await self._tell()

    # --- what there is to see ----------------------------------------------------------------------------------------

    @property
    def began(self) -> bool:
        """Whether there is a run already."""
        return self.run is not None

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """What may be traded: all that has rules, with data or without."""
        return self._instruments

    @property
    def at(self) -> Nanoseconds | None:
        """The clock; None before there is a run."""
        return None if self.run is None else self.run.at

    def book(self) -> BookTold:
        """Return the book; before the first trade that is what the accounts will begin with."""
        if self.run is not None:
            return self.run.book()
        openings = [*self.chosen.openings, (WALLET, USDT, Amount(self.chosen.in_wallet))]
        balances = (Balance(account=account, asset=asset, amount=amount) for account, asset, amount in openings)
        return BookTold(balances=tuple(balances), positions=tuple[Position, ...]())

    def price(self, instrument: InstrumentId) -> Decimal | None:
        """Return the last price, recorded or given, however old; None where there was none."""
        last = None if self.run is None else self.run.slices.last.get(instrument)
        return None if last is None else last.close

    def events(self) -> list[LoggedEvent]:
        """Return all that was journaled."""
        run = self.run
        if run is not None:
            with decimal.localcontext(CONTEXT):
                news = [
                    logged(noted, trade_of(noted.entry, run.trades), self.mode)
                    for noted in run.entries[len(self._told) :]
                ]
            self._told += news
        return list(self._told)

    # --- the clock ---------------------------------------------------------------------------------------------------

    async def _at(self, asked: Nanoseconds | None, quotes: Quotes, traded: InstrumentId) -> Run:
        """Return the run, with its clock where a call wants it and everything before it worked."""
        self._check_open()
        run = self.run
        if run is None:
            run = self.run = self._begun(asked, quotes)
            await self._tell()
            return run
        to = run.at if asked is None else asked
        self._check_not_before(to, run)
        for number, _ in enumerate(run.advance(to), start=1):
            await self._tell()
            if not number % _BREATH:
                await asyncio.sleep(0)
        self._check_not_before(to, run)  # a handler may have gone on
        run.arrive(to, quotes, traded)
        await self._tell()
        return run

    def _begun(self, asked: Nanoseconds | None, quotes: Quotes) -> Run:
        try:
            run = Run(self.chosen, asked, quotes)
        except BadInputError as error:
            raise ValueError("; ".join(error.problems)) from None
        # A program that never closes its engine still leaves a journal that can be read.
        weakref.finalize(self, run.end, "interrupted", "never closed")
        return run

    @staticmethod
    def _check_not_before(to: Nanoseconds, run: Run) -> None:
        if to < run.at:
            clock = f"the clock, which is at {iso(run.at)}"
            raise ValueError(f"market_data: timestamp: {iso(to)}, expected none before {clock}")

    # --- what comes of it --------------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Call the handlers for every change that they have not heard of."""
        run = self.run
        if run is None:
            return
        for trade, arrival in self._awaited:
            if trade.arrived and not arrival.done():
                arrival.set_result(None)
        while run.changes:
            change = run.changes.popleft()
            await self._hand_on(lambda change=change: self._written(run, change))  # type: ignore[misc]  # a default argument

    def _written(self, run: Run, change: Change) -> PositionChange:
        fact = change.fact
        with decimal.localcontext(CONTEXT):
            data = data_of(fact, trade_of(fact, run.trades), self.mode)
            traded = instrument_of(fact)
            mark = None if traded is None else self.price(traded)
            return position_change(change, name_of(fact), data, run.at, Decimal(0) if mark is None else mark)

    async def _arrival(self, trade: FollowedTrade) -> None:
        """Wait until a trade that is on its way has an answer, as other tasks move the clock, or the time is over."""
        arrival = asyncio.get_running_loop().create_future()
        self._awaited.append((trade, arrival))
        try:
            async with asyncio.timeout(self.chosen.timeout_s):
                await arrival
        except TimeoutError:
            return
        finally:
            self._awaited.remove((trade, arrival))

    def _next_id(self) -> str:
        """Return the next of A1, A2, ..."""
        while True:
            self._ids += 1
            if (name := f"A{self._ids}") not in self._used:
                return name
