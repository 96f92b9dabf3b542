"""From a book as a venue says it to prices. Pure: what is no price is said by None."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from actors.data.live.ports import SeenBar, SeenBook
from actors.exchange.wire.contract import Market
from messages.market import Candle, Depth, quote_at
from messages.units import BaseAmount, Nanoseconds, Price

_TWO = Decimal(2)
_MS = 1_000_000

_Levels = tuple[tuple[Price, BaseAmount], ...]


def depth_of(market: Market, book: SeenBook, *, levels: int, at: Nanoseconds) -> Depth | None:
    """Return the top of a book in base units; None if it is empty, crossed, out of order, or has an impossible number.

    Args:
        market: Whose book it is.
        book: As the venue says it.
        levels: Of each side.
        at: When it was known.
    """
    bids = _side(book.bids[:levels], market.contract_size)
    asks = _side(book.asks[:levels], market.contract_size)
    if not bids or not asks or bids[0][0] >= asks[0][0]:
        return None
    if any(worse[0] >= better[0] for better, worse in pairwise(bids)):
        return None
    if any(worse[0] <= better[0] for better, worse in pairwise(asks)):
        return None
    return Depth(instrument=market.instrument, at=at, bids=bids, asks=asks)


def _side(levels: Iterable[tuple[Decimal, Decimal]], size: Decimal) -> _Levels | None:
    found: list[tuple[Price, BaseAmount]] = []
    for price, amount in levels:
        if not _is_positive(price) or not _is_positive(amount):
            return None
        found.append((Price(price), BaseAmount(amount if size == 1 else amount * size)))
    return tuple(found)


def _is_positive(number: Decimal) -> bool:
    return number.is_finite() and number > 0


def quote_of(depth: Depth, volume: BaseAmount) -> Candle:
    """Return the middle of the best bid and ask as a price of its moment.

    Args:
        depth: A checked book.
        volume: Of the last candle that completed: what models of slippage compare an amount with.
    """
    return quote_at(depth.instrument, Price((depth.bids[0][0] + depth.asks[0][0]) / _TWO), depth.at, volume)


def candle_of(market: Market, bar: SeenBar, length_ms: int) -> Candle:
    """Return a completed candle; `is_sound` is asked before."""
    return Candle(
        instrument=market.instrument,
        closed_at=Nanoseconds((bar.opened_ms + length_ms) * _MS),
        open=Price(bar.open),
        high=Price(bar.high),
        low=Price(bar.low),
        close=Price(bar.close),
        volume=BaseAmount(bar.volume),
    )


def is_sound(bar: SeenBar, length_ms: int) -> bool:
    """Whether a candle stands where candles stand, and its numbers can be: positive, low lowest, high highest."""
    if bar.opened_ms % length_ms or not all(map(_is_positive, (bar.open, bar.high, bar.low, bar.close))):
        return False
    if not bar.volume.is_finite() or bar.volume < 0:
        return False
    return bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close)
