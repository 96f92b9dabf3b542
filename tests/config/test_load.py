"""A config file is either settings, or every problem at once: one line each, with file, key and what was expected."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.load import load, settings_from, trading_settings
from config.problems import ConfigError
from config.settings import Backtest, Settings
from config.venue_rules import venue_models
from messages.units import AccountName, Asset, InstrumentId, VenueName
from tests.config.samples import CONFIG, END, START, write


def loaded(tmp_path: Path, text: str) -> Settings:
    return load(write(tmp_path / "backtest.toml", text)).settings


def refused(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    return caught.value.lines


def test_the_issues_example_is_read_as_it_is_meant(tmp_path: Path) -> None:
    found = load(write(tmp_path / "backtest.toml", CONFIG))

    settings = found.settings
    assert settings.mode == Backtest(type="backtest", start="2024-01-02T00:00:00Z", end="2025-09-01T00:00:00Z", seed=7)  # type: ignore[arg-type]
    assert isinstance(settings.mode, Backtest)
    assert (settings.mode.start, settings.mode.end) == (START, END)
    assert settings.data.resolution_ns == 3600 * 10**9
    assert settings.accounts[AccountName("bybit")][Asset("USDT")] == Decimal(200_000)
    assert settings.venues[VenueName("bybit")].taker_fee_bps == Decimal("5.5")
    assert found.data_dir == tmp_path / "../shared/data"
    assert found.script == tmp_path / "instructions.jsonl"


def test_settings_are_frozen_all_the_way_down(tmp_path: Path) -> None:
    settings = loaded(tmp_path, CONFIG)

    with pytest.raises(ValidationError):
        settings.mode.seed = 8  # type: ignore[misc, union-attr]
    with pytest.raises(TypeError):
        settings.accounts[AccountName("bybit")][Asset("USDT")] = Decimal(1)  # type: ignore[index]
    with pytest.raises(TypeError):
        settings.strategy.params["file"] = "x"  # type: ignore[index]


def test_params_of_an_own_strategy_stay_plain_frozen_values(tmp_path: Path) -> None:
    text = CONFIG.replace('"script"', '"my_module.sub:MyStrategy"') + "a = 0.1\nb = [1, {c = true}]\n"

    params = loaded(tmp_path, text).strategy.params

    assert params["a"] == Decimal("0.1")
    assert params["b"] == (1, {"c": True})
    assert isinstance(params["b"][1], Mapping)
    with pytest.raises(TypeError):
        params["b"][1]["c"] = False


def test_amounts_may_be_text_an_integer_or_a_decimal_and_are_exact(tmp_path: Path) -> None:
    text = CONFIG.replace('USDT = "200000"', 'USDT = "0.1"\nETH = 0.10000000000000000000001\nBTC = 3\nX = 1e3')

    balances = loaded(tmp_path, text).accounts[AccountName("bybit")]

    assert list(map(str, balances.values())) == ["0.1", "0.10000000000000000000001", "3", "1000"]


TIERS = """\
[venues.bybit.instruments."ETHUSDT-PERP"]
liquidation_fee_bps = "12.5"
[[venues.bybit.instruments."ETHUSDT-PERP".tiers]]
up_to = "1000"
maintenance_bps = "50"
max_leverage = "20"
[[venues.bybit.instruments."ETHUSDT-PERP".tiers]]
maintenance_bps = "75"
max_leverage = "10"
"""

CASES = [
    ('taker_fee_bps = "5.5"', 'taker_fee_bps = "abc"',
     'venues.bybit.taker_fee_bps: not a number: "abc", expected a decimal such as "5.5"'),
    ('taker_fee_bps = "5.5"', "taker_fee_bps = true", "venues.bybit.taker_fee_bps: not a number: true"),
    ('taker_fee_bps = "5.5"', "taker_fee_bps = nan", "venues.bybit.taker_fee_bps: not a number: nan"),
    ('taker_fee_bps = "5.5"', 'taker_fee_bps = "-1"', "venues.bybit.taker_fee_bps: too small"),
    ('taker_fee_bps = "5.5"', "taker_fee_bps = 1001", "venues.bybit.taker_fee_bps: too large"),
    ('maker_fee_bps = "2"', 'maker_fee_bps = "-101"', "venues.bybit.maker_fee_bps: too small"),
    ('maker_fee_bps = "2"', 'maker_fee_bp = "2"', 'venues.bybit.maker_fee_bp: unknown key, did you mean "maker'),
    ('kind = "cex"', 'kind = "dex"', 'venues.bybit.kind: unknown value: "dex", expected "cex"'),
    ('kind = "cex"', "", 'venues.bybit.kind: missing, expected "cex"'),
    ('bps = "1"', 'bps = "10000"', "venues.bybit.slippage.bps: too large"),
    ('bps = "1"', 'impact_bps = "1"', "venues.bybit.slippage: base_bps and impact_bps belong to"),
    ('model = "fixed"', 'model = "volume"', "venues.bybit.slippage: bps belongs to"),
    ('model = "fixed"\nbps = "1"', 'model = "volume"', "venues.bybit.slippage: impact_bps is missing"),
    ("start = 2024-01-02T00:00:00Z", "start = 2024-01-02T00:00:00", "mode.start: not an instant: 2024-01-02T00:00:00,"),
    ("start = 2024-01-02T00:00:00Z", "start = 2024-01-02", "mode.start: not an instant: 2024-01-02, expected"),
    ("start = 2024-01-02T00:00:00Z", "start = 2025-09-01T00:00:00Z", "mode: end is not after start"),
    ("seed = 7", "seed = 7.5", "mode.seed: not an integer: 7.5"),
    ("seed = 7", "seed = -1", "mode.seed: too small: -1"),
    ("seed = 7", "seeed = 7", 'mode.seeed: unknown key, did you mean "seed"?'),
    ('resolution = "1h"', 'resolution = "7h"', 'data.resolution: unknown value: "7h", expected a candle length'),
    ('dir = "../shared/data"', "", "data.dir: missing"),
    ('dir = "../shared/data"', 'dir = ""', "data.dir: not a path"),
    ('USDT = "200000"', 'USDT = "-1"', 'accounts.bybit.USDT: too small: "-1"'),
    ('USDT = "200000"', '"U/T" = "1"', 'accounts.bybit."U/T": not an asset'),
    ("[accounts.bybit]", "[accounts.bybit.perp]", "accounts.bybit.perp: a table, expected an amount, or the"),
    ("[accounts.bybit]", '[accounts."bybit.perp"]', 'accounts."bybit.perp": no such account: bybit is one uni'),
    ("[accounts.bybit]", "[accounts.okx]", "accounts.okx: venue okx is not configured, expected a sect"),
    ("[accounts.bybit]", "[accounts.wallet]", "accounts.wallet: not available yet"),
    ("[accounts.bybit]", "[accounts.bibit]", 'accounts.bibit: unknown account, did you mean "bybit"?'),
    ("[venues.bybit]", "[venues.kraken]", "venues.kraken: unknown venue, expected one of: binance"),
    ('use = "script"', 'use = "scrip"', 'strategy.use: unknown strategy: "scrip", did you mean "script"?'),
    ('use = "script"', 'use = "a b:C"', 'strategy.use: not a strategy: "a b:C"'),
    ('use = "script"', 'use = "script"\non_error = "go"', 'strategy.on_error: unknown value: "go", expected'),
    ('file = "instructions.jsonl"', "file = 3", "strategy.params.file: not a path: 3"),
    ('file = "instructions.jsonl"', 'fil = "x"', "strategy.params.file: missing"),
    ("[strategy]", "[risk]\nhalted = 1\n[strategy]", "risk.halted: not true or false: 1"),
    ("[strategy]", "[risk]\nmax_order_notional = 0\n[strategy]", "risk.max_order_notional: too small: 0"),
    ("[strategy]", "[risks]\n[strategy]", 'risks: unknown key, did you mean "risk"?'),
    ("[strategy]", "[journal]\nx = 1\n[strategy]", "journal: not used in a backtest: the journal is in"),
    ("[strategy]", "[logging]\nx = 1\n[strategy]", "logging: unknown key, expected one of: mode, data"),
    ("[strategy]", '[venues.bybit.instruments."ETHUSDT-PERP"]\nlot = "0"\n[strategy]',
     "venues.bybit.instruments.ETHUSDT-PERP.lot: too small"),
    ("[strategy]", '[venues.bybit.instruments."SOL-PERP"]\n[strategy]', "venues.bybit.instruments.SOL-PERP: not a"),
    ("[strategy]", '[venues.bybit.instruments."SOLUSDT-PERP"]\ntick = "0.01"\n[strategy]',
     "venues.bybit.instruments.SOLUSDT-PERP: no rules of our own for this symbol, expected also lot, min_quantity, mi"),
    ("[venues.bybit.slippage]", "[venues.bybit.spot]\nfee = 1\n[venues.bybit.slippage]", "venues.bybit.spot.fee: unk"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CASES, ids=[case[2][:60] for case in CASES])
def test_each_kind_of_mistake_is_one_line_with_file_key_and_what_was_expected(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in CONFIG

    lines = refused(tmp_path, CONFIG.replace(old, new, 1))

    assert [line for line in lines if line.startswith(f"backtest.toml: {expected}")], lines
    assert all("expected" in line or "did you mean" in line or "unknown key" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    text = CONFIG
    for old, new, _ in (CASES[0], CASES[7], CASES[13], CASES[19], CASES[33]):
        text = text.replace(old, new, 1)

    assert len(refused(tmp_path, text)) == 5


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_a_mode_that_the_caller_can_not_run_is_one_clear_line(tmp_path: Path, mode: str) -> None:
    text = CONFIG.replace('"backtest"', f'"{mode}"').replace("seed = 7", "x = 1")

    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path / "backtest.toml", text), modes=("backtest",))

    expected = f'backtest.toml: mode.type: "{mode}" is not in this version, which has only "backtest"'
    assert caught.value.lines == (expected,)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"papr"', 'mode.type: unknown mode: "papr", expected "backtest", "paper" or "live"'),
        ("7", 'mode.type: unknown mode: 7, expected "backtest", "paper" or "live"'),
        ("", 'mode.type: missing, expected "backtest", "paper" or "live"'),
    ],
)
def test_an_unknown_mode_is_one_clear_line(tmp_path: Path, written: str, expected: str) -> None:
    line = f"type = {written}" if written else ""

    assert refused(tmp_path, CONFIG.replace('type = "backtest"', line)) == (f"backtest.toml: {expected}",)


def test_nothing_at_all_names_every_missing_section(tmp_path: Path) -> None:
    lines = refused(tmp_path, "")

    assert [line.split(":")[1] for line in lines] == [" mode", " data", " venues", " strategy"]


def test_accounts_of_configured_venues_are_accepted(tmp_path: Path) -> None:
    text = (
        CONFIG
        + '[venues.binance]\nkind = "cex"\n'
        + "".join(
            f'[accounts."{name}"]\nUSDT = 1\n'
            for name in ("binance", "binance.perp", "binance.funding", "bybit.funding")
        )
    )

    assert len(loaded(tmp_path, text).accounts) == 5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", "x.toml:1: not UTF-8"),
        (b"a = 1\n\xff", "x.toml:2: not UTF-8"),
        (b"a = \n", "x.toml: not TOML: Invalid value (at line 1, column 5)"),
        (b"a = " + b"[" * 50_000, "x.toml: not TOML: nested too deeply"),
        (b"a = " + b"1" * 5000, "x.toml: not TOML: a number of too many digits"),
        (b"a." * 200_000 + b"b = 1", "x.toml:1: a key of more than 32 parts"),
        (b'\n"a\\"." . ' * 40 + b"b = 1", "x.toml: not TOML"),
        (b'"a\\".". ' * 40 + b"b = 1", "x.toml:1: a key of more than 32 parts"),
        (b"x = {" + b"'a.b'." * 40 + b"b = 1}", "x.toml:1: a key of more than 32 parts"),
        (b"#" * (2**20 + 1), "x.toml: too large"),
        (b"a." * 20 + b"b = 1", "x.toml: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: nested deeper than 16 levels"),
        (b"a = " + b"[" * 30 + b"]" * 30, "nested deeper than 16 levels"),
    ],
)
def test_a_file_that_can_not_be_read_as_toml_is_a_line(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert expected in caught.value.lines[0]


def test_a_missing_file_and_a_folder_are_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^none\.toml: no such file: .*none\.toml$"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        load(tmp_path)


@pytest.mark.parametrize(
    "key",
    ["api_key", "apiKey", "API-SECRET", "secret", "passphrase", "private_key", "password", "auth_token", "mnemonic"],
)
@pytest.mark.parametrize(
    "where", ["", "[venues.bybit.spot]\n", "[strategy.params.deep]\nl = [{a = 1}]\n", "[accounts.okx]\n"]
)
def test_a_secret_anywhere_is_refused_and_its_value_never_said(tmp_path: Path, key: str, where: str) -> None:
    text = f'{key} = "hunter2"\n{CONFIG}' if not where else f'{CONFIG}{where}{key} = "hunter2"\n'

    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)

    assert [line for line in caught.value.lines if f"{key}: secrets never stand in a config" in line]
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__context__ is None or "hunter2" not in str(caught.value.__context__)


def test_values_of_unknown_keys_are_never_said(tmp_path: Path) -> None:
    inner = 'log = "hunter2"\n[venues.bybit.perp]\nfoo = "hunter2"\n[risk]\nbar = ["hunter2"]\n'
    text = f'zugang = "hunter2"\n{CONFIG}{inner}'

    assert "hunter2" not in "\n".join(refused(tmp_path, text))


def test_hostile_keys_and_values_stay_on_one_short_line(tmp_path: Path) -> None:
    text = CONFIG.replace('"5.5"', '"' + "\\u001b[31m\\n" * 1000 + '"') + '[venues."\\u0007\\n"]\nkind = "cex"\n'

    lines = refused(tmp_path, text)

    assert all(line.isprintable() and len(line) < 300 for line in lines)


def test_trading_settings_fill_in_every_default_and_name_no_path(tmp_path: Path) -> None:
    settings = loaded(tmp_path, CONFIG + TIERS)
    models = venue_models(settings, [InstrumentId("bybit:ETHUSDT-PERP")])

    found = trading_settings(settings, models)

    assert json.loads(json.dumps(found)) == {
        "mode": {"type": "backtest", "start": START, "end": END, "seed": 7},
        "data": {"resolution": "1h"},
        "accounts": {"bybit": {"USDT": "200000"}},
        "venue_order": ["bybit"],
        "venues": {
            "bybit": {
                "kind": "cex",
                "latency_ns": 0,
                "spot": {"maker_fee_bps": "2", "taker_fee_bps": "5.5", "fee_in": "received", "rebate_in_given": True},
                "perp": {"maker_fee_bps": "2", "taker_fee_bps": "5.5", "leverage": "1"},
                "slippage": {"base_bps": "1", "impact_bps": "0"},
                "fill": {"max_share": None, "touch": False},
                "instruments": {
                    "ETHUSDT-PERP": {
                        "account": "bybit", "tick": "0.01", "lot": "0.01", "min_quantity": "0.01", "min_notional": "5",
                        "contract_size": "1", "liquidation_fee_bps": "12.5",
                        "tiers": [
                            {"up_to": "1000", "maintenance_bps": "50", "deduction": "0", "max_leverage": "20"},
                            {"up_to": None, "maintenance_bps": "75", "deduction": "2.5", "max_leverage": "10"},
                        ],
                    }
                },
            }
        },
        "strategy": {"use": "script", "params": {}, "on_error": "stop"},
        "risk": {"halted": False, "max_order_notional": None},
        "report": {"sample": "1h", "currency": "USDT"},
    }  # fmt: skip


def test_trading_settings_do_not_depend_on_spelling_or_on_the_order_of_sections(tmp_path: Path) -> None:
    risk = "[risk]\nhalted = false\n"
    other = risk + CONFIG.replace('"200000"', "200000.00").replace('"5.5"', "5.50")

    first = json.dumps(trading_settings(loaded(tmp_path, CONFIG)))

    assert json.dumps(trading_settings(loaded(tmp_path, other))) == first


def test_trading_settings_keep_the_order_of_venues_which_decides_which_market_values_a_coin(tmp_path: Path) -> None:
    second = '[venues.binance]\nkind = "cex"\n'

    after = trading_settings(loaded(tmp_path, CONFIG + second))
    before = trading_settings(loaded(tmp_path, second + CONFIG))

    assert (after["venue_order"], before["venue_order"]) == (["bybit", "binance"], ["binance", "bybit"])


def test_settings_come_from_plain_dicts_too() -> None:
    raw = {
        "mode": {"type": "backtest", "start": "2024-01-02T00:00:00Z", "end": "2025-09-01T00:00:00Z"},
        "data": {"dir": "."},
        "venues": {"okx": {"kind": "cex"}},
        "strategy": {"use": "hold_basis", "params": {"amount": 0.1, "base": "ETH", "venue": "okx"}},
    }

    settings = settings_from(raw, "config")

    assert settings.strategy.params["amount"] == Decimal("0.1")
    assert trading_settings(settings)["strategy"] == {
        "use": "hold_basis",
        "params": {"amount": "0.1", "base": "ETH", "venue": "okx"},
        "on_error": "stop",
    }


def test_the_second_steps_keys_have_defaults_that_change_nothing(tmp_path: Path) -> None:
    settings = loaded(tmp_path, CONFIG)

    venue, report = settings.venues[VenueName("bybit")], settings.report
    assert (venue.latency_ms, venue.fill.max_share, venue.fill.touch) == (0, None, False)
    assert (venue.perp.leverage, venue.spot.fee_in) == (Decimal(1), "received")
    assert (report.sample, report.sample_ns, report.currency, report.enabled) == ("1h", 3600 * 10**9, "USDT", True)


def test_equity_may_be_marked_at_another_length_or_only_at_both_ends(tmp_path: Path) -> None:
    def sample_ns(sample: str) -> int | None:
        return loaded(tmp_path, f'{CONFIG}[report]\nsample = "{sample}"\nenabled = false\n').report.sample_ns

    assert [sample_ns(each) for each in ("15m", "1d", "off")] == [900 * 10**9, 86_400 * 10**9, None]


def test_what_is_marked_is_hashed_and_what_is_only_drawn_is_not(tmp_path: Path) -> None:
    first = trading_settings(loaded(tmp_path, CONFIG))

    assert trading_settings(loaded(tmp_path, CONFIG + "[report]\nenabled = false\n")) == first
    assert trading_settings(loaded(tmp_path, CONFIG + '[report]\nsample = "off"\n')) != first
