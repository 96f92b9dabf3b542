"""History as a stream of slices: all data of one instant in one `MarketSlice`, as the design's section 7 says.

A candle is stamped at its open in the file and known at its close. A slice exists at the start, at the end, and at each
instant between them at which a candle closes, funding is paid or an instruction is due. Files are read a few thousand
rows at a time, side by side; nothing is held longer than until the slice is told.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from actors.data.columns import CHUNK_ROWS
from actors.data.files import SeriesFile, duplicate_line, inspect, scan
from actors.data.rows import CandleRows, FundingRows, RowStream
from actors.data.series import Kind, Resolution, candles_name, funding_name, iso
from actors.errors import BadInputError, InputChangedError
from messages.market import Candle, FundingRate, MarketSlice
from messages.units import InstrumentId, Nanoseconds

T = TypeVar("T", bound=Candle | FundingRate)


class Feed:
    """The slices of one run. Iterating begins at the start each time.

    Attributes:
        files: What is known of each file in use, in the order of their names.
        warnings: One line each, for what is usable and still worth saying.
        market_events: Rows delivered so far: candles by their close, and funding. Read-back rows don't count.
    """

    def __init__(
        self,
        directory: Path,
        *,
        resolution: str,
        instruments: Iterable[InstrumentId],
        start: Nanoseconds,
        end: Nanoseconds,
        extra: Iterable[int] = (),
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        """Read every file that is needed from end to end, and refuse what can't be used.

        Args:
            directory: The data folder.
            resolution: Of the candles: 1m, 1h and so on.
            instruments: Whose candles, and for perps whose funding, to load.
            start: First instant of the run, in nanoseconds.
            end: Last instant of the run, in nanoseconds; belongs to it.
            extra: More instants to make slices at, in nanoseconds; those outside the run are passed over.
            chunk_rows: How many rows of each file are held in memory.

        Raises:
            BadInputError: With a line for everything that is unusable.
        """
        self._start: Final = start
        self._end: Final = end
        self._extra: Final = array("q", sorted({start, end, *(at for at in extra if start <= at <= end)}))
        self._chunk_rows: Final = chunk_rows
        wanted = sorted(set(instruments))
        if start > end:
            raise BadInputError(f"the run starts at {iso(start)} and ends at {iso(end)}, expected start before end")
        files = _find(directory, wanted, resolution)
        self._stamps: Final = {file.path: _stamp(file.path) for file in files}
        reports = [inspect(file) for file in files]
        problems = [line for report in reports for line in report.problems]
        if problems:
            raise BadInputError(*problems)
        self.files: Final = tuple(sorted(reports, key=lambda report: report.name))
        self._candles: Final = {
            report.file.series.instrument: report
            for report in reports
            if report.file.series.kind is Kind.CANDLES and report.file.series.instrument is not None
        }
        self._funding: Final = {
            report.file.series.instrument: report
            for report in reports
            if report.file.series.kind is Kind.FUNDING and report.file.series.instrument is not None
        }
        self._length_ns: Final = Resolution(resolution).length_ns
        self.warnings: Final = tuple(self._warn(wanted))
        self.market_events = 0
        self._read_back: MarketSlice | None = None
        self._reset()

    def _reset(self) -> None:
        self.market_events = 0
        self._at = self._start
        self._latest: dict[InstrumentId, Candle] = {}
        self._block: dict[Nanoseconds, tuple[Candle, ...]] = {}

    def __iter__(self) -> Iterator[MarketSlice]:
        """Yield the slices of the run, in the order of their times."""
        self._reset()
        self._check_unchanged()
        span = self._start, self._end, self._chunk_rows
        candles = [RowStream(rows, *span) for rows in self._candle_rows()]
        funding = [
            RowStream(FundingRows(report.file.path, instrument), *span)
            for instrument, report in sorted(self._funding.items())
        ]
        done = 0
        while True:
            # up to the horizon every stream has all its rows in memory
            ends = [stream.horizon for stream in candles if stream.fill()]
            ends += [stream.horizon for stream in funding if stream.fill()]
            horizon = min(ends, default=self._end)
            groups = _gather([stream.take(horizon) for stream in candles])
            paid = _gather([stream.take(horizon) for stream in funding])
            upto = bisect_right(self._extra, horizon)
            others = [at for at in (*paid, *map(Nanoseconds, self._extra[done:upto])) if at not in groups]
            instants = sorted(dict.fromkeys((*groups, *others))) if others else list(groups)
            done = upto
            self._block = groups
            for at in instants:
                closed = groups.get(at, ())
                rates = paid.get(at, ())
                self.market_events += len(closed) + len(rates)
                self._at = at
                yield MarketSlice(at=at, candles=closed, funding=rates)
            self._keep_latest()
            if not ends:
                self._check_unchanged()
                return

    def before_start(self) -> MarketSlice | None:
        """Return the last candle of each instrument that closed before the start, so that a price exists in a gap.

        The slice is `at` the start, each candle has its own `closed_at`; None if there is no such candle. Not counted.
        """
        if self._read_back is None:
            found = [rows.last_before(self._start) for rows in self._candle_rows()]
            self._read_back = MarketSlice(at=self._start, candles=tuple(row for row in found if row is not None))
        return self._read_back if self._read_back.candles else None

    def latest(self) -> MarketSlice:
        """Return the last candle of each instrument so far, read-back included, at the time of the last slice."""
        self._keep_latest()
        before = self.before_start()
        latest = {candle.instrument: candle for candle in (before.candles if before else ())} | self._latest
        return MarketSlice(at=self._at, candles=tuple(candle for _, candle in sorted(latest.items())))

    def first_close(self, instrument: InstrumentId) -> Nanoseconds | None:
        """Return when the first candle in an instrument's file closes; None for an instrument that isn't loaded."""
        report = self._candles.get(instrument)
        if report is None or report.first is None:
            return None
        return Nanoseconds(report.first + self._length_ns)

    def _check_unchanged(self) -> None:
        """Look that the files are those whose digests were taken.

        Raises:
            InputChangedError: One is not.
        """
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                raise InputChangedError(f"{path}: changed since it was checked, expected the file to stay as it is")

    def _candle_rows(self) -> list[CandleRows]:
        return [
            CandleRows(report.file.path, instrument, self._length_ns)
            for instrument, report in sorted(self._candles.items())
        ]

    def _keep_latest(self) -> None:
        missing = set(self._candles)
        for at, candles in reversed(self._block.items()):
            for candle in candles if at <= self._at else ():
                if candle.instrument in missing:
                    missing.discard(candle.instrument)
                    self._latest[candle.instrument] = candle
            if not missing:
                return

    def _warn(self, wanted: list[InstrumentId]) -> Iterator[str]:
        for report in self.files:
            yield from report.warnings
        for instrument, report in sorted(self._candles.items()):
            first, last = self.first_close(instrument), (report.last or 0) + self._length_ns
            if first is not None and (first > self._end or last <= self._start - self._length_ns):
                yield (
                    f"{report.file.path}: its candles close from {iso(first)} to {iso(last)}, the run is from "
                    f"{iso(self._start)} to {iso(self._end)}: {instrument} has no price to trade at"
                )
        for instrument in wanted:
            name = funding_name(instrument)
            if name is not None and instrument not in self._funding:
                yield f"{instrument}: no {Kind.FUNDING}/{name}.parquet or .csv, so no funding is paid"


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written or replaced; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _find(directory: Path, wanted: list[InstrumentId], resolution: str) -> list[SeriesFile]:
    """Return the files that these instruments need.

    Raises:
        BadInputError: One is missing or there twice, or what is wanted makes no sense.
    """
    if resolution not in set(Resolution):
        raise BadInputError(f"unknown resolution {resolution!r}, expected one of {', '.join(Resolution)}")
    try:
        found = scan(directory).files
    except OSError as error:
        raise BadInputError(f"{directory}: {error.strerror or error}, expected a data folder") from None
    by_name: dict[tuple[Kind, str], list[SeriesFile]] = {}
    for file in found:
        by_name.setdefault((file.series.kind, file.series.name), []).append(file)
    files: list[SeriesFile] = []
    problems: list[str] = []
    for instrument in wanted:
        try:
            candles, funding = candles_name(instrument, Resolution(resolution)), funding_name(instrument)
        except ValueError as error:
            problems.append(str(error))
            continue
        if (Kind.CANDLES, candles) not in by_name:
            problems.append(f"{directory / Kind.CANDLES / candles}.parquet: no such file (nor .csv)")
        for key in ((Kind.CANDLES, candles), (Kind.FUNDING, funding or "")):
            same = by_name.get(key, [])
            if len(same) > 1:
                problems.append(duplicate_line(same))
            files += same
    if problems:
        unusable = [line for file in files for line in inspect(file).problems]
        raise BadInputError(*problems, *unusable)
    return files


def _gather(streams: list[tuple[list[Nanoseconds], list[T]]]) -> dict[Nanoseconds, tuple[T, ...]]:
    """Return the rows of all streams by instant, sorted; those of one instant in the order of the streams."""
    if not streams:
        return {}
    times = streams[0][0]
    if all(other == times for other, _ in streams[1:]):
        return dict(zip(times, zip(*(rows for _, rows in streams), strict=True), strict=True))
    groups: dict[Nanoseconds, list[T]] = {}
    for others, rows in streams:
        for at, row in zip(others, rows, strict=True):
            groups.setdefault(at, []).append(row)
    return {at: tuple(group) for at, group in sorted(groups.items())}
