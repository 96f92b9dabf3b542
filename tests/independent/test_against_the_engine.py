"""The engine comes to what plain loops over the same columns come to: every figure, on every script.

Each runs through the command line as a user's would: the case on paper in a process of its own, the many in this one.
"""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from tests.independent import paper, reference, scripts

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = Decimal("1e-9")
COUNTS = ("instructions", "orders", "fills", "refusals", "rejections", "refusals_by_code", "market_events")
SUMS = ("fees", "funding", "equity_start", "equity_end")
EXECD = (sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())")


def write_run(folder: Path, toml: str, script: str, data: Path) -> list[str]:
    """Write a run's files and return the words that start it."""
    (folder / "backtest.toml").write_text(toml.replace("DATA", str(data)))
    (folder / "instructions.jsonl").write_text(script)
    return ["run", str(folder / "backtest.toml"), "--json", "--out", str(folder / "out")]


def last_object(text: str) -> dict[str, Any]:
    """Return the object on the last line of what a run printed."""
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def assert_equal_figures(found: dict[str, Any], expected: reference.Result) -> None:
    """Compare the object of a run with the calculation's."""
    assert {key: found[key] for key in COUNTS} == {key: getattr(expected, key) for key in COUNTS}
    sums = {key: (Decimal(found[key]), getattr(expected, key)) for key in SUMS}
    sums["pnl"] = Decimal(found["pnl"]), expected.equity_end - expected.equity_start
    assert {key: pair for key, pair in sums.items() if abs(pair[0] - pair[1]) > TOLERANCE} == {}
    _assert_equal_trees(found["balances"], expected.balances, "balances")
    _assert_equal_trees(found["positions"], expected.positions, "positions")


def _assert_equal_trees(found: Any, expected: Any, where: str) -> None:  # noqa: ANN401 - as deep as the JSON is
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key, below in expected.items():
            _assert_equal_trees(found[key], below, f"{where}.{key}")
        return
    assert isinstance(found, str), f"{where}: money is written as a string"
    assert abs(Decimal(found) - expected) <= TOLERANCE, f"{where}: {found} instead of {expected}"


def test_the_engine_comes_to_the_figures_worked_out_on_paper(tmp_path: Path) -> None:
    paper.write_data(tmp_path)

    words = write_run(tmp_path, scripts.toml_of(paper.CASE, seed=7), paper.SCRIPT, tmp_path)

    done = subprocess.run(  # noqa: S603 - our own command
        [*EXECD, *words], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = last_object(done.stdout)
    calculated = reference.calculate(paper.CASE, reference.read_script(paper.SCRIPT), tmp_path)
    assert_equal_figures(found, calculated)
    assert Decimal(found["balances"]["bybit"]["USDT"]) == paper.BALANCES["bybit"]["USDT"]
    assert Decimal(found["equity_end"]) == paper.EQUITY_END
    assert found["positions"] == {
        "bybit": {"ETHUSDT-PERP": {"amount": "-0.5", "entry_price": "2007.990000000000000000"}}
    }


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
@pytest.mark.parametrize("seed", scripts.SEEDS)
def test_the_engine_comes_to_the_calculated_figures(seed: int, tmp_path: Path) -> None:
    script = scripts.draw(seed)
    text = "\n".join(script.lines) + "\n"

    words = write_run(tmp_path, script.toml, text, reference.SHARED)

    done = CliRunner().invoke(app, words)

    assert done.exit_code == 0, done.output[-2000:]
    assert_equal_figures(last_object(done.stdout), reference.calculate(script.case, reference.read_script(text)))
