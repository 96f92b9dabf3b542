"""A file that decides the outcome and is changed under way ends the run: the manifest vouches for what was traded."""

import os
from pathlib import Path

import pytest

from actors.errors import InputChangedError
from messages.units import SECOND_NS
from ops import backtest
from tests.ops.started import a_line, write_case


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_script_that_changes_under_way_ends_the_run_whatever_a_strategy_may_raise(
    on_error: str, tmp_path: Path
) -> None:
    config = write_case(tmp_path, script="\n".join(a_line(number) for number in range(1, 9)) + "\n")
    config.write_text(config.read_text().replace('use = "script"', f'use = "script"\non_error = "{on_error}"'))
    prepared = backtest.prepare(config)
    script = prepared.loaded.script
    assert script is not None
    script.write_text(script.read_text().replace("BUY", "SELL").replace("SHORT", "LONG"))

    _, ended = backtest.run(prepared, None)

    assert ended.exit_code == 1
    assert f"{script.name}:1: changed since it was validated" in ended.reason


def written_later(file: Path) -> None:
    """Write the same again, a second later: a file system's clock may be too coarse to see that otherwise."""
    at = file.stat().st_mtime_ns + SECOND_NS
    file.write_bytes(file.read_bytes())
    os.utime(file, ns=(at, at))


def test_data_that_change_between_the_check_and_the_run_are_not_traded(tmp_path: Path) -> None:
    prepared = backtest.prepare(write_case(tmp_path))
    file = next(prepared.loaded.data_dir.glob("candles/bybit-*.parquet"))
    written_later(file)

    _, ended = backtest.run(prepared, None)

    assert ended.exit_code == 1
    assert f"{file}: changed since it was checked" in ended.reason


def test_data_that_change_during_the_run_end_it(tmp_path: Path) -> None:
    prepared = backtest.prepare(write_case(tmp_path))
    file = next(prepared.loaded.data_dir.glob("funding/bybit-*.parquet"))

    slices = iter(prepared.feed)
    next(slices)
    written_later(file)

    with pytest.raises(InputChangedError, match="changed since it was checked"):
        list(slices)
