"""What the loader says of the recorded prices is what is known of them, and what it delivers is what stands there."""

from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from actors.data.feed import Feed
from actors.data.files import Gaps, Report, inspect, scan
from messages.units import InstrumentId, Nanoseconds
from tests.actors.data.made import HOUR_NS, PERP, SPOT, T0, recorded_prices

DAY_NS = 24 * HOUR_NS


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return {f"{file.path.parent.name}/{file.path.stem}": inspect(file) for file in scan(recorded_prices()).files}


def test_all_series_of_all_six_kinds_are_understood_and_usable(reports: dict[str, Report]) -> None:
    assert {name.partition("/")[0] for name in reports} == {"candles", "funding", "aave", "oracle", "staking", "gas"}
    assert len(reports) == len(list(recorded_prices().glob("*/*.parquet")))
    assert [line for report in reports.values() for line in (*report.problems, *report.warnings)] == []


def test_rows_and_spans_are_those_of_the_files(reports: dict[str, Report]) -> None:
    for report in reports.values():
        stamps = pq.read_table(report.file.path)["timestamp"].cast("int64").to_pylist()
        expected = len(stamps), stamps[0] * 1_000_000, stamps[-1] * 1_000_000
        assert (report.rows, report.first, report.last) == expected, report.name


def test_the_known_gaps_are_found(reports: dict[str, Report]) -> None:
    gaps = {name: report.gaps for name, report in reports.items() if report.gaps.count}

    assert gaps == {
        "candles/binance-ETHUSDT-perp-1h": Gaps(count=15, longest_ns=23 * HOUR_NS, missing=345),
        "candles/bybit-ETHUSDT-perp-1m": Gaps(count=1, longest_ns=440 * HOUR_NS // 60, missing=440),
        "candles/okx-ETHUSDT-perp-1h": Gaps(count=2, longest_ns=30 * DAY_NS, missing=1440),
        "funding/okx-ETHUSDT-perp": Gaps(count=14, longest_ns=31 * DAY_NS, missing=132),
    }


def test_the_slices_hold_every_number_as_it_stands_in_the_files() -> None:
    directory, okx = recorded_prices(), InstrumentId("okx:ETHUSDT-PERP")
    start, end = Nanoseconds(T0 + 240 * DAY_NS), Nanoseconds(T0 + 500 * DAY_NS)
    feed = Feed(directory, resolution="1h", instruments=[SPOT, PERP, okx], start=start, end=end)
    expected = {
        (name, at): values
        for name, file in (
            (SPOT, "bybit-ETHUSDT-spot-1h"), (PERP, "bybit-ETHUSDT-perp-1h"), (okx, "okx-ETHUSDT-perp-1h")
        )
        for at, values in _rows(directory / "candles" / f"{file}.parquet", HOUR_NS)
        if start <= at <= end
    }  # fmt: skip
    rates = {
        (name, at): values[0]
        for name, file in ((PERP, "bybit-ETHUSDT-perp"), (okx, "okx-ETHUSDT-perp"))
        for at, values in _rows(directory / "funding" / f"{file}.parquet", 0)
        if start <= at <= end
    }

    slices = list(feed)

    assert expected == {
        (c.instrument, one.at): (c.open, c.high, c.low, c.close, c.volume) for one in slices for c in one.candles
    }
    assert rates == {(f.instrument, one.at): f.rate for one in slices for f in one.funding}
    assert feed.market_events == len(expected) + len(rates)


def test_inside_a_gap_of_a_month_the_last_close_is_read_back() -> None:
    okx, start = InstrumentId("okx:ETHUSDT-PERP"), Nanoseconds(T0 + 250 * DAY_NS)  # the 7th of September 2024
    feed = Feed(recorded_prices(), resolution="1h", instruments=[okx], start=start, end=start)

    back = feed.before_start()

    assert back is not None
    assert back.candles[0].closed_at == T0 + 243 * DAY_NS + 16 * HOUR_NS  # midnight in China
    assert next(iter(feed)).candles == ()


def _rows(path: Path, delay_ns: int) -> list[tuple[int, tuple[Decimal, ...]]]:
    table = pq.read_table(path)
    stamps = table["timestamp"].cast("int64").to_pylist()
    numbers = zip(*(map(repr, table[name].to_pylist()) for name in table.column_names[1:]), strict=True)
    return [
        (stamp * 1_000_000 + delay_ns, tuple(map(Decimal, row))) for stamp, row in zip(stamps, numbers, strict=True)
    ]
