"""Small made data files: what a test writes instead of copying recorded prices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.data.series import iso
from messages.units import InstrumentId

HOUR_NS = 3_600_000_000_000
T0 = 1_704_067_200_000_000_000
"""2024-01-01T00:00:00Z."""
SPOT = InstrumentId("bybit:ETH/USDT")
PERP = InstrumentId("bybit:ETHUSDT-PERP")
CANDLES = "candles/bybit-ETHUSDT-spot-1h.parquet"
FUNDING = "funding/bybit-ETHUSDT-perp.parquet"

_SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def recorded_prices() -> Path:
    """Return the folder with recorded prices beside the repository, or skip the test."""
    if not _SHARED.is_dir():
        pytest.skip("no recorded prices: ../shared/data is missing")
    return _SHARED


def hours(*numbers: int) -> list[int]:
    """Return stamps in milliseconds, so many hours after 2024-01-01."""
    return [(T0 + number * HOUR_NS) // 1_000_000 for number in numbers]


def candle_columns(prices: Sequence[float]) -> dict[str, Any]:
    """Return candles with these closes, each opened at the close before it."""
    opens = [*prices[:1], *prices[:-1]]
    return {
        "open": opens,
        "high": [max(pair) for pair in zip(opens, prices, strict=True)],
        "low": [min(pair) for pair in zip(opens, prices, strict=True)],
        "close": list(prices),
        "volume": [10.5] * len(prices),
    }


def write(directory: Path, name: str, stamps_ms: Sequence[int | None], columns: dict[str, Any]) -> Path:
    """Write one series as Parquet or, if the name says so, as CSV."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = {column: pa.array(values, pa.float64()) for column, values in columns.items()}
    table = pa.table({"timestamp": pa.array(stamps_ms, pa.timestamp("ms", tz="UTC")), **numbers})
    if path.suffix == ".csv":
        stamps = [iso(stamp * 1_000_000) for stamp in stamps_ms if stamp is not None]
        rows = zip(stamps, *(columns[column] for column in columns), strict=True)
        lines = [",".join(["timestamp", *columns]), *(",".join(map(str, row)) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    else:
        pq.write_table(table, path)
    return path


def write_candles(directory: Path, prices: Sequence[float], *, name: str = CANDLES, at: Sequence[int] = ()) -> Path:
    """Write candles with these closes, opening at these hours (default: one after the other)."""
    return write(directory, name, hours(*(at or range(len(prices)))), candle_columns(prices))


def write_funding(directory: Path, rates: Sequence[float], *, name: str = FUNDING, at: Sequence[int] = ()) -> Path:
    """Write funding rates at these hours (default: every eighth)."""
    return write(directory, name, hours(*(at or range(0, 8 * len(rates), 8))), {"funding_rate": list(rates)})
