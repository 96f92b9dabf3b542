"""The params of the built-in strategies are known by name, bound and default, and refused by their key."""

from decimal import Decimal

import pytest

from config.load import settings_from, trading_settings
from config.problems import ConfigError
from config.settings import BUILT_IN_STRATEGIES, Settings
from config.strategy_params import PARAMS, effective_params

BASIS = {"venue": "bybit", "notional": "10000"}
HOLD = {"venue": "bybit", "base": "ETH", "amount": "1"}


def settings(use: str, params: dict[str, object]) -> Settings:
    return settings_from(
        {
            "mode": {"type": "backtest", "start": "2024-01-02T00:00:00Z", "end": "2025-09-01T00:00:00Z"},
            "data": {"dir": "."},
            "venues": {"bybit": {"kind": "cex"}, "okx": {"kind": "cex"}},
            "strategy": {"use": use, "params": params},
        },
        "x.toml",
    )


def refused(use: str, params: dict[str, object]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        settings(use, params)
    return caught.value.lines


def test_what_config_knows_are_the_built_in_strategies() -> None:
    assert tuple(PARAMS) == BUILT_IN_STRATEGIES == ("script", "hold_basis", "basis")


def test_basis_needs_a_venue_and_a_size_and_has_defaults_for_the_rest() -> None:
    found = settings("basis", dict(BASIS))

    assert dict(found.strategy.params) == BASIS, "the strategy gets what was written"
    assert effective_params("basis", found.strategy.params) == {
        "venue": "bybit",
        "spot_venue": "bybit",
        "base": "ETH",
        "notional": Decimal(10_000),
        "window_h": 72,
        "enter_bps_per_year": Decimal(800),
        "leave_bps_per_year": Decimal(200),
        "drift_bps": Decimal(200),
        "margin_buffer_bps": Decimal(2000),
        "execution": "market",
        "limit_wait_h": 1,
        "limit_offset_bps": Decimal(2),
    }


def test_a_default_that_is_written_out_and_another_spelling_hash_the_same() -> None:
    short = trading_settings(settings("basis", dict(BASIS)))
    long = trading_settings(
        settings(
            "basis", {"notional": 10_000.0, "venue": "bybit", "spot_venue": "bybit", "window_h": 72, "drift_bps": 200}
        )
    )

    assert short == long


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"venue": None}, "venue: missing, expected a configured venue"),
        ({"venue": "binance"}, 'venue: not configured: "binance", expected one of: bybit, okx'),
        ({"venue": 3}, "venue: not text: 3, expected a configured venue"),
        ({"spot_venue": "okex"}, 'spot_venue: not configured: "okex", did you mean "okx"?'),
        ({"base": "E/TH"}, 'base: not an asset: "E/TH", expected an asset such as "ETH"'),
        ({"notional": None}, "notional: missing, expected a decimal above 0"),
        ({"notional": "0"}, 'notional: too small: "0", expected a decimal above 0'),
        ({"notional": "ten"}, 'notional: not a number: "ten"'),
        ({"window_h": 0}, "window_h: too small: 0, expected an integer of at least 1 and at most 8784"),
        ({"window_h": 10**40}, "window_h: too large: "),
        ({"window_h": "72"}, 'window_h: not an integer: "72"'),
        ({"window_h": True}, "window_h: not an integer: true"),
        ({"enter_bps_per_year": "1e3"}, 'enter_bps_per_year: not a number: "1e3"'),
        ({"leave_bps_per_year": "800.1"}, "leave_bps_per_year: above enter_bps_per_year: 800.1, expected at most 800"),
        ({"enter_bps_per_year": "199"}, "leave_bps_per_year: above enter_bps_per_year: 200, expected at most 199"),
        ({"drift_bps": 0}, "drift_bps: too small: 0"),
        ({"margin_buffer_bps": -1}, "margin_buffer_bps: too small: -1"),
        ({"execution": "twap"}, 'execution: unknown value: "twap", expected "market" or "limit"'),
        ({"limit_wait_h": 1.5}, "limit_wait_h: not an integer: 1.5"),
        ({"limit_offset_bps": "10000"}, 'limit_offset_bps: too large: "10000"'),
        ({"windoh_h": 5}, 'windoh_h: unknown key, did you mean "window_h"?'),
        ({"x": 5}, "x: unknown key, expected one of: venue, spot_venue, base, notional"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_in_basis_is_one_line_by_its_key(changes: dict[str, object], expected: str) -> None:
    params = {key: value for key, value in {**BASIS, **changes}.items() if value is not None}

    (line,) = refused("basis", params)

    assert line.startswith(f"x.toml: strategy.params.{expected}")
    assert line.isprintable()


def test_a_leaving_equal_to_the_entering_is_within() -> None:
    params = {**BASIS, "leave_bps_per_year": "800"}

    assert dict(settings("basis", dict(params)).strategy.params) == params


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["venue: missing", "base: missing", "amount: missing"]),
        ({**HOLD, "amount": "-1"}, ["amount: too small"]),
        ({**HOLD, "amonut": "1"}, ['amonut: unknown key, did you mean "amount"?']),
        ({**HOLD, "venue": "kraken"}, ["venue: not configured"]),
    ],
)
def test_hold_basis_is_looked_at_before_it_is_built(params: dict[str, object], expected: list[str]) -> None:
    lines = refused("hold_basis", params)

    assert len(lines) == len(expected)
    assert all(line.startswith(f"x.toml: strategy.params.{said}") for line, said in zip(lines, expected, strict=True))


def test_params_of_ones_own_strategy_are_its_own_business() -> None:
    assert settings("my_module:Mine", {"anything": 1}).strategy.params["anything"] == 1
