"""Data files as a stream of column chunks: Parquet or CSV, a few thousand rows in memory at a time."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

TIMESTAMP = "timestamp"
CHUNK_ROWS = 4096

_BLOCK_BYTES = 256 * 1024
"""Of a CSV read at once: about as many rows as a chunk."""
_BUFFER_BYTES = 4096
"""Smaller than any usual page of a Parquet column, so that Arrow holds one page of each. Without it, or with a buffer
that pages fit into, it holds the whole row group as it stands in the file."""
_INT64_MAX = 2**63 - 1
_FACTORS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# Made once: making an Arrow value of a Python number takes longer than multiplying a chunk by it.
_SCALARS = {
    factor: tuple(pa.scalar(number) for number in (factor, -(_INT64_MAX // factor), _INT64_MAX // factor))
    for factor in _FACTORS.values()
}
_NULL = pa.scalar(None, pa.int64())
_ISO = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?$"
_ZONE = r":.*(Z|[+-]\d\d(:?\d\d)?)$"
_MILLISECONDS = r"^-?\d{1,15}$"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        times: Arrow int64, nanoseconds UTC; null where the stamp was not understood.
        stamps: The stamps as they stand in the file.
        values: One Arrow array for each column asked for, as they stand in the file (text, if it is CSV).
    """

    times: Any
    stamps: Any
    values: tuple[Any, ...]


def layout(path: Path) -> list[tuple[str, Any]]:
    """Return the names and Arrow types of a file's columns, in their order. Every column of a CSV is text.

    Raises:
        pyarrow.ArrowException, OSError, UnicodeDecodeError: The file can't be read as what its suffix says.
    """
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        return [(name, pa.string()) for name in header]
    with pq.ParquetFile(path) as file:
        return [(field.name, field.type) for field in file.schema_arrow]


def chunks(path: Path, columns: tuple[str, ...], *, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Read a file whose columns are known to be there.

    Args:
        path: Parquet or CSV.
        columns: Which to read, besides the timestamp.
        rows: At most so many in a chunk (CSV: about so many).

    Raises:
        pyarrow.ArrowException, OSError: The file can't be read to its end.
    """
    names = [TIMESTAMP, *columns]
    for batch in _csv(path, names) if path.suffix == ".csv" else _parquet(path, names, rows):
        stamps = batch.column(TIMESTAMP)
        yield Chunk(to_nanoseconds(stamps), stamps, tuple(batch.column(name) for name in columns))


def _parquet(path: Path, names: list[str], rows: int) -> Iterator[Any]:
    with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
        yield from file.iter_batches(batch_size=rows, columns=names, use_threads=False)


def _csv(path: Path, names: list[str]) -> Iterator[Any]:
    with pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        convert_options=pa_csv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
        ),
    ) as reader:
        yield from reader


def to_nanoseconds(stamps: Any) -> Any:  # noqa: ANN401  # pyarrow has no types
    """Return stamps as Arrow int64 nanoseconds UTC, null where one is missing, not understood or out of range.

    Args:
        stamps: Arrow timestamps of any unit (another zone is converted, none is UTC), integer milliseconds, or text:
            ISO 8601 (no zone is UTC) or integer milliseconds.
    """
    if pa.types.is_timestamp(stamps.type):
        return _scale(stamps.cast(pa.int64()), _FACTORS[stamps.type.unit])
    if pa.types.is_integer(stamps.type):
        return _scale(stamps.cast(pa.int64()), _FACTORS["ms"])
    none = pa.scalar(None, pa.string())
    is_iso = pc.match_substring_regex(stamps, _ISO)
    is_zoned = pc.and_(is_iso, pc.match_substring_regex(stamps, _ZONE))
    zoned = _parse(pc.if_else(is_zoned, stamps, none), pa.timestamp("ns", tz="UTC"))
    naive = _parse(pc.if_else(pc.and_not(is_iso, is_zoned), stamps, none), pa.timestamp("ns"))
    numbers = pc.if_else(pc.match_substring_regex(stamps, _MILLISECONDS), stamps, none).cast(pa.int64())
    return pc.coalesce(zoned, naive, _scale(numbers, _FACTORS["ms"]))


def _scale(numbers: Any, factor: int) -> Any:  # noqa: ANN401
    by, low, high = _SCALARS[factor]
    fits = pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))
    return pc.multiply(pc.if_else(fits, numbers, _NULL), by)


def _parse(texts: Any, kind: Any) -> Any:  # noqa: ANN401
    try:
        return texts.cast(kind).cast(pa.int64())
    except pa.ArrowInvalid:  # a 31st of February somewhere: find out which
        return pa.concat_arrays([_parse_one(texts[i : i + 1], kind) for i in range(len(texts))])


def _parse_one(text: Any, kind: Any) -> Any:  # noqa: ANN401
    try:
        return text.cast(kind).cast(pa.int64())
    except pa.ArrowInvalid:
        return pa.nulls(1, pa.int64())
