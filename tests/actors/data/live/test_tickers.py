"""Tickers: told as they come, at most so often; a trade is a price only where the book is silent."""

import asyncio
import itertools
from decimal import Decimal

import pytest

from actors.data.live.ports import Options, SeenTicker
from messages.units import SECOND_NS
from tests.actors.data.live.stage import Stage, played
from tests.actors.data.live.venue import MARKETS, MINUTE_MS, PERP_ID, SPOT_ID, book

D = Decimal
PATIENT = Options(length_ms=MINUTE_MS, quiet_ms=2_000, poll_ms=3_600_000)
"""A book is silent after three seconds, and a lost stream is no reason to ask."""


def seen(stage: Stage, last: str, *, volume: str = "10", mark: str | None = None, early_ms: int = 0) -> SeenTicker:
    return SeenTicker(
        at_ms=stage.feed.now_ms() - early_ms, last=D(last), volume=D(volume), mark=None if mark is None else D(mark)
    )


def prices(stage: Stage) -> list[Decimal]:
    """Return the quotes that came with tickers."""
    return [candle.close for market in stage.slices if market.tickers for candle in market.candles]


def test_a_ticker_is_told_with_what_it_says_of_a_perp() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(PERP_ID, seen(stage, "2001", mark="2000.5"))
        await stage.until(1)

    stage = played(work, markets={PERP_ID: MARKETS[PERP_ID]})

    ((_, ticker),) = stage.tickers(PERP_ID)
    assert (ticker.last, ticker.mark_price, ticker.index_price) == (D(2001), D("2000.5"), None)


def test_of_many_tickers_the_latest_is_told_once_a_second() -> None:
    async def work(stage: Stage) -> None:
        for step in range(40):
            stage.feed.trade(SPOT_ID, seen(stage, str(2000 + step)))
            await asyncio.sleep(0.1)
        await stage.until(10)

    told = played(work).tickers()

    assert len(told) == 5
    assert (told[0][1].last, told[-1][1].last) == (D(2000), D(2039))
    assert all(after - before > 0.99 for (before, _), (after, _) in itertools.pairwise(told))


@pytest.mark.parametrize("last", ["0", "-1", "NaN", "Infinity"])
def test_what_is_no_price_is_not_told(last: str) -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(SPOT_ID, seen(stage, last))
        await stage.until(2)

    assert not played(work).tickers()


def test_a_ticker_from_before_the_one_that_is_known_is_not_told() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(SPOT_ID, seen(stage, "2000"))
        await stage.until(2)
        stage.feed.trade(SPOT_ID, seen(stage, "1900", early_ms=5_000))
        await stage.until(4)

    assert [ticker.last for _, ticker in played(work).tickers()] == [D(2000)]


def test_while_the_book_speaks_a_trade_is_no_price() -> None:
    async def work(stage: Stage) -> None:
        for step in range(5):
            stage.feed.say(SPOT_ID, book(str(2000 + step)))
            stage.feed.trade(SPOT_ID, seen(stage, str(2100 + step)))
            await asyncio.sleep(1)

    stage = played(work, options=PATIENT)

    assert len(stage.tickers()) == 5
    assert not prices(stage)


def silent(stage: Stage) -> None:
    """Let the book say nothing, and not answer."""
    stage.feed.refuses.add("book")


def test_where_the_book_is_silent_trades_are_the_price_but_no_price_that_may_be_old() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(SPOT_ID, seen(stage, "2100"))  # nobody knows when that was traded
        await stage.until(4)
        stage.feed.trade(SPOT_ID, seen(stage, "2101"))
        await stage.until(6)
        stage.feed.trade(SPOT_ID, seen(stage, "2101"))  # the same again: no trade
        await stage.until(8)
        stage.feed.trade(SPOT_ID, seen(stage, "2101", volume="11"))  # at the same price
        await stage.until(10)

    stage = played(work, options=PATIENT, before=silent)

    assert len(stage.tickers()) == 4
    assert prices(stage) == [D(2101), D(2101)]
    quotes = [candle for market in stage.slices if market.tickers for candle in market.candles]
    assert [candle.closed_at - stage.start_ms * 1_000_000 for candle in quotes] == pytest.approx(
        [4 * SECOND_NS, 8 * SECOND_NS], abs=SECOND_NS // 100
    )


def test_less_in_24_hours_is_no_trade_as_an_old_one_left_them() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(SPOT_ID, seen(stage, "2100", volume="10"))
        await stage.until(4)
        stage.feed.trade(SPOT_ID, seen(stage, "2100", volume="9"))
        await stage.until(6)

    stage = played(work, options=PATIENT, before=silent)

    assert len(stage.tickers()) == 2
    assert not prices(stage)


def test_what_was_traded_while_the_stream_was_lost_may_be_old() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.trade(SPOT_ID, seen(stage, "2100"))
        await stage.until(1)
        stage.feed.cut()
        await stage.until(60)
        stage.feed.is_cut = False
        await stage.until(200)
        stage.feed.trade(SPOT_ID, seen(stage, "2101"))
        await stage.until(202)
        assert not prices(stage)
        stage.feed.trade(SPOT_ID, seen(stage, "2102"))
        await stage.until(204)

    stage = played(work, options=PATIENT, before=silent)

    assert [ticker.last for _, ticker in stage.tickers()] == [D(2100), D(2101), D(2102)]
    assert prices(stage) == [D(2102)]


def test_what_answers_show_one_soon_after_the_other_is_a_price() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.cut()
        for step in range(8):
            stage.feed.tickers[SPOT_ID] = seen(stage, str(2000 + step // 4))
            await asyncio.sleep(1)

    often = Options(length_ms=MINUTE_MS, quiet_ms=2_000, poll_ms=1_000)
    stage = played(work, options=often, before=silent)

    assert prices(stage) == [D(2001)]


def test_a_lost_stream_of_tickers_is_asked_for_until_it_is_back() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.tickers[SPOT_ID] = seen(stage, "2000")
        stage.feed.cut()
        await stage.until(5)
        asked = len(stage.feed.times("ticker"))
        assert asked >= 3
        stage.feed.is_cut = False
        await stage.until(200)
        stage.feed.trade(SPOT_ID, seen(stage, "2050"))
        await stage.until(202)
        asked = len(stage.feed.times("ticker"))
        await stage.until(230)
        assert len(stage.feed.times("ticker")) == asked  # a stream that is up is believed, however silent

    stage = played(work)

    assert {ticker.last for _, ticker in stage.tickers()} == {D(2000), D(2050)}
