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

Where the book is known and fresh there must be something to trade with, else `LIMIT_SLIPPAGE`:

    near        its best price on the other side may not be beyond the quote moved by the same basis points (or a tick,
                where that is more). So an order is not sent into a book that has run away from the last price, however
                small the allowance from there would be
    enough      of the order at least `min_book_share` must lie within its worst price. What a venue says of its book
                ends after some levels: where the last of them is still within the worst price nobody knows what comes
                behind it, and the order is sent. So is one that reduces: to get out of a part is better than of nothing

What of an order finds nothing all the same is cancelled by the venue.
"""

import itertools
from collections import deque
from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.rounding import ceil_to, floor_to
from messages.market import Depth
from messages.units import BPS, BUY, BaseAmount, Price, Side, plain

VOLATILITY = Decimal(3)
"""How many standard deviations of a move the allowance is widened by."""
MOVES = 32
LEAST_MOVES = 4

Levels = tuple[tuple[Price, BaseAmount], ...]
"""Price and base amount of each level of one side, best first."""

_ZERO = Decimal(0)
_ONE = Decimal(1)


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's market orders may cost against the price at which they were decided, in basis points.

    Attributes:
        min_book_share: What part of an order must lie in the book within its worst price, as far as the book is known.
    """

    max_slippage_bps: Decimal
    max_slippage_cap_bps: Decimal
    min_book_share: Decimal = Decimal(1)


class Worst(NamedTuple):
    """The worst acceptable price of an order, on the tick, the price that it is measured against, and what lies there.

    Attributes:
        in_book: How much the book has within `price`, in base; None if that is not known.
    """

    price: Price
    reference: Price
    in_book: Decimal | None


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
    """Return the worst price of a market order; None if the book has nothing near the quote.

    Args:
        side: Of the order.
        quote: The last price.
        depth: The top of the book, if it is fresh.
        allowed_bps: From `allowance_bps`.
        tick: Smallest step of a price.
    """
    part = allowed_bps / BPS
    factor = _ONE + part if side is BUY else _ONE - part
    reference, levels = quote, None
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
        price = max(floor_to(worst, tick), ceil_to(reference, tick))
    else:
        price = min(ceil_to(worst, tick), floor_to(reference, tick))
    return Worst(Price(price), reference, None if levels is None else _within(side, levels, price))


def _within(side: Side, levels: Levels, worst: Decimal) -> Decimal | None:
    """Return how much lies within a price; None where the levels end before it."""
    found = _ZERO
    for price, amount in levels:
        if price > worst if side is BUY else price < worst:
            return found
        found += amount
    return None


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

    def worst(
        self, side: Side, quote: Price, amount: Decimal, *, not_before: int, reduce_only: bool = False
    ) -> Worst | str:
        """Return the worst price of an order, or why the book is no place for it.

        Args:
            side: Of the order.
            quote: The last price.
            amount: Of the order, in base.
            not_before: The book counts if it was seen later than this (ns).
            reduce_only: It is sent however little the book has.
        """
        depth = self.depth
        worst = worst_price(
            side,
            quote=quote,
            depth=depth if depth is not None and depth.at > not_before else None,
            allowed_bps=allowance_bps(self._protection, self._recent),
            tick=self._tick,
        )
        if worst is None:
            return "the book has nothing within the worst acceptable price"
        share = self._protection.min_book_share
        if reduce_only or worst.in_book is None or worst.in_book >= amount * share:
            return worst
        return (
            f"the book has {plain(worst.in_book)} within the worst acceptable price {plain(worst.price)}, "
            f"{plain(amount * share)} needed (min_book_share {plain(share)} of {plain(amount)})"
        )
