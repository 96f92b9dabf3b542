"""Prices and funding of one live venue: books as quotes, tickers, candles when they complete, funding when it is paid.

It runs beside the venue's order actor, on a loop of its own, so that prices never delay an order. Everything that it
tells is a slice of one moment by our clock; slices of books and tickers are conflated, candles and payments are told
once each.
"""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal

from actors.contract import LoopedActor, Tasks
from actors.data.live.bars import Bars
from actors.data.live.books import candle_of, quote_of
from actors.data.live.lines import BookLine, Said, in_time
from actors.data.live.ports import FeedError, Memory, Options, PublicFeed, SeenBar, SeenFunding
from actors.data.live.tickers import TickerLine
from actors.exchange.live.retries import Jitter, pause_s
from actors.exchange.wire.contract import Market
from messages.base import Message
from messages.market import Candle, Depth, FundingRate, MarketSlice, Ticker, quote_at
from messages.units import PERP, BaseAmount, InstrumentId, Nanoseconds, Rate

_ONE = Decimal(1)
_NOTHING = BaseAmount(Decimal(0))
_ALARM = 1.5
"""A book that said nothing for so many times `quiet_ms` was asked for, and did not answer."""
_MS = 1_000_000
_LONGEST_SLEEP_S = 60.0
"""The venue's clock may be measured anew meanwhile."""


class LiveMarket(LoopedActor[Message]):
    """Tells one venue's market data. It takes no messages.

    Args:
        tasks: Of the epoch.
        feed: The venue's; closed with the epoch.
        markets: What is followed.
        tell: Where slices go; must not wait.
        jitter: Seeded randomness, from 0 to 1.
        options: How often, how patiently.
        memory: The same for every epoch of a run.
        said: Is told, a line each, what an operator should know: streams lost and back.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        feed: PublicFeed,
        markets: Mapping[InstrumentId, Market],
        tell: Callable[[MarketSlice], None],
        jitter: Jitter,
        options: Options,
        memory: Memory,
        said: Said,
    ) -> None:
        self._tasks = tasks
        self._feed = feed
        self._markets = dict(sorted(markets.items()))
        self._tell_on = tell
        self._jitter = jitter
        self._options = options
        self._memory = memory
        self._said = said
        self._lines: dict[InstrumentId, BookLine] = {}
        self._bars = Bars(options.length_ms, memory.bars)
        self._more_bars = asyncio.Event()
        self._volumes: dict[InstrumentId, BaseAmount] = {}

    async def started(self) -> None:
        """Begin in the background: a venue that is not there holds up nothing."""
        self._tasks.start(self._begin(), name="market data")

    async def closing(self) -> None:
        """Close the feed."""
        await self._feed.close()

    async def _begin(self) -> None:
        attempt = 0
        while True:
            try:
                await self._feed.open()
                break
            except FeedError as error:
                attempt += 1
                if attempt == 1:
                    self._said(f"no market data yet: {error}")
                await asyncio.sleep(pause_s(attempt, self._jitter))
        first_bar = self._bars.begin(self._markets, self._feed.now_ms())
        for instrument, market in self._markets.items():
            line = self._lines[instrument] = BookLine(
                market,
                self._feed,
                self._options,
                jitter=self._jitter,
                now_ns=self._tasks.now_ns,
                said=self._said,
            )
            self._tasks.start(line.follow(), name=f"book of {instrument}")
            self._tasks.start(line.ask(), name=f"questions about {instrument}")
            self._tasks.start(self._tell_book(line), name=f"quotes of {instrument}")
            ticker = TickerLine(market, self._feed, self._options, jitter=self._jitter, now_ns=self._tasks.now_ns)
            self._tasks.start(ticker.follow(), name=f"ticker of {instrument}")
            self._tasks.start(ticker.ask(), name=f"questions about the ticker of {instrument}")
            self._tasks.start(self._tell_ticker(ticker, line), name=f"last trades of {instrument}")
            self._tasks.start(self._follow_bars(market), name=f"candles of {instrument}")
            if market.trade_type is PERP:
                self._tasks.start(self._follow_funding(market), name=f"funding of {instrument}")
        self._tasks.start(self._tell_bars(first_bar), name="candles")

    # --- books -------------------------------------------------------------------------------------------------------

    async def _tell_book(self, line: BookLine) -> None:
        """Tell the latest book, at most so often."""
        while True:
            await line.changed.wait()
            line.changed.clear()
            if line.latest is not None:
                quote = quote_of(line.latest, self._volumes.get(line.market.instrument, _NOTHING))
                self._tell(candles=(quote,), depths=(line.latest,))
            await asyncio.sleep(self._options.every_ms / 1000)

    async def _tell_ticker(self, line: TickerLine, book: BookLine) -> None:
        """Tell the latest ticker, at most so often; a trade is a price where the book has been silent for too long."""
        while True:
            await line.changed.wait()
            if (taken := line.take()) is not None:
                ticker, traded = taken
                quotes: tuple[Candle, ...] = ()
                silent_ns = self._tasks.now_ns() - (0 if book.latest is None else book.latest.at)
                if traded and silent_ns > _ALARM * self._options.quiet_ms * _MS:
                    volume = self._volumes.get(line.market.instrument, _NOTHING)
                    quotes = (quote_at(ticker.instrument, ticker.last, ticker.at, volume),)
                self._tell(candles=quotes, tickers=(ticker,))
            await asyncio.sleep(self._options.ticker_ms / 1000)

    # --- candles -----------------------------------------------------------------------------------------------------

    async def _follow_bars(self, market: Market) -> None:
        attempt = 0
        while True:
            try:
                bars = await self._feed.next_bars(market)
            except FeedError:
                attempt += 1
                self._bars.lost(market.instrument)
                await asyncio.sleep(pause_s(attempt, self._jitter))
                continue
            attempt = 0
            if self._bars.streamed(market.instrument, bars):
                self._more_bars.set()

    async def _tell_bars(self, opened_ms: int) -> None:
        """Tell the candles of one instant after the other, those of all markets together."""
        await self._learn_volumes()
        length_ms = self._options.length_ms
        while True:
            await self._until(opened_ms + length_ms)
            await self._streamed(opened_ms)
            attempt = 0
            while missing := self._bars.missing(opened_ms):
                await asyncio.gather(*(self._read_bars(each) for each in missing))
                self._tell_complete(opened_ms)
                attempt += 1
                pause_ms = int(1000 * pause_s(attempt, self._jitter))
                if self._feed.now_ms() + pause_ms >= opened_ms + 2 * length_ms:
                    break  # with the next ones it is asked for again
                if self._bars.missing(opened_ms):
                    await asyncio.sleep(pause_ms / 1000)
            self._tell_complete(opened_ms)
            opened_ms += length_ms

    async def _streamed(self, opened_ms: int) -> None:
        """Wait until the stream has completed the candles of all markets, or it takes too long."""
        left_ms = opened_ms + self._options.length_ms + self._options.grace_ms - self._feed.now_ms()
        if left_ms <= 0:
            return
        try:
            async with asyncio.timeout(left_ms / 1000):
                while self._bars.missing(opened_ms):
                    self._more_bars.clear()
                    await self._more_bars.wait()
        except TimeoutError:
            return

    async def _read_bars(self, instrument: InstrumentId) -> None:
        asked_ms = self._feed.now_ms()
        try:
            bars = await self._ask_bars(instrument, self._bars.since(instrument))
        except FeedError:
            return
        self._bars.read(instrument, bars, asked_ms - self._options.grace_ms)

    async def _learn_volumes(self) -> None:
        """Learn what was traded in the last candle before the start: models of slippage ask for it."""
        now_ms, length_ms = self._feed.now_ms(), self._options.length_ms
        last_ms = now_ms // length_ms * length_ms - length_ms

        async def learn(instrument: InstrumentId) -> None:
            try:
                bars = await self._ask_bars(instrument, last_ms)
            except FeedError:
                return  # the next candle says it
            for bar in bars:
                if bar.opened_ms == last_ms and bar.volume.is_finite() and bar.volume >= 0:
                    self._volumes.setdefault(instrument, BaseAmount(bar.volume))

        await asyncio.gather(*(learn(each) for each in self._markets))

    async def _ask_bars(self, instrument: InstrumentId, since_ms: int) -> tuple[SeenBar, ...]:
        reading = self._feed.read_bars(self._markets[instrument], since_ms=since_ms)
        return await in_time(reading, self._options.read_ms)

    def _tell_complete(self, opened_ms: int) -> None:
        for bars in self._bars.take(opened_ms):
            candles: list[Candle] = []
            for instrument, bar in sorted(bars.items()):
                candles.append(candle_of(self._markets[instrument], bar, self._options.length_ms))
                self._volumes[instrument] = BaseAmount(bar.volume)
                # What is known of the price since the candle closed comes behind it: the last word is the newest.
                if (latest := self._lines[instrument].latest) is not None and latest.at > candles[-1].closed_at:
                    candles.append(quote_of(latest, BaseAmount(bar.volume)))
            self._tell(candles=tuple(candles))

    # --- funding -----------------------------------------------------------------------------------------------------

    async def _follow_funding(self, market: Market) -> None:
        """Read what will be paid, and tell it when its time has passed."""
        known: SeenFunding | None = None
        failures = 0
        while True:
            try:
                seen = await in_time(self._feed.read_funding(market), self._options.read_ms)
            except FeedError:
                failures += 1
                pause_ms = int(1000 * pause_s(failures, self._jitter))
            else:
                failures, pause_ms = 0, self._options.funding_ms
                known = self._pay(market, known)
                if seen.due_ms > self._feed.now_ms() and seen.rate.is_finite() and abs(seen.rate) < _ONE:
                    known = seen
            await self._until_due(known, pause_ms)
            known = self._pay(market, known)

    async def _until_due(self, known: SeenFunding | None, pause_ms: int) -> None:
        """Wait until the next read; that is shortly before the payment, too, and not beyond it."""
        now_ms = self._feed.now_ms()
        ends = [now_ms + pause_ms]
        if known is not None:
            last_look_ms = known.due_ms - self._options.last_look_ms
            ends.append(last_look_ms if last_look_ms > now_ms else known.due_ms)
        await self._until(min(ends))

    def _pay(self, market: Market, known: SeenFunding | None) -> SeenFunding | None:
        """Tell a payment whose time has passed, once; return what is still to come."""
        if known is None or known.due_ms > self._feed.now_ms():
            return known
        if known.due_ms > self._memory.funding.get(market.instrument, 0):
            self._memory.funding[market.instrument] = known.due_ms
            rate = FundingRate(instrument=market.instrument, rate=Rate(known.rate))
            self._tell(funding=(rate,))
        return None

    # --- all ---------------------------------------------------------------------------------------------------------

    async def _until(self, venue_ms: int) -> None:
        while (left_ms := venue_ms - self._feed.now_ms()) > 0:  # noqa: ASYNC110 - time alone brings it
            await asyncio.sleep(min(left_ms / 1000, _LONGEST_SLEEP_S))

    def _tell(
        self,
        *,
        candles: tuple[Candle, ...] = (),
        funding: tuple[FundingRate, ...] = (),
        depths: tuple[Depth, ...] = (),
        tickers: tuple[Ticker, ...] = (),
    ) -> None:
        """Send a slice, stamped; no two slices have the same time."""
        at = self._memory.at = Nanoseconds(max(self._tasks.now_ns(), self._memory.at + 1))
        self._tell_on(MarketSlice(at=at, candles=candles, funding=funding, depths=depths, tickers=tickers))
