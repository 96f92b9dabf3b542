"""The order book of one market, kept: the stream while it speaks, questions while it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from actors.data.live.books import depth_of
from actors.data.live.ports import FeedError, Options, PublicFeed, SeenBook
from actors.exchange.live.retries import Jitter, pause_s
from actors.exchange.wire.contract import Market
from messages.market import Depth
from messages.units import Nanoseconds

T = TypeVar("T")

DEAF = 2
"""So many answers in a row that are news to a silent stream show that it is dead."""
ROUNDING_S = 1e-6

Said = Callable[[str], None]
"""Takes a line for the operator."""


async def in_time(answer: Awaitable[T], timeout_ms: int) -> T:
    """Return an answer; one that takes too long is a `FeedError`."""
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            return await answer
    except TimeoutError:
        raise FeedError(f"no answer in {timeout_ms} ms") from None


class BookLine:
    """One market's book.

    Args:
        market: Whose.
        feed: Of the venue.
        options: See there.
        jitter: Seeded randomness.
        now_ns: Our wall clock.
        said: Is told of each loss and each return.

    Attributes:
        latest: The last good book; its `at` is when it was last known to be so.
        changed: Set when there is one that is newer than what was taken.
    """

    def __init__(
        self,
        market: Market,
        feed: PublicFeed,
        options: Options,
        *,
        jitter: Jitter,
        now_ns: Callable[[], int],
        said: Said,
    ) -> None:
        self.market = market
        self.latest: Depth | None = None
        self.changed = asyncio.Event()
        self._feed = feed
        self._options = options
        self._jitter = jitter
        self._now_ns = now_ns
        self._said = said
        self._loop = asyncio.get_running_loop()
        self._heard_s = self._loop.time()
        self._frames = 0
        self._top: object = None
        self._lost = asyncio.Event()
        self._lost.set()
        self._told_lost = False

    async def follow(self) -> None:
        """Take what the stream says; come back later each time it is lost."""
        attempt = 0
        while True:
            try:
                book = await self._feed.next_book(self.market)
            except FeedError as error:
                attempt = attempt + 1 if self._lost.is_set() else 1
                self._lost.set()
                if not self._told_lost:
                    self._said(f"{self.market.instrument}: the stream of its book is lost, it is asked for: {error}")
                self._told_lost = True
                await asyncio.sleep(pause_s(attempt, self._jitter))
                continue
            self._lost.clear()
            if self._told_lost:
                self._said(f"{self.market.instrument}: the stream of its book is back")
            self._told_lost = False
            self._frames += 1
            self._take(book)

    async def ask(self) -> None:
        """Ask for the book whenever nothing was heard of it for too long; a stream that is deaf is given up."""
        failures = news = 0
        while True:
            frames = self._frames
            await self._silence()
            if self._frames != frames:
                news = 0
            frames = self._frames
            try:
                book = await in_time(self._feed.read_book(self.market), self._options.read_ms)
            except FeedError:
                failures += 1
                await asyncio.sleep(pause_s(failures, self._jitter))
                continue
            failures = 0
            if self._frames != frames:  # what the stream said meanwhile is newer
                continue
            news = news + 1 if _top(book) != self._top and not self._lost.is_set() else 0
            self._take(book)
            if news >= DEAF:
                news = 0
                await self._feed.drop(self.market)

    def _take(self, book: SeenBook) -> None:
        """Keep a book, if it is a price at all."""
        self._heard_s = self._loop.time()
        self._top = _top(book)
        at = Nanoseconds(self._now_ns())
        depth = depth_of(self.market, book, levels=self._options.levels, at=at)
        if depth is not None:
            self.latest = depth
            self.changed.set()

    async def _silence(self) -> None:
        """Return when nothing was heard for as long as it may take, with the stream or without it."""
        while True:
            is_lost = self._lost.is_set()
            may_take = self._options.poll_ms if is_lost else self._options.quiet_ms
            left = self._heard_s + may_take / 1000 - self._loop.time()
            if left <= ROUNDING_S:  # a timer of less would be due before the clock has moved
                return
            if is_lost:
                await asyncio.sleep(left)
                continue
            try:
                async with asyncio.timeout(left):
                    await self._lost.wait()
            except TimeoutError:
                continue


def _top(book: SeenBook) -> tuple[object, object]:
    return book.bids[:1], book.asks[:1]
