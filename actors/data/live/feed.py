"""One venue's public feed through ccxt: its streams, and its public requests, within the venue's limits.

ccxt keeps the books; it keeps them in floats, which come out as the shortest decimals that read back as the same. Its
errors end here. No credentials are needed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from actors.data.live.ports import FeedError, SeenBar, SeenBook, SeenFunding, SeenTicker
from actors.exchange.live.attempts import Markets
from actors.exchange.live.client import VenueClient
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.wire.contract import Market, NotSupportedError, UnreadableAnswerError
from messages.units import SPOT, VenueName

R = TypeVar("R")

LENGTHS: Mapping[int, str] = MappingProxyType(
    {
        60_000: "1m",
        180_000: "3m",
        300_000: "5m",
        900_000: "15m",
        1_800_000: "30m",
        3_600_000: "1h",
        7_200_000: "2h",
        14_400_000: "4h",
        28_800_000: "8h",
        86_400_000: "1d",
    }
)
"""ccxt's names of candle lengths, by milliseconds."""
WITHOUT = frozenset({("bybit", "8h"), ("okx", "8h")})
"""Lengths that a venue has no candles of."""
UNSTREAMED = frozenset({("okx", "1d")})
"""Lengths whose streamed candles open at midnight in Hong Kong; those that are asked for open at midnight UTC."""

AT_ONCE = 4
"""Requests on the way at once."""
BARS = 50
"""Candles to ask for."""
CLOSE_S = 2.0
OPEN_S = 30.0
RESYNC_S = 300.0
"""Binance says changes only: what lay deep in a book and never changed is unknown when the price gets there, so the
whole book is loaded again now and then."""
_DEPTHS = (5, 10, 20, 50, 100)
"""All of these are taken by every venue. Binance's perps take no others."""
_BINANCE_WEIGHTS = MappingProxyType({"book": 5, "ticker": 2, "bars": 2, "funding": 1})
_HASHES = MappingProxyType({"binance": ("orderbook::",), "bybit": ("orderbook:",), "okx": ("books:", "books5:")})
"""What ccxt calls the future of a market's book, in front of the symbol."""


def lacking(venue: VenueName, length_ms: int) -> str | None:
    """Return why a venue's feed can't have candles of a length; None if it can. For checks before a start."""
    name = LENGTHS.get(length_ms)
    if name is None or (venue, name) in WITHOUT:
        return f"{venue} has no candles of {name or f'{length_ms} ms'}"
    return None


class VenueFeed:
    """One venue's public data (`actors.data.live.ports.PublicFeed`). Made and used on one loop.

    Args:
        client: Of the venue, not yet open; it is this feed's alone, and closed with it.
        length_ms: Of a candle.
        levels: Of a book.
        loaded: ccxt's markets from an earlier client; None: they are loaded.

    Raises:
        NotSupportedError: The venue has no candles of this length.
    """

    def __init__(self, client: VenueClient, *, length_ms: int, levels: int = 10, loaded: Markets | None = None) -> None:
        if problem := lacking(client.venue, length_ms):
            raise NotSupportedError(problem)
        self._client = client
        self._venue: VenueName = client.venue
        self._timeframe = LENGTHS[length_ms]
        self._levels = levels
        self._asked_levels = next((each for each in _DEPTHS if each >= levels), _DEPTHS[-1])
        self._loaded = loaded
        self._made = False
        self._synced: dict[str, float] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def now_ms(self) -> int:
        """See `PublicFeed`; so below."""
        return self._client.now_ms()

    async def open(self) -> None:
        """Make the client, load markets, measure the venue's clock."""
        try:
            if not self._made:
                self._made = True
                await self._client.open(self._loaded)
            await self._client.load_markets(deadline_s=OPEN_S)
            await self._client.measure_skew()
        except (RequestFailedError, UnreadableAnswerError) as error:
            raise FeedError(f"{self._venue}: {error}") from None
        exchange = self._client.exchange
        exchange.number = float  # its streams make floats in any case, and the two can't be compared
        exchange.options["OHLCVLimit"] = BARS
        exchange.listen(self)

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()

    # --- streams -----------------------------------------------------------------------------------------------------

    async def next_book(self, market: Market) -> SeenBook:
        """Wait for news of a book."""
        self._resync(market.unified)
        limit = self._streamed_levels()
        return self._book(await self._watch(lambda ccxt: ccxt.watch_order_book(market.unified, limit)))

    async def next_bars(self, market: Market) -> tuple[SeenBar, ...]:
        """Wait for news of candles."""
        if (self._venue, self._timeframe) in UNSTREAMED:
            await asyncio.get_running_loop().create_future()  # they are asked for
        rows = await self._watch(lambda ccxt: ccxt.watch_ohlcv(market.unified, self._timeframe))
        return self._bars(market, rows)

    async def next_ticker(self, market: Market) -> SeenTicker:
        """Wait for the next ticker."""
        return self._ticker(await self._watch(lambda ccxt: ccxt.watch_ticker(market.unified)), self.now_ms())

    async def drop(self, market: Market) -> None:
        """Close the connections that somebody waits at for this book."""
        hashes = {prefix + market.unified for prefix in _HASHES[self._venue]}
        clients = self._client.exchange.clients
        for url in [url for url, client in clients.items() if hashes & client.futures.keys()]:
            await self._give_up(url, "it says nothing of what changed")

    def on_frame(self, url: str, frame: Any) -> None:  # noqa: ANN401 - decoded JSON
        """There are no private frames here."""

    def on_confirmed(self, url: str) -> None:
        """A subscription was taken: what comes of it shows by itself."""

    def on_broken(self, url: str, error: Exception) -> None:
        """A message could not be dealt with: nothing that comes after it can be trusted."""
        asyncio.ensure_future(self._give_up(url, f"{type(error).__name__} in a message"))  # noqa: RUF006 - bounded

    async def _give_up(self, url: str, reason: str) -> None:
        client = self._client.exchange.clients.pop(url, None)
        if client is None:
            return
        client.reject(ConnectionError(reason))
        with contextlib.suppress(Exception):  # it is given up in any case
            async with asyncio.timeout(CLOSE_S):
                await client.close()

    def _streamed_levels(self) -> int | None:
        """Return ccxt's limit for a stream that has at least the levels that are wanted, as cheap as there is."""
        match self._venue:
            case "binance":
                return None
            case "bybit":
                return 1 if self._levels == 1 else 50
            case _:
                return 5 if self._levels <= 5 else None  # noqa: PLR2004 - the channel books5

    def _resync(self, symbol: str) -> None:
        """Have Binance's whole book loaded again when it is time."""
        if self._venue != "binance":
            return
        now = asyncio.get_running_loop().time()
        if now - self._synced.setdefault(symbol, now) < RESYNC_S:
            return
        self._synced[symbol] = now
        for client in self._client.exchange.clients.values():
            client.subscriptions.pop(f"orderbook::{symbol}", None)

    async def _watch(self, work: Callable[[Any], Awaitable[R]]) -> R:
        try:
            return await self._client.ask(work)
        except (RequestFailedError, UnreadableAnswerError) as error:
            reason = str(error) or type(error).__name__
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            reason = "the connection was closed"  # ccxt cancels whoever waits at it
        raise FeedError(f"{self._venue}: {reason}")

    # --- requests ----------------------------------------------------------------------------------------------------

    async def read_book(self, market: Market) -> SeenBook:
        """Ask for a book."""
        limit = self._asked_levels
        return self._book(await self._read(market, "book", lambda ccxt: ccxt.fetch_order_book(market.unified, limit)))

    async def read_ticker(self, market: Market) -> SeenTicker:
        """Ask for the ticker."""
        asked_ms = self.now_ms()
        found = await self._read(market, "ticker", lambda ccxt: ccxt.fetch_ticker(market.unified))
        return self._ticker(found, asked_ms)

    async def read_bars(self, market: Market, *, since_ms: int) -> tuple[SeenBar, ...]:
        """Ask for candles."""
        rows = await self._read(
            market, "bars", lambda ccxt: ccxt.fetch_ohlcv(market.unified, self._timeframe, since_ms, BARS)
        )
        return tuple(bar for bar in self._bars(market, rows) if bar.opened_ms >= since_ms)

    async def read_funding(self, market: Market) -> SeenFunding:
        """Ask for the next payment."""
        found = await self._read(market, "funding", lambda ccxt: ccxt.fetch_funding_rate(market.unified))
        return self._readable(
            lambda: SeenFunding(rate=_number(found["fundingRate"]), due_ms=int(found["fundingTimestamp"]))
        )

    async def _read(self, market: Market, what: str, work: Callable[[Any], Awaitable[R]]) -> R:
        group, weight = "market", 1
        if self._venue == "binance":
            group, weight = "spot" if market.trade_type is SPOT else "perp", _BINANCE_WEIGHTS[what]
        try:
            async with self._at_once:
                return await self._client.ask(work, group=group, weight=weight)
        except (RequestFailedError, UnreadableAnswerError) as error:
            raise FeedError(f"{self._venue}: {error}") from None

    # --- values ------------------------------------------------------------------------------------------------------

    def _book(self, book: Any) -> SeenBook:  # noqa: ANN401 - ccxt's; so below
        top = self._levels

        def side(name: str) -> tuple[tuple[Decimal, Decimal], ...]:
            return tuple((_number(level[0]), _number(level[1])) for level in book[name][:top])

        return self._readable(lambda: SeenBook(bids=side("bids"), asks=side("asks")))

    def _ticker(self, found: Any, at_ms: int) -> SeenTicker:  # noqa: ANN401
        """Read a ticker; what Bybit answers has no time of its own."""

        def maybe(name: str) -> Decimal | None:
            return None if found.get(name) is None else _number(found[name])

        return self._readable(
            lambda: SeenTicker(
                at_ms=int(found["timestamp"] or at_ms),
                last=_number(found["last"]),
                volume=maybe("baseVolume") or Decimal(0),
                mark=maybe("markPrice"),
                index=maybe("indexPrice"),
            )
        )

    def _bars(self, market: Market, rows: Any) -> tuple[SeenBar, ...]:  # noqa: ANN401
        # ccxt tells OKX's volume in base; candles have it as the venue counts, which is contracts on perps.
        size = market.contract_size

        def bar(row: Any) -> SeenBar:  # noqa: ANN401
            first, high, low, last, volume = map(_number, row[1:6])
            return SeenBar(int(row[0]), first, high, low, last, volume if size == 1 else volume / size)

        return self._readable(lambda: tuple(bar(row) for row in rows))

    def _readable(self, make: Callable[[], R]) -> R:
        try:
            return make()
        except (ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise FeedError(f"{self._venue}: an answer that can't be read: {type(error).__name__}") from None


def _number(value: Any) -> Decimal:  # noqa: ANN401 - as ccxt has it
    return Decimal(repr(value) if isinstance(value, float) else value)
