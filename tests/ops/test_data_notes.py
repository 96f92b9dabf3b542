"""What the data lack is said before a run, with what to do about it; how an editor saved the files does not matter."""

from pathlib import Path

from ops import backtest
from tests.ops.started import CONFIG, execd, write_case


def test_data_that_begin_late_or_end_early_are_noted(tmp_path: Path) -> None:
    config = CONFIG.replace("start = 2024-01-02", "start = 2023-12-30").replace("end = 2024-01-04", "end = 2024-01-06")

    noted = backtest.prepare(write_case(tmp_path, config=config.replace('USDT = "100000"', ""))).warnings

    assert "bybit-ETHUSDT-spot-1h.parquet: begins 2024-01-01, 2 days after the run's start" in noted
    assert "bybit-ETHUSDT-spot-1h.parquet: ends 2024-01-03, 2 days before the run's end" in noted
    assert "bybit-ETHUSDT-perp.parquet: ends 2024-01-03, 2 days before the run's end" in noted
    config = CONFIG.replace("end = 2024-01-04", "end = 2024-01-04T01:00:00Z #")
    assert not [line for line in backtest.prepare(write_case(tmp_path, config=config)).warnings if "-1h." in line]


def test_a_folder_of_data_that_is_not_there_comes_with_how_to_make_one(tmp_path: Path) -> None:
    config = write_case(tmp_path, config=CONFIG.replace('"data"', '"no data"'))

    told = execd("check", "backtest.toml", cwd=tmp_path)

    assert (told.code, told.out, config.name) == (2, "", "backtest.toml")
    hint = "execd data sample 'no data' makes one of made-up prices"
    assert told.err == f"backtest.toml: data.dir: no such folder: no data ({hint})\n"


def test_a_byte_order_mark_before_config_and_script_is_nothing(tmp_path: Path) -> None:
    config = write_case(tmp_path)
    before = execd("run", config.name, "--no-journal", "--json", cwd=tmp_path).object()
    for path in (config, tmp_path / "instructions.jsonl"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    after = execd("run", config.name, "--no-journal", "--json", cwd=tmp_path).object()

    assert after["instructions"] == 1
    assert after | {"wall_seconds": 0} == before | {"wall_seconds": 0}
