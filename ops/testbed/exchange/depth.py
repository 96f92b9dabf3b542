"""The made-up side of a book: levels around a reference price, the same for the same seed and price."""

import zlib
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from messages.units import Side
from ops.testbed.exchange.quotes import Level
from ops.testbed.exchange.values import ZERO, Market

LEVELS = 100
_STEP = Decimal("0.0001")
"""Distance of two levels, as a fraction of the price."""
_HALF_SPREAD = Decimal("0.00005")
_QUOTE = Decimal(60_000)
"""What stands at a level, in quote, give or take half of it."""
_DIGITS = 1000


def to_tick(price: Decimal, market: Market, rounding: str) -> Decimal:
    """Return a price on the market's grid."""
    return (price / market.tick).to_integral_value(rounding) * market.tick


def to_lot(amount: Decimal, market: Market) -> Decimal:
    """Return an amount in whole lots, rounded down."""
    return (amount / market.lot).to_integral_value(ROUND_FLOOR) * market.lot


class Depth:
    """One market's made-up liquidity. What is taken of it is back when the reference moves."""

    def __init__(self, market: Market, seed: str, reference: Decimal) -> None:
        self._market = market
        self._seed = f"{seed}:{market.venue}:{market.product}:{market.symbol}"
        self._levels: dict[Side, list[Level]] = {}
        self._taken: dict[tuple[Side, Decimal], Decimal] = {}
        self.reference = reference
        self.move(reference)

    def move(self, reference: Decimal) -> None:
        """Stand around another price, with all liquidity back."""
        self.reference = reference
        self._levels = {Side.BUY: [], Side.SELL: []}
        self._taken.clear()

    def best(self, side: Side) -> Level | None:
        """Return the best level of bids (BUY) or asks (SELL) at which something is left."""
        return next(self.levels(side), None)

    def levels(self, side: Side) -> Iterator[Level]:
        """Yield what is left, best price first."""
        for index in range(LEVELS):
            level = self._level(side, index)
            if level is None:
                return
            left = level.amount - self._taken.get((side, level.price), ZERO)
            if left > 0:
                yield Level(level.price, left)

    def take(self, side: Side, price: Decimal, amount: Decimal) -> None:
        """Take from a level."""
        self._taken[side, price] = self._taken.get((side, price), ZERO) + amount

    def _level(self, side: Side, index: int) -> Level | None:
        made = self._levels[side]
        while len(made) <= index:
            price = self._price(side, len(made), made[-1].price if made else None)
            if price <= 0:
                return None
            factor = Decimal(500 + zlib.crc32(f"{self._seed}:{price}:{len(made)}".encode()) % _DIGITS) / _DIGITS
            amount = max(to_lot(_QUOTE * factor / price, self._market), self._market.lot)
            made.append(Level(price, amount))
        return made[index]

    def _price(self, side: Side, index: int, before: Decimal | None) -> Decimal:
        tick = self._market.tick
        away = self.reference * (_HALF_SPREAD + _STEP * index)
        if side is Side.BUY:
            price = to_tick(self.reference - away, self._market, ROUND_FLOOR)
            return price if before is None else min(price, before - tick)
        price = to_tick(self.reference + away, self._market, ROUND_CEILING)
        best_bid = to_tick(self.reference - self.reference * _HALF_SPREAD, self._market, ROUND_FLOOR)
        return max(price, (best_bid if before is None else before) + tick)
