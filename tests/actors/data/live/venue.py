"""A venue's public feed in memory, for a virtual loop: what it says, whether its stream speaks, and what was asked."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from actors.data.live.ports import FeedError, SeenBar, SeenBook, SeenFunding, SeenTicker
from actors.exchange.wire.contract import Market
from actors.runtime.virtual_time import VirtualClock
from messages.units import PERP, SPOT, AccountName, Asset, BaseAmount, InstrumentId, Price, TradeType, VenueName

SPOT_ID = InstrumentId("okx:ETH/USDT")
PERP_ID = InstrumentId("okx:ETHUSDT-PERP")
MINUTE_MS = 60_000


def market(instrument: InstrumentId, trade_type: TradeType, contract_size: str = "1") -> Market:
    return Market(
        instrument=instrument,
        venue=VenueName("okx"),
        trade_type=trade_type,
        account=AccountName("okx"),
        symbol="ETH-USDT",
        unified="ETH/USDT" if trade_type is SPOT else "ETH/USDT:USDT",
        base=Asset("ETH"),
        quote=Asset("USDT"),
        tick=Price(Decimal("0.01")),
        lot=BaseAmount(Decimal("0.01")),
        contract_size=BaseAmount(Decimal(contract_size)),
    )


MARKETS: Mapping[InstrumentId, Market] = {
    SPOT_ID: market(SPOT_ID, SPOT),
    PERP_ID: market(PERP_ID, PERP, "0.1"),
}


def book(bid: str, ask: str | None = None, *, amount: str = "5", levels: int = 3) -> SeenBook:
    """Return a book whose levels are one apart."""
    best_bid = Decimal(bid)
    best_ask = best_bid + 1 if ask is None else Decimal(ask)
    return SeenBook(
        bids=tuple((best_bid - step, Decimal(amount)) for step in range(levels)),
        asks=tuple((best_ask + step, Decimal(amount)) for step in range(levels)),
    )


def bar(opened_ms: int, close: str = "2000", volume: str = "7") -> SeenBar:
    price = Decimal(close)
    return SeenBar(
        opened_ms, Decimal(2000), max(price, Decimal(2000)), min(price, Decimal(2000)), price, Decimal(volume)
    )


class Feed:
    """The feed (`PublicFeed`).

    Attributes:
        books: What answers say.
        bars, tickers, funding: As `books`.
        asked: Seconds of the loop and name of every question, connections to the stream and `drop` among them.
        is_cut: The streams are lost.
        is_deaf: The streams are silent, and don't say so.
        read_s: How long an answer takes.
        refuses: Names of what fails.
        refuses_bars: Markets whose candles can't be asked for.
        crashes: What is raised at the next wait for candles.
        skew_ms: The venue's clock less ours.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.books: dict[InstrumentId, SeenBook] = {key: book("2000") for key in MARKETS}
        self.bars: dict[InstrumentId, list[SeenBar]] = {key: [] for key in MARKETS}
        self.funding = SeenFunding(Decimal("0.0001"), clock.wall_ns() // 1_000_000 + 480 * MINUTE_MS)
        self.asked: list[tuple[float, str, InstrumentId | None]] = []
        self.is_cut = self.is_deaf = self.is_closed = False
        self.read_s = 0.0
        self.refuses: set[str] = set()
        self.refuses_bars: set[InstrumentId] = set()
        self.crashes: Exception | None = None
        self.skew_ms = 0
        self._clock = clock
        self.tickers: dict[InstrumentId, SeenTicker] = {}
        self._traded: dict[InstrumentId, SeenTicker | None] = dict.fromkeys(MARKETS)
        self._waiting: dict[tuple[str, InstrumentId], asyncio.Future[None]] = {}
        self._frames: dict[InstrumentId, SeenBook | None] = dict.fromkeys(MARKETS)
        self._said: dict[InstrumentId, list[SeenBar]] = {key: [] for key in MARKETS}

    # --- the test's --------------------------------------------------------------------------------------------------

    def say(self, instrument: InstrumentId, seen: SeenBook) -> None:
        """The book changes; a stream that is well says so."""
        self.books[instrument] = seen
        if not self.is_cut and not self.is_deaf:
            self._frames[instrument] = seen
            self._wake("book", instrument)

    def say_bar(self, instrument: InstrumentId, seen: SeenBar) -> None:
        """The candle changes."""
        self.bars[instrument] = [each for each in self.bars[instrument] if each.opened_ms != seen.opened_ms] + [seen]
        if not self.is_cut and not self.is_deaf:
            self._said[instrument].append(seen)
            self._wake("bars", instrument)

    def trade(self, instrument: InstrumentId, seen: SeenTicker) -> None:
        """The ticker changes."""
        self.tickers[instrument] = seen
        if not self.is_cut and not self.is_deaf:
            self._traded[instrument] = seen
            self._wake("ticker", instrument)

    def cut(self) -> None:
        """Lose the streams."""
        self.is_cut = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(FeedError("cut"))

    def times(self, what: str) -> list[float]:
        return [at for at, asked, _ in self.asked if asked == what]

    def _wake(self, what: str, instrument: InstrumentId) -> None:
        waiting = self._waiting.get((what, instrument))
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    # --- the feed's --------------------------------------------------------------------------------------------------

    def now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000 + self.skew_ms

    async def open(self) -> None:
        self._ask("open", None)

    async def close(self) -> None:
        self.is_closed = True

    async def next_book(self, market: Market) -> SeenBook:
        instrument = market.instrument
        while self._frames[instrument] is None:
            await self._wait("book", instrument)
        frame, self._frames[instrument] = self._frames[instrument], None
        assert frame is not None
        return frame

    async def next_ticker(self, market: Market) -> SeenTicker:
        instrument = market.instrument
        while self._traded[instrument] is None:
            await self._wait("ticker", instrument)
        seen, self._traded[instrument] = self._traded[instrument], None
        assert seen is not None
        return seen

    async def read_ticker(self, market: Market) -> SeenTicker:
        self._ask("ticker", market.instrument)
        if market.instrument not in self.tickers:
            raise FeedError("no ticker")
        await asyncio.sleep(self.read_s)
        return self.tickers[market.instrument]

    async def next_bars(self, market: Market) -> tuple[SeenBar, ...]:
        if self.crashes is not None:
            error, self.crashes = self.crashes, None
            raise error
        instrument = market.instrument
        while not self._said[instrument]:
            await self._wait("bars", instrument)
        said, self._said[instrument] = self._said[instrument], []
        return tuple(said)

    async def _wait(self, what: str, instrument: InstrumentId) -> None:
        if self.is_cut:
            self._ask(f"connect {what}", instrument)
            raise FeedError("no connection")
        waiting = self._waiting[what, instrument] = asyncio.get_running_loop().create_future()
        await waiting

    async def read_book(self, market: Market) -> SeenBook:
        self._ask("book", market.instrument)
        seen = self.books[market.instrument]
        await asyncio.sleep(self.read_s)
        return seen

    async def read_bars(self, market: Market, *, since_ms: int) -> tuple[SeenBar, ...]:
        self._ask("bars", market.instrument)
        if market.instrument in self.refuses_bars:
            raise FeedError("refused")
        await asyncio.sleep(self.read_s)
        return tuple(sorted((each for each in self.bars[market.instrument] if each.opened_ms >= since_ms), key=_opened))

    async def read_funding(self, market: Market) -> SeenFunding:
        self._ask("funding", market.instrument)
        return self.funding

    async def drop(self, market: Market) -> None:
        self.asked.append((asyncio.get_running_loop().time(), "drop", market.instrument))
        waiting = self._waiting.get(("book", market.instrument))
        if waiting is not None and not waiting.done():
            waiting.set_exception(FeedError("dropped"))

    def _ask(self, what: str, instrument: InstrumentId | None) -> None:
        self.asked.append((asyncio.get_running_loop().time(), what, instrument))
        if what in self.refuses:
            raise FeedError("refused")


def _opened(seen: SeenBar) -> int:
    return seen.opened_ms
