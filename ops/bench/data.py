"""Data for benchmarks: a perp and a spot market with a price that walks up and down, at one row a minute."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

START_MS = 1_704_067_200_000
"""2024-01-01T00:00:00Z."""
MINUTE_MS = 60_000
_FUNDING_MINUTES = 480
_WAVE = 1_000


def write(folder: Path, *, minutes: int) -> None:
    """Write spot and perp candles of so many minutes, and funding every eight hours, for bybit ETHUSDT."""
    closes = [2000 + abs(_WAVE - step % (2 * _WAVE)) / 100 for step in range(minutes)]
    stamps = pa.array(range(START_MS, START_MS + minutes * MINUTE_MS, MINUTE_MS), pa.timestamp("ms", tz="UTC"))
    (folder / "candles").mkdir(parents=True)
    (folder / "funding").mkdir()
    for market, shift in (("spot", 0.0), ("perp", 0.25)):
        close = pa.array([round(price + shift, 2) for price in closes])
        columns = {
            "timestamp": stamps,
            "open": close,
            "high": pa.array([round(price + shift + 1, 2) for price in closes]),
            "low": pa.array([round(price + shift - 1, 2) for price in closes]),
            "close": close,
            "volume": pa.array([1000.5] * minutes),
        }
        pq.write_table(pa.table(columns), folder / "candles" / f"bybit-ETHUSDT-{market}-1m.parquet")
    rows = range(0, minutes, _FUNDING_MINUTES)
    funding = {
        "timestamp": pa.array([START_MS + row * MINUTE_MS for row in rows], pa.timestamp("ms", tz="UTC")),
        "funding_rate": pa.array([0.0001] * len(rows)),
    }
    pq.write_table(pa.table(funding), folder / "funding" / "bybit-ETHUSDT-perp.parquet")
