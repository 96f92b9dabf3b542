"""A file says what it holds, and whatever makes it unusable is one clear line: file, row, what was wrong, expected."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.data.files import Gaps, Report, inspect, instruments_in, scan
from tests.actors.data.made import (
    CANDLES,
    FUNDING,
    HOUR_NS,
    PERP,
    SPOT,
    T0,
    candle_columns,
    hours,
    write,
    write_candles,
    write_funding,
)

CSV = CANDLES.replace(".parquet", ".csv")
HEADER = "timestamp,open,high,low,close,volume"


def report(directory: Path) -> Report:
    (file,) = scan(directory).files
    return inspect(file)


def csv(directory: Path, *lines: str, header: str = HEADER) -> Path:
    path = directory / CSV
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def changed(name: str, row: int, value: object) -> Callable[[Path], Path]:
    """Return a writer of five good candles, one number of which is changed."""

    def make(directory: Path) -> Path:
        columns = candle_columns([10.0, 11.0, 12.0, 11.0, 10.0])
        columns[name][row] = value
        return write(directory, CANDLES, hours(*range(5)), columns)

    return make


def stamped(*stamps_ms: int | None) -> Callable[[Path], Path]:
    return lambda directory: write(directory, CANDLES, stamps_ms, candle_columns([10.0] * len(stamps_ms)))


def typed(name: str, values: Any) -> Callable[[Path], Path]:  # noqa: ANN401
    """Return a writer of two good candles, one column of which has another type."""

    def make(directory: Path) -> Path:
        path = directory / CANDLES
        path.parent.mkdir(parents=True)
        columns = {"timestamp": pa.array(hours(0, 1), pa.timestamp("ms")), **candle_columns([10.0, 11.0])}
        pq.write_table(pa.table({**columns, name: values}), path)
        return path

    return make


def funded(*rates: float) -> Callable[[Path], Path]:
    return lambda directory: write_funding(directory, rates)


def lacking(directory: Path) -> Path:
    columns = candle_columns([10.0, 11.0])
    del columns["volume"]
    return write(directory, CANDLES, hours(0, 1), columns)


def broken(directory: Path) -> Path:
    path = write_candles(directory, [10.0] * 5000)
    path.write_bytes(path.read_bytes()[:3000])
    return path


def rotten(directory: Path) -> Path:
    path = write_candles(directory, [10.0 + number / 100 for number in range(5000)])
    data = bytearray(path.read_bytes())
    data[1000:9000] = bytes(8000)
    path.write_bytes(data)
    return path


@dataclass(frozen=True)
class Fault:
    make: Callable[[Path], Path]
    said: str


NOON = hours(12)[0]
FAULTS = {
    "NaN": Fault(changed("close", 3, float("nan")), "row 4 (2024-01-01T03:00:00Z): close is nan, expected a number"),
    "infinite": Fault(changed("high", 1, float("inf")), "row 2 (2024-01-01T01:00:00Z): high is inf, expected a number"),
    "null": Fault(changed("open", 0, None), "row 1 (2024-01-01T00:00:00Z): open is missing, expected a number above 0"),
    "huge": Fault(changed("volume", 0, 1e30), "volume is 1e+30, expected a number of at least 0"),
    "zero price": Fault(changed("low", 2, 0.0), "row 3 (2024-01-01T02:00:00Z): low is 0.0, expected a number above 0"),
    "negative price": Fault(changed("open", 2, -1.0), "open is -1.0, expected a number above 0"),
    "negative volume": Fault(changed("volume", 2, -1.0), "volume is -1.0, expected a number of at least 0"),
    "high below low": Fault(changed("high", 2, 1.0), "row 3 (2024-01-01T02:00:00Z): high is 1.0, expected at least"),
    "open outside": Fault(changed("open", 2, 99.0), "open is 99.0, expected between low and high, 11.0 to 12.0"),
    "close outside": Fault(changed("close", 2, 99.0), "close is 99.0, expected between low and high, 11.0 to 12.0"),
    "unsorted": Fault(stamped(*hours(0, 2, 1)), "row 3 (2024-01-01T01:00:00Z): comes after 2024-01-01T02:00:00Z"),
    "twice": Fault(stamped(*hours(0, 1, 1, 2)), "row 3 (2024-01-01T01:00:00Z): the same timestamp as the row before"),
    "off the grid": Fault(stamped(NOON, NOON + 1), "(2024-01-01T12:00:00.001Z): not at a whole 1h, expected"),
    "no stamp": Fault(stamped(NOON, None), "row 2: timestamp is missing, expected ISO 8601"),
    "seconds": Fault(stamped(0, 3_600_000), "row 1 (1970-01-01T00:00:00Z): expected a time from 2000 to 2199"),
    "empty": Fault(stamped(), "empty, expected at least one row"),
    "lacks a column": Fault(lacking, "lacks column volume; has columns timestamp, open, high, low, close, expected"),
    "text": Fault(typed("close", ["a", "b"]), "column 'close' is string, expected double, decimal or integer"),
    "float": Fault(typed("close", pa.array([10.0, 11.0], pa.float32())), "column 'close' is float, expected double"),
    "stamp as text": Fault(typed("timestamp", ["a", "b"]), "column 'timestamp' is string, expected a timestamp"),
    "cut off": Fault(broken, "unreadable as parquet: "),
    "overwritten": Fault(rotten, "unreadable as parquet: "),
    "rate above one": Fault(funded(0.0001, 1.5), "row 2 (2024-01-01T08:00:00Z): funding_rate is 1.5, expected a fract"),
    "rate below one": Fault(funded(0.0001, -1.01), "funding_rate is -1.01, expected a fraction"),
    "csv text": Fault(
        lambda at: csv(at, "2024-01-01T00:00:00Z,10,10,10,ten,1"),
        "row 1 (2024-01-01T00:00:00Z): close is 'ten', expected a number above 0",
    ),
    "csv NaN": Fault(lambda at: csv(at, "2024-01-01T00:00:00Z,10,10,10,nan,1"), "close is 'nan', expected a number"),
    "csv gap": Fault(lambda at: csv(at, "2024-01-01T00:00:00Z,10,10,10,,1"), "close is '', expected a number above 0"),
    "csv thousands": Fault(lambda at: csv(at, '2024-01-01,10,10,10,"1,000",1'), "close is '1,000', expected a number"),
    "csv stamp": Fault(
        lambda at: csv(at, "01/02/2024,10,10,10,10,1"), "row 1: timestamp is '01/02/2024', expected ISO"
    ),
    "csv no such day": Fault(
        lambda at: csv(at, "2024-01-31,10,10,10,10,1", "2024-02-31,10,10,10,10,1"),
        "row 2: timestamp is '2024-02-31', expected ISO 8601",
    ),
    "csv short row": Fault(lambda at: csv(at, "2024-01-01T00:00:00Z,10,10"), "unreadable as csv: "),
    "csv one column twice": Fault(
        lambda at: csv(at, "2024-01-01,1,1,1,1,1,1", header=f"{HEADER},close"), "has 2 columns named 'close'"
    ),
    "csv without rows": Fault(csv, "empty, expected at least one row"),
    "csv without anything": Fault(
        lambda at: csv(at, header=""), "lacks columns timestamp, open, high, low, close, vol"
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_makes_a_file_unusable_is_one_clear_line(fault: Fault, tmp_path: Path) -> None:
    path = fault.make(tmp_path)

    problems = report(tmp_path).problems

    assert len([line for line in problems if fault.said in line]) == 1, problems
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in problems)


def test_a_fault_in_many_rows_is_one_line_with_the_first_and_their_number(tmp_path: Path) -> None:
    columns = candle_columns([10.0] * 10_000)
    columns["volume"][6000:] = [-1.0] * 4000
    path = write(tmp_path, CANDLES, hours(*range(10_000)), columns)

    (problem,) = report(tmp_path).problems

    assert problem == (
        f"{path}: row 6001 (2024-09-07T00:00:00Z): volume is -1.0, expected a number of at least 0 (and 3999 more rows)"
    )


def test_order_is_checked_across_the_chunks_of_a_file(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.0] * 4098, at=[*range(4096), 4095, 4096])

    assert "row 4097 (2024-06-19T15:00:00Z): the same timestamp" in report(tmp_path).problems[0]


def test_a_good_file_tells_rows_span_hash_and_gaps(tmp_path: Path) -> None:
    path = write_candles(tmp_path, [10.0, 11.0, 12.0, 13.0, 14.0], at=[0, 1, 4, 5, 30])

    found = report(tmp_path)

    assert (found.problems, found.warnings, found.name, found.rows) == ((), (), path.name, 5)
    assert (found.first, found.last) == (T0, T0 + 30 * HOUR_NS)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.gaps == Gaps(count=2, longest_ns=24 * HOUR_NS, missing=26)


def test_gaps_in_funding_are_measured_by_its_most_common_interval_and_jitter_is_none(tmp_path: Path) -> None:
    stamps = [stamp + number for number, stamp in enumerate(hours(0, 8, 16, 40, 48, 52, 60))]
    write(tmp_path, FUNDING, stamps, {"funding_rate": [0.0001] * 7})

    found = report(tmp_path)

    assert found.problems == ()
    assert (found.interval_ns, found.gaps) == (8 * HOUR_NS, Gaps(count=1, longest_ns=16 * HOUR_NS, missing=2))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_stamps_of_any_unit_and_zone_are_the_same_instants(unit: str, zone: str | None, tmp_path: Path) -> None:
    path = tmp_path / CANDLES
    path.parent.mkdir()
    stamps = pa.array(hours(0, 1), pa.timestamp("ms", tz=zone)).cast(pa.timestamp(unit, tz=zone))
    pq.write_table(pa.table({"timestamp": stamps, **candle_columns([10.0, 11.0])}), path)

    found = report(tmp_path)

    assert (found.problems, found.first, found.last) == ((), T0, T0 + HOUR_NS)


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-01-01T00:00:00Z", "2024-01-01 00:00:00", "2024-01-01T09:00:00+09:00", "2024-01-01T00:00:00.000Z",
        "2023-12-31 19:00:00-0500", "2024-01-01", "1704067200000",
    ],
)  # fmt: skip
def test_stamps_of_a_csv_are_iso_of_any_zone_or_milliseconds(stamp: str, tmp_path: Path) -> None:
    csv(tmp_path, f"{stamp},10,10,10,10,1", "2024-01-01T01:00:00Z,10,10,10,10,1")

    found = report(tmp_path)

    assert (found.problems, found.first, found.last) == ((), T0, T0 + HOUR_NS)


def test_integer_stamps_are_milliseconds(tmp_path: Path) -> None:
    typed("timestamp", hours(0, 1))(tmp_path)

    assert (report(tmp_path).problems, report(tmp_path).first) == ((), T0)


def test_decimal_and_integer_columns_are_usable(tmp_path: Path) -> None:
    typed("close", pa.array([Decimal("10.00"), Decimal("11.00")], pa.decimal128(20, 2)))(tmp_path)

    assert report(tmp_path).problems == ()


def test_a_column_that_nobody_needs_is_worth_a_word_and_no_problem(tmp_path: Path) -> None:
    path = typed("trades", [3, 4])(tmp_path)

    found = report(tmp_path)

    assert (found.problems, found.warnings) == ((), (f"{path}: not read: column trades",))


def test_a_csv_with_a_byte_order_mark_and_windows_line_ends_is_usable(tmp_path: Path) -> None:
    path = csv(tmp_path, "2024-01-01T00:00:00Z,10,10,10,10,1")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert report(tmp_path).problems == ()


def test_a_scan_lists_series_and_what_is_not_understood_and_passes_over_prose(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.0])
    write_funding(tmp_path, [0.0001])
    for name in ("README.md", ".hidden", "candles/notes.txt"):
        (tmp_path / name).write_text("words")
    for name in ("candles/bybit-ETHUSDT-spott-1h.parquet", "candles/bybit-ETHUSDT-spot-1h.feather", "loose.csv"):
        (tmp_path / name).write_text("data")
    (tmp_path / "candles/parts-ETHUSDT-spot-1h.parquet").mkdir()

    found = scan(tmp_path)

    assert [file.path.name for file in found.files] == [Path(CANDLES).name, Path(FUNDING).name]
    assert [line.removeprefix(f"{tmp_path}/").partition(": ")[0] for line in found.problems] == [
        "candles/bybit-ETHUSDT-spot-1h.feather",
        "candles/bybit-ETHUSDT-spott-1h.parquet",
        "candles/parts-ETHUSDT-spot-1h.parquet",
        "loose.csv",
    ]


def test_one_series_as_parquet_and_csv_is_a_problem(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.0])
    write_candles(tmp_path, [10.0], name=CSV)

    found = scan(tmp_path)

    assert [series.instrument for series in found.twice] == [SPOT]
    assert "one series twice, expected either Parquet or CSV" in found.problems[0]


def test_the_instruments_of_some_venues_at_a_resolution_are_found(tmp_path: Path) -> None:
    for name in ("bybit-ETHUSDT-perp-1h", "bybit-ETHUSDT-spot-1h", "bybit-BTCUSDT-spot-1m", "okx-ETHUSDT-perp-1h"):
        write_candles(tmp_path, [10.0], name=f"candles/{name}.parquet")

    assert instruments_in(tmp_path, {"bybit"}, "1h") == (SPOT, PERP)
    assert instruments_in(tmp_path, {"bybit", "okx"}, "1m") == ("bybit:BTC/USDT",)
