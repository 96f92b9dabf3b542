"""One file's rows as messages, a chunk at a time, in the order of the instants at which they become known."""

from abc import abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from actors.data import columns
from actors.data.columns import Chunk
from actors.data.decimals import DecimalColumn
from actors.data.series import COLUMNS, Kind
from messages.market import Candle, FundingRate
from messages.units import InstrumentId, Nanoseconds

T = TypeVar("T", bound=Candle | FundingRate)


class Rows(Generic[T]):
    """The rows of one file that was found usable.

    Attributes:
        delay_ns: How long after its stamp a row is known.
    """

    def __init__(self, path: Path, kind: Kind, *, delay_ns: int) -> None:
        self._path: Final = path
        self._names: Final = tuple(COLUMNS[kind])
        self._decimals: Final = tuple(DecimalColumn() for _ in self._names)
        self.delay_ns: Final = delay_ns

    def chunks(self, start: int, end: int, rows: int) -> Iterator[tuple[list[Nanoseconds], list[T]]]:
        """Yield what becomes known from `start` to `end` (both included): its instants, and the messages."""
        for chunk in columns.chunks(self._path, self._names, rows=rows):
            known = [stamp + self.delay_ns for stamp in chunk.times.to_pylist()]
            low, high = bisect_left(known, start), bisect_right(known, end)
            if low < high:
                known = known[low:high]
                yield known, self._make(known, self._columns([column[low:high] for column in chunk.values]))
            if high < len(chunk.times):
                return

    def last_before(self, instant: int) -> T | None:
        """Return the last row that is known before an instant."""
        last: tuple[Chunk, int] | None = None
        for chunk in columns.chunks(self._path, self._names):
            stop = bisect_left(chunk.times.to_pylist(), instant - self.delay_ns)
            if stop:
                last = chunk, stop
            if stop < len(chunk.times):
                break
        if last is None:
            return None
        chunk, stop = last
        known = [chunk.times[stop - 1].as_py() + self.delay_ns]
        return self._make(known, self._columns([column[stop - 1 : stop] for column in chunk.values]))[0]

    def _columns(self, values: list[Any]) -> list[list[Any]]:
        return [decimals.decode(column) for decimals, column in zip(self._decimals, values, strict=True)]

    @abstractmethod
    def _make(self, known: list[Nanoseconds], values: list[list[Any]]) -> list[T]:
        """Return the messages for these instants and columns of decimals."""


class CandleRows(Rows[Candle]):
    """Candles, stamped at their open, known at their close."""

    def __init__(self, path: Path, instrument: InstrumentId, length_ns: int) -> None:
        super().__init__(path, Kind.CANDLES, delay_ns=length_ns)
        self._instrument: Final = instrument

    def _make(self, known: list[Nanoseconds], values: list[list[Any]]) -> list[Candle]:
        instrument = self._instrument
        return [
            Candle(instrument=instrument, closed_at=at, open=o, high=hi, low=lo, close=c, volume=v)
            for at, o, hi, lo, c, v in zip(known, *values, strict=True)
        ]

    def _columns(self, values: list[Any]) -> list[list[Any]]:
        opens, _, _, closes, _ = values
        if not opens[1:].equals(closes[:-1]):
            return super()._columns(values)
        # most venues open a candle at the close before it: making these decimals once is a seventh of all the work
        first, *others = self._decimals
        rest = [decimals.decode(column) for decimals, column in zip(others, values[1:], strict=True)]
        return [[*first.decode(opens[:1]), *rest[2][:-1]], *rest]


class FundingRows(Rows[FundingRate]):
    """Funding rates, known and paid at their stamp."""

    def __init__(self, path: Path, instrument: InstrumentId) -> None:
        super().__init__(path, Kind.FUNDING, delay_ns=0)
        self._instrument: Final = instrument

    def _make(self, known: list[Nanoseconds], values: list[list[Any]]) -> list[FundingRate]:
        instrument = self._instrument
        return [FundingRate(instrument=instrument, rate=rate) for _, rate in zip(known, *values, strict=True)]


class RowStream(Generic[T]):
    """Rows with a chunk of them in memory, to be merged with others."""

    def __init__(self, rows: Rows[T], start: int, end: int, chunk_rows: int) -> None:
        self._chunks: Iterator[tuple[list[Nanoseconds], list[T]]] = rows.chunks(start, end, chunk_rows)
        self._times: list[Nanoseconds] = []
        self._items: list[T] = []

    @property
    def horizon(self) -> int:
        """The last instant in memory."""
        return self._times[-1]

    def fill(self) -> bool:
        """Read on if nothing is in memory; False when there is nothing any more."""
        if not self._times:
            self._times, self._items = next(self._chunks, ([], []))
        return bool(self._times)

    def take(self, horizon: int) -> tuple[list[Nanoseconds], list[T]]:
        """Take out what is in memory up to an instant, which is included."""
        count = bisect_right(self._times, horizon)
        taken = self._times[:count], self._items[:count]
        self._times, self._items = self._times[count:], self._items[count:]
        return taken
