"""Reference prices and funding from a folder of recorded data, from where it begins, at the speed that is asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from actors.data.columns import CHUNK_ROWS
from actors.data.files import Report, SeriesFile, inspect, scan
from actors.data.rows import CandleRows, FundingRows
from actors.data.series import Kind, iso
from actors.errors import BadInputError
from messages.instruments import instrument_id
from messages.market import Candle
from messages.units import InstrumentId, TradeType
from ops.testbed.exchange.depth import to_tick
from ops.testbed.exchange.prices import USUAL_RATE, MarketKey, WalkingPrices, key_of
from ops.testbed.exchange.values import Market

_MS_NS = 1_000_000
_FOREVER_NS = 2**62


def instrument_of(market: Market) -> InstrumentId:
    """Return what the data calls a market."""
    if market.product is TradeType.SPOT:
        return instrument_id(market.venue, f"{market.base}/{market.quote}")
    return instrument_id(market.venue, f"{market.base}{market.quote}-PERP")


class RecordedPrices:
    """Candles as a path through open, low and high, and close; markets without candles follow their asset's.

    An asset that the folder knows nothing of walks. After the end of the data its prices stay.

    Attributes:
        name, gone_ms: As `PriceSource`; the time is that of the data.
        said: Lines about what follows what.
    """

    name = "data"

    def __init__(
        self, directory: Path, markets: Sequence[Market], *, speed: float, seed: str, gone_ms: int = 0
    ) -> None:
        """Read what the folder holds.

        Raises:
            BadInputError: It holds no candles of any of the markets, or some that can't be used.
        """
        self._speed = speed
        self._started_ms: int | None = None
        self._walk = WalkingPrices(seed, gone_ms=gone_ms)
        files = _candle_files(directory, markets)
        chosen = {key_of(market): found for market in markets if (found := _series_for(market, files)) is not None}
        reports = _inspected({file.path: file for file in chosen.values()}.values())
        self._start_ns = max(_first(report) for report in reports.values()) + gone_ms * _MS_NS
        self._gone_before_ms = gone_ms
        self._latest_ns = self._start_ns
        self._paths = {key: _CandlePath(file, _length(file), self._start_ns) for key, file in chosen.items()}
        self._rates = _rates(directory, markets)
        self._funded: dict[MarketKey, int] = {}
        self.said = (
            f"prices of {len(chosen)} of {len(markets)} markets from {directory}, from {iso(self._start_ns)} on",
        )

    def _data_ns(self, now_ms: int) -> int:
        if self._started_ms is None:
            self._started_ms = now_ms
        self._latest_ns = self._start_ns + round((now_ms - self._started_ms) * self._speed) * _MS_NS
        return self._latest_ns

    @property
    def gone_ms(self) -> int:
        """How much of the data has gone by."""
        return self._gone_before_ms + (self._latest_ns - self._start_ns) // _MS_NS

    def first(self, market: Market) -> Decimal:
        """Return the price that a market starts with."""
        path = self._paths.get(key_of(market))
        return self._walk.first(market) if path is None else to_tick(path.first, market, ROUND_HALF_EVEN)

    def path(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return the prices since the last call: all opens, highs, lows and closes between, and where it is now."""
        path = self._paths.get(key_of(market))
        if path is None:
            return self._walk.path(market, now_ms)
        return [to_tick(price, market, ROUND_HALF_EVEN) for price in path.to(self._data_ns(now_ms))]

    def settled(self, market: Market, now_ms: int) -> Sequence[Decimal]:
        """Return the rates that fell due since the last call, as recorded or, without a record, the usual one."""
        now_ns = self._data_ns(now_ms)
        before = self._funded.get(key_of(market), self._start_ns)
        self._funded[key_of(market)] = now_ns
        return [rate for _, rate in self._due(market, before, now_ns)]

    def rate(self, market: Market, now_ms: int) -> Decimal:
        """Return the rate that is paid next."""
        return self._next(market, now_ms)[1]

    def next_ms(self, market: Market, now_ms: int) -> int:
        """Return when that is by the machine's clock, at this speed."""
        at_ns, _ = self._next(market, now_ms)
        return now_ms + round((at_ns - self._data_ns(now_ms)) / _MS_NS / self._speed)

    def _next(self, market: Market, now_ms: int) -> tuple[int, Decimal]:
        now_ns = self._data_ns(now_ms)
        recorded = self._rates.get(key_of(market), {})
        coming = [at for at in recorded if at > now_ns]
        if coming:
            return min(coming), recorded[min(coming)]
        interval = market.funding_interval_ms * _MS_NS
        return now_ns - now_ns % interval + interval, USUAL_RATE

    def _due(self, market: Market, after_ns: int, until_ns: int) -> list[tuple[int, Decimal]]:
        recorded = self._rates.get(key_of(market))
        if recorded is not None:
            return sorted((at, rate) for at, rate in recorded.items() if after_ns < at <= until_ns)
        interval = market.funding_interval_ms * _MS_NS
        first = after_ns - after_ns % interval + interval
        return [(at, USUAL_RATE) for at in range(first, until_ns + 1, interval)]


class _CandlePath:
    """One file's candles as prices in their order."""

    def __init__(self, file: SeriesFile, length_ns: int, start_ns: int) -> None:
        self._length_ns = length_ns
        instrument = file.series.instrument
        if instrument is None:
            raise ValueError("candles without an instrument")
        rows = CandleRows(file.path, instrument, length_ns)
        self._candles = (
            candle for _, candles in rows.chunks(start_ns + 1, _FOREVER_NS, CHUNK_ROWS) for candle in candles
        )
        self._points = self._all_points()
        self._from = next(self._points, None) or _last_point(rows, start_ns)
        self._to: tuple[int, Decimal] | None = next(self._points, None)
        self.first = (self.to(start_ns) or [self._from[1]])[-1]

    def _all_points(self) -> Iterator[tuple[int, Decimal]]:
        for candle in self._candles:
            yield from _points(candle, self._length_ns)

    def to(self, at_ns: int) -> list[Decimal]:
        """Return the prices up to a time: all corners that were passed, and one between two corners."""
        passed: list[Decimal] = []
        while self._to is not None and self._to[0] <= at_ns:
            passed.append(self._to[1])
            self._from, self._to = self._to, next(self._points, None)
        if self._to is not None and at_ns > self._from[0]:
            part = Decimal(at_ns - self._from[0]) / (self._to[0] - self._from[0])
            passed.append(self._from[1] + (self._to[1] - self._from[1]) * part)
        return passed


def _points(candle: Candle, length_ns: int) -> list[tuple[int, Decimal]]:
    """Return a candle's corners: the nearer extreme first where it rose from its low, or fell from its high."""
    opened = candle.closed_at - length_ns
    low_first = candle.close >= candle.open
    between = (candle.low, candle.high) if low_first else (candle.high, candle.low)
    return [
        (opened, candle.open),
        (opened + length_ns // 3, between[0]),
        (opened + 2 * length_ns // 3, between[1]),
        (candle.closed_at - _MS_NS, candle.close),
    ]


def _last_point(rows: CandleRows, at_ns: int) -> tuple[int, Decimal]:
    """Return where the data had ended at a time that is after its end."""
    last = rows.last_before(at_ns + 1)
    if last is None:
        raise BadInputError(f"no candle before {iso(at_ns)}")
    return last.closed_at, last.close


def _candle_files(directory: Path, markets: Sequence[Market]) -> Mapping[InstrumentId, SeriesFile]:
    """Return the candle files of these markets' venues in one resolution: the one with the most, then the finest."""
    try:
        found = scan(directory)
    except OSError as error:
        raise BadInputError(f"{directory}: {error.strerror or error}") from None
    wanted = {instrument_of(market) for market in markets}
    by_length: dict[int, dict[InstrumentId, SeriesFile]] = {}
    for file in found.files:
        if file.series.kind is Kind.CANDLES and file.series.instrument in wanted:
            by_length.setdefault(_length(file), {})[file.series.instrument] = file
    if not by_length:
        raise BadInputError(f"{directory}: no candles of {', '.join(sorted(wanted))}")
    return max(by_length.items(), key=lambda item: (len(item[1]), -item[0]))[1]


def _length(file: SeriesFile) -> int:
    if file.series.resolution is None:
        raise ValueError(f"{file.path}: candles without a resolution")
    return file.series.resolution.length_ns


def _series_for(market: Market, files: Mapping[InstrumentId, SeriesFile]) -> SeriesFile | None:
    """Return a market's own candles, else those of its asset: of the same venue, of the same product, of any."""
    own = files.get(instrument_of(market))
    if own is not None:
        return own
    asset = market.base + market.quote
    kind = "-PERP" if market.product is TradeType.PERP else "/"
    same = [each for each in sorted(files) if each.partition(":")[2].replace("/", "").removesuffix("-PERP") == asset]
    ranked = sorted(same, key=lambda each: (not each.startswith(f"{market.venue}:"), kind not in each))
    return files[ranked[0]] if ranked else None


def _inspected(files: Iterable[SeriesFile]) -> dict[Path, Report]:
    reports = {file.path: inspect(file) for file in files}
    problems = [line for report in reports.values() for line in report.problems]
    if problems:
        raise BadInputError(*problems)
    return reports


def _first(report: Report) -> int:
    return report.first or 0


def _rates(directory: Path, markets: Sequence[Market]) -> dict[MarketKey, dict[int, Decimal]]:
    """Return the recorded funding of the perps that have some, by time."""
    files = {file.series.instrument: file for file in scan(directory).files if file.series.kind is Kind.FUNDING}
    found: dict[MarketKey, dict[int, Decimal]] = {}
    for market in markets:
        instrument = instrument_of(market)
        file = files.get(instrument)
        if file is not None and market.product is TradeType.PERP:
            _inspected([file])
            rows = FundingRows(file.path, instrument)
            found[key_of(market)] = {
                at: rate.rate
                for times, rates in rows.chunks(0, _FOREVER_NS, CHUNK_ROWS)
                for at, rate in zip(times, rates, strict=True)
            }
    return found
