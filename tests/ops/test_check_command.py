"""``execd check`` accepts what ``execd run`` accepts, refuses what it refuses, says what would run, writes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from actors.journal.reader import JournalReader
from ops.check_command import check_command
from ops.run_command import run_command
from tests.independent import reference
from tests.ops.started import CONFIG, LINE, Ended, a_line, execd, using, write_case

MANY = CONFIG.replace(
    "[strategy]",
    '[accounts.okx]\nETH = "2"\n[venues.okx]\nkind = "cex"\n[venues.okx.slippage]\nmodel = "volume"\n'
    'impact_bps = "7"\n[venues.bybit.instruments."ETHUSDT-PERP"]\nlot = "0.1"\n[strategy]',
    1,
)


def plan(config: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the object of ``execd check --json``."""
    capsys.readouterr()
    assert check_command(config, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told, dict)
    return told


def test_it_says_what_would_run_and_writes_nothing(tmp_path: Path) -> None:
    write_case(tmp_path, script=LINE + "\n" + a_line(2))
    before = sorted(tmp_path.rglob("*"))

    ended = execd("check", "backtest.toml", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert sorted(tmp_path.rglob("*")) == before
    for said in (
        "backtest.toml: good. It would run:",
        "  mode      backtest, 2024-01-02 00:00 to 2024-01-04 00:00 UTC (2 days), seed 7",
        "  data      data, candles of 1h",
        "  strategy  script, 2 instructions; on an error: stop",
        "  output    a folder like runs/backtest-",
        "  bybit: slippage 0 bps; no limit to a fill's size; orders arrive at once",
        "    perp: maker 2 bps, taker 5.5 bps, leverage 1",
        "  bybit:ETHUSDT-PERP: UNVERIFIED tick, lot,",
        "  bybit-ETHUSDT-perp-1h.parquet    72  2024-01-01  2024-01-03  none",
        "Opening balances, worth 100,000.00 USDT",
        "To run it: execd run backtest.toml",
    ):
        assert f"\n{said}" in f"\n{ended.out}"


def test_the_object_holds_the_settings_that_the_journal_will_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_case(tmp_path)
    told = plan(config, capsys)
    run_command(config, out=tmp_path / "out", json=True, journal=True, force=False)

    with JournalReader(tmp_path / "out" / "journal.sqlite") as reader:
        assert told["settings"] == reader.manifest.described()["settings"]
    assert [*told["settings"]["venues"]["bybit"]["instruments"]] == ["ETH/USDT", "ETHUSDT-PERP"]
    assert told["instructions"] == 1
    assert told["equity_start"] == "100000"
    assert [each["rows"] for each in told["series"]] == [72, 9, 72]


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
def test_venues_overrides_gaps_and_coins_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = MANY.replace('"data"', json.dumps(str(reference.SHARED))).replace("2024-01-0", "2024-08-1")
    (tmp_path / "instructions.jsonl").write_text("")
    (tmp_path / "backtest.toml").write_text(config)

    told = plan(tmp_path / "backtest.toml", capsys)
    check_command(tmp_path / "backtest.toml", json=False)
    out = capsys.readouterr().out

    perp = next(each for each in told["instruments"] if each["instrument"] == "bybit:ETHUSDT-PERP")
    assert (perp["lot"], perp["overridden"]) == ("0.1", ["lot"])
    assert "lot" not in perp["unverified"]
    assert "tick" in perp["unverified"]
    assert {each["account"]: each["asset"] for each in told["opening"]} == {"bybit": "USDT", "okx": "ETH"}
    assert float(told["opening"][1]["value"]) == pytest.approx(2 * 2600, rel=0.1)  # the price of ETH that day
    assert any(each["missing"] for each in told["series"])
    assert "bybit:ETHUSDT-PERP: your config sets lot" in out
    assert "okx: slippage 0 bps + 7 x amount / volume" in out


def test_coins_are_valued_at_the_last_close_before_a_start_between_two_candles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coins = CONFIG.replace('USDT = "100000"', 'ETH = "2"')
    at_the_hour = plan(write_case(tmp_path, config=coins, script=""), capsys)
    between = coins.replace("2024-01-02T00:00:00Z", "2024-01-02T00:30:00Z")

    told = plan(write_case(tmp_path, config=between, script=""), capsys)

    assert float(told["equity_start"]) > 0
    assert told["equity_start"] == at_the_hour["equity_start"]


def test_a_module_beside_the_config_is_the_strategy(tmp_path: Path) -> None:
    write_case(tmp_path, config=using("waits:Waits", on_error="skip"))
    (tmp_path / "waits.py").write_text(
        "class Waits:\n    stateless = True\n    def __init__(self, context): pass\n"
        "    def on_slice(self, market): return ()\n    def on_event(self, event): return ()\n"
    )

    assert "  strategy  waits:Waits; on an error: skip" in execd("check", "backtest.toml", cwd=tmp_path).out


def test_all_that_is_wrong_is_exit_2_and_a_line_each_as_run_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_case(tmp_path, config=CONFIG.replace("seed", "sed").replace('"100000"', '"-1"'))

    checked = Ended(check_command(config, json=True), *capsys.readouterr())
    ran = Ended(run_command(config, out=None, json=True, journal=True, force=False), *capsys.readouterr())

    assert (checked.code, checked.err.count("\n")) == (2, 2)
    assert checked == ran


def test_names_that_a_terminal_would_obey_are_escaped(tmp_path: Path) -> None:
    write_case(tmp_path).rename(tmp_path / "evil\x1b[2J[red].toml")
    (tmp_path / "data" / "candles" / "evil\x1b[2J.csv").touch()

    ended = execd("check", "evil\x1b[2J[red].toml", cwd=tmp_path)

    assert ended.code == 0
    assert "evil\\u001b[2J[red].toml: good." in ended.out
    assert "\x1b" not in ended.out.partition("To run it")[0] + ended.err
