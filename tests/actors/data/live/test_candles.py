"""Candles of a live venue are told when they have completed, each once, those of an instant together; funding once."""

import asyncio
from decimal import Decimal
from functools import partial
from itertools import pairwise

import pytest

from actors.data.live.ports import Options, SeenBar, SeenFunding
from messages.units import InstrumentId
from tests.actors.data.live.stage import MS, Stage
from tests.actors.data.live.stage import played as on_stage
from tests.actors.data.live.venue import MARKETS, MINUTE_MS, PERP_ID, SPOT_ID, bar, book

PERP = {PERP_ID: MARKETS[PERP_ID]}
_NEVER_MS = 10**9
played = partial(on_stage, options=Options(length_ms=MINUTE_MS, quiet_ms=_NEVER_MS, poll_ms=_NEVER_MS))
"""Books are told here only when they are said."""


async def minute(stage: Stage, number: int, close: str, *instruments: InstrumentId) -> None:
    """Play a minute's candle in the stream, in three states, and the first state of the next one."""
    opened = stage.start_ms + number * MINUTE_MS
    for second, price in ((10, "1990"), (30, "2010"), (59, close)):
        await stage.until(60 * number + second)
        for instrument in instruments:
            stage.feed.say_bar(instrument, bar(opened, price))
    await stage.until(60 * number + 60.2)
    for instrument in instruments:
        stage.feed.say_bar(instrument, bar(opened + MINUTE_MS, "2000", "0"))


def test_a_candle_is_told_once_in_its_last_state_when_the_next_one_begins() -> None:
    async def work(stage: Stage) -> None:
        for number in range(3):
            await minute(stage, number, str(2001 + number), SPOT_ID)
        await asyncio.sleep(1)

    stage = played(work)

    candles = stage.candles()
    assert [candle.close for candle in candles] == [Decimal(2001), Decimal(2002), Decimal(2003)]
    assert [candle.closed_at for candle in candles] == [(stage.start_ms + n * MINUTE_MS) * MS for n in (1, 2, 3)]
    assert [round(at, 1) for at, market in stage.told if market.candles] == [60.2, 120.2, 180.2]
    assert (candles[0].open, candles[0].high, candles[0].low) == (Decimal(2000), Decimal(2001), Decimal(2000))
    assert candles[0].volume == Decimal(7)


def test_candles_of_all_markets_are_told_together_in_the_order_of_their_names() -> None:
    async def work(stage: Stage) -> None:
        await minute(stage, 0, "2001", PERP_ID, SPOT_ID)
        await asyncio.sleep(1)

    stage = played(work, markets=MARKETS)

    (market,) = [each for each in stage.slices if each.candles]
    assert [candle.instrument for candle in market.candles] == [SPOT_ID, PERP_ID]


def test_the_newest_quote_follows_a_candle_in_its_slice_and_has_its_volume() -> None:
    async def work(stage: Stage) -> None:
        await stage.until(60.1)
        stage.feed.say(SPOT_ID, book("2100"))
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms, "2001", "7"))
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + MINUTE_MS))
        await stage.until(62)

    stage = played(work)

    (market,) = [each for each in stage.slices if each.candles and not each.depths]
    candle, quote = market.candles
    assert (candle.close, quote.close) == (Decimal(2001), Decimal("2100.5"))
    assert quote.is_quote
    assert quote.closed_at > candle.closed_at
    assert quote.volume == Decimal(7)


def test_quotes_carry_the_volume_of_the_last_candle_also_of_one_before_the_start() -> None:
    async def work(stage: Stage) -> None:
        await asyncio.sleep(1)
        stage.feed.say(SPOT_ID, book("2000"))
        await asyncio.sleep(1)

    def before(stage: Stage) -> None:
        stage.feed.bars[SPOT_ID] = [bar(stage.start_ms - MINUTE_MS, volume="9"), bar(stage.start_ms, volume="1")]

    stage = played(work, before=before)

    assert [quote.volume for quote in stage.quotes()] == [Decimal(9)]
    assert not stage.candles()


def test_a_candle_that_the_stream_does_not_complete_is_asked_for_a_while_after_its_close() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms, "1990"))
        await stage.until(30)
        stage.feed.bars[SPOT_ID] = [bar(stage.start_ms, "2001"), bar(stage.start_ms + MINUTE_MS, "2002")]
        await stage.until(70)

    stage = played(work)

    ((at, market),) = [each for each in stage.told if each[1].candles]
    assert at == pytest.approx(63, abs=0.2)
    assert [candle.close for candle in market.candles] == [Decimal(2001)]


def test_what_a_stream_said_before_it_broke_is_not_taken_for_the_last_state() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms, "1990"))
        await stage.until(50)
        stage.feed.cut()
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms, "2001"))  # nobody hears it
        await stage.until(61)
        stage.feed.is_cut = False
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + MINUTE_MS))
        await stage.until(75)

    stage = played(work)

    assert [candle.close for candle in stage.candles()] == [Decimal(2001)]


def test_a_candle_that_is_still_growing_when_it_is_asked_for_is_not_told() -> None:
    async def work(stage: Stage) -> None:
        await stage.until(170)

    def before(stage: Stage) -> None:
        stage.feed.skew_ms = -5_000  # so their second minute begins at 65
        stage.feed.bars[SPOT_ID] = [bar(stage.start_ms + n * MINUTE_MS, str(2001 + n)) for n in range(9)]

    stage = played(work, before=before)

    assert [(round(at), [each.close for each in market.candles]) for at, market in stage.told] == [
        (68, [Decimal(2001)]),
        (128, [Decimal(2002)]),
    ]


def test_a_market_without_an_answer_holds_up_no_other_for_long_and_is_told_later() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.refuses_bars.add(PERP_ID)
        for number in range(3):
            stage.feed.bars[PERP_ID].append(bar(stage.start_ms + number * MINUTE_MS, str(3001 + number)))
            await minute(stage, number, str(2001 + number), SPOT_ID)
        await stage.until(200)
        stage.feed.refuses_bars.clear()
        await stage.until(230)

    stage = played(work, markets=MARKETS)

    spot = [(at, market) for at, market in stage.told if market.candles[0].instrument == SPOT_ID]
    perp = [candle.close for candle in stage.candles() if candle.instrument == PERP_ID]
    assert [round(at) for at, _ in spot] == [63, 123, 183]
    assert perp == [Decimal(3001), Decimal(3002), Decimal(3003)]
    assert len(stage.feed.times("bars")) < 60


@pytest.mark.parametrize(
    "nonsense",
    [
        SeenBar(0, Decimal(0), Decimal(1), Decimal(0), Decimal(1), Decimal(1)),
        SeenBar(0, Decimal(5), Decimal(4), Decimal(3), Decimal(4), Decimal(1)),
        SeenBar(0, Decimal(5), Decimal(6), Decimal("5.5"), Decimal(6), Decimal(1)),
        SeenBar(0, Decimal(5), Decimal(6), Decimal(5), Decimal("NaN"), Decimal(1)),
        SeenBar(0, Decimal(5), Decimal(6), Decimal(5), Decimal(6), Decimal(-1)),
        SeenBar(1, Decimal(5), Decimal(6), Decimal(5), Decimal(6), Decimal(1)),
    ],
)
def test_a_candle_with_impossible_numbers_is_never_told(nonsense: SeenBar) -> None:
    async def work(stage: Stage) -> None:
        wrong = SeenBar(
            stage.start_ms + nonsense.opened_ms,
            nonsense.open,
            nonsense.high,
            nonsense.low,
            nonsense.close,
            nonsense.volume,
        )
        stage.feed.say_bar(SPOT_ID, wrong)
        await stage.until(61)
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + MINUTE_MS, "2002"))
        await stage.until(121)
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + 2 * MINUTE_MS))
        await stage.until(122)

    stage = played(work)

    assert [candle.close for candle in stage.candles()] == [Decimal(2002)]


def test_after_a_restart_inside_no_candle_is_told_twice_and_none_is_lost() -> None:
    async def work(stage: Stage) -> None:
        await minute(stage, 0, "2001", SPOT_ID)
        await stage.until(90)
        stage.feed.crashes = RuntimeError("a mistake")
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + MINUTE_MS, "2002"))
        await stage.until(119.95)
        stage.feed.crashes = RuntimeError("another, over the end of the minute")
        stage.feed.say_bar(SPOT_ID, bar(stage.start_ms + MINUTE_MS, "2003"))
        await minute(stage, 2, "2004", SPOT_ID)
        await stage.until(200)

    stage = played(work)

    assert len(stage.supervisor.failures) == 2
    assert [candle.close for candle in stage.candles()] == [Decimal(2001), Decimal(2003), Decimal(2004)]


def test_after_an_hour_without_a_venue_all_candles_of_the_hour_are_told_in_their_order() -> None:
    async def work(stage: Stage) -> None:
        await minute(stage, 0, "2001", SPOT_ID)
        stage.feed.cut()
        stage.feed.refuses_bars.add(SPOT_ID)
        stage.feed.bars[SPOT_ID] = [bar(stage.start_ms + n * MINUTE_MS, str(2001 + n)) for n in range(61)]
        await stage.until(60 * 60)
        stage.feed.refuses_bars.clear()
        await stage.until(61 * 60 + 10)

    stage = played(work)

    assert [candle.close for candle in stage.candles()] == [Decimal(2001 + n) for n in range(61)]
    assert all(earlier.at < later.at for earlier, later in pairwise(stage.slices))


def test_funding_is_told_once_when_it_is_due_with_the_rate_of_the_last_look_before() -> None:
    async def work(stage: Stage) -> None:
        due = stage.start_ms + 10 * MINUTE_MS
        stage.feed.funding = SeenFunding(Decimal("0.0001"), due)
        await stage.until(591)
        stage.feed.funding = SeenFunding(Decimal("-0.0003"), due)
        await stage.until(620)  # the venue has not moved on yet
        stage.feed.funding = SeenFunding(Decimal("0.0005"), due + 480 * MINUTE_MS)
        await stage.until(1_200)

    stage = played(work, markets=PERP)

    ((at, paid),) = stage.funding()
    assert at == pytest.approx(600, abs=0.01)
    assert (paid.instrument, paid.rate) == (PERP_ID, Decimal("-0.0003"))
    assert 18 <= len(stage.feed.times("funding")) <= 24


def test_payment_follows_payment_and_a_spot_market_has_none() -> None:
    async def work(stage: Stage) -> None:
        for number in range(1, 4):
            stage.feed.funding = SeenFunding(Decimal(number) / 1000, stage.start_ms + number * 60 * MINUTE_MS)
            await stage.until(number * 60 * 60 + 1)

    stage = played(work, markets=MARKETS)

    assert [paid.rate for _, paid in stage.funding()] == [Decimal("0.001"), Decimal("0.002"), Decimal("0.003")]
    assert {instrument for _, what, instrument in stage.feed.asked if what == "funding"} == {PERP_ID}


def test_a_payment_is_told_although_the_venue_can_not_be_asked_when_it_is_due() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.funding = SeenFunding(Decimal("0.0001"), stage.start_ms + 10 * MINUTE_MS)
        await stage.until(301)
        stage.feed.refuses.add("funding")
        await stage.until(700)

    stage = played(work, markets=PERP)

    ((at, paid),) = stage.funding()
    assert at == pytest.approx(600, abs=0.01)
    assert paid.rate == Decimal("0.0001")


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "1", "-7"])
def test_an_impossible_rate_is_not_told(rate: str) -> None:
    async def work(stage: Stage) -> None:
        stage.feed.funding = SeenFunding(Decimal(rate), stage.start_ms + MINUTE_MS)
        await stage.until(90)

    assert not played(work, markets=PERP).funding()


def test_a_payment_is_not_told_again_after_a_restart_inside() -> None:
    async def work(stage: Stage) -> None:
        stage.feed.funding = SeenFunding(Decimal("0.0001"), stage.start_ms + 2 * MINUTE_MS)
        await stage.until(120.5)
        assert len(stage.funding()) == 1
        stage.feed.skew_ms = -2_000  # by the venue's clock it is still to come
        stage.feed.crashes = RuntimeError("a mistake")
        stage.feed.say_bar(PERP_ID, bar(stage.start_ms))
        await stage.until(180)

    stage = played(work, markets=PERP)

    assert len(stage.supervisor.failures) == 1
    assert len(stage.funding()) == 1


def test_a_day_of_minutes_is_told_whole_with_a_stream_that_breaks_every_hour() -> None:
    async def work(stage: Stage) -> None:
        for number in range(24 * 60):
            opened = stage.start_ms + number * MINUTE_MS
            stage.feed.say_bar(SPOT_ID, bar(opened, str(1000 + number)))
            if number % 60 == 30:
                stage.feed.cut()
            await stage.until(60 * number + 45)
            stage.feed.is_cut = False
            stage.feed.say_bar(SPOT_ID, bar(opened, str(2001 + number)))
            await stage.until(60 * number + 60)
        await asyncio.sleep(10)

    stage = played(work)

    assert [candle.close for candle in stage.candles()] == [Decimal(2001 + n) for n in range(24 * 60)]
    assert not stage.supervisor.failures


def test_the_clock_of_the_venue_decides_when_a_candle_has_closed() -> None:
    async def work(stage: Stage) -> None:
        await stage.until(100)

    def before(stage: Stage) -> None:
        stage.feed.skew_ms = 20_000
        stage.feed.bars[SPOT_ID] = [bar(stage.start_ms), bar(stage.start_ms + MINUTE_MS)]

    stage = played(work, before=before)

    (at,) = [at for at, market in stage.told if market.candles]
    assert at == pytest.approx(43, abs=0.2)
