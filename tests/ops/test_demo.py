"""``execd demo`` is the whole thing for a stranger: it trades both legs, adds up, and what it says to type next works.

The same config on recorded prices, where they are, gives the same kind of result.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ops.demo import CONFIG, demo_command
from ops.run_command import run_command
from tests.independent import reference
from tests.ops.started import CODE, ROOT, environment, execd

LEGS = ["open-spot", "open-perp", "close-spot", "close-perp"]


def checked(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fills of a run of the demo's config, after adding everything up."""
    out = execd("journal", "export", told["journal"], cwd=ROOT).out
    entries = [json.loads(line) for line in out.splitlines()]
    fills = [entry for entry in entries if entry["type"] == "OrderFilled"]
    funding = [entry for entry in entries if entry["type"] == "FundingPaid"]
    amounts = [Decimal(fill["amount"]) for fill in fills]
    value = {fill["instruction_id"]: Decimal(fill["amount"]) * Decimal(fill["price"]) for fill in fills}
    base_fee = Decimal(fills[0]["fee"])
    fees = sum((Decimal(fill["fee"]) for fill in fills[1:]), base_fee * Decimal(fills[0]["price"]))
    # what the fee took in coin was never sold, and is counted as a fee at the price at which it was bought
    prices = value["close-spot"] - value["open-spot"] + value["open-perp"] - value["close-perp"]
    prices += base_fee * Decimal(fills[0]["price"])

    assert (told["instructions"], told["orders"], told["fills"], told["refusals"]) == (4, 4, 4, 0)
    assert [fill["instruction_id"] for fill in fills] == LEGS
    assert [fill["side"] for fill in fills] == ["BUY", "SELL", "SELL", "BUY"]
    assert amounts[0] == amounts[1] == amounts[3]  # both legs are equal,
    assert 0 <= amounts[0] - base_fee - amounts[2] < Decimal("0.00001")  # and what is left is dust below a lot
    assert fills[0]["fee_asset"] == "ETH"
    assert Decimal(told["fees"]) == fees
    assert Decimal(told["funding"]) == sum(Decimal(entry["amount"]) for entry in funding)
    assert Decimal(told["equity_end"]) == Decimal(told["equity_start"]) + Decimal(told["pnl"])
    assert told["positions"] == {}
    assert told["balances"]["bybit"].keys() <= {"USDT", "ETH"}
    if "ETH" not in told["balances"]["bybit"]:
        assert Decimal(told["pnl"]) == Decimal(told["funding"]) - fees + prices
        assert Decimal(told["balances"]["bybit"]["USDT"]) == Decimal(told["equity_end"])
    return fills


def test_the_demo_trades_both_legs_is_flat_at_the_end_and_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = demo_command(out=tmp_path / "demo", json=True)
    out, err = capsys.readouterr()

    fills = checked(json.loads(out))
    assert code == 0
    assert out.count("\n") == 1
    assert err.count("\n") == 1
    assert Decimal(fills[0]["amount"]) == 20
    assert "synthetic" in (tmp_path / "demo" / "data" / "README.md").read_text().lower()


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
def test_the_same_config_on_recorded_prices_does_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "demo.toml"
    text = CONFIG.replace('dir = "data" ', f"dir = {json.dumps(str(reference.SHARED))} ")
    config.write_text(text.replace("end = 2025-05-14", "end = 2025-09-01"))

    code = run_command(config, out=tmp_path / "out", json=True, journal=True, force=False)

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    checked(told)
    assert Decimal(told["funding"]) > 0
    assert told["market_events"] > 30_000


@pytest.fixture
def on_path(tmp_path: Path) -> str:
    """Return a PATH on which there is an `execd`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "execd"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(CODE)} "$@"\n')
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("out", [[], ["--out", "my demo"]], ids=["default folder", "a folder with a space"])
def test_every_command_that_it_says_to_type_works_as_it_stands(out: list[str], on_path: str, tmp_path: Path) -> None:
    ended = execd("demo", *out, cwd=tmp_path, PATH=on_path)

    lines = [line.strip() for line in ended.out.partition("What to type next:\n")[2].splitlines()]
    commands = [line for line in lines if not line.startswith("#")]
    assert [command.split()[:3] for command in commands[:2]] == [
        ["execd", "journal", "show"],
        ["execd", "journal", "verify"],
    ]
    assert commands[2].startswith("execd run ")
    for command in commands:
        assert str(tmp_path) not in command
        done = subprocess.run(  # noqa: S602 - a user's shell is the point
            command,
            shell=True,
            cwd=tmp_path,
            env=environment(PATH=on_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), command


def test_started_by_ops_run_it_says_so(tmp_path: Path) -> None:
    out = execd("demo", cwd=tmp_path, EXECD_LAUNCHER="ops/run").out

    assert "\n  sh ops/run journal show runs/demo-" in out
    assert "\n  execd " not in out


def test_no_line_for_people_is_wider_than_a_terminal_but_commands_and_paths(tmp_path: Path) -> None:
    out = execd("demo", cwd=tmp_path, COLUMNS="80").out

    wide = [line for line in out.splitlines() if len(line) > 80]
    assert all("runs/demo-" in line for line in wide)
    assert re.search(r"equity at the end +[0-9,.]+ USDT", out)


def test_a_folder_that_holds_a_run_is_refused_and_nothing_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_command(out=tmp_path, json=True)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()

    code = demo_command(out=tmp_path, json=True)

    assert code == 2
    assert json.loads(capsys.readouterr().out)["exit"] == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_folder_with_files_of_others_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.parquet").touch()

    code = demo_command(out=tmp_path, json=True)

    told = json.loads(capsys.readouterr().out)
    assert (code, told["exit"]) == (2, 2)
    assert "did not write" in told["error"]
    assert not (tmp_path / "demo.toml").exists()


def test_a_demo_toml_of_the_users_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo.toml").write_text("mine")

    code = demo_command(out=tmp_path, json=True)

    assert (code, json.loads(capsys.readouterr().out)["exit"]) == (2, 2)
    assert (tmp_path / "demo.toml").read_text() == "mine"
