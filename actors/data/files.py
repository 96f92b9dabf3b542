"""Which data files a folder holds, and what each is good for: rows, span, gaps, hash, and what makes it unusable."""

import csv
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from actors.data import columns
from actors.data.checks import Findings, RowChecks
from actors.data.series import COLUMNS, SUFFIXES, Kind, Resolution, Series, read_name
from messages.units import SECOND_NS, InstrumentId

UNREADABLE = (pa.ArrowException, OSError, ValueError, csv.Error)
"""What reading a broken file raises."""

_MINUTE_NS = 60 * SECOND_NS
_PROSE = (".md", ".txt", ".json", "")
"""Suffixes of files that nobody takes for a series."""


@dataclass(frozen=True, kw_only=True)
class SeriesFile:
    """One file with the series that its name says."""

    path: Path
    series: Series


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a data folder holds.

    Attributes:
        files: Sorted by kind and name.
        problems: One line for each file that is not understood, or is there twice.
        twice: The series that are there both as Parquet and as CSV.
    """

    files: tuple[SeriesFile, ...]
    problems: tuple[str, ...]
    twice: tuple[Series, ...]


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Where rows are missing between the first and the last.

    Attributes:
        count: How many gaps there are.
        longest_ns: Length of what is missing in the longest, in nanoseconds.
        missing: Rows missing in all of them.
    """

    count: int = 0
    longest_ns: int = 0
    missing: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one file is good for.

    Attributes:
        rows: As far as it could be read.
        first, last: Stamps as they stand in the file (candles: opens), in nanoseconds; None without rows.
        interval_ns: The span between two rows: the name's, for funding the most common; None where nobody knows it.
        sha256: Of the whole file, hex; empty if it can't be read.
        problems: One line each; the file is usable if there are none.
        warnings: One line each, for what is odd and still usable.
    """

    file: SeriesFile
    rows: int
    first: int | None
    last: int | None
    interval_ns: int | None
    gaps: Gaps
    sha256: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """Base name of the file, with its suffix."""
        return self.file.path.name


def scan(directory: Path) -> Scan:
    """List the series files below a data folder, and what there is not understood. Opens no file.

    A README and other prose are passed over; whatever looks like data and has a wrong name or place is a problem.

    Raises:
        OSError: The folder can't be listed.
    """
    files: list[SeriesFile] = []
    problems: list[str] = []
    for folder in sorted(directory.iterdir()):
        if folder.name.startswith("."):
            continue
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                _take(path, files, problems)
        elif folder.suffix in SUFFIXES:
            problems.append(f"{folder}: stands outside the folders {', '.join(Kind)}")
    order = list(Kind)
    files.sort(key=lambda file: (order.index(file.series.kind), file.path.name))
    by_series: dict[Series, list[SeriesFile]] = defaultdict(list)
    for file in files:
        by_series[file.series].append(file)
    twice = {series: both for series, both in by_series.items() if len(both) > 1}
    problems += [duplicate_line(both) for both in twice.values()]
    return Scan(files=tuple(files), problems=tuple(problems), twice=tuple(twice))


def duplicate_line(files: list[SeriesFile]) -> str:
    """Return the line that says a series is there more than once."""
    return f"{' and '.join(str(file.path) for file in files)}: one series twice, expected either Parquet or CSV"


def instruments_in(directory: Path, venues: frozenset[str] | set[str], resolution: str) -> tuple[InstrumentId, ...]:
    """Return, sorted, the instruments of these venues that have candles of this resolution.

    Raises:
        OSError: The folder can't be listed.
    """
    found = {
        file.series.instrument
        for file in scan(directory).files
        if file.series.kind is Kind.CANDLES and file.series.venue in venues and file.series.resolution == resolution
    }
    return tuple(sorted(instrument for instrument in found if instrument is not None))


def inspect(file: SeriesFile) -> Report:
    """Read a file from end to end and say what it is good for. Raises nothing: what can't be read is a problem.

    Holds a few thousand rows at a time, however long the file is.
    """
    findings = Findings()
    checks = RowChecks(file.series, findings)
    warnings: list[str] = []
    digest = ""
    wanted = tuple(COLUMNS[file.series.kind])
    try:
        with file.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        problems, extra = _check_layout(file.path, wanted)
        for problem in problems:
            findings.add(problem)
        if extra:
            warnings.append(f"not read: {_columns(extra)}")
        if not problems:
            for chunk in columns.chunks(file.path, wanted):
                checks.check(chunk)
            if not checks.rows:
                findings.add("empty, expected at least one row")
    except UNREADABLE as error:
        text = str(error).strip().split("\n")[0]
        after = f" after row {checks.rows}" if checks.rows else ""
        findings.add(f"unreadable{after} as {file.path.suffix[1:]}: {text or type(error).__name__}")
    interval_ns = _interval(file.series.resolution, checks.steps)
    return Report(
        file=file,
        rows=checks.rows,
        first=checks.first,
        last=checks.last,
        interval_ns=interval_ns,
        gaps=_gaps(checks.steps, interval_ns),
        sha256=digest,
        problems=tuple(f"{file.path}: {line}" for line in findings.lines()),
        warnings=tuple(f"{file.path}: {line}" for line in warnings),
    )


def _take(path: Path, files: list[SeriesFile], problems: list[str]) -> None:
    if path.name.startswith(".") or path.suffix in _PROSE:
        return
    if path.suffix not in SUFFIXES:
        if path.parent.name in set(Kind):
            problems.append(f"{path}: unknown suffix {path.suffix!r}, expected {' or '.join(SUFFIXES)}")
        return
    if not path.is_file():
        problems.append(f"{path}: not a file, expected one file for each series")
        return
    try:
        files.append(SeriesFile(path=path, series=read_name(path.parent.name, path.stem)))
    except ValueError as error:
        problems.append(f"{path}: {error}")


def _check_layout(path: Path, wanted: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the problems of the columns, and the names of those that nobody needs."""
    found = columns.layout(path)
    names = Counter(name for name, _ in found)
    expected = (columns.TIMESTAMP, *wanted)
    problems = []
    missing = [name for name in expected if name not in names]
    if missing:
        has = _columns(list(names)) if names else "no columns"
        problems.append(f"lacks {_columns(missing)}; has {has}, expected {', '.join(expected)}")
    problems += [f"has {names[name]} columns named {name!r}, expected one" for name in expected if names[name] > 1]
    for name, kind in found:
        if name == columns.TIMESTAMP and not _is_stamp(path, kind):
            problems.append(f"column {name!r} is {kind}, expected a timestamp or int64 milliseconds")
        elif name in wanted and not _is_number(path, kind):
            problems.append(f"column {name!r} is {kind}, expected double, decimal or integer")
    return problems, [name for name in names if name not in expected]


def _is_stamp(path: Path, kind: Any) -> bool:  # noqa: ANN401  # pyarrow has no types
    return path.suffix == ".csv" or pa.types.is_timestamp(kind) or pa.types.is_int64(kind)


def _is_number(path: Path, kind: Any) -> bool:  # noqa: ANN401
    # not float32: 2460.12 is not in it, and what stands for it reads 2460.1201171875
    kinds = pa.types
    return path.suffix == ".csv" or kinds.is_float64(kind) or kinds.is_decimal(kind) or kinds.is_integer(kind)


def _columns(names: list[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _interval(resolution: Resolution | None, steps: Counter[int]) -> int | None:
    if resolution is not None:
        return resolution.length_ns
    if not steps:
        return None
    most = max(steps.values())
    return min(minutes for minutes, count in steps.items() if count == most) * _MINUTE_NS


def _gaps(steps: Counter[int], interval_ns: int | None) -> Gaps:
    if interval_ns is None:
        return Gaps()
    interval = interval_ns // _MINUTE_NS
    lacking = {minutes: (2 * minutes + interval) // (2 * interval) - 1 for minutes in steps}
    gaps = {minutes: rows for minutes, rows in lacking.items() if rows > 0}
    return Gaps(
        count=sum(steps[minutes] for minutes in gaps),
        longest_ns=max(((minutes - interval) * _MINUTE_NS for minutes in gaps), default=0),
        missing=sum(steps[minutes] * rows for minutes, rows in gaps.items()),
    )
