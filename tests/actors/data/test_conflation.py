"""What a busy core has not taken yet is conflated: of quotes and books the newest is enough, the rest is all taken.

And what it takes never goes back in time.
"""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.data.newest import Newest
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Inbox, Letter
from messages.market import Candle, Depth, FundingRate, MarketSlice, Ticker
from messages.units import BaseAmount, InstrumentId, Nanoseconds, Price, Rate

ETH, BTC, OTHER = map(InstrumentId, ("okx:ETH/USDT", "okx:BTC/USDT", "bybit:ETH/USDT"))


def candle(instrument: InstrumentId, at: int, *, is_quote: bool, price: int = 1) -> Candle:
    value = Price(Decimal(price))
    return Candle(
        instrument=instrument,
        closed_at=Nanoseconds(at),
        open=value,
        high=value,
        low=value,
        close=value,
        volume=BaseAmount(Decimal(0)),
        is_quote=is_quote,
    )


def depth(instrument: InstrumentId, at: int) -> Depth:
    side = ((Price(Decimal(1)), BaseAmount(Decimal(1))),)
    return Depth(instrument=instrument, at=Nanoseconds(at), bids=side, asks=side)


def quoted(instrument: InstrumentId, at: int) -> MarketSlice:
    """Return a slice of a book, as live market data tells it."""
    return MarketSlice(
        at=Nanoseconds(at), candles=(candle(instrument, at, is_quote=True),), depths=(depth(instrument, at),)
    )


def traded(instrument: InstrumentId, at: int) -> MarketSlice:
    ticker = Ticker(instrument=instrument, at=Nanoseconds(at), last=Price(Decimal(1)))
    return MarketSlice(at=Nanoseconds(at), tickers=(ticker,))


def completed(instrument: InstrumentId, at: int, quote_at: int | None = None) -> MarketSlice:
    """Return a slice of a candle, which closed a little earlier, with a quote behind it."""
    quotes = () if quote_at is None else (candle(instrument, quote_at, is_quote=True),)
    return MarketSlice(at=Nanoseconds(at), candles=(candle(instrument, at - 5, is_quote=False), *quotes))


def funded(instrument: InstrumentId, at: int) -> MarketSlice:
    return MarketSlice(at=Nanoseconds(at), funding=(FundingRate(instrument=instrument, rate=Rate(Decimal(at))),))


class Core:
    """A mailbox, and what was taken out of it."""

    def __init__(self) -> None:
        self._inbox = Inbox("core", dead_letters=DeadLetters())
        self._newest = Newest()
        self.taken: list[MarketSlice] = []

    def put(self, market: MarketSlice) -> None:
        self._inbox.offer(Letter("data_provider", market))

    def take(self) -> bool:
        letter = self._inbox.take()
        if letter is None:
            return False
        news = self._newest.of(letter.message)
        if news is not None:
            self.taken.append(news)
        return True

    def take_all(self) -> list[MarketSlice]:
        while self.take():
            pass
        return self.taken


def test_of_several_books_of_a_market_that_wait_the_newest_is_taken_and_no_other_market_is_lost() -> None:
    core = Core()

    for at in range(1, 30):
        core.put(quoted((ETH, BTC, OTHER)[at % 3], at))

    taken = core.take_all()
    assert sorted((each.candles[0].instrument, each.at) for each in taken) == [(OTHER, 29), (BTC, 28), (ETH, 27)]


def test_completed_candles_and_payments_of_one_moment_are_all_taken() -> None:
    core = Core()
    waiting = [completed(ETH, 9), completed(BTC, 9), completed(OTHER, 9), funded(ETH, 9), funded(OTHER, 9)]

    for market in waiting:
        core.put(market)

    assert core.take_all() == waiting


def test_a_quote_that_overtook_a_candle_is_still_the_last_word() -> None:
    core = Core()

    core.put(quoted(ETH, 10))
    core.put(completed(ETH, 20, quote_at=19))
    core.put(quoted(ETH, 30))  # takes the place of the first

    first, second = core.take_all()
    assert [each.closed_at for each in first.candles] == [30]
    assert [(each.is_quote, each.closed_at) for each in second.candles] == [(False, 15), (True, 30)]


def test_an_older_book_of_a_market_is_left_out_and_a_slice_of_nothing_else_is_none() -> None:
    newest = Newest()
    newest.of(quoted(ETH, 10))

    both = MarketSlice(
        at=Nanoseconds(11),
        candles=(candle(BTC, 9, is_quote=True), candle(ETH, 9, is_quote=True)),
        depths=(depth(BTC, 9), depth(ETH, 9)),
    )
    left = newest.of(both)

    assert left is not None
    assert [each.instrument for each in left.candles] == [BTC]
    assert [each.instrument for each in left.depths] == [BTC]
    assert newest.of(quoted(ETH, 9)) is None


def test_an_older_ticker_is_left_out_and_one_does_not_take_the_place_of_a_book() -> None:
    newest = Newest()
    assert newest.of(traded(ETH, 10)) is not None

    assert newest.of(traded(ETH, 9)) is None
    assert newest.of(traded(BTC, 9)) is not None
    assert len({quoted(ETH, 1).conflation_key, traded(ETH, 1).conflation_key, traded(BTC, 1).conflation_key}) == 3
    assert traded(ETH, 1).conflation_key == traded(ETH, 2).conflation_key


def test_a_slice_that_is_all_news_is_told_as_it_came() -> None:
    newest, market = Newest(), quoted(ETH, 10)

    assert newest.of(market) is market
    again = quoted(ETH, 10)
    assert newest.of(again) is again


MAKERS: tuple[Callable[[InstrumentId, int], MarketSlice], ...] = (
    quoted,
    completed,
    lambda instrument, at: completed(instrument, at, quote_at=at - 1),
    funded,
)


@given(
    st.lists(
        st.one_of(
            st.just(None),
            st.tuples(st.sampled_from(MAKERS), st.sampled_from([ETH, BTC, OTHER])),
        ),
        max_size=40,
    )
)
def test_whatever_waits_for_how_long_all_candles_and_payments_are_taken_once_and_prices_only_rise_in_time(
    steps: list[tuple[Callable[[InstrumentId, int], MarketSlice], InstrumentId] | None],
) -> None:
    core, put = Core(), list[MarketSlice]()
    for number, step in enumerate(steps):
        if step is None:
            core.take()
            continue
        make, instrument = step
        put.append(make(instrument, 10 * (number + 1)))
        core.put(put[-1])

    taken = core.take_all()

    def told(slices: list[MarketSlice]) -> list[tuple[str, int]]:
        return sorted(
            [(each.instrument, each.closed_at) for market in slices for each in market.candles if not each.is_quote]
            + [(each.instrument, int(each.rate)) for market in slices for each in market.funding]
        )

    def quotes(slices: list[MarketSlice], instrument: InstrumentId) -> list[int]:
        return [
            each.closed_at
            for market in slices
            for each in market.candles
            if each.is_quote and each.instrument == instrument
        ]

    assert told(taken) == told(put)
    for instrument in (ETH, BTC, OTHER):
        seen, said = quotes(taken, instrument), quotes(put, instrument)
        assert seen == sorted(seen)
        assert seen[-1:] == said[-1:]
