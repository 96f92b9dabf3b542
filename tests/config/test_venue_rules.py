"""Fees and rules come from the config where it says them, else from the project's data file, exactly."""

import itertools
from decimal import Decimal

import pytest

from config.load import settings_from
from config.settings import Settings
from config.symbols import symbol_of
from config.venue_rules import MARGIN_KEYS, RULE_KEYS, all_instruments, rule_gaps, rules_file, venue_models
from messages.instruments import FeeRates, FillModel, Instrument, MarginTier
from messages.units import Amount, InstrumentId, Price

VENUES = ("binance", "bybit", "okx")
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BTCUSDT-PERP", "ETHUSDT-PERP")


def settings(**venues: dict[str, object]) -> Settings:
    return settings_from(
        {
            "mode": {"type": "backtest", "start": "2024-01-02T00:00:00Z", "end": "2025-09-01T00:00:00Z"},
            "data": {"dir": "."},
            "venues": {name: {"kind": "cex", **venue} for name, venue in venues.items()},
            "strategy": {"use": "my_module:Own"},
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
            assert set(one.unverified) <= {*RULE_KEYS, *MARGIN_KEYS}
            assert bool(one.tiers) == bool(one.margin_source) == symbol.endswith("-PERP")
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

    assert bybit.spot_fees == FeeRates(maker=Decimal("0.001"), taker=Decimal("0.0007"), rebate_in_given=True)
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


def test_how_a_venue_fills_and_how_far_away_it_is_comes_from_its_section() -> None:
    (plain,) = venue_models(settings(bybit={}), [])
    (chosen,) = venue_models(
        settings(bybit={"latency_ms": 250, "fill": {"max_share": "0.1", "touch": True}, "perp": {"leverage": "2.5"}}),
        [],
    )

    assert (plain.fill, plain.leverage, plain.latency_ns) == (FillModel(), Decimal(1), 0)
    assert (chosen.fill, chosen.leverage, chosen.latency_ns) == (
        FillModel(max_share=Decimal("0.1"), touch=True), Decimal("2.5"), 250_000_000,
    )  # fmt: skip


def test_okx_takes_spot_fees_in_quote_by_choice_and_bybit_pays_rebates_in_what_was_given() -> None:
    models = venue_models(settings(binance={}, bybit={}, okx={"spot": {"fee_in": "quote"}}), [])
    (received,) = venue_models(settings(okx={}), [])

    assert [(m.spot_fees.in_quote, m.spot_fees.rebate_in_given) for m in models] == [
        (False, False), (False, True), (True, False),
    ]  # fmt: skip
    assert [(m.perp_fees.in_quote, m.perp_fees.rebate_in_given) for m in models] == [(False, False)] * 3
    assert not received.spot_fees.in_quote


def test_tiers_of_binance_are_those_of_its_leverage_brackets() -> None:
    """Source: freqtrade 2026.9 binance_leverage_tiers.json; the deduction is its ``cum``."""
    found = instruments(settings(binance={}), "binance:ETHUSDT-PERP", "binance:ETH/USDT")

    first, *_, last = found["binance:ETHUSDT-PERP"].tiers
    assert first == MarginTier(
        up_to=Amount(Decimal(300_000)),
        maintenance=Decimal("0.004"),
        deduction=Amount(Decimal(0)),
        max_leverage=Decimal(150),
    )
    assert (last.maintenance, last.deduction, last.max_leverage) == (Decimal("0.05"), Decimal(2_007_000), Decimal(10))
    assert found["binance:ETHUSDT-PERP"].liquidation_fee == Decimal("0.0125")
    assert not found["binance:ETH/USDT"].tiers
    assert found["binance:ETH/USDT"].liquidation_fee == 0


@pytest.mark.parametrize("symbol", ["BTCUSDT-PERP", "ETHUSDT-PERP"])
@pytest.mark.parametrize("venue", VENUES)
def test_margin_of_the_data_file_never_falls_with_size_nor_jumps_at_a_bound(venue: str, symbol: str) -> None:
    (one,) = instruments(settings(**{venue: {}}), f"{venue}:{symbol}").values()

    assert len(one.tiers) >= 6
    for lower, upper in itertools.pairwise(one.tiers):
        bound = lower.up_to
        assert bound is not None
        assert upper.up_to is None or upper.up_to > bound
        assert upper.maintenance > lower.maintenance
        assert upper.max_leverage <= lower.max_leverage
        assert bound * lower.maintenance - lower.deduction == bound * upper.maintenance - upper.deduction


def test_what_no_source_confirms_is_marked_so() -> None:
    marked = {
        f"{venue}:{symbol}": [key for key in MARGIN_KEYS if key in one.unverified]
        for venue, rules in rules_file().items()
        for symbol, one in rules.instruments.items()
        if one.tiers
    }

    both = ["tiers", "liquidation_fee_bps"]
    assert marked == {
        "binance:BTCUSDT-PERP": [],
        "binance:ETHUSDT-PERP": ["liquidation_fee_bps"],
        "bybit:BTCUSDT-PERP": both,
        "bybit:ETHUSDT-PERP": both,
        "okx:BTCUSDT-PERP": both,
        "okx:ETHUSDT-PERP": both,
    }


def test_tiers_of_the_config_replace_all_of_the_files_and_a_deduction_left_out_keeps_the_margin_from_jumping() -> None:
    tiers = [
        {"up_to": "1000", "maintenance_bps": "100", "max_leverage": "50"},
        {"up_to": "5000", "maintenance_bps": "250", "max_leverage": "20"},
        {"up_to": "9000", "maintenance_bps": "500", "deduction": "7", "max_leverage": "10"},
        {"maintenance_bps": "1000", "max_leverage": "1"},
    ]
    chosen = settings(bybit={"instruments": {"ETHUSDT-PERP": {"tiers": tiers, "liquidation_fee_bps": "50"}}})

    (one,) = instruments(chosen, "bybit:ETHUSDT-PERP").values()

    assert [tier.up_to for tier in one.tiers] == [1000, 5000, 9000, None]
    assert [tier.maintenance for tier in one.tiers] == [Decimal(x) for x in ("0.01", "0.025", "0.05", "0.1")]
    assert [tier.deduction for tier in one.tiers] == [0, 15, 7, 7 + 450]
    assert one.liquidation_fee == Decimal("0.005")
    assert one.tick == Price(Decimal("0.01"))


def test_a_perp_of_ones_own_without_tiers_is_warned_of() -> None:
    rules = {"tick": "0.01", "lot": "0.1", "min_quantity": "0.1", "min_notional": "5", "contract_size": "1"}
    tiers = [{"maintenance_bps": "100", "max_leverage": "50"}]
    with_tiers = settings(binance={"instruments": {"SOLUSDT-PERP": {**rules, "tiers": tiers}}})
    without = settings(binance={"instruments": {"SOLUSDT-PERP": rules, "SOL/USDT": rules}})
    sol = [InstrumentId("binance:SOLUSDT-PERP"), InstrumentId("binance:SOL/USDT")]

    assert rule_gaps(with_tiers, sol[:1]) == ()
    (line,) = rule_gaps(without, sol)
    assert line == (
        "binance:SOLUSDT-PERP: never liquidated, no margin tiers are known, "
        "expected tiers in [venues.binance.instruments.SOLUSDT-PERP]"
    )
