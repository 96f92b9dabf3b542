"""A slice holds each instrument once; what is recorded at an instant comes before the price that a call gives."""

from decimal import Decimal
from pathlib import Path

from messages.instruments import instruments_of
from messages.units import InstrumentId, Nanoseconds, Price
from ops.interfaces.chosen import chosen_from
from ops.interfaces.outside import NO_QUOTES, Quotes
from ops.interfaces.recorded import open_recorded
from ops.interfaces.run import tradable
from ops.interfaces.slices import Slices
from tests.actors.builders import HOUR
from tests.ops.interfaces.calls import sample

START = Nanoseconds(1_704_067_200_000_000_000 + HOUR)
SPOT, PERP = InstrumentId("bybit:ETH/USDT"), InstrumentId("bybit:ETHUSDT-PERP")
WALLET, OKX = InstrumentId("wallet:ETH/USDT"), InstrumentId("okx:ETH/USDT")


def slices(folder: Path) -> Slices:
    instruments = instruments_of(tradable(chosen_from("backtest", {}, {}).settings))
    recorded = open_recorded(Path(sample(folder)["data_dir"]), "1h", instruments, START)
    return Slices(recorded, instruments, HOUR, wallet=True)


def test_recorded_first_then_the_given_price_of_the_same_instrument(tmp_path: Path) -> None:
    given = Quotes({SPOT: Price(Decimal(5)), OKX: Price(Decimal(6))}, None)

    first, then = slices(tmp_path).here(given)

    names = [candle.instrument for candle in first.candles]
    assert names == sorted(set(names))
    assert {candle.instrument for candle in first.candles if candle.is_quote} == {OKX, WALLET}
    assert {SPOT, PERP} <= set(names)
    assert {candle.instrument: candle.close for candle in then.candles} == dict.fromkeys((SPOT, WALLET), Decimal(5))


def test_every_recorded_slice_before_a_time_comes_once_and_in_order(tmp_path: Path) -> None:
    ours = slices(tmp_path)
    ours.here(NO_QUOTES)

    before = [market.at for market in ours.before(Nanoseconds(START + 3 * HOUR))]
    there = [market.at for market in ours.arrive(Nanoseconds(START + 3 * HOUR), NO_QUOTES)]
    again = ours.arrive(Nanoseconds(START + 3 * HOUR), NO_QUOTES)

    assert before == [START + HOUR, START + 2 * HOUR]
    assert there == [START + 3 * HOUR]
    assert again == []


def test_a_clock_that_moves_without_data_or_prices_is_an_empty_slice(tmp_path: Path) -> None:
    ours = slices(tmp_path)
    ours.here(NO_QUOTES)

    (market,) = ours.arrive(Nanoseconds(START + 1), NO_QUOTES)

    assert (market.at, market.candles, market.funding) == (START + 1, (), ())
