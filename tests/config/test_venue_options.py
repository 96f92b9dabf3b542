"""Every key of a venue, of its margin tiers and of the report is taken within its bounds, else refused by its key."""

import tomllib
from decimal import Decimal

import pytest

from config.load import settings_from
from config.problems import ConfigError
from config.settings import Settings
from messages.units import VenueName
from tests.config.samples import CONFIG

MARKET = '[venues.bybit.instruments."ETHUSDT-PERP"]\n'
TIERS = "venues.bybit.instruments.ETHUSDT-PERP.tiers"


def settings(added: str) -> Settings:
    return settings_from(tomllib.loads(CONFIG + added, parse_float=Decimal), "x.toml")


def refused(added: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        settings(added)
    return caught.value.lines


def tiers(*rows: str) -> str:
    return MARKET + "tiers = [" + ", ".join(f"{{{row}}}" for row in rows) + "]\n"


ROW = 'maintenance_bps = "50", max_leverage = "20"'


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("[venues.okx]\nkind = 'cex'\nlatency_ms = -1", "venues.okx.latency_ms: too small: -1, expected an integer"),
        ("[venues.okx]\nkind = 'cex'\nlatency_ms = 60001", "venues.okx.latency_ms: too large: 60001, expected an"),
        ("[venues.okx]\nkind = 'cex'\nlatency_ms = 1.5", "venues.okx.latency_ms: not an integer: 1.5"),
        ("[venues.okx]\nkind = 'cex'\nlatency_ms = true", "venues.okx.latency_ms: not an integer: true"),
        ("[venues.okx]\nkind = 'cex'\nlatency = 1", 'venues.okx.latency: unknown key, did you mean "latency_ms"?'),
        ("[venues.bybit.fill]\nmax_share = 0", "venues.bybit.fill.max_share: too small: 0, expected a decimal above 0"),
        ("[venues.bybit.fill]\nmax_share = 1.01", "venues.bybit.fill.max_share: too large: 1.01"),
        ("[venues.bybit.fill]\nmax_share = 'all'", 'venues.bybit.fill.max_share: not a number: "all"'),
        ("[venues.bybit.fill]\ntouch = 1", "venues.bybit.fill.touch: not true or false: 1, expected true or false"),
        ("[venues.bybit.fill]\ntuch = true", 'venues.bybit.fill.tuch: unknown key, did you mean "touch"?'),
        ("[venues.bybit.perp]\nleverage = 0.99", "venues.bybit.perp.leverage: too small: 0.99"),
        ("[venues.bybit.perp]\nleverage = 'x'", 'venues.bybit.perp.leverage: not a number: "x"'),
        ("[venues.bybit.perp]\nleverage = 101", "venues.bybit.perp.leverage: too large: 101, expected at most 100,"),
        ("[venues.bybit.perp]\nleverage = 1e9", "venues.bybit.perp.leverage: too large: 1000000000, expected at most"),
        ("[venues.bybit.perp]\nlevrage = 2", 'venues.bybit.perp.levrage: unknown key, did you mean "leverage"?'),
        ("[venues.bybit.perp]\nfee_in = 'quote'", "venues.bybit.perp.fee_in: unknown key, expected one of: maker_fee"),
        ("[venues.bybit.spot]\nleverage = 2", "venues.bybit.spot.leverage: unknown key, expected one of: maker_fee"),
        ("[venues.bybit.spot]\nfee_in = 'base'", 'venues.bybit.spot.fee_in: unknown value: "base", expected'),
        ("[venues.bybit.spot]\nfee_in = 'quote'", 'venues.bybit.spot.fee_in: "quote" is not offered by bybit'),
        ("[report]\nsample = '7h'", 'report.sample: unknown value: "7h", expected one of 1m, 3m'),
        ("[report]\nsample = 60", "report.sample: unknown value: 60"),
        ("[report]\ncurrency = 'EUR'", 'report.currency: unknown value: "EUR", expected "USDT"'),
        ("[report]\nenabled = 'no'", 'report.enabled: not true or false: "no"'),
        ("[report]\nsampel = '1h'", 'report.sampel: unknown key, did you mean "sample"?'),
        (MARKET + "liquidation_fee_bps = -1", "venues.bybit.instruments.ETHUSDT-PERP.liquidation_fee_bps: too small"),
        (MARKET + "liquidation_fee = 1", "venues.bybit.instruments.ETHUSDT-PERP.liquidation_fee: unknown key, did you"),
        (MARKET + "tiers = []", f"{TIERS}: empty, expected at least one tier"),
        (MARKET + "tiers = 3", f"{TIERS}: not an array: 3, expected an array of tables"),
        (MARKET + "tiers = [3]", f"{TIERS}.0: not a table: 3, expected"),
        (tiers("up_to = 5, max_leverage = 1"), f"{TIERS}.0.maintenance_bps: missing, expected a decimal"),
        (tiers(ROW, ROW), f"{TIERS}: up_to is missing in tiers.0, expected it in all but the last"),
        (tiers(f"up_to = 5, {ROW}", f"up_to = 5, {ROW}"), f"{TIERS}: up_to of tiers.1 is 5, expected more than the 5"),
        (tiers(f"up_to = 0, {ROW}"), f"{TIERS}.0.up_to: too small: 0"),
        (tiers(f"upto = 5, {ROW}"), f'{TIERS}.0.upto: unknown key, did you mean "up_to"?'),
        (tiers('maintenance_bps = "10000", max_leverage = 1'), f'{TIERS}.0.maintenance_bps: too large: "10000"'),
        (tiers('maintenance_bps = "1", max_leverage = 0.5'), f"{TIERS}.0.max_leverage: too small: 0.5"),
        (tiers(f"deduction = -1, {ROW}"), f"{TIERS}.0.deduction: too small: -1"),
        (tiers(ROW) + "[venues.bybit.perp]\nleverage = 21",
         "venues.bybit.perp.leverage: too large: 21, expected at most 20, the largest max_leverage of ETHUSDT-PERP"),
        ('[venues.bybit.instruments."ETH/USDT"]\ntiers = []',
         'venues.bybit.instruments."ETH/USDT".tiers: on a spot symbol, expected it on perps only'),
        ('[venues.bybit.instruments."ETH/USDT"]\nliquidation_fee_bps = 1',
         'venues.bybit.instruments."ETH/USDT".liquidation_fee_bps: on a spot symbol'),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_one_line_by_its_key(added: str, expected: str) -> None:
    lines = refused(added)

    assert len(lines) == 1, lines
    assert lines[0].startswith(f"x.toml: {expected}")
    assert lines[0].isprintable()


def test_bounds_themselves_are_within() -> None:
    found = settings(
        '[venues.okx]\nkind = "cex"\nlatency_ms = 60000\nspot.fee_in = "quote"\n'
        "perp.leverage = 100\nfill.max_share = 1\n"
        '[venues.binance]\nkind = "cex"\nlatency_ms = 0\nperp.leverage = "150"\nfill.max_share = "0.000001"\n'
    )

    okx, binance = found.venues[VenueName("okx")], found.venues[VenueName("binance")]
    assert (okx.latency_ns, okx.spot.fee_in, okx.perp.leverage, okx.fill.max_share) == (
        60 * 10**9,
        "quote",
        Decimal(100),
        Decimal(1),
    )
    assert (binance.latency_ns, binance.perp.leverage, binance.fill.max_share) == (0, Decimal(150), Decimal("0.000001"))


def test_ones_own_tiers_may_allow_more_leverage_than_the_files() -> None:
    own = 'tiers = [{maintenance_bps = "10", max_leverage = "500"}]\n'
    both = "".join(f'[venues.bybit.instruments."{coin}USDT-PERP"]\n{own}' for coin in ("BTC", "ETH"))

    assert settings(both + "[venues.bybit.perp]\nleverage = 500\n").venues[VenueName("bybit")].perp.leverage == 500
