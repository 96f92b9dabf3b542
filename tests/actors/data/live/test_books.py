"""Books of a live venue become quotes and depths: exactly, conflated, asked for when they are quiet, never nonsense."""

import asyncio
from decimal import Decimal
from itertools import pairwise

import pytest

from actors.data.live.lines import DEAF
from actors.data.live.ports import Options, SeenBook
from messages.units import SECOND_NS
from tests.actors.data.live.stage import Stage, played
from tests.actors.data.live.venue import MARKETS, MINUTE_MS, PERP_ID, SPOT_ID, book

QUIET = Options(length_ms=MINUTE_MS, quiet_ms=2_500)


def test_a_book_becomes_a_quote_at_the_middle_and_a_depth_both_of_the_moment_at_which_it_was_known() -> None:
    async def work(stage: Stage) -> None:
        await stage.until(0.25)
        stage.feed.say(SPOT_ID, SeenBook(((Decimal("2000.01"), Decimal(3)),), ((Decimal("2000.02"), Decimal(4)),)))
        await asyncio.sleep(0.01)

    stage = played(work)

    (market,) = stage.slices
    (quote,), (depth,) = market.candles, market.depths
    known = stage.start_ms * 1_000_000 + SECOND_NS // 4
    assert (quote.close, quote.open, quote.high, quote.low) == (Decimal("2000.015"),) * 4
    assert quote.is_quote
    assert (quote.closed_at, depth.at, market.at) == (known, known, known)
    assert depth.bids == ((Decimal("2000.01"), Decimal(3)),)
    assert depth.asks == ((Decimal("2000.02"), Decimal(4)),)


def test_amounts_that_a_venue_counts_in_contracts_are_told_in_base_and_no_more_levels_than_wanted() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(PERP_ID, book("2000", amount="5", levels=9))
        await asyncio.sleep(0.01)

    options = Options(length_ms=MINUTE_MS, quiet_ms=3_600_000, levels=4)
    stage = played(work, markets={PERP_ID: MARKETS[PERP_ID]}, options=options)

    (depth,) = stage.depths(PERP_ID)
    assert len(depth.bids) == len(depth.asks) == 4
    assert depth.bids[0] == (Decimal(2000), Decimal("0.5"))


def test_of_many_changes_one_is_told_every_tenth_of_a_second_and_the_last_always() -> None:
    async def work(stage: Stage) -> None:
        for step in range(100):
            stage.feed.say(SPOT_ID, book(str(2000 + step)))
            await asyncio.sleep(0.013)
        await asyncio.sleep(0.2)

    stage = played(work)

    times = [at for at, _ in stage.told]
    assert 10 <= len(times) <= 15
    assert all(later - earlier >= 0.1 - 1e-9 for earlier, later in pairwise(times))
    assert stage.depths()[-1].bids[0][0] == Decimal(2099)


def test_two_markets_are_told_each_by_itself_and_neither_holds_up_the_other() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        stage.feed.say(PERP_ID, book("2001"))
        await asyncio.sleep(0.01)

    stage = played(work, markets=MARKETS)

    assert sorted(market.depths[0].instrument for market in stage.slices) == [SPOT_ID, PERP_ID]
    assert all(len(market.depths) == len(market.candles) == 1 for market in stage.slices)


def test_without_news_nothing_is_told() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(600)

    stage = played(work)

    assert len(stage.depths()) == 1


def test_a_quiet_book_is_asked_for_and_told_again_with_the_time_of_the_answer() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(10.1)

    stage = played(work, options=QUIET)

    assert [quote.close for quote in stage.quotes()] == [Decimal("2000.5")] * 5
    ages = [later.closed_at - earlier.closed_at for earlier, later in pairwise(stage.quotes())]
    assert max(ages) <= 2_600_000_000
    assert not stage.feed.times("drop")


def test_a_book_that_changes_is_not_asked_for() -> None:
    async def work(stage: Stage) -> None:
        for step in range(60):
            stage.feed.say(SPOT_ID, book(str(2000 + step)))
            await asyncio.sleep(1)

    stage = played(work, options=QUIET)

    assert not stage.feed.times("book")


@pytest.mark.parametrize(
    "nonsense",
    [
        SeenBook((), ()),
        SeenBook(book("2000").bids, ()),
        SeenBook((), book("2000").asks),
        book("2000", ask="1999"),
        book("2000", ask="2000"),
        book("0"),
        book("2000", amount="0"),
        book("2000", amount="-1"),
        SeenBook(((Decimal("NaN"), Decimal(1)),), book("2000").asks),
        SeenBook(((Decimal("Infinity"), Decimal(1)),), book("2000").asks),
        SeenBook(((Decimal(1999), Decimal(1)), (Decimal(2000), Decimal(1))), book("2001").asks),
        SeenBook(book("2000").bids, ((Decimal(2002), Decimal(1)), (Decimal(2001), Decimal(1)))),
    ],
)
def test_an_empty_crossed_or_impossible_book_is_no_price(nonsense: SeenBook) -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, nonsense)
        await stage.until(1)
        assert not stage.told
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(2)

    stage = played(work)

    assert len(stage.told) == 1


def test_while_the_stream_is_lost_the_book_is_asked_for_and_no_more_when_it_is_back() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(1)
        stage.feed.cut()
        stage.feed.say(SPOT_ID, book("2100"))
        await stage.until(6)
        assert stage.depths()[-1].bids[0][0] == Decimal(2100)
        stage.feed.is_cut = False
        stage.feed.say(SPOT_ID, book("2200"))
        await stage.until(20)
        assert stage.depths()[-1].bids[0][0] == Decimal(2200)

    stage = played(work)

    asked = stage.feed.times("book")
    assert 4 <= len(asked) <= 12
    assert asked[-1] < 20 - 5
    assert len(stage.lines) == 2
    assert "lost" in stage.lines[0]
    assert "back" in stage.lines[1]


def test_a_lost_stream_is_tried_again_later_each_time_however_long_it_takes() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(1)
        stage.feed.cut()
        await stage.until(601)

    stage = played(work)

    tries = stage.feed.times("connect book")
    gaps = [round(later - earlier, 3) for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 10
    assert 550 <= len(stage.feed.times("book")) <= 650  # once a second
    assert len(stage.lines) == 1


def test_a_silent_stream_whose_book_moves_is_given_up_and_taken_anew() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(1)
        stage.feed.is_deaf = True
        for step in range(8):
            stage.feed.say(SPOT_ID, book(str(2001 + step)))
            await asyncio.sleep(1)

    stage = played(work, options=QUIET)

    (dropped,) = stage.feed.times("drop")
    assert dropped == pytest.approx(DEAF * 2.5, abs=0.1)
    assert stage.depths()[-1].bids[0][0] > Decimal(2005)


def test_an_answer_that_the_stream_has_overtaken_is_not_told() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.read_s = 1
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(3)  # asked at 2.5, with the answer of then
        stage.feed.say(SPOT_ID, book("2100"))
        await stage.until(4)

    stage = played(work, options=QUIET)

    assert len(stage.feed.times("book")) == 1
    assert [depth.bids[0][0] for depth in stage.depths()] == [Decimal(2000), Decimal(2100)]


def test_an_answer_that_never_comes_holds_up_nothing_and_is_asked_for_again() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.read_s = 1e6
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(4)
        stage.feed.say(SPOT_ID, book("2100"))
        await asyncio.sleep(0.01)
        assert stage.depths()[-1].bids[0][0] == Decimal(2100)
        await stage.until(30)

    stage = played(work, options=QUIET)

    assert 3 <= len(stage.feed.times("book")) <= 6


def test_a_venue_that_refuses_answers_is_asked_less_and_less() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.refuses.add("book")
        await stage.until(120)

    stage = played(work, options=QUIET)

    assert not stage.told
    assert 10 <= len(stage.feed.times("book")) <= 25


def test_a_venue_that_is_not_there_is_tried_until_it_is_and_the_feed_is_closed_at_the_end() -> None:
    async def work(stage: Stage) -> None:
        await stage.until(30)
        stage.feed.refuses.clear()
        await stage.until(45)
        stage.feed.say(SPOT_ID, book("2000"))
        await stage.until(46)

    stage = played(work, before=lambda stage: stage.feed.refuses.add("open"))

    assert 5 <= len(stage.feed.times("open")) <= 15
    assert stage.depths()
    assert len(stage.lines) == 1
    assert stage.feed.is_closed


def test_the_times_of_slices_rise_also_when_the_clock_is_set_back() -> None:
    async def work(stage: Stage) -> None:
        for step in range(20):
            stage.feed.say(SPOT_ID, book(str(2000 + step)))
            await asyncio.sleep(0.2)
            if step == 10:
                stage.clock.set_forward(-5 * SECOND_NS)

    stage = played(work)

    assert len(stage.slices) == 20
    assert all(earlier.at < later.at for earlier, later in pairwise(stage.slices))
