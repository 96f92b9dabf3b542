"""Who hears of a slice, and in which order."""

from collections.abc import Collection, Mapping
from typing import Final

from actors.contract import Actor, Address
from actors.data.newest import Newest
from messages.book import EquityMarked, MarkBook
from messages.journal import Record
from messages.lifecycle import RunStarted
from messages.live import VenueSettled
from messages.market import FundingRate, MarketSlice, SettleFunding
from messages.units import SECOND_NS, InstrumentId, Nanoseconds, VenueName

_NEVER = 1 << 63
PATIENCE_NS = 30 * SECOND_NS
"""How long the strategy waits for prices when all venues are settled."""


class DataProvider(Actor[MarketSlice | RunStarted | VenueSettled]):
    """Tells a slice on, phase by phase: its prices, then its funding, then the whole of it to the strategy.

    The book is marked at the first slice, before anybody trades: that is where the run's equity starts. After that at
    every first slice at or after a multiple of the sampling interval (since 1970, UTC), before the strategy sees it.

    Args:
        sample_ns: Interval at which the book is marked; None: only at the start.
        prices: All that keep last prices, in the order they are told.
        venues: The simulated venues, which settle funding.
        marks: Whoever has the book marked; a follow-up address, as everything of the slice is booked by then.
        strategy: A follow-up address: what it is told is worked as a later turn.
        must_settle: Venues that must have settled what is unfinished, in this start, before the strategy sees anything.
        must_have: Instruments that must have a price before that; where one has none for `PATIENCE_NS` after that, the
            strategy sees what there is.
    """

    def __init__(
        self,
        *,
        prices: tuple[Address[MarketSlice], ...],
        venues: Mapping[VenueName, Address[SettleFunding]],
        marks: Address[MarkBook],
        strategy: Address[MarketSlice],
        sample_ns: Nanoseconds | None,
        must_settle: Collection[VenueName] = (),
        must_have: Collection[InstrumentId] = (),
    ) -> None:
        self._prices: Final = prices
        self._venues: Final = venues
        self._marks: Final = marks
        self._strategy: Final = strategy
        self._sample_ns: Final = sample_ns
        self._next_mark = 0
        self._must_settle, self._must_have = frozenset(must_settle), frozenset(must_have)
        self._unsettled, self._unpriced = set(must_settle), set(must_have)
        self._settled_at: int | None = None
        self._newest: Final = Newest()
        self.handlers = {
            MarketSlice: self._wait if must_settle or must_have else self._tell_on,
            RunStarted: self._start,
            VenueSettled: self._settle_venue,
        }

    def apply(self, record: Record) -> None:
        entry = record.entry
        if isinstance(entry, EquityMarked):
            self._marked_at(record.at)
        elif isinstance(entry, RunStarted):
            self._start(entry)
        elif isinstance(entry, VenueSettled):
            self._settle_venue(entry)

    def _start(self, _started: RunStarted) -> None:
        """Wait anew: what earlier starts settled says nothing about this one."""
        self._unsettled, self._unpriced, self._settled_at = set(self._must_settle), set(self._must_have), None

    def _settle_venue(self, settled: VenueSettled) -> None:
        self._unsettled.discard(settled.venue)

    def _wait(self, came: MarketSlice) -> None:
        """Tell prices on, never back in time, and nothing to the strategy before everything is settled and priced."""
        market = self._newest.of(came)
        if market is None:
            return
        self._unpriced.difference_update([candle.instrument for candle in market.candles])
        if self._settled_at is None and not self._unsettled:
            self._settled_at = market.at
        if self._settled_at is None or (self._unpriced and market.at - self._settled_at < PATIENCE_NS):
            for address in self._prices:
                address.tell(market)
            return
        self._tell_on(market)

    def _tell_on(self, market: MarketSlice) -> None:
        for address in self._prices:
            address.tell(market)
        if market.funding:
            self._settle(market.funding)
        if market.at >= self._next_mark:
            self._marked_at(market.at)
            self._marks.tell(MarkBook())
        self._strategy.tell(market)

    def _marked_at(self, at: Nanoseconds) -> None:
        every = self._sample_ns
        self._next_mark = _NEVER if every is None else (at // every + 1) * every

    def _settle(self, funding: tuple[FundingRate, ...]) -> None:
        by_venue: dict[VenueName, list[FundingRate]] = {}
        for rate in funding:
            venue = VenueName(rate.instrument.partition(":")[0])
            by_venue.setdefault(venue, []).append(rate)
        for venue, rates in sorted(by_venue.items()):
            if venue in self._venues:  # a real one pays by itself, and says so
                self._venues[venue].tell(SettleFunding(venue=venue, funding=tuple(rates)))
