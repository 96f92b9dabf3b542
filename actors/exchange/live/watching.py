"""Watching a venue: its private streams as the fast way, its records as the truth.

Open orders are read every `poll_ms` while no stream is up, and every `reconcile_ms` while all are; at once after each
loss and each return of a stream. An order of ours that is open by our account and not among them is looked up. Trades,
funding and balances are read every `reconcile_ms`, the clock every minute. A frame that can't be read is no reason to
stop: the venue's records are read then. Records that can't be read for long, as with a key withdrawn, are said.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from actors.exchange.live.desk import Desk
from actors.exchange.live.looking import READ_TROUBLE, Looker, Start
from actors.exchange.live.ports import Tell, Venue
from actors.exchange.live.records import Records
from actors.exchange.live.stages import Stage
from actors.exchange.wire.contract import Market, UnreadableAnswerError, Update
from messages.lifecycle import CLOCK_JUMPED
from messages.live import VenueHalted, VenueResumed, VenueTrouble
from messages.units import ClientOrderId, Nanoseconds, OrderId, TradeType, VenueName

CLOCK_IS_OFF = "its clock is too far from ours"
"""Reason of a halt, always in the same words, so that a later epoch can end it."""
_SKEW_EVERY_S = 60.0
_FUNDING_EVERY_MS = 60_000
_PATIENCE_S = 20.0
"""How long reads may fail before it is said, in seconds."""


class Outage:
    """Says, once each, that the records can't be read for long, and that they can again."""

    def __init__(self, venue: VenueName, engine: Tell) -> None:
        self._venue = venue
        self._engine = engine
        self._since_s: float | None = None
        self._is_told = False

    def failed(self, error: Exception) -> None:
        """Take note of a read that failed."""
        now_s = asyncio.get_running_loop().time()
        self._since_s = now_s if self._since_s is None else self._since_s
        if not self._is_told and now_s - self._since_s >= _PATIENCE_S:
            self._is_told = True
            self._say(f"the account can't be read since {now_s - self._since_s:.0f} s: {error}")

    def over(self) -> None:
        """Take note of reads that were answered."""
        if self._is_told and self._since_s is not None:
            self._say(f"the account can be read again, after {asyncio.get_running_loop().time() - self._since_s:.0f} s")
        self._since_s, self._is_told = None, False

    def _say(self, detail: str) -> None:
        self._engine(VenueTrouble(venue=self._venue, kind="UNREADABLE", detail=detail[:500]))


class Watch:
    """Reads streams and records for as long as an epoch lasts."""

    def __init__(
        self,
        venue: Venue,
        *,
        desk: Desk,
        looker: Looker,
        records: Records,
        monitor: Tell,
        now_ns: Callable[[], int],
    ) -> None:
        self._dialect, self._connection, self._options, self._engine = venue
        self._desk = desk
        self._looker = looker
        self._records = records
        self._monitor = monitor
        self._now_ns = now_ns
        self._on_wire: dict[tuple[TradeType, str], Market] = {
            (each.trade_type, each.symbol): each for each in desk.markets.values()
        }
        self._outage = Outage(self._options.venue, self._engine)
        self._hurry = asyncio.Event()
        self._begun = False
        self._rush_ms = 0
        self._unreadable = 0
        self._clock_is_off: bool | None = None
        self._trades_ms = self._funding_ms = self._funding_read_ms = 0

    def begin(self, start: Start, *, since_ms: int) -> None:
        """Begin to watch, from a time until which everything is journaled; a second time only the cursor is set."""
        # A time that our clock showed before it was set back would hide all that happens until then.
        self._trades_ms = self._funding_ms = min(since_ms, self._connection.now_ms())
        if self._begun:
            return
        self._begun = True
        self._connection.watch(on_frame=self.on_frame, on_gap=self.on_gap, start=start)
        start(self._polling(), "poll")
        start(self._keeping_time(), "clock")

    async def catch_up(self) -> None:
        """Read everything that may have happened while nobody looked. Raises what `Connection.read` raises."""
        await self._orders()
        await self._trades()
        await self._funding()
        await self._snapshot()

    async def read_all(self, since_ms: int) -> None:
        """Read trades, funding and transfers since a venue time, and open orders. Raises as `catch_up`."""
        await self._records.trades(since_ms)
        await self._records.funding(since_ms)
        await self._records.transfers(since_ms)
        await self._orders()

    # --- streams -----------------------------------------------------------------------------------------------------

    def on_frame(self, message: Any) -> None:  # noqa: ANN401 - decoded JSON
        """Take one decoded frame of a private stream: the only way in for what streams say."""
        try:
            update = self._dialect.frame(message, self._on_wire)
        except UnreadableAnswerError:
            self._unreadable += 1
            self._hurry.set()
            return
        self._take(update)

    def on_gap(self, reason: str) -> None:  # noqa: ARG002 - polls say what was missed, whatever the reason
        """A stream was lost, or is back: what it did not say is read."""
        self._hurry.set()

    def _take(self, update: Update) -> None:
        for trade in update.trades:
            if not self._desk.on_trade(trade):
                self._hurry.set()  # a stranger's: the records tell it with everything about it
        for seen in update.orders:
            if not self._desk.on_order(seen):
                self._hurry.set()
        for name in update.touched:
            order = self._desk.orders.get(ClientOrderId(name))
            for market in () if order else self._desk.markets.values():
                order = order or self._desk.find(market.instrument, OrderId(name), ClientOrderId(""))
            if order is not None and order.is_there:
                self._looker.attend_once(order)
        if update.funding:
            self._funding_read_ms = 0
            self._hurry.set()
        if update.balances:
            self._desk.activity += 1

    # --- records -----------------------------------------------------------------------------------------------------

    async def _polling(self) -> None:
        due_ms = self._connection.now_ms() + self._options.reconcile_ms
        while True:
            pause_ms = self._options.reconcile_ms if self._connection.is_streaming else self._options.poll_ms
            hurried = await self._pause(pause_ms / 1000)
            try:
                await self._orders()
                if hurried or self._connection.now_ms() >= due_ms:
                    await self._trades()
                    if self._connection.now_ms() - self._funding_read_ms >= _FUNDING_EVERY_MS:
                        await self._funding()
                if self._connection.now_ms() >= due_ms:
                    due_ms = self._connection.now_ms() + self._options.reconcile_ms
                    await self._snapshot()
            except READ_TROUBLE as error:
                self._outage.failed(error)
                await asyncio.sleep(self._options.poll_ms / 1000)
            else:
                self._outage.over()

    async def _pause(self, seconds: float) -> bool:
        """Wait; return whether somebody is in a hurry. What comes in a bunch is read at once.

        Who never ceases to hurry (somebody else who trades in the account) is made to wait, up to `poll_ms`.
        """
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            self._rush_ms = 0
            return False
        self._rush_ms = min(max(2 * self._rush_ms, self._options.look_again_ms), self._options.poll_ms)
        await asyncio.sleep(self._rush_ms / 1000)
        self._hurry.clear()
        return True

    async def _orders(self) -> None:
        """Read the open orders; look up each of ours that should be among them and is not."""
        before = [each for each in self._desk.orders.values() if each.is_there]
        shown = {seen.client_order_id for seen in await self._records.open_orders()}
        for order in before:
            if order.is_there and order.intent.client_order_id not in shown:
                await self._looker.look(order)

    async def _trades(self) -> None:
        began = self._connection.now_ms()
        await self._records.trades(self._trades_ms - self._options.overlap_ms)
        self._trades_ms = began

    async def _funding(self) -> None:
        began = self._connection.now_ms()
        await self._records.funding(self._funding_ms - self._options.overlap_ms)
        self._funding_ms = self._funding_read_ms = began

    async def _snapshot(self) -> None:
        taken = await self._records.snapshot(Nanoseconds(self._now_ns()), is_busy=self._is_busy())
        if not self._is_busy() or not taken.quiet:
            self._monitor(taken)

    def _is_busy(self) -> bool:
        """Return whether something is under way that may move a balance."""
        stages = {Stage.SENDING, Stage.UNKNOWN, Stage.FOLLOWED}
        return any(each.stage in stages or each.is_short or each.end is not None for each in self._desk.orders.values())

    # --- the clock ---------------------------------------------------------------------------------------------------

    async def _keeping_time(self) -> None:
        self._judge_clock(self._connection.skew_ms)
        while True:
            await asyncio.sleep(_SKEW_EVERY_S)
            await self._measure_clock()

    async def clock_jumped(self) -> None:
        """Measure anew, and say again how it stands, now or at the next look."""
        self._clock_is_off = None
        await self._measure_clock()

    async def _measure_clock(self) -> None:
        with suppress(*READ_TROUBLE):
            self._judge_clock(await self._connection.measure_skew())

    def _judge_clock(self, skew_ms: int) -> None:
        """Halt the venue while its clock is off; what an epoch halted, a later one lets go on."""
        most, venue = self._options.max_clock_skew_ms, self._options.venue
        is_off = abs(skew_ms) > most
        if is_off is self._clock_is_off:
            return
        self._clock_is_off = is_off
        if is_off:
            detail = f"its clock is {skew_ms} ms from ours, at most {most} ms allowed"
            self._engine(VenueTrouble(venue=venue, kind="CLOCK", detail=detail))
            self._engine(VenueHalted(venue=venue, reason=CLOCK_IS_OFF))
        else:
            for reason in (CLOCK_JUMPED, CLOCK_IS_OFF):  # no news where it was not halted for that
                self._engine(VenueResumed(venue=venue, reason=reason))


Work = Coroutine[Any, Any, None]
