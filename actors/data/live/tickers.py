"""The ticker of one market: what was traded last, by the stream while it speaks, by questions while it is lost.

A ticker says what the last trade was at, not when that was: the same price again may be hours old. So it is news of the
price only where it shows that somebody traded just now: its price is not what it was before, or more was traded in its
last 24 hours (less is no trade: an old one left them), and nothing was missed in between. And it stands in for the book
only while that is silent: the middle of a book is where one can trade, a last trade where somebody could.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from actors.data.live.lines import in_time
from actors.data.live.ports import FeedError, Options, PublicFeed, SeenTicker
from actors.exchange.live.retries import Jitter, pause_s
from actors.exchange.wire.contract import Market
from messages.market import Ticker
from messages.units import Nanoseconds, Price


class TickerLine:
    """One market's ticker.

    Args:
        market: Whose.
        feed: Of the venue.
        options: See there.
        jitter: Seeded randomness.
        now_ns: Our wall clock.

    Attributes:
        latest: The last good ticker; its `at` is when it came.
        traded: Since `latest` was taken last, somebody traded.
        changed: Set when there is a ticker that was not taken.
    """

    def __init__(
        self, market: Market, feed: PublicFeed, options: Options, *, jitter: Jitter, now_ns: Callable[[], int]
    ) -> None:
        self.market = market
        self.latest: Ticker | None = None
        self.traded = False
        self.changed = asyncio.Event()
        self._feed = feed
        self._options = options
        self._jitter = jitter
        self._now_ns = now_ns
        self._seen: SeenTicker | None = None
        self._lost = asyncio.Event()
        self._lost.set()
        self._frames = 0
        self._missed = False  # the stream was lost since `_seen`

    async def follow(self) -> None:
        """Take what the stream says; come back later each time it is lost."""
        attempt = 0
        while True:
            try:
                seen = await self._feed.next_ticker(self.market)
            except FeedError:  # that a venue is silent is said of its books
                attempt = attempt + 1 if self._lost.is_set() else 1
                self._lost.set()
                self._missed = True
                await asyncio.sleep(pause_s(attempt, self._jitter))
                continue
            self._lost.clear()
            self._frames += 1
            self._saw(seen)

    async def ask(self) -> None:
        """Ask for the ticker while its stream is lost. A stream that is up and silent has nothing to say."""
        failures = 0
        while True:
            await asyncio.sleep(self._options.poll_ms / 1000)
            await self._lost.wait()
            frames = self._frames
            try:
                seen = await in_time(self._feed.read_ticker(self.market), self._options.read_ms)
            except FeedError:
                failures += 1
                await asyncio.sleep(pause_s(failures, self._jitter))
                continue
            failures = 0
            if self._frames == frames:  # else what the stream said meanwhile is newer
                self._saw(seen)

    def take(self) -> tuple[Ticker, bool] | None:
        """Return the latest ticker, and whether somebody traded since it was taken last; None if there is none."""
        self.changed.clear()
        traded, self.traded = self.traded, False
        return None if self.latest is None else (self.latest, traded)

    def _saw(self, seen: SeenTicker) -> None:
        """Keep a ticker, if it is a price at all and not from before the one that is known."""
        before = self._seen
        if not _is_price(seen.last) or (before is not None and seen.at_ms < before.at_ms):
            return
        if before is not None and (seen.last != before.last or seen.volume > before.volume):
            self.traded |= not self._missed or seen.at_ms - before.at_ms <= self._options.quiet_ms
        self._seen, self._missed = seen, False
        self.latest = Ticker(
            instrument=self.market.instrument,
            at=Nanoseconds(self._now_ns()),
            last=Price(seen.last),
            mark_price=_price(seen.mark),
            index_price=_price(seen.index),
        )
        self.changed.set()


def _is_price(number: Decimal) -> bool:
    return number.is_finite() and number > 0


def _price(number: Decimal | None) -> Price | None:
    return Price(number) if number is not None and _is_price(number) else None
