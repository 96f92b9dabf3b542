"""What the core of a run that is driven by calls sees of the market: recorded slices, and the prices that calls bring.

A slice at the clock holds what is recorded there and, for the other instruments, the prices of the call; where both
speak of one instrument the recorded candle comes first, in a slice of its own. A price holds for its call: a later call
without one is back at the recorded data, or without a price.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from messages.instruments import Instrument
from messages.market import Candle, MarketSlice, quote_at
from messages.units import InstrumentId, Nanoseconds
from ops.interfaces.outside import Quotes
from ops.interfaces.recorded import Recorded
from ops.interfaces.wallet import WALLET_MARKET, first_price, ranked


class Slices:
    """The market of one run.

    Args:
        recorded: The data.
        instruments: What may be traded.
        length_ns: Of a candle.
        wallet: There is a wallet, so the price of ETH is wanted in every slice.

    Attributes:
        at: The clock.
        last: The last price of each instrument, recorded or given.
    """

    def __init__(
        self, recorded: Recorded, instruments: Mapping[InstrumentId, Instrument], length_ns: int, *, wallet: bool
    ) -> None:
        self.recorded = recorded
        self.at = recorded.start
        self.last: dict[InstrumentId, Candle] = dict(recorded.last)
        self._length_ns = length_ns
        self._wallet = wallet
        self._eth_markets = ranked(instruments.values())
        self._given: set[InstrumentId] = set()  # their last price came with a call

    def before(self, to: Nanoseconds) -> Iterator[MarketSlice]:
        """Yield the recorded slices before a time, the clock going with them."""
        while self.recorded.next_at < to:
            market = self.recorded.take()
            self.at = market.at
            yield self._seen(market)

    def arrive(self, at: Nanoseconds, quotes: Quotes, traded: InstrumentId | None = None) -> list[MarketSlice]:
        """Set the clock, and return the slices that there are at it.

        Args:
            at: Not before the clock; everything recorded before it was taken.
            quotes: The prices of the call.
            traded: What the call is about: without a price for it, it is back at its recorded one, or at none.
        """
        moved, self.at = at > self.at, at
        slices = self.here(quotes)
        if traded is not None and traded in self._given and traded not in quotes.prices:
            slices.append(self._seen(MarketSlice(at=at, candles=(self._recalled(traded),))))
        return [each for each in slices if moved or each.candles or each.funding]

    def here(self, quotes: Quotes) -> list[MarketSlice]:
        """Return the one or two slices at the clock, the first also if it is empty."""
        recorded = self.recorded.take() if self.recorded.next_at == self.at else MarketSlice(at=self.at)
        given = {
            key: quote_at(key, price, self.at, self.recorded.volume(key, self.at, self._length_ns))
            for key, price in quotes.prices.items()
        }
        if quotes.wallet is not None and self._wallet:
            given[WALLET_MARKET] = quote_at(WALLET_MARKET, quotes.wallet, self.at)
        there = {candle.instrument for candle in recorded.candles}
        first = [candle for key, candle in given.items() if key not in there]
        then = [candle for key, candle in given.items() if key in there]
        slices = [self._seen(_with(recorded, first))]
        if then:
            slices.append(self._seen(_with(MarketSlice(at=self.at), then)))
        return slices

    def _seen(self, market: MarketSlice) -> MarketSlice:
        """Return a slice with the wallet's mark, after remembering its prices."""
        for candle in market.candles:
            self.last[candle.instrument] = candle
            (self._given.add if candle.is_quote else self._given.discard)(candle.instrument)
        if not self._wallet or any(candle.instrument == WALLET_MARKET for candle in market.candles):
            return market
        found = first_price(self._eth_markets, {candle.instrument: candle for candle in market.candles})
        if found is None and WALLET_MARKET not in self.last:
            found = first_price(self._eth_markets, self.last)  # from before the start
        if found is None:
            return market
        mark = self.last[WALLET_MARKET] = quote_at(WALLET_MARKET, found.close, found.closed_at)
        return _with(market, [mark])

    def _recalled(self, instrument: InstrumentId) -> Candle:
        """Return the price to which an instrument falls back when that of an earlier call is over."""
        recorded = self.recorded.last.get(instrument)
        if recorded is not None:
            return quote_at(instrument, recorded.close, recorded.closed_at, recorded.volume)
        stale = Nanoseconds(self.at - self._length_ns)  # too old to trade at, and still a mark
        return quote_at(instrument, self.last[instrument].close, stale)


def _with(market: MarketSlice, more: Iterable[Candle]) -> MarketSlice:
    """Return a slice with more candles, in the order of their instruments."""
    candles = sorted((*market.candles, *more), key=lambda candle: candle.instrument)
    return msgspec.structs.replace(market, candles=tuple(candles))
