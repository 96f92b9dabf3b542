"""What hurt others who traded live does not happen here: the daemon as a process, against the local exchange.

| # | Thread | Here | On virtual time (tests/actors/exchange/live) |
|---|---|---|---|
| 1 | hummingbot_8457 | yes | test_pains.py |
| 2 | hummingbot_493, 2342, 6901 | yes | test_pains.py |
| 3 | nautilus_4152 | yes | test_pains.py |
| 4 | nautilus_4215 | | test_pains.py |
| 5 | freqtrade_4653 | yes | |
| 6 | freqtrade_3647 | yes | test_pains.py, test_live_exchange.py |
| 7 | hummingbot_8094 | yes | test_pains.py, test_live_exchange.py |
| 9 | hummingbot_api_243, hummingbot_3324 | yes | |
| 10 | nautilus_3104 | yes | |
| 11 | nautilus_3878, 3176 | yes | test_pains.py |
| 12 | nautilus_3869, 3879 | yes | test_pains.py |
| 13 | lean_tradestation_101, ib_249 | yes | test_pains.py, test_live_exchange.py |
| 14 | qubx_434 | | test_pains.py, test_live_exchange.py |
| 20 | freqtrade_12441, 7187, nautilus_780 | test_pains_of_limits.py | |
| 21 | hummingbot_1388, 1262, 7801 | test_pains_of_clocks.py | test_pains.py |
"""

import datetime as dt
import re
import sqlite3
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from messages.instructions import Code, InstructionRefused
from messages.live import DifferenceFound, OperatorNeeded, VenueHalted
from messages.orders import (
    CancelRejected,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
)
from messages.units import InstrumentId
from tests.ops.daemon.compared import Compared
from tests.ops.daemon.rehearsal import Desk, Exchange, exchange
from tests.ops.daemon.watched import Daemon, Levers, execd, limit, order, told

VENUES = ("binance", "bybit", "okx")
SYMBOLS = {"binance": "ETHUSDT", "bybit": "ETHUSDT", "okx": "ETH-USDT-SWAP"}
AGO_MS = 3_600_000
DARKNESS: tuple[Mapping[str, Any], ...] = (
    {"kind": "drop_before_accept", "endpoint": "lookup"},
    {"kind": "stale_reads", "endpoint": "trades", "ms": AGO_MS},
    {"kind": "stale_reads", "endpoint": "open_orders", "ms": AGO_MS},
    {"kind": "missing_frame", "endpoint": "stream.*"},
)
"""Orders are placed, and nothing shows them: look-ups fail, and all else says what was before."""
LOST = ({"kind": "accept_then_drop", "endpoint": "place"}, *DARKNESS)
"""The same, and no placement is answered."""


def agreed(running: Exchange, desk: Desk) -> Compared:
    """Stop the exchange, and hold its record against the journal."""
    assert running.stop() == 0
    compared = Compared(running.record, desk.journal)
    assert compared.differences() == []
    return compared


def test_the_table_above_names_every_thread_that_a_test_carries() -> None:
    folders = (Path(__file__).parent, Path(__file__).parents[2] / "actors" / "exchange" / "live")
    names = [
        name
        for folder in folders
        for file in sorted(folder.glob("test_*.py"))
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    ]

    rows = [row.split("|")[2] for row in (__doc__ or "").splitlines() if row.startswith("| ") and row[2].isdigit()]

    threads = {number for row in rows for number in re.findall(r"_?(\d+)", row)}
    assert len(rows) == 15
    assert {each for each in threads if not any(f"_{each}_" in name for name in names)} == set()


def test_hummingbot_8457_accepted_orders_survive_an_outage_that_hides_them(tmp_path: Path) -> None:
    lines = [order(f"{venue} perp", venue) for venue in VENUES]
    lines += [order(f"{venue} spot", venue, "BUY", trade_type="SPOT", pair="ETH/USDT") for venue in VENUES]
    with exchange(tmp_path, seed=1, faults=LOST) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=VENUES, lines=lines)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderUnknown, 6)
            looked = "SELECT count(*) FROM requests WHERE operation = 'lookup' AND venue = ?"
            daemon.until(lambda: all(levers.rows(looked, venue)[0][0] > 20 for venue in VENUES))
            declared_failed = told(desk, OrderRejected)
            levers.be_good()
            code = daemon.ended()

        assert (declared_failed, code) == ([], 0)
        assert {each.instruction_id for each in told(desk, OrderFilled)} == {line["id"] for line in lines}
        assert len(agreed(running, desk).placed) == len(lines)


@pytest.mark.parametrize("venue", VENUES)
def test_hummingbot_2342_493_6901_and_nautilus_4152_nothing_new_is_sent_while_an_order_may_be_live(
    venue: str, tmp_path: Path
) -> None:
    with exchange(tmp_path, seed=1, faults=LOST) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[order("a", venue)])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderUnknown)
            daemon.kill()
        desk.give([order("a", venue), order("b", venue)])
        with Daemon(desk) as daemon:
            (refused,) = daemon.until_told(InstructionRefused)
            while_unknown = told(desk, OrderRejected)
            levers.be_good()
            code = daemon.ended()

        assert (refused.instruction_id, refused.code) == ("b", Code.OUTCOME_UNKNOWN)
        assert (while_unknown, code) == ([], 0)
        assert [each.instruction_id for each in told(desk, OrderSubmitted)] == ["a"]
        assert len(agreed(running, desk).placed) == 1


def test_nautilus_4152_where_nobody_can_know_the_instrument_stays_frozen_and_a_person_is_asked(tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1, faults=LOST) as running:
        desk = Desk(
            tmp_path / "desk",
            running,
            venues=["okx"],
            lines=[order("a", "okx")],
            unknown="margin_ms = 300\nhorizon_s = 2\n",
        )
        with Daemon(desk) as daemon:
            (needed,) = daemon.until_told(OperatorNeeded)
            code = daemon.ended()
            ended = daemon.told()
        desk.give([order("a", "okx"), order("b", "okx")])
        with Daemon(desk) as daemon:
            (refused,) = daemon.until_told(InstructionRefused)

        assert (code, ended["operator_needed"]) == (78, [needed.client_order_id])
        assert not told(desk, OrderRejected)
        assert (refused.instruction_id, refused.code) == ("b", Code.OUTCOME_UNKNOWN)


def test_freqtrade_4653_what_can_not_be_journaled_is_not_sent(tmp_path: Path) -> None:
    begin = dt.datetime.now(dt.UTC)
    lines = [
        order(f"n{number}", "bybit", amount="0.01", at=(begin + dt.timedelta(seconds=number / 4)).isoformat())
        for number in range(80)
    ]
    with exchange(tmp_path, seed=1) as running:
        desk = Desk(tmp_path / "desk", running, venues=["bybit"], lines=lines)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled)
            lock = sqlite3.connect(desk.journal, isolation_level=None, timeout=30)
            lock.execute("BEGIN IMMEDIATE")
            code = daemon.ended()
            reason = daemon.told()["reason"]
            placed = {name for (name,) in Levers(running).rows("SELECT client_order_id FROM orders")}
            known = {each.client_order_id for each in told(desk, OrderSubmitted)}
            lock.execute("ROLLBACK")
            lock.close()
        again = desk.run_to_the_end(240)

        assert (code, "database is locked" in reason) == (1, True)
        assert placed <= known
        assert len(known) < len(lines)
        assert again == 0
        refused, rejected = told(desk, InstructionRefused), told(desk, OrderRejected)
        # Those that are due at once after the pause may be more than the venue takes in their time.
        assert {each.reason for each in rejected} <= {"NEVER_ARRIVED", "NOT_SENT"}
        assert len(agreed(running, desk).placed) + len(refused) + len(rejected) == len(lines)


@pytest.mark.parametrize("venue", VENUES)
def test_freqtrade_3647_and_hummingbot_8094_a_fill_that_shows_after_the_cancel_is_in_the_book(
    venue: str, tmp_path: Path
) -> None:
    faults: list[Mapping[str, Any]] = [
        {"kind": "late_fills", "endpoint": "place", "ms": 4_000},
        {"kind": "late_order", "endpoint": "place", "ms": 2_000},
        {"kind": "accept_then_drop", "endpoint": "cancel", "count": 1},
        {"kind": "missing_frame", "endpoint": "stream.order"},
    ]
    with exchange(tmp_path, seed=1, faults=faults) as running:
        lines: list[dict[str, Any]] = [limit("a", venue, "2512", amount="0.5"), {"cancel": "a"}]
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=lines)
        code = desk.run_to_the_end(240)

        filled = sum((each.amount for each in told(desk, OrderFilled)), Decimal(0))
        assert code == 0, desk.log.read_text()
        assert any((told(desk, CancelRejected), told(desk, OrderCancelled)))
        assert filled == Decimal("0.5")
        agreed(running, desk)


@pytest.mark.parametrize("venue", VENUES)
def test_hummingbot_api_243_and_hummingbot_3324_a_restart_follows_open_orders_and_stops(
    venue: str, tmp_path: Path
) -> None:
    stop = order("stop", venue, "SHORT", order_type="STOP_MARKET", trigger_price="2300", reduce_only=True)
    first, second = [order("a", venue)], [order("a", venue), stop, limit("far", venue, "2200")]
    with exchange(tmp_path, seed=1) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=first)
        assert desk.run_to_the_end(240) == 0
        desk.give(second)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderAccepted, 3)
            daemon.kill()
        levers.price(venue, SYMBOLS[venue], "2250")
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled, instruction_id="stop")
            still_open = execd(desk, "status", "--json")
            levers.price(venue, SYMBOLS[venue], "2190")
            code = daemon.ended()

        assert told(desk, OrderTriggered, instruction_id="stop")
        assert '"open": 1' in still_open.stdout
        assert code == 0
        assert len(told(desk, OrderFilled, instruction_id="far")) == 1
        assert len(agreed(running, desk).placed) == 3


def alter_position(running: Exchange, venue: str, quantity: str) -> None:
    """Have an exchange that is stopped remember another position."""
    record = sqlite3.connect(running.record, isolation_level=None)
    changed = record.execute("UPDATE positions SET quantity = ? WHERE venue = ?", (quantity, venue)).rowcount
    record.close()
    assert changed == 1


def test_nautilus_3104_a_position_that_can_not_be_explained_halts_its_venue_and_nothing_else(tmp_path: Path) -> None:
    lines = [order("a", "bybit", amount="0.75"), order("b", "okx")]
    with exchange(tmp_path, seed=1) as running:
        desk = Desk(tmp_path / "desk", running, venues=["bybit", "okx"], lines=lines, exit_when_done=False)
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled, 2)
            assert daemon.stop() == 0
        assert running.stop() == 0
    alter_position(running, "bybit", "-0.65")
    with exchange(tmp_path, seed=1, port=running.port) as running:
        with Daemon(desk) as daemon:
            (halted,) = daemon.until_told(VenueHalted, venue="bybit")
            assert daemon.stop() == 0
        lines += [order("c", "bybit"), order("d", "okx"), limit("e", "okx", "2450")]
        desk.give(lines)
        with Daemon(desk) as daemon:
            (refused,) = daemon.until_told(InstructionRefused)
            daemon.until_told(OrderFilled, instruction_id="d")
            daemon.until_told(OrderAccepted, instruction_id="e")
            resumed = execd(desk, "resume", "bybit", "--json")
            assert daemon.stop() == 0
        desk.give([*lines, order("f", "bybit")])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderFilled, instruction_id="f")

        (difference,) = told(desk, DifferenceFound, where="bybit:ETHUSDT-PERP")
        assert (difference.booked, difference.at_venue) == (Decimal("0.75"), Decimal("-0.65"))
        assert "-0.65" in halted.reason
        assert (refused.instruction_id, refused.code) == ("c", Code.HALTED)
        assert (resumed.returncode, '"halted": {}' in resumed.stdout) == (0, True)


@pytest.mark.parametrize("venue", VENUES)
def test_nautilus_3878_3176_a_restart_adds_no_fill_again_and_sends_no_order_again(venue: str, tmp_path: Path) -> None:
    with exchange(tmp_path, seed=1, faults=[{"kind": "duplicate_frame"}]) as running:
        lines = [order("a", venue), order("b", venue, "SHORT"), limit("far", venue, "2000")]
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=lines)
        for _ in range(2):
            with Daemon(desk) as daemon:
                daemon.until_told(OrderAccepted, 3)
                daemon.until_told(OrderFilled, 2)
                daemon.until_settled()
                daemon.kill()
        with Daemon(desk) as daemon:
            daemon.until_settled()
            assert daemon.stop() == 0

        assert [each.instruction_id for each in told(desk, OrderSubmitted)] == ["a", "b", "far"]
        assert len(told(desk, OrderFilled)) == len(agreed(running, desk).trades)


@pytest.mark.parametrize("venue", VENUES)
def test_nautilus_3869_a_fill_that_no_stream_ever_reports_is_found(venue: str, tmp_path: Path) -> None:
    faults = [{"kind": "missing_frame", "endpoint": "stream.*"}]
    with exchange(tmp_path, seed=1, faults=faults) as running:
        levers = Levers(running)
        desk = Desk(tmp_path / "desk", running, venues=[venue], lines=[limit("a", venue, "2300")])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderAccepted)
            levers.price(venue, SYMBOLS[venue], "2290")
            code = daemon.ended()

        assert (code, len(told(desk, OrderFilled))) == (0, 1)
        agreed(running, desk)


def test_nautilus_3879_orders_of_unknown_outcome_count_as_if_they_were_filled(tmp_path: Path) -> None:
    spot: dict[str, Any] = {"trade_type": "SPOT", "pair": "ETH/USDT", "order_type": "LIMIT"}
    first = order("a", "bybit", "BUY", "50", price="2600", **spot)
    second = order("b", "bybit", "BUY", "2", price="61000", **(spot | {"pair": "BTC/USDT"}))
    with exchange(tmp_path, seed=1, faults=LOST) as running:
        desk = Desk(tmp_path / "desk", running, venues=["bybit"], lines=[first], instruments=["ETH/USDT", "BTC/USDT"])
        with Daemon(desk) as daemon:
            daemon.until_told(OrderUnknown)
            daemon.kill()
        desk.give([first, second])
        with Daemon(desk) as daemon:
            (refused,) = daemon.until_told(InstructionRefused)

        assert (refused.instruction_id, refused.code) == ("b", Code.INSUFFICIENT_BALANCE)
        assert [each.instrument for each in told(desk, OrderSubmitted)] == [InstrumentId("bybit:ETH/USDT")]


def test_lean_tradestation_101_and_ib_249_one_fill_frame_is_missing_and_nothing_else_happens(tmp_path: Path) -> None:
    faults = [{"kind": "missing_frame", "endpoint": f"{venue}/stream.fill", "count": 1} for venue in VENUES]
    with exchange(tmp_path, seed=1, faults=faults) as running:
        lines = [order(f"{name} {venue}", venue, side) for venue in VENUES for name, side in _there_and_back()]
        desk = Desk(tmp_path / "desk", running, venues=VENUES, lines=lines)
        code = desk.run_to_the_end(240)

        assert code == 0, desk.log.read_text()
        assert not told(desk, VenueHalted)
        assert len({each.instruction_id for each in told(desk, OrderFilled)}) == len(lines)
        agreed(running, desk)


def _there_and_back() -> Iterable[tuple[str, str]]:
    return (("in", "LONG"), ("out", "SHORT"))
