"""Who hears of a slice, and in which order."""

from collections.abc import Mapping
from typing import Final, assert_never

from actors.contract import Actor, Address
from messages.book import EquityMarked, MarkBook
from messages.journal import Record
from messages.market import FundingRate, MarketSlice, SettleFunding
from messages.units import VenueName


class DataProvider(Actor[MarketSlice | EquityMarked]):
    """Tells a slice on, phase by phase: its prices, then its funding, then the whole of it to the strategy.

    The book is marked once at the first slice, before anybody trades: that is where the run's equity starts.

    Args:
        prices: All that keep last prices, in the order they are told.
        venues: The simulated venues, which settle funding.
        marks: Whoever has the book marked.
        strategy: A follow-up address: what it is told is worked as a later turn.
    """

    def __init__(
        self,
        *,
        prices: tuple[Address[MarketSlice], ...],
        venues: Mapping[VenueName, Address[SettleFunding]],
        marks: Address[MarkBook],
        strategy: Address[MarketSlice],
    ) -> None:
        self._prices: Final = prices
        self._venues: Final = venues
        self._marks: Final = marks
        self._strategy: Final = strategy
        self._marked = False

    def receive(self, message: MarketSlice | EquityMarked) -> None:
        match message:
            case MarketSlice():
                self._tell_on(message)
            case EquityMarked():
                self._marked = True
            case _:
                assert_never(message)

    def apply(self, record: Record) -> None:
        if isinstance(record.entry, EquityMarked):
            self._marked = True

    def _tell_on(self, market: MarketSlice) -> None:
        for address in self._prices:
            address.tell(market)
        if market.funding:
            self._settle(market.funding)
        if not self._marked:
            self._marks.tell(MarkBook())
        self._strategy.tell(market)

    def _settle(self, funding: tuple[FundingRate, ...]) -> None:
        by_venue: dict[VenueName, list[FundingRate]] = {}
        for rate in funding:
            venue = VenueName(rate.instrument.partition(":")[0])
            by_venue.setdefault(venue, []).append(rate)
        for venue, rates in sorted(by_venue.items()):
            self._venues[venue].tell(SettleFunding(venue=venue, funding=tuple(rates)))
