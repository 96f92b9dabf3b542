"""The examples of backtests run as they are written: on ``execd data sample``, and on recorded data where that is.

Each enters and leaves, earns funding, and is hedged to the lot at every mark of its book; what its attribution says
adds up to what it brought.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from actors.journal.reader import JournalReader
from messages.book import EquityMarked, Liquidated
from messages.instructions import InstructionRefused
from messages.journal import Record
from messages.orders import OrderFilled
from messages.units import MAKER, SPOT
from ops.backtest import open_journal, prepare, run
from ops.result import Result
from ops.sample_data import write_sample

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "config" / "examples").glob("basis-*.toml"))
RECORDED = ROOT.parent / "shared" / "data"
D = Decimal


class Ran(NamedTuple):
    """A run: its result, its journal, and the lot of its perp leg."""

    result: Result
    records: list[Record]
    lot: Decimal


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "sample"
    write_sample(folder)
    return folder


@pytest.fixture
def ran(tmp_path: Path) -> Callable[[Path, Path], Ran]:
    """Return what runs an example on the data of a folder."""

    def perform(example: Path, data: Path) -> Ran:
        text, count = re.subn(r'(?m)^dir = "sample"', f'dir = "{data.as_posix()}"', example.read_text())
        assert count == 1
        config = tmp_path / example.name
        config.write_text(text)
        prepared = prepare(config)
        result, stopped = run(prepared, open_journal(tmp_path / "out", prepared, force=False))
        assert stopped.outcome == "done", stopped.reason
        assert result is not None
        reader = JournalReader(tmp_path / "out" / "journal.sqlite")
        try:
            records = list(reader.records())
        finally:
            reader.close()
        markets = [each for model in prepared.models for each in model.instruments]
        traded = {record.entry.instrument for record in records if isinstance(record.entry, OrderFilled)}
        (perp,) = (each for each in markets if each.instrument_id in traded and each.trade_type is not SPOT)
        return Ran(result, records, perp.lot)

    return perform


def check(run: Ran) -> None:
    """Look whether a run did what the strategy is for."""
    result, records = run.result, run.records
    fills = [record.entry for record in records if isinstance(record.entry, OrderFilled)]
    assert any("-spot-enter" in fill.instruction_id for fill in fills)
    assert any("-perp-leave" in fill.instruction_id for fill in fills)
    assert not [record.entry for record in records if isinstance(record.entry, InstructionRefused | Liquidated)]
    assert result.rejections == 0
    assert D(result.funding) > 0

    # A fill of what rests is known when its candle is: the mark of that instant comes before the hedge of that instant.
    resting = {
        record.at for record in records if isinstance(record.entry, OrderFilled) and record.entry.liquidity is MAKER
    }
    marks = [record for record in records if isinstance(record.entry, EquityMarked)]
    checked = [each for each in marks if each.at not in resting]
    assert len(checked) > len(marks) * 0.99
    for record in checked:
        assert isinstance(record.entry, EquityMarked)
        assert all(abs(delta.net) < run.lot for delta in record.entry.deltas), (record, run.lot)

    attribution = {kind: D(amount) for kind, amount in result.attribution.items()}
    assert sum(attribution.values()) == D(result.pnl)
    assert attribution["funding"] == D(result.funding)
    assert attribution["liquidation"] == 0


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_on_the_sample(example: Path, sample: Path, ran: Callable[[Path, Path], Ran]) -> None:
    check(ran(example, sample))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded prices: ../shared/data is missing")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_on_recorded_data(example: Path, ran: Callable[[Path, Path], Ran]) -> None:
    check(ran(example, RECORDED))


def test_there_is_an_example_for_each_exchange_and_for_limit_orders() -> None:
    assert [path.stem for path in EXAMPLES] == ["basis-bybit", "basis-cross-venue", "basis-limit", "basis-okx"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_begins_with_what_it_is_and_with_the_commands_that_run_it(example: Path) -> None:
    head = example.read_text().partition("[mode]")[0]

    assert "#   execd data sample sample\n" in head
    assert f"#   execd run {example.name}\n" in head
    assert all(line.startswith("#") for line in head.splitlines() if line)
