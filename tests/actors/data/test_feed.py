"""A feed makes one slice of all data of one instant, at every instant that has any, and looks at nothing too early.

A candle is known at its close; start and end belong to the run; what is unusable is found before the first slice.
"""

import gc
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.data.feed import Feed
from actors.data.series import Resolution, candles_name
from actors.errors import BadInputError
from messages.market import MarketSlice
from messages.units import InstrumentId, Nanoseconds
from tests.actors.data.made import (
    CANDLES,
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

OKX = InstrumentId("okx:ETHUSDT-PERP")
PERP_CANDLES = CANDLES.replace("spot", "perp")


def hour(number: float) -> Nanoseconds:
    return Nanoseconds(T0 + int(number * HOUR_NS))


def feed(
    directory: Path,
    *,
    start: float = 0,
    end: float = 24,
    instruments: tuple[InstrumentId, ...] = (SPOT,),
    extra: tuple[int, ...] = (),
    chunk_rows: int = 4096,
) -> Feed:
    return Feed(
        directory,
        resolution="1h",
        instruments=instruments,
        start=hour(start),
        end=hour(end),
        extra=extra,
        chunk_rows=chunk_rows,
    )


def told(slices: Feed) -> list[tuple[float, list[str], list[str]]]:
    """Return hour, closes and rates of each slice."""
    return [
        ((one.at - T0) / HOUR_NS, [str(c.close) for c in one.candles], [str(f.rate) for f in one.funding])
        for one in slices
    ]


def test_a_candle_is_known_at_its_close_and_start_and_end_have_slices_of_their_own(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25, 12.25])

    assert told(feed(tmp_path, end=4)) == [
        (0, [], []), (1, ["10.25"], []), (2, ["11.25"], []), (3, ["12.25"], []), (4, [], [])
    ]  # fmt: skip


def test_start_and_end_are_both_included(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25, 12.25, 13.25])
    subject = feed(tmp_path, start=2, end=3)

    assert told(subject) == [(2, ["11.25"], []), (3, ["12.25"], [])]
    assert subject.market_events == 2


def test_a_run_may_be_one_instant(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25])

    assert told(feed(tmp_path, start=1, end=1)) == [(1, ["10.25"], [])]


def test_candles_funding_and_instructions_of_one_instant_are_one_slice_in_the_order_of_ids(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25])
    write_candles(tmp_path, [20.25, 21.25], name=PERP_CANDLES)
    write_candles(tmp_path, [30.25, 31.25], name="candles/okx-ETHUSDT-perp-1h.parquet")
    write_funding(tmp_path, [0.0001], at=[1])
    write_funding(tmp_path, [0.0003], at=[1], name="funding/okx-ETHUSDT-perp.parquet")
    subject = feed(tmp_path, end=1, instruments=(OKX, PERP, SPOT), extra=(hour(1),))

    (_, one) = subject

    assert [candle.instrument for candle in one.candles] == [SPOT, PERP, OKX]
    assert [(funding.instrument, funding.rate) for funding in one.funding] == [
        (PERP, Decimal("0.0001")), (OKX, Decimal("0.0003"))
    ]  # fmt: skip
    assert subject.market_events == 5


def test_due_instructions_make_slices_also_in_a_gap_and_those_outside_the_run_do_not(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25], at=[0, 9])

    found = told(feed(tmp_path, end=10, extra=(hour(-1), hour(0.5), hour(0.5), hour(5), hour(11))))

    assert [at for at, _, _ in found] == [0, 0.5, 1, 5, 10]


def test_the_last_closes_before_the_start_are_read_back_with_their_own_times_and_not_counted(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25, 12.25], at=[0, 1, 20])
    write_candles(tmp_path, [20.25, 21.25], at=[8, 9], name=PERP_CANDLES)
    subject = feed(tmp_path, start=10, end=10, instruments=(SPOT, PERP))

    back = subject.before_start()

    assert back is not None
    assert (back.at, subject.market_events) == (hour(10), 0)
    assert [(candle.closed_at, str(candle.close)) for candle in back.candles] == [
        (hour(2), "11.25"), (hour(9), "20.25")
    ]  # fmt: skip


def test_without_a_close_before_the_start_nothing_is_read_back(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25])

    assert feed(tmp_path, start=1).before_start() is None


@pytest.mark.parametrize("rows", [4095, 4096, 4097, 8192])
def test_the_read_back_finds_the_last_row_at_the_border_of_a_chunk(rows: int, tmp_path: Path) -> None:
    write_candles(tmp_path, [1000 + number / 4 for number in range(9000)])

    back = feed(tmp_path, start=rows + 1, end=rows + 2).before_start()

    assert back is not None
    assert back.candles[0].closed_at == hour(rows)
    assert back.candles[0].close == Decimal(1000) + Decimal(rows - 1) / 4


def test_the_latest_candles_are_those_delivered_so_far_over_what_was_read_back(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25, 12.25, 13.25])
    write_candles(tmp_path, [20.25], name=PERP_CANDLES)
    subject = feed(tmp_path, start=2, end=4, instruments=(SPOT, PERP), chunk_rows=2)
    assert [str(candle.close) for candle in subject.latest().candles] == ["10.25", "20.25"]

    found = [(one.at, subject.latest()) for one in subject]

    assert [(at, latest.at) for at, latest in found] == [(hour(at), hour(at)) for at in (2, 3, 4)]
    assert [[str(candle.close) for candle in latest.candles] for _, latest in found] == [
        ["11.25", "20.25"], ["12.25", "20.25"], ["13.25", "20.25"]
    ]  # fmt: skip


def test_the_latest_candles_reach_back_over_many_chunks(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25 + number for number in range(9)])
    write_candles(tmp_path, [20.25], name=PERP_CANDLES, at=[2])
    subject = feed(tmp_path, instruments=(SPOT, PERP), chunk_rows=2)

    assert len(list(subject)) == 11
    assert [str(candle.close) for candle in subject.latest().candles] == ["18.25", "20.25"]


def test_a_candle_that_does_not_open_at_the_close_before_keeps_its_own_open(tmp_path: Path) -> None:
    columns = candle_columns([10.25, 11.25, 12.25]) | {"open": [10.25, 11.0, 11.25]}
    write(tmp_path, CANDLES, hours(0, 1, 2), columns)

    opens = [str(candle.open) for one in feed(tmp_path) for candle in one.candles]

    assert opens == ["10.25", "11.00", "11.25"]


def test_iterating_again_begins_anew(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25, 12.25])
    subject = feed(tmp_path)
    next(iter(subject))

    assert list(subject) == list(subject)
    assert subject.market_events == 3


def test_the_first_close_says_from_when_an_instrument_has_a_price(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25, 11.25], at=[5, 6])
    subject = feed(tmp_path)

    assert (subject.first_close(SPOT), subject.first_close(PERP)) == (hour(6), None)


def test_csv_and_parquet_of_the_same_numbers_make_the_same_slices(tmp_path: Path) -> None:
    prices = [2300.25 + number / 100 for number in range(300)]
    for folder, suffix in (("one", "parquet"), ("two", "csv")):
        write_candles(tmp_path / folder, prices, name=CANDLES.replace("parquet", suffix))

    assert list(feed(tmp_path / "one")) == list(feed(tmp_path / "two"))


def test_every_file_in_use_is_named_for_the_manifest(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25], name=PERP_CANDLES)
    write_candles(tmp_path, [10.25])
    write_candles(tmp_path, [10.25], name="candles/okx-ETHUSDT-perp-1h.parquet")
    write_funding(tmp_path, [0.0001])

    files = feed(tmp_path, instruments=(SPOT, PERP, SPOT)).files

    assert [file.name for file in files] == [
        "bybit-ETHUSDT-perp-1h.parquet", "bybit-ETHUSDT-perp.parquet", "bybit-ETHUSDT-spot-1h.parquet"
    ]  # fmt: skip
    assert all((file.rows, file.first, len(file.sha256)) == (1, T0, 64) for file in files)


def test_everything_unusable_is_said_at_once(tmp_path: Path) -> None:
    bad = write_candles(tmp_path, [10.0, -1.0])
    rates = write_funding(tmp_path, [0.0001, 2.0])
    write_candles(tmp_path, [10.0], name=PERP_CANDLES)
    twin = write_candles(tmp_path, [10.0], name=PERP_CANDLES.replace("parquet", "csv"))

    with pytest.raises(BadInputError) as caught:
        feed(tmp_path, instruments=(SPOT, PERP, OKX, InstrumentId("nonsense")))

    missing = f"{tmp_path}/candles/okx-ETHUSDT-perp-1h.parquet: no such file"
    for said in (str(bad), str(rates), str(twin), missing, "nonsense"):
        assert [said in problem for problem in caught.value.problems].count(True) >= 1, said


def test_what_nobody_wants_may_be_broken(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25])
    write_candles(tmp_path, [-1.0], name="candles/okx-ETHUSDT-perp-1h.parquet")

    assert feed(tmp_path).market_events == 0


@pytest.mark.parametrize(
    ("resolution", "end", "said"),
    [("1x", 1, "unknown resolution"), ("1h", -1, "expected start before end"), ("1h", 1, "expected a data folder")],
)
def test_a_run_that_makes_no_sense_is_refused(resolution: str, end: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=said):
        Feed(tmp_path / "none", resolution=resolution, instruments=[SPOT], start=hour(0), end=hour(end))


def test_a_perp_without_funding_and_a_series_that_ends_before_the_run_are_worth_a_word(tmp_path: Path) -> None:
    write_candles(tmp_path, [10.25])
    write_candles(tmp_path, [10.25], name=PERP_CANDLES, at=[100])

    found = feed(tmp_path, start=50, end=150, instruments=(SPOT, PERP)).warnings

    assert [line.partition(": ")[0] for line in found] == [str(tmp_path / CANDLES), str(PERP)]
    assert "bybit:ETH/USDT has no price to trade at" in found[0]
    assert "no funding is paid" in found[1]


ROWS = st.lists(st.integers(0, 40), unique=True, max_size=30).map(sorted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    candles=st.lists(ROWS.filter(bool), min_size=1, max_size=3),
    paid=st.lists(ROWS.filter(bool), max_size=2),
    extra=st.lists(st.integers(-4, 90).map(lambda half: half / 2), max_size=8),
    span=st.tuples(st.integers(0, 42), st.integers(0, 42)).map(sorted),
    chunk_rows=st.integers(1, 7),
)
def test_any_series_are_merged_as_a_naive_merge_does(
    candles: list[list[int]],
    paid: list[list[int]],
    extra: list[float],
    span: list[int],
    chunk_rows: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("data")
    names = [PERP, OKX, SPOT][: len(candles)]
    for name, opens in zip(names, candles, strict=True):
        write_candles(directory, [1.5 + at for at in opens], at=opens, name=f"candles/{_stem(name)}.parquet")
    for name, times in zip([PERP, OKX], paid, strict=False):
        write_funding(directory, [at / 1e4 for at in times], at=times, name=f"funding/{_stem(name)[:-3]}.parquet")
    start, end = span
    subject = feed(
        directory,
        start=start,
        end=end,
        instruments=tuple(names),
        extra=tuple(hour(at) for at in extra),
        chunk_rows=chunk_rows,
    )

    found = [
        (one.at, [(c.instrument, c.close) for c in one.candles], [(f.instrument, f.rate) for f in one.funding])
        for one in subject
    ]

    closes = {
        (hour(at + 1), name): Decimal(repr(1.5 + at)) for name, row in zip(names, candles, strict=True) for at in row
    }
    rates = {
        (hour(at), name): Decimal(repr(at / 1e4))
        for name, times in zip([PERP, OKX], paid, strict=False)
        for at in times
        if name in names
    }
    instants = {hour(start), hour(end), *(hour(at) for at in extra), *(at for at, _ in (*closes, *rates))}
    expected = [
        (at, [(name, closes[at, name]) for name in sorted(names) if (at, name) in closes],
         [(name, rates[at, name]) for name in sorted(names) if (at, name) in rates])
        for at in sorted(instants) if hour(start) <= at <= hour(end)
    ]  # fmt: skip
    assert found == expected
    assert subject.market_events == sum(len(closed) + len(rated) for _, closed, rated in expected)


def test_a_file_of_ten_times_the_rows_needs_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for name, rows in (("short", 20_000), ("long", 200_000)):
        prices = [1000 + number % 977 / 100 for number in range(rows)]
        path = write(tmp_path / name, "candles/bybit-ETHUSDT-spot-1m.parquet", _minutes(rows), candle_columns(prices))
        # one row group of many pages: a page is the least that can be read, and by default as large as the short file
        pages = {"use_dictionary": False, "compression": "none", "data_page_size": 65536, "write_batch_size": 512}
        pq.write_table(pq.read_table(path), path, **pages)
        peaks.append(_peak(tmp_path / name, rows))

    (short_blocks, short_bytes), (long_blocks, long_bytes) = peaks
    assert long_blocks < 1.1 * short_blocks
    assert long_bytes < 1.5 * short_bytes  # Arrow's read buffers are of a few sizes


def _minutes(rows: int) -> list[int]:
    return [hours(0)[0] + number * 60_000 for number in range(rows)]


def _peak(directory: Path, rows: int) -> tuple[int, int]:
    """Return how many memory blocks of Python and bytes of Arrow a feed held at most while it was read."""
    end = Nanoseconds(T0 + rows * HOUR_NS // 60)
    gc.collect()
    before, peak = (sys.getallocatedblocks(), pa.total_allocated_bytes()), (0, 0)
    subject = Feed(directory, resolution="1m", instruments=[SPOT], start=Nanoseconds(T0), end=end)
    for number, _ in enumerate(subject):
        if number % 512 == 0:
            held = sys.getallocatedblocks() - before[0], pa.total_allocated_bytes() - before[1]
            peak = max(peak[0], held[0]), max(peak[1], held[1])
    return peak


def test_one_row_group_or_many_make_the_same_slices(tmp_path: Path) -> None:
    path = write_candles(tmp_path, [1000 + number / 4 for number in range(5000)])
    one: list[MarketSlice] = list(feed(tmp_path, end=5000))
    pq.write_table(pq.read_table(path), path, row_group_size=700)

    assert list(feed(tmp_path, end=5000)) == one


def _stem(instrument: InstrumentId) -> str:
    return candles_name(instrument, Resolution.H1)
