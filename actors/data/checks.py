"""What makes a row of market data unusable. Vectorised, chunk by chunk, and every finding one clear line."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.data.columns import TIMESTAMP, Chunk
from actors.data.series import COLUMNS, Kind, Rule, Series, iso
from messages.units import SECOND_NS

EARLIEST_NS = 946_684_800 * SECOND_NS
"""2000-01-01. An earlier stamp is most likely in seconds and not in milliseconds."""
LATEST_NS = 7_258_118_400 * SECOND_NS
"""2200-01-01. A later one is most likely in microseconds."""

_STAMP = "ISO 8601 such as 2024-01-01T00:00:00Z, or integer milliseconds since 1970"
_MINUTE_NS = 60 * SECOND_NS
_MAGNITUDE = 1e30
# What the house takes as a number from outside, and the exponent form in which CSV writers put small rates.
_NUMBER = r"^-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$"


class Findings:
    """Problems of one file: of each sort the first, and how many more there are."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Note a problem of the whole file."""
        self._first[text] = text
        self._counts[text] = 1

    def note(self, sort: str, mask: Any, tell: Callable[[int], str]) -> None:  # noqa: ANN401
        """Note the rows where an Arrow boolean array is true; `tell` says the line for the first of them."""
        found = pc.sum(mask).as_py() or 0
        if found and sort not in self._first:
            self._first[sort] = tell(pc.index(mask, value=True).as_py())
        if found:
            self._counts[sort] += found

    def lines(self) -> tuple[str, ...]:
        """Return one line for each sort of problem, in the order they were met."""
        more = {sort: f" (and {count - 1} more rows)" for sort, count in self._counts.items() if count > 1}
        return tuple(f"{text}{more.get(sort, '')}" for sort, text in self._first.items())


class RowChecks:
    """Checks the rows of one file, in their order, and gathers what its report says.

    Attributes:
        rows: Seen so far.
        first, last: Stamps in nanoseconds; None before the first good one.
        steps: How often each distance between neighbouring stamps occurred, in whole minutes.
    """

    def __init__(self, series: Series, findings: Findings) -> None:
        self._series = series
        self._columns = tuple(COLUMNS[series.kind].items())
        self._findings = findings
        self.rows = 0
        self.first: int | None = None
        self.last: int | None = None
        self.steps: Counter[int] = Counter()

    def check(self, chunk: Chunk) -> None:
        """Check the next rows."""
        if not len(chunk.times):
            return
        self._check_stamps(chunk)
        numbers = [
            self._check_numbers(chunk, name, rule, values)
            for (name, rule), values in zip(self._columns, chunk.values, strict=True)
        ]
        if self._series.kind is Kind.CANDLES:
            self._check_candles(chunk, numbers)
        self.rows += len(chunk.times)

    def _row(self, chunk: Chunk, index: int) -> str:
        at = chunk.times[index].as_py()
        return f"row {self.rows + index + 1}" if at is None else f"row {self.rows + index + 1} ({iso(at)})"

    def _check_stamps(self, chunk: Chunk) -> None:
        times, note = chunk.times, self._findings.note
        missing = pc.is_null(times)
        note(
            "stamp",
            missing,
            lambda i: f"{self._row(chunk, i)}: {TIMESTAMP} is {_said(chunk.stamps[i])}, expected {_STAMP}",
        )
        odd = pc.fill_null(pc.or_(pc.less(times, EARLIEST_NS), pc.greater_equal(times, LATEST_NS)), fill_value=False)
        note("range", odd, lambda i: f"{self._row(chunk, i)}: expected a time from 2000 to 2199, in {_STAMP}")
        previous = pa.concat_arrays([pa.array([self.last], pa.int64()), times[:-1]])
        steps = pc.subtract(times, previous)
        note(
            "order",
            pc.fill_null(pc.less(steps, 0), fill_value=False),
            lambda i: f"{self._row(chunk, i)}: comes after {iso(previous[i].as_py())}, expected rows sorted by time",
        )
        note(
            "twice",
            pc.fill_null(pc.equal(steps, 0), fill_value=False),
            lambda i: f"{self._row(chunk, i)}: the same {TIMESTAMP} as the row before, expected one row for each time",
        )
        if self._series.kind is Kind.CANDLES and self._series.resolution is not None:
            resolution, length = self._series.resolution, self._series.resolution.length_ns
            off = pc.not_equal(pc.multiply(pc.divide(times, length), length), times)
            note(
                "grid",
                pc.fill_null(off, fill_value=False),
                lambda i: f"{self._row(chunk, i)}: not at a whole {resolution}, expected the candle's open time",
            )
        self._count_steps(steps)
        span = pc.min_max(times)
        if span["min"].as_py() is not None:
            self.first = span["min"].as_py() if self.first is None else min(self.first, span["min"].as_py())
            self.last = times.drop_null()[-1].as_py()

    def _count_steps(self, steps: Any) -> None:  # noqa: ANN401
        minutes = pc.divide(pc.add(steps.drop_null(), _MINUTE_NS // 2), _MINUTE_NS)
        for entry in pc.value_counts(minutes).to_pylist():
            if entry["values"] > 0:
                self.steps[entry["values"]] += entry["counts"]

    def _check_numbers(self, chunk: Chunk, name: str, rule: Rule, values: Any) -> Any:  # noqa: ANN401
        """Check one column, and return it as doubles with nulls where it is no number."""

        def tell(index: int) -> str:
            value = values[index].as_py()
            said = "missing" if value is None else repr(value) if isinstance(value, str) else f"{value}"
            return f"{self._row(chunk, index)}: {name} is {said}, expected {rule.value}"

        if pa.types.is_string(values.type):
            is_number = pc.match_substring_regex(values, _NUMBER)
            doubles = pc.if_else(is_number, values, pa.scalar(None, pa.string())).cast(pa.float64())
        else:
            doubles = values.cast(pa.float64(), safe=False)
        # NaN is below nothing, so a number is what is below the bound
        sane = pc.fill_null(pc.less(pc.abs(doubles), _MAGNITUDE), fill_value=False)
        self._findings.note(f"{name} number", pc.invert(sane), tell)
        doubles = pc.if_else(sane, doubles, pa.scalar(None, pa.float64()))
        wrong = {
            Rule.POSITIVE: lambda: pc.less_equal(doubles, 0.0),
            Rule.NOT_NEGATIVE: lambda: pc.less(doubles, 0.0),
            Rule.FRACTION: lambda: pc.greater(pc.abs(doubles), 1.0),
        }[rule]()
        self._findings.note(f"{name} rule", pc.fill_null(wrong, fill_value=False), tell)
        return doubles

    def _check_candles(self, chunk: Chunk, numbers: list[Any]) -> None:
        opens, highs, lows, closes, _ = numbers

        def above(index: int) -> str:
            high, low = highs[index].as_py(), lows[index].as_py()
            return f"{self._row(chunk, index)}: high is {high}, expected at least the low, {low}"

        self._findings.note("high span", pc.fill_null(pc.less(highs, lows), fill_value=False), above)
        for name, values in (("open", opens), ("close", closes)):
            self._check_between(chunk, name, values, lows, highs)

    def _check_between(self, chunk: Chunk, name: str, values: Any, lows: Any, highs: Any) -> None:  # noqa: ANN401
        def tell(index: int) -> str:
            value, low, high = (array[index].as_py() for array in (values, lows, highs))
            return f"{self._row(chunk, index)}: {name} is {value}, expected between low and high, {low} to {high}"

        outside = pc.or_(pc.less(values, lows), pc.greater(values, highs))
        self._findings.note(f"{name} span", pc.fill_null(outside, fill_value=False), tell)


def _said(stamp: Any) -> str:  # noqa: ANN401
    """Return an Arrow scalar as a person would read it; Python's own times don't reach as far as Arrow's."""
    if not stamp.is_valid:
        return "missing"
    if pa.types.is_timestamp(stamp.type):
        return f"{stamp.cast(pa.int64()).as_py()} {stamp.type.unit}"
    return repr(stamp.as_py())
