"""Where the reference prices come from when there is no recorded data: a seeded walk, or prices that stand still."""

import math
import random
import zlib
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

from messages.units import TradeType
from ops.testbed.exchange.depth import to_tick
from ops.testbed.exchange.values import Market

FIRST: Mapping[str, Decimal] = {"BTC": Decimal(60_000), "ETH": Decimal(2_500)}
"""Where a walk begins, in USDT."""
USUAL_RATE = Decimal("0.0001")
_STEP_MS = 1000
_STEP_MOVE = 0.00015
"""Standard deviation of a second: about 84 % a year."""
_NOISE = 0.00005
_MOST_STEPS = 120
"""A machine that slept is not walked after for longer than that."""

MarketKey = tuple[str, TradeType, str]


def key_of(market: Market) -> MarketKey:
    """Return what a market is known by over all venues."""
    return market.venue, market.product, market.symbol


class PriceSource(Protocol):
    """Reference prices and funding as the machine's clock goes on; times are in milliseconds of it."""

    @property
    def name(self) -> str:
        """Under which it is remembered how far it went."""

    @property
    def gone_ms(self) -> int:
        """How far it went, in its own time."""

    def first(self, market: Market) -> Decimal:
        """Return the price that a market starts with."""

    def path(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return the prices that a market went through since the last call, in their order."""

    def settled(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return the funding rates that fell due since the last call."""

    def rate(self, market: Market, now_ms: int) -> Decimal:
        """Return the funding rate that is paid next."""

    def next_ms(self, market: Market, now_ms: int) -> int:
        """Return when it is paid."""


class StillPrices:
    """Prices that stay where they are; no funding by itself."""

    name = "still"
    gone_ms = 0

    def __init__(self, prices: Mapping[str, Decimal] = FIRST) -> None:
        self._prices = prices

    def first(self, market: Market) -> Decimal:
        """Return the price of the market's base."""
        return self._prices[market.base]

    def path(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return nothing."""
        del market, now_ms
        return ()

    def settled(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return nothing."""
        del market, now_ms
        return ()

    def rate(self, market: Market, now_ms: int) -> Decimal:
        """Return the usual rate."""
        del market, now_ms
        return USUAL_RATE

    def next_ms(self, market: Market, now_ms: int) -> int:
        """Return the next whole interval."""
        return next_interval(market, now_ms)


class WalkingPrices:
    """A random walk for each asset, in steps of a second; each market stands a little beside it."""

    name = "walk"

    def __init__(self, seed: str, *, gone_ms: int = 0) -> None:
        self._seed = seed
        self._gone = gone_ms // _STEP_MS
        self._walks: dict[str, _Walk] = {}
        self._at: dict[MarketKey, int] = {}
        self._funded: dict[MarketKey, int] = {}
        self._started_ms: int | None = None

    def first(self, market: Market) -> Decimal:
        """Return the price that a market starts with."""
        return self._price(market, self._gone)

    @property
    def gone_ms(self) -> int:
        """How far the walk is."""
        return max(self._at.values(), default=self._gone) * _STEP_MS

    def path(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return a price for each second that went by."""
        if self._started_ms is None:
            self._started_ms = now_ms
        step = self._gone + (now_ms - self._started_ms) // _STEP_MS
        before = self._at.get(key_of(market), self._gone)
        if step <= before:
            return ()
        self._at[key_of(market)] = step
        return [self._price(market, each) for each in range(max(before, step - _MOST_STEPS) + 1, step + 1)]

    def _price(self, market: Market, step: int) -> Decimal:
        walk = self._walks.setdefault(market.base, _Walk(f"{self._seed}:{market.base}"))
        name = f"{self._seed}:{market.venue}:{market.product}:{market.symbol}"
        beside = (zlib.crc32(name.encode()) % 1001 - 500) / 500 * 3 * _NOISE
        noise = (zlib.crc32(f"{name}:{step}".encode()) % 1001 - 500) / 500 * _NOISE
        price = FIRST.get(market.base, Decimal(1)) * Decimal(repr(round(walk.at(step) * (1 + beside + noise), 9)))
        return to_tick(price, market, ROUND_HALF_EVEN)

    def settled(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return the rate of each interval that ended since the last call."""
        before = self._funded.setdefault(key_of(market), now_ms)
        self._funded[key_of(market)] = now_ms
        ends = range(next_interval(market, before), now_ms + 1, market.funding_interval_ms)
        return [self._rate(market, end) for end in ends]

    def rate(self, market: Market, now_ms: int) -> Decimal:
        """Return the rate of this interval."""
        return self._rate(market, next_interval(market, now_ms))

    def next_ms(self, market: Market, now_ms: int) -> int:
        """Return the end of this interval."""
        return next_interval(market, now_ms)

    def _rate(self, market: Market, end_ms: int) -> Decimal:
        chance = random.Random(f"{self._seed}:funding:{market.venue}:{market.symbol}:{end_ms}")  # noqa: S311 - prices
        return USUAL_RATE + Decimal(chance.randint(-200, 300)) / 1_000_000


class _Walk:
    """A walk that starts at 1, made as far as somebody looks."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - prices
        self._levels = {0: 0.0}
        self._last = 0

    def at(self, step: int) -> float:
        """Return how many times its start it is after so many steps; of steps long past what it is now."""
        while self._last < step:
            self._last += 1
            self._levels[self._last] = self._levels[self._last - 1] + self._chance.gauss(0, _STEP_MOVE)
            self._levels.pop(self._last - 2 * _MOST_STEPS, None)
        return math.exp(self._levels.get(step, self._levels[self._last]))


def next_interval(market: Market, now_ms: int) -> int:
    """Return when the funding interval that a time is in ends."""
    interval = market.funding_interval_ms
    return now_ms - now_ms % interval + interval
