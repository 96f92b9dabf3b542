"""Who hears of a slice, and in which order."""

from collections.abc import Mapping
from typing import Final

from actors.contract import Actor, Address
from messages.book import EquityMarked, MarkBook
from messages.journal import Record
from messages.market import FundingRate, MarketSlice, SettleFunding
from messages.units import Nanoseconds, VenueName

_NEVER = 1 << 63


class DataProvider(Actor[MarketSlice]):
    """Tells a slice on, phase by phase: its prices, then its funding, then the whole of it to the strategy.

    The book is marked at the first slice, before anybody trades: that is where the run's equity starts. After that at
    every first slice at or after a multiple of the sampling interval (since 1970, UTC), before the strategy sees it.

    Args:
        sample_ns: Interval at which the book is marked; None: only at the start.
        prices: All that keep last prices, in the order they are told.
        venues: The simulated venues, which settle funding.
        marks: Whoever has the book marked; a follow-up address, as everything of the slice is booked by then.
        strategy: A follow-up address: what it is told is worked as a later turn.
    """

    def __init__(
        self,
        *,
        prices: tuple[Address[MarketSlice], ...],
        venues: Mapping[VenueName, Address[SettleFunding]],
        marks: Address[MarkBook],
        strategy: Address[MarketSlice],
        sample_ns: Nanoseconds | None,
    ) -> None:
        self._prices: Final = prices
        self._venues: Final = venues
        self._marks: Final = marks
        self._strategy: Final = strategy
        self._sample_ns: Final = sample_ns
        self._next_mark = 0
        self.handlers = {MarketSlice: self._tell_on}

    def apply(self, record: Record) -> None:
        if isinstance(record.entry, EquityMarked):
            self._marked_at(record.at)

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
