"""What the core saw of the market is written down by day, in its order, and read back exactly; what is missing is said.

A slow or broken disk delays nobody and ends nothing.
"""

import os
import random
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from actors.data.market_files import MarketFile, file_of, files_in, read_blocks, read_market
from actors.data.market_record import BLOCK, MarketRecorder, RecordDoor
from actors.errors import BadInputError
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Limits
from actors.runtime.supervisor import Backoff, Group, Intensity, Root
from actors.runtime.threaded import spawn_threaded
from messages.market import Candle, Depth, FundingRate, MarketSlice, RecordSlice
from messages.units import SECOND_NS, BaseAmount, InstrumentId, Nanoseconds, Price, Rate

DAY_NS = 86_400 * SECOND_NS
TODAY = 20_000
"""2024-10-04."""
NOON = TODAY * DAY_NS + DAY_NS // 2
ETH = InstrumentId("okx:ETHUSDT-PERP")


def market(at: int, price: str = "2000.10") -> MarketSlice:
    """Return a slice with one of everything."""
    value, amount = Price(Decimal(price)), BaseAmount(Decimal("0.050"))
    quote = Candle(
        instrument=ETH,
        closed_at=Nanoseconds(at),
        open=value,
        high=value,
        low=value,
        close=value,
        volume=amount,
        is_quote=True,
    )
    return MarketSlice(
        at=Nanoseconds(at),
        candles=(quote,),
        funding=(FundingRate(instrument=ETH, rate=Rate(Decimal("-0.00000001"))),),
        depths=(Depth(instrument=ETH, at=Nanoseconds(at), bids=((value, amount),), asks=((value, amount),)),),
    )


@contextmanager
def recorder(folder: Path, lines: list[str] | None = None) -> Iterator[MarketRecorder]:
    subject = MarketRecorder(folder, said=([] if lines is None else lines).append)
    try:
        yield subject
    finally:
        subject.stopping()


def record(subject: MarketRecorder, slices: list[MarketSlice], *, first: int = 1) -> None:
    for number, each in enumerate(slices, start=first):
        subject.receive(RecordSlice(number=number, market=each))


def test_slices_are_read_back_exactly_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    slices = [market(NOON + n * SECOND_NS // 7, f"{2000 + n}.{n}0") for n in range(2 * BLOCK + 7)]
    slices[5], slices[6] = slices[6], slices[5]  # a time that goes back a little

    with recorder(tmp_path) as subject:
        record(subject, slices)

    found = list(read_market(tmp_path))
    assert found == slices
    assert [str(each.candles[0].close) for each in found] == [str(each.candles[0].close) for each in slices]


def test_a_stretch_of_time_is_read_with_both_its_ends(tmp_path: Path) -> None:
    with recorder(tmp_path) as subject:
        record(subject, [market(NOON + n * SECOND_NS) for n in range(100)])

    found = [each.at for each in read_market(tmp_path, since=NOON + 10 * SECOND_NS, until=NOON + 12 * SECOND_NS)]

    assert found == [NOON + n * SECOND_NS for n in (10, 11, 12)]


def test_the_file_is_its_owners_alone_with_what_lies_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with recorder(tmp_path) as subject:
            record(subject, [market(NOON), market(NOON + 2 * SECOND_NS)])

            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert set(modes) == {f"market-20241004.sqlite{end}" for end in ("", "-wal", "-shm")}
    assert set(modes.values()) == {0o600}


def test_it_is_written_a_second_at_a_time_and_can_be_read_meanwhile(tmp_path: Path) -> None:
    with recorder(tmp_path) as subject:
        record(subject, [market(NOON + n * SECOND_NS // 10) for n in range(35)])

        found = [len(slices) for _, slices in read_blocks(tmp_path)]

    assert found == [1, 10, 10, 10]
    assert sum(len(slices) for _, slices in read_blocks(tmp_path)) == 35


def test_each_day_has_its_file_and_a_slice_that_comes_late_lies_where_it_came(tmp_path: Path) -> None:
    midnight = (TODAY + 1) * DAY_NS
    slices = [market(midnight - 2), market(midnight - 1), market(midnight), market(midnight - 1), market(midnight + 5)]

    with recorder(tmp_path) as subject:
        record(subject, slices)

    assert [path.name for path in files_in(tmp_path).values()] == ["market-20241004.sqlite", "market-20241005.sqlite"]
    assert list(read_market(tmp_path)) == slices
    assert list(read_market(tmp_path, since=midnight - 1, until=midnight - 1)) == [slices[1], slices[3]]


def test_a_later_start_goes_on_in_the_file_of_the_day(tmp_path: Path) -> None:
    slices = [market(NOON + n) for n in range(4)]

    for part in (slices[:2], slices[2:]):
        with recorder(tmp_path) as subject:
            record(subject, part)

    assert list(read_market(tmp_path)) == slices
    assert {missing for missing, _ in read_blocks(tmp_path)} == {0}


def test_files_older_than_a_week_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for day in (TODAY - 30, TODAY - 8, TODAY - 7, TODAY - 1):
        MarketFile(file_of(tmp_path, day)).close()
    others = ["market-20240101.sqlite.bak", "market-99999999.sqlite", "journal.sqlite", "xmarket-20240101.sqlite"]
    for name in (*others, file_of(tmp_path, TODAY - 8).name + "-wal"):
        (tmp_path / name).touch()

    with recorder(tmp_path) as subject:
        record(subject, [market(NOON)])

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*others, *(file_of(tmp_path, day).name for day in (TODAY - 7, TODAY - 1, TODAY))}


def test_what_was_dropped_on_the_way_is_written_down_where_it_is_missing_and_said_once(tmp_path: Path) -> None:
    lines: list[str] = []
    with recorder(tmp_path, lines) as subject:
        record(subject, [market(NOON), market(NOON + 1)])
        record(subject, [market(NOON + 2)], first=13)
        record(subject, [market(NOON + 3)], first=20)

    assert [(missing, len(slices)) for missing, slices in read_blocks(tmp_path)] == [(0, 1), (0, 1), (10, 1), (6, 1)]
    assert lines == ["market data: 10 slices are not on record: more came than could be written"]


def test_a_disk_that_hangs_delays_nobody_and_what_does_not_fit_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, hang = threading.Event(), threading.Event()
    write = MarketFile.write

    def slow(self: MarketFile, slices: list[MarketSlice], *, missing: int) -> None:
        begun.set()
        assert hang.wait(10)
        write(self, slices, missing=missing)

    monkeypatch.setattr(MarketFile, "write", slow)
    root = Root(jitter=random.Random(0))  # noqa: S311 - spreads waits
    group = Group(root, "group", as_one=False, intensity=Intensity(), backoff=Backoff())
    lines: list[str] = []
    ref = spawn_threaded(
        "recorder",
        lambda: MarketRecorder(tmp_path, said=lines.append),
        supervisor=group,
        dead_letters=DeadLetters(),
        limits=Limits(telemetry=20),
    )
    door = RecordDoor(ref)

    door.tell(market(NOON))
    assert begun.wait(10)
    for n in range(1, 101):
        door.tell(market(NOON + n))  # returns while the disk hangs
    hang.set()
    ref.stop()

    blocks = list(read_blocks(tmp_path))
    assert sum(len(slices) for _, slices in blocks) == 21
    assert [each.at - NOON for each in read_market(tmp_path)] == list(range(21))


def test_a_file_that_can_not_be_written_is_said_and_tried_again_after_a_while(tmp_path: Path) -> None:
    lines: list[str] = []
    file_of(tmp_path, TODAY).mkdir()
    with recorder(tmp_path, lines) as subject:
        for n in range(5):
            subject.receive(RecordSlice(number=n + 1, market=market(NOON + n * 10 * SECOND_NS)))
        file_of(tmp_path, TODAY).rmdir()
        for n in range(5, 9):
            subject.receive(RecordSlice(number=n + 1, market=market(NOON + n * 10 * SECOND_NS)))

    assert len(lines) == 1
    assert "1 slices are not on record" in lines[0]
    ((missing, first), *_) = read_blocks(tmp_path)
    assert [each.at - NOON for each in read_market(tmp_path)] == [n * 10 * SECOND_NS for n in (6, 7, 8)]
    assert (missing, len(first)) == (6, 1)


def _text(path: Path) -> None:
    path.write_text("something else")


def _journal(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entries (seq INTEGER)")
    connection.close()


@pytest.mark.parametrize("make", [_text, _journal])
def test_a_file_of_that_name_that_is_something_else_is_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    lines: list[str] = []
    path = file_of(tmp_path, TODAY)
    make(path)

    with recorder(tmp_path, lines) as subject:
        record(subject, [market(NOON)])

    assert len(lines) == 1
    with pytest.raises(BadInputError, match=path.name):
        list(read_market(tmp_path))


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    lines: list[str] = []
    target = tmp_path / "elsewhere"
    file_of(tmp_path, TODAY).symlink_to(target)

    with recorder(tmp_path, lines) as subject:
        record(subject, [market(NOON)])

    assert not target.exists()
    assert len(lines) == 1


def test_a_damaged_block_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with recorder(tmp_path) as subject:
        record(subject, [market(NOON)])
    connection = sqlite3.connect(file_of(tmp_path, TODAY))
    connection.execute("UPDATE blocks SET body = x'00'")
    connection.commit()
    connection.close()

    with pytest.raises(BadInputError, match=r"market-20241004\.sqlite"):
        list(read_market(tmp_path))
