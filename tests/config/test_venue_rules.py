"""Fees and rules come from the config where it says them, else from the project's data file, exactly."""

from decimal import Decimal

import pytest

from config.load import settings_from
from config.settings import Settings
from config.symbols import symbol_of
from config.venue_rules import RULE_KEYS, all_instruments, rule_gaps, rules_file, venue_models
from messages.instruments import FeeRates, Instrument
from messages.units import InstrumentId

VENUES = ("binance", "bybit", "okx")
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BTCUSDT-PERP", "ETHUSDT-PERP")


def settings(**venues: dict[str, object]) -> Settings:
    return settings_from(
        {
            "mode": {"type": "backtest", "start": "2024-01-02T00:00:00Z", "end": "2025-09-01T00:00:00Z"},
            "data": {"dir": "."},
            "venues": {name: {"kind": "cex", **venue} for name, venue in venues.items()},
            "strategy": {"use": "hold_basis"},
        },
        "test",
    )


def instruments(chosen: Settings, *ids: str) -> dict[str, Instrument]:
    models = venue_models(chosen, [InstrumentId(each) for each in ids])
    return {instrument.instrument_id: instrument for model in models for instrument in model.instruments}


def test_the_data_file_has_every_figure_with_its_source() -> None:
    assert tuple(rules_file()) == VENUES
    for venue, rules in rules_file().items():
        assert tuple(sorted(rules.instruments)) == tuple(sorted(SYMBOLS))
        for fees in (rules.spot, rules.perp):
            assert fees.source
            assert fees.account.startswith(venue)
        for symbol, one in rules.instruments.items():
            assert one.source
            assert set(one.unverified) <= set(RULE_KEYS)
            assert one.min_quantity % one.lot == 0, (venue, symbol)
            assert min(one.tick, one.lot, one.contract_size) > 0
            assert symbol_of(symbol) is not None


def test_lots_of_a_venue_that_counts_contracts_are_in_base() -> None:
    found = instruments(settings(okx={}), "okx:ETHUSDT-PERP", "okx:BTCUSDT-PERP")

    assert (
        found["okx:ETHUSDT-PERP"].lot == Decimal("0.01") * found["okx:ETHUSDT-PERP"].contract_size == Decimal("0.001")
    )
    assert (
        found["okx:BTCUSDT-PERP"].lot == Decimal("0.01") * found["okx:BTCUSDT-PERP"].contract_size == Decimal("0.0001")
    )


def test_perps_settle_in_the_venues_perp_account() -> None:
    ids = [f"{venue}:{symbol}" for venue in VENUES for symbol in ("ETH/USDT", "ETHUSDT-PERP")]

    found = instruments(settings(binance={}, bybit={}, okx={}), *ids)

    assert [found[each].account for each in ids] == ["binance", "binance.perp", "bybit", "bybit", "okx", "okx"]
    assert {(one.base, one.quote) for one in found.values()} == {("ETH", "USDT")}


def test_only_configured_venues_and_instruments_with_data_are_in_the_models() -> None:
    models = venue_models(
        settings(okx={}, bybit={}),
        [InstrumentId("bybit:ETH/USDT"), InstrumentId("binance:ETH/USDT"), InstrumentId("bybit:X")],
    )

    assert [(model.venue, [i.symbol for i in model.instruments]) for model in models] == [
        ("okx", []),
        ("bybit", ["ETH/USDT"]),
    ], "venues come in the order of the config: it decides which market values a coin"


def test_fees_of_the_trade_type_come_before_the_venues_before_the_files() -> None:
    (bybit,) = venue_models(settings(bybit={"taker_fee_bps": "7", "perp": {"taker_fee_bps": "6.123456789"}}), [])
    (okx,) = venue_models(settings(okx={"spot": {"maker_fee_bps": "-0.5"}}), [])

    assert bybit.spot_fees == FeeRates(maker=Decimal("0.001"), taker=Decimal("0.0007"))
    assert bybit.perp_fees == FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0006123456789"))
    assert okx.spot_fees == FeeRates(maker=Decimal("-0.00005"), taker=Decimal("0.001"))
    assert okx.perp_fees == FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005"))


def test_a_fee_of_thirty_decimals_becomes_a_fraction_without_rounding() -> None:
    fee = "999." + "1" * 30

    (okx,) = venue_models(settings(okx={"taker_fee_bps": fee}), [])

    assert format(okx.perp_fees.taker, "f") == "0.0999" + "1" * 30


def test_slippage_defaults_to_none_and_follows_its_model() -> None:
    (none,) = venue_models(settings(okx={}), [])
    (fixed,) = venue_models(settings(okx={"slippage": {"bps": "2"}}), [])
    (volume,) = venue_models(settings(okx={"slippage": {"model": "volume", "base_bps": 1, "impact_bps": "10"}}), [])

    assert [int(m.slippage.base_bps) for m in (none, fixed, volume)] == [0, 2, 1]
    assert [int(m.slippage.impact_bps) for m in (none, fixed, volume)] == [0, 0, 10]


def test_an_override_replaces_its_key_alone() -> None:
    chosen = settings(bybit={"instruments": {"ETHUSDT-PERP": {"lot": "0.5", "min_notional": "0"}}})

    (one,) = instruments(chosen, "bybit:ETHUSDT-PERP").values()

    assert (one.tick, one.lot, one.min_quantity, one.min_notional) == (
        Decimal("0.01"), Decimal("0.5"), Decimal("0.01"), Decimal(0),
    )  # fmt: skip


def test_a_symbol_that_the_file_does_not_know_takes_all_its_rules_from_the_config() -> None:
    rules = {"tick": "0.01", "lot": "0.1", "min_quantity": "0.1", "min_notional": "5", "contract_size": "1"}
    chosen = settings(binance={"instruments": {"SOLUSDT-PERP": rules}})

    (one,) = instruments(chosen, "binance:SOLUSDT-PERP").values()

    assert (one.base, one.quote, one.account, one.lot) == ("SOL", "USDT", "binance.perp", Decimal("0.1"))
    assert "binance:SOLUSDT-PERP" in all_instruments(chosen)


def test_data_without_rules_is_a_warning_that_names_what_is_missing() -> None:
    gaps = rule_gaps(
        settings(bybit={}),
        [InstrumentId(f"{venue}:SOLUSDT-PERP") for venue in VENUES] + [InstrumentId("bybit:ETH/USDC")],
    )

    assert len(gaps) == 2
    assert (
        "bybit:SOLUSDT-PERP: not tradable, no rules are known, expected tick, lot, min_quantity, min_notional"
        in gaps[1]
    )
    assert gaps[0].startswith("bybit:ETH/USDC: not tradable")


@pytest.mark.parametrize(
    "text", ["ETHUSDT", "ETH/USDC", "eth/usdt-PERP", "USDT-PERP", "/USDT", "ETH/USDT\n", "ETH-USDT-PERP"]
)
def test_other_forms_are_no_symbols(text: str) -> None:
    assert symbol_of(text) is None
