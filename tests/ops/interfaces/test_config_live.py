"""The specification's keys of a live config become typed settings and credentials that nobody sees."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from messages.units import VenueName
from ops.interfaces import CEXExecutionInterface, EventDrivenStrategyEngine, ExecutionInterfaceFactory
from ops.interfaces.choices import Chosen
from ops.interfaces.chosen import chosen_from, without_secrets
from tests.ops.interfaces.calls import run, spot

SECRET = "s3cr3t-v4lu3"  # noqa: S105 - looked for everywhere
BINANCE = {"binance_api_key": SECRET, "binance_secret": SECRET}
OKX = {"okx_api_key": SECRET, "okx_secret": SECRET, "okx_passphrase": SECRET}


def chosen(mode: str, **config: object) -> Chosen:
    clean, secrets = without_secrets({"execution_mode": mode, **config})
    return chosen_from(mode, clean, secrets)


def venues(found: Chosen) -> Mapping[VenueName, Any]:
    return found.settings.venues


def test_the_specifications_config_is_enough() -> None:
    others = {
        "bybit_api_key": SECRET,
        "bybit_secret": SECRET,
        "bybit_sandbox": False,
        "binance_sandbox": False,
        "okx_sandbox": False,
        "alchemy_api_key": SECRET,
        "wallet_private_key": SECRET,
        "wallet_address": "0x00",
    }

    found = chosen("live", **BINANCE, **OKX, **others)

    assert list(venues(found)) == ["binance", "bybit", "okx"]
    assert found.lacking == ()
    assert {name: each.passphrase is not None for name, each in found.credentials.items()} == {
        "binance": False,
        "bybit": False,
        "okx": True,
    }
    assert found.credentials[VenueName("okx")].texts() == (SECRET, SECRET, SECRET)
    assert all(
        each.symbols == ("ETH/USDT", "BTC/USDT", "ETHUSDT-PERP", "BTCUSDT-PERP") for each in venues(found).values()
    )
    assert found.loaded.journal_path == Path.cwd() / "state" / "live" / "journal.sqlite"
    assert found.settings.mode.adopt is True  # type: ignore[union-attr]  # of live
    assert found.timeout_s == 30


def test_only_venues_with_keys_are_there() -> None:
    assert list(venues(chosen("live", **OKX))) == ["okx"]
    assert list(venues(chosen("paper", **OKX))) == ["binance", "bybit", "okx"]


def test_what_the_specification_has_for_the_other_mode_is_passed_over() -> None:
    found = chosen("live", **OKX, data={"data_dir": "data/", "resolution": "5m"}, initial_capital=100000)

    assert found.settings.data.resolution == "5m"
    assert found.openings == ()


def test_the_tables_of_a_config_file_may_be_given() -> None:
    found = chosen(
        "live",
        **OKX,
        venues={
            "okx": {
                "instruments": ["ETH/USDT"],
                "endpoint": {"connect_to": "127.0.0.1:8443", "ca_file": "ca.pem"},
                "max_slippage_bps": "10",
                "perp": {"leverage": 3},
            }
        },
        journal={"path": "elsewhere/j.sqlite"},
        unknown={"margin_ms": 100},
        execution={"on_stop": "cancel"},
        risk={"max_order_notional": 5000},
        adopt=False,
    )

    okx = venues(found)[VenueName("okx")]
    assert (okx.symbols, str(okx.max_slippage_bps), str(okx.perp.leverage)) == (("ETH/USDT",), "10", "3")
    assert okx.endpoint.connect_to == "127.0.0.1:8443"
    assert found.loaded.journal_path == Path.cwd() / "elsewhere" / "j.sqlite"
    assert found.settings.unknown.margin_ms == 100
    assert found.settings.execution.on_stop == "cancel"
    assert found.settings.mode.adopt is False  # type: ignore[union-attr]  # of live


def test_keys_may_lie_in_a_folder_as_those_of_a_config_file_do(tmp_path: Path) -> None:
    named = {"bybit": {"credentials": "mine"}}

    found = chosen("live", **OKX, venues=named, secrets={"dir": str(tmp_path)})

    assert list(found.credentials) == ["okx"]
    assert venues(found)[VenueName("bybit")].credentials == "mine"
    assert found.lacking == ()


def test_a_sandbox_of_binance_has_spot_alone() -> None:
    found = chosen("live", **BINANCE, **OKX, binance_sandbox=True, okx_sandbox=True)

    binance, okx = venues(found)[VenueName("binance")], venues(found)[VenueName("okx")]
    assert (binance.sandbox, binance.symbols) == (True, ("ETH/USDT", "BTC/USDT"))
    assert (okx.sandbox, len(okx.symbols)) == (True, 4)


def test_paper_divides_the_capital_among_the_venues_and_the_wallet() -> None:
    found = chosen("paper", initial_capital=100000, seed=7)
    one = chosen("paper", initial_capital=100000, venues={"bybit": {}})
    given = chosen("paper", accounts={"bybit": {"USDT": 5}}, venues={"bybit": {}})

    assert {account: str(amount) for account, _, amount in found.openings} == {
        "binance": "12500",
        "binance.perp": "12500",
        "bybit": "25000",
        "okx": "25000",
    }
    assert found.in_wallet == 25000
    assert ([str(each[2]) for each in one.openings], str(one.in_wallet)) == (["50000"], "50000")
    assert ([str(each[2]) for each in given.openings], str(given.in_wallet)) == (["5"], "0")


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({}, "config: no keys of a venue, expected such as binance_api_key and binance_secret"),
        ({**OKX, "unknwon": {}}, 'config: unknwon: unknown key, did you mean "unknown"\\?'),
        ({**OKX, "seed": 5}, "config: seed: unknown key"),
        ({**OKX, "accounts": {"okx": {"USDT": 5}}}, "config: accounts: not used live: "),
        ({**OKX, "adopt": "yes"}, "config: adopt: "),
        ({**OKX, "okx_sandbox": "yes"}, "config: okx_sandbox: "),
        ({**OKX, "journal": 5}, "config: journal: not a path: 5"),
        ({**OKX, "journal": {"pfad": "x"}}, "config: journal.pfad: unknown key"),
        ({**OKX, "data": {"folder": 1}}, "config: data.folder: unknown key"),
        ({**OKX, "venues": {"okx": {"instruments": ["ETH-USDT"]}}}, "config: venues.okx.instruments"),
        ({**OKX, "venues": {"kraken": {}}}, "config: venues.kraken: unknown venue"),
        ({**OKX, "venues": {"okx": {"latency_ms": 5}}}, "config: venues.okx.latency_ms: not used live: "),
        (
            {**OKX, "venues": {"okx": {"api_key": SECRET}}},
            "config: venues.okx.api_key: secrets never stand in a config",
        ),
        ({**OKX, "venues": {"okx": {"credentials": "okx"}}}, "config: venues.okx.credentials: beside okx_api_key"),
        ({**OKX, "venues": {"okx": {"sandbox": True}}, "okx_sandbox": False}, "config: okx_sandbox: not what"),
        (
            {**OKX, "venues": {"okx": {"endpoint": {"connect_to": "10.0.0.1:443"}}}},
            "config: venues.okx.endpoint: connect_to is",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(config: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}") as raised:
        EventDrivenStrategyEngine({"execution_mode": "live", **config})

    assert "\n" not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"binance_api_key": SECRET}, "config: binance_secret: missing, expected it as binance shows it"),
        ({"binance_secret": SECRET}, "config: binance_api_key: missing"),
        ({"okx_api_key": SECRET, "okx_secret": SECRET}, "config: okx_passphrase: missing"),
        ({**BINANCE, "binance_secret": " "}, "config: keys of binance: secret is empty"),
        ({**BINANCE, "binance_api_key": f"{SECRET}\n"}, "config: keys of binance: api_key is not plain text"),
    ],
)
def test_keys_that_are_not_whole_are_said_by_the_first_call_and_nothing_is_sent(
    keys: dict[str, str], line: str, tmp_path: Path
) -> None:
    ours = EventDrivenStrategyEngine({"execution_mode": "live", "journal": tmp_path / "j.sqlite", **keys})

    with pytest.raises(ValueError, match=f"^{line}") as raised:
        run(ours.execute_trade_with_interface(spot(venue=next(iter(keys)).partition("_")[0]), {}))

    assert SECRET not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_an_instruction_is_looked_at_before_anything_starts(tmp_path: Path) -> None:
    ours = EventDrivenStrategyEngine({"execution_mode": "live", "journal": tmp_path / "j.sqlite", **OKX})
    trade = ours.execute_trade_with_interface

    for wrong, line in [
        (spot(venue="bybit"), 'instruction: venue: not configured: "bybit"'),
        ({**spot(venue="okx"), "pair": "SOL/USDT"}, 'instruction: pair: unknown at okx: "SOL/USDT"'),
        (spot(-1, venue="okx"), "instruction: amount: not above 0"),
    ]:
        with pytest.raises(ValueError, match=f"^{line}"):
            run(trade(wrong, {}))
    with pytest.raises(ValueError, match=r"^market_data: not a dict"):
        run(trade(spot(venue="okx"), 3000))  # type: ignore[arg-type]  # that is the point

    assert not list(tmp_path.iterdir())


def test_an_interface_of_the_factory_has_the_keys_too() -> None:
    config = {"execution_mode": "live", **OKX}

    cex = ExecutionInterfaceFactory.create_all_interfaces("live", config)["cex"]

    assert isinstance(cex, CEXExecutionInterface)
    assert cex.execution_mode == "live"
    assert not OKX.keys() & cex.config.keys()
    assert SECRET not in repr(vars(cex))
