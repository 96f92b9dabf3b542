"""Slippage protection: at which price a market order may trade at the worst. Pure; every rule of it is in this file.

In a venue with protection a market order goes out as LIMIT and IOC at its worst acceptable price: it takes what the
book has up to there, and the rest is cancelled by the venue.

    reference   of a buy the best ask, of a sale the best bid, if the top of the book is known and fresh; else the quote
    moved by    `max_slippage_bps` + VOLATILITY * s, at most `max_slippage_cap_bps` (never less than the former)
    s           standard deviation, in basis points, of the moves between the last MOVES + 1 different quotes; 0 with
                fewer than LEAST_MOVES of them
    rounded     to the tick, less aggressive, so that no order trades beyond what was allowed; but never below the
                reference itself (above, for a sale), rounded more aggressive: where a tick is coarser than the
                allowance an order could never trade else

Where the book is known and fresh there must be something to trade with: its best price on the other side may not be
beyond the quote moved by the same basis points (or a tick, where that is more), else `LIMIT_SLIPPAGE`. So an order is
not sent into a book that has run away from the last price, however small the allowance from there would be. How much
lies there is not looked at: the rest of an IOC order is cancelled.
"""

import itertools
from collections import deque
from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.rounding import ceil_to, floor_to
from messages.market import Depth
from messages.units import BPS, BUY, Price, Side

VOLATILITY = Decimal(3)
"""How many standard deviations of a move the allowance is widened by."""
MOVES = 32
LEAST_MOVES = 4

_ZERO = Decimal(0)
_ONE = Decimal(1)


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's market orders may cost against the price at which they were decided, in basis points."""

    max_slippage_bps: Decimal
    max_slippage_cap_bps: Decimal


class Worst(NamedTuple):
    """The worst acceptable price of an order, on the tick, and the price that it is measured against."""

    price: Price
    reference: Price


class RecentPrices:
    """The last quotes of one instrument: as many as are needed for `MOVES` moves."""

    __slots__ = ("_prices",)

    def __init__(self) -> None:
        self._prices: deque[Decimal] = deque(maxlen=MOVES + 1)

    def saw(self, price: Decimal) -> None:
        """Take in a quote; the same again is no move."""
        if not self._prices or self._prices[-1] != price:
            self._prices.append(price)

    def deviation_bps(self) -> Decimal:
        """Return the standard deviation of the moves, in basis points."""
        prices = list(self._prices)
        moves = [(after / before - _ONE) * BPS for before, after in itertools.pairwise(prices)]
        if len(moves) < LEAST_MOVES:
            return _ZERO
        mean = sum(moves, _ZERO) / len(moves)
        return (sum(((each - mean) ** 2 for each in moves), _ZERO) / len(moves)).sqrt()


def allowance_bps(protection: Protection, recent: RecentPrices) -> Decimal:
    """Return how far from its reference an order may trade, in basis points."""
    widened = protection.max_slippage_bps + VOLATILITY * recent.deviation_bps()
    return max(min(widened, protection.max_slippage_cap_bps), protection.max_slippage_bps)


def worst_price(side: Side, *, quote: Price, depth: Depth | None, allowed_bps: Decimal, tick: Price) -> Worst | None:
    """Return the worst price of a market order; None if the book has nothing within it.

    Args:
        side: Of the order.
        quote: The last price.
        depth: The top of the book, if it is fresh.
        allowed_bps: From `allowance_bps`.
        tick: Smallest step of a price.
    """
    part = allowed_bps / BPS
    factor = _ONE + part if side is BUY else _ONE - part
    reference = quote
    if depth is not None:
        levels = depth.asks if side is BUY else depth.bids
        if not levels:
            return None
        reference = levels[0][0]
        most = max(abs(quote * factor - quote), tick)
        if (reference - quote if side is BUY else quote - reference) > most:
            return None
    worst = reference * factor
    if side is BUY:
        return Worst(Price(max(floor_to(worst, tick), ceil_to(reference, tick))), reference)
    return Worst(Price(min(ceil_to(worst, tick), floor_to(reference, tick))), reference)


class Guard:
    """Protects the market orders of one instrument.

    Attributes:
        depth: The top of its book, as last seen.
    """

    def __init__(self, protection: Protection, tick: Price) -> None:
        self._protection = protection
        self._tick = tick
        self._recent = RecentPrices()
        self.depth: Depth | None = None

    def saw(self, price: Price) -> None:
        """Take in a quote."""
        self._recent.saw(price)

    def worst(self, side: Side, quote: Price, *, not_before: int) -> Worst | None:
        """Return the worst price of an order; None if the book has nothing within it.

        Args:
            side: Of the order.
            quote: The last price.
            not_before: The book counts if it was seen later than this (ns).
        """
        depth = self.depth
        return worst_price(
            side,
            quote=quote,
            depth=depth if depth is not None and depth.at > not_before else None,
            allowed_bps=allowance_bps(self._protection, self._recent),
            tick=self._tick,
        )
