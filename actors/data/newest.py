"""Keeps prices from going back in time.

A mailbox conflates: a newer quote takes the place of an older one, which may be in front of a candle that came between
them. So the quote that came with the candle is worked after a newer one. Pure.
"""

from typing import TypeVar

from msgspec import structs

from messages.market import Candle, Depth, MarketSlice, Ticker
from messages.units import InstrumentId

T = TypeVar("T", Depth, Ticker)


class Newest:
    """The newest quote, book and ticker of each instrument that were seen."""

    def __init__(self) -> None:
        self._quotes: dict[InstrumentId, Candle] = {}
        self._depths: dict[InstrumentId, Depth] = {}
        self._tickers: dict[InstrumentId, Ticker] = {}

    def of(self, market: MarketSlice) -> MarketSlice | None:
        """Return a slice without what is older than others before it: quotes, books, tickers. None if nothing is left.

        A candle that completed is followed by the newest quote of its instrument: the last word is the newest.
        """
        candles: list[Candle] = []
        is_same = True
        for candle in market.candles:
            known = self._quotes.get(candle.instrument)
            if not candle.is_quote:
                candles.append(candle)
                if known is not None and known.closed_at > candle.closed_at:
                    candles.append(known)
                    is_same = False
            elif known is None or known.closed_at <= candle.closed_at:
                self._quotes[candle.instrument] = candle
                candles.append(candle)
            else:
                is_same = False
        depths = tuple(each for each in market.depths if _is_news(each, self._depths))
        tickers = tuple(each for each in market.tickers if _is_news(each, self._tickers))
        if is_same and len(depths) == len(market.depths) and len(tickers) == len(market.tickers):
            return market
        if not candles and not depths and not tickers and not market.funding:
            return None
        return structs.replace(market, candles=_without_doubles(candles), depths=depths, tickers=tickers)


def _is_news(seen: T, known: dict[InstrumentId, T]) -> bool:
    before = known.get(seen.instrument)
    if before is not None and before.at > seen.at:
        return False
    known[seen.instrument] = seen
    return True


def _without_doubles(candles: list[Candle]) -> tuple[Candle, ...]:
    """Of several quotes of an instrument in a row the last is enough."""
    return tuple(
        candle
        for candle, after in zip(candles, [*candles[1:], None], strict=True)
        if after is None or not (candle.is_quote and after.is_quote and candle.instrument == after.instrument)
    )
