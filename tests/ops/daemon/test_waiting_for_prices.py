"""The strategy of a daemon sees nothing before its venues have settled what is unfinished and its markets have prices.

Prices themselves reach the venues, the gate and the P&L at once: only decisions wait.
"""

from typing import Any

import pytest

from actors.data.provider import PATIENCE_NS, DataProvider
from messages.journal import Entry, Record
from messages.lifecycle import RunStarted
from messages.live import VenueSettled
from messages.market import MarketSlice
from messages.units import SECOND_NS, Nanoseconds, Seq, VenueName
from tests.actors.builders import PERP_ID, SPOT_ID, Mail, candle, market

BYBIT, OKX = VenueName("bybit"), VenueName("okx")
NOW = 1_000 * SECOND_NS


class Desk:
    """A data provider with all to whom it speaks."""

    def __init__(self, **waits: Any) -> None:  # noqa: ANN401 - as it is built
        self.prices, self.marks, self.strategy = Mail(), Mail(), Mail()
        self.provider = DataProvider(
            prices=(self.prices,), venues={}, marks=self.marks, strategy=self.strategy, sample_ns=None, **waits
        )

    def tell(self, message: Any) -> None:  # noqa: ANN401 - any of its messages
        self.provider.receive(message)

    def slice(self, at: int, *instruments: Any) -> MarketSlice:  # noqa: ANN401 - instrument ids
        came = MarketSlice(
            at=Nanoseconds(at), candles=tuple(candle(at=at, of=instrument) for instrument in instruments)
        )
        self.tell(came)
        return came

    def fold(self, *entries: Entry) -> None:
        for seq, entry in enumerate(entries, 1):
            self.provider.apply(Record(seq=Seq(seq), at=Nanoseconds(seq), cause=None, hash=b"", entry=entry))


def settled(venue: VenueName = BYBIT) -> VenueSettled:
    return VenueSettled(venue=venue, epoch=1, open=0, unknown=0, skew_ms=0)


def started() -> RunStarted:
    return RunStarted(mode="live", start=Nanoseconds(NOW), end=None)


def test_prices_go_on_and_decisions_wait_until_every_venue_has_settled() -> None:
    desk = Desk(must_settle=(BYBIT, OKX))

    first = desk.slice(NOW, PERP_ID)
    desk.tell(settled(BYBIT))
    second = desk.slice(NOW + 1, PERP_ID)
    before = desk.strategy.take(), desk.marks.take()
    desk.tell(settled(OKX))
    third = desk.slice(NOW + 2, PERP_ID)

    assert desk.prices.told == [first, second, third]
    assert before == ([], [])
    assert desk.strategy.told == [third]
    assert len(desk.marks.told) == 1


def test_decisions_wait_until_every_market_has_a_price() -> None:
    desk = Desk(must_settle=(BYBIT,), must_have=(PERP_ID, SPOT_ID))
    desk.tell(settled())

    desk.slice(NOW, PERP_ID)
    desk.slice(NOW + 1)
    waits = desk.strategy.take()
    last = desk.slice(NOW + 2, SPOT_ID)

    assert waits == []
    assert desk.strategy.told == [last]


def test_a_price_that_came_before_the_venues_settled_counts() -> None:
    desk = Desk(must_settle=(BYBIT,), must_have=(PERP_ID,))

    desk.slice(NOW, PERP_ID)
    desk.tell(settled())
    tick = desk.slice(NOW + 1)

    assert desk.strategy.told == [tick]


def test_a_market_without_prices_is_not_waited_for_for_ever() -> None:
    desk = Desk(must_settle=(BYBIT,), must_have=(PERP_ID, SPOT_ID))
    desk.slice(NOW - PATIENCE_NS, PERP_ID)  # the time before the venues settled does not count
    desk.tell(settled())

    desk.slice(NOW, PERP_ID)
    desk.slice(NOW + PATIENCE_NS - 1)
    waits = desk.strategy.take()
    last = desk.slice(NOW + PATIENCE_NS)

    assert waits == []
    assert desk.strategy.told == [last]


def test_without_venues_to_settle_the_wait_for_prices_starts_with_the_first_news() -> None:
    desk = Desk(must_have=(PERP_ID, SPOT_ID))

    desk.slice(NOW)
    desk.slice(NOW + PATIENCE_NS - 1, PERP_ID)
    waits = desk.strategy.take()
    last = desk.slice(NOW + PATIENCE_NS)

    assert waits == []
    assert desk.strategy.told == [last]


def test_what_an_earlier_start_settled_says_nothing_about_this_one() -> None:
    desk = Desk(must_settle=(BYBIT,))
    desk.fold(started(), settled())

    desk.tell(started())
    desk.slice(NOW, PERP_ID)
    waits = desk.strategy.take()
    desk.tell(settled())
    last = desk.slice(NOW + 1, PERP_ID)

    assert waits == []
    assert desk.strategy.told == [last]


def test_after_a_rebuild_in_the_middle_what_was_settled_in_this_start_is_settled() -> None:
    desk = Desk(must_settle=(BYBIT,), must_have=(PERP_ID,))

    desk.fold(started(), settled(), started(), settled())
    price = desk.slice(NOW, PERP_ID)

    assert desk.strategy.told == [price]


@pytest.mark.parametrize("waits", [{}, {"must_settle": (BYBIT,)}])
def test_a_backtest_waits_for_nothing(waits: dict[str, Any]) -> None:
    desk = Desk(**waits)
    came = market()

    desk.tell(came)

    assert desk.strategy.told == ([] if waits else [came])
    assert desk.prices.told == [came]
