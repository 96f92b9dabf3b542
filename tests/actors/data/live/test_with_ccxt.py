"""The real ccxt against the local exchange, without any credentials: what each venue says is told, in both products."""

import asyncio
import contextlib
import decimal
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from actors.contract import Tasks
from actors.data.live.feed import VenueFeed, lacking
from actors.data.live.market import LiveMarket
from actors.data.live.ports import FeedError, Memory, Options
from actors.exchange.live.client import VenueClient
from actors.exchange.live.markets import listed
from actors.exchange.live.transport import AiohttpTransport, Endpoint
from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Dialect, Market, NotSupportedError
from actors.exchange.wire.okx import OKX
from actors.runtime.clock import SystemClock
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.hosted import host_looped
from messages.market import MarketSlice
from messages.units import CONTEXT, PERP, SPOT, InstrumentId, TradeType, VenueName
from tests.actors.data.live.stage import Again
from tests.ops.testbed.exchange.started import Running, exchange

DIALECTS: Mapping[str, Dialect] = {"binance": BINANCE, "bybit": BYBIT, "okx": OKX}
VENUES = tuple(DIALECTS)
PATIENCE_S = 30.0
"""No test waits so long unless it fails."""
MINUTE_MS = 60_000


class AheadClock(SystemClock):
    """The machine's clock, set ahead."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def wall_ns(self) -> int:
        return super().wall_ns() + self.ahead_ms * 1_000_000


class Played:
    """The exchange, one venue's market data, and what was told and said."""

    def __init__(self, running: Running, venue: str) -> None:
        self.running = running
        self.venue = venue
        self.clock = AheadClock()
        self.told: list[MarketSlice] = []
        self.lines: list[str] = []
        self.supervisor = Again()
        self.markets: Mapping[InstrumentId, Market] = {}
        self._news = asyncio.Event()

    def tell(self, market: MarketSlice) -> None:
        self.told.append(market)
        self._news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something that was told makes it so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    def id(self, product: TradeType) -> InstrumentId:
        return InstrumentId(f"{self.venue}:{'ETH/USDT' if product is SPOT else 'ETHUSDT-PERP'}")

    def best_bid(self, product: TradeType) -> Decimal | None:
        """Return the best bid that was told last."""
        found = [each for market in self.told for each in market.depths if each.instrument == self.id(product)]
        return found[-1].bids[0][0] if found else None

    def real_bid(self, product: TradeType) -> Decimal:
        return self.running.engines[self.venue].book(self.running.market(self.venue, product)).bids[0].price

    def is_told(self, product: TradeType) -> bool:
        return self.best_bid(product) == self.real_bid(product)


def client_of(running: Running, venue: str, clock: SystemClock) -> VenueClient:
    endpoint = Endpoint(host="127.0.0.1", port=running.port, ca_file=running.ca_file)
    return VenueClient(
        DIALECTS[venue],
        frozenset({SPOT, PERP}),
        credentials=None,
        transport=AiohttpTransport(endpoint),
        clock=clock,
        jitter=lambda: 0.0,
    )


async def markets_of(running: Running, venue: str) -> tuple[Mapping[str, object], Mapping[InstrumentId, Market]]:
    """Return ccxt's markets, and those that are followed."""
    client = client_of(running, venue, SystemClock())
    await client.open()
    try:
        loaded = await client.load_markets()
    finally:
        await client.close()
    found = listed(VenueName(venue), ["ETH/USDT", "ETHUSDT-PERP"], loaded)
    return loaded, {each.market.instrument: each.market for each in found.values()}


@contextlib.asynccontextmanager
async def feed_of(venue: str, folder: Path) -> AsyncIterator[tuple[Running, VenueFeed, Mapping[InstrumentId, Market]]]:
    async with exchange(folder, venues=(venue,)) as running:
        loaded, markets = await markets_of(running, venue)
        feed = VenueFeed(client_of(running, venue, SystemClock()), length_ms=MINUTE_MS, loaded=loaded)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await feed.open()
                yield running, feed, markets
        finally:
            await feed.close()


@contextlib.asynccontextmanager
async def market_data(
    venue: str, folder: Path, *, quiet_ms: int = 600_000, before: Callable[[Played], None] = lambda _: None
) -> AsyncIterator[Played]:
    """Follow a venue's two markets; what the stream does not tell is not asked for, unless told otherwise."""
    async with exchange(folder, venues=(venue,)) as running:
        played = Played(running, venue)
        loaded, played.markets = await markets_of(running, venue)
        before(played)
        memory = Memory()

        def factory(tasks: Tasks) -> LiveMarket:
            client = client_of(running, venue, played.clock)
            return LiveMarket(
                tasks,
                feed=VenueFeed(client, length_ms=MINUTE_MS, loaded=loaded),
                markets=played.markets,
                tell=played.tell,
                jitter=lambda: 0.0,
                options=Options(length_ms=MINUTE_MS, quiet_ms=quiet_ms, poll_ms=quiet_ms, grace_ms=600_000),
                memory=memory,
                said=played.lines.append,
            )

        cell = host_looped(
            "prices", factory, supervisor=played.supervisor, dead_letters=DeadLetters(), clock=played.clock
        )
        try:
            yield played
        finally:
            await cell.stop()
        assert not played.supervisor.failures


@pytest.mark.parametrize("venue", VENUES)
def test_the_stream_tells_books_and_what_changes_in_them(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with market_data(venue, tmp_path) as played:
            for price in ("2500", "2600", "2550"):
                for product in (SPOT, PERP):
                    played.running.move(venue, product, price)
                await played.until(lambda: played.is_told(SPOT) and played.is_told(PERP))

            for product in (SPOT, PERP):
                book = played.running.engines[venue].book(played.running.market(venue, product))
                depths = [each for market in played.told for each in market.depths]
                depth = [each for each in depths if each.instrument == played.id(product)][-1]
                assert [price for price, _ in depth.bids] == [level.price for level in book.bids[:10]]
                assert [amount for _, amount in depth.asks] == [level.amount for level in book.asks[:10]]
            assert not played.lines

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_the_stream_tells_tickers_and_what_is_traded_then(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with market_data(venue, tmp_path) as played:

            def last(product: TradeType) -> Decimal | None:
                found = [each for told in played.told for each in told.tickers if each.instrument == played.id(product)]
                return found[-1].last if found else None

            for price in ("2500", "2600"):
                for product in (SPOT, PERP):
                    played.running.move(venue, product, price)
                real = {
                    product: played.running.engines[venue].ticker(played.running.market(venue, product)).last
                    for product in (SPOT, PERP)
                }
                await played.until(lambda real=real: {product: last(product) for product in real} == real)  # type: ignore[misc]

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_a_minute_that_ends_is_told_as_one_slice_of_both_candles(venue: str, tmp_path: Path) -> None:
    def before(played: Played) -> None:
        """Let a minute end in three seconds."""
        now_ms = SystemClock().wall_ns() // 1_000_000
        played.clock.ahead_ms = -(now_ms + 3_000) % MINUTE_MS
        played.running.exchange.venue(venue).clock.skew_ms = played.clock.ahead_ms

    async def play() -> None:
        async with market_data(venue, tmp_path, before=before) as played:
            end_ms = (played.clock.wall_ns() // 1_000_000 // MINUTE_MS + 1) * MINUTE_MS
            for product, price in ((SPOT, "2600"), (PERP, "2700")):
                played.running.move(venue, product, price)

            async with asyncio.timeout(PATIENCE_S):
                while played.clock.wall_ns() < (end_ms + 50) * 1_000_000:  # noqa: ASYNC110 - the clock alone brings it
                    await asyncio.sleep(0.05)
            for product in (SPOT, PERP):
                played.running.move(venue, product, "2650")  # the next candle begins

            def candles() -> list[MarketSlice]:
                return [market for market in played.told if any(not each.is_quote for each in market.candles)]

            await played.until(lambda: bool(candles()))

            found = {each.instrument: each for each in candles()[0].candles if not each.is_quote}
            assert {key: each.close for key, each in found.items()} == {
                played.id(SPOT): Decimal(2600),
                played.id(PERP): Decimal(2700),
            }
            assert {each.closed_at for each in found.values()} == {end_ms * 1_000_000}

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_a_stream_that_is_cut_comes_back_by_itself(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with market_data(venue, tmp_path) as played:
            await played.until(lambda: played.is_told(SPOT) and played.is_told(PERP))

            for connection in tuple(played.running.exchange.venue(venue).connections):
                connection.cut()
            for product in (SPOT, PERP):
                played.running.move(venue, product, "2600")

            await played.until(lambda: played.is_told(SPOT) and played.is_told(PERP))
            lost = [line for line in played.lines if "is lost" in line]
            assert len(lost) == 2

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_quiet_books_are_confirmed(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with market_data(venue, tmp_path, quiet_ms=200) as played:

            def confirmed(product: TradeType) -> bool:
                return (
                    sum(played.id(product) == each.instrument for market in played.told for each in market.depths) > 3
                )

            await played.until(lambda: confirmed(SPOT) and confirmed(PERP))
            assert played.is_told(SPOT)
            assert played.is_told(PERP)

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_questions_are_answered_as_the_venue_counts(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with feed_of(venue, tmp_path) as (running, feed, markets):
            for market in markets.values():
                own = running.market(venue, market.trade_type)
                engine = running.engines[venue]
                since_ms = feed.now_ms() // MINUTE_MS * MINUTE_MS - 5 * MINUTE_MS

                book, bars = await feed.read_book(market), await feed.read_bars(market, since_ms=since_ms)

                real = engine.bars(own, MINUTE_MS, since_ms=since_ms, limit=5)
                assert book.bids[0][0] == engine.book(own).bids[0].price
                assert book.bids[0][1] * market.contract_size == engine.book(own).bids[0].amount
                shown = [(each.opened_ms, each.high, each.volume * market.contract_size) for each in bars[:5]]
                assert shown == [(each.open_ms, each.high, each.volume) for each in real]
                asked_ms, last = feed.now_ms(), await feed.read_ticker(market)
                assert last.last == engine.ticker(own).last
                assert asked_ms - 1_000 <= last.at_ms <= feed.now_ms() + 1_000
                assert (last.mark is None) is (venue != "bybit" or market.trade_type is SPOT)
                if market.trade_type is PERP:
                    seen, ticker = await feed.read_funding(market), engine.ticker(own)
                    assert (seen.rate, seen.due_ms) == (ticker.funding_rate, ticker.next_funding_ms)

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_whoever_waits_at_a_dropped_connection_hears_of_it_and_gets_the_book_anew(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with feed_of(venue, tmp_path) as (running, feed, markets):
            market = next(iter(markets.values()))
            book = await feed.next_book(market)
            waiting = asyncio.ensure_future(feed.next_book(market))
            await asyncio.sleep(0)

            await feed.drop(market)

            with pytest.raises(FeedError):
                await waiting
            assert (await feed.next_book(market)).bids[0] == book.bids[0]
            assert (
                book.bids[0][0] == running.engines[venue].book(running.market(venue, market.trade_type)).bids[0].price
            )

    asyncio.run(play())


@pytest.mark.parametrize("venue", VENUES)
def test_a_venue_that_is_gone_is_an_error_of_the_feed_and_of_nothing_else(venue: str, tmp_path: Path) -> None:
    async def play() -> None:
        async with feed_of(venue, tmp_path) as (running, feed, markets):
            market = markets[InstrumentId(f"{venue}:ETHUSDT-PERP")]
            await feed.next_book(market)
            await running.exchange.stop()

            for question in (
                feed.read_book,
                feed.read_ticker,
                feed.read_funding,
                feed.next_book,
                feed.next_bars,
                feed.next_ticker,
            ):
                with pytest.raises(FeedError, match=venue):
                    await question(market)

    asyncio.run(play())


def test_numbers_of_a_book_are_the_venues_own_under_the_context_in_which_floats_are_refused(tmp_path: Path) -> None:
    async def play() -> None:
        decimal.setcontext(CONTEXT.copy())
        async with feed_of("binance", tmp_path) as (running, feed, markets):
            market = markets[InstrumentId("binance:ETH/USDT")]
            await feed.next_book(market)
            running.move("binance", SPOT, "2500.37")
            moved = await feed.next_book(market)
            real = running.engines["binance"].book(running.market("binance", SPOT))
            assert moved.asks[:5] == tuple((level.price, level.amount) for level in real.asks[:5])

    asyncio.run(play())


def test_a_length_that_a_venue_has_no_candles_of_is_refused_before_anything_is_sent() -> None:
    eight_hours = 8 * 60 * MINUTE_MS
    client = VenueClient(
        BYBIT,
        frozenset({SPOT}),
        credentials=None,
        transport=AiohttpTransport(),
        clock=SystemClock(),
        jitter=lambda: 0.0,
    )

    with pytest.raises(NotSupportedError, match="bybit has no candles of 8h"):
        VenueFeed(client, length_ms=eight_hours)

    assert lacking(VenueName("binance"), eight_hours) is None
    assert lacking(VenueName("okx"), 1_000) == "okx has no candles of 1000 ms"
