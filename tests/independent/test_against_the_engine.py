"""The engine comes to what plain loops over the same columns come to: every figure and every fill, on every script.

The case on paper runs through the command line, as a user's would, in a process of its own; the many in this one.
The short form takes a few scripts of each family, the long one (``--long``) all of them.
"""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.independent import calculation, families, paper, reference, scripts
from tests.independent.runs import Came, journal_of, run_config, write_run

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = Decimal("1e-9")
COUNTS = (
    "instructions",
    "orders",
    "fills",
    "refusals",
    "rejections",
    "refusals_by_code",
    "liquidations",
    "market_events",
)
SUMS = ("fees", "funding", "equity_start", "equity_end", "max_drawdown")
EXECD = (sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())")
OUTCOMES = (
    *("InstructionRefused", "OrderAccepted", "OrderRejected", "OrderTriggered", "OrderFilled", "OrderCancelled"),
    *("OrderExpired", "CancelSubmitted", "CancelRefused", "CancelRejected", "AmendReceived", "AmendSubmitted"),
    *("AmendRefused", "OrderAmended", "AmendRejected", "FundingPaid", "Liquidated", "InsurancePaid"),
)
"""Journal entries that the calculation has as well, in the same order, with their reasons and codes."""
SHORT, LONG = 2, 20
SHORT_OLD = 2
"""Scripts of each family; of the first one, which has more venues to go through."""

Event = tuple[int, str]
needs_data = pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")


def outcome(entry: dict[str, Any]) -> str:
    """Return the name under which the calculation counts an entry."""
    name = str(entry["type"])
    word = entry.get("liquidity") or entry.get("code") or entry.get("reason")
    if name == "OrderCancelled" and word not in CANCELLED_BY_VENUES:
        word = "REQUESTED"
    return f"{name} {word}" if word and name not in ("CancelRejected", "AmendRejected") else name


CANCELLED_BY_VENUES = (
    "VOLUME_LIMIT",
    "NOT_MARKETABLE",
    "REDUCE_ONLY",
    "INSUFFICIENT_BALANCE",
    "LIQUIDATION",
    "AMENDED",
)


def assert_equal_figures(came: Came, expected: reference.Result) -> None:
    """Compare the object of a run, and its journal, with the calculation's."""
    found, journal = came
    events = events_of(journal)
    assert events.keys() == expected.events.keys()
    for venue, noted in expected.events.items():
        _assert_equal_events(venue, events[venue], noted)
    for venue in expected.events:
        filled = [entry for entry in came.entries("OrderFilled") if entry["venue"] == venue]
        _assert_equal_fills(filled, [fill for fill in expected.trades if fill.key[0] == venue])
    assert {key: found[key] for key in COUNTS} == {key: getattr(expected, key) for key in COUNTS}
    sums = {key: (Decimal(found[key]), getattr(expected, key)) for key in SUMS}
    sums["pnl"] = Decimal(found["pnl"]), expected.equity_end - expected.equity_start
    sums |= _attributed(found["attribution"], expected)
    assert {key: pair for key, pair in sums.items() if abs(pair[0] - pair[1]) > TOLERANCE} == {}
    _assert_equal_trees(found["balances"], expected.balances, "balances")
    _assert_equal_trees(found["positions"], expected.positions, "positions")


def events_of(journal: list[dict[str, Any]]) -> dict[str, list[Event]]:
    """Return what the calculation notes as well, by venue; a cancel or amend that was refused has its order's."""
    venues: dict[str, str] = {
        entry["instruction_id"]: entry["venue"] for entry in journal if "side" in entry and "instruction_id" in entry
    }
    found: dict[str, list[Event]] = {}
    for entry in journal:
        if entry["type"] in OUTCOMES:
            venue = entry["venue"] if "venue" in entry else venues[entry["instruction_id"]]
            found.setdefault(venue, []).append((entry["at"], outcome(entry)))
    return found


def _assert_equal_events(venue: str, found: list[Event], noted: list[Event]) -> None:
    """Between venues the order is not compared: they have nothing to do with each other."""
    for number, (event, other) in enumerate(zip(found, noted, strict=False)):
        assert event == other, f"{venue}, event {number}: {found[max(0, number - 5) : number + 5]}"
    assert len(found) == len(noted), venue


def _attributed(found: dict[str, str], expected: reference.Result) -> dict[str, tuple[Decimal, Decimal]]:
    """Price and basis are told apart at each mark; here only their sum is worked out: what the others leave over."""
    kinds = {key: Decimal(amount) for key, amount in found.items()}
    wanted = {
        "funding": expected.funding,
        "fees": -expected.fees,
        "slippage": expected.slippage,
        "liquidation": expected.liquidation,
    }
    rest = expected.equity_end - expected.equity_start - sum(wanted.values())
    moved = kinds.pop("price") + kinds.pop("basis")
    assert kinds.keys() == wanted.keys()
    return {key: (kinds[key], wanted[key]) for key in wanted} | {"price and basis": (moved, rest)}


def _assert_equal_fills(found: list[dict[str, Any]], expected: list[reference.Fill]) -> None:
    for number, (entry, fill) in enumerate(zip(found, expected, strict=True)):
        words = {
            "at": fill.at,
            "instrument": ":".join(fill.key),
            "side": "BUY" if fill.sign > 0 else "SELL",
            "liquidity": fill.liquidity,
            "fee_asset": fill.fee_asset,
        }
        words |= {"instruction_id": fill.order} if fill.order else {}
        assert {key: entry[key] for key in words} == words, f"fill {number}: {entry}"
        figures = {"amount": fill.amount, "price": fill.price, "fee": fill.fee, "reference_price": fill.reference}
        for key, figure in figures.items():
            assert abs(Decimal(entry[key]) - figure) <= TOLERANCE, f"fill {number}: {key} {figure}: {entry}"


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

    config = write_run(tmp_path / "run", scripts.toml_of(paper.CASE, seed=7), paper.SCRIPT, tmp_path)
    words = ["run", str(config), "--json", "--out", str(tmp_path / "out")]

    done = subprocess.run(  # noqa: S603 - our own command
        [*EXECD, *words], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    calculated = calculation.calculate(paper.CASE, reference.read_script(paper.SCRIPT), tmp_path)
    assert_equal_figures(Came(found, journal_of(found)), calculated)
    assert Decimal(found["balances"]["bybit"]["USDT"]) == paper.BALANCES["bybit"]["USDT"]
    assert Decimal(found["equity_end"]) == paper.EQUITY_END
    assert found["positions"] == {
        "bybit": {"ETHUSDT-PERP": {"amount": "-0.5", "entry_price": "2007.990000000000000000"}}
    }


def test_a_stop_that_can_not_be_paid_when_it_triggers_is_cancelled(tmp_path: Path) -> None:
    """Held: 4.98 ETH at the slipped trigger, 2006 * 1.001. The candle of 03:00 opens at 2010: 2012.01 is too much."""
    paper.write_data(tmp_path)
    text = paper.SCRIPT.splitlines()[0].replace("1.5", "4.98")[:-1] + (
        ', "order_type": "STOP_MARKET", "trigger_price": "2006"}\n'
    )
    config = write_run(tmp_path / "run", scripts.toml_of(paper.CASE, seed=7), text, tmp_path)

    came = run_config(config)

    assert [entry["reason"] for entry in came.entries("OrderCancelled")] == ["INSUFFICIENT_BALANCE"]
    assert_equal_figures(came, calculation.calculate(paper.CASE, reference.read_script(text), tmp_path))


def run_and_compare(script: scripts.Script, folder: Path, what: str) -> None:
    """Let the engine run a script and compare it with the calculation."""
    text = "\n".join(script.lines) + "\n"

    came = run_config(write_run(folder, script.toml, text, reference.SHARED))

    expected = calculation.calculate(script.case, reference.read_script(text))
    try:
        assert_equal_figures(came, expected)
    except AssertionError as error:
        error.add_note(f"{what}, in {folder}")
        raise


@needs_data
@pytest.mark.parametrize("part", range(2))
def test_market_orders_come_to_the_calculated_figures(part: int, tmp_path: Path, long_run: bool) -> None:  # noqa: FBT001
    for seed in scripts.SEEDS[part : None if long_run else SHORT_OLD : 2]:
        run_and_compare(scripts.draw(seed), tmp_path / f"{seed}", f"seed {seed}")


@needs_data
@pytest.mark.parametrize("name", families.FAMILIES)
def test_a_family_of_orders_comes_to_the_calculated_figures(name: str, tmp_path: Path, long_run: bool) -> None:  # noqa: FBT001
    for seed in range(LONG if long_run else SHORT):
        run_and_compare(families.draw(name, seed), tmp_path / f"{seed}", f"{name}, seed {seed}")
