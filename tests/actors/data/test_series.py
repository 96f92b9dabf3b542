"""A file's name says what it holds, in one way only, and a name that is not understood says what was expected."""

import pytest

from actors.data.series import Kind, Resolution, candles_name, funding_name, iso, read_name
from messages.units import InstrumentId


@pytest.mark.parametrize(
    ("folder", "stem", "instrument", "resolution"),
    [
        ("candles", "bybit-ETHUSDT-spot-1h", "bybit:ETH/USDT", "1h"),
        ("candles", "okx-BTCUSDC-perp-1m", "okx:BTCUSDC-PERP", "1m"),
        ("candles", "uniswapv3-WETHUSDT-spot-4h", "uniswapv3:WETH/USDT", "4h"),
        ("funding", "binance-ETHUSDT-perp", "binance:ETHUSDT-PERP", None),
        ("aave", "wstETH-reserve-1d", None, "1d"),
        ("oracle", "WETH-USD-1h", None, "1h"),
        ("staking", "weETH-ETH-1h", None, "1h"),
        ("gas", "ethereum-1h", None, "1h"),
    ],
)
def test_each_kind_of_name_is_understood(
    folder: str, stem: str, instrument: str | None, resolution: str | None
) -> None:
    series = read_name(folder, stem)

    assert (series.kind, series.name) == (Kind(folder), stem)
    assert (series.instrument, series.resolution) == (instrument, resolution)
    assert series.venue == (instrument.partition(":")[0] if instrument else None)


@pytest.mark.parametrize(
    ("folder", "stem", "expected"),
    [
        ("candle", "bybit-ETHUSDT-spot-1h", "expected one of candles, funding, aave"),
        ("candles", "bybit-ETHUSDT-1h", "expected VENUE-SYMBOL-{spot,perp}-RESOLUTION"),
        ("candles", "bybit-ETHUSDT-future-1h", "neither spot nor perp"),
        ("candles", "bybit-ETHUSDT-spot-7m", "unknown resolution '7m'"),
        ("candles", "bybit-ETHEUR-spot-1h", "end with USDT or USDC"),
        ("candles", "bybit-USDT-spot-1h", "unknown symbol 'USDT'"),
        ("candles", "Bybit-ETHUSDT-spot-1h", "is not a venue"),
        ("funding", "bybit-ETHUSDT-spot", "expected VENUE-SYMBOL-perp"),
        ("aave", "WETH-1d", "expected TOKEN-reserve-RESOLUTION"),
        ("oracle", "WETH!-USD-1h", "is not a token"),
        ("gas", "bitcoin-1h", "expected ethereum-RESOLUTION"),
    ],
)
def test_a_name_that_is_not_understood_says_what_was_expected(folder: str, stem: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_name(folder, stem)

    assert expected in str(caught.value)


@pytest.mark.parametrize("stem", ["bybit-ETHUSDT-spot-1h", "okx-BTCUSDC-perp-1m"])
def test_the_name_of_an_instruments_file_leads_back_to_the_instrument(stem: str) -> None:
    series = read_name("candles", stem)

    assert series.instrument is not None
    assert series.resolution is not None
    assert candles_name(series.instrument, series.resolution) == stem


def test_only_perps_have_a_funding_file() -> None:
    assert funding_name(InstrumentId("bybit:ETHUSDT-PERP")) == "bybit-ETHUSDT-perp"
    assert funding_name(InstrumentId("bybit:ETH/USDT")) is None


@pytest.mark.parametrize("instrument", ["bybit", "bybit:ETHUSDT", "bybit:ETH/EUR", ":ETH/USDT", "bybit:../USDT"])
def test_what_is_no_instrument_has_no_file(instrument: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        candles_name(InstrumentId(instrument), Resolution.H1)


def test_every_resolution_has_its_length() -> None:
    minutes = {resolution: resolution.length_ns // 60_000_000_000 for resolution in Resolution}

    assert minutes == {
        "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "8h": 480, "1d": 1440
    }  # fmt: skip


def test_a_time_is_written_as_iso_with_the_fraction_it_needs() -> None:
    assert iso(1_704_067_200_000_000_000) == "2024-01-01T00:00:00Z"
    assert iso(1_704_067_200_500_000_000) == "2024-01-01T00:00:00.5Z"
    assert iso(-1) == "1969-12-31T23:59:59.999999999Z"
