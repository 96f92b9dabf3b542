"""What interfaces and an engine share: one run, begun by the first call that needs it, and who hears of changes.

Calls on one loop are worked one after the other. After each change of a position or balance the handlers are called, on
the loop, before anything else happens to the run: what they call in turn is worked at once, at the clock as it is then.
An exception of a handler is logged (logger ``execd.interfaces``) and goes no further: the trade was made, and its
answer is not lost.
"""

import asyncio
import decimal
import inspect
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Protocol

import msgspec

from actors.data.series import iso
from actors.errors import BadInputError
from config.instruction_rules import Markets, instruction_of
from config.problems import ConfigError
from messages.instructions import Code, TradeInstruction
from messages.instruments import Instrument, instruments_of
from messages.units import CONTEXT, InstrumentId, Nanoseconds, VenueName
from ops.interfaces.answers import (
    CancelAnswer,
    PositionChange,
    TradeAnswer,
    position_change,
    trade_answer,
)
from ops.interfaces.chosen import Chosen
from ops.interfaces.events import data_of, name_of
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import Change
from ops.interfaces.outside import Quotes, clock_of, mapping, missing, quotes_of, usual
from ops.interfaces.run import Run, tradable
from ops.interfaces.turnstile import Turnstile

LOGGER = logging.getLogger("execd.interfaces")

Handler = Callable[[PositionChange], Awaitable[object] | object]
"""A `position_update_handler`: a function or a coroutine function of one `PositionChange`."""

_BREATH = 256
"""Recorded slices after which other tasks of the loop get a turn."""


class Listener(Protocol):
    """An interface, as far as changes concern it."""

    position_update_handler: Handler | None


class Session:
    """One run and its callers.

    Attributes:
        mode: The execution mode's name.
        chosen: Its config.
        instruments: What may be traded.
        run: None before the first call that needs one.
        closed: Nothing more is taken.
    """

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen
        self.mode: str = chosen.settings.mode.type
        self.instruments: Mapping[InstrumentId, Instrument] = instruments_of(tradable(chosen.settings))
        self.run: Run | None = None
        self.closed = False
        self._markets = Markets(venues=tuple(chosen.settings.venues), known=self.instruments.keys())
        self._turnstile = Turnstile()
        self._listeners: list[weakref.ref[Listener]] = []
        self._ids = 0
        self._used: set[str] = set()
        self._awaited: list[tuple[FollowedTrade, asyncio.Future[None]]] = []

    # --- calls -------------------------------------------------------------------------------------------------------

    def typed(self, instruction: object) -> TradeInstruction:
        """Return what an instruction means; one without an id gets the next of A1, A2, ...

        Raises:
            ValueError: Everything that is wrong with it.
        """
        fields = mapping(usual(mapping(instruction, "instruction"), "instruction"), "instruction")
        try:
            found = instruction_of(fields, self._markets, default_id="A")
        except ConfigError as error:
            raise ValueError("; ".join(error.lines)) from None
        return found if "id" in fields else msgspec.structs.replace(found, instruction_id=self._next_id())

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
    async def reading(self) -> AsyncIterator["Run | None"]:
        """Wait for one's turn to look at the run."""
        async with self._turnstile.turn():
            yield self.run

    async def close(self, outcome: str = "done", reason: str = "") -> None:
        """End the run: open orders expire, and the journal is closed. Again does nothing."""
        async with self._turnstile.turn():
            if not self.closed:
                self.closed = True
                if self.run is not None:
                    self.run.end(outcome, reason)
                    await self._tell()

    def attach(self, listener: Listener) -> None:
        """Let an interface's handler, as it is then, hear of every change."""
        if all(known() is not listener for known in self._listeners):
            self._listeners.append(weakref.ref(listener))

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

    def _check_open(self) -> None:
        if self.closed:
            raise RuntimeError("the engine is closed")

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
            for handler in self._handlers():
                await self._call(handler, run, change)

    def _handlers(self) -> Iterator[Handler]:
        told: list[Handler] = []
        for listener in [each() for each in self._listeners]:
            handler = None if listener is None else listener.position_update_handler
            if handler is not None and handler not in told:
                told.append(handler)
                yield handler

    async def _call(self, handler: Handler, run: Run, change: Change) -> None:
        fact = change.fact
        last = run.slices.last.get(fact.instrument)
        mark = Decimal(0) if last is None else last.close
        with decimal.localcontext(CONTEXT):
            data = data_of(fact, run.trades, self.mode)
            told = position_change(change, name_of(fact), data, run.at, mark)
        try:
            answer = handler(told)
            if inspect.isawaitable(answer):
                await answer
        except Exception:
            LOGGER.exception("position_update_handler raised after %s; the change is booked", name_of(fact))

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
        while True:
            self._ids += 1
            if (name := f"A{self._ids}") not in self._used:
                return name
