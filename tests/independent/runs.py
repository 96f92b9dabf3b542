"""Runs of the real project for comparison: files written, run, and what came of it read back."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ops.backtest import open_journal, prepare, run

MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
"""When the made-up series begin."""
Row = float | tuple[float, float, float, float] | tuple[float, float, float, float, float]
"""A candle: its one price, or open, high, low and close, and the volume (else 1000)."""


class Came(NamedTuple):
    """What came of a run: the object of ``--json``, and the journal's entries."""

    result: dict[str, Any]
    journal: list[dict[str, Any]]

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return the entries of one type."""
        return [entry for entry in self.journal if entry["type"] == name]


def write_run(folder: Path, toml: str, script: str, data: Path) -> Path:
    """Write a run's files and return the config; the data folder is put in where it says DATA."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "backtest.toml"
    config.write_text(toml.replace("DATA", str(data)))
    (folder / "instructions.jsonl").write_text(script)
    return config


def run_config(config: Path) -> Came:
    """Run a config in this process."""
    prepared = prepare(config)
    result, stopped = run(prepared, open_journal(config.parent / "out", prepared, force=False))
    assert stopped.outcome == "done", stopped
    assert result is not None
    found = msgspec.to_builtins(result)
    return Came(found, journal_of(found))


def journal_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a run's journal, each with the time at which it was written."""
    opened = sqlite3.connect(f"file:{found['journal']}?mode=ro", uri=True)
    entries = [json.loads(body) for (body,) in opened.execute("SELECT body FROM entries ORDER BY seq")]
    opened.close()
    return entries


def write_candles(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """Write an hourly series from midnight on; `name` as in ``bybit-ETHUSDT-spot``."""
    full = [row if isinstance(row, tuple) else (row,) * 4 for row in rows]
    columns = list(zip(*((*row, 1000.0)[:5] for row in full), strict=True))
    names = ("open", "high", "low", "close", "volume")
    stamps = [MIDNIGHT + timedelta(hours=hour) for hour in range(len(rows))]
    _write(folder / "candles" / f"{name}-1h.parquet", stamps, dict(zip(names, columns, strict=True)))


def write_funding(folder: Path, name: str, rates: dict[int, float]) -> None:
    """Write rates by hour after midnight; `name` as in ``bybit-ETHUSDT-perp``."""
    stamps = [MIDNIGHT + timedelta(hours=hour) for hour in rates]
    _write(folder / "funding" / f"{name}.parquet", stamps, {"funding_rate": tuple(rates.values())})


def _write(path: Path, stamps: list[datetime], columns: dict[str, tuple[float, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: pa.array([float(value) for value in values]) for name, values in columns.items()}
    pq.write_table(pa.table({"timestamp": pa.array(stamps, type=pa.timestamp("ms", tz="UTC"))} | arrays), path)
