"""The independent calculation is right by arithmetic done on paper, and its scripts reach what they are meant to reach.

The paper case stands in `paper.py` and is given to the engine as well (test_against_the_engine.py).
"""

import ast
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from tests.independent import book, calculation, exchange, families, paper, reference, scripts

needs_data = pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")


def test_the_paper_case_comes_out_as_on_paper(tmp_path: Path) -> None:
    paper.write_data(tmp_path)

    result = calculation.calculate(paper.CASE, reference.read_script(paper.SCRIPT), tmp_path)

    assert (result.instructions, result.orders, result.fills, result.refusals) == (4, 3, 3, 1)
    assert result.refusals_by_code == {"INSUFFICIENT_BALANCE": 1}
    assert result.balances == paper.BALANCES
    assert result.positions == paper.POSITIONS
    assert result.fees == paper.FEES
    assert result.funding == paper.FUNDING
    assert (result.equity_start, result.equity_end) == (paper.EQUITY_START, paper.EQUITY_END)
    assert result.market_events == paper.MARKET_EVENTS


def test_a_partial_close_takes_its_share_of_the_cost_rounded_to_18_places(tmp_path: Path) -> None:
    paper.write_data(tmp_path)
    run = calculation.Calculation(paper.CASE, tmp_path)
    run.quantity["bybit"], run.cost["bybit"] = Decimal(3), Decimal(1000)

    run.instruct(
        {"venue": "bybit", "pair": "ETHUSDT-PERP", "side": "SHORT", "amount": "1", "reduce_only": True, "at": ""}
    )

    assert run.cost["bybit"] == Decimal("666.666666666666666667")  # 1000 less 333.333333333333333333


def test_a_flip_closes_at_the_old_cost_and_opens_the_rest_at_the_new_price(tmp_path: Path) -> None:
    paper.write_data(tmp_path)
    run = calculation.Calculation(paper.CASE, tmp_path)
    run.quantity["bybit"], run.cost["bybit"] = Decimal(1), Decimal(1900)

    run.instruct({"venue": "bybit", "pair": "ETHUSDT-PERP", "side": "SHORT", "amount": "3", "at": ""})

    price = Decimal("2007.99")
    assert (run.quantity["bybit"], run.cost["bybit"]) == (Decimal(-2), -2 * price)
    assert run.cash["bybit", "USDT"] == Decimal(10_000) + (price - 1900) - 3 * price * Decimal("0.001")


def test_a_halted_case_refuses_everything(tmp_path: Path) -> None:
    paper.write_data(tmp_path)

    result = calculation.calculate(replace(paper.CASE, halted=True), reference.read_script(paper.SCRIPT), tmp_path)

    assert result.refusals_by_code == {"HALTED": 4}


@pytest.mark.parametrize("module", [reference, book, exchange, calculation])
def test_the_calculation_imports_nothing_of_the_project(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())

    roots = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not roots & {"actors", "config", "messages", "ops"}


@needs_data
def test_drawing_a_script_twice_gives_the_same_bytes() -> None:
    assert scripts.draw(1) == scripts.draw(1)
    assert families.draw("limits", 1) == families.draw("limits", 1)
    assert families.draw("limits", 1).lines != families.draw("limits", 2).lines


@needs_data
def test_the_scripts_reach_every_situation_and_every_code(long_run: bool) -> None:  # noqa: FBT001
    seen: Counter[str] = Counter()
    seeds = scripts.SEEDS if long_run else scripts.SEEDS[:5]
    for seed in seeds:
        script = scripts.draw(seed)
        result = calculation.calculate(script.case, reference.read_script("\n".join(script.lines)))
        seen.update(result.seen)
        seen.update(result.refusals_by_code)
        seen["filled"] += result.fills

        assert result.instructions == scripts.INSTRUCTIONS
        assert result.seen == script.situations, "read back from text, a script is not what was drawn"

    wanted = {
        "filled": 2000,
        "funding": 10_000,
        "funding at a stale mark": 100,
        "flip": 100,
        "close": 200,
        "partial close": 200,
        "cut to the position": 100,
        "sold down to the dust": 50,
        "NO_PRICE": 200,
        "REDUCE_ONLY": 200,
        "BELOW_LOT": 200,
        "BELOW_NOTIONAL": 200,
        "LIMIT_ORDER_NOTIONAL": 50,
        "INSUFFICIENT_BALANCE": 100,
        "INSUFFICIENT_MARGIN": 100,
    }
    assert {
        key: seen[key] for key, least in wanted.items() if seen[key] < least * len(seeds) // len(scripts.SEEDS)
    } == {}
