"""What live market data needs of the world around it: one venue's public feed, and how patient to be.

Amounts are as the venue counts them (contracts on OKX's perps), times are milliseconds of the venue's clock.
"""

from decimal import Decimal
from typing import Protocol

import msgspec

from actors.exchange.wire.contract import Market
from messages.units import InstrumentId, Nanoseconds


class FeedError(Exception):
    """The venue did not say what was asked, or stopped saying it. Its text may be shown."""


class SeenBook(msgspec.Struct, frozen=True, gc=False):
    """The top of an order book: (price, amount), best first. Not checked: it may be empty, crossed or nonsense."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]


class SeenTicker(msgspec.Struct, frozen=True, gc=False):
    """What was traded last. Not checked.

    Attributes:
        at_ms: When the venue made it.
        volume: Of the last 24 hours, in whatever the venue counts; 0 where it is not said.
        mark, index: None where it is not said.
    """

    at_ms: int
    last: Decimal
    volume: Decimal
    mark: Decimal | None = None
    index: Decimal | None = None


class SeenBar(msgspec.Struct, frozen=True, gc=False):
    """A candle as it stands, completed or not. Not checked."""

    opened_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class SeenFunding(msgspec.Struct, frozen=True, gc=False):
    """What will be paid, and when."""

    rate: Decimal
    due_ms: int


class PublicFeed(Protocol):
    """One venue's public data. Every method that waits raises `FeedError`, and nothing else."""

    def now_ms(self) -> int:
        """Return the time by the venue's clock."""

    async def open(self) -> None:
        """Connect. Again after a failure."""

    async def next_book(self, market: Market) -> SeenBook:
        """Wait for the next change in the stream. What changed meanwhile is in it: the latest counts."""

    async def read_book(self, market: Market) -> SeenBook:
        """Ask for the book as it is now."""

    async def next_ticker(self, market: Market) -> SeenTicker:
        """Wait for the next ticker in the stream: the latest counts."""

    async def read_ticker(self, market: Market) -> SeenTicker:
        """Ask for the ticker as it is now."""

    async def next_bars(self, market: Market) -> tuple[SeenBar, ...]:
        """Wait for the next change in the stream of candles; all that changed since the last call, in their order.

        The last state of a candle is told before the first of the next one.
        """

    async def read_bars(self, market: Market, *, since_ms: int) -> tuple[SeenBar, ...]:
        """Ask for the candles that opened then or later, oldest first; at most some dozens."""

    async def read_funding(self, market: Market) -> SeenFunding:
        """Ask for the next payment of a perp."""

    async def drop(self, market: Market) -> None:
        """Give up the connection of a market's book: whoever waits for it gets `FeedError`; it is subscribed anew."""

    async def close(self) -> None:
        """Close everything. Again, and before `open`, is no error."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently, in milliseconds.

    Attributes:
        length_ms: Of a candle.
        levels: Of an order book, each side.
        every_ms: At most one slice of an instrument's book in so long.
        ticker_ms: The same of its ticker.
        quiet_ms: A book that said nothing for so long is asked for: half the age at which a price is no longer used.
        poll_ms: Between reads of a book or a ticker whose stream is lost.
        grace_ms: A candle that the stream has not told so long after its close is asked for.
        funding_ms: Between reads of the funding rate.
        last_look_ms: So long before the payment the rate is read once more.
        read_ms: How long an answer is waited for.
    """

    length_ms: int
    levels: int = 10
    every_ms: int = 100
    ticker_ms: int = 1_000
    quiet_ms: int = 2_500
    poll_ms: int = 1_000
    grace_ms: int = 3_000
    funding_ms: int = 60_000
    last_look_ms: int = 5_000
    read_ms: int = 5_000


class Memory:
    """What was told already. The wiring keeps it, so that a restart inside tells no candle twice and loses none.

    Attributes:
        at: Of the last slice; slices have rising times.
        bars: When the last candle that was told opened, by instrument (ms).
        funding: The last payment that was told, by instrument (ms).
    """

    def __init__(self) -> None:
        self.at = Nanoseconds(0)
        self.bars: dict[InstrumentId, int] = {}
        self.funding: dict[InstrumentId, int] = {}
